//! One question to the open network and what comes back: redirects are followed within bounds, each
//! of them looked at like the first address, and the site's rules are asked before the site.

use std::{
    error::Error as StdError,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER},
};
use tokio::time::timeout;

use crate::{
    address::{self, Policy, Refused},
    connection,
    robots::{self, Robots},
    rules::Rules,
};

/// Asks addresses. Clones share connections and what sites have said.
#[derive(Clone)]
pub struct Outside {
    client: Client,
    policy: Policy,
    known: Arc<Mutex<Rules>>,
}

/// A question.
#[derive(Clone)]
pub struct Ask {
    /// Where.
    pub url: Url,
    /// What is sent; none asks for what is there (GET), something is posted.
    pub body: Option<Bytes>,
    /// What is said along with it.
    pub headers: HeaderMap,
    /// How much is taken.
    pub bounds: Bounds,
}

/// How much is taken, and how.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The largest answer, in bytes, unpacked.
    pub bytes_max: u64,
    /// The most redirects that are followed.
    pub redirects_max: usize,
    /// Whether what sites say in `robots.txt` is kept to.
    pub robots: bool,
}

/// What came back.
#[derive(Clone)]
pub struct Got {
    /// What was asked for.
    pub asked: Url,
    /// Where it was, after redirects.
    pub found: Url,
    /// What it is, as the site says.
    pub media_type: String,
    /// How its letters are written, as the site says.
    pub charset: Option<String>,
    /// All of it, unpacked.
    pub bytes: Bytes,
}

/// Why nothing came back. None of them holds the address, which may hold a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The address is not one that is asked.
    #[error(transparent)]
    Address(#[from] Refused),
    /// The site does not want it to be fetched by programs.
    #[error("the site's robots.txt does not allow this address to be fetched")]
    Robots,
    /// The site says no, or fails.
    #[error("the site answered {status}")]
    Status {
        /// What it answered.
        status: StatusCode,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Nothing came back.
    #[error("{0}")]
    Unreachable(String),
    /// It is larger than allowed.
    #[error("the answer has more than {0} bytes, which is the most that is taken")]
    TooLarge(u64),
}

/// One answer: something, or somewhere else.
enum Answer {
    Here(Response),
    There(Url, StatusCode),
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes_max: 20 * 1024 * 1024, redirects_max: 5, robots: true }
    }
}

impl Ask {
    /// Asks for what is there.
    pub fn get(url: Url) -> Self {
        Self { url, body: None, headers: HeaderMap::new(), bounds: Bounds::default() }
    }
}

