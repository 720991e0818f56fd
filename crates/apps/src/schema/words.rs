//! Faults in words for people.

use std::collections::BTreeSet;

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value as Json;

use super::Fault;
use crate::field;

/// The rules of JSON Schema that `schema` itself breaks, pointing into it.
pub(crate) fn metaschema_faults(schema: &Json) -> Vec<Fault> {
    if !schema.is_object() && !schema.is_boolean() {
        return vec![Fault {
            pointer: String::new(),
            message: "must be an object".into(),
            hint: None,
        }];
    }
    let mut faults: Vec<Fault> = Vec::new();
    match jsonschema::meta::validator_for(schema) {
        Ok(meta) => {
            for error in meta.iter_errors(schema) {
                describe(&error, &|_| Vec::new(), &mut faults);
            }
        }
        Err(error) => faults.push(Fault {
            pointer: "/$schema".into(),
            message: error.to_string(),
            hint: Some("use https://json-schema.org/draft/2020-12/schema".into()),
        }),
    }
    let mut seen = BTreeSet::new();
    faults.retain(|it| seen.insert((it.pointer.clone(), it.message.clone())));
    faults
}

/// The faults of one error of the validator, in words for people.
pub(super) fn describe(
    error: &ValidationError<'_>,
    known_names: &dyn Fn(&ValidationError<'_>) -> Vec<String>,
    faults: &mut Vec<Fault>,
) {
    use ValidationErrorKind as Kind;
    let pointer = error.instance_path().to_string();
    let value: &Json = error.instance();
    let mut say = |message: String| {
        faults.push(Fault { pointer: pointer.clone(), message, hint: None });
    };
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            faults.push(Fault {
                pointer: field::pointer_to(&pointer, name),
                message: "is missing".into(),
                hint: None,
            });
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = known_names(error);
            for name in unexpected {
                let nearest = field::nearest(name, known.iter().map(String::as_str));
                let hint = match nearest {
                    Some(it) => Some(format!("did you mean `{it}`?")),
                    None if known.is_empty() => None,
                    None => Some(format!("known here: {}", known.join(", "))),
                };
                let pointer = field::pointer_to(&pointer, name);
                faults.push(Fault { pointer, message: "is not known here".into(), hint });
            }
        }
        Kind::Enum { options } => {
            let options: Vec<String> =
                options.as_array().into_iter().flatten().map(in_words).collect();
            faults.push(one_of(pointer, value, &options));
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            if let Some(words) = constants(context) {
                faults.push(one_of(pointer, value, &words));
            } else if let Some(way) = likeliest_way(context, pointer.len()) {
                way.iter().for_each(|it| describe(it, known_names, faults));
            } else {
                say(format!("must be {}", ways_in_words(context)));
            }
        }
        Kind::Type { kind } => {
            let expected = match kind {
                jsonschema::error::TypeKind::Single(it) => {
                    type_in_words(&it.to_string()).to_owned()
                }
                jsonschema::error::TypeKind::Multiple(set) => {
                    let mut names: Vec<String> =
                        set.iter().map(|it| type_in_words(&it.to_string()).to_owned()).collect();
                    names.sort_by_key(|it| it == "nothing");
                    names.join(" or ")
                }
            };
            say(format!("must be {expected}, not {}", kind_in_words(value)));
        }
        Kind::Constant { expected_value } => say(format!("must be {}", in_words(expected_value))),
        Kind::MaxLength { limit } => {
            let length = value.as_str().map_or(0, |it| it.chars().count());
            say(format!("is longer than {limit} characters (it has {length})"));
        }
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } => {
            say("must not be empty".into());
        }
        Kind::MinLength { limit } => say(format!("is shorter than {limit} characters")),
        Kind::Pattern { pattern } => say(format!("does not look as it must: `{pattern}`")),
        Kind::Format { format } => say(format!("is not {}", format_in_words(format))),
        Kind::Minimum { limit } => say(format!("must be at least {limit}")),
        Kind::Maximum { limit } => say(format!("must be at most {limit}")),
        Kind::ExclusiveMinimum { limit } => say(format!("must be more than {limit}")),
        Kind::ExclusiveMaximum { limit } => say(format!("must be less than {limit}")),
        Kind::MultipleOf { multiple_of } => say(format!("must be a multiple of {multiple_of}")),
        Kind::MinItems { limit } => say(format!("must have at least {limit} entries")),
        Kind::MaxItems { limit } => say(format!("must have at most {limit} entries")),
        Kind::AdditionalItems { limit } => say(format!("must have at most {limit} entries")),
        Kind::UniqueItems => say("must not have the same entry twice".into()),
        Kind::MinProperties { limit } => say(format!("must have at least {limit} fields")),
        Kind::MaxProperties { limit } => say(format!("must have at most {limit} fields")),
        Kind::FalseSchema => say("must not be given".into()),
        Kind::PropertyNames { error } => say(format!("has a field with a bad name: {error}")),
        _ => say(error.to_string()),
    }
}

