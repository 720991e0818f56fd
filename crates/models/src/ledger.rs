//! What was used, and how much may be: every attempt to use a model is written down before it is
//! sent, and its row is in the database about a quarter of a second after it is over.
//!
//! A [`Tab`] is opened for each attempt. Opening it writes a line into the journal (a file, see
//! [`journal`]), ending it writes another; rows go from memory into the database in groups, and the
//! journal is shortened behind them. A process that is killed leaves its journal, which the next one
//! replays. While the database is away the journal grows to its bound; then nothing new is begun
//! ([`LedgerFull`]). Without a folder for a journal, as in tests and on the command line, rows go
//! into the database at once, and ending a tab waits for that.
//!
//! Money that is spent is counted against [`budget`]s in the same transaction.
//!
//! Start at [`Models::keep_journal`] and [`budget::Budgets::hold`].

pub mod budget;
mod journal;
pub(crate) mod metric;
pub mod period;
mod record;
mod recover;
pub mod spent;
mod tab;
mod writer;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, atomic::AtomicBool},
};

use base::{Clock, Timestamp, UsageId};
use store::Store;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::{Models, price::Price, settings::Settings, usage};
pub use journal::{Bounds, LedgerFull};
pub use recover::Recovered;
pub(crate) use tab::{Begun, Tab};

pub use budget::{Budget, BudgetError, Budgets, Hold, OverBudget, Subject};
use journal::Journal;
pub use spent::Spend;

/// Why the journal was not begun, or not replayed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder cannot be made, entered, read or written.
    #[error("cannot keep the journal of the usage ledger in `{path}`; change its owner or mode")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A journal is kept already.
    #[error("the usage ledger has a journal already")]
    KeptAlready,
}

/// The ledger, as it is written. A clone is the same.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Shared>);

struct Shared {
    store: Store,
    clock: Clock,
    prices: Vec<Price>,
    version: String,
    is_list_noted: AtomicBool,
    budgets: Budgets,
    journal: OnceLock<(PathBuf, Journal)>,
    queue: Mutex<writer::Queue>,
    tasks: TaskTracker,
    idle: tokio::sync::Notify,
}

impl Ledger {
    pub(crate) fn open(store: Store, clock: Clock, settings: &Settings) -> Self {
        let replica = UsageId::generate().uuid().as_simple().to_string();
        let budgets =
            Budgets::new(store.clone(), clock.clone(), &replica, settings.budgets.clone());
        Self(Arc::new(Shared {
            store,
            clock,
            prices: settings.prices.clone(),
            version: crate::price::version(&settings.prices),
            is_list_noted: AtomicBool::new(settings.prices.is_empty()),
            budgets,
            journal: OnceLock::new(),
            queue: Mutex::default(),
            tasks: TaskTracker::new(),
            idle: tokio::sync::Notify::new(),
        }))
    }

    pub(crate) fn budgets(&self) -> &Budgets {
        &self.0.budgets
    }

    fn journal(&self) -> Option<&Journal> {
        self.0.journal.get().map(|it| &it.1)
    }

    fn keep_journal(&self, folder: &Path, bounds: Bounds) -> Result<(), JournalError> {
        if self.journal().is_some() {
            return Err(JournalError::KeptAlready);
        }
        let failed = |source| JournalError::Folder { path: folder.to_owned(), source };
        let (now, replica) = (self.0.clock.now(), self.0.budgets.replica());
        let journal = Journal::open(folder, now, replica, bounds).map_err(failed)?;
        let kept = self.0.journal.set((folder.to_owned(), journal));
        kept.map_err(|_| JournalError::KeptAlready)
    }

