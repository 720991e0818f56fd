//! Records as expressions see them: what they lack is null, and not a name that nobody knows.

use serde_json::Value as Json;

use crate::{
    description::Source,
    expression::{Data, Value, value_of},
};

/// A record as expressions see it: of the fields that the description makes, those that it lacks are null. What a
/// task read in a row has only what it said, and a record that is kept may be older than a field.
pub(crate) fn seen(source: &Source, data: &Data) -> Value {
    with_all(data, made(source))
}

/// A record that is kept as expressions see it: of the fields of its collection, those that it lacks are null. A
/// field that was never set is not there at all.
pub(crate) fn seen_kept(fields: &[String], data: &Data) -> Value {
    with_all(data, fields.iter())
}

/// The fields that a description makes.
fn made(source: &Source) -> impl Iterator<Item = &String> {
    let completed = source.complete.iter().flat_map(|it| it.fields.iter().chain(it.fills.keys()));
    let made = source.map.keys().chain(source.compute.keys()).chain(completed);
    made.filter(|it| !it.starts_with('_'))
}

fn with_all<'f>(data: &Data, names: impl Iterator<Item = &'f String>) -> Value {
    let mut whole = data.clone();
    for name in names {
        if !whole.contains_key(name) {
            whole.insert(name.clone(), Json::Null);
        }
    }
    value_of(&Json::Object(whole))
}
