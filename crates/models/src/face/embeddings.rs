//! Embeddings, as OpenAI's callers ask for them.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{
    FaceError, Peek,
    fields::{self, Fields, Text},
    splice,
    weight::Weight,
};
use crate::Usage;

/// No model has more; a number of callers must not decide how much memory is taken.
const DIMENSIONS_MAX: u32 = 16_384;

/// What is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct EmbeddingsRequest {
    /// As the caller names it.
    pub model: String,
    /// The texts.
    pub texts: Vec<String>,
    /// How long the vectors shall be.
    pub dimensions: Option<u32>,
    /// How they are written.
    pub encoding: Encoding,
}

/// Shows how many texts there are, never what they say.
impl std::fmt::Debug for EmbeddingsRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddingsRequest")
            .field("model", &self.model)
            .field("texts", &self.texts.len())
            .field("dimensions", &self.dimensions)
            .field("encoding", &self.encoding)
            .finish()
    }
}

/// How the numbers of a vector are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// As numbers.
    #[default]
    Float,
    /// As base64 of 32 bits each, which the official clients ask for.
    Base64,
}

/// Reads a whole request.
///
/// # Errors
/// A field is of another type, or the input is token ids, which belong to one provider's models.
pub fn read(body: &[u8]) -> Result<EmbeddingsRequest, FaceError> {
    let mut fields = Fields::of_body(body)?;
    let model = fields.text_required("model")?;
    let texts = match fields.take("input") {
        None => return Err(FaceError::missing("input")),
        Some(Json::String(text)) => vec![text],
        Some(Json::Array(list)) => {
            list.into_iter().enumerate().map(text).collect::<Result<_, _>>()?
        }
        Some(other) => {
            return Err(FaceError::wrong_type("input", "a string or a list of strings", &other));
        }
    };
    if texts.is_empty() {
        return Err(FaceError::wrong_value("input", "at least one text"));
    }
    let dimensions = fields.count("dimensions")?.map(u32::try_from).transpose();
    let is_possible = |it: &Option<u32>| it.is_none_or(|it| (1..=DIMENSIONS_MAX).contains(&it));
    let dimensions = dimensions.ok().filter(is_possible);
    let dimensions =
        dimensions.ok_or_else(|| FaceError::wrong_value("dimensions", "between 1 and 16384"))?;
    let encoding = match fields.text("encoding_format")?.as_deref() {
        None | Some("float") => Encoding::Float,
        Some("base64") => Encoding::Base64,
        Some(_) => return Err(FaceError::wrong_value("encoding_format", "`float` or `base64`")),
    };
    Ok(EmbeddingsRequest { model, texts, dimensions, encoding })
}

fn text((at, value): (usize, Json)) -> Result<String, FaceError> {
    let field = format!("input[{at}]");
    match value {
        Json::String(text) => Ok(text),
        Json::Number(_) | Json::Array(_) => Err(FaceError::unsupported(
            "input",
            "token ids mean something to one provider only; send texts",
        )),
        other => Err(FaceError::wrong_type(field, "a string", &other)),
    }
}

/// Reads what the gateway must know of every request.
///
/// # Errors
/// It is no JSON object, or names no model.
pub fn peek(body: &[u8]) -> Result<Peek, FaceError> {
    #[derive(Deserialize)]
    struct Skimmed<'a> {
        #[serde(borrow)]
        model: Text<'a>,
        input: Option<Weight>,
    }
    let skimmed = splice::object(body).and_then(|it| serde_json::from_str::<Skimmed<'_>>(it).ok());
    let Some(it) = skimmed else {
        return Err(fields::why(body, |fields| fields.text_required("model").map(drop)));
    };
    Ok(Peek {
        model: it.model.0.into_owned(),
        answers: 1,
        prompt_tokens: it.input.unwrap_or_default().tokens(),
        ..Peek::default()
    })
}

/// The same bytes with another model.
pub fn rewrite(body: &Bytes, model: &str) -> Bytes {
    splice::model(body, model)
}

