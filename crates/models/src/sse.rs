//! Frames of a stream, as they come: server-sent events and lines of JSON, over bytes that are cut
//! anywhere. Each frame keeps its raw bytes, so that what is passed on is what came.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>
//!
//! Start at [`Scanner`]: bytes go in, frames come out. Nothing is lost: the raw bytes of all frames
//! and of the [`Rest`] are together the bytes that came.

mod parse;
mod scan;
#[cfg(test)]
mod tests;

use bytes::Bytes;
pub use scan::{FRAME_BYTES_MAX, Rest, Scanner, TooLong};

/// One frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// The bytes as they came, with the blank line or line end that closes them.
    pub raw: Bytes,
    /// The name of the event; empty for lines of JSON.
    pub event: Bytes,
    /// Its data; several `data:` lines are joined by newlines. Empty for comments.
    pub data: Bytes,
}

/// Shows how long a frame is, never what it says.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a frame of {} bytes, {} of them data", self.raw.len(), self.data.len())
    }
}
