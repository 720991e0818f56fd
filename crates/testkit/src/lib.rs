//! For tests only: databases that are thrown away, a clock set by hand, a scripted model provider,
//! sites, files of many kinds.
//!
//! The databases, the sites and the provider are real (a file, a server, HTTP): only what they hold is made
//! up. Nothing here is linked into the program.
//!
//! Start at [`on_both!`] (a test on both databases), then [`Database`], [`Bucket`], [`model::Script`] and
//! [`site::Site`].

pub mod bucket;
pub mod database;
pub mod file;
pub mod model;
pub mod run;
pub mod site;
pub mod sockets;

pub use bucket::Bucket;
pub use database::Database;

use base::{Clock, Timestamp};

/// The moment at which the clock of [`clock`] stands.
pub const START: &str = "2026-11-21T08:00:00Z";

/// A moment, written as `2026-11-21T08:00:00Z`.
///
/// # Panics
/// When the text is no moment.
pub fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment of a test is written like 2026-11-21T08:00:00Z")
}

/// A clock that stands at [`START`] until the test advances it.
pub fn clock() -> Clock {
    Clock::by_hand(moment(START))
}

/// Tells rustls which cryptography to use, as the program does when it starts.
pub fn install_tls() {
    // The second caller finds it installed, which is what it wants.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Tests that run on both databases.
///
/// ```ignore
/// testkit::on_both! {
///     async fn a_row_that_was_written_is_read(db: testkit::Database) {
///         let store = db.migrated(&[MIGRATIONS]).await;
///         ..
///     }
/// }
/// ```
///
/// Each becomes two tests, `a_row_that_was_written_is_read::sqlite` and `…::postgres`. The second
/// needs `MAINSTAY_TEST_POSTGRES`, the address of a server on which databases may be made. Without
/// it the test says that it was skipped, and passes, unless `MAINSTAY_TEST_POSTGRES_REQUIRED` is
/// set.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident : $kind:ty $(,)?) $body:block)*) => {$(
        $(#[$meta])*
        async fn $name($db: $kind) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                $crate::run::on_sqlite(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                $crate::run::on_postgres(super::$name).await;
            }
        }
    )*};
}
