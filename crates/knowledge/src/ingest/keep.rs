//! Vectors as rows: which chunks lack one, which can be copied, and keeping those that were made.
//!
//! Whoever makes vectors of chunks keeps them here, so that they are all of length one, and no text of
//! which somebody sees the vector is sent to the same model for them again.

use std::collections::HashSet;

use base::{ChunkId, DocumentId, TenantId, Timestamp};
use serde_json::json;
use store::{Db, Error, Sql, Tx, Value, params};

use crate::vector;

/// A chunk without a vector.
#[derive(Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which one.
    pub chunk: ChunkId,
    /// Its text.
    pub text: String,
    /// The hash of its text.
    pub hash: String,
}

/// How long the newest vectors are that a model made for a tenant; none when it made none.
pub fn dimensions(db: &Db, tenant: TenantId, model: &str) -> Result<Option<usize>, Error> {
    let row = db.first(
        "SELECT dimensions FROM knowledge_documents
          WHERE tenant = $1 AND model = $2 AND dimensions IS NOT NULL
          ORDER BY id DESC LIMIT 1",
        &params![tenant, model],
    )?;
    row.map(|it| it.get("dimensions")).transpose()
}

macro_rules! missing {
    ($passed:literal) => {
        concat!(
            "SELECT c.id, c.text, c.hash FROM knowledge_chunks c
              WHERE c.document = $1
                AND NOT EXISTS (
                    SELECT 1 FROM knowledge_vectors v
                     WHERE v.chunk = c.id AND v.model = $2
                       AND (CAST($3 AS BIGINT) IS NULL OR v.dimensions = $3))
                AND c.id NOT IN (",
            $passed,
            ") ORDER BY c.position LIMIT $5"
        )
    };
}

/// The first chunks of a document that have no vector of this model, those that are passed over left
/// out; with `dimensions`, none of that length.
pub fn missing(
    db: &Db,
    document: DocumentId,
    model: &str,
    dimensions: Option<usize>,
    passed: &[ChunkId],
    most: usize,
) -> Result<Vec<Missing>, Error> {
    const SQL: Sql<'_> = Sql {
        sqlite: missing!("SELECT value FROM json_each($4)"),
        postgres: missing!("SELECT jsonb_array_elements_text(CAST($4 AS JSONB))"),
    };
    let rows = db.query(SQL, &params![document, model, dimensions, json!(passed), most])?;
    rows.iter()
        .map(|it| {
            Ok(Missing { chunk: it.get("id")?, text: it.get("text")?, hash: it.get("hash")? })
        })
        .collect()
}

/// How many chunks of a document have a vector of this model, and of this length if one is given.
pub fn count(
    db: &Db,
    document: DocumentId,
    model: &str,
    dimensions: Option<usize>,
) -> Result<u64, Error> {
    let row = db.one(
        "SELECT count(*) AS total FROM knowledge_vectors
          WHERE document = $1 AND model = $2 AND (CAST($3 AS BIGINT) IS NULL OR dimensions = $3)",
        &params![document, model, dimensions],
    )?;
    row.get("total")
}

/// Gives the chunks of a document the vectors that identical texts of the tenant have; says how many.
/// With `owner`, only of documents that this one sees: else the number would tell somebody whether a
/// text stands in what they must not see.
pub fn reuse(
    tx: &Tx,
    tenant: TenantId,
    document: DocumentId,
    model: &str,
    dimensions: usize,
    owner: Option<&str>,
) -> Result<u64, Error> {
    tx.execute(
        "INSERT INTO knowledge_vectors (chunk, model, dimensions, tenant, document, hash, vector)
         SELECT found.id, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($2 AS TEXT), CAST($1 AS TEXT),
                found.hash, found.vector
           FROM (SELECT c.id, c.hash,
                        (SELECT v.vector FROM knowledge_vectors v
                          WHERE v.tenant = $2 AND v.model = $3 AND v.hash = c.hash
                            AND v.dimensions = $4
                            AND (CAST($5 AS TEXT) IS NULL OR EXISTS (
                                SELECT 1 FROM knowledge_documents d
                                 WHERE d.id = v.document
                                   AND (d.owner = $5 OR (d.shared = 1 AND d.chat IS NULL))))
                          LIMIT 1) AS vector
                   FROM knowledge_chunks c
                  WHERE c.document = $1
                    AND NOT EXISTS (
                        SELECT 1 FROM knowledge_vectors o
                         WHERE o.chunk = c.id AND o.model = $3 AND o.dimensions = $4)) found
          WHERE found.vector IS NOT NULL",
        &params![document, tenant, model, dimensions, owner],
    )
}

