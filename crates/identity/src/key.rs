//! Application keys: how programs say who they are.
//!
//! A key belongs to one tenant and has scopes. Its text, `ck_live_…`, is shown once when it is made;
//! kept are a digest and the four characters that tell keys apart. It ends by expiring, by being
//! revoked, or by being replaced, where the old one keeps working for a while. Start at [`create`],
//! [`rotate`] and [`revoke`].

use base::{AppKeyId, Page, PageRequest, Permission, Scope, Secret, TenantId, Timestamp, UserId};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Db, Row, Tx, audit, params};
use tracing::info;

use crate::{
    Identity,
    access::{self, Overreach},
    caller::{Caller, Refused},
    row, tenant, token, user,
};

/// The most characters of a name.
const NAME_MAX: usize = 255;

/// How many characters of a key's secret are kept for showing.
const PREFIX: usize = 4;

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppKey {
    /// Its id.
    pub id: AppKeyId,
    /// The tenant it reaches.
    pub tenant: TenantId,
    /// The user it stands for, if it does.
    pub user: Option<UserId>,
    /// What it is called.
    pub name: String,
    /// What it begins with: `ck_live_`.
    pub mark: String,
    /// The first four characters after that.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// The key that was made in its place.
    pub replaced_by: Option<AppKeyId>,
}

/// A key to be.
#[derive(Debug, Clone)]
pub struct New {
    /// The tenant it shall reach.
    pub tenant: TenantId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// For real use or for trying out.
    pub mode: Mode,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// The user it stands for: it may never do more than they may, and ends when they are disabled.
    pub user: Option<UserId>,
}

/// What a key is for. Both work alike; the mark tells people which one they are holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Real use.
    Live,
    /// Trying out.
    Test,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It works.
    Active,
    /// It worked until it expired.
    Expired,
    /// It was revoked.
    Revoked,
}

/// Which keys are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this tenant; none is all keys.
    pub tenant: Option<TenantId>,
    /// Also those that were revoked or have expired.
    pub include_ended: bool,
}

/// Why a key was not made, replaced or revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such key.
    #[error("key {0} does not exist")]
    NoSuchKey(AppKeyId),
    /// There is no such tenant, or it is deleted.
    #[error("tenant {0} does not exist")]
    NoSuchTenant(TenantId),
    /// There is no such user, or they are disabled.
    #[error("user {0} does not exist, or is disabled")]
    NoSuchUser(UserId),
    /// A key that has ended is not replaced; make a new one.
    #[error("key {0} has ended; make a new one")]
    Ended(AppKeyId),
    /// Not a name.
    #[error("a key needs a name of 1 to {NAME_MAX} characters, without control characters")]
    InvalidName,
    /// A key that may do nothing is of no use.
    #[error("a key needs at least one scope: {}", names())]
    NoScopes,
    /// It would be over before it began.
    #[error("a key cannot expire in the past")]
    ExpiresInThePast,
    /// Not theirs to give.
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Makes a key. Its text is returned this once; nobody can read it again.
pub async fn create(
    identity: &Identity,
    caller: &Caller,
    new: New,
) -> Result<(AppKey, Secret<String>), KeyError> {
    let (now, asking) = (identity.now(), caller.clone());
    let (mark, secret) = (mark(identity, new.mode), token::draw_text());
    let text = Secret::new(format!("{mark}{}", secret.reveal()));
    let hash = token::digest(text.reveal());
    let key = AppKey {
        id: AppKeyId::generate(),
        tenant: new.tenant,
        user: new.user,
        name: new.name,
        prefix: secret.reveal()[..PREFIX].to_owned(),
        mark,
        scopes: sorted(new.scopes),
        created_at: now,
        created_by: caller.actor.to_string(),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
        replaced_by: None,
    };
    let key = identity
        .store()
        .write(&caller.actor, now, move |tx| insert(tx, &asking, key, &hash, now))
        .await?;
    info!(key.id = %key.id, tenant.id = %key.tenant, "Made application key {}", key.shown());
    Ok((key, text))
}

