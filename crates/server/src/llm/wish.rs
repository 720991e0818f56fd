//! What a call's headers wish beside its body: for which operation and which task it is counted,
//! for which job, and how soon its turn shall come.

use base::actor::Who;
use models::{
    limit::Priority,
    relay::{Account, Asks},
};

use crate::{
    operation::{Call, Raw},
    problem::{Fault, Problem},
};

const OPERATION: &str = "x-mainstay-operation";
const TASK: &str = "x-mainstay-task";
const JOB: &str = "x-mainstay-job";
const PRIORITY: &str = "x-mainstay-priority";

/// On whose account a call goes.
pub(super) fn account(call: &Call, raw: &Raw, asks: Asks) -> Result<Account, Problem> {
    let name = |header: &'static str| match text(raw, header)? {
        None => Ok(None),
        Some(name) if is_name(name) => Ok(Some(name.to_owned())),
        Some(_) => Err(fault(header, "must have 1 to 64 letters, digits or any of `._:-`")),
    };
    let job = text(raw, JOB)?.map(str::parse).transpose();
    let priority = text(raw, PRIORITY)?.map(str::parse).transpose();
    let who = call.caller.actor.who;
    Ok(Account {
        tenant: raw.tenant,
        key: match who {
            Who::Key(key) => Some(key),
            _ => None,
        },
        caller: Some(who.to_string()),
        operation: name(OPERATION)?.unwrap_or_else(|| asks.operation().to_owned()),
        task: name(TASK)?,
        job: job.map_err(|why: base::id::InvalidId| fault(JOB, &why.to_string()))?,
        priority: priority
            .map_err(|why: String| fault(PRIORITY, &why))?
            .unwrap_or(Priority::DEFAULT),
    })
}

fn text<'a>(raw: &'a Raw, header: &'static str) -> Result<Option<&'a str>, Problem> {
    let Some(value) = raw.headers.get(header) else { return Ok(None) };
    let text = value.to_str().map_err(|_| fault(header, "must be plain text"))?;
    Ok(Some(text.trim()).filter(|it| !it.is_empty()))
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"._:-".contains(&it))
}

fn fault(header: &str, message: &str) -> Problem {
    Problem::faults("invalid_input", vec![Fault::new(format!("/{header}"), message)])
}
