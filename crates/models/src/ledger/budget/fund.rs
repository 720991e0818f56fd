//! What one replica has of one budget: in memory, behind one lock.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::Timestamp;

use super::{AtLimit, Budget, OverBudget, Subject};
use crate::{ledger::metric, settings::ModelRef};

/// How long a refusal is repeated without asking the database again.
const REFUSED_FOR: i64 = 1_000_000;

/// A budget, and what this replica has of it for each of those it limits.
pub(crate) struct Fund {
    pub(crate) budget: Budget,
    purses: Mutex<HashMap<Place, Purse>>,
    /// What was told about already.
    pub(super) told: Mutex<HashSet<(Place, super::event::Kind)>>,
    /// Whose share that is spent is shown, and of which period.
    shown: Mutex<HashMap<String, Timestamp>>,
}

/// Whose, and of which period.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) starts_at: Timestamp,
}

/// Numbers of the budget's unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Purse {
    /// Ours to spend, until it expires. Part of it may be held or spent.
    leased: i64,
    /// For requests under way.
    held: i64,
    /// Spent by requests whose rows are not in the database yet.
    unsaved: i64,
    /// In microseconds.
    expires_at: i64,
    /// Held without a lease since the database is away.
    blind: i64,
    /// A new lease is being asked for: nobody may take from this one meanwhile.
    is_asking: bool,
    /// What was refused a moment ago.
    refused: Refused,
    /// What was last seen in the database: spent, and leased by others.
    seen: (i64, i64),
    /// Something was held since the last look.
    is_used: bool,
}

/// The amounts that were refused last, each with its time in microseconds, by what stood in their
/// way. A larger one meets the same obstacle.
#[derive(Debug, Clone, Copy, Default)]
struct Refused {
    for_holds: Option<(i64, i64)>,
    for_spending: Option<(i64, i64)>,
}

/// What stands in the way of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// What is held for requests under way: it would fit beside what was spent.
    Holds,
    /// What was spent: the budget is used up.
    Spending,
}

/// What is in use of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InUse {
    /// Held for requests under way.
    pub(super) held: i64,
    /// Spent by requests whose rows are not in the database yet.
    pub(super) unsaved: i64,
}

/// What a lease brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    /// All that is leased now.
    pub(super) leased: i64,
    /// What stands in the way of what was asked for; none when it fits.
    pub(super) obstacle: Option<Obstacle>,
    pub(super) spent: i64,
    pub(super) others: i64,
    pub(super) expires_at: i64,
}

/// What a purse needs from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Its lease ends soon, and it is in use.
    Renew,
    /// It is not in use: only what is held of its lease is kept.
    Shrink,
    /// Nothing is in it.
    Drop,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// It is held.
    Held,
    /// The lease does not suffice.
    Short,
    /// It was refused a moment ago, because of this.
    Over(Obstacle),
}

/// An amount that is held in one budget, or was spent from it.
#[derive(Clone)]
pub(crate) struct Charge {
    pub(crate) fund: Arc<Fund>,
    pub(crate) place: Place,
    pub(crate) amount: i64,
}

impl InUse {
    pub(super) fn all(self) -> i64 {
        self.held.saturating_add(self.unsaved)
    }
}

impl Purse {
    /// What was spent as far as it is known here, on its way into the database or there.
    fn spent(&self) -> i64 {
        self.seen.0.saturating_add(self.unsaved)
    }

    /// What stood in the way of as much a moment ago, and does so now.
    fn obstacle(&self, amount: i64, limit: i64, now: i64) -> Option<Obstacle> {
        let was_refused = |(at_least, at): (i64, i64)| {
            amount >= at_least && (0..REFUSED_FOR).contains(&(now - at))
        };
        if self.refused.for_spending.is_some_and(was_refused) {
            return Some(Obstacle::Spending);
        }
        // What does not even fit beside what was spent is for the database to refuse, where it is
        // written down that the budget came to its end.
        let fits_later = self.spent().saturating_add(amount) <= limit;
        let is_held = fits_later && self.refused.for_holds.is_some_and(was_refused);
        is_held.then_some(Obstacle::Holds)
    }
}

