//! One call of gRPC and its answer, on the HTTP/2 of the house.
//!
//! That is all that Milvus needs: no streams, no other service. A call is a message with five bytes
//! before it; whether it went well stands in the trailers.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use outside::connection;
use prost::Message;
use reqwest::{
    Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, TE},
};

use super::NAME;
use crate::vector::{
    EngineError,
    http::{self, Unopened},
};

/// The longest answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A flag and a length.
const PREFIX: usize = 5;

/// A service at an address.
pub(super) struct Grpc {
    client: reqwest::Client,
    service: Url,
    headers: HeaderMap,
}

impl Grpc {
    pub(super) fn open(
        address: &str,
        service: &str,
        headers: &[(&'static str, Option<&str>)],
        timeout: Duration,
    ) -> Result<Self, Unopened> {
        let client = connection::client(|it| {
            it.connect_timeout(http::CONNECT).timeout(timeout).http2_prior_knowledge().no_gzip()
        })
        .map_err(|source| Unopened::Client { engine: NAME, source })?;
        let service = http::at(NAME, address)?
            .join(&format!("{service}/"))
            .map_err(|_| Unopened::Address { engine: NAME })?;
        let mut headers = http::named(NAME, headers)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        Ok(Self { client, service, headers })
    }

    /// Asks, and waits for the answer.
    pub(super) async fn call<Q: Message, A: Message + Default>(
        &self,
        method: &str,
        question: &Q,
    ) -> Result<A, EngineError> {
        let url = self
            .service
            .join(method)
            .map_err(|_| EngineError::refused(NAME, "its address cannot be used"))?;
        let request = self.client.post(url).headers(self.headers.clone()).body(framed(question));
        let answer = request.send().await.map_err(|it| http::unanswered(NAME, &it))?;
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(EngineError::away(NAME, format!("status {status} instead of gRPC")));
        }
        let (head, body) = taken_apart(answer);
        // Refused at once: the status comes with the head, and there is no body.
        judged(&head)?;
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                EngineError::refused(NAME, "its answer is too long")
            } else {
                EngineError::away(NAME, "its answer broke off")
            }
        })?;
        match body.trailers() {
            Some(trailers) => judged(trailers)?,
            None if head.contains_key(GRPC_STATUS) => {}
            None => return Err(EngineError::away(NAME, "its answer broke off")),
        }
        read(body.to_bytes())
    }
}

const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";

/// The head and the body of an answer, trailers and all.
fn taken_apart(answer: reqwest::Response) -> (HeaderMap, reqwest::Body) {
    let (head, body) = ::http::Response::<reqwest::Body>::from(answer).into_parts();
    (head.headers, body)
}

fn framed(question: &impl Message) -> Bytes {
    let length = question.encoded_len();
    let mut bytes = BytesMut::with_capacity(PREFIX + length);
    bytes.put_u8(0);
    // A message of 4 GB is none of ours.
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    bytes.extend_from_slice(&question.encode_to_vec());
    bytes.freeze()
}

fn read<A: Message + Default>(bytes: Bytes) -> Result<A, EngineError> {
    let broken = || EngineError::away(NAME, "its answer is no message");
    let (prefix, rest) = bytes.split_first_chunk::<PREFIX>().ok_or_else(broken)?;
    let [is_compressed, length @ ..] = *prefix;
    let message = rest.get(..u32::from_be_bytes(length) as usize).ok_or_else(broken)?;
    if is_compressed != 0 {
        return Err(EngineError::refused(
            NAME,
            "its answer is compressed, which was not asked for",
        ));
    }
    A::decode(message).map_err(|_| broken())
}

/// What the status says: nothing, or 0, is good.
fn judged(headers: &HeaderMap) -> Result<(), EngineError> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let Some(status) = text(GRPC_STATUS) else { return Ok(()) };
    let said = text(GRPC_MESSAGE).unwrap_or_default();
    match status.parse::<u32>() {
        Ok(0) => Ok(()),
        // Cancelled, unknown, too late, exhausted, aborted, of its own, away.
        Ok(code @ (1 | 2 | 4 | 8 | 10 | 13 | 14)) => {
            Err(EngineError::away(NAME, format!("gRPC status {code} {said}")))
        }
        _ => Err(EngineError::refused(NAME, format!("gRPC status {status} {said}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::milvus::proto::Truth;

    #[test]
    fn a_message_has_its_length_before_it_and_is_read_back() {
        let truth = Truth { status: None, value: true };
        let bytes = framed(&truth);
        assert_eq!(&bytes[..], [0, 0, 0, 0, 2, 0x10, 1]);
        assert_eq!(read::<Truth>(bytes.clone()).unwrap(), truth);
        for cut in 0..bytes.len() {
            assert!(read::<Truth>(bytes.slice(..cut)).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_status_says_whether_it_may_be_asked_again() {
        let with = |status: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_STATUS, HeaderValue::from_static(status));
            headers
        };
        assert_eq!(judged(&HeaderMap::new()), Ok(()));
        assert_eq!(judged(&with("0")), Ok(()));
        assert!(matches!(judged(&with("14")), Err(EngineError::Away { .. })));
        assert!(matches!(judged(&with("16")), Err(EngineError::Refused { .. })));
        assert!(matches!(judged(&with("?")), Err(EngineError::Refused { .. })));
    }
}
