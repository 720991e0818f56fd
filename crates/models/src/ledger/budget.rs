//! Budgets: how much may be spent by whom, by day or month, and what happens then.
//!
//! A request is *held* for before it is sent, at its estimate, and *settled* when it is known what
//! it cost. Each replica of the server takes a *lease* of a budget from the database and holds from
//! it in memory; what it spends moves from its lease into the sum of what was spent, in the
//! transaction that writes the rows of the ledger. So, over all replicas and at every moment,
//! spent + leased ≤ limit, but for what requests under way cost beyond what was held for them:
//! [`OverBudget::in_flight`] and [`Standing::in_flight`] say how much is held for such requests, and
//! a budget is never passed by more than these cost beyond that. A request whose cost nobody knows
//! counts as what was held for it, which is nothing where the model has no price, and its tokens as
//! tokens.
//!
//! What does not fit beside what was spent finds the budget *used up*, until its period ends; that
//! is told once ([`event`]), as far as so much is spent as a warning is wanted for. What would fit
//! beside it, but not beside what is held, is refused for a moment, and nothing is told.
//!
//! Leases are a twentieth of the limit at most, and an eighth of what is left when that is less, so
//! that they shrink as the limit comes near. A lease that is not renewed, because its replica was
//! killed, comes back by itself after half a minute, or as soon as its journal is replayed.
//!
//! While the database is away a replica spends its lease for as long as that suffices, and then up
//! to a twentieth of the limit more: beyond that it answers [`BudgetError::Unknown`]. A lease that it
//! asked about without an answer is not spent from, since the database may have changed it. The
//! clocks of replicas may differ by five seconds.
//!
//! Start at [`Budgets::hold`]; [`Budget`] is what is configured, [`table`] what was set at run time.

pub mod event;
mod fund;
mod hold;
mod lease;
pub mod standing;
pub mod table;

use std::{fmt, time::Duration};

use base::{AppKeyId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

pub use event::Event;
pub use hold::{Budgets, Hold, Settled};
pub use standing::Standing;

pub(crate) use event::warn_of;
pub(crate) use fund::{Charge, Fund};
pub(crate) use lease::{give_back_all, shrink};

use super::{
    period::Period,
    spent::{Scope, Spend},
};
use crate::{money::NanoUsd, settings::ModelRef};

/// When to come back to a budget that is only held. A refusal is repeated from memory for one
/// second, and most requests under way take some.
const HELD_WAIT: Duration = Duration::from_secs(2);

/// How much may be spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// What it is called. A budget that was set at run time replaces one of the same name here.
    pub name: String,
    /// Whose spending counts: `whole`, or each tenant's, key's or task's by itself.
    pub scope: Scope,
    /// Only this tenant, key or task. Default: each one, with a limit of its own.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// What it lasts for, in UTC.
    pub period: Period,
    /// The most dollars. Give this or `limit_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_usd: Option<NanoUsd>,
    /// The most tokens of questions and answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_tokens: Option<u64>,
    /// The share of the limit at which there is a warning, once in a period.
    #[serde(default = "warn_at")]
    pub warn_at: f64,
    /// What happens at the limit.
    #[serde(default)]
    pub at_limit: AtLimit,
    /// The model that is asked instead, as `provider/model`, when `at_limit` is `downgrade`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downgrade_to: Option<String>,
}

/// What happens when a budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AtLimit {
    /// Requests are refused.
    #[default]
    Refuse,
    /// Requests go to another model, and on beyond the limit.
    Downgrade,
}

/// Who spends.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// On whose account.
    pub tenant: TenantId,
    /// With which application key.
    pub key: Option<AppKeyId>,
    /// For which task.
    pub task: Option<&'a str>,
}

/// An amount of what a budget limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// Money.
    Usd(NanoUsd),
    /// Tokens.
    Tokens(i64),
}

