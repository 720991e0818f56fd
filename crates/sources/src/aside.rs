//! What was set aside: rows that could not be read, records that did not fit, fields that nobody
//! completed. Each with its reason; each is tried again, later and later, until it succeeds.

use std::collections::HashSet;

use base::{Cursor, Page, PageRequest, TenantId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::{Db, Error, Row, Tx, params};

use crate::{expression::Data, finding::cut};

/// The most that one run tries again.
pub(crate) const TRIED_MAX: u32 = 200;
/// The longest pause before something is tried again.
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How long it is kept: what did not succeed by then will not.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Something that was set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Aside {
    /// What it is known by.
    pub item: String,
    /// At which step it stuck.
    pub step: Step,
    /// Why.
    pub reason: String,
    /// The row, or the record in the making.
    pub body: Data,
    /// The row as it was.
    pub raw: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was first set aside.
    pub first_at: Timestamp,
    /// When it was last tried.
    pub last_at: Timestamp,
    /// Not tried again before this.
    pub due_at: Timestamp,
}

/// At which step something stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The row could not be made into a record.
    Row,
    /// The record does not fit the collection.
    Record,
    /// The record is kept, but lacks what nobody answered.
    Completion,
}

impl Step {
    pub(crate) const ALL: [Self; 3] = [Self::Row, Self::Record, Self::Completion];

    /// The name used in rows and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Record => "record",
            Self::Completion => "completion",
        }
    }
}

impl Aside {
    /// Something that is set aside for the first time.
    pub(crate) fn new(item: &str, step: Step, reason: &str, body: Data, now: Timestamp) -> Self {
        Self {
            item: item.to_owned(),
            step,
            reason: cut(reason),
            body,
            raw: None,
            attempts: 1,
            first_at: now,
            last_at: now,
            due_at: now,
        }
    }

    fn read(row: &Row) -> Result<Self, Error> {
        let step: String = row.get("step")?;
        let body: serde_json::Value = row.get("body")?;
        Ok(Self {
            item: row.get("item")?,
            step: Step::ALL.into_iter().find(|it| it.name() == step).unwrap_or(Step::Row),
            reason: row.get("reason")?,
            body: body.as_object().cloned().unwrap_or_default(),
            raw: row.get("raw")?,
            attempts: row.get("attempts")?,
            first_at: row.get("first_at")?,
            last_at: row.get("last_at")?,
            due_at: row.get("due_at")?,
        })
    }
}

/// How long something waits that failed so often: a minute, two, four, at most a day.
pub(crate) fn pause(attempts: u32) -> SignedDuration {
    let minutes = 1_i64 << attempts.saturating_sub(1).min(20);
    SignedDuration::from_mins(minutes).min(PAUSE_MAX)
}

/// Sets something aside, or notes that it failed again: once more than is known, whoever says so.
pub(crate) fn put(
    tx: &Tx,
    tenant: TenantId,
    source: &str,
    it: &Aside,
    now: Timestamp,
) -> Result<(), Error> {
    let known = params![tenant, source, it.item.as_str(), it.step.name()];
    let before = tx.first(ATTEMPTS, &known)?;
    let before: Option<u32> = before.map(|it| it.get("attempts")).transpose()?;
    let attempts = before.map_or(it.attempts, |it| it.saturating_add(1));
    let due_at = now + pause(attempts);
    tx.execute(
        PUT,
        &params![
            tenant,
            source,
            it.item.as_str(),
            it.step.name(),
            it.reason.as_str(),
            serde_json::Value::Object(it.body.clone()),
            it.raw.as_deref(),
            attempts,
            now,
            due_at
        ],
    )?;
    Ok(())
}

/// It succeeded, or another one came in its place.
pub(crate) fn remove(
    tx: &Tx,
    tenant: TenantId,
    source: &str,
    item: &str,
    step: Step,
) -> Result<(), Error> {
    tx.execute(REMOVE, &params![tenant, source, item, step.name()])?;
    Ok(())
}

/// Forgets all that was set aside: everything was read anew.
pub(crate) fn clear(tx: &Tx, tenant: TenantId, source: &str) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM source_asides WHERE tenant = $1 AND source = $2",
        &params![tenant, source],
    )
}

/// The names of what is aside, so many at most.
pub(crate) fn names(
    db: &Db,
    tenant: TenantId,
    source: &str,
    most: u32,
) -> Result<HashSet<String>, Error> {
    let rows = db.query(NAMES, &params![tenant, source, most])?;
    rows.iter().map(|it| it.get("item")).collect()
}

/// What is to be tried again now, the longest waiting first.
pub(crate) fn due(
    db: &Db,
    tenant: TenantId,
    source: &str,
    now: Timestamp,
) -> Result<Vec<Aside>, Error> {
    db.query(DUE, &params![tenant, source, now, TRIED_MAX])?.iter().map(Aside::read).collect()
}

