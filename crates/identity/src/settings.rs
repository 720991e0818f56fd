//! How long sign-ins last, what keys look like, and what a password costs to check.

use base::{Permission, Role, Secret};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    caller::Reach,
    google,
    password::{LENGTH_MAX, LENGTH_MIN},
};

/// Sign-in, sessions and application keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What access tokens are: `jwt_session` signs them, `session_only` draws them. Either way each request looks the
    /// session up.
    pub mode: Mode,
    /// How long an access token is good for.
    pub access_ttl: SignedDuration,
    /// How long a refresh token is good for, counted from its last renewal.
    pub refresh_ttl: SignedDuration,
    /// How long a session can be renewed at all, counted from the sign-in.
    pub session_max: SignedDuration,
    /// How often somebody may try to sign in within a minute, for each address and each account.
    pub sign_ins_per_minute: u32,
    /// What application keys begin with: `ck` makes `ck_live_…` and `ck_test_…`.
    pub key_prefix: String,
    /// The issuer named in access tokens.
    pub issuer: String,
    /// How many sessions of one user there may be at once: the oldest ends when another begins. As many as there are
    /// when left out.
    pub sessions_max: Option<u32>,
    /// How old the key may get that signs access tokens, before another one signs: 90 days. What it signed stays valid,
    /// nobody is signed out. With `null` it is changed by hand alone.
    pub signing_key_max_age: Option<SignedDuration>,
    /// That browsers keep a session in a cookie, which no script reads. The server sets and reads it. When left out,
    /// tokens are in answers alone.
    pub cookie: Option<Cookie>,
    /// What checking a password costs.
    pub password: PasswordCost,
    /// What a new password must be like. Passwords that people have stay as they are.
    pub password_rules: PasswordRules,
    /// When an account is locked because its password is guessed at; never when left out.
    pub lockout: Option<Lockout>,
    /// When somebody who guesses at an account has to wait, before it is locked for everybody; never when left out.
    pub burst: Option<Burst>,
    /// Signing in with Google; off when left out.
    pub google: google::Settings,
    /// The first signing key of access tokens, from the environment. Without it one is drawn and
    /// kept in the database.
    #[serde(skip)]
    pub jwt_secret: Option<Secret<String>>,
    /// By what people are known when they sign in: the application says so.
    #[serde(skip)]
    pub sign_in: SignInBy,
    /// What the application's own roles take away.
    #[serde(skip)]
    pub lesser: Vec<Lesser>,
}

/// What access tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Signed (JWT): they say whose they are and until when.
    #[default]
    JwtSession,
    /// Drawn: they say nothing, and whoever holds the signing key can make none.
    SessionOnly,
}

/// By what people are known when they sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignInBy {
    /// Their e-mail address; names to sign in by there are none.
    #[default]
    Email,
    /// A name; an e-mail address serves too for who has one.
    Username,
}

/// What the holders of a role may not do here, though the role grants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesser {
    /// The role.
    pub role: Role,
    /// Whether it is for those who reach all tenants, or for those who reach one.
    pub reaches_all: bool,
    /// What is taken away.
    pub without: Vec<Permission>,
}

/// A session in a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cookie {
    /// Whether it stays away from whatever another site began, be it a link to here that somebody follows
    /// (`SameSite=Strict`); with false it comes along with such links (`SameSite=Lax`).
    pub strict: bool,
    /// Whether it goes over HTTPS alone. False is for a server that browsers reach without it, at another name than
    /// `localhost`.
    pub secure: bool,
}

/// What a new password must be like.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordRules {
    /// The fewest characters.
    pub chars_min: usize,
    /// The most characters.
    pub chars_max: usize,
    /// Whether it needs an upper-case letter.
    pub upper: bool,
    /// Whether it needs a lower-case letter.
    pub lower: bool,
    /// Whether it needs a digit.
    pub digit: bool,
    /// Whether it needs a character that is neither letter nor digit.
    pub special: bool,
    /// Whether those are refused that are tried first: `Password1!`, `Summer2024!`, `12345678`.
    pub refuse_common: bool,
    /// It must be none of the last so many, the present one among them; 0 compares with none.
    pub last: u32,
}

