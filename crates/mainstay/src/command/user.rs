//! `mainstay user`: the people who sign in.

mod erase;

use std::{
    io::{BufRead, IsTerminal},
    process::ExitCode,
};

use anyhow::{Context, bail};
use apps::description::TenantReach;
use base::{PageRequest, Role, Secret};
use identity::{
    Caller, Reach,
    user::{self, Change, Filter, New, NewPassword, User},
};
use serde_json::{Value as Json, json};

use crate::{
    args::{self, UserAct},
    environment::Environment,
    output::Output,
    wire::{House, Site},
};

pub(crate) async fn run(
    args: args::User,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let operator = Caller::operator();
    match args.act {
        UserAct::Create { application, email, username, name, role, tenant } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let (role, all) = role_named(&house, &role)?;
            let reach = match (&tenant, all) {
                (None, Some(TenantReach::One)) => {
                    bail!("this role belongs to one tenant; name it with --tenant")
                }
                (None, _) => Reach::All,
                (Some(_), _) => Reach::Tenant(house.tenant(tenant.as_deref()).await?),
            };
            let password = NewPassword::Plain(password(&environment)?);
            let email = Secret::new(email.unwrap_or_default());
            let new = New { email, username, name, password, role, reach };
            let made = user::create(&house.identity, &operator, new).await?;
            output.show(&row(&made), || format!("made {} ({})", made.id, made.role));
            house.store.close().await;
        }
        UserAct::List { application } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let page = house
                .store
                .read(|db| user::list(db, &Filter::default(), &PageRequest::first(500)))
                .await?;
            let rows: Vec<Json> = page.items.iter().map(row).collect();
            output.table(&rows, &["id", "email", "username", "name", "role", "tenant", "disabled"]);
            house.store.close().await;
        }
        UserAct::Password { application, email } => {
            let house = Site::find(&application, &environment)?.build().await?;
            let change = Change { password: Some(password(&environment)?), ..Change::default() };
            let changed = changed(&house, &operator, &email, change).await?;
            output.show(&row(&changed), || {
                format!("{} has another password; their sessions ended", changed.id)
            });
            house.store.close().await;
        }
        UserAct::Disable { application, email } => {
            set_disabled(&application, environment, output, &operator, &email, true).await?;
        }
        UserAct::Enable { application, email } => {
            set_disabled(&application, environment, output, &operator, &email, false).await?;
        }
        UserAct::Erase { application, email, shared, yes } => {
            let wanted = erase::Wanted { email, shared, yes };
            return Box::pin(erase::run(&application, &environment, output, wanted)).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn set_disabled(
    application: &args::Application,
    environment: Environment,
    output: Output,
    operator: &Caller,
    email: &str,
    disabled: bool,
) -> anyhow::Result<()> {
    let house = Site::find(application, &environment)?.build().await?;
    let change = Change { disabled: Some(disabled), ..Change::default() };
    let changed = changed(&house, operator, email, change).await?;
    let now = if disabled { "cannot sign in any more" } else { "can sign in again" };
    output.show(&row(&changed), || format!("{} {now}", changed.id));
    house.store.close().await;
    Ok(())
}

async fn changed(
    house: &House,
    operator: &Caller,
    email: &str,
    change: Change,
) -> anyhow::Result<User> {
    let asked = email.to_owned();
    let found = house.store.read(move |db| user::by_sign_in(db, &asked)).await?;
    let found = found.with_context(|| format!("there is no user {email}"))?;
    Ok(user::update(&house.identity, operator, found.id, change, None).await?)
}

/// A role by its own name or by the application's.
fn role_named(house: &House, text: &str) -> anyhow::Result<(Role, Option<TenantReach>)> {
    let named = &house.folder.description().roles;
    if let Some(found) = named.get(text) {
        return Ok((found.role, Some(found.tenants)));
    }
    match text.parse() {
        Ok(role) => Ok((role, None)),
        Err(error) if named.is_empty() => Err(anyhow::Error::from(error)),
        Err(error) => {
            let names: Vec<_> = named.keys().map(String::as_str).collect();
            bail!("{error}, and of this application: {}", names.join(", "))
        }
    }
}

/// The password: from MAINSTAY_PASSWORD, a pipe, or asked for twice without showing it.
fn password(environment: &Environment) -> anyhow::Result<Secret<String>> {
    if let Some(given) = environment.secret("MAINSTAY_PASSWORD") {
        return Ok(given);
    }
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        return Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()));
    }
    let once = rpassword::prompt_password("Password: ")?;
    let twice = rpassword::prompt_password("The same again: ")?;
    if once == twice {
        Ok(Secret::new(once))
    } else {
        bail!("the two are not the same; nothing was changed")
    }
}

fn row(user: &User) -> Json {
    json!({
        "id": user.id, "email": user.email, "username": user.username, "name": user.name, "role": user.role,
        "tenant": user.reach.tenant(), "disabled": user.disabled_at.is_some(), "created_at": user.created_at,
    })
}