/// Why nothing was held.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BudgetError {
    /// The budget is used up, or what is left of it is held.
    #[error(transparent)]
    Over(#[from] Box<OverBudget>),
    /// The database is away, and this replica has spent what it may without it.
    #[error(
        "nobody knows what is left of the budget `{name}`, because the database does not answer"
    )]
    Unknown {
        /// Which.
        name: String,
        /// When to try again.
        retry_after: Duration,
    },
}

/// A budget that is used up, or in which a request does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct OverBudget {
    /// Which.
    pub name: String,
    /// Whose: a tenant, a key, a task; empty for the whole.
    pub id: String,
    /// Others than the tenant who asked spend from it, too. What they did is told to nobody by its
    /// words, and neither is how much all of them may.
    pub is_shared: bool,
    /// It is no budget but what one request may cost; another model may be cheaper.
    pub is_of_one_request: bool,
    /// The request would fit beside what was spent: what is left is held for requests under way, and
    /// a moment later there may be room.
    pub is_only_held: bool,
    /// How much may be spent.
    pub limit: Amount,
    /// How much the request may cost.
    pub wanted: Amount,
    /// That is more than the whole limit: waiting does not help, a smaller request does.
    pub is_hopeless: bool,
    /// How much was.
    pub spent: Amount,
    /// How much is held or leased, by all replicas.
    pub held: Amount,
    /// Of that, what is held here for requests under way. The budget can be passed by what these
    /// cost beyond it, and by no more.
    pub in_flight: Amount,
    /// When a new period begins.
    pub resets_at: Timestamp,
    /// The model to ask instead: hold with [`Budgets::hold_downgraded`] then.
    pub downgrade_to: Option<ModelRef>,
}

impl OverBudget {
    /// Of a request that may cost more than the settings let one request cost.
    pub(crate) fn of_one_request(limit: NanoUsd, wanted: NanoUsd, now: Timestamp) -> Self {
        let nothing = Amount::Usd(NanoUsd::ZERO);
        Self {
            name: "request_limit_usd".into(),
            id: String::new(),
            is_shared: false,
            is_of_one_request: true,
            is_only_held: false,
            limit: Amount::Usd(limit),
            wanted: Amount::Usd(wanted),
            is_hopeless: true,
            spent: nothing,
            held: nothing,
            in_flight: nothing,
            resets_at: now,
            downgrade_to: None,
        }
    }
}

impl std::error::Error for OverBudget {}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, limit, wanted, spent, held, resets_at, .. } = self;
        if self.is_hopeless && self.is_shared {
            return write!(
                f,
                "the request may cost {wanted}, which is more than the whole budget `{name}`; ask \
                 for a shorter answer"
            );
        }
        if self.is_only_held && self.is_shared {
            return write!(
                f,
                "what is left of the budget `{name}` is held by requests under way; try again in a \
                 moment"
            );
        }
        if self.is_only_held {
            return write!(
                f,
                "what is left of the budget `{name}` of {limit} is held by requests under way: \
                 {spent} spent, {held} held; try again in a moment"
            );
        }
        if self.is_shared {
            return write!(f, "the budget `{name}` is used up; it resets at {resets_at:.0}");
        }
        if self.is_hopeless {
            return write!(
                f,
                "the request may cost {wanted}, which is more than the whole budget `{name}` of \
                 {limit}; ask for a shorter answer"
            );
        }
        write!(
            f,
            "the budget `{name}` of {limit} is used up: {spent} spent, {held} held; it resets at \
             {resets_at:.0}"
        )
    }
}

fn warn_at() -> f64 {
    Budget::WARN_AT
}

impl Budget {
    /// The share of the limit at which there is a warning, when nobody says another.
    pub const WARN_AT: f64 = 0.8;

    /// Is so much spent as a warning is wanted for?
    fn is_near(&self, spent: i64) -> bool {
        spent as f64 / self.limit().max(1) as f64 >= self.warn_at
    }

    /// With all its fields, as it is shown.
    pub fn shown(&self) -> Json {
        json!({
            "name": self.name,
            "scope": self.scope,
            "match": self.matches,
            "period": self.period,
            "limit_usd": self.limit_usd,
            "limit_tokens": self.limit_tokens,
            "warn_at": self.warn_at,
            "at_limit": self.at_limit,
            "downgrade_to": self.downgrade_to,
        })
    }

