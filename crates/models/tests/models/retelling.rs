//! Callers and providers that speak differently: each hears its own words.

use crate::{
    gateway::{call, chat, messages, providers, stream, with_header},
    house::House,
};
use models::relay::Asks;
use rstest::rstest;
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

const KINDS: [&str; 5] = ["openai", "huggingface", "anthropic", "gemini", "ollama"];

async fn house(db: &testkit::Database) -> (House, Script) {
    let script = Script::start().await;
    let all: Vec<_> = KINDS.iter().map(|it| (*it, &script)).collect();
    (House::open(db, providers(&all)).await, script)
}

fn tools(asks: Asks) -> Json {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    match asks {
        Asks::Messages => json!([{"name": "weather", "input_schema": parameters}]),
        Asks::Responses => {
            json!([{"type": "function", "name": "weather", "parameters": parameters}])
        }
        _ => {
            json!([{"type": "function", "function": {"name": "weather", "parameters": parameters}}])
        }
    }
}

testkit::on_both! {
    async fn every_caller_hears_every_provider_whole_and_in_pieces(db: testkit::Database) {
        let (house, script) = house(&db).await;
        script.always(|_| Reply::text("one two three").tokens(12, 7));
        for kind in KINDS {
            let model = format!("{kind}/m");
            let got = house.relay(chat(&model, "Count.")).await;
            assert_eq!(got.status, 200, "{kind}: {}", got.text());
            let body = got.json();
            assert_eq!(body["choices"][0]["message"]["content"], "one two three", "{kind}: {body}");
            assert_eq!(body["choices"][0]["finish_reason"], "stop");
            assert_eq!((&body["usage"]["prompt_tokens"], &body["usage"]["completion_tokens"]), (&json!(12), &json!(7)), "{kind}");

            let got = house.relay(stream(&model, "Count.")).await;
            assert_eq!((got.words().as_str(), got.data().last()), ("one two three", Some(&"[DONE]")), "{kind}: {}", got.text());

            let got = house.relay(messages(&model, "Count.", false)).await;
            let body = got.json();
            assert_eq!((&body["content"][0]["text"], &body["stop_reason"]), (&json!("one two three"), &json!("end_turn")), "{kind}: {body}");
            assert_eq!((&body["usage"]["input_tokens"], &body["usage"]["output_tokens"]), (&json!(12), &json!(7)), "{kind}");

            let got = house.relay(messages(&model, "Count.", true)).await;
            assert!(got.text().contains("event: message_stop"), "{kind}: {}", got.text());

            let body = json!({"model": model, "input": "Count."});
            let got = house.relay(call(Asks::Responses, body)).await;
            let text = &got.json()["output"][0]["content"][0]["text"];
            assert_eq!(text, "one two three", "{kind}: {}", got.text());
            let body = json!({"model": model, "input": "Count.", "stream": true});
            let got = house.relay(call(Asks::Responses, body)).await;
            assert!(got.text().contains("response.completed"), "{kind}: {}", got.text());
        }
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 30);
        for row in rows {
            assert_eq!((row.usage.tokens_in, row.usage.tokens_out, row.usage.estimated), (12, 7, false), "{}", row.provider);
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_a_tool_is_heard_by_every_caller(
    #[values("openai", "anthropic", "gemini", "ollama")] kind: &str,
    #[values(false, true)] is_stream: bool,
) {
    let db = testkit::Database::sqlite();
    let (house, script) = house(&db).await;
    let arguments = json!({"city": "Köln"});
    script.always(move |_| Reply::call("weather", &arguments).tokens(12, 7));
    let model = format!("{kind}/m");
    let body = json!({"model": model, "stream": is_stream, "tools": tools(Asks::Chat),
                      "messages": [{"role": "user", "content": "Weather?"}]});
    let got = house.relay(call(Asks::Chat, body)).await;
    assert_eq!(got.status, 200, "{}", got.text());
    if is_stream {
        let deltas: Vec<Json> =
            got.data().iter().filter_map(|it| serde_json::from_str(it).ok()).collect();
        let calls =
            || deltas.iter().filter_map(|it: &Json| it["choices"][0]["delta"]["tool_calls"].get(0));
        assert_eq!(
            calls().find_map(|it| it["function"]["name"].as_str()),
            Some("weather"),
            "{}",
            got.text()
        );
        let text: String = calls().filter_map(|it| it["function"]["arguments"].as_str()).collect();
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), json!({"city": "Köln"}));
        let finish = deltas.iter().find_map(|it| it["choices"][0]["finish_reason"].as_str());
        assert_eq!(finish, Some("tool_calls"));
    } else {
        let choice = &got.json()["choices"][0];
        let made = &choice["message"]["tool_calls"][0]["function"];
        assert_eq!(
            (&choice["finish_reason"], &made["name"]),
            (&json!("tool_calls"), &json!("weather"))
        );
        let arguments: Json = serde_json::from_str(made["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, json!({"city": "Köln"}));
    }
    let body = json!({"model": model, "stream": is_stream, "max_tokens": 50, "tools": tools(Asks::Messages),
                      "messages": [{"role": "user", "content": "Weather?"}]});
    let got = house.relay(call(Asks::Messages, body)).await;
    assert!(got.text().contains("tool_use") && got.text().contains("weather"), "{}", got.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_cannot_be_told_is_refused_or_told_to_another() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("anthropic", &script), ("openai", &script)]);
    settings.fallbacks.insert("anthropic/claude".into(), vec!["openai/gpt".into()]);
    let house = House::open(&db, settings).await;
    script.always(|_| Reply::text("Hello"));
    let body = json!({"model": "anthropic/claude", "n": 3, "messages": [{"role": "user", "content": "Hi"}]});
    let got = house.relay(call(Asks::Chat, &body)).await;
    // Several answers are one provider's affair, where its caller's bytes pass.
    assert!(matches!(got.status, 200 | 400), "{}", got.text());
    if got.status == 400 {
        assert_eq!(got.json()["error"]["type"], "invalid_request_error");
    } else {
        assert_eq!(got.header("x-mainstay-provider"), Some("openai"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_are_told_anew_where_a_provider_has_its_own_words() {
    let db = testkit::Database::sqlite();
    let (house, script) = house(&db).await;
    for kind in ["huggingface", "gemini", "ollama"] {
        let body = json!({"model": format!("{kind}/e"), "input": ["a b", "c"]});
        let got = house.relay(call(Asks::Embeddings, body)).await;
        assert_eq!(got.status, 200, "{kind}: {}", got.text());
        let body = got.json();
        assert_eq!(body["data"].as_array().map(Vec::len), Some(2), "{kind}");
        assert_eq!(body["data"][1]["index"], 1);
    }
    assert_eq!(script.requests().len(), 3);
    assert_eq!(script.requests()[0].path, "/hf-inference/models/e/pipeline/feature-extraction");
    let body = json!({"model": "anthropic/e", "input": "a"});
    let got = house.relay(call(Asks::Embeddings, body)).await;
    assert_eq!(got.status, 400, "{}", got.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_of_the_callers_named_as_ours_is_called_as_any_other() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("anthropic", &script)]);
    settings.cache.enabled = true;
    let house = House::open(&db, settings).await;
    script.always(|_| Reply::call("answer_as_json", &json!({"a": 1})));
    let tool = json!({"name": "answer_as_json", "parameters": {"type": "object"}});
    let asks = |is_stream: bool| {
        let body = json!({"model": "anthropic/m", "stream": is_stream,
                          "tools": [{"type": "function", "function": tool}],
                          "messages": [{"role": "user", "content": "Hello?"}]});
        with_header(call(Asks::Chat, body), "cache-control", "no-store")
    };
    let body = house.relay(asks(false)).await.json();
    let choice = &body["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls", "{body}");
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["name"], "answer_as_json");
    let got = house.relay(asks(true)).await;
    assert_eq!(got.words(), "", "{}", got.text());
    assert!(got.text().contains(r#""finish_reason":"tool_calls""#), "{}", got.text());

    // Bytes that passed and were kept are told in another form.
    let own = json!([{"name": "answer_as_json", "input_schema": {"type": "object"}}]);
    for is_stream in [false, true] {
        let body = json!({"model": "anthropic/m", "max_tokens": 9, "stream": is_stream, "tools": own,
                          "messages": [{"role": "user", "content": "Hello?"}]});
        let got = house.relay(call(Asks::Messages, body)).await;
        assert_eq!(got.header("x-mainstay-cache"), Some(if is_stream { "hit" } else { "miss" }));
        assert!(got.text().contains(r#""type":"tool_use""#), "{}", got.text());
    }

    // Ours is the answer, and no tool.
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "it", "schema": schema}});
    for is_stream in [false, true] {
        let body = json!({"model": "anthropic/claude-3-haiku", "stream": is_stream, "response_format": format,
                          "messages": [{"role": "user", "content": "Hello?"}]});
        let got =
            house.relay(with_header(call(Asks::Chat, body), "cache-control", "no-store")).await;
        assert_eq!(script.last_request().body["tool_choice"]["name"], "answer_as_json");
        let told = if is_stream {
            got.words()
        } else {
            got.json()["choices"][0]["message"]["content"].to_string()
        };
        assert!(told.contains('a') && !got.text().contains("tool_calls\":[{"), "{}", got.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_counted_by_who_can_and_estimated_for_who_cannot() {
    let db = testkit::Database::sqlite();
    let (house, script) = house(&db).await;
    let body = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "one two three"}]});
    let got = house.relay(call(Asks::CountTokens, body("anthropic/claude"))).await;
    assert_eq!((got.status, got.json()), (200, json!({"input_tokens": 3})), "{}", got.text());
    assert_eq!(script.last_request().path, "/v1/messages/count_tokens");
    let got = house.relay(call(Asks::CountTokens, body("openai/gpt"))).await;
    assert!(got.json()["input_tokens"].as_u64().is_some_and(|it| it > 0));
    assert_eq!((script.requests().len(), house.ledger().await.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_that_asks_nobody_answers_everybody() {
    testkit::install_tls();
    let db = testkit::Database::sqlite();
    let mut settings = models::Settings::default();
    settings.providers.insert("offline".into(), Default::default());
    settings.priorities.balanced = Some("offline/offline-text".into());
    settings.embedding = Some("offline/offline-lexical-384".into());
    let house = House::open(&db, settings).await;
    let got = house.relay(chat("balanced", "Hello?")).await;
    let text = got.json()["choices"][0]["message"]["content"].as_str().unwrap().to_lowercase();
    assert!(text.contains("offline"), "{text}");
    let got = house.relay(stream("balanced", "Hello?")).await;
    assert_eq!(got.words().to_lowercase(), text);
    let got = house.relay(messages("offline/offline-text", "Hello?", true)).await;
    assert!(got.text().contains("message_stop"), "{}", got.text());
    let got =
        house.relay(call(Asks::Embeddings, json!({"model": "embedding", "input": "a"}))).await;
    assert_eq!(got.json()["data"][0]["embedding"].as_array().map(Vec::len), Some(384));
    assert_eq!(house.outcomes().await, ["ok"; 4]);
    let made = house.models.embed(base::TenantId::DEFAULT, "search", vec!["a".into()]).await;
    assert_eq!(made.unwrap().dimensions, 384);
}

/// A proof belongs to who signed it: bytes that hold another's are told anew, without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_another_provider_does_not_pass_as_bytes() {
    let db = testkit::Database::sqlite();
    let (house, script) = house(&db).await;
    script.always(|_| Reply::text("Hello"));
    let talk = |signature: &str| {
        json!({"model": "anthropic/claude", "max_tokens": 50, "odd": 1, "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": signature},
                {"type": "text", "text": "b"},
            ]},
            {"role": "user", "content": "c"},
        ]})
    };
    let got = house.relay(call(Asks::Messages, talk("gemini.thought:AbC="))).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert!(!String::from_utf8_lossy(&script.last_request().bytes).contains("AbC="));
    // Their own passes as it is, and everything with it.
    house.relay(call(Asks::Messages, talk("EqQBCg=="))).await;
    let sent = script.last_request();
    assert_eq!((&sent.body["odd"], sent.path.as_str()), (&json!(1), "/v1/messages"));
    assert!(String::from_utf8_lossy(&sent.bytes).contains("EqQBCg=="));

    let talk = |proof: &str| {
        json!({"model": "openai/o3", "input": [
            {"role": "user", "content": "a"},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": proof},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]})
    };
    let got = house.relay(call(Asks::Responses, talk("anthropic:EqQB"))).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let sent = script.last_request();
    assert!(!String::from_utf8_lossy(&sent.bytes).contains("EqQB"));
    house.relay(call(Asks::Responses, talk("gAAAA"))).await;
    let sent = script.last_request();
    assert_eq!(sent.path, "/v1/responses");
    assert!(String::from_utf8_lossy(&sent.bytes).contains("gAAAA"));
}

/// A provider that cuts what does not fit into its context is told how large the context is.
#[tokio::test(flavor = "multi_thread")]
async fn the_context_that_the_settings_give_to_a_model_is_told_to_who_wants_to_know() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let mut settings = providers(&[("ollama", &script), ("openai", &script)]);
    settings.models.insert(
        "m".into(),
        models::settings::ModelSettings { context: Some(8_192), max_output: None },
    );
    let house = House::open(&db, settings).await;
    script.always(|_| Reply::text("Hello"));
    house.relay(chat("ollama/m", "a")).await;
    assert_eq!(script.last_request().body["options"]["num_ctx"], 8_192);
    house.relay(chat("openai/m", "a")).await;
    assert!(!String::from_utf8_lossy(&script.last_request().bytes).contains("num_ctx"));
}
