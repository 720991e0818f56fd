//! Fields of a record by their dotted names: `metadata.unit` reaches into an object.
//!
//! Nothing here knows a schema; a path that is not there is simply not there.

use serde_json::{Map, Value as Json};

/// The data of a record.
pub type Data = Map<String, Json>;

/// The value at `path`, if there is one. `null` is a value.
pub fn get<'a>(data: &'a Data, path: &str) -> Option<&'a Json> {
    match path.split_once('.') {
        None => data.get(path),
        Some((first, rest)) => get(data.get(first)?.as_object()?, rest),
    }
}

/// Puts `value` at `path`. Objects in between are made; what is in the way and no object is replaced.
pub fn set(data: &mut Data, path: &str, value: Json) {
    let Some((first, rest)) = path.split_once('.') else {
        data.insert(path.to_owned(), value);
        return;
    };
    let inner = data.entry(first).or_insert_with(|| Json::Object(Map::new()));
    if !inner.is_object() {
        *inner = Json::Object(Map::new());
    }
    if let Json::Object(inner) = inner {
        set(inner, rest, value);
    }
}

/// Takes the value at `path` out. An object that loses its last field stays, empty.
pub fn remove(data: &mut Data, path: &str) -> Option<Json> {
    match path.split_once('.') {
        None => data.shift_remove(path),
        Some((first, rest)) => remove(data.get_mut(first)?.as_object_mut()?, rest),
    }
}

/// The field of a record in which `path` lies: `metadata` of `metadata.unit`.
pub(crate) fn top(path: &str) -> &str {
    path.split_once('.').map_or(path, |it| it.0)
}

/// The value as people read it in a table: text bare, nothing for `null`, objects and lists as JSON.
pub fn display(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Is there nothing at `path`: absent, `null`, or a text of nothing but spaces?
pub fn is_empty(data: &Data, path: &str) -> bool {
    match get(data, path) {
        None | Some(Json::Null) => true,
        Some(Json::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

/// The JSON pointer of a dotted name: `metadata.unit` is `/metadata/unit`.
pub fn pointer(path: &str) -> String {
    path.split('.').fold(String::new(), |pointer, it| pointer_to(&pointer, it))
}

/// The pointer of `key` inside what `parent` points at.
pub(crate) fn pointer_to(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The known name that `given` was probably meant to be.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|it| (strsim::normalized_damerau_levenshtein(&given, &it.to_lowercase()), it))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data(value: Json) -> Data {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_dotted_name_reaches_into_objects() {
        let item = data(json!({"code": "A", "metadata": {"unit": "EA", "sizes": {"inner": 8}}}));
        for (path, expected) in [
            ("code", Some(json!("A"))),
            ("metadata.unit", Some(json!("EA"))),
            ("metadata.sizes.inner", Some(json!(8))),
            ("metadata.colour", None),
            ("code.length", None),
            ("", None),
        ] {
            assert_eq!(get(&item, path), expected.as_ref(), "{path}");
        }
    }

    #[test]
    fn setting_makes_the_objects_in_between() {
        let mut item = Data::new();
        set(&mut item, "metadata.sizes.inner", json!(8));
        set(&mut item, "metadata.unit", json!("EA"));
        set(&mut item, "metadata.unit.kind", json!("count"));
        assert_eq!(
            Json::Object(item),
            json!({"metadata": {"sizes": {"inner": 8}, "unit": {"kind": "count"}}})
        );
    }

    #[test]
    fn removing_leaves_the_neighbours() {
        let mut item = data(json!({"metadata": {"unit": "EA", "size": 8}}));
        assert_eq!(remove(&mut item, "metadata.unit"), Some(json!("EA")));
        assert_eq!(remove(&mut item, "metadata.unit"), None);
        assert_eq!(Json::Object(item), json!({"metadata": {"size": 8}}));
    }

    #[test]
    fn people_read_nothing_for_null_and_json_for_objects() {
        for (value, shown) in [
            (json!(null), ""),
            (json!("8\" PVC"), "8\" PVC"),
            (json!(8.5), "8.5"),
            (json!(true), "true"),
            (json!({"unit": "EA"}), r#"{"unit":"EA"}"#),
        ] {
            assert_eq!(display(&value), shown);
        }
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour_and_a_foreign_one_none() {
        let known = ["description", "code", "metadata.unit"];
        assert_eq!(nearest("descripton", known), Some("description"));
        assert_eq!(nearest("metadata.units", known), Some("metadata.unit"));
        assert_eq!(nearest("price", known), None);
    }
}
