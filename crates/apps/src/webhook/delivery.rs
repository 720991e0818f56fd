//! The log of deliveries: one row is one event for one webhook, with all attempts at it.

use std::time::Duration;

use base::{DeliveryId, Page, PageRequest, TenantId, Timestamp, WebhookId};
use serde_json::{Value as Json, json};
use store::{Db, Row, Sql, Tx, Value, params};
use work::{Busy, EnqueueError, Lock, NewJob};

use super::WebhookError;

/// The kind of the job that carries a delivery out.
pub const JOB: &str = "webhook";

/// Pauses between attempts, as long as a receiver's bad night.
pub const PAUSES: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(8 * 3600),
];

/// One event for one webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Which one; the receiver sees it as `webhook-id`.
    pub id: DeliveryId,
    /// Whose.
    pub tenant: TenantId,
    /// For whom.
    pub webhook: WebhookId,
    /// The event's name.
    pub event: String,
    /// What is sent.
    pub payload: Json,
    /// `pending`, `delivered`, `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// HTTP status of the last answer.
    pub answer_status: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// How long the last attempt took.
    pub latency_ms: Option<i64>,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it was last tried.
    pub attempted_at: Option<Timestamp>,
    /// When it was taken.
    pub delivered_at: Option<Timestamp>,
}

/// Writes `event` for each webhook of the tenant that listens, with a job for each. `key` names the
/// happening: raised twice, it is delivered once. Returns how many listen.
pub fn raise(
    tx: &Tx,
    tenant: TenantId,
    event: &str,
    key: &str,
    data: &Json,
    now: Timestamp,
) -> Result<usize, store::Error> {
    let webhooks = tx.query(
        "SELECT id, events FROM webhooks WHERE tenant = $1 AND is_active = 1 ORDER BY created_at, id",
        &params![tenant],
    )?;
    let mut raised = 0;
    for row in webhooks {
        let events: Json = row.get("events")?;
        if events.as_array().is_some_and(|it| it.iter().any(|it| it == event)) {
            raised +=
                usize::from(write(tx, tenant, row.get("id")?, event, key, data, now)?.is_some());
        }
    }
    Ok(raised)
}

/// Writes one delivery and the job that carries it out; nothing when it is there already.
pub fn write(
    tx: &Tx,
    tenant: TenantId,
    webhook: WebhookId,
    event: &str,
    key: &str,
    data: &Json,
    now: Timestamp,
) -> Result<Option<DeliveryId>, store::Error> {
    let id = DeliveryId::generate();
    let payload = json!({"type": event, "timestamp": now, "data": data});
    let written = tx.execute(
        "INSERT INTO webhook_deliveries
            (id, tenant, webhook, event, event_key, payload, state, attempts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7)
         ON CONFLICT (webhook, event_key) DO NOTHING",
        &params![id, tenant, webhook, event, format!("{event}:{key}"), &payload, now],
    )?;
    if written == 0 {
        return Ok(None);
    }
    match enqueue(tx, tenant, id, now) {
        Ok(()) => Ok(Some(id)),
        Err(EnqueueError::Store(error)) => Err(error),
        // The delivery is new: nobody else can have a job for it.
        Err(busy) => Err(store::Error::Constraint { what: busy.to_string() }),
    }
}

/// Tries a delivery again, from the beginning.
///
/// # Errors
/// [`WebhookError::Busy`] while a job is at it, or waits for its next attempt.
pub fn retry(tx: &Tx, delivery: &Delivery, now: Timestamp) -> Result<(), WebhookError> {
    enqueue(tx, delivery.tenant, delivery.id, now).map_err(|error| match error {
        EnqueueError::Busy { job } => WebhookError::Busy { delivery: delivery.id, job },
        EnqueueError::Store(error) => WebhookError::Store(error),
    })?;
    tx.execute(
        "UPDATE webhook_deliveries SET state = 'pending', error = NULL WHERE tenant = $1 AND id = $2",
        &params![delivery.tenant, delivery.id],
    )?;
    Ok(())
}

/// One delivery, of this tenant when one is given.
pub fn get(
    db: &Db,
    tenant: Option<TenantId>,
    id: DeliveryId,
) -> Result<Option<Delivery>, store::Error> {
    let row = db.first(
        "SELECT * FROM webhook_deliveries WHERE id = $1 AND (tenant = $2 OR $3 = 1)",
        &params![id, tenant.map(|it| it.to_string()).unwrap_or_default(), tenant.is_none()],
    )?;
    row.as_ref().map(read).transpose()
}

