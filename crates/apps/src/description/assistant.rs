//! Assistants: who answers questions from documents and records, in chats that are kept.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ConfigSource, ModelPolicy, ProgressSource};

/// An assistant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assistant {
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// Template of the question (minijinja, strict): blocks `system` and `user`.
    pub prompt: String,
    /// Which model answers.
    #[serde(default)]
    pub model: ModelPolicy,
    /// It looks into documents.
    #[serde(default = "yes")]
    pub documents: bool,
    /// It looks into these collections.
    #[serde(default)]
    pub collections: Vec<String>,
    /// The records that it is asked about: a chat is then about one of them.
    pub on: Option<AskedAbout>,
    /// Collection → the fields of its records that it is shown. Left out: of the record it is asked about
    /// all of them, of records that are found its `columns`.
    #[serde(default)]
    pub shows: IndexMap<String, Vec<String>>,
    /// Name in the template → where it comes from.
    #[serde(default)]
    pub context: IndexMap<String, AssistantSource>,
    /// The longest system prompt that a person may set for themselves, in characters; 0 lets nobody.
    #[serde(default = "own_prompt_chars")]
    pub own_prompt_chars: u32,
    /// How long a question may be.
    #[serde(default)]
    pub question: QuestionLimits,
    /// What becomes of a question that is longer.
    #[serde(default)]
    pub long_question: LongQuestion,
    /// What becomes of a question where no model is there to answer it.
    #[serde(default)]
    pub without_model: WithoutModel,
    /// How much of what was said before goes along, in tokens; the newest first.
    #[serde(default = "history_tokens")]
    pub history_tokens: u64,
    /// What is looked up for a question.
    #[serde(default)]
    pub retrieval: Retrieval,
    /// Searching the web, where the server has a search to ask.
    #[serde(default)]
    pub web: WebSearch,
    /// What chats are called.
    #[serde(default)]
    pub titles: Titles,
    /// What could be asked next is proposed with each answer; nothing is when left out.
    pub followups: Option<Followups>,
    /// The messages of a chat that are kept; the oldest go first.
    #[serde(default = "messages")]
    pub messages: u32,
    /// Seconds for which an answer goes on without anybody who reads it: so long may a connection
    /// be lost. Then the model is stopped.
    #[serde(default = "linger_s")]
    pub linger_s: u64,
}

/// Where a value in the template of an assistant comes from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AssistantSource {
    /// How the results of whoever asks went.
    Progress(ProgressSource),
    /// `config.NAME`: a document of `config/`, or a part of one.
    Config(ConfigSource),
}

/// The records that an assistant is asked about. It knows one as it was when the chat began.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedAbout {
    /// Their collection.
    pub records: String,
    /// What goes along with one.
    #[serde(default)]
    pub with: Vec<Kin>,
    /// How many earlier versions go along, the newest first: of results whose texts name the one before.
    #[serde(default)]
    pub earlier: usize,
    /// The most characters of all that goes along, as JSON: earlier versions that find no room are left
    /// out, then the parent. The record itself always goes.
    #[serde(default = "about_chars")]
    pub chars: usize,
}

/// What goes along with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kin {
    /// The record it lies in.
    Parent,
}

/// What becomes of a question that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LongQuestion {
    /// It is cut at a word, and that is told.
    #[default]
    Cut,
    /// It is refused.
    Refuse,
}

/// What becomes of a question where no model is there to answer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithoutModel {
    /// The best passages are quoted, and that is said.
    #[default]
    Quote,
    /// It is refused: `model_unavailable`.
    Refuse,
}

/// How long a question may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuestionLimits {
    /// In characters.
    pub chars: usize,
    /// In tokens.
    pub tokens: u64,
    /// The fewest characters.
    pub least: usize,
}

impl Default for QuestionLimits {
    fn default() -> Self {
        Self { chars: 10_000, tokens: 2_000, least: 1 }
    }
}

/// What is looked up for a question.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retrieval {
    /// The most passages.
    pub top_k: usize,
    /// Passages below this score are left out, from 0 to 1.
    pub min_score: f32,
    /// The most characters of one passage that the model is shown.
    pub chunk_chars: usize,
    /// The most characters of all of them.
    pub context_chars: usize,
}

impl Default for Retrieval {
    fn default() -> Self {
        Self { top_k: 6, min_score: 0.20, chunk_chars: 900, context_chars: 4_000 }
    }
}

/// Searching the web for a question that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebSearch {
    /// Off, nobody can ask for it.
    pub enabled: bool,
    /// The most results that are looked at.
    pub results: usize,
}

impl Default for WebSearch {
    fn default() -> Self {
        Self { enabled: true, results: 5 }
    }
}

/// What chats are called: a few words for the first question.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Titles {
    /// The most words.
    pub words: usize,
    /// Template of the question for a title; one of the house's own when left out.
    pub prompt: Option<String>,
    /// Which model is asked; without one the first words of the question serve.
    pub model: ModelPolicy,
}

impl Default for Titles {
    fn default() -> Self {
        let model = ModelPolicy {
            priority: models::Priority::Speed,
            max_tokens: 64,
            ..ModelPolicy::default()
        };
        Self { words: 7, prompt: None, model }
    }
}

/// What could be asked next: questions that go on from an answer and that its sources answer, proposed once
/// it is whole. There are fewer where the sources answer no more, and none where no model proposes any.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Followups {
    /// The most questions.
    pub count: usize,
    /// Template of the question for them; one of the house's own when left out.
    pub prompt: Option<String>,
    /// Which model is asked. It counts as the assistant's use, like that of the answer.
    pub model: ModelPolicy,
}

impl Default for Followups {
    fn default() -> Self {
        let model = ModelPolicy {
            priority: models::Priority::Speed,
            max_tokens: 400,
            ..ModelPolicy::default()
        };
        Self { count: 3, prompt: None, model }
    }
}

fn yes() -> bool {
    true
}

fn about_chars() -> usize {
    60_000
}

fn own_prompt_chars() -> u32 {
    2_000
}

fn history_tokens() -> u64 {
    8_000
}

fn messages() -> u32 {
    200
}

fn linger_s() -> u64 {
    20
}
