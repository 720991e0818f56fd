//! Versions of paths side by side, and what will go.

use base::Scope;
use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::{Asker, House};

/// What is told of a route that will go.
async fn told(owner: &Asker, route: &str) -> Json {
    let told = owner.get("/api/deprecations").await.is(200);
    let all = told["deprecations"].as_array().expect("a list").clone();
    all.into_iter().find(|it| it["route"] == route).expect("it is told")
}

testkit::on_both! {
    async fn two_versions_answer_side_by_side_each_in_its_own_words(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("one").await;
        let (id, viewer) = (shelf["id"].as_str().unwrap(), house.viewer().await);
        let now = viewer.get(&format!("/v1/shelves/{id}")).await.is(200);
        assert_eq!((&now["data"]["id"], &now["data"]["name"]), (&json!(id), &json!("one")));
        let before = viewer.get(&format!("/v0/shelves/{id}")).await.is(200);
        assert_eq!(before, json!({"shelf": {"shelf_id": id, "name": "one"}}));
        for name in ["two", "three"] {
            house.shelf(name).await;
        }
        let path = format!("/v0/shops/{}/shelves", house.here);
        let page = viewer.get(&path).await.is(200);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(2), "{page}");
        viewer.get(&format!("{path}?limit=6")).await.refused(422, "invalid_input");
        viewer.get("/v0/shops").await.refused(404, "not_found");
    }

    async fn what_will_go_says_so_and_is_counted_for_each_client(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("one").await;
        let id = shelf["id"].as_str().unwrap();
        let path = format!("/v0/shelves/{id}");
        let key = house.key(&[Scope::Read]).await;
        for answer in [key.get(&path).await, key.get(&path).await, house.nobody().get(&path).await] {
            assert_eq!(answer.header("deprecation"), Some("@1780272000"), "{}", answer.status);
            assert_eq!(answer.header("sunset"), Some("Tue, 01 Jun 2027 00:00:00 GMT"));
            let link = format!("</v1/shelves/{id}>; rel=\"successor-version\"");
            assert_eq!(answer.header("link"), Some(link.as_str()));
        }
        let rack = key.get(&format!("/v0/racks/{id}")).await;
        let link = format!("</v1/shelves/{id}>; rel=\"successor-version\"");
        assert_eq!((rack.header("link"), rack.header("sunset")), (Some(link.as_str()), None));
        assert_eq!(key.get(&format!("/v1/shelves/{id}")).await.header("deprecation"), None);

        house.app.tend().await.expect("counts are written");
        let owner = house.owner().await;
        let route = told(&owner, "GET /v0/shelves/{shelf_id}").await;
        assert_eq!((&route["calls"], &route["client_count"]), (&json!(3), &json!(2)), "{route}");
        assert_eq!(route["use"], "/v1/shelves/{shelf_id}");
        let clients = route["clients"].as_array().expect("clients");
        let calls = |kind: &str| clients.iter().find(|it| it["kind"] == kind).map(|it| &it["calls"]);
        assert_eq!((calls("key"), calls("nobody")), (Some(&json!(2)), Some(&json!(1))));
        key.get(&path).await;
        house.app.tend().await.expect("counts are written");
        assert_eq!(told(&owner, "GET /v0/shelves/{shelf_id}").await["calls"], 4);
    }

    async fn after_its_last_day_it_is_gone_and_says_where_to_go(db: Database) {
        let house = House::open(&db).await;
        house.clock.advance(jiff::SignedDuration::from_hours(24 * 200));
        let gone = house.nobody().get("/v0/shelves/7").await;
        let problem = gone.refused(410, "route_gone");
        assert_eq!(problem["hint"], "use /v1/shelves/7");
        assert_eq!(gone.header("sunset"), Some("Tue, 01 Jun 2027 00:00:00 GMT"));
        house.nobody().get("/v0/racks/7").await.refused(401, "key_missing");
        house.app.tend().await.expect("counts are written");
        let route = told(&house.owner().await, "GET /v0/shelves/{shelf_id}").await;
        assert_eq!((&route["is_gone"], &route["calls_since_gone"]), (&json!(true), &json!(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_marks_what_will_go() {
    testkit::install_tls();
    let house = House::open(&Database::sqlite()).await;
    let document = house.nobody().get("/openapi.json").await.is(200);
    let shelf = &document["paths"]["/v0/shelves/{shelf_id}"]["get"];
    assert_eq!(shelf["deprecated"], true);
    assert_eq!(shelf["x-successor"], "/v1/shelves/{shelf_id}");
    assert!(shelf["responses"].get("410").is_some(), "{shelf}");
    let rack = &document["paths"]["/v0/racks/{rack_id}"]["get"];
    assert!(rack["responses"].get("410").is_none(), "it has no last day");
    let now = &document["paths"]["/v1/shelves/{shelf_id}"]["get"];
    assert_eq!(now.get("deprecated"), None);
    let limit = &document["components"]["parameters"]["DeclaredLimit.v0"]["schema"];
    assert_eq!((&limit["default"], &limit["maximum"]), (&json!(2), &json!(5)));
}
