//! Shapes: the engine's answer under an application's own field names.
//!
//! A shape never copies: it is written straight from the engine's value while that is serialised,
//! and from the text that the database keeps where a record is only passed on.
//! A field reads `name ← path`; `...` spreads an object; `path | shape` gives what lies there
//! (an object, or each entry of a list) another shape; `path | number` gives ids of records that
//! stand for a number as that number. It has to be asked for: what somebody wrote into a field stays a
//! text, whatever it says.

use std::sync::{Arc, OnceLock};

use apps::{
    description::routes::NUMBER,
    record::{PARTS, Sight},
};
use base::RecordId;
use indexmap::IndexMap;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value as Json;

/// The fields of an answer.
#[derive(Debug)]
pub struct Shape {
    /// The fields in order.
    pub fields: Vec<Field>,
}

/// One field of a shape.
#[derive(Debug)]
pub struct Field {
    /// The name in the answer; none spreads an object.
    pub name: Option<String>,
    /// Where the value lies in the engine's answer.
    pub path: Vec<String>,
    /// The name of the shape of what lies there.
    pub inner: Option<String>,
    /// Ids of records are given as their numbers.
    pub is_number: bool,
    /// What it always is, whatever the engine answers: `success: "=true"`.
    pub fixed: Option<Json>,
    inner_shape: OnceLock<Arc<Shape>>,
}

/// The first step of a path that leads to the whole answer.
const WHOLE: &str = "$";

/// What the engine answers about one thing.
#[derive(Debug)]
pub enum Thing {
    /// Values.
    Json(Json),
    /// A record, whose data is still the text that the database keeps.
    Record(Box<Sight>),
}

/// A value in a shape, ready to be serialised.
pub struct Shaped<'a, T = Json> {
    /// The engine's value.
    pub value: &'a T,
    /// The shape; none leaves the value as it is.
    pub shape: Option<&'a Shape>,
}

/// A shape that names another one that is not there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shape `{shape}` gives `{field}` the shape `{missing}`, which is not declared")]
pub struct UnknownShape {
    /// The shape.
    pub shape: String,
    /// Its field.
    pub field: String,
    /// What is missing.
    pub missing: String,
}

/// All shapes of an application, by name.
pub fn all(
    declared: &IndexMap<String, IndexMap<String, String>>,
) -> Result<IndexMap<String, Arc<Shape>>, UnknownShape> {
    let shapes: IndexMap<String, Arc<Shape>> =
        declared.iter().map(|(name, fields)| (name.clone(), Arc::new(Shape::of(fields)))).collect();
    for (name, shape) in &shapes {
        for field in &shape.fields {
            let Some(inner) = &field.inner else { continue };
            let Some(found) = shapes.get(inner) else {
                return Err(UnknownShape {
                    shape: name.clone(),
                    field: field.name.clone().unwrap_or_default(),
                    missing: inner.clone(),
                });
            };
            let _ = field.inner_shape.set(found.clone());
        }
    }
    Ok(shapes)
}

impl Shape {
    fn of(fields: &IndexMap<String, String>) -> Self {
        let fields = fields.iter().map(|(name, source)| {
            if let Some(fixed) = source.trim().strip_prefix('=') {
                // What is no JSON is a text.
                let fixed = serde_json::from_str(fixed).unwrap_or_else(|_| fixed.into());
                return Field {
                    name: Some(name.clone()),
                    path: Vec::new(),
                    inner: None,
                    is_number: false,
                    fixed: Some(fixed),
                    inner_shape: OnceLock::new(),
                };
            }
            let (path, inner) = match source.split_once('|') {
                Some((path, inner)) => (path.trim(), Some(inner.trim().to_owned())),
                None => (source.trim(), None),
            };
            let is_number = inner.as_deref() == Some(NUMBER);
            Field {
                name: (name != "...").then(|| name.clone()),
                path: path.split('.').map(str::to_owned).collect(),
                inner: inner.filter(|_| !is_number),
                is_number,
                fixed: None,
                inner_shape: OnceLock::new(),
            }
        });
        Self { fields: fields.collect() }
    }

