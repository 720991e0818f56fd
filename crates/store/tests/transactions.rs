//! What a transaction promises, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on may stop, and ends with its tasks"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base::{Actor, TenantId};
use store::{
    Db, Error, Migration, Options, Sql, Store, Tx, audit, params,
    rider::{self, Rider},
};
use testkit::Database;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "20260101_000000_things",
    up: Sql::same(
        "CREATE TABLE things (id TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, code TEXT NOT NULL,
                              size BIGINT NOT NULL CHECK (size >= 0));
         CREATE UNIQUE INDEX things_owner_code ON things (owner, code);
         CREATE TABLE counters (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);
         CREATE UNIQUE INDEX counters_name_lower ON counters (lower(name));",
    ),
    down: Sql::same("DROP TABLE counters; DROP TABLE things;"),
}];

fn add(tx: &Tx, id: &str) -> Result<u64, Error> {
    let sql = "INSERT INTO things (id, owner, code, size) VALUES ($1, 'ann', $1, 1)";
    tx.execute(sql, &params![id])
}

fn said(tx: &Tx) {
    tx.audit(audit::Entry::new(TenantId::DEFAULT, "thing_added", "things", "Added a thing"));
}

fn count(db: &Db) -> Result<i64, Error> {
    db.one("SELECT count(*) AS n FROM things", &[])?.get("n")
}

const NOTE: &str = "INSERT INTO counters (name, value) VALUES ('note', 1)
                    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1";

async fn notes(store: &Store) -> i64 {
    let note = |db: &Db| match db.first("SELECT value FROM counters", &[])? {
        Some(row) => row.get("value"),
        None => Ok::<i64, Error>(0),
    };
    store.read(note).await.unwrap()
}

async fn things(store: &Store) -> i64 {
    store.read(count).await.unwrap()
}

async fn add_audited(store: &Store, id: String) -> Result<(), Error> {
    let write = move |tx: &Tx| {
        add(tx, &id)?;
        said(tx);
        Ok(())
    };
    store.write(&Actor::house(), testkit::moment(testkit::START), write).await
}

/// A store of which many may wait for a connection, also where that takes its time.
async fn patient(db: &Database) -> Store {
    db.migrated(&[MIGRATIONS]).await.close().await;
    db.open(Options { wait: Duration::from_secs(30), ..Options::default() }).await
}

