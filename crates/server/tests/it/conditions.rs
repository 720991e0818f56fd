//! ETag, If-None-Match, If-Match.

use serde_json::json;
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn what_has_not_changed_is_not_sent_again(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("one").await;
        let path = format!("/api/records/{}", shelf["id"].as_str().unwrap());
        let viewer = house.viewer().await;
        let first = viewer.get(&path).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        assert_eq!(tag, "W/\"1\"");
        let again = viewer.header("if-none-match", tag.as_str()).get(&path).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        house.editor().await.patch(&path, json!({"height": 3})).await.is(200);
        let changed = viewer.header("if-none-match", tag).get(&path).await;
        assert_eq!(changed.is(200)["data"]["height"], 3);
    }

    async fn a_change_of_what_somebody_else_changed_is_refused(db: Database) {
        let house = House::open(&db).await;
        let shelf = house.shelf("one").await;
        let path = format!("/api/records/{}", shelf["id"].as_str().unwrap());
        let editor = house.editor().await;
        let first = editor.header("if-match", "W/\"1\"").patch(&path, json!({"height": 1})).await;
        assert_eq!(first.header("etag"), Some("W/\"2\""));
        editor.header("if-match", "W/\"1\"").patch(&path, json!({"height": 2})).await.refused(412, "stale");
        editor.header("if-match", "\"banana\"").patch(&path, json!({"height": 2})).await.refused(412, "stale");
        editor.header("if-match", "W/\"1\"").delete(&path).await.refused(412, "stale");
        assert_eq!(editor.get(&path).await.is(200)["data"]["height"], 1);
        assert_eq!(editor.header("if-match", "*").delete(&path).await.status, 204);
        editor.get(&path).await.refused(410, "deleted");
    }

    async fn tenants_and_users_have_revisions_too(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let path = format!("/api/tenants/{}", house.here);
        assert_eq!(owner.get(&path).await.header("etag"), Some("W/\"1\""));
        owner.header("if-match", "W/\"1\"").patch(&path, json!({"contact": "x"})).await.is(200);
        let stale = owner.header("if-match", "W/\"1\"").patch(&path, json!({"contact": "y"})).await;
        stale.refused(412, "stale");
        assert_eq!(owner.get(&path).await.is(200)["data"], json!({"contact": "x"}));
    }
}
