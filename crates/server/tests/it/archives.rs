//! Archives: put away, shown, brought back.

use base::{Role, Scope};
use identity::Reach;
use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::{Asker, House};

/// The texts of all notes.
async fn notes(asker: &Asker) -> Vec<String> {
    let page = asker.get("/api/collections/notes").await.is(200);
    let items = page["items"].as_array().expect("notes");
    let mut texts: Vec<String> =
        items.iter().map(|it| it["data"]["text"].as_str().unwrap_or_default().to_owned()).collect();
    texts.sort();
    texts
}

async fn bring_back(house: &House, asker: &Asker, archive: &str, wish: Json) -> Json {
    let path = format!("/api/archives/{archive}/restore");
    let accepted = asker.post(&path, wish).await.is(202);
    assert_eq!(accepted["archive"], archive);
    let job = house.job_ended(asker, accepted["job"].as_str().expect("a job")).await;
    assert_eq!(job["state"], "completed", "{job}");
    job
}

testkit::on_both! {
    async fn old_records_go_and_come_back_as_they_were(db: Database) {
        let house = House::open(&db).await;
        let admin = house.signed_in(Role::Admin, Reach::Tenant(house.here)).await;
        let archive = house.archived(&admin, &["first", "second", "third"]).await;
        assert_eq!(notes(&admin).await, ["third"]);
        let kept = admin.get(&format!("/api/archives/{archive}")).await.is(200);
        assert_eq!((&kept["record_count"], &kept["brought_back"]), (&json!(2), &json!(0)), "{kept}");
        assert_eq!((&kept["collection"], &kept["place"]), (&json!("notes"), &json!("database")));
        for _ in 0..2 {
            // What is back is not brought back twice.
            bring_back(&house, &admin, &archive, json!({})).await;
            assert_eq!(notes(&admin).await, ["first", "second", "third"]);
        }
        let kept = admin.get(&format!("/api/archives/{archive}")).await.is(200);
        assert_eq!(kept["brought_back"], 2);
    }

    async fn only_who_manages_archives_of_a_tenant_does(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let archive = house.archived(&owner, &["first", "second"]).await;
        let wish = json!({"tenant": house.here, "collection": "notes"});
        house.editor().await.post("/api/archives", wish.clone()).await.refused(403, "permission_missing");
        house.viewer().await.get(&format!("/api/archives/{archive}")).await.is(200);
        let stranger = house.signed_in(Role::Admin, Reach::Tenant(house.there)).await;
        stranger.post("/api/archives", wish).await.refused(403, "tenant_forbidden");
        stranger.get(&format!("/api/archives/{archive}")).await.refused(404, "archive_not_found");
        let restore = format!("/api/archives/{archive}/restore");
        stranger.post(&restore, json!({})).await.refused(404, "archive_not_found");
        let key = house.key(&[Scope::Admin]).await;
        bring_back(&house, &key, &archive, json!({})).await;
        assert_eq!(notes(&key).await, ["first", "second"]);
    }

    async fn a_collection_that_is_not_archived_says_so(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let wish = |collection: &str| json!({"tenant": house.here, "collection": collection});
        owner.post("/api/archives", wish("shelves")).await.refused(422, "invalid_input");
        owner.post("/api/archives", wish("nothing")).await.refused(404, "not_found");
    }
}
