//! Idempotency keys.

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::{Asker, House};

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
