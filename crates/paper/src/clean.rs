//! Texts of others made fit to be drawn. No character is refused: what steers is left out, what ends a
//! line becomes one kind of end.

/// The paragraphs of a text: without what steers terminals or turns the direction of what follows, and
/// with spaces for what moves to a place in the line.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let mut last = String::new();
    let mut chars = text.chars().peekable();
    while let Some(it) = chars.next() {
        match it {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                paragraphs.push(std::mem::take(&mut last));
            }
            '\t' => last.push_str("    "),
            it if is_left_out(it) => {}
            it => last.push(it),
        }
    }
    paragraphs.push(last);
    paragraphs
}

/// A text in one line.
pub(crate) fn line(text: &str) -> String {
    let joined = paragraphs(text).join(" ");
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_left_out(it: char) -> bool {
    it.is_control()
        || matches!(
            it,
            // Invisible: joins, breaks, marks of order, variants, tags.
            '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'
            // What turns the direction of text until somebody turns it back.
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
            // No characters.
            | '\u{fdd0}'..='\u{fdef}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_line_ends_a_paragraph() {
        assert_eq!(paragraphs("a\r\nb\rc\nd\u{2029}e"), ["a", "b", "c", "d", "e"]);
        assert_eq!(paragraphs(""), [""]);
        assert_eq!(paragraphs("a\n\nb"), ["a", "", "b"]);
    }

    #[test]
    fn what_steers_is_left_out_and_tabs_are_spaces() {
        assert_eq!(paragraphs("a\u{1b}[2Jb\u{0}\u{7f}\tc"), ["a[2Jb    c"]);
        assert_eq!(paragraphs("a\u{202e}b\u{2066}c\u{feff}"), ["abc"]);
    }

    #[test]
    fn a_title_has_one_line() {
        assert_eq!(line(" A \n\n title\u{0}\t. "), "A title .");
    }
}
