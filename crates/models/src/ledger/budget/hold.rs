//! Holding for a request before it is sent, and settling when it is known what it cost.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base::{Actor, Clock, Timestamp};
use store::Store;
use tracing::warn;

use super::{
    AtLimit, Budget, BudgetError, Charge, Fund, Subject,
    fund::{Asking, Care, Grant, Obstacle, Place, Try},
    lease::{self, Ask},
    table::{self, BudgetSetError},
};
use crate::{
    ledger::{metric, spent::Spend},
    money::NanoUsd,
};

/// The longest wait for the database. After that it counts as away.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest wait for one's turn to ask it. That many wait says nothing about the database.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a database that is away is left alone.
const AWAY_FOR: i64 = 1_000_000;

/// The budgets, as one replica holds from them. A clone is the same.
#[derive(Clone)]
pub struct Budgets(Arc<Shared>);

struct Shared {
    store: Store,
    clock: Clock,
    replica: String,
    settings: Vec<Budget>,
    funds: RwLock<Arc<[Arc<Fund>]>>,
    /// Whoever changes leases of this replica in the database, or what they are counted against.
    desk: tokio::sync::Mutex<()>,
    /// In microseconds; the database did not answer then.
    away_since: AtomicI64,
}

/// What is held for a request. Dropped, it goes back.
#[derive(Default)]
#[must_use = "what is held goes back when this is dropped"]
pub struct Hold {
    charges: Vec<Charge>,
    estimate: Spend,
}

/// What a request spent, on its way into the database.
#[derive(Default)]
pub struct Settled {
    charges: Vec<Charge>,
}

/// Which budgets are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    /// Only those that refuse at their limit.
    Refusing,
}

impl Budgets {
    /// The budgets of the settings, for the replica of this name, which no other has. Those that
    /// were set at run time come with the first [`Budgets::tend`].
    pub fn new(store: Store, clock: Clock, replica: &str, settings: Vec<Budget>) -> Self {
        let funds = settings.iter().map(|it| Arc::new(Fund::new(it.clone()))).collect();
        Self(Arc::new(Shared {
            store,
            clock,
            replica: replica.to_owned(),
            settings,
            funds: RwLock::new(funds),
            desk: tokio::sync::Mutex::default(),
            away_since: AtomicI64::new(i64::MIN / 2),
        }))
    }

    /// Holds `estimate` in every budget of the subject, or in none. Waits for the database only
    /// when a lease does not suffice.
    ///
    /// # Errors
    /// [`BudgetError::Over`] for the first budget in which it does not fit.
    pub async fn hold(&self, subject: &Subject<'_>, estimate: Spend) -> Result<Hold, BudgetError> {
        self.hold_in(Which::All, subject, estimate).await
    }

    /// Holds for a request that goes to a cheaper model, because a budget with
    /// [`super::AtLimit::Downgrade`] has no room: such budgets are not asked. What is spent counts.
    ///
    /// # Errors
    /// [`BudgetError::Over`] for the first budget that refuses at its limit and is there.
    pub async fn hold_downgraded(
        &self,
        subject: &Subject<'_>,
        estimate: Spend,
    ) -> Result<Hold, BudgetError> {
        self.hold_in(Which::Refusing, subject, estimate).await
    }

    /// Holds without waiting. None when the database must be asked first.
    pub fn hold_now(&self, subject: &Subject<'_>, estimate: Spend) -> Option<Hold> {
        let funds = self.funds();
        let now = self.0.clock.now();
        let mut hold = Hold { charges: Vec::new(), estimate };
        for fund in funds.iter() {
            let Some(place) = fund.place(subject, now) else { continue };
            let amount = wanted(fund, estimate);
            let Try::Held = fund.hold(&place, amount, now) else { return None };
            hold.charges.push(Charge { fund: fund.clone(), place, amount });
        }
        Some(hold)
    }

    async fn hold_in(
        &self,
        which: Which,
        subject: &Subject<'_>,
        estimate: Spend,
    ) -> Result<Hold, BudgetError> {
        let funds = self.funds();
        let mut hold = Hold { charges: Vec::new(), estimate };
        if funds.is_empty() {
            return Ok(hold);
        }
        let now = self.0.clock.now();
        for fund in funds.iter() {
            if which == Which::Refusing && fund.budget.at_limit == AtLimit::Downgrade {
                continue;
            }
            let Some(place) = fund.place(subject, now) else { continue };
            let amount = wanted(fund, estimate);
            if amount > fund.budget.limit() {
                // It would not fit into an empty one either: nobody has to be asked.
                return Err(over(fund, &place, amount, Obstacle::Spending));
            }
            match fund.hold(&place, amount, now) {
                Try::Held => {}
                Try::Over(obstacle) => return Err(over(fund, &place, amount, obstacle)),
                Try::Short => self.hold_at_desk(fund, &place, amount).await?,
            }
            hold.charges.push(Charge { fund: fund.clone(), place, amount });
        }
        Ok(hold)
    }

