//! The smallest value that is valid by a schema: fields that must be there, the first of the
//! allowed values, the least of numbers and lengths. Not every schema can be served: patterns and
//! the like would have to be solved, and a value that is not valid is not given.

use std::cell::Cell;

use serde_json::{Map, Value as Json, json};

/// Deeper is a schema that goes on for ever.
const DEPTH_MAX: usize = 32;
/// So much is tried: choices among choices grow faster than anybody waits.
const STEPS_MAX: u32 = 20_000;
/// Longer texts and lists are asked for by mistake.
const LENGTH_MAX: u64 = 10_000;

/// A small valid value; none when no way to one is known.
pub(super) fn smallest(schema: &Json) -> Option<Json> {
    let made = Maker { root: schema, steps_left: Cell::new(STEPS_MAX) }.make(schema, 0)?;
    let validator = jsonschema::validator_for(schema).ok()?;
    validator.is_valid(&made).then_some(made)
}

struct Maker<'a> {
    root: &'a Json,
    steps_left: Cell<u32>,
}

impl Maker<'_> {
    fn make(&self, schema: &Json, depth: usize) -> Option<Json> {
        let steps_left = self.steps_left.get().checked_sub(1)?;
        self.steps_left.set(steps_left);
        if depth > DEPTH_MAX {
            return None;
        }
        let schema = match schema {
            Json::Bool(true) => return Some(Json::Null),
            Json::Object(map) => map,
            _ => return None,
        };
        if let Some(value) = schema.get("const") {
            return Some(value.clone());
        }
        if let Some(Json::Array(values)) = schema.get("enum") {
            return values.first().cloned();
        }
        if let Some(path) = schema.get("$ref").and_then(Json::as_str) {
            let target = self.root.pointer(path.strip_prefix('#')?)?;
            return self.make(target, depth + 1);
        }
        if let Some(Json::Array(all)) = schema.get("allOf") {
            return self.make(&merged(schema, all, self.root)?, depth + 1);
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(Json::Array(all)) = schema.get(choice) {
                let mut rest = schema.clone();
                rest.shift_remove(choice);
                return all.iter().find_map(|it| {
                    let both = merged(&rest, std::slice::from_ref(it), self.root)?;
                    self.make(&both, depth + 1)
                });
            }
        }
        self.of_type(schema, type_of(schema), depth)
    }

    fn of_type(&self, schema: &Map<String, Json>, kind: &str, depth: usize) -> Option<Json> {
        match kind {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => text(schema),
            "integer" => number(schema, true),
            "number" => number(schema, false),
            "boolean" => Some(false.into()),
            "null" => Some(Json::Null),
            _ => None,
        }
    }

    fn object(&self, schema: &Map<String, Json>, depth: usize) -> Option<Json> {
        let of = |name: &str| schema.get("properties").and_then(|it| it.get(name));
        let others = schema.get("additionalProperties");
        let mut out = Map::new();
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        for name in required.filter_map(Json::as_str) {
            let value = match of(name).or(others) {
                Some(schema) => self.make(schema, depth + 1)?,
                None => Json::Null,
            };
            out.insert(name.to_owned(), value);
        }
        let least = schema.get("minProperties").and_then(Json::as_u64).unwrap_or(0);
        let known = schema.get("properties").and_then(Json::as_object).into_iter().flatten();
        for (name, schema) in known {
            if out.len() as u64 >= least {
                break;
            }
            if !out.contains_key(name) {
                out.insert(name.clone(), self.make(schema, depth + 1)?);
            }
        }
        Some(out.into())
    }

    fn array(&self, schema: &Map<String, Json>, depth: usize) -> Option<Json> {
        let least = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0);
        if least > LENGTH_MAX {
            return None;
        }
        let first = schema.get("prefixItems").and_then(Json::as_array);
        let mut out = Vec::new();
        for at in 0..usize::try_from(least).ok()? {
            let item = first.and_then(|it| it.get(at)).or_else(|| schema.get("items"));
            out.push(match item {
                Some(item) => self.make(item, depth + 1)?,
                None => Json::Null,
            });
        }
        if schema.get("uniqueItems") == Some(&Json::Bool(true)) {
            differ(&mut out, schema.get("items"));
        }
        Some(out.into())
    }
}

