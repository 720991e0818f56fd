//! What is looked up while somebody waits: are its documents whole, and is there what they speak of?

use std::sync::LazyLock;

use ::sources::{Live, LiveLookup};
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::{
    At, Checker,
    shape::{told, without_formats},
};
use crate::{description::Description, field, schema::Schema, template};

/// The JSON Schema of a look-up's document, made of the types that read it.
static SHAPE: LazyLock<Schema> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
    let mut shape = Json::from(settings.into_generator().into_root_schema_for::<LiveLookup>());
    without_formats(&mut shape);
    Schema::compile(&shape).expect("the types of a look-up make a schema")
});

impl Checker<'_> {
    pub(super) fn lookup(&mut self, name: &str, file: &str, all: &Description) {
        let pointer = field::pointer_to("/lookups", name);
        self.snake_name(At::Key(&pointer), "look-up", name);
        let Some(document) = self.own_document(&pointer, file) else { return };
        if let Err(found) = SHAPE.check(&document.value) {
            self.faults.extend(found.iter().map(|it| told(file, document, it)));
            return;
        }
        let language = template::language(template::FUEL);
        let live = match Live::compile(name, &document.value, &language) {
            Ok(live) => live,
            Err(faults) => {
                for it in faults {
                    let at = At::File(file, document.place(&it.pointer));
                    self.fault(at, it.code, it.message).hint = it.hint;
                }
                return;
            }
        };
        for mention in live.mentions() {
            let place = document.place(&mention.pointer);
            self.mentioned(file, place, mention.thing, &live.described().on, all);
        }
    }
}
