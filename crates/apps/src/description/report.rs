//! Reports: one record as a document that people keep.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

/// A document (PDF) of one record.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What stands above it.
    pub title: Words,
    /// The collection of the record.
    pub of: String,
    /// The field with its language; the first of the application's languages when left out, or where the
    /// field says another one.
    pub language: Option<String>,
    /// The file's name without its ending; `{date}` is the day of the record. The report's own name when left
    /// out.
    pub file: Option<String>,
    /// Whose it is: `created_by`, or a field that holds the id of a user. Only they get it, who administers
    /// the tenant, and `others`.
    #[serde(default = "created_by")]
    pub owner: String,
    /// Roles that get everybody's. `everybody`: all who may read records.
    #[serde(default)]
    pub others: Vec<String>,
    /// Only of records with these values: field → value.
    #[serde(default)]
    pub only: IndexMap<String, Json>,
    /// What it says, in this order. What has nothing to say is left out.
    pub sections: Vec<Section>,
}

/// A text, or one for each language.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Words {
    /// The same in all languages.
    Same(String),
    /// Language → text.
    ByLanguage(IndexMap<String, String>),
}

/// A part of a report.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Fields, one under the other.
    Facts(FactsSection),
    /// A text with its paragraphs.
    Text(FieldSection),
    /// A list of texts.
    List(FieldSection),
    /// A table of criteria, each with a bar.
    Criteria(CriteriaSection),
    /// Passages of a text with what is said of each.
    Passages(PassagesSection),
    /// How the results of whoever it belongs to went so far, as a line.
    Progress(ProgressSection),
}

/// Fields, one under the other.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactsSection {
    /// What stands above.
    pub title: Option<Words>,
    /// Of which record: `parent`, or a field of `references`; the record itself when left out.
    pub from: Option<String>,
    /// The fields.
    pub fields: Vec<FactField>,
}

/// A field.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactField {
    /// Its dotted name; `created_at` and `updated_at` are those of the record.
    pub field: String,
    /// What people call it.
    pub label: Words,
    /// Digits behind the point.
    pub decimals: Option<u8>,
}

/// A text or a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSection {
    /// What stands above.
    pub title: Option<Words>,
    /// Of which record: `parent`, or a field of `references`; the record itself when left out.
    pub from: Option<String>,
    /// The field.
    pub field: String,
}

/// A table of criteria.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CriteriaSection {
    /// What stands above.
    pub title: Option<Words>,
    /// The object: criterion → what is said of it.
    pub field: String,
    /// Where the number is in what is said of a criterion; it is the number when left out.
    pub score: Option<String>,
    /// Where the reason is.
    pub note: Option<String>,
    /// Where the bar begins.
    #[serde(default)]
    pub least: f64,
    /// Where it is full.
    pub most: f64,
    /// `config.NAME.PATH`: a list of `{key, name}`, or an object of names, that says what people call the
    /// criteria and in which order they stand.
    pub names: Option<String>,
}

/// Passages of a text.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassagesSection {
    /// What stands above.
    pub title: Option<Words>,
    /// The list of objects.
    pub field: String,
    /// Where the words of the passage are in one.
    pub quote: String,
    /// Where it is what is said of them.
    pub note: Option<String>,
    /// Lists of texts in one: field → what stands above.
    #[serde(default)]
    pub lists: IndexMap<String, Words>,
}

/// A line through somebody's results.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgressSection {
    /// What stands above.
    pub title: Option<Words>,
    /// Which of `progress`.
    pub of: String,
    /// The lower end of the scale; that of the results when left out.
    pub least: Option<f64>,
    /// Its upper end.
    pub most: Option<f64>,
}

impl Words {
    /// The text in a language; in another one where there is none.
    pub fn of(&self, language: &str) -> &str {
        match self {
            Self::Same(text) => text,
            Self::ByLanguage(all) => {
                let own = all.get(language).or_else(|| all.values().next());
                own.map_or("", String::as_str)
            }
        }
    }
}

impl Section {
    /// What stands above it.
    pub fn title(&self) -> Option<&Words> {
        match self {
            Self::Facts(it) => it.title.as_ref(),
            Self::Text(it) | Self::List(it) => it.title.as_ref(),
            Self::Criteria(it) => it.title.as_ref(),
            Self::Passages(it) => it.title.as_ref(),
            Self::Progress(it) => it.title.as_ref(),
        }
    }

    /// The other record that it is about: `parent`, or a field that names it.
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::Facts(it) => it.from.as_deref(),
            Self::Text(it) | Self::List(it) => it.from.as_deref(),
            Self::Criteria(_) | Self::Passages(_) | Self::Progress(_) => None,
        }
    }
}

fn created_by() -> String {
    "created_by".into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_the_same_or_one_for_each_language() {
        let words = |value: Json| serde_json::from_value::<Words>(value).expect("words");
        assert_eq!(words(json!("Memo")).of("es"), "Memo");
        let both = words(json!({"en": "Strengths", "es": "Fortalezas"}));
        assert_eq!((both.of("es"), both.of("de")), ("Fortalezas", "Strengths"));
    }

    #[test]
    fn a_section_is_named_by_its_kind() {
        let section = json!({"list": {"title": "Strengths", "field": "strengths"}});
        let section: Section = serde_json::from_value(section).expect("a section");
        assert!(matches!(&section, Section::List(it) if it.field == "strengths"));
        assert_eq!(section.title().map(|it| it.of("en")), Some("Strengths"));
        let odd = json!({"list": {"title": "Strengths", "feild": "strengths"}});
        assert!(serde_json::from_value::<Section>(odd).is_err());
    }
}
