//! A yard for tests of archives: a small application whose plans and drawings grow old.

use std::path::{Path, PathBuf};

use apps::{
    archive::row,
    engine::{self, Engine, StartError},
    record::{self, Act, List, NewRecord, RecordError, Within},
};
use base::{Actor, ArchiveId, Clock, JobId, PageRequest, RecordId, TenantId};
use bytes::Bytes;
use identity::{Caller, Reach, tenant};
use jiff::SignedDuration;
use models::Models;
use serde_json::{Value as Json, json};
use store::{
    Options, Store,
    blob::{self, Place, Settings},
    params,
};
use tempfile::TempDir;
use testkit::Database;
use tokio_util::sync::CancellationToken;
use work::{Job, State, Workers};

use crate::{
    ground::{ROOMS, folder},
    house::{job_of, quick},
};

/// A small application whose plans grow old: they go into a folder, drawings to where all files are.
pub(crate) struct Yard {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    folder: TempDir,
    pub(crate) tenant: TenantId,
    _workers: Workers,
}

/// The application's folder.
pub(crate) fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old-plans")
}

/// The application over this store; why not, when it does not start.
pub(crate) async fn started(
    app: &Path,
    store: &Store,
    clock: &Clock,
) -> Result<Engine, StartError> {
    let models = Models::open(store.clone(), clock.clone(), models::Settings::default());
    let models = models.expect("the models open");
    Engine::start(folder(app), store.clone(), models, clock.clone(), engine::Settings::default())
        .await
}

impl Yard {
    pub(crate) async fn open(db: &Database) -> Self {
        Self::with(db, Settings::default()).await
    }

    /// With a folder, and whatever places these settings say.
    pub(crate) async fn with(db: &Database, blobs: Settings) -> Self {
        db.migrated(&ROOMS).await.close().await;
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Settings { directory: Some(folder.path().join("blobs")), ..blobs };
        let store = db.open(Options { blobs, ..Options::default() }).await;
        let clock = testkit::clock();
        let nobody = Actor::house();
        let made = store.write(&nobody, clock.now(), |tx| {
            tenant::ensure_default(tx, "All", "all")?;
            let new = tenant::New { name: "Yard".into(), slug: None, data: json!({}) };
            Ok::<_, tenant::TenantError>(tenant::create(tx, new)?.id)
        });
        let tenant = made.await.expect("a tenant");
        let engine = started(&app(), &store, &clock).await.expect("the engine starts");
        let (stop, handlers) = (CancellationToken::new(), engine.handlers());
        let workers = Workers::start(store.clone(), clock.clone(), quick(), handlers, &stop);
        Self { store, clock, engine, folder, tenant, _workers: workers }
    }

    /// A new record, a moment younger than those before.
    pub(crate) async fn make(
        &self,
        collection: &'static str,
        name: &str,
        parent: Option<RecordId>,
    ) -> RecordId {
        self.clock.advance(SignedDuration::from_secs(1));
        let (engine, now, data) = (self.engine.clone(), self.clock.now(), json!({"name": name}));
        let tenant = self.tenant;
        let actor = Actor::house();
        let made = self.store.write(&actor, now, move |tx| {
            let kit = engine.folder().kits().get(collection).expect("a collection");
            let data = kit.check(data).map_err(RecordError::from)?;
            record::create(tx, kit, &Act::house(now), NewRecord { tenant, parent, data })
        });
        made.await.expect("a record").id
    }

    /// The names of the records of a collection.
    pub(crate) async fn names(&self, collection: &'static str) -> Vec<String> {
        let engine = self.engine.clone();
        let page = self.store.read(move |db| {
            let kit = engine.folder().kits().get(collection).expect("a collection");
            let list = List::within(Within::Reach);
            record::list(db, kit, Reach::All, &list, &PageRequest::first(100))
        });
        let page = page.await.expect("records");
        let name = |it: &record::Record| it.data["name"].as_str().unwrap_or_default().to_owned();
        let mut names: Vec<String> = page.items.iter().map(name).collect();
        names.sort();
        names
    }

