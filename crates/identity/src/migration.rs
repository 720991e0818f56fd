//! The tables of this room: tenants, users, sessions, refresh and access tokens, signing keys, application keys,
//! refused sign-ins and locks, former passwords, profiles, accounts at other houses.

use store::{Migration, Sql};

/// The steps that make the tables, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "20261121_080100_identity",
        up: Sql::same(include_str!("../migrations/20261121_080100_identity/up.sql")),
        down: Sql::same(include_str!("../migrations/20261121_080100_identity/down.sql")),
    },
    Migration {
        name: "20261121_120100_sign_in_failures",
        up: Sql::same(include_str!("../migrations/20261121_120100_sign_in_failures/up.sql")),
        down: Sql::same(include_str!("../migrations/20261121_120100_sign_in_failures/down.sql")),
    },
    Migration {
        name: "20261121_150100_profiles",
        up: Sql {
            sqlite: include_str!("../migrations/20261121_150100_profiles/up.sqlite.sql"),
            postgres: include_str!("../migrations/20261121_150100_profiles/up.postgres.sql"),
        },
        down: Sql::same(include_str!("../migrations/20261121_150100_profiles/down.sql")),
    },
    Migration {
        name: "20261125_120000_names_and_passwords",
        up: Sql::same(include_str!("../migrations/20261125_120000_names_and_passwords/up.sql")),
        down: Sql::same(include_str!("../migrations/20261125_120000_names_and_passwords/down.sql")),
    },
    Migration {
        name: "20261201_120000_access_tokens_of_sessions",
        up: Sql::same(include_str!(
            "../migrations/20261201_120000_access_tokens_of_sessions/up.sql"
        )),
        down: Sql::same(include_str!(
            "../migrations/20261201_120000_access_tokens_of_sessions/down.sql"
        )),
    },
];
