//! Files outside of the database: in a folder while the process is killed, in S3 while it goes away, and
//! on their way from one place to the other.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::{Bucket, Database};
use tokio::{sync::mpsc, task::JoinSet};

use crate::place::{Asker, Place, entries, text};

/// A text that is no other's.
fn content(round: usize, at: usize) -> String {
    format!("Text {at} of round {round}: the probe is calibrated every four weeks. ").repeat(200)
}

/// Puts texts in until the server is gone, and says `heard` for each that was acknowledged; gives those.
async fn put(
    asker: Asker,
    round: usize,
    heard: mpsc::UnboundedSender<()>,
) -> BTreeMap<String, String> {
    let mut taken = BTreeMap::new();
    for at in 0.. {
        let content = content(round, at);
        let body = json!({"title": format!("{round}-{at}"), "content": content});
        let Ok(answer) = asker.try_ask(Method::POST, "/api/documents", Some(&body)).await else {
            break;
        };
        taken.insert(text(&answer.is(201)["id"]), content);
        heard.send(()).ok();
    }
    taken
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.flat_map(|it| match it.path() {
        path if path.is_dir() => files(&path),
        path => vec![path.display().to_string()],
    });
    found.collect()
}

fn total(status: &Json) -> u64 {
    entries(&status["held"]).iter().filter_map(|it| it["count"].as_u64()).sum()
}

/// In S3, through the bucket's line.
fn in_s3(place: Place, bucket: &Bucket) -> Place {
    place
        .with("BLOB_PLACE", "s3")
        .with("S3_ENDPOINT", &bucket.endpoint())
        .with("S3_BUCKET", &bucket.name)
        .with("S3_PREFIX", "house")
        .with("AWS_ACCESS_KEY_ID", "a-key")
        .with("AWS_SECRET_ACCESS_KEY", "a-very-secret-key")
}

