//! From what stands in a cell to the value of a field.

use std::borrow::Cow;

use serde_json::{Number, Value as Json};

use super::{Cell, header::plain};
use crate::{description::ValueWords, schema::Kinds};

/// The text without what cannot be seen, and whether something was taken out.
///
/// Control characters go (line ends stay), as do byte-order marks in the middle and spaces at the
/// ends.
pub(super) fn clean(text: &str) -> (Cow<'_, str>, bool) {
    let is_invisible = |it: char| {
        (it.is_control() && it != '\n' && it != '\t' && it != '\r')
            || matches!(it, '\u{feff}' | '\u{200b}')
    };
    let trimmed = text.trim();
    if !trimmed.contains(|it: char| is_invisible(it) || it == '\t' || it == '\r') {
        return (Cow::Borrowed(trimmed), false);
    }
    let mut removed = false;
    let mut out = String::with_capacity(trimmed.len());
    let mut letters = trimmed.chars().peekable();
    while let Some(it) = letters.next() {
        match it {
            '\t' => out.push(' '),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            it if is_invisible(it) => removed = true,
            it => out.push(it),
        }
    }
    (Cow::Owned(out.trim().to_owned()), removed)
}

/// Does a spreadsheet take this text for a formula?
pub(crate) fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(text)
}

/// Is the text a number as spreadsheets write them?
pub(crate) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|it: char| it.is_ascii_digit() || it == '.')
        && digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Takes away the apostrophe that an export puts before what looks like a formula.
pub(super) fn without_guard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

/// The value of a field of these kinds, or none when the cell cannot be one.
pub(super) fn value(cell: &Cell<'_>, kinds: Kinds) -> Option<Json> {
    match cell {
        Cell::Empty => Some(Json::Null),
        Cell::Text(text) => of_text(text, kinds),
        Cell::Json(value) => of_json(value, kinds),
    }
}

fn of_text(text: &str, kinds: Kinds) -> Option<Json> {
    if kinds.text {
        return Some(Json::String(text.to_owned()));
    }
    if kinds.integer
        && let Some(number) = number(text).filter(|it| kinds.number || !it.is_f64())
    {
        return Some(Json::Number(number));
    }
    if kinds.boolean {
        match plain(text).as_str() {
            "true" | "yes" | "y" | "1" | "x" => return Some(Json::Bool(true)),
            "false" | "no" | "n" | "0" => return Some(Json::Bool(false)),
            _ => {}
        }
    }
    if kinds.object || kinds.list {
        let value = serde_json::from_str::<Json>(text).ok();
        return value
            .filter(|it| (kinds.object && it.is_object()) || (kinds.list && it.is_array()));
    }
    None
}

fn of_json(value: &Json, kinds: Kinds) -> Option<Json> {
    let fits = match value {
        Json::Null => true,
        Json::Bool(_) => kinds.boolean,
        Json::Number(it) => kinds.number || (kinds.integer && !it.is_f64()),
        Json::String(_) => kinds.text,
        Json::Array(_) => kinds.list,
        Json::Object(_) => kinds.object,
    };
    if fits {
        return Some(value.clone());
    }
    match value {
        Json::String(text) => of_text(text, kinds),
        Json::Number(_) | Json::Bool(_) if kinds.text => Some(Json::String(value.to_string())),
        _ => None,
    }
}

/// The number a text is. A number with a leading zero is one too: the schema asks for a number.
fn number(text: &str) -> Option<Number> {
    if !is_number(text) {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    match text.parse::<i64>() {
        Ok(whole) => Some(Number::from(whole)),
        Err(_) => Number::from_f64(text.parse().ok()?),
    }
}

/// The value that a word means; none when it means none.
pub(super) fn meaning<'a>(words: &'a ValueWords, text: &str) -> Option<&'a str> {
    let text = plain(text);
    words
        .words
        .iter()
        .find(|(value, words)| plain(value) == text || words.iter().any(|it| plain(it) == text))
        .map(|(value, _)| value.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Schema;

    fn kinds(schema: Json) -> Kinds {
        Schema::compile(&json!({"properties": {"it": schema}})).expect("a schema").kinds("it")
    }

    #[test]
    fn the_schema_decides_what_a_text_is() {
        let text = json!({"type": "string"});
        let number = json!({"type": ["number", "null"]});
        let whole = json!({"type": "integer"});
        let both = json!({"type": ["string", "number"]});
        for (schema, given, expected) in [
            (&text, "08", Some(json!("08"))),
            (&text, "8", Some(json!("8"))),
            (&number, "8", Some(json!(8))),
            (&number, "08", Some(json!(8))),
            (&number, "22.5", Some(json!(22.5))),
            (&number, "-5", Some(json!(-5))),
            (&number, "six", None),
            (&number, "inf", None),
            (&whole, "8.5", None),
            (&both, "8", Some(json!("8"))),
            (&json!({"type": "boolean"}), "Yes", Some(json!(true))),
            (&json!({"type": "boolean"}), "perhaps", None),
            (&json!({"type": "array"}), "[1]", Some(json!([1]))),
            (&json!({"type": "object"}), "[1]", None),
            (&json!({}), "8", Some(json!("8"))),
        ] {
            let cell = Cell::Text(given.into());
            assert_eq!(value(&cell, kinds(schema.clone())), expected, "{given} as {schema}");
        }
        let cell = Cell::Json(Cow::Owned(json!(8)));
        assert_eq!(value(&cell, kinds(text)), Some(json!("8")));
        assert_eq!(value(&cell, kinds(both)), Some(json!(8)));
    }

    #[test]
    fn what_cannot_be_seen_is_taken_out() {
        for (given, expected, removed) in [
            ("  6\" GATE VALVE ", "6\" GATE VALVE", false),
            ("6\" GATE\0 VALVE\u{7}", "6\" GATE VALVE", true),
            ("two\r\nlines\tand a tab", "two\nlines and a tab", false),
            ("\u{a0}hard spaces\u{a0}", "hard spaces", false),
        ] {
            let (text, was_removed) = clean(given);
            assert_eq!((text.as_ref(), was_removed), (expected, removed), "{given:?}");
        }
    }

    #[test]
    fn a_formula_is_told_from_a_number() {
        for (text, expected) in [
            ("=1+1", true),
            ("+1 555 0100", true),
            ("-x", true),
            ("@SUM(A1)", true),
            ("-5", false),
            ("+1.5", false),
            ("-1e3", false),
            ("8\" cap", false),
            ("", false),
        ] {
            assert_eq!(looks_like_formula(text), expected, "{text}");
        }
        assert_eq!(without_guard("'=1"), "=1");
        assert_eq!(without_guard("''=1"), "'=1");
        assert_eq!(without_guard("'tis"), "'tis");
        assert_eq!(without_guard("'-5"), "'-5");
    }
}
