//! Signals within the process: a job changed, a job came, a job is to stop.
//!
//! Signals are hints. They may come a moment before the transaction they speak of commits, or for
//! one that is rolled back; other processes do not hear them. The row is the truth, and everybody
//! who listens also looks from time to time.

use std::sync::LazyLock;

use base::{JobId, TenantId};
use tokio::sync::{broadcast, watch};

use crate::{Job, State};

/// A job is now so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChanged {
    /// Which one.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantId,
    /// Where it stands.
    pub state: State,
    /// In percent.
    pub progress: u8,
}

/// Changes from now on, for live views. A listener that falls behind by more than 1,024 changes is
/// told so and misses the oldest.
pub fn events() -> broadcast::Receiver<JobChanged> {
    CHANGES.subscribe()
}

/// Makes the workers of this process look at the queue now. [`enqueue`](crate::enqueue) does it by
/// itself; call this after a commit when milliseconds matter.
pub fn wake() {
    WAKES.send_modify(|it| *it = it.wrapping_add(1));
}

static CHANGES: LazyLock<broadcast::Sender<JobChanged>> =
    LazyLock::new(|| broadcast::Sender::new(1024));
static WAKES: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));
static CANCELS: LazyLock<broadcast::Sender<JobId>> = LazyLock::new(|| broadcast::Sender::new(256));

/// Hears every [`wake`], also one that comes while its owner is busy.
pub(crate) fn wakes() -> watch::Receiver<u64> {
    WAKES.subscribe()
}

/// Hears the ids of jobs that somebody wants to stop.
pub(crate) fn cancels() -> broadcast::Receiver<JobId> {
    CANCELS.subscribe()
}

/// Tells who runs this job to look at its row.
pub(crate) fn cancel(id: JobId) {
    // An error only says that nobody listens.
    let _ = CANCELS.send(id);
}

/// Tells live views.
pub(crate) fn changed(job: &Job) {
    progressed(job, job.state, job.progress);
}

/// Tells live views about a job whose row is not at hand.
pub(crate) fn progressed(job: &Job, state: State, progress: u8) {
    let _ = CHANGES.send(JobChanged { id: job.id, tenant: job.tenant, state, progress });
}
