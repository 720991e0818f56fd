//! What a scripted provider answers: good answers, bad ones, and what goes wrong on the way.

use std::time::Duration;

use serde_json::{Value as Json, json};

/// One answer of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) says: Says,
    pub(super) headers: Vec<(String, String)>,
    pub(super) delay: Duration,
    pub(super) tokens: Option<(u64, u64)>,
    pub(super) cached: u64,
    pub(super) tells_usage: bool,
    pub(super) finish_reason: &'static str,
    pub(super) is_gzip: bool,
    pub(super) shape: Shape,
    pub(super) pace: Duration,
    pub(super) fault: Option<(usize, Fault)>,
}

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Says {
    /// The text of the model's message.
    Content(String),
    /// The model calls a tool with these arguments.
    Call(String, Json),
    Embeddings(Vec<Vec<f32>>),
    /// The whole body as it is.
    Body(String),
    /// A stream of exactly these bytes, cut into these pieces.
    Pieces(Vec<Vec<u8>>),
    /// Nothing: the connection is closed.
    Nothing,
}

/// How the bytes of a stream are put, whatever they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shape {
    /// Pieces of so many bytes, wherever that cuts.
    pub(super) split: Option<usize>,
    /// Lines end with CRLF.
    pub(super) is_crlf: bool,
    /// A comment stands before each event.
    pub(super) has_comments: bool,
}

/// What goes wrong in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection dies.
    Cut,
    /// The bytes end as if all were said, and it is not.
    End,
    /// Nothing more comes, and the connection stays.
    Stall,
    /// A frame comes that is no JSON.
    Broken,
    /// The provider says that it failed, in the words of its dialect.
    Error,
}

impl Reply {
    /// The model says this text. A caller who asks for a stream gets it word by word.
    pub fn text(content: impl Into<String>) -> Self {
        Self {
            status: 200,
            says: Says::Content(content.into()),
            headers: Vec::new(),
            delay: Duration::ZERO,
            tokens: None,
            cached: 0,
            tells_usage: true,
            finish_reason: "stop",
            is_gzip: false,
            shape: Shape::default(),
            pace: Duration::ZERO,
            fault: None,
        }
    }

    /// The model says this JSON, and nothing else.
    pub fn json(value: &Json) -> Self {
        Self::text(value.to_string())
    }

    /// The model says this JSON in a code fence, with friendly words around it.
    pub fn fenced(value: &Json) -> Self {
        Self::text(format!(
            "Sure! Here is the result:\n\n```json\n{value:#}\n```\n\nAnything else?"
        ))
    }

    /// The model chats instead of answering.
    pub fn prose() -> Self {
        Self::text("I looked at your list, and on the whole it seems to be in good order.")
    }

    /// The model is cut off in the middle of this JSON.
    pub fn half(value: &Json) -> Self {
        let text = value.to_string();
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        Self { finish_reason: "length", ..Self::text(half) }
    }

    /// The model says nothing.
    pub fn empty() -> Self {
        Self::text("")
    }

    /// The model calls a tool.
    pub fn call(tool: impl Into<String>, arguments: &Json) -> Self {
        let says = Says::Call(tool.into(), arguments.clone());
        Self { says, finish_reason: "tool_calls", ..Self::text("") }
    }

    /// These vectors.
    pub fn embeddings(vectors: Vec<Vec<f32>>) -> Self {
        Self { says: Says::Embeddings(vectors), ..Self::text("") }
    }

    /// An error with this status, in the form of the dialect that is asked in.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::text(format!("scripted status {status}")) }
    }

    /// This status with this body, whatever it is.
    pub fn body(status: u16, body: impl Into<String>) -> Self {
        Self { status, says: Says::Body(body.into()), ..Self::text("") }
    }

    /// A stream of exactly these bytes, which come in these pieces.
    pub fn pieces<T: AsRef<[u8]>>(pieces: impl IntoIterator<Item = T>) -> Self {
        let pieces = pieces.into_iter().map(|it| it.as_ref().to_vec()).collect();
        Self { says: Says::Pieces(pieces), ..Self::text("") }
    }

    /// The connection is closed before anything is answered.
    pub fn hang_up() -> Self {
        Self { says: Says::Nothing, ..Self::text("") }
    }

    /// Nothing is answered for an hour.
    pub fn hang() -> Self {
        Self::text("").delayed(Duration::from_secs(3600))
    }

    /// With a `Retry-After` header: seconds, or a date.
    #[must_use]
    pub fn retry_after(self, value: impl ToString) -> Self {
        self.header("retry-after", value)
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Only after this time.
    #[must_use]
    pub fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// With this time before each frame of a stream.
    #[must_use]
    pub fn paced(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// With these counts of tokens; without, they are counted from the words.
    #[must_use]
    pub fn tokens(self, input: u64, output: u64) -> Self {
        Self { tokens: Some((input, output)), ..self }
    }

    /// With so many tokens of the question cached, of those that [`Reply::tokens`] names.
    #[must_use]
    pub fn cached(self, cached: u64) -> Self {
        Self { cached, ..self }
    }

    /// Without saying what was used.
    #[must_use]
    pub fn without_usage(self) -> Self {
        Self { tells_usage: false, ..self }
    }

    /// Packed, whether the caller takes it or not.
    #[must_use]
    pub fn gzipped(self) -> Self {
        Self { is_gzip: true, ..self }
    }

    /// In pieces of so many bytes, wherever that cuts a frame or a character.
    #[must_use]
    pub fn split(mut self, bytes: usize) -> Self {
        self.shape.split = Some(bytes);
        self
    }

    /// With lines that end as those of some servers do.
    #[must_use]
    pub fn crlf(mut self) -> Self {
        self.shape.is_crlf = true;
        self
    }

    /// With a comment before each event, by which some servers keep connections open.
    #[must_use]
    pub fn commented(mut self) -> Self {
        self.shape.has_comments = true;
        self
    }

    /// The connection dies after so many frames.
    #[must_use]
    pub fn cut_after(self, frames: usize) -> Self {
        Self { fault: Some((frames, Fault::Cut)), ..self }
    }

    /// The stream ends after so many frames as if it were whole.
    #[must_use]
    pub fn ends_after(self, frames: usize) -> Self {
        Self { fault: Some((frames, Fault::End)), ..self }
    }

    /// Nothing more comes after so many frames.
    #[must_use]
    pub fn stalls_after(self, frames: usize) -> Self {
        Self { fault: Some((frames, Fault::Stall)), ..self }
    }

    /// A frame that is no JSON comes after so many frames.
    #[must_use]
    pub fn breaks_after(self, frames: usize) -> Self {
        Self { fault: Some((frames, Fault::Broken)), ..self }
    }

    /// The provider says that it failed, after so many frames.
    #[must_use]
    pub fn fails_after(self, frames: usize) -> Self {
        Self { fault: Some((frames, Fault::Error)), ..self }
    }

    /// The body of an error with this status, in OpenAI's form.
    pub(super) fn openai_error(status: u16) -> Json {
        json!({"error": {"message": format!("scripted status {status}"),
                         "type": "scripted", "code": status.to_string()}})
    }
}
