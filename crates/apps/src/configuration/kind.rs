//! A document that Mainstay types itself: what may stand in it, and what of it cannot work.
//!
//! The types live in the rooms that act on them. Each is handed down here as a [`Kind`], so that a
//! check finds the same faults as the start, and says where they stand.

use std::{fmt, sync::Arc};

use jiff::SignedDuration;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{OWN, defaults, held_back::HeldBack};
use crate::{
    check::{prune, without_formats},
    description::Category,
    field::pointer_to,
    schema::{self, Schema},
};

/// A document that Mainstay types. Cheap to clone.
#[derive(Clone)]
pub struct Kind(Arc<Inner>, Option<Compare>);

/// Compares a changed document with the operator's file: what of it does not act as it stands there.
type Compare = Arc<dyn Fn(&Json, &Json) -> Vec<HeldBack> + Send + Sync>;

/// Reads a document of this kind: what cannot work in it, or why it is none.
type Read = Box<dyn Fn(&Json) -> Result<Vec<Finding>, String> + Send + Sync>;

struct Inner {
    name: &'static str,
    category: Category,
    about: &'static str,
    /// As the types say it, with formats and defaults.
    shape: Json,
    /// What a validator can make of it.
    schema: Schema,
    read: Read,
}

/// Something in a document that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `providers.groq.base_url`, `prices[2].model`.
    pub path: String,
    /// What, as the rest of a sentence that begins with it.
    pub message: String,
}

/// A fault of a document, pointing into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blame {
    /// It has another shape.
    Shape(schema::Fault),
    /// It has the shape, and cannot work.
    Setting {
        /// Where, as far as that is there.
        pointer: String,
        /// What.
        finding: Finding,
    },
}

/// How often it is looked what is left without what is at fault: it may lack what it needs then.
const ROUNDS: usize = 20;

