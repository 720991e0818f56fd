//! What is computed of a record and demanded of it: do the expressions make sense, and do they speak of fields
//! that there are?

use sources::expression;

use super::{APP_FILE, At, Checker};
use crate::{description::Collection, field, record::rules, schema::Schema, template};

impl Checker<'_> {
    pub(super) fn rules(
        &mut self,
        name: &str,
        collection: &Collection,
        schema: &Schema,
        base: &str,
    ) {
        for (key, text) in &collection.computed {
            let pointer = field::pointer_to(&format!("{base}/computed"), key);
            self.whole_field(At::Key(&pointer), schema, key, name);
            self.of_a_record(&pointer, text, schema, name);
            // Nothing is computed of what is computed later.
            let later = collection.computed.keys().skip_while(|it| *it != key).skip(1);
            for other in later.filter(|other| rules::asked(text).any(|it| it == *other)) {
                let message = format!("`{other}` is computed behind `{key}`, which asks for it");
                let hint = Some(format!("declare `{other}` first"));
                self.fault(At::Value(&pointer), "invalid_value", message).hint = hint;
            }
        }
        for (at, rule) in collection.rules.iter().enumerate() {
            let pointer = format!("{base}/rules/{at}");
            self.known_field(At::Value(&format!("{pointer}/field")), schema, &rule.field, name);
            self.of_a_record(&format!("{pointer}/must"), &rule.must, schema, name);
        }
    }

    /// A field of a record, and not one of an object in it.
    fn whole_field(&mut self, at: At<'_>, schema: &Schema, key: &str, name: &str) {
        if key.contains('.') {
            let message = format!("`{key}` lies in an object; whole fields are computed");
            self.fault(at, "invalid_value", message);
        } else {
            self.known_field(at, schema, key, name);
        }
    }

    /// An expression over a record alone.
    fn of_a_record(&mut self, pointer: &str, text: &str, schema: &Schema, name: &str) {
        let asked = match expression::asked_by(&template::language(template::FUEL), text) {
            Ok(asked) => asked,
            Err(why) => {
                self.fault(At::Value(pointer), "invalid_expression", why.to_string());
                return;
            }
        };
        for variable in asked.iter().filter(|it| *it != "it") {
            let message = format!("`{variable}` is never given to this expression");
            let hint = Some("it sees the record, as `it`".to_owned());
            self.fault(At::Value(pointer), "unknown_variable", message).hint = hint;
        }
        for field in rules::asked(text) {
            self.known_field(At::Value(pointer), schema, field, name);
        }
        let place = self.app.place(pointer);
        self.filters_and_tests(APP_FILE, place, &format!("{{{{ {text} }}}}"));
    }
}
