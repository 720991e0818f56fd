//! From what a request carries to who is calling.
//!
//! Two things are understood: an access token of a signed-in person, and an application key of a
//! program. Both are checked against the database, though not on every call: what was found good
//! within the last two seconds is trusted, unless this process itself took it back. While the
//! database is away, what it last said counts for five minutes: models can be asked without it.
//!
//! Start at [`Identity::authenticate`].

use std::{future::Future, hash::Hash, net::IpAddr};

use base::{
    Actor, AppKeyId, Role, Scope, Secret, SessionId, TenantId, Timestamp, UserId, actor::Who,
    metric::Counter,
};
use store::{Row, params};
use tracing::warn;

use crate::{
    Identity, access,
    caller::{Caller, Grant, Reach},
    identity::TRUSTED_WHEN_AWAY,
    jwt, key,
    recent::Recent,
    row, token,
};

static REFUSED: Counter = Counter::new(
    "authentications_refused_total",
    "Requests whose key or token was refused, by reason.",
    &["reason"],
);

/// What a request brings along to say who is calling.
#[derive(Debug, Clone)]
pub enum Credential {
    /// From `Authorization: Bearer …`: an access token or an application key, told apart by looks.
    Bearer(Secret<String>),
    /// From `X-API-Key: …`: an application key.
    ApiKey(Secret<String>),
    /// From a cookie: an access token, and nothing else.
    Token(Secret<String>),
}

/// Why a credential is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The header is there and empty.
    #[error("the request names no application key and no access token")]
    KeyMissing,
    /// It does not look like a key of this system.
    #[error("that does not look like an application key or an access token")]
    KeyMalformed,
    /// It looks like one, but no such key was ever made.
    #[error("no such application key")]
    KeyInvalid,
    /// It was good until it expired.
    #[error("the application key has expired; make a new one")]
    KeyExpired,
    /// It was revoked, or its tenant or user is no more.
    #[error("the application key was revoked")]
    KeyRevoked,
    /// Not a token of this system, or changed on the way.
    #[error("the access token is not valid")]
    TokenInvalid,
    /// It was good until it expired.
    #[error("the access token has expired; refresh it")]
    TokenExpired,
    /// Signed out, revoked, at its end, or the user was disabled.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Credential {
    /// Reads the two headers that may carry one; `Authorization` comes first. None when neither is
    /// there.
    ///
    /// # Errors
    /// [`AuthError::KeyMissing`] when a header is empty, [`AuthError::KeyMalformed`] for a scheme
    /// other than `Bearer`.
    pub fn from_headers(
        authorization: Option<&str>,
        api_key: Option<&str>,
    ) -> Result<Option<Self>, AuthError> {
        if let Some(text) = authorization {
            let text = text.trim();
            let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
            return match (scheme.eq_ignore_ascii_case("bearer"), rest.trim()) {
                (_, "") => Err(AuthError::KeyMissing),
                (false, _) => Err(AuthError::KeyMalformed),
                (true, secret) => Ok(Some(Self::Bearer(Secret::new(secret.to_owned())))),
            };
        }
        match api_key.map(str::trim) {
            None => Ok(None),
            Some("") => Err(AuthError::KeyMissing),
            Some(secret) => Ok(Some(Self::ApiKey(Secret::new(secret.to_owned())))),
        }
    }
}

impl AuthError {
    /// A short name that never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeyMissing => "key_missing",
            Self::KeyMalformed => "key_malformed",
            Self::KeyInvalid => "key_invalid",
            Self::KeyExpired => "key_expired",
            Self::KeyRevoked => "key_revoked",
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::SessionEnded => "session_ended",
            Self::Store(_) => "store",
        }
    }
}

