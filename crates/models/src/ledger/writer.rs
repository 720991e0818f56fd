//! From memory into the database: rows that are over go in groups, in one transaction with the sums
//! and the leases that they change, and again until the database takes them.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use base::{Timestamp, UsageId};
use store::{Error, Tx, params};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{Instant, sleep, timeout},
};
use tracing::{error, warn};

use super::{
    Ledger, Recovered,
    budget::{self, Charge, Event, Fund, Settled},
    metric,
    recover::Left,
    spent,
};
use crate::usage::{self, Entry, Outcome};

/// The most rows of one transaction.
const GROUP_MAX: usize = 512;
/// How long the first row of a group waits for others, so that there are few transactions. Each waits for the
/// disk and takes a core for half a millisecond and more; where that is the only one, calls wait. A tenth of
/// a second was in step with answers of that length asked one after the other, and each transaction fell on a first
/// word. Nothing is at stake meanwhile: the journal has each row.
const LINGER: Duration = Duration::from_millis(250);
/// The waits before a transaction is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How long the end waits for a database that is away. What is left is in the journal.
const FINISH_MAX: Duration = Duration::from_secs(10);

/// What is over and not in the database yet.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<(Instant, Item)>,
    /// Rows in the transaction under way.
    writing: usize,
    is_running: bool,
}

pub(super) struct Item {
    pub(super) entry: Entry,
    pub(super) settled: Settled,
    /// Who waits for the row.
    pub(super) done: Option<oneshot::Sender<()>>,
}

/// The rows of one transaction.
struct Batch {
    entries: Vec<Entry>,
    charges: Vec<Vec<Charge>>,
    funds: Arc<[Arc<Fund>]>,
    replica: String,
    prices: Option<(String, String)>,
    now: Timestamp,
    is_replayed: bool,
}

impl Ledger {
    /// Takes over a row. It goes on when whoever asked is gone, and is waited for at the end.
    pub(super) fn push(&self, item: Item, runtime: &Handle) {
        {
            let mut queue = self.queue();
            queue.waiting.push_back((Instant::now(), item));
            queue.note();
            if std::mem::replace(&mut queue.is_running, true) {
                return;
            }
        }
        let mut work = Running { ledger: self.clone(), is_over: false };
        let work = async move {
            work.ledger.drain().await;
            work.is_over = true;
            drop(work);
        };
        // A runtime that is ending drops it on the spot, which looks at the queue.
        self.0.tasks.spawn_on(work, runtime);
    }

    async fn drain(&self) {
        loop {
            if self.journal().is_some() && self.queue().waiting.len() < GROUP_MAX {
                sleep(LINGER).await;
            }
            let items: Vec<Item> = {
                let mut queue = self.queue();
                let count = queue.waiting.len().min(GROUP_MAX);
                let items = queue.waiting.drain(..count).map(|it| it.1).collect();
                queue.writing = count;
                queue.note();
                if count == 0 {
                    queue.is_running = false;
                    return;
                }
                items
            };
            self.write(items).await;
            let mut queue = self.queue();
            queue.writing = 0;
            queue.note();
        }
    }

    /// Waits until everything that is over is in the database, or for long enough.
    pub(crate) async fn finish(&self) {
        let all = async {
            loop {
                let idle = self.0.idle.notified();
                tokio::pin!(idle);
                idle.as_mut().enable();
                if !self.queue().is_running {
                    return;
                }
                idle.await;
            }
        };
        if self.journal().is_none() {
            all.await;
        } else if timeout(FINISH_MAX, all).await.is_err() {
            let queue = self.queue();
            let rows = queue.waiting.len() + queue.writing;
            warn!(
                rows,
                "Leaving {rows} rows of the usage ledger in the journal for the next start"
            );
            return;
        }
        // What was leased of budgets is others' again at once, and not when the lease ends.
        let given_back = timeout(FINISH_MAX, self.0.budgets.give_back_all()).await;
        if let Ok(Err(why)) = given_back {
            warn!(
                error = &why as &dyn std::error::Error,
                "Cannot give leases of budgets back; they end by themselves within half a minute"
            );
        }
    }

