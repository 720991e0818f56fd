//! ETag, If-None-Match, If-Match.

use serde_json::json;
use testkit::Database;

use crate::house::House;

/// What keeps browsers careful, whatever the answer.
pub(crate) const CAREFUL: [&str; 4] =
    ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy"];

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
        for name in CAREFUL {
            assert!(first.header(name).is_some(), "no {name}");
            assert_eq!(again.header(name), first.header(name), "{name} of a 304");
        }
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

    async fn a_deleted_tenant_is_gone_unless_who_may_restore_it_asks_for_it(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let key = house.key(&[base::Scope::Read]).await;
        let path = format!("/api/tenants/{}", house.here);
        assert_eq!(owner.delete(&path).await.status, 204);
        owner.get(&path).await.refused(410, "deleted");
        owner.patch(&path, json!({"contact": "x"})).await.refused(410, "deleted");
        let shown = owner.get(&format!("{path}?deleted=true")).await.is(200);
        assert!(shown["deleted_at"].is_string(), "{shown}");
        assert_eq!(key.get(&format!("{path}?deleted=true")).await.status, 401, "its keys are off");
        let post = owner.post(&format!("{path}/restore"), json!({})).await;
        assert_eq!(post.is(200)["deleted_at"], serde_json::Value::Null);
        owner.get(&path).await.is(200);
    }
}
