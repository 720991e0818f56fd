//! What a request brings of the cookies of a session, and of which page it tells.

use std::sync::OnceLock;

use axum::http::{HeaderMap, HeaderName, header};
use base::Secret;
use identity::Credential;

use crate::{
    dispatch::{is_of_origin, text_of},
    problem::Problem,
};

/// The header in which a page says the CSRF token.
pub(crate) const CSRF_HEADER: &str = "X-CSRF-Token";

/// No token of this server is longer, and no browser keeps more in a cookie.
const LONGEST: usize = 4096;

/// The cookies of a request.
#[derive(Debug)]
pub(crate) struct Jar {
    session: Kept,
    refresh: Kept,
    /// The token against forged requests, which the header brings and never the cookie: that comes by itself.
    csrf: Option<Secret<String>>,
    page: Page,
    /// The caller is known by the cookie of the session, and by nothing else.
    used: OnceLock<()>,
}

/// What a cookie holds.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    Nothing,
    One(Secret<String>),
    /// Two of its name that differ, or what never was a token.
    Unclear,
}

/// Whose page sent the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// One of this server.
    Own,
    /// Nothing is said of a page: no browser sent it, or an old one.
    Untold,
    /// One of another origin, also where it belongs to the same site.
    Other,
}

impl Jar {
    /// Reads the cookies of these names.
    pub(super) fn read(headers: &HeaderMap, session: &str, refresh: &str) -> Self {
        let csrf = headers.get(HeaderName::from_static("x-csrf-token"));
        let csrf = csrf.and_then(|it| it.to_str().ok()).map(str::trim);
        Self {
            session: Kept::of(headers, session),
            refresh: Kept::of(headers, refresh),
            csrf: csrf.filter(|it| !it.is_empty()).map(|it| Secret::new(it.to_owned())),
            page: Page::of(headers),
            used: OnceLock::new(),
        }
    }

    /// What the cookie of the session says of who calls, for a request that says nothing else.
    ///
    /// # Errors
    /// `token_invalid`.
    pub(crate) fn credential(&self) -> Result<Option<Credential>, Problem> {
        if self.session != Kept::Nothing {
            let _ = self.used.set(());
        }
        Ok(self.session.token()?.map(Credential::Token))
    }

    /// Is the caller known by the cookie?
    pub(crate) fn is_used(&self) -> bool {
        self.used.get().is_some()
    }

    pub(super) fn refresh_token(&self) -> Result<Option<Secret<String>>, Problem> {
        self.refresh.token()
    }

    pub(super) fn csrf_token(&self) -> Option<&Secret<String>> {
        self.csrf.as_ref()
    }

    /// Is it certain that a page of this server sent it?
    pub(super) fn is_of_own_page(&self) -> bool {
        self.page == Page::Own
    }

    /// Is it certain that a page of another origin did?
    pub(super) fn is_of_another_page(&self) -> bool {
        self.page == Page::Other
    }
}

impl Kept {
    fn of(headers: &HeaderMap, name: &str) -> Self {
        let named = pairs(headers).filter(|it| it.0 == name.as_bytes());
        let mut values = named.map(|it| it.1).filter(|it| !it.is_empty());
        let Some(first) = values.next() else { return Self::Nothing };
        // Which of two is the right one nobody can tell: somebody else of the same domain may have set the other.
        if first.len() > LONGEST || values.any(|it| it != first) {
            return Self::Unclear;
        }
        match std::str::from_utf8(first) {
            Ok(text) => Self::One(Secret::new(text.to_owned())),
            Err(_) => Self::Unclear,
        }
    }

    fn token(&self) -> Result<Option<Secret<String>>, Problem> {
        match self {
            Self::Nothing => Ok(None),
            Self::One(token) => Ok(Some(token.clone())),
            Self::Unclear => {
                let detail = "The cookie holds no token of this server, or is there twice.";
                Err(Problem::new("token_invalid", detail).hint("remove the cookies, and sign in"))
            }
        }
    }
}

impl Page {
    fn of(headers: &HeaderMap) -> Self {
        // A browser says itself whose page it is, and no page has a say in it. That holds also where a proxy gives
        // the server another name than the one that the browser asked.
        match text_of(headers, "sec-fetch-site").as_deref() {
            Some("same-origin" | "none") => Self::Own,
            Some(_) => Self::Other,
            None if !headers.contains_key(header::ORIGIN) => Self::Untold,
            None => match text_of(headers, "origin") {
                Some(_) if is_of_origin(headers, &[]) => Self::Own,
                _ => Self::Other,
            },
        }
    }
}

/// Names and values of all cookies. Those of others, on the same domain, may hold anything.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let all = headers.get_all(header::COOKIE).iter();
    all.flat_map(|it| it.as_bytes().split(|it| *it == b';')).filter_map(|it| {
        let at = it.iter().position(|it| *it == b'=')?;
        Some((it[..at].trim_ascii(), it[at + 1..].trim_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use rstest::rstest;

    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header");
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    }

    fn one(text: &str) -> Kept {
        Kept::One(Secret::new(text.to_owned()))
    }

    #[rstest]
    #[case(&[], Kept::Nothing)]
    #[case(&["other=1; name"], Kept::Nothing)]
    #[case(&["name="], Kept::Nothing)]
    #[case(&["a=ü; name=x.y ;b=2"], one("x.y"))]
    #[case(&["a=1", "name=x"], one("x"))]
    #[case(&["name=x; name=x"], one("x"))]
    #[case(&["name=x; name=y"], Kept::Unclear)]
    #[case(&["name=x", "name=y"], Kept::Unclear)]
    #[case(&["my-name=x; names=y"], Kept::Nothing)]
    fn a_cookie_is_found_among_others_and_two_that_differ_are_none(
        #[case] lines: &[&str],
        #[case] expected: Kept,
    ) {
        let lines: Vec<_> = lines.iter().map(|it| ("cookie", *it)).collect();
        assert_eq!(Kept::of(&headers(&lines), "name"), expected);
    }

    #[test]
    fn a_huge_cookie_is_not_even_looked_at() {
        let line = format!("name={}", "x".repeat(LONGEST + 1));
        assert_eq!(Kept::of(&headers(&[("cookie", &line)]), "name"), Kept::Unclear);
    }

    #[rstest]
    #[case(&[], Page::Untold)]
    #[case(&[("origin", "https://here.example")], Page::Own)]
    #[case(&[("origin", "https://evil.example")], Page::Other)]
    #[case(&[("origin", "null")], Page::Other)]
    #[case(&[("origin", "")], Page::Other)]
    #[case(&[("sec-fetch-site", "same-origin"), ("origin", "https://behind.a.proxy")], Page::Own)]
    #[case(&[("sec-fetch-site", "none")], Page::Own)]
    #[case(&[("sec-fetch-site", "same-site")], Page::Other)]
    #[case(&[("sec-fetch-site", "cross-site"), ("origin", "https://here.example")], Page::Other)]
    fn a_page_of_another_origin_is_told_apart(
        #[case] said: &[(&'static str, &str)],
        #[case] expected: Page,
    ) {
        let mut headers = headers(said);
        headers.insert("host", HeaderValue::from_static("here.example"));
        assert_eq!(Page::of(&headers), expected);
    }
}
