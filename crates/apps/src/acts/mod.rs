//! What callers can have done: each file is one kind of act of the [`crate::engine::Engine`].
//!
//! An act checks what was asked for, finds what it is about, sees whose it is, and then either does it
//! in one transaction or writes a job that will. What takes a job answers with `accepted`.

mod about;
pub mod analyses;
mod archives;
mod assistants;
pub(crate) mod chats;
mod comments;
pub mod configuration;
mod export;
pub mod feedback;
mod import;
mod lookups;
mod persons;
mod progress;
mod prompts;
mod proposals;
pub mod questions;
mod reports;
pub mod results;
mod schedules;
mod search;
mod sources;
mod summary;
mod tasks;
mod versions;
mod webhooks;

pub use self::sources::SourceRun;
pub use ::sources::cache::{Kind as CacheKind, look::Which as CacheWhich};

use base::{JobId, Permission, RecordId, TenantId, VersionId};
use identity::{Caller, caller::Grant};
use serde_json::{Value as Json, json};
use std::time::Duration;
use work::{Busy, Lock, NewJob};

use crate::{
    engine::Engine,
    error::EngineError,
    record::{Kits, Record, RecordError},
};

impl Engine {
    /// A job of this application, which locks its record.
    fn new_job(
        &self,
        tenant: TenantId,
        kind: &str,
        record: RecordId,
        payload: Json,
        caller: &Caller,
    ) -> NewJob {
        let rules = &self.folder().description().jobs;
        NewJob {
            subject: Some(record),
            lock: Some(Lock { key: lock_key(record), busy: Busy::Refuse }),
            attempts_max: rules.attempts,
            timeout: Duration::from_secs(rules.timeout_s),
            ..NewJob::new(tenant, kind, payload, caller.actor.to_string(), self.now())
        }
    }
}

impl Engine {
    /// A private record of somebody else is one that is not there.
    pub(crate) fn sees(&self, caller: &Caller, record: &Record) -> Result<(), EngineError> {
        match is_seen(self.folder().kits(), caller, record) {
            true => Ok(()),
            false => Err(RecordError::NotFound { id: record.id, collection: None }.into()),
        }
    }
}

/// Does this caller see this record, if they reach it? Of private ones those that they made, unless they may
/// see what is private.
pub fn is_seen<D>(kits: &Kits, caller: &Caller, record: &Record<D>) -> bool {
    let is_private = kits.get(&record.collection).is_some_and(|it| it.spec.private);
    !is_private || caller.may(Permission::ReadPrivate).is_ok() || made(caller, &record.created_by)
}

/// The same of a record as it is handed out.
pub fn is_shown(kits: &Kits, caller: &Caller, view: &Json) -> bool {
    let text = |name: &str| view[name].as_str().unwrap_or_default();
    let is_private = kits.get(text("collection")).is_some_and(|it| it.spec.private);
    !is_private || caller.may(Permission::ReadPrivate).is_ok() || made(caller, text("created_by"))
}

/// Did this caller make what was made by that actor? A visitor has made nothing: all of them act as the house.
pub fn made(caller: &Caller, created_by: &str) -> bool {
    let is_somebody = !matches!(caller.grant, Grant::Nobody | Grant::Visitor(_));
    is_somebody && caller.actor.to_string() == created_by
}

/// The name under which jobs take turns on a record.
pub fn lock_key(record: RecordId) -> String {
    format!("records/{record}")
}

/// May this caller act in this tenant?
fn within(caller: &Caller, tenant: TenantId) -> Result<(), EngineError> {
    caller.reaches(tenant).map_err(|_| EngineError::TenantForbidden(tenant))
}

/// A job was written.
fn accepted(job: JobId, record: RecordId, version: Option<VersionId>, message: &str) -> Json {
    json!({"job": job, "record": record, "version": version, "state": "pending", "message": message})
}
