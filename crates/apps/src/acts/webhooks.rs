//! Webhooks: made, changed, tried out.

use base::{DeliveryId, Page, PageRequest, TenantId, WebhookId};
use identity::{Caller, tenant};
use serde_json::{Value as Json, json};
use store::audit;

use super::within;
use crate::{
    engine::Engine,
    error::EngineError,
    webhook::{self, Change, NewWebhook, WebhookError, address, delivery, signature},
};

impl Engine {
    /// Makes a webhook. The answer holds its secret, which is shown this once.
    ///
    /// # Errors
    /// An address that deliveries cannot go to; an event that the application does not raise.
    pub async fn webhook_create(
        &self,
        caller: &Caller,
        tenant: TenantId,
        url: String,
        events: Vec<String>,
        description: Option<String>,
    ) -> Result<Json, EngineError> {
        within(caller, tenant)?;
        address::check(&url, self.settings().allow_private_webhooks).map_err(WebhookError::from)?;
        webhook::check_events(&events, &self.webhook_events())?;
        let secret = signature::secret(&rand::random());
        let act = self.act(caller);
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                if tenant::get(tx, tenant)?.is_none_or(|it| it.deleted_at.is_some()) {
                    return Err(EngineError::NoSuchTenant(tenant));
                }
                let new = NewWebhook { url, events, description };
                let made = webhook::create(tx, &act.actor, tenant, new, &secret, act.now)?;
                let mut shown = webhook::view(&made);
                shown["secret"] = secret.into();
                Ok(shown)
            })
            .await
    }

    /// The webhooks of a tenant; of all that the caller reaches when none is named. `counted` says
    /// how many there are in all.
    ///
    /// # Errors
    /// A tenant that is not the caller's.
    pub async fn webhooks_list(
        &self,
        caller: &Caller,
        tenant: Option<TenantId>,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, EngineError> {
        let tenant = tenant.or(caller.tenant());
        if let Some(tenant) = tenant {
            within(caller, tenant)?;
        }
        let page = page.clone();
        let found = self
            .store()
            .read(move |db| {
                let mut found = webhook::list(db, tenant, &page)?;
                found.total = counted.then(|| webhook::count(db, tenant)).transpose()?;
                Ok::<_, store::Error>(found)
            })
            .await?;
        Ok(found.map(|it| webhook::view(&it)))
    }

    /// One webhook.
    ///
    /// # Errors
    /// One that is not there.
    pub async fn webhook_get(&self, caller: &Caller, id: WebhookId) -> Result<Json, EngineError> {
        let reach = caller.tenant();
        Ok(webhook::view(&self.store().read(move |db| webhook::get(db, reach, id)).await?))
    }

    /// Changes where a webhook goes, what it listens to, or whether.
    ///
    /// # Errors
    /// As [`Engine::webhook_create`].
    pub async fn webhook_update(
        &self,
        caller: &Caller,
        id: WebhookId,
        url: Option<String>,
        events: Option<Vec<String>>,
        active: Option<bool>,
    ) -> Result<Json, EngineError> {
        if let Some(url) = &url {
            address::check(url, self.settings().allow_private_webhooks)
                .map_err(WebhookError::from)?;
        }
        if let Some(events) = &events {
            webhook::check_events(events, &self.webhook_events())?;
        }
        let (reach, act) = (caller.tenant(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                let found = webhook::get(tx, reach, id)?;
                let change = Change { url, events, is_active: active };
                Ok(webhook::view(&webhook::update(tx, &found, change, act.now)?))
            })
            .await
    }

    /// Removes a webhook with the log of its deliveries.
    ///
    /// # Errors
    /// One that is not there.
    pub async fn webhook_delete(&self, caller: &Caller, id: WebhookId) -> Result<(), EngineError> {
        let (reach, act) = (caller.tenant(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                let found = webhook::get(tx, reach, id)?;
                Ok(webhook::delete(tx, &found)?)
            })
            .await
    }

    /// Sends a webhook an event of its own, to see that it arrives.
    ///
    /// # Errors
    /// One that is not there.
    pub async fn webhook_test(&self, caller: &Caller, id: WebhookId) -> Result<Json, EngineError> {
        let (reach, act) = (caller.tenant(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                let found = webhook::get(tx, reach, id)?;
                let key = DeliveryId::generate().to_string();
                let data = json!({"webhook": id, "message": "A test, sent by hand."});
                let written = delivery::write(tx, found.tenant, id, "test", &key, &data, act.now)?;
                let made = written.map(|it| delivery::get(tx, reach, it)).transpose()?.flatten();
                let summary = "Sent a test to a webhook".to_owned();
                tx.audit(audit::Entry::new(
                    found.tenant,
                    "webhook_tested",
                    format!("webhooks/{id}"),
                    summary,
                ));
                Ok(made.map(|it| delivery::view(&it)).unwrap_or_default())
            })
            .await
    }

    /// The deliveries of a webhook, newest first. `counted` says how many there are in all.
    ///
    /// # Errors
    /// A webhook that is not there.
    pub async fn webhook_deliveries(
        &self,
        caller: &Caller,
        id: WebhookId,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, EngineError> {
        let (reach, page) = (caller.tenant(), page.clone());
        let found = self
            .store()
            .read(move |db| {
                let webhook = webhook::get(db, reach, id)?;
                let mut found = delivery::list(db, webhook.id, &page)?;
                found.total = counted.then(|| delivery::count(db, webhook.id)).transpose()?;
                Ok::<_, WebhookError>(found)
            })
            .await?;
        Ok(found.map(|it| delivery::view(&it)))
    }

    /// Tries a delivery again, from the beginning.
    ///
    /// # Errors
    /// One that is not there; one that is being tried already.
    pub async fn delivery_retry(
        &self,
        caller: &Caller,
        id: DeliveryId,
    ) -> Result<Json, EngineError> {
        let (reach, act) = (caller.tenant(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                let no_such = || EngineError::NoSuch { kind: "delivery", name: id.to_string() };
                let found = delivery::get(tx, reach, id)?.ok_or_else(no_such)?;
                delivery::retry(tx, &found, act.now)?;
                let summary = "Sent a delivery again".to_owned();
                tx.audit(audit::Entry::new(
                    found.tenant,
                    "delivery_retried",
                    format!("deliveries/{id}"),
                    summary,
                ));
                Ok(delivery::view(&webhook::Delivery {
                    state: "pending".into(),
                    error: None,
                    ..found
                }))
            })
            .await
    }
}
