//! How budgets stand: for those who look, and for answers that say how far one has come.

use base::{TenantId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use store::{Db, Error};

use super::{Amount, Budget, Budgets, lease, table};
use crate::ledger::spent::{self, Pot, Scope};

/// The most ids of one budget that are shown: those that spent the most.
const SHOWN_MAX: u32 = 200;

/// How one budget stands for one of those it limits. A budget of which nobody has spent anything
/// stands there once, with an empty id.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Standing {
    /// The budget.
    pub budget: Budget,
    /// It was set at run time; otherwise it is from the settings.
    pub is_set: bool,
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
        self.look(None, now).await
    }

    /// How the budgets of a tenant stand: those that each tenant has, or this one.
    pub async fn standings_of(
        &self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Vec<Standing>, Error> {
        self.look(Some(tenant.to_string()), now).await
    }

    async fn look(&self, only: Option<String>, now: Timestamp) -> Result<Vec<Standing>, Error> {
        let budgets: Vec<Budget> = self.funds().iter().map(|it| it.budget.clone()).collect();
        let here = self.clone();
        let mut all = self
            .store()
            .read(move |db| {
                let set: Vec<String> = table::list(db)?.into_iter().map(|it| it.name).collect();
                let mut all = Vec::new();
                for budget in budgets {
                    let is_set = set.contains(&budget.name);
                    let look = Look { here: &here, budget: &budget, is_set, now };
                    all.extend(look.standings(db, only.as_deref())?);
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

impl Standing {
    /// In one level, as it is shown: the budget's own fields, and numbers of its unit.
    pub fn shown(&self) -> Json {
        let mut shown = self.budget.shown();
        let own = json!({
            "id": self.id,
            "is_set": self.is_set,
            "unit": self.budget.unit_name(),
            "spent": self.spent.number(),
            "leased": self.leased.number(),
            "in_flight": self.in_flight.number(),
            "limit": self.limit.number(),
            "used_ratio": self.used_ratio,
            "starts_at": self.starts_at,
            "resets_at": self.resets_at,
        });
        if let (Json::Object(shown), Json::Object(own)) = (&mut shown, own) {
            shown.extend(own);
        }
        shown
    }
}

/// One budget that is looked at.
struct Look<'a> {
    here: &'a Budgets,
    budget: &'a Budget,
    is_set: bool,
    now: Timestamp,
}

impl Look<'_> {
    /// Of all it limits, or of the one tenant.
    fn standings(&self, db: &Db, only: Option<&str>) -> Result<Vec<Standing>, Error> {
        let Self { budget, now, .. } = *self;
        if only.is_some_and(|it| budget.scope != Scope::Tenant || !budget.is_of(it)) {
            return Ok(Vec::new());
        }
        let starts_at = budget.period.starts_at(now);
        let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        if let Some(id) = only {
            let pot =
                Pot { scope: budget.scope, id: id.to_owned(), period: budget.period, starts_at };
            sums.entry(pot.id.clone()).or_default().0 = budget.unit(spent::spent(db, &pot)?);
        } else {
            for (pot, spend) in spent::spenders(db, budget.scope, budget.period, now, SHOWN_MAX)? {
                if budget.is_of(&pot.id) {
                    sums.entry(pot.id).or_default().0 = budget.unit(spend);
                }
            }
        }
        for (id, leased) in lease::all(db, &budget.name, starts_at, now)? {
            if only.is_none_or(|it| it == id) {
                sums.entry(id).or_default().1 = leased;
            }
        }
        // One that nothing was spent of is shown too.
        match (budget.scope, &budget.matches) {
            (Scope::Whole, _) => drop(sums.entry(String::new()).or_default()),
            (_, Some(id)) => drop(sums.entry(id.clone()).or_default()),
            (_, None) if sums.is_empty() => drop(sums.entry(String::new()).or_default()),
            _ => {}
        }
        Ok(sums.into_iter().map(|(id, sums)| self.standing(id, sums)).collect())
    }

    fn standing(&self, id: String, (spent, leased): (i64, i64)) -> Standing {
        let Self { here, budget, is_set, now } = *self;
        let limit = budget.limit();
        Standing {
            is_set,
            starts_at: budget.period.starts_at(now),
            resets_at: budget.period.ends_at(now),
            spent: budget.amount(spent),
            leased: budget.amount(leased),
            limit: budget.amount(limit),
            used_ratio: spent as f64 / limit.max(1) as f64,
            in_flight: budget.amount(here.in_flight(&budget.name, &id, now)),
            budget: budget.clone(),
            id,
        }
    }
}

/// The budgets that hold, from the settings and the table.
pub fn budgets(db: &Db, settings: &[Budget]) -> Result<Vec<Budget>, Error> {
    Ok(table::merged(settings, table::list(db)?))
}
