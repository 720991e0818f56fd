//! Tenants.

use base::{PageRequest, Role, TenantId};
use identity::{
    Caller, Reach,
    key::{self, Mode},
    slug,
    tenant::{self, Change, Filter, New, Tenant, TenantError},
};
use serde_json::json;
use testkit::{Database, on_both};

use crate::house::{House, PASSWORD, days, minutes};

fn named(name: &str) -> New {
    New { name: name.to_owned(), slug: None, data: json!({}) }
}

async fn create(house: &House, new: New) -> Result<Tenant, TenantError> {
    house.in_tenants(move |tx| tenant::create(tx, new)).await
}

on_both! {
    async fn a_tenant_is_created_read_and_changed(db: Database) {
        let house = House::open(&db).await;
        let data = json!({"contact_email": "a@b.c", "metadata": {"region": "north"}});
        let made = create(&house, New { data: data.clone(), ..named(" Acme Civil ") }).await.unwrap();
        assert_eq!((made.name.as_str(), made.slug.as_str()), ("Acme Civil", "acme-civil"));
        assert_eq!((made.revision, &made.data), (1, &data));

        house.later(minutes(1));
        let change = Change { name: Some("Acme".into()), ..Change::default() };
        let id = made.id;
        let changed = house.in_tenants(move |tx| tenant::update(tx, id, change, Some(1))).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.slug.as_str()), ("Acme", "acme-civil"));
        assert_eq!((changed.revision, changed.updated_at), (2, house.clock.now()));
        let read = house.store.read(move |db| tenant::get(db, id)).await.unwrap();
        assert_eq!(read, Some(changed));

        let change = Change { data: Some(json!({})), ..Change::default() };
        let late = house.in_tenants(move |tx| tenant::update(tx, id, change, Some(1))).await;
        assert!(matches!(late, Err(TenantError::Changed { current: 2 })), "{late:?}");
    }
}

on_both! {
    async fn names_and_slugs_are_unique_among_the_living(db: Database) {
        let house = House::open(&db).await;
        let first = create(&house, named("Acme")).await.unwrap();
        let same = create(&house, named("Acme")).await;
        assert!(matches!(same, Err(TenantError::NameTaken(_))), "{same:?}");
        let slug = Some("acme".to_owned());
        let same = create(&house, New { slug, ..named("Other") }).await;
        assert!(matches!(same, Err(TenantError::SlugTaken(_))), "{same:?}");
        let similar = create(&house, named("ACME!")).await.unwrap();
        assert_eq!(similar.slug, "acme-2");

        let id = similar.id;
        let change = Change { name: Some("Acme".into()), ..Change::default() };
        let same = house.in_tenants(move |tx| tenant::update(tx, id, change, None)).await;
        assert!(matches!(same, Err(TenantError::NameTaken(_))), "{same:?}");

        let id = first.id;
        house.in_tenants(move |tx| tenant::delete(tx, id, None)).await.unwrap();
        let heir = create(&house, named("Acme")).await.unwrap();
        assert_eq!(heir.slug, "acme");
    }
}

on_both! {
    async fn of_many_who_take_a_name_at_once_one_gets_it(db: Database) {
        let house = House::open(&db).await;
        let (a, b, c) = tokio::join!(
            create(&house, named("Acme")),
            create(&house, named("Acme")),
            create(&house, named("Acme")),
        );
        assert_eq!([&a, &b, &c].iter().filter(|it| it.is_ok()).count(), 1, "{a:?} {b:?} {c:?}");
        let (a, b) = tokio::join!(create(&house, named("Zeta!")), create(&house, named("Zeta?")));
        let mut slugs = [a.unwrap().slug, b.unwrap().slug];
        slugs.sort();
        assert_eq!(slugs, ["zeta", "zeta-2"]);
    }
}

on_both! {
    async fn the_indexes_hold_even_when_nobody_looks_first(db: Database) {
        let house = House::open(&db).await;
        create(&house, named("Acme")).await.unwrap();
        for (name, slug, index) in [("Acme", "x", "tenants_name"), ("X", "acme", "tenants_slug")] {
            let (id, now) = (TenantId::generate(), house.clock.now());
            let sql = "INSERT INTO tenants (id, slug, name, data, revision, created_at, updated_at)
                       VALUES ($1, $2, $3, '{}', 1, $4, $4)";
            let values = store::params![id, slug, name, now];
            let add = move |tx: &store::Tx| tx.execute(sql, &values);
            let refused = house.store.bookkeep("a test", add).await.unwrap_err();
            assert!(refused.violates(index), "{refused:?}");
        }
    }
}

