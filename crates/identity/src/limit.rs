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

/// The most addresses and accounts remembered. An attacker with more of them than this pushes out
/// the oldest, which were about to be forgotten anyway.
const TRIED_MAX: usize = 20_000;

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
    tried: Mutex<HashMap<String, Tries>>,
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

    /// Counts one try, or says how long to wait. A refused try is not counted, so that waiting helps.
    pub(crate) fn admit(&self, keys: &Keys, now: Timestamp) -> Result<(), Limited> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() + keys.0.len() > TRIED_MAX {
            make_room(&mut tried, now);
        }
        for key in keys.iter() {
            let tries = tried.entry(key.to_owned()).or_default();
            if let Some(retry_after) = tries.wait(self.per_minute, now) {
                let is_news = !tries.refused_at.is_some_and(|it| is_recent(it, now));
                if is_news {
                    tries.refused_at = Some(now);
                }
                return Err(Limited { retry_after, is_news });
            }
        }
        for key in keys.iter() {
            tried.entry(key.to_owned()).or_default().at.push(now);
        }
        Ok(())
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

fn make_room(tried: &mut HashMap<String, Tries>, now: Timestamp) {
    tried.retain(|_, tries| tries.at.iter().any(|it| is_recent(*it, now)));
    while tried.len() + 2 > TRIED_MAX {
        let oldest = tried.iter().min_by_key(|(_, tries)| tries.at.last().copied());
        let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
        tried.remove(&key);
    }
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

    #[test]
    fn what_is_remembered_is_bounded() {
        let limit = SignInLimit::new(5);
        for account in 0..TRIED_MAX + 100 {
            let _ = limit.admit(&Keys::of(None, &account.to_string()), at(0));
        }
        assert!(limit.tried.lock().unwrap().len() <= TRIED_MAX);
    }
}
