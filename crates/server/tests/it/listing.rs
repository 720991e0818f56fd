//! Lists: page by page, whatever happens meanwhile.

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::{Asker, House};

fn names(page: &Json) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|it| it["data"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn make(asker: &Asker, name: &str) {
    asker.post("/api/collections/shelves", json!({"name": name})).await.is(201);
}

testkit::on_both! {
    async fn rows_made_meanwhile_shift_nothing(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        for name in ["a", "b", "c", "d", "e"] {
            make(&editor, name).await;
            house.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        let list = "/api/collections/shelves?limit=2&count=true";
        let first = editor.get(list).await.is(200);
        assert_eq!(names(&first), ["e", "d"]);
        assert_eq!(first["total"], 5);
        assert_eq!(first["prev_cursor"], Json::Null);
        make(&editor, "f").await;
        let next = format!("{list}&cursor={}", first["next_cursor"].as_str().unwrap());
        let second = editor.get(&next).await.is(200);
        assert_eq!(names(&second), ["c", "b"]);
        let back = format!("{list}&cursor={}", second["prev_cursor"].as_str().unwrap());
        assert_eq!(names(&editor.get(&back).await.is(200)), ["e", "d"]);
        let last = format!("{list}&cursor={}", second["next_cursor"].as_str().unwrap());
        let last = editor.get(&last).await.is(200);
        assert_eq!((names(&last), &last["next_cursor"]), (vec!["a".to_owned()], &Json::Null));
    }

    async fn a_cursor_is_good_for_its_own_list_only(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        for name in ["a", "b", "c"] {
            make(&editor, name).await;
        }
        let page = editor.get("/api/collections/shelves?limit=1").await.is(200);
        let cursor = page["next_cursor"].as_str().unwrap();
        for path in [
            format!("/api/collections/shelves?limit=1&filter.kind=wood&cursor={cursor}"),
            format!("/api/collections/notes?limit=1&cursor={cursor}"),
            "/api/collections/shelves?cursor=banana".to_owned(),
        ] {
            editor.get(&path).await.refused(400, "invalid_cursor");
        }
        let owner = house.owner().await;
        let path = format!("/api/collections/shelves?limit=1&cursor={cursor}");
        owner.get(&path).await.refused(400, "invalid_cursor");
    }

    async fn a_limit_over_the_most_is_refused(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        for limit in ["0", "501", "many", "-1"] {
            let path = format!("/api/collections/shelves?limit={limit}");
            editor.get(&path).await.refused(422, "invalid_input");
        }
        editor.get("/api/collections/shelves?limit=500").await.is(200);
    }

    async fn filters_narrow_a_list_and_unknown_ones_are_told(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        let path = "/api/collections/shelves";
        editor.post(path, json!({"name": "a", "kind": "wood"})).await.is(201);
        editor.post(path, json!({"name": "b", "kind": "steel"})).await.is(201);
        let wood = editor.get("/api/collections/shelves?filter.kind=wood").await.is(200);
        assert_eq!(names(&wood), ["a"]);
        let refused = editor.get("/api/collections/shelves?filter.colour=red").await;
        refused.refused(422, "invalid_input");
        let refused = editor.get("/api/collections/shelfs").await.refused(404, "collection_not_found");
        assert_eq!(refused["hint"], "did you mean `shelves`?");
    }

    async fn who_reaches_all_tenants_sees_all_or_names_one(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        for (tenant, name) in [(house.here, "a"), (house.there, "b")] {
            let path = format!("/api/collections/shelves?tenant={tenant}");
            owner.post(&path, json!({"name": name})).await.is(201);
        }
        assert_eq!(names(&owner.get("/api/collections/shelves").await.is(200)), ["b", "a"]);
        let there = format!("/api/collections/shelves?tenant={}", house.there);
        assert_eq!(names(&owner.get(&there).await.is(200)), ["b"]);
        let refused = owner.post("/api/collections/shelves", json!({"name": "c"})).await;
        assert_eq!(refused.refused(422, "invalid_input")["errors"][0]["field"], "/tenant");
        let nowhere = format!("/api/collections/shelves?tenant={}", base::TenantId::generate());
        owner.get(&nowhere).await.refused(404, "tenant_not_found");
    }
}
