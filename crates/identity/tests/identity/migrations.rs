//! The tables themselves.

use base::Role;
use identity::MIGRATIONS;
use store::migrate;
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD};

on_both! {
    async fn the_tables_are_taken_down_and_put_up_again(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let all: Vec<_> = store::MIGRATIONS.iter().chain(MIGRATIONS).copied().collect();
        let down = migrate::down(&store, &all, all.len()).await.unwrap();
        assert!(MIGRATIONS.iter().all(|it| down.contains(&it.name)), "{down:?}");
        let gone = store.read(|db| db.query("SELECT id FROM users", &[])).await;
        assert!(gone.is_err());

        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Viewer, HERE).await;
        assert!(house.login("ann@example.com", PASSWORD).await.is_ok());
        store.close().await;
    }
}