on_both! {
    async fn a_deleted_tenant_can_come_back_unless_its_name_is_taken(db: Database) {
        let house = House::open(&db).await;
        let id = create(&house, named("Acme")).await.unwrap().id;
        house.in_tenants(move |tx| tenant::delete(tx, id, None)).await.unwrap();
        let again = house.in_tenants(move |tx| tenant::delete(tx, id, None)).await;
        assert!(matches!(again, Err(TenantError::Deleted(_))), "{again:?}");
        let change = Change { name: Some("New".into()), ..Change::default() };
        let changed = house.in_tenants(move |tx| tenant::update(tx, id, change, None)).await;
        assert!(matches!(changed, Err(TenantError::Deleted(_))), "{changed:?}");

        let heir = create(&house, named("Acme")).await.unwrap().id;
        let taken = house.in_tenants(move |tx| tenant::restore(tx, id)).await;
        assert!(matches!(taken, Err(TenantError::NameTaken(_))), "{taken:?}");

        let change = Change { name: Some("Acme the Second".into()), ..Change::default() };
        house.in_tenants(move |tx| tenant::update(tx, heir, change, None)).await.unwrap();
        let back = house.in_tenants(move |tx| tenant::restore(tx, id)).await.unwrap();
        assert_eq!((back.slug.as_str(), back.deleted_at), ("acme-2", None));
        let again = house.in_tenants(move |tx| tenant::restore(tx, id)).await;
        assert!(matches!(again, Err(TenantError::NotDeleted(_))), "{again:?}");
    }
}

on_both! {
    async fn a_tenant_is_found_by_id_slug_or_name(db: Database) {
        let house = House::open(&db).await;
        let id = create(&house, named("Acme Civil")).await.unwrap().id;
        let find = async |text: String| {
            house.store.read(move |db| tenant::find(db, &text)).await.unwrap().map(|it| it.id)
        };
        for text in [id.to_string(), "acme-civil".into(), "Acme Civil".into()] {
            assert_eq!(find(text).await, Some(id));
        }
        assert_eq!(find("acme".into()).await, None);
        assert_eq!(find("a\0b".into()).await, None);
        house.in_tenants(move |tx| tenant::delete(tx, id, None)).await.unwrap();
        assert_eq!(find(id.to_string()).await, None);
    }
}

on_both! {
    async fn a_list_of_tenants_is_walked_forth_and_back(db: Database) {
        let house = House::open(&db).await;
        let mut ids = vec![];
        for at in 0..7 {
            // Two of each moment, so that the id has to decide between them.
            if at % 2 == 0 {
                house.later(minutes(1));
            }
            ids.push(create(&house, named(&format!("Tenant {at}"))).await.unwrap().id);
        }
        let gone = ids[3];
        house.in_tenants(move |tx| tenant::delete(tx, gone, None)).await.unwrap();
        let list = async |filter: Filter, request: PageRequest| {
            house.store.read(move |db| tenant::list(db, &filter, &request)).await.unwrap()
        };

        let (mut seen, mut request, mut last) = (vec![], PageRequest::first(2), None);
        loop {
            let page = list(Filter::default(), request.clone()).await;
            assert_eq!(page.total, Some(6));
            seen.extend(page.items.iter().map(|it| it.id));
            last = page.prev.or(last);
            match page.next {
                Some(cursor) => request.cursor = Some(cursor),
                None => break,
            }
        }
        let living: Vec<_> = ids.iter().copied().filter(|it| *it != gone).collect();
        assert_eq!(seen, living);
        let back = list(Filter::default(), PageRequest { limit: 2, cursor: last }).await;
        assert_eq!(back.items.iter().map(|it| it.id).collect::<Vec<_>>(), living[2..4]);

        let all = Filter { include_deleted: true, ..Filter::default() };
        assert_eq!(list(all, PageRequest::first(50)).await.items.len(), 7);
        let one = Filter { only: Some(ids[1]), ..Filter::default() };
        assert_eq!(list(one, PageRequest::first(50)).await.items[0].id, ids[1]);
        let found = Filter { search: Some("TENANT 5".into()), ..Filter::default() };
        assert_eq!(list(found, PageRequest::first(50)).await.items[0].id, ids[5]);
        let literal = Filter { search: Some("_".into()), ..Filter::default() };
        assert!(list(literal, PageRequest::first(50)).await.items.is_empty());
    }
}

