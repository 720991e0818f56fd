//! A question as it is sent: address, query, headers and form, filled in by the description.

use bytes::Bytes;
use outside::{Ask, Bounds, HeaderMap, HeaderName, HeaderValue, Url, address};
use serde_json::{Value as Json, json};

use crate::{
    description::{Method, Step},
    expression::{Language, Scope, Wrong, filled, filled_within},
    program::Program,
};

/// A question, all its texts filled in.
pub(super) struct Question {
    pub(super) ask: Ask,
    /// All that the answer hangs on.
    pub(super) identity: Json,
}

/// Fills in the texts of a step.
pub(super) fn of(
    program: &Program,
    step: &Step,
    scope: &Scope,
    policy: &outside::Policy,
) -> Result<Question, String> {
    let (language, fetch) = (program.language(), &program.source().fetch);
    let wrong = |it: Wrong| it.0;
    let place = text(language, step.url.as_deref().unwrap_or_default(), scope).map_err(wrong)?;
    if place.trim().is_empty() {
        return Err("its address is empty: the variable that holds it has no value".into());
    }
    let mut url = address::check(&place, policy).map_err(|it| it.to_string())?;
    let query = pairs(language, step.query.iter(), scope).map_err(wrong)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let mut headers = HeaderMap::new();
    if let Some(contact) = &fetch.contact {
        put(&mut headers, "user-agent", &agent(contact))?;
    }
    for (name, value) in fetch.headers.iter().chain(&step.headers) {
        put(&mut headers, name, &text(language, value, scope).map_err(wrong)?)?;
    }
    let (mut form, mut sent) = (Vec::new(), Json::Null);
    let body = match (&step.json, step.method) {
        (Some(value), _) => {
            sent = filled_within(language, value, scope).map_err(wrong)?;
            put(&mut headers, "content-type", "application/json")?;
            Some(Bytes::from(sent.to_string()))
        }
        (None, Method::Post) => {
            form = pairs(language, step.form.iter(), scope).map_err(wrong)?;
            put(&mut headers, "content-type", "application/x-www-form-urlencoded")?;
            Some(Bytes::from(encoded(&form)))
        }
        (None, Method::Get) => None,
    };
    let identity = json!([url.as_str(), form, sent]);
    let bounds = Bounds { bytes_max: fetch.bytes_max, robots: fetch.robots, ..Bounds::default() };
    Ok(Question { ask: Ask { url, body, headers, bounds }, identity })
}

/// A question to somebody who completes, with its address and query filled in.
pub(crate) fn lookup_question<'f>(
    language: &Language,
    url: &str,
    query: impl Iterator<Item = (&'f String, &'f Json)>,
    headers: impl Iterator<Item = (&'f String, &'f String)>,
    scope: &Scope,
    policy: &outside::Policy,
) -> Result<Ask, String> {
    let wrong = |it: Wrong| it.0;
    let place = text(language, url, scope).map_err(wrong)?;
    let mut url = address::check(&place, policy).map_err(|it| it.to_string())?;
    let query = pairs(language, query, scope).map_err(wrong)?;
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(&query);
    }
    let mut ask = Ask::get(url);
    for (name, value) in headers {
        put(&mut ask.headers, name, &text(language, value, scope).map_err(wrong)?)?;
    }
    ask.bounds = Bounds { bytes_max: 1024 * 1024, robots: false, ..Bounds::default() };
    Ok(ask)
}

/// The name of this program, and whom to write to about it.
pub(super) fn agent(contact: &str) -> String {
    format!("mainstay/{} (+{contact})", env!("CARGO_PKG_VERSION"))
}

/// Puts a header among others; one without a value is left out.
pub(super) fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Ok(());
    }
    let named = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{name}` is no name of a header"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("the header `{name}` has characters that no header may have"))?;
    value.set_sensitive(true);
    headers.insert(named, value);
    Ok(())
}

/// A text, filled in; what is nothing is empty.
pub(super) fn text(language: &Language, template: &str, scope: &Scope) -> Result<String, Wrong> {
    Ok(match filled(language, template, scope)? {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    })
}

/// Names with their values as texts: a list gives a pair for each entry, nothing gives none.
fn pairs<'f>(
    language: &Language,
    values: impl Iterator<Item = (&'f String, &'f Json)>,
    scope: &Scope,
) -> Result<Vec<(String, String)>, Wrong> {
    let mut pairs = Vec::new();
    for (name, value) in values {
        let entries = match filled_within(language, value, scope)? {
            // An entry that is a list itself, out of an expression.
            Json::Array(entries) => entries
                .into_iter()
                .flat_map(|it| match it {
                    Json::Array(inner) => inner,
                    one => vec![one],
                })
                .collect(),
            one => vec![one],
        };
        for entry in entries {
            let text = match entry {
                Json::Null => continue,
                Json::String(text) => text,
                other => other.to_string(),
            };
            pairs.push((name.clone(), text));
        }
    }
    Ok(pairs)
}

/// The fields of a form as they are sent.
fn encoded(pairs: &[(String, String)]) -> String {
    // What stands behind the question mark of an address is written in the same way.
    let Ok(mut url) = Url::parse("http://form.invalid/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use minijinja::Environment;

    use super::*;
    use crate::expression::value_of;

    #[test]
    fn a_list_in_a_form_is_sent_entry_by_entry() {
        let language: Language = std::sync::Arc::new(Environment::new());
        let mut scope = Scope::default();
        scope.set("ids", value_of(&json!(["63", "64"])));
        let form: IndexMap<String, Json> = serde_json::from_value(json!({
            "action": "list", "season[]": "{{ ids }}", "country[]": ["United States", "Canada"],
            "zip": "", "none": null, "page": 2
        }))
        .unwrap();
        let sent = encoded(&pairs(&language, form.iter(), &scope).unwrap());
        assert_eq!(
            sent,
            "action=list&season%5B%5D=63&season%5B%5D=64&country%5B%5D=United+States\
             &country%5B%5D=Canada&zip=&page=2"
        );
    }
}
