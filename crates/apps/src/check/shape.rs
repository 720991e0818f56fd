//! Has `app.yaml` the keys and types that it must have? All faults at once, and a description of
//! what is left without them, so that the rest can still be checked.

use std::sync::LazyLock;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value as Json};

use super::{APP_FILE, Fault, files::last};
use crate::{
    description::Description,
    marked::{Marked, Place},
    schema::{self, Schema},
};

/// The JSON Schema of `app.yaml`, made of the types that read it.
static SHAPE: LazyLock<Schema> = LazyLock::new(of_type::<Description>);

/// The JSON Schema of what a type reads.
pub(super) fn of_type<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
    let mut shape = Json::from(settings.into_generator().into_root_schema_for::<T>());
    without_formats(&mut shape);
    Schema::compile(&shape).expect("the types of a document make a schema")
}

/// Machine formats (`uint32`) mean nothing to a validator.
pub(crate) fn without_formats(schema: &mut Json) {
    match schema {
        Json::Object(object) => {
            if object.get("format").is_some_and(Json::is_string) {
                object.shift_remove("format");
            }
            object.values_mut().for_each(without_formats);
        }
        Json::Array(entries) => entries.iter_mut().for_each(without_formats),
        _ => {}
    }
}

/// Tells the faults of shape, and gives the description without what is at fault.
pub(super) fn read(app: &Marked, faults: &mut Vec<Fault>) -> Option<Description> {
    let mut value = app.value.clone();
    if !value.is_object() {
        let message =
            "must be an object with keys like `app`, `title` and `collections`".to_owned();
        faults.push(Fault::new(APP_FILE, Place::START, "invalid_value", message));
        return None;
    }
    for round in 0..20 {
        let Err(found) = SHAPE.check(&value) else { break };
        for it in &found {
            if round == 0 {
                faults.push(told(APP_FILE, app, it));
            }
            prune(&mut value, &it.pointer);
        }
    }
    match serde_json::from_value(value) {
        Ok(description) => Some(description),
        Err(error) => {
            if faults.is_empty() {
                let message = format!("cannot be understood: {error}");
                faults.push(Fault::new(APP_FILE, Place::START, "invalid_value", message));
            }
            None
        }
    }
}

/// The fault that a schema found, where it stands in a document.
pub(super) fn told(file: &str, document: &Marked, found: &schema::Fault) -> Fault {
    let pointer = &found.pointer;
    let name = last(pointer);
    let (place, code, message) = if document.value.pointer(pointer).is_none() {
        (document.place(pointer), "missing_key", format!("`{name}` is missing{}", within(pointer)))
    } else if found.message.ends_with("is not known here") {
        (document.key_place(pointer), "unknown_key", format!("`{name}` is not known here"))
    } else {
        (document.place(pointer), "invalid_value", format!("`{name}` {}", found.message))
    };
    let mut fault = Fault::new(file, place, code, message);
    fault.hint.clone_from(&found.hint);
    fault
}

fn within(pointer: &str) -> String {
    match pointer.rsplit_once('/') {
        Some((parent, _)) if !parent.is_empty() => format!(" in `{}`", last(parent)),
        _ => String::new(),
    }
}

/// Takes out what is at fault: the value, or, where one is missing, the object that lacks it.
pub(crate) fn prune(value: &mut Json, pointer: &str) {
    if value.pointer(pointer).is_some() {
        remove(value, pointer);
    } else if let Some((parent, name)) = pointer.rsplit_once('/') {
        if parent.is_empty() {
            let empty = if name == "collections" { Json::Object(Map::new()) } else { "".into() };
            if let Some(object) = value.as_object_mut() {
                object.insert(name.to_owned(), empty);
            }
        } else {
            remove(value, parent);
        }
    }
}

/// Removes a value; of a list the whole list goes, so that its other entries keep their places.
fn remove(value: &mut Json, pointer: &str) {
    let mut pointer = pointer;
    while let Some((parent, _)) = pointer.rsplit_once('/') {
        match value.pointer_mut(parent) {
            Some(Json::Object(object)) => {
                object.shift_remove(&last(pointer));
                return;
            }
            Some(_) => pointer = parent,
            None => return,
        }
    }
}
