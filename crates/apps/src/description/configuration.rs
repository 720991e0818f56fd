//! Configuration documents: what lies in `config/`, and what must hold of it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The documents of `config/`, and what must hold of all of them together.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigurationSpec {
    /// The application's own documents, and what it adds to those that Mainstay types itself.
    pub documents: IndexMap<String, DocumentSpec>,
    /// What must be true of all documents together, by a name for it.
    pub checks: IndexMap<String, CrossCheck>,
}

/// One document.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentSpec {
    /// Where it belongs. Those that Mainstay types have their place already.
    pub category: Option<Category>,
    /// The name people see.
    pub title: Option<String>,
    /// One sentence for people.
    pub about: String,
    /// JSON Schema of it; of its key `own` when Mainstay types the rest.
    pub schema: Option<String>,
    /// Where it lies: `config/NAME.yaml` when left out.
    pub file: Option<String>,
    /// It need not be there.
    pub optional: bool,
    /// What numbers and lengths of time in it may be: path → `1..100`, `1..`, `..100`, `10s..5m`. In a
    /// path `*` stands for every entry.
    pub ranges: IndexMap<String, String>,
    /// Paths of values that are never shown.
    pub sensitive: Vec<String>,
    /// Which parts hold one entry for each language, all of the same shape.
    pub by_language: Places,
    /// What of it the interface is told (`frontend.get`), when somebody is signed in. For documents of
    /// one's own.
    pub shown: Places,
}

/// What of a document is meant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Places {
    /// The whole of it, or nothing.
    Whole(bool),
    /// What is at these paths.
    Parts(Vec<String>),
}

/// What a document is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// What the application knows and goes by.
    BusinessLogic,
    /// Who comes in, and what keeps others out.
    SystemSecurity,
    /// What serves and what is shown.
    Components,
    /// What it stands on: the database, the models.
    Infrastructure,
    /// How it is run.
    Operations,
}

/// What must be true of documents that belong together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossCheck {
    /// The expression that must be true. It sees every document by its name; `languages`, `app`, and `schemas`,
    /// `templates` and `seeds`, each by the path of its file.
    pub that: String,
    /// Checked for each entry of what this expression gives: `it` is the entry, `key` its key or number.
    #[serde(rename = "for")]
    pub each: Option<String>,
    /// Only where this expression is true.
    pub when: Option<String>,
    /// Where the fault is shown: a document, then the path in it. May hold `{{ key }}`.
    pub at: String,
    /// What is said; may hold expressions in `{{ }}`.
    pub message: Option<String>,
    /// The way out; may hold expressions in `{{ }}`.
    pub hint: Option<String>,
    /// The application runs all the same: it is told as a warning.
    #[serde(default)]
    pub warns: bool,
}

impl Default for Places {
    fn default() -> Self {
        Self::Whole(false)
    }
}

impl Places {
    /// The paths that are meant; the empty one is the whole document.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::Whole(false) => Vec::new(),
            Self::Whole(true) => vec![""],
            Self::Parts(paths) => paths.iter().map(String::as_str).collect(),
        }
    }
}

/// What a template sees of the configuration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ConfigSource {
    /// `config.NAME`, or a path in it: `config.NAME.part`.
    Named(String),
    /// The same in the language of what is looked at.
    Chosen(ConfigPart),
}

/// A document or a part of one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigPart {
    /// The document, and the path in it: `prompts.rules`.
    pub config: String,
    /// It holds one entry for each language: only that of the language at hand is seen.
    #[serde(default)]
    pub by_language: bool,
}

impl ConfigSource {
    /// The document and the path in it; none when it names something else.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Named(text) => text.strip_prefix("config."),
            Self::Chosen(part) => Some(&part.config),
        }
    }

    /// Is only the entry of a language seen?
    pub fn is_by_language(&self) -> bool {
        matches!(self, Self::Chosen(part) if part.by_language)
    }
}
