//! Items: which record each thing of a source became, and what the source said of it last.
//!
//! The table is this room's; the records are the shelf's. Both are written in one transaction.

use std::collections::HashMap;

use base::{JobId, RecordId, TenantId, Timestamp};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use store::{Db, Error, Row, Tx, Value, params};

use crate::expression::Data;

/// The most items of one statement.
const CHUNK: usize = 200;

/// What is known of an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// What it is recognised by.
    pub item: String,
    /// The record that it became.
    pub record: RecordId,
    /// What the source wrote last; none where records are never changed.
    pub written: Option<Data>,
    /// What the source placed itself in the fields of the record.
    pub placed: Data,
    /// The hash of what the source said last.
    pub hash: String,
    /// When the source no longer had it.
    pub gone_at: Option<Timestamp>,
    /// The run that saw it last.
    pub seen_run: String,
}

/// An item to be written down.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) item: String,
    pub(crate) record: RecordId,
    pub(crate) written: Option<Data>,
    pub(crate) placed: Data,
    pub(crate) hash: String,
}

/// Of which source of which tenant.
#[derive(Debug, Clone)]
pub(crate) struct Of {
    pub(crate) tenant: TenantId,
    pub(crate) source: String,
}

impl Note {
    /// What was placed, as it is written down: nothing where it is what was written.
    fn placed(&self) -> Option<Json> {
        differing(self.written.as_ref(), &self.placed)
    }
}

fn differing(written: Option<&Data>, placed: &Data) -> Option<Json> {
    let is_same = match written {
        Some(written) => written == placed,
        None => placed.is_empty(),
    };
    (!is_same).then(|| Json::Object(placed.clone()))
}

impl Known {
    fn read(row: &Row) -> Result<Self, Error> {
        let object = |column: &str| -> Result<Option<Data>, Error> {
            let value: Option<Json> = row.get(column)?;
            Ok(value.and_then(|it| it.as_object().cloned()))
        };
        let written = object("written")?;
        let placed = object("placed")?.or_else(|| written.clone()).unwrap_or_default();
        Ok(Self {
            item: row.get("item")?,
            record: row.get("record")?,
            written,
            placed,
            hash: row.get("hash")?,
            gone_at: row.get("gone_at")?,
            seen_run: row.get("seen_run")?,
        })
    }
}

/// The hash of what a source says of an item.
pub(crate) fn hash(data: &Data) -> String {
    let text = serde_json::to_string(data).unwrap_or_default();
    hex::encode(&Sha256::digest(text.as_bytes())[..12])
}

/// What is known of these items.
pub(crate) fn known(db: &Db, of: &Of, items: &[String]) -> Result<HashMap<String, Known>, Error> {
    let mut all = HashMap::with_capacity(items.len());
    for chunk in items.chunks(CHUNK) {
        let (places, params) = listed(of, chunk, &[]);
        let sql = format!(
            "SELECT item, record, written, placed, hash, gone_at, seen_run FROM source_items
              WHERE tenant = $1 AND source = $2 AND item IN ({places})"
        );
        for row in db.query(sql.as_str(), &params)? {
            let known = Known::read(&row)?;
            all.insert(known.item.clone(), known);
        }
    }
    Ok(all)
}

/// Writes down items that are new.
pub(crate) fn add(
    tx: &Tx,
    of: &Of,
    notes: Vec<Note>,
    run: JobId,
    now: Timestamp,
) -> Result<(), Error> {
    const COLUMNS: &[&str] = &[
        "tenant",
        "source",
        "item",
        "record",
        "written",
        "placed",
        "hash",
        "first_seen_at",
        "seen_at",
        "seen_run",
    ];
    let row = |it: Note| -> Vec<Value> {
        let placed = it.placed();
        params![
            of.tenant,
            of.source.as_str(),
            it.item,
            it.record,
            it.written.map(Json::Object),
            placed,
            it.hash,
            now,
            now,
            run.to_string()
        ]
        .to_vec()
    };
    tx.insert_many("source_items", COLUMNS, notes.into_iter().map(row).collect())?;
    Ok(())
}

/// Writes down what the source said of an item that is known.
pub(crate) fn change(
    tx: &Tx,
    of: &Of,
    note: Note,
    run: JobId,
    now: Timestamp,
) -> Result<(), Error> {
    let placed = note.placed();
    tx.execute(
        CHANGE,
        &params![
            of.tenant,
            of.source.as_str(),
            note.item,
            note.record,
            note.written.map(Json::Object),
            note.hash,
            now,
            run.to_string(),
            placed
        ],
    )?;
    Ok(())
}

/// Notes that items are there still, as they were.
pub(crate) fn seen(
    tx: &Tx,
    of: &Of,
    items: &[String],
    run: JobId,
    now: Timestamp,
) -> Result<(), Error> {
    noted(tx, of, items, run, now, ", gone_at = NULL")
}

/// Notes that items are there still, although nothing could be made of what the source says of them. Those that
/// were gone stay so until they can be read.
pub(crate) fn met(
    tx: &Tx,
    of: &Of,
    items: &[String],
    run: JobId,
    now: Timestamp,
) -> Result<(), Error> {
    noted(tx, of, items, run, now, "")
}

