use base::{JobId, PageRequest, RecordId, VersionId};
use serde_json::{Value as Json, json};

use super::{
    Activated, Contents, NewChild, NewVersion, Origin, Outcome, State, Target, Version,
    VersionError, activate, active, add, begin, copy_some, delete, discard, finish, get, list,
    records, revert, view,
};
use crate::{
    diff,
    fixture::Fixture,
    record::{self, Act, List, Record, Within},
};

fn book(code: &str, label: &str) -> Json {
    json!({"code": code, "label": label})
}

async fn choose(house: &Fixture, act: &Act, id: VersionId) -> Result<Activated, VersionError> {
    house.write(act, move |tx, _, act| activate(tx, act, id, None, Some("because"))).await
}

async fn go_back(
    house: &Fixture,
    act: &Act,
    shelf: RecordId,
    to: Target,
) -> Result<Version, VersionError> {
    let new = NewVersion::new(shelf, Origin::Revert, "Back");
    house.write(act, move |tx, kits, act| revert(tx, kits, act, to, new, None)).await
}

async fn remove(house: &Fixture, act: &Act, id: VersionId) -> Result<(), VersionError> {
    house.write(act, move |tx, _, act| delete(tx, act, id)).await
}

async fn books_of(house: &Fixture, version: VersionId) -> Vec<Record> {
    house.read(move |db, _| records(db, version)).await.expect("they are read")
}

fn codes(books: &[Record]) -> String {
    let codes = books.iter().map(|it| it.data["code"].as_str().unwrap_or_default());
    codes.collect::<Vec<_>>().join(" ")
}

/// A version that is begun and holds these books, under this job.
async fn half_built(house: &Fixture, shelf: RecordId, job: JobId, books: &[Json]) -> Version {
    let (books, kits, act) = (house.books(books), house.kits.clone(), house.act());
    house
        .store
        .bookkeep("build a version", move |tx| {
            let new =
                NewVersion { job: Some(job), ..NewVersion::new(shelf, Origin::Import, "Half") };
            let version = begin(tx, &kits, &act, new)?;
            add(tx, &kits, &act, version.id, books)?;
            Ok::<_, VersionError>(version)
        })
        .await
        .expect("it is begun")
}

