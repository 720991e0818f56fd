//! Text that is text already: plain, Markdown, JSON.

use serde_json::Value as Json;

use super::{Extracted, Limits, VerdictKind, Warning, neat};
use crate::sniff;

/// What to say of a file whose way of writing had to be guessed.
pub(super) const GUESSED: &str =
    "It is not UTF-8; it was read as Windows-1252. Look at letters with accents.";

const TITLE_MAX: usize = 512;
/// A line of so many letters may have been broken because it was full.
const FULL_LINE: usize = 50;

pub(super) fn text(bytes: &[u8]) -> Extracted {
    let (text, guessed) = sniff::decoded(bytes);
    Extracted::of_text(None, neat::indented(&unbroken(&text)), said(guessed))
}

pub(super) fn markdown(bytes: &[u8]) -> Extracted {
    let (text, guessed) = sniff::decoded(bytes);
    let (front, body) = front_matter(&text);
    let named = front.lines().find_map(|it| it.strip_prefix("title:"));
    let heading = || body.lines().find_map(|it| it.strip_prefix("# "));
    let title = named.map(|it| it.trim().trim_matches(['"', '\''])).or_else(heading);
    let title = title.and_then(|it| neat::line(it.trim_end_matches('#'), TITLE_MAX));
    Extracted::of_text(title, neat::indented(&unbroken(body)), said(guessed))
}

/// JSON as lines that can be read: each says where its value stands.
pub(super) fn json(bytes: &[u8], limits: &Limits) -> Extracted {
    let (text, guessed) = sniff::decoded(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut out = Lines {
        text: String::new(),
        most: usize::try_from(limits.chars.saturating_mul(4)).unwrap_or(usize::MAX),
    };
    match serde_json::from_str::<Json>(text) {
        Ok(value) => out.tell("", &value),
        // A value on each line; one that is broken is a line of text.
        Err(_) => {
            for line in text.lines().map(str::trim).filter(|it| !it.is_empty()) {
                match serde_json::from_str::<Json>(line) {
                    Ok(value) => out.tell("", &value),
                    Err(_) => out.line("", line),
                }
            }
        }
    }
    let found = Extracted::of_text(None, neat::text(&out.text), said(guessed));
    match found.verdict.kind {
        VerdictKind::Empty => Extracted::nothing(VerdictKind::Empty),
        _ => found,
    }
}

fn said(guessed: bool) -> Vec<Warning> {
    if guessed { vec![Warning::new("encoding", GUESSED)] } else { Vec::new() }
}

/// What stands between `---` and `---` at the beginning, and the rest.
fn front_matter(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches('\u{feff}');
    let inner = rest.strip_prefix("---\n").or_else(|| rest.strip_prefix("---\r\n"));
    let Some(inner) = inner else { return ("", rest) };
    match inner.find("\n---") {
        Some(end) => (&inner[..end], &inner[end + 4..]),
        None => ("", rest),
    }
}

/// Puts lines together again that were broken because they were full. Whatever is marked as a list, a
/// table or a program stays as it is.
fn unbroken(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = "";
    let mut is_fenced = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        let goes_on = !is_fenced
            && !is_fence
            && last.chars().count() >= FULL_LINE
            && !neat::ends_sentence(last)
            && !last.ends_with("  ")
            && !last.contains('|')
            && !line.starts_with([' ', '\t'])
            && !neat::begins_entry(line)
            && line.chars().next().is_some_and(char::is_lowercase);
        if goes_on {
            out.push(' ');
        } else if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
        is_fenced ^= is_fence;
        last = line;
    }
    out
}

/// Lines in the making.
struct Lines {
    text: String,
    most: usize,
}

