//! The runs that this process makes: what each has told so far, who listens, and how it is stopped.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use base::{RunId, metric::Gauge};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::event::Event;

static RUNNING: Gauge =
    Gauge::new("assistant_answers_running", "Answers that this process is making.", &[]);
static LISTENING: Gauge =
    Gauge::new("assistant_listeners", "Readers of answers in the making.", &[]);

/// The runs of this process. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    /// This process, as runs know it.
    holder: String,
    runs: Mutex<HashMap<RunId, Arc<Live>>>,
    tasks: TaskTracker,
    /// What is still being made is to end now.
    closing: CancellationToken,
}

/// A run that this process makes.
pub(crate) struct Live {
    pub(crate) run: RunId,
    told: RwLock<Vec<Event>>,
    progress: watch::Sender<Progress>,
    readers: watch::Sender<usize>,
    stop: CancellationToken,
    why: OnceLock<Why>,
}

/// How much was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    pub(crate) told: usize,
    pub(crate) is_over: bool,
}

/// Why a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Somebody asked for it.
    Asked,
    /// Nobody listened any more.
    Alone,
    /// The program stops.
    Closing,
}

/// Whoever makes a run holds this. However that ends, also by a panic, the run is over with it:
/// nobody listens to what nobody makes, and this process no longer says that it is at it.
pub(crate) struct Making {
    hub: Hub,
    live: Arc<Live>,
}

/// Somebody who listens; counted as long as it lives.
pub(crate) struct Listener(Arc<Live>);

impl Default for Hub {
    fn default() -> Self {
        Self(Arc::new(Inner {
            holder: RunId::generate().to_string(),
            runs: Mutex::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }))
    }
}

impl Hub {
    /// This process, as runs know it.
    pub(crate) fn holder(&self) -> &str {
        &self.0.holder
    }

    /// Where what makes the answers runs; closing waits for it.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// How many answers are being made here.
    pub(crate) fn count(&self) -> usize {
        self.runs().len()
    }

    /// The runs that are made here.
    pub(crate) fn ids(&self) -> Vec<RunId> {
        self.runs().keys().copied().collect()
    }

    /// Takes a run in. It is over when what is given back is dropped.
    pub(crate) fn open(&self, run: RunId) -> Making {
        let live = Arc::new(Live {
            run,
            told: RwLock::default(),
            progress: watch::Sender::new(Progress::default()),
            readers: watch::Sender::new(0),
            stop: CancellationToken::new(),
            why: OnceLock::new(),
        });
        let mut runs = self.runs();
        runs.insert(run, live.clone());
        RUNNING.set(runs.len() as f64, &[]);
        drop(runs);
        if self.0.closing.is_cancelled() {
            live.stop(Why::Closing);
        }
        Making { hub: self.clone(), live }
    }

    /// A run that is made here.
    pub(crate) fn find(&self, run: RunId) -> Option<Arc<Live>> {
        self.runs().get(&run).cloned()
    }

    /// A run is over. Whoever still listens has it in hand.
    fn close_run(&self, live: &Live) {
        live.progress.send_modify(|it| it.is_over = true);
        let mut runs = self.runs();
        runs.remove(&live.run);
        RUNNING.set(runs.len() as f64, &[]);
    }

    /// Ends when what is still being made is to end.
    pub(crate) async fn closing(&self) {
        self.0.closing.cancelled().await;
    }

    /// Waits for what is being made; what is not done by then is stopped, and what was written of it
    /// is kept.
    pub(crate) async fn close(&self, within: Duration) {
        self.0.tasks.close();
        if tokio::time::timeout(within, self.0.tasks.wait()).await.is_err() {
            // First this, so that whoever begins now is stopped too.
            self.0.closing.cancel();
            let runs: Vec<_> = self.runs().values().cloned().collect();
            runs.iter().for_each(|it| it.stop(Why::Closing));
            self.0.tasks.wait().await;
        }
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Live>>> {
        self.0.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Making {
    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.hub.close_run(&self.live);
    }
}

impl Live {
    /// Tells events that were kept.
    pub(crate) fn tell(&self, events: Vec<Event>) {
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        told.extend(events);
        let count = told.len();
        drop(told);
        self.progress.send_modify(|it| it.told = count);
    }

    /// What was told after so many events.
    pub(crate) fn told_after(&self, count: usize) -> Vec<Event> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        told.get(count..).unwrap_or_default().to_vec()
    }

    /// Hears when more is told.
    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Stops the run; the first reason counts.
    pub(crate) fn stop(&self, why: Why) {
        let _ = self.why.set(why);
        self.stop.cancel();
    }

    /// Ends when the run was stopped; says why.
    pub(crate) async fn stopped(&self) -> Why {
        self.stop.cancelled().await;
        self.why.get().copied().unwrap_or(Why::Asked)
    }

    /// Stops the run when nobody listens for as long as `linger`; ends with the run.
    pub(crate) async fn watch(&self, linger: Duration) {
        let mut progress = self.progress();
        tokio::select! {
            _ = self.given_up(linger) => {}
            _ = progress.wait_for(|it| it.is_over) => {}
        }
    }

    /// Ends when the run is to be stopped: somebody wants it, or nobody has listened for as long as
    /// `linger`.
    pub(crate) async fn given_up(&self, linger: Duration) -> Why {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.alone(linger) => self.stop(Why::Alone),
        }
        self.stopped().await
    }

