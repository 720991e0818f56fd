//! What callers can have done: each file is one kind of act of the [`crate::engine::Engine`].
//!
//! An act checks what was asked for, finds what it is about, sees whose it is, and then either does it
//! in one transaction or writes a job that will. What takes a job answers with `accepted`.

mod assistants;
pub(crate) mod chats;
mod export;
mod import;
mod prompts;
mod proposals;
mod search;
mod summary;
mod tasks;
mod versions;
mod webhooks;

use base::{JobId, RecordId, TenantId, VersionId};
use identity::Caller;
use serde_json::{Value as Json, json};
use std::time::Duration;
use work::{Busy, Lock, NewJob};

use crate::{engine::Engine, error::EngineError};

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
