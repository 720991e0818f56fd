//! A status of success, and no answer that can be trusted.

use super::{KINDS, is_error};
use crate::{
    gateway::{call, chat, messages, one, providers, stream, two},
    house::House,
};
use models::{Cost, relay::Asks};
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

/// An error as a dialect puts it into a body.
fn error_of(kind: &str) -> Json {
    match kind {
        "anthropic" => {
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
        }
        "gemini" => json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}),
        "ollama" => json!({"error": "busy"}),
        _ => json!({"error": {"message": "busy", "type": "server_error"}}),
    }
}

testkit::on_both! {
    async fn an_error_sent_with_status_200_is_an_error_in_every_dialect(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&KINDS.map(|it| (it, &script)));
        settings.retry.times = 0;
        let house = House::open(&db, settings).await;
        for kind in KINDS {
            let (model, said) = (format!("{kind}/m"), error_of(kind).to_string());
            script.always(move |_| Reply::body(200, said.clone()));
            for call in [chat(&model, "a"), stream(&model, "b"), messages(&model, "c", false), messages(&model, "d", true)] {
                let got = house.relay(call).await;
                assert!(got.status >= 500, "{kind}: {} {}", got.status, got.text());
                let message = got.json()["error"]["message"].as_str().unwrap().to_owned();
                assert!(message.contains("busy"), "{kind}: {message}");
            }
        }
        let rows = house.ledger().await;
        assert!(rows.iter().all(|it| it.outcome.name() == "unreadable"), "{rows:?}");
        assert_eq!(rows.len(), 16);
    }

    async fn an_error_with_counts_beside_it_is_an_error_and_is_not_kept(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("openai", &script), ("anthropic", &script)]);
        settings.retry.times = 0;
        settings.cache.enabled = true;
        let house = House::open(&db, settings).await;
        let with = |kind: &str, usage: Json| {
            let mut body = error_of(kind);
            body["usage"] = usage;
            Reply::body(200, body.to_string())
        };
        let of_openai = with("openai", json!({"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}));
        let of_anthropic = with("anthropic", json!({"input_tokens": 9, "output_tokens": 1}));
        let embeddings = || call(Asks::Embeddings, json!({"model": "openai/m", "input": "a"}));
        script.answers(of_openai.clone()).answers(of_anthropic).answers_embeddings(of_openai);
        for call in [chat("openai/m", "a"), messages("anthropic/m", "a", false), embeddings()] {
            let got = house.relay(call).await;
            assert!(got.status >= 500 && got.text().contains("busy"), "{} {}", got.status, got.text());
        }
        // What was counted is paid for, whatever was said.
        let rows = house.ledger().await;
        let told = |at: usize| (rows[at].outcome.name(), rows[at].usage.tokens_in, rows[at].usage.tokens_out);
        assert_eq!([told(0), told(2)], [("unreadable", 9, 1); 2]);
        assert!(!rows[0].usage.estimated && !rows[2].usage.estimated);
        script.always(|_| Reply::text("Hello"));
        for call in [chat("openai/m", "a"), messages("anthropic/m", "a", false), embeddings()] {
            let got = house.relay(call).await;
            assert_eq!((got.status, got.header("x-mainstay-cache") == Some("hit")), (200, false), "{}", got.text());
        }
    }

    async fn a_field_for_errors_that_holds_none_makes_no_error_of_an_answer(db: testkit::Database) {
        let (house, script) = one(&db).await;
        let chosen = json!([{"index": 0, "message": {"role": "assistant", "content": "an \"error\""}, "finish_reason": "stop"}]);
        let output = json!([{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}]);
        for error in [json!(null), json!({}), json!(""), json!(false)] {
            let usage = json!({"prompt_tokens": 9, "completion_tokens": 1, "input_tokens": 9, "output_tokens": 1, "total_tokens": 10});
            let whole = json!({"id": "chatcmpl-1", "model": "m", "choices": chosen, "usage": usage, "error": error});
            script.answers(Reply::body(200, whole.to_string()));
            assert_eq!(house.relay(chat("local/small", "a")).await.text(), whole.to_string());
            let whole = json!({"id": "resp_1", "model": "m", "output": output, "usage": usage, "error": error});
            script.answers(Reply::body(200, whole.to_string()));
            let asked = call(Asks::Responses, json!({"model": "local/small", "input": "a"}));
            assert_eq!(house.relay(asked).await.text(), whole.to_string());
        }
        assert_eq!(house.outcomes().await, ["ok"; 8]);
    }

    async fn an_answer_in_one_piece_is_told_in_pieces_to_who_asked_for_pieces(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&[("openai", &script), ("anthropic", &script)])).await;
        let whole = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "one two"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}});
        script.always(move |_| Reply::body(200, whole.to_string()));
        let got = house.relay(stream("openai/m", "Count.")).await;
        assert_eq!((got.words().as_str(), got.data().last()), ("one two", Some(&"[DONE]")), "{}", got.text());
        assert_eq!(got.header("content-type"), Some("text/event-stream; charset=utf-8"));
        let got = house.relay(messages("openai/m", "Count.", true)).await;
        assert!(got.text().contains("one two") && got.text().contains("event: message_stop"), "{}", got.text());
        for row in house.ledger().await {
            assert_eq!((row.outcome.name(), row.usage.tokens_in, row.usage.tokens_out), ("ok", 9, 2));
            assert!(row.ttft_ms.is_some() && !row.usage.estimated);
        }
    }

    async fn a_page_of_a_proxy_is_no_answer_whole_or_in_pieces(db: testkit::Database) {
        let (house, first, second) = two(&db).await;
        second.always(|_| Reply::text("Hello"));
        for call in [chat("first/small", "a"), stream("first/small", "b")] {
            first.answers(Reply::body(200, "\n<!DOCTYPE html><html>Welcome to the hotel</html>"));
            let got = house.relay(call).await;
            assert_eq!((got.status, got.header("x-mainstay-provider")), (200, Some("second")));
            assert!(!got.text().contains("hotel"));
        }
    }

    async fn words_that_nobody_knows_pass_and_are_told_anew_as_known_ones(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&KINDS.map(|it| (it, &script)))).await;
        let odd = json!({"id": "chatcmpl-1", "object": "odd", "created": 1.5, "model": "m", "service_tier": "on_demand",
            "choices": [{"index": 0, "odd": [1], "message": {"role": "assistant", "content": "Hi", "odd": {}}, "finish_reason": "odd_reason"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "odd_tokens": 1e3}}).to_string();
        let expected = odd.clone();
        script.answers(Reply::body(200, odd.clone())).answers(Reply::body(200, odd));
        assert_eq!(house.relay(chat("openai/m", "a")).await.text(), expected);
        assert_eq!(house.relay(messages("openai/m", "a", false)).await.json()["stop_reason"], "end_turn");
        let others = [
            ("anthropic", json!({"id": "msg_1", "type": "odd", "role": "odd", "model": "m", "stop_reason": "odd_reason", "odd": 1,
                "content": [{"type": "odd_block", "odd": 1}, {"type": "text", "text": "Hi", "odd": []}], "usage": {"input_tokens": 9, "output_tokens": 2, "odd": {}}})),
            ("gemini", json!({"odd": 1, "candidates": [{"finishReason": "ODD_REASON", "odd": 1, "content": {"role": "odd", "parts": [{"odd": 1}, {"text": "Hi"}]}}],
                "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2, "odd": 1}})),
            ("ollama", json!({"model": "m", "odd": 1, "message": {"role": "odd", "content": "Hi", "odd": 1}, "done": true, "done_reason": "odd_reason",
                "prompt_eval_count": 9, "eval_count": 2})),
        ];
        for (kind, body) in others {
            script.answers(Reply::body(200, body.to_string()));
            let got = house.relay(chat(&format!("{kind}/m"), "a")).await;
            assert_eq!(got.status, 200, "{kind}: {}", got.text());
            let choice = &got.json()["choices"][0];
            assert_eq!((&choice["message"]["content"], &choice["finish_reason"]), (&json!("Hi"), &json!("stop")), "{kind}");
        }
        for row in house.ledger().await {
            assert_eq!((row.usage.tokens_in, row.usage.tokens_out, row.usage.estimated), (9, 2, false), "{}", row.provider);
        }
    }

    async fn a_use_that_nobody_told_is_estimated_and_marked_in_every_dialect(db: testkit::Database) {
        let script = Script::start().await;
        let house = House::open(&db, providers(&KINDS.map(|it| (it, &script)))).await;
        script.always(|_| Reply::text("one two three").without_usage());
        for kind in KINDS {
            for call in [chat(&format!("{kind}/m"), "a"), stream(&format!("{kind}/m"), "b")] {
                assert_eq!(house.relay(call).await.status, 200, "{kind}");
            }
        }
        let rows = house.ledger().await;
        assert_eq!(rows.len(), 8);
        for row in rows {
            assert!(row.usage.estimated && row.usage.tokens_in > 0 && row.usage.tokens_out > 0, "{}: {:?}", row.provider, row.usage);
        }
    }

    async fn cached_tokens_are_counted_once_and_at_their_own_price_in_every_dialect(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&KINDS.map(|it| (it, &script)));
        settings.prices = serde_json::from_value(json!([{"model": "m", "input_per_million_usd": 10.0,
            "cached_per_million_usd": 1.0, "output_per_million_usd": 100.0}])).unwrap();
        let house = House::open(&db, settings).await;
        script.always(|_| Reply::text("one two three").tokens(1_000, 7).cached(800));
        // 200 fresh ones at 10, 800 kept ones at 1, 7 said at 100: 2,000 + 800 + 700 millionths.
        for kind in ["openai", "anthropic", "gemini"] {
            let got = house.relay(chat(&format!("{kind}/m"), "a")).await;
            assert_eq!(got.header("x-mainstay-cost-usd"), Some("0.0035"), "{kind}");
            house.relay(stream(&format!("{kind}/m"), "b")).await;
            house.relay(messages(&format!("{kind}/m"), "c", true)).await;
        }
        for row in house.ledger().await {
            assert_eq!((row.usage.tokens_in, row.usage.cached, row.usage.tokens_out), (1_000, 800, 7), "{}", row.provider);
            assert_eq!(row.cost.nanos().map(|it| it.0), Some(3_500_000), "{}", row.provider);
        }
    }

    async fn a_model_without_a_price_is_served_and_its_cost_is_said_to_be_unknown(db: testkit::Database) {
        let script = Script::start().await;
        let mut settings = providers(&[("local", &script)]);
        settings.prices = serde_json::from_value(json!([{"model": "other", "input_per_million_usd": 1.0}])).unwrap();
        settings.budgets = serde_json::from_value(json!([{"name": "all", "scope": "whole", "period": "month", "limit_usd": 1.0}])).unwrap();
        let house = House::open(&db, settings).await;
        script.always(|_| Reply::text("Hello"));
        let got = house.relay(chat("local/small", "a")).await;
        assert_eq!((got.status, got.header("x-mainstay-cost-usd")), (200, None));
        house.relay(stream("local/small", "a")).await;
        assert!(house.ledger().await.iter().all(|it| it.cost == Cost::Unknown));
    }
}

/// The id is that of the ledger, so that whoever has the answer finds what it used.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_and_a_refusal_say_under_which_id_they_are_in_the_ledger() {
    let db = testkit::Database::sqlite();
    let (house, script) = one(&db).await;
    script.answers(Reply::text("Hello")).answers(Reply::text("Hello")).answers(Reply::status(400));
    let embeddings = call(Asks::Embeddings, json!({"model": "local/e", "input": "a"}));
    let mut told = Vec::new();
    for call in
        [chat("local/small", "a"), stream("local/small", "b"), chat("local/small", "c"), embeddings]
    {
        let got = house.relay(call).await;
        told.push(got.header("x-mainstay-usage-id").expect("an id").to_owned());
    }
    let rows: Vec<_> = house.ledger().await.iter().map(|it| it.asked.to_string()).collect();
    assert_eq!(told, rows);
    // Nothing was asked of anybody, so nothing is there to be found.
    let got = house.relay(call(Asks::Chat, "no JSON")).await;
    assert_eq!(got.header("x-mainstay-usage-id"), None);
    is_error(&got, 400, "invalid_request_error");
}

