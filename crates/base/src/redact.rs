//! Takes secrets and personal addresses out of text before it reaches any log, trace or error.
//!
//! What a thing is called decides first ([`is_secret_name`]); what it looks like decides next
//! ([`text`]), because a secret also turns up inside sentences.

use std::borrow::Cow;

/// Is the value behind a field of this name never to be shown?
pub fn is_secret_name(name: &str) -> bool {
    const COUNTS: [&str; 8] = [
        "tokens",
        "tokens_in",
        "tokens_out",
        "max_tokens",
        "tokens_total",
        "total_tokens",
        "token_count",
        "tokens_cached",
    ];
    // Every field of every log line comes through here: nothing is copied.
    let bytes = name.as_bytes();
    let has_secret_part = has_any(bytes, |first| match first {
        b'a' => &["authorization", "api_key", "apikey"],
        b'c' => &["cookie", "credential"],
        b'p' => &["password", "passwd", "private_key"],
        b's' => &["secret"],
        b't' => &["token"],
        _ => &[],
    });
    let ends_with =
        |it: &str| bytes.len() >= it.len() && begins(&bytes[bytes.len() - it.len()..], it);
    has_secret_part && !COUNTS.iter().any(|it| ends_with(it))
}

/// Does any word stand in the text? `words` gives those that begin with a letter.
fn has_any(text: &[u8], words: fn(u8) -> &'static [&'static str]) -> bool {
    text.iter().enumerate().any(|(at, first)| {
        words(first.to_ascii_lowercase()).iter().any(|it| begins(&text[at..], it))
    })
}

/// Does the text begin with a word? Capitals do not matter, nor which line joins the parts of a name.
fn begins(text: &[u8], word: &str) -> bool {
    let is_same = |(it, wanted): (&u8, &u8)| match wanted {
        b'_' => matches!(it, b'_' | b'-' | b'.'),
        _ => it.to_ascii_lowercase() == *wanted,
    };
    text.len() >= word.len() && text.iter().zip(word.as_bytes()).all(is_same)
}

/// The text with every secret and e-mail address in it replaced.
///
/// Known by their looks: application keys (`ck_live_…`, of which the prefix stays), model keys
/// (`sk-…`, `gsk_…`, `hf_…`), JSON web tokens, `Bearer …`, the password in an address with one,
/// `password=…` and its like, and e-mail addresses.
pub fn text(text: &str) -> Cow<'_, str> {
    if !may_hold_secret(text) {
        return Cow::Borrowed(text);
    }
    let without_passwords = addresses(text);
    let text = without_passwords.as_ref();
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut after_secret_name = false;
    for piece in words(text) {
        match piece {
            Piece::Gap(gap) => {
                if !gap.chars().all(|it| matches!(it, '=' | ':' | '"' | '\'' | ' ')) {
                    after_secret_name = false;
                }
                out.push_str(gap);
            }
            Piece::Word(word) => {
                let hidden = if after_secret_name && !is_bearer(word) {
                    Some(String::from("[redacted]"))
                } else {
                    hide(word)
                };
                after_secret_name = is_bearer(word)
                    || (after_secret_name && is_bearer(word))
                    || (is_secret_name(word) && !word.contains('@'));
                changed |= hidden.is_some();
                out.push_str(hidden.as_deref().unwrap_or(word));
            }
        }
    }
    if changed { Cow::Owned(out) } else { without_passwords }
}

/// What stands for a password where an address is explained; it hides nobody's.
const PLACEHOLDER: &str = "PASSWORD";

