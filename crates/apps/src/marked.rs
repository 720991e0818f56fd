//! YAML and JSON with the place of every value, so that a fault can be shown where it is.
//!
//! YAML 1.2 with its core types, anchors and merge keys. A plain number with a leading zero stays
//! text (`08` is a code, not eight). A key that stands twice is reported, not silently replaced.
//!
//! Start at [`yaml`] and [`json`].

use std::collections::HashMap;

use serde_json::{Map, Number, Value as Json};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::field::pointer_to;

/// A line and a column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Place {
    /// Where a file begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A document, and where each of its values stands.
#[derive(Debug, Clone)]
pub struct Marked {
    /// The document.
    pub value: Json,
    /// Keys that stand twice in one object: pointer and place of the later one.
    pub repeated: Vec<(String, Place)>,
    marks: HashMap<String, Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    key: Option<Place>,
    value: Place,
}

/// Text that is not the language it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", place.line, place.column)]
pub struct SyntaxFault {
    /// Where.
    pub place: Place,
    /// What.
    pub message: String,
}

impl Marked {
    /// Where the value at `pointer` stands; of a value that is not there, where it belongs.
    pub fn place(&self, pointer: &str) -> Place {
        self.nearest(pointer).map_or(Place::START, |(mark, exact)| match mark.key {
            Some(key) if !exact || self.value.pointer(pointer).is_some_and(is_container) => key,
            _ => mark.value,
        })
    }

    /// Where the key of the value at `pointer` stands.
    pub fn key_place(&self, pointer: &str) -> Place {
        self.nearest(pointer).map_or(Place::START, |(mark, _)| mark.key.unwrap_or(mark.value))
    }

    fn nearest(&self, pointer: &str) -> Option<(Mark, bool)> {
        let mut at = pointer;
        loop {
            if let Some(mark) = self.marks.get(at) {
                return Some((*mark, at.len() == pointer.len()));
            }
            at = &at[..at.rfind('/')?];
        }
    }
}

fn is_container(value: &Json) -> bool {
    value.is_object() || value.is_array()
}

/// Reads one YAML document.
pub fn yaml(text: &str) -> Result<Marked, SyntaxFault> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)),
        marks: HashMap::new(),
        repeated: Vec::new(),
        anchors: HashMap::new(),
        nodes_left: NODES_MAX,
    };
    let value = reader.document()?;
    Ok(Marked { value, repeated: reader.repeated, marks: reader.marks })
}

/// Reads one JSON document.
pub fn json(text: &str) -> Result<Marked, SyntaxFault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: Json = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        let column = u32::try_from(error.column()).unwrap_or(u32::MAX).max(1);
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
        SyntaxFault { place: Place { line, column }, message }
    })?;
    // JSON is YAML but for oddities; for those the document counts and its places are not known.
    Ok(match yaml(text) {
        Ok(marked) => Marked { value, ..marked },
        Err(_) => Marked { value, repeated: Vec::new(), marks: HashMap::new() },
    })
}

/// The most values of one document, those repeated by aliases counted each time.
const NODES_MAX: usize = 1_000_000;

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    marks: HashMap<String, Mark>,
    repeated: Vec<(String, Place)>,
    anchors: HashMap<usize, Json>,
    nodes_left: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Json, SyntaxFault> {
        let mut value = Json::Null;
        let mut documents = 0;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(fault(span, "a second document begins here; one is expected"));
                    }
                }
                other => value = self.node(other, span, "", None)?,
            }
        }
        Ok(value)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, SyntaxFault> {
        loop {
            match self.parser.next() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(found)) => return Ok(Some(found)),
                Some(Err(error)) => return Err(scan_fault(&error)),
            }
        }
    }

    fn expect(&mut self) -> Result<(Event<'a>, Span), SyntaxFault> {
        self.next()?.ok_or_else(|| SyntaxFault {
            place: Place::START,
            message: "the document ends too early".into(),
        })
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: Span,
        pointer: &str,
        key: Option<Place>,
    ) -> Result<Json, SyntaxFault> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or_else(|| too_large(span))?;
        self.marks.insert(pointer.to_owned(), Mark { key, value: place(span) });
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let as_text = tag.is_some_and(|it| it.is_yaml_core_schema_tag("str"));
                let plain = style == ScalarStyle::Plain && !as_text;
                (anchor, if plain { scalar(&text) } else { Json::String(text.into_owned()) })
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut entries = Vec::new();
                loop {
                    let (event, span) = self.expect()?;
                    if matches!(event, Event::SequenceEnd) {
                        break;
                    }
                    let pointer = format!("{pointer}/{}", entries.len());
                    entries.push(self.node(event, span, &pointer, None)?);
                }
                (anchor, Json::Array(entries))
            }
            Event::MappingStart(_, anchor, _) => (anchor, self.mapping(pointer)?),
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().unwrap_or(Json::Null);
                self.nodes_left =
                    self.nodes_left.checked_sub(size(&value)).ok_or_else(|| too_large(span))?;
                (0, value)
            }
            _ => return Err(fault(span, "a value is expected here")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn mapping(&mut self, pointer: &str) -> Result<Json, SyntaxFault> {
        let mut object = Map::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.expect()?;
            let (key, plain) = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, style, ..) => (text.into_owned(), style == ScalarStyle::Plain),
                _ => return Err(fault(span, "a key must be a plain text")),
            };
            let (event, value_span) = self.expect()?;
            if key == "<<" && plain {
                merged.push(self.node(event, value_span, pointer, Some(place(span)))?);
                continue;
            }
            let inner = pointer_to(pointer, &key);
            if object.contains_key(&key) {
                self.repeated.push((inner.clone(), place(span)));
            }
            let value = self.node(event, value_span, &inner, Some(place(span)))?;
            object.insert(key, value);
        }
        for source in merged {
            let sources = match source {
                Json::Array(sources) => sources,
                one => vec![one],
            };
            for (key, value) in sources.into_iter().filter_map(into_object).flatten() {
                object.entry(key).or_insert(value);
            }
        }
        Ok(Json::Object(object))
    }
}

