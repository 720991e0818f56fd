//! Whether an attempt is repeated, and when. Decided here, without waiting.

use std::time::Duration;

use base::Timestamp;

use crate::settings::{RetrySettings, std};

/// What to do after an attempt that got this status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Wait this long, then ask again.
    After(Duration),
    /// Give up.
    GiveUp,
}

/// What to do after an attempt that failed with `status`.
///
/// Only 429, 502, 503, 504 and the words of some for too busy, 498 and 529, are repeated: the provider
/// says that it did not do the work. `failed` counts the attempts so far; `jitter` is between 0 and 1 and lengthens the wait by up to a
/// quarter, so that those who failed together do not come back together.
pub fn next(
    settings: &RetrySettings,
    status: u16,
    failed: u32,
    retry_after: Option<Duration>,
    jitter: f64,
) -> Next {
    if !matches!(status, 429 | 498 | 502 | 503 | 504 | 529) || failed > settings.times {
        return Next::GiveUp;
    }
    let doubled = std(settings.base).saturating_mul(1 << failed.saturating_sub(1).min(16));
    let wait = doubled.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 4.0);
    match retry_after {
        Some(wanted) if wanted > std(settings.retry_after_max) => Next::GiveUp,
        // Sooner than the provider wants would only be refused again.
        Some(wanted) => Next::After(wait.max(wanted)),
        None => Next::After(wait),
    }
}

/// How long the headers of a refusal ask to wait: `retry-after-ms`, else `retry-after` in seconds or
/// as a date.
pub fn wanted(
    millis: Option<&str>,
    seconds_or_date: Option<&str>,
    now: Timestamp,
) -> Option<Duration> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
    if let Some(millis) = millis.and_then(number) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let text = seconds_or_date?;
    if let Some(seconds) = number(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Duration::try_from(date.duration_since(now)).ok().or(Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[track_caller]
    fn check(status: u16, failed: u32, retry_after: Option<u64>, expected: Option<u64>) {
        let next = next(
            &RetrySettings::default(),
            status,
            failed,
            retry_after.map(Duration::from_secs),
            0.0,
        );
        assert_eq!(next, expected.map_or(Next::GiveUp, |it| Next::After(Duration::from_secs(it))));
    }

    #[test]
    fn an_attempt_is_repeated_after_2_4_and_8_seconds_and_then_no_more() {
        for (failed, wait) in [(1, Some(2)), (2, Some(4)), (3, Some(8)), (4, None)] {
            check(503, failed, None, wait);
        }
    }

    #[rstest]
    fn only_six_statuses_are_repeated(#[values(429, 498, 502, 503, 504, 529)] status: u16) {
        check(status, 1, None, Some(2));
    }

    #[rstest]
    fn others_are_not(
        #[values(200, 301, 400, 401, 403, 404, 408, 409, 422, 499, 500, 501)] status: u16,
    ) {
        check(status, 1, None, None);
    }

    #[test]
    fn the_provider_may_ask_for_a_longer_wait_but_not_for_any() {
        check(429, 1, Some(7), Some(7));
        check(429, 1, Some(1), Some(2));
        check(429, 1, Some(60), Some(60));
        check(429, 1, Some(61), None);
    }

    #[test]
    fn jitter_lengthens_a_wait_by_a_quarter_at_most() {
        let longest = next(&RetrySettings::default(), 503, 1, None, 1.0);
        assert_eq!(longest, Next::After(Duration::from_millis(2500)));
    }

    #[rstest]
    #[case(None, None, None)]
    #[case(None, Some("7"), Some(7000))]
    #[case(None, Some(" 0.5 "), Some(500))]
    #[case(Some("250"), Some("7"), Some(250))]
    #[case(None, Some("Sat, 21 Nov 2026 08:00:30 GMT"), Some(30_000))]
    #[case(None, Some("Sat, 21 Nov 2026 07:00:00 GMT"), Some(0))]
    #[case(None, Some("soon"), None)]
    #[case(None, Some("-3"), None)]
    fn a_wish_is_read_in_each_of_its_forms(
        #[case] millis: Option<&str>,
        #[case] text: Option<&str>,
        #[case] expected: Option<u64>,
    ) {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        assert_eq!(wanted(millis, text, now), expected.map(Duration::from_millis));
    }
}
