//! Webhooks and the log of their deliveries.

use base::{DeliveryId, Permission, TenantId, WebhookId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let manage = Permission::ManageWebhooks;
    vec![
        Operation::new("webhooks.list", manage, Kind::Page, "Webhook", "Lists webhooks.", list),
        Operation::new(
            "webhooks.create",
            manage,
            Kind::Made,
            "WebhookWithSecret",
            "Makes a webhook. The secret that signs its deliveries is in the answer, this once.",
            create,
        )
        .secret(),
        Operation::new("webhooks.get", manage, Kind::One, "Webhook", "Reads a webhook.", get),
        Operation::new(
            "webhooks.update",
            manage,
            Kind::One,
            "Webhook",
            "Changes a webhook.",
            update,
        ),
        Operation::new(
            "webhooks.delete",
            manage,
            Kind::Empty,
            "",
            "Deletes a webhook with its deliveries.",
            delete,
        ),
        Operation::new(
            "webhooks.test",
            manage,
            Kind::Accepted,
            "Delivery",
            "Sends a trial event.",
            test,
        ),
        Operation::new(
            "webhooks.deliveries",
            manage,
            Kind::Page,
            "Delivery",
            "Lists the deliveries of a webhook.",
            deliveries,
        ),
        Operation::new(
            "deliveries.retry",
            manage,
            Kind::Accepted,
            "Delivery",
            "Delivers again.",
            retry,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let tenant = call.narrowed(args.tenant);
    let engine = &call.app.engine;
    Ok(Answer::page(engine.webhooks_list(&call.caller, tenant, &call.page, call.count).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// Whose events.
    tenant: TenantId,
    /// Where they go.
    #[schemars(length(max = 2000))]
    url: String,
    /// Which events.
    events: Vec<String>,
    /// Words for people.
    #[schemars(length(max = 500))]
    description: Option<String>,
}

async fn create(call: Call, args: Create) -> Result<Answer, Problem> {
    let Create { tenant, url, events, description } = args;
    let engine = &call.app.engine;
    let made = engine.webhook_create(&call.caller, tenant, url, events, description).await?;
    Ok(Answer::one(made))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The webhook.
    webhook: WebhookId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.webhook_get(&call.caller, args.webhook).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    /// The webhook.
    webhook: WebhookId,
    /// Where events go.
    #[schemars(length(max = 2000))]
    url: Option<String>,
    /// Which events.
    events: Option<Vec<String>>,
    /// On or off.
    is_active: Option<bool>,
}

async fn update(call: Call, args: Update) -> Result<Answer, Problem> {
    let Update { webhook, url, events, is_active } = args;
    let engine = &call.app.engine;
    let changed = engine.webhook_update(&call.caller, webhook, url, events, is_active).await?;
    Ok(Answer::one(changed))
}

async fn delete(call: Call, args: One) -> Result<Answer, Problem> {
    call.app.engine.webhook_delete(&call.caller, args.webhook).await?;
    Ok(Answer::empty())
}

async fn test(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.webhook_test(&call.caller, args.webhook).await?))
}

async fn deliveries(call: Call, args: One) -> Result<Answer, Problem> {
    let engine = &call.app.engine;
    let (webhook, count) = (args.webhook, call.count);
    Ok(Answer::page(engine.webhook_deliveries(&call.caller, webhook, &call.page, count).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Retry {
    /// The delivery.
    delivery: DeliveryId,
}

async fn retry(call: Call, args: Retry) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.delivery_retry(&call.caller, args.delivery).await?))
}