fn noted(
    tx: &Tx,
    of: &Of,
    items: &[String],
    run: JobId,
    now: Timestamp,
    also: &str,
) -> Result<(), Error> {
    for chunk in items.chunks(CHUNK) {
        let (places, params) = listed(of, chunk, &[now.into(), run.to_string().into()]);
        let sql = format!(
            "UPDATE source_items SET seen_at = $3, seen_run = $4{also}
              WHERE tenant = $1 AND source = $2 AND item IN ({places})"
        );
        tx.execute(sql.as_str(), &params)?;
    }
    Ok(())
}

/// Items that this run has not seen and that are not gone yet.
pub(crate) fn unseen(db: &Db, of: &Of, run: JobId, limit: u32) -> Result<Vec<Known>, Error> {
    let rows = db.query(UNSEEN, &params![of.tenant, of.source.as_str(), run.to_string(), limit])?;
    rows.iter().map(Known::read).collect()
}

/// Notes that items are gone.
pub(crate) fn gone(tx: &Tx, of: &Of, items: &[String], now: Timestamp) -> Result<(), Error> {
    for chunk in items.chunks(CHUNK) {
        let (places, params) = listed(of, chunk, &[now.into()]);
        let sql = format!(
            "UPDATE source_items SET gone_at = $3
              WHERE tenant = $1 AND source = $2 AND item IN ({places})"
        );
        tx.execute(sql.as_str(), &params)?;
    }
    Ok(())
}

/// How many items a source has, and how many of them are gone.
pub(crate) fn counts(db: &Db, of: &Of) -> Result<(u64, u64), Error> {
    let row = db.one(COUNTS, &params![of.tenant, of.source.as_str()])?;
    Ok((row.get("total")?, row.get("gone")?))
}

/// Where a record comes from: the source, and what is known of the item.
pub(crate) fn of_record(
    db: &Db,
    tenant: TenantId,
    record: RecordId,
) -> Result<Vec<(String, Known)>, Error> {
    let rows = db.query(OF_RECORD, &params![tenant, record])?;
    rows.iter().map(|it| Ok((it.get("source")?, Known::read(it)?))).collect()
}

/// What others than these items placed in the records that they became: other sources, of whatever tenant where
/// records are everybody's.
pub(crate) fn placed_by_others(
    db: &Db,
    of: &Of,
    items: &HashMap<RecordId, String>,
) -> Result<HashMap<RecordId, Vec<Data>>, Error> {
    let records: Vec<RecordId> = items.keys().copied().collect();
    let mut all: HashMap<RecordId, Vec<Data>> = HashMap::new();
    for chunk in records.chunks(CHUNK) {
        let places: Vec<String> = (1..=chunk.len()).map(|at| format!("${at}")).collect();
        let params: Vec<Value> = chunk.iter().map(Value::from).collect();
        let sql = format!(
            "SELECT tenant, source, item, record, written, placed, hash, gone_at, seen_run
               FROM source_items WHERE record IN ({})",
            places.join(", ")
        );
        for row in db.query(sql.as_str(), &params)? {
            let (tenant, source): (TenantId, String) = (row.get("tenant")?, row.get("source")?);
            let known = Known::read(&row)?;
            let is_own = tenant == of.tenant
                && source == of.source
                && items.get(&known.record) == Some(&known.item);
            if !is_own {
                all.entry(known.record).or_default().push(known.placed);
            }
        }
    }
    Ok(all)
}

/// Takes this as written and as placed by the source, so that it may be changed again: the next run looks at
/// it, whatever was found equal a short while ago.
pub(crate) fn rewrite(
    tx: &Tx,
    of: &Of,
    item: &str,
    written: Option<&Data>,
    placed: &Data,
) -> Result<(), Error> {
    tx.execute(
        REWRITE,
        &params![
            of.tenant,
            of.source.as_str(),
            item,
            written.cloned().map(Json::Object),
            differing(written, placed)
        ],
    )?;
    Ok(())
}

/// Places for a list of items behind $1 (tenant), $2 (source) and `more`, and all values in order.
fn listed(of: &Of, items: &[String], more: &[Value]) -> (String, Vec<Value>) {
    let mut params = params![of.tenant, of.source.as_str()].to_vec();
    params.extend(more.iter().cloned());
    let first = params.len() + 1;
    let places: Vec<String> = (0..items.len()).map(|at| format!("${}", first + at)).collect();
    params.extend(items.iter().map(Value::from));
    (places.join(", "), params)
}

const CHANGE: &str = "
    UPDATE source_items
       SET record = $4, written = $5, hash = $6, seen_at = $7, seen_run = $8, gone_at = NULL,
           placed = $9
     WHERE tenant = $1 AND source = $2 AND item = $3";

const UNSEEN: &str = "
    SELECT item, record, written, placed, hash, gone_at, seen_run
      FROM source_items
     WHERE tenant = $1 AND source = $2 AND gone_at IS NULL AND seen_run <> $3
     ORDER BY item LIMIT $4";

const COUNTS: &str = "
    SELECT COUNT(*) AS total, COUNT(gone_at) AS gone
      FROM source_items
     WHERE tenant = $1 AND source = $2";

const OF_RECORD: &str = "
    SELECT source, item, record, written, placed, hash, gone_at, seen_run
      FROM source_items
     WHERE tenant = $1 AND record = $2
     ORDER BY source";

const REWRITE: &str = "
    UPDATE source_items SET written = $4, placed = $5, hash = ''
     WHERE tenant = $1 AND source = $2 AND item = $3";
