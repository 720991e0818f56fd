//! Reads JSON out of what a model said, even when it said more, or less, than JSON.
//!
//! [`readings`] gives every way to read a text as JSON, the most faithful first; whoever has a
//! schema takes the first that validates. Nothing is made up: a reading only leaves out what is
//! around the value, corrects its punctuation, or drops what was cut off at the end.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// One way to read a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it says, read this way.
    pub value: Value,
    /// What had to be done. Empty when the text is JSON as it stands.
    pub repairs: Vec<Repair>,
}

/// What had to be done to read a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// It was taken out of a fenced block.
    Fence,
    /// Words around it were left out.
    Prose,
    /// Its punctuation was corrected: trailing commas, quotes, comments, `None`, `NaN`.
    Syntax,
    /// Its end is missing: what was incomplete is dropped and the brackets are closed.
    Cut,
}

const STARTS_MAX: usize = 64;
const DEPTH_MAX: usize = 128;
/// How many incomplete levels are dropped at most, one after the other.
const PRUNED_MAX: usize = 6;

/// Every way to read `text` as JSON, the most faithful first. Complete readings come before those
/// of a text that was cut.
pub fn readings(text: &str) -> Vec<Reading> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if let Ok(value) = serde_json::from_str(text) {
        return vec![Reading { value, repairs: Vec::new() }];
    }
    let text = without_thinking(text);
    let mut found = Vec::new();
    for block in fenced(text) {
        found.extend(roots(block).into_iter().map(|(it, cut)| (it.after(Repair::Fence), cut)));
    }
    found.extend(roots(text));
    // A stable sort: among the complete ones, and among the cut ones, the order stays.
    found.sort_by_key(|(_, open_levels)| *open_levels > 0);

    let mut out: Vec<Reading> = Vec::new();
    for (reading, open_levels) in found {
        for reading in pruned(reading, open_levels) {
            if !out.iter().any(|it| it.value == reading.value) {
                out.push(reading);
            }
        }
    }
    out
}

impl Reading {
    fn after(mut self, repair: Repair) -> Self {
        self.repairs.insert(0, repair);
        self
    }
}

/// What follows the thoughts that some models write down first.
fn without_thinking(text: &str) -> &str {
    text.rsplit_once("</think>").map_or(text, |(_, rest)| rest).trim()
}

/// The contents of fenced blocks, the last first: models put the answer after their examples. A
/// block that nobody closed reaches to the end.
fn fenced(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("```") {
        let inside = &rest[start + 3..];
        let body = inside.find('\n').map_or("", |at| &inside[at + 1..]);
        // A fence within a JSON string does not begin a line.
        let end =
            if body.starts_with("```") { Some(0) } else { body.find("\n```").map(|at| at + 1) };
        let Some(end) = end else {
            blocks.push(body);
            break;
        };
        blocks.push(&body[..end]);
        rest = &body[end + 3..];
    }
    blocks.reverse();
    blocks
}

/// The objects and arrays in a text, the longest first, each with the number of levels left open.
fn roots(text: &str) -> Vec<(Reading, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..STARTS_MAX {
        let Some(start) = text[at..].find(['{', '[']).map(|it| it + at) else { break };
        let Some(root) = root(&text[start..]) else {
            // Not into it: a piece of what cannot be read is not what was said.
            at = start + bracketed(&text[start..]).unwrap_or(1);
            continue;
        };
        let is_all =
            text[..start].trim().is_empty() && text[start + root.length..].trim().is_empty();
        let mut repairs = Vec::new();
        repairs.extend((!is_all).then_some(Repair::Prose));
        repairs.extend(root.is_mended.then_some(Repair::Syntax));
        repairs.extend((root.open_levels > 0).then_some(Repair::Cut));
        found.push((root.length, Reading { value: root.value, repairs }, root.open_levels));
        at = start + root.length;
    }
    found.sort_by_key(|(length, ..)| std::cmp::Reverse(*length));
    found.into_iter().map(|(_, reading, open_levels)| (reading, open_levels)).collect()
}

