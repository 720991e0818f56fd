//! Debug mode: while it is on, what goes over the wire for a result is kept beside it, for those who may
//! see what is private. It is never in the record, so no list, export or audit entry has it.

use base::{RecordId, TenantId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Db, Tx, audit, params};

use crate::{record::Act, task::answer::Raw};

const DEBUG: &str = "debug";

/// Is debug mode on in this tenant?
pub(crate) fn is_on(db: &Db, tenant: TenantId) -> Result<bool, store::Error> {
    let sql = "SELECT is_on FROM switches WHERE tenant = $1 AND name = $2";
    let row = db.first(sql, &params![tenant, DEBUG])?;
    row.map_or(Ok(false), |it| it.get("is_on"))
}

/// Switches debug mode on or off.
pub(crate) fn switch(tx: &Tx, act: &Act, tenant: TenantId, on: bool) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO switches (tenant, name, is_on, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, name) DO UPDATE
            SET is_on = excluded.is_on, changed_by = excluded.changed_by, changed_at = excluded.changed_at",
        &params![tenant, DEBUG, on, act.actor.to_string(), act.now],
    )?;
    let word = if on { "on" } else { "off" };
    let summary = format!("Switched debug mode {word}");
    let entry = audit::Entry::new(tenant, "debug_switched", "switches/debug", summary);
    tx.audit(entry.after(json!({"is_on": on})));
    Ok(())
}

/// Debug mode, and who switched it last.
pub(crate) fn state(db: &Db, tenant: TenantId) -> Result<Json, store::Error> {
    let sql = "SELECT is_on, changed_by, changed_at FROM switches WHERE tenant = $1 AND name = $2";
    let Some(row) = db.first(sql, &params![tenant, DEBUG])? else {
        return Ok(json!({"enabled": false, "changed_by": null, "changed_at": null}));
    };
    Ok(json!({
        "enabled": row.get::<bool>("is_on")?,
        "changed_by": row.get::<String>("changed_by")?,
        "changed_at": row.get::<Timestamp>("changed_at")?,
    }))
}

/// Keeps what went over the wire for a result.
pub(crate) fn keep(
    tx: &Tx,
    tenant: TenantId,
    result: RecordId,
    raw: &Raw,
    now: Timestamp,
) -> Result<(), store::Error> {
    // PostgreSQL keeps no zero character.
    let whole = |text: &str| text.replace('\0', "");
    let prompt = json!({"system": raw.system.as_deref().map(whole), "user": whole(&raw.user)});
    tx.execute(
        "INSERT INTO result_raws (result, tenant, prompt, answer, created_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (result) DO UPDATE
            SET prompt = excluded.prompt, answer = excluded.answer, created_at = excluded.created_at",
        &params![result, tenant, &prompt, whole(&raw.answer), now],
    )?;
    Ok(())
}

/// What went over the wire for a result; none when debug mode was off.
pub(crate) fn get(db: &Db, result: RecordId) -> Result<Option<Json>, store::Error> {
    let sql = "SELECT prompt, answer, created_at FROM result_raws WHERE result = $1";
    let Some(row) = db.first(sql, &params![result])? else { return Ok(None) };
    Ok(Some(json!({
        "result": result,
        "raw_prompt": row.get::<Json>("prompt")?,
        "raw_response": row.get::<String>("answer")?,
        "created_at": row.get::<Timestamp>("created_at")?,
    })))
}

/// Removes what was kept for a record that is erased.
pub(crate) fn forget(tx: &Tx, result: RecordId) -> Result<(), store::Error> {
    tx.execute("DELETE FROM result_raws WHERE result = $1", &params![result]).map(drop)
}

/// Removes what was kept before `older_than`.
pub(crate) fn sweep(tx: &Tx, older_than: Timestamp) -> Result<u64, store::Error> {
    tx.execute("DELETE FROM result_raws WHERE created_at < $1", &params![older_than])
}

/// Removes everything of a tenant.
pub(crate) fn erase(tx: &Tx, tenant: TenantId) -> Result<(), store::Error> {
    tx.execute("DELETE FROM result_raws WHERE tenant = $1", &params![tenant])?;
    tx.execute("DELETE FROM switches WHERE tenant = $1", &params![tenant]).map(drop)
}
