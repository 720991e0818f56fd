//! Reading what the tables hold back into types.

use std::{fmt::Display, str::FromStr};

use base::{PageRequest, TenantId, Timestamp};
use serde_json::Value as Json;
use store::Row;

use crate::Reach;

/// A column whose text is the name of something: a role, a scope.
pub(crate) fn named<T: FromStr<Err: Display>>(row: &Row, column: &str) -> Result<T, store::Error> {
    let text = row.get::<String>(column)?;
    text.parse().map_err(|why: T::Err| unreadable(column, &why))
}

/// What is in the column is not what this version writes there.
pub(crate) fn unreadable(column: &str, why: &dyn Display) -> store::Error {
    store::Error::Column { column: column.to_owned(), what: why.to_string() }
}

/// Does a column of a moment hold one?
pub(crate) fn is_set(row: &Row, column: &str) -> Result<bool, store::Error> {
    Ok(row.get::<Option<Timestamp>>(column)?.is_some())
}

/// A tenant column in which NULL stands for all tenants.
pub(crate) fn reach(row: &Row, column: &str) -> Result<Reach, store::Error> {
    Ok(row.get::<Option<TenantId>>(column)?.map_or(Reach::All, Reach::Tenant))
}

/// The edge of a list that is sorted by (created_at, id): where a page starts.
///
/// Without a cursor, forwards: before everything.
pub(crate) fn edge(request: &PageRequest) -> (i64, String) {
    let Some(cursor) = &request.cursor else { return (i64::MIN, String::new()) };
    let created_at = cursor.key.first().and_then(Json::as_i64).unwrap_or(i64::MIN);
    let id = cursor.key.get(1).and_then(Json::as_str).unwrap_or_default();
    (created_at, id.to_owned())
}

/// The key of a row in such a list.
pub(crate) fn key(created_at: Timestamp, id: impl ToString) -> Vec<Json> {
    vec![created_at.as_microsecond().into(), id.to_string().into()]
}

/// The text without NUL, which no database here stores: so nothing is found by it, and nothing fails.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// `text` as a pattern that finds it anywhere, lower-cased, with nothing in it special.
pub(crate) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for it in storable(text).to_lowercase().chars() {
        if matches!(it, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(it);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use base::Cursor;

    use super::*;

    #[test]
    fn a_pattern_takes_its_text_literally() {
        assert_eq!(pattern("50%_A\\"), r"%50\%\_a\\%");
    }

    #[test]
    fn a_page_without_a_cursor_starts_before_everything() {
        assert_eq!(edge(&PageRequest::first(3)), (i64::MIN, String::new()));
        let cursor = Cursor { key: vec![5.into(), "a".into()], backwards: false };
        assert_eq!(edge(&PageRequest { limit: 3, cursor: Some(cursor) }), (5, "a".into()));
    }
}
