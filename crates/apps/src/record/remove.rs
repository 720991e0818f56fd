//! Taking records away: deleted, to be restored; erased, for good.
//!
//! What lies in a record goes with it and comes back with it. Records in versions are not touched by
//! a deletion: they are gone while the record that holds their version is.

use base::{RecordId, Timestamp};
use jiff::SignedDuration;
use store::{Dialect, Tx, audit, params};

use super::{
    Act, CollectionKit, Kits, Record, RecordError, family_changed, find, hold, living, not_unique,
    write::{audited, kit_of, may_write, told},
};
use crate::{assistant::about, vector::wants};

/// A record and everything that lies in it outside of versions.
pub(crate) const FAMILY: &str = "
    WITH RECURSIVE family (id) AS (
        SELECT CAST($1 AS TEXT)
         UNION ALL
        SELECT r.id FROM records r JOIN family f ON r.parent = f.id WHERE r.version IS NULL
    )";

/// Deletes a record and what lies in it, so that it can be restored.
///
/// # Errors
/// [`RecordError::NotFound`], [`RecordError::Deleted`], [`RecordError::InVersion`],
/// [`RecordError::Shared`]; [`RecordError::Stale`] when `revision` is another one by now.
pub fn delete(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    id: RecordId,
    collection: Option<&str>,
    revision: Option<i64>,
) -> Result<(), RecordError> {
    let record = hold(tx, act.reach, id, collection)?;
    let kit = kit_of(kits, &record)?;
    may_write(kit, act, &record)?;
    let record = living(record)?;
    if revision.is_some_and(|it| it != record.revision) {
        return Err(RecordError::Stale { id, revision: record.revision });
    }
    let sql = format!(
        "{FAMILY} UPDATE records SET deleted_at = $2, updated_at = $2, revision = revision + 1
           WHERE id IN (SELECT id FROM family) AND deleted_at IS NULL"
    );
    tx.execute(sql.as_str(), &params![id, act.now])?;
    if kits.family(kit).any(CollectionKit::is_embedded_apart) {
        let sql =
            format!("{FAMILY} DELETE FROM record_vectors WHERE record IN (SELECT id FROM family)");
        tx.execute(sql.as_str(), &params![id])?;
    }
    family_changed(tx, kits, kit, record.tenant);
    let summary = told(kit, "Deleted", &record.data);
    tx.audit(
        audit::Entry::new(record.tenant, "record_deleted", record.subject(), summary)
            .record(record.parent.unwrap_or(id))
            .before(audited(kit, record.data)),
    );
    Ok(())
}

/// Brings a deleted record back, with what was deleted together with it. A living one stays as it is.
///
/// # Errors
/// [`RecordError::Deleted`] when its days are over; [`RecordError::ParentDeleted`];
/// [`RecordError::NotUnique`] when another has taken its place.
pub fn restore(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    id: RecordId,
    collection: Option<&str>,
) -> Result<Record, RecordError> {
    let record = hold(tx, act.reach, id, collection)?;
    let kit = kit_of(kits, &record)?;
    may_write(kit, act, &record)?;
    let Some(deleted_at) = record.deleted_at else { return Ok(record) };
    if let Some(parent) = record.parent {
        let parent = find(tx, act.reach, parent, None)?;
        if parent.deleted_at.is_some() {
            return Err(RecordError::ParentDeleted {
                parent: parent.id,
                collection: parent.collection,
            });
        }
    }
    if deleted_at < restorable_since(act.now, kit.restore_days) {
        return Err(RecordError::Deleted { id, collection: record.collection });
    }
    let sql = format!(
        "{FAMILY} UPDATE records SET deleted_at = NULL, updated_at = $3, revision = revision + 1
           WHERE id IN (SELECT id FROM family) AND deleted_at = $2"
    );
    tx.execute(sql.as_str(), &params![id, deleted_at, act.now])
        .map_err(|error| not_unique(kit, error))?;
    family_changed(tx, kits, kit, record.tenant);
    for own in kits.family(kit) {
        wants::want(tx, own, record.tenant, act.now)?;
    }
    let summary = told(kit, "Restored", &record.data);
    tx.audit(
        audit::Entry::new(record.tenant, "record_restored", record.subject(), summary)
            .record(record.parent.unwrap_or(id)),
    );
    Ok(Record { deleted_at: None, updated_at: act.now, revision: record.revision + 1, ..record })
}

