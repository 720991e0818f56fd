//! Looking something up while somebody waits: the types of a document under `lookups:` of `app.yaml`.

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

/// What somebody outside is asked about one record, at once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveLookup {
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// The collection of the records that it is asked about.
    pub on: String,
    /// The time zone in which `today` is a day; UTC when left out.
    pub zone: Option<String>,
    /// When somebody is asked at all; an expression of `it`. Always when left out.
    pub when: Option<String>,
    /// Where. A text with `{{ … }}`, as those that follow.
    pub url: String,
    /// What is added to the address. The same address with the same query is asked for once, whichever
    /// records it is about.
    #[serde(default)]
    pub query: IndexMap<String, Json>,
    /// What is said along with it.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// The path of `answer` in the JSON that comes back.
    #[serde(default)]
    pub answer: String,
    /// Words and codes that expressions look up, as `tables.NAME`.
    #[serde(default)]
    pub tables: IndexMap<String, Json>,
    /// Field → what it becomes, of `answer`, `asked_at` and `it`.
    pub gives: IndexMap<String, String>,
    /// Fields without which it is no answer.
    #[serde(default)]
    pub need: Vec<String>,
    /// What is given where nobody is asked or answers, if it has what is needed: an object with such
    /// fields; an expression of `it`.
    pub otherwise: Option<String>,
    /// How long an answer is good, and by which words it is cleared.
    #[serde(default)]
    pub cache: LiveCache,
    /// The pause between two questions to the same site.
    #[serde(default = "fifth")]
    pub pace: SignedDuration,
    /// The longest time that somebody waits, for their turn at the site too.
    #[serde(default = "five_seconds")]
    pub timeout: SignedDuration,
}

/// How long an answer is good.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LiveCache {
    /// For so long; it is not kept when this is zero.
    pub ttl: SignedDuration,
    /// Words by which it is cleared, beside the name of the look-up and the host.
    pub tags: Vec<String>,
}

impl Default for LiveCache {
    fn default() -> Self {
        Self { ttl: SignedDuration::from_mins(30), tags: Vec::new() }
    }
}

fn fifth() -> SignedDuration {
    SignedDuration::from_millis(200)
}

fn five_seconds() -> SignedDuration {
    SignedDuration::from_secs(5)
}
