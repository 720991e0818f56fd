//! A look-up made ready: its expressions compiled, and everything that is wrong with it said at once.

use std::{fmt, sync::Arc};

use jiff::{SignedDuration, tz::TimeZone};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{
    asked::Asked,
    faults::Fault,
    mentions::{self, Mention, pointer},
};
use crate::{
    description::LiveLookup,
    expression::{Bench, Language, Wrong},
};

/// The longest that somebody is let wait.
const TIMEOUT_MAX: SignedDuration = SignedDuration::from_secs(30);

/// A look-up, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    name: String,
    described: LiveLookup,
    shape: String,
    language: Language,
    expressions: Vec<String>,
}

impl Live {
    /// Makes the description in a document ready.
    ///
    /// # Errors
    /// Every fault, each with the JSON pointer of its place in the document.
    pub fn compile(name: &str, document: &Json, language: &Language) -> Result<Self, Vec<Fault>> {
        let described: LiveLookup = serde_json::from_value(document.clone())
            .map_err(|error| vec![Fault::new("", "invalid_value", error.to_string())])?;
        let mut asked = Asked::new(language);
        whole(&described, &mut asked);
        let Asked { expressions, faults, .. } = asked;
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self(Arc::new(Inner {
            name: name.to_owned(),
            shape: hex::encode(&Sha256::digest(document.to_string().as_bytes())[..8]),
            described,
            language: language.clone(),
            expressions,
        })))
    }

    /// What it says of others: collections and variables of the environment.
    pub fn mentions(&self) -> Vec<Mention> {
        mentions::of_live(&self.0.described)
    }

    /// Its name in `app.yaml`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it says.
    pub fn described(&self) -> &LiveLookup {
        &self.0.described
    }

    /// Changes whenever the description does.
    pub(crate) fn shape(&self) -> &str {
        &self.0.shape
    }

    /// The language of its expressions.
    pub(crate) fn language(&self) -> &Language {
        &self.0.language
    }

    /// Its expressions, ready to run.
    pub(crate) fn bench(&self) -> Result<Bench<'_>, Wrong> {
        Bench::new(&self.0.language, self.0.expressions.iter().map(String::as_str))
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&self.0.name).finish()
    }
}

/// Collects what is wrong with a description.
fn whole(it: &LiveLookup, asked: &mut Asked<'_>) {
    if let Some(when) = &it.when {
        asked.expression("/when", when, &["it"]);
    }
    if it.url.trim().is_empty() {
        asked.invalid("/url", "somebody is asked: give an address");
    }
    asked.text("/url", &it.url, &["it"]);
    for (name, value) in &it.query {
        asked.texts(&pointer("/query", name), value, &["it"]);
    }
    for (name, text) in &it.headers {
        asked.text(&pointer("/headers", name), text, &["it"]);
    }
    if it.gives.is_empty() {
        asked.invalid("/gives", "name at least one field");
    }
    for (name, text) in &it.gives {
        asked.expression(&pointer("/gives", name), text, &["it", "answer", "asked_at"]);
    }
    for (at, name) in it.need.iter().enumerate() {
        if !it.gives.contains_key(name) {
            asked.unknown_field(&format!("/need/{at}"), name);
        }
    }
    if let Some(otherwise) = &it.otherwise {
        asked.expression("/otherwise", otherwise, &["it"]);
    }
    if it.zone.as_ref().is_some_and(|zone| TimeZone::get(zone).is_err()) {
        asked.invalid("/zone", "there is no such time zone");
    }
    for (at, tag) in it.cache.tags.iter().enumerate() {
        if tag.is_empty() || tag.contains(char::is_whitespace) {
            asked.invalid(&format!("/cache/tags/{at}"), "a tag is one word");
        }
    }
    for (place, span) in [("/pace", it.pace), ("/cache/ttl", it.cache.ttl)] {
        if span.is_negative() {
            asked.faults.push(Fault::new(place, "invalid_limit", "must be a time, such as `30s`"));
        }
    }
    if it.timeout <= SignedDuration::ZERO || it.timeout > TIMEOUT_MAX {
        let message = "somebody waits: must be a time of at most 30s";
        asked.faults.push(Fault::new("/timeout", "invalid_limit", message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described() -> Json {
        json!({
            "title": "Weather", "on": "rides", "url": "{{ env.WEATHER_URL }}",
            "query": {"lat": "{{ it.latitude }}"}, "gives": {"weather": "answer.text"},
        })
    }

    fn compiled(document: &Json) -> Result<Live, Vec<Fault>> {
        Live::compile("weather", document, &Arc::new(minijinja::Environment::new()))
    }

    #[track_caller]
    fn check(key: &str, value: Json, place: &str, told: &str) {
        let mut document = described();
        document[key] = value;
        let faults = compiled(&document).expect_err("it has a fault");
        let found = faults.iter().find(|it| it.pointer == place);
        let found = found.unwrap_or_else(|| panic!("nothing at {place}: {faults:?}"));
        assert!(found.message.contains(told), "{faults:?}");
    }

    #[test]
    fn what_is_wrong_with_a_look_up_is_told_at_its_place() {
        assert!(compiled(&described()).is_ok());
        check("when", json!("row.a"), "/when", "`row` is never given here");
        check("url", json!(" "), "/url", "give an address");
        check("gives", json!({}), "/gives", "at least one field");
        check("gives", json!({"weather": "{{ answer }}"}), "/gives/weather", "");
        check("need", json!(["wind"]), "/need/0", "no field `wind`");
        check("otherwise", json!("answer.a"), "/otherwise", "`answer` is never given here");
        check("zone", json!("Mars/Olympus"), "/zone", "no such time zone");
        check("cache", json!({"tags": ["two words"]}), "/cache/tags/0", "one word");
        check("timeout", json!("2m"), "/timeout", "at most 30s");
        check("timeout", json!("0s"), "/timeout", "at most 30s");
    }

    #[test]
    fn a_changed_description_has_another_shape() {
        let mut other = described();
        other["answer"] = json!("daily");
        let shape = |it: &Json| compiled(it).expect("it is whole").shape().to_owned();
        assert_ne!(shape(&described()), shape(&other));
    }
}
