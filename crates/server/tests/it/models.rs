//! The models as those who run them see them: how they do, what they used, how much they may.

use std::time::Duration;

use base::{Role, Scope};
use identity::Reach;
use models::settings::ProviderSettings;
use serde_json::{Value as Json, json};
use server::Settings;
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::house::{Asker, House};

/// A house with a provider `local`, which answers, and `gone`, which does not.
async fn house(db: &Database, more: Json) -> (House, Script) {
    let script = Script::start().await;
    script.always(|_| Reply::text("Hello there").tokens(10, 5));
    let mut settings: models::Settings = serde_json::from_value(more).expect("good settings");
    let provider = |base_url: String| ProviderSettings {
        base_url: Some(base_url),
        api_key: Some(base::Secret::new("sk-not-to-be-seen".into())),
        ..ProviderSettings::default()
    };
    settings.providers.insert("local".into(), provider(script.address()));
    settings.providers.insert("gone".into(), provider("http://127.0.0.1:9".into()));
    settings.priorities.balanced = Some("local/small".into());
    settings.priorities.speed = Some("gone/fast".into());
    (House::open_with_models(db, Settings::default(), settings).await, script)
}

async fn ask(asker: &Asker, model: &str, task: &str) -> Json {
    let body = json!({"model": model, "max_tokens": 20, "messages": [{"role": "user", "content": "Hello?"}]});
    let asker = asker.header("x-mainstay-task", task);
    asker.post("/llm/v1/chat/completions", body).await.is(200)
}

fn budget() -> Json {
    json!({"scope": "tenant", "period": "day", "limit_tokens": 1_000})
}

fn pointers(problem: &Json) -> Vec<&str> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|it| it["field"].as_str()).collect()
}

