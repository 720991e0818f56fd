//! Documents as rows of an export: all that is known of each, its file by its checksum, and its text.
//!
//! The files themselves, and what was made of them, are carried out by [`super::carry`]; who has both puts
//! them together by the checksum.

use base::TenantId;
use serde_json::{Value as Json, json};
use store::{Db, Error, params};

use super::{Sight, read, tags, view};

/// A row, behind the place in the export to which it leads; none when it may not be seen.
pub type Line = (String, Option<Json>);

/// The next documents of a tenant, those behind the place `after`. As many lines as were looked at.
///
/// # Errors
/// The database's.
pub fn documents(
    db: &Db,
    sight: &Sight,
    tenant: TenantId,
    after: &str,
    limit: u32,
) -> Result<Vec<Line>, Error> {
    let rows = db.query(
        "SELECT * FROM knowledge_documents WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
        &params![tenant, after, i64::from(limit)],
    )?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut document = read(row)?;
        document.tags = tags(db, document.id)?;
        let seen = sight.sees(&document).then(|| {
            let mut seen = view(&document);
            seen["tenant"] = json!(tenant);
            seen["sha256"] = json!(document.blob.as_str());
            seen
        });
        lines.push((document.id.to_string(), seen));
    }
    Ok(lines)
}

/// The next parts of the texts of a tenant's documents, whosever they are, those behind the place `after`.
///
/// # Errors
/// The database's.
pub fn texts(db: &Db, tenant: TenantId, after: &str, limit: u32) -> Result<Vec<Line>, Error> {
    let (document, position) = after.split_once('/').unwrap_or(("", "0"));
    let position: i64 = position.parse().unwrap_or_default();
    let rows = db.query(
        "SELECT document, position, page, start_char, text FROM knowledge_parts
          WHERE tenant = $1 AND (document > $2 OR (document = $2 AND position > $3))
          ORDER BY document, position LIMIT $4",
        &params![tenant, document, position, i64::from(limit)],
    )?;
    let line = |row: &store::Row| {
        let (document, position): (String, i64) = (row.get("document")?, row.get("position")?);
        let part = json!({
            "document": document,
            "position": position,
            "page": row.get::<Option<u32>>("page")?,
            "start_char": row.get::<u64>("start_char")?,
            "text": row.get::<String>("text")?,
        });
        Ok((format!("{document}/{position}"), Some(part)))
    };
    rows.iter().map(line).collect()
}
