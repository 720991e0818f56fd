//! Idempotency keys.

use serde_json::{Value as Json, json};
use server::idempotency::{self, Begun, Kept};
use store::{Sql, Store, rider};
use testkit::Database;

use crate::house::{Asker, House};

/// A trap of the database itself.
const NEVER_ANSWERED: Sql<'static> = Sql {
    sqlite: "CREATE TRIGGER never_answered BEFORE UPDATE ON idempotency_keys
             WHEN NEW.state = 'answered' BEGIN SELECT RAISE(ABORT, 'lost'); END",
    postgres: "ALTER TABLE idempotency_keys ADD CHECK (state <> 'answered')",
};

async fn begin_is_busy(store: &Store, at: base::Timestamp) {
    let refused = idempotency::begin(store, "key_1", "k-1", "request".into(), at).await;
    assert_eq!(refused.unwrap_err().code(), "idempotency_busy");
}

async fn shelves(asker: &Asker) -> usize {
    asker.get("/api/collections/shelves").await.is(200)["items"].as_array().map_or(0, Vec::len)
}

testkit::on_both! {
    async fn the_same_request_is_done_once_and_answered_twice(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await.header("idempotency-key", "k-1");
        let make = |name: &str| -> Json { json!({"name": name}) };
        let first = editor.post("/api/collections/shelves", make("one")).await;
        let again = editor.post("/api/collections/shelves", make("one")).await;
        assert_eq!(first.is(201), again.is(201));
        assert_eq!(first.header("etag"), again.header("etag"));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(shelves(&editor).await, 1);
        let other = editor.post("/api/collections/shelves", make("two")).await;
        other.refused(422, "idempotency_conflict");
    }

    async fn a_key_belongs_to_who_uses_it(db: Database) {
        let house = House::open(&db).await;
        let one = house.editor().await.header("idempotency-key", "k-1");
        let other = house.editor().await.header("idempotency-key", "k-1");
        one.post("/api/collections/shelves", json!({"name": "one"})).await.is(201);
        other.post("/api/collections/shelves", json!({"name": "two"})).await.is(201);
    }

    async fn of_two_at_once_one_is_done(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await.header("idempotency-key", "k-1");
        let send = || editor.post("/api/collections/shelves", json!({"name": "one"}));
        let (a, b, c) = tokio::join!(send(), send(), send());
        let mut statuses = [a.status.as_u16(), b.status.as_u16(), c.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201, "{statuses:?}");
        assert!(statuses.iter().all(|it| matches!(it, 201 | 409)), "{statuses:?}");
        assert_eq!(shelves(&editor).await, 1);
    }

    async fn a_refusal_is_repeated_as_it_was(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await.header("idempotency-key", "k-1");
        house.shelf("one").await;
        let first = editor.post("/api/collections/shelves", json!({"name": "one"})).await;
        let again = editor.post("/api/collections/shelves", json!({"name": "one"})).await;
        assert_eq!(first.refused(409, "not_unique"), again.refused(409, "not_unique"));
    }

    async fn a_secret_is_not_kept_for_repetition(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await.header("idempotency-key", "k-1");
        let body = json!({"tenant": house.here, "name": "robot", "scopes": ["read"]});
        let secret = owner.post("/api/keys", body.clone()).await.is(201)["secret"].clone();
        owner.post("/api/keys", body).await.refused(409, "conflict");
        let rows = house.store.read(|db| db.query("SELECT body FROM idempotency_keys", &[])).await;
        let kept = format!("{:?}", rows.expect("rows"));
        assert!(!kept.contains(secret.as_str().unwrap()), "{kept}");
    }

    async fn a_change_whose_answer_was_lost_is_not_made_again(db: Database) {
        let house = House::open(&db).await;
        let editor = house.key(&[base::Scope::Read, base::Scope::Write]).await;
        let keyed = editor.header("idempotency-key", "k-1");
        // From here on no answer can be kept: as if the server died between change and answer.
        house.store.bookkeep("test", |tx| tx.execute(NEVER_ANSWERED, &[])).await.expect("a trap");
        let make = || keyed.post("/api/collections/shelves", json!({"name": "one"}));
        make().await.is(201);
        make().await.refused(409, "idempotency_busy");
        house.clock.advance(jiff::SignedDuration::from_mins(3));
        let refused = make().await.refused(409, "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("done already"), "{refused}");
        assert_eq!(shelves(&editor).await, 1);
        let other = keyed.post("/api/collections/shelves", json!({"name": "two"})).await;
        other.refused(422, "idempotency_conflict");
    }

    async fn a_request_that_died_before_it_changed_anything_is_done_at_the_next_try(db: Database) {
        let house = House::open(&db).await;
        let (now, store) = (house.clock.now(), &house.store);
        let begin = async |at| idempotency::begin(store, "key_1", "k-1", "request".into(), at).await.unwrap();
        let Begun::Fresh(first) = begin(now).await else { panic!("the key is new") };
        begin_is_busy(store, now).await;
        let later = now + jiff::SignedDuration::from_mins(3);
        let Begun::Fresh(second) = begin(later).await else { panic!("nothing was done under it") };
        // The first one lives after all: it has lost its key, and so it may not change anything.
        let change = |name: &'static str| {
            let note = move |tx: &store::Tx| -> Result<(), store::Error> {
                tx.audit(store::audit::Entry::new(base::TenantId::DEFAULT, "tested", name, "A test"));
                Ok(())
            };
            async move { store.write(&base::Actor::house(), later, note).await }
        };
        let refused = rider::along(first.rider(), change("first")).await.unwrap_err();
        assert!(refused.is_unavailable(), "{refused:?}");
        rider::along(second.rider(), change("second")).await.unwrap();
        let made = "SELECT subject FROM audit_log WHERE action = 'tested'";
        let made = store.read(move |db| db.one(made, &[])?.get::<String>("subject")).await.unwrap();
        assert_eq!(made, "second");
        // An answer of 503 frees no key under which something was changed.
        let away = Kept { status: 503, content_type: None, tag: None, body: None };
        idempotency::finish(store, second, away).await.unwrap();
        assert!(matches!(begin(later).await, Begun::Done(Kept { body: None, .. })));
    }

    async fn after_a_day_a_key_is_free_again(db: Database) {
        let house = House::open(&db).await;
        // Sessions end before a day is over; a key of the application does not.
        let key = house.key(&[base::Scope::Write]).await.header("idempotency-key", "k-1");
        key.post("/api/collections/shelves", json!({"name": "one"})).await.is(201);
        house.clock.advance(jiff::SignedDuration::from_hours(25));
        key.post("/api/collections/shelves", json!({"name": "two"})).await.is(201);
        house.clock.advance(jiff::SignedDuration::from_hours(25));
        let swept = house.app.sweep(house.clock.now()).await.expect("a sweep");
        assert_eq!(swept, 1);
    }

    async fn the_files_of_two_forms_are_compared_and_not_their_boundaries(db: Database) {
        let house = House::open(&db).await;
        let editor = house.editor().await.header("idempotency-key", "k-1");
        let send = |text: &'static str| {
            let editor = editor.clone();
            async move {
                let file = Some(("a.csv", text));
                editor.form("/api/collections/shelves/import", &[("name", "one")], file).await
            }
        };
        let first = send("label,code\nNut,N1\n").await.is(202);
        assert_eq!(send("label,code\nNut,N1\n").await.is(202), first);
        send("label,code\nBolt,B1\n").await.refused(422, "idempotency_conflict");
    }
}
