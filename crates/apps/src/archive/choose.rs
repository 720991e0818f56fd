//! Which records are due to be put away, and everything that goes with them.

use base::{RecordId, TenantId, Timestamp};
use store::{Db, Error, params};

use crate::{
    description::Archive,
    indexes::{expression, text},
    record::{Bindings, COLUMNS, CollectionKit, FAMILY, Record},
};

/// A record, and what lies in it, which goes with it.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    pub(crate) root: RecordId,
    /// The record first, then what lies in it, parents before children.
    pub(crate) rows: Vec<Record>,
}

/// The records of a tenant that are due, the oldest first, at most `limit` of them.
pub(crate) fn due(
    db: &Db,
    kit: &CollectionKit,
    rule: &Archive,
    tenant: TenantId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Family>, Error> {
    let roots = roots(db, kit, rule, tenant, now, limit)?;
    roots.into_iter().map(|root| Ok(Family { root, rows: rows(db, root)? })).collect()
}

/// A record and everything that lies in it, now.
pub(crate) fn rows(db: &Db, root: RecordId) -> Result<Vec<Record>, Error> {
    let sql = format!(
        "{FAMILY} SELECT {COLUMNS}
           FROM records r
           LEFT JOIN versions v ON v.id = r.active_version
          WHERE r.id IN (SELECT id FROM family)
          ORDER BY CASE WHEN r.id = $1 THEN 0 ELSE 1 END, r.created_at, r.id"
    );
    db.query(sql.as_str(), &params![root])?.iter().map(Record::read).collect()
}

fn roots(
    db: &Db,
    kit: &CollectionKit,
    rule: &Archive,
    tenant: TenantId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<RecordId>, Error> {
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
    if let Some(cutoff) = rule.cutoff(now) {
        wheres.push(match rule.field.as_str() {
            "created_at" => format!("r.created_at < {}", bind.put(cutoff)),
            "updated_at" => format!("r.updated_at < {}", bind.put(cutoff)),
            // Dates and times of ISO 8601 rise as texts do.
            field => {
                let value = expression(db.dialect(), "r", field);
                format!("{value} < {}", bind.put(cutoff.to_string()))
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
    let sql = format!(
        "SELECT r.id FROM records r WHERE {} ORDER BY r.created_at, r.id LIMIT {}",
        wheres.join(" AND "),
        bind.put(i64::from(limit.max(1)))
    );
    db.query(sql.as_str(), &bind.0)?.iter().map(|row| row.get("id")).collect()
}