/// Has any chunk of a document a vector of this model that points somewhere?
pub fn has_direction(
    db: &Db,
    document: DocumentId,
    model: &str,
    dimensions: usize,
) -> Result<bool, Error> {
    let nothing = vector::encode(&vec![0.0; dimensions]);
    let row = db.first(
        "SELECT chunk FROM knowledge_vectors
          WHERE document = $1 AND model = $2 AND dimensions = $3 AND vector <> $4 LIMIT 1",
        &params![document, model, dimensions, nothing],
    )?;
    Ok(row.is_some())
}

macro_rules! living {
    ($chunks:literal) => {
        concat!(
            "SELECT c.id FROM knowledge_chunks c
              WHERE c.document = $1 AND c.id IN (",
            $chunks,
            ") AND NOT EXISTS (SELECT 1 FROM knowledge_vectors v
                                WHERE v.chunk = c.id AND v.model = $3 AND v.dimensions = $4)"
        )
    };
}

/// Keeps vectors, in the order of `chunks`, each made as long as one; says how many. A chunk that is
/// gone, or that somebody else gave one meanwhile, gets none.
///
/// Who asked a model in between holds the document first: see [`crate::document::hold`].
pub fn vectors(
    tx: &Tx,
    tenant: TenantId,
    document: DocumentId,
    model: &str,
    chunks: &[Missing],
    vectors: &[Vec<f32>],
) -> Result<u64, Error> {
    const COLUMNS: &[&str] =
        &["chunk", "model", "dimensions", "tenant", "document", "hash", "vector"];
    const LIVING: Sql<'_> = Sql {
        sqlite: living!("SELECT value FROM json_each($2)"),
        postgres: living!("SELECT jsonb_array_elements_text(CAST($2 AS JSONB))"),
    };
    let Some(dimensions) = vectors.first().map(Vec::len) else { return Ok(0) };
    let ids: Vec<ChunkId> = chunks.iter().map(|it| it.chunk).collect();
    let found = tx.query(LIVING, &params![document, json!(ids), model, dimensions])?;
    let living = found.iter().map(|it| it.get("id")).collect::<Result<HashSet<ChunkId>, _>>()?;
    let rows = chunks.iter().zip(vectors).filter(|(it, _)| living.contains(&it.chunk)).map(
        |(it, vector)| {
            let bytes = bytes(vector);
            Vec::<Value>::from(params![
                it.chunk,
                model,
                vector.len(),
                tenant,
                document,
                it.hash.as_str(),
                bytes
            ])
        },
    );
    tx.insert_many("knowledge_vectors", COLUMNS, rows.collect())
}

/// Notes on the document how far its vectors are. False when it is not there.
pub(crate) fn noted(
    tx: &Tx,
    document: DocumentId,
    model: &str,
    dimensions: usize,
    reused: u64,
    now: Timestamp,
) -> Result<bool, Error> {
    let done = count(tx, document, model, Some(dimensions))?;
    let noted = tx.execute(
        "UPDATE knowledge_documents
            SET begun = 0, model = $2, dimensions = $3, vectors_done = $4,
                vectors_reused = vectors_reused + $5, updated_at = $6
          WHERE id = $1",
        &params![document, model, dimensions, done, reused, now],
    )?;
    Ok(noted == 1)
}

/// A vector of length one as the bytes of its row. What has no direction is kept as nothing but zeros.
fn bytes(vector: &[f32]) -> Vec<u8> {
    match vector::normalised(vector) {
        Some(vector) => vector::encode(&vector),
        None => vector::encode(&vec![0.0; vector.len()]),
    }
}

/// Shows which chunk it is, and nothing of it.
impl std::fmt::Debug for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Missing").field("chunk", &self.chunk).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_vector_is_as_long_as_one() {
        let kept = bytes(&[3.0, 4.0]);
        let (floats, _) = kept.as_chunks::<4>();
        let floats: Vec<f32> = floats.iter().map(|it| f32::from_le_bytes(*it)).collect();
        assert_eq!(floats, [0.6, 0.8]);
        assert_eq!(bytes(&[0.0]), 0f32.to_le_bytes());
    }
}
