//! Tables: CSV whose first line names the columns.

use serde_json::Value as Json;

use super::{ReadError, Reader, Reading, Row, raw};
use crate::{description::Field, filters};

pub(super) fn rows(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    let parse = reader.parse();
    let mut table = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(parse.delimiter).unwrap_or(b','))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let broken = |_| ReadError::Other("the table cannot be read as CSV".into());
    let heads: Vec<String> = table.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let place = |column: &str| heads.iter().position(|it| it.eq_ignore_ascii_case(column));
    for field in parse.fields.values() {
        let column = column_of(field);
        if place(column).is_none() {
            let why = format!("the table has no column `{column}`; it has {}", heads.join(", "));
            return Err(ReadError::Other(why));
        }
    }
    let mut rows = Vec::new();
    for line in table.records() {
        let line = line.map_err(broken)?;
        let read = |field: &Field| {
            let cell = place(column_of(field)).and_then(|at| line.get(at));
            let text = cell.and_then(filters::clean);
            match field {
                Field::Short(_) => Ok(text.map_or(Json::Null, Json::String)),
                Field::Full(spec) if spec.has => Ok(Json::Bool(text.is_some())),
                Field::Full(spec) => reader.shaped(spec, text),
            }
        };
        let raw = reader.program.sees_raw().then(|| {
            let cells: Vec<&str> = line.iter().collect();
            raw(&cells.join(&parse.delimiter.to_string()))
        });
        rows.push(Row { raw, ..reader.row(read) });
    }
    Ok(Reading { rows, probes: Vec::new() })
}

fn column_of(field: &Field) -> &str {
    match field {
        Field::Short(column) => column,
        Field::Full(spec) => spec.column.as_deref().unwrap_or_default(),
    }
}
