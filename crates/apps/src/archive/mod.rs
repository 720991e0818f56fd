//! Old records put away, so that the database stays small, and brought back when somebody needs them.
//!
//! An archive is an object of packed lines, one for each row, that carries its own checksum. Records are
//! removed in one transaction with the word that their archive is kept, and only after the object was
//! read back whole. So a `kill -9` at any step loses nothing and leaves nothing that needs a hand:
//! - before the row of the archive is written: nothing has happened;
//! - after that, before or after the object is: the row says `writing`, the records are all there; the
//!   next attempt throws row and object away and begins anew;
//! - after the transaction: row, object and removal are all there.
//!
//! Bringing back is the same the other way round: rows that are there already stay as they are, and each
//! record is marked in the transaction that puts it back, so an attempt that died is gone on with.
//! Two attempts at once are kept apart by the fence of their job.
//!
//! Start at `make` and `back`, the jobs; `pack` is the format, [`place`] where objects lie.

pub(crate) mod back;
pub mod bucket;
mod choose;
pub(crate) mod make;
mod pack;
pub mod place;
pub mod row;

use std::path::PathBuf;

use async_trait::async_trait;
use base::{ArchiveId, Timestamp};
use serde_json::Value as Json;
use store::Tx;
use work::{Failure, Handler, Job, Running};

use crate::{engine::Engine, event, job::steps::Steps, record::store_code};

pub use place::PlaceError;
pub use row::Archive;

/// The kind of jobs that put records away.
pub const MAKE: &str = "archive";
/// The kind of jobs that bring records back.
pub const BACK: &str = "archive.restore";

/// The name under which jobs that put records of a collection away take turns.
pub fn lock_key(collection: &str) -> String {
    format!("archives/{collection}")
}

/// Where archives may lie, as the operator says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The folder of archives; without it none can lie in one.
    pub folder: Option<PathBuf>,
    /// The bucket of archives.
    pub bucket: Option<bucket::Settings>,
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
    /// The object is not what was put away.
    #[error("archive {id} is damaged: {why}")]
    Damaged {
        /// Which one.
        id: ArchiveId,
        /// What does not fit.
        why: String,
    },
    /// Where it lies does not answer, or refuses.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The database did not take it.
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
            Self::Place(PlaceError::NotSetUp(_)) => "misconfigured",
            Self::Place(PlaceError::Store(error)) | Self::Store(error) => store_code(error),
            Self::Place(_) => "dependency_failed",
        }
    }

    /// May the same succeed later, without anybody changing anything?
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Place(PlaceError::Store(error)) | Self::Store(error) => {
                matches!(error, store::Error::Unavailable { .. } | store::Error::Full)
            }
            Self::Place(error) => error.is_temporary(),
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

#[cfg(test)]
mod tests;
