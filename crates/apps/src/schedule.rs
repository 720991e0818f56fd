//! What comes round in an application: its schedules made ready, and the jobs of their runs.
//!
//! When and that it comes round once is [`work::schedule`]'s. Here is what it comes to: jobs of the
//! engine, for each tenant where several share the server.

use std::time::Duration;

use base::{RecordId, TenantId, Timestamp, VersionId};
use serde_json::{Value as Json, json};
use store::{Db, Error, Tx, params};
use work::{
    Busy, Lock, NewJob,
    schedule::{Maker, Schedule},
};

use crate::{
    archive,
    description::{Description, ScheduledAct},
    engine::Engine,
    job::{Kind, task},
};

/// The schedules of a description, ready to be kept. Those that say nothing were told by the check.
pub fn declared(description: &Description) -> Vec<Schedule> {
    let all = description.schedules.iter().filter_map(|(name, it)| {
        Some(Schedule {
            name: name.clone(),
            times: it.times().ok()?,
            jitter: it.jitter()?,
            missed: it.missed(),
            off_peak: it.off_peak.as_ref().map(|it| it.window()).transpose().ok()?,
            act: json!(it.act),
        })
    });
    all.collect()
}

/// Makes the jobs of an application's schedules.
pub(crate) struct Jobs {
    pub(crate) engine: Engine,
}

impl Maker for Jobs {
    fn jobs(&self, tx: &Tx, schedule: &Schedule, now: Timestamp) -> Result<Vec<NewJob>, Error> {
        let Ok(act) = serde_json::from_value::<ScheduledAct>(schedule.act.clone()) else {
            return Ok(Vec::new());
        };
        let given = Json::Object(act.with.clone().into_iter().collect());
        match act.target() {
            Some(("source", name)) => {
                let described = self.engine.folder().sources().iter().find(|it| it.name() == name);
                let Some(described) = described.filter(|it| it.source().enabled) else {
                    return Ok(Vec::new());
                };
                // What is no flag was told by the check.
                let written: sources::WrittenFlags =
                    serde_json::from_value(given).unwrap_or_default();
                let flags = sources::Flags::from(written);
                let room = self.engine.sources();
                // The same as of those that somebody asks for: one at a time, whoever wants it.
                let job = |tenant| {
                    let (source, flags) = (name.to_owned(), flags.clone());
                    room.new_job(&sources::Wanted { tenant, source, flags }, "mainstay", now)
                };
                Ok(self.tenants(tx, &described.source().into)?.into_iter().map(job).collect())
            }
            Some(("archive", name)) => {
                let payload = json!(archive::make::Payload { collection: name.to_owned() });
                // The same as of those that somebody asks for: one at a time, whoever wants it.
                let (key, busy) = (archive::lock_key(name), Busy::Refuse);
                let timeout = archive::timeout(&self.engine.folder().description().jobs);
                let job = |tenant| NewJob {
                    lock: Some(Lock { key: key.clone(), busy }),
                    timeout,
                    ..self.job(tenant, archive::MAKE, payload.clone(), now)
                };
                Ok(self.tenants(tx, name)?.into_iter().map(job).collect())
            }
            Some(("task", name)) => self.tasks(tx, name, &given, now),
            _ => Ok(Vec::new()),
        }
    }
}

/// The most records that one run of a schedule gives a task.
const RECORDS_MAX: u32 = 1_000;

impl Jobs {
    fn job(&self, tenant: TenantId, kind: &str, payload: Json, now: Timestamp) -> NewJob {
        let rules = &self.engine.folder().description().jobs;
        NewJob {
            attempts_max: rules.attempts,
            timeout: Duration::from_secs(rules.timeout_s),
            ..NewJob::new(tenant, kind, payload, "mainstay", now)
        }
    }

    /// For whom it is done: each tenant; nobody in particular where there is only one, or where what it
    /// works on is everybody's.
    fn tenants(&self, db: &Db, collection: &str) -> Result<Vec<TenantId>, Error> {
        let folder = self.engine.folder();
        let is_shared = folder.kits().get(collection).is_some_and(|it| it.spec.shared);
        if folder.description().tenants.is_none() || is_shared {
            return Ok(vec![TenantId::DEFAULT]);
        }
        identity::tenant::ids(db)
    }

    /// A job for each record that the task can run for.
    fn tasks(
        &self,
        tx: &Tx,
        name: &str,
        given: &Json,
        now: Timestamp,
    ) -> Result<Vec<NewJob>, Error> {
        let folder = self.engine.folder();
        let kit = folder.task(name).and_then(|it| folder.kits().get(&it.description.on));
        let Some(parent) = kit.and_then(|it| folder.kits().parent_of(it)) else {
            return Ok(Vec::new());
        };
        let kind = format!("{}.{name}", Kind::Task.name());
        let rows = tx.query(ACTIVE, &params![parent.name.as_str(), RECORDS_MAX])?;
        rows.iter()
            .map(|row| {
                let record: RecordId = row.get("id")?;
                let version: VersionId = row.get("active_version")?;
                let payload = task::Payload {
                    task: name.to_owned(),
                    record,
                    version,
                    input: given.clone(),
                    label: None,
                    notes: None,
                };
                let lock = Lock { key: crate::acts::lock_key(record), busy: Busy::Refuse };
                Ok(NewJob {
                    subject: Some(record),
                    lock: Some(lock),
                    ..self.job(row.get("tenant")?, &kind, json!(payload), now)
                })
            })
            .collect()
    }
}

const ACTIVE: &str = "
    SELECT r.id, r.tenant, r.active_version
      FROM records r
      JOIN versions v ON v.id = r.active_version
     WHERE r.collection = $1 AND r.deleted_at IS NULL AND v.record_count > 0
     ORDER BY r.created_at, r.id
     LIMIT $2";
