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

/// The statement for one way through the table: whose rows, after which key, in which order.
macro_rules! page_of {
    ($whose:literal, $after:literal, $order:literal) => {
        concat!(
            "SELECT tenant, seq, at, actor, address, request_id, action, subject, record, version,
                    summary, before, after, why, tokens_used, hash
               FROM audit_log
              WHERE (CAST($1 AS TEXT) IS NULL OR action = $1)
                AND (CAST($2 AS TEXT) IS NULL OR actor = $2)
                AND at >= $3 AND at < $4
                AND ",
            $whose,
            " AND ",
            $after,
            " ORDER BY ",
            $order,
            " LIMIT $5"
        )
    };
}

const OF_TENANT: [&str; 2] =
    [page_of!("tenant = $6", "seq < $7", "seq DESC"), page_of!("tenant = $6", "seq > $7", "seq")];

const OF_RECORD: [&str; 2] = [
    page_of!(
        "record = $6 AND (CAST($7 AS TEXT) IS NULL OR tenant = $7)",
        "(at, tenant, seq) < ($8, $9, $10)",
        "at DESC, tenant DESC, seq DESC"
    ),
    page_of!(
        "record = $6 AND (CAST($7 AS TEXT) IS NULL OR tenant = $7)",
        "(at, tenant, seq) > ($8, $9, $10)",
        "at, tenant, seq"
    ),
];

const OF_ALL: [&str; 2] = [
    page_of!(
        "hash IS NOT NULL",
        "(at, tenant, seq) < ($6, $7, $8)",
        "at DESC, tenant DESC, seq DESC"
    ),
    page_of!("hash IS NOT NULL", "(at, tenant, seq) > ($6, $7, $8)", "at, tenant, seq"),
];

/// The rows that fit, newest first.
///
/// # Errors
/// [`Error::Failed`] when the cursor is one of another list.
pub fn list(db: &Db, filter: &Filter, page: &PageRequest) -> Result<Page<Row>, Error> {
    let way = usize::from(page.is_backwards());
    let by_seq = filter.tenant.is_some() && filter.record.is_none();
    let mut params = params![
        filter.action.as_deref(),
        filter.actor.as_deref(),
        filter.from.map_or(i64::MIN, Timestamp::as_microsecond),
        filter.to.map_or(i64::MAX, Timestamp::as_microsecond),
        i64::from(page.limit) + 1,
    ]
    .to_vec();
    let sql = match (filter.tenant, filter.record) {
        (tenant, Some(record)) => {
            params.extend(params![record, tenant]);
            OF_RECORD[way]
        }
        (Some(tenant), None) => {
            params.push(tenant.into());
            OF_TENANT[way]
        }
        (None, None) => OF_ALL[way],
    };
    params.extend(edge(page, by_seq)?);
    let rows = db.query(sql, &params)?.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(rows, page, |row| {
        if by_seq {
            vec![row.seq.into()]
        } else {
            vec![row.at.as_microsecond().into(), row.tenant.to_string().into(), row.seq.into()]
        }
    }))
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
