//! What a schema gives where nothing is said: each `default`, laid into what is there.
//!
//! Objects are gone into, and the entries of lists; nothing is made for the sake of what would lie in it, and what
//! says itself that it holds nothing goes on saying so. `$ref` and `allOf` are followed, of `anyOf` and `oneOf` the
//! only way that an object or a list may go; conditions (`if`) are not, nor a schema that holds itself.

use serde_json::Value as Json;

use super::{Fault, Kinds, Schema};
use crate::field::pointer_to;

/// Keys of a schema under which there is data and no schema.
pub(super) const DATA: [&str; 4] = ["const", "enum", "default", "examples"];

/// Keys of a schema that hold several, of which one is meant.
const WAYS: [&str; 2] = ["anyOf", "oneOf"];

/// Is there any default in a schema?
pub(super) fn any(schema: &Json) -> bool {
    match schema {
        Json::Object(fields) => fields.contains_key("default") || fields.values().any(any),
        Json::Array(entries) => entries.iter().any(any),
        _ => false,
    }
}

/// What a field is by its schema where nothing is said of it.
pub(super) fn of(schema: &Json) -> Option<&Json> {
    let own = schema.get("default");
    own.or_else(|| listed(schema, "allOf").find_map(of)).filter(|it| !it.is_null())
}

/// Lays the defaults of a schema into a value, of its fields only into those that `is_meant`.
pub(super) fn lay(schema: &Json, value: &mut Json, is_meant: &dyn Fn(&str) -> bool) {
    for part in parts(schema) {
        match value {
            Json::Object(fields) => {
                let declared = part.get("properties").and_then(Json::as_object);
                for (name, inner) in declared.into_iter().flatten().filter(|it| is_meant(it.0)) {
                    if let (None, Some(default)) = (fields.get(name), of(inner)) {
                        fields.insert(name.clone(), default.clone());
                    }
                    if let Some(there) = fields.get_mut(name) {
                        lay(inner, there, &|_| true);
                    }
                }
                // Where names have patterns, "the others" are those that fit none: nobody asks that here.
                let is_of_all = part.get("patternProperties").is_none();
                let others = part.get("additionalProperties").filter(|_| is_of_all);
                let Some(others) = others else { continue };
                let is_other = |name: &str| declared.is_none_or(|it| !it.contains_key(name));
                for (_, there) in fields.iter_mut().filter(|it| is_other(it.0) && is_meant(it.0)) {
                    lay(others, there, &|_| true);
                }
            }
            Json::Array(entries) => {
                // Behind the first entries, which have their own, it speaks of the rest alone.
                let is_of_all = part.get("prefixItems").is_none();
                let Some(items) = part.get("items").filter(|_| is_of_all) else { continue };
                entries.iter_mut().for_each(|it| lay(items, it, &|_| true));
            }
            _ => {}
        }
    }
}

/// Is a field completed of which nothing is said?
pub(super) fn completes(schema: &Json, path: &str) -> bool {
    match path.split_once('.') {
        Some((name, deeper)) => declared(schema, name).any(|it| completes(it, deeper)),
        None => declared(schema, path).any(|it| of(it).is_some()),
    }
}

/// Takes out of what is required, at any depth, all that is completed.
pub(super) fn unrequire(schema: &mut Json) {
    match schema {
        Json::Object(_) => {
            let is_completed = |name: &&str| declared(schema, name).any(|it| of(it).is_some());
            let required = listed(schema, "required").filter_map(Json::as_str);
            let completed: Vec<Json> = required.filter(is_completed).map(Json::from).collect();
            let closed = closed(schema);
            let Json::Object(fields) = schema else { return };
            if let Some(Json::Array(required)) = fields.get_mut("required") {
                required.retain(|it| !completed.contains(it));
            }
            let is_open = |key: &str| !DATA.contains(&key) && !closed.contains(&key);
            let inner = fields.iter_mut().filter(|it| is_open(it.0));
            inner.for_each(|it| unrequire(it.1));
        }
        Json::Array(entries) => entries.iter_mut().for_each(unrequire),
        _ => {}
    }
}

