//! Talking to an engine over HTTP: JSON there and back, within bounds of time and size.
//!
//! The connections are those of the house: kept alive, never redirected, with certificates checked.
//! What an engine answers is data: a message of its own is told short, and its status decides.

use std::time::Duration;

use outside::connection;
use reqwest::{
    Method, StatusCode, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value as Json;

use super::EngineError;

/// The longest answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// How long a connection may take to come about: an engine is near.
pub(crate) const CONNECT: Duration = Duration::from_secs(3);

/// An engine at an address.
pub(crate) struct Rest {
    engine: &'static str,
    client: reqwest::Client,
    address: Url,
    headers: HeaderMap,
}

/// What came back: a status that the caller may make something of, and the body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
}

/// What cannot be opened, and why.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// It is no address.
    #[error("the address of `{engine}` cannot be used; give one such as http://localhost:6333")]
    Address {
        /// Of which engine.
        engine: &'static str,
    },
    /// The key has characters that no header may have.
    #[error("the key of `{engine}` has characters in it that no key has")]
    Key {
        /// Of which engine.
        engine: &'static str,
    },
    /// No connections can be made at all.
    #[error("cannot make the HTTP client of `{engine}`")]
    Client {
        /// Of which engine.
        engine: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl Rest {
    /// An engine at an address, with what each request says of itself.
    pub(crate) fn open(
        engine: &'static str,
        address: &str,
        headers: &[(&'static str, Option<&str>)],
        timeout: Duration,
    ) -> Result<Self, Unopened> {
        let client = connection::client(|it| it.connect_timeout(CONNECT).timeout(timeout))
            .map_err(|source| Unopened::Client { engine, source })?;
        Ok(Self { engine, client, address: at(engine, address)?, headers: named(engine, headers)? })
    }

    /// Asks at a path below the address. The pairs become its query.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Answer, EngineError> {
        self.ask_at(&self.address, method, path, query, body).await
    }

    /// Asks elsewhere, as the same caller.
    pub(crate) async fn ask_at(
        &self,
        address: &Url,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Answer, EngineError> {
        let mut url = address
            .join(path)
            .map_err(|_| EngineError::refused(self.engine, "its address cannot be used"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, url).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut answer = request.send().await.map_err(|it| unanswered(self.engine, &it))?;
        let status = answer.status();
        let mut bytes = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                    bytes.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => {
                    return Err(EngineError::refused(self.engine, "its answer is too long"));
                }
                Ok(None) => break,
                Err(error) => return Err(unanswered(self.engine, &error)),
            }
        }
        let body: Json = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
        if is_fault(status) {
            let said = said(&body);
            return Err(EngineError::away(self.engine, format!("status {status}{said}")));
        }
        Ok(Answer { status: status.as_u16(), body })
    }
}

impl Answer {
    /// The body of an answer that says yes.
    pub(crate) fn good(self, engine: &'static str) -> Result<Json, EngineError> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let said = said(&self.body);
        Err(EngineError::refused(engine, format!("status {}{said}", self.status)))
    }
}

/// An address that paths can be joined to.
pub(crate) fn at(engine: &'static str, address: &str) -> Result<Url, Unopened> {
    let with_slash = format!("{}/", address.trim_end_matches('/'));
    let url = Url::parse(&with_slash).map_err(|_| Unopened::Address { engine })?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(Unopened::Address { engine })
    }
}

/// Headers, of those that have a value.
pub(crate) fn named(
    engine: &'static str,
    headers: &[(&'static str, Option<&str>)],
) -> Result<HeaderMap, Unopened> {
    let mut named = HeaderMap::new();
    for (name, value) in headers.iter().filter_map(|it| Some((it.0, it.1?))) {
        let mut value = HeaderValue::from_str(value).map_err(|_| Unopened::Key { engine })?;
        value.set_sensitive(true);
        named.insert(HeaderName::from_static(name), value);
    }
    Ok(named)
}

/// Too busy, too late, or a fault of its own: it may do it later.
fn is_fault(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// No answer, or no whole one. The address stays out of it: it may hold a password.
pub(crate) fn unanswered(engine: &'static str, error: &reqwest::Error) -> EngineError {
    let why = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "it closed the connection in the middle of an answer"
    };
    EngineError::away(engine, why)
}

/// The message of an answer, wherever this engine puts it.
fn said(body: &Json) -> String {
    let places = ["/status/error", "/error/message", "/message", "/error"];
    match places.iter().find_map(|it| body.pointer(it)?.as_str()) {
        Some(text) => format!(": {text}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_message_of_an_engine_is_found_where_it_puts_it() {
        assert_eq!(said(&json!({"status": {"error": "Wrong size"}, "time": 0.1})), ": Wrong size");
        assert_eq!(said(&json!({"error": {"code": "X", "message": "no"}})), ": no");
        assert_eq!(said(&json!({"code": 3, "message": "bad"})), ": bad");
        assert_eq!(said(&json!({"status": "ok"})), "");
    }

    #[test]
    fn a_status_that_may_pass_is_no_refusal() {
        for status in [408, 429, 500, 503] {
            assert!(is_fault(StatusCode::from_u16(status).unwrap()), "{status}");
        }
        for status in [200, 400, 401, 404, 409] {
            assert!(!is_fault(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }

    #[test]
    fn an_address_is_checked_and_a_key_is_not_shown() {
        assert!(at("qdrant", "localhost:6333").is_err());
        assert_eq!(at("qdrant", "http://h/base").unwrap().join("x").unwrap().path(), "/base/x");
        let headers =
            named("qdrant", &[("api-key", Some("very-secret")), ("other", None)]).unwrap();
        assert_eq!(headers.len(), 1);
        assert!(!format!("{headers:?}").contains("very-secret"));
        assert!(named("qdrant", &[("api-key", Some("line\nbreak"))]).is_err());
    }
}
