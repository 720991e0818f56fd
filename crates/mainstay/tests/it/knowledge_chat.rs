//! The application `knowledge-chat` from end to end, at the paths of its description: files are read
//! by the program itself, a script plays the model.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value as Json, json};
use testkit::{
    Database, file,
    model::{Reply, Script},
};

use crate::place::{Asker, NOBODY, Place, Server, entries, text};

const QUESTION: &str = "How often must the probe be calibrated?";
const MANUAL: [&str; 3] = [
    "The probe must be calibrated every four weeks with the reference fluid.",
    "The seal of the pump is changed once a year.",
    "When the light is red, call the laboratory.",
];

/// A place for the application, with the model that a script plays.
fn place(db: &Database, script: &Script) -> Place {
    Place::on(db)
        .of_app("knowledge-chat")
        .without_limits()
        .with("OPENAI_BASE_URL", &script.base_url())
        .with("OPENAI_API_KEY", "scripted")
        .with("OPENAI_MODEL", "scripted")
        .with("OPENAI_EMBEDDING_MODEL", "scripted-embed")
}

/// Somebody new.
async fn signed_up(server: &Server, email: &str) -> Asker {
    let asked = json!({"name": "Ann", "email": email, "password": "a long enough password"});
    let tokens = server.nobody().post("/api/auth/signup", &asked).await.is(201);
    server.with(&text(&tokens["access_token"]))
}

