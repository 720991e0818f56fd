//! Fetching one address: looked at before it is asked and again at each redirect, within bounds of
//! time and size, and only where the site allows it.

use std::{
    error::Error as StdError,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, LOCATION},
};
use tokio::time::timeout;

use super::{
    PageError,
    address::{self, OpenNetwork, Refused},
    robots::{self, Robots},
    rules::Rules,
};
use crate::{
    metric,
    settings::{Web, span},
    vector::http,
};

/// What this program likes to get, best first.
const ACCEPTED: &str = "text/html,application/xhtml+xml,text/markdown,text/plain;q=0.9,\
                        application/pdf;q=0.8,*/*;q=0.1";
/// Fetches addresses. Clones share connections and what sites have said.
#[derive(Clone)]
pub(crate) struct Fetcher {
    client: Client,
    web: Web,
    known: Arc<Mutex<Rules>>,
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

/// One answer: something, or somewhere else.
enum Answer {
    Here(Response),
    There(Url),
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
        let network = Arc::new(OpenNetwork { allow_private: web.allow_private });
        let client = http::client(|it| {
            it.dns_resolver(network.clone())
                .referer(false)
                // What is unpacked is counted, so that a small answer never becomes a large one.
                .gzip(true)
        })?;
        Ok(Self { client, web: web.clone(), known: Arc::default() })
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
        // A site that takes for ever to say it has said nothing.
        let rules = timeout(span(self.web.time_max), self.rules(url)).await;
        let asked = rules.ok().and_then(Result::ok).and_then(|it| it.delay());
        asked.unwrap_or_default().max(own)
    }

    async fn page(&self, asked: Url) -> Result<Fetched, PageError> {
        let mut url = asked.clone();
        for _ in 0..=self.web.redirects_max {
            address::allowed(&url, &self.web)?;
            if self.web.robots && !self.rules(&url).await?.allows(&path(&url)) {
                return Err(PageError::Robots);
            }
            match self.ask(&url).await? {
                Answer::There(next) => url = next,
                Answer::Here(response) if response.status().is_success() => {
                    let media_type = media_type(&response);
                    let bytes = body(response, self.web.bytes_max).await?;
                    return Ok(Fetched { asked, found: url, media_type, bytes });
                }
                Answer::Here(response) => {
                    let status = response.status();
                    return Err(PageError::Unreachable(format!("the site answered {status}")));
                }
            }
        }
        let most = self.web.redirects_max;
        Err(PageError::Unreachable(format!("it is redirected more than {most} times")))
    }

    async fn ask(&self, url: &Url) -> Result<Answer, PageError> {
        let sent = self.client.get(url.clone()).header(ACCEPT, ACCEPTED).send().await;
        let response = sent.map_err(|it| failed(&it))?;
        let is_elsewhere = matches!(
            response.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let place = response.headers().get(LOCATION).filter(|_| is_elsewhere);
        match place.and_then(|it| it.to_str().ok()) {
            Some(place) => {
                let mut next = url.join(place).map_err(|_| Refused::Malformed)?;
                next.set_fragment(None);
                Ok(Answer::There(next))
            }
            None => Ok(Answer::Here(response)),
        }
    }

    /// What the site of an address says to programs.
    async fn rules(&self, url: &Url) -> Result<Arc<Robots>, PageError> {
        let site = site(url);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rules) = known().get(&site, Instant::now()) {
            return Ok(rules);
        }
        let rules = Arc::new(self.read_rules(url).await?);
        known().put(site, rules.clone(), Instant::now());
        Ok(rules)
    }

    /// A site without rules has none; one whose rules cannot be had right now is left alone, and asked
    /// again the next time.
    async fn read_rules(&self, url: &Url) -> Result<Robots, PageError> {
        let mut place = url.join("/robots.txt").map_err(|_| Refused::Malformed)?;
        for _ in 0..=self.web.redirects_max {
            address::allowed(&place, &self.web)?;
            match self.ask(&place).await? {
                Answer::There(next) => place = next,
                Answer::Here(response) if response.status().is_success() => {
                    let bytes = head(response, robots::BYTES_MAX).await?;
                    return Ok(Robots::read(&String::from_utf8_lossy(&bytes)));
                }
                Answer::Here(response) if response.status().is_client_error() => {
                    return Ok(Robots::open());
                }
                Answer::Here(response) => {
                    let status = response.status();
                    let why = format!("the site answered {status} when asked for its robots.txt");
                    return Err(PageError::Unreachable(why));
                }
            }
        }
        // Redirected without end: as if there were none.
        Ok(Robots::open())
    }
}

/// What identifies a site: where its rules lie.
pub(super) fn site(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn media_type(response: &Response) -> String {
    let said = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = said.unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

/// All of an answer, if it is not too much.
async fn body(mut response: Response, bytes_max: u64) -> Result<Bytes, PageError> {
    if response.content_length().is_some_and(|it| it > bytes_max) {
        return Err(PageError::TooLarge(bytes_max));
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|it| failed(&it))? {
        if (bytes.len() + chunk.len()) as u64 > bytes_max {
            return Err(PageError::TooLarge(bytes_max));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The beginning of an answer.
async fn head(mut response: Response, bytes_max: u64) -> Result<Vec<u8>, PageError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|it| failed(&it))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 >= bytes_max {
            bytes.truncate(usize::try_from(bytes_max).unwrap_or(usize::MAX));
            break;
        }
    }
    Ok(bytes)
}

/// Why nothing came back, without the address, which may hold a token in its query.
fn failed(error: &reqwest::Error) -> PageError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(it) = cause {
        if let Some(refused) = it.downcast_ref::<Refused>() {
            return PageError::Address(refused.clone());
        }
        cause = it.source();
    }
    let why = match () {
        () if error.is_timeout() => "the site did not answer in time",
        () if error.is_connect() => "there is no connection to the site",
        () if error.is_decode() || error.is_body() => {
            "the site broke off, or sent what cannot be unpacked"
        }
        () => "the site does not answer as sites do",
    };
    PageError::Unreachable(why.into())
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
    fn a_site_is_a_scheme_a_host_and_a_port() {
        let site = |it: &str| super::site(&Url::parse(it).unwrap());
        assert_eq!(site("https://Example.com/a"), site("https://example.com:443/b?c"));
        assert_ne!(site("https://example.com/"), site("http://example.com/"));
    }

    #[test]
    fn what_a_site_says_breaks_ties_between_texts() {
        assert_eq!(fetched("https://a/b", "text/html").name(), "page.html");
        assert_eq!(fetched("https://a/b.csv", "text/plain").name(), "b.csv");
        assert_eq!(fetched("https://a/b", "text/plain").name(), "page.txt");
        assert_eq!(fetched("https://a/b.md", "").name(), "b.md");
    }

    #[test]
    fn rules_are_asked_with_the_query() {
        assert_eq!(path(&Url::parse("https://a/b?c=d").unwrap()), "/b?c=d");
        assert_eq!(path(&Url::parse("https://a").unwrap()), "/");
    }
}
