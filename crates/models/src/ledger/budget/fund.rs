//! What one replica has of one budget: in memory, behind one lock.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{Timestamp, clock};

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
    /// So much was refused at this time.
    refused: Option<(i64, i64)>,
    /// What was last seen in the database: spent, and leased by others.
    seen: (i64, i64),
    /// Something was held since the last look.
    is_used: bool,
}

/// What a lease brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    /// All that is leased now.
    pub(super) leased: i64,
    /// What was asked for fits.
    pub(super) is_enough: bool,
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

#[derive(Debug)]
pub(super) enum Try {
    /// It is held.
    Held,
    /// The lease does not suffice.
    Short,
    /// It was refused a moment ago.
    Over,
}

/// An amount that is held in one budget, or was spent from it.
#[derive(Clone)]
pub(crate) struct Charge {
    pub(crate) fund: Arc<Fund>,
    pub(crate) place: Place,
    pub(crate) amount: i64,
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
        let now = now.as_microsecond();
        self.with(place, |purse| {
            purse.is_used = true;
            let left = purse.leased - purse.held - purse.unsaved;
            if !purse.is_asking && now < purse.expires_at && amount <= left {
                purse.held += amount;
                return Try::Held;
            }
            let is_refused = |(at_least, at): (i64, i64)| {
                amount >= at_least && (0..REFUSED_FOR).contains(&(now - at))
            };
            if purse.refused.is_some_and(is_refused) { Try::Over } else { Try::Short }
        })
    }

    /// Begins to ask for a new lease: says what is held and spent of the old one, which nobody takes
    /// from until [`Fund::answered`].
    pub(super) fn ask(&self, place: &Place) -> i64 {
        self.with(place, |purse| {
            purse.is_asking = true;
            purse.held + purse.unsaved
        })
    }

    /// A lease was brought, or none because the database is away; holds `amount` if that suffices.
    pub(super) fn answered(
        &self,
        place: &Place,
        amount: i64,
        grant: Option<Grant>,
        now: Timestamp,
    ) -> bool {
        self.with(place, |purse| {
            purse.is_asking = false;
            let Some(grant) = grant else { return false };
            purse.leased = grant.leased;
            purse.expires_at = grant.expires_at;
            purse.seen = (grant.spent, grant.others);
            purse.blind = 0;
            if grant.is_enough {
                purse.held += amount;
                purse.refused = None;
            } else {
                purse.refused = Some((amount, now.as_microsecond()));
            }
            grant.is_enough
        })
    }

    /// The lease went back.
    pub(super) fn gave_back(&self, place: &Place) {
        self.with(place, |purse| {
            purse.is_asking = false;
            purse.leased = 0;
            purse.expires_at = 0;
        });
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
            purse.refused = None;
        });
    }

    fn settle(&self, place: &Place, held: i64, spent: i64) {
        self.with(place, |purse| {
            purse.held -= held;
            purse.unsaved += spent;
            purse.refused = None;
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

    /// The share of the limit that is spent, as far as it is known.
    pub(super) fn over(&self, place: &Place, wanted: i64) -> OverBudget {
        let (spent, others, leased, held) = self.with(place, |purse| {
            let own = purse.leased.max(purse.held + purse.unsaved);
            (purse.seen.0, purse.seen.1, own, purse.held)
        });
        let budget = &self.budget;
        OverBudget {
            name: budget.name.clone(),
            id: place.id.clone(),
            is_shared: budget.is_shared(),
            is_of_one_request: false,
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

/// Ends an asking that is given up on the way.
pub(super) struct Asking<'a> {
    pub(super) fund: &'a Fund,
    pub(super) place: &'a Place,
    pub(super) is_over: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.fund.answered(self.place, 0, None, clock::from_micros(0));
        }
    }
}
