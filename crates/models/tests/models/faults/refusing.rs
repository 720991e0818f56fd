//! The provider refuses, with a status that says so.

use std::time::{Duration, Instant};

use super::{KINDS, is_error};
use crate::{
    gateway::{chat, messages, one, providers, stream, two_with},
    house::{House, ask, millis},
};
use rstest::rstest;
use serde_json::json;
use testkit::model::{Reply, Script};

testkit::on_both! {
    async fn a_429_without_a_time_is_repeated_and_then_told_without_an_invitation(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.always(|_| Reply::status(429));
        let began = Instant::now();
        let got = house.relay(chat("local/small", "Hello?")).await;
        is_error(&got, 429, "scripted");
        assert!(began.elapsed() >= millis(20 + 40 + 80), "{:?}", began.elapsed());
        assert_eq!(script.requests().len(), 4);
        assert_eq!((got.header("x-mainstay-attempts"), got.header("x-should-retry")), (Some("4"), Some("false")));
        assert_eq!((house.outcomes().await, house.ledger().await[3].usage.total()), (vec!["rate_limited"; 4], 0));
    }

    async fn a_429_with_a_short_time_is_waited_for(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.answers(Reply::status(429).header("retry-after-ms", 300)).answers(Reply::text("Hello"));
        let began = Instant::now();
        let got = house.relay(chat("local/small", "Hello?")).await;
        assert_eq!((got.status, got.header("x-mainstay-attempts")), (200, Some("2")));
        assert!(began.elapsed() >= millis(300), "{:?}", began.elapsed());
        // The wait is the provider's, not ours.
        let ours: u64 = got.header("x-mainstay-overhead-us").unwrap().parse().unwrap();
        assert!(ours < 250_000, "{ours}");
    }

    async fn a_429_with_a_long_time_is_asked_once_and_the_time_is_kept_to_the_millisecond(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.always(|_| Reply::status(429).retry_after(3_600).header("retry-after-ms", 3_600_500));
        for call in [chat("local/small", "a"), stream("local/small", "b"), messages("local/small", "c", true)] {
            let got = house.relay(call).await;
            assert_eq!(got.status, 429);
            assert_eq!((got.header("retry-after"), got.header("retry-after-ms")), (Some("3601"), Some("3600500")));
            assert_eq!(got.header("x-should-retry"), Some("false"));
        }
        assert_eq!(script.requests().len(), 3, "one request each: nothing is multiplied");
    }

    async fn an_account_without_money_is_told_as_such_and_asked_once(db: testkit::Database) {
        let (house, script) = one(&db).await;
        let body = json!({"error": {"message": "You exceeded your quota", "type": "insufficient_quota", "code": "insufficient_quota"}});
        script.always(move |_| Reply::body(429, body.to_string()));
        let got = house.relay(chat("local/small", "Hello?")).await;
        let told = is_error(&got, 429, "insufficient_quota");
        assert_eq!(told["error"]["code"], "insufficient_quota");
        assert_eq!((got.header("x-should-retry"), script.requests().len()), (Some("false"), 1));
    }

    async fn a_key_that_a_provider_does_not_take_is_not_the_callers(db: testkit::Database) {
        let (house, script) = one(&db).await;
        for (status, code) in [(401, "invalid_api_key"), (403, "unsupported_country")] {
            let said = json!({"error": {"message": "No.", "type": "odd_type", "code": code}});
            script.answers(Reply::body(status, said.to_string()));
            let got = house.relay(chat("local/small", "Hello?")).await;
            let told = is_error(&got, 502, "server_error");
            assert_eq!(told["error"]["code"], "provider_unauthorized");
            assert_eq!(told["gateway"]["upstream"], json!({"status": status, "type": "odd_type", "code": code, "message": "No."}));
        }
        assert_eq!(house.outcomes().await, ["refused", "refused"]);
    }

    async fn another_provider_is_asked_when_the_key_of_the_first_is_not_taken(db: testkit::Database) {
        let (house, first, second) = two_with(&db, |_| ()).await;
        first.always(|_| Reply::status(403));
        second.always(|_| Reply::text("Hello"));
        assert_eq!(house.relay(stream("first/small", "Hello?")).await.words(), "Hello");
    }

    async fn a_500_alone_is_told_and_not_repeated(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.always(|_| Reply::status(500));
        let got = house.relay(chat("local/small", "Hello?")).await;
        is_error(&got, 500, "scripted");
        assert_eq!((script.requests().len(), house.outcomes().await), (1, vec!["unavailable"]));
    }

    async fn a_provider_that_says_that_repeating_is_of_no_use_is_believed(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.always(|_| Reply::status(503).header("x-should-retry", "false"));
        assert_eq!(house.relay(chat("local/small", "Hello?")).await.status, 503);
        assert_eq!(script.requests().len(), 1);
    }
}

