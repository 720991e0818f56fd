//! What the ledger counts about itself.

use base::metric::{Counter, Gauge};

pub(crate) static ROWS_WAITING: Gauge = Gauge::new(
    "model_ledger_rows_waiting",
    "Rows of the usage ledger that are not in the database yet.",
    &[],
);

pub(crate) static JOURNAL_BYTES: Gauge =
    Gauge::new("model_ledger_journal_bytes", "Bytes in the journal of the usage ledger.", &[]);

pub(crate) static OLDEST_SECONDS: Gauge = Gauge::new(
    "model_ledger_oldest_seconds",
    "For how long the oldest row has been waiting for the database.",
    &[],
);

pub(crate) static FAILURES: Counter = Counter::new(
    "model_ledger_failures_total",
    "Rows of the usage ledger that could not be written: into the journal (journal), into the \
     database now (retried), or at all (lost).",
    &["kind"],
);

pub(crate) static REFUSED: Counter = Counter::new(
    "model_ledger_full_total",
    "Requests that were refused because the journal of the usage ledger is full.",
    &[],
);

pub(crate) static REPLAYED: Counter = Counter::new(
    "model_ledger_replayed_total",
    "Rows that were found in the journal of a process that is no more, by how they ended.",
    &["outcome"],
);

pub(crate) static BUDGET_USED: Gauge = Gauge::new(
    "budget_used_ratio",
    "The share of a budget that is spent in this period; 1 is all of it.",
    &["budget", "id"],
);

pub(crate) static BUDGET_REFUSED: Counter =
    Counter::new("budget_refusals_total", "Requests that did not fit into a budget.", &["budget"]);

pub(crate) static BUDGET_BLIND: Counter = Counter::new(
    "budget_blind_holds_total",
    "Requests that were held for without a lease, because the database was away.",
    &["budget"],
);
