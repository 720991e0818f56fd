//! Searching the web for a question that asks for it, at the search that the operator configured:
//! SearXNG, which one can run oneself, or Brave. Without one there is none.
//!
//! Only the words of the question leave the house. What comes back is shown to the model as sources;
//! no page is fetched.

use std::{fmt, time::Duration};

use base::Secret;
use outside::connection;
use reqwest::{Client, Url};
use serde::Deserialize;

use super::{
    cite::{Kind, Source},
    question::cut_at_word,
};

const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer of a search that is read.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The longest question that a search takes.
const QUERY_CHARS_MAX: usize = 400;
const BRAVE: &str = "https://api.search.brave.com/res/v1/web/search";

/// Which search is asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose it is.
    pub kind: Engine,
    /// Where it is; Brave's own address when left out.
    pub address: Option<String>,
    /// Its key, when it needs one.
    pub key: Option<Secret<String>>,
}

/// The searches that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SearXNG, with the format `json` switched on.
    Searxng,
    /// Brave's search for programs.
    Brave,
}

/// The search. Cheap to clone.
#[derive(Clone)]
pub struct WebSearch {
    kind: Engine,
    address: Url,
    key: Option<Secret<String>>,
    client: Client,
}

/// Why a search brought nothing. Says nothing of what was searched for.
#[derive(Debug, thiserror::Error)]
pub enum WebSearchError {
    /// The settings do not lead to a search.
    #[error("the address of the web search cannot be used: {0}")]
    Address(String),
    /// The client cannot be made.
    #[error("cannot make the HTTP client of the web search")]
    Client(#[source] reqwest::Error),
    /// It does not answer.
    #[error("the web search did not answer")]
    Unreached,
    /// It refuses.
    #[error("the web search refused with status {0}")]
    Refused(u16),
    /// It answers something else.
    #[error("the answer of the web search cannot be read")]
    Unreadable,
}

impl WebSearchError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(_) | Self::Client(_) => "misconfigured",
            Self::Unreached => "timeout",
            Self::Refused(429) => "rate_limited",
            Self::Refused(_) | Self::Unreadable => "dependency_failed",
        }
    }
}

impl std::str::FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "searxng" => Ok(Self::Searxng),
            "brave" => Ok(Self::Brave),
            other => Err(format!("`{other}` is no web search; one of: searxng, brave")),
        }
    }
}

impl fmt::Debug for WebSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSearch").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl WebSearch {
    /// The search of these settings.
    ///
    /// # Errors
    /// [`WebSearchError::Address`], [`WebSearchError::Client`].
    pub fn open(settings: &Settings) -> Result<Self, WebSearchError> {
        let unusable = |why: &str| WebSearchError::Address(why.to_owned());
        let address = match (settings.kind, &settings.address) {
            (_, Some(address)) => address.as_str(),
            (Engine::Brave, None) => BRAVE,
            (Engine::Searxng, None) => return Err(unusable("SearXNG has none of its own")),
        };
        let mut address = Url::parse(address).map_err(|error| unusable(&error.to_string()))?;
        if settings.kind == Engine::Searxng && !address.path().ends_with("/search") {
            let path = format!("{}/search", address.path().trim_end_matches('/'));
            address.set_path(&path);
        }
        let client =
            connection::client(|it| it.timeout(TIMEOUT)).map_err(WebSearchError::Client)?;
        Ok(Self { kind: settings.kind, address, key: settings.key.clone(), client })
    }

    /// The best results for a question, as sources without numbers.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn find(&self, question: &str, most: usize) -> Result<Vec<Source>, WebSearchError> {
        let query = cut_at_word(question, QUERY_CHARS_MAX);
        let mut address = self.address.clone();
        match self.kind {
            Engine::Searxng => {
                address.query_pairs_mut().append_pair("q", query).append_pair("format", "json");
            }
            Engine::Brave => {
                let count = most.to_string();
                address.query_pairs_mut().append_pair("q", query).append_pair("count", &count);
            }
        }
        let mut request = self.client.get(address);
        if let Some(key) = &self.key {
            request = match self.kind {
                Engine::Searxng => request.bearer_auth(key.reveal()),
                Engine::Brave => request.header("x-subscription-token", key.reveal()),
            };
        }
        let mut answer = request.send().await.map_err(|_| WebSearchError::Unreached)?;
        if !answer.status().is_success() {
            return Err(WebSearchError::Refused(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| WebSearchError::Unreached)? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(WebSearchError::Unreadable);
            }
            body.extend_from_slice(&piece);
        }
        let found = read(self.kind, &body).ok_or(WebSearchError::Unreadable)?;
        Ok(sources(found, most))
    }
}

