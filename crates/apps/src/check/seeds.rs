//! The data that a folder brings: rows to start with, records that new tenants get.

use serde_json::Value as Json;

use super::{At, Checker};
use crate::{
    description::Collection,
    folder,
    marked::{Marked, Place},
    record::{made_and_judged, rules::Rules},
    schema::{self, Schema},
    table,
};

impl Checker<'_> {
    /// Every row must fit the schema, and every column be a field.
    pub(super) fn seed(
        &mut self,
        pointer: &str,
        file: &str,
        collection: &Collection,
        schema: &Schema,
    ) {
        if !self.exists(pointer, file) {
            return;
        }
        let Some(text) = self.files.text(file) else {
            let message = "the file cannot be read as text".to_owned();
            self.fault(At::File(file, Place::START), "unreadable", message);
            return;
        };
        let is_document = !file.ends_with(".csv");
        if is_document && self.files.document(file).is_none() {
            if !matches!(file.rsplit_once('.'), Some((_, "json" | "yaml" | "yml"))) {
                let message = format!("`{file}` must be CSV, JSON or YAML");
                self.fault(At::Value(pointer), "invalid_seed", message);
            }
            return;
        }
        let place = |row: u64| Place { line: u32::try_from(row).unwrap_or(u32::MAX), column: 1 };
        match folder::read_seed(text, file, collection, schema) {
            Err(error) => {
                let message = error.to_string();
                self.fault(At::File(file, Place::START), "invalid_seed", message);
            }
            Ok(read) => {
                for column in read.columns.iter().filter(|it| it.field.is_none()) {
                    let message =
                        format!("the column `{}` is no field of the schema", column.header);
                    let fields = schema.fields();
                    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                    self.unknown(
                        At::File(file, Place::START),
                        "unknown_field",
                        message,
                        fields,
                        &column.header,
                    );
                }
                let files = self.files;
                let document = if is_document { files.document(file) } else { None };
                let place_of = |row: Option<u64>| match (row, document) {
                    (Some(row), Some(document)) => document.place(&entry(document, row)),
                    (Some(row), None) => place(row),
                    (None, _) => Place::START,
                };
                if let Some(rules) = Rules::of(collection, schema) {
                    for record in read.records {
                        let mut data = Json::Object(record.data);
                        for it in made_and_judged(schema, Some(&rules), &mut data) {
                            let row = record.row_number;
                            let what = super::files::shown(&it.pointer);
                            let message = format!("row {row}: {what} {}", it.message);
                            let at = At::File(file, place_of(Some(row)));
                            self.fault(at, "invalid_seed", message).hint = it.hint;
                        }
                    }
                }
                for line in read.report.lines {
                    let at = place_of(line.row);
                    let level = line.level;
                    let message = format!("row {}: {}", line.row.unwrap_or_default(), line.message);
                    let fault = self.fault(At::File(file, at), "invalid_seed", message);
                    // A value that was left out would be lost silently, so only remarks are warnings.
                    if level == table::Level::Warning && line.code != "invalid_value" {
                        fault.warns();
                    }
                }
            }
        }
    }

    /// The record of a new tenant must fit the schema, its documents theirs.
    pub(super) fn default_record(
        &mut self,
        pointer: &str,
        file: &str,
        collection: &Collection,
        schema: &Schema,
    ) {
        if !self.exists(pointer, file) {
            return;
        }
        let files = self.files;
        let Some(document) = files.document(file) else { return };
        let mut value = document.value.clone();
        let rules = Rules::of(collection, schema);
        let mut found = made_and_judged(schema, rules.as_ref(), &mut value);
        for (name, kind) in &collection.documents {
            let inner = document.value.get(name);
            let documented = self.schemas.get(&kind.schema).cloned().flatten();
            if let (Some(inner), Some(schema)) = (inner, documented) {
                let mut inner = inner.clone();
                schema.complete(&mut inner, None);
                for fault in schema.check(&inner).err().unwrap_or_default() {
                    found.push(schema::Fault {
                        pointer: format!("/{name}{}", fault.pointer),
                        ..fault
                    });
                }
            }
        }
        for it in found {
            let place = document.place(&it.pointer);
            let message = format!("{} {}", super::files::shown(&it.pointer), it.message);
            self.fault(At::File(file, place), "invalid_record", message).hint = it.hint;
        }
    }
}

/// The pointer of the entry that a reader counts as `row`.
fn entry(document: &Marked, row: u64) -> String {
    let at = row.saturating_sub(1);
    if matches!(document.value, Json::Object(_)) {
        format!("/items/{at}")
    } else {
        format!("/{at}")
    }
}
