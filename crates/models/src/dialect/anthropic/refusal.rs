//! What Anthropic's refusals mean. The stable word is `error.details.error_code`, then
//! `error.type`; words of the message are looked at only where both leave it open: 400 is said to a
//! wrong request, a question that is too long and an account without money alike.

use http::HeaderMap;
use serde_json::Value as Json;

use crate::dialect::{
    Class, Complaint,
    refusal::{heard, presentable},
};

/// Reads a refusal, or an error sent as an answer.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint {
    match serde_json::from_slice::<Json>(body) {
        Ok(body) => of(heard(status, headers), &body),
        // Pages of proxies say nothing that the status does not say.
        Err(_) => heard(status, headers),
    }
}

/// Reads an error that has no status of its own: inside a stream, or sent as an answer.
pub(super) fn within(body: &Json) -> Complaint {
    let complaint = Complaint { class: Class::Broken, ..Complaint::default() };
    of(complaint, body)
}

fn of(heard: Complaint, body: &Json) -> Complaint {
    let error = body.get("error").unwrap_or(body);
    let field = |path: &str| error.pointer(path).and_then(Json::as_str);
    let message = field("/message").unwrap_or_default();
    let (kind, code) = (field("/type"), field("/details/error_code"));
    Complaint {
        message: presentable(message),
        kind: kind.map(str::to_owned),
        code: code.map(str::to_owned),
        class: code.and_then(by_code).or_else(|| by_type(kind?, message)).unwrap_or(heard.class),
        ..heard
    }
}

fn by_code(code: &str) -> Option<Class> {
    Some(match code {
        "enforced_spend_limit_reached"
        | "contract_spend_limit_reached"
        | "linked_organization_spend_limit_reached"
        | "linked_organization_billing_unavailable"
        | "user_profile_billing_not_authorized"
        | "user_profile_not_billable" => Class::OutOfQuota,
        "ramp_limit_exceeded" => Class::RateLimited,
        "organization_on_hold" => Class::Unauthorized,
        _ => return None,
    })
}

fn by_type(kind: &str, message: &str) -> Option<Class> {
    Some(match kind {
        "authentication_error" | "permission_error" => Class::Unauthorized,
        "billing_error" => Class::OutOfQuota,
        "not_found_error" => Class::UnknownModel,
        "rate_limit_error" => Class::RateLimited,
        "timeout_error" => Class::Timeout,
        "overloaded_error" => Class::Overloaded,
        "api_error" => Class::Broken,
        "request_too_large" => Class::ContextLength,
        "invalid_request_error" => by_words(&message.to_lowercase()),
        _ => return None,
    })
}

fn by_words(message: &str) -> Class {
    let says = |all: &[&str]| all.iter().any(|it| message.contains(it));
    if says(&["prompt is too long", "exceed context limit", "exceeds the context window"]) {
        Class::ContextLength
    } else if says(&["credit balance is too low", "reached your specified api usage limits"]) {
        Class::OutOfQuota
    } else {
        Class::Invalid
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::overloaded(529, json!({"type": "overloaded_error", "message": "Overloaded"}), Class::Overloaded)]
    #[case::busy_with_another_status(500, json!({"type": "overloaded_error"}), Class::Overloaded)]
    #[case::billing(402, json!({"type": "billing_error"}), Class::OutOfQuota)]
    #[case::too_many_bytes(413, json!({"type": "request_too_large"}), Class::ContextLength)]
    #[case::too_long(400, json!({"type": "invalid_request_error", "message": "prompt is too long: 208656 tokens > 200000 maximum"}), Class::ContextLength)]
    #[case::too_long_together(400, json!({"type": "invalid_request_error", "message": "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}), Class::ContextLength)]
    #[case::own_spend_limit(400, json!({"type": "invalid_request_error", "message": "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}), Class::OutOfQuota)]
    #[case::no_credit(400, json!({"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API."}), Class::OutOfQuota)]
    #[case::spend_limit(429, json!({"type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}}), Class::OutOfQuota)]
    #[case::ramp(429, json!({"type": "rate_limit_error", "details": {"error_code": "ramp_limit_exceeded"}}), Class::RateLimited)]
    #[case::unknown_code(429, json!({"type": "rate_limit_error", "details": {"error_code": "new_word"}}), Class::RateLimited)]
    #[case::a_number_in_words(400, json!({"type": "invalid_request_error", "message": "429 is no temperature, 529 is none either"}), Class::Invalid)]
    #[case::key(401, json!({"type": "authentication_error"}), Class::Unauthorized)]
    #[case::model(404, json!({"type": "not_found_error"}), Class::UnknownModel)]
    #[case::timeout(504, json!({"type": "timeout_error"}), Class::Timeout)]
    #[case::new_type(503, json!({"type": "new_word"}), Class::Overloaded)]
    fn a_refusal_is_told_from_its_structure(
        #[case] status: u16,
        #[case] error: Json,
        #[case] expected: Class,
    ) {
        let body = json!({"type": "error", "error": error, "request_id": "req_1"}).to_string();
        let complaint = read(status, &HeaderMap::new(), body.as_bytes());
        assert_eq!(complaint.class, expected);
        assert_eq!(complaint.kind.as_deref(), error["type"].as_str());
    }

    #[test]
    fn a_page_of_a_proxy_says_only_its_status() {
        let complaint = read(502, &HeaderMap::new(), b"<html>no</html>");
        assert_eq!((complaint.class, complaint.message.as_str()), (Class::Broken, ""));
    }
}
