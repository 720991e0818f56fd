//! Sources over HTTP: run, looked at, and told apart from what is not there.

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn a_source_is_run_and_its_runs_are_shown(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let mut counts = Vec::new();
        for _ in 0..2 {
            let ask = json!({"tenant": house.here});
            let accepted = owner.post("/api/sources/catalog/run", ask).await.is(202);
            let job = accepted["job"].as_str().unwrap().to_owned();
            let ended = house.job_ended(&owner, &job).await;
            assert_eq!(ended["state"], "completed", "{ended}");
            let run = owner.get(&format!("/api/sources/catalog/runs/{job}")).await.is(200);
            let number = |it: &str| run["counts"][it].as_u64().unwrap_or_default();
            counts.push((number("rows"), number("inserted"), number("unchanged")));
        }
        assert_eq!(counts, [(3, 3, 0), (3, 0, 3)]);

        let list = owner.get(&format!("/api/sources?tenant={}", house.here)).await.is(200);
        let entry = &list["items"][0];
        assert_eq!((&entry["name"], &entry["items"], &entry["status"]), (&json!("catalog"), &json!(3), &json!("idle")), "{list}");
        let path = format!("/api/sources/catalog/runs?tenant={}", house.here);
        let runs = owner.get(&path).await.is(200);
        assert_eq!(runs["items"].as_array().map(Vec::len), Some(2), "{runs}");
    }

    async fn what_is_no_source_is_not_found(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let answer = owner.post("/api/sources/nothing/run", json!({"tenant": house.here})).await.is(404);
        assert_eq!(answer["code"], "source_not_found", "{answer}");
        owner.get("/api/sources/nothing/runs").await.is(404);
    }

    async fn a_record_that_nobody_brought_has_no_origin(db: Database) {
        let house = House::open(&db).await;
        let (record, _) = house.stocked("Oak", &["nut"]).await;
        let owner = house.owner().await;
        let origins = owner.get(&format!("/api/records/{record}/sources")).await.is(200);
        assert_eq!(origins["items"], Json::Array(Vec::new()));
        owner.post(&format!("/api/records/{record}/sources/unlock"), json!({})).await.is(404);
    }
}
