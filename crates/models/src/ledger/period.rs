//! Days and months in UTC: where one ends and the next begins.

use std::{fmt, str::FromStr};

use base::{Timestamp, clock};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::usage::names;

names! {
    /// What a budget lasts for, in UTC.
    Period {
        /// From midnight to midnight.
        Day = "day",
        /// From the first of a month to the first of the next.
        Month = "month",
    }
}

/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;

impl Period {
    /// When the period began that this moment is in.
    pub fn starts_at(self, at: Timestamp) -> Timestamp {
        match self {
            Self::Day => clock::from_micros(at.as_microsecond().div_euclid(DAY) * DAY),
            Self::Month => midnight(date(at).first_of_month()).unwrap_or(at),
        }
    }

    /// When the period ends that this moment is in: the first moment that is not in it.
    pub fn ends_at(self, at: Timestamp) -> Timestamp {
        let start = self.starts_at(at);
        match self {
            Self::Day => clock::from_micros(start.as_microsecond().saturating_add(DAY)),
            Self::Month => {
                let next = date(start).checked_add(1.month());
                // Nothing comes after the last month of the calendar.
                next.ok().and_then(midnight).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

fn date(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

fn midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|it| it.timestamp())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Period::Day, "2026-11-21T08:00:00Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")]
    #[case(
        Period::Day,
        "2026-11-21T23:59:59.999999Z",
        "2026-11-21T00:00:00Z",
        "2026-11-22T00:00:00Z"
    )]
    #[case(Period::Day, "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")]
    #[case(
        Period::Month,
        "2026-12-31T23:59:59.999999Z",
        "2026-12-01T00:00:00Z",
        "2027-01-01T00:00:00Z"
    )]
    #[case(Period::Month, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z")]
    #[case(Period::Month, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z")]
    fn a_moment_is_in_one_period_only(
        #[case] period: Period,
        #[case] at: &str,
        #[case] starts: &str,
        #[case] ends: &str,
    ) {
        let moment = |text: &str| -> Timestamp { text.parse().unwrap() };
        assert_eq!(period.starts_at(moment(at)), moment(starts));
        assert_eq!(period.ends_at(moment(at)), moment(ends));
    }
}
