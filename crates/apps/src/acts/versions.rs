//! Choosing a version: activate one at once, go back to an older one by a job.

use base::{RecordId, VersionId};
use identity::Caller;
use serde_json::{Value as Json, json};
use store::{Db, audit};

use super::{accepted, within};
use crate::{
    ask,
    engine::Engine,
    error::EngineError,
    job::{Kind, revert::Payload},
    record::{self, Record},
    version::{self, Target, VersionError},
};

impl Engine {
    /// Makes a version the active one, at once.
    ///
    /// # Errors
    /// A version that is not there or still built; with `record`, one of another record.
    pub async fn activate(
        &self,
        caller: &Caller,
        version: VersionId,
        record: Option<RecordId>,
        why: Option<String>,
    ) -> Result<Json, EngineError> {
        let (this, caller, act) = (self.clone(), caller.clone(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                within(&caller, version::get(tx, act.reach, version)?.tenant)?;
                let done = version::activate(tx, &act, version, record, why.as_deref())?;
                if done.has_changed {
                    crate::event::version_activated(&this, tx, &done.version, act.now)?;
                }
                Ok(version::view(&done.version))
            })
            .await
    }

    /// The job that works on a record now, if one does.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lock_of<D>(
        &self,
        db: &Db,
        record: &Record<D>,
    ) -> Result<Option<record::Lock>, store::Error> {
        let at_work = work::at_work(db, record.tenant, record.id)?;
        Ok(at_work.map(|it| record::Lock { job: it.id, by: it.created_by, at: it.created_at }))
    }

    /// Writes a job that goes back to a version.
    ///
    /// # Errors
    /// A number that is not there, or that is the active one; a job that works on the record.
    pub async fn revert(&self, caller: &Caller, ask: ask::Revert) -> Result<Json, EngineError> {
        let (this, caller, act) = (self.clone(), caller.clone(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                let found = record::get(tx, act.reach, ask.record, ask.collection.as_deref())?;
                within(&caller, found.tenant)?;
                let chosen = version::target(tx, &act, found.id, Target::Number(ask.number))?;
                match &found.active_version {
                    None => return Err(VersionError::NoActive(found.id).into()),
                    Some(active) if active.id == chosen.id => {
                        return Err(VersionError::Same(chosen.id).into());
                    }
                    Some(_) => {}
                }
                let payload = Payload {
                    record: found.id,
                    number: ask.number,
                    label: ask.label,
                    reason: ask.reason,
                };
                let job = this.new_job(
                    found.tenant,
                    Kind::Revert.name(),
                    found.id,
                    json!(payload),
                    &caller,
                );
                let job =
                    work::enqueue(tx, job, act.now).map_err(EngineError::enqueue(found.id))?;
                let summary = format!("Began to go back to version {}", ask.number);
                let mut entry =
                    audit::Entry::new(found.tenant, "revert_started", found.subject(), summary)
                        .record(found.id)
                        .version(chosen.id)
                        .after(json!({"job": job.id}));
                if let Some(why) = payload.reason {
                    entry = entry.why(why);
                }
                tx.audit(entry);
                Ok(accepted(job.id, found.id, Some(chosen.id), "Going back to the version"))
            })
            .await
    }
}
