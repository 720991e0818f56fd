//! Streams: events come when they happen, compressed or not, and end with a word.

use std::time::Duration;

use futures::StreamExt;
use reqwest::{Method, Response};
use serde_json::json;
use testkit::Database;

use crate::house::{Asker, House, read_until};

async fn reads(response: Response, wanted: &str) -> String {
    read_until(&mut response.bytes_stream().boxed(), wanted).await
}

testkit::on_both! {
    async fn a_job_is_seen_while_it_runs_and_nothing_waits_in_a_compressor(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await;
        let request = editor.request(Method::GET, "/api/jobs/events").header("accept-encoding", "gzip, br, zstd");
        let stream = request.send().await.expect("a stream");
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        assert_eq!(stream.headers().get("content-encoding"), None);
        let items = json!([{"label": "nut", "code": "N"}]);
        let body = json!({"name": "one", "items": items});
        let accepted = editor.post("/api/collections/shelves/import", body).await.is(202);
        let seen = reads(stream, "\"completed\"").await;
        assert!(seen.contains("event: job"), "{seen}");
        assert!(seen.contains(accepted["job"].as_str().unwrap()), "{seen}");
    }

    async fn another_tenants_jobs_are_not_seen(db: Database) {
        let house = House::open(&db).await;
        let stranger = house.signed_in(base::Role::Editor, identity::Reach::Tenant(house.there)).await;
        let stream = stranger.request(Method::GET, "/api/jobs/events").send().await.expect("a stream");
        house.stocked("one", &["nut"]).await;
        let mut body = stream.bytes_stream();
        let read = tokio::time::timeout(Duration::from_millis(2_500), body.next()).await;
        assert!(read.is_err(), "{read:?}");
        let path = format!("/api/jobs/events?tenant={}", house.here);
        stranger.get(&path).await.refused(403, "tenant_forbidden");
    }

    async fn a_stream_ends_with_the_session_of_who_listens(db: Database) {
        let house = House::open(&db).await;
        let (editor, other) = (house.editor().await, house.editor().await);
        let listen = |who: &Asker| who.request(Method::GET, "/api/jobs/events").send();
        let (stream, others) = (listen(&editor).await.expect("a stream"), listen(&other).await.expect("a stream"));
        assert_eq!(editor.post("/api/auth/logout", json!({})).await.status, 204);
        let seen = reads(stream, "event: end").await;
        assert!(seen.contains("session_ended"), "{seen}");
        let mut body = others.bytes_stream();
        let read = tokio::time::timeout(Duration::from_millis(2_500), body.next()).await;
        assert!(read.is_err(), "whose session goes on: {read:?}");
    }

    async fn a_stream_ends_with_a_word_when_the_server_stops(db: Database) {
        let mut house = House::open(&db).await;
        let editor = house.editor().await;
        let stream = editor.request(Method::GET, "/api/jobs/events").send().await.expect("a stream");
        let reading = reads(stream, "event: end");
        let (seen, stopped) = tokio::join!(reading, house.stop());
        assert!(seen.contains("stopping"), "{seen}");
        assert_eq!(stopped, server::Stopped::Drained);
    }
}
