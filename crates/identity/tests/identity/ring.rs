//! The keys that sign access tokens.

use base::{Actor, Role};
use identity::{OpenError, Settings, key_ring};
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD, called_by, days, minutes, neighbour, secret};

const GIVEN: &str = "a signing secret given by the environment";

on_both! {
    async fn a_rotation_signs_nobody_out(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let before = house.login("ann@example.com", PASSWORD).await.unwrap();
        let kid = key_ring::rotate(&house.identity, &Actor::operator()).await.unwrap();
        let after = house.login("ann@example.com", PASSWORD).await.unwrap();

        assert_eq!(house.answer_to(&before.access_token).await, "ok");
        assert_eq!(house.answer_to(&after.access_token).await, "ok");
        assert_ne!(kid_of(before.access_token.reveal()), kid);
        assert_eq!(kid_of(after.access_token.reveal()), kid);
        assert!(house.actions().await.contains(&"signing_key_rotated".to_owned()));
    }
}

on_both! {
    async fn a_key_that_is_old_is_replaced_by_itself_and_once(db: Database) {
        let house = House::open(&db).await;
        let other = neighbour(&house.store, &house.clock, |_| ()).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let before = house.login("ann@example.com", PASSWORD).await.unwrap();
        let tend = async |identity| key_ring::tend(identity, &Actor::house()).await.unwrap();
        house.later(days(20));
        let before = house.refresh(&before.refresh_token).await.unwrap();
        assert_eq!(tend(&house.identity).await, None, "it is not old yet");
        house.later(days(70));
        let again = house.login("ann@example.com", PASSWORD).await.unwrap();
        assert_eq!(kid_of(again.access_token.reveal()), kid_of(before.access_token.reveal()));
        let kid = tend(&house.identity).await.expect("it is ninety days old");
        assert_eq!(tend(&other).await, None, "whoever comes second finds a new one");
        let after = house.login("ann@example.com", PASSWORD).await.unwrap();
        assert_eq!(kid_of(after.access_token.reveal()), kid);
        for tokens in [&again, &after] {
            assert_eq!(house.answer_to(&tokens.access_token).await, "ok", "nobody is signed out");
        }
        // Once the last session that it signed is over, it is forgotten.
        house.later(days(40));
        assert_eq!(tend(&house.identity).await, None);
        let now = house.clock.now();
        let keys = house.store.read(move |db| key_ring::list(db, now)).await.unwrap();
        let retired: Vec<bool> = keys.iter().map(|it| it.retired_at.is_some()).collect();
        assert_eq!(retired, [true, false]);
    }
}

on_both! {
    async fn by_hand_alone_a_key_signs_for_years(db: Database) {
        let house = House::open(&db).await;
        let by_hand = neighbour(&house.store, &house.clock, |it| it.signing_key_max_age = None).await;
        house.later(days(1000));
        assert_eq!(key_ring::tend(&by_hand, &Actor::house()).await.unwrap(), None);
        assert!(key_ring::tend(&house.identity, &Actor::house()).await.unwrap().is_some());
    }
}

on_both! {
    async fn another_process_learns_a_new_key_when_it_meets_it(db: Database) {
        let house = House::open(&db).await;
        let other = neighbour(&house.store, &house.clock, |_| ()).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        house.later(minutes(1) / 20);
        key_ring::rotate(&house.identity, &Actor::operator()).await.unwrap();
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();
        assert!(called_by(&other, &tokens.access_token).await.is_ok());
    }
}

on_both! {
    async fn an_old_key_is_retired_when_its_last_session_has_ended(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();
        let old = kid_of(tokens.access_token.reveal());
        key_ring::rotate(&house.identity, &Actor::operator()).await.unwrap();
        let retire = async || key_ring::retire_unused(&house.identity, &Actor::house()).await.unwrap();

        house.later(days(1));
        assert_eq!(retire().await, Vec::<String>::new(), "a session still needs it");
        let renewed = house.refresh(&tokens.refresh_token).await.unwrap();
        assert_eq!(retire().await, [old]);
        assert_eq!(house.answer_to(&renewed.access_token).await, "ok");
        assert_eq!(retire().await, Vec::<String>::new(), "the newest stays");

        let now = house.clock.now();
        let keys = house.store.read(move |db| key_ring::list(db, now)).await.unwrap();
        let retired: Vec<bool> = keys.iter().map(|it| it.retired_at.is_some()).collect();
        assert_eq!(retired, [true, false]);
    }
}

