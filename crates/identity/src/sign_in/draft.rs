//! A pair of tokens about to be given out, and what is kept of it.

use std::time::Duration;

use base::{Secret, SessionId, Timestamp, UserId};
use store::{Tx, params};

use super::Tokens;
use crate::{
    Identity,
    jwt::{self, Claims},
    settings::Mode,
    token,
};

/// A pair of tokens about to be given out.
pub(super) struct Draft {
    /// Whose they are.
    pub(super) user: UserId,
    /// Their session.
    pub(super) session: SessionId,
    access_token: Secret<String>,
    refresh_token: Secret<String>,
    kept: Kept,
    expires_in: Duration,
    refresh_expires_in: Duration,
}

/// What is kept of them: digests, and when they end.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    session: SessionId,
    /// The key that signed the access token; empty when none did.
    pub(super) kid: String,
    /// When the session ends.
    pub(super) session_ends: Timestamp,
    refresh: (String, Timestamp),
    /// None of one that is signed: it says itself until when it is good.
    access: Option<(String, Timestamp)>,
}

impl Draft {
    pub(super) async fn of(
        identity: &Identity,
        user: UserId,
        session: SessionId,
        now: Timestamp,
        session_ends: Option<Timestamp>,
    ) -> Result<Self, store::Error> {
        let settings = identity.settings();
        let session_ends = session_ends.unwrap_or(now + settings.session_max);
        let access_ends = session_ends.min(now + settings.access_ttl);
        let refresh_ends = session_ends.min(now + settings.refresh_ttl);
        let (access_token, kid, access) = match settings.mode {
            Mode::SessionOnly => {
                let drawn = token::draw_text();
                let access = (token::digest(drawn.reveal()), access_ends);
                (drawn, String::new(), Some(access))
            }
            Mode::JwtSession => {
                let claims = Claims {
                    sub: user,
                    sid: session,
                    iat: now.as_second(),
                    exp: access_ends.as_second(),
                    iss: settings.issuer.clone(),
                };
                let ring = identity.ring().current(identity.store(), None, now).await?;
                let key = ring.newest();
                (Secret::new(jwt::sign(key, &claims)), key.kid.clone(), None)
            }
        };
        let refresh_token = token::draw_text();
        let refresh = (token::digest(refresh_token.reveal()), refresh_ends);
        Ok(Self {
            user,
            session,
            access_token,
            refresh_token,
            kept: Kept { session, kid, session_ends, refresh, access },
            expires_in: access_ends.duration_since(now).unsigned_abs(),
            refresh_expires_in: refresh_ends.duration_since(now).unsigned_abs(),
        })
    }

    pub(super) fn kept(&self) -> Kept {
        self.kept.clone()
    }

    pub(super) fn tokens(self) -> Tokens {
        Tokens {
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            expires_in: self.expires_in,
            refresh_expires_in: self.refresh_expires_in,
            user: self.user,
            session: self.session,
        }
    }
}

impl Kept {
    /// Writes the tokens down.
    pub(super) fn add(&self, tx: &Tx) -> Result<(), store::Error> {
        let (hash, expires_at) = &self.refresh;
        tx.execute(ADD_REFRESH_TOKEN, &params![hash, self.session, *expires_at])?;
        if let Some((hash, expires_at)) = &self.access {
            tx.execute(ADD_ACCESS_TOKEN, &params![hash, self.session, *expires_at])?;
        }
        Ok(())
    }
}

const ADD_REFRESH_TOKEN: &str =
    "INSERT INTO refresh_tokens (hash, session_id, expires_at) VALUES ($1, $2, $3)";

const ADD_ACCESS_TOKEN: &str =
    "INSERT INTO access_tokens (hash, session_id, expires_at) VALUES ($1, $2, $3)";
