//! A house for one test: a database, the engine over `apps/codebook`, workers, two tenants.

use std::{path::PathBuf, time::Duration};

use apps::{
    ask::{ImportChange, ImportCreate, Source, TaskOutcome, TaskRun, Upload},
    engine::{self, Engine},
    error::EngineError,
    proposal::{self, Proposal},
    record::{self, Act, Record},
    version::{self, Version},
};
use base::{Actor, Clock, JobId, PageRequest, RecordId, Role, TenantId, VersionId};
use identity::{Caller, Reach, tenant};
use models::EnvValues;
use serde_json::{Map, Value as Json, json};
use store::Store;
use testkit::{Database, model::Script};
use tokio_util::sync::CancellationToken;
use work::{Job, State, Workers};

use crate::ground::{self, ROOMS, person_of};

/// How long a job of a test may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct House {
    pub(crate) db: Database,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    pub(crate) tenant: TenantId,
    pub(crate) stranger: TenantId,
    pub(crate) workers: Option<Workers>,
}

/// The application's folder.
pub(crate) fn app() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../apps/codebook")
}

/// A file of the application's own data.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(app().join("data").join(name)).expect("the application has this file")
}

/// The settings under which a script is the only provider.
pub(crate) fn scripted(script: &Script, embeds: bool) -> models::Settings {
    let env = EnvValues {
        openai_base_url: Some(script.base_url()),
        openai_model: Some("scripted".into()),
        openai_embedding_model: embeds.then(|| "scripted-embed".into()),
        ..EnvValues::default()
    };
    let mut settings = models::Settings::from_parts(None, &env);
    settings.retry.base = jiff::SignedDuration::from_millis(5);
    settings.retry.times = 1;
    settings
}

/// Settings of workers that look often.
pub(crate) fn quick() -> work::Settings {
    let (poll, cancel_grace) = (Duration::from_millis(20), Duration::from_millis(300));
    work::Settings { poll, cancel_grace, ..work::Settings::default() }
}

impl House {
    /// Without a model.
    pub(crate) async fn without_model(db: Database) -> Self {
        Self::open(db, models::Settings::default()).await
    }

    /// With the model that a script plays.
    pub(crate) async fn with_model(db: Database, script: &Script) -> Self {
        Self::open(db, scripted(script, false)).await
    }

    pub(crate) async fn open(db: Database, settings: models::Settings) -> Self {
        let mut house = Self::idle(db, settings, engine::Settings::default()).await;
        house.hire();
        house
    }

    /// A house in which nobody works yet.
    pub(crate) async fn idle(
        db: Database,
        models: models::Settings,
        settings: engine::Settings,
    ) -> Self {
        let store = db.migrated(&ROOMS).await;
        let clock = testkit::clock();
        let folder = ground::folder(&app());
        let (now, defaults) = (clock.now(), folder.clone());
        let nobody = Actor::house();
        let made = store.write(&nobody, now, move |tx| {
            tenant::ensure_default(tx, "All", "all").expect("the tenant of shared collections");
            let mut ids = Vec::new();
            for name in ["Northfield Water", "Harbour Works"] {
                let new = tenant::New { name: name.into(), slug: None, data: json!({}) };
                let made = tenant::create(tx, new).expect("a tenant");
                let records = defaults.defaults();
                apps::tenant::begin(tx, defaults.kits(), &Act::house(now), made.id, records)
                    .expect("what a tenant begins with");
                ids.push(made.id);
            }
            Ok::<_, store::Error>((ids[0], ids[1]))
        });
        let (tenant, stranger) = made.await.expect("two tenants");
        let engine = ground::engine(folder, &store, &clock, models, settings).await;
        Self { db, store, clock, engine, tenant, stranger, workers: None }
    }

    /// Lets workers begin.
    pub(crate) fn hire(&mut self) {
        let handlers = self.engine.handlers();
        let stop = CancellationToken::new();
        let workers =
            Workers::start(self.store.clone(), self.clock.clone(), quick(), handlers, &stop);
        self.workers = Some(workers);
    }

    /// Somebody of the first tenant.
    pub(crate) fn editor(&self) -> Caller {
        person_of(self.tenant, Role::Editor)
    }

    /// Somebody of the other tenant.
    pub(crate) fn outsider(&self) -> Caller {
        person_of(self.stranger, Role::Editor)
    }

