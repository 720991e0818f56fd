//! What the tests of this room share: an open door on a database of its own.

use std::time::Duration;

use base::{Clock, PageRequest, TenantId};
use jiff::SignedDuration;
use models::{
    Ask, Message, Models, Settings,
    settings::{ProviderSettings, RetrySettings},
    usage::{self, Entry, Filter},
};
use store::Store;

pub(crate) struct House {
    pub(crate) models: Models,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

/// A provider named `local` at this address, asked again after 20, 40 and 80 milliseconds.
pub(crate) fn settings(address: &str) -> Settings {
    let provider = ProviderSettings {
        base_url: Some(address.to_owned()),
        timeout: SignedDuration::from_secs(5),
        ..ProviderSettings::default()
    };
    let mut settings = Settings {
        embedding: Some("local/small-embed".into()),
        retry: RetrySettings { base: SignedDuration::from_millis(20), ..RetrySettings::default() },
        ..Settings::default()
    };
    settings.priorities.balanced = Some("local/small".into());
    settings.providers.insert("local".into(), provider);
    settings
}

impl House {
    pub(crate) async fn open(db: &testkit::Database, settings: Settings) -> Self {
        let store = db.migrated(&[models::MIGRATIONS]).await;
        let clock = testkit::clock();
        let models = Models::open(store.clone(), clock.clone(), settings).expect("good settings");
        Self { models, store, clock }
    }

    /// The ledger, the oldest attempt first.
    pub(crate) async fn ledger(&self) -> Vec<Entry> {
        self.models.close().await;
        let read = |db: &store::Db| usage::list(db, &Filter::default(), &PageRequest::first(500));
        let mut rows = self.store.read(read).await.expect("a ledger").items;
        rows.reverse();
        rows
    }

    /// How the attempts ended, in order.
    pub(crate) async fn outcomes(&self) -> Vec<&'static str> {
        self.ledger().await.iter().map(|it| it.outcome.name()).collect()
    }
}

pub(crate) fn ask(words: &str) -> Ask {
    Ask::new(TenantId::DEFAULT, "test", vec![Message::user(words)])
}

pub(crate) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
