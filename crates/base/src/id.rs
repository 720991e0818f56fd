//! Ids are types: a wrong one does not compile, and its prefix is seen at once in a log.
//!
//! Ids are UUIDs of version 7 (RFC 9562), so that they sort by the time they were made. Ids of the
//! house carry a prefix (`usr_…`). Ids that applications publish are bare UUIDs, because that is
//! what the applications' own contracts promise; a record's may stand for a number ([`RecordId`]).

mod record;

use std::str::FromStr;

use uuid::Uuid;

pub use record::RecordId;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind} id: expected {expected}")]
pub struct InvalidId {
    /// What was given, cut to 64 characters.
    pub text: String,
    /// The kind, with its article: `a job`.
    pub kind: &'static str,
    /// What one looks like.
    pub expected: &'static str,
}

impl InvalidId {
    fn new(text: &str, kind: &'static str, expected: &'static str) -> Self {
        Self { text: text.chars().take(64).collect(), kind, expected }
    }
}

/// What every id has: a value, and one way in which it is written.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident = $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A fresh id. The one place where ids are drawn; tests may pass [`Self::from_uuid`].
            #[expect(clippy::disallowed_methods, reason = "this is the place that may")]
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7())
            }

            /// The id with this value.
            pub const fn from_uuid(value: uuid::Uuid) -> Self {
                Self(value)
            }

            /// The value without its prefix.
            pub const fn uuid(self) -> uuid::Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($prefix)?;
                if $prefix.is_empty() { self.0.fmt(f) } else { self.0.as_simple().fmt(f) }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

/// Ids that are read as they are written, and in no other way.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $kind:literal;)*) => {$(
        id! {
            $(#[$doc])*
            $name = $prefix
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = text.strip_prefix($prefix).filter(|it| !it.is_empty());
                let value = digits.and_then(|it| Uuid::try_parse(it).ok());
                let expected = if $prefix.is_empty() { "a UUID" } else { concat!($prefix, "…") };
                value.map(Self).ok_or_else(|| InvalidId::new(text, $kind, expected))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                if $prefix.is_empty() {
                    schemars::json_schema!({"type": "string", "format": "uuid"})
                } else {
                    schemars::json_schema!({"type": "string", "pattern": concat!("^", $prefix)})
                }
            }
        }
    )*};
}

use id;

ids! {
    /// A tenant: a client, an organisation, a workspace; the noun is the application's.
    TenantId = "", "a tenant";
    /// A snapshot of a versioned record.
    VersionId = "", "a version";
    /// A proposed change (a recommendation).
    ProposalId = "", "a proposal";
    /// A job.
    JobId = "", "a job";
    /// A registered webhook.
    WebhookId = "", "a webhook";
    /// One attempt series to deliver one event to one webhook.
    DeliveryId = "", "a delivery";
    /// One copy of a blob's bytes, where they lie outside of the database.
    BlobObjectId = "", "an object";
    /// A document that was put in to be asked about.
    DocumentId = "", "a document";
    /// A piece of a document's text.
    ChunkId = "", "a chunk";
    /// A chat with an assistant.
    ChatId = "", "a chat";
    /// A message of a chat.
    MessageId = "", "a message";
    /// An answer in the making.
    RunId = "", "a run";
    /// Old records, packed and put away.
    ArchiveId = "", "an archive";
    /// One attempt to use a model, in the usage ledger.
    UsageId = "use_", "a usage";
    /// A person who signs in.
    UserId = "usr_", "a user";
    /// A signed-in session.
    SessionId = "ses_", "a session";
    /// An application key (`ck_live_…` is its secret; this is its id).
    AppKeyId = "key_", "a key";
    /// One request, when the caller gave it no id of its own.
    RequestId = "req_", "a request";
}

impl TenantId {
    /// The tenant of an application that has only one, and the owner of what belongs to no tenant.
    pub const DEFAULT: Self = Self(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_one_kind_is_not_read_as_another() {
        let user = UserId::generate();
        assert_eq!(user.to_string().parse::<UserId>(), Ok(user));
        assert!(user.to_string().parse::<SessionId>().is_err());
        assert!(user.to_string().parse::<RecordId>().is_err());
    }

    #[test]
    fn a_published_id_is_a_bare_uuid() {
        let record = RecordId::generate();
        assert_eq!(record.to_string().len(), 36);
        assert_eq!(serde_json::to_value(record).ok(), Some(record.to_string().into()));
    }

    #[test]
    fn a_refused_id_says_what_one_looks_like() {
        let refused = "banana".parse::<JobId>().map_err(|it| it.to_string());
        assert_eq!(refused, Err("`banana` is not a job id: expected a UUID".to_owned()));
    }
}
