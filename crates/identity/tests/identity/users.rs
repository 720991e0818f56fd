//! Users.

use base::{PageRequest, Permission, Role, UserId};
use identity::{
    Caller, Reach,
    access::Overreach,
    password::Unacceptable,
    profile,
    sign_in::Origin,
    user::{self, Change, Filter, NewPassword, UserError},
};
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD, minutes, new_user, secret};

on_both! {
    async fn the_first_administrator_is_made_once(db: Database) {
        let house = House::open(&db).await;
        let made = user::first_administrator(&house.identity, "root@example.com", None).await;
        let made = made.unwrap().unwrap();
        let password = made.generated.unwrap();

        let tokens = house.login("root@example.com", password.reveal()).await.unwrap();
        let caller = house.caller(&tokens.access_token).await.unwrap();
        assert_eq!(caller.user(), Some(made.user));
        assert_eq!(caller.reach, Reach::All);
        for permission in Permission::ALL {
            assert_eq!(caller.may(*permission), Ok(()));
        }
        let again = user::first_administrator(&house.identity, "evil@example.com", None).await;
        assert!(again.unwrap().is_none());
    }
}

on_both! {
    async fn a_given_password_of_the_first_administrator_is_not_repeated(db: Database) {
        let house = House::open(&db).await;
        let given = Some(secret(PASSWORD));
        let made = user::first_administrator(&house.identity, "root@example.com", given).await;
        assert!(made.unwrap().unwrap().generated.is_none());
        assert!(house.login("root@example.com", PASSWORD).await.is_ok());
    }
}

on_both! {
    async fn of_two_that_start_together_one_makes_the_administrator(db: Database) {
        let house = House::open(&db).await;
        let (one, two) = tokio::join!(
            user::first_administrator(&house.identity, "one@example.com", None),
            user::first_administrator(&house.identity, "two@example.com", None),
        );
        let made = [one.unwrap().is_some(), two.unwrap().is_some()];
        assert_eq!(made.iter().filter(|it| **it).count(), 1, "{made:?}");
    }
}

on_both! {
    async fn an_address_belongs_to_one_user_whatever_its_case(db: Database) {
        let house = House::open(&db).await;
        let ann = house.user("Ann@Example.com", Role::Viewer, HERE).await;
        let same = new_user("ann@EXAMPLE.com", Role::Viewer, HERE);
        let refused = user::create(&house.identity, &Caller::operator(), same).await;
        assert!(matches!(refused, Err(UserError::EmailTaken)), "{refused:?}");

        let find = |db: &store::Db| user::by_email(db, "aNN@example.com");
        let found = house.store.read(find).await.unwrap().unwrap();
        assert_eq!((found.id, found.email.as_str()), (ann.id, "Ann@Example.com"));
    }
}

on_both! {
    async fn a_user_that_makes_no_sense_is_not_made(db: Database) {
        let house = House::open(&db).await;
        let good = new_user("ann@example.com", Role::Viewer, HERE);
        let refused = async |new: user::New| {
            user::create(&house.identity, &Caller::operator(), new).await.unwrap_err()
        };
        let short = NewPassword::Plain(secret("1234567"));
        let short = refused(user::New { password: short, ..good.clone() }).await;
        assert!(matches!(short, UserError::Unacceptable(Unacceptable::TooShort { .. })));
        let odd = NewPassword::Hashed(secret("5f4dcc3b5aa765d61d8327deb882cf99"));
        let odd = refused(user::New { password: odd, ..good.clone() }).await;
        assert!(matches!(odd, UserError::Unacceptable(Unacceptable::UnknownHash)));
        let nowhere = refused(user::New { email: secret("ann"), ..good.clone() }).await;
        assert!(matches!(nowhere, UserError::InvalidEmail));
        let reach = Reach::Tenant(base::TenantId::generate());
        let homeless = refused(user::New { reach, ..good.clone() }).await;
        assert!(matches!(homeless, UserError::NoSuchTenant(_)));
        let name = "a".repeat(256);
        assert!(matches!(refused(user::New { name, ..good }).await, UserError::InvalidName));
        assert_eq!(house.raw("users").await, "[]");
    }
}

