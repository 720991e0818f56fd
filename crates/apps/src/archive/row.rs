//! What is put away, and where: the rows of archives.

use std::collections::BTreeMap;

use base::{ArchiveId, Cursor, JobId, Page, PageRequest, RecordId, TenantId, Timestamp};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{
    Db, Error, Row, Tx, Value,
    blob::{self, BlobId, Place},
    params,
};

use super::ArchiveError;
use crate::record::{Bindings, Invalid};

/// A file of old records.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// Which one.
    pub id: ArchiveId,
    /// Whose records they are.
    pub tenant: TenantId,
    /// Of which collection.
    pub collection: String,
    /// The file, by its checksum.
    pub blob: BlobId,
    /// Where the file lies now; none when nobody asked yet, and when there is no such file.
    pub place: Option<Place>,
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
    let mut archive = archive.filter(is_reached).ok_or(ArchiveError::NotFound(id))?;
    find_places(db, std::slice::from_mut(&mut archive))?;
    Ok(archive)
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
    let mut archives = rows.iter().map(Archive::read).collect::<Result<Vec<_>, _>>()?;
    find_places(db, &mut archives)?;
    Ok(Page::of(archives, page, |it| vec![json!(it.created_at.as_microsecond()), json!(it.id)]))
}

/// The archive of a collection behind this one, in the order of their ids and of whatever tenant; only of those
/// that were begun since, when that is given.
pub(crate) fn behind(
    db: &Db,
    collection: &str,
    after: Option<ArchiveId>,
    since: Option<Timestamp>,
) -> Result<Option<Archive>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM archives a
          WHERE a.collection = $1 AND a.state = 'kept' AND a.id > $2 AND a.created_at >= $3
          ORDER BY a.id LIMIT 1"
    );
    let after = after.map_or_else(String::new, |it| it.to_string());
    let since = since.unwrap_or(Timestamp::MIN);
    let row = db.first(sql.as_str(), &params![collection, after, since])?;
    let Some(mut archive) = row.as_ref().map(Archive::read).transpose()? else { return Ok(None) };
    find_places(db, std::slice::from_mut(&mut archive))?;
    Ok(Some(archive))
}

/// The archive as the server hands it out.
pub fn view(archive: &Archive) -> Json {
    json!({
        "id": archive.id,
        "tenant": archive.tenant,
        "collection": archive.collection,
        "place": archive.place.map(Place::name),
        "record_count": archive.record_count,
        "row_count": archive.row_count,
        "brought_back": archive.brought_back,
        "size_bytes": archive.size_bytes,
        "sha256": archive.blob.as_str(),
        "oldest_at": archive.oldest_at,
        "newest_at": archive.newest_at,
        "job": archive.job,
        "created_by": archive.created_by,
        "created_at": archive.created_at,
    })
}

/// Says that a file was brought to its place, and that it is not known yet whether it is good. The caller
/// names the file in the same transaction.
pub(crate) fn begin(tx: &Tx, it: &Archive) -> Result<(), Error> {
    tx.execute(
        BEGIN,
        &params![
            it.id,
            it.tenant,
            it.collection.as_str(),
            &it.blob,
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

/// Gives up what attempts have begun in a collection and not ended: their records are all there. The files
/// are swept with those that nobody uses.
pub(crate) fn give_up(
    tx: &Tx,
    tenant: TenantId,
    collection: &str,
    now: Timestamp,
) -> Result<(), Error> {
    for row in tx.query(BEGUN, &params![tenant, collection])? {
        give_up_one(tx, &row, now)?;
    }
    Ok(())
}

/// Gives up what nobody will end, because its job is over or gone: it was cancelled while it waited, or the
/// collection is archived no more.
pub(crate) fn sweep(tx: &Tx, now: Timestamp) -> Result<(), Error> {
    for row in tx.query(ALL_BEGUN, &[])? {
        if work::get(tx, None, row.get("job")?)?.is_none_or(|it| it.state.is_finished()) {
            give_up_one(tx, &row, now)?;
        }
    }
    Ok(())
}

/// One that was given up by somebody else meanwhile gives its file back once.
fn give_up_one(tx: &Tx, row: &Row, now: Timestamp) -> Result<(), Error> {
    let (id, tenant): (ArchiveId, TenantId) = (row.get("id")?, row.get("tenant")?);
    let sql = "DELETE FROM archives WHERE id = $1 AND state = 'writing'";
    if tx.execute(sql, &params![id])? == 1 {
        blob::remove(tx, tenant, &row.get("blob")?, now)?;
    }
    Ok(())
}

/// The records of an archive, and whether they are in it alone: true for those that were not brought back.
pub(crate) fn records(db: &Db, id: ArchiveId) -> Result<BTreeMap<RecordId, bool>, Error> {
    let rows = db.query(RECORDS, &params![id])?;
    rows.iter()
        .map(|row| {
            let back: Option<Timestamp> = row.get("brought_back_at")?;
            Ok((row.get("record")?, back.is_none()))
        })
        .collect()
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

/// Removes everything of a tenant. The files go with all of the tenant's blobs, and no job of the tenant
/// may be able to begin an archive any more.
pub(crate) fn erase(tx: &Tx, tenant: TenantId) -> Result<(), Error> {
    tx.execute("DELETE FROM archived_records WHERE tenant = $1", &params![tenant])?;
    tx.execute("DELETE FROM archives WHERE tenant = $1", &params![tenant])?;
    Ok(())
}

/// Sees where the files lie: they may have been moved since they were written.
fn find_places(db: &Db, archives: &mut [Archive]) -> Result<(), Error> {
    let blobs: Vec<(TenantId, BlobId)> =
        archives.iter().map(|it| (it.tenant, it.blob.clone())).collect();
    for (archive, place) in archives.iter_mut().zip(blob::places_of(db, &blobs)?) {
        archive.place = place;
    }
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
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant")?,
            collection: row.get("collection")?,
            blob: row.get("blob")?,
            place: None,
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
       a.id, a.tenant, a.collection, a.blob, a.size_bytes, a.record_count, a.row_count, a.oldest_at,
       a.newest_at, a.job, a.created_by, a.created_at,
       (SELECT COUNT(*) FROM archived_records r
         WHERE r.archive = a.id AND r.brought_back_at IS NOT NULL) AS brought_back";

const BEGIN: &str = "
    INSERT INTO archives (id, tenant, collection, state, blob, size_bytes, record_count, row_count,
                          oldest_at, newest_at, job, created_by, created_at)
    VALUES ($1, $2, $3, 'writing', $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const KEEP: &str = "
    UPDATE archives SET state = 'kept', record_count = $2, row_count = $3
     WHERE id = $1 AND state = 'writing'";

const BEGUN: &str = "
    SELECT id, tenant, blob FROM archives WHERE state = 'writing' AND tenant = $1 AND collection = $2";

const ALL_BEGUN: &str = "SELECT id, tenant, blob, job FROM archives WHERE state = 'writing'";

const RECORDS: &str = "SELECT record, brought_back_at FROM archived_records WHERE archive = $1";

const BROUGHT_BACK: &str = "
    UPDATE archived_records SET brought_back_at = $3 WHERE archive = $1 AND record = $2";
