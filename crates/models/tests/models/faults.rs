//! What goes wrong before an answer begins: who is asked instead, who is asked again, what the
//! caller is told, and what the ledger says.

mod answers;
mod bookkeeping;
mod callers;
mod connecting;
mod refusing;
mod secrets;
mod sockets;
mod streams;

use std::time::{Duration, Instant};

use crate::{
    gateway::{Got, chat, messages, one, providers, stream, two, two_with},
    house::House,
};
use futures::future::join_all;
use jiff::SignedDuration;
use models::ledger::budget::{Amount, Budget};
use rstest::rstest;
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

/// Dialects that differ. The others are spoken to as OpenAI is.
const KINDS: [&str; 4] = ["openai", "anthropic", "gemini", "ollama"];

/// A budget of so many dollars a month, for all.
fn budgets(dollars: f64) -> Vec<Budget> {
    let all = json!([{"name": "all", "scope": "whole", "period": "month", "limit_usd": dollars}]);
    serde_json::from_value(all).unwrap()
}

/// Nothing is held in any budget for requests that are over.
async fn nothing_is_held(house: &House) {
    for it in house.models.budgets().standings(house.clock.now()).await.unwrap() {
        let is_nothing = matches!(it.in_flight, Amount::Usd(held) if held.0 == 0);
        assert!(is_nothing, "{:?} of {} is held", it.in_flight, it.budget.name);
    }
}

async fn models_of(house: &House) -> Vec<(String, &'static str)> {
    house.ledger().await.into_iter().map(|it| (it.model, it.outcome.name())).collect()
}

/// Nothing at all; whoever asks `c` hears the beginning of a stream.
fn silent(asked: &Json) -> Reply {
    match asked["messages"][0]["content"] == "c" {
        true => Reply::text("never").stalls_after(1),
        false => Reply::hang(),
    }
}

#[track_caller]
fn is_error(got: &Got, status: u16, kind: &str) -> Json {
    assert_eq!(got.status, status, "{}", got.text());
    let body = got.json();
    assert_eq!(body["error"]["type"], kind, "{body}");
    body
}

