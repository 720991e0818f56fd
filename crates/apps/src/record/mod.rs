//! Records: what an application keeps, one row each, of whatever collection.
//!
//! A record belongs to a tenant, has the shape of its collection, and is read only through a
//! [`Reach`]: another tenant's record is one that does not exist. Writing needs [`Checked`] data and
//! leaves an audit entry in the same transaction. Records that live in versions are never written
//! here: that is [`crate::version`].
//!
//! Start at [`Record`], [`get`] and [`create`]; [`list()`] reads page by page.

mod back;
mod changed;
mod error;
mod find;
mod ids;
mod kit;
mod list;
mod narrow;
mod patch;
mod remove;
pub(crate) mod rules;
mod sight;
mod write;

#[cfg(test)]
mod ids_tests;
#[cfg(test)]
mod narrow_tests;
#[cfg(test)]
mod tests;

use base::{Actor, JobId, RecordId, TenantId, Timestamp, VersionId};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Dialect, Row, Tx, params};

use crate::field::Data;

pub(crate) use back::{holds_others, put_away, put_back};
pub use changed::mark_name;
pub(crate) use changed::{changed, family_changed};
pub use error::{RecordError, store_code};
pub use find::{by_value, findable};
pub(crate) use ids::{catch_up, fresh};
pub(crate) use kit::made_and_judged;
pub use kit::{Checked, CollectionKit, Invalid, KitError, Kits, Place};
pub(crate) use list::{Bindings, filter_clause};
pub use list::{List, Sort, Within, list};
pub(crate) use narrow::since_clause;
pub use narrow::{Condition, NEAR, Way};
pub use patch::merge;
pub(crate) use remove::{FAMILY, erase_family, restorable_since};
pub use remove::{delete, erase, restore, sweep};
pub use sight::{PARTS, Sight, see};
pub use write::{Change, NewRecord, create, update};
pub(crate) use write::{Fresh, check_references, insert, not_unique, save, unique_fields};

/// One record. Its data is an object of values, or the text of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<D = Data> {
    /// Its id.
    pub id: RecordId,
    /// Whose it is; [`TenantId::DEFAULT`] for shared collections.
    pub tenant: TenantId,
    /// Of what kind.
    pub collection: String,
    /// The record it lies in.
    pub parent: Option<RecordId>,
    /// The version of its parent that it lies in.
    pub version: Option<VersionId>,
    /// The id of its first ancestor: the same record in another version has the same lineage.
    pub lineage: RecordId,
    /// Its place among those beside it.
    pub position: i64,
    /// What it holds: an object that fits the collection's schema.
    pub data: D,
    /// Grows by one with each change.
    pub revision: i64,
    /// The active one of its versions.
    pub active_version: Option<VersionHead>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: String,
}

/// A version in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionHead {
    /// Its id.
    pub id: VersionId,
    /// Its number.
    pub number: i64,
    /// What people call it.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who acts, where they may, and when: what every writing function is handed.
#[derive(Debug, Clone)]
pub struct Act {
    /// Where they may act.
    pub reach: Reach,
    /// Who they are.
    pub actor: Actor,
    /// When it is.
    pub now: Timestamp,
}

impl Act {
    /// An act of the house itself, everywhere.
    pub fn house(now: Timestamp) -> Self {
        Self { reach: Reach::All, actor: Actor::house(), now }
    }

    /// May they act in this tenant?
    pub fn reaches(&self, tenant: TenantId) -> bool {
        self.reach == Reach::All || self.reach == Reach::Tenant(tenant)
    }
}

/// A job that works on a record and keeps others from changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The job.
    pub job: JobId,
    /// Who asked for it.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// The columns of a record whose table is `r`, with its active version from `v`.
pub(crate) const COLUMNS: &str = "
       r.id, r.tenant, r.collection, r.parent, r.version, r.lineage, r.position, r.data, r.revision,
       r.active_version, v.number AS active_number, v.label AS active_label,
       v.created_at AS active_created_at, r.created_at, r.updated_at, r.deleted_at, r.created_by";

const GET: &str = "
    SELECT r.id, r.tenant, r.collection, r.parent, r.version, r.lineage, r.position, r.data, r.revision,
           r.active_version, v.number AS active_number, v.label AS active_label,
           v.created_at AS active_created_at, r.created_at, r.updated_at,
           COALESCE(r.deleted_at, p.deleted_at) AS deleted_at, r.created_by
      FROM records r
      LEFT JOIN versions v ON v.id = r.active_version
      LEFT JOIN records p ON p.id = r.parent
     WHERE r.id = $1";

/// The record with this id, living. With `collection`, only if it is of that one.
///
/// # Errors
/// [`RecordError::NotFound`] also for another tenant's; [`RecordError::Deleted`].
pub fn get(
    db: &Db,
    reach: Reach,
    id: RecordId,
    collection: Option<&str>,
) -> Result<Record, RecordError> {
    living(find(db, reach, id, collection)?)
}

