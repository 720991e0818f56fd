//! Schedules, as people see and steer them.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn what_comes_round_is_shown_with_its_next_runs(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let all = owner.get("/api/schedules").await.is(200);
        let tidy = &all["schedules"][0];
        assert_eq!((&tidy["name"], &tidy["missed"]), (&json!("tidy"), &json!("once")));
        assert_eq!(tidy["does"], json!({"kind": "archive", "name": "notes"}));
        // Three o'clock in Berlin, in winter.
        assert_eq!(tidy["next_runs"][0]["planned_at"], "2026-11-22T02:00:00Z", "{tidy}");
        assert_eq!(tidy["last_run"], Json::Null);
        owner.get("/api/schedules/tidi").await.refused(404, "schedule_not_found");
        house.editor().await.get("/api/schedules").await.refused(403, "permission_missing");
    }

    async fn a_run_by_hand_is_begun_and_told(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let begun = owner.post("/api/schedules/tidy/run", json!({})).await.is(202);
        assert_eq!(begun["outcome"], "begun");
        let jobs = begun["jobs"].as_array().expect("jobs").clone();
        assert!(jobs.len() >= 2, "one for each tenant: {begun}");
        for job in &jobs {
            let ended = house.job_ended(&owner, job.as_str().unwrap()).await;
            assert_eq!(ended["state"], "completed", "{ended}");
        }
        let tidy = owner.get("/api/schedules/tidy").await.is(200);
        assert_eq!(tidy["last_run"], tidy["runs"][0]);
        assert_eq!(tidy["last_run"]["jobs"][0]["state"], "completed");
        assert!(tidy["last_run"]["asked_by"].as_str().is_some_and(|it| it.starts_with("usr_")));
        assert_eq!(tidy["next_runs"][0]["planned_at"], "2026-11-22T02:00:00Z", "it comes round as ever");
    }

    async fn a_schedule_begins_by_itself_once_and_not_while_it_is_paused(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let paused = owner.post("/api/schedules/tidy/pause", json!({})).await.is(200);
        assert!(paused["paused_at"].is_string(), "{paused}");
        assert_eq!(paused["next_runs"], json!([]));
        house.clock.advance(SignedDuration::from_hours(19));
        let keeper = house.app.engine.keeper();
        let begun = keeper.tick(&house.store, house.clock.now()).await.expect("a tick");
        assert!(begun.is_empty(), "{begun:?}");

        let owner = house.owner().await;
        let resumed = owner.post("/api/schedules/tidy/resume", json!({})).await.is(200);
        assert_eq!(resumed["next_runs"][0]["planned_at"], "2026-11-23T02:00:00Z", "{resumed}");
        house.clock.advance(SignedDuration::from_hours(24));
        let now = house.clock.now();
        let mut begun = keeper.tick(&house.store, now).await.expect("a tick");
        begun.extend(keeper.tick(&house.store, now).await.expect("another"));
        assert_eq!(begun.len(), 1, "{begun:?}");
    }
}
