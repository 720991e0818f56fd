//! A query that nobody trusts, on SQLite: a connection of its own that can only read, views in memory,
//! and an authorizer that is asked about every table, column and function while the query is prepared.
//!
//! Each query has its own connection, so that nothing of one is there for the next. The views lie in
//! two layers: the inner one, whose name is drawn for this query alone, is the only one through which
//! the authorizer lets the tables be read. The outer ones have the names that a query knows.
//!
//! Start at [`ask`].

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};

use crate::{
    Error, Value,
    guarded::{COLUMNS_MAX, OWN_PREFIX, Query, Refusal, Table},
};

/// What a query may call.
const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "floor",
    "group_concat",
    "if",
    "ifnull",
    "iif",
    "instr",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "percent_rank",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "typeof",
    "unixepoch",
    "upper",
];

/// The largest value that a query may make: with room for the documents that the views read.
const VALUE_BYTES_MAX: i32 = 8 << 20;
/// The most steps of the program that SQLite makes of a query.
const PROGRAM_STEPS_MAX: i32 = 100_000;
/// So many of its steps are taken between two looks at the clock.
const STEPS_PER_LOOK: i32 = 1_000;
/// How long a query waits for the file.
const WAIT: Duration = Duration::from_secs(2);

/// Runs the query. Blocks.
pub(crate) fn ask(path: &Path, query: &Query) -> Result<Table, Refusal> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(own)?;
    let secret = secret();
    let existing = lay_out(&connection, query, &secret).map_err(own)?;
    bound(&connection).map_err(own)?;
    if query.text.contains(secret.as_str()) {
        // Nobody can know it. Who does could put a name of theirs in front of a table.
        return Err(Refusal::forbidden("the query names what is not there"));
    }
    let denied = Denied::default();
    let warden = Warden {
        views: query.views.iter().map(|it| it.name.clone()).collect(),
        tables: query.tables,
        secret,
        existing,
    };
    let noted = denied.clone();
    connection
        .authorizer(Some(move |asked: AuthContext<'_>| match warden.decide(&asked) {
            Ok(()) => Authorization::Allow,
            Err(refusal) => {
                noted.note(refusal);
                Authorization::Deny
            }
        }))
        .map_err(own)?;
    let (started, limit) = (Instant::now(), query.limits.time);
    connection
        .progress_handler(STEPS_PER_LOOK, Some(move || started.elapsed() > limit))
        .map_err(own)?;
    run(&connection, query).map_err(|error| match (denied.take(), error) {
        (Some(refusal), _) | (None, Failed::Refused(refusal)) => refusal,
        (None, Failed::Prepared(error)) => meaning_before(&error, query),
        (None, Failed::AtWork(error)) => meaning(&error, query),
    })
}

/// What became of a query that did not come to its end.
enum Failed {
    /// It could not be prepared: what SQLite says is about the query alone.
    Prepared(rusqlite::Error),
    /// It failed while it ran: what SQLite says may be about values.
    AtWork(rusqlite::Error),
    Refused(Refusal),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::AtWork(error)
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn run(connection: &Connection, query: &Query) -> Result<Table, Failed> {
    let limits = query.limits;
    let mut statement = connection.prepare(&query.text).map_err(Failed::Prepared)?;
    if statement.is_explain() != 0 || !statement.readonly() {
        return Err(Refusal::forbidden("only a SELECT is run").into());
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    if columns.is_empty() {
        return Err(Refusal::wrong("there is no query").into());
    }
    if columns.len() > COLUMNS_MAX {
        let what =
            format!("the answer would have {} columns; at most {COLUMNS_MAX}", columns.len());
        return Err(Refusal::too_much(what).into());
    }
    let mut table = Table { columns, rows: Vec::new(), is_cut: false, took: Duration::ZERO };
    let mut bytes = 0;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if table.rows.len() >= limits.rows {
            table.is_cut = true;
            break;
        }
        let mut values = Vec::with_capacity(table.columns.len());
        for at in 0..table.columns.len() {
            let value = owned(row.get_ref(at)?, limits.cell_chars);
            bytes += size(&value);
            values.push(value);
        }
        if bytes > limits.bytes {
            table.is_cut = true;
            break;
        }
        table.rows.push(values);
    }
    Ok(table)
}

/// Makes the views, and tells which names are taken by something else.
fn lay_out(
    connection: &Connection,
    query: &Query,
    secret: &str,
) -> rusqlite::Result<HashSet<String>> {
    connection.busy_timeout(WAIT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // What is sorted and does not fit is put on disk, so that a query takes time and not memory.
    connection.execute_batch(
        "PRAGMA temp_store = FILE; PRAGMA cache_size = -4096; PRAGMA trusted_schema = OFF;",
    )?;
    for view in &query.views {
        let (name, columns) = (&view.name, view.columns.join(", "));
        connection.execute_batch(&format!(
            "CREATE TEMP VIEW {secret}_{name} ({columns}) AS {};
             CREATE TEMP VIEW {name} ({columns}) AS SELECT {columns} FROM temp.{secret}_{name};",
            view.rows
        ))?;
    }
    let mut existing = HashSet::new();
    for sql in
        ["SELECT lower(name) FROM main.sqlite_master", "SELECT lower(name) FROM pragma_module_list"]
    {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            existing.insert(row.get(0)?);
        }
    }
    connection.execute_batch("PRAGMA query_only = ON;")?;
    Ok(existing)
}

/// Bounds on what a query can make SQLite do. After the views: they are of the house.
fn bound(connection: &Connection) -> rusqlite::Result<()> {
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 20),
        (Limit::SQLITE_LIMIT_VDBE_OP, PROGRAM_STEPS_MAX),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 0),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, most)?;
    }
    Ok(())
}

