//! Refusals, before they are told in the words of a dialect.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use crate::dialect::{Class, Complaint};

/// What is told to a caller whose request fails.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ErrorBody {
    /// The HTTP status; [`super::Face::status`] knows it for a class.
    pub status: u16,
    /// What it means.
    pub class: Class,
    /// The provider's `type`, as it is. None: the dialect's own word for the class.
    pub kind: Option<String>,
    /// The provider's `code`, or ours.
    pub code: Option<String>,
    /// What happened and the way out, for people. Nothing of ours that has a field stands in it.
    pub message: String,
    /// Which field of the request is meant.
    pub param: Option<String>,
    /// The id of this call.
    pub request_id: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// What the gateway knows and no dialect has a place for; it goes beside the error.
    pub gateway: Option<Map<String, Json>>,
}

impl ErrorBody {
    /// A refusal with the status that most dialects give to its class.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { status: status(class), class, message: message.into(), ..Self::default() }
    }

    /// What a provider said, for the caller: its `type`, `code` and `param` stay as they are.
    pub fn of(complaint: &Complaint) -> Self {
        Self {
            kind: complaint.kind.clone(),
            code: complaint.code.clone(),
            param: complaint.param.clone(),
            retry_after: complaint.retry_after,
            ..Self::new(complaint.class, complaint.message.clone())
        }
    }

    /// What stands beside the error: the call's id, when to try again, and the gateway's own.
    pub fn beside(&self) -> Option<Map<String, Json>> {
        let mut beside = Map::new();
        if let Some(id) = &self.request_id {
            beside.insert("request_id".into(), id.as_str().into());
        }
        if let Some(wait) = self.retry_after {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            beside.insert("retry_after_ms".into(), millis.into());
        }
        beside.extend(self.gateway.clone().unwrap_or_default());
        (!beside.is_empty()).then_some(beside)
    }
}

/// The status that OpenAI gives to a class, and most others too.
pub(super) fn status(class: Class) -> u16 {
    match class {
        Class::Invalid | Class::ContextLength | Class::Filtered => 400,
        Class::Unauthorized => 401,
        Class::UnknownModel => 404,
        Class::RateLimited | Class::OutOfQuota => 429,
        Class::Overloaded => 503,
        Class::Broken => 502,
        Class::Timeout => 504,
    }
}

/// A refusal in OpenAI's words: `{"error": {…}}`, and `gateway` beside it.
pub fn openai(error: &ErrorBody) -> Json {
    let (kind, code) = openai_words(error.class);
    let mut body = json!({"error": {
        "message": error.message,
        "type": error.kind.as_deref().unwrap_or(kind),
        "param": error.param,
        "code": error.code.as_deref().or(code),
    }});
    if let Some(beside) = error.beside() {
        body["gateway"] = beside.into();
    }
    body
}

/// [`openai`] as the body of an answer.
pub fn openai_body(error: &ErrorBody) -> Bytes {
    openai(error).to_string().into()
}

/// OpenAI's `type` and `code` for a class.
fn openai_words(class: Class) -> (&'static str, Option<&'static str>) {
    const REQUEST: &str = "invalid_request_error";
    match class {
        Class::Invalid => (REQUEST, None),
        Class::ContextLength => (REQUEST, Some("context_length_exceeded")),
        Class::Unauthorized => ("authentication_error", Some("invalid_api_key")),
        Class::UnknownModel => (REQUEST, Some("model_not_found")),
        Class::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
        Class::OutOfQuota => ("insufficient_quota", Some("insufficient_quota")),
        Class::Overloaded => ("server_error", Some("overloaded")),
        Class::Broken => ("server_error", None),
        Class::Timeout => ("server_error", Some("timeout")),
        Class::Filtered => (REQUEST, Some("content_filter")),
    }
}

/// Why a request cannot be read or done. Names the field and the way out; quotes nothing of the
/// request but the names of fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FaceError {
    /// Which field, as a path: `messages[2].content`; empty when it is the whole body.
    pub field: String,
    /// A word for programs, one of OpenAI's: `invalid_type`, `missing_required_parameter`…
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FaceError {
    /// The body is no JSON object.
    pub fn not_json(why: &str) -> Self {
        Self {
            field: String::new(),
            code: "invalid_json",
            message: format!("the body of the request {why}; send a JSON object"),
        }
    }

    /// A field that must be there is not.
    pub fn missing(field: impl Into<String>) -> Self {
        let field = field.into();
        let message = format!("`{field}` is missing; it is required");
        Self { field, code: "missing_required_parameter", message }
    }

    /// A field has another type: `expected` reads like `a string`.
    pub fn wrong_type(field: impl Into<String>, expected: &str, got: &Json) -> Self {
        let field = field.into();
        let message = format!("`{field}` must be {expected}, not {}", type_of(got));
        Self { field, code: "invalid_type", message }
    }

    /// A field has a value that is none: `expected` reads like ``one of `a`, `b` ``.
    pub fn wrong_value(field: impl Into<String>, expected: &str) -> Self {
        let field = field.into();
        let message = format!("`{field}` must be {expected}");
        Self { field, code: "invalid_value", message }
    }

    /// A field asks for what is not done here; `why` ends with the way out.
    pub fn unsupported(field: impl Into<String>, why: &str) -> Self {
        let field = field.into();
        let message = format!("`{field}` is not supported: {why}");
        Self { field, code: "unsupported_parameter", message }
    }

    /// The refusal to tell the caller.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            code: Some(self.code.into()),
            param: (!self.field.is_empty()).then(|| self.field.clone()),
            ..ErrorBody::new(Class::Invalid, self.message.clone())
        }
    }
}

/// The type of a value, as a noun with its article.
fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_said_stays_and_what_is_ours_stands_beside() {
        let complaint = Complaint {
            message: "slow down".into(),
            kind: Some("tokens".into()),
            code: Some("rate_limit_exceeded".into()),
            class: Class::RateLimited,
            retry_after: Some(Duration::from_millis(1500)),
            ..Complaint::default()
        };
        let gateway = json!({"provider": "groq"}).as_object().cloned();
        let error =
            ErrorBody { request_id: Some("req_1".into()), gateway, ..ErrorBody::of(&complaint) };
        assert_eq!(error.status, 429);
        assert_eq!(
            openai(&error),
            json!({
                "error": {"message": "slow down", "type": "tokens", "param": null, "code": "rate_limit_exceeded"},
                "gateway": {"request_id": "req_1", "retry_after_ms": 1500, "provider": "groq"},
            })
        );
    }

    #[test]
    fn a_refusal_of_ours_has_the_words_of_the_dialect() {
        let body = openai(&ErrorBody::new(Class::UnknownModel, "no such model"));
        assert_eq!(
            body,
            json!({"error": {"message": "no such model", "type": "invalid_request_error", "param": null, "code": "model_not_found"}})
        );
        let body = openai(&FaceError::missing("messages[1].role").body());
        assert_eq!(body["error"]["param"], "messages[1].role");
        assert_eq!(body["error"]["code"], "missing_required_parameter");
    }
}
