//! Staying signed in, and being signed out.

use base::{Role, Secret, SessionId};
use identity::{
    Caller, Reach,
    session::{self, SessionError},
    sign_in::{RefreshError, Tokens},
    user::{self, Change},
};
use testkit::{Database, on_both};

use crate::house::{
    HERE, House, PASSWORD, called_by, days, is_overreach, minutes, neighbour, secret,
};

/// Ann, signed in.
async fn ann(house: &House) -> Tokens {
    house.user("ann@example.com", Role::Editor, HERE).await;
    house.login("ann@example.com", PASSWORD).await.unwrap()
}

on_both! {
    async fn an_access_token_ends_after_a_quarter_of_an_hour(db: Database) {
        let house = House::open(&db).await;
        let tokens = ann(&house).await;
        house.later(minutes(14));
        assert_eq!(house.answer_to(&tokens.access_token).await, "ok");
        house.later(minutes(1));
        assert_eq!(house.answer_to(&tokens.access_token).await, "token_expired");
    }
}

on_both! {
    async fn a_refresh_token_gives_the_next_pair_of_the_same_session(db: Database) {
        let house = House::open(&db).await;
        let first = ann(&house).await;
        house.later(minutes(20));
        let second = house.refresh(&first.refresh_token).await.unwrap();
        assert_eq!(second.session, first.session);
        assert_ne!(second.refresh_token, first.refresh_token);
        assert_eq!(house.answer_to(&second.access_token).await, "ok");
        let third = house.refresh(&second.refresh_token).await.unwrap();
        assert_eq!(house.answer_to(&third.access_token).await, "ok");
    }
}

on_both! {
    async fn a_refresh_token_used_twice_ends_its_session(db: Database) {
        let house = House::open(&db).await;
        let first = ann(&house).await;
        let second = house.refresh(&first.refresh_token).await.unwrap();
        assert_eq!(house.answer_to(&second.access_token).await, "ok");

        let reused = house.refresh(&first.refresh_token).await;
        assert!(matches!(reused, Err(RefreshError::Reused)), "{reused:?}");
        assert_eq!(house.answer_to(&second.access_token).await, "session_ended");
        let next = house.refresh(&second.refresh_token).await;
        assert!(matches!(next, Err(RefreshError::SessionEnded)), "{next:?}");
        assert!(house.actions().await.contains(&"refresh_reused".to_owned()));
    }
}

on_both! {
    async fn of_many_who_refresh_at_once_at_most_one_succeeds(db: Database) {
        let house = House::open(&db).await;
        let first = ann(&house).await;
        let (a, b, c) = tokio::join!(
            house.refresh(&first.refresh_token),
            house.refresh(&first.refresh_token),
            house.refresh(&first.refresh_token),
        );
        let fine = [&a, &b, &c].iter().filter(|it| it.is_ok()).count();
        assert_eq!(fine, 1, "{a:?} {b:?} {c:?}");
        assert_eq!(house.answer_to(&first.access_token).await, "session_ended");
    }
}

on_both! {
    async fn what_is_not_a_refresh_token_is_refused(db: Database) {
        let house = House::open(&db).await;
        let tokens = ann(&house).await;
        let unknown = secret(&"a".repeat(43));
        for wrong in [secret(""), secret("nonsense"), unknown, tokens.access_token.clone()] {
            let refused = house.refresh(&wrong).await;
            assert!(matches!(refused, Err(RefreshError::Invalid)), "{refused:?}");
        }
        assert_eq!(house.answer_to(&tokens.access_token).await, "ok");
    }
}

on_both! {
    async fn an_unused_refresh_token_expires_and_a_session_has_an_end(db: Database) {
        let house = House::open_with(&db, |it| it.refresh_ttl = days(7)).await;
        let unused = ann(&house).await;
        let mut used = house.login("ann@example.com", PASSWORD).await.unwrap();
        for _ in 0..4 {
            house.later(days(7) - minutes(1));
            used = house.refresh(&used.refresh_token).await.unwrap();
        }
        let expired = house.refresh(&unused.refresh_token).await;
        assert!(matches!(expired, Err(RefreshError::Expired)), "{expired:?}");

        house.later(days(2) + minutes(4));
        let over = house.refresh(&used.refresh_token).await;
        assert!(matches!(over, Err(RefreshError::SessionEnded)), "{over:?}");
    }
}

