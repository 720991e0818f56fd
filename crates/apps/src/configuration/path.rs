//! Paths into a document: `criteria.*.weight`. Names are joined with dots, `*` is every entry, and the
//! entries of a list have numbers from 0.

use serde_json::Value as Json;

use crate::field;

/// The value at a path without `*`; the empty path is the whole.
pub fn get<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    names(path).try_fold(value, step)
}

/// Every place that a path means: its pointer, and what stands there. What is not there has a place
/// too, as far as its name is known.
pub fn places<'a>(value: &'a Json, path: &str) -> Vec<(String, Option<&'a Json>)> {
    let mut found = vec![(String::new(), Some(value))];
    for name in names(path) {
        found = found.into_iter().flat_map(|(pointer, at)| inner(&pointer, at, name)).collect();
    }
    found
}

/// The JSON pointer of a path without `*`.
pub fn pointer(path: &str) -> String {
    names(path).fold(String::new(), |pointer, name| field::pointer_to(&pointer, name))
}

/// The document and the path in it: `llm.retry.times` is `llm` and `retry.times`.
pub fn split(path: &str) -> (&str, &str) {
    path.split_once('.').unwrap_or((path, ""))
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|it| !it.is_empty())
}

fn step<'a>(value: &'a Json, name: &str) -> Option<&'a Json> {
    match value {
        Json::Object(object) => object.get(name),
        Json::Array(entries) => entries.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn inner<'a>(pointer: &str, at: Option<&'a Json>, name: &str) -> Vec<(String, Option<&'a Json>)> {
    if name != "*" {
        return vec![(field::pointer_to(pointer, name), at.and_then(|it| step(it, name)))];
    }
    match at {
        Some(Json::Object(object)) => object
            .iter()
            .map(|(key, value)| (field::pointer_to(pointer, key), Some(value)))
            .collect(),
        Some(Json::Array(entries)) => entries
            .iter()
            .enumerate()
            .map(|(number, value)| (format!("{pointer}/{number}"), Some(value)))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &[(&str, Json)]) {
        let value =
            json!({"criteria": [{"weight": 60}, {"name": "b"}], "by": {"a/b": {"weight": 1}}});
        let found: Vec<(String, Json)> = places(&value, path)
            .into_iter()
            .map(|(pointer, it)| (pointer, it.cloned().unwrap_or_else(|| json!("-"))))
            .collect();
        let expected: Vec<(String, Json)> =
            expected.iter().map(|(pointer, it)| ((*pointer).to_owned(), it.clone())).collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn a_star_is_every_entry_of_a_list_or_an_object() {
        check(
            "criteria.*.weight",
            &[("/criteria/0/weight", json!(60)), ("/criteria/1/weight", json!("-"))],
        );
        check("by.*.weight", &[("/by/a~1b/weight", json!(1))]);
        check("by.*.*", &[("/by/a~1b/weight", json!(1))]);
        check("nothing.*", &[]);
    }

    #[test]
    fn what_is_not_there_has_a_place_all_the_same() {
        check("criteria.1.weight", &[("/criteria/1/weight", json!("-"))]);
        check("nothing.at.all", &[("/nothing/at/all", json!("-"))]);
    }

    #[test]
    fn a_document_stands_before_the_path_in_it() {
        assert_eq!(split("llm.retry.times"), ("llm", "retry.times"));
        assert_eq!(split("rubric"), ("rubric", ""));
        assert_eq!(pointer("criteria.0.a"), "/criteria/0/a");
        assert_eq!(get(&json!({"a": [1, 2]}), "a.1"), Some(&json!(2)));
        assert_eq!(get(&json!({"a": 1}), ""), Some(&json!({"a": 1})));
    }
}
