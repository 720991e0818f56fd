//! A database that goes away under load, and one that has no connection left.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use testkit::Database;
use tokio::task::JoinSet;

use crate::{
    cluster::Cluster,
    place::{Answer, Asker, Place, entries, list, text},
};

/// How long anybody may be kept waiting.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_is_said_and_come_back_to() {
    let Some(cluster) = Cluster::start().await else { return };
    let place = Place::new().without_limits().with("MAINSTAY_DATABASE_URL", &cluster.address);
    let server = place.serve_with(&["--job-lease", "2"]).await;
    let admin = server.admin().await;
    let client = admin.client("Acme").await;

    let over = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    for worker in 0..4 {
        load.spawn(ask(admin.clone(), client.clone(), worker, over.clone()));
    }
    let path = format!("/v1/clients/{client}/codebooks/upload");
    let job = admin
        .upload(&path, &[("name", "Pipes"), ("type", "material")], "x.csv", &list(800))
        .await
        .is(202);
    tokio::time::sleep(Duration::from_millis(400)).await;
    cluster.act("stop").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let health = server.nobody().get("/health").await;
    assert_eq!(health.status, 503, "{}", health.text());
    assert_eq!(
        server.nobody().get("/health/live").await.status,
        200,
        "a database that is away is no reason to be killed"
    );
    let login = server
        .nobody()
        .post("/v1/auth/login", &json!({"email": "x@example.com", "password": "whatever it is"}))
        .await;
    check_away(&login);
    cluster.act("again").await;
    let back = Instant::now();
    while admin.get("/v1/clients").await.status != 200 {
        assert!(back.elapsed() < Duration::from_secs(10), "it does not come back by itself");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    over.store(true, Ordering::Relaxed);

    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for (done, away) in load.join_all().await {
        acknowledged.extend(done);
        refused += away;
    }
    assert!(refused > 0, "nobody noticed the restart");
    assert!(acknowledged.len() > 4, "hardly anything was written: {acknowledged:?}");
    let rules = admin.get(&format!("/v1/clients/{client}/rules?limit=500")).await.is(200);
    let there: Vec<_> = entries(&rules["data"]).iter().map(|it| text(&it["id"])).collect();
    let total = rules["pagination"]["total_count"].as_u64().unwrap_or(0);
    assert!(
        total > 500 || acknowledged.iter().all(|it| there.contains(it)),
        "acknowledged and lost"
    );
    let ended = admin.finished(&job["data"]["job_id"]).await;
    assert_eq!(ended["state"], "completed", "{ended}");
    // A report is kept for a second, so the last one may still be of the outage.
    let back = Instant::now();
    while server.nobody().get("/health").await.status != 200 {
        assert!(back.elapsed() < PATIENCE, "health does not come back by itself");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(place.json(&["audit", "verify"]).await["whole"], true);
    assert!(server.stop().await.success());
}

testkit::on_both! {
    async fn a_pool_without_a_free_connection_is_no_hang(db: Database) {
        if !db.is_postgres() {
            return;
        }
        let place = Place::on(&db).without_limits().with("MAINSTAY_POOL_SIZE", "1");
        let (_server, admin, client) = place.begun().await;
        let hold = "BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(6); COMMIT";
        let mut busy = JoinSet::new();
        let held = db.clone();
        busy.spawn(async move { held.raw(hold).await });
        until_held(&db).await;
        let mut asked = JoinSet::new();
        for _ in 0..24 {
            let (admin, client) = (admin.clone(), client.clone());
            asked.spawn(async move {
                let start = Instant::now();
                let answer = admin.get(&format!("/v1/clients/{client}/codebooks")).await;
                (answer, start.elapsed())
            });
        }
        let answers = asked.join_all().await;
        let refused = answers.iter().filter(|it| it.0.status != 200).collect::<Vec<_>>();
        assert!(refused.len() >= 20, "{}", refused.len());
        for (answer, waited) in refused {
            check_away(answer);
            assert!(*waited < PATIENCE, "somebody waited {waited:?}");
        }
        busy.join_all().await;
        admin.get(&format!("/v1/clients/{client}/codebooks")).await.is(200);
    }
}

/// Waits until somebody keeps all others from the records.
async fn until_held(db: &Database) {
    let store = db.open(store::Options::default()).await;
    let start = Instant::now();
    loop {
        let held = store
            .read(|db| {
                let found = db.one(
                    "SELECT count(*) AS found FROM pg_locks
                      WHERE relation = 'records'::regclass AND mode = 'AccessExclusiveLock' AND granted
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                    &[],
                )?;
                found.get::<i64>("found")
            })
            .await;
        if held.expect("the database answers") > 0 {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "nobody holds it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.close().await;
}

/// Reads and writes in turn until it is over; gives the rules made, and how often the database was away.
async fn ask(
    asker: Asker,
    client: String,
    worker: usize,
    over: Arc<AtomicBool>,
) -> (Vec<String>, usize) {
    let rules = json!({"ordering_strategy": "csi-first", "naming_template": "${material}"});
    let (mut made, mut away) = (Vec::new(), 0);
    for at in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let body =
            json!({"name": format!("rule {worker}-{at}"), "rules_json": rules, "is_active": false});
        let start = Instant::now();
        let answer = if at % 2 == 0 {
            asker.ask(Method::POST, &format!("/v1/clients/{client}/rules"), Some(&body)).await
        } else {
            asker.get("/v1/csi?limit=1").await
        };
        assert!(
            start.elapsed() < PATIENCE,
            "somebody waited {:?} for {}",
            start.elapsed(),
            answer.text()
        );
        match answer.status {
            201 => made.push(text(&answer.json()["data"]["id"])),
            200 => {}
            _ => {
                check_away(&answer);
                away += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    (made, away)
}

#[track_caller]
fn check_away(answer: &Answer) {
    answer.refused(503, 5002);
    assert!(answer.header("retry-after").is_some(), "no Retry-After: {:?}", answer.headers);
}
