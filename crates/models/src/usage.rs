//! The usage ledger as it is read: one row for each attempt to use a model, answered or not.
//!
//! A row is written once and never changed; [`crate::ledger`] writes it. Start at [`list`] and
//! [`summary`].

mod row;

use std::{fmt, str::FromStr};

use base::{AppKeyId, JobId, MicroUsd, Page, PageRequest, TenantId, Timestamp, UsageId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Db, Error, Row, Tx, Value, params};

use crate::{Cost, Usage, ledger::spent, limit, money::NanoUsd};

pub(crate) use row::{TOKENS_MAX, insert_missing};

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
    /// What it cost. Unknown counts as nothing in budgets of money; its tokens count in those of
    /// tokens.
    pub cost: Cost,
    /// By which version of the prices; none when the model has no price.
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

names! {
    /// What a summary is broken down by.
    GroupBy {
        /// What it was for.
        Operation = "operation",
        /// The model.
        Model = "model",
        /// The day (UTC), as `2026-11-21`.
        Day = "day",
        /// The month (UTC), as `2026-11`.
        Month = "month",
        /// The tenant.
        Tenant = "tenant",
        /// The application key; empty for what was asked without one.
        Key = "key",
        /// The task; empty for what belongs to none.
        Task = "task",
    }
}

/// Which attempts a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this tenant; none: of all.
    pub tenant: Option<TenantId>,
    /// Of this job.
    pub job: Option<JobId>,
    /// For this operation.
    pub operation: Option<String>,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub to: Option<Timestamp>,
}

/// What was used in a time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// All together.
    #[serde(flatten)]
    pub total: Sums,
    /// Each part: the most used first, or the oldest first for days and months.
    pub breakdown: Vec<Part>,
}

/// One part of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    /// Its operation, model, day, month, tenant, key or task.
    pub name: String,
    /// What it used.
    #[serde(flatten)]
    pub sums: Sums,
}

/// Sums over attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Sums {
    /// Tokens of questions and answers.
    pub total_tokens: i64,
    /// Tokens of questions.
    pub tokens_in: i64,
    /// Tokens of answers.
    pub tokens_out: i64,
    /// What is known to have been spent, in micro-dollars.
    #[schemars(with = "i64")]
    pub total_cost: MicroUsd,
    /// How many attempts have an unknown cost: the total is at least what it says, when this is not 0.
    pub unknown_cost_count: i64,
    /// How many questions were asked.
    pub operations_count: i64,
    /// How many attempts they took.
    pub attempts_count: i64,
}

// One text with two holes: whose rows, and which way. A tenant's list must be found by its index.
macro_rules! list_sql {
    ($whose:literal, $beyond:literal, $order:literal) => {
        concat!(
            "SELECT id, asked, tenant, job, caller, key, operation, task, priority, provider, model,
                    tokens_in, tokens_out, tokens_cached, tokens_cache_written, tokens_reasoning,
                    estimated, cost_nano_usd, prices, held_nano_usd, from_cache, latency_ms,
                    ttft_ms, outcome, status, at
               FROM model_usage
              WHERE at >= $1 AND at < $2
                AND (CAST($3 AS TEXT) IS NULL OR job = CAST($3 AS TEXT))
                AND (CAST($4 AS TEXT) IS NULL OR operation = CAST($4 AS TEXT))
                AND (at, id) ",
            $beyond,
            " (CAST($5 AS BIGINT), CAST($6 AS TEXT))
                ",
            $whose,
            "
              ORDER BY at ",
            $order,
            ", id ",
            $order,
            "
              LIMIT $7"
        )
    };
}

const LIST_ALL: &str = list_sql!("", "<", "DESC");
const LIST_ALL_BACK: &str = list_sql!("", ">", "ASC");
const LIST_TENANT: &str = list_sql!("AND tenant = $8", "<", "DESC");
const LIST_TENANT_BACK: &str = list_sql!("AND tenant = $8", ">", "ASC");

