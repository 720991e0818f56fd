//! A document that Mainstay types itself: what may stand in it, and what of it cannot work.
//!
//! The types live in the rooms that act on them. Each is handed down here as a [`Kind`], so that a
//! check finds the same faults as the start, and says where they stand.

use std::{fmt, sync::Arc};

use jiff::SignedDuration;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{OWN, defaults};
use crate::{check::without_formats, description::Category, field, schema::Schema};

/// A document that Mainstay types. Cheap to clone.
#[derive(Clone)]
pub struct Kind(Arc<Inner>);

struct Inner {
    name: &'static str,
    category: Category,
    about: &'static str,
    /// As the types say it, with formats and defaults.
    shape: Json,
    /// What a validator can make of it.
    schema: Schema,
    read: Box<dyn Fn(&Json) -> Result<Vec<Finding>, String> + Send + Sync>,
}

/// Something in a document that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `providers.groq.base_url`, `prices[2].model`.
    pub path: String,
    /// What, as the rest of a sentence that begins with it.
    pub message: String,
}

impl Kind {
    /// The document `config/NAME.yaml`, read as a `T`. `check` tells what cannot work whatever the
    /// environment says.
    ///
    /// # Panics
    /// When the type makes no JSON Schema, which its tests would show.
    pub fn of<T>(
        name: &'static str,
        category: Category,
        about: &'static str,
        check: impl Fn(&T) -> Vec<Finding> + Send + Sync + 'static,
    ) -> Self
    where
        T: DeserializeOwned + JsonSchema + 'static,
    {
        let settings = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
        let shape = Json::from(settings.into_generator().into_root_schema_for::<T>());
        let mut bare = shape.clone();
        without_formats(&mut bare);
        let schema = Schema::compile(&bare).expect("the types of a document make a schema");
        let read = move |value: &Json| -> Result<Vec<Finding>, String> {
            let read = serde_json::from_value::<T>(value.clone()).map_err(|it| it.to_string())?;
            Ok(check(&read))
        };
        Self(Arc::new(Inner { name, category, about, shape, schema, read: Box::new(read) }))
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Where it belongs.
    pub fn category(&self) -> Category {
        self.0.category
    }

    /// One sentence for people.
    pub fn about(&self) -> &'static str {
        self.0.about
    }

    /// Its JSON Schema, without what an application adds under `own`.
    pub fn schema(&self) -> &Json {
        self.0.schema.inlined()
    }

    /// What is in force when the document says this.
    pub fn in_force(&self, given: &Json) -> Json {
        let mut value =
            defaults::filled(&self.0.shape, Some(&without_own(given))).unwrap_or_default();
        if let (Some(own), Some(value)) = (given.get(OWN), value.as_object_mut()) {
            value.insert(OWN.to_owned(), own.clone());
        }
        value
    }

    /// Every fault of the document, pointing into it.
    pub(crate) fn faults(&self, given: &Json) -> Vec<crate::schema::Fault> {
        let value = without_own(given);
        let mut faults = self.0.schema.check(&value).err().unwrap_or_default();
        times(&self.0.shape, &value, "", &mut faults);
        if !faults.is_empty() {
            return faults;
        }
        let told = |pointer: String, message: String| crate::schema::Fault {
            pointer,
            message,
            hint: None,
        };
        match (self.0.read)(&value) {
            Ok(findings) => {
                findings.into_iter().map(|it| told(pointer_of(&it.path), it.message)).collect()
            }
            Err(why) => {
                let pointer = self.guilty(&value, &why).unwrap_or_default();
                vec![told(pointer, format!("cannot be understood: {why}"))]
            }
        }
    }

    /// The text without which this would not be said: what could not be read.
    fn guilty(&self, value: &Json, why: &str) -> Option<String> {
        let mut texts = Vec::new();
        texts_in(value, "", &mut texts);
        texts.into_iter().find(|pointer| {
            let mut without = value.clone();
            let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
            let name = name.replace("~1", "/").replace("~0", "~");
            let parent = without.pointer_mut(parent).and_then(Json::as_object_mut);
            let taken = parent.and_then(|it| it.shift_remove(&name));
            taken.is_some() && (self.0.read)(&without).err().as_deref() != Some(why)
        })
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.0.name).finish()
    }
}