on_both! {
    async fn a_tenant_deleted_thirty_days_ago_is_erased_with_all_that_is_its_own(db: Database) {
        let house = House::open(&db).await;
        let acme = create(&house, named("Acme")).await.unwrap().id;
        let other = create(&house, named("Other")).await.unwrap().id;
        for (tenant, email) in [(acme, "ann@acme.com"), (other, "bob@other.com")] {
            house.user(email, Role::Viewer, Reach::Tenant(tenant)).await;
            house.login(email, PASSWORD).await.unwrap();
            let new = key::New {
                tenant,
                name: "importer".into(),
                scopes: vec![base::Scope::Read],
                mode: Mode::Test,
                expires_at: None,
                user: None,
            };
            key::create(&house.identity, &Caller::operator(), new).await.unwrap();
        }
        house.in_tenants(move |tx| tenant::delete(tx, acme, None)).await.unwrap();
        let expired = async || {
            let before = house.clock.now() - days(30);
            house.store.read(move |db| tenant::expired(db, before)).await.unwrap()
        };
        house.later(days(30));
        assert_eq!(expired().await, []);
        house.later(minutes(1));
        assert_eq!(expired().await, [acme]);

        house.in_tenants(move |tx| tenant::erase(tx, acme)).await.unwrap();
        for table in ["tenants", "users", "app_keys"] {
            let raw = house.raw(table).await;
            assert!(!raw.contains(&acme.to_string()), "{table}: {raw}");
            assert!(raw.contains(&other.to_string()), "{table}: {raw}");
        }
        for table in ["sessions", "refresh_tokens"] {
            let count = format!("SELECT count(*) AS total FROM {table}");
            let left = house.store.read(move |db| db.one(&count, &store::params![])).await.unwrap();
            assert_eq!(left.get::<i64>("total").unwrap(), 1, "{table}");
        }
        assert!(house.raw("audit_log").await.contains(&acme.to_string()), "its history stays");
        assert_eq!(expired().await, []);
        let again = house.in_tenants(move |tx| tenant::erase(tx, acme)).await;
        assert!(matches!(again, Err(TenantError::NoSuchTenant(_))), "{again:?}");
    }
}

on_both! {
    async fn the_default_tenant_is_made_once_and_stays(db: Database) {
        let house = House::open(&db).await;
        let ensure = |tx: &store::Tx| tenant::ensure_default(tx, "Memo Coach", "default");
        let made = house.in_tenants(ensure).await.unwrap();
        assert_eq!((made.id, made.slug.as_str()), (TenantId::DEFAULT, "default"));
        assert_eq!(house.in_tenants(ensure).await.unwrap(), made);
        let deleted = house.in_tenants(|tx| tenant::delete(tx, TenantId::DEFAULT, None)).await;
        assert!(matches!(deleted, Err(TenantError::IsDefault)), "{deleted:?}");
        let erased = house.in_tenants(|tx| tenant::erase(tx, TenantId::DEFAULT)).await;
        assert!(matches!(erased, Err(TenantError::IsDefault)), "{erased:?}");
    }
}

on_both! {
    async fn a_name_or_slug_that_makes_no_sense_is_refused(db: Database) {
        let house = House::open(&db).await;
        for name in ["", "  ", "a\0b", &"a".repeat(256)] {
            let refused = create(&house, named(name)).await;
            assert!(matches!(refused, Err(TenantError::InvalidName)), "{name:?}: {refused:?}");
        }
        for slug in ["", "-a", "a--b", "A", "ä", "a b", &"a".repeat(101)] {
            let new = New { slug: Some(slug.to_owned()), ..named("Acme") };
            let refused = create(&house, new).await;
            assert!(matches!(refused, Err(TenantError::InvalidSlug)), "{slug:?}: {refused:?}");
        }
        let long = "a".repeat(255);
        for (at, slug) in [slug::of(&long), format!("{}-2", "a".repeat(98))].iter().enumerate() {
            let made = create(&house, named(&format!("{}{at}", &long[1..]))).await.unwrap();
            assert_eq!(&made.slug, slug);
        }
    }
}

on_both! {
    async fn what_an_application_makes_along_with_a_tenant_is_kept_with_it_or_not_at_all(db: Database) {
        let house = House::open(&db).await;
        let broken = house.in_tenants(|tx| {
            tenant::create(tx, named("Acme"))?;
            Err::<(), TenantError>(TenantError::InvalidName)
        });
        assert!(broken.await.is_err());
        assert_eq!(house.raw("tenants").await, "[]");
    }
}
