//! Texts looked at by a task: one at once, many as a job.

use apps::acts::analyses::{AnalysisAsk, AnalysisOutcome};
use base::{Permission, RecordId, TenantId};
use models::Priority;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    argument,
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "analyses.run",
            Permission::AskQuestions,
            Kind::Accepted,
            "AnalysisAccepted",
            "Has a task look at a text or a record: 200 with the answer, or 202 with a job for many records.",
            run,
        )
        .patient(),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Run {
    /// On whose account.
    tenant: Option<TenantId>,
    /// The task: one that looks at texts.
    task: String,
    /// A text.
    #[schemars(length(max = 200_000))]
    text: Option<String>,
    /// Or a record.
    record: Option<RecordId>,
    /// Or many.
    records: Option<Vec<RecordId>>,
    /// What matters: `speed`, `balanced` or `accuracy`; the task's own when left out.
    priority: Option<Priority>,
    /// The language of who asks, for a text that does not tell.
    language: Option<String>,
}

async fn run(call: Call, args: Run) -> Result<Answer, Problem> {
    let tasks = &call.app.description().tasks;
    if !tasks.contains_key(&args.task) {
        let problem = Problem::new("task_not_found", format!("There is no task `{}`.", args.task));
        let texts = tasks.iter().filter(|it| it.1.text.is_some()).map(|it| it.0.as_str());
        return Err(match argument::nearest(&args.task, texts) {
            Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
            None => problem,
        });
    }
    let ask = AnalysisAsk {
        tenant: call.tenant(args.tenant)?,
        task: args.task,
        text: args.text,
        records: args.record.into_iter().chain(args.records.unwrap_or_default()).collect(),
        priority: args.priority,
        language: args.language,
    };
    Ok(match call.app.engine.analyse(&call.caller, ask).await? {
        AnalysisOutcome::Done(analysis) => Answer::one(analysis).with_status(200),
        AnalysisOutcome::Accepted(accepted) => Answer::one(accepted),
    })
}
