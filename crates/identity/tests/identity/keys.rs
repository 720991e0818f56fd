//! Application keys.

use base::{AppKeyId, PageRequest, Permission, Role, Scope, Secret, TenantId};
use identity::{
    AuthError, Caller, Credential, Grant, Reach, Refused,
    access::Overreach,
    key::{self, AppKey, Filter, KeyError, Mode, State},
    tenant,
    user::{self, Change},
};
use sha2::{Digest, Sha256};
use testkit::{Database, on_both};

use crate::house::{HERE, House, called_by, days, minutes, neighbour, secret};

fn new(tenant: TenantId, scopes: &[Scope]) -> key::New {
    key::New {
        tenant,
        name: "importer".into(),
        scopes: scopes.to_vec(),
        mode: Mode::Live,
        expires_at: None,
        user: None,
    }
}

async fn make(house: &House, new: key::New) -> (AppKey, Secret<String>) {
    key::create(&house.identity, &Caller::operator(), new).await.unwrap()
}

on_both! {
    async fn a_key_is_shown_once_and_only_its_digest_is_kept(db: Database) {
        let house = House::open(&db).await;
        let (made, text) = make(&house, new(TenantId::DEFAULT, &[Scope::Read])).await;
        let text = text.reveal();
        let (mark, hidden) = text.split_at("ck_live_".len());
        assert_eq!((mark, hidden.len()), ("ck_live_", 43));
        assert_eq!(made.shown(), format!("{}…", &text[..12]));

        let raw = house.raw("app_keys").await;
        assert!(raw.contains(&hex::encode(Sha256::digest(text))), "{raw}");
        for table in ["app_keys", "audit_log"] {
            let raw = house.raw(table).await;
            assert!(!raw.contains(text) && !raw.contains(&hidden[5..]), "{table}: {raw}");
        }
        assert!(raw.contains(&hidden[..4]), "{raw}");
    }
}

on_both! {
    async fn a_key_acts_for_its_tenant_within_its_scopes(db: Database) {
        let house = House::open(&db).await;
        let acme = house.tenant("Acme").await.id;
        let (made, text) = make(&house, new(acme, &[Scope::Read])).await;
        let caller = house.caller(&text).await.unwrap();

        assert_eq!(caller.actor.to_string(), made.id.to_string());
        assert_eq!(caller.name, format!("importer ({})", made.shown()));
        assert_eq!(caller.grant, Grant::Scopes(vec![Scope::Read]));
        assert_eq!(caller.tenant(), Some(acme));
        assert_eq!(caller.rate_key(), made.id.to_string());
        assert_eq!(caller.may(Permission::ReadRecords), Ok(()));
        let needed = Permission::WriteRecords;
        assert_eq!(caller.may(needed), Err(Refused::Permission { needed }));
        let tenant = TenantId::DEFAULT;
        assert_eq!(caller.reaches(tenant), Err(Refused::Tenant { tenant }));

        let header = Credential::ApiKey(text);
        let same = house.identity.authenticate(&header, None, None).await.unwrap();
        assert_eq!(same.actor.who, caller.actor.who);
    }
}

on_both! {
    async fn each_way_for_a_key_to_be_refused_has_its_own_name(db: Database) {
        let house = House::open(&db).await;
        let (_, good) = make(&house, new(TenantId::DEFAULT, &[Scope::Read])).await;
        let expires_at = Some(house.clock.now() + minutes(10));
        let short = key::New { expires_at, ..new(TenantId::DEFAULT, &[Scope::Read]) };
        let (_, short) = make(&house, short).await;
        let (gone, revoked) = make(&house, new(TenantId::DEFAULT, &[Scope::Read])).await;
        key::revoke(&house.identity, &Caller::operator(), gone.id).await.unwrap();

        assert_eq!(house.answer_to(&good).await, "ok");
        assert_eq!(house.answer_to(&short).await, "ok");
        assert_eq!(house.answer_to(&revoked).await, "key_revoked");
        assert_eq!(house.answer_to(&secret("ck_live_short")).await, "key_malformed");
        assert_eq!(house.answer_to(&secret("hunter2")).await, "key_malformed");
        let unknown = secret(&format!("ck_live_{}", "a".repeat(43)));
        assert_eq!(house.answer_to(&unknown).await, "key_invalid");
        let other_mark = secret(&good.reveal().replace("_live_", "_test_"));
        assert_eq!(house.answer_to(&other_mark).await, "key_invalid");
        house.later(minutes(10));
        assert_eq!(house.answer_to(&short).await, "key_expired");
    }
}

