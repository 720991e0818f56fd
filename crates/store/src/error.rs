//! What a statement or a transaction can end in, by what the caller can do next.

use std::{sync::Arc, time::Duration};

use crate::blob::{BlobId, Harm, Place};

/// Why a statement or a transaction did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database is away, or too busy to answer in time. Nothing was changed and the same request
    /// may be made again, unless `why` says that the connection was lost while committing: then look
    /// first.
    #[error("the database is not available: {why}")]
    Unavailable {
        /// How long to wait before trying again.
        retry_after: Duration,
        /// What was waited for.
        why: String,
    },
    /// A row with this key exists already.
    #[error("a row with the same value exists already (unique index `{index}`)")]
    Unique {
        /// Name of the index: `table_col1_col2`, or `table_pkey` for a primary key.
        index: String,
    },
    /// A row breaks a rule of its table: a missing value, a check, a foreign key, a trigger.
    #[error("the database refused the row: {what}")]
    Constraint {
        /// The rule, in the database's words.
        what: String,
    },
    /// The one row that was asked for does not exist.
    #[error("no such row")]
    NoRow,
    /// The transaction changed rows and said nothing to the audit log. Nothing was kept.
    #[error("the transaction changed rows without an audit entry, so nothing was kept")]
    NotAudited,
    /// The disk takes nothing more: it is full, over its quota, or failing. Nothing was changed.
    #[error("the disk that holds the database takes nothing more: it is full, or it fails")]
    Full,
    /// A column is missing, or holds something else than was asked for.
    #[error("column `{column}`: {what}")]
    Column {
        /// Name of the column.
        column: String,
        /// What is wrong with it.
        what: String,
    },
    /// The place where blobs lie outside of the database is away, or refuses us. Nothing was changed,
    /// and the same request may be made again.
    #[error("the place of blobs is not available: {why}")]
    BlobsAway {
        /// How long to wait before trying again.
        retry_after: Duration,
        /// Which place it is, and what it said, in our words.
        why: String,
    },
    /// The bytes of a blob are not those that were kept. Putting the same file in again mends it.
    #[error("blob {id} in {place} is {harm}; put the same file in again")]
    BlobDamaged {
        /// The blob.
        id: BlobId,
        /// Where it lies.
        place: Place,
        /// What happened to it.
        harm: Harm,
    },
    /// Anything else: a wrong statement, a damaged file, a bug.
    #[error("{what}")]
    Failed {
        /// What was being done, with the statement if it was one. Never a parameter.
        what: String,
        /// What the driver said.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// Is this the refusal of a second row by the unique index of this name?
    ///
    /// A constraint that PostgreSQL named by itself (`table_col_key`) counts under `table_col`.
    pub fn violates(&self, index: &str) -> bool {
        match self {
            Self::Unique { index: found } => {
                found == index || found.strip_suffix("_key") == Some(index)
            }
            _ => false,
        }
    }

    /// May the same request be made again later?
    pub fn is_unavailable(&self) -> bool {
        self.retry_after().is_some()
    }

    /// How long to wait before the same request is made again, when that can help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::BlobsAway { retry_after, .. } => {
                Some(*retry_after)
            }
            _ => None,
        }
    }

    pub(crate) fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { retry_after: Duration::from_secs(1), why: why.into() }
    }

    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), source: None }
    }

    pub(crate) fn failed_by(
        what: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Failed { what: what.into(), source: Some(Arc::new(source)) }
    }

    pub(crate) fn column(column: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Column { column: column.into(), what: what.into() }
    }
}

/// A statement on one line, short enough for a log or an error.
pub(crate) fn brief(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len().min(400));
    for word in sql.split_whitespace() {
        if out.len() + word.len() > 400 {
            out.push('…');
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