    fn names(&self, name: &str) -> bool {
        self.fields.iter().any(|it| it.name.as_deref() == Some(name))
    }
}

impl Field {
    /// What lies at the path: none when its first step does not exist, so that a field that an
    /// answer does not have (a secret that is shown once) is left out; null further on.
    fn find<'a>(&'a self, value: &'a Json) -> Option<&'a Json> {
        if let Some(fixed) = &self.fixed {
            return Some(fixed);
        }
        let (first, _) = self.path.split_first()?;
        if first == WHOLE {
            return Some(self.further(value));
        }
        value.get(first).map(|it| self.further(it))
    }

    /// What lies behind the first step of the path.
    fn further<'a>(&self, value: &'a Json) -> &'a Json {
        let steps = self.path.iter().skip(1);
        steps.fold(value, |here, step| here.get(step).unwrap_or(&Json::Null))
    }

    /// Writes a value, in the shape that this field gives it.
    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        value: &Json,
        shape: &Shape,
    ) -> Result<(), M::Error> {
        match (&self.name, value) {
            (Some(name), value) if self.is_number => map.serialize_entry(name, &Numbered(value)),
            (Some(name), value) => {
                let shape = self.inner_shape.get().map(|it| &**it);
                map.serialize_entry(name, &Shaped { value, shape })
            }
            (None, Json::Object(spread)) => {
                let mut free = spread.iter().filter(|it| !shape.names(it.0));
                free.try_for_each(|(name, value)| map.serialize_entry(name, value))
            }
            (None, _) => Ok(()),
        }
    }
}

/// A value in which the ids of numbered records are written as their numbers.
struct Numbered<'a>(&'a Json);

impl Serialize for Numbered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::String(text) => match number_of(text) {
                Some(number) => serializer.serialize_u64(number),
                None => serializer.serialize_str(text),
            },
            Json::Array(list) => serializer.collect_seq(list.iter().map(Numbered)),
            other => other.serialize(serializer),
        }
    }
}

/// The number of the record whose id a text is, as the house writes it.
fn number_of(text: &str) -> Option<u64> {
    let id: RecordId = text.parse().ok()?;
    id.number().filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)
}

impl Serialize for Shaped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(shape) = self.shape else { return self.value.serialize(serializer) };
        match self.value {
            Json::Array(list) => serializer
                .collect_seq(list.iter().map(|value| Shaped { value, shape: Some(shape) })),
            Json::Object(_) => {
                let mut map = serializer.serialize_map(None)?;
                for field in &shape.fields {
                    if let Some(found) = field.find(self.value) {
                        field.write(&mut map, found, shape)?;
                    }
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

impl Serialize for Shaped<'_, Thing> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.value, self.shape) {
            (Thing::Json(value), shape) => Shaped { value, shape }.serialize(serializer),
            (Thing::Record(record), None) => {
                let mut map = serializer.serialize_map(Some(PARTS.len()))?;
                for name in PARTS {
                    match name {
                        "data" => map.serialize_entry(name, record.data())?,
                        _ => map.serialize_entry(name, &record.part(name))?,
                    }
                }
                map.end()
            }
            (Thing::Record(record), Some(shape)) => {
                let mut map = serializer.serialize_map(None)?;
                for field in &shape.fields {
                    write_of_record(&mut map, field, record, shape)?;
                }
                map.end()
            }
        }
    }
}