    /// Rows that are not in the database yet.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        let queue = self.queue();
        queue.waiting.len() + queue.writing
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self, items: Vec<Item>) {
        let mut entries = Vec::with_capacity(items.len());
        let mut others = Vec::with_capacity(items.len());
        for Item { entry, settled, done } in items {
            entries.push(entry);
            others.push((settled, done));
        }
        let charges = others.iter().map(|it| it.0.charges().to_vec()).collect();
        let batch = Arc::new(self.batch(entries, charges, false));
        let mut wait = RETRY.0;
        loop {
            // From the transaction to the end of its effects here, nobody asks for a lease.
            let has_charges = batch.charges.iter().any(|it| !it.is_empty());
            let desk = if has_charges { Some(self.0.budgets.desk().await) } else { None };
            match self.save(batch.clone()).await {
                Ok(_) => {
                    self.written(&batch, others, Settled::saved);
                    return;
                }
                // A row that the database does not take must not keep the others out.
                Err(why) if is_of_a_row(&why) && batch.entries.len() > 1 => {
                    drop(desk);
                    for (entry, (settled, done)) in batch.entries.iter().zip(others) {
                        let one = Item { entry: entry.clone(), settled, done };
                        Box::pin(self.write(vec![one])).await;
                    }
                    return;
                }
                Err(why) if is_of_a_row(&why) || self.journal().is_none() => {
                    batch.entries.iter().for_each(|it| lost(it, &why));
                    self.written(&batch, others, drop);
                    return;
                }
                Err(why) => {
                    drop(desk);
                    metric::FAILURES.increment(&["retried"]);
                    warn!(
                        rows = batch.entries.len(),
                        wait_ms = wait.as_millis() as u64,
                        error = &why as &dyn std::error::Error,
                        "Cannot write rows of the usage ledger now; they are in the journal"
                    );
                    sleep(wait).await;
                    wait = (wait * 2).min(RETRY.1);
                    self.queue().note();
                }
            }
        }
    }

    /// These rows are no longer our business.
    fn written(
        &self,
        batch: &Batch,
        others: Vec<(Settled, Option<oneshot::Sender<()>>)>,
        end: fn(Settled),
    ) {
        if let Some(journal) = self.journal() {
            journal.saved(batch.entries.iter().map(|it| it.id));
        }
        for (settled, done) in others {
            end(settled);
            if let Some(done) = done {
                // Whoever waited may be gone.
                let _ = done.send(());
            }
        }
    }

    fn batch(&self, entries: Vec<Entry>, charges: Vec<Vec<Charge>>, is_replayed: bool) -> Batch {
        let is_noted = self.0.is_list_noted.load(Ordering::Relaxed);
        let text = || serde_json::to_string(&self.0.prices).unwrap_or_default();
        Batch {
            entries,
            charges,
            funds: self.0.budgets.funds(),
            replica: self.0.budgets.replica().to_owned(),
            prices: (!is_noted).then(|| (self.0.version.clone(), text())),
            now: self.0.clock.now(),
            is_replayed,
        }
    }

    /// One transaction; says which rows were new.
    async fn save(&self, batch: Arc<Batch>) -> Result<HashSet<UsageId>, Error> {
        let kept = batch.clone();
        let saved: Result<_, Error> =
            self.0.store.bookkeep("model_usage", move |tx| batch.run(tx)).await;
        let (new, events) = saved?;
        if kept.prices.is_some() {
            self.0.is_list_noted.store(true, Ordering::Relaxed);
        }
        for event in &events {
            if let Some(fund) = kept.funds.iter().find(|it| it.budget.name == event.budget) {
                fund.tell(event);
            }
        }
        Ok(new)
    }

    /// Writes the rows of a journal that was left.
    pub(super) async fn replay(&self, left: &Left) -> Result<Recovered, Error> {
        let mut found = Recovered::default();
        for rows in left.rows.chunks(GROUP_MAX) {
            self.replay_rows(rows, &mut found).await?;
        }
        let replica = left.replica.clone();
        let give_back = move |tx: &Tx| budget::give_back_all(tx, &replica);
        self.0.store.bookkeep("model_budget_lease", give_back).await?;
        Ok(found)
    }

    /// A row that the database does not take keeps no other out.
    async fn replay_rows(&self, rows: &[Entry], found: &mut Recovered) -> Result<(), Error> {
        let charges = vec![Vec::new(); rows.len()];
        let new = match self.save(Arc::new(self.batch(rows.to_vec(), charges, true))).await {
            Ok(new) => new,
            Err(why) if is_refused(&why) && rows.len() > 1 => {
                for row in rows {
                    Box::pin(self.replay_rows(std::slice::from_ref(row), found)).await?;
                }
                return Ok(());
            }
            Err(why) if is_refused(&why) => {
                rows.iter().for_each(|it| lost(it, &why));
                return Ok(());
            }
            Err(why) => return Err(why),
        };
        found.written += new.len() as u64;
        found.known += (rows.len() - new.len()) as u64;
        for row in rows.iter().filter(|it| new.contains(&it.id)) {
            metric::REPLAYED.increment(&[row.outcome.name()]);
            found.abandoned += u64::from(row.outcome == Outcome::Abandoned);
        }
        Ok(())
    }
}

