//! What this room counts.

use base::metric::{Counter, Histogram, SECONDS};

pub(crate) static REQUESTS: Counter = Counter::new(
    "model_requests_total",
    "Attempts to use a model, by how they ended.",
    &["provider", "model", "outcome"],
);

pub(crate) static TOKENS: Counter = Counter::new(
    "model_tokens_total",
    "Tokens of questions (in; of these, cached or cache_written by the provider, audio_in) and of \
     answers (out; of these, reasoning, audio_out). Of those written, cache_written_1h for an hour.",
    &["provider", "model", "direction"],
);

pub(crate) static SEARCHES: Counter = Counter::new(
    "model_web_searches_total",
    "How often providers searched the web for an answer.",
    &["provider", "model"],
);

pub(crate) static SECONDS_TAKEN: Histogram = Histogram::new(
    "model_request_duration_seconds",
    "How long attempts to use a model took.",
    &["provider", "model"],
    SECONDS,
);

pub(crate) static COST: Counter = Counter::new(
    "model_cost_nano_usd_total",
    "What models cost in billionths of a dollar, as far as prices are known.",
    &["model"],
);
