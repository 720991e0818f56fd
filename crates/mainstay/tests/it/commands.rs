//! The commands that look after the data, with the server running and without it.

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::place::{EMAIL, Place, codebook, entries, list, sample, text};

testkit::on_both! {
    async fn a_list_is_imported_with_and_without_a_server(db: Database) {
        let place = Place::on(&db);
        let (server, admin, client) = place.begun().await;
        let file = place.file("items.csv", &sample());

        let with = place.json(&["import", "--tenant", "acme-civil", "--set", "name=One", "--set", "type=material", &file]).await;
        assert_eq!(with["job"]["state"], "completed", "{with}");
        assert_eq!(with["result"]["record_count"], 27);
        let record = text(&with["result"]["record"]);
        let version = text(&with["result"]["version"]);
        let seen = admin.get(&format!("/v1/codebooks/{record}")).await.is(200);
        assert_eq!(seen["data"]["active_version"]["id"], version.as_str());

        for format in ["csv", "excel", "json", "hcss"] {
            let path = format!("/v1/codebook-versions/{version}/export?format={format}");
            let served = admin.get(&path).await;
            let name = place.path().join(format!("out-{format}")).display().to_string();
            place.done(&["export", "--record", &record, "--format", format, "--output", &name]).await;
            let written = std::fs::read(&name).unwrap();
            if format == "excel" {
                assert!(written.starts_with(b"PK") && served.bytes.starts_with(b"PK"));
            } else {
                assert_eq!(served.text(), String::from_utf8_lossy(&written), "{format}");
            }
        }
        let tabs = place.done(&["export", "--version-id", &version, "--format", "hcss", "--tabs", "-o", "-"]).await;
        assert!(tabs.starts_with("Code\tDescription\tUnit"), "{tabs}");
        server.stop().await;

        let preview = place.run(&["import", "--dry-run", &file]).await;
        assert_eq!(preview.code, 0, "{}", preview.err);
        assert!(preview.out.contains("27 rows read"), "{}", preview.out);
        let without = place.json(&["import", "--tenant", &client, "--set", "name=Two", "--set", "type=material", &file]).await;
        assert_eq!(without["job"]["state"], "completed", "{without}");
        let more = place.file("more.csv", b"label,unit\n99\"\" DIP CL350,LF\n");
        let laid = place.json(&["import", "--into", &record, "--label", "one more", &more]).await;
        assert_eq!(laid["result"]["record_count"], 28, "{laid}");

        let again = place.run(&["import", "--tenant", &client, "--set", "name=Two", "--set", "type=material", &file]).await;
        assert_eq!(again.code, 1, "the name is taken: {}", again.out);
        let typed = place.run(&["import", "--tenant", &client, "--set", "name=X", "--set", "type=soup", &file]).await;
        assert_eq!(typed.code, 1);
        assert!(typed.err.contains("type"), "{}", typed.err);
        let gone = place.run(&["import", "--tenant", &client, "nowhere.csv"]).await;
        assert!(gone.code == 1 && gone.err.contains("nowhere.csv"), "{}", gone.err);
        let nobody = place.run(&["import", "--tenant", "nobody", &file]).await;
        assert!(nobody.code == 1 && nobody.err.contains("no client `nobody`"), "{}", nobody.err);
    }

    async fn jobs_and_the_audit_log_are_seen_from_the_command_line(db: Database) {
        let place = Place::on(&db);
        let (server, admin, client) = place.begun().await;
        admin.codebook(&client, "Pipes", &list(20)).await;

        let jobs = place.json(&["jobs", "list"]).await;
        let import = entries(&jobs).iter().find(|it| it["kind"] == "import").expect("the import is listed").clone();
        let id = text(&import["id"]);
        assert_eq!(place.json(&["jobs", "show", &id]).await["state"], "completed");
        assert_eq!(place.json(&["jobs", "list", "--state", "failed"]).await, json!([]));
        let cancelled = place.run(&["jobs", "cancel", &id]).await;
        assert!(cancelled.code == 1 && cancelled.err.contains("completed"), "{}", cancelled.err);
        let retried = place.run(&["jobs", "retry", &id]).await;
        assert!(retried.code == 1 && !retried.err.is_empty(), "{}", retried.out);

        let verified = place.json(&["audit", "verify"]).await;
        assert_eq!(verified["whole"], true, "{verified}");
        assert_eq!(verified["broken"], json!([]));
        let rows = verified["rows"].as_u64().unwrap();
        let exported = place.done(&["audit", "export"]).await;
        let lines: Vec<Json> = exported.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(lines.len() as u64, rows);
        let listed = place.json(&["audit", "list", "--tenant", "acme-civil", "--limit", "500"]).await;
        let served = admin.get(&format!("/v1/clients/{client}/audit-log?limit=500")).await.is(200);
        let summaries = |rows: &Json| entries(rows).iter().map(|it| text(&it["summary"])).collect::<Vec<_>>();
        assert_eq!(summaries(&listed), summaries(&served["data"]));

        server.stop().await;
        // Whoever owns the database can go around what keeps the log from being changed.
        db.raw(if db.is_postgres() { "ALTER TABLE audit_log DISABLE TRIGGER ALL" } else { "DROP TRIGGER audit_log_no_update" }).await;
        db.raw("UPDATE audit_log SET summary = 'nothing happened' WHERE seq = 2").await;
        let broken = place.run(&["audit", "verify", "--json"]).await;
        assert_eq!(broken.code, 1, "{}", broken.out);
        let told: Json = serde_json::from_str(&broken.out).unwrap();
        assert_eq!(told["whole"], false);
        assert_eq!(told["broken"][0]["seq"], 2, "{told}");
        let doctor = place.run(&["doctor"]).await;
        assert!(doctor.code == 1 && doctor.out.contains("mainstay audit verify"), "{}", doctor.out);
    }

    async fn people_are_made_and_kept_out(db: Database) {
        let place = Place::on(&db);
        let (server, _, client) = place.begun().await;
        let made = |email: &str, role: &str, password: &str| {
            let mut command = place.command(&["user", "create", "--email", email, "--role", role, "--tenant", "acme-civil", "--json"]);
            command.env("MAINSTAY_PASSWORD", password);
            command
        };
        let ended = made("reader@acme.example", "read_only", "another-long-password").output().await.unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let user: Json = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(user["tenant"], client.as_str());
        let twice = made("reader@acme.example", "read_only", "another-long-password").output().await.unwrap();
        assert_eq!(twice.status.code(), Some(1));
        let unknown = made("x@acme.example", "emperor", "another-long-password").output().await.unwrap();
        assert!(String::from_utf8_lossy(&unknown.stderr).contains("read_only"));
        let short = made("y@acme.example", "read_only", "short").output().await.unwrap();
        assert_eq!(short.status.code(), Some(1), "a password of five letters was taken");

        let reader = server.sign_in("reader@acme.example", "another-long-password").await;
        reader.get(&format!("/v1/clients/{client}/codebooks")).await.is(200);
        let book = json!({"name": "x", "type": "material"});
        reader.post(&format!("/v1/clients/{client}/codebooks"), &book).await.refused(403, 2003);
        reader.get("/v1/clients").await.refused(403, 2003);

        let changed = place.command(&["user", "password", "--email", "reader@acme.example"])
            .env("MAINSTAY_PASSWORD", "yet-another-password").output().await.unwrap();
        assert!(changed.status.success(), "{}", String::from_utf8_lossy(&changed.stderr));
        server.sign_in("reader@acme.example", "yet-another-password").await;
        place.done(&["user", "disable", "--email", "reader@acme.example"]).await;
        let asked = json!({"email": "reader@acme.example", "password": "yet-another-password"});
        assert!(matches!(server.nobody().post("/api/auth/login", &asked).await.status, 401 | 403));
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        assert_eq!(reader.get(&format!("/v1/clients/{client}/codebooks")).await.status, 401, "a session outlived its user");
        place.done(&["user", "enable", "--email", "reader@acme.example"]).await;
        server.sign_in("reader@acme.example", "yet-another-password").await;
        let users = place.json(&["user", "list"]).await;
        assert_eq!(entries(&users).len(), 2);
        assert!(!users.to_string().contains("argon2"), "a list shows hashes");
        assert!(users.to_string().contains(EMAIL));
    }

    async fn the_schema_goes_up_and_down(db: Database) {
        let place = Place::on(&db);
        let app = codebook().display().to_string();
        let on = |words: &[&'static str]| [words, &["--app", app.as_str()]].concat().iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let run = async |words: Vec<String>| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            place.run(&words).await
        };
        let empty = run(on(&["migrate", "status"])).await;
        assert_eq!(empty.code, 1, "an empty database does not fit: {}", empty.out);
        let planned: Json = serde_json::from_str(&run(on(&["migrate", "up", "--dry-run", "--json"])).await.out).unwrap();
        let applied: Json = serde_json::from_str(&run(on(&["migrate", "up", "--json"])).await.out).unwrap();
        assert_eq!(planned["migrations"], applied["migrations"]);
        assert!(entries(&applied["migrations"]).len() >= 6);
        assert_eq!(run(on(&["migrate", "status"])).await.code, 0);
        assert!(run(on(&["migrate", "up"])).await.out.contains("nothing to apply"));

        let asked = run(on(&["migrate", "down"])).await;
        assert!(asked.code == 1 && asked.err.contains("--yes"), "{}{}", asked.out, asked.err);
        let undone = run(on(&["migrate", "down", "--steps", "2", "--yes", "--json"])).await;
        assert_eq!(undone.code, 0, "{}", undone.err);
        let ended = run(on(&["audit", "verify"])).await;
        assert!(ended.code == 1 && ended.err.contains("mainstay migrate up"), "{}", ended.err);
        let all = run(on(&["migrate", "down", "--steps", "100", "--yes"])).await;
        assert_eq!(all.code, 0, "{}", all.err);
        let server = place.serve().await;
        server.admin().await;
        assert_eq!(place.json(&["migrate", "status"]).await.as_array().unwrap().iter().filter(|it| it["state"] == "applied").count(), entries(&applied["migrations"]).len());
    }

    async fn the_doctor_finds_a_well_site_well(db: Database) {
        let place = Place::on(&db);
        let (_server, ..) = place.begun().await;
        let ended = place.run(&["doctor", "--json"]).await;
        let told: Json = serde_json::from_str(&ended.out).unwrap();
        for check in ["application", "environment", "database", "schema", "audit", "configuration", "blobs", "vectors", "disk", "models"] {
            let found = entries(&told["checks"]).iter().find(|it| it["check"] == check);
            let found = found.unwrap_or_else(|| panic!("{check} is not checked"));
            // How much is free on the disk of this machine is not the test's.
            assert!(found["good"] == true || check == "disk", "{found}");
        }
        let is_well = entries(&told["checks"]).iter().all(|it| it["good"] == true);
        assert_eq!((&told["well"], ended.code), (&Json::Bool(is_well), i32::from(!is_well)));
        assert!(!told.to_string().contains(":mainstay@"), "the doctor shows the password of the database");
    }
}

