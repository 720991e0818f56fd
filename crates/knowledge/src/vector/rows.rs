//! The rows: vectors of chunks as they are kept, and where their documents lie.
//!
//! They are written by the ingest of documents. Here they are read, for every index and for whoever
//! must do without one.

use std::collections::HashMap;

use base::{ChunkId, DocumentId, TenantId, Timestamp};
use serde_json::json;
use store::{Db, Error, Row, Sql, Tx, params};

use super::{Point, label::Place};

/// The vectors of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Model {
    /// As `provider/model`.
    pub(crate) name: String,
    pub(crate) dimensions: usize,
}

/// A vector as it is kept.
pub(crate) struct Kept {
    pub(crate) chunk: ChunkId,
    pub(crate) document: DocumentId,
    pub(crate) vector: Vec<f32>,
}

/// Where a document lies, and whose it is; none when it is gone.
pub(crate) fn place(db: &Db, document: DocumentId) -> Result<Option<(TenantId, Place)>, Error> {
    let row = db.first(
        "SELECT tenant, owner, chat, shared FROM knowledge_documents WHERE id = $1",
        &params![document],
    )?;
    let Some(row) = row else { return Ok(None) };
    let tags = db.query(
        "SELECT tag FROM knowledge_tags WHERE document = $1 ORDER BY tag",
        &params![document],
    )?;
    let tags = tags.iter().map(|it| it.get("tag")).collect::<Result<_, _>>()?;
    Ok(Some((row.get("tenant")?, Place { tags, ..read_place(&row)? })))
}

/// Where the documents of a tenant lie.
pub(crate) fn places(db: &Db, tenant: TenantId) -> Result<HashMap<DocumentId, Place>, Error> {
    let rows = db.query(
        "SELECT id, owner, chat, shared FROM knowledge_documents WHERE tenant = $1",
        &params![tenant],
    )?;
    let mut places: HashMap<DocumentId, Place> = rows
        .iter()
        .map(|row| Ok((row.get("id")?, read_place(row)?)))
        .collect::<Result<_, Error>>()?;
    let tags = db.query(
        "SELECT document, tag FROM knowledge_tags WHERE tenant = $1 ORDER BY document, tag",
        &params![tenant],
    )?;
    for row in tags {
        if let Some(place) = places.get_mut(&row.get("document")?) {
            place.tags.push(row.get("tag")?);
        }
    }
    Ok(places)
}

fn read_place(row: &Row) -> Result<Place, Error> {
    Ok(Place {
        owner: row.get("owner")?,
        chat: row.get("chat")?,
        shared: row.get("shared")?,
        tags: Vec::new(),
    })
}

/// The points of a document.
pub(crate) fn points(
    db: &Db,
    model: &Model,
    tenant: TenantId,
    document: DocumentId,
    place: &Place,
) -> Result<Vec<Point>, Error> {
    let rows = db.query(
        "SELECT chunk, document, vector FROM knowledge_vectors
          WHERE tenant = $1 AND model = $2 AND dimensions = $3 AND document = $4
          ORDER BY chunk",
        &params![tenant, &model.name, model.dimensions, document],
    )?;
    let labels = place.labels();
    let mut points = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(Kept { chunk, document, vector }) = read(row, model.dimensions)? {
            points.push(Point { chunk, document, tenant, labels: labels.clone(), vector });
        }
    }
    Ok(points)
}

/// Behind which row a page begins.
pub(crate) type After = (DocumentId, ChunkId);

/// A page of the vectors of a tenant, by document and chunk, and where the next page begins.
pub(crate) fn page(
    db: &Db,
    model: &Model,
    tenant: TenantId,
    after: Option<After>,
    most: usize,
) -> Result<(Vec<Kept>, Option<After>), Error> {
    let (document, chunk) = match after {
        Some((document, chunk)) => (document.to_string(), chunk.to_string()),
        None => Default::default(),
    };
    let rows = db.query(
        "SELECT chunk, document, vector FROM knowledge_vectors
          WHERE tenant = $1 AND model = $2 AND dimensions = $3 AND (document, chunk) > ($4, $5)
          ORDER BY document, chunk
          LIMIT $6",
        &params![tenant, &model.name, model.dimensions, document, chunk, most],
    )?;
    let next = match rows.last() {
        Some(last) if rows.len() == most => Some((last.get("document")?, last.get("chunk")?)),
        _ => None,
    };
    let mut kept = Vec::with_capacity(rows.len());
    for row in &rows {
        kept.extend(read(row, model.dimensions)?);
    }
    Ok((kept, next))
}

const OF_CHUNKS: Sql<'_> = Sql {
    sqlite: "SELECT chunk, document, vector FROM knowledge_vectors
              WHERE tenant = $1 AND model = $2 AND dimensions = $3
                AND chunk IN (SELECT value FROM json_each($4))",
    postgres: "SELECT chunk, document, vector FROM knowledge_vectors
                WHERE tenant = $1 AND model = $2 AND dimensions = $3
                  AND chunk IN (SELECT jsonb_array_elements_text(CAST($4 AS JSONB)))",
};

/// The vectors of these chunks, of those that have one.
pub(crate) fn of_chunks(
    db: &Db,
    model: &Model,
    tenant: TenantId,
    chunks: &[ChunkId],
) -> Result<Vec<Kept>, Error> {
    let given = params![tenant, &model.name, model.dimensions, json!(chunks)];
    let mut kept = Vec::with_capacity(chunks.len());
    for row in &db.query(OF_CHUNKS, &given)? {
        kept.extend(read(row, model.dimensions)?);
    }
    Ok(kept)
}