/// Tools and words of two calls in one turn keep apart, whoever made them and whoever hears them.
#[tokio::test(flavor = "multi_thread")]
async fn two_calls_in_one_turn_are_told_apart_by_their_numbers() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let house = House::open(&db, providers(&KINDS.map(|it| (it, &script)))).await;
    let event = |it: Json| format!("event: {}\ndata: {it}\n\n", it["type"].as_str().unwrap());
    let block = |at: u32, id: &str| {
        let begin = json!({"type": "tool_use", "id": id, "name": "look", "input": {}});
        let delta = json!({"type": "input_json_delta", "partial_json": format!("{{\"at\":{at}}}")});
        [
            event(json!({"type": "content_block_start", "index": at, "content_block": begin})),
            event(json!({"type": "content_block_delta", "index": at, "delta": delta})),
            event(json!({"type": "content_block_stop", "index": at})),
        ]
        .concat()
    };
    let anthropic = [
        event(
            json!({"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {"input_tokens": 5, "output_tokens": 1}}}),
        ),
        block(0, "t1"),
        block(1, "t2"),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
        ),
        event(json!({"type": "message_stop"})),
    ];
    let part = |at: u32| json!({"functionCall": {"name": "look", "args": {"at": at}}});
    let gemini = format!(
        "data: {}\n\n",
        json!({"candidates": [{"content": {"parts": [part(0), part(1)]}, "finishReason": "STOP"}]})
    );
    let tool = |at: u32| json!({"function": {"name": "look", "arguments": {"at": at}}});
    let ollama = format!(
        "{}\n",
        json!({"model": "m", "message": {"content": "", "tool_calls": [tool(0), tool(1)]}, "done": true})
    );
    for (kind, said) in [("anthropic", anthropic.concat()), ("gemini", gemini), ("ollama", ollama)]
    {
        script.answers(Reply::pieces([said]));
        let got = house.relay(stream(&format!("{kind}/m"), "Look.")).await;
        let deltas: Vec<Json> =
            got.data().iter().filter_map(|it| serde_json::from_str(it).ok()).collect();
        let calls = deltas.iter().flat_map(|it| it["choices"][0]["delta"]["tool_calls"].as_array());
        let mut said = [String::new(), String::new()];
        for call in calls.flatten() {
            let at = call["index"].as_u64().expect("a number") as usize;
            said[at].push_str(call["function"]["arguments"].as_str().unwrap_or_default());
        }
        assert_eq!(said, [r#"{"at":0}"#, r#"{"at":1}"#], "{kind}: {}", got.text());
        let ends = deltas.iter().find_map(|it| it["choices"][0]["finish_reason"].as_str());
        assert_eq!(ends, Some("tool_calls"), "{kind}");
    }
}

/// A provider that names nothing gets a name for its answer, another one each time.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_name_gets_one_of_its_own() {
    let db = testkit::Database::sqlite();
    let script = Script::start().await;
    let house = House::open(&db, providers(&[("ollama", &script)])).await;
    script.always(|_| Reply::text("one two"));
    let mut ids = std::collections::HashSet::new();
    for _ in 0..2 {
        let got = house.relay(stream("ollama/m", "a")).await;
        let first: Json = serde_json::from_str(got.data()[0]).unwrap();
        ids.insert(first["id"].as_str().unwrap().to_owned());
        let got = house.relay(chat("ollama/m", "a")).await;
        ids.insert(got.json()["id"].as_str().unwrap().to_owned());
        let got = house.relay(messages("ollama/m", "a", true)).await;
        let start = got.data()[0].to_owned();
        let start: Json = serde_json::from_str(&start).unwrap();
        let id = start["message"]["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("msg_"), "{id}");
        ids.insert(id);
    }
    assert!(ids.iter().all(|it| it.len() > 12), "{ids:?}");
    assert_eq!(ids.len(), 6, "{ids:?}");
}
