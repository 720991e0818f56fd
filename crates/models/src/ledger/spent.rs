//! What was spent, added up: for the whole house, each tenant, each key and each task, by day and by
//! month.
//!
//! The sums are written in the transaction that writes the rows, so they are the sums of the rows at
//! every moment; [`verify`] counts again and says where they are not. They are there whether or not
//! a budget looks at them, so that a budget made in the middle of a month knows what was spent.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    str::FromStr,
    sync::LazyLock,
};

use base::{AppKeyId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Db, Error, Row, Tx, Value, params};

use super::period::Period;
use crate::{
    money::NanoUsd,
    usage::{Entry, TOKENS_MAX, names},
};

names! {
    /// Whose spending is counted together.
    Scope {
        /// Everybody's.
        Whole = "whole",
        /// A tenant's.
        Tenant = "tenant",
        /// An application key's.
        Key = "key",
        /// A task's.
        Task = "task",
    }
}

/// Money and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Spend {
    /// Money, as far as it is known.
    pub cost: NanoUsd,
    /// Tokens of questions and answers.
    pub tokens: u64,
}

/// One sum: whose, and of which time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pot {
    /// Whose spending.
    pub scope: Scope,
    /// Which tenant, key or task; empty for the whole.
    pub id: String,
    /// Day or month.
    pub period: Period,
    /// Which.
    pub starts_at: Timestamp,
}

/// A sum that is not the sum of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Which.
    pub pot: Pot,
    /// What is written there.
    pub counted: Spend,
    /// What its rows add up to, with what was erased since.
    pub rows: Spend,
}

impl Scope {
    const ORDER: [Self; 4] = [Self::Whole, Self::Tenant, Self::Key, Self::Task];
}

impl Spend {
    fn plus(self, other: Self) -> Self {
        // Like the money, and like the sums in the table: they stop at the end of 64 bits with a sign.
        let tokens = self.tokens.saturating_add(other.tokens).min(i64::MAX.unsigned_abs());
        Self { cost: self.cost + other.cost, tokens }
    }

    /// What a row adds. A cost that nobody knows adds what was held for it: nothing for a model
    /// without a price, but something for an answer whose tier has none, which a caller may choose.
    pub fn of(entry: &Entry) -> Self {
        let tokens = entry.usage.tokens_in.min(TOKENS_MAX) + entry.usage.tokens_out.min(TOKENS_MAX);
        Self { cost: entry.cost.nanos().or(entry.held).unwrap_or_default(), tokens }
    }
}

/// The sums that something spent at this time goes into.
fn pots(
    tenant: TenantId,
    key: Option<AppKeyId>,
    task: Option<&str>,
    at: Timestamp,
) -> impl Iterator<Item = Pot> {
    let ids = [
        Some(String::new()),
        Some(tenant.to_string()),
        key.map(|it| it.to_string()),
        task.map(|it| it.replace('\0', "\u{fffd}")),
    ];
    let whose = Scope::ORDER.into_iter().zip(ids);
    whose.filter_map(|(scope, id)| Some((scope, id?))).flat_map(move |(scope, id)| {
        Period::ALL.iter().map(move |period| {
            let (period, starts_at) = (*period, period.starts_at(at));
            Pot { scope, id: id.clone(), period, starts_at }
        })
    })
}

/// Counts rows that have just been written; says what their sums are now.
pub(crate) fn add<'a>(
    tx: &Tx,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<Vec<(Pot, Spend)>, Error> {
    // In order, so that two replicas that count the same sums do not wait for each other in a ring.
    let mut added: BTreeMap<Pot, Spend> = BTreeMap::new();
    for entry in entries {
        let spend = Spend::of(entry);
        for pot in pots(entry.tenant, entry.key, entry.task.as_deref(), entry.at) {
            let sum = added.entry(pot).or_default();
            *sum = sum.plus(spend);
        }
    }
    let added: Vec<_> = added.into_iter().collect();
    let mut sums = Vec::with_capacity(added.len());
    let mut rest = added.as_slice();
    while !rest.is_empty() {
        let at = SIZES.iter().position(|it| *it <= rest.len()).unwrap_or(SIZES.len() - 1);
        let (these, others) = rest.split_at(SIZES[at]);
        rest = others;
        let params: Vec<Value> =
            these.iter().flat_map(|(pot, spend)| values(pot, *spend)).collect();
        for row in tx.query(&TEXTS[at], &params)? {
            sums.push((pot(&row)?, spend(&row)?));
        }
    }
    Ok(sums)
}

const SIZES: [usize; 4] = [64, 16, 4, 1];
static TEXTS: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| SIZES.map(text));

