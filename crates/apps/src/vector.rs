//! Records found by meaning: vectors of their text, compared exactly.
//!
//! Vectors are made by an embeddings provider, when one is configured, and kept in rows beside the
//! records; a text that has a vector in its tenant is not sent again. Those of records in versions are
//! made with the version ([`missing`], [`keep`]). Those of all others are made by a job that whoever
//! writes a record asks for in the same transaction ([`wants`]), batch by batch ([`rows`]); what is not
//! needed any more goes with the record, or with [`crate::engine::Engine::sweep`]. No write waits for a
//! model, and none fails because of one: what has no vector is found by words.
//!
//! Start at [`wants`] (making them) and [`near`] (using them).

pub(crate) mod metric;
pub mod near;
pub(crate) mod rows;
mod sweep;
pub(crate) mod wants;

use base::{RecordId, TenantId, VersionId};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use store::{Tx, Value, params};

use crate::field;

/// Texts sent to a provider at once.
pub const BATCH: usize = 64;

/// The most bytes of a text that stands for a record; the rest is left out. No token is shorter than a
/// byte, and the usual models take 8,191 tokens: a longer text would be refused and have no vector at all.
const TEXT_BYTES_MAX: usize = 8_000;

/// A record without a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which one.
    pub record: RecordId,
    /// The text that stands for it.
    pub text: String,
    /// Its hash.
    pub hash: String,
}

/// The text that stands for a record: its embedded fields, one a line, as much as a model takes.
pub fn text(data: &Map<String, Json>, fields: &[String]) -> String {
    let values = fields.iter().filter_map(|it| field::get(data, it)).map(field::display);
    cut(values.filter(|it| !it.trim().is_empty()).collect::<Vec<_>>().join("\n"))
}

/// As much of a text as a model takes.
pub(crate) fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}

/// What a text is known by.
fn hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..16])
}

/// The records of a version that have no vector of this model, with their texts. Those whose text
/// has one elsewhere in the tenant are given it here and now.
pub fn missing(
    tx: &Tx,
    tenant: TenantId,
    version: VersionId,
    model: &str,
    fields: &[String],
) -> Result<Vec<Missing>, store::Error> {
    let rows = tx.query(
        "SELECT r.id, r.data FROM records r
           LEFT JOIN record_vectors v ON v.record = r.id AND v.model = $3
          WHERE r.tenant = $1 AND r.version = $2 AND v.record IS NULL
          ORDER BY r.position, r.id",
        &params![tenant, version, model],
    )?;
    let mut missing = Vec::new();
    for row in rows {
        let data: Json = row.get("data")?;
        let text = data.as_object().map(|it| text(it, fields)).unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        let hash = hash(&text);
        let record: RecordId = row.get("id")?;
        let copied = tx.execute(
            "INSERT INTO record_vectors (record, model, tenant, version, dimensions, hash, vector)
             SELECT $1, model, tenant, $2, dimensions, hash, vector FROM record_vectors
              WHERE tenant = $3 AND model = $4 AND hash = $5 AND dimensions > 0 LIMIT 1",
            &params![record, version, tenant, model, &hash],
        )?;
        if copied == 0 {
            missing.push(Missing { record, text, hash });
        }
    }
    Ok(missing)
}

/// Keeps vectors, in the order of `records`.
pub fn keep(
    tx: &Tx,
    tenant: TenantId,
    version: VersionId,
    model: &str,
    records: &[Missing],
    vectors: &[Vec<f32>],
) -> Result<(), store::Error> {
    let rows = records
        .iter()
        .zip(vectors)
        .map(|(it, vector)| row(it.record, tenant, Some(version), model, &it.hash, vector));
    tx.insert_many("record_vectors", COLUMNS, rows.collect())?;
    Ok(())
}

const COLUMNS: &[&str] = &["record", "model", "tenant", "version", "dimensions", "hash", "vector"];

/// A row of the table, in the order of [`COLUMNS`].
fn row(
    record: RecordId,
    tenant: TenantId,
    version: Option<VersionId>,
    model: &str,
    hash: &str,
    vector: &[f32],
) -> Vec<Value> {
    let dimensions = i64::try_from(vector.len()).unwrap_or(i64::MAX);
    params![record, model, tenant, version, dimensions, hash, near::bytes(vector)].into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text_of(data: Json) -> String {
        let fields = ["topic".to_owned(), "summary".to_owned()];
        text(data.as_object().expect("an object"), &fields)
    }

    #[test]
    fn a_record_is_its_fields_one_a_line_and_what_is_empty_is_left_out() {
        assert_eq!(text_of(json!({"summary": "Late.", "topic": "post"})), "post\nLate.");
        assert_eq!(text_of(json!({"summary": " ", "topic": null})), "");
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let text = text_of(json!({"summary": format!("a{}", "é".repeat(TEXT_BYTES_MAX))}));
        assert_eq!(text.len(), TEXT_BYTES_MAX - 1);
        assert!(text.ends_with('é'));
    }
}
