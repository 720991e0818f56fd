//! One connection to the file: its settings, its statements, and what its errors mean.

use std::{
    cell::RefCell, collections::HashMap, path::Path, sync::Arc, time::Duration, time::Instant,
};

use rusqlite::{
    CachedStatement, Connection, ErrorCode, OpenFlags, ToSql,
    config::DbConfig,
    ffi,
    types::{ToSqlOutput, ValueRef},
};

use crate::{Durability, Error, Row, Value, error::brief, meter};

/// One connection.
pub(crate) struct File {
    connection: Connection,
    places: RefCell<HashMap<Box<str>, Arc<[usize]>>>,
}

/// The most statements whose parameters are remembered; a few more than are prepared at once.
const PLACES_MAX: usize = 512;

impl File {
    /// A connection that may write.
    pub(super) fn writer(
        path: &Path,
        wait: Duration,
        durability: Durability,
    ) -> Result<Self, Error> {
        let file = Self::open(path, wait, 256)?;
        let synchronous = match durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
        };
        // The log is folded in every 16 MB: rarely enough that its fsyncs do not count.
        file.settings(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;
             PRAGMA cache_size = -8192;"
        ))?;
        Ok(file)
    }

    /// A connection that only reads.
    pub(super) fn reader(path: &Path, wait: Duration) -> Result<Self, Error> {
        let file = Self::open(path, wait, 128)?;
        file.settings("PRAGMA query_only = ON; PRAGMA cache_size = -4096;")?;
        Ok(file)
    }

    /// A connection that copies the file. It may not be told to only read: SQLite counts the copy.
    pub(super) fn copier(path: &Path, wait: Duration) -> Result<Self, Error> {
        Self::open(path, wait, 1)
    }

    fn open(path: &Path, wait: Duration, statements: usize) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|it| meaning(it, "opening the file"))?;
        connection.set_prepared_statement_cache_capacity(statements);
        connection.busy_timeout(wait).map_err(|it| meaning(it, "opening the file"))?;
        // Without this SQLite prepares a cached statement anew whenever a parameter changes, to see
        // whether its value wants another plan: a third of the time of a read by id.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(|it| meaning(it, "opening the file"))?;
        let file = Self { connection, places: RefCell::default() };
        file.settings(
            "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;",
        )?;
        Ok(file)
    }

    fn settings(&self, pragmas: &str) -> Result<(), Error> {
        self.connection.execute_batch(pragmas).map_err(|it| meaning(it, "opening the file"))
    }

    /// At most `rows_max` rows of an answer.
    pub(crate) fn query(
        &self,
        sql: &str,
        params: &[Value],
        rows_max: usize,
    ) -> Result<Vec<Row>, Error> {
        let started = Instant::now();
        let mut statement = self.bound(sql, params)?;
        let columns: Arc<[Box<str>]> = (0..statement.column_count())
            .map(|at| Box::from(statement.column_name(at).unwrap_or_default()))
            .collect();
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while found.len() < rows_max
            && let Some(row) = rows.next().map_err(|it| meaning(it, sql))?
        {
            let mut values = Vec::with_capacity(columns.len());
            for (at, column) in columns.iter().enumerate() {
                let value = row.get_ref(at).map_err(|it| meaning(it, sql))?;
                values.push(owned(value, column)?);
            }
            found.push(Row::new(columns.clone(), values));
        }
        drop(rows);
        drop(statement);
        meter::statement(sql, started.elapsed());
        Ok(found)
    }

    /// Runs a statement; says how many rows it changed itself, without those of triggers.
    pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<u64, Error> {
        let started = Instant::now();
        let before = self.changes();
        let mut statement = self.bound(sql, params)?;
        let mut rows = statement.raw_query();
        while rows.next().map_err(|it| meaning(it, sql))?.is_some() {}
        drop(rows);
        drop(statement);
        meter::statement(sql, started.elapsed());
        // A statement that changes nothing leaves the count of the one before it.
        Ok(if self.changes() == before { 0 } else { self.connection.changes() })
    }

    /// Runs one text for each number of rows; all of them, or none.
    pub(crate) fn execute_all(
        &self,
        text: impl Fn(usize) -> String,
        statements: &[(usize, Vec<Value>)],
    ) -> Result<u64, Error> {
        let run = || -> Result<u64, Error> {
            let mut changed = 0;
            let mut last = (0, String::new());
            for (rows, params) in statements {
                if last.0 != *rows {
                    last = (*rows, text(*rows));
                }
                changed += self.execute(&last.1, params)?;
            }
            Ok(changed)
        };
        if statements.len() < 2 {
            return run();
        }
        self.control("SAVEPOINT several")?;
        match run() {
            Ok(changed) => self.control("RELEASE several").map(|()| changed),
            Err(error) => {
                self.control("ROLLBACK TO several")?;
                self.control("RELEASE several")?;
                Err(error)
            }
        }
    }

    /// Runs a script.
    pub(crate) fn batch(&self, script: &str) -> Result<(), Error> {
        self.connection.execute_batch(script).map_err(|it| meaning(it, script))
    }

    /// Begins or ends something: a statement of this room without parameters or rows.
    pub(super) fn control(&self, sql: &'static str) -> Result<(), Error> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|it| meaning(it, sql))?;
        statement.raw_execute().map(drop).map_err(|it| meaning(it, sql))
    }

    /// Rows changed since the connection was opened, by triggers too.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// Is a transaction open?
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn bound(&self, sql: &str, params: &[Value]) -> Result<CachedStatement<'_>, Error> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|it| meaning(it, sql))?;
        let places = self.places(sql, &statement);
        let most = places.iter().copied().max().unwrap_or(0);
        if most != params.len() || places.contains(&0) {
            return Err(misnumbered(sql, params.len()));
        }
        for (at, number) in places.iter().enumerate() {
            statement
                .raw_bind_parameter(at + 1, Bound(&params[number - 1]))
                .map_err(|it| meaning(it, sql))?;
        }
        Ok(statement)
    }

    /// The number of each parameter, in the order SQLite counts them; 0 for a name that is no number.
    ///
    /// To SQLite `$2` is a name, whatever its place; its number is in it. Finding a name takes it
    /// longer the more there are, so it is asked once for each statement.
    fn places(&self, sql: &str, statement: &CachedStatement<'_>) -> Arc<[usize]> {
        let mut known = self.places.borrow_mut();
        if let Some(places) = known.get(sql) {
            return places.clone();
        }
        let number = |at| statement.parameter_name(at)?.strip_prefix('$')?.parse().ok();
        let places: Arc<[usize]> =
            (1..=statement.parameter_count()).map(|at| number(at).unwrap_or(0)).collect();
        if known.len() >= PLACES_MAX {
            known.clear();
        }
        known.insert(sql.into(), places.clone());
        places
    }
}

