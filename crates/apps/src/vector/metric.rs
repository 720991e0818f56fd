//! What is counted of vectors of records.

use base::metric::Counter;

/// Outcomes: `made`, `reused` (the same text had one), `none` (nothing to make one of, or the model would
/// not take it).
pub(crate) static VECTORS: Counter = Counter::new(
    "record_vectors_total",
    "Records outside of versions that were given a vector, by where it came from.",
    &["outcome"],
);

/// Why: the code of what stands in the way.
pub(crate) static WAITS: Counter = Counter::new(
    "record_embedding_waits_total",
    "Waits of records for an embedding model that was away, over its limit or refused.",
    &["why"],
);
