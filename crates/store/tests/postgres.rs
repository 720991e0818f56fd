//! What only a server can do to its clients: be full, be gone, come back.
#![expect(
    clippy::disallowed_methods,
    reason = "a test that cannot go on may stop, and ends with its tasks"
)]

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use store::{Address, Db, Error, OpenError, Options, Store, Tx, params};
use testkit::Database;

fn small() -> Options {
    Options { pool_size: 2, wait: Duration::from_secs(1), ..Options::default() }
}

async fn on_postgres(test: impl AsyncFnOnce(Database)) {
    testkit::run::on_postgres(test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_with_all_connections_in_use_refuses_in_bounded_time() {
    on_postgres(async |db| {
        let store = db.open(small()).await;
        let (begun, running) = mpsc::channel();
        let sleepers: Vec<_> = (0..2)
            .map(|_| {
                let (store, begun) = (store.clone(), begun.clone());
                let sleep = move |db: &Db| {
                    begun.send(()).unwrap();
                    db.query("SELECT pg_sleep(2.5)", &[])
                };
                tokio::spawn(async move { store.read(sleep).await })
            })
            .collect();
        drop(begun);
        let both = move || (0..2).for_each(|_| running.recv().unwrap());
        tokio::task::spawn_blocking(both).await.unwrap();
        let asked = Instant::now();
        let refused = store.ping().await.unwrap_err();
        assert!(matches!(&refused, Error::Unavailable { retry_after, why } if !retry_after.is_zero() && why.contains("2 connections")), "{refused:?}");
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        for sleeper in sleepers {
            sleeper.await.unwrap().unwrap();
        }
        store.ping().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_recovers_when_the_server_ends_idle_connections() {
    on_postgres(async |db| {
        let store = db.open(small()).await;
        for _ in 0..3 {
            let (one, two) = tokio::join!(store.ping(), store.ping());
            one.and(two).unwrap();
            db.disconnect_all().await;
            // The very next callers notice nothing: nothing had happened on the dead connections.
            let (one, two) = tokio::join!(store.ping(), store.ping());
            one.and(two).unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_loses_its_connection_is_unavailable_and_not_kept() {
    on_postgres(async |db| {
        let store = db.open(small()).await;
        db.raw("CREATE TABLE things (id TEXT)").await;
        let other = store.clone();
        let ((begun, running), (gone, ended)) = (mpsc::channel(), mpsc::channel::<()>());
        let writing = tokio::spawn(async move {
            let slow = move |tx: &Tx| -> Result<u64, Error> {
                tx.execute("INSERT INTO things VALUES ($1)", &params!["a"])?;
                begun.send(()).unwrap();
                ended.recv().unwrap();
                tx.execute("INSERT INTO things VALUES ($1)", &params!["b"])
            };
            other.bookkeep("test", slow).await
        });
        tokio::task::spawn_blocking(move || running.recv().unwrap()).await.unwrap();
        db.disconnect_all().await;
        // The server says first that it ends them, and then does.
        tokio::time::sleep(Duration::from_millis(200)).await;
        gone.send(()).unwrap();
        let lost = writing.await.unwrap().unwrap_err();
        assert!(lost.is_unavailable(), "{lost:?}");
        let rows: Result<_, Error> = store.read(|db| db.query("SELECT * FROM things", &[])).await;
        assert_eq!(rows.unwrap().len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_stopped() {
    on_postgres(async |db| {
        let options = Options { statement_timeout: Duration::from_secs(1), ..small() };
        let store = db.open(options).await;
        let asked = Instant::now();
        let stopped = store.read(|db| db.query("SELECT pg_sleep(20)", &[])).await.unwrap_err();
        assert!(stopped.is_unavailable(), "{stopped:?}");
        assert!(asked.elapsed() < Duration::from_secs(5));
        store.ping().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_select_cannot_be_committed_over() {
    on_postgres(async |db| {
        let store = db.open(small()).await;
        db.raw("CREATE TABLE things (id TEXT)").await;
        let careless = |tx: &Tx| -> Result<(), Error> {
            tx.execute("INSERT INTO things VALUES ('a')", &[])?;
            let _ = tx.query("SELECT * FROM nowhere", &[]);
            Ok(())
        };
        assert!(store.bookkeep("test", careless).await.is_err());
        let rows: Result<_, Error> = store.read(|db| db.query("SELECT * FROM things", &[])).await;
        assert_eq!(rows.unwrap().len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_an_unknown_type_is_named_with_its_type() {
    on_postgres(async |db| {
        let store = db.open(small()).await;
        let said = async |sql: &'static str| {
            store.read(move |db| db.query(sql, &[])).await.unwrap_err().to_string()
        };
        let numeric = said("SELECT CAST(1 AS NUMERIC) AS total").await;
        assert!(numeric.contains("`total`") && numeric.contains("BIGINT"), "{numeric}");
        let list = said("SELECT ARRAY[1, 2] AS many").await;
        assert!(list.contains("`many`") && list.contains("_int4"), "{list}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_the_server_become_the_five_kinds() {
    on_postgres(async |db| {
        let store = db.open(small()).await;
        let sql = "SELECT true AS yes, CAST(7 AS SMALLINT) AS small, CAST(0.5 AS REAL) AS half,
                          CAST('{\"a\": 1}' AS JSONB) AS data, TIMESTAMPTZ '2026-11-21 08:00:00Z' AS at,
                          CAST('0190a5b2-0000-7000-8000-000000000001' AS UUID) AS id";
        let row = store.read(move |db| db.one(sql, &[])).await.unwrap();
        assert!(row.get::<bool>("yes").unwrap());
        assert_eq!(row.get::<i64>("small").unwrap(), 7);
        assert_eq!(row.get::<f64>("half").unwrap(), 0.5);
        assert_eq!(row.get::<serde_json::Value>("data").unwrap(), serde_json::json!({"a": 1}));
        assert_eq!(row.get::<base::Timestamp>("at").unwrap(), testkit::moment(testkit::START));
        assert_eq!(row.get::<String>("id").unwrap(), "0190a5b2-0000-7000-8000-000000000001");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_said_without_the_password() {
    let address: Address = "postgres://ann:hunter2@127.0.0.1:1/app".parse().unwrap();
    let Err(refused) = Store::open(&address, small()).await else { panic!("it must not open") };
    assert!(matches!(refused, OpenError::Server { .. }));
    let shown = format!("{refused} {refused:?}");
    assert!(shown.contains("127.0.0.1:1/app") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_hold_the_same_name_take_turns() {
    on_postgres(async |db| {
        let store = db.open(small()).await;
        let ((begun, running), (came, others)) = (mpsc::channel(), mpsc::channel::<()>());
        let other = store.clone();
        let first = tokio::spawn(async move {
            let hold = move |tx: &Tx| -> Result<Instant, Error> {
                tx.hold("door")?;
                begun.send(()).unwrap();
                // Until somebody came to the window, or it is clear that nobody can.
                let _ = others.recv_timeout(Duration::from_secs(10));
                std::thread::sleep(Duration::from_millis(300));
                Ok(Instant::now())
            };
            other.bookkeep("test", hold).await
        });
        tokio::task::spawn_blocking(move || running.recv().unwrap()).await.unwrap();
        let elsewhere = |tx: &Tx| tx.hold("window").map(|()| Instant::now());
        let free = store.bookkeep("test", elsewhere).await.unwrap();
        let _ = came.send(());
        let second = store.bookkeep("test", |tx| tx.hold("door").map(|()| Instant::now())).await;
        let left = first.await.unwrap().unwrap();
        assert!(free < left, "another name waits for nobody");
        assert!(second.unwrap() >= left, "the same name waits");
    })
    .await;
}
