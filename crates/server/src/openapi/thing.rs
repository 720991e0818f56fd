//! The things that operations give, as schemas: written down in `things.json` in a short form.
//!
//! `string`, `integer`, `number`, `boolean`, `time`, `uuid`, `object`, `any`; `#Name` is another
//! thing; `?` may be null, `[]` is a list; a field whose name ends with `~` may be missing.

use serde_json::{Map, Value as Json, json};

use super::reference;

const THINGS: &str = include_str!("things.json");

/// All things, as components.
pub(super) fn all() -> Map<String, Json> {
    let mut all: Map<String, Json> = things()
        .into_iter()
        .map(|(name, fields)| {
            let fields = fields.as_object().cloned().unwrap_or_default();
            (name, object(fields.iter().map(|(name, kind)| (name.as_str(), kind_of(kind)))))
        })
        .collect();
    let names = |all: Vec<&str>| json!({"type": "string", "enum": all});
    all.insert("Role".into(), names(base::Role::ALL.iter().map(|it| it.name()).collect()));
    all.insert("Scope".into(), names(base::Scope::ALL.iter().map(|it| it.name()).collect()));
    all
}

/// The schema at a path inside a thing; anything when the path leads out of what is written down.
pub(super) fn at(thing: &str, path: &[String]) -> Json {
    let things = things();
    let Some((first, rest)) = path.split_first() else { return reference(thing) };
    let fields = things.get(thing).and_then(Json::as_object);
    let kind = fields.and_then(|it| it.get(first).or_else(|| it.get(&format!("{first}~"))));
    let Some(kind) = kind.and_then(Json::as_str) else { return json!({}) };
    if rest.is_empty() {
        return short(kind);
    }
    match kind.trim_end_matches('?').strip_prefix('#') {
        // What lies behind something that may be null may be null itself.
        Some(inner) => nullable(at(inner, rest)),
        None => json!({}),
    }
}

/// An object with these fields, all of which are there unless their names end with `~`.
pub(super) fn object<'a>(fields: impl Iterator<Item = (&'a str, Json)>) -> Json {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, schema) in fields {
        match name.strip_suffix('~') {
            Some(name) => properties.insert(name.to_owned(), schema),
            None => {
                required.push(name.to_owned());
                properties.insert(name.to_owned(), schema)
            }
        };
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// The schema of what an envelope looks like around `data`.
pub(super) fn of_template(template: &Json, data: &Json) -> Json {
    match template {
        Json::Object(fields) => {
            object(fields.iter().map(|(name, inner)| (name.as_str(), of_template(inner, data))))
        }
        Json::String(text) => match text.as_str() {
            "$data" => data.clone(),
            "$request_id" | "$name" | "$message" => short("string"),
            "$timestamp" => short("time"),
            "$next_cursor" | "$prev_cursor" => short("string?"),
            "$has_more" => short("boolean"),
            "$total_count" => short("integer?"),
            "$code" => json!({"type": ["integer", "string"]}),
            "$details" => json!({"type": ["object", "null"]}),
            other => json!({"const": other}),
        },
        Json::Array(list) => {
            json!({"type": "array", "prefixItems": list.iter().map(|it| of_template(it, data)).collect::<Vec<_>>()})
        }
        other => json!({"const": other}),
    }
}

fn things() -> Map<String, Json> {
    serde_json::from_str(THINGS).expect("things.json is part of this program")
}

fn kind_of(kind: &Json) -> Json {
    kind.as_str().map_or_else(|| json!({}), short)
}

fn short(kind: &str) -> Json {
    if let Some(inner) = kind.strip_suffix('?') {
        return nullable(short(inner));
    }
    if let Some(inner) = kind.strip_suffix("[]") {
        return json!({"type": "array", "items": short(inner)});
    }
    if let Some(name) = kind.strip_prefix('#') {
        return reference(name);
    }
    match kind {
        "any" => json!({}),
        "uuid" => json!({"type": "string", "format": "uuid"}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "object" => json!({"type": "object", "additionalProperties": true}),
        other => json!({"type": other}),
    }
}

fn nullable(mut schema: Json) -> Json {
    match schema.get("type").and_then(Json::as_str).map(str::to_owned) {
        Some(kind) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        None if schema.get("$ref").is_some() => json!({"anyOf": [schema, {"type": "null"}]}),
        None => schema,
    }
}
