//! How far a walk through a site is: what was seen, what waits, what came of it. No network here.

use std::collections::{HashSet, VecDeque};

use base::DocumentId;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::{
    extract::Extracted,
    web::{Fetched, PageError, fetch},
};

/// Addresses that wait their turn; a site with more has enough of them.
const WAITING_MAX: usize = 5_000;
/// Faults that the result names.
const FAULTS_MAX: usize = 100;

/// How far a job is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Addresses that were asked, or wait.
    pub(super) seen: HashSet<String>,
    pub(super) waiting: VecDeque<String>,
    /// The site, once its first page was found: it may be somewhere else than it was asked for.
    pub(super) site: Option<String>,
    /// Pages that were fetched.
    pub(super) pages: u32,
    pub(super) documents: Vec<DocumentId>,
    pub(super) faults: Vec<Fault>,
    /// The text of all pages, where they become one document. Not kept: that job begins anew.
    #[serde(skip)]
    pub(super) together: String,
    #[serde(skip)]
    pub(super) title: Option<String>,
}

/// A page that did not become a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fault {
    url: String,
    code: String,
    message: String,
}

impl Walk {
    /// The beginning: one address waits.
    pub(super) fn from(start: &Url) -> Self {
        let start = start.to_string();
        Self {
            seen: HashSet::from([start.clone()]),
            waiting: VecDeque::from([start]),
            ..Self::default()
        }
    }

    /// Puts the links of a page in line that lead to pages of the same site.
    pub(super) fn note(&mut self, found: &Url, read: &Extracted) {
        let base = read.base.as_deref().and_then(|it| found.join(it).ok());
        let base = base.as_ref().unwrap_or(found);
        for link in &read.links {
            if self.waiting.len() >= WAITING_MAX {
                return;
            }
            let Ok(mut url) = base.join(link) else { continue };
            url.set_fragment(None);
            let is_here = self.site.as_deref() == Some(&fetch::site(&url));
            if is_here && looks_like_page(&url) && self.seen.insert(url.to_string()) {
                self.waiting.push_back(url.to_string());
            }
        }
    }

    pub(super) fn add(&mut self, fetched: &Fetched, read: Option<Extracted>) {
        let Some(read) = read else { return };
        let title = read.title.unwrap_or_else(|| fetched.asked.to_string());
        self.title.get_or_insert_with(|| title.clone());
        self.together.push_str(&format!("# {title}\n\n{}\n", fetched.asked));
        for page in read.pages {
            self.together.push('\n');
            self.together.push_str(&page.text);
            self.together.push('\n');
        }
        self.together.push('\n');
    }

    pub(super) fn fault(&mut self, url: String, error: &PageError) {
        if self.faults.len() < FAULTS_MAX {
            let (code, message) = (error.code().to_owned(), error.to_string());
            self.faults.push(Fault { url, code, message });
        }
    }
}

/// Pictures, programs and the like are links too, and hold no text.
fn looks_like_page(url: &Url) -> bool {
    const OTHERS: [&str; 22] = [
        "png", "jpg", "jpeg", "gif", "webp", "svg", "ico", "css", "js", "mjs", "woff", "woff2",
        "zip", "gz", "tar", "exe", "dmg", "mp3", "mp4", "webm", "avi", "mov",
    ];
    let last = url.path().rsplit('/').next().unwrap_or_default();
    let ending = last.rsplit_once('.').map(|it| it.1.to_ascii_lowercase());
    ending.is_none_or(|it| !OTHERS.contains(&it.as_str()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::extract::{Page, Verdict};

    fn read(links: &[&str], base: Option<&str>) -> Extracted {
        let pages = vec![Page { number: None, text: "Text.".into() }];
        Extracted {
            title: Some("Title".into()),
            links: links.iter().map(|it| (*it).to_owned()).collect(),
            base: base.map(str::to_owned),
            verdict: Verdict::on(&pages, Vec::new()),
            pages,
        }
    }

    #[track_caller]
    fn check(links: &[&str], base: Option<&str>, expected: &[&str]) {
        let start = Url::parse("https://example.com/docs/").unwrap();
        let seen = HashSet::from([start.to_string()]);
        let mut walk = Walk { seen, site: Some(fetch::site(&start)), ..Walk::default() };
        walk.note(&start, &read(links, base));
        assert_eq!(walk.waiting, expected);
    }

    #[test]
    fn only_pages_of_the_same_site_are_put_in_line_and_each_once() {
        check(
            &["a.html", "a.html#part", "/b", "https://example.com/docs/", "https://other.com/c"],
            None,
            &["https://example.com/docs/a.html", "https://example.com/b"],
        );
        check(&["mailto:ann@example.com", "javascript:void(0)", "logo.PNG"], None, &[]);
        check(&["a"], Some("/guide/"), &["https://example.com/guide/a"]);
    }

    #[test]
    fn how_far_a_job_is_can_be_kept_and_read_again() {
        let mut walk = Walk { pages: 2, ..Walk::default() };
        walk.waiting.push_back("https://example.com/a".into());
        walk.documents.push(DocumentId::generate());
        let kept: Walk = serde_json::from_value(json!(walk)).unwrap();
        assert_eq!((kept.pages, kept.waiting, kept.documents), (2, walk.waiting, walk.documents));
    }

    #[test]
    fn a_document_of_all_pages_says_where_each_is_from() {
        let url = Url::parse("https://example.com/a").unwrap();
        let fetched = Fetched {
            asked: url.clone(),
            found: url,
            media_type: "text/html".into(),
            bytes: Bytes::new(),
        };
        let mut walk = Walk::default();
        walk.add(&fetched, Some(read(&[], None)));
        walk.add(&fetched, None);
        assert_eq!(walk.together, "# Title\n\nhttps://example.com/a\n\nText.\n\n");
        assert_eq!(walk.title.as_deref(), Some("Title"));
    }
}
