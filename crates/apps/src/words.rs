//! The words of records and the words of questions, made the same way for both databases.
//!
//! Text is split by [`base::words`]; here it becomes the words of a record, beside tokens that say
//! where the record lies. Nothing here does I/O.
//!
//! Start at [`of_json`]; [`Scope`] is how a search stays within its tenant.

use std::{collections::HashMap, fmt::Write};

pub use base::words::{Need, fts5, of_query, of_text, tsquery};
use base::{TenantId, VersionId};
use serde_json::Value as Json;

/// Words of one record that are kept.
const WORDS_MAX: usize = 2_000;

/// All words of a value: of its texts and numbers, in order, objects and lists gone through.
pub fn of_json(value: &Json, words: &mut Vec<String>) {
    match value {
        Json::String(text) => words.extend(of_text(text)),
        Json::Number(number) => words.extend(of_text(&number.to_string())),
        Json::Array(list) => list.iter().for_each(|it| of_json(it, words)),
        Json::Object(fields) => fields.values().for_each(|it| of_json(it, words)),
        Json::Null | Json::Bool(_) => {}
    }
    words.truncate(WORDS_MAX);
}

/// Where a record lies, as tokens that stand beside its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Tenant and collection in one.
    pub collection: String,
    /// The version, of records that lie in one.
    pub version: Option<String>,
}

impl Scope {
    /// The tokens of a record.
    pub fn of(tenant: TenantId, collection: &str, version: Option<VersionId>) -> Self {
        Self {
            collection: collection_token(tenant, collection),
            version: version.map(version_token),
        }
    }

    /// As SQLite keeps them: in a column of their own.
    pub fn sqlite(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.collection),
            None => self.collection.clone(),
        }
    }
}

/// The token of a collection of a tenant.
pub fn collection_token(tenant: TenantId, collection: &str) -> String {
    let plain = collection.chars().filter(char::is_ascii_alphanumeric);
    format!("t{}c{}", tenant.uuid().as_simple(), plain.collect::<String>().to_ascii_lowercase())
}

/// The token of a version.
pub fn version_token(version: VersionId) -> String {
    format!("v{}", version.uuid().as_simple())
}

/// Words and scope of a record in the input notation of `tsvector`. The `#` keeps scope tokens apart
/// from words, which never hold one.
pub fn tsvector(words: &str, scope: &Scope) -> String {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut order = Vec::new();
    for (at, word) in words.split(' ').filter(|it| !it.is_empty()).enumerate() {
        let list = places.entry(word).or_default();
        if list.is_empty() {
            order.push(word);
        }
        // The type holds places up to 16,383, and 255 of them for one word.
        if list.len() < 255 {
            list.push((at + 1).min(16_383));
        }
    }
    let mut out = format!("'#{}'", scope.collection);
    if let Some(version) = &scope.version {
        let _ = write!(out, " '#{version}'");
    }
    for word in order {
        let places: Vec<String> = places[word].iter().map(ToString::to_string).collect();
        let _ = write!(out, " '{word}':{}", places.join(","));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        assert_eq!(of_text(given).join(" "), expected);
    }

    #[test]
    fn text_is_split_at_everything_but_letters_and_digits() {
        check("2-DIP-08-B", "2 dip 08 b");
        check("  Gate valve,  F&I (RW) ", "gate valve f i rw");
        check("Höhe 3,5 m", "höhe 3 5 m");
        check("", "");
        check("—…", "");
    }

    #[test]
    fn a_quote_after_a_number_is_inches_in_texts_and_nothing_in_questions() {
        check("8\" DIP 90 deg bend", "8 inch dip 90 deg bend");
        check("\"big\" pipe", "big pipe");
        assert_eq!(of_query("8\" bend").join(" "), "8 bend");
    }

    #[test]
    fn all_values_of_an_object_have_words() {
        let mut words = vec![];
        of_json(
            &serde_json::json!({"a": "Red brick", "b": [12, null, true], "c": {"d": "x"}}),
            &mut words,
        );
        assert_eq!(words.join(" "), "red brick 12 x");
    }

    #[test]
    fn a_question_keeps_to_its_scope_in_both_notations() {
        let words = of_query("dip ben");
        let scope = ["v1".to_owned(), "v2".to_owned()];
        assert_eq!(
            fts5(&words, &scope, Need::All).as_deref(),
            Some(r#"scope : ("v1" OR "v2") AND words : ("dip" AND "ben"*)"#)
        );
        assert_eq!(
            tsquery(&words, &scope, Need::Any),
            Some(("('#v1' | '#v2') & ('dip' | 'ben':*)".into(), "'dip' | 'ben':*".into()))
        );
        assert_eq!(fts5(&[], &scope, Need::All), None);
    }

    #[test]
    fn a_repeated_word_keeps_all_its_places() {
        let scope = Scope { collection: "tc".into(), version: None };
        assert_eq!(tsvector("pipe clay pipe", &scope), "'#tc' 'pipe':1,3 'clay':2");
    }

    proptest! {
        #[test]
        fn no_text_can_break_out_of_its_notation(text in any::<String>()) {
            for word in of_text(&text).iter().chain(&of_query(&text)) {
                prop_assert!(!word.is_empty());
                prop_assert!(word.chars().all(|it| !matches!(it, '\'' | '"' | '\\' | ' ' | ':' | '\0' | '#')));
            }
        }

        #[test]
        fn words_are_made_once_and_for_all(text in any::<String>()) {
            let once = of_text(&text).join(" ");
            prop_assert_eq!(of_text(&once).join(" "), once);
        }
    }
}