/// Makes a key like this one in its place, and lets the old one work for `overlap` longer at most.
/// The new one lasts as long as the old one was meant to.
pub async fn rotate(
    identity: &Identity,
    caller: &Caller,
    id: AppKeyId,
    overlap: SignedDuration,
) -> Result<(AppKey, Secret<String>), KeyError> {
    let (now, asking) = (identity.now(), caller.clone());
    let secret = token::draw_text();
    let drawn = secret.reveal().clone();
    let (key, mark) = identity
        .store()
        .write(&caller.actor, now, move |tx| {
            tx.hold(&format!("app_keys/{id}"))?;
            let old = get(tx, id)?.ok_or(KeyError::NoSuchKey(id))?;
            // Before anything is said about the key: may the caller know of it at all?
            access::to_make_key(&asking, old.tenant, &old.scopes)?;
            if old.state(now) != State::Active {
                return Err(KeyError::Ended(id));
            }
            let lifetime = old.expires_at.map(|it| it.duration_since(old.created_at));
            let new = AppKey {
                id: AppKeyId::generate(),
                prefix: drawn[..PREFIX].to_owned(),
                created_at: now,
                created_by: asking.actor.to_string(),
                expires_at: lifetime.map(|it| now + it),
                last_used_at: None,
                ..old.clone()
            };
            let mark = new.mark.clone();
            let new = insert(tx, &asking, new, &token::digest(&format!("{mark}{drawn}")), now)?;
            let ends = now + overlap.max(SignedDuration::ZERO);
            let ends = old.expires_at.map_or(ends, |it| it.min(ends));
            tx.execute(REPLACE, &params![id, new.id, ends])?;
            tx.audit(entry(
                &old,
                "key_rotated",
                format!("Replaced key {} by {}", old.shown(), new.shown()),
            ));
            Ok::<_, KeyError>((new, mark))
        })
        .await?;
    identity.forget_callers();
    info!(key.id = %key.id, "Replaced application key {id} by {}", key.shown());
    Ok((key, Secret::new(format!("{mark}{}", secret.reveal()))))
}

/// Ends a key at once. Ending one that has ended changes nothing.
pub async fn revoke(
    identity: &Identity,
    caller: &Caller,
    id: AppKeyId,
) -> Result<AppKey, KeyError> {
    let (now, asking) = (identity.now(), caller.clone());
    let key = identity
        .store()
        .write(&caller.actor, now, move |tx| {
            let key = get(tx, id)?.ok_or(KeyError::NoSuchKey(id))?;
            asking.may_in(key.tenant, Permission::ManageKeys)?;
            if tx.execute(REVOKE, &params![id, now])? == 0 {
                return Ok(key);
            }
            tx.audit(entry(&key, "key_revoked", format!("Revoked key {}", key.shown())));
            Ok::<_, KeyError>(AppKey { revoked_at: Some(now), ..key })
        })
        .await?;
    identity.forget_callers();
    info!(key.id = %id, "Revoked application key {}", key.shown());
    Ok(key)
}

/// The key with this id.
pub fn get(db: &Db, id: AppKeyId) -> Result<Option<AppKey>, store::Error> {
    db.first(BY_ID, &params![id])?.as_ref().map(AppKey::read).transpose()
}

/// A page of keys, oldest first, with the count of all that match.
pub fn list(
    db: &Db,
    filter: &Filter,
    now: Timestamp,
    request: &PageRequest,
) -> Result<Page<AppKey>, store::Error> {
    let (at, id) = row::edge(request);
    let limit = i64::from(request.limit) + 1;
    let sql = if request.is_backwards() { PAGE_BACKWARDS } else { PAGE };
    let values = params![at, id, limit, filter.tenant, filter.include_ended, now];
    let keys = db.query(sql, &values)?.iter().map(AppKey::read).collect::<Result<Vec<_>, _>>()?;
    let values = params![filter.tenant, filter.include_ended, now];
    let total = db.one(COUNT, &values)?.get::<i64>("total")?;
    let mut page = Page::of(keys, request, |it| row::key(it.created_at, it.id));
    page.total = Some(total.unsigned_abs());
    Ok(page)
}

impl AppKey {
    /// As much of it as may be shown: `ck_live_abcd…`.
    pub fn shown(&self) -> String {
        format!("{}{}…", self.mark, self.prefix)
    }

    /// For real use or for trying out.
    pub fn mode(&self) -> Mode {
        if self.mark.ends_with("_test_") { Mode::Test } else { Mode::Live }
    }

    /// Where it is in its life. A key whose user or tenant is gone still says `Active` here, and is
    /// refused as revoked.
    pub fn state(&self, now: Timestamp) -> State {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => State::Revoked,
            (None, Some(at)) if now >= at => State::Expired,
            (None, _) => State::Active,
        }
    }

    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant_id")?,
            user: row.get("user_id")?,
            name: row.get("name")?,
            mark: row.get("mark")?,
            prefix: row.get("prefix")?,
            scopes: scopes(row)?,
            created_at: row.get("created_at")?,
            created_by: row.get("created_by")?,
            expires_at: row.get("expires_at")?,
            revoked_at: row.get("revoked_at")?,
            last_used_at: row.get("last_used_at")?,
            replaced_by: row.get("replaced_by")?,
        })
    }
}

impl Mode {
    /// `live` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl From<Refused> for KeyError {
    fn from(refused: Refused) -> Self {
        Self::Overreach(refused.into())
    }
}

/// Could a key of this house look like this?
pub(crate) fn is_well_formed(text: &str, key_prefix: &str) -> bool {
    let rest = text.strip_prefix(key_prefix);
    let secret = rest.and_then(|it| it.strip_prefix("_live_").or(it.strip_prefix("_test_")));
    secret.is_some_and(token::is_base62)
}