/// An account is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lockout {
    /// After so many sign-ins in a row that were refused, from wherever they came, none longer ago than `for`.
    pub attempts: u32,
    /// For so long; an administrator ends it earlier with another password, or by enabling the user.
    #[serde(rename = "for")]
    pub lasts: SignedDuration,
}

/// Somebody who guesses has to wait: one network address at one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// No more refused sign-ins than these.
    pub attempts: u32,
    /// Within so long.
    pub within: SignedDuration,
}

/// The longest time for which guesses count: nobody shall be locked out for good, or before time began.
const GUESSES_COUNT_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What hashing a password with argon2id costs. The defaults are those that OWASP recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordCost {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes that could be computed side by side.
    pub lanes: u32,
    /// How many passwords are hashed at the same time; the rest wait.
    pub at_once: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            access_ttl: SignedDuration::from_mins(15),
            refresh_ttl: SignedDuration::from_hours(30 * 24),
            session_max: SignedDuration::from_hours(30 * 24),
            sign_ins_per_minute: 5,
            key_prefix: "ck".into(),
            issuer: "mainstay".into(),
            sessions_max: None,
            signing_key_max_age: Some(SignedDuration::from_hours(90 * 24)),
            cookie: None,
            password: PasswordCost::default(),
            password_rules: PasswordRules::default(),
            lockout: None,
            burst: None,
            google: google::Settings::default(),
            jwt_secret: None,
            sign_in: SignInBy::default(),
            lesser: Vec::new(),
        }
    }
}

impl Default for Cookie {
    fn default() -> Self {
        Self { strict: true, secure: true }
    }
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self {
            chars_min: LENGTH_MIN,
            chars_max: LENGTH_MAX,
            upper: false,
            lower: false,
            digit: false,
            special: false,
            refuse_common: false,
            last: 0,
        }
    }
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1, at_once: 2 }
    }
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {fault}")]
pub struct InvalidSetting {
    /// The setting, by its path.
    pub field: &'static str,
    /// What is wrong with it, and what would be right.
    pub fault: String,
}

impl Settings {
    /// The settings of a document that was changed while the application ran, where `file` is what the operator wrote
    /// and `client_ids` what the environment says of Google's: whose word lets people in stays the operator's to say.
    #[must_use]
    pub fn changed(changed: Self, mut file: Self, client_ids: Option<Vec<String>>) -> Self {
        let mut settings = changed;
        if let Some(given) = client_ids {
            // The environment wins over both.
            settings.google.client_ids.clone_from(&given);
            file.google.client_ids = given;
        }
        settings.google.keep_to(file.google);
        settings
    }

    /// What somebody who stands there may not do, though their role grants it.
    pub fn without(&self, role: Role, reach: Reach) -> &[Permission] {
        let reaches_all = reach == Reach::All;
        let found = self.lesser.iter().find(|it| it.role == role && it.reaches_all == reaches_all);
        found.map(|it| it.without.as_slice()).unwrap_or_default()
    }

    /// For how long refused sign-ins count for anything, with this shortest time.
    pub(crate) fn failures_count_for(&self, least: SignedDuration) -> SignedDuration {
        let lockout = self.lockout.map_or(least, |it| it.lasts);
        let burst = self.burst.map_or(least, |it| it.within);
        least.max(lockout).max(burst)
    }

