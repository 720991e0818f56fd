//! Texts handed in and what comes of them: waiting for a result for a while, asking where it stands,
//! looking at one's own, and, for those who may see what is private, at everybody's.

use std::time::Duration;

use base::{JobId, Page, PageRequest, Permission, RecordId, TenantId};
use identity::Caller;
use models::Priority;
use serde_json::{Value as Json, json};
use store::{Db, audit};
use tokio::{sync::broadcast::Receiver, time::Instant};
use work::{Job, JobChanged, NewJob, State};

use super::within;
use crate::{
    engine::Engine,
    error::EngineError,
    folder::TaskKit,
    job::{Kind, result::Payload},
    record::{self, Invalid, Record, RecordError},
    result::{
        self, Making, Standing, Status, raw,
        row::{self, Submission, Whose},
        standing,
    },
};

/// How long somebody waits for a result, where the task does not say.
const DEADLINE_S: u64 = 15;
/// A person waits: results go before lists that are read in.
const PRIORITY: i64 = 10;
/// The longest pause between two looks at a job that somebody waits for.
const LOOK_MAX: Duration = Duration::from_millis(250);

/// A text that is handed in.
#[derive(Clone)]
pub struct ResultAsk {
    /// On whose account.
    pub tenant: TenantId,
    /// The task; the only one that keeps results when left out.
    pub task: Option<String>,
    /// The text.
    pub text: String,
    /// The text before it, or a result of that.
    pub previous: Option<RecordId>,
    /// What matters; the task's own when left out.
    pub priority: Option<Priority>,
    /// The language of the one who asks, for a text that does not tell.
    pub language: Option<String>,
    /// Whether to wait for the result, as long as the task says.
    pub waits: bool,
}

/// Shows how long the text is, never what it says.
impl std::fmt::Debug for ResultAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResultAsk")
            .field("task", &self.task)
            .field("text_bytes", &self.text.len())
            .field("waits", &self.waits)
            .finish_non_exhaustive()
    }
}

/// What comes of handing a text in.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultOutcome {
    /// The result.
    Done(Json),
    /// Where it stands; its job tells more.
    Accepted(Json),
}

/// Which results are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultsOf {
    /// One's own.
    Me,
    /// Those of one person or key, by id.
    One(String),
    /// Everybody's.
    All,
    /// The last one of each person.
    LastOfEach,
}

impl Engine {
    /// Hands a text in. Text, result and job are written down before anybody is asked, so that a result
    /// which takes longer than its deadline is made all the same, by the same job.
    ///
    /// # Errors
    /// A text that does not fit; [`EngineError::Late`] when the result takes longer than somebody waits
    /// for it; [`EngineError::Spoiled`] when it cannot be made.
    pub async fn result_submit(
        &self,
        caller: &Caller,
        ask: ResultAsk,
    ) -> Result<ResultOutcome, EngineError> {
        within(caller, ask.tenant)?;
        let kit = self.result_task(ask.task.as_deref())?.clone();
        let wait_s = kit.description.deadline_s.unwrap_or(DEADLINE_S);
        let until = Instant::now() + Duration::from_secs(wait_s);
        let mut changes = work::events();
        let (waits, tenant) = (ask.waits, ask.tenant);
        let (result, job) = self.hand_in(caller, &kit, ask).await?;
        if !waits {
            return self.result_status(caller, result).await.map(ResultOutcome::Accepted);
        }
        let ended = self.end_of(tenant, job, &mut changes, until).await?;
        let Some(ended) = ended else { return Err(EngineError::Late { result, after_s: wait_s }) };
        if ended.state == State::Completed {
            return self.result_get(caller, result).await.map(ResultOutcome::Done);
        }
        let (code, message) = match ended.error {
            Some(error) => (error.code, error.message),
            None => ("job_cancelled".to_owned(), "somebody cancelled it".to_owned()),
        };
        Err(EngineError::Spoiled { result, code, message })
    }

    /// A result with its text.
    ///
    /// # Errors
    /// [`EngineError::NotReady`] while it is being made.
    pub async fn result_get(&self, caller: &Caller, id: RecordId) -> Result<Json, EngineError> {
        let found = self.result_of(caller, id).await?;
        if !found.standing.status.is_final() {
            return Err(EngineError::NotReady(id));
        }
        Ok(found.view())
    }