/// The text with the passwords taken out of its addresses: `postgres://app:…@db`.
fn addresses(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("://").map(|it| it + 3) {
        let is_end =
            |it: char| it.is_whitespace() || matches!(it, '/' | '?' | '#' | '"' | '\'' | '`');
        let end = rest[start..].find(is_end).map_or(rest.len(), |it| it + start);
        let authority = &rest[start..end];
        out.push_str(&rest[..start]);
        match authority.rsplit_once('@').and_then(|(who, host)| Some((who.split_once(':')?, host)))
        {
            Some(((user, password), host)) if password != PLACEHOLDER => {
                out.push_str(user);
                out.push_str(":[redacted]@");
                out.push_str(host);
            }
            _ => out.push_str(authority),
        }
        rest = &rest[end..];
    }
    if out.is_empty() || out.len() + rest.len() == text.len() && text.starts_with(&out) {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

enum Piece<'a> {
    Word(&'a str),
    Gap(&'a str),
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || matches!(it, '_' | '-' | '.' | '@' | '+' | '/' | '%' | '~')
}

fn words(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let wordly = is_word(first);
        let end = rest.find(|it| is_word(it) != wordly).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(if wordly { Piece::Word(piece) } else { Piece::Gap(piece) })
    })
}

fn may_hold_secret(text: &str) -> bool {
    has_any(text.as_bytes(), |first| match first {
        b'@' => &["@"],
        b'a' => &["authorization"],
        b'b' => &["bearer"],
        b'c' => &["cookie", "credential"],
        b'e' => &["eyj"],
        b'g' => &["gsk_"],
        b'h' => &["hf_"],
        b'k' => &["k_live_", "k_test_", "key"],
        b'p' => &["pass"],
        b's' => &["sk-", "secret"],
        b't' => &["token"],
        b'w' => &["whsec_"],
        _ => &[],
    })
}

fn is_bearer(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

fn hide(word: &str) -> Option<String> {
    for mark in ["_live_", "_test_"] {
        if let Some(at) = word.find(mark)
            && word.len() > at + mark.len() + 12
        {
            let keep = word.char_indices().nth(word[..at + mark.len()].chars().count() + 4);
            return Some(format!("{}…", &word[..keep.map_or(word.len(), |it| it.0)]));
        }
    }
    let bare = word.trim_matches(|it: char| !it.is_alphanumeric());
    let is_key =
        ["sk-", "gsk_", "hf_", "whsec_"].iter().any(|it| bare.starts_with(it)) && bare.len() >= 12;
    let is_jwt = bare.starts_with("eyJ") && bare.matches('.').count() == 2;
    if is_key || is_jwt {
        return Some("[redacted]".into());
    }
    let (name, host) = bare.split_once('@')?;
    let is_address = !name.is_empty() && host.contains('.') && !host.contains('/');
    is_address.then(|| "[address]".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        assert_eq!(text(given), expected);
    }

    #[test]
    fn a_sentence_without_secrets_is_left_alone() {
        check("Took snapshot 12 in 40 ms", "Took snapshot 12 in 40 ms");
        check("used tokens_in=120 tokens_out=30", "used tokens_in=120 tokens_out=30");
        check("the key of the row is BI-202", "the key of the row is BI-202");
    }

    #[test]
    fn an_application_key_keeps_its_prefix() {
        check("key ck_live_abcdEFGH1234567890abcdEFGH refused", "key ck_live_abcd… refused");
    }

    #[test]
    fn secrets_are_known_by_their_looks() {
        check("sent sk-abcdefghijklmnop upstream", "sent [redacted] upstream");
        check("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]");
        check("jwt eyJhbGciOi.eyJzdWIi.c2ln here", "jwt [redacted] here");
        check("mail to ann@example.com failed", "mail to [address] failed");
        check("signed with whsec_abcdefghijkl", "signed with [redacted]");
    }

    #[test]
    fn the_password_in_an_address_is_taken_out_whatever_it_holds() {
        check("at postgres://app:hunter2@db/main", "at postgres://app:[redacted]@db/main");
        check("postgres://app:h!u$n:t@er2@db:5432/a?b", "postgres://app:[redacted]@db:5432/a?b");
        check("from http://a/b to https://u:p@h", "from http://a/b to https://u:[redacted]@h");
        check("see https://host:80/a@b", "see https://host:80/a@b");
        check("at postgres://app:password@db/main", "at postgres://app:[redacted]@db/main");
    }

    #[test]
    fn an_address_that_is_explained_is_left_alone() {
        let help =
            "a database address is `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`";
        check(help, help);
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        check("password=hunter2 given", "password=[redacted] given");
        check(r#"{"client_secret": "abc", "a": 1}"#, r#"{"client_secret": "[redacted]", "a": 1}"#);
        assert!(is_secret_name("X-Api-Key"));
        assert!(!is_secret_name("max_tokens"));
    }
}
