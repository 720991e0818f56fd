//! What this room counts.

use std::time::Duration;

use base::metric::{Counter, Gauge, Histogram, SECONDS};

/// Outcomes: `committed`, `read`, `rolled_back`, `unavailable`, `failed`.
pub(crate) static TRANSACTIONS: Counter =
    Counter::new("store_transactions_total", "Transactions by how they ended.", &["outcome"]);

pub(crate) static TRANSACTION_SECONDS: Histogram = Histogram::new(
    "store_transaction_seconds",
    "Time a transaction's closure and commit took, without the wait for its turn.",
    &["kind"],
    SECONDS,
);

pub(crate) static GROUP_SIZE: Histogram = Histogram::new(
    "store_group_size",
    "Transactions that shared one commit (SQLite).",
    &[],
    &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
);

pub(crate) static STATEMENT_SECONDS: Histogram =
    Histogram::new("store_statement_seconds", "Time one statement took.", &[], SECONDS);

pub(crate) static POOL_CONNECTIONS: Gauge =
    Gauge::new("store_pool_connections", "Connections of the pool (PostgreSQL).", &["state"]);

pub(crate) static POOL_WAITS: Counter = Counter::new(
    "store_pool_waits_total",
    "Times a caller found every connection of the pool in use (PostgreSQL).",
    &[],
);

/// A statement that takes longer is named in the log.
const SLOW: Duration = Duration::from_secs(1);

/// Takes in how long a statement took.
pub(crate) fn statement(sql: &str, took: Duration) {
    STATEMENT_SECONDS.observe(took.as_secs_f64(), &[]);
    if took > SLOW {
        let duration_ms = took.as_millis() as u64;
        tracing::warn!(
            statement.text = %crate::error::brief(sql),
            statement.duration_ms = duration_ms,
            "A statement took {duration_ms} ms"
        );
    }
}
