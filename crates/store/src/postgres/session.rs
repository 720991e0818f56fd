//! One transaction on one connection, from its `BEGIN` to its end.
//!
//! It lives on a thread that may block: each statement is waited for there. A statement that fails
//! undoes only itself, as on SQLite, because each that may change something has a savepoint, sent
//! along in the same packet.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio_postgres::types::Type;

use super::{is_connection, meaning, pool::Lease, wire};
use crate::{Error, Row, Value, meter};

/// A transaction that has begun.
pub(crate) struct Session {
    lease: RefCell<Lease>,
    runtime: Handle,
    reads: bool,
    limit: Duration,
    state: Cell<State>,
    has_changed: Cell<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    /// A statement without a savepoint failed: the server takes nothing but a rollback.
    Aborted,
    /// The connection is of no use any more.
    Broken,
    /// Committed or rolled back.
    Ended,
}

impl Session {
    pub(super) fn new(lease: Lease, reads: bool, limit: Duration) -> Self {
        Self {
            lease: RefCell::new(lease),
            runtime: Handle::current(),
            reads,
            limit,
            state: Cell::new(State::Open),
            has_changed: Cell::new(false),
        }
    }

    pub(crate) fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        let (rows, count) = self.guarded(sql, async |client| rows(client, sql, params).await)?;
        self.note(sql, count);
        wire::rows(&rows)
    }

    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        let count = self.guarded(sql, async |client| count(client, sql, params).await)?;
        self.note(sql, count);
        Ok(count)
    }

    /// Runs one text for each number of rows; all of them, or none.
    pub(crate) fn execute_all(
        &self,
        text: impl Fn(usize) -> String,
        statements: &[(usize, Vec<Value>)],
    ) -> Result<u64, Error> {
        let Some((rows, _)) = statements.first() else { return Ok(0) };
        let shown = text((*rows).min(1));
        let changed = self.guarded(&shown, async |client| {
            let mut changed = 0;
            for (rows, params) in statements {
                changed += count(client, &text(*rows), params).await?;
            }
            Ok(changed)
        })?;
        self.note(&shown, changed);
        Ok(changed)
    }

    /// Runs a script without a limit of time.
    pub(crate) fn batch(&self, script: &str) -> Result<(), Error> {
        let script = format!("SET LOCAL statement_timeout = 0; {script}");
        self.check()?;
        let lease = self.lease.borrow();
        let done = self.runtime.block_on(lease.client().batch_execute(&script));
        done.map_err(|it| self.failed(it, &script))
    }

    /// Runs what is not the house's own. What goes wrong is told as the server tells it, and is the
    /// end of the transaction: there is no way back but to undo it.
    pub(super) fn foreign<T>(
        &self,
        run: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<Result<T, tokio_postgres::Error>, Error> {
        self.check()?;
        let lease = self.lease.borrow();
        let client = lease.client();
        match self.runtime.block_on(self.within(async { run(client).await })) {
            Ok(Ok(done)) => Ok(Ok(done)),
            Ok(Err(error)) => {
                let state = if is_connection(&error) { State::Broken } else { State::Aborted };
                self.state.set(state);
                Ok(Err(error))
            }
            Err(error) => {
                self.state.set(State::Broken);
                Err(error)
            }
        }
    }

    pub(crate) fn hold(&self, name: &str) -> Result<(), Error> {
        let digest = Sha256::digest(name.as_bytes());
        let mut key = [0; 8];
        key.copy_from_slice(&digest[..8]);
        let params = [Value::Int(i64::from_be_bytes(key))];
        self.query("SELECT pg_advisory_xact_lock(CAST($1 AS BIGINT))", &params).map(drop)
    }

    /// Has a statement changed a row?
    pub(crate) fn has_changed(&self) -> bool {
        self.has_changed.get()
    }

    pub(crate) fn commit(&self) -> Result<(), Error> {
        self.check()?;
        let lease = self.lease.borrow();
        let commit = self.within(lease.client().batch_execute("COMMIT"));
        match self.runtime.block_on(commit) {
            Ok(Ok(())) => {
                self.state.set(State::Ended);
                Ok(())
            }
            Ok(Err(error)) if !is_connection(&error) => Err(self.failed(error, "COMMIT")),
            // The one case in which nobody can know: the server may have kept it or not.
            Ok(Err(_)) | Err(_) => {
                self.state.set(State::Broken);
                Err(Error::unavailable(
                    "the connection was lost during the commit; look whether the change is there \
                     before making it again",
                ))
            }
        }
    }

    /// Ends a transaction that only read.
    pub(crate) fn end_read(self) {
        self.end();
    }

    /// Undoes the transaction if it was not committed, and gives the connection back.
    pub(crate) fn end_write(self) {
        self.end();
    }

    fn end(self) {
        let is_clean = match self.state.get() {
            State::Ended => true,
            State::Broken => false,
            State::Open | State::Aborted => {
                let lease = self.lease.borrow();
                let undone = self.within(lease.client().batch_execute("ROLLBACK"));
                matches!(self.runtime.block_on(undone), Ok(Ok(())))
            }
        };
        if is_clean {
            self.lease.into_inner().set_clean();
        }
    }

    /// Runs something that, if it fails, leaves the transaction as it was before.
    fn guarded<T>(
        &self,
        sql: &str,
        run: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Error> {
        self.check()?;
        let started = Instant::now();
        let lease = self.lease.borrow();
        let client = lease.client();
        let is_plain = self.reads || starts_with(sql, "SELECT");
        let done = self.runtime.block_on(self.within(async {
            if is_plain {
                return run(client).await.inspect_err(|_| self.state.set(State::Aborted));
            }
            // In this order, and on the way before the first answer is back.
            let (begun, done) =
                tokio::join!(biased; client.batch_execute("SAVEPOINT one"), run(client));
            begun?;
            let end = if done.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
            if let Err(error) = client.batch_execute(end).await {
                self.state.set(State::Aborted);
                return done.and(Err(error));
            }
            done
        }));
        meter::statement(sql, started.elapsed());
        match done {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.failed(error, sql)),
            Err(error) => {
                self.state.set(State::Broken);
                Err(error)
            }
        }
    }

    /// The server has its own limit; this one is for a server that is gone without a word.
    async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        let limit = self.limit + Duration::from_secs(5);
        let late = |_| Error::unavailable("the database does not answer");
        tokio::time::timeout(limit, work).await.map_err(late)
    }

    fn check(&self) -> Result<(), Error> {
        match self.state.get() {
            State::Open => Ok(()),
            State::Broken => Err(Error::unavailable("the connection to the database was lost")),
            State::Aborted | State::Ended => {
                Err(Error::failed("the transaction was undone by an earlier statement that failed"))
            }
        }
    }

    fn failed(&self, error: tokio_postgres::Error, sql: &str) -> Error {
        if is_connection(&error) {
            self.state.set(State::Broken);
        }
        meaning(error, sql)
    }

    fn note(&self, sql: &str, count: u64) {
        let changes =
            |sql| ["INSERT", "UPDATE", "DELETE", "MERGE"].iter().any(|it| starts_with(sql, it));
        let is_change = changes(sql)
            || (starts_with(sql, "WITH") && sql.split(['(', ')', ' ', '\n']).any(changes));
        if is_change && count > 0 {
            self.has_changed.set(true);
        }
    }
}

fn starts_with(sql: &str, word: &str) -> bool {
    sql.trim_start().get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word))
}

async fn rows(
    client: &tokio_postgres::Client,
    sql: &str,
    params: &[Value],
) -> Result<(Vec<tokio_postgres::Row>, u64), tokio_postgres::Error> {
    let stream = client.query_typed_raw(sql, params.iter().map(wire::param)).await?;
    let mut stream = pin!(stream);
    let rows = stream.by_ref().try_collect().await?;
    Ok((rows, stream.rows_affected().unwrap_or(0)))
}

async fn count(
    client: &tokio_postgres::Client,
    sql: &str,
    params: &[Value],
) -> Result<u64, tokio_postgres::Error> {
    let params: Vec<(wire::Param<'_>, Type)> = params.iter().map(wire::param).collect();
    let params: Vec<_> = params
        .iter()
        .map(|(it, kind)| (it as &(dyn tokio_postgres::types::ToSql + Sync), kind.clone()))
        .collect();
    client.execute_typed(sql, &params).await
}
