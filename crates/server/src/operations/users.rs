//! Users: the people who sign in.

use std::time::Duration;

use apps::{
    description::TenantReach,
    person::{Erasure, Shared, Wish},
};
use base::{Permission, Role, Secret, TenantId, UserId};
use identity::{
    Reach,
    user::{self, Change, Filter, New, NewPassword, User, UserError},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::auth::{is_admin, missing, role_name, told};
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
        Operation::new("users.get", manage, Kind::One, "User", "Reads a user; everybody reads themselves.", get)
            .of_oneself("user"),
        Operation::new(
            "users.update",
            manage,
            Kind::One,
            "User",
            "Changes a user; everybody changes their own name. A new password, role or tenant ends their sessions.",
            update,
        )
        .of_oneself("user"),
        Operation::new(
            "users.disable",
            manage,
            Kind::Empty,
            "",
            "Keeps a user from signing in and ends their sessions. Nothing is erased: that is `users.erase`.",
            disable,
        ),
        Operation::new(
            "users.erase",
            manage,
            Kind::Accepted,
            "Erasure",
            "Erases a user for good, with everything that is theirs: 200 with what was removed, or 202 with the job that removes it. `dry_run` only counts.",
            erase,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Only those of this tenant.
    tenant: Option<TenantId>,
    /// Only those with this in their name, the name they sign in by, or their e-mail address.
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
    /// The e-mail address to sign in with; may be left out where people sign in by a name.
    #[schemars(length(max = 254))]
    email: Option<String>,
    /// The name to sign in by, where people do so by one: 3 to 50 letters, digits, `_` and `-`.
    #[schemars(length(max = 50))]
    username: Option<String>,
    /// The password; at least 8 characters.
    #[schemars(length(max = 1024))]
    password: String,
    /// What they are called.
    #[serde(default)]
    #[schemars(length(max = 255))]
    name: Option<String>,
    /// A role: one of the application's own names, or owner, admin, operator, editor, viewer. May be left
    /// out where the application has a usual one.
    role: Option<String>,
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
    let role = args.role.as_ref().or(call.app.description().users.role.as_ref());
    let role = role
        .ok_or_else(|| Problem::faults("invalid_input", vec![Fault::new("/role", "is missing")]))?;
    let (role, named) = role_of(&call.app, role)?;
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
    if args.email.is_none() && args.username.is_none() {
        return Err(missing(&call.app));
    }
    let new = New {
        email: Secret::new(args.email.unwrap_or_default()),
        username: args.username,
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
    /// Another name to sign in by, where people do so by one.
    #[schemars(length(max = 50))]
    username: Option<String>,
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
        username: args.username,
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

#[derive(Deserialize, JsonSchema)]
struct Erase {
    /// The user.
    user: UserId,
    /// Only count what would be removed; what lies in archives is not counted.
    dry_run: Option<bool>,
    /// What becomes of documents that they shared: `hand_over` (the house's from then on), or `erase`.
    shared_documents: Option<SharedDocuments>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SharedDocuments {
    /// They stay, and become the house's.
    #[default]
    HandOver,
    /// They are removed like the others.
    Erase,
}

/// How long somebody waits for the end of the job.
const WAIT: Duration = Duration::from_secs(5);

async fn erase(call: Call, args: Erase) -> Result<Answer, Problem> {
    visible(&call, args.user).await?;
    let shared = match args.shared_documents.unwrap_or_default() {
        SharedDocuments::HandOver => Shared::HandOver,
        SharedDocuments::Erase => Shared::Erase,
    };
    let wish = Wish { user: args.user, shared };
    let engine = &call.app.engine;
    if args.dry_run == Some(true) {
        let counts = engine.person_counts(&call.caller, wish).await?;
        let planned = json!({
            "user": args.user, "dry_run": true, "state": "planned", "job": null, "counts": counts,
        });
        return Ok(Answer::one(planned).with_status(200));
    }
    let erased = engine.person_erase(&call.caller, wish, WAIT).await;
    call.app.identity.forget_callers();
    let Erasure { user, job, removed } = erased?;
    let state = if removed.is_some() { "completed" } else { "pending" };
    let answer = Answer::one(json!({
        "user": user, "dry_run": false, "state": state, "job": job, "counts": removed,
    }));
    Ok(if removed.is_some() { answer.with_status(200) } else { answer })
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
        "email": told(&user.email),
        "username": told(&user.username),
        "name": user.name,
        "role": user.role,
        "role_name": role_name(app, user.role, user.reach),
        "tenant": user.reach.tenant(),
        "reaches": if user.reach == Reach::All { "all" } else { "one" },
        "is_admin": is_admin(app, user.role, user.reach),
        "is_active": user.disabled_at.is_none(),
        "disabled": user.disabled_at.is_some(),
        "disabled_at": user.disabled_at,
        "last_login_at": user.last_login_at,
        "revision": user.revision,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    })
}
