//! How often may somebody try to sign in?
//!
//! So many times in any minute from one network address, and so many times to one account, right
//! or wrong. The counts live in the process: a restart forgets them, and each replica has its own.
//! What was refused is counted in the database too: [`crate::refusal`].

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base::Timestamp;
use jiff::SignedDuration;

pub(crate) const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// The most addresses and accounts remembered. An attacker with more of them than this pushes out those that were
/// tried the least; what is refused stays, so that no flood of made-up names frees a single one.
const TRIED_MAX: usize = 20_000;

/// So many are left when room is made: whoever makes it does so for some thousands who come after.
const TRIED_LEFT: usize = TRIED_MAX / 4 * 3;

/// What a try counts against: its account, and the network it comes from. In their order.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Vec<String>);

/// What guesses at one account are counted by, beside [`Keys`]: the account, and who guesses.
#[derive(Debug, Clone)]
pub(crate) struct Guessed {
    /// The account, by whatever name it was asked for.
    pub(crate) account: String,
    /// The account from this network.
    pub(crate) from: String,
}

impl Guessed {
    /// A name and an address are counted apart, also those of one account: else a lock of the one would tell who has
    /// the other.
    pub(crate) fn of(address: Option<IpAddr>, asked: &str) -> Self {
        let from = address.map_or_else(|| "unknown".to_owned(), network);
        Self {
            account: format!("guessed {}", crate::token::digest(asked)),
            from: format!("guessed from {}", crate::token::digest(&format!("{from} {asked}"))),
        }
    }
}

/// Come back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limited {
    /// How long to wait.
    pub(crate) retry_after: Duration,
    /// Nobody was told so in the last minute: worth an audit row, where the next thousand are not.
    pub(crate) is_news: bool,
}

/// Who tried to sign in during the last minute.
pub(crate) struct SignInLimit {
    per_minute: usize,
    tried: Mutex<Tried>,
}

/// Who tried, by address and account.
#[derive(Debug, Default)]
struct Tried {
    of: HashMap<String, Tries>,
    /// When somebody was refused because there was no room to count them.
    full_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Tries {
    at: Vec<Timestamp>,
    refused_at: Option<Timestamp>,
}

impl Keys {
    pub(crate) fn of(address: Option<IpAddr>, account: &str) -> Self {
        let mut keys = vec![format!("account {}", crate::token::digest(account))];
        keys.extend(address.map(|it| format!("address {}", network(it))));
        Self(keys)
    }

    /// Where it is not known yet which account is tried.
    pub(crate) fn of_address(address: Option<IpAddr>) -> Self {
        Self(address.map(|it| format!("address {}", network(it))).into_iter().collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl SignInLimit {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute as usize, tried: Mutex::default() }
    }

    /// Counts one try, or says how long to wait. A refused try is not counted, so that waiting helps, and leaves
    /// nothing to be remembered. Where all that is remembered is refused, whoever else comes waits too.
    pub(crate) fn admit(&self, keys: &Keys, now: Timestamp) -> Result<(), Limited> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys.iter() {
            let Some(tries) = tried.of.get_mut(key) else { continue };
            if let Some(retry_after) = tries.wait(self.per_minute, now) {
                let is_news = is_news(&mut tries.refused_at, now);
                return Err(Limited { retry_after, is_news });
            }
        }
        let unseen = keys.iter().filter(|it| !tried.of.contains_key(*it)).count();
        if tried.of.len() + unseen > TRIED_MAX {
            tried.make_room(keys, self.per_minute, now);
            if tried.of.len() + unseen > TRIED_MAX {
                let is_news = is_news(&mut tried.full_at, now);
                return Err(Limited { retry_after: tried.wait(self.per_minute, now), is_news });
            }
        }
        for key in keys.iter() {
            tried.of.entry(key.to_owned()).or_default().at.push(now);
        }
        Ok(())
    }
}

impl Tried {
    /// Forgets what counts no more; and when that is little, those that were tried the least, and of these the
    /// longest ago. Never what is refused, nor what is about to be counted.
    fn make_room(&mut self, keys: &Keys, limit: usize, now: Timestamp) {
        self.of.retain(|_, tries| tries.at.iter().any(|it| is_recent(*it, now)));
        let Some(over) = self.of.len().checked_sub(TRIED_LEFT) else { return };
        let mut spare = Vec::new();
        for (key, tries) in &mut self.of {
            if tries.wait(limit, now).is_none() && !keys.0.contains(key) {
                spare.push((tries.at.len(), tries.at.last().copied(), key.clone()));
            }
        }
        spare.sort_unstable();
        for (_, _, key) in spare.into_iter().take(over) {
            self.of.remove(&key);
        }
    }

