use base::TenantId;
use identity::{Reach, tenant::New};
use serde_json::{Value as Json, json};

use super::{Part, Scope, TenantError, begin, counts, erase, export};
use crate::{
    fixture::Fixture,
    proposal::{self, NewProposal},
    record::{self, Act, Record, RecordError},
};

async fn start(house: &Fixture, act: &Act, tenant: TenantId) -> Result<Vec<Record>, RecordError> {
    let plan = house.checked("plans", json!({"name": "By code", "rules": {"order": "code"}}));
    house
        .write(act, move |tx, kits, act| begin(tx, kits, act, tenant, vec![("plans".into(), plan)]))
        .await
}

async fn end(house: &Fixture, act: &Act, tenant: TenantId) -> Result<(), TenantError> {
    house.write(act, move |tx, _, act| erase(tx, act, tenant)).await
}

async fn exported(house: &Fixture, tenant: TenantId, part: Part) -> Vec<Json> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let from = after.clone();
        let chunk = house
            .read(move |db, _| export(db, &Scope::whole(), tenant, part, from.as_deref(), 2))
            .await
            .expect("it is exported");
        all.extend(chunk.rows);
        match chunk.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

/// Two tenants with a shelf, a version and a proposal each.
async fn two_tenants(house: &mut Fixture) -> [TenantId; 2] {
    let mut made = Vec::new();
    for name in ["One", "Two"] {
        let tenant = house
            .store
            .write(&base::Actor::house(), house.clock.now(), move |tx| {
                identity::tenant::create(tx, New { name: name.into(), slug: None, data: json!({}) })
            })
            .await
            .expect("it is made");
        house.tenant = tenant.id;
        let shelf = house.shelf("A").await;
        let version = house
            .active(
                shelf.id,
                &[json!({"code": "1", "label": "one pipe"}), json!({"code": "2", "label": "two"})],
            )
            .await;
        let act = house.act();
        house
            .store
            .bookkeep("propose", move |tx| {
                let new = NewProposal {
                    record: None,
                    category: "other".into(),
                    suggestion: "think".into(),
                    change: Some(json!({"suggested": "more"})),
                };
                proposal::insert(tx, &act, version.id, "rules", vec![new])
            })
            .await
            .expect("it is proposed");
        made.push(tenant.id);
    }
    [made[0], made[1]]
}

testkit::on_both! {
    async fn a_tenant_is_given_what_it_starts_with_once(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let given = start(&house, &house.act(), house.tenant).await.expect("it starts");
        assert_eq!((given.len(), given[0].tenant), (1, house.tenant));
        let id = given[0].id;
        house
            .write(&house.act(), move |tx, kits, act| record::erase(tx, kits, act, id, None))
            .await
            .expect("it is erased");
        assert!(start(&house, &house.act(), house.tenant).await.expect("nothing is given").is_empty());
        let other = start(&house, &house.house(), house.stranger).await.expect("another starts");
        assert_eq!(other.len(), 1);
        let forbidden = start(&house, &house.act(), TenantId::generate()).await;
        assert_eq!(forbidden.expect_err("not theirs").code(), "tenant_forbidden");
    }

    async fn everything_of_a_tenant_is_exported_and_nothing_of_another(db: testkit::Database) {
        let mut house = Fixture::on(db).await;
        let [one, two] = two_tenants(&mut house).await;
        for (part, rows) in [(Part::Records, 3), (Part::Versions, 1), (Part::Proposals, 1), (Part::Webhooks, 0)] {
            let all = exported(&house, one, part).await;
            assert_eq!(all.len(), rows, "{}", part.name());
            assert!(all.iter().all(|it| it["tenant"] == json!(one)), "{all:?}");
        }
        let proposal = exported(&house, two, Part::Proposals).await.remove(0);
        assert_eq!(proposal["change"], json!({"suggested": "more"}));
        assert_eq!(proposal["created_at"], "2026-11-21T08:00:00Z");
        let forbidden = house
            .read(move |db, _| {
                let stranger = Scope { reach: Reach::Tenant(two), ..Scope::whole() };
                export(db, &stranger, one, Part::Records, None, 9)
            })
            .await;
        assert_eq!(forbidden.expect_err("not theirs").code(), "tenant_forbidden");
    }

    async fn an_erased_tenant_leaves_its_audit_log_and_no_row(db: testkit::Database) {
        let mut house = Fixture::on(db).await;
        let [one, two] = two_tenants(&mut house).await;
        let stranger = Act { reach: Reach::Tenant(two), ..house.act() };
        assert_eq!(end(&house, &stranger, one).await.expect_err("not theirs").code(), "tenant_forbidden");
        end(&house, &house.house(), one).await.expect("it is erased");
        for part in Part::ALL {
            assert!(exported(&house, one, part).await.is_empty(), "{}", part.name());
        }
        assert_eq!(exported(&house, two, Part::Records).await.len(), 3);
        if !house.db.is_postgres() {
            let words = "SELECT count(*) AS total FROM record_words WHERE record_words MATCH 'pipe'";
            assert_eq!(house.count(words).await, 1);
        }
        let filter = store::audit::Filter { tenant: Some(one), ..Default::default() };
        let log = house
            .store
            .read(move |db| store::audit::list(db, &filter, &base::PageRequest::first(1)))
            .await
            .expect("it is read");
        assert_eq!(log.items[0].action, "tenant_erased");
        assert_eq!(end(&house, &house.house(), one).await.expect_err("it is gone").code(), "tenant_not_found");
        assert_eq!(end(&house, &house.house(), TenantId::DEFAULT).await.expect_err("it stays").code(), "invalid_input");
    }

    async fn records_are_counted_in_one_tenant_or_in_all(db: testkit::Database) {
        let mut house = Fixture::on(db).await;
        let [one, _] = two_tenants(&mut house).await;
        let counted = async |tenant| {
            let all = house.read(move |db, kits| counts(db, kits, tenant)).await.expect("counted");
            let of = |name: &str| all.iter().find(|it| it.collection == name).map(|it| it.count);
            (of("shelves"), of("books"), of("plans"))
        };
        assert_eq!(counted(Some(one)).await, (Some(1), Some(2), Some(0)));
        assert_eq!(counted(None).await, (Some(2), Some(4), Some(0)));
    }
}