on_both! {
    async fn a_revoked_key_stops_at_once_here_and_within_two_seconds_elsewhere(db: Database) {
        let house = House::open(&db).await;
        let other = neighbour(&house.store, &house.clock, |_| ()).await;
        let (made, text) = make(&house, new(TenantId::DEFAULT, &[Scope::Read])).await;
        assert_eq!(house.answer_to(&text).await, "ok");
        assert!(called_by(&other, &text).await.is_ok());

        let ended = key::revoke(&house.identity, &Caller::operator(), made.id).await.unwrap();
        assert_eq!(ended.state(house.clock.now()), State::Revoked);
        assert_eq!(house.answer_to(&text).await, "key_revoked");
        house.later(jiff::SignedDuration::from_secs(2));
        assert_eq!(called_by(&other, &text).await.unwrap_err().code(), "key_revoked");

        key::revoke(&house.identity, &Caller::operator(), made.id).await.unwrap();
        let revoked = house.actions().await.iter().filter(|it| *it == "key_revoked").count();
        assert_eq!(revoked, 1, "revoking twice is not news");
    }
}

on_both! {
    async fn a_rotated_key_works_beside_the_new_one_for_a_while(db: Database) {
        let house = House::open(&db).await;
        let expires_at = Some(house.clock.now() + days(90));
        let lasting = key::New { expires_at, ..new(TenantId::DEFAULT, &[Scope::Read]) };
        let (old, old_text) = make(&house, lasting).await;
        house.later(days(80));
        let operator = Caller::operator();
        let rotated = key::rotate(&house.identity, &operator, old.id, days(2)).await;
        let (fresh, fresh_text) = rotated.unwrap();

        assert_eq!((&fresh.name, &fresh.scopes), (&old.name, &old.scopes));
        assert_eq!(fresh.expires_at, Some(house.clock.now() + days(90)));
        assert_eq!(house.answer_to(&old_text).await, "ok");
        assert_eq!(house.answer_to(&fresh_text).await, "ok");
        house.later(days(2));
        assert_eq!(house.answer_to(&old_text).await, "key_expired");
        assert_eq!(house.answer_to(&fresh_text).await, "ok");

        let again = key::rotate(&house.identity, &operator, old.id, days(2)).await;
        assert!(matches!(again, Err(KeyError::Ended(_))), "{again:?}");
        let id = old.id;
        let old = house.store.read(move |db| key::get(db, id)).await.unwrap().unwrap();
        assert_eq!(old.replaced_by, Some(fresh.id));
    }
}

on_both! {
    async fn an_overlap_never_lengthens_the_life_of_the_old_key(db: Database) {
        let house = House::open(&db).await;
        let expires_at = Some(house.clock.now() + days(1));
        let short = key::New { expires_at, ..new(TenantId::DEFAULT, &[Scope::Read]) };
        let (old, text) = make(&house, short).await;
        key::rotate(&house.identity, &Caller::operator(), old.id, days(30)).await.unwrap();
        house.later(days(1));
        assert_eq!(house.answer_to(&text).await, "key_expired");
    }
}

