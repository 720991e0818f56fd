//! What people do to jobs: cancel, retry, and clear away. Cancel and retry are acts with an audit
//! row; sweeping and erasing are parts of larger acts that have their own.

use base::{JobId, RecordId, TenantId, Timestamp};
use serde_json::json;
use store::{Error, Tx, audit, params};

use crate::{Job, State, decide, event, job::LOAD};

/// How long a finished job is kept: 30 days. Pass `now` less this to [`sweep`].
pub const KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// Why a job was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is no such job, or it is another tenant's.
    #[error("job {0} does not exist")]
    NoSuchJob(JobId),
    /// There is nothing left to cancel.
    #[error("job {id} is {state} already")]
    Finished {
        /// Which one.
        id: JobId,
        /// How it ended.
        state: State,
    },
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Why a job was not retried.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// There is no such job, or it is another tenant's.
    #[error("job {0} does not exist")]
    NoSuchJob(JobId),
    /// Only a failed or cancelled job can be retried.
    #[error("job {id} is {state}; only a failed or cancelled job can be retried")]
    NotFailed {
        /// Which one.
        id: JobId,
        /// Where it stands.
        state: State,
    },
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Cancels a job, of `tenant` or of anybody when `tenant` is none.
///
/// A pending job ends at once. A running one is asked to stop: its handler hears it at once in this
/// process, at its next heartbeat in another, and the job is `cancelled` when the handler has
/// returned.
pub fn cancel(
    tx: &Tx,
    tenant: Option<TenantId>,
    id: JobId,
    now: Timestamp,
) -> Result<Job, CancelError> {
    let job = load(tx, tenant, id)?.ok_or(CancelError::NoSuchJob(id))?;
    let next = decide::cancel(&job, now).map_err(|state| CancelError::Finished { id, state })?;
    next.save(tx)?;
    tx.audit(entry("job_cancelled", "cancelled", &job, &next));
    event::cancel(id);
    event::changed(&next);
    Ok(next)
}

/// Puts a failed or cancelled job back into the queue, with all of its attempts.
pub fn retry(
    tx: &Tx,
    tenant: Option<TenantId>,
    id: JobId,
    now: Timestamp,
) -> Result<Job, RetryError> {
    let job = load(tx, tenant, id)?.ok_or(RetryError::NoSuchJob(id))?;
    let next = decide::retry(&job, now).map_err(|state| RetryError::NotFailed { id, state })?;
    next.save(tx)?;
    tx.audit(entry("job_retried", "put back into the queue", &job, &next));
    event::changed(&next);
    event::wake();
    Ok(next)
}

/// Deletes jobs that ended before `older_than`, at most 1,000 of them, and says how many: call
/// again until it says 0.
pub fn sweep(tx: &Tx, older_than: Timestamp) -> Result<u64, Error> {
    tx.execute(SWEEP, &params![older_than])
}

/// Deletes every job of a tenant. One that runs loses its lease with its row, and stops.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<u64, Error> {
    tx.execute("DELETE FROM jobs WHERE tenant = $1", &params![tenant])
}

/// Deletes every job about this record. One that runs loses its lease with its row, and stops.
pub fn forget(tx: &Tx, subject: RecordId) -> Result<u64, Error> {
    tx.execute("DELETE FROM jobs WHERE subject = $1", &params![subject])
}

/// Deletes every job of one kind that somebody wanted, as [`forget`]; says how many.
pub fn forget_of(tx: &Tx, kind: &str, created_by: &str) -> Result<u64, Error> {
    let sql = "DELETE FROM jobs WHERE kind = $1 AND created_by = $2";
    tx.execute(sql, &params![kind, created_by])
}

fn load(tx: &Tx, tenant: Option<TenantId>, id: JobId) -> Result<Option<Job>, Error> {
    tx.first(LOAD, &params![id, tenant])?.as_ref().map(Job::read).transpose()
}

fn entry(action: &'static str, verb: &str, before: &Job, after: &Job) -> audit::Entry {
    let subject = format!("jobs/{}", after.id);
    let summary = format!("{} job {verb}", after.kind);
    let entry = audit::Entry::new(after.tenant, action, subject, summary)
        .before(json!({"state": before.state, "attempts": before.attempts}))
        .after(json!({"state": after.state, "attempts": after.attempts}));
    match after.subject {
        Some(record) => entry.record(record),
        None => entry,
    }
}

const SWEEP: &str = "
    DELETE FROM jobs
     WHERE id IN (SELECT id FROM jobs WHERE completed_at < $1 ORDER BY completed_at LIMIT 1000)";