#[derive(Deserialize)]
struct Found {
    title: String,
    url: String,
    #[serde(alias = "description", default)]
    content: Option<String>,
}

fn read(kind: Engine, body: &[u8]) -> Option<Vec<Found>> {
    #[derive(Deserialize)]
    struct Searxng {
        results: Vec<Found>,
    }
    #[derive(Deserialize)]
    struct Brave {
        web: Option<Searxng>,
    }
    match kind {
        Engine::Searxng => serde_json::from_slice::<Searxng>(body).ok().map(|it| it.results),
        Engine::Brave => {
            let answer = serde_json::from_slice::<Brave>(body).ok()?;
            Some(answer.web.map(|it| it.results).unwrap_or_default())
        }
    }
}

/// Results with an address of the web and some words. The first counts most.
fn sources(found: Vec<Found>, most: usize) -> Vec<Source> {
    let is_of_web = |url: &str| {
        Url::parse(url).is_ok_and(|it| matches!(it.scheme(), "http" | "https") && it.has_host())
    };
    let words = |text: &str| without_tags(text).replace('\0', "");
    let good = found.into_iter().filter(|it| is_of_web(&it.url)).filter_map(|it| {
        let excerpt = words(it.content.as_deref().unwrap_or_default());
        (!excerpt.is_empty()).then_some((words(&it.title), it.url, excerpt))
    });
    good.take(most)
        .enumerate()
        .map(|(at, (title, url, excerpt))| Source {
            number: 0,
            kind: Kind::Web,
            title,
            url: Some(url),
            document: None,
            chunk: None,
            record: None,
            page: None,
            start_char: None,
            end_char: None,
            score: 1.0 / (at as f32 + 1.0),
            excerpt,
        })
        .collect()
}

/// Searches mark what they found with tags.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_inside = false;
    for letter in text.chars() {
        match letter {
            '<' => is_inside = true,
            '>' if is_inside => is_inside = false,
            _ if is_inside => {}
            _ => out.push(letter),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_of_either_search_become_sources() {
        let result = json!({"title": "A <b>probe</b>", "url": "https://a.example/x", "content": "Each  day."});
        let searxng = json!({"query": "x", "results": [result, {"title": "y", "url": "javascript:1", "content": "z"}]});
        let found = sources(read(Engine::Searxng, searxng.to_string().as_bytes()).unwrap(), 5);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].title.as_str(), found[0].excerpt.as_str()), ("A probe", "Each day."));
        let result = json!({"title": "A", "url": "https://a.example/x", "description": "Each <strong>day</strong>."});
        let brave = json!({"web": {"results": [result.clone(), result]}});
        let found = sources(read(Engine::Brave, brave.to_string().as_bytes()).unwrap(), 1);
        assert_eq!((found.len(), found[0].excerpt.as_str()), (1, "Each day."));
        assert_eq!(read(Engine::Brave, b"{}").map(|it| it.len()), Some(0));
        assert!(read(Engine::Searxng, b"<html>").is_none());
    }

    #[test]
    fn an_address_leads_to_the_search_itself() {
        let open = |address: &str| {
            let (kind, address) = (Engine::Searxng, Some(address.to_owned()));
            WebSearch::open(&Settings { kind, address, key: None }).map(|it| it.address.to_string())
        };
        testkit::install_tls();
        assert_eq!(open("http://search.example").unwrap(), "http://search.example/search");
        assert_eq!(open("http://search.example/sx/").unwrap(), "http://search.example/sx/search");
        assert_eq!(open("http://search.example/search").unwrap(), "http://search.example/search");
        assert!(open("nowhere").is_err());
    }
}
