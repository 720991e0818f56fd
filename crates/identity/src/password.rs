//! Passwords: what is accepted, how they are kept, how they are checked.
//!
//! New ones are kept as argon2id. Hashes of bcrypt, which older stores bring along, are checked as
//! they are and replaced at the next sign-in. Hashing is bounded: a flood of sign-ins waits for its
//! turn instead of taking every core and all memory.
//!
//! What a new one must be like is decided in [`rules`], and that it is none of the last few in `former`.
//!
//! Start at [`check`] and at [`generate`].

pub(crate) mod former;
pub mod rules;

use std::{sync::Arc, time::Duration};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use base::Secret;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

pub use rules::check;

use crate::{
    settings::{PasswordCost, PasswordRules},
    token,
};

/// The fewest characters that a password may have, whatever the rules.
pub const LENGTH_MIN: usize = 8;
/// The most characters that a password may have, whatever the rules.
pub const LENGTH_MAX: usize = 256;

/// How long a sign-in waits for its turn to be hashed.
const WAIT: Duration = Duration::from_secs(5);

/// A bcrypt hash dearer than this is not taken over: checking it would hold a core for minutes.
const BCRYPT_ROUNDS_MAX: u32 = 15;
/// The same for argon2id: memory and passes.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;

/// A password that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// Too few characters.
    #[error("a password needs at least {least} characters")]
    TooShort {
        /// How many it needs.
        least: usize,
    },
    /// Too many characters.
    #[error("the password is too long: it may have at most {most} characters")]
    TooLong {
        /// How many it may have.
        most: usize,
    },
    /// Letters or signs that it must have are not in it.
    #[error("a password needs {}", .0.join(", "))]
    Lacks(Vec<&'static str>),
    /// Everybody knows it.
    #[error("this password is one of those that are tried first; choose another")]
    Common,
    /// They had it not long ago.
    #[error("this password is one of your last {last}; choose another")]
    UsedBefore {
        /// How many must be different.
        last: u32,
    },
    /// Given as a hash, of a kind that is not known, or too costly.
    #[error("the password hash is neither argon2id nor bcrypt, or is too costly to check")]
    UnknownHash,
}

/// May this be kept as the hash of somebody's password?
pub fn check_hash(hash: &str) -> Result<(), Unacceptable> {
    let is_known = if is_bcrypt(hash) {
        hash.get(4..6)
            .and_then(|it| it.parse::<u32>().ok())
            .is_some_and(|it| it <= BCRYPT_ROUNDS_MAX)
            && hash.len() == 60
            && hash.is_ascii()
    } else {
        PasswordHash::new(hash).is_ok_and(|it| {
            let is_bearable =
                |it: Params| it.m_cost() <= MEMORY_KIB_MAX && it.t_cost() <= PASSES_MAX;
            it.algorithm == Algorithm::Argon2id.ident()
                && Params::try_from(&it).is_ok_and(is_bearable)
        })
    };
    if is_known { Ok(()) } else { Err(Unacceptable::UnknownHash) }
}

/// A password for somebody who has none yet, as the rules want it: at least 20 letters and digits, about 113 bits.
pub fn generate(rules: &PasswordRules) -> Secret<String> {
    let length = rules.chars_min.max(20);
    loop {
        let mut drawn: String = (0..length.div_ceil(20)).map(|_| draw_letters()).collect();
        drawn.truncate(length);
        if rules.special {
            // It is for the rules, and makes nothing harder to guess.
            drawn.replace_range(10..11, "-");
        }
        let drawn = Secret::new(drawn);
        // About one in thirty has no digit.
        if check(rules, &drawn).is_ok() {
            return drawn;
        }
    }
}

fn draw_letters() -> String {
    let text = token::base62(&token::draw());
    text[text.len() - 20..].to_owned()
}

/// Too many are signing in at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at this moment; try again in {} s", .retry_after.as_secs())]
pub struct Busy {
    /// When to try again.
    pub retry_after: Duration,
}

/// What a check of a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but kept in a way that should be replaced.
    RightButOutdated,
}

/// Hashes passwords, a few at a time, away from the threads that serve requests.
pub(crate) struct Hasher {
    cost: PasswordCost,
    places: Arc<Semaphore>,
    wait: Duration,
}

impl Hasher {
    pub(crate) fn new(cost: PasswordCost) -> Self {
        Self { cost, places: Arc::new(Semaphore::new(cost.at_once)), wait: WAIT }
    }

    pub(crate) async fn hash(&self, password: Secret<String>) -> Result<String, Busy> {
        let cost = self.cost;
        self.run(move || hash(password.reveal(), cost)).await
    }

    /// Checks a password against what is kept, or against nothing: that is as much work as a
    /// check against something, so that the time does not tell whether the account exists.
    pub(crate) async fn verify(
        &self,
        password: Secret<String>,
        kept: Option<String>,
    ) -> Result<Verdict, Busy> {
        let cost = self.cost;
        self.run(move || match kept {
            Some(kept) => verify(password.reveal(), &kept, cost),
            None => {
                let _ = verify(password.reveal(), &nobody(cost), cost);
                Verdict::Wrong
            }
        })
        .await
    }

    /// A hash that no password has, for those who come in without one.
    pub(crate) fn nobody(&self) -> String {
        nobody(self.cost)
    }