/// So many values that cannot be read are told of a document; what else there is, once these are mended.
const UNREAD_MAX: usize = 20;

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
        let inner = Inner { name, category, about, shape, schema, read: Box::new(read) };
        Self(Arc::new(inner), None)
    }

    /// The same, of which some things are the operator's to say: `compare` is given a document that was changed while
    /// the application ran, and the file.
    #[must_use]
    pub fn holding_back<T: DeserializeOwned + 'static>(
        self,
        compare: impl Fn(T, T) -> Vec<HeldBack> + Send + Sync + 'static,
    ) -> Self {
        let read = |it: &Json| serde_json::from_value::<T>(without_own(it)).ok();
        let compare = move |changed: &Json, file: &Json| match (read(changed), read(file)) {
            (Some(changed), Some(file)) => compare(changed, file),
            // Its other faults are told.
            _ => Vec::new(),
        };
        Self(self.0, Some(Arc::new(compare)))
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

    /// Every fault of the document, pointing into it: of its shape, and then of what can be read
    /// without what is at fault.
    pub(crate) fn faults(&self, given: &Json) -> Vec<Blame> {
        let mut value = without_own(given);
        let mut faults = self.0.schema.check(&value).err().unwrap_or_default();
        times(&self.0.shape, &value, "", &mut faults);
        faults.iter().for_each(|it| prune(&mut value, &it.pointer));
        let (mut findings, mut unread) = (Vec::new(), 0);
        while unread < UNREAD_MAX && self.settle(&mut value) {
            match (self.0.read)(&value) {
                Ok(found) => {
                    findings = found;
                    break;
                }
                // What a schema does not know: that `at home` is no address.
                Err(why) => {
                    unread += 1;
                    let guilty = self.guilty(&value, &why);
                    let pointer = guilty.clone().unwrap_or_default();
                    let message = format!("cannot be understood: {why}");
                    faults.push(schema::Fault { pointer, message, hint: None });
                    match guilty {
                        Some(pointer) => prune(&mut value, &pointer),
                        None => break,
                    }
                }
            }
        }
        let settings = findings.into_iter().filter_map(|finding| {
            let pointer = pointer_of(given, &finding.path);
            // Of what was told already, nothing follows.
            let is_told = faults
                .iter()
                .any(|it| holds(&it.pointer, &pointer) || holds(&pointer, &it.pointer));
            (!is_told).then_some(Blame::Setting { pointer, finding })
        });
        let settings: Vec<Blame> = settings.collect();
        faults.into_iter().map(Blame::Shape).chain(settings).collect()
    }

    /// What of a changed document does not act as it stands there, each with where it points.
    pub(crate) fn held_back(&self, changed: &Json, file: &Json) -> Vec<(String, HeldBack)> {
        let found = self.1.as_ref().map(|compare| compare(changed, file)).unwrap_or_default();
        found.into_iter().map(|it| (pointer_of(changed, &it.finding.path), it)).collect()
    }

    /// Takes out what does not fit, until the rest does. False when nothing does.
    fn settle(&self, value: &mut Json) -> bool {
        for _ in 0..ROUNDS {
            match self.0.schema.check(value) {
                Ok(()) => return true,
                Err(found) => found.iter().for_each(|it| prune(value, &it.pointer)),
            }
        }
        false
    }

    /// The value that cannot be read: one with which reading begins to end in this error. It is read a few
    /// times for that, however much stands in the document.
    fn guilty(&self, value: &Json, why: &str) -> Option<String> {
        let mut pointers = Vec::new();
        leaves(value, "", &mut pointers);
        let fails = |count: usize| {
            let mut left = count;
            (self.0.read)(&beginning(value, &mut left)).err().as_deref() == Some(why)
        };
        // With `bad` leaves it ends so, with `good` ones it does not: until one lies beside the other.
        let (mut good, mut bad) = (0, pointers.len());
        if bad == 0 || !fails(bad) {
            return None;
        }
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match fails(middle) {
                true => bad = middle,
                false => good = middle,
            }
        }
        Some(pointers.swap_remove(bad - 1))
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
fn times(shape: &Json, value: &Json, pointer: &str, faults: &mut Vec<schema::Fault>) {
    match value {
        Json::String(text) => {
            let is_time = shape.get("format").and_then(Json::as_str) == Some("duration");
            if is_time && text.parse::<SignedDuration>().is_err() {
                let message = "is no length of time".to_owned();
                let hint = Some("write it like `30s`, `5m` or `24h`".to_owned());
                faults.push(schema::Fault { pointer: pointer.to_owned(), message, hint });
            }
        }
        Json::Object(object) => {
            for (name, inner) in object {
                let known = shape.get("properties").and_then(|it| it.get(name));
                let known = known.or_else(|| shape.get("additionalProperties"));
                if let Some(known) = known {
                    times(known, inner, &pointer_to(pointer, name), faults);
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

/// Where the values stand that hold no others, in order.
fn leaves(value: &Json, pointer: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(object) => {
            object.iter().for_each(|(name, it)| leaves(it, &pointer_to(pointer, name), found));
        }
        Json::Array(list) => {
            let entries = list.iter().enumerate();
            entries.for_each(|(at, it)| leaves(it, &format!("{pointer}/{at}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// The document with only so many of its leaves, the first ones.
fn beginning(value: &Json, left: &mut usize) -> Json {
    match value {
        Json::Object(object) => {
            let mut kept = Map::new();
            for (name, it) in object {
                if *left == 0 {
                    break;
                }
                kept.insert(name.clone(), beginning(it, left));
            }
            Json::Object(kept)
        }
        Json::Array(list) => {
            let mut kept = Vec::new();
            for it in list {
                if *left == 0 {
                    break;
                }
                kept.push(beginning(it, left));
            }
            Json::Array(kept)
        }
        leaf => {
            *left -= 1;
            leaf.clone()
        }
    }
}

/// Is `inner` the value at `outer`, or within it?
fn holds(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The pointer of a finding's path: `prices[2].model` is `/prices/2/model`. Names may hold dots
/// themselves, so of those that are there the longest is meant.
fn pointer_of(document: &Json, path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let path = path.replace('[', ".").replace(']', "");
    let mut names: Vec<&str> = path.split('.').collect();
    let (mut pointer, mut here) = (String::new(), Some(document));
    while !names.is_empty() {
        let is_there =
            |count: &usize| here.and_then(|it| step(it, &names[..*count].join("."))).is_some();
        let count = (1..=names.len()).rev().find(is_there).unwrap_or(1);
        let name = names[..count].join(".");
        here = here.and_then(|it| step(it, &name));
        pointer = pointer_to(&pointer, &name);
        names.drain(..count);
    }
    pointer
}

fn step<'a>(value: &'a Json, name: &str) -> Option<&'a Json> {
    match value {
        Json::Object(object) => object.get(name),
        Json::Array(list) => list.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::atomic::{AtomicUsize, Ordering},
    };

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
        /// Where others are.
        places: Vec<std::net::Ipv4Addr>,
    }

    impl Default for Lamp {
        fn default() -> Self {
            let place = std::net::Ipv4Addr::LOCALHOST;
            Self { watts: 40, shines: SignedDuration::from_secs(60), place, places: Vec::new() }
        }
    }

    /// How often the places of a street were read.
    static STREETS_READ: AtomicUsize = AtomicUsize::new(0);

    #[derive(Default, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Street {
        /// Where its lamps are.
        #[serde(deserialize_with = "counted")]
        places: Vec<std::net::Ipv4Addr>,
        /// Where those are that have a name.
        #[serde(deserialize_with = "counted")]
        named: BTreeMap<String, std::net::Ipv4Addr>,
    }

    fn counted<'de, D, T>(given: D) -> Result<T, D::Error>
    where
        D: serde::Deserializer<'de>,
        T: Deserialize<'de>,
    {
        STREETS_READ.fetch_add(1, Ordering::Relaxed);
        T::deserialize(given)
    }

    #[test]
    fn a_long_document_is_read_a_few_times_to_find_what_is_wrong_with_it() {
        let kind = Kind::of("street", Category::Components, "Lamps.", |it: &Street| {
            let too_many = it.places.len() + it.named.len() > 10_000;
            let finding = Finding { path: "places".into(), message: "are too many".into() };
            too_many.then_some(finding).into_iter().collect()
        });
        let told = |given: Json| {
            STREETS_READ.store(0, Ordering::Relaxed);
            let faults = kind.faults(&given);
            let pointers = faults.iter().map(|it| match it {
                Blame::Shape(fault) => fault.pointer.clone(),
                Blame::Setting { pointer, .. } => pointer.clone(),
            });
            (pointers.collect::<Vec<_>>(), STREETS_READ.load(Ordering::Relaxed))
        };
        let mut places = vec!["127.0.0.1"; 4_000];
        assert_eq!(told(json!({"places": places})), (Vec::new(), 1));
        places[3_500] = "at home";
        let (pointers, reads) = told(json!({"places": places}));
        assert_eq!(pointers, ["/places/3500"]);
        assert!(reads < 20, "it was read {reads} times");
        let named = (0..4_000).map(|it| (format!("lamp {it}"), Json::from("at home")));
        let (pointers, reads) = told(json!({"named": Json::Object(named.collect())}));
        assert_eq!(pointers.len(), UNREAD_MAX);
        assert!(reads < 20 * UNREAD_MAX, "it was read {reads} times");
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
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|it| match it {
                Blame::Shape(fault) => (fault.pointer.as_str(), fault.message.as_str()),
                Blame::Setting { pointer, finding } => (pointer.as_str(), finding.message.as_str()),
            })
            .collect();
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
        check(json!({"places": ["127.0.0.1", "here"]}), &[("/places/1", "cannot be understood")]);
    }

    #[test]
    fn all_ways_at_once_have_their_places_too() {
        let given =
            json!({"wats": 1, "shines": "soon", "place": "at home", "places": ["x"], "watts": 400});
        check(
            given,
            &[
                ("/wats", "is not known here"),
                ("/shines", "is no length of time"),
                ("/place", "cannot be understood"),
                ("/places/0", "cannot be understood"),
                ("/watts", "is too bright"),
            ],
        );
        // Nothing follows from what is no number.
        check(json!({"watts": "400"}), &[("/watts", "must be a whole number")]);
        check(json!([]), &[("", "must be an object")]);
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
        let pointer_of = |path| pointer_of(&Json::Null, path);
        assert_eq!(pointer_of("prices[2].model"), "/prices/2/model");
        assert_eq!(pointer_of("fallbacks.a[0]"), "/fallbacks/a/0");
        assert_eq!(pointer_of(""), "");
    }

    #[test]
    fn a_path_is_found_also_where_names_hold_dots() {
        let document = json!({"providers": {"a.b": {"c": 1}, "a": {}}, "list": [{}, {"x": 2}]});
        for (path, expected) in [
            ("providers.a.b.c", "/providers/a.b/c"),
            ("providers.a.kind", "/providers/a/kind"),
            ("list[1].x", "/list/1/x"),
            ("list[1].y.z", "/list/1/y/z"),
        ] {
            assert_eq!(pointer_of(&document, path), expected);
        }
    }
}
