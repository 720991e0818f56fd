use base::RecordId;
use identity::Reach;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Hit, Search, SearchError, by_words, load, rank_fusion, view};
use crate::{fixture::Fixture, record};

async fn ask(
    house: &Fixture,
    reach: Reach,
    search: Search,
    query: &str,
) -> Result<Vec<Hit>, SearchError> {
    let query = query.to_owned();
    house
        .read(move |db, kits| {
            let kit = kits.get("books").expect("books are declared");
            by_words(db, kits, kit, reach, &search, &query)
        })
        .await
}

async fn found(house: &Fixture, search: Search, query: &str) -> String {
    let hits = ask(house, house.act().reach, search, query).await.expect("it is searched");
    codes(&hits)
}

fn codes(hits: &[Hit]) -> String {
    let codes = hits.iter().map(|it| it.record.data["code"].as_str().unwrap_or_default());
    codes.collect::<Vec<_>>().join(" ")
}

fn book(code: &str, label: &str, topic: &str) -> Json {
    json!({"code": code, "label": label, "topic": topic, "metadata": {"material": "clay"}})
}

testkit::on_both! {
    async fn words_are_found_in_active_versions_only(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("Pipes").await;
        house.active(shelf.id, &[book("1", "8\" ductile iron bend", "33")]).await;
        let old = house.active(shelf.id, &[book("1", "8\" ductile iron bend", "33"), book("2", "gate valve", "33")]).await;
        house.active(shelf.id, &[book("1", "8\" ductile iron bend", "33"), book("3", "iron gate", "34")]).await;
        house.version(shelf.id, &[book("9", "iron in a version that waits", "33")]).await;
        let everywhere = || Search::of(house.tenant);
        assert_eq!(found(&house, everywhere(), "iron bend").await, "1 3");
        assert_eq!(found(&house, everywhere(), "valve").await, "");
        assert_eq!(found(&house, everywhere(), "IRON GAT").await, "3 1", "the last word may be a beginning");
        assert_eq!(found(&house, everywhere(), "clay").await.split(' ').count(), 2);
        assert_eq!(found(&house, everywhere(), "8 inch bend").await, "1");
        let within = Search { version: Some(old.id), ..everywhere() };
        assert_eq!(found(&house, within, "valve").await, "2");
    }

    async fn records_with_every_word_come_first_and_others_fill_up(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("Pipes").await;
        house.active(shelf.id, &[
            book("a", "steel pipe", "1"),
            book("b", "long steel pipe with a flange of steel", "1"),
            book("c", "copper pipe", "1"),
            book("d", "wooden beam", "1"),
        ]).await;
        let hits = ask(&house, house.act().reach, Search::of(house.tenant), "steel pipe").await.expect("searched");
        let (all, some) = hits.split_at(2);
        assert!(all.iter().all(|it| it.score > 0.5 && it.score <= 1.0), "{hits:?}");
        assert_eq!(some.iter().map(|it| it.record.data["code"].clone()).collect::<Vec<_>>(), [json!("c")]);
        assert!(some[0].score > 0.0 && some[0].score <= 0.5);
        assert!((hits[0].score - 1.0).abs() < 1e-9);
        assert!(hits.windows(2).all(|it| it[0].score >= it[1].score));
        let shown = view(&hits[0]);
        assert_eq!(shown["parent_title"], "Pipes");
        assert_eq!((&shown["title"], &shown["parent"]), (&hits[0].record.data["code"], &json!(shelf.id)));
        let limited = Search { limit: 1, ..Search::of(house.tenant) };
        assert_eq!(ask(&house, house.act().reach, limited, "steel pipe").await.expect("searched").len(), 1);
    }

    async fn a_small_tenant_gets_as_many_results_as_it_asked_for(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let big = house
            .create(&house.stranger(), "shelves", house.stranger, None, json!({"name": "Big"}))
            .await
            .expect("it is made");
        let many: Vec<Json> =
            (0..2_000).map(|it| book(&it.to_string(), "pipe pipe pipe", "1")).collect();
        let version = house.version_of(&house.stranger(), big.id, house.books(&many)).await.expect("made").id;
        house
            .write(&house.stranger(), move |tx, _, act| crate::version::activate(tx, act, version, None, None))
            .await
            .expect("it is activated");
        let shelf = house.shelf("Small").await;
        let few: Vec<Json> = (0..20)
            .map(|it| book(&it.to_string(), "a rather long description of one single pipe", "1"))
            .collect();
        house.active(shelf.id, &few).await;
        let limited = Search { limit: 10, ..Search::of(house.tenant) };
        let hits = ask(&house, Reach::All, limited, "pipe").await.expect("it is searched");
        assert_eq!(hits.len(), 10);
        assert!(hits.iter().all(|it| it.record.tenant == house.tenant));
    }

    async fn another_tenants_words_are_not_found(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("Pipes").await;
        let version = house.active(shelf.id, &[book("1", "secret pipe", "1")]).await.id;
        let reach = house.stranger().reach;
        let code = |it: SearchError| it.code().to_owned();
        let own = Search::of(house.stranger);
        assert!(ask(&house, reach, own.clone(), "secret").await.expect("searched").is_empty());
        let none = Search { tenant: None, ..own.clone() };
        assert!(ask(&house, reach, none, "secret").await.expect("searched").is_empty());
        let theirs = ask(&house, reach, Search::of(house.tenant), "secret").await;
        assert_eq!(theirs.map_err(code), Err("tenant_forbidden".into()));
        let of_shelf = Search { record: Some(shelf.id), ..own.clone() };
        assert_eq!(ask(&house, reach, of_shelf, "secret").await.map_err(code), Err("record_not_found".into()));
        let of_version = Search { version: Some(version), ..own.clone() };
        assert_eq!(ask(&house, reach, of_version, "secret").await.map_err(code), Err("version_not_found".into()));
        let all = Search { tenant: None, ..own };
        assert_eq!(codes(&ask(&house, Reach::All, all, "secret").await.expect("searched")), "1");
    }

    async fn a_search_is_narrowed_by_fields_of_the_record_and_of_its_parent(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let wood = house.record("shelves", json!({"name": "W", "kind": "wood", "is_open": true})).await;
        let steel = house.record("shelves", json!({"name": "S", "kind": "steel", "is_open": false})).await;
        house.active(wood.id, &[book("1", "pipe", "33"), book("2", "pipe", "34")]).await;
        house.active(steel.id, &[book("3", "pipe", "33")]).await;
        for (filters, expected) in [
            (vec![("topic", json!("33"))], vec!["1", "3"]),
            (vec![("kind", json!("wood"))], vec!["1", "2"]),
            (vec![("is_open", json!("false"))], vec!["3"]),
            (vec![("topic", json!("33")), ("kind", json!("wood"))], vec!["1"]),
        ] {
            let filters = filters.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
            let search = Search { filters, ..Search::of(house.tenant) };
            let seen = found(&house, search, "pipe").await;
            let mut seen: Vec<&str> = seen.split(' ').collect();
            seen.sort_unstable();
            assert_eq!(seen, expected);
        }
        let search = Search { record: Some(steel.id), ..Search::of(house.tenant) };
        assert_eq!(found(&house, search, "pipe").await, "3");
        let search = Search { filters: vec![("label".into(), json!("x"))], ..Search::of(house.tenant) };
        let refused = ask(&house, house.act().reach, search, "pipe").await;
        assert_eq!(refused.expect_err("it is not declared").code(), "invalid_input");
    }

    async fn more_active_versions_than_can_be_named_are_searched_as_well(db: testkit::Database) {
        let house = Fixture::on(db).await;
        for at in 0..=super::VERSIONS_MAX {
            let shelf = house.shelf(&format!("S{at}")).await;
            house.active(shelf.id, &[book(&at.to_string(), "old words", "1")]).await;
            if at < 2 {
                house.active(shelf.id, &[book(&at.to_string(), "new words", "1")]).await;
            }
        }
        let search = Search { limit: 100, ..Search::of(house.tenant) };
        assert_eq!(found(&house, search.clone(), "words").await.split(' ').count(), super::VERSIONS_MAX + 1);
        assert_eq!(found(&house, search, "new").await.split(' ').count(), 2);
    }

    async fn a_deleted_shelf_is_not_searched(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("Pipes").await;
        house.active(shelf.id, &[book("1", "pipe", "1")]).await;
        let id = shelf.id;
        house
            .write(&house.act(), move |tx, kits, act| record::delete(tx, kits, act, id, None, None))
            .await
            .expect("it is deleted");
        assert_eq!(found(&house, Search::of(house.tenant), "pipe").await, "");
    }

    async fn a_search_needs_words_and_a_collection_that_has_some(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let refused = ask(&house, house.act().reach, Search::of(house.tenant), " -- \" ").await;
        assert_eq!(refused.expect_err("there is no word").code(), "invalid_input");
        let search = Search::of(house.tenant);
        let reach = house.act().reach;
        let refused = house.read(move |db, kits| {
            let kit = kits.get("plans").expect("plans are declared");
            by_words(db, kits, kit, reach, &search, "x")
        });
        assert_eq!(refused.await.expect_err("plans are not searched").code(), "invalid_input");
    }

    async fn nothing_in_a_question_is_taken_for_an_operator(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("Pipes").await;
        house.active(shelf.id, &[book("1", "not near and or", "1")]).await;
        for query in ["NOT", "near(", "AND OR", "\"", "scope:1 OR not", "'; DROP TABLE records; not", "not:*", "& | ! not"] {
            let hits = ask(&house, house.act().reach, Search::of(house.tenant), query).await;
            assert!(hits.is_ok() || query == "\"", "{query}: {hits:?}");
        }
        assert_eq!(found(&house, Search::of(house.tenant), "NOT or").await, "1");
    }

    async fn shared_records_are_searched_by_everybody(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let topic = json!({"code": "33", "title": "Utilities"});
        house.create(&house.house(), "topics", house.tenant, None, topic).await.expect("it is made");
        for tenant in [house.tenant, house.stranger] {
            let hits = house.read(move |db, kits| {
                let kit = kits.get("topics").expect("topics are declared");
                by_words(db, kits, kit, Reach::Tenant(tenant), &Search::of(tenant), "util")
            });
            assert_eq!(codes(&hits.await.expect("it is searched")), "33");
        }
    }

    async fn another_ranking_is_read_in_its_order_and_within_the_search(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("Pipes").await;
        let old = house.active(shelf.id, &[book("0", "pipe", "33")]).await.id;
        let now = house.active(shelf.id, &[book("1", "pipe", "33"), book("2", "pipe", "34"), book("3", "pipe", "33")]).await.id;
        let records = house.read(move |db, _| {
            let mut all = crate::version::records(db, now)?;
            all.extend(crate::version::records(db, old)?);
            Ok::<_, crate::version::VersionError>(all)
        });
        let ids: Vec<RecordId> = records.await.expect("they are read").iter().map(|it| it.id).collect();
        let ranking = vec![(ids[3], 1.0), (ids[2], 0.9), (ids[1], 0.8), (ids[0], 0.7), (RecordId::generate(), 0.6)];
        let search = Search { filters: vec![("topic".into(), json!("33"))], ..Search::of(house.tenant) };
        for (reach, expected) in [(house.act().reach, "3 1"), (Reach::All, "3 1")] {
            let (search, ranking) = (search.clone(), ranking.clone());
            let hits = house.read(move |db, kits| {
                let kit = kits.get("books").expect("books are declared");
                load(db, kits, kit, reach, &search, &ranking)
            });
            let hits = hits.await.expect("they are read");
            assert_eq!(codes(&hits), expected);
            assert!((hits[0].score - 0.9).abs() < 1e-9);
        }
        let own = Search::of(house.stranger);
        let reach = house.stranger().reach;
        let hits = house.read(move |db, kits| {
            let kit = kits.get("books").expect("books are declared");
            load(db, kits, kit, reach, &own, &ranking)
        });
        assert!(hits.await.expect("they are read").is_empty());
    }
}