    /// Where a result stands.
    ///
    /// # Errors
    /// A result that is not there, or is somebody else's.
    pub async fn result_status(&self, caller: &Caller, id: RecordId) -> Result<Json, EngineError> {
        let found = self.result_of(caller, id).await?;
        let typical_s = found.kit.description.deadline_s.unwrap_or(DEADLINE_S);
        Ok(result::told(&found.result, &found.standing, typical_s))
    }

    /// Results, the newest first.
    ///
    /// # Errors
    /// Those of others for who may see no more than their own.
    pub async fn result_list(
        &self,
        caller: &Caller,
        tenant: TenantId,
        task: Option<&str>,
        of: ResultsOf,
        page: &PageRequest,
    ) -> Result<Page<Json>, EngineError> {
        within(caller, tenant)?;
        let own = caller.actor.to_string();
        let is_own = match &of {
            ResultsOf::Me => true,
            ResultsOf::One(owner) => *owner == own,
            ResultsOf::All | ResultsOf::LastOfEach => false,
        };
        if !is_own {
            caller.may(Permission::ReadPrivate).map_err(EngineError::NotAllowed)?;
        }
        let kit = self.result_task(task)?.clone();
        let (this, page) = (self.clone(), page.clone());
        let read = move |db: &Db| {
            let (_, results) = row::collections(this.folder().kits(), &kit)?;
            let whose = match &of {
                ResultsOf::Me => Whose::Of(&own),
                ResultsOf::One(owner) => Whose::Of(owner),
                ResultsOf::All => Whose::All,
                ResultsOf::LastOfEach => Whose::Last,
            };
            let found = row::list(db, tenant, &results.name, whose, &page)?;
            let (next, prev, total) = (found.next, found.prev, found.total);
            let shown = |it: Record| Ok::<_, EngineError>(Found::read(db, &kit, it)?.view());
            let items = found.items.into_iter().map(shown).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, EngineError>(Page { items, next, prev, total })
        };
        self.store().read(read).await
    }

    /// What went over the wire for a result that was made in debug mode.
    ///
    /// # Errors
    /// [`EngineError::NothingToDo`] for one that was not.
    pub async fn result_raw(&self, caller: &Caller, id: RecordId) -> Result<Json, EngineError> {
        caller.may(Permission::ReadPrivate).map_err(EngineError::NotAllowed)?;
        let found = self.result_of(caller, id).await?;
        let id = found.result.id;
        let raw = self.store().read(move |db| raw::get(db, id)).await?;
        raw.ok_or(EngineError::NothingToDo("debug mode was off when this result was made"))
    }

    /// Debug mode of a tenant, and who switched it last.
    ///
    /// # Errors
    /// Who may not see what is private.
    pub async fn debug_mode(&self, caller: &Caller, tenant: TenantId) -> Result<Json, EngineError> {
        within(caller, tenant)?;
        caller.may(Permission::ReadPrivate).map_err(EngineError::NotAllowed)?;
        Ok(self.store().read(move |db| raw::state(db, tenant)).await?)
    }

    /// Switches debug mode: from now on, what goes over the wire for a result is kept, or no more.
    ///
    /// # Errors
    /// Who may not see what is private.
    pub async fn set_debug_mode(
        &self,
        caller: &Caller,
        tenant: TenantId,
        is_on: bool,
    ) -> Result<Json, EngineError> {
        within(caller, tenant)?;
        caller.may(Permission::ReadPrivate).map_err(EngineError::NotAllowed)?;
        let act = self.act(caller);
        let (actor, now) = (act.actor.clone(), act.now);
        let write = move |tx: &store::Tx| {
            raw::switch(tx, &act, tenant, is_on)?;
            Ok::<_, EngineError>(raw::state(tx, tenant)?)
        };
        self.store().write(&actor, now, write).await
    }

    /// A task that keeps results; the only one there is when none is named.
    pub(crate) fn result_task(&self, name: Option<&str>) -> Result<&TaskKit, EngineError> {
        let mut all = self.folder().tasks().filter(|it| it.description.result.is_some());
        let Some(name) = name else {
            let first = all.next();
            return match (first, all.next()) {
                (Some(only), None) => Ok(only),
                _ => Err(Invalid::input("/task", "is missing").into()),
            };
        };
        let no_such = || EngineError::NoSuch { kind: "task", name: name.to_owned() };
        let kit = self.folder().task(name).ok_or_else(no_such)?;
        if kit.description.result.is_none() {
            return Err(Invalid::input("/task", "this task keeps no results").into());
        }
        Ok(kit)
    }

