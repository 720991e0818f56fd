//! Passages that an answer quotes: where in the text they stand.
//!
//! Models copy badly: quotes become straight, dashes short, lines are joined. A passage is looked for as
//! it is, then with all of that made alike. One that does not stand in the text keeps no place, so that
//! nobody is shown a mark where nothing was said; or it is taken out with all that was said with it.
//!
//! Start at [`settle`].

use std::{collections::HashMap, ops::Range};

use serde_json::Value as Json;

use crate::description::{Segments, Unfound};

/// Where passages are quoted in an answer: `segment_feedback[].segment`, or `contact.words`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// The list, or the one object.
    pub list: String,
    /// The field of an entry, or of the object.
    pub field: String,
    /// It is a list.
    pub has_many: bool,
}

impl Quoted {
    /// Reads `LIST[].FIELD` or `OBJECT.FIELD`. None when it is not written so.
    pub fn parse(text: &str) -> Option<Self> {
        let (list, field, has_many) = match text.split_once("[].") {
            Some((list, field)) => (list, field, true),
            None => text.split_once('.').map(|(object, field)| (object, field, false))?,
        };
        let is_name = |it: &str| !it.is_empty() && !it.contains(['[', ']', '.', '*']);
        (is_name(list) && is_name(field)).then(|| Self {
            list: list.to_owned(),
            field: field.to_owned(),
            has_many,
        })
    }
}

/// Does with the passages of an answer what the task says; how many were taken out.
pub fn settle(text: &str, segments: &Segments, answer: &mut Json) -> usize {
    let mut taken_out = 0;
    for quoted in segments.at.each().iter().filter_map(|it| Quoted::parse(it)) {
        match segments.unfound {
            Unfound::Unplaced => place(text, &quoted, answer),
            Unfound::Drop => taken_out += take_out(text, &quoted, answer),
        }
    }
    taken_out
}

/// Takes out what quotes words that do not stand in the text, or no words at all; how many that were.
fn take_out(text: &str, quoted: &Quoted, answer: &mut Json) -> usize {
    let mut searched = Searched::new(text);
    let mut stands = |entry: &Json| {
        let words = entry.get(&quoted.field).and_then(Json::as_str);
        words.is_some_and(|it| searched.find(it).is_some())
    };
    let Some(there) = answer.get_mut(&quoted.list) else { return 0 };
    if let (true, Some(entries)) = (quoted.has_many, there.as_array_mut()) {
        let before = entries.len();
        entries.retain(&mut stands);
        return before - entries.len();
    }
    if !quoted.has_many && there.is_object() && !stands(there) {
        *there = Json::Null;
        return 1;
    }
    0
}

/// Gives each quoted passage of an answer its `start` and `end` in the text, in characters, the end not
/// included; null where it does not stand there. What the answer said about that counts for nothing.
pub fn place(text: &str, quoted: &Quoted, answer: &mut Json) {
    let entries = match answer.get_mut(&quoted.list) {
        Some(Json::Array(entries)) if quoted.has_many => entries.as_mut_slice(),
        Some(one @ Json::Object(_)) if !quoted.has_many => std::slice::from_mut(one),
        _ => return,
    };
    let mut searched = Searched::new(text);
    for entry in entries.iter_mut().filter_map(Json::as_object_mut) {
        let found =
            entry.get(&quoted.field).and_then(Json::as_str).and_then(|it| searched.find(it));
        let (start, end) =
            found.map_or((Json::Null, Json::Null), |it| (it.start.into(), it.end.into()));
        entry.insert("start".into(), start);
        entry.insert("end".into(), end);
    }
}

/// A text in which passages are looked for. One that is quoted twice is found at its next place.
struct Searched<'a> {
    text: &'a str,
    alike: Alike,
    /// How often a passage was asked for before.
    asked: HashMap<String, usize>,
}

/// A text with what models copy badly made alike, and which characters of the text its own are.
struct Alike {
    text: String,
    origins: Vec<usize>,
}

impl<'a> Searched<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, alike: Alike::of(text), asked: HashMap::new() }
    }

    fn find(&mut self, passage: &str) -> Option<Range<usize>> {
        let passage = passage.trim();
        if passage.is_empty() {
            return None;
        }
        let before = self.asked.entry(passage.to_owned()).or_default();
        let nth = *before;
        *before += 1;
        if let Some((at, count)) = nth_place(self.text, passage, nth) {
            return Some(at..at + count);
        }
        let alike = Alike::of(passage).text;
        let alike = alike.trim();
        if alike.is_empty() {
            return None;
        }
        let (at, count) = nth_place(&self.alike.text, alike, nth)?;
        let (first, last) = (self.alike.origins.get(at)?, self.alike.origins.get(at + count - 1)?);
        Some(*first..*last + 1)
    }
}

