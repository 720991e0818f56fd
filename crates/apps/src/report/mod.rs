//! Reports: one record as a document that people keep, declared under `reports:`.
//!
//! What is to be said is put together here ([`gather`], without I/O); how it looks is the room `paper`.
//! Nothing of a report is kept: it is drawn when it is asked for, and the same record makes the same bytes.
//! Drawing takes a thread of its own, and only a few are drawn at the same time.
//!
//! Start at [`crate::engine::Engine::report`].

pub(crate) mod gather;

use base::RecordId;
use bytes::Bytes;
use paper::PaperError;

/// A report as a file.
#[derive(Debug, Clone)]
pub struct ReportFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// How many reports are drawn at the same time: each takes a processor for as long as it is drawn.
pub(crate) const AT_ONCE: usize = 2;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The application has none of this name.
    #[error("there is no report `{0}`")]
    NoSuch(String),
    /// The record is somebody else's.
    #[error("record {0} is somebody else's")]
    NotYours(RecordId),
    /// There is nothing to report on yet.
    #[error("record {0} is not one that is reported on, or not yet")]
    NotReady(RecordId),
    /// It cannot be drawn.
    #[error(transparent)]
    Paper(#[from] PaperError),
}

impl ReportError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuch(_) => "not_found",
            Self::NotYours(_) => "forbidden",
            Self::NotReady(_) => "not_ready",
            Self::Paper(PaperError::TooLong { .. }) => "invalid_input",
            Self::Paper(PaperError::Drawing(_)) => "internal",
        }
    }
}
