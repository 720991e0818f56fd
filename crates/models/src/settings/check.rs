//! What in the settings cannot work, all of it at once, each with the place and the way out.

use base::Secret;
use jiff::SignedDuration;

use super::{EnvValues, ModelRef, OPENAI, Priorities, Settings};
use crate::{Priority, dialect, limit, money::NanoUsd, price};

/// Something in the settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: `providers.groq.base_url`.
    pub path: String,
    /// What, and the way out.
    pub message: String,
}

impl Settings {
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
                    provider.faults(name, it).iter().any(|(field, _)| *field == "api_key")
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
            for (field, message) in provider.faults(name, dialect) {
                let held_back = provider.held_back.as_ref().filter(|_| field == "api_key");
                let message = match held_back {
                    Some(why) => format!("is missing: {why}"),
                    None => message,
                };
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
        if self.request_limit_usd.is_some_and(|it| it <= NanoUsd::ZERO) {
            say("request_limit_usd".into(), "must be more than nothing".into());
        }
        for (at, budget) in self.budgets.iter().enumerate() {
            for (field, message) in budget.check() {
                say(format!("budgets[{at}].{field}"), message.into());
            }
            if let Some(Err(why)) =
                budget.downgrade_to.as_deref().map(|it| self.leads_somewhere(it))
            {
                say(format!("budgets[{at}].downgrade_to"), why);
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ProviderSettings;

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
}
