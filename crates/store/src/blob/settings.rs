//! What an operator may choose about blobs: the typed form of `config/blobs.yaml`.

use std::{fmt, path::PathBuf, str::FromStr};

use base::Secret;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{FromValue, Value};

/// Where the bytes of blobs lie.
///
/// Both places beside the database may be set up at the same time: new bytes go to `place`, and what
/// lies elsewhere is read there until it is moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where new bytes are put.
    pub place: Place,
    /// The folder, relative to the data folder: `blobs` when left out. All servers of one database
    /// need the same one.
    pub directory: Option<PathBuf>,
    /// The bucket.
    pub s3: Option<S3>,
}

/// A place for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the rows: one thing to copy, and nothing that could be out of step with it.
    #[default]
    Database,
    /// In files of a folder.
    Directory,
    /// In a bucket of S3, or of whatever speaks like it.
    S3,
}

/// A bucket of S3.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct S3 {
    /// The address of the service; Amazon's own, by the region, when left out.
    pub endpoint: Option<String>,
    /// The bucket. It must exist.
    pub bucket: String,
    /// The region.
    pub region: String,
    /// What the names of all objects begin with: `mainstay`.
    pub prefix: String,
    /// The bucket is in the path of an address and not in its host: so it is with an `endpoint`, and
    /// not with Amazon, when left out.
    pub path_style: Option<bool>,
    /// The longest time for one object.
    pub timeout: SignedDuration,
    /// Who we are there. Only the environment says it.
    #[serde(skip)]
    pub keys: Option<Keys>,
    /// The environment has keys, and they are not for this address: a change of the document named it.
    #[serde(skip)]
    pub is_elsewhere: bool,
}

/// Who we are in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The id of the key.
    pub id: Secret<String>,
    /// The key.
    pub secret: Secret<String>,
    /// What goes with a key that was lent for some time.
    pub token: Option<Secret<String>>,
}

/// What the environment says about blobs.
#[derive(Debug, Clone, Default)]
pub struct EnvValues {
    /// `BLOB_PLACE`.
    pub place: Option<String>,
    /// `BLOB_DIRECTORY`.
    pub directory: Option<String>,
    /// `S3_ENDPOINT`.
    pub endpoint: Option<String>,
    /// `S3_BUCKET`.
    pub bucket: Option<String>,
    /// `S3_REGION`.
    pub region: Option<String>,
    /// `S3_PREFIX`.
    pub prefix: Option<String>,
    /// `S3_PATH_STYLE`.
    pub path_style: Option<bool>,
    /// `AWS_ACCESS_KEY_ID`.
    pub key_id: Option<Secret<String>>,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub key_secret: Option<Secret<String>>,
    /// `AWS_SESSION_TOKEN`.
    pub token: Option<Secret<String>>,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: None,
            bucket: String::new(),
            region: "us-east-1".into(),
            prefix: String::new(),
            path_style: None,
            timeout: SignedDuration::from_secs(30),
            keys: None,
            is_elsewhere: false,
        }
    }
}

impl S3 {
    /// Why it has no keys though the environment has some, as the rest of a sentence that begins with the endpoint.
    pub fn held_back(&self) -> Option<&'static str> {
        self.is_elsewhere.then_some(
            "is one that a change of config/blobs.yaml named, and the keys of the environment are not sent there; \
             have the operator name it in the file or in S3_ENDPOINT, or go back to a file with \
             `mainstay config revert blobs --to 0`",
        )
    }
}

impl Settings {
    /// Lets the environment win over the file.
    ///
    /// # Errors
    /// What cannot be meant, in words for people.
    pub fn take(&mut self, env: EnvValues) -> Result<(), String> {
        if let Some(place) = env.place {
            self.place = place.trim().parse().map_err(|why| format!("BLOB_PLACE: {why}"))?;
        }
        if let Some(directory) = env.directory {
            self.directory = Some(directory.into());
        }
        let named = [&env.endpoint, &env.bucket, &env.region, &env.prefix];
        if named.iter().any(|it| it.is_some()) || env.path_style.is_some() {
            self.s3.get_or_insert_default();
        }
        let Some(s3) = &mut self.s3 else { return Ok(()) };
        s3.endpoint = env.endpoint.or(s3.endpoint.take());
        s3.path_style = env.path_style.or(s3.path_style);
        for (given, kept) in [
            (env.bucket, &mut s3.bucket),
            (env.region, &mut s3.region),
            (env.prefix, &mut s3.prefix),
        ] {
            if let Some(given) = given {
                *kept = given;
            }
        }
        if let (Some(id), Some(secret)) = (env.key_id, env.key_secret) {
            s3.keys = Some(Keys { id, secret, token: env.token });
        }
        Ok(())
    }

