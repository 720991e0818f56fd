//! Citations: sources get their numbers here, and no answer leaves with a number that is none of
//! theirs.
//!
//! A model is shown passages, each followed by its number, and writes `[2]` behind what it took from
//! there. [`Checker`] reads the answer while it is written, however its pieces are cut: markers of
//! sources that were given stay, all others go. What lies in code is no citation, nor is what only looks
//! like one, as an interval does. The words of a source are kept as they are; the model is shown them
//! without brackets that it could take for ours.
//!
//! Start at [`Source`] and [`Checker`]; how much an answer leans on its sources is [`confidence`].

mod checker;
mod code;
mod confidence;
mod marker;
#[cfg(test)]
mod tests;

use base::{ChunkId, DocumentId, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

pub use checker::Checker;
pub use confidence::confidence;

use super::question::cut_at_word;

/// Passages that are shorter than this after they were cut say nothing.
const CUT_CHARS_MIN: usize = 200;

/// Something that an answer can name.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The number under which it is named, from 1.
    pub number: u32,
    /// Where it comes from.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// Where it is on the web.
    pub url: Option<String>,
    /// The document.
    pub document: Option<DocumentId>,
    /// The piece of the document.
    pub chunk: Option<ChunkId>,
    /// The record.
    pub record: Option<RecordId>,
    /// The page.
    pub page: Option<u32>,
    /// Where in the document's text it begins, in characters.
    pub start_char: Option<u64>,
    /// Where it ends.
    pub end_char: Option<u64>,
    /// How near it is to the question, from 0 to 1.
    pub score: f32,
    /// The words that the model was shown.
    pub excerpt: String,
}

/// Where a source comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A search of the web.
    Web,
    /// Documents and records of one's own.
    Rag,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Rag => "rag",
        }
    }
}

/// Shows which source it is, never what it says.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .field("document", &self.document)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// What callers see of a source that an answer names.
    pub fn citation(&self) -> Json {
        json!({
            "number": self.number,
            "type": self.kind.name(),
            "title": self.title,
            "url": self.url,
            "doc_id": self.document,
            "chunk_id": self.chunk,
            "record_id": self.record,
            "page": self.page,
            "start_char": self.start_char,
            "end_char": self.end_char,
            "score": rounded(self.score),
        })
    }

    /// What callers see of a source that was given, with its words.
    pub fn view(&self) -> Json {
        let mut view = self.citation();
        view["excerpt"] = self.excerpt.as_str().into();
        view
    }
}

/// Numbers the sources and cuts what the model is shown of each: those of the web first, then by
/// score. Those for which there is no room are left out, so that no number stands for nothing.
pub fn numbered(
    found: Vec<Source>,
    most: usize,
    chunk_chars: usize,
    context_chars: usize,
) -> Vec<Source> {
    numbered_behind(None, found, most, chunk_chars, context_chars)
}

/// The same behind a source that comes first, whatever its score, and may take all the room there is.
pub fn numbered_behind(
    first: Option<Source>,
    mut found: Vec<Source>,
    most: usize,
    chunk_chars: usize,
    context_chars: usize,
) -> Vec<Source> {
    let mut left = context_chars;
    let mut sources: Vec<Source> = Vec::new();
    if let Some(first) = first {
        found.retain(|it| it.record.is_none() || it.record != first.record);
        let excerpt = cut_at_word(first.excerpt.trim(), left).to_owned();
        left -= excerpt.chars().count();
        if !excerpt.is_empty() {
            sources.push(Source { number: 1, excerpt, ..first });
        }
    }
    found.sort_by(|a, b| {
        (b.kind == Kind::Web).cmp(&(a.kind == Kind::Web)).then(b.score.total_cmp(&a.score))
    });
    for source in found.into_iter().take(most) {
        let words = source.excerpt.trim();
        let length = words.chars().count();
        let room = chunk_chars.min(left);
        if length > room && room < CUT_CHARS_MIN.min(chunk_chars) {
            break;
        }
        let excerpt = cut_at_word(words, room).to_owned();
        left -= excerpt.chars().count();
        if !excerpt.is_empty() {
            let number = sources.len() as u32 + 1;
            sources.push(Source { number, excerpt, ..source });
        }
    }
    sources
}

/// The sources as the model is shown them, each followed by its number.
pub fn context(sources: &[Source]) -> String {
    let shown = sources.iter().map(|it| {
        let page = it.page.map(|page| format!(", page {page}")).unwrap_or_default();
        let url = it.url.as_ref().map(|url| format!(", {url}")).unwrap_or_default();
        let (words, title) = (harmless(&it.excerpt), harmless(&it.title));
        format!("{words} [{}] ({title}{page}{url})", it.number)
    });
    shown.collect::<Vec<_>>().join("\n\n")
}

/// The words of a source without anything that could be taken for a marker of ours: `[12]` becomes
/// `(12)`, and nothing is left out.
pub fn harmless(words: &str) -> String {
    through(Checker::of_source(), words)
}

/// An older answer without its markers: they name sources that are not given now.
pub fn without_markers(text: &str) -> String {
    through(Checker::new(0), text)
}

fn through(mut checker: Checker, text: &str) -> String {
    let mut out = checker.push(text);
    out.push_str(&checker.finish());
    out
}

fn rounded(score: f32) -> f64 {
    (f64::from(score) * 10_000.0).round() / 10_000.0
}
