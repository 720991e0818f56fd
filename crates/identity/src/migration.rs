//! The tables of this room: tenants, users, sessions, refresh tokens, signing keys, application keys.

use store::{Migration, Sql};

/// The steps that make the tables, oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "20261121_080100_identity",
    up: Sql::same(include_str!("../migrations/20261121_080100_identity/up.sql")),
    down: Sql::same(include_str!("../migrations/20261121_080100_identity/down.sql")),
}];
