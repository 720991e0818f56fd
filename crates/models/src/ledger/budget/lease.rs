//! Leases in the database: how a replica comes by what it may spend.

use base::Timestamp;
use jiff::SignedDuration;
use store::{Db, Error, Sql, Tx, params};

use super::{
    Budget, Charge,
    event::{self, Kind},
    fund::{Grant, InUse, Obstacle, Place},
};
use crate::ledger::spent::Pot;

/// How long a lease lasts that nobody renews.
pub(super) const LASTS: SignedDuration = SignedDuration::from_secs(30);
/// How long others leave an expired lease alone: their clocks may be ahead.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

/// The most that is leased at once, and that is spent without a lease while the database is away.
pub(super) fn share(limit: i64) -> i64 {
    (limit / 20).max(1)
}

/// What a replica asks for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) budget: Budget,
    pub(super) place: Place,
    pub(super) replica: String,
    /// Held and spent already.
    pub(super) in_use: InUse,
    /// To be held now.
    pub(super) wants: i64,
    /// More may be had, for what comes next.
    pub(super) is_busy: bool,
    pub(super) now: Timestamp,
}

// One statement, hence one view of both: what moves from a lease to the sum is in one of them.
macro_rules! left_sql {
    ($unit:literal) => {
        concat!(
            "SELECT CAST(COALESCE((SELECT ",
            $unit,
            " FROM model_spent
                        WHERE scope = $1 AND id = $2 AND period = $3 AND starts_at = $4), 0)
                    AS BIGINT) AS spent,
                    CAST(COALESCE((SELECT sum(amount) FROM model_budget_leases
                        WHERE budget = $5 AND id = $2 AND starts_at = $4
                          AND replica <> $6 AND expires_at > $7), 0) AS BIGINT) AS others"
        )
    };
}

const LEFT_OF_MONEY: &str = left_sql!("nano_usd");
const LEFT_OF_TOKENS: &str = left_sql!("tokens");

const SET: &str = "
    INSERT INTO model_budget_leases (budget, id, starts_at, replica, amount, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (budget, id, starts_at, replica)
    DO UPDATE SET amount = excluded.amount, expires_at = excluded.expires_at";

/// Takes what is asked for, if it fits beside what was spent and what others hold.
///
/// The lease of this replica becomes what it holds and has spent, what it wants, and a little more.
/// When that does not fit it becomes what it holds and has spent, which is true in any case.
pub(super) fn take(tx: &Tx, ask: &Ask) -> Result<(Grant, Option<event::Event>), Error> {
    let (budget, place, has) = (&ask.budget, &ask.place, ask.in_use.all());
    // Two replicas must not see the same rest and both take it.
    tx.hold(&format!("model_budget/{}/{}", budget.name, place.id))?;
    let (spent, others) = left(tx, budget, place, &ask.replica, ask.now)?;
    let limit = budget.limit();
    // What is on its way into the database was spent as well, and does not come back.
    let gone = spent.saturating_add(ask.in_use.unsaved);
    let held = others.saturating_add(ask.in_use.held);
    let obstacle = in_the_way(limit, gone, held, ask.wants);
    let leased = if obstacle.is_none() {
        let rest = limit.saturating_sub(gone).saturating_sub(held) - ask.wants;
        let more = if ask.is_busy { share(limit).min(rest / 8) } else { 0 };
        has.saturating_add(ask.wants).saturating_add(more)
    } else {
        has
    };
    let expires_at = ask.now + LASTS;
    let params =
        params![&budget.name, &place.id, place.starts_at, &ask.replica, leased, expires_at];
    tx.execute(SET, &params)?;
    // Whoever only renews a lease is refused nothing, and one that is too large for what is left does not mean
    // that little is left: nothing is told.
    let is_near = budget.is_near(gone);
    let event = if obstacle == Some(Obstacle::Spending) && ask.wants > 0 && is_near {
        event::note(tx, budget, place, Kind::Reached, gone, ask.now)?
    } else {
        None
    };
    let expires_at = expires_at.as_microsecond();
    Ok((Grant { leased, obstacle, spent, others, expires_at }, event))
}

/// What stands in the way of `wants`: what was spent, or only what is held. None when it fits.
fn in_the_way(limit: i64, spent: i64, held: i64, wants: i64) -> Option<Obstacle> {
    let unspent = limit.saturating_sub(spent);
    if unspent < wants {
        Some(Obstacle::Spending)
    } else if unspent.saturating_sub(held) < wants {
        Some(Obstacle::Holds)
    } else {
        None
    }
}

/// What was spent, and what others than this replica hold.
pub(super) fn left(
    db: &Db,
    budget: &Budget,
    place: &Place,
    replica: &str,
    now: Timestamp,
) -> Result<(i64, i64), Error> {
    let sql = if budget.is_of_money() { LEFT_OF_MONEY } else { LEFT_OF_TOKENS };
    let params = params![
        budget.scope.name(),
        &place.id,
        budget.period.name(),
        place.starts_at,
        &budget.name,
        replica,
        now - GRACE
    ];
    let row = db.one(sql, &params)?;
    Ok((row.get("spent")?, row.get("others")?))
}

const SHRINK: Sql<'_> = Sql {
    sqlite: "UPDATE model_budget_leases SET amount = max(amount - $5, 0)
              WHERE budget = $1 AND id = $2 AND starts_at = $3 AND replica = $4",
    postgres: "UPDATE model_budget_leases SET amount = greatest(amount - $5, 0)
                WHERE budget = $1 AND id = $2 AND starts_at = $3 AND replica = $4",
};

