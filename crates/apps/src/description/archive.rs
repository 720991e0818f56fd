//! Archives: where records go when they are old, so that they can be brought back.

use jiff::{Span, Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;
use store::blob::Place;

/// Which records are archived, and where to. At least one of `older_than` and `keep_last`; with both, a
/// record goes when both say so.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Records past this age go: `12 months`, `90 days`, `7y`.
    pub older_than: Option<String>,
    /// What their age is counted from: `created_at`, `updated_at`, or a field that holds a date or a time.
    #[serde(default = "created_at")]
    pub field: String,
    /// The newest ones stay, whatever their age.
    pub keep_last: Option<KeepLast>,
    /// Where archives are put: where all files are, when left out.
    pub place: Option<Place>,
    /// The most records of one archive, with what lies in them.
    #[serde(default = "default_batch")]
    pub batch: u32,
    /// Records that were brought back stay at least so long: `30 days`.
    #[serde(default = "default_rest")]
    pub brought_back_stay: String,
}

/// The newest ones that stay.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepLast {
    /// How many.
    pub count: u32,
    /// Of whom: `created_by`, `parent`, `tenant`, or a field of the record.
    #[serde(default = "created_by")]
    pub per: String,
}

impl Archive {
    /// What lies before this is past its age; none when no age is declared.
    pub fn cutoff(&self, now: Timestamp) -> Option<Timestamp> {
        before(now, self.older_than.as_deref()?)
    }

    /// What was brought back after this stays.
    pub fn rested(&self, now: Timestamp) -> Timestamp {
        before(now, &self.brought_back_stay).unwrap_or(now)
    }
}

/// A moment so long before another, by the calendar; none when the text is no length of time.
pub fn before(now: Timestamp, length: &str) -> Option<Timestamp> {
    let span: Span = length.parse().ok()?;
    let positive = !span.is_negative();
    let then = now.to_zoned(TimeZone::UTC).checked_sub(span).ok()?;
    positive.then(|| then.timestamp())
}

fn created_at() -> String {
    "created_at".into()
}

fn created_by() -> String {
    "created_by".into()
}

fn default_batch() -> u32 {
    500
}

fn default_rest() -> String {
    "30 days".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_counted_by_the_calendar() {
        let now = testkit::moment("2026-11-21T08:00:00Z");
        let told = |text: &str| before(now, text).map(|it| it.to_string());
        assert_eq!(told("12 months").as_deref(), Some("2025-11-21T08:00:00Z"));
        assert_eq!(told("90 days").as_deref(), Some("2026-08-23T08:00:00Z"));
        assert_eq!(told("1y").as_deref(), Some("2025-11-21T08:00:00Z"));
        assert_eq!(told("a while"), None);
        assert_eq!(told("-3 days"), None);
    }
}
