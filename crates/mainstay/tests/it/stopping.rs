//! SIGTERM under load: who was let in is answered, and jobs go on after the next start.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use testkit::{
    Database,
    model::{Reply, Script},
};
use tokio::task::JoinSet;

use crate::place::{Asker, Place, entries, list, text};

testkit::on_both! {
    async fn no_request_is_done_without_its_answer(db: Database) {
        let place = Place::on(&db).without_limits();
        let (mut server, admin, client) = place.begun().await;
        let mut load = JoinSet::new();
        let count = Arc::new(AtomicUsize::new(0));
        for worker in 0..6 {
            load.spawn(write(admin.clone(), client.clone(), worker, count.clone()));
        }
        while count.load(Ordering::Relaxed) < 40 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let asked = Instant::now();
        server.terminate().await;
        assert_eq!(server.ended().await.code(), Some(0), "{}", place.log());
        assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?} to stop", asked.elapsed());
        let (mut answered, mut unanswered) = (BTreeSet::new(), BTreeSet::new());
        for (done, lost) in load.join_all().await {
            answered.extend(done);
            unanswered.extend(lost);
        }
        assert!(answered.len() >= 40, "hardly anything was written: {}", answered.len());

        let server = place.serve().await;
        let admin = server.with(&admin.token.unwrap());
        let mut there = BTreeSet::new();
        let mut path = format!("/v1/clients/{client}/rules?limit=500");
        loop {
            let page = admin.get(&path).await.is(200);
            there.extend(entries(&page["data"]).iter().map(|it| text(&it["name"])));
            match page["pagination"]["next_cursor"].as_str() {
                Some(next) => path = format!("/v1/clients/{client}/rules?limit=500&cursor={next}"),
                None => break,
            }
        }
        let lost: Vec<_> = answered.difference(&there).collect();
        assert!(lost.is_empty(), "answered and lost: {lost:?}");
        let silent: Vec<_> = unanswered.intersection(&there).collect();
        assert!(silent.is_empty(), "done without an answer: {silent:?}");
    }

    async fn a_running_job_is_handed_back_and_finished_later(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::prose().delayed(Duration::from_secs(30)));
        let place = Place::on(&db).without_limits().with("OPENAI_API_KEY", "sk-anything").with("OPENAI_BASE_URL", &script.base_url());
        let server = place.serve_with(&["--drain", "1"]).await;
        let admin = server.admin().await;
        let client = admin.client("Acme").await;
        let path = format!("/v1/clients/{client}/codebooks/upload");
        let accepted = admin.upload(&path, &[("name", "Pipes"), ("type", "material")], "x.csv", &list(5)).await.is(202);
        let job = format!("/api/jobs/{}", text(&accepted["data"]["job_id"]));
        let start = Instant::now();
        while script.requests().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(10), "the model is not asked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(admin.get(&job).await.is(200)["state"], "running");
        let asked = Instant::now();
        assert_eq!(server.stop().await.code(), Some(0), "{}", place.log());
        assert!(asked.elapsed() < Duration::from_secs(8), "it took {:?} to stop", asked.elapsed());
        let listed = place.json(&["jobs", "list"]).await;
        assert_eq!(listed[0]["state"], "pending", "not handed back: {listed}");

        let place = place.without("OPENAI_API_KEY").without("OPENAI_BASE_URL");
        let server = place.serve().await;
        let admin = server.with(&admin.token.unwrap());
        let result = admin.result(&accepted).await;
        assert_eq!(result["record_count"], 5);
        let job = admin.get(&job).await.is(200);
        assert_eq!(job["retry_count"], 0, "a job that was handed back did not fail: {job}");
    }
}

/// Makes rules until the server lets nobody in; gives the names answered with 201, and those whose
/// answer never came.
async fn write(
    asker: Asker,
    client: String,
    worker: usize,
    count: Arc<AtomicUsize>,
) -> (Vec<String>, Vec<String>) {
    let rules = json!({"ordering_strategy": "csi-first", "naming_template": "${material}"});
    let (mut answered, mut unanswered) = (Vec::new(), Vec::new());
    for at in 0.. {
        let name = format!("rule {worker}-{at}");
        let body = json!({"name": name, "rules_json": rules, "is_active": false});
        match asker.try_ask(Method::POST, &format!("/v1/clients/{client}/rules"), Some(&body)).await
        {
            Ok(answer) if answer.status == 201 => {
                count.fetch_add(1, Ordering::Relaxed);
                answered.push(name);
            }
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
            Err(error) if error.is_connect() => break,
            Err(_) => {
                unanswered.push(name);
                if unanswered.len() > 3 {
                    break;
                }
            }
        }
    }
    (answered, unanswered)
}