fn one_of(pointer: String, value: &Json, options: &[String]) -> Fault {
    let hint = value
        .as_str()
        .and_then(|it| field::nearest(it, options.iter().map(String::as_str)))
        .map(|it| format!("did you mean `{it}`?"));
    Fault { pointer, message: format!("must be one of: {}", options.join(", ")), hint }
}

/// The words of a choice that is nothing but a choice of words.
fn constants(ways: &[Vec<ValidationError<'static>>]) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for way in ways {
        let [error] = way.as_slice() else { return None };
        match error.kind() {
            ValidationErrorKind::Constant { expected_value } => {
                words.push(in_words(expected_value));
            }
            ValidationErrorKind::Enum { options } => {
                words.extend(options.as_array().into_iter().flatten().map(in_words));
            }
            _ => return None,
        }
    }
    Some(words)
}

/// Of several ways to be right, the one that was probably meant: it fails deeper than at its kind.
fn likeliest_way<'a>(
    ways: &'a [Vec<ValidationError<'static>>],
    depth: usize,
) -> Option<&'a Vec<ValidationError<'static>>> {
    let fits_in_kind = |errors: &&Vec<ValidationError<'static>>| {
        !errors.iter().any(|it| {
            matches!(it.kind(), ValidationErrorKind::Type { .. })
                && it.instance_path().as_str().len() <= depth
        })
    };
    // What is missing tells more against a way than what is too much.
    let distance = |errors: &Vec<ValidationError<'static>>| -> usize {
        errors
            .iter()
            .map(|it| match it.kind() {
                ValidationErrorKind::Required { .. } => 2,
                ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.len(),
                _ => 1,
            })
            .sum()
    };
    ways.iter().filter(|it| !it.is_empty()).filter(fits_in_kind).min_by_key(|it| distance(it))
}

fn ways_in_words(ways: &[Vec<ValidationError<'static>>]) -> String {
    let mut said: Vec<String> = Vec::new();
    for error in ways.iter().filter_map(|it| it.first()) {
        let way = match error.kind() {
            ValidationErrorKind::Type { kind: jsonschema::error::TypeKind::Single(it) } => {
                type_in_words(&it.to_string()).to_owned()
            }
            ValidationErrorKind::Constant { expected_value } => in_words(expected_value),
            _ => "something else".to_owned(),
        };
        if !said.contains(&way) {
            said.push(way);
        }
    }
    said.join(" or ")
}

fn in_words(value: &Json) -> String {
    match value {
        Json::Null => "nothing".into(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn type_in_words(name: &str) -> &str {
    match name {
        "string" => "text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "null" => "nothing",
        "object" => "an object",
        "array" => "a list",
        other => other,
    }
}

fn kind_in_words(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

fn format_in_words(format: &str) -> String {
    match format {
        "uuid" => "a UUID".into(),
        "email" => "an e-mail address".into(),
        "date-time" => "a date with a time, like 2026-11-21T08:00:00Z".into(),
        "date" => "a date, like 2026-11-21".into(),
        "time" => "a time, like 08:00:00Z".into(),
        "uri" => "a web address, like https://example.com/page".into(),
        other => format!("a valid {other}"),
    }
}

pub(super) fn unusable_in_words(message: &str) -> String {
    let format = message.strip_prefix("Unknown format: '").and_then(|it| it.split_once('\''));
    format
        .map_or_else(|| message.to_owned(), |(name, _)| format!("the format `{name}` is not known"))
}

pub(super) fn list(faults: &[Fault]) -> String {
    let all: Vec<String> =
        faults.iter().map(|it| format!("{} {}", it.pointer, it.message)).collect();
    all.join("; ")
}
