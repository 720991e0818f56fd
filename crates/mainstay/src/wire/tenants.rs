//! The tenants that are there without anybody making them.

use apps::folder::Folder;
use base::{Clock, TenantId};
use identity::tenant;
use store::Store;

/// An application without tenants still has one, which nobody sees.
pub(super) async fn ensure_default(
    store: &Store,
    folder: &Folder,
    clock: &Clock,
) -> anyhow::Result<()> {
    let description = folder.description();
    if description.tenants.is_some() {
        return Ok(());
    }
    let (title, defaults, folder, now) =
        (description.title.clone(), folder.defaults(), folder.clone(), clock.now());
    store
        .write(&base::Actor::house(), now, move |tx| {
            tenant::ensure_default(tx, &title, "default")?;
            let act = apps::record::Act::house(now);
            apps::tenant::begin(tx, folder.kits(), &act, TenantId::DEFAULT, defaults)?;
            Ok::<_, anyhow::Error>(())
        })
        .await
}

/// The tenant that is there from the start, where an application with tenants names one.
pub(super) async fn ensure_first(
    store: &Store,
    folder: &Folder,
    clock: &Clock,
) -> anyhow::Result<()> {
    let first = folder.description().tenants.as_ref().and_then(|it| it.first.clone());
    let Some(slug) = first else { return Ok(()) };
    let looked_for = slug.clone();
    if store.read(move |db| tenant::find(db, &looked_for)).await?.is_some() {
        return Ok(());
    }
    let (defaults, folder, now) = (folder.defaults(), folder.clone(), clock.now());
    let made = store
        .write(&base::Actor::house(), now, move |tx| {
            let data = serde_json::json!({});
            let new = tenant::New { name: slug.clone(), slug: Some(slug), data };
            let made = tenant::create(tx, new).map_err(apps::tenant::TenantError::from)?;
            let act = apps::record::Act::house(now);
            apps::tenant::begin(tx, folder.kits(), &act, made.id, defaults)?;
            Ok::<_, apps::tenant::TenantError>(())
        })
        .await;
    match made {
        // Another process was quicker, or it was deleted and waits to be restored.
        Err(apps::tenant::TenantError::Identity(
            tenant::TenantError::SlugTaken(_) | tenant::TenantError::NameTaken(_),
        )) => Ok(()),
        other => other.map_err(anyhow::Error::from),
    }
}
