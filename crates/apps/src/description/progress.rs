//! Progress: what becomes of somebody's results over time.

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

/// What is told of the results of one person, or of all together: how good they are, by criterion, how
/// often there are some, and what is said of them again and again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The name people see.
    #[serde(default)]
    pub title: String,
    /// The collection whose records are the results.
    pub of: String,
    /// Whose a result is: `created_by`, or a field that holds the id of a user.
    #[serde(default = "created_by")]
    pub owner: String,
    /// When it was: `created_at`, `updated_at`, or a field that holds a day or a moment.
    #[serde(default = "created_at")]
    pub at: String,
    /// The field with the number that says how good it is as a whole.
    pub overall: String,
    /// The numbers by criterion: `OBJECT.*.NUMBER`, or `OBJECT.*` where the values are the numbers.
    pub criteria: Option<String>,
    /// Fields with lists of texts, of which it is told what is said again and again.
    #[serde(default)]
    pub recurring: Vec<String>,
    /// Only results with these values: field → value.
    #[serde(default)]
    pub only: IndexMap<String, Json>,
    /// Documents of `config/`: when one of them changes, nothing counts that was calculated before.
    #[serde(default)]
    pub rests_on: Vec<String>,
    /// For how long at most what was calculated is given again: `1h`.
    #[serde(default = "an_hour")]
    pub cache: String,
    /// Role → what its holders see beside their own. Who administers a tenant sees everything.
    #[serde(default)]
    pub others: IndexMap<String, Seen>,
    /// The task that says one's own in words (`progress.comment`): it sees this progress, and its answer has
    /// a text `comment`.
    pub comment: Option<String>,
}

/// How the results of whoever asks went, as they themselves are told: `{progress: NAME}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgressSource {
    /// Which progress.
    pub progress: String,
}

/// What somebody sees of others. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The numbers of all together.
    Together,
    /// The numbers of each.
    Each,
    /// Everything, also texts.
    Texts,
}

impl Progress {
    /// For how long at most what was calculated is given again; none when the text is no length of time.
    pub fn kept_for(&self) -> Option<SignedDuration> {
        super::schedule::length(&self.cache)
    }

    /// The object of the criteria, and the field of each that is the number; none when it is no such
    /// path.
    pub fn criteria(&self) -> Option<(&str, Option<&str>)> {
        let (object, rest) = self.criteria.as_deref()?.split_once(".*")?;
        let number = match rest {
            "" => None,
            rest => Some(rest.strip_prefix('.').filter(|it| !it.is_empty())?),
        };
        (!object.is_empty()).then_some((object, number))
    }
}

fn created_by() -> String {
    "created_by".into()
}

fn created_at() -> String {
    "created_at".into()
}

fn an_hour() -> String {
    "1h".into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(criteria: &str) -> Progress {
        let text = json!({"of": "results", "overall": "score", "criteria": criteria});
        serde_json::from_value(text).expect("a description")
    }

    #[test]
    fn the_path_of_criteria_has_a_star_in_it() {
        assert_eq!(with("scores.*.score").criteria(), Some(("scores", Some("score"))));
        assert_eq!(with("scores.*").criteria(), Some(("scores", None)));
        assert_eq!(with("a.b.*.c.d").criteria(), Some(("a.b", Some("c.d"))));
        for wrong in ["scores", "*.score", ".*", "scores.*score", "scores.*."] {
            assert_eq!(with(wrong).criteria(), None, "{wrong}");
        }
    }

    #[test]
    fn it_is_kept_for_an_hour_unless_it_is_said() {
        assert_eq!(with("a.*").kept_for(), Some(SignedDuration::from_hours(1)));
        let never = Progress { cache: "soon".into(), ..with("a.*") };
        assert_eq!(never.kept_for(), None);
    }
}
