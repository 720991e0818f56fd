//! The provider refuses, with a status that says so.

use std::time::{Duration, Instant};

use super::{KINDS, is_error};
use crate::{
    gateway::{call, chat, messages, one, providers, stream, two_with},
    house::{House, ask, millis},
};
use jiff::SignedDuration;
use models::{Ask, relay::Asks};
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
        script.answers(Reply::status(429).header("retry-after-ms", 1_200)).answers(Reply::text("Hello"));
        let began = Instant::now();
        let got = house.relay(chat("local/small", "Hello?")).await;
        assert_eq!((got.status, got.header("x-mainstay-attempts")), (200, Some("2")));
        assert!(began.elapsed() >= millis(1_200), "{:?}", began.elapsed());
        // The wait is the provider's, not ours; ours is how much later than that a busy machine wakes us.
        let ours: u64 = got.header("x-mainstay-overhead-us").unwrap().parse().unwrap();
        assert!(ours < 1_000_000, "{ours}");
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

    async fn who_refuses_every_way_of_asking_is_asked_no_more_often_than_may_be(db: testkit::Database) {
        let words = "temperature, stream_options, response_format.type, JSON schema, grammar and answer_as_json are not supported; use max_completion_tokens";
        let tool = json!({"name": "answer_as_json", "parameters": {"type": "object"}});
        for most in [8, 2] {
            for kind in KINDS {
                let script = Script::start().await;
                let mut settings = providers(&[(kind, &script)]);
                settings.relay.attempts_max = most;
                let house = House::open(&db, settings).await;
                script.always(move |_| Reply::body(400, json!({"error": {"message": words}}).to_string()));
                let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
                let question = Ask { temperature: Some(0.2), max_tokens: Some(9), ..ask("Give.") };
                let asked = tokio::time::timeout(millis(10_000), house.models.structured(question, &schema));
                asked.await.expect("it ends").unwrap_err();
                let attempts = script.requests().len();
                assert!((2..=most as usize).contains(&attempts), "{kind}: {attempts} of {most}");

                let before = script.requests().len();
                let body = json!({"model": format!("{kind}/m"), "stream": true, "temperature": 0.2, "max_tokens": 9,
                                  "tools": [{"type": "function", "function": tool}],
                                  "messages": [{"role": "user", "content": "Hello?"}]});
                let relayed = tokio::time::timeout(millis(10_000), house.relay(call(Asks::Chat, body)));
                let got = relayed.await.expect("it ends");
                assert_eq!(got.status, 400, "{kind}: {}", got.text());
                let attempts = script.requests().len() - before;
                assert!((1..=most as usize).contains(&attempts), "{kind}: {attempts} of {most}");
                assert_eq!(got.header("x-mainstay-attempts"), Some(attempts.to_string().as_str()), "{kind}");
            }
        }
    }

    async fn a_tool_of_the_callers_named_as_ours_is_refused_once(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&[("anthropic", &script)])).await;
        let said = json!({"error": {"message": "tools.0.input_schema of answer_as_json: invalid"}});
        script.always(move |_| Reply::body(400, said.to_string()));
        let tool = json!({"name": "answer_as_json", "parameters": {"type": "object"}});
        let body = json!({"model": "anthropic/m", "tools": [{"type": "function", "function": tool}],
                          "messages": [{"role": "user", "content": "Hello?"}]});
        let got = house.relay(call(Asks::Chat, body)).await;
        assert_eq!((got.status, script.requests().len()), (400, 1), "{}", got.text());
    }

    async fn a_bad_value_of_one_caller_teaches_nobody_else(db: testkit::Database) {
        let (house, script) = one(&db).await;
        // One value that is not taken, though the model takes others.
        script.always(|it| match it["temperature"].as_f64() {
            Some(hot) if hot > 2.0 => Reply::body(400, r#"{"error": {"message": "temperature: 5 must be at most 2"}}"#),
            _ => Reply::text("Hello"),
        });
        for temperature in [5.0, 0.5] {
            house.models.complete(Ask { temperature: Some(temperature), ..ask("Hello?") }).await.unwrap();
        }
        // Another way that is not taken either is nothing to learn from, whatever is said.
        script.always(|it| match it["messages"].to_string().contains("never") {
            true => Reply::body(400, r#"{"error": {"message": "temperature is not supported"}}"#),
            false => Reply::text("Hello"),
        });
        house.models.complete(Ask { temperature: Some(0.5), ..ask("never") }).await.unwrap_err();
        house.models.complete(Ask { temperature: Some(0.5), ..ask("Hello?") }).await.unwrap();
        let sent: Vec<_> = script.requests().iter().map(|it| it.body["temperature"].as_f64()).collect();
        assert_eq!(sent, [Some(5.0), None, Some(0.5), Some(0.5), None, Some(0.5)]);
        // So it is with forms.
        script.always(|it| match it.to_string().contains("oneOf") && it.get("response_format").is_some() {
            true => Reply::body(400, r#"{"error": {"message": "Invalid schema for response_format 'answer': 'oneOf' is not permitted."}}"#),
            false => Reply::json(&json!({"a": 1})),
        });
        for of_a in [json!({"oneOf": [{"type": "integer"}]}), json!({"type": "integer"})] {
            let schema = json!({"type": "object", "properties": {"a": of_a}});
            house.models.structured(ask("Give."), &schema).await.unwrap();
        }
        assert_eq!(script.last_request().body["response_format"]["type"], "json_schema");
    }

    async fn a_way_of_asking_that_worked_is_learnt_for_its_model_alone(db: testkit::Database) {
        let (house, script) = one(&db).await;
        let said = "Unsupported value: 'temperature' does not support 0.5 with this model. Only the default (1) value is supported.";
        script.always(move |it| match it["model"] == "small" && it.get("temperature").is_some() {
            true => Reply::body(400, json!({"error": {"message": said, "param": "temperature", "code": "unsupported_value"}}).to_string()),
            false => Reply::text("Hello"),
        });
        for _ in 0..2 {
            house.models.complete(Ask { temperature: Some(0.5), ..ask("Hello?") }).await.unwrap();
        }
        let body = json!({"model": "local/other", "max_tokens": 9, "temperature": 0.5, "messages": [{"role": "user", "content": "Hello?"}]});
        assert_eq!(house.relay(call(Asks::Messages, body)).await.status, 200);
        let sent: Vec<_> = script.requests().iter().map(|it| it.body["temperature"].as_f64()).collect();
        assert_eq!(sent, [Some(0.5), None, None, Some(0.5)]);
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

    let base = SignedDuration::from_secs(30);
    let (house, first, second) = two_with(&db, |it| it.retry.base = base).await;
    first.always(|_| Reply::status(529));
    second.always(|_| Reply::text("Hello"));
    let began = Instant::now();
    assert_eq!(house.relay(chat("first/small", "a")).await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(10), "the first is not waited for");
}

/// Groq's word for having no room in its flex tier, beside Anthropic's.
#[tokio::test(flavor = "multi_thread")]
async fn too_busy_is_repeated_and_then_told_as_such_whichever_number_says_it() {
    let db = testkit::Database::sqlite();
    for (kind, status) in [("groq", 498), ("openai", 498), ("anthropic", 529)] {
        let script = Script::start().await;
        let settings = providers(&[(kind, &script)]);
        let house = House::open(&db, settings).await;
        script.answers(Reply::status(status)).answers(Reply::text("Hello"));
        let got = house.relay(chat(&format!("{kind}/m"), "a")).await;
        assert_eq!((got.status, got.header("x-mainstay-attempts")), (200, Some("2")), "{kind}");
        script.always(move |_| Reply::status(status));
        let got = house.relay(messages(&format!("{kind}/m"), "b", false)).await;
        assert_eq!((got.status, &got.json()["error"]["type"]), (529, &json!("overloaded_error")));
        assert_eq!(got.header("x-mainstay-attempts"), Some("4"), "{kind}");
    }
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
