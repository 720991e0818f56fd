//! Changes a value inside JSON bytes and leaves every other byte as it is: numbers, order, spaces
//! and fields that nobody here knows survive, which reading and writing anew would not promise.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Limited, fields::Whole};

/// A text for a place.
pub(super) type Edit = (Range<usize>, String);

/// The same body with another model. One that has no single `model` comes back as it is.
pub fn model(body: &Bytes, model: &str) -> Bytes {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        model: &'a RawValue,
    }
    let Some(text) = object(body) else { return body.clone() };
    let Ok(named) = serde_json::from_str::<Named<'_>>(text) else { return body.clone() };
    replace(body, &[(span(text, named.model.get()), &quoted(model))])
}

/// The body as text, when it can be an object of JSON.
pub(super) fn object(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    // What is read into a struct may be a list too, by the rules of serde.
    text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{').then_some(text)
}

/// A field that is there, even as null.
pub(super) fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// How a limit of the answer is said.
pub(super) struct Lowered {
    pub(super) edits: Vec<Edit>,
    /// No field said any.
    is_ours: bool,
}

/// Lowers those of the fields that ask for more than `most`; where none asks for any, the first of
/// them says it, behind the model. None when one of them cannot be read.
pub(super) fn lowered(
    text: &str,
    model: &RawValue,
    fields: &[(&str, Option<&RawValue>)],
    most: u64,
) -> Option<Lowered> {
    let mut lowered = Lowered { edits: Vec::new(), is_ours: true };
    for raw in fields.iter().filter_map(|it| it.1.map(RawValue::get)).filter(|it| *it != "null") {
        lowered.is_ours = false;
        let asked: Whole = serde_json::from_str(raw).ok()?;
        if asked.0 > most {
            lowered.edits.push((span(text, raw), most.to_string()));
        }
    }
    if lowered.is_ours {
        lowered.edits.push(match *fields.first()? {
            (_, Some(null)) => (span(text, null.get()), most.to_string()),
            (name, None) => {
                let end = span(text, model.get()).end;
                (end..end, format!(",\"{name}\":{most}"))
            }
        });
    }
    Some(lowered)
}

impl Lowered {
    /// The bytes that the edits were made for, with them.
    pub(super) fn write(mut self, body: &Bytes) -> Limited {
        self.edits.sort_by_key(|it| it.0.start);
        Limited { body: replace(body, &self.edits), is_ours: self.is_ours }
    }
}

/// Where `part`, a slice of `whole`, stands in it.
pub(super) fn span(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}

/// The text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The bytes with other texts in these places, which are in order and apart.
pub(super) fn replace(body: &Bytes, edits: &[(Range<usize>, impl AsRef<str>)]) -> Bytes {
    let added: usize = edits.iter().map(|(_, text)| text.as_ref().len()).sum();
    let mut out = BytesMut::with_capacity(body.len() + added);
    let mut at = 0;
    for (place, text) in edits {
        out.extend_from_slice(&body[at..place.start]);
        out.extend_from_slice(text.as_ref().as_bytes());
        at = place.end;
    }
    out.extend_from_slice(&body[at..]);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        r#"{"model":"a","t":0.10000000000000000001}"#,
        r#"{"model":"b/\"c\"","t":0.10000000000000000001}"#
    )]
    #[case(
        " { \"x\" : [ {\"model\":1} ] ,\n \"model\" :\t\"a\" } ",
        " { \"x\" : [ {\"model\":1} ] ,\n \"model\" :\t\"b/\\\"c\\\"\" } "
    )]
    #[case(r#"{"mod\u0065l":"a"}"#, r#"{"mod\u0065l":"b/\"c\""}"#)]
    #[case::two_models(r#"{"model":"a","model":"x"}"#, r#"{"model":"a","model":"x"}"#)]
    #[case::a_list(r#"["a"]"#, r#"["a"]"#)]
    #[case::not_json("{", "{")]
    fn only_the_model_changes(#[case] body: &'static str, #[case] expected: &str) {
        assert_eq!(model(&Bytes::from(body), r#"b/"c""#), expected.as_bytes());
    }
}
