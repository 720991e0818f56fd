//! What is put away, and where: the rows of archives.

use base::{ArchiveId, Cursor, JobId, Page, PageRequest, RecordId, TenantId, Timestamp};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Error, Row, Tx, Value, params};

use super::ArchiveError;
use crate::{
    description::ArchivePlace,
    record::{Bindings, Invalid},
};

/// An object of old records.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// Which one.
    pub id: ArchiveId,
    /// Whose records they are.
    pub tenant: TenantId,
    /// Of which collection.
    pub collection: String,
    /// Whether it is kept.
    pub state: State,
    /// Where it lies.
    pub place: ArchivePlace,
    /// What it is called there.
    pub object: String,
    /// The checksum of the object.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
    /// How many records went into it.
    pub record_count: u64,
    /// The same with everything that lay in them.
    pub row_count: u64,
    /// How many of the records were brought back.
    pub brought_back: u64,
    /// When the oldest of them was made.
    pub oldest_at: Timestamp,
    /// When the newest of them was made.
    pub newest_at: Timestamp,
    /// The job that put them away.
    pub job: JobId,
    /// Who wanted it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// Whether an archive is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its records are there still.
    Writing,
    /// It was read back, and its records are gone.
    Kept,
    /// Its object is to go.
    Removing,
}

/// Which archives are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of this collection.
    pub collection: Option<String>,
}

/// The archive with this id, if it is kept.
///
/// # Errors
/// [`ArchiveError::NotFound`] also for another tenant's.
pub fn get(db: &Db, reach: Reach, id: ArchiveId) -> Result<Archive, ArchiveError> {
    let sql = format!("SELECT {COLUMNS} FROM archives a WHERE a.id = $1 AND a.state = 'kept'");
    let row = db.first(sql.as_str(), &params![id])?;
    let archive = row.as_ref().map(Archive::read).transpose()?;
    let is_reached = |it: &Archive| {
        reach == Reach::All || reach == Reach::Tenant(it.tenant) || it.tenant == TenantId::DEFAULT
    };
    archive.filter(is_reached).ok_or(ArchiveError::NotFound(id))
}

/// A page of archives, the newest first.
///
/// # Errors
/// A cursor that is none of this list's.
pub fn list(
    db: &Db,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Archive>, crate::error::EngineError> {
    let mut bind = Bindings::default();
    let mut wheres = vec!["a.state = 'kept'".to_owned()];
    if let Some(tenant) = filter.tenant {
        wheres.push(format!("a.tenant = {}", bind.put(tenant)));
    }
    if let Some(collection) = &filter.collection {
        wheres.push(format!("a.collection = {}", bind.put(collection.as_str())));
    }
    let falls = !page.is_backwards();
    if let Some(cursor) = &page.cursor {
        let (at, id) = edge(cursor)?;
        let sign = if falls { '<' } else { '>' };
        let (at, id) = (bind.put(at), bind.put(id));
        wheres.push(format!("(a.created_at, a.id) {sign} ({at}, {id})"));
    }
    let order = if falls { " DESC" } else { "" };
    let limit = bind.put(i64::from(page.limit) + 1);
    let sql = format!(
        "SELECT {COLUMNS} FROM archives a WHERE {}
          ORDER BY a.created_at{order}, a.id{order} LIMIT {limit}",
        wheres.join(" AND ")
    );
    let rows = db.query(sql.as_str(), &bind.0)?;
    let archives = rows.iter().map(Archive::read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(archives, page, |it| vec![json!(it.created_at.as_microsecond()), json!(it.id)]))
}

/// The archive as the server hands it out.
pub fn view(archive: &Archive) -> Json {
    json!({
        "id": archive.id,
        "tenant": archive.tenant,
        "collection": archive.collection,
        "place": archive.place.name(),
        "record_count": archive.record_count,
        "row_count": archive.row_count,
        "brought_back": archive.brought_back,
        "size_bytes": archive.size_bytes,
        "sha256": archive.sha256,
        "oldest_at": archive.oldest_at,
        "newest_at": archive.newest_at,
        "job": archive.job,
        "created_by": archive.created_by,
        "created_at": archive.created_at,
    })
}

/// Says that an object is about to be written.
pub(crate) fn begin(tx: &Tx, it: &Archive) -> Result<(), Error> {
    tx.execute(
        BEGIN,
        &params![
            it.id,
            it.tenant,
            it.collection.as_str(),
            it.place.name(),
            it.object.as_str(),
            it.sha256.as_str(),
            it.size_bytes,
            it.record_count,
            it.row_count,
            it.oldest_at,
            it.newest_at,
            it.job,
            it.created_by.as_str(),
            it.created_at
        ],
    )?;
    Ok(())
}

/// Says that an archive is kept, and which records are in it and nowhere else. False when it was given up
/// meanwhile: then nothing may be removed.
pub(crate) fn keep(
    tx: &Tx,
    archive: &Archive,
    records: &[RecordId],
    row_count: usize,
) -> Result<bool, Error> {
    if tx.execute(KEEP, &params![archive.id, records.len(), row_count])? != 1 {
        return Ok(false);
    }
    let rows: Vec<Vec<Value>> = records
        .iter()
        .map(|it| vec![archive.id.into(), (*it).into(), archive.tenant.into()])
        .collect();
    tx.insert_many("archived_records", &["archive", "record", "tenant"], rows)?;
    Ok(true)
}

/// Gives up what attempts have begun in a collection and not ended: their objects are to go.
pub(crate) fn give_up(tx: &Tx, tenant: TenantId, collection: &str) -> Result<Vec<Archive>, Error> {
    tx.execute(GIVE_UP, &params![tenant, collection])?;
    let sql = format!(
        "SELECT {COLUMNS} FROM archives a
          WHERE a.state = 'removing' AND a.tenant = $1 AND a.collection = $2"
    );
    let rows = tx.query(sql.as_str(), &params![tenant, collection])?;
    rows.iter().map(Archive::read).collect()
}

/// Forgets an archive whose object is gone. One that is kept stays.
pub(crate) fn forget(tx: &Tx, id: ArchiveId) -> Result<(), Error> {
    tx.execute("DELETE FROM archives WHERE id = $1 AND state <> 'kept'", &params![id])?;
    Ok(())
}

/// The archives whose objects are to go, at most 100 of them.
pub(crate) fn removing(db: &Db) -> Result<Vec<Archive>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM archives a WHERE a.state = 'removing' LIMIT 100");
    db.query(sql.as_str(), &[])?.iter().map(Archive::read).collect()
}