fn ranking() -> impl Strategy<Value = Vec<RecordId>> {
    prop::collection::vec(0..20_u128, 0..12).prop_map(|all| {
        let mut seen = std::collections::HashSet::new();
        let fresh = all.into_iter().filter(|it| seen.insert(*it));
        fresh.map(|it| RecordId::from_uuid(uuid::Uuid::from_u128(it))).collect()
    })
}

proptest! {
    #[test]
    fn fusion_keeps_everybody_once_and_in_falling_order(a in ranking(), b in ranking()) {
        let fused = rank_fusion(&[&a, &b]);
        let mut ids: Vec<RecordId> = fused.iter().map(|it| it.0).collect();
        ids.sort();
        let mut all: Vec<RecordId> = a.iter().chain(&b).copied().collect();
        all.sort();
        all.dedup();
        prop_assert_eq!(ids, all);
        prop_assert!(fused.windows(2).all(|it| it[0].1 >= it[1].1));
        prop_assert!(fused.iter().all(|it| it.1 > 0.0 && it.1 <= 1.0 + 1e-12));
    }

    #[test]
    fn fusion_does_not_care_which_ranking_comes_first(a in ranking(), b in ranking()) {
        prop_assert_eq!(rank_fusion(&[&a, &b]), rank_fusion(&[&b, &a]));
    }

    #[test]
    fn fusion_of_one_ranking_is_that_ranking(a in ranking()) {
        let fused: Vec<RecordId> = rank_fusion(&[&a]).into_iter().map(|it| it.0).collect();
        prop_assert_eq!(fused, a);
    }

    #[test]
    fn who_is_first_in_all_rankings_is_first_of_all(a in ranking(), b in ranking()) {
        let first = RecordId::from_uuid(uuid::Uuid::from_u128(99));
        let with = |rest: &[RecordId]| -> Vec<RecordId> { std::iter::once(first).chain(rest.iter().copied()).collect() };
        let fused = rank_fusion(&[&with(&a), &with(&b)]);
        prop_assert_eq!(fused[0].0, first);
        prop_assert!((fused[0].1 - 1.0).abs() < 1e-12);
    }
}
