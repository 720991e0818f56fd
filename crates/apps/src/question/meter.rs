//! What is counted of questions over data.

use base::metric::{Counter, Histogram, SECONDS};

/// Outcomes: `answered`, `cached`, or the code of what stood in the way.
pub(super) static QUESTIONS: Counter = Counter::new(
    "questions_total",
    "Questions over data, by how they were answered.",
    &["questions", "outcome"],
);

pub(super) static SECONDS_TAKEN: Histogram = Histogram::new(
    "question_seconds",
    "Time from a question over data to its answer.",
    &["questions"],
    SECONDS,
);

/// Why: `wrong`, `forbidden`, `too_much`.
pub(super) static MENDED: Counter = Counter::new(
    "question_queries_mended_total",
    "Queries that a model had to write anew.",
    &["questions", "why"],
);
