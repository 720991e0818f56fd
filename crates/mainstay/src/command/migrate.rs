//! `mainstay migrate`: the schema of the database, forth and back.

use std::{
    io::{BufRead, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::bail;
use base::Actor;
use serde_json::{Value as Json, json};
use store::migrate::{self, State, Status};

use crate::{
    args::{Migrate, MigrateAct},
    environment::Environment,
    output::{self, Output},
    wire::{self, Site},
};

pub(crate) async fn run(
    args: Migrate,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let all = wire::migrations();
    match args.act {
        MigrateAct::Up { application, dry_run } => {
            let site = Site::find(&application, environment)?;
            let store = site.open().await?;
            let names: Vec<String> = if dry_run {
                let status = migrate::status(&store, &all).await?;
                status
                    .into_iter()
                    .filter(|it| it.state == State::Pending)
                    .map(|it| it.name)
                    .collect()
            } else {
                let applied =
                    migrate::up_by(&store, &all, &Actor::operator(), site.clock.now()).await?;
                applied.into_iter().map(str::to_owned).collect()
            };
            let (done, nothing) = if dry_run {
                ("would apply", "nothing to apply")
            } else {
                ("applied", "nothing to apply")
            };
            output.show(&json!({"dry_run": dry_run, "migrations": names}), || {
                listed(&names, done, nothing)
            });
            store.close().await;
        }
        MigrateAct::Down { application, steps, yes } => {
            let site = Site::find(&application, environment)?;
            let store = site.open().await?;
            if !yes {
                confirm(&format!(
                    "Undo the last {steps} migrations of {}? What they made room for is lost.",
                    site.address
                ))?;
            }
            let undone = migrate::down(&store, &all, steps).await?;
            let names: Vec<String> = undone.into_iter().map(str::to_owned).collect();
            output
                .show(&json!({"migrations": names}), || listed(&names, "undid", "nothing to undo"));
            store.close().await;
        }
        MigrateAct::Status { application } => {
            let site = Site::find(&application, environment)?;
            let store = site.open().await?;
            let status = migrate::status(&store, &all).await?;
            let rows: Vec<Json> = status.iter().map(row).collect();
            output.table(&rows, &["state", "name", "applied_at", "by"]);
            store.close().await;
            let fits = status.iter().all(|it| matches!(it.state, State::Applied { .. }));
            return Ok(if fits { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(status: &Status) -> Json {
    match &status.state {
        State::Applied { at, by } => {
            json!({"name": status.name, "state": "applied", "applied_at": at, "by": by})
        }
        State::Pending => json!({"name": status.name, "state": "pending"}),
        State::Changed => json!({"name": status.name, "state": "changed"}),
        State::Unknown => json!({"name": status.name, "state": "unknown"}),
    }
}

fn listed(names: &[String], done: &str, nothing: &str) -> String {
    if names.is_empty() {
        nothing.to_owned()
    } else {
        names.iter().map(|it| format!("{done} {it}\n")).collect()
    }
}

/// Asks, and goes on only at a yes.
fn confirm(question: &str) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("{question} Say --yes to go on.");
    }
    output::note(&format!("{question} [y/N] "));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "yes") { Ok(()) } else { bail!("nothing was changed") }
}