/// The records of an archive that were not brought back.
pub(crate) fn left(db: &Db, id: ArchiveId) -> Result<Vec<RecordId>, Error> {
    db.query(LEFT, &params![id])?.iter().map(|row| row.get("record")).collect()
}

/// Notes that a record was brought back.
pub(crate) fn bring_back(
    tx: &Tx,
    id: ArchiveId,
    record: RecordId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(BROUGHT_BACK, &params![id, record, now])?;
    Ok(())
}

/// Removes everything of a tenant. The objects go when somebody looks after archives next, those in the
/// database with all of the tenant's blobs.
pub(crate) fn erase(tx: &Tx, tenant: TenantId) -> Result<(), Error> {
    tx.execute("DELETE FROM archived_records WHERE tenant = $1", &params![tenant])?;
    tx.execute("DELETE FROM archives WHERE tenant = $1 AND place = 'database'", &params![tenant])?;
    tx.execute("UPDATE archives SET state = 'removing' WHERE tenant = $1", &params![tenant])?;
    Ok(())
}

fn edge(cursor: &Cursor) -> Result<(i64, String), Invalid> {
    let wrong = || Invalid::input("/cursor", "is not a cursor of this list");
    let [at, id] = cursor.key.as_slice() else { return Err(wrong()) };
    let at = at.as_i64().ok_or_else(wrong)?;
    Ok((at, id.as_str().ok_or_else(wrong)?.to_owned()))
}

impl Archive {
    fn read(row: &Row) -> Result<Self, Error> {
        let fault = |column: &str| Error::Column {
            column: column.to_owned(),
            what: "expected a known name, found another".to_owned(),
        };
        let state = match row.get::<String>("state")?.as_str() {
            "writing" => State::Writing,
            "kept" => State::Kept,
            "removing" => State::Removing,
            _ => return Err(fault("state")),
        };
        let place = ArchivePlace::named(&row.get::<String>("place")?);
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant")?,
            collection: row.get("collection")?,
            state,
            place: place.ok_or_else(|| fault("place"))?,
            object: row.get("object")?,
            sha256: row.get("sha256")?,
            size_bytes: row.get("size_bytes")?,
            record_count: row.get("record_count")?,
            row_count: row.get("row_count")?,
            brought_back: row.get("brought_back")?,
            oldest_at: row.get("oldest_at")?,
            newest_at: row.get("newest_at")?,
            job: row.get("job")?,
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
        })
    }
}

const COLUMNS: &str = "
       a.id, a.tenant, a.collection, a.state, a.place, a.object, a.sha256, a.size_bytes,
       a.record_count, a.row_count, a.oldest_at, a.newest_at, a.job, a.created_by, a.created_at,
       (SELECT COUNT(*) FROM archived_records r
         WHERE r.archive = a.id AND r.brought_back_at IS NOT NULL) AS brought_back";

const BEGIN: &str = "
    INSERT INTO archives (id, tenant, collection, state, place, object, sha256, size_bytes, record_count,
                          row_count, oldest_at, newest_at, job, created_by, created_at)
    VALUES ($1, $2, $3, 'writing', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

const KEEP: &str = "
    UPDATE archives SET state = 'kept', record_count = $2, row_count = $3
     WHERE id = $1 AND state = 'writing'";

const GIVE_UP: &str = "
    UPDATE archives SET state = 'removing'
     WHERE state = 'writing' AND tenant = $1 AND collection = $2";

const LEFT: &str = "
    SELECT record FROM archived_records WHERE archive = $1 AND brought_back_at IS NULL ORDER BY record";

const BROUGHT_BACK: &str = "
    UPDATE archived_records SET brought_back_at = $3 WHERE archive = $1 AND record = $2";