impl Identity {
    /// Who is calling with this credential.
    pub async fn authenticate(
        &self,
        credential: &Credential,
        address: Option<IpAddr>,
        request_id: Option<&str>,
    ) -> Result<Caller, AuthError> {
        let found = match credential {
            Credential::Bearer(secret) if looks_like_token(secret.reveal()) => {
                self.person(secret.reveal()).await
            }
            Credential::Token(secret) => self.person(secret.reveal()).await,
            Credential::Bearer(secret) | Credential::ApiKey(secret) => {
                self.program(secret.reveal()).await
            }
        };
        match found {
            Ok(caller) => {
                let request_id = request_id.map(str::to_owned);
                let actor = Actor { address, request_id, ..caller.actor };
                Ok(Caller { actor, ..caller })
            }
            Err(error) => {
                REFUSED.increment(&[error.code()]);
                Err(error)
            }
        }
    }

    async fn person(&self, token: &str) -> Result<Caller, AuthError> {
        let now = self.now();
        let kid = jwt::kid(token)?;
        let ring = self.ring().current(self.store(), Some(&kid), now).await?;
        let claims = jwt::verify(&ring, token, &self.settings().issuer, now)?;

        let facts = self.session_facts(claims.sid, now).await?.ok_or(AuthError::SessionEnded)?;
        if facts.user != claims.sub {
            return Err(AuthError::TokenInvalid);
        }
        if facts.is_over || now >= facts.expires_at {
            return Err(AuthError::SessionEnded);
        }
        self.note_use("session", claims.sid.to_string(), SESSION_USED, now).await;
        Ok(Caller {
            actor: Actor::user(facts.user),
            name: facts.name,
            reach: facts.reach,
            grant: Grant::Role(facts.role),
            without: self.settings().without(facts.role, facts.reach).to_vec(),
            session: Some(claims.sid),
        })
    }

    async fn program(&self, text: &str) -> Result<Caller, AuthError> {
        if !key::is_well_formed(text, &self.settings().key_prefix) {
            return Err(AuthError::KeyMalformed);
        }
        let now = self.now();
        let facts = self.key_facts(token::digest(text), now).await?.ok_or(AuthError::KeyInvalid)?;
        if facts.is_revoked {
            return Err(AuthError::KeyRevoked);
        }
        if facts.expires_at.is_some_and(|it| now >= it) {
            return Err(AuthError::KeyExpired);
        }
        self.note_use("key", facts.id.to_string(), KEY_USED, now).await;
        Ok(Caller {
            actor: Actor { who: Who::Key(facts.id), address: None, request_id: None },
            name: facts.name,
            reach: Reach::Tenant(facts.tenant),
            grant: Grant::Scopes(facts.scopes),
            without: match facts.behind {
                Some((role, reach)) => self.settings().without(role, reach).to_vec(),
                None => Vec::new(),
            },
            session: None,
        })
    }

