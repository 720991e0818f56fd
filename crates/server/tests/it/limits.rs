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
    async fn the_fourth_upload_of_an_hour_has_to_wait_for_the_first_to_be_an_hour_old(db: Database) {
        let house = House::open(&db).await;
        let key = house.key(&[base::Scope::Write]).await;
        for (left, reset) in [("2", "3600"), ("1", "3000"), ("0", "2400")] {
            let answer = preview(&key, 20).await;
            assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
            assert_eq!(answer.header("x-ratelimit-remaining"), Some(left), "{}", answer.text);
            assert_eq!(answer.header("x-ratelimit-reset"), Some(reset));
            house.clock.advance(jiff::SignedDuration::from_mins(10));
        }
        for (wait, pause) in [("1800", 20), ("600", 15)] {
            let refused = preview(&key, 20).await;
            assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
            assert_eq!(refused.header("x-ratelimit-reset"), Some(wait));
            assert_eq!(refused.header("retry-after"), Some(wait));
            refused.refused(429, "rate_limited");
            house.clock.advance(jiff::SignedDuration::from_mins(pause));
        }
        // The first is out of the window now, and nothing else is.
        let answer = preview(&key, 20).await;
        assert_ne!(answer.status, 429, "{}", answer.text);
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
        preview(&key, 20).await.refused(429, "rate_limited");
        // Another caller has a limit of their own.
        assert_ne!(preview(&house.editor().await, 20).await.status, 429);
    }

    async fn who_is_not_signed_in_has_a_limit_of_their_own(db: Database) {
        let house = House::open(&db).await;
        let (nobody, key) = (house.nobody(), house.key(&[base::Scope::Read]).await);
        for _ in 0..2 {
            assert_eq!(nobody.get("/api/app").await.header("x-ratelimit-limit"), Some("2"));
        }
        nobody.get("/api/app").await.refused(429, "rate_limited");
        for _ in 0..4 {
            let answer = key.get("/api/app").await;
            assert_eq!(answer.header("x-ratelimit-limit"), None, "{}", answer.text);
            answer.is(200);
        }
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
