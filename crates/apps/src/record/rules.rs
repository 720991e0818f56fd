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

/// A change of a record that is there: what it held, and of which fields something is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changing<'a> {
    pub(crate) before: &'a Data,
    pub(crate) named: &'a [&'a str],
}

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
    ///
    /// A field that only was completed of others is completed anew by a change that does not name it; where
    /// nothing comes of that it stays.
    pub(crate) fn compute(&self, data: &mut Data, change: Option<Changing<'_>>) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (name, text) in &self.computed {
            let was_completed = change.is_some_and(|it| self.was_completed(it, name, text));
            // In its place, so that the fields keep their order.
            let said = was_completed.then(|| data.insert(name.clone(), Json::Null)).flatten();
            let mut made = self.made(text, data);
            if let Some(said) = said
                && !matches!(&made, Ok(it) if !it.is_null())
            {
                data.insert(name.clone(), said);
                made = self.made(text, data);
            }
            match made {
                Ok(Json::Null) => {
                    // A field that says itself that it holds nothing goes on saying so.
                    if data.get(name).is_some_and(|it| !it.is_null()) {
                        data.shift_remove(name);
                    }
                }
                Ok(value) => {
                    data.insert(name.clone(), value);
                }
                Err(why) => faults.push(Fault {
                    pointer: field::pointer_to("", name),
                    message: "cannot be computed of the other fields".to_owned(),
                    hint: Some(why.to_string()),
                }),
            }
        }
        faults
    }

    /// Is what a field held before what it is completed to of the others, and does a change say nothing of it?
    fn was_completed(&self, change: Changing<'_>, name: &str, text: &str) -> bool {
        let there = change.before.get(name).filter(|it| !it.is_null());
        let Some(there) = there.filter(|_| !change.named.contains(&name)) else { return false };
        if is_made(&self.computed, name) {
            return false;
        }
        let mut others = change.before.clone();
        others.insert(name.to_owned(), Json::Null);
        self.made(text, &others).is_ok_and(|it| it == *there)
    }

    /// What an expression makes of a record.
    fn made(&self, text: &str, data: &Data) -> Result<Json, expression::Wrong> {
        let value = expression::eval(&self.language, text, &self.scope(data))?;
        Ok(expression::json_of(&value))
    }

    /// Lays back what the schema refuses of what was made of fields that a change leaves as they were: that is
    /// no fault of the change. Tells whether there was any.
    pub(crate) fn lay_back(&self, before: &Data, data: &mut Data, faults: &[Fault]) -> bool {
        let mut is_any = false;
        for name in faults.iter().map(top) {
            let text = self.computed.get(name).filter(|_| is_made(&self.computed, name));
            if text.is_none_or(|it| !self.is_untouched(it, before, data)) {
                continue;
            }
            match before.get(name) {
                Some(value) => data.insert(name.to_owned(), value.clone()),
                None => data.shift_remove(name),
            };
            is_any = true;
        }
        is_any
    }

    /// Adds what the rules say to what the schema has found. Where nothing is wrong but what follows from
    /// other fields, the rule that those break tells more than a number that nobody gave. Of a change nothing is
    /// asked but what hangs on fields that it changes: what was at odds with a rule before may be so still.
    pub(crate) fn judge(
        &self,
        data: &Data,
        before: Option<&Data>,
        unmade: Vec<Fault>,
        faults: &mut Vec<Fault>,
    ) {
        if !faults.iter().all(|it| is_made(&self.computed, top(it))) {
            return;
        }
        let broken = self.broken(data, before);
        if !broken.is_empty() {
            *faults = broken;
        } else if faults.is_empty() {
            let text = |it: &Fault| self.computed.get(top(it)).map_or("", String::as_str);
            let is_old =
                |it: &Fault| before.is_some_and(|was| self.is_untouched(text(it), was, data));
            faults.extend(unmade.into_iter().filter(|it| !is_old(it)));
        }
    }

    fn broken(&self, data: &Data, before: Option<&Data>) -> Vec<Fault> {
        let scope = self.scope(data);
        let asked =
            |it: &&RecordRule| before.is_none_or(|was| !self.is_untouched(&it.must, was, data));
        let broken = self.rules.iter().filter(asked).filter_map(|rule| {
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

    /// Is all as it was that an expression asks for? What comes of it is then as it was, too.
    fn is_untouched(&self, text: &str, before: &Data, after: &Data) -> bool {
        self.is_untouched_through(text, before, after, &[])
    }

    /// The same within fields that are made: of such a one counts what it is made of, not what stands in it, which
    /// may have been made otherwise before.
    fn is_untouched_through(
        &self,
        text: &str,
        before: &Data,
        after: &Data,
        through: &[&str],
    ) -> bool {
        let of = |data: &Data, name: &str| data.get(name).cloned().unwrap_or_default();
        let is_as_it_was = |name: &str| {
            // Fields that are made of each other have nothing behind them.
            let is_looked_through = is_made(&self.computed, name) && !through.contains(&name);
            // Behind one that is made of the whole record lies all of it: there what stands in it counts.
            let text = self.computed.get(name);
            match text.filter(|it| is_looked_through && asks_by_name(it)) {
                Some(text) => {
                    let through = [through, &[name][..]].concat();
                    self.is_untouched_through(text, before, after, &through)
                }
                None => of(before, name) == of(after, name),
            }
        };
        asks_by_name(text) && asked(text).all(is_as_it_was)
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

/// Does an expression ask for single fields alone, and never for the whole record?
fn asks_by_name(text: &str) -> bool {
    text.match_indices("it").all(|(at, _)| {
        let (head, tail) = (&text[..at], &text[at + 2..]);
        let is_part =
            head.ends_with(|it: char| is_of_name(it) || it == '.') || tail.starts_with(is_of_name);
        is_part || tail.strip_prefix('.').is_some_and(|it| it.starts_with(is_of_name))
    })
}

fn is_of_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_'
}

/// The field of a record that a fault is about, or lies in.
fn top(fault: &Fault) -> &str {
    fault.pointer.split('/').nth(1).unwrap_or_default()
}

/// The fields that an expression asks for as `it.NAME`.
pub(crate) fn asked(text: &str) -> impl Iterator<Item = &str> {
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
                    {"must": "it.guests is none or it.guests <= 2 * (it.rooms or 1)", "field": "guests", "says": "must find room"},
                    {"must": "it.nights is none or it.nights <= 30", "field": "nights", "says": "must not be more than 30"}
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

    #[track_caller]
    fn changes(before: Json, patch: Json) -> Result<Json, Vec<String>> {
        let kits = stays();
        let kit = kits.get("stays").expect("declared");
        let (Json::Object(before), Json::Object(patch)) = (before, patch) else {
            panic!("objects")
        };
        match kit.changed(&before, &patch) {
            Ok(Some(checked)) => Ok(Json::Object(checked.data().clone())),
            Ok(None) => Ok(Json::Object(before)),
            Err(invalid) => Err(invalid.faults.into_iter().map(|it| it.pointer).collect()),
        }
    }

    #[test]
    fn what_was_only_completed_is_completed_anew_by_a_change_that_does_not_name_it() {
        let stay = |arrives: &str, leaves: &str, nights: u32| json!({"name": "A", "arrives": arrives, "leaves": leaves, "nights": nights, "is_long": false});
        let (one, two) = (stay("2026-11-21", "2026-11-21", 0), stay("2026-11-21", "2026-11-22", 1));
        let later = json!({"arrives": "2026-12-01"});
        assert_eq!(changes(one.clone(), later.clone()), Ok(stay("2026-12-01", "2026-12-01", 0)));
        // Earlier as well: no long stay is made of a short one.
        let earlier = json!({"arrives": "2026-11-19"});
        assert_eq!(changes(one.clone(), earlier.clone()), Ok(stay("2026-11-19", "2026-11-19", 0)));
        assert_eq!(changes(two.clone(), earlier), Ok(stay("2026-11-19", "2026-11-22", 3)));
        assert_eq!(changes(two, later), Err(vec!["/leaves".to_owned()]));
        let named = json!({"arrives": "2026-11-19", "leaves": "2026-11-21"});
        assert_eq!(changes(one, named), Ok(stay("2026-11-19", "2026-11-21", 2)));
    }

    #[test]
    fn a_rule_that_was_broken_before_refuses_no_change_of_other_fields() {
        let old =
            json!({"name": "A", "arrives": "2026-11-21", "leaves": "2026-11-20", "guests": 3});
        let renamed = changes(old.clone(), json!({"name": "B"})).expect("its days are not touched");
        assert_eq!((&renamed["name"], renamed.get("nights")), (&json!("B"), None), "{renamed}");
        assert_eq!(
            changes(old.clone(), json!({"leaves": "2026-11-19"})),
            Err(vec!["/leaves".to_owned()])
        );
        assert_eq!(changes(old.clone(), json!({"rooms": 1})), Err(vec!["/guests".to_owned()]));
        let mended =
            changes(old, json!({"leaves": "2026-11-22"})).expect("the guests are not touched");
        assert_eq!(mended["nights"], 1);
    }

    #[test]
    fn a_rule_over_what_is_computed_is_asked_where_what_it_is_computed_of_changes() {
        // Kept before its nights were counted, and before a stay might not be as long.
        let old = json!({"name": "A", "arrives": "2026-11-01", "leaves": "2026-12-31"});
        let renamed = changes(old, json!({"name": "B"})).expect("its days are not touched");
        assert_eq!((&renamed["name"], &renamed["nights"]), (&json!("B"), &json!(60)));
        // As many nights as before, and still too many.
        let later = json!({"arrives": "2026-11-02", "leaves": "2027-01-01"});
        assert_eq!(changes(renamed, later), Err(vec!["/nights".to_owned()]));
    }

    #[test]
    fn fields_that_are_computed_of_each_other_are_compared_as_they_are() {
        let kits = stays();
        let kit = kits.get("stays").expect("declared");
        let mut rules = Rules::of(&kit.spec, &kit.schema).expect("it has rules");
        rules.computed = IndexMap::from([
            ("a".to_owned(), "it.b".to_owned()),
            ("b".to_owned(), "it.a".to_owned()),
        ]);
        let data = |a: u32| Data::from_iter([("a".to_owned(), json!(a))]);
        assert!(rules.is_untouched("it.a + it.b", &data(1), &data(1)));
        assert!(!rules.is_untouched("it.a + it.b", &data(1), &data(2)));
    }

    #[test]
    fn a_field_that_is_computed_of_the_whole_record_is_compared_as_it_is() {
        let kits = stays();
        let kit = kits.get("stays").expect("declared");
        let mut rules = Rules::of(&kit.spec, &kit.schema).expect("it has rules");
        rules.computed = IndexMap::from([("size".to_owned(), "it|length".to_owned())]);
        let data = |name: &str, size: u32| {
            Data::from_iter([("name".to_owned(), json!(name)), ("size".to_owned(), json!(size))])
        };
        assert!(rules.is_untouched("it.size <= 3", &data("A", 5), &data("B", 5)));
        assert!(!rules.is_untouched("it.size <= 3", &data("A", 5), &data("A", 6)));
    }

    #[test]
    fn an_expression_that_asks_for_the_whole_record_is_always_touched() {
        for (text, expected) in [
            ("it.leaves >= it.arrives", true),
            ("it.name is not none and bit and a.it", true),
            ("it|length > 2", false),
            ("it['leaves'] >= it.arrives", false),
            ("len(it)", false),
        ] {
            assert_eq!(asks_by_name(text), expected, "{text}");
        }
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
