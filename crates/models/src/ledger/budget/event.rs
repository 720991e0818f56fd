//! What is told about a budget, once in a period: that it comes to its end, and that it has.

use base::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::{fmt, str::FromStr, sync::PoisonError};
use store::{Db, Error, Row, Tx, params};
use tracing::warn;

use super::{Budget, Fund, fund::Place, lease};
use crate::{
    ledger::spent::{Pot, Spend},
    usage::names,
};

names! {
    /// What is told.
    Kind {
        /// The share was spent at which a warning is wanted.
        Warned = "warned",
        /// So much was spent, or more, and somebody asked for more than is left beside it.
        Reached = "reached",
    }
}

/// Something that is told about a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Event {
    /// Which budget.
    pub budget: String,
    /// Whose: a tenant, a key, a task; empty for the whole.
    pub id: String,
    /// When the period began.
    pub starts_at: Timestamp,
    /// What.
    pub kind: Kind,
    /// When.
    pub at: Timestamp,
    /// What was spent by then, in billionths of a dollar or tokens.
    pub spent: i64,
    /// The limit by then, in the same.
    pub limit: i64,
}

const NOTE: &str = "
    INSERT INTO model_budget_events (budget, id, starts_at, kind, at, spent, most)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (budget, id, starts_at, kind) DO NOTHING
    RETURNING budget, id, starts_at, kind, at, spent, most";

/// Writes it down, if nobody did. What comes back is to be told.
pub(super) fn note(
    tx: &Tx,
    budget: &Budget,
    place: &Place,
    kind: Kind,
    spent: i64,
    now: Timestamp,
) -> Result<Option<Event>, Error> {
    let params =
        params![&budget.name, &place.id, place.starts_at, kind.name(), now, spent, budget.limit()];
    tx.query(NOTE, &params)?.first().map(read).transpose()
}

/// Writes down which budgets came to their warning by what was just counted.
pub(crate) fn warn_of<'a>(
    tx: &Tx,
    funds: impl IntoIterator<Item = &'a Fund>,
    sums: &[(Pot, Spend)],
    now: Timestamp,
) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    for fund in funds {
        let budget = &fund.budget;
        for (pot, sum) in sums.iter().filter(|(pot, _)| lease::is_limited(budget, pot)) {
            let spent = budget.unit(*sum);
            let place = Place { id: pot.id.clone(), starts_at: pot.starts_at };
            fund.show(&place, spent, now);
            if budget.is_near(spent) && fund.is_news(&place) {
                events.extend(note(tx, budget, &place, Kind::Warned, spent, now)?);
            }
        }
    }
    Ok(events)
}

impl Event {
    /// With numbers of the unit of its budget, as it is shown.
    pub fn shown(&self, budget: &Budget) -> Json {
        json!({
            "budget": self.budget,
            "id": self.id,
            "kind": self.kind,
            "at": self.at,
            "starts_at": self.starts_at,
            "unit": budget.unit_name(),
            "spent": budget.amount(self.spent).number(),
            "limit": budget.amount(self.limit).number(),
        })
    }
}

impl Fund {
    fn is_news(&self, place: &Place) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        !told.contains(&(place.clone(), Kind::Warned))
    }

    /// Tells what was written down for the first time.
    pub(crate) fn tell(&self, event: &Event) {
        let place = Place { id: event.id.clone(), starts_at: event.starts_at };
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert((place, event.kind));
        let (spent, limit) = (self.budget.amount(event.spent), self.budget.amount(event.limit));
        match event.kind {
            Kind::Warned => warn!(
                budget.name = event.budget,
                budget.id = event.id,
                "Budget {} comes to its end: {spent} of {limit} are spent",
                event.budget,
            ),
            Kind::Reached => warn!(
                budget.name = event.budget,
                budget.id = event.id,
                "Budget {} is used up: {spent} of {limit} are spent, and a request did not fit in \
                 the rest",
                event.budget,
            ),
        }
    }
}

const LIST: &str = "
    SELECT budget, id, starts_at, kind, at, spent, most FROM model_budget_events
     WHERE at >= $1 AND (CAST($2 AS TEXT) IS NULL OR id = CAST($2 AS TEXT))
     ORDER BY at DESC, budget, id LIMIT $3";

/// What was told since then about everybody, or about this tenant, key or task; the newest first.
pub fn list(db: &Db, id: Option<&str>, since: Timestamp, most: u32) -> Result<Vec<Event>, Error> {
    db.query(LIST, &params![since, id, most])?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Event, Error> {
    let kind: String = row.get("kind")?;
    let column = |what| Error::Column { column: "kind".into(), what };
    Ok(Event {
        budget: row.get("budget")?,
        id: row.get("id")?,
        starts_at: row.get("starts_at")?,
        kind: kind.parse().map_err(column)?,
        at: row.get("at")?,
        spent: row.get("spent")?,
        limit: row.get("most")?,
    })
}
