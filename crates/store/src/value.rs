//! What goes into a statement and comes out of a row, in the five kinds both databases share.

use std::borrow::Cow;

use base::{MicroUsd, Timestamp};

/// One value of a parameter or of a column.
///
/// Booleans are 0 and 1, times are microseconds since 1970 in UTC, ids and JSON are text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// Text, without NUL characters.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// What kind it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Int(_) => "a whole number",
            Self::Real(_) => "a number with a fraction",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }

    /// May it be stored? PostgreSQL has no text with NUL in it, so SQLite is not given any either:
    /// a database must be able to move from one to the other.
    /// For the same reason a number must be finite: SQLite turns what is not into NULL.
    pub(crate) fn check(values: &[Self]) -> Result<(), crate::Error> {
        for (at, value) in values.iter().enumerate() {
            let fault = match value {
                Self::Text(text) if text.as_bytes().contains(&0) => {
                    "is text with a NUL character, which cannot be stored; strip it, or store bytes"
                }
                Self::Real(number) if !number.is_finite() => {
                    "is not a finite number, which cannot be stored"
                }
                _ => continue,
            };
            let what = format!("parameter ${} {fault}", at + 1);
            return Err(crate::Error::Constraint { what });
        }
        Ok(())
    }
}

macro_rules! from_int {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::Int(i64::from(value))
            }
        }
    )*};
}

from_int!(i64, i32, i16, u32, u16, u8, bool);

impl From<u64> for Value {
    /// What is over the largest `i64` becomes the largest `i64`.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::Real(f64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(value: Cow<'_, str>) -> Self {
        Self::Text(value.into_owned())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<&Vec<u8>> for Value {
    fn from(value: &Vec<u8>) -> Self {
        Self::Blob(value.clone())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_microsecond())
    }
}

impl From<MicroUsd> for Value {
    fn from(value: MicroUsd) -> Self {
        Self::Int(value.0)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        Self::Text(value.to_string())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Clone + Into<Value>> From<&Option<T>> for Value {
    fn from(value: &Option<T>) -> Self {
        value.clone().map_or(Self::Null, Into::into)
    }
}

macro_rules! from_id {
    ($($id:ident),*) => {$(
        impl From<base::$id> for Value {
            fn from(id: base::$id) -> Self {
                Self::Text(id.to_string())
            }
        }

        impl From<&base::$id> for Value {
            fn from(id: &base::$id) -> Self {
                Self::Text(id.to_string())
            }
        }
    )*};
}

from_id!(
    TenantId, RecordId, VersionId, ProposalId, JobId, WebhookId, DeliveryId, UserId, SessionId,
    AppKeyId, DocumentId, ChunkId, ChatId, MessageId, RunId, ArchiveId
);