/// The scopes of a row.
pub(crate) fn scopes(row: &Row) -> Result<Vec<Scope>, store::Error> {
    let text = row.get::<String>("scopes")?;
    serde_json::from_str(&text).map_err(|why| row::unreadable("scopes", &why))
}

fn insert(
    tx: &Tx,
    caller: &Caller,
    key: AppKey,
    hash: &str,
    now: Timestamp,
) -> Result<AppKey, KeyError> {
    access::to_make_key(caller, key.tenant, &key.scopes)?;
    let key = AppKey { name: tidy_name(&key.name)?, ..key };
    if key.scopes.is_empty() {
        return Err(KeyError::NoScopes);
    }
    if key.expires_at.is_some_and(|it| it <= now) {
        return Err(KeyError::ExpiresInThePast);
    }
    if !tenant::lives(tx, key.tenant)? {
        return Err(KeyError::NoSuchTenant(key.tenant));
    }
    if let Some(id) = key.user {
        let user = user::get(tx, id)?.filter(|it| it.disabled_at.is_none());
        let user = user.ok_or(KeyError::NoSuchUser(id))?;
        access::to_stand_behind(user.standing(), key.tenant, &key.scopes)?;
    }
    let scopes = json!(key.scopes).to_string();
    let values = params![
        key.id,
        key.tenant,
        key.user,
        &key.name,
        &key.mark,
        &key.prefix,
        hash,
        scopes,
        now,
        &key.created_by,
        key.expires_at
    ];
    tx.execute(ADD, &values)?;
    tx.audit(
        entry(&key, "key_created", format!("Made key {}", key.shown()))
            .after(json!({"name": key.name, "scopes": key.scopes, "expires_at": key.expires_at})),
    );
    Ok(key)
}

fn entry(key: &AppKey, action: &'static str, summary: String) -> audit::Entry {
    audit::Entry::new(key.tenant, action, format!("keys/{}", key.id), summary)
}

fn mark(identity: &Identity, mode: Mode) -> String {
    format!("{}_{}_", identity.settings().key_prefix, mode.name())
}

fn sorted(mut scopes: Vec<Scope>) -> Vec<Scope> {
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn names() -> String {
    Scope::ALL.iter().map(|it| it.name()).collect::<Vec<_>>().join(", ")
}

fn tidy_name(name: &str) -> Result<String, KeyError> {
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=NAME_MAX).contains(&length) || name.chars().any(char::is_control) {
        return Err(KeyError::InvalidName);
    }
    Ok(name.to_owned())
}

macro_rules! app_keys {
    ($rest:literal) => {
        concat!(
            "
    SELECT id, tenant_id, user_id, name, mark, prefix, scopes, created_at, created_by,
           expires_at, revoked_at, last_used_at, replaced_by
      FROM app_keys",
            $rest
        )
    };
}

const BY_ID: &str = app_keys!("\n     WHERE id = $1");

const PAGE: &str = app_keys!(
    "
     WHERE (created_at, id) > ($1, $2)
       AND (CAST($4 AS TEXT) IS NULL OR tenant_id = $4)
       AND (CAST($5 AS BIGINT) = 1
            OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $6)))
     ORDER BY created_at, id
     LIMIT $3"
);

const PAGE_BACKWARDS: &str = app_keys!(
    "
     WHERE (created_at, id) < ($1, $2)
       AND (CAST($4 AS TEXT) IS NULL OR tenant_id = $4)
       AND (CAST($5 AS BIGINT) = 1
            OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $6)))
     ORDER BY created_at DESC, id DESC
     LIMIT $3"
);

const COUNT: &str = "
    SELECT count(*) AS total
      FROM app_keys
     WHERE (CAST($1 AS TEXT) IS NULL OR tenant_id = $1)
       AND (CAST($2 AS BIGINT) = 1
            OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)))";

const ADD: &str = "
    INSERT INTO app_keys (id, tenant_id, user_id, name, mark, prefix, hash, scopes,
                          created_at, created_by, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

const REPLACE: &str = "UPDATE app_keys SET replaced_by = $2, expires_at = $3 WHERE id = $1";

const REVOKE: &str = "UPDATE app_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_looks() {
        let secret = token::draw_text();
        let secret = secret.reveal();
        assert!(is_well_formed(&format!("ck_live_{secret}"), "ck"));
        assert!(is_well_formed(&format!("ck_test_{secret}"), "ck"));
        for wrong in [
            format!("xx_live_{secret}"),
            format!("ck_prod_{secret}"),
            format!("ck_live_{}", &secret[1..]),
            format!("ck_live_{secret}0"),
            format!("ck_live_{}-", &secret[1..]),
            secret.clone(),
            String::new(),
        ] {
            assert!(!is_well_formed(&wrong, "ck"), "{wrong}");
        }
    }

    #[test]
    fn a_key_needs_a_name() {
        assert!(matches!(tidy_name(" "), Err(KeyError::InvalidName)));
        assert_eq!(tidy_name(" importer ").unwrap(), "importer");
    }
}