/// Where a passage stands for the `nth` time, or the last time before that: its first character, and how
/// many it has.
fn nth_place(text: &str, passage: &str, nth: usize) -> Option<(usize, usize)> {
    let byte = text.match_indices(passage).map(|it| it.0).take(nth + 1).last()?;
    Some((text[..byte].chars().count(), passage.chars().count()))
}

impl Alike {
    fn of(text: &str) -> Self {
        let (mut alike, mut origins) = (String::with_capacity(text.len()), Vec::new());
        for (at, letter) in text.chars().enumerate() {
            let plain = match letter {
                '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' => '\'',
                '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '\u{ab}'
                | '\u{bb}' => '"',
                '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
                '\u{2026}' => {
                    alike.push_str("...");
                    origins.extend([at, at, at]);
                    continue;
                }
                // They are not seen, so nobody copies them.
                '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}' => continue,
                it if it.is_whitespace() => ' ',
                it => it,
            };
            if plain == ' ' && alike.ends_with(' ') {
                continue;
            }
            alike.push(plain);
            origins.push(at);
        }
        Self { text: alike, origins }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, passages: &[&str], expected: &[Option<&str>]) {
        let entries: Vec<Json> =
            passages.iter().map(|it| json!({"segment": it, "start": 7})).collect();
        let mut answer = json!({"parts": entries});
        let quoted = Quoted::parse("parts[].segment").expect("it is written so");
        place(text, &quoted, &mut answer);
        let letters: Vec<char> = text.chars().collect();
        let found: Vec<Option<String>> = answer["parts"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|it| {
                let (start, end) = (it["start"].as_u64()?, it["end"].as_u64()?);
                Some(letters[start as usize..end as usize].iter().collect())
            })
            .collect();
        let found: Vec<Option<&str>> = found.iter().map(Option::as_deref).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_passage_is_found_by_characters_and_not_by_bytes() {
        check("Más señales: crecemos.", &["crecemos"], &[Some("crecemos")]);
    }

    #[test]
    fn what_models_copy_badly_is_found_all_the_same() {
        let text = "We say \u{201c}it\u{2019}s  done\u{201d} \u{2014} and\nmove on\u{2026}";
        check(
            text,
            &["\"it's done\" - and move on..."],
            &[Some("\u{201c}it\u{2019}s  done\u{201d} \u{2014} and\nmove on\u{2026}")],
        );
    }

    #[test]
    fn what_does_not_stand_there_keeps_no_place() {
        check("We ask for two million.", &["We ask for three million.", "", " "], &[None; 3]);
    }

    #[test]
    fn a_passage_that_is_quoted_twice_is_found_at_both_places() {
        let mut answer =
            json!({"parts": [{"segment": "ab"}, {"segment": "ab"}, {"segment": "ab"}]});
        place("ab ab", &Quoted::parse("parts[].segment").expect("a path"), &mut answer);
        let starts: Vec<_> = (0..3).map(|at| answer["parts"][at]["start"].clone()).collect();
        assert_eq!(starts, [json!(0), json!(3), json!(3)]);
    }

    #[test]
    fn only_a_list_or_an_object_with_a_field_is_a_place_for_passages() {
        for wrong in ["", "parts", "parts[]", "parts[].", "[].a", "a.b[].c", "parts[].a.b", "a.b.c"]
        {
            assert_eq!(Quoted::parse(wrong), None, "{wrong}");
        }
        assert!(Quoted::parse("parts[].a").is_some_and(|it| it.has_many));
        assert!(Quoted::parse("contact.words").is_some_and(|it| !it.has_many));
    }

    #[test]
    fn what_quotes_words_that_stand_nowhere_is_taken_out() {
        let segments: Segments = serde_json::from_value(json!({
            "at": ["fees[].words", "contact.words", "terrain.words", "vets[].words"],
            "in": "input.page", "unfound": "drop",
        }))
        .expect("it is written so");
        assert_eq!(segments.field(), "page");
        let mut answer = json!({
            "fees": [{"amount": 120, "words": "Entry  $120"}, {"amount": 5, "words": "Entry $5"}, {"amount": 1}],
            "contact": {"description": "Ann", "words": "Call Ann"},
            "terrain": {"description": "Flat", "words": "Ask Bob."},
            "vets": [],
        });
        let page = "Entry $120 for 50 miles. Ask Bob.";
        assert_eq!(settle(page, &segments, &mut answer), 3);
        let expected = json!({
            "fees": [{"amount": 120, "words": "Entry  $120"}], "contact": null,
            "terrain": {"description": "Flat", "words": "Ask Bob."}, "vets": [],
        });
        assert_eq!(answer, expected, "no places are given");
    }

    #[test]
    fn a_passage_of_one_object_gets_its_place_too() {
        let mut answer = json!({"opening": {"segment": "Dear all"}});
        place(
            "Dear all, welcome.",
            &Quoted::parse("opening.segment").expect("a path"),
            &mut answer,
        );
        assert_eq!(
            (&answer["opening"]["start"], &answer["opening"]["end"]),
            (&json!(0), &json!(8))
        );
    }
}
