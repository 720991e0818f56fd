//! Which providers there are, which model serves which priority, and what models cost: the typed
//! form of `config/llm.yaml`, completed by the environment's values.
//!
//! Nothing here reads the environment or a file: both are handed in. Start at
//! [`Settings::from_parts`], then [`Settings::check`].

use std::time::Duration;

use base::Secret;
use indexmap::IndexMap;
use jiff::SignedDuration;
use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Priority, price::Price};

/// What models there are and how they are asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The providers by name. None means that no model is configured.
    pub providers: IndexMap<String, ProviderSettings>,
    /// Which model serves which priority, each as `provider/model`.
    pub priorities: Priorities,
    /// The model that makes embeddings, as `provider/model`. None: search by meaning is off.
    pub embedding: Option<String>,
    /// What models cost. A model without a price has an unknown cost, which is never shown as zero.
    pub prices: Vec<Price>,
    /// When an attempt is repeated.
    pub retry: RetrySettings,
    /// When a provider that fails is left alone for a while.
    pub breaker: BreakerSettings,
}

/// One address that speaks the OpenAI dialect.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// The dialect. Only `openai` exists in this version; it fits any compatible address.
    pub kind: Kind,
    /// Where it is, with or without `/v1`. Known by name for openai, groq, ollama and huggingface.
    pub base_url: Option<String>,
    /// The key, when it needs one.
    #[schemars(with = "Option<String>")]
    pub api_key: Option<Secret<String>>,
    /// The longest one attempt may take, from connecting to the last byte.
    pub timeout: SignedDuration,
    /// The longest that connecting may take.
    pub connect_timeout: SignedDuration,
    /// The most requests at once. What comes after waits.
    pub concurrency: u32,
    /// How structured answers are asked for. `auto` finds out what the provider takes.
    pub json: JsonMode,
    /// A proxy to go through: `http://host:port`.
    pub proxy: Option<String>,
}

/// The dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `/chat/completions` and `/embeddings` as OpenAI describes them.
    #[default]
    Openai,
}

/// How a provider is asked for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JsonMode {
    /// Try `json_schema`, then `json_object`, then `plain`, and remember what was taken.
    #[default]
    Auto,
    /// Send the schema with the request.
    JsonSchema,
    /// Ask for an object; the schema is in the question.
    JsonObject,
    /// Ask with words only.
    Plain,
}

/// Which model serves which priority, each as `provider/model`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Priorities {
    /// For quick answers. Default: `groq/llama3-8b-8192`.
    pub speed: Option<String>,
    /// For most things. Default: `openai/gpt-3.5-turbo`.
    pub balanced: Option<String>,
    /// For hard ones. Default: `openai/gpt-4`.
    pub accuracy: Option<String>,
}

/// When an attempt is repeated: after 429, 502, 503 and 504 only.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySettings {
    /// How many times after the first attempt.
    pub times: u32,
    /// How long to wait before the first repetition; each later wait is twice as long.
    pub base: SignedDuration,
    /// The longest `Retry-After` that is waited for. A longer one is handed to the caller at once.
    pub retry_after_max: SignedDuration,
}

/// When a failing provider is left alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerSettings {
    /// After this many failures in a row.
    pub failures: u32,
    /// For this long; then one attempt decides.
    pub open_for: SignedDuration,
}

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
}

/// Something in the settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `providers.groq.base_url`.
    pub path: String,
    /// What, and the way out.
    pub message: String,
}

/// A provider and the name of one of its models.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelRef {
    /// The name under `providers`.
    pub provider: String,
    /// The name the provider knows.
    pub model: String,
}

const OPENAI: &str = "openai";

