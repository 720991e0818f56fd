//! Signing in and out, and one's own account.

use base::{Permission, Secret, TenantId, UserId};
use identity::{
    Caller, Grant, Reach, session,
    sign_in::{self, Origin, Tokens},
    user,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    App, Visit,
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "auth.login",
            Permission::Anyone,
            Kind::One,
            "Tokens",
            "Signs in with an e-mail address and a password.",
            login,
        )
        .secret(),
        Operation::new(
            "auth.signup",
            Permission::Anyone,
            Kind::Made,
            "Tokens",
            "Makes an account for a visitor and signs in, where the application lets visitors do so.",
            sign_up,
        )
        .secret(),
        Operation::new(
            "auth.refresh",
            Permission::Anyone,
            Kind::One,
            "Tokens",
            "Exchanges a refresh token, which is used up by this, for new tokens.",
            refresh,
        )
        .secret(),
        Operation::new(
            "auth.logout",
            Permission::OwnAccount,
            Kind::Empty,
            "",
            "Signs out: the session and its tokens end.",
            logout,
        ),
        Operation::new(
            "me.get",
            Permission::OwnAccount,
            Kind::One,
            "Me",
            "Shows who is calling and what they may do.",
            me,
        ),
        Operation::new(
            "me.update",
            Permission::OwnAccount,
            Kind::One,
            "Me",
            "Changes one's own name or password.",
            update,
        ),
        Operation::new(
            "me.set_password",
            Permission::OwnAccount,
            Kind::One,
            "Me",
            "Changes one's own password.",
            set_password,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Login {
    /// The e-mail address.
    #[schemars(length(max = 254))]
    email: String,
    /// The password.
    #[schemars(length(max = 1024))]
    password: String,
}

async fn login(call: Call, args: Login) -> Result<Answer, Problem> {
    let origin = origin(&call.visit);
    let password = Secret::new(args.password);
    let tokens = sign_in::login(&call.app.identity, &args.email, password, origin).await?;
    signed_in(&call, tokens).await
}

#[derive(Deserialize, JsonSchema)]
struct SignUp {
    /// The e-mail address to sign in with.
    #[schemars(length(max = 254))]
    email: String,
    /// The password; at least 8 characters.
    #[schemars(length(max = 1024))]
    password: String,
    /// What one is called.
    #[schemars(length(max = 255))]
    name: Option<String>,
}

async fn sign_up(call: Call, args: SignUp) -> Result<Answer, Problem> {
    let description = call.app.description();
    let role = description.sign_up.as_ref().and_then(|it| description.roles.get(&it.role));
    let Some(role) = role else {
        return Err(Problem::new("sign_up_disabled", "Visitors cannot make accounts here.")
            .hint("ask an administrator for an account"));
    };
    let identity = &call.app.identity;
    let (email, password) = (Secret::new(args.email), Secret::new(args.password));
    let new = user::New {
        email: email.clone(),
        name: args.name.unwrap_or_default(),
        password: user::NewPassword::Plain(password.clone()),
        role: role.role,
        // Who lets visitors in has one tenant, and nobody reaches more from outside.
        reach: Reach::Tenant(TenantId::DEFAULT),
    };
    user::sign_up(identity, new, origin(&call.visit)).await?;
    let tokens = sign_in::login(identity, email.reveal(), password, origin(&call.visit)).await?;
    signed_in(&call, tokens).await
}

#[derive(Deserialize, JsonSchema)]
struct Refresh {
    /// The refresh token of the last answer.
    #[schemars(length(max = 200))]
    refresh_token: String,
}

async fn refresh(call: Call, args: Refresh) -> Result<Answer, Problem> {
    let origin = origin(&call.visit);
    let token = Secret::new(args.refresh_token);
    let tokens = sign_in::refresh(&call.app.identity, &token, origin).await?;
    signed_in(&call, tokens).await
}

async fn signed_in(call: &Call, tokens: Tokens) -> Result<Answer, Problem> {
    let _ = call.visit.who.set(tokens.user.to_string());
    let id = tokens.user;
    let user = call.app.store.read(move |db| user::get(db, id)).await?;
    let user = user.map(|it| person(&call.app, &it)).unwrap_or_default();
    Ok(Answer::one(json!({
        "access_token": tokens.access_token.reveal(),
        "refresh_token": tokens.refresh_token.reveal(),
        "token_type": "Bearer",
        "expires_in": tokens.expires_in.as_secs(),
        "user": user,
    })))
}

async fn logout(call: Call, _: Nothing) -> Result<Answer, Problem> {
    session::logout(&call.app.identity, &call.caller).await?;
    Ok(Answer::empty())
}

async fn me(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let own = match call.caller.user() {
        None => program(&call.caller),
        Some(id) => {
            let user = call.app.store.read(move |db| user::get(db, id)).await?;
            let user = user.ok_or_else(|| Problem::new("session_ended", "The account is gone."))?;
            person(&call.app, &user)
        }
    };
    Ok(Answer::one(own))
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    /// What one is called.
    #[schemars(length(max = 255))]
    name: Option<String>,
    /// The new password.
    #[schemars(length(max = 1024))]
    password: Option<String>,
    /// The password until now; needed for a new one.
    #[schemars(length(max = 1024))]
    current_password: Option<String>,
}

async fn update(call: Call, args: Update) -> Result<Answer, Problem> {
    let identity = &call.app.identity;
    let id = own_account(&call)?;
    if let Some(password) = args.password {
        let current = args.current_password.ok_or_else(|| {
            let fault = crate::problem::Fault::new("/current_password", "is missing");
            Problem::faults("invalid_input", vec![fault])
        })?;
        let (current, wanted) = (Secret::new(current), Secret::new(password));
        user::change_password(identity, &call.caller, current, wanted).await?;
    }
    if args.name.is_some() {
        let change = user::Change { name: args.name, ..user::Change::default() };
        user::update(identity, &call.caller, id, change, None).await?;
    }
    me(call, Nothing {}).await
}

#[derive(Deserialize, JsonSchema)]
struct SetPassword {
    /// The password until now.
    #[schemars(length(max = 1024))]
    current_password: String,
    /// The new one; at least 8 characters.
    #[schemars(length(max = 1024))]
    password: String,
}

async fn set_password(call: Call, args: SetPassword) -> Result<Answer, Problem> {
    own_account(&call)?;
    let (current, wanted) = (Secret::new(args.current_password), Secret::new(args.password));
    user::change_password(&call.app.identity, &call.caller, current, wanted).await?;
    me(call, Nothing {}).await
}

/// Whoever calls as a person; keys have no account.
fn own_account(call: &Call) -> Result<UserId, Problem> {
    call.caller
        .user()
        .ok_or_else(|| Problem::new("forbidden", "An application key has no account of its own."))
}

/// A user as they see themselves.
fn person(app: &App, user: &user::User) -> Json {
    let grants = |it: &&Permission| user.role.grants(**it);
    let granted: Vec<&str> = Permission::ALL
        .iter()
        .filter(grants)
        .filter(|it| {
            // What concerns all tenants is for those who reach all; the caller knows which that is.
            let standing = Caller {
                actor: base::Actor::user(user.id),
                name: String::new(),
                reach: user.reach,
                grant: Grant::Role(user.role),
                session: None,
            };
            standing.may(**it).is_ok()
        })
        .map(|it| it.name())
        .collect();
    json!({
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "role_name": role_name(app, user.role, user.reach),
        "tenant": user.reach.tenant(),
        "permissions": granted,
        "reaches": reaches(user.reach.tenant()),
        "created_at": user.created_at,
    })
}

/// An application key as it sees itself.
fn program(caller: &Caller) -> Json {
    let granted: Vec<&str> =
        Permission::ALL.iter().filter(|it| caller.may(**it).is_ok()).map(|it| it.name()).collect();
    let scopes = match &caller.grant {
        Grant::Scopes(scopes) => json!(scopes),
        _ => Json::Null,
    };
    json!({
        "id": caller.actor.to_string(),
        "email": null,
        "name": caller.name,
        "role": null,
        "role_name": null,
        "scopes": scopes,
        "tenant": caller.tenant(),
        "permissions": granted,
        "reaches": reaches(caller.tenant()),
    })
}

/// The application's own name of a role with this reach.
pub(super) fn role_name(app: &App, role: base::Role, reach: Reach) -> String {
    use apps::description::TenantReach;
    let reaches_all = reach == Reach::All;
    let named = app
        .description()
        .roles
        .iter()
        .find(|(_, it)| it.role == role && (it.tenants == TenantReach::All) == reaches_all);
    named.map_or_else(|| role.name().to_owned(), |it| it.0.clone())
}

fn reaches(tenant: Option<TenantId>) -> &'static str {
    if tenant.is_some() { "one" } else { "all" }
}

fn origin(visit: &Visit) -> Origin {
    Origin {
        address: visit.address,
        user_agent: visit.user_agent.clone(),
        request_id: Some(visit.id.to_string()),
    }
}