/// The length of a text from its opening bracket to the one that closes it.
fn bracketed(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

struct Root {
    value: Value,
    length: usize,
    open_levels: usize,
    is_mended: bool,
}

fn root(text: &str) -> Option<Root> {
    let mut strict = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Some(Ok(value)) = strict.next() {
        let length = strict.byte_offset();
        return Some(Root { value, length, open_levels: 0, is_mended: false });
    }
    let mut reader = Reader { text, at: 0, open_levels: 0, is_mended: false };
    let value = match reader.value(0).ok()? {
        Read::Whole(value) | Read::Open(value) => value,
        Read::Lost => return None,
    };
    Some(Root {
        value,
        length: reader.at,
        open_levels: reader.open_levels,
        is_mended: reader.is_mended,
    })
}

/// The reading itself, then with its incomplete parts dropped level by level from the inside.
fn pruned(reading: Reading, open_levels: usize) -> Vec<Reading> {
    let mut out = vec![reading];
    for level in (1..open_levels).rev().take(PRUNED_MAX) {
        let mut next = out[out.len() - 1].clone();
        drop_last(&mut next.value, level);
        out.push(next);
    }
    out
}

/// Drops the last entry found `level` levels down, following last entries.
fn drop_last(value: &mut Value, level: usize) {
    match value {
        Value::Array(all) if level <= 1 => drop(all.pop()),
        Value::Array(all) => {
            all.iter_mut().last().into_iter().for_each(|it| drop_last(it, level - 1));
        }
        Value::Object(all) if level <= 1 => {
            if let Some(last) = all.keys().next_back().cloned() {
                all.shift_remove(&last);
            }
        }
        Value::Object(all) => {
            all.values_mut().last().into_iter().for_each(|it| drop_last(it, level - 1));
        }
        _ => {}
    }
}

/// Reads JSON as people and models write it. It refuses what it would have to guess.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How many brackets were open when the text ended.
    open_levels: usize,
    is_mended: bool,
}

enum Read {
    Whole(Value),
    /// A container that the end of the text left open.
    Open(Value),
    /// A scalar that the end of the text cut: it is not known what it would have been.
    Lost,
}