    /// Waits until a job has ended.
    pub(crate) async fn ended(&self, accepted: &Json) -> Job {
        let id: JobId = job_of(accepted);
        for _ in 0..1_000 {
            let job = self.store.read(move |db| work::get(db, None, id)).await.expect("jobs");
            let job = job.expect("the job is there");
            if job.state.is_finished() {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the job does not end");
    }

    /// Has what is due put away.
    pub(crate) async fn ask_to_put_away(&self, collection: &str) -> Json {
        let caller = Caller::operator();
        self.engine.archive_make(&caller, self.tenant, collection).await.expect("a job")
    }

    /// Puts away what is due.
    pub(crate) async fn put_away(&self, collection: &str) -> Json {
        let job = self.ended(&self.ask_to_put_away(collection).await).await;
        assert_eq!(job.state, State::Completed, "{job:?}");
        job.result.expect("a result")
    }

    /// Brings records of an archive back; all when none are named.
    pub(crate) async fn bring_back(&self, archive: ArchiveId, records: &[RecordId]) -> Job {
        let caller = Caller::operator();
        let accepted = self.engine.archive_bring_back(&caller, archive, records.to_vec()).await;
        self.ended(&accepted.expect("a job")).await
    }

    /// Brings everything of the only archive back.
    pub(crate) async fn bring_all_back(&self) -> Job {
        self.bring_back(self.archives().await[0].id, &[]).await
    }

    /// The archives that are kept, the oldest first.
    pub(crate) async fn archives(&self) -> Vec<row::Archive> {
        let all = row::Filter::default();
        let page = self.store.read(move |db| row::list(db, &all, &PageRequest::first(100)));
        let mut kept = page.await.expect("archives").items;
        kept.reverse();
        kept
    }

    /// The files in the folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("blobs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path => found.push(path),
                }
            }
        }
        found.sort();
        found
    }

    /// As an attempt leaves it that was killed before it removed records: its file and its row are there.
    pub(crate) async fn half_made(&self, bytes: &'static [u8]) -> ArchiveId {
        let (id, tenant, now) = (ArchiveId::generate(), self.tenant, self.clock.now());
        let kept = self.kept(bytes).await;
        let (job, size) = (JobId::generate(), bytes.len());
        let begun = self.store.bookkeep("an attempt that died", move |tx| {
            let blob = blob::put(tx, &kept, now)?;
            tx.execute(
                "INSERT INTO archives (id, tenant, collection, state, blob, size_bytes, record_count,
                                       row_count, oldest_at, newest_at, job, created_by, created_at)
                 VALUES ($1, $2, 'plans', 'writing', $3, $4, 1, 1, $5, $5, $6, 'mainstay', $5)",
                &params![id, tenant, &blob, size, now, job],
            )
        });
        begun.await.expect("a row");
        id
    }

    /// A file that was brought to its place, and not named yet.
    pub(crate) async fn kept(&self, bytes: &'static [u8]) -> blob::Kept {
        let bytes = Bytes::from_static(bytes);
        let now = self.clock.now();
        let kept = blob::keep_in(&self.store, Place::Directory, self.tenant, bytes, now).await;
        kept.expect("the folder takes it")
    }

    pub(crate) async fn count(&self, table: &'static str) -> u64 {
        let sql = format!("SELECT count(*) AS total FROM {table}");
        let row = self.store.read(move |db| db.one(sql.as_str(), &[])).await;
        row.expect("a count").get("total").expect("a number")
    }

    /// The hourly sweep, so much later.
    pub(crate) async fn sweep_after(&self, wait: SignedDuration) {
        self.clock.advance(wait);
        self.engine.sweep(self.clock.now()).await.expect("it sweeps");
    }
}
