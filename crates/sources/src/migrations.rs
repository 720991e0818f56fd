//! The tables of this room, in the order in which they came to be.

use store::{Migration, Sql};

/// The steps of the tables.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "20261122_100000_sources",
        up: Sql::same(include_str!("../migrations/20261122_100000_sources/up.sql")),
        down: Sql::same(include_str!("../migrations/20261122_100000_sources/down.sql")),
    },
    Migration {
        name: "20261201_130000_placed_fields",
        up: Sql::same(include_str!("../migrations/20261201_130000_placed_fields/up.sql")),
        down: Sql::same(include_str!("../migrations/20261201_130000_placed_fields/down.sql")),
    },
];