on_both! {
    async fn nobody_can_make_themselves_or_others_more_than_they_are(db: Database) {
        let house = House::open(&db).await;
        let acme = house.tenant("Acme").await.id;
        let owner = house.person("owner@example.com", Role::Owner, Reach::All).await;
        let admin = house.person("admin@acme.com", Role::Admin, Reach::Tenant(acme)).await;
        let viewer = house.person("viewer@acme.com", Role::Viewer, Reach::Tenant(acme)).await;

        let role = |role| Change { role: Some(role), ..Change::default() };
        let reach = |reach| Change { reach: Some(reach), ..Change::default() };
        let password = Change { password: Some(secret("taken over!")), ..Change::default() };
        let (owner_id, admin_id, viewer_id) =
            (owner.user().unwrap(), admin.user().unwrap(), viewer.user().unwrap());
        let disabled = Change { disabled: Some(true), ..Change::default() };
        for (caller, id, change) in [
            (&viewer, viewer_id, role(Role::Admin)),
            (&viewer, viewer_id, reach(Reach::All)),
            (&viewer, admin_id, role(Role::Viewer)),
            (&viewer, owner_id, password.clone()),
            (&admin, admin_id, role(Role::Owner)),
            (&admin, admin_id, reach(Reach::All)),
            (&admin, viewer_id, role(Role::Owner)),
            (&admin, viewer_id, reach(Reach::All)),
            (&admin, viewer_id, reach(HERE)),
            (&admin, owner_id, password),
            (&admin, owner_id, disabled.clone()),
            (&owner, owner_id, disabled),
            (&Caller::nobody(None, None), viewer_id, role(Role::Admin)),
        ] {
            let what = format!("{:?} {change:?}", caller.grant);
            let refused = user::update(&house.identity, caller, id, change, None).await;
            assert!(matches!(refused, Err(UserError::Overreach(_))), "{what}: {refused:?}");
        }
        for new in [
            new_user("a@acme.com", Role::Owner, Reach::Tenant(acme)),
            new_user("b@acme.com", Role::Viewer, Reach::All),
            new_user("c@acme.com", Role::Viewer, HERE),
        ] {
            let refused = user::create(&house.identity, &admin, new).await;
            assert!(matches!(refused, Err(UserError::Overreach(_))), "{refused:?}");
        }
        let peer = new_user("d@acme.com", Role::Admin, Reach::Tenant(acme));
        assert!(user::create(&house.identity, &admin, peer).await.is_ok());
    }
}

on_both! {
    async fn a_change_of_what_somebody_else_changed_is_refused(db: Database) {
        let house = House::open(&db).await;
        let ann = house.user("ann@example.com", Role::Viewer, HERE).await;
        let operator = Caller::operator();
        let name = |name: &str| Change { name: Some(name.into()), ..Change::default() };
        let one = user::update(&house.identity, &operator, ann.id, name("Anna"), Some(1)).await;
        assert_eq!(one.unwrap().revision, 2);
        let two = user::update(&house.identity, &operator, ann.id, name("Anne"), Some(1)).await;
        assert!(matches!(two, Err(UserError::Changed { current: 2 })), "{two:?}");
        let gone = user::update(&house.identity, &operator, UserId::generate(), name(""), None).await;
        assert!(matches!(gone, Err(UserError::NoSuchUser(_))), "{gone:?}");
    }
}

on_both! {
    async fn one_may_change_ones_own_name_but_not_ones_standing(db: Database) {
        let house = House::open(&db).await;
        let ann = house.person("ann@example.com", Role::Viewer, HERE).await;
        let id = ann.user().unwrap();
        let name = Change { name: Some("Anna".into()), ..Change::default() };
        let changed = user::update(&house.identity, &ann, id, name, None).await.unwrap();
        assert_eq!(changed.name, "Anna");
        let password = Change { password: Some(secret("something new")), ..Change::default() };
        let refused = user::update(&house.identity, &ann, id, password, None).await;
        assert!(matches!(refused, Err(UserError::Overreach(Overreach::Oneself))), "{refused:?}");
    }
}