testkit::on_both! {
    async fn a_version_is_numbered_counted_and_waits_to_be_activated(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let version = house.version(shelf.id, &[book("1", "one"), book("2", "two")]).await;
        assert_eq!((version.number, version.record_count, version.state), (1, 2, State::Ready));
        assert!(!version.is_active);
        let (reach, id) = (house.act().reach, shelf.id);
        let none = house.read(move |db, _| active(db, reach, id)).await;
        assert_eq!(none.expect_err("none is active").code(), "no_active_version");

        choose(&house, &house.act(), version.id).await.expect("it is activated");
        let found = house.read(move |db, _| active(db, reach, id)).await.expect("one is active");
        let shown = view(&found);
        assert_eq!(shown["is_active"], true);
        assert_eq!((&shown["state"], &shown["origin"]), (&json!("ready"), &json!("import")));
        let shelf = house.read(move |db, _| record::get(db, reach, id, None)).await.expect("there");
        assert_eq!(shelf.active_version, Some(version.head()));
        assert_eq!(record::view(&shelf, None)["active_version"]["number"], 1);
        assert_eq!(codes(&books_of(&house, version.id).await), "1 2");
    }

    async fn another_tenant_finds_no_version(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let first = house.active(shelf.id, &[book("1", "one")]).await;
        let second = house.version(shelf.id, &[book("2", "two")]).await;
        let (stranger, id) = (house.stranger(), second.id);
        let reach = stranger.reach;
        let code = |error: VersionError| error.code().to_owned();

        let found = house.read(move |db, _| get(db, reach, id)).await;
        assert_eq!(found.map_err(code), Err("version_not_found".into()));
        assert_eq!(choose(&house, &stranger, id).await.map_err(code).err().as_deref(), Some("version_not_found"));
        assert_eq!(remove(&house, &stranger, id).await.map_err(code), Err("version_not_found".into()));
        for (to, expected) in [(Target::Id(id), "record_not_found"), (Target::Number(2), "record_not_found")] {
            let gone = go_back(&house, &stranger, shelf.id, to).await;
            assert_eq!(gone.map_err(code).err().as_deref(), Some(expected));
        }
        let listed = house.read(move |db, _| list(db, reach, shelf.id, true, &PageRequest::first(9))).await;
        assert_eq!(listed.map_err(code).err().as_deref(), Some("record_not_found"));
        let made = house.version_of(&stranger, shelf.id, house.books(&[book("3", "x")])).await;
        assert_eq!(made.map_err(code).err().as_deref(), Some("record_not_found"));
        let compared = house.read(move |db, kits| diff::load(db, kits, reach, first.id, id)).await;
        assert_eq!(compared.map_err(code).err().as_deref(), Some("version_not_found"));
        let within = List::within(Within::Version(id));
        let books = house
            .read(move |db, kits| {
                let kit = kits.get("books").expect("declared");
                record::list(db, kit, reach, &within, &PageRequest::first(9))
            })
            .await;
        assert_eq!(books.expect_err("not theirs").code(), "version_not_found");
    }

    async fn two_books_of_a_version_cannot_share_a_code(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let twice = house.books(&[book("1", "one"), book("1", "uno")]);
        let error = house.version_of(&house.act(), shelf.id, twice).await.expect_err("a repeat");
        assert_eq!((error.code(), error.detail()), ("not_unique", Some("books")));
        assert_eq!(house.count("SELECT count(*) AS total FROM versions").await, 0);
        house.version(shelf.id, &[book("1", "one")]).await;
        house.version(shelf.id, &[book("1", "one"), json!({"label": "x"}), json!({"label": "x"})]).await;
    }

    async fn only_versioned_collections_have_versions(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let plan = house.record("plans", json!({"name": "P"})).await;
        let made = house.version_of(&house.act(), plan.id, vec![]).await;
        assert!(matches!(made, Err(VersionError::NotVersioned(_))));
    }

    async fn a_finished_version_takes_nothing_more(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let version = house.version(shelf.id, &[book("1", "one")]).await.id;
        let more = house.books(&[book("2", "two")]);
        let added = house.write(&house.act(), move |tx, kits, act| add(tx, kits, act, version, more)).await;
        assert_eq!(added.expect_err("it is finished").code(), "version_state");
        let again = house
            .write(&house.act(), move |tx, kits, act| finish(tx, kits, act, version, Outcome::default()))
            .await;
        assert!(matches!(again, Err(VersionError::Finished(_))));
    }

    async fn a_version_that_is_built_cannot_be_chosen_or_deleted(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let ready = house.active(shelf.id, &[book("1", "one")]).await;
        let half = half_built(&house, shelf.id, JobId::generate(), &[book("2", "two")]).await;
        assert_eq!(half.number, 2);
        let chosen = choose(&house, &house.act(), half.id).await;
        assert!(matches!(chosen, Err(VersionError::Building(_))));
        let back = go_back(&house, &house.act(), shelf.id, Target::Number(2)).await;
        assert!(matches!(back, Err(VersionError::Building(_))));
        assert!(matches!(remove(&house, &house.act(), half.id).await, Err(VersionError::Building(_))));
        let (reach, id) = (house.act().reach, shelf.id);
        let still = house.read(move |db, _| active(db, reach, id)).await.expect("one is active");
        assert_eq!(still.id, ready.id);
    }

    async fn what_a_dead_job_was_building_is_discarded(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        house.active(shelf.id, &[book("1", "one")]).await;
        let (job, other) = (JobId::generate(), JobId::generate());
        let half = half_built(&house, shelf.id, job, &[book("2", "unfinished")]).await;
        let kept = half_built(&house, shelf.id, other, &[book("2", "two")]).await;
        let gone = house.store.bookkeep("discard", move |tx| discard(tx, job)).await;
        assert_eq!(gone.expect("it is discarded"), 1);
        assert!(books_of(&house, half.id).await.is_empty());
        assert_eq!(books_of(&house, kept.id).await.len(), 1);
        let reach = house.act().reach;
        let lost = house.read(move |db, _| get(db, reach, half.id)).await;
        assert!(matches!(lost, Err(VersionError::NotFound(_))));
        if !house.db.is_postgres() {
            let words = "SELECT count(*) AS total FROM record_words WHERE record_words MATCH 'unfinished'";
            assert_eq!(house.count(words).await, 0);
        }
    }

    async fn of_two_activations_at_once_exactly_one_version_is_active(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let mut versions = Vec::new();
        for code in ["1", "2", "3", "4"] {
            versions.push(house.version(shelf.id, &[book(code, code)]).await.id);
        }
        let act = house.act();
        let all = futures::future::join_all(versions.iter().map(|it| choose(&house, &act, *it))).await;
        let all: Vec<Activated> = all.into_iter().collect::<Result<_, _>>().expect("all are done");
        // Each saw the one before it: the steps form one chain from none to the one that is active.
        let mut links: Vec<_> = all.iter().map(|it| it.previous).collect();
        links.sort();
        links.dedup();
        assert_eq!(links.len(), 4, "{all:?}");
        let reach = act.reach;
        let listed = house
            .read(move |db, _| list(db, reach, shelf.id, true, &PageRequest::first(9)))
            .await
            .expect("they are listed");
        assert_eq!(listed.items.iter().filter(|it| it.is_active).count(), 1);
    }

    async fn versions_begun_at_once_get_different_numbers(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let act = house.act();
        let books = |code: usize| house.books(&[book(&code.to_string(), "x")]);
        let made = (0..6).map(|it| house.version_of(&act, shelf.id, books(it)));
        let made = futures::future::join_all(made).await;
        let mut numbers: Vec<i64> =
            made.into_iter().map(|it| it.expect("each is made").number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    }

    async fn activating_again_changes_nothing_and_of_another_record_is_refused(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, other) = (house.shelf("A").await, house.shelf("B").await);
        let version = house.active(shelf.id, &[book("1", "one")]).await.id;
        let again = choose(&house, &house.act(), version).await.expect("it is active");
        assert!(!again.has_changed);
        let wrong = house
            .write(&house.act(), move |tx, _, act| activate(tx, act, version, Some(other.id), None))
            .await;
        assert!(matches!(wrong, Err(VersionError::NotFound(_))));
        let lost = choose(&house, &house.act(), VersionId::generate()).await;
        assert_eq!(lost.expect_err("there is none").code(), "version_not_found");
    }

    async fn going_back_makes_a_new_version_of_the_old_one(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let first = house.active(shelf.id, &[book("1", "one"), book("2", "two")]).await;
        house.active(shelf.id, &[book("3", "three")]).await;
        let back = go_back(&house, &house.act(), shelf.id, Target::Number(1)).await.expect("it goes back");
        assert_eq!((back.number, back.record_count, back.is_active), (3, 2, true));
        assert_eq!((back.origin, back.based_on), (Origin::Revert, Some(first.id)));
        let (old, new) = (books_of(&house, first.id).await, books_of(&house, back.id).await);
        assert_eq!(codes(&new), "1 2");
        for (old, new) in old.iter().zip(&new) {
            assert_ne!(old.id, new.id);
            assert_eq!((old.lineage, old.position, &old.data), (new.lineage, new.position, &new.data));
        }
        let reach = house.act().reach;
        let same = house.read(move |db, kits| diff::load(db, kits, reach, first.id, back.id)).await;
        let same = same.expect("they are compared");
        assert_eq!(diff::view(&same)["counts"], json!({"added": 0, "removed": 0, "changed": 0, "renamed": 0, "unchanged": 2}));
        let words = List { search: Some("tw".into()), ..List::within(Within::Version(back.id)) };
        let found = house
            .read(move |db, kits| {
                let kit = kits.get("books").expect("declared");
                record::list(db, kit, reach, &words, &PageRequest::first(9))
            })
            .await
            .expect("the copies are found by words");
        assert_eq!(codes(&found.items), "2");
    }

    async fn going_back_nowhere_is_refused(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, other) = (house.shelf("A").await, house.shelf("B").await);
        let foreign = house.version(other.id, &[book("1", "one")]).await;
        let old = house.version(shelf.id, &[book("1", "one")]).await;
        let to = async |to| go_back(&house, &house.act(), shelf.id, to).await.map_err(|it| it.code().to_owned()).err();
        assert_eq!(to(Target::Number(1)).await.as_deref(), Some("no_active_version"));
        let now = house.active(shelf.id, &[book("2", "two")]).await;
        assert_eq!(to(Target::Number(2)).await.as_deref(), Some("same_version"));
        assert_eq!(to(Target::Id(now.id)).await.as_deref(), Some("same_version"));
        assert_eq!(to(Target::Number(7)).await.as_deref(), Some("version_not_found"));
        assert_eq!(to(Target::Id(foreign.id)).await.as_deref(), Some("version_not_found"));
        assert_eq!(to(Target::Id(old.id)).await, None);
    }

    async fn a_deleted_version_takes_its_books_along_and_keeps_its_number(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let now = house.active(shelf.id, &[book("1", "one")]).await;
        let old = house.version(shelf.id, &[book("2", "two")]).await;
        let refused = remove(&house, &house.act(), now.id).await.expect_err("it is active");
        assert_eq!(refused.code(), "version_active");
        remove(&house, &house.act(), old.id).await.expect("it is deleted");
        let gone = remove(&house, &house.act(), old.id).await.expect_err("it is deleted");
        assert_eq!(gone.code(), "version_not_found");
        assert!(books_of(&house, old.id).await.is_empty());
        assert_eq!(house.version(shelf.id, &[]).await.number, 3);
        let reach = house.act().reach;
        let listed = house.read(move |db, _| list(db, reach, shelf.id, true, &PageRequest::first(9))).await;
        let listed = listed.expect("they are listed");
        assert_eq!(listed.items.iter().map(|it| it.number).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(listed.total, Some(2));
    }

    async fn versions_are_listed_page_by_page_the_newest_first(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        for _ in 0..5 {
            house.version(shelf.id, &[]).await;
        }
        let (reach, mut request, mut seen) = (house.act().reach, PageRequest::first(2), vec![]);
        let mut last = None;
        loop {
            let asked = request.clone();
            let page = house.read(move |db, _| list(db, reach, shelf.id, false, &asked)).await.expect("listed");
            seen.extend(page.items.iter().map(|it| it.number));
            last = page.prev.or(last);
            match page.next {
                Some(cursor) => request.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
        request.cursor = last;
        let back = house.read(move |db, _| list(db, reach, shelf.id, false, &request)).await.expect("listed");
        assert_eq!(back.items.iter().map(|it| it.number).collect::<Vec<_>>(), [3, 2]);
    }

    async fn versions_of_a_deleted_record_are_gone_with_it(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let version = house.active(shelf.id, &[book("1", "one")]).await.id;
        let id = shelf.id;
        house
            .write(&house.act(), move |tx, kits, act| record::delete(tx, kits, act, id, None, None))
            .await
            .expect("it is deleted");
        let reach = house.act().reach;
        let found = house.read(move |db, _| get(db, reach, version)).await.expect_err("it is gone");
        assert_eq!((found.code(), found.detail()), ("deleted", Some("shelves")));
        let one = house.read(move |db, kits| {
            let kit = kits.get("books").expect("declared");
            let within = List::within(Within::Version(version));
            record::list(db, kit, reach, &within, &PageRequest::first(9))
        });
        assert!(one.await.is_err());
        let book = books_of(&house, version).await.remove(0).id;
        let found = house.read(move |db, _| record::get(db, reach, book, None)).await;
        assert_eq!(found.expect_err("its shelf is deleted").code(), "deleted");
    }

    async fn versions_of_different_records_are_not_compared(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, other) = (house.shelf("A").await, house.shelf("B").await);
        let first = house.version(shelf.id, &[book("1", "one")]).await.id;
        let second = house.version(other.id, &[book("1", "one")]).await.id;
        let reach = house.act().reach;
        let compared = house.read(move |db, kits| diff::load(db, kits, reach, first, second)).await;
        assert!(matches!(compared, Err(VersionError::DifferentRecords(..))));
    }

    async fn ten_thousand_books_are_kept_copied_and_compared(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let data: Vec<Json> = (1..=10_000)
            .map(|it| json!({
                "code": format!("2-DIP-{it:05}-B"),
                "label": format!("{it}\" ductile iron bend, class {}", it % 7),
                "topic": format!("{:02}", it % 33),
                "metadata": {"unit": "EA", "material": "DIP"}
            }))
            .collect();
        let first = house.active(shelf.id, &data).await;
        assert_eq!(first.record_count, 10_000);

        let (kits, act, from) = (house.kits.clone(), house.act(), first.id);
        let next = house
            .store
            .write(&house.act().actor, act.now, move |tx| {
                let new = NewVersion { based_on: Some(from), ..NewVersion::new(shelf.id, Origin::Change, "Next") };
                let version = begin(tx, &kits, &act, new)?;
                let mut after = None;
                loop {
                    after = copy_some(tx, &kits, &act, from, version.id, after, 3_000)?;
                    if after.is_none() {
                        break;
                    }
                }
                finish(tx, &kits, &act, version.id, Outcome::default())
            })
            .await
            .expect("it is copied");
        assert_eq!(next.record_count, 10_000);

        let mut books: Vec<NewChild> = Vec::new();
        for (at, it) in books_of(&house, next.id).await.iter().enumerate() {
            let mut data = it.data.clone();
            if at % 100 == 0 {
                data.insert("code".into(), json!(format!("NEW-{at}")));
            }
            if at % 1_000 != 1 {
                books.push(NewChild::next(it, house.checked("books", data.into())));
            }
        }
        books.push(house.checked("books", book("EXTRA", "one more")).into());
        let last = house.version_of(&house.act(), shelf.id, books).await.expect("it is made");
        let reach = house.act().reach;
        let compared = house.read(move |db, kits| diff::load(db, kits, reach, first.id, last.id)).await;
        let shown = diff::view(&compared.expect("they are compared"));
        assert_eq!(
            shown["counts"],
            json!({"added": 1, "removed": 10, "changed": 100, "renamed": 100, "unchanged": 9_890})
        );
        assert_eq!(shown["renamed"][0]["before"], "2-DIP-00001-B");
        assert_eq!(shown["renamed"][0]["after"], "NEW-0");
        assert_eq!(shown["changed"][0]["fields"][0]["field"], "code");
    }

    async fn a_version_made_in_one_go_can_be_a_copy(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let first = house.active(shelf.id, &[book("1", "one")]).await.id;
        let other = house.shelf("B").await;
        let copied = async |onto: RecordId| {
            house
                .write(&house.act(), move |tx, kits, act| {
                    let new = NewVersion::new(onto, Origin::Change, "Copy");
                    super::complete(tx, kits, act, new, Contents::CopyOf(first), Outcome::default())
                })
                .await
        };
        assert_eq!(copied(shelf.id).await.expect("it is copied").record_count, 1);
        assert!(matches!(copied(other.id).await, Err(VersionError::DifferentRecords(..))));
    }

    async fn without_a_version_the_active_ones_are_listed(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, other, none) = (house.shelf("A").await, house.shelf("B").await, house.shelf("C").await);
        house.active(shelf.id, &[book("old", "one")]).await;
        house.active(shelf.id, &[book("1", "one"), book("2", "two")]).await;
        house.active(other.id, &[book("3", "three")]).await;
        house.version(none.id, &[book("waits", "x")]).await;
        for (within, search, expected) in [
            (Within::Parent(shelf.id), None, "1 2"),
            (Within::Parent(shelf.id), Some("tw"), "2"),
            (Within::Parent(none.id), None, ""),
            (Within::Tenant(house.tenant), None, "1 2 3"),
            (Within::Tenant(house.tenant), Some("one"), "1"),
            (Within::Reach, None, "1 2 3"),
        ] {
            let wanted = List { search: search.map(str::to_owned), count: true, ..List::within(within) };
            let reach = house.act().reach;
            let page = house
                .read(move |db, kits| {
                    let kit = kits.get("books").expect("declared");
                    record::list(db, kit, reach, &wanted, &PageRequest::first(9))
                })
                .await
                .expect("they are listed");
            let mut found: Vec<&str> = page.items.iter().filter_map(|it| it.data["code"].as_str()).collect();
            found.sort_unstable();
            assert_eq!(found.join(" "), expected, "{within:?} {search:?}");
            assert_eq!(page.total, Some(found.len() as u64));
        }
    }
}
