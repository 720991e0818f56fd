//! Workers: they claim jobs, run them, and let go of them in good order.
//!
//! One task claims, one looks after the queue (what is due, what was left behind by workers that
//! are gone, how long the line is), and each job has its own. All of them end with [`Workers::drain`].
//! Any number of processes may run workers on one database.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base::Clock;
use store::{Dialect, Error, Store};
use tokio::{
    sync::{Notify, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tracing::{error, info, warn};

use crate::{
    Handler, Job, attempt, event,
    lease::{self, Claimant},
    list, metric,
};

/// How workers work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many jobs run at once.
    pub workers: usize,
    /// How often to look for jobs that nobody announced.
    pub poll: Duration,
    /// How long a job stays with workers that have fallen silent.
    pub lease: Duration,
    /// How often workers give a sign of life. Well below `lease`.
    pub heartbeat: Duration,
    /// How long a handler may take to stop when its job is cancelled.
    pub cancel_grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 4,
            poll: Duration::from_millis(500),
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            cancel_grace: Duration::from_secs(5),
        }
    }
}

/// Workers at work. Dropping them hands their jobs back without waiting; see [`Workers::drain`].
pub struct Workers {
    shop: Arc<Shop>,
    claiming: DropGuard,
    halting: DropGuard,
}

/// What came of a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Jobs that were not done in time and wait for other workers, their attempt not counted.
    pub handed_back: u64,
    /// Jobs that could not be handed back: they come back when their lease runs out.
    pub abandoned: usize,
}

/// What every task here needs.
pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) handlers: HashMap<String, Arc<dyn Handler>>,
    pub(crate) tasks: TaskTracker,
    /// Set when unfinished jobs must be handed back.
    pub(crate) halting: CancellationToken,
    claimant: Claimant,
    handed_back: AtomicU64,
    jobs: TaskTracker,
    /// Rung when the look at the queue found something due.
    due: Notify,
}

/// How long handing back may take.
const HAND_BACK: Duration = Duration::from_secs(5);
/// How often the length of the line is measured.
const MEASURE: Duration = Duration::from_secs(15);
/// How long a job of an unknown kind may be due before the log says so.
const ORPHANED: Duration = Duration::from_secs(60);

impl Workers {
    /// Starts workers for the kinds of `handlers`; jobs of other kinds are left to others. They
    /// stop claiming when `stop` is cancelled, and run what they have until [`Workers::drain`].
    pub fn start(
        store: Store,
        clock: Clock,
        settings: Settings,
        handlers: HashMap<String, Arc<dyn Handler>>,
        stop: &CancellationToken,
    ) -> Self {
        let mut kinds: Vec<&str> = handlers.keys().map(String::as_str).collect();
        kinds.sort_unstable();
        let claimant = Claimant {
            owner: format!("workers-{:016x}", rand::random::<u64>()),
            kinds: kinds.into(),
            lease: settings.lease,
        };
        info!(
            work.owner = claimant.owner.as_str(),
            work.workers = settings.workers,
            "Started {} workers for {} kinds of jobs",
            settings.workers,
            handlers.len()
        );
        let shop = Arc::new(Shop {
            store,
            clock,
            settings,
            handlers,
            tasks: TaskTracker::new(),
            halting: CancellationToken::new(),
            claimant,
            handed_back: AtomicU64::new(0),
            jobs: TaskTracker::new(),
            due: Notify::new(),
        });
        // A child, so that a drain of these workers stops nobody else.
        let claiming = stop.child_token();
        shop.tasks.spawn(claim(shop.clone(), claiming.clone()));
        shop.tasks.spawn(look_after(shop.clone(), claiming.clone()));
        let halting = shop.halting.clone().drop_guard();
        Self { shop, claiming: claiming.drop_guard(), halting }
    }

    /// Stops claiming, lets running jobs finish for at most `deadline`, then hands the rest back:
    /// they are pending again, with their checkpoint, and the attempt is not counted.
    pub async fn drain(self, deadline: Duration) -> Drained {
        let Self { shop, claiming, halting } = self;
        claiming.disarm().cancel();
        let halting = halting.disarm();
        shop.tasks.close();
        if timeout(deadline, shop.tasks.wait()).await.is_err() {
            halting.cancel();
            // What ignores this is stuck in code that does not await; its lease will tell.
            let _ = timeout(HAND_BACK, shop.tasks.wait()).await;
        }
        let drained = Drained {
            handed_back: shop.handed_back.load(Ordering::Relaxed),
            abandoned: shop.jobs.len(),
        };
        info!(
            work.handed_back = drained.handed_back,
            work.abandoned = drained.abandoned,
            "Workers have stopped; {} jobs handed back",
            drained.handed_back
        );
        drained
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("owner", &self.shop.claimant.owner).finish_non_exhaustive()
    }
}

impl Shop {
    pub(crate) fn handed_back(&self) {
        self.handed_back.fetch_add(1, Ordering::Relaxed);
    }

    async fn claimed(&self, most: usize) -> Result<Vec<Job>, Error> {
        let (who, now) = (self.claimant.clone(), self.clock.now());
        self.store.bookkeep("claim jobs", move |tx| lease::claim(tx, &who, most, now)).await
    }
}

