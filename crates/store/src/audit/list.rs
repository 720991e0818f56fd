//! Reading the audit log, newest first, page by page.

use base::{Page, PageRequest, RecordId, TenantId, Timestamp};
use serde_json::Value as Json;

use super::Row;
use crate::{Db, Error, Value, params};

/// Which rows. What is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// About this record.
    pub record: Option<RecordId>,
    /// With this action.
    pub action: Option<String>,
    /// By this actor, as [`Row::actor`] spells it.
    pub actor: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// The statement for one way through the table: whose rows, after which key, in which order. Each
/// way begins with what an index begins with, so that a page costs what is on it.
macro_rules! page_of {
    ($whose:literal, $after:literal, $order:literal) => {
        concat!(
            "SELECT tenant, seq, at, actor, address, request_id, action, subject, record, version,
                    summary, before, after, why, tokens_used, hash
               FROM audit_log
              WHERE at >= $1 AND at < $2 AND ",
            $whose,
            " AND ",
            $after,
            " ORDER BY ",
            $order,
            " LIMIT $3"
        )
    };
}

/// A way in the order of time, newest first and back; the key is what the last three parameters say.
macro_rules! by_time {
    ($whose:literal, $older:literal, $newer:literal) => {
        [
            page_of!($whose, $older, "at DESC, tenant DESC, seq DESC"),
            page_of!($whose, $newer, "at, tenant, seq"),
        ]
    };
}

const OF_TENANT: [&str; 2] =
    [page_of!("tenant = $4", "seq < $5", "seq DESC"), page_of!("tenant = $4", "seq > $5", "seq")];

const OF_RECORD: [&str; 2] = by_time!(
    "record = $4 AND (CAST($5 AS TEXT) IS NULL OR tenant = $5)
     AND (CAST($6 AS TEXT) IS NULL OR actor = $6) AND (CAST($7 AS TEXT) IS NULL OR action = $7)",
    "(at, tenant, seq) < ($8, $9, $10)",
    "(at, tenant, seq) > ($8, $9, $10)"
);

const OF_ACTOR: [&str; 2] = by_time!(
    "actor = $4 AND (CAST($5 AS TEXT) IS NULL OR tenant = $5)
     AND (CAST($6 AS TEXT) IS NULL OR action = $6)",
    "(at, tenant, seq) < ($7, $8, $9)",
    "(at, tenant, seq) > ($7, $8, $9)"
);

const OF_ACTION: [&str; 2] = by_time!(
    "action = $4 AND (CAST($5 AS TEXT) IS NULL OR tenant = $5)",
    "(at, tenant, seq) < ($6, $7, $8)",
    "(at, tenant, seq) > ($6, $7, $8)"
);

const OF_ALL: [&str; 2] = by_time!(
    "hash IS NOT NULL",
    "(at, tenant, seq) < ($4, $5, $6)",
    "(at, tenant, seq) > ($4, $5, $6)"
);

/// The rows that fit, newest first.
///
/// # Errors
/// [`Error::Failed`] when the cursor is one of another list.
pub fn list(db: &Db, filter: &Filter, page: &PageRequest) -> Result<Page<Row>, Error> {
    let way = Way::of(filter, page)?;
    let rows = db.query(way.sql, &way.params)?.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(rows, page, |row| {
        if way.is_by_seq {
            vec![row.seq.into()]
        } else {
            vec![row.at.as_microsecond().into(), row.tenant.to_string().into(), row.seq.into()]
        }
    }))
}

/// The way through the table that a filter asks for.
struct Way {
    sql: &'static str,
    params: Vec<Value>,
    is_by_seq: bool,
}

impl Way {
    /// The narrowest: a record has few rows, a person fewer than an action, a tenant many.
    fn of(filter: &Filter, page: &PageRequest) -> Result<Self, Error> {
        let Filter { tenant, record, action, actor, from, to } = filter;
        let (action, actor) = (action.as_deref(), actor.as_deref());
        let mut params = params![
            from.map_or(i64::MIN, Timestamp::as_microsecond),
            to.map_or(i64::MAX, Timestamp::as_microsecond),
            i64::from(page.limit) + 1,
        ]
        .to_vec();
        let mut is_by_seq = false;
        let both = match (record, actor, action, tenant) {
            (Some(record), _, _, _) => {
                params.extend(params![record, *tenant, actor, action]);
                OF_RECORD
            }
            (None, Some(actor), _, _) => {
                params.extend(params![actor, *tenant, action]);
                OF_ACTOR
            }
            (None, None, Some(action), _) => {
                params.extend(params![action, *tenant]);
                OF_ACTION
            }
            (None, None, None, Some(tenant)) => {
                params.push(tenant.into());
                is_by_seq = true;
                OF_TENANT
            }
            (None, None, None, None) => OF_ALL,
        };
        params.extend(edge(page, is_by_seq)?);
        Ok(Self { sql: both[usize::from(page.is_backwards())], params, is_by_seq })
    }
}

