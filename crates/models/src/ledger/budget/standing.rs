//! How budgets stand: for those who look, and for answers that say how far one has come.

use base::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Db, Error};

use super::{Amount, Budget, Budgets, lease, table};
use crate::ledger::spent;

/// The most ids of one budget that are shown: those that spent the most.
const SHOWN_MAX: u32 = 200;

/// How one budget stands for one of those it limits.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Standing {
    /// The budget.
    pub budget: Budget,
    /// Whose: a tenant, a key, a task; empty for the whole.
    pub id: String,
    /// When the period began.
    pub starts_at: Timestamp,
    /// When the next one begins.
    pub resets_at: Timestamp,
    /// What was spent in it.
    pub spent: Amount,
    /// What replicas hold of it beyond that.
    pub leased: Amount,
    /// What may be spent.
    pub limit: Amount,
    /// What was spent of what may be spent: 1 is all of it.
    pub used_ratio: f64,
    /// Held by this replica for requests under way. The budget can be passed by what such requests
    /// cost beyond what is held for them, and by no more.
    pub in_flight: Amount,
}

impl Budgets {
    /// How the budgets stand in the periods that this moment is in, those used the most first.
    pub async fn standings(&self, now: Timestamp) -> Result<Vec<Standing>, Error> {
        let budgets: Vec<Budget> = self.funds().iter().map(|it| it.budget.clone()).collect();
        let here = self.clone();
        let mut all = self
            .store()
            .read(move |db| {
                let mut all = Vec::new();
                for budget in budgets {
                    all.extend(of(db, &here, &budget, now)?);
                }
                Ok::<_, Error>(all)
            })
            .await?;
        all.sort_by(|a, b| {
            b.used_ratio.total_cmp(&a.used_ratio).then_with(|| a.budget.name.cmp(&b.budget.name))
        });
        Ok(all)
    }
}

fn of(db: &Db, here: &Budgets, budget: &Budget, now: Timestamp) -> Result<Vec<Standing>, Error> {
    let starts_at = budget.period.starts_at(now);
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (pot, spend) in spent::spenders(db, budget.scope, budget.period, now, SHOWN_MAX)? {
        if budget.is_of(&pot.id) {
            sums.entry(pot.id).or_default().0 = budget.unit(spend);
        }
    }
    for (id, leased) in lease::all(db, &budget.name, starts_at, now)? {
        sums.entry(id).or_default().1 = leased;
    }
    // One that nothing was spent of is shown too, when it is known whose it is.
    if let Some(id) = match budget.scope {
        spent::Scope::Whole => Some(String::new()),
        _ => budget.matches.clone(),
    } {
        sums.entry(id).or_default();
    }
    let limit = budget.limit();
    let standing = |(id, (spent, leased)): (String, (i64, i64))| Standing {
        starts_at,
        resets_at: budget.period.ends_at(now),
        spent: budget.amount(spent),
        leased: budget.amount(leased),
        limit: budget.amount(limit),
        used_ratio: spent as f64 / limit.max(1) as f64,
        in_flight: budget.amount(here.in_flight(&budget.name, &id, now)),
        budget: budget.clone(),
        id,
    };
    Ok(sums.into_iter().map(standing).collect())
}

/// The budgets that hold, from the settings and the table.
pub fn budgets(db: &Db, settings: &[Budget]) -> Result<Vec<Budget>, Error> {
    Ok(table::merged(settings, table::list(db)?))
}
