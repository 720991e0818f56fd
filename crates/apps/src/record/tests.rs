use base::{Page, PageRequest, RecordId, TenantId};
use identity::Reach;
use serde_json::{Value as Json, json};

use super::{
    Act, Change, List, PARTS, Record, RecordError, Sort, Within, create, delete, erase, find, get,
    list, restore, see, sweep, update, view,
};
use crate::fixture::{Fixture, description, kits};

async fn page(
    house: &Fixture,
    reach: Reach,
    collection: &'static str,
    wanted: List,
    request: PageRequest,
) -> Result<Page<Record>, RecordError> {
    house
        .read(move |db, kits| {
            let kit = kits.get(collection).expect("the collection is there");
            list(db, kit, reach, &wanted, &request)
        })
        .await
}

fn titles(page: &Page<Record>) -> Vec<String> {
    page.items
        .iter()
        .map(|it| {
            let named = ["name", "text", "code"].iter().find_map(|field| it.data.get(*field));
            named.and_then(Json::as_str).unwrap_or_default().to_owned()
        })
        .collect()
}

async fn change(
    house: &Fixture,
    act: &Act,
    id: RecordId,
    patch: Json,
    revision: Option<i64>,
) -> Result<Record, RecordError> {
    let change = Change { id, collection: None, patch, revision };
    house.write(act, move |tx, kits, act| update(tx, kits, act, &change)).await
}

async fn remove(house: &Fixture, act: &Act, id: RecordId) -> Result<(), RecordError> {
    house.write(act, move |tx, kits, act| delete(tx, kits, act, id, None, None)).await
}

async fn bring_back(house: &Fixture, act: &Act, id: RecordId) -> Result<Record, RecordError> {
    house.write(act, move |tx, kits, act| restore(tx, kits, act, id, None)).await
}

async fn fetch(house: &Fixture, act: &Act, id: RecordId) -> Result<Record, RecordError> {
    let reach = act.reach;
    house.read(move |db, _| get(db, reach, id, None)).await
}

fn in_tenant(house: &Fixture) -> List {
    List::within(Within::Tenant(house.tenant))
}

#[test]
fn all_faults_of_data_are_told_at_once() {
    let kits = kits(&description());
    let plans = kits.get("plans").expect("plans are declared");
    let refused = plans.check(json!({"nam": 1, "is_active": "yes", "shelf": "a\0b", "rules": {}}));
    let refused = refused.expect_err("nothing of it fits");
    let mut places: Vec<&str> = refused.faults.iter().map(|it| it.pointer.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["/is_active", "/nam", "/name", "/rules/order", "/shelf"]);
    assert_eq!(refused.code, "invalid_input");
}

#[test]
fn a_document_at_fault_alone_has_its_own_code() {
    let kits = kits(&description());
    let plans = kits.get("plans").expect("plans are declared");
    let refused = plans.check(json!({"name": "A", "rules": {"order": "size"}}));
    let refused = refused.expect_err("the order is not known");
    assert_eq!(refused.code, "invalid_document");
    assert_eq!(refused.faults[0].pointer, "/rules/order");
    assert!(plans.check(json!({"name": "A"})).is_ok());
    assert!(plans.check(json!([1])).is_err());
}

