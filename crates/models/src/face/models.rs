//! The list of models, as OpenAI's callers ask for it.

use bytes::Bytes;
use serde_json::{Value as Json, json};

/// A model that callers may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name to ask for.
    pub id: String,
    /// Since when it is there, in seconds since 1970; 0 when nobody knows.
    pub created: i64,
    /// Whose it is: the provider's name.
    pub owned_by: String,
}

impl Listed {
    fn view(&self) -> Json {
        json!({
            "id": self.id,
            "object": "model",
            "created": self.created,
            "owned_by": self.owned_by,
        })
    }
}

/// The answer to `GET models`.
pub fn list(models: &[Listed]) -> Bytes {
    let data: Vec<Json> = models.iter().map(Listed::view).collect();
    json!({"object": "list", "data": data}).to_string().into()
}

/// The answer to `GET models/{model}`.
pub fn one(model: &Listed) -> Bytes {
    model.view().to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_told_as_openai_tells_it() {
        let model = Listed { id: "groq/m".into(), created: 7, owned_by: "groq".into() };
        let told = r#"{"id":"groq/m","object":"model","created":7,"owned_by":"groq"}"#;
        assert_eq!(one(&model), told);
        assert_eq!(list(&[model]), format!(r#"{{"object":"list","data":[{told}]}}"#));
        assert_eq!(list(&[]), r#"{"object":"list","data":[]}"#);
    }
}
