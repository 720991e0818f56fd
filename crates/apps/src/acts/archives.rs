//! Putting old records away, and bringing them back.

use base::{ArchiveId, RecordId, TenantId};
use identity::{Caller, tenant};
use serde_json::{Value as Json, json};
use store::audit;
use work::{Busy, EnqueueError, Lock, NewJob};

use super::within;
use crate::{
    archive::{self, ArchiveError, back, make, row},
    engine::Engine,
    error::EngineError,
};

/// A job over archives that somebody asks for.
struct Wish {
    kind: &'static str,
    payload: Json,
    lock: String,
    action: &'static str,
    message: String,
}

impl Engine {
    /// Writes a job that puts away what is due in a collection of a tenant.
    ///
    /// # Errors
    /// A collection whose records are not archived; a tenant out of reach, or none; a job that is at it.
    pub async fn archive_make(
        &self,
        caller: &Caller,
        tenant: TenantId,
        collection: &str,
    ) -> Result<Json, EngineError> {
        let no_such = || EngineError::NoSuch { kind: "collection", name: collection.to_owned() };
        let kit = self.folder().kits().get(collection).ok_or_else(no_such)?;
        if kit.spec.archive.is_none() {
            return Err(ArchiveError::NotDeclared(collection.to_owned()).into());
        }
        // What everybody shares is put away by those who reach all.
        let tenant = if kit.spec.shared { TenantId::DEFAULT } else { tenant };
        within(caller, tenant)?;
        let wish = Wish {
            kind: archive::MAKE,
            payload: json!(make::Payload { collection: collection.to_owned() }),
            lock: archive::lock_key(collection),
            action: "archive_asked",
            message: format!("Old records of {collection} are being put away"),
        };
        self.archive_job(caller, tenant, wish).await
    }

    /// Writes a job that brings records back: these, or all of the archive.
    ///
    /// # Errors
    /// An archive that is not there for the caller; a job that is at it.
    pub async fn archive_bring_back(
        &self,
        caller: &Caller,
        id: ArchiveId,
        records: Vec<RecordId>,
    ) -> Result<Json, EngineError> {
        let reach = caller.reach;
        let found = self.store().read(move |db| row::get(db, reach, id)).await?;
        within(caller, found.tenant)?;
        let wish = Wish {
            kind: archive::BACK,
            payload: json!(back::Payload { archive: id, records }),
            lock: format!("archives/{id}"),
            action: "archive_restore_asked",
            message: format!("Records of {} are being brought back", found.collection),
        };
        let mut accepted = self.archive_job(caller, found.tenant, wish).await?;
        accepted["archive"] = json!(id);
        Ok(accepted)
    }

    async fn archive_job(
        &self,
        caller: &Caller,
        tenant: TenantId,
        wish: Wish,
    ) -> Result<Json, EngineError> {
        let rules = &self.folder().description().jobs;
        let Wish { kind, payload, lock, action, message } = wish;
        let by = caller.actor.to_string();
        let now = self.now();
        let job = NewJob {
            lock: Some(Lock { key: lock, busy: Busy::Refuse }),
            attempts_max: rules.attempts,
            timeout: archive::timeout(rules),
            ..NewJob::new(tenant, kind, payload.clone(), by, now)
        };
        self.store()
            .write(&caller.actor, now, move |tx| {
                // What everybody shares is nobody's in particular.
                if tenant != TenantId::DEFAULT
                    && tenant::get(tx, tenant)?.is_none_or(|it| it.deleted_at.is_some())
                {
                    return Err(EngineError::NoSuchTenant(tenant));
                }
                let job = work::enqueue(tx, job, now).map_err(|error| match error {
                    EnqueueError::Busy { job } => EngineError::AtWork { job },
                    EnqueueError::Store(error) => EngineError::Store(error),
                })?;
                let subject = format!("jobs/{}", job.id);
                let entry = audit::Entry::new(tenant, action, subject, message.clone());
                tx.audit(entry.after(payload));
                let state = work::State::Pending;
                Ok(json!({"job": job.id, "archive": null, "state": state, "message": message}))
            })
            .await
    }
}
