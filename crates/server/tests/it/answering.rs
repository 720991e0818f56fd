//! What every answer has, whatever it answers.

use reqwest::Method;
use serde_json::json;
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn a_request_id_goes_out_as_it_came_in(db: Database) {
        let house = House::open(&db).await;
        let answer = house.nobody().header("x-request-id", "abc-1.2").get("/health/live").await;
        assert_eq!(answer.header("x-request-id"), Some("abc-1.2"));
        let answer = house.nobody().header("x-request-id", "a b").get("/health/live").await;
        assert!(answer.header("x-request-id").unwrap().starts_with("req_"));
    }

    async fn careful_headers_are_on_every_answer(db: Database) {
        let house = House::open(&db).await;
        for path in ["/health", "/api/nothing", "/v1/nothing", "/docs", "/"] {
            let answer = house.nobody().header("accept", "text/html").get(path).await;
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
            let policy = answer.header("content-security-policy").expect("a policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
            assert!(!policy.contains("script-src 'unsafe"), "{path}: {policy}");
        }
    }

    async fn a_trailing_slash_changes_nothing(db: Database) {
        let house = House::open(&db).await;
        house.nobody().get("/health/live/").await.is(200);
        house.editor().await.get("/api/collections/shelves/?limit=1").await.is(200);
    }

    async fn a_head_is_a_get_without_its_body(db: Database) {
        let house = House::open(&db).await;
        let nobody = house.nobody();
        let head = nobody.send(nobody.request(Method::HEAD, "/health/live")).await;
        assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
        assert!(head.header("content-length").is_some_and(|it| it != "0"));
    }

    async fn requests_are_counted_by_the_template_of_their_path(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("one").await;
        let path = format!("/api/records/{}", shelf["id"].as_str().unwrap());
        house.viewer().await.get(&path).await.is(200);
        house.nobody().get("/nowhere/at/all").await;
        let counted = [
            "http_requests_total{method=\"GET\",endpoint=\"/api/records/{record}\",status_code=\"200\"}",
            "endpoint=\"unmatched\",status_code=\"404\"",
            "http_request_duration_seconds_bucket{",
        ];
        let metrics = house.metrics_with(&counted).await;
        assert!(!metrics.text.contains("/nowhere/at/all"));
        assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    }

    async fn health_is_open_to_all_and_readiness_is_a_switch(db: Database) {
        let house = House::open(&db).await;
        let nobody = house.nobody();
        assert_eq!(nobody.get("/health").await.is(200)["status"], "healthy");
        assert_eq!(nobody.get("/health/ready").await.is(200)["status"], "ready");
        house.app.health.set_readiness(observe::Readiness::Draining);
        assert_eq!(nobody.get("/health/ready").await.is(503)["status"], "draining");
        assert_eq!(nobody.get("/health/live").await.is(200)["status"], "alive");
        let sick = observe::Check::new("database", true, std::time::Duration::from_secs(1), || async {
            observe::Found::Unhealthy("gone".into())
        });
        house.app.health.register(sick);
        house.clock.advance(jiff::SignedDuration::from_secs(2));
        assert_eq!(nobody.get("/health").await.is(503)["checks"]["database"]["status"], "unhealthy");
        nobody.get("/health/database").await.is(503);
        nobody.get("/health/ai-services").await.is(200);
    }

    async fn strangers_are_told_that_something_works_and_not_what_was_found(db: Database) {
        let house = House::open(&db).await;
        for (name, found) in [
            ("database", observe::Found::Healthy),
            ("blobs", observe::Found::HealthyWith("files are put into: the cellar".into())),
            ("llm", observe::Found::Degraded("the provider cellar does not answer".into())),
        ] {
            let within = std::time::Duration::from_secs(1);
            house.app.health.register(observe::Check::new(name, true, within, move || {
                let found = found.clone();
                async move { found }
            }));
        }
        let (nobody, viewer, owner) = (house.nobody(), house.viewer().await, house.owner().await);
        for path in ["/health", "/health/database", "/health/ai-services"] {
            for who in [&nobody, &viewer] {
                let answer = who.get(path).await;
                let told = answer.is(200);
                assert!(!answer.text.contains("cellar"), "{path}: {told}");
                for check in told["checks"].as_object().expect("checks").values() {
                    assert_eq!(check.as_object().map(serde_json::Map::len), Some(1), "one word each: {told}");
                }
            }
        }
        assert_eq!(nobody.get("/health").await.is(200)["checks"]["llm"]["status"], "degraded");
        nobody.get("/health/detailed").await.refused(401, "key_missing");
        viewer.get("/health/detailed").await.refused(403, "permission_missing");
        for path in ["/health", "/health/detailed"] {
            let told = owner.get(path).await.is(200);
            assert_eq!(told["checks"]["blobs"]["message"], "files are put into: the cellar", "{told}");
            assert!(told["checks"]["database"]["latency_ms"].is_u64(), "{told}");
        }
        let two = owner.get("/health/detailed?checks=llm,database").await.is(200);
        assert_eq!(two["checks"].as_object().map(serde_json::Map::len), Some(2), "{two}");
        for unknown in ["weather", "llm,weather"] {
            let refused = owner.get(&format!("/health/detailed?checks={unknown}")).await.refused(422, "invalid_input");
            let fault = &refused["errors"][0];
            assert_eq!(fault["field"], "/checks", "{refused}");
            assert!(refused.to_string().contains("nothing is checked under `weather`"), "{refused}");
            assert!(refused.to_string().contains("database, llm"), "{refused}");
        }
    }

    async fn each_provider_of_models_is_told_in_one_word(db: Database) {
        let house = House::open(&db).await;
        let told = house.nobody().get("/health/ai-services").await.is(200);
        let names: Vec<_> = house.app.models.overview().providers.into_iter().map(|it| it.name).collect();
        let told = told["providers"].as_object().expect("providers").clone();
        assert_eq!(told.keys().cloned().collect::<Vec<_>>(), names);
        assert!(told.values().all(|it| it == "available"), "{told:?}");
    }

    async fn internals_answer_in_debug_mode_only(db: Database) {
        let house = House::open(&db).await;
        house.owner().await.get("/__debug/routes").await.refused(404, "not_found");
        drop(house);
    }

    async fn in_debug_mode_internals_answer_to_those_who_may_see_them(db: Database) {
        let settings = server::Settings { debug: true, ..server::Settings::default() };
        let house = House::open_with(&db, settings).await;
        let routes = house.owner().await.get("/__debug/routes").await.is(200);
        assert!(routes["items"].as_array().unwrap().len() > 60);
        house.owner().await.get("/__debug/sqlite").await.is(200);
        house.editor().await.get("/__debug/routes").await.refused(403, "permission_missing");
        house.owner().await.get("/api/v1/stats").await.is(200);
        house.owner().await.get("/api/logs").await.is(200);
    }

    async fn what_was_done_is_in_the_audit_log_under_its_own_name(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("one").await;
        let path = format!("/api/records/{}", shelf["id"].as_str().unwrap());
        house.editor().await.patch(&path, json!({"height": 3})).await.is(200);
        let owner = house.owner().await;
        let all = owner.get(&format!("/api/audit?record={}", shelf["id"].as_str().unwrap())).await.is(200);
        let actions: Vec<&str> = all["items"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["changed", "made"]);
        assert_eq!(all["items"][0]["details"]["after"]["height"], 3, "{all}");
        let made = owner.get("/api/audit?action=made&limit=1").await.is(200);
        assert_eq!(made["items"][0]["engine_action"], "record_created");
        assert_eq!(owner.get("/api/audit/verify").await.is(200)["whole"], true);
    }
}
