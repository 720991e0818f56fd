//! What is never shown of a document: values whose names say so, and those that the application names.

use base::redact;
use serde_json::Value as Json;

use super::path;
use crate::field;

/// What stands in the place of a value that is not shown.
pub const HIDDEN: &str = "[hidden]";

/// In a longer list nobody looks for where an entry stood: each is compared with all of them.
const COMPARED_MAX: usize = 1_000;

/// The pointers of what is never shown: whatever stands at `paths`, and texts behind the name of a
/// secret, when names say so here.
pub(crate) fn places(value: &Json, paths: &[String], by_name: bool) -> Vec<String> {
    let mut found = Vec::new();
    if by_name {
        collect(value, "", false, &mut found);
    }
    for path in paths {
        let there =
            path::places(value, path).into_iter().filter(|it| it.1.is_some_and(|it| !it.is_null()));
        found.extend(there.map(|it| it.0));
    }
    found.sort();
    found.dedup();
    found
}

/// The document without what is never shown.
pub(crate) fn hidden(value: &Json, places: &[String]) -> Json {
    let mut shown = value.clone();
    for pointer in places {
        if let Some(it) = shown.pointer_mut(pointer) {
            *it = HIDDEN.into();
        }
    }
    shown
}

/// What stood behind a hidden value of `given`, where `known` is what was there before and `shown` the same
/// without what is never shown. Entries of a list are known by all that is shown of them, not by their places:
/// a secret goes along with its entry, and never to the one that has moved to its place.
pub(crate) fn behind<'a>(
    given: &Json,
    known: &'a Json,
    shown: &Json,
    pointer: &str,
) -> Option<&'a Json> {
    let (mut given, mut known, mut shown) = (given, known, shown);
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        (given, known, shown) = match (given, known, shown) {
            (Json::Array(entries), Json::Array(were), Json::Array(seen)) => {
                let at: usize = name.parse().ok()?;
                let from = came_from(entries, seen, at)?;
                (entries.get(at)?, were.get(from)?, seen.get(from)?)
            }
            _ => {
                let name = name.as_str();
                (given.get(name)?, known.get(name)?, shown.get(name)?)
            }
        };
    }
    Some(known)
}

/// Where an entry of a list stood before; none when nobody can tell.
fn came_from(entries: &[Json], seen: &[Json], at: usize) -> Option<usize> {
    let entry = entries.get(at)?;
    if entries.len().max(seen.len()) > COMPARED_MAX {
        return None;
    }
    let alike = |list: &[Json]| -> Vec<usize> {
        list.iter().enumerate().filter(|(_, it)| *it == entry).map(|(at, _)| at).collect()
    };
    let (now, before) = (alike(entries), alike(seen));
    if before.is_empty() {
        // Something of it was changed: it is the one that stood here, unless that one stands elsewhere now.
        let here = seen.get(at)?;
        return (entries.len() == seen.len() && !entries.contains(here)).then_some(at);
    }
    // Of those that look the same, the first is the first, as long as none was taken away.
    let nth = now.iter().position(|it| *it == at).filter(|_| now.len() == before.len())?;
    before.get(nth).copied()
}

fn collect(value: &Json, pointer: &str, is_secret: bool, found: &mut Vec<String>) {
    match value {
        Json::Object(object) => {
            for (name, inner) in object {
                let is_secret = is_secret || redact::is_secret_name(name);
                collect(inner, &field::pointer_to(pointer, name), is_secret, found);
            }
        }
        Json::Array(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                collect(inner, &format!("{pointer}/{at}"), is_secret, found);
            }
        }
        // How long a token is good for is no secret, and neither is whether there is one.
        Json::String(text) if is_secret && !is_length_of_time(text) => {
            found.push(pointer.to_owned());
        }
        _ => {}
    }
}

fn is_length_of_time(text: &str) -> bool {
    text.parse::<jiff::SignedDuration>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_called_a_secret_is_hidden_and_how_long_it_holds_is_not() {
        let value = json!({
            "providers": {"openai": {"api_key": "sk-1", "timeout": "30s"}},
            "token_ttl": "15m", "password": {"memory_kib": 8}, "tokens": 350, "mail": {"host": "h", "pin": "1234"},
        });
        let named = ["mail.pin".to_owned(), "mail.gone".to_owned()];
        assert_eq!(places(&value, &named, false), ["/mail/pin"]);
        let places = places(&value, &named, true);
        assert_eq!(places, ["/mail/pin", "/providers/openai/api_key"]);
        let shown = hidden(&value, &places);
        assert_eq!(shown["providers"]["openai"]["api_key"], HIDDEN);
        assert_eq!(shown["mail"], json!({"host": "h", "pin": HIDDEN}));
        assert_eq!(shown["token_ttl"], "15m");
    }
}
