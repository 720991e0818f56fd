//! Schedules: see what comes round and what came of it, begin, pause and resume.

use base::Permission;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let (read, manage) = (Permission::ReadTelemetry, Permission::ManageSchedules);
    vec![
        Operation::new(
            "schedules.list",
            read,
            Kind::One,
            "Schedules",
            "Lists what comes round, with its next runs and its last one.",
            list,
        ),
        Operation::new(
            "schedules.get",
            read,
            Kind::One,
            "Schedule",
            "Reads a schedule, with its last runs.",
            get,
        ),
        Operation::new(
            "schedules.run",
            manage,
            Kind::Accepted,
            "ScheduleRun",
            "Begins a run now, beside those to come.",
            run,
        ),
        Operation::new(
            "schedules.pause",
            manage,
            Kind::One,
            "Schedule",
            "Lets a schedule begin nothing until it is resumed.",
            pause,
        ),
        Operation::new(
            "schedules.resume",
            manage,
            Kind::One,
            "Schedule",
            "Lets a schedule go on with the next run to come; what fell into the pause is not made up.",
            resume,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let schedules = call.app.engine.schedules().await?;
    Ok(Answer::one(json!({"schedules": schedules})))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// Its name in the application's description.
    #[schemars(length(max = 200))]
    schedule: String,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.schedule(&args.schedule).await?))
}

async fn run(call: Call, args: One) -> Result<Answer, Problem> {
    let begun = call.app.engine.schedule_run(&call.caller, &args.schedule).await?;
    Ok(Answer::one(json!({
        "schedule": begun.schedule,
        "outcome": begun.outcome,
        "jobs": begun.jobs,
    })))
}

async fn pause(call: Call, args: One) -> Result<Answer, Problem> {
    call.app.engine.schedule_pause(&call.caller, &args.schedule).await?;
    get(call, args).await
}

async fn resume(call: Call, args: One) -> Result<Answer, Problem> {
    call.app.engine.schedule_resume(&call.caller, &args.schedule).await?;
    get(call, args).await
}
