//! `mainstay schedules`: what comes round by the clock, seen and steered.

use std::process::ExitCode;

use identity::Caller;
use serde_json::{Value as Json, json};

use crate::{
    args::schedules::{Schedules, SchedulesAct},
    environment::Environment,
    output::{Output, table},
    wire::Site,
};

/// The columns of the list.
const COLUMNS: &[&str] = &["name", "does", "every", "timezone", "next", "last", "went", "paused"];

pub(crate) async fn run(
    args: Schedules,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let operator = Caller::operator();
    match args.act {
        SchedulesAct::List { application } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let all = house.engine.schedules().await?;
            output.show(&Json::Array(all.clone()), || {
                table(&all.iter().map(line).collect::<Vec<_>>(), COLUMNS)
            });
            house.store.close().await;
        }
        SchedulesAct::Run(it) => {
            let house = Site::find(&it.application, &environment)?.build().await?;
            let begun = house.engine.schedule_run(&operator, &it.schedule).await?;
            let shown = json!({
                "schedule": begun.schedule, "outcome": begun.outcome, "jobs": begun.jobs,
            });
            output.show(&shown, || {
                format!("{} has begun: {} jobs are waiting", it.schedule, begun.jobs.len())
            });
            house.store.close().await;
        }
        SchedulesAct::Pause(it) => {
            let house = Site::find(&it.application, &environment)?.build().await?;
            house.engine.schedule_pause(&operator, &it.schedule).await?;
            let shown = house.engine.schedule(&it.schedule).await?;
            output.show(&shown, || format!("{} begins nothing until it is resumed", it.schedule));
            house.store.close().await;
        }
        SchedulesAct::Resume(it) => {
            let house = Site::find(&it.application, &environment)?.build().await?;
            house.engine.schedule_resume(&operator, &it.schedule).await?;
            let shown = house.engine.schedule(&it.schedule).await?;
            output.show(&shown, || {
                let next = shown["next_runs"][0]["due_at"].as_str().unwrap_or("never");
                format!("{} comes round next at {next}", it.schedule)
            });
            house.store.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A schedule as a line of a table.
fn line(it: &Json) -> Json {
    let word = |name: &str| it["does"][name].as_str().unwrap_or_default();
    let does = format!("{} {}", word("kind"), word("name"));
    let last = &it["last_run"];
    json!({
        "name": it["name"],
        "does": does.trim(),
        "every": it["every"],
        "timezone": it["timezone"],
        "next": it["next_runs"][0]["due_at"],
        "last": last["begun_at"],
        "went": last["outcome"],
        "paused": it["paused_at"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_one_line() {
        let shown = json!({
            "name": "tidy", "every": "0 3 * * *", "timezone": "UTC",
            "does": {"kind": "archive", "name": "notes"},
            "next_runs": [{"planned_at": "2026-11-22T03:00:00Z", "due_at": "2026-11-22T03:02:00Z"}],
            "last_run": null, "paused_at": null,
        });
        let line = line(&shown);
        assert_eq!(line["does"], "archive notes");
        assert_eq!(line["next"], "2026-11-22T03:02:00Z");
        assert_eq!(line["went"], Json::Null);
    }
}