impl Settings {
    /// The settings of `config/llm.yaml`, completed and overridden by the environment.
    ///
    /// `MODEL_PROVIDER` and `MODEL_NAME` win over `OPENAI_MODEL`, which wins over the file.
    pub fn from_parts(yaml: Option<Self>, env: &EnvValues) -> Self {
        let mut settings = yaml.unwrap_or_default();
        let env = env.present();
        if env.openai_api_key.is_some() || env.openai_base_url.is_some() {
            let guess_embeddings = env.openai_base_url.is_none()
                && settings.providers.get(OPENAI).is_none_or(|it| it.base_url.is_none());
            let openai = settings.providers.entry(OPENAI.into()).or_default();
            openai.api_key = env.openai_api_key.or(openai.api_key.take());
            openai.base_url = env.openai_base_url.or(openai.base_url.take());
            if guess_embeddings && settings.embedding.is_none() {
                settings.embedding = Some("openai/text-embedding-3-small".into());
            }
        }
        if let Some(model) = env.openai_embedding_model
            && settings.providers.contains_key(OPENAI)
        {
            settings.embedding = Some(format!("{OPENAI}/{model}"));
        }
        // Ollama needs no key: naming it is enough.
        if env.model_provider.as_deref() == Some("ollama") {
            settings.providers.entry("ollama".into()).or_default();
        }
        settings.priorities.fill();
        let named = env.model_provider.or_else(|| {
            let has_openai = settings.providers.contains_key(OPENAI);
            settings.providers.keys().next().filter(|_| !has_openai).cloned()
        });
        let named = named.as_deref().unwrap_or(OPENAI);
        for priority in settings.priorities.all_mut() {
            let is_openai = priority.as_deref().is_some_and(|it| it.starts_with("openai/"));
            if let Some(model) = &env.model_name {
                *priority = Some(format!("{named}/{model}"));
            } else if let Some(model) = env.openai_model.as_ref().filter(|_| is_openai) {
                *priority = Some(format!("{OPENAI}/{model}"));
            }
        }
        settings
    }

    /// Everything that cannot work, with the way out.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut say = |path: String, message: String| findings.push(Finding { path, message });
        for (name, provider) in &self.providers {
            let path = |field: &str| format!("providers.{name}.{field}");
            if name.is_empty() || name.contains('/') {
                say(format!("providers.{name}"), "a provider's name has no `/`".into());
            }
            if let Err(why) = provider.address(name) {
                say(path("base_url"), why);
            }
            if provider.timeout <= SignedDuration::ZERO {
                say(path("timeout"), "must be longer than nothing, for example `60s`".into());
            }
            if provider.connect_timeout <= SignedDuration::ZERO {
                say(
                    path("connect_timeout"),
                    "must be longer than nothing, for example `5s`".into(),
                );
            }
            if provider.concurrency == 0 {
                say(path("concurrency"), "must be at least 1".into());
            }
            if provider.proxy.as_deref().is_some_and(|it| reqwest::Proxy::all(it).is_err()) {
                say(path("proxy"), "is not an address like `http://host:port`".into());
            }
        }
        let named = [
            ("priorities.speed", &self.priorities.speed),
            ("priorities.balanced", &self.priorities.balanced),
            ("priorities.accuracy", &self.priorities.accuracy),
            ("embedding", &self.embedding),
        ];
        for (path, reference) in named {
            let Some(text) = reference else { continue };
            // A default may name a provider that is not there, and `openai` comes with the
            // environment: another priority serves then, or none does on a machine without a key.
            let may_be_absent = |it: &ModelRef| {
                it.provider == OPENAI
                    || self.providers.is_empty()
                    || Priorities::DEFAULTS.contains(&text.as_str())
            };
            match ModelRef::parse(text) {
                None => say(path.into(), format!("`{text}` is not `provider/model`")),
                Some(it) if !self.providers.contains_key(&it.provider) && !may_be_absent(&it) => {
                    say(path.into(), format!("there is no provider `{}`", it.provider));
                }
                Some(_) => {}
            }
        }
        if self.breaker.failures == 0 {
            say("breaker.failures".into(), "must be at least 1".into());
        }
        findings
    }

    /// The model that a question of this priority, or naming this model, goes to.
    pub(crate) fn choose(&self, priority: Priority, model: Option<&str>) -> Option<ModelRef> {
        let known = |it: &ModelRef| self.providers.contains_key(&it.provider);
        if let Some(text) = model {
            if let Some(reference) = ModelRef::parse(text).filter(known) {
                return Some(reference);
            }
            let provider = self.choose(priority, None)?.provider;
            return Some(ModelRef { provider, model: text.to_owned() });
        }
        let all = &self.priorities;
        let order = match priority {
            Priority::Speed => [&all.speed, &all.balanced, &all.accuracy],
            Priority::Balanced => [&all.balanced, &all.speed, &all.accuracy],
            Priority::Accuracy => [&all.accuracy, &all.balanced, &all.speed],
        };
        order.into_iter().flatten().filter_map(|it| ModelRef::parse(it)).find(known)
    }

    /// The model that makes embeddings.
    pub(crate) fn embedding(&self) -> Option<ModelRef> {
        let reference = ModelRef::parse(self.embedding.as_deref()?)?;
        self.providers.contains_key(&reference.provider).then_some(reference)
    }
}

