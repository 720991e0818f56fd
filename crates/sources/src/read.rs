//! Reading: rows out of a document, their fields out of rows. Pages, JSON and tables alike give
//! objects of fields; nothing here knows what becomes of them.
//!
//! Reading is computing: no I/O, and no error but that a document is not what it was said to be.

mod html;
mod json;
mod table;

use indexmap::IndexMap;
use serde_json::Value as Json;

pub(crate) use html::{as_many, page_words};
pub(crate) use json::at;

use crate::{
    description::{Field, FieldSpec, Format, Parse},
    expression::{Bench, Data, Scope, Wrong, value_of},
    filters,
    program::Program,
};

/// The longest row that is kept as it was.
const RAW_CHARS_MAX: usize = 20_000;

/// A row of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    /// Its fields; what was not found is null.
    pub(crate) fields: Data,
    /// Keys that it should have and has not.
    pub(crate) lacks: Vec<String>,
    /// Why a field of it could not be read.
    pub(crate) fault: Option<String>,
    /// The row as it was, when somebody may ask for it.
    pub(crate) raw: Option<String>,
}

/// What was read of a document.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) rows: Vec<Row>,
    /// Where there are no rows: each selector, and how often it is found in the whole document.
    pub(crate) probes: Vec<(String, usize)>,
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// It is not what the description says.
    #[error("{0}")]
    Other(String),
    /// An expression of the description failed.
    #[error("an expression of a field failed: {0}")]
    Wrong(#[from] Wrong),
}

/// Reads documents as a description says.
pub(crate) struct Reader<'a> {
    pub(crate) program: &'a Program,
    pub(crate) bench: &'a Bench<'a>,
    pub(crate) scope: &'a Scope,
}

impl Reader<'_> {
    /// The rows of a document.
    pub(crate) fn rows(&self, text: &str) -> Result<Reading, ReadError> {
        match self.parse().kind {
            Format::Html => html::rows(self, text),
            Format::Json => json::rows(self, text),
            Format::Csv => table::rows(self, text),
        }
    }

    /// What is taken out of the answer of a step: by paths of JSON, or by selectors of a page.
    pub(crate) fn taken(
        &self,
        text: &str,
        fields: &IndexMap<String, Field>,
    ) -> Result<Data, ReadError> {
        if fields.is_empty() {
            return Ok(Data::new());
        }
        match fields.values().any(Field::is_by_path) {
            true => json::taken(self, text, fields),
            false => html::taken(self, text, fields),
        }
    }

    /// The fields of a row. One that cannot be read is null, and the row has its reason.
    fn row(&self, read: impl Fn(&Field) -> Result<Json, Wrong>) -> Row {
        let mut row = Row::default();
        for (name, field) in &self.parse().fields {
            let value = read(field).unwrap_or_else(|wrong| {
                row.fault.get_or_insert_with(|| format!("`{name}`: {wrong}"));
                Json::Null
            });
            row.fields.insert(name.clone(), value);
        }
        row
    }

    fn parse(&self) -> &Parse {
        &self.program.source().parse
    }

    /// What becomes of a text that was found, or of its absence.
    fn shaped(&self, spec: &FieldSpec, text: Option<String>) -> Result<Json, Wrong> {
        if let Some(between) = &spec.split {
            let text = text.unwrap_or_default();
            let parts = text.split(between.as_str()).filter_map(filters::clean);
            let entries = parts.map(|it| self.entry(spec, Json::String(it)));
            return entries.collect::<Result<Vec<_>, _>>().map(Json::Array);
        }
        match spec.find.as_deref().and_then(|it| self.program.pattern(it)) {
            Some(pattern) => Ok(filters::extract(pattern, text.as_deref())),
            None => Ok(text.map_or(Json::Null, Json::String)),
        }
    }

    /// An entry of a list: as it is, or as it is mapped.
    fn entry(&self, spec: &FieldSpec, entry: Json) -> Result<Json, Wrong> {
        let Some(map) = &spec.map else { return Ok(entry) };
        let scope = self.scope.with("entry", value_of(&entry));
        let fields =
            map.iter().map(|(name, text)| Ok((name.clone(), self.bench.json(text, &scope)?)));
        fields.collect::<Result<Data, Wrong>>().map(Json::Object)
    }
}

/// Does an entry have what it must have?
fn is_whole(spec: &FieldSpec, entry: &Data) -> bool {
    spec.keep.iter().all(|it| entry.get(it).is_some_and(|it| !it.is_null()))
}

/// The beginning of a row as it was.
fn raw(text: &str) -> String {
    text.chars().filter(|it| *it != '\0').take(RAW_CHARS_MAX).collect()
}
