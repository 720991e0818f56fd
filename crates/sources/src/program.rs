//! A description made ready: selectors, patterns and expressions compiled, and everything that is
//! wrong with them said at once.
//!
//! It does no I/O and knows neither the application's collections nor its tasks: those who have them
//! check that ([`Program::mentions`]).

mod asked;
mod faults;
mod live;
mod mentions;

use std::{collections::HashMap, fmt, sync::Arc};

use regex::Regex;
use scraper::Selector;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{
    description::{Field, Source},
    expression::{Bench, Language, Wrong},
};

pub use faults::Fault;
pub(crate) use faults::PAGE;
pub use live::Live;
pub use mentions::{Mention, Thing};

/// A source, ready to be read. Cheap to clone.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    name: String,
    source: Source,
    shape: String,
    language: Language,
    selectors: HashMap<String, Selector>,
    patterns: HashMap<String, Regex>,
    expressions: Vec<String>,
    sees_raw: bool,
}

impl Program {
    /// Makes the description in a document ready.
    ///
    /// # Errors
    /// Every fault, each with the JSON pointer of its place in the document.
    pub fn compile(name: &str, document: &Json, language: &Language) -> Result<Self, Vec<Fault>> {
        let source: Source = serde_json::from_value(document.clone())
            .map_err(|error| vec![Fault::new("", "invalid_value", error.to_string())])?;
        let mut compiler = faults::Compiler::new(&source, language);
        compiler.whole();
        let faults::Compiled { selectors, patterns, expressions, sees_raw, faults } =
            compiler.finish();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self(Arc::new(Inner {
            name: name.to_owned(),
            shape: hex::encode(&Sha256::digest(document.to_string().as_bytes())[..8]),
            source,
            language: language.clone(),
            selectors,
            patterns,
            expressions,
            sees_raw,
        })))
    }

    /// What it says of others: collections, fields, tasks, files, variables of the environment.
    pub fn mentions(&self) -> Vec<Mention> {
        mentions::of(&self.0.source)
    }

    /// Its name in `app.yaml`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it says.
    pub fn source(&self) -> &Source {
        &self.0.source
    }

    /// Changes whenever the description does.
    pub fn shape(&self) -> &str {
        &self.0.shape
    }

    /// The language of its expressions.
    pub(crate) fn language(&self) -> &Language {
        &self.0.language
    }

    /// Does anything ask for the row as it was?
    pub(crate) fn sees_raw(&self) -> bool {
        self.0.sees_raw
    }

    /// Its expressions, ready to run.
    pub(crate) fn bench(&self) -> Result<Bench<'_>, Wrong> {
        Bench::new(&self.0.language, self.0.expressions.iter().map(String::as_str))
    }

    /// A selector of the description.
    pub(crate) fn selector(&self, text: &str) -> Option<&Selector> {
        self.0.selectors.get(text)
    }

    /// A pattern of the description.
    pub(crate) fn pattern(&self, text: &str) -> Option<&Regex> {
        self.0.patterns.get(text)
    }

    /// The selectors that fields of a row are found by, outermost first, each once.
    pub(crate) fn probes(&self) -> Vec<&str> {
        let mut probes: Vec<&str> = vec![&self.0.source.parse.rows];
        for field in self.0.source.parse.fields.values() {
            let css = match field {
                Field::Short(text) => Some(text.as_str()),
                Field::Full(spec) => spec.css.as_deref(),
            };
            if let Some(css) = css.filter(|it| !probes.contains(it)) {
                probes.push(css);
            }
        }
        probes
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.0.name).finish()
    }
}
