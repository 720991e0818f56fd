//! One record by a field that is unique, and with the records that lie in it.

use serde_json::json;
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn a_record_is_found_by_a_field_that_is_unique(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("Oak").await;
        let viewer = house.viewer().await;
        let find = |rest: &str| format!("/api/collections/shelves/find?tenant={}&{rest}", house.here);
        let found = viewer.get(&find("field=name&value=Oak")).await;
        assert_eq!((&found.is(200)["id"], found.header("etag")), (&shelf["id"], Some("W/\"1\"")));
        viewer.get(&find("field=name&value=oak")).await.refused(404, "record_not_found");
        viewer.get(&find("field=name&value=O'ak%00")).await.refused(404, "record_not_found");
        viewer.get(&find("field=height&value=3")).await.refused(422, "invalid_input");
        viewer.get(&find("field=name")).await.refused(422, "invalid_input");
        let things = format!("/api/collections/things/find?tenant={}&field=code&value=nut", house.here);
        viewer.get(&things).await.refused(422, "invalid_input");
        viewer.get("/api/collections/nowhere/find?field=name&value=Oak").await.refused(404, "collection_not_found");

        let path = format!("/api/records/{}", shelf["id"].as_str().unwrap());
        assert_eq!(house.editor().await.delete(&path).await.status, 204);
        viewer.get(&find("field=name&value=Oak")).await.refused(404, "record_not_found");
    }

    async fn what_is_shared_is_found_from_everywhere(db: Database) {
        let house = House::open(&db).await;
        house.owner().await.post("/api/collections/sizes", json!({"name": "small"})).await.is(201);
        let found = house.viewer().await.get("/api/collections/sizes/find?field=name&value=small").await.is(200);
        assert_eq!(found["data"], json!({"name": "small"}));
    }

    async fn what_others_put_into_a_record_takes_no_place_of_what_is_seen(db: Database) {
        let house = House::open(&db).await;
        let (owner, ann) = (house.owner().await, house.editor().await);
        let memo = ann.post("/api/collections/memos", json!({"text": "All is well."})).await.is(201);
        let memo = memo["id"].as_str().unwrap();
        let inside = format!("/api/collections/readings?parent={memo}");
        for _ in 0..101 {
            owner.post(&inside, json!({"status": "of another"})).await.is(201);
        }
        ann.post(&inside, json!({"status": "her own"})).await.is(201);
        let whole = format!("/api/records/{memo}?with=readings");
        let hers = ann.get(&whole).await.is(200);
        let hers: Vec<_> = hers["children"]["readings"].as_array().unwrap().iter().map(|it| &it["data"]["status"]).collect();
        assert_eq!(hers, ["her own"]);
        let all = owner.get(&whole).await.is(200);
        assert_eq!(all["children"]["readings"].as_array().map(Vec::len), Some(100));
    }

    async fn what_lies_in_a_record_goes_along_when_it_is_asked_for(db: Database) {
        let house = House::open(&db).await;
        let (shelf, _) = house.stocked("Oak", &["nut", "bolt"]).await;
        let (viewer, path) = (house.viewer().await, format!("/api/records/{shelf}"));
        assert!(viewer.get(&path).await.is(200).get("children").is_none());
        let whole = viewer.get(&format!("{path}?with=things")).await;
        let body = whole.is(200);
        let codes: Vec<_> = body["children"]["things"].as_array().unwrap().iter().map(|it| &it["data"]["code"]).collect();
        assert_eq!((codes, &body["data"]["name"]), (vec![&json!("nut"), &json!("bolt")], &json!("Oak")));

        // Its state is that of all of it, and still says which revision a change is made of.
        let tag = whole.header("etag").expect("a tag").to_owned();
        let again = viewer.header("if-none-match", tag.as_str()).get(&format!("{path}?with=things")).await;
        assert_eq!(again.status, 304);
        house.editor().await.header("if-match", tag).patch(&path, json!({"height": 3})).await.is(200);

        viewer.get(&format!("{path}?with=notes")).await.refused(422, "invalid_input");
        viewer.get(&format!("{path}?with=nowhere")).await.refused(404, "collection_not_found");
        // A route whose answers are kept does not keep what it does not watch.
        let board = format!("/v1/board/{shelf}?with=things");
        assert_ne!(viewer.get(&board).await.header("x-mainstay-cache"), Some("hit"));
        assert_ne!(viewer.get(&board).await.header("x-mainstay-cache"), Some("hit"));
    }
}
