//! The application from end to end, at the paths of its description.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::Database;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
    task::JoinSet,
};

use crate::place::{Asker, Place, entries, sample, text};

/// The data of an answer about one thing, after checking its envelope.
#[track_caller]
fn one(answer: &crate::place::Answer, status: u16) -> Json {
    let body = answer.is(status);
    let meta = &body["meta"];
    assert!(text(&meta["request_id"]).starts_with("req_"), "{body}");
    assert_eq!(answer.header("x-request-id"), meta["request_id"].as_str());
    text(&meta["timestamp"]).parse::<base::Timestamp>().expect("a time");
    body["data"].clone()
}

/// The entries of an answer about many things, after checking its envelope.
#[track_caller]
fn many(answer: &crate::place::Answer) -> Vec<Json> {
    let data = one(answer, 200);
    let pagination = answer.json()["pagination"].clone();
    for part in ["next_cursor", "prev_cursor", "has_more", "total_count"] {
        assert!(pagination.get(part).is_some(), "no {part} in {pagination}");
    }
    assert!(pagination["has_more"].is_boolean(), "{pagination}");
    entries(&data).clone()
}

testkit::on_both! {
    async fn every_endpoint_answers_as_it_is_described(db: Database) {
        let place = Place::on(&db).without_limits().with("MAINSTAY_ALLOW_PRIVATE_WEBHOOKS", "1");
        let server = place.serve().await;
        let admin = server.admin().await;
        let mut sink = Sink::start().await;

        // Clients.
        let asked = json!({"name": "Acme Civil", "contact_email": "office@acme.example", "metadata": {"region": "west"}});
        let client = one(&admin.post("/v1/clients", &asked).await, 201);
        assert_eq!(client["slug"], "acme-civil");
        let id = text(&client["id"]);
        let at = |rest: &str| format!("/v1/clients/{id}{rest}");
        admin.post("/v1/clients", &asked).await.refused(409, 3010);
        assert_eq!(many(&admin.get("/v1/clients?limit=1").await).len(), 1);
        assert_eq!(one(&admin.get(&at("")).await, 200)["contact_email"], "office@acme.example");
        let patched = admin.ask(Method::PATCH, &at(""), Some(&json!({"contact_email": "new@acme.example"}))).await;
        assert_eq!(one(&patched, 200)["name"], "Acme Civil");
        admin.get("/v1/clients/01a1fc96-0241-7626-afe9-000000000000").await.refused(404, 4002);
        admin.get("/v1/clients/not-an-id").await.refused(422, 3002);

        // Webhooks and keys.
        let hook = json!({"url": sink.url, "events": ["job.completed", "codebook.refactor.completed"]});
        let hook = one(&admin.post(&at("/webhooks"), &hook).await, 201);
        let hooks = admin.get(&at("/webhooks")).await;
        assert_eq!((many(&hooks).len(), &hooks.json()["pagination"]["total_count"]), (1, &json!(1)));
        assert_eq!(many(&hooks)[0]["client_id"], json!(id));
        assert!(hook.get("tenant").is_none() && many(&hooks)[0].get("secret").is_none(), "{hook}");
        let key = one(&admin.post(&at("/api-keys"), &json!({"name": "import", "scopes": ["read", "write"]})).await, 201);
        let listed = many(&admin.get(&at("/api-keys")).await);
        assert!(listed.len() == 1 && listed[0].get("key").is_none(), "{listed:?}");
        let rotated = one(&admin.post(&format!("/v1/api-keys/{}/rotate", text(&key["id"])), &json!({})).await, 200);
        let program = server.with(&text(&rotated["key"]));
        program.get(&at("/codebooks")).await.is(200);

        // Codebooks.
        let empty = one(&admin.post(&at("/codebooks"), &json!({"name": "Empty", "type": "bid_item"})).await, 201);
        let refused = admin.post(&at("/codebooks"), &json!({"name": "X", "type": "soup"})).await;
        refused.refused(422, 3003);
        let twice = admin.post(&at("/codebooks"), &json!({"name": "Empty", "type": "bid_item"})).await;
        assert_eq!(twice.status, 409, "{}", twice.text());
        let fields = [("name", "Pipes"), ("type", "material"), ("description", "What we lay")];
        let uploaded = program.upload(&at("/codebooks/upload"), &fields, "items.csv", &sample()).await;
        let accepted = one(&uploaded, 202);
        assert!(accepted["status"] == "pending" && accepted["message"].is_string(), "{accepted}");
        let job = wait(&admin, &accepted).await;
        assert_eq!((&job["job_type"], &job["progress"]), (&json!("bulk_upload"), &json!(100)));
        let result = &job["result"];
        assert_eq!(result["item_count"], 27, "{job}");
        let (book, first) = (text(&result["codebook_id"]), text(&result["version_id"]));
        assert_eq!(job["codebook_id"], book.as_str());
        let in_book = |rest: &str| format!("/v1/codebooks/{book}{rest}");
        assert_eq!(many(&admin.get(&at("/codebooks?type=material")).await).len(), 1);
        let seen = one(&admin.get(&in_book("")).await, 200);
        let active = &seen["active_version"];
        assert_eq!((&active["id"], &active["version_number"]), (&json!(first), &json!(1)), "{seen}");
        assert!(active["label"] == "Initial import" && active["created_at"].is_string());
        let patched = admin.ask(Method::PATCH, &in_book(""), Some(&json!({"description": "All we lay"}))).await;
        assert_eq!(one(&patched, 200)["description"], "All we lay");
        admin.get(&format!("/v1/codebooks/{}", text(&empty["client_id"]))).await.refused(404, 4003);

        // Versions and items.
        let versions = many(&admin.get(&in_book("/versions")).await);
        assert_eq!((versions.len(), &versions[0]["item_count"]), (1, &json!(27)));
        let version = one(&admin.get(&format!("/v1/codebook-versions/{first}")).await, 200);
        assert!(version["analysis_summary"].is_string() && version["rules_snapshot"].is_object(), "{version}");
        assert_eq!((&version["version_number"], &version["is_active"]), (&json!(1), &json!(true)));
        let of_first = |rest: &str| format!("/v1/codebook-versions/{first}{rest}");
        let water = many(&admin.get(&of_first("/items?application=water&limit=500")).await);
        assert!(water.len() > 3 && water.iter().all(|it| it["application"] == "water"));
        assert!(!many(&admin.get(&of_first("/items?search=bend")).await).is_empty());
        assert_eq!(paged(&admin, &of_first("/items?limit=4")).await, 27);
        admin.get("/v1/codebook-versions/01a1fc96-0241-7626-afe9-000000000000").await.refused(404, 4004);
        admin.get(&of_first("/items?limit=501")).await.refused(422, 3001);
        let delta = json!({"items": [
            {"code": water[0]["code"], "original_label": water[0]["original_label"], "description": "told anew"},
            {"original_label": "60\" RCP CL III", "description": "Reinforced concrete pipe, 60 inch", "metadata": {"unit": "LF"}},
        ]});
        let changed = wait(&admin, &one(&program.post(&in_book("/items"), &delta).await, 202)).await;
        let second = text(&changed["result"]["version_id"]);
        assert_eq!(changed["result"]["item_count"], 28, "{changed}");
        let diff = one(&admin.get(&of_first(&format!("/diff/{second}"))).await, 200);
        assert_eq!((entries(&diff["added"]).len(), entries(&diff["removed"]).len()), (1, 0), "{diff}");
        assert!(entries(&diff["changed"]).len() == 1 && diff["recoded"].is_array(), "{diff}");

        // Rules and refactoring.
        let rules = json!({"name": "Size first", "is_active": true,
            "rules_json": {"ordering_strategy": "diameter-first", "naming_template": "${diameter}-${material}-${type_code}"}});
        let rule = one(&admin.post(&in_book("/rules"), &rules).await, 201);
        assert_eq!((&rule["codebook_id"], &rule["client_id"]), (&json!(book), &json!(id)));
        assert_eq!(many(&admin.get(&at(&format!("/rules?codebook_id={book}&active_only=true"))).await).len(), 1);
        let in_rule = format!("/v1/rules/{}", text(&rule["id"]));
        one(&admin.get(&in_rule).await, 200);
        admin.ask(Method::PATCH, &in_rule, Some(&json!({"name": "Size before all"}))).await.is(200);
        let spare = json!({"name": "spare", "rules_json": rules["rules_json"]});
        let spare = one(&admin.post(&at("/rules"), &spare).await, 201);
        admin.delete(&format!("/v1/rules/{}", text(&spare["id"]))).await.is(204);
        let asked = json!({"rule_id": rule["id"], "label": "by size", "notes": "for the tender"});
        let job = wait(&admin, &one(&admin.post(&in_book("/refactor"), &asked).await, 202)).await;
        assert_eq!(job["job_type"], "refactor");
        let third = text(&job["result"]["version_id"]);
        let diff = one(&admin.get(&format!("/v1/codebook-versions/{second}/diff/{third}")).await, 200);
        assert!(!entries(&diff["recoded"]).is_empty(), "a refactor that gives no new code: {diff}");
        let active = |seen: Json| text(&seen["active_version"]["id"]);
        assert_eq!(active(one(&admin.get(&in_book("")).await, 200)), second, "not active before it is approved");
        one(&admin.post(&in_book(&format!("/versions/{third}/activate")), &json!({})).await, 200);
        assert_eq!(active(one(&admin.get(&in_book("")).await, 200)), third);
        admin.delete(&format!("/v1/codebook-versions/{third}")).await.refused(409, 8001);
        let empty_id = text(&empty["id"]);
        let nothing = admin.post(&format!("/v1/codebooks/{empty_id}/refactor"), &json!({})).await;
        assert!(matches!((nothing.status, nothing.json()["error"]["code"].as_u64()), (400, Some(8005)) | (404, Some(4008))), "{}", nothing.text());

        // Recommendations.
        let focus = json!({"focus_areas": ["csi_mapping", "inconsistencies", "missing_items"]});
        wait(&admin, &one(&admin.post(&of_first("/analyze"), &focus).await, 202)).await;
        let pending = many(&admin.get(&of_first("/recommendations?status=pending&limit=500")).await);
        assert!(pending.len() >= 5, "{pending:?}");
        let category = text(&pending[0]["category"]);
        assert!(!many(&admin.get(&of_first(&format!("/recommendations?category={category}"))).await).is_empty());
        let in_advice = |at: usize, rest: &str| format!("/v1/recommendations/{}{rest}", text(&pending[at]["id"]));
        one(&admin.get(&in_advice(0, "")).await, 200);
        let accepted = admin.post(&in_advice(0, "/accept"), &json!({"notes": "yes"})).await;
        wait(&admin, &one(&accepted, 202)).await;
        admin.post(&in_advice(0, "/accept"), &json!({"notes": "again"})).await.refused(409, 8004);
        let rejected = admin.post(&in_advice(1, "/reject"), &json!({"reason": "wrong", "feedback": "it is right as it is"})).await;
        assert_eq!(one(&rejected, 200)["status"], "rejected");
        let versions_before = many(&admin.get(&in_book("/versions")).await).len();
        let batch = json!({"ids": [pending[2]["id"], pending[3]["id"]], "action": "accept"});
        let batch = one(&admin.post("/v1/recommendations/batch-action", &batch).await, 202);
        assert_eq!(batch["accepted"], 2, "{batch}");
        wait(&admin, &batch).await;
        let versions_after = many(&admin.get(&in_book("/versions")).await).len();
        assert!(versions_after <= versions_before + 1, "a batch makes one version");
        admin.get("/v1/recommendations/01a1fc96-0241-7626-afe9-000000000000").await.refused(404, 4007);
        let feedback = one(&admin.post(&in_book("/feedback"), &json!({"text": "put the diameter first"})).await, 200);
        assert_eq!(feedback["rules_json"]["ordering_strategy"], "diameter-first", "{feedback}");

        // Back to the first version.
        let back = json!({"target_version_number": 1, "label": "back", "reason": "the tender was withdrawn"});
        let job = wait(&admin, &one(&admin.post(&in_book("/revert"), &back).await, 202)).await;
        let fresh = text(&job["result"]["version_id"]);
        let seen = one(&admin.get(&in_book("")).await, 200);
        assert_eq!(active(seen.clone()), fresh);
        let number = seen["active_version"]["version_number"].clone();
        let diff = one(&admin.get(&of_first(&format!("/diff/{fresh}"))).await, 200);
        assert_eq!(diff["counts"]["unchanged"], 27, "{}", diff["counts"]);
        let same = json!({"target_version_number": number, "reason": "x"});
        admin.post(&in_book("/revert"), &same).await.refused(400, 8002);
        let unknown = json!({"target_version_number": 999, "reason": "x"});
        admin.post(&in_book("/revert"), &unknown).await.refused(404, 4004);

        // Search, export.
        let asked = json!({"query": "ductile iron bend", "codebook_id": book, "limit": 3, "filters": {"application": "water"}});
        let found = one(&admin.post(&at("/search"), &asked).await, 200);
        let hit = &found["results"][0];
        assert!(text(&hit["item"]["original_label"]).contains("BEND"), "{hit}");
        assert_eq!((&hit["codebook_name"], &hit["version_id"]), (&json!("Pipes"), &json!(fresh)), "{hit}");
        assert!(hit["score"].is_number() && found["result_count"].is_number() && found["method"].is_string());
        for (format, kind, end) in [
            ("csv", "text/csv", ".csv"), ("json", "application/json", ".json"), ("hcss", "text/csv", ".csv"),
            ("excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
        ] {
            let file = admin.get(&of_first(&format!("/export?format={format}"))).await;
            assert_eq!(file.status, 200, "{}", file.text());
            assert!(file.header("content-type").unwrap().starts_with(kind));
            let named = file.header("content-disposition").unwrap();
            assert!(named.contains("Pipes-v1-20") && named.contains(end), "{named}");
            match format {
                "csv" => assert!(file.text().starts_with("Code,Original Label,Description,CSI Division,CSI Section,Application,Metadata\n")
                    || file.text().starts_with("Code,Original Label,Description,CSI Division,CSI Section,Application,Metadata\r\n"), "{}", file.text()),
                "json" => assert_eq!(entries(&file.json()).len(), 27),
                "hcss" => assert!(file.text().starts_with("Code,Description,Unit")),
                _ => assert!(file.bytes.starts_with(b"PK")),
            }
        }
        admin.get(&of_first("/export?format=papyrus")).await.refused(422, 3001);

        // Jobs, history, cost, reference.
        let jobs = many(&admin.get(&at("/jobs?status=completed")).await);
        assert!(jobs.len() >= 5);
        let done = format!("/v1/jobs/{}", text(&jobs[0]["id"]));
        one(&admin.get(&done).await, 200);
        admin.post(&format!("{done}/cancel"), &json!({})).await.refused(409, 7005);
        admin.get("/v1/jobs/01a1fc96-0241-7626-afe9-000000000000").await.refused(404, 4006);
        for action in ["initial_import", "refactor_started", "refactor_completed", "version_created", "recommendation_applied", "revert", "rule_update"] {
            let rows = many(&admin.get(&at(&format!("/audit-log?action_type={action}"))).await);
            assert!(!rows.is_empty(), "no entry says {action}");
            assert!(rows.iter().all(|it| it["action_type"] == action), "{rows:?}");
        }
        let of_book = many(&admin.get(&at(&format!("/audit-log?codebook_id={book}&from_date=2020-01-01T00:00:00Z&to_date=2099-01-01T00:00:00Z"))).await);
        assert!(of_book.iter().all(|it| it["codebook_id"] == book.as_str()));
        let used = admin.get(&at("/llm-usage")).await;
        assert_eq!((many(&used).len(), &used.json()["pagination"]["total_count"]), (0, &json!(0)));
        for group in ["operation_type", "model_name", "day", "month"] {
            let usage = one(&admin.get(&at(&format!("/llm-usage/summary?group_by={group}"))).await, 200);
            assert_eq!(usage["summary"]["total_tokens"], 0, "{usage}");
            assert!(usage["summary"]["total_cost_usd"].is_number() && usage["breakdown"].is_array());
        }
        assert!(many(&admin.get("/v1/csi?limit=500").await).len() > 40);
        assert!(many(&admin.get("/v1/prompt-templates").await).len() >= 6);

        // Signing in and out at the application's own paths.
        let asked = json!({"email": crate::place::EMAIL, "password": crate::place::PASSWORD});
        let tokens = server.nobody().post("/v1/auth/login", &asked).await.is(200)["data"].clone();
        let fresh = json!({"refresh_token": tokens["refresh_token"]});
        let tokens = server.nobody().post("/v1/auth/refresh", &fresh).await.is(200)["data"].clone();
        server.nobody().post("/v1/auth/refresh", &fresh).await.refused(401, 1004);
        let _ = tokens;
        let tokens = server.nobody().post("/v1/auth/login", &asked).await.is(200)["data"].clone();
        let signed_in = server.with(&text(&tokens["access_token"]));
        let out = signed_in.post("/v1/auth/logout", &json!({})).await;
        assert!(matches!(out.status, 200 | 204), "{}", out.text());
        signed_in.get("/v1/clients").await.refused(401, 1004);

        // What was told to the webhook.
        let told = sink.received(2).await;
        let secret = text(&hook["secret"]);
        for post in &told {
            let signed = apps::webhook::signature::sign(&secret, &post.id, post.timestamp, post.body.as_bytes());
            assert_eq!(post.signature, signed);
        }
        assert!(told.iter().any(|it| it.body.contains("job.completed")), "{told:?}");
        let in_hook = format!("/v1/webhooks/{}", text(&hook["id"]));
        let deliveries = many(&admin.get(&format!("{in_hook}/deliveries")).await);
        assert!(deliveries.len() >= 2, "{deliveries:?}");
        admin.delete(&in_hook).await.is(204);

        // Taking away, and back, and away for good.
        admin.delete(&in_book("")).await.is(204);
        admin.get(&in_book("")).await.refused(410, 4009);
        assert_eq!(many(&admin.get(&at("/codebooks?type=material")).await).len(), 0);
        one(&admin.post(&in_book("/restore"), &json!({})).await, 200);
        one(&admin.get(&in_book("")).await, 200);
        let whole = admin.get(&at("/export")).await;
        assert!(whole.status == 200 && whole.text().contains("60\\\" RCP CL III"), "{}", whole.status);
        admin.delete(&format!("/v1/api-keys/{}", text(&rotated["id"]))).await.is(204);
        program.get(&at("/codebooks")).await.refused(401, 1002);
        admin.delete(&at("")).await.is(204);
        admin.get(&at("")).await.refused(410, 4009);
        let gone = one(&admin.get(&at("?deleted=true")).await, 200);
        assert!(gone["deleted_at"].is_string(), "who may restore it sees it when they ask: {gone}");
        admin.get(&at("/codebooks")).await.refused(410, 4009);
        one(&admin.post(&at("/restore"), &json!({})).await, 200);
        admin.delete(&at("?permanent=true")).await.is(204);
        admin.get(&at("")).await.refused(404, 4002);
        admin.get(&of_first("/items")).await.refused(404, 4004);
        assert_eq!(place.json(&["audit", "verify"]).await["whole"], true);
        assert!(server.stop().await.success());
    }

    async fn items_may_come_as_json(db: Database) {
        let place = Place::on(&db);
        let (_server, admin, client) = place.begun().await;
        let asked = json!({"name": "Typed in", "type": "activity", "items": [
            {"original_label": "8\" DIP CL350", "description": "Ductile iron pipe", "metadata": {"unit": "LF"}},
            {"original_label": "8\" GATE VALVE MJ", "description": "Gate valve"},
            {"original_label": "something nobody knows"},
        ]});
        let accepted = one(&admin.post(&format!("/v1/clients/{client}/codebooks/upload"), &asked).await, 202);
        let job = wait(&admin, &accepted).await;
        let items = many(&admin.get(&format!("/v1/codebook-versions/{}/items", text(&job["result"]["version_id"]))).await);
        let codes: Vec<String> = items.iter().map(|it| text(&it["code"])).collect();
        assert!(codes.contains(&"2-DIP-08-P".to_owned()), "{codes:?}");
        assert!(codes.contains(&"UNCLASSIFIED-0001".to_owned()), "{codes:?}");
    }
}

/// Waits for a job at the application's own path.
async fn wait(asker: &Asker, accepted: &Json) -> Json {
    let job = text(&accepted["job_id"]);
    asker.finished(&accepted["job_id"]).await;
    let job = one(&asker.get(&format!("/v1/jobs/{job}")).await, 200);
    assert_eq!(job["status"], "completed", "{job}");
    job
}

/// Walks all pages forward and gives the number of different entries.
async fn paged(asker: &Asker, path: &str) -> usize {
    let mut seen = std::collections::BTreeSet::new();
    let mut next = path.to_owned();
    loop {
        let answer = asker.get(&next).await;
        for entry in many(&answer) {
            assert!(seen.insert(text(&entry["id"])), "{entry} came twice");
        }
        let pagination = answer.json()["pagination"].clone();
        assert_eq!(pagination["has_more"], pagination["next_cursor"].is_string());
        match pagination["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}&cursor={cursor}"),
            None => return seen.len(),
        }
    }
}

