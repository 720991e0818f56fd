//! The usage ledger: lists that stay in order, and sums that are right.

use crate::house::{House, ask, settings};
use base::{Actor, MicroUsd, PageRequest, TenantId, Timestamp, UsageId};
use jiff::SignedDuration;
use models::{
    Settings,
    money::NanoUsd,
    price::{Price, Rate},
    usage::{self, Filter, GroupBy, Sums},
};
use testkit::model::{Reply, Script};

/// Asks `(tenant, operation, model, tokens_in)` one after the other, six hours apart. The model
/// `small` costs a dollar for a million tokens, others nobody knows what.
async fn used(db: &testkit::Database, all: &[(TenantId, &str, &str, u64)]) -> House {
    let script = Script::start().await;
    let one = Rate::from_dollars(1.0).unwrap();
    let price = Price {
        model: "small".into(),
        input_per_million_usd: one,
        output_per_million_usd: one,
        ..Price::default()
    };
    let house =
        House::open(db, Settings { prices: vec![price], ..settings(&script.base_url()) }).await;
    for (tenant, operation, model, tokens) in all {
        script.answers(Reply::text("Hello").tokens(*tokens, 1));
        let mut question = ask("Hello?");
        question.tenant = *tenant;
        question.operation = (*operation).to_owned();
        question.model = Some((*model).to_owned());
        house.models.complete(question).await.unwrap();
        house.clock.advance(SignedDuration::from_hours(6));
    }
    house
}

fn tenants() -> (TenantId, TenantId) {
    (TenantId::generate(), TenantId::generate())
}

impl House {
    async fn summary(&self, tenant: Option<TenantId>, group_by: GroupBy) -> usage::Summary {
        let (from, to) = (Timestamp::UNIX_EPOCH, self.clock.now());
        let read = self.store.read(move |db| usage::summary(db, tenant, from, to, group_by));
        let summary: Result<_, store::Error> = read.await;
        summary.unwrap()
    }

    async fn page(&self, filter: Filter, request: PageRequest) -> base::Page<usage::Entry> {
        let page: Result<_, store::Error> =
            self.store.read(move |db| usage::list(db, &filter, &request)).await;
        page.unwrap()
    }
}

