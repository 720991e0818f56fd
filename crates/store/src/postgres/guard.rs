//! A query that nobody trusts, on PostgreSQL: in a transaction of its own, as a role that has no right
//! but on the views made for it.
//!
//! The views are temporary, bar what is in them (`security_barrier`) and have their values written into
//! them: no setting that a query could change decides what they show. The query becomes a view itself,
//! so that the server reads it without running it; its tree is looked through ([`super::tree`]), the
//! transaction is made one that only reads, the planner says what it expects, and then that same tree
//! runs, without being read a second time. In the end everything is rolled back.
//!
//! Start at [`ask`].

use std::{collections::HashSet, time::Duration};

use tokio_postgres::error::SqlState;

use super::{
    Pool, Session, is_connection, meaning,
    tree::{self, Allowed, Fault},
    wire,
};
use crate::{
    Error, Row, Value,
    guarded::{COLUMNS_MAX, Query, Refusal, Table},
};

/// The role of such queries. It belongs to the server, not to one database, and holds no rights.
const ROLE: &str = "mainstay_questions";

/// The name of the view that the query becomes.
const ANSWER: &str = "mainstay_answer";

/// Makes the role, and lets this user become it. Replicas take turns; what another database of the
/// server does at the same time is fine.
const PREPARE: &str = "
    DO $do$ DECLARE kind TEXT; BEGIN
      PERFORM pg_catalog.pg_advisory_xact_lock(7046029254386353131);
      kind := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
      IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = 'mainstay_questions') THEN
        BEGIN
          CREATE ROLE mainstay_questions NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
      END IF;
      IF NOT pg_catalog.pg_has_role(current_user, 'mainstay_questions', kind) THEN
        EXECUTE pg_catalog.format('GRANT mainstay_questions TO %I', current_user);
      END IF;
      IF NOT pg_catalog.has_database_privilege('mainstay_questions', current_database(), 'TEMP') THEN
        EXECUTE pg_catalog.format('GRANT TEMPORARY ON DATABASE %I TO mainstay_questions', current_database());
      END IF;
    END $do$";

/// Makes the database ready for queries of others.
pub(crate) async fn prepare(pool: &Pool) -> Result<(), Error> {
    let session = pool.begin(false).await?;
    let work = move || {
        let made = session.batch(PREPARE).and_then(|()| session.commit());
        session.end_write();
        made
    };
    let made = match tokio::task::spawn_blocking(work).await {
        Ok(made) => made,
        Err(it) if it.is_panic() => std::panic::resume_unwind(it.into_panic()),
        Err(_) => Err(Error::unavailable("the process is stopping")),
    };
    made.map_err(|error| match error {
        Error::Unavailable { .. } => error,
        other => Error::failed_by(
            "questions over data need a role without rights, which this user of the database may \
             not make; have an administrator run `CREATE ROLE mainstay_questions NOLOGIN; GRANT \
             mainstay_questions TO` the user",
            other,
        ),
    })
}

/// Runs the query. Blocks.
pub(crate) fn ask(session: Session, query: &Query) -> Result<Table, Refusal> {
    let answer = answer(&session, query);
    // Whatever became of it, nothing of it is kept.
    session.end_write();
    answer
}

fn answer(session: &Session, query: &Query) -> Result<Table, Refusal> {
    session.batch(&stage(query))?;
    // On a line of its own, so that a comment at its end hides nothing.
    told(session, &format!("CREATE TEMP VIEW {ANSWER} AS\n{}\n", query.text), query)?;
    look_through(session, query)?;
    // Nothing may be written any more. There is no way back: a transaction that has read anything
    // never becomes one that writes again.
    told(session, "SET TRANSACTION READ ONLY", query)?;
    weigh(session, query)?;
    run(session, query)
}

/// The views, and the transaction as the query finds it: in the role, with a clock over it, and with
/// nothing in reach by a bare name but the views.
fn stage(query: &Query) -> String {
    let mut script = String::new();
    for view in &query.views {
        let (name, columns) = (&view.name, view.columns.join(", "));
        script.push_str(&format!(
            "CREATE TEMP VIEW {name} ({columns}) WITH (security_barrier = true) AS {};
             GRANT SELECT ON pg_temp.{name} TO {ROLE};",
            view.rows
        ));
    }
    script.push_str(&format!(
        "SET LOCAL search_path = pg_temp; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD';
         SET LOCAL intervalstyle = 'postgres'; SET LOCAL lock_timeout = '2s'; SET LOCAL jit = off;
         SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL statement_timeout = {};
         SET LOCAL ROLE {ROLE};",
        query.limits.time.as_millis()
    ));
    script
}