impl Fund {
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, purses: Mutex::default(), told: Mutex::default(), shown: Mutex::default() }
    }

    /// Where a subject's spending counts at this time.
    pub(super) fn place(&self, subject: &Subject<'_>, now: Timestamp) -> Option<Place> {
        let id = self.budget.id_of(subject)?;
        Some(Place { id, starts_at: self.budget.period.starts_at(now) })
    }

    fn purses(&self) -> MutexGuard<'_, HashMap<Place, Purse>> {
        self.purses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, place: &Place, change: impl FnOnce(&mut Purse) -> T) -> T {
        let mut purses = self.purses();
        if let Some(purse) = purses.get_mut(place) {
            return change(purse);
        }
        change(purses.entry(place.clone()).or_default())
    }

    /// Holds `amount`, if the lease suffices.
    pub(super) fn hold(&self, place: &Place, amount: i64, now: Timestamp) -> Try {
        let (limit, now) = (self.budget.limit(), now.as_microsecond());
        self.with(place, |purse| {
            purse.is_used = true;
            let left = purse.leased - purse.held - purse.unsaved;
            if !purse.is_asking && now < purse.expires_at && amount <= left {
                purse.held += amount;
                return Try::Held;
            }
            purse.obstacle(amount, limit, now).map_or(Try::Short, Try::Over)
        })
    }

    /// Where something was held.
    pub(super) fn places(&self) -> Vec<Place> {
        self.purses().keys().cloned().collect()
    }

    /// Holds `amount` although nobody can be asked: up to a twentieth of the limit, and nothing of a
    /// budget that was used up when it was last seen.
    pub(super) fn hold_blindly(&self, place: &Place, amount: i64) -> bool {
        let limit = self.budget.limit();
        self.with(place, |purse| {
            let is_left = purse.seen.0 + purse.seen.1 < limit;
            let fits = purse.blind.saturating_add(amount) <= super::lease::share(limit);
            if is_left && fits {
                purse.blind += amount;
                purse.held += amount;
            }
            is_left && fits
        })
    }

    fn release(&self, place: &Place, amount: i64) {
        self.with(place, |purse| {
            purse.held -= amount;
            purse.refused = Refused::default();
        });
    }

    fn settle(&self, place: &Place, held: i64, spent: i64) {
        self.with(place, |purse| {
            purse.held -= held;
            purse.unsaved += spent;
            purse.refused = Refused::default();
        });
    }

    fn saved(&self, place: &Place, amount: i64) {
        self.with(place, |purse| {
            purse.unsaved -= amount;
            purse.leased = (purse.leased - amount).max(0);
            purse.seen.0 = purse.seen.0.saturating_add(amount);
        });
    }

    fn lost(&self, place: &Place, amount: i64) {
        self.with(place, |purse| purse.unsaved -= amount);
    }

    /// What is to be done about the purses.
    pub(super) fn look(&self, now: Timestamp) -> Vec<(Place, Care)> {
        let current = self.budget.period.starts_at(now);
        let soon = now.as_microsecond() + super::lease::LASTS.as_micros() as i64 / 2;
        let mut purses = self.purses();
        let look = |(place, purse): (&Place, &mut Purse)| {
            let is_empty = purse.held == 0 && purse.unsaved == 0 && !purse.is_asking;
            let is_used = std::mem::take(&mut purse.is_used);
            let has_more = purse.leased > purse.held + purse.unsaved;
            let care = if is_empty && (place.starts_at != current || (!is_used && !has_more)) {
                Care::Drop
            } else if is_used && purse.expires_at < soon {
                Care::Renew
            } else if !is_used && (has_more || purse.expires_at < soon) {
                Care::Shrink
            } else {
                return None;
            };
            Some((place.clone(), care))
        };
        purses.iter_mut().filter_map(look).collect()
    }

    /// Forgets a purse that nothing is in.
    pub(super) fn drop_purse(&self, place: &Place) {
        let mut purses = self.purses();
        if purses.get(place).is_some_and(|it| it.held == 0 && it.unsaved == 0 && !it.is_asking) {
            purses.remove(place);
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.retain(|(it, _)| it.starts_at >= place.starts_at);
        }
    }

    /// Shows the share of the limit that is spent. What is over is not shown: its last rows may
    /// come into the database when the next period has begun.
    pub(super) fn show(&self, place: &Place, spent: i64, now: Timestamp) {
        if place.starts_at != self.budget.period.starts_at(now) {
            return;
        }
        let ratio = spent as f64 / self.budget.limit().max(1) as f64;
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.insert(place.id.clone(), place.starts_at);
        metric::BUDGET_USED.set(ratio, &[&self.budget.name, &place.id]);
    }

    /// Where a new period has begun nothing is spent.
    pub(super) fn turn(&self, now: Timestamp) {
        let current = self.budget.period.starts_at(now);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|id, starts_at| {
            let is_current = *starts_at == current;
            if !is_current {
                metric::BUDGET_USED.set(0.0, &[&self.budget.name, id]);
            }
            is_current
        });
    }

    /// How the budget stands for a request that is refused, as far as it is known.
    pub(super) fn over(&self, place: &Place, wanted: i64, obstacle: Obstacle) -> OverBudget {
        let (spent, others, leased, held) = self.with(place, |purse| {
            let own = purse.leased.saturating_sub(purse.unsaved).max(purse.held);
            (purse.spent(), purse.seen.1, own, purse.held)
        });
        let budget = &self.budget;
        OverBudget {
            name: budget.name.clone(),
            id: place.id.clone(),
            is_shared: budget.is_shared(),
            is_of_one_request: false,
            is_only_held: obstacle == Obstacle::Holds,
            limit: budget.amount(budget.limit()),
            wanted: budget.amount(wanted),
            is_hopeless: wanted > budget.limit(),
            spent: budget.amount(spent),
            held: budget.amount(others.saturating_add(leased)),
            in_flight: budget.amount(held),
            resets_at: budget.period.ends_at(place.starts_at),
            downgrade_to: match budget.at_limit {
                AtLimit::Refuse => None,
                AtLimit::Downgrade => budget.downgrade_to.as_deref().and_then(ModelRef::parse),
            },
        }
    }

    /// Held here now, for those who look.
    pub(super) fn in_flight(&self, id: &str, at: Timestamp) -> i64 {
        let place = Place { id: id.to_owned(), starts_at: self.budget.period.starts_at(at) };
        self.purses().get(&place).map_or(0, |it| it.held)
    }
}

