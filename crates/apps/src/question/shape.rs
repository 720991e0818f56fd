//! What a query found, as text: for the model that puts it into words, and for people when there is
//! none. One row is read as "name: value", several as a numbered list of at most ten.

use serde_json::{Value as Json, json};
use store::{Value, guarded::Table};

/// The most rows that are listed.
pub const LISTED_MAX: usize = 10;

/// The most characters of one value in the text.
const VALUE_CHARS: usize = 300;

/// A table as text. `of` says "top 10 of 25" in the language of the answer.
pub fn text(table: &Table, language: &str) -> String {
    match table.rows.as_slice() {
        [] => nothing(language).to_owned(),
        [row] => {
            let lines = table.columns.iter().zip(row);
            let lines = lines.map(|(name, value)| format!("{}: {}", readable(name), shown(value)));
            lines.collect::<Vec<_>>().join("\n")
        }
        rows => {
            let mut lines: Vec<String> = rows
                .iter()
                .take(LISTED_MAX)
                .enumerate()
                .map(|(at, row)| format!("{}. {}", at + 1, line(&table.columns, row)))
                .collect();
            if rows.len() > LISTED_MAX || table.is_cut {
                lines.push(top(rows.len(), table.is_cut, language));
            }
            lines.join("\n")
        }
    }
}

/// A table as values, for programs: what was listed, and how many there are.
pub fn values(table: &Table) -> Json {
    let row = |row: &Vec<Value>| -> Json { row.iter().map(json_of).collect() };
    json!({
        "columns": table.columns,
        "rows": table.rows.iter().take(LISTED_MAX).map(row).collect::<Vec<_>>(),
        "row_count": table.rows.len(),
        "is_cut": table.is_cut,
    })
}

fn line(columns: &[String], row: &[Value]) -> String {
    let parts = columns.iter().zip(row);
    let parts = parts.map(|(name, value)| format!("{}: {}", readable(name), shown(value)));
    parts.collect::<Vec<_>>().join(", ")
}

/// A name as it stands in a sentence.
fn readable(name: &str) -> String {
    name.replace('_', " ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => decimals(*number),
        Value::Text(text) => {
            let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let cut: String = one_line.chars().take(VALUE_CHARS).collect();
            if cut.len() < one_line.len() { format!("{cut}…") } else { cut }
        }
        Value::Blob(_) => "-".to_owned(),
    }
}

/// At most two decimals: nobody wants sixteen of a mean.
fn decimals(number: f64) -> String {
    let rounded = (number * 100.0).round() / 100.0;
    rounded.to_string()
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Null | Value::Blob(_) => Json::Null,
        Value::Int(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
    }
}

fn top(count: usize, is_cut: bool, language: &str) -> String {
    let more = if is_cut { "+" } else { "" };
    let listed = count.min(LISTED_MAX);
    match language {
        "nl" => format!("(top {listed} van {count}{more})"),
        "de" => format!("(die ersten {listed} von {count}{more})"),
        "es" => format!("(los primeros {listed} de {count}{more})"),
        "fr" => format!("(les {listed} premiers sur {count}{more})"),
        _ => format!("(top {listed} of {count}{more})"),
    }
}

fn nothing(language: &str) -> &'static str {
    match language {
        "nl" => "Geen gegevens gevonden.",
        "de" => "Keine Daten gefunden.",
        "es" => "No se encontraron datos.",
        "fr" => "Aucune donnée trouvée.",
        _ => "No data found.",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn table(columns: &[&str], rows: Vec<Vec<Value>>, is_cut: bool) -> Table {
        let columns = columns.iter().map(|it| (*it).to_owned()).collect();
        Table { columns, rows, is_cut, took: Duration::ZERO }
    }

    #[test]
    fn one_row_is_read_as_names_and_values() {
        let one = table(
            &["call_count", "mean"],
            vec![vec![Value::Int(12), Value::Real(2.333_333)]],
            false,
        );
        assert_eq!(text(&one, "en"), "call count: 12\nmean: 2.33");
    }

    #[test]
    fn several_rows_are_a_numbered_list_of_ten() {
        let rows =
            (0..25).map(|it| vec![Value::Text(format!("topic {it}")), Value::Int(it)]).collect();
        let listed = text(&table(&["topic", "calls"], rows, false), "nl");
        assert!(listed.starts_with("1. topic: topic 0, calls: 0\n2. "), "{listed}");
        assert!(listed.ends_with("10. topic: topic 9, calls: 9\n(top 10 van 25)"), "{listed}");
        let two = vec![vec![Value::Int(1)], vec![Value::Null]];
        assert_eq!(text(&table(&["n"], two.clone(), false), "en"), "1. n: 1\n2. n: -");
        assert!(text(&table(&["n"], two, true), "en").ends_with("(top 2 of 2+)"));
    }

    #[test]
    fn nothing_is_said_in_the_language_of_the_question() {
        assert_eq!(text(&table(&["n"], Vec::new(), false), "nl"), "Geen gegevens gevonden.");
    }
}
