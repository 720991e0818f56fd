//! Answers that are kept, and what ends them.

use apps::record::{self, Act, NewRecord};
use jiff::SignedDuration;
use serde_json::{Map, Value as Json, json};
use testkit::Database;

use crate::house::{Answer, Asker, House};

/// Whether the answer was a kept one.
fn found(answer: &Answer) -> &str {
    answer.is(200);
    answer.header("x-mainstay-cache").unwrap_or("nothing")
}

fn names(page: &Json) -> Vec<&str> {
    let items = page["data"].as_array().expect("items");
    items.iter().map(|it| it["name"].as_str().unwrap_or_default()).collect()
}

async fn make(asker: &Asker, name: &str, kind: &str) -> Json {
    asker.post("/api/collections/shelves", json!({"name": name, "kind": kind})).await.is(201)
}

testkit::on_both! {
    async fn an_answer_is_kept_until_a_record_of_its_collection_changes(db: Database) {
        let house = House::open(&db).await;
        let (editor, viewer) = (house.editor().await, house.viewer().await);
        let shelf = make(&editor, "one", "wood").await;
        let path = format!("/v1/shops/{}/board", house.here);
        let first = viewer.get(&path).await;
        assert_eq!((found(&first), first.header("age")), ("miss", Some("0")));
        house.clock.advance(SignedDuration::from_secs(10));
        let again = viewer.get(&path).await;
        assert_eq!((found(&again), again.header("age")), ("hit", Some("10")));
        assert_eq!(again.header("cache-control"), Some("private, no-cache"));
        assert_eq!(again.json()["data"], first.json()["data"]);

        let path_of_one = format!("/api/records/{}", shelf["id"].as_str().unwrap());
        editor.patch(&path_of_one, json!({"name": "two"})).await.is(200);
        let changed = viewer.get(&path).await;
        assert_eq!((found(&changed), names(&changed.json())), ("miss", vec!["two"]));
        make(&editor, "three", "wood").await;
        assert_eq!(found(&viewer.get(&path).await), "miss");
        assert_eq!(found(&viewer.get(&path).await), "hit");
        editor.delete(&path_of_one).await;
        let gone = viewer.get(&path).await;
        assert_eq!((found(&gone), names(&gone.json())), ("miss", vec!["three"]));
    }

    async fn a_change_that_was_made_beside_this_server_ends_it_too(db: Database) {
        let house = House::open(&db).await;
        let viewer = house.viewer().await;
        let path = format!("/v1/shops/{}/board", house.here);
        viewer.get(&path).await.is(200);
        assert_eq!(found(&viewer.get(&path).await), "hit");
        let (app, tenant, now) = (house.app.clone(), house.here, house.clock.now());
        let make = move |tx: &store::Tx| {
            let kit = app.kits().get("shelves").expect("shelves");
            let data = Map::from_iter([("name".to_owned(), json!("beside"))]);
            let data = kit.check(data).map_err(record::RecordError::from)?;
            let new = NewRecord { tenant, parent: None, data };
            record::create(tx, kit, &Act::house(now), new).map(drop)
        };
        house.store.write(&base::Actor::house(), now, make).await.expect("a shelf");
        let changed = viewer.get(&path).await;
        assert_eq!((found(&changed), names(&changed.json())), ("miss", vec!["beside"]));
    }

    async fn only_who_reaches_the_same_gets_the_same_answer(db: Database) {
        let house = House::open(&db).await;
        let path = format!("/v1/shops/{}/board", house.here);
        let (one, another) = (house.viewer().await, house.viewer().await);
        assert_eq!(found(&one.get(&path).await), "miss");
        assert_eq!(found(&another.get(&path).await), "hit");
        assert_eq!(found(&house.owner().await.get(&path).await), "miss", "who reaches all tenants");
        let reach = identity::Reach::Tenant(house.there);
        let stranger = house.signed_in(base::Role::Owner, reach).await;
        assert_eq!(stranger.get(&path).await.status, 403);
        house.nobody().get(&path).await.is(401);

        // What somebody else does in their own tenant is no change of this one.
        stranger.post("/api/collections/shelves", json!({"name": "theirs"})).await.is(201);
        assert_eq!(found(&one.get(&path).await), "hit");
    }

    async fn every_question_has_its_own_answer(db: Database) {
        let house = House::open(&db).await;
        let (editor, viewer) = (house.editor().await, house.viewer().await);
        for (name, kind) in [("a", "wood"), ("b", "steel"), ("c", "wood")] {
            make(&editor, name, kind).await;
            house.clock.advance(SignedDuration::from_secs(1));
        }
        let path = format!("/v1/shops/{}/board", house.here);
        let wood = viewer.get(&format!("{path}?kind=wood&limit=1")).await;
        assert_eq!((found(&wood), names(&wood.json())), ("miss", vec!["c"]));
        let same = viewer.get(&format!("{path}?limit=1&kind=wood")).await;
        assert_eq!((found(&same), names(&same.json())), ("hit", vec!["c"]));
        let cursor = same.json()["pagination"]["next_cursor"].as_str().expect("a next page").to_owned();
        let next = viewer.get(&format!("{path}?limit=1&kind=wood&cursor={cursor}")).await;
        assert_eq!((found(&next), names(&next.json())), ("miss", vec!["a"]));
        let steel = viewer.get(&format!("{path}?kind=steel&limit=1")).await;
        assert_eq!((found(&steel), names(&steel.json())), ("miss", vec!["b"]));
        let german = viewer.header("accept-language", "de");
        assert_eq!(found(&german.get(&format!("{path}?kind=wood&limit=1")).await), "miss");
    }

    async fn what_the_caller_has_already_is_not_sent_again(db: Database) {
        let house = House::open(&db).await;
        let (editor, viewer) = (house.editor().await, house.viewer().await);
        let shelf = make(&editor, "one", "wood").await;
        let list = format!("/v1/shops/{}/board", house.here);
        let one = format!("/v1/board/{}", shelf["id"].as_str().unwrap());
        for path in [list, one] {
            let first = viewer.get(&path).await;
            let tag = first.header("etag").expect("a tag").to_owned();
            let again = viewer.header("if-none-match", tag.as_str()).get(&path).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
            assert_eq!(again.header("x-mainstay-cache"), Some("hit"));
            let whole = viewer.get(&path).await;
            let request_id = &whole.json()["meta"]["request_id"];
            let is_own = request_id.as_str() == whole.header("x-request-id");
            assert!(is_own || request_id.is_null(), "the envelope is this request's own: {path}");
            let path_of_one = format!("/api/records/{}", shelf["id"].as_str().unwrap());
            let height = json!({"height": path.len()});
            editor.patch(&path_of_one, height).await.is(200);
            viewer.header("if-none-match", tag).get(&path).await.is(200);
        }
    }

    async fn an_answer_is_over_after_its_time(db: Database) {
        let house = House::open(&db).await;
        let viewer = house.viewer().await;
        let path = format!("/v1/shops/{}/board", house.here);
        viewer.get(&path).await.is(200);
        house.clock.advance(SignedDuration::from_secs(299));
        assert_eq!(found(&viewer.get(&path).await), "hit");
        house.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(found(&viewer.get(&path).await), "miss");
    }

    async fn who_may_change_records_may_ask_for_a_fresh_answer(db: Database) {
        let house = House::open(&db).await;
        let (editor, viewer) = (house.editor().await, house.viewer().await);
        let path = format!("/v1/shops/{}/board", house.here);
        viewer.get(&path).await.is(200);
        assert_eq!(found(&viewer.header("cache-control", "no-cache").get(&path).await), "hit");
        assert_eq!(found(&editor.header("cache-control", "no-cache").get(&path).await), "miss");
        assert_eq!(found(&editor.get(&path).await), "hit");
    }

    async fn what_lies_in_a_version_changes_with_the_record_that_holds_it(db: Database) {
        let house = House::open(&db).await;
        let (record, version) = house.stocked("Oak", &["nut"]).await;
        let viewer = house.viewer().await;
        let path = format!("/v1/versions/{version}/labels");
        assert_eq!(found(&viewer.get(&path).await), "miss");
        assert_eq!(found(&viewer.get(&path).await), "hit");
        let editor = house.editor().await;
        let change = json!({"items": [{"label": "bolt", "code": "B"}]});
        let accepted = editor.post(&format!("/api/records/{record}/change"), change).await.is(202);
        house.job_ended(&editor, accepted["job"].as_str().unwrap()).await;
        assert_eq!(found(&viewer.get(&path).await), "miss");
    }
}
