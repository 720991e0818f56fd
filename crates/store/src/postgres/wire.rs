//! Values on their way to PostgreSQL and back.

use std::{error::Error as StdError, sync::Arc};

use bytes::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};

use crate::{Error, Row, Value};

/// Microseconds between 1970, where we count from, and 2000, where PostgreSQL does.
const EPOCH: i64 = 946_684_800_000_000;

/// A value as text, of a type that the server finds out from the statement.
#[derive(Debug)]
pub(super) struct Param<'a>(&'a Value);

pub(super) fn param(value: &Value) -> (Param<'_>, Type) {
    (Param(value), Type::UNKNOWN)
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Real(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Blob(bytes) => {
                out.extend_from_slice(b"\\x");
                out.extend_from_slice(hex::encode(bytes).as_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// The rows of an answer.
pub(super) fn rows(rows: &[tokio_postgres::Row]) -> Result<Vec<Row>, Error> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let columns: Arc<[Box<str>]> = first.columns().iter().map(|it| Box::from(it.name())).collect();
    let read = |row: &tokio_postgres::Row| {
        let mut values = Vec::with_capacity(columns.len());
        for (at, column) in row.columns().iter().enumerate() {
            let value = row.try_get::<_, Received>(at).map_err(|it| {
                let why = StdError::source(&it).map_or_else(|| it.to_string(), ToString::to_string);
                Error::column(column.name(), why)
            })?;
            values.push(value.0);
        }
        Ok(Row::new(columns.clone(), values))
    };
    rows.iter().map(read).collect()
}

struct Received(Value);

impl<'a> FromSql<'a> for Received {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        let text = |raw| {
            <&str as FromSql>::from_sql(&Type::TEXT, raw).map(|it| Value::Text(it.to_owned()))
        };
        let value = match *kind {
            Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Int(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(kind, raw)?.into()),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                text(raw)?
            }
            // The first byte is the version of the format.
            Type::JSONB => text(raw.get(1..).unwrap_or_default())?,
            Type::BYTEA => Value::Blob(raw.to_vec()),
            Type::UUID => match <[u8; 16]>::try_from(raw) {
                Ok(bytes) => Value::Text(uuid::Uuid::from_bytes(bytes).to_string()),
                Err(_) => return Err("a UUID of another length than 16 bytes".into()),
            },
            Type::TIMESTAMPTZ => Value::Int(i64::from_sql(&Type::INT8, raw)?.saturating_add(EPOCH)),
            Type::VOID => Value::Null,
            Type::NUMERIC => {
                return Err("the type is numeric; write CAST(… AS BIGINT) around it".into());
            }
            _ => return Err(format!("the type is {kind}; cast it to a simpler one").into()),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
