//! Records in the making: read from a list or copied from a version, then completed by tasks.

use base::RecordId;
use serde_json::{Map, Value as Json};

use super::numbering::{Change, Numbering};
use crate::{description::Task, field};

/// A record in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its fields so far.
    pub data: Map<String, Json>,
    /// The record that it continues, when it is not new.
    pub lineage: Option<RecordId>,
    /// The id it has in the version it was copied from.
    pub id: Option<RecordId>,
    /// The row of the list it was read from.
    pub row: Option<u64>,
}

impl Draft {
    /// A new record with these fields.
    pub fn new(data: Map<String, Json>, row: Option<u64>) -> Self {
        Self { data, lineage: None, id: None, row }
    }

    /// As templates see it: its fields, with its id among them.
    pub fn seen(&self) -> Map<String, Json> {
        let mut seen = self.data.clone();
        if let Some(id) = self.id {
            seen.insert("id".into(), id.to_string().into());
        }
        seen
    }

    /// Takes over what `entry` says about it. Fields that the task keeps stay when they are there;
    /// objects are completed, not replaced; null says nothing.
    pub fn fill(&mut self, task: &Task, entry: &Map<String, Json>) {
        for (to, from) in task.fills.pairs() {
            let Some(value) = field::get(entry, from).filter(|it| !it.is_null()) else { continue };
            let there = field::get(&self.data, to).filter(|it| !is_blank(it));
            match (there, value) {
                (Some(Json::Object(own)), Json::Object(more)) => {
                    let mut whole = own.clone();
                    for (name, value) in more {
                        if whole.get(name).is_none_or(is_blank) {
                            whole.insert(name.clone(), value.clone());
                        }
                    }
                    field::set(&mut self.data, to, Json::Object(whole));
                }
                (Some(_), _) if task.keeps.iter().any(|it| it == to) => {}
                _ => field::set(&mut self.data, to, value.clone()),
            }
        }
    }
}

/// What numbering had to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renumbered {
    /// The position of the draft.
    pub at: usize,
    /// What it asked for.
    pub wanted: Option<String>,
    /// What it got.
    pub given: String,
    /// Why.
    pub change: Change,
}

/// Gives every draft a value of the numbered field; the first to ask keeps its wish.
pub fn number(drafts: &mut [Draft], numbering: &mut Numbering<'_>, name: &str) -> Vec<Renumbered> {
    let mut renumbered = Vec::new();
    for (at, draft) in drafts.iter_mut().enumerate() {
        let wanted = field::get(&draft.data, name).and_then(Json::as_str).map(str::to_owned);
        let (given, change) = numbering.give(wanted.as_deref());
        if wanted.as_deref() != Some(&given) {
            field::set(&mut draft.data, name, given.clone().into());
        }
        if let Some(change) = change {
            renumbered.push(Renumbered { at, wanted, given, change });
        }
    }
    renumbered
}

fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::description::Fills;

    #[track_caller]
    fn check(data: Json, keeps: &[&str], entry: Json, expected: Json) {
        let task: Task = serde_json::from_value(json!({
            "title": "t", "on": "items", "prompt": "p", "output": "o",
            "fills": ["code", "note", "metadata"], "keeps": keeps,
        }))
        .expect("a task");
        assert!(matches!(task.fills, Fills::Same(_)));
        let object = |it: Json| it.as_object().cloned().unwrap_or_default();
        let mut draft = Draft::new(object(data), None);
        draft.fill(&task, &object(entry));
        assert_eq!(Json::Object(draft.data), expected);
    }

    #[test]
    fn an_answer_fills_what_is_missing_and_replaces_what_is_there() {
        check(
            json!({"note": "old"}),
            &[],
            json!({"code": "A", "note": "new"}),
            json!({"note": "new", "code": "A"}),
        );
    }

    #[test]
    fn a_kept_field_stays_when_it_is_there() {
        check(json!({"code": "GIVEN"}), &["code"], json!({"code": "A"}), json!({"code": "GIVEN"}));
        check(json!({"code": " "}), &["code"], json!({"code": "A"}), json!({"code": "A"}));
    }

    #[test]
    fn an_object_is_completed_and_null_says_nothing() {
        check(
            json!({"code": "X", "metadata": {"unit": "EA", "size": null}}),
            &[],
            json!({"code": null, "metadata": {"unit": "LF", "size": "8"}}),
            json!({"code": "X", "metadata": {"unit": "EA", "size": "8"}}),
        );
    }
}
