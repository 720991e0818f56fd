//! An application's own paths, names and envelopes.

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn a_record_answers_in_its_shape_and_envelope(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await.header("x-request-id", "mine-1");
        let path = format!("/v1/shops/{}/shelves", house.here);
        let made = editor.post(&path, json!({"name": "Oak", "kind": "wood"})).await.is(201);
        assert_eq!(made["meta"], json!({"request_id": "mine-1", "timestamp": "2026-11-21T08:00:00.000Z"}));
        let id = made["data"]["id"].as_str().unwrap();
        assert_eq!(made["data"], json!({
            "id": id, "shop_id": house.here, "name": "Oak", "kind": "wood",
            "active_version": null, "locked_by": null,
        }));
        let read = editor.get(&format!("/v1/shelves/{id}")).await.is(200);
        assert_eq!(read["data"], made["data"]);
        let bare = editor.get(&format!("/api/records/{id}")).await;
        let made = editor.patch(&format!("/api/records/{id}"), json!({})).await;
        let names = |it: &Json| it.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>());
        assert_eq!(bare.header("etag"), Some("W/\"1\""));
        let (bare, made) = (bare.is(200), made.is(200));
        assert_eq!((&bare["data"], names(&bare)), (&json!({"name": "Oak", "kind": "wood"}), names(&made)));
        let changed = editor.patch(&format!("/v1/shelves/{id}"), json!({"kind": null})).await.is(200);
        assert_eq!(changed["data"].get("kind"), None);
        assert_eq!(editor.delete(&format!("/v1/shelves/{id}")).await.status, 204);
        assert_eq!(editor.get(&format!("/v1/shelves/{id}")).await.is(410)["error"]["code"], 4009);
    }

    async fn a_list_is_paged_as_the_application_declares(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        let path = format!("/v1/shops/{}/shelves", house.here);
        for name in ["a", "b", "c", "d"] {
            editor.post(&path, json!({"name": name, "kind": "wood"})).await.is(201);
            house.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        let page = editor.get(&format!("{path}?kind=wood")).await.is(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(3));
        assert_eq!(page["pagination"]["has_more"], true);
        assert_eq!(page["pagination"]["total_count"], 4);
        let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
        let last = editor.get(&format!("{path}?kind=wood&cursor={cursor}")).await.is(200);
        assert_eq!(last["data"][0]["name"], "a");
        assert_eq!(last["pagination"]["has_more"], false);
        assert_eq!(editor.get(&format!("{path}?kind=steel")).await.is(200)["data"], json!([]));
        assert_eq!(editor.get(&format!("{path}?limit=11")).await.is(422)["error"]["code"], 3001);
    }

    async fn a_list_may_have_a_limit_of_its_own(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        let made = format!("/api/collections/notes?tenant={}", house.here);
        for at in 0..6 {
            editor.post(&made, json!({"text": at.to_string()})).await.is(201);
        }
        let path = format!("/v1/shops/{}/notes", house.here);
        let rows = |page: Json| page["data"].as_array().map(Vec::len);
        assert_eq!(rows(editor.get(&path).await.is(200)), Some(5));
        assert_eq!(rows(editor.get(&format!("{path}?limit=2")).await.is(200)), Some(2));
        assert_eq!(rows(editor.get(&format!("{path}?limit=10")).await.is(200)), Some(6));
    }

    async fn a_switch_narrows_a_list_only_when_it_is_on(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        let made = format!("/api/collections/notes?tenant={}", house.here);
        for (text, is_open) in [("open", Some(true)), ("closed", Some(false)), ("neither", None)] {
            editor.post(&made, json!({"text": text, "is_open": is_open.unwrap_or_default()})).await.is(201);
            house.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        let path = format!("/v1/shops/{}/notes", house.here);
        let texts = async |query: &str| -> Vec<Json> {
            let page = editor.get(&format!("{path}{query}")).await.is(200);
            page["data"].as_array().unwrap().iter().map(|it| it["text"].clone()).collect()
        };
        for on in ["?open_only=true", "?open_only=1", "?open_only=yes", "?open_only"] {
            assert_eq!(texts(on).await, ["open"], "{on}");
        }
        for off in ["", "?open_only=false", "?open_only=0", "?open_only=no"] {
            assert_eq!(texts(off).await, ["neither", "closed", "open"], "{off}");
        }
        let refused = editor.get(&format!("{path}?open_only=perhaps")).await.is(422);
        assert_eq!(refused["error"]["details"]["errors"][0]["field"], "/open_only", "{refused}");
    }

    async fn webhooks_and_usage_are_counted_and_answer_in_their_shapes(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        for n in 0..4 {
            let hook = json!({"tenant": house.here, "url": format!("https://example.com/{n}"), "events": ["shelf.done"]});
            owner.post("/api/webhooks", hook).await.is(201);
        }
        let page = owner.get(&format!("/v1/shops/{}/webhooks", house.here)).await.is(200);
        assert_eq!((&page["pagination"]["total_count"], page["data"].as_array().map(Vec::len)), (&json!(4), Some(3)));
        assert_eq!(page["data"][0]["shop_id"], house.here.to_string());
        assert_eq!(page["data"][0].get("tenant"), None);
        let page = owner.get(&format!("/v1/shops/{}/usage", house.here)).await.is(200);
        assert_eq!(page["pagination"]["total_count"], 0);
    }

    async fn a_path_can_set_a_field_inside_of_what_is_made(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("one").await;
        let id = shelf["id"].as_str().unwrap();
        let editor = house.editor().await;
        let note = editor.post(&format!("/v1/shelves/{id}/notes"), json!({"text": "hi"})).await.is(201);
        assert_eq!(note["data"]["shelf"], id);
        assert_eq!(note["data"]["shop_id"], house.here.to_string());
    }

    async fn a_tenant_begins_with_what_the_application_gives_it(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let shop = owner.post("/v1/shops", json!({"name": "New", "contact": "x"})).await.is(201)["data"].clone();
        assert_eq!((&shop["slug"], &shop["contact"]), (&json!("new"), &json!("x")));
        let path = format!("/api/collections/notes?tenant={}", shop["id"].as_str().unwrap());
        let notes = owner.get(&path).await.is(200);
        assert_eq!(notes["items"][0]["data"]["text"], "Welcome");
        let refused = owner.post("/v1/shops", json!({"name": "Odd", "colour": "red"})).await.is(422);
        assert_eq!(refused["error"]["code"], 3001);
    }

    async fn a_list_read_in_becomes_a_version_with_things(db: Database) {
        let house = House::open(&db).await;
        let (shelf, version) = house.stocked("Oak", &["nut", "bolt"]).await;
        let viewer = house.viewer().await;
        let things = viewer.get(&format!("/v1/versions/{version}/things")).await.is(200);
        let labels: Vec<&Json> = things["data"].as_array().unwrap().iter().map(|it| &it["label"]).collect();
        assert_eq!(labels, [&json!("nut"), &json!("bolt")]);
        assert_eq!(things["data"][0]["version_id"], version);
        let versions = viewer.get(&format!("/api/records/{shelf}/versions")).await.is(200);
        assert_eq!(versions["items"][0]["record_count"], 2);
        let export = viewer.get(&format!("/api/versions/{version}/export?format=csv")).await;
        assert_eq!(export.status, 200, "{}", export.text);
        assert!(export.text.contains("nut"), "{}", export.text);
        let name = export.header("content-disposition").unwrap();
        assert!(name.contains("Oak-v1.csv"), "{name}");
    }

    async fn a_task_answers_by_its_rules_at_once_or_as_a_job(db: Database) {
        let house = House::open(&db).await;
        let (shelf, version) = house.stocked("Oak", &["nut", "bolt"]).await;
        let editor = house.editor().await;
        let now = editor.post("/api/tasks/advice", json!({"record": shelf})).await.is(200);
        assert_eq!(now["answer"]["text"], "Dust Oak");
        assert_eq!(now["produced_by"], "rules");
        let later = editor.post(&format!("/v1/shelves/{shelf}/code"), json!({"label": "Coded"})).await.is(202);
        let job = later["data"]["job_id"].as_str().unwrap();
        let job = house.job_ended(&editor, job).await;
        assert_eq!(job["state"], "completed", "{job}");
        let versions = editor.get(&format!("/api/records/{shelf}/versions")).await.is(200);
        let newest = &versions["items"][0];
        assert_eq!((&newest["label"], &newest["is_active"]), (&json!("Coded"), &json!(false)), "{newest}");
        let other = newest["id"].as_str().unwrap();
        let diff = editor.get(&format!("/v1/versions/{version}/diff/{other}")).await.is(200);
        assert_eq!(diff["data"]["counts"]["renamed"], 2, "{diff}");
        let refused = editor.post(&format!("/v1/shelves/{shelf}/code"), json!({"prefix": "too long"})).await;
        assert_eq!(refused.is(422)["error"]["code"], 3001);
        let refused = editor.post("/api/tasks/codign", json!({"record": shelf})).await;
        assert_eq!(refused.refused(404, "task_not_found")["hint"], "did you mean `coding`?");
    }

    async fn what_is_searched_is_found_where_it_was_asked_for(db: Database) {
        let house = House::open(&db).await;
        let (shelf, _) = house.stocked("Oak", &["brass nut", "steel bolt"]).await;
        let viewer = house.viewer().await;
        let path = format!("/v1/shops/{}/search", house.here);
        let found = viewer.post(&path, json!({"query": "brass", "shelf_id": shelf})).await.is(200);
        assert_eq!(found["data"]["result_count"], 1, "{found}");
        assert_eq!(found["data"]["results"][0]["item"]["data"]["label"], "brass nut");
        let refused = viewer.post(&path, json!({"query": "brass", "shelfid": shelf})).await.is(422);
        assert_eq!(refused["error"]["details"]["errors"][0]["hint"], "did you mean `shelf_id`?");
    }

    async fn a_secret_is_in_the_answer_that_makes_it_and_in_no_other(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let path = format!("/v1/shops/{}/keys", house.here);
        let made = owner.post(&path, json!({"name": "robot", "scopes": ["read"]})).await.is(201);
        assert!(made["data"]["key"].as_str().unwrap().starts_with("sh_live_"));
        let listed = owner.get(&path).await.is(200);
        assert_eq!(listed["data"][0].get("key"), None);
    }
}
