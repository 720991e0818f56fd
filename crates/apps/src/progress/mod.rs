//! Progress: what becomes of somebody's results over time, and of everybody's together.
//!
//! The database adds up (`scan`), days become weeks, months and quarters here (`tally`), texts that say
//! the same are counted as one (`recur`). What was calculated is kept for a while (`kept`) and counts only
//! under the number of what it was read from ([`store::mark`]): a new result moves it, and so does a
//! change of a document that it rests on. Who sees whose is decided by one function ([`who`]);
//! which days are looked at is a [`Range`].
//!
//! Start at [`crate::engine::Engine::progress`].

pub mod kept;
pub mod range;
pub(crate) mod recur;
pub(crate) mod scan;
pub mod tally;
pub mod who;

use base::TenantId;

pub use range::Range;

use crate::record::store_code;

/// Whose progress is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressAsk {
    /// In this tenant.
    pub tenant: TenantId,
    /// Which of the application's; the only one there is when left out.
    pub progress: Option<String>,
    /// `me`, `all`, or the id of a user; one's own when left out.
    pub of: Option<String>,
    /// Of these days.
    pub range: Range,
}

/// Whose progress is to be said in words, and in which language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentAsk {
    /// In this tenant.
    pub tenant: TenantId,
    /// Which of the application's; the only one there is when left out.
    pub progress: Option<String>,
    /// `me`, or the id of a user whose texts the caller may see; one's own when left out.
    pub of: Option<String>,
    /// The language that is wanted; that of the newest result when left out, or none of the application's.
    pub language: Option<String>,
}

/// Why nothing is told of progress.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// The application tells of no progress under this name.
    #[error("there is no progress `{0}`")]
    NoSuch(String),
    /// It tells of none, or of several and none was named.
    #[error("{0}")]
    Unnamed(&'static str),
    /// They are somebody else's results.
    #[error("these are the results of others; ask for your own, with `of` left out")]
    NotYours,
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl ProgressError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuch(_) | Self::Unnamed(_) => "not_found",
            Self::NotYours => "forbidden",
            Self::Store(error) => store_code(error),
        }
    }
}

/// The name under which a change of a document of `config/` is told.
pub fn document_mark(document: &str) -> String {
    format!("configuration/{document}")
}
