//! The end of a tenant, and of one person: nothing of theirs is left in any table, whoever adds one.

use std::time::Duration;

use apps::{
    question::conversation::{self, Conversation},
    record::{self, RecordError},
};
use base::{ChatId, Permission, Role, Scope, TenantId};
use identity::{
    Caller, Reach,
    key::{self, Mode},
};
use serde_json::{Value as Json, json};
use store::Row;
use testkit::Database;

use crate::house::{Asker, House};

/// What keeps rows of an erased tenant, and why.
const STAYS: [(&str, &str); 4] = [
    ("audit_log", "what was done outlives what it was done to"),
    ("audit_heads", "without it nobody could prove that the log is whole"),
    ("marks", "numbers, by which other processes learn that what they keep counts no more"),
    (
        "knowledge_changes",
        "ids, by which engines of vectors learn what is gone; swept when they did",
    ),
];

/// An id that every text of the rows made here is, so that rows that belong together find each other.
const ID: &str = "0190b6f2-0000-7000-8000-0000000000aa";

/// Rows may say anything from here on: what is proved is that they go.
const NO_CHECKS: &str = "
    DO $$
    DECLARE found record;
    BEGIN
        FOR found IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
                      WHERE contype = 'c' AND conrelid <> 0
                        AND connamespace = current_schema()::regnamespace
        LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname);
        END LOOP;
    END $$;";

/// Tables with one of these columns, and the column.
async fn tables(house: &House, columns: &[&str]) -> Vec<(String, String)> {
    let names: Vec<String> = columns.iter().map(|it| format!("'{it}'")).collect();
    let names = names.join(", ");
    let sqlite = format!(
        "SELECT m.name AS name, p.name AS held FROM sqlite_master m, pragma_table_info(m.name) p
          WHERE m.type = 'table' AND p.name IN ({names}) ORDER BY 1, 2"
    );
    let postgres = format!(
        "SELECT CAST(c.table_name AS TEXT) AS name, CAST(c.column_name AS TEXT) AS held
           FROM information_schema.columns c JOIN information_schema.tables t
             ON t.table_schema = c.table_schema AND t.table_name = c.table_name
          WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
            AND c.column_name IN ({names}) ORDER BY 1, 2"
    );
    let rows = rows(house, sqlite, postgres).await;
    rows.iter().map(|it| (it.get("name").unwrap(), it.get("held").unwrap())).collect()
}

async fn rows(house: &House, sqlite: String, postgres: String) -> Vec<Row> {
    let read = move |db: &store::Db| {
        db.query(store::Sql { sqlite: &sqlite, postgres: &postgres }, &store::params![])
    };
    house.store.read(read).await.expect("the database answers")
}

/// How many rows of a table have this value in a column.
async fn held(house: &House, table: &str, column: &str, value: &str) -> i64 {
    let sql = format!("SELECT count(*) AS total FROM {table} WHERE {column} = '{value}'");
    rows(house, sql.clone(), sql).await[0].get("total").unwrap()
}

