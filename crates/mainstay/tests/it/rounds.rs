//! What comes round by the clock, and archives: seen and steered from the command line.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::place::{Place, entries};

/// An application that puts its rules away by a schedule, as this says.
fn tidy(place: &mut Place, archive: &str) -> PathBuf {
    let app = place.own_app();
    let yaml = std::fs::read_to_string(app.join("app.yaml")).unwrap();
    let with = yaml
        .replace(
            "    default: data/default-rule.json\n",
            &format!("    default: data/default-rule.json\n    archive: {archive}\n"),
        )
        .replace(
            "\ntasks:\n",
            "\nschedules:\n  tidy: {every: \"0 3 * * *\", timezone: America/Chicago, jitter: 10m, do: {archive: rules}}\n\ntasks:\n",
        );
    assert!(with.contains("archive: rules") && with.contains(archive), "{with}");
    std::fs::write(app.join("app.yaml"), with).unwrap();
    app
}

#[tokio::test]
async fn archives_in_s3_want_to_know_which_bucket_and_who_we_are_there() {
    let mut place = Place::new();
    let app = tidy(&mut place, "{older_than: 1y, place: s3}");
    let path = app.display().to_string();
    let serve = ["serve", path.as_str()];
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let refused = place.run(&serve).await;
    let is_told = |it: &&str| refused.err.contains(*it);
    assert!(keys.iter().chain(&["S3_BUCKET"]).all(is_told), "{}", refused.err);
    std::fs::write(app.join("config/blobs.yaml"), "s3: {bucket: files}\n").unwrap();
    let refused = place.run(&serve).await;
    let is_told = |it: &&str| refused.err.contains(*it);
    assert!(keys.iter().all(is_told) && !is_told(&"S3_BUCKET"), "{}", refused.err);
}

testkit::on_both! {
    async fn schedules_are_steered_from_the_command_line(db: Database) {
        let mut place = Place::on(&db);
        tidy(&mut place, "{keep_last: {count: 100, per: tenant}}");
        let (server, ..) = place.begun().await;
        let listed = place.json(&["schedules", "list"]).await;
        let shown = &entries(&listed)[0];
        assert_eq!((&shown["name"], &shown["jitter_s"]), (&json!("tidy"), &json!(600)));
        assert!(shown["next_runs"][0]["due_at"].is_string(), "{shown}");

        let paused = place.json(&["schedules", "pause", "tidy"]).await;
        assert!(paused["paused_at"].is_string(), "{paused}");
        assert_eq!(paused["paused_by"], "operator");
        let resumed = place.json(&["schedules", "resume", "tidy"]).await;
        assert_eq!(resumed["paused_at"], Json::Null);

        let begun = place.json(&["schedules", "run", "tidy"]).await;
        assert_eq!(begun["outcome"], "begun", "{begun}");
        let mut state = Json::Null;
        for _ in 0..100 {
            let listed = place.json(&["schedules", "list"]).await;
            state = entries(&listed)[0]["last_run"]["jobs"][0]["state"].clone();
            if state == "completed" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(state, "completed", "the server does what came round");
        let unknown = place.run(&["schedules", "run", "tidi"]).await;
        assert!(unknown.code == 1 && unknown.err.contains("tidi"), "{}", unknown.err);

        let none = place.json(&["archives", "list"]).await;
        assert_eq!(none, json!([]));
        let nothing = place.json(&["archives", "run", "rules", "--tenant", "acme-civil"]).await;
        assert_eq!((&nothing["state"], &nothing["result"]["records"]), (&json!("completed"), &json!(0)));
        server.stop().await;
    }
}
