//! What an application says about a source: the types of a document under `sources:` of `app.yaml`.
//!
//! The names here are the keys of the file; each comment is its manual. Texts of `fetch` may hold
//! `{{ … }}`; what stands under `map`, `compute`, `values`, `when` and `fills` is an expression as it is.
//!
//! Start at [`Source`]; what is looked up while somebody waits is a [`LiveLookup`]. [`crate::program`] makes
//! both ready and says what is wrong with them.

mod complete;
mod fetch;
mod live;
mod parse;

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

pub use complete::{Completion, Lookup, TaskAsk};
pub use fetch::{Fetch, Method, Records, Step};
pub use live::{LiveCache, LiveLookup};
pub use parse::{Fallback, Field, FieldSpec, Format, Parse, Taken};

/// Where records come from, and how they are made of what is there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// The collection that the records go into.
    pub into: String,
    /// The fields by which a record is recognised: unique together in the collection.
    pub key: Vec<String>,
    /// The time zone in which `today` is a day; UTC when left out.
    pub zone: Option<String>,
    /// Whether it runs at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How what it is made of is fetched.
    pub fetch: Fetch,
    /// How what was fetched becomes rows.
    pub parse: Parse,
    /// How far it was read, where it grows at its end and is read page by page.
    pub cursor: Option<Cursor>,
    /// Rows that are set aside, with the reason; the first that is true counts.
    #[serde(default)]
    pub refuse: Vec<Refusal>,
    /// Words and codes that expressions look up, as `tables.NAME`.
    #[serde(default)]
    pub tables: IndexMap<String, Json>,
    /// Field → what it becomes, of `row` and of the fields before it, `it`. A name that begins with `_`
    /// is a note for later expressions and is not kept.
    pub map: IndexMap<String, String>,
    /// Field → what becomes of it when several rows are one record; the first that is not empty when
    /// left out.
    #[serde(default)]
    pub merge: IndexMap<String, Merge>,
    /// Field → what it becomes once rows are merged, of `it`.
    #[serde(default)]
    pub compute: IndexMap<String, String>,
    /// How fields that nobody wrote down are found, in order.
    #[serde(default)]
    pub complete: Vec<Completion>,
    /// When what was fetched is not believed.
    #[serde(default)]
    pub checks: Checks,
    /// What becomes of records that are there.
    #[serde(default)]
    pub existing: Existing,
    /// What becomes of records that the source no longer has.
    pub gone: Option<Gone>,
    /// How long what was fetched and made is good.
    #[serde(default)]
    pub cache: CacheSpans,
    /// How every run is wanted, whoever wants it.
    #[serde(default)]
    pub flags: Always,
}

/// How every run of a source is wanted: expressions, of `env` for the most part. True is also a text that
/// says so: `true`, `yes`, `on`, `1`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Always {
    /// Nothing that is kept is used.
    pub refresh: Option<String>,
    /// Everything that may help to find a fault is told.
    pub debug: Option<String>,
    /// Everything is done but writing.
    pub validate: Option<String>,
}

impl Always {
    /// The expressions, by their keys.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all =
            [("refresh", &self.refresh), ("debug", &self.debug), ("validate", &self.validate)];
        all.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)))
    }
}

/// How far a source was read that grows at its end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The field of a row that grows: a whole number, or the text of one.
    pub field: String,
    /// Where to begin: rows after this one. A text with `{{ … }}`.
    #[serde(default = "zero")]
    pub start: String,
    /// How many rows are asked for at a time, at least 1. A text with `{{ … }}`.
    #[serde(default = "five_hundred")]
    pub limit: String,
    /// How far each run looks back behind the highest number it has seen, for rows that came late.
    #[serde(default = "thousand")]
    pub look_back: u32,
    /// How often everything is read from the beginning, for rows that came later than that.
    #[serde(default = "day")]
    pub whole_every: SignedDuration,
    /// The most pages of one run; the next one goes on behind them.
    #[serde(default = "pages_max")]
    pub pages_max: u32,
}

/// Rows that are set aside.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// An expression of `row`.
    pub when: String,
    /// The reason, for people.
    pub because: String,
}

/// What becomes of a field when several rows are one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// The first that is not empty.
    First,
    /// The last that is not empty.
    Last,
    /// All entries of all lists, each once.
    Union,
    /// True when one is.
    Any,
    /// True when all are.
    All,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

/// When what was fetched is not believed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Checks {
    /// Fewer records than this share of the last good run are refused.
    pub keep_least: f64,
    /// A required field that is missing in more than this share of the rows means that the structure
    /// has changed.
    pub missing_most: f64,
    /// More than this share of records that do not fit the collection is refused as a whole.
    pub invalid_most: f64,
}

/// What becomes of records that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// What the source says now, but for fields that somebody changed by hand.
    #[default]
    Update,
    /// They stay as they are: a second arrival changes nothing.
    Keep,
}

/// What becomes of records that the source no longer has. They are never deleted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// A field that becomes true, and false again when the record comes back.
    pub field: Option<String>,
    /// Only records for which this is true; an expression of `it`.
    pub when: Option<String>,
}

/// How long what was fetched and made is good.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSpans {
    /// Pages as they came.
    pub html: SignedDuration,
    /// The most pages that are kept, of all sources together.
    pub html_entries: u32,
    /// Records made of a page.
    pub structured: SignedDuration,
    /// What was found equal to its record.
    pub comparison: SignedDuration,
    /// Answers of others: places of addresses, words of models.
    pub answer: SignedDuration,
}

impl Default for Checks {
    fn default() -> Self {
        Self { keep_least: 0.7, missing_most: 0.5, invalid_most: 0.5 }
    }
}

impl Default for CacheSpans {
    fn default() -> Self {
        Self {
            html: SignedDuration::from_hours(24),
            html_entries: 128,
            structured: SignedDuration::from_hours(12),
            comparison: SignedDuration::from_hours(6),
            answer: SignedDuration::from_hours(7 * 24),
        }
    }
}

fn yes() -> bool {
    true
}

fn zero() -> String {
    "0".into()
}

fn five_hundred() -> String {
    "500".into()
}

fn thousand() -> u32 {
    1_000
}

fn day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

fn pages_max() -> u32 {
    10_000
}
