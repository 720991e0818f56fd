//! How callers speak to us. A face reads requests, and says answers, pieces and errors, in one
//! dialect of callers; everything here is a plain function of bytes.
//!
//! A caller and a provider of the same dialect exchange bytes: [`Face::peek`] reads the little that
//! the gateway must know, [`Face::rewrite`] and [`Face::limit`] change the model's name and the limit
//! of the answer and nothing else, and [`Pass`] watches what comes back. Between different dialects
//! a request becomes a [`Request`] ([`Face::read`]) and an answer is said anew ([`Face::answer`],
//! [`Face::encoder`]).
//!
//! Start at [`Face`]; embeddings and lists of models are no conversations and have functions of
//! their own in [`embeddings`] and [`models`].

pub mod anthropic;
pub mod embeddings;
pub mod error;
pub mod fields;
pub mod models;
pub mod openai_chat;
pub mod openai_responses;
pub mod pass;
pub mod splice;
pub mod weight;

use bytes::Bytes;

use crate::{
    chat::{Answer, Event, Request},
    dialect::{Class, Wire},
};
pub use error::{ErrorBody, FaceError};
pub use pass::Pass;

/// One dialect of callers.
pub trait Face: Send + Sync {
    /// Whose bytes these are.
    fn wire(&self) -> Wire;

    /// Reads a whole request: strict about the types of what it knows; what it does not know goes
    /// to [`Request::extra`].
    ///
    /// # Errors
    /// What cannot be read or cannot be done, by its field, with the way out.
    fn read(&self, body: &[u8]) -> Result<Request, FaceError>;

    /// Reads what the gateway must know of every request, and builds nothing of the rest.
    ///
    /// # Errors
    /// It is no JSON object, it names no model, or one of the fields that are read has another type.
    fn peek(&self, body: &[u8]) -> Result<Peek, FaceError>;

    /// The same bytes with another model, and, where [`Inject::Usage`] asks for it and the dialect
    /// has a word for it, with the wish to be told the use at the end of the stream.
    ///
    /// `body` has been peeked at. One that cannot be peeked at comes back as it is.
    fn rewrite(&self, body: &Bytes, model: &str, inject: Inject) -> Bytes;

    /// The same bytes with a limit of the answer: a field that asks for more is lowered, and where
    /// none asks for any the limit is said. None when it cannot be said in these bytes; then the
    /// request has to be told anew.
    fn limit(&self, body: &Bytes, limit: Limit) -> Option<Limited>;

    /// A whole answer. `created` is in seconds since 1970.
    fn answer(&self, answer: &Answer, created: i64) -> Bytes;

    /// Says an answer in pieces. `include_usage` is [`Peek::include_usage`].
    fn encoder(&self, created: i64, include_usage: bool) -> Box<dyn Encoder>;

    /// The HTTP status that this dialect gives to a refusal of this class.
    fn status(&self, class: Class) -> u16 {
        error::status(class)
    }

    /// The body of a refusal.
    fn error(&self, error: &ErrorBody) -> Bytes;
}

/// Says one answer in pieces: frames are appended to `out`.
///
/// [`Event::Usage`] may come after [`Event::End`]: what a dialect says together waits for
/// [`Encoder::finish`].
/// [`Encoder::finish`] and [`Encoder::fail`] both end it; exactly one of them is called.
pub trait Encoder: Send {
    /// Says a piece. [`Event::Failed`] says nothing: whoever drives the encoder decides, and calls
    /// [`Encoder::fail`].
    fn event(&mut self, event: &Event, out: &mut Vec<u8>);

    /// Ends with an error inside the stream, and without the mark of a clean end.
    fn fail(&mut self, error: &ErrorBody, out: &mut Vec<u8>);

    /// Ends cleanly: what is still open is closed, and the mark of the end follows.
    fn finish(&mut self, out: &mut Vec<u8>);
}

/// The little that the gateway must know of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peek {
    /// As the caller names it.
    pub model: String,
    /// Whether the answer comes in pieces.
    pub stream: bool,
    /// The caller is told the use at the end of a stream: they asked, or their dialect always does.
    pub include_usage: bool,
    /// The most tokens of one answer; the larger where a caller names two.
    pub max_tokens: Option<u64>,
    /// How many answers are asked for; 1 when the caller does not say, and never less.
    pub answers: u64,
    /// About how many tokens the question has; see [`weight`].
    pub prompt_tokens: u64,
}

/// The most tokens of an answer, to be said in a request that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub tokens: u64,
    /// Where a dialect has two words for it, the newer one: `max_completion_tokens`.
    pub of_completion: bool,
}

/// A request that passes with a limit in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// Its bytes.
    pub body: Bytes,
    /// The field that says the limit is ours: the caller said none.
    pub is_ours: bool,
}

/// The longest name of a model.
const NAME_BYTES_MAX: usize = 256;

impl Peek {
    /// Names that callers choose are remembered here and there: none is longer than names are.
    ///
    /// # Errors
    /// The model's name is.
    pub(crate) fn named(self) -> Result<Self, FaceError> {
        if self.model.len() > NAME_BYTES_MAX {
            let expected = format!("a name of at most {NAME_BYTES_MAX} bytes");
            return Err(FaceError::wrong_value("model", &expected));
        }
        Ok(self)
    }
}

/// What is put into a request that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inject {
    /// Nothing.
    Nothing,
    /// The wish to be told the use at the end of a stream.
    Usage,
}
