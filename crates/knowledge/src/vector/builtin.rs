//! The engine in the process: all vectors of a tenant gone through, or a graph of them when they are
//! many.
//!
//! Up to `exact_up_to` points of a tenant every answer is exact. Above it a graph is asked, unless
//! the filter is narrow: then what passes it is gone through, which is faster and exact. The rows are
//! the truth: this engine reads them by itself, and what it holds in memory and on disk is a cache
//! that may be lost at any moment.
//!
//! Start at [`Builtin`]; `held` keeps up with the rows, `shelf` is the memory, `graph` the graph,
//! `file` its place on disk.

mod file;
mod graph;
mod held;
mod shelf;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base::{ChunkId, Clock, DocumentId, TenantId};
use store::{Store, params};
use tokio_util::task::TaskTracker;

use self::{
    held::{Held, cabinet},
    shelf::Threshold,
};
use super::{Engine, EngineError, Filter, Generation, Point, Scored, Space, dot::Dot, settings};

/// Its name.
pub const NAME: &str = "builtin";

/// Another process may have written: how old an answer may be.
const FRESH_FOR: Duration = Duration::from_millis(500);

/// The engine in the process. Clones are one.
#[derive(Clone)]
pub struct Builtin(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    settings: settings::Builtin,
    folder: Option<PathBuf>,
    dot: Dot,
    tasks: TaskTracker,
    shelves: Mutex<HashMap<(String, TenantId), Arc<Held>>>,
    stops: AtomicBool,
}

/// What it holds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// Tenants and spaces.
    pub shelves: usize,
    /// Points.
    pub points: usize,
    /// Points that are in a graph.
    pub graphed: usize,
    /// Bytes, about.
    pub bytes: usize,
}

impl Builtin {
    /// An engine that holds nothing yet. Graphs are saved in `folder`, when one is given.
    pub fn new(
        store: Store,
        clock: Clock,
        settings: settings::Builtin,
        folder: Option<PathBuf>,
        tasks: TaskTracker,
    ) -> Self {
        let dot = Dot::of_this_machine();
        tracing::debug!(vectors.instructions = dot.name(), "Vectors are compared in the process");
        Self(Arc::new(Inner {
            store,
            clock,
            settings,
            folder,
            dot,
            tasks,
            shelves: Mutex::default(),
            stops: AtomicBool::new(false),
        }))
    }

    /// What it holds in memory.
    pub fn holding(&self) -> Holding {
        let mut sum = Holding::default();
        for held in self.held() {
            if let Some(shelf) = held.read().as_ref() {
                sum.shelves += 1;
                sum.points += shelf.len();
                sum.graphed += shelf.graphed();
                sum.bytes += shelf.bytes();
            }
        }
        sum
    }

    /// The rows of a tenant have changed: they are looked at before the next answer.
    pub(crate) fn stirred(&self, generation: &Generation, tenant: TenantId) {
        let shelves = self.0.lock();
        for space in generation.spaces() {
            if let Some(held) = shelves.get(&(space.name, tenant)) {
                held.set_stale();
            }
        }
    }

    /// Everything of a tenant is gone: what is held of it, and what was saved.
    pub(crate) async fn forget(&self, tenant: TenantId) {
        self.0.lock().retain(|(_, it), _| *it != tenant);
        let Some(folder) = self.0.folder.clone() else { return };
        let remove = move || {
            let Ok(spaces) = std::fs::read_dir(folder) else { return };
            for space in spaces.flatten() {
                file::Cabinet::new(space.path(), tenant).remove();
            }
        };
        let _ = tokio::task::spawn_blocking(remove).await;
    }

    /// Looks after what is held: what does not fit any more goes; graphs are made, grown and saved in
    /// the background.
    pub async fn tend(&self) {
        // A shelf grows after it was loaded, too.
        self.0.make_room(None).await;
        let (threshold, saves) = (self.0.threshold(), self.0.folder.is_some());
        for held in self.held().into_iter().filter(|it| !it.is_settled(threshold, saves)) {
            let inner = self.0.clone();
            let tasks = inner.tasks.clone();
            let task = move || {
                held.improve(threshold, inner.dot, &|| inner.stops.load(Ordering::Relaxed));
                inner.save(&held, false);
            };
            tasks.spawn_blocking(task);
        }
    }

    /// Ends what goes on in the background, and saves what has grown.
    pub async fn close(&self) {
        self.0.stops.store(true, Ordering::Relaxed);
        let (inner, all) = (self.0.clone(), self.held());
        let saving = tokio::task::spawn_blocking(move || {
            all.iter().for_each(|held| inner.save(held, true));
        });
        let _ = saving.await;
    }

    fn held(&self) -> Vec<Arc<Held>> {
        self.0.lock().values().cloned().collect()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, TenantId), Arc<Held>>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn threshold(&self) -> Threshold {
        Threshold(self.settings.exact_up_to)
    }

    /// The shelf, filled and fresh.
    async fn shelf(
        self: &Arc<Self>,
        space: &Space,
        tenant: TenantId,
    ) -> Result<Arc<Held>, EngineError> {
        let key = (space.name.clone(), tenant);
        let new = || Arc::new(Held::new(space.clone(), tenant));
        let held = self.lock().entry(key).or_insert_with(new).clone();
        let now = self.clock.now();
        if held.is_too_large(now) {
            return Err(too_large());
        }
        let was_loaded = held.is_loaded();
        let saved = cabinet(self.folder.as_ref(), space, tenant);
        held.freshen(&self.store, saved, self.dot, now, FRESH_FOR)
            .await
            .map_err(|it| EngineError::of_store(NAME, &it))?;
        if !was_loaded {
            self.make_room(Some(&held)).await;
        }
        match held.is_too_large(now) {
            true => Err(too_large()),
            false => Ok(held),
        }
    }

