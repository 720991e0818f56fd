//! Runs one test on one database, and takes the database away afterwards, whatever happened.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::Poll,
};

use crate::Database;

/// Runs a test on a fresh SQLite file.
pub async fn on_sqlite(test: impl AsyncFnOnce(Database)) {
    on(Database::sqlite(), test).await;
}

/// Runs a test on a fresh database of the PostgreSQL server, if there is one.
///
/// # Panics
/// When there is none although `MAINSTAY_TEST_POSTGRES_REQUIRED` is set.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where a server is"
)]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub async fn on_postgres(test: impl AsyncFnOnce(Database)) {
    match std::env::var("MAINSTAY_TEST_POSTGRES") {
        Ok(server) if !server.is_empty() => on(Database::postgres(&server).await, test).await,
        _ => {
            let is_required = std::env::var_os("MAINSTAY_TEST_POSTGRES_REQUIRED").is_some();
            assert!(!is_required, "MAINSTAY_TEST_POSTGRES is not set");
            eprintln!("skipped: MAINSTAY_TEST_POSTGRES is not set");
        }
    }
}

async fn on(database: Database, test: impl AsyncFnOnce(Database)) {
    crate::install_tls();
    let mut running = pin!(test(database.clone()));
    let outcome = poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await;
    database.remove().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}
