//! How far a walk through a site is: what was seen, what waits, what came of it. No network here.

use std::collections::{HashSet, VecDeque};

use base::DocumentId;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    extract::Extracted,
    web::{Fetched, PageError, fetch},
};

/// Addresses that are asked for each page that is wanted: a site may have many that lead nowhere.
const ATTEMPTS_PER_PAGE: u32 = 3;
/// Addresses that are looked at for each page that is wanted; a site with more has enough of them.
const SEEN_PER_PAGE: usize = 10;
/// The longest address, in bytes.
const ADDRESS_MAX: usize = 2_048;
/// Bytes of addresses that wait their turn.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// Faults that the result names.
const FAULTS_MAX: usize = 100;

/// How far a job is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Addresses that were asked, or wait: a number of each.
    seen: HashSet<u64>,
    pub(super) waiting: VecDeque<String>,
    /// The site, once its first page was found: it may be somewhere else than it was asked for.
    pub(super) site: Option<String>,
    /// Addresses that were asked.
    attempts: u32,
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
            seen: HashSet::from([number(&start)]),
            waiting: VecDeque::from([start]),
            ..Self::default()
        }
    }

    /// The next address to be asked; none when there are no more, or it has been enough.
    pub(super) fn next(&mut self, pages_max: u32) -> Option<String> {
        let is_enough =
            self.pages >= pages_max || self.attempts >= pages_max.saturating_mul(ATTEMPTS_PER_PAGE);
        let next = self.waiting.pop_front().filter(|_| !is_enough)?;
        self.attempts += 1;
        Some(next)
    }

    /// Puts the links of a page in line that lead to pages of the same site, as many as may be asked.
    pub(super) fn note(&mut self, found: &Url, read: &Extracted, pages_max: u32) {
        let base = read.base.as_deref().and_then(|it| found.join(it).ok());
        let base = base.as_ref().unwrap_or(found);
        let seen_max = SEEN_PER_PAGE.saturating_mul(pages_max as usize);
        let mut bytes: usize = self.waiting.iter().map(String::len).sum();
        for link in &read.links {
            if self.seen.len() >= seen_max {
                return;
            }
            let Ok(mut url) = base.join(link) else { continue };
            url.set_fragment(None);
            let is_here = self.site.as_deref() == Some(&fetch::site(&url));
            if !is_here || !looks_like_page(&url) {
                continue;
            }
            let url = String::from(url);
            let fits = url.len() <= ADDRESS_MAX && bytes + url.len() <= WAITING_BYTES_MAX;
            if fits && self.seen.insert(number(&url)) {
                bytes += url.len();
                self.waiting.push_back(url);
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
        // Nobody was asked for it.
        if matches!(error, PageError::Robots | PageError::Address(_)) {
            self.attempts = self.attempts.saturating_sub(1);
        }
        if self.faults.len() < FAULTS_MAX {
            let (code, message) = (error.code().to_owned(), error.to_string());
            self.faults.push(Fault { url, code, message });
        }
    }
}

/// A number that no two addresses of a site have, but by the rarest chance, and then one is missed.
fn number(url: &str) -> u64 {
    let digest = Sha256::digest(url.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes)
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
        let mut walk = Walk::from(&start);
        walk.next(10);
        walk.site = Some(fetch::site(&start));
        walk.note(&start, &read(links, base), 10);
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

    fn of_dead_links(pages_max: u32) -> Walk {
        let start = Url::parse("https://example.com/docs/").unwrap();
        let mut walk = Walk::from(&start);
        walk.next(pages_max);
        (walk.site, walk.pages) = (Some(fetch::site(&start)), 1);
        let links: Vec<String> = (0..2_000).map(|it| format!("/page-{it}")).collect();
        let links: Vec<&str> = links.iter().map(String::as_str).collect();
        walk.note(&start, &read(&links, None), pages_max);
        walk
    }

    #[test]
    fn a_site_of_dead_links_is_asked_for_three_times_as_many_as_are_wanted() {
        let mut walk = of_dead_links(10);
        while let Some(next) = walk.next(10) {
            walk.fault(next, &PageError::Unreachable("gone".into()));
        }
        assert_eq!((walk.attempts, walk.pages), (30, 1));
        // What is not allowed is asked of nobody; but there is an end to it, too.
        let mut walk = of_dead_links(10);
        let mut looked_at = 0;
        while let Some(next) = walk.next(10) {
            walk.fault(next, &PageError::Robots);
            looked_at += 1;
        }
        assert_eq!((walk.attempts, looked_at), (1, 99));
    }

    #[test]
    fn what_a_job_remembers_has_an_end_whatever_a_site_links_to() {
        let start = Url::parse("https://example.com/").unwrap();
        let mut walk = Walk { site: Some(fetch::site(&start)), ..Walk::default() };
        for page in 0..20 {
            let long = "x".repeat(1_900);
            let links: Vec<String> = (0..500).map(|it| format!("/{page}/{it}/{long}")).collect();
            let links: Vec<&str> = links.iter().map(String::as_str).collect();
            walk.note(&start, &read(&links, None), 100);
        }
        assert!(json!(walk).to_string().len() < 512 * 1024);
        let too_long = "y".repeat(3_000);
        let mut walk = Walk { site: Some(fetch::site(&start)), ..Walk::default() };
        walk.note(&start, &read(&[&too_long, "z"], None), 100);
        assert_eq!(walk.waiting, ["https://example.com/z"]);
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
