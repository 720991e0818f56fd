//! JSON: rows and fields by paths. Values keep their kind, and texts are left as they are.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{ReadError, Reader, Reading, Row, is_whole, raw};
use crate::{
    description::{Field, FieldSpec},
    expression::{Data, Wrong},
};

pub(super) fn rows(reader: &Reader<'_>, text: &str) -> Result<Reading, ReadError> {
    let parse = reader.parse();
    let document: Json = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|_| ReadError::Other("the answer is no JSON".into()))?;
    let all: Vec<&Json> = match at(&document, &parse.rows) {
        Some(Json::Array(entries)) => entries.iter().collect(),
        // One alone counts as a list of one.
        Some(one @ Json::Object(_)) => vec![one],
        _ if parse.rows.is_empty() => {
            return Err(ReadError::Other("the answer is no list of objects".into()));
        }
        _ => {
            return Err(ReadError::Other(format!("there is no list at `{}`", parse.rows)));
        }
    };
    let mut rows = Vec::with_capacity(all.len());
    for it in all {
        let lacks = parse.present.iter().filter(|name| it.get(name.as_str()).is_none());
        rows.push(Row {
            lacks: lacks.cloned().collect(),
            raw: reader.program.sees_raw().then(|| raw(&it.to_string())),
            ..reader.row(|field| field_of(reader, it, field))
        });
    }
    Ok(Reading { rows, probes: Vec::new() })
}

pub(super) fn taken(
    reader: &Reader<'_>,
    text: &str,
    fields: &IndexMap<String, Field>,
) -> Result<Data, ReadError> {
    let document: Json = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|_| ReadError::Other("the answer is no JSON".into()))?;
    let mut taken = Data::new();
    for (name, field) in fields {
        taken.insert(name.clone(), field_of(reader, &document, field)?);
    }
    Ok(taken)
}

/// The value at a path: `a.b.0`, or a pointer that begins with `/`; the whole when it is empty.
pub(crate) fn at<'a>(value: &'a Json, path: &str) -> Option<&'a Json> {
    if path.is_empty() || path.starts_with('/') {
        return value.pointer(path);
    }
    path.split('.').try_fold(value, |value, name| match value {
        Json::Object(object) => object.get(name),
        Json::Array(entries) => entries.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn field_of(reader: &Reader<'_>, row: &Json, field: &Field) -> Result<Json, Wrong> {
    match field {
        Field::Short(path) => Ok(at(row, path).cloned().unwrap_or_default()),
        Field::Full(spec) => spec_of(reader, row, spec),
    }
}

fn spec_of(reader: &Reader<'_>, row: &Json, spec: &FieldSpec) -> Result<Json, Wrong> {
    let found = at(row, spec.path.as_deref().unwrap_or_default());
    if spec.has {
        return Ok(Json::Bool(found.is_some_and(|it| !it.is_null())));
    }
    let entries = match found {
        Some(Json::Array(entries)) => entries.iter().collect(),
        Some(Json::Null) | None => Vec::new(),
        Some(one) => vec![one],
    };
    if let Some(each) = &spec.each {
        let mut list = Vec::new();
        for value in entries {
            let mut entry = Data::new();
            for (name, field) in each {
                entry.insert(name.clone(), field_of(reader, value, field)?);
            }
            if is_whole(spec, &entry) {
                list.push(reader.entry(spec, Json::Object(entry))?);
            }
        }
        return Ok(Json::Array(list));
    }
    if spec.all {
        return Ok(Json::Array(entries.into_iter().cloned().collect()));
    }
    if spec.find.is_none() && spec.split.is_none() {
        return Ok(found.cloned().unwrap_or_default());
    }
    let text = found.and_then(|it| match it {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    });
    reader.shaped(spec, text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        let value = json!({"venue": {"city": "Tarrow"}, "times": [{"at": 7}], "a.b": 1});
        let check = |path, expected: Option<Json>| {
            assert_eq!(at(&value, path), expected.as_ref(), "{path}");
        };
        check("venue.city", Some(json!("Tarrow")));
        check("times.0.at", Some(json!(7)));
        check("times.1.at", None);
        check("/a.b", Some(json!(1)));
        check("", Some(value.clone()));
        check("nothing.here", None);
    }
}
