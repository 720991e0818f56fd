use store::Store;
use testkit::Database;

use super::*;
use crate::vector::{
    fixture::{Clusters, DIMENSIONS, House, MODEL, Put, Wish, tenant},
    rows,
};

fn following(position: i64) -> Following {
    Following { model: MODEL.into(), dimensions: DIMENSIONS, tenant: None, position }
}

/// The documents that changed from a position on, and up to where that is settled.
async fn read(store: &Store, position: i64) -> (Vec<DocumentId>, i64) {
    let read = move |db: &Db| -> Result<_, Error> {
        Ok((next(db, &following(position), None, 100)?, horizon(db)?))
    };
    let (changes, horizon) = store.read(read).await.expect("the log is read");
    (changes.into_iter().map(|it| it.document).collect(), horizon)
}

/// Up to where the log is settled, once nobody is at it any more. On one server there may be others.
async fn settled(store: &Store) -> i64 {
    for _ in 0..1_000 {
        let read = |db: &Db| -> Result<(i64, i64), Error> {
            let row = db.one("SELECT coalesce(max(seq), 0) AS last FROM knowledge_changes", &[])?;
            Ok((row.get("last")?, horizon(db)?))
        };
        let (last, horizon) = store.read(read).await.expect("the log is read");
        if horizon > last {
            return horizon;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("somebody writes for ever");
}

async fn put(house: &House) -> Put {
    let mut clusters = Clusters::new(2, DIMENSIONS, 9);
    let vectors = vec![clusters.vector(), clusters.vector()];
    house.put(Wish { vectors, tags: &["one"], ..Wish::default() }).await
}

testkit::on_both! {
    async fn whatever_changes_a_point_is_in_the_log_once(db: Database) {
        let house = House::on(&db).await;
        let (one, two) = (put(&house).await, put(&house).await);
        assert_eq!(read(&house.store, 0).await.0, [one.document, two.document]);
        assert_eq!(read(&house.store, settled(&house.store).await).await.0, []);

        for (sql, given) in [
            ("UPDATE knowledge_documents SET shared = 1 WHERE id = $1", params![one.document].to_vec()),
            ("UPDATE knowledge_documents SET chat = NULL, owner = 'usr_x' WHERE id = $1", params![one.document].to_vec()),
            ("DELETE FROM knowledge_tags WHERE document = $1", params![one.document].to_vec()),
            ("INSERT INTO knowledge_tags (document, tag, tenant) VALUES ($1, 'x', $2)", params![one.document, one.tenant].to_vec()),
            ("UPDATE knowledge_vectors SET vector = $2 WHERE chunk = $1", params![one.chunks[0].0, rows::encode(&one.chunks[1].1)].to_vec()),
            ("DELETE FROM knowledge_vectors WHERE chunk = $1", params![one.chunks[0].0].to_vec()),
        ] {
            let before = settled(&house.store).await;
            house.execute(sql, given).await;
            assert_eq!(read(&house.store, before).await.0, [one.document], "{sql}");
        }
        let before = settled(&house.store).await;
        house.execute("UPDATE knowledge_documents SET title = 'x' WHERE id = $1", params![one.document].to_vec()).await;
        assert_eq!(read(&house.store, before).await.0, [], "a title is no part of a point");
    }

    async fn a_change_that_is_not_committed_yet_is_not_passed_by(db: Database) {
        let house = House::on(&db).await;
        let first = put(&house).await;
        let (sent, begun) = tokio::sync::oneshot::channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        // Begins before the second and ends after it; on SQLite the second waits for it.
        let store = house.store.clone();
        let slow = async move {
            store
                .bookkeep("write slowly", move |tx| {
                    tx.execute(
                        "UPDATE knowledge_vectors SET hash = 'slow' WHERE document = $1",
                        &params![first.document],
                    )?;
                    let _ = sent.send(());
                    let _ = wait.recv_timeout(std::time::Duration::from_secs(5));
                    Ok::<(), Error>(())
                })
                .await
        };
        let quick = async {
            begun.await.expect("it began");
            let is_postgres = db.is_postgres();
            if !is_postgres {
                go.send(()).expect("it waits");
            }
            let second = put(&house).await;
            let (changed, settled) = read(&house.store, 0).await;
            assert!(changed.contains(&second.document));
            if is_postgres {
                go.send(()).expect("it waits");
            }
            settled
        };
        let (slow, settled) = tokio::join!(slow, quick);
        slow.expect("it was written");
        let (later, _) = read(&house.store, settled).await;
        let is_postgres = db.is_postgres();
        assert_eq!(later.contains(&first.document), is_postgres, "what was open then comes after");
    }

    async fn a_long_log_is_read_page_by_page_and_tenant_by_tenant(db: Database) {
        let house = House::on(&db).await;
        let mut all = Vec::new();
        for number in 0..7 {
            let wish = Wish {
                tenant: tenant(1 + number % 2),
                vectors: vec![vec![1.0; DIMENSIONS]],
                ..Wish::default()
            };
            all.push(house.put(wish).await.document);
        }
        let pages = |tenant| {
            let store = house.store.clone();
            async move {
                let (mut last, mut found) = (None, Vec::new());
                loop {
                    let following = Following { tenant, ..following(0) };
                    let page =
                        store.read(move |db| next(db, &following, last, 2)).await.expect("it is read");
                    last = page.last().copied().or(last);
                    found.extend(page.iter().map(|it| it.document));
                    if page.len() < 2 {
                        return found;
                    }
                }
            }
        };
        assert_eq!(pages(None).await, all);
        let second: Vec<_> = all.iter().skip(1).step_by(2).copied().collect();
        assert_eq!(pages(Some(tenant(2))).await, second);
    }

    async fn a_log_from_another_server_is_followed_anew(db: Database) {
        let house = House::on(&db).await;
        put(&house).await;
        let far: i64 = 1 << 50;
        let begin = |tx: &Tx| -> Result<(), Error> {
            let wanted = crate::vector::Wanted {
                engine: "qdrant".into(),
                model: MODEL.into(),
                dimensions: DIMENSIONS,
            };
            crate::vector::space::begin(tx, "v1", &wanted, testkit::moment(testkit::START))?;
            crate::vector::space::moved(tx, "v1", 1 << 50)
        };
        house.store.bookkeep("begin", begin).await.expect("it begins");
        if db.is_postgres() {
            house.execute("UPDATE knowledge_changes SET seq = $1", params![far].to_vec()).await;
        }
        assert!(house.store.bookkeep("heal", heal).await.expect("it is healed"));
        assert!(!house.store.bookkeep("heal", heal).await.expect("nothing is left to do"));
        let all = house.store.read(crate::vector::space::all).await.expect("they are read");
        assert_eq!(all[0].position, 0);
        assert_eq!(read(&house.store, 0).await.0.len(), 1);
    }

    async fn what_is_gone_leaves_the_log_when_everybody_has_read_it(db: Database) {
        let house = House::on(&db).await;
        let (one, two) = (put(&house).await, put(&house).await);
        house.remove(&one).await;
        let settled = settled(&house.store).await;
        let swept = house.store.bookkeep("sweep", move |tx| sweep(tx, settled)).await;
        assert_eq!(swept.expect("it is swept"), 1);
        let noted = house.store.read(crate::vector::changes::swept).await.expect("it is noted");
        assert!(noted > 0 && noted <= settled, "{noted}");
        let again = house.store.bookkeep("sweep", move |tx| sweep(tx, settled)).await;
        assert_eq!(again.expect("nothing is left to sweep"), 0);
        assert_eq!(house.store.read(crate::vector::changes::swept).await.expect("it is noted"), noted);
        assert_eq!(read(&house.store, 0).await.0, [two.document]);
    }
}