/// Takes webhook deliveries and answers them.
struct Sink {
    url: String,
    posts: Arc<Mutex<Vec<Post>>>,
    _running: JoinSet<()>,
}

#[derive(Debug, Clone)]
struct Post {
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

impl Sink {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let posts: Arc<Mutex<Vec<Post>>> = Arc::default();
        let mut running = JoinSet::new();
        let kept = posts.clone();
        running.spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut whole = Vec::new();
                let post = loop {
                    let mut chunk = [0; 8192];
                    let read = connection.read(&mut chunk).await.unwrap_or(0);
                    whole.extend(&chunk[..read]);
                    if let Some(post) = Post::parse(&whole) {
                        break Some(post);
                    }
                    if read == 0 {
                        break None;
                    }
                };
                kept.lock().await.extend(post);
                let _ = connection
                    .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                    .await;
            }
        });
        Self { url, posts, _running: running }
    }

    /// At least this many posts.
    async fn received(&mut self, count: usize) -> Vec<Post> {
        for _ in 0..200 {
            let posts = self.posts.lock().await.clone();
            if posts.len() >= count {
                return posts;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("only {:?} came", self.posts.lock().await);
    }
}

impl Post {
    /// The request, when all of it is there.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let header = |name: &str| {
            let line = head.lines().find(|it| it.to_lowercase().starts_with(&format!("{name}:")));
            line.and_then(|it| it.split_once(':')).map(|it| it.1.trim().to_owned())
        };
        let length: usize = header("content-length")?.parse().ok()?;
        (body.len() >= length).then(|| Self {
            id: header("webhook-id").unwrap_or_default(),
            timestamp: header("webhook-timestamp")
                .and_then(|it| it.parse().ok())
                .unwrap_or_default(),
            signature: header("webhook-signature").unwrap_or_default(),
            body: body.to_owned(),
        })
    }
}
