//! What the model in this process counts.

use base::metric::{Counter, Gauge, Histogram, SECONDS};

pub(super) static TEXTS: Counter = Counter::new(
    "local_model_texts_total",
    "Texts of which the model in this process made embeddings.",
    &["model"],
);

pub(super) static CUT: Counter = Counter::new(
    "local_model_texts_cut_total",
    "Of these, texts longer than the model sees.",
    &["model"],
);

pub(super) static TOKENS: Counter = Counter::new(
    "local_model_tokens_total",
    "Tokens that the model in this process has seen.",
    &["model"],
);

pub(super) static ROUND_SECONDS: Histogram = Histogram::new(
    "local_model_round_duration_seconds",
    "How long one round of the model in this process took: some texts of each who waited.",
    &["model"],
    SECONDS,
);

pub(super) static WAITING: Gauge =
    Gauge::new("local_model_waiting", "Requests with the model in this process.", &["model"]);

pub(super) static BYTES: Gauge = Gauge::new(
    "local_model_bytes",
    "Bytes of the model in this process while it is loaded; 0 while it is not.",
    &["model"],
);
