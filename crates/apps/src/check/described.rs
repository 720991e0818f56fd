//! Documents with expressions of their own, sources and look-ups: are they whole, and is there what they speak of?

use ::sources::{
    expression::Language,
    program::{self, Mention, Thing},
};
use serde_json::Value as Json;

use super::{At, Checker, shape::told};
use crate::{
    description::{Collection, Description},
    field,
    marked::{Marked, Place},
    schema::Schema,
    template::{
        self,
        names::{self, Kind},
    },
};

/// What `app.yaml` says of such a document.
#[derive(Clone, Copy)]
pub(super) struct Said<'s> {
    /// The key of the list in which it stands.
    pub(super) list: &'static str,
    /// What it is, for people.
    pub(super) noun: &'static str,
    /// Its name there.
    pub(super) name: &'s str,
    /// Its file.
    pub(super) file: &'s str,
}

impl<'f> Checker<'f> {
    /// The document, and what is compiled of it; none where it has faults, which are told.
    pub(super) fn compiled<T>(
        &mut self,
        said: Said<'_>,
        shape: &Schema,
        compile: impl FnOnce(&str, &Json, &Language) -> Result<T, Vec<program::Fault>>,
    ) -> Option<(&'f Marked, T)> {
        let Said { list, noun, name, file } = said;
        let pointer = field::pointer_to(list, name);
        self.snake_name(At::Key(&pointer), noun, name);
        let document = self.own_document(&pointer, file)?;
        if let Err(found) = shape.check(&document.value) {
            self.faults.extend(found.iter().map(|it| told(file, document, it)));
            return None;
        }
        match compile(name, &document.value, &template::language(template::FUEL)) {
            Ok(compiled) => Some((document, compiled)),
            Err(faults) => {
                for it in faults {
                    let at = At::File(file, document.place(&it.pointer));
                    self.fault(at, it.code, it.message).hint = it.hint;
                }
                None
            }
        }
    }

    /// All that a document speaks of; `into` is the collection of its fields.
    pub(super) fn speaks_of(
        &mut self,
        file: &str,
        document: &Marked,
        mentions: Vec<Mention>,
        into: &str,
        all: &Description,
    ) {
        for mention in mentions {
            let place = document.place(&mention.pointer);
            self.mentioned(file, place, mention.thing, into, all);
        }
    }

    /// The document in a file that `app.yaml` names at `pointer`.
    fn own_document(&mut self, pointer: &str, file: &str) -> Option<&'f Marked> {
        if !self.exists(pointer, file) {
            return None;
        }
        let files = self.files;
        let found = files.document(file);
        let is_one = [".yaml", ".yml", ".json"].iter().any(|it| file.ends_with(it));
        // A document with a fault of syntax was told already.
        if found.is_none() && !is_one {
            let message = format!("`{file}` is no YAML and no JSON");
            self.fault(At::Value(pointer), "invalid_value", message);
        }
        found
    }

    /// What of others a document speaks of at a place; `into` is the collection of its fields.
    fn mentioned(&mut self, file: &str, place: Place, thing: Thing, into: &str, all: &Description) {
        let collection = all.collections.get(into);
        let at = At::File(file, place);
        match thing {
            Thing::Collection(name) => self.collection_of_source(at, &name, collection),
            Thing::Records(name) => {
                if all.collections.get(&name).is_some_and(|it| it.private) {
                    let message = format!("`{name}` is private, and this sends it away");
                    self.fault(at, "private", message);
                    return;
                }
                let known = self.names.collections.clone();
                if !known.contains(&name) {
                    let message = format!("there is no collection `{name}`");
                    let known = known.iter().map(String::as_str);
                    self.unknown(at, "unknown_collection", message, known, &name);
                }
            }
            Thing::Key(fields) => {
                let is_unique = collection.is_none_or(|it| it.unique.contains(&fields));
                if !is_unique {
                    let list = fields.join(", ");
                    let message = format!("nothing keeps two records from having the same {list}");
                    let hint = format!("add `unique: [[{list}]]` to the collection");
                    self.fault(at, "not_unique", message).hint = Some(hint);
                }
            }
            Thing::Field(name) => {
                let schema = collection.and_then(|it| self.known_schema(&it.schema));
                if let Some(schema) = schema {
                    self.known_field(at, &schema, &name, into);
                }
            }
            Thing::Task(name) => {
                let known = self.names.tasks.clone();
                if !known.contains(&name) {
                    let message = format!("there is no task `{name}`");
                    let known = known.iter().map(String::as_str);
                    self.unknown(at, "unknown_task", message, known, &name);
                }
            }
            Thing::File(name) => {
                if !name.contains("{{") && !self.files.has(&name) {
                    let message = format!("there is no file `{name}`");
                    let known: Vec<String> = self.files.names().map(str::to_owned).collect();
                    let known = known.iter().map(String::as_str);
                    self.unknown(at, "missing_file", message, known, &name);
                }
            }
            Thing::Expression(text) => {
                self.filters_and_tests(file, place, &format!("{{{{ {text} }}}}"));
            }
            Thing::Text(text) => self.filters_and_tests(file, place, &text),
            Thing::Environment(name) => {
                let known: Vec<&str> = all.environment.names().collect();
                if !known.contains(&name.as_str()) {
                    let message = format!("`{name}` is no variable of the environment");
                    let hint = format!("name it under `environment: {{optional: [{name}]}}`");
                    self.fault(at, "unknown_variable", message).hint = Some(hint);
                }
            }
        }
    }

    fn collection_of_source(&mut self, at: At<'_>, name: &str, collection: Option<&Collection>) {
        let Some(collection) = collection else {
            let known = self.names.collections.clone();
            // One that is declared and has faults was told of.
            if !known.iter().any(|it| it == name) {
                let message = format!("there is no collection `{name}`");
                let known = known.iter().map(String::as_str);
                self.unknown(at, "unknown_collection", message, known, name);
            }
            return;
        };
        if collection.private {
            let message = format!("`{name}` is private: people keep there what is theirs");
            let hint = "what comes from a source is everybody's".to_owned();
            self.fault(at, "private", message).hint = Some(hint);
            return;
        }
        if let Some(parent) = &collection.parent {
            let message = format!("records of `{name}` lie in those of `{parent}`");
            let hint = "a source keeps records that lie in no other".to_owned();
            self.fault(at, "invalid_value", message).hint = Some(hint);
        }
    }

    /// The schema of a collection, when it has no fault of its own.
    fn known_schema(&self, file: &str) -> Option<Schema> {
        self.schemas.get(file).cloned().flatten()
    }

    pub(super) fn filters_and_tests(&mut self, file: &str, place: Place, text: &str) {
        for name in names::of(text) {
            let (is_known, code, what, known): (bool, _, _, Vec<&str>) = match name.kind {
                Kind::Filter => {
                    let is_known = template::has_filter(&name.text);
                    (is_known, "unknown_filter", "filter", template::filter_names().collect())
                }
                Kind::Test => {
                    let is_known = template::has_test(&name.text);
                    (is_known, "unknown_test", "test", template::TESTS.to_vec())
                }
                Kind::Variable | Kind::Template => continue,
            };
            if !is_known {
                let message = format!("there is no {what} `{}`", name.text);
                self.unknown(At::File(file, place), code, message, known, &name.text);
            }
        }
    }
}