/// Makes equal items of a list different: by the next allowed value, by counting on, by a number
/// at the end.
fn differ(items: &mut [Json], schema: Option<&Json>) {
    let allowed = schema.and_then(|it| it.get("enum")).and_then(Json::as_array);
    for (at, item) in items.iter_mut().enumerate().skip(1) {
        if let Some(next) = allowed.and_then(|it| it.get(at)) {
            *item = next.clone();
        } else if let Some(number) = item.as_i64() {
            *item = number.saturating_add(i64::try_from(at).unwrap_or(0)).into();
        } else if let Some(text) = item.as_str() {
            *item = format!("{text}{at}").into();
        }
    }
}

/// One schema that says what several say, as far as their words do not meet; lists of fields that
/// must be there and their schemas are joined.
fn merged(base: &Map<String, Json>, others: &[Json], root: &Json) -> Option<Json> {
    let mut out = base.clone();
    out.shift_remove("allOf");
    for other in others {
        let other = match other.get("$ref").and_then(Json::as_str) {
            Some(path) => root.pointer(path.strip_prefix('#')?)?,
            None => other,
        };
        for (name, value) in other.as_object()? {
            match (out.get_mut(name), value) {
                (Some(Json::Object(mine)), Json::Object(theirs)) => {
                    mine.extend(theirs.iter().map(|(name, it)| (name.clone(), it.clone())));
                }
                (Some(Json::Array(mine)), Json::Array(theirs)) if name == "required" => {
                    mine.extend(theirs.iter().cloned());
                }
                _ => {
                    out.insert(name.clone(), value.clone());
                }
            }
        }
    }
    Some(out.into())
}

/// The type of a schema: what it says, the first of several, or what its words belong to.
fn type_of(schema: &Map<String, Json>) -> &str {
    let has = |all: &[&str]| all.iter().any(|it| schema.contains_key(*it));
    match schema.get("type") {
        Some(Json::String(kind)) => kind,
        Some(Json::Array(all)) => all.first().and_then(Json::as_str).unwrap_or("null"),
        _ if has(&["properties", "required", "additionalProperties", "minProperties"]) => "object",
        _ if has(&["items", "prefixItems", "minItems"]) => "array",
        _ if has(&["minLength", "maxLength", "pattern", "format"]) => "string",
        _ if has(&["minimum", "maximum", "exclusiveMinimum", "multipleOf"]) => "number",
        _ => "null",
    }
}

fn text(schema: &Map<String, Json>) -> Option<Json> {
    let known = match schema.get("format").and_then(Json::as_str) {
        Some("date-time") => "1970-01-01T00:00:00Z",
        Some("date") => "1970-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "PT0S",
        Some("uuid") => "00000000-0000-0000-0000-000000000000",
        Some("email") => "nobody@example.invalid",
        Some("hostname") => "example.invalid",
        Some("ipv4") => "0.0.0.0",
        Some("ipv6") => "::",
        Some("uri" | "iri") => "about:blank",
        _ => "",
    };
    let least = schema.get("minLength").and_then(Json::as_u64).unwrap_or(0);
    if least > LENGTH_MAX {
        return None;
    }
    let missing = usize::try_from(least).ok()?.saturating_sub(known.chars().count());
    let made: Json = format!("{known}{}", "x".repeat(missing)).into();
    // Of several choices one with a pattern is passed over, unless it happens to match.
    let pattern = schema.get("pattern").map(|it| json!({"pattern": it}));
    let matches = |it: Json| jsonschema::validator_for(&it).is_ok_and(|it| it.is_valid(&made));
    pattern.is_none_or(matches).then_some(made)
}

