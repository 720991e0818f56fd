//! One request as the log, the metrics and every answer know it.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use base::{RequestId, TenantId, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{cookie::Jar, style::Style};

/// What is known of a request; filled in as it becomes known, read when it is over.
#[derive(Debug)]
pub struct Visit {
    /// The caller's own id of the request, or a fresh one.
    pub id: Arc<str>,
    /// When it came.
    pub at: Timestamp,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// What the caller says it is, cut to 200 characters.
    pub user_agent: Option<String>,
    /// How refusals are written for this path.
    pub style: Arc<Style>,
    /// The template of the route that answers.
    pub endpoint: OnceLock<Arc<str>>,
    /// The tenant it is about.
    pub tenant: OnceLock<TenantId>,
    /// Who calls.
    pub who: OnceLock<String>,
    /// The code of the problem it ended with.
    pub problem: OnceLock<&'static str>,
    /// It may take as long as a model thinks.
    pub patience: OnceLock<()>,
    /// The cookies that it brings, where the application has some.
    pub(crate) jar: OnceLock<Jar>,
    /// Cancelled when nobody waits for the answer any more: the caller has hung up, or has it.
    pub left: CancellationToken,
}

impl Visit {
    /// A visit that begins.
    pub fn begin(
        given_id: Option<&str>,
        at: Timestamp,
        address: Option<IpAddr>,
        user_agent: Option<&str>,
        style: Arc<Style>,
    ) -> Self {
        let id = given_id
            .filter(|it| is_request_id(it))
            .map_or_else(|| RequestId::generate().to_string().into(), Arc::from);
        Self {
            id,
            at,
            address,
            user_agent: user_agent.map(|it| it.chars().take(200).collect()),
            style,
            endpoint: OnceLock::new(),
            tenant: OnceLock::new(),
            who: OnceLock::new(),
            problem: OnceLock::new(),
            patience: OnceLock::new(),
            jar: OnceLock::new(),
            left: CancellationToken::new(),
        }
    }

    /// The route's template, or a word for all paths that lead nowhere.
    pub fn endpoint(&self) -> &str {
        self.endpoint.get().map_or("unmatched", |it| it)
    }
}

/// May this text be an id of a request? Letters, digits and `._-:`, at most 128 of them: nothing
/// that could break out of a log line or a header.
fn is_request_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_could_break_a_log_line_is_replaced() {
        assert!(is_request_id("2f6c-11.a_B:9"));
        for text in ["", "a b", "a\nb", "\"", "é", &"x".repeat(129)] {
            assert!(!is_request_id(text), "{text}");
        }
    }
}
