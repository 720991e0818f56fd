//! What this room counts.

use base::metric::{Counter, Gauge, Histogram};

/// Runs that ended, by the source and how: `completed`, `cancelled`, or the code of the finding that
/// refused it.
pub(crate) static RUNS: Counter =
    Counter::new("sources_runs_total", "Runs of sources that ended.", &["source", "outcome"]);

/// How long a run took.
pub(crate) static DURATION: Histogram = Histogram::new(
    "sources_run_duration_seconds",
    "How long runs of sources took.",
    &["source"],
    &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0],
);

/// When a source last ran well.
pub(crate) static LAST_GOOD: Gauge = Gauge::new(
    "sources_last_success_timestamp_seconds",
    "When the last run of a source ended well.",
    &["source"],
);

/// What became of records, by the source: `inserted`, `updated`, `unchanged`, `skipped`, `aside`,
/// `gone`.
pub(crate) static RECORDS: Counter =
    Counter::new("sources_records_total", "Records of runs of sources.", &["source", "change"]);

/// Questions to sites, by the source and what came of them.
pub(crate) static FETCHES: Counter = Counter::new(
    "sources_fetches_total",
    "Questions to the sites of sources.",
    &["source", "outcome"],
);

/// What was looked up while somebody waited, by the look-up and what came of it: `live`, `kept`,
/// `nothing`, `unanswered`, `broken`.
pub(crate) static LOOKUPS: Counter = Counter::new(
    "sources_lookups_total",
    "Things that were looked up while somebody waited.",
    &["lookup", "outcome"],
);

/// How long somebody waited for it.
pub(crate) static LOOKUP_SECONDS: Histogram = Histogram::new(
    "sources_lookup_duration_seconds",
    "How long somebody waited for what was looked up.",
    &["lookup"],
    base::metric::SECONDS,
);

/// How long reading a document took.
pub(crate) static READ: Histogram = Histogram::new(
    "sources_read_duration_seconds",
    "How long it took to read rows out of a document and to map them.",
    &["source"],
    &[0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0],
);

/// Looks into the caches, by the kind and what came of them.
pub(crate) static CACHE: Counter = Counter::new(
    "sources_cache_requests_total",
    "Looks into the caches of sources.",
    &["kind", "outcome"],
);

/// What is kept in the caches.
pub(crate) static CACHE_ENTRIES: Gauge =
    Gauge::new("sources_cache_entries", "Entries in the caches of sources.", &["kind"]);

/// How large that is.
pub(crate) static CACHE_BYTES: Gauge =
    Gauge::new("sources_cache_bytes", "Size of the caches of sources.", &["kind"]);

/// How old the newest of it is.
pub(crate) static CACHE_AGE: Gauge = Gauge::new(
    "sources_cache_newest_age_seconds",
    "Age of the newest entry in the caches of sources.",
    &["kind"],
);

/// The share of looks that found something which still held.
pub(crate) static CACHE_VALID: Gauge = Gauge::new(
    "sources_cache_valid_ratio",
    "Share of entries that still held when they were found.",
    &["kind"],
);