    /// Writes into the database what processes that are no more left in the folder.
    async fn recover(&self) -> Result<Recovered, store::Error> {
        let Some((folder, _)) = self.0.journal.get() else { return Ok(Recovered::default()) };
        let folder = folder.clone();
        let find = tokio::task::spawn_blocking(move || recover::find(&folder));
        let (left, living) = match find.await {
            Ok(Ok(found)) => found,
            Ok(Err(why)) => {
                warn!(
                    error = &why as &dyn std::error::Error,
                    "Cannot read the journals of the usage ledger; trying again later"
                );
                return Ok(Recovered::default());
            }
            Err(_) => return Ok(Recovered::default()),
        };
        // One of the living is this process itself.
        let mut all = Recovered { living: living.saturating_sub(1), ..Recovered::default() };
        for journal in left {
            let found = self.replay(&journal).await?;
            all.journals += 1;
            all.written += found.written;
            all.abandoned += found.abandoned;
            all.known += found.known;
            all.broken_lines += journal.broken_lines;
            let (rows, replica) = (found.written, journal.replica.clone());
            if let Err(why) = journal.remove() {
                warn!(
                    error = &why as &dyn std::error::Error,
                    "Cannot remove a journal of the usage ledger that was replayed"
                );
            }
            if rows > 0 {
                info!(rows, replica, "Wrote {rows} rows of the journal of a process that is gone");
            }
        }
        Ok(all)
    }
}

impl Models {
    /// Keeps a journal in this folder from now on, and replays those that processes left there that
    /// are no more. Until this is called, and without it, rows go into the database at once.
    ///
    /// When the database does not answer, the journals are left for [`Models::tend_ledger`].
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub async fn keep_journal(
        &self,
        folder: &Path,
        bounds: Bounds,
    ) -> Result<Recovered, JournalError> {
        self.0.ledger.keep_journal(folder, bounds)?;
        let recovered = self.0.ledger.recover().await;
        let loaded = self.budgets().reload().await;
        for why in [recovered.as_ref().err(), loaded.as_ref().err()].into_iter().flatten() {
            warn!(
                error = why as &dyn std::error::Error,
                "The database does not answer; the usage ledger catches up later"
            );
        }
        Ok(recovered.unwrap_or_default())
    }

    /// What is done every few seconds: journals of processes that are no more are replayed, budgets
    /// that were changed are read, and leases are renewed or given back.
    pub async fn tend_ledger(&self) -> Result<Recovered, store::Error> {
        let recovered = self.0.ledger.recover().await;
        self.budgets().tend().await?;
        recovered
    }

    /// What is done every hour: rows older than the settings keep are forgotten, and the sums that
    /// budgets count with are counted again. Where they are not those of their rows, which no crash
    /// and no race brings about, the log says so.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), store::Error> {
        let store = &self.0.ledger.0.store;
        let before = now - self.0.settings.keep_usage;
        let swept: Result<u64, store::Error> =
            store.bookkeep("usage sweep", move |tx| usage::sweep(tx, before)).await;
        let swept = swept?;
        if swept > 0 {
            info!(rows = swept, "Forgot {swept} attempts of the usage ledger, being old");
        }
        let month = period::Period::Month.starts_at(now);
        for drift in store.read(move |db| spent::verify(db, month)).await? {
            error!(
                scope = %drift.pot.scope,
                id = drift.pot.id,
                period = %drift.pot.period,
                counted = drift.counted.cost.0,
                rows = drift.rows.cost.0,
                "What budgets count with is not what the rows of the usage ledger add up to"
            );
        }
        Ok(())
    }

    /// The budgets.
    pub fn budgets(&self) -> &Budgets {
        self.0.ledger.budgets()
    }
}

/// FNV-1a of 64 bits: tells what is whole from what is not, and one text from another. Not for
/// secrets. <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod house;
#[cfg(test)]
mod tests;

#[cfg(test)]
mod sample {
    use base::{TenantId, UsageId};

    use crate::{
        Cost, Usage,
        usage::{Entry, Outcome},
    };

    /// A request that has just begun.
    pub(super) fn entry() -> Entry {
        Entry {
            id: UsageId::generate(),
            asked: UsageId::generate(),
            tenant: TenantId::DEFAULT,
            job: None,
            caller: Some("usr_0".into()),
            key: None,
            operation: "test".into(),
            task: None,
            priority: None,
            provider: "local".into(),
            model: "small".into(),
            usage: Usage { tokens_in: 10, estimated: true, ..Usage::default() },
            cost: Cost::Unknown,
            prices: None,
            held: None,
            from_cache: false,
            latency_ms: 0,
            ttft_ms: None,
            outcome: Outcome::Abandoned,
            status: None,
            at: "2026-11-21T08:00:00Z".parse().unwrap(),
        }
    }
}
