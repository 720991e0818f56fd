//! A document as callers see it.

use serde_json::{Value as Json, json};

use super::{Document, State, state};

/// The document with everything that a caller may know of it; its text is asked for by itself.
pub fn view(document: &Document) -> Json {
    let reason = match &document.state {
        State::Failed(reason) => json!({"code": reason.code, "message": reason.message}),
        _ => Json::Null,
    };
    json!({
        "id": document.id,
        "title": document.title,
        "summary": document.summary,
        "metadata": document.metadata,
        "tags": document.tags,
        "origin": document.origin.name(),
        "url": document.url,
        "file_name": document.file_name,
        "kind": document.kind,
        "media_type": document.kind.media_type(),
        "size_bytes": document.size_bytes,
        "owner": document.owner,
        "chat": document.chat,
        "shared": document.shared,
        "state": document.state.name(),
        "reason": reason,
        "progress": state::progress(document),
        "verdict": document.verdict,
        "pages": document.made.pages,
        "chars": document.made.chars,
        "chunks": document.made.chunks,
        "chunks_deduped": document.made.chunks_deduped,
        "vectors": document.made.vectors_done,
        "vectors_reused": document.made.vectors_reused,
        "model": document.made.model,
        "dimensions": document.made.dimensions,
        "job": document.job,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
    })
}
