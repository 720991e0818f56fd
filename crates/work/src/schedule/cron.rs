//! When something comes round: a cron expression, read on the clock of a place.
//!
//! The expression is matched against the clock on the wall; which moments those are is decided here,
//! because twice a year a clock on a wall is wrong:
//! - A time that the clock leaps over happens when the leap ends, once, however many were in it.
//! - A time that the clock shows twice happens the first time, when the expression names its hours. One
//!   that comes every hour, or every so many (`*`, `*/2`), goes on through the second time as well.
//!
//! The moments that [`Times::after`] gives always rise.

use std::{fmt, sync::Arc};

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

/// When something comes round.
#[derive(Clone)]
pub struct Times {
    expression: String,
    cron: Arc<Cron>,
    zone: TimeZone,
    zone_name: String,
    /// Its hours are `*` or `*/n`.
    is_hourly: bool,
}

/// Why a text does not say when.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTimes {
    /// It is no cron expression.
    #[error("`{expression}` is no cron expression: {why}")]
    Expression {
        /// What was given.
        expression: String,
        /// What is wrong with it.
        why: String,
    },
    /// No day is like that: `0 0 30 2 *`.
    #[error("`{0}` never comes round")]
    Never(String),
    /// Nobody knows the place.
    #[error("there is no time zone `{0}`")]
    Zone(String),
}

/// Clocks are put back by less than this, wherever they are.
const PUT_BACK_MAX: SignedDuration = SignedDuration::from_hours(3);

impl Times {
    /// Reads an expression of five fields (minute, hour, day of the month, month, day of the week), or
    /// `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`; `zone` is a name such as `Europe/Berlin`.
    ///
    /// # Errors
    /// [`InvalidTimes`] says which of the two is wrong.
    pub fn read(expression: &str, zone: &str) -> Result<Self, InvalidTimes> {
        let wrong = |why: String| InvalidTimes::Expression { expression: expression.into(), why };
        let text = nickname(expression.trim());
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [_, hours, ..] = fields.as_slice() else {
            return Err(wrong("it has too few fields".into()));
        };
        if fields.len() != 5 {
            return Err(wrong(format!(
                "it has {} fields, not 5: minute, hour, day, month, day of the week",
                fields.len()
            )));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| wrong(error.to_string()))?;
        let known = match zone {
            "UTC" => TimeZone::UTC,
            name => TimeZone::get(name).map_err(|_| InvalidTimes::Zone(name.to_owned()))?,
        };
        let times = Self {
            expression: expression.trim().to_owned(),
            cron: Arc::new(cron),
            zone: known,
            zone_name: zone.to_owned(),
            is_hourly: hours.starts_with('*'),
        };
        match times.after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(times),
            None => Err(InvalidTimes::Never(times.expression)),
        }
    }

    /// The expression as it was given.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The name of the place.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// The place.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first moment after this one; none after the end of all calendars.
    pub fn after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut wall = self.search_from(after)?;
        let (mut is_first, mut found) = (true, None::<Timestamp>);
        // The first instants of the times on the wall rise with them, so the search is over when they
        // have come past the best one; only the second time round of an hour can lie before it.
        loop {
            let Ok(next) = self.cron.find_next_occurrence(&wall, is_first) else { return found };
            let (first, second) = self.instants(next)?;
            if found.is_some_and(|it| it <= first) {
                return found;
            }
            for at in std::iter::once(first).chain(second).filter(|it| *it > after) {
                found = Some(found.map_or(at, |it| it.min(at)));
            }
            (wall, is_first) = (next, false);
        }
    }

    /// Where on the wall a search begins: here, and where the clock is put back nearby, so much earlier
    /// that the hour it shows twice is looked at as a whole.
    fn search_from(&self, after: Timestamp) -> Option<DateTime> {
        let before = after.checked_sub(PUT_BACK_MAX).ok()?;
        let beyond = after.checked_add(PUT_BACK_MAX).ok()?;
        let here = self.zone.to_datetime(after);
        match self.zone.to_offset(before) == self.zone.to_offset(beyond) {
            true => Some(here),
            false => here.checked_sub(PUT_BACK_MAX).ok(),
        }
    }

    /// When the clock on the wall shows this, and when it shows it again, if that counts.
    fn instants(&self, wall: DateTime) -> Option<(Timestamp, Option<Timestamp>)> {
        let shown = self.zone.to_ambiguous_timestamp(wall);
        match shown.offset() {
            AmbiguousOffset::Unambiguous { .. } => Some((shown.earlier().ok()?, None)),
            AmbiguousOffset::Gap { .. } => {
                let before = shown.earlier().ok()?;
                Some((self.zone.following(before).next()?.timestamp(), None))
            }
            AmbiguousOffset::Fold { .. } => {
                let again = if self.is_hourly { shown.later().ok() } else { None };
                Some((shown.earlier().ok()?, again))
            }
        }
    }
}

