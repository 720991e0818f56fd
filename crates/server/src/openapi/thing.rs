//! The things that operations give, as schemas: written down in `things.json` in a short form.
//!
//! `string`, `integer`, `number`, `boolean`, `time`, `uuid`, `object`, `any`; `#Name` is another
//! thing; `'a'|'b'` is one of these texts; `?` may be null, `[]` is a list, `{}` a map from names; a
//! field whose name ends with `~` may be missing. What has no short form is a schema as it stands.
//!
//! That the server answers so is proved by its tests, which hold every answer against it.

use std::sync::LazyLock;

use base::{Permission, Role, Scope};
use models::usage::Outcome;
use serde_json::{Map, Value as Json, json};

use super::reference;

static THINGS: LazyLock<Map<String, Json>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("things.json")).expect("things.json is part of this program")
});

/// All things, as components.
pub(super) fn all() -> Map<String, Json> {
    let mut all: Map<String, Json> = THINGS
        .iter()
        .filter_map(|(name, fields)| {
            let fields = fields.as_object()?.iter();
            Some((name.clone(), object(fields.map(|(name, kind)| (name.as_str(), kind_of(kind))))))
        })
        .collect();
    let names = |all: Vec<&str>| json!({"type": "string", "enum": all});
    all.insert("Json".into(), anything());
    let named = [
        ("Permission", names(Permission::ALL.iter().map(|it| it.name()).collect())),
        ("Role", names(Role::ALL.iter().map(|it| it.name()).collect())),
        ("Scope", names(Scope::ALL.iter().map(|it| it.name()).collect())),
        ("UsageOutcome", names(Outcome::ALL.iter().map(|it| it.name()).collect())),
    ];
    all.extend(named.map(|(name, schema)| (name.to_owned(), schema)));
    all
}

/// The schema at a path inside a thing; anything when the path leads out of what is written down.
pub(super) fn at(thing: &str, path: &[String]) -> Json {
    let Some((first, rest)) = path.split_first() else { return reference(thing) };
    let Some((kind, _)) = field(thing, first) else { return json!({}) };
    if rest.is_empty() {
        return kind_of(kind);
    }
    let Some(kind) = kind.as_str() else { return json!({}) };
    match kind.trim_end_matches('?').strip_prefix('#') {
        // What lies behind something that may be null may be null itself.
        Some(inner) if kind.ends_with('?') => nullable(at(inner, rest)),
        Some(inner) => at(inner, rest),
        None => json!({}),
    }
}

/// Whether a thing always has the field at which this path begins.
pub(super) fn always_has(thing: &str, path: &[String]) -> bool {
    path.first().and_then(|it| field(thing, it)).is_some_and(|it| it.1)
}

/// What a field of a thing is, in the short form, and whether it is always there.
fn field(thing: &str, name: &str) -> Option<(&'static Json, bool)> {
    let fields = THINGS.get(thing)?.as_object()?;
    let sometimes = || fields.get(&format!("{name}~")).map(|it| (it, false));
    fields.get(name).map(|it| (it, true)).or_else(sometimes)
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
        Json::Object(fields) => match fields.get("$each").filter(|_| fields.len() == 1) {
            Some(each) => json!({"type": "array", "items": of_template(each, data)}),
            None => {
                object(fields.iter().map(|(name, inner)| (name.as_str(), of_template(inner, data))))
            }
        },
        Json::String(text) => match text.as_str() {
            "$data" => data.clone(),
            "$request_id" | "$name" | "$message" => short("string"),
            "$timestamp" => short("time"),
            "$next_cursor" | "$prev_cursor" | "$field" => short("string?"),
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

fn kind_of(kind: &Json) -> Json {
    kind.as_str().map_or_else(|| kind.clone(), short)
}

/// Any value, said in words that a generator of types can follow into lists and objects.
fn anything() -> Json {
    let inside = reference("Json");
    json!({
        "description": "Any JSON value.",
        "anyOf": [
            {"type": ["null", "boolean", "number", "string"]},
            {"type": "array", "items": inside},
            {"type": "object", "additionalProperties": inside},
        ],
    })
}

fn short(kind: &str) -> Json {
    if let Some(inner) = kind.strip_suffix('?') {
        return nullable(short(inner));
    }
    if let Some(inner) = kind.strip_suffix("[]") {
        return json!({"type": "array", "items": short(inner)});
    }
    if let Some(inner) = kind.strip_suffix("{}") {
        return json!({"type": "object", "additionalProperties": short(inner)});
    }
    if let Some(name) = kind.strip_prefix('#') {
        return reference(name);
    }
    if kind.starts_with('\'') {
        let texts: Vec<&str> = kind.split('|').map(|it| it.trim_matches('\'')).collect();
        return json!({"type": "string", "enum": texts});
    }
    match kind {
        "any" => reference("Json"),
        "uuid" => json!({"type": "string", "format": "uuid"}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "object" => short("any{}"),
        other => json!({"type": other}),
    }
}

fn nullable(mut schema: Json) -> Json {
    match schema.get("type").and_then(Json::as_str).map(str::to_owned) {
        Some(kind) => {
            schema["type"] = json!([kind, "null"]);
            if let Some(texts) = schema.get_mut("enum").and_then(Json::as_array_mut) {
                texts.push(Json::Null);
            }
            schema
        }
        None if schema.get("$ref").is_some() => json!({"anyOf": [schema, {"type": "null"}]}),
        None => schema,
    }
}