on_both! {
    async fn ones_own_password_is_changed_by_knowing_it(db: Database) {
        let house = House::open(&db).await;
        let ann = house.person("ann@example.com", Role::Viewer, HERE).await;
        let elsewhere = house.login("ann@example.com", PASSWORD).await.unwrap();
        let here = house.login("ann@example.com", PASSWORD).await.unwrap();
        let ann = Caller { session: Some(here.session), ..ann };
        let change = async |current: &str, wanted: &str| {
            user::change_password(&house.identity, &ann, secret(current), secret(wanted)).await
        };
        let wrong = change("not her password", "something new").await;
        assert!(matches!(wrong, Err(UserError::WrongPassword)), "{wrong:?}");
        let short = change(PASSWORD, "short").await;
        assert!(matches!(short, Err(UserError::Unacceptable(_))), "{short:?}");
        change(PASSWORD, "something new").await.unwrap();

        assert_eq!(house.answer_to(&here.access_token).await, "ok");
        assert_eq!(house.answer_to(&elsewhere.access_token).await, "session_ended");
        assert!(house.login("ann@example.com", PASSWORD).await.is_err());
        assert!(house.login("ann@example.com", "something new").await.is_ok());
    }
}

on_both! {
    async fn the_current_password_cannot_be_guessed_through_an_open_session(db: Database) {
        let house = House::open_with(&db, |it| it.sign_ins_per_minute = 5).await;
        let ann = house.person("ann@example.com", Role::Viewer, HERE).await;
        let guess = async || {
            let (current, wanted) = (secret("a wrong guess"), secret("something new"));
            user::change_password(&house.identity, &ann, current, wanted).await.unwrap_err()
        };
        for _ in 0..5 {
            assert!(matches!(guess().await, UserError::WrongPassword));
        }
        assert!(matches!(guess().await, UserError::TooManyAttempts { .. }));
    }
}

on_both! {
    async fn users_are_listed_by_tenant_and_found_by_name_or_address(db: Database) {
        let house = House::open(&db).await;
        let acme = house.tenant("Acme").await.id;
        let mut ids = vec![];
        for at in 0..5 {
            house.later(minutes(1));
            let email = format!("user{at}@acme.com");
            ids.push(house.user(&email, Role::Viewer, Reach::Tenant(acme)).await.id);
        }
        let root = house.user("root_100%@example.com", Role::Owner, Reach::All).await.id;

        let list = async |tenant, search: Option<&str>, request: PageRequest| {
            let filter = Filter { tenant, search: search.map(str::to_owned) };
            house.store.read(move |db| user::list(db, &filter, &request)).await.unwrap()
        };
        let first = list(Some(acme), None, PageRequest::first(2)).await;
        assert_eq!(first.items.iter().map(|it| it.id).collect::<Vec<_>>(), ids[..2]);
        assert_eq!((first.total, first.prev), (Some(5), None));
        let next = PageRequest { limit: 2, cursor: first.next };
        let second = list(Some(acme), None, next).await;
        assert_eq!(second.items.iter().map(|it| it.id).collect::<Vec<_>>(), ids[2..4]);
        let prev = PageRequest { limit: 2, cursor: second.prev };
        let back = list(Some(acme), None, prev).await;
        assert_eq!(back.items.iter().map(|it| it.id).collect::<Vec<_>>(), ids[..2]);

        assert_eq!(list(None, None, PageRequest::first(50)).await.items.len(), 6);
        let found = list(None, Some("USER3"), PageRequest::first(50)).await;
        assert_eq!(found.items.iter().map(|it| it.id).collect::<Vec<_>>(), [ids[3]]);
        let literal = list(None, Some("100%"), PageRequest::first(50)).await;
        assert_eq!(literal.items.iter().map(|it| it.id).collect::<Vec<_>>(), [root]);
        assert!(list(None, Some("\0"), PageRequest::first(50)).await.items.is_empty());
    }
}

