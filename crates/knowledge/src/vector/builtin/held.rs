//! A shelf that is held in memory, and how it keeps up with the rows.
//!
//! It is filled from the rows when it is first asked for, and follows the log of changes from then
//! on. A graph is made in the background when it has grown beyond what is gone through quickly; until
//! it is there everything is gone through, which is slower and never wrong.

use std::{
    ops::Range,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base::{ChunkId, DocumentId, TenantId, Timestamp};
use store::{Db, Error, Store};

use super::{
    file::{Cabinet, Unusable},
    graph::Graph,
    shelf::{Shelf, Threshold},
};
use crate::vector::{
    Space,
    changes::{self, Following},
    dot::Dot,
    follow::{Followed, News},
    rows,
};

/// Rows of a page: about 8 MB at 384 dimensions.
const PAGE: usize = 5_000;

/// Documents that are followed with one look at the database.
const DOCUMENTS: usize = 50;

/// Rows that one thread takes at a time when a graph is made.
const BATCH: usize = 256;

/// Rows that are brought into a graph while everybody else waits: some milliseconds.
const STEP: usize = 32;

/// So long one that is too large is not tried again.
const TOO_LARGE_FOR: Duration = Duration::from_secs(600);

/// Between two such steps.
const PAUSE: Duration = Duration::from_micros(500);

/// The points of a tenant in a space.
pub(super) struct Held {
    pub(super) space: Space,
    pub(super) tenant: TenantId,
    shelf: RwLock<Option<Shelf>>,
    /// Held by whoever brings the shelf up.
    gate: tokio::sync::Mutex<Followed>,
    /// Something was written by this process since it was last looked at.
    stale: AtomicBool,
    looked_at: AtomicI64,
    pub(super) used_at: AtomicI64,
    /// A graph is being made, or grown.
    busy: AtomicBool,
    /// Slots of the graph when it was last saved.
    saved: AtomicUsize,
    /// Held by whoever saves it.
    saving: Mutex<()>,
    /// It takes more memory than there is for all: until then it is not filled again.
    too_large_until: AtomicI64,
}

impl Held {
    pub(super) fn new(space: Space, tenant: TenantId) -> Self {
        Self {
            space,
            tenant,
            shelf: RwLock::new(None),
            gate: tokio::sync::Mutex::default(),
            stale: AtomicBool::new(false),
            looked_at: AtomicI64::new(i64::MIN),
            used_at: AtomicI64::new(0),
            busy: AtomicBool::new(false),
            saved: AtomicUsize::new(0),
            saving: Mutex::default(),
            too_large_until: AtomicI64::new(i64::MIN),
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Option<Shelf>> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Shelf>> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it takes, about, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.read().as_ref().map_or(0, Shelf::bytes)
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.read().is_some()
    }

    /// The rows have changed: look before the next answer.
    pub(super) fn set_stale(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Lets go of the memory. The next who asks fills it anew.
    pub(super) async fn unload(&self) {
        let _gate = self.gate.lock().await;
        // Dropped when nobody is kept waiting by that.
        let _shelf = self.write().take();
    }

    /// Its memory alone is too much: for a while it is not even tried.
    pub(super) fn set_too_large(&self, now: Timestamp) {
        let until = now.as_microsecond().saturating_add(TOO_LARGE_FOR.as_micros() as i64);
        self.too_large_until.store(until, Ordering::Relaxed);
    }

    pub(super) fn is_too_large(&self, now: Timestamp) -> bool {
        now.as_microsecond() < self.too_large_until.load(Ordering::Relaxed)
    }

    /// Sees to it that the shelf is filled and no older than `fresh_for`.
    pub(super) async fn freshen(
        self: &Arc<Self>,
        store: &Store,
        saved: Option<Cabinet>,
        dot: Dot,
        now: Timestamp,
        fresh_for: Duration,
    ) -> Result<(), Error> {
        self.used_at.store(now.as_microsecond(), Ordering::Relaxed);
        let oldest = now.as_microsecond().saturating_sub(fresh_for.as_micros() as i64);
        let is_loaded = self.is_loaded();
        let is_stale = self.stale.load(Ordering::Acquire);
        if is_loaded && !is_stale && self.looked_at.load(Ordering::Acquire) >= oldest {
            return Ok(());
        }
        let mut followed = match self.gate.try_lock() {
            Ok(followed) => followed,
            // Somebody is at it: what there is will do, unless we know better.
            Err(_) if is_loaded && !is_stale => return Ok(()),
            Err(_) => self.gate.lock().await,
        };
        // Before looking: what is written from here on makes it stale again.
        let was_stale = self.stale.swap(false, Ordering::AcqRel);
        let is_kept_up = match self.is_loaded() {
            true => self.follow(store, &mut followed).await,
            false => Ok(false),
        };
        let done = match is_kept_up {
            Ok(true) => Ok(()),
            Ok(false) => self.fill(store, saved, dot, &mut followed).await,
            Err(error) => Err(error),
        };
        match &done {
            Ok(()) => self.looked_at.store(now.as_microsecond(), Ordering::Release),
            Err(_) if was_stale => self.set_stale(),
            Err(_) => {}
        }
        done
    }

    async fn fill(
        &self,
        store: &Store,
        saved: Option<Cabinet>,
        dot: Dot,
        followed: &mut Followed,
    ) -> Result<(), Error> {
        let (space, tenant) = (self.space.clone(), self.tenant);
        let filled = store.read_long(move |db| filled(db, &space, tenant, dot));
        let (mut shelf, position) = filled.await?;
        if let Some(cabinet) = saved {
            let space = self.space.clone();
            let with_graph = tokio::task::spawn_blocking(move || {
                let slots = take_saved(&mut shelf, &cabinet, &space, dot);
                (shelf, slots)
            });
            let slots;
            (shelf, slots) =
                with_graph.await.unwrap_or_else(|it| std::panic::resume_unwind(it.into_panic()));
            self.saved.store(slots, Ordering::Relaxed);
        }
        *followed = Followed::at(position);
        // What it takes the place of is dropped when nobody is kept waiting by that.
        let _old = self.write().replace(shelf);
        Ok(())
    }

    /// Brings the shelf up with the log. False when that cannot be done, and it must be filled anew.
    async fn follow(
        self: &Arc<Self>,
        store: &Store,
        followed: &mut Followed,
    ) -> Result<bool, Error> {
        let following = Following {
            model: self.space.model.clone(),
            dimensions: self.space.dimensions,
            tenant: Some(self.tenant),
            position: followed.position(),
        };
        let mut walk = followed.walk(following);
        while let Some(news) = walk.next(store, DOCUMENTS).await? {
            if walk.is_torn() {
                return Ok(false);
            }
            if news.is_empty() {
                continue;
            }
            let held = self.clone();
            // Whoever waits for a lock waits on a thread of his own.
            let put = tokio::task::spawn_blocking(move || held.put(news)).await;
            if !put.unwrap_or_else(|it| std::panic::resume_unwind(it.into_panic())) {
                return Ok(false);
            }
        }
        walk.end();
        Ok(true)
    }

    /// Puts documents as they are now. False when there is no shelf to put them on.
    fn put(&self, news: Vec<News>) -> bool {
        for it in news {
            let place = it.place.filter(|it| it.chat.is_some() == self.space.of_chats);
            let points = if place.is_some() { it.points } else { Vec::new() };
            let points: Vec<_> = points.into_iter().map(|it| (it.chunk, it.vector)).collect();
            // A lock for each: who asks meanwhile gets between.
            let mut shelf = self.write();
            let Some(shelf) = shelf.as_mut() else { return false };
            shelf.put(it.document, &place.unwrap_or_default(), &points);
        }
        true
    }

    /// Makes the graph that is missing, brings into it what came since, and clears away what is
    /// gone. Takes long; `stops` tells when to leave it.
    pub(super) fn improve(
        &self,
        threshold: Threshold,
        dot: Dot,
        stops: &(dyn Fn() -> bool + Sync),
    ) {
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        self.clear_dead();
        let wants_graph =
            self.read().as_ref().is_some_and(|it| it.graph().is_none() && it.len() > threshold.0);
        if wants_graph {
            self.build(dot, stops);
        }
        while !stops() && self.write().as_mut().is_some_and(|it| it.grow_graph(STEP)) {
            // The lock goes to whoever asks first: without a pause that would always be us.
            std::thread::sleep(PAUSE);
        }
        self.busy.store(false, Ordering::Release);
    }

    /// Is there nothing that [`Self::improve`] and, when it can be saved, [`Self::save`] would do?
    pub(super) fn is_settled(&self, threshold: Threshold, can_be_saved: bool) -> bool {
        let shelf = self.read();
        let Some(shelf) = shelf.as_ref() else { return true };
        let is_graphed = match shelf.graph() {
            Some(_) => shelf.graphed() == shelf.slots() && !(can_be_saved && self.has_grown(shelf)),
            None => shelf.len() <= threshold.0,
        };
        is_graphed && !has_much_dead(shelf)
    }

    /// By a tenth since it was last saved.
    fn has_grown(&self, shelf: &Shelf) -> bool {
        shelf.graphed().abs_diff(self.saved.load(Ordering::Relaxed)) * 10 > shelf.graphed()
    }

    fn clear_dead(&self) {
        if !self.read().as_ref().is_some_and(has_much_dead) {
            return;
        }
        // Nobody writes while this is held, so nobody waits for the lock to write, and whoever asks
        // reads beside us.
        let _gate = self.gate.blocking_lock();
        let compact = self.read().as_ref().map(Shelf::compact);
        let _old = std::mem::replace(&mut *self.write(), compact);
    }

    fn build(&self, dot: Dot, stops: &(dyn Fn() -> bool + Sync)) {
        let Some((id, slots)) = self.read().as_ref().map(|it| (it.id(), it.slots())) else {
            return;
        };
        let graph = match Graph::new(self.space.dimensions, slots + slots / 4 + 1_024, dot) {
            Ok(graph) => graph,
            Err(error) => {
                tracing::warn!(error = %error, "No graph of vectors could be made; they are gone through");
                return;
            }
        };
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, 4);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while !stops() && !failed.load(Ordering::Relaxed) {
                        let from = next.fetch_add(BATCH, Ordering::Relaxed);
                        if from >= slots {
                            break;
                        }
                        if !self.add(&graph, id, from..(from + BATCH).min(slots)) {
                            failed.store(true, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        if failed.into_inner() || stops() {
            return;
        }
        if let Some(shelf) = self.write().as_mut()
            && shelf.id() == id
        {
            shelf.take_graph(graph, slots);
        }
    }

    /// Adds the rows of some slots, unless the shelf is another one by now. They are copied first, so
    /// that nobody waits for the graph.
    fn add(&self, graph: &Graph, id: u64, slots: Range<usize>) -> bool {
        let copied: Vec<_> = match self.read().as_ref().filter(|it| it.id() == id) {
            Some(shelf) => slots
                .filter(|slot| shelf.chunk(*slot).is_some())
                .map(|slot| (slot, shelf.row(slot).to_vec()))
                .collect(),
            None => return false,
        };
        copied.iter().all(|(slot, row)| match graph.add(*slot, row) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(error = %error, "A graph of vectors was left half made");
                false
            }
        })
    }

    /// Saves the graph, if it has grown by a tenth since it was last saved, or at all when `anyway`.
    /// Who searches or puts something in does not wait for it.
    pub(super) fn save(&self, cabinet: &Cabinet, anyway: bool) -> std::io::Result<()> {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((graph, id, graphed)) = self.to_be_saved(anyway) else { return Ok(()) };
        let Some(order) = self.order(id, graphed) else { return Ok(()) };
        let staged = cabinet.stage(|file| graph.save(file))?;
        drop(graph);
        cabinet.commit(&staged, &self.space.model, self.space.dimensions, &order)?;
        self.saved.store(graphed, Ordering::Relaxed);
        Ok(())
    }

    /// The graph that is to be saved, of which shelf it is, and how many of its slots are in it.
    fn to_be_saved(&self, anyway: bool) -> Option<(Arc<Graph>, u64, usize)> {
        let shelf = self.read();
        let shelf = shelf.as_ref()?;
        let is_new = shelf.graphed() != self.saved.load(Ordering::Relaxed);
        let is_worth_it = self.has_grown(shelf) || (anyway && is_new);
        let graph = shelf.still_graph().filter(|_| is_worth_it)?;
        Some((graph, shelf.id(), shelf.graphed()))
    }

    /// What the slots hold, read some at a time; none when it is another shelf by now. What is gone
    /// since matches no row when it is read back.
    fn order(&self, id: u64, slots: usize) -> Option<Vec<(ChunkId, u64)>> {
        let mut order = Vec::with_capacity(slots);
        while order.len() < slots {
            let from = order.len();
            let shelf = self.read();
            let shelf = shelf.as_ref().filter(|it| it.id() == id)?;
            order.extend(shelf.order(from..(from + BATCH).min(slots)));
        }
        Some(order)
    }
}

/// A fourth of the slots may be nobody's before the shelf is made anew.
fn has_much_dead(shelf: &Shelf) -> bool {
    shelf.dead() > 1_000 && shelf.dead() * 4 > shelf.slots()
}

/// Where the graph of a tenant in a space is kept.
pub(super) fn cabinet(
    folder: Option<&PathBuf>,
    space: &Space,
    tenant: TenantId,
) -> Option<Cabinet> {
    folder.map(|it| Cabinet::new(it.join(&space.name), tenant))
}

/// The points of a document.
type Points = Vec<(ChunkId, Vec<f32>)>;

/// A shelf with the rows of a tenant, and up to where of the log they are.
fn filled(db: &Db, space: &Space, tenant: TenantId, dot: Dot) -> Result<(Shelf, i64), Error> {
    let position = changes::horizon(db)?;
    let model = rows::Model { name: space.model.clone(), dimensions: space.dimensions };
    let places = rows::places(db, tenant)?;
    let mut shelf = Shelf::new(space.dimensions, dot);
    let mut gathered: Option<(DocumentId, Points)> = None;
    let put = |shelf: &mut Shelf, document: DocumentId, points: &[(ChunkId, Vec<f32>)]| {
        if let Some(place) = places.get(&document).filter(|it| it.chat.is_some() == space.of_chats)
        {
            shelf.put(document, place, points);
        }
    };
    let mut after = None;
    loop {
        let (kept, next) = rows::page(db, &model, tenant, after, PAGE)?;
        for row in kept {
            match &mut gathered {
                Some((document, points)) if *document == row.document => {
                    points.push((row.chunk, row.vector));
                }
                other => {
                    let done = other.replace((row.document, vec![(row.chunk, row.vector)]));
                    if let Some((document, points)) = done {
                        put(&mut shelf, document, &points);
                    }
                }
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    if let Some((document, points)) = gathered {
        put(&mut shelf, document, &points);
    }
    Ok((shelf, position))
}

/// Takes a saved graph into use, when most of the shelf is in it. Says how many slots it has.
fn take_saved(shelf: &mut Shelf, cabinet: &Cabinet, space: &Space, dot: Dot) -> usize {
    let saved = match cabinet.load(&space.model, space.dimensions) {
        Ok(saved) => saved,
        Err(Unusable::Missing) => return 0,
        Err(error) => {
            tracing::warn!(vectors.space = %space.name, error = %error, "A saved graph of vectors is not used and will be made anew");
            return 0;
        }
    };
    let slots = saved.order.len();
    // Each slot that holds nothing any more costs as much as one that does.
    if slots > 2 * shelf.len() {
        return 0;
    }
    match Graph::load(space.dimensions, &saved.graph, dot) {
        Ok(graph) if graph.len() <= slots => {
            let known = shelf.arrange(&saved.order);
            if known * 2 >= shelf.len() {
                shelf.take_graph(graph, slots);
                return slots;
            }
            0
        }
        Ok(_) => 0,
        Err(error) => {
            tracing::warn!(vectors.space = %space.name, error = %error, "A saved graph of vectors could not be read and will be made anew");
            0
        }
    }
}
