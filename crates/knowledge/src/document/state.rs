//! Where a document stands, and what may become of it: plain functions, pinned down by tests.
//!
//! | from | event | to |
//! |---|---|---|
//! | pending | begun | extracting |
//! | extracting | its text is cut into chunks | embedding |
//! | embedding | its chunks have vectors, or nobody makes any | ready |
//! | pending, extracting, embedding | it cannot be done | failed |
//! | failed, unless its file holds no text | go on | pending, or embedding when its chunks are there |
//! | ready, without all vectors | go on | embedding |

use std::{fmt, str::FromStr};

use base::permission::UnknownName;
use store::{Error, Row};

use super::Document;
use crate::extract::VerdictKind;

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Waits for its turn.
    Pending,
    /// Its text is being got out of the file.
    Extracting,
    /// Its chunks are there; their vectors are being made.
    Embedding,
    /// It is found.
    Ready,
    /// It is not found, and this is why.
    Failed(Reason),
}

/// Why a document failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// For programs.
    pub code: String,
    /// For people: sentences, with the way out. Never a word of the document.
    pub message: String,
}

/// The codes of what another attempt at the same file cannot change: there is no text in it to be read.
const WITHOUT_TEXT: [VerdictKind; 3] =
    [VerdictKind::ImageOnly, VerdictKind::Encrypted, VerdictKind::Empty];

impl State {
    /// The names of all of them.
    pub const NAMES: [&'static str; 5] = ["pending", "extracting", "embedding", "ready", "failed"];

    /// The name used in the table, in answers and in metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Extracting => "extracting",
            Self::Embedding => "embedding",
            Self::Ready => "ready",
            Self::Failed(_) => "failed",
        }
    }

    /// Must somebody still be at it?
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Pending | Self::Extracting | Self::Embedding)
    }

    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        let name: String = row.get("state")?;
        Ok(match name.as_str() {
            "pending" => Self::Pending,
            "extracting" => Self::Extracting,
            "embedding" => Self::Embedding,
            "ready" => Self::Ready,
            "failed" => Self::Failed(Reason::new(
                row.get::<String>("reason_code")?,
                &row.get::<Option<String>>("reason")?.unwrap_or_default(),
            )),
            _ => {
                let what = "holds a state that this program does not know";
                return Err(Error::Column { column: "state".into(), what: what.into() });
            }
        })
    }
}

impl Reason {
    /// A reason with this code and these words. Whoever found it wrote the end of a line of a log;
    /// people read a sentence.
    pub fn new(code: impl Into<String>, message: &str) -> Self {
        Self { code: code.into(), message: sentence(message) }
    }

    /// Could going on change anything? Not where the file itself holds no text.
    pub fn may_pass(&self) -> bool {
        !WITHOUT_TEXT.iter().any(|it| it.code() == self.code)
    }
}