/// Keys of a schema below which nothing is laid in.
fn closed(schema: &Json) -> Vec<&'static str> {
    let mut closed = vec!["patternProperties", "prefixItems"];
    closed.extend(WAYS.into_iter().filter(|it| only_way(schema, it).is_none()));
    if schema.get("patternProperties").is_some() {
        closed.push("additionalProperties");
    }
    if schema.get("prefixItems").is_some() {
        closed.push("items");
    }
    closed
}

/// Adds the defaults that do not fit the schema at which they stand, pointing into the schema.
pub(super) fn unfit(schema: &Json, pointer: &str, found: &mut Vec<Fault>) {
    match schema {
        Json::Object(fields) => {
            if let (Some(default), Ok(own)) = (fields.get("default"), Schema::compile(schema)) {
                let mut default = default.clone();
                own.complete(&mut default, None);
                let faults = own.check(&default).err().unwrap_or_default();
                let at = pointer_to(pointer, "default");
                let fault = |it: Fault| Fault { pointer: format!("{at}{}", it.pointer), ..it };
                found.extend(faults.into_iter().map(fault));
            }
            for (key, inner) in fields.iter().filter(|it| !DATA.contains(&it.0.as_str())) {
                unfit(inner, &pointer_to(pointer, key), found);
            }
        }
        Json::Array(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                unfit(inner, &format!("{pointer}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// The schema itself, and those that hold together with it.
fn parts(schema: &Json) -> Vec<&Json> {
    let mut all = vec![schema];
    all.extend(listed(schema, "allOf").flat_map(parts));
    all.extend(WAYS.into_iter().filter_map(|key| only_way(schema, key)).flat_map(parts));
    all
}

/// The only way that an object or a list may go. Of several nobody knows which one is meant.
fn only_way<'a>(schema: &'a Json, key: &str) -> Option<&'a Json> {
    let mut ways = listed(schema, key).filter(|it| {
        let kinds = Kinds::of(it);
        kinds.object || kinds.list
    });
    ways.next().filter(|_| ways.next().is_none())
}

/// What is said of a field by all that holds together with a schema.
fn declared<'a>(schema: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> {
    parts(schema).into_iter().filter_map(move |it| it.get("properties")?.get(name))
}

fn listed<'a>(schema: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    schema.get(key).and_then(Json::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn becomes(properties: Json, given: Json, expected: Json) {
        let schema = Schema::compile(&json!({
            "type": "object", "properties": properties,
            "$defs": {"judge": {"type": "object", "properties": {
                "name": {"type": "string"}, "role": {"type": "string", "default": "Judge"}
            }}}
        }));
        let mut value = given;
        schema.expect("a schema").complete(&mut value, None);
        assert_eq!(value, expected);
    }

    #[test]
    fn what_is_not_said_is_what_the_schema_says_at_any_depth() {
        let judge = json!({"$ref": "#/$defs/judge"});
        becomes(
            json!({"open": {"type": "boolean", "default": true}}),
            json!({}),
            json!({"open": true}),
        );
        becomes(
            json!({"head": judge, "all": {"type": "array", "items": judge}}),
            json!({"head": {}, "all": [{"name": "Ann"}, {"name": "Bo", "role": "Vet"}, 3]}),
            json!({
                "head": {"role": "Judge"},
                "all": [{"name": "Ann", "role": "Judge"}, {"name": "Bo", "role": "Vet"}, 3]
            }),
        );
        becomes(
            json!({"by_day": {"type": "object", "additionalProperties": {"type": "array", "items": judge}}}),
            json!({"by_day": {"monday": [{}]}}),
            json!({"by_day": {"monday": [{"role": "Judge"}]}}),
        );
        // What is given for the whole is completed as well.
        becomes(
            json!({"head": {"$ref": "#/$defs/judge", "default": {"name": "Ann"}}}),
            json!({}),
            json!({"head": {"name": "Ann", "role": "Judge"}}),
        );
    }

    #[test]
    fn nothing_is_made_for_the_sake_of_what_would_lie_in_it() {
        let judge = json!({"$ref": "#/$defs/judge"});
        for given in [json!({}), json!({"head": null}), json!({"all": []})] {
            let properties = json!({"head": judge, "all": {"type": "array", "items": judge}});
            becomes(properties, given.clone(), given);
        }
        becomes(
            json!({"head": judge}),
            json!({"head": {"role": null}}),
            json!({"head": {"role": null}}),
        );
        becomes(json!({"a": {"type": ["string", "null"], "default": null}}), json!({}), json!({}));
    }

    #[test]
    fn what_is_said_of_the_others_is_not_laid_into_those_that_have_their_own() {
        let judge = json!({"$ref": "#/$defs/judge"});
        becomes(
            json!({"by_day": {"type": "object", "patternProperties": {"^x-": {}}, "additionalProperties": judge}}),
            json!({"by_day": {"x-note": {}}}),
            json!({"by_day": {"x-note": {}}}),
        );
        becomes(
            json!({"all": {"type": "array", "prefixItems": [{"type": "object"}], "items": judge}}),
            json!({"all": [{}]}),
            json!({"all": [{}]}),
        );
    }

    #[test]
    fn what_holds_together_is_followed_and_what_may_be_one_of_several_is_not() {
        let judge = json!({"$ref": "#/$defs/judge"});
        let vet = json!({"type": "object", "properties": {"horses": {"default": 2}}});
        let one = |schema: Json, expected: Json| {
            becomes(json!({"who": schema}), json!({"who": {}}), json!({"who": expected}));
        };
        one(json!({"allOf": [judge, vet]}), json!({"role": "Judge", "horses": 2}));
        one(json!({"anyOf": [judge, {"type": "null"}]}), json!({"role": "Judge"}));
        one(json!({"oneOf": [judge, vet]}), json!({}));
        becomes(json!({"n": {"allOf": [{"default": 2}]}}), json!({}), json!({"n": 2}));
        becomes(
            json!({"n": {"allOf": [{"default": 2}], "default": 3}}),
            json!({}),
            json!({"n": 3}),
        );
    }

    #[test]
    fn what_need_not_be_said_is_what_is_laid_in() {
        let judge = json!({"type": "object", "required": ["role"], "properties": {"role": {"default": "Judge"}}});
        let vet = json!({"type": "object", "required": ["horses"], "properties": {"horses": {"type": "integer"}}});
        let schema = Schema::compile(&json!({"type": "object", "properties": {
            "one": {"anyOf": [judge, {"type": "null"}]}, "some": {"anyOf": [judge, vet]},
            "all": {"required": ["role"], "allOf": [{"properties": {"note": {}}}, judge]}
        }}));
        let schema = schema.expect("a schema");
        let rows = schema.requiring(&[]).expect("a schema of rows");
        for (name, is_laid_in) in [("one", true), ("some", false), ("all", true)] {
            assert_eq!(schema.completes(&format!("{name}.role")), is_laid_in, "{name}");
            let mut value = json!({name: {}});
            assert_eq!(rows.is_valid(&value), is_laid_in, "{name} of a row");
            schema.complete(&mut value, None);
            assert_eq!(value.pointer(&format!("/{name}/role")).is_some(), is_laid_in, "{name}");
        }
    }

    #[test]
    fn of_a_change_only_what_it_names_is_completed() {
        let judge = json!({"type": "object", "properties": {"role": {"default": "Judge"}}});
        let schema = Schema::compile(&json!({"properties": {
            "open": {"default": true}, "head": judge, "all": {"type": "array", "items": judge}
        }}));
        let mut value = json!({"head": {}, "all": [{}]});
        schema.expect("a schema").complete(&mut value, Some(&["all"]));
        assert_eq!(value, json!({"head": {}, "all": [{"role": "Judge"}]}));
    }

    #[test]
    fn a_default_that_does_not_fit_is_told_where_it_stands() {
        let schema = Schema::compile(&json!({"properties": {
            "open": {"type": "boolean", "default": "yes"},
            "all": {"type": "array", "items": {"type": "object", "required": ["role"],
                "properties": {"role": {"type": "string", "default": "Judge"}}, "default": {}}}
        }}));
        let faults = schema.expect("a schema").unfit_defaults();
        let told: Vec<&str> = faults.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(told, ["/properties/open/default"], "{faults:?}");
    }
}
