//! Webhooks: signed, tried again, written down, and never sent into the neighbourhood by default.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use apps::{engine, webhook::signature};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base::{DeliveryId, PageRequest, WebhookId};
use serde_json::{Value as Json, json};

use crate::house::{House, code, file};

/// What came in: the headers of the delivery and its body.
#[derive(Debug, Clone)]
struct Letter {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

/// Somebody who listens. The first `refusals` letters are answered with 500.
struct Receiver {
    url: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    server: tokio::task::JoinHandle<()>,
}

type Box_ = (Arc<Mutex<Vec<Letter>>>, usize);

impl Receiver {
    async fn start(refusals: usize) -> Self {
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let routes =
            Router::new().route("/hook", post(take)).with_state((letters.clone(), refusals));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Self { url, letters, server }
    }

    fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn has(&self, count: usize) -> Vec<Letter> {
        for _ in 0..2_000 {
            if self.letters().len() >= count {
                return self.letters();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{count} letters were expected: {:?}", self.letters());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State((letters, refusals)): State<Box_>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| {
        headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
    };
    let mut letters = letters.lock().unwrap_or_else(PoisonError::into_inner);
    letters.push(Letter {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap_or_default(),
        signature: header("webhook-signature"),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    if letters.len() <= refusals {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::NO_CONTENT
    }
}

async fn open(db: testkit::Database) -> House {
    let settings = engine::Settings { allow_private_webhooks: true, ..engine::Settings::default() };
    let mut house = House::idle(db, models::Settings::default(), settings).await;
    house.hire();
    house
}

/// A webhook for these events: its id and its secret.
async fn listen(house: &House, url: &str, events: &[&str]) -> (WebhookId, String) {
    let events = events.iter().map(|it| (*it).to_owned()).collect();
    let made =
        house.engine.webhook_create(&house.editor(), house.tenant, url.into(), events, None).await;
    let made = made.expect("a webhook");
    let id = made["id"].as_str().and_then(|it| it.parse().ok()).expect("an id");
    (id, made["secret"].as_str().expect("the secret is shown once").to_owned())
}

async fn log(house: &House, id: WebhookId) -> Vec<Json> {
    let page = PageRequest::first(50);
    house.engine.webhook_deliveries(&house.editor(), id, &page, false).await.expect("the log").items
}

async fn settled(house: &House, id: WebhookId, state: &str) -> Vec<Json> {
    for _ in 0..2_000 {
        let log = log(house, id).await;
        if !log.is_empty() && log.iter().all(|it| it["state"] == state) {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the deliveries are not {state}: {:?}", log(house, id).await);
}

testkit::on_both! {
    async fn a_job_that_is_done_is_told_once_and_signed(db: testkit::Database) {
        let house = open(db).await;
        let receiver = Receiver::start(0).await;
        let (id, secret) = listen(&house, &receiver.url, &["job.completed", "codebook.refactor.completed", "job.failed"]).await;
        let (record, _) = house.import("Told", file("a.csv", "label\n8\" PVC SDR-35\n")).await;
        let refactor = house.task("refactor", record, json!({})).await.expect("a job");
        house.done(&refactor).await;
        let letters = receiver.has(3).await;
        let mut events: Vec<String> = Vec::new();
        for letter in &letters {
            let signed = signature::sign(&secret, &letter.id, letter.timestamp, letter.body.as_bytes());
            assert_eq!(letter.signature, signed);
            let body: Json = serde_json::from_str(&letter.body).expect("JSON");
            assert_eq!(body["data"]["state"], "completed");
            assert!(body["data"]["result"].get("report").is_none(), "the report is not sent along");
            events.push(format!("{} {}", body["type"].as_str().unwrap_or_default(), body["data"]["kind"].as_str().unwrap_or_default()));
        }
        events.sort();
        assert_eq!(events, ["codebook.refactor.completed refactor", "job.completed bulk_upload", "job.completed refactor"]);
        let log = settled(&house, id, "delivered").await;
        assert_eq!(log.len(), 3);
        assert!(log.iter().all(|it| it["attempts"] == 1 && it["answer_status"] == 204));
        let shown = house.engine.webhook_get(&house.editor(), id).await.expect("the webhook");
        assert!(shown.get("secret").is_none(), "the secret is shown once");
    }

    async fn a_job_that_fails_is_told_once(db: testkit::Database) {
        let house = open(db).await;
        let receiver = Receiver::start(0).await;
        listen(&house, &receiver.url, &["job.failed"]).await;
        let (record, _) = house.import("Fails", file("a.csv", "label\n8\" PVC SDR-35\n")).await;
        let mut house = house;
        house.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        let asked = house.task("refactor", record, json!({})).await.expect("a job");
        // The codebook is deleted before anybody comes to it.
        let (engine, now) = (house.engine.clone(), house.clock.now());
        let actor = base::Actor::operator();
        let deleted = house.store.write(&actor, now, move |tx| {
            let act = apps::record::Act::house(now);
            apps::record::delete(tx, engine.folder().kits(), &act, record, None, None)
        });
        deleted.await.expect("it is deleted");
        house.hire();
        let (code, _) = house.failed(&asked).await;
        assert_eq!(code, "deleted");
        let letters = receiver.has(1).await;
        let body: Json = serde_json::from_str(&letters[0].body).expect("JSON");
        assert_eq!((body["type"].clone(), body["data"]["error"]["code"].clone()), (json!("job.failed"), json!("deleted")));
        assert_eq!(letters.len(), 1);
    }

    async fn a_delivery_that_is_refused_is_tried_again(db: testkit::Database) {
        let house = open(db).await;
        let receiver = Receiver::start(1).await;
        let (id, _) = listen(&house, &receiver.url, &["job.completed"]).await;
        house.engine.webhook_test(&house.editor(), id).await.expect("a test is sent");
        receiver.has(1).await;
        for _ in 0..400 {
            if log(&house, id).await[0]["attempts"] == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pending = log(&house, id).await.remove(0);
        assert_eq!((pending["state"].clone(), pending["answer_status"].clone()), (json!("pending"), json!(500)));
        // The pause is ten seconds at most; workers look at the clock.
        for _ in 0..3 {
            house.clock.advance(jiff::SignedDuration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        let letters = receiver.has(2).await;
        assert_eq!(letters[0].id, letters[1].id, "the receiver can tell that it is the same");
        let log = settled(&house, id, "delivered").await;
        assert_eq!((log.len(), log[0]["attempts"].clone(), log[0]["error"].clone()), (1, json!(2), Json::Null));
        assert_eq!(log[0]["event"], "test");
    }

    async fn the_neighbourhood_is_refused_by_default(db: testkit::Database) {
        let house = House::without_model(db).await;
        let create = async |url: &str, events: &[&str]| {
            let events = events.iter().map(|it| (*it).to_owned()).collect();
            house.engine.webhook_create(&house.editor(), house.tenant, url.into(), events, None).await
        };
        for url in ["http://127.0.0.1:9/hook", "http://localhost/hook", "http://10.0.0.7/", "http://[::1]/", "ftp://example.com/"] {
            let refused = create(url, &["job.completed"]).await.expect_err(url);
            assert_eq!((refused.code(), refused.faults()[0].pointer.as_str()), ("invalid_input", "/url"), "{url}");
        }
        assert_eq!(code(create("https://example.com/", &["nothing.such"]).await), "invalid_input");
        assert_eq!(code(create("https://example.com/", &[]).await), "invalid_input");
        assert_eq!(house.count("SELECT count(*) AS total FROM webhooks").await, 0);
    }

    async fn a_webhook_that_is_off_or_gone_gets_nothing(db: testkit::Database) {
        let house = open(db).await;
        let receiver = Receiver::start(0).await;
        let (off, _) = listen(&house, &receiver.url, &["job.completed"]).await;
        let (gone, _) = listen(&house, &receiver.url, &["job.completed"]).await;
        let (here, _) = listen(&house, &receiver.url, &["job.completed"]).await;
        let shown = house.engine.webhook_update(&house.editor(), off, None, None, Some(false)).await;
        assert_eq!(shown.map(|it| it["is_active"].clone()).ok(), Some(json!(false)));
        house.engine.webhook_delete(&house.editor(), gone).await.expect("deleted");
        assert_eq!(code(house.engine.webhook_get(&house.editor(), gone).await), "not_found");
        house.import("Quiet", file("a.csv", "label\nPART\n")).await;
        settled(&house, here, "delivered").await;
        assert_eq!(receiver.letters().len(), 1);
        let page = PageRequest::first(1);
        let some = house.engine.webhooks_list(&house.editor(), None, &page, true).await.expect("a list");
        assert_eq!((some.items.len(), some.total), (1, Some(2)), "those of the caller are counted");
        let all = house.engine.webhooks_list(&house.editor(), None, &PageRequest::first(10), false).await.expect("a list");
        assert_eq!((all.items.len(), all.total), (2, None));
        let sent = house.engine.webhook_deliveries(&house.editor(), here, &page, true).await.expect("the log");
        assert_eq!(sent.total, Some(1));
        let theirs = house.engine.webhooks_list(&house.outsider(), None, &page, true).await.expect("their own");
        assert_eq!(theirs.total, Some(0));
    }

    async fn a_delivery_that_is_being_tried_is_not_sent_a_second_time(db: testkit::Database) {
        const JOBS: &str = "SELECT count(*) AS total FROM jobs WHERE kind = 'webhook'";
        let house = open(db).await;
        let receiver = Receiver::start(1).await;
        let (id, _) = listen(&house, &receiver.url, &["job.completed"]).await;
        let sent = house.engine.webhook_test(&house.editor(), id).await.expect("a test is sent");
        let delivery: DeliveryId = sent["id"].as_str().and_then(|it| it.parse().ok()).expect("an id");
        receiver.has(1).await;
        let refused = house.engine.delivery_retry(&house.editor(), delivery).await;
        assert_eq!(code(refused), "conflict", "it waits for its next attempt");
        assert_eq!(house.count(JOBS).await, 1);

        let job = "SELECT count(*) AS total FROM jobs WHERE kind = 'webhook' AND state = 'completed'";
        let at_work = "SELECT count(*) AS total FROM jobs WHERE kind = 'webhook' AND state = 'running'";
        for _ in 0..1_000 {
            // While it is being tried, its lease must not run out.
            if house.count(at_work).await == 0 {
                house.clock.advance(jiff::SignedDuration::from_secs(10));
            }
            if house.count(job).await == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        settled(&house, id, "delivered").await;
        house.engine.delivery_retry(&house.editor(), delivery).await.expect("by hand, once more");
        receiver.has(3).await;
        settled(&house, id, "delivered").await;
        assert_eq!((house.count(JOBS).await, receiver.letters().len()), (2, 3));
    }
}
