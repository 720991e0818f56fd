//! A house for one test: a database, a scripted model, workers, two tenants with people in them.

use std::{path::PathBuf, time::Duration};

use base::{Actor, Clock, DocumentId, JobId, TenantId, UserId};
use bytes::Bytes;
use jiff::SignedDuration;
use knowledge::{
    Act, Document, Knowledge, Parts, Settings, Sight,
    document::{
        State,
        upload::{NewDocument, Uploaded},
    },
    extract::Program,
    settings::Chunks,
};
use models::{
    Models,
    settings::{ProviderSettings, RetrySettings},
};
use store::{Options, Store, blob::Settings as Blobs};
use testkit::{Database, model::Script};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use work::{Job, Workers};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct House {
    pub(crate) db: Database,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) knowledge: Knowledge,
    pub(crate) workers: Option<Workers>,
    pub(crate) tenant: TenantId,
    pub(crate) ann: Act,
    pub(crate) bob: Act,
}

/// The process that reads files, as the program of these tests.
pub(crate) fn program() -> Program {
    Program { path: PathBuf::from(env!("CARGO_BIN_EXE_knowledge-extract")), arguments: Vec::new() }
}

/// Small chunks and small batches, so that little text is enough for many.
pub(crate) fn settings() -> Settings {
    let chunks = Chunks { tokens: 16, overlap: 0 };
    let mut settings = Settings { chunks, ..Settings::default() };
    settings.ingest.batch = 8;
    settings.web.allow_private = true;
    settings.web.pause = SignedDuration::ZERO;
    settings
}

/// No model at all.
pub(crate) fn without_model() -> models::Settings {
    models::Settings::default()
}

/// A model named `local/embed` that a script plays. It is asked once: whoever asks waits by himself.
pub(crate) fn scripted(script: &Script) -> models::Settings {
    let provider = ProviderSettings {
        base_url: Some(script.base_url()),
        timeout: SignedDuration::from_secs(10),
        ..ProviderSettings::default()
    };
    let mut settings = models::Settings {
        embedding: Some("local/embed".into()),
        retry: RetrySettings { times: 0, ..RetrySettings::default() },
        ..models::Settings::default()
    };
    settings.breaker.failures = 1_000;
    settings.providers.insert("local".into(), provider);
    settings
}

/// A text of so many sentences, each a chunk of its own.
pub(crate) fn sentences(count: usize) -> String {
    let sentence = |at| format!("Sentence number {at:04} speaks of probes and their care.");
    (0..count).map(sentence).collect::<Vec<_>>().join(" ")
}

/// Somebody new.
pub(crate) fn person(tenant: TenantId) -> Act {
    let actor = Actor::user(UserId::generate());
    Act { sight: Sight::of(tenant, actor.who), actor }
}

impl House {
    /// With workers.
    pub(crate) async fn open(db: Database, models: models::Settings) -> Self {
        Self::with(db, models, settings()).await
    }

    pub(crate) async fn with(db: Database, models: models::Settings, settings: Settings) -> Self {
        let mut house = Self::idle(db, models, settings).await;
        house.hire();
        house
    }

    /// In which nobody works yet.
    pub(crate) async fn idle(db: Database, models: models::Settings, settings: Settings) -> Self {
        Self::idle_in(db, models, settings, Blobs::default()).await
    }

    /// In which files lie there.
    pub(crate) async fn idle_in(
        db: Database,
        models: models::Settings,
        settings: Settings,
        blobs: Blobs,
    ) -> Self {
        let mut store =
            db.migrated(&[work::MIGRATIONS, models::MIGRATIONS, knowledge::MIGRATIONS]).await;
        if blobs != Blobs::default() {
            store.close().await;
            store = db.open(Options { blobs, ..Options::default() }).await;
        }
        let clock = testkit::clock();
        let knowledge = knowledge(&store, &clock, models, settings);
        let tenant = TenantId::generate();
        let (ann, bob) = (person(tenant), person(tenant));
        Self { db, store, clock, knowledge, workers: None, tenant, ann, bob }
    }

    pub(crate) fn hire(&mut self) {
        let stop = CancellationToken::new();
        let settings = work::Settings {
            poll: Duration::from_millis(20),
            cancel_grace: Duration::from_millis(500),
            ..work::Settings::default()
        };
        let handlers = self.knowledge.handlers();
        let (store, clock) = (self.store.clone(), self.clock.clone());
        self.workers = Some(Workers::start(store, clock, settings, handlers, &stop));
    }

