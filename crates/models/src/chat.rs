//! A conversation with a model, in words that no provider owns: everything that the dialects of
//! callers and providers can say, so that one can be told in another.
//!
//! Same-dialect calls do not come through here: their bytes pass. What a dialect has and this has
//! not is kept in [`Request::extra`] and goes only to providers of the same family.
//!
//! Start at [`Request`]; answers are [`Answer`] whole, or a run of [`Event`]. Shown as `Debug`, all of
//! them tell how much there is and never what: it may come into a log.

pub mod event;
mod shown;

use serde_json::{Map, Value as Json};

use crate::{Usage, dialect::Wire};
pub use event::Event;

/// What is asked of a model.
#[derive(Clone, PartialEq, Default)]
pub struct Request {
    /// As the caller names it: `provider/model`, an alias, or the provider's own name.
    pub model: String,
    /// The conversation so far, the rules included, in order.
    pub messages: Vec<Message>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must call one.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several in one turn.
    pub parallel_tool_calls: Option<bool>,
    /// The most tokens of the answer, reasoning included.
    pub max_tokens: Option<u64>,
    /// 0 is sober, 1 is lively. Never narrower than f64: 0.7 must not become 0.69999.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Only the k likeliest tokens.
    pub top_k: Option<u64>,
    /// Less of what was said already, by count.
    pub frequency_penalty: Option<f64>,
    /// Less of what was said already, at all.
    pub presence_penalty: Option<f64>,
    /// The same seed asks for the same answer.
    pub seed: Option<i64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The form of the answer.
    pub format: Option<Format>,
    /// How much to think first.
    pub reasoning: Option<Reasoning>,
    /// Whether the answer comes in pieces.
    pub stream: bool,
    /// The caller's word for their user.
    pub user: Option<String>,
    /// Fields that nobody here knows.
    pub extra: Map<String, Json>,
    /// Whose words `extra` are: they go only to providers that speak the same. None: to nobody.
    pub extra_of: Option<Wire>,
}

/// One turn of the conversation.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part>,
    /// The speaker's name, where a dialect has one.
    pub name: Option<String>,
}

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one who sets the rules; `developer` too.
    System,
    /// The one who asks. Results of tools are theirs in some dialects; here they are [`Role::Tool`].
    User,
    /// The model.
    Assistant,
    /// A tool that was called.
    Tool,
}

/// A piece of what is said.
#[derive(Clone, PartialEq)]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// The caller wants the conversation cached up to here (Anthropic's `cache_control`).
        cache: bool,
    },
    /// A picture.
    Image(Image),
    /// What the model thought, with the provider's proof of it, which must go back unchanged.
    Thinking {
        /// The words; empty when they are hidden.
        text: String,
        /// The proof.
        signature: Option<String>,
    },
    /// The model calls a tool.
    ToolCall {
        /// Which call; made up by us where a provider gives none.
        id: String,
        /// Which tool.
        name: String,
        /// JSON text, as the model wrote it.
        arguments: String,
    },
    /// What a tool gave back.
    ToolResult {
        /// Of which call.
        id: String,
        /// Of which tool, where that is known (Gemini wants it).
        name: Option<String>,
        /// What it gave.
        parts: Vec<Part>,
        /// It failed.
        is_error: bool,
    },
    /// The model declines.
    Refusal(String),
}

/// A picture.
#[derive(Clone, PartialEq)]
pub enum Image {
    /// Somewhere else.
    Url {
        /// Where.
        url: String,
        /// `low`, `high`, `auto`.
        detail: Option<String>,
    },
    /// Here.
    Bytes {
        /// `image/png`.
        media_type: String,
        /// Base64.
        data: String,
    },
}

/// What the model may call.
#[derive(Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub parameters: Json,
    /// Arguments must follow the schema to the letter.
    pub strict: Option<bool>,
}

/// Whether a tool must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// None.
    None,
    /// Some tool.
    Required,
    /// This tool.
    Named(String),
}

/// The form of an answer.
#[derive(Clone, PartialEq)]
pub enum Format {
    /// Any JSON object.
    JsonObject,
    /// JSON by a schema.
    JsonSchema {
        /// What the schema is called.
        name: String,
        /// The schema.
        schema: Json,
        /// To the letter.
        strict: Option<bool>,
    },
}

/// How much to think first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reasoning {
    /// `minimal`, `low`, `medium`, `high`.
    pub effort: Option<String>,
    /// The most tokens for it.
    pub budget_tokens: Option<u64>,
}

/// A whole answer.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The provider's id of it; made up where it gives none.
    pub id: String,
    /// The model that answered, by the provider's name for it.
    pub model: String,
    /// What it said: text, thinking, calls, a refusal.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub finish: Finish,
    /// What it used; none when nobody counted.
    pub usage: Option<Usage>,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It was complete, or met a stop text.
    Stop,
    /// The limit of tokens was reached.
    Length,
    /// A tool is to be called.
    ToolCalls,
    /// The provider held it back.
    Filtered,
    /// A word of the provider's own.
    Other(String),
}
