//! What limits count about themselves.

use base::metric::{Counter, Gauge, Histogram, SECONDS};

pub(super) static DEPTH: Gauge =
    Gauge::new("model_queue_depth", "Requests that wait for their turn.", &[]);

pub(super) static WAIT: Histogram = Histogram::new(
    "model_queue_wait_seconds",
    "How long requests waited that had to, until their turn came or they were refused.",
    &["priority"],
    SECONDS,
);

pub(super) static REFUSED: Counter = Counter::new(
    "model_limit_refusals_total",
    "Requests that were refused, by the limit that was reached.",
    &["per", "limit"],
);