    /// The word for what it limits.
    pub fn unit_name(&self) -> &'static str {
        if self.is_of_money() { "usd" } else { "tokens" }
    }

    /// What cannot work about it: field and message with the way out.
    pub fn check(&self) -> Vec<(&'static str, &'static str)> {
        let mut findings = Vec::new();
        if self.name.is_empty() || self.name.len() > 100 || self.name.contains('\0') {
            findings.push(("name", "must have 1 to 100 characters"));
        }
        match (self.limit_usd, self.limit_tokens) {
            (None, None) => {
                findings.push(("limit_usd", "is missing: how much may be spent?"));
            }
            (Some(_), Some(_)) => {
                findings.push(("limit_tokens", "stands beside `limit_usd`; make two budgets"));
            }
            (Some(NanoUsd(..=0)), None) => {
                findings.push(("limit_usd", "must be more than nothing"));
            }
            (None, Some(0)) => {
                findings.push(("limit_tokens", "must be at least 1"));
            }
            _ => {}
        }
        if self.scope == Scope::Whole && self.matches.is_some() {
            findings.push(("match", "has no meaning for the whole; choose another `scope`"));
        }
        let is_text_of = |id: Option<String>| id == self.matches;
        let is_nobody = match (self.scope, self.matches.as_deref()) {
            (Scope::Tenant, Some(it)) => {
                !is_text_of(it.parse::<TenantId>().ok().map(|it| it.to_string()))
            }
            (Scope::Key, Some(it)) => {
                !is_text_of(it.parse::<AppKeyId>().ok().map(|it| it.to_string()))
            }
            (_, Some(it)) => it.is_empty(),
            (_, None) => false,
        };
        if is_nobody && self.scope != Scope::Whole {
            findings.push(("match", "must be the id of a tenant or key, or the name of a task"));
        }
        if !(self.warn_at > 0.0 && self.warn_at <= 1.0) {
            findings.push(("warn_at", "must be above 0 and at most 1, for example 0.8"));
        }
        match (self.at_limit, self.downgrade_to.as_deref()) {
            (AtLimit::Downgrade, None) => {
                findings.push(("downgrade_to", "is missing: which model is asked instead?"));
            }
            (AtLimit::Downgrade, Some(it)) if ModelRef::parse(it).is_none() => {
                findings.push(("downgrade_to", "is not `provider/model`"));
            }
            (AtLimit::Refuse, Some(_)) => {
                findings.push(("downgrade_to", "needs `at_limit: downgrade`"));
            }
            _ => {}
        }
        findings
    }

    /// The id that a subject spends under in this budget; none when it is not its.
    pub(crate) fn id_of(&self, subject: &Subject<'_>) -> Option<String> {
        let id = match self.scope {
            Scope::Whole => return Some(String::new()),
            Scope::Tenant => subject.tenant.to_string(),
            Scope::Key => subject.key?.to_string(),
            Scope::Task => subject.task?.to_owned(),
        };
        self.is_of(&id).then_some(id)
    }

    /// Does it limit this tenant, key or task?
    pub(crate) fn is_of(&self, id: &str) -> bool {
        self.matches.as_deref().is_none_or(|it| it == id)
    }

    /// Do several tenants spend from one and the same of it?
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.scope, Scope::Whole | Scope::Task)
    }

    /// The limit as a number of its unit.
    pub(crate) fn limit(&self) -> i64 {
        match (self.limit_usd, self.limit_tokens) {
            (Some(limit), _) => limit.0,
            (None, limit) => i64::try_from(limit.unwrap_or(0)).unwrap_or(i64::MAX),
        }
    }

    /// Does it limit money?
    pub(crate) fn is_of_money(&self) -> bool {
        self.limit_usd.is_some()
    }

    /// What it limits, of something spent.
    pub(crate) fn unit(&self, spend: Spend) -> i64 {
        if self.is_of_money() {
            spend.cost.0
        } else {
            i64::try_from(spend.tokens).unwrap_or(i64::MAX)
        }
    }

    /// A number of its unit.
    pub(crate) fn amount(&self, number: i64) -> Amount {
        if self.is_of_money() { Amount::Usd(NanoUsd(number)) } else { Amount::Tokens(number) }
    }
}

