//! Limits: of requests, of bodies, of files.

use reqwest::Method;
use serde_json::json;
use testkit::Database;

use crate::house::{Answer, Asker, House};

async fn preview(asker: &Asker, bytes: usize) -> Answer {
    let text = format!("label\n{}", "x".repeat(bytes.saturating_sub(6)));
    asker.form("/api/collections/things/preview", &[], Some(("list.csv", &text))).await
}

testkit::on_both! {
    async fn the_fourth_upload_of_an_hour_has_to_wait(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        for left in ["2", "1", "0"] {
            let answer = preview(&editor, 20).await;
            assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
            assert_eq!(answer.header("x-ratelimit-remaining"), Some(left), "{}", answer.text);
        }
        let refused = preview(&editor, 20).await;
        assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=1_200).contains(&wait), "{wait}");
        refused.refused(429, "rate_limited");
        // Another caller has a limit of their own.
        assert_ne!(preview(&house.editor().await, 20).await.status, 429);
        house.clock.advance(jiff::SignedDuration::from_mins(20));
        let tokens = house.editor().await;
        assert_ne!(preview(&tokens, 20).await.status, 429);
    }

    async fn a_body_over_the_limit_is_refused_and_the_connection_lives(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let large = json!({"name": "x".repeat(1_200_000)});
        owner.post("/api/keys", large).await.refused(413, "body_too_large");
        owner.get("/api/me").await.is(200);
    }

    async fn a_file_over_the_limit_of_its_collection_is_refused(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        preview(&editor, 70_000).await.refused(413, "file_too_large");
        preview(&editor, 3_000_000).await.refused(413, "file_too_large");
    }

    async fn a_form_where_json_is_expected_is_refused(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let answer = owner.form("/api/keys", &[("name", "x")], None).await;
        answer.refused(415, "unsupported_media_type");
    }

    async fn a_broken_form_is_told_as_such(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        let request = editor
            .request(Method::POST, "/api/collections/shelves/import")
            .header("content-type", "multipart/form-data; boundary=x");
        editor.send(request.body("--x\r\nContent-Disp")).await.refused(422, "invalid_file");
    }
}
