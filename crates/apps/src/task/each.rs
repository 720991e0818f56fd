//! One entry for each record: what of an answer belongs to which record, and what is missing.
//!
//! Models leave records out, repeat them and make some up. Nothing here trusts the order of an
//! answer: an entry finds its record by its key, an entry without a record is dropped, and a record
//! without an entry is asked for again.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value as Json};

use crate::{description::Each, field};

/// An answer laid beside the records it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// For each record its entry, if there is one.
    pub entries: Vec<Option<Map<String, Json>>>,
    /// Entries that name no record, or name one a second time.
    pub stray: usize,
}

/// Lays the entries of `answer` beside `records`. Records that share a key take entries in turn.
pub fn matched(each: &Each, records: &[Map<String, Json>], answer: &Json) -> Matched {
    let mut waiting: HashMap<String, VecDeque<usize>> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        waiting.entry(key(field::get(record, &each.of))).or_default().push_back(at);
    }
    let mut matched = Matched { entries: vec![None; records.len()], stray: 0 };
    let entries = answer.get(&each.list).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    for entry in entries.iter().filter_map(Json::as_object) {
        let place = waiting.get_mut(&key(entry.get(&each.key))).and_then(VecDeque::pop_front);
        match place {
            Some(at) => matched.entries[at] = Some(entry.clone()),
            None => matched.stray += 1,
        }
    }
    matched
}

fn key(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text)) => text.trim().to_owned(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(labels: &[&str], answer: &[(&str, u32)], expected: &[Option<u32>], stray: usize) {
        let each = Each { list: "items".into(), key: "label".into(), of: "label".into() };
        let records: Vec<_> = labels
            .iter()
            .map(|it| json!({"label": it}).as_object().cloned().unwrap_or_default())
            .collect();
        let entries: Vec<_> =
            answer.iter().map(|(label, n)| json!({"label": label, "n": n})).collect();
        let matched = matched(&each, &records, &json!({"items": entries}));
        let numbers: Vec<_> = matched
            .entries
            .iter()
            .map(|it| it.as_ref().and_then(|it| it["n"].as_u64()).map(|it| it as u32))
            .collect();
        assert_eq!((numbers, matched.stray), (expected.to_vec(), stray));
    }

    #[test]
    fn an_entry_finds_its_record_whatever_the_order() {
        check(&["a", "b"], &[("b", 2), ("a", 1)], &[Some(1), Some(2)], 0);
    }

    #[test]
    fn a_record_left_out_is_missing_and_an_invented_one_is_stray() {
        check(&["a", "b"], &[("a", 1), ("z", 9)], &[Some(1), None], 1);
    }

    #[test]
    fn a_record_answered_twice_keeps_the_first_answer() {
        check(&["a"], &[("a", 1), ("a", 2)], &[Some(1)], 1);
    }

    #[test]
    fn records_with_the_same_label_take_their_entries_in_turn() {
        check(&["a", "a"], &[("a", 1), ("a", 2)], &[Some(1), Some(2)], 0);
    }

    #[test]
    fn an_answer_without_the_list_leaves_everything_missing() {
        check(&["a"], &[], &[None], 0);
    }
}