/// Sums stop at the end of 64 bits: one that does not fit would keep every later row from being
/// written (SQLite would make a fraction of it, PostgreSQL refuse it).
fn text(rows: usize) -> String {
    let mut text = String::from(
        "INSERT INTO model_spent (scope, id, period, starts_at, nano_usd, tokens) VALUES ",
    );
    for row in 0..rows {
        let at = row * 6;
        let comma = if row == 0 { "" } else { ", " };
        // Writing into a text cannot fail.
        let _ = write!(
            text,
            "{comma}(${}, ${}, ${}, ${}, ${}, ${})",
            at + 1,
            at + 2,
            at + 3,
            at + 4,
            at + 5,
            at + 6
        );
    }
    text.push_str(
        " ON CONFLICT (scope, id, period, starts_at) DO UPDATE
             SET nano_usd = CASE WHEN excluded.nano_usd > 9223372036854775807 - model_spent.nano_usd
                                 THEN 9223372036854775807
                                 ELSE model_spent.nano_usd + excluded.nano_usd END,
                 tokens = CASE WHEN excluded.tokens > 9223372036854775807 - model_spent.tokens
                               THEN 9223372036854775807
                               ELSE model_spent.tokens + excluded.tokens END
          RETURNING scope, id, period, starts_at, nano_usd, tokens",
    );
    text
}

fn values(pot: &Pot, spend: Spend) -> [Value; 6] {
    params![pot.scope.name(), &pot.id, pot.period.name(), pot.starts_at, spend.cost.0, spend.tokens]
}

fn pot(row: &Row) -> Result<Pot, Error> {
    let parse = |column: &str, what: String| Error::Column { column: column.to_owned(), what };
    let (scope, period): (String, String) = (row.get("scope")?, row.get("period")?);
    Ok(Pot {
        scope: scope.parse().map_err(|it| parse("scope", it))?,
        id: row.get("id")?,
        period: period.parse().map_err(|it| parse("period", it))?,
        starts_at: row.get("starts_at")?,
    })
}

fn spend(row: &Row) -> Result<Spend, Error> {
    let tokens = u64::try_from(row.get::<i64>("tokens")?).unwrap_or(0);
    Ok(Spend { cost: NanoUsd(row.get("nano_usd")?), tokens })
}

/// Added up in two halves: a sum that does not fit into 64 bits is an error of the statement, and would be one for
/// whoever counts again or erases.
const BY_DAY: &str = "
    SELECT tenant, key, task, at - at % 86400000000 AS day,
           CAST(sum(COALESCE(cost_nano_usd, held_nano_usd, 0) / 1000000000) AS BIGINT) AS nano_usd_high,
           CAST(sum(COALESCE(cost_nano_usd, held_nano_usd, 0) % 1000000000) AS BIGINT) AS nano_usd_low,
           CAST(COALESCE(sum(tokens_total / 1000000000), 0) AS BIGINT) AS tokens_high,
           CAST(COALESCE(sum(tokens_total % 1000000000), 0) AS BIGINT) AS tokens_low
      FROM model_usage
     WHERE at >= $1 AND at < $2 AND (CAST($3 AS TEXT) IS NULL OR tenant = CAST($3 AS TEXT))
     GROUP BY tenant, key, task, at - at % 86400000000";

/// What the rows of a time add up to.
fn recount(
    db: &Db,
    from: Timestamp,
    to: Timestamp,
    tenant: Option<TenantId>,
) -> Result<BTreeMap<Pot, Spend>, Error> {
    let mut sums: BTreeMap<Pot, Spend> = BTreeMap::new();
    for row in db.query(BY_DAY, &params![from, to, tenant])? {
        let task: Option<String> = row.get("task")?;
        for pot in pots(row.get("tenant")?, row.get("key")?, task.as_deref(), row.get("day")?) {
            let sum = sums.entry(pot).or_default();
            *sum = sum.plus(spend_of_day(&row)?);
        }
    }
    Ok(sums)
}

/// What both halves are together, and no more than the sums hold.
fn spend_of_day(row: &Row) -> Result<Spend, Error> {
    let whole = |high: &str, low: &str| -> Result<i64, Error> {
        let (high, low): (i64, i64) = (row.get(high)?, row.get(low)?);
        let sum = i128::from(high) * 1_000_000_000 + i128::from(low);
        Ok(i64::try_from(sum).unwrap_or(i64::MAX))
    };
    let tokens = u64::try_from(whole("tokens_high", "tokens_low")?).unwrap_or(0);
    Ok(Spend { cost: NanoUsd(whole("nano_usd_high", "nano_usd_low")?), tokens })
}

const ALL: &str = "
    SELECT scope, id, period, starts_at, nano_usd, tokens, nano_usd_erased, tokens_erased
      FROM model_spent
     WHERE starts_at >= $1";

