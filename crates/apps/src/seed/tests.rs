use serde_json::{Value as Json, json};

use super::{Seeded, apply};
use crate::{
    fixture::Fixture,
    record::{self, Act, List, RecordError, Within},
};

async fn seed(
    house: &Fixture,
    act: &Act,
    hash: &'static str,
    rows: &[(&str, &str)],
) -> Result<Seeded, RecordError> {
    let rows = rows
        .iter()
        .map(|(code, title)| house.checked("topics", json!({"code": code, "title": title})))
        .collect();
    house
        .write(act, move |tx, kits, act| {
            let kit = kits.get("topics").expect("topics are declared");
            apply(tx, kit, act, hash, rows)
        })
        .await
}

async fn topics(house: &Fixture, search: Option<&str>) -> Vec<(Json, Json, i64)> {
    let list = List {
        search: search.map(str::to_owned),
        sort: Some(record::Sort::Position),
        ..List::within(Within::Reach)
    };
    let reach = house.act().reach;
    let page = house
        .read(move |db, kits| {
            let kit = kits.get("topics").expect("topics are declared");
            record::list(db, kit, reach, &list, &base::PageRequest::first(100))
        })
        .await
        .expect("they are listed");
    let shown = page.items.into_iter();
    shown.map(|it| (it.data["code"].clone(), it.data["title"].clone(), it.revision)).collect()
}

testkit::on_both! {
    async fn a_file_is_taken_over_once_and_again_when_it_has_changed(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let first = [("31", "Earthwork"), ("33", "Utilities")];
        let seeded = seed(&house, &house.house(), "a", &first).await.expect("it is seeded");
        assert_eq!(seeded, Seeded { is_new: true, inserted: 2, updated: 0 });
        let seeded = seed(&house, &house.house(), "a", &[("99", "not looked at")]).await;
        assert_eq!(seeded.expect("nothing is done"), Seeded::default());

        let second = [("33", "Utilities, buried"), ("34", "Transport"), ("31", "Earthwork")];
        let seeded = seed(&house, &house.house(), "b", &second).await.expect("it is seeded");
        assert_eq!(seeded, Seeded { is_new: true, inserted: 1, updated: 1 });
        assert_eq!(
            topics(&house, None).await,
            [
                (json!("31"), json!("Earthwork"), 1),
                (json!("33"), json!("Utilities, buried"), 2),
                (json!("34"), json!("Transport"), 1),
            ]
        );
        assert_eq!(topics(&house, Some("buried")).await.len(), 1, "its words are new, too");
    }

    async fn a_file_that_repeats_itself_is_refused_as_a_whole(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let refused = seed(&house, &house.house(), "a", &[("31", "x"), ("31", "y")]).await;
        assert_eq!(refused.expect_err("31 is there twice").code(), "not_unique");
        assert!(topics(&house, None).await.is_empty());
        seed(&house, &house.house(), "a", &[("31", "x")]).await.expect("it was not remembered");
    }

    async fn only_those_who_reach_all_tenants_seed(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let refused = seed(&house, &house.act(), "a", &[("31", "x")]).await;
        assert_eq!(refused.expect_err("it is shared").code(), "forbidden");
    }
}
