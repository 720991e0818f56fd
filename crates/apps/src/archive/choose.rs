//! Which records are due to be put away, and everything that goes with them.
//!
//! What is put away together is bounded by its size as well as by its count: it passes through memory, and
//! is removed in one transaction.

use std::collections::BTreeMap;

use base::{RecordId, TenantId, Timestamp};
use serde_json::value::RawValue;
use store::{Db, Dialect, Error, params};

use crate::{
    description::Archive,
    indexes::{expression, text},
    record::{Bindings, COLUMNS, CollectionKit, FAMILY, Record},
};

/// A record as an archive has it: what it holds stays the text that it is.
pub(crate) type Stored = Record<Box<RawValue>>;

/// A record, and what lies in it, which goes with it.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    pub(crate) root: RecordId,
    /// The record first, then what lies in it, parents before children.
    pub(crate) rows: Vec<Stored>,
}

/// How a family was when it was looked at: its rows, and how often each was changed by then.
pub(crate) type Marks = BTreeMap<RecordId, (i64, Option<Timestamp>)>;

/// How much is put away together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Records.
    pub(crate) records: u32,
    /// About so many bytes; one record with what lies in it may be larger.
    pub(crate) bytes: u64,
    /// What is larger, with what lies in it, stays.
    pub(crate) family_bytes: u64,
}

/// After which record to go on: when it was made, and its id.
pub(crate) type After = (Timestamp, RecordId);

/// What is put away together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) families: Vec<Family>,
    /// Records that are due, and too large to go.
    pub(crate) too_large: Vec<RecordId>,
    /// After which record to go on; none when no more are due.
    pub(crate) next: Option<After>,
}

/// Bytes that a row counts for beside what it holds.
const ROW_BYTES: u64 = 400;

impl Bounds {
    /// The bounds of a collection that puts so many records into an archive.
    pub(crate) fn of(records: u32) -> Self {
        Self { records: records.max(1), bytes: 8 << 20, family_bytes: 64 << 20 }
    }
}

impl Family {
    /// How it is now.
    pub(crate) fn marks(&self) -> Marks {
        self.rows.iter().map(|it| (it.id, (it.revision, it.deleted_at))).collect()
    }
}

/// The next records of a tenant that are due after `after`, the oldest first.
pub(crate) fn due(
    db: &Db,
    kit: &CollectionKit,
    rule: &Archive,
    tenant: TenantId,
    now: Timestamp,
    after: Option<After>,
    bounds: Bounds,
) -> Result<Batch, Error> {
    let found = roots(db, kit, rule, tenant, now, after, bounds.records)?;
    let is_last = found.len() < bounds.records as usize;
    let mut batch = Batch::default();
    let mut bytes = 0;
    for it in found {
        if it.bytes > bounds.family_bytes {
            batch.too_large.push(it.id);
        } else if !batch.families.is_empty() && bytes + it.bytes > bounds.bytes {
            // There is more, and it begins behind the last one that was taken.
            return Ok(batch);
        } else {
            bytes += it.bytes;
            batch.families.push(Family { root: it.id, rows: rows(db, it.id)? });
        }
        batch.next = Some((it.created_at, it.id));
    }
    if is_last {
        batch.next = None;
    }
    Ok(batch)
}

/// A record and everything that lies in it, now.
pub(crate) fn rows(db: &Db, root: RecordId) -> Result<Vec<Stored>, Error> {
    let sql = format!(
        "{FAMILY} SELECT {COLUMNS}
           FROM records r
           LEFT JOIN versions v ON v.id = r.active_version
          WHERE r.id IN (SELECT id FROM family)
          ORDER BY CASE WHEN r.id = $1 THEN 0 ELSE 1 END, r.created_at, r.id"
    );
    db.query(sql.as_str(), &params![root])?.iter().map(Stored::read).collect()
}

