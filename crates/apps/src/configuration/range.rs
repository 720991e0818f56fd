//! What a number or a length of time may be: `1..100`, `1..`, `..100`, `10s..5m`. Both ends belong to it.

use std::{fmt, str::FromStr};

use jiff::SignedDuration;
use serde_json::Value as Json;

/// What a value may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    text: String,
    low: Option<End>,
    high: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Number(f64),
    Time(SignedDuration),
}

impl Range {
    /// What is wrong with a value, as the rest of a sentence that begins with it; none when it fits.
    pub fn fault(&self, value: &Json) -> Option<String> {
        let is_time =
            [self.low, self.high].into_iter().flatten().any(|it| matches!(it, End::Time(_)));
        let given = if is_time {
            value.as_str().and_then(|it| it.parse().ok()).map(End::Time)
        } else {
            value.as_f64().map(End::Number)
        };
        let Some(given) = given else {
            let kind = if is_time { "a length of time, like `30s`" } else { "a number" };
            return Some(format!("must be {kind}"));
        };
        let is_low = self.low.is_some_and(|it| given.weight() < it.weight());
        let is_high = self.high.is_some_and(|it| given.weight() > it.weight());
        (is_low || is_high).then(|| format!("must be within {self}"))
    }
}

impl End {
    fn weight(self) -> f64 {
        match self {
            Self::Number(it) => it,
            Self::Time(it) => it.as_secs_f64(),
        }
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is no range (write it like `1..100`, `1..`, `..100` or `10s..5m`)")
        };
        let (low, high) = text.split_once("..").ok_or_else(wrong)?;
        let end = |text: &str| -> Result<Option<End>, String> {
            let text = text.trim();
            if text.is_empty() {
                return Ok(None);
            }
            let number = text.parse::<f64>().ok().filter(|it| it.is_finite()).map(End::Number);
            let time = || text.parse::<SignedDuration>().ok().map(End::Time);
            number.or_else(time).map(Some).ok_or_else(wrong)
        };
        let (low, high) = (end(low)?, end(high)?);
        match (low, high) {
            (None, None) => Err(wrong()),
            (Some(End::Number(_)), Some(End::Time(_)))
            | (Some(End::Time(_)), Some(End::Number(_))) => Err(wrong()),
            (Some(low), Some(high)) if low.weight() > high.weight() => {
                Err(format!("`{text}` is empty: its end stands before its beginning"))
            }
            _ => Ok(Self { text: text.trim().to_owned(), low, high }),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(range: &str, value: Json, fits: bool) {
        let range: Range = range.parse().expect("a range");
        assert_eq!(range.fault(&value).is_none(), fits, "{value} in {range}");
    }

    #[test]
    fn both_ends_belong_to_a_range() {
        check("1..100", json!(1), true);
        check("1..100", json!(100), true);
        check("1..100", json!(100.5), false);
        check("1..", json!(0), false);
        check("..5", json!(-3), true);
        check("0.1..0.9", json!(0.5), true);
    }

    #[test]
    fn lengths_of_time_are_compared_however_they_are_written() {
        check("10s..5m", json!("300s"), true);
        check("10s..5m", json!("PT10S"), true);
        check("10s..5m", json!("9s"), false);
        check("10s..5m", json!(30), false);
        check("1..5", json!("3"), false);
    }

    #[test]
    fn what_is_no_range_is_told() {
        for text in ["5", "..", "a..b", "1..10s", "9..1"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
