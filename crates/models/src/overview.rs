//! What models there are and how they do, for those who look. Looking asks nobody and costs nothing.

use std::collections::BTreeSet;

use base::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Cost, Models, Priority, Usage,
    breaker::{Breaker, Standing},
    dialect::Wire,
    health::State,
    price::{self, Price},
    relay::{Cache, Provider, mentions, named},
    settings::{ModelRef, std},
};

/// What models there are and how they do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Overview {
    /// Is there any provider?
    pub configured: bool,
    /// Which model a question of each priority goes to, as `provider/model`.
    pub priorities: Priorities,
    /// The model that makes embeddings, as `provider/model`.
    pub embedding: Option<String>,
    /// Other names of models.
    pub aliases: Vec<Alias>,
    /// Who is asked when a model cannot answer.
    pub fallbacks: Vec<Fallback>,
    /// The providers, in the order of the settings.
    pub providers: Vec<ProviderOverview>,
    /// The answers that are kept for repetition.
    pub cache: CacheOverview,
}

/// Which model a question of each priority goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Priorities {
    /// Quick answers.
    pub speed: Option<String>,
    /// Most things.
    pub balanced: Option<String>,
    /// Hard things.
    pub accuracy: Option<String>,
}

/// Another name of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// What it leads to.
    pub target: String,
}

/// Who is asked when a model cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fallback {
    /// The model, alias or priority.
    pub name: String,
    /// Who is asked then, in order.
    pub targets: Vec<String>,
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProviderOverview {
    /// Its name in the settings.
    pub name: String,
    /// How it is spoken to.
    pub kind: String,
    /// Where it is; none for the one that answers in process.
    pub base_url: Option<String>,
    /// Is there a key for it?
    pub has_key: bool,
    /// What was last seen: `never_used`, `ok`, `failing`.
    pub state: &'static str,
    /// When it last answered, when that was the last that was seen of it.
    pub at: Option<Timestamp>,
    /// The first failure after its last answer.
    pub since: Option<Timestamp>,
    /// The last failure.
    pub why: Option<String>,
    /// Its breaker.
    #[serde(flatten)]
    pub breaker: Standing,
    /// Requests that are with it.
    pub in_flight: u32,
    /// The most at once.
    pub concurrency: u32,
    /// The models that the settings name, and those that fail.
    pub models: Vec<ModelOverview>,
}

/// One model of a provider.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModelOverview {
    /// `provider/model`.
    pub model: String,
    /// Its breaker.
    #[serde(flatten)]
    pub breaker: Standing,
}

/// The answers that are kept for repetition.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CacheOverview {
    /// Are any kept?
    pub is_on: bool,
    /// For how long, in seconds.
    pub ttl_s: f64,
    /// How many there are.
    pub entries: u64,
    /// What they weigh, in bytes.
    pub bytes: u64,
    /// What they may weigh, in bytes.
    pub bytes_max: u64,
    /// Lookups of this process that found one.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
}

impl Models {
    /// What models there are and how they do, from what this process has seen.
    pub fn overview(&self) -> Overview {
        let settings = &self.0.settings;
        let now = self.0.clock.now();
        let serving = |priority| settings.choose(priority, None).map(|it| it.text());
        let alias = |(name, target): (&String, &String)| Alias {
            name: name.clone(),
            target: target.clone(),
        };
        let fallback = |(name, targets): (&String, &Vec<String>)| Fallback {
            name: name.clone(),
            targets: targets.clone(),
        };
        Overview {
            configured: !self.0.providers.is_empty(),
            priorities: Priorities {
                speed: serving(Priority::Speed),
                balanced: serving(Priority::Balanced),
                accuracy: serving(Priority::Accuracy),
            },
            embedding: self.can_embed(),
            aliases: settings.aliases.iter().map(alias).collect(),
            fallbacks: settings.fallbacks.iter().map(fallback).collect(),
            providers: self.providers().map(|it| self.overview_of(it, now)).collect(),
            cache: self.overview_of_cache(),
        }
    }

    /// The prices, in the order of the settings.
    pub fn prices(&self) -> &[Price] {
        &self.0.settings.prices
    }

    /// The version of the prices, as rows of the ledger name it.
    pub fn prices_version(&self) -> String {
        price::version(self.prices())
    }

    /// The price of a model at this moment, when it has one.
    pub fn price_of(&self, model: &ModelRef) -> Option<&Price> {
        price::find(self.prices(), &model.provider, &model.model, self.0.clock.now())
    }

    /// What so much would cost, of a model by any name it can be asked for.
    pub fn cost_of(&self, model: &str, usage: &Usage, now: Timestamp) -> Cost {
        let to = named(&self.0.settings, model).or_else(|| ModelRef::parse(model));
        to.map_or(Cost::Unknown, |it| {
            price::cost(self.prices(), &it.provider, &it.model, usage, now)
        })
    }

    /// Is this `provider/model` with a provider that is there?
    pub fn has_provider_of(&self, model: &str) -> bool {
        ModelRef::parse(model).is_some_and(|it| self.0.providers.contains_key(&it.provider))
    }

    fn overview_of(&self, provider: &Provider, now: Timestamp) -> ProviderOverview {
        let settings = &provider.settings;
        let (at, since, why, state) = match provider.health().state {
            State::NeverUsed => (None, None, None, "never_used"),
            State::Ok { at } => (Some(at), None, None, "ok"),
            State::Failing { since, why } => (None, Some(since), Some(why), "failing"),
        };
        let (breaker, mut failing) = provider.breakers(now);
        let is_home = provider.dialect.wire() == Wire::InProcess;
        let address = settings.address(&provider.name).ok().filter(|_| !is_home);
        let calm = Breaker::new(&self.0.settings.breaker).standing(now);
        let named = self.named_of(&provider.name);
        let mut models: Vec<ModelOverview> = named
            .iter()
            .map(|it| ModelOverview {
                model: format!("{}/{it}", provider.name),
                breaker: failing.remove(it.as_str()).unwrap_or(calm),
            })
            .collect();
        models.extend(failing.into_iter().map(|(model, breaker)| ModelOverview {
            model: format!("{}/{model}", provider.name),
            breaker,
        }));
        ProviderOverview {
            name: provider.name.clone(),
            kind: provider.dialect.kind().to_owned(),
            base_url: address.map(String::from),
            has_key: settings.api_key.is_some(),
            state,
            at,
            since,
            why,
            breaker,
            in_flight: self.0.limits.in_flight(&provider.name),
            concurrency: settings.concurrency,
            models,
        }
    }

    /// The models of a provider that the settings name, in their order.
    pub(crate) fn named_of(&self, provider: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        mentions(&self.0.settings)
            .filter_map(ModelRef::parse)
            .filter(|it| it.provider == provider && !it.model.ends_with('*'))
            .filter(|it| seen.insert(it.model.clone()))
            .map(|it| it.model)
            .collect()
    }

    fn overview_of_cache(&self) -> CacheOverview {
        let settings = &self.0.settings.cache;
        let (entries, bytes) = self.0.cache.size();
        let (hits, misses) = Cache::looked_up();
        CacheOverview {
            is_on: self.0.cache.is_on(),
            ttl_s: std(settings.ttl).as_secs_f64(),
            entries,
            bytes,
            bytes_max: settings.bytes_max,
            hits,
            misses,
        }
    }
}