/// Looks through what the server made of the query.
fn look_through(session: &Session, query: &Query) -> Result<(), Refusal> {
    let relations = numbers(
        session,
        "SELECT CAST(oid AS BIGINT) AS id FROM pg_catalog.pg_class
          WHERE relnamespace = pg_catalog.pg_my_temp_schema()",
        query,
    )?;
    let names: Vec<String> = FUNCTIONS.iter().map(|it| format!("'{it}'")).collect();
    let functions = numbers(
        session,
        &format!(
            "SELECT CAST(oid AS BIGINT) AS id FROM pg_catalog.pg_proc
              WHERE pronamespace = CAST('pg_catalog' AS pg_catalog.regnamespace) AND oid < 16384
                AND proname IN ({})",
            names.join(", ")
        ),
        query,
    )?;
    let tree = format!(
        "SELECT CAST(ev_action AS TEXT) AS tree FROM pg_catalog.pg_rewrite
          WHERE ev_class = CAST('pg_temp.{ANSWER}' AS pg_catalog.regclass)"
    );
    let rows = told(session, &tree, query)?;
    let [row] = rows.as_slice() else {
        return Err(Error::failed("the server keeps no tree of a view").into());
    };
    let tree: String = row.get("tree")?;
    let allowed = Allowed { relations: &relations, functions: &functions };
    let operators = tree::check(&tree, &allowed).map_err(|fault| named(session, &fault, query))?;
    if operators.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = operators.iter().map(u64::to_string).collect();
    let known = numbers(
        session,
        &format!(
            "SELECT CAST(oid AS BIGINT) AS id FROM pg_catalog.pg_proc
              WHERE oid IN ({}) AND oid < 16384 AND provolatile <> 'v'
                AND pronamespace = CAST('pg_catalog' AS pg_catalog.regnamespace)",
            list.join(", ")
        ),
        query,
    )?;
    match operators.iter().all(|it| known.contains(it)) {
        true => Ok(()),
        false => Err(Refusal::unusual("the query uses an operator that is not allowed")),
    }
}

/// A fault in words: what a number means, the server knows.
fn named(session: &Session, fault: &Fault, query: &Query) -> Refusal {
    let name = |table: &str, column: &str, id: u64| {
        let sql = format!(
            "SELECT CAST({column} AS TEXT) AS name FROM pg_catalog.{table} WHERE oid = {id}"
        );
        let rows = told(session, &sql, query).ok()?;
        rows.first()?.get::<String>("name").ok()
    };
    let named = |name: Option<String>| name.unwrap_or_else(|| "of that name".into());
    match fault {
        Fault::Relation(id) => {
            let name = named(name("pg_class", "relname", *id));
            Refusal::forbidden(format!("there is no table `{name}`"))
        }
        Fault::Function(id) => {
            let name = named(name("pg_proc", "proname", *id));
            Refusal::unusual(format!("the function `{name}` may not be called"))
        }
        Fault::Type(id) => {
            let name = named(name("pg_type", "typname", *id));
            Refusal::unusual(format!("values of the type `{name}` are not allowed"))
        }
        Fault::Node(what) => {
            Refusal::unusual(format!("the query uses {what}, which is not allowed"))
        }
        Fault::Recursive => Refusal::unusual("a query may not be recursive"),
        Fault::Unreadable => {
            Refusal::unusual("the query is written in a way that is not known here")
        }
    }
}

/// Asks the planner how much work it would be.
fn weigh(session: &Session, query: &Query) -> Result<(), Refusal> {
    let sql = format!("EXPLAIN (FORMAT JSON) SELECT * FROM pg_temp.{ANSWER}");
    let rows = told(session, &sql, query)?;
    let plan: Option<serde_json::Value> =
        rows.first().map(|it| it.get("QUERY PLAN")).transpose()?;
    let cost = plan.as_ref().and_then(|it| it[0]["Plan"]["Total Cost"].as_f64());
    match cost {
        Some(cost) if cost <= query.limits.cost => Ok(()),
        Some(_) => Err(Refusal::too_much(
            "the query would be too much work; join fewer rows, or narrow them down first",
        )),
        None => Err(Error::failed("the planner does not say what a query costs").into()),
    }
}

fn run(session: &Session, query: &Query) -> Result<Table, Refusal> {
    let limits = query.limits;
    let described = told(
        session,
        &format!(
            "SELECT CAST(attname AS TEXT) AS name, CAST(atttypid AS BIGINT) AS kind
               FROM pg_catalog.pg_attribute
              WHERE attrelid = CAST('pg_temp.{ANSWER}' AS pg_catalog.regclass)
                AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        ),
        query,
    )?;
    if described.len() > COLUMNS_MAX {
        let what =
            format!("the answer would have {} columns; at most {COLUMNS_MAX}", described.len());
        return Err(Refusal::too_much(what));
    }
    let (mut columns, mut values, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (at, row) in described.iter().enumerate() {
        columns.push(row.get::<String>("name")?);
        let name = format!("c{at}");
        values.push(match row.get::<i64>("kind")? {
            BOOL => format!("CAST({name} AS INTEGER) AS {name}"),
            INT2 | INT4 | INT8 => format!("CAST({name} AS BIGINT) AS {name}"),
            FLOAT4 | FLOAT8 | NUMERIC => format!("CAST({name} AS DOUBLE PRECISION) AS {name}"),
            _ => {
                let most = limits.cell_chars;
                format!("pg_catalog.\"left\"(CAST({name} AS TEXT), {most}) AS {name}")
            }
        });
        names.push(name);
    }
    if columns.is_empty() {
        return Err(Refusal::wrong("there is no query"));
    }
    let sql = format!(
        "SELECT {} FROM pg_temp.{ANSWER} AS t ({}) LIMIT {}",
        values.join(", "),
        names.join(", "),
        limits.rows + 1
    );
    let found = told(session, &sql, query)?;
    let mut table = Table { columns, rows: Vec::new(), is_cut: false, took: Duration::ZERO };
    let mut bytes = 0;
    for row in &found {
        let row: Vec<Value> =
            names.iter().map(|it| row.value(it).cloned()).collect::<Result<_, _>>()?;
        bytes += row.iter().map(size).sum::<usize>();
        if table.rows.len() >= limits.rows || bytes > limits.bytes {
            table.is_cut = true;
            break;
        }
        table.rows.push(row);
    }
    Ok(table)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        _ => 8,
    }
}

