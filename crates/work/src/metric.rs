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

/// Runs of schedules, by how they went: `begun`, `busy`, `nothing`, `missed`.
pub(crate) static SCHEDULED: Counter =
    Counter::new("work_schedule_runs_total", "Runs of schedules.", &["schedule", "outcome"]);

/// How much later than it was due a run began.
pub(crate) static LATE: Histogram = Histogram::new(
    "work_schedule_late_seconds",
    "How much later than they were due runs of schedules began.",
    &["schedule"],
    &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0],
);

/// How far the last run lay from the time that was declared, its jitter and its window included.
pub(crate) static DRIFT: Gauge = Gauge::new(
    "work_schedule_drift_seconds",
    "How long after its declared time the last run of a schedule began.",
    &["schedule"],
);

/// How late the run is that waits longest; 0 when none is due.
pub(crate) static OVERDUE: Gauge = Gauge::new(
    "work_schedule_overdue_seconds",
    "How late the run is that should have begun longest ago.",
    &[],
);
