//! `mainstay key`: the keys that programs use.

use std::process::ExitCode;

use base::PageRequest;
use identity::{
    Caller,
    key::{self, AppKey, Filter, Mode, New},
    key_ring::{self, SigningKey},
};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::{
    args::{Key, KeyAct},
    environment::Environment,
    output::{self, Output},
    wire::Site,
};

pub(crate) async fn run(
    args: Key,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let operator = Caller::operator();
    match args.act {
        KeyAct::Create { application, tenant, name, scope, expires, test } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let now = house.site.clock.now();
            let new = New {
                tenant: house.tenant(tenant.as_deref()).await?,
                name,
                scopes: scope,
                mode: if test { Mode::Test } else { Mode::Live },
                expires_at: expires
                    .map(|days| now + SignedDuration::from_hours(24 * i64::from(days))),
                user: None,
            };
            let (made, secret) = key::create(&house.identity, &operator, new).await?;
            shown(output, &made, secret.reveal());
            house.store.close().await;
        }
        KeyAct::List { application, tenant } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let tenant = match &tenant {
                Some(named) => Some(house.tenant(Some(named)).await?),
                None => None,
            };
            let (filter, now) = (Filter { tenant, include_ended: true }, house.site.clock.now());
            let page = house
                .store
                .read(move |db| key::list(db, &filter, now, &PageRequest::first(500)))
                .await?;
            let rows: Vec<Json> = page.items.iter().map(row).collect();
            output.table(
                &rows,
                &[
                    "id",
                    "key",
                    "name",
                    "tenant",
                    "scopes",
                    "last_used_at",
                    "expires_at",
                    "revoked_at",
                ],
            );
            house.store.close().await;
        }
        KeyAct::Revoke { application, id } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let gone = key::revoke(&house.identity, &operator, id).await?;
            output.show(&row(&gone), || {
                format!("{id} is useless from now on; a running server knows it within seconds")
            });
            house.store.close().await;
        }
        KeyAct::Rotate { application, id, overlap } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let overlap = SignedDuration::from_hours(i64::from(overlap));
            let (made, secret) = key::rotate(&house.identity, &operator, id, overlap).await?;
            shown(output, &made, secret.reveal());
            house.store.close().await;
        }
        KeyAct::Signing { application, rotate } => {
            let house = Site::find(&application, &environment)?.build().await?;
            if rotate {
                key_ring::rotate(&house.identity, &operator.actor).await?;
            }
            let now = house.site.clock.now();
            let keys = house.store.read(move |db| key_ring::list(db, now)).await?;
            let rows: Vec<Json> = keys.iter().map(signing).collect();
            output.table(&rows, &["id", "created_at", "retired_at", "sessions"]);
            house.store.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A key that signs tokens, or did; the newest of them signs.
fn signing(key: &SigningKey) -> Json {
    json!({
        "id": key.kid, "created_at": key.created_at, "retired_at": key.retired_at, "sessions": key.sessions,
    })
}

/// The secret alone on standard output, so that a script can take it.
fn shown(output: Output, made: &AppKey, secret: &str) {
    if !output.json {
        output::note(&format!(
            "{} for tenant {}; this is the only time it is shown:",
            made.id, made.tenant
        ));
    }
    let mut whole = row(made);
    whole["secret"] = secret.into();
    output.show(&whole, || secret.to_owned());
}

fn row(key: &AppKey) -> Json {
    json!({
        "id": key.id, "key": key.shown(), "name": key.name, "tenant": key.tenant, "scopes": key.scopes,
        "last_used_at": key.last_used_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at,
    })
}