    /// The lease does not suffice: asks for another.
    async fn hold_at_desk(
        &self,
        fund: &Fund,
        place: &Place,
        amount: i64,
    ) -> Result<(), BudgetError> {
        if let Ok(_desk) = tokio::time::timeout(QUEUE_PATIENCE, self.0.desk.lock()).await {
            let now = self.0.clock.now();
            // Who was here before may have brought enough for both.
            match fund.hold(place, amount, now) {
                Try::Held => return Ok(()),
                Try::Over(obstacle) => return Err(over(fund, place, amount, obstacle)),
                Try::Short => {}
            }
            if !self.is_away(now) {
                let asking = Asking::begin(fund, place);
                let grant =
                    tokio::time::timeout(PATIENCE, self.ask(&asking, amount, true, now)).await;
                if let Ok(Some(grant)) = grant {
                    asking.answered(amount, grant, now);
                    return match grant.obstacle {
                        None => Ok(()),
                        Some(obstacle) => Err(over(fund, place, amount, obstacle)),
                    };
                }
                drop(asking);
                let now = self.0.clock.now();
                self.0.away_since.store(now.as_microsecond(), Ordering::Relaxed);
            }
        }
        if fund.hold_blindly(place, amount) {
            metric::BUDGET_BLIND.increment(&[&fund.budget.name]);
            return Ok(());
        }
        let name = fund.budget.name.clone();
        Err(BudgetError::Unknown { name, retry_after: PATIENCE })
    }

    /// Asks the database for a lease. None when it does not answer.
    async fn ask(
        &self,
        asking: &Asking<'_>,
        wants: i64,
        is_busy: bool,
        now: Timestamp,
    ) -> Option<Grant> {
        let fund = asking.fund;
        let ask = Ask {
            budget: fund.budget.clone(),
            place: asking.place.clone(),
            replica: self.0.replica.clone(),
            in_use: asking.in_use,
            wants,
            is_busy,
            now,
        };
        let taken: Result<_, store::Error> =
            self.0.store.bookkeep("model_budget_lease", move |tx| lease::take(tx, &ask)).await;
        match taken {
            Ok((grant, event)) => {
                if let Some(event) = &event {
                    fund.tell(event);
                }
                Some(grant)
            }
            Err(why) => {
                warn!(
                    budget.name = fund.budget.name,
                    error = &why as &dyn std::error::Error,
                    "Cannot ask the database for a lease of budget {}",
                    fund.budget.name,
                );
                None
            }
        }
    }

    fn is_away(&self, now: Timestamp) -> bool {
        let since = self.0.away_since.load(Ordering::Relaxed);
        (0..AWAY_FOR).contains(&now.as_microsecond().saturating_sub(since))
    }

