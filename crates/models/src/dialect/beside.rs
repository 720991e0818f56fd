//! What several dialects say in the same way: pictures, rules in words, and fields of other
//! families that cannot be said at all.

use serde_json::{Map, Value as Json};

use super::{Unreadable, Unsupported};
use crate::chat::{Format, Image, Message, Part, Request};

/// Where a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture<'a> {
    /// Here, as base64.
    Bytes { media_type: &'a str, data: &'a str },
    /// At an address.
    At(&'a str),
}

impl<'a> Picture<'a> {
    /// A `data:` address is a picture that is here.
    pub(super) fn of(image: &'a Image) -> Self {
        match image {
            Image::Bytes { media_type, data } => Self::Bytes { media_type, data },
            Image::Url { url, .. } => Self::in_address(url).unwrap_or(Self::At(url)),
        }
    }

    fn in_address(url: &'a str) -> Option<Self> {
        let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
        let head = head.strip_suffix(";base64")?;
        let media_type = head.split(';').next().filter(|it| !it.is_empty())?;
        Some(Self::Bytes { media_type, data })
    }
}

/// The form of an answer as a rule in words, for providers that take none beside the question.
pub(super) fn rule(format: &Format) -> String {
    match format {
        Format::JsonObject => {
            "Answer with one JSON object and nothing else: no explanation, no code fence.".into()
        }
        Format::JsonSchema { schema, .. } => format!(
            "Answer with one JSON value and nothing else: no explanation, no code fence. It must be \
             valid by this JSON Schema:\n{schema}"
        ),
    }
}

/// Whether a format asks for a schema, and which.
pub(super) fn schema(format: Option<&Format>) -> Option<(&str, &Json)> {
    match format {
        Some(Format::JsonSchema { name, schema, .. }) => Some((name, schema)),
        _ => None,
    }
}

/// All text of some parts, one after the other.
pub(super) fn text_of(parts: &[Part]) -> String {
    let mut out = String::new();
    for part in parts {
        if let Part::Text { text, .. } | Part::Refusal(text) = part {
            out.push_str(text);
        }
    }
    out
}

/// The name of the tool whose result this is: the result says it, or the call before it.
pub(super) fn tool_name<'a>(
    before: &'a [Message],
    id: &str,
    name: Option<&'a str>,
) -> Option<&'a str> {
    name.or_else(|| {
        before.iter().rev().flat_map(|it| it.parts.iter().rev()).find_map(|it| match it {
            Part::ToolCall { id: call, name, .. } if call == id => Some(name.as_str()),
            _ => None,
        })
    })
}

/// The arguments of a call as an object; no text is an object without fields.
pub(super) fn arguments(text: &str, kind: &'static str) -> Result<Json, Unsupported> {
    if text.trim().is_empty() {
        return Ok(Json::Object(Map::new()));
    }
    match serde_json::from_str(text) {
        Ok(Json::Object(map)) => Ok(Json::Object(map)),
        _ => Err(Unsupported {
            field: "messages",
            kind,
            why: "the arguments of a tool call are no JSON object; repair them or leave the turn out",
        }),
    }
}

/// The schema of a tool's arguments; one that says nothing is an object without fields.
pub(super) fn parameters(schema: &Json) -> Json {
    match schema {
        Json::Object(map) if !map.is_empty() => {
            let mut map = map.clone();
            map.entry("type").or_insert_with(|| "object".into());
            Json::Object(map)
        }
        _ => serde_json::json!({"type": "object", "properties": {}}),
    }
}

/// Embeddings as vectors: as many as were asked for, each a list of numbers, all of one length.
pub(super) fn vectors<'a>(
    lists: impl ExactSizeIterator<Item = Option<&'a Json>>,
    wanted: usize,
) -> Result<Vec<Vec<f32>>, Unreadable> {
    if lists.len() != wanted {
        return Err(Unreadable::Shape("it has another number of embeddings than were asked for"));
    }
    let vector = |list: Option<&Json>| -> Option<Vec<f32>> {
        let numbers = list?.as_array()?.iter();
        numbers.map(|it| it.as_f64().map(|it| it as f32).filter(|it| it.is_finite())).collect()
    };
    let vectors: Option<Vec<Vec<f32>>> =
        lists.map(|it| vector(it).filter(|it| !it.is_empty())).collect();
    let vectors = vectors.ok_or(Unreadable::Shape("an embedding is not a list of numbers"))?;
    let dimensions = vectors.first().map_or(0, Vec::len);
    if vectors.iter().any(|it| it.len() != dimensions) {
        return Err(Unreadable::Shape("its embeddings differ in length"));
    }
    Ok(vectors)
}

/// Refuses what OpenAI's callers may ask beside, that cannot be given when an answer is told anew.
pub(super) fn refuse_foreign(request: &Request, kind: &'static str) -> Result<(), Unsupported> {
    let extra = &request.extra;
    let is_set = |name: &str| extra.get(name).is_some_and(|it| *it != false && *it != 0);
    let refuse = |field, why| Err(Unsupported { field, kind, why });
    if extra.get("n").and_then(Json::as_u64).is_some_and(|it| it > 1) {
        return refuse("n", "it gives one answer; ask several times");
    }
    if let Some(field) = ["logprobs", "top_logprobs"].into_iter().find(|it| is_set(it)) {
        return refuse(field, "it tells none here; leave it out");
    }
    let wants_sound = extra
        .get("modalities")
        .and_then(Json::as_array)
        .is_some_and(|all| all.iter().any(|it| it != "text"));
    if wants_sound || is_set("audio") {
        return refuse("modalities", "it answers with text here; ask for `text` only");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("data:image/png;base64,AAAA", Picture::Bytes { media_type: "image/png", data: "AAAA" })]
    #[case("data:image/png;name=a.png;base64,AAAA", Picture::Bytes { media_type: "image/png", data: "AAAA" })]
    #[case("https://x.example/a.png", Picture::At("https://x.example/a.png"))]
    #[case("data:text/plain,hello", Picture::At("data:text/plain,hello"))]
    fn a_data_address_is_a_picture_that_is_here(#[case] url: &str, #[case] expected: Picture<'_>) {
        assert_eq!(Picture::of(&Image::Url { url: url.into(), detail: None }), expected);
    }

    #[rstest]
    #[case("", true)]
    #[case("{\"a\":1}", true)]
    #[case("{\"a\":", false)]
    #[case("[1]", false)]
    fn arguments_are_an_object(#[case] text: &str, #[case] is_good: bool) {
        assert_eq!(arguments(text, "any").is_ok(), is_good);
    }

    #[rstest]
    #[case(json!({"n": 2}), Some("n"))]
    #[case(json!({"n": 1, "logprobs": false, "top_logprobs": 0, "logit_bias": {}}), None)]
    #[case(json!({"logprobs": true}), Some("logprobs"))]
    #[case(json!({"top_logprobs": 3}), Some("top_logprobs"))]
    #[case(json!({"modalities": ["text", "audio"]}), Some("modalities"))]
    #[case(json!({"modalities": ["text"]}), None)]
    fn what_would_change_the_meaning_is_refused(#[case] extra: Json, #[case] field: Option<&str>) {
        let extra = extra.as_object().unwrap().clone();
        let request = Request { extra, ..Request::default() };
        assert_eq!(refuse_foreign(&request, "any").err().map(|it| it.field), field);
    }
}
