//! Finds where frames end.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{Frame, parse};

/// The longest frame that is taken unless [`Scanner::with_max`] says otherwise.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// A frame is longer than allowed. The stream ends with it: where the next frame begins is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the stream is longer than {max} bytes")]
pub struct TooLong {
    /// What was allowed.
    pub max: usize,
}

/// What is left when the bytes end without closing a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// What it says, as if it had been closed.
    pub frame: Frame,
    /// The bytes end inside a line, which is then most likely cut.
    pub is_cut: bool,
}

/// Makes frames of bytes that are cut anywhere, even inside a character or a line end.
///
/// [`Scanner::push`] what came, then take frames with [`Iterator::next`] until there are none for
/// now; [`Scanner::finish`] when nothing more comes. A frame that lies within one piece of bytes is
/// a slice of it; only frames over several pieces are copied.
///
/// A frame ends with its blank line. One that ends with CR waits for the byte after it, which may
/// be the LF that belongs to it.
pub struct Scanner {
    is_sse: bool,
    max: usize,
    /// Pieces whose bytes are in no frame yet; the first is looked at.
    pieces: VecDeque<Bytes>,
    /// The beginning of a frame, from pieces before.
    held: BytesMut,
    /// How far the first piece was looked at.
    at: usize,
    line: Line,
    is_first: bool,
    has_failed: bool,
}

/// Where in a line the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// At its beginning: an end here closes the frame.
    Start,
    /// After its first byte.
    Within,
    /// After a CR that ends it; an LF belongs to it.
    Cr,
    /// After a CR that ends a blank line; an LF belongs to it.
    BlankCr,
}

impl Scanner {
    /// For server-sent events.
    pub fn sse() -> Self {
        Self::new(true)
    }

    /// For JSON values, one a line.
    pub fn ndjson() -> Self {
        Self::new(false)
    }

    fn new(is_sse: bool) -> Self {
        Self {
            is_sse,
            max: FRAME_BYTES_MAX,
            pieces: VecDeque::new(),
            held: BytesMut::new(),
            at: 0,
            line: Line::Start,
            is_first: true,
            has_failed: false,
        }
    }

    /// Takes frames up to `max` bytes.
    pub fn with_max(mut self, max: usize) -> Self {
        self.max = max;
        self
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() && !self.has_failed {
            self.pieces.push_back(bytes);
        }
    }

    /// Is nothing held back: do the frames so far make up all the bytes?
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.pieces.is_empty()
    }

    /// Nothing more comes: what is left. Frames that [`Iterator::next`] would still give come first,
    /// so it is called only after those.
    pub fn finish(&mut self) -> Option<Rest> {
        if self.has_failed || self.is_empty() {
            return None;
        }
        let is_cut = self.line == Line::Within;
        for piece in self.pieces.drain(..) {
            self.held.extend_from_slice(&piece);
        }
        let raw = self.held.split().freeze();
        self.at = 0;
        self.line = Line::Start;
        Some(Rest { frame: self.frame(raw), is_cut })
    }

    /// Looks on through the first piece: how many bytes of it belong to the frame, if it ends there.
    fn end(&mut self) -> Option<usize> {
        let piece = self.pieces.front()?;
        while let Some(mut byte) = piece.get(self.at) {
            if self.line == Line::Within {
                // Most bytes end nothing.
                let ends = |it: &u8| matches!(it, b'\n' | b'\r');
                let Some(skipped) = piece[self.at..].iter().position(ends) else {
                    self.at = piece.len();
                    return None;
                };
                self.at += skipped;
                byte = &piece[self.at];
            }
            if self.line == Line::BlankCr {
                // The frame ended before this byte, unless this is its LF.
                return Some(self.at + usize::from(*byte == b'\n'));
            }
            self.at += 1;
            self.line = match (byte, self.line) {
                (b'\n', Line::Start) => return Some(self.at),
                (b'\n', _) if !self.is_sse => return Some(self.at),
                (b'\n', _) => Line::Start,
                (b'\r', _) if !self.is_sse => Line::Within,
                (b'\r', Line::Start | Line::Cr) => Line::BlankCr,
                (b'\r', _) => Line::Cr,
                _ => Line::Within,
            };
        }
        None
    }

    fn frame(&mut self, raw: Bytes) -> Frame {
        let is_first = std::mem::take(&mut self.is_first);
        if self.is_sse { parse::event(raw, is_first) } else { parse::line(raw, is_first) }
    }

    fn fail(&mut self) -> Option<Result<Frame, TooLong>> {
        self.has_failed = true;
        self.pieces.clear();
        self.held.clear();
        Some(Err(TooLong { max: self.max }))
    }
}

impl Iterator for Scanner {
    type Item = Result<Frame, TooLong>;

    /// The next frame; none when there is none for now, or after [`TooLong`].
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let end = self.end();
            let (count, piece) = (self.pieces.len(), self.pieces.front_mut()?);
            if self.held.len() + end.unwrap_or(piece.len()) > self.max {
                return self.fail();
            }
            if end.is_none() && count == 1 && self.held.is_empty() {
                // Not copied yet: what comes next may close the frame, or nothing may come.
                return None;
            }
            let head = piece.split_to(end.unwrap_or(piece.len()));
            if piece.is_empty() {
                self.pieces.pop_front();
            }
            self.at = 0;
            if end.is_none() {
                self.held.extend_from_slice(&head);
                continue;
            }
            self.line = Line::Start;
            let raw = if self.held.is_empty() {
                head
            } else {
                self.held.extend_from_slice(&head);
                self.held.split().freeze()
            };
            return Some(Ok(self.frame(raw)));
        }
    }
}
