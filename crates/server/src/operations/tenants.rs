//! Tenants: clients, organisations, workspaces; whatever the application calls them.

use apps::{record::RecordError, tenant as kept};
use base::{Permission, TenantId};
use identity::tenant::{self, Change, Filter, New, Tenant, TenantError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::records::{act, fault};
use crate::{
    App,
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

mod export;

pub(super) fn all() -> Vec<Operation> {
    let (read, manage) = (Permission::ReadRecords, Permission::ManageTenants);
    vec![
        Operation::new("tenants.list", Permission::ListTenants, Kind::Page, "Tenant", "Lists tenants, the oldest first.", list),
        Operation::new("tenants.create", manage, Kind::Made, "Tenant", "Creates a tenant with the records that every new one starts with.", create),
        Operation::new("tenants.get", read, Kind::One, "Tenant", "Reads a tenant.", get).reaches_deleted(),
        Operation::new("tenants.update", manage, Kind::One, "Tenant", "Changes the fields that are given; null takes one out.", update),
        Operation::new("tenants.delete", manage, Kind::Empty, "", "Deletes a tenant, so that it can be restored; with `permanent`, it and everything of it for good.", delete)
            .reaches_deleted(),
        Operation::new("tenants.restore", manage, Kind::One, "Tenant", "Brings a deleted tenant back.", restore).reaches_deleted(),
        Operation::new("tenants.export", read, Kind::File, "", "What a tenant has, as JSON; what the caller may not see is left out, and named.", export::export),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Only those with this in their name or slug.
    search: Option<String>,
    /// Deleted ones too.
    deleted: Option<bool>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let filter = Filter {
        only: call.caller.tenant(),
        search: args.search,
        include_deleted: args.deleted.unwrap_or(false),
    };
    let request = call.page.clone();
    let page = call.app.store.read(move |db| tenant::list(db, &filter, &request)).await?;
    Ok(Answer::page(page.map(|it| view(&it))))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// `name`, `slug` (made of the name when left out) and the other fields of the schema.
    data: Map<String, Json>,
}

async fn create(call: Call, args: Create) -> Result<Answer, Problem> {
    let data = checked(&call.app, args.data)?;
    let Fields { name, slug, rest } = split(data)?;
    let new = New {
        name: name.ok_or_else(|| fault("/name", "is missing"))?,
        slug: slug.flatten(),
        data: Json::Object(rest),
    };
    let defaults = call.app.engine.folder().defaults();
    let (app, act) = (call.app.clone(), act(&call));
    let made = call.app.store.write(&call.caller.actor, act.now, move |tx| {
        tenant::check_unique(tx, None, &new.data, unique(&app))?;
        let tenant = tenant::create(tx, new)?;
        kept::begin(tx, app.kits(), &act, tenant.id, defaults)?;
        Ok::<_, Problem>(tenant)
    });
    Ok(Answer::revised(view(&made.await?)))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The tenant.
    tenant: TenantId,
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    /// The tenant.
    tenant: TenantId,
    /// Also when it was deleted, for those who may restore it.
    deleted: Option<bool>,
}

async fn get(call: Call, args: Get) -> Result<Answer, Problem> {
    let found = read(&call.app, args.tenant).await?;
    let is_asked_for = args.deleted == Some(true);
    let is_shown = is_asked_for && call.caller.may(Permission::ManageTenants).is_ok();
    if found.deleted_at.is_some() && !is_shown {
        return Err(TenantError::Deleted(args.tenant).into());
    }
    Ok(Answer::revised(view(&found)))
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    /// The tenant.
    tenant: TenantId,
    /// The fields that change; null takes one out.
    data: Map<String, Json>,
}

async fn update(call: Call, args: Update) -> Result<Answer, Problem> {
    let (id, expected) = (args.tenant, call.expected_revision()?);
    let (app, now) = (call.app.clone(), call.now());
    let changed = call.app.store.write(&call.caller.actor, now, move |tx| {
        tx.hold("tenants")?;
        let before = tenant::get(tx, id)?.ok_or(TenantError::NoSuchTenant(id))?;
        let mut whole = Json::Object(whole(&before));
        apps::record::merge(&mut whole, &Json::Object(args.data));
        let Json::Object(whole) = whole else { return Err(fault("", "must be an object")) };
        let Fields { name, slug, rest } = split(checked(&app, whole)?)?;
        let rest = Json::Object(rest);
        tenant::check_unique(tx, Some(id), &rest, unique(&app))?;
        let change = Change { name, slug: slug.flatten(), data: Some(rest) };
        Ok::<_, Problem>(tenant::update(tx, id, change, expected)?)
    });
    Ok(Answer::revised(view(&changed.await?)))
}

#[derive(Deserialize, JsonSchema)]
struct Delete {
    /// The tenant.
    tenant: TenantId,
    /// For good, with everything of it.
    permanent: Option<bool>,
}

async fn delete(call: Call, args: Delete) -> Result<Answer, Problem> {
    let (id, expected) = (args.tenant, call.expected_revision()?);
    let is_permanent = args.permanent.unwrap_or(false);
    if is_permanent {
        call.caller.may(Permission::EraseRecords)?;
    }
    let act = act(&call);
    let gone = call.app.store.write(&call.caller.actor, act.now, move |tx| {
        if is_permanent {
            kept::erase(tx, &act, id)?;
        } else {
            tenant::delete(tx, id, expected)?;
        }
        Ok::<_, Problem>(())
    });
    gone.await?;
    call.app.identity.forget_callers();
    call.app.tenants.forget(id);
    if is_permanent {
        call.app.knowledge.forget(id).await;
    }
    Ok(Answer::empty())
}

async fn restore(call: Call, args: One) -> Result<Answer, Problem> {
    let id = args.tenant;
    let now = call.now();
    let app = call.app.clone();
    let back = call.app.store.write(&call.caller.actor, now, move |tx| {
        let back = tenant::restore(tx, id)?;
        tenant::check_unique(tx, Some(id), &back.data, unique(&app))?;
        Ok::<_, Problem>(back)
    });
    let back = back.await?;
    call.app.identity.forget_callers();
    call.app.tenants.forget(id);
    Ok(Answer::revised(view(&back)))
}

async fn read(app: &App, id: TenantId) -> Result<Tenant, Problem> {
    let found = app.store.read(move |db| tenant::get(db, id)).await?;
    found.ok_or_else(|| TenantError::NoSuchTenant(id).into())
}

struct Fields {
    name: Option<String>,
    /// Given at all, and not null.
    slug: Option<Option<String>>,
    rest: Map<String, Json>,
}

/// Name and slug are kept apart from the other fields.
fn split(mut data: Map<String, Json>) -> Result<Fields, Problem> {
    let text = |field: &str, value: Json| match value {
        Json::String(text) => Ok(Some(text)),
        Json::Null => Ok(None),
        _ => Err(fault(&format!("/{field}"), "must be a text")),
    };
    let name = data.remove("name").map(|it| text("name", it)).transpose()?.flatten();
    let slug = data.remove("slug").map(|it| text("slug", it)).transpose()?;
    Ok(Fields { name, slug, rest: data })
}

/// The fields that tell tenants apart, beside name and slug.
fn unique(app: &App) -> &[String] {
    app.description().tenants.as_ref().map_or(&[][..], |it| it.unique.as_slice())
}

/// The data, if it fits the schema that the application declares for its tenants.
fn checked(app: &App, data: Map<String, Json>) -> Result<Map<String, Json>, Problem> {
    let Some(schema) = app.engine.folder().tenant_schema() else { return Ok(data) };
    let data = Json::Object(data);
    if let Err(faults) = schema.check(&data) {
        let invalid = apps::record::Invalid { code: "invalid_input".into(), faults };
        return Err(RecordError::from(invalid).into());
    }
    match data {
        Json::Object(data) => Ok(data),
        _ => Ok(Map::new()),
    }
}

fn whole(tenant: &Tenant) -> Map<String, Json> {
    let mut whole = tenant.data.as_object().cloned().unwrap_or_default();
    whole.insert("name".into(), tenant.name.as_str().into());
    whole.insert("slug".into(), tenant.slug.as_str().into());
    whole
}

fn view(tenant: &Tenant) -> Json {
    json!({
        "id": tenant.id,
        "slug": tenant.slug,
        "name": tenant.name,
        "data": tenant.data,
        "revision": tenant.revision,
        "created_at": tenant.created_at,
        "updated_at": tenant.updated_at,
        "deleted_at": tenant.deleted_at,
    })
}
