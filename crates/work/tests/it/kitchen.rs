//! A kitchen to test in: a store with the queue and a table of effects, a clock set by hand, and
//! handlers made of closures.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        mpsc::{Receiver, Sender},
    },
    time::Duration,
};

use base::{Actor, Clock, JobId, TenantId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Store, params};
use tokio_util::sync::CancellationToken;
use work::{
    EnqueueError, Enqueued, Failure, FenceError, Handler, Job, NewJob, Running, Settings, State,
    Workers,
};

/// One row for each time that a handler's effect was committed.
pub(crate) const EFFECTS: &[store::Migration] = &[store::Migration {
    name: "20261121_030001_effects",
    up: store::Sql::same("CREATE TABLE effects (job TEXT NOT NULL, word TEXT NOT NULL);"),
    down: store::Sql::same("DROP TABLE effects;"),
}];

pub(crate) struct Kitchen {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl Kitchen {
    pub(crate) async fn open(db: &testkit::Database) -> Self {
        let store = db.migrated(&[work::MIGRATIONS, EFFECTS]).await;
        Self { store, clock: testkit::clock() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A job of the default tenant that is due now.
    pub(crate) fn job(&self, kind: &str) -> NewJob {
        NewJob::new(TenantId::DEFAULT, kind, json!({"dish": kind}), "the guest", self.now())
    }

    pub(crate) async fn wants(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        let now = self.now();
        self.store.bookkeep("want a job", move |tx| work::enqueue(tx, job, now)).await
    }

    /// Wants a job in a transaction that goes on for a while after the job is written.
    pub(crate) async fn wants_slowly(&self, job: NewJob) -> Result<Enqueued, EnqueueError> {
        let now = self.now();
        let enqueue = move |tx: &store::Tx| {
            let enqueued = work::enqueue(tx, job, now);
            std::thread::sleep(Duration::from_millis(60));
            enqueued
        };
        self.store.bookkeep("want a job", enqueue).await
    }

    /// Wants a job in a transaction that goes on until another one says that it came as far: did it?
    pub(crate) async fn wants_beside(
        &self,
        job: NewJob,
        says: Sender<()>,
        hears: Receiver<()>,
    ) -> bool {
        let now = self.now();
        let enqueue = move |tx: &store::Tx| {
            work::enqueue(tx, job, now)?;
            // Nobody listens any more to whom this came too late.
            let _ = says.send(());
            Ok::<_, EnqueueError>(hears.recv_timeout(Duration::from_secs(5)).is_ok())
        };
        self.store.bookkeep("want a job", enqueue).await.unwrap()
    }

    /// Wants a job and gives its id.
    pub(crate) async fn order(&self, job: NewJob) -> JobId {
        self.wants(job).await.unwrap().id
    }

    pub(crate) fn hire(&self, settings: Settings, cooks: Vec<(&str, Arc<dyn Handler>)>) -> Workers {
        let handlers: HashMap<String, Arc<dyn Handler>> =
            cooks.into_iter().map(|(kind, cook)| (kind.to_owned(), cook)).collect();
        let stop = CancellationToken::new();
        Workers::start(self.store.clone(), self.clock.clone(), settings, handlers, &stop)
    }

    pub(crate) async fn look(&self, id: JobId) -> Job {
        let found = self.store.read(move |db| work::get(db, None, id)).await;
        found.unwrap().expect("the job is there")
    }

    /// Waits until the job is in this state.
    pub(crate) async fn becomes(&self, id: JobId, state: State) -> Job {
        self.until(id, |it| it.state == state).await
    }

    /// Waits until this is true of the job.
    pub(crate) async fn until(&self, id: JobId, is_so: impl Fn(&Job) -> bool) -> Job {
        for _ in 0..1500 {
            let job = self.look(id).await;
            if is_so(&job) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited 15 s in vain; the job is {:?}", self.look(id).await);
    }

    /// Moves the clock.
    pub(crate) fn passes(&self, seconds: i64) {
        self.clock.advance(jiff::SignedDuration::from_secs(seconds));
    }

    /// What was committed for a job, in order.
    pub(crate) async fn effects(&self, id: JobId) -> Vec<String> {
        let words = self.store.read(move |db| {
            db.query("SELECT word FROM effects WHERE job = $1 ORDER BY word", &params![id])?
                .iter()
                .map(|row| row.get::<String>("word"))
                .collect::<Result<Vec<_>, store::Error>>()
        });
        words.await.unwrap()
    }

    pub(crate) async fn cancel(&self, id: JobId) -> Result<Job, work::CancelError> {
        let cancel = move |tx: &store::Tx| work::cancel(tx, None, id, tx.now());
        self.store.write(&Actor::operator(), self.now(), cancel).await
    }

    pub(crate) async fn retry(&self, id: JobId) -> Result<Job, work::RetryError> {
        let retry = move |tx: &store::Tx| work::retry(tx, None, id, tx.now());
        self.store.write(&Actor::operator(), self.now(), retry).await
    }

    pub(crate) async fn audited(&self, action: &str) -> usize {
        let filter = store::audit::Filter { action: Some(action.to_owned()), ..Default::default() };
        let page = base::PageRequest::first(50);
        let rows = self.store.read(move |db| store::audit::list(db, &filter, &page)).await;
        rows.unwrap().items.len()
    }
}

/// Two at a time, quick to look and quick to give a sign of life.
pub(crate) fn quick() -> Settings {
    Settings {
        workers: 2,
        poll: Duration::from_millis(20),
        lease: Duration::from_secs(30),
        heartbeat: Duration::from_millis(50),
        cancel_grace: Duration::from_millis(300),
    }
}

/// One at a time, and no sign of life: as if it had been killed.
pub(crate) fn silent() -> Settings {
    Settings { workers: 1, heartbeat: Duration::from_secs(3600), ..quick() }
}

/// A handler made of a closure.
pub(crate) fn cook<F, Fut>(run: F) -> Arc<dyn Handler>
where
    F: Fn(Running) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Json, Failure>> + Send + 'static,
{
    Arc::new(Cook(run))
}

/// A handler that is done at once.
pub(crate) fn done() -> Arc<dyn Handler> {
    cook(|_| async { Ok(json!("done")) })
}

struct Cook<F>(F);

#[async_trait::async_trait]
impl<F, Fut> Handler for Cook<F>
where
    F: Fn(Running) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Json, Failure>> + Send + 'static,
{
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        (self.0)(job).await
    }
}

/// Commits an effect of the job, behind its fence.
pub(crate) async fn effect(store: &Store, job: &Running, word: &str) -> Result<(), FenceError> {
    let (job, word) = (job.clone(), word.to_owned());
    let write = store.bookkeep("write an effect", move |tx| {
        job.fence(tx)?;
        let sql = "INSERT INTO effects (job, word) VALUES ($1, $2)";
        tx.execute(sql, &params![job.job().id, word])?;
        Ok::<_, FenceError>(())
    });
    write.await
}
