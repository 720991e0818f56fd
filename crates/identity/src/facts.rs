//! What the database says about those who call: one query for each kind of credential.

use base::{AppKeyId, Role, Scope, SessionId, TenantId, Timestamp, UserId};
use store::{Db, Row, params};

use crate::{access, caller::Reach, key, row};

/// What the database says about a session and its user.
#[derive(Debug, Clone)]
pub(crate) struct SessionFacts {
    pub(crate) user: UserId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) reach: Reach,
    pub(crate) is_over: bool,
    pub(crate) expires_at: Timestamp,
}

impl SessionFacts {
    pub(crate) fn find(db: &Db, id: SessionId) -> Result<Option<Self>, store::Error> {
        db.first(SESSION, &params![id])?.map(|it| Self::read(&it)).transpose()
    }

    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            user: row.get("user_id")?,
            name: row.get("name")?,
            role: row::named(row, "role")?,
            reach: row::reach(row, "tenant_id")?,
            is_over: row::is_set(row, "ended_at")?
                || row::is_set(row, "disabled_at")?
                || row::is_set(row, "tenant_deleted_at")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

/// What the database says about an access token that was drawn, and about its session.
#[derive(Debug, Clone)]
pub(crate) struct TokenFacts {
    pub(crate) session: SessionId,
    pub(crate) expires_at: Timestamp,
    pub(crate) of_session: SessionFacts,
}

impl TokenFacts {
    /// By the digest of the token.
    pub(crate) fn find(db: &Db, hash: &str) -> Result<Option<Self>, store::Error> {
        let Some(row) = db.first(TOKEN, &params![hash])? else { return Ok(None) };
        Ok(Some(Self {
            session: row.get("session_id")?,
            expires_at: row.get("token_expires_at")?,
            of_session: SessionFacts::read(&row)?,
        }))
    }
}

/// What the database says about an application key, its tenant and its user.
#[derive(Debug, Clone)]
pub(crate) struct KeyFacts {
    pub(crate) id: AppKeyId,
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    /// Where the user behind it stands.
    pub(crate) behind: Option<(Role, Reach)>,
    pub(crate) is_revoked: bool,
    pub(crate) expires_at: Option<Timestamp>,
}

impl KeyFacts {
    /// By the digest of the key.
    pub(crate) fn find(db: &Db, hash: &str) -> Result<Option<Self>, store::Error> {
        db.first(KEY, &params![hash])?.map(|it| Self::read(&it)).transpose()
    }

    /// By its id.
    pub(crate) fn of(db: &Db, id: AppKeyId) -> Result<Option<Self>, store::Error> {
        db.first(KEY_BY_ID, &params![id])?.map(|it| Self::read(&it)).transpose()
    }

    fn read(row: &Row) -> Result<Self, store::Error> {
        let tenant = row.get("tenant_id")?;
        let mut scopes = key::scopes(row)?;
        let (mut is_out_of_reach, mut behind) = (false, None);
        if row.get::<Option<UserId>>("user_id")?.is_some() {
            // A key does no more than the user behind it could do today.
            match row.get::<Option<String>>("role")? {
                Some(_) => {
                    let role: Role = row::named(row, "role")?;
                    scopes.retain(|scope| access::covers(role, *scope));
                    let reach = row::reach(row, "user_tenant_id")?;
                    is_out_of_reach = !reach.includes(Reach::Tenant(tenant));
                    behind = Some((role, reach));
                }
                None => is_out_of_reach = true,
            }
        }
        let (name, mark, prefix): (String, String, String) =
            (row.get("name")?, row.get("mark")?, row.get("prefix")?);
        Ok(Self {
            id: row.get("id")?,
            tenant,
            name: format!("{name} ({mark}{prefix}…)"),
            scopes,
            behind,
            is_revoked: row::is_set(row, "revoked_at")?
                || row::is_set(row, "tenant_deleted_at")?
                || row::is_set(row, "user_disabled_at")?
                || is_out_of_reach,
            expires_at: row.get("expires_at")?,
        })
    }
}

const SESSION: &str = "
    SELECT sessions.user_id, sessions.ended_at, sessions.expires_at,
           users.name, users.role, users.tenant_id, users.disabled_at,
           tenants.deleted_at AS tenant_deleted_at
      FROM sessions
      JOIN users ON users.id = sessions.user_id
      LEFT JOIN tenants ON tenants.id = users.tenant_id
     WHERE sessions.id = $1";

const TOKEN: &str = "
    SELECT access_tokens.session_id, access_tokens.expires_at AS token_expires_at,
           sessions.user_id, sessions.ended_at, sessions.expires_at,
           users.name, users.role, users.tenant_id, users.disabled_at,
           tenants.deleted_at AS tenant_deleted_at
      FROM access_tokens
      JOIN sessions ON sessions.id = access_tokens.session_id
      JOIN users ON users.id = sessions.user_id
      LEFT JOIN tenants ON tenants.id = users.tenant_id
     WHERE access_tokens.hash = $1";

macro_rules! key_by {
    ($column:literal) => {
        concat!(
            "SELECT app_keys.id, app_keys.tenant_id, app_keys.user_id, app_keys.name, app_keys.mark,
                    app_keys.prefix, app_keys.scopes, app_keys.revoked_at, app_keys.expires_at,
                    tenants.deleted_at AS tenant_deleted_at,
                    users.role, users.tenant_id AS user_tenant_id, users.disabled_at AS user_disabled_at
               FROM app_keys
               LEFT JOIN tenants ON tenants.id = app_keys.tenant_id
               LEFT JOIN users ON users.id = app_keys.user_id
              WHERE app_keys.",
            $column,
            " = $1"
        )
    };
}

const KEY: &str = key_by!("hash");

const KEY_BY_ID: &str = key_by!("id");
