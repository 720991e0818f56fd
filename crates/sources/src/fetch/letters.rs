//! The text of an answer: out of its bytes, and out of what it is wrapped in.

use serde_json::Value as Json;

/// What a field of a JSON answer holds; an answer that is none is taken as it is.
pub(super) fn unwrapped(text: String, field: &str) -> String {
    let inner = serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')).ok();
    let inner = inner.as_ref().and_then(|it| it.get(field)?.as_str().map(str::to_owned));
    inner.unwrap_or(text)
}

/// Bytes as text: by what the site says of its letters, else by what the page says, else UTF-8. What
/// no database keeps is left out.
pub(crate) fn decoded(bytes: &[u8], charset: Option<&str>, media_type: &str) -> String {
    let said = charset.map(str::to_owned).or_else(|| {
        let is_page = media_type.contains("html") || media_type.contains("xml");
        is_page.then(|| charset_within(bytes)).flatten()
    });
    let encoding = said.and_then(|it| encoding_rs::Encoding::for_label(it.as_bytes()));
    let (text, _, _) = encoding.unwrap_or(encoding_rs::UTF_8).decode(bytes);
    match text.contains('\0') {
        true => text.replace('\0', ""),
        false => text.into_owned(),
    }
}

/// What the head of a page says of its letters.
fn charset_within(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2_048)]).to_ascii_lowercase();
    let at = head.find("charset=")? + "charset=".len();
    let rest = head[at..].trim_start_matches(['"', '\'']);
    let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '-' | '_')));
    Some(rest[..end.unwrap_or(rest.len())].to_owned()).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_unwrapped_where_it_is_wrapped() {
        assert_eq!(unwrapped(r#"{"html": "<p>a</p>"}"#.into(), "html"), "<p>a</p>");
        assert_eq!(unwrapped("<p>a</p>".into(), "html"), "<p>a</p>");
        assert_eq!(unwrapped(r#"{"other": 1}"#.into(), "html"), r#"{"other": 1}"#);
    }

    #[test]
    fn letters_are_read_as_the_site_or_the_page_says() {
        assert_eq!(decoded(b"caf\xe9", Some("iso-8859-1"), "text/html"), "café");
        let page = b"<html><head><meta charset=\"windows-1252\"></head>caf\xe9</html>";
        assert!(decoded(page, None, "text/html").contains("café"));
        assert_eq!(decoded("café\0".as_bytes(), None, "text/csv"), "café");
    }
}
