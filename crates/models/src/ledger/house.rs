//! What the tests of the ledger share: replicas of one house, on a database of its own.

use base::{AppKeyId, Clock, TenantId, UsageId};
use store::Store;

use super::{
    Begun, BudgetError, Hold, Ledger,
    budget::{Budget, Subject},
    spent::{self, Spend},
};
use crate::{
    Usage,
    money::NanoUsd,
    price::{Price, Rate},
    settings::{ModelRef, Settings},
    usage::{self, Entry, Filter, Outcome},
};

pub(super) struct House {
    pub(super) db: testkit::Database,
    pub(super) store: Store,
    pub(super) clock: Clock,
}

/// Who asks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Who {
    pub(super) tenant: Option<TenantId>,
    pub(super) key: Option<AppKeyId>,
    pub(super) task: Option<&'static str>,
}

impl Who {
    pub(super) fn tenant(tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), ..Self::default() }
    }

    fn subject(&self) -> Subject<'static> {
        let tenant = self.tenant.unwrap_or(TenantId::DEFAULT);
        Subject { tenant, key: self.key, task: self.task }
    }
}

impl House {
    pub(super) async fn open(db: testkit::Database) -> Self {
        let store = db.migrated(&[crate::MIGRATIONS]).await;
        Self { db, store, clock: testkit::clock() }
    }

    /// A process of its own. A token of the model `small` costs a billionth of a dollar; nobody
    /// knows what others cost.
    pub(super) fn replica(&self, budgets: &[Budget]) -> Ledger {
        let one = Rate(1_000);
        let price = Price {
            model: "small".into(),
            input_per_million_usd: one,
            output_per_million_usd: one,
            cache_written_per_million_usd: Some(one),
            cache_written_1h_per_million_usd: Some(one),
            audio_input_per_million_usd: Some(one),
            audio_output_per_million_usd: Some(one),
            per_web_search_usd: Some(NanoUsd(10)),
            ..Price::default()
        };
        let settings =
            Settings { prices: vec![price], budgets: budgets.to_vec(), ..Settings::default() };
        Ledger::open(self.store.clone(), self.clock.clone(), &settings)
    }

    pub(super) async fn rows(&self) -> Vec<Entry> {
        let read =
            |db: &store::Db| usage::list(db, &Filter::default(), &base::PageRequest::first(500));
        self.store.read(read).await.unwrap().items
    }

    /// The sums are those of the rows.
    #[track_caller]
    pub(super) fn verified(&self) -> impl Future<Output = ()> {
        let store = self.store.clone();
        async move {
            let since = base::Timestamp::UNIX_EPOCH;
            let drifts = store.read(move |db| spent::verify(db, since)).await.unwrap();
            assert_eq!(drifts, []);
        }
    }

    /// What the whole house spent in the month that it is.
    pub(super) async fn spent(&self) -> Spend {
        let pot = spent::Pot {
            scope: spent::Scope::Whole,
            id: String::new(),
            period: super::period::Period::Month,
            starts_at: super::period::Period::Month.starts_at(self.clock.now()),
        };
        self.store.read(move |db| spent::spent(db, &pot)).await.unwrap()
    }
}

impl Ledger {
    /// Holds for so many tokens of the model `small`.
    pub(super) async fn holds(&self, who: Who, tokens: u64) -> Result<Hold, BudgetError> {
        self.budgets().hold(&who.subject(), spend(tokens)).await
    }

    pub(super) fn begins(&self, who: Who, model: &str, hold: Hold) -> super::Tab {
        let subject = who.subject();
        let to = ModelRef { provider: "local".into(), model: model.into() };
        let begun = Begun {
            asked: UsageId::generate(),
            tenant: subject.tenant,
            key: subject.key,
            caller: None,
            operation: "test",
            task: subject.task,
            job: None,
            priority: None,
            to: &to,
            tokens_in: 1,
        };
        self.open_tab(&begun, hold).unwrap()
    }

    /// Is asked, and answers with so many tokens.
    pub(super) async fn uses(&self, who: Who, hold: Hold, tokens: u64) {
        let mut tab = self.begins(who, "small", hold);
        let _ = tab.answered(200, Usage { tokens_in: tokens, ..Usage::default() });
        tab.end(Outcome::Ok).await;
    }

    /// Holds for so many tokens and uses as many.
    pub(super) async fn spends(&self, who: Who, tokens: u64) -> Result<(), BudgetError> {
        let hold = self.holds(who, tokens).await?;
        self.uses(who, hold, tokens).await;
        Ok(())
    }
}

pub(super) fn spend(tokens: u64) -> Spend {
    let cost = crate::money::NanoUsd(i64::try_from(tokens).unwrap());
    Spend { cost, tokens }
}
