//! Budgets: how much may be spent on models by whom, and how far that has come.
//!
//! Who belongs to one tenant among several sees what that tenant may spend and nothing of others, and
//! changes nothing: a budget binds those it is given to.

use base::{Permission, TenantId, Timestamp};
use identity::Refused;
use models::{
    ledger::{
        budget::{AtLimit, Budget, Standing, event},
        period::Period,
        spent::Scope,
    },
    money::NanoUsd,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::{Fault, Problem},
};

pub(super) fn all() -> Vec<Operation> {
    let (read, manage) = (Permission::ReadUsage, Permission::ManageModels);
    vec![
        Operation::new(
            "budgets.list",
            read,
            Kind::One,
            "Budgets",
            "Shows how the budgets stand, those used the most first.",
            list,
        ),
        Operation::new(
            "budgets.set",
            manage,
            Kind::One,
            "BudgetSet",
            "Sets a budget, new or in place of the one of this name. It holds at once.",
            set,
        ),
        Operation::new(
            "budgets.remove",
            manage,
            Kind::Empty,
            "",
            "Takes a budget away that was set; one of this name in the settings holds again.",
            remove,
        ),
        Operation::new(
            "budgets.events",
            read,
            Kind::One,
            "BudgetEvents",
            "Lists the budgets that came to their warning or their end, the newest first.",
            events,
        ),
    ]
}

/// What happened in this time is told when nobody says since when.
const EVENTS_DAYS: i64 = 31;

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let (budgets, now) = (call.app.models.budgets(), call.now());
    let standings = match one_of_several(&call) {
        Some(tenant) => budgets.standings_of(tenant, now).await?,
        None => budgets.standings(now).await?,
    };
    let shown: Vec<Json> = standings.iter().map(Standing::shown).collect();
    Ok(Answer::one(json!({"budgets": shown})))
}

#[derive(Deserialize, JsonSchema)]
struct Set {
    /// What it is called.
    #[schemars(length(max = 100))]
    budget: String,
    /// Whose spending counts: `whole`, or each tenant's, key's or task's by itself.
    scope: Scope,
    /// Only this tenant, key or task; each one, with a limit of its own, when left out.
    #[serde(rename = "match")]
    #[schemars(length(max = 200))]
    matches: Option<String>,
    /// What it lasts for, in UTC.
    period: Period,
    /// The most dollars. Give this or `limit_tokens`.
    limit_usd: Option<f64>,
    /// The most tokens of questions and answers.
    #[schemars(range(min = 1, max = 1_000_000_000_000_000_i64))]
    limit_tokens: Option<u64>,
    /// The share of the limit at which there is a warning; 0.8 when left out.
    warn_at: Option<f64>,
    /// What happens at the limit; requests are refused when left out.
    at_limit: Option<AtLimit>,
    /// The model that is asked instead, as `provider/model`, when `at_limit` is `downgrade`.
    #[schemars(length(max = 200))]
    downgrade_to: Option<String>,
}

async fn set(call: Call, args: Set) -> Result<Answer, Problem> {
    whole_house(&call)?;
    let budget = args.budget()?;
    let models = &call.app.models;
    let mut faults: Vec<Fault> =
        budget.check().into_iter().map(|(field, message)| fault(field, message)).collect();
    if let Some(other) = budget.downgrade_to.as_deref().filter(|_| faults.is_empty())
        && !models.has_provider_of(other)
    {
        faults.push(fault("downgrade_to", "names a provider that is not there"));
    }
    if let (Scope::Tenant, Some(id), true) = (budget.scope, &budget.matches, faults.is_empty())
        && let Ok(tenant) = id.parse::<TenantId>()
        && let Err(why) = call.app.tenants.check(&call.app.store, tenant, false, call.now()).await
    {
        if !matches!(why.status(), 404 | 410) {
            return Err(why);
        }
        faults.push(fault("match", "names a tenant that is not there"));
    }
    if !faults.is_empty() {
        return Err(Problem::faults("invalid_input", faults));
    }
    models.budgets().set(&call.caller.actor, budget.clone()).await?;
    Ok(Answer::one(budget.shown()))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// Its name.
    budget: String,
}

async fn remove(call: Call, args: One) -> Result<Answer, Problem> {
    whole_house(&call)?;
    call.app.models.budgets().remove(&call.caller.actor, &args.budget).await?;
    Ok(Answer::empty())
}

#[derive(Deserialize, JsonSchema)]
struct Events {
    /// From then on; the last 31 days when left out.
    since: Option<Timestamp>,
    /// How many; 100 when left out.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
}

async fn events(call: Call, args: Events) -> Result<Answer, Problem> {
    let month = jiff::SignedDuration::from_hours(EVENTS_DAYS * 24);
    let since = args.since.unwrap_or_else(|| call.now() - month);
    let tenant = one_of_several(&call).map(|it| it.to_string());
    let most = args.limit.unwrap_or(100);
    let read = move |db: &store::Db| event::list(db, tenant.as_deref(), since, most);
    let events: Result<_, store::Error> = call.app.store.read(read).await;
    let budgets = call.app.models.budgets().list();
    // Of a budget that is no more nobody knows what its numbers count.
    let shown = events?.into_iter().filter_map(|it| {
        let budget = budgets.iter().find(|budget| budget.name == it.budget)?;
        Some(it.shown(budget))
    });
    Ok(Answer::one(json!({"events": shown.collect::<Vec<_>>()})))
}

/// The tenant of a caller who belongs to one among several. None sees the whole house.
fn one_of_several(call: &Call) -> Option<TenantId> {
    call.caller.tenant().filter(|it| call.app.only_tenant() != Some(*it))
}

/// Budgets are given by whoever answers for all tenants.
fn whole_house(call: &Call) -> Result<(), Problem> {
    match one_of_several(call) {
        None => Ok(()),
        Some(_) => Err(Problem::from(Refused::Permission { needed: Permission::ManageModels })
            .hint("budgets bind all tenants: whoever reaches all of them sets them")),
    }
}

fn fault(field: &str, message: &str) -> Fault {
    Fault::new(format!("/{field}"), message)
}

impl Set {
    fn budget(self) -> Result<Budget, Problem> {
        let dollars = |it: f64| {
            NanoUsd::from_dollars(it).ok_or_else(|| {
                let message = "must be a number of dollars, more than nothing";
                Problem::faults("invalid_input", vec![fault("limit_usd", message)])
            })
        };
        Ok(Budget {
            name: self.budget,
            scope: self.scope,
            matches: self.matches,
            period: self.period,
            limit_usd: self.limit_usd.map(dollars).transpose()?,
            limit_tokens: self.limit_tokens,
            warn_at: self.warn_at.unwrap_or(Budget::WARN_AT),
            at_limit: self.at_limit.unwrap_or_default(),
            downgrade_to: self.downgrade_to,
        })
    }
}