/// Removes a record for good, living or deleted, with all that lies in it: its versions, what is in
/// them, proposals, words and vectors; and the chats about it. What the audit log says about it stays.
///
/// # Errors
/// [`RecordError::NotFound`], [`RecordError::InVersion`], [`RecordError::Shared`].
pub fn erase(
    tx: &Tx,
    kits: &Kits,
    act: &Act,
    id: RecordId,
    collection: Option<&str>,
) -> Result<(), RecordError> {
    let record = hold(tx, act.reach, id, collection)?;
    let kit = kit_of(kits, &record)?;
    may_write(kit, act, &record)?;
    erase_family(tx, id, act.now)?;
    family_changed(tx, kits, kit, record.tenant);
    let summary = format!("Erased a {} for good", kit.spec.noun);
    tx.audit(
        audit::Entry::new(record.tenant, "record_erased", record.subject(), summary)
            .record(record.parent.unwrap_or(id)),
    );
    Ok(())
}

/// Erases records whose days to be restored are over: at most `limit` of them, and says how many.
/// Call it again while it finds as many as it may.
///
/// # Errors
/// [`RecordError::Store`].
pub fn sweep(tx: &Tx, kits: &Kits, act: &Act, limit: u32) -> Result<u32, RecordError> {
    let mut erased = 0;
    for kit in kits.iter() {
        let rows = tx.query(
            "SELECT id FROM records
              WHERE collection = $1 AND deleted_at IS NOT NULL AND deleted_at < $2
              ORDER BY deleted_at LIMIT $3",
            &params![&kit.name, restorable_since(act.now, kit.restore_days), limit - erased],
        )?;
        for row in rows {
            let id: RecordId = row.get("id")?;
            match erase(tx, kits, act, id, None) {
                Ok(()) => erased += 1,
                // It lay in one that went a moment ago.
                Err(RecordError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(erased)
}

/// What was deleted before this moment is not restored any more.
pub(crate) fn restorable_since(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

pub(crate) fn erase_family(tx: &Tx, id: RecordId, now: Timestamp) -> Result<(), store::Error> {
    // Everything that names a record of the family, then the family itself.
    let rows = tx.query(format!("{FAMILY} SELECT id FROM family").as_str(), &params![id])?;
    for row in rows {
        let id: RecordId = row.get("id")?;
        let versions = tx.query("SELECT id FROM versions WHERE record = $1", &params![id])?;
        for version in versions {
            crate::version::remove_records(tx, version.get("id")?)?;
        }
        tx.execute("DELETE FROM proposals WHERE record_parent = $1", &params![id])?;
        tx.execute("DELETE FROM versions WHERE record = $1", &params![id])?;
        crate::result::raw::forget(tx, id)?;
        crate::feedback::forget(tx, &id.to_string())?;
        if tx.dialect() == Dialect::Sqlite {
            tx.execute(
                "DELETE FROM record_words WHERE rowid IN (SELECT seq FROM records WHERE id = $1)",
                &params![id],
            )?;
        }
        tx.execute("DELETE FROM records WHERE id = $1", &params![id])?;
        // After it: whoever keeps a vector of a record or begins a chat about it holds the record, so that
        // by now all of them are to be seen.
        tx.execute("DELETE FROM record_vectors WHERE record = $1", &params![id])?;
        about::forget(tx, id, now)?;
    }
    Ok(())
}
