//! What a collection makes of a record's own fields, and what has to be true of several of them together.
//!
//! Both are expressions over the record, `it`, in which a field that is not there is none. They run wherever
//! a record is checked, so on every way on which one is written. They see the record alone: no other
//! record, no clock, no caller.
//!
//! Start at [`Rules::compute`] and [`Rules::judge`].

use std::fmt;

use indexmap::IndexMap;
use serde_json::Value as Json;
use sources::expression::{self, Language, Scope, value_of};

use crate::{
    description::{Collection, RecordRule},
    field::{self, Data},
    schema::{Fault, Schema},
    template,
};

/// What a collection computes and demands.
#[derive(Clone)]
pub(crate) struct Rules {
    language: Language,
    computed: IndexMap<String, String>,
    rules: Vec<RecordRule>,
    /// The fields that the schema declares.
    fields: Vec<String>,
}

impl Rules {
    /// Those of a collection; none where it has none.
    pub(crate) fn of(spec: &Collection, schema: &Schema) -> Option<Self> {
        if spec.computed.is_empty() && spec.rules.is_empty() {
            return None;
        }
        let fields = schema.fields().into_iter().filter(|it| !it.contains('.'));
        Some(Self {
            language: template::language(template::FUEL),
            computed: spec.computed.clone(),
            rules: spec.rules.clone(),
            fields: fields.collect(),
        })
    }

    /// Lays what is computed into a record, in the order in which it is declared; what comes out as nothing
    /// is taken out. Gives what could not be computed: that stays as it was.
    pub(crate) fn compute(&self, data: &mut Data) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (name, text) in &self.computed {
            match expression::eval(&self.language, text, &self.scope(data)) {
                Ok(value) => match expression::json_of(&value) {
                    Json::Null => {
                        // A field that says itself that it holds nothing goes on saying so.
                        if data.get(name).is_some_and(|it| !it.is_null()) {
                            data.shift_remove(name);
                        }
                    }
                    value => {
                        data.insert(name.clone(), value);
                    }
                },
                Err(why) => faults.push(Fault {
                    pointer: field::pointer_to("", name),
                    message: "cannot be computed of the other fields".to_owned(),
                    hint: Some(why.to_string()),
                }),
            }
        }
        faults
    }

    /// Adds what the rules say to what the schema has found. Where nothing is wrong but what follows from
    /// other fields, the rule that those break tells more than a number that nobody gave.
    pub(crate) fn judge(&self, data: &Data, unmade: Vec<Fault>, faults: &mut Vec<Fault>) {
        let follows = |it: &Fault| {
            let name = it.pointer.split('/').nth(1).unwrap_or_default();
            is_made(&self.computed, name)
        };
        if !faults.iter().all(follows) {
            return;
        }
        let broken = self.broken(data);
        if !broken.is_empty() {
            *faults = broken;
        } else if faults.is_empty() {
            faults.extend(unmade);
        }
    }

    fn broken(&self, data: &Data) -> Vec<Fault> {
        let scope = self.scope(data);
        let broken = self.rules.iter().filter_map(|rule| {
            let fault = |message: &str, hint: Option<String>| Fault {
                pointer: field::pointer(&rule.field),
                message: message.to_owned(),
                hint,
            };
            match expression::eval(&self.language, &rule.must, &scope) {
                Ok(met) if met.is_true() => None,
                Ok(_) => Some(fault(&rule.says, None)),
                Err(why) => Some(fault("cannot be judged by its rule", Some(why.to_string()))),
            }
        });
        broken.collect()
    }

    fn scope(&self, data: &Data) -> Scope {
        let mut whole = data.clone();
        for name in &self.fields {
            if !whole.contains_key(name) {
                whole.insert(name.clone(), Json::Null);
            }
        }
        let mut scope = Scope::default();
        scope.set("it", value_of(&Json::Object(whole)));
        scope
    }
}

/// Is this field made of others alone, whatever is said in it? What asks for itself completes what was said.
pub(crate) fn is_made(computed: &IndexMap<String, String>, name: &str) -> bool {
    computed.get(name).is_some_and(|text| !asked(text).any(|it| it == name))
}

