//! Who still calls what will go: counted in memory, and added to a table every few seconds.
//!
//! A client is a key, a user, or nobody; of one that is not known the address is not kept. What a process
//! has counted since it last wrote is lost when it is killed: these are counts for people who plan.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base::{Timestamp, metric::Counter};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::{Db, Row, Store, Tx, params};

use super::Ageing;
use crate::route::Route;

static CALLS: Counter = Counter::new(
    "http_deprecated_requests_total",
    "Requests to routes that will go, by the kind of client and whether the route was there still.",
    &["endpoint", "client", "outcome"],
);

/// Pairs of a route and a client that are counted apart between two writes.
const APART_MAX: usize = 10_000;
/// The client of all others.
const OTHERS: &str = "others";
/// The client who is not known.
const NOBODY: &str = "nobody";
/// Clients of a route that are told.
const TOLD: u32 = 50;
/// How long a client who does not call any more is told.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 400);

/// Calls that no table knows of yet.
#[derive(Debug, Default)]
pub struct Calls(Mutex<HashMap<Pair, Tally>>);

/// A route and a client of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pair {
    route: Arc<str>,
    client: String,
}

#[derive(Debug, Clone, Copy)]
struct Tally {
    calls: i64,
    gone: i64,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl Calls {
    /// Counts a call. `who` is the actor; none is nobody.
    pub(crate) fn count(&self, route: &Route, who: Option<&str>, was_gone: bool, now: Timestamp) {
        let outcome = if was_gone { "gone" } else { "answered" };
        CALLS.increment(&[&route.path, kind_of(who.unwrap_or(NOBODY)), outcome]);
        let call = Tally { calls: 1, gone: i64::from(was_gone), first_at: now, last_at: now };
        let client = who.unwrap_or(NOBODY).to_owned();
        self.add(Pair { route: route.key().into(), client }, call);
    }

    fn add(&self, pair: Pair, more: Tally) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_room = all.len() < APART_MAX || all.contains_key(&pair);
        let pair = if is_room { pair } else { Pair { client: OTHERS.to_owned(), ..pair } };
        all.entry(pair).and_modify(|it| it.add(more)).or_insert(more);
    }

    /// Adds what was counted to the table. What it does not take is counted on.
    ///
    /// # Errors
    /// When the database does not take it.
    pub(crate) async fn flush(&self, store: &Store) -> Result<(), store::Error> {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if counted.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<(Pair, Tally)> = counted.into_iter().collect();
        // In one order everywhere, so that two processes never wait for each other.
        rows.sort_by(|a, b| (&a.0.route, &a.0.client).cmp(&(&b.0.route, &b.0.client)));
        let rows = Arc::new(rows);
        let taken = rows.clone();
        let written = store.bookkeep("deprecated calls", move |tx| write(tx, &taken)).await;
        if written.is_err() {
            for (pair, tally) in rows.iter() {
                self.add(pair.clone(), *tally);
            }
        }
        written
    }
}

impl Tally {
    fn add(&mut self, more: Self) {
        self.calls += more.calls;
        self.gone += more.gone;
        self.first_at = self.first_at.min(more.first_at);
        self.last_at = self.last_at.max(more.last_at);
    }
}

fn write(tx: &Tx, rows: &[(Pair, Tally)]) -> Result<(), store::Error> {
    for (pair, tally) in rows {
        tx.execute(
            ADD,
            &params![
                &*pair.route,
                pair.client.as_str(),
                tally.calls,
                tally.gone,
                tally.first_at,
                tally.last_at
            ],
        )?;
    }
    Ok(())
}

