//! Completing: who is asked for what nobody wrote down.

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

/// How fields that nobody wrote down are found. What the rules found always wins.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The fields.
    pub fields: Vec<String>,
    /// When it is asked for; an expression of `it`. When one of the fields is empty, when left out.
    pub when: Option<String>,
    /// Fields that the answer hangs on: while they are as they were, what the record has is taken.
    #[serde(default)]
    pub beside: Vec<String>,
    /// A model, or the rules in its stead.
    pub task: Option<TaskAsk>,
    /// Somebody outside.
    pub lookup: Option<Lookup>,
    /// Field → what it becomes, of `answer` and `it`. Empty ones are filled, others stay.
    pub fills: IndexMap<String, String>,
    /// It is asked for in every run, also where there was an answer before; where nobody answers now, what
    /// the source said last stays.
    #[serde(default)]
    pub anew: bool,
    /// A field that becomes true once it was asked for, whatever came of it.
    pub attempted: Option<String>,
    /// A field that is true while nobody answers, and false when somebody did.
    pub marks: Option<String>,
    /// How many are asked for at the same time.
    #[serde(default = "one")]
    pub at_once: u32,
    /// The most questions of one run; the next one goes on.
    #[serde(default = "thousand")]
    pub most: u32,
}

/// A task that is asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskAsk {
    /// Its name in the description.
    pub name: String,
    /// Name → expression of `it` and `raw` (the row as it was): its `input`.
    #[serde(default)]
    pub input: IndexMap<String, String>,
    /// The address of a page, an expression of `it` and `raw`: its words are given to the task as
    /// `input.page`; also those of a PDF or an office document that lies there. Of a list of addresses the
    /// first that has words. Without an address nothing is asked.
    pub page: Option<String>,
}

/// Somebody outside who is asked, once for each thing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// What is looked up: an expression of `it`. Equal ones are asked for once.
    pub of: String,
    /// Where.
    pub url: String,
    /// What is added to the address.
    #[serde(default)]
    pub query: IndexMap<String, Json>,
    /// What is said along with it.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// The path of `answer` in the JSON that comes back.
    #[serde(default)]
    pub answer: String,
    /// The pause between two questions.
    #[serde(default = "second")]
    pub pace: SignedDuration,
    /// The longest time for one answer.
    #[serde(default = "five_seconds")]
    pub timeout: SignedDuration,
    /// How often a question is asked that brings no answer.
    #[serde(default = "three")]
    pub tries: u32,
}

fn one() -> u32 {
    1
}

fn three() -> u32 {
    3
}

fn thousand() -> u32 {
    1_000
}

fn second() -> SignedDuration {
    SignedDuration::from_secs(1)
}

fn five_seconds() -> SignedDuration {
    SignedDuration::from_secs(5)
}
