//! How providers are spoken to. A provider is one file here and one line in [`REGISTRY`]: request
//! map, answer map, stream decoder, usage, error classes, rate headers, model list and check of its
//! configuration. Everything here is a plain function of bytes: no connection, no clock.

pub mod anthropic;
mod beside;
mod count;
mod fingerprint;
pub mod gemini;
pub mod groq;
pub mod huggingface;
pub mod minilm;
pub mod offline;
pub mod ollama;
pub mod openai;
pub mod proof;
mod refusal;
#[cfg(test)]
pub(crate) mod trial;
pub mod wait;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use crate::{
    Usage,
    chat::{Answer, Event, Request},
    quirk::Quirks,
    settings::ProviderSettings,
    sse::Frame,
};

/// Whose bytes a provider takes and gives: a caller who speaks the same is passed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// `chat/completions` of OpenAI and everyone compatible with it.
    OpenaiChat,
    /// `responses` of OpenAI.
    OpenaiResponses,
    /// `messages` of Anthropic.
    AnthropicMessages,
    /// `generateContent` of Gemini.
    Gemini,
    /// `/api/chat` of Ollama.
    Ollama,
    /// Nobody's: it is asked in process, see [`offline`] and [`minilm`].
    InProcess,
}

/// The kinds of providers there are.
pub static REGISTRY: &[&dyn Dialect] = &[
    &openai::OPENAI,
    &groq::GROQ,
    &huggingface::HUGGINGFACE,
    &anthropic::Anthropic,
    &gemini::Gemini,
    &ollama::Ollama,
    &offline::Offline,
    &minilm::Minilm,
];

/// How providers of this kind are spoken to.
pub fn find(kind: &str) -> Option<&'static dyn Dialect> {
    REGISTRY.iter().find(|it| it.kind() == kind).copied()
}

/// How one kind of provider is spoken to.
pub trait Dialect: Send + Sync {
    /// The word for it in `providers.NAME.kind`, and its default name.
    fn kind(&self) -> &'static str;

    /// Whose bytes it takes for chat.
    fn wire(&self) -> Wire;

    /// Also takes OpenAI's `responses` as they are.
    fn takes_responses(&self) -> bool {
        false
    }

    /// Does it answer? Not who makes embeddings and nothing else.
    fn converses(&self) -> bool {
        true
    }