/// The text is not JSON, not even loosely.
struct NotJson;

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Read, NotJson> {
        if depth > DEPTH_MAX {
            return Err(NotJson);
        }
        self.space();
        match self.peek() {
            None => Ok(Read::Lost),
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"' | '\'') => Ok(self.string()?.map_or(Read::Lost, |it| Read::Whole(it.into()))),
            Some(_) => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Read, NotJson> {
        self.at += 1;
        let mut all = Map::new();
        loop {
            self.space();
            match self.peek() {
                None => return Ok(self.left_open(all.into())),
                Some('}') => {
                    self.at += 1;
                    return Ok(Read::Whole(all.into()));
                }
                Some(_) => {}
            }
            let Some(key) = self.key()? else { return Ok(self.left_open(all.into())) };
            self.space();
            match self.peek() {
                None => return Ok(self.left_open(all.into())),
                Some(':') => self.at += 1,
                Some(_) => return Err(NotJson),
            }
            // Taken out first, so that the last key of the map is the last one of the text.
            all.shift_remove(&key);
            match self.value(depth + 1)? {
                Read::Whole(value) => drop(all.insert(key, value)),
                Read::Open(value) => {
                    all.insert(key, value);
                    return Ok(self.left_open(all.into()));
                }
                Read::Lost => return Ok(self.left_open(all.into())),
            }
            self.comma('}')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Read, NotJson> {
        self.at += 1;
        let mut all = Vec::new();
        loop {
            self.space();
            match self.peek() {
                None => return Ok(self.left_open(all.into())),
                Some(']') => {
                    self.at += 1;
                    return Ok(Read::Whole(all.into()));
                }
                Some(_) => {}
            }
            match self.value(depth + 1)? {
                Read::Whole(value) => all.push(value),
                Read::Open(value) => {
                    all.push(value);
                    return Ok(self.left_open(all.into()));
                }
                Read::Lost => return Ok(self.left_open(all.into())),
            }
            self.comma(']')?;
        }
    }

    fn left_open(&mut self, value: Value) -> Read {
        self.open_levels += 1;
        Read::Open(value)
    }

    /// After an entry: a comma, the end of the container, or the end of the text. A forgotten comma
    /// is forgiven where the next entry plainly begins.
    fn comma(&mut self, end: char) -> Result<(), NotJson> {
        self.space();
        match self.peek() {
            Some(',') => {
                self.at += 1;
                self.space();
                self.is_mended |= self.peek() == Some(end);
                Ok(())
            }
            Some('"' | '{' | '[') => {
                self.is_mended = true;
                Ok(())
            }
            None => Ok(()),
            Some(it) if it == end => Ok(()),
            Some(_) => Err(NotJson),
        }
    }

    /// A key; none when the text ends within it.
    fn key(&mut self) -> Result<Option<String>, NotJson> {
        if matches!(self.peek(), Some('"' | '\'')) {
            return self.string();
        }
        let word = self.word();
        if word.is_empty() || word.starts_with(|it: char| it.is_ascii_digit() || it == '-') {
            return Err(NotJson);
        }
        self.is_mended = true;
        Ok(Some(word.to_owned()))
    }

    /// A string; none when the text ends within it.
    fn string(&mut self) -> Result<Option<String>, NotJson> {
        let Some(quote) = self.peek() else { return Ok(None) };
        self.is_mended |= quote == '\'';
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(next) = self.take() else { return Ok(None) };
            match next {
                it if it == quote => return Ok(Some(out)),
                '\\' => match self.take() {
                    None => return Ok(None),
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some('r') => out.push('\r'),
                    Some('b') => out.push('\u{8}'),
                    Some('f') => out.push('\u{c}'),
                    Some('u') => match self.unicode()? {
                        Some(it) => out.push(it),
                        None => return Ok(None),
                    },
                    Some(it @ ('"' | '\\' | '/')) => out.push(it),
                    Some(it) => {
                        self.is_mended = true;
                        if it != '\'' {
                            out.push('\\');
                        }
                        out.push(it);
                    }
                },
                it => {
                    self.is_mended |= it.is_control();
                    out.push(it);
                }
            }
        }
    }

    /// What follows `\u`; a half of a pair alone becomes the replacement character.
    fn unicode(&mut self) -> Result<Option<char>, NotJson> {
        let Some(first) = self.four_digits()? else { return Ok(None) };
        if !(0xD800..0xDC00).contains(&first) || !self.text[self.at..].starts_with("\\u") {
            return Ok(Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        self.at += 2;
        let Some(second) = self.four_digits()? else { return Ok(None) };
        let both = (0xDC00..0xE000)
            .contains(&second)
            .then(|| 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
        Ok(Some(both.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)))
    }

    fn four_digits(&mut self) -> Result<Option<u32>, NotJson> {
        let rest = &self.text[self.at..];
        if rest.len() < 4 {
            self.at = self.text.len();
            return Ok(None);
        }
        let digits = rest.get(..4).ok_or(NotJson)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map(Some).map_err(|_| NotJson)
    }

    /// A number or a word. One that touches the end of the text may be cut, so it is lost.
    fn scalar(&mut self) -> Result<Read, NotJson> {
        let word = self.word();
        if word.is_empty() {
            return Err(NotJson);
        }
        if self.at == self.text.len() {
            return Ok(Read::Lost);
        }
        let (value, is_json) = match word {
            "true" => (Value::Bool(true), true),
            "false" => (Value::Bool(false), true),
            "null" => (Value::Null, true),
            "True" => (Value::Bool(true), false),
            "False" => (Value::Bool(false), false),
            "None" | "NaN" | "nan" | "Infinity" | "-Infinity" | "undefined" => (Value::Null, false),
            number => match serde_json::from_str::<serde_json::Number>(number) {
                Ok(number) => (Value::Number(number), true),
                // `+1`, `.5` and `1.` are numbers elsewhere.
                Err(_) if number.starts_with(['+', '-', '.']) || number.ends_with('.') => {
                    (Value::from(number.parse::<f64>().map_err(|_| NotJson)?), false)
                }
                Err(_) => return Err(NotJson),
            },
        };
        self.is_mended |= !is_json;
        Ok(Read::Whole(value))
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let is_part = |it: char| it.is_alphanumeric() || matches!(it, '_' | '-' | '+' | '.' | '$');
        let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let skip = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map_or(trimmed.len(), |it| it + 2)
            } else {
                return;
            };
            self.is_mended = true;
            self.at += skip;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::{Repair::*, *};

    #[rstest]
    #[case::as_it_stands(r#"{"a": 1}"#, json!({"a": 1}), &[])]
    #[case::a_scalar(" 12 ", json!(12), &[])]
    #[case::fenced("```json\n{\"a\": 1}\n```", json!({"a": 1}), &[Fence])]
    #[case::fenced_without_a_name("```\n[1]\n```", json!([1]), &[Fence])]
    #[case::fenced_in_prose("Sure!\n```json\n{\"a\": 1}\n```\nAnything else?", json!({"a": 1}), &[Fence])]
    #[case::a_fence_within_a_string("```json\n{\"a\": \"```x```\"}\n```", json!({"a": "```x```"}), &[Fence])]
    #[case::prose_before("Here you are: {\"a\": 1}", json!({"a": 1}), &[Prose])]
    #[case::prose_after("{\"a\": 1}\nI hope this helps {smile}.", json!({"a": 1}), &[Prose])]
    #[case::braces_in_prose("Use {braces} so: {\"a\": 1}", json!({"a": 1}), &[Prose])]
    #[case::thoughts("<think>maybe {\"a\": 0}</think>{\"a\": 1}", json!({"a": 1}), &[])]
    #[case::trailing_commas(r#"{"a": [1, 2,], "b": 2,}"#, json!({"a": [1, 2], "b": 2}), &[Syntax])]
    #[case::single_quotes(r#"{'a': 'b "c"'}"#, json!({"a": "b \"c\""}), &[Syntax])]
    #[case::bare_keys("{a_b: 1, $c: 2}", json!({"a_b": 1, "$c": 2}), &[Syntax])]
    #[case::words_of_python("{\"a\": None, \"b\": True, \"c\": False}", json!({"a": null, "b": true, "c": false}), &[Syntax])]
    #[case::not_a_number("{\"a\": NaN, \"b\": -Infinity}", json!({"a": null, "b": null}), &[Syntax])]
    #[case::other_numbers("{\"a\": .5, \"b\": +1, \"c\": 2. }", json!({"a": 0.5, "b": 1.0, "c": 2.0}), &[Syntax])]
    #[case::comments("{\"a\": 1, // one\n /* two */ \"b\": 2}", json!({"a": 1, "b": 2}), &[Syntax])]
    #[case::forgotten_commas("{\"a\": 1 \"b\": [\"x\" \"y\"]}", json!({"a": 1, "b": ["x", "y"]}), &[Syntax])]
    #[case::raw_newlines("{\"a\": \"x\ny\"}", json!({"a": "x\ny"}), &[Syntax])]
    #[case::odd_escapes(r#"{"a": "it\'s \d", }"#, json!({"a": "it's \\d"}), &[Syntax])]
    #[case::escapes_in_loose_json(r#"{'a': "\u00e9\ud83d\ude00\n"}"#, json!({"a": "é😀\n"}), &[Syntax])]
    #[case::cut_after_an_entry(r#"{"a": 1, "b": [1, 2"#, json!({"a": 1, "b": [1]}), &[Cut])]
    #[case::cut_in_a_string(r#"{"a": 1, "b": "hel"#, json!({"a": 1}), &[Cut])]
    #[case::cut_in_a_key(r#"{"a": 1, "b"#, json!({"a": 1}), &[Cut])]
    #[case::cut_after_a_colon(r#"{"a": 1, "b":"#, json!({"a": 1}), &[Cut])]
    #[case::cut_in_a_word(r#"[{"a": tru"#, json!([{}]), &[Cut])]
    #[case::cut_in_an_escape("[\"a\", \"\\u00", json!(["a"]), &[Cut])]
    #[case::cut_in_a_fence("```json\n{\"a\": [1,", json!({"a": [1]}), &[Fence, Cut])]
    #[track_caller]
    fn the_first_reading_is(#[case] text: &str, #[case] value: Value, #[case] repairs: &[Repair]) {
        let first = readings(text).into_iter().next().expect("a reading");
        assert_eq!((first.value, first.repairs.as_slice()), (value, repairs));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::prose("I am sorry, I cannot do that.")]
    #[case::a_set("{1, 2}")]
    #[case::an_elision(r#"{"items": [{"a": 1}, ...]}"#)]
    #[case::a_bare_value(r#"{"a": hello}"#)]
    #[case::too_deep(&"[".repeat(200_000))]
    fn what_would_have_to_be_guessed_is_not_read(#[case] text: &str) {
        assert_eq!(readings(text), []);
    }

    #[test]
    fn a_cut_text_is_also_read_without_its_incomplete_parts() {
        let values: Vec<Value> = readings(r#"{"n": 2, "items": [{"a": 1, "b": 2}, {"a": 3, "b""#)
            .into_iter()
            .map(|it| it.value)
            .collect();
        assert_eq!(
            values,
            [
                json!({"n": 2, "items": [{"a": 1, "b": 2}, {"a": 3}]}),
                json!({"n": 2, "items": [{"a": 1, "b": 2}]}),
                json!({"n": 2}),
            ]
        );
    }

    #[test]
    fn of_several_values_the_longest_comes_first_and_all_are_there() {
        let values: Vec<Value> = readings("First [1], then {\"a\": [1, 2, 3]}.")
            .into_iter()
            .map(|it| it.value)
            .collect();
        assert_eq!(values, [json!({"a": [1, 2, 3]}), json!([1])]);
    }

    #[test]
    fn of_several_blocks_the_last_comes_first() {
        let text = "An example:\n```json\n{\"a\": 0}\n```\nThe answer:\n```json\n{\"a\": 1}\n```\n";
        assert_eq!(readings(text)[0].value, json!({"a": 1}));
    }
}
