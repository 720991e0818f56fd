//! What a job leaves behind when it ends otherwise than it should: half-built versions, and lists that
//! nobody will read again.

use base::{JobId, PageRequest, Timestamp};
use serde_json::Value as Json;
use store::{
    Tx,
    blob::{self, BlobId},
    params,
};
use work::{Filter, Job, State};

use super::Kind;
use crate::version::{self, VersionError};

/// Takes away the versions that a job was building. Says how many.
pub(super) fn discard(tx: &Tx, job: JobId) -> Result<u32, store::Error> {
    match version::discard(tx, job) {
        Ok(discarded) => Ok(discarded),
        Err(VersionError::Store(error)) => Err(error),
        Err(other) => Err(store::Error::Constraint { what: other.to_string() }),
    }
}

/// Gives back the use of the list that a job was given.
pub(super) fn give_back_list(tx: &Tx, job: &Job, now: Timestamp) -> Result<(), store::Error> {
    let list =
        job.payload.get("blob").and_then(Json::as_str).and_then(|it| it.parse::<BlobId>().ok());
    if let Some(list) = list {
        blob::remove(tx, job.tenant, &list, now)?;
    }
    Ok(())
}

/// Takes away versions whose job will not come back to them, and gives back the lists of jobs that
/// ended before `older_than` without having been done: those jobs are about to be removed. Says how
/// many versions.
pub(crate) fn sweep(tx: &Tx, older_than: Timestamp, now: Timestamp) -> Result<u32, store::Error> {
    let building = tx.query(
        "SELECT DISTINCT job FROM versions WHERE state = 'building' AND job IS NOT NULL",
        &params![],
    )?;
    let mut discarded = 0;
    for row in building {
        let id: JobId = row.get("job")?;
        if work::get(tx, None, id)?.is_none_or(|it| it.state.is_finished()) {
            discarded += discard(tx, id)?;
        }
    }
    for kind in [Kind::Import, Kind::Change] {
        for state in [State::Failed, State::Cancelled] {
            let kind = Some(kind.name().to_owned());
            let filter = Filter { kind, state: Some(state), ..Filter::default() };
            let mut page = PageRequest::first(200);
            loop {
                let jobs = work::list(tx, &filter, &page)?;
                let old = jobs
                    .items
                    .iter()
                    .filter(|it| it.completed_at.is_some_and(|at| at < older_than));
                for job in old {
                    give_back_list(tx, job, now)?;
                }
                let Some(next) = jobs.next else { break };
                page.cursor = Some(next);
            }
        }
    }
    Ok(discarded)
}