/// Claims a job for every free hand, again and again.
async fn claim(shop: Arc<Shop>, claiming: CancellationToken) {
    let hands = Arc::new(Semaphore::new(shop.settings.workers.max(1)));
    let mut wakes = event::wakes();
    let mut echoes = Echoes::default();
    loop {
        let free = tokio::select! {
            biased;
            () = claiming.cancelled() => return,
            free = hands.clone().acquire_owned() => free,
        };
        let mut free = free.expect("nobody closes the semaphore");
        let others = u32::try_from(hands.available_permits()).unwrap_or(u32::MAX);
        if let Ok(others) = hands.clone().try_acquire_many_owned(others) {
            free.merge(others);
        }
        // What was announced until now is covered by the claim that follows.
        wakes.mark_unchanged();
        let most = free.num_permits();
        // Not raced against `claiming`: a claim that nobody waits for would leave its jobs to
        // their leases.
        let jobs = shop.claimed(most).await.unwrap_or_else(|error| {
            warn!(error = %error, "Could not claim jobs");
            Vec::new()
        });
        let all_busy = jobs.len() == most;
        for job in jobs {
            let hand = free.split(1).expect("no more jobs are claimed than hands are free");
            let work = attempt::run(shop.clone(), job);
            shop.tasks.spawn(shop.jobs.track_future(async move {
                work.await;
                drop(hand);
            }));
        }
        drop(free);
        if all_busy {
            continue;
        }
        tokio::select! {
            biased;
            () = claiming.cancelled() => return,
            _ = wakes.changed() => echoes = Echoes::of(shop.store.dialect()),
            () = shop.due.notified() => {}
            () = echoes.next() => {}
        }
    }
}

/// A job is announced inside the transaction that writes it. On SQLite the claim queues up behind
/// that transaction; on PostgreSQL it may come before the commit, so it is tried again a few times.
#[derive(Default)]
struct Echoes(std::slice::Iter<'static, u64>);

impl Echoes {
    fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::default(),
            Dialect::Postgres => Self([5, 20, 75, 200].iter()),
        }
    }

    /// Returns when it is time to look again; never when that was done often enough.
    async fn next(&mut self) {
        // Only a wait that was waited out is used up: `select!` may drop this one half-way.
        match self.0.as_slice().first() {
            Some(wait_ms) => sleep(Duration::from_millis(*wait_ms)).await,
            None => std::future::pending().await,
        }
        self.0.next();
    }
}

/// Looks at the queue from time to time.
async fn look_after(shop: Arc<Shop>, claiming: CancellationToken) {
    let mut measured: Option<Instant> = None;
    let mut known_orphans = HashSet::new();
    let mut away = false;
    loop {
        let seen = look(&shop).await;
        match &seen {
            Ok(()) if away => info!("The queue can be seen again"),
            // Said once, not at every look while the database is away.
            Err(error) if !away => warn!(error = %error, "Could not look at the queue"),
            _ => {}
        }
        away = seen.is_err();
        if !away && measured.is_none_or(|it| it.elapsed() >= MEASURE) {
            measured = Some(Instant::now());
            if let Err(error) = measure(&shop, &mut known_orphans).await {
                warn!(error = %error, "Could not measure the queue");
            }
        }
        tokio::select! {
            () = claiming.cancelled() => return,
            () = sleep(shop.settings.poll) => {}
        }
    }
}

async fn look(shop: &Arc<Shop>) -> Result<(), Error> {
    let now = shop.clock.now();
    let seen = shop.store.read(move |db| lease::look(db, now)).await?;
    if seen.expired {
        reclaim(shop).await?;
    }
    if seen.due || seen.expired {
        shop.due.notify_one();
    }
    Ok(())
}

/// Takes back what workers that are gone left behind.
async fn reclaim(shop: &Arc<Shop>) -> Result<(), Error> {
    let jobs = match reclaimed(shop, true).await {
        Err(error) if !error.is_unavailable() => {
            error!(error = %error, "What follows lost jobs could not be done");
            reclaimed(shop, false).await?
        }
        other => other?,
    };
    for job in jobs {
        let word = if job.dead { "dead" } else { "lost" };
        metric::JOBS.increment(&[&job.kind, word]);
        warn!(
            job.id = %job.id, job.kind = job.kind.as_str(), job.outcome = word,
            "The worker of job {} is gone; the job is {}", job.id, job.state
        );
        event::changed(&job);
    }
    Ok(())
}

async fn reclaimed(shop: &Arc<Shop>, with_follow_up: bool) -> Result<Vec<Job>, Error> {
    let (now, shop_there) = (shop.clock.now(), shop.clone());
    let jobs = shop.store.bookkeep("take back lost jobs", move |tx| {
        let jobs = lease::reclaim(tx, now)?;
        for job in jobs.iter().filter(|it| with_follow_up && it.state.is_finished()) {
            if let Some(handler) = shop_there.handlers.get(&job.kind) {
                handler.ended(tx, job, now)?;
            }
        }
        Ok::<_, Error>(jobs)
    });
    jobs.await
}

async fn measure(shop: &Shop, known_orphans: &mut HashSet<String>) -> Result<(), Error> {
    let kinds = shop.claimant.kinds.clone();
    let since = base::clock::from_micros(
        shop.clock.now().as_microsecond() - i64::try_from(ORPHANED.as_micros()).unwrap_or(0),
    );
    let read = shop
        .store
        .read(move |db| Ok::<_, Error>((list::counts(db)?, lease::orphans(db, &kinds, since)?)));
    let (counts, orphans) = read.await?;
    metric::DEPTH.set(counts.pending as f64, &["pending"]);
    metric::DEPTH.set(counts.running as f64, &["running"]);
    metric::DEPTH.set(counts.dead as f64, &["dead"]);
    for kind in orphans {
        if known_orphans.insert(kind.clone()) {
            warn!(job.kind = kind.as_str(), "Jobs of kind {kind} wait, and nobody here does them");
        }
    }
    Ok(())
}
