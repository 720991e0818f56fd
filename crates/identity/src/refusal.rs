//! Sign-ins that were refused: written down, and counted by all processes on the database together.
//!
//! [`crate::limit`] counts every try, but each process for itself: with several of them a guesser
//! would get the limit once from each. So the refusals of the last minute are counted in the
//! database too, in the transaction that decides what a try is told. A try over the limit is told
//! nothing but that, be its password right or wrong, however many processes were asked at once.
//!
//! Where the settings say so, guesses at one account are counted for longer: who makes a burst of them from one place
//! has to wait, and after so many in a row, from wherever, the account is locked for a while. What is told is the same.

use std::time::Duration;

use base::{TenantId, Timestamp, UserId};
use jiff::SignedDuration;
use store::{Db, Tx, audit, params};
use tracing::warn;

use crate::{
    Identity,
    limit::{Guessed, Keys, WINDOW},
    settings::Settings,
    sign_in::{LoginError, Origin},
    user::{self, User},
};

/// Why somebody is not let in, for the audit log.
pub(crate) struct Refusal {
    /// The account, and whose audit log takes it.
    pub(crate) account: Option<(UserId, TenantId)>,
    pub(crate) why: &'static str,
}

/// Writes the refusal of a try down and counts it. Gives the answer: this one, or that it was one
/// try too many.
pub(crate) async fn refuse(
    identity: &Identity,
    origin: &Origin,
    keys: Keys,
    guessed: Guessed,
    refusal: Refusal,
    answer: LoginError,
) -> Result<LoginError, store::Error> {
    let (now, settings) = (identity.now(), identity.settings().clone());
    let (Refusal { account, why }, actor) = (refusal, origin.actor());
    let over = identity.store().write(&actor, now, move |tx| {
        hold(tx, &keys, &guessed)?;
        let over = over_limit(tx, &keys, &guessed, &settings, now)?;
        write_down(tx, account, if over.is_some() { TOO_MANY } else { why });
        if over.is_none() {
            for key in keys.iter() {
                tx.execute(NOTE, &params![key, now])?;
            }
            note_guess(tx, &guessed, &settings, account, now)?;
        }
        Ok::<_, store::Error>(over)
    });
    Ok(match over.await? {
        Some(retry_after) => LoginError::TooManyAttempts { retry_after },
        None => answer,
    })
}

/// Writes down that somebody tries too often, without counting.
pub(crate) async fn note_too_many(
    identity: &Identity,
    origin: &Origin,
) -> Result<(), store::Error> {
    let actor = origin.actor();
    let written = identity.store().write(&actor, identity.now(), |tx| {
        write_down(tx, None, TOO_MANY);
        Ok(())
    });
    written.await
}

/// Waits until nobody else decides about a try from the same place or at the same account.
pub(crate) fn hold(tx: &Tx, keys: &Keys, guessed: &Guessed) -> Result<(), store::Error> {
    // In the order of the keys, and the account itself at last, so that two tries never wait for each other in a ring.
    keys.iter().try_for_each(|key| tx.hold(&format!("sign-in {key}")))?;
    tx.hold(&format!("sign-in {}", guessed.account))
}

