//! Which model serves: what the priorities name, which of them has a provider that is there.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Settings;
use crate::Priority;

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

/// A provider and the name of one of its models.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelRef {
    /// The name under `providers`.
    pub provider: String,
    /// The name the provider knows.
    pub model: String,
}

impl Settings {
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
    pub(super) const DEFAULTS: [&str; 3] =
        ["groq/llama3-8b-8192", "openai/gpt-3.5-turbo", "openai/gpt-4"];

    pub(super) fn fill(&mut self) {
        for (slot, default) in self.all_mut().into_iter().zip(Self::DEFAULTS) {
            slot.get_or_insert_with(|| default.to_owned());
        }
    }

    pub(super) fn all_mut(&mut self) -> [&mut Option<String>; 3] {
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
