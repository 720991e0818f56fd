use std::{collections::BTreeSet, sync::Arc};

use base::{RecordId, TenantId};
use futures::future::join_all;
use serde_json::{Value as Json, json};
use store::{Dialect, audit, params};

use super::{Act, NewRecord, Record, RecordError, catch_up, create, erase, fresh, get, view};
use crate::{
    description::Ids,
    fixture::{Fixture, description, kits},
    seed,
};

/// The library, in which notes and topics have integers for ids.
async fn numbered(db: testkit::Database) -> Fixture {
    let mut house = Fixture::on(db).await;
    number(&mut house);
    house
}

/// From now on notes and topics have integers for ids.
fn number(house: &mut Fixture) {
    let mut numbered = description();
    for name in ["notes", "topics"] {
        numbered.collections.get_mut(name).expect("the collection is there").ids = Ids::Integer;
    }
    house.kits = Arc::new(kits(&numbered));
}

async fn note(house: &Fixture, act: &Act, shelf: &Record, text: &str) -> Record {
    let made = house.create(act, "notes", shelf.tenant, Some(shelf.id), json!({"text": text}));
    made.await.expect("the note is made")
}

async fn topic(house: &Fixture, code: &str) -> Record {
    let act = house.house();
    let made = house.create(&act, "topics", house.tenant, None, json!({"code": code}));
    made.await.expect("the topic is made")
}

