//! Schemas in the subset that Anthropic's structured outputs take: objects are closed, and what the
//! subset has no word for is told in the description, where the model may still heed it. What is
//! valid by the result is valid by the original but for those words.

use serde_json::{Map, Value as Json, json};

const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// The schema as it is taken. None for one with open objects: closed, they would be empty.
pub(super) fn accepted(schema: &Json) -> Option<Json> {
    let Json::Object(given) = schema else { return Some(schema.clone()) };
    let mut given = given.clone();
    let mut taken = Map::new();
    for definitions in ["$defs", "definitions"] {
        if let Some(Json::Object(all)) = given.shift_remove(definitions) {
            taken.insert(definitions.into(), each(&all)?.into());
        }
    }
    if let Some(reference) = given.shift_remove("$ref") {
        taken.insert("$ref".into(), reference);
        return Some(taken.into());
    }
    for literal in ["enum", "const"] {
        if given.get(literal).is_some_and(is_plain) {
            keep(literal, &mut given, &mut taken);
        }
    }
    let has_literals = taken.contains_key("enum") || taken.contains_key("const");
    for (name, as_name) in [("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")] {
        if let Some(Json::Array(all)) = given.get(name)
            && !taken.contains_key(as_name)
        {
            let all: Option<Vec<Json>> = all.iter().map(accepted).collect();
            taken.insert(as_name.into(), all?.into());
            given.shift_remove(name);
        }
    }
    // Without a type it is the one that its words belong to.
    let implied = [("properties", "object"), ("items", "array")]
        .into_iter()
        .find(|(name, _)| given.contains_key(*name))
        .map(|(_, kind)| Json::from(kind));
    let kind = given.shift_remove("type").or(implied);
    if kind.as_ref().and_then(Json::as_array).is_some_and(|it| it.contains(&"object".into())) {
        // One of several types: there is no word for the fields of one of them.
        return None;
    }
    let word = kind.as_ref().and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Some(kind) = kind.filter(|_| !has_literals) {
        taken.insert("type".into(), kind);
    }
    for name in ["description", "title"] {
        keep(name, &mut given, &mut taken);
    }
    match word.as_str() {
        "object" => object(&mut given, &mut taken)?,
        "array" => {
            if let Some(items) = given.shift_remove("items") {
                taken.insert("items".into(), accepted(&items)?);
            }
            if given.get("minItems").and_then(Json::as_u64).is_some_and(|it| it <= 1) {
                keep("minItems", &mut given, &mut taken);
            }
        }
        "string" if is_known_format(&given) => keep("format", &mut given, &mut taken),
        _ => {}
    }
    // Notes for readers, which bind nobody.
    for note in ["$schema", "$id", "$comment", "default", "examples"] {
        given.shift_remove(note);
    }
    if !given.is_empty() {
        let rest: Vec<String> = given.iter().map(|(name, it)| format!("{name}: {it}")).collect();
        let before = taken.get("description").and_then(Json::as_str).unwrap_or_default();
        let gap = if before.is_empty() { "" } else { "\n\n" };
        let text = format!("{before}{gap}{{{}}}", rest.join(", "));
        taken.insert("description".into(), text.into());
    }
    Some(taken.into())
}

fn object(given: &mut Map<String, Json>, taken: &mut Map<String, Json>) -> Option<()> {
    let others = given.shift_remove("additionalProperties").unwrap_or(Json::Bool(true));
    let properties = match given.shift_remove("properties") {
        Some(Json::Object(all)) if !all.is_empty() => each(&all)?,
        _ if others == Json::Bool(false) => Map::new(),
        _ => return None,
    };
    if others.is_object() || given.contains_key("patternProperties") {
        return None;
    }
    taken.insert("properties".into(), properties.into());
    taken.insert("additionalProperties".into(), json!(false));
    keep("required", given, taken);
    Some(())
}

fn keep(name: &str, given: &mut Map<String, Json>, taken: &mut Map<String, Json>) {
    if let Some(value) = given.shift_remove(name) {
        taken.insert(name.into(), value);
    }
}

fn is_known_format(given: &Map<String, Json>) -> bool {
    given.get("format").and_then(Json::as_str).is_some_and(|it| FORMATS.contains(&it))
}

fn each(all: &Map<String, Json>) -> Option<Map<String, Json>> {
    all.iter().map(|(name, it)| Some((name.clone(), accepted(it)?))).collect()
}

fn is_plain(value: &Json) -> bool {
    match value {
        Json::Array(all) => {
            !all.is_empty() && all.iter().all(|it| !it.is_array() && !it.is_object())
        }
        Json::Object(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::closed(
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false, "required": ["a"]})
    )]
    #[case::told_in_words(
        json!({"type": "integer", "description": "How many.", "minimum": 1}),
        json!({"type": "integer", "description": "How many.\n\n{minimum: 1}"})
    )]
    #[case::one_of(
        json!({"oneOf": [{"type": "null"}, {"type": "boolean"}]}),
        json!({"anyOf": [{"type": "null"}, {"type": "boolean"}]})
    )]
    #[case::literals(json!({"type": "string", "enum": ["a"]}), json!({"enum": ["a"]}))]
    #[case::definitions(
        json!({"$defs": {"n": {"type": "number", "maximum": 2}}, "$ref": "#/$defs/n"}),
        json!({"$defs": {"n": {"type": "number", "description": "{maximum: 2}"}}, "$ref": "#/$defs/n"})
    )]
    #[case::without_its_type(
        json!({"properties": {"a": {"type": ["string", "null"]}}}),
        json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "additionalProperties": false})
    )]
    #[case::array(
        json!({"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 1}),
        json!({"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 1})
    )]
    fn a_schema_keeps_what_the_subset_knows(#[case] given: Json, #[case] expected: Json) {
        assert_eq!(accepted(&given), Some(expected));
    }

    #[rstest]
    #[case(json!({"type": "object"}))]
    #[case(json!({"type": "object", "additionalProperties": {"type": "integer"}}))]
    #[case(json!({"type": "array", "items": {"type": "object", "properties": {}}}))]
    #[case(json!({"type": ["object", "null"], "properties": {"a": {"type": "string"}}}))]
    fn an_open_object_is_not_closed_in_silence(#[case] given: Json) {
        assert_eq!(accepted(&given), None);
    }
}