    /// A result that this caller may see.
    pub(crate) async fn result_of(
        &self,
        caller: &Caller,
        id: RecordId,
    ) -> Result<Found, EngineError> {
        let (this, caller) = (self.clone(), caller.clone());
        let read = move |db: &Db| {
            let missing = || EngineError::from(RecordError::NotFound { id, collection: None });
            let result = record::get(db, caller.reach, id, None)?;
            let of = |it: &&TaskKit| {
                it.description.result.as_ref().is_some_and(|it| it.collection == result.collection)
            };
            let kit = this.folder().tasks().find(of).ok_or_else(missing)?;
            this.sees(&caller, &result)?;
            Found::read(db, kit, result)
        };
        self.store().read(read).await
    }

    /// Writes a text, its result and the job that makes it.
    async fn hand_in(
        &self,
        caller: &Caller,
        kit: &TaskKit,
        ask: ResultAsk,
    ) -> Result<(RecordId, JobId), EngineError> {
        let text = ask.text.replace('\0', "");
        if text.trim().is_empty() {
            return Err(Invalid::input("/text", "is missing").into());
        }
        let rules = &self.folder().description().jobs;
        let (attempts_max, timeout) = (rules.attempts, Duration::from_secs(rules.timeout_s));
        let (this, kit, act) = (self.clone(), kit.clone(), self.act(caller));
        let (actor, now) = (act.actor.clone(), act.now);
        let write = move |tx: &store::Tx| {
            let tenant = ask.tenant;
            let submission = Submission { tenant, text, previous: ask.previous };
            let (text, result) = row::hand_in(tx, this.folder().kits(), &act, &kit, submission)?;
            let payload = Payload {
                task: kit.name.clone(),
                result: result.id,
                priority: ask.priority,
                language: ask.language,
            };
            let by = act.actor.to_string();
            let job = NewJob {
                subject: Some(result.id),
                priority: PRIORITY,
                attempts_max,
                timeout,
                ..NewJob::new(tenant, Kind::Result.name(), json!(payload), by, now)
            };
            let job = work::enqueue(tx, job, now).map_err(EngineError::enqueue(result.id))?;
            let summary = format!("Handed a text in to {}", kit.name);
            let entry = audit::Entry::new(tenant, "result_asked", result.subject(), summary);
            let after = json!({"task": kit.name, "job": job.id});
            tx.audit(entry.record(text.id).after(after));
            Ok::<_, EngineError>((result.id, job.id))
        };
        self.store().write(&actor, now, write).await
    }

    /// Waits for the end of a job. None when it takes longer.
    pub(super) async fn end_of(
        &self,
        tenant: TenantId,
        job: JobId,
        changes: &mut Receiver<JobChanged>,
        until: Instant,
    ) -> Result<Option<Job>, EngineError> {
        let mut pause = Duration::from_millis(5);
        loop {
            let found = self.store().read(move |db| work::get(db, Some(tenant), job)).await?;
            if let Some(found) = found.filter(|it| it.state.is_finished()) {
                return Ok(Some(found));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LOOK_MAX),
                // It is told a moment before it is committed, so the next looks come soon.
                () = heard_of(changes, job) => {
                    pause = Duration::from_millis(5);
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

/// A result with all that belongs to it.
pub(crate) struct Found {
    pub(crate) kit: TaskKit,
    pub(crate) result: Record,
    pub(crate) text: Option<Record>,
    pub(crate) standing: Standing,
}

impl Found {
    fn read(db: &Db, kit: &TaskKit, result: Record) -> Result<Self, EngineError> {
        let reach = identity::Reach::Tenant(result.tenant);
        let text = result.parent.map(|it| record::get(db, reach, it, None)).transpose()?;
        let is_kept = result.data.get("status").and_then(Json::as_str);
        let job = match is_kept == Some(Status::Completed.name()) {
            true => None,
            false => row::job_of(db, &result)?,
        };
        let standing = standing(&result.data, job.as_ref().map(Making::from));
        Ok(Self { kit: kit.clone(), result, text, standing })
    }

    /// As callers see it.
    pub(crate) fn view(&self) -> Json {
        result::view(&self.kit, &self.result, self.text.as_ref(), &self.standing)
    }
}

/// Returns when something was said about the end of this job, or so much about others that it may have
/// been among them.
async fn heard_of(changes: &mut Receiver<JobChanged>, job: JobId) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match changes.recv().await {
            Ok(changed) if changed.id == job && changed.state.is_finished() => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}
