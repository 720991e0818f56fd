//! One database behind one door, whichever it is: SQLite in a file, or PostgreSQL on a server.
//!
//! A change needs an actor and leaves a hash-chained audit row, in the same transaction or not at
//! all. A statement that fails undoes only itself; a closure that fails or panics undoes its whole
//! transaction. A database that is busy or away is an error in bounded time, never a hang.
//! This room knows no table but its own (`audit_log`, `audit_heads`, `blobs`,
//! `blob_leftovers`, `marks`, `schema_migrations`).
//!
//! Start at [`Store`] (open, read, write), then [`Db`] and [`Tx`] (what a closure sees).

mod settings;
mod store;

mod address;
mod db;
mod error;
mod row;
mod value;

pub mod audit;
pub mod blob;
pub mod guarded;
pub mod mark;
pub mod migrate;
pub mod rider;

mod meter;
mod postgres;
mod sqlite;

pub use address::{Address, InvalidAddress};
pub use db::{Db, Dialect, Sql, Tx};
pub use error::Error;
pub use migrate::Migration;
pub use row::{FromValue, Row};
pub use settings::{Finding, Settings};
pub use store::{Durability, OpenError, Options, Store};
pub use value::Value;

/// The tables of this room. They come first in every database.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "20261101_000000_audit",
        up: Sql {
            sqlite: include_str!("../migrations/20261101_000000_audit/up.sqlite.sql"),
            postgres: include_str!("../migrations/20261101_000000_audit/up.postgres.sql"),
        },
        down: Sql {
            sqlite: include_str!("../migrations/20261101_000000_audit/down.sqlite.sql"),
            postgres: include_str!("../migrations/20261101_000000_audit/down.postgres.sql"),
        },
    },
    Migration {
        name: "20261101_000001_blobs",
        up: Sql {
            sqlite: include_str!("../migrations/20261101_000001_blobs/up.sqlite.sql"),
            postgres: include_str!("../migrations/20261101_000001_blobs/up.postgres.sql"),
        },
        down: Sql::same(include_str!("../migrations/20261101_000001_blobs/down.sql")),
    },
    Migration {
        name: "20261121_120000_audit_by_whom_and_what",
        up: Sql::same(include_str!("../migrations/20261121_120000_audit_by_whom_and_what/up.sql")),
        down: Sql::same(include_str!(
            "../migrations/20261121_120000_audit_by_whom_and_what/down.sql"
        )),
    },
    Migration {
        name: "20261121_160000_marks",
        up: Sql::same(include_str!("../migrations/20261121_160000_marks/up.sql")),
        down: Sql::same(include_str!("../migrations/20261121_160000_marks/down.sql")),
    },
    Migration {
        name: "20261123_090000_blob_places",
        up: Sql::same(include_str!("../migrations/20261123_090000_blob_places/up.sql")),
        down: Sql::same(include_str!("../migrations/20261123_090000_blob_places/down.sql")),
    },
];

/// The parameters of a statement: `&params![id, name, now]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        $crate::array([$($crate::Value::from($value)),*])
    };
}

/// Tells the compiler what an empty [`params!`] holds.
#[doc(hidden)]
pub const fn array<const N: usize>(values: [Value; N]) -> [Value; N] {
    values
}