/// The allowed number nearest to zero from above, else the greatest allowed.
fn number(schema: &Map<String, Json>, is_whole: bool) -> Option<Json> {
    let bound = |name: &str| schema.get(name).and_then(Json::as_f64);
    let step = bound("multipleOf").filter(|it| *it > 0.0);
    let step = if is_whole { Some(step.unwrap_or(1.0)) } else { step };
    let mut value = bound("minimum").unwrap_or(f64::NEG_INFINITY);
    if let Some(above) = bound("exclusiveMinimum") {
        value = value.max(above + step.unwrap_or(1.0).min(1.0));
    }
    let mut most = bound("maximum").unwrap_or(f64::INFINITY);
    if let Some(below) = bound("exclusiveMaximum") {
        most = most.min(below - step.unwrap_or(1.0).min(1.0));
    }
    if let (Some(above), Some(below)) = (bound("exclusiveMinimum"), bound("exclusiveMaximum"))
        && step.is_none()
        && value > most
    {
        // Between two bounds that are near.
        return serde_json::Number::from_f64(f64::midpoint(above, below)).map(Json::Number);
    }
    let mut value = if value <= 0.0 { 0.0_f64.min(most).max(value) } else { value };
    if let Some(step) = step {
        let up = (value / step).ceil() * step;
        value = if up <= most { up } else { (value / step).floor() * step };
    }
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Some(json!(value as i64));
    }
    serde_json::Number::from_f64(value).map(Json::Number)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::required(
        json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer", "minimum": 3}, "c": {}}, "required": ["a", "b"]}),
        json!({"a": "", "b": 3})
    )]
    #[case::first_value(json!({"enum": ["red", "green"]}), json!("red"))]
    #[case::constant(json!({"const": 7}), json!(7))]
    #[case::lengths(json!({"type": "string", "minLength": 2}), json!("xx"))]
    #[case::date(json!({"type": "string", "format": "date"}), json!("1970-01-01"))]
    #[case::items(json!({"type": "array", "items": {"type": "boolean"}, "minItems": 2}), json!([false, false]))]
    #[case::unique(json!({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": true}), json!(["a", "b"]))]
    #[case::choice(json!({"anyOf": [{"type": "string", "pattern": "^[0-9]$"}, {"type": "null"}]}), json!(null))]
    #[case::nullable(json!({"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1}), json!(1))]
    #[case::near_bounds(json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}), json!(0.5))]
    #[case::steps(json!({"type": "integer", "minimum": 4, "multipleOf": 3}), json!(6))]
    #[case::below_zero(json!({"type": "integer", "maximum": -2}), json!(-2))]
    #[case::by_reference(
        json!({"$defs": {"n": {"type": "object", "properties": {"v": {"type": "integer"}}, "required": ["v"]}}, "$ref": "#/$defs/n"}),
        json!({"v": 0})
    )]
    #[case::all_of(
        json!({"allOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {"const": 2}}, "required": ["b"]}]}),
        json!({"a": 1, "b": 2})
    )]
    fn the_smallest_valid_value_is_given(#[case] schema: Json, #[case] expected: Json) {
        assert_eq!(smallest(&schema), Some(expected));
    }

    #[rstest]
    #[case::a_pattern(json!({"type": "string", "pattern": "^[A-Z]{3}$"}))]
    #[case::without_end(json!({"$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"]}}, "$ref": "#/$defs/n"}))]
    #[case::nothing(json!(false))]
    #[case::choices_without_end(json!({"$defs": {"n": {"anyOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}}, "$ref": "#/$defs/n"}))]
    #[case::no_pattern(json!({"type": "string", "pattern": "("}))]
    #[case::elsewhere(json!({"$ref": "https://example.invalid/schema"}))]
    fn what_cannot_be_made_is_not_made_up(#[case] schema: Json) {
        assert_eq!(smallest(&schema), None);
    }
}
