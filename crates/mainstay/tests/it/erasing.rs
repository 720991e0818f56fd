//! One person erased, with `kill -9` in the middle of it, and from the command line; a tenant's documents
//! and everything else of it carried out and in.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};
use store::{Options, Store, params};
use testkit::Database;
use tokio::task::JoinSet;

use crate::place::{Asker, Place, Server, entries, text};

/// More chats than are removed between two looks at how many there are.
const CHATS: u64 = 3_000;

/// Somebody new, and under which id.
async fn signed_up(server: &Server, email: &str) -> (Asker, String) {
    let asked = json!({"name": "Ann", "email": email, "password": "a long enough password"});
    let tokens = server.nobody().post("/api/auth/signup", &asked).await.is(201);
    (server.with(&text(&tokens["access_token"])), text(&tokens["user_id"]))
}

/// Chats of somebody, each with a message.
async fn chats_of(db: &Database, owner: &str) {
    let id = |kind: &str| match db.is_postgres() {
        true => format!("'01930000-0000-7000-{kind}-' || lpad(to_hex(n), 12, '0')"),
        false => format!("printf('01930000-0000-7000-{kind}-%012x', n)"),
    };
    let tenant = base::TenantId::DEFAULT;
    let (chat, message) = (id("8000"), id("9000"));
    db.raw(&format!(
        "INSERT INTO assistant_chats
                (id, tenant, assistant, owner, title, is_named, created_at, updated_at)
         WITH RECURSIVE numbers (n) AS
                (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {CHATS})
         SELECT {chat}, '{tenant}', 'chat', '{owner}', 'A chat', 0, n, n FROM numbers;
         INSERT INTO assistant_messages
                (id, tenant, chat, seq, role, content, state, metadata, sources, citations, created_at)
         WITH RECURSIVE numbers (n) AS
                (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {CHATS})
         SELECT {message}, '{tenant}', {chat}, 1, 'user', 'How often?', 'whole', '{{}}', '[]', '[]', n
           FROM numbers;"
    ))
    .await;
}

async fn count(store: &Store, table: &str) -> u64 {
    let sql = format!("SELECT count(*) AS total FROM {table}");
    let read = move |db: &store::Db| db.one(sql.as_str(), &params![]);
    store.read(read).await.expect("the database answers").get("total").unwrap()
}