on_both! {
    async fn a_given_secret_signs_and_never_reaches_the_database(db: Database) {
        let given = |it: &mut Settings| it.jwt_secret = Some(secret(GIVEN));
        let house = House::open_with(&db, given).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();

        let restarted = neighbour(&house.store, &house.clock, given).await;
        assert!(called_by(&restarted, &tokens.access_token).await.is_ok());
        let raw = house.raw("signing_keys").await;
        assert!(raw.contains(&kid_of(tokens.access_token.reveal())), "{raw}");
        assert!(!raw.contains(GIVEN), "{raw}");
    }
}

on_both! {
    async fn a_changed_secret_refuses_old_tokens_but_not_old_sessions(db: Database) {
        let house = House::open_with(&db, |it| it.jwt_secret = Some(secret(GIVEN))).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();

        house.later(minutes(1));
        let other = |it: &mut Settings| it.jwt_secret = Some(secret("another secret, as long as that"));
        let identity = neighbour(&house.store, &house.clock, other).await;
        let refused = called_by(&identity, &tokens.access_token).await.unwrap_err();
        assert_eq!(refused.code(), "token_invalid");

        let restarted = House { identity, store: house.store.clone(), clock: house.clock.clone() };
        let renewed = restarted.refresh(&tokens.refresh_token).await.unwrap();
        assert_eq!(restarted.answer_to(&renewed.access_token).await, "ok");
    }
}

on_both! {
    async fn two_processes_that_start_together_agree_on_the_first_key(db: Database) {
        let store = db.migrated(&[identity::MIGRATIONS]).await;
        let clock = testkit::clock();
        let (one, two) =
            tokio::join!(neighbour(&store, &clock, |_| ()), neighbour(&store, &clock, |_| ()));
        let now = clock.now();
        let keys = store.read(move |db| key_ring::list(db, now)).await.unwrap();
        assert_eq!(keys.len(), 1);
        let house = House { identity: one, store, clock };
        house.user("ann@example.com", Role::Editor, HERE).await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();
        assert!(called_by(&two, &tokens.access_token).await.is_ok());
    }
}

on_both! {
    async fn a_token_that_was_tampered_with_is_refused(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let token = house.login("ann@example.com", PASSWORD).await.unwrap().access_token;
        let parts: Vec<&str> = token.reveal().split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("three parts") };

        // {"alg":"none","typ":"JWT"}
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        for forged in [
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{signature}"),
            format!("{header}.{claims}."),
            format!("{header}.{}.{signature}", claims.replacen('a', "b", 1)),
            format!("{header}.{claims}"),
            "eyJ".to_owned(),
            "..".to_owned(),
        ] {
            assert_eq!(house.answer_to(&secret(&forged)).await, "token_invalid", "{forged}");
        }
        assert_eq!(house.answer_to(&token).await, "ok");
    }
}

on_both! {
    async fn a_token_of_another_house_is_refused(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let foreign = |it: &mut Settings| it.issuer = "elsewhere".into();
        let identity = neighbour(&house.store, &house.clock, foreign).await;
        let elsewhere = House { identity, store: house.store.clone(), clock: house.clock.clone() };
        let tokens = elsewhere.login("ann@example.com", PASSWORD).await.unwrap();
        assert_eq!(elsewhere.answer_to(&tokens.access_token).await, "ok");
        assert_eq!(house.answer_to(&tokens.access_token).await, "token_invalid");
    }
}

on_both! {
    async fn settings_that_cannot_be_are_refused_at_the_door(db: Database) {
        let store = db.migrated(&[identity::MIGRATIONS]).await;
        let settings = Settings { key_prefix: "C K".into(), ..Settings::default() };
        let refused = identity::Identity::open(store, testkit::clock(), settings).await.err();
        assert!(matches!(refused, Some(OpenError::Settings(_))), "{refused:?}");
    }
}

fn kid_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}
