//! What is counted about vectors. No label is a tenant's or a document's.

use base::metric::{Counter, Gauge, Histogram, SECONDS};

/// How long finding the nearest took.
pub(crate) static SEARCH_SECONDS: Histogram = Histogram::new(
    "knowledge_vector_search_seconds",
    "Time for the nearest vectors of a query, by who answered.",
    &["engine"],
    SECONDS,
);

/// Answers that came from the rows because an engine could not give them.
pub(crate) static FALLBACKS: Counter = Counter::new(
    "knowledge_vector_fallbacks_total",
    "Searches answered from stored vectors because the engine was away or refused.",
    &["engine"],
);

/// Documents that an engine has not followed yet.
pub(crate) static BEHIND: Gauge = Gauge::new(
    "knowledge_vector_documents_behind",
    "Changed documents that the vector engine does not have yet.",
    &["engine"],
);

/// Vectors held in memory.
pub(crate) static HELD: Gauge = Gauge::new(
    "knowledge_vectors_held",
    "Vectors held in memory by the builtin engine, and those of them in a graph.",
    &["how"],
);

/// Memory for them.
pub(crate) static HELD_BYTES: Gauge = Gauge::new(
    "knowledge_vectors_held_bytes",
    "Memory that the builtin engine takes for vectors, about.",
    &[],
);

/// Pieces that got a vector of another model.
pub(crate) static REEMBEDDED: Counter = Counter::new(
    "knowledge_vectors_reembedded_total",
    "Chunks that were given a vector of another model than they had.",
    &[],
);

/// Generations that took the place of another.
pub(crate) static SWITCHES: Counter = Counter::new(
    "knowledge_vector_switches_total",
    "Times that another generation of vectors began to serve.",
    &["engine"],
);
