//! The list of models, as the callers of OpenAI and of Anthropic ask for it.

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

/// The same in Anthropic's words, in one page: <https://docs.anthropic.com/en/api/models-list>.
pub mod anthropic {
    use bytes::Bytes;
    use serde_json::{Value as Json, json};

    use super::Listed;

    fn view(model: &Listed) -> Json {
        let created = base::Timestamp::from_second(model.created).unwrap_or_default();
        json!({
            "type": "model",
            "id": model.id,
            "display_name": model.id,
            "created_at": format!("{created:.0}"),
        })
    }

    /// The answer to `GET models`.
    pub fn list(models: &[Listed]) -> Bytes {
        let data: Vec<Json> = models.iter().map(view).collect();
        let id = |model: Option<&Listed>| model.map(|it| it.id.clone());
        json!({
            "data": data,
            "has_more": false,
            "first_id": id(models.first()),
            "last_id": id(models.last()),
        })
        .to_string()
        .into()
    }

    /// The answer to `GET models/{model}`.
    pub fn one(model: &Listed) -> Bytes {
        view(model).to_string().into()
    }
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

    #[test]
    fn a_model_is_told_as_anthropic_tells_it() {
        let model = Listed { id: "groq/m".into(), created: 0, owned_by: "groq".into() };
        let told = r#"{"type":"model","id":"groq/m","display_name":"groq/m","created_at":"1970-01-01T00:00:00Z"}"#;
        assert_eq!(anthropic::one(&model), told);
        let ids = r#""has_more":false,"first_id":"groq/m","last_id":"groq/m""#;
        assert_eq!(anthropic::list(&[model]), format!(r#"{{"data":[{told}],{ids}}}"#));
        let none = r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#;
        assert_eq!(anthropic::list(&[]), none);
    }
}
