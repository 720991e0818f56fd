//! The hours of the day in which heavy work may begin.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Time, Weekday},
    tz::TimeZone,
};

/// Hours of the day, over midnight too, on all days or on some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    from: Time,
    to: Time,
    /// The days on which it opens; all when there are none.
    days: Vec<Weekday>,
}

/// Why hours are no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    /// A text is no time of the day.
    #[error("`{0}` is no time of the day")]
    Time(String),
    /// A text is no day.
    #[error("`{0}` is no day of the week")]
    Day(String),
    /// It begins when it ends.
    #[error("it begins and ends at {0}, so nobody can say how long it is")]
    Empty(String),
}

/// The names of the days, as expressions have them.
pub(crate) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Window {
    /// Reads hours such as `22:00` and `06:00`, and the days (`mon` to `sun`) on which they begin.
    ///
    /// # Errors
    /// [`InvalidWindow`] for the first text that is wrong.
    pub fn read<S: AsRef<str>>(from: &str, to: &str, days: &[S]) -> Result<Self, InvalidWindow> {
        let time = |text: &str| {
            let is_short = text.len() == 5 && text.as_bytes()[2] == b':';
            let read = text.parse::<Time>().ok().filter(|_| is_short);
            read.ok_or_else(|| InvalidWindow::Time(text.to_owned()))
        };
        let day = |text: &str| {
            let known = DAYS.iter().find(|it| it.0.eq_ignore_ascii_case(text));
            known.map(|it| it.1).ok_or_else(|| InvalidWindow::Day(text.to_owned()))
        };
        let window = Self {
            from: time(from)?,
            to: time(to)?,
            days: days.iter().map(|it| day(it.as_ref())).collect::<Result<_, _>>()?,
        };
        match window.from == window.to {
            true => Err(InvalidWindow::Empty(from.to_owned())),
            false => Ok(window),
        }
    }

    /// This moment when the window is open, else the one at which it opens next.
    pub(crate) fn opens(&self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let wall = zone.to_datetime(at);
        if self.is_open(wall.date().weekday(), wall.time()) {
            return at;
        }
        let mut date = wall.date();
        for _ in 0..=8 {
            if self.begins_on(date.weekday()) {
                let opening = zone.to_ambiguous_timestamp(date.to_datetime(self.from)).compatible();
                if let Some(opening) = opening.ok().filter(|it| *it > at) {
                    return opening;
                }
            }
            let Ok(tomorrow) = date.tomorrow() else { break };
            date = tomorrow;
        }
        at
    }

    fn is_open(&self, day: Weekday, time: Time) -> bool {
        if self.from < self.to {
            return self.begins_on(day) && self.from <= time && time < self.to;
        }
        // Over midnight: it began today, or yesterday.
        (self.begins_on(day) && self.from <= time)
            || (self.begins_on(day.previous()) && time < self.to)
    }

    fn begins_on(&self, day: Weekday) -> bool {
        self.days.is_empty() || self.days.contains(&day)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hour = |it: Time| format!("{:02}:{:02}", it.hour(), it.minute());
        write!(f, "{}-{}", hour(self.from), hour(self.to))?;
        for (at, day) in self.days.iter().enumerate() {
            let name = DAYS.iter().find(|it| it.1 == *day).map_or("", |it| it.0);
            write!(f, "{}{name}", if at == 0 { ' ' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, days: &[&str], at: &str, expected: &str) {
        let window = Window::read(from, to, days).expect("a window");
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let opens = window.opens(at.parse().expect("a moment"), &zone);
        assert_eq!(opens.to_string(), expected, "{window} at {at}");
    }

    #[test]
    fn what_comes_at_noon_waits_for_the_night() {
        check("22:00", "06:00", &[], "2026-11-21T11:00:00Z", "2026-11-21T21:00:00Z");
    }

    #[test]
    fn what_comes_at_night_begins_at_once() {
        check("22:00", "06:00", &[], "2026-11-21T23:30:00Z", "2026-11-21T23:30:00Z");
        check("22:00", "06:00", &[], "2026-11-22T04:59:00Z", "2026-11-22T04:59:00Z");
        check("22:00", "06:00", &[], "2026-11-22T05:00:00Z", "2026-11-22T21:00:00Z");
    }

    #[test]
    fn a_window_of_some_days_opens_on_those_and_lasts_into_the_next() {
        // 21 November 2026 is a Saturday.
        check("22:00", "06:00", &["fri"], "2026-11-21T03:00:00Z", "2026-11-21T03:00:00Z");
        check("22:00", "06:00", &["fri"], "2026-11-21T23:00:00Z", "2026-11-27T21:00:00Z");
        check("09:00", "17:00", &["sat", "sun"], "2026-11-20T11:00:00Z", "2026-11-21T08:00:00Z");
    }

    #[test]
    fn hours_that_are_none_are_refused() {
        let refused = |from: &str, to: &str, days: &[&str]| {
            Window::read(from, to, days).expect_err("no window").to_string()
        };
        assert_eq!(refused("24:00", "06:00", &[]), "`24:00` is no time of the day");
        assert_eq!(refused("10pm", "06:00", &[]), "`10pm` is no time of the day");
        assert!(refused("06:00", "06:00", &[]).contains("begins and ends"));
        assert_eq!(refused("22:00", "06:00", &["friday"]), "`friday` is no day of the week");
    }

    #[test]
    fn a_window_says_what_it_is() {
        let window = Window::read("22:00", "06:00", &["sat", "sun"]).expect("a window");
        assert_eq!(window.to_string(), "22:00-06:00 sat,sun");
    }
}
