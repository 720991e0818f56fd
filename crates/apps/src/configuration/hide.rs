//! What is never shown of a document: values whose names say so, and those that the application names.

use std::collections::BTreeMap;

use base::redact;
use reqwest::Url;
use serde_json::Value as Json;

use super::{OWN, path};
use crate::field;

/// What stands in the place of a value that is not shown.
pub const HIDDEN: &str = "[hidden]";

/// In a longer list nobody looks for where an entry stood: each is compared with all of them.
const COMPARED_MAX: usize = 1_000;

/// What the names in a document say of what stands behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Nothing: a sentence about a token is no token.
    SayNothing,
    /// Texts behind the name of a secret are secrets. Numbers are settings, but for what the application adds
    /// under `own`: Mainstay types this document, and has no secret that is a number.
    OfMainstay,
    /// Texts behind the name of a secret are secrets, and numbers too.
    OfTheApplication,
}

/// Why what stands behind a hidden value is not put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nothing is known of it, or nobody can tell which one it was.
    Unknown,
    /// An address beside it is another one: it would be sent to whom it was not given for.
    Elsewhere,
}

/// The pointers of what is never shown: whatever stands at `paths`, and what stands behind the name of a
/// secret, as far as names say so here.
pub(crate) fn places(value: &Json, paths: &[String], names: Names) -> Vec<String> {
    let mut found = Vec::new();
    if names != Names::SayNothing {
        let counts = names == Names::OfTheApplication;
        collect(value, "", Suspect { counts, ..Suspect::default() }, &mut found);
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
/// a secret goes along with its entry, and never to the one that has moved to its place. It goes along with its
/// addresses too: whoever changes where something is sent is not handed what was kept from their eyes.
pub(crate) fn behind<'a>(
    given: &Json,
    known: &'a Json,
    shown: &Json,
    pointer: &str,
) -> Result<&'a Json, Lost> {
    let names: Vec<String> =
        pointer.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~")).collect();
    let (mut here, mut was, mut seen) = (given, known, shown);
    let mut beside = Vec::new();
    for name in &names {
        beside.push((here, seen));
        (here, was, seen) = inner(here, was, seen, name).ok_or(Lost::Unknown)?;
    }
    // Of what the secret belongs to all addresses count, further out those that stand there themselves: another
    // entry of the same list has its own.
    let nearest = beside.iter().rposition(|(here, _)| here.is_object());
    let is_moved = |(at, (here, seen)): (usize, &(&Json, &Json))| {
        let is_nearest = nearest == Some(at);
        addresses(here, is_nearest) != addresses(seen, is_nearest)
    };
    if beside.iter().enumerate().any(is_moved) { Err(Lost::Elsewhere) } else { Ok(was) }
}

/// One step on: in what is given, in what was there, and in what of that was shown.
fn inner<'a, 'b, 'c>(
    given: &'a Json,
    known: &'b Json,
    shown: &'c Json,
    name: &str,
) -> Option<(&'a Json, &'b Json, &'c Json)> {
    match (given, known, shown) {
        (Json::Array(entries), Json::Array(were), Json::Array(seen)) => {
            let at: usize = name.parse().ok()?;
            let from = came_from(entries, seen, at)?;
            Some((entries.get(at)?, were.get(from)?, seen.get(from)?))
        }
        _ => Some((given.get(name)?, known.get(name)?, shown.get(name)?)),
    }
}

/// The addresses that stand in an object, and in lists of it; with `deep` those further in, too.
fn addresses(value: &Json, deep: bool) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, it) in value.as_object().into_iter().flatten() {
        gather(it, &field::pointer_to("", name), name, deep, &mut found);
    }
    found
}

