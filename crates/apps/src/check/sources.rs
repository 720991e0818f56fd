//! Sources: are their documents whole, and is there what they speak of?

use std::sync::LazyLock;

use ::sources::{Program, Source, program::Thing};
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::{
    At, Checker,
    shape::{told, without_formats},
};
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

/// The JSON Schema of a source's document, made of the types that read it.
static SHAPE: LazyLock<Schema> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
    let mut shape = Json::from(settings.into_generator().into_root_schema_for::<Source>());
    without_formats(&mut shape);
    Schema::compile(&shape).expect("the types of a source make a schema")
});

impl<'f> Checker<'f> {
    pub(super) fn source(&mut self, name: &str, file: &str, all: &Description) {
        let pointer = field::pointer_to("/sources", name);
        self.snake_name(At::Key(&pointer), "source", name);
        let Some(document) = self.own_document(&pointer, file) else { return };
        if let Err(found) = SHAPE.check(&document.value) {
            self.faults.extend(found.iter().map(|it| told(file, document, it)));
            return;
        }
        let language = template::language(template::FUEL);
        let program = match Program::compile(name, &document.value, &language) {
            Ok(program) => program,
            Err(faults) => {
                for it in faults {
                    let at = At::File(file, document.place(&it.pointer));
                    self.fault(at, it.code, it.message).hint = it.hint;
                }
                return;
            }
        };
        let into = &program.source().into;
        for mention in program.mentions() {
            let place = document.place(&mention.pointer);
            self.mentioned(file, place, mention.thing, into, all);
        }
    }

    /// The document in a file that `app.yaml` names at `pointer`.
    pub(super) fn own_document(&mut self, pointer: &str, file: &str) -> Option<&'f Marked> {
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
    pub(super) fn mentioned(
        &mut self,
        file: &str,
        place: Place,
        thing: Thing,
        into: &str,
        all: &Description,
    ) {
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