/// How long to wait, when this many tries were refused within the last minute, or too many guesses were made, or the
/// account is locked.
pub(crate) fn over_limit(
    db: &Db,
    keys: &Keys,
    guessed: &Guessed,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<Duration>, store::Error> {
    let mut longest = None;
    for key in keys.iter() {
        longest = longest.max(in_the_way(db, key, settings.sign_ins_per_minute, WINDOW, now)?);
    }
    if let Some(burst) = &settings.burst {
        longest = longest.max(in_the_way(db, &guessed.from, burst.attempts, burst.within, now)?);
    }
    if let Some(lockout) = &settings.lockout {
        let locked = db.first(LOCKED, &params![&guessed.account, now - lockout.lasts])?;
        if let Some(row) = locked {
            longest = longest.max(Some(left(row.get("at")?, lockout.lasts, now)));
        }
    }
    Ok(longest)
}

/// Somebody is in: guesses at their account count no more.
pub(crate) fn forget_guesses(tx: &Tx, guessed: &Guessed) -> Result<(), store::Error> {
    for key in [&guessed.account, &guessed.from] {
        tx.execute(FORGET, &params![key])?;
    }
    Ok(())
}

/// An administrator lets somebody in again.
pub(crate) fn unlock(tx: &Tx, user: &User) -> Result<(), store::Error> {
    for whom in [&user.email, &user.username] {
        let guessed = Guessed::of(None, &user::lowered(whom));
        tx.execute(FORGET, &params![&guessed.account])?;
        tx.execute(UNLOCK, &params![&guessed.account])?;
    }
    Ok(())
}

/// How long until one more refused try fits into the window: until the one that is in the way has grown old.
fn in_the_way(
    db: &Db,
    key: &str,
    most: u32,
    window: SignedDuration,
    now: Timestamp,
) -> Result<Option<Duration>, store::Error> {
    let offset = i64::from(most.saturating_sub(1));
    let found = db.first(IN_THE_WAY, &params![key, now - window, offset])?;
    found.map(|row| Ok(left(row.get("at")?, window, now))).transpose()
}

fn left(at: Timestamp, lasts: SignedDuration, now: Timestamp) -> Duration {
    (lasts - now.duration_since(at)).unsigned_abs()
}

/// Counts a guess, and locks the account when it was one too many in a row.
fn note_guess(
    tx: &Tx,
    guessed: &Guessed,
    settings: &Settings,
    account: Option<(UserId, TenantId)>,
    now: Timestamp,
) -> Result<(), store::Error> {
    if settings.burst.is_some() {
        tx.execute(NOTE, &params![&guessed.from, now])?;
    }
    let Some(lockout) = settings.lockout else { return Ok(()) };
    tx.execute(NOTE, &params![&guessed.account, now])?;
    if in_the_way(tx, &guessed.account, lockout.attempts, lockout.lasts, now)?.is_none() {
        return Ok(());
    }
    // When the lock is over, counting begins anew.
    tx.execute(FORGET, &params![&guessed.account])?;
    tx.execute(LOCK, &params![&guessed.account, now])?;
    let subject = subject(account);
    let minutes = lockout.lasts.as_mins();
    warn!(subject, minutes, "Locked an account after too many refused sign-ins");
    let summary = format!(
        "Locked for {} s after {} refused sign-ins",
        lockout.lasts.as_secs(),
        lockout.attempts
    );
    tx.audit(audit::Entry::new(tenant(account), "account_locked", subject, summary));
    Ok(())
}

/// Forgets refusals that count no more.
pub(crate) fn sweep(tx: &Tx, settings: &Settings, now: Timestamp) -> Result<(), store::Error> {
    let before = now - settings.failures_count_for(WINDOW);
    tx.execute("DELETE FROM sign_in_failures WHERE at <= $1", &params![before])?;
    tx.execute("DELETE FROM sign_in_locks WHERE at <= $1", &params![before]).map(drop)
}

const TOO_MANY: &str = "too many attempts";

const NOTE: &str = "INSERT INTO sign_in_failures (key, at) VALUES ($1, $2)";

const IN_THE_WAY: &str = "
    SELECT at FROM sign_in_failures
     WHERE key = $1 AND at > $2
     ORDER BY at DESC
     LIMIT 1 OFFSET $3";

const FORGET: &str = "DELETE FROM sign_in_failures WHERE key = $1";

const LOCKED: &str = "SELECT at FROM sign_in_locks WHERE key = $1 AND at > $2";

const LOCK: &str = "
    INSERT INTO sign_in_locks (key, at) VALUES ($1, $2)
    ON CONFLICT (key) DO UPDATE SET at = excluded.at";

const UNLOCK: &str = "DELETE FROM sign_in_locks WHERE key = $1";

fn write_down(tx: &Tx, account: Option<(UserId, TenantId)>, why: &'static str) {
    let subject = subject(account);
    warn!(subject, reason = why, "Refused a sign-in");
    let summary = format!("Refused a sign-in: {why}");
    tx.audit(audit::Entry::new(tenant(account), "sign_in_refused", subject, summary));
}

fn subject(account: Option<(UserId, TenantId)>) -> String {
    account.map_or_else(|| "users/unknown".to_owned(), |(user, _)| format!("users/{user}"))
}

fn tenant(account: Option<(UserId, TenantId)>) -> TenantId {
    account.map_or(TenantId::DEFAULT, |it| it.1)
}
