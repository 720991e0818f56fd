//! Sources: are their documents whole?

use std::sync::LazyLock;

use ::sources::{Program, Source};

use super::{Checker, described::Said, shape::of_type};
use crate::{description::Description, schema::Schema};

/// The JSON Schema of a source's document, made of the types that read it.
static SHAPE: LazyLock<Schema> = LazyLock::new(of_type::<Source>);

impl Checker<'_> {
    pub(super) fn source(&mut self, name: &str, file: &str, all: &Description) {
        let said = Said { list: "/sources", noun: "source", name, file };
        let Some((document, program)) = self.compiled(said, &SHAPE, Program::compile) else {
            return;
        };
        self.speaks_of(file, document, program.mentions(), &program.source().into, all);
    }
}
