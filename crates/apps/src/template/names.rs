//! The names that a template uses, and where: variables, filters, tests, other templates.
//!
//! minijinja meets an unknown filter only when it runs it; a check wants to know before. This
//! reads a template just far enough for that: delimiters, texts, names and what stands before them.

use crate::marked::Place;

/// A name that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// What it is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Variable,
    Filter,
    Test,
    Template,
}

/// All of them, in the order of the text.
pub(crate) fn of(text: &str) -> Vec<Name> {
    let mut reader = Reader { text, at: 0, place: Place::START, names: Vec::new() };
    reader.run();
    reader.names
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    place: Place,
    names: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Sign(char),
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if rest.starts_with("{#") {
                let end = rest.find("#}").map_or(rest.len(), |it| it + 2);
                self.skip(end);
            } else if rest.starts_with("{{") || rest.starts_with("{%") {
                let close = if rest.starts_with("{{") { "}}" } else { "%}" };
                self.skip(2);
                let tokens = self.code(close);
                if tokens.first().is_some_and(|(it, _)| *it == Token::Word("raw")) {
                    let rest = &self.text[self.at..];
                    let end = rest.find("endraw").map_or(rest.len(), |it| it + "endraw".len());
                    self.skip(end);
                }
                self.read(&tokens, close == "%}");
            } else {
                let step = rest.chars().next().map_or(1, char::len_utf8);
                self.skip(step);
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        for it in self.text[self.at..end].chars() {
            if it == '\n' {
                self.place.line += 1;
                self.place.column = 1;
            } else {
                self.place.column += 1;
            }
        }
        self.at = end;
    }

    /// The tokens up to `close`.
    fn code(&mut self, close: &str) -> Vec<(Token<'a>, Place)> {
        let mut tokens = Vec::new();
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if rest.starts_with(close) {
                self.skip(2);
                break;
            }
            let Some(first) = rest.chars().next() else { break };
            let place = self.place;
            if first == '"' || first == '\'' {
                let mut escaped = false;
                let end = rest[1..]
                    .find(|it: char| {
                        let ends = it == first && !escaped;
                        escaped = it == '\\' && !escaped;
                        ends
                    })
                    .map_or(rest.len(), |it| it + 1);
                tokens.push((Token::Text(&rest[1..end]), place));
                self.skip(end + 1);
            } else if first.is_alphabetic() || first == '_' {
                let end =
                    rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
                tokens.push((Token::Word(&rest[..end]), place));
                self.skip(end);
            } else if first.is_ascii_digit() {
                let end = rest.find(|it: char| !it.is_alphanumeric()).unwrap_or(rest.len());
                self.skip(end);
            } else {
                if !(first.is_whitespace() || (first == '-' && tokens.is_empty())) {
                    tokens.push((Token::Sign(first), place));
                }
                self.skip(first.len_utf8());
            }
        }
        tokens
    }

    fn read(&mut self, tokens: &[(Token<'a>, Place)], is_statement: bool) {
        const WORDS: [&str; 44] = [
            "if",
            "else",
            "elif",
            "endif",
            "for",
            "in",
            "endfor",
            "recursive",
            "set",
            "endset",
            "block",
            "endblock",
            "macro",
            "endmacro",
            "call",
            "endcall",
            "filter",
            "endfilter",
            "with",
            "endwith",
            "without",
            "context",
            "import",
            "from",
            "as",
            "include",
            "extends",
            "ignore",
            "missing",
            "and",
            "or",
            "not",
            "is",
            "true",
            "false",
            "none",
            "True",
            "False",
            "None",
            "raw",
            "endraw",
            "do",
            "break",
            "continue",
        ];
        let word = |at: Option<usize>| match at.and_then(|it| tokens.get(it)) {
            Some((Token::Word(word), _)) => Some(*word),
            _ => None,
        };
        let sign = |at: Option<usize>| match at.and_then(|it| tokens.get(it)) {
            Some((Token::Sign(sign), _)) => Some(*sign),
            _ => None,
        };
        let statement = if is_statement { word(Some(0)) } else { None };
        for (at, (token, place)) in tokens.iter().enumerate() {
            let before = at.checked_sub(1);
            let kind = match token {
                Token::Sign(_) => continue,
                Token::Text(_) => match word(before) {
                    Some("import" | "include" | "from" | "extends") if is_statement => {
                        Kind::Template
                    }
                    _ => continue,
                },
                Token::Word(text) => {
                    let is_test = word(before) == Some("is")
                        || (word(before) == Some("not") && word(at.checked_sub(2)) == Some("is"));
                    let is_keyword_argument = sign(Some(at + 1)) == Some('=')
                        && sign(Some(at + 2)) != Some('=')
                        && matches!(sign(before), Some('(' | ','))
                        && statement != Some("set");
                    if sign(before) == Some('|') || (at == 1 && statement == Some("filter")) {
                        Kind::Filter
                    } else if is_test && *text != "not" {
                        Kind::Test
                    } else if sign(before) == Some('.')
                        || is_keyword_argument
                        || WORDS.contains(text)
                    {
                        continue;
                    } else {
                        Kind::Variable
                    }
                }
            };
            let text = match token {
                Token::Word(it) | Token::Text(it) => (*it).to_owned(),
                Token::Sign(_) => continue,
            };
            self.names.push(Name { kind, text, place: *place });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, kind: Kind) -> Vec<String> {
        of(text)
            .into_iter()
            .filter(|it| it.kind == kind)
            .map(|it| format!("{}:{}:{}", it.text, it.place.line, it.place.column))
            .collect()
    }

    const TEXT: &str = "{# |nothing #}\n{%- from 'a.jinja' import m -%}\n{{ items|first|find(\"a|b }} {{ \\\" x\", n=3) }}\n{% if x.y is not matching('q') and z is defined %}{% raw %}{{ |no }}{% endraw %}{% endif %}\n{% filter upper %}t{% endfilter %}";

    #[test]
    fn filters_and_tests_are_found_where_they_stand() {
        assert_eq!(all(TEXT, Kind::Filter), ["first:3:10", "find:3:16", "upper:5:11"]);
        assert_eq!(all(TEXT, Kind::Test), ["matching:4:18", "defined:4:41"]);
        assert_eq!(all(TEXT, Kind::Template), ["a.jinja:2:10"]);
    }

    #[test]
    fn attributes_and_keyword_arguments_are_no_variables() {
        assert_eq!(all(TEXT, Kind::Variable), ["m:2:27", "items:3:4", "x:4:7", "z:4:36"]);
    }

    #[test]
    fn half_a_template_is_read_without_complaint() {
        for text in ["{{", "{% if", "{{ 'open", "{#", "{{ a|", "ä{{ ü }}"] {
            of(text);
        }
    }
}
