//! Sessions: who is signed in from where, and how that ends.
//!
//! A session ends by signing out, by being revoked, by a stolen refresh token, with its user, or at
//! its time. However it ends, its access tokens stop working at once in this process and within two
//! seconds in others. Sign-in itself is in [`crate::sign_in`].

use base::{SessionId, Timestamp, UserId};
use jiff::SignedDuration;
use store::{Db, Row, Tx, audit, params};
use tracing::info;

use crate::{
    Identity,
    access::{self, Change, Overreach},
    caller::{Caller, Refused},
    refusal, user,
};

/// The most sessions of one user that are listed.
const LISTED_MAX: i64 = 200;

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who.
    pub user: UserId,
    /// From which network address.
    pub address: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// Until when at most.
    pub expires_at: Timestamp,
}

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no such session, or it is over.
    #[error("session {0} does not exist, or has ended")]
    NoSuchSession(SessionId),
    /// There is no such user.
    #[error("user {0} does not exist")]
    NoSuchUser(UserId),
    /// An application key cannot sign out: it has no session. Revoke it instead.
    #[error("only a signed-in person can sign out; revoke an application key instead")]
    NotSignedIn,
    /// Not theirs to end.
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Refused> for SessionError {
    fn from(refused: Refused) -> Self {
        Self::Overreach(refused.into())
    }
}

/// The living sessions of a user, newest first; at most 200.
pub fn list(db: &Db, user: UserId, now: Timestamp) -> Result<Vec<Session>, store::Error> {
    db.query(LIVING, &params![user, now, LISTED_MAX])?.iter().map(Session::read).collect()
}

/// A living session.
pub fn get(db: &Db, id: SessionId, now: Timestamp) -> Result<Option<Session>, store::Error> {
    db.first(ONE, &params![id, now])?.as_ref().map(Session::read).transpose()
}

/// Signs the caller out.
pub async fn logout(identity: &Identity, caller: &Caller) -> Result<(), SessionError> {
    let (Some(id), Some(user)) = (caller.session, caller.user()) else {
        return Err(SessionError::NotSignedIn);
    };
    let (now, tenant) = (identity.now(), user::audit_tenant(caller.reach));
    identity
        .store()
        .write(&caller.actor, now, move |tx| {
            if end(tx, id, "signed_out", now)? {
                let subject = format!("users/{user}");
                tx.audit(audit::Entry::new(tenant, "signed_out", subject, "Signed out".to_owned()));
            }
            Ok::<_, store::Error>(())
        })
        .await?;
    identity.forget_callers();
    info!(user.id = %user, session.id = %id, "User {user} signed out");
    Ok(())
}

/// Ends a session: one's own, or that of a user whom the caller may disable.
pub async fn revoke(
    identity: &Identity,
    caller: &Caller,
    id: SessionId,
) -> Result<(), SessionError> {
    let (now, asking) = (identity.now(), caller.clone());
    identity
        .store()
        .write(&caller.actor, now, move |tx| {
            let session = get(tx, id, now)?.ok_or(SessionError::NoSuchSession(id))?;
            let tenant = check(tx, &asking, session.user).map_err(|error| match error {
                SessionError::NoSuchUser(_) => SessionError::NoSuchSession(id),
                other => other,
            })?;
            if end(tx, id, "revoked", now)? {
                tx.audit(audit::Entry::new(
                    tenant,
                    "session_revoked",
                    format!("users/{}", session.user),
                    format!("Ended session {id}"),
                ));
            }
            Ok::<_, SessionError>(())
        })
        .await?;
    identity.forget_callers();
    Ok(())
}

/// Ends every session of a user, but not the one that the caller is signed in with. Returns how
/// many there were.
pub async fn revoke_all(
    identity: &Identity,
    caller: &Caller,
    user: UserId,
) -> Result<u64, SessionError> {
    let (now, asking) = (identity.now(), caller.clone());
    let ended = identity
        .store()
        .write(&caller.actor, now, move |tx| {
            let tenant = check(tx, &asking, user)?;
            let ended = end_all(tx, user, asking.session, "revoked", now)?;
            if ended > 0 {
                tx.audit(audit::Entry::new(
                    tenant,
                    "session_revoked",
                    format!("users/{user}"),
                    format!("Ended {ended} sessions"),
                ));
            }
            Ok::<_, SessionError>(ended)
        })
        .await?;
    identity.forget_callers();
    Ok(ended)
}

