//! What becomes of a record's data: by what its collection completes, computes and demands, and by a change of it.

use serde_json::Value as Json;

use super::{Changing, Checked, CollectionKit, Invalid, Rules};
use crate::{
    field::{self, Data},
    record::merge,
    schema::{Fault, Schema},
};

impl CollectionKit {
    /// What a record with this data becomes by a patch (RFC 7396); none where that is what it is already.
    ///
    /// # Errors
    /// [`Invalid`] with all that is wrong with it, but for what was wrong before and hangs on nothing that changes.
    pub(crate) fn changed(&self, before: &Data, patch: &Data) -> Result<Option<Checked>, Invalid> {
        let mut after = Json::Object(before.clone());
        merge(&mut after, &Json::Object(patch.clone()));
        let named: Vec<&str> = patch.keys().map(String::as_str).collect();
        self.changed_to(before, after, &named)
    }

    /// The same of a change by which a record is to hold `after`, and which says something of the fields `named`.
    ///
    /// # Errors
    /// As [`CollectionKit::changed`].
    pub(crate) fn changed_to(
        &self,
        before: &Data,
        after: Json,
        named: &[&str],
    ) -> Result<Option<Checked>, Invalid> {
        if after.as_object() == Some(before) {
            return Ok(None);
        }
        let checked = self.check_as(after, Some(Changing { before, named }))?;
        // Where what was changed is computed, it is as it was.
        Ok(Some(checked).filter(|it| it.data() != before))
    }

    /// Data as the collection makes it, no more fields than it has.
    pub(crate) fn completed(&self, data: &Data) -> Data {
        let mut whole = Json::Object(data.clone());
        self.complete(&mut whole, None);
        if let (Some(rules), Json::Object(fields)) = (&self.rules, &mut whole) {
            rules.compute(fields, None);
        }
        let made = |name: &String| whole.get(name).cloned().unwrap_or_default();
        data.keys().map(|it| (it.clone(), made(it))).collect()
    }

    /// What stands in the fields of a record of which nobody said anything.
    pub(crate) fn usual(&self) -> Data {
        let mut usual = Json::Object(Data::new());
        self.complete(&mut usual, None);
        match usual {
            Json::Object(fields) => fields,
            _ => Data::new(),
        }
    }

    /// Completes and computes what is lacking; what the schema and the rules have against it.
    pub(super) fn made_and_judged(
        &self,
        data: &mut Json,
        change: Option<Changing<'_>>,
    ) -> Vec<Fault> {
        let there = change.map(|it| still_there(data, it.named));
        self.complete(data, there.as_deref());
        judged(&self.schema, self.rules.as_ref(), data, change)
    }

    /// Lays in the defaults: those of the schema first, as one of them may be a document, which has its own.
    fn complete(&self, data: &mut Json, named: Option<&[&str]>) {
        self.schema.complete(data, named);
        let is_meant = |path: &str| named.is_none_or(|it| it.contains(&field::top(path)));
        for document in self.documents.iter().filter(|it| is_meant(&it.field)) {
            if let Some(value) = data.pointer_mut(&field::pointer(&document.field)) {
                document.schema.complete(value, None);
            }
        }
    }
}

/// Completes what a record of this schema does not say, computes what is computed; what the schema and the rules
/// have against it then.
pub(crate) fn made_and_judged(
    schema: &Schema,
    rules: Option<&Rules>,
    data: &mut Json,
) -> Vec<Fault> {
    schema.complete(data, None);
    judged(schema, rules, data, None)
}

/// The same of what is completed.
fn judged(
    schema: &Schema,
    rules: Option<&Rules>,
    data: &mut Json,
    change: Option<Changing<'_>>,
) -> Vec<Fault> {
    let check = |data: &Json| schema.check(data).err().unwrap_or_default();
    let Some(rules) = rules.filter(|_| data.is_object()) else {
        return check(data);
    };
    let before = change.map(|it| it.before);
    let unmade = data.as_object_mut().map(|it| rules.compute(it, change)).unwrap_or_default();
    let mut faults = check(data);
    if let (Some(before), Json::Object(fields)) = (before, &mut *data)
        && rules.lay_back(before, fields, &faults)
    {
        faults = check(data);
    }
    if let Json::Object(fields) = data {
        rules.judge(fields, before, unmade, &mut faults);
    }
    faults
}