#[tokio::test]
async fn the_doctor_names_a_database_that_is_away() {
    let place = Place::new().with("MAINSTAY_DATABASE_URL", "postgres://me:canary@127.0.0.1:9/x");
    let ended = place.run(&["doctor", "--app", &codebook().display().to_string()]).await;
    assert_eq!(ended.code, 1, "{}", ended.out);
    assert!(ended.out.contains("BAD database"), "{}", ended.out);
    assert!(
        !ended.out.contains("canary") && !ended.err.contains("canary"),
        "{}{}",
        ended.out,
        ended.err
    );
}

#[tokio::test]
async fn faults_of_settings_are_shown_in_their_files() {
    let mut place = Place::new().of_app("knowledge-chat");
    let app = place.own_app();
    let write =
        |name: &str, text: &str| std::fs::write(app.join("config").join(name), text).unwrap();
    write("knowledge.yaml", "uploads: {byte_max: 1}\n");
    write("blobs.yaml", "place: tape\n");
    let shown = app.display().to_string();
    let ended = place.run(&["check", &shown, "--json"]).await;
    assert_eq!(ended.code, 1, "{}", ended.err);
    let told: Json = serde_json::from_str(&ended.out).unwrap();
    let place_of = |it: &Json| (text(&it["file"]), it["line"].as_u64(), it["column"].as_u64());
    let places: Vec<_> = entries(&told["faults"]).iter().map(place_of).collect();
    let expected = [("config/blobs.yaml", 8), ("config/knowledge.yaml", 11)];
    let expected = expected.map(|(file, column)| (file.to_owned(), Some(1), Some(column)));
    assert_eq!(places, expected, "{told}");
    // Nobody goes on as if files lay where they lie by default.
    let status = place.run(&["blobs", "status", "--app", &shown]).await;
    assert!(status.code == 1 && status.err.contains("config/blobs.yaml:1:8"), "{}", status.err);
}