    /// Everything that is wrong with these settings.
    pub fn check(&self) -> Vec<InvalidSetting> {
        let mut found = Vec::new();
        let mut report = |field, is_right: bool, fault: &str| {
            if !is_right {
                found.push(InvalidSetting { field, fault: fault.to_owned() });
            }
        };
        let second = SignedDuration::from_secs(1);
        report("access_ttl", self.access_ttl >= second, "must be at least one second");
        report(
            "refresh_ttl",
            self.refresh_ttl >= self.access_ttl,
            "must be at least as long as `access_ttl`",
        );
        report(
            "session_max",
            self.session_max >= self.access_ttl,
            "must be at least as long as `access_ttl`",
        );
        report("sign_ins_per_minute", self.sign_ins_per_minute > 0, "must be at least 1");
        let prefix = self.key_prefix.as_bytes();
        report(
            "key_prefix",
            prefix.first().is_some_and(u8::is_ascii_lowercase)
                && prefix.len() <= 16
                && prefix.iter().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit()),
            "must be 1 to 16 lower-case letters and digits, beginning with a letter",
        );
        report("sessions_max", self.sessions_max != Some(0), "must be at least 1");
        report(
            "signing_key_max_age",
            self.signing_key_max_age.is_none_or(|it| it >= self.access_ttl.max(second)),
            "must be at least as long as `access_ttl`",
        );
        let rules = &self.password_rules;
        report(
            "password_rules.chars_min",
            (LENGTH_MIN..=rules.chars_max).contains(&rules.chars_min),
            "must be at least 8, and at most `chars_max`",
        );
        report(
            "password_rules.chars_max",
            (64..=LENGTH_MAX).contains(&rules.chars_max),
            "must be 64 to 256: whoever takes a sentence shall be able to",
        );
        report("password_rules.last", rules.last <= 24, "must be at most 24");
        let lockout = self.lockout.as_ref();
        report("lockout.attempts", lockout.is_none_or(|it| it.attempts > 0), "must be at least 1");
        report(
            "lockout.for",
            lockout.is_none_or(|it| (second..=GUESSES_COUNT_MAX).contains(&it.lasts)),
            "must be at least one second, and at most 30 days",
        );
        let burst = self.burst.as_ref();
        report("burst.attempts", burst.is_none_or(|it| it.attempts > 0), "must be at least 1");
        report(
            "burst.within",
            burst.is_none_or(|it| (second..=GUESSES_COUNT_MAX).contains(&it.within)),
            "must be at least one second, and at most 30 days",
        );
        report("issuer", !self.issuer.is_empty(), "must not be empty");
        report("password.at_once", self.password.at_once > 0, "must be at least 1");
        report(
            "password",
            crate::password::is_possible(self.password),
            "must be costs that argon2id allows: at least 1 pass, 1 lane and 8 KiB for each lane",
        );
        report(
            "JWT_SECRET_KEY",
            self.jwt_secret.as_ref().is_none_or(|it| !it.reveal().is_empty()),
            "must not be empty; leave it out to have a key drawn",
        );
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_order() {
        assert_eq!(Settings::default().check(), []);
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let settings = Settings {
            access_ttl: SignedDuration::ZERO,
            key_prefix: "C K".into(),
            sign_ins_per_minute: 0,
            sessions_max: Some(0),
            signing_key_max_age: Some(SignedDuration::ZERO),
            password: PasswordCost { memory_kib: 1, ..PasswordCost::default() },
            password_rules: PasswordRules { chars_min: 4, ..PasswordRules::default() },
            lockout: Some(Lockout { attempts: 0, lasts: SignedDuration::from_mins(15) }),
            burst: Some(Burst { attempts: 3, within: SignedDuration::ZERO }),
            jwt_secret: Some(Secret::new(String::new())),
            ..Settings::default()
        };
        let fields: Vec<_> = settings.check().iter().map(|it| it.field).collect();
        assert_eq!(
            fields,
            [
                "access_ttl",
                "sign_ins_per_minute",
                "key_prefix",
                "sessions_max",
                "signing_key_max_age",
                "password_rules.chars_min",
                "lockout.attempts",
                "burst.within",
                "password",
                "JWT_SECRET_KEY"
            ]
        );
    }

    #[test]
    fn nobody_is_locked_out_for_longer_than_a_month() {
        let long = SignedDuration::from_secs(i64::MAX);
        let settings = Settings {
            lockout: Some(Lockout { attempts: 5, lasts: long }),
            burst: Some(Burst { attempts: 3, within: long }),
            ..Settings::default()
        };
        let fields: Vec<_> = settings.check().iter().map(|it| it.field).collect();
        assert_eq!(fields, ["lockout.for", "burst.within"]);
    }

    #[test]
    fn the_signing_secret_cannot_come_from_a_file() {
        let read = serde_json::from_str::<Settings>(r#"{"jwt_secret": "a"}"#);
        assert!(read.unwrap_err().to_string().contains("unknown field"));
    }
}
