//! Every kind of value comes back as it went in, on both databases.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on may stop, and ends with its tasks"
)]

use base::{MicroUsd, RecordId, TenantId, Timestamp, UserId};
use proptest::{prelude::*, strategy::ValueTree};
use serde_json::json;
use store::{Error, Migration, Row, Sql, Store, Tx, Value, params};
use testkit::Database;

const MIGRATIONS: &[Migration] = &[Migration {
    name: "20260101_000000_values",
    up: Sql {
        sqlite: "CREATE TABLE vals (id BIGINT NOT NULL PRIMARY KEY, number BIGINT, fraction DOUBLE PRECISION, words TEXT, bytes BLOB);",
        postgres: "CREATE TABLE vals (id BIGINT NOT NULL PRIMARY KEY, number BIGINT, fraction DOUBLE PRECISION, words TEXT, bytes BYTEA);",
    },
    down: Sql::same("DROP TABLE vals;"),
}];

async fn round(store: &Store, values: [Value; 4]) -> Result<Row, Error> {
    let write = move |tx: &Tx| {
        let [number, fraction, words, bytes] = values;
        tx.execute("DELETE FROM vals", &[])?;
        tx.execute(
            "INSERT INTO vals (words, bytes, number, fraction, id) VALUES ($4, $5, $2, $3, $1)",
            &[Value::Int(1), number, fraction, words, bytes],
        )?;
        tx.one("SELECT * FROM vals WHERE id = $1 AND $1 = id", &params![1])
    };
    store.bookkeep("test", write).await
}

