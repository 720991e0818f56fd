//! What has changed since: a number for a name, which grows in the transaction of the change itself.
//!
//! Whoever keeps an answer notes the number first and reads then. As long as the number is the same, what
//! was read still holds, also when another process writes: the number is a row, and a change that is not
//! committed has not moved it. A transaction moves each name once, at its end, however often it touched
//! it, in the order of the names, so that two commits never wait for each other in a ring.
//!
//! Start at [`touch`] (whoever changes) and [`sum`] (whoever keeps).

use base::TenantId;

use crate::{Db, Error, Tx, Value, params};

/// Says that something under this name has changed for a tenant; [`TenantId::DEFAULT`] is for all.
pub fn touch(tx: &Tx, name: &str, tenant: TenantId) {
    tx.touch(name, tenant);
}

/// Says that everything of a tenant has changed.
pub fn touch_all(tx: &Tx, tenant: TenantId) -> Result<u64, Error> {
    tx.execute("UPDATE marks SET number = number + 1 WHERE tenant = $1", &params![tenant])
}

/// How often these names were touched, for a tenant and for all, or, without a tenant, for anybody. It
/// never shrinks: the same sum means that none of them was.
pub fn sum(db: &Db, names: &[String], tenant: Option<TenantId>) -> Result<i64, Error> {
    let mut values: Vec<Value> = vec![tenant.into(), TenantId::DEFAULT.into()];
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        values.push(name.as_str().into());
        places.push(format!("${}", values.len()));
    }
    if places.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(number), 0) AS BIGINT) AS total
           FROM marks
          WHERE (CAST($1 AS TEXT) IS NULL OR tenant IN (CAST($1 AS TEXT), $2))
            AND name IN ({})",
        places.join(", ")
    );
    db.one(sql.as_str(), &values)?.get("total")
}

/// Moves the numbers of what a transaction touched.
pub(crate) fn write(tx: &Tx, touched: &[(String, TenantId)]) -> Result<(), Error> {
    for (name, tenant) in touched {
        tx.execute(MOVE, &params![name.as_str(), *tenant])?;
    }
    Ok(())
}

const MOVE: &str = "
    INSERT INTO marks (name, tenant, number) VALUES ($1, $2, 1)
        ON CONFLICT (name, tenant) DO UPDATE SET number = marks.number + 1";
