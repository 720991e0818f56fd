//! Texts as vectors.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, json};

use super::{answer::parse, usage};
use crate::{Usage, dialect::Unreadable};

/// The path and body of a request. Providers refuse empty texts, so one becomes a space.
pub(crate) fn ask(
    model: &str,
    texts: &[String],
    dimensions: Option<u32>,
) -> Option<(String, Json)> {
    let mut body = json!({"model": model, "input": sendable(texts), "encoding_format": "float"});
    if let Some(dimensions) = dimensions {
        body["dimensions"] = dimensions.into();
    }
    Some(("embeddings".into(), body))
}

/// Texts that every provider takes.
pub(crate) fn sendable(texts: &[String]) -> Vec<&str> {
    texts.iter().map(|it| if it.is_empty() { " " } else { it }).collect()
}

/// Reads `count` vectors, in the order of what was asked.
pub(crate) fn read(
    body: &[u8],
    count: usize,
) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
    let body = parse(body, "data")?;
    let data =
        body.get("data").and_then(Json::as_array).ok_or(Unreadable::Shape("it has no `data`"))?;
    if data.len() != count {
        return Err(Unreadable::Shape("it has another number of embeddings than were asked for"));
    }
    let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); count];
    for (at, entry) in data.iter().enumerate() {
        let place = entry
            .get("index")
            .and_then(Json::as_u64)
            .map_or(Some(at), |it| usize::try_from(it).ok());
        let slot = place.and_then(|it| vectors.get_mut(it)).filter(|it| it.is_empty()).ok_or(
            Unreadable::Shape("the `index` of an embedding is out of range or there twice"),
        )?;
        *slot = vector(entry.get("embedding"))
            .ok_or(Unreadable::Shape("an embedding is not a list of numbers"))?;
    }
    Ok((even(vectors)?, body.get("usage").and_then(usage::of)))
}

/// The vectors, when they are of one length.
pub(crate) fn even(vectors: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, Unreadable> {
    let dimensions = vectors.first().map_or(0, Vec::len);
    if vectors.iter().any(|it| it.len() != dimensions) {
        return Err(Unreadable::Shape("its embeddings differ in length"));
    }
    Ok(vectors)
}

/// Numbers, or the bytes of them as base64: 32 bits each, the lowest first.
pub(crate) fn vector(value: Option<&Json>) -> Option<Vec<f32>> {
    let vector: Option<Vec<f32>> = match value? {
        Json::Array(numbers) => numbers.iter().map(|it| it.as_f64().map(|it| it as f32)).collect(),
        Json::String(text) => {
            let bytes = STANDARD.decode(text).ok()?;
            let (numbers, rest) = bytes.as_chunks::<4>();
            rest.is_empty().then(|| numbers.iter().map(|it| f32::from_le_bytes(*it)).collect())
        }
        _ => None,
    };
    vector.filter(|it| !it.is_empty() && it.iter().all(|number| number.is_finite()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn an_empty_text_is_sent_as_a_space() {
        let (path, body) = ask("m", &["a".into(), String::new()], Some(3)).unwrap();
        assert_eq!(path, "embeddings");
        assert_eq!(
            body.to_string(),
            r#"{"model":"m","input":["a"," "],"encoding_format":"float","dimensions":3}"#
        );
    }

    #[rstest]
    #[case::numbers(json!([1, 2.5]))]
    #[case::base64("AACAPwAAIEA=".into())]
    fn embeddings_come_back_in_the_order_of_the_texts(#[case] second: Json) {
        let body = json!({
            "data": [{"index": 1, "embedding": second}, {"index": 0, "embedding": [3, 4]}],
            "usage": {"prompt_tokens": 8, "total_tokens": 8},
        });
        let (vectors, usage) = read(body.to_string().as_bytes(), 2).unwrap();
        assert_eq!(vectors, [[3.0, 4.0], [1.0, 2.5]]);
        assert_eq!(usage.map(|it| (it.tokens_in, it.tokens_out)), Some((8, 0)));
    }

    #[rstest]
    #[case::too_few(json!([{"index": 0, "embedding": [1]}]))]
    #[case::twice(json!([{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]))]
    #[case::out_of_range(json!([{"index": 0, "embedding": [1]}, {"index": 9, "embedding": [1]}]))]
    #[case::uneven(json!([{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]))]
    #[case::empty(json!([{"index": 0, "embedding": []}, {"index": 1, "embedding": []}]))]
    #[case::half_a_number(json!([{"index": 0, "embedding": "AAAA"}, {"index": 1, "embedding": [1]}]))]
    #[case::no_number(json!([{"index": 0, "embedding": "AADAfw=="}, {"index": 1, "embedding": [1]}]))]
    fn embeddings_that_do_not_fit_are_refused(#[case] data: Json) {
        let body = json!({"data": data});
        assert!(read(body.to_string().as_bytes(), 2).is_err());
    }
}