testkit::on_both! {
    async fn erasing_somebody_survives_a_kill_and_counts_right(db: Database) {
        let place = Place::on(&db).of_app("knowledge-chat").without_limits();
        let quick = ["--job-lease", "1"];
        let server = place.serve_with(&quick).await;
        let (_, ann) = signed_up(&server, "ann@example.com").await;
        let (bob, _) = signed_up(&server, "bob@example.com").await;
        bob.post("/api/chat/ask", &json!({"question": "How often?"})).await.is(200);
        chats_of(&db, &ann).await;
        let store = db.open(Options::default()).await;
        let admin = server.admin().await;
        let path = format!("/api/users/{ann}/erase");
        let mut busy = JoinSet::new();
        let asking = admin.clone();
        // The server dies before it answers.
        busy.spawn(async move { asking.try_ask(Method::POST, &path, Some(&json!({}))).await.is_ok() });
        let began = Instant::now();
        loop {
            let left = count(&store, "assistant_chats").await;
            assert!(left > 1, "it was done before it could be killed");
            if left < CHATS {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it does not begin");
        }
        server.kill().await;
        busy.join_all().await;

        let server = place.serve_with(&quick).await;
        let admin = server.with(&admin.token.unwrap());
        let began = Instant::now();
        let done = loop {
            let jobs = admin.get("/api/jobs?kind=user.erase").await.is(200);
            let ended = entries(&jobs["items"]).iter().find(|it| it["state"] == "completed").cloned();
            if let Some(ended) = ended {
                break ended;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{jobs}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let removed = &done["result"]["removed"];
        assert_eq!((&removed["chats"], &removed["messages"]), (&json!(CHATS), &json!(CHATS)), "{done}");
        assert_eq!(count(&store, "assistant_chats").await, 1, "bob's is there");
        assert_eq!(entries(&bob_again(&server).await["items"]).len(), 1);
        admin.get(&format!("/api/users/{ann}")).await.is(404);
        assert_eq!(place.json(&["audit", "verify"]).await["whole"], true);
        store.close().await;
    }

    async fn somebody_is_erased_from_the_command_line_once_that_is_meant(db: Database) {
        let place = Place::on(&db).of_app("knowledge-chat").without_limits();
        let server = place.serve().await;
        let (ann, id) = signed_up(&server, "ann@example.com").await;
        ann.post("/api/chat/ask", &json!({"question": "How often?"})).await.is(200);
        server.stop().await;

        let planned = place.run(&["users", "erase", "--email", "ann@example.com"]).await;
        assert_eq!(planned.code, 0, "{}", planned.err);
        assert!(planned.out.contains("chats") && planned.err.contains("--yes"), "{} {}", planned.out, planned.err);
        let again = place.json(&["user", "erase", "--email", "ann@example.com"]).await;
        assert_eq!((&again["user"], &again["dry_run"]), (&json!(id), &json!(true)), "{again}");
        assert_eq!((&again["counts"]["chats"], &again["counts"]["messages"]), (&json!(1), &json!(2)));

        let done = place.json(&["user", "erase", "--email", "ann@example.com", "--yes"]).await;
        assert_eq!(done["counts"], again["counts"], "what was planned is what was done");
        let users = place.json(&["user", "list"]).await;
        assert!(!users.to_string().contains("ann@example.com"), "{users}");
        let gone = place.run(&["user", "erase", "--email", "ann@example.com", "--yes"]).await;
        assert!(gone.code == 1 && gone.err.contains("there is no user"), "{}", gone.err);
    }
}

testkit::on_both! {
    async fn everything_of_a_tenant_is_written_out_and_its_documents_go_elsewhere(db: Database) {
        let place = Place::on(&db).of_app("knowledge-chat").without_limits();
        let server = place.serve().await;
        let (ann, _) = signed_up(&server, "ann@example.com").await;
        let chat = text(&ann.post("/api/chat/ask", &json!({"question": "How often?"})).await.is(200)["chat_id"]);
        server.stop().await;
        let manual = place.file("manual.md", b"# Manual\n\nThe probe must be calibrated every four weeks.\n");
        let added = place.json(&["documents", "add", "--tag", "lab", &manual]).await;
        assert_eq!(added["documents"][0]["state"], "ready", "{added}");

        let whole = place.file("whole.json", b"");
        let told = place.json(&["tenant", "export", &whole]).await;
        assert_eq!((&told["rows"]["chats"], &told["rows"]["messages"], &told["rows"]["documents"]), (&json!(1), &json!(2), &json!(1)), "{told}");
        let mode = std::fs::metadata(&whole).unwrap().permissions();
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777;
        assert_eq!(mode, 0o600, "chats are in it");
        let read: Json = serde_json::from_slice(&std::fs::read(&whole).unwrap()).expect("it is JSON");
        assert_eq!((read["chats"][0]["id"].as_str(), &read["left_out"]), (Some(chat.as_str()), &json!([])));
        assert_eq!(read["messages"][0]["content"], "How often?");
        assert_eq!(entries(&read["messages"][0]["sources"]).len(), 0, "what is JSON is not a text of it");
        assert!(text(&read["texts"][0]["text"]).contains("every four weeks"), "{read}");
        assert_eq!(read["documents"][0]["sha256"].as_str().map(str::len), Some(64));
        let log = place.json(&["audit", "list"]).await;
        assert!(log.to_string().contains("tenant_exported"), "{log}");

        let carried = place.file("documents.jsonl", b"");
        assert_eq!(place.json(&["documents", "export", &carried]).await["documents"], 1);
        let elsewhere = Database::sqlite();
        let other = Place::on(&elsewhere).of_app("knowledge-chat");
        other.serve().await.stop().await;
        let taken = other.json(&["documents", "import", &carried]).await;
        let document = &taken["documents"][0];
        assert_eq!((&document["state"], &document["tags"]), (&json!("ready"), &json!(["lab"])), "{taken}");
        let shown = other.done(&["documents", "show", &text(&document["id"]), "--text"]).await;
        assert!(shown.contains("every four weeks"), "{shown}");

        // Begun anew after it was broken off: what is there is left alone, and what is wrong is named.
        let again = other.json(&["documents", "import", &carried]).await;
        assert_eq!(again["documents"], json!([]), "{again}");
        let broken = other.file("broken.jsonl", b"{\"version\": 1}\n");
        let refused = other.run(&["documents", "import", &broken, "--json"]).await;
        assert!(refused.code == 1 && refused.out.contains("line 1"), "{}", refused.out);
    }
}

/// What bob sees of his chats.
async fn bob_again(server: &Server) -> Json {
    server
        .sign_in("bob@example.com", "a long enough password")
        .await
        .get("/api/chats")
        .await
        .is(200)
}
