//! Tokens against forged requests.

use base::{Actor, Role, SessionId};
use identity::{
    csrf::{self, CsrfError, Proof},
    key_ring,
    sign_in::{self, RefreshError},
};
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD, minutes, neighbour, origin, secret};

on_both! {
    async fn a_token_is_known_in_every_process_and_says_its_session_and_its_age(db: Database) {
        let house = House::open(&db).await;
        let session = SessionId::generate();
        let token = csrf::issue(&house.identity, session, minutes(60)).await.unwrap();
        let other = neighbour(&house.store, &house.clock, |_| ()).await;
        let read = csrf::read(&other, &token).await.unwrap();
        assert_eq!(read, Proof { session, is_expired: false });
        house.later(minutes(60));
        let read = csrf::read(&house.identity, &token).await.unwrap();
        assert_eq!(read, Proof { session, is_expired: true });
    }
}

on_both! {
    async fn a_token_outlives_a_rotation_of_the_keys(db: Database) {
        let house = House::open(&db).await;
        let session = SessionId::generate();
        let token = csrf::issue(&house.identity, session, minutes(60)).await.unwrap();
        key_ring::rotate(&house.identity, &Actor::operator()).await.unwrap();
        assert_eq!(csrf::read(&house.identity, &token).await.unwrap().session, session);
    }
}

on_both! {
    async fn no_other_token_is_one_and_it_is_no_other(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();
        let token = csrf::issue(&house.identity, tokens.session, minutes(60)).await.unwrap();
        assert_eq!(house.answer_to(&token).await, "token_invalid");
        let elsewhere = neighbour(&house.store, &house.clock, |it| it.issuer = "other".into()).await;
        let of_elsewhere = csrf::issue(&elsewhere, tokens.session, minutes(60)).await.unwrap();
        let changed = format!("{}A", token.reveal());
        for forged in [tokens.access_token, tokens.refresh_token, of_elsewhere, secret(&changed), secret("a.b.c"), secret("")] {
            let read = csrf::read(&house.identity, &forged).await;
            assert!(matches!(read, Err(CsrfError::Invalid)), "{read:?}");
        }
    }
}

on_both! {
    async fn a_refresh_token_of_another_session_is_refused_and_still_good(db: Database) {
        let house = House::open(&db).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        let tokens = house.login("ann@example.com", PASSWORD).await.unwrap();
        let token = &tokens.refresh_token;
        let other = SessionId::generate();
        let refused = sign_in::refresh_in(&house.identity, other, token, origin()).await;
        assert!(matches!(refused, Err(RefreshError::Invalid)), "{refused:?}");
        let renewed = sign_in::refresh_in(&house.identity, tokens.session, token, origin()).await;
        assert_eq!(renewed.unwrap().session, tokens.session);
    }
}