/// What a number in a text says is the text's affair.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_400_that_speaks_of_429_is_a_400(
    #[values("openai", "anthropic", "gemini", "ollama")] kind: &str,
) {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let house = House::open(&db, providers(&[(kind, &script)])).await;
    let words = "the value 429 is not in the vocabulary, see error 529, rate limit 503";
    let body = match kind {
        "openai" => json!({"error": {"message": words, "type": "invalid_request_error"}}),
        "anthropic" => {
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": words}})
        }
        "gemini" => json!({"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}}),
        _ => json!({"error": words}),
    };
    script.always(move |_| Reply::body(400, body.to_string()));
    for call in [chat(&format!("{kind}/m"), "a"), messages(&format!("{kind}/m"), "b", false)] {
        let got = house.relay(call).await;
        assert_eq!(got.status, 400, "{}", got.text());
        let told = got.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(told.contains("429"), "{told}");
    }
    assert_eq!(script.requests().len(), 2);
}

/// Anthropic's word for being too busy, as each caller hears it.
#[tokio::test(flavor = "multi_thread")]
async fn a_529_is_told_as_the_callers_dialect_tells_it_and_goes_to_another_provider_first() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let house = House::open(&db, providers(&[("anthropic", &script)])).await;
    script.always(|_| Reply::status(529).retry_after(90));
    let got = house.relay(messages("anthropic/claude", "a", false)).await;
    assert_eq!((got.status, &got.json()["error"]["type"]), (529, &json!("overloaded_error")));
    assert_eq!(got.header("retry-after"), Some("90"));
    let got = house.relay(chat("anthropic/claude", "a")).await;
    assert_eq!((got.status, got.header("retry-after")), (503, Some("90")));

    let (house, first, second) = two_with(&db, |_| ()).await;
    first.always(|_| Reply::status(529));
    second.always(|_| Reply::text("Hello"));
    let began = Instant::now();
    assert_eq!(house.relay(chat("first/small", "a")).await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(1));
}

/// What a provider tells beside its refusal is between it and us.
#[tokio::test(flavor = "multi_thread")]
async fn headers_of_a_provider_do_not_reach_the_caller_from_whichever_attempt() {
    let db = testkit::Database::sqlite();
    let (house, first, second) = two_with(&db, |_| ()).await;
    let told = |it: Reply| {
        it.header("set-cookie", "session=1")
            .header("x-ratelimit-remaining-requests", 1)
            .header("server", "odd")
    };
    first.always(move |_| told(Reply::status(500)));
    second.always(move |_| told(Reply::text("Hello")));
    let got = house.relay(chat("first/small", "a")).await;
    assert_eq!(got.status, 200);
    for name in ["set-cookie", "x-ratelimit-remaining-requests", "server", "content-length"] {
        assert_eq!(got.header(name), None, "{name}");
    }
}

/// A refusal about the way of asking is not the caller's: another way is found, in every dialect.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_a_model_does_not_take_is_asked_for_in_simpler_ways_by_every_dialect() {
    for kind in KINDS {
        let db = testkit::Database::sqlite();
        let script = Script::start().await;
        let house = House::open(&db, providers(&[(kind, &script)])).await;
        script
            .answers(Reply::body(
                400,
                r#"{"error": {"message": "structured outputs: invalid schema"}}"#,
            ))
            .always(|_| Reply::json(&json!({"a": 1})));
        let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
        let made = house.models.structured(ask("Give."), &schema).await;
        let made = made.unwrap_or_else(|why| panic!("{kind}: {why}")).value;
        assert_eq!(made, json!({"a": 1}), "{kind}");
        assert_eq!(script.requests().len(), 2, "{kind}");
    }
}
