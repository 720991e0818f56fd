//! The values of the environment that concern models. Nothing here reads it: the names are handed
//! to a function that does, and the values come back.

use base::Secret;
use indexmap::IndexMap;

use crate::dialect::REGISTRY;

/// The values of the environment that concern models. Blank ones count as absent.
#[derive(Debug, Clone, Default)]
pub struct EnvValues {
    /// `OPENAI_API_KEY`: configures the provider `openai`.
    pub openai_api_key: Option<Secret<String>>,
    /// `OPENAI_BASE_URL`: any compatible address for the provider `openai`; a key is then optional.
    pub openai_base_url: Option<String>,
    /// `OPENAI_MODEL`: replaces every model of the provider `openai` among the priorities.
    pub openai_model: Option<String>,
    /// `OPENAI_EMBEDDING_MODEL`: the embedding model of the provider `openai`.
    pub openai_embedding_model: Option<String>,
    /// `MODEL_PROVIDER`: the provider of `MODEL_NAME`; default `openai`, else the first configured.
    pub model_provider: Option<String>,
    /// `MODEL_NAME`: the model that serves every priority.
    pub model_name: Option<String>,
    /// What there is for the other kinds of providers: `GROQ_API_KEY`, `ANTHROPIC_BASE_URL`, …
    pub providers: IndexMap<String, EnvProvider>,
}

/// What the environment says about one provider; either configures it.
#[derive(Debug, Clone, Default)]
pub struct EnvProvider {
    /// Its key.
    pub api_key: Option<Secret<String>>,
    /// Where it is.
    pub base_url: Option<String>,
}

/// Names that are in use beside `KIND_API_KEY`.
const KEYS: &[(&str, &[&str])] = &[
    ("openai", &["AI_ANALYZER_OPENAI_API_KEY"]),
    ("gemini", &["GOOGLE_API_KEY"]),
    ("huggingface", &["HF_TOKEN"]),
];
/// Names that are in use beside `KIND_BASE_URL`.
const ADDRESSES: &[(&str, &[&str])] = &[("ollama", &["OLLAMA_HOST"])];

impl EnvValues {
    /// What `get` finds under the names that concern models.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let first = |kind: &str, ending: &str, also: &[(&str, &[&str])]| {
            let own = format!("{}_{ending}", kind.to_ascii_uppercase());
            let also = also.iter().find(|it| it.0 == kind).map_or(&[][..], |it| it.1);
            std::iter::once(own.as_str())
                .chain(also.iter().copied())
                .find_map(|it| present(get(it)))
        };
        let key = |kind: &str| first(kind, "API_KEY", KEYS).map(Secret::new);
        let address = |kind: &str| first(kind, "BASE_URL", ADDRESSES).map(with_scheme);
        let mut providers = IndexMap::new();
        for dialect in REGISTRY {
            let kind = dialect.kind();
            let found = EnvProvider { api_key: key(kind), base_url: address(kind) };
            if kind != super::OPENAI && (found.api_key.is_some() || found.base_url.is_some()) {
                providers.insert(kind.to_owned(), found);
            }
        }
        Self {
            openai_api_key: key(super::OPENAI),
            openai_base_url: address(super::OPENAI),
            openai_model: get("OPENAI_MODEL"),
            openai_embedding_model: get("OPENAI_EMBEDDING_MODEL"),
            model_provider: get("MODEL_PROVIDER"),
            model_name: get("MODEL_NAME"),
            providers,
        }
    }

    /// Is there a key for the provider of this name?
    pub(super) fn has_key_of(&self, name: &str) -> bool {
        let env = self.present();
        let of_others = env.providers.get(name).and_then(|it| it.api_key.as_ref());
        of_others.is_some() || (name == super::OPENAI && env.openai_api_key.is_some())
    }

    pub(super) fn present(&self) -> Self {
        let text = |it: &Option<String>| present(it.clone());
        let key = |it: &Option<Secret<String>>| {
            present(it.as_ref().map(|it| it.reveal().clone())).map(Secret::new)
        };
        let provider = |it: &EnvProvider| EnvProvider {
            api_key: key(&it.api_key),
            base_url: text(&it.base_url),
        };
        Self {
            openai_api_key: key(&self.openai_api_key),
            openai_base_url: text(&self.openai_base_url),
            openai_model: text(&self.openai_model),
            openai_embedding_model: text(&self.openai_embedding_model),
            model_provider: text(&self.model_provider).map(|it| it.to_ascii_lowercase()),
            model_name: text(&self.model_name),
            providers: self
                .providers
                .iter()
                .map(|(name, it)| (name.clone(), provider(it)))
                .collect(),
        }
    }
}

fn present(text: Option<String>) -> Option<String> {
    text.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}

/// `OLLAMA_HOST` is often `0.0.0.0:11434`: where a server listens, not where it is asked.
fn with_scheme(text: String) -> String {
    let text = if text.contains("://") { text } else { format!("http://{text}") };
    text.replacen("://0.0.0.0", "://127.0.0.1", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> EnvValues {
        EnvValues::read(|name| pairs.iter().find(|it| it.0 == name).map(|it| it.1.to_owned()))
    }

    #[test]
    fn every_kind_of_provider_has_its_names_in_the_environment() {
        let values = read(&[
            ("OPENAI_API_KEY", "o"),
            ("GROQ_API_KEY", " g "),
            ("GROQ_BASE_URL", "http://groq:1"),
            ("ANTHROPIC_BASE_URL", "http://anthropic:1"),
            ("GOOGLE_API_KEY", "k"),
            ("HF_TOKEN", "h"),
            ("OLLAMA_HOST", "0.0.0.0:11434"),
        ]);
        assert_eq!(values.openai_api_key.map(|it| it.reveal().clone()).as_deref(), Some("o"));
        let told = |kind: &str| {
            let it = &values.providers[kind];
            (it.api_key.as_ref().map(|it| it.reveal().as_str()), it.base_url.as_deref())
        };
        assert_eq!(told("groq"), (Some("g"), Some("http://groq:1")));
        assert_eq!(told("anthropic"), (None, Some("http://anthropic:1")));
        assert_eq!(told("gemini"), (Some("k"), None));
        assert_eq!(told("huggingface"), (Some("h"), None));
        assert_eq!(told("ollama"), (None, Some("http://127.0.0.1:11434")));
    }

    #[test]
    fn blank_values_are_absent() {
        let values = read(&[("GROQ_API_KEY", " "), ("OPENAI_API_KEY", "")]).present();
        assert!(values.providers.is_empty() && values.openai_api_key.is_none());
    }
}
