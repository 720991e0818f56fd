//! What a caller is told when something did not work: one shape, stable codes, and the way out.
//!
//! A [`Problem`] knows nothing of paths or envelopes. It is written as `application/problem+json`
//! (RFC 9457), or by [`crate::style`] in the words of an application's own catalogue. The table
//! of codes below is the only place that knows status codes; [`rooms`] turns each room's errors
//! into codes.

pub mod rooms;

use std::{fmt, time::Duration};

use serde::Serialize;
use serde_json::Value as Json;

/// Something did not work.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: &'static str,
    about: Option<String>,
    detail: String,
    hint: Option<String>,
    faults: Vec<Fault>,
    retry_after: Option<Duration>,
    headers: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// One fault of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// JSON pointer to the field, as the caller named it: `/items/3/code`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One line of the table of codes.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A short title that never changes.
    pub title: &'static str,
}

const fn known(code: &'static str, status: u16, title: &'static str) -> Known {
    Known { code, status, title }
}

/// Every code that any answer may carry.
pub const CODES: &[Known] = &[
    known("key_missing", 401, "Not signed in"),
    known("key_invalid", 401, "The key is not valid"),
    known("key_expired", 401, "The key has expired"),
    known("key_revoked", 401, "The key was revoked"),
    known("token_invalid", 401, "The token is not valid"),
    known("token_expired", 401, "The token has expired"),
    known("session_ended", 401, "The session has ended"),
    known("wrong_credentials", 401, "E-mail or password is wrong"),
    known("forbidden", 403, "Not allowed"),
    known("tenant_forbidden", 403, "Not within your reach"),
    known("csrf", 403, "Not sent by a page of this server"),
    known("permission_missing", 403, "Permission missing"),
    known("record_locked", 409, "The record is locked"),
    known("invalid_input", 422, "The input is not valid"),
    known("invalid_id", 422, "The id is not valid"),
    known("invalid_cursor", 400, "The cursor is not valid"),
    known("invalid_file_type", 400, "The file is of another type"),
    known("file_too_large", 413, "The file is too large"),
    known("body_too_large", 413, "The body is too large"),
    known("too_many_rows", 422, "The file has too many rows"),
    known("invalid_file", 422, "The file cannot be read"),
    known("invalid_json", 400, "The body is not JSON"),
    known("unsupported_media_type", 415, "The body is of another type"),
    known("not_unique", 409, "It exists already"),
    known("conflict", 409, "It is in the way of something else"),
    known("not_found", 404, "Not found"),
    known("method_not_allowed", 405, "Not possible here"),
    known("record_not_found", 404, "The record does not exist"),
    known("tenant_not_found", 404, "The tenant does not exist"),
    known("user_not_found", 404, "The user does not exist"),
    known("session_not_found", 404, "The session does not exist"),
    known("key_not_found", 404, "The key does not exist"),
    known("collection_not_found", 404, "The collection does not exist"),
    known("task_not_found", 404, "The task does not exist"),
    known("webhook_not_found", 404, "The webhook does not exist"),
    known("delivery_not_found", 404, "The delivery does not exist"),
    known("budget_not_found", 404, "The budget does not exist"),
    known("version_not_found", 404, "The version does not exist"),
    known("job_not_found", 404, "The job does not exist"),
    known("schedule_not_found", 404, "The schedule does not exist"),
    known("archive_not_found", 404, "The archive does not exist"),
    known("archive_damaged", 500, "The archive is damaged"),
    known("configuration_not_found", 404, "The configuration document does not exist"),
    known("proposal_not_found", 404, "The proposal does not exist"),
    known("no_active_version", 404, "No version is active"),
    known("deleted", 410, "It was deleted"),
    known("route_gone", 410, "This way is gone"),
    known("stale", 412, "It was changed meanwhile"),
    known("precondition_required", 428, "Say which state you change"),
    known("database_error", 500, "The database failed"),
    known("database_unavailable", 503, "The database is away"),
    known("storage_full", 507, "The disk takes nothing more"),
    known("model_error", 502, "The model failed"),
    known("model_unavailable", 503, "No model answers"),
    known("model_timeout", 504, "The model took too long"),
    known("embedding_failed", 502, "Embeddings could not be made"),
    known("rate_limited", 429, "Too many requests"),
    known("model_rate_limited", 429, "Too many requests to models"),
    known("quota_exceeded", 402, "The quota is used up"),
    known("too_many_at_once", 429, "Too many requests at once"),
    known("job_failed", 500, "The job failed"),
    known("job_timeout", 504, "The job took too long"),
    known("job_busy", 409, "A job is running already"),
    known("job_cancelled", 409, "The job was cancelled"),
    known("job_state", 409, "The job is in another state"),
    known("not_ready", 425, "It is still being made"),
    known("deadline_passed", 503, "It takes longer than you wait; it is still being made"),
    known("version_active", 409, "The version is active"),
    known("version_state", 409, "The version is not ready"),
    known("same_version", 400, "It is the same version"),
    known("version_conflict", 409, "The version number is taken"),
    known("proposal_decided", 409, "The proposal is decided already"),
    known("document_not_found", 404, "The document does not exist"),
    known("document_state", 409, "The document is in another state"),
    known("uploads_disabled", 503, "Documents are not taken in"),
    known("web_disabled", 503, "Pages are not fetched"),
    known("page_refused", 422, "The page may not be fetched"),
    known("page_unreachable", 502, "The page cannot be fetched"),
    known("external_service", 502, "Somebody outside did not answer"),
    known("page_too_large", 413, "The page is too large"),
    known("assistant_not_found", 404, "The assistant does not exist"),
    known("chat_not_found", 404, "The chat does not exist"),
    known("run_not_found", 404, "The answer does not exist"),
    known("questions_not_found", 404, "There are no such questions"),
    known("conversation_not_found", 404, "The conversation does not exist"),
    known("question_not_found", 404, "The question does not exist"),
    known("source_not_found", 404, "The source does not exist"),
    known("interrupted", 503, "The answer was interrupted"),
    known("cancelled", 409, "The answer was stopped"),
    known("sign_up_disabled", 404, "Nobody can sign up here"),
    known("upgrade_required", 426, "A WebSocket is needed"),
    known("nothing_to_do", 400, "There is nothing to do"),
    known("invalid_document", 422, "The document is not valid"),
    known("idempotency_conflict", 422, "The idempotency key was used for another request"),
    known("idempotency_busy", 409, "The same request is being answered"),
    known("internal", 500, "The server failed"),
    known("unavailable", 503, "The service is not available"),
    known("maintenance", 503, "The service is being maintained"),
    known("timeout", 503, "It took too long"),
    known("misconfigured", 500, "The configuration is wrong"),
    known("dependency_failed", 500, "Something this service needs failed"),
];

