//! What a closure sees of the database: [`Db`] to read, [`Tx`] to change.

use std::{cell::RefCell, collections::BTreeSet, ops::Deref};

use base::{Actor, TenantId, Timestamp};

use crate::{Error, Row, Value, audit, mark, postgres::Session, sqlite::File};

/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite, in the process.
    Sqlite,
    /// PostgreSQL, on a server.
    Postgres,
}

/// A whole statement with `$1`, `$2`…, in the words of each database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql<'a> {
    /// For SQLite.
    pub sqlite: &'a str,
    /// For PostgreSQL.
    pub postgres: &'a str,
}

impl<'a> Sql<'a> {
    /// The same text for both.
    pub const fn same(text: &'a str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    pub(crate) const fn of(self, dialect: Dialect) -> &'a str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

impl<'a> From<&'a str> for Sql<'a> {
    fn from(text: &'a str) -> Self {
        Self::same(text)
    }
}

impl<'a> From<&'a String> for Sql<'a> {
    fn from(text: &'a String) -> Self {
        Self::same(text)
    }
}

/// A consistent view of the database, for as long as the closure runs.
pub struct Db {
    link: Link,
}

/// The connection behind a [`Db`].
pub(crate) enum Link {
    Sqlite(File),
    Postgres(Session),
}

impl Db {
    pub(crate) fn new(link: Link) -> Self {
        Self { link }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn into_link(self) -> Link {
        self.link
    }

    /// All rows of an answer. They are all held in memory: give the statement a `LIMIT`.
    pub fn query<'a>(&self, sql: impl Into<Sql<'a>>, params: &[Value]) -> Result<Vec<Row>, Error> {
        Value::check(params)?;
        match &self.link {
            Link::Sqlite(file) => file.query(sql.into().sqlite, params, usize::MAX),
            Link::Postgres(session) => session.query(sql.into().postgres, params),
        }
    }

