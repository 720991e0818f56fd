//! Passwords that somebody had before: they are kept, as hashes, for as long as they must not be taken again.
//!
//! Nothing is kept where the rules do not ask for it, and nothing of a password but its hash. Start at [`refuse_known`].

use base::{Secret, Timestamp, UserId};
use store::{Db, Tx, params};

use super::{Busy, Unacceptable, Verdict};
use crate::Identity;

/// Why a password that was had before was not looked at, or is not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormerError {
    #[error(transparent)]
    Unacceptable(#[from] Unacceptable),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Makes sure that `wanted` is none of the last few that this user had, the present one among them. Only they
/// themselves are answered so, who have proven that they know the present one.
pub(crate) async fn refuse_known(
    identity: &Identity,
    user: UserId,
    wanted: &Secret<String>,
) -> Result<(), FormerError> {
    let last = identity.settings().password_rules.last;
    if last == 0 {
        return Ok(());
    }
    let kept = identity.store().read(move |db| hashes(db, user, last)).await?;
    for hash in kept {
        let verdict = identity.hasher().verify(wanted.clone(), Some(hash)).await?;
        if verdict != Verdict::Wrong {
            return Err(Unacceptable::UsedBefore { last }.into());
        }
    }
    Ok(())
}

/// Keeps the present password among the former ones, before another takes its place; lets go of those that may be
/// taken again.
pub(crate) fn keep(tx: &Tx, user: UserId, last: u32, now: Timestamp) -> Result<(), store::Error> {
    // The new one is the first of the last few.
    let former = i64::from(last.saturating_sub(1));
    if former > 0 {
        tx.execute(KEEP, &params![user, now])?;
    }
    tx.execute(LET_GO, &params![user, former]).map(drop)
}

fn hashes(db: &Db, user: UserId, last: u32) -> Result<Vec<String>, store::Error> {
    let rows = db.query(LAST, &params![user, i64::from(last)])?;
    rows.iter().map(|it| it.get("password_hash")).collect()
}

/// The present password counts as later than all that were left.
const LAST: &str = "
    SELECT password_hash FROM (
        SELECT password_hash, 9223372036854775807 AS until FROM users WHERE id = $1
        UNION ALL
        SELECT password_hash, until FROM former_passwords WHERE user_id = $1
    ) AS had
     ORDER BY until DESC
     LIMIT $2";

const KEEP: &str = "
    INSERT INTO former_passwords (user_id, password_hash, until)
    SELECT id, password_hash, CAST($2 AS BIGINT) FROM users WHERE id = $1";

const LET_GO: &str = "
    DELETE FROM former_passwords
     WHERE user_id = $1
       AND until NOT IN (
           SELECT until FROM former_passwords WHERE user_id = $1 ORDER BY until DESC LIMIT $2)";