impl Amount {
    /// As a number: of dollars, or of tokens.
    pub fn number(self) -> Json {
        match self {
            Self::Usd(amount) => amount.dollars().into(),
            Self::Tokens(count) => count.into(),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usd(amount) => amount.micros().fmt(f),
            Self::Tokens(1) => f.write_str("1 token"),
            Self::Tokens(count) => write!(f, "{count} tokens"),
        }
    }
}

impl BudgetError {
    /// When to try again, as far as it is known.
    pub fn retry_after(&self, now: Timestamp) -> Duration {
        match self {
            Self::Over(over) if over.is_only_held => HELD_WAIT,
            Self::Over(over) => {
                Duration::try_from(over.resets_at.duration_since(now)).unwrap_or_default()
            }
            Self::Unknown { retry_after, .. } => *retry_after,
        }
    }
}

#[cfg(test)]
#[path = "budget/tests.rs"]
mod spending;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn good() -> Json {
        json!({"name": "all", "scope": "whole", "period": "month", "limit_usd": 100.0})
    }

    fn with(changes: Json) -> Budget {
        let mut all = good();
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[rstest]
    #[case(json!({}), "")]
    #[case(json!({"name": ""}), "name")]
    #[case(json!({"limit_usd": null}), "limit_usd")]
    #[case(json!({"limit_usd": 0}), "limit_usd")]
    #[case(json!({"limit_usd": null, "limit_tokens": 0}), "limit_tokens")]
    #[case(json!({"limit_tokens": 5}), "limit_tokens")]
    #[case(json!({"match": "x"}), "match")]
    #[case(json!({"scope": "tenant", "match": "acme"}), "match")]
    #[case(json!({"scope": "key", "match": "key_1"}), "match")]
    #[case(json!({"scope": "task", "match": "sort"}), "")]
    #[case(json!({"warn_at": 1.5}), "warn_at")]
    #[case(json!({"warn_at": 0}), "warn_at")]
    #[case(json!({"at_limit": "downgrade"}), "downgrade_to")]
    #[case(json!({"at_limit": "downgrade", "downgrade_to": "small"}), "downgrade_to")]
    #[case(json!({"at_limit": "downgrade", "downgrade_to": "local/small"}), "")]
    #[case(json!({"downgrade_to": "local/small"}), "downgrade_to")]
    fn what_cannot_work_is_found(#[case] changes: Json, #[case] expected: &str) {
        let found: Vec<_> = with(changes).check().into_iter().map(|it| it.0).collect();
        assert_eq!(found.join(","), expected);
    }

    #[test]
    fn a_budget_limits_those_it_names() {
        let (tenant, other) = (TenantId::generate(), TenantId::generate());
        let subject = Subject { tenant, key: None, task: Some("sort") };
        let id = |changes| with(changes).id_of(&subject);
        assert_eq!(id(json!({})), Some(String::new()));
        assert_eq!(id(json!({"scope": "tenant"})), Some(tenant.to_string()));
        assert_eq!(id(json!({"scope": "tenant", "match": tenant})), Some(tenant.to_string()));
        assert_eq!(id(json!({"scope": "tenant", "match": other})), None);
        assert_eq!(id(json!({"scope": "key"})), None);
        assert_eq!(id(json!({"scope": "task", "match": "sort"})), Some("sort".into()));
    }

    #[test]
    fn a_budget_warns_at_four_fifths_unless_told_otherwise() {
        assert_eq!(with(json!({})).warn_at, 0.8);
        assert_eq!(with(json!({})).at_limit, AtLimit::Refuse);
    }
}
