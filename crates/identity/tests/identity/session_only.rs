//! Access tokens that say nothing: `mode: session_only`.

use base::{Role, Secret};
use identity::{
    Caller, Reach, session,
    settings::{Mode, Settings},
    sign_in::{self, Tokens},
    tenant, user,
};
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD, called_by, days, minutes, neighbour, origin, secret};

fn session_only(settings: &mut Settings) {
    settings.mode = Mode::SessionOnly;
}

/// Ann, signed in.
async fn ann(house: &House) -> Tokens {
    house.user("ann@example.com", Role::Editor, HERE).await;
    house.login("ann@example.com", PASSWORD).await.unwrap()
}

async fn answer(identity: &identity::Identity, token: &Secret<String>) -> &'static str {
    called_by(identity, token).await.map_or_else(|it| it.code(), |_| "ok")
}

on_both! {
    async fn an_access_token_says_nothing_and_is_kept_as_a_digest(db: Database) {
        let house = House::open_with(&db, session_only).await;
        let tokens = ann(&house).await;
        let text = tokens.access_token.reveal().clone();
        assert!(text.len() == 43 && text.bytes().all(|it| it.is_ascii_alphanumeric()), "{text}");
        assert!(!house.raw("access_tokens").await.contains(&text));
        let caller = house.caller(&tokens.access_token).await.unwrap();
        assert_eq!((caller.user(), caller.session), (Some(tokens.user), Some(tokens.session)));
        for wrong in [secret(&"a".repeat(43)), tokens.refresh_token.clone()] {
            assert_eq!(house.answer_to(&wrong).await, "token_invalid");
        }
        let refreshed = house.refresh(&tokens.access_token).await;
        assert!(refreshed.is_err(), "an access token is no refresh token");
    }
}

on_both! {
    async fn signing_out_ends_it_at_once_and_within_two_seconds_in_another_process(db: Database) {
        let house = House::open_with(&db, session_only).await;
        let other = neighbour(&house.store, &house.clock, session_only).await;
        let (phone, laptop) =
            (ann(&house).await, house.login("ann@example.com", PASSWORD).await.unwrap());
        assert_eq!(answer(&other, &phone.access_token).await, "ok");
        let caller = house.caller(&phone.access_token).await.unwrap();
        session::logout(&house.identity, &caller).await.unwrap();
        assert_eq!(house.answer_to(&phone.access_token).await, "session_ended");
        assert_eq!(house.answer_to(&laptop.access_token).await, "ok");
        house.later(jiff::SignedDuration::from_secs(2));
        assert_eq!(answer(&other, &phone.access_token).await, "session_ended");

        session::revoke(&house.identity, &Caller::operator(), laptop.session).await.unwrap();
        assert_eq!(house.answer_to(&laptop.access_token).await, "session_ended");
    }
}

on_both! {
    async fn it_ends_at_its_time_and_the_refresh_token_gives_the_next(db: Database) {
        let house = House::open_with(&db, session_only).await;
        let first = ann(&house).await;
        house.later(minutes(14));
        assert_eq!(house.answer_to(&first.access_token).await, "ok");
        let second = house.refresh(&first.refresh_token).await.unwrap();
        assert_eq!(house.answer_to(&first.access_token).await, "ok", "who asked just now goes on");
        house.later(minutes(1));
        assert_eq!(house.answer_to(&first.access_token).await, "token_expired");
        assert_eq!(house.answer_to(&second.access_token).await, "ok");
        // A stolen refresh token ends both.
        assert!(house.refresh(&first.refresh_token).await.is_err());
        assert_eq!(house.answer_to(&second.access_token).await, "session_ended");
    }
}

on_both! {
    async fn sessions_outlive_a_change_of_the_mode(db: Database) {
        let house = House::open(&db).await;
        let signed = ann(&house).await;
        assert!(signed.access_token.reveal().starts_with("eyJ"));
        let other = neighbour(&house.store, &house.clock, session_only).await;
        assert_eq!(answer(&other, &signed.access_token).await, "token_expired");
        let drawn = sign_in::refresh(&other, &signed.refresh_token, origin()).await.unwrap();
        assert_eq!(drawn.session, signed.session);
        assert_eq!(answer(&other, &drawn.access_token).await, "ok");
        assert_eq!(house.answer_to(&drawn.access_token).await, "ok", "one not yet started anew");
        let signed = house.refresh(&drawn.refresh_token).await.unwrap();
        assert_eq!(house.answer_to(&signed.access_token).await, "ok");
    }
}

on_both! {
    async fn nothing_of_them_is_left_behind(db: Database) {
        let house = House::open_with(&db, session_only).await;
        let kept = async || house.raw("access_tokens").await;
        let tokens = ann(&house).await;
        house.later(minutes(15));
        session::sweep(&house.identity, days(7)).await.unwrap();
        assert_eq!(house.answer_to(&tokens.access_token).await, "token_expired", "still known");
        house.later(days(8));
        session::sweep(&house.identity, days(7)).await.unwrap();
        assert_eq!(kept().await, "[]");

        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();
        assert_ne!(kept().await, "[]");
        let (asking, id) = (Caller::operator(), tokens.user);
        let erase = move |tx: &store::Tx| user::erase(tx, &asking, id);
        house.store.write(&base::Actor::operator(), house.clock.now(), erase).await.unwrap();
        assert_eq!(kept().await, "[]");

        let acme = house.tenant("Acme").await.id;
        house.user("bob@acme.com", Role::Viewer, Reach::Tenant(acme)).await;
        house.login("bob@acme.com", PASSWORD).await.unwrap();
        house.in_tenants(move |tx| tenant::delete(tx, acme, None)).await.unwrap();
        house.in_tenants(move |tx| tenant::erase(tx, acme)).await.unwrap();
        assert_eq!(kept().await, "[]");
    }
}

on_both! {
    async fn no_key_that_signs_is_needed_by_such_a_session(db: Database) {
        let house = House::open_with(&db, session_only).await;
        ann(&house).await;
        let now = house.clock.now();
        let keys = house.store.read(move |db| identity::key_ring::list(db, now)).await.unwrap();
        assert_eq!(keys.iter().map(|it| it.sessions).sum::<u64>(), 0);
    }
}