/// Counts again all that began at `since` or later, which is the start of a month; says where the
/// sums are not those of their rows. Empty is good.
pub fn verify(db: &Db, since: Timestamp) -> Result<Vec<Drift>, Error> {
    let mut rows = recount(db, since, Timestamp::MAX, None)?;
    let mut drifts = Vec::new();
    for row in db.query(ALL, &params![since])? {
        let (pot, counted) = (pot(&row)?, spend(&row)?);
        let erased = Spend {
            cost: NanoUsd(row.get("nano_usd_erased")?),
            tokens: u64::try_from(row.get::<i64>("tokens_erased")?).unwrap_or(0),
        };
        let rows = rows.remove(&pot).unwrap_or_default().plus(erased);
        if rows != counted {
            drifts.push(Drift { pot, counted, rows });
        }
    }
    // What is left has rows and no sum. A period that began before `since` is not looked at.
    let missed =
        rows.into_iter().filter(|(pot, rows)| pot.starts_at >= since && *rows != Spend::default());
    drifts.extend(missed.map(|(pot, rows)| Drift { pot, counted: Spend::default(), rows }));
    drifts.sort_by(|a, b| a.pot.cmp(&b.pot));
    Ok(drifts)
}

const ONE: &str = "
    SELECT nano_usd, tokens FROM model_spent
     WHERE scope = $1 AND id = $2 AND period = $3 AND starts_at = $4";

/// What was spent, as far as it has reached the database.
pub fn spent(db: &Db, pot: &Pot) -> Result<Spend, Error> {
    let params = params![pot.scope.name(), &pot.id, pot.period.name(), pot.starts_at];
    db.first(ONE, &params)?.as_ref().map_or(Ok(Spend::default()), spend)
}

const IN_PERIOD: &str = "
    SELECT scope, id, period, starts_at, nano_usd, tokens FROM model_spent
     WHERE scope = $1 AND period = $2 AND starts_at = $3
     ORDER BY nano_usd DESC, tokens DESC, id LIMIT $4";

/// Who spent what in a period, the most first.
pub fn spenders(
    db: &Db,
    scope: Scope,
    period: Period,
    at: Timestamp,
    most: u32,
) -> Result<Vec<(Pot, Spend)>, Error> {
    let params = params![scope.name(), period.name(), period.starts_at(at), most];
    db.query(IN_PERIOD, &params)?.iter().map(|it| Ok((pot(it)?, spend(it)?))).collect()
}

const ERASED: &str = "
    UPDATE model_spent
       SET nano_usd_erased = CASE WHEN CAST($5 AS BIGINT) > 9223372036854775807 - nano_usd_erased
                                  THEN 9223372036854775807
                                  ELSE nano_usd_erased + CAST($5 AS BIGINT) END,
           tokens_erased = CASE WHEN CAST($6 AS BIGINT) > 9223372036854775807 - tokens_erased
                                THEN 9223372036854775807
                                ELSE tokens_erased + CAST($6 AS BIGINT) END
     WHERE scope = $1 AND id = $2 AND period = $3 AND starts_at = $4";
const FORGET: &str = "DELETE FROM model_spent WHERE scope = 'tenant' AND id = $1";
const FORGET_LEASES: &str = "DELETE FROM model_budget_leases WHERE id = $1";
const FORGET_EVENTS: &str = "DELETE FROM model_budget_events WHERE id = $1";

/// Forgets a tenant whose rows are about to be erased. In the sums that are not its own, what it
/// spent stays: they note how much of them has no rows any more.
pub(crate) fn forget_tenant(tx: &Tx, tenant: TenantId) -> Result<(), Error> {
    note_erased(tx, recount(tx, Timestamp::UNIX_EPOCH, Timestamp::MAX, Some(tenant))?)?;
    for sql in [FORGET, FORGET_LEASES, FORGET_EVENTS] {
        tx.execute(sql, &params![tenant])?;
    }
    Ok(())
}

/// Sums whose rows go while they stay.
fn note_erased(tx: &Tx, gone: BTreeMap<Pot, Spend>) -> Result<(), Error> {
    for (pot, spend) in gone {
        tx.execute(ERASED, &values(&pot, spend))?;
    }
    Ok(())
}

const FORGET_DAYS: &str = "DELETE FROM model_spent WHERE period = 'day' AND starts_at < $1";
const FORGET_MONTHS: &str = "DELETE FROM model_spent WHERE period = 'month' AND starts_at < $1";
const FORGET_OLD_EVENTS: &str = "DELETE FROM model_budget_events WHERE starts_at < $1";

/// Forgets the sums of periods that were over before this time.
pub(crate) fn forget_before(tx: &Tx, before: Timestamp) -> Result<(), Error> {
    // The period that this moment is in is not over: it stays whole.
    tx.execute(FORGET_DAYS, &params![Period::Day.starts_at(before)])?;
    let month = Period::Month.starts_at(before);
    tx.execute(FORGET_MONTHS, &params![month])?;
    tx.execute(FORGET_OLD_EVENTS, &params![month])?;
    note_erased(tx, recount(tx, month, before, None)?)
}
