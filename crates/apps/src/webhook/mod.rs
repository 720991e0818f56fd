//! Webhooks tell other systems what happened: signed, retried, and with a log of every delivery.
//!
//! An event is written in the transaction that makes it true, as one delivery for each webhook that
//! listens; a job then carries it out. A receiver may get an event twice and knows it by its id.
//!
//! Start at [`create`] and [`raise`]; carrying out is in [`deliver`], the log in [`delivery`].

pub mod address;
pub mod deliver;
pub mod delivery;
pub mod signature;

use base::{Actor, DeliveryId, JobId, Page, PageRequest, TenantId, Timestamp, WebhookId};
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, audit, params};

pub use delivery::{Delivery, raise};

/// Who listens to what.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Which one.
    pub id: WebhookId,
    /// Whose.
    pub tenant: TenantId,
    /// Where deliveries go.
    pub url: String,
    /// The events it listens to.
    pub events: Vec<String>,
    /// Words for people.
    pub description: Option<String>,
    /// Off: nothing new is delivered.
    pub is_active: bool,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a new webhook is made of.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where deliveries go.
    pub url: String,
    /// The events it listens to.
    pub events: Vec<String>,
    /// Words for people.
    pub description: Option<String>,
}

/// What may be changed.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Where deliveries go.
    pub url: Option<String>,
    /// The events it listens to.
    pub events: Option<Vec<String>>,
    /// On or off.
    pub is_active: Option<bool>,
}

/// Why a webhook is not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is none with this id here.
    #[error("webhook {0} does not exist")]
    NotFound(WebhookId),
    /// Deliveries cannot go there.
    #[error(transparent)]
    Address(#[from] address::Refused),
    /// An event that the application does not raise.
    #[error("`{given}` is not an event of this application; it has: {known}")]
    UnknownEvent {
        /// What was asked for.
        given: String,
        /// What there is.
        known: String,
    },
    /// It would listen to nothing.
    #[error("name at least one event to listen to; there are: {known}")]
    NoEvents {
        /// What there is.
        known: String,
    },
    /// A job delivers it already, or waits for its next attempt.
    #[error("delivery {delivery} is being tried already, by job {job}; wait until it is given up")]
    Busy {
        /// Which delivery.
        delivery: DeliveryId,
        /// The job.
        job: JobId,
    },
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Are these events of the application, and at least one?
pub fn check_events(events: &[String], known: &[String]) -> Result<(), WebhookError> {
    let listed = || known.join(", ");
    if events.is_empty() {
        return Err(WebhookError::NoEvents { known: listed() });
    }
    match events.iter().find(|it| !known.contains(it)) {
        Some(given) => Err(WebhookError::UnknownEvent { given: given.clone(), known: listed() }),
        None => Ok(()),
    }
}

/// Makes a webhook. Its `secret` is shown to the caller once, here.
pub fn create(
    tx: &Tx,
    actor: &Actor,
    tenant: TenantId,
    new: NewWebhook,
    secret: &str,
    now: Timestamp,
) -> Result<Webhook, WebhookError> {
    let webhook = Webhook {
        id: WebhookId::generate(),
        tenant,
        url: new.url,
        events: new.events,
        description: new.description,
        is_active: true,
        created_by: actor.to_string(),
        created_at: now,
        updated_at: now,
    };
    tx.execute(
        "INSERT INTO webhooks
            (id, tenant, url, secret, events, description, is_active, created_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $8)",
        &params![
            webhook.id, tenant, &webhook.url, secret, json!(webhook.events), webhook.description.clone(),
            &webhook.created_by, now
        ],
    )?;
    tx.audit(audited(&webhook, "webhook_created", "Created a webhook").after(recorded(&webhook)));
    Ok(webhook)
}

/// One webhook, of this tenant when one is given.
pub fn get(db: &Db, tenant: Option<TenantId>, id: WebhookId) -> Result<Webhook, WebhookError> {
    let row = db.first(
        "SELECT * FROM webhooks WHERE id = $1 AND (tenant = $2 OR $3 = 1)",
        &params![id, tenant.map(|it| it.to_string()).unwrap_or_default(), tenant.is_none()],
    )?;
    match row {
        Some(row) => Ok(read(&row)?),
        None => Err(WebhookError::NotFound(id)),
    }
}

/// How many webhooks a tenant has, or all have.
pub fn count(db: &Db, tenant: Option<TenantId>) -> Result<u64, store::Error> {
    let row = db.one(
        "SELECT count(*) AS total FROM webhooks WHERE tenant = $1 OR $2 = 1",
        &params![tenant.map(|it| it.to_string()).unwrap_or_default(), tenant.is_none()],
    )?;
    row.get("total")
}

/// The webhooks of a tenant, or of all, oldest first.
pub fn list(
    db: &Db,
    tenant: Option<TenantId>,
    page: &PageRequest,
) -> Result<Page<Webhook>, store::Error> {
    let rows = delivery::keyset(
        db,
        store::Sql::from(
            "SELECT * FROM webhooks
              WHERE (tenant = $1 OR $2 = 1) AND (created_at, id) > ($3, $4)
              ORDER BY created_at, id LIMIT $5",
        ),
        store::Sql::from(
            "SELECT * FROM webhooks
              WHERE (tenant = $1 OR $2 = 1) AND (created_at, id) < ($3, $4)
              ORDER BY created_at DESC, id DESC LIMIT $5",
        ),
        tenant.map(|it| it.to_string()).unwrap_or_default(),
        tenant.is_none(),
        page,
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| {
        vec![it.created_at.as_microsecond().into(), it.id.to_string().into()]
    }))
}

