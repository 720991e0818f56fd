//! `mainstay archives`: old records put away, and brought back.
//!
//! A job is done by whoever comes first: a running server, or this command itself.

use std::process::ExitCode;

use apps::archive::row::{self, Filter};
use base::{JobId, PageRequest};
use identity::Caller;
use serde_json::{Value as Json, json};
use work::State;

use super::import::watch;
use crate::{
    args::archives::{Archives, ArchivesAct},
    environment::Environment,
    output::Output,
    wire::{House, Site},
};

pub(crate) async fn run(
    args: Archives,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let operator = Caller::operator();
    match args.act {
        ArchivesAct::List { application, tenant, collection, limit } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let tenant = match tenant {
                Some(named) => Some(house.tenant(Some(&named)).await?),
                None => None,
            };
            let filter = Filter { tenant, collection };
            let page = PageRequest::first(limit.clamp(1, 1_000));
            let kept = house.store.read(move |db| row::list(db, &filter, &page)).await?;
            let rows: Vec<Json> = kept.items.iter().map(row::view).collect();
            output.table(
                &rows,
                &[
                    "id",
                    "collection",
                    "record_count",
                    "brought_back",
                    "size_bytes",
                    "place",
                    "created_at",
                ],
            );
            house.store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        ArchivesAct::Run { application, collection, tenant } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let tenant = house.tenant(tenant.as_deref()).await?;
            let accepted = house.engine.archive_make(&operator, tenant, &collection).await?;
            done(house, &accepted, output).await
        }
        ArchivesAct::Restore { application, id, record } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let accepted = house.engine.archive_bring_back(&operator, id, record).await?;
            done(house, &accepted, output).await
        }
    }
}

/// Waits for the job, and tells what came of it.
async fn done(house: House, accepted: &Json, output: Output) -> anyhow::Result<ExitCode> {
    let job: JobId = accepted["job"].as_str().unwrap_or_default().parse()?;
    let done = watch(&house, job, output).await?;
    let shown = json!({
        "job": done.id, "state": done.state, "result": done.result, "error": done.error,
    });
    output.show(&shown, || match &done.error {
        Some(error) => format!("job {job} {}: {}", done.state, error.message),
        None => told(done.result.as_ref().unwrap_or(&Json::Null)),
    });
    house.store.close().await;
    Ok(if done.state == State::Completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a job over archives did, for people.
fn told(result: &Json) -> String {
    let counts = result.as_object().into_iter().flatten();
    let counts = counts.filter(|it| it.1.is_number()).map(|(name, count)| {
        let name = name.replace('_', " ");
        format!("{count} {name}")
    });
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() { "done".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_in_its_counts() {
        let result = json!({"collection": "notes", "archives": ["a"], "records": 3, "rows": 5});
        assert_eq!(told(&result), "3 records, 5 rows");
        assert_eq!(told(&Json::Null), "done");
    }
}
