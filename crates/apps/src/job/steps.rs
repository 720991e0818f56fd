//! What every job stands on: who acts, fenced writes, and errors that end or postpone the job.

use base::{Actor, AppKeyId, JobId, RecordId, Timestamp, UserId, VersionId, actor::Who};
use identity::Reach;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use store::Tx;
use work::{Failure, Running};

use crate::{
    engine::Engine,
    error::EngineError,
    record::{self, Act, CollectionKit, Record},
    version,
};

/// A job in hand, with everything it needs.
pub(crate) struct Steps {
    pub(crate) engine: Engine,
    pub(crate) running: Running,
    act: Act,
}

impl Steps {
    pub(crate) fn new(engine: Engine, running: Running) -> Self {
        let job = running.job();
        let act = Act {
            reach: Reach::Tenant(job.tenant),
            actor: asker(&job.created_by, job.id),
            now: engine.now(),
        };
        Self { engine, running, act }
    }

    pub(crate) fn job(&self) -> &work::Job {
        self.running.job()
    }

    /// Whoever asked for the job acts, now.
    pub(crate) fn act(&self) -> Act {
        Act { now: self.now(), ..self.act.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// What the job was given.
    pub(crate) fn payload<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_value(self.job().payload.clone()).map_err(|error| {
            Failure::for_good("internal", format!("the job's payload cannot be read: {error}"))
        })
    }

    /// Says how far the job is, and stops here when somebody wants that.
    pub(crate) async fn progress(&self, percent: u8, message: &str) -> Result<(), Failure> {
        if self.running.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        self.running.progress(percent, message).await;
        Ok(())
    }

    /// Reads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&store::Db) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.engine.store().read(f).await.map_err(failure)
    }

    /// Reads what may be much.
    pub(crate) async fn read_long<T: Send + 'static>(
        &self,
        f: impl FnOnce(&store::Db) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.engine.store().read_long(f).await.map_err(failure)
    }

    /// Writes what nobody sees yet, under the fence.
    pub(crate) async fn build<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx, &Act) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        let act = self.act();
        self.keep("build a version", move |tx| f(tx, &act)).await
    }

    /// Writes what is nobody's act, under the fence. `what` names it in the log.
    pub(crate) async fn keep<T: Send + 'static>(
        &self,
        what: &'static str,
        f: impl FnOnce(&Tx) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        let running = self.running.clone();
        let write = move |tx: &Tx| {
            running.fence(tx).map_err(EngineError::from)?;
            f(tx)
        };
        self.engine.store().bookkeep(what, write).await.map_err(failure)
    }

    /// Writes what counts from then on, under the fence, with its audit entries and with what a
    /// later attempt must know. The closure returns that checkpoint beside its value.
    pub(crate) async fn commit<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx, &Act) -> Result<(T, Json), EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        let (running, act) = (self.running.clone(), self.act());
        let actor = act.actor.clone();
        let now = act.now;
        let write = move |tx: &Tx| {
            running.fence(tx).map_err(EngineError::from)?;
            let (value, checkpoint) = f(tx, &act)?;
            running.checkpoint_in(tx, &checkpoint).map_err(EngineError::from)?;
            Ok(value)
        };
        self.engine.store().write(&actor, now, write).await.map_err(failure)
    }

    /// Throws away what an earlier attempt left half-built.
    pub(crate) async fn discard_unfinished(&self) -> Result<(), Failure> {
        // Always asked: an attempt that was handed back is not counted, and left things all the same.
        let job = self.job().id;
        self.build(move |tx, _| Ok(version::discard(tx, job)?)).await?;
        Ok(())
    }

    /// The record that the job is about.
    pub(crate) async fn record(&self, id: RecordId) -> Result<Record, Failure> {
        let reach = self.act.reach;
        self.read(move |db| Ok(record::get(db, reach, id, None)?)).await
    }

    /// The collection kept in the versions of a record.
    pub(crate) fn children(&self, record: &Record) -> Result<&CollectionKit, Failure> {
        let kits = self.engine.folder().kits();
        let kit = kits.get(&record.collection).and_then(|it| kits.children_of(it));
        kit.ok_or_else(|| {
            Failure::for_good(
                "misconfigured",
                format!("`{}` has no versions any more", record.collection),
            )
        })
    }

    /// The version an earlier attempt finished.
    pub(crate) fn finished(&self) -> Option<VersionId> {
        self.job().checkpoint.as_ref()?.get("version")?.as_str()?.parse().ok()
    }

    /// The result of an earlier attempt whose effects are there; what may be missing are vectors.
    pub(crate) fn done(&self) -> Option<Json> {
        self.job().checkpoint.as_ref()?.get("result").cloned()
    }
}

/// Ends or postpones the job.
pub(crate) fn failure(error: EngineError) -> Failure {
    if let EngineError::Fence(fence) = error {
        return fence.into();
    }
    if error.is_temporary() {
        let (code, message) = (error.code().to_owned(), error.to_string());
        return Failure::Retry { code, message, after: error.retry_after() };
    }
    Failure::for_good(error.code(), error.to_string())
}

/// The one who asked for the job, as the job has it written down.
fn asker(text: &str, job: JobId) -> Actor {
    let user = text.parse::<UserId>().ok().map(Who::User);
    let who = user.or_else(|| text.parse::<AppKeyId>().ok().map(Who::Key)).or(match text {
        "operator" => Some(Who::Operator),
        "mainstay" => Some(Who::House),
        _ => None,
    });
    Actor { who: who.unwrap_or(Who::Job(job)), address: None, request_id: None }
}
