//! What the interface is told: the typed form of `config/frontend.yaml`. The server itself does nothing
//! with it but hand it out (`frontend.get`), to anybody: nothing in it is a secret.

use apps::configuration::Finding;
use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the interface is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Frontend {
    /// Light or dark.
    pub theme: Theme,
    /// The language it begins in; the browser's when left out.
    pub language: Option<String>,
    /// The longest text that can be written into it, in characters; what the schema says when left out.
    pub chars_max: Option<u32>,
    /// How often what is being written is kept.
    pub autosave: SignedDuration,
    /// How long before a session ends that is said.
    pub session_warning: SignedDuration,
    /// How long it waits for an answer.
    pub request_timeout: SignedDuration,
    /// How often it asks how something goes that takes long.
    pub poll: SignedDuration,
    /// What is switched on or off.
    pub features: IndexMap<String, bool>,
    /// Words of the application's own: language → name → text.
    pub texts: IndexMap<String, IndexMap<String, String>>,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Default for Frontend {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            language: None,
            chars_max: None,
            autosave: SignedDuration::from_secs(30),
            session_warning: SignedDuration::from_secs(300),
            request_timeout: SignedDuration::from_secs(60),
            poll: SignedDuration::from_secs(2),
            features: IndexMap::new(),
            texts: IndexMap::new(),
        }
    }
}

impl Frontend {
    /// What cannot work in it; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut say = |path: &str, message: &str| {
            found.push(Finding { path: path.to_owned(), message: message.to_owned() });
        };
        if self.chars_max == Some(0) {
            say("chars_max", "must be at least 1");
        }
        let second = SignedDuration::from_secs(1);
        for (path, given) in [
            ("autosave", self.autosave),
            ("session_warning", self.session_warning),
            ("request_timeout", self.request_timeout),
            ("poll", self.poll),
        ] {
            if given < second {
                say(path, "must be at least one second");
            }
        }
        found
    }
}