/// A document without what the application adds. What is empty says nothing.
fn without_own(given: &Json) -> Json {
    let mut value = if given.is_null() { Json::Object(Map::new()) } else { given.clone() };
    if let Some(object) = value.as_object_mut() {
        object.shift_remove(OWN);
    }
    value
}

/// Lengths of time that are none. A validator knows no such format as people write it.
fn times(shape: &Json, value: &Json, pointer: &str, faults: &mut Vec<crate::schema::Fault>) {
    match value {
        Json::String(text) => {
            let is_time = shape.get("format").and_then(Json::as_str) == Some("duration");
            if is_time && text.parse::<SignedDuration>().is_err() {
                let message = "is no length of time".to_owned();
                let hint = Some("write it like `30s`, `5m` or `24h`".to_owned());
                faults.push(crate::schema::Fault { pointer: pointer.to_owned(), message, hint });
            }
        }
        Json::Object(object) => {
            for (name, inner) in object {
                let known = shape.get("properties").and_then(|it| it.get(name));
                let known = known.or_else(|| shape.get("additionalProperties"));
                if let Some(known) = known {
                    times(known, inner, &field::pointer_to(pointer, name), faults);
                }
            }
        }
        Json::Array(entries) => {
            if let Some(known) = shape.get("items") {
                for (at, inner) in entries.iter().enumerate() {
                    times(known, inner, &format!("{pointer}/{at}"), faults);
                }
            }
        }
        _ => {}
    }
}

fn texts_in(value: &Json, pointer: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(object) => {
            for (name, inner) in object {
                texts_in(inner, &field::pointer_to(pointer, name), found);
            }
        }
        Json::Array(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                texts_in(inner, &format!("{pointer}/{at}"), found);
            }
        }
        Json::String(_) => found.push(pointer.to_owned()),
        _ => {}
    }
}

/// The pointer of a finding's path: `prices[2].model` is `/prices/2/model`.
fn pointer_of(path: &str) -> String {
    let path = path.replace('[', ".").replace(']', "");
    super::path::pointer(&path)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Lamp {
        /// How bright.
        watts: u32,
        /// How long it shines.
        shines: SignedDuration,
        /// Where it is.
        place: std::net::Ipv4Addr,
    }

    impl Default for Lamp {
        fn default() -> Self {
            let place = std::net::Ipv4Addr::LOCALHOST;
            Self { watts: 40, shines: SignedDuration::from_secs(60), place }
        }
    }

    fn lamp() -> Kind {
        Kind::of("lamp", Category::Components, "What shines.", |it: &Lamp| {
            let too_bright = it.watts > 100;
            let finding = Finding { path: "watts".into(), message: "is too bright".into() };
            too_bright.then_some(finding).into_iter().collect()
        })
    }

    #[track_caller]
    fn check(given: Json, expected: &[(&str, &str)]) {
        let found = lamp().faults(&given);
        let found: Vec<(&str, &str)> =
            found.iter().map(|it| (it.pointer.as_str(), it.message.as_str())).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((pointer, message), (at, told)) in found.iter().zip(expected) {
            assert!(pointer == at && message.contains(told), "{found:?}");
        }
    }

    #[test]
    fn every_way_to_be_wrong_has_its_place() {
        check(json!({}), &[]);
        check(Json::Null, &[]);
        check(json!({"watts": 60, "own": {"anything": 1}}), &[]);
        check(json!({"wats": 60}), &[("/wats", "is not known here")]);
        check(json!({"watts": "many"}), &[("/watts", "must be a whole number")]);
        check(json!({"shines": "soon"}), &[("/shines", "is no length of time")]);
        check(json!({"place": "at home"}), &[("/place", "cannot be understood")]);
        check(json!({"watts": 400}), &[("/watts", "is too bright")]);
    }

    #[test]
    fn the_defaults_of_the_type_are_in_force() {
        let value = lamp().in_force(&json!({"watts": 60, "own": {"a": 1}}));
        assert_eq!(value["watts"], 60);
        let shines = value["shines"].as_str().and_then(|it| it.parse::<SignedDuration>().ok());
        assert_eq!(shines, Some(SignedDuration::from_secs(60)));
        assert_eq!(value["own"], json!({"a": 1}));
    }

    #[test]
    fn a_path_of_a_room_becomes_a_pointer() {
        assert_eq!(pointer_of("prices[2].model"), "/prices/2/model");
        assert_eq!(pointer_of("fallbacks.a[0]"), "/fallbacks/a/0");
        assert_eq!(pointer_of(""), "");
    }
}
