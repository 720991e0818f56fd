//! Ids of records at an application's own paths: integers, where the collection says `ids: integer`.
//!
//! The server's own paths speak of UUIDs, whatever the collections say.

use apps::{description::Ids, folder::Folder};
use serde_json::{Value as Json, json};

use super::body;
use crate::{argument::Field, route::Route};

/// How the ids are written that stand in one place.
#[derive(Clone, Copy)]
enum Written {
    Uuids,
    Integers,
    /// Of which collection a record is there is known only when it is called.
    Both,
}

/// The schema of what a route takes as an argument.
pub(super) fn argument(folder: Option<&Folder>, route: &Route, field: &Field) -> Json {
    let mut schema = field.schema.clone();
    told(&mut schema, written(folder, route, &field.name));
    schema
}

/// The schema of a field of an answer in which ids of records are given as their numbers; `schema` is the
/// one of these ids.
pub(super) fn answered(
    folder: Option<&Folder>,
    route: &Route,
    path: &[String],
    mut schema: Json,
) -> Json {
    let argument = match path {
        [only] if only == "id" => "record",
        [only] => only.as_str(),
        _ => "",
    };
    let written = written(folder, route, argument);
    match schema.get_mut("items") {
        Some(items) => write(items, written),
        None => write(&mut schema, written),
    }
    schema
}

/// How the ids are written that an argument takes: those of the records that the route is about, or of those
/// in which they lie.
fn written(folder: Option<&Folder>, route: &Route, argument: &str) -> Written {
    let Some(folder) = folder.filter(|_| route.is_declared) else { return Written::Uuids };
    let of_task = || Some(&body::task(Some(folder), route)?.description.on);
    let of_lookup = || {
        let name = body::fixed(route, "lookup")?;
        Some(&folder.lookups().iter().find(|it| it.name() == name)?.described().on)
    };
    let of_assistant = || {
        let assistant = folder.description().assistants.get(body::fixed(route, "assistant")?)?;
        Some(&assistant.on.as_ref()?.records)
    };
    let collection = body::fixed(route, "collection").or_else(of_task).or_else(of_lookup);
    let collection = collection.or_else(of_assistant);
    let kit = collection.and_then(|it| folder.kits().get(it));
    let named = match argument {
        "record" => kit,
        "parent" => kit.and_then(|it| folder.kits().parent_of(it)),
        _ => None,
    };
    match named.map(|it| it.spec.ids) {
        Some(Ids::Integer) => Written::Integers,
        Some(Ids::Uuid) => Written::Uuids,
        None if folder.kits().iter().any(|it| it.spec.ids == Ids::Integer) => Written::Both,
        None => Written::Uuids,
    }
}

/// Says of all ids of records in the schema of an argument how they are written.
fn told(schema: &mut Json, written: Written) {
    match schema {
        Json::Object(fields) => {
            if fields.shift_remove("x-numbered").is_some() {
                write(schema, written);
                return;
            }
            fields.values_mut().for_each(|it| told(it, written));
        }
        Json::Array(all) => all.iter_mut().for_each(|it| told(it, written)),
        _ => {}
    }
}

/// Says of one id how it is written. What may be null stays so.
fn write(schema: &mut Json, written: Written) {
    let kinds: &[&str] = match written {
        Written::Uuids => return,
        Written::Integers => &["integer"],
        Written::Both => &["integer", "string"],
    };
    let Some(fields) = schema.as_object_mut() else { return };
    let null = Json::from("null");
    let is_nullable = match fields.get("type") {
        Some(Json::Array(all)) => all.contains(&null),
        Some(_) => false,
        // Nothing is known of it.
        None => return,
    };
    fields.shift_remove("format");
    let mut kinds: Vec<Json> = kinds.iter().map(|it| (*it).into()).collect();
    if is_nullable {
        kinds.push(null);
    }
    fields.insert("type".into(), if kinds.len() == 1 { kinds.remove(0) } else { json!(kinds) });
    fields.insert("minimum".into(), 1.into());
}
