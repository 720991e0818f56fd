//! `mainstay jobs`: what is done later, and how it goes.

use std::process::ExitCode;

use anyhow::Context;
use base::{Actor, PageRequest};
use serde_json::{Value as Json, json};
use work::{Filter, Job};

use crate::{
    args::{Jobs, JobsAct},
    environment::Environment,
    output::Output,
    wire::Site,
};

pub(crate) async fn run(
    args: Jobs,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let actor = Actor::operator();
    match args.act {
        JobsAct::List { application, state, limit } => {
            let store = Site::find(&application, environment)?.open_checked().await?;
            let filter = Filter { state, ..Filter::default() };
            let page = store
                .read(move |db| work::list(db, &filter, &PageRequest::first(limit.clamp(1, 1_000))))
                .await?;
            let rows: Vec<Json> = page.items.iter().map(row).collect();
            output.table(&rows, &["id", "kind", "state", "progress", "message", "created_at"]);
            store.close().await;
        }
        JobsAct::Show { application, id } => {
            let store = Site::find(&application, environment)?.open_checked().await?;
            let found = store.read(move |db| work::get(db, None, id)).await?;
            let found = found.with_context(|| format!("job {id} does not exist"))?;
            let shown = row(&found);
            output.show(&shown, || serde_json::to_string_pretty(&shown).unwrap_or_default());
            store.close().await;
        }
        JobsAct::Cancel { application, id } => {
            let site = Site::find(&application, environment)?;
            let (store, now) = (site.open_checked().await?, site.clock.now());
            let job = store.write(&actor, now, move |tx| work::cancel(tx, None, id, now)).await?;
            output.show(&row(&job), || {
                format!(
                    "job {id} is {}",
                    if job.state.is_finished() { "cancelled" } else { "asked to stop" }
                )
            });
            store.close().await;
        }
        JobsAct::Retry { application, id } => {
            let site = Site::find(&application, environment)?;
            let (store, now) = (site.open_checked().await?, site.clock.now());
            let job = store.write(&actor, now, move |tx| work::retry(tx, None, id, now)).await?;
            output.show(&row(&job), || format!("job {id} is {} again", job.state));
            store.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(job: &Job) -> Json {
    json!({
        "id": job.id, "tenant": job.tenant, "kind": job.kind, "state": job.state, "dead": job.dead,
        "progress": job.progress, "message": job.message, "attempts": job.attempts, "retry_count": job.retry_count,
        "error": job.error, "result": job.result, "created_by": job.created_by, "created_at": job.created_at,
        "started_at": job.started_at, "completed_at": job.completed_at,
    })
}
