//! One's own account: who one is, what one is called and says of oneself, password and picture.

use base::{Permission, Secret, TenantId, UserId};
use identity::{
    Caller, Grant,
    profile::{self, Picture, Profile},
    tenant, user,
};
use knowledge::sniff;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::auth::{is_admin, role_name, told};
use crate::{
    App, cookie,
    operation::{Answer, Call, Download, FileOf, Kind, Nothing, Operation},
    problem::{Fault, Problem},
};

pub(super) fn all() -> Vec<Operation> {
    vec![
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
            "Changes one's own name, what one says of oneself, or one's password.",
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
        Operation::new(
            "me.picture",
            Permission::OwnAccount,
            Kind::File,
            "",
            "Hands out one's own picture.",
            picture,
        ),
        Operation::new(
            "me.set_picture",
            Permission::OwnAccount,
            Kind::One,
            "Me",
            "Gives oneself a picture: PNG, JPEG, GIF or WebP, at most 5 MB.",
            set_picture,
        )
        .takes_file(FileOf::Picture),
        Operation::new(
            "me.remove_picture",
            Permission::OwnAccount,
            Kind::One,
            "Me",
            "Takes one's own picture away.",
            remove_picture,
        ),
    ]
}

async fn me(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let mut cookies = None;
    let own = match call.caller.user() {
        None => program(&call.caller),
        Some(id) => {
            let mut own = person(&call.app, id).await?;
            if let Some(preferences) = preferences(&call).await? {
                own["preferences"] = preferences;
            }
            if let Some(session) = call.caller.session {
                own["session"] = json!(session);
                if let Some((cookie, csrf)) =
                    cookie::renewed(&call.app, &call.visit, session).await?
                {
                    own["csrf_token"] = csrf.reveal().as_str().into();
                    cookies = Some(cookie);
                }
            }
            own
        }
    };
    Ok(Answer::one(own).with_cookies(cookies))
}

/// What one has set for oneself, in an application of one assistant; where there are several, each has
/// a prompt of its own.
async fn preferences(call: &Call) -> Result<Option<Json>, Problem> {
    let engine = &call.app.engine;
    let tenant = call.caller.tenant().or_else(|| call.app.only_tenant());
    let Some(tenant) = tenant.filter(|_| engine.folder().assistants().count() == 1) else {
        return Ok(None);
    };
    let prompt = engine.own_prompt(&call.caller, tenant, None).await?;
    Ok(Some(json!({
        "system_prompt": prompt["system_prompt"],
        "prompt_updated_at": prompt["updated_at"],
    })))
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    /// What one is called.
    #[schemars(length(max = 255))]
    name: Option<String>,
    /// What one says of oneself.
    #[schemars(length(max = 2000))]
    about: Option<String>,
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
            let fault = Fault::new("/current_password", "is missing");
            Problem::faults("invalid_input", vec![fault])
        })?;
        let (current, wanted) = (Secret::new(current), Secret::new(password));
        user::change_password(identity, &call.caller, current, wanted).await?;
    }
    if args.name.is_some() {
        let change = user::Change { name: args.name, ..user::Change::default() };
        user::update(identity, &call.caller, id, change, None).await?;
    }
    if let Some(about) = args.about {
        profile::set_about(identity, &call.caller, &about).await?;
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

async fn picture(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let id = own_account(&call)?;
    let found = call.app.store.read(move |db| profile::picture(db, id)).await?;
    let found = found.ok_or_else(|| Problem::new("not_found", "You have no picture."))?;
    Ok(Answer::file(Download {
        name: format!("picture.{}", found.media_type.trim_start_matches("image/")),
        content_type: found.media_type,
        bytes: found.bytes.into(),
    }))
}

async fn set_picture(mut call: Call, _: Nothing) -> Result<Answer, Problem> {
    own_account(&call)?;
    let file = call.upload.take().ok_or_else(|| {
        let fault = Fault::new("/file", "is missing");
        Problem::faults("invalid_input", vec![fault.hint("send it as multipart/form-data")])
    })?;
    // What it is, its content says.
    let kind = sniff::kind(&file.bytes, None).ok().filter(|it| it.is_picture());
    let kind = kind.ok_or_else(|| {
        Problem::new("invalid_file_type", "That is no picture: PNG, JPEG, GIF or WebP is.")
    })?;
    let picture = Picture { media_type: kind.media_type().to_owned(), bytes: file.bytes.to_vec() };
    profile::set_picture(&call.app.identity, &call.caller, Some(picture)).await?;
    me(call, Nothing {}).await
}

async fn remove_picture(call: Call, _: Nothing) -> Result<Answer, Problem> {
    profile::set_picture(&call.app.identity, &call.caller, None).await?;
    me(call, Nothing {}).await
}

/// A user as they see themselves.
pub(super) async fn person(app: &App, id: UserId) -> Result<Json, Problem> {
    let found = app.store.read(move |db| {
        let Some(user) = user::get(db, id)? else { return Ok(None) };
        let tenant = user.reach.tenant().map(|it| tenant::get(db, it)).transpose()?.flatten();
        Ok::<_, store::Error>(Some((user, profile::get(db, id)?, tenant.map(|it| it.slug))))
    });
    let (user, profile, slug) =
        found.await?.ok_or_else(|| Problem::new("session_ended", "The account is gone."))?;
    Ok(view(app, &user, &profile, slug))
}

fn view(app: &App, user: &user::User, profile: &Profile, slug: Option<String>) -> Json {
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
                without: app.identity.settings().without(user.role, user.reach).to_vec(),
                session: None,
            };
            standing.may(**it).is_ok()
        })
        .map(|it| it.name())
        .collect();
    json!({
        "id": user.id,
        "email": told(&user.email),
        "username": told(&user.username),
        "name": user.name,
        "role": user.role,
        "role_name": role_name(app, user.role, user.reach),
        "tenant": user.reach.tenant(),
        "tenant_slug": slug,
        "can_write": granted.contains(&Permission::WriteRecords.name()),
        "is_admin": is_admin(app, user.role, user.reach),
        "is_active": user.disabled_at.is_none(),
        "permissions": granted,
        "reaches": reaches(user.reach.tenant()),
        "about": profile.about,
        // With the moment in it, so that nobody goes on showing the one before it.
        "picture": profile.picture_at.map(|it| format!("/api/me/picture?at={}", it.as_millisecond())),
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
        "username": null,
        "name": caller.name,
        "role": null,
        "role_name": null,
        "scopes": scopes,
        "tenant": caller.tenant(),
        "can_write": granted.contains(&Permission::WriteRecords.name()),
        "is_admin": granted.contains(&Permission::ManageUsers.name()),
        "is_active": true,
        "permissions": granted,
        "reaches": reaches(caller.tenant()),
    })
}

fn reaches(tenant: Option<TenantId>) -> &'static str {
    if tenant.is_some() { "one" } else { "all" }
}