testkit::on_both! {
    async fn each_kind_comes_back_as_it_went_in(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let blob: Vec<u8> = (0..=255).collect();
        let words = "Größe 8″ — 管 \u{1f600} 'quoted' \"too\" $1 \\x41 \n";
        let row = round(&store, [i64::MIN.into(), 0.1.into(), words.into(), blob.as_slice().into()]).await.unwrap();
        assert_eq!(row.get::<i64>("number").unwrap(), i64::MIN);
        assert_eq!(row.get::<f64>("fraction").unwrap(), 0.1);
        assert_eq!(row.get::<String>("words").unwrap(), words);
        assert_eq!(row.get::<Vec<u8>>("bytes").unwrap(), blob);
        assert_eq!(row.columns().collect::<Vec<_>>(), ["id", "number", "fraction", "words", "bytes"]);
    }

    async fn nothing_comes_back_as_nothing(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let row = round(&store, [Value::Null, Value::Null, Value::Null, Value::Null]).await.unwrap();
        assert_eq!(row.get::<Option<i64>>("number").unwrap(), None);
        assert_eq!(row.get::<Option<f64>>("fraction").unwrap(), None);
        assert_eq!(row.get::<Option<String>>("words").unwrap(), None);
        assert_eq!(row.get::<Option<Vec<u8>>>("bytes").unwrap(), None);
        let missing = row.get::<i64>("number").unwrap_err().to_string();
        assert_eq!(missing, "column `number`: expected a whole number, found nothing");
        assert!(row.get::<i64>("nowhere").unwrap_err().to_string().contains("nowhere"));
    }

    async fn words_of_the_house_come_back_as_themselves(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let now: Timestamp = "2026-11-21T08:00:00.123456Z".parse().unwrap();
        let (user, record) = (UserId::generate(), RecordId::generate());
        let row = round(&store, [now.into(), 1.5.into(), user.into(), Value::Null]).await.unwrap();
        assert_eq!(row.get::<Timestamp>("number").unwrap(), now);
        assert_eq!(row.get::<UserId>("words").unwrap(), user);
        assert!(row.get::<RecordId>("words").is_err());
        let row = round(&store, [true.into(), 1.5.into(), record.into(), Value::Null]).await.unwrap();
        assert!(row.get::<bool>("number").unwrap());
        assert_eq!(row.get::<RecordId>("words").unwrap(), record);
        let data = json!({"a": [1, 2.5, null, "ü"], "b": {"c": true}});
        let row = round(&store, [MicroUsd(42).into(), 1.5.into(), (&data).into(), Value::Null]).await.unwrap();
        assert_eq!(row.get::<serde_json::Value>("words").unwrap(), data);
        assert_eq!(row.get::<MicroUsd>("number").unwrap(), MicroUsd(42));
    }

    async fn a_nul_in_text_and_a_number_without_end_are_refused(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let refused = round(&store, [Value::Null, Value::Null, "a\0b".into(), Value::Null]).await.unwrap_err();
        assert!(matches!(&refused, Error::Constraint { what } if what.contains("$4") && what.contains("NUL")), "{refused:?}");
        let refused = round(&store, [Value::Null, f64::NAN.into(), Value::Null, Value::Null]).await.unwrap_err();
        assert!(matches!(&refused, Error::Constraint { what } if what.contains("finite")), "{refused:?}");
        let row = round(&store, [Value::Null, Value::Null, "".into(), b"a\0b".as_slice().into()]).await.unwrap();
        assert_eq!(row.get::<Vec<u8>>("bytes").unwrap(), b"a\0b");
    }

    async fn the_number_of_parameters_must_fit(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        for params in [params![1].to_vec(), params![1, 2, 3].to_vec()] {
            let wrong = move |db: &store::Db| db.query("SELECT id FROM vals WHERE id = $1 AND number = $2", &params);
            assert!(store.read(wrong).await.is_err());
        }
    }

    async fn json_is_looked_into_alike(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let write = |tx: &Tx| {
            tx.execute("INSERT INTO vals (id, words) VALUES (1, $1)", &params![json!({"size": "8 in"})])?;
            tx.one(Sql {
                sqlite: "SELECT words ->> 'size' AS size FROM vals",
                postgres: "SELECT CAST(words AS JSONB) ->> 'size' AS size FROM vals",
            }, &[])?.get::<String>("size")
        };
        assert_eq!(store.bookkeep("test", write).await.unwrap(), "8 in");
    }

    async fn many_rows_go_in_at_once(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let rows: Vec<Vec<Value>> = (0..1_234_i64).map(|it| params![it, it * 2, format!("row {it}")].to_vec()).collect();
        let write = move |tx: &Tx| tx.insert_many("vals", &["id", "number", "words"], rows);
        assert_eq!(store.bookkeep("test", write).await.unwrap(), 1_234);
        let row = store.read(|db| db.one("SELECT count(*) AS n, CAST(sum(number) AS BIGINT) AS total FROM vals", &[])).await.unwrap();
        assert_eq!((row.get::<i64>("n").unwrap(), row.get::<i64>("total").unwrap()), (1_234, 1_234 * 1_233));
        let uneven = |tx: &Tx| tx.insert_many("vals", &["id", "number"], vec![params![1].to_vec()]);
        assert!(store.bookkeep("test", uneven).await.is_err());
    }

    async fn a_tenant_id_of_zeros_is_the_default_tenant(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let row = round(&store, [1.into(), 1.5.into(), TenantId::DEFAULT.into(), Value::Null]).await.unwrap();
        assert_eq!(row.get::<TenantId>("words").unwrap(), TenantId::DEFAULT);
    }

    async fn any_text_number_and_bytes_survive(db: Database) {
        let store = db.migrated(&[MIGRATIONS]).await;
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1));
        let any = (any::<i64>(), proptest::num::f64::NORMAL | proptest::num::f64::ZERO, "[^\0]{0,40}", prop::collection::vec(any::<u8>(), 0..60));
        for _ in 0..60 {
            let (number, fraction, words, bytes) = any.new_tree(&mut runner).unwrap().current();
            let given = [number.into(), fraction.into(), Value::from(&words), bytes.clone().into()];
            let row = round(&store, given).await.unwrap();
            assert_eq!(row.get::<i64>("number").unwrap(), number);
            assert_eq!(row.get::<f64>("fraction").unwrap(), fraction);
            assert_eq!(row.get::<String>("words").unwrap(), words);
            assert_eq!(row.get::<Vec<u8>>("bytes").unwrap(), bytes);
        }
    }
}
