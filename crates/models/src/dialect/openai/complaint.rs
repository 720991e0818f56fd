//! What a refusal means: told from status, `type` and `code`, and where those say nothing from
//! known phrases; never from a number in a sentence.

use http::HeaderMap;
use serde_json::Value as Json;

use crate::dialect::{Class, Complaint, wait};

const MESSAGE_CHARS_MAX: usize = 240;

/// Reads a refusal, or an error sent with a status of success.
pub(crate) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint {
    // Pages of proxies say nothing that the status does not say.
    let body = serde_json::from_slice(body).unwrap_or(Json::Null);
    let mut complaint = of(status, &body);
    complaint.retry_after = wait::asked_for(headers).or(complaint.retry_after);
    complaint.should_retry = wait::should_retry(headers);
    complaint
}

/// Reads an error that is JSON, in any of the shapes that occur.
pub(crate) fn of(status: u16, body: &Json) -> Complaint {
    // Gemini's compatible address wraps its error in a list.
    let body = body.get(0).unwrap_or(body);
    let error = body.get("error").filter(|it| !it.is_null()).unwrap_or(body);
    let field = |name: &str| match error.get(name).or_else(|| body.get(name)) {
        Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Json::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = error.as_str().map(str::to_owned);
    let message =
        message.or_else(|| field("message")).or_else(|| field("detail")).unwrap_or_default();
    let (kind, code) = (field("type"), field("code"));
    let class = class(status, kind.as_deref(), code.as_deref(), &message);
    let may_wait = matches!(class, Class::RateLimited | Class::Overloaded);
    Complaint {
        retry_after: if may_wait { wait::in_words(&message) } else { None },
        message: presentable(&message),
        kind: kind.as_deref().map(presentable),
        code: code.as_deref().map(presentable),
        param: field("param").as_deref().map(presentable),
        class,
        should_retry: None,
    }
}

/// A provider's words, fit for an error and a log: providers quote keys and questions.
pub(crate) fn presentable(text: &str) -> String {
    let text = base::redact::text(text);
    let mut out: String = text
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(MESSAGE_CHARS_MAX)
        .collect();
    if text.chars().nth(MESSAGE_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

fn class(status: u16, kind: Option<&str>, code: Option<&str>, message: &str) -> Class {
    let words = [code, kind].map(|it| it.unwrap_or_default().to_ascii_lowercase());
    if let Some(class) = words.iter().find_map(|it| class_of_word(it)) {
        // A limit that this one request is over does not go away by waiting.
        let is_too_large = status == 413 && class == Class::RateLimited;
        return if is_too_large { Class::ContextLength } else { class };
    }
    // Errors inside an answer of success have their status as `code`, if anywhere.
    let said = code.and_then(|it| it.parse().ok()).filter(|it| (400..600).contains(it));
    let status = if (200..300).contains(&status) { said.unwrap_or(status) } else { status };
    let message = message.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|it| message.contains(it));
    match status {
        401 | 403 => Class::Unauthorized,
        402 => Class::OutOfQuota,
        404 => Class::UnknownModel,
        408 | 409 | 504 | 522 | 524 => Class::Timeout,
        413 => Class::ContextLength,
        400 | 422 if says(&CONTEXT_PHRASES) => Class::ContextLength,
        429 if says(&QUOTA_PHRASES) => Class::OutOfQuota,
        429 => Class::RateLimited,
        498 | 503 | 529 => Class::Overloaded,
        400..500 => Class::Invalid,
        _ if says(&CONTEXT_PHRASES) => Class::ContextLength,
        _ => Class::Broken,
    }
}

/// Servers that have no code for it.
const CONTEXT_PHRASES: [&str; 6] = [
    "maximum context length",
    "context length exceeded",
    "context window",
    "exceeds the available context size",
    "prompt is too long",
    "reduce the length of the messages",
];
const QUOTA_PHRASES: [&str; 3] =
    ["exceeded your current quota", "insufficient credits", "monthly included credits"];

fn class_of_word(word: &str) -> Option<Class> {
    Some(match word {
        "context_length_exceeded" | "context_window_exceeded" | "exceed_context_size_error" => {
            Class::ContextLength
        }
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "insufficient_credits"
        | "spend_limit_reached"
        | "blocked_api_access" => Class::OutOfQuota,
        "model_not_found"
        | "model_not_available"
        | "model_decommissioned"
        | "model_not_active"
        | "model_not_supported" => Class::UnknownModel,
        "invalid_api_key"
        | "invalid_authentication"
        | "authentication_error"
        | "permission_denied"
        | "permission_error"
        | "account_deactivated"
        | "unsupported_country_region_territory"
        | "model_terms_required" => Class::Unauthorized,
        "rate_limit_exceeded" | "rate_limit_error" | "rate_limit_reached" | "too_many_requests" => {
            Class::RateLimited
        }
        "overloaded"
        | "overloaded_error"
        | "engine_overloaded"
        | "server_overloaded"
        | "service_unavailable"
        | "capacity_exceeded"
        | "slow_down" => Class::Overloaded,
        "content_filter"
        | "content_policy_violation"
        | "moderation_blocked"
        | "responsibleaipolicyviolation"
        | "invalid_prompt" => Class::Filtered,
        "timeout" | "timeout_error" | "request_timeout" => Class::Timeout,
        "server_error" | "internal_error" | "internal_server_error" | "api_error" => Class::Broken,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(
        r#"{"error": {"message": "no", "type": "t", "code": "c", "param": "p"}}"#,
        "no",
        Some("t"),
        Some("c")
    )]
    #[case(r#"{"error": {"message": "no", "type": "t", "code": null}}"#, "no", Some("t"), None)]
    #[case(r#"{"error": "no"}"#, "no", None, None)]
    #[case(r#"[{"error": {"message": "no", "code": 429}}]"#, "no", None, Some("429"))]
    #[case(
        r#"{"object": "error", "message": "no", "type": "t", "code": 400}"#,
        "no",
        Some("t"),
        Some("400")
    )]
    #[case(r#"{"detail": "no"}"#, "no", None, None)]
    #[case(r#"{"error": null, "message": "no"}"#, "no", None, None)]
    #[case("<html>no</html>", "", None, None)]
    fn refusals_come_in_many_shapes(
        #[case] body: &str,
        #[case] message: &str,
        #[case] kind: Option<&str>,
        #[case] code: Option<&str>,
    ) {
        let it = read(400, &HeaderMap::new(), body.as_bytes());
        assert_eq!((&*it.message, it.kind.as_deref(), it.code.as_deref()), (message, kind, code));
    }

    #[rstest]
    #[case(400, json!({"code": "context_length_exceeded"}), Class::ContextLength)]
    #[case(400, json!({"message": "This model's maximum context length is 8192 tokens."}), Class::ContextLength)]
    #[case(400, json!({"message": "429 is no temperature, and 500 is none either"}), Class::Invalid)]
    #[case(400, json!({"type": "invalid_request_error", "code": "model_decommissioned"}), Class::UnknownModel)]
    #[case(400, json!({"code": "content_filter"}), Class::Filtered)]
    #[case(422, json!({}), Class::Invalid)]
    #[case(401, json!({"code": "invalid_api_key"}), Class::Unauthorized)]
    #[case(402, json!({"message": "pay"}), Class::OutOfQuota)]
    #[case(403, json!({}), Class::Unauthorized)]
    #[case(404, json!({"code": "model_not_found"}), Class::UnknownModel)]
    #[case(408, json!({}), Class::Timeout)]
    #[case(413, json!({"type": "tokens", "code": "rate_limit_exceeded"}), Class::ContextLength)]
    #[case(429, json!({"type": "tokens", "code": "rate_limit_exceeded"}), Class::RateLimited)]
    #[case(429, json!({"type": "insufficient_quota", "code": "insufficient_quota"}), Class::OutOfQuota)]
    #[case(429, json!({"message": "You exceeded your current quota."}), Class::OutOfQuota)]
    #[case(429, json!({}), Class::RateLimited)]
    #[case(498, json!({}), Class::Overloaded)]
    #[case(500, json!({"type": "server_error"}), Class::Broken)]
    #[case(502, json!({}), Class::Broken)]
    #[case(503, json!({}), Class::Overloaded)]
    #[case(504, json!({}), Class::Timeout)]
    #[case(529, json!({}), Class::Overloaded)]
    #[case(200, json!({"code": 429}), Class::RateLimited)]
    #[case(200, json!({"code": "503", "type": "new_word"}), Class::Overloaded)]
    #[case(200, json!({"message": "it broke"}), Class::Broken)]
    #[case(307, json!({}), Class::Broken)]
    fn a_class_is_told_from_status_type_and_code(
        #[case] status: u16,
        #[case] error: Json,
        #[case] expected: Class,
    ) {
        assert_eq!(of(status, &json!({"error": error})).class, expected);
    }

    #[test]
    fn groq_says_in_words_how_long_to_wait() {
        let body = json!({"error": {"message": "Rate limit reached … Please try again in 5.289s.", "code": "rate_limit_exceeded"}});
        let it = read(429, &HeaderMap::new(), body.to_string().as_bytes());
        assert_eq!(it.retry_after, Some(Duration::from_millis(5289)));
        let headers = [(http::header::RETRY_AFTER, http::HeaderValue::from_static("6"))];
        let it = read(429, &headers.into_iter().collect(), body.to_string().as_bytes());
        assert_eq!(it.retry_after, Some(Duration::from_secs(6)));
    }

    #[test]
    fn a_refusal_that_quotes_a_key_or_a_question_is_cut_and_cleaned() {
        let body = json!({"error": {"message": format!("Incorrect key sk-abcdefghijklmnop {}", "word ".repeat(99))}});
        let message = of(401, &body).message;
        assert!(message.starts_with("Incorrect key [redacted] word"), "{message}");
        assert_eq!(message.chars().count(), MESSAGE_CHARS_MAX + 1);
    }
}
