//! What an answer costs by the tier that it states.

use models::{Cost, Settings, ledger::spent, relay::Asks};
use serde_json::{Value as Json, json};
use testkit::model::{Reply, Script};

use crate::{
    gateway::{call, chat, messages, providers, stream},
    house::House,
};

/// A dollar for each token, half of that with room to spare and in a batch, twice for haste.
async fn house(db: &testkit::Database, change: impl FnOnce(&mut Settings)) -> (House, Script) {
    let script = Script::start().await;
    let mut settings = providers(&[("openai", &script), ("anthropic", &script)]);
    let dollar = |model: &str| json!({"model": model, "input_per_million_usd": 1.0e6, "output_per_million_usd": 1.0e6});
    let mut full = dollar("*");
    for (name, share) in
        [("batch_percent", 50.0), ("flex_percent", 50.0), ("priority_percent", 166.667)]
    {
        full[name] = share.into();
    }
    settings.prices = serde_json::from_value(json!([full, dollar("openai/plain")])).unwrap();
    change(&mut settings);
    (House::open(db, settings).await, script)
}

/// A whole answer of ten tokens, by this tier.
fn answer(tier: &str) -> Reply {
    let body = json!({"id": "c", "object": "chat.completion", "model": "m", "service_tier": tier,
                      "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
                      "usage": {"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10}});
    Reply::body(200, body.to_string())
}

/// The same in pieces.
fn pieces(tier: &str) -> Reply {
    let frame = |choices: Json, usage: Json| {
        let body = json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "service_tier": tier, "choices": choices, "usage": usage});
        format!("data: {body}\n\n")
    };
    Reply::pieces([
        frame(
            json!([{"index": 0, "delta": {"content": "Hello"}, "finish_reason": null}]),
            Json::Null,
        ),
        frame(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]), Json::Null),
        frame(json!([]), json!({"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10})),
        "data: [DONE]\n\n".into(),
    ])
}

/// An answer of Anthropic's of ten tokens, by this tier.
fn message(tier: &str) -> Reply {
    let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
                      "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn",
                      "usage": {"input_tokens": 6, "output_tokens": 4, "service_tier": tier}});
    Reply::body(200, body.to_string())
}

fn dollars(cost: Cost) -> Option<f64> {
    cost.nanos().map(|it| it.0 as f64 / 1e9)
}