/// A row of a tenant, with nothing in it but what must be.
async fn row_of(house: &House, db: &Database, table: &str, tenant: TenantId) -> String {
    let sqlite = format!(
        "SELECT name AS name, lower(type) AS kind FROM pragma_table_info('{table}')
          WHERE (\"notnull\" = 1 OR pk > 0) AND dflt_value IS NULL
            AND NOT (pk > 0 AND lower(type) = 'integer')"
    );
    let postgres = format!(
        "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS kind
           FROM information_schema.columns
          WHERE table_schema = current_schema() AND table_name = '{table}'
            AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
            AND is_generated = 'NEVER'"
    );
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for column in rows(house, sqlite, postgres).await {
        let (name, kind): (String, String) =
            (column.get("name").unwrap(), column.get("kind").unwrap());
        values.push(match kind.as_str() {
            _ if name == "tenant" || name == "tenant_id" => format!("'{tenant}'"),
            "text" | "character varying" => format!("'{ID}'"),
            "json" | "jsonb" => "'{}'".to_owned(),
            "integer" | "bigint" | "smallint" | "real" | "double precision" => "1".to_owned(),
            "boolean" => "true".to_owned(),
            "blob" => "x'00'".to_owned(),
            "bytea" => "'\\x00'".to_owned(),
            "tsvector" => "''".to_owned(),
            other => panic!("this test knows no {other}, which {table}.{name} is"),
        });
        columns.push(name);
    }
    // A column that may be empty names the tenant all the same.
    let places = tables(house, &["tenant", "tenant_id"]).await;
    let place = places.into_iter().find(|it| it.0 == table).map(|it| it.1);
    if let Some(place) = place.filter(|it| !columns.contains(it)) {
        columns.push(place);
        values.push(format!("'{tenant}'"));
    }
    let (columns, values) = (columns.join(", "), values.join(", "));
    let ignore = if db.is_postgres() { "" } else { "PRAGMA ignore_check_constraints = ON;" };
    format!("{ignore} INSERT INTO {table} ({columns}) VALUES ({values});")
}

/// Somebody with a little of everything, and the names under which it is kept.
struct Person {
    id: String,
    email: String,
    password: String,
    asker: Asker,
    names: Vec<String>,
    shared: String,
}

async fn person(house: &House) -> Person {
    let (email, password) = house.user(Role::Editor, Reach::Tenant(house.here)).await;
    let login = json!({"email": email, "password": password});
    let tokens = house.nobody().post("/api/auth/login", login).await.is(200);
    let asker = house.with(text(&tokens["access_token"]));
    let id = text(&asker.get("/api/me").await.is(200)["id"]);
    let new = key::New {
        tenant: house.here,
        name: "a script".into(),
        scopes: vec![Scope::Read],
        mode: Mode::Live,
        expires_at: None,
        user: Some(id.parse().unwrap()),
    };
    let key = key::create(&house.identity, &Caller::house(), new).await.expect("a key").0;
    let tenant = house.here;
    let prompt = json!({"tenant": tenant, "system_prompt": "Be brief."});
    asker.put("/api/assistants/prompt", prompt).await.is(200);
    let question = json!({"tenant": tenant, "question": "How often is the probe calibrated?"});
    let chat = text(&asker.post("/api/ask", question).await.is(200)["chat_id"]);
    let said = asker.get(&format!("/api/chats/{chat}/messages")).await.is(200);
    let answer = said["items"].as_array().and_then(|it| it.last()).expect("an answer");
    let thought =
        json!({"subject": answer["id"], "verdict": "up", "words": "Good.", "share": true});
    asker.post("/api/feedback", thought).await.is(200);
    let mut documents = Vec::new();
    for more in [json!({"chat": chat}), json!({"shared": false}), json!({"shared": true})] {
        let mut wish =
            json!({"tenant": tenant, "title": "Notes", "content": format!("Notes {more}")});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        documents.push(text(&asker.post("/api/documents", wish).await.is(201)["id"]));
    }
    let memo = json!({"tenant": tenant, "task": "reading", "text": "All is well."});
    asker.post("/api/results", memo).await.is(200);
    let (owner, now) = (id.clone(), house.clock.now());
    let nobody = base::Actor::house();
    let begun = house.store.write(&nobody, now, move |tx| {
        let conversation = Conversation {
            id: ChatId::generate(),
            tenant,
            owner: owner.clone(),
            questions: "shop".into(),
            title: "How many shelves?".into(),
            created_at: now,
            updated_at: now,
            expires_at: now + jiff::SignedDuration::from_hours(24),
        };
        conversation::create(tx, &conversation)?;
        tx.execute(
            "INSERT INTO question_runs (id, tenant, questions, owner, question, was_answered, language,
                                        response_ms, tokens_used, from_cache, at)
             VALUES ($1, $2, 'shop', $3, 'How many?', 1, 'en', 1, 1, 0, $4)",
            &store::params![base::RunId::generate(), tenant, owner, now],
        )?;
        Ok::<_, store::Error>(())
    });
    begun.await.expect("a conversation");
    let names = vec![id.clone(), key.id.to_string()];
    let shared = documents.pop().expect("a shared document");
    Person { id, email, password, asker, names, shared }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// What is left of somebody, table by table.
async fn left(house: &House, person: &Person) -> Vec<String> {
    let mut left = Vec::new();
    for (table, column) in tables(house, &["owner", "user_id"]).await {
        for name in &person.names {
            if held(house, &table, &column, name).await > 0 {
                left.push(format!("{table}.{column}"));
            }
        }
    }
    for table in ["memos", "readings"] {
        let sql = format!(
            "SELECT count(*) AS total FROM records WHERE collection = '{table}' AND created_by = '{}'",
            person.id
        );
        if rows(house, sql.clone(), sql).await[0].get::<i64>("total").unwrap() > 0 {
            left.push(table.to_owned());
        }
    }
    let about = format!(
        "SELECT count(*) AS total FROM jobs WHERE created_by = '{}' AND subject IS NOT NULL",
        person.id
    );
    if rows(house, about.clone(), about).await[0].get::<i64>("total").unwrap() > 0 {
        left.push("jobs about what was theirs".to_owned());
    }
    left
}

testkit::on_both! {
    async fn an_erased_tenant_leaves_no_row_in_any_table_that_knows_tenants(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let tenant = house.there;
        if db.is_postgres() {
            db.raw(NO_CHECKS).await;
        }
        let all = tables(&house, &["tenant", "tenant_id"]).await;
        let all: Vec<_> = all.into_iter().filter(|it| STAYS.iter().all(|stays| stays.0 != it.0)).collect();
        assert!(all.len() > 30, "only {} tables know tenants: {all:?}", all.len());
        for (table, _) in &all {
            let row = row_of(&house, &db, table, tenant).await;
            db.raw(&row).await;
        }
        // What belongs to its users knows the tenant by them alone.
        let of_users: Vec<_> = tables(&house, &["user_id"])
            .await
            .into_iter()
            .filter(|it| all.iter().all(|known| known.0 != it.0))
            .collect();
        for (table, _) in &of_users {
            let row = row_of(&house, &db, table, tenant).await;
            db.raw(&row).await;
        }
        for (table, column) in &all {
            assert!(held(&house, table, column, &tenant.to_string()).await > 0, "{table} has nothing to lose");
        }
        for (table, column) in &of_users {
            assert_eq!(held(&house, table, column, ID).await, 1, "{table} has nothing to lose");
        }
        owner.delete(&format!("/api/tenants/{tenant}?permanent=true")).await.is(204);
        for (table, column) in &all {
            let left = held(&house, table, column, &tenant.to_string()).await;
            assert_eq!(left, 0, "{table} keeps rows of a tenant that was erased");
        }
        for (table, column) in &of_users {
            let left = held(&house, table, column, ID).await;
            assert_eq!(left, 0, "{table} keeps rows of a user of a tenant that was erased");
        }
    }

    async fn an_erased_person_leaves_nothing_that_is_theirs_and_others_keep_what_they_have(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let (ann, bob) = (person(&house).await, person(&house).await);
        let path = format!("/api/users/{}/erase", ann.id);
        for refused in [house.viewer().await, ann.asker.clone()] {
            refused.post(&path, json!({"dry_run": true})).await.is(403);
        }
        let stranger = house.signed_in(Role::Owner, Reach::Tenant(house.there)).await;
        stranger.post(&path, json!({})).await.refused(404, "user_not_found");

        let planned = owner.post(&path, json!({"dry_run": true})).await.is(200);
        assert_eq!((&planned["state"], &planned["job"]), (&json!("planned"), &Json::Null));
        let counts = &planned["counts"];
        for (what, count) in [
            ("chats", 1), ("messages", 2), ("runs", 1), ("prompts", 1), ("conversations", 1), ("questions", 1),
            ("documents", 2), ("documents_handed_over", 1), ("records", 2), ("feedback", 1), ("keys", 1), ("sessions", 1),
        ] {
            assert_eq!(counts[what], count, "{what}: {counts}");
        }
        ann.asker.get("/api/me").await.is(200);
        assert!(left(&house, &ann).await.len() >= 8, "a dry run changes nothing");
        let of_all = format!(
            "INSERT INTO progress_answers
                    (tenant, progress, owner, metric, made_by, mark, data, calculated_at, expires_at)
             VALUES ('{}', 'writing', '*', 'recurring', 'x', 1, '{{}}', 1, 9000000000000000)",
            house.here
        );
        db.raw(&of_all).await;

        let mut done = owner.post(&path, json!({})).await;
        if done.status == 202 {
            let job = text(&done.json()["job"]);
            let job = house.job_ended(&owner, &job).await;
            done.text = json!({"counts": job["result"]["removed"]}).to_string();
        }
        assert_eq!(done.json()["counts"], *counts, "what was planned is what was done");
        assert_eq!(left(&house, &ann).await, Vec::<String>::new());
        assert_eq!(held(&house, "assistant_runs", "owner", "").await, 1, "the run stays, as nobody's");
        assert_eq!(held(&house, "users", "email", &ann.email).await, 0);
        assert_eq!(held(&house, "progress_answers", "owner", "*").await, 0, "her words may be in it");
        ann.asker.get("/api/me").await.is(401);
        let login = json!({"email": ann.email, "password": ann.password});
        house.nobody().post("/api/auth/login", login).await.is(401);
        let shared = owner.get(&format!("/api/documents/{}", ann.shared)).await.is(200);
        assert_eq!(shared["owner"], "mainstay", "what was shared stays for those who find it");
        owner.post(&path, json!({})).await.refused(404, "user_not_found");
        let again = json!({"email": ann.email, "password": ann.password, "role": "viewer", "tenant": house.here});
        owner.post("/api/users", again).await.is(201);

        assert!(left(&house, &bob).await.len() >= 8, "bob keeps what he has");
        bob.asker.get("/api/me").await.is(200);
        let log = owner.get(&format!("/api/audit?tenant={}&limit=200", house.here)).await.is(200);
        let log = log.to_string();
        assert!(log.contains("user_erased") && log.contains(&ann.id), "the log tells what was done");
        assert!(!log.contains(&ann.email), "and names nobody");
    }

    async fn shared_documents_go_as_well_when_that_is_wished_for(db: Database) {
        let house = House::open(&db).await;
        let (owner, ann) = (house.owner().await, person(&house).await);
        let wish = json!({"shared_documents": "erase"});
        let done = owner.post(&format!("/api/users/{}/erase", ann.id), wish).await;
        if done.status == 202 {
            house.job_ended(&owner, &text(&done.json()["job"])).await;
        }
        owner.get(&format!("/api/documents/{}", ann.shared)).await.is(404);
        let files = "SELECT count(*) AS total FROM knowledge_documents".to_owned();
        assert_eq!(rows(&house, files.clone(), files).await[0].get::<i64>("total").unwrap(), 0);
    }

    async fn what_was_under_way_is_looked_for_once_more(db: Database) {
        let house = House::open(&db).await;
        let (owner, ann) = (house.owner().await, person(&house).await);
        let done = owner.post(&format!("/api/users/{}/erase", ann.id), json!({})).await;
        if done.status == 202 {
            house.job_ended(&owner, &text(&done.json()["job"])).await;
        }
        let late = format!(
            "INSERT INTO assistant_prompts (tenant, owner, assistant, text, updated_at)
             VALUES ('{}', '{}', 'helper', 'Late.', 1)",
            house.here, ann.id
        );
        db.raw(&late).await;
        house.clock.advance(jiff::SignedDuration::from_mins(11));
        for _ in 0..1_000 {
            if left(&house, &ann).await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("what came late stays: {:?}", left(&house, &ann).await);
    }

    async fn an_export_has_what_the_caller_may_see_and_says_what_it_leaves_out(db: Database) {
        let house = House::open(&db).await;
        let ann = person(&house).await;
        let path = format!("/api/tenants/{}/export", house.here);
        let whole = house.owner().await.get(&path).await.is(200);
        let count = |part: &str| whole[part].as_array().map(Vec::len);
        assert_eq!((count("documents"), count("feedback"), count("chats")), (Some(2), Some(1), None), "{whole}");
        let file = &whole["documents"][0]["sha256"];
        assert_eq!(file.as_str().map(str::len), Some(64), "{file}");
        for part in ["texts", "chats", "messages", "runs", "system_prompts", "conversations", "turns"] {
            assert!(whole["left_out"].as_array().unwrap().contains(&json!(part)), "{part}: {whole}");
        }
        assert!(!whole.to_string().contains("Be brief."), "nobody's prompt is in it");
        let bob = house.viewer().await.get(&path).await.is(200);
        assert_eq!((bob["documents"].as_array().map(Vec::len), bob.get("feedback")), (Some(1), None), "{bob}");
        let own = ann.asker.get(&path).await.is(200);
        assert_eq!(own["documents"].as_array().map(Vec::len), Some(3), "what lies in her chat is hers");
    }

    async fn an_export_of_many_rows_is_whole_and_has_each_of_them_once(db: Database) {
        let house = House::open(&db).await;
        let (tenant, app, now) = (house.here, house.app.clone(), house.clock.now());
        let nobody = base::Actor::house();
        let made = house.store.write(&nobody, now, move |tx| {
            let folder = app.engine.folder();
            let kit = folder.kits().get("memos").expect("a collection");
            for number in 0..1_203 {
                let data = kit.check(json!({"text": format!("Memo {number}")}))?;
                let new = record::NewRecord { tenant, parent: None, data };
                record::create(tx, kit, &record::Act::house(now), new)?;
            }
            Ok::<_, RecordError>(())
        });
        made.await.expect("they are written");
        let path = format!("/api/tenants/{}/export", house.here);
        let answer = house.owner().await.get(&path).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("content-disposition").is_some_and(|it| it.contains(".json")));
        let whole = answer.is(200);
        let of_memos = whole["records"].as_array().expect("records").iter().filter(|it| it["collection"] == "memos");
        let texts: std::collections::BTreeSet<String> = of_memos.clone().map(|it| it["data"]["text"].to_string()).collect();
        assert_eq!((of_memos.count(), texts.len()), (1_203, 1_203));
        // What somebody does not see leaves no gap, and a tenant that is not theirs is refused before it begins.
        let viewer = house.viewer().await.get(&path).await.is(200);
        assert!(viewer["records"].as_array().expect("records").iter().all(|it| it["collection"] != "memos"), "{viewer}");
        let elsewhere = house.signed_in(Role::Admin, Reach::Tenant(house.there)).await;
        elsewhere.get(&path).await.refused(403, "tenant_forbidden");
    }

    async fn nobody_erases_themselves_or_somebody_who_may_do_more(db: Database) {
        let house = House::open(&db).await;
        assert!(Role::Admin.grants(Permission::ManageUsers) && Role::Admin.grants(Permission::EraseRecords));
        let (owner, admin) = (house.owner().await, house.signed_in(Role::Admin, Reach::All).await);
        let id = async |asker: &Asker| text(&asker.get("/api/me").await.is(200)["id"]);
        let (of_owner, of_admin) = (id(&owner).await, id(&admin).await);
        let path = |id: &str| format!("/api/users/{id}/erase");
        admin.post(&path(&of_owner), json!({})).await.is(403);
        admin.post(&path(&of_admin), json!({})).await.is(403);
        assert_eq!(held(&house, "users", "id", &of_owner).await, 1);
    }
}
