//! What is in force: what a document says, and the defaults of what it leaves out.
//!
//! The defaults are those of the Rust types, as their JSON Schemas tell them; they are written nowhere
//! else.

use jiff::SignedDuration;
use serde_json::{Map, Value as Json};

/// A value with the defaults of `shape` filled in; none when nothing is given and there is no default.
pub(crate) fn filled(shape: &Json, given: Option<&Json>) -> Option<Json> {
    match given {
        Some(Json::Object(object)) => Some(Json::Object(filled_object(shape, object))),
        Some(Json::Array(entries)) => {
            let inner = shape.get("items").unwrap_or(&Json::Null);
            Some(entries.iter().map(|it| filled(inner, Some(it)).unwrap_or_default()).collect())
        }
        Some(other) => Some(other.clone()),
        None => default_of(shape),
    }
}

fn filled_object(shape: &Json, given: &Map<String, Json>) -> Map<String, Json> {
    let Some(shape) = object_in(shape) else { return given.clone() };
    let properties = shape.get("properties").and_then(Json::as_object);
    let mut all = Map::new();
    for (name, inner) in properties.into_iter().flatten() {
        if let Some(value) = filled(inner, given.get(name)) {
            all.insert(name.clone(), value);
        }
    }
    let rest = shape.get("additionalProperties").unwrap_or(&Json::Null);
    for (name, value) in given {
        if !all.contains_key(name) {
            all.insert(name.clone(), filled(rest, Some(value)).unwrap_or_default());
        }
    }
    all
}

fn default_of(shape: &Json) -> Option<Json> {
    if let Some(default) = shape.get("default") {
        return Some(as_written(shape, default));
    }
    let is = |kind: &str| shape.get("type").and_then(Json::as_str) == Some(kind);
    let needs_something =
        shape.get("required").and_then(Json::as_array).is_some_and(|it| !it.is_empty());
    if is("object") && !needs_something {
        return Some(Json::Object(filled_object(shape, &Map::new())));
    }
    is("array").then(|| Json::Array(Vec::new()))
}

/// A default as people write it: lengths of time as `30s`, not `PT30S`.
fn as_written(shape: &Json, default: &Json) -> Json {
    match default {
        Json::Object(object) => {
            let known = object_in(shape).and_then(|it| it.get("properties"));
            let inner = |name: &str| known.and_then(|it| it.get(name)).unwrap_or(&Json::Null);
            let fields =
                object.iter().map(|(name, it)| (name.clone(), as_written(inner(name), it)));
            Json::Object(fields.collect())
        }
        Json::String(text) => {
            let is_time = shape.get("format").and_then(Json::as_str) == Some("duration");
            let time = text.parse::<SignedDuration>().ok().filter(|_| is_time);
            time.map_or_else(|| default.clone(), |it| format!("{it:#}").into())
        }
        other => other.clone(),
    }
}

/// The part of a shape that speaks of an object: itself, or one way of several.
fn object_in(shape: &Json) -> Option<&Json> {
    if shape.get("properties").is_some() || shape.get("additionalProperties").is_some() {
        return Some(shape);
    }
    ["anyOf", "oneOf", "allOf"]
        .iter()
        .find_map(|key| shape.get(key).and_then(Json::as_array)?.iter().find_map(object_in))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_out_is_what_the_type_says() {
        let shape = json!({"type": "object", "properties": {
            "retry": {"type": "object", "properties": {
                "times": {"type": "integer", "default": 2},
                "base": {"type": "string", "format": "duration", "default": "PT30S"},
            }},
            "name": {"type": ["string", "null"], "default": null},
            "listen": {"type": "string"},
            "prices": {"type": "array"},
            "models": {"type": "object", "additionalProperties": {
                "type": "object", "properties": {"most": {"type": "integer", "default": 5}}}},
        }});
        assert_eq!(
            filled(&shape, Some(&json!({"retry": {"times": 0}, "models": {"a": {}}, "other": 1}))),
            Some(json!({
                "retry": {"times": 0, "base": "30s"}, "name": null, "prices": [],
                "models": {"a": {"most": 5}}, "other": 1,
            }))
        );
        let nothing = filled(&shape, Some(&json!({}))).expect("a value");
        assert_eq!(nothing["retry"], json!({"times": 2, "base": "30s"}));
        assert!(nothing.get("listen").is_none(), "without a default it is not known");
    }
}
