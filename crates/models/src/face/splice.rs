//! Changes a value inside JSON bytes and leaves every other byte as it is: numbers, order, spaces
//! and fields that nobody here knows survive, which reading and writing anew would not promise.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

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
pub(super) fn replace(body: &Bytes, edits: &[(Range<usize>, &str)]) -> Bytes {
    let added: usize = edits.iter().map(|(_, text)| text.len()).sum();
    let mut out = BytesMut::with_capacity(body.len() + added);
    let mut at = 0;
    for (place, text) in edits {
        out.extend_from_slice(&body[at..place.start]);
        out.extend_from_slice(text.as_bytes());
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
