//! Staying signed in: a refresh token is used up for the next pair of tokens; used twice, it ends its session.
//!
//! Start at [`refresh`].

use base::{Secret, SessionId, TenantId, Timestamp, UserId, metric::Counter};
use store::{Row, audit, params};
use tracing::warn;

use super::{Origin, Tokens, draft::Draft};
use crate::{Identity, row, session, token};

static REFRESHES: Counter =
    Counter::new("token_refreshes_total", "Refresh tokens presented, by outcome.", &["outcome"]);

/// Why there are no new tokens.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not a refresh token of this system.
    #[error("the refresh token is not valid; sign in again")]
    Invalid,
    /// Too old.
    #[error("the refresh token has expired; sign in again")]
    Expired,
    /// It was used before. The session is ended now.
    #[error("the refresh token was used before, so its session was ended; sign in again")]
    Reused,
    /// Signed out, revoked, at its end, or the user was disabled.
    #[error("the session has ended; sign in again")]
    SessionEnded,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Gives the next pair of tokens for a refresh token, which is used up by this.
///
/// # Errors
/// [`RefreshError`]; a second use ends the session and is audited.
pub async fn refresh(
    identity: &Identity,
    refresh_token: &Secret<String>,
    origin: Origin,
) -> Result<Tokens, RefreshError> {
    let answer = try_refresh(identity, refresh_token, None, origin).await;
    count_refresh(&answer);
    answer
}

/// The same for a refresh token that must be one of this session.
///
/// # Errors
/// [`RefreshError`]; [`RefreshError::Invalid`] for one of another session, which is not used up.
pub async fn refresh_in(
    identity: &Identity,
    session: SessionId,
    refresh_token: &Secret<String>,
    origin: Origin,
) -> Result<Tokens, RefreshError> {
    let answer = try_refresh(identity, refresh_token, Some(session), origin).await;
    count_refresh(&answer);
    answer
}

fn count_refresh(answer: &Result<Tokens, RefreshError>) {
    REFRESHES.increment(&[match answer {
        Ok(_) => "ok",
        Err(RefreshError::Invalid) => "invalid",
        Err(RefreshError::Expired) => "expired",
        Err(RefreshError::Reused) => "reused",
        Err(RefreshError::SessionEnded) => "session_ended",
        Err(RefreshError::Store(_)) => "error",
    }]);
}

async fn try_refresh(
    identity: &Identity,
    refresh_token: &Secret<String>,
    only: Option<SessionId>,
    origin: Origin,
) -> Result<Tokens, RefreshError> {
    let now = identity.now();
    if !token::is_base62(refresh_token.reveal()) {
        return Err(RefreshError::Invalid);
    }
    let used_hash = token::digest(refresh_token.reveal());
    let wanted = used_hash.clone();
    let found = identity
        .store()
        .read(move |db| {
            db.first(REFRESHABLE, &params![wanted])?.map(|it| Refreshable::read(&it)).transpose()
        })
        .await?
        .ok_or(RefreshError::Invalid)?;
    if only.is_some_and(|it| it != found.session) {
        return Err(RefreshError::Invalid);
    }
    if found.is_over || now >= found.session_ends {
        return Err(RefreshError::SessionEnded);
    }
    if found.is_used {
        return end_reused(identity, &found, &origin, now).await;
    }
    if now >= found.expires_at {
        return Err(RefreshError::Expired);
    }

    let draft =
        Draft::of(identity, found.user, found.session, now, Some(found.session_ends)).await?;
    let (kept, session) = (draft.kept(), found.session);
    let renewed = identity
        .store()
        .bookkeep("token refresh", move |tx| {
            // Whoever marks the token first has it; on both databases the other one sees the mark.
            if tx.execute(USE_REFRESH_TOKEN, &params![used_hash, now])? == 0 {
                return Err(RefreshError::Reused);
            }
            if tx.execute(RENEW_SESSION, &params![session, now, &kept.kid])? == 0 {
                return Err(RefreshError::SessionEnded);
            }
            kept.add(tx)?;
            Ok(())
        })
        .await;
    match renewed {
        Ok(()) => Ok(draft.tokens()),
        Err(RefreshError::Reused) => end_reused(identity, &found, &origin, now).await,
        Err(error) => Err(error),
    }
}

/// Two hold the same refresh token, and nobody can say which of them is the thief: both are out.
async fn end_reused(
    identity: &Identity,
    found: &Refreshable,
    origin: &Origin,
    now: Timestamp,
) -> Result<Tokens, RefreshError> {
    let (user, session, tenant) = (found.user, found.session, found.tenant);
    let actor = origin.actor();
    identity
        .store()
        .write(&actor, now, move |tx| {
            if session::end(tx, session, "refresh_reused", now)? {
                tx.audit(audit::Entry::new(
                    tenant,
                    "refresh_reused",
                    format!("users/{user}"),
                    format!("Ended session {session}: its refresh token was used twice"),
                ));
            }
            Ok::<_, store::Error>(())
        })
        .await?;
    identity.forget_callers();
    warn!(user.id = %user, session.id = %session, "Ended session {session}: a refresh token was used twice");
    Err(RefreshError::Reused)
}

/// What is known about a refresh token.
struct Refreshable {
    user: UserId,
    session: SessionId,
    tenant: TenantId,
    is_used: bool,
    is_over: bool,
    expires_at: Timestamp,
    session_ends: Timestamp,
}

impl Refreshable {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            user: row.get("user_id")?,
            session: row.get("session_id")?,
            tenant: row.get::<Option<TenantId>>("tenant_id")?.unwrap_or(TenantId::DEFAULT),
            is_used: row::is_set(row, "used_at")?,
            is_over: row::is_set(row, "ended_at")?
                || row::is_set(row, "disabled_at")?
                || row::is_set(row, "tenant_deleted_at")?,
            expires_at: row.get("expires_at")?,
            session_ends: row.get("session_expires_at")?,
        })
    }
}

const REFRESHABLE: &str = "
    SELECT refresh_tokens.session_id, refresh_tokens.expires_at, refresh_tokens.used_at,
           sessions.user_id, sessions.ended_at, sessions.expires_at AS session_expires_at,
           users.tenant_id, users.disabled_at, tenants.deleted_at AS tenant_deleted_at
      FROM refresh_tokens
      JOIN sessions ON sessions.id = refresh_tokens.session_id
      JOIN users ON users.id = sessions.user_id
      LEFT JOIN tenants ON tenants.id = users.tenant_id
     WHERE refresh_tokens.hash = $1";

const USE_REFRESH_TOKEN: &str =
    "UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL";

const RENEW_SESSION: &str = "
    UPDATE sessions
       SET last_used_at = $2, signing_kid = $3
     WHERE id = $1 AND ended_at IS NULL";