/// Takes off the leases of this replica what is now counted as spent.
pub(crate) fn shrink<'a>(
    tx: &Tx,
    replica: &str,
    charges: impl IntoIterator<Item = &'a Charge>,
) -> Result<(), Error> {
    let mut sums: std::collections::BTreeMap<(&str, &Place), i64> = Default::default();
    for it in charges {
        *sums.entry((&it.fund.budget.name, &it.place)).or_default() += it.amount;
    }
    for ((budget, place), amount) in sums {
        tx.execute(SHRINK, &params![budget, &place.id, place.starts_at, replica, amount])?;
    }
    Ok(())
}

const GIVE_BACK: &str = "
    DELETE FROM model_budget_leases
     WHERE budget = $1 AND id = $2 AND starts_at = $3 AND replica = $4";

pub(super) fn give_back(tx: &Tx, budget: &str, place: &Place, replica: &str) -> Result<(), Error> {
    tx.execute(GIVE_BACK, &params![budget, &place.id, place.starts_at, replica]).map(drop)
}

const OF_REPLICA: &str = "DELETE FROM model_budget_leases WHERE replica = $1";

/// Gives back all that a replica had which is no more.
pub(crate) fn give_back_all(tx: &Tx, replica: &str) -> Result<(), Error> {
    tx.execute(OF_REPLICA, &params![replica]).map(drop)
}

const OLD: &str = "DELETE FROM model_budget_leases WHERE expires_at < $1";

/// Forgets leases that expired an hour ago.
pub(super) fn sweep(tx: &Tx, now: Timestamp) -> Result<(), Error> {
    tx.execute(OLD, &params![now - SignedDuration::from_hours(1)]).map(drop)
}

const ALL: &str = "
    SELECT id, CAST(COALESCE(sum(amount), 0) AS BIGINT) AS leased FROM model_budget_leases
     WHERE budget = $1 AND starts_at = $2 AND expires_at > $3
     GROUP BY id";

/// What all replicas hold of a budget, by whose it is.
pub(super) fn all(
    db: &Db,
    budget: &str,
    starts_at: Timestamp,
    now: Timestamp,
) -> Result<Vec<(String, i64)>, Error> {
    let params = params![budget, starts_at, now];
    db.query(ALL, &params)?.iter().map(|it| Ok((it.get("id")?, it.get("leased")?))).collect()
}

/// The sum that a budget looks at.
pub(crate) fn is_limited(budget: &Budget, pot: &Pot) -> bool {
    budget.scope == pot.scope && budget.period == pot.period && budget.is_of(&pot.id)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Of a limit of a thousand.
    #[rstest]
    #[case(0, 900, 100, None)]
    #[case(0, 901, 100, Some(Obstacle::Holds))]
    #[case(10, 1_000, 100, Some(Obstacle::Holds))]
    #[case(900, 100, 100, Some(Obstacle::Holds))]
    #[case(750, 0, 250, None)]
    #[case(750, 0, 251, Some(Obstacle::Spending))]
    #[case(750, 250, 251, Some(Obstacle::Spending))]
    #[case(1_000, 0, 1, Some(Obstacle::Spending))]
    #[case(1_200, 0, 1, Some(Obstacle::Spending))]
    fn a_request_that_fits_beside_what_was_spent_has_only_what_is_held_in_its_way(
        #[case] spent: i64,
        #[case] held: i64,
        #[case] wants: i64,
        #[case] expected: Option<Obstacle>,
    ) {
        assert_eq!(in_the_way(1_000, spent, held, wants), expected);
    }
}
