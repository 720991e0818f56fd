//! Reading: where rows are in a document, and where their fields.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// How what was fetched becomes rows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parse {
    /// What it is.
    #[serde(default)]
    pub kind: Format,
    /// Where the rows are: a CSS selector, or the path of a list in JSON (empty: the whole).
    #[serde(default)]
    pub rows: String,
    /// A regular expression that is found in the document once for each row: an independent count.
    pub count: Option<String>,
    /// A regular expression that only a whole document fits.
    pub whole: Option<String>,
    /// A regular expression that a document fits which rightly has no rows.
    pub empty: Option<String>,
    /// What stands between the cells of CSV.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// Fields without which a row is set aside.
    #[serde(default)]
    pub required: Vec<String>,
    /// Keys that each row of JSON must have, whatever they hold.
    #[serde(default)]
    pub present: Vec<String>,
    /// Field → where it is in a row: a selector, a path, a column.
    pub fields: IndexMap<String, Field>,
    /// Who reads a row that resists.
    pub fallback: Option<Fallback>,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Pages, by CSS selectors.
    #[default]
    Html,
    /// JSON, by paths: `items`, `venue.city`, `times.0`, or a pointer that begins with `/`.
    Json,
    /// Tables, by the words of their first line.
    Csv,
}

/// Where a field is: in short, or in full.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Field {
    /// A selector, a path or a column.
    Short(String),
    /// With what is taken of it.
    Full(Box<FieldSpec>),
}

/// Where a field is, and what is taken of it. Text comes with its entities decoded and its blanks
/// joined; nothing of it is null.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldSpec {
    /// In a page: a CSS selector within the row; the row itself when left out.
    pub css: Option<String>,
    /// In JSON: a path within the row; the row itself when left out.
    pub path: Option<String>,
    /// In a table: the word above the column.
    pub column: Option<String>,
    /// The value of this attribute, not the text.
    pub attr: Option<String>,
    /// What of an element is taken.
    pub take: Taken,
    /// The how-manieth of those that are found, from 0.
    pub at: usize,
    /// All that are found, as a list.
    pub all: bool,
    /// Only whether it is there.
    pub has: bool,
    /// A text becomes the list of its parts between these.
    pub split: Option<String>,
    /// A regular expression: its named groups as an object, else its first group, else what it finds.
    pub find: Option<String>,
    /// A list: each that is found becomes an object of these fields.
    pub each: Option<IndexMap<String, Field>>,
    /// Entries of the list that lack one of these are left out.
    pub keep: Vec<String>,
    /// Each entry of the list becomes an object of these expressions of `entry`.
    pub map: Option<IndexMap<String, String>>,
}

/// What of an element is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// All of its text in one line.
    #[default]
    Text,
    /// The text that stands in it directly, not in elements within it.
    Own,
    /// Its text, line by line.
    Lines,
    /// Its HTML.
    Html,
}

/// Who reads a row that resists.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// A task that is given the row as `input.row` and answers with a record.
    pub task: String,
    /// A field that becomes true in such a record.
    pub marks: Option<String>,
    /// The most rows of one run.
    #[serde(default = "twenty")]
    pub most: u32,
}

impl Field {
    /// Is it a place in JSON, whatever else is read?
    pub fn is_by_path(&self) -> bool {
        matches!(self, Self::Full(spec) if spec.path.is_some())
    }

    /// In full: what a short one means depends on what is read.
    pub fn full(&self, kind: Format) -> FieldSpec {
        match self {
            Self::Full(spec) => (**spec).clone(),
            Self::Short(text) => {
                let place = Some(text.clone());
                match kind {
                    Format::Html => FieldSpec { css: place, ..FieldSpec::default() },
                    Format::Json => FieldSpec { path: place, ..FieldSpec::default() },
                    Format::Csv => FieldSpec { column: place, ..FieldSpec::default() },
                }
            }
        }
    }
}

fn comma() -> char {
    ','
}

fn twenty() -> u32 {
    20
}
