//! A field that never stays empty and never repeats: counters are appended, and each is noted.

use std::collections::HashMap;

use crate::description::Numbered;

/// Gives out values of a numbered field within one version.
#[derive(Debug)]
pub struct Numbering<'a> {
    rule: &'a Numbered,
    /// Value → how often it was asked for.
    taken: HashMap<String, u64>,
    empty: u64,
}

/// Why a value is not the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There was none.
    Empty,
    /// Another record has it.
    Repeated,
}

impl<'a> Numbering<'a> {
    /// Begins with the values that are there already.
    pub fn new(rule: &'a Numbered, there: impl IntoIterator<Item = String>) -> Self {
        let taken = there.into_iter().map(|it| (it, 1)).collect();
        Self { rule, taken, empty: 0 }
    }

    /// The value for a record that asks for `wanted`, and what had to be changed.
    pub fn give(&mut self, wanted: Option<&str>) -> (String, Option<Change>) {
        let wanted = wanted.map(str::trim).filter(|it| !it.is_empty());
        let Some(wanted) = wanted else {
            loop {
                self.empty += 1;
                let value = numbered(&self.rule.empty, "", self.empty);
                if self.take(&value) {
                    return (value, Some(Change::Empty));
                }
            }
        };
        if self.take(wanted) {
            return (wanted.to_owned(), None);
        }
        loop {
            let count = self.taken.entry(wanted.to_owned()).or_insert(1);
            *count += 1;
            let value = numbered(&self.rule.repeated, wanted, *count);
            if self.take(&value) {
                return (value, Some(Change::Repeated));
            }
        }
    }

    fn take(&mut self, value: &str) -> bool {
        if self.taken.contains_key(value) {
            return false;
        }
        self.taken.insert(value.to_owned(), 1);
        true
    }
}

/// `{value}-{n}` and `UNCLASSIFIED-{n:4}` with their places filled.
fn numbered(pattern: &str, value: &str, n: u64) -> String {
    let filled = pattern.replace("{value}", value).replace("{n}", &n.to_string());
    let Some((head, rest)) = filled.split_once("{n:") else { return filled };
    let Some((width, tail)) = rest.split_once('}') else { return filled };
    format!("{head}{n:0width$}{tail}", width = width.parse().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Numbered {
        Numbered {
            field: "code".into(),
            empty: "UNCLASSIFIED-{n:4}".into(),
            repeated: "{value}-{n}".into(),
        }
    }

    #[track_caller]
    fn check(wanted: &[&str], expected: &[&str]) {
        let rule = rule();
        let mut numbering = Numbering::new(&rule, ["THERE".to_owned()]);
        let given: Vec<_> = wanted.iter().map(|it| numbering.give(Some(it)).0).collect();
        assert_eq!(given, expected);
    }

    #[test]
    fn the_first_keeps_its_code_and_the_others_are_counted() {
        check(&["A", "B", "A", "A"], &["A", "B", "A-2", "A-3"]);
    }

    #[test]
    fn a_counted_code_that_exists_is_passed_over() {
        check(&["A-2", "A", "A"], &["A-2", "A", "A-3"]);
    }

    #[test]
    fn a_code_that_is_there_already_counts_as_the_first() {
        check(&["THERE"], &["THERE-2"]);
    }

    #[test]
    fn no_code_becomes_a_numbered_placeholder() {
        check(&["", " "], &["UNCLASSIFIED-0001", "UNCLASSIFIED-0002"]);
    }

    proptest::proptest! {
        #[test]
        fn no_value_is_given_twice(wanted in proptest::collection::vec("[AB]?(-[23])?", 0..40)) {
            let rule = rule();
            let mut numbering = Numbering::new(&rule, []);
            let given: Vec<_> = wanted.iter().map(|it| numbering.give(Some(it)).0).collect();
            let distinct: std::collections::HashSet<_> = given.iter().collect();
            proptest::prop_assert_eq!(distinct.len(), given.len());
        }
    }
}
