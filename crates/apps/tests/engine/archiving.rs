//! Archives: old records in a folder and in a bucket, what goes wrong on the way, and the way back.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use apps::{
    archive::{self, bucket, row},
    engine::{self, Engine},
    folder::Folder,
    record::{self, Act, List, NewRecord, RecordError, Within},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Request, State as Shared},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use base::{Actor, ArchiveId, Clock, JobId, PageRequest, RecordId, Secret, TenantId};
use identity::{Caller, Reach, tenant};
use jiff::SignedDuration;
use models::Models;
use serde_json::{Value as Json, json};
use store::{Store, params};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use work::{Job, State, Workers};

use crate::house::{job_of, quick};

/// A small application whose plans grow old.
struct Yard {
    store: Store,
    clock: Clock,
    engine: Engine,
    bucket: Bucket,
    folder: TempDir,
    _workers: Workers,
}

impl Yard {
    async fn open(db: testkit::Database) -> Self {
        let rooms = [
            identity::MIGRATIONS,
            work::MIGRATIONS,
            models::MIGRATIONS,
            knowledge::MIGRATIONS,
            sources::MIGRATIONS,
            apps::MIGRATIONS,
        ];
        let store = db.migrated(&rooms).await;
        let clock = testkit::clock();
        let nobody = Actor::house();
        let made = store.write(&nobody, clock.now(), |tx| tenant::ensure_default(tx, "All", "all"));
        made.await.expect("the only tenant");
        let (folder, bucket) = (tempfile::tempdir().expect("a folder"), Bucket::start().await);
        let archives = archive::Settings {
            folder: Some(folder.path().to_owned()),
            bucket: Some(bucket::Settings {
                endpoint: bucket.address.clone(),
                region: "eu-central-1".into(),
                bucket: "old".into(),
                prefix: "house".into(),
                access_key: "ann".into(),
                secret_key: Secret::new("a secret".into()),
            }),
        };
        let settings = engine::Settings { archives, ..engine::Settings::default() };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old-plans");
        let read = Folder::read(&path).unwrap_or_else(|faults| panic!("{faults}"));
        let models = models::Settings::default();
        let models = Models::open(store.clone(), clock.clone(), models).expect("the models open");
        let engine = Engine::start(read, store.clone(), models, clock.clone(), settings)
            .await
            .expect("the engine starts");
        let stop = CancellationToken::new();
        let handlers = engine.handlers();
        let workers = Workers::start(store.clone(), clock.clone(), quick(), handlers, &stop);
        Self { store, clock, engine, bucket, folder, _workers: workers }
    }

    /// A new record, a moment younger than those before.
    async fn make(
        &self,
        collection: &'static str,
        name: &str,
        parent: Option<RecordId>,
    ) -> RecordId {
        self.clock.advance(SignedDuration::from_secs(1));
        let (engine, now, data) = (self.engine.clone(), self.clock.now(), json!({"name": name}));
        let made = self.store.write(&Actor::house(), now, move |tx| {
            let kit = engine.folder().kits().get(collection).expect("a collection");
            let data = kit.check(data).map_err(RecordError::from)?;
            let new = NewRecord { tenant: TenantId::DEFAULT, parent, data };
            record::create(tx, kit, &Act::house(now), new)
        });
        made.await.expect("a record").id
    }

    /// The names of the records of a collection.
    async fn names(&self, collection: &'static str) -> Vec<String> {
        let engine = self.engine.clone();
        let page = self.store.read(move |db| {
            let kit = engine.folder().kits().get(collection).expect("a collection");
            let list = List {
                within: Within::Reach,
                filters: Vec::new(),
                search: None,
                with_deleted: false,
                sort: None,
                count: false,
            };
            record::list(db, kit, Reach::All, &list, &PageRequest::first(100))
        });
        let page = page.await.expect("records");
        let name = |it: &record::Record| it.data["name"].as_str().unwrap_or_default().to_owned();
        let mut names: Vec<String> = page.items.iter().map(name).collect();
        names.sort();
        names
    }