/// How many numbers the vectors of a model have, if there are any.
pub(crate) fn dimensions(db: &Db, model: &str) -> Result<Option<usize>, Error> {
    let row = db.first(
        "SELECT dimensions FROM knowledge_changes WHERE model = $1 ORDER BY seq DESC LIMIT 1",
        &params![model],
    )?;
    row.map(|it| it.get("dimensions")).transpose()
}

/// A tenant of whose chunks some have no vector, and the last document of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lacking {
    pub(crate) tenant: TenantId,
    pub(crate) document: DocumentId,
}

/// A document `d` that is ready, and of whose chunks some have no vector of $1 of the length $2.
macro_rules! lacking {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " d.state = 'ready'
              AND EXISTS (
                SELECT 1 FROM knowledge_chunks c
                 WHERE c.document = d.id
                   AND NOT EXISTS (SELECT 1 FROM knowledge_vectors v
                                    WHERE v.chunk = c.id AND v.model = $1
                                      AND v.dimensions = coalesce(CAST($2 AS BIGINT), v.dimensions)))",
            $after
        )
    };
}

/// Tenants of whose chunks some have no vector of a model, at most `most` of them. With `since`, only
/// documents that changed from then on are looked at.
pub(crate) fn lacking(
    db: &Db,
    model: &str,
    dimensions: Option<usize>,
    since: Option<Timestamp>,
    most: usize,
) -> Result<Vec<Lacking>, Error> {
    const SQL: &str = lacking!(
        "SELECT d.tenant, max(d.id) AS document FROM knowledge_documents d
          WHERE (CAST($3 AS BIGINT) IS NULL OR d.updated_at >= $3) AND",
        " GROUP BY d.tenant LIMIT $4"
    );
    let rows = db.query(SQL, &params![model, dimensions, since, most])?;
    rows.iter()
        .map(|it| Ok(Lacking { tenant: it.get("tenant")?, document: it.get("document")? }))
        .collect()
}

/// Has some chunk of this document no vector of a model?
pub(crate) fn lacks(
    db: &Db,
    document: DocumentId,
    model: &str,
    dimensions: Option<usize>,
) -> Result<bool, Error> {
    const SQL: &str =
        lacking!("SELECT d.id FROM knowledge_documents d WHERE d.id = $3 AND", " LIMIT 1");
    Ok(db.first(SQL, &params![model, dimensions, document])?.is_some())
}

/// The next document of a tenant, after this one, of whose chunks some have no vector of a model.
pub(crate) fn next_lacking(
    db: &Db,
    tenant: TenantId,
    model: &str,
    dimensions: Option<usize>,
    after: Option<DocumentId>,
) -> Result<Option<DocumentId>, Error> {
    const SQL: &str = lacking!(
        "SELECT d.id FROM knowledge_documents d
          WHERE d.tenant = $3 AND d.id > $4 AND",
        " ORDER BY d.id LIMIT 1"
    );
    let after = after.map_or_else(String::new, |it| it.to_string());
    let row = db.first(SQL, &params![model, dimensions, tenant, after])?;
    row.map(|it| it.get("id")).transpose()
}

/// Drops vectors of a model that serves nothing any more, some at a time; says how many.
pub(crate) fn purge(tx: &Tx, model: &Model, most: usize) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM knowledge_vectors
          WHERE model = $1 AND dimensions = $2
            AND chunk IN (SELECT chunk FROM knowledge_vectors
                           WHERE model = $1 AND dimensions = $2 LIMIT $3)",
        &params![&model.name, model.dimensions, most],
    )
}

/// A row; none when nothing can be done with it: it is not of this many numbers, or it has no
/// direction, which is what a chunk has that its model would not take.
fn read(row: &Row, dimensions: usize) -> Result<Option<Kept>, Error> {
    let bytes: Vec<u8> = row.get("vector")?;
    let (chunk, document) = (row.get("chunk")?, row.get("document")?);
    let vector = decode(&bytes, dimensions).filter(|it| it.iter().any(|it| *it != 0.0));
    Ok(vector.map(|vector| Kept { chunk, document, vector }))
}

/// The numbers of a vector as it is kept.
pub(crate) fn decode(bytes: &[u8], dimensions: usize) -> Option<Vec<f32>> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() || numbers.len() != dimensions {
        return None;
    }
    let vector: Vec<f32> = numbers.iter().map(|it| f32::from_le_bytes(*it)).collect();
    vector.iter().all(|it| it.is_finite()).then_some(vector)
}

/// A vector as it is kept. Of length one already.
pub(crate) fn encode(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|it| it.to_le_bytes()).collect()
}

/// A vector of length one in the same direction; none for one that has no direction.
pub fn normalised(vector: &[f32]) -> Option<Vec<f32>> {
    let length = vector.iter().map(|it| f64::from(*it) * f64::from(*it)).sum::<f64>().sqrt();
    let is_one = (length - 1.0).abs() < 1e-6;
    match length.is_finite() && length > 0.0 {
        true if is_one => Some(vector.to_vec()),
        true => Some(vector.iter().map(|it| (f64::from(*it) / length) as f32).collect()),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_comes_back_as_it_was_kept() {
        let vector = vec![0.5f32, -0.25, 0.0];
        assert_eq!(decode(&encode(&vector), 3), Some(vector.clone()));
        assert_eq!(decode(&encode(&vector), 4), None, "of another length");
        assert_eq!(decode(&encode(&vector)[1..], 3), None, "cut");
        assert_eq!(decode(&encode(&[f32::NAN]), 1), None, "no number");
    }

    #[test]
    fn a_direction_has_length_one_and_nothing_has_none() {
        assert_eq!(normalised(&[3.0, 4.0]), Some(vec![0.6, 0.8]));
        assert_eq!(normalised(&[0.0, 0.0]), None);
        assert_eq!(normalised(&[f32::INFINITY]), None);
        assert_eq!(normalised(&[]), None);
    }
}