impl Failure {
    /// May the same question be answered a little later?
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Status { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
                    )
            }
            Self::Address(_) | Self::Robots | Self::TooLarge(_) => false,
        }
    }

    /// Is it who asks that is not let in, whatever the question?
    pub fn is_about_who_asks(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(
                *status,
                StatusCode::UNAUTHORIZED
                    | StatusCode::PAYMENT_REQUIRED
                    | StatusCode::FORBIDDEN
                    | StatusCode::PROXY_AUTHENTICATION_REQUIRED
            ),
            Self::Address(_) | Self::Robots | Self::Unreachable(_) | Self::TooLarge(_) => false,
        }
    }

    /// When the site wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Outside {
    /// Asks what the policy allows. The program says who it is: `mainstay/VERSION`.
    ///
    /// # Errors
    /// When no client can be made on this machine.
    pub fn open(policy: Policy) -> Result<Self, reqwest::Error> {
        let client = connection::open_network(policy.allow_private, |it| {
            // What is unpacked is counted, so that a small answer never becomes a large one.
            it.referer(false).gzip(true)
        })?;
        Ok(Self { client, policy, known: Arc::default() })
    }

    /// Which addresses it asks.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is there. It may take for ever: whoever asks says how long that is waited for.
    ///
    /// # Errors
    /// [`Failure`] says why there is nothing.
    pub async fn ask(&self, ask: Ask) -> Result<Got, Failure> {
        let asked = ask.url.clone();
        let most = ask.bounds.redirects_max;
        let mut ask = ask;
        for _ in 0..=most {
            address::allowed(&ask.url, &self.policy)?;
            if ask.bounds.robots && !self.rules(&ask.url, most).await?.allows(&path(&ask.url)) {
                return Err(Failure::Robots);
            }
            match self.send(&ask).await? {
                Answer::There(next, status) => ask = ask.elsewhere(next, status)?,
                Answer::Here(response) if response.status().is_success() => {
                    let (media_type, charset) = kind(&response);
                    let bytes = body(response, ask.bounds.bytes_max).await?;
                    return Ok(Got { asked, found: ask.url, media_type, charset, bytes });
                }
                Answer::Here(response) => return Err(status(&response)),
            }
        }
        Err(Failure::Unreachable(format!("it is redirected more than {most} times")))
    }

    /// The pause between two questions that the site of an address asks for. A site that takes longer
    /// than `within` to say it has said nothing.
    pub async fn delay(&self, url: &Url, within: Duration) -> Option<Duration> {
        let rules = timeout(within, self.rules(url, Bounds::default().redirects_max)).await;
        rules.ok().and_then(Result::ok).and_then(|it| it.delay())
    }

    async fn send(&self, ask: &Ask) -> Result<Answer, Failure> {
        let method = if ask.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.client.request(method, ask.url.clone()).headers(ask.headers.clone());
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let response = request.send().await.map_err(|it| failed(&it))?;
        let code = response.status();
        let is_elsewhere = matches!(
            code,
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let place = response.headers().get(LOCATION).filter(|_| is_elsewhere);
        match place.and_then(|it| it.to_str().ok()) {
            Some(place) => {
                let mut next = ask.url.join(place).map_err(|_| Refused::Malformed)?;
                next.set_fragment(None);
                Ok(Answer::There(next, code))
            }
            None => Ok(Answer::Here(response)),
        }
    }

    /// What the site of an address says to programs.
    async fn rules(&self, url: &Url, redirects_max: usize) -> Result<Arc<Robots>, Failure> {
        let site = site(url);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rules) = known().get(&site, Instant::now()) {
            return Ok(rules);
        }
        let rules = Arc::new(self.read_rules(url, redirects_max).await?);
        known().put(site, rules.clone(), Instant::now());
        Ok(rules)
    }

    /// A site without rules has none; one whose rules cannot be had right now is left alone, and asked
    /// again the next time.
    async fn read_rules(&self, url: &Url, redirects_max: usize) -> Result<Robots, Failure> {
        let place = url.join("/robots.txt").map_err(|_| Refused::Malformed)?;
        let mut ask = Ask::get(place);
        for _ in 0..=redirects_max {
            address::allowed(&ask.url, &self.policy)?;
            match self.send(&ask).await? {
                Answer::There(next, _) => ask = Ask::get(next),
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
                    return Err(Failure::Unreachable(why));
                }
            }
        }
        // Redirected without end: as if there were none.
        Ok(Robots::open())
    }
}

