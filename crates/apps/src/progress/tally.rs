//! From days to weeks, months and quarters, and to a trend. No I/O.

use std::collections::BTreeMap;

use base::Timestamp;
use jiff::{Span, ToSpan, civil::Date, tz::TimeZone};

/// The results of one day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// The day, counted from 1970-01-01.
    pub day: i64,
    /// How many results.
    pub count: u64,
    /// How many of them have the number.
    pub graded: u64,
    /// The sum of these numbers.
    pub total: f64,
}

/// How days are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
    /// Three months, from January on.
    Quarter,
}

/// What happened in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Its first day.
    pub from: Date,
    /// How many results.
    pub count: u64,
    /// The mean of their numbers.
    pub mean: Option<f64>,
}

/// The most periods that are told, the newest: ten years of weeks.
const PERIODS_MAX: usize = 522;

impl Period {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Quarter];

    /// Its name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    /// The first day of the period that a day is in.
    pub fn start(self, day: Date) -> Date {
        match self {
            Self::Week => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(since_monday.days()).unwrap_or(day)
            }
            Self::Month => day.first_of_month(),
            Self::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                Date::new(day.year(), month, 1).unwrap_or(day)
            }
        }
    }

    fn length(self) -> Span {
        match self {
            Self::Week => 7.days(),
            Self::Month => 1.month(),
            Self::Quarter => 3.months(),
        }
    }
}

/// The periods from the first day with a result to the last, also those without any.
pub fn periods(days: &[Day], period: Period) -> Vec<Bucket> {
    let mut sums: BTreeMap<Date, (u64, u64, f64)> = BTreeMap::new();
    for day in days {
        let Some(date) = date(day.day) else { continue };
        let sum = sums.entry(period.start(date)).or_default();
        sum.0 += day.count;
        sum.1 += day.graded;
        sum.2 += day.total;
    }
    let (Some(first), Some(last)) = (sums.keys().next(), sums.keys().next_back()) else {
        return Vec::new();
    };
    let (mut from, last) = (*first, *last);
    // What lies further back than is told need not be walked through.
    if let Some(newest) = sums.keys().rev().nth(PERIODS_MAX - 1) {
        from = *newest;
    }
    let mut buckets = Vec::new();
    while from <= last {
        let (count, graded, total) = sums.get(&from).copied().unwrap_or_default();
        buckets.push(Bucket { from, count, mean: mean(graded, total) });
        match from.checked_add(period.length()) {
            Ok(next) => from = next,
            Err(_) => break,
        }
    }
    let surplus = buckets.len().saturating_sub(PERIODS_MAX);
    buckets.split_off(surplus)
}

/// By how much the number grows in thirty days: the slope of the line that lies nearest to all results.
/// None when all are of one day.
pub fn slope_30_days(days: &[Day]) -> Option<f64> {
    let graded: Vec<&Day> = days.iter().filter(|it| it.graded > 0).collect();
    let first = graded.first()?.day;
    let (mut n, mut sum_x, mut sum_y, mut sum_xx, mut sum_xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for day in graded {
        // Counted from the first day: sums of squares of days since 1970 would lose their last digits.
        let (x, count) = ((day.day - first) as f64, day.graded as f64);
        n += count;
        sum_x += x * count;
        sum_y += day.total;
        sum_xx += x * x * count;
        sum_xy += x * day.total;
    }
    let spread = n * sum_xx - sum_x * sum_x;
    (spread > 0.0).then(|| round(30.0 * (n * sum_xy - sum_x * sum_y) / spread))
}

/// The mean of some numbers, if there are any.
pub fn mean(count: u64, total: f64) -> Option<f64> {
    (count > 0).then(|| round(total / count as f64))
}

/// To four digits: databases add in different orders, and nobody reads more.
pub fn round(number: f64) -> f64 {
    let rounded = (number * 10_000.0).round() / 10_000.0;
    // A zero below zero reads as a mistake.
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// A day counted from 1970-01-01.
pub fn date(day: i64) -> Option<Date> {
    let second = day.checked_mul(86_400)?;
    Some(Timestamp::from_second(second).ok()?.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str, numbers: &[f64]) -> Day {
        let date: Date = date.parse().expect("a day");
        let since = date.to_zoned(TimeZone::UTC).expect("a day").timestamp().as_second();
        let count = numbers.len() as u64;
        Day { day: since / 86_400, count, graded: count, total: numbers.iter().sum() }
    }

    fn shown(buckets: &[Bucket]) -> Vec<String> {
        let mean = |it: Option<f64>| it.map_or("-".to_owned(), |it| it.to_string());
        buckets.iter().map(|it| format!("{} {} {}", it.from, it.count, mean(it.mean))).collect()
    }

    /// Wednesday the 4th of November, Sunday the 8th, Monday the 9th, the 1st of January.
    fn days() -> Vec<Day> {
        vec![
            day("2026-11-04", &[2.0]),
            day("2026-11-08", &[3.0, 4.0]),
            day("2026-11-09", &[4.0]),
            day("2027-01-01", &[5.0]),
        ]
    }

    #[test]
    fn a_week_begins_on_monday_and_empty_ones_are_told() {
        let told = shown(&periods(&days(), Period::Week));
        assert_eq!(told[..3], ["2026-11-02 3 3", "2026-11-09 1 4", "2026-11-16 0 -"]);
        assert_eq!(told.len(), 9);
        assert_eq!(told[8], "2026-12-28 1 5");
    }

    #[test]
    fn months_and_quarters_are_those_of_the_calendar() {
        let told = shown(&periods(&days(), Period::Month));
        assert_eq!(told, ["2026-11-01 4 3.25", "2026-12-01 0 -", "2027-01-01 1 5"]);
        let told = shown(&periods(&days(), Period::Quarter));
        assert_eq!(told, ["2026-10-01 4 3.25", "2027-01-01 1 5"]);
    }

    #[test]
    fn without_results_there_are_no_periods_and_no_trend() {
        assert_eq!(periods(&[], Period::Week), []);
        assert_eq!(slope_30_days(&[]), None);
        assert_eq!(slope_30_days(&[day("2026-11-04", &[2.0, 5.0])]), None);
    }

    #[test]
    fn results_without_the_number_count_and_have_no_mean() {
        let day = Day { graded: 0, total: 0.0, ..day("2026-11-04", &[1.0, 1.0]) };
        assert_eq!(shown(&periods(&[day], Period::Month)), ["2026-11-01 2 -"]);
    }

    #[test]
    fn the_trend_is_the_line_nearest_to_all_results() {
        let rising =
            [day("2026-11-01", &[1.0]), day("2026-11-11", &[2.0]), day("2026-11-21", &[3.0])];
        assert_eq!(slope_30_days(&rising), Some(3.0));
        // Of one day two, of which the mean is 3; ten days later 3: flat.
        let flat = [day("2026-11-01", &[2.0, 4.0]), day("2026-11-11", &[3.0])];
        assert_eq!(slope_30_days(&flat), Some(0.0));
    }

    #[test]
    fn only_the_newest_periods_are_told() {
        let long = [day("1990-01-01", &[1.0]), day("2026-11-04", &[2.0])];
        let told = periods(&long, Period::Week);
        assert_eq!(told.len(), PERIODS_MAX);
        assert_eq!(told.last().map(|it| it.from.to_string()).as_deref(), Some("2026-11-02"));
    }
}