/// Decides what a query may reach, while it is prepared.
struct Warden {
    views: HashSet<String>,
    tables: &'static [&'static str],
    /// The beginning of the names of the inner views.
    secret: String,
    /// Everything that has a name in the file or in the library, in lower case.
    existing: HashSet<String>,
}

impl Warden {
    fn decide(&self, asked: &AuthContext<'_>) -> Result<(), Refusal> {
        // The innermost view through which this is reached. A query that calls a part of itself like
        // a view has that part's name here; none can be called like an inner one.
        let is_inside = asked.accessor.is_some_and(|it| self.is_inner(it));
        match asked.action {
            AuthAction::Select => Ok(()),
            AuthAction::Read { table_name, column_name } => {
                let table = table_name.to_lowercase();
                let is_view = self.views.contains(&table) || self.is_inner(table_name);
                let is_own = is_inside && self.tables.contains(&table_name);
                // A part of the query itself, of which no column is used: `count(*)` over it.
                let is_part = column_name.is_empty() && !self.exists(&table);
                if is_view || is_own || is_part {
                    return Ok(());
                }
                Err(Refusal::forbidden(format!("there is no table `{}`", shown(table_name))))
            }
            AuthAction::Function { function_name } => {
                let name = function_name.to_ascii_lowercase();
                if is_inside || FUNCTIONS.contains(&name.as_str()) {
                    return Ok(());
                }
                let what = format!("the function `{}` may not be called", shown(function_name));
                Err(Refusal::unusual(what))
            }
            AuthAction::Recursive => Err(Refusal::unusual("a query may not be recursive")),
            _ => Err(Refusal::forbidden("only a SELECT is run, over the tables that were listed")),
        }
    }

    fn is_inner(&self, name: &str) -> bool {
        name.strip_prefix(self.secret.as_str())
            .and_then(|it| it.strip_prefix('_'))
            .is_some_and(|it| self.views.contains(it))
    }

    fn exists(&self, table: &str) -> bool {
        self.existing.contains(table)
            || table.starts_with("sqlite_")
            || table.starts_with("pragma_")
    }
}

/// The first thing that was denied: SQLite says that it was, not why.
#[derive(Clone, Default)]
struct Denied(Arc<Mutex<Option<Refusal>>>);

impl Denied {
    fn note(&self, refusal: Refusal) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(refusal);
    }

    fn take(&self) -> Option<Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The beginning of names that no query can know.
fn secret() -> String {
    format!("{OWN_PREFIX}{}", base::RecordId::generate().uuid().as_simple())
}

/// What an error means that came before the query ran. SQLite's words are about its text alone.
fn meaning_before(error: &rusqlite::Error, query: &Query) -> Refusal {
    match error {
        rusqlite::Error::MultipleStatement => {
            Refusal::forbidden("only one statement is run, and this is more than one")
        }
        rusqlite::Error::SqlInputError { msg, .. } => Refusal::wrong(shown(msg)),
        rusqlite::Error::SqliteFailure(code, Some(message)) if code.code == ErrorCode::Unknown => {
            Refusal::wrong(shown(message))
        }
        other => meaning(other, query),
    }
}

/// What an error means, in the house's own words.
fn meaning(error: &rusqlite::Error, query: &Query) -> Refusal {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Refusal::too_long(query.limits.time),
        Some(ErrorCode::TooBig) => Refusal::too_much("a value became too large"),
        Some(ErrorCode::OutOfMemory) => Refusal::too_much("the query took too much memory"),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            Refusal::too_much("the query needed more room than there is")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::unavailable("another process is writing to the database").into()
        }
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => {
            Refusal::forbidden("only a SELECT is run, over the tables that were listed")
        }
        _ => Refusal::wrong("the query could not be carried out: a value did not fit"),
    }
}

/// What the house itself did went wrong.
fn own(error: rusqlite::Error) -> Refusal {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::unavailable("another process is writing to the database").into()
        }
        _ => Error::failed_by("the views of a question could not be made", error).into(),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

fn owned(value: ValueRef<'_>, most: usize) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => {
            Value::Text(String::from_utf8_lossy(text).chars().take(most).collect())
        }
        ValueRef::Blob(bytes) => Value::Text(format!("({} bytes)", bytes.len())),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        _ => 8,
    }
}