macro_rules! count_sql {
    ($whose:literal) => {
        concat!(
            "SELECT count(*) AS total
               FROM model_usage
              WHERE at >= $1 AND at < $2
                AND (CAST($3 AS TEXT) IS NULL OR job = CAST($3 AS TEXT))
                AND (CAST($4 AS TEXT) IS NULL OR operation = CAST($4 AS TEXT))
                ",
            $whose
        )
    };
}

const COUNT_ALL: &str = count_sql!("");
const COUNT_TENANT: &str = count_sql!("AND tenant = $5");

/// Attempts, the newest first.
pub fn list(db: &Db, filter: &Filter, page: &PageRequest) -> Result<Page<Entry>, Error> {
    let is_back = page.is_backwards();
    let key = page.cursor.as_ref().map(|it| it.key.as_slice()).unwrap_or_default();
    let edge = match key {
        [at, id] => (at.as_i64().unwrap_or(0), id.as_str().unwrap_or_default().to_owned()),
        _ if is_back => (i64::MIN, String::new()),
        _ => (i64::MAX, String::new()),
    };
    let mut params: Vec<Value> = params![
        filter.from.map_or(i64::MIN, Timestamp::as_microsecond),
        filter.to.map_or(i64::MAX, Timestamp::as_microsecond),
        filter.job,
        filter.operation.as_deref(),
        edge.0,
        edge.1,
        i64::from(page.limit) + 1,
    ]
    .into();
    let sql = match (filter.tenant, is_back) {
        (None, false) => LIST_ALL,
        (None, true) => LIST_ALL_BACK,
        (Some(_), false) => LIST_TENANT,
        (Some(_), true) => LIST_TENANT_BACK,
    };
    params.extend(filter.tenant.map(Value::from));
    let rows = db.query(sql, &params)?.iter().map(row::read).collect::<Result<Vec<_>, _>>()?;
    let key = |it: &Entry| vec![it.at.as_microsecond().into(), it.id.to_string().into()];
    Ok(Page::of(rows, page, key))
}

/// How many attempts the whole list has.
pub fn count(db: &Db, filter: &Filter) -> Result<u64, Error> {
    let mut params: Vec<Value> = params![
        filter.from.map_or(i64::MIN, Timestamp::as_microsecond),
        filter.to.map_or(i64::MAX, Timestamp::as_microsecond),
        filter.job,
        filter.operation.as_deref(),
    ]
    .into();
    let sql = if filter.tenant.is_some() { COUNT_TENANT } else { COUNT_ALL };
    params.extend(filter.tenant.map(Value::from));
    db.one(sql, &params)?.get("total")
}

// Named columns, so that each grouping is one whole statement. Times before 1970 do not occur.
macro_rules! sums_sql {
    ($name:literal, $whose:literal) => {
        concat!(
            "SELECT ",
            $name,
            " AS name,
                    CAST(COALESCE(sum(tokens_in), 0) AS BIGINT) AS tokens_in,
                    CAST(COALESCE(sum(tokens_out), 0) AS BIGINT) AS tokens_out,
                    CAST(COALESCE(sum(tokens_total), 0) AS BIGINT) AS total_tokens,
                    CAST(COALESCE(sum(cost_nano_usd), 0) AS BIGINT) AS total_cost,
                    count(*) - count(cost_nano_usd) AS unknown_cost_count,
                    count(DISTINCT asked) AS operations_count,
                    count(*) AS attempts_count
               FROM model_usage
              WHERE at >= $1 AND at < $2 ",
            $whose,
            "
              GROUP BY 1"
        )
    };
}

macro_rules! grouping {
    ($name:literal) => {
        grouping!($name, $name)
    };
    ($sqlite:literal, $postgres:literal) => {
        [
            store::Sql { sqlite: sums_sql!($sqlite, ""), postgres: sums_sql!($postgres, "") },
            store::Sql {
                sqlite: sums_sql!($sqlite, "AND tenant = $3"),
                postgres: sums_sql!($postgres, "AND tenant = $3"),
            },
        ]
    };
}

