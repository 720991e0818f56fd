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

/// Records, versions, proposals, vectors, answers of tasks, prompts, webhooks, seeds and assistants.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "20261121_040000_records",
        up: both!("20261121_040000_records", "up.sqlite", "up.postgres"),
        down: both!("20261121_040000_records", "down.sqlite", "down.postgres"),
    },
    Migration {
        name: "20261121_040100_versions",
        up: both!("20261121_040100_versions", "up"),
        down: both!("20261121_040100_versions", "down"),
    },
    Migration {
        name: "20261121_040200_proposals",
        up: both!("20261121_040200_proposals", "up"),
        down: both!("20261121_040200_proposals", "down"),
    },
    Migration {
        name: "20261121_040300_record_vectors",
        up: both!("20261121_040300_record_vectors", "up.sqlite", "up.postgres"),
        down: both!("20261121_040300_record_vectors", "down"),
    },
    Migration {
        name: "20261121_040400_tasks",
        up: both!("20261121_040400_tasks", "up"),
        down: both!("20261121_040400_tasks", "down"),
    },
    Migration {
        name: "20261121_040500_webhooks",
        up: both!("20261121_040500_webhooks", "up"),
        down: both!("20261121_040500_webhooks", "down"),
    },
    Migration {
        name: "20261121_040600_seeds",
        up: both!("20261121_040600_seeds", "up"),
        down: both!("20261121_040600_seeds", "down"),
    },
    Migration {
        name: "20261121_120200_records_of_all_tenants",
        up: both!("20261121_120200_records_of_all_tenants", "up"),
        down: both!("20261121_120200_records_of_all_tenants", "down"),
    },
    Migration {
        name: "20261121_140500_assistants",
        up: both!("20261121_140500_assistants", "up"),
        down: both!("20261121_140500_assistants", "down"),
    },
    Migration {
        name: "20261121_161100_archives",
        up: both!("20261121_161100_archives", "up"),
        down: both!("20261121_161100_archives", "down"),
    },
    Migration {
        name: "20261121_170000_questions",
        up: both!("20261121_170000_questions", "up"),
        down: both!("20261121_170000_questions", "down"),
    },
    Migration {
        name: "20261121_180000_progress",
        up: both!("20261121_180000_progress", "up"),
        down: both!("20261121_180000_progress", "down"),
    },
    Migration {
        name: "20261121_181000_results",
        up: both!("20261121_181000_results", "up"),
        down: both!("20261121_181000_results", "down"),
    },
    Migration {
        name: "20261124_100000_chats_about_records",
        up: both!("20261124_100000_chats_about_records", "up"),
        down: both!("20261124_100000_chats_about_records", "down"),
    },
    Migration {
        name: "20261125_110000_configuration_versions",
        up: both!("20261125_110000_configuration_versions", "up"),
        down: both!("20261125_110000_configuration_versions", "down"),
    },
    Migration {
        name: "20261126_100000_followups_of_answers",
        up: both!("20261126_100000_followups_of_answers", "up"),
        down: both!("20261126_100000_followups_of_answers", "down"),
    },
    Migration {
        name: "20261127_100000_earlier_records_of_chats",
        up: both!("20261127_100000_earlier_records_of_chats", "up.sqlite", "up.postgres"),
        down: both!("20261127_100000_earlier_records_of_chats", "down"),
    },
    Migration {
        name: "20261201_150000_progress_of_days",
        up: both!("20261201_150000_progress_of_days", "up"),
        down: both!("20261201_150000_progress_of_days", "down"),
    },
    Migration {
        name: "20261201_160000_spoken_answers",
        up: both!("20261201_160000_spoken_answers", "up"),
        down: both!("20261201_160000_spoken_answers", "down"),
    },
    Migration {
        name: "20261202_090000_record_numbers",
        up: both!("20261202_090000_record_numbers", "up.sqlite", "up.postgres"),
        down: both!("20261202_090000_record_numbers", "down.sqlite", "down.postgres"),
    },
    Migration {
        name: "20261202_100000_vectors_by_record",
        up: both!("20261202_100000_vectors_by_record", "up"),
        down: both!("20261202_100000_vectors_by_record", "down"),
    },
];
