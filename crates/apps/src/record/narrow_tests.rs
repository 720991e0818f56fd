//! Lists narrowed and ordered in every way there is, on both databases.

use base::{Page, PageRequest};
use serde_json::{Value as Json, json};

use super::{List, Record, RecordError, Sort, Within, list};
use crate::fixture::Fixture;

/// Shelves with all that lists can be narrowed by.
async fn library(db: testkit::Database) -> Fixture {
    let house = Fixture::on(db).await;
    for shelf in [
        json!({"name": "Ash", "kind": "2027-03-13", "tags": ["tall", "50 books"], "latitude": 45.5152, "longitude": -122.6784}),
        json!({"name": "Beech", "kind": "2027-04-10", "tags": ["low"], "boards": [{"wood": "Red Oak"}], "latitude": 47.6062, "longitude": -122.3321}),
        json!({"name": "Cedar", "kind": "2027-10-30", "tags": ["150 books"], "boards": [{"wood": "Pine"}, {"wood": "Oak"}], "latitude": 43.615, "longitude": -116.2023}),
        json!({"name": "Dogwood_%"}),
    ] {
        house.record("shelves", shelf).await;
    }
    house
}

async fn listed(
    house: &Fixture,
    wanted: List,
    page: PageRequest,
) -> Result<Page<Record>, RecordError> {
    let reach = house.act().reach;
    house
        .read(move |db, kits| {
            let kit = kits.get("shelves").expect("shelves are declared");
            list(db, kit, reach, &wanted, &page)
        })
        .await
}

fn in_tenant(house: &Fixture) -> List {
    List { sort: Some(by_name(false)), ..List::within(Within::Tenant(house.tenant)) }
}

fn by_name(falls: bool) -> Sort {
    Sort::Field { name: "name".into(), falls }
}

fn names(page: &Page<Record>) -> String {
    let names = page.items.iter().map(|it| it.data["name"].as_str().unwrap_or_default());
    names.collect::<Vec<_>>().join(" ")
}

fn filters(all: &[(&str, Json)]) -> Vec<(String, Json)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

testkit::on_both! {
    async fn a_list_is_narrowed_from_and_to_by_letters_and_by_entries(db: testkit::Database) {
        let house = library(db).await;
        for (wanted, expected) in [
            (vec![("kind from", json!("2027-04-01"))], "Beech Cedar"),
            (vec![("kind to", json!("2027-04-10"))], "Ash Beech"),
            (vec![("kind from", json!("2027-04-01")), ("kind to", json!("2027-05-01"))], "Beech"),
            (vec![("kind not", json!("2027-03-13"))], "Beech Cedar Dogwood_%"),
            (vec![("kind not", json!(null))], "Ash Beech Cedar"),
            (vec![("is_open not", json!(true))], "Ash Beech Cedar Dogwood_%"),
            (vec![("kind contains", json!("-03-"))], "Ash"),
            (vec![("kind contains", json!("%"))], ""),
            (vec![("tags has", json!("LOW"))], "Beech"),
            (vec![("tags has", json!("50"))], "Ash"),
            (vec![("tags has", json!("5"))], ""),
            (vec![("boards.wood has", json!("oak"))], "Cedar"),
            (vec![("boards.wood has", json!("red"))], "Beech"),
            (vec![("tags has", json!("' OR 1=1 --"))], ""),
        ] {
            let list = List { filters: filters(&wanted), count: true, ..in_tenant(&house) };
            let found = listed(&house, list, PageRequest::first(9)).await.expect("it is listed");
            assert_eq!(names(&found), expected, "{wanted:?}");
            assert_eq!(found.total, Some(found.items.len() as u64));
        }
    }

    async fn a_list_is_narrowed_by_how_far_away_a_place_is(db: testkit::Database) {
        let house = library(db).await;
        for (miles, expected) in [("1", "Ash"), ("150", "Ash Beech"), ("350", "Ash Beech Cedar")] {
            let wanted = [
                ("near.latitude", json!("45.5152")),
                ("near.longitude", json!(-122.6784)),
                ("near.miles", json!(miles)),
            ];
            let list = List { filters: filters(&wanted), ..in_tenant(&house) };
            let found = listed(&house, list, PageRequest::first(9)).await.expect("it is listed");
            assert_eq!(names(&found), expected, "{miles} miles");
        }
        for wanted in [
            vec![("near.latitude", json!("45")), ("near.longitude", json!("1"))],
            vec![("near.miles", json!("50"))],
            vec![("near.latitude", json!("91")), ("near.longitude", json!("1")), ("near.miles", json!("5"))],
            vec![("near.latitude", json!("1")), ("near.longitude", json!("1")), ("near.miles", json!("-5"))],
        ] {
            let list = List { filters: filters(&wanted), ..in_tenant(&house) };
            let refused = listed(&house, list, PageRequest::first(9)).await;
            assert_eq!(refused.expect_err("it is no place").code(), "invalid_input", "{wanted:?}");
        }
    }

    async fn what_is_not_declared_narrows_and_orders_nothing(db: testkit::Database) {
        let house = library(db).await;
        for name in ["name from", "name", "latitude to", "name has", "boards.paint has"] {
            let list = List { filters: filters(&[(name, json!("a"))]), ..in_tenant(&house) };
            let refused = listed(&house, list, PageRequest::first(9)).await;
            assert_eq!(refused.expect_err("it is not declared").code(), "invalid_input", "{name}");
        }
        let sort: Sort = "-latitude".parse().expect("a name of a field");
        let list = List { sort: Some(sort), ..in_tenant(&house) };
        assert!(listed(&house, list, PageRequest::first(9)).await.is_err());
        assert!("name desc".parse::<Sort>().is_err());
    }

    async fn a_list_in_the_order_of_a_field_is_walked_to_its_end_and_back(db: testkit::Database) {
        let house = library(db).await;
        for (falls, expected) in
            [(false, "Ash Beech Cedar Dogwood_%"), (true, "Dogwood_% Cedar Beech Ash")]
        {
            let list = List { sort: Some(by_name(falls)), ..in_tenant(&house) };
            let (mut seen, mut request) = (Vec::new(), PageRequest::first(1));
            let last = loop {
                let found = listed(&house, list.clone(), request.clone()).await.expect("it is listed");
                seen.push(names(&found));
                match found.next {
                    Some(cursor) => request.cursor = Some(cursor),
                    None => break found.prev,
                }
            };
            assert_eq!(seen.join(" "), expected);
            request.cursor = last;
            let before = listed(&house, list, request).await.expect("the way back");
            assert_eq!(Some(names(&before).as_str()), expected.split(' ').nth(2));
        }
        // What has no such field comes first.
        let sort = Sort::Field { name: "kind".into(), falls: false };
        let list = List { sort: Some(sort), ..in_tenant(&house) };
        let found = listed(&house, list, PageRequest::first(9)).await.expect("it is listed");
        assert_eq!(names(&found), "Dogwood_% Ash Beech Cedar");
    }
}
