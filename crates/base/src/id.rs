//! Ids are types: a wrong one does not compile, and its prefix is seen at once in a log.
//!
//! Ids are UUIDs of version 7 (RFC 9562), so that they sort by the time they were made. Ids of the
//! house carry a prefix (`usr_…`). Ids that applications publish are bare UUIDs, because that is
//! what the applications' own contracts promise.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind} id: expected {expected}")]
pub struct InvalidId {
    /// What was given, cut to 64 characters.
    pub text: String,
    /// The kind, with its article: `a job`.
    pub kind: &'static str,
    /// What one looks like.
    pub expected: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id. The one place where ids are drawn; tests may pass [`Self::from_uuid`].
            #[expect(clippy::disallowed_methods, reason = "this is the place that may")]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id with this value.
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value without its prefix.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                if $prefix.is_empty() { self.0.fmt(f) } else { self.0.as_simple().fmt(f) }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = text.strip_prefix($prefix).filter(|it| !it.is_empty());
                match digits.and_then(|it| Uuid::try_parse(it).ok()) {
                    Some(value) => Ok(Self(value)),
                    None => Err(InvalidId {
                        text: text.chars().take(64).collect(),
                        kind: $kind,
                        expected: format!("{}{}", $prefix, if $prefix.is_empty() { "a UUID" } else { "…" }),
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
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

ids! {
    /// A tenant: a client, an organisation, a workspace; the noun is the application's.
    TenantId = "", "a tenant";
    /// A record of a collection.
    RecordId = "", "a record";
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
