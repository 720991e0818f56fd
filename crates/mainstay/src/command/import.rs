//! `mainstay import`: a list becomes a record with a version, with a bar while it does.
//!
//! The job is done by whoever comes first: a running server, or this command itself.

use std::{fs, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use apps::ask::{ImportChange, ImportCreate, Source, Upload};
use base::JobId;
use identity::Caller;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value as Json, json};
use work::State;

use super::queue::Hands;
use crate::{
    args::Import,
    environment::Environment,
    output::Output,
    wire::{House, Site},
};

pub(crate) async fn run(
    args: Import,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = Site::find(&args.application, &environment)?.build().await?;
    let bytes =
        fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let name = args.file.file_name().and_then(|it| it.to_str()).unwrap_or("list").to_owned();
    let upload = Upload { name, bytes: bytes.into() };
    let operator = Caller::operator();
    let collection = collection(&house, args.collection.as_deref())?;
    if args.dry_run {
        let preview = house.engine.import_preview(&operator, &collection, upload).await?;
        output.show(&preview, || report(&preview["counts"], &preview["report"]));
        house.store.close().await;
        return Ok(ExitCode::SUCCESS);
    }
    let source = Source::File(upload);
    let accepted = match args.into {
        Some(record) => {
            let ask =
                ImportChange { record, collection: None, label: args.label, notes: None, source };
            house.engine.import_change(&operator, ask).await?
        }
        None => {
            let tenant = house.tenant(args.tenant.as_deref()).await?;
            let data = fields(&args.set)?;
            let ask =
                ImportCreate { tenant, collection, data, label: args.label, notes: None, source };
            house.engine.import_create(&operator, ask).await?
        }
    };
    let job: JobId = accepted["job"].as_str().unwrap_or_default().parse()?;
    let done = watch(&house, job, output).await?;
    let result = done.result.clone().unwrap_or_default();
    output.show(&json!({"job": house.engine.job_view(&done), "result": result}), || {
        match &done.error {
            Some(error) => format!("job {job} {}: {}", done.state, error.message),
            None => format!(
                "{}\nrecord  {}\nversion {}",
                report(&result["rows"], &result["report"]),
                result["record"].as_str().unwrap_or_default(),
                result["version"].as_str().unwrap_or_default()
            ),
        }
    });
    house.store.close().await;
    Ok(if done.state == State::Completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Works on the queue until the job has ended, and shows how far it is.
pub(super) async fn watch(house: &House, job: JobId, output: Output) -> anyhow::Result<work::Job> {
    let hands = Hands::start(house);
    let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new(100) };
    bar.set_style(ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}")?);
    let done = loop {
        let found = house.store.read(move |db| work::get(db, None, job)).await?;
        let found = found.context("the job is gone")?;
        bar.set_position(u64::from(found.progress));
        bar.set_message(found.message.clone().unwrap_or_default());
        if found.state.is_finished() {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    };
    bar.finish_and_clear();
    hands.stop().await;
    Ok(done)
}

fn collection(house: &House, named: Option<&str>) -> anyhow::Result<String> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let collections = &house.folder.description().collections;
    let versioned: Vec<_> =
        collections.iter().filter(|(_, it)| it.versioned.is_some()).map(|(name, _)| name).collect();
    match &versioned[..] {
        [only] => Ok((*only).clone()),
        [] => bail!("this application has no versioned collection to read a list into"),
        several => {
            let names: Vec<_> = several.iter().map(|it| it.as_str()).collect();
            bail!("which collection? name it with --collection: {}", names.join(", "))
        }
    }
}

fn fields(set: &[String]) -> anyhow::Result<Map<String, Json>> {
    let mut data = Map::new();
    for pair in set {
        let Some((name, value)) = pair.split_once('=') else {
            bail!("`{pair}` is not a field; write it as name=value");
        };
        data.insert(name.trim().to_owned(), value.into());
    }
    Ok(data)
}

fn report(counts: &Json, lines: &Json) -> String {
    let mut text = format!(
        "{} rows read, {} kept, {} skipped, {} with a warning\n",
        counts["read"], counts["kept"], counts["skipped"], counts["warned"]
    );
    for line in lines.as_array().into_iter().flatten().take(20) {
        let row = line["row"].as_u64().map_or_else(|| "file".into(), |it| format!("row {it}"));
        let column = line["column"].as_str().map_or_else(String::new, |it| format!(", {it}"));
        text.push_str(&format!(
            "  {row}{column}: {}\n",
            line["message"].as_str().unwrap_or_default()
        ));
    }
    let more = lines.as_array().map_or(0, Vec::len).saturating_sub(20);
    if more > 0 {
        text.push_str(&format!("  and {more} more; see them all with --json\n"));
    }
    text.trim_end().to_owned()
}
