//! Jobs as callers see them, under the names that the application gives their kinds.

use serde_json::{Value as Json, json};
use work::Job;

use crate::description::Description;

/// The job as the server hands it out.
pub fn view(description: &Description, job: &Job) -> Json {
    json!({
        "id": job.id,
        "tenant": job.tenant,
        "subject": job.subject,
        "kind": name(description, &job.kind),
        "engine_kind": job.kind,
        "state": job.state,
        "dead": job.dead,
        "progress": job.progress,
        "message": job.message,
        "retry_count": job.retry_count,
        "result": job.result,
        "error": job.error,
        "created_by": job.created_by,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
    })
}

/// The application's name for a kind of job.
pub fn name<'a>(description: &'a Description, kind: &'a str) -> &'a str {
    let names = &description.jobs.names;
    let general = kind.split('.').next().unwrap_or(kind);
    names.get(kind).or_else(|| names.get(general)).map_or(kind, String::as_str)
}
