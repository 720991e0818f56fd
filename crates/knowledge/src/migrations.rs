//! The tables of this room, in the order in which they came.

use store::{Migration, Sql};

macro_rules! both {
    ($name:literal, $file:literal) => {
        both!($name, $file, $file)
    };
    ($name:literal, $sqlite:literal, $postgres:literal) => {
        Sql {
            sqlite: include_str!(concat!("../migrations/", $name, "/", $sqlite, ".sql")),
            postgres: include_str!(concat!("../migrations/", $name, "/", $postgres, ".sql")),
        }
    };
}

/// Documents with their texts, chunks and vectors; the words of chunks; the spaces of engines; who
/// wants which of them.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "20261121_140000_knowledge",
        up: both!("20261121_140000_knowledge", "up.sqlite", "up.postgres"),
        down: both!("20261121_140000_knowledge", "down"),
    },
    Migration {
        name: "20261121_140100_knowledge_words",
        up: both!("20261121_140100_knowledge_words", "up.sqlite", "up.postgres"),
        down: both!("20261121_140100_knowledge_words", "down.sqlite", "down.postgres"),
    },
    Migration {
        name: "20261121_140110_knowledge_spaces",
        up: both!("20261121_140110_knowledge_spaces", "up.sqlite", "up.postgres"),
        down: both!("20261121_140110_knowledge_spaces", "down.sqlite", "down.postgres"),
    },
    Migration {
        name: "20261124_090000_knowledge_wishes",
        up: both!("20261124_090000_knowledge_wishes", "up"),
        down: both!("20261124_090000_knowledge_wishes", "down"),
    },
];