impl Lines {
    /// An object of plain values is one line; whatever holds others is told part by part.
    fn tell(&mut self, path: &str, value: &Json) {
        if self.text.len() > self.most {
            return;
        }
        match value {
            Json::Object(fields) if fields.values().all(is_plain) => {
                let said = fields.iter().filter(|it| !it.1.is_null());
                let said: Vec<_> =
                    said.map(|(name, it)| format!("{name}: {}", shown(it))).collect();
                self.line(path, &said.join("; "));
            }
            Json::Object(fields) => {
                // Its own values first, so that what is told next is known to be of it.
                let own = fields.iter().filter(|it| is_plain(it.1) && !it.1.is_null());
                let own: Vec<_> = own.map(|(name, it)| format!("{name}: {}", shown(it))).collect();
                if !own.is_empty() {
                    self.line(path, &own.join("; "));
                }
                for (name, value) in fields.iter().filter(|it| !is_plain(it.1)) {
                    self.tell(&join(path, name), value);
                }
            }
            Json::Array(values) if values.iter().all(is_plain) => {
                let said: Vec<_> = values.iter().map(shown).collect();
                self.line(path, &said.join(", "));
            }
            Json::Array(values) => values.iter().for_each(|it| self.tell(path, it)),
            plain => self.line(path, &shown(plain)),
        }
    }

    fn line(&mut self, path: &str, said: &str) {
        if said.trim().is_empty() {
            return;
        }
        if !path.is_empty() {
            self.text.push_str(path);
            self.text.push_str(": ");
        }
        // A line break within a value would end its line.
        self.text.push_str(&said.split_whitespace().collect::<Vec<_>>().join(" "));
        self.text.push('\n');
    }
}

fn is_plain(value: &Json) -> bool {
    !value.is_object() && !value.is_array()
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { memory_bytes: 1 << 30, cpu_s: 9, chars: 10_000, pages: 9, time_ms: 999 };

    #[test]
    fn a_paragraph_that_was_broken_because_it_was_full_is_whole_again() {
        let broken =
            "The probe must be calibrated by the laboratory once\na month.\nShort\nlines stay.";
        let found = text(broken.as_bytes());
        assert_eq!(
            found.pages[0].text,
            "The probe must be calibrated by the laboratory once a month.\nShort\nlines stay."
        );
    }

    #[test]
    fn programs_and_lists_keep_their_lines() {
        let source = "```\na_very_long_line_of_a_program_that_goes_on_and_on()\nx();\n```\n- one of a list that is long enough to look full\n- two";
        assert_eq!(text(source.as_bytes()).pages[0].text, source);
    }

    #[test]
    fn markdown_says_its_own_title() {
        let title = |text: &str| markdown(text.as_bytes()).title;
        assert_eq!(title("# Pumps\n\nText.").as_deref(), Some("Pumps"));
        assert_eq!(title("---\ntitle: \"Probes\"\n---\n# Other\n").as_deref(), Some("Probes"));
        assert_eq!(title("Text only."), None);
        let found = markdown(b"---\ntitle: a\n---\nBody.");
        assert_eq!(found.pages[0].text, "Body.");
    }

    #[track_caller]
    fn check_json(text: &str, expected: &str) {
        let found = json(text.as_bytes(), &LIMITS);
        let text = found.pages.first().map(|it| it.text.clone()).unwrap_or_default();
        assert_eq!(text, expected);
    }

    #[test]
    fn json_becomes_lines_that_say_where_they_stand() {
        check_json(
            r#"{"name": "Manual", "parts": [{"part": "probe", "weeks": 4}, {"part": "seal", "weeks": null}], "tags": ["a", "b"], "by": {"who": {"first": "Ann"}}}"#,
            "name: Manual\nparts: part: probe; weeks: 4\nparts: part: seal\ntags: a, b\nby.who: first: Ann",
        );
        check_json("[1, 2]", "1, 2");
        check_json(
            "{\"a\": \"two\\nlines\"}\n{\"a\": 2}\nnot json\n",
            "a: two lines\na: 2\nnot json",
        );
        check_json("{}", "");
    }

    #[test]
    fn a_text_in_another_way_of_writing_is_read_with_a_warning() {
        let found = text(b"caf\xe9 au lait");
        assert_eq!(found.pages[0].text, "café au lait");
        assert_eq!(found.verdict.warnings[0].code, "encoding");
    }
}