/// The key after which the page starts.
fn edge(page: &PageRequest, by_seq: bool) -> Result<Vec<Value>, Error> {
    let Some(cursor) = &page.cursor else {
        let last = i64::MAX;
        return Ok(if by_seq { vec![last.into()] } else { params![last, "", 0].to_vec() });
    };
    match (by_seq, cursor.key.as_slice()) {
        (true, [Json::Number(seq)]) if seq.is_i64() => Ok(params![seq.as_i64()].to_vec()),
        (false, [Json::Number(at), Json::String(tenant), Json::Number(seq)])
            if at.is_i64() && seq.is_i64() =>
        {
            Ok(params![at.as_i64(), tenant, seq.as_i64()].to_vec())
        }
        _ => Err(Error::failed("the cursor belongs to another list than the audit log")),
    }
}

fn row(row: &crate::Row) -> Result<Row, Error> {
    Ok(Row {
        tenant: row.get("tenant")?,
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        address: row.get("address")?,
        request_id: row.get("request_id")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        record: row.get("record")?,
        version: row.get("version")?,
        summary: row.get("summary")?,
        before: row.get("before")?,
        after: row.get("after")?,
        why: row.get("why")?,
        tokens_used: row.get("tokens_used")?,
        hash: row.get("hash")?,
    })
}

#[cfg(test)]
mod tests {
    use base::{Cursor, RecordId};

    use super::*;
    use crate::MIGRATIONS;

    #[test]
    fn every_page_is_read_from_an_index_in_its_order() {
        let tables = rusqlite::Connection::open_in_memory().unwrap();
        for migration in MIGRATIONS {
            tables.execute_batch(migration.up.sqlite).unwrap();
        }
        let plan_of = |sql: &str| {
            let mut statement = tables.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let (mut rows, mut steps) = (statement.raw_query(), Vec::<String>::new());
            while let Some(row) = rows.next().unwrap() {
                steps.push(row.get("detail").unwrap());
            }
            steps.join("; ")
        };
        let (tenant, record) = (TenantId::DEFAULT, RecordId::generate());
        let (action, actor) = (Some("signed_in".to_owned()), Some("usr_1".to_owned()));
        let mut filters = Vec::new();
        for choice in 0..16 {
            filters.push(Filter {
                tenant: (choice & 1 > 0).then_some(tenant),
                record: (choice & 2 > 0).then_some(record),
                action: action.clone().filter(|_| choice & 4 > 0),
                actor: actor.clone().filter(|_| choice & 8 > 0),
                from: None,
                to: None,
            });
        }
        for filter in filters {
            let is_by_seq = Way::of(&filter, &PageRequest::first(5)).unwrap().is_by_seq;
            let key = match is_by_seq {
                true => vec![7.into()],
                false => vec![7.into(), tenant.to_string().into(), 7.into()],
            };
            for backwards in [false, true] {
                let cursor = Some(Cursor { key: key.clone(), backwards });
                let way = Way::of(&filter, &PageRequest { limit: 5, cursor }).unwrap();
                let plan = plan_of(way.sql);
                assert!(plan.starts_with("SEARCH audit_log USING"), "{filter:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{filter:?} is sorted: {plan}");
                let index = match (&filter.record, &filter.actor, &filter.action) {
                    (Some(_), _, _) => "audit_log_record (record=?",
                    (None, Some(_), _) => "audit_log_actor (actor=?",
                    (None, None, Some(_)) => "audit_log_action (action=?",
                    _ if is_by_seq => "PRIMARY KEY (tenant=?",
                    _ => "audit_log_at",
                };
                assert!(plan.contains(index), "{filter:?}: {plan}");
            }
        }
    }
}