    pub(crate) async fn read<T, E>(
        &self,
        f: impl FnOnce(&store::Db) -> Result<T, E> + Send + 'static,
    ) -> T
    where
        T: Send + 'static,
        E: From<store::Error> + Send + std::fmt::Debug + 'static,
    {
        self.store.read(f).await.expect("what a test reads is there")
    }

    /// A number that a statement counts.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        self.read(move |db| db.one(sql, &[])?.get::<i64>("total")).await
    }

    pub(crate) async fn job(&self, id: JobId) -> Job {
        self.read(move |db| {
            Ok::<_, store::Error>(work::get(db, None, id)?.expect("the job is there"))
        })
        .await
    }

    /// Waits until a job has ended.
    pub(crate) async fn ended(&self, id: JobId) -> Job {
        self.until(id, |job| job.state.is_finished()).await
    }

    /// Waits until a job is as it should be.
    pub(crate) async fn until(&self, id: JobId, is_so: impl Fn(&Job) -> bool) -> Job {
        let began = std::time::Instant::now();
        loop {
            let job = self.job(id).await;
            if is_so(&job) {
                return job;
            }
            assert!(began.elapsed() < PATIENCE, "the job does not come that far: {job:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for a job that must succeed; hands back its result.
    pub(crate) async fn done(&self, accepted: &Json) -> Json {
        let job = self.ended(job_of(accepted)).await;
        assert_eq!(job.state, State::Completed, "{job:?}");
        job.result.expect("a job that is done has a result")
    }

    /// Waits for a job that must fail; hands back the code and the words.
    pub(crate) async fn failed(&self, accepted: &Json) -> (String, String) {
        let job = self.ended(job_of(accepted)).await;
        assert_eq!(job.state, State::Failed, "{job:?}");
        let error = job.error.expect("a job that failed says why");
        (error.code, error.message)
    }

    /// Has a list imported, without waiting.
    pub(crate) async fn begin_import(
        &self,
        name: &str,
        source: Source,
    ) -> Result<Json, EngineError> {
        let ask = ImportCreate {
            tenant: self.tenant,
            collection: "codebooks".into(),
            data: object(json!({"name": name, "type": "material"})),
            label: None,
            notes: None,
            source,
        };
        self.engine.import_create(&self.editor(), ask).await
    }

    /// Imports a list and waits: the record, and the job's result.
    pub(crate) async fn import(&self, name: &str, source: Source) -> (RecordId, Json) {
        let accepted = self.begin_import(name, source).await.expect("the list is taken");
        let result = self.done(&accepted).await;
        (record_of(&accepted), result)
    }

    /// Imports the sample of the application.
    pub(crate) async fn sample(&self, name: &str) -> (RecordId, Json) {
        self.import(name, file("sample-items.csv", sample("sample-items.csv"))).await
    }

    pub(crate) async fn change(&self, record: RecordId, items: Json) -> Result<Json, EngineError> {
        let Json::Array(items) = items else { panic!("a list of items") };
        let ask = ImportChange {
            record,
            collection: None,
            label: None,
            notes: None,
            source: Source::Items(items),
        };
        self.engine.import_change(&self.editor(), ask).await
    }

    /// Has a task run, as a job.
    pub(crate) async fn task(
        &self,
        task: &str,
        record: RecordId,
        input: Json,
    ) -> Result<Json, EngineError> {
        match self.engine.task_run(&self.editor(), run(task, record, input)).await? {
            TaskOutcome::Accepted(accepted) => Ok(accepted),
            TaskOutcome::Answer(answer) => panic!("an answer, not a job: {answer}"),
        }
    }

    pub(crate) async fn record(&self, id: RecordId) -> Record {
        self.read(move |db| record::get(db, Reach::All, id, None)).await
    }

    /// The versions of a record, the oldest first.
    pub(crate) async fn versions(&self, id: RecordId) -> Vec<Version> {
        let page = PageRequest::first(100);
        let mut all =
            self.read(move |db| version::list(db, Reach::All, id, false, &page)).await.items;
        all.reverse();
        all
    }

    /// The active version of a record.
    pub(crate) async fn active(&self, id: RecordId) -> Version {
        self.read(move |db| version::active(db, Reach::All, id)).await
    }

    /// What a version holds.
    pub(crate) async fn items(&self, id: VersionId) -> Vec<Record> {
        self.read(move |db| version::records(db, id)).await
    }

    /// The codes of a version, in their places.
    pub(crate) async fn codes(&self, id: VersionId) -> Vec<String> {
        self.items(id).await.iter().map(|it| text(it, "code")).collect()
    }

    /// The proposals of a version.
    pub(crate) async fn proposals(&self, id: VersionId) -> Vec<Proposal> {
        let page = PageRequest::first(1_000);
        let filter = proposal::Filter::default();
        self.read(move |db| proposal::list(db, Reach::All, id, &filter, &page)).await.items
    }

    /// Everything that must hold whatever happened before: each record with versions has exactly
    /// one active one that is whole, nothing is half-built, no proposal is there twice.
    pub(crate) async fn is_in_order(&self) {
        let building = "SELECT count(*) AS total FROM versions WHERE state = 'building'";
        assert_eq!(self.count(building).await, 0, "no version is half-built");
        let strays = "SELECT count(*) AS total FROM records r
             WHERE r.version IS NOT NULL AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.id = r.version)";
        assert_eq!(self.count(strays).await, 0, "no record lies in a version that is not there");
        let dangling = "SELECT count(*) AS total FROM records r
             WHERE r.active_version IS NOT NULL AND NOT EXISTS
                   (SELECT 1 FROM versions v
                     WHERE v.id = r.active_version AND v.record = r.id AND v.state = 'ready')";
        assert_eq!(
            self.count(dangling).await,
            0,
            "what is active is a whole version of its record"
        );
        let none = "SELECT count(*) AS total FROM records r
             WHERE r.active_version IS NULL
               AND EXISTS (SELECT 1 FROM versions v WHERE v.record = r.id AND v.deleted_at IS NULL)";
        assert_eq!(self.count(none).await, 0, "what has versions has an active one");
        let miscounted = "SELECT count(*) AS total FROM versions v
             WHERE v.deleted_at IS NULL
               AND v.record_count <> (SELECT count(*) FROM records r WHERE r.version = v.id)";
        assert_eq!(self.count(miscounted).await, 0, "versions hold what they say");
        let twice = "SELECT count(*) AS total FROM
             (SELECT version, record, suggestion FROM proposals
               GROUP BY version, record, suggestion HAVING count(*) > 1) twice";
        assert_eq!(self.count(twice).await, 0, "no proposal is there twice");
    }

    /// The audit log has this many entries of this action.
    pub(crate) async fn audited(&self, action: &'static str) -> usize {
        let filter =
            store::audit::Filter { action: Some(action.into()), ..store::audit::Filter::default() };
        let page = PageRequest::first(200);
        self.read(move |db| store::audit::list(db, &filter, &page)).await.items.len()
    }
}

pub(crate) fn file(name: &str, bytes: impl Into<Vec<u8>>) -> Source {
    Source::File(Upload { name: name.into(), bytes: bytes.into().into() })
}

pub(crate) fn run(task: &str, record: RecordId, input: Json) -> TaskRun {
    TaskRun {
        task: task.into(),
        record: Some(record),
        version: None,
        input,
        label: None,
        notes: None,
    }
}

pub(crate) fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

pub(crate) fn job_of(accepted: &Json) -> JobId {
    accepted["job"].as_str().and_then(|it| it.parse().ok()).expect("a job was written")
}

pub(crate) fn record_of(accepted: &Json) -> RecordId {
    accepted["record"].as_str().and_then(|it| it.parse().ok()).expect("it is about a record")
}

pub(crate) fn version_of(result: &Json) -> VersionId {
    result["version"].as_str().and_then(|it| it.parse().ok()).expect("there is a version")
}

/// A field of a record as text; empty when it has none.
pub(crate) fn text(record: &Record, path: &str) -> String {
    apps::field::get(&record.data, path).map(apps::field::display).unwrap_or_default()
}

/// What a refused act says to programs.
#[track_caller]
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, EngineError>) -> String {
    outcome.expect_err("this is refused").code().to_owned()
}

/// An item with a label and nothing else.
pub(crate) fn item(label: &str) -> Json {
    json!({"original_label": label})
}

/// An item with a code.
pub(crate) fn coded(code: &str, label: &str) -> Json {
    json!({"code": code, "original_label": label})
}