    /// The first row of an answer, if there is one.
    pub fn first<'a>(
        &self,
        sql: impl Into<Sql<'a>>,
        params: &[Value],
    ) -> Result<Option<Row>, Error> {
        Value::check(params)?;
        let rows = match &self.link {
            Link::Sqlite(file) => file.query(sql.into().sqlite, params, 1)?,
            Link::Postgres(session) => session.query(sql.into().postgres, params)?,
        };
        Ok(rows.into_iter().next())
    }

    /// The first row of an answer.
    ///
    /// # Errors
    /// [`Error::NoRow`] when there is none.
    pub fn one<'a>(&self, sql: impl Into<Sql<'a>>, params: &[Value]) -> Result<Row, Error> {
        self.first(sql, params)?.ok_or(Error::NoRow)
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.link {
            Link::Sqlite(_) => Dialect::Sqlite,
            Link::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// A transaction that can change rows. It is kept when its closure returns `Ok`.
pub struct Tx {
    db: Db,
    act: Option<Act>,
    entries: RefCell<Vec<audit::Entry>>,
    touched: RefCell<BTreeSet<(String, TenantId)>>,
}

/// Who changes, and when.
pub(crate) struct Act {
    pub actor: Actor,
    pub now: Timestamp,
}

/// The most rows of one statement of [`Tx::insert_many`].
const ROWS_MAX: usize = 50;

/// SQLite takes 32,766 parameters in one statement, PostgreSQL 65,535.
const PARAMS_MAX: usize = 32_000;

impl Tx {
    pub(crate) fn new(db: Db, act: Option<Act>) -> Self {
        Self { db, act, entries: RefCell::default(), touched: RefCell::default() }
    }

    pub(crate) fn into_db(self) -> Db {
        self.db
    }

    /// Runs a statement; says how many rows it changed.
    pub fn execute<'a>(&self, sql: impl Into<Sql<'a>>, params: &[Value]) -> Result<u64, Error> {
        Value::check(params)?;
        match &self.db.link {
            Link::Sqlite(file) => file.execute(sql.into().sqlite, params),
            Link::Postgres(session) => session.execute(sql.into().postgres, params),
        }
    }

    /// Inserts many rows, 50 or so to a statement; says how many. All of them, or none.
    ///
    /// `table` and `columns` are names known when the program is compiled, because they become
    /// part of the statement's text.
    pub fn insert_many(
        &self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Vec<Value>>,
    ) -> Result<u64, Error> {
        if let Some(row) = rows.iter().find(|it| it.len() != columns.len()) {
            return Err(Error::failed(format!(
                "a row of {} values was given for the {} columns of `{table}`",
                row.len(),
                columns.len()
            )));
        }
        for row in &rows {
            Value::check(row)?;
        }
        let per_statement = (PARAMS_MAX / columns.len().max(1)).clamp(1, ROWS_MAX);
        let mut statements = Vec::new();
        let mut rows = rows.into_iter();
        loop {
            let chunk: Vec<Vec<Value>> = rows.by_ref().take(per_statement).collect();
            if chunk.is_empty() {
                break;
            }
            statements.push((chunk.len(), chunk.into_iter().flatten().collect::<Vec<_>>()));
        }
        let text = |count| insert_text(table, columns, count);
        match &self.db.link {
            Link::Sqlite(file) => file.execute_all(text, &statements),
            Link::Postgres(session) => session.execute_all(text, &statements),
        }
    }

    /// Says what this transaction is, to those who will ask. The row is written at the commit.
    pub fn audit(&self, entry: audit::Entry) {
        self.entries.borrow_mut().push(entry);
    }

    /// Waits until no other transaction holds this name, then holds it until the end.
    ///
    /// On PostgreSQL this is what makes "load, decide, save" safe. SQLite has one writer, so there
    /// is nothing to wait for.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when another transaction did not let go in time.
    pub fn hold(&self, name: &str) -> Result<(), Error> {
        match &self.db.link {
            Link::Sqlite(_) => Ok(()),
            Link::Postgres(session) => session.hold(name),
        }
    }

    /// The time that [`crate::Store::write`] was given.
    ///
    /// # Panics
    /// In [`crate::Store::bookkeep`], which is given none: pass the time into the closure.
    pub fn now(&self) -> Timestamp {
        self.act.as_ref().expect("bookkeeping has no time of its own: pass it into the closure").now
    }

    /// Runs a script of several statements without parameters.
    pub(crate) fn batch(&self, sql: Sql<'_>) -> Result<(), Error> {
        match &self.db.link {
            Link::Sqlite(file) => file.batch(sql.sqlite),
            Link::Postgres(session) => session.batch(sql.postgres),
        }
    }

    /// Has the transaction said something to the audit log?
    pub(crate) fn is_audited(&self) -> bool {
        !self.entries.borrow().is_empty()
    }

    pub(crate) fn act(&self) -> Option<&Act> {
        self.act.as_ref()
    }

    pub(crate) fn set_act(&mut self, act: Option<Act>) {
        self.act = act;
        self.entries.get_mut().clear();
        self.touched.get_mut().clear();
    }

    /// Notes what has changed, for [`Tx::mark_touched`].
    pub(crate) fn touch(&self, name: &str, tenant: TenantId) {
        self.touched.borrow_mut().insert((name.to_owned(), tenant));
    }

    /// Moves the marks of what has changed; the last thing before the commit.
    pub(crate) fn mark_touched(&self) -> Result<(), Error> {
        let touched: Vec<(String, TenantId)> = self.touched.take().into_iter().collect();
        mark::write(self, &touched)
    }

    /// Takes what the closure said, or tells why the transaction may not be kept.
    pub(crate) fn settle(&self, changed: bool) -> Result<Vec<audit::Entry>, Error> {
        let entries = self.entries.take();
        match &self.act {
            Some(_) if changed && entries.is_empty() => Err(Error::NotAudited),
            None if !entries.is_empty() => Err(Error::failed(
                "bookkeeping has no actor, so it cannot be audited: use `Store::write`",
            )),
            _ => Ok(entries),
        }
    }
}

impl Deref for Tx {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

fn insert_text(table: &str, columns: &[&str], rows: usize) -> String {
    let mut text = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut at = 0;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            at += 1;
            if column > 0 {
                text.push_str(", ");
            }
            text.push('$');
            text.push_str(&at.to_string());
        }
        text.push(')');
    }
    text
}
