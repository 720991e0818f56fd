//! Reads lists of JSON objects: a list, an object with a list under `items`, or an object on each
//! line. The names of their fields are headers like any others.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::{Cell, Cost, Format, Grid, GridRow, TableError};

/// Is the text JSON of one kind or the other?
pub(super) fn format(text: &str) -> Option<Format> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.chars().next()? {
        '[' => Some(Format::Json),
        '{' => {
            let first_line = text.lines().next().unwrap_or_default();
            let is_one = serde_json::from_str::<Map<String, Json>>(first_line.trim()).is_ok();
            let has_more = text.lines().skip(1).any(|it| !it.trim().is_empty());
            Some(if is_one && has_more { Format::Jsonl } else { Format::Json })
        }
        _ => None,
    }
}

/// Is the text a JSON document that can be read?
pub(super) fn is_json(text: &str) -> bool {
    entries(text).is_ok()
}

/// Reads one JSON document.
pub(super) fn json(text: &str, cost: &mut Cost) -> Result<Grid<'static>, TableError> {
    let items = entries(text)?.into_iter().map(Ok).enumerate();
    grid(Format::Json, items.map(|(at, it)| (at as u64 + 1, it)), cost)
}

fn entries(text: &str) -> Result<Vec<Json>, TableError> {
    let text = text.trim_start_matches('\u{feff}');
    let value: Json = serde_json::from_str(text)
        .map_err(|error| TableError::NotItems { why: error.to_string() })?;
    match value {
        Json::Array(items) => Ok(items),
        Json::Object(mut object) => match object.shift_remove("items") {
            Some(Json::Array(items)) => Ok(items),
            _ => Err(TableError::NotItems { why: "an object needs a list `items`".into() }),
        },
        _ => Err(TableError::NotItems { why: "it is neither a list nor an object".into() }),
    }
}

/// Reads an object on each line; a line that is none is reported.
pub(super) fn lines(text: &str, cost: &mut Cost) -> Result<Grid<'static>, TableError> {
    let lines = text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty());
    let rows = lines.map(|(at, line)| {
        let value = serde_json::from_str(line.trim()).map_err(|error| {
            format!(
                "The line is not JSON: {}.",
                error.to_string().split(" at line").next().unwrap_or_default()
            )
        });
        (at as u64 + 1, value)
    });
    grid(Format::Jsonl, rows, cost)
}

/// Takes objects that somebody else has read.
pub(super) fn given<'a>(items: &'a [Json], cost: &mut Cost) -> Result<Grid<'a>, TableError> {
    let mut headers: IndexMap<&str, usize> = IndexMap::new();
    let objects = items.iter().filter_map(Json::as_object);
    for key in objects.flat_map(Map::keys) {
        let at = headers.len();
        headers.entry(key).or_insert(at);
    }
    let mut rows = vec![header(headers.keys().copied())];
    for (at, item) in items.iter().enumerate() {
        cost.add(headers.len() as u64, 0)?;
        let mut cells = vec![Cell::Empty; headers.len()];
        let mut refusal = None;
        match item {
            Json::Object(object) => {
                for (key, value) in object {
                    cells[headers[key.as_str()]] = cell(Cow::Borrowed(value));
                }
            }
            _ => refusal = Some(NOT_AN_OBJECT.to_owned()),
        }
        rows.push(GridRow { number: at as u64 + 1, cells, remarks: Vec::new(), refusal });
    }
    Ok(Grid { format: Format::Json, rows, lines: Vec::new(), is_ragged_by_nature: true })
}

const NOT_AN_OBJECT: &str = "This entry is not an object.";

fn grid(
    format: Format,
    items: impl Iterator<Item = (u64, Result<Json, String>)>,
    cost: &mut Cost,
) -> Result<Grid<'static>, TableError> {
    let mut headers: IndexMap<String, usize> = IndexMap::new();
    let mut rows = Vec::new();
    for (number, item) in items {
        let mut cells = Vec::new();
        let mut refusal = None;
        match item {
            Ok(Json::Object(object)) => {
                let places: Vec<(usize, Json)> = object
                    .into_iter()
                    .map(|(key, value)| {
                        let next = headers.len();
                        (*headers.entry(key).or_insert(next), value)
                    })
                    .collect();
                // A row is as wide as all names seen so far.
                cost.add(headers.len() as u64, 0)?;
                cells.resize(headers.len(), Cell::Empty);
                for (at, value) in places {
                    cells[at] = cell(Cow::Owned(value));
                }
            }
            Ok(_) => refusal = Some(NOT_AN_OBJECT.to_owned()),
            Err(why) => refusal = Some(why),
        }
        rows.push(GridRow { number, cells, remarks: Vec::new(), refusal });
    }
    rows.insert(0, header(headers.keys().map(String::as_str)));
    Ok(Grid { format, rows, lines: Vec::new(), is_ragged_by_nature: true })
}

fn header<'a>(names: impl Iterator<Item = &'a str>) -> GridRow<'static> {
    let cells = names.map(|it| Cell::Text(Cow::Owned(it.to_owned()))).collect();
    GridRow { number: 0, cells, remarks: Vec::new(), refusal: None }
}

fn cell(value: Cow<'_, Json>) -> Cell<'_> {
    match value {
        Cow::Borrowed(Json::String(text)) => Cell::Text(Cow::Borrowed(text)),
        Cow::Owned(Json::String(text)) => Cell::Text(Cow::Owned(text)),
        other => Cell::Json(other),
    }
}
