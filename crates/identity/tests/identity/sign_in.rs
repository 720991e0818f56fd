//! Signing in.

use std::time::Duration;

use base::Role;
use identity::{
    Caller, Grant, Reach, session,
    sign_in::{self, LoginError},
    tenant,
    user::{self, Change, NewPassword},
};
use store::params;
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD, days, minutes, neighbour, new_user, origin, secret};

on_both! {
    async fn who_signs_in_is_known_by_the_token(db: Database) {
        let house = House::open(&db).await;
        let user = house.user("Ann@Example.com", Role::Editor, HERE).await;

        let tokens = house.login(" ann@example.COM", PASSWORD).await.unwrap();
        assert_eq!(tokens.expires_in, Duration::from_secs(15 * 60));

        let caller = house.caller(&tokens.access_token).await.unwrap();
        assert_eq!(caller.user(), Some(user.id));
        assert_eq!(caller.name, "Ann");
        assert_eq!(caller.reach, HERE);
        assert_eq!(caller.grant, Grant::Role(Role::Editor));
        assert_eq!(caller.session, Some(tokens.session));
        assert_eq!(caller.actor.request_id.as_deref(), Some("req-1"));
    }
}

on_both! {
    async fn a_wrong_password_and_an_unknown_account_are_answered_alike(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;

        let wrong = house.login("ann@example.com", "not her password").await.unwrap_err();
        let unknown = house.login("bob@example.com", PASSWORD).await.unwrap_err();
        let odd = house.login("ann\0@example.com", PASSWORD).await.unwrap_err();
        let endless = house.login("ann@example.com", &"a".repeat(100_000)).await.unwrap_err();
        for refused in [&wrong, &unknown, &odd, &endless] {
            assert!(matches!(refused, LoginError::WrongCredentials), "{refused:?}");
            assert_eq!(refused.to_string(), wrong.to_string());
        }
        let refused = house.actions().await.iter().filter(|it| *it == "sign_in_refused").count();
        assert_eq!(refused, 4);
    }
}

on_both! {
    async fn a_disabled_user_is_told_so_only_with_the_right_password(db: Database) {
        let house = House::open(&db).await;
        let user = house.user("ann@example.com", Role::Editor, HERE).await;
        let change = Change { disabled: Some(true), ..Change::default() };
        user::update(&house.identity, &Caller::operator(), user.id, change, None).await.unwrap();

        let right = house.login("ann@example.com", PASSWORD).await;
        assert!(matches!(right, Err(LoginError::Disabled)), "{right:?}");
        let wrong = house.login("ann@example.com", "not her password").await;
        assert!(matches!(wrong, Err(LoginError::WrongCredentials)), "{wrong:?}");
    }
}

on_both! {
    async fn the_users_of_a_deleted_tenant_cannot_sign_in_until_it_is_restored(db: Database) {
        let house = House::open(&db).await;
        let acme = house.tenant("Acme").await.id;
        house.user("ann@example.com", Role::Editor, Reach::Tenant(acme)).await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();

        house.in_tenants(move |tx| tenant::delete(tx, acme, None)).await.unwrap();
        let refused = house.login("ann@example.com", PASSWORD).await;
        assert!(matches!(refused, Err(LoginError::Disabled)), "{refused:?}");
        assert_eq!(house.answer_to(&tokens.access_token).await, "session_ended");

        house.in_tenants(move |tx| tenant::restore(tx, acme)).await.unwrap();
        assert_eq!(house.answer_to(&tokens.access_token).await, "ok");
    }
}

on_both! {
    async fn the_sixth_sign_in_within_a_minute_has_to_wait(db: Database) {
        let house = House::open_with(&db, |it| it.sign_ins_per_minute = 5).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        for _ in 0..5 {
            let wrong = house.login("ann@example.com", "not her password").await;
            assert!(matches!(wrong, Err(LoginError::WrongCredentials)), "{wrong:?}");
        }
        for _ in 0..3 {
            let refused = house.login("ann@example.com", PASSWORD).await;
            let Err(LoginError::TooManyAttempts { retry_after }) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(retry_after, Duration::from_secs(60));
        }
        let refused = house.actions().await.iter().filter(|it| *it == "sign_in_refused").count();
        assert_eq!(refused, 6, "the limit itself is audited once, not at every try");

        house.later(minutes(1));
        assert!(house.login("ann@example.com", PASSWORD).await.is_ok());
    }
}

