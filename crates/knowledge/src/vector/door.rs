//! The door to vectors: who asks for the nearest gets them, from the engine or from the rows.
//!
//! One generation serves. Engines that stand elsewhere follow the log of changes; when one is away,
//! the rows answer in its place, exactly, and [`Vectors::health`] says so.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use base::{ChunkId, Clock, DocumentId, TenantId, Timestamp};
use models::Models;
use store::{Error, Store};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{
    Engine, EngineError, Filter, Generation, Scored, Space,
    builtin::{self, Builtin},
    exact,
    follow::Followed,
    http::Unopened,
    meter,
    milvus::Milvus,
    pgvector::{NoPostgres, Pgvector},
    pinecone::Pinecone,
    qdrant::Qdrant,
    rows,
    settings::{EngineKind, Settings},
    space,
    upkeep::Busy,
    watch::Watch,
};
use crate::settings::span;

/// Documents that are followed in one round of [`Vectors::tend`].
const IN_A_ROUND: usize = 500;

/// The vectors of this house. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Vectors(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) models: Models,
    pub(super) settings: Settings,
    pub(super) builtin: Builtin,
    engines: HashMap<&'static str, Arc<dyn Engine>>,
    pub(super) watch: Watch,
    pub(super) following: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Followed>>>>,
    /// Generations whose spaces are known to be there.
    pub(super) created: Mutex<HashSet<String>>,
    pub(super) chores: tokio::sync::Mutex<super::shadow::Chores>,
    /// Since when this process wants what is set up in it.
    pub(super) opened_at: Timestamp,
    /// Why that has to wait, in a sentence for people.
    pub(super) waits: Mutex<Option<String>>,
}

/// Where things of this room may lie, and who waits for what goes on in the background.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where graphs are saved; none: they are made anew at each start.
    pub folder: Option<PathBuf>,
    /// Whoever stops waits for these.
    pub tasks: TaskTracker,
}

/// Why vectors cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An engine's address or key cannot be used.
    #[error(transparent)]
    Http(#[from] Unopened),
    /// There is no PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] NoPostgres),
}

/// The nearest, and where they are from.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// The best first.
    pub hits: Vec<Scored>,
    /// The engine that answered; `exact` when it was the rows.
    pub engine: &'static str,
    /// Why the engine that should have did not, in one sentence for people.
    pub degraded: Option<String>,
}

/// Which points are looked among.
#[derive(Debug, Clone, Default)]
pub struct Among {
    /// Of the documents that are there for every question, these.
    pub everywhere: Option<Filter>,
    /// Of those of chats, these.
    pub of_chats: Option<Filter>,
}

/// Who answered when no engine did.
pub const EXACT: &str = "exact";

impl Vectors {
    /// Opens the engines that are set up. Nothing is asked of any of them yet.
    ///
    /// # Errors
    /// When the address or the key of one cannot be used.
    pub fn open(
        store: Store,
        clock: Clock,
        models: Models,
        settings: Settings,
        place: Place,
    ) -> Result<Self, OpenError> {
        let builtin =
            Builtin::new(store.clone(), clock.clone(), settings.builtin, place.folder, place.tasks);
        let engines = engines(&store, &settings, &builtin)?;
        Ok(Self(Arc::new(Inner {
            watch: Watch::new(settings.rest_after_fault),
            opened_at: clock.now(),
            waits: Mutex::default(),
            store,
            clock,
            models,
            settings,
            builtin,
            engines,
            following: Mutex::default(),
            created: Mutex::default(),
            chores: tokio::sync::Mutex::default(),
        })))
    }

    /// A document has vectors of this model now: they can be found when this returns, or later when
    /// the engine is away. Never fails: the rows are there.
    pub async fn added(
        &self,
        tenant: TenantId,
        document: DocumentId,
        model: &str,
        dimensions: usize,
    ) {
        if dimensions == 0 {
            return;
        }
        if let Err(error) = self.begin_for(model, dimensions).await {
            tracing::warn!(error = %error, "No generation of vectors could be begun; it is tried again");
        }
        self.touched(tenant, &[document]).await;
    }

    /// These documents are gone.
    pub async fn removed(&self, tenant: TenantId, documents: &[DocumentId]) {
        self.touched(tenant, documents).await;
    }

    /// Who finds this document has changed.
    pub async fn changed(&self, tenant: TenantId, document: DocumentId) {
        self.touched(tenant, &[document]).await;
    }

    /// Everything of a tenant is gone.
    pub async fn forget(&self, tenant: TenantId) {
        self.0.builtin.forget(tenant).await;
        // What lies elsewhere follows the log, in which every document of the tenant stands.
        for generation in self.open_ones().await {
            self.follow(&generation, IN_A_ROUND, Busy::Leave).await;
        }
    }

    /// Saves what is quicker to load than to make anew.
    pub async fn close(&self) {
        self.0.builtin.close().await;
    }