/// Of these fields those that are not taken out: what is to be empty is not laid in again.
fn still_there<'a>(data: &Json, named: &[&'a str]) -> Vec<&'a str> {
    named.iter().copied().filter(|name| data.get(*name).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{description::Description, record::Kits};

    fn rides() -> Kits {
        let description: Description = serde_json::from_value(json!({
            "app": "rides", "title": "Rides",
            "collections": {"rides": {
                "noun": "ride", "schema": "ride", "title": "name",
                "computed": {"size": "it.judges|length if it.judges else 0"},
                "documents": {"plan": {"schema": "plan", "code": "invalid_document"}}
            }}
        }))
        .expect("it is a description");
        let schema = |file: &str| match file {
            "plan" => json!({"properties": {"hours": {"type": "integer", "default": 6}}}),
            _ => json!({
                "type": "object", "required": ["name", "is_open"],
                "properties": {
                    "name": {"type": "string"}, "is_open": {"type": "boolean", "default": true},
                    "level": {"type": ["integer", "null"], "default": 1},
                    "judges": {"type": "array", "items": {"type": "object", "required": ["role"],
                        "properties": {"name": {"type": "string"}, "role": {"type": "string", "default": "Judge"}}}},
                    "plan": {"type": "object", "default": {"days": 2}}, "size": {"type": "integer"}
                }
            }),
        };
        Kits::new(&description, |file| Schema::compile(&schema(file)).ok()).expect("it is whole")
    }

    fn data(value: Json) -> Data {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn what_a_record_does_not_say_is_what_its_schema_gives() {
        let kits = rides();
        let kit = kits.get("rides").expect("declared");
        let made = kit.check(json!({"name": "A", "judges": [{"name": "Ann"}], "plan": {}}));
        assert_eq!(
            Json::Object(made.expect("it fits").data().clone()),
            json!({"name": "A", "judges": [{"name": "Ann", "role": "Judge"}], "plan": {"hours": 6},
                "is_open": true, "level": 1, "size": 1})
        );
        let said = data(json!({"name": "A", "judges": [{"name": "Ann"}]}));
        let expected = json!({"name": "A", "judges": [{"name": "Ann", "role": "Judge"}]});
        assert_eq!(Json::Object(kit.completed(&said)), expected, "no more fields than were said");
        let plan = json!({"days": 2, "hours": 6});
        assert_eq!(
            Json::Object(kit.usual()),
            json!({"is_open": true, "level": 1, "plan": plan}),
            "a document that is given by default is completed as one that is said"
        );
        let made = kit.check(json!({"name": "A"})).expect("it fits");
        assert_eq!(made.data().get("plan"), Some(&plan));
    }

    #[test]
    fn a_change_completes_what_it_names_and_leaves_the_rest_of_an_old_record() {
        let kits = rides();
        let kit = kits.get("rides").expect("declared");
        let old = data(json!({"name": "A", "is_open": false, "plan": {}, "size": 0}));
        let changed = |patch: Json| {
            let made = kit.changed(&old, &data(patch)).expect("it fits");
            made.map(|it| Json::Object(it.data().clone()))
        };
        assert_eq!(
            changed(json!({"name": "B"})),
            Some(json!({"name": "B", "is_open": false, "plan": {}, "size": 0}))
        );
        assert_eq!(
            changed(json!({"judges": [{}]})),
            Some(
                json!({"name": "A", "is_open": false, "plan": {}, "size": 1, "judges": [{"role": "Judge"}]})
            )
        );
        assert_eq!(changed(json!({"judges": null})), None);
    }

    #[test]
    fn what_a_change_takes_out_is_not_laid_in_again() {
        let kits = rides();
        let kit = kits.get("rides").expect("declared");
        let old = data(json!({"name": "A", "is_open": false, "level": 3, "size": 0}));
        let changed = |patch: Json| kit.changed(&old, &data(patch));
        let made = changed(json!({"level": null})).expect("it may be empty").expect("it changes");
        let expected = json!({"name": "A", "is_open": false, "size": 0});
        assert_eq!(Json::Object(made.data().clone()), expected);
        let refused = changed(json!({"is_open": null})).expect_err("it may not be empty");
        assert_eq!(refused.first_field(), Some("is_open"));
    }
}
