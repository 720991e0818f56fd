//! Attempts added up: all together, and by what they were for, who they were asked of, or when.

use std::{fmt, str::FromStr};

use base::{TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Db, Error, Row, Value};

use super::names;
use crate::money::NanoUsd;

names! {
    /// What a summary is broken down by.
    GroupBy {
        /// What it was for.
        Operation = "operation",
        /// The model.
        Model = "model",
        /// The provider.
        Provider = "provider",
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
    /// Its operation, model, provider, day, month, tenant, key or task.
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
    /// What is known to have been spent.
    pub total_cost: NanoUsd,
    /// How many attempts have an unknown cost: the total is at least what it says, when this is not 0.
    pub unknown_cost_count: i64,
    /// How many questions were asked.
    pub operations_count: i64,
    /// How many attempts they took.
    pub attempts_count: i64,
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
const BY_PROVIDER: [store::Sql<'static>; 2] = grouping!("provider");
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
        GroupBy::Provider => BY_PROVIDER,
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
        self.total_cost = self.total_cost + more.total_cost;
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
        total_cost: NanoUsd(row.get("total_cost")?),
        unknown_cost_count: row.get("unknown_cost_count")?,
        operations_count: row.get("operations_count")?,
        attempts_count: row.get("attempts_count")?,
    })
}
