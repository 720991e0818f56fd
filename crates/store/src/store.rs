//! The door: open a database, read from it, change it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use base::{Actor, Timestamp};

use crate::{
    Address, Db, Dialect, Error, Tx, audit, blob, db::Act, meter, postgres::Pool, rider,
    sqlite::Sqlite,
};

/// A database that is open. A clone is the same database.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    places: Arc<blob::Places>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Pool),
}

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// SQLite: threads for reads that take long, and as many connections for short ones.
    pub readers: usize,
    /// PostgreSQL: the most connections.
    pub pool_size: usize,
    /// The longest wait for a connection of the pool, or for another process that is writing.
    /// After that the answer is [`Error::Unavailable`].
    pub wait: Duration,
    /// SQLite: when a commit counts as kept.
    pub durability: Durability,
    /// SQLite: the most transactions that share one commit.
    pub group_max: usize,
    /// PostgreSQL: the longest time for one statement.
    pub statement_timeout: Duration,
    /// PostgreSQL: the longest time to make a connection.
    pub connect_timeout: Duration,
    /// Where the bytes of blobs lie.
    pub blobs: blob::Settings,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            pool_size: 16,
            wait: Duration::from_secs(2),
            durability: Durability::Full,
            group_max: 256,
            statement_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            blobs: blob::Settings::default(),
        }
    }
}

/// When SQLite says that a commit is kept.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// When the disk has it: `synchronous=FULL`. Survives loss of power.
    #[default]
    Full,
    /// When the operating system has it: `synchronous=NORMAL`. It saves one `fsync` for each group
    /// of commits, which matters most where few write at once. The database survives loss of power
    /// undamaged, but the last commits before it may be gone, although they were acknowledged.
    /// A crash of this process alone loses nothing.
    Normal,
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the database cannot be made, entered or written.
    #[error("cannot write into `{path}`, the folder of the database; change its owner or its mode")]
    Directory {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// SQLite's locks do not hold on such a file system.
    #[error(
        "`{path}` is on a network file system ({kind}), where SQLite would damage the database; \
         use a local disk, or PostgreSQL"
    )]
    NetworkFileSystem {
        /// The folder.
        path: PathBuf,
        /// What the system calls it.
        kind: String,
    },
    /// The SQLite that was linked has a bug that damages databases.
    #[error("SQLite {found} is linked, but 3.51.3 or newer is needed: rebuild with `bundled`")]
    TooOld {
        /// Its version.
        found: &'static str,
    },
    /// The file is no database, or damaged, or locked.
    #[error("cannot open the database `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: Error,
    },
    /// The address or its TLS settings cannot be used.
    #[error("the database address cannot be used: {what}")]
    Address {
        /// What is wrong with it.
        what: String,
    },
    /// What is said about the place of blobs cannot be used.
    #[error("the settings of blobs cannot be used: {what}")]
    Blobs {
        /// What is wrong, by its place in the settings.
        what: String,
    },
    /// The server does not answer, or refuses the user.
    #[error("cannot connect to {address}")]
    Server {
        /// The address without its password.
        address: String,
        /// What was said.
        #[source]
        source: Error,
    },
}