fn gather(
    value: &Json,
    pointer: &str,
    name: &str,
    deep: bool,
    found: &mut BTreeMap<String, String>,
) {
    match value {
        Json::Array(entries) => {
            for (at, it) in entries.iter().enumerate() {
                gather(it, &format!("{pointer}/{at}"), name, deep, found);
            }
        }
        Json::Object(object) if deep => {
            for (name, it) in object {
                gather(it, &field::pointer_to(pointer, name), name, deep, found);
            }
        }
        Json::String(text) => {
            if let Some(origin) = origin(name, text) {
                found.insert(pointer.to_owned(), origin);
            }
        }
        Json::Number(number) if is_address_name(name) => {
            found.insert(pointer.to_owned(), number.to_string());
        }
        _ => {}
    }
}

/// Whom an address means, by its scheme, its host and its port: a path may change. None for what is no address.
fn origin(name: &str, text: &str) -> Option<String> {
    if let Ok(url) = Url::parse(text)
        && let Some(host) = url.host_str()
    {
        let port = url.port_or_known_default().map(|it| format!(":{it}")).unwrap_or_default();
        return Some(format!("{}://{host}{port}", url.scheme()));
    }
    is_address_name(name).then(|| text.to_owned())
}

/// Does a name say that something is reached there: `host`, `smtp_port`, `base_url`?
fn is_address_name(name: &str) -> bool {
    const LAST: [&str; 13] = [
        "url", "urls", "uri", "host", "hosts", "hostname", "port", "server", "servers", "endpoint",
        "address", "proxy", "domain",
    ];
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or(name).to_ascii_lowercase();
    LAST.contains(&last.as_str())
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

/// What the names on the way to a value say of it.
#[derive(Default, Clone, Copy)]
struct Suspect {
    /// A text is a secret.
    text: bool,
    /// A number is one.
    number: bool,
    /// Numbers count at all.
    counts: bool,
}

fn collect(value: &Json, pointer: &str, suspect: Suspect, found: &mut Vec<String>) {
    match value {
        Json::Object(object) => {
            for (name, inner) in object {
                let suspect = Suspect {
                    text: suspect.text || redact::is_secret_name(name),
                    number: suspect.number || is_name_of_secret(name),
                    counts: suspect.counts || (pointer.is_empty() && name == OWN),
                };
                collect(inner, &field::pointer_to(pointer, name), suspect, found);
            }
        }
        Json::Array(entries) => {
            for (at, inner) in entries.iter().enumerate() {
                collect(inner, &format!("{pointer}/{at}"), suspect, found);
            }
        }
        // How long a token is good for is no secret, and neither is whether there is one.
        Json::String(text) if suspect.text && !is_length_of_time(text) => {
            found.push(pointer.to_owned());
        }
        // Some write the password into the address. What is hidden already stays hidden.
        Json::String(text) if text == HIDDEN || has_password(text) => {
            found.push(pointer.to_owned());
        }
        Json::Number(_) if suspect.number && suspect.counts => found.push(pointer.to_owned()),
        _ => {}
    }
}

/// Is this the name of a secret itself? How many tokens there may be in a minute is none.
fn is_name_of_secret(name: &str) -> bool {
    const LAST: [&str; 10] = [
        "authorization",
        "api_key",
        "apikey",
        "cookie",
        "credential",
        "password",
        "passwd",
        "private_key",
        "secret",
        "token",
    ];
    let lowered = name.to_ascii_lowercase().replace(['-', '.'], "_");
    let bare = lowered.strip_suffix('s').unwrap_or(&lowered);
    redact::is_secret_name(name) && LAST.iter().any(|it| bare.ends_with(it))
}

fn has_password(text: &str) -> bool {
    text.contains('@') && Url::parse(text).is_ok_and(|it| it.password().is_some())
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
        assert_eq!(places(&value, &named, Names::SayNothing), ["/mail/pin"]);
        let places = places(&value, &named, Names::OfMainstay);
        assert_eq!(places, ["/mail/pin", "/providers/openai/api_key"]);
        let shown = hidden(&value, &places);
        assert_eq!(shown["providers"]["openai"]["api_key"], HIDDEN);
        assert_eq!(shown["mail"], json!({"host": "h", "pin": HIDDEN}));
        assert_eq!(shown["token_ttl"], "15m");
    }

    #[test]
    fn a_secret_is_hidden_also_when_it_is_a_number_or_holds_some() {
        let value = json!({
            "password": 4711, "api_keys": [1, 2], "secrets": {"mail": {"code": 8}}, "api_key": "k",
            "tokens_per_minute": 9, "tokens": 350, "password_rules": {"chars_min": 8}, "is_secret": true,
            "own": {"door_password": 12},
        });
        let all = [
            "/api_key",
            "/api_keys/0",
            "/api_keys/1",
            "/own/door_password",
            "/password",
            "/secrets/mail/code",
        ];
        assert_eq!(places(&value, &[], Names::OfTheApplication), all);
        assert_eq!(places(&value, &[], Names::OfMainstay), ["/api_key", "/own/door_password"]);
        let lists = json!({"login": {"pins": [1, 2], "codes": {"a": 1}}});
        let named = ["login.pins".to_owned(), "login.codes".to_owned()];
        let shown = hidden(&lists, &places(&lists, &named, Names::OfMainstay));
        assert_eq!(shown, json!({"login": {"pins": HIDDEN, "codes": HIDDEN}}));
    }

    #[test]
    fn a_password_in_an_address_is_hidden_with_it() {
        let value = json!({"url": "postgres://ann:4711@db/house", "site": "https://example.com", "to": HIDDEN});
        assert_eq!(places(&value, &[], Names::OfMainstay), ["/to", "/url"]);
    }

    /// What comes of a document in which `api_key` is hidden, after one change of it.
    #[track_caller]
    fn check(known: &Json, given: Json, expected: Result<&str, Lost>) {
        let shown = hidden(known, &places(known, &[], Names::OfTheApplication));
        let found = behind(&given, known, &shown, "/providers/mine/api_key");
        assert_eq!(found.map(|it| it.as_str().unwrap_or_default()), expected, "{given}");
    }

    #[test]
    fn a_kept_secret_is_not_sent_to_another_server() {
        let known = json!({"proxy": "http://p:1", "providers": {
            "mine": {"base_url": "https://good.example/v1", "api_key": "sk-1", "timeout": "30s"},
            "other": {"base_url": "https://other.example"},
        }});
        let with = |place: &str, text: &str| {
            let mut given = hidden(&known, &["/providers/mine/api_key".to_owned()]);
            let (outer, name) = place.rsplit_once('/').expect("a pointer");
            given.pointer_mut(outer).expect("it is there")[name] = text.into();
            given
        };
        let mine = "/providers/mine/base_url";
        for same in
            ["https://good.example/v2", "https://GOOD.example:443/v1", "https://good.example"]
        {
            check(&known, with(mine, same), Ok("sk-1"));
        }
        for other in [
            "https://evil.example/v1",
            "http://good.example/v1",
            "https://good.example:444/v1",
            "https:evil.example",
            "https://good.example@evil.example",
            "evil.example",
            "https:\\\\evil.example",
            "",
        ] {
            check(&known, with(mine, other), Err(Lost::Elsewhere));
        }
        check(&known, with("/providers/mine/proxy", "evil:80"), Err(Lost::Elsewhere));
        check(&known, with("/providers/mine/mirror", "https://evil.example"), Err(Lost::Elsewhere));
        check(&known, with("/proxy", "http://p:2"), Err(Lost::Elsewhere));
        check(&known, with("/providers/mine/timeout", "40s"), Ok("sk-1"));
        // Whose key it is not.
        check(&known, with("/providers/other/base_url", "https://third.example"), Ok("sk-1"));
        check(&json!({"providers": {}}), with(mine, "https://good.example"), Err(Lost::Unknown));
    }
}