testkit::on_both! {
    async fn files_in_a_folder_outlive_kill_9_and_nothing_lies_there_that_nobody_knows(db: Database) {
        let place = Place::on(&db).of_app("knowledge-chat").without_limits().with("BLOB_PLACE", "directory");
        let mut all = BTreeMap::new();
        let mut server = place.serve_with(&["--job-lease", "1"]).await;
        let mut admin = server.admin().await;
        for (round, delay) in [17, 3, 60, 9].into_iter().enumerate() {
            let (heard, mut acknowledged) = mpsc::unbounded_channel();
            let mut putting = JoinSet::new();
            putting.spawn(put(admin.clone(), round * 2, heard.clone()));
            putting.spawn(put(admin.clone(), round * 2 + 1, heard));
            for _ in 0..3 {
                acknowledged.recv().await.expect("a text that was taken");
            }
            tokio::time::sleep(Duration::from_millis(delay)).await;
            server.kill().await;
            for taken in putting.join_all().await {
                all.extend(taken);
            }
            server = place.serve_with(&["--job-lease", "1"]).await;
            admin = server.with(&admin.token.unwrap());
        }
        for (id, content) in &all {
            let file = admin.get(&format!("/api/documents/{id}/file")).await;
            assert!(file.status == 200 && file.text() == *content, "{id}: {}", file.status);
        }
        server.stop().await;
        let verified = place.json(&["blobs", "verify"]).await;
        assert_eq!(verified["damaged"], json!([]));
        assert!(verified["whole"].as_u64() >= Some(all.len() as u64), "{verified}");
        let status = place.json(&["blobs", "status"]).await;
        let known = total(&status) + status["leftovers"].as_u64().unwrap();
        let folder = place.path().join("mainstay-data/codebook/blobs");
        let found = files(&folder);
        let whole = found.iter().filter(|it| !it.ends_with(".part")).count() as u64;
        assert!((total(&status)..=known).contains(&whole), "{whole} files, {status}");
        for part in found.iter().filter_map(|it| it.strip_suffix(".part")) {
            assert!(!Path::new(part).exists(), "one that is half-written and one that is whole");
        }
    }

    async fn while_s3_is_away_files_are_refused_with_503_and_health_says_so(db: Database) {
        let Some(bucket) = Bucket::make().await else { return };
        let place = in_s3(Place::on(&db).of_app("knowledge-chat").without_limits(), &bucket);
        let server = place.serve().await;
        let admin = server.admin().await;
        let body = |at| json!({"title": "Text", "content": content(0, at)});
        let id = text(&admin.post("/api/documents", &body(1)).await.is(201)["id"]);
        let file = format!("/api/documents/{id}/file");
        assert_eq!(admin.get(&file).await.text(), content(0, 1));
        assert!(bucket.objects().await.iter().all(|it| it.starts_with("house/")));
        let health = server.nobody().get("/health").await.is(200);
        assert_eq!(health["checks"]["blobs"]["status"], "healthy", "{health}");

        bucket.cut();
        for answer in [admin.post("/api/documents", &body(2)).await, admin.get(&file).await] {
            let wait = answer.header("retry-after").and_then(|it| it.parse::<u64>().ok());
            assert!(answer.status == 503 && wait >= Some(1), "{} {wait:?}: {}", answer.status, answer.text());
            assert!(!answer.text().contains(&bucket.name), "whoever asks need not know: {}", answer.text());
        }
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let health = server.nobody().get("/health").await.is(200);
        assert_eq!(health["checks"]["blobs"]["status"], "degraded", "{health}");
        assert_eq!(entries(&admin.get("/api/documents").await.is(200)["items"]).len(), 1);
        let status = place.run(&["blobs", "status"]).await;
        assert!(status.code == 1 && status.out.contains("DEGRADED"), "{}{}", status.out, status.err);
        let doctor = place.run(&["doctor"]).await;
        assert!(doctor.code == 1 && doctor.out.contains("BAD blobs"), "{}{}", doctor.out, doctor.err);

        bucket.mend();
        admin.post("/api/documents", &body(2)).await.is(201);
        assert_eq!(admin.get(&file).await.text(), content(0, 1));
        server.stop().await;
        let log = place.log();
        assert_eq!(log.matches("cannot be used; who needs it is asked to wait").count(), 1, "{log}");
        assert!(log.contains("answers again") && !log.contains("a-very-secret-key"), "{log}");
    }

    async fn files_move_while_a_server_runs_and_the_old_place_can_be_left(db: Database) {
        let Some(bucket) = Bucket::make().await else { return };
        let place = Place::on(&db).of_app("knowledge-chat").without_limits();
        let server = place.serve().await;
        let admin = server.admin().await;
        let mut put = Vec::new();
        for at in 0..60 {
            let body = json!({"title": "Text", "content": content(1, at)});
            put.push(text(&admin.post("/api/documents", &body).await.is(201)["id"]));
        }
        server.stop().await;
        let place = in_s3(place, &bucket);
        let server = place.serve().await;
        let admin = server.admin().await;
        let moved = place.json(&["blobs", "move", "--to", "s3"]).await;
        assert_eq!((&moved["moved"], &moved["damaged"]), (&json!(60), &json!([])), "{moved}");
        assert_eq!(place.json(&["blobs", "move", "--to", "s3"]).await["moved"], 0);
        assert_eq!(bucket.objects().await.len(), 60);
        for (at, id) in put.iter().enumerate() {
            let file = admin.get(&format!("/api/documents/{id}/file")).await;
            assert_eq!(file.text(), content(1, at));
        }
        server.stop().await;

        // Who forgets where they are is told so, and not served.
        let forgetful = place.without("BLOB_PLACE").without("S3_ENDPOINT").without("S3_BUCKET").without("S3_PREFIX");
        let app = forgetful.path().join("codebook").display().to_string();
        let refused = forgetful.run(&["serve", &app, "--listen", "127.0.0.1:0"]).await;
        assert!(refused.code == 1 && refused.err.contains("60 blobs lie in s3"), "{}", refused.err);
        let place = in_s3(forgetful, &bucket).with("BLOB_PLACE", "directory");
        let told = place.done(&["blobs", "move", "--to", "directory"]).await;
        assert!(told.contains("moved 60 blobs") && !told.contains("still go to"), "{told}");
        let place = place.without("S3_ENDPOINT").without("S3_BUCKET").without("S3_PREFIX");
        assert_eq!(place.json(&["blobs", "verify"]).await["whole"], 60);
    }
}

#[tokio::test]
async fn a_place_that_cannot_work_keeps_the_server_from_starting() {
    let place = Place::new();
    let app = crate::place::codebook().display().to_string();
    let tape = place.with("BLOB_PLACE", "tape");
    let refused = tape.run(&["serve", &app]).await;
    assert!(
        refused.code == 1 && refused.err.contains("database, directory, s3"),
        "{}",
        refused.err
    );
    let nowhere = tape.with("BLOB_PLACE", "s3");
    let refused = nowhere.run(&["serve", &app]).await;
    assert!(refused.code == 1 && refused.err.contains("S3_BUCKET"), "{}", refused.err);
    let keyless = nowhere.with("S3_BUCKET", "b");
    let refused = keyless.run(&["serve", &app]).await;
    assert!(refused.code == 1 && refused.err.contains("AWS_ACCESS_KEY_ID"), "{}", refused.err);
}
