//! Tasks: what an application asks a model, or its rules.

use apps::ask::{TaskOutcome, TaskRun};
use base::{Permission, RecordId, VersionId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::{
    argument,
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "tasks.run",
        Permission::RunTasks,
        Kind::Accepted,
        "Accepted",
        "Runs a task: 202 with a job, or 200 with the answer when the task answers at once.",
        run,
    )]
}

#[derive(Deserialize, JsonSchema)]
struct Run {
    /// The task.
    task: String,
    /// The record it is about: its active version.
    record: Option<RecordId>,
    /// Or a version.
    version: Option<VersionId>,
    /// What the task's input schema asks for.
    #[serde(default)]
    input: Option<Map<String, Json>>,
    /// What the version it makes is called.
    #[schemars(length(max = 255))]
    label: Option<String>,
    /// Words about that version.
    #[schemars(length(max = 2000))]
    notes: Option<String>,
}

async fn run(call: Call, args: Run) -> Result<Answer, Problem> {
    let tasks = &call.app.description().tasks;
    if !tasks.contains_key(&args.task) {
        let problem = Problem::new("task_not_found", format!("There is no task `{}`.", args.task));
        let meant = argument::nearest(&args.task, tasks.keys().map(String::as_str));
        return Err(match meant {
            Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
            None => problem,
        });
    }
    let ask = TaskRun {
        task: args.task,
        record: args.record,
        version: args.version,
        input: Json::Object(args.input.unwrap_or_default()),
        label: args.label,
        notes: args.notes,
    };
    Ok(match call.app.engine.task_run(&call.caller, ask).await? {
        TaskOutcome::Accepted(accepted) => Answer::one(accepted),
        TaskOutcome::Answer(answer) => Answer::one(answer).with_status(200),
    })
}
