//! Sessions: who is signed in from where, and ending that.

use base::{Page, Permission, SessionId, UserId};
use identity::{
    access::{self, Change},
    session::{self, Session, SessionError},
    user,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "sessions.list",
            Permission::OwnAccount,
            Kind::Page,
            "Session",
            "Lists where one is signed in, or a user whom one manages; at most 200.",
            list,
        ),
        Operation::new(
            "sessions.get",
            Permission::OwnAccount,
            Kind::One,
            "Session",
            "Reads a session: one's own, or that of a user whom one manages.",
            get,
        ),
        Operation::new(
            "sessions.revoke",
            Permission::OwnAccount,
            Kind::Empty,
            "",
            "Ends a session: one's own, or that of a user whom one manages.",
            revoke,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Whose; one's own when left out.
    user: Option<UserId>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let own = call.caller.user();
    let Some(whose) = args.user.or(own) else {
        return Err(Problem::new("forbidden", "An application key has no sessions."));
    };
    let (caller, now) = (call.caller.clone(), call.now());
    let found = call.app.store.read(move |db| {
        let missing = || Problem::new("user_not_found", format!("User {whose} does not exist."));
        if own != Some(whose) {
            let user = user::get(db, whose)?.filter(|it| caller.reach.includes(it.reach));
            let user = user.ok_or_else(missing)?;
            access::to_change_user(&caller, whose, user.standing(), Change::Access)?;
        }
        Ok::<_, Problem>(session::list(db, whose, now)?)
    });
    let current = call.caller.session;
    let items = found.await?.iter().map(|it| view(it, current)).collect();
    Ok(Answer::page(Page { items, next: None, prev: None, total: None }))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The session.
    session: SessionId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    let (caller, now, id) = (call.caller.clone(), call.now(), args.session);
    let found = call.app.store.read(move |db| {
        let session = session::get(db, id, now)?.ok_or(SessionError::NoSuchSession(id))?;
        if caller.user() != Some(session.user) {
            // Another tenant's session does not exist.
            let user = user::get(db, session.user)?.filter(|it| caller.reach.includes(it.reach));
            let user = user.ok_or(SessionError::NoSuchSession(id))?;
            access::to_change_user(&caller, user.id, user.standing(), Change::Access)?;
        }
        Ok::<_, Problem>(session)
    });
    Ok(Answer::one(view(&found.await?, call.caller.session)))
}

/// Whose something is asked for with `of`: where that is a session, its user is meant. Whether they may see it is
/// decided by who asks for what.
pub(super) async fn owner_of(call: &Call, of: Option<String>) -> Result<Option<String>, Problem> {
    let Some(id) = of.as_deref().and_then(|it| it.trim().parse::<SessionId>().ok()) else {
        return Ok(of);
    };
    let (caller, now) = (call.caller.clone(), call.now());
    let user = call.app.store.read(move |db| {
        let session = session::get(db, id, now)?.ok_or(SessionError::NoSuchSession(id))?;
        if caller.user() != Some(session.user) {
            // Another tenant's session does not exist.
            let user = user::get(db, session.user)?.filter(|it| caller.reach.includes(it.reach));
            user.ok_or(SessionError::NoSuchSession(id))?;
        }
        Ok::<_, Problem>(session.user)
    });
    Ok(Some(user.await?.to_string()))
}

async fn revoke(call: Call, args: One) -> Result<Answer, Problem> {
    session::revoke(&call.app.identity, &call.caller, args.session).await?;
    Ok(Answer::empty())
}

fn view(session: &Session, current: Option<SessionId>) -> Json {
    json!({
        "id": session.id,
        "user": session.user,
        "address": session.address,
        "user_agent": session.user_agent,
        "is_current": current == Some(session.id),
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
    })
}
