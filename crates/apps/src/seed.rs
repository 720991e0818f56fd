//! What a shared collection starts with: rows of a file, taken over when the file has changed.
//!
//! The hash of the file is kept, so a start with the same file reads nothing and writes nothing. Rows
//! that are no longer in the file stay, because records may refer to them.
//!
//! Start at [`apply`].

use std::collections::HashMap;

use base::TenantId;
use serde_json::Value as Json;
use store::{Db, Tx, audit, params};

use crate::{
    field::{self, Data},
    indexes::text,
    record::{self, Act, COLUMNS, Checked, CollectionKit, Fresh, Record, RecordError},
};

/// What was put into a collection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seeded {
    /// False when this file was taken over before.
    pub is_new: bool,
    /// Rows that were not there.
    pub inserted: usize,
    /// Rows that were there with other values.
    pub updated: usize,
}

/// Takes the rows of a file over into a shared collection. `hash` is of the file's text. A row is
/// recognised by the first of the collection's unique sets; a collection without one is only ever
/// filled when it is empty.
///
/// # Errors
/// [`RecordError::NotUnique`] when the file repeats itself; [`RecordError::Shared`] for a caller who
/// does not reach all tenants.
pub fn apply(
    tx: &Tx,
    kit: &CollectionKit,
    act: &Act,
    hash: &str,
    rows: Vec<Checked>,
) -> Result<Seeded, RecordError> {
    if !act.reaches(TenantId::DEFAULT) {
        return Err(RecordError::Shared(kit.name.clone()));
    }
    let name = format!("seed/{}", kit.name);
    tx.hold(&name)?;
    let row_count = rows.len();
    if !is_news(tx, &name, hash)? {
        return Ok(Seeded::default());
    }

    let present = present(tx, kit)?;
    let no_fields = Vec::new();
    let fields = kit.spec.unique.first().unwrap_or(&no_fields);
    let by_key: HashMap<Vec<Json>, &Record> =
        present.iter().filter_map(|it| Some((key(&it.data, fields)?, it))).collect();
    let mut seeded = Seeded { is_new: true, ..Seeded::default() };
    let mut fresh = Vec::new();
    let mut place = present.iter().map(|it| it.position).max().unwrap_or_default();
    for row in rows {
        let known = key(row.data(), fields).and_then(|it| by_key.get(&it));
        match known {
            Some(known) if known.data == *row.data() => {}
            Some(known) => {
                let record = Record {
                    data: row.data().clone(),
                    revision: known.revision + 1,
                    updated_at: act.now,
                    ..(*known).clone()
                };
                record::save(tx, kit, &known.data, &record, row.words())
                    .map_err(|error| record::not_unique(kit, error))?;
                seeded.updated += 1;
            }
            None if fields.is_empty() && !present.is_empty() => {}
            None => {
                place += 1;
                fresh.push((place, row));
            }
        }
    }
    seeded.inserted = fresh.len();
    let ids = record::fresh(tx, kit, fresh.len())?;
    let fresh = ids.into_iter().zip(fresh).map(|(id, (position, data))| Fresh {
        id,
        tenant: TenantId::DEFAULT,
        parent: None,
        version: None,
        lineage: id,
        position,
        data,
    });
    let fresh = fresh.collect();
    record::insert(tx, kit, fresh, &act.actor.to_string(), act.now)
        .map_err(|error| record::not_unique(kit, error))?;
    remember(tx, act, TenantId::DEFAULT, &name, hash, row_count)?;
    tx.audit(audit::Entry::new(
        TenantId::DEFAULT,
        "collection_seeded",
        kit.name.as_str(),
        format!(
            "Took {row_count} rows over into {}: {} new, {} changed",
            kit.name, seeded.inserted, seeded.updated
        ),
    ));
    Ok(seeded)
}

/// Was something else, or nothing, put there under this name before?
pub(crate) fn is_news(tx: &Tx, name: &str, hash: &str) -> Result<bool, store::Error> {
    Ok(remembered(tx, name)?.as_deref() != Some(hash))
}

/// What was remembered under this name.
pub(crate) fn remembered(db: &Db, name: &str) -> Result<Option<String>, store::Error> {
    let row = db.first("SELECT hash FROM seeds WHERE name = $1", &params![name])?;
    row.map(|it| it.get("hash")).transpose()
}

/// Remembers what was put there.
pub(crate) fn remember(
    tx: &Tx,
    act: &Act,
    tenant: TenantId,
    name: &str,
    hash: &str,
    row_count: usize,
) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO seeds (name, tenant, hash, row_count, applied_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO UPDATE
            SET hash = excluded.hash, row_count = excluded.row_count,
                applied_at = excluded.applied_at",
        &params![name, tenant, hash, row_count, act.now],
    )?;
    Ok(())
}

/// The living records of the collection that belong to no tenant.
fn present(tx: &Tx, kit: &CollectionKit) -> Result<Vec<Record>, store::Error> {
    let sql = format!(
        "SELECT {COLUMNS}
           FROM records r
           LEFT JOIN versions v ON v.id = r.active_version
          WHERE r.tenant = $1 AND r.collection = {} AND r.version IS NULL AND r.deleted_at IS NULL",
        text(&kit.name),
    );
    tx.query(sql.as_str(), &params![TenantId::DEFAULT])?.iter().map(Record::read).collect()
}

fn key(data: &Data, fields: &[String]) -> Option<Vec<Json>> {
    if fields.is_empty() {
        return None;
    }
    fields.iter().map(|it| field::get(data, it).filter(|it| !it.is_null()).cloned()).collect()
}

#[cfg(test)]
mod tests;
