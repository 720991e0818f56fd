//! From a row to a record: what becomes of each cell, and of each row that is not as it should be.

use std::{borrow::Cow, collections::HashMap};

use serde_json::Value as Json;

use super::{Cell, GridRow, Level, Line, Reader, Report, cell, header::Use};
use crate::{
    field::{self, Data},
    schema::Kinds,
};

impl Reader {
    /// The record of a row; none when the row is lost, and then a line says why.
    pub(super) fn record(
        &self,
        row: &GridRow<'_>,
        columns: &[Column<'_>],
        is_ragged_by_nature: bool,
        lines: &mut Lines,
    ) -> Option<Data> {
        if let Some(why) = &row.refusal {
            lines.error(None, "not_a_record", why.clone());
            return None;
        }
        for (at, code, message) in &row.remarks {
            let header = columns.get(*at).map(|it| it.header.as_str());
            lines.warn(header, code, format!("{} {message}.", named(header)));
        }
        if !is_ragged_by_nature {
            note_width(row, columns, lines);
        }
        let mut data = Data::new();
        for (column, cell) in columns.iter().zip(&row.cells) {
            if !cell.is_empty() {
                self.put(&mut data, column, cell, lines);
            }
        }
        for required in &self.import.required {
            if field::is_empty(&data, required) {
                let header =
                    columns.iter().find(|it| it.field == required).map(|it| it.header.as_str());
                lines.error(
                    header,
                    "empty_required",
                    format!("{} is empty; the row was skipped.", named(header)),
                );
                return None;
            }
        }
        self.fit(data, columns, lines)
    }

    fn put(&self, data: &mut Data, column: &Column<'_>, cell: &Cell<'_>, lines: &mut Lines) {
        let header = Some(column.header.as_str());
        let cleaned = match cell {
            Cell::Text(text) => {
                let (text, removed) = cell::clean(text);
                if removed {
                    lines.warn(
                        header,
                        "characters_removed",
                        format!(
                            "Characters that cannot be seen were taken out of {}.",
                            named_within(header)
                        ),
                    );
                }
                if cell::looks_like_formula(&text) && text.starts_with('=') {
                    lines.warn(
                        header,
                        "formula",
                        format!("{} looks like a formula; it was kept as text.", named(header)),
                    );
                }
                Cell::Text(text)
            }
            other => other.clone(),
        };
        if cleaned.is_empty() {
            return;
        }
        match column.used {
            Use::Nothing => {}
            Use::Rest(rest) => put_rest(data, rest, &cleaned),
            Use::Field(name) => {
                if let (Some(words), Cell::Text(text)) = (self.import.values.get(name), &cleaned) {
                    match cell::meaning(words, text) {
                        Some(value) => field::set(data, name, value.into()),
                        None => {
                            field::set(data, name, words.unknown.value.clone());
                            if let Some(place) = &words.unknown.keep_as {
                                field::set(data, place, text.as_ref().into());
                            }
                            lines.warn(
                                header,
                                "unknown_word",
                                format!("{} `{}` is not known.", named(header), cut(text)),
                            );
                        }
                    }
                    return;
                }
                match cell::value(&cleaned, column.kinds) {
                    Some(value) => field::set(data, name, value),
                    // What cannot be converted is judged with everything else, by the schema.
                    None => field::set(data, name, given(&cleaned)),
                }
            }
        }
    }

    /// Makes a record fit its schema, or says why it cannot.
    fn fit(&self, data: Data, columns: &[Column<'_>], lines: &mut Lines) -> Option<Data> {
        let mut value = Json::Object(data);
        for _ in 0..8 {
            let Err(faults) = self.row_schema.check(&value) else { break };
            let Json::Object(data) = &mut value else { return None };
            for fault in faults {
                let path = fault.pointer.trim_start_matches('/').replace('/', ".");
                let column = columns.iter().find(|it| {
                    !it.field.is_empty()
                        && (path == it.field || path.starts_with(&format!("{}.", it.field)))
                });
                let header = column.map(|it| it.header.as_str());
                let is_lost = match column {
                    Some(column) => column.is_required || matches!(column.used, Use::Nothing),
                    None => true,
                };
                if is_lost {
                    let name = header.map_or_else(|| format!("`{path}`"), |_| named(header));
                    lines.error(
                        header,
                        "invalid_value",
                        format!("{name} {}; the row was skipped.", fault.message),
                    );
                    continue;
                }
                let Some(taken) = field::remove(data, &path) else { continue };
                lines.warn(
                    header,
                    "invalid_value",
                    format!("{} {}; it was left out.", named(header), fault.message),
                );
                if let Some(rest) = self.import.rest.as_deref() {
                    let last = path.rsplit('.').next().unwrap_or(&path);
                    let place = format!("{rest}.{last}_given");
                    if self.schema.knows(&place)
                        && field::get(data, &place).is_none()
                        && place.len() < 200
                    {
                        field::set(data, &place, taken);
                    }
                }
            }
            if lines.has_error() {
                return None;
            }
        }
        if !self.row_schema.is_valid(&value) {
            lines.error(
                None,
                "invalid_value",
                "The row does not fit together; it was skipped.".into(),
            );
            return None;
        }
        match value {
            Json::Object(data) => Some(data),
            _ => None,
        }
    }

    /// Warns of values that are to tell records apart and do not.
    pub(super) fn note_repeats(
        &self,
        number: u64,
        data: &Data,
        seen: &mut HashMap<(usize, String), u64>,
        report: &mut Report,
    ) {
        for (at, name) in self.matched_by.iter().enumerate() {
            let Some(value) =
                field::get(data, name).map(field::display).filter(|it| !it.is_empty())
            else {
                continue;
            };
            let first = *seen.entry((at, value.clone())).or_insert(number);
            if first != number {
                let said = name.replace('_', " ");
                let line = Line {
                    row: Some(number),
                    column: None,
                    level: Level::Warning,
                    code: "repeated",
                    message: format!("The {said} `{}` stands in row {first} already.", cut(&value)),
                };
                report.repeat(name.clone(), line);
            }
        }
    }
}

/// A column, with all that is asked about it for each row.
pub(super) struct Column<'a> {
    pub(super) header: &'a String,
    pub(super) used: &'a Use,
    pub(super) field: &'a str,
    pub(super) kinds: Kinds,
    pub(super) is_required: bool,
}

/// The lines about one row.
pub(super) struct Lines {
    row: u64,
    lines: Vec<Line>,
}

impl Lines {
    pub(super) fn of(row: u64) -> Self {
        Self { row, lines: Vec::new() }
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Line> {
        self.lines.into_iter()
    }

    fn warn(&mut self, column: Option<&str>, code: &'static str, message: String) {
        self.add(column, Level::Warning, code, message);
    }

    fn error(&mut self, column: Option<&str>, code: &'static str, message: String) {
        self.add(column, Level::Error, code, message);
    }

    fn has_error(&self) -> bool {
        self.lines.iter().any(|it| it.level == Level::Error)
    }

    fn add(&mut self, column: Option<&str>, level: Level, code: &'static str, message: String) {
        let column = column.map(str::to_owned);
        self.lines.push(Line { row: Some(self.row), column, level, code, message });
    }
}

fn named(header: Option<&str>) -> String {
    match header {
        Some(header) => format!("`{}`", cut(header)),
        None => "A cell".into(),
    }
}

fn named_within(header: Option<&str>) -> String {
    header.map_or_else(|| "a cell".into(), |it| format!("`{}`", cut(it)))
}

const SAMPLE_LENGTH: usize = 80;

fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SAMPLE_LENGTH) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The start of a cell, for samples and headers.
pub(super) fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => cut(&cell::clean(text).0).into_owned(),
        Cell::Json(value) => cut(&field::display(value)).into_owned(),
    }
}