fn misnumbered(sql: &str, given: usize) -> Error {
    Error::failed(format!("the statement does not use parameters $1 to ${given}: {}", brief(sql)))
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn owned(value: ValueRef<'_>, column: &str) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => return Err(Error::column(column, "the text is not UTF-8")),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

/// What SQLite calls a write that the file system did not take.
const FAILED_WRITES: [i32; 4] = [
    ffi::SQLITE_IOERR_WRITE,
    ffi::SQLITE_IOERR_FSYNC,
    ffi::SQLITE_IOERR_TRUNCATE,
    ffi::SQLITE_IOERR_SHMSIZE,
];

/// What an error of SQLite means to the caller.
fn meaning(error: rusqlite::Error, sql: &str) -> Error {
    let (code, message) = match &error {
        rusqlite::Error::SqliteFailure(code, message) => (*code, message.clone()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (*error, Some(msg.clone())),
        _ => return Error::failed_by(format!("a statement failed: {}", brief(sql)), error),
    };
    let message = message.unwrap_or_else(|| error.to_string());
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Error::unavailable(format!("another process is writing to the database ({message})"))
        }
        ErrorCode::OperationInterrupted => Error::unavailable("the statement was interrupted"),
        ErrorCode::DiskFull => Error::Full,
        // SQLite says "full" only of ENOSPC; a quota or a limit of file sizes is a failed write to it.
        ErrorCode::SystemIoFailure if FAILED_WRITES.contains(&code.extended_code) => Error::Full,
        ErrorCode::ConstraintViolation => match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE => Error::Unique { index: index(&message, false) },
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
                Error::Unique { index: index(&message, true) }
            }
            _ => Error::Constraint { what: message },
        },
        _ => Error::failed_by(format!("{message}, in: {}", brief(sql)), error),
    }
}

/// The name PostgreSQL would give: `items_tenant_code` of "UNIQUE constraint failed: items.tenant,
/// items.code", `items_pkey` for a primary key, and the name itself for an index on an expression.
fn index(message: &str, is_primary: bool) -> String {
    let list = message.rsplit_once(": ").map_or(message, |it| it.1);
    if let Some(name) = list.strip_prefix("index '") {
        return name.trim_end_matches('\'').to_owned();
    }
    let mut name = String::new();
    for column in list.split(", ") {
        let (table, column) = column.split_once('.').unwrap_or(("", column));
        if name.is_empty() {
            name.push_str(table);
            if is_primary {
                name.push_str("_pkey");
                break;
            }
        }
        name.push('_');
        name.push_str(column);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, is_primary: bool, expected: &str) {
        assert_eq!(index(message, is_primary), expected);
    }

    #[test]
    fn an_index_gets_the_name_that_postgresql_knows_it_by() {
        check("UNIQUE constraint failed: items.tenant, items.code", false, "items_tenant_code");
        check("UNIQUE constraint failed: items.tenant, items.id", true, "items_pkey");
        check("UNIQUE constraint failed: index 'clients_slug'", false, "clients_slug");
    }
}
