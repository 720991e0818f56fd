//! What the refusals of all providers have in common: words that may be shown, how long to wait,
//! and what a bare status means. The dialects add what their own type and code say.

use std::time::Duration;

use base::Timestamp;
use http::HeaderMap;

pub(crate) use super::openai::complaint::presentable;
use super::{Class, Complaint, wait};

/// What status and headers say by themselves.
pub(crate) fn heard(status: u16, headers: &HeaderMap) -> Complaint {
    Complaint {
        class: class(status),
        retry_after: wait::asked_for(headers),
        should_retry: wait::should_retry(headers),
        ..Complaint::default()
    }
}

/// What a status means when nothing else is known.
pub(crate) fn class(status: u16) -> Class {
    match status {
        401 | 403 => Class::Unauthorized,
        402 => Class::OutOfQuota,
        404 => Class::UnknownModel,
        408 | 504 => Class::Timeout,
        413 => Class::ContextLength,
        429 => Class::RateLimited,
        498 | 503 | 529 => Class::Overloaded,
        500..=599 => Class::Broken,
        _ => Class::Invalid,
    }
}

/// How long it is from the answer's own `date` until the moment that a header names.
pub(crate) fn until(headers: &HeaderMap, name: &str) -> Option<Duration> {
    let then: Timestamp = wait::header(headers, name)?.trim().parse().ok()?;
    let sent = jiff::fmt::rfc2822::parse(wait::header(headers, "date")?.trim()).ok()?;
    Some(Duration::try_from(then.duration_since(sent.timestamp())).unwrap_or_default())
}

/// The number in a header.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    wait::header(headers, name)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn too_busy_has_three_statuses() {
        assert_eq!([498, 503, 529].map(class), [Class::Overloaded; 3]);
    }

    #[test]
    fn a_moment_is_told_from_the_date_of_the_same_answer() {
        let pairs = [
            ("date", "Sat, 21 Nov 2026 08:00:00 GMT"),
            ("x-reset", "2026-11-21T08:00:30Z"),
            ("x-past", "2026-11-21T07:00:00Z"),
        ];
        let headers: HeaderMap = pairs
            .into_iter()
            .map(|(name, it)| (name.parse().unwrap(), HeaderValue::from_static(it)))
            .collect();
        assert_eq!(until(&headers, "x-reset"), Some(Duration::from_secs(30)));
        assert_eq!(until(&headers, "x-past"), Some(Duration::ZERO));
        assert_eq!(until(&headers, "x-absent"), None);
    }
}
