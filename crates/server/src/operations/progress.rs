//! What becomes of results over time, and records as documents that people keep.

use apps::{
    error::EngineError,
    progress::{CommentAsk, ProgressAsk, Range},
};
use base::{Permission, RecordId, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;

use super::sessions;
use crate::{
    operation::{Answer, Call, Download, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "progress.get",
            Permission::ReadRecords,
            Kind::One,
            "Progress",
            "Tells how somebody's results went: by week, month and quarter, by criterion, and what is said of them again and again.",
            get,
        ),
        Operation::new(
            "progress.comment",
            Permission::AskQuestions,
            Kind::One,
            "ProgressComment",
            "Says in words how one's own results went, where the application has a task for that.",
            comment,
        )
        .patient(),
        Operation::new(
            "reports.get",
            Permission::ReadRecords,
            Kind::File,
            "",
            "Draws the report of a record (PDF).",
            report,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    /// In this tenant.
    tenant: Option<TenantId>,
    /// Which of the application's; the only one there is when left out.
    progress: Option<String>,
    /// `me`, `all`, or the id of a user or of a session of theirs; one's own when left out.
    of: Option<String>,
    /// Of this day and those after it (UTC), like `2026-11-01`.
    from: Option<String>,
    /// Of this day and those before it (UTC), like `2026-11-30`.
    to: Option<String>,
}

async fn get(call: Call, args: Get) -> Result<Answer, Problem> {
    let Get { tenant, progress, of, from, to } = args;
    let range = Range::read(from.as_deref(), to.as_deref()).map_err(EngineError::from)?;
    let of = sessions::owner_of(&call, of).await?;
    let ask = ProgressAsk { tenant: call.tenant(tenant)?, progress, of, range };
    Ok(Answer::one(call.app.engine.progress(&call.caller, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Comment {
    /// In this tenant.
    tenant: Option<TenantId>,
    /// Which of the application's; the only one there is when left out.
    progress: Option<String>,
    /// Whose: `me`, or the id of a user or of a session of theirs; one's own when left out.
    of: Option<String>,
    /// The language that is wanted: `es`, also as `es-ES`; that of the newest result when left out.
    #[schemars(length(max = 100))]
    language: Option<String>,
}

async fn comment(call: Call, args: Comment) -> Result<Answer, Problem> {
    let Comment { tenant, progress, of, language } = args;
    let of = sessions::owner_of(&call, of).await?;
    let ask = CommentAsk { tenant: call.tenant(tenant)?, progress, of, language };
    Ok(Answer::one(Box::pin(call.app.engine.progress_comment(&call.caller, ask)).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Report {
    /// The report.
    report: String,
    /// The record that it is of.
    record: RecordId,
}

async fn report(call: Call, args: Report) -> Result<Answer, Problem> {
    let file = call.app.engine.report(&call.caller, &args.report, args.record).await?;
    Ok(Answer::file(Download {
        name: file.name,
        content_type: file.content_type,
        bytes: file.bytes,
    }))
}
