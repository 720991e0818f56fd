//! PgBouncer in transaction mode between the program and PostgreSQL: two transactions of one caller
//! may meet two servers, and what one leaves behind, another caller finds.

use std::time::{Duration, Instant};

use serde_json::json;
use store::Address;
use testkit::Database;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    task::JoinSet,
};

use crate::{
    place::{Asker, Place, entries, list},
    script::{free_port, script},
};

/// Connections that PgBouncer makes: far fewer than the program has to it.
const BEHIND: &str = "3";

/// A PgBouncer, which is killed when it is dropped.
struct Bouncer {
    _process: Child,
    _folder: tempfile::TempDir,
    address: String,
}

impl Bouncer {
    /// Before this database.
    async fn before(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        open_to_all(folder.path());
        let port = free_port().await;
        let mut command = Command::new(script("pgbouncer"));
        command.arg(folder.path()).args([&port, url, BEHIND]).kill_on_drop(true);
        let process = command.spawn().expect("PgBouncer starts");
        let start = Instant::now();
        while TcpStream::connect(format!("127.0.0.1:{port}")).await.is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "PgBouncer does not come up; `scripts/need pgbouncer` brings it"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let database = url.split('?').next().and_then(|it| it.rsplit('/').next());
        let database = database.expect("an address names a database");
        let address = format!("postgres://anybody@127.0.0.1:{port}/{database}");
        Self { _process: process, _folder: folder, address }
    }
}

testkit::on_both! {
    async fn behind_pgbouncer_everything_works(db: Database) {
        let Address::Postgres(url) = db.address() else { return };
        let bouncer = Bouncer::before(url.reveal()).await;
        let place = Place::new()
            .without_limits()
            .with("MAINSTAY_DATABASE_URL", &bouncer.address)
            .with("MAINSTAY_POOL_SIZE", "12");
        let (server, admin, client) = place.begun().await;
        let mut busy = JoinSet::new();
        for worker in 0..12 {
            busy.spawn(write_and_read(admin.clone(), client.clone(), worker));
        }
        // The queue claims, keeps and ends its jobs through the same door.
        for name in ["Pipes", "Valves", "Bends"] {
            admin.codebook(&client, name, &list(150)).await;
        }
        busy.join_all().await;
        let rules = admin.get(&format!("/v1/clients/{client}/rules?limit=500")).await.is(200);
        assert!(entries(&rules["data"]).len() >= 12 * 8, "{}", rules["pagination"]);
        let found = admin.post(&format!("/v1/clients/{client}/search"), &json!({"query": "pipe"})).await.is(200);
        assert!(!entries(&found["data"]["results"]).is_empty(), "{found}");
        assert_eq!(place.json(&["audit", "verify"]).await["whole"], true);

        // Its servers go away and come back: the program sees lost connections, and goes on.
        db.disconnect_all().await;
        let start = Instant::now();
        while admin.get("/v1/clients").await.status != 200 {
            assert!(start.elapsed() < Duration::from_secs(10), "it does not come back by itself");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(server.stop().await.success());
    }
}

async fn write_and_read(asker: Asker, client: String, worker: usize) {
    let path = format!("/v1/clients/{client}/rules");
    let rules = json!({"ordering_strategy": "csi-first", "naming_template": "${material}"});
    for at in 0..8 {
        let name = format!("rule {worker}-{at}");
        let body = json!({"name": name, "rules_json": rules, "is_active": false});
        let made = asker.post(&path, &body).await.is(201);
        let id = made["data"]["id"].as_str().expect("an id");
        let read = asker.get(&format!("/v1/rules/{id}")).await.is(200);
        assert_eq!(read["data"]["name"], name.as_str());
    }
}

/// Started by root, PgBouncer becomes somebody else, who must be able to read its settings.
fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, mode).expect("the folder is the test's own");
}
