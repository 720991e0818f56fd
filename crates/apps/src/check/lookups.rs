//! What is looked up while somebody waits: are its documents whole?

use std::sync::LazyLock;

use ::sources::{Live, LiveLookup};

use super::{Checker, described::Said, shape::of_type};
use crate::{description::Description, schema::Schema};

/// The JSON Schema of a look-up's document, made of the types that read it.
static SHAPE: LazyLock<Schema> = LazyLock::new(of_type::<LiveLookup>);

impl Checker<'_> {
    pub(super) fn lookup(&mut self, name: &str, file: &str, all: &Description) {
        let said = Said { list: "/lookups", noun: "look-up", name, file };
        let Some((document, live)) = self.compiled(said, &SHAPE, Live::compile) else { return };
        self.speaks_of(file, document, live.mentions(), &live.described().on, all);
    }
}