/// Numbers that a statement of the house lists.
fn numbers(session: &Session, sql: &str, query: &Query) -> Result<HashSet<u64>, Refusal> {
    let rows = told(session, sql, query)?;
    let all = rows.iter().map(|it| it.get::<u64>("id"));
    Ok(all.collect::<Result<_, _>>()?)
}

/// Runs one statement, alone: the way it is sent takes no second one.
fn told(session: &Session, sql: &str, query: &Query) -> Result<Vec<Row>, Refusal> {
    let done = session.foreign(async |client| client.query_typed(sql, &[]).await)?;
    match done {
        Ok(rows) => Ok(wire::rows(&rows)?),
        Err(error) => Err(refused(error, query)),
    }
}

/// What an error of the server means to who wrote the query. Its words are used where they are about
/// the query alone: about its grammar and its names.
fn refused(error: tokio_postgres::Error, query: &Query) -> Refusal {
    if is_connection(&error) {
        return meaning(error, "a query of somebody else").into();
    }
    let Some(said) = error.as_db_error() else {
        return Refusal::wrong("the query could not be carried out");
    };
    let code = said.code();
    let words: String = said.message().chars().take(200).collect();
    match (code.code().get(..2).unwrap_or_default(), code) {
        (_, &SqlState::QUERY_CANCELED) => Refusal::too_long(query.limits.time),
        (_, &SqlState::LOCK_NOT_AVAILABLE) => {
            Error::unavailable("the tables of a question are locked").into()
        }
        (_, &SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::READ_ONLY_SQL_TRANSACTION) => {
            Refusal::forbidden(words)
        }
        (_, &SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => Refusal::wrong(words),
        (_, &SqlState::SYNTAX_ERROR) if words.contains("multiple commands") => {
            Refusal::forbidden("only one statement is run, and this is more than one")
        }
        // 42: grammar and names. 0A: what a view cannot be made of.
        ("42" | "0A", _) => Refusal::wrong(words),
        // 53: resources. 54: limits of the program.
        ("53" | "54", _) => Refusal::too_much("the query needs more than there is"),
        // The code alone: at work, the server may speak of values.
        (_, code) => {
            let code = code.code();
            Refusal::wrong(format!(
                "the query could not be carried out: a value did not fit ({code})"
            ))
        }
    }
}

const BOOL: i64 = 16;
const INT8: i64 = 20;
const INT2: i64 = 21;
const INT4: i64 = 23;
const FLOAT4: i64 = 700;
const FLOAT8: i64 = 701;
const NUMERIC: i64 = 1700;

/// What a query may call, by their names in `pg_catalog`; the names of types are casts.
const FUNCTIONS: &[&str] = &[
    "abs",
    "age",
    "avg",
    "bool",
    "bool_and",
    "bool_or",
    "bpchar",
    "btrim",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "date_bin",
    "date_part",
    "date_trunc",
    "dense_rank",
    "div",
    "every",
    "extract",
    "first_value",
    "float4",
    "float8",
    "floor",
    "initcap",
    "int2",
    "int4",
    "int8",
    "interval",
    "isfinite",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "lag",
    "last_value",
    "lead",
    "left",
    "length",
    "like",
    "like_escape",
    "ln",
    "log",
    "lower",
    "ltrim",
    "make_date",
    "make_interval",
    "make_timestamp",
    "max",
    "min",
    "mod",
    "mode",
    "notlike",
    "now",
    "nth_value",
    "ntile",
    "numeric",
    "octet_length",
    "overlaps",
    "percent_rank",
    "percentile_cont",
    "percentile_disc",
    "position",
    "rank",
    "reverse",
    "right",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "similar_to_escape",
    "split_part",
    "sqrt",
    "starts_with",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "strpos",
    "substr",
    "substring",
    "sum",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "timezone",
    "to_char",
    "to_date",
    "to_timestamp",
    "trunc",
    "upper",
    "var_pop",
    "var_samp",
    "varchar",
    "variance",
    "width_bucket",
];
