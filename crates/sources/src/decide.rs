//! What becomes of a record that a source speaks of again: nothing, a change, or nothing because
//! somebody corrected it by hand. Pure functions of what was, what is, and what is said now.
//!
//! The lock of a field needs no list. What the source wrote last is kept beside the record; a field that
//! differs from it, and holds what no other source placed there either, was changed by a person, and is left
//! alone until the person puts it back or the source says the same. Of several sources the last word counts, and
//! what one of them only says again is no word.

mod fit;

use serde_json::Value as Json;

pub(crate) use self::fit::fitting;
use crate::{description::Existing, expression::Data, harvest::is_empty, shelf::Kept};

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It is new.
    Insert,
    /// Some of its fields change.
    Update(Change),
    /// It is as it was.
    Unchanged(Change),
    /// It is left alone.
    Skip(Why),
}

/// What of a record changes, and what stays although the source says something else.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Field → its new value.
    pub patch: Data,
    /// Fields that somebody changed by hand.
    pub locked: Vec<String>,
    /// Fields that would not go with what the record holds otherwise.
    pub left: Vec<String>,
    /// What is kept as written by the source.
    pub written: Data,
}

/// What is known of who filled the fields of a record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filled<'a> {
    /// What the source wrote last; none of a record that it has not spoken of.
    pub written: Option<&'a Data>,
    /// What other sources placed in it.
    pub by_others: &'a [Data],
    /// The field by which the source marks what it no longer has: that something is there is news each time.
    pub mark: Option<&'a str>,
    /// What its collection lays into fields of which nobody says anything.
    pub usual: Option<&'a Data>,
}

/// Why a record is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Somebody deleted it.
    Deleted,
    /// It is there, and what is there is never changed.
    There,
}

/// What becomes of a record of which the source says `said`.
pub fn decide(
    existing: Existing,
    kept: Option<&Kept>,
    filled: Filled<'_>,
    said: &Data,
) -> Decision {
    let Some(kept) = kept else { return Decision::Insert };
    if kept.is_deleted {
        return Decision::Skip(Why::Deleted);
    }
    if existing == Existing::Keep {
        return Decision::Skip(Why::There);
    }
    let change = change(&kept.data, filled, said);
    match change.patch.is_empty() {
        true => Decision::Unchanged(change),
        false => Decision::Update(change),
    }
}

/// Lays what is said over what is there, but for what was changed by hand.
pub fn change(there: &Data, filled: Filled<'_>, said: &Data) -> Change {
    let mut change = Change::default();
    for (name, said) in said {
        let there = there.get(name).unwrap_or(&Json::Null);
        let before = filled.written.and_then(|it| it.get(name)).unwrap_or(&Json::Null);
        if same(there, said) {
            change.written.insert(name.clone(), said.clone());
            continue;
        }
        if filled.is_by_hand(name, there) {
            change.locked.push(name.clone());
            change.written.insert(name.clone(), before.clone());
        } else if same(before, said) && filled.mark != Some(name) {
            // Another source has placed something newer since: to say the same as last time is no news, and
            // neither is a first word that says nothing.
            change.written.insert(name.clone(), before.clone());
        } else {
            change.patch.insert(name.clone(), said.clone());
            change.written.insert(name.clone(), said.clone());
        }
    }
    change
}

/// The fields of a record that somebody changed by hand, of those that the source wrote.
pub fn locked(there: &Data, filled: Filled<'_>) -> Vec<String> {
    let names = filled.written.into_iter().flat_map(Data::keys);
    let locked = names
        .filter(|name| filled.is_by_hand(name, there.get(name.as_str()).unwrap_or(&Json::Null)));
    locked.cloned().collect()
}

impl Change {
    /// Notes what the record holds after it: its collection may have made something else of what was said, and that
    /// is no correction by hand.
    pub(crate) fn becomes(&mut self, there: &Data) {
        for (name, said) in &mut self.patch {
            *said = there.get(name).cloned().unwrap_or_default();
            self.written.insert(name.clone(), said.clone());
        }
    }
}