/// The answer: one vector for each text, in their order.
pub fn answer(
    model: &str,
    vectors: &[Vec<f32>],
    usage: Option<Usage>,
    encoding: Encoding,
) -> Bytes {
    /// As numbers of 32 bits: as 64 they would be twice as long and say no more.
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Vector<'a> {
        Float(&'a [f32]),
        Base64(String),
    }
    #[derive(Serialize)]
    struct Entry<'a> {
        object: &'static str,
        index: usize,
        embedding: Vector<'a>,
    }
    #[derive(Serialize)]
    struct Body<'a> {
        object: &'static str,
        data: Vec<Entry<'a>>,
        model: &'a str,
        usage: Json,
    }
    let written = |vector: &'_ Vec<f32>| {
        let bytes: Vec<u8> = vector.iter().flat_map(|it| it.to_le_bytes()).collect();
        STANDARD.encode(bytes)
    };
    let data = vectors.iter().enumerate().map(|(index, vector)| Entry {
        object: "embedding",
        index,
        embedding: match encoding {
            Encoding::Float => Vector::Float(vector),
            Encoding::Base64 => Vector::Base64(written(vector)),
        },
    });
    let tokens = usage.unwrap_or_default().tokens_in;
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let body = Body { object: "list", data: data.collect(), model, usage };
    // Texts and finite numbers can always be written.
    serde_json::to_vec(&body).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::dialect::openai::embed;

    #[rstest]
    #[case(json!({"model": "m", "input": "a"}), &["a"], None, Encoding::Float)]
    #[case(json!({"model": "m", "input": ["a", ""], "dimensions": 3, "encoding_format": "base64", "x": 1}), &["a", ""], Some(3), Encoding::Base64)]
    fn a_request_is_texts_and_how_they_come_back(
        #[case] body: Json,
        #[case] texts: &[&str],
        #[case] dimensions: Option<u32>,
        #[case] encoding: Encoding,
    ) {
        let it = read(body.to_string().as_bytes()).unwrap();
        assert_eq!((it.dimensions, it.encoding), (dimensions, encoding));
        assert_eq!(it.texts, texts);
    }

    #[rstest]
    #[case(json!({"input": "a"}), "model", "missing_required_parameter")]
    #[case(json!({"model": "m"}), "input", "missing_required_parameter")]
    #[case(json!({"model": "m", "input": []}), "input", "invalid_value")]
    #[case(json!({"model": "m", "input": [1, 2]}), "input", "unsupported_parameter")]
    #[case(json!({"model": "m", "input": [[1, 2]]}), "input", "unsupported_parameter")]
    #[case(json!({"model": "m", "input": ["a", null]}), "input[1]", "invalid_type")]
    #[case(json!({"model": "m", "input": {}}), "input", "invalid_type")]
    #[case(json!({"model": "m", "input": "a", "dimensions": 0}), "dimensions", "invalid_value")]
    #[case(json!({"model": "m", "input": "a", "encoding_format": "int8"}), "encoding_format", "invalid_value")]
    fn what_cannot_be_done_is_named(#[case] body: Json, #[case] field: &str, #[case] code: &str) {
        let error = read(body.to_string().as_bytes()).unwrap_err();
        assert_eq!((error.field.as_str(), error.code), (field, code));
    }

    #[test]
    fn a_peek_counts_texts_and_token_ids() {
        let it = peek(br#"{"model": "m", "input": [[1, 2, 3]]}"#).unwrap();
        assert_eq!((it.model.as_str(), it.prompt_tokens, it.answers), ("m", 3, 1));
        assert_eq!(peek(br#"{"input": "a"}"#).unwrap_err().field, "model");
        assert_eq!(peek(br#"{"model": "a", "model": "b"}"#).unwrap_err().code, "invalid_json");
    }

    #[rstest]
    fn what_is_written_is_read_again(
        #[values(Encoding::Float, Encoding::Base64)] encoding: Encoding,
    ) {
        let vectors = [vec![0.1, -2.5], vec![f32::MIN_POSITIVE, 1e30]];
        let usage = Usage { tokens_in: 7, ..Usage::default() };
        let body = answer("m", &vectors, Some(usage), encoding);
        let (again, used) = embed::read(&body, 2).unwrap();
        assert_eq!((again.as_slice(), used), (&vectors[..], Some(usage)));
    }
}
