//! How long sign-ins last, what keys look like, and what a password costs to check.

use base::Secret;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::google;

/// Sign-in, sessions and application keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
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
    /// What checking a password costs.
    pub password: PasswordCost,
    /// Signing in with Google; off when left out.
    pub google: google::Settings,
    /// The first signing key of access tokens, from the environment. Without it one is drawn and
    /// kept in the database.
    #[serde(skip)]
    pub jwt_secret: Option<Secret<String>>,
}

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
            access_ttl: SignedDuration::from_mins(15),
            refresh_ttl: SignedDuration::from_hours(30 * 24),
            session_max: SignedDuration::from_hours(30 * 24),
            sign_ins_per_minute: 5,
            key_prefix: "ck".into(),
            issuer: "mainstay".into(),
            password: PasswordCost::default(),
            google: google::Settings::default(),
            jwt_secret: None,
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
            password: PasswordCost { memory_kib: 1, ..PasswordCost::default() },
            jwt_secret: Some(Secret::new(String::new())),
            ..Settings::default()
        };
        let fields: Vec<_> = settings.check().iter().map(|it| it.field).collect();
        assert_eq!(
            fields,
            ["access_ttl", "sign_ins_per_minute", "key_prefix", "password", "JWT_SECRET_KEY"]
        );
    }

    #[test]
    fn the_signing_secret_cannot_come_from_a_file() {
        let read = serde_json::from_str::<Settings>(r#"{"jwt_secret": "a"}"#);
        assert!(read.unwrap_err().to_string().contains("unknown field"));
    }
}
