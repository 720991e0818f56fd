//! A look at the text of a query, for the sake of what is said about it: does it name something that was
//! put out of bounds, and what words of its own would give an answer away as a query?
//!
//! Nothing depends on it for safety. What a query can reach, the database decides; a query that hides a
//! name from this look is refused there all the same, in other words.

use serde_json::Value as Json;

use crate::description::question::Questions;

/// A table that no query may name, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restricted {
    /// Its name.
    pub table: String,
    /// Why, for people.
    pub reason: String,
}

/// The list of a document `{tables: [{table_name, reason}, …]}`; plain names do too.
pub fn restricted(document: &Json) -> Vec<Restricted> {
    let entries = document.get("tables").and_then(Json::as_array);
    let read = |it: &Json| {
        let text = |name: &str| it.get(name).and_then(Json::as_str).map(str::to_owned);
        let table = it.as_str().map(str::to_owned).or_else(|| text("table_name"))?;
        Some(Restricted { table: table.to_lowercase(), reason: text("reason").unwrap_or_default() })
    };
    entries.into_iter().flatten().filter_map(read).collect()
}

/// The first table of the list that a query reads from or reaches into.
pub fn named<'a>(query: &str, restricted: &'a [Restricted]) -> Option<&'a Restricted> {
    let words = words(query);
    let at = |index: usize| words.get(index).map_or("", String::as_str);
    let mut clause = "";
    for (index, word) in words.iter().enumerate() {
        if let Some(begun) = CLAUSES.iter().find(|it| *it == word) {
            clause = begun;
        }
        let Some(found) = restricted.iter().find(|it| it.table == *word) else { continue };
        let before = if index == 0 { "" } else { at(index - 1) };
        let is_source = matches!(before, "from" | "join" | "into" | "update" | "table" | ".")
            || (before == "," && matches!(clause, "from" | "join"));
        if is_source || at(index + 1) == "." {
            return Some(found);
        }
    }
    None
}

const CLAUSES: [&str; 10] =
    ["select", "from", "join", "where", "group", "having", "order", "limit", "union", "with"];

/// The words of a query in small letters, and its marks; without comments and without what stands in
/// single quotes.
fn words(query: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
        } else if matches!(first, '\'' | '"' | '`' | '[') {
            let close = if first == '[' { ']' } else { first };
            let inner = &rest[1..];
            let end = inner.find(close).unwrap_or(inner.len());
            if first != '\'' {
                all.push(inner[..end].to_lowercase());
            }
            rest = inner.get(end + 1..).unwrap_or("");
        } else if first.is_alphanumeric() || first == '_' {
            let is_outside = |it: char| !(it.is_alphanumeric() || it == '_' || it == '$');
            let end = rest.find(is_outside).unwrap_or(rest.len());
            all.push(rest[..end].to_lowercase());
            rest = &rest[end..];
        } else {
            if !first.is_whitespace() {
                all.push(first.to_string());
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    all
}

/// Words in an answer that only somebody who looks at tables and queries would use; none is as it
/// should be. Columns count when nobody would write them in a sentence.
pub fn technical(answer: &str, questions: &Questions) -> Vec<String> {
    let answer = answer.to_lowercase();
    let said: Vec<&str> = answer.split(|it: char| !(it.is_alphanumeric() || it == '_')).collect();
    let mut found: Vec<String> = Vec::new();
    let mut note = |word: &str| {
        if said.contains(&word) && !found.iter().any(|it| it == word) {
            found.push(word.to_owned());
        }
    };
    for word in TECHNICAL {
        note(word);
    }
    for (name, table) in &questions.tables {
        let names = std::iter::once(name).chain(table.columns.keys());
        for name in names.filter(|it| it.contains('_')) {
            note(name.as_str());
        }
    }
    found
}

const TECHNICAL: [&str; 11] = [
    "sql",
    "select",
    "query",
    "queries",
    "database",
    "column",
    "columns",
    "kolom",
    "kolommen",
    "zoekopdracht",
    "dataset",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Option<&str>) {
        let list = restricted(&json!({"tables": [
            {"table_name": "users", "reason": "passwords"}, "answer_cache",
        ]}));
        assert_eq!(named(query, &list).map(|it| it.table.as_str()), expected, "{query}");
    }

    #[test]
    fn a_table_that_is_out_of_bounds_is_found_where_it_is_read() {
        check("SELECT * FROM users", Some("users"));
        check("select * from calls, \"Users\" u", Some("users"));
        check("SELECT (SELECT hash FROM/**/users) FROM calls", Some("users"));
        check("SELECT topic FROM calls JOIN [answer_cache] a ON true", Some("answer_cache"));
        check("SELECT public.users.name FROM calls", Some("users"));
        check("SELECT users.name FROM calls", Some("users"));
    }

    #[test]
    fn a_word_that_means_nothing_of_the_kind_is_let_through() {
        check("SELECT count(*) AS users FROM calls", None);
        check("SELECT topic, users FROM calls", None);
        check("SELECT topic FROM calls WHERE topic = 'from users'", None);
        check("SELECT topic FROM calls -- from users\n", None);
    }

    #[test]
    fn an_answer_of_a_manager_has_no_words_of_a_database() {
        let questions: Questions = serde_json::from_value(json!({
            "title": "t", "query": {"prompt": "p"}, "answer": {"prompt": "p"}, "followups": {"prompt": "p"},
            "tables": {"calls": {"of": "calls", "columns": {"call_duration_secs": {}, "topic": {}}}},
        }))
        .expect("questions");
        let found = technical("The SQL query counts call_duration_secs per topic.", &questions);
        assert_eq!(found, ["sql", "query", "call_duration_secs"]);
        assert!(technical("Most calls are about billing.", &questions).is_empty());
    }
}