impl Priorities {
    const DEFAULTS: [&str; 3] = ["groq/llama3-8b-8192", "openai/gpt-3.5-turbo", "openai/gpt-4"];

    fn fill(&mut self) {
        for (slot, default) in self.all_mut().into_iter().zip(Self::DEFAULTS) {
            slot.get_or_insert_with(|| default.to_owned());
        }
    }

    fn all_mut(&mut self) -> [&mut Option<String>; 3] {
        [&mut self.speed, &mut self.balanced, &mut self.accuracy]
    }
}

impl ProviderSettings {
    /// The address requests are made from; `chat/completions` is appended to it.
    ///
    /// A path without a version segment (`v1`, `v1beta`) gets `/v1`. A path that ends in
    /// `/chat/completions` is taken as it is, for providers that have no version in their path.
    pub(crate) fn address(&self, name: &str) -> Result<Url, String> {
        let known = match name {
            "openai" => Some("https://api.openai.com/v1"),
            "groq" => Some("https://api.groq.com/openai/v1"),
            "ollama" => Some("http://localhost:11434/v1"),
            "huggingface" => Some("https://router.huggingface.co/v1"),
            _ => None,
        };
        let text =
            self.base_url.as_deref().or(known).ok_or("is missing: where is this provider?")?;
        let mut url = Url::parse(text.trim()).map_err(|why| format!("is not an address: {why}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("must begin with `http://` or `https://`".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a password; use `api_key`".into());
        }
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        let path = match path.strip_suffix("/chat/completions") {
            Some(exact) => exact.to_owned(),
            None if path.split('/').any(is_version) => path,
            None => format!("{path}/v1"),
        };
        url.set_path(&format!("{path}/"));
        Ok(url)
    }
}

fn is_version(segment: &str) -> bool {
    let mut rest = segment.strip_prefix('v').unwrap_or_default().chars();
    rest.next().is_some_and(|it| it.is_ascii_digit())
}

impl ModelRef {
    /// Reads `provider/model`; the model may itself hold slashes.
    pub fn parse(text: &str) -> Option<Self> {
        let (provider, model) = text.trim().split_once('/')?;
        (!provider.is_empty() && !model.is_empty())
            .then(|| Self { provider: provider.to_owned(), model: model.to_owned() })
    }
}

impl EnvValues {
    fn present(&self) -> Self {
        let text = |it: &Option<String>| {
            it.as_deref().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned)
        };
        let key = self.openai_api_key.as_ref().map(|it| it.reveal().trim().to_owned());
        Self {
            openai_api_key: key.filter(|it| !it.is_empty()).map(Secret::new),
            openai_base_url: text(&self.openai_base_url),
            openai_model: text(&self.openai_model),
            openai_embedding_model: text(&self.openai_embedding_model),
            model_provider: text(&self.model_provider).map(|it| it.to_ascii_lowercase()),
            model_name: text(&self.model_name),
        }
    }
}

