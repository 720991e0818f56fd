//! What is counted about bytes that lie outside of the database.

use base::metric::{Counter, Gauge, Histogram, SECONDS};

/// Places: `directory`, `s3`. Acts: `write`, `read`, `delete`.
pub(super) static SECONDS_TAKEN: Histogram = Histogram::new(
    "store_blob_seconds",
    "Time that one object outside of the database took.",
    &["place", "act"],
    SECONDS,
);

/// Why: `away`, `full`, `damaged`, `missing`.
pub(super) static FAULTS: Counter = Counter::new(
    "store_blob_faults_total",
    "Objects outside of the database that could not be written, read or deleted, by why.",
    &["place", "why"],
);

pub(super) static CLEARED: Counter = Counter::new(
    "store_blob_objects_cleared_total",
    "Objects that nobody named any more and that were deleted.",
    &["place"],
);

pub(super) static LEFTOVERS: Gauge = Gauge::new(
    "store_blob_leftovers",
    "Objects that no row names: on their way to be named, or waiting to be deleted.",
    &[],
);