on_both! {
    async fn nobody_makes_or_takes_a_key_beyond_their_own_reach(db: Database) {
        let house = House::open(&db).await;
        let acme = house.tenant("Acme").await.id;
        let (theirs, _) = make(&house, new(acme, &[Scope::Read])).await;
        let (above, _) = make(&house, new(TenantId::DEFAULT, &[Scope::Admin])).await;
        let (_, text) = make(&house, new(TenantId::DEFAULT, &[Scope::Write])).await;

        let admin = house.person("admin@example.com", Role::Admin, HERE).await;
        let editor = house.person("editor@example.com", Role::Editor, HERE).await;
        let program = house.caller(&text).await.unwrap();
        let nobody = Caller::nobody(None, None);

        for (caller, id) in [(&admin, theirs.id), (&editor, above.id), (&program, above.id), (&nobody, above.id)] {
            let made = key::create(&house.identity, caller, new(acme, &[Scope::Read])).await;
            assert!(matches!(made, Err(KeyError::Overreach(_))), "{made:?}");
            let revoked = key::revoke(&house.identity, caller, id).await;
            assert!(matches!(revoked, Err(KeyError::Overreach(_))), "{revoked:?}");
            let rotated = key::rotate(&house.identity, caller, id, days(1)).await;
            assert!(matches!(rotated, Err(KeyError::Overreach(_))), "{rotated:?}");
        }
        let own = key::create(&house.identity, &admin, new(TenantId::DEFAULT, &[Scope::Admin])).await;
        assert!(own.is_ok(), "{own:?}");
    }
}

on_both! {
    async fn a_key_never_does_more_than_the_user_behind_it(db: Database) {
        let house = House::open(&db).await;
        let ann = house.user("ann@example.com", Role::Editor, HERE).await.id;
        let bound = key::New { user: Some(ann), ..new(TenantId::DEFAULT, &[Scope::Read, Scope::Write]) };
        let wider = key::New { scopes: vec![Scope::Admin], ..bound.clone() };
        let refused = key::create(&house.identity, &Caller::operator(), wider).await;
        let scope = Scope::Admin;
        assert!(
            matches!(refused, Err(KeyError::Overreach(Overreach::Scope { scope: it })) if it == scope),
            "{refused:?}"
        );

        let (_, text) = make(&house, bound).await;
        assert_eq!(house.caller(&text).await.unwrap().may(Permission::WriteRecords), Ok(()));

        let change = async |change: Change| {
            let operator = Caller::operator();
            user::update(&house.identity, &operator, ann, change, None).await.unwrap();
        };
        change(Change { role: Some(Role::Viewer), ..Change::default() }).await;
        let caller = house.caller(&text).await.unwrap();
        assert_eq!(caller.grant, Grant::Scopes(vec![Scope::Read]), "lowered with the user");

        change(Change { disabled: Some(true), ..Change::default() }).await;
        assert_eq!(house.answer_to(&text).await, "key_revoked");
        change(Change { disabled: Some(false), ..Change::default() }).await;
        assert_eq!(house.answer_to(&text).await, "ok");

        let acme = house.tenant("Acme").await.id;
        change(Change { reach: Some(Reach::Tenant(acme)), ..Change::default() }).await;
        assert_eq!(house.answer_to(&text).await, "key_revoked", "the user has moved away");
    }
}

on_both! {
    async fn the_keys_of_a_deleted_tenant_rest_until_it_is_restored(db: Database) {
        let house = House::open(&db).await;
        let acme = house.tenant("Acme").await.id;
        let (_, text) = make(&house, new(acme, &[Scope::Read])).await;
        house.in_tenants(move |tx| tenant::delete(tx, acme, None)).await.unwrap();
        assert_eq!(house.answer_to(&text).await, "key_revoked");
        house.in_tenants(move |tx| tenant::restore(tx, acme)).await.unwrap();
        assert_eq!(house.answer_to(&text).await, "ok");
    }
}

