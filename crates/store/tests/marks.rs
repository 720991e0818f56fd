//! What has changed since, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use base::{Actor, TenantId};
use store::{Error, Store, Tx, audit, mark};
use testkit::Database;

async fn touch(store: &Store, name: &'static str, tenant: TenantId) {
    let touch = move |tx: &Tx| {
        mark::touch(tx, name, tenant);
        mark::touch(tx, name, tenant);
        Ok::<_, Error>(())
    };
    store.bookkeep("touch", touch).await.unwrap();
}

async fn sum(store: &Store, names: &[&str], tenant: Option<TenantId>) -> i64 {
    let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
    store.read(move |db| mark::sum(db, &names, tenant)).await.unwrap()
}

testkit::on_both! {
    async fn a_name_moves_once_with_each_transaction_that_touched_it(db: Database) {
        let store = db.migrated(&[]).await;
        let (mine, other) = (TenantId::generate(), TenantId::generate());
        assert_eq!(sum(&store, &["events"], Some(mine)).await, 0);
        touch(&store, "events", mine).await;
        assert_eq!(sum(&store, &["events"], Some(mine)).await, 1);
        touch(&store, "notes", mine).await;
        assert_eq!(sum(&store, &["events"], Some(mine)).await, 1);
        assert_eq!(sum(&store, &["events", "notes"], Some(mine)).await, 2);
        assert_eq!(sum(&store, &["events"], Some(other)).await, 0);
        assert_eq!(sum(&store, &[], Some(mine)).await, 0);
    }

    async fn what_is_everybodys_counts_for_each_and_each_for_who_reaches_all(db: Database) {
        let store = db.migrated(&[]).await;
        let mine = TenantId::generate();
        touch(&store, "events", TenantId::DEFAULT).await;
        touch(&store, "events", mine).await;
        touch(&store, "events", TenantId::generate()).await;
        assert_eq!(sum(&store, &["events"], Some(mine)).await, 2);
        assert_eq!(sum(&store, &["events"], None).await, 3);
        store.bookkeep("touch all", move |tx| mark::touch_all(tx, mine)).await.unwrap();
        assert_eq!(sum(&store, &["events"], Some(mine)).await, 3);
    }

    async fn a_transaction_that_was_undone_has_moved_nothing(db: Database) {
        let store = db.migrated(&[]).await;
        let undone = store.bookkeep("change our mind", |tx| {
            mark::touch(tx, "events", TenantId::DEFAULT);
            Err::<(), _>(Error::NoRow)
        });
        assert!(undone.await.is_err());
        touch(&store, "notes", TenantId::DEFAULT).await;
        assert_eq!(sum(&store, &["events"], None).await, 0);
    }

    async fn a_write_in_somebodys_name_moves_it_too(db: Database) {
        let store = db.migrated(&[]).await;
        let said = |tx: &Tx| {
            mark::touch(tx, "events", TenantId::DEFAULT);
            tx.audit(audit::Entry::new(TenantId::DEFAULT, "tested", "tests/1", "A test"));
            Ok::<_, Error>(())
        };
        store.write(&Actor::house(), testkit::moment(testkit::START), said).await.unwrap();
        assert_eq!(sum(&store, &["events"], None).await, 1);
    }
}
