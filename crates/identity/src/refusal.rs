//! Sign-ins that were refused: written down, and counted by all processes on the database together.
//!
//! [`crate::limit`] counts every try, but each process for itself: with several of them a guesser
//! would get the limit once from each. So the refusals of the last minute are counted in the
//! database too, in the transaction that decides what a try is told. A try over the limit is told
//! nothing but that, be its password right or wrong, however many processes were asked at once.

use std::time::Duration;

use base::{TenantId, Timestamp, UserId};
use store::{Db, Tx, audit, params};
use tracing::warn;

use crate::{
    Identity,
    limit::{Keys, WINDOW},
    sign_in::{LoginError, Origin},
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
    refusal: Refusal,
    answer: LoginError,
) -> Result<LoginError, store::Error> {
    let (now, per_minute) = (identity.now(), identity.settings().sign_ins_per_minute);
    let (Refusal { account, why }, actor) = (refusal, origin.actor());
    let over = identity.store().write(&actor, now, move |tx| {
        hold(tx, &keys)?;
        let over = over_limit(tx, &keys, per_minute, now)?;
        if over.is_none() {
            for key in keys.iter() {
                tx.execute(NOTE, &params![key, now])?;
            }
        }
        write_down(tx, account, if over.is_some() { TOO_MANY } else { why });
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
pub(crate) fn hold(tx: &Tx, keys: &Keys) -> Result<(), store::Error> {
    // In the order of the keys, so that two tries never wait for each other in a ring.
    keys.iter().try_for_each(|key| tx.hold(&format!("sign-in {key}")))
}

/// How long to wait, when this many tries were refused within the last minute.
pub(crate) fn over_limit(
    db: &Db,
    keys: &Keys,
    per_minute: u32,
    now: Timestamp,
) -> Result<Option<Duration>, store::Error> {
    let limit = i64::from(per_minute.saturating_sub(1));
    let mut longest = None;
    for key in keys.iter() {
        // The try that has to grow old before there is room for another.
        let Some(row) = db.first(IN_THE_WAY, &params![key, now - WINDOW, limit])? else { continue };
        let at: Timestamp = row.get("at")?;
        longest = longest.max(Some((WINDOW - now.duration_since(at)).unsigned_abs()));
    }
    Ok(longest)
}

/// Forgets refusals that count no more.
pub(crate) fn sweep(tx: &Tx, now: Timestamp) -> Result<(), store::Error> {
    tx.execute("DELETE FROM sign_in_failures WHERE at <= $1", &params![now - WINDOW]).map(drop)
}

const TOO_MANY: &str = "too many attempts";

const NOTE: &str = "INSERT INTO sign_in_failures (key, at) VALUES ($1, $2)";

const IN_THE_WAY: &str = "
    SELECT at FROM sign_in_failures
     WHERE key = $1 AND at > $2
     ORDER BY at DESC
     LIMIT 1 OFFSET $3";

fn write_down(tx: &Tx, account: Option<(UserId, TenantId)>, why: &'static str) {
    let tenant = account.map_or(TenantId::DEFAULT, |it| it.1);
    let subject =
        account.map_or_else(|| "users/unknown".to_owned(), |(user, _)| format!("users/{user}"));
    warn!(subject, reason = why, "Refused a sign-in");
    let summary = format!("Refused a sign-in: {why}");
    tx.audit(audit::Entry::new(tenant, "sign_in_refused", subject, summary));
}
