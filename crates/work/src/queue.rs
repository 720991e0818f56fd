//! Wanting a job: one row, written in the caller's own transaction.
//!
//! The job exists exactly when what asked for it is committed. Nothing runs here.

use std::time::Duration;

use base::{JobId, RecordId, TenantId, Timestamp};
use serde_json::Value as Json;
use store::{Db, Error, Tx, params};

use crate::{
    Job, State, event,
    job::{Lease, sentence},
};

/// A job that somebody wants. Start from [`NewJob::new`] and change what differs.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What it does; chooses the handler.
    pub kind: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// What the handler is given. Small: what is large belongs into a blob.
    pub payload: Json,
    /// The record that it is about.
    pub subject: Option<RecordId>,
    /// Of the jobs of a tenant with one key, one runs at a time.
    pub lock: Option<Lock>,
    /// The caller's own name for the wish, unique within the tenant.
    pub idempotency_key: Option<String>,
    /// Higher goes first; 0 is normal.
    pub priority: i64,
    /// Not before this.
    pub due_at: Timestamp,
    /// How often it may be begun; at least once.
    pub attempts_max: u32,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Who wants it, for people to read.
    pub created_by: String,
}

/// A name that one running job at a time may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The name, within the tenant: `codebooks/<id>`.
    pub key: String,
    /// What to do when the name is taken.
    pub busy: Busy,
}

/// What to do when a lock is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// Do not enqueue when another job holds the lock or waits for it.
    Refuse,
    /// Enqueue, and wait in line.
    Wait,
    /// Leave it to the job that waits with this name, if one does; enqueue when none waits, whoever
    /// runs. Nobody is ever waited for here, so that two who ask at the same moment may both enqueue,
    /// and a job that is begun just now may not see what this transaction is about to write: for jobs
    /// that look for what is to do, and are looked after now and then.
    Join,
}

/// What came of wanting a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    /// The job.
    pub id: JobId,
    /// It was there already, under the same idempotency key or, for [`Busy::Join`], waiting.
    pub existed: bool,
}

/// Why a job was not enqueued.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// The lock is taken, and the caller chose [`Busy::Refuse`].
    #[error("job {job} is at it already; wait for it, or cancel it")]
    Busy {
        /// The job that holds the lock or waits for it.
        job: JobId,
    },
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] Error),
}

impl NewJob {
    /// A job that is due now, may be begun four times (three retries, after 2, 4 and 8 s), and may
    /// take 300 s each time.
    pub fn new(
        tenant: TenantId,
        kind: impl Into<String>,
        payload: Json,
        created_by: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            kind: kind.into(),
            tenant,
            payload,
            subject: None,
            lock: None,
            idempotency_key: None,
            priority: 0,
            due_at: now,
            attempts_max: 4,
            timeout: Duration::from_secs(300),
            created_by: created_by.into(),
        }
    }
}

/// Writes a job into the caller's transaction, and makes the workers of this process look.
///
/// The same idempotency key gives the job that is there, in whatever state it is, and changes
/// nothing. The caller writes its own audit row: a job is wanted by an act that has one.
///
/// # Errors
/// [`EnqueueError::Busy`] when the lock is taken and the caller will not wait.
pub fn enqueue(tx: &Tx, job: NewJob, now: Timestamp) -> Result<Enqueued, EnqueueError> {
    if let Some(key) = &job.idempotency_key
        && let Some(id) = named(tx, job.tenant, key)?
    {
        return Ok(Enqueued { id, existed: true });
    }
    if let Some(lock) = &job.lock
        && lock.busy == Busy::Join
    {
        if let Some(id) = waiting(tx, job.tenant, &lock.key)? {
            return Ok(Enqueued { id, existed: true });
        }
    } else if let Some(lock) = &job.lock {
        // Two callers that ask at the same moment must not both see a free lock.
        tx.hold(&format!("work/{}/{}", job.tenant, lock.key))?;
        if lock.busy == Busy::Refuse
            && let Some(holder) = holder(tx, job.tenant, &lock.key)?
        {
            return Err(EnqueueError::Busy { job: holder });
        }
    }
    let job = written(job, now);
    if insert(tx, &job)? == 0 {
        // Somebody committed the same idempotency key since we looked.
        let key = job.idempotency_key.as_deref().unwrap_or_default();
        let id = named(tx, job.tenant, key)?.ok_or(Error::NoRow)?;
        return Ok(Enqueued { id, existed: true });
    }
    event::changed(&job);
    event::wake();
    Ok(Enqueued { id: job.id, existed: false })
}

/// The job as its row will say.
fn written(job: NewJob, now: Timestamp) -> Job {
    Job {
        id: JobId::generate(),
        tenant: job.tenant,
        kind: job.kind,
        subject: job.subject,
        lock_key: job.lock.map(|it| it.key),
        idempotency_key: job.idempotency_key,
        state: State::Pending,
        dead: false,
        priority: job.priority,
        due_at: job.due_at,
        attempts: 0,
        attempts_max: job.attempts_max.max(1),
        retry_count: 0,
        timeout: job.timeout.max(Duration::from_millis(1)),
        progress: 0,
        message: None,
        payload: job.payload,
        checkpoint: None,
        result: None,
        error: None,
        cancel_requested: false,
        created_by: sentence(&job.created_by),
        created_at: now,
        started_at: None,
        completed_at: None,
        lease: None::<Lease>,
        fence: 0,
    }
}

fn insert(tx: &Tx, job: &Job) -> Result<u64, Error> {
    tx.execute(
        INSERT,
        &params![
            job.id,
            job.tenant,
            job.kind.as_str(),
            job.subject,
            job.lock_key.as_deref(),
            job.idempotency_key.as_deref(),
            job.state.name(),
            job.priority,
            job.due_at,
            job.attempts_max,
            u64::try_from(job.timeout.as_millis()).unwrap_or(u64::MAX),
            &job.payload,
            job.created_by.as_str(),
            job.created_at
        ],
    )
}

fn named(db: &Db, tenant: TenantId, key: &str) -> Result<Option<JobId>, Error> {
    db.first(NAMED, &params![tenant, key])?.map(|row| row.get("id")).transpose()
}

fn holder(db: &Db, tenant: TenantId, key: &str) -> Result<Option<JobId>, Error> {
    db.first(HOLDER, &params![tenant, key])?.map(|row| row.get("id")).transpose()
}

fn waiting(db: &Db, tenant: TenantId, key: &str) -> Result<Option<JobId>, Error> {
    db.first(WAITING, &params![tenant, key])?.map(|row| row.get("id")).transpose()
}

const INSERT: &str = "
    INSERT INTO jobs (id, tenant, kind, subject, lock_key, idempotency_key, state, priority, due_at,
                      attempts_max, timeout_ms, payload, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (tenant, idempotency_key) DO NOTHING";

const NAMED: &str = "SELECT id FROM jobs WHERE tenant = $1 AND idempotency_key = $2";

const HOLDER: &str = "
    SELECT id
      FROM jobs
     WHERE tenant = $1 AND lock_key = $2 AND state IN ('pending', 'running')
     ORDER BY CASE state WHEN 'running' THEN 0 ELSE 1 END, id
     LIMIT 1";

const WAITING: &str = "
    SELECT id FROM jobs
     WHERE tenant = $1 AND lock_key = $2 AND state = 'pending'
     ORDER BY id LIMIT 1";