/// A page of what was set aside, in the order of its names.
pub fn list(
    db: &Db,
    tenant: TenantId,
    source: &str,
    page: &PageRequest,
) -> Result<Page<Aside>, Error> {
    let sql = if page.is_backwards() { LIST_BACKWARDS } else { LIST };
    let (item, step) = edge(page.cursor.as_ref());
    let rows = db.query(sql, &params![tenant, source, item, step, i64::from(page.limit) + 1])?;
    let all = rows.iter().map(Aside::read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(all, page, |it| vec![it.item.clone().into(), it.step.name().into()]))
}

/// How much is aside.
pub fn count(db: &Db, tenant: TenantId, source: &str) -> Result<u64, Error> {
    db.one(COUNT, &params![tenant, source])?.get("total")
}

/// Removes what has been tried in vain for too long.
pub(crate) fn sweep(tx: &Tx, before: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM source_asides WHERE first_at < $1", &params![before])
}

fn edge(cursor: Option<&Cursor>) -> (String, String) {
    let part = |at: usize| {
        cursor.and_then(|it| it.key.get(at)?.as_str().map(str::to_owned)).unwrap_or_default()
    };
    (part(0), part(1))
}

const PUT: &str = "
    INSERT INTO source_asides (tenant, source, item, step, reason, body, raw, attempts, first_at,
                               last_at, due_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
        ON CONFLICT (tenant, source, item, step) DO UPDATE
       SET reason = excluded.reason, body = excluded.body, raw = excluded.raw,
           attempts = excluded.attempts, last_at = excluded.last_at,
           due_at = excluded.due_at";

const NAMES: &str = "
    SELECT DISTINCT item FROM source_asides
     WHERE tenant = $1 AND source = $2
     ORDER BY item LIMIT $3";

const REMOVE: &str = "
    DELETE FROM source_asides
     WHERE tenant = $1 AND source = $2 AND item = $3 AND step = $4";

const ATTEMPTS: &str = "
    SELECT attempts FROM source_asides
     WHERE tenant = $1 AND source = $2 AND item = $3 AND step = $4";

const DUE: &str = "
    SELECT * FROM source_asides
     WHERE tenant = $1 AND source = $2 AND due_at <= $3
     ORDER BY due_at, item LIMIT $4";

const LIST: &str = "
    SELECT * FROM source_asides
     WHERE tenant = $1 AND source = $2 AND (item > $3 OR (item = $3 AND step > $4))
     ORDER BY item, step LIMIT $5";

const LIST_BACKWARDS: &str = "
    SELECT * FROM source_asides
     WHERE tenant = $1 AND source = $2 AND (item < $3 OR (item = $3 AND step < $4))
     ORDER BY item DESC, step DESC LIMIT $5";

const COUNT: &str = "SELECT COUNT(*) AS total FROM source_asides WHERE tenant = $1 AND source = $2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_and_again_is_tried_less_and_less() {
        let minutes: Vec<i64> = (1..=4).map(|it| pause(it).as_mins()).collect();
        assert_eq!(minutes, [1, 2, 4, 8]);
        assert_eq!(pause(30), PAUSE_MAX);
    }

    testkit::on_both! {
        async fn what_is_refused_again_waits_longer_whoever_refuses_it(db: testkit::Database) {
            let store = db.migrated(&[crate::MIGRATIONS]).await;
            let tenant = TenantId::DEFAULT;
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000);
            let write = move |tx: &Tx| {
                for _ in 0..3 {
                    // The collection does not know how often it has refused a record before.
                    let aside = Aside::new("48240", Step::Record, "it does not fit", Data::new(), now);
                    put(tx, tenant, "calls", &aside, now)?;
                }
                Ok::<_, Error>(())
            };
            store.bookkeep("set a record aside", write).await.expect("it is written");
            let later = now + SignedDuration::from_hours(1);
            let found = store.read(move |db: &Db| due(db, tenant, "calls", later)).await;
            let found = found.expect("it is read");
            assert_eq!((found.len(), found[0].attempts, found[0].due_at), (1, 3, now + pause(3)));
        }

        async fn what_is_kept_may_still_wait_to_be_completed(db: testkit::Database) {
            let store = db.migrated(&[crate::MIGRATIONS]).await;
            let (tenant, now) = (TenantId::DEFAULT, Timestamp::UNIX_EPOCH);
            let write = move |tx: &Tx| {
                for step in [Step::Record, Step::Completion] {
                    put(tx, tenant, "calls", &Aside::new("A", step, "why", Data::new(), now), now)?;
                }
                remove(tx, tenant, "calls", "A", Step::Record)
            };
            store.bookkeep("set a record aside", write).await.expect("it is written");
            let left = store.read(move |db: &Db| list(db, tenant, "calls", &PageRequest::first(10))).await;
            let steps: Vec<Step> = left.expect("it is read").items.iter().map(|it| it.step).collect();
            assert_eq!(steps, [Step::Completion]);
        }
    }
}
