//! Tasks: what an application asks a model to do, and the rules that answer when there is none.

use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    ConfigPart, ProgressSource,
    result::{Computed, Part, ResultOf, Segments, TaskLanguages},
};

/// A task.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// The collection it works on.
    pub on: String,
    /// Records per question; all at once when left out.
    pub batch: Option<u32>,
    /// Rules look at the whole version at once even where a model is asked in batches.
    #[serde(default)]
    pub whole: bool,
    /// As a job, at once, or only as a step of another (left out).
    pub run: Option<RunMode>,
    /// Template of the question (minijinja, strict): blocks `system` and `user`.
    pub prompt: String,
    /// JSON Schema of the answer.
    pub output: String,
    /// Template that computes the same answer by rules, used when no model is there.
    pub fallback: Option<String>,
    /// Which model.
    #[serde(default)]
    pub model: ModelPolicy,
    /// Name in the templates → where it comes from.
    #[serde(default)]
    pub context: IndexMap<String, ContextSource>,
    /// JSON Schema of what the caller gives.
    pub input: Option<String>,
    /// It looks at a text: this field of a record, or what a caller gives instead of a record. Its
    /// templates see `input.text` and `input.language`.
    pub text: Option<String>,
    /// The collection in which each answer about a text is kept, with who gave it and what it cost.
    pub kept_in: Option<String>,
    /// Texts are handed in, and what comes of one is a result that is kept: see `results.submit`.
    pub result: Option<ResultOf>,
    /// How long somebody who hands a text in waits for the result, which goes on being made.
    pub deadline_s: Option<u64>,
    /// The languages of its texts and answers; those of the application when left out.
    pub languages: Option<TaskLanguages>,
    /// What the question is composed of: name in the templates → where it comes from. Rendered in this
    /// order; each sees what the ones before it are.
    #[serde(default)]
    pub parts: IndexMap<String, Part>,
    /// Fields of the answer that the house computes, whatever a model says there.
    #[serde(default)]
    pub computed: IndexMap<String, Computed>,
    /// Passages that the answer quotes from the text, or from something else that it was given.
    pub segments: Option<Segments>,
    /// The same question is answered with what was kept, as the gateway does: see `cache` of config/llm.yaml.
    #[serde(default)]
    pub cache: bool,
    /// The answer has one entry for each record.
    pub each: Option<Each>,
    /// Which fields of a record it fills.
    #[serde(default)]
    pub fills: Fills,
    /// Fields it does not touch when they are already there.
    #[serde(default)]
    pub keeps: Vec<String>,
    /// Where the answer speaks about the whole.
    pub summary: Option<SummaryFields>,
    /// The answer holds proposals.
    pub proposes: Option<Proposes>,
    /// What it makes.
    pub makes: Option<Makes>,
}

impl Task {
    /// The files of the templates that its question is composed of.
    pub fn part_files(&self) -> impl Iterator<Item = &str> {
        self.parts.values().filter_map(|it| match it {
            Part::Template(file) => Some(file.as_str()),
            Part::Document(_) => None,
        })
    }
}

/// Where a value in the templates comes from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ContextSource {
    /// All records of a shared collection by its name, or `config.NAME`: a document of `config/`, or a
    /// part of one, `config.NAME.part`.
    Named(String),
    /// A document of `config/` or a part of one, in the language of what is looked at.
    Config(ConfigPart),
    /// One record of the tenant, or a list of them.
    Chosen(Chosen),
    /// How the results of whoever asks went.
    Progress(ProgressSource),
    /// The last refused proposals of the parent, with what was said: so many.
    Refused {
        /// How many.
        refused: u32,
    },
}

/// One record of the tenant: the one that the input names as `<name>_id`, else the newest that fits.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// Its collection.
    pub collection: String,
    /// The field that ties it to the parent record: one that is tied wins over one that is not.
    pub beside: Option<String>,
    /// Values that its fields must have.
    #[serde(default)]
    pub only: IndexMap<String, Json>,
    /// Without one the task is refused.
    #[serde(default)]
    pub required: bool,
    /// All that fit instead of one, in their order: at most so many.
    pub most: Option<u32>,
}

/// When a task runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    /// As a job.
    Job,
    /// In the request.
    Now,
}

/// What a task makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Makes {
    /// A new version that waits to be activated.
    Version,
}

/// Which model a task asks, and how.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelPolicy {
    /// `speed`, `balanced`, `accuracy`.
    pub priority: models::Priority,
    /// `provider/model`, when it must be that one.
    pub name: Option<String>,
    /// 0 is the steadiest.
    pub temperature: f64,
    /// The longest answer.
    pub max_tokens: u32,
    /// How many answers are asked for until one follows the schema: each time with what was wrong, and
    /// more strictly. 1 does not ask again.
    pub answers: u32,
    /// Seconds between an answer that cannot be used and the next.
    pub pause_s: u32,
}

impl ModelPolicy {
    /// How long it is waited after an answer that cannot be used.
    pub fn pause(&self) -> Duration {
        Duration::from_secs(self.pause_s.into())
    }
}

impl Default for ModelPolicy {
    fn default() -> Self {
        Self {
            priority: models::Priority::Balanced,
            name: None,
            temperature: 0.1,
            max_tokens: 4096,
            answers: models::ask::ANSWERS,
            pause_s: 0,
        }
    }
}

/// The answer has one entry for each record: none missing, none twice. Missing ones are asked again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    /// The list in the answer.
    pub list: String,
    /// The field of an entry that names its record.
    pub key: String,
    /// The field of the record that it names.
    pub of: String,
}

/// Fields filled: a list when they have the same name in the answer, else field → name there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Fills {
    /// Same names.
    Same(Vec<String>),
    /// Field of the record → field of the answer.
    Named(IndexMap<String, String>),
}

impl Default for Fills {
    fn default() -> Self {
        Self::Same(Vec::new())
    }
}

impl Fills {
    /// Pairs of a record's field and the answer's.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Same(fields) => fields.iter().map(|it| (it.as_str(), it.as_str())).collect(),
            Self::Named(fields) => {
                fields.iter().map(|(field, from)| (field.as_str(), from.as_str())).collect()
            }
        }
    }
}

/// Where an answer speaks about the whole.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryFields {
    /// Two or three sentences.
    pub text: String,
    /// Anything.
    pub details: Option<String>,
    /// What of the details is counted in the records themselves.
    #[serde(default)]
    pub counted: Counted,
}

/// Parts of the details that are counted over all records once they are filled, so that they are
/// right whoever answered, and in however many batches.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Counted {
    /// The field that says how many records there are.
    pub total: Option<String>,
    /// Field ← the record's field whose values it lists, each once.
    pub values: IndexMap<String, String>,
    /// Field ← the record's field of which it says how often it has each value.
    pub breakdown: IndexMap<String, String>,
}

impl Counted {
    /// Is nothing counted?
    pub fn is_empty(&self) -> bool {
        self.total.is_none() && self.values.is_empty() && self.breakdown.is_empty()
    }
}

/// The answer holds proposals: `{item_id or null, category, suggestion, suggestion_payload}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposes {
    /// The list in the answer.
    pub list: String,
    /// The categories known.
    pub categories: Vec<String>,
}
