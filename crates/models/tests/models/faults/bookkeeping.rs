//! What is written down, when the database, the process, the clock or the money gives out.

use std::sync::Arc;

use super::{budgets, is_error, nothing_is_held};
use crate::{
    gateway::{call, chat, messages, providers, stream},
    house::{House, millis},
};
use base::Timestamp;
use jiff::SignedDuration;
use models::{
    Cost, Models, Settings,
    ledger::{
        Bounds,
        budget::event::{self, Kind},
        spent,
    },
    relay::Asks,
};
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

/// A dollar for each token, so that sums are seen at once.
fn prices() -> Json {
    json!([{"model": "*", "input_per_million_usd": 1.0e6, "output_per_million_usd": 1.0e6}])
}

fn settings(script: &Script, change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = providers(&[("local", script), ("anthropic", script)]);
    settings.prices = serde_json::from_value(prices()).unwrap();
    change(&mut settings);
    settings
}

/// What was told about budgets.
async fn told(house: &House) -> Vec<Kind> {
    let all = |db: &store::Db| event::list(db, None, Timestamp::UNIX_EPOCH, 50);
    let mut kinds: Vec<_> = house.store.read(all).await.unwrap().iter().map(|it| it.kind).collect();
    kinds.sort();
    kinds
}

testkit::on_both! {
    async fn a_database_that_is_away_when_a_request_comes_and_goes_stops_nothing(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("one two").tokens(3, 2));
        let house = House::open(&db, settings(&script, |_| ())).await;
        let folder = tempfile::tempdir().unwrap();
        house.models.keep_journal(folder.path(), Bounds::default()).await.unwrap();
        db.raw("ALTER TABLE model_usage RENAME TO away").await;
        for _ in 0..3 {
            assert_eq!(house.relay(chat("local/small", "a")).await.status, 200);
            assert_eq!(house.relay(stream("local/small", "a")).await.words(), "one two");
        }
        db.raw("ALTER TABLE away RENAME TO model_usage").await;
        let rows = house.ledger().await;
        assert_eq!(rows.iter().map(|it| it.outcome.name()).collect::<Vec<_>>(), ["ok"; 6]);
        let drifts = house.store.read(|db| spent::verify(db, Timestamp::UNIX_EPOCH)).await.unwrap();
        assert_eq!(drifts, []);
    }

    async fn a_journal_that_is_full_refuses_what_is_new_and_says_when_to_come_again(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("one two"));
        let house = House::open(&db, settings(&script, |_| ())).await;
        let folder = tempfile::tempdir().unwrap();
        let bounds = Bounds { file_bytes: 1_000, bytes_max: 2_000 };
        house.models.keep_journal(folder.path(), bounds).await.unwrap();
        db.raw("ALTER TABLE model_usage RENAME TO away").await;
        let mut served = 0;
        let refused = loop {
            let got = house.relay(chat("local/small", "a")).await;
            if got.status != 200 {
                break got;
            }
            served += 1;
            assert!(served < 50, "the journal has no bound");
        };
        let told = is_error(&refused, 503, "server_error");
        assert_eq!((&told["error"]["code"], refused.header("retry-after")), (&json!("ledger_full"), Some("5")));
        assert_eq!(refused.header("x-should-retry"), None, "it may well be repeated");
        assert_eq!(script.requests().len(), served, "who cannot be written down is not asked");
        db.raw("ALTER TABLE away RENAME TO model_usage").await;
        house.models.close().await;
        assert_eq!(house.relay(chat("local/small", "a")).await.status, 200);
        assert_eq!(house.ledger().await.len(), served + 1);
    }

    async fn without_the_database_a_budget_goes_on_for_a_while_and_then_says_so(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("one two").tokens(6, 4));
        // Ten dollars a request; a twentieth of the limit is fifty.
        let house = House::open(&db, settings(&script, |it| it.budgets = budgets(1_000.0))).await;
        let folder = tempfile::tempdir().unwrap();
        house.models.keep_journal(folder.path(), Bounds::default()).await.unwrap();
        let ask = || {
            let body = json!({"model": "local/small", "max_tokens": 4, "messages": [{"role": "user", "content": "a"}]});
            call(Asks::Chat, body)
        };
        assert_eq!(house.relay(ask()).await.status, 200);
        db.raw("ALTER TABLE model_budget_leases RENAME TO away").await;
        let mut served = 0;
        let refused = loop {
            let got = house.relay(ask()).await;
            if got.status != 200 {
                break got;
            }
            served += 1;
            assert!(served < 50, "without the database there is no bound");
        };
        assert!(served > 0, "a lease was there");
        let told = is_error(&refused, 503, "server_error");
        assert_eq!((&told["error"]["code"], refused.header("retry-after")), (&json!("budget_unknown"), Some("1")));
        db.raw("ALTER TABLE away RENAME TO model_budget_leases").await;
        house.clock.advance(SignedDuration::from_secs(2));
        assert_eq!(house.relay(ask()).await.status, 200);
        house.ledger().await;
        nothing_is_held(&house).await;
    }

    async fn two_replicas_at_ninety_nine_percent_let_through_what_is_left(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello").tokens(1, 1).delayed(millis(20)));
        // Two dollars each by the count, three by the estimate: one of 300 dollars is left over.
        let own = settings(&script, |it| {
            it.budgets = budgets(300.0);
            it.providers["local"].concurrency = 64;
        });
        let house = Arc::new(House::open(&db, own.clone()).await);
        let other = Models::open(house.store.clone(), house.clock.clone(), own).unwrap();
        let other = Arc::new(House { models: other, store: house.store.clone(), clock: house.clock.clone() });
        let ask = |tokens: u64| {
            script.always(move |_| Reply::text("Hello").tokens(1, tokens - 1));
            call(Asks::Chat, json!({"model": "local/small", "max_tokens": 1, "messages": [{"role": "user", "content": "a"}]}))
        };
        // 297 of 300 are spent, in one request that cost more than was held for it.
        assert_eq!(house.relay(ask(297)).await.status, 200);
        house.models.close().await;
        let mut asked = tokio::task::JoinSet::new();
        for at in 0..40 {
            let (house, call) = (if at % 2 == 0 { house.clone() } else { other.clone() }, ask(2));
            asked.spawn(async move { house.relay(call).await.status });
        }
        let statuses = asked.join_all().await;
        assert!(statuses.iter().all(|it| matches!(it, 200 | 429)), "{statuses:?}");
        house.models.close().await;
        other.models.close().await;
        let rows = house.ledger().await;
        let spent: i64 = rows.iter().filter_map(|it| it.cost.nanos()).map(|it| it.0).sum();
        assert!(spent <= 300_000_000_000, "{spent}");
        nothing_is_held(&house).await;
        nothing_is_held(&other).await;
    }

    async fn attempts_that_are_given_up_count_against_the_budget_as_what_was_held_for_them(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, settings(&script, |it| {
            it.budgets = budgets(105.0);
            it.breaker.failures = 100;
            it.relay.attempts_max = 1;
            it.providers["local"].timeout = SignedDuration::from_secs(1);
        })).await;
        let ask = || call(Asks::Chat, json!({"model": "local/small", "max_tokens": 20, "messages": [{"role": "user", "content": "a"}]}));
        script.always(|_| Reply::hang());
        // By its caller, and by the gateway.
        tokio::select! {
            _ = house.models.relay(ask()) => panic!("nobody answered so soon"),
            () = script.until_asked(1) => {}
        }
        assert_eq!(house.relay(ask()).await.status, 504);
        script.always(|_| Reply::hang_up());
        assert_eq!(house.relay(ask()).await.status, 502);
        // A refusal costs nothing.
        script.always(|_| Reply::status(400));
        assert_eq!(house.relay(ask()).await.status, 400);
        script.always(|_| Reply::body(200, "{\"it is\": \"no answer\"}"));
        assert_eq!(house.relay(ask()).await.status, 502);
        let refused = house.relay(ask()).await;
        let rows = house.ledger().await;
        let dollars: Vec<_> = rows.iter().map(|it| (it.outcome.name(), it.cost.nanos().map(|it| it.0 / 1_000_000_000))).collect();
        let held = rows[0].held.map(|it| it.0 / 1_000_000_000);
        let expected = [("abandoned", held), ("timeout", held), ("hung_up", held), ("refused", Some(0)), ("unreadable", held)];
        assert_eq!(dollars, expected);
        assert!(held > Some(20), "{held:?}");
        assert_eq!(refused.status, 429, "{}", refused.text());
        nothing_is_held(&house).await;
    }

    async fn a_request_larger_than_the_whole_budget_is_told_so_and_no_time_to_come_again(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello").tokens(1, 4));
        let house = House::open(&db, settings(&script, |it| it.budgets = budgets(50.0))).await;
        let ask = |most: u64| call(Asks::Chat, json!({"model": "local/small", "max_tokens": most, "messages": [{"role": "user", "content": "a"}]}));
        let refused = house.relay(ask(60)).await;
        let told = is_error(&refused, 429, "insufficient_quota");
        assert_eq!(told["error"]["code"], "request_over_budget");
        assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), (None, Some("false")));
        assert_eq!(house.relay(ask(4)).await.status, 200);
    }

    async fn all_answers_that_are_asked_for_are_held_for_and_counted(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, settings(&script, |it| it.budgets = budgets(1.0e6))).await;
        let choices: Vec<_> = (0..3).map(|at| json!({"index": at, "message": {"content": "four"}, "finish_reason": "stop"})).collect();
        let body = json!({"id": "c", "model": "small", "choices": choices}).to_string();
        script.always(move |_| Reply::body(200, body.clone()));
        let asked = json!({"model": "local/small", "n": 3, "messages": [{"role": "user", "content": "a"}]});
        assert_eq!(house.relay(call(Asks::Chat, asked)).await.status, 200);
        let row = house.ledger().await.remove(0);
        let held = u64::try_from(row.held.unwrap().0 / 1_000_000_000).unwrap();
        assert_eq!((held - row.usage.tokens_in, row.usage.tokens_out), (3_000, 3));
        assert!(row.usage.estimated);
    }

    async fn a_burst_does_not_pass_a_budget_and_the_answer_says_which_and_until_when(db: testkit::Database) {
        let script = Script::start().await;
        // What is held is an estimate of the question, and the four tokens that were asked for.
        script.always(|_| Reply::text("Hello").tokens(1, 4).delayed(millis(500)));
        let house = Arc::new(House::open(&db, settings(&script, |it| it.budgets = budgets(50.0))).await);
        let body = json!({"model": "local/small", "max_tokens": 4, "messages": [{"role": "user", "content": "a"}]});
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..30 {
            let (house, call) = (house.clone(), call(Asks::Chat, &body));
            asked.spawn(async move { house.relay(call).await });
        }
        let got = asked.join_all().await;
        let served = got.iter().filter(|it| it.status == 200).count();
        assert!((1..=10).contains(&served), "{served} of five dollars each");
        let refused = got.iter().find(|it| it.status != 200).unwrap();
        let said = is_error(refused, 429, "rate_limit_error");
        assert_eq!(said["error"]["code"], "budget_held");
        assert!(said["error"]["message"].as_str().is_some_and(|it| it.contains("`all` is held by requests under way")), "{said}");
        // Nothing is used up: whoever comes again in a moment finds room.
        assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), (Some("2"), None));
        assert_eq!(script.requests().len(), served);
        house.models.close().await;
        assert!(!told(&house).await.contains(&Kind::Reached));
        assert_eq!(house.relay(call(Asks::Chat, &body)).await.status, 200);
    }

    async fn a_budget_that_is_used_up_is_told_with_the_time_of_its_reset(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello").tokens(1, 4));
        let house = House::open(&db, settings(&script, |it| it.budgets = budgets(50.0))).await;
        let body = json!({"model": "local/small", "max_tokens": 4, "messages": [{"role": "user", "content": "a"}]});
        let mut served = 0;
        let refused = loop {
            let got = house.relay(call(Asks::Chat, &body)).await;
            if got.status != 200 {
                break got;
            }
            // Nothing is under way when the next one comes.
            house.models.close().await;
            served += 1;
            assert!(served <= 10, "five dollars each");
        };
        let said = is_error(&refused, 429, "insufficient_quota");
        assert_eq!(said["error"]["code"], "budget_exceeded");
        assert!(said["error"]["message"].as_str().is_some_and(|it| it.contains("`all`") && it.contains("resets at 2026-12-01")), "{said}");
        // It is of no use to try again soon, and the true time is told.
        assert_eq!(refused.header("x-should-retry"), Some("false"));
        let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert_eq!(wait, testkit::moment("2026-12-01T00:00:00Z").as_second() - house.clock.now().as_second());
        assert!(told(&house).await.contains(&Kind::Reached));
    }

    async fn every_way_in_counts_against_the_budget(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello").tokens(60, 60));
        let house = House::open(&db, settings(&script, |it| it.budgets = budgets(100.0))).await;
        let ask = |model: &str| json!({"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "a"}]});
        assert_eq!(house.relay(call(Asks::Chat, ask("local/small"))).await.status, 200);
        house.models.close().await;
        let before = script.requests().len();
        let streamed = json!({"model": "local/small", "stream": true, "messages": [{"role": "user", "content": "a"}]});
        for (asks, body) in [
            (Asks::Chat, ask("local/small")),
            (Asks::Chat, streamed),
            (Asks::Messages, ask("anthropic/claude")),
            (Asks::Responses, json!({"model": "local/small", "input": "a"})),
            (Asks::Embeddings, json!({"model": "local/e", "input": "a"})),
        ] {
            let got = house.relay(call(asks, &body)).await;
            assert_eq!(got.status, 429, "{asks:?}: {}", got.text());
            assert!(got.text().contains("budget"), "{asks:?}: {}", got.text());
        }
        assert!(house.models.complete(crate::house::ask("a")).await.is_err());
        assert_eq!(script.requests().len(), before, "nobody was asked");
    }

    async fn a_clock_that_jumps_over_the_edge_of_a_period_lets_nobody_spend_twice(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello").tokens(30, 30));
        let house = House::open(&db, settings(&script, |it| {
            it.budgets = serde_json::from_value(json!([{"name": "all", "scope": "whole", "period": "day", "limit_usd": 100.0}])).unwrap();
        })).await;
        let ask = || call(Asks::Chat, json!({"model": "local/small", "max_tokens": 1, "messages": [{"role": "user", "content": "a"}]}));
        let mut statuses = Vec::new();
        // Over midnight, back before it, and over it again: each day has one hundred dollars, once.
        for jump in [0, 0, 0, 16 * 3_600, 0, 0, -3_600, 3_600] {
            house.clock.advance(SignedDuration::from_secs(jump));
            statuses.push(house.relay(ask()).await.status);
            house.models.close().await;
        }
        assert_eq!(statuses, [200, 200, 429, 200, 200, 429, 429, 429]);
    }

    async fn a_clock_that_is_set_back_makes_nobody_wait_for_hours(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello"));
        let house = House::open(&db, settings(&script, |it| {
            it.limits = serde_json::from_value(json!([{"per": "provider", "match": "local", "requests_per_minute": 2}])).unwrap();
            it.queue.wait = SignedDuration::from_millis(50);
        })).await;
        let mut told = Vec::new();
        for jump in [0, 0, 0, -7_200, 61] {
            house.clock.advance(SignedDuration::from_secs(jump));
            let got = house.relay(chat("local/small", "a")).await;
            told.push((got.status, got.header("retry-after").map(|it| it.parse::<u64>().unwrap())));
        }
        assert_eq!(told[..2], [(200, None), (200, None)]);
        assert!(matches!(told[2], (429, Some(1..=60))), "{told:?}");
        assert!(matches!(told[3], (429, Some(1..=60))), "{told:?}");
        assert_eq!(told[4], (200, None));
    }

    async fn an_answer_without_a_price_counts_its_tokens_although_not_its_money(db: testkit::Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("Hello").tokens(30, 30));
        let house = House::open(&db, settings(&script, |it| {
            it.prices.clear();
            it.budgets = serde_json::from_value(json!([{"name": "tokens", "scope": "whole", "period": "day", "limit_tokens": 100}])).unwrap();
        })).await;
        let ask = || messages("anthropic/claude", "a", false);
        let mut statuses = Vec::new();
        for _ in 0..3 {
            let body = json!({"model": "local/small", "max_tokens": 1, "messages": [{"role": "user", "content": "a"}]});
            statuses.push(house.relay(call(Asks::Chat, body)).await.status);
            house.models.close().await;
        }
        assert_eq!(statuses, [200, 200, 429]);
        assert_eq!(house.relay(ask()).await.json()["type"], "error");
        assert!(house.ledger().await.iter().all(|it| it.cost == Cost::Unknown));
    }
}