testkit::on_both! {
    async fn who_fails_before_an_answer_begins_is_replaced_at_once(db: testkit::Database) {
        let (house, first, second) = two_with(&db, |it| it.breaker.failures = 100).await;
        second.always(|_| Reply::text("Hello"));
        for fault in [
            Reply::hang_up(),
            Reply::status(429),
            Reply::status(429).retry_after(30),
            Reply::body(429, r#"{"error": {"message": "no money", "code": "insufficient_quota"}}"#),
            Reply::status(401),
            Reply::status(404),
            Reply::status(503),
            Reply::body(400, r#"{"error": {"message": "too long", "code": "context_length_exceeded"}}"#),
            Reply::body(200, r#"{"error": {"message": "overloaded", "type": "server_error"}}"#),
            Reply::body(200, "<html>Welcome to the hotel</html>"),
        ] {
            first.answers(fault.clone());
            let began = Instant::now();
            let got = house.relay(chat("first/small", "Hello?")).await;
            assert_eq!(got.status, 200, "{fault:?}: {}", got.text());
            assert!(began.elapsed() < Duration::from_secs(2), "{fault:?}");
            assert_eq!(got.header("x-mainstay-fallback"), Some("true"));
            assert_eq!(got.header("x-mainstay-attempts"), Some("2"), "{fault:?}");
            assert_eq!((got.header("x-mainstay-provider"), got.header("x-mainstay-model")), (Some("second"), Some("large")));
        }
        assert_eq!(second.last_request().body["model"], "large");
        let outcomes: Vec<_> = house.outcomes().await.into_iter().filter(|it| *it != "ok").collect();
        assert_eq!(outcomes, [
            "hung_up", "rate_limited", "rate_limited", "refused", "refused", "refused", "unavailable",
            "refused", "unreadable", "unreadable",
        ]);
    }

    async fn a_stream_that_fails_before_its_first_word_is_replaced(db: testkit::Database) {
        let (house, first, second) = two_with(&db, |it| it.breaker.failures = 100).await;
        second.always(|_| Reply::text("one two"));
        for fault in [
            Reply::status(529),
            Reply::text("never said").fails_after(1),
            Reply::text("never said").cut_after(1),
            Reply::text("never said").ends_after(1),
            Reply::text("never said").breaks_after(0),
            Reply::body(200, r#"{"error": {"message": "no", "code": "rate_limit_exceeded"}}"#),
        ] {
            first.answers(fault.clone());
            let got = house.relay(stream("first/small", "Count.")).await;
            assert_eq!((got.status, got.words().as_str()), (200, "one two"), "{fault:?}: {}", got.text());
            assert!(!got.text().contains("never"), "{fault:?}");
            assert_eq!(got.data().last(), Some(&"[DONE]"));
            assert_eq!(got.header("x-mainstay-fallback"), Some("true"));
        }
        assert_eq!(house.ledger().await.len(), 12);
    }

    async fn who_hangs_before_the_head_or_the_first_word_is_given_up_in_time(db: testkit::Database) {
        let (first, second) = (Script::start().await, Script::start().await);
        let mut settings = providers(&[("first", &first), ("second", &second)]);
        settings.fallbacks.insert("first/small".into(), vec!["second/large".into()]);
        let hasty = &mut settings.providers["first"];
        // Not before it was asked, however busy the machine is.
        hasty.timeout = SignedDuration::from_secs(1);
        hasty.first_byte_timeout = SignedDuration::from_secs(1);
        hasty.first_token_timeout = SignedDuration::from_secs(1);
        let house = House::open(&db, settings).await;
        second.always(|_| Reply::text("Hello"));
        first.always(silent);
        let all = [chat("first/small", "a"), stream("first/small", "b"), stream("first/small", "c")];
        let began = Instant::now();
        for got in join_all(all.map(|it| house.relay(it))).await {
            assert_eq!((got.status, got.header("x-mainstay-provider")), (200, Some("second")));
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        let outcomes = house.outcomes().await;
        assert_eq!(outcomes.iter().filter(|it| **it == "timeout").count(), 3, "{outcomes:?}");
        // Nobody is kept busy for nobody.
        first.until_hung_up(3).await;
    }

    async fn who_cannot_be_reached_is_replaced_and_leaves_no_row(db: testkit::Database) {
        let second = Script::start().await;
        second.always(|_| Reply::text("Hello"));
        let mut settings = providers(&[("first", &second), ("second", &second)]);
        settings.fallbacks.insert("first/small".into(), vec!["second/large".into()]);
        // Nobody listens at the first; the second time somebody does who does not speak TLS.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for address in [format!("http://127.0.0.1:{port}"), second.address().replace("http", "https")] {
            settings.providers["first"].base_url = Some(address);
            let house = House::open(&db, settings.clone()).await;
            let got = house.relay(chat("first/small", "Hello?")).await;
            assert_eq!((got.status, got.header("x-mainstay-attempts")), (200, Some("2")), "{}", got.text());
            let rows = models_of(&house).await;
            assert_eq!(rows.last(), Some(&("large".to_owned(), "ok")));
            assert!(rows.iter().all(|it| it.0 == "large"), "{rows:?}");
        }
    }

    async fn a_wrong_request_asks_nobody_else_and_keeps_the_providers_words(db: testkit::Database) {
        let (house, first, second) = two(&db).await;
        let body = json!({"error": {"message": "the word 429 is not allowed here", "type": "odd_type",
                                    "param": "messages", "code": "odd_code"}});
        first.answers(Reply::body(400, body.to_string()));
        let got = house.relay(chat("first/small", "Hello?")).await;
        let told = is_error(&got, 400, "odd_type");
        assert_eq!((&told["error"]["code"], &told["error"]["param"]), (&json!("odd_code"), &json!("messages")));
        assert_eq!(told["error"]["message"], "the word 429 is not allowed here");
        assert_eq!(got.header("x-should-retry"), Some("false"));
        assert_eq!(told["gateway"]["provider"], "first");
        assert_eq!((first.requests().len(), second.requests().len()), (1, 0));
        assert_eq!(house.outcomes().await, ["refused"]);
        assert_eq!(house.ledger().await[0].usage.total(), 0);
    }

    async fn a_busy_provider_alone_is_asked_again_and_a_long_wait_is_handed_on(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.answers(Reply::status(429)).answers(Reply::status(503)).answers(Reply::text("Hello"));
        let got = house.relay(chat("local/small", "Hello?")).await;
        assert_eq!((got.status, got.header("x-mainstay-attempts")), (200, Some("3")));

        script.answers(Reply::status(429).retry_after(3_600));
        let got = house.relay(chat("local/small", "Hello?")).await;
        is_error(&got, 429, "scripted");
        assert_eq!((got.header("retry-after"), got.header("x-should-retry")), (Some("3600"), Some("false")));
        // A date is measured by the clock of the house, which stands at eight.
        script.answers(Reply::status(503).retry_after("Sat, 21 Nov 2026 09:00:00 GMT"));
        let got = house.relay(chat("local/small", "Hello?")).await;
        assert_eq!((got.status, got.header("retry-after")), (503, Some("3600")));
        assert_eq!(script.requests().len(), 5);
    }

    async fn when_all_are_busy_each_is_asked_again_after_a_wait_of_its_own(db: testkit::Database) {
        let (house, first, second) = two(&db).await;
        first.answers(Reply::status(503)).answers(Reply::status(503));
        second.answers(Reply::status(429)).answers(Reply::text("Hello"));
        let got = house.relay(chat("first/small", "Hello?")).await;
        assert_eq!((got.status, second.requests().len()), (200, 2));
        // Whose wait is over sooner is drawn: the first one is asked a second time, or not needed.
        let attempts = first.requests().len() + 2;
        assert!((3..=4).contains(&attempts));
        assert_eq!(got.header("x-mainstay-attempts"), Some(attempts.to_string().as_str()));
    }

    async fn a_provider_that_keeps_failing_is_passed_by_and_tried_again_later(db: testkit::Database) {
        let (house, first, second) = two(&db).await;
        first.always(|_| Reply::status(500));
        second.always(|_| Reply::text("Hello"));
        for _ in 0..7 {
            assert_eq!(house.relay(chat("first/small", "Hello?")).await.status, 200);
        }
        assert_eq!(first.requests().len(), 5, "nobody asked the sixth time");
        house.clock.advance(SignedDuration::from_secs(30));
        first.always(|_| Reply::text("Hello"));
        let got = house.relay(chat("first/small", "Hello?")).await;
        assert_eq!(got.header("x-mainstay-provider"), Some("first"));
    }

    async fn what_is_too_long_goes_to_a_model_that_takes_more_and_to_no_smaller_one(db: testkit::Database) {
        let (first, second) = (Script::start().await, Script::start().await);
        let mut settings = providers(&[("first", &first), ("second", &second)]);
        settings.fallbacks.insert("first/small".into(), vec!["first/smaller".into(), "second/large".into()]);
        let context = |it| models::settings::ModelSettings { context: Some(it), max_output: None };
        for (name, tokens) in [("small", 8_000), ("smaller", 4_000), ("large", 32_000)] {
            settings.models.insert(name.into(), context(tokens));
        }
        let house = House::open(&db, settings).await;
        let body = json!({"error": {"message": "This model's maximum context length is 8000 tokens"}});
        first.answers(Reply::body(400, body.to_string()));
        second.answers(Reply::text("Hello"));
        let got = house.relay(chat("first/small", "Hello?")).await;
        assert_eq!((got.status, got.header("x-mainstay-model")), (200, Some("large")));
        assert_eq!(first.requests().len(), 1);
        // It was not the provider's fault: it is asked again.
        first.answers(Reply::text("Hello"));
        assert_eq!(house.relay(chat("first/small", "Hi")).await.header("x-mainstay-model"), Some("small"));
    }
}

#[rstest]
#[case(400, 400, "invalid_request_error")]
#[case(401, 502, "api_error")]
#[case(429, 429, "rate_limit_error")]
#[case(500, 500, "api_error")]
#[case(529, 529, "overloaded_error")]
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_the_callers_words(
    #[case] status: u16,
    #[case] told: u16,
    #[case] kind: &str,
) {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("anthropic", &script), ("openai", &script)]);
    settings.retry.times = 0;
    let house = House::open(&db, settings).await;
    script.always(move |_| Reply::status(status));
    for model in ["anthropic/claude", "openai/gpt"] {
        let got = house.relay(messages(model, "Hello?", false)).await;
        assert_eq!(got.status, told, "{model}: {}", got.text());
        let body = got.json();
        assert_eq!(
            (&body["type"], &body["error"]["type"]),
            (&json!("error"), &json!(kind)),
            "{model}"
        );
        assert!(body["request_id"].is_string(), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_takes_no_wish_for_its_use_is_asked_without_it_from_then_on() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    let refusal = json!({"error": {"message": "Unknown field: stream_options"}});
    script.answers(Reply::body(400, refusal.to_string())).always(|_| Reply::text("one two"));
    for _ in 0..2 {
        assert_eq!(house.relay(stream("local/small", "Count.")).await.words(), "one two");
    }
    let asked: Vec<bool> =
        script.requests().iter().map(|it| it.body.get("stream_options").is_some()).collect();
    assert_eq!(asked, [true, false, false]);
    let rows = house.ledger().await;
    assert_eq!((rows[1].usage.tokens_out, rows[1].usage.estimated), (2, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_packed_is_read_and_passes_unpacked() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    script.answers(Reply::text("one two").gzipped()).answers(Reply::text("one two").gzipped());
    let got = house.relay(chat("local/small", "Count.")).await;
    assert_eq!(got.json()["choices"][0]["message"]["content"], "one two");
    assert_eq!(got.header("content-encoding"), None);
    let got = house.relay(stream("local/small", "Count.")).await;
    assert_eq!((got.words().as_str(), got.data().last()), ("one two", Some(&"[DONE]")));
    assert!(house.ledger().await.iter().all(|it| !it.usage.estimated));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_quotes_of_a_key_is_shown_to_nobody() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    let key = "sk-canary1234567890";
    settings.providers["local"].api_key = Some(base::Secret::new(key.into()));
    let house = House::open(&db, settings).await;
    let said = json!({"error": {"message": format!("Incorrect API key provided: {key}")}});
    script.answers(Reply::body(401, said.to_string()));
    let got = house.relay(chat("local/small", "Hello?")).await;
    assert_eq!(script.last_request().authorization, Some(format!("Bearer {key}")));
    let all = format!("{} {:?} {:?}", got.text(), got.headers, house.models.health());
    assert!(!all.contains("canary"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_the_refusal_says_so() {
    let db = testkit::Database::sqlite();
    let house = House::open(&db, models::Settings::default()).await;
    let got = house.relay(chat("gpt-4o", "Hello?")).await;
    assert_eq!((got.status, &got.json()["error"]["code"]), (503, &json!("no_model_configured")));
}
