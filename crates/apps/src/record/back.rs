//! Putting a record back as it was: with its id, its times and its revision.
//!
//! For archives alone: whoever makes or changes a record uses [`super::create`] and [`super::update`].

use base::RecordId;
use store::{Dialect, Sql, Tx, params};

use super::{
    Checked, CollectionKit, Kits, Record, RecordError, changed, erase_family, json_text,
    not_unique, write::PUT_WORDS,
};
use crate::words::{self, Scope};

/// Writes a record that is not there; one that is stays as it is. Says whether it was written.
///
/// # Errors
/// [`RecordError::NotUnique`] when another has taken its place.
pub(crate) fn put_back(tx: &Tx, kit: &CollectionKit, record: &Record) -> Result<bool, RecordError> {
    let checked = Checked::stored(kit, record.data.clone());
    let scope = Scope::of(record.tenant, &record.collection, None);
    let mut values = params![
        record.id,
        record.tenant,
        record.collection.as_str(),
        record.parent,
        record.lineage,
        record.position,
        json_text(&record.data),
        record.revision,
        record.created_at,
        record.updated_at,
        record.deleted_at,
        record.created_by.as_str()
    ]
    .to_vec();
    if tx.dialect() == Dialect::Postgres {
        values.push(checked.words().map(|it| words::tsvector(it, &scope)).into());
    }
    let written = tx.execute(PUT_BACK, &values).map_err(|error| not_unique(kit, error))? > 0;
    if written {
        if let (Dialect::Sqlite, Some(words)) = (tx.dialect(), checked.words()) {
            tx.execute(PUT_WORDS, &params![record.id, words, scope.sqlite()])?;
        }
        changed(tx, kit, record.tenant);
    }
    Ok(written)
}

/// Is this record there, to hold others?
pub(crate) fn is_there(tx: &Tx, id: RecordId) -> Result<bool, store::Error> {
    let sql = "SELECT id FROM records WHERE id = $1 AND deleted_at IS NULL";
    Ok(tx.first(sql, &params![id])?.is_some())
}

/// Removes a record with all that lies in it, because it is kept elsewhere. The caller holds it, and says
/// so to the audit log.
pub(crate) fn put_away(
    tx: &Tx,
    kits: &Kits,
    kit: &CollectionKit,
    record: &Record,
) -> Result<(), store::Error> {
    erase_family(tx, record.id)?;
    super::family_changed(tx, kits, kit, record.tenant);
    Ok(())
}

const PUT_BACK: Sql<'static> = Sql {
    sqlite: "
    INSERT INTO records (id, tenant, collection, parent, lineage, position, data, revision,
                         created_at, updated_at, deleted_at, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (id) DO NOTHING",
    postgres: "
    INSERT INTO records (id, tenant, collection, parent, lineage, position, data, revision,
                         created_at, updated_at, deleted_at, created_by, words)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO NOTHING",
};
