//! Which providers there are, which model serves which priority, and what models cost: the typed
//! form of `config/llm.yaml`, completed by the environment's values.
//!
//! Nothing here reads the environment or a file: both are handed in. Start at
//! [`Settings::from_parts`], then [`Settings::check`].

mod env;
mod gateway;
mod provider;

use std::time::Duration;

use base::Secret;
use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Priority, dialect,
    ledger::budget::Budget,
    limit::{self, LimitSettings, QueueSettings},
    local::LocalSettings,
    price::{self, Price},
};
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
    /// How much may be spent by whom, by day or month.
    pub budgets: Vec<Budget>,
    /// How much may be asked by the minute and at once.
    pub limits: Vec<LimitSettings>,
    /// Where requests wait that are over a limit.
    pub queue: QueueSettings,
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

    /// Everything in `config/llm.yaml` that cannot work whatever the environment says. Keys may come from
    /// there, and so may whole providers of a known kind.
    pub fn check_alone(&self) -> Vec<Finding> {
        let mut settings = Self::from_parts(Some(self.clone()), &EnvValues::default());
        let Priorities { speed, balanced, accuracy } = &settings.priorities;
        let named = [speed, balanced, accuracy, &settings.embedding];
        let named: Vec<ModelRef> =
            named.into_iter().flatten().filter_map(|it| ModelRef::parse(it)).collect();
        for it in named {
            if dialect::find(&it.provider).is_some() {
                settings.providers.entry(it.provider).or_default();
            }
        }
        for (name, provider) in &mut settings.providers {
            let wants_key = provider.api_key.is_none()
                && provider.dialect(name).is_some_and(|it| {
                    it.check(provider).iter().any(|(field, _)| *field == "api_key")
                });
            if wants_key && dialect::find(name).is_some() {
                provider.api_key = Some(Secret::new("of the environment".to_owned()));
            }
        }
        settings.check()
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
            let Some(dialect) = provider.dialect(name) else {
                let known: Vec<_> = dialect::REGISTRY.iter().map(|it| it.kind()).collect();
                say(path("kind"), format!("must be one of {}", known.join(", ")));
                continue;
            };
            if let Err(why) = provider.address(name) {
                say(path("base_url"), why);
            }
            for (field, message) in dialect.check(provider) {
                say(path(field), message);
            }
            for (field, duration, example) in [
                ("timeout", provider.timeout, "120s"),
                ("connect_timeout", provider.connect_timeout, "5s"),
                ("first_byte_timeout", provider.first_byte_timeout, "60s"),
                ("first_token_timeout", provider.first_token_timeout, "120s"),
                ("stall_timeout", provider.stall_timeout, "60s"),
                ("stream_timeout", provider.stream_timeout, "10m"),
            ] {
                if duration <= SignedDuration::ZERO {
                    let message = format!("must be longer than nothing, for example `{example}`");
                    say(path(field), message);
                }
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
                Some(it) => {
                    if let Some(why) = self.cannot_be(path, &it) {
                        say(path.into(), why);
                    }
                }
            }
        }
        for (name, target) in &self.aliases {
            if let Err(why) = self.leads_somewhere(target) {
                say(format!("aliases.{name}"), why);
            }
        }
        for (name, targets) in &self.fallbacks {
            for (at, target) in targets.iter().enumerate() {
                if let Err(why) = self.leads_somewhere(target) {
                    say(format!("fallbacks.{name}[{at}]"), why);
                }
            }
        }
        for (at, policy) in self.policies.iter().enumerate() {
            if let Some(Err(why)) = policy.model.as_ref().map(|it| self.leads_somewhere(it)) {
                say(format!("policies[{at}].model"), why);
            }
            if policy.task.as_deref().is_some_and(str::is_empty) {
                say(format!("policies[{at}].task"), "must not be empty".into());
            }
        }
        for (at, budget) in self.budgets.iter().enumerate() {
            for (field, message) in budget.check() {
                say(format!("budgets[{at}].{field}"), message.into());
            }
            if self.budgets[..at].iter().any(|it| it.name == budget.name) {
                say(format!("budgets[{at}].name"), "is that of another budget".into());
            }
        }
        let findings_of_limits = limit::check(&self.limits, &self.queue);
        for (path, message) in findings_of_limits.into_iter().chain(price::check(&self.prices)) {
            say(path, message);
        }
        if self.local.threads == Some(0) {
            say("local.threads".into(), "must be at least 1".into());
        }
        if self.breaker.failures == 0 {
            say("breaker.failures".into(), "must be at least 1".into());
        }
        if self.relay.attempts_max == 0 {
            say("relay.attempts_max".into(), "must be at least 1".into());
        }
        for (field, duration) in [
            ("relay.deadline", self.relay.deadline),
            ("relay.heartbeat", self.relay.heartbeat),
            ("relay.caller_patience", self.relay.caller_patience),
            ("cache.ttl", self.cache.ttl),
            ("keep_usage", self.keep_usage),
        ] {
            if duration <= SignedDuration::ZERO {
                say(field.into(), "must be longer than nothing".into());
            }
        }
        findings
    }

    /// Why a model that makes embeddings in this process cannot be what it is named for.
    fn cannot_be(&self, path: &str, model: &ModelRef) -> Option<String> {
        let dialect = match self.providers.get(&model.provider) {
            Some(provider) => provider.dialect(&model.provider)?,
            None => dialect::find(&model.provider)?,
        };
        if dialect.converses() {
            return None;
        }
        if path != "embedding" {
            return Some(format!("`{}` makes embeddings and nothing else", model.provider));
        }
        let names = dialect.built_in().unwrap_or_default();
        let is_unknown = !names.contains(&model.model.as_str());
        is_unknown
            .then(|| format!("`{}` has no model but `{}`", model.provider, names.join("`, `")))
    }

    /// Is this a name that a call can be sent to?
    fn leads_somewhere(&self, name: &str) -> Result<(), String> {
        if Priority::of_name(name).is_some() || self.aliases.contains_key(name) {
            return Ok(());
        }
        match ModelRef::parse(name) {
            None => Err(format!("`{name}` is neither `provider/model` nor an alias")),
            // What the environment brings is not known when a folder is checked by itself.
            Some(it)
                if !self.providers.contains_key(&it.provider)
                    && dialect::find(&it.provider).is_none() =>
            {
                Err(format!("there is no provider `{}`", it.provider))
            }
            Some(_) => Ok(()),
        }
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
        self.provides(self.embedding.as_deref()?)
    }

    /// The model of this name, as `provider/model`, if its provider is there.
    pub(crate) fn provides(&self, model: &str) -> Option<ModelRef> {
        let reference = ModelRef::parse(model)?;
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

impl ModelRef {
    /// Reads `provider/model`; the model may itself hold slashes.
    pub fn parse(text: &str) -> Option<Self> {
        let (provider, model) = text.trim().split_once('/')?;
        (!provider.is_empty() && !model.is_empty())
            .then(|| Self { provider: provider.to_owned(), model: model.to_owned() })
    }

    /// `provider/model`.
    pub fn text(&self) -> String {
        format!("{}/{}", self.provider, self.model)
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
    use super::*;

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
    fn a_file_alone_is_not_asked_for_what_the_environment_may_bring() {
        let check = |yaml: serde_json::Value, expected: &[&str]| {
            let settings: Settings = serde_json::from_value(yaml).unwrap();
            let found: Vec<String> = settings.check_alone().into_iter().map(|it| it.path).collect();
            assert_eq!(found, expected);
        };
        check(serde_json::json!({"providers": {"groq": {}}, "embedding": "openai/small"}), &[]);
        check(serde_json::json!({"priorities": {"speed": "anthropic/haiku"}}), &[]);
        let mine = serde_json::json!({"providers": {"mine": {"kind": "anthropic"}}});
        check(mine, &["providers.mine.api_key"]);
        let useless = serde_json::json!({"providers": {"offline": {"api_key": "x"}}});
        check(useless, &["providers.offline.api_key"]);
        check(
            serde_json::json!({"providers": {"groq": {}}, "embedding": "opnai/small"}),
            &["embedding"],
        );
    }

    #[test]
    fn settings_never_show_their_keys() {
        assert!(!format!("{:?}", Settings::from_parts(None, &with_key())).contains("sk-1"));
    }
}
