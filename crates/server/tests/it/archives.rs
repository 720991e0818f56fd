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

    async fn an_erased_person_is_taken_out_of_archives_and_others_stay_in_them(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let (ann, bob) = (house.editor().await, house.editor().await);
        let mut theirs = Vec::new();
        for (asker, words) in [(&ann, "Ann's first"), (&bob, "Bob's first"), (&ann, "Ann's"), (&bob, "Bob's")] {
            let memo = json!({"tenant": house.here, "task": "reading", "text": words});
            let result = asker.post("/api/results", memo).await.is(200);
            theirs.push(result["id"].as_str().expect("an id").to_owned());
            house.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        let wish = json!({"tenant": house.here, "collection": "memos"});
        let accepted = owner.post("/api/archives", wish).await.is(202);
        let job = house.job_ended(&owner, accepted["job"].as_str().expect("a job")).await;
        assert_eq!((&job["state"], &job["result"]["records"]), (&json!("completed"), &json!(2)), "{job}");
        let list = format!("/api/archives?tenant={}&collection=memos", house.here);
        let before = owner.get(&list).await.is(200)["items"][0].clone();
        assert_eq!((&before["record_count"], &before["row_count"]), (&json!(2), &json!(4)), "{before}");

        let erased = async |asker: &Asker| {
            let me = asker.get("/api/me").await.is(200);
            let path = format!("/api/users/{}/erase", me["id"].as_str().expect("an id"));
            let done = owner.post(&path, json!({})).await;
            match done.status.as_u16() {
                200 => done.json()["counts"].clone(),
                _ => {
                    let job = done.is(202)["job"].as_str().expect("a job").to_owned();
                    house.job_ended(&owner, &job).await["result"]["removed"].clone()
                }
            }
        };
        let counts = erased(&ann).await;
        assert_eq!((&counts["archived"], &counts["records"]), (&json!(1), &json!(2)), "{counts}");
        let after = owner.get(&list).await.is(200)["items"][0].clone();
        assert_eq!((&after["id"], &after["record_count"], &after["row_count"]), (&before["id"], &json!(1), &json!(2)), "{after}");
        assert_ne!(after["sha256"], before["sha256"], "the file is another one");
        let back = bring_back(&house, &owner, before["id"].as_str().expect("an id"), json!({})).await;
        assert_eq!(back["result"]["records"], 1, "{back}");
        let result = bob.get(&format!("/api/results/{}", theirs[1])).await.is(200);
        assert_eq!(result["text"], "Bob's first");
        owner.get(&format!("/api/results/{}", theirs[0])).await.is(404);

        assert_eq!(erased(&bob).await["archived"], 1);
        assert_eq!(owner.get(&list).await.is(200)["items"], json!([]), "nothing is left in it");
    }

    async fn an_archive_that_was_looked_through_is_not_unpacked_a_second_time(db: Database) {
        let house = House::open(&db).await;
        let (ann, bob, owner) = (house.editor().await, house.editor().await, house.owner().await);
        for (asker, words) in [(&ann, "Ann's first"), (&bob, "Bob's first"), (&ann, "Ann's"), (&bob, "Bob's")] {
            let memo = json!({"tenant": house.here, "task": "reading", "text": words});
            asker.post("/api/results", memo).await.is(200);
            house.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        let wish = json!({"tenant": house.here, "collection": "memos"});
        let accepted = owner.post("/api/archives", wish).await.is(202);
        house.job_ended(&owner, accepted["job"].as_str().expect("a job")).await;
        let ann = ann.get("/api/me").await.is(200)["id"].as_str().expect("an id").to_owned();

        // Much later: it is no archive in the making.
        house.clock.advance(jiff::SignedDuration::from_hours(48));
        let owner = house.owner().await;
        let done = owner.post(&format!("/api/users/{ann}/erase"), json!({})).await;
        if done.status == 202 {
            house.job_ended(&owner, done.json()["job"].as_str().expect("a job")).await;
        }
        // Whoever unpacked it now would see that it is none any more.
        db.raw(&format!("UPDATE archives SET blob = '{}'", "0".repeat(64))).await;
        house.clock.advance(jiff::SignedDuration::from_mins(11));
        let path = format!("/api/jobs?tenant={}&kind=user.erase", house.here);
        for _ in 0..400 {
            let jobs = owner.get(&path).await.is(200);
            let states: Vec<_> = jobs["items"].as_array().expect("jobs").iter().map(|it| it["state"].clone()).collect();
            if states.iter().all(|it| it != "pending" && it != "running") {
                assert_eq!(states, ["completed", "completed"], "{jobs}");
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the second look did not end");
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
