//! Models from the command line, beside a server that runs.

use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::place::{NOBODY, Place, entries};

/// An application with a provider `local`, which answers, and `gone`, which does not.
async fn place(db: &Database) -> (Place, Script) {
    let script = Script::start().await;
    script.always(|_| Reply::text("OK").tokens(10, 5));
    let mut place = Place::on(db);
    let app = place.own_app();
    let settings = json!({
        "providers": {
            "local": {"base_url": script.address(), "api_key": "sk-not-to-be-seen"},
            "gone": {"base_url": format!("http://{NOBODY}")},
        },
        "priorities": {"balanced": "local/small", "speed": "gone/fast", "accuracy": "local/small"},
        "aliases": {"little": "local/tiny"},
        "prices": [{"model": "local/small", "input_per_million_usd": 1.0, "output_per_million_usd": 2.0}],
        "limits": [{"per": "tenant", "requests_per_minute": 60}],
        "budgets": [{"name": "all", "scope": "whole", "period": "month", "limit_usd": 100.0}],
    });
    // JSON is YAML too.
    std::fs::write(app.join("config/llm.yaml"), settings.to_string()).unwrap();
    (place, script)
}

testkit::on_both! {
    async fn providers_are_listed_tried_and_reckoned(db: Database) {
        let (place, script) = place(&db).await;
        let (server, admin, client) = place.begun().await;

        let listed = place.json(&["models", "list"]).await;
        assert_eq!(listed["priorities"], json!({"speed": "gone/fast", "balanced": "local/small", "accuracy": "local/small"}));
        assert_eq!(listed["models"], json!([
            {"model": "local/small", "input_per_million_usd": 1.0, "output_per_million_usd": 2.0},
            {"model": "local/tiny", "input_per_million_usd": null, "output_per_million_usd": null},
            {"model": "gone/fast", "input_per_million_usd": null, "output_per_million_usd": null},
        ]));
        assert!(script.requests().is_empty(), "nobody was asked");
        let remote = place.json(&["models", "list", "--remote"]).await;
        assert!(entries(&remote["models"]).iter().any(|it| it["model"] == "local/scripted"), "{remote}");
        assert_eq!(remote["silent"], json!(["gone"]));
        let text = place.done(&["models", "list"]).await;
        assert!(text.contains("little → local/tiny") && !text.contains("sk-not"), "{text}");

        let tried = place.run(&["models", "test"]).await;
        assert_eq!(tried.code, 1, "one of them is gone: {}", tried.out);
        assert!(tried.out.contains("providers.gone.base_url") && tried.out.contains("local/small"), "{}", tried.out);
        let tried = place.json(&["models", "test", "--model", "balanced"]).await;
        assert_eq!((&tried[0]["ok"], &tried[0]["tokens_in"], &tried[0]["cost_usd"]), (&json!(true), &json!(10), &json!(0.00002)));

        let used = place.json(&["models", "usage"]).await;
        assert_eq!((&used["breakdown"][0]["name"], &used["breakdown"][0]["operations_count"]), (&json!("test"), &json!(2)), "{used}");
        assert_eq!(used["summary"]["total_cost_usd"], 0.00004);
        let served = admin.get("/api/usage/summary?group_by=provider").await.is(200);
        assert_eq!(served["breakdown"][0]["name"], "local");
        for by in ["model", "provider", "tenant", "key", "task", "day", "month"] {
            assert_eq!(place.json(&["models", "usage", "--by", by]).await["summary"], used["summary"], "{by}");
        }
        let before = place.json(&["models", "usage", "--to", "2020-01-01", "--from", "2019-01-01"]).await;
        assert_eq!(before["summary"]["attempts_count"], 0);
        let of_client = place.json(&["models", "usage", "--tenant", &client]).await;
        assert_eq!(of_client["summary"]["attempts_count"], 0, "tests go on the account of the house");

        let cost = place.done(&["models", "prices", "--model", "local/small", "--in", "1000000", "--out", "500000"]).await;
        assert_eq!(cost.trim(), "$2.000000000");
        let unknown = place.json(&["models", "prices", "--model", "little", "--in", "5"]).await;
        assert_eq!(unknown["cost_usd"], Json::Null);
        let prices = place.json(&["models", "prices"]).await;
        assert_eq!(prices["version"], unknown["version"]);
        server.stop().await;
    }

    async fn a_budget_that_is_set_reaches_the_server_that_runs(db: Database) {
        let (place, _script) = place(&db).await;
        let (server, admin, client) = place.begun().await;
        let set = place.json(&["models", "limits", "set", "daily", "--scope", "tenant", "--match", "acme-civil", "--period", "day", "--tokens", "500", "--warn-at", "0.5"]).await;
        assert_eq!((&set["match"], &set["limit_tokens"]), (&json!(client), &json!(500)));
        let shown = place.json(&["models", "limits"]).await;
        let names: Vec<_> = entries(&shown["budgets"]).iter().map(|it| (&it["name"], &it["is_set"])).collect();
        assert_eq!(names, [(&json!("all"), &json!(false)), (&json!("daily"), &json!(true))]);
        assert!(entries(&shown["limits"]).iter().any(|it| it["per"] == "tenant" && it["requests_per_minute"] == 60), "{shown}");
        let text = place.done(&["models", "limits"]).await;
        assert!(text.contains("500 tokens") && text.contains("$100"), "{text}");

        let served = |name: &'static str| {
            let admin = &admin;
            async move {
                let budgets = admin.get("/api/budgets").await.is(200);
                entries(&budgets["budgets"]).iter().any(|it| it["name"] == name)
            }
        };
        assert!(served("all").await);
        for left in (0..100).rev() {
            if served("daily").await {
                break;
            }
            assert!(left > 0, "the server does not know of it");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let audit = place.json(&["audit", "list"]).await;
        assert!(entries(&audit).iter().any(|it| it["action"] == "budget_set"), "{audit}");
        place.done(&["models", "limits", "remove", "daily"]).await;
        let again = place.run(&["models", "limits", "remove", "daily"]).await;
        assert!(again.code == 1 && again.err.contains("`daily`"), "{}", again.err);

        let nowhere = place.run(&["models", "limits", "set", "x", "--scope", "whole", "--period", "day", "--usd", "1", "--at-limit", "downgrade", "--downgrade-to", "nobody/small"]).await;
        assert!(nowhere.code == 1 && nowhere.err.contains("nobody/small"), "{}", nowhere.err);
        let half = place.run(&["models", "limits", "set", "x", "--scope", "whole", "--period", "day", "--usd", "1", "--at-limit", "downgrade"]).await;
        assert!(half.code == 1 && half.err.contains("downgrade_to"), "{}", half.err);
        server.stop().await;
    }

    async fn the_key_of_the_environment_goes_only_to_where_the_operator_put_its_provider(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("OK").tokens(10, 5));
        let mut place = Place::on(&db).with("OPENAI_API_KEY", "sk-of-the-environment");
        let app = place.own_app();
        place.done(&["migrate", "up", "--app", &app.display().to_string()]).await;
        let moved = |key: Option<&str>| {
            json!({"providers": {"openai": {"base_url": script.address(), "api_key": key}}}).to_string()
        };
        let change = place.file("moved.yaml", moved(None).as_bytes());
        place.done(&["config", "set", "llm", &change, "--reason", "Cheaper."]).await;
        let listed = place.json(&["models", "list"]).await;
        let openai = &listed["providers"][0];
        assert_eq!((&openai["name"], &openai["has_key"]), (&json!("openai"), &json!(false)), "{listed}");
        place.json(&["models", "test", "--model", "openai/small"]).await;
        assert_eq!(script.last_request().authorization, None, "nobody there has a right to it");
        script.answers(Reply::status(401));
        let refused = place.run(&["models", "test", "--model", "openai/small"]).await;
        assert!(refused.code == 1 && refused.out.contains("OPENAI_BASE_URL"), "{}{}", refused.out, refused.err);

        let change = place.file("own.yaml", moved(Some("sk-own")).as_bytes());
        place.done(&["config", "set", "llm", &change, "--reason", "With a key of its own."]).await;
        place.json(&["models", "test", "--model", "openai/small"]).await;
        assert_eq!(script.last_request().authorization.as_deref(), Some("Bearer sk-own"));

        // Whoever may write the files says where it goes.
        std::fs::write(app.join("config/llm.yaml"), moved(None)).unwrap();
        place.json(&["models", "test", "--model", "openai/small"]).await;
        assert_eq!(script.last_request().authorization.as_deref(), Some("Bearer sk-of-the-environment"));
    }
}