/// What a nickname stands for; any other text stands for itself.
fn nickname(text: &str) -> &str {
    match text.to_ascii_lowercase().as_str() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => text,
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Times({} {})", self.expression, self.zone_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next moments after one, in UTC.
    #[track_caller]
    fn check(expression: &str, zone: &str, after: &str, expected: &[&str]) {
        let times = Times::read(expression, zone).expect("it says when");
        let mut at: Timestamp = after.parse().expect("a moment");
        for expected in expected {
            at = times.after(at).expect("it comes round again");
            assert_eq!(at.to_string(), *expected, "{expression} in {zone} after {after}");
        }
    }

    #[track_caller]
    fn refused(expression: &str, zone: &str, says: &str) {
        let error = Times::read(expression, zone).expect_err("it says nothing").to_string();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_day_begins_when_it_begins_there() {
        check(
            "0 0 * * *",
            "America/Los_Angeles",
            "2026-11-21T08:00:00Z",
            &["2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z"],
        );
        check("30 3 * * *", "UTC", "2026-11-21T03:30:00Z", &["2026-11-22T03:30:00Z"]);
        check("30 3 * * *", "UTC", "2026-11-21T03:29:59.5Z", &["2026-11-21T03:30:00Z"]);
    }

    #[test]
    fn a_time_that_the_clock_leaps_over_comes_when_the_leap_ends() {
        // Berlin, 29 March 2026: 02:00 is 03:00.
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
        );
    }

    #[test]
    fn what_the_clock_leaps_over_several_times_comes_once() {
        check(
            "*/20 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"],
        );
        check(
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-03-29T00:10:00Z",
            &["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"],
        );
    }

    #[test]
    fn a_time_that_the_clock_shows_twice_comes_the_first_time() {
        // Berlin, 25 October 2026: 03:00 is 02:00 again.
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        );
        check(
            "30 1 * * *",
            "America/New_York",
            "2026-11-01T00:00:00Z",
            &["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
        );
    }

    #[test]
    fn what_comes_every_hour_goes_on_through_the_hour_that_is_shown_twice() {
        check(
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-10-24T23:45:00Z",
            &[
                "2026-10-25T00:00:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T01:30:00Z",
                "2026-10-25T02:00:00Z",
            ],
        );
        check(
            "15 * * * *",
            "America/New_York",
            "2026-11-01T04:30:00Z",
            &["2026-11-01T05:15:00Z", "2026-11-01T06:15:00Z", "2026-11-01T07:15:00Z"],
        );
    }

    #[test]
    fn moments_rise_through_a_whole_year_of_leaps() {
        for (expression, zone) in [
            ("*/7 * * * *", "Europe/Berlin"),
            ("*/20 1-3 * * *", "America/New_York"),
            ("0 */2 * * *", "Australia/Lord_Howe"),
        ] {
            let times = Times::read(expression, zone).expect("it says when");
            let mut at: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a moment");
            let end: Timestamp = "2027-01-01T00:00:00Z".parse().expect("a moment");
            while at < end {
                let next = times.after(at).expect("it comes round");
                assert!(next > at, "{expression} in {zone}: {next} is not after {at}");
                at = next;
            }
        }
    }

    #[test]
    fn the_first_saturday_and_the_last_day_can_be_said() {
        check(
            "0 2 * * SAT#1",
            "UTC",
            "2026-11-21T08:00:00Z",
            &["2026-12-05T02:00:00Z", "2027-01-02T02:00:00Z"],
        );
        check("0 0 L * *", "UTC", "2026-11-21T08:00:00Z", &["2026-11-30T00:00:00Z"]);
        check("@monthly", "UTC", "2026-11-21T08:00:00Z", &["2026-12-01T00:00:00Z"]);
    }

    #[test]
    fn what_says_nothing_is_refused_with_the_reason() {
        refused("0 0 * *", "UTC", "4 fields");
        refused("0 0 0 * * *", "UTC", "6 fields");
        refused("daily", "UTC", "too few");
        refused("61 0 * * *", "UTC", "`61 0 * * *`");
        refused("0 0 30 2 *", "UTC", "never");
        refused("0 0 * * *", "Europe/Berln", "time zone `Europe/Berln`");
    }
}
