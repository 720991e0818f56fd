//! Doing a job: what a handler implements, and what it is handed.
//!
//! A handler may be dropped at any await: when the job takes too long, is cancelled and does not
//! stop, is lost to other workers, or must be handed back. So it writes its effects in transactions
//! that begin with [`Running::fence`] (or [`Running::checkpoint_in`]), and picks up from
//! [`Job::checkpoint`] when it runs again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base::{Actor, Clock, JobId, Timestamp};
use serde_json::Value as Json;
use store::{Error, Store, Tx};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    Job,
    job::sentence,
    lease::{self, Report},
};

/// Does jobs of one kind.
#[async_trait::async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Does one job, from its checkpoint if it has one. What it returns is kept as the result.
    async fn run(&self, job: Running) -> Result<Json, Failure>;

    /// Called when workers end a job for good (completed, failed or cancelled), in the transaction
    /// that says so: the place to enqueue what must follow. Not called when a person cancels a
    /// pending job; whoever does that has the job and the transaction at hand. The transaction is
    /// bookkeeping: it takes no audit entry. Should it fail, the job ends all the same, and the log
    /// says so.
    fn ended(&self, _tx: &Tx, _job: &Job, _now: Timestamp) -> Result<(), Error> {
        Ok(())
    }
}

/// Why an attempt did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It may succeed later.
    Retry {
        /// For programs.
        code: String,
        /// For people.
        message: String,
        /// How long to wait; none means 2, 4, 8 s with jitter.
        after: Option<Duration>,
    },
    /// It will not succeed, however often it is tried.
    Final {
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
    /// It stopped because somebody cancelled it.
    Cancelled,
}

/// Why an effect must not happen.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// Other workers have the job now, or it is gone.
    #[error("job {0} is not ours any more; its effects must not happen here")]
    Lost(JobId),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A job in hand. Clones speak of the same attempt.
#[derive(Clone)]
pub struct Running(Arc<Attempt>);

struct Attempt {
    job: Job,
    store: Store,
    clock: Clock,
    report: Mutex<Report>,
    stirred: Notify,
    cancelled: CancellationToken,
    lost: CancellationToken,
}

impl Running {
    /// The job as it was when this attempt began.
    pub fn job(&self) -> &Job {
        &self.0.job
    }

    /// The job as the one who acts: for the writes that it makes.
    pub fn actor(&self) -> Actor {
        Actor::job(self.0.job.id)
    }

    /// Says how far the job is, in percent and in words. Cheap: it is written four times a second
    /// at most, and the last word always.
    pub async fn progress(&self, percent: u8, message: &str) {
        let report = Report { progress: percent.min(100), message: Some(sentence(message)) };
        let mut last = self.0.report.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != report {
            *last = report;
            self.0.stirred.notify_one();
        }
    }

    /// Keeps `state` for the next attempt, should there be one. Durable when it returns.
    ///
    /// # Errors
    /// [`FenceError::Lost`] when other workers have the job now.
    pub async fn checkpoint(&self, state: Json) -> Result<(), FenceError> {
        let this = self.clone();
        self.0.store.bookkeep("keep a checkpoint", move |tx| this.checkpoint_in(tx, &state)).await
    }

    /// Keeps `state` in the same transaction as the effects that it speaks of, so that an effect is
    /// never without its checkpoint. Checks the fence by itself.
    ///
    /// # Errors
    /// [`FenceError::Lost`] when other workers have the job now: return it, and nothing happens.
    pub fn checkpoint_in(&self, tx: &Tx, state: &Json) -> Result<(), FenceError> {
        let job = &self.0.job;
        match lease::checkpoint(tx, job.id, job.fence, state)? {
            true => Ok(()),
            false => Err(FenceError::Lost(job.id)),
        }
    }

    /// Is the lease still ours? Ask inside a transaction, before its effects: the answer holds
    /// until the transaction ends, so that an effect never comes from two attempts at once.
    ///
    /// # Errors
    /// [`FenceError::Lost`] when other workers have the job now: return it, and nothing happens.
    pub fn fence(&self, tx: &Tx) -> Result<(), FenceError> {
        let job = &self.0.job;
        match lease::holds(tx, job.id, job.fence)? {
            true => Ok(()),
            false => Err(FenceError::Lost(job.id)),
        }
    }

    /// Does somebody want the job to stop?
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.is_cancelled()
    }

    /// Returns when somebody wants the job to stop; for `select!`.
    pub async fn cancelled(&self) {
        self.0.cancelled.cancelled().await;
    }

    pub(crate) fn begin(job: Job, store: Store, clock: Clock) -> Self {
        let cancelled = CancellationToken::new();
        if job.cancel_requested {
            cancelled.cancel();
        }
        let report = Report { progress: job.progress, message: job.message.clone() };
        Self(Arc::new(Attempt {
            job,
            store,
            clock,
            report: Mutex::new(report),
            stirred: Notify::new(),
            cancelled,
            lost: CancellationToken::new(),
        }))
    }

    /// What it last said of itself.
    pub(crate) fn report(&self) -> Report {
        self.0.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns when there is something new to write.
    pub(crate) async fn stirred(&self) {
        self.0.stirred.notified().await;
    }

    /// Tells the handler to stop.
    pub(crate) fn cancel(&self) {
        self.0.cancelled.cancel();
    }

    /// Set when other workers have the job, or may have it.
    pub(crate) fn lost(&self) -> &CancellationToken {
        &self.0.lost
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl Failure {
    /// It may succeed later, after the usual pause.
    pub fn for_now(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Retry { code: code.into(), message: message.into(), after: None }
    }

    /// It will not succeed, however often it is tried.
    pub fn for_good(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Final { code: code.into(), message: message.into() }
    }
}

/// A database or a place of blobs that is away comes back, and a disk gets space; whatever else it says, it will say again.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Unavailable { retry_after, .. } => Self::Retry {
                code: "database_unavailable".into(),
                message: error.to_string(),
                after: Some(*retry_after),
            },
            Error::BlobsAway { retry_after, .. } => Self::Retry {
                code: "unavailable".into(),
                message: error.to_string(),
                after: Some(*retry_after),
            },
            Error::BlobDamaged { .. } => Self::for_good("invalid_file", error.to_string()),
            Error::Full => Self::for_now("storage_full", error.to_string()),
            _ => Self::for_good("database_error", error.to_string()),
        }
    }
}

/// Whoever has lost the job has no say in how it ends, so the failure is only for the log.
impl From<FenceError> for Failure {
    fn from(error: FenceError) -> Self {
        match error {
            FenceError::Lost(_) => Self::for_now("worker_lost", error.to_string()),
            FenceError::Store(error) => error.into(),
        }
    }
}
