//! People who sign in by a name, and what a role may be without.

use base::{Permission, Role, Scope, TenantId};
use identity::{
    Caller, Reach,
    access::Overreach,
    key::{self, Mode},
    settings::{Lesser, Settings, SignInBy},
    sign_in::LoginError,
    user::{self, Change, Filter, UserError},
};
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD, new_user, secret};

fn by_name(settings: &mut Settings) {
    settings.sign_in = SignInBy::Username;
}

fn named(username: &str) -> user::New {
    user::New { username: Some(username.into()), ..new_user("", Role::Viewer, HERE) }
}

async fn made(house: &House, new: user::New) -> Result<user::User, UserError> {
    user::create(&house.identity, &Caller::operator(), new).await
}

on_both! {
    async fn who_has_a_name_signs_in_by_it_whatever_its_case(db: Database) {
        let house = House::open_with(&db, by_name).await;
        let ann = made(&house, named("Ann_Lee")).await.unwrap();
        assert_eq!((ann.username.as_str(), ann.email.as_str()), ("Ann_Lee", ""));
        let tokens = house.login(" ann_LEE ", PASSWORD).await.unwrap();
        assert_eq!(house.caller(&tokens.access_token).await.unwrap().user(), Some(ann.id));

        let same = made(&house, named("ANN_lee")).await;
        assert!(matches!(same, Err(UserError::UsernameTaken)), "{same:?}");
        // Whoever has no address cannot come in by none.
        made(&house, named("bob")).await.unwrap();
        let nobody = house.login("", PASSWORD).await;
        assert!(matches!(nobody, Err(LoginError::WrongCredentials)), "{nobody:?}");
        let log = house.raw("audit_log").await.to_lowercase();
        assert!(!log.contains("ann_lee"), "{log}");
    }
}

on_both! {
    async fn an_address_beside_the_name_serves_too(db: Database) {
        let house = House::open_with(&db, by_name).await;
        made(&house, user::New { email: secret("Ann@Example.com"), ..named("ann") }).await.unwrap();
        assert!(house.login("ann", PASSWORD).await.is_ok());
        assert!(house.login("ann@example.com", PASSWORD).await.is_ok());
        let other = made(&house, user::New { email: secret("ann@EXAMPLE.com"), ..named("ann-2") }).await;
        assert!(matches!(other, Err(UserError::EmailTaken)), "{other:?}");
        let request = base::PageRequest::first(10);
        let filter = Filter { search: Some("ANN".into()), tenant: None };
        let found = house.store.read(move |db| user::list(db, &filter, &request)).await.unwrap();
        assert_eq!(found.items.len(), 1);
    }
}

on_both! {
    async fn a_name_that_is_none_is_not_taken(db: Database) {
        let house = House::open_with(&db, by_name).await;
        for wrong in ["", "ab", "ann lee", "ann@example.com"] {
            let refused = made(&house, named(wrong)).await;
            assert!(matches!(refused, Err(UserError::InvalidUsername)), "{wrong}: {refused:?}");
        }
        let unnamed = made(&house, new_user("ann@example.com", Role::Viewer, HERE)).await;
        assert!(matches!(unnamed, Err(UserError::InvalidUsername)), "{unnamed:?}");
    }
}

on_both! {
    async fn where_people_have_addresses_there_are_no_names(db: Database) {
        let house = House::open(&db).await;
        let refused = made(&house, user::New { email: secret("ann@example.com"), ..named("ann") }).await;
        assert!(matches!(refused, Err(UserError::NoUsernames)), "{refused:?}");
        assert!(house.login("ann", PASSWORD).await.is_err());
    }
}

on_both! {
    async fn the_first_administrator_has_a_name_and_others_get_another_by_one_who_manages_them(db: Database) {
        let house = House::open_with(&db, by_name).await;
        let given = Some(secret(PASSWORD));
        user::first_administrator(&house.identity, "root@example.com", given).await.unwrap();
        for whom in ["admin", "root@example.com"] {
            assert!(house.login(whom, PASSWORD).await.is_ok(), "{whom}");
        }
        let ann = made(&house, named("ann")).await.unwrap().id;
        let rename = async |wanted: &str| {
            let change = Change { username: Some(wanted.into()), ..Change::default() };
            user::update(&house.identity, &Caller::operator(), ann, change, None).await
        };
        assert!(matches!(rename("Admin").await, Err(UserError::UsernameTaken)));
        assert_eq!(rename("anna").await.unwrap().username, "anna");
        assert!(house.login("anna", PASSWORD).await.is_ok());
        assert!(house.login("ann", PASSWORD).await.is_err());
    }
}

on_both! {
    async fn what_is_taken_from_a_role_nobody_of_it_has(db: Database) {
        let less = |it: &mut Settings| {
            let without = vec![Permission::ReadAudit, Permission::UseModels];
            it.lesser = vec![Lesser { role: Role::Editor, reaches_all: false, without }];
        };
        let house = House::open_with(&db, less).await;
        let ann = house.person("ann@example.com", Role::Editor, HERE).await;
        let everywhere = house.person("bob@example.com", Role::Editor, Reach::All).await;
        let viewer = house.person("cleo@example.com", Role::Viewer, HERE).await;
        assert!(ann.may(Permission::ReadAudit).is_err());
        assert!(ann.may(Permission::WriteRecords).is_ok());
        for other in [&everywhere, &viewer] {
            assert!(other.may(Permission::ReadAudit).is_ok(), "{other:?}");
        }
        // A key that stands for somebody does no more than they.
        let new = key::New {
            tenant: TenantId::DEFAULT,
            name: "importer".into(),
            scopes: vec![Scope::Write],
            mode: Mode::Live,
            expires_at: None,
            user: ann.user(),
        };
        let (_, text) = key::create(&house.identity, &Caller::operator(), new).await.unwrap();
        let program = house.caller(&text).await.unwrap();
        assert!(program.may(Permission::UseModels).is_err());
        assert!(program.may(Permission::WriteRecords).is_ok());
    }
}

on_both! {
    async fn who_does_without_something_gives_it_to_nobody(db: Database) {
        let less = |it: &mut Settings| {
            let without = vec![Permission::ReadAudit];
            it.lesser = vec![Lesser { role: Role::Admin, reaches_all: true, without }];
        };
        let house = House::open_with(&db, less).await;
        let admin = house.person("admin@example.com", Role::Admin, Reach::All).await;
        let viewer = new_user("viewer@example.com", Role::Viewer, HERE);
        let refused = user::create(&house.identity, &admin, viewer).await;
        let role = Role::Viewer;
        assert!(matches!(refused, Err(UserError::Overreach(Overreach::Role { role: it })) if it == role), "{refused:?}");
    }
}