testkit::on_both! {
    async fn a_record_that_is_only_looked_at_shows_the_same(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A \"quoted\" – shelf").await;
        house.active(shelf.id, &[json!({"code": "A", "label": "x"})]).await;
        let plan = house.record("plans", json!({"name": "P\u{e9}\n", "is_active": true, "rules": {"order": "label"}})).await;
        for id in [shelf.id, plan.id] {
            let both = house.read(move |db, _| {
                Ok::<_, RecordError>((get(db, Reach::All, id, None)?, see(db, Reach::All, id, None)?))
            });
            let (whole, seen) = both.await.expect("both see it");
            let shown = view(&whole, None);
            let names: Vec<&str> = shown.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(names, PARTS);
            for name in PARTS {
                assert_eq!(seen.part(name).as_ref(), shown.get(name), "{name}");
            }
            assert_eq!(seen.part("colour"), None);
            let fields = seen.fields().into_iter();
            let data: crate::field::Data =
                fields.map(|(name, value)| (name.into_owned(), serde_json::from_str(value.get()).expect("a value"))).collect();
            assert_eq!(data, whole.data);
            assert_eq!(seen.tag(), whole.revision.to_string());
        }
        let (theirs, ours) = (house.stranger().reach, house.act().reach);
        let hidden = house.read(move |db, _| see(db, theirs, shelf.id, None)).await;
        assert!(matches!(hidden, Err(RecordError::NotFound { .. })));
        let other = house.read(move |db, _| see(db, ours, shelf.id, Some("plans"))).await;
        assert!(matches!(other, Err(RecordError::NotFound { .. })));
        remove(&house, &house.act(), plan.id).await.expect("it is deleted");
        let gone = house.read(move |db, _| see(db, ours, plan.id, None)).await;
        assert!(matches!(gone, Err(RecordError::Deleted { .. })));
    }

    async fn a_record_is_read_as_it_was_made(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let made = house.record("shelves", json!({"name": "Böcke's \"A\"", "is_open": true})).await;
        let read = fetch(&house, &house.act(), made.id).await.expect("it is there");
        assert_eq!(read, made);
        assert_eq!((read.revision, read.lineage, read.tenant), (1, made.id, house.tenant));
        let shown = view(&read, None);
        assert_eq!(shown["data"]["name"], "Böcke's \"A\"");
        assert_eq!(shown["active_version"], Json::Null);
        assert_eq!(shown["created_at"], "2026-11-21T08:00:00Z");
    }

    async fn another_tenants_record_does_not_exist(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let (act, stranger) = (house.act(), house.stranger());
        let is_gone = |it: &RecordError| matches!(it, RecordError::NotFound { .. });

        assert!(fetch(&house, &stranger, shelf.id).await.is_err_and(|it| is_gone(&it)));
        let changed = change(&house, &stranger, shelf.id, json!({"name": "B"}), None).await;
        assert!(changed.is_err_and(|it| is_gone(&it)));
        assert!(remove(&house, &stranger, shelf.id).await.is_err_and(|it| is_gone(&it)));
        assert!(bring_back(&house, &stranger, shelf.id).await.is_err_and(|it| is_gone(&it)));
        let id = shelf.id;
        let erased = house.write(&stranger, move |tx, kits, act| erase(tx, kits, act, id, None)).await;
        assert!(erased.is_err_and(|it| is_gone(&it)));
        let made = house.create(&stranger, "shelves", house.tenant, None, json!({"name": "B"})).await;
        assert!(matches!(made, Err(RecordError::TenantForbidden(it)) if it == house.tenant));
        let note = house
            .create(&stranger, "notes", house.stranger, Some(id), json!({"text": "x"}))
            .await;
        assert!(note.is_err_and(|it| is_gone(&it)));
        let plan = json!({"name": "P", "shelf": id.to_string()});
        let plan = house.create(&stranger, "plans", house.stranger, None, plan).await;
        assert_eq!(plan.expect_err("it refers to another's").code(), "invalid_input");

        let seen = page(&house, stranger.reach, "shelves", in_tenant(&house), PageRequest::first(9)).await;
        assert!(matches!(seen, Err(RecordError::TenantForbidden(_))));
        let own = List::within(Within::Reach);
        let seen = page(&house, stranger.reach, "shelves", own, PageRequest::first(9)).await;
        assert!(seen.expect("its own tenant is empty").items.is_empty());
        let within = List::within(Within::Parent(id));
        let seen = page(&house, stranger.reach, "notes", within, PageRequest::first(9)).await;
        assert!(seen.is_err_and(|it| is_gone(&it)));
        assert_eq!(fetch(&house, &act, id).await.expect("it is as it was"), shelf);
    }

    async fn a_record_is_only_found_in_its_own_collection(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let reach = house.act().reach;
        let found = house.read(move |db, _| get(db, reach, shelf.id, Some("plans"))).await;
        let error = found.expect_err("it is a shelf");
        assert_eq!((error.code(), error.detail()), ("record_not_found", Some("plans")));
    }

    async fn two_living_records_cannot_share_what_is_unique(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let first = house.record("shelves", json!({"name": "A", "kind": "wood"})).await;
        let again = house
            .create(&house.act(), "shelves", house.tenant, None, json!({"name": "A", "kind": "wood"}))
            .await;
        let error = again.expect_err("it is there");
        assert_eq!((error.code(), error.detail()), ("not_unique", Some("shelves")));
        let faults: Vec<String> = error.faults().into_iter().map(|it| it.pointer).collect();
        assert_eq!(faults, ["/name", "/kind"]);

        let other = house.record("shelves", json!({"name": "A", "kind": "steel"})).await;
        let renamed = change(&house, &house.act(), other.id, json!({"kind": "wood"}), None).await;
        assert_eq!(renamed.expect_err("it is there").code(), "not_unique");
        house.create(&house.stranger(), "shelves", house.stranger, None, json!({"name": "A", "kind": "wood"}))
            .await
            .expect("another tenant is another scope");

        remove(&house, &house.act(), first.id).await.expect("it is deleted");
        house.record("shelves", json!({"name": "A", "kind": "wood"})).await;
        let back = bring_back(&house, &house.act(), first.id).await;
        assert_eq!(back.expect_err("its place is taken").code(), "not_unique");
    }

    async fn a_change_is_a_merge_patch_and_counts_revisions(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.record("shelves", json!({"name": "A", "kind": "wood"})).await;
        house.clock.advance(jiff::SignedDuration::from_secs(5));
        let patch = json!({"kind": null, "is_open": false});
        let changed = change(&house, &house.act(), shelf.id, patch, Some(1)).await.expect("it changes");
        assert_eq!(Json::Object(changed.data.clone()), json!({"name": "A", "is_open": false}));
        assert_eq!((changed.revision, changed.updated_at), (2, house.clock.now()));
        assert_eq!(fetch(&house, &house.act(), shelf.id).await.expect("it is there"), changed);

        let stale = change(&house, &house.act(), shelf.id, json!({"name": "B"}), Some(1)).await;
        assert!(matches!(stale, Err(RecordError::Stale { revision: 2, .. })));
        let same = change(&house, &house.act(), shelf.id, json!({"name": "A"}), Some(2)).await;
        assert_eq!(same.expect("nothing changes").revision, 2);
        let wrong = change(&house, &house.act(), shelf.id, json!({"name": null, "kind": 7}), None).await;
        assert_eq!(wrong.expect_err("two faults").faults().len(), 2);
        let wrong = change(&house, &house.act(), shelf.id, json!(["name"]), None).await;
        assert_eq!(wrong.expect_err("it is no object").code(), "invalid_input");
    }

    async fn of_two_changes_to_the_same_revision_one_is_stale(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let act = house.act();
        let (first, second) = tokio::join!(
            change(&house, &act, shelf.id, json!({"kind": "wood"}), Some(1)),
            change(&house, &act, shelf.id, json!({"kind": "steel"}), Some(1)),
        );
        let refused = [&first, &second].into_iter().filter(|it| it.is_err()).count();
        assert_eq!(refused, 1, "{first:?} {second:?}");
        assert_eq!(fetch(&house, &act, shelf.id).await.expect("it is there").revision, 2);
    }

    async fn a_reference_names_a_living_record_of_the_tenant(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let plan = |id: String| json!({"name": "P", "shelf": id});
        let made = house.record("plans", plan(shelf.id.to_string())).await;
        house.record("plans", json!({"name": "P", "shelf": null})).await;
        for wrong in [RecordId::generate().to_string(), made.id.to_string(), "banana".to_owned()] {
            let refused = house.create(&house.act(), "plans", house.tenant, None, plan(wrong)).await;
            let error = refused.expect_err("it refers to nothing");
            assert_eq!((error.code(), error.detail()), ("invalid_input", Some("shelf")));
        }
        remove(&house, &house.act(), shelf.id).await.expect("it is deleted");
        change(&house, &house.act(), made.id, json!({"name": "Q"}), None)
            .await
            .expect("an untouched reference is not looked at again");
        let refused = house
            .create(&house.act(), "plans", house.tenant, None, plan(shelf.id.to_string()))
            .await;
        assert!(refused.is_err());
    }

    async fn records_in_versions_are_not_written_directly(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        house.active(shelf.id, &[json!({"label": "one"})]).await;
        let made = house
            .create(&house.act(), "books", house.tenant, Some(shelf.id), json!({"label": "two"}))
            .await;
        assert!(matches!(made, Err(RecordError::InVersion { .. })));
        let version = fetch(&house, &house.act(), shelf.id).await.expect("a shelf").active_version;
        let within = List::within(Within::Version(version.expect("an active one").id));
        let books = page(&house, house.act().reach, "books", within, PageRequest::first(5)).await;
        let book = books.expect("they are listed").items.remove(0);
        let changed = change(&house, &house.act(), book.id, json!({"label": "x"}), None).await;
        assert!(matches!(changed, Err(RecordError::InVersion { .. })));
        let removed = remove(&house, &house.act(), book.id).await;
        assert_eq!(removed.expect_err("it is in a version").code(), "invalid_input");
    }

    async fn records_lie_in_their_parents_in_places(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, other) = (house.shelf("A").await, house.shelf("B").await);
        for text in ["one", "two", "three"] {
            let note = house
                .create(&house.act(), "notes", house.tenant, Some(shelf.id), json!({"text": text}))
                .await
                .expect("it is made");
            assert_eq!(note.tenant, house.tenant);
        }
        house.create(&house.act(), "notes", house.tenant, Some(other.id), json!({"text": "one"}))
            .await
            .expect("another parent is another scope");
        let twice = house
            .create(&house.act(), "notes", house.tenant, Some(shelf.id), json!({"text": "one"}))
            .await;
        assert_eq!(twice.expect_err("it is there").code(), "not_unique");
        let lost = house.create(&house.act(), "notes", house.tenant, None, json!({"text": "x"})).await;
        assert_eq!(lost.expect_err("it needs a parent").detail(), Some("parent"));

        let within = List { count: true, ..List::within(Within::Parent(shelf.id)) };
        let notes = page(&house, house.act().reach, "notes", within, PageRequest::first(2)).await;
        let notes = notes.expect("they are listed");
        assert_eq!((titles(&notes), notes.total), (vec!["one".into(), "two".into()], Some(3)));
        assert_eq!(notes.items.iter().map(|it| it.position).collect::<Vec<_>>(), [1, 2]);
    }

    async fn what_lies_in_a_record_goes_and_comes_back_with_it(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let note = async |text: &'static str| {
            house
                .create(&house.act(), "notes", house.tenant, Some(shelf.id), json!({"text": text}))
                .await
        };
        let (first, second) =
            (note("gone before").await.expect("made"), note("goes along").await.expect("made"));
        house.active(shelf.id, &[json!({"label": "a book"})]).await;
        let reach = house.act().reach;
        remove(&house, &house.act(), first.id).await.expect("it is deleted");
        house.days_pass(1);
        remove(&house, &house.act(), shelf.id).await.expect("it is deleted");

        let error = fetch(&house, &house.act(), shelf.id).await.expect_err("it is deleted");
        assert_eq!((error.code(), error.detail()), ("deleted", Some("shelves")));
        assert_eq!(fetch(&house, &house.act(), second.id).await.expect_err("deleted").code(), "deleted");
        let id = shelf.id;
        let found = house.read(move |db, _| find(db, reach, id, None)).await;
        assert!(found.expect("it can be looked at").deleted_at.is_some());
        let again = remove(&house, &house.act(), shelf.id).await;
        assert_eq!(again.expect_err("it is deleted").code(), "deleted");
        let lost = bring_back(&house, &house.act(), second.id).await;
        assert!(matches!(lost, Err(RecordError::ParentDeleted { .. })));
        let added = note("too late").await;
        assert_eq!(added.expect_err("its parent is deleted").code(), "deleted");
        let hidden = page(&house, reach, "shelves", in_tenant(&house), PageRequest::first(9)).await;
        assert!(hidden.expect("listed").items.is_empty());
        let all = List { with_deleted: true, ..in_tenant(&house) };
        let shown = page(&house, reach, "shelves", all, PageRequest::first(9)).await;
        assert_eq!(shown.expect("listed").items.len(), 1);

        let back = bring_back(&house, &house.act(), shelf.id).await.expect("it comes back");
        assert_eq!((back.deleted_at, back.revision), (None, shelf.revision + 3));
        assert!(back.active_version.is_some());
        fetch(&house, &house.act(), second.id).await.expect("it came along");
        assert!(fetch(&house, &house.act(), first.id).await.is_err(), "it was deleted on its own");
        bring_back(&house, &house.act(), shelf.id).await.expect("a living one stays as it is");
    }

    async fn a_deleted_record_can_be_restored_for_its_days_and_is_then_swept(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, other) = (house.shelf("A").await, house.shelf("B").await);
        house.active(shelf.id, &[json!({"label": "a book", "code": "1"})]).await;
        house.create(&house.act(), "notes", house.tenant, Some(shelf.id), json!({"text": "n"}))
            .await
            .expect("made");
        remove(&house, &house.act(), shelf.id).await.expect("it is deleted");
        house.days_pass(10);
        let swept = async |limit| {
            house.write(&house.house(), move |tx, kits, act| sweep(tx, kits, act, limit)).await
        };
        assert_eq!(swept(10).await.expect("it sweeps"), 0);
        remove(&house, &house.act(), other.id).await.expect("it is deleted");
        house.days_pass(1);
        let late = bring_back(&house, &house.act(), shelf.id).await;
        assert!(matches!(late, Err(RecordError::Deleted { .. })));
        bring_back(&house, &house.act(), other.id).await.expect("its days are not over");

        assert_eq!(swept(10).await.expect("it sweeps"), 1);
        assert_eq!(fetch(&house, &house.act(), shelf.id).await.expect_err("gone").code(), "record_not_found");
        assert_eq!(house.count("SELECT count(*) AS total FROM records").await, 1);
        assert_eq!(house.count("SELECT count(*) AS total FROM versions").await, 0);
        if !house.db.is_postgres() {
            let words = "SELECT count(*) AS total FROM record_words WHERE record_words MATCH 'book'";
            assert_eq!(house.count(words).await, 0);
        }
    }

    async fn an_erased_record_is_gone_and_the_audit_log_knows(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        house.active(shelf.id, &[json!({"label": "a book"})]).await;
        let id = shelf.id;
        house.write(&house.act(), move |tx, kits, act| erase(tx, kits, act, id, None))
            .await
            .expect("it is erased");
        for sql in [
            "SELECT count(*) AS total FROM records",
            "SELECT count(*) AS total FROM versions",
        ] {
            assert_eq!(house.count(sql).await, 0, "{sql}");
        }
        let filter = store::audit::Filter { record: Some(id), ..Default::default() };
        let log = house
            .store
            .read(move |db| store::audit::list(db, &filter, &PageRequest::first(10)))
            .await
            .expect("it is read");
        let actions: Vec<&str> = log.items.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(actions, ["record_erased", "version_activated", "version_created", "record_created"]);
    }

    async fn shared_records_are_read_by_all_and_written_by_those_who_reach_all(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let mine = house.create(&house.act(), "topics", house.tenant, None, json!({"code": "33"})).await;
        assert_eq!(mine.expect_err("it is shared").code(), "forbidden");
        let topic = house
            .create(&house.house(), "topics", house.tenant, None, json!({"code": "33"}))
            .await
            .expect("the house may");
        assert_eq!(topic.tenant, TenantId::DEFAULT);
        let refused = change(&house, &house.act(), topic.id, json!({"title": "x"}), None).await;
        assert_eq!(refused.expect_err("it is shared").code(), "forbidden");
        for reach in [house.act().reach, house.stranger().reach, Reach::All] {
            let wanted = List { search: Some("33".into()), ..List::within(Within::Reach) };
            let topics = page(&house, reach, "topics", wanted, PageRequest::first(5)).await;
            assert_eq!(titles(&topics.expect("all see it")), ["33"]);
        }
        fetch(&house, &house.stranger(), topic.id).await.expect("all read it");
    }

    async fn lists_are_narrowed_by_declared_fields_of_every_kind(db: testkit::Database) {
        let house = Fixture::on(db).await;
        house.record("shelves", json!({"name": "A", "kind": "wood", "is_open": true})).await;
        house.record("shelves", json!({"name": "B", "kind": "steel", "is_open": false})).await;
        house.record("shelves", json!({"name": "C", "is_open": true})).await;
        let reach = house.act().reach;
        for (filters, expected) in [
            (vec![("kind", json!("wood"))], "A"),
            (vec![("kind", json!(null))], "C"),
            (vec![("is_open", json!(true))], "C A"),
            (vec![("is_open", json!("true"))], "C A"),
            (vec![("is_open", json!("false"))], "B"),
            (vec![("is_open", json!(true)), ("kind", json!("wood"))], "A"),
            (vec![("kind", json!("x' OR '1'='1"))], ""),
            (vec![], "C B A"),
        ] {
            let filters = filters.into_iter().map(|(name, it)| (name.to_owned(), it)).collect();
            let wanted = List { filters, count: true, ..in_tenant(&house) };
            let found = page(&house, reach, "shelves", wanted, PageRequest::first(9)).await;
            let found = found.expect("it is listed");
            assert_eq!(titles(&found).join(" "), expected);
            assert_eq!(found.total, Some(found.items.len() as u64));
        }
        let wanted = List { filters: vec![("name".into(), json!("A"))], ..in_tenant(&house) };
        let refused = page(&house, reach, "shelves", wanted, PageRequest::first(9)).await;
        assert_eq!(refused.expect_err("it is not declared").code(), "invalid_input");
    }

    async fn collections_without_declared_words_are_searched_by_title(db: testkit::Database) {
        let house = Fixture::on(db).await;
        for name in ["Tall oak shelf", "Low oak shelf", "100% steel"] {
            house.shelf(name).await;
        }
        for (search, expected) in [
            ("OAK", "Low oak shelf|Tall oak shelf"),
            ("shelf tal", "Tall oak shelf"),
            ("100%", "100% steel"),
            ("pine", ""),
            ("  ", "100% steel|Low oak shelf|Tall oak shelf"),
        ] {
            let wanted = List { search: Some(search.into()), ..in_tenant(&house) };
            let found = page(&house, house.act().reach, "shelves", wanted, PageRequest::first(9)).await;
            assert_eq!(titles(&found.expect("it is listed")).join("|"), expected, "{search}");
        }
    }

    async fn a_list_walks_through_every_record_once_while_others_are_added(db: testkit::Database) {
        let house = Fixture::on(db).await;
        for at in 0..7 {
            house.shelf(&format!("old {at}")).await;
            if at % 3 == 0 {
                house.clock.advance(jiff::SignedDuration::from_secs(1));
            }
        }
        for (sort, expected) in [
            (Sort::Newest, "old 6,old 5,old 4,old 3,old 2,old 1,old 0"),
            (Sort::Oldest, "old 0,old 1,old 2,old 3,old 4,old 5,old 6"),
        ] {
            let wanted = List { sort: Some(sort), ..in_tenant(&house) };
            let (mut seen, mut last) = (Vec::new(), None);
            let mut request = PageRequest::first(2);
            loop {
                let found = page(&house, house.act().reach, "shelves", wanted.clone(), request.clone())
                    .await
                    .expect("it is listed");
                seen.extend(titles(&found));
                last = found.prev.or(last);
                house.clock.advance(jiff::SignedDuration::from_secs(1));
                house.shelf(&format!("new {} {}", seen.len(), expected.len() + seen.len())).await;
                match found.next {
                    Some(cursor) if seen.len() < 7 => request.cursor = Some(cursor),
                    _ => break,
                }
            }
            seen.retain(|it| it.starts_with("old"));
            assert_eq!(seen.join(","), expected);
            request.cursor = last;
            let before = page(&house, house.act().reach, "shelves", wanted, request).await;
            assert_eq!(before.expect("the way back").items.len(), 2);
            let new = house.read(|db, _| {
                db.query("SELECT id FROM records WHERE data ->> 'name' LIKE 'new%' AND deleted_at IS NULL", &[])
            });
            for row in new.await.expect("it is read") {
                let id = row.get("id").expect("an id");
                remove(&house, &house.act(), id).await.expect("it is deleted");
            }
        }
    }

    async fn a_cursor_of_another_order_is_refused(db: testkit::Database) {
        let house = Fixture::on(db).await;
        house.shelf("A").await;
        house.shelf("B").await;
        let reach = house.act().reach;
        let first = page(&house, reach, "shelves", in_tenant(&house), PageRequest::first(1)).await;
        let cursor = first.expect("it is listed").next;
        let wanted = List { sort: Some(Sort::Position), ..in_tenant(&house) };
        let request = PageRequest { limit: 1, cursor };
        let refused = page(&house, reach, "shelves", wanted, request).await;
        assert_eq!(refused.expect_err("another order").detail(), Some("cursor"));
    }

    async fn a_write_that_is_refused_leaves_nothing(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let data = house.checked("shelves", json!({"name": "A"}));
        let (tenant, again) = (house.tenant, data.clone());
        let refused: Result<(), RecordError> = house
            .write(&house.act(), move |tx, kits, act| {
                let kit = kits.get("shelves").expect("declared");
                let new = |data| super::NewRecord { tenant, parent: None, data };
                create(tx, kit, act, new(data))?;
                Err(RecordError::NoSuchCollection(again.data()["name"].to_string()))
            })
            .await;
        assert!(refused.is_err());
        assert_eq!(house.count("SELECT count(*) AS total FROM records").await, 0);
        assert_eq!(house.count("SELECT count(*) AS total FROM audit_log WHERE action = 'record_created'").await, 0);
    }
}
