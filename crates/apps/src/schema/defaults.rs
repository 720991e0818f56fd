//! What a schema gives where nothing is said: each `default`, laid into what is there.
//!
//! Objects are gone into, and the entries of lists; nothing is made for the sake of what would lie in it, and what
//! says itself that it holds nothing goes on saying so. `$ref` and `allOf` are followed, of `anyOf` and `oneOf` the
//! only way that an object or a list may go; conditions (`if`) are not, nor a schema that holds itself.

use serde_json::Value as Json;

use super::{Fault, Kinds, Schema, properties};
use crate::field::pointer_to;

/// Keys of a schema under which there is data and no schema.
pub(super) const DATA: [&str; 4] = ["const", "enum", "default", "examples"];

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

/// Takes out of what is required, at any depth, all that is completed.
pub(super) fn unrequire(schema: &mut Json) {
    match schema {
        Json::Object(_) => {
            let all = properties(schema).cloned().unwrap_or_default();
            let is_completed = |it: &Json| it.as_str().and_then(|it| of(all.get(it)?)).is_some();
            let Json::Object(fields) = schema else { return };
            if let Some(Json::Array(required)) = fields.get_mut("required") {
                required.retain(|it| !is_completed(it));
            }
            let inner = fields.iter_mut().filter(|it| !DATA.contains(&it.0.as_str()));
            inner.for_each(|it| unrequire(it.1));
        }
        Json::Array(entries) => entries.iter_mut().for_each(unrequire),
        _ => {}
    }
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
    for key in ["anyOf", "oneOf"] {
        let mut ways = listed(schema, key).filter(|it| {
            let kinds = Kinds::of(it);
            kinds.object || kinds.list
        });
        // Of several nobody knows which one is meant.
        if let (Some(way), None) = (ways.next(), ways.next()) {
            all.extend(parts(way));
        }
    }
    all
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
