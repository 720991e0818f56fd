//! What expressions and texts of a description ask for: is it given where they stand?

use serde_json::Value as Json;

use super::{faults::Fault, mentions::pointer};
use crate::expression::{self, Language, Wrong};

/// What everything sees.
const COMMON: [&str; 6] = ["env", "tables", "tenant", "today", "year", "now"];

/// Expressions that were looked at, and what is wrong with them.
pub(super) struct Asked<'a> {
    language: &'a Language,
    /// Those that can be compiled.
    pub(super) expressions: Vec<String>,
    /// One of them asks for the row as it was.
    pub(super) sees_raw: bool,
    /// What is wrong.
    pub(super) faults: Vec<Fault>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(language: &'a Language) -> Self {
        Self { language, expressions: Vec::new(), sees_raw: false, faults: Vec::new() }
    }

    pub(super) fn invalid(&mut self, place: &str, message: &str) {
        self.faults.push(Fault::new(place, "invalid_value", message));
    }

    pub(super) fn unknown_field(&mut self, place: &str, name: &str) {
        let message = format!("there is no field `{name}`");
        self.faults.push(Fault::new(place, "unknown_field", message));
    }

    /// An expression, which sees what is `given` beside what everything sees.
    pub(super) fn expression(&mut self, place: &str, text: &str, given: &[&str]) {
        match expression::asked_by(self.language, text) {
            Ok(asked) => {
                self.expressions.push(text.to_owned());
                self.names(place, &asked, given);
            }
            Err(wrong) => {
                let fault = syntax(place, &wrong);
                self.faults.push(fault.hint("an expression stands here without `{{` and `}}`"));
            }
        }
    }

    /// A text with `{{ … }}`.
    pub(super) fn text(&mut self, place: &str, text: &str, given: &[&str]) {
        match expression::asked_by_text(self.language, text) {
            Ok(asked) => self.names(place, &asked, given),
            Err(wrong) => self.faults.push(syntax(place, &wrong)),
        }
    }

    /// Every text within a value.
    pub(super) fn texts(&mut self, place: &str, value: &Json, given: &[&str]) {
        match value {
            Json::String(text) => self.text(place, text, given),
            Json::Array(entries) => {
                for (at, it) in entries.iter().enumerate() {
                    self.texts(&format!("{place}/{at}"), it, given);
                }
            }
            Json::Object(fields) => {
                for (name, it) in fields {
                    self.texts(&pointer(place, name), it, given);
                }
            }
            _ => {}
        }
    }

    fn names(&mut self, place: &str, asked: &[String], given: &[&str]) {
        for name in asked.iter().map(String::as_str) {
            if given.contains(&name) {
                self.sees_raw |= name == "raw";
            } else if !COMMON.contains(&name) {
                let known: Vec<&str> = given.iter().chain(&COMMON).copied().collect();
                let message = format!("`{name}` is never given here");
                let fault = Fault::new(place, "unknown_variable", message);
                self.faults.push(fault.hint(format!("given are: {}", known.join(", "))));
            }
        }
    }
}

fn syntax(place: &str, wrong: &Wrong) -> Fault {
    Fault::new(place, "template_syntax", wrong.to_string())
}
