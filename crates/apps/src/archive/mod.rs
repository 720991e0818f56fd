//! Old records put away, so that the database stays small, and brought back when somebody needs them.
//!
//! An archive is a file of packed lines, one for each row, that carries its own checksum. It is a blob of the
//! tenant ([`store::blob`]): in the database, in a folder or in S3, moved, verified and erased with all
//! others. Records are removed in one transaction with the word that their archive is kept, and only after
//! the file was read back whole. So a `kill -9` at any step loses nothing and leaves nothing that needs a
//! hand:
//! - before the row of the archive is written: nothing has happened; a file that nobody named is cleared
//!   away a day later, as all of them are;
//! - after that: the row says `writing`, the records are all there; the next attempt, or the next sweep when
//!   there is none, gives the row and its use of the file up;
//! - after the last transaction: row, file and removal are all there.
//!
//! Bringing back is the same the other way round: rows that are there already stay as they are, and each
//! record is marked in the transaction that puts it back, so an attempt that died is gone on with.
//! Two attempts at once are kept apart by the fence of their job.
//!
//! Start at `make` and `back`, the jobs; `forget` takes one person's records out; `pack` is the format.

pub(crate) mod back;
mod choose;
mod file;
pub(crate) mod forget;
pub(crate) mod make;
mod pack;
pub mod row;

use std::time::Duration;

use async_trait::async_trait;
use base::{ArchiveId, Timestamp};
use serde_json::Value as Json;
use store::Tx;
use work::{Failure, Handler, Job, Running};

use crate::{
    description::Jobs,
    engine::Engine,
    error::EngineError,
    event,
    job::steps::{Steps, failure},
    record::store_code,
};

pub use row::Archive;

/// The kind of jobs that put records away.
pub const MAKE: &str = "archive";
/// The kind of jobs that bring records back.
pub const BACK: &str = "archive.restore";

/// Millions of records take their time; a job that dies is gone on with.
const TIMEOUT_S: u64 = 3600;

/// The name under which jobs that put records of a collection away take turns.
pub fn lock_key(collection: &str) -> String {
    format!("archives/{collection}")
}

/// How long an attempt at a job over archives may take.
pub(crate) fn timeout(rules: &Jobs) -> Duration {
    Duration::from_secs(rules.timeout_s.max(TIMEOUT_S))
}

/// Why an act on archives was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is none, or it is another tenant's.
    #[error("archive {0} does not exist")]
    NotFound(ArchiveId),
    /// The collection's records are not archived.
    #[error("records of `{0}` are not archived; declare `archive` for them")]
    NotDeclared(String),
    /// The file is not what was put away.
    #[error("archive {id} is damaged: {why}")]
    Damaged {
        /// Which one.
        id: ArchiveId,
        /// What does not fit.
        why: String,
    },
    /// The database, or the place of its file, did not take or give it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl ArchiveError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "archive_not_found",
            Self::NotDeclared(_) => "invalid_input",
            Self::Damaged { .. } => "archive_damaged",
            Self::Store(error) => store_code(error),
        }
    }

    /// May the same succeed later, without anybody changing anything?
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unavailable() || matches!(error, store::Error::Full),
            Self::NotFound(_) | Self::NotDeclared(_) | Self::Damaged { .. } => false,
        }
    }
}

/// Does the jobs of this room.
pub(crate) struct Archivist {
    pub(crate) engine: Engine,
    pub(crate) kind: &'static str,
}

#[async_trait]
impl Handler for Archivist {
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        let steps = Steps::new(self.engine.clone(), job);
        match self.kind {
            MAKE => Box::pin(make::run(&steps)).await,
            _ => Box::pin(back::run(&steps)).await,
        }
    }

    fn ended(&self, tx: &Tx, job: &Job, now: Timestamp) -> Result<(), store::Error> {
        event::job_ended(&self.engine, tx, job, now)
    }
}

/// Ends or postpones the job.
fn refused(error: impl Into<ArchiveError>) -> Failure {
    failure(EngineError::Archive(error.into()))
}

#[cfg(test)]
mod tests;
