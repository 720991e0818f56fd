//! Streams of events (SSE) that arrive when they happen, whatever stands between: proxies are asked
//! not to hold them back and not to change them, and a comment comes when nothing else does.

use std::{convert::Infallible, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt};

/// How often a silent stream gets a comment, so that nobody on the way closes it.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// An answer that is a stream of these events.
pub(crate) fn response<S>(events: S) -> Response
where
    S: Stream<Item = Event> + Send + 'static,
{
    let alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    let stream = Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(alive);
    let mut response = stream.into_response();
    let headers = response.headers_mut();
    // nginx would gather pieces until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    let unchanged = HeaderValue::from_static("no-cache, no-transform");
    headers.insert(header::CACHE_CONTROL, unchanged);
    response
}
