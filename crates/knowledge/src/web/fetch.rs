//! Fetching one page, within the bounds of the settings: [`outside`] asks, this counts and waits.

use std::time::Duration;

use bytes::Bytes;
use outside::{Ask, Bounds, Failure, Outside, Url};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use tokio::time::timeout;

use super::PageError;
use crate::{
    metric,
    settings::{Web, span},
};

pub(super) use outside::site;

/// What this program likes to get, best first.
const ACCEPTED: &str = "text/html,application/xhtml+xml,text/markdown,text/plain;q=0.9,\
                        application/pdf;q=0.8,*/*;q=0.1";

/// Fetches addresses. Clones share connections and what sites have said.
#[derive(Clone)]
pub(crate) struct Fetcher {
    outside: Outside,
    web: Web,
}

/// What came back.
#[derive(Clone)]
pub(crate) struct Fetched {
    /// What was asked for.
    pub(crate) asked: Url,
    /// Where it was, after redirects.
    pub(crate) found: Url,
    /// What it is, as the site says.
    pub(crate) media_type: String,
    /// All of it, unpacked.
    pub(crate) bytes: Bytes,
}

impl Fetched {
    /// A name that breaks ties between kinds of text.
    pub(crate) fn name(&self) -> String {
        let last = self.found.path().rsplit('/').next().unwrap_or_default();
        match self.media_type.as_str() {
            "text/html" | "application/xhtml+xml" => "page.html".into(),
            "text/markdown" => "page.md".into(),
            "text/csv" => "page.csv".into(),
            "text/plain" if !last.contains('.') => "page.txt".into(),
            _ => last.to_owned(),
        }
    }
}

impl Fetcher {
    /// With the bounds of the settings.
    pub(crate) fn new(web: &Web) -> Result<Self, reqwest::Error> {
        Ok(Self { outside: Outside::open(web.policy())?, web: web.clone() })
    }

    /// The page at this address.
    ///
    /// # Errors
    /// [`PageError`] says why there is none.
    pub(crate) async fn fetch(&self, url: Url) -> Result<Fetched, PageError> {
        let most = span(self.web.time_max);
        let fetched = timeout(most, self.page(url)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(PageError::TooSlow(most.as_secs())));
        let outcome = fetched.as_ref().map_or_else(PageError::code, |_| "fetched");
        metric::PAGES.increment(&[outcome]);
        fetched
    }

    /// The pause between two pages of a site.
    pub(crate) async fn pause(&self, url: &Url) -> Duration {
        let own = span(self.web.pause);
        if !self.web.robots {
            return own;
        }
        // What a site does not say in this time it has not said.
        let asked = self.outside.delay(url, span(self.web.time_max)).await;
        asked.unwrap_or_default().max(own)
    }

    async fn page(&self, url: Url) -> Result<Fetched, PageError> {
        let bounds = Bounds {
            bytes_max: self.web.bytes_max,
            redirects_max: self.web.redirects_max,
            robots: self.web.robots,
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        let got = self.outside.ask(Ask { url, body: None, headers, bounds }).await?;
        let (asked, found) = (got.asked, got.found);
        Ok(Fetched { asked, found, media_type: got.media_type, bytes: got.bytes })
    }
}

impl From<Failure> for PageError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Address(refused) => Self::Address(refused),
            Failure::Robots => Self::Robots,
            Failure::TooLarge(most) => Self::TooLarge(most),
            Failure::Unreachable(why) => Self::Unreachable(why),
            Failure::Status { status, .. } => {
                Self::Unreachable(format!("the site answered {status}"))
            }
        }
    }
}

/// Shows where it was and how much it is.
impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetched")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(url: &str, media_type: &str) -> Fetched {
        let url = Url::parse(url).unwrap();
        let (asked, media_type) = (url.clone(), media_type.to_owned());
        Fetched { asked, found: url, media_type, bytes: Bytes::new() }
    }

    #[test]
    fn what_a_site_says_breaks_ties_between_texts() {
        assert_eq!(fetched("https://a/b", "text/html").name(), "page.html");
        assert_eq!(fetched("https://a/b.csv", "text/plain").name(), "b.csv");
        assert_eq!(fetched("https://a/b", "text/plain").name(), "page.txt");
        assert_eq!(fetched("https://a/b.md", "").name(), "b.md");
    }
}
