//! Fetching: one step after the other, values of one feeding the next.

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::Field;

/// How what a source is made of is fetched. Each host is asked one thing at a time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// What is asked, in order; the answer of the last one is what is read.
    pub steps: Vec<Step>,
    /// What is said along with each question.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// Whom to write to about this program: added to its name.
    pub contact: Option<String>,
    /// Whether what the site says in `robots.txt` is kept to.
    #[serde(default = "yes")]
    pub robots: bool,
    /// The pause between two questions; a longer one that the site asks for is kept instead.
    #[serde(default = "second")]
    pub pace: SignedDuration,
    /// The longest time for one answer.
    #[serde(default = "half_minute")]
    pub timeout: SignedDuration,
    /// How often a question is asked that brings no answer.
    #[serde(default = "three")]
    pub tries: u32,
    /// The pause before the second try; each that follows is twice as long.
    #[serde(default = "two_seconds")]
    pub backoff: SignedDuration,
    /// The largest answer, in bytes, unpacked.
    #[serde(default = "bytes_max")]
    pub bytes_max: u64,
}

/// One question, one file, or records of the application itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name in findings and logs.
    pub name: String,
    /// How it is asked.
    #[serde(default)]
    pub method: Method,
    /// Where.
    pub url: Option<String>,
    /// A file of the application's folder, instead of an address.
    pub file: Option<String>,
    /// The application's own records, instead of an address: a list of JSON, each with its fields and its
    /// `id`.
    pub records: Option<Records>,
    /// What is added to the address; a list is added value by value.
    #[serde(default)]
    pub query: IndexMap<String, Json>,
    /// The fields of a form that is posted.
    #[serde(default)]
    pub form: IndexMap<String, Json>,
    /// JSON that is posted instead of a form.
    pub json: Option<Json>,
    /// What is said along with this question.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// The field of a JSON answer that holds what is wanted as a text; an answer that is no JSON is
    /// taken as it is.
    pub unwrap: Option<String>,
    /// Name → what is taken out of the answer, for the steps that follow: by selectors of a page, or all
    /// of it by paths of JSON.
    #[serde(default)]
    pub take: IndexMap<String, Field>,
    /// Name → what is made of that.
    #[serde(default)]
    pub values: IndexMap<String, String>,
    /// A name that must not be empty → what it means when it is: the structure has changed.
    #[serde(default)]
    pub need: IndexMap<String, String>,
    /// Whether the answer is kept for a while. Where there is a cursor it never is.
    #[serde(default = "yes")]
    pub cache: bool,
}

/// Records of the application that are read like what somebody else has: to be completed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// Their collection.
    pub of: String,
    /// Only those for which this is true; an expression of `it`.
    pub when: Option<String>,
    /// The most of them.
    #[serde(default = "ten_thousand")]
    pub most: u32,
}

/// How a step is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// For what is there.
    #[default]
    Get,
    /// With something that is sent.
    Post,
}

fn yes() -> bool {
    true
}

fn second() -> SignedDuration {
    SignedDuration::from_secs(1)
}

fn two_seconds() -> SignedDuration {
    SignedDuration::from_secs(2)
}

fn half_minute() -> SignedDuration {
    SignedDuration::from_secs(30)
}

fn three() -> u32 {
    3
}

fn ten_thousand() -> u32 {
    10_000
}

fn bytes_max() -> u64 {
    20 * 1024 * 1024
}