testkit::on_both! {
    async fn an_answer_costs_what_its_tier_costs_and_never_what_another_one_does(db: testkit::Database) {
        let (house, script) = house(&db, |_| ()).await;
        let mut expected = Vec::new();
        for (tier, cost) in [("default", Some(10.0)), ("flex", Some(5.0)), ("priority", Some(16.6667)), ("scale", None)] {
            script.answers(answer(tier));
            let got = house.relay(chat("openai/m", tier)).await;
            let told = got.header("x-mainstay-cost-usd").map(|it| it.parse::<f64>().unwrap());
            assert_eq!((got.status, told), (200, cost), "{tier}");
            script.answers(pieces(tier));
            assert_eq!(house.relay(stream("openai/m", tier)).await.words(), "Hello");
            // Told anew, the tier is seen all the same.
            script.answers(answer(tier));
            assert_eq!(house.relay(messages("openai/m", tier, false)).await.status, 200);
            expected.extend([cost; 3]);
        }
        for (tier, cost) in [("standard", Some(10.0)), ("batch", Some(5.0)), ("priority", Some(16.6667))] {
            script.answers(message(tier));
            assert_eq!(house.relay(messages("anthropic/claude", tier, false)).await.status, 200);
            expected.push(cost);
        }
        // There is a price, and none for this tier.
        for (tier, cost) in [("auto", Some(10.0)), ("flex", None)] {
            script.answers(answer(tier));
            house.relay(chat("openai/plain", tier)).await;
            expected.push(cost);
        }
        let rows = house.ledger().await;
        assert_eq!(rows.iter().map(|it| dollars(it.cost)).collect::<Vec<_>>(), expected);
        assert!(rows.iter().all(|it| it.prices.is_some() == it.cost.nanos().is_some()));
        assert!(rows.iter().all(|it| it.usage.total() == 10));
    }

    async fn what_is_billed_for_more_than_tokens_costs_what_its_price_says_or_nobody_knows(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            let full = json!({
                "model": "anthropic/full", "input_per_million_usd": 1.0e6, "output_per_million_usd": 1.0e6,
                "cache_written_1h_per_million_usd": 2.0e6, "per_web_search_usd": 3.0,
            });
            it.prices.push(serde_json::from_value(full).unwrap());
        }).await;
        script.always(|_| {
            let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
                              "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn",
                              "usage": {"input_tokens": 6, "output_tokens": 4, "cache_creation_input_tokens": 5,
                                        "cache_creation": {"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 0},
                                        "server_tool_use": {"web_search_requests": 1}}});
            Reply::body(200, body.to_string())
        });
        for model in ["anthropic/full", "anthropic/claude"] {
            // Passed on as it is, and told anew.
            assert_eq!(house.relay(messages(model, "a", false)).await.status, 200);
            assert_eq!(house.relay(chat(model, "b")).await.status, 200);
        }
        let rows = house.ledger().await;
        let costs: Vec<_> = rows.iter().map(|it| dollars(it.cost)).collect();
        assert_eq!(costs, [Some(23.0), Some(23.0), None, None]);
        assert!(rows.iter().all(|it| (it.usage.cache_written_1h, it.usage.web_searches) == (5, 1)));
    }

    async fn a_request_that_may_cost_too_much_is_not_made(db: testkit::Database) {
        let (house, script) = house(&db, |it| it.request_limit_usd = serde_json::from_value(json!(100.0)).unwrap()).await;
        script.always(|_| answer("default"));
        let ask = |tokens: u32| call(Asks::Chat, json!({"model": "openai/m", "max_tokens": tokens, "messages": [{"role": "user", "content": "a"}]}));
        assert_eq!(house.relay(ask(4)).await.status, 200);
        let asked = script.requests().len();
        assert_eq!(house.relay(ask(200)).await.status, 429);
        assert_eq!(script.requests().len(), asked, "nobody was asked");
        assert_eq!(house.relay(ask(4)).await.status, 200, "nothing is held of it");
    }

    async fn what_one_request_may_cost_passes_over_models_that_are_too_dear(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            it.request_limit_usd = serde_json::from_value(json!(100.0)).unwrap();
            it.prices = serde_json::from_value(json!([
                {"model": "openai/dear", "input_per_million_usd": 1.0e6, "output_per_million_usd": 1.0e6},
                {"model": "openai/cheap", "input_per_million_usd": 1.0, "output_per_million_usd": 1.0},
            ])).unwrap();
            it.fallbacks = serde_json::from_value(json!({"openai/dear": ["openai/cheap"]})).unwrap();
        }).await;
        script.always(|_| answer("default"));
        let got = house.relay(call(Asks::Chat, json!({"model": "openai/dear", "max_tokens": 200, "messages": [{"role": "user", "content": "a"}]}))).await;
        assert_eq!(got.status, 200);
        assert_eq!(script.requests().len(), 1, "only the cheap one was asked");
        assert_eq!(house.ledger().await[0].model, "cheap");
    }

    async fn what_a_search_brought_is_charged_though_the_search_has_no_price(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            it.budgets = serde_json::from_value(json!([{"name": "all", "scope": "whole", "period": "month", "limit_usd": 1000.0}])).unwrap();
        }).await;
        script.always(|_| {
            let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
                              "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn",
                              "usage": {"input_tokens": 600, "output_tokens": 4, "server_tool_use": {"web_search_requests": 1}}});
            Reply::body(200, body.to_string())
        });
        let ask = || call(Asks::Messages, json!({"model": "anthropic/claude", "max_tokens": 4, "messages": [{"role": "user", "content": "a"}]}));
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(house.relay(ask()).await.status);
            house.models.close().await;
        }
        assert_eq!(statuses, [200, 200, 429], "604 dollars each, as far as is known");
        let drifts = house.store.read(|db| spent::verify(db, base::Timestamp::UNIX_EPOCH)).await.unwrap();
        assert_eq!(drifts, []);
    }

    async fn a_tier_without_a_price_is_no_way_around_a_budget(db: testkit::Database) {
        let (house, script) = house(&db, |it| {
            it.budgets = serde_json::from_value(json!([{"name": "all", "scope": "whole", "period": "month", "limit_usd": 25.0}])).unwrap();
        }).await;
        script.always(|_| answer("flex"));
        let ask = || call(Asks::Chat, json!({"model": "openai/plain", "max_tokens": 4, "service_tier": "flex", "messages": [{"role": "user", "content": "a"}]}));
        let mut statuses = Vec::new();
        for _ in 0..8 {
            statuses.push(house.relay(ask()).await.status);
            house.models.close().await;
        }
        assert_eq!((statuses[0], statuses[7]), (200, 429), "{statuses:?}");
        let rows = house.ledger().await;
        assert!(rows.iter().all(|it| it.cost == Cost::Unknown && it.held.is_some_and(|it| it.0 > 0)));
        let drifts = house.store.read(|db| spent::verify(db, base::Timestamp::UNIX_EPOCH)).await.unwrap();
        assert_eq!(drifts, []);
    }
}
