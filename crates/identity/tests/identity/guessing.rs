//! Passwords: what they must be like, and what becomes of who guesses at them.

use std::{net::IpAddr, time::Duration};

use base::{Role, UserId};
use identity::{
    Caller,
    password::Unacceptable,
    session,
    settings::{Burst, Lockout, PasswordRules, Settings},
    sign_in::{self, LoginError, Origin},
    user::{self, Change, UserError},
};
use testkit::{Database, on_both};

use crate::house::{HERE, House, PASSWORD, days, minutes, neighbour, new_user, secret};

const LAST: u32 = 3;

fn with_lockout(settings: &mut Settings) {
    settings.lockout = Some(Lockout { attempts: 5, lasts: minutes(15) });
}

fn strict(settings: &mut Settings) {
    settings.password_rules = PasswordRules {
        chars_min: 8,
        chars_max: 128,
        upper: true,
        lower: true,
        digit: true,
        special: true,
        refuse_common: true,
        last: LAST,
    };
}

fn from(last: u8) -> Origin {
    Origin { address: Some(IpAddr::from([10, 0, 0, last])), ..Origin::default() }
}

/// How somebody is answered who signs in from there: how long to wait, or nothing.
async fn told(house: &House, from: Origin, password: &str) -> Result<&'static str, Duration> {
    match sign_in::login(&house.identity, "ann@example.com", secret(password), from).await {
        Ok(_) => Ok("in"),
        Err(LoginError::WrongCredentials) => Ok("wrong"),
        Err(LoginError::TooManyAttempts { retry_after }) => Err(retry_after),
        Err(error) => panic!("{error}"),
    }
}

async fn set_password(house: &House, id: UserId, password: &str) -> Result<(), UserError> {
    let change = Change { password: Some(secret(password)), ..Change::default() };
    user::update(&house.identity, &Caller::operator(), id, change, None).await.map(drop)
}

on_both! {
    async fn after_five_wrong_passwords_in_a_row_an_account_is_locked_for_a_quarter_of_an_hour(db: Database) {
        let house = House::open_with(&db, with_lockout).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        for place in 1..=5 {
            assert_eq!(told(&house, from(place), "a guess").await, Ok("wrong"));
            house.later(minutes(2));
        }
        // Two minutes have passed since the last of them; the right password is told the same.
        for place in [6, 1] {
            assert_eq!(told(&house, from(place), PASSWORD).await, Err(Duration::from_secs(13 * 60)));
        }
        let locked = house.actions().await.iter().filter(|it| *it == "account_locked").count();
        assert_eq!(locked, 1);
        // Another process knows of it.
        let other = neighbour(&house.store, &house.clock, with_lockout).await;
        let answer = sign_in::login(&other, "ann@example.com", secret(PASSWORD), from(9)).await;
        assert!(matches!(answer, Err(LoginError::TooManyAttempts { .. })), "{answer:?}");

        house.later(minutes(13));
        assert_eq!(told(&house, from(1), "a guess").await, Ok("wrong"), "counting begins anew");
        assert_eq!(told(&house, from(1), PASSWORD).await, Ok("in"));
        house.later(days(2));
        session::sweep(&house.identity, days(1)).await.unwrap();
        assert_eq!(house.raw("sign_in_locks").await, "[]");
        assert_eq!(house.raw("sign_in_failures").await, "[]");
    }
}

on_both! {
    async fn a_right_password_in_between_begins_the_count_anew(db: Database) {
        let house = House::open_with(&db, with_lockout).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        for _ in 0..3 {
            for _ in 0..4 {
                assert_eq!(told(&house, from(1), "a guess").await, Ok("wrong"));
            }
            assert_eq!(told(&house, from(1), PASSWORD).await, Ok("in"));
        }
    }
}

on_both! {
    async fn an_account_that_does_not_exist_is_locked_just_the_same(db: Database) {
        let house = House::open_with(&db, with_lockout).await;
        for _ in 0..5 {
            assert_eq!(told(&house, from(1), "a guess").await, Ok("wrong"));
        }
        assert_eq!(told(&house, from(1), "a guess").await, Err(Duration::from_secs(15 * 60)));
    }
}

on_both! {
    async fn an_administrator_lets_a_locked_account_in_with_another_password(db: Database) {
        let house = House::open_with(&db, with_lockout).await;
        let ann = house.user("ann@example.com", Role::Editor, HERE).await.id;
        for _ in 0..5 {
            assert_eq!(told(&house, from(1), "a guess").await, Ok("wrong"));
        }
        assert!(told(&house, from(1), PASSWORD).await.is_err());
        set_password(&house, ann, "something new").await.unwrap();
        assert_eq!(told(&house, from(1), "something new").await, Ok("in"));
    }
}