impl Filled<'_> {
    /// Did a person put there what a field holds?
    fn is_by_hand(&self, name: &str, there: &Json) -> bool {
        let is_other = match self.written {
            Some(written) => !same(there, written.get(name).unwrap_or(&Json::Null)),
            // A record that was there before the source spoke of it.
            None => !is_empty(there),
        };
        is_other && !self.is_usual(name, there) && !self.is_by_others(name, there)
    }

    /// Is what a field holds there because nobody had said anything of it, this source neither?
    fn is_usual(&self, name: &str, there: &Json) -> bool {
        let is_said = self.written.is_some_and(|it| it.contains_key(name));
        !is_said && self.usual.and_then(|it| it.get(name)).is_some_and(|it| same(it, there))
    }

    /// Did another source place what a field holds?
    pub(crate) fn is_by_others(&self, name: &str, there: &Json) -> bool {
        self.by_others.iter().any(|it| it.get(name).is_some_and(|it| same(it, there)))
    }
}

/// Do two values say the same? Nothing is what null is, and a number is its size.
pub(crate) fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            let within = |a: &Data, b: &Data| {
                a.iter().all(|(name, it)| same(it, b.get(name).unwrap_or(&Json::Null)))
            };
            within(a, b) && within(b, a)
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use base::RecordId;
    use serde_json::json;

    use super::*;

    fn data(value: Json) -> Data {
        value.as_object().cloned().expect("an object")
    }

    fn kept(value: Json) -> Kept {
        Kept { id: RecordId::generate(), data: data(value), is_deleted: false }
    }

    fn own(written: &Data) -> Filled<'_> {
        Filled { written: Some(written), ..Filled::default() }
    }

    #[track_caller]
    fn check(there: Json, written: Option<Json>, said: Json, patch: Json, locked: &[&str]) {
        let written = written.map(data);
        let filled = Filled { written: written.as_ref(), ..Filled::default() };
        let change = change(&data(there), filled, &data(said));
        assert_eq!(Json::Object(change.patch), patch);
        assert_eq!(change.locked, locked);
    }

    #[test]
    fn what_the_source_says_anew_is_taken() {
        check(
            json!({"name": "Loop", "state": "OR"}),
            Some(json!({"name": "Loop", "state": "OR"})),
            json!({"name": "Juniper Loop", "state": "OR"}),
            json!({"name": "Juniper Loop"}),
            &[],
        );
    }

    #[test]
    fn what_was_corrected_by_hand_is_not_overwritten() {
        check(
            json!({"name": "Juniper Loop", "phone": "541-555-0111"}),
            Some(json!({"name": "Junipr Loop", "phone": null})),
            json!({"name": "Junipr Loop", "phone": "541-555-0199"}),
            json!({}),
            &["name", "phone"],
        );
    }

    #[test]
    fn a_correction_that_the_source_takes_over_is_none_any_more() {
        let there = data(json!({"name": "Juniper Loop"}));
        let written = data(json!({"name": "Junipr Loop"}));
        assert_eq!(locked(&there, own(&written)), ["name"]);
        let change = change(&there, own(&written), &data(json!({"name": "Juniper Loop"})));
        assert_eq!(locked(&there, own(&change.written)), [] as [&str; 0]);
        assert_eq!((change.patch.len(), change.locked.len()), (0, 0));
    }

    #[test]
    fn a_lock_outlasts_the_runs_that_follow() {
        let there = data(json!({"name": "By hand"}));
        let written = data(json!({"name": "A"}));
        let first = change(&there, own(&written), &data(json!({"name": "B"})));
        let second = change(&there, own(&first.written), &data(json!({"name": "C"})));
        assert_eq!(second.locked, ["name"]);
    }

    #[test]
    fn a_record_that_somebody_made_before_is_only_completed() {
        check(
            json!({"name": "By hand", "state": null}),
            None,
            json!({"name": "Theirs", "state": "OR"}),
            json!({"state": "OR"}),
            &["name"],
        );
    }

    #[test]
    fn what_another_source_placed_was_not_changed_by_hand() {
        let others = [data(json!({"name": "Theirs", "state": null}))];
        let said = data(json!({"name": "Ours", "state": "OR"}));
        let decided = |there: Json, written: Option<&Data>| {
            let filled = Filled { written, by_others: &others, ..Filled::default() };
            change(&data(there), filled, &said).locked
        };
        let written = data(json!({"name": "Ours before", "state": "WA"}));
        let none: [&str; 0] = [];
        assert_eq!(decided(json!({"name": "Theirs"}), Some(&written)), none);
        assert_eq!(decided(json!({"name": "Theirs"}), None), none);
        assert_eq!(decided(json!({"name": "By hand"}), Some(&written)), ["name"]);
        assert_eq!(decided(json!({"name": "By hand"}), None), ["name"]);
        let filled = Filled { written: Some(&written), by_others: &others, ..Filled::default() };
        assert_eq!(locked(&data(json!({"name": "Theirs"})), filled), none);
        assert_eq!(locked(&data(json!({"name": "Theirs", "state": "CA"})), filled), ["state"]);
    }

    #[test]
    fn what_a_source_only_says_again_does_not_undo_what_another_placed_since() {
        let others = [data(json!({"day": "05-10"}))];
        let there = data(json!({"day": "05-10"}));
        let written = data(json!({"day": "05-02"}));
        let filled = Filled { written: Some(&written), by_others: &others, ..Filled::default() };
        let echo = change(&there, filled, &data(json!({"day": "05-02"})));
        assert_eq!((echo.patch.len(), echo.locked.len()), (0, 0), "{echo:?}");
        assert_eq!(echo.written, written);
        let news = change(&there, filled, &data(json!({"day": "05-12"})));
        assert_eq!(Json::Object(news.patch), json!({"day": "05-12"}));
        // A field that was let go is written as it is there: then the same is news.
        let freed = Filled { written: Some(&there), by_others: &others, ..Filled::default() };
        let news = change(&there, freed, &data(json!({"day": "05-02"})));
        assert_eq!(Json::Object(news.patch), json!({"day": "05-02"}));
    }

    #[test]
    fn a_first_word_of_nothing_wipes_nothing_that_another_source_placed() {
        let others = [data(json!({"phone": "541"}))];
        let filled = Filled { by_others: &others, ..Filled::default() };
        let silent = change(&data(json!({"phone": "541"})), filled, &data(json!({"phone": null})));
        assert_eq!((silent.patch.len(), silent.locked.len()), (0, 0), "{silent:?}");
        assert_eq!(Json::Object(silent.written), json!({"phone": null}));
    }

    #[test]
    fn that_a_record_is_there_is_news_each_time_it_is_said() {
        let others = [data(json!({"is_gone": true}))];
        let (there, said) = (data(json!({"is_gone": true})), data(json!({"is_gone": false})));
        let filled = Filled { written: Some(&said), by_others: &others, ..Filled::default() };
        assert_eq!(change(&there, filled, &said).patch.len(), 0, "of any other field it is none");
        let back = change(&there, Filled { mark: Some("is_gone"), ..filled }, &said);
        assert_eq!(back.patch, said);
    }

    #[test]
    fn what_the_collection_laid_in_where_nobody_spoke_is_no_correction_by_hand() {
        let usual = data(json!({"is_open": false}));
        let (there, said) = (data(json!({"is_open": false})), data(json!({"is_open": true})));
        let decided = |written: Option<&Data>| {
            let filled = Filled { written, usual: Some(&usual), ..Filled::default() };
            change(&there, filled, &said).locked
        };
        let none: [&str; 0] = [];
        assert_eq!(decided(None), none);
        assert_eq!(decided(Some(&Data::new())), none, "nor where the source speaks of it anew");
        assert_eq!(decided(Some(&said)), ["is_open"], "what it said was taken back by hand");
    }

    #[test]
    fn what_the_collection_made_of_what_was_said_is_no_correction_by_hand() {
        let (before, said) = (data(json!({"level": 2})), data(json!({"level": null})));
        let mut change = change(&before, own(&before), &said);
        let there = data(json!({"level": 1}));
        change.becomes(&there);
        assert_eq!((&change.patch, &change.written), (&there, &there));
        assert_eq!(locked(&there, own(&change.written)), [] as [&str; 0]);
    }

    #[test]
    fn nothing_is_what_null_is_and_numbers_are_their_size() {
        check(
            json!({"miles": 50, "list": [{"a": 1, "b": null}]}),
            Some(json!({})),
            json!({"miles": 50.0, "phone": null, "list": [{"a": 1.0}]}),
            json!({}),
            &[],
        );
    }

    #[test]
    fn what_was_deleted_stays_so_and_what_is_kept_is_not_looked_at() {
        let said = data(json!({"name": "B"}));
        let deleted = Kept { is_deleted: true, ..kept(json!({"name": "A"})) };
        let decide =
            |existing, kept: Option<&Kept>| super::decide(existing, kept, Filled::default(), &said);
        assert_eq!(decide(Existing::Update, None), Decision::Insert);
        assert_eq!(decide(Existing::Update, Some(&deleted)), Decision::Skip(Why::Deleted));
        let there = kept(json!({"name": "A"}));
        assert_eq!(decide(Existing::Keep, Some(&there)), Decision::Skip(Why::There));
    }
}
