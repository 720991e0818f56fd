//! Reads. Each is a snapshot on a connection of its own and waits for no writer.
//!
//! Handing a closure to another thread costs more than most reads, so a closure that has been
//! quick so far runs where it is called. One that was slow, or was never seen, goes to a reader
//! thread, so that the caller's thread is never kept from other work for long. The time is
//! remembered for each closure in the program's text.

use std::{
    any::TypeId,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{File, answered, closed};
use crate::{Db, Error, Options, db::Link, store};

/// A closure that takes less on average runs where it is called.
const QUICK: Duration = Duration::from_micros(400);

/// The connections for short reads, and the threads for the others.
pub(super) struct Readers {
    idle: Mutex<Vec<Db>>,
    paces: RwLock<HashMap<TypeId, Arc<AtomicU64>>>,
    queue: mpsc::Sender<Order>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

enum Order {
    Run(Box<dyn FnOnce(&Db) + Send>),
    Stop,
}

impl Readers {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        let (queue, orders) = mpsc::channel();
        let orders = Arc::new(Mutex::new(orders));
        let mut idle = Vec::new();
        let mut threads = Vec::new();
        for number in 0..options.readers.max(1) {
            idle.push(Db::new(Link::Sqlite(File::reader(path, options.wait)?)));
            let db = Db::new(Link::Sqlite(File::reader(path, options.wait)?));
            let orders = orders.clone();
            let thread = std::thread::Builder::new()
                .name(format!("store-reader-{number}"))
                .spawn(move || work(&db, &orders))
                .map_err(|it| Error::failed_by("cannot start a thread that reads", it))?;
            threads.push(thread);
        }
        let threads = Mutex::new(threads);
        Ok(Self { idle: Mutex::new(idle), paces: RwLock::default(), queue, threads })
    }

    pub(super) async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        // A loop of quick reads must let other tasks of its thread have their turn.
        tokio::task::coop::consume_budget().await;
        let pace = self.pace(TypeId::of::<F>());
        let is_quick = Duration::from_nanos(pace.load(Ordering::Relaxed)) < QUICK;
        // A statement of its own, so that the lock is let go before the closure runs.
        let idle = if is_quick { self.lock_idle().pop() } else { None };
        if let Some(db) = idle {
            let outcome = snapshot(&db, f, &pace);
            self.lock_idle().push(db);
            return outcome.unwrap_or_else(|panic| resume_unwind(panic));
        }
        self.hand_over(f, pace).await
    }

    /// A read that may take long: never where it is called, however quick it was so far.
    pub(super) async fn read_long<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.hand_over(f, Arc::default()).await
    }

    /// Has a thread of the readers do it.
    async fn hand_over<T, E, F>(&self, f: F, pace: Arc<AtomicU64>) -> Result<T, E>
    where
        F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = move |db: &Db| {
            if !reply.is_closed() {
                let _ = reply.send(snapshot(db, f, &pace));
            }
        };
        if self.queue.send(Order::Run(Box::new(job))).is_err() {
            return Err(closed().into());
        }
        answered(answer).await
    }

    /// Ends the threads after what is queued, and closes the connections.
    pub(super) fn stop(&self) -> Vec<JoinHandle<()>> {
        let threads = std::mem::take(&mut *lock(&self.threads));
        for _ in &threads {
            let _ = self.queue.send(Order::Stop);
        }
        self.lock_idle().clear();
        threads
    }

    fn pace(&self, closure: TypeId) -> Arc<AtomicU64> {
        let known = self.paces.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = known.get(&closure) {
            return pace.clone();
        }
        drop(known);
        let mut known = self.paces.write().unwrap_or_else(PoisonError::into_inner);
        let unknown = || Arc::new(AtomicU64::new(2 * QUICK.as_nanos() as u64));
        known.entry(closure).or_insert_with(unknown).clone()
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<Db>> {
        lock(&self.idle)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(db: &Db, orders: &Mutex<mpsc::Receiver<Order>>) {
    loop {
        // The lock is held while waiting: the thread that has it is the next one to work.
        let order = lock(orders).recv();
        match order {
            Ok(Order::Run(job)) => job(db),
            Ok(Order::Stop) | Err(_) => return,
        }
    }
}

/// Runs a closure on one state of the database, and remembers how long it took.
fn snapshot<T, E, F>(db: &Db, f: F, pace: &AtomicU64) -> std::thread::Result<Result<T, E>>
where
    F: FnOnce(&Db) -> Result<T, E>,
    E: From<Error>,
{
    let Link::Sqlite(file) = db.link() else { unreachable!("the readers opened files") };
    if let Err(error) = file.control("BEGIN") {
        return Ok(Err(error.into()));
    }
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| f(db)));
    let took = started.elapsed().as_nanos() as u64;
    // One slow run among many quick ones does not send the closure away; three in a row do.
    let before = pace.load(Ordering::Relaxed);
    let counted = took.min(2 * QUICK.as_nanos() as u64);
    pace.store(before - before / 4 + counted / 4, Ordering::Relaxed);
    let _ = file.control("ROLLBACK");
    store::count(&outcome, "read", started);
    outcome
}