on_both! {
    async fn a_burst_of_guesses_from_one_place_waits_and_others_do_not(db: Database) {
        let burst = |it: &mut Settings| it.burst = Some(Burst { attempts: 3, within: minutes(5) });
        let house = House::open_with(&db, burst).await;
        house.user("ann@example.com", Role::Editor, HERE).await;
        for _ in 0..3 {
            assert_eq!(told(&house, from(1), "a guess").await, Ok("wrong"));
            house.later(minutes(1));
        }
        assert_eq!(told(&house, from(1), PASSWORD).await, Err(Duration::from_secs(2 * 60)));
        assert_eq!(told(&house, from(2), PASSWORD).await, Ok("in"));
        house.later(minutes(2));
        assert_eq!(told(&house, from(1), PASSWORD).await, Ok("in"));
    }
}

on_both! {
    async fn every_new_password_keeps_the_rules(db: Database) {
        let house = House::open_with(&db, strict).await;
        let refused = user::create(&house.identity, &Caller::operator(), new_user("ann@example.com", Role::Viewer, HERE)).await;
        assert!(matches!(refused, Err(UserError::Unacceptable(Unacceptable::Lacks(_)))), "{refused:?}");
        let good = user::NewPassword::Plain(secret("Kestrel over 9 fens"));
        let new = user::New { password: good, ..new_user("ann@example.com", Role::Viewer, HERE) };
        let ann = user::create(&house.identity, &Caller::operator(), new).await.unwrap().id;
        let common = set_password(&house, ann, "Summer2024!").await;
        assert!(matches!(common, Err(UserError::Unacceptable(Unacceptable::Common))), "{common:?}");

        // The one that is made up for the first administrator keeps them as well.
        let generated = identity::password::generate(&house.identity.settings().password_rules);
        set_password(&house, ann, generated.reveal()).await.unwrap();
    }
}

on_both! {
    async fn none_of_the_last_few_passwords_is_taken_again(db: Database) {
        let house = House::open_with(&db, strict).await;
        let new = |number: u32| format!("Kestrel over {number} fens");
        let first = user::NewPassword::Plain(secret(&new(0)));
        let made = user::New { password: first, ..new_user("ann@example.com", Role::Viewer, HERE) };
        user::create(&house.identity, &Caller::operator(), made).await.unwrap();
        let signed_in = house.login("ann@example.com", &new(0)).await.unwrap();
        let caller = house.caller(&signed_in.access_token).await.unwrap();
        let change = async |from: u32, to: u32| {
            house.later(minutes(1));
            user::change_password(&house.identity, &caller, secret(&new(from)), secret(&new(to))).await
        };
        let refused = async |from: u32, to: u32| {
            let answer = change(from, to).await;
            matches!(answer, Err(UserError::Unacceptable(Unacceptable::UsedBefore { last: LAST })))
        };
        assert!(refused(0, 0).await, "the present one");
        change(0, 1).await.unwrap();
        change(1, 2).await.unwrap();
        for number in 0..=2 {
            assert!(refused(2, number).await, "{number} is one of the last three");
        }
        change(2, 3).await.unwrap();
        change(3, 0).await.unwrap();
        let kept = house.raw("former_passwords").await;
        assert_eq!(kept.matches("argon2id").count(), 2, "{kept}");
        assert!(!kept.contains("Kestrel"), "{kept}");
    }
}

on_both! {
    async fn nobody_learns_which_passwords_another_had(db: Database) {
        let house = House::open_with(&db, strict).await;
        let new = |number: u32| format!("Kestrel over {number} fens");
        let first = user::NewPassword::Plain(secret(&new(0)));
        let made = user::New { password: first, ..new_user("ann@example.com", Role::Viewer, HERE) };
        let ann = user::create(&house.identity, &Caller::operator(), made).await.unwrap().id;
        for (number, which) in [(0, "the present one"), (1, "another"), (0, "a former one")] {
            house.later(minutes(1));
            let answer = set_password(&house, ann, &new(number)).await;
            assert!(answer.is_ok(), "{which} is taken like any other: {answer:?}");
        }
        // What they had is kept all the same, for the day when they choose one themselves.
        let kept = house.raw("former_passwords").await;
        assert_eq!(kept.matches("argon2id").count(), 2, "{kept}");
        assert!(!kept.contains("Kestrel"), "{kept}");
    }
}