testkit::on_both! {
    async fn a_budget_that_is_set_holds_at_once_and_is_seen(db: Database) {
        let (house, _script) = house(&db, json!({
            "budgets": [{"name": "all", "scope": "whole", "period": "month", "limit_usd": 5.0}],
            "cache": {"enabled": false},
        })).await;
        let owner = house.owner().await;
        let set = owner.put("/api/budgets/daily", budget()).await.is(200);
        assert_eq!((&set["name"], &set["limit_tokens"], &set["warn_at"]), (&json!("daily"), &json!(1_000), &json!(0.8)));
        let listed = owner.get("/api/budgets").await.is(200);
        let find = |listed: &Json, name: &str| {
            listed["budgets"].as_array().unwrap().iter().find(|it| it["name"] == name).cloned().unwrap()
        };
        let daily = find(&listed, "daily");
        assert_eq!((&daily["id"], &daily["spent"], &daily["is_set"]), (&json!(""), &json!(0), &json!(true)), "nobody spent yet");
        assert_eq!(find(&listed, "all")["is_set"], false);

        let key = house.key(&[Scope::UseModels]).await;
        ask(&key, "local/small", "advice").await;
        house.app.models.close().await;
        let daily = find(&owner.get("/api/budgets").await.is(200), "daily");
        assert_eq!((&daily["id"], &daily["spent"], &daily["unit"]), (&json!(house.here.to_string()), &json!(15), &json!("tokens")));
        assert_eq!(daily["used_ratio"], 0.015);

        let small = json!({"scope": "tenant", "period": "day", "limit_tokens": 15, "warn_at": 0.5});
        owner.put("/api/budgets/daily", small).await.is(200);
        let body = json!({"model": "local/small", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello?"}]});
        let refused = key.post("/llm/v1/chat/completions", body).await.is(429);
        assert_eq!(refused["error"]["code"], "budget_exceeded", "{refused}");
        let events = owner.get("/api/budgets/events").await.is(200);
        let event = &events["events"][0];
        assert_eq!((&event["budget"], &event["kind"], &event["limit"]), (&json!("daily"), &json!("reached"), &json!(15)), "{events}");
        assert_eq!(owner.get("/api/budgets/events?since=2030-01-01T00:00:00Z").await.is(200), json!({"events": []}));

        assert_eq!(owner.delete("/api/budgets/daily").await.status, 204);
        ask(&key, "local/small", "advice").await;
        owner.delete("/api/budgets/daily").await.refused(404, "budget_not_found");
        let audit = owner.get("/api/audit?action=budget_removed").await.is(200);
        assert_eq!(audit["items"][0]["details"]["before"]["name"], "daily", "{audit}");
    }

    async fn a_budget_that_cannot_work_is_refused_with_its_place(db: Database) {
        let (house, _script) = house(&db, json!({})).await;
        let owner = house.owner().await;
        for (changes, pointer) in [
            (json!({"limit_tokens": null}), "/limit_usd"),
            (json!({"limit_usd": -1.0, "limit_tokens": null}), "/limit_usd"),
            (json!({"limit_usd": 1.0}), "/limit_tokens"),
            (json!({"limit_tokens": 0}), "/limit_tokens"),
            (json!({"scope": "everyone"}), "/scope"),
            (json!({"period": null}), "/period"),
            (json!({"warn_at": 80}), "/warn_at"),
            (json!({"match": "acme"}), "/match"),
            (json!({"match": base::TenantId::generate()}), "/match"),
            (json!({"at_limit": "downgrade"}), "/downgrade_to"),
            (json!({"at_limit": "downgrade", "downgrade_to": "nobody/small"}), "/downgrade_to"),
            (json!({"limit": 5}), "/limit"),
        ] {
            let mut body = budget();
            for (name, value) in changes.as_object().unwrap() {
                body[name] = value.clone();
            }
            let problem = owner.put("/api/budgets/daily", body).await.refused(422, "invalid_input");
            assert_eq!(pointers(&problem), [pointer], "{changes}: {problem}");
        }
        assert_eq!(owner.get("/api/budgets").await.is(200), json!({"budgets": []}));
        let whole = json!({"scope": "tenant", "match": house.here, "period": "month", "limit_usd": 2.5,
                           "at_limit": "downgrade", "downgrade_to": "local/tiny"});
        let set = owner.put("/api/budgets/with%20a%20space", whole).await.is(200);
        assert_eq!((&set["name"], &set["match"], &set["limit_usd"]), (&json!("with a space"), &json!(house.here), &json!(2.5)));
    }

    async fn who_belongs_to_one_tenant_sees_its_own_and_sets_nothing(db: Database) {
        let (house, _script) = house(&db, json!({"budgets": [
            {"name": "all", "scope": "whole", "period": "month", "limit_usd": 5.0},
            {"name": "each", "scope": "tenant", "period": "month", "limit_tokens": 100_000},
            {"name": "task", "scope": "task", "period": "month", "limit_tokens": 100_000},
        ]})).await;
        let owner = house.owner().await;
        for tenant in [house.here, house.there] {
            ask(&owner.header("x-mainstay-tenant", tenant.to_string()), "local/small", "advice").await;
        }
        house.app.models.close().await;
        assert_eq!(owner.get("/api/budgets").await.is(200)["budgets"].as_array().map(Vec::len), Some(4));
        let here = house.here.to_string();
        let viewer = house.viewer().await;
        let own = viewer.get("/api/budgets").await.is(200);
        let shown = own["budgets"].as_array().unwrap();
        assert_eq!(shown.len(), 1, "{own}");
        assert_eq!((&shown[0]["name"], &shown[0]["id"], &shown[0]["spent"]), (&json!("each"), &json!(here), &json!(15)));
        let rows = viewer.get("/api/usage").await.is(200);
        assert_eq!(rows["items"].as_array().map(Vec::len), Some(1));
        viewer.get("/api/budgets/events").await.is(200);

        let admin = house.signed_in(Role::Admin, Reach::Tenant(house.here)).await;
        admin.put("/api/budgets/mine", budget()).await.refused(403, "permission_missing");
        admin.delete("/api/budgets/all").await.refused(403, "permission_missing");
        admin.get("/api/models/queue").await.refused(403, "permission_missing");
        viewer.put("/api/budgets/mine", budget()).await.refused(403, "permission_missing");
        viewer.post("/api/models/test", json!({})).await.refused(403, "permission_missing");
        let operator = house.signed_in(Role::Operator, Reach::All).await;
        operator.put("/api/budgets/mine", budget()).await.is(200);
        let tested = admin.post("/api/models/test", json!({"model": "local/small"})).await.is(200);
        assert_eq!(tested["tests"][0]["ok"], true);
    }

    async fn a_test_says_how_each_provider_does_and_why_not(db: Database) {
        let (house, script) = house(&db, json!({
            "prices": [{"model": "local/*", "input_per_million_usd": 1.0, "output_per_million_usd": 2.0}],
            "aliases": {"little": "local/tiny"},
            "fallbacks": {"gone/fast": ["local/small"]},
        })).await;
        let owner = house.owner().await;
        let tested = owner.post("/api/models/test", json!({})).await.is(200);
        let [local, gone] = tested["tests"].as_array().unwrap().as_slice() else { panic!("{tested}") };
        assert_eq!((&local["model"], &local["ok"], &local["error"]), (&json!("local/small"), &json!(true), &Json::Null));
        assert_eq!((&local["tokens_in"], &local["tokens_out"], &local["cost_usd"]), (&json!(10), &json!(5), &json!(0.00002)));
        assert!(local["ttft_ms"].is_u64(), "{local}");
        assert_eq!((&gone["model"], &gone["ok"]), (&json!("gone/fast"), &json!(false)), "no fallback answers for it");
        assert_eq!(gone["error"]["code"], "unavailable");
        let message = gone["error"]["message"].as_str().unwrap();
        assert!(message.contains("`gone`") && message.contains("no connection"), "{message}");
        assert!(gone["error"]["hint"].as_str().is_some_and(|it| it.contains("providers.gone.base_url")), "{gone}");

        let one = owner.post("/api/models/test", json!({"model": "little"})).await.is(200);
        assert_eq!(one["tests"][0]["model"], "local/tiny");
        script.answers(Reply::body(401, r#"{"error": {"message": "Incorrect API key", "type": "invalid_request_error", "code": "invalid_api_key"}}"#));
        let refused = owner.post("/api/models/test", json!({"model": "local/small"})).await.is(200);
        let error = &refused["tests"][0]["error"];
        assert_eq!(error["code"], "refused");
        assert!(error["hint"].as_str().is_some_and(|it| it.contains("LOCAL_API_KEY")), "{error}");
        script.answers(Reply::status(503));
        let begun = std::time::Instant::now();
        let busy = owner.post("/api/models/test", json!({"model": "local/small"})).await.is(200);
        assert_eq!(busy["tests"][0]["ok"], false);
        assert!(begun.elapsed() < Duration::from_secs(2), "it is asked once");

        house.app.models.close().await;
        let rows = owner.get("/api/usage?operation=test").await.is(200);
        let outcomes: Vec<_> = rows["items"].as_array().unwrap().iter().map(|it| it["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["unavailable", "refused", "ok", "ok"], "nothing was used of who was not reached");
    }

    async fn an_overview_shows_who_is_there_and_no_key(db: Database) {
        let (house, _script) = house(&db, json!({
            "aliases": {"little": "local/tiny"},
            "fallbacks": {"little": ["balanced"]},
            "breaker": {"failures": 1},
        })).await;
        let viewer = house.viewer().await;
        let before = viewer.get("/api/models").await.is(200);
        assert_eq!(before["priorities"], json!({"speed": "gone/fast", "balanced": "local/small", "accuracy": "local/small"}));
        assert_eq!(before["aliases"], json!([{"name": "little", "target": "local/tiny"}]));
        assert_eq!(before["fallbacks"], json!([{"name": "little", "targets": ["balanced"]}]));
        let [local, gone] = before["providers"].as_array().unwrap().as_slice() else { panic!("{before}") };
        assert_eq!((&local["state"], &local["breaker"], &local["has_key"], &local["kind"]), (&json!("never_used"), &json!("closed"), &json!(true), &json!("openai")));
        assert_eq!(gone["base_url"], "http://127.0.0.1:9/v1/");
        let models: Vec<_> = local["models"].as_array().unwrap().iter().map(|it| it["model"].as_str().unwrap()).collect();
        assert_eq!(models, ["local/small", "local/tiny"]);

        house.owner().await.post("/api/models/test", json!({})).await.is(200);
        let answer = viewer.get("/api/models").await;
        assert!(!answer.text.contains("sk-not"), "{}", answer.text);
        let after = answer.is(200);
        let [local, gone] = after["providers"].as_array().unwrap().as_slice() else { panic!("{after}") };
        assert_eq!((&local["state"], &local["at"].is_string()), (&json!("ok"), &true));
        assert_eq!((&gone["state"], &gone["breaker"], &gone["failures"]), (&json!("failing"), &json!("open"), &json!(1)));
        assert!(gone["retry_at"].is_string() && gone["since"].is_string());
        assert_eq!(gone["why"], "no connection");
        assert_eq!(gone["models"][0]["breaker"], "open");
    }

    async fn kept_answers_are_counted(db: Database) {
        let (house, _script) = house(&db, json!({})).await;
        let key = house.key(&[Scope::UseModels]).await;
        ask(&key, "local/small", "advice").await;
        ask(&key, "local/small", "advice").await;
        house.app.models.close().await;
        let owner = house.owner().await;
        let cache = owner.get("/api/models").await.is(200)["cache"].clone();
        assert_eq!((&cache["is_on"], &cache["entries"], &cache["ttl_s"]), (&json!(true), &json!(1), &json!(600.0)));
        assert!(cache["bytes"].as_u64() > Some(100) && cache["hits"].as_u64() >= Some(1), "{cache}");
        let rows = owner.get("/api/usage").await.is(200);
        assert_eq!((&rows["items"][0]["from_cache"], &rows["items"][1]["from_cache"]), (&json!(true), &json!(false)));
    }

    async fn limits_and_the_queue_show_who_asks_and_who_waits(db: Database) {
        let (house, script) = house(&db, json!({
            "limits": [
                {"per": "key", "concurrency": 1, "requests_per_minute": 100},
                {"per": "tenant", "match": "nobody", "tokens_per_minute": 100},
            ],
            "queue": {"depth": 7, "wait": "9s"},
            "cache": {"enabled": false},
            "request_limit_usd": 0.5,
        })).await;
        // Who waits is looked for while the first is answered; the second is answered at once.
        script.answers(Reply::text("Hello").tokens(3, 1).delayed(Duration::from_millis(2_800)));
        let (owner, key) = (house.owner().await, house.key(&[Scope::UseModels]).await);
        let (_, _, seen) = tokio::join!(
            ask(&key, "local/small", "advice"),
            ask(&key, "local/small", "advice"),
            async {
                for _ in 0..500 {
                    let queue = owner.get("/api/models/queue").await.is(200);
                    if queue["depth"] == 1 {
                        let limits = owner.get("/api/models/limits").await.is(200);
                        return (queue, limits, owner.get("/api/models").await.is(200));
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                panic!("nobody waits");
            }
        );
        let (queue, limits, overview) = seen;
        assert_eq!(limits["request_limit_usd"], 0.5, "{limits}");
        assert_eq!((&queue["depth_max"], &queue["wait_max_s"]), (&json!(7), &json!(9.0)));
        let waiting = &queue["waiting"][0];
        assert_eq!((&waiting["tenant"], &waiting["priority"], &waiting["count"]), (&json!(house.here), &json!("normal"), &json!(1)));
        let find = |per: &str, matches: Json| {
            let all = limits["limits"].as_array().unwrap();
            all.iter().find(|it| it["per"] == per && it["match"] == matches).cloned().unwrap_or_else(|| panic!("{limits}"))
        };
        let of_key = find("key", Json::Null);
        let used = &of_key["used"][0];
        assert!(used["id"].as_str().is_some_and(|it| it.starts_with("key_")), "{used}");
        assert_eq!((&used["in_flight"], &used["requests"], &used["tokens"]), (&json!(1), &json!(1), &Json::Null));
        assert_eq!(find("provider", json!("local"))["used"][0]["in_flight"], 1);
        assert_eq!(find("tenant", json!("nobody"))["used"], json!([]));
        assert_eq!((&overview["providers"][0]["in_flight"], &overview["providers"][0]["concurrency"]), (&json!(1), &json!(256)));
        let queue = owner.get("/api/models/queue").await.is(200);
        assert_eq!((&queue["depth"], &queue["waiting"]), (&json!(0), &json!([])));
    }

    async fn usage_is_narrowed_and_broken_down_by_all_it_is_known_by(db: Database) {
        let (house, script) = house(&db, json!({
            "prices": [{"model": "local/small", "input_per_million_usd": 1.0, "output_per_million_usd": 2.0, "since": "2026-01-01"}],
            "cache": {"enabled": false},
        })).await;
        let (owner, key) = (house.owner().await, house.key(&[Scope::UseModels]).await);
        ask(&key, "local/small", "advice").await;
        ask(&key, "local/tiny", "coding").await;
        ask(&owner, "local/small", "advice").await;
        script.answers(Reply::status(400));
        let body = json!({"model": "local/small", "messages": [{"role": "user", "content": "Hello?"}]});
        owner.post("/llm/v1/chat/completions", body).await.is(400);
        house.app.models.close().await;
        let all = owner.get("/api/usage?count=true").await.is(200);
        let rows = all["items"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 4);
        let of_key = rows.iter().find(|it| it["task"] == "coding").unwrap();
        let (key_id, asked) = (of_key["key"].as_str().unwrap(), of_key["asked"].as_str().unwrap());
        assert_eq!((&of_key["prices"], &of_key["cost_usd"]), (&Json::Null, &Json::Null), "it has no price");
        let table = owner.get("/api/models/prices").await.is(200);
        assert_eq!(table["prices"][0]["since"], "2026-01-01");
        let priced = rows.iter().find(|it| it["model"] == "small" && it["outcome"] == "ok").unwrap();
        assert_eq!((&priced["prices"], &priced["cost_usd"]), (&table["version"], &json!(0.00002)));
        for (filter, count) in [
            (format!("key={key_id}"), 2),
            (format!("key={key_id}&model=small"), 1),
            (format!("asked={asked}"), 1),
            ("task=advice".into(), 2),
            ("model=small".into(), 3),
            ("outcome=refused".into(), 1),
            ("outcome=timeout".into(), 0),
        ] {
            let found = owner.get(&format!("/api/usage?count=true&{filter}")).await.is(200);
            assert_eq!(found["items"].as_array().map(Vec::len), Some(count), "{filter}: {found}");
            assert_eq!(found["total"], count, "{filter}: {found}");
        }
        owner.get("/api/usage?outcome=perfect").await.refused(422, "invalid_input");
        owner.get("/api/usage?key=nonsense").await.refused(422, "invalid_id");
        for (by, expected) in [
            ("provider", vec!["local"]),
            ("task", vec!["advice", "coding", ""]),
            ("key", vec![key_id, ""]),
        ] {
            let summed = owner.get(&format!("/api/usage/summary?group_by={by}&to=2026-12-01T00:00:00Z")).await.is(200);
            assert_eq!(summed["group_by"], by);
            let names: Vec<_> = summed["breakdown"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
            assert_eq!(names, expected, "{summed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_there_is_nothing_to_see_and_nothing_to_try() {
    testkit::install_tls();
    let house = House::open(&Database::sqlite()).await;
    let owner = house.owner().await;
    let overview = owner.get("/api/models").await.is(200);
    assert_eq!((&overview["configured"], &overview["providers"]), (&json!(false), &json!([])));
    assert_eq!(owner.post("/api/models/test", json!({})).await.is(200), json!({"tests": []}));
    let named = owner.post("/api/models/test", json!({"model": "openai/gpt-4"})).await.is(200);
    assert_eq!(named["tests"][0]["error"]["code"], "not_configured");
    assert_eq!(owner.get("/api/models/prices").await.is(200)["prices"], json!([]));
}