testkit::on_both! {
    async fn what_a_closure_returns_ok_for_is_kept(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        add_audited(&store, "a".into()).await.unwrap();
        let store = db.reopen(store).await;
        assert_eq!(things(&store).await, 1);
    }

    async fn an_error_undoes_the_whole_transaction(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let refused: Result<(), Error> = store
            .write(&Actor::house(), testkit::moment(testkit::START), |tx| {
                add(tx, "a")?;
                said(tx);
                Err(Error::NoRow)
            })
            .await;
        assert!(matches!(refused, Err(Error::NoRow)));
        assert_eq!(things(&store).await, 0);
        let rows = store.read(|db| audit::list(db, &audit::Filter::default(), &base::PageRequest::first(9))).await;
        assert_eq!(rows.unwrap().items, []);
    }

    async fn what_rides_along_is_kept_with_the_change_or_not_at_all(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let note: Rider = Arc::new(|tx| tx.execute(NOTE, &[]).map(drop));
        let fails = |tx: &Tx| {
            add(tx, "a")?;
            said(tx);
            Err::<(), _>(Error::NoRow)
        };
        let (house, now) = (Actor::house(), testkit::moment(testkit::START));
        rider::along(note.clone(), store.write(&house, now, fails)).await.unwrap_err();
        assert_eq!(notes(&store).await, 0, "the change was undone");
        add_audited(&store, "b".into()).await.unwrap();
        assert_eq!(notes(&store).await, 0, "nobody rode along");
        rider::along(note.clone(), add_audited(&store, "c".into())).await.unwrap();
        assert_eq!(notes(&store).await, 1);
        let quiet = async { store.bookkeep("test", |tx| add(tx, "d")).await };
        rider::along(note.clone(), quiet).await.unwrap();
        let other = store.clone();
        let elsewhere = async { tokio::spawn(async move { add_audited(&other, "e".into()).await }).await };
        rider::along(note, elsewhere).await.unwrap().unwrap();
        assert_eq!((things(&store).await, notes(&store).await), (4, 1));
    }

    async fn a_rider_that_falls_off_takes_the_change_with_it(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let refuses: Rider = Arc::new(|_| Err(Error::NoRow));
        let refused = rider::along(refuses, add_audited(&store, "a".into())).await;
        assert!(matches!(refused, Err(Error::NoRow)), "{refused:?}");
        assert_eq!(things(&store).await, 0);
        assert_eq!(store.read(audit::verify).await.unwrap().rows, 0);
    }

    async fn a_panic_undoes_the_transaction_and_goes_on_in_the_caller(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let other = store.clone();
        let panicked = tokio::spawn(async move {
            let write = |tx: &Tx| -> Result<(), Error> {
                add(tx, "a")?;
                panic!("on purpose");
            };
            other.bookkeep("test", write).await
        });
        let panic = panicked.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
        assert_eq!(things(&store).await, 0);
        add_audited(&store, "b".into()).await.unwrap();
        assert_eq!(things(&store).await, 1);
    }

    async fn failing_neighbours_do_not_hurt_a_transaction(db: Database) {
        let store = patient(&db).await;
        let mut tasks = Vec::new();
        for number in 0..60 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let write = move |tx: &Tx| -> Result<(), Error> {
                    add(tx, &format!("{number}"))?;
                    said(tx);
                    match number % 3 {
                        0 => Ok(()),
                        1 => Err(Error::NoRow),
                        _ => panic!("on purpose"),
                    }
                };
                store.write(&Actor::house(), testkit::moment(testkit::START), write).await
            }));
        }
        for (number, task) in tasks.into_iter().enumerate() {
            match number % 3 {
                0 => task.await.unwrap().unwrap(),
                1 => assert!(matches!(task.await.unwrap(), Err(Error::NoRow))),
                _ => assert!(task.await.unwrap_err().is_panic()),
            }
        }
        assert_eq!(things(&store).await, 20);
        let report = store.read(audit::verify).await.unwrap();
        assert!(report.is_whole(), "{report:?}");
        assert_eq!(report.rows, 20);
    }

    async fn a_change_without_an_audit_entry_is_not_kept(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let now = testkit::moment(testkit::START);
        let silent = store.write(&Actor::house(), now, |tx| add(tx, "a")).await;
        assert!(matches!(silent, Err(Error::NotAudited)), "{silent:?}");
        let returning = |tx: &Tx| {
            let sql = "INSERT INTO things (id, owner, code, size) VALUES ('b', 'o', 'b', 1) RETURNING id";
            tx.one(sql, &[]).map(drop)
        };
        let silent = store.write(&Actor::house(), now, returning).await;
        assert!(matches!(silent, Err(Error::NotAudited)), "{silent:?}");
        assert_eq!(things(&store).await, 0);
    }

    async fn a_write_that_changes_nothing_needs_no_audit_entry(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let now = testkit::moment(testkit::START);
        let nothing = |tx: &Tx| tx.execute("DELETE FROM things WHERE id = 'nobody'", &[]);
        let deleted: Result<u64, Error> = store.write(&Actor::house(), now, nothing).await;
        assert_eq!(deleted.unwrap(), 0);
    }

    async fn bookkeeping_is_kept_without_an_audit_entry_and_refuses_one(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        store.bookkeep("test", |tx| add(tx, "a")).await.unwrap();
        let spoke = store.bookkeep("test", |tx| { said(tx); add(tx, "b") }).await;
        assert!(spoke.unwrap_err().to_string().contains("Store::write"));
        assert_eq!(things(&store).await, 1);
    }

    async fn a_statement_that_fails_undoes_only_itself(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let write = |tx: &Tx| -> Result<(), Error> {
            add(tx, "a")?;
            let again = add(tx, "a").unwrap_err();
            assert!(matches!(again, Error::Unique { .. }));
            let rows = vec![params!["b", "ann", "b", 1].to_vec(), params!["a", "ann", "x", 1].to_vec()];
            tx.insert_many("things", &["id", "owner", "code", "size"], rows).unwrap_err();
            add(tx, "c").map(drop)
        };
        store.bookkeep("test", write).await.unwrap();
        assert_eq!(things(&store).await, 2);
    }

    async fn a_second_row_with_the_same_key_names_the_index(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let refused = async |sql: &'static str| {
            store.bookkeep("test", move |tx| tx.execute(sql, &[])).await.unwrap_err()
        };
        store.bookkeep("test", |tx| add(tx, "a")).await.unwrap();
        let same_id = refused("INSERT INTO things (id, owner, code, size) VALUES ('a', 'o', 'q', 1)").await;
        assert!(same_id.violates("things_pkey"), "{same_id:?}");
        let same_code = refused("INSERT INTO things (id, owner, code, size) VALUES ('z', 'ann', 'a', 1)").await;
        assert!(same_code.violates("things_owner_code") && !same_code.violates("things_pkey"), "{same_code:?}");
        let same_name = refused("INSERT INTO counters (name, value) VALUES ('n', 1), ('N', 2)").await;
        assert!(same_name.violates("counters_name_lower"), "{same_name:?}");
    }

    async fn a_broken_rule_of_the_table_says_which(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let sql = "INSERT INTO things (id, owner, code, size) VALUES ('a', 'o', $1, $2)";
        let small = store.bookkeep("test", move |tx| tx.execute(sql, &params!["c", -1])).await;
        assert!(matches!(&small, Err(Error::Constraint { what }) if what.contains("size")), "{small:?}");
        let none = store.bookkeep("test", move |tx| tx.execute(sql, &params![None::<i64>, 1])).await;
        assert!(matches!(&none, Err(Error::Constraint { what }) if what.contains("code")), "{none:?}");
    }

    async fn many_writers_at_once_lose_nothing(db: Database) {
        let store = patient(&db).await;
        store.bookkeep("test", |tx| tx.execute("INSERT INTO counters VALUES ('n', 0)", &[])).await.unwrap();
        let mut tasks = Vec::new();
        for _ in 0..100 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                // Load, decide, save: the lost update that `hold` is for.
                let bump = |tx: &Tx| -> Result<u64, Error> {
                    tx.hold("counter n")?;
                    let value: i64 = tx.one("SELECT value FROM counters WHERE name = 'n'", &[])?.get("value")?;
                    tx.execute("UPDATE counters SET value = $1 WHERE name = 'n'", &params![value + 1])
                };
                store.bookkeep("test", bump).await.unwrap();
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let value: i64 = store
            .read(|db| db.one("SELECT value FROM counters", &[])?.get("value"))
            .await
            .map_err(|it: Error| it)
            .unwrap();
        assert_eq!(value, 100);
    }

    async fn a_read_sees_one_state_while_others_write(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        store.bookkeep("test", |tx| add(tx, "a")).await.unwrap();
        let (seen, go) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
        let reader = store.clone();
        let reading = tokio::spawn(async move {
            reader.read(move |db| -> Result<(i64, i64), Error> {
                let before = count(db)?;
                seen.0.send(()).unwrap();
                go.1.recv().unwrap();
                Ok((before, count(db)?))
            }).await
        });
        tokio::task::spawn_blocking(move || seen.1.recv().unwrap()).await.unwrap();
        store.bookkeep("test", |tx| add(tx, "b")).await.unwrap();
        go.0.send(()).unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), (1, 1));
        assert_eq!(things(&store).await, 2);
    }

    async fn a_read_cannot_write(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        for _ in 0..8 {
            let sneaky = |db: &Db| {
                let sql = "INSERT INTO counters VALUES ('sneaky', 1) RETURNING name";
                db.query(sql, &[]).map(drop)
            };
            assert!(store.read(sneaky).await.is_err());
        }
        let rows = store.read(|db| db.query("SELECT * FROM counters", &[])).await.unwrap();
        assert_eq!(rows, []);
    }

    async fn a_panicking_read_leaves_the_store_usable(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        for _ in 0..20 {
            let other = store.clone();
            let read = tokio::spawn(async move {
                other.read(|db| -> Result<(), Error> {
                    count(db)?;
                    panic!("on purpose")
                }).await
            });
            assert!(read.await.unwrap_err().is_panic());
        }
        assert_eq!(things(&store).await, 0);
    }

    async fn a_write_goes_on_when_its_caller_leaves(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let (begun, running) = std::sync::mpsc::channel();
        let slow = move |tx: &Tx| {
            begun.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(100));
            add(tx, "a")
        };
        let other = store.clone();
        let writing = tokio::spawn(async move { other.bookkeep("test", slow).await });
        tokio::task::spawn_blocking(move || running.recv().unwrap()).await.unwrap();
        writing.abort();
        let deadline = Instant::now() + Duration::from_secs(5);
        while things(&store).await == 0 {
            assert!(Instant::now() < deadline, "the write was not carried out");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn a_closed_store_says_so(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let other = store.clone();
        store.ping().await.unwrap();
        store.close().await;
        assert!(other.ping().await.unwrap_err().is_unavailable());
        let late = other.bookkeep("test", |tx| add(tx, "a")).await;
        assert!(late.unwrap_err().is_unavailable());
    }

    async fn a_wrong_statement_names_itself_and_no_value(db: Database) {
        let store = db.open(Options::default()).await;
        let wrong = store.read(|db| db.query("SELECT * FROM nowhere WHERE a = $1", &params!["hunter2"])).await;
        let shown = format!("{:?}", wrong.unwrap_err());
        assert!(shown.contains("nowhere") && !shown.contains("hunter2"), "{shown}");
    }
}