    /// Waits until a job has ended.
    async fn ended(&self, accepted: &Json) -> Job {
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

    /// Puts away what is due.
    async fn put_away(&self, collection: &str) -> Json {
        let caller = Caller::operator();
        let accepted = self.engine.archive_make(&caller, TenantId::DEFAULT, collection).await;
        let job = self.ended(&accepted.expect("a job")).await;
        assert_eq!(job.state, State::Completed, "{job:?}");
        job.result.expect("a result")
    }

    /// Brings everything of an archive back.
    async fn bring_back(&self, archive: ArchiveId) -> Job {
        let caller = Caller::operator();
        let accepted = self.engine.archive_bring_back(&caller, archive, Vec::new()).await;
        self.ended(&accepted.expect("a job")).await
    }

    /// The archives that are kept, the oldest first.
    async fn archives(&self) -> Vec<row::Archive> {
        let all = row::Filter::default();
        let page = self.store.read(move |db| row::list(db, &all, &PageRequest::first(100)));
        let mut kept = page.await.expect("archives").items;
        kept.reverse();
        kept
    }

    /// The files in the folder of archives.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

/// Object storage, as far as it is needed: it knows what was put, and refuses what is not signed.
#[derive(Clone)]
struct Bucket {
    address: String,
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    _tasks: TaskTracker,
}

impl Bucket {
    async fn start() -> Self {
        let objects = Arc::<Mutex<BTreeMap<String, Bytes>>>::default();
        let router = Router::new().fallback(answer).with_state(objects.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let tasks = TaskTracker::new();
        tasks.spawn(async move { axum::serve(listener, router).await });
        Self { address, objects, _tasks: tasks }
    }

    fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

async fn answer(
    Shared(objects): Shared<Arc<Mutex<BTreeMap<String, Bytes>>>>,
    request: Request,
) -> Response {
    let signed = request.headers().get("authorization").and_then(|it| it.to_str().ok());
    if !signed.is_some_and(|it| it.starts_with("AWS4-HMAC-SHA256 Credential=ann/")) {
        return (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>").into_response();
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let name = parts.uri.path().to_owned();
    let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
    match parts.method {
        Method::PUT => {
            objects.insert(name, body);
            StatusCode::OK.into_response()
        }
        Method::DELETE => {
            objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => match objects.get(&name) {
            Some(object) => object.clone().into_response(),
            None => {
                (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response()
            }
        },
    }
}

testkit::on_both! {
    async fn what_is_old_lies_in_files_and_comes_back_as_it_was(db: testkit::Database) {
        let yard = Yard::open(db).await;
        let first = yard.make("plans", "first", None).await;
        yard.make("remarks", "beside the first", Some(first)).await;
        for name in ["second", "third", "newest"] {
            yard.make("plans", name, None).await;
        }
        let before = yard.store.read(move |db| record::get(db, Reach::All, first, None)).await.expect("a plan");
        let told = yard.put_away("plans").await;
        assert_eq!((&told["records"], &told["rows"]), (&json!(3), &json!(4)), "{told}");
        assert_eq!(yard.names("plans").await, ["newest"]);
        assert!(yard.names("remarks").await.is_empty(), "what lay in it went along");
        let kept = yard.archives().await;
        assert_eq!(kept.iter().map(|it| it.record_count).collect::<Vec<_>>(), [2, 1], "batches of two");
        assert_eq!(yard.files().len(), 2);
        assert_eq!(yard.put_away("plans").await["records"], 0, "the newest stays");

        for archive in &kept {
            for _ in 0..2 {
                let job = yard.bring_back(archive.id).await;
                assert_eq!(job.state, State::Completed, "{job:?}");
            }
        }
        assert_eq!(yard.names("plans").await, ["first", "newest", "second", "third"]);
        assert_eq!(yard.names("remarks").await, ["beside the first"]);
        let after = yard.store.read(move |db| record::get(db, Reach::All, first, None)).await.expect("a plan");
        assert_eq!(after, before);
        assert_eq!(yard.put_away("plans").await["records"], 0, "what came back rests for a while");
        assert_eq!(yard.files().len(), 2, "archives stay");
    }

    async fn a_damaged_archive_brings_nothing_back_and_says_why(db: testkit::Database) {
        let yard = Yard::open(db).await;
        for name in ["old", "newest"] {
            yard.make("plans", name, None).await;
        }
        yard.put_away("plans").await;
        let file = yard.files().remove(0);
        let mut bytes = std::fs::read(&file).expect("the archive");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, &bytes).expect("the archive can be damaged");
        let id = yard.archives().await[0].id;
        let job = yard.bring_back(id).await;
        assert_eq!(job.state, State::Failed);
        assert_eq!(job.error.expect("a reason").code, "archive_damaged");
        assert_eq!(yard.names("plans").await, ["newest"]);
        bytes[middle] ^= 1;
        std::fs::write(&file, &bytes).expect("the archive is whole again");
        assert_eq!(yard.bring_back(id).await.state, State::Completed);
        assert_eq!(yard.names("plans").await, ["newest", "old"]);
    }

    async fn what_an_attempt_left_that_was_killed_is_thrown_away(db: testkit::Database) {
        let yard = Yard::open(db).await;
        for name in ["old", "newest"] {
            yard.make("plans", name, None).await;
        }
        // Its row and its object are written, its records are not removed: here it was killed.
        let (id, object) = (ArchiveId::generate(), "old-plans/half.jsonl.gz");
        std::fs::create_dir_all(yard.folder.path().join("old-plans")).expect("a folder");
        std::fs::write(yard.folder.path().join(object), b"half of it").expect("an object");
        let (job, now) = (JobId::generate(), yard.clock.now());
        let begun = yard.store.bookkeep("an attempt that died", move |tx| {
            tx.execute(
                "INSERT INTO archives (id, tenant, collection, state, place, object, sha256, size_bytes,
                                       record_count, row_count, oldest_at, newest_at, job, created_by, created_at)
                 VALUES ($1, $2, 'plans', 'writing', 'folder', $3, '', 10, 1, 1, $4, $4, $5, 'mainstay', $4)",
                &params![id, TenantId::DEFAULT, object, now, job],
            )
        });
        begun.await.expect("a row");
        assert!(yard.archives().await.is_empty(), "nobody is told of it");
        assert_eq!(yard.put_away("plans").await["records"], 1);
        let kept = yard.archives().await;
        assert!(kept.len() == 1 && kept[0].id != id, "{kept:?}");
        let files = yard.files();
        assert!(files.len() == 1 && !files[0].ends_with("half.jsonl.gz"), "{files:?}");
        assert_eq!(yard.bring_back(kept[0].id).await.state, State::Completed);
        assert_eq!(yard.names("plans").await, ["newest", "old"]);
    }

    async fn what_another_record_stands_in_the_way_of_is_told_and_left(db: testkit::Database) {
        let yard = Yard::open(db).await;
        for name in ["old", "older", "newest"] {
            yard.make("plans", name, None).await;
        }
        yard.put_away("plans").await;
        let in_the_way = yard.make("plans", "old", None).await;
        let id = yard.archives().await[0].id;
        let job = yard.bring_back(id).await;
        let told = job.result.expect("a result");
        assert_eq!((&told["records"], &told["left_count"]), (&json!(1), &json!(1)), "{told}");
        assert_eq!(yard.names("plans").await, ["newest", "old", "older"]);
        let (engine, now) = (yard.engine.clone(), yard.clock.now());
        let erase = move |tx: &store::Tx| {
            record::erase(tx, engine.folder().kits(), &Act::house(now), in_the_way, None)
        };
        yard.store.write(&Actor::house(), now, erase).await.expect("it goes");
        assert_eq!(yard.bring_back(id).await.result.expect("a result")["records"], 1);
        assert_eq!(yard.names("plans").await, ["newest", "old", "older"]);
    }

    async fn a_bucket_keeps_what_is_old_and_gives_it_back(db: testkit::Database) {
        let yard = Yard::open(db).await;
        for name in ["old", "newest"] {
            yard.make("drawings", name, None).await;
        }
        assert_eq!(yard.put_away("drawings").await["records"], 1);
        let names = yard.bucket.names();
        let is_named = |it: &String| it.starts_with("/old/house/old-plans/") && it.ends_with(".jsonl.gz");
        assert!(names.len() == 1 && names.iter().all(is_named), "{names:?}");
        let archive = yard.archives().await.remove(0);
        assert_eq!(yard.bring_back(archive.id).await.state, State::Completed);
        assert_eq!(yard.names("drawings").await, ["newest", "old"]);
    }
}