impl Batch {
    fn run(&self, tx: &Tx) -> Result<(HashSet<UsageId>, Vec<Event>), Error> {
        if let Some((version, text)) = &self.prices {
            tx.execute(NOTE_PRICES, &params![version, text, self.now])?;
        }
        let new = usage::insert_missing(tx, &self.entries, self.is_replayed)?;
        let is_new = |it: &&Entry| new.contains(&it.id);
        let sums = spent::add(tx, self.entries.iter().filter(is_new))?;
        // A row that was there already has changed its sums and leases then: the commit was lost on
        // the way, not the transaction.
        let both = self.entries.iter().zip(&self.charges);
        let charges = both.filter(|(it, _)| new.contains(&it.id)).flat_map(|(_, it)| it);
        budget::shrink(tx, &self.replica, charges)?;
        let events = budget::warn_of(tx, self.funds.iter().map(Arc::as_ref), &sums, self.now)?;
        Ok((new, events))
    }
}

const NOTE_PRICES: &str = "
    INSERT INTO model_price_lists (version, prices, first_used_at) VALUES ($1, $2, $3)
    ON CONFLICT (version) DO NOTHING";

impl Queue {
    fn note(&self) {
        metric::ROWS_WAITING.set((self.waiting.len() + self.writing) as f64, &[]);
        let oldest = self.waiting.front().map_or(0.0, |it| it.0.elapsed().as_secs_f64());
        metric::OLDEST_SECONDS.set(oldest, &[]);
    }
}

/// The task that drains, for as long as it lives: whoever waits for its end hears of it however it
/// comes.
struct Running {
    ledger: Ledger,
    is_over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.ledger.queue().is_running = false;
        }
        self.ledger.0.idle.notify_waiters();
    }
}

/// Is it this row that the database does not take, or what it is added to that cannot be read? Then it will never
/// take it.
fn is_of_a_row(why: &Error) -> bool {
    is_refused(why) || matches!(why, Error::Column { .. })
}

/// Is it this row that the database does not take?
fn is_refused(why: &Error) -> bool {
    matches!(why, Error::Constraint { .. } | Error::Unique { .. })
}

/// Everything the lost row would have said, so that it can be entered by hand.
fn lost(entry: &Entry, why: &Error) {
    metric::FAILURES.increment(&["lost"]);
    error!(
        usage.id = %entry.id,
        model.provider = entry.provider,
        model.name = entry.model,
        tenant.id = %entry.tenant,
        operation = entry.operation,
        tokens_in = entry.usage.tokens_in,
        tokens_out = entry.usage.tokens_out,
        cost_nano_usd = entry.cost.nanos().map(|it| it.0),
        error = why as &dyn std::error::Error,
        "Could not write the use of model {} into the usage ledger",
        entry.model,
    );
}
