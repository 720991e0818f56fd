//! An answer in pieces.

use super::Finish;
use crate::Usage;

/// One piece of an answer that is streamed.
///
/// Parts come one after the other and are numbered from 0: text, thinking and calls alike. A part
/// begins with its first piece; [`Event::End`] comes once, or the stream was cut. [`Event::Usage`]
/// may still come after it: OpenAI tells the use in a frame of its own at the very end.
#[derive(Clone, PartialEq)]
pub enum Event {
    /// The answer begins.
    Begin {
        /// The provider's id of it; empty when it gives none.
        id: String,
        /// The model that answers, by the provider's name for it; empty when it does not say.
        model: String,
    },
    /// More words.
    Text(String),
    /// More of what the model thinks.
    Thinking(String),
    /// The proof of what was thought.
    Signature(String),
    /// The model begins to call a tool.
    ToolBegin {
        /// Which of the calls of this answer, from 0.
        index: usize,
        /// Its id; made up where the provider gives none.
        id: String,
        /// Which tool.
        name: String,
    },
    /// More of the arguments, as JSON text.
    ToolArguments {
        /// Of which call.
        index: usize,
        /// The text.
        text: String,
    },
    /// More of a refusal.
    Refusal(String),
    /// The provider is at something that has no word here: a tool that it runs by itself, a kind of
    /// part that is yet to come. Where bytes pass it goes on with them, and nowhere else.
    Other,
    /// What was used so far: replaces what was told before, never adds to it.
    Usage(Usage),
    /// The answer is whole.
    End(Finish),
    /// The provider says, inside the stream, that it failed.
    Failed(crate::dialect::Complaint),
}
