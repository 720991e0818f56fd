//! How much may be asked by the minute and at once, of each provider and model, by each tenant and
//! key; and where those wait that come too soon.
//!
//! A request reserves an estimate of its tokens when it enters, and corrects it when it is known what
//! it used. In any sixty seconds no more requests pass a limit, and no more tokens are reserved, than
//! it says; one that wants more tokens than there are in a minute takes them all. Who does not fit
//! waits in a queue, as long as it has room and the wait is not hopeless; otherwise the answer is
//! [`Overloaded`] with the time after which it would fit: exact for what is counted by the minute,
//! and for places the time that others kept theirs lately. Limits are those of this process: with
//! several replicas each has its own.
//!
//! One tenant has no more than its share of the queue, so that others find room there whatever it
//! does; who comes last among its own is refused then.
//!
//! In the queue `high` goes before `normal` before `low`, and who has waited five seconds counts as
//! one higher. Among equals the tenants take turns, each turn as large as a thousand tokens and what
//! is asked for, so that nobody's thousand requests keep out another's one. Nobody is overtaken at
//! the limit they wait for.
//!
//! Start at [`Limits::enter`].

mod gate;
mod gates;
mod line;
mod metric;
mod permit;
mod standing;
mod window;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use base::{AppKeyId, TenantId};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use permit::{Limits, Permit};
pub use standing::{QueueStanding, Standing, Use};

use crate::usage::names;

names! {
    /// How soon a request's turn comes when others wait too.
    Priority {
        /// Before the others.
        High = "high",
        /// As most.
        Normal = "normal",
        /// When there is room.
        Low = "low",
    }
}

impl Priority {
    /// In the place where nothing is said.
    pub const DEFAULT: Self = Self::Normal;
}

names! {
    /// What a limit is for each of.
    Per {
        /// Each provider, or the one named.
        Provider = "provider",
        /// Each model, by `provider/model`, or those named.
        Model = "model",
        /// Each tenant, or the one named.
        Tenant = "tenant",
        /// Each application key, or the one named.
        Key = "key",
    }
}

/// How much may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// What it is for each of.
    pub per: Per,
    /// Only this provider, model (`provider/model`), tenant or key; a `*` at the end stands for any
    /// rest. The most exact limit counts, and no other of its kind. Default: each one.
    #[serde(default, rename = "match")]
    pub matches: Option<String>,
    /// The most requests in any sixty seconds.
    #[serde(default)]
    pub requests_per_minute: Option<u64>,
    /// The most tokens of questions and answers in any sixty seconds.
    #[serde(default)]
    pub tokens_per_minute: Option<u64>,
    /// The most requests at once.
    #[serde(default)]
    pub concurrency: Option<u32>,
}

/// Of the queue, for one tenant of several.
const TENANT_SHARE: f64 = 0.5;

/// Where requests wait that are over a limit.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSettings {
    /// The most that wait. Who comes last in order is refused then.
    pub depth: u32,
    /// The share of them that may be of one tenant. Of those who come last among its own is refused
    /// then. Not given: half, and all where an application has no tenants.
    pub tenant_share: Option<f64>,
    /// The longest that one waits.
    pub wait: SignedDuration,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { depth: 256, tenant_share: None, wait: SignedDuration::from_secs(30) }
    }
}

impl QueueSettings {
    /// The most requests of one tenant that wait: one at least.
    fn of_tenant(&self) -> usize {
        let share = self.tenant_share.unwrap_or(TENANT_SHARE);
        ((f64::from(self.depth) * share).ceil() as usize).max(1)
    }
}

/// Who asks for what, as far as limits look at it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Whose turn it is in the queue.
    pub tenant: TenantId,
    /// Whether the limits of this tenant and key count. Not when the same call has passed them.
    pub counts_caller: bool,
    /// With which key.
    pub key: Option<AppKeyId>,
    /// The provider and its name for the model, once it is known who is asked.
    pub model: Option<(&'a str, &'a str)>,
    /// Of the tokens that it is about to use, those of the answer: some providers count them apart.
    pub answer_tokens: u64,
}

/// Too many ask at this moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("too many requests: {limit} is reached{}", waiting(*of_tenant))]
pub struct Overloaded {
    /// After this time a request like this one fits, if no other comes before it.
    pub retry_after: Duration,
    /// How many of the same tenant wait. How many others do is not theirs to know.
    pub of_tenant: usize,
    /// Which limit: `tokens_per_minute of tenant …`.
    pub limit: LimitName,
}

/// What is limited, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LimitName {
    /// What.
    pub kind: LimitKind,
    /// Whose.
    pub per: Per,
    /// The provider, model, tenant or key.
    pub id: Arc<str>,
}

names! {
    /// What is limited.
    LimitKind {
        /// Requests in sixty seconds.
        Requests = "requests_per_minute",
        /// Tokens in sixty seconds.
        Tokens = "tokens_per_minute",
        /// Requests at once.
        Concurrency = "concurrency",
        /// What the provider itself says is left.
        Provider = "provider_rate",
    }
}

