//! Application keys: how programs say who they are.

use base::{AppKeyId, Permission, Scope, Secret, TenantId, Timestamp, UserId};
use identity::key::{self, AppKey, Filter, Mode, New};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let manage = Permission::ManageKeys;
    vec![
        Operation::new(
            "keys.list",
            manage,
            Kind::Page,
            "Key",
            "Lists application keys, without their secrets.",
            list,
        ),
        Operation::new(
            "keys.create",
            manage,
            Kind::Made,
            "KeyWithSecret",
            "Makes an application key. Its text is in `secret`, this once.",
            create,
        )
        .secret(),
        Operation::new("keys.revoke", manage, Kind::Empty, "", "Revokes a key at once.", revoke),
        Operation::new(
            "keys.rotate",
            manage,
            Kind::One,
            "KeyWithSecret",
            "Makes a key in place of another, which goes on working for a while.",
            rotate,
        )
        .secret(),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Also those that were revoked or have expired.
    #[serde(default)]
    ended: Option<bool>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let filter =
        Filter { tenant: call.narrowed(args.tenant), include_ended: args.ended.unwrap_or(true) };
    let (now, request) = (call.now(), call.page.clone());
    let page = call.app.store.read(move |db| key::list(db, &filter, now, &request)).await?;
    Ok(Answer::page(page.map(|it| view(&it, None))))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// The tenant it reaches.
    tenant: TenantId,
    /// What it is called.
    #[schemars(length(max = 255))]
    name: String,
    /// What it may do.
    #[serde(default)]
    scopes: Option<Vec<Scope>>,
    /// For real use or for trying out.
    mode: Option<Mode>,
    /// When it stops working by itself.
    expires_at: Option<Timestamp>,
    /// The user it stands for: it never does more than they may.
    user: Option<UserId>,
}

async fn create(call: Call, args: Create) -> Result<Answer, Problem> {
    let new = New {
        tenant: args.tenant,
        name: args.name,
        scopes: args.scopes.unwrap_or_default(),
        mode: args.mode.unwrap_or(Mode::Live),
        expires_at: args.expires_at,
        user: args.user,
    };
    let (key, secret) = key::create(&call.app.identity, &call.caller, new).await?;
    Ok(Answer::one(view(&key, Some(&secret))))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The key.
    key: AppKeyId,
}

async fn revoke(call: Call, args: One) -> Result<Answer, Problem> {
    key::revoke(&call.app.identity, &call.caller, args.key).await?;
    Ok(Answer::empty())
}

#[derive(Deserialize, JsonSchema)]
struct Rotate {
    /// The key.
    key: AppKeyId,
    /// For how many hours the old one goes on working.
    #[schemars(range(min = 0, max = 8760))]
    overlap_hours: Option<i64>,
}

async fn rotate(call: Call, args: Rotate) -> Result<Answer, Problem> {
    let overlap = SignedDuration::from_hours(args.overlap_hours.unwrap_or(24));
    let rotated = key::rotate(&call.app.identity, &call.caller, args.key, overlap).await?;
    Ok(Answer::one(view(&rotated.0, Some(&rotated.1))))
}

fn view(key: &AppKey, secret: Option<&Secret<String>>) -> Json {
    let mut view = json!({
        "id": key.id,
        "tenant": key.tenant,
        "user": key.user,
        "name": key.name,
        "prefix": format!("{}{}", key.mark, key.prefix),
        "scopes": key.scopes,
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "replaced_by": key.replaced_by,
    });
    if let Some(secret) = secret {
        view["secret"] = secret.reveal().as_str().into();
    }
    view
}