    async fn alone(&self, linger: Duration) {
        let mut readers = self.readers.subscribe();
        loop {
            // The sender lives as long as `self`, so neither of these fails.
            if readers.wait_for(|it| *it == 0).await.is_err() {
                return;
            }
            let comes_back = readers.wait_for(|it| *it > 0);
            if tokio::time::timeout(linger, comes_back).await.is_err() {
                return;
            }
        }
    }
}

impl Listener {
    /// One more who listens.
    pub(crate) fn of(live: Arc<Live>) -> Self {
        live.readers.send_modify(|it| *it += 1);
        LISTENING.add(1.0, &[]);
        Self(live)
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.0
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.readers.send_modify(|it| *it = it.saturating_sub(1));
        LISTENING.add(-1.0, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::event::Name;

    /// A run, and who makes it.
    fn live() -> (Making, Arc<Live>) {
        let making = Hub::default().open(RunId::generate());
        let live = making.live().clone();
        (making, live)
    }

    fn dies(_: Making) {
        panic!("on purpose");
    }

    const LINGER: Duration = Duration::from_millis(80);

    #[tokio::test]
    async fn a_run_that_nobody_listens_to_is_given_up_after_a_while() {
        let (_making, live) = live();
        let listener = Listener::of(live.clone());
        let waits = tokio::time::timeout(LINGER * 3, live.given_up(LINGER));
        assert!(waits.await.is_err(), "somebody listens");
        drop(listener);
        let begun = tokio::time::Instant::now();
        assert_eq!(live.given_up(LINGER).await, Why::Alone);
        assert!(begun.elapsed() >= LINGER);
    }

    #[tokio::test]
    async fn who_comes_back_in_time_keeps_it_going() {
        let (_making, live) = live();
        let comes_back = async {
            tokio::task::yield_now().await;
            let listener = Listener::of(live.clone());
            tokio::time::sleep(LINGER * 3).await;
            drop(listener);
        };
        let begun = tokio::time::Instant::now();
        let (why, ()) = tokio::join!(live.given_up(LINGER), comes_back);
        assert_eq!(why, Why::Alone);
        assert!(begun.elapsed() >= LINGER * 4, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn what_is_told_is_heard_by_whoever_asks_for_more() {
        let (making, live) = live();
        let hub = making.hub.clone();
        let mut progress = live.progress();
        let event = Event { seq: 1, name: Name::Delta, data: "{}".into() };
        live.tell(vec![event.clone()]);
        assert!(progress.wait_for(|it| it.told == 1).await.is_ok());
        assert_eq!(live.told_after(0), [event]);
        assert_eq!(live.told_after(1), []);
        assert_eq!(hub.ids(), [live.run]);
        drop(making);
        assert!(progress.wait_for(|it| it.is_over).await.is_ok());
        assert!(hub.find(live.run).is_none());
    }

    #[tokio::test]
    async fn a_run_is_over_when_whoever_makes_it_panics() {
        let (making, live) = live();
        let hub = making.hub.clone();
        let died = hub.tasks().spawn(async move { dies(making) }).await;
        assert!(died.is_err_and(|it| it.is_panic()));
        assert!(live.progress().wait_for(|it| it.is_over).await.is_ok());
        assert_eq!(hub.ids(), [], "nobody says any more that it goes on");
    }

    #[tokio::test]
    async fn who_begins_when_all_is_being_ended_is_stopped_at_once() {
        let hub = Hub::default();
        let waits = hub.clone();
        hub.tasks().spawn(async move { waits.closing().await });
        hub.close(Duration::from_millis(10)).await;
        let making = hub.open(RunId::generate());
        assert_eq!(making.live().stopped().await, Why::Closing);
    }

    #[tokio::test]
    async fn the_first_reason_to_stop_counts() {
        let (_making, live) = live();
        live.stop(Why::Asked);
        live.stop(Why::Closing);
        assert_eq!(live.given_up(Duration::from_secs(9)).await, Why::Asked);
    }
}