/// Some who wait, as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// Whose requests.
    pub tenant: TenantId,
    /// How soon their turn was to come.
    pub priority: Priority,
    /// How many.
    pub count: usize,
    /// The longest wait among them, in milliseconds.
    pub longest_ms: u64,
}

impl<'a> Subject<'a> {
    /// Everything at once: the caller's limits and those of the model.
    pub fn new(tenant: TenantId, key: Option<AppKeyId>, provider: &'a str, model: &'a str) -> Self {
        Self { tenant, counts_caller: true, key, model: Some((provider, model)), answer_tokens: 0 }
    }

    /// The caller's limits alone, before it is known who is asked.
    pub fn of_caller(tenant: TenantId, key: Option<AppKeyId>) -> Self {
        Self { tenant, counts_caller: true, key, model: None, answer_tokens: 0 }
    }

    /// Those of a model alone, for a call that has passed the caller's.
    pub fn of_model(tenant: TenantId, provider: &'a str, model: &'a str) -> Self {
        Self {
            tenant,
            counts_caller: false,
            key: None,
            model: Some((provider, model)),
            answer_tokens: 0,
        }
    }

    /// With so many tokens of those it is about to use for the answer.
    pub fn answering(self, answer_tokens: u64) -> Self {
        Self { answer_tokens, ..self }
    }
}

/// What is said of those who wait, as the end of a sentence.
fn waiting(of_tenant: usize) -> String {
    match of_tenant {
        0 => String::new(),
        1 => ", and one of this tenant waits already".into(),
        count => format!(", and {count} of this tenant wait already"),
    }
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {}", self.kind, self.per, self.id)
    }
}

/// What cannot work in the settings of limits: where, and the way out.
pub(crate) fn check(limits: &[LimitSettings], queue: &QueueSettings) -> Vec<(String, String)> {
    let mut findings = Vec::new();
    for (at, limit) in limits.iter().enumerate() {
        let mut say = |field: &str, message: &str| {
            findings.push((format!("limits[{at}].{field}"), message.to_owned()));
        };
        let LimitSettings { requests_per_minute, tokens_per_minute, concurrency, .. } = limit;
        if requests_per_minute.is_none() && tokens_per_minute.is_none() && concurrency.is_none() {
            say("requests_per_minute", "is missing: what is limited?");
        }
        for (field, is_nothing) in [
            ("requests_per_minute", *requests_per_minute == Some(0)),
            ("tokens_per_minute", *tokens_per_minute == Some(0)),
            ("concurrency", *concurrency == Some(0)),
        ] {
            if is_nothing {
                say(field, "must be at least 1");
            }
        }
        let is_same = |it: &LimitSettings| (it.per, &it.matches) == (limit.per, &limit.matches);
        if limits[..at].iter().any(is_same) {
            say("match", "stands in another limit already; write both as one");
        }
    }
    if queue.wait < SignedDuration::ZERO {
        findings.push(("queue.wait".into(), "must not be negative".into()));
    }
    if queue.tenant_share.is_some_and(|it| !(it > 0.0 && it <= 1.0)) {
        let message = "must be above 0 and at most 1, for example 0.5";
        findings.push(("queue.tenant_share".into(), message.into()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value as Json, json};

    use super::*;

    #[rstest]
    #[case(json!([{"per": "tenant", "requests_per_minute": 1}]), "")]
    #[case(json!([{"per": "tenant"}]), "limits[0].requests_per_minute")]
    #[case(json!([{"per": "key", "concurrency": 0}]), "limits[0].concurrency")]
    #[case(
        json!([{"per": "key", "concurrency": 1}, {"per": "key", "tokens_per_minute": 9}]),
        "limits[1].match"
    )]
    #[case(
        json!([{"per": "key", "concurrency": 1}, {"per": "key", "match": "a", "concurrency": 1}]),
        ""
    )]
    fn what_cannot_work_is_found(#[case] limits: Json, #[case] expected: &str) {
        let limits: Vec<LimitSettings> = serde_json::from_value(limits).unwrap();
        let found = check(&limits, &QueueSettings::default());
        assert_eq!(found.into_iter().map(|it| it.0).collect::<Vec<_>>().join(","), expected);
    }

    #[rstest]
    #[case(json!({}), 128, "")]
    #[case(json!({"depth": 3, "tenant_share": 1}), 3, "")]
    #[case(json!({"depth": 3}), 2, "")]
    #[case(json!({"depth": 1, "tenant_share": 0.1}), 1, "")]
    #[case(json!({"tenant_share": 0}), 1, "queue.tenant_share")]
    #[case(json!({"tenant_share": 1.1}), 282, "queue.tenant_share")]
    #[case(json!({"wait": "-1s"}), 128, "queue.wait")]
    fn a_tenant_has_a_share_of_the_queue(
        #[case] queue: Json,
        #[case] most: usize,
        #[case] expected: &str,
    ) {
        let queue: QueueSettings = serde_json::from_value(queue).unwrap();
        let found = check(&[], &queue);
        assert_eq!(queue.of_tenant(), most);
        assert_eq!(found.into_iter().map(|it| it.0).collect::<Vec<_>>().join(","), expected);
    }
}
