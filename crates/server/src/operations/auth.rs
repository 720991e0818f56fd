//! Signing in and out.

use axum::http::HeaderValue;
use base::{Permission, Role, Secret, TenantId};
use identity::{
    Reach, google, session,
    settings::SignInBy,
    sign_in::{self, Origin, Tokens},
    user,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::me;
use crate::{
    App, Visit, cookie,
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::{Fault, Problem},
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "auth.login",
            Permission::Anyone,
            Kind::One,
            "Tokens",
            "Signs in with an e-mail address, or with a name where people have names, and a password.",
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
            "auth.google",
            Permission::Anyone,
            Kind::One,
            "Tokens",
            "Signs in with an ID token of Google's; where visitors may make accounts, it makes one.",
            by_google,
        )
        .secret(),
        Operation::new(
            "auth.refresh",
            Permission::Anyone,
            Kind::One,
            "Renewed",
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
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Login {
    /// The e-mail address.
    #[schemars(length(max = 254))]
    email: Option<String>,
    /// The name, where people sign in by one; an e-mail address does too.
    #[schemars(length(max = 254))]
    username: Option<String>,
    /// The password.
    #[schemars(length(max = 1024))]
    password: String,
}

async fn login(call: Call, args: Login) -> Result<Answer, Problem> {
    let origin = origin(&call.visit);
    let password = Secret::new(args.password);
    let whom = args.username.or(args.email).ok_or_else(|| missing(&call.app))?;
    let tokens = sign_in::login(&call.app.identity, &whom, password, origin).await?;
    signed_in(&call, tokens).await
}

#[derive(Deserialize, JsonSchema)]
struct SignUp {
    /// The e-mail address to sign in with.
    #[schemars(length(max = 254))]
    email: Option<String>,
    /// The name to sign in by, where people do so by one.
    #[schemars(length(max = 50))]
    username: Option<String>,
    /// The password; at least 8 characters.
    #[schemars(length(max = 1024))]
    password: String,
    /// What one is called.
    #[schemars(length(max = 255))]
    name: Option<String>,
}

/// What visitors become, where they may make accounts. Who lets visitors in has one tenant, and nobody
/// reaches more from outside.
fn visitor(app: &App) -> Option<(Role, Reach)> {
    let description = app.description();
    let role = description.roles.get(&description.sign_up.as_ref()?.role)?;
    Some((role.role, Reach::Tenant(TenantId::DEFAULT)))
}

async fn sign_up(call: Call, args: SignUp) -> Result<Answer, Problem> {
    let Some((role, reach)) = visitor(&call.app) else {
        return Err(Problem::new("sign_up_disabled", "Visitors cannot make accounts here.")
            .hint("ask an administrator for an account"));
    };
    if args.username.is_none() && args.email.is_none() {
        return Err(missing(&call.app));
    }
    let new = user::New {
        email: Secret::new(args.email.unwrap_or_default()),
        username: args.username,
        name: args.name.unwrap_or_default(),
        password: user::NewPassword::Plain(Secret::new(args.password)),
        role,
        reach,
    };
    let tokens = user::sign_up(&call.app.identity, new, origin(&call.visit)).await?;
    signed_in(&call, tokens).await
}

#[derive(Deserialize, JsonSchema)]
struct IdToken {
    /// The ID token, as Google's button hands it out.
    #[schemars(length(max = 16384))]
    id_token: String,
}

async fn by_google(call: Call, args: IdToken) -> Result<Answer, Problem> {
    let as_new = visitor(&call.app).map(|(role, reach)| google::AsNew { role, reach });
    let (token, origin) = (Secret::new(args.id_token), origin(&call.visit));
    let tokens = google::sign_in(&call.app.identity, &token, as_new, origin).await?;
    signed_in(&call, tokens).await
}

#[derive(Deserialize, JsonSchema)]
struct Refresh {
    /// The refresh token of the last answer; left out, that of the cookie, where there is one.
    #[schemars(length(max = 200))]
    refresh_token: Option<String>,
}

async fn refresh(call: Call, args: Refresh) -> Result<Answer, Problem> {
    let (origin, identity) = (origin(&call.visit), &call.app.identity);
    if let Some(token) = args.refresh_token {
        let tokens = sign_in::refresh(identity, &Secret::new(token), origin).await?;
        return signed_in(&call, tokens).await;
    }
    let Some((session, token)) = cookie::refresh_token(&call.app, &call.visit).await? else {
        return Err(Problem::faults(
            "invalid_input",
            vec![Fault::new("/refresh_token", "is missing")],
        ));
    };
    let tokens = sign_in::refresh_in(identity, session, &token, origin).await?;
    // What no script reads in the cookie, none shall read here.
    let (mut told, cookies) = told_of(&call, &tokens).await?;
    told.retain(|name, _| !matches!(name.as_str(), "access_token" | "refresh_token"));
    Ok(Answer::one(Json::Object(told)).with_cookies(cookies))
}

async fn signed_in(call: &Call, tokens: Tokens) -> Result<Answer, Problem> {
    let (told, cookies) = told_of(call, &tokens).await?;
    Ok(Answer::one(Json::Object(told)).with_cookies(cookies))
}

/// What somebody is told who is signed in now, and the cookies that their browser is to keep.
async fn told_of(
    call: &Call,
    tokens: &Tokens,
) -> Result<(Map<String, Json>, Vec<HeaderValue>), Problem> {
    let _ = call.visit.who.set(tokens.user.to_string());
    let user = me::person(&call.app, tokens.user).await?;
    let mut told = Map::new();
    let mut tell = |name: &str, value: Json| told.insert(name.to_owned(), value);
    tell("access_token", tokens.access_token.reveal().as_str().into());
    tell("refresh_token", tokens.refresh_token.reveal().as_str().into());
    tell("token_type", "Bearer".into());
    tell("expires_in", tokens.expires_in.as_secs().into());
    tell("session", json!(tokens.session));
    let mut cookies = Vec::new();
    if let Some((begun, csrf)) = cookie::begun(&call.app, &call.visit, tokens).await? {
        tell("csrf_token", csrf.reveal().as_str().into());
        cookies = begun;
    }
    tell("user", user);
    Ok((told, cookies))
}

async fn logout(call: Call, _: Nothing) -> Result<Answer, Problem> {
    session::logout(&call.app.identity, &call.caller).await?;
    Ok(Answer::empty().with_cookies(cookie::ended(&call.app)))
}

/// What must be given by whoever signs in or is made, and is not there.
pub(super) fn missing(app: &App) -> Problem {
    let field = match app.identity.settings().sign_in {
        SignInBy::Email => "/email",
        SignInBy::Username => "/username",
    };
    Problem::faults("invalid_input", vec![Fault::new(field, "is missing")])
}

/// Whether somebody who stands there may manage users: what clients call an administrator.
pub(super) fn is_admin(app: &App, role: Role, reach: Reach) -> bool {
    let manage = Permission::ManageUsers;
    role.grants(manage) && !app.identity.settings().without(role, reach).contains(&manage)
}

/// What somebody has; null for nothing.
pub(super) fn told(text: &str) -> Option<&str> {
    Some(text).filter(|it| !it.is_empty())
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

fn origin(visit: &Visit) -> Origin {
    Origin {
        address: visit.address,
        user_agent: visit.user_agent.clone(),
        request_id: Some(visit.id.to_string()),
    }
}
