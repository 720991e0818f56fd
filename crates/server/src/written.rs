//! An answer as it goes out: status, headers and body, and what of it is kept for repetition.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;

use crate::{idempotency::Kept, problem::Problem};

/// An answer, written.
pub(crate) struct Written {
    /// What is sent.
    pub(crate) response: Response,
    /// A copy of the body, where it may have to be kept.
    body: Option<Bytes>,
}

impl Written {
    /// A body with its headers.
    pub(crate) fn plain(
        status: u16,
        kind: Option<String>,
        tag: Option<String>,
        body: Bytes,
    ) -> Self {
        let mut response = Response::new(Body::from(body.clone()));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(kind) = kind.and_then(|it| HeaderValue::try_from(it).ok()) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Some(tag) = tag.and_then(|it| HeaderValue::try_from(it).ok()) {
            headers.insert(header::ETAG, tag);
        }
        // What is someone's is nobody else's: no shared cache may keep it, and each use is asked for.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        Self { response, body: Some(body) }
    }

    /// A refusal, which may have to be repeated word for word.
    pub(crate) async fn refused(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let response = Response::from_parts(parts, Body::from(bytes.clone()));
        Self { response, body: Some(bytes) }
    }

    /// What is kept of it for a repetition of the request. Of a secret, nothing.
    pub(crate) fn kept(&self, is_secret: bool) -> Kept {
        let text =
            |name: HeaderName| Some(self.response.headers().get(name)?.to_str().ok()?.to_owned());
        let body =
            self.body.as_ref().filter(|_| !is_secret || !self.response.status().is_success());
        Kept {
            status: self.response.status().as_u16(),
            content_type: text(header::CONTENT_TYPE),
            tag: text(header::ETAG),
            body: body.and_then(|it| String::from_utf8(it.to_vec()).ok()),
        }
    }

    /// The same answer again.
    ///
    /// # Errors
    /// `conflict` when it was not kept.
    pub(crate) fn repeated(kept: Kept) -> Result<Response, Problem> {
        let Some(body) = kept.body else {
            return Err(Problem::new(
                "conflict",
                "This was done already, and its answer was not kept.",
            )
            .hint(
                "the answer held a secret that is shown once, was very large, or was lost with its server: \
                 read the thing itself",
            ));
        };
        let written = Self::plain(kept.status, kept.content_type, None, body.into());
        let mut response = written.response;
        if let Some(tag) = kept.tag.and_then(|it| HeaderValue::try_from(it).ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        let replayed = HeaderName::from_static("idempotency-replayed");
        response.headers_mut().insert(replayed, HeaderValue::from_static("true"));
        Ok(response)
    }

    /// A file to keep.
    pub(crate) fn file(name: &str, content_type: String, bytes: Bytes) -> Self {
        let mut written = Self::plain(200, Some(content_type), None, bytes);
        written.response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition(name));
        written
    }

    /// A response made elsewhere.
    pub(crate) fn stream(response: Response) -> Self {
        Self { response, body: None }
    }
}

/// A file to keep that is written while it goes out.
pub(crate) fn file_of(name: &str, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_DISPOSITION, disposition(name));
    response
}

/// Is the tag one of those in `If-None-Match`?
pub(crate) fn names_tag(given: &HeaderValue, tag: &str) -> bool {
    let bare = |it: &str| it.trim().trim_start_matches("W/").to_owned();
    let Ok(given) = given.to_str() else { return false };
    given.split(',').any(|it| it.trim() == "*" || bare(it) == bare(tag))
}

fn disposition(name: &str) -> HeaderValue {
    let plain: String =
        name.chars()
            .map(|it| {
                if it.is_ascii_graphic() && !matches!(it, '"' | '\\') || it == ' ' {
                    it
                } else {
                    '_'
                }
            })
            .collect();
    let mut exact = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                exact.push(char::from(byte));
            }
            other => exact.push_str(&format!("%{other:02X}")),
        }
    }
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_tags_of_if_none_match_will_do() {
        let given = HeaderValue::from_static("\"1\", W/\"2\"");
        assert!(names_tag(&given, "W/\"2\""));
        assert!(names_tag(&given, "W/\"1\""));
        assert!(!names_tag(&given, "W/\"3\""));
    }

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        let value = disposition("Würfel \"1\"\r\n.csv");
        assert_eq!(
            value.to_str().unwrap(),
            "attachment; filename=\"W_rfel _1___.csv\"; filename*=UTF-8''W%C3%BCrfel%20%221%22%0D%0A.csv"
        );
    }
}