    pub(crate) fn funds(&self) -> Arc<[Arc<Fund>]> {
        self.0.funds.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn replica(&self) -> &str {
        &self.0.replica
    }

    /// Held here now for requests of this budget under way.
    pub(crate) fn in_flight(&self, budget: &str, id: &str, now: Timestamp) -> i64 {
        let funds = self.funds();
        let fund = funds.iter().find(|it| it.budget.name == budget);
        fund.map_or(0, |it| it.in_flight(id, now))
    }

    /// Keeps everybody from changing leases of this replica for as long as it is held. Whoever
    /// writes rows holds it, so that a lease is never asked for while one moves into the sums.
    pub(crate) async fn desk(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.desk.lock().await
    }

    /// What is done every few seconds: reads the budgets that were set at run time, renews the
    /// leases in use and gives back the others. Without it leases end by themselves.
    pub async fn tend(&self) -> Result<(), store::Error> {
        self.reload().await?;
        let now = self.0.clock.now();
        for fund in self.funds().iter() {
            fund.turn(now);
            for (place, care) in fund.look(now) {
                if care == Care::Drop {
                    self.give_back(fund, &place).await?;
                    fund.drop_purse(&place);
                    continue;
                }
                let _desk = self.0.desk.lock().await;
                let asking = Asking::begin(fund, &place);
                let grant = self.ask(&asking, 0, care == Care::Renew, now).await;
                if let Some(grant) = grant {
                    asking.answered(0, grant, now);
                    fund.show(&place, grant.spent, now);
                }
            }
        }
        self.0.store.bookkeep("model_budget_lease", move |tx| lease::sweep(tx, now)).await
    }

    /// Gives back all leases that nothing is held of. Whoever holds again takes a new one.
    pub(crate) async fn give_back_all(&self) -> Result<(), store::Error> {
        for fund in self.funds().iter() {
            for place in fund.places() {
                self.give_back(fund, &place).await?;
            }
        }
        Ok(())
    }

    /// Gives a lease back, unless something is held of it or on its way into the database.
    async fn give_back(&self, fund: &Fund, place: &Place) -> Result<(), store::Error> {
        let _desk = self.0.desk.lock().await;
        // From here on nobody holds from it.
        let asking = Asking::begin(fund, place);
        if asking.in_use.all() > 0 {
            asking.call_off();
            return Ok(());
        }
        let (name, at, replica) = (fund.budget.name.clone(), place.clone(), self.0.replica.clone());
        let give_back = move |tx: &_| lease::give_back(tx, &name, &at, &replica);
        self.0.store.bookkeep("model_budget_lease", give_back).await?;
        asking.gave_back();
        Ok(())
    }

    /// Sets a budget, new or in place of the one of this name. It holds here when this returns, and
    /// on other replicas within seconds.
    ///
    /// # Errors
    /// When it cannot work, or the database refuses.
    pub async fn set(&self, actor: &Actor, budget: Budget) -> Result<(), BudgetSetError> {
        let now = self.0.clock.now();
        self.0.store.write(actor, now, move |tx| table::set(tx, &budget)).await?;
        Ok(self.reload().await?)
    }

    /// Takes a budget away that was set at run time, as [`Budgets::set`] sets it.
    ///
    /// # Errors
    /// When none of this name was set, or the database refuses.
    pub async fn remove(&self, actor: &Actor, name: &str) -> Result<(), BudgetSetError> {
        let (now, name) = (self.0.clock.now(), name.to_owned());
        self.0.store.write(actor, now, move |tx| table::remove(tx, &name)).await?;
        Ok(self.reload().await?)
    }

    /// The budgets that hold, as they were last read.
    pub fn list(&self) -> Vec<Budget> {
        self.funds().iter().map(|it| it.budget.clone()).collect()
    }

    /// Reads the budgets that were set at run time.
    pub async fn reload(&self) -> Result<(), store::Error> {
        let set = self.0.store.read(table::list).await?;
        let mut funds = self.0.funds.write().unwrap_or_else(PoisonError::into_inner);
        let wanted = table::merged(&self.0.settings, set);
        let known = |it: &Budget| funds.iter().find(|fund| fund.budget == *it).cloned();
        let next: Vec<Arc<Fund>> = wanted
            .into_iter()
            .map(|it| known(&it).unwrap_or_else(|| Arc::new(Fund::new(it))))
            .collect();
        *funds = next.into();
        Ok(())
    }
}

/// What is held for a request in a budget. Something at least: a budget that is used up refuses
/// those whose cost nobody knows, too.
fn wanted(fund: &Fund, estimate: Spend) -> i64 {
    fund.budget.unit(estimate).max(1)
}

fn over(fund: &Fund, place: &Place, wanted: i64, obstacle: Obstacle) -> BudgetError {
    metric::BUDGET_REFUSED.increment(&[&fund.budget.name]);
    BudgetError::Over(Box::new(fund.over(place, wanted, obstacle)))
}

impl Hold {
    /// What was held.
    pub fn estimate(&self) -> Spend {
        self.estimate
    }

    /// Is anything held? Not when no budget looks at the request.
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty()
    }

    /// What was held, as a row of the ledger says it.
    pub(crate) fn noted(&self) -> Option<NanoUsd> {
        (!self.is_empty()).then_some(self.estimate.cost)
    }

    /// The request is over, and this is what it spent. It counts from now on; what was held beyond
    /// it is free again.
    pub fn settle(mut self, actual: Spend) -> Settled {
        let charges = std::mem::take(&mut self.charges).into_iter();
        let settle = |it: Charge| {
            let spent = it.fund.budget.unit(actual);
            it.settle(spent)
        };
        Settled { charges: charges.map(settle).collect() }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.charges.iter().for_each(Charge::release);
    }
}

impl Settled {
    pub(crate) fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// Its row is in the database.
    pub(crate) fn saved(mut self) {
        std::mem::take(&mut self.charges).iter().for_each(Charge::saved);
    }
}

/// A row that never came into the database is not counted there, and here no more.
impl Drop for Settled {
    fn drop(&mut self) {
        self.charges.iter().for_each(Charge::lost);
    }
}
