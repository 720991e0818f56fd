//! A query that nobody trusts, answered from a few views and from nothing else.
//!
//! A model wrote it, and through the model whoever spoke to it; it is taken to mean harm. What it may
//! see is said beside it, as [`View`]s whose rows and columns are chosen before it runs. The database
//! itself keeps it to that: SQLite by an authorizer on a connection that can only read, PostgreSQL by
//! a role without any right but on those views and by its own analysis of the query, which is looked
//! through before it runs. Nothing here rests on what the query looks like. It cannot write, cannot
//! call what is not on a list, and is stopped when it takes too long or too much.
//!
//! Start at [`Store::ask`]. No text of a query is in a log line or an error of this room.

mod meter;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use crate::{Error, Store, Value, postgres, sqlite};

/// Part of the data, as a query sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Under which name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The `SELECT` that gives its rows, in the words of this database, whole and with its values in
    /// it. The house's own text: nothing of a query, and nothing that a caller wrote, is ever in it.
    pub rows: String,
}

/// How much one query may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The most rows of the answer; what is beyond is left out and told.
    pub rows: usize,
    /// The most characters of one value; what is beyond is cut off.
    pub cell_chars: usize,
    /// The most bytes of the whole answer.
    pub bytes: usize,
    /// The longest time.
    pub time: Duration,
    /// PostgreSQL: the most that its planner may expect it to cost.
    pub cost: f64,
    /// The longest text of a query, in bytes.
    pub query_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 1_000,
            cell_chars: 2_000,
            bytes: 1 << 20,
            time: Duration::from_secs(10),
            cost: 5_000_000.0,
            query_bytes: 8 * 1024,
        }
    }
}

/// A query of somebody else.
#[derive(Clone)]
pub struct Query {
    /// Its text.
    pub text: String,
    /// All that it may see.
    pub views: Vec<View>,
    /// The tables that the views are made of. Only they, and only through the views, are read.
    pub tables: &'static [&'static str],
    /// How much it may take.
    pub limits: Limits,
}

/// Shows how long the query is, never what it says.
impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("text_bytes", &self.text.len())
            .field("views", &self.views.iter().map(|it| &it.name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What a query found.
#[derive(Clone, PartialEq)]
pub struct Table {
    /// The names of its columns, as the query gave them.
    pub columns: Vec<String>,
    /// Its rows. Values are numbers, text or nothing; times are text, `2026-11-21 08:00:00`.
    pub rows: Vec<Vec<Value>>,
    /// There are more rows than are here.
    pub is_cut: bool,
    /// How long it took.
    pub took: Duration,
}

/// Shows how large it is, never what is in it.
impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("columns", &self.columns.len())
            .field("rows", &self.rows.len())
            .field("is_cut", &self.is_cut)
            .finish_non_exhaustive()
    }
}

/// Why a query has no answer. The words are for whoever writes the next query: they may hold names out
/// of the query and never a value out of a row. They go into no log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// It reaches for what it may not have, or is no query.
    #[error("{what}")]
    Forbidden {
        /// For what.
        what: String,
        /// It may be written anew without it: a function, a way of writing. What is not there to be
        /// read stays so however it is asked.
        may_mend: bool,
    },
    /// It is wrong: its grammar, a name that is not there, types that do not go together.
    #[error("{what}")]
    Wrong {
        /// What is wrong.
        what: String,
    },
    /// It would take too long or too much.
    #[error("{what}")]
    TooMuch {
        /// Too much of what.
        what: String,
    },
    /// The database did not do its part.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Refusal {
    /// In a word, for the log and for counting.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } => "forbidden",
            Self::Wrong { .. } => "wrong",
            Self::TooMuch { .. } => "too_much",
            Self::Store(_) => "unavailable",
        }
    }

    /// May another query, by one who was told why, do better?
    pub fn may_mend(&self) -> bool {
        match self {
            Self::Forbidden { may_mend, .. } => *may_mend,
            Self::Wrong { .. } | Self::TooMuch { .. } => true,
            Self::Store(_) => false,
        }
    }

    pub(crate) fn forbidden(what: impl Into<String>) -> Self {
        Self::Forbidden { what: what.into(), may_mend: false }
    }

    pub(crate) fn unusual(what: impl Into<String>) -> Self {
        Self::Forbidden { what: what.into(), may_mend: true }
    }

    pub(crate) fn wrong(what: impl Into<String>) -> Self {
        Self::Wrong { what: what.into() }
    }

    pub(crate) fn too_much(what: impl Into<String>) -> Self {
        Self::TooMuch { what: what.into() }
    }

    pub(crate) fn too_long(time: Duration) -> Self {
        Self::too_much(format!(
            "the query took longer than {} ms and was stopped",
            time.as_millis()
        ))
    }
}

/// What names of this kind belong to: the house, inside one question.
pub(crate) const OWN_PREFIX: &str = "mainstay_";
/// The most columns of an answer.
pub(crate) const COLUMNS_MAX: usize = 50;

