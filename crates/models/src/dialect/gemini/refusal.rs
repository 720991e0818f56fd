//! What Gemini's refusals mean: by `error.status` and the typed `details`. A limit of the minute and
//! one of the day look the same but for the name of the quota.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value as Json;

use crate::dialect::{
    Class, Complaint,
    refusal::{class, heard, presentable},
};

/// Reads a refusal, or an error sent as an answer.
pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint {
    match serde_json::from_slice::<Json>(body) {
        Ok(body) => of(heard(status, headers), error_in(&body)),
        Err(_) => heard(status, headers),
    }
}

/// Reads an error that came without a status: inside a stream, or sent as an answer.
pub(super) fn within(body: &Json) -> Option<Complaint> {
    let error = Some(error_in(body)).filter(|it| it.is_object())?;
    let status = error.get("code").and_then(Json::as_u64).and_then(|it| u16::try_from(it).ok());
    let class = status.map_or(Class::Broken, class);
    Some(of(Complaint { class, ..Complaint::default() }, error))
}

/// The error, which is sometimes the first of a list; null when there is none.
fn error_in(body: &Json) -> &Json {
    body.get(0).unwrap_or(body).get("error").unwrap_or(&Json::Null)
}

fn of(heard: Complaint, error: &Json) -> Complaint {
    let text = |name: &str| error.get(name).and_then(Json::as_str);
    let message = text("message").unwrap_or_default();
    let status = text("status");
    let details = Details(error.get("details").and_then(Json::as_array));
    let class = status.and_then(|it| by_status(it, message, details)).unwrap_or(heard.class);
    let waits = matches!(class, Class::RateLimited | Class::Overloaded);
    Complaint {
        message: presentable(message),
        kind: status.map(str::to_owned),
        code: error.get("code").and_then(Json::as_u64).map(|it| it.to_string()),
        class,
        retry_after: heard.retry_after.or_else(|| details.delay().filter(|_| waits)),
        ..heard
    }
}

fn by_status(status: &str, message: &str, details: Details<'_>) -> Option<Class> {
    let reason = details.reason();
    Some(match status {
        _ if reason == Some("API_KEY_INVALID") => Class::Unauthorized,
        _ if reason == Some("BILLING_DISABLED") => Class::OutOfQuota,
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" => {
            let message = message.to_lowercase();
            let is_long = message.contains("token count") || message.contains("context length");
            if is_long && message.contains("exceed") {
                Class::ContextLength
            } else {
                Class::Invalid
            }
        }
        // Of the account or of the place it is called from, not of the request.
        "FAILED_PRECONDITION" | "UNAUTHENTICATED" | "PERMISSION_DENIED" => Class::Unauthorized,
        "NOT_FOUND" => Class::UnknownModel,
        "RESOURCE_EXHAUSTED" if details.is_of_the_day() => Class::OutOfQuota,
        "RESOURCE_EXHAUSTED" => Class::RateLimited,
        "UNAVAILABLE" => Class::Overloaded,
        "DEADLINE_EXCEEDED" => Class::Timeout,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" | "ABORTED" | "CANCELLED" => Class::Broken,
        _ => return None,
    })
}

/// The typed details of an error.
#[derive(Clone, Copy)]
struct Details<'a>(Option<&'a Vec<Json>>);

impl<'a> Details<'a> {
    fn of_type(self, name: &'static str) -> impl Iterator<Item = &'a Json> {
        self.0.into_iter().flatten().filter(move |it| {
            it.get("@type").and_then(Json::as_str).is_some_and(|it| it.ends_with(name))
        })
    }

    fn reason(self) -> Option<&'a str> {
        self.of_type("google.rpc.ErrorInfo").find_map(|it| it.get("reason")?.as_str())
    }

    /// `34s`, `34.07s`.
    fn delay(self) -> Option<Duration> {
        let text =
            self.of_type("google.rpc.RetryInfo").find_map(|it| it.get("retryDelay")?.as_str())?;
        Duration::try_from_secs_f64(text.strip_suffix('s')?.parse().ok()?).ok()
    }

    /// Is a quota of the day used up? Waiting for a minute does not mend that.
    fn is_of_the_day(self) -> bool {
        self.of_type("google.rpc.QuotaFailure")
            .filter_map(|it| it.get("violations")?.as_array())
            .flatten()
            .filter_map(|it| it.get("quotaId")?.as_str())
            .any(|it| it.contains("PerDay"))
    }
}