on_both! {
    async fn a_key_that_makes_no_sense_is_not_made(db: Database) {
        let house = House::open(&db).await;
        let good = new(TenantId::DEFAULT, &[Scope::Read]);
        let refused = async |new: key::New| {
            key::create(&house.identity, &Caller::operator(), new).await.unwrap_err()
        };
        let nameless = refused(key::New { name: " ".into(), ..good.clone() }).await;
        assert!(matches!(nameless, KeyError::InvalidName));
        let idle = refused(key::New { scopes: vec![], ..good.clone() }).await;
        assert!(matches!(idle, KeyError::NoScopes));
        let expires_at = Some(house.clock.now());
        let late = refused(key::New { expires_at, ..good.clone() }).await;
        assert!(matches!(late, KeyError::ExpiresInThePast));
        let homeless = refused(key::New { tenant: TenantId::generate(), ..good.clone() }).await;
        assert!(matches!(homeless, KeyError::NoSuchTenant(_)));
        let orphan = refused(key::New { user: Some(base::UserId::generate()), ..good }).await;
        assert!(matches!(orphan, KeyError::NoSuchUser(_)));
        let unknown = key::revoke(&house.identity, &Caller::operator(), AppKeyId::generate()).await;
        assert!(matches!(unknown, Err(KeyError::NoSuchKey(_))));
    }
}

on_both! {
    async fn keys_are_listed_by_tenant_page_by_page(db: Database) {
        let house = House::open(&db).await;
        let acme = house.tenant("Acme").await.id;
        make(&house, new(TenantId::DEFAULT, &[Scope::Read])).await;
        let mut made = vec![];
        for _ in 0..5 {
            made.push(make(&house, new(acme, &[Scope::Read])).await.0.id);
        }
        key::revoke(&house.identity, &Caller::operator(), made[1]).await.unwrap();

        let now = house.clock.now();
        let list = async |filter: Filter, request: PageRequest| {
            house.store.read(move |db| key::list(db, &filter, now, &request)).await.unwrap()
        };
        let filter = Filter { tenant: Some(acme), include_ended: false };
        let first = list(filter.clone(), PageRequest::first(3)).await;
        let ids: Vec<_> = first.items.iter().map(|it| it.id).collect();
        assert_eq!(ids, [made[0], made[2], made[3]]);
        assert_eq!(first.total, Some(4));
        let second = list(filter, PageRequest { limit: 3, cursor: first.next }).await;
        let ids: Vec<_> = second.items.iter().map(|it| it.id).collect();
        assert_eq!((ids, second.next), (vec![made[4]], None));

        let everything = Filter { tenant: None, include_ended: true };
        assert_eq!(list(everything, PageRequest::first(50)).await.items.len(), 6);
    }
}

on_both! {
    async fn the_last_use_of_a_key_is_noted(db: Database) {
        let house = House::open(&db).await;
        let (made, text) = make(&house, new(TenantId::DEFAULT, &[Scope::Read])).await;
        let id = made.id;
        let last_used = async || {
            house.store.read(move |db| key::get(db, id)).await.unwrap().unwrap().last_used_at
        };
        assert_eq!(last_used().await, None);
        assert_eq!(house.answer_to(&text).await, "ok");
        let first = house.clock.now();
        assert_eq!(last_used().await, Some(first));
        house.later(minutes(1) / 2);
        assert_eq!(house.answer_to(&text).await, "ok");
        assert_eq!(last_used().await, Some(first));
        house.later(minutes(1) / 2);
        assert_eq!(house.answer_to(&text).await, "ok");
        assert_eq!(last_used().await, Some(house.clock.now()));
    }
}

on_both! {
    async fn a_key_that_was_good_lately_is_good_while_the_database_is_away(db: Database) {
        let house = House::open(&db).await;
        let (_, known) = make(&house, new(TenantId::DEFAULT, &[Scope::UseModels])).await;
        let (_, unknown) = make(&house, new(TenantId::DEFAULT, &[Scope::UseModels])).await;
        house.caller(&known).await.unwrap();

        house.store.clone().close().await;
        house.clock.advance(minutes(1));
        assert!(house.caller(&known).await.is_ok());
        assert!(house.caller(&known).await.is_ok(), "and the second does not even ask");
        assert!(matches!(house.caller(&unknown).await, Err(AuthError::Store(_))));
        house.clock.advance(minutes(5));
        assert!(matches!(house.caller(&known).await, Err(AuthError::Store(_))));
    }
}
