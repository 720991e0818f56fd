//! Users: the people who sign in.

use apps::description::TenantReach;
use base::{Permission, Role, Secret, TenantId, UserId};
use identity::{
    Reach,
    user::{self, Change, Filter, New, NewPassword, User, UserError},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::auth::role_name;
use crate::{
    App, argument,
    operation::{Answer, Call, Kind, Operation},
    problem::{Fault, Problem},
};

pub(super) fn all() -> Vec<Operation> {
    let manage = Permission::ManageUsers;
    vec![
        Operation::new(
            "users.list",
            manage,
            Kind::Page,
            "User",
            "Lists users, the oldest first.",
            list,
        ),
        Operation::new(
            "users.create",
            manage,
            Kind::Made,
            "User",
            "Creates a user. Nobody can give more than they have.",
            create,
        ),
        Operation::new("users.get", manage, Kind::One, "User", "Reads a user.", get),
        Operation::new(
            "users.update",
            manage,
            Kind::One,
            "User",
            "Changes a user. A new password, role or tenant ends their sessions.",
            update,
        ),
        Operation::new(
            "users.disable",
            manage,
            Kind::Empty,
            "",
            "Keeps a user from signing in and ends their sessions. What they did stays in the audit log.",
            disable,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Only those of this tenant.
    tenant: Option<TenantId>,
    /// Only those with this in their name or e-mail address.
    search: Option<String>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let filter = Filter { tenant: call.narrowed(args.tenant), search: args.search };
    let request = call.page.clone();
    let page = call.app.store.read(move |db| user::list(db, &filter, &request)).await?;
    Ok(Answer::page(page.map(|it| view(&call.app, &it))))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// The e-mail address to sign in with.
    #[schemars(length(max = 254))]
    email: String,
    /// The password; at least 12 characters.
    #[schemars(length(max = 1024))]
    password: String,
    /// What they are called.
    #[serde(default)]
    #[schemars(length(max = 255))]
    name: Option<String>,
    /// A role: one of the application's own names, or owner, admin, operator, editor, viewer.
    role: String,
    /// The tenant they belong to, unless they reach all.
    tenant: Option<TenantId>,
    /// Whether they reach all tenants; the application's own roles say so by themselves.
    reaches: Option<Reaches>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reaches {
    /// Every tenant.
    All,
    /// The one they belong to.
    One,
}

async fn create(call: Call, args: Create) -> Result<Answer, Problem> {
    let (role, named) = role_of(&call.app, &args.role)?;
    let reaches = args.reaches.or(named);
    let reach = match (reaches, args.tenant) {
        (Some(Reaches::All), None) => Reach::All,
        (Some(Reaches::All), Some(_)) => {
            let fault = Fault::new("/tenant", "must be left out for who reaches all tenants");
            return Err(Problem::faults("invalid_input", vec![fault]));
        }
        (None, None) if call.app.only_tenant().is_some() => call.caller.reach,
        _ => Reach::Tenant(call.tenant(args.tenant)?),
    };
    let new = New {
        email: Secret::new(args.email),
        name: args.name.unwrap_or_default(),
        password: NewPassword::Plain(Secret::new(args.password)),
        role,
        reach,
    };
    let user = user::create(&call.app.identity, &call.caller, new).await?;
    Ok(Answer::revised(view(&call.app, &user)))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The user.
    user: UserId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    let user = visible(&call, args.user).await?;
    Ok(Answer::revised(view(&call.app, &user)))
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    /// The user.
    user: UserId,
    /// What they are called.
    #[schemars(length(max = 255))]
    name: Option<String>,
    /// Another role.
    role: Option<String>,
    /// Another tenant.
    tenant: Option<TenantId>,
    /// Whether they reach all tenants.
    reaches: Option<Reaches>,
    /// Whether they are kept from signing in.
    disabled: Option<bool>,
    /// A new password.
    #[schemars(length(max = 1024))]
    password: Option<String>,
}

async fn update(call: Call, args: Update) -> Result<Answer, Problem> {
    let before = visible(&call, args.user).await?;
    let (role, named) = match &args.role {
        None => (None, None),
        Some(name) => role_of(&call.app, name).map(|it| (Some(it.0), it.1))?,
    };
    let reach = match (args.reaches.or(named), args.tenant) {
        (Some(Reaches::All), _) => Some(Reach::All),
        (_, Some(tenant)) => Some(Reach::Tenant(tenant)),
        (Some(Reaches::One), None) if before.reach == Reach::All => {
            Some(Reach::Tenant(call.tenant(None)?))
        }
        _ => None,
    };
    let change = Change {
        name: args.name,
        role,
        reach,
        disabled: args.disabled,
        password: args.password.map(Secret::new),
    };
    let expected = call.expected_revision()?;
    let user = user::update(&call.app.identity, &call.caller, args.user, change, expected).await?;
    Ok(Answer::revised(view(&call.app, &user)))
}

async fn disable(call: Call, args: One) -> Result<Answer, Problem> {
    visible(&call, args.user).await?;
    let change = Change { disabled: Some(true), ..Change::default() };
    let expected = call.expected_revision()?;
    user::update(&call.app.identity, &call.caller, args.user, change, expected).await?;
    Ok(Answer::empty())
}

/// The user, if the caller reaches where they are. Another tenant's user does not exist.
async fn visible(call: &Call, id: UserId) -> Result<User, Problem> {
    let found = call.app.store.read(move |db| user::get(db, id)).await?;
    let reach = call.caller.reach;
    found.filter(|it| reach.includes(it.reach)).ok_or_else(|| UserError::NoSuchUser(id).into())
}

/// A role by the application's own name or by its own, and how far that name reaches.
fn role_of(app: &App, name: &str) -> Result<(Role, Option<Reaches>), Problem> {
    if let Some(own) = app.description().roles.get(name) {
        let reaches = match own.tenants {
            TenantReach::All => Reaches::All,
            TenantReach::One => Reaches::One,
        };
        return Ok((own.role, Some(reaches)));
    }
    name.parse::<Role>().map(|it| (it, None)).map_err(|_| {
        let own = app.description().roles.keys().map(String::as_str);
        let known: Vec<&str> = own.chain(Role::ALL.iter().map(|it| it.name())).collect();
        let mut fault = Fault::new("/role", format!("must be one of: {}", known.join(", ")));
        if let Some(meant) = argument::nearest(name, known.iter().copied()) {
            fault = fault.hint(format!("did you mean `{meant}`?"));
        }
        Problem::faults("invalid_input", vec![fault])
    })
}

fn view(app: &App, user: &User) -> Json {
    json!({
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "role_name": role_name(app, user.role, user.reach),
        "tenant": user.reach.tenant(),
        "reaches": if user.reach == Reach::All { "all" } else { "one" },
        "disabled": user.disabled_at.is_some(),
        "disabled_at": user.disabled_at,
        "last_login_at": user.last_login_at,
        "revision": user.revision,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}
