//! Results: what a task makes of a text that somebody hands in, kept as a record that is theirs.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where the results of a task are kept, and what of a text says that it was handed in before.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultOf {
    /// The collection of results. Each lies in the record of its text: `parent` is the task's `on`.
    #[serde(rename = "in")]
    pub collection: String,
    /// The field of a text that counts up when it is handed in again: 1, 2, 3.
    pub version: Option<String>,
    /// The field of a text that names the one before it.
    pub previous: Option<String>,
}

/// The languages that a task answers in, the usual one first: `[en, es]`, or with rules.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TaskLanguages {
    /// These.
    Among(Vec<String>),
    /// These, under rules.
    Ruled(LanguageRules),
}

/// The languages that a task answers in, and when one is taken for that of a text.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageRules {
    /// The languages.
    pub among: Vec<String>,
    /// The usual one: it is taken when nothing is sure enough. The first when left out.
    pub default: Option<String>,
    /// How sure one should be, from 0 to 1.
    #[serde(default = "default_threshold")]
    pub threshold: f64,
}

/// A piece that questions are composed of.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Part {
    /// A template of the folder, rendered: `prompts/rubric.md`.
    Template(String),
    /// What stands in a document of `config/`.
    Document(DocumentPart),
}

/// What stands in a document of `config/`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentPart {
    /// The document and the way to the place in it: `context.text`.
    pub config: String,
    /// What stands there is one entry for each language; the text's own is taken, or that of the usual one.
    #[serde(default)]
    pub by_language: bool,
    /// What stands there is a template itself, and sees what the parts before it are.
    #[serde(default)]
    pub render: bool,
}

/// A number that is computed from an answer. Whatever a model says in its place counts for nothing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Computed {
    /// The numbers of which it is the mean: `rubric_scores.*.score`.
    pub weighted_mean: String,
    /// How much each counts: `config.rubric.criteria[key].weight` (a list whose entries are known by their
    /// `key`) or `config.rubric.criteria.*.weight` (an object). An answer must have exactly these names.
    pub weights: String,
    /// How many decimals are kept.
    #[serde(default = "default_decimals")]
    pub decimals: u32,
}

/// Passages that an answer quotes from a text.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Segments {
    /// Where they are quoted: `segment_feedback[].segment` in a list, `contact.words` in an object; one
    /// place, or several.
    pub at: QuotedAt,
    /// The text: `input.FIELD` of what the task is given; the task's own `text` when left out.
    #[serde(rename = "in")]
    pub within: Option<String>,
    /// What becomes of one that does not stand there.
    #[serde(default)]
    pub unfound: Unfound,
}

/// One place, or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum QuotedAt {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// What becomes of a passage that does not stand in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unfound {
    /// It stays, without a place: the others get `start` and `end`, in characters.
    #[default]
    Unplaced,
    /// It is taken out with all that was said with it: an entry of a list goes, an object becomes null. No
    /// places are given.
    Drop,
}

impl Segments {
    /// The field of the task's input that holds the text.
    pub fn field(&self) -> &str {
        let within = self.within.as_deref().unwrap_or("input.text");
        within.strip_prefix("input.").unwrap_or(within)
    }
}

impl QuotedAt {
    /// Each place.
    pub fn each(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(all) => all,
        }
    }
}

impl TaskLanguages {
    /// The languages, the usual one, and how sure one should be. None when no language is named.
    pub fn rules(&self) -> Option<(&[String], &str, f64)> {
        match self {
            Self::Among(among) => {
                Some((among.as_slice(), among.first()?.as_str(), crate::language::THRESHOLD))
            }
            Self::Ruled(rules) => {
                let usual = rules.default.as_ref().or(rules.among.first())?;
                Some((rules.among.as_slice(), usual.as_str(), rules.threshold))
            }
        }
    }
}

fn default_threshold() -> f64 {
    crate::language::THRESHOLD
}

fn default_decimals() -> u32 {
    2
}