on_both! {
    async fn signing_out_ends_one_session_at_once(db: Database) {
        let house = House::open(&db).await;
        let phone = ann(&house).await;
        let laptop = house.login("ann@example.com", PASSWORD).await.unwrap();
        let caller = house.caller(&phone.access_token).await.unwrap();

        session::logout(&house.identity, &caller).await.unwrap();
        assert_eq!(house.answer_to(&phone.access_token).await, "session_ended");
        assert_eq!(house.answer_to(&laptop.access_token).await, "ok");
        let refused = house.refresh(&phone.refresh_token).await;
        assert!(matches!(refused, Err(RefreshError::SessionEnded)), "{refused:?}");
        assert!(house.actions().await.contains(&"signed_out".to_owned()));

        let nobody = session::logout(&house.identity, &Caller::operator()).await;
        assert!(matches!(nobody, Err(SessionError::NotSignedIn)), "{nobody:?}");
    }
}

on_both! {
    async fn sessions_are_listed_and_revoked(db: Database) {
        let house = House::open(&db).await;
        let first = ann(&house).await;
        house.later(minutes(1));
        let second = house.login("ann@example.com", PASSWORD).await.unwrap();
        let caller = house.caller(&second.access_token).await.unwrap();

        let (user, now) = (first.user, house.clock.now());
        let list = move |db: &store::Db| session::list(db, user, now);
        let found = house.store.read(list).await.unwrap();
        let ids: Vec<SessionId> = found.iter().map(|it| it.id).collect();
        assert_eq!(ids, [second.session, first.session]);
        assert_eq!(found[0].user_agent.as_deref(), Some("test"));
        assert_eq!(found[0].address.as_deref(), Some("10.0.0.1"));

        session::revoke(&house.identity, &caller, first.session).await.unwrap();
        assert_eq!(house.answer_to(&first.access_token).await, "session_ended");
        assert_eq!(house.answer_to(&second.access_token).await, "ok");
        let again = session::revoke(&house.identity, &caller, first.session).await;
        assert!(matches!(again, Err(SessionError::NoSuchSession(_))), "{again:?}");
        assert_eq!(house.store.read(list).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn sessions_of_others_are_ended_only_by_those_above_them(db: Database) {
        let house = House::open(&db).await;
        let tokens = ann(&house).await;
        let acme = house.tenant("Acme").await.id;
        let viewer = house.person("viewer@example.com", Role::Viewer, HERE).await;
        let elsewhere = house.person("admin@acme.com", Role::Admin, Reach::Tenant(acme)).await;
        let refused = session::revoke(&house.identity, &viewer, tokens.session).await;
        assert!(is_overreach(&refused.unwrap_err()));
        let refused = session::revoke_all(&house.identity, &viewer, tokens.user).await;
        assert!(is_overreach(&refused.unwrap_err()));
        // What is of another tenant is not there.
        let refused = session::revoke(&house.identity, &elsewhere, tokens.session).await;
        assert!(matches!(refused, Err(SessionError::NoSuchSession(_))), "{refused:?}");
        let refused = session::revoke_all(&house.identity, &elsewhere, tokens.user).await;
        assert!(matches!(refused, Err(SessionError::NoSuchUser(_))), "{refused:?}");
        assert_eq!(house.answer_to(&tokens.access_token).await, "ok");

        let admin = house.person("admin@example.com", Role::Admin, HERE).await;
        session::revoke(&house.identity, &admin, tokens.session).await.unwrap();
        assert_eq!(house.answer_to(&tokens.access_token).await, "session_ended");
    }
}

on_both! {
    async fn one_can_sign_out_everywhere_else(db: Database) {
        let house = House::open(&db).await;
        let old = ann(&house).await;
        let older = house.login("ann@example.com", PASSWORD).await.unwrap();
        let here = house.login("ann@example.com", PASSWORD).await.unwrap();
        let caller = house.caller(&here.access_token).await.unwrap();
        let ended = session::revoke_all(&house.identity, &caller, here.user).await.unwrap();
        assert_eq!(ended, 2);
        assert_eq!(house.answer_to(&old.access_token).await, "session_ended");
        assert_eq!(house.answer_to(&older.access_token).await, "session_ended");
        assert_eq!(house.answer_to(&here.access_token).await, "ok");
    }
}

on_both! {
    async fn another_process_hears_of_a_sign_out_within_two_seconds(db: Database) {
        let house = House::open(&db).await;
        let other = neighbour(&house.store, &house.clock, |_| ()).await;
        let tokens = ann(&house).await;
        assert!(called_by(&other, &tokens.access_token).await.is_ok());

        let caller = house.caller(&tokens.access_token).await.unwrap();
        session::logout(&house.identity, &caller).await.unwrap();
        house.later(jiff::SignedDuration::from_secs(2));
        let late = called_by(&other, &tokens.access_token).await.unwrap_err();
        assert_eq!(late.code(), "session_ended");
    }
}

on_both! {
    async fn a_disabled_user_is_out_at_once_everywhere(db: Database) {
        let house = House::open(&db).await;
        let tokens = ann(&house).await;
        assert_eq!(house.answer_to(&tokens.access_token).await, "ok");
        let set = |disabled| Change { disabled: Some(disabled), ..Change::default() };
        let operator = Caller::operator();

        user::update(&house.identity, &operator, tokens.user, set(true), None).await.unwrap();
        assert_eq!(house.answer_to(&tokens.access_token).await, "session_ended");
        let refused = house.refresh(&tokens.refresh_token).await;
        assert!(matches!(refused, Err(RefreshError::SessionEnded)), "{refused:?}");

        user::update(&house.identity, &operator, tokens.user, set(false), None).await.unwrap();
        assert_eq!(house.answer_to(&tokens.access_token).await, "session_ended", "sign in anew");
        assert!(house.login("ann@example.com", PASSWORD).await.is_ok());
    }
}

on_both! {
    async fn a_lowered_role_ends_the_sessions_that_had_the_higher_one(db: Database) {
        let house = House::open(&db).await;
        let tokens = ann(&house).await;
        let change = Change { role: Some(Role::Viewer), ..Change::default() };
        let operator = Caller::operator();
        user::update(&house.identity, &operator, tokens.user, change, None).await.unwrap();
        assert_eq!(house.answer_to(&tokens.access_token).await, "session_ended");
    }
}

on_both! {
    async fn sessions_long_over_are_swept_away_with_their_tokens(db: Database) {
        let house = House::open(&db).await;
        let over = ann(&house).await;
        let caller = house.caller(&over.access_token).await.unwrap();
        session::logout(&house.identity, &caller).await.unwrap();
        house.later(days(8));
        let living = house.login("ann@example.com", PASSWORD).await.unwrap();

        assert_eq!(session::sweep(&house.identity, days(9)).await.unwrap(), 0);
        assert_eq!(session::sweep(&house.identity, days(7)).await.unwrap(), 1);
        assert!(!house.raw("sessions").await.contains(&over.session.to_string()));
        assert!(!house.raw("refresh_tokens").await.contains(&over.session.to_string()));
        assert!(house.refresh(&living.refresh_token).await.is_ok());
    }
}

on_both! {
    async fn the_time_of_last_use_is_noted_once_a_minute(db: Database) {
        let house = House::open(&db).await;
        let tokens = ann(&house).await;
        let (user, start) = (tokens.user, house.clock.now());
        let last_used = async || {
            let now = house.clock.now();
            let read = move |db: &store::Db| session::list(db, user, now);
            house.store.read(read).await.unwrap()[0].last_used_at
        };
        let call = async |token: &Secret<String>| assert_eq!(house.answer_to(token).await, "ok");

        house.later(minutes(1));
        call(&tokens.access_token).await;
        assert_eq!(last_used().await, start + minutes(1));
        house.later(jiff::SignedDuration::from_secs(59));
        call(&tokens.access_token).await;
        assert_eq!(last_used().await, start + minutes(1));
        house.later(jiff::SignedDuration::from_secs(1));
        call(&tokens.access_token).await;
        assert_eq!(last_used().await, start + minutes(2));
    }
}

on_both! {
    async fn when_there_are_too_many_sessions_the_oldest_ends(db: Database) {
        let house = House::open_with(&db, |it| it.sessions_max = Some(2)).await;
        let first = ann(&house).await;
        let mut all = vec![first];
        for _ in 0..2 {
            house.later(minutes(1));
            all.push(house.login("ann@example.com", PASSWORD).await.unwrap());
        }
        // Somebody else's are none of hers.
        house.user("bob@example.com", Role::Editor, HERE).await;
        let bob = house.login("bob@example.com", PASSWORD).await.unwrap();
        assert_eq!(house.answer_to(&all[0].access_token).await, "session_ended");
        for tokens in [&all[1], &all[2], &bob] {
            assert_eq!(house.answer_to(&tokens.access_token).await, "ok");
        }
        let next = house.refresh(&all[0].refresh_token).await;
        assert!(matches!(next, Err(RefreshError::SessionEnded)), "{next:?}");
    }
}
