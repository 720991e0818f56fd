//! Texts handed in over HTTP: waited for, come back for, watched; and who sees them.

use std::time::Duration;

use base::Role;
use identity::Reach;
use serde_json::json;
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn a_text_is_handed_in_come_back_for_and_watched(db: Database) {
        let house = House::open(&db).await;
        let ann = house.signed_in(Role::Editor, Reach::Tenant(house.here)).await;
        let memo = json!({"task": "reading", "text": "All is well.", "mode": "job"});
        let standing = ann.post("/api/results", memo).await.is(202);
        let path = format!("/api/results/{}", standing["id"].as_str().expect("an id"));
        for _ in 0..500 {
            let now = ann.get(&format!("{path}/status")).await.is(200);
            if now["status"] == "completed" {
                break;
            }
            assert!(matches!(now["status"].as_str(), Some("queued" | "processing")), "{now}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let result = ann.get(&path).await.is(200);
        assert_eq!((&result["mood"], &result["text"]), (&json!("good"), &json!("All is well.")));
        assert_eq!((&result["version"], &result["provider"]), (&json!(1), &json!("rules")));
        let told = ann.get(&format!("{path}/events")).await;
        assert_eq!(told.status, 200);
        assert!(told.text.contains("event: completed") && told.text.contains("\"progress\":100"), "{}", told.text);
        let mine = ann.get("/api/results").await.is(200);
        assert_eq!(mine["items"].as_array().map(Vec::len), Some(1));
    }

    async fn what_is_private_is_nobody_elses_whichever_way_they_come(db: Database) {
        let house = House::open(&db).await;
        let ann = house.signed_in(Role::Editor, Reach::Tenant(house.here)).await;
        let bob = house.signed_in(Role::Editor, Reach::Tenant(house.here)).await;
        let eve = house.signed_in(Role::Admin, Reach::Tenant(house.here)).await;
        let memo = json!({"task": "reading", "text": "All is well, and a zebra."});
        let result = ann.post("/api/results", memo).await.is(200);
        let id = |name: &str| result[name].as_str().expect("an id").to_owned();
        for path in [
            format!("/api/results/{}", id("id")),
            format!("/api/results/{}/status", id("id")),
            format!("/api/results/{}/events", id("id")),
            format!("/api/records/{}", id("id")),
            format!("/api/records/{}", id("submission")),
        ] {
            assert_eq!(bob.get(&path).await.status, 404, "{path}");
            assert_eq!(eve.get(&path).await.status, 200, "{path}");
            assert_eq!(ann.get(&path).await.status, 200, "{path}");
        }
        for path in ["/api/collections/memos", "/api/collections/readings", "/api/results?of=all", "/api/debug", "/api/feedback"] {
            assert_eq!(bob.get(path).await.status, 403, "{path}");
            assert_eq!(eve.get(path).await.status, 200, "{path}");
        }
        let audit = bob.get("/api/audit").await.is(200);
        assert!(!audit.to_string().contains("zebra"), "{audit}");
        let look = json!({"task": "reading", "record": id("submission")});
        assert_eq!(bob.post("/api/analyses", look).await.status, 404);
        let export = format!("/api/tenants/{}/export", house.here);
        for (asker, is_told) in [(&ann, true), (&bob, false), (&eve, true)] {
            let file = asker.get(&export).await;
            assert_eq!((file.status.as_u16(), file.text.contains("zebra")), (200, is_told), "{}", file.text);
        }
        let inside = format!("/api/collections/readings?parent={}", id("submission"));
        let put = bob.post(&inside, json!({"status": "queued"})).await;
        assert_eq!(put.status, 404, "nobody puts anything into it: {}", put.text);
        let whole = format!("/api/records/{}?with=readings", id("submission"));
        assert_eq!(bob.get(&whole).await.status, 404);
        let whole = ann.get(&whole).await.is(200);
        assert_eq!(whole["children"]["readings"][0]["id"], result["id"], "{whole}");
        assert_eq!(bob.get(&format!("/api/records/{}/sources", id("id"))).await.status, 404);
        let change = json!({"text": "Nothing is well."});
        let path = format!("/api/records/{}", id("submission"));
        assert_eq!(bob.patch(&path, change).await.status, 404);
        assert_eq!(bob.delete(&path).await.status, 404);
    }
}
