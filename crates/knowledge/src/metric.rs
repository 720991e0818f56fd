//! What this room counts.

use base::metric::{Counter, Histogram, SECONDS};

/// Files that were read, by their kind and what was found.
pub(crate) static EXTRACTED: Counter = Counter::new(
    "knowledge_extractions_total",
    "Files from which text was to be got, by kind and by what was found.",
    &["kind", "outcome"],
);

/// How long reading a file took.
pub(crate) static EXTRACT_SECONDS: Histogram = Histogram::new(
    "knowledge_extraction_seconds",
    "Time from giving a file to its reader until its text was there.",
    &["kind"],
    SECONDS,
);

/// Documents that ended their way, by how.
pub(crate) static DOCUMENTS: Counter = Counter::new(
    "knowledge_documents_total",
    "Documents that became ready or failed, by the code of the reason.",
    &["outcome"],
);

/// Pieces of text, by what was done for their vectors.
pub(crate) static CHUNKS: Counter = Counter::new(
    "knowledge_chunks_total",
    "Chunks, by whether they were embedded, had the vector of an identical text, or were left out as repetitions.",
    &["how"],
);

/// Waits for an embedding model that is away or over its limit.
pub(crate) static EMBED_WAITS: Counter = Counter::new(
    "knowledge_embedding_waits_total",
    "Times that a document waited for the embedding model, by why.",
    &["why"],
);

/// Pages of the web that were fetched, by what came of it.
pub(crate) static PAGES: Counter = Counter::new(
    "knowledge_pages_total",
    "Pages of the web that were asked for, by what came of it.",
    &["outcome"],
);
