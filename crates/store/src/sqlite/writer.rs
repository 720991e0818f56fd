//! The one thread that writes. Transactions that wait together share one commit.
//!
//! A group is `BEGIN IMMEDIATE`, then a savepoint for each member, then `COMMIT`. A member that
//! fails or panics goes back to its own savepoint and hurts nobody. A member hears that it is kept
//! only after the group's commit is on disk; when that fails, all hear it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{File, answered, closed};
use crate::{
    Db, Error, Options, Tx,
    audit::chain::Heads,
    db::{Act, Link},
    meter, store,
};

/// A group takes no new members after this long.
const GROUP_TIME: Duration = Duration::from_millis(5);

/// More transactions than this are not queued: they would only wait to be given up.
const WAITING_MAX: usize = 10_000;

/// The thread that writes.
pub(super) struct Writer {
    queue: mpsc::Sender<Order>,
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Order {
    Run(Box<dyn Member>),
    Stop,
}

impl Writer {
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        let file = File::writer(path, options.wait, options.durability)?;
        let (queue, orders) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut desk = Desk {
            tx: Tx::new(Db::new(Link::Sqlite(file)), None),
            orders,
            waiting: waiting.clone(),
            group_max: options.group_max.max(1),
            is_stopping: false,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || desk.work())
            .map_err(|it| Error::failed_by("cannot start the thread that writes", it))?;
        Ok(Self { queue, waiting, thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn write<T, E, F>(
        &self,
        what: &'static str,
        act: Option<Act>,
        f: F,
    ) -> Result<T, E>
    where
        F: FnOnce(&Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let why = format!("{WAITING_MAX} transactions are waiting to be written");
            return Err(Error::unavailable(why).into());
        }
        let (reply, answer) = oneshot::channel();
        let one = One { what, act, f: Some(f), outcome: None, reply };
        if self.queue.send(Order::Run(Box::new(one))).is_err() {
            return Err(closed().into());
        }
        answered(answer).await
    }

    /// Lets the thread finish what is queued before this call.
    pub(super) fn stop(&self) -> Vec<JoinHandle<()>> {
        let _ = self.queue.send(Order::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.into_iter().collect()
    }
}

/// A transaction that waits for its turn.
trait Member: Send {
    /// Does anybody still wait for the answer?
    fn is_wanted(&self) -> bool;
    /// Who acts.
    fn take_act(&mut self) -> Option<Act>;
    /// Runs the closure; says whether it wants to be kept.
    fn run(&mut self, tx: &Tx) -> bool;
    /// Turns the answer into an error: nothing was kept.
    fn refuse(&mut self, error: Error);
    /// Sends the answer.
    fn answer(self: Box<Self>);
}

struct One<T, E, F> {
    what: &'static str,
    act: Option<Act>,
    f: Option<F>,
    outcome: Option<std::thread::Result<Result<T, E>>>,
    reply: oneshot::Sender<std::thread::Result<Result<T, E>>>,
}

impl<T, E, F> Member for One<T, E, F>
where
    F: FnOnce(&Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn take_act(&mut self) -> Option<Act> {
        self.act.take()
    }

    fn run(&mut self, tx: &Tx) -> bool {
        let f = self.f.take().expect("a member runs once");
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| f(tx)));
        store::count(&outcome, "write", started);
        if started.elapsed() > Duration::from_secs(1) {
            let (what, duration_ms) = (self.what, started.elapsed().as_millis() as u64);
            tracing::warn!(
                transaction.what = what,
                transaction.duration_ms = duration_ms,
                "A transaction ({what}) kept all others waiting for {duration_ms} ms"
            );
        }
        let is_kept = matches!(outcome, Ok(Ok(_)));
        self.outcome = Some(outcome);
        is_kept
    }

    fn refuse(&mut self, error: Error) {
        self.outcome = Some(Ok(Err(error.into())));
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Nobody listens any more when the caller went away: that is theirs to decide.
            let _ = self.reply.send(outcome);
        }
    }
}

/// What the thread works with.
struct Desk {
    tx: Tx,
    orders: mpsc::Receiver<Order>,
    waiting: Arc<AtomicUsize>,
    group_max: usize,
    is_stopping: bool,
}