impl Store {
    /// Makes the database ready for queries of others. Once at start; a second time does nothing.
    ///
    /// # Errors
    /// On PostgreSQL when the role of such queries is not there and may not be made; the words say
    /// what an administrator has to do.
    pub async fn prepare_guard(&self) -> Result<(), Error> {
        match self.pool() {
            Some(pool) => postgres::guard::prepare(pool).await,
            None => Ok(()),
        }
    }

    /// Runs a query of somebody else over views that were chosen for it.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was changed, whatever the query was.
    pub async fn ask(&self, query: Query) -> Result<Table, Refusal> {
        let started = Instant::now();
        let answer = match check(&query) {
            Ok(()) => self.ask_database(query).await,
            Err(refusal) => Err(refusal),
        };
        meter::SECONDS_TAKEN.observe(started.elapsed().as_secs_f64(), &[]);
        let outcome = answer.as_ref().map_or_else(Refusal::code, |_| "answered");
        meter::QUERIES.increment(&[outcome]);
        answer.map(|table| Table { took: started.elapsed(), ..table })
    }

    async fn ask_database(&self, query: Query) -> Result<Table, Refusal> {
        let work: Box<dyn FnOnce() -> Result<Table, Refusal> + Send> = match self.pool() {
            Some(pool) => {
                let session = pool.begin(false).await?;
                Box::new(move || postgres::guard::ask(session, &query))
            }
            None => {
                let path = self.file().ok_or_else(|| Error::failed("the database has no file"))?;
                Box::new(move || sqlite::guard::ask(&path, &query))
            }
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(answer) => answer,
            Err(it) if it.is_panic() => std::panic::resume_unwind(it.into_panic()),
            Err(_) => Err(Error::unavailable("the process is stopping").into()),
        }
    }
}

/// What can be told without asking the database. None of it is what keeps a query in its place.
fn check(query: &Query) -> Result<(), Refusal> {
    let mut names = HashSet::new();
    for view in &query.views {
        let is_odd = !is_name(&view.name) || view.name.starts_with(OWN_PREFIX);
        let is_taken = query.tables.iter().any(|it| *it == view.name);
        if is_odd || is_taken || !names.insert(&view.name) {
            return Err(Error::failed(format!("`{}` is no name for a view", view.name)).into());
        }
        if view.columns.is_empty() || view.columns.iter().any(|it| !is_name(it)) {
            return Err(Error::failed(format!("the view `{}` has wrong columns", view.name)).into());
        }
    }
    let text = &query.text;
    if text.len() > query.limits.query_bytes {
        let most = query.limits.query_bytes;
        return Err(Refusal::too_much(format!("the query is longer than {most} bytes")));
    }
    if text.contains('\0') {
        return Err(Refusal::wrong("the query has a NUL character in it"));
    }
    match first_word(text).to_ascii_lowercase().as_str() {
        "select" | "with" => Ok(()),
        "" => Err(Refusal::wrong("there is no query")),
        other => {
            let begins: String = other.chars().take(40).collect();
            Err(Refusal::forbidden(format!("only a SELECT is run, not `{begins}`")))
        }
    }
}

/// A name that needs no quotes in either database and is no more than it seems.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 60
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
}

/// The word that a query begins with, behind comments and brackets.
fn first_word(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|it: char| it.is_whitespace() || it == '(' || it == ';');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
        } else {
            break;
        }
    }
    let is_in_word = |it: char| it.is_alphanumeric() || it == '_';
    let end = rest.find(|it| !is_in_word(it)).unwrap_or(rest.len());
    if end == 0 {
        rest.chars().next().map_or("", |it| &rest[..it.len_utf8()])
    } else {
        &rest[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn begins(text: &str, expected: &str) {
        assert_eq!(first_word(text), expected);
    }

    #[test]
    fn the_first_word_stands_behind_comments_and_brackets() {
        begins("SELECT 1", "SELECT");
        begins("  -- all of it\n/* now */ (select 1)", "select");
        begins("with x as (select 1) select * from x", "with");
        begins("/* never ended", "");
        begins("-- nothing", "");
        begins("\"SELECT\"", "\"");
        begins("drop table x", "drop");
    }

    #[test]
    fn a_name_is_small_letters_and_no_more() {
        for good in ["calls", "call_2"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "Calls", "2calls", "a b", "a\"b", "a;b", "ä"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_no_query_is_refused_before_a_database_sees_it() {
        let ask = |text: &str| {
            check(&Query {
                text: text.into(),
                views: Vec::new(),
                tables: &[],
                limits: Limits::default(),
            })
        };
        assert!(ask("SELECT 1").is_ok());
        assert_eq!(ask("DELETE FROM x").expect_err("no query").code(), "forbidden");
        assert_eq!(ask("").expect_err("nothing").code(), "wrong");
        assert_eq!(ask("SELECT '\0'").expect_err("NUL").code(), "wrong");
        assert_eq!(ask(&"SELECT ".repeat(2_000)).expect_err("too long").code(), "too_much");
    }
}
