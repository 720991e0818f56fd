//! Text as it is kept: no characters that nobody sees, one space where there were many, and a line
//! break only where a line really ends.

/// A text with its white space made plain: runs of spaces become one, lines have no spaces around
/// them, and no more than one empty line stands between two others.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in lines(text) {
        let mut words = line.split(is_space).filter(|it| !it.is_empty()).peekable();
        if words.peek().is_none() {
            end_paragraph(&mut out);
            continue;
        }
        for (at, word) in words.enumerate() {
            if at > 0 {
                out.push(' ');
            }
            word.chars().for_each(|it| push(&mut out, it));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// A text whose lines keep what they begin with: of programs, lists and the like.
pub(super) fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in lines(text) {
        let line = line.trim_end_matches(is_space);
        if line.is_empty() {
            end_paragraph(&mut out);
            continue;
        }
        line.chars().for_each(|it| push(&mut out, it));
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    // Only whole lines are taken away at the beginning, never their indent.
    out
}

/// One line out of anything: for titles.
pub(super) fn line(text: &str, most: usize) -> Option<String> {
    let words: Vec<&str> = text.split(|it: char| it.is_whitespace() || it.is_control()).collect();
    let joined = words.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    let mut out = String::new();
    joined.chars().take(most).for_each(|it| push(&mut out, it));
    let out = out.trim().to_owned();
    (!out.is_empty()).then_some(out)
}

/// Does a sentence end here, as far as its last sign tells?
pub(super) fn ends_sentence(line: &str) -> bool {
    let closing = |it: char| matches!(it, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '）' | '」');
    let last = line.trim_end().trim_end_matches(closing).chars().last();
    last.is_some_and(|it| matches!(it, '.' | '!' | '?' | ':' | ';' | '…' | '。' | '！' | '？'))
}

/// Does this look like the beginning of an entry in a list?
pub(super) fn begins_entry(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with(['•', '‣', '◦', '▪', '·', '–', '—', '|', '#', '>', '☐', '✓'])
    {
        return true;
    }
    if line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ") {
        return true;
    }
    let rest = line.trim_start_matches(|it: char| it.is_ascii_digit());
    let digits = line.len() - rest.len();
    (1..=3).contains(&digits) && rest.starts_with(['.', ')']) && rest[1..].starts_with(' ')
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    // A carriage return before a line feed leaves an empty line behind where it stands alone only.
    let breaks =
        |it: char| matches!(it, '\n' | '\x0b' | '\x0c' | '\u{85}' | '\u{2028}' | '\u{2029}');
    text.split(breaks).flat_map(|it| it.strip_suffix('\r').unwrap_or(it).split('\r'))
}

/// An empty line, unless there is one already or nothing before it.
fn end_paragraph(out: &mut String) {
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

fn is_space(it: char) -> bool {
    it.is_whitespace() || it == '\u{feff}'
}

/// Adds a character as it is kept, or what it stands for, or nothing.
fn push(out: &mut String, it: char) {
    match it {
        // What nobody sees: hints for breaking lines, marks of byte order.
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
        '\t' => out.push(' '),
        it if it.is_control() => {}
        'ﬀ' => out.push_str("ff"),
        'ﬁ' => out.push_str("fi"),
        'ﬂ' => out.push_str("fl"),
        'ﬃ' => out.push_str("ffi"),
        'ﬄ' => out.push_str("ffl"),
        'ﬅ' | 'ﬆ' => out.push_str("st"),
        it => out.push(it),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_made_plain() {
        assert_eq!(text("  A\u{a0} b\t c \r\n\r\n\r\n\n d\x0ce  "), "A b c\n\nd\ne");
        assert_eq!(text("\n\n"), "");
    }

    #[test]
    fn what_nobody_sees_is_left_out_and_ligatures_are_letters() {
        assert_eq!(text("co\u{ad}op\u{200b}er\0ate of\u{fb01}ce\u{feff}"), "cooperate office");
    }

    #[test]
    fn an_indent_stays_where_it_means_something() {
        assert_eq!(indented("fn a() {\n    b();  \n}\n\n\n\nx"), "fn a() {\n    b();\n}\n\nx");
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(line(" A\n title \0of two ", 512).as_deref(), Some("A title of two"));
        assert_eq!(line("abc", 2).as_deref(), Some("ab"));
        assert_eq!(line(" \n", 9), None);
    }

    #[test]
    fn the_last_sign_tells_whether_a_sentence_ends() {
        for line in ["Done.", "Really?\"", "Namely:", "終わり。", "(He said so.)"] {
            assert!(ends_sentence(line), "{line}");
        }
        assert!(!ends_sentence("and so on,") && !ends_sentence(""));
    }

    #[test]
    fn an_entry_of_a_list_is_known_by_its_mark() {
        for line in ["- milk", "• milk", "1. milk", "12) milk", "| a | b |"] {
            assert!(begins_entry(line), "{line}");
        }
        for line in ["milk", "-5 degrees", "1984 was", "3.5 bar"] {
            assert!(!begins_entry(line), "{line}");
        }
    }
}
