//! The end of a user: everything that this room keeps of them goes, and their e-mail address is free.
//!
//! What the audit log says of them stays: it knows them by an id that leads nowhere from then on. What they
//! have in other rooms is those rooms' to remove; they know it by [`Having::owners`].

use base::{AppKeyId, TenantId, UserId, actor::Who};
use serde_json::json;
use store::{Db, Tx, audit, params};

use super::{UserError, audit_tenant, rows};
use crate::{
    access::{self, Change},
    caller::Caller,
    refusal,
};

/// What a user has in this room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Having {
    /// The tenant whose audit log tells of them.
    pub tenant: TenantId,
    /// Under which names other rooms know what is theirs: their own, and those of the application keys that
    /// stand for them. As the audit log spells who.
    pub owners: Vec<String>,
    /// Sessions, also those that ended and are not cleared away yet.
    pub sessions: u64,
    /// Application keys that stand for them.
    pub keys: u64,
}

/// What a user has in this room, for a caller who may erase them.
///
/// # Errors
/// [`UserError::NoSuchUser`]; [`UserError::Overreach`], also for oneself.
pub fn having(db: &Db, caller: &Caller, id: UserId) -> Result<Having, UserError> {
    let user = rows::get(db, id)?.ok_or(UserError::NoSuchUser(id))?;
    access::to_change_user(caller, id, user.standing(), Change::Access)?;
    let keys = db.query("SELECT id FROM app_keys WHERE user_id = $1 ORDER BY id", &params![id])?;
    let keys: Vec<AppKeyId> = keys.iter().map(|it| it.get("id")).collect::<Result<_, _>>()?;
    let count = "SELECT count(*) AS total FROM sessions WHERE user_id = $1";
    let mut owners = vec![Who::User(id).to_string()];
    owners.extend(keys.iter().map(|it| Who::Key(*it).to_string()));
    Ok(Having {
        tenant: audit_tenant(user.reach),
        owners,
        sessions: db.one(count, &params![id])?.get("total")?,
        keys: keys.len() as u64,
    })
}

/// Removes a user with their sessions, keys, profile and accounts elsewhere, for good. Call
/// [`crate::Identity::forget_callers`] after the commit.
///
/// # Errors
/// As [`having`].
pub fn erase(tx: &Tx, caller: &Caller, id: UserId) -> Result<Having, UserError> {
    tx.hold("users")?;
    let having = having(tx, caller, id)?;
    let user = rows::get(tx, id)?;
    for sql in ERASE {
        tx.execute(*sql, &params![id])?;
    }
    if let Some(user) = user {
        refusal::unlock(tx, &user)?;
    }
    let entry = audit::Entry::new(
        having.tenant,
        "user_erased",
        format!("users/{id}"),
        format!("Erased user {id}: nobody can sign in as them any more"),
    );
    tx.audit(entry.after(json!({"sessions": having.sessions, "keys": having.keys})));
    Ok(having)
}

/// The user first: whoever is just signing them in waits for this row, and finds nobody.
const ERASE: &[&str] = &[
    "DELETE FROM users WHERE id = $1",
    "DELETE FROM refresh_tokens
      WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)",
    "DELETE FROM access_tokens
      WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)",
    "DELETE FROM sessions WHERE user_id = $1",
    "DELETE FROM former_passwords WHERE user_id = $1",
    "DELETE FROM profiles WHERE user_id = $1",
    "DELETE FROM outside_accounts WHERE user_id = $1",
    "DELETE FROM app_keys WHERE user_id = $1",
];