#[tokio::test]
async fn an_application_is_checked_and_described() {
    let mut place = Place::new();
    let app = codebook().display().to_string();
    let told = place.json(&["check", &app]).await;
    assert_eq!((&told["fit"], &told["errors"]), (&json!(true), &json!(0)), "{told}");
    let document = place.json(&["openapi", &app]).await;
    assert_eq!(document["openapi"], "3.1.0");
    for path in [
        "/v1/clients/{client_id}/codebooks/upload",
        "/v1/codebook-versions/{version_id}/diff/{other_id}",
        "/api/auth/login",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path} is not described");
    }
    let built_in = place.json(&["openapi", "--built-in"]).await;
    assert!(built_in["paths"].get("/api/auth/login").is_some(), "{built_in}");
    let own = built_in["paths"].as_object().expect("paths");
    assert!(!own.keys().any(|it| it.starts_with("/v1/clients")), "{built_in}");

    let copy = place.own_app();
    let yaml = std::fs::read_to_string(copy.join("app.yaml")).unwrap();
    let faulty = yaml
        .replace("schema: schemas/client.json", "schema: schemas/clint.json")
        .replace("do: usage.list", "do: usage.lst");
    std::fs::write(copy.join("app.yaml"), faulty).unwrap();
    let ended = place.run(&["check", &copy.display().to_string(), "--json"]).await;
    assert_eq!(ended.code, 1);
    let told: Json = serde_json::from_str(&ended.out).unwrap();
    assert!(told["errors"].as_u64() >= Some(2), "not every fault at once: {told}");
    for fault in entries(&told["faults"]) {
        assert!(fault["line"].as_u64() > Some(0) && fault["column"].as_u64() > Some(0), "{fault}");
    }
    assert!(ended.out.contains("clint.json") && ended.out.contains("usage.lst"), "{}", ended.out);
}