/// The text with a full stop at its end, and a capital at its beginning unless that is a name.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_word = first.trim_end_matches([',', ';', ':']).chars().all(char::is_alphabetic);
    let mut letters = text.chars();
    let mut sentence: String = match letters.next().filter(|_| is_word) {
        Some(letter) => letter.to_uppercase().chain(letters).collect(),
        None => text.to_owned(),
    };
    if !sentence.is_empty() && !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The name of a state, for whoever filters by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateName(&'static str);

impl StateName {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl FromStr for StateName {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        State::NAMES.into_iter().find(|it| *it == text).map(Self).ok_or_else(|| UnknownName {
            text: text.chars().take(64).collect(),
            known: State::NAMES.join(", "),
        })
    }
}

/// What beginning makes of a document; none when there is nothing to begin.
pub(crate) fn begun(state: &State) -> Option<State> {
    match state {
        State::Pending | State::Extracting => Some(State::Extracting),
        State::Embedding => Some(State::Embedding),
        State::Ready | State::Failed(_) => None,
    }
}

/// What going on makes of a document: none when somebody is at it, nothing is missing, or there is no
/// text in its file.
pub(crate) fn resumed(document: &Document, has_provider: bool) -> Option<State> {
    let made = &document.made;
    match &document.state {
        State::Failed(_) if made.chunks > 0 => Some(State::Embedding),
        State::Failed(reason) => reason.may_pass().then_some(State::Pending),
        State::Ready if has_provider && made.vectors_done < made.chunks => Some(State::Embedding),
        _ => None,
    }
}

/// How far a document is, in percent.
pub(crate) fn progress(document: &Document) -> u8 {
    let made = &document.made;
    match &document.state {
        State::Pending => 0,
        State::Extracting => 5,
        State::Embedding => {
            let share = made.vectors_done.saturating_mul(75) / made.chunks.max(1);
            20 + u8::try_from(share.min(75)).unwrap_or(75)
        }
        State::Ready => 100,
        State::Failed(_) if made.chunks > 0 => 20,
        State::Failed(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use base::{DocumentId, JobId, TenantId, clock::from_micros};
    use store::blob::BlobId;

    use super::*;
    use crate::{
        document::{Made, Origin},
        sniff::Kind,
    };

    fn document(state: State, chunks: u64, vectors_done: u64) -> Document {
        Document {
            id: DocumentId::generate(),
            tenant: TenantId::DEFAULT,
            owner: "operator".into(),
            chat: None,
            shared: false,
            title: "Manual".into(),
            summary: None,
            metadata: serde_json::Map::new(),
            tags: Vec::new(),
            origin: Origin::Upload,
            url: None,
            file_name: None,
            kind: Kind::Pdf,
            size_bytes: 1,
            blob: BlobId::of(b"x"),
            state,
            verdict: None,
            made: Made { chunks, vectors_done, ..Made::default() },
            job: JobId::generate(),
            begun: 0,
            queued_at: from_micros(0),
            created_at: from_micros(0),
            updated_at: from_micros(0),
        }
    }

    fn failed() -> State {
        State::Failed(Reason::new("model_unavailable", "the model is away"))
    }

    #[test]
    fn only_an_open_document_is_begun() {
        assert_eq!(begun(&State::Pending), Some(State::Extracting));
        assert_eq!(begun(&State::Extracting), Some(State::Extracting));
        assert_eq!(begun(&State::Embedding), Some(State::Embedding));
        assert_eq!(begun(&State::Ready), None);
        assert_eq!(begun(&failed()), None);
    }

    #[test]
    fn going_on_begins_where_it_stopped() {
        let check = |state, chunks, vectors, expected: Option<State>| {
            assert_eq!(resumed(&document(state, chunks, vectors), true), expected);
        };
        check(failed(), 0, 0, Some(State::Pending));
        check(failed(), 9, 3, Some(State::Embedding));
        check(State::Ready, 9, 3, Some(State::Embedding));
        check(State::Ready, 9, 9, None);
        for state in [State::Pending, State::Extracting, State::Embedding] {
            check(state, 9, 3, None);
        }
        assert_eq!(resumed(&document(State::Ready, 9, 0), false), None);
    }

    #[test]
    fn a_file_without_text_is_not_read_again() {
        for code in ["image_only", "encrypted", "empty"] {
            let failed = State::Failed(Reason::new(code, "there is no text in it"));
            assert_eq!(resumed(&document(failed, 0, 0), true), None, "{code}");
        }
        for code in ["broken", "too_long", "extraction_timeout", "cancelled"] {
            let failed = State::Failed(Reason::new(code, "it may go better"));
            assert_eq!(resumed(&document(failed, 0, 0), true), Some(State::Pending), "{code}");
        }
    }

    #[test]
    fn a_reason_is_a_sentence() {
        let check = |text, expected| assert_eq!(Reason::new("code", text).message, expected);
        check("no text was found in it", "No text was found in it.");
        check("its job failed; go on", "Its job failed; go on.");
        check("It is locked.", "It is locked.");
        check(" what now? ", "What now?");
        check("local/embed is away", "local/embed is away.");
        check("`embedding` names no model", "`embedding` names no model.");
        check("", "");
    }

    #[test]
    fn progress_only_reaches_a_hundred_when_it_is_found() {
        assert_eq!(progress(&document(State::Pending, 0, 0)), 0);
        assert_eq!(progress(&document(State::Embedding, 10, 5)), 57);
        assert_eq!(progress(&document(State::Embedding, 10, 10)), 95);
        assert_eq!(progress(&document(State::Ready, 10, 10)), 100);
    }

    #[test]
    fn the_name_of_a_state_is_known_or_refused() {
        assert_eq!("failed".parse::<StateName>().map(StateName::as_str), Ok("failed"));
        assert!("lost".parse::<StateName>().is_err());
    }
}