    /// The same for settings that were changed while the application ran, where `file` is what the operator wrote:
    /// the keys of the environment go only to the service that the file or the environment names; to Amazon's own
    /// when neither names any.
    ///
    /// # Errors
    /// What cannot be meant, in words for people.
    pub fn take_over(&mut self, env: EnvValues, mut file: Self) -> Result<(), String> {
        file.take(env.clone())?;
        self.take(env)?;
        let operators = file.s3.as_ref().and_then(|it| it.endpoint.as_deref());
        let Some(s3) = &mut self.s3 else { return Ok(()) };
        if s3.keys.is_some() && s3.endpoint.as_deref().map(server) != operators.map(server) {
            s3.keys = None;
            s3.is_elsewhere = true;
        }
        Ok(())
    }

    /// What cannot work in them; empty when all can.
    pub fn check(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut expect = |is_so: bool, what: &str| {
            if !is_so {
                found.push(what.to_owned());
            }
        };
        expect(
            self.place != Place::S3 || self.s3.is_some(),
            "s3: nothing says which bucket; set S3_BUCKET, or `s3` in config/blobs.yaml",
        );
        if let Some(s3) = &self.s3 {
            let is_address = |it: &str| {
                let host = it.strip_prefix("https://").or(it.strip_prefix("http://"));
                host.is_some_and(|it| !it.is_empty() && !it.contains(['@', '?', '#']))
            };
            expect(!s3.bucket.trim().is_empty(), "s3.bucket: nothing says which bucket");
            // They become a part of the host that is asked.
            let is_plain = |it: &str, also: &[char]| {
                it.chars().all(|it| it.is_ascii_alphanumeric() || also.contains(&it))
            };
            expect(
                is_plain(s3.bucket.trim(), &['-', '_', '.']),
                "s3.bucket: must be of letters, digits, `.`, `-` and `_`",
            );
            expect(!s3.region.trim().is_empty(), "s3.region: must not be empty");
            expect(
                is_plain(s3.region.trim(), &['-', '_']),
                "s3.region: must be of letters, digits and `-`",
            );
            expect(s3.timeout > SignedDuration::ZERO, "s3.timeout: must be more than 0");
            expect(
                s3.endpoint.as_deref().is_none_or(is_address),
                "s3.endpoint: must be an address like https://host:port, without names and keys",
            );
            if let Some(why) = s3.held_back() {
                expect(false, &format!("s3.endpoint: {why}"));
            }
            expect(
                s3.keys.is_some() || s3.is_elsewhere,
                "s3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
            );
        }
        found
    }
}

/// The server that an address names, in its own spelling: whatever is written otherwise is another one.
fn server(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let host = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{host}").to_ascii_lowercase()
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Database, Self::Directory, Self::S3];

    /// The name used in settings, in rows and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Directory => "directory",
            Self::S3 => "s3",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        let all = Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("`{text}` is no place for blobs; one of {all}"))
    }
}

