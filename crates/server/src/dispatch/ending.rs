//! How a request ends: what came of the operation, in the shape and the envelope of its route.
//!
//! Start at [`Ending`].

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use bytes::Bytes;
use serde_json::Value as Json;

use crate::{
    limit::Left,
    operation::{self, Answer},
    problem::Problem,
    reach::About,
    shape::Shaped,
    style::Listed,
    written::{Written, names_tag},
};

/// How an outcome becomes an answer.
pub(super) struct Ending {
    pub(super) about: About,
    pub(super) list: Option<String>,
    pub(super) if_none_match: Option<HeaderValue>,
}

impl Ending {
    pub(super) async fn of(&self, done: Result<Answer, Problem>) -> Written {
        match done {
            Ok(mut answer) => {
                let cookies = std::mem::take(&mut answer.cookies);
                let mut written = self.write(answer);
                let headers = written.response.headers_mut();
                for cookie in cookies {
                    headers.append(header::SET_COOKIE, cookie);
                }
                written
            }
            // A refusal is an answer too: under an idempotency key the same request gets it again.
            Err(problem) => {
                let problem = self.about.first(problem).await;
                let About { route, visit, .. } = &self.about;
                Written::refused(route.style.refuse(&problem, visit)).await
            }
        }
    }

    pub(super) fn write(&self, answer: Answer) -> Written {
        let Self { about: About { app, route, visit, .. }, list, if_none_match } = self;
        let usual = route.status.unwrap_or_else(|| route.operation.kind.status());
        let status = answer.status.unwrap_or(usual);
        let tag = answer.tag.map(|it| format!("W/\"{it}\""));
        let shape = route.shape.as_deref();
        let body: Bytes = match answer.body {
            operation::Body::One(value) => {
                if let Some(tag) = &tag
                    && route.method == Method::GET
                    && if_none_match.as_ref().is_some_and(|it| names_tag(it, tag))
                {
                    return Written::plain(304, None, Some(tag.clone()), Bytes::new());
                }
                route.style.write_one(&Shaped { value: &value, shape }, visit).into()
            }
            operation::Body::Page(page) => {
                let items: Vec<Shaped<'_>> =
                    page.items.iter().map(|value| Shaped { value, shape }).collect();
                let list = list.as_deref().unwrap_or_default();
                let sign = |it: &base::Cursor| app.cursor_key.sign(it, list);
                let listed = Listed {
                    items: &items,
                    next: page.next.as_ref().map(sign),
                    prev: page.prev.as_ref().map(sign),
                    total: page.total,
                };
                route.style.write_list(&listed, visit).into()
            }
            operation::Body::Empty => {
                let status = route.status.unwrap_or(204);
                if !operation::has_body(status) {
                    return Written::plain(status, None, None, Bytes::new());
                }
                // Nothing, told in the envelope that the application has for everything.
                let body = route.style.write_one(&Json::Null, visit);
                return Written::plain(status, Some("application/json".into()), None, body.into());
            }
            operation::Body::File(file) => {
                return Written::file(&file.name, file.content_type, file.bytes);
            }
            operation::Body::Stream(response) => return Written::stream(response),
        };
        Written::plain(status, Some("application/json".into()), tag, body)
    }
}

/// Tells how much of a limit is left.
pub(super) fn tell_left(headers: &mut HeaderMap, left: Left) {
    let entries = [
        ("x-ratelimit-limit", u64::from(left.limit)),
        ("x-ratelimit-remaining", u64::from(left.remaining)),
        ("x-ratelimit-reset", left.reset_s),
    ];
    for (name, value) in entries {
        // A refusal has said it more exactly.
        headers.entry(HeaderName::from_static(name)).or_insert_with(|| HeaderValue::from(value));
    }
}

/// A text as a sentence.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |it| it.to_uppercase().chain(letters).collect::<String>() + ".")
}