/// What is known of the routes that will go: their days, and who called them last.
pub(crate) fn told<'a>(
    db: &Db,
    routes: impl Iterator<Item = (&'a Route, &'a Ageing)>,
    now: Timestamp,
) -> Result<Vec<Json>, store::Error> {
    let mut all = Vec::new();
    for (route, ageing) in routes {
        let key = route.key();
        let sums = db.one(SUMS, &params![key.as_str()])?;
        let rows = db.query(CLIENTS, &params![key.as_str(), i64::from(TOLD)])?;
        let clients: Vec<Json> = rows.iter().map(client_of).collect::<Result<_, _>>()?;
        all.push(json!({
            "route": key,
            "operation": route.operation.name,
            "since": ageing.since,
            "sunset": ageing.sunset,
            "is_gone": ageing.is_gone(now),
            "use": ageing.instead,
            "calls": sums.get::<i64>("calls")?,
            "calls_since_gone": sums.get::<i64>("gone")?,
            "client_count": sums.get::<i64>("clients")?,
            "clients": clients,
        }));
    }
    Ok(all)
}

fn client_of(row: &Row) -> Result<Json, store::Error> {
    let client: String = row.get("client")?;
    Ok(json!({
        "kind": kind_of(&client),
        "client": client,
        "calls": row.get::<i64>("calls")?,
        "gone": row.get::<i64>("gone")?,
        "first_at": row.get::<Timestamp>("first_at")?,
        "last_at": row.get::<Timestamp>("last_at")?,
    }))
}

/// Forgets clients who have not called for long. Returns how many.
pub(crate) async fn sweep(store: &Store, now: Timestamp) -> Result<u64, store::Error> {
    let before = now - KEPT_FOR;
    store.bookkeep("deprecated calls sweep", move |tx| tx.execute(FORGET, &params![before])).await
}

/// The kind of a client, by its id.
fn kind_of(client: &str) -> &'static str {
    match client.split_once('_').map_or(client, |it| it.0) {
        "usr" => "user",
        "key" => "key",
        NOBODY => NOBODY,
        _ => OTHERS,
    }
}

const ADD: &str = "
    INSERT INTO deprecated_calls (route, client, calls, gone, first_at, last_at)
    VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (route, client) DO UPDATE
       SET calls = deprecated_calls.calls + excluded.calls,
           gone = deprecated_calls.gone + excluded.gone,
           first_at = CASE WHEN excluded.first_at < deprecated_calls.first_at
                           THEN excluded.first_at ELSE deprecated_calls.first_at END,
           last_at = CASE WHEN excluded.last_at > deprecated_calls.last_at
                          THEN excluded.last_at ELSE deprecated_calls.last_at END";

const SUMS: &str = "
    SELECT CAST(COALESCE(SUM(calls), 0) AS BIGINT) AS calls,
           CAST(COALESCE(SUM(gone), 0) AS BIGINT) AS gone,
           COUNT(*) AS clients
      FROM deprecated_calls WHERE route = $1";

const CLIENTS: &str = "
    SELECT client, calls, gone, first_at, last_at
      FROM deprecated_calls WHERE route = $1
     ORDER BY last_at DESC, client LIMIT $2";

const FORGET: &str = "DELETE FROM deprecated_calls WHERE last_at < $1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_by_its_kind() {
        assert_eq!(kind_of("usr_0190"), "user");
        assert_eq!(kind_of("key_0190"), "key");
        assert_eq!(kind_of("nobody"), "nobody");
        assert_eq!(kind_of("others"), "others");
        assert_eq!(kind_of("mainstay"), "others");
    }

    #[test]
    fn what_is_counted_twice_is_one_line() {
        let calls = Calls::default();
        let at = testkit::moment;
        let tally = |when| Tally { calls: 1, gone: 0, first_at: at(when), last_at: at(when) };
        let pair = || Pair { route: "GET /v1/x".into(), client: "nobody".into() };
        calls.add(pair(), tally("2026-06-02T00:00:00Z"));
        calls.add(pair(), tally("2026-06-01T00:00:00Z"));
        let all = calls.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all[&pair()];
        assert_eq!((all.len(), one.calls), (1, 2));
        assert_eq!(one.first_at, at("2026-06-01T00:00:00Z"));
        assert_eq!(one.last_at, at("2026-06-02T00:00:00Z"));
    }
}
