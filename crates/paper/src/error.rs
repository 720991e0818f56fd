//! Why a document could not be drawn.

use crate::CHARS_MAX;

/// Why a document could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// It would be a book.
    #[error("a document takes {CHARS_MAX} characters, and this would have {chars}")]
    TooLong {
        /// How many.
        chars: usize,
    },
    /// A fault of the drawing itself.
    #[error("the document cannot be drawn: {0}")]
    Drawing(String),
}
