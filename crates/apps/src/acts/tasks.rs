//! Running a task: at once, or as a job over a version.

use base::TenantId;
use identity::Caller;
use serde_json::{Map, Value as Json, json};
use store::audit;

use super::{accepted, within};
use crate::{
    ask::{TaskOutcome, TaskRun},
    description::RunMode,
    engine::{Engine, For},
    error::EngineError,
    folder::TaskKit,
    job::{Kind, task::Payload},
    record::{self, Invalid, Record},
    task::{answer::RULES, context},
    version::{self, Version, VersionError},
};

impl Engine {
    /// Runs a task, or writes a job that will.
    ///
    /// # Errors
    /// Input that does not fit the task's schema, all faults at once; a record without an active
    /// version; an empty version; a job that works on the record already.
    pub async fn task_run(
        &self,
        caller: &Caller,
        ask: TaskRun,
    ) -> Result<TaskOutcome, EngineError> {
        let no_such = || EngineError::NoSuch { kind: "task", name: ask.task.clone() };
        let kit = self.folder().task(&ask.task).ok_or_else(no_such)?.clone();
        let Some(mode) = kit.description.run else {
            return Err(Invalid::input("/task", "this task runs as a step of others only").into());
        };
        let ask = TaskRun { input: input(&kit, ask.input)?, ..ask };
        let (record, version) = self.subject(caller, &kit, &ask).await?;
        match mode {
            RunMode::Job => self.enqueue_task(caller, &kit, ask, record, version).await,
            RunMode::Now => self.answer_now(caller, &kit, ask, &record).await,
        }
    }

    /// What the task is about: a record, and a version of it when it works on what lies in one.
    async fn subject(
        &self,
        caller: &Caller,
        kit: &TaskKit,
        ask: &TaskRun,
    ) -> Result<(Record, Option<Version>), EngineError> {
        let in_versions = self.collection(&kit.description.on)?.is_in_versions();
        let (reach, record, version) = (caller.reach, ask.record, ask.version);
        let found = self
            .store()
            .read(move |db| {
                Ok::<_, EngineError>(match (version, record) {
                    (Some(version), _) => {
                        let version = version::get(db, reach, version)?;
                        (record::get(db, reach, version.record, None)?, Some(version))
                    }
                    (None, Some(record)) if in_versions => {
                        let found = record::get(db, reach, record, None)?;
                        let head =
                            found.active_version.clone().ok_or(VersionError::NoActive(record))?;
                        let version = version::get(db, reach, head.id)?;
                        (found, Some(version))
                    }
                    (None, Some(record)) => (record::get(db, reach, record, None)?, None),
                    (None, None) => {
                        let fault = Invalid::input("/record", "is missing");
                        return Err(fault.hint("name a record or a version").into());
                    }
                })
            })
            .await?;
        within(caller, found.0.tenant)?;
        self.sees(caller, &found.0)?;
        let holds = self.folder().kits().get(&kit.description.on).and_then(|it| it.parent());
        let fits = if in_versions {
            holds == Some(&found.0.collection)
        } else {
            kit.description.on == found.0.collection
        };
        if !fits {
            return Err(Invalid::input(
                "/record",
                format!("this task works on `{}`", kit.description.on),
            )
            .into());
        }
        Ok(found)
    }

    async fn enqueue_task(
        &self,
        caller: &Caller,
        kit: &TaskKit,
        ask: TaskRun,
        record: Record,
        version: Option<Version>,
    ) -> Result<TaskOutcome, EngineError> {
        let version = version.ok_or(VersionError::NoActive(record.id))?;
        if version.record_count == 0 {
            return Err(EngineError::NothingToDo("the version is empty; import a list first"));
        }
        let text = |name: &str| ask.input.get(name).and_then(Json::as_str).map(str::to_owned);
        let payload = Payload {
            task: ask.task.clone(),
            record: record.id,
            version: version.id,
            label: ask.label.clone().or_else(|| text("label")),
            notes: ask.notes.clone().or_else(|| text("notes")),
            input: ask.input,
        };
        let (this, kit, caller, act) =
            (self.clone(), kit.clone(), caller.clone(), self.act(caller));
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                // What the input names must be there now, not only when the job comes to it.
                context::gather(
                    tx,
                    this.folder(),
                    &this.folder().configuration(),
                    &kit,
                    record.tenant,
                    Some(record.id),
                    &payload.input,
                )?;
                let kind = format!("{}.{}", Kind::Task.name(), kit.name);
                let job = this.new_job(record.tenant, &kind, record.id, json!(payload), &caller);
                let job =
                    work::enqueue(tx, job, act.now).map_err(EngineError::enqueue(record.id))?;
                let summary = format!("Began the task {} on version {}", kit.name, version.number);
                let entry =
                    audit::Entry::new(record.tenant, "task_started", record.subject(), summary);
                let after = json!({"task": kit.name, "job": job.id, "input": payload.input});
                tx.audit(entry.record(record.id).version(version.id).after(after));
                let message = format!("{} is under way", kit.description.title);
                Ok(TaskOutcome::Accepted(accepted(job.id, record.id, Some(version.id), &message)))
            })
            .await
    }

    async fn answer_now(
        &self,
        caller: &Caller,
        kit: &TaskKit,
        ask: TaskRun,
        record: &Record,
    ) -> Result<TaskOutcome, EngineError> {
        let tenant: TenantId = record.tenant;
        let for_whom = For { tenant, job: None, user: Some(caller.actor.to_string()) };
        let prepared = self.prepare(&kit.name, Some(record), &ask.input, 0, for_whom).await?;
        let answered = prepared.asker.ask(&[], 1, 1).await?;
        let model = (answered.produced_by != RULES).then(|| answered.produced_by.clone());
        let (act, name, record) = (self.act(caller), kit.name.clone(), record.clone());
        let tokens = answered.tokens_used as i64;
        let actor = act.actor.clone();
        self.store()
            .write(&actor, act.now, move |tx| {
                let summary = format!("Ran the task {name}");
                let entry = audit::Entry::new(tenant, "task_answered", record.subject(), summary);
                tx.audit(entry.record(record.id).tokens(tokens));
                Ok::<_, EngineError>(())
            })
            .await?;
        Ok(TaskOutcome::Answer(json!({
            "answer": answered.value,
            "produced_by": answered.produced_by,
            "model": model,
        })))
    }
}

/// What the caller gave, when it fits the task's input schema.
fn input(kit: &TaskKit, given: Json) -> Result<Json, EngineError> {
    let given = if given.is_null() { Json::Object(Map::new()) } else { given };
    let Some(schema) = &kit.input else { return Ok(given) };
    match schema.check(&given) {
        Ok(()) => Ok(given),
        Err(faults) => Err(Invalid { code: "invalid_input".into(), faults }.into()),
    }
}
