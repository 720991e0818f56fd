//! The tenants that are there without anybody making them.

use apps::{description::Description, folder::Folder};
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
    given: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    let Some(slug) = first(folder.description(), given) else { return Ok(()) };
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

/// The slug of the first tenant: as it is written, or as the environment says where it says so.
fn first(description: &Description, given: impl Fn(&str) -> Option<String>) -> Option<String> {
    let first = description.tenants.as_ref()?.first.as_deref()?;
    match first.strip_prefix("env.") {
        None => Some(first.to_owned()),
        Some(name) => given(name)
            .filter(|it| !it.is_empty())
            .or_else(|| description.environment.default_of(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn description(first: &str) -> Description {
        let told = json!({
            "app": "a",
            "title": "A",
            "tenants": {"noun": "shop", "schema": "schemas/shop.json", "first": first},
            "environment": {"optional": ["CODE", "OTHER"], "defaults": {"CODE": "usual"}},
        });
        serde_json::from_value(told).expect("it is a description")
    }

    #[test]
    fn the_environment_names_the_first_tenant_where_the_folder_says_so() {
        let given = |name: &str| (name == "CODE").then(|| "harbour".to_owned());
        let nothing = |_: &str| None;
        assert_eq!(first(&description("default"), given).as_deref(), Some("default"));
        assert_eq!(first(&description("env.CODE"), given).as_deref(), Some("harbour"));
        assert_eq!(first(&description("env.CODE"), nothing).as_deref(), Some("usual"));
        assert_eq!(first(&description("env.OTHER"), nothing), None);
    }
}