/// A duration of the settings; a negative one counts as none.
pub(crate) fn std(duration: SignedDuration) -> Duration {
    Duration::try_from(duration).unwrap_or_default()
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            kind: Kind::Openai,
            base_url: None,
            api_key: None,
            timeout: SignedDuration::from_secs(120),
            connect_timeout: SignedDuration::from_secs(5),
            concurrency: 8,
            json: JsonMode::Auto,
            proxy: None,
        }
    }
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            times: 3,
            base: SignedDuration::from_secs(2),
            retry_after_max: SignedDuration::from_secs(60),
        }
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, open_for: SignedDuration::from_secs(30) }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/")]
    #[case("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/")]
    #[case("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/")]
    #[case("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/")]
    #[case("https://api.groq.com/openai", "https://api.groq.com/openai/v1/")]
    #[case("https://x.example/v1beta/openai/", "https://x.example/v1beta/openai/")]
    #[case("https://x.example/inference/chat/completions", "https://x.example/inference/")]
    #[case(" https://x.example/api/v3?a=b#c ", "https://x.example/api/v3/")]
    fn an_address_is_good_with_or_without_its_version(#[case] given: &str, #[case] expected: &str) {
        let provider = ProviderSettings { base_url: Some(given.into()), ..Default::default() };
        assert_eq!(provider.address("any").map(String::from), Ok(expected.to_owned()));
    }

    #[test]
    fn nothing_configured_means_no_provider() {
        let settings = Settings::from_parts(None, &EnvValues::default());
        assert!(settings.choose(Priority::Balanced, None).is_none());
        assert!(settings.choose(Priority::Balanced, Some("gpt-4o")).is_none());
        assert_eq!(settings.check(), []);
    }

    #[test]
    fn a_blank_key_is_no_key() {
        let env = EnvValues { openai_api_key: Some(Secret::new(" ".into())), ..Default::default() };
        assert!(Settings::from_parts(None, &env).providers.is_empty());
    }

    fn with_key() -> EnvValues {
        EnvValues { openai_api_key: Some(Secret::new("sk-1".into())), ..Default::default() }
    }

    #[track_caller]
    fn check(settings: &Settings, priority: Priority, expected: &str) {
        let chosen =
            settings.choose(priority, None).map(|it| format!("{}/{}", it.provider, it.model));
        assert_eq!(chosen.as_deref(), Some(expected));
    }

    #[test]
    fn a_key_alone_brings_the_default_models_and_those_of_absent_providers_are_passed_over() {
        let settings = Settings::from_parts(None, &with_key());
        check(&settings, Priority::Accuracy, "openai/gpt-4");
        check(&settings, Priority::Balanced, "openai/gpt-3.5-turbo");
        check(&settings, Priority::Speed, "openai/gpt-3.5-turbo");
        assert_eq!(settings.embedding.as_deref(), Some("openai/text-embedding-3-small"));
        assert_eq!(settings.check(), []);
    }

    #[test]
    fn an_address_of_ones_own_brings_no_guessed_embedding_model() {
        let env = EnvValues { openai_base_url: Some("http://h:1".into()), ..with_key() };
        assert_eq!(Settings::from_parts(None, &env).embedding, None);
    }

    #[test]
    fn the_model_of_the_environment_wins_over_the_file() {
        let yaml = Settings {
            priorities: Priorities { accuracy: Some("openai/gpt-4o".into()), ..Default::default() },
            ..Default::default()
        };
        let env = EnvValues { openai_model: Some("tiny".into()), ..with_key() };
        check(&Settings::from_parts(Some(yaml.clone()), &env), Priority::Accuracy, "openai/tiny");
        let env = EnvValues { model_name: Some("other".into()), ..env };
        check(&Settings::from_parts(Some(yaml), &env), Priority::Accuracy, "openai/other");
    }

    #[test]
    fn ollama_needs_no_key() {
        let env = EnvValues {
            model_provider: Some("Ollama".into()),
            model_name: Some("llama3".into()),
            ..Default::default()
        };
        let settings = Settings::from_parts(None, &env);
        check(&settings, Priority::Speed, "ollama/llama3");
        assert_eq!(settings.check(), []);
    }

    #[test]
    fn every_fault_is_found_at_once() {
        let mut settings = Settings { embedding: Some("nope".into()), ..Default::default() };
        let provider = ProviderSettings {
            base_url: Some("ftp://x".into()),
            concurrency: 0,
            ..Default::default()
        };
        settings.providers.insert("mine".into(), provider);
        let paths: Vec<String> = settings.check().into_iter().map(|it| it.path).collect();
        assert_eq!(paths, ["providers.mine.base_url", "providers.mine.concurrency", "embedding"]);
    }

    #[test]
    fn settings_never_show_their_keys() {
        assert!(!format!("{:?}", Settings::from_parts(None, &with_key())).contains("sk-1"));
    }
}