    /// How long until the first of those that are refused is not any more.
    fn wait(&mut self, limit: usize, now: Timestamp) -> Duration {
        let waits = self.of.values_mut().filter_map(|it| it.wait(limit, now));
        waits.min().unwrap_or(WINDOW.unsigned_abs())
    }
}

impl Tries {
    /// How long until one more try fits into the window; none when it fits now.
    fn wait(&mut self, limit: usize, now: Timestamp) -> Option<Duration> {
        self.at.retain(|it| is_recent(*it, now));
        let oldest = match self.at.len().checked_sub(limit) {
            None => return None,
            // A limit of zero lets nobody in; there is no try to wait for.
            Some(over) => self.at.get(over).copied().unwrap_or(now),
        };
        Some((WINDOW - now.duration_since(oldest)).unsigned_abs())
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) < WINDOW
}

/// Was nobody told so in the last minute? Then they are told now.
fn is_news(told_at: &mut Option<Timestamp>, now: Timestamp) -> bool {
    let is_news = !told_at.is_some_and(|it| is_recent(it, now));
    if is_news {
        *told_at = Some(now);
    }
    is_news
}

/// What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber owns.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        base::clock::from_micros(seconds * 1_000_000)
    }

    fn from(text: &str, account: &str) -> Keys {
        Keys::of(Some(text.parse().unwrap()), account)
    }

    #[test]
    fn the_sixth_try_waits_until_the_first_is_a_minute_old() {
        let limit = SignInLimit::new(5);
        for second in 0..5 {
            assert_eq!(limit.admit(&from("10.0.0.1", &format!("{second}@x")), at(second)), Ok(()));
        }
        let refused = limit.admit(&from("10.0.0.1", "6@x"), at(10)).unwrap_err();
        assert_eq!(refused, Limited { retry_after: Duration::from_secs(50), is_news: true });
        assert!(!limit.admit(&from("10.0.0.1", "6@x"), at(11)).unwrap_err().is_news);
        assert_eq!(limit.admit(&from("10.0.0.2", "6@x"), at(11)), Ok(()), "another address may");
        assert_eq!(limit.admit(&from("10.0.0.1", "6@x"), at(60)), Ok(()));
        assert!(limit.admit(&from("10.0.0.1", "6@x"), at(60)).is_err(), "only one place was free");
    }

    #[test]
    fn an_account_is_limited_over_all_addresses() {
        let limit = SignInLimit::new(5);
        for host in 1..=5 {
            assert_eq!(limit.admit(&from(&format!("10.0.0.{host}"), "a@x"), at(0)), Ok(()));
        }
        assert!(limit.admit(&from("10.0.0.6", "a@x"), at(0)).is_err());
        assert_eq!(limit.admit(&from("10.0.0.6", "b@x"), at(0)), Ok(()));
    }

    #[test]
    fn the_addresses_of_one_ipv6_subscriber_count_as_one() {
        let limit = SignInLimit::new(1);
        assert_eq!(limit.admit(&from("2001:db8::1", "a@x"), at(0)), Ok(()));
        assert!(limit.admit(&from("2001:db8::2", "b@x"), at(0)).is_err());
        assert_eq!(limit.admit(&from("2001:db8:0:1::2", "b@x"), at(0)), Ok(()));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1");
    }

    fn remembered(limit: &SignInLimit) -> usize {
        limit.tried.lock().unwrap().of.len()
    }

    /// More names than are remembered, each tried once.
    fn flood(limit: &SignInLimit, second: i64) {
        for name in 0..TRIED_MAX + TRIED_MAX / 2 {
            let _ = limit.admit(&Keys::of(None, &format!("made up {name}")), at(second));
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let limit = SignInLimit::new(5);
        flood(&limit, 0);
        assert!(remembered(&limit) <= TRIED_MAX);
        // A minute later all of them count no more, and make room.
        assert_eq!(limit.admit(&from("10.0.0.1", "a@x"), at(61)), Ok(()));
    }

    #[test]
    fn a_flood_of_made_up_names_frees_nobody() {
        let limit = SignInLimit::new(5);
        let guess = |second| limit.admit(&from("10.0.0.1", "ann@x"), at(second));
        for second in 0..4 {
            assert_eq!(guess(second), Ok(()));
        }
        flood(&limit, 5);
        assert_eq!(guess(6), Ok(()), "the fifth");
        assert!(guess(7).is_err());
        flood(&limit, 8);
        assert!(guess(9).is_err());
        assert!(guess(59).is_err());
        assert_eq!(guess(60), Ok(()), "waiting helps");
    }

    #[test]
    fn where_all_that_is_remembered_is_refused_others_wait_too() {
        let limit = SignInLimit::new(1);
        for name in 0..TRIED_MAX {
            assert_eq!(limit.admit(&Keys::of(None, &name.to_string()), at(0)), Ok(()));
        }
        let new = || Keys::of(None, "ann@x");
        let waits = Limited { retry_after: Duration::from_secs(50), is_news: true };
        assert_eq!(limit.admit(&new(), at(10)), Err(waits));
        assert!(!limit.admit(&new(), at(11)).unwrap_err().is_news);
        assert!(limit.admit(&Keys::of(None, "0"), at(12)).is_err(), "nobody was let go for them");
        assert_eq!(remembered(&limit), TRIED_MAX);
        assert_eq!(limit.admit(&new(), at(60)), Ok(()));
    }

    #[test]
    fn a_refused_try_leaves_nothing_to_remember() {
        let limit = SignInLimit::new(1);
        assert_eq!(limit.admit(&from("10.0.0.1", "a@x"), at(0)), Ok(()));
        for name in 0..100 {
            assert!(limit.admit(&from("10.0.0.1", &format!("{name}@x")), at(1)).is_err());
        }
        assert_eq!(remembered(&limit), 2);
    }
}
