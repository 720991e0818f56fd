//! A record as it is handed out: its data stays the text that the database keeps.
//!
//! Reading one record is what callers do most. Making values of its data only to write them out
//! again would be most of that work.

use std::borrow::Cow;

use base::RecordId;
use identity::Reach;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value as Json, json, value::RawValue};
use store::{Db, Row};

use super::{GET, Kept, Lock, Record, RecordError, lock_view, version_view, visible};

/// A record that is only looked at.
#[derive(Debug, Clone)]
pub struct Sight {
    record: Record<Box<RawValue>>,
    lock: Option<Lock>,
}

/// The names of what a record shows, in their order.
pub const PARTS: [&str; 15] = [
    "id",
    "number",
    "tenant",
    "collection",
    "parent",
    "version",
    "lineage",
    "data",
    "revision",
    "active_version",
    "lock",
    "created_at",
    "updated_at",
    "deleted_at",
    "created_by",
];

/// The record with this id, living, to be looked at. With `collection`, only if it is of that one.
///
/// # Errors
/// As [`super::get`].
pub fn see(
    db: &Db,
    reach: Reach,
    id: RecordId,
    collection: Option<&str>,
) -> Result<Sight, RecordError> {
    let row = db.first(GET, &store::params![id])?;
    let record: Record<Box<RawValue>> = visible(row, reach, id, collection)?;
    match record.deleted_at {
        None => Ok(Sight { record, lock: None }),
        Some(_) => Err(RecordError::Deleted { id, collection: record.collection }),
    }
}

impl Sight {
    /// The same with the job that works on it.
    #[must_use]
    pub fn locked(mut self, lock: Option<Lock>) -> Self {
        self.lock = lock;
        self
    }

    /// The record, with its data as text.
    pub fn record(&self) -> &Record<Box<RawValue>> {
        &self.record
    }

    /// Which state of it this is: its revision, and the job that works on it.
    pub fn tag(&self) -> String {
        match &self.lock {
            Some(lock) => format!("{}-{}", self.record.revision, lock.job),
            None => self.record.revision.to_string(),
        }
    }

    /// The data, as it is kept.
    pub fn data(&self) -> &RawValue {
        &self.record.data
    }

    /// The fields of the data, each as it is kept.
    pub fn fields(&self) -> Vec<(Cow<'_, str>, &RawValue)> {
        // It was read as an object, so it is one.
        serde_json::from_str::<Fields<'_>>(self.data().get()).map_or_else(|_| Vec::new(), |it| it.0)
    }

    /// What it shows under one of the other names of [`PARTS`]; none for a name that it does not have.
    pub fn part(&self, name: &str) -> Option<Json> {
        let record = &self.record;
        Some(match name {
            "id" => json!(record.id),
            "number" => json!(record.id.number()),
            "tenant" => json!(record.tenant),
            "collection" => json!(record.collection),
            "parent" => json!(record.parent),
            "version" => json!(record.version),
            "lineage" => json!(record.lineage),
            "data" => serde_json::from_str(self.data().get()).unwrap_or_default(),
            "revision" => json!(record.revision),
            "active_version" => version_view(record.active_version.as_ref()),
            "lock" => lock_view(self.lock.as_ref()),
            "created_at" => json!(record.created_at),
            "updated_at" => json!(record.updated_at),
            "deleted_at" => json!(record.deleted_at),
            "created_by" => json!(record.created_by),
            _ => return None,
        })
    }
}

impl Kept for Box<RawValue> {
    fn read(row: &Row, column: &str) -> Result<Self, store::Error> {
        let fault =
            |what: &str| store::Error::Column { column: column.to_owned(), what: what.to_owned() };
        let data =
            RawValue::from_string(row.get(column)?).map_err(|_| fault("the text is not JSON"))?;
        match data.get().starts_with('{') {
            true => Ok(data),
            false => Err(fault("expected a JSON object, found another kind")),
        }
    }
}

/// The fields of an object, not looked into.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The name of a field: borrowed, unless it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