const BY_NOTHING: [store::Sql<'static>; 2] = grouping!("'all'");
const BY_OPERATION: [store::Sql<'static>; 2] = grouping!("operation");
const BY_MODEL: [store::Sql<'static>; 2] = grouping!("model");
const BY_TENANT: [store::Sql<'static>; 2] = grouping!("tenant");
const BY_KEY: [store::Sql<'static>; 2] = grouping!("COALESCE(key, '')");
const BY_TASK: [store::Sql<'static>; 2] = grouping!("COALESCE(task, '')");
const BY_DAY: [store::Sql<'static>; 2] = grouping!(
    "strftime('%Y-%m-%d', at / 1000000, 'unixepoch')",
    "to_char(to_timestamp(at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
);
const BY_MONTH: [store::Sql<'static>; 2] = grouping!(
    "strftime('%Y-%m', at / 1000000, 'unixepoch')",
    "to_char(to_timestamp(at / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM')"
);

/// What was used from `from` until before `to`, by one tenant or by all.
pub fn summary(
    db: &Db,
    tenant: Option<TenantId>,
    from: Timestamp,
    to: Timestamp,
    group_by: GroupBy,
) -> Result<Summary, Error> {
    let grouped = match group_by {
        GroupBy::Operation => BY_OPERATION,
        GroupBy::Model => BY_MODEL,
        GroupBy::Day => BY_DAY,
        GroupBy::Month => BY_MONTH,
        GroupBy::Tenant => BY_TENANT,
        GroupBy::Key => BY_KEY,
        GroupBy::Task => BY_TASK,
    };
    let mut params: Vec<Value> = vec![from.into(), to.into()];
    params.extend(tenant.map(Value::from));
    let which = usize::from(tenant.is_some());
    // A question whose attempts lie in two days counts in both, so the total is asked for by itself.
    let total = db.first(BY_NOTHING[which], &params)?.as_ref().map(sums).transpose()?;
    let rows = db.query(grouped[which], &params)?;
    let mut breakdown = rows
        .iter()
        .map(|row| Ok(Part { name: row.get("name")?, sums: sums(row)? }))
        .collect::<Result<Vec<_>, Error>>()?;
    match group_by {
        GroupBy::Day | GroupBy::Month => breakdown.sort_by(|a, b| a.name.cmp(&b.name)),
        _ => {
            breakdown.sort_by(most_used_first);
        }
    }
    Ok(Summary { total: total.unwrap_or_default(), breakdown })
}

/// The parts under other names: those that get the same one are added up. The most used first.
pub fn renamed(parts: Vec<Part>, name: impl Fn(&str) -> String) -> Vec<Part> {
    let mut renamed: Vec<Part> = Vec::new();
    for part in parts {
        let name = name(&part.name);
        match renamed.iter_mut().find(|it| it.name == name) {
            Some(same) => same.sums.add(part.sums),
            None => renamed.push(Part { name, sums: part.sums }),
        }
    }
    renamed.sort_by(most_used_first);
    renamed
}

fn most_used_first(one: &Part, other: &Part) -> std::cmp::Ordering {
    (other.sums.total_tokens, &one.name).cmp(&(one.sums.total_tokens, &other.name))
}

impl Sums {
    fn add(&mut self, more: Self) {
        self.total_tokens += more.total_tokens;
        self.tokens_in += more.tokens_in;
        self.tokens_out += more.tokens_out;
        self.total_cost.0 += more.total_cost.0;
        self.unknown_cost_count += more.unknown_cost_count;
        self.operations_count += more.operations_count;
        self.attempts_count += more.attempts_count;
    }
}

fn sums(row: &Row) -> Result<Sums, Error> {
    Ok(Sums {
        total_tokens: row.get("total_tokens")?,
        tokens_in: row.get("tokens_in")?,
        tokens_out: row.get("tokens_out")?,
        total_cost: NanoUsd(row.get("total_cost")?).micros(),
        unknown_cost_count: row.get("unknown_cost_count")?,
        operations_count: row.get("operations_count")?,
        attempts_count: row.get("attempts_count")?,
    })
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