/// Changes a webhook.
pub fn update(
    tx: &Tx,
    webhook: &Webhook,
    change: Change,
    now: Timestamp,
) -> Result<Webhook, WebhookError> {
    let changed = Webhook {
        url: change.url.unwrap_or_else(|| webhook.url.clone()),
        events: change.events.unwrap_or_else(|| webhook.events.clone()),
        is_active: change.is_active.unwrap_or(webhook.is_active),
        updated_at: now,
        ..webhook.clone()
    };
    tx.execute(
        "UPDATE webhooks SET url = $3, events = $4, is_active = $5, updated_at = $6
          WHERE tenant = $1 AND id = $2",
        &params![
            changed.tenant,
            changed.id,
            &changed.url,
            json!(changed.events),
            changed.is_active,
            now
        ],
    )?;
    let entry = audited(&changed, "webhook_updated", "Changed a webhook");
    tx.audit(entry.before(recorded(webhook)).after(recorded(&changed)));
    Ok(changed)
}

/// Removes a webhook and the log of its deliveries.
pub fn delete(tx: &Tx, webhook: &Webhook) -> Result<(), WebhookError> {
    let ids = params![webhook.tenant, webhook.id];
    tx.execute("DELETE FROM webhook_deliveries WHERE tenant = $1 AND webhook = $2", &ids)?;
    tx.execute("DELETE FROM webhooks WHERE tenant = $1 AND id = $2", &ids)?;
    tx.audit(audited(webhook, "webhook_deleted", "Deleted a webhook").before(recorded(webhook)));
    Ok(())
}

/// What callers see. The secret is not part of it.
pub fn view(webhook: &Webhook) -> Json {
    json!({
        "id": webhook.id,
        "tenant": webhook.tenant,
        "url": webhook.url,
        "events": webhook.events,
        "description": webhook.description,
        "is_active": webhook.is_active,
        "created_by": webhook.created_by,
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    })
}

/// What the audit log keeps: an address may carry a secret in its query.
fn recorded(webhook: &Webhook) -> Json {
    let mut seen = view(webhook);
    seen["url"] = base::redact::text(&webhook.url).into();
    seen
}

fn audited(webhook: &Webhook, action: &'static str, summary: &str) -> audit::Entry {
    let subject = format!("webhooks/{}", webhook.id);
    audit::Entry::new(webhook.tenant, action, subject, summary.to_owned())
}

fn read(row: &Row) -> Result<Webhook, store::Error> {
    let events: Json = row.get("events")?;
    Ok(Webhook {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        url: row.get("url")?,
        events: serde_json::from_value(events).unwrap_or_default(),
        description: row.get("description")?,
        is_active: row.get("is_active")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
