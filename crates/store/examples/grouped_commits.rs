//! How fast the SQLite half is: durable single-row writes, and point reads, 64 at once.
//!
//! `cargo run --release -p store --example grouped_commits [FOLDER]`

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use base::{Actor, Clock, TenantId};
use store::{
    Address, Db, Durability, Error, Migration, Options, Sql, Store, Tx, audit, migrate, params,
};

const TABLE: Migration = Migration {
    name: "20260101_000000_items",
    up: Sql::same(
        "CREATE TABLE items (id BIGINT NOT NULL PRIMARY KEY, code TEXT NOT NULL, data TEXT NOT NULL);
         CREATE UNIQUE INDEX items_code ON items (code);",
    ),
    down: Sql::same("DROP TABLE items;"),
};

const TOGETHER: usize = 64;
const ROWS: i64 = 100_000;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this program is for a person at a terminal")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    for durability in [Durability::Full, Durability::Normal] {
        let folder = tempfile::tempdir_in(&folder)?;
        let address = Address::Sqlite(folder.path().join("bench.db"));
        let store = Store::open(&address, Options { durability, ..Options::default() }).await?;
        let now = Clock::system().now();
        migrate::up(&store, &[store::MIGRATIONS, &[TABLE]].concat(), now).await?;

        let (took, times) = together(&store, ROWS / 2, |store, id| async move {
            store.bookkeep("bench", move |tx| insert(tx, id)).await
        })
        .await?;
        println!("{}", line(&format!("{durability:?}: inserts"), ROWS / 2, took, &times));

        let (took, times) = together(&store, ROWS / 2, |store, id| async move {
            let write = move |tx: &Tx| -> Result<(), Error> {
                insert(tx, ROWS + id)?;
                let subject = format!("items/{id}");
                tx.audit(audit::Entry::new(TenantId::DEFAULT, "item_added", subject, "Added"));
                Ok(())
            };
            store.write(&Actor::house(), Clock::system().now(), write).await
        })
        .await?;
        println!("{}", line(&format!("{durability:?}: audited inserts"), ROWS / 2, took, &times));

        let (took, times) = together(&store, 4 * ROWS, |store, id| async move {
            let read = move |db: &Db| -> Result<String, Error> {
                let sql = "SELECT id, code, data FROM items WHERE id = $1";
                db.one(sql, &params![id * 7919 % (ROWS / 2)])?.get("data")
            };
            store.read(read).await.map(drop)
        })
        .await?;
        println!("{}", line(&format!("{durability:?}: point reads"), 4 * ROWS, took, &times));
        store.close().await;
    }
    Ok(())
}

fn insert(tx: &Tx, id: i64) -> Result<(), Error> {
    let data =
        format!("{{\"label\": \"8 inch PVC pipe {id}\", \"filler\": \"{}\"}}", "x".repeat(400));
    let sql = "INSERT INTO items (id, code, data) VALUES ($1, $2, $3)";
    tx.execute(sql, &params![id, format!("BI-{id}"), data]).map(drop)
}

async fn together<F: Future<Output = Result<(), Error>> + Send + 'static>(
    store: &Store,
    count: i64,
    act: fn(Store, i64) -> F,
) -> Result<(Duration, Vec<Duration>), Error> {
    let next = Arc::new(AtomicI64::new(0));
    let started = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..TOGETHER {
        let (store, next) = (store.clone(), next.clone());
        lanes.spawn(async move {
            let mut times = Vec::new();
            loop {
                let id = next.fetch_add(1, Ordering::Relaxed);
                if id >= count {
                    return Ok::<_, Error>(times);
                }
                let asked = Instant::now();
                act(store.clone(), id).await?;
                times.push(asked.elapsed());
            }
        });
    }
    let mut times = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        times.extend(lane.expect("a lane does not panic")?);
    }
    times.sort_unstable();
    Ok((started.elapsed(), times))
}

fn line(what: &str, count: i64, took: Duration, times: &[Duration]) -> String {
    let at = |part: usize| times[(times.len() - 1) * part / 1000];
    format!(
        "{what}: {:.0}/s, p50 {:?}, p99 {:?}, p99.9 {:?}",
        count as f64 / took.as_secs_f64(),
        at(500),
        at(990),
        at(999)
    )
}
