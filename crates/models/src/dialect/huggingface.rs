//! Hugging Face's router: as OpenAI for conversations with `org/name[:provider]`; embeddings are
//! made elsewhere, by a pipeline with a shape of its own.

use serde_json::{Value as Json, json};

use super::{
    Unreadable, beside,
    openai::{Compatible, complaint, embed},
};
use crate::Usage;

/// Hugging Face.
pub static HUGGINGFACE: Compatible = Compatible {
    kind: "huggingface",
    address: "https://router.huggingface.co/v1",
    takes_responses: false,
    has_thinkers: false,
    knows_refusals: false,
    embed: ask,
    read_embeddings: read,
};

/// The pipeline stands beside `/v1`, and the model in its path. `dimensions` has no word there.
fn ask(model: &str, texts: &[String], dimensions: Option<u32>) -> Option<(String, Json)> {
    let model = model.split(':').next().unwrap_or(model);
    // What could lead elsewhere is no model.
    let is_name = |it: &str| {
        !it.starts_with('.')
            && !it.is_empty()
            && it.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it))
    };
    (dimensions.is_none() && model.split('/').all(is_name)).then(|| {
        let path = format!("../hf-inference/models/{model}/pipeline/feature-extraction");
        (path, json!({"inputs": embed::sendable(texts)}))
    })
}

/// Reads a bare list of vectors. Nobody counts what they used.
fn read(body: &[u8], count: usize) -> Result<(Vec<Vec<f32>>, Option<Usage>), Unreadable> {
    let body: Json =
        serde_json::from_slice(body).map_err(|_| Unreadable::Shape("it is not JSON"))?;
    if body.get("error").is_some() {
        return Err(Unreadable::Complaint(complaint::of(200, &body)));
    }
    let list = body.as_array().ok_or(Unreadable::Shape("it is no list of embeddings"))?;
    Ok((beside::vectors(list.iter().map(Some), count)?, None))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("BAAI/bge-m3", Some("../hf-inference/models/BAAI/bge-m3/pipeline/feature-extraction"))]
    #[case(
        "BAAI/bge-m3:hf-inference",
        Some("../hf-inference/models/BAAI/bge-m3/pipeline/feature-extraction")
    )]
    #[case("../../admin", None)]
    #[case("a/../b", None)]
    #[case("a?b", None)]
    #[case("", None)]
    fn the_model_stands_in_the_path_and_leads_nowhere_else(
        #[case] model: &str,
        #[case] expected: Option<&str>,
    ) {
        let asked = ask(model, &["a".into()], None);
        assert_eq!(asked.as_ref().map(|it| it.0.as_str()), expected);
    }

    #[test]
    fn the_path_is_joined_beside_the_version() {
        let base = reqwest::Url::parse("https://router.huggingface.co/v1/").unwrap();
        let (path, body) = ask("o/m", &[String::new()], None).unwrap();
        let url = base.join(&path).unwrap();
        assert_eq!(url.path(), "/hf-inference/models/o/m/pipeline/feature-extraction");
        assert_eq!(body, json!({"inputs": [" "]}));
    }

    #[rstest]
    #[case("[[1, 2], [3, 4]]", true)]
    #[case("[[1, 2]]", false)]
    #[case("[[1, 2], [3]]", false)]
    #[case("[[[1], [2]], [[3], [4]]]", false)]
    #[case(r#"{"error": "loading"}"#, false)]
    fn vectors_come_as_a_bare_list(#[case] body: &str, #[case] expected: bool) {
        assert_eq!(read(body.as_bytes(), 2).is_ok(), expected);
    }
}