impl FromValue for Place {
    fn from_value(value: &Value) -> Result<Self, String> {
        String::from_value(value)?.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Option<Secret<String>> {
        Some(Secret::new(text.to_owned()))
    }

    #[test]
    fn what_nobody_says_lies_in_the_database() {
        let mut settings = Settings::default();
        settings.take(EnvValues { key_id: secret("AKIA"), ..EnvValues::default() }).unwrap();
        assert_eq!((settings.place, settings.s3.is_none()), (Place::Database, true));
        assert_eq!(settings.check(), Vec::<String>::new());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let s3 = S3 { bucket: "a".into(), prefix: "p".into(), ..S3::default() };
        let mut settings = Settings { s3: Some(s3), ..Settings::default() };
        let env = EnvValues {
            place: Some("s3".into()),
            bucket: Some("b".into()),
            key_id: secret("AKIA"),
            key_secret: secret("very-secret"),
            ..EnvValues::default()
        };
        settings.take(env).unwrap();
        let s3 = settings.s3.clone().unwrap();
        assert_eq!((settings.place, s3.bucket.as_str(), s3.prefix.as_str()), (Place::S3, "b", "p"));
        assert_eq!(settings.check(), Vec::<String>::new());
        assert!(!format!("{settings:?}").contains("very-secret"), "a key is never shown");
    }

    #[test]
    fn a_bucket_without_a_name_or_keys_is_refused() {
        let mut settings = Settings { place: Place::S3, ..Settings::default() };
        assert_eq!(settings.check().len(), 1);
        settings.s3 = Some(S3 { endpoint: Some("https://me:pw@host".into()), ..S3::default() });
        let found = settings.check();
        let of = |what: &str| found.iter().any(|it| it.starts_with(what));
        assert!(of("s3.bucket") && of("s3.endpoint") && of("s3: set AWS_"), "{found:?}");
    }

    /// Do the keys of the environment go along when the file names one endpoint and a change of it another?
    #[track_caller]
    fn check(file: Option<&str>, changed: Option<&str>, env: Option<&str>, expected: bool) {
        let with = |endpoint: Option<&str>| {
            let endpoint = endpoint.map(str::to_owned);
            let s3 = S3 { bucket: "b".into(), endpoint, ..S3::default() };
            Settings { place: Place::S3, s3: Some(s3), ..Settings::default() }
        };
        let env = EnvValues {
            endpoint: env.map(str::to_owned),
            key_id: secret("AKIA"),
            key_secret: secret("very-secret"),
            token: secret("session"),
            ..EnvValues::default()
        };
        let mut settings = with(changed);
        settings.take_over(env, with(file)).unwrap();
        let found = settings.check();
        assert_eq!(settings.s3.unwrap().keys.is_some(), expected, "{file:?} {changed:?}");
        assert_eq!(found.is_empty(), expected, "{found:?}");
        assert!(expected || found[0].contains("S3_ENDPOINT"), "{found:?}");
    }

    #[test]
    fn keys_of_the_environment_go_to_no_endpoint_that_a_change_named() {
        let (house, evil) = (Some("https://s3.house:9000"), Some("https://evil.example"));
        check(None, None, None, true);
        check(house, Some("https://S3.house:9000/"), None, true);
        check(None, evil, house, true);
        check(None, evil, None, false);
        check(house, evil, None, false);
        check(house, Some("http://s3.house:9000"), None, false);
        check(house, Some("https://s3.house:9001"), None, false);
        check(house, Some("https://s3.house:9000\\.evil.example"), None, false);
        // Whose keys are not Amazon's.
        check(house, None, None, false);
    }

    #[test]
    fn neither_bucket_nor_region_leads_to_another_host() {
        for (bucket, region, fault) in [
            ("evil.example/", "us-east-1", "s3.bucket"),
            ("evil.example#", "us-east-1", "s3.bucket"),
            ("b", "evil.example/", "s3.region"),
            ("b", "x.evil.example:443", "s3.region"),
        ] {
            let keys = Keys { id: secret("a").unwrap(), secret: secret("b").unwrap(), token: None };
            let s3 = S3 { bucket: bucket.into(), region: region.into(), ..S3::default() };
            let s3 = Some(S3 { keys: Some(keys), ..s3 });
            let found = Settings { s3, ..Settings::default() }.check();
            assert!(found.len() == 1 && found[0].starts_with(fault), "{found:?}");
        }
    }

    #[test]
    fn a_place_that_is_not_known_is_named_with_those_that_are() {
        let env = EnvValues { place: Some("tape".into()), ..EnvValues::default() };
        let refused = Settings::default().take(env).unwrap_err();
        assert!(refused.contains("database, directory, s3"), "{refused}");
    }
}
