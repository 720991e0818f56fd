//! Pieces of a document's text, small enough to be found and quoted: whole sentences, packed to about
//! as many tokens as the settings say, each sharing its beginning with the end of the one before it.
//!
//! A piece lies within one page and knows where it lies: places are counted in characters of the whole
//! text, in which pages follow each other with an empty line between them. The same text is taken once.
//!
//! Start at [`pack`]; nothing here touches the database but [`row`].

pub mod row;
mod sentence;

use std::{collections::HashSet, ops::Range};

use models::{local::TOKENS_MAX, tokens};
use sha2::{Digest, Sha256};

use crate::{extract::Page, settings::Chunks};

pub use row::Chunk;

/// What stands between two pages in the text of a document.
pub const BETWEEN_PAGES: &str = "\n\n";

/// About so many bytes are a token, as [`tokens::estimate`] counts.
const BYTES_PER_TOKEN: usize = 4;

/// What the model of this process is called before its name.
const OWN_MODELS: &str = "minilm/";
/// It sees the first 256 parts of words, and what we count as a token may be more than one of them.
const OWN_MODELS_TOKENS_MAX: u64 = TOKENS_MAX as u64 * 7 / 10;

/// A piece that is not yet a row.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece {
    /// The page it lies in; none where there are no pages.
    pub page: Option<u32>,
    /// Where it begins in the whole text, in characters.
    pub start_char: u64,
    /// Where it ends.
    pub end_char: u64,
    /// About how many tokens it has.
    pub tokens: u64,
    /// Its text.
    pub text: String,
    /// The hash of its text.
    pub hash: String,
}

/// A text cut into pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The pieces, in the order of the text.
    pub pieces: Vec<Piece>,
    /// How many were left out because the document has their text already.
    pub deduped: usize,
}

/// How a text is cut for a model: never into pieces of which it would see only the beginning.
pub(crate) fn fitting(how: Chunks, model: Option<&str>) -> Chunks {
    if !model.is_some_and(|it| it.starts_with(OWN_MODELS)) {
        return how;
    }
    let tokens = how.tokens.min(OWN_MODELS_TOKENS_MAX);
    Chunks { tokens, overlap: how.overlap.min(tokens / 6) }
}

/// Cuts the pages of a document into pieces. Each page is cut by itself.
pub fn pack(pages: &[Page], how: &Chunks) -> Packed {
    let (mut pieces, mut deduped) = (Vec::new(), 0);
    let mut seen = HashSet::new();
    let mut before = 0;
    for page in pages {
        let ruler = Ruler::of(&page.text);
        for span in spans(&page.text, how) {
            let text = &page.text[span.clone()];
            let hash = hash(text);
            if !seen.insert(hash.clone()) {
                deduped += 1;
                continue;
            }
            pieces.push(Piece {
                page: page.number,
                start_char: before + ruler.chars(span.start),
                end_char: before + ruler.chars(span.end),
                tokens: tokens::estimate(text),
                text: text.to_owned(),
                hash,
            });
        }
        before += ruler.chars(page.text.len()) + BETWEEN_PAGES.len() as u64;
    }
    Packed { pieces, deduped }
}

/// The hash of a text, whatever its white space is made of. Letters count as they are: models that
/// make vectors tell large ones from small ones.
pub fn hash(text: &str) -> String {
    let mut sha = Sha256::new();
    for (at, word) in text.split_whitespace().enumerate() {
        if at > 0 {
            sha.update(b" ");
        }
        sha.update(word.as_bytes());
    }
    hex::encode(&sha.finalize()[..16])
}

/// Where the pieces of a page lie.
fn spans(text: &str, how: &Chunks) -> Vec<Range<usize>> {
    let most = usize::try_from(how.tokens).unwrap_or(usize::MAX).max(1);
    let overlap = usize::try_from(how.overlap).unwrap_or(0).min(most / 2);
    let fits = |span: Range<usize>| span.len() <= most.saturating_mul(BYTES_PER_TOKEN);
    let whole = trimmed(text, 0..text.len());
    if whole.is_empty() {
        return Vec::new();
    }
    if fits(whole.clone()) {
        return vec![whole];
    }
    let units: Vec<Range<usize>> = sentence::spans(text)
        .into_iter()
        .flat_map(|it| broken(text, it, most * BYTES_PER_TOKEN))
        .collect();
    let mut spans = Vec::new();
    let mut next = 0;
    let mut shared = None;
    while let Some(first) = units.get(next) {
        // What is shared with the piece before may not keep the first new sentence out.
        let start = shared.take().filter(|it| fits(*it..first.end)).unwrap_or(first.start);
        let mut last = next;
        while units.get(last + 1).is_some_and(|it| fits(start..it.end)) {
            last += 1;
        }
        let end = units[last].end;
        spans.push(start..end);
        shared = Some(tail(text, &units[next..=last], end, overlap * BYTES_PER_TOKEN));
        next = last + 1;
    }
    spans
}

/// Where the end of a piece begins that the next one shares: at a sentence, else at a word.
fn tail(text: &str, units: &[Range<usize>], end: usize, bytes_max: usize) -> usize {
    let mut starts = units.iter().map(|it| it.start).skip(1);
    if let Some(start) = starts.find(|it| end - it <= bytes_max) {
        return start;
    }
    let from = text.ceil_char_boundary(end.saturating_sub(bytes_max));
    let last = units.last().map_or(end, |it| it.start);
    let rest = &text[from.max(last)..end];
    match rest.find(char::is_whitespace) {
        Some(space) => {
            let words = from.max(last) + space;
            trimmed(text, words..end).start
        }
        // One word, or a script without spaces.
        None => end,
    }
}

/// A sentence that is too long, in parts: at spaces, or anywhere in scripts without them.
fn broken(text: &str, span: Range<usize>, bytes_max: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut rest = span;
    while rest.len() > bytes_max {
        // A letter may have more bytes than a part may.
        let first = text[rest.start..].chars().next().map_or(1, char::len_utf8);
        let cut = text.floor_char_boundary(rest.start + bytes_max).max(rest.start + first);
        let half = text.ceil_char_boundary(rest.start + bytes_max / 2).min(cut);
        let space = text[half..cut].rfind(char::is_whitespace).map(|it| half + it);
        let end = space.filter(|it| *it > rest.start).unwrap_or(cut);
        parts.push(trimmed(text, rest.start..end));
        rest = trimmed(text, end..rest.end);
    }
    parts.push(rest);
    parts.retain(|it| !it.is_empty());
    parts
}

/// Without white space around it.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let inner = &text[span.clone()];
    let start = span.start + (inner.len() - inner.trim_start().len());
    start..(start + inner.trim().len())
}

/// Counts characters up to any byte of a text without counting them all each time.
struct Ruler<'a> {
    bytes: &'a [u8],
    /// Characters before each [`Ruler::STEP`]th byte.
    marks: Vec<u64>,
}

impl<'a> Ruler<'a> {
    const STEP: usize = 1024;

    fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut marks = vec![0];
        let mut sum = 0;
        for step in bytes.chunks(Self::STEP) {
            sum += begun(step);
            marks.push(sum);
        }
        Self { bytes, marks }
    }

    fn chars(&self, byte: usize) -> u64 {
        let step = byte / Self::STEP;
        self.marks[step] + begun(&self.bytes[step * Self::STEP..byte])
    }
}

/// How many characters begin in these bytes.
fn begun(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|it| **it & 0xc0 != 0x80).count() as u64
}

/// Shows where it lies, and nothing of it.
impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Piece")
            .field("page", &self.page)
            .field("chars", &(self.start_char..self.end_char))
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