impl Charge {
    pub(super) fn release(&self) {
        self.fund.release(&self.place, self.amount);
    }

    /// What was held is spent: so much.
    pub(super) fn settle(mut self, spent: i64) -> Self {
        self.fund.settle(&self.place, self.amount, spent);
        self.amount = spent;
        self
    }

    /// The row is in the database, and the lease there is shorter by it.
    pub(super) fn saved(&self) {
        self.fund.saved(&self.place, self.amount);
    }

    /// There will be no row.
    pub(super) fn lost(&self) {
        self.fund.lost(&self.place, self.amount);
    }
}

/// The question to the database for a new lease, or to take one back. Until it ends nobody takes
/// from the old lease. Dropped without an answer, it leaves of the lease what is in use and no more:
/// the database may have done what it was asked, or may do it yet.
#[must_use = "dropped at once it costs the lease"]
pub(super) struct Asking<'a> {
    pub(super) fund: &'a Fund,
    pub(super) place: &'a Place,
    /// When it began.
    pub(super) in_use: InUse,
    is_over: bool,
}

impl<'a> Asking<'a> {
    pub(super) fn begin(fund: &'a Fund, place: &'a Place) -> Self {
        let in_use = fund.with(place, |purse| {
            purse.is_asking = true;
            InUse { held: purse.held, unsaved: purse.unsaved }
        });
        Self { fund, place, in_use, is_over: false }
    }

    /// A lease was brought; `amount` is held, unless something stands in its way.
    pub(super) fn answered(mut self, amount: i64, grant: Grant, now: Timestamp) {
        self.end(|purse| {
            purse.leased = grant.leased;
            purse.expires_at = grant.expires_at;
            purse.seen = (grant.spent, grant.others);
            purse.blind = 0;
            let refused = Some((amount, now.as_microsecond()));
            match grant.obstacle {
                None => {
                    purse.held += amount;
                    purse.refused = Refused::default();
                }
                // Whoever asks for nothing is refused nothing.
                Some(_) if amount == 0 => {}
                Some(Obstacle::Holds) => purse.refused.for_holds = refused,
                Some(Obstacle::Spending) => purse.refused.for_spending = refused,
            }
        });
    }