/// Waits until a chat has this title, which a model finds behind the answer.
async fn titled(asker: &Asker, chat: &str, title: &str) {
    let began = Instant::now();
    loop {
        let chats = asker.get("/api/chats").await.is(200);
        if entries(&chats["items"]).iter().any(|it| it["id"] == *chat && it["title"] == *title) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{chats}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a document is ready.
async fn ready(asker: &Asker, id: &Json) -> Json {
    let path = format!("/api/v1/documents/{}", text(id));
    let began = Instant::now();
    loop {
        let found = asker.get(&path).await.is(200);
        match found["status"].as_str() {
            Some("ready") => return found,
            Some("failed") => panic!("{found}"),
            _ => assert!(began.elapsed() < Duration::from_secs(60), "{found}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An event of an answer: id, name, what is told.
type Told = (String, String, Json);

/// Events of an answer, until enough were told or it ends.
async fn told(request: RequestBuilder, enough: impl Fn(&[Told]) -> bool) -> Vec<Told> {
    let mut response = request.send().await.expect("the server answers");
    assert_eq!(response.status(), 200);
    let (mut text, mut events) = (String::new(), Vec::new());
    // The server may die meanwhile.
    while let Ok(Some(piece)) = response.chunk().await {
        text.push_str(&String::from_utf8_lossy(&piece));
        while let Some((block, rest)) = text.split_once("\n\n") {
            events.extend(event(block));
            text = rest.to_owned();
        }
        if enough(&events) {
            break;
        }
    }
    events
}

fn event(block: &str) -> Option<Told> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|it| it.strip_prefix(name)?.strip_prefix(':')).map(|it| it.trim().to_owned())
    };
    Some((field("id")?, field("event")?, serde_json::from_str(&field("data")?).ok()?))
}

fn deltas(events: &[Told]) -> usize {
    events.iter().filter(|it| it.1 == "delta").count()
}

fn words(events: &[Told]) -> String {
    let deltas = events.iter().filter(|it| it.1 == "delta");
    deltas.filter_map(|it| it.2["content"].as_str()).collect()
}

fn stage<'a>(events: &'a [Told], name: &str) -> &'a Json {
    let mut told = events.iter().map(|it| &it.2);
    told.find(|it| it["stage"] == name).unwrap_or_else(|| panic!("no {name} in {events:?}"))
}

fn stream(asker: &Asker, body: &Json) -> RequestBuilder {
    asker.request(Method::POST, "/api/chat/ask/stream").json(body)
}

fn long(words: usize) -> String {
    (0..words).map(|at| format!("word{at} ")).collect()
}

testkit::on_both! {
    async fn the_worked_example_of_the_description_comes_out_as_it_says(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let ann = signed_up(&server, "ann@example.com").await;

        // A manual of three pages, and the same once more.
        let pdf = file::pdf(&MANUAL);
        let put = ann.upload("/api/v1/upload-file", &[("title", "Manual")], "manual.pdf", &pdf).await.is(201);
        assert_eq!(put["status"], "pending", "{put}");
        let manual = ready(&ann, &put["document_id"]).await;
        assert_eq!((&manual["pages"], &manual["type"]), (&json!(3), &json!("pdf")));
        assert!(manual["chunks_created"].as_u64() >= Some(3), "{manual}");
        let embedded = || script.requests().iter().filter(|it| it.path.ends_with("/embeddings")).count();
        let before = embedded();
        let again = ann.upload("/api/v1/upload-file", &[], "again.pdf", &pdf).await.is(201);
        assert_eq!(again["same_as"], put["document_id"], "{again}");
        ready(&ann, &again["document_id"]).await;
        assert_eq!(embedded(), before, "nothing is embedded twice");
        ann.delete(&format!("/api/v1/documents/{}", text(&again["document_id"]))).await.is(204);

        // A question in a new chat.
        script.answers(Reply::text("Every four weeks [1].").tokens(90, 8));
        script.always(|_| Reply::text("Probe calibration"));
        let events = told(stream(&ann, &json!({"question": QUESTION})), |_| false).await;
        assert_eq!(stage(&events, "rag_gate")["rag_enabled"], true);
        assert_eq!(stage(&events, "retrieval")["engine"], "builtin");
        let done = &events.last().expect("the end").2;
        assert_eq!((&done["tokens_used"], done["citations"].as_array().map(Vec::len)), (&json!(98), Some(1)));
        assert_eq!((&done["citations"][0]["title"], &done["citations"][0]["page"]), (&json!("Manual"), &json!(1)));
        assert_eq!(words(&events), "Every four weeks [1].");
        let chat = text(&done["chat_id"]);
        titled(&ann, &chat, "Probe calibration").await;

        // What the manual does not hold.
        script.answers(Reply::text("My sources do not say that [1]."));
        let asked = json!({"question": "Zebras, giraffes?", "chat_id": chat});
        let answer = ann.post("/api/chat/ask", &asked).await.is(200);
        assert_eq!(answer["citations"], json!([]), "{answer}");
        assert_eq!(answer["answer_message"]["content"], "My sources do not say that.");

        // A prompt of one's own.
        let prompt = "/api/v1/settings/system-prompt";
        let own = json!({"system_prompt": "Answer in one sentence."});
        ann.ask(Method::PUT, prompt, Some(&own)).await.is(200);
        assert_eq!(ann.get(prompt).await.is(200)["system_prompt"], own["system_prompt"]);
        script.answers(Reply::text("Every four weeks [1]."));
        let answer = ann.post("/api/chat/ask", &json!({"question": QUESTION, "chat_id": chat})).await.is(200);
        assert_eq!(answer["citations"][0]["number"], 1);
        let asked = script.requests().into_iter().rev().find(|it| it.prompt().contains(QUESTION));
        assert!(asked.is_some_and(|it| it.prompt().contains("Answer in one sentence.")));
        ann.delete(prompt).await.is(200);
        let long_prompt = json!({"system_prompt": "a".repeat(2_001)});
        ann.ask(Method::PUT, prompt, Some(&long_prompt)).await.is(422);

        // A connection that is cut after ten deltas.
        script.answers(Reply::text(long(150)).paced(Duration::from_millis(10)));
        let mut heard = told(stream(&ann, &json!({"question": "Count.", "chat_id": chat})), |it| deltas(it) >= 10).await;
        let last = heard.last().expect("something was heard").0.clone();
        let rest = stream(&ann, &json!({"question": "Count.", "chat_id": chat})).header("last-event-id", last);
        heard.extend(told(rest, |_| false).await);
        assert_eq!(words(&heard).trim_end(), long(150).trim_end());

        // Renamed, listed, exported, deleted; nobody else sees it.
        let notes = json!({"Title": "Notes", "Content": "The fluid is blue.", "ChatId": chat});
        let notes = ann.post("/api/documents", &notes).await.is(201);
        ready(&ann, &notes["id"]).await;
        let attached = ann.get(&format!("/api/documents/by-chat/{chat}")).await.is(200);
        assert_eq!((entries(&attached["items"]).len(), &attached["items"][0]["title"]), (1, &json!("Notes")));
        let content = ann.get(&format!("/api/documents/{}/content", text(&notes["id"]))).await.is(200);
        assert_eq!(content["content"], "The fluid is blue.");
        let at = |rest: &str| format!("/api/chat/{chat}{rest}");
        ann.post(&at("/title"), &json!({"title": ""})).await.is(422);
        assert_eq!(ann.post(&at("/title"), &json!({"title": "Probes"})).await.is(200)["title"], "Probes");
        let listed = ann.get("/api/chats").await.is(200);
        assert_eq!((&listed["total"], &listed["items"][0]["title"]), (&json!(1), &json!("Probes")));
        assert_eq!(ann.post(&at("/auto-title"), &json!({})).await.is(200)["title"], "Probe calibration");
        let export = ann.get(&at("/export")).await.is(200);
        assert_eq!((export["chat"]["id"].as_str(), entries(&export["messages"]).len()), (Some(chat.as_str()), 8));
        let bob = signed_up(&server, "bob@example.com").await;
        for path in [at("/messages"), at("/export"), at("/messages/paged")] {
            bob.get(&path).await.is(404);
            server.admin().await.get(&path).await.is(404);
        }
        let gone = ann.delete(&at("")).await.is(200);
        assert_eq!((&gone["deleted"], &gone["chat_id"]), (&json!(true), &json!(chat)));
        ann.get(&at("/messages")).await.is(404);
        ann.get(&format!("/api/v1/documents/{}", text(&notes["id"]))).await.is(404);
    }

    async fn without_the_engine_the_same_question_is_answered_from_the_vectors_themselves(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let ann = signed_up(&server, "ann@example.com").await;
        let put = ann.upload("/api/v1/upload-file", &[("title", "Manual")], "manual.pdf", &file::pdf(&MANUAL)).await.is(201);
        ready(&ann, &put["document_id"]).await;
        let asked = json!({"question": QUESTION});
        script.answers(Reply::text("Every four weeks [1]."));
        script.always(|_| Reply::text("Probe calibration"));
        let events = told(stream(&ann, &asked), |_| false).await;
        assert_eq!(stage(&events, "retrieval")["engine"], "builtin");
        let mut cited = events.last().expect("the end").2["citations"].clone();
        let near = cited[0]["score"].take().as_f64().expect("a score");
        assert!(server.stop().await.success());

        // The vectors that serve are in an engine now at whose address nobody listens.
        db.raw("UPDATE knowledge_spaces SET engine = 'qdrant' WHERE state = 'serving'").await;
        let place = place.with("VECTOR_ENGINE", "qdrant").with("QDRANT_URL", &format!("http://{NOBODY}"));
        let server = place.serve().await;
        let ann = server.sign_in("ann@example.com", "a long enough password").await;
        script.answers(Reply::text("Every four weeks [1]."));
        let events = told(stream(&ann, &asked), |_| false).await;
        let retrieval = stage(&events, "retrieval");
        assert_eq!(retrieval["engine"], "exact", "{retrieval}");
        assert!(retrieval["degraded"].is_string(), "it says how it looked: {retrieval}");
        let mut done = events.last().expect("the end").2.clone();
        // The engine keeps shorter numbers than the rows do.
        let exact = done["citations"][0]["score"].take().as_f64().expect("a score");
        assert!((exact - near).abs() < 0.001, "{exact} and {near}");
        assert_eq!(done["citations"], cited, "the same passage of the same page");
        let began = Instant::now();
        loop {
            let health = server.nobody().get("/health").await.json();
            if health["checks"]["vector_index"]["status"] == "degraded" {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{health}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn every_endpoint_answers_as_it_is_described(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::text("So it is [1].").tokens(20, 5));
        let place = place(&db, &script);
        let server = place.serve().await;

        // Accounts.
        let asked = json!({"name": "Ann", "email": "Ann@Example.com", "password": "a long enough password"});
        let tokens = server.nobody().post("/api/auth/signup", &asked).await.is(201);
        assert_eq!((&tokens["email"], &tokens["name"]), (&json!("Ann@Example.com"), &json!("Ann")));
        for part in ["access_token", "token_type", "user_id", "expires_in", "created_at"] {
            assert!(!tokens[part].is_null(), "no {part} in {tokens}");
        }
        server.nobody().post("/api/auth/signup", &asked).await.is(400);
        let short = json!({"name": "Al", "email": "al@example.com", "password": "short"});
        server.nobody().post("/api/auth/signup", &short).await.is(422);
        let wrong = json!({"email": "ann@example.com", "password": "something else"});
        server.nobody().post("/api/auth/login", &wrong).await.is(401);
        let ann = server.sign_in("ann@example.com", "a long enough password").await;
        let me = ann.get("/api/auth/me").await.is(200);
        assert_eq!(me["user_id"], tokens["user_id"]);
        assert_eq!(me["preferences"], json!({"system_prompt": null, "prompt_updated_at": null}));
        let renamed = ann.ask(Method::PUT, "/api/auth/profile", Some(&json!({"name": "Anna"}))).await;
        assert_eq!(renamed.is(200)["name"], "Anna");
        let said = json!({"description": "Calibrates probes."});
        let said = ann.ask(Method::PUT, "/api/auth/profile", Some(&said)).await.is(200);
        assert_eq!((&said["description"], &said["picture"]), (&json!("Calibrates probes."), &Json::Null));
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
        let shown = ann.upload("/api/auth/upload-avatar", &[], "me.png", png).await.is(200);
        let picture = ann.get(&text(&shown["picture"])).await;
        assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
        assert_eq!(picture.bytes, png);
        ann.upload("/api/auth/upload-avatar", &[], "me.png", b"no picture").await.is(400);
        server.nobody().post("/api/auth/google", &json!({"id_token": "x"})).await.is(404);
        let change = |old: &str, new: &str| json!({"currentPassword": old, "newPassword": new});
        let put = |body: Json| {
            let ann = ann.clone();
            async move { ann.ask(Method::PUT, "/api/auth/change-password", Some(&body)).await }
        };
        put(change("something else", "another long password")).await.is(400);
        put(json!({})).await.is(422);
        put(change("a long enough password", "another long password")).await.is(200);
        let ann = server.sign_in("ann@example.com", "another long password").await;
        ann.get("/api/users").await.is(403);
        let admin = server.admin().await;
        assert!(entries(&admin.get("/api/users").await.is(200)["items"]).len() >= 2);

        // Documents.
        let metadata = [("metadata", r#"{"fileType": "text"}"#), ("summary", "Of probes.")];
        let put = ann.upload("/api/v1/upload-file", &metadata, "care.txt", MANUAL.join("\n\n").as_bytes()).await.is(201);
        let found = ready(&ann, &put["document_id"]).await;
        assert_eq!((&found["metadata"]["fileType"], &found["summary"]), (&json!("text"), &json!("Of probes.")));
        let at = |id: &Json, rest: &str| format!("/api/v1/documents/{}{rest}", text(id));
        let content = ann.get(&at(&put["document_id"], "/content")).await.is(200);
        assert!(text(&content["content"]).contains("reference fluid"), "{content}");
        assert_eq!(ann.get("/api/v1/documents").await.is(200)["total"], 1);
        ann.upload("/api/v1/upload-file", &[("metadata", "{")], "a.txt", b"Words.").await.is(400);
        ann.upload("/api/v1/upload-file", &[], "a.pdf", b"\x89PNG\r\n\x1a\n0000").await.is(400);
        ann.upload("/api/v1/upload-file", &[], "a.txt", b"  \n").await.is(422);
        ann.upload("/api/v1/upload-file", &[], "a.txt", &vec![b'a'; 5 * 1024 * 1024 + 1]).await.is(413);
        ann.get("/api/v1/documents/01a1fc96-0241-7626-afe9-000000000000/content").await.is(404);
        let summed_up = ann.post(&at(&put["document_id"], "/summary"), &json!({})).await.is(200);
        assert_eq!(summed_up["summary"], "So it is [1].");
        let search = json!({"query": QUESTION, "max_results": 5, "relevance_threshold": 0.2, "include_chunks": true, "chunk_size": 400, "search_type": "hybrid"});
        let found = ann.post("/api/v1/search", &search).await.is(200);
        let result = &found["results"][0];
        assert_eq!(result["document"]["id"], put["document_id"]);
        for part in ["relevance_score", "semantic_similarity", "excerpt", "top_chunks"] {
            assert!(!result[part].is_null(), "no {part} in {result}");
        }
        ann.post("/api/v1/search", &json!({"query": ""})).await.is(400);
        let inside = ann.post("/api/v1/scrape-website", &json!({"url": "http://127.0.0.1:1/"})).await;
        assert_eq!(inside.is(422)["code"], "page_refused");
        let site = json!({"url": "http://127.0.0.1:1/", "max_pages": 3, "crawl_internal_links": true, "combine_into_single_document": false});
        let site = ann.post("/api/v1/bulk-scrape-website", &site).await;
        assert!(matches!(site.status, 202 | 422), "{}", site.text());
        ann.post("/api/v1/bulk-scrape-website", &json!({"url": "https://example.com", "max_pages": 101})).await.is(422);

        // Questions.
        let once = ann.post("/api/v1/ask", &json!({"question": QUESTION, "web_search_enabled": true})).await.is(200);
        for part in ["answer", "confidence", "sources_used", "citations", "processing_time"] {
            assert!(!once[part].is_null(), "no {part} in {once}");
        }
        let answer = ann.post("/api/chat/ask", &json!({"question": QUESTION, "context": "In the lab."})).await.is(200);
        for part in ["chat_id", "question_message", "answer_message", "model_used", "tokens_used", "input_truncated", "original_question_length", "used_question_length"] {
            assert!(!answer[part].is_null(), "no {part} in {answer}");
        }
        let chat = text(&answer["chat_id"]);
        let paged = ann.get(&format!("/api/chat/{chat}/messages/paged?limit=1")).await.is(200);
        assert_eq!(paged["items"][0]["role"], "user");
        let next = format!("/api/chat/{chat}/messages/paged?limit=1&cursor={}", text(&paged["next_cursor"]));
        assert_eq!(ann.get(&next).await.is(200)["items"][0]["role"], "assistant");
        let again = ann.post(&format!("/api/chat/{chat}/regenerate"), &json!({})).await.is(200);
        assert_ne!(again["answer_message"]["id"], answer["answer_message"]["id"]);
        assert_eq!(ann.get("/api/my/chats?limit=200").await.is(200)["total"], 1);
        ann.get("/api/chats?limit=201").await.is(422);

        // Diagnostics.
        ann.get("/api/v1/stats").await.is(403);
        let stats = admin.get("/api/v1/stats").await.is(200);
        assert_eq!((&stats["total_questions_processed"], &stats["queries_today"]), (&json!(3), &json!(3)), "{stats}");
        for part in ["average_response_time", "average_response_time_ms", "uptime_hours", "system_health", "status_message", "vector_engine_available", "cache_hit_rate", "documents_count", "total_size", "similarity_searches_performed", "documents_uploaded", "websocket_connections_total", "active_connections", "api_calls_total", "detailed_stats", "version"] {
            assert!(!stats[part].is_null(), "no {part} in {stats}");
        }
        let health = server.nobody().get("/health").await;
        assert!(matches!(health.status, 200 | 503), "{}", health.text());
        assert!(health.json()["checks"].get("vector_index").is_some(), "{}", health.text());
        for (part, inside) in [("services", "api"), ("services", "vector_engine"), ("services", "websocket"), ("services", "cache"), ("metrics", "uptime_seconds"), ("metrics", "requests")] {
            assert!(!health.json()[part][inside].is_null(), "no {inside} in {}", health.text());
        }
        admin.get("/__debug/routes").await.is(404);
        server.nobody().get("/api/chats").await.is(401);
        ann.delete(&at(&put["document_id"], "")).await.is(204);
        ann.delete(&at(&put["document_id"], "")).await.is(404);
    }

    async fn an_answer_whose_server_is_killed_is_heard_to_where_it_came_and_ends_with_a_word(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let ann = signed_up(&server, "ann@example.com").await;
        script.answers(Reply::text(long(3_000)).paced(Duration::from_millis(10)));
        let mut heard = told(stream(&ann, &json!({"question": "Count."})), |it| deltas(it) >= 10).await;
        server.kill().await;

        let server = place.serve().await;
        let ann = server.sign_in("ann@example.com", "a long enough password").await;
        let last = heard.last().expect("something was heard").0.clone();
        let rest = stream(&ann, &json!({"question": "Count."})).timeout(Duration::from_secs(60));
        heard.extend(told(rest.header("last-event-id", last), |_| false).await);
        let (_, name, failed) = heard.last().expect("the end").clone();
        assert_eq!((name.as_str(), &failed["code"]), ("error", &json!("interrupted")), "{failed}");
        assert!(long(3_000).starts_with(&words(&heard)), "every word once, in order");
        let numbers: Vec<usize> = heard.iter().filter_map(|it| it.0.split_once(':')?.1.parse().ok()).collect();
        assert_eq!(numbers, (1..=heard.len()).collect::<Vec<_>>());
        let chats = ann.get("/api/chats").await.is(200);
        let said = ann.get(&format!("/api/chat/{}/messages", text(&chats["items"][0]["id"]))).await.is(200);
        assert_eq!((&said["items"][1]["state"], said["items"][1]["content"].as_str()), (&json!("interrupted"), Some(words(&heard).as_str())));
    }

    async fn a_server_that_is_asked_to_stop_keeps_what_was_written(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let ann = signed_up(&server, "ann@example.com").await;
        script.answers(Reply::text(long(9_000)).paced(Duration::from_millis(10)));
        let request = stream(&ann, &json!({"question": "Count."})).timeout(Duration::from_secs(60));
        let begun = tokio::sync::Notify::new();
        let listening = told(request, |it| {
            if deltas(it) >= 5 { begun.notify_one(); }
            false
        });
        let stopping = async {
            let waited = tokio::time::timeout(Duration::from_secs(30), begun.notified()).await;
            waited.expect("an answer begins");
            server.stop().await
        };
        let (heard, status) = tokio::join!(listening, stopping);
        assert_eq!(status.code(), Some(0), "{}", place.log());
        let (_, name, failed) = heard.last().expect("the end").clone();
        assert_eq!((name.as_str(), &failed["code"]), ("error", &json!("interrupted")), "{failed}");
        let server = place.serve().await;
        let ann = server.sign_in("ann@example.com", "a long enough password").await;
        let chats = ann.get("/api/chats").await.is(200);
        let said = ann.get(&format!("/api/chat/{}/messages", text(&chats["items"][0]["id"]))).await.is(200);
        assert_eq!(said["items"][1]["content"].as_str(), Some(words(&heard).as_str()));
    }
}
