//! How long a provider wants us to wait, in each of the ways that providers say it.

use std::time::Duration;

use http::HeaderMap;

/// What the headers of a refusal ask for: `retry-after-ms`, else `retry-after` in seconds or as a
/// date, which is counted from the `date` of the same answer: the provider's clock on both sides.
pub fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    if let Some(millis) = header(headers, "retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let text = header(headers, "retry-after")?;
    if let Some(seconds) = number(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text: &str| jiff::fmt::rfc2822::parse(text.trim()).ok();
    let (until, now) = (date(text)?, date(header(headers, "date")?)?);
    let wait = until.timestamp().duration_since(now.timestamp());
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

/// `x-should-retry`, when it is there.
pub fn should_retry(headers: &HeaderMap) -> Option<bool> {
    header(headers, "x-should-retry").and_then(|it| it.trim().parse().ok())
}

/// A header as text.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A duration as Go spells it (`6m0s`, `12ms`, `1h2m3.5s`), or a bare count of seconds.
pub fn spelled(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if let Some(seconds) = number(rest) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let amount: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(rest.len());
        seconds += amount
            * match &rest[..end] {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.trim().is_empty())
}

/// The wait in a sentence like "Please try again in 5.289s."
pub fn in_words(text: &str) -> Option<Duration> {
    const BEFORE: &str = "try again in ";
    let lower = text.to_ascii_lowercase();
    let rest = &text[lower.find(BEFORE)? + BEFORE.len()..];
    let word = rest.split_whitespace().next()?.trim_end_matches(['.', ',', ';', ')']);
    // A bare number has its unit in the next word, which may be any.
    spelled(word).filter(|_| word.ends_with(|it: char| it.is_ascii_alphabetic()))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|it: &f64| it.is_finite())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("12ms", Some(12))]
    #[case("6m0s", Some(360_000))]
    #[case("1h2m3.5s", Some(3_723_500))]
    #[case("2m59.56s", Some(179_560))]
    #[case(" 7 ", Some(7_000))]
    #[case("7.66s", Some(7_660))]
    #[case("", None)]
    #[case("soon", None)]
    #[case("5 parsecs", None)]
    #[case("-5s", None)]
    #[case("1e300s", None)]
    fn durations_are_read_as_go_spells_them(#[case] text: &str, #[case] expected: Option<u64>) {
        let millis = |it: Duration| (it.as_secs_f64() * 1000.0).round() as u64;
        assert_eq!(spelled(text).map(millis), expected);
    }

    #[rstest]
    #[case("Rate limit reached. Please try again in 5.289s. Visit …", Some(5_289))]
    #[case("Please Try Again in 20ms, or pay", Some(20))]
    #[case("Please try again in 2 days", None)]
    #[case("429 of 500 requests", None)]
    fn a_wait_is_found_in_a_sentence(#[case] text: &str, #[case] expected: Option<u64>) {
        assert_eq!(in_words(text), expected.map(Duration::from_millis));
    }

    #[rstest]
    #[case(&[], None)]
    #[case(&[("retry-after", "7")], Some(7_000))]
    #[case(&[("retry-after", " 0.5 ")], Some(500))]
    #[case(&[("retry-after", "7"), ("retry-after-ms", "250")], Some(250))]
    #[case(&[("retry-after", "Sat, 21 Nov 2026 08:00:30 GMT"), ("date", "Sat, 21 Nov 2026 08:00:00 GMT")], Some(30_000))]
    #[case(&[("retry-after", "Sat, 21 Nov 2026 07:00:00 GMT"), ("date", "Sat, 21 Nov 2026 08:00:00 GMT")], Some(0))]
    #[case::a_date_and_no_clock(&[("retry-after", "Sat, 21 Nov 2026 08:00:30 GMT")], None)]
    #[case(&[("retry-after", "soon")], None)]
    #[case(&[("retry-after", "-3")], None)]
    fn a_wish_is_read_in_each_of_its_forms(
        #[case] headers: &[(&'static str, &'static str)],
        #[case] expected: Option<u64>,
    ) {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(asked_for(&headers), expected.map(Duration::from_millis));
    }
}
