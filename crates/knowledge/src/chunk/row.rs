//! Chunks as rows. A chunk counts for a search when its document is ready.

use base::{ChunkId, DocumentId, TenantId, Timestamp};
use serde_json::json;
use store::{Db, Error, Row, Sql, Tx, Value, params};

use super::Piece;

/// A chunk, as its row says.
#[derive(Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Which one.
    pub id: ChunkId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which document.
    pub document: DocumentId,
    /// Its place among the chunks of the document, from 0.
    pub position: u32,
    /// The page it lies in; none where there are no pages.
    pub page: Option<u32>,
    /// Where it begins in the whole text, in characters.
    pub start_char: u64,
    /// Where it ends.
    pub end_char: u64,
    /// About how many tokens it has.
    pub tokens: u64,
    /// Its text.
    pub text: String,
    /// The hash of its text.
    pub hash: String,
}

const COLUMNS: &[&str] = &[
    "id",
    "tenant",
    "document",
    "position",
    "page",
    "start_char",
    "end_char",
    "tokens",
    "text",
    "hash",
    "created_at",
];

/// Writes the pieces of a document as its chunks.
pub(crate) fn insert(
    tx: &Tx,
    tenant: TenantId,
    document: DocumentId,
    pieces: &[Piece],
    now: Timestamp,
) -> Result<(), Error> {
    let row = |(position, it): (usize, &Piece)| {
        Vec::<Value>::from(params![
            ChunkId::generate(),
            tenant,
            document,
            position,
            it.page,
            it.start_char,
            it.end_char,
            it.tokens,
            it.text.as_str(),
            it.hash.as_str(),
            now
        ])
    };
    tx.insert_many("knowledge_chunks", COLUMNS, pieces.iter().enumerate().map(row).collect())?;
    Ok(())
}

/// The chunks of a document, in the order of its text.
pub fn of(db: &Db, tenant: TenantId, document: DocumentId) -> Result<Vec<Chunk>, Error> {
    let rows = db.query(
        "SELECT * FROM knowledge_chunks WHERE tenant = $1 AND document = $2 ORDER BY position",
        &params![tenant, document],
    )?;
    rows.iter().map(read).collect()
}

/// Those of these chunks that the tenant has, in no order.
pub fn get(db: &Db, tenant: TenantId, ids: &[ChunkId]) -> Result<Vec<Chunk>, Error> {
    const GET: Sql<'_> = Sql {
        sqlite: "SELECT * FROM knowledge_chunks
                  WHERE tenant = $1 AND id IN (SELECT value FROM json_each($2))",
        postgres: "SELECT * FROM knowledge_chunks
                    WHERE tenant = $1
                      AND id IN (SELECT jsonb_array_elements_text(CAST($2 AS JSONB)))",
    };
    let rows = db.query(GET, &params![tenant, json!(ids)])?;
    rows.iter().map(read).collect()
}

/// Reads a whole row.
fn read(row: &Row) -> Result<Chunk, Error> {
    Ok(Chunk {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        document: row.get("document")?,
        position: row.get("position")?,
        page: row.get("page")?,
        start_char: row.get("start_char")?,
        end_char: row.get("end_char")?,
        tokens: row.get("tokens")?,
        text: row.get("text")?,
        hash: row.get("hash")?,
    })
}

/// Shows where it lies, and nothing of it.
impl std::fmt::Debug for Chunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunk")
            .field("id", &self.id)
            .field("document", &self.document)
            .field("position", &self.position)
            .field("page", &self.page)
            .field("chars", &(self.start_char..self.end_char))
            .finish_non_exhaustive()
    }
}
