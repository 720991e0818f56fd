//! Questions over data: people ask in words, a model writes one query, the database answers from what
//! is listed here and from nothing else, and a model puts the answer into words.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ConfigSource, ModelPolicy, Recent};

/// Questions over some tables.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// All that can be asked: name of a table → what of a collection it shows. A tenant's own rows only.
    pub tables: IndexMap<String, QuestionTable>,
    /// `config.NAME`: a document whose list `tables` has the names that no query may name, each as
    /// `{table_name, reason}`. What is not under `tables` is out of reach anyway; of these it is told.
    pub restricted: Option<String>,
    /// Asks for the query.
    pub query: Asked,
    /// Asks for the answer in words.
    pub answer: Asked,
    /// Asks for what could be asked next.
    pub followups: Asked,
    /// Asks for a word about an answer that somebody got.
    pub comment: Option<Comment>,
    /// Documents of `config/`, or parts of them, that the templates see: name → `config.NAME`.
    #[serde(default)]
    pub context: IndexMap<String, ConfigSource>,
    /// `config.NAME`: questions to begin with, `{categories: {NAME: {LANGUAGE: {title, description,
    /// questions}}}}`.
    pub initial: Option<String>,
    /// The time that a question is about when it names none.
    pub period: Option<Period>,
    /// Records like the question, shown to whoever writes the query.
    pub similar: Option<Similar>,
    /// How many turns of the conversation go along.
    #[serde(default = "turns")]
    pub turns: u32,
    /// The most tokens of what goes along: a longer conversation has to begin anew.
    #[serde(default = "context_tokens")]
    pub context_tokens: u64,
    /// The longest question, in characters.
    #[serde(default = "question_chars")]
    pub question_chars: usize,
    /// Days for which an answer is given again to the same question; 0 never.
    #[serde(default = "cache_days")]
    pub cache_days: u32,
    /// Days for which conversations are kept after their last turn.
    #[serde(default = "keep_days")]
    pub keep_days: u32,
    /// The first characters of a question that its conversation is called by.
    #[serde(default = "title_chars")]
    pub title_chars: usize,
    /// How often a query that was wrong is written anew.
    #[serde(default = "repairs")]
    pub repairs: u32,
    /// How much one query may take.
    #[serde(default)]
    pub limits: QueryLimits,
}

/// What a table shows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionTable {
    /// The collection whose records are its rows.
    pub of: String,
    /// What a row is, for whoever writes the query.
    #[serde(default)]
    pub about: String,
    /// Its columns; every other field stays out of sight.
    pub columns: IndexMap<String, QuestionColumn>,
}

/// A column.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuestionColumn {
    /// The field; the column's own name when left out.
    pub field: Option<String>,
    /// What its values are.
    #[serde(rename = "as")]
    pub kind: ColumnKind,
    /// What it means, for whoever writes the query.
    pub about: String,
    /// Value → the words that mean it, whatever their capitals. What is none of them shows as nothing.
    pub words: IndexMap<String, Vec<String>>,
}

/// What the values of a column are. What is something else in a record shows as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Text as it is.
    #[default]
    Text,
    /// Text in small letters without spaces around it: what is meant to be grouped.
    Word,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A moment in UTC.
    Timestamp,
    /// A day.
    Date,
}

/// A template and who is asked with it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Template of the question (minijinja, strict): blocks `system` and `user`.
    pub prompt: String,
    /// Which model.
    #[serde(default)]
    pub model: ModelPolicy,
}

/// A word about an answer that somebody got, beside a record.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Template of the question.
    pub prompt: String,
    /// Which model.
    #[serde(default)]
    pub model: ModelPolicy,
    /// The collection of the record.
    pub collection: String,
    /// The field that callers know a record by; its id serves too.
    pub key: Option<String>,
    /// The fields of it that are shown to the model.
    pub fields: Vec<String>,
}

/// The time that a question is about.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The column that has the time, in every table that has one of this name.
    pub column: String,
    /// So many months up to now, unless the question says otherwise.
    #[serde(default = "months")]
    pub months: u32,
    /// Rows that are older are out of sight.
    pub reach_days: Option<u32>,
}

/// Records like the question.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Similar {
    /// Their collection; it must be searched by words (`search`). They are found by meaning too where it has `embed`.
    pub collection: String,
    /// The field that is shown.
    pub field: String,
    /// The most of them.
    #[serde(default = "similar_top")]
    pub top: u32,
    /// The most characters of one.
    #[serde(default = "similar_chars")]
    pub chars: usize,
    /// Only those of the last months; all when left out.
    pub recent: Option<Recent>,
}

/// How much one query may take.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueryLimits {
    /// The most rows.
    pub rows: usize,
    /// The most characters of one value.
    pub cell_chars: usize,
    /// The most bytes of all of them.
    pub bytes: usize,
    /// The longest time, in milliseconds.
    pub time_ms: u64,
    /// PostgreSQL: the most that its planner may expect it to cost.
    pub cost: f64,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { rows: 1_000, cell_chars: 2_000, bytes: 1 << 20, time_ms: 10_000, cost: 5_000_000.0 }
    }
}

fn turns() -> u32 {
    10
}

fn context_tokens() -> u64 {
    6_000
}

fn question_chars() -> usize {
    2_000
}

fn cache_days() -> u32 {
    7
}

fn keep_days() -> u32 {
    30
}

fn title_chars() -> usize {
    50
}

fn repairs() -> u32 {
    2
}

fn months() -> u32 {
    2
}

fn similar_top() -> u32 {
    5
}

fn similar_chars() -> usize {
    300
}