testkit::on_both! {
    async fn a_number_names_one_record_whatever_its_collection_and_tenant(db: testkit::Database) {
        let house = numbered(db).await;
        let shelf = house.shelf("Ours").await;
        assert_eq!(shelf.id.number(), None);
        let stranger = house.stranger();
        let theirs = house.create(&stranger, "shelves", house.stranger, None, json!({"name": "Theirs"}));
        let theirs = theirs.await.expect("the shelf is made");
        let first = note(&house, &house.act(), &shelf, "a").await;
        let numbers = [
            first.id.number(),
            topic(&house, "31").await.id.number(),
            note(&house, &stranger, &theirs, "a").await.id.number(),
            note(&house, &house.act(), &shelf, "b").await.id.number(),
        ];
        assert_eq!(numbers, [1, 2, 3, 4].map(Some));
        assert_eq!((first.lineage, &view(&first, None)["number"]), (first.id, &json!(1)));
        assert_eq!(view(&shelf, None)["number"], Json::Null);
    }

    async fn records_from_before_keep_their_uuids(db: testkit::Database) {
        let mut house = Fixture::on(db).await;
        let shelf = house.shelf("Ours").await;
        let before = note(&house, &house.act(), &shelf, "a").await;
        number(&mut house);
        let after = note(&house, &house.act(), &shelf, "b").await;
        assert_eq!((before.id.number(), after.id.number()), (None, Some(1)));
        let (id, reach) = (before.id, house.act().reach);
        let found = house.read(move |db, _| get(db, reach, id, Some("notes"))).await;
        assert_eq!(found.expect("it is there").id, id);
    }

    async fn a_number_is_not_given_again(db: testkit::Database) {
        let house = numbered(db).await;
        let shelf = house.shelf("Ours").await;
        let gone = note(&house, &house.act(), &shelf, "a").await.id;
        let act = house.house();
        let removed = house.write(&act, move |tx, kits, act| erase(tx, kits, act, gone, None));
        removed.await.expect("it is erased");
        let (shelf_id, tenant) = (shelf.id, shelf.tenant);
        let data = house.checked("notes", json!({"text": "b"}));
        let given_up = house.write(&act, move |tx, kits, act| {
            let kit = kits.get("notes").expect("notes are declared");
            create(tx, kit, act, NewRecord { tenant, parent: Some(shelf_id), data })?;
            Err::<(), _>(RecordError::NoSuchCollection("none".to_owned()))
        });
        assert!(given_up.await.is_err());
        let next = note(&house, &house.act(), &shelf, "c").await.id;
        assert!(next.number() > gone.number(), "{next} comes after {gone}");
    }

    async fn many_records_take_as_many_numbers_in_their_order(db: testkit::Database) {
        let house = numbered(db).await;
        topic(&house, "0").await;
        let act = house.house();
        let taken = house.write(&act, |tx, kits, _| {
            let kit = |name| kits.get(name).expect("the collection is there");
            let all = (fresh(tx, kit("topics"), 3)?, fresh(tx, kit("topics"), 0)?, fresh(tx, kit("plans"), 2)?);
            tx.audit(audit::Entry::new(TenantId::DEFAULT, "numbers_taken", "record_numbers", "Took three numbers"));
            Ok::<_, RecordError>(all)
        });
        let (three, none, others) = taken.await.expect("they are taken");
        let numbers: Vec<Option<u64>> = three.into_iter().map(RecordId::number).collect();
        assert_eq!((numbers, none), (vec![Some(2), Some(3), Some(4)], Vec::new()));
        assert!(others.len() == 2 && others.iter().all(|it| it.number().is_none()));
    }

    async fn what_a_collection_starts_with_is_numbered_in_the_order_of_its_file(db: testkit::Database) {
        let house = numbered(db).await;
        topic(&house, "0").await;
        let rows = ["31", "33", "34"].map(|it| house.checked("topics", json!({"code": it}))).to_vec();
        let act = house.house();
        let seeded = house.write(&act, move |tx, kits, act| {
            let kit = kits.get("topics").expect("topics are declared");
            seed::apply(tx, kit, act, "a", rows)
        });
        assert_eq!(seeded.await.expect("it is seeded").inserted, 3);
        let read = house.read(|db, _| {
            let rows = db.query("SELECT id, data FROM records ORDER BY id", &params![])?;
            rows.iter().map(|it| Ok((it.get::<RecordId>("id")?, it.get::<Json>("data")?))).collect()
        });
        let there: Vec<(RecordId, Json)> = read.await.map_err(|it: store::Error| it.to_string()).expect("they are read");
        let there = there.iter().map(|(id, data)| (id.number(), data["code"].as_str()));
        let expected = [(1, "0"), (2, "31"), (3, "33"), (4, "34")].map(|(number, code)| (Some(number), Some(code)));
        assert_eq!(there.collect::<Vec<_>>(), expected);
        assert_eq!(topic(&house, "35").await.id.number(), Some(5));
    }

    async fn those_who_make_records_at_once_get_different_numbers(db: testkit::Database) {
        let house = numbered(db).await;
        let codes: Vec<String> = (0..12).map(|it| format!("code {it}")).collect();
        let made = join_all(codes.iter().map(|it| topic(&house, it))).await;
        let numbers: BTreeSet<Option<u64>> = made.iter().map(|it| it.id.number()).collect();
        assert_eq!(numbers, (1..=12).map(Some).collect());
    }

    async fn a_counter_that_was_not_restored_catches_up_with_the_records(db: testkit::Database) {
        let house = numbered(db).await;
        for code in ["a", "b", "c"] {
            topic(&house, code).await;
        }
        let behind = house.store.bookkeep("lose a counter", |tx| {
            match tx.dialect() {
                Dialect::Sqlite => tx.execute("UPDATE record_numbers SET last = 0", &[])?,
                Dialect::Postgres => tx.query("SELECT setval('record_numbers', 1, false)", &[])?.len() as u64,
            };
            Ok::<_, store::Error>(())
        });
        behind.await.expect("it stands behind");
        for _ in 0..2 {
            house.write(&house.house(), |tx, _, _| catch_up(tx)).await.expect("it catches up");
        }
        let told = house.count("SELECT count(*) AS total FROM audit_log WHERE action = 'record_numbers_moved'");
        assert_eq!(told.await, 1);
        assert_eq!(topic(&house, "d").await.id.number(), Some(4));
    }

    async fn a_counter_that_was_told_to_begin_further_on_stays_there(db: testkit::Database) {
        let house = numbered(db).await;
        topic(&house, "a").await;
        let ahead = house.store.bookkeep("begin further on", |tx| {
            match tx.dialect() {
                Dialect::Sqlite => tx.execute("UPDATE record_numbers SET last = 4999", &[])?,
                Dialect::Postgres => tx.query("SELECT setval('record_numbers', 5000, false)", &[])?.len() as u64,
            };
            Ok::<_, store::Error>(())
        });
        ahead.await.expect("it stands further on");
        // Nothing is to be done, and nothing is noted.
        house.store.bookkeep("catch up", catch_up).await.expect("it is looked");
        assert_eq!(topic(&house, "b").await.id.number(), Some(5000));
    }
}