    async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let busy = Busy { retry_after: self.wait };
        let place =
            timeout(self.wait, self.places.clone().acquire_owned()).await.map_err(|_| busy)?;
        // The place goes with the work: a caller who stops waiting does not free it early.
        let work = spawn_blocking(move || {
            let _place = place;
            f()
        });
        work.await.map_err(|_| busy)
    }
}

/// Does argon2id allow these costs?
pub(crate) fn is_possible(cost: PasswordCost) -> bool {
    params(cost).is_some()
}

fn params(cost: PasswordCost) -> Option<Params> {
    Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(Params::DEFAULT_OUTPUT_LEN)).ok()
}

fn argon2(cost: PasswordCost) -> Argon2<'static> {
    let params = params(cost).expect("the settings were checked when the room was opened");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str, cost: PasswordCost) -> String {
    let salt = &token::draw()[..16];
    argon2(cost)
        .hash_password_with_salt(password.as_bytes(), salt)
        .expect("a password of checked length and a salt of 16 bytes can be hashed")
        .to_string()
}

fn verify(password: &str, kept: &str, cost: PasswordCost) -> Verdict {
    if is_bcrypt(kept) {
        // Older stores hashed the first 72 bytes and ignored the rest; so does this.
        let is_right = bcrypt::verify(password, kept).unwrap_or(false);
        return if is_right { Verdict::RightButOutdated } else { Verdict::Wrong };
    }
    let Ok(kept) = PasswordHash::new(kept) else { return Verdict::Wrong };
    if argon2(cost).verify_password(password.as_bytes(), &kept).is_err() {
        return Verdict::Wrong;
    }
    let is_current = kept.algorithm == Algorithm::Argon2id.ident()
        && Params::try_from(&kept).is_ok_and(|it| {
            (it.m_cost(), it.t_cost(), it.p_cost()) == (cost.memory_kib, cost.passes, cost.lanes)
        });
    if is_current { Verdict::Right } else { Verdict::RightButOutdated }
}

/// A hash that no password has, at the usual cost.
fn nobody(cost: PasswordCost) -> String {
    let PasswordCost { memory_kib, passes, lanes, .. } = cost;
    let (salt, output) = ("A".repeat(22), "A".repeat(43));
    format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}")
}

fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|it| hash.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1, at_once: 2 };
    const DEARER: PasswordCost = PasswordCost { memory_kib: 128, ..CHEAP };

    #[test]
    fn a_generated_password_is_accepted_and_never_the_same() {
        let strict = PasswordRules {
            chars_min: 24,
            upper: true,
            lower: true,
            digit: true,
            special: true,
            refuse_common: true,
            ..PasswordRules::default()
        };
        for rules in [PasswordRules::default(), strict] {
            for _ in 0..50 {
                assert_eq!(check(&rules, &generate(&rules)), Ok(()));
            }
            assert_ne!(generate(&rules), generate(&rules));
        }
    }

    #[test]
    fn the_default_cost_is_what_owasp_recommends() {
        let kept = hash("correct horse", PasswordCost::default());
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    }

    #[test]
    fn only_the_right_password_is_right() {
        let kept = hash("correct horse", CHEAP);
        assert_eq!(verify("correct horse", &kept, CHEAP), Verdict::Right);
        assert_eq!(verify("Correct horse", &kept, CHEAP), Verdict::Wrong);
        assert_eq!(verify("correct horse", "nonsense", CHEAP), Verdict::Wrong);
        assert_ne!(kept, hash("correct horse", CHEAP), "each hash has its own salt");
    }

    #[test]
    fn a_hash_of_another_cost_is_right_but_outdated() {
        let kept = hash("correct horse", CHEAP);
        assert_eq!(verify("correct horse", &kept, DEARER), Verdict::RightButOutdated);
    }

    #[test]
    fn the_hash_of_nobody_is_a_real_one_of_the_usual_cost() {
        let kept = nobody(PasswordCost::default());
        let parsed = PasswordHash::new(&kept).unwrap();
        assert_eq!(Params::try_from(&parsed).unwrap().m_cost(), 19 * 1024);
        assert_eq!(verify("", &kept, PasswordCost::default()), Verdict::Wrong);
    }

    #[test]
    fn a_hash_is_taken_over_unless_it_is_absurdly_dear() {
        let kept = bcrypt::hash("correct horse", 4).unwrap();
        assert_eq!(check_hash(&kept), Ok(()));
        assert_eq!(verify("correct horse", &kept, CHEAP), Verdict::RightButOutdated);
        assert_eq!(verify("wrong horse", &kept, CHEAP), Verdict::Wrong);
        assert_eq!(check_hash(&kept.replacen("$04$", "$31$", 1)), Err(Unacceptable::UnknownHash));
        assert_eq!(check_hash("plain"), Err(Unacceptable::UnknownHash));
        let kept = hash("correct horse", CHEAP);
        assert_eq!(check_hash(&kept), Ok(()));
        let dear = kept.replacen("m=64,", "m=4000000,", 1);
        assert_eq!(check_hash(&dear), Err(Unacceptable::UnknownHash));
    }

    #[tokio::test]
    async fn who_waits_too_long_for_a_place_is_told_to_come_back() {
        let wait = Duration::from_millis(20);
        let hasher = Hasher { wait, ..Hasher::new(CHEAP) };
        let _places = hasher.places.clone().acquire_many_owned(2).await.unwrap();
        let answer = hasher.hash(Secret::new("correct horse".into())).await;
        assert_eq!(answer, Err(Busy { retry_after: wait }));
    }
}