on_both! {
    async fn processes_on_one_database_refuse_no_more_guesses_than_one_of_them(db: Database) {
        let house = House::open_with(&db, |it| it.sign_ins_per_minute = 5).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let mut doors = vec![house.identity.clone()];
        for _ in 0..3 {
            doors.push(neighbour(&house.store, &house.clock, |it| it.sign_ins_per_minute = 5).await);
        }
        let mut guesses = tokio::task::JoinSet::new();
        for number in 0..16 {
            let door = doors[number % doors.len()].clone();
            let password = secret(&format!("guess number {number}"));
            guesses.spawn(async move { sign_in::login(&door, "ann@example.com", password, origin()).await });
        }
        let guesses = guesses.join_all().await;
        let told = guesses.iter().filter(|it| matches!(it, Err(LoginError::WrongCredentials)));
        assert_eq!(told.count(), 5, "{guesses:?}");

        // Four of the doors' own five are left at most: what stops this one is the common count.
        let fresh = neighbour(&house.store, &house.clock, |it| it.sign_ins_per_minute = 5).await;
        let right = sign_in::login(&fresh, "ann@example.com", secret(PASSWORD), origin()).await;
        let Err(LoginError::TooManyAttempts { retry_after }) = right else { panic!("{right:?}") };
        assert_eq!(retry_after, Duration::from_secs(60));
        house.later(minutes(1));
        assert!(sign_in::login(&fresh, "ann@example.com", secret(PASSWORD), origin()).await.is_ok());
        session::sweep(&house.identity, days(1)).await.unwrap();
        assert_eq!(house.raw("sign_in_failures").await, "[]");
    }
}

on_both! {
    async fn a_bcrypt_hash_of_an_older_store_is_accepted_and_replaced(db: Database) {
        let house = House::open(&db).await;
        let hash = bcrypt::hash(PASSWORD, 4).unwrap();
        let password = NewPassword::Hashed(secret(&hash));
        let new = user::New { password, ..new_user("ann@example.com", Role::Editor, HERE) };
        user::create(&house.identity, &Caller::operator(), new).await.unwrap();
        assert!(house.raw("users").await.contains("$2b$04$"));

        assert!(house.login("ann@example.com", "not her password").await.is_err());
        assert!(house.raw("users").await.contains("$2b$04$"), "a wrong password upgrades nothing");
        assert!(house.login("ann@example.com", PASSWORD).await.is_ok());
        let users = house.raw("users").await;
        assert!(users.contains("$argon2id$") && !users.contains("$2b$"), "{users}");
        assert!(house.login("ann@example.com", PASSWORD).await.is_ok());
        assert!(house.login("ann@example.com", "not her password").await.is_err());
    }
}

on_both! {
    async fn no_table_holds_a_password_or_token_and_only_the_user_an_address(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let _ = house.login("ann@example.com", "not her password").await;
        let _ = house.login("bob@example.com", "not his password").await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();
        let renewed = house.refresh(&tokens.refresh_token).await.unwrap();

        for table in ["users", "sessions", "refresh_tokens", "sign_in_failures", "audit_log"] {
            let raw = house.raw(table).await;
            assert!(table == "users" || !raw.contains("@example.com"), "{table}: {raw}");
            for hidden in [PASSWORD, "not her password", "eyJ"] {
                assert!(!raw.contains(hidden), "{table}: {raw}");
            }
            for pair in [&tokens, &renewed] {
                assert!(!raw.contains(pair.refresh_token.reveal()), "{table}: {raw}");
            }
        }
    }
}

on_both! {
    async fn a_user_disabled_while_their_password_was_checked_does_not_come_in(db: Database) {
        let house = House::open(&db).await;
        let user = house.user("ann@example.com", Role::Editor, HERE).await.id;
        // Whatever the order in which the two meet, nobody is left with a working session.
        let change = Change { disabled: Some(true), ..Change::default() };
        let operator = Caller::operator();
        let (login, disable) = tokio::join!(
            house.login("ann@example.com", PASSWORD),
            user::update(&house.identity, &operator, user, change, None),
        );
        disable.unwrap();
        if let Ok(tokens) = login {
            assert_eq!(house.answer_to(&tokens.access_token).await, "session_ended");
        }
        let living = "SELECT id FROM sessions WHERE ended_at IS NULL";
        let living = house.store.read(move |db| db.query(living, &params![])).await.unwrap();
        assert_eq!(living, []);
    }
}

on_both! {
    async fn a_sign_in_is_audited_in_the_name_of_the_user(db: Database) {
        let house = House::open(&db).await;
        let user = house.user("ann@example.com", Role::Editor, HERE).await.id;
        house.login("ann@example.com", PASSWORD).await.unwrap();
        let log = house.raw("audit_log").await;
        assert!(log.contains("signed_in") && log.contains(&user.to_string()), "{log}");
        assert!(log.contains("10.0.0.1"), "{log}");
    }
}
