//! Replies: what the caller is told beside the answer, in headers.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Body, Missed, Reply, refusal, travel::Trip};
use crate::{
    Cost,
    face::{ErrorBody, Face},
    settings::ModelRef,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");

// The names of headers, read when this is compiled and not for each reply.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-mainstay-attempts");
const CACHE: HeaderName = HeaderName::from_static("x-mainstay-cache");
const COST_USD: HeaderName = HeaderName::from_static("x-mainstay-cost-usd");
const FALLBACK: HeaderName = HeaderName::from_static("x-mainstay-fallback");
const MODEL: HeaderName = HeaderName::from_static("x-mainstay-model");
const OVERHEAD_US: HeaderName = HeaderName::from_static("x-mainstay-overhead-us");
const PROVIDER: HeaderName = HeaderName::from_static("x-mainstay-provider");
const QUEUE_DEPTH: HeaderName = HeaderName::from_static("x-mainstay-queue-depth");
const QUEUE_WAIT_MS: HeaderName = HeaderName::from_static("x-mainstay-queue-wait-ms");
const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-mainstay-upstream-request-id");
const USAGE_ID: HeaderName = HeaderName::from_static("x-mainstay-usage-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Whether the answer was kept from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cached {
    Hit,
    Miss,
    Off,
}

/// What is known of a call when it is answered.
pub(crate) struct Facts<'a> {
    pub(crate) trip: &'a Trip<'a>,
    pub(crate) request_id: &'a Arc<str>,
    pub(crate) by: Option<&'a ModelRef>,
    pub(crate) is_fallback: bool,
    pub(crate) cost: Option<Cost>,
    pub(crate) cached: Cached,
    /// The provider's own id of the exchange.
    pub(crate) upstream_id: Option<HeaderValue>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(trip: &'a Trip<'a>, request_id: &'a Arc<str>, cached: Cached) -> Self {
        Self {
            trip,
            request_id,
            by: None,
            is_fallback: false,
            cost: None,
            cached,
            upstream_id: None,
        }
    }

    pub(crate) fn by(self, by: &'a ModelRef, is_fallback: bool) -> Self {
        Self { by: Some(by), is_fallback, ..self }
    }

    pub(crate) fn cost(self, cost: Cost) -> Self {
        Self { cost: Some(cost), ..self }
    }

    /// A whole answer.
    pub(crate) fn whole(&self, bytes: Bytes) -> Reply {
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, JSON);
        Reply { status: 200, headers, body: Body::Whole(bytes) }
    }

    /// An answer in pieces.
    pub(crate) fn stream(&self, pieces: futures::stream::BoxStream<'static, Bytes>) -> Reply {
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, EVENTS);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        // Proxies that collect answers would make the pieces wait for each other.
        headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
        Reply { status: 200, headers, body: Body::Stream(pieces) }
    }

    /// No answer.
    pub(crate) fn missed(&self, missed: &Missed, face: &dyn Face) -> Reply {
        self.missed_by_all(missed, self.trip.attempts > 0, face)
    }

    /// No answer, for anybody who asks the same. `is_spent`: the attempts worth making were made.
    pub(crate) fn missed_by_all(&self, missed: &Missed, is_spent: bool, face: &dyn Face) -> Reply {
        let mut error = refusal::told(missed, face, self.trip.attempts);
        error.request_id = Some(self.request_id.to_string());
        let mut reply = self.refused(&error, face);
        if is_spent || missed.is_for_long() {
            // Another round would only multiply them.
            let no = HeaderValue::from_static("false");
            reply.headers.insert(SHOULD_RETRY, no);
        }
        if let Missed::NoRoom { why, .. } = missed {
            count(&mut reply.headers, QUEUE_DEPTH, why.of_tenant);
        }
        reply
    }

    /// A request that cannot be read.
    pub(crate) fn refused(&self, error: &ErrorBody, face: &dyn Face) -> Reply {
        let mut error = error.clone();
        error.request_id.get_or_insert_with(|| self.request_id.to_string());
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, JSON);
        if let Some(wait) = error.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            count(&mut headers, header::RETRY_AFTER, seconds);
            count(&mut headers, RETRY_AFTER_MS, whole(wait.as_millis()));
        }
        Reply { status: error.status, headers, body: Body::Whole(face.error(&error)) }
    }

    fn headers(&self) -> HeaderMap {
        let trip = self.trip;
        let mut headers = HeaderMap::with_capacity(16);
        set(&mut headers, REQUEST_ID, self.request_id);
        if let Some(by) = self.by {
            set(&mut headers, MODEL, &by.model);
            set(&mut headers, PROVIDER, &by.provider);
            let is_fallback = if self.is_fallback { "true" } else { "false" };
            headers.insert(FALLBACK, HeaderValue::from_static(is_fallback));
        }
        if self.by.is_some() || trip.attempts > 0 {
            // Under this id its rows are found in the ledger.
            set(&mut headers, USAGE_ID, &trip.id.to_string());
        }
        count(&mut headers, ATTEMPTS, trip.attempts);
        if let Some(cost) = self.cost.and_then(Cost::nanos) {
            set(&mut headers, COST_USD, &dollars(cost.0));
        }
        let here = trip.begun.elapsed().saturating_sub(trip.elsewhere).saturating_sub(trip.queued);
        count(&mut headers, OVERHEAD_US, whole(here.as_micros()));
        count(&mut headers, QUEUE_WAIT_MS, whole(trip.queued.as_millis()));
        if trip.queued > Duration::ZERO {
            count(&mut headers, QUEUE_DEPTH, trip.depth_of_tenant);
        }
        let cached = match self.cached {
            Cached::Hit => "hit",
            Cached::Miss => "miss",
            Cached::Off => "off",
        };
        headers.insert(CACHE, HeaderValue::from_static(cached));
        if let Some(id) = &self.upstream_id {
            headers.insert(UPSTREAM_REQUEST_ID, id.clone());
        }
        headers
    }
}

/// Billionths of a dollar as dollars, exactly.
fn dollars(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let text = format!("{sign}{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // A model's name may hold what no header may; then the header is left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn count(headers: &mut HeaderMap, name: HeaderName, value: impl Into<HeaderValue>) {
    headers.insert(name, value.into());
}

fn whole(count: u128) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "0.0")]
    #[case(1, "0.000000001")]
    #[case(8_755_000, "0.008755")]
    #[case(2_000_000_000, "2.0")]
    #[case(-30, "-0.00000003")]
    fn money_is_told_exactly(#[case] nanos: i64, #[case] expected: &str) {
        assert_eq!(dollars(nanos), expected);
    }
}