/// The record with this id, deleted or not.
///
/// # Errors
/// [`RecordError::NotFound`] also for another tenant's.
pub fn find(
    db: &Db,
    reach: Reach,
    id: RecordId,
    collection: Option<&str>,
) -> Result<Record, RecordError> {
    let row = db.first(GET, &params![id])?;
    visible(row, reach, id, collection)
}

/// The record, held until the end of the transaction, so that nobody changes it meanwhile.
pub(crate) fn hold(
    tx: &Tx,
    reach: Reach,
    id: RecordId,
    collection: Option<&str>,
) -> Result<Record, RecordError> {
    // SQLite has one writer. PostgreSQL is asked in two steps: what is read together with the lock
    // is, after a wait, a mixture of before and after.
    if tx.dialect() == Dialect::Postgres {
        tx.first("SELECT id FROM records WHERE id = $1 FOR UPDATE", &params![id])?;
    }
    find(tx, reach, id, collection)
}

pub(crate) fn living(record: Record) -> Result<Record, RecordError> {
    match record.deleted_at {
        None => Ok(record),
        Some(_) => Err(RecordError::Deleted { id: record.id, collection: record.collection }),
    }
}

fn visible<D: Kept>(
    row: Option<Row>,
    reach: Reach,
    id: RecordId,
    collection: Option<&str>,
) -> Result<Record<D>, RecordError> {
    let missing = || RecordError::NotFound { id, collection: collection.map(str::to_owned) };
    let record = Record::<D>::read(&row.ok_or_else(missing)?)?;
    // What belongs to no tenant is there for all of them to read.
    let is_reached = match reach {
        Reach::All => true,
        Reach::Tenant(tenant) => record.tenant == tenant || record.tenant == TenantId::DEFAULT,
    };
    let is_asked_for = collection.is_none_or(|it| it == record.collection);
    if is_reached && is_asked_for { Ok(record) } else { Err(missing()) }
}

/// The record as the server hands it out.
pub fn view(record: &Record, lock: Option<&Lock>) -> Json {
    json!({
        "id": record.id,
        "number": record.id.number(),
        "tenant": record.tenant,
        "collection": record.collection,
        "parent": record.parent,
        "version": record.version,
        "lineage": record.lineage,
        "data": record.data,
        "revision": record.revision,
        "active_version": version_view(record.active_version.as_ref()),
        "lock": lock_view(lock),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "deleted_at": record.deleted_at,
        "created_by": record.created_by,
    })
}

fn version_view(version: Option<&VersionHead>) -> Json {
    version.map_or(Json::Null, |it| {
        json!({"id": it.id, "number": it.number, "label": it.label, "created_at": it.created_at})
    })
}

fn lock_view(lock: Option<&Lock>) -> Json {
    lock.map_or(Json::Null, |it| json!({"job": it.job, "by": it.by, "at": it.at}))
}

/// What the data of a record can be read into.
pub trait Kept: Sized {
    /// Reads the object in a column.
    ///
    /// # Errors
    /// A column that holds no object.
    fn read(row: &Row, column: &str) -> Result<Self, store::Error>;
}

impl Kept for Data {
    fn read(row: &Row, column: &str) -> Result<Self, store::Error> {
        object(row, column)
    }
}

impl<D> Record<D> {
    /// How the audit log names it: `codebooks/<id>`.
    pub fn subject(&self) -> String {
        format!("{}/{}", self.collection, self.id)
    }
}

impl<D: Kept> Record<D> {
    /// Reads a row with [`COLUMNS`].
    pub(crate) fn read(row: &Row) -> Result<Self, store::Error> {
        let active: Option<VersionId> = row.get("active_version")?;
        let active_version = match active {
            None => None,
            Some(id) => Some(VersionHead {
                id,
                number: row.get("active_number")?,
                label: row.get("active_label")?,
                created_at: row.get("active_created_at")?,
            }),
        };
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant")?,
            collection: row.get("collection")?,
            parent: row.get("parent")?,
            version: row.get("version")?,
            lineage: row.get("lineage")?,
            position: row.get("position")?,
            data: <D as Kept>::read(row, "data")?,
            revision: row.get("revision")?,
            active_version,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            deleted_at: row.get("deleted_at")?,
            created_by: row.get("created_by")?,
        })
    }
}

/// An object from a column of JSON.
pub(crate) fn object(row: &Row, column: &str) -> Result<Data, store::Error> {
    match row.get(column)? {
        Json::Object(data) => Ok(data),
        _ => Err(store::Error::Column {
            column: column.to_owned(),
            what: "expected a JSON object, found another kind".to_owned(),
        }),
    }
}

/// An object as a column of JSON keeps it.
pub(crate) fn json_text(data: &Data) -> String {
    // A map of JSON values has nothing in it that JSON cannot say.
    serde_json::to_string(data).unwrap_or_default()
}