impl Store {
    /// Opens a database. Tables are made by [`crate::migrate`], not here.
    pub async fn open(address: &Address, options: Options) -> Result<Self, OpenError> {
        let places =
            blob::Places::open(&options.blobs).map_err(|what| OpenError::Blobs { what })?;
        let engine = match address {
            Address::Sqlite(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path, &options));
                Engine::Sqlite(opened.await.unwrap_or_else(|it| resume_unwind(it.into_panic()))?)
            }
            Address::Postgres(url) => {
                Engine::Postgres(Pool::open(url.reveal(), &address.to_string(), options).await?)
            }
        };
        Ok(Self { engine: Arc::new(engine), places: Arc::new(places) })
    }

    /// Reads: a snapshot, which never waits for writers.
    ///
    /// The closure must be short and must not wait for anything but the database. On SQLite a
    /// closure that has been quick (see `sqlite::readers`) runs right here; others run on a thread
    /// of their own. On PostgreSQL it runs on a blocking thread. A panic in it is the caller's.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.read(f).await,
            Engine::Postgres(pool) => read_postgres(pool, f).await,
        }
    }

    /// Reads what may be much: as [`Store::read`], but never on the caller's thread. For closures
    /// that are quick for most and take seconds for some: how quick they were says nothing then.
    pub async fn read_long<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.read_long(f).await,
            Engine::Postgres(pool) => read_postgres(pool, f).await,
        }
    }

    /// One transaction in the name of `actor`. It is kept when `f` returns `Ok`, and undone when
    /// it returns `Err` or panics (the panic then goes on in the caller).
    ///
    /// Once begun it is carried out, even if the caller stops waiting for the answer; a caller that
    /// stops waiting before its turn has come has nothing done.
    ///
    /// # Errors
    /// [`Error::NotAudited`] when `f` changed rows without [`Tx::audit`]; nothing is kept then.
    pub async fn write<T, E, F>(&self, actor: &Actor, now: Timestamp, f: F) -> Result<T, E>
    where
        F: FnOnce(&Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        // Asked here: the closure runs on another thread, which knows of no rider.
        let rider = rider::current();
        let act = Act { actor: actor.clone(), now };
        let with_rider = move |tx: &Tx| {
            let done = f(tx)?;
            if let Some(rider) = rider
                && tx.is_audited()
            {
                rider(tx)?;
            }
            Ok(done)
        };
        self.change("write", Some(act), with_rider).await
    }

    /// A transaction for what is nobody's act: leases, heartbeats, last-used times, ledgers,
    /// caches. It leaves no audit row. `what` names it in the log.
    pub async fn bookkeep<T, E, F>(&self, what: &'static str, f: F) -> Result<T, E>
    where
        F: FnOnce(&Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.change(what, None, f).await
    }

    async fn change<T, E, F>(&self, what: &'static str, act: Option<Act>, f: F) -> Result<T, E>
    where
        F: FnOnce(&Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.write(what, act, f).await,
            Engine::Postgres(pool) => {
                let session = pool.begin(false).await?;
                let work = move || {
                    let started = Instant::now();
                    let outcome = change_postgres(session, act, f);
                    count(&outcome, "write", started);
                    let took = started.elapsed();
                    if took > Duration::from_secs(1) {
                        let duration_ms = took.as_millis() as u64;
                        tracing::warn!(
                            transaction.what = what,
                            transaction.duration_ms = duration_ms,
                            "A transaction ({what}) took {duration_ms} ms"
                        );
                    }
                    outcome
                };
                joined(tokio::task::spawn_blocking(work).await)
            }
        }
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match &*self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Does the database answer?
    pub async fn ping(&self) -> Result<(), Error> {
        self.read(|db| db.one("SELECT 1 AS one", &[]).map(drop)).await
    }

    /// Finishes what is queued, folds SQLite's log into its file, and lets go of the database.
    /// Clones of this store answer [`Error::Unavailable`] from then on.
    pub async fn close(self) {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.close().await,
            Engine::Postgres(pool) => pool.close().await,
        }
    }

    /// The connections, when it is PostgreSQL.
    pub(crate) fn pool(&self) -> Option<&Pool> {
        match &*self.engine {
            Engine::Sqlite(_) => None,
            Engine::Postgres(pool) => Some(pool),
        }
    }

    /// The places of blobs.
    pub(crate) fn places(&self) -> &blob::Places {
        &self.places
    }

    /// The file, when it is SQLite.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.path().to_owned()),
            Engine::Postgres(_) => None,
        }
    }
}

async fn read_postgres<T, E, F>(pool: &Pool, f: F) -> Result<T, E>
where
    F: FnOnce(&Db) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let session = pool.begin(true).await?;
    let work = move || {
        let db = Db::new(crate::db::Link::Postgres(session));
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| f(&db)));
        let crate::db::Link::Postgres(session) = db.into_link() else {
            unreachable!("the session was put in above")
        };
        session.end_read();
        count(&outcome, "read", started);
        outcome
    };
    joined(tokio::task::spawn_blocking(work).await)
}

fn change_postgres<T, E, F>(
    session: crate::postgres::Session,
    act: Option<Act>,
    f: F,
) -> std::thread::Result<Result<T, E>>
where
    F: FnOnce(&Tx) -> Result<T, E>,
    E: From<Error>,
{
    let tx = Tx::new(Db::new(crate::db::Link::Postgres(session)), act);
    let outcome = catch_unwind(AssertUnwindSafe(|| f(&tx)));
    let outcome = outcome.map(|it| {
        it.and_then(|answer| {
            let crate::db::Link::Postgres(session) = tx.link() else {
                unreachable!("the session was put in above")
            };
            let entries = tx.settle(session.has_changed())?;
            let mut heads = audit::chain::Heads::default();
            heads.append(&tx, entries)?;
            heads.write(&tx)?;
            tx.mark_touched()?;
            session.commit()?;
            Ok(answer)
        })
    });
    let crate::db::Link::Postgres(session) = tx.into_db().into_link() else {
        unreachable!("the session was put in above")
    };
    session.end_write();
    outcome
}

/// Counts how a transaction ended.
pub(crate) fn count<T, E>(
    outcome: &std::thread::Result<Result<T, E>>,
    kind: &'static str,
    started: Instant,
) {
    meter::TRANSACTION_SECONDS.observe(started.elapsed().as_secs_f64(), &[kind]);
    let ended = match outcome {
        Ok(Ok(_)) if kind == "read" => "read",
        Ok(Ok(_)) => "committed",
        Ok(Err(_)) => "rolled_back",
        Err(_) => "panicked",
    };
    meter::TRANSACTIONS.increment(&[ended]);
}

fn joined<T, E: From<Error>>(
    joined: Result<std::thread::Result<Result<T, E>>, tokio::task::JoinError>,
) -> Result<T, E> {
    match joined {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(it) if it.is_panic() => resume_unwind(it.into_panic()),
        Err(_) => Err(Error::unavailable("the process is stopping").into()),
    }
}