const INTERNAL: Known = known("internal", 500, "The server failed");

/// The line of a code; `internal` when no such code is known.
pub fn look_up(code: &str) -> Known {
    CODES.iter().copied().find(|it| it.code == code).unwrap_or(INTERNAL)
}

impl Problem {
    /// A problem with a code of [`CODES`] and one sentence for people, without secrets.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        debug_assert!(CODES.iter().any(|it| it.code == code), "`{code}` is not in the table");
        Self(Box::new(Parts {
            code,
            about: None,
            detail: detail.into(),
            hint: None,
            faults: Vec::new(),
            retry_after: None,
            headers: Vec::new(),
            source: None,
        }))
    }

    /// A problem of the server's own: what the caller is told says nothing, the log says `cause`.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut problem = Self::new("internal", "The server could not do this; the log says why.");
        problem.0.source = Some(cause.into());
        problem
    }

    /// Faults of what was sent, all at once.
    pub fn faults(code: &'static str, faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [] => "The input is not valid.".to_owned(),
            [one] => one.sentence(),
            many => format!("{} faults in what was sent; `errors` lists them.", many.len()),
        };
        let mut problem = Self::new(code, detail);
        problem.0.faults = faults;
        problem
    }

    /// Narrows the code: `record_not_found` about `codebooks`.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.0.about = Some(subject.into());
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// Adds the faults of a document.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(cause.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What narrows the code: a collection, or the one field that is at fault.
    pub fn subject(&self) -> Option<&str> {
        if let Some(about) = &self.0.about {
            return Some(about);
        }
        let (first, rest) = self.0.faults.split_first()?;
        rest.iter().all(|it| it.field == first.field).then(|| first.field.trim_start_matches('/'))
    }

    /// The HTTP status by the table.
    pub fn status(&self) -> u16 {
        look_up(self.0.code).status
    }

    /// The sentence for people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The way out, if one is known.
    pub fn way_out(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// All faults of what was sent.
    pub fn all_faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// When to come back.
    pub fn comes_back_in(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Headers of the answer.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    /// Why, for the log: the chain of causes.
    pub fn cause(&self) -> Option<String> {
        let mut next: Option<&(dyn std::error::Error + 'static)> =
            Some(self.0.source.as_deref()? as &(dyn std::error::Error + 'static));
        let mut text = String::new();
        while let Some(error) = next {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            next = error.source();
        }
        Some(text)
    }

    /// The body of `application/problem+json`.
    pub fn body(&self, request_id: &str) -> Json {
        let line = look_up(self.0.code);
        let mut body = serde_json::json!({
            "type": format!("/docs#{}", line.code),
            "title": line.title,
            "status": line.status,
            "code": line.code,
            "detail": self.0.detail,
        });
        if let Some(hint) = &self.0.hint {
            body["hint"] = hint.as_str().into();
        }
        if let Some(about) = &self.0.about {
            body["about"] = about.as_str().into();
        }
        if !self.0.faults.is_empty() {
            body["errors"] = serde_json::to_value(&self.0.faults).unwrap_or_default();
        }
        body["request_id"] = request_id.into();
        body
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl Fault {
    /// A fault at a JSON pointer.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), hint: None }
    }

    /// Adds what would be right.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The field and what is wrong with it, as a sentence.
    pub fn sentence(&self) -> String {
        format!("`{}`: {}.", self.field.trim_start_matches('/'), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_in_the_table_twice() {
        for (at, line) in CODES.iter().enumerate() {
            assert!(CODES[..at].iter().all(|it| it.code != line.code), "{}", line.code);
        }
    }

    #[test]
    fn faults_of_one_field_narrow_the_code_and_faults_of_several_do_not() {
        let one = Problem::faults("invalid_input", vec![Fault::new("/type", "is not known")]);
        assert_eq!(one.subject(), Some("type"));
        let two = vec![Fault::new("/type", "is not known"), Fault::new("/name", "is missing")];
        assert_eq!(Problem::faults("invalid_input", two).subject(), None);
    }

    #[test]
    fn the_cause_is_for_the_log_and_not_for_the_caller() {
        let problem = Problem::internal("disk on fire");
        assert_eq!(problem.cause().as_deref(), Some("disk on fire"));
        assert!(!problem.body("req_1").to_string().contains("fire"));
    }
}