    /// The lease went back.
    pub(super) fn gave_back(mut self) {
        self.end(|purse| {
            purse.leased = 0;
            purse.expires_at = 0;
        });
    }

    /// Nobody was asked after all: the lease stays as it is.
    pub(super) fn call_off(mut self) {
        self.end(|_| ());
    }

    fn end(&mut self, change: impl FnOnce(&mut Purse)) {
        self.is_over = true;
        self.fund.with(self.place, |purse| {
            purse.is_asking = false;
            change(purse);
        });
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.end(|purse| {
                purse.leased = purse.held + purse.unsaved;
                purse.expires_at = 0;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// A budget of a thousand tokens. A hundred of them are leased here, and ten of those are held.
    fn fund() -> (Fund, Place) {
        let budget =
            json!({"name": "all", "scope": "whole", "period": "month", "limit_tokens": 1_000});
        let fund = Fund::new(serde_json::from_value(budget).unwrap());
        let place = Place { id: String::new(), starts_at: NOW };
        let (leased, expires_at) = (100, 30_000_000);
        let grant = Grant { leased, obstacle: None, spent: 0, others: 0, expires_at };
        Asking::begin(&fund, &place).answered(10, grant, NOW);
        (fund, place)
    }

    #[test]
    fn nobody_takes_from_a_lease_that_was_asked_about_without_an_answer() {
        let (fund, place) = fund();
        drop(Asking::begin(&fund, &place));
        assert_eq!(fund.hold(&place, 1, NOW), Try::Short);
        // What comes back of it is asked for anew, too.
        fund.release(&place, 10);
        assert_eq!(fund.hold(&place, 1, NOW), Try::Short);
    }

    #[test]
    fn what_is_in_use_of_a_lease_is_in_use_without_an_answer_too() {
        let (fund, place) = fund();
        drop(Asking::begin(&fund, &place));
        let over = fund.over(&place, 1_000, Obstacle::Holds);
        assert_eq!((over.held, over.in_flight), (fund.budget.amount(10), fund.budget.amount(10)));
    }

    #[test]
    fn without_an_answer_a_twentieth_of_the_limit_is_held_and_no_more() {
        let (fund, place) = fund();
        drop(Asking::begin(&fund, &place));
        assert!(fund.hold_blindly(&place, 50));
        assert!(!fund.hold_blindly(&place, 1));
    }

    #[test]
    fn a_lease_that_nobody_was_asked_about_after_all_stays_as_it_is() {
        let (fund, place) = fund();
        Asking::begin(&fund, &place).call_off();
        assert_eq!(fund.hold(&place, 90, NOW), Try::Held);
    }

    #[test]
    fn a_refusal_is_repeated_with_its_own_reason() {
        let (fund, place) = fund();
        let grant = |obstacle| Grant {
            leased: 10,
            obstacle: Some(obstacle),
            spent: 600,
            others: 390,
            expires_at: 30_000_000,
        };
        Asking::begin(&fund, &place).answered(300, grant(Obstacle::Holds), NOW);
        assert_eq!(fund.hold(&place, 299, NOW), Try::Short);
        assert_eq!(fund.hold(&place, 400, NOW), Try::Over(Obstacle::Holds));
        assert_eq!(fund.hold(&place, 401, NOW), Try::Short, "600 are spent");
        Asking::begin(&fund, &place).answered(401, grant(Obstacle::Spending), NOW);
        assert_eq!(fund.hold(&place, 401, NOW), Try::Over(Obstacle::Spending));
        assert_eq!(fund.hold(&place, 400, NOW), Try::Over(Obstacle::Holds));
    }

    #[test]
    fn whoever_renews_a_lease_is_refused_nothing() {
        let (fund, place) = fund();
        let (leased, expires_at) = (10, 30_000_000);
        let obstacle = Some(Obstacle::Spending);
        let grant = Grant { leased, obstacle, spent: 1_000, others: 0, expires_at };
        Asking::begin(&fund, &place).answered(0, grant, NOW);
        assert_eq!(fund.hold(&place, 1, NOW), Try::Short);
    }
}
