//! The days whose results are looked at. No I/O.

use std::fmt;

use jiff::civil::Date;

use crate::record::Invalid;

/// From one day to another, both of them included; of UTC, as all days are here. Without a day it has no end on
/// that side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Range {
    from: Option<Date>,
    to: Option<Date>,
}

/// A range that ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("lies before the day that it begins with")]
pub struct Backwards;

/// What is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no day; write it like `2026-11-30`")]
pub struct NoDay;

const EPOCH: Date = Date::constant(1970, 1, 1);
const DAY_SECONDS: i64 = 86_400;
const SECOND_MICROS: i64 = 1_000_000;

impl Range {
    /// From a day to a day.
    ///
    /// # Errors
    /// [`Backwards`].
    pub fn new(from: Option<Date>, to: Option<Date>) -> Result<Self, Backwards> {
        match (from, to) {
            (Some(from), Some(to)) if to < from => Err(Backwards),
            _ => Ok(Self { from, to }),
        }
    }

    /// As a caller says it under `from` and `to`; what is empty is left out.
    ///
    /// # Errors
    /// What is no day, each by its name; [`Backwards`] under `to`.
    pub fn read(from: Option<&str>, to: Option<&str>) -> Result<Self, Invalid> {
        let mut wrong: Option<Invalid> = None;
        let mut read = |field: &str, text: Option<&str>| {
            let text = text.map(str::trim).filter(|it| !it.is_empty())?;
            match day(text) {
                Ok(day) => Some(day),
                Err(error) => {
                    let fault = Invalid::input(field, error.to_string());
                    match &mut wrong {
                        Some(wrong) => wrong.faults.extend(fault.faults),
                        None => wrong = Some(fault),
                    }
                    None
                }
            }
        };
        let (from, to) = (read("/from", from), read("/to", to));
        match wrong {
            Some(wrong) => Err(wrong),
            None => Self::new(from, to).map_err(|error| Invalid::input("/to", error.to_string())),
        }
    }

    /// The first day.
    pub fn from(self) -> Option<Date> {
        self.from
    }

    /// The last day.
    pub fn to(self) -> Option<Date> {
        self.to
    }

    /// The first moment, in microseconds.
    pub(crate) fn begins_at(self) -> Option<i64> {
        self.from.map(|it| seconds(it) * SECOND_MICROS)
    }

    /// The first moment that is behind it, in microseconds.
    pub(crate) fn ends_before(self) -> Option<i64> {
        self.to.map(|it| (seconds(it) + DAY_SECONDS) * SECOND_MICROS)
    }
}

/// As it is kept: empty where it has no end on either side.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = self.from {
            write!(f, "{from}")?;
        }
        if *self != Self::default() {
            f.write_str("..")?;
        }
        self.to.map_or(Ok(()), |to| write!(f, "{to}"))
    }
}

/// A day of the calendar as it is written: `2026-11-30`, and nothing beside it.
///
/// # Errors
/// [`NoDay`].
pub fn day(text: &str) -> Result<Date, NoDay> {
    let is_day = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if is_day { text.parse().map_err(|_| NoDay) } else { Err(NoDay) }
}

/// Counted by days: the last days that there are have no moment of their own in every zone.
fn seconds(day: Date) -> i64 {
    day.duration_since(EPOCH).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(from: &str, to: &str) -> Vec<String> {
        let wrong = Range::read(Some(from), Some(to)).expect_err("it is wrong");
        assert_eq!(wrong.code, "invalid_input");
        wrong.faults.into_iter().map(|it| it.pointer).collect()
    }

    #[test]
    fn both_days_are_a_part_of_it() {
        let range = Range::read(Some("1970-01-02"), Some(" 1970-01-03 ")).expect("two days");
        let day = DAY_SECONDS * SECOND_MICROS;
        assert_eq!((range.begins_at(), range.ends_before()), (Some(day), Some(3 * day)));
        let one = Range::read(Some("2026-11-05"), Some("2026-11-05")).expect("one day");
        assert_eq!(one.ends_before().zip(one.begins_at()).map(|it| it.0 - it.1), Some(day));
    }

    #[test]
    fn what_is_left_out_has_no_end() {
        let all = Range::read(None, Some("")).expect("everything");
        assert_eq!(all, Range::default());
        assert_eq!((all.begins_at(), all.ends_before()), (None, None));
    }

    #[test]
    fn the_first_and_the_last_day_that_there_are_can_be_said() {
        let range = Range::read(Some("0000-01-01"), Some("9999-12-31")).expect("all years");
        assert!(range.begins_at() < Some(0) && range.ends_before() > Some(0));
    }

    #[test]
    fn what_is_no_day_is_named() {
        assert_eq!(faults("yesterday", "2026-11-05"), ["/from"]);
        assert_eq!(faults("2026-11-05", "2026-02-30"), ["/to"]);
        assert_eq!(faults("2026-11-5", "2026-11-05T10:00:00"), ["/from", "/to"]);
        assert_eq!(faults("+02026-11-05", "-100000000"), ["/from", "/to"]);
        assert_eq!(faults("2026-11-05", "2026-11-04"), ["/to"]);
    }

    #[test]
    fn each_is_kept_under_a_name_of_its_own() {
        let named = |from, to| Range::read(from, to).expect("a range").to_string();
        let (one, two) = ("2026-11-01", "2026-11-30");
        assert_eq!(named(None, None), "");
        assert_eq!(named(Some(one), None), "2026-11-01..");
        assert_eq!(named(None, Some(one)), "..2026-11-01");
        assert_eq!(named(Some(one), Some(two)), "2026-11-01..2026-11-30");
    }
}
