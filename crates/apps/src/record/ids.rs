//! Ids of new records: UUIDs, or the next numbers where the collection says `ids: integer`.
//!
//! Numbers are counted once for the whole installation, so that a number names one record and nobody has to
//! be told its collection or its tenant. None is given twice: what was deleted, erased or archived keeps its
//! own, and on PostgreSQL also what was never committed.
//!
//! Start at [`fresh`].

use base::{RecordId, TenantId};
use store::{Dialect, Sql, Tx, audit, params};

use super::CollectionKit;
use crate::description::Ids;

/// The id of one new record.
///
/// # Errors
/// Those of the database; also when no number is left.
pub(crate) fn fresh_one(tx: &Tx, kit: &CollectionKit) -> Result<RecordId, store::Error> {
    match kit.spec.ids {
        Ids::Uuid => Ok(RecordId::generate()),
        Ids::Integer => read(tx.one(NEXT, &params![1_i64])?.get("number")?),
    }
}

/// The ids of so many new records, in their order.
///
/// # Errors
/// As [`fresh_one`].
pub(crate) fn fresh(
    tx: &Tx,
    kit: &CollectionKit,
    count: usize,
) -> Result<Vec<RecordId>, store::Error> {
    if kit.spec.ids == Ids::Uuid || count == 0 {
        return Ok(std::iter::repeat_with(RecordId::generate).take(count).collect());
    }
    let wanted = i64::try_from(count).unwrap_or(i64::MAX);
    let mut numbers: Vec<i64> = match tx.dialect() {
        Dialect::Sqlite => {
            let last: i64 = tx.one(NEXT, &params![wanted])?.get("number")?;
            (last - wanted + 1..=last).collect()
        }
        Dialect::Postgres => {
            let rows = tx.query(NEXT, &params![wanted])?;
            rows.iter().map(|it| it.get("number")).collect::<Result<_, _>>()?
        }
    };
    numbers.sort_unstable();
    numbers.into_iter().map(read).collect()
}

/// Lets the counter not stand behind the records that are there: the tables of a backup may have been
/// restored without it.
///
/// # Errors
/// Those of the database.
pub(crate) fn catch_up(tx: &Tx) -> Result<(), store::Error> {
    let bounds = [RecordId::numbered(1), RecordId::numbered(RecordId::LARGEST_NUMBER)];
    let highest: Option<RecordId> = tx
        .one(
            "SELECT max(id) AS highest FROM records WHERE id >= $1 AND id <= $2",
            &params![bounds[0], bounds[1]],
        )?
        .get("highest")?;
    let Some(number) = highest.and_then(RecordId::number) else { return Ok(()) };
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    if tx.query(CATCH_UP, &params![number])?.is_empty() {
        return Ok(());
    }
    let summary = format!("The next number of a record comes after {number}");
    tx.audit(audit::Entry::new(
        TenantId::DEFAULT,
        "record_numbers_moved",
        "record_numbers",
        summary,
    ));
    Ok(())
}

fn read(number: i64) -> Result<RecordId, store::Error> {
    let id = u64::try_from(number).ok().and_then(RecordId::numbered);
    id.ok_or_else(|| store::Error::Column {
        column: "number".to_owned(),
        what: format!("{number} is no number of a record"),
    })
}

/// The next numbers; on SQLite the last of them alone.
const NEXT: Sql<'static> = Sql {
    sqlite: "UPDATE record_numbers SET last = last + $1 RETURNING last AS number",
    postgres: "SELECT nextval('record_numbers') AS number FROM generate_series(1, CAST($1 AS BIGINT))",
};

/// One row when the counter stood behind. A sequence that nobody has asked stands before the number that it
/// names, and one that was told to begin further on stays there.
const CATCH_UP: Sql<'static> = Sql {
    sqlite: "UPDATE record_numbers SET last = $1 WHERE last < $1 RETURNING last AS number",
    postgres: "
    SELECT setval('record_numbers', $1) AS number
      FROM record_numbers
     WHERE last_value < $1 OR (last_value = $1 AND NOT is_called)",
};
