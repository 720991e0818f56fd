//! Records found by meaning: vectors of their text, compared exactly.
//!
//! Vectors are made by an embeddings provider, when one is configured, and kept in rows beside the
//! records; a text that had a vector in an earlier version is not sent again. The comparison reads
//! the vectors of the versions asked for and no others, so a tenant never meets another's.
//!
//! Start at [`missing`] and [`keep`] (making them) and [`nearest`] (using them).

use std::{cmp::Ordering, collections::BinaryHeap};

use base::{RecordId, TenantId, VersionId};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use store::{Db, Tx, Value, params};

use crate::field;

/// Texts sent to a provider at once.
pub const BATCH: usize = 64;

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

/// A record and how near it is: 1 is the same direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Which one.
    pub record: RecordId,
    /// Cosine of the angle.
    pub score: f32,
}

/// The text that stands for a record: its embedded fields, one a line.
pub fn text(data: &Map<String, Json>, fields: &[String]) -> String {
    let values = fields.iter().filter_map(|it| field::get(data, it)).map(field::display);
    values.filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n")
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
        let hash = hex::encode(&Sha256::digest(text.as_bytes())[..16]);
        let record: RecordId = row.get("id")?;
        let copied = tx.execute(
            "INSERT INTO record_vectors (record, model, tenant, version, dimensions, hash, vector)
             SELECT $1, model, tenant, $2, dimensions, hash, vector FROM record_vectors
              WHERE tenant = $3 AND model = $4 AND hash = $5 LIMIT 1",
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
    let rows = records.iter().zip(vectors).map(|(it, vector)| {
        let dimensions = i64::try_from(vector.len()).unwrap_or(i64::MAX);
        let row = params![it.record, model, tenant, version, dimensions, &it.hash, bytes(vector)];
        Vec::<Value>::from(row)
    });
    const COLUMNS: &[&str] =
        &["record", "model", "tenant", "version", "dimensions", "hash", "vector"];
    tx.insert_many("record_vectors", COLUMNS, rows.collect())?;
    Ok(())
}

/// The records of these versions that lie nearest to `query`, nearest first.
pub fn nearest(
    db: &Db,
    tenant: TenantId,
    versions: &[VersionId],
    model: &str,
    query: &[f32],
    most: usize,
) -> Result<Vec<Near>, store::Error> {
    let mut heap: BinaryHeap<Farthest> = BinaryHeap::with_capacity(most + 1);
    for version in versions {
        let rows = db.query(
            "SELECT record, vector FROM record_vectors WHERE tenant = $1 AND version = $2 AND model = $3",
            &params![tenant, *version, model],
        )?;
        for row in rows {
            let vector: Vec<u8> = row.get("vector")?;
            let near = Near { record: row.get("record")?, score: cosine(query, &vector) };
            heap.push(Farthest(near));
            if heap.len() > most {
                heap.pop();
            }
        }
    }
    Ok(heap.into_sorted_vec().into_iter().map(|it| it.0).collect())
}

/// Cosine of the angle between a vector and a kept one; 0 when they cannot be compared.
pub fn cosine(query: &[f32], kept: &[u8]) -> f32 {
    let (floats, rest) = kept.as_chunks::<4>();
    if floats.len() != query.len() || !rest.is_empty() {
        return 0.0;
    }
    let (mut dot, mut own, mut other) = (0f32, 0f32, 0f32);
    for (a, b) in query.iter().zip(floats) {
        let b = f32::from_le_bytes(*b);
        dot += a * b;
        own += a * a;
        other += b * b;
    }
    let length = (own * other).sqrt();
    if length > 0.0 { dot / length } else { 0.0 }
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|it| it.to_le_bytes()).collect()
}

/// The heap's top is the farthest, which is the one to drop.
struct Farthest(Near);

impl Ord for Farthest {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.0.score.total_cmp(&self.0.score);
        by_score.then_with(|| self.0.record.cmp(&other.0.record))
    }
}

impl PartialOrd for Farthest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Farthest {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Farthest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_direction_is_one_and_a_right_angle_is_nothing() {
        assert!((cosine(&[1.0, 2.0], &bytes(&[2.0, 4.0])) - 1.0).abs() < 1e-6);
        assert!(cosine(&[1.0, 0.0], &bytes(&[0.0, 3.0])).abs() < 1e-6);
    }

    #[test]
    fn vectors_of_different_lengths_are_not_compared() {
        assert_eq!(cosine(&[1.0], &bytes(&[1.0, 1.0])), 0.0);
        assert_eq!(cosine(&[0.0], &bytes(&[0.0])), 0.0);
    }

    #[test]
    fn the_heap_keeps_the_nearest() {
        let mut heap = BinaryHeap::new();
        for score in [0.1, 0.9, 0.5, 0.7] {
            heap.push(Farthest(Near { record: RecordId::generate(), score }));
            if heap.len() > 2 {
                heap.pop();
            }
        }
        let scores: Vec<_> = heap.into_sorted_vec().into_iter().map(|it| it.0.score).collect();
        assert_eq!(scores, [0.9, 0.7]);
    }
}