/// The fields that an expression asks for as `it.NAME`.
pub(crate) fn asked(text: &str) -> impl Iterator<Item = &str> {
    let is_of_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    text.match_indices("it.").filter_map(move |(at, begin)| {
        let is_whole = !text[..at].ends_with(|it: char| is_of_name(it) || it == '.');
        let rest = &text[at + begin.len()..];
        let end = rest.find(|it: char| !is_of_name(it)).unwrap_or(rest.len());
        (is_whole && end > 0).then(|| &rest[..end])
    })
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("computed", &self.computed)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{description::Description, record::Kits};

    fn stays() -> Kits {
        let description: Description = serde_json::from_value(json!({
            "app": "inn", "title": "Inn",
            "collections": {"stays": {
                "noun": "stay", "schema": "stay", "title": "name",
                "computed": {
                    "leaves": "it.leaves or it.arrives",
                    "nights": "it.arrives|days_until(it.leaves)",
                    "is_long": "it.nights > 6",
                    "price": "it.nights * it.rate if it.rate is not none else none"
                },
                "rules": [
                    {"must": "it.leaves >= it.arrives", "field": "leaves", "says": "must not be before `arrives`"},
                    {"must": "it.guests is none or it.guests <= 2 * (it.rooms or 1)", "field": "guests", "says": "must find room"}
                ]
            }}
        }))
        .expect("it is a description");
        let schema = json!({
            "type": "object", "required": ["name", "arrives", "leaves"], "additionalProperties": false,
            "properties": {
                "name": {"type": "string"}, "arrives": {"type": "string", "format": "date"},
                "leaves": {"type": "string", "format": "date"}, "nights": {"type": "integer", "minimum": 0},
                "is_long": {"type": "boolean"}, "rate": {"type": ["number", "null"]}, "price": {"type": "number"},
                "guests": {"type": "integer"}, "rooms": {"type": "integer"}
            }
        });
        Kits::new(&description, |_| Schema::compile(&schema).ok()).expect("it is whole")
    }

    #[track_caller]
    fn becomes(given: Json, expected: Json) {
        let kits = stays();
        let checked = kits.get("stays").expect("declared").check(given).expect("it fits");
        assert_eq!(Json::Object(checked.data().clone()), expected);
    }

    #[track_caller]
    fn is_refused(given: Json, pointer: &str, message: &str) {
        let kits = stays();
        let refused =
            kits.get("stays").expect("declared").check(given).expect_err("it does not fit");
        assert_eq!(refused.code, "invalid_input");
        let told: Vec<_> =
            refused.faults.iter().map(|it| (it.pointer.as_str(), it.message.as_str())).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, pointer, "{told:?}");
        assert!(told[0].1.contains(message), "{told:?}");
    }

    #[test]
    fn what_is_computed_is_what_the_other_fields_say_whatever_was_given() {
        becomes(
            json!({"name": "A", "arrives": "2026-11-21", "nights": 99, "is_long": true, "price": 5}),
            json!({"name": "A", "arrives": "2026-11-21", "nights": 0, "is_long": false, "leaves": "2026-11-21"}),
        );
        becomes(
            json!({"name": "A", "arrives": "2026-11-21", "leaves": "2026-11-29", "rate": 50}),
            json!({
                "name": "A", "arrives": "2026-11-21", "leaves": "2026-11-29", "rate": 50,
                "nights": 8, "is_long": true, "price": 400
            }),
        );
    }

    #[test]
    fn a_broken_rule_is_told_at_its_field() {
        let stay = |leaves: &str, guests: u32| json!({"name": "A", "arrives": "2026-11-21", "leaves": leaves, "guests": guests});
        is_refused(stay("2026-11-20", 1), "/leaves", "must not be before `arrives`");
        is_refused(stay("2026-11-22", 3), "/guests", "must find room");
    }

    #[test]
    fn what_breaks_the_schema_is_told_as_that() {
        is_refused(
            json!({"name": "A", "arrives": "tomorrow", "leaves": "2026-11-22"}),
            "/arrives",
            "",
        );
    }

    #[test]
    fn a_field_that_asks_for_itself_completes_what_was_said() {
        let computed = IndexMap::from([
            ("leaves".to_owned(), "it.leaves or it.arrives".to_owned()),
            ("nights".to_owned(), "bit.nights + it.night + a.it.nights".to_owned()),
        ]);
        assert!(!is_made(&computed, "leaves"));
        assert!(is_made(&computed, "nights"));
        assert!(!is_made(&computed, "arrives"));
        assert_eq!(asked("it.a + (it.b_2)|max - it.").collect::<Vec<_>>(), ["a", "b_2"]);
    }
}
