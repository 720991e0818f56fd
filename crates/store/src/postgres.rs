//! PostgreSQL on a server: a bounded pool, and statements that need no names.
//!
//! No statement is prepared under a name and no session keeps a setting, so a PgBouncer in
//! transaction mode may stand in between. Parameters go as text, with their types left to the
//! server; answers come in binary. A connection on which anything is left open never goes back to
//! the pool.
//!
//! Start at [`Pool`]; [`Session`] is one transaction.

pub(crate) mod guard;
mod pool;
mod session;
mod tls;
mod tree;
mod wire;

pub(crate) use pool::Pool;
pub(crate) use session::Session;

use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::{Error, error::brief};

/// What an error of PostgreSQL means to the caller.
fn meaning(error: tokio_postgres::Error, sql: &str) -> Error {
    let Some(said) = error.as_db_error() else {
        return if is_connection(&error) {
            Error::unavailable("the connection to the database was lost")
        } else {
            Error::failed_by(format!("a statement failed: {}", brief(sql)), error)
        };
    };
    let code = said.code();
    let class = code.code().get(..2).unwrap_or_default();
    match (class, code) {
        (_, &SqlState::UNIQUE_VIOLATION) => {
            Error::Unique { index: said.constraint().unwrap_or("unknown").to_owned() }
        }
        // 23: integrity. P0001: raised by a trigger.
        ("23", _) | (_, &SqlState::RAISE_EXCEPTION) => {
            Error::Constraint { what: said.message().to_owned() }
        }
        (_, &SqlState::DISK_FULL) => Error::Full,
        (_, &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
            Error::Unavailable {
                retry_after: Duration::from_millis(100),
                why: "two transactions were in each other's way".into(),
            }
        }
        (_, &SqlState::LOCK_NOT_AVAILABLE | &SqlState::QUERY_CANCELED) => {
            Error::unavailable("the statement took too long and was stopped")
        }
        // 08: connection. 53: resources. 57: the server stops, starts, or ended the session.
        ("08" | "53" | "57", _) => Error::unavailable(said.message()),
        // The message may quote a value after a colon; values stay out of errors.
        _ => {
            let message = said.message().split(": \"").next().unwrap_or_default();
            Error::failed(format!("{message} ({}), in: {}", code.code(), brief(sql)))
        }
    }
}

/// Did the connection end, rather than a statement fail?
fn is_connection(error: &tokio_postgres::Error) -> bool {
    let by_io = std::error::Error::source(error).is_some_and(|it| it.is::<std::io::Error>());
    let by_server = error.as_db_error().is_some_and(|it| {
        let code = it.code().code();
        code.starts_with("08") || code.starts_with("57P")
    });
    error.is_closed() || by_io || by_server
}