/// Removes sessions that ended at least `keep_for` ago, refresh tokens that are too old to notice
/// anything by, access tokens that ended as long ago (till then their holders are told so), and refused sign-ins that count no more. Returns how many sessions went.
pub async fn sweep(identity: &Identity, keep_for: SignedDuration) -> Result<u64, store::Error> {
    let (now, settings) = (identity.now(), identity.settings().clone());
    let before = now - keep_for;
    identity
        .store()
        .bookkeep("session sweep", move |tx| {
            let swept = tx.execute(SWEEP, &params![before])?;
            tx.execute(SWEEP_REFRESH_TOKENS, &params![now])?;
            tx.execute(SWEEP_ACCESS_TOKENS, &params![before])?;
            refusal::sweep(tx, &settings, now)?;
            Ok::<_, store::Error>(swept)
        })
        .await
}

/// Ends one session, unless it is over. Tells whether it did.
pub(crate) fn end(
    tx: &Tx,
    id: SessionId,
    reason: &'static str,
    now: Timestamp,
) -> Result<bool, store::Error> {
    Ok(tx.execute(END, &params![id, now, reason])? > 0)
}

/// Ends the oldest sessions of a user but for so many, for the sake of one that has just begun. Returns how many.
pub(crate) fn end_oldest(
    tx: &Tx,
    user: UserId,
    begun: SessionId,
    most: u32,
    now: Timestamp,
) -> Result<u64, store::Error> {
    let others = i64::from(most.saturating_sub(1));
    tx.execute(END_OLDEST, &params![user, now, "sessions_max", begun, others])
}

/// Ends the sessions of a user, but not `except`.
pub(crate) fn end_all(
    tx: &Tx,
    user: UserId,
    except: Option<SessionId>,
    reason: &'static str,
    now: Timestamp,
) -> Result<u64, store::Error> {
    let except = except.map(|it| it.to_string()).unwrap_or_default();
    tx.execute(END_ALL, &params![user, now, reason, except])
}

/// May `caller` end sessions of `user`? Gives the tenant whose audit log takes it. Another tenant's user does
/// not exist.
fn check(tx: &Tx, caller: &Caller, user: UserId) -> Result<base::TenantId, SessionError> {
    let found = user::get(tx, user)?.ok_or(SessionError::NoSuchUser(user))?;
    if caller.user() == Some(user) {
        caller.may(base::Permission::OwnAccount)?;
    } else {
        if !caller.reach.includes(found.reach) {
            return Err(SessionError::NoSuchUser(user));
        }
        access::to_change_user(caller, user, found.standing(), Change::Access)?;
    }
    Ok(user::audit_tenant(found.reach))
}

impl Session {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            user: row.get("user_id")?,
            address: row.get("address")?,
            user_agent: row.get("user_agent")?,
            created_at: row.get("created_at")?,
            last_used_at: row.get("last_used_at")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

const LIVING: &str = "
    SELECT id, user_id, address, user_agent, created_at, last_used_at, expires_at
      FROM sessions
     WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
     ORDER BY created_at DESC, id DESC
     LIMIT $3";

const ONE: &str = "
    SELECT id, user_id, address, user_agent, created_at, last_used_at, expires_at
      FROM sessions
     WHERE id = $1 AND ended_at IS NULL AND expires_at > $2";

const END: &str =
    "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL";

const END_ALL: &str = "
    UPDATE sessions
       SET ended_at = $2, end_reason = $3
     WHERE user_id = $1 AND ended_at IS NULL AND id <> $4";

const END_OLDEST: &str = "
    UPDATE sessions
       SET ended_at = $2, end_reason = $3
     WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id <> $4
       AND id NOT IN (
           SELECT id FROM sessions
            WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id <> $4
            ORDER BY created_at DESC, id DESC
            LIMIT $5)";

const SWEEP: &str = "DELETE FROM sessions WHERE expires_at < $1 OR ended_at < $1";

const SWEEP_ACCESS_TOKENS: &str = "
    DELETE FROM access_tokens
     WHERE expires_at < $1 OR session_id NOT IN (SELECT id FROM sessions)";

const SWEEP_REFRESH_TOKENS: &str = "
    DELETE FROM refresh_tokens
     WHERE expires_at < $1 OR session_id NOT IN (SELECT id FROM sessions)";