    /// The generation that serves, if one does.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn serving(&self) -> Result<Option<Generation>, Error> {
        self.0.store.read(space::serving).await
    }

    /// All generations, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn generations(&self) -> Result<Vec<Generation>, Error> {
        self.0.store.read(space::all).await
    }

    /// The nearest of a generation, at most `most`, the best first: from its engine, or from the
    /// rows when the engine does not give them or gives too few.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn near(
        &self,
        generation: &Generation,
        query: &[f32],
        among: &Among,
        most: usize,
    ) -> Result<Near, Error> {
        let wanted: Vec<(Space, &Filter)> = [
            (generation.documents(), among.everywhere.as_ref()),
            (generation.chats(), among.of_chats.as_ref()),
        ]
        .into_iter()
        .filter_map(|(space, filter)| Some((space, filter?)))
        .collect();
        let (mut hits, mut degraded) = (Vec::new(), None);
        let mut by = self.engine_of(generation).map_or(EXACT, |it| it.name());
        for (space, filter) in &wanted {
            let found = match &degraded {
                None => self.ask(generation, space, query, filter, most).await,
                Some(_) => Err(None),
            };
            match found {
                Ok(found) => hits.extend(found),
                Err(why) => {
                    if let Some(why) = why {
                        degraded = Some(why);
                    }
                    by = EXACT;
                    hits.extend(self.exactly(space, query, filter, most).await?);
                }
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        hits.truncate(most);
        Ok(Near { hits, engine: by, degraded })
    }

    /// How near these chunks are to a query, of those that have a vector.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn scores(
        &self,
        generation: &Generation,
        tenant: TenantId,
        query: &[f32],
        chunks: Vec<ChunkId>,
    ) -> Result<HashMap<ChunkId, f32>, Error> {
        let model =
            rows::Model { name: generation.model.clone(), dimensions: generation.dimensions };
        let query = query.to_vec();
        let scores = move |db: &store::Db| exact::scores(db, &model, tenant, &query, &chunks);
        self.0.store.read(scores).await
    }

    /// One space's nearest by its engine. The reason that it did not is told once, then none.
    async fn ask(
        &self,
        generation: &Generation,
        space: &Space,
        query: &[f32],
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Scored>, Option<String>> {
        let inner = &self.0;
        let Some(engine) = self.engine_of(generation) else {
            return Err(Some(not_set_up(&generation.engine)));
        };
        let name = engine.name();
        let told = |error: &EngineError| {
            meter::FALLBACKS.increment(&[name]);
            Some(format!("{error}; the answer comes from the stored vectors"))
        };
        if let Some(error) = inner.watch.resting(name, inner.clock.now()) {
            return Err(told(&error));
        }
        let started = Instant::now();
        let found = engine.search(space, query, filter, most).await;
        self.judge(name, &found);
        let found = found.map_err(|error| told(&error))?;
        meter::SEARCH_SECONDS.observe(started.elapsed().as_secs_f64(), &[name]);
        if found.len() >= most || name == builtin::NAME {
            return Ok(found);
        }
        // Too few: either there are no more, or the engine passed them over. The rows know.
        match self.exactly(space, query, filter, most).await {
            Ok(exact) if exact.len() > found.len() => Ok(exact),
            _ => Ok(found),
        }
    }

    async fn exactly(
        &self,
        space: &Space,
        query: &[f32],
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Scored>, Error> {
        let started = Instant::now();
        let (space, query, filter) = (space.clone(), query.to_vec(), filter.clone());
        let search = move |db: &store::Db| exact::search(db, &space, &query, &filter, most);
        let found = self.0.store.read_long(search).await?;
        meter::SEARCH_SECONDS.observe(started.elapsed().as_secs_f64(), &[EXACT]);
        Ok(found)
    }

    /// The engine of a generation; none when it is not set up any more.
    pub(super) fn engine_of(&self, generation: &Generation) -> Option<&Arc<dyn Engine>> {
        self.0.engines.get(generation.engine.as_str())
    }

    /// Notes how an engine did. That it refuses one thing says nothing about the next.
    pub(super) fn judge<T>(&self, engine: &'static str, outcome: &Result<T, EngineError>) {
        match outcome {
            Ok(_) => self.0.watch.well(engine),
            Err(error @ EngineError::Away { .. }) => {
                self.0.watch.failed(engine, error.clone(), self.0.clock.now());
            }
            Err(EngineError::Refused { .. }) => {}
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

pub(super) fn not_set_up(engine: &str) -> String {
    format!(
        "the vector engine `{engine}` is not set up any more; the answer comes from the stored vectors"
    )
}

/// `v` and eight digits that no other has.
pub(super) fn new_id() -> String {
    let bytes = ChunkId::generate().uuid().into_bytes();
    format!("v{}", hex::encode(&bytes[12..]))
}

/// Those that are set up. One that is not used need not be usable.
fn engines(
    store: &Store,
    settings: &Settings,
    builtin: &Builtin,
) -> Result<HashMap<&'static str, Arc<dyn Engine>>, OpenError> {
    let timeout: Duration = span(settings.timeout);
    let mut all: HashMap<&'static str, Arc<dyn Engine>> = HashMap::new();
    all.insert(builtin::NAME, Arc::new(builtin.clone()));
    if settings.is_set_up(EngineKind::Pgvector) {
        let engine = Pgvector::open(&settings.pgvector, store)?;
        all.insert(super::pgvector::NAME, Arc::new(engine));
    }
    if settings.is_set_up(EngineKind::Qdrant) {
        let engine = Qdrant::open(&settings.qdrant, timeout)?;
        all.insert(super::qdrant::NAME, Arc::new(engine));
    }
    if settings.is_set_up(EngineKind::Milvus) {
        let engine = Milvus::open(&settings.milvus, timeout)?;
        all.insert(super::milvus::NAME, Arc::new(engine));
    }
    if settings.is_set_up(EngineKind::Pinecone) {
        let engine = Pinecone::open(&settings.pinecone, timeout)?;
        all.insert(super::pinecone::NAME, Arc::new(engine));
    }
    Ok(all)
}