impl Desk {
    fn work(&mut self) {
        while !self.is_stopping {
            match self.orders.recv() {
                Ok(Order::Run(first)) => self.group(first),
                Ok(Order::Stop) | Err(_) => self.is_stopping = true,
            }
        }
        // Fails when another process reads the log right now; that process folds it in then.
        let _ = self.file().batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
    }

    fn file(&self) -> &File {
        match self.tx.link() {
            Link::Sqlite(file) => file,
            Link::Postgres(_) => unreachable!("the writer opened a file"),
        }
    }

    fn next(&mut self) -> Option<Box<dyn Member>> {
        match self.orders.try_recv() {
            Ok(Order::Run(member)) => Some(member),
            Ok(Order::Stop) => {
                self.is_stopping = true;
                None
            }
            Err(_) => None,
        }
    }

    fn group(&mut self, first: Box<dyn Member>) {
        if let Err(error) = self.file().control("BEGIN IMMEDIATE") {
            return self.refuse_waiting(first, &error);
        }
        let started = Instant::now();
        let mut heads = Heads::default();
        let mut kept: Vec<Box<dyn Member>> = Vec::new();
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(mut member) = next {
            taken += 1;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match self.run(&mut *member, &mut heads) {
                Ok(true) => kept.push(member),
                // What is undone already needs no commit to be true.
                Ok(false) => member.answer(),
                Err(error) => {
                    kept.push(member);
                    return self.give_up(kept, &error);
                }
            }
            let is_full = taken >= self.group_max || started.elapsed() > GROUP_TIME;
            next = if is_full { None } else { self.next() };
        }
        if kept.is_empty() {
            let _ = self.file().control("ROLLBACK");
            return;
        }
        let committed = heads.write(&self.tx).and_then(|()| self.file().control("COMMIT"));
        if let Err(error) = committed {
            return self.give_up(kept, &error);
        }
        meter::GROUP_SIZE.observe(kept.len() as f64, &[]);
        for member in kept {
            member.answer();
        }
    }

    /// Runs one member; says whether it is to be kept. An error means that the group is lost.
    fn run(&mut self, member: &mut dyn Member, heads: &mut Heads) -> Result<bool, Error> {
        if !member.is_wanted() {
            return Ok(false);
        }
        self.tx.set_act(member.take_act());
        self.file().control("SAVEPOINT member")?;
        let before = self.file().changes();
        // SQLite undoes everything by itself when the disk is full or fails: in the midst of what the
        // member does, whatever it makes of that, or of what is written down for it.
        let undone = |it: &Self| (!it.file().is_in_transaction()).then_some(Error::Full);
        let wants = member.run(&self.tx);
        if let Some(error) = undone(self) {
            return Err(error);
        }
        let settled = match wants {
            true => self
                .tx
                .settle(self.file().changes() != before)
                .and_then(|entries| heads.append(&self.tx, entries))
                .and_then(|()| self.tx.mark_touched()),
            false => Ok(()),
        };
        if let Some(error) = undone(self) {
            return Err(error);
        }
        let is_kept = wants && settled.is_ok();
        if let Err(error) = settled {
            member.refuse(error);
        }
        if !is_kept {
            self.file().control("ROLLBACK TO member")?;
        }
        self.file().control("RELEASE member")?;
        Ok(is_kept)
    }

    /// The group is lost: nothing of it was kept, and all must hear so.
    fn give_up(&self, members: Vec<Box<dyn Member>>, error: &Error) {
        if self.file().is_in_transaction() {
            let _ = self.file().control("ROLLBACK");
        }
        tracing::error!(
            group.size = members.len(),
            error = %error,
            "A group of transactions could not be committed; nothing of it was kept"
        );
        for mut member in members {
            member.refuse(error.clone());
            member.answer();
        }
    }

    /// The file is locked by another process. All that wait now have waited long enough: one
    /// after the other would wait as long again.
    fn refuse_waiting(&mut self, first: Box<dyn Member>, error: &Error) {
        let mut waited = vec![first];
        // All are collected before the first is answered: who comes after an answer may find the
        // file free again, and must not be refused for what was.
        while let Some(member) = self.next() {
            waited.push(member);
        }
        for mut member in waited {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            meter::TRANSACTIONS.increment(&["unavailable"]);
            member.refuse(error.clone());
            member.answer();
        }
    }
}
