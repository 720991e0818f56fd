//! Results: what a task made of a text that somebody handed in.
//!
//! A text is a record, and what came of it is a record within that one, so that it goes when its text
//! goes. Both are written down with the job that makes the result, before anybody is asked: whoever waits
//! for it may leave, and nothing is lost. Where a result stands is read from its record and its job
//! ([`standing`]); nothing has to be kept in step. Who may see one is decided in [`crate::acts`].
//!
//! Start at [`standing`] and [`view`]; [`row`] keeps them, [`raw`] is debug mode.

pub(crate) mod raw;
pub(crate) mod row;

use serde_json::{Map, Value as Json, json};
use work::{Job, JobError, State};

use crate::{
    field::{self, Data},
    folder::TaskKit,
    record::Record,
};

/// The fields of a result beside those of the answer.
pub(crate) const FIELDS: [&str; 13] = [
    "status",
    "progress",
    "language_detection",
    "provider",
    "model",
    "prompt_version",
    "tokens_in",
    "tokens_out",
    "cost_usd",
    "processing_time_s",
    "debug_enabled",
    "error",
    "completed_at",
];

/// What a result is shown with, so that no answer may have fields of these names.
pub(crate) const SHOWN: [&str; 8] =
    ["id", "task", "submission", "text", "version", "created_by", "created_at", "message"];

/// Where a result stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Its turn has not come.
    Queued,
    /// Somebody is at it.
    Processing,
    /// It is there.
    Completed,
    /// It will not come.
    Failed,
}

impl Status {
    /// The name in records and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Does nothing more come?
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// Where a result stands, and what it says on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Where.
    pub status: Status,
    /// In percent.
    pub progress: u8,
    /// What is being done, in words.
    pub message: Option<String>,
    /// Why it will not come: `{code, message}`.
    pub error: Option<Json>,
}

/// The job that makes a result, as far as it matters.
#[derive(Debug, Clone, Copy)]
pub struct Making<'a> {
    /// Where it stands.
    pub state: State,
    /// In percent.
    pub progress: u8,
    /// What it is doing, in words.
    pub message: Option<&'a str>,
    /// What went wrong last.
    pub error: Option<&'a JobError>,
}

impl<'a> From<&'a Job> for Making<'a> {
    fn from(job: &'a Job) -> Self {
        Self {
            state: job.state,
            progress: job.progress,
            message: job.message.as_deref(),
            error: job.error.as_ref(),
        }
    }
}

/// Where a result stands, by its record and the newest job that makes it.
pub fn standing(data: &Data, job: Option<Making<'_>>) -> Standing {
    let kept = data.get("status").and_then(Json::as_str).unwrap_or_default();
    if kept == Status::Completed.name() {
        return Standing { status: Status::Completed, progress: 100, message: None, error: None };
    }
    let failed = |error: Option<Json>| Standing {
        status: Status::Failed,
        progress: 100,
        message: None,
        error,
    };
    let why = |code: &str, message: &str| failed(Some(json!({"code": code, "message": message})));
    match job {
        // Also one that failed before and was begun anew.
        Some(job) if !job.state.is_finished() => Standing {
            status: if job.state == State::Pending { Status::Queued } else { Status::Processing },
            progress: job.progress.min(99),
            message: job.message.map(str::to_owned),
            error: None,
        },
        _ if kept == Status::Failed.name() => failed(data.get("error").cloned()),
        Some(job) if job.state == State::Cancelled => why("job_cancelled", "somebody cancelled it"),
        Some(Making { error: Some(error), .. }) => why(&error.code, &error.message),
        Some(_) => why("job_failed", "it ended without a word"),
        None => why("interrupted", "it ended without a word; hand the text in again"),
    }
}

/// What is told of a result on its way.
pub fn told(result: &Record, standing: &Standing, typical_s: u64) -> Json {
    let wait = jiff::SignedDuration::from_secs(i64::try_from(typical_s).unwrap_or(i64::MAX / 2));
    let estimated = (!standing.status.is_final()).then(|| result.created_at + wait);
    json!({
        "id": result.id,
        "status": standing.status.name(),
        "progress": standing.progress,
        "message": standing.message,
        "error": standing.error,
        "estimated_completion": estimated,
        "created_at": result.created_at,
        "completed_at": result.data.get("completed_at").cloned().unwrap_or_default(),
    })
}

/// The whole of a result, with its text.
pub fn view(kit: &TaskKit, result: &Record, text: Option<&Record>, standing: &Standing) -> Json {
    let of_text = |path: Option<&String>| -> Json {
        let found = path.and_then(|it| field::get(&text?.data, it));
        found.cloned().unwrap_or_default()
    };
    let version = kit.description.result.as_ref().and_then(|it| it.version.as_ref());
    let mut shown: Map<String, Json> = result.data.clone();
    for (name, value) in [
        ("id", json!(result.id)),
        ("task", json!(kit.name)),
        ("submission", json!(result.parent)),
        ("text", of_text(kit.description.text.as_ref())),
        ("version", of_text(version)),
        ("status", json!(standing.status.name())),
        ("progress", json!(standing.progress)),
        ("message", json!(standing.message)),
        ("error", json!(standing.error)),
        ("created_by", json!(result.created_by)),
        ("created_at", json!(result.created_at)),
    ] {
        shown.insert(name.to_owned(), value);
    }
    shown.entry("completed_at").or_insert(Json::Null);
    Json::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kept: &str, job: Option<(State, u8)>, expected: Status, code: Option<&str>) {
        let mut data = Data::new();
        data.insert("status".into(), kept.into());
        let broken = JobError { code: "model_timeout".into(), message: "late".into() };
        let job = job.map(|(state, progress)| {
            let error = (state == State::Failed).then_some(&broken);
            Making { state, progress, message: None, error }
        });
        let found = standing(&data, job);
        let error = found.error.as_ref().and_then(|it| it["code"].as_str());
        assert_eq!((found.status, error), (expected, code));
        assert_eq!(found.progress == 100, found.status.is_final());
    }

    #[test]
    fn a_result_stands_where_its_job_stands_until_it_is_kept() {
        check("queued", Some((State::Pending, 0)), Status::Queued, None);
        check("queued", Some((State::Running, 25)), Status::Processing, None);
        check("queued", Some((State::Running, 100)), Status::Processing, None);
        check("completed", Some((State::Running, 95)), Status::Completed, None);
        check("completed", None, Status::Completed, None);
    }

    #[test]
    fn one_whose_job_is_over_or_gone_does_not_wait_for_ever() {
        check("queued", Some((State::Failed, 25)), Status::Failed, Some("model_timeout"));
        check("queued", Some((State::Cancelled, 0)), Status::Failed, Some("job_cancelled"));
        check("queued", Some((State::Completed, 100)), Status::Failed, Some("job_failed"));
        check("queued", None, Status::Failed, Some("interrupted"));
        check("failed", None, Status::Failed, None);
    }

    #[test]
    fn one_that_failed_and_is_begun_anew_is_on_its_way_again() {
        check("failed", Some((State::Pending, 0)), Status::Queued, None);
    }
}
