//! What callers can have done: each file is one kind of act of the [`crate::engine::Engine`].
//!
//! An act checks what was asked for, finds what it is about, sees whose it is, and then either does it
//! in one transaction or writes a job that will. What takes a job answers with `accepted`.

pub mod analyses;
mod archives;
mod assistants;
pub(crate) mod chats;
mod export;
pub mod feedback;
mod import;
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
use identity::Caller;
use serde_json::{Value as Json, json};
use std::time::Duration;
use work::{Busy, Lock, NewJob};

use crate::{
    engine::Engine,
    error::EngineError,
    record::{Record, RecordError},
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
        let kit = self.folder().kits().get(&record.collection);
        let is_private = kit.is_some_and(|it| it.spec.private);
        let is_own = record.created_by == caller.actor.to_string();
        if is_private && !is_own && caller.may(Permission::ReadPrivate).is_err() {
            return Err(RecordError::NotFound { id: record.id, collection: None }.into());
        }
        Ok(())
    }
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
