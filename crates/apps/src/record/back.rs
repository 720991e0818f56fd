//! Putting a record back as it was: with its id, its times and its revision.
//!
//! For archives alone: whoever makes or changes a record uses [`super::create`] and [`super::update`].

use base::{RecordId, TenantId, Timestamp};
use serde_json::value::RawValue;
use store::{Dialect, Sql, Tx, params};

use super::{
    CollectionKit, Kits, Record, RecordError, changed, erase_family, family_changed, not_unique,
    write::PUT_WORDS,
};
use crate::{
    field::Data,
    vector::wants,
    words::{self, Scope},
};

/// Writes a record that is not there; one that is stays as it is. Says whether it was written.
///
/// # Errors
/// [`RecordError::NotUnique`] when another has taken its place.
pub(crate) fn put_back(
    tx: &Tx,
    kit: &CollectionKit,
    record: &Record<Box<RawValue>>,
    now: Timestamp,
) -> Result<bool, RecordError> {
    let data: Data = serde_json::from_str(record.data.get()).map_err(|_| store::Error::Column {
        column: "data".to_owned(),
        what: "expected a JSON object, found another kind".to_owned(),
    })?;
    let words = kit.words(&data);
    let scope = Scope::of(record.tenant, &record.collection, None);
    let mut values = params![
        record.id,
        record.tenant,
        record.collection.as_str(),
        record.parent,
        record.lineage,
        record.position,
        record.data.get(),
        record.revision,
        record.created_at,
        record.updated_at,
        record.deleted_at,
        record.created_by.as_str()
    ]
    .to_vec();
    if tx.dialect() == Dialect::Postgres {
        values.push(words.as_deref().map(|it| words::tsvector(it, &scope)).into());
    }
    let written = tx.execute(PUT_BACK, &values).map_err(|error| not_unique(kit, error))? > 0;
    if written {
        if let (Dialect::Sqlite, Some(words)) = (tx.dialect(), words.as_deref()) {
            tx.execute(PUT_WORDS, &params![record.id, words, scope.sqlite()])?;
        }
        changed(tx, kit, record.tenant);
        wants::want(tx, kit, record.tenant, now)?;
    }
    Ok(written)
}

/// Is this record of the tenant there, to hold others? It stays so until the transaction ends.
pub(crate) fn holds_others(tx: &Tx, id: RecordId, tenant: TenantId) -> Result<bool, store::Error> {
    Ok(tx.first(HELD, &params![id, tenant])?.is_some())
}

/// Removes a record with all that lies in it, because it is kept elsewhere. The caller holds it, and says
/// so to the audit log.
pub(crate) fn put_away(
    tx: &Tx,
    kits: &Kits,
    kit: &CollectionKit,
    id: RecordId,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(), store::Error> {
    erase_family(tx, id, now)?;
    family_changed(tx, kits, kit, tenant);
    Ok(())
}

const HELD: Sql<'static> = Sql {
    sqlite: "SELECT id FROM records WHERE id = $1 AND tenant = $2 AND deleted_at IS NULL",
    postgres: "SELECT id FROM records WHERE id = $1 AND tenant = $2 AND deleted_at IS NULL FOR UPDATE",
};

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
