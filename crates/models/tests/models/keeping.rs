//! Answers that are kept for repetition, and requests that share one answer.

use crate::{
    gateway::{Got, account, call, chat, messages, providers, stream, two_with, with_header},
    house::{House, millis},
};
use base::{AppKeyId, TenantId};
use jiff::SignedDuration;
use models::{
    Settings,
    ledger::Bounds,
    relay::{Account, Asks},
};
use serde_json::json;
use testkit::model::{Reply, Script};

async fn house(db: &testkit::Database, change: impl FnOnce(&mut Settings)) -> (House, Script) {
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script), ("anthropic", &script)]);
    settings.cache.enabled = true;
    settings.aliases.insert("fast".into(), "local/small".into());
    change(&mut settings);
    (House::open(db, settings).await, script)
}

/// When somebody else has begun.
async fn after_a_moment<T>(doing: impl Future<Output = T>) -> T {
    tokio::time::sleep(millis(50)).await;
    doing.await
}

testkit::on_both! {
    async fn the_same_again_is_answered_without_asking_and_costs_nothing(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.answers(Reply::text("Hello").tokens(10, 5));
        let first = house.relay(chat("local/small", "Hello?")).await;
        let second = house.relay(chat("fast", "Hello?")).await;
        assert_eq!(first.header("x-mainstay-cache"), Some("miss"));
        assert_eq!(second.header("x-mainstay-cache"), Some("hit"));
        assert_eq!((second.header("x-mainstay-cost-usd"), second.header("x-mainstay-attempts")), (Some("0.0"), Some("0")));
        assert_eq!(first.bytes, second.bytes);
        assert_eq!(script.requests().len(), 1);
        let rows = house.ledger().await;
        assert_eq!(rows.iter().map(|it| it.from_cache).collect::<Vec<_>>(), [false, true]);
        assert_eq!(rows[1].cost.known().map(|it| it.0), Some(0));
    }

    async fn another_tenant_gets_nothing_of_it(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.always(|_| Reply::text("Hello"));
        for tenant in [TenantId::DEFAULT, TenantId::generate(), TenantId::generate()] {
            let mut asking = chat("local/small", "Hello?");
            asking.account = Account { tenant, ..account() };
            assert_eq!(house.relay(asking).await.header("x-mainstay-cache"), Some("miss"));
        }
        assert_eq!(script.requests().len(), 3);
    }

    async fn an_answer_that_was_kept_is_told_in_the_form_that_is_asked_for(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.always(|_| Reply::text("one two three").tokens(10, 5));
        let whole = house.relay(chat("local/small", "a")).await;
        let streamed = house.relay(stream("local/small", "a")).await;
        assert_eq!(streamed.header("x-mainstay-cache"), Some("hit"));
        assert_eq!((streamed.words().as_str(), streamed.data().last()), ("one two three", Some(&"[DONE]")));
        assert_eq!(whole.json()["choices"][0]["message"]["content"], "one two three");

        let streamed = house.relay(stream("local/small", "b")).await;
        let again = house.relay(stream("local/small", "b")).await;
        let whole = house.relay(chat("local/small", "b")).await;
        assert_eq!(streamed.bytes, again.bytes);
        assert_eq!(whole.header("x-mainstay-cache"), Some("hit"));
        assert_eq!(whole.json()["choices"][0]["message"]["content"], "one two three");

        house.relay(messages("anthropic/claude", "c", true)).await;
        let whole = house.relay(messages("anthropic/claude", "c", false)).await;
        assert_eq!(whole.header("x-mainstay-cache"), Some("hit"));
        assert_eq!(whole.json()["content"][0]["text"], "one two three");
        assert_eq!(script.requests().len(), 3);
    }

    async fn requests_at_the_same_moment_share_one_answer_and_each_has_its_row(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.always(|_| Reply::text("Hello").delayed(millis(200)));
        let ask = || house.relay(chat("local/small", "Hello?"));
        let all = tokio::join!(ask(), ask(), ask(), ask());
        assert!([&all.0, &all.1, &all.2, &all.3].iter().all(|it| it.status == 200 && it.bytes == all.0.bytes));
        assert_eq!(script.requests().len(), 1);
        let rows = house.ledger().await;
        assert_eq!((rows.len(), rows.iter().filter(|it| it.from_cache).count()), (4, 3));
    }

    async fn requests_at_the_same_moment_share_what_another_model_said_and_it_is_not_kept(db: testkit::Database) {
        let (house, first, second) = two_with(&db, |it| it.cache.enabled = true).await;
        first.always(|_| Reply::status(500).delayed(millis(200)));
        second.always(|_| Reply::text("Hello"));
        let ask = || house.relay(chat("first/small", "Hello?"));
        let all: [Got; 4] = tokio::join!(ask(), ask(), ask(), ask()).into();
        for got in &all {
            assert_eq!((got.status, &got.bytes), (200, &all[0].bytes), "{}", got.text());
            let told = ["x-mainstay-fallback", "x-mainstay-model"].map(|it| got.header(it));
            assert_eq!(told, [Some("true"), Some("large")]);
        }
        assert_eq!((first.requests().len(), second.requests().len()), (1, 1));
        let rows = house.ledger().await;
        assert_eq!((rows.len(), rows.iter().filter(|it| it.from_cache).count()), (5, 3));
        // The next time the one that was asked for may answer again.
        assert_eq!(ask().await.header("x-mainstay-cache"), Some("miss"));
        assert_eq!(first.requests().len(), 2);
    }

    async fn requests_at_the_same_moment_share_that_nobody_answers(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.always(|_| Reply::status(500).delayed(millis(200)));
        let ask = || house.relay(chat("local/small", "Hello?"));
        let all: [Got; 4] = tokio::join!(ask(), ask(), ask(), ask()).into();
        for got in &all {
            assert_eq!((got.status, got.header("x-should-retry")), (500, Some("false")), "{}", got.text());
        }
        assert_eq!((script.requests().len(), house.ledger().await.len()), (1, 1));
        script.always(|_| Reply::text("Hello"));
        assert_eq!(ask().await.status, 200, "that nobody answered is not kept");
    }

    async fn a_name_with_others_behind_it_does_not_share_that_one_without_them_failed(db: testkit::Database) {
        let (house, first, second) = two_with(&db, |it| {
            it.cache.enabled = true;
            it.fallbacks.clear();
            it.fallbacks.insert("fast".into(), vec!["second/large".into()]);
            it.aliases.insert("fast".into(), "first/small".into());
        })
        .await;
        first.always(|_| Reply::status(500).delayed(millis(200)));
        second.always(|_| Reply::text("Hello"));
        let alone = house.relay(chat("first/small", "Hello?"));
        let (alone, other) = tokio::join!(alone, after_a_moment(house.relay(chat("fast", "Hello?"))));
        assert_eq!((alone.status, other.status), (500, 200), "{}", other.text());
        assert_eq!(other.header("x-mainstay-fallback"), Some("true"));
    }

    async fn the_cheaper_model_that_one_budget_leads_to_answers_nobody_else(db: testkit::Database) {
        let poor = AppKeyId::generate();
        let (house, script) = house(&db, |it| {
            it.budgets = serde_json::from_value(json!([{
                "name": "poor", "scope": "key", "match": poor.to_string(), "period": "month", "limit_tokens": 1,
                "at_limit": "downgrade", "downgrade_to": "local/cheap",
            }]))
            .unwrap();
        })
        .await;
        script.always(|body| Reply::text(body["model"].as_str().unwrap()).delayed(millis(200)));
        let asks = |key| {
            let mut asking = chat("local/small", "Hello?");
            asking.account = Account { key: Some(key), ..account() };
            house.relay(asking)
        };
        let (first, second) = tokio::join!(asks(poor), after_a_moment(asks(AppKeyId::generate())));
        let models = [&first, &second].map(|it| it.header("x-mainstay-model"));
        assert_eq!(models, [Some("cheap"), Some("small")], "{} {}", first.text(), second.text());
    }

    async fn who_waits_asks_when_the_first_one_goes(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.answers(Reply::hang()).answers(Reply::text("Hello"));
        let goes = async {
            script.until_asked(1).await;
            // By then the second waits. Were it slower than that, it would ask all the same.
            tokio::time::sleep(millis(100)).await;
        };
        let first = async {
            tokio::select! {
                _ = house.relay(chat("local/small", "Hello?")) => panic!("nobody answered so soon"),
                () = goes => {}
            }
        };
        let second = async {
            script.until_asked(1).await;
            house.relay(chat("local/small", "Hello?")).await
        };
        let ((), second) = tokio::join!(first, second);
        assert_eq!(second.status, 200, "{}", second.text());
        assert_eq!(script.requests().len(), 2);
    }

    async fn a_journal_that_is_full_refuses_kept_answers_too(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.always(|_| Reply::text("Hello"));
        let folder = tempfile::tempdir().unwrap();
        let bounds = Bounds { file_bytes: 1_000, bytes_max: 4_000 };
        house.models.keep_journal(folder.path(), bounds).await.unwrap();
        assert_eq!(house.relay(chat("local/small", "Hello?")).await.status, 200);
        house.models.close().await;
        db.raw("ALTER TABLE model_usage RENAME TO away").await;
        let mut repeated = 0;
        let refused = loop {
            let got = house.relay(chat("local/small", "Hello?")).await;
            if got.status != 200 {
                break got;
            }
            assert_eq!(got.header("x-mainstay-cache"), Some("hit"));
            repeated += 1;
            assert!(repeated < 50, "the journal has no bound");
        };
        assert!(repeated > 0, "there was room");
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (503, &json!("ledger_full")));
        assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), (Some("5"), None));
        db.raw("ALTER TABLE away RENAME TO model_usage").await;
        house.models.close().await;
        assert_eq!(house.relay(chat("local/small", "Hello?")).await.header("x-mainstay-cache"), Some("hit"));
        let rows = house.ledger().await;
        assert_eq!(rows.iter().filter(|it| it.from_cache).count(), repeated + 1, "each that was given, and no other");
        assert_eq!(script.requests().len(), 1);
    }

    async fn a_stream_that_broke_or_was_left_is_not_kept(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        script.answers(Reply::text("one two").cut_after(2)).answers(Reply::text("one two"));
        house.relay(stream("local/small", "a")).await;
        let again = house.relay(stream("local/small", "a")).await;
        assert_eq!((again.header("x-mainstay-cache"), again.words().as_str()), (Some("miss"), "one two"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_wish_for_a_fresh_answer_or_for_none_to_be_kept() {
    let db = testkit::Database::sqlite();
    let (house, script) = house(&db, |_| ()).await;
    let mut count = 0;
    script.always(move |_| {
        count += 1;
        Reply::text(format!("answer {count}"))
    });
    let ask = |wish: Option<&'static str>| {
        let asking = chat("local/small", "Hello?");
        house.relay(match wish {
            Some(wish) => with_header(asking, "cache-control", wish),
            None => asking,
        })
    };
    let text = |got: &crate::gateway::Got| {
        let told = got.header("x-mainstay-cache").unwrap().to_owned();
        (told, got.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned())
    };
    let expect = |cache: &str, words: &str| (cache.to_owned(), words.to_owned());
    assert_eq!(text(&ask(Some("no-store")).await), expect("off", "answer 1"));
    assert_eq!(text(&ask(None).await), expect("miss", "answer 2"));
    assert_eq!(text(&ask(Some("max-age=0, No-Cache")).await), expect("miss", "answer 3"));
    assert_eq!(text(&ask(None).await), expect("hit", "answer 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_switches_it_off_and_time_ends_it() {
    let db = testkit::Database::sqlite();
    let (house_off, script) = house(&db, |it| {
        it.policies =
            serde_json::from_value(json!([{"operation": "chat", "cache": false}])).unwrap();
    })
    .await;
    script.always(|_| Reply::text("Hello"));
    for _ in 0..2 {
        let got = house_off.relay(chat("local/small", "Hello?")).await;
        assert_eq!(got.header("x-mainstay-cache"), Some("off"));
    }
    let (house_short, script) =
        house(&testkit::Database::sqlite(), |it| it.cache.ttl = SignedDuration::from_millis(50))
            .await;
    script.always(|_| Reply::text("Hello"));
    for _ in 0..2 {
        let got = house_short.relay(chat("local/small", "Hello?")).await;
        assert_eq!(got.header("x-mainstay-cache"), Some("miss"));
        tokio::time::sleep(millis(120)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_not_kept() {
    let db = testkit::Database::sqlite();
    let (house, script) = house(&db, |_| ()).await;
    script.answers(Reply::status(400)).answers(Reply::text("Hello"));
    let body = json!({"model": "local/small", "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(house.relay(call(Asks::Chat, &body)).await.status, 400);
    assert_eq!(house.relay(call(Asks::Chat, &body)).await.status, 200);
}
