//! Searching documents: by meaning and by words, with the passages that were found.

use base::{ChatId, DocumentId, Permission, TenantId};
use knowledge::search::{self, Hit};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::sight;
use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::{Fault, Problem},
};

/// Pieces that are looked at for each document wanted: several of one document may be found.
const PIECES_PER_DOCUMENT: usize = 4;

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "documents.search",
        Permission::ReadDocuments,
        Kind::One,
        "DocumentResults",
        "Finds documents by meaning and by words, and the passages that fit; says how it was done.",
        run,
    )]
}

#[derive(Deserialize, JsonSchema)]
struct Search {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// What is looked for.
    #[schemars(length(max = 10000))]
    query: Option<String>,
    /// The most documents; 10 when left out.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// The least score, from 0 to 1; 0.3 when left out.
    min_score: Option<f32>,
    /// How: `hybrid` when left out.
    mode: Option<Mode>,
    /// In the documents of this chat too.
    chat: Option<ChatId>,
    /// Only in these documents.
    documents: Option<Vec<DocumentId>>,
    /// Only in documents with one of these tags.
    tags: Option<Vec<String>>,
    /// Whether the passages are told; they are when left out.
    passages: Option<bool>,
    /// About how long a passage is, in characters; by the kind of question when left out.
    #[schemars(range(min = 50, max = 2000))]
    passage_chars: Option<u32>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Hybrid,
    Semantic,
    Lexical,
}

async fn run(call: Call, args: Search) -> Result<Answer, Problem> {
    let query = args.query.filter(|it| !it.trim().is_empty()).ok_or_else(|| {
        Problem::faults("invalid_input", vec![Fault::new("/query", "must not be empty")])
    })?;
    let sight = sight(&call, args.tenant);
    if let Some(chat) = args.chat {
        call.app.engine.chat_get(&call.caller, chat).await?;
    }
    let limit = args.limit.unwrap_or(10) as usize;
    let ask = search::Ask {
        chat: args.chat,
        documents: args.documents,
        tags: args.tags.unwrap_or_default(),
        mode: match args.mode.unwrap_or(Mode::Hybrid) {
            Mode::Hybrid => search::Mode::Hybrid,
            Mode::Semantic => search::Mode::Semantic,
            Mode::Lexical => search::Mode::Lexical,
        },
        limit: limit * PIECES_PER_DOCUMENT,
        min_score: args.min_score.unwrap_or(0.3).clamp(0.0, 1.0),
        ..search::Ask::new(call.tenant(args.tenant)?, sight, query.clone())
    };
    let found = call.app.knowledge.search(ask).await?;
    let (hits, chars, with_passages) =
        (found.hits, args.passage_chars, args.passages.unwrap_or(true));
    // Hundreds of pieces are cut and looked through: not on the threads that answer everybody.
    let cut = tokio::task::spawn_blocking(move || {
        let groups = grouped(hits, limit);
        groups.iter().map(|it| result(it, &query, chars, with_passages)).collect::<Vec<_>>()
    });
    let results = cut.await.map_err(Problem::internal)?;
    Ok(Answer::one(json!({
        "result_count": results.len(),
        "results": results,
        "engine": found.engine,
        "mode": found.mode.name(),
        "model": found.model,
        "degraded": found.degraded,
    })))
}

/// The pieces of each document together, the document with the best piece first.
fn grouped(hits: Vec<Hit>, most: usize) -> Vec<Vec<Hit>> {
    let mut groups: Vec<Vec<Hit>> = Vec::new();
    for hit in hits {
        match groups.iter_mut().find(|it| it[0].document == hit.document) {
            Some(group) => group.push(hit),
            None => groups.push(vec![hit]),
        }
    }
    groups.truncate(most);
    groups
}

fn result(hits: &[Hit], query: &str, chars: Option<u32>, with_passages: bool) -> Json {
    let best = &hits[0];
    let passages: Vec<Json> = match with_passages {
        true => hits.iter().map(|it| passage(it, query, chars)).collect(),
        false => Vec::new(),
    };
    json!({
        "document": {"id": best.document, "title": best.title, "url": best.url},
        "score": best.score,
        "semantic": best.semantic,
        "lexical": best.lexical,
        "page": best.page,
        "excerpt": excerpt(best, query, chars).0,
        "passages": passages,
    })
}

fn passage(hit: &Hit, query: &str, chars: Option<u32>) -> Json {
    let (text, start, end) = excerpt(hit, query, chars);
    json!({
        "chunk": hit.chunk,
        "page": hit.page,
        "start_char": hit.start_char + start,
        "end_char": hit.start_char + end,
        "text": text,
        "score": hit.score,
        "semantic": hit.semantic,
        "lexical": hit.lexical,
    })
}

/// The part of a piece that has most of what is asked for, and where in the piece it lies.
fn excerpt(hit: &Hit, query: &str, chars: Option<u32>) -> (String, u64, u64) {
    let chars = chars.map(|it| it as usize);
    let best = search::passages(&hit.text, query, chars).into_iter().next();
    let (text, start) = best.map_or((hit.text.clone(), 0), |it| (it.text, it.start));
    let start = start as u64;
    let end = start + text.chars().count() as u64;
    (text, start, end)
}
