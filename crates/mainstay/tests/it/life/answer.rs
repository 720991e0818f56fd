//! Is an answer as a life says? Plain functions, without I/O.

use serde_json::{Map, Value as Json};

/// The value at a path: names and places in lists, with dots between; the whole when it is `$`.
pub(crate) fn at<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    if path == "$" {
        return Some(value);
    }
    path.split('.').try_fold(value, |inner, part| match inner {
        Json::Array(entries) => entries.get(part.parse::<usize>().ok()?),
        Json::Object(fields) => fields.get(part),
        _ => None,
    })
}

/// What is not as it should be; nothing when all is.
///
/// An object must have the given fields and may have more; a list must be the same, entry by entry.
/// An object with one of these words alone asks for less: `count`, `least`, `most`, `says`, `any`,
/// `there`.
pub(crate) fn fault(wanted: &Json, found: Option<&Json>) -> Option<String> {
    let Json::Object(fields) = wanted else { return plain(wanted, found) };
    let is_well = match (only(fields), found) {
        (Some(("there", wanted)), found) => {
            wanted.as_bool() == Some(found.is_some_and(|it| !it.is_null()))
        }
        (_, None) => false,
        (Some(("count", wanted)), Some(found)) => {
            found.as_array().map(|it| it.len() as u64) == wanted.as_u64()
        }
        (Some(("least", wanted)), Some(found)) => {
            found.as_f64() >= wanted.as_f64() && found.is_number()
        }
        (Some(("most", wanted)), Some(found)) => {
            found.as_f64() <= wanted.as_f64() && found.is_number()
        }
        (Some(("says", wanted)), Some(found)) => {
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            wanted.as_str().is_some_and(|it| text.contains(it))
        }
        (Some(("any", wanted)), Some(found)) => {
            found.as_array().is_some_and(|it| it.iter().any(|it| fault(wanted, Some(it)).is_none()))
        }
        (_, Some(found)) => {
            return fields.iter().find_map(|(name, wanted)| {
                fault(wanted, found.get(name)).map(|it| format!("{name}: {it}"))
            });
        }
    };
    (!is_well).then(|| differs(wanted, found))
}

fn plain(wanted: &Json, found: Option<&Json>) -> Option<String> {
    let is_same = match (wanted, found) {
        (Json::Null, found) => found.is_none_or(Json::is_null),
        (_, None) => false,
        (Json::Number(wanted), Some(found)) => wanted.as_f64() == found.as_f64(),
        (Json::Array(wanted), Some(Json::Array(found))) => {
            wanted.len() == found.len()
                && wanted.iter().zip(found).all(|(wanted, it)| fault(wanted, Some(it)).is_none())
        }
        (wanted, Some(found)) => wanted == found,
    };
    (!is_same).then(|| differs(wanted, found))
}

/// The one word of an object that asks for less than the same.
fn only(fields: &Map<String, Json>) -> Option<(&str, &Json)> {
    let mut all = fields.iter();
    let (name, wanted) = all.next()?;
    let is_word = matches!(name.as_str(), "count" | "least" | "most" | "says" | "any" | "there");
    (is_word && all.next().is_none()).then_some((name.as_str(), wanted))
}

fn differs(wanted: &Json, found: Option<&Json>) -> String {
    format!("{} is not {wanted}", found.map_or_else(|| "nothing".to_owned(), Json::to_string))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(wanted: &Json, found: &Json, is_well: bool) {
        assert_eq!(fault(wanted, Some(found)).is_none(), is_well, "{found} as {wanted}");
    }

    #[test]
    fn an_answer_may_hold_more_than_is_asked_for_and_not_less() {
        check(&json!({"a": 1}), &json!({"a": 1.0, "b": 2}), true);
        check(&json!({"a": 1, "b": 2}), &json!({"a": 1}), false);
        check(&json!({"a": {"b": "c"}}), &json!({"a": {"b": "c", "d": 1}}), true);
        check(&json!([{"a": 1}]), &json!([{"a": 1, "b": 2}]), true);
        check(&json!([1]), &json!([1, 2]), false);
        check(&json!(null), &json!(0), false);
    }

    #[test]
    fn words_ask_for_less_than_the_same() {
        check(&json!({"count": 2}), &json!([1, 2]), true);
        check(&json!({"count": 2}), &json!([1]), false);
        check(&json!({"least": 3}), &json!(3), true);
        check(&json!({"least": 3}), &json!("4"), false);
        check(&json!({"most": 3}), &json!(4), false);
        check(&json!({"says": "fox"}), &json!("a quick fox"), true);
        check(&json!({"any": {"id": 2}}), &json!([{"id": 1}, {"id": 2}]), true);
        check(&json!({"any": {"id": 3}}), &json!([{"id": 1}, {"id": 2}]), false);
        assert!(fault(&json!({"there": false}), None).is_none());
        assert!(fault(&json!({"there": true}), None).is_some());
    }

    #[test]
    fn a_path_goes_through_fields_and_lists() {
        let answer = json!({"items": [{"id": "one"}, {"id": "two"}]});
        assert_eq!(at(&answer, "items.1.id"), Some(&json!("two")));
        assert_eq!(at(&answer, "items.2.id"), None);
        assert_eq!(at(&answer, "$"), Some(&answer));
    }
}
