//! The usage ledger as it is read: one row for each attempt to use a model, answered or not.
//!
//! A row is written once and never changed; [`crate::ledger`] writes it. Start at [`list`] and
//! [`summary`].

mod list;
mod row;
mod summary;

use std::{fmt, str::FromStr};

use base::{AppKeyId, JobId, TenantId, Timestamp, UsageId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Error, Tx, params};

use crate::{Cost, Usage, ledger::spent, limit, money::NanoUsd};
pub use list::{Filter, count, list};
pub(crate) use row::{TOKENS_MAX, insert_missing};
pub use summary::{GroupBy, Part, Summary, Sums, renamed, summary};

/// One attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which.
    pub id: UsageId,
    /// The same for all attempts of one question.
    pub asked: UsageId,
    /// On whose account.
    pub tenant: TenantId,
    /// The job that asked, when one did.
    pub job: Option<JobId>,
    /// Who asked, when that is known.
    pub caller: Option<String>,
    /// The application key that was asked with, when one was.
    pub key: Option<AppKeyId>,
    /// What it was for.
    pub operation: String,
    /// The task of the application that it belongs to, when it does.
    pub task: Option<String>,
    /// Its place in the queue, when it had one.
    pub priority: Option<limit::Priority>,
    /// Who was asked.
    pub provider: String,
    /// The model, by the provider's name for it.
    pub model: String,
    /// Tokens used.
    pub usage: Usage,
    /// What it cost. Unknown counts in budgets of money as what was held for it; its tokens count in
    /// those of tokens.
    pub cost: Cost,
    /// By which version of the prices; none when the cost is unknown.
    pub prices: Option<String>,
    /// What was held for it in budgets before it began, when something was.
    pub held: Option<NanoUsd>,
    /// An answer from the cache: no provider was asked.
    pub from_cache: bool,
    /// How long it took.
    pub latency_ms: u64,
    /// How long until the first piece of the answer, when it came in pieces.
    pub ttft_ms: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// When it began.
    pub at: Timestamp,
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in the table, in metrics and in answers.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().copied().find(|it| it.name() == text);
                found.ok_or_else(|| format!("`{text}` is none of {}", [$($text),*].join(", ")))
            }
        }
    };
}

pub(crate) use names;

names! {
    /// How an attempt ended.
    Outcome {
        /// With an answer that was used.
        Ok = "ok",
        /// With an answer that could not be used.
        Invalid = "invalid",
        /// The provider wants fewer requests.
        RateLimited = "rate_limited",
        /// The provider refused this request.
        Refused = "refused",
        /// The provider failed by itself.
        Unavailable = "unavailable",
        /// Too late.
        Timeout = "timeout",
        /// The connection died.
        HungUp = "hung_up",
        /// Not in the dialect, or too long.
        Unreadable = "unreadable",
        /// We gave up waiting: whoever asked was gone.
        Abandoned = "abandoned",
    }
}

const ERASE: &str = "DELETE FROM model_usage WHERE tenant = $1";

/// Forgets everything a tenant used: part of erasing the tenant, whose audit row covers it. What it
/// spent stays counted in budgets that are not its own, because it was spent.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<u64, Error> {
    spent::forget_tenant(tx, tenant)?;
    tx.execute(ERASE, &params![tenant])
}

const SWEEP: &str = "DELETE FROM model_usage WHERE at < $1";

/// Forgets what is older than `before`. Budgets whose period goes on keep their count.
pub fn sweep(tx: &Tx, before: Timestamp) -> Result<u64, Error> {
    spent::forget_before(tx, before)?;
    tx.execute(SWEEP, &params![before])
}
