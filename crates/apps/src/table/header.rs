//! Which column is which field.
//!
//! Fields are served in the order in which they are declared, each by the best of its headers that
//! is still free. A header that is the name of a declared field is that field. What is left goes
//! into the object that takes the rest.

use std::collections::{HashMap, HashSet};

use crate::{description::Import, schema::Schema};

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Use {
    /// It is a field.
    Field(String),
    /// It is the object that takes the rest, written as JSON.
    Rest(String),
    /// Nobody takes it.
    Nothing,
}

impl Use {
    pub(super) fn field(&self) -> Option<&str> {
        match self {
            Self::Field(field) | Self::Rest(field) => Some(field),
            Self::Nothing => None,
        }
    }
}

/// How headers are compared: lower case, `_` as a space, one space between words.
pub(super) fn plain(header: &str) -> String {
    let header = header.to_lowercase().replace('_', " ");
    header
        .split(|it: char| it.is_whitespace() || it.is_control())
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The headers that mean a field, best first: its own name, then those that are declared.
pub(super) fn words(import: &Import, field: &str) -> Vec<String> {
    let mut words = vec![plain(field)];
    words.extend(import.columns.get(field).into_iter().flatten().map(|it| plain(it)));
    words
}

/// What becomes of each column.
pub(super) fn uses(headers: &[String], import: &Import, schema: &Schema) -> Vec<Use> {
    let plain_headers: Vec<String> = headers.iter().map(|it| plain(it)).collect();
    let mut uses = vec![Use::Nothing; headers.len()];
    let take = |uses: &mut Vec<Use>, word: &str, taken: Use| {
        let free =
            (0..headers.len()).find(|at| uses[*at] == Use::Nothing && plain_headers[*at] == word);
        free.map(|at| uses[at] = taken).is_some()
    };
    for field in import.columns.keys() {
        let _ = words(import, field)
            .iter()
            .any(|word| take(&mut uses, word, Use::Field(field.clone())));
    }
    if let Some(rest) = &import.rest {
        take(&mut uses, &plain(rest), Use::Rest(rest.clone()));
    }
    let is_taken = |uses: &[Use], field: &str| uses.iter().any(|it| it.field() == Some(field));
    for field in schema.fields() {
        if !is_taken(&uses, &field) && !import.columns.contains_key(&field) {
            take(&mut uses, &plain(&field), Use::Field(field.clone()));
        }
    }
    let Some(rest) = &import.rest else { return uses };
    let mut taken: HashSet<String> =
        uses.iter().filter_map(|it| it.field().map(str::to_owned)).collect();
    let mut count: HashMap<String, usize> = HashMap::new();
    for at in 0..headers.len() {
        if uses[at] == Use::Nothing && !plain_headers[at].is_empty() {
            let header = &plain_headers[at];
            let inner = header.strip_prefix(&format!("{}.", plain(rest))).unwrap_or(header);
            let name = format!("{rest}.{}", key(inner));
            // A header that stands there a thousand times is not tried a thousand times each.
            let tried = count.entry(name.clone()).or_insert(0);
            let free = loop {
                *tried += 1;
                let next = if *tried == 1 { name.clone() } else { format!("{name}_{tried}") };
                if taken.insert(next.clone()) {
                    break next;
                }
            };
            uses[at] = Use::Field(free);
        }
    }
    uses
}

/// The fields that are required and have no column.
pub(super) fn missing<'a>(uses: &[Use], import: &'a Import) -> Vec<&'a String> {
    let is_there = |field: &str| {
        uses.iter().any(|it| match it {
            Use::Field(taken) => taken == field,
            Use::Rest(rest) => {
                field.strip_prefix(rest.as_str()).is_some_and(|it| it.starts_with('.'))
            }
            Use::Nothing => false,
        })
    };
    import.required.iter().filter(|it| !is_there(it)).collect()
}

/// A header as the name of a field: letters, digits and `_`.
fn key(plain: &str) -> String {
    let key: String = plain.chars().map(|it| if it.is_alphanumeric() { it } else { '_' }).collect();
    let parts: Vec<&str> = key.split('_').filter(|it| !it.is_empty()).collect();
    if parts.is_empty() { "column".into() } else { parts.join("_") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::reader::tests::{import, schema};

    #[track_caller]
    fn check(headers: &[&str], expected: &[&str]) {
        let headers: Vec<String> = headers.iter().map(|it| (*it).to_owned()).collect();
        let uses = uses(&headers, &import(), &schema());
        let fields: Vec<&str> = uses.iter().map(|it| it.field().unwrap_or("-")).collect();
        assert_eq!(fields, expected);
    }

    #[test]
    fn the_best_header_wins_and_the_rest_is_kept() {
        check(
            &["Material", "NAME", "item_no", "Size", "unit"],
            &[
                "metadata.material",
                "original_label",
                "metadata.item_no",
                "metadata.diameter",
                "metadata.unit",
            ],
        );
    }

    #[test]
    fn a_column_is_used_once() {
        check(&["label", "Label"], &["original_label", "metadata.label"]);
        check(&["note", "Note", "NOTE"], &["metadata.note", "metadata.note_2", "metadata.note_3"]);
    }

    #[test]
    fn the_name_of_a_field_is_its_best_header() {
        check(&["label", "Original_Label"], &["metadata.label", "original_label"]);
        check(&["metadata.unit", "Metadata", "code"], &["metadata.unit", "metadata", "code"]);
    }

    #[test]
    fn odd_headers_become_plain_names() {
        check(
            &["label", "", "Unit Price (USD)", "%"],
            &["original_label", "-", "metadata.unit_price_usd", "metadata.column"],
        );
    }
}