    async fn session_facts(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Result<Option<SessionFacts>, store::Error> {
        let read = self.store().read(move |db| {
            db.first(SESSION, &params![id])?.map(|it| SessionFacts::read(&it)).transpose()
        });
        self.trusted(self.recent_sessions(), id, now, read).await
    }

    async fn key_facts(
        &self,
        hash: String,
        now: Timestamp,
    ) -> Result<Option<KeyFacts>, store::Error> {
        let wanted = hash.clone();
        let read = self.store().read(move |db| {
            db.first(KEY, &params![wanted])?.map(|it| KeyFacts::read(&it)).transpose()
        });
        self.trusted(self.recent_keys(), hash, now, read).await
    }

    /// What was read lately, or is read now, or was last read when the database is away.
    async fn trusted<K: Eq + Hash, V: Clone>(
        &self,
        recent: &Recent<K, V>,
        key: K,
        now: Timestamp,
        read: impl Future<Output = Result<Option<V>, store::Error>>,
    ) -> Result<Option<V>, store::Error> {
        if let Some(known) = recent.get(&key, now) {
            return Ok(Some(known));
        }
        // One caller in a while waits to find out whether it is back; the others do not.
        if self.is_away(now)
            && let Some(last) = recent.last(&key, now, TRUSTED_WHEN_AWAY)
        {
            return Ok(Some(last));
        }
        let epoch = recent.epoch();
        match read.await {
            Ok(found) => {
                if let Some(facts) = &found {
                    recent.keep(epoch, key, facts.clone(), now);
                }
                Ok(found)
            }
            Err(error @ store::Error::Unavailable { .. }) => {
                self.went_away();
                recent.last(&key, now, TRUSTED_WHEN_AWAY).map(Some).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes down, once a minute, that a key or session was used. A database that cannot take it
    /// is no reason to refuse the caller.
    async fn note_use(&self, what: &'static str, id: String, sql: &'static str, now: Timestamp) {
        if self.is_away(now) || !self.noted().claim(id.clone(), now) {
            return;
        }
        let written =
            self.store().bookkeep("last use", move |tx| tx.execute(sql, &params![id, now])).await;
        if let Err(error) = written {
            warn!(%error, "Could not note when a {what} was last used");
        }
    }
}

/// A token has three parts and begins like every JSON object in base64.
fn looks_like_token(text: &str) -> bool {
    text.starts_with("eyJ") || text.matches('.').count() == 2
}

/// What the database says about a session and its user.
#[derive(Debug, Clone)]
pub(crate) struct SessionFacts {
    user: UserId,
    name: String,
    role: Role,
    reach: Reach,
    is_over: bool,
    expires_at: Timestamp,
}

impl SessionFacts {
    fn read(row: &Row) -> Result<Self, store::Error> {
        let is_set =
            |column| Ok::<_, store::Error>(row.get::<Option<Timestamp>>(column)?.is_some());
        Ok(Self {
            user: row.get("user_id")?,
            name: row.get("name")?,
            role: row::named(row, "role")?,
            reach: row::reach(row, "tenant_id")?,
            is_over: is_set("ended_at")? || is_set("disabled_at")? || is_set("tenant_deleted_at")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

/// What the database says about an application key, its tenant and its user.
#[derive(Debug, Clone)]
pub(crate) struct KeyFacts {
    id: AppKeyId,
    tenant: TenantId,
    name: String,
    scopes: Vec<Scope>,
    /// Where the user behind it stands.
    behind: Option<(Role, Reach)>,
    is_revoked: bool,
    expires_at: Option<Timestamp>,
}

impl KeyFacts {
    fn read(row: &Row) -> Result<Self, store::Error> {
        let is_set =
            |column| Ok::<_, store::Error>(row.get::<Option<Timestamp>>(column)?.is_some());
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
            is_revoked: is_set("revoked_at")?
                || is_set("tenant_deleted_at")?
                || is_set("user_disabled_at")?
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

const KEY: &str = "
    SELECT app_keys.id, app_keys.tenant_id, app_keys.user_id, app_keys.name, app_keys.mark,
           app_keys.prefix, app_keys.scopes, app_keys.revoked_at, app_keys.expires_at,
           tenants.deleted_at AS tenant_deleted_at,
           users.role, users.tenant_id AS user_tenant_id, users.disabled_at AS user_disabled_at
      FROM app_keys
      LEFT JOIN tenants ON tenants.id = app_keys.tenant_id
      LEFT JOIN users ON users.id = app_keys.user_id
     WHERE app_keys.hash = $1";

const SESSION_USED: &str =
    "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2";

const KEY_USED: &str = "
    UPDATE app_keys
       SET last_used_at = $2
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authorization: Option<&str>, api_key: Option<&str>, expected: &str) {
        let read = match Credential::from_headers(authorization, api_key) {
            Ok(None) => "none".to_owned(),
            Ok(Some(Credential::Bearer(it))) => format!("bearer {}", it.reveal()),
            Ok(Some(Credential::ApiKey(it))) => format!("key {}", it.reveal()),
            Ok(Some(Credential::Token(it))) => format!("token {}", it.reveal()),
            Err(error) => error.code().to_owned(),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_credential_is_read_from_either_header() {
        check(None, None, "none");
        check(Some("Bearer abc"), None, "bearer abc");
        check(Some("bearer  abc "), Some("def"), "bearer abc");
        check(None, Some("abc"), "key abc");
    }

    #[test]
    fn an_empty_header_is_a_missing_key_and_another_scheme_a_malformed_one() {
        check(Some(""), None, "key_missing");
        check(Some("Bearer "), None, "key_missing");
        check(None, Some(" "), "key_missing");
        check(Some("Basic YTpi"), None, "key_malformed");
    }
}
