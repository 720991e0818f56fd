//! One row of an answer: values under the names of their columns.

use std::sync::Arc;

use base::{MicroUsd, Timestamp, clock};

use crate::{Error, Value};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Arc<[Box<str>]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[Box<str>]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of a column as a `T`.
    ///
    /// # Errors
    /// [`Error::Column`] when there is no such column, or it holds something else.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, Error> {
        T::from_value(self.value(column)?).map_err(|what| Error::column(column, what))
    }

    /// The value of a column as it is.
    pub fn value(&self, column: &str) -> Result<&Value, Error> {
        match self.columns.iter().position(|it| **it == *column) {
            Some(at) => Ok(&self.values[at]),
            None => {
                let known = self.columns.join(", ");
                Err(Error::column(column, format!("not in the answer, which has {known}")))
            }
        }
    }

    /// The names of the columns, in the order of the statement.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|it| &**it)
    }
}

/// What a column's value can be read as.
pub trait FromValue: Sized {
    /// Reads a value.
    ///
    /// # Errors
    /// What is wrong with it, as the end of the sentence "column `x`: …". Never the value itself.
    fn from_value(value: &Value) -> Result<Self, String>;
}

fn expected(what: &str, found: &Value) -> String {
    format!("expected {what}, found {}", found.kind())
}

impl FromValue for Value {
    fn from_value(value: &Value) -> Result<Self, String> {
        Ok(value.clone())
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Int(number) => Ok(*number),
            other => Err(expected("a whole number", other)),
        }
    }
}

macro_rules! smaller_int {
    ($($kind:ty),*) => {$(
        impl FromValue for $kind {
            fn from_value(value: &Value) -> Result<Self, String> {
                let number = i64::from_value(value)?;
                Self::try_from(number)
                    .map_err(|_| format!("the number does not fit into {}", stringify!($kind)))
            }
        }
    )*};
}

smaller_int!(i32, i16, u64, u32, u16, u8, usize);

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            Value::Int(_) => Err("expected 0 or 1, found another number".into()),
            other => Err(expected("0 or 1", other)),
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Real(number) => Ok(*number),
            // SQLite hands back a whole number where a column without a type holds one.
            Value::Int(number) => Ok(*number as Self),
            other => Err(expected("a number", other)),
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            other => Err(expected("text", other)),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Blob(bytes) => Ok(bytes.clone()),
            other => Err(expected("bytes", other)),
        }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Result<Self, String> {
        i64::from_value(value).map(clock::from_micros)
    }
}

impl FromValue for MicroUsd {
    fn from_value(value: &Value) -> Result<Self, String> {
        i64::from_value(value).map(Self)
    }
}

impl FromValue for serde_json::Value {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => {
                serde_json::from_str(text).map_err(|it| format!("the text is not JSON: {it}"))
            }
            other => Err(expected("JSON text", other)),
        }
    }
}

macro_rules! id_of_text {
    ($($id:ident),*) => {$(
        impl FromValue for base::$id {
            fn from_value(value: &Value) -> Result<Self, String> {
                match value {
                    Value::Text(text) => text.parse().map_err(|it: base::id::InvalidId| it.to_string()),
                    other => Err(expected("an id", other)),
                }
            }
        }
    )*};
}

id_of_text!(
    TenantId, RecordId, VersionId, ProposalId, JobId, WebhookId, DeliveryId, UserId, SessionId,
    AppKeyId, DocumentId, ChunkId, ChatId, MessageId, RunId, ArchiveId
);