    /// A document of this text.
    pub(crate) fn text(&self, text: &str) -> NewDocument {
        self.file("notes.txt", text.to_owned().into_bytes())
    }

    /// A document of this file.
    pub(crate) fn file(&self, name: &str, bytes: impl Into<Bytes>) -> NewDocument {
        NewDocument { file_name: Some(name.into()), ..NewDocument::new(self.tenant, bytes) }
    }

    /// Ann puts a document in.
    pub(crate) async fn put(&self, new: NewDocument) -> Uploaded {
        self.knowledge.upload(&self.ann, new).await.expect("it is taken in")
    }

    /// Ann puts a document in and waits until it is found.
    pub(crate) async fn ready(&self, new: NewDocument) -> Document {
        let uploaded = self.put(new).await;
        self.becomes_ready(uploaded.document.id).await
    }

    pub(crate) async fn becomes_ready(&self, id: DocumentId) -> Document {
        let document = self.until(id, |it| !it.state.is_open()).await;
        assert_eq!(document.state, State::Ready, "{document:?}");
        document
    }

    /// Ann puts a document in that must fail; hands back the code and the words.
    pub(crate) async fn failed(&self, new: NewDocument) -> (String, String) {
        let uploaded = self.put(new).await;
        self.becomes_failed(uploaded.document.id).await
    }

    pub(crate) async fn becomes_failed(&self, id: DocumentId) -> (String, String) {
        let document = self.until(id, |it| !it.state.is_open()).await;
        match document.state {
            State::Failed(reason) => (reason.code, reason.message),
            other => panic!("it is {other:?}"),
        }
    }

    /// A document as it is, whoever may see it.
    pub(crate) async fn look(&self, id: DocumentId) -> Document {
        self.knowledge.get(&Sight::everything(), id).await.expect("the document is there")
    }

    /// Waits until a document is as it should be.
    pub(crate) async fn until(
        &self,
        id: DocumentId,
        is_so: impl Fn(&Document) -> bool,
    ) -> Document {
        let began = std::time::Instant::now();
        loop {
            let document = self.look(id).await;
            if is_so(&document) {
                return document;
            }
            assert!(began.elapsed() < PATIENCE, "it does not come that far: {document:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn job(&self, id: JobId) -> Option<Job> {
        self.store.read(move |db| work::get(db, None, id)).await.expect("the queue answers")
    }

    /// A number that a statement counts.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let counted = self.store.read(move |db| db.one(sql, &[])?.get::<i64>("total")).await;
        let counted: Result<i64, store::Error> = counted;
        counted.expect("what a test counts is there")
    }

    /// Time passes.
    pub(crate) fn passes(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    pub(crate) async fn tend(&self) {
        self.knowledge.tend(self.clock.now()).await.expect("the house is looked after");
    }
}

/// The room on a database.
pub(crate) fn knowledge(
    store: &Store,
    clock: &Clock,
    models: models::Settings,
    settings: Settings,
) -> Knowledge {
    let models = Models::open(store.clone(), clock.clone(), models).expect("the models open");
    let parts = Parts {
        store: store.clone(),
        clock: clock.clone(),
        models,
        settings,
        program: program(),
        folder: None,
        tasks: TaskTracker::new(),
    };
    Knowledge::open(parts).expect("the room opens")
}

/// The room in another process, or as good as that.
pub(crate) async fn elsewhere(
    db: &Database,
    clock: &Clock,
    models: models::Settings,
) -> (Store, Knowledge) {
    let store = db.open(Options::default()).await;
    let knowledge = knowledge(&store, clock, models, settings());
    (store, knowledge)
}

/// The texts that a scripted model was asked to embed, request by request.
pub(crate) fn embedded(script: &Script) -> Vec<Vec<String>> {
    let requests = script.requests().into_iter().filter(|it| it.path.ends_with("/embeddings"));
    let texts = |body: &serde_json::Value| match &body["input"] {
        serde_json::Value::String(text) => vec![text.clone()],
        input => {
            let texts = input.as_array().cloned().unwrap_or_default();
            texts.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
        }
    };
    requests.map(|it| texts(&it.body)).collect()
}
