//! What a call's headers wish beside its body: for which operation and which task it is counted,
//! for which job, and how soon its turn shall come. What of that it gets is [`models::relay`]'s to
//! say.

use axum::http::HeaderName;
use base::{Permission, actor::Who};
use identity::Reach;
use models::relay::{Account, Asks, Caller};

use crate::{
    operation::{Call, Raw},
    problem::{Fault, Problem},
};

const OPERATION: HeaderName = HeaderName::from_static("x-mainstay-operation");
const TASK: HeaderName = HeaderName::from_static("x-mainstay-task");
const JOB: HeaderName = HeaderName::from_static("x-mainstay-job");
const PRIORITY: HeaderName = HeaderName::from_static("x-mainstay-priority");

/// On whose account a call goes.
pub(super) fn account(call: &Call, raw: &Raw, asks: Asks) -> Result<Account, Problem> {
    let name = |header: HeaderName| match text(raw, &header)? {
        None => Ok(None),
        Some(name) if is_name(name) => Ok(Some(name.to_owned())),
        Some(_) => Err(fault(&header, "must have 1 to 64 letters, digits or any of `._:-`")),
    };
    let job = text(raw, &JOB)?.map(str::parse).transpose();
    let priority = text(raw, &PRIORITY)?.map(str::parse).transpose();
    let who = call.caller.actor.who;
    let task = name(TASK)?;
    let tasks = &call.app.description().tasks;
    // The queue is that of all tenants.
    let manages_all =
        call.caller.reach == Reach::All && call.caller.may(Permission::ManageModels).is_ok();
    let caller = Caller {
        tenant: raw.tenant,
        key: match who {
            Who::Key(key) => Some(key),
            _ => None,
        },
        name: who.to_string(),
        may_hurry: manages_all,
        operation: name(OPERATION)?,
        is_task_declared: task.as_ref().is_some_and(|it| tasks.contains_key(it)),
        task,
        job: job.map_err(|why: base::id::InvalidId| fault(&JOB, &why.to_string()))?,
        priority: priority.map_err(|why: String| fault(&PRIORITY, &why))?,
    };
    Ok(call.app.models.account(caller, asks))
}

fn text<'a>(raw: &'a Raw, header: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let Some(value) = raw.headers.get(header) else { return Ok(None) };
    let text = value.to_str().map_err(|_| fault(header, "must be plain text"))?;
    Ok(Some(text.trim()).filter(|it| !it.is_empty()))
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"._:-".contains(&it))
}

fn fault(header: &HeaderName, message: &str) -> Problem {
    Problem::faults("invalid_input", vec![Fault::new(format!("/{header}"), message)])
}