    /// Its models, where they are built in and nobody has to be asked for them.
    fn built_in(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// Where it is, when the settings do not say: base address with its version segment.
    fn address(&self) -> Option<&'static str>;

    /// What cannot work in its settings: field and message with the way out.
    fn check(&self, settings: &ProviderSettings) -> Vec<(&'static str, String)>;

    /// The headers that carry the key, and those it always wants.
    fn headers(&self, key: Option<&str>) -> Vec<(HeaderName, HeaderValue)>;

    /// The path after the base address for a chat request. Like all paths here it is relative
    /// (`chat/completions`, no slash in front): it is joined to an address that ends with one.
    fn chat_path(&self, model: &str, stream: bool) -> String;

    /// Does this model take the limit of an answer as `max_completion_tokens`, where the dialect has
    /// two words for it? For a limit that is put into bytes that pass.
    fn wants_completion_tokens(&self, _model: &str, quirks: Quirks) -> bool {
        quirks.wants_completion_tokens
    }

    /// The body of a chat request. `stream` asks for pieces with their usage.
    ///
    /// # Errors
    /// What the request has and this provider cannot express without changing its meaning.
    fn chat_body(
        &self,
        request: &Request,
        model: &str,
        quirks: Quirks,
    ) -> Result<Json, Unsupported>;

    /// The most tokens of one answer of this model, where its name says so.
    fn max_output(&self, _model: &str) -> Option<u64> {
        None
    }

    /// Writes into the body of a chat request how large the context is that the settings give to the
    /// model, where a provider has to be told. True when that changed the body.
    fn size(&self, _body: &mut Json, _context: u64) -> bool {
        false
    }

    /// Reads a whole answer.
    fn read_answer(&self, body: &[u8]) -> Result<Answer, Unreadable>;

    /// Reads a whole answer to a request that was made here to be answered by calling a tool of ours:
    /// what it is called with is the answer. A tool of the caller's may have the same name.
    fn read_answer_by_tool(&self, body: &[u8]) -> Result<Answer, Unreadable> {
        self.read_answer(body)
    }

    /// Reads only what a whole answer used: the way of bytes that pass.
    fn read_usage(&self, body: &[u8]) -> Option<Usage>;

    /// Reads the pieces of one streamed answer.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// Reads the pieces of one streamed answer, as [`Dialect::read_answer_by_tool`].
    fn decoder_by_tool(&self) -> Box<dyn Decoder> {
        self.decoder()
    }

    /// Reads the pieces of one streamed answer of `responses`, for bytes that pass; none when
    /// [`Dialect::takes_responses`] is not so.
    fn responses_decoder(&self) -> Option<Box<dyn Decoder>> {
        None
    }

    /// Reads a refusal, or an error sent as an answer.
    fn complaint(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Complaint;

    /// What the headers of an answer say about what is left.
    fn rates(&self, headers: &HeaderMap) -> Rates;

    /// The path that lists models, and how its answer is read.
    fn models_path(&self) -> &'static str;
    /// Reads the list of models: their names.
    fn read_models(&self, body: &[u8]) -> Result<Vec<String>, Unreadable>;

    /// The path and body of an embeddings request; none when it makes none.
    fn embed(
        &self,
        model: &str,
        texts: &[String],
        dimensions: Option<u32>,
    ) -> Option<(String, Json)>;
    /// Reads embeddings, in the order of the texts.
    fn read_embeddings(
        &self,
        body: &[u8],
        count: usize,
    ) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable>;
}

/// Reads the pieces of one streamed answer.
pub trait Decoder: Send {
    /// What one frame says. Frames it does not know say nothing.
    ///
    /// # Errors
    /// The frame is broken: the stream cannot be trusted any more.
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Unreadable>;

    /// Was the answer whole when the bytes ended?
    fn is_complete(&self) -> bool;

    /// What is known of its use so far.
    fn usage(&self) -> Option<Usage>;

    /// Is this the frame that carries usage alone, which a caller who did not ask for it must not see?
    fn is_usage_only(&self, frame: &Frame) -> bool;
}

/// What a provider says when it refuses.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Complaint {
    /// Its words, cut short, secrets taken out.
    pub message: String,
    /// Its `type`, as it is.
    pub kind: Option<String>,
    /// Its `code`, as it is.
    pub code: Option<String>,
    /// Its `param`.
    pub param: Option<String>,
    /// What it means.
    pub class: Class,
    /// How long it wants us to wait, from headers or words.
    pub retry_after: Option<Duration>,
    /// `x-should-retry`, when it says so.
    pub should_retry: Option<bool>,
}

/// What a refusal means for what is done next. Told from status, type and code, never from the
/// numbers in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    /// This request is wrong; no other provider of the family would take it.
    #[default]
    Invalid,
    /// Too long for this model; a larger one may take it. Not the provider's fault.
    ContextLength,
    /// The key is wrong or may not.
    Unauthorized,
    /// There is no such model.
    UnknownModel,
    /// Too many requests or tokens for now: waiting mends it.
    RateLimited,
    /// The account is out of money or quota: waiting does not mend it.
    OutOfQuota,
    /// Too busy (503; 529 of Anthropic, 498 of Groq).
    Overloaded,
    /// It failed by itself.
    Broken,
    /// It took too long by its own clock (408, 504).
    Timeout,
    /// It was held back by a filter.
    Filtered,
}

impl Class {
    /// May the same request be sent again, to the same provider?
    pub fn is_replayable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Overloaded | Self::Broken | Self::Timeout)
    }

    /// May another provider or model do better?
    pub fn is_worth_another(self) -> bool {
        !matches!(self, Self::Invalid | Self::Filtered)
    }

    /// Does it count against the provider's breaker?
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Overloaded | Self::Broken | Self::Timeout)
    }
}

/// What is left, by a provider's own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Requests left.
    pub requests_left: Option<u64>,
    /// Until they are all there again.
    pub requests_reset: Option<Duration>,
    /// Tokens left, of questions and answers together.
    pub tokens_left: Option<u64>,
    /// Until they are all there again.
    pub tokens_reset: Option<Duration>,
    /// Tokens of questions left, where these are counted apart.
    pub input_left: Option<u64>,
    /// Until they are all there again.
    pub input_reset: Option<Duration>,
    /// Tokens of answers left, where these are counted apart.
    pub output_left: Option<u64>,
    /// Until they are all there again.
    pub output_reset: Option<Duration>,
}

/// Why bytes are no answer of the dialect. Holds nothing of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Unreadable {
    /// They are an error, sent with a status of success.
    Complaint(Complaint),
    /// They are something else.
    Shape(&'static str),
}

/// What a request has and a provider cannot express.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` cannot be said to {kind}: {why}")]
pub struct Unsupported {
    /// The field, in the words of [`Request`].
    pub field: &'static str,
    /// The kind of provider.
    pub kind: &'static str,
    /// Why, and the way out.
    pub why: &'static str,
}