impl Ask {
    /// The same question at another place. What was sent is sent again only where the site asks for
    /// it and is still the same: another one gets neither a key of a header nor one of a form.
    fn elsewhere(self, next: Url, status: StatusCode) -> Result<Self, Failure> {
        let again =
            matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if site(&next) == site(&self.url) {
            let body = self.body.filter(|_| again);
            return Ok(Self { url: next, body, ..self });
        }
        if again && self.body.is_some() {
            let why = "it sends what was posted on to another site, which is not done".to_owned();
            return Err(Failure::Unreachable(why));
        }
        let mut headers = HeaderMap::new();
        for name in [ACCEPT, ACCEPT_LANGUAGE] {
            if let Some(value) = self.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        Ok(Self { url: next, body: None, headers, bounds: self.bounds })
    }
}

/// What identifies a site: where its rules lie.
pub fn site(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The media type, and how its letters are written.
fn kind(response: &Response) -> (String, Option<String>) {
    let said = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let mut parts = said.unwrap_or_default().split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|it| {
        let (name, value) = it.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    (media_type, charset)
}

fn status(response: &Response) -> Failure {
    let said = response.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok());
    let retry_after = said.and_then(|it| it.trim().parse().ok()).map(Duration::from_secs);
    Failure::Status { status: response.status(), retry_after }
}

/// All of an answer, if it is not too much.
async fn body(mut response: Response, bytes_max: u64) -> Result<Bytes, Failure> {
    if response.content_length().is_some_and(|it| it > bytes_max) {
        return Err(Failure::TooLarge(bytes_max));
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|it| failed(&it))? {
        if (bytes.len() + chunk.len()) as u64 > bytes_max {
            return Err(Failure::TooLarge(bytes_max));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The beginning of an answer.
async fn head(mut response: Response, bytes_max: u64) -> Result<Vec<u8>, Failure> {
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
fn failed(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(it) = cause {
        if let Some(refused) = it.downcast_ref::<Refused>() {
            return Failure::Address(refused.clone());
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
    Failure::Unreachable(why.into())
}

/// Shows what it is and how much it is.
impl fmt::Debug for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Got")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Shows the site.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("site", &site(&self.url)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::ring;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn posted(url: &str) -> Ask {
        let mut ask = Ask::get(Url::parse(url).unwrap());
        ask.body = Some(Bytes::from_static(b"api_key=secret"));
        ask.headers.insert(ACCEPT, "text/html".parse().unwrap());
        ask.headers.insert("x-api-key", "secret".parse().unwrap());
        ask
    }

    fn moved(to: &str, status: StatusCode) -> Result<Ask, Failure> {
        posted("https://a.example/list").elsewhere(Url::parse(to).unwrap(), status)
    }

    #[test]
    fn a_site_is_a_scheme_a_host_and_a_port() {
        let site = |it: &str| super::site(&Url::parse(it).unwrap());
        assert_eq!(site("https://Example.com/a"), site("https://example.com:443/b?c"));
        assert_ne!(site("https://example.com/"), site("http://example.com/"));
    }

    #[test]
    fn rules_are_asked_with_the_query() {
        assert_eq!(path(&Url::parse("https://a/b?c=d").unwrap()), "/b?c=d");
        assert_eq!(path(&Url::parse("https://a").unwrap()), "/");
    }

    #[test]
    fn another_site_gets_nothing_that_was_meant_for_the_first() {
        let next = moved("https://b.example/", StatusCode::FOUND).unwrap();
        assert!(next.body.is_none() && next.headers.len() == 1);
        assert!(moved("https://b.example/", StatusCode::TEMPORARY_REDIRECT).is_err());
        let next = moved("https://a.example/new", StatusCode::PERMANENT_REDIRECT).unwrap();
        assert!(next.body.is_some() && next.headers.len() == 2);
        let next = moved("https://a.example/new", StatusCode::SEE_OTHER).unwrap();
        assert!(next.body.is_none());
    }

    #[test]
    fn what_a_site_cannot_do_now_it_may_do_later() {
        let status = |code| Failure::Status {
            status: StatusCode::from_u16(code).unwrap(),
            retry_after: None,
        };
        assert!(status(503).is_passing() && status(429).is_passing());
        assert!(!status(401).is_passing() && !status(404).is_passing());
        assert!(Failure::Unreachable("away".into()).is_passing() && !Failure::Robots.is_passing());
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    async fn rules_that_never_come_are_not_waited_for_and_asked_for_again() {
        ring::default_provider().install_default().ok();
        let site = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/page", site.local_addr().unwrap())).unwrap();
        let answering = tokio::spawn(async move {
            // The first who asks waits for ever, the second is answered.
            let (_silent, _) = site.accept().await.unwrap();
            let (mut answered, _) = site.accept().await.unwrap();
            let mut asked = vec![0; 1_024];
            let size = answered.read(&mut asked).await.unwrap();
            assert!(asked[..size].starts_with(b"GET /robots.txt "));
            let rules = "User-agent: *\nCrawl-delay: 2\n";
            let size = rules.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {size}\r\n\r\n{rules}");
            answered.write_all(answer.as_bytes()).await.unwrap();
        });
        let policy = Policy { allow_private: true, ..Policy::default() };
        let outside = Outside::open(policy).unwrap();
        assert_eq!(outside.delay(&url, Duration::from_millis(800)).await, None);
        let delay = outside.delay(&url, Duration::from_secs(30)).await;
        assert_eq!(delay, Some(Duration::from_secs(2)));
        // What it said is remembered: nobody answers any more.
        answering.await.unwrap();
        assert_eq!(outside.delay(&url, Duration::from_secs(30)).await, delay);
    }

    #[test]
    fn nothing_of_a_question_is_shown() {
        let shown = format!("{:?}", posted("https://a.example/list?token=secret"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
