//! What will go: a route that is deprecated says so on every answer, is counted for each client of it, and
//! from its last day on answers 410 with where to go.
//!
//! The headers are those of RFC 9745 (`Deprecation`), RFC 8594 (`Sunset`) and RFC 8288 (`Link` with
//! `rel="successor-version"`). Start at [`Ageing::of`]; the counts are [`calls`].

pub mod calls;

use apps::description::Deprecated;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::problem::Problem;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// What will go, and when.
#[derive(Debug, Clone)]
pub struct Ageing {
    /// Since when nobody should begin to use it.
    pub since: Timestamp,
    /// From when on it is gone.
    pub sunset: Option<Timestamp>,
    /// What to use instead: a path with names in braces, or a whole address.
    pub instead: Option<String>,
    deprecation: HeaderValue,
    sunset_day: Option<HeaderValue>,
}

impl Ageing {
    /// What an application declares.
    ///
    /// # Errors
    /// Says which day is none.
    pub fn of(declared: &Deprecated) -> Result<Self, String> {
        let bad = |day: &str| format!("`{day}` is no day");
        let since = declared.since().ok_or_else(|| bad(&declared.since))?;
        let sunset = match &declared.sunset {
            None => None,
            Some(day) => Some(declared.sunset().ok_or_else(|| bad(day))?),
        };
        let deprecation = HeaderValue::try_from(format!("@{}", since.as_second()));
        let sunset_day = sunset.map(http_date).transpose()?;
        Ok(Self {
            since,
            sunset,
            instead: declared.instead.clone(),
            deprecation: deprecation.map_err(|_| bad(&declared.since))?,
            sunset_day,
        })
    }

    /// Is it over?
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.sunset.is_some_and(|it| it <= now)
    }

    /// Says on an answer that the route will go. `path` are the values of its names.
    pub(crate) fn tell(&self, headers: &mut HeaderMap, path: &[(String, String)]) {
        headers.insert(DEPRECATION, self.deprecation.clone());
        if let Some(day) = &self.sunset_day {
            headers.insert(SUNSET, day.clone());
        }
        let Some(place) = self.successor(path) else { return };
        if let Ok(link) = HeaderValue::try_from(format!("<{place}>; rel=\"successor-version\"")) {
            headers.append(header::LINK, link);
        }
    }

    /// What is said from its last day on.
    pub(crate) fn refuse(&self, route: &str, path: &[(String, String)]) -> Problem {
        let day = self.sunset.map(|it| it.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        let problem = Problem::new("route_gone", format!("`{route}` is gone since {day}."));
        match self.successor(path) {
            Some(place) => problem.hint(format!("use {place}")),
            None => problem,
        }
    }

    /// What to use instead, with the values of this request in it.
    fn successor(&self, path: &[(String, String)]) -> Option<String> {
        let mut place = self.instead.clone()?;
        for (name, value) in path {
            place = place.replace(&format!("{{{name}}}"), &encoded(value));
        }
        Some(place)
    }
}

fn http_date(at: Timestamp) -> Result<HeaderValue, String> {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&at);
    let text = text.map_err(|error| error.to_string())?;
    HeaderValue::try_from(text).map_err(|error| error.to_string())
}

/// A value as a step of a path.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ageing() -> Ageing {
        let declared = Deprecated {
            since: "2026-06-01".into(),
            sunset: Some("2027-06-01".into()),
            instead: Some("/v2/events/{event_id}".into()),
        };
        Ageing::of(&declared).expect("days")
    }

    #[test]
    fn an_answer_says_since_when_until_when_and_what_then() {
        let mut headers = HeaderMap::new();
        ageing().tell(&mut headers, &[("event_id".into(), "a b/c".into())]);
        assert_eq!(headers["deprecation"], "@1780272000");
        assert_eq!(headers["sunset"], "Tue, 01 Jun 2027 00:00:00 GMT");
        assert_eq!(headers["link"], "</v2/events/a%20b%2Fc>; rel=\"successor-version\"");
    }

    #[test]
    fn from_its_last_day_on_it_is_gone() {
        let ageing = ageing();
        assert!(!ageing.is_gone(testkit::moment("2027-05-31T23:59:59Z")));
        assert!(ageing.is_gone(testkit::moment("2027-06-01T00:00:00Z")));
        let problem =
            ageing.refuse("GET /v1/events/{event_id}", &[("event_id".into(), "7".into())]);
        assert_eq!((problem.code(), problem.status()), ("route_gone", 410));
        assert_eq!(problem.way_out(), Some("use /v2/events/7"));
    }

    #[test]
    fn a_day_that_is_none_is_named() {
        let declared = Deprecated { since: "soon".into(), sunset: None, instead: None };
        assert_eq!(Ageing::of(&declared).expect_err("no day"), "`soon` is no day");
    }
}