    /// Lets go of what was not asked for the longest, until the rest fits: the newcomer last. One that
    /// does not fit by itself is remembered as such.
    async fn make_room(self: &Arc<Self>, newcomer: Option<&Arc<Held>>) {
        let most = self.settings.memory_mb_max.saturating_mul(1 << 20);
        let mut all: Vec<(bool, i64, usize, Arc<Held>)> = self
            .lock()
            .values()
            .map(|it| {
                let is_new = newcomer.is_some_and(|newcomer| Arc::ptr_eq(it, newcomer));
                (is_new, it.used_at.load(Ordering::Relaxed), it.bytes(), it.clone())
            })
            .collect();
        let mut taken: usize = all.iter().map(|it| it.2).sum();
        all.sort_by_key(|it| (it.0, it.1));
        let now = self.clock.now();
        for (_, _, bytes, held) in all.into_iter().filter(|it| it.2 > 0) {
            if taken <= most {
                return;
            }
            taken -= bytes;
            if bytes > most {
                held.set_too_large(now);
                let megabytes = bytes >> 20;
                tracing::warn!(
                    vectors.space = %held.space.name,
                    megabytes,
                    "The vectors of one tenant take {megabytes} MB, more than `vectors.builtin.memory_mb_max`; they are compared by the database until there is more"
                );
            }
            let (inner, saved) = (self.clone(), held.clone());
            let _ = tokio::task::spawn_blocking(move || inner.save(&saved, false)).await;
            held.unload().await;
        }
    }

    fn save(&self, held: &Held, anyway: bool) {
        let Some(cabinet) = cabinet(self.folder.as_ref(), &held.space, held.tenant) else { return };
        if let Err(error) = held.save(&cabinet, anyway) {
            tracing::warn!(vectors.space = %held.space.name, error = %error, "A graph of vectors was not saved; it will be made anew when it is needed");
        }
    }
}

fn too_large() -> EngineError {
    let why = "the vectors of one tenant take more memory than `vectors.builtin.memory_mb_max`: allow \
               more, or use another engine";
    EngineError::refused(NAME, why)
}

#[async_trait::async_trait]
impl Engine for Builtin {
    fn name(&self) -> &'static str {
        NAME
    }

    /// There is nothing to make: the rows are there.
    async fn create(&self, _: &Space) -> Result<(), EngineError> {
        Ok(())
    }

    async fn erase(&self, space: &Space) -> Result<(), EngineError> {
        self.0.lock().retain(|(name, _), _| *name != space.name);
        if let Some(folder) = &self.0.folder {
            let folder = folder.join(&space.name);
            let gone = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
            match gone {
                Ok(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(EngineError::refused(NAME, error.to_string()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// News, not data: the rows are read before the next answer.
    async fn upsert(&self, space: &Space, points: &[Point]) -> Result<(), EngineError> {
        if let Some(point) = points.first()
            && let Some(held) = self.0.lock().get(&(space.name.clone(), point.tenant))
        {
            held.set_stale();
        }
        Ok(())
    }

    /// News, not data: the rows are read before the next answer.
    async fn retain(
        &self,
        space: &Space,
        tenant: TenantId,
        _: DocumentId,
        _: &[ChunkId],
    ) -> Result<(), EngineError> {
        if let Some(held) = self.0.lock().get(&(space.name.clone(), tenant)) {
            held.set_stale();
        }
        Ok(())
    }

    async fn search(
        &self,
        space: &Space,
        query: &[f32],
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Scored>, EngineError> {
        if filter.is_empty() || most == 0 || query.len() != space.dimensions {
            return Ok(Vec::new());
        }
        let held = self.0.shelf(space, filter.tenant).await?;
        let threshold = self.0.threshold();
        let is_long = held.read().as_ref().is_some_and(|it| it.is_long(threshold));
        let found = if is_long {
            let (held, query, filter) = (held.clone(), query.to_vec(), filter.clone());
            let search =
                move || held.read().as_ref().map(|it| it.search(&query, &filter, most, threshold));
            tokio::task::spawn_blocking(search)
                .await
                .unwrap_or_else(|it| std::panic::resume_unwind(it.into_panic()))
        } else {
            held.read().as_ref().map(|it| it.search(query, filter, most, threshold))
        };
        // Somebody else's shelf was larger, and ours had to go in the meantime.
        found.ok_or_else(|| EngineError::refused(NAME, "its memory was needed for another tenant"))
    }

    async fn count(&self, space: &Space) -> Result<u64, EngineError> {
        let space = space.clone();
        let count = self.0.store.read(move |db| {
            let row = db.one(
                "SELECT count(*) AS points FROM knowledge_vectors v
                   JOIN knowledge_documents d ON d.id = v.document
                  WHERE v.model = $1 AND v.dimensions = $2
                    AND (CASE WHEN d.chat IS NULL THEN 0 ELSE 1 END) = $3",
                &params![&space.model, space.dimensions, space.of_chats],
            )?;
            row.get("points")
        });
        count.await.map_err(|it: store::Error| EngineError::of_store(NAME, &it))
    }

    async fn health(&self) -> Result<(), EngineError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
