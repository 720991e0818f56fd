//! Kill -9 in the middle of everything: what was acknowledged is there, and the house is in order.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use store::{Options, params};
use testkit::Database;
use tokio::task::JoinSet;

use crate::place::{Asker, Place, entries, list, text};

/// Milliseconds after which the process is killed, round by round.
const DELAYS: [u64; 8] = [35, 60, 20, 95, 150, 110, 45, 230];

const RULES: &str = r#"{"ordering_strategy": "diameter-first", "naming_template": "${diameter}-${material}-${type_code}"}"#;

/// What the server has said yes to.
#[derive(Debug, Default)]
struct Acknowledged {
    rules: BTreeSet<String>,
    jobs: BTreeSet<String>,
}

impl Acknowledged {
    fn extend(&mut self, more: Self) {
        self.rules.extend(more.rules);
        self.jobs.extend(more.jobs);
    }
}

testkit::on_both! {
    async fn nothing_acknowledged_is_lost_and_one_version_is_active(db: Database) {
        let place = Place::on(&db).without_limits();
        let quick = ["--job-lease", "1", "--workers", "2"];
        let mut server = place.serve_with(&quick).await;
        let mut admin = server.admin().await;
        let client = admin.client("Acme").await;
        let (book, first) = admin.codebook(&client, "Pipes", &list(40)).await;
        let accepted = admin.post(&format!("/v1/codebooks/{book}/refactor"), &json!({})).await.is(202);
        let second = text(&admin.result(&accepted).await["version"]);
        let mut all = Acknowledged::default();
        let mut ended = std::collections::BTreeMap::<String, usize>::new();

        // On a slow machine hardly anything happens so soon: then it goes on, and is left longer.
        let delays = DELAYS.into_iter().cycle().take(3 * DELAYS.len());
        for (round, delay) in delays.enumerate() {
            let is_enough = all.rules.len() > 8 && all.jobs.len() >= 4;
            if round >= DELAYS.len() && is_enough { break; }
            let delay = if round < DELAYS.len() { delay } else { 10 * delay };
            let mut busy = JoinSet::new();
            busy.spawn(write(admin.clone(), client.clone(), round));
            match round % 4 {
                0 => busy.spawn(import(admin.clone(), client.clone(), round)),
                1 => busy.spawn(refactor(admin.clone(), book.clone(), round)),
                2 => busy.spawn(activate(admin.clone(), book.clone(), [first.clone(), second.clone()])),
                _ => busy.spawn(change(admin.clone(), book.clone(), round)),
            };
            tokio::time::sleep(Duration::from_millis(delay)).await;
            server.kill().await;
            for more in busy.join_all().await {
                all.extend(more);
            }

            server = place.serve_with(&quick).await;
            admin = server.with(&admin.token.unwrap());
            for job in &all.jobs {
                let job = admin.finished(&json!(job)).await;
                let state = text(&job["state"]);
                match state.as_str() {
                    "completed" => {}
                    "failed" => assert!(job["error"]["message"].is_string(), "a job failed without a reason: {job}"),
                    other => panic!("a job ended as {other}: {job}"),
                }
                *ended.entry(state).or_default() += 1;
            }
            quiet(&admin).await;
            in_order(&db, &admin, &client, &all, round).await;
            let verified = place.json(&["audit", "verify"]).await;
            assert_eq!(verified["whole"], true, "round {round}: {verified}");
        }
        assert!(all.rules.len() > 8, "hardly anything was written: {all:?}");
        assert!(all.jobs.len() >= 4, "hardly a job was begun: {all:?}");
        assert!(ended.get("completed") > Some(&0), "{ended:?}");
        assert!(server.stop().await.success());
    }

    async fn a_job_of_a_killed_process_is_finished_by_the_next_one(db: Database) {
        let place = Place::on(&db).without_limits();
        let quick = ["--job-lease", "1"];
        let mut server = place.serve_with(&quick).await;
        let mut admin = server.admin().await;
        let client = admin.client("Acme").await;
        let path = format!("/v1/clients/{client}/codebooks/upload");
        let accepted = admin.upload(&path, &[("name", "Long"), ("type", "material")], "x.csv", &list(10_000)).await.is(202);
        let job = format!("/api/jobs/{}", text(&accepted["data"]["job_id"]));
        // Killed when it has hardly begun, and again in the middle of what the next one does.
        for progress in [1, 50] {
            let start = Instant::now();
            loop {
                let seen = admin.get(&job).await.is(200);
                let is_open = matches!(seen["state"].as_str(), Some("pending" | "running"));
                assert!(is_open, "the list is too short to be killed in: {seen}");
                if seen["state"] == "running" && seen["progress"].as_u64() >= Some(progress) {
                    break;
                }
                assert!(start.elapsed() < Duration::from_secs(60), "it does not get on: {seen}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            server.kill().await;
            server = place.serve_with(&quick).await;
            admin = server.with(&admin.token.unwrap());
        }
        let result = admin.result(&accepted).await;
        assert_eq!(result["record_count"], 10_000, "{}", result["rows"]);
        let items = format!("/v1/codebook-versions/{}/items?limit=1", text(&result["version"]));
        assert_eq!(admin.get(&items).await.is(200)["pagination"]["total_count"], 10_000);
        in_order(&db, &admin, &client, &Acknowledged::default(), 0).await;
        assert_eq!(place.json(&["audit", "verify"]).await["whole"], true);
    }
}

/// Makes rules, one after the other, until the server is gone.
async fn write(asker: Asker, client: String, round: usize) -> Acknowledged {
    let mut done = Acknowledged::default();
    let rules: Json = serde_json::from_str(RULES).unwrap();
    for at in 0.. {
        let body =
            json!({"name": format!("rule {round}-{at}"), "rules_json": rules, "is_active": false});
        match asker
            .try_ask(reqwest::Method::POST, &format!("/v1/clients/{client}/rules"), Some(&body))
            .await
        {
            Ok(answer) => {
                done.rules.insert(text(&answer.is(201)["data"]["id"]));
            }
            Err(_) => break,
        }
    }
    done
}

async fn import(asker: Asker, client: String, round: usize) -> Acknowledged {
    let items: Vec<Json> =
        (1..=120).map(|at| json!({"original_label": format!("{at}\" DIP CL350")})).collect();
    let body = json!({"name": format!("List {round}"), "type": "material", "items": items});
    job(&asker, &format!("/v1/clients/{client}/codebooks/upload"), &body).await
}

async fn refactor(asker: Asker, book: String, round: usize) -> Acknowledged {
    job(
        &asker,
        &format!("/v1/codebooks/{book}/refactor"),
        &json!({"label": format!("round {round}")}),
    )
    .await
}

async fn change(asker: Asker, book: String, round: usize) -> Acknowledged {
    let items =
        json!([{"original_label": format!("{round}99\" RCP CL III"), "metadata": {"unit": "LF"}}]);
    job(&asker, &format!("/v1/codebooks/{book}/items"), &json!({"items": items})).await
}

async fn job(asker: &Asker, path: &str, body: &Json) -> Acknowledged {
    let mut done = Acknowledged::default();
    if let Ok(answer) = asker.try_ask(reqwest::Method::POST, path, Some(body)).await {
        done.jobs.insert(text(&answer.is(202)["data"]["job_id"]));
    }
    done
}

/// Makes one version active, then the other, until the server is gone.
async fn activate(asker: Asker, book: String, versions: [String; 2]) -> Acknowledged {
    for version in versions.iter().cycle() {
        let path = format!("/v1/codebooks/{book}/versions/{version}/activate");
        match asker.try_ask(reqwest::Method::POST, &path, Some(&json!({}))).await {
            Ok(answer) => answer.is(200),
            Err(_) => break,
        };
    }
    Acknowledged::default()
}

/// Waits until no job waits or runs, also those whose acknowledgement was lost.
async fn quiet(admin: &Asker) {
    let start = Instant::now();
    loop {
        let mut open = 0;
        for state in ["pending", "running"] {
            open += entries(&admin.get(&format!("/api/jobs?state={state}")).await.is(200)["items"])
                .len();
        }
        if open == 0 {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "jobs do not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Looks at everything that must always hold.
async fn in_order(db: &Database, admin: &Asker, client: &str, all: &Acknowledged, round: usize) {
    let mut there = BTreeSet::new();
    let mut path = format!("/v1/clients/{client}/rules?limit=500");
    loop {
        let page = admin.get(&path).await.is(200);
        there.extend(entries(&page["data"]).iter().map(|it| text(&it["id"])));
        match page["pagination"]["next_cursor"].as_str() {
            Some(next) => path = format!("/v1/clients/{client}/rules?limit=500&cursor={next}"),
            None => break,
        }
    }
    let lost: Vec<_> = all.rules.difference(&there).collect();
    assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");

    let books = admin.get(&format!("/v1/clients/{client}/codebooks?limit=500")).await.is(200);
    for book in entries(&books["data"]) {
        assert_eq!(book["locked_by"], Json::Null, "round {round}: a lock is left: {book}");
        let versions = admin
            .get(&format!("/v1/codebooks/{}/versions?limit=500", text(&book["id"])))
            .await
            .is(200);
        let versions = entries(&versions["data"]).clone();
        let active: Vec<_> = versions.iter().filter(|it| it["is_active"] == true).collect();
        let expected = usize::from(!versions.is_empty());
        assert_eq!(
            active.len(),
            expected,
            "round {round}: {} of {} versions are active in {book}",
            active.len(),
            versions.len()
        );
        for version in &versions {
            assert_eq!(version["state"], "ready", "round {round}: {version}");
            let items = admin
                .get(&format!("/v1/codebook-versions/{}/items?limit=1", text(&version["id"])))
                .await
                .is(200);
            assert_eq!(
                items["pagination"]["total_count"], version["item_count"],
                "round {round}: {version}"
            );
        }
    }
    let store = db.open(Options::default()).await;
    let left = store
        .read(|db| {
            let building = db
                .one("SELECT count(*) AS found FROM versions WHERE state <> 'ready'", &params![])?;
            let stray = db.one(
                "SELECT count(*) AS found FROM records r WHERE r.version IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.id = r.version)",
                &params![],
            )?;
            Ok::<_, store::Error>((building.get::<i64>("found")?, stray.get::<i64>("found")?))
        })
        .await
        .unwrap();
    store.close().await;
    assert_eq!(left, (0, 0), "round {round}: versions half made, records of no version");
}
