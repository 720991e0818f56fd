//! Which providers there are, which model serves which priority, and what models cost: the typed
//! form of `config/llm.yaml`, completed by the environment's values.
//!
//! Nothing here reads the environment or a file: both are handed in. Start at
//! [`Settings::from_parts`], then [`Settings::check`].

mod check;
mod choose;
mod elsewhere;
mod env;
mod gateway;
mod provider;

use std::time::Duration;

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    dialect,
    ledger::budget::Budget,
    limit::{LimitSettings, QueueSettings},
    local::LocalSettings,
    money::NanoUsd,
    price::Price,
};
pub use check::Finding;
pub use choose::{ModelRef, Priorities};
pub use env::{EnvProvider, EnvValues};
pub use gateway::{CacheSettings, Disconnect, ModelSettings, Policy, RelaySettings};
pub use provider::{JsonMode, ProviderSettings};

/// What models there are and how they are asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// Other names for models: `fast: groq/llama-3.1-8b-instant`. A `*` at the end of a name stands
    /// for any rest: `claude-*: openai/gpt-4o`.
    pub aliases: IndexMap<String, String>,
    /// What is asked when a model cannot answer, in order, by alias, priority or `provider/model`.
    pub fallbacks: IndexMap<String, Vec<String>>,
    /// What is known of single models, by `provider/model` or `model`.
    pub models: IndexMap<String, ModelSettings>,
    /// What holds for some tenants, keys or operations.
    pub policies: Vec<Policy>,
    /// How long a call may take on its way, and how much it may weigh.
    pub relay: RelaySettings,
    /// Which answers are kept for repetition.
    pub cache: CacheSettings,
    /// How the model in this process is run: `minilm/all-MiniLM-L6-v2`.
    pub local: LocalSettings,
    /// How long rows of the usage ledger are kept: 9600 hours, which are 400 days, when left out.
    /// Budgets keep counting what they forget.
    pub keep_usage: SignedDuration,
    /// How much one request may cost, by the prices and the longest answer that it allows, or else by `max_output` of the
    /// model or 1,000 tokens. A model with which it may cost more is passed over; what has no price is not bounded by it.
    /// No limit when left out.
    pub request_limit_usd: Option<NanoUsd>,
    /// How much may be spent by whom, by day or month.
    pub budgets: Vec<Budget>,
    /// How much may be asked by the minute and at once.
    pub limits: Vec<LimitSettings>,
    /// Where requests wait that are over a limit.
    pub queue: QueueSettings,
}

/// When an attempt is repeated: after 429, 498, 502, 503, 504 and 529 only.
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
        for (name, given) in env.providers {
            let provider = settings.providers.entry(name).or_default();
            provider.api_key = given.api_key.or(provider.api_key.take());
            provider.base_url = given.base_url.or(provider.base_url.take());
        }
        // Some need no key: naming them is enough.
        if let Some(named) = env.model_provider.as_deref()
            && dialect::find(named)
                .is_some_and(|it| it.check(&ProviderSettings::default()).is_empty())
        {
            settings.providers.entry(named.into()).or_default();
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
        // What is built in needs no entry either. It comes last: it is nobody's usual provider.
        let embeds = settings.embedding.as_deref().and_then(ModelRef::parse);
        if let Some(it) = embeds.filter(|it| is_built_in(&it.provider)) {
            settings.providers.entry(it.provider).or_default();
        }
        settings
    }

    /// The settings of a document that was changed while the application ran, where `file` is what the operator
    /// wrote: a provider that the change moved gets no key of the environment.
    pub fn changed(changed: Option<Self>, file: Option<Self>, env: &EnvValues) -> Self {
        let own = elsewhere::own_keys(changed.as_ref());
        let mut settings = Self::from_parts(changed, env);
        elsewhere::hold_back(&mut settings, own, &Self::from_parts(file, env), env);
        settings
    }
}

/// Is this a provider that needs neither a key nor an address?
fn is_built_in(provider: &str) -> bool {
    dialect::find(provider).is_some_and(|it| it.wire() == dialect::Wire::InProcess)
}

/// A duration of the settings; a negative one counts as none.
pub(crate) fn std(duration: SignedDuration) -> Duration {
    Duration::try_from(duration).unwrap_or_default()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            providers: IndexMap::new(),
            priorities: Priorities::default(),
            embedding: None,
            prices: Vec::new(),
            retry: RetrySettings::default(),
            breaker: BreakerSettings::default(),
            aliases: IndexMap::new(),
            fallbacks: IndexMap::new(),
            models: IndexMap::new(),
            policies: Vec::new(),
            relay: RelaySettings::default(),
            cache: CacheSettings::default(),
            local: LocalSettings::default(),
            keep_usage: SignedDuration::from_hours(400 * 24),
            request_limit_usd: None,
            budgets: Vec::new(),
            limits: Vec::new(),
            queue: QueueSettings::default(),
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
    use base::Secret;

    use super::*;
    use crate::Priority;

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
    fn embeddings_of_this_process_need_no_entry_and_answer_nobody() {
        let read = |yaml: serde_json::Value| {
            let settings = serde_json::from_value(yaml).unwrap();
            Settings::from_parts(Some(settings), &EnvValues::default())
        };
        let embedding = "minilm/all-MiniLM-L6-v2";
        let settings = read(serde_json::json!({"embedding": embedding}));
        assert_eq!(settings.check(), []);
        assert_eq!(settings.embedding().map(|it| it.text()).as_deref(), Some(embedding));
        assert!(settings.choose(Priority::Balanced, None).is_none());
        let wrong = read(serde_json::json!({
            "embedding": "minilm/other", "priorities": {"speed": embedding}, "local": {"threads": 0},
        }));
        let found: Vec<String> = wrong.check().into_iter().map(|it| it.path).collect();
        assert_eq!(found, ["priorities.speed", "embedding", "local.threads"]);
    }

    #[test]
    fn settings_never_show_their_keys() {
        assert!(!format!("{:?}", Settings::from_parts(None, &with_key())).contains("sk-1"));
    }
}
