//! `mainstay sources`: where records come from, run and looked at.
//!
//! A run is done by whoever comes first: a running server, or this command itself.

use std::process::ExitCode;

use apps::acts::{CacheWhich, SourceRun};
use base::{JobId, PageRequest};
use identity::Caller;
use serde_json::{Value as Json, json};
use sources::WrittenFlags;
use work::State;

use super::import::watch;
use crate::{
    args::sources::{RunSource, Sources, SourcesAct},
    environment::Environment,
    output::{Output, table},
    wire::Site,
};

/// The columns of runs.
const RUN_COLUMNS: &[&str] =
    &["id", "state", "created_at", "rows", "records", "written", "aside", "findings"];

/// How many entries of the caches are shown.
const ENTRIES: u32 = 50;

pub(crate) async fn run(
    args: Sources,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let operator = Caller::operator();
    match args.act {
        SourcesAct::List { application, tenant } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let tenant = house.tenant(tenant.as_deref()).await?;
            let all = house.engine.source_list(&operator, tenant).await?;
            output.table(
                &all,
                &["name", "title", "into", "status", "items", "gone", "aside", "good_at"],
            );
            house.store.close().await;
        }
        SourcesAct::Run(it) => return run_source(*it, &environment, output).await,
        SourcesAct::Runs { application, source, tenant, limit } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let tenant = match tenant {
                Some(named) => Some(house.tenant(Some(&named)).await?),
                None => None,
            };
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let runs = house.engine.source_runs(tenant, &source, page, false).await?.items;
            output.show(&Json::Array(runs.clone()), || {
                table(&runs.iter().map(line).collect::<Vec<_>>(), RUN_COLUMNS)
            });
            house.store.close().await;
        }
        SourcesAct::Cache { application, kind, pattern, tag, clear } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let which = CacheWhich { kind, pattern, tag };
            if clear {
                let done = house.engine.source_cache_clear(&operator, which).await?;
                output.show(&done, || format!("{} entries cleared", done["removed"]));
            } else {
                let held = house.engine.source_cache(which, ENTRIES).await?;
                output.show(&held, || told_cache(&held));
            }
            house.store.close().await;
        }
        SourcesAct::Lookups { application } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let all = house.engine.lookup_list();
            output.table(&all, &["name", "title", "of", "asked_with", "gives", "good_for_s"]);
            house.store.close().await;
        }
        SourcesAct::Lookup { application, lookup, record } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let looked = house.engine.look_up(&operator, &lookup, record).await;
            house.store.close().await;
            let looked = looked?;
            output.show(&looked, || told_lookup(&looked));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_source(
    args: RunSource,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let house = Site::find(&args.application, environment)?.build().await?;
    let tenant = house.tenant(args.tenant.as_deref()).await?;
    let operator = Caller::operator();
    let source = args.source.clone();
    let flags = WrittenFlags {
        refresh: args.refresh,
        refresh_pattern: args.refresh_pattern,
        refresh_tag: args.refresh_tag,
        debug: args.debug,
        validate: args.validate,
        whole: args.whole,
    };
    let ask = SourceRun { source: args.source, flags };
    let accepted = house.engine.source_run(&operator, tenant, ask).await?;
    let job: JobId = accepted["job"].as_str().unwrap_or_default().parse()?;
    let done = watch(&house, job, output).await?;
    let run = house.engine.source_run_get(&operator, &source, job).await?;
    output.show(&run, || told_run(&run, done.error.as_ref().map(|it| it.message.as_str())));
    house.models.close().await;
    house.store.close().await;
    Ok(if done.state == State::Completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A run as a line of a table.
fn line(run: &Json) -> Json {
    let counts = &run["counts"];
    let findings: Vec<&Json> =
        run["findings"].as_array().into_iter().flatten().map(|it| &it["code"]).collect();
    json!({
        "id": run["id"],
        "state": run["state"],
        "created_at": run["created_at"],
        "rows": counts["rows"],
        "records": counts["consolidated"],
        "written": counts["inserted"].as_u64().unwrap_or(0) + counts["updated"].as_u64().unwrap_or(0),
        "aside": counts["errors"],
        "findings": if findings.is_empty() { Json::Null } else { json!(findings) },
    })
}

/// A run for people: what it counted, and what was found about it.
fn told_run(run: &Json, error: Option<&str>) -> String {
    let counts = &run["counts"];
    let mut lines = vec![
        format!(
            "run {} {}",
            run["id"].as_str().unwrap_or_default(),
            run["state"].as_str().unwrap_or_default()
        ),
        format!("{} rows, {} records", counts["rows"], counts["consolidated"]),
        format!(
            "{} new, {} changed, {} unchanged, {} skipped, {} set aside, {} gone",
            counts["inserted"],
            counts["updated"],
            counts["unchanged"],
            counts["skipped"],
            counts["errors"],
            counts["gone"],
        ),
    ];
    lines.extend(error.map(|it| format!("error: {it}")));
    for finding in run["findings"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  {}: {}",
            finding["code"].as_str().unwrap_or_default(),
            finding["message"].as_str().unwrap_or_default()
        ));
    }
    lines.join("\n")
}

/// What was looked up, for people: who says it, and each field of it.
fn told_lookup(looked: &Json) -> String {
    let found = looked["found"].as_str().unwrap_or_default();
    let mut lines = vec![match looked["asked_at"].as_str() {
        Some(at) => format!("{found}, said at {at}"),
        None => found.to_owned(),
    }];
    for (name, value) in looked["answer"].as_object().into_iter().flatten() {
        lines.push(match value {
            Json::String(text) => format!("  {name}: {text}"),
            other => format!("  {name}: {other}"),
        });
    }
    lines.join("\n")
}

/// What the caches hold, for people.
fn told_cache(held: &Json) -> String {
    let list = |name: &str| held[name].as_array().cloned().unwrap_or_default();
    let kinds = table(
        &list("kinds"),
        &[
            "kind",
            "entries",
            "size_bytes",
            "expired",
            "oldest_at",
            "newest_at",
            "hit_rate",
            "valid_rate",
        ],
    );
    let entries = table(&list("entries"), &["kind", "name", "tags", "size_bytes", "expires_at"]);
    format!("{kinds}\n\n{entries}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_with_its_counts_and_what_was_found() {
        let run = json!({
            "id": "r1",
            "state": "failed",
            "counts": {"rows": 20, "consolidated": 17, "inserted": 0, "updated": 0, "unchanged": 0,
                       "skipped": 0, "errors": 0, "gone": 0},
            "findings": [{"code": "cut_off", "message": "The document ends in the middle."}],
        });
        assert_eq!(
            told_run(&run, Some("The source was refused.")),
            "run r1 failed\n20 rows, 17 records\n\
             0 new, 0 changed, 0 unchanged, 0 skipped, 0 set aside, 0 gone\n\
             error: The source was refused.\n  cut_off: The document ends in the middle."
        );
        assert_eq!(line(&run)["findings"], json!(["cut_off"]));
    }

    #[test]
    fn what_was_looked_up_is_told_with_who_says_it() {
        let live = json!({"found": "live", "asked_at": "2027-02-10T08:00:00Z", "answer": {"weather": "rain", "wind": 9}});
        assert_eq!(
            told_lookup(&live),
            "live, said at 2027-02-10T08:00:00Z\n  weather: rain\n  wind: 9"
        );
        assert_eq!(
            told_lookup(&json!({"found": "nothing", "answer": null, "asked_at": null})),
            "nothing"
        );
    }
}
