//! What only a file can do: be killed in the middle, be locked by another process, sit in a folder
//! that cannot be written.
#![expect(
    clippy::disallowed_methods,
    reason = "a test that cannot go on may stop, and ends with its tasks"
)]

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use base::{Actor, TenantId};
use store::{Address, Db, Error, OpenError, Options, Store, Tx, audit, migrate, params};
use testkit::Database;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, words TEXT)";

fn add(tx: &Tx, id: i64) -> Result<(), Error> {
    tx.execute("INSERT INTO things VALUES ($1, 'some words to fill the row with')", &params![id])?;
    tx.audit(audit::Entry::new(TenantId::DEFAULT, "thing_added", format!("things/{id}"), "Added"));
    Ok(())
}

/// The child of the next test: writes until it is killed, and says what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by `a_killed_process_loses_nothing_that_was_acknowledged`"]
async fn child_that_writes_until_it_is_killed() {
    let Ok(file) = std::env::var("STORE_TEST_FILE") else { return };
    let store =
        Store::open(&Address::Sqlite(PathBuf::from(file)), Options::default()).await.unwrap();
    let (said, acknowledged) = tokio::sync::mpsc::unbounded_channel::<i64>();
    for lane in 0..16_i64 {
        let (store, said) = (store.clone(), said.clone());
        tokio::spawn(async move {
            for id in (lane..).step_by(16) {
                let now = testkit::moment(testkit::START);
                store.write(&Actor::house(), now, move |tx| add(tx, id)).await.unwrap();
                said.send(id).unwrap();
            }
        });
    }
    let mut acknowledged = acknowledged;
    for _ in 0..3_000 {
        let id = acknowledged.recv().await.unwrap();
        println!("kept {id}");
    }
    std::process::abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let db = Database::sqlite();
    let store = db.migrated(&[]).await;
    db.raw(TABLE).await;
    store.close().await;
    let Address::Sqlite(file) = db.address() else { panic!("this is SQLite") };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env("STORE_TEST_FILE", &file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let kept: Vec<i64> = lines
        .map_while(Result::ok)
        .filter_map(|it| it.rsplit_once("kept ")?.1.parse().ok())
        .collect();
    assert!(!child.wait().unwrap().success());
    assert!(kept.len() > 1_000, "only {} rows were acknowledged", kept.len());

    let store = db.open(Options::default()).await;
    let rows = store.read(|db| db.query("SELECT id FROM things", &[])).await.unwrap();
    let there: std::collections::HashSet<i64> =
        rows.iter().map(|it| it.get("id").unwrap()).collect();
    let lost: Vec<i64> = kept.into_iter().filter(|it| !there.contains(it)).collect();
    assert_eq!(lost, [0_i64; 0]);
    let report = store.read(audit::verify).await.unwrap();
    assert!(report.is_whole());
    assert_eq!(report.rows as usize, there.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_wait_together_share_a_commit() {
    let db = Database::sqlite();
    let store = db.migrated(&[]).await;
    db.raw(TABLE).await;
    let groups = || {
        let samples = base::metric::samples();
        samples.iter().find(|it| it.name == "store_group_size_count").map_or(0.0, |it| it.value)
    };
    let before = groups();
    let mut tasks = Vec::new();
    for id in 0..500 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let now = testkit::moment(testkit::START);
            store.write(&Actor::house(), now, move |tx| add(tx, id)).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(groups() - before < 250.0, "500 transactions took {} commits", groups() - before);
    assert!(store.read(audit::verify).await.unwrap().is_whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_may_write_in_between() {
    let db = Database::sqlite();
    let one = db.migrated(&[]).await;
    db.raw(TABLE).await;
    let two = db.open(Options::default()).await;
    let mut tasks = Vec::new();
    for id in 0..200 {
        let store = if id % 2 == 0 { one.clone() } else { two.clone() };
        tasks.push(tokio::spawn(async move {
            let now = testkit::moment(testkit::START);
            store.write(&Actor::house(), now, move |tx| add(tx, id)).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let report = one.read(audit::verify).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(report.rows, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_locked_by_another_process_is_unavailable_in_bounded_time() {
    let db = Database::sqlite();
    let store = db.migrated(&[]).await;
    db.raw(TABLE).await;
    store.close().await;
    let Address::Sqlite(file) = db.address() else { panic!("this is SQLite") };
    let options = Options { wait: Duration::from_millis(200), ..Options::default() };
    let store = db.open(options).await;
    let other = rusqlite::Connection::open(file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = Instant::now();
    let mut tasks = Vec::new();
    for id in 0..20 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let now = testkit::moment(testkit::START);
            store.write(&Actor::house(), now, move |tx| add(tx, id)).await
        }));
    }
    for task in tasks {
        assert!(task.await.unwrap().unwrap_err().is_unavailable());
    }
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    store.ping().await.unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    let now = testkit::moment(testkit::START);
    store.write(&Actor::house(), now, |tx| add(tx, 1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_as_such_and_keeps_nothing_of_what_it_refused() {
    let db = Database::sqlite();
    let store = db.migrated(&[]).await;
    db.raw(TABLE).await;
    // SQLite's own bound, which answers as a full disk does: it undoes the transaction by itself.
    let bound = |pages: u32| {
        let pragma = format!("PRAGMA max_page_count = {pages}");
        store.bookkeep("test", move |tx| tx.query(&pragma, &[]))
    };
    let pages = bound(1).await.unwrap()[0].get::<i64>("max_page_count").unwrap();
    bound(u32::try_from(pages).unwrap() + 8).await.unwrap();
    let now = testkit::moment(testkit::START);
    let mut kept = 0;
    let house = Actor::house();
    let refused = loop {
        let id = kept + 1;
        match store.write(&house, now, move |tx| add(tx, id)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 10_000, "it does not get full");
    };
    assert!(matches!(refused, Error::Full), "{refused:?}");
    let rows = store.read(|db| db.one("SELECT count(*) AS n FROM things", &[])?.get::<i64>("n"));
    assert_eq!(rows.await.unwrap(), kept, "reading goes on");
    bound(1_000_000).await.unwrap();
    store.write(&house, now, move |tx| add(tx, kept + 1)).await.unwrap();
    let report = store.read(audit::verify).await.unwrap();
    assert!(report.is_whole());
    assert_eq!(report.rows, u64::try_from(kept).unwrap() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_read_does_not_keep_quick_ones_waiting() {
    let db = Database::sqlite();
    let store = db.open(Options::default()).await;
    let (begun, running) = mpsc::channel();
    let (ends, slow): (Vec<_>, Vec<_>) = (0..3)
        .map(|_| {
            let (store, begun) = (store.clone(), begun.clone());
            let (end, ended) = mpsc::channel::<()>();
            let read = move |db: &Db| {
                begun.send(()).unwrap();
                let _ = ended.recv_timeout(Duration::from_secs(30));
                db.one("SELECT 1 AS one", &[])
            };
            (end, tokio::spawn(async move { store.read(read).await }))
        })
        .unzip();
    drop(begun);
    let all = move || (0..3).for_each(|_| running.recv().unwrap());
    tokio::task::spawn_blocking(all).await.unwrap();
    let quick = async {
        for _ in 0..100 {
            store.ping().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), quick).await.expect("they wait for nobody");
    drop(ends);
    for task in slow {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_read_that_may_take_long_never_runs_where_it_is_called_however_quick_it_was() {
    let db = Database::sqlite();
    let store = db.open(Options::default()).await;
    let here = std::thread::current().id();
    let on = |_: &store::Db| Ok::<_, Error>(std::thread::current().id());
    for _ in 0..30 {
        store.read(on).await.unwrap();
    }
    assert_eq!(store.read(on).await.unwrap(), here, "a read that was quick runs here");
    for _ in 0..30 {
        assert_ne!(store.read_long(on).await.unwrap(), here);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    let address = Address::Sqlite(folder.path().join("file/app.db"));
    let Err(refused) = Store::open(&address, Options::default()).await else { panic!("no folder") };
    assert!(matches!(&refused, OpenError::Directory { .. }), "{refused:?}");
    assert!(refused.to_string().contains("file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let text = "this is a letter, not a database. ".repeat(100);
    std::fs::write(&file, &text).unwrap();
    let Err(refused) = Store::open(&Address::Sqlite(file.clone()), Options::default()).await else {
        panic!("a letter opened")
    };
    assert!(matches!(refused, OpenError::File { .. }), "{refused:?}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(unix)]
async fn a_new_database_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let db = Database::sqlite();
    let store = db.migrated(&[]).await;
    for entry in std::fs::read_dir(db.folder().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{entry:?}");
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_folds_the_log_into_the_file() {
    let db = Database::sqlite();
    let store = db.migrated(&[]).await;
    store.close().await;
    let names = std::fs::read_dir(db.folder().unwrap()).unwrap().map(|it| it.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["test.db"]);
    let store = db.open(Options::default()).await;
    migrate::check(&store, store::MIGRATIONS).await.unwrap();
}
