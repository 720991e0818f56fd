//! What this room counts.

use base::metric::{Counter, Gauge, Histogram};

/// Attempts that ended, by how: `completed`, `failed`, `dead`, `cancelled`, `retried`,
/// `handed_back`, `lost`.
pub(crate) static JOBS: Counter =
    Counter::new("work_jobs_total", "Attempts at jobs that ended.", &["kind", "outcome"]);

/// How long an attempt took.
pub(crate) static DURATION: Histogram = Histogram::new(
    "work_job_duration_seconds",
    "How long attempts at jobs took.",
    &["kind"],
    &[0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0],
);

/// Jobs in the queue: `pending`, `running`, and `dead`.
pub(crate) static DEPTH: Gauge =
    Gauge::new("work_queue_depth", "Jobs that wait, run, or are dead letters.", &["state"]);

/// Attempts that are tried again.
pub(crate) static RETRIES: Counter =
    Counter::new("work_retries_total", "Jobs put back after an attempt that failed.", &["kind"]);
