//! What is counted of queries of others.

use base::metric::{Counter, Histogram, SECONDS};

/// Outcomes: `answered`, `wrong`, `forbidden`, `too_much`, `unavailable`.
pub(super) static QUERIES: Counter = Counter::new(
    "guarded_queries_total",
    "Queries that models wrote and the database answered or refused.",
    &["outcome"],
);

pub(super) static SECONDS_TAKEN: Histogram = Histogram::new(
    "guarded_query_seconds",
    "Time a query that a model wrote took, its refusal included.",
    &[],
    SECONDS,
);
