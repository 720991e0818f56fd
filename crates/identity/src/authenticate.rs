//! From what a request carries to who is calling.
//!
//! Two things are understood: an access token of a signed-in person (a signed one, or one that was drawn: see
//! [`crate::settings::Mode`]), and an application key of a program. All are checked against the database, though not on every call: what was found good
//! within the last two seconds is trusted, unless this process itself took it back. While the
//! database is away, what it last said counts for five minutes: models can be asked without it.
//!
//! Start at [`Identity::authenticate`].

use std::{future::Future, hash::Hash, net::IpAddr};

use base::{Actor, Secret, SessionId, Timestamp, actor::Who, metric::Counter};
use store::params;
use tracing::warn;

use crate::{
    Identity,
    caller::{Caller, Grant, Reach},
    facts::{KeyFacts, SessionFacts, TokenFacts},
    identity::TRUSTED_WHEN_AWAY,
    jwt, key,
    recent::Recent,
    settings::Mode,
    token,
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
            Credential::Bearer(secret)
                if looks_signed(secret.reveal()) || token::is_base62(secret.reveal()) =>
            {
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

    /// Is what somebody came in with still good: their session, or their application key? That of who came with neither
    /// cannot end.
    ///
    /// # Errors
    /// The database did not answer, and what it last said is too old.
    pub async fn is_still_in(&self, caller: &Caller) -> Result<bool, store::Error> {
        let now = self.now();
        if let Some(session) = caller.session {
            let facts = self.session_facts(session, now).await?;
            return Ok(facts.is_some_and(|it| !it.is_over && now < it.expires_at));
        }
        let Who::Key(id) = caller.actor.who else { return Ok(true) };
        let facts = self.store().read(move |db| KeyFacts::of(db, id)).await?;
        Ok(facts.is_some_and(|it| !it.is_revoked && it.expires_at.is_none_or(|it| now < it)))
    }

    async fn person(&self, token: &str) -> Result<Caller, AuthError> {
        let now = self.now();
        let (session, facts) = match token::is_base62(token) {
            true => self.by_drawn(token, now).await?,
            false => self.by_signed(token, now).await?,
        };
        if facts.is_over || now >= facts.expires_at {
            return Err(AuthError::SessionEnded);
        }
        self.note_use("session", session.to_string(), SESSION_USED, now).await;
        Ok(Caller {
            actor: Actor::user(facts.user),
            name: facts.name,
            reach: facts.reach,
            grant: Grant::Role(facts.role),
            without: self.settings().without(facts.role, facts.reach).to_vec(),
            session: Some(session),
        })
    }

    /// The session of a signed token.
    async fn by_signed(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(SessionId, SessionFacts), AuthError> {
        let kid = jwt::kid(token)?;
        let ring = self.ring().current(self.store(), Some(&kid), now).await?;
        let claims = jwt::verify(&ring, token, &self.settings().issuer, now)?;
        if self.settings().mode == Mode::SessionOnly {
            // It was given out before there were none any more: its session goes on with the next one.
            return Err(AuthError::TokenExpired);
        }
        let facts = self.session_facts(claims.sid, now).await?.ok_or(AuthError::SessionEnded)?;
        if facts.user != claims.sub {
            return Err(AuthError::TokenInvalid);
        }
        Ok((claims.sid, facts))
    }

    /// The session of a token that was drawn. One is understood in both modes: while servers are started one after the
    /// other with another mode, nobody loses theirs.
    async fn by_drawn(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(SessionId, SessionFacts), AuthError> {
        let hash = token::digest(token);
        let wanted = hash.clone();
        let read = || self.store().read(move |db| TokenFacts::find(db, &wanted));
        let found = self.trusted(self.recent_tokens(), hash, now, read).await?;
        let found = found.ok_or(AuthError::TokenInvalid)?;
        if now >= found.expires_at {
            return Err(AuthError::TokenExpired);
        }
        Ok((found.session, found.of_session))
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
        let read = || self.store().read(move |db| SessionFacts::find(db, id));
        self.trusted(self.recent_sessions(), id, now, read).await
    }

    async fn key_facts(
        &self,
        hash: String,
        now: Timestamp,
    ) -> Result<Option<KeyFacts>, store::Error> {
        let wanted = hash.clone();
        let read = || self.store().read(move |db| KeyFacts::find(db, &wanted));
        self.trusted(self.recent_keys(), hash, now, read).await
    }

    /// What was read lately, or is read now, or was last read when the database is away.
    async fn trusted<K: Eq + Hash, V: Clone, R>(
        &self,
        recent: &Recent<K, V>,
        key: K,
        now: Timestamp,
        read: impl FnOnce() -> R,
    ) -> Result<Option<V>, store::Error>
    where
        R: Future<Output = Result<Option<V>, store::Error>>,
    {
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
        // Seldom needed, and large: it has its room then, and not in every request.
        match Box::pin(read()).await {
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
        let note = self.store().bookkeep("last use", move |tx| tx.execute(sql, &params![id, now]));
        let written = Box::pin(note).await;
        if let Err(error) = written {
            warn!(%error, "Could not note when a {what} was last used");
        }
    }
}

/// A signed token has three parts and begins like every JSON object in base64.
fn looks_signed(text: &str) -> bool {
    text.starts_with("eyJ") || text.matches('.').count() == 2
}

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
