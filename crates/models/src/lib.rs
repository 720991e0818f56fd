//! One door to every model: any provider that speaks the OpenAI dialect over HTTP.
//!
//! Whoever wants a text, a JSON value or embeddings asks [`Models`] and gets an answer or a
//! [`ModelError`] that says what to do next. Every attempt that may have reached a provider is in
//! the usage ledger, answered or not, with what it cost when the price is known.
//!
//! Answers are data: nothing here executes one, and what of a document goes into a question is the
//! caller's business. No log line and no error of this room holds a question, an answer or a key.
//!
//! Start at [`Models::complete`] and [`Models::structured`]; [`Settings`] says what is configured.

pub mod ask;
pub mod breaker;
pub mod chat;
pub mod dialect;
mod door;
mod embed;
pub mod error;
pub mod face;
pub mod health;
pub mod ledger;
pub mod limit;
pub mod local;
mod metric;
pub mod money;
pub mod overview;
pub mod price;
mod quirk;
pub mod relay;
pub mod repair;
pub mod retry;
mod schema;
pub mod settings;
pub mod sse;
mod structured;
pub mod tokens;
pub mod try_out;
pub mod usage;

pub use ask::{Answer, Ask, Cost, Embeddings, Message, Priority, Role, Structured, Usage};
pub use door::{BrokenOff, Models, Speech, Spoken};
pub use error::{ModelError, OpenError};
pub use health::{Health, ProviderHealth};
pub use settings::{EnvValues, Settings};
pub use structured::ANSWER_TOKENS_MAX;

/// The tables of this room.
pub const MIGRATIONS: &[store::Migration] = &[
    store::Migration {
        name: "20261121_000300_model_usage",
        up: store::Sql::same(include_str!("../migrations/20261121_000300_model_usage/up.sql")),
        down: store::Sql::same(include_str!("../migrations/20261121_000300_model_usage/down.sql")),
    },
    store::Migration {
        name: "20261121_100300_model_ledger",
        up: store::Sql {
            sqlite: include_str!("../migrations/20261121_100300_model_ledger/up.sqlite.sql"),
            postgres: include_str!("../migrations/20261121_100300_model_ledger/up.postgres.sql"),
        },
        down: store::Sql::same(include_str!("../migrations/20261121_100300_model_ledger/down.sql")),
    },
    store::Migration {
        name: "20261201_110000_model_usage_parts",
        up: store::Sql::same(include_str!(
            "../migrations/20261201_110000_model_usage_parts/up.sql"
        )),
        down: store::Sql::same(include_str!(
            "../migrations/20261201_110000_model_usage_parts/down.sql"
        )),
    },
];
