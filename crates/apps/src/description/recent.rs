//! Records of the last months: how far back something looks.

use base::Timestamp;
use jiff::{Span, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;

/// Records of the last months.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recent {
    /// The field with the day or the moment that they are of.
    pub field: String,
    /// So many months up to today.
    pub months: u32,
}

impl Recent {
    /// The first day that counts, in UTC.
    pub fn since(&self, now: Timestamp) -> Date {
        let today = now.to_zoned(TimeZone::UTC).date();
        let back = Span::new().try_months(i64::from(self.months)).ok();
        back.and_then(|it| today.checked_sub(it).ok()).unwrap_or(Date::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_months_begin_on_the_same_day_of_the_month() {
        let recent = |months| Recent { field: "day".into(), months };
        let now = testkit::moment(testkit::START);
        assert_eq!(recent(6).since(now).to_string(), "2026-05-21");
        assert_eq!(recent(u32::MAX).since(now), Date::MIN, "further back than there are days");
    }
}
