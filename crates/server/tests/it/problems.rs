//! What a caller is told when something does not work.

use reqwest::Method;
use serde_json::json;
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn a_path_that_leads_nowhere_is_a_problem_with_a_way_out(db: Database) {
        let house = House::open(&db).await;
        let answer = house.nobody().get("/api/nothing").await;
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let body = answer.refused(404, "not_found");
        assert_eq!(body["request_id"], answer.header("x-request-id").unwrap());
        assert!(body["hint"].as_str().unwrap().contains("/docs"));
    }

    async fn under_the_applications_prefix_its_own_envelope_answers(db: Database) {
        let house = House::open(&db).await;
        let error = house.nobody().get("/v1/nothing").await.is(404)["error"].clone();
        assert_eq!((&error["code"], &error["name"]), (&json!(4001), &json!("NOT_FOUND")));
        let error = house.nobody().get(&format!("/v1/shops/{}/shelves", house.here)).await.is(401)["error"].clone();
        assert_eq!(error["code"], 1001);
        let viewer = house.viewer().await;
        let path = format!("/v1/shops/{}/shelves", house.here);
        let error = viewer.post(&path, json!({"name": "x"})).await.is(403)["error"].clone();
        assert_eq!(error["name"], "NOT_ALLOWED");
        let path = format!("/v1/shops/{}/shelves", house.there);
        assert_eq!(viewer.get(&path).await.is(403)["error"]["code"], 2002);
    }

    async fn the_catalogue_is_asked_with_the_detail_first(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let missing = base::RecordId::generate();
        let error = owner.get(&format!("/v1/shelves/{missing}")).await.is(404)["error"].clone();
        assert_eq!(error["name"], "SHELF_NOT_FOUND");
        let error = owner.get("/v1/shelves/banana").await.is(422)["error"].clone();
        assert_eq!(error["name"], "INVALID_ID");
        let path = format!("/v1/shops/{}/shelves", house.here);
        let error = owner.post(&path, json!({"name": "x", "kind": "gold"})).await.is(422)["error"].clone();
        assert_eq!(error["name"], "INVALID_KIND");
        let error = owner.post(&path, json!({"kind": "gold"})).await.is(422)["error"].clone();
        assert_eq!(error["name"], "INVALID");
        assert_eq!(error["details"]["errors"].as_array().map(Vec::len), Some(2), "{error}");
        owner.post("/v1/shops", json!({"name": "Twice"})).await.is(201);
        let error = owner.post("/v1/shops", json!({"name": "Twice"})).await.is(409)["error"].clone();
        assert_eq!(error["name"], "DUPLICATE_SHOP");
        owner.post(&path, json!({"name": "one"})).await.is(201);
        let error = owner.post(&path, json!({"name": "one"})).await.is(409)["error"].clone();
        assert_eq!(error["name"], "DUPLICATE");
    }

    async fn a_stranger_hears_nothing_about_what_they_sent(db: Database) {
        let house = House::open(&db).await;
        let (record, version) = house.stocked("Oak", &["nut"]).await;
        let stranger = house.signed_in(base::Role::Owner, identity::Reach::Tenant(house.there)).await;
        let here = house.here;
        let missing = base::RecordId::generate();
        let cases = [
            (Method::POST, format!("/v1/shops/{here}/shelves"), 403),
            (Method::POST, format!("/api/collections/shelves/import?tenant={here}"), 403),
            (Method::PATCH, format!("/api/tenants/{here}"), 403),
            (Method::POST, format!("/api/records/{record}/revert"), 404),
            (Method::POST, format!("/api/records/{record}/change"), 404),
            (Method::PATCH, format!("/api/records/{record}"), 404),
            (Method::POST, format!("/api/records/{missing}/revert"), 404),
            (Method::POST, format!("/api/versions/{version}/activate"), 404),
        ];
        let bodies = [
            ("application/json", "{\"surplus\": 1, \"number\": \"one\", \"name\": 7}"),
            ("application/json", "{\"name\": "),
            ("application/json", "[]"),
            ("text/csv", "a,b"),
            ("multipart/form-data; boundary=x", "--x\r\nContent-Disp"),
        ];
        for (method, path, status) in cases {
            for (kind, body) in bodies {
                let request = stranger.request(method.clone(), &path).header("content-type", kind);
                let answer = stranger.send(request.body(body)).await;
                assert_eq!(answer.status, status, "{method} {path} with {body}: {}", answer.text);
            }
        }
        // Who may speak of the thing is told what is wrong.
        let editor = house.editor().await;
        let path = format!("/api/records/{record}/revert");
        editor.post(&path, json!({"number": "one"})).await.refused(422, "invalid_input");
        let body = json!({"tenant": here, "name": 7});
        stranger.post("/api/keys", body).await.refused(403, "tenant_forbidden");
    }

    async fn every_fault_of_a_request_is_told_at_once(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let body = json!({"tenant": "banana", "name": 7, "scopes": ["red"], "expires": "soon"});
        let refused = owner.post("/api/keys", body).await.refused(422, "invalid_input");
        let fields: Vec<&str> =
            refused["errors"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["/tenant", "/name", "/scopes/0", "/expires"]);
        assert_eq!(refused["errors"][3]["hint"], "did you mean `expires_at`?");
        assert_eq!(refused["errors"][2]["hint"], "did you mean `read`?");
    }

    async fn a_malformed_id_has_a_code_of_its_own(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let refused = owner.get("/api/jobs/banana").await.refused(422, "invalid_id");
        assert_eq!(refused["errors"][0]["field"], "/job");
        owner.get("/api/users/banana").await.refused(422, "invalid_id");
    }

    async fn a_body_that_is_not_json_is_told_where(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let request = owner.request(Method::POST, "/api/keys").header("content-type", "application/json");
        let refused = owner.send(request.body("{\"name\": \"x\",\n oops}")).await;
        let body = refused.refused(400, "invalid_json");
        assert!(body["detail"].as_str().unwrap().contains("line 2"), "{body}");
        let request = owner.request(Method::POST, "/api/keys").header("content-type", "text/csv");
        owner.send(request.body("a,b")).await.refused(415, "unsupported_media_type");
    }

    async fn a_method_that_is_not_there_names_those_that_are(db: Database) {
        let house = House::open(&db).await;
        let answer = house.nobody().send(house.nobody().request(Method::PUT, "/api/me")).await;
        assert_eq!(answer.header("allow"), Some("GET, PATCH, HEAD, OPTIONS"));
        answer.refused(405, "method_not_allowed");
    }

    async fn a_database_that_is_away_is_told_with_the_time_to_come_back(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        house.store.clone().close().await;
        let answer = owner.get("/api/collections/shelves").await;
        assert!(answer.header("retry-after").is_some(), "{}", answer.text);
        answer.refused(503, "database_unavailable");
        assert!(!answer.text.to_lowercase().contains("select"), "{}", answer.text);
    }
}