fn given(cell: &Cell<'_>) -> Json {
    match cell {
        Cell::Empty => Json::Null,
        Cell::Text(text) => Json::String(text.as_ref().to_owned()),
        Cell::Json(value) => value.as_ref().clone(),
    }
}

/// Takes an object, or the JSON of one, in among what else goes into `rest`.
fn put_rest(data: &mut Data, rest: &str, cell: &Cell<'_>) {
    let value = match cell {
        Cell::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| given(cell)),
        other => given(other),
    };
    match value {
        Json::Object(object) => {
            if field::get(data, rest).is_none() {
                field::set(data, rest, Json::Object(Data::new()));
            }
            for (key, value) in object {
                let place = format!("{rest}.{key}");
                if key.contains('.') || field::get(data, &place).is_none() {
                    put_key(data, rest, key, value);
                }
            }
        }
        other => {
            field::set(data, &format!("{rest}.{}", rest.rsplit('.').next().unwrap_or(rest)), other);
        }
    }
}

/// Puts a key into the object at `rest` as it stands, dots and all.
fn put_key(data: &mut Data, rest: &str, key: String, value: Json) {
    let object = rest.split('.').try_fold(data, |inner, name| inner.get_mut(name)?.as_object_mut());
    if let Some(object) = object {
        object.entry(key).or_insert(value);
    }
}

fn note_width(row: &GridRow<'_>, columns: &[Column<'_>], lines: &mut Lines) {
    let (found, expected) = (row.cells.len(), columns.len());
    if found < expected {
        lines.warn(None, "missing_cells", format!("The row has {found} cells where the header has {expected}; the missing ones were taken as empty."));
    } else if row.cells[expected..].iter().any(|it| !it.is_empty()) {
        lines.warn(None, "extra_cells", format!("The row has {found} cells where the header has {expected}; what is beyond was left out."));
    }
}
