//! Budgets that were set while the house runs. They replace those of the same name in the settings,
//! and take effect on every replica within seconds ([`super::Budgets::tend`]).

use base::{TenantId, Timestamp};
use serde_json::json;
use store::{Db, Error, Row, Tx, audit, params};

use super::{AtLimit, Budget};
use crate::money::NanoUsd;

/// Why a budget was not set.
#[derive(Debug, thiserror::Error)]
pub enum BudgetSetError {
    /// It cannot work.
    #[error("budget setting `{field}` {message}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// Why, and the way out.
        message: &'static str,
    },
    /// It was not set at run time, or does not exist.
    #[error("no budget `{0}` was set; those of the settings are changed there")]
    NoSuchBudget(String),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] Error),
}

const SET: &str = "
    INSERT INTO model_budgets (name, scope, matches, period, limit_nano_usd, limit_tokens,
                               warn_per_mille, at_limit, downgrade_to, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (name) DO UPDATE
       SET scope = excluded.scope, matches = excluded.matches, period = excluded.period,
           limit_nano_usd = excluded.limit_nano_usd, limit_tokens = excluded.limit_tokens,
           warn_per_mille = excluded.warn_per_mille, at_limit = excluded.at_limit,
           downgrade_to = excluded.downgrade_to, updated_at = excluded.updated_at";

/// Sets a budget, new or in place of the one of this name.
pub fn set(tx: &Tx, budget: &Budget) -> Result<(), BudgetSetError> {
    if let Some((field, message)) = budget.check().into_iter().next() {
        return Err(BudgetSetError::Invalid { field, message });
    }
    let before = find(tx, &budget.name)?;
    let params = params![
        &budget.name,
        budget.scope.name(),
        &budget.matches,
        budget.period.name(),
        budget.limit_usd.map(|it| it.0),
        budget.limit_tokens,
        (budget.warn_at * 1_000.0).round() as i64,
        at_limit(budget.at_limit),
        &budget.downgrade_to,
        tx.now(),
    ];
    tx.execute(SET, &params)?;
    forget(tx, &budget.name, before.as_ref().is_some_and(|it| is_alike(it, budget)))?;
    let (name, limit) = (&budget.name, budget.amount(budget.limit()));
    let summary = format!("Set budget `{name}` to {limit} a {}", budget.period);
    let mut entry = entry("budget_set", name, summary).after(json!(budget));
    if let Some(before) = before {
        entry = entry.before(json!(before));
    }
    tx.audit(entry);
    Ok(())
}

const REMOVE: &str = "DELETE FROM model_budgets WHERE name = $1";

/// Takes a budget away that was set at run time. One of the same name in the settings holds again.
pub fn remove(tx: &Tx, name: &str) -> Result<(), BudgetSetError> {
    let Some(before) = find(tx, name)? else {
        return Err(BudgetSetError::NoSuchBudget(name.to_owned()));
    };
    tx.execute(REMOVE, &params![name])?;
    forget(tx, name, false)?;
    let summary = format!("Removed budget `{name}`");
    tx.audit(entry("budget_removed", name, summary).before(json!(before)));
    Ok(())
}

fn entry(action: &'static str, name: &str, summary: String) -> audit::Entry {
    audit::Entry::new(TenantId::DEFAULT, action, format!("model_budgets/{name}"), summary)
}

const FORGET_LEASES: &str = "DELETE FROM model_budget_leases WHERE budget = $1";
const FORGET_EVENTS: &str = "DELETE FROM model_budget_events WHERE budget = $1";

/// What was told may not be true any more, and is told again when it is. What was leased of another
/// unit or for other people is nothing now; replicas take new leases.
fn forget(tx: &Tx, name: &str, leases_stay: bool) -> Result<(), Error> {
    tx.execute(FORGET_EVENTS, &params![name])?;
    if !leases_stay {
        tx.execute(FORGET_LEASES, &params![name])?;
    }
    Ok(())
}

fn is_alike(a: &Budget, b: &Budget) -> bool {
    (a.scope, a.period, a.is_of_money()) == (b.scope, b.period, b.is_of_money())
}

const COLUMNS: &str = "
    SELECT name, scope, matches, period, limit_nano_usd, limit_tokens, warn_per_mille, at_limit,
           downgrade_to, updated_at
      FROM model_budgets ORDER BY name";

/// The budgets that were set at run time, by name.
pub fn list(db: &Db) -> Result<Vec<Budget>, Error> {
    db.query(COLUMNS, &[])?.iter().map(read).collect()
}

const ONE: &str = "
    SELECT name, scope, matches, period, limit_nano_usd, limit_tokens, warn_per_mille, at_limit,
           downgrade_to, updated_at
      FROM model_budgets WHERE name = $1";

/// One that was set at run time.
pub fn find(db: &Db, name: &str) -> Result<Option<Budget>, Error> {
    db.first(ONE, &params![name])?.as_ref().map(read).transpose()
}

/// When a budget was set last.
pub fn set_at(db: &Db, name: &str) -> Result<Option<Timestamp>, Error> {
    db.first(ONE, &params![name])?.map(|it| it.get("updated_at")).transpose()
}

/// The budgets that hold: those of the settings, with those that were set in their places.
pub fn merged(settings: &[Budget], set: Vec<Budget>) -> Vec<Budget> {
    let kept = settings.iter().filter(|it| !set.iter().any(|set| set.name == it.name));
    let mut all: Vec<Budget> = kept.cloned().collect();
    all.extend(set);
    all
}

fn at_limit(at_limit: AtLimit) -> &'static str {
    match at_limit {
        AtLimit::Refuse => "refuse",
        AtLimit::Downgrade => "downgrade",
    }
}

fn read(row: &Row) -> Result<Budget, Error> {
    let text = |column: &str| row.get::<String>(column);
    let fault = |column: &str| {
        let column = column.to_owned();
        move |what| Error::Column { column, what }
    };
    Ok(Budget {
        name: text("name")?,
        scope: text("scope")?.parse().map_err(fault("scope"))?,
        matches: row.get("matches")?,
        period: text("period")?.parse().map_err(fault("period"))?,
        limit_usd: row.get::<Option<i64>>("limit_nano_usd")?.map(NanoUsd),
        limit_tokens: row.get("limit_tokens")?,
        warn_at: row.get::<i64>("warn_per_mille")? as f64 / 1_000.0,
        at_limit: match text("at_limit")?.as_str() {
            "downgrade" => AtLimit::Downgrade,
            _ => AtLimit::Refuse,
        },
        downgrade_to: row.get("downgrade_to")?,
    })
}
