//! The nearest by the rows alone: slower than an index, and right whatever has become of it.
//!
//! It reads the vectors of one tenant, page by page, and keeps the best. Nothing is held afterwards.
//! This is what answers when an engine is away.

use std::collections::HashMap;

use base::{ChunkId, DocumentId};
use store::{Db, Error};

use super::{Filter, Scored, Space, dot, label::Place, rows, top::Top};

/// Rows of one page: about 3 MB at 384 dimensions.
const PAGE: usize = 2_000;

/// Up to so many documents are read each for itself.
const FEW: usize = 64;

/// The points of a space nearest to `query`, at most `most`, the best first.
pub(crate) fn search(
    db: &Db,
    space: &Space,
    query: &[f32],
    filter: &Filter,
    most: usize,
) -> Result<Vec<Scored>, Error> {
    if filter.is_empty() || most == 0 || query.len() != space.dimensions {
        return Ok(Vec::new());
    }
    let model = rows::Model { name: space.model.clone(), dimensions: space.dimensions };
    let places = rows::places(db, filter.tenant)?;
    let allowed = allowed(&places, space, filter);
    let mut top = Top::new(most);
    if allowed.len() <= FEW {
        for (document, place) in allowed {
            for point in rows::points(db, &model, filter.tenant, document, place)? {
                top.offer(dot::plain(&point.vector, query), point.chunk);
            }
        }
    } else {
        let mut after = None;
        loop {
            let (kept, next) = rows::page(db, &model, filter.tenant, after, PAGE)?;
            for row in kept.iter().filter(|it| allowed.contains_key(&it.document)) {
                top.offer(dot::plain(&row.vector, query), row.chunk);
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    Ok(top.into_sorted().into_iter().map(|(chunk, score)| Scored { chunk, score }).collect())
}

/// How near these chunks are, of those that have a vector.
pub(crate) fn scores(
    db: &Db,
    model: &rows::Model,
    tenant: base::TenantId,
    query: &[f32],
    chunks: &[ChunkId],
) -> Result<HashMap<ChunkId, f32>, Error> {
    let kept = rows::of_chunks(db, model, tenant, chunks)?;
    Ok(kept.into_iter().map(|it| (it.chunk, dot::plain(&it.vector, query))).collect())
}

fn allowed<'a>(
    places: &'a HashMap<DocumentId, Place>,
    space: &Space,
    filter: &Filter,
) -> HashMap<DocumentId, &'a Place> {
    places
        .iter()
        .filter(|(_, place)| place.chat.is_some() == space.of_chats)
        .filter(|(document, place)| filter.lets(**document, &place.labels()))
        .map(|(document, place)| (*document, place))
        .collect()
}

#[cfg(test)]
mod tests;
