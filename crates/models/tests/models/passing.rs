//! Callers and providers that speak the same: what goes on is what came.

use crate::{
    gateway::{call, chat, messages, one, providers, stream, with_header},
    house::House,
};
use models::{
    Settings,
    price::{Price, Rate},
    relay::{Asks, Words},
};
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

fn priced(script: &Script) -> Settings {
    let rate = |dollars| Rate::from_dollars(dollars).unwrap();
    let price = Price {
        model: "small".into(),
        input_per_million_usd: rate(2.5),
        output_per_million_usd: rate(10.0),
        ..Price::default()
    };
    Settings { prices: vec![price], ..providers(&[("local", script)]) }
}

testkit::on_both! {
    async fn the_bytes_of_a_request_pass_but_for_the_models_name(db: testkit::Database) {
        let (house, script) = one(&db).await;
        script.answers(Reply::text("Hello"));
        let body = "{ \"messages\" : [{\"role\":\"user\",\"content\":\"Größe \\u00e9\"}],\n  \"unknown\": {\"a\": 1.0, \"b\": [1e3]}, \"model\":\"local/small\", \"temperature\": 0.70 }";
        let got = house.relay(call(Asks::Chat, body)).await;
        assert_eq!(got.status, 200, "{}", got.text());
        let sent = script.last_request();
        assert_eq!(sent.bytes, body.replace("local/small", "small"));
        assert_eq!(sent.path, "/v1/chat/completions");
    }

    async fn the_bytes_of_an_answer_pass_and_what_it_used_is_told_beside(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, priced(&script)).await;
        let body = r#"{"id":"x", "choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"new_word"}],
            "usage": {"prompt_tokens":1234,"completion_tokens":567}, "service_tier":"on_demand" , "odd": 1.50}"#;
        script.answers(Reply::body(200, body).header("x-request-id", "up-7"));
        let got = house.relay(chat("local/small", "Hello?")).await;
        assert_eq!(got.text(), body);
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-request-id", "req-1"),
            ("x-mainstay-model", "small"),
            ("x-mainstay-provider", "local"),
            ("x-mainstay-attempts", "1"),
            ("x-mainstay-fallback", "false"),
            ("x-mainstay-cost-usd", "0.008755"),
            ("x-mainstay-queue-wait-ms", "0"),
            ("x-mainstay-cache", "off"),
            ("x-mainstay-upstream-request-id", "up-7"),
        ] {
            assert_eq!(got.header(name), Some(value), "{name}");
        }
        assert!(got.header("x-mainstay-overhead-us").is_some());
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].usage.tokens_in, rows[0].usage.tokens_out), (1234, 567));
        assert_eq!((rows[0].operation.as_str(), rows[0].caller.as_deref()), ("chat", Some("key_test")));
        assert_eq!(rows[0].outcome.name(), "ok");
    }

    async fn a_stream_passes_and_the_frame_that_was_not_asked_for_is_hidden(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, priced(&script)).await;
        script.always(|_| Reply::text("one two three").tokens(1_234, 567));
        let got = house.relay(stream("local/small", "Count.")).await;
        assert_eq!(script.last_request().body["stream_options"], json!({"include_usage": true}));
        assert_eq!(got.words(), "one two three");
        assert_eq!(got.data().last(), Some(&"[DONE]"));
        assert!(!got.text().contains("\"usage\""), "{}", got.text());
        assert_eq!(got.header("content-type"), Some("text/event-stream; charset=utf-8"));
        assert_eq!(got.header("cache-control"), Some("no-cache"));

        let mut asking = stream("local/small", "Count.");
        asking.body = json!({"model": "local/small", "stream": true, "stream_options": {"include_usage": true},
                             "messages": [{"role": "user", "content": "Count."}]}).to_string().into();
        let got = house.relay(asking).await;
        assert!(got.text().contains("\"usage\""), "{}", got.text());
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 2);
        for row in rows {
            assert_eq!((row.usage.tokens_in, row.usage.tokens_out, row.usage.estimated), (1_234, 567, false));
            assert_eq!((row.cost.known().map(|it| it.0), row.outcome.name()), (Some(8_755), "ok"));
            assert!(row.ttft_ms.is_some());
        }
    }

    async fn anthropic_passes_to_anthropic_and_counts_the_cached_with_the_others(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&[("anthropic", &script)])).await;
        script.always(|_| Reply::text("Hello there").tokens(100, 9).cached(40));
        for is_stream in [false, true] {
            let got = house.relay(messages("anthropic/claude", "Hello?", is_stream)).await;
            assert_eq!(got.status, 200, "{}", got.text());
            assert!(got.text().contains("msg_scripted"), "{}", got.text());
            let sent = script.last_request();
            assert_eq!((sent.path.as_str(), &sent.body["model"]), ("/v1/messages", &json!("claude")));
            assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
        }
        for row in house.ledger().await {
            assert_eq!((row.usage.tokens_in, row.usage.cached, row.usage.tokens_out), (100, 40, 9));
        }
    }

    async fn responses_pass_to_who_has_them_and_count(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&[("openai", &script)])).await;
        script.always(|_| Reply::text("Hello there").tokens(10, 5));
        for is_stream in [false, true] {
            let body = json!({"model": "openai/gpt", "input": "Hello?", "stream": is_stream});
            let got = house.relay(call(Asks::Responses, body)).await;
            assert_eq!(got.status, 200, "{}", got.text());
            assert_eq!(script.last_request().path, "/v1/responses");
            assert!(got.text().contains("resp_scripted"));
        }
        for row in house.ledger().await {
            assert_eq!((row.usage.tokens_in, row.usage.tokens_out, row.usage.estimated), (10, 5, false));
        }
    }

    async fn embeddings_pass_in_the_form_that_was_asked_for(db: testkit::Database) {
        let (house, script) = one(&db).await;
        let body = r#"{"model":"local/embed","input":["a","b"], "encoding_format":"base64"}"#;
        let got = house.relay(call(Asks::Embeddings, body)).await;
        assert_eq!(got.status, 200, "{}", got.text());
        assert_eq!(script.last_request().bytes, body.replace("local/embed", "embed"));
        assert_eq!(got.json()["data"].as_array().map(Vec::len), Some(2));
        let rows = house.ledger().await;
        assert_eq!((rows.len(), rows[0].usage.tokens_out, rows[0].operation.as_str()), (1, 0, "chat"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_named_headers_go_on_and_never_the_callers_key() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    script.answers(Reply::text("Hello"));
    let mut asking = chat("local/small", "Hello?");
    for (name, value) in [
        ("cookie", "session=1"),
        ("authorization", "Bearer ck_live_callers"),
        ("x-api-key", "ck_live_callers"),
        ("x-my-secret", "1"),
        ("openai-organization", "org-1"),
        ("accept-language", "de"),
        ("x-stainless-os", "Linux"),
    ] {
        asking = with_header(asking, name, value);
    }
    house.relay(asking).await;
    let sent = script.last_request();
    let names: Vec<&str> = sent.headers.iter().map(|it| it.0.as_str()).collect();
    for name in ["cookie", "authorization", "x-api-key", "x-my-secret", "x-stainless-os"] {
        assert!(!names.contains(&name), "{name}: {names:?}");
    }
    assert_eq!(sent.header("openai-organization"), Some("org-1"));
    assert_eq!(sent.header("accept-language"), Some("de"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_read_is_refused_in_the_callers_words() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    let got = house.relay(call(Asks::Chat, "not json")).await;
    assert_eq!((got.status, &got.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    let got = house.relay(call(Asks::Messages, json!({"max_tokens": 5}))).await;
    let error = got.json();
    assert_eq!((got.status, &error["type"]), (400, &json!("error")));
    assert_eq!(error["error"]["type"], "invalid_request_error");
    assert_eq!((script.requests().len(), house.ledger().await.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_read_costs_nothing_where_nobody_is_asked_either() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    settings.providers.insert("offline".into(), models::settings::ProviderSettings::default());
    let house = House::open(&db, settings).await;
    let body = json!({"model": "offline/m", "messages": [{"role": "oracle", "content": "Hi"}]});
    let got = house.relay(call(Asks::Chat, body)).await;
    assert_eq!((got.status, house.ledger().await.len()), (400, 0), "{}", got.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_a_policy_does_not_allow_is_refused() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    settings.policies =
        serde_json::from_value(json!([{"key": "key_test", "allow": ["local/small"]}])).unwrap();
    let house = House::open(&db, settings).await;
    let got = house.relay(chat("local/large", "Hello?")).await;
    let error = &got.json()["error"];
    assert_eq!((got.status, &error["code"]), (403, &json!("model_not_allowed")));
    assert_eq!(error["type"], "permission_error");
    let body = json!({"model": "local/large", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]});
    let got = house.relay(call(Asks::Messages, body)).await;
    assert_eq!((got.status, &got.json()["error"]["type"]), (403, &json!("permission_error")));
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_caps_answers_is_written_into_the_request() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    script.always(|_| Reply::text("Hello"));
    let mut settings = providers(&[("local", &script)]);
    settings.policies = serde_json::from_value(json!([{"max_tokens": 50}])).unwrap();
    let house = House::open(&db, settings).await;
    for (asked, sent) in [(json!(null), json!(50)), (json!(90), json!(50)), (json!(20), json!(20))]
    {
        let mut body =
            json!({"model": "local/small", "messages": [{"role": "user", "content": "Hi"}]});
        if !asked.is_null() {
            body["max_tokens"] = asked;
        }
        assert_eq!(house.relay(call(Asks::Chat, body)).await.status, 200);
        assert_eq!(script.last_request().body["max_tokens"], sent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_house_leaves_the_rest_of_the_bytes_as_they_came() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    script.always(|_| Reply::text("Hello"));
    let mut settings = providers(&[("openai", &script), ("anthropic", &script)]);
    settings.policies = serde_json::from_value(json!([{"max_tokens": 50}])).unwrap();
    let house = House::open(&db, settings).await;
    let passes = async |asks, body: &str, expected: &str, path: &str| {
        let got = house.relay(call(asks, body)).await;
        assert_eq!(got.status, 200, "{}", got.text());
        let sent = script.last_request();
        assert_eq!(std::str::from_utf8(&sent.bytes).unwrap(), expected);
        assert_eq!(sent.path, path);
    };
    let chat =
        r#"{ "max_tokens" : 90, "odd": {"b": [1e3]}, "model":"openai/gpt", "messages": [] }"#;
    let expected = r#"{ "max_tokens" : 50, "odd": {"b": [1e3]}, "model":"gpt", "messages": [] }"#;
    passes(Asks::Chat, chat, expected, "/v1/chat/completions").await;
    let unlimited = r#"{"model":"openai/gpt", "odd": 1.0,"messages":[],"stream":true}"#;
    let expected = r#"{"model":"gpt","stream_options":{"include_usage":true},"max_tokens":50, "odd": 1.0,"messages":[],"stream":true}"#;
    passes(Asks::Chat, unlimited, expected, "/v1/chat/completions").await;
    // Models that think first know another word.
    let unlimited = r#"{"model":"openai/o3-mini","messages":[]}"#;
    let expected = r#"{"model":"o3-mini","max_completion_tokens":50,"messages":[]}"#;
    passes(Asks::Chat, unlimited, expected, "/v1/chat/completions").await;
    let responses = r#"{"model":"openai/gpt","input":"a","odd":1.0}"#;
    let expected = r#"{"model":"gpt","max_output_tokens":50,"input":"a","odd":1.0}"#;
    passes(Asks::Responses, responses, expected, "/v1/responses").await;
    let messages = r#"{"model":"anthropic/claude","max_tokens":9000,"odd":1.0,"messages":[]}"#;
    let expected = r#"{"model":"claude","max_tokens":50,"odd":1.0,"messages":[]}"#;
    passes(Asks::Messages, messages, expected, "/v1/messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_house_is_said_in_the_word_that_the_provider_takes() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
    let refused = json!({"error": {"message": said, "param": "max_tokens"}}).to_string();
    script.answers(Reply::body(400, refused)).always(|_| Reply::text("Hello"));
    let mut settings = providers(&[("local", &script)]);
    settings.policies = serde_json::from_value(json!([{"max_tokens": 50}])).unwrap();
    let house = House::open(&db, settings).await;
    let body = r#"{"model":"local/small","odd":1.0,"messages":[]}"#;
    for asked in [2, 3] {
        assert_eq!(house.relay(call(Asks::Chat, body)).await.status, 200);
        assert_eq!(script.requests().len(), asked, "it is asked in the other word from then on");
        let expected = r#"{"model":"small","max_completion_tokens":50,"odd":1.0,"messages":[]}"#;
        assert_eq!(script.last_request().bytes, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_responses_is_asked_for_chat_completions() {
    let db = testkit::Database::sqlite();
    for (status, refusal) in [(404, r#"{"detail":"Not Found"}"#), (405, "")] {
        for is_stream in [false, true] {
            let (house, script) = one(&db).await;
            script.answers(Reply::body(status, refusal));
            script.always(|_| Reply::text("Hello there").tokens(10, 5));
            let body = json!({"model": "local/small", "input": "Hello?", "stream": is_stream});
            for _ in 0..2 {
                let got = house.relay(call(Asks::Responses, &body)).await;
                assert_eq!(got.status, 200, "{}", got.text());
                let told = ["\"resp_", "Hello", "output_text"];
                assert!(told.iter().all(|it| got.text().contains(it)), "{}", got.text());
            }
            let paths: Vec<String> = script.requests().into_iter().map(|it| it.path).collect();
            let chat = "/v1/chat/completions";
            assert_eq!(paths, ["/v1/responses", chat, chat], "{status}, {is_stream}");
            assert_eq!(script.last_request().body["messages"][0]["content"], "Hello?");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_responses_do_not_know_is_told_as_such() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    let refusal = json!({"error": {"message": "The model `small` does not exist", "code": "model_not_found"}});
    script.answers(Reply::body(404, refusal.to_string()));
    let body = json!({"model": "local/small", "input": "Hello?"});
    let got = house.relay(call(Asks::Responses, body)).await;
    assert_eq!((got.status, &got.json()["error"]["code"]), (404, &json!("model_not_found")));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed_with_their_names_and_those_of_the_providers() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("local", &script)]);
    settings.aliases.insert("fast".into(), "local/small".into());
    let house = House::open(&db, settings).await;
    let account = crate::gateway::account();
    let read = |reply: models::relay::Reply| match reply.body {
        models::relay::Body::Whole(bytes) => serde_json::from_slice::<Json>(&bytes).unwrap(),
        models::relay::Body::Stream(_) => panic!("a list is whole"),
    };
    let list = read(house.models.listed(&account, Words::Openai).await);
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(ids, ["speed", "balanced", "accuracy", "fast", "local/small", "local/scripted"]);
    let id = std::sync::Arc::from("req-1");
    let one = read(house.models.listed_as(&account, "local/scripted", Words::Openai, &id).await);
    assert_eq!((&one["id"], &one["owned_by"]), (&json!("local/scripted"), &json!("local")));
    let nobody = house.models.listed_as(&account, "nobody", Words::Openai, &id).await;
    assert_eq!(nobody.status, 404);
    let list = read(house.models.listed(&account, Words::Anthropic).await);
    assert_eq!(
        (&list["data"][5]["type"], &list["data"][5]["id"]),
        (&json!("model"), &json!("local/scripted"))
    );
}
