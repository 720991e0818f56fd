use base::{Actor, RecordId, UserId};
use serde_json::{Value as Json, json};

use super::choose::{self, After, Batch, Bounds, Stored};
use crate::{
    description::Archive as Rule,
    fixture::Fixture,
    record::{self, Act, NewRecord},
};

fn rule(yaml: Json) -> Rule {
    serde_json::from_value(yaml).expect("a rule as it is declared")
}

async fn batch(house: &Fixture, rule: &Rule, after: Option<After>, bounds: Bounds) -> Batch {
    let (tenant, now, rule) = (house.tenant, house.clock.now(), rule.clone());
    let batch = house.read(move |db, kits| {
        let kit = kits.get("plans").expect("the collection is there");
        choose::due(db, kit, &rule, tenant, now, after, bounds)
    });
    batch.await.expect("they are chosen")
}

/// The names of what is due, the oldest first.
async fn due(house: &Fixture, rule: &Rule) -> Vec<String> {
    let all = batch(house, rule, None, Bounds::of(100)).await;
    assert_eq!(all.next, None);
    names(&all)
}

fn names(batch: &Batch) -> Vec<String> {
    batch.families.iter().map(|it| name(&it.rows[0])).collect()
}

fn name(record: &Stored) -> String {
    let data: Json = serde_json::from_str(record.data.get()).expect("data is JSON");
    data["name"].as_str().unwrap_or_default().to_owned()
}

async fn plan(house: &Fixture, by: Actor, name: &str) -> RecordId {
    let act = Act { actor: by, ..house.act() };
    let (data, tenant) = (house.checked("plans", json!({"name": name})), house.tenant);
    let made = house.write(&act, move |tx, kits, act| {
        let kit = kits.get("plans").expect("the collection is there");
        record::create(tx, kit, act, NewRecord { tenant, parent: None, data })
    });
    made.await.expect("the plan is made").id
}

testkit::on_both! {
    async fn what_is_past_its_age_is_due_the_oldest_first(db: testkit::Database) {
        let house = Fixture::on(db).await;
        for name in ["first", "second", "third"] {
            plan(&house, Actor::operator(), name).await;
            house.days_pass(200);
        }
        // 600, 400 and 200 days old.
        assert_eq!(due(&house, &rule(json!({"older_than": "12 months"}))).await, ["first", "second"]);
        assert!(due(&house, &rule(json!({"older_than": "2y"}))).await.is_empty());
    }

    async fn an_age_may_be_counted_from_a_field(db: testkit::Database) {
        let house = Fixture::on(db).await;
        house.record("plans", json!({"name": "2024-05-01"})).await;
        house.record("plans", json!({"name": "2026-11-01"})).await;
        for none in ["0 days ago", "1/2/2024", "-"] {
            house.record("plans", json!({"name": none})).await;
        }
        let by_name = rule(json!({"older_than": "90 days", "field": "name"}));
        assert_eq!(due(&house, &by_name).await, ["2024-05-01"], "what is no date is not old");
    }

    async fn what_goes_together_is_bounded_by_its_size(db: testkit::Database) {
        let house = Fixture::on(db).await;
        for name in ["a", "b", "c"] {
            plan(&house, Actor::operator(), name).await;
            house.days_pass(1);
        }
        plan(&house, Actor::operator(), &"long ".repeat(40)).await;
        house.days_pass(100);
        let rule = rule(json!({"older_than": "30 days"}));
        // Two short ones are more than that, and the long one is more than goes at all.
        let bounds = Bounds { records: 3, bytes: 500, family_bytes: 550 };
        let (mut found, mut too_large, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let batch = batch(&house, &rule, after, bounds).await;
            found.push(names(&batch).join("+"));
            too_large.extend(batch.too_large);
            after = batch.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((found.join(" ").trim(), too_large.len()), ("a b c", 1));
        let together = batch(&house, &rule, None, Bounds::of(2)).await;
        assert_eq!((names(&together).join("+").as_str(), together.next.is_some()), ("a+b", true));
    }

    async fn the_last_ones_of_each_stay_whatever_their_age(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (ann, bob) = (Actor::user(UserId::generate()), Actor::user(UserId::generate()));
        for (by, name) in [(&ann, "a1"), (&bob, "b1"), (&ann, "a2"), (&ann, "a3")] {
            plan(&house, by.clone(), name).await;
            house.days_pass(1);
        }
        let two = json!({"keep_last": {"count": 2}});
        assert_eq!(due(&house, &rule(two)).await, ["a1"]);
        let one = json!({"keep_last": {"count": 1}, "older_than": "3 days"});
        assert_eq!(due(&house, &rule(one)).await, ["a1"], "a2 is too young");
        let of_all = json!({"keep_last": {"count": 1, "per": "tenant"}});
        assert_eq!(due(&house, &rule(of_all)).await, ["a1", "b1", "a2"]);
    }

    async fn the_deleted_and_the_strangers_stay(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let gone = house.record("plans", json!({"name": "gone"})).await.id;
        house.create(&house.house(), "plans", house.stranger, None, json!({"name": "theirs"})).await.expect("made");
        house.write(&house.act(), move |tx, kits, act| record::delete(tx, kits, act, gone, None, None)).await.expect("deleted");
        house.days_pass(800);
        assert!(due(&house, &rule(json!({"older_than": "1y"}))).await.is_empty());
    }

    async fn what_lies_in_a_record_goes_with_it(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let note = json!({"text": "dusty"});
        let note = house.create(&house.act(), "notes", house.tenant, Some(shelf.id), note).await.expect("made");
        let rows = house.store.read(move |db| choose::rows(db, shelf.id)).await.expect("read");
        let ids: Vec<RecordId> = rows.iter().map(|it| it.id).collect();
        assert_eq!(ids, [shelf.id, note.id]);
    }

    async fn a_record_is_put_back_as_it_was_and_is_found_again(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let topic = house.create(&house.house(), "topics", house.tenant, None, json!({"code": "33", "title": "Pipes"})).await.expect("made");
        let (id, tenant) = (topic.id, topic.tenant);
        let rows = house.store.read(move |db| choose::rows(db, id)).await.expect("read");
        let act = house.house();
        let away = house.write(&act, move |tx, kits, act| {
            let kit = kits.get("topics").expect("the collection is there");
            tx.audit(store::audit::Entry::new(tenant, "tested", "tests/1", "A test"));
            record::put_away(tx, kits, kit, id, tenant, act.now)
        });
        away.await.expect("it is away");
        let find = move |db: &store::Db| record::find(db, identity::Reach::All, id, None);
        assert!(house.store.read(find).await.is_err());
        let back = rows[0].clone();
        let act = house.house();
        let written = house.write(&act, move |tx, kits, act| {
            let kit = kits.get("topics").expect("the collection is there");
            tx.audit(store::audit::Entry::new(back.tenant, "tested", "tests/1", "A test"));
            let back = || record::put_back(tx, kit, &back, act.now);
            Ok::<_, record::RecordError>([back()?, back()?])
        });
        assert_eq!(written.await.expect("it is back"), [true, false]);
        assert_eq!(house.store.read(find).await.expect("it is there"), topic);
        let found = house.read(|db, kits| {
            let list = record::List { search: Some("pip".into()), ..record::List::within(record::Within::Reach) };
            let kit = kits.get("topics").expect("the collection is there");
            record::list(db, kit, identity::Reach::All, &list, &base::PageRequest::first(5))
        });
        assert_eq!(found.await.expect("it is searched").items.len(), 1);
    }
}