/// How many deliveries a webhook has.
pub fn count(db: &Db, webhook: WebhookId) -> Result<u64, store::Error> {
    let sql = "SELECT count(*) AS total FROM webhook_deliveries WHERE webhook = $1";
    db.one(sql, &params![webhook])?.get("total")
}

/// The deliveries of a webhook, newest first.
pub fn list(
    db: &Db,
    webhook: WebhookId,
    page: &PageRequest,
) -> Result<Page<Delivery>, WebhookError> {
    let rows = keyset(
        db,
        Sql::from(
            "SELECT * FROM webhook_deliveries
              WHERE (webhook = $1 OR $2 = 1) AND (created_at, id) < ($3, $4)
              ORDER BY created_at DESC, id DESC LIMIT $5",
        ),
        Sql::from(
            "SELECT * FROM webhook_deliveries
              WHERE (webhook = $1 OR $2 = 1) AND (created_at, id) > ($3, $4)
              ORDER BY created_at, id LIMIT $5",
        ),
        webhook.to_string(),
        false,
        page,
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| {
        vec![it.created_at.as_microsecond().into(), it.id.to_string().into()]
    }))
}

/// What callers see.
pub fn view(delivery: &Delivery) -> Json {
    json!({
        "id": delivery.id,
        "webhook": delivery.webhook,
        "event": delivery.event,
        "payload": delivery.payload,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "answer_status": delivery.answer_status,
        "error": delivery.error,
        "latency_ms": delivery.latency_ms,
        "created_at": delivery.created_at,
        "attempted_at": delivery.attempted_at,
        "delivered_at": delivery.delivered_at,
    })
}

/// Removes deliveries that were done with before `older_than`. Returns how many.
pub fn sweep(tx: &Tx, older_than: Timestamp) -> Result<u64, store::Error> {
    tx.execute(
        "DELETE FROM webhook_deliveries WHERE state <> 'pending' AND created_at < $1",
        &params![older_than],
    )
}

/// Rows of one owner (or of all), after or before a `(created_at, id)` cursor. `forth` reads in the
/// order of the list, `back` in the other; both take owner, all, created_at, id, limit.
pub(super) fn keyset(
    db: &Db,
    forth: Sql<'_>,
    back: Sql<'_>,
    owner: String,
    all: bool,
    page: &PageRequest,
) -> Result<Vec<Row>, store::Error> {
    let backwards = page.is_backwards();
    let sql = if backwards { back } else { forth };
    // Without a cursor the list begins at its edge: before everything when it ascends.
    let ascends = sql.sqlite.contains("(created_at, id) >");
    let (at, id) = match &page.cursor {
        Some(cursor) => (
            cursor.key.first().and_then(Json::as_i64).unwrap_or_default(),
            cursor.key.get(1).and_then(Json::as_str).unwrap_or_default().to_owned(),
        ),
        None if ascends => (i64::MIN, String::new()),
        None => (i64::MAX, String::new()),
    };
    let limit = Value::Int(i64::from(page.limit) + 1);
    db.query(
        sql,
        &[Value::Text(owner), Value::Int(i64::from(all)), Value::Int(at), Value::Text(id), limit],
    )
}

pub(super) fn read(row: &Row) -> Result<Delivery, store::Error> {
    let attempts: i64 = row.get("attempts")?;
    Ok(Delivery {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        webhook: row.get("webhook")?,
        event: row.get("event")?,
        payload: row.get("payload")?,
        state: row.get("state")?,
        attempts: u32::try_from(attempts).unwrap_or_default(),
        answer_status: row.get("answer_status")?,
        error: row.get("error")?,
        latency_ms: row.get("latency_ms")?,
        created_at: row.get("created_at")?,
        attempted_at: row.get("attempted_at")?,
        delivered_at: row.get("delivered_at")?,
    })
}

/// Writes the job of a delivery. One at a time: two would deliver twice.
fn enqueue(tx: &Tx, tenant: TenantId, id: DeliveryId, now: Timestamp) -> Result<(), EnqueueError> {
    let job = NewJob {
        lock: Some(Lock { key: format!("deliveries/{id}"), busy: Busy::Refuse }),
        attempts_max: PAUSES.len() as u32 + 1,
        timeout: Duration::from_secs(30),
        ..NewJob::new(tenant, JOB, json!({"delivery": id}), "mainstay", now)
    };
    work::enqueue(tx, job, now).map(drop)
}