/// How a record and everything that lies in it is now.
pub(crate) fn marks(db: &Db, root: RecordId) -> Result<Marks, Error> {
    let sql = format!(
        "{FAMILY} SELECT r.id, r.revision, r.deleted_at
           FROM records r WHERE r.id IN (SELECT id FROM family)"
    );
    let rows = db.query(sql.as_str(), &params![root])?;
    rows.iter()
        .map(|row| Ok((row.get("id")?, (row.get("revision")?, row.get("deleted_at")?))))
        .collect()
}

/// A record that is due, and how large it is with what lies in it.
struct Root {
    id: RecordId,
    created_at: Timestamp,
    bytes: u64,
}

fn roots(
    db: &Db,
    kit: &CollectionKit,
    rule: &Archive,
    tenant: TenantId,
    now: Timestamp,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<Root>, Error> {
    let mut bind = Bindings::default();
    let here = [
        format!("r.collection = {}", text(&kit.name)),
        format!("r.tenant = {}", bind.put(tenant)),
        "r.version IS NULL".to_owned(),
        "r.deleted_at IS NULL".to_owned(),
    ];
    let mut wheres = here.to_vec();
    wheres.push(format!(
        "NOT EXISTS (SELECT 1 FROM archived_records b
                      WHERE b.record = r.id AND b.brought_back_at > {})",
        bind.put(rule.rested(now))
    ));
    if let Some((at, id)) = after {
        wheres.push(format!("(r.created_at, r.id) > ({}, {})", bind.put(at), bind.put(id)));
    }
    if let Some(cutoff) = rule.cutoff(now) {
        wheres.push(match rule.field.as_str() {
            "created_at" => format!("r.created_at < {}", bind.put(cutoff)),
            "updated_at" => format!("r.updated_at < {}", bind.put(cutoff)),
            // Dates and times of ISO 8601 rise as texts do. What is none is no age, least of all nothing.
            field => {
                let value = expression(db.dialect(), "r", field);
                let cutoff = bind.put(cutoff.to_string());
                format!("{value} LIKE '____-__-__%' AND {value} < {cutoff}")
            }
        });
    }
    if let Some(keep) = &rule.keep_last {
        let whose = match keep.per.as_str() {
            "created_by" => "r.created_by".to_owned(),
            "parent" => "r.parent".to_owned(),
            "tenant" => "r.tenant".to_owned(),
            field => expression(db.dialect(), "r", field),
        };
        wheres.push(format!(
            "r.id IN (SELECT id FROM (
                 SELECT r.id, ROW_NUMBER() OVER (PARTITION BY {whose}
                                                 ORDER BY r.created_at DESC, r.id DESC) AS place
                   FROM records r WHERE {}) AS ranked
               WHERE place > {})",
            here.join(" AND "),
            bind.put(keep.count)
        ));
    }
    let size = match db.dialect() {
        Dialect::Sqlite => "LENGTH(CAST(r.data AS BLOB))",
        Dialect::Postgres => "OCTET_LENGTH(CAST(r.data AS TEXT))",
    };
    let sql = format!(
        "WITH RECURSIVE due AS (
             SELECT r.id, r.created_at FROM records r WHERE {}
              ORDER BY r.created_at, r.id LIMIT {}
         ), families (root, id) AS (
             SELECT due.id, due.id FROM due
              UNION ALL
             SELECT f.root, r.id FROM records r JOIN families f ON r.parent = f.id
              WHERE r.version IS NULL
         )
         SELECT due.id, due.created_at, CAST(SUM({size} + {ROW_BYTES}) AS BIGINT) AS size_bytes
           FROM due
           JOIN families f ON f.root = due.id
           JOIN records r ON r.id = f.id
          GROUP BY due.id, due.created_at
          ORDER BY due.created_at, due.id",
        wheres.join(" AND "),
        bind.put(i64::from(limit.max(1)))
    );
    let rows = db.query(sql.as_str(), &bind.0)?;
    rows.iter()
        .map(|row| {
            let bytes = row.get("size_bytes")?;
            Ok(Root { id: row.get("id")?, created_at: row.get("created_at")?, bytes })
        })
        .collect()
}