on_both! {
    async fn a_visitor_makes_an_account_no_faster_than_they_could_sign_in(db: Database) {
        let house = House::open_with(&db, |it| it.sign_ins_per_minute = 3).await;
        let origin = Origin { address: Some("203.0.113.7".parse().unwrap()), ..Origin::default() };
        let sign_up = async |email: &str| {
            let new = user::New {
                email: secret(email),
                username: None,
                name: "Visitor".into(),
                password: user::NewPassword::Plain(secret(PASSWORD)),
                role: Role::Viewer,
                reach: HERE,
            };
            user::sign_up(&house.identity, new, origin.clone()).await
        };
        let made = sign_up("ann@example.com").await.unwrap();
        let ann = house.caller(&made.access_token).await.unwrap();
        assert_eq!((ann.user(), ann.reach), (Some(made.user), HERE));
        assert!(ann.may(Permission::ReadRecords).is_ok() && ann.may(Permission::WriteRecords).is_err());
        assert!(house.login("ann@example.com", PASSWORD).await.is_ok());
        assert!(matches!(sign_up("ANN@example.com").await, Err(UserError::EmailTaken)));
        sign_up("bob@example.com").await.unwrap();
        let much = sign_up("cleo@example.com").await;
        assert!(matches!(much, Err(UserError::TooManyAttempts { .. })), "{much:?}");
        house.later(minutes(2));
        sign_up("cleo@example.com").await.unwrap();
    }
}

on_both! {
    async fn who_makes_an_account_with_the_last_try_is_in_and_who_comes_too_late_has_none(db: Database) {
        let house = House::open_with(&db, |it| it.sign_ins_per_minute = 1).await;
        let origin = Origin { address: Some("203.0.113.7".parse().unwrap()), ..Origin::default() };
        let sign_up = async |email: &str| {
            let new = new_user(email, Role::Viewer, HERE);
            user::sign_up(&house.identity, new, origin.clone()).await
        };
        let ann = sign_up("ann@example.com").await.unwrap();
        assert_eq!(house.answer_to(&ann.access_token).await, "ok");
        let late = sign_up("bob@example.com").await;
        assert!(matches!(late, Err(UserError::TooManyAttempts { .. })), "{late:?}");
        let users = house.raw("users").await;
        assert!(users.contains("ann@example.com") && !users.contains("bob@example.com"), "{users}");
    }
}

on_both! {
    async fn people_say_of_themselves_what_they_like_and_show_a_picture(db: Database) {
        let house = House::open(&db).await;
        let ann = house.person("ann@example.com", Role::Viewer, HERE).await;
        let id = ann.user().unwrap();
        let look = async || house.store.read(move |db| profile::get(db, id)).await.unwrap();
        let picture = async || house.store.read(move |db| profile::picture(db, id)).await.unwrap();
        assert_eq!((look().await, picture().await), (profile::Profile::default(), None));
        profile::set_about(&house.identity, &ann, "  Calibrates probes. ").await.unwrap();
        assert_eq!(look().await.about, "Calibrates probes.");
        let face = profile::Picture { media_type: "image/png".into(), bytes: vec![1, 2, 3] };
        profile::set_picture(&house.identity, &ann, Some(face.clone())).await.unwrap();
        assert_eq!(picture().await, Some(face));
        assert!(look().await.picture_at.is_some());
        profile::set_about(&house.identity, &ann, "").await.unwrap();
        assert!(picture().await.is_some(), "the picture stays");
        profile::set_picture(&house.identity, &ann, None).await.unwrap();
        assert_eq!((picture().await, look().await.picture_at), (None, None));
        let long = "a".repeat(profile::ABOUT_MAX + 1);
        let refused = profile::set_about(&house.identity, &ann, &long).await;
        assert!(matches!(refused, Err(profile::ProfileError::TooLong)));
        let robot = profile::set_about(&house.identity, &Caller::house(), "x").await;
        assert!(matches!(robot, Err(profile::ProfileError::Refused(_))), "{robot:?}");
    }
}