/// Writes a field of a record. Its data goes out as the text it is, wherever the shape takes it as
/// it is; what reaches into it, or gives it another shape, makes values of it.
fn write_of_record<M: SerializeMap>(
    map: &mut M,
    field: &Field,
    record: &Sight,
    shape: &Shape,
) -> Result<(), M::Error> {
    if let Some(fixed) = &field.fixed {
        return field.write(map, fixed, shape);
    }
    let is_data = matches!(field.path.as_slice(), [only] if only == "data");
    match &field.name {
        Some(name) if is_data && field.inner.is_none() && !field.is_number => {
            map.serialize_entry(name, record.data())
        }
        None if is_data => {
            let fields = record.fields();
            let mut free = fields.iter().filter(|it| !shape.names(&it.0));
            free.try_for_each(|(name, value)| map.serialize_entry(name, value))
        }
        // The whole of a record is its parts.
        None if field.path.first().is_some_and(|it| it == WHOLE) => {
            for name in PARTS.into_iter().filter(|it| !shape.names(it)) {
                match name {
                    "data" => map.serialize_entry(name, record.data())?,
                    _ => map.serialize_entry(name, &record.part(name))?,
                }
            }
            Ok(())
        }
        _ => match field.path.first().and_then(|it| record.part(it)) {
            Some(found) => field.write(map, field.further(&found), shape),
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shapes(of: Json) -> Result<IndexMap<String, Arc<Shape>>, UnknownShape> {
        all(&serde_json::from_value(of).expect("shapes as they are declared"))
    }

    #[track_caller]
    fn check(shape: Json, value: Json, expected: &str) {
        let all = shapes(json!({"it": shape, "small": {"nr": "number"}})).unwrap();
        let shaped = Shaped { value: &value, shape: Some(&all["it"]) };
        assert_eq!(serde_json::to_string(&shaped).unwrap(), expected);
    }

    #[test]
    fn fields_are_renamed_and_reached_into() {
        check(
            json!({"id": "id", "client_id": "tenant", "locked_by": "lock.by"}),
            json!({"id": 1, "tenant": "t", "lock": {"by": "ann"}, "revision": 4}),
            r#"{"id":1,"client_id":"t","locked_by":"ann"}"#,
        );
    }

    #[test]
    fn what_is_null_stays_null_and_what_is_not_there_is_left_out() {
        check(
            json!({"locked_by": "lock.by", "key": "secret"}),
            json!({"lock": null}),
            r#"{"locked_by":null}"#,
        );
    }

    #[test]
    fn a_spread_never_writes_a_field_twice() {
        check(
            json!({"id": "id", "...": "data"}),
            json!({"id": 1, "data": {"name": "x", "id": "forged"}}),
            r#"{"id":1,"name":"x"}"#,
        );
    }

    #[test]
    fn a_shape_may_only_add_to_the_whole() {
        check(
            json!({"user_id": "user.id", "...": "$"}),
            json!({"token": "t", "user": {"id": 7}, "user_id": "forged"}),
            r#"{"user_id":7,"token":"t","user":{"id":7}}"#,
        );
    }

    #[test]
    fn what_lies_inside_has_a_shape_of_its_own() {
        check(
            json!({"list": "list | small", "one": "one | small", "none": "none | small"}),
            json!({"list": [{"number": 1, "x": 2}], "one": {"number": 3}, "none": null}),
            r#"{"list":[{"nr":1}],"one":{"nr":3},"none":null}"#,
        );
    }

    #[test]
    fn what_is_fixed_is_the_same_whatever_is_answered() {
        check(
            json!({"success": "=true", "kind": "=bearer", "id": "id"}),
            json!({"id": 1, "success": false}),
            r#"{"success":true,"kind":"bearer","id":1}"#,
        );
    }

    #[test]
    fn ids_that_stand_for_a_number_are_given_as_that_number() {
        let (id, other) =
            ("00000000-0000-8000-8000-000000000017", RecordId::generate().to_string());
        check(
            json!({"id": "id | number", "uuid": "id", "old": "old | number", "all": "all | number", "none": "none | number"}),
            json!({"id": id, "old": other, "all": [id, other], "none": null}),
            &format!(
                r#"{{"id":17,"uuid":"{id}","old":"{other}","all":[17,"{other}"],"none":null}}"#
            ),
        );
    }

    #[test]
    fn a_text_that_is_no_id_of_the_house_stays_a_text() {
        for text in ["17", "00000000000080008000000000000017", "ride 17", ""] {
            let expected = json!({"id": text}).to_string();
            check(json!({"id": "id | number"}), json!({"id": text}), &expected);
        }
    }

    #[test]
    fn a_shape_that_is_not_there_is_named() {
        let refused = shapes(json!({"it": {"a": "b | gone"}})).unwrap_err();
        assert_eq!(refused.missing, "gone");
    }
}