testkit::on_both! {
    async fn sums_are_right_in_every_grouping(db: testkit::Database) {
        let (a, b) = tenants();
        let house = used(&db, &[
            (a, "refactor", "small", 999_999),
            (a, "analysis", "small", 99),
            (a, "analysis", "unpriced", 49),
            (a, "refactor", "small", 9),
            (b, "search", "small", 7),
        ])
        .await;
        let all = house.summary(Some(a), GroupBy::Operation).await;
        let expected = Sums {
            total_tokens: 1_000_160,
            tokens_in: 1_000_156,
            tokens_out: 4,
            total_cost: MicroUsd(1_000_110).into(),
            unknown_cost_count: 1,
            operations_count: 4,
            attempts_count: 4,
        };
        assert_eq!(all.total, expected);
        let parts = |it: &usage::Summary| -> Vec<(String, i64, i64)> {
            it.breakdown.iter().map(|it| (it.name.clone(), it.sums.total_tokens, it.sums.unknown_cost_count)).collect()
        };
        assert_eq!(parts(&all), [("refactor".into(), 1_000_010, 0), ("analysis".into(), 150, 1)]);
        let by_model = house.summary(Some(a), GroupBy::Model).await;
        assert_eq!(parts(&by_model), [("small".into(), 1_000_110, 0), ("unpriced".into(), 50, 1)]);
        // The clock starts at eight and goes six hours on: three on the first day, then midnight.
        let by_day = house.summary(Some(a), GroupBy::Day).await;
        assert_eq!(parts(&by_day), [("2026-11-21".into(), 1_000_150, 1), ("2026-11-22".into(), 10, 0)]);
        let by_month = house.summary(None, GroupBy::Month).await;
        assert_eq!(parts(&by_month), [("2026-11".into(), 1_000_168, 1)]);
        let by_tenant = house.summary(None, GroupBy::Tenant).await;
        assert_eq!(parts(&by_tenant), [(a.to_string(), 1_000_160, 1), (b.to_string(), 8, 0)]);
    }

    async fn parts_that_share_a_name_are_added_up(db: testkit::Database) {
        let (a, _) = tenants();
        let house = used(&db, &[(a, "one", "small", 9), (a, "two", "unpriced", 19), (a, "three", "small", 39)]).await;
        let parts = house.summary(Some(a), GroupBy::Operation).await.breakdown;
        let renamed = usage::renamed(parts, |it| if it == "three" { "big".into() } else { "rest".into() });
        let said: Vec<_> = renamed
            .iter()
            .map(|it| (it.name.as_str(), it.sums.total_tokens, it.sums.operations_count, it.sums.unknown_cost_count))
            .collect();
        assert_eq!(said, [("big", 40, 1, 0), ("rest", 30, 2, 1)]);
    }

    async fn what_costs_less_than_a_millionth_of_a_dollar_is_in_the_sum(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = settings(&script.base_url());
        settings.prices = serde_json::from_value(serde_json::json!([
            {"model": "*", "input_per_million_usd": 0.02, "output_per_million_usd": 0.02},
        ]))
        .unwrap();
        let house = House::open(&db, settings).await;
        for operation in ["one", "two", "three"] {
            script.answers(Reply::text("Hello").tokens(9, 1));
            let mut question = ask("Hello?");
            question.operation = operation.to_owned();
            house.models.complete(question).await.unwrap();
        }
        house.clock.advance(SignedDuration::from_secs(1));
        let summary = house.summary(None, GroupBy::Operation).await;
        assert_eq!(summary.total.total_cost, NanoUsd(600));
        let all = usage::renamed(summary.breakdown, |_| "all".into());
        assert_eq!(all[0].sums.total_cost, NanoUsd(600));
    }

    async fn a_question_that_took_three_attempts_is_one_operation(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::status(503)).answers(Reply::status(503)).answers(Reply::text("Hello"));
        let house = House::open(&db, settings(&script.base_url())).await;
        house.models.complete(ask("Hello?")).await.unwrap();
        house.clock.advance(SignedDuration::from_secs(1));
        let total = house.summary(None, GroupBy::Operation).await.total;
        assert_eq!((total.operations_count, total.attempts_count), (1, 3));
    }

    async fn nothing_used_sums_up_to_nothing(db: testkit::Database) {
        let house = used(&db, &[]).await;
        house.clock.advance(SignedDuration::from_secs(1));
        let summary = house.summary(Some(TenantId::generate()), GroupBy::Day).await;
        assert_eq!(summary, usage::Summary::default());
    }

    async fn a_list_is_walked_forth_and_back_newest_first(db: testkit::Database) {
        let (a, b) = tenants();
        let asked: Vec<_> = (0..7).map(|it| (if it == 3 { b } else { a }, "test", "small", 100 + it)).collect();
        let house = used(&db, &asked).await;
        let filter = || Filter { tenant: Some(a), ..Filter::default() };
        let (mut request, mut seen) = (PageRequest::first(4), Vec::new());
        let first = house.page(filter(), request.clone()).await;
        seen.extend(first.items.iter().map(|it| it.usage.tokens_in));
        assert_eq!(first.prev, None);
        request.cursor = first.next;
        let second = house.page(filter(), request.clone()).await;
        seen.extend(second.items.iter().map(|it| it.usage.tokens_in));
        assert_eq!(seen, [106, 105, 104, 102, 101, 100]);
        assert_eq!(second.next, None);
        request.cursor = second.prev;
        let back: Vec<u64> = house.page(filter(), request).await.items.iter().map(|it| it.usage.tokens_in).collect();
        assert_eq!(back, [106, 105, 104, 102]);
    }

    async fn a_list_is_filtered(db: testkit::Database) {
        let (a, b) = tenants();
        let house = used(&db, &[(a, "one", "small", 1), (b, "two", "small", 2), (a, "two", "small", 3)]).await;
        let count = |filter: Filter| async {
            let listed = house.page(filter.clone(), PageRequest::first(10)).await.items.len();
            let counted: Result<_, store::Error> = house.store.read(move |db| usage::count(db, &filter)).await;
            assert_eq!(counted.unwrap(), listed as u64, "what is counted is what is listed");
            listed
        };
        assert_eq!(count(Filter::default()).await, 3);
        assert_eq!(count(Filter { operation: Some("two".into()), ..Filter::default() }).await, 2);
        let twos_of_a = Filter { tenant: Some(a), operation: Some("two".into()), ..Filter::default() };
        assert_eq!(count(twos_of_a).await, 1);
        let from = Some(testkit::moment("2026-11-21T14:00:00Z"));
        assert_eq!(count(Filter { from, ..Filter::default() }).await, 2);
        assert_eq!(count(Filter { to: from, ..Filter::default() }).await, 1);
        assert_eq!(count(Filter { job: Some(base::JobId::generate()), ..Filter::default() }).await, 0);
    }

    async fn what_a_tenant_used_is_erased_with_it_and_old_rows_are_swept(db: testkit::Database) {
        let (a, b) = tenants();
        let house = used(&db, &[(a, "one", "small", 1), (b, "two", "small", 2), (b, "two", "small", 3)]).await;
        let actor = Actor::house();
        let erased = house.store.write(&actor, house.clock.now(), move |tx| {
            tx.audit(store::audit::Entry::new(a, "tenant_erased", format!("tenants/{a}"), "Erased"));
            usage::erase(tx, a)
        });
        let erased: Result<u64, store::Error> = erased.await;
        assert_eq!(erased.unwrap(), 1);
        let before = testkit::moment("2026-11-21T15:00:00Z");
        let swept: Result<u64, store::Error> = house.store.bookkeep("sweep", move |tx| usage::sweep(tx, before)).await;
        assert_eq!((swept.unwrap(), house.ledger().await.len()), (1, 1));
    }
}

#[test]
fn the_id_of_a_row_is_seen_for_what_it_is() {
    assert!(UsageId::generate().to_string().starts_with("use_"));
}