fn into_object(value: Json) -> Option<Map<String, Json>> {
    match value {
        Json::Object(object) => Some(object),
        _ => None,
    }
}

fn size(value: &Json) -> usize {
    match value {
        Json::Array(entries) => 1 + entries.iter().map(size).sum::<usize>(),
        Json::Object(object) => 1 + object.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// A plain scalar by the core schema.
fn scalar(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        "true" | "True" | "TRUE" => return Json::Bool(true),
        "false" | "False" | "FALSE" => return Json::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Json::String(text.to_owned()), Json::Number)
}

fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|it: char| it.is_ascii_digit() || it == '.') {
        return None;
    }
    if let Some(hex) = digits.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().map(Number::from);
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().map(Number::from);
    }
    let has_leading_zero =
        digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    if has_leading_zero {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if digits.bytes().all(|it| it.is_ascii_digit()) {
        return text
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| text.parse::<u64>().map(Number::from))
            .ok();
    }
    let looks_so =
        digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse::<f64>().ok().filter(|_| looks_so).and_then(Number::from_f64)
}

fn place(span: Span) -> Place {
    let count = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Place {
        line: count(span.start.line()).max(1),
        column: count(span.start.col()).saturating_add(1),
    }
}

fn fault(span: Span, message: &str) -> SyntaxFault {
    SyntaxFault { place: place(span), message: message.to_owned() }
}

fn too_large(span: Span) -> SyntaxFault {
    fault(span, "the document holds more than a million values")
}

fn scan_fault(error: &ScanError) -> SyntaxFault {
    SyntaxFault { place: place(Span::empty(*error.marker())), message: error.info() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "# a comment\napp: shop\ncollections:\n  items:\n    schema: a.json\n    columns: [name, 'size']\nlimits:\n  - {most: 5}\n";

    #[track_caller]
    fn is_at(pointer: &str, line: u32, column: u32) {
        let marked = yaml(TEXT).expect("YAML");
        assert_eq!(marked.place(pointer), Place { line, column }, "{pointer}");
    }

    #[test]
    fn every_value_has_its_place() {
        is_at("/app", 2, 6);
        is_at("/collections/items/schema", 5, 13);
        is_at("/collections/items/columns/1", 6, 21);
        is_at("/limits/0/most", 8, 12);
    }

    #[test]
    fn an_object_and_what_it_lacks_are_shown_at_its_key() {
        is_at("/collections/items", 4, 3);
        is_at("/collections/items/noun", 4, 3);
        is_at("/title", 2, 1);
    }

    #[test]
    fn plain_scalars_have_the_core_types() {
        let marked = yaml(
            "a: 8\nb: 08\nc: '8'\nd: 1.5\ne: true\nf: ~\ng: yes\nh: 0x1F\ni: 33 30 00\nj: 1e3\nk: -4\nl: 2026-11-21\nm: +1 555\nn: !!str 5",
        )
        .expect("YAML");
        assert_eq!(
            marked.value,
            json!({"a": 8, "b": "08", "c": "8", "d": 1.5, "e": true, "f": null, "g": "yes", "h": 31,
                "i": "33 30 00", "j": 1000.0, "k": -4, "l": "2026-11-21", "m": "+1 555", "n": "5"})
        );
    }

    #[test]
    fn anchors_and_merge_keys_are_followed() {
        let marked = yaml("a: &a {x: 1, y: 2}\nb: *a\nc:\n  <<: *a\n  x: 3\n").expect("YAML");
        assert_eq!(
            marked.value,
            json!({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 3, "y": 2}})
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_reported() {
        let marked = yaml("a: 1\nb:\n  c: 1\n  c: 2\n").expect("YAML");
        assert_eq!(marked.repeated, [("/b/c".to_owned(), Place { line: 4, column: 3 })]);
        assert_eq!(json(r#"{"a": 1, "a": 2}"#).expect("JSON").repeated.len(), 1);
    }

    #[test]
    fn aliases_cannot_blow_a_document_up() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        assert!(yaml(&text).is_err());
    }

    #[test]
    fn a_syntax_fault_has_a_place() {
        let fault = yaml("a: 1\nb: [1, 2\nc: 3\n").expect_err("it is broken");
        assert!(fault.place.line >= 2, "{fault}");
        let fault = json("{\n  \"a\": 1,\n  \"b\" 2\n}").expect_err("it is broken");
        assert_eq!(fault.place.line, 3);
        assert!(yaml("a: 1\n---\nb: 2\n").is_err());
    }

    #[test]
    fn places_of_json_are_found_too() {
        let marked = json("{\n\t\"a\": {\n\t\t\"b\": [1, 2]\n\t}\n}").expect("JSON");
        assert_eq!(marked.place("/a/b/1"), Place { line: 3, column: 12 });
    }
}
