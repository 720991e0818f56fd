//! Style: how answers and refusals look under a path: bare and as problem+json, in an application's
//! own envelope with its own catalogue of errors, or in the words of a dialect of models.
//!
//! Envelopes are JSON with placeholders. They are cut into pieces once at start, so that an answer
//! is written by copying the pieces and serialising the data between them, once.

use std::sync::Arc;

use apps::description::{CatalogueError, Envelope, Routes, routes::Lists};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use base::Timestamp;
use indexmap::IndexMap;
use models::relay::Words;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    Visit, llm,
    problem::{Fault, Problem},
};

/// How answers look under a path.
#[derive(Debug, Default)]
pub struct Style {
    /// How lists are paged.
    pub lists: Lists,
    /// What answers are wrapped in, as it was declared.
    pub envelope: Envelope,
    /// The prefix of the version whose style it is; none of the main one.
    pub version: Option<String>,
    one: Option<Template>,
    list: Option<Template>,
    error: Option<Template>,
    errors: IndexMap<String, CatalogueError>,
    /// Refusals are said as this dialect of models says them.
    words: Option<Words>,
}

/// A page, written.
pub struct Listed<'a, T> {
    /// The rows.
    pub items: &'a [T],
    /// The cursor of the next page.
    pub next: Option<String>,
    /// The cursor of the page before.
    pub prev: Option<String>,
    /// The rows of the whole list.
    pub total: Option<u64>,
}

#[derive(Debug)]
struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Hole(Hole),
    /// A list: this once for each fault of what was sent, or once where nothing is told of single faults.
    Each(Template),
}

/// The only key of an object that stands for [`Piece::Each`].
const EACH: &str = "$each";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hole {
    Data,
    RequestId,
    Timestamp,
    NextCursor,
    PrevCursor,
    HasMore,
    TotalCount,
    Code,
    Name,
    Message,
    Details,
    Field,
}

const HOLES: &[(&str, Hole)] = &[
    ("$data", Hole::Data),
    ("$request_id", Hole::RequestId),
    ("$timestamp", Hole::Timestamp),
    ("$next_cursor", Hole::NextCursor),
    ("$prev_cursor", Hole::PrevCursor),
    ("$has_more", Hole::HasMore),
    ("$total_count", Hole::TotalCount),
    ("$code", Hole::Code),
    ("$name", Hole::Name),
    ("$message", Hole::Message),
    ("$details", Hole::Details),
    ("$field", Hole::Field),
];

impl Style {
    /// Bare bodies and problem+json.
    pub fn plain() -> Self {
        Self::default()
    }

    /// What an application declares.
    pub fn declared(routes: &Routes) -> Self {
        let template = |it: &Option<Json>| it.as_ref().map(Template::of);
        Self {
            lists: routes.lists.clone(),
            envelope: routes.envelope.clone(),
            version: None,
            one: template(&routes.envelope.one),
            list: template(&routes.envelope.list),
            error: template(&routes.envelope.error),
            errors: routes.errors.clone(),
            words: None,
        }
    }

    /// What an application declares for a version beside the main one.
    pub fn of_version(routes: &Routes) -> Self {
        Self { version: Some(routes.prefix.clone()), ..Self::declared(routes) }
    }

    /// What an application adds at Mainstay's own paths: the statuses of its catalogue, and nothing
    /// around answers and refusals.
    pub fn added(routes: &Routes, of: &Self) -> Self {
        Self {
            errors: routes.errors.clone(),
            lists: routes.lists.clone(),
            version: of.version.clone(),
            ..Self::default()
        }
    }

    /// The words of a dialect of models.
    pub fn of_words(words: Words) -> Self {
        Self { words: Some(words), ..Self::default() }
    }

    /// The dialect of models whose words these are.
    pub fn words(&self) -> Option<Words> {
        self.words
    }

    /// Whether refusals are problem+json.
    pub fn has_problem_json(&self) -> bool {
        self.error.is_none() && self.words.is_none()
    }

    /// Writes one thing.
    pub fn write_one(&self, thing: &impl Serialize, visit: &Visit) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        match &self.one {
            None => write(&mut out, thing),
            Some(template) => template.write(&mut out, &[], |hole, _, out| match hole {
                Hole::Data => write(out, thing),
                other => common(other, out, visit),
            }),
        }
        out
    }

    /// Writes a page of things.
    pub fn write_list<T: Serialize>(&self, page: &Listed<'_, T>, visit: &Visit) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + page.items.len() * 512);
        match &self.list {
            None => {
                out.extend_from_slice(b"{\"items\":");
                write(&mut out, &page.items);
                out.extend_from_slice(b",\"next_cursor\":");
                write(&mut out, &page.next);
                out.extend_from_slice(b",\"prev_cursor\":");
                write(&mut out, &page.prev);
                if let Some(total) = page.total {
                    out.extend_from_slice(b",\"total\":");
                    write(&mut out, &total);
                }
                out.push(b'}');
            }
            Some(template) => template.write(&mut out, &[], |hole, _, out| match hole {
                Hole::Data => write(out, &page.items),
                Hole::NextCursor => write(out, &page.next),
                Hole::PrevCursor => write(out, &page.prev),
                Hole::HasMore => write(out, &page.next.is_some()),
                Hole::TotalCount => write(out, &page.total),
                other => common(other, out, visit),
            }),
        }
        out
    }

    /// The answer to a request that did not work. The log hears of it here, once.
    pub fn refuse(&self, problem: &Problem, visit: &Visit) -> Response {
        let _ = visit.problem.set(problem.code());
        let own = self.in_catalogue(problem);
        let status = own.map_or_else(|| problem.status(), |it| it.status);
        if let Some(cause) = problem.cause() {
            if status >= 500 && !matches!(problem.code(), "database_unavailable" | "unavailable") {
                tracing::error!(
                    problem.code = problem.code(),
                    problem.cause = %cause,
                    "Could not answer {}", visit.endpoint()
                );
            } else {
                tracing::warn!(
                    problem.code = problem.code(),
                    problem.cause = %cause,
                    "Refused {}", visit.endpoint()
                );
            }
        }
        let (kind, body) = match &self.error {
            None => match self.words {
                Some(words) => ("application/json", llm::refusal(words, problem, visit)),
                None => {
                    let mut body = problem.body(&visit.id);
                    body["status"] = status.into();
                    ("application/problem+json", body.to_string().into_bytes())
                }
            },
            Some(template) => {
                let mut out = Vec::with_capacity(512);
                template.write(&mut out, problem.all_faults(), |hole, fault, out| match hole {
                    Hole::Code => match self.said_of(problem, fault) {
                        Some(own) => write(out, &own.code),
                        None => write(out, &problem.code()),
                    },
                    Hole::Name => match self.said_of(problem, fault) {
                        Some(own) => write(out, &own.name),
                        None => write(out, &problem.code().to_uppercase()),
                    },
                    Hole::Message => write(out, &message(problem, fault)),
                    Hole::Details => write(out, &details(problem, fault)),
                    Hole::Field => write(out, &field(problem, fault)),
                    other => common(other, out, visit),
                });
                ("application/json", out)
            }
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = problem.comes_back_in() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        for (name, value) in problem.headers() {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn in_catalogue(&self, problem: &Problem) -> Option<&CatalogueError> {
        let narrowed =
            problem.subject().and_then(|it| self.errors.get(&format!("{}.{it}", problem.code())));
        narrowed.or_else(|| self.errors.get(problem.code()))
    }

    /// The same for one fault of several: by the field that it is of.
    fn said_of(&self, problem: &Problem, fault: Option<&Fault>) -> Option<&CatalogueError> {
        let narrowed = fault.and_then(|it| {
            let field = it.field.trim_start_matches('/');
            self.errors.get(&format!("{}.{field}", problem.code()))
        });
        narrowed.or_else(|| self.in_catalogue(problem))
    }
}

/// The style of a path is that of its prefix, the longest of those that it has.
pub fn of_path<'a>(
    path: &str,
    sides: &'a [(String, Arc<Style>)],
    plain: &'a Arc<Style>,
) -> &'a Arc<Style> {
    let is_inside = |prefix: &str| {
        let rest = path.strip_prefix(prefix).filter(|_| !prefix.is_empty());
        rest.is_some_and(|it| it.is_empty() || it.starts_with('/'))
    };
    let own = sides.iter().filter(|it| is_inside(&it.0)).max_by_key(|it| it.0.len());
    own.map_or(plain, |it| &it.1)
}

impl Template {
    fn of(template: &Json) -> Self {
        let mut cut = Self(Vec::new());
        cut.add(template);
        cut
    }

    /// Cuts a value into pieces, behind those that are there.
    fn add(&mut self, value: &Json) {
        let named = |text: &str| HOLES.iter().find(|it| it.0 == text).map(|it| it.1);
        match value {
            Json::String(text) => match named(text) {
                Some(hole) => self.0.push(Piece::Hole(hole)),
                None => self.text(&value.to_string()),
            },
            Json::Object(fields) => match fields.get(EACH).filter(|_| fields.len() == 1) {
                Some(each) => self.0.push(Piece::Each(Self::of(each))),
                None => {
                    self.text("{");
                    for (at, (name, inner)) in fields.iter().enumerate() {
                        let comma = if at > 0 { "," } else { "" };
                        self.text(&format!("{comma}{}:", Json::from(name.as_str())));
                        self.add(inner);
                    }
                    self.text("}");
                }
            },
            Json::Array(list) => {
                self.text("[");
                for (at, inner) in list.iter().enumerate() {
                    if at > 0 {
                        self.text(",");
                    }
                    self.add(inner);
                }
                self.text("]");
            }
            other => self.text(&other.to_string()),
        }
    }

    /// Adds to the text at the end.
    fn text(&mut self, more: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text.push_str(more),
            _ => self.0.push(Piece::Text(more.to_owned())),
        }
    }

    /// Writes it; what stands there for each fault is written for each of these.
    fn write(
        &self,
        out: &mut Vec<u8>,
        faults: &[Fault],
        mut fill: impl FnMut(Hole, Option<&Fault>, &mut Vec<u8>),
    ) {
        self.write_of(out, None, faults, &mut fill);
    }

    fn write_of<F: FnMut(Hole, Option<&Fault>, &mut Vec<u8>)>(
        &self,
        out: &mut Vec<u8>,
        of: Option<&Fault>,
        faults: &[Fault],
        fill: &mut F,
    ) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Hole(hole) => fill(*hole, of, out),
                Piece::Each(each) => {
                    out.push(b'[');
                    if faults.is_empty() {
                        each.write_of(out, None, &[], fill);
                    }
                    for (at, fault) in faults.iter().enumerate() {
                        if at > 0 {
                            out.push(b',');
                        }
                        each.write_of(out, Some(fault), &[], fill);
                    }
                    out.push(b']');
                }
            }
        }
    }
}

fn common(hole: Hole, out: &mut Vec<u8>, visit: &Visit) {
    match hole {
        Hole::RequestId => write(out, &&*visit.id),
        Hole::Timestamp => write(out, &stamp(visit.at)),
        Hole::HasMore => write(out, &false),
        _ => write(out, &()),
    }
}

/// A time as answers show it: UTC to the millisecond.
pub fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// What people are told: of all of it, or of one fault of several. One that is alone is told as the whole is.
fn message(problem: &Problem, fault: Option<&Fault>) -> String {
    match fault {
        Some(it) if problem.all_faults().len() > 1 => it.sentence(),
        _ => problem.detail().to_owned(),
    }
}

/// The field that is at fault, as the caller named it; none where there are several, or none.
fn field<'a>(problem: &'a Problem, fault: Option<&'a Fault>) -> Option<&'a str> {
    let one = || {
        let (first, rest) = problem.all_faults().split_first()?;
        rest.iter().all(|it| it.field == first.field).then_some(first)
    };
    let field = fault.or_else(one)?.field.trim_start_matches('/');
    Some(field).filter(|it| !it.is_empty())
}

/// What is known beside; of one fault, of that alone.
fn details(problem: &Problem, fault: Option<&Fault>) -> Json {
    let mut details = serde_json::Map::new();
    let faults = fault.map_or_else(|| problem.all_faults(), std::slice::from_ref);
    if !faults.is_empty() {
        details.insert("errors".into(), json!(faults));
    }
    if let Some(hint) = problem.way_out() {
        details.insert("hint".into(), hint.into());
    }
    if details.is_empty() { Json::Null } else { Json::Object(details) }
}

fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        // Writing to memory fails only for maps whose keys are no texts, and there are none.
        out.truncate(before);
        out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style() -> Style {
        let yaml = json!({
            "envelope": {
                "one": {"data": "$data", "meta": {"request_id": "$request_id"}},
                "list": {"data": "$data", "more": "$has_more", "next": "$next_cursor", "count": "$total_count"},
                "error": {"error": {"code": "$code", "name": "$name", "message": "$message", "details": "$details"}},
            },
            "paths": {},
            "errors": {
                "not_unique": {"status": 409, "code": 3009, "name": "DUPLICATE_CODE"},
                "not_unique.tenants": {"status": 409, "code": 3010, "name": "DUPLICATE_CLIENT_NAME"},
                "invalid_input.type": {"status": 422, "code": 3003, "name": "INVALID_TYPE"},
                "invalid_input": {"status": 422, "code": 3001, "name": "VALIDATION_ERROR"},
            },
        });
        Style::declared(&serde_json::from_value(yaml).expect("routes as they are declared"))
    }

    fn visit(style: Style) -> Visit {
        Visit::begin(Some("r-1"), Timestamp::UNIX_EPOCH, None, None, Arc::new(style))
    }

    #[test]
    fn an_envelope_surrounds_what_is_answered() {
        let (style, visit) = (style(), visit(Style::plain()));
        let one = style.write_one(&json!({"id": 1}), &visit);
        assert_eq!(one, br#"{"data":{"id":1},"meta":{"request_id":"r-1"}}"#);
        let page = Listed { items: &[1, 2], next: Some("abc".into()), prev: None, total: Some(9) };
        let list = style.write_list(&page, &visit);
        assert_eq!(list, br#"{"data":[1,2],"more":true,"next":"abc","count":9}"#);
    }

    #[test]
    fn without_an_envelope_answers_are_bare() {
        let (style, visit) = (Style::plain(), visit(Style::plain()));
        assert_eq!(style.write_one(&json!({"id": 1}), &visit), br#"{"id":1}"#);
        let page = Listed { items: &[1], next: None, prev: None, total: None };
        let list = style.write_list(&page, &visit);
        assert_eq!(list, br#"{"items":[1],"next_cursor":null,"prev_cursor":null}"#);
    }

    #[test]
    fn a_refusal_is_looked_up_by_its_subject_first() {
        let style = style();
        let code = |problem: &Problem| style.in_catalogue(problem).map(|it| it.code.clone());
        assert_eq!(code(&Problem::new("not_unique", "x")), Some(json!(3009)));
        assert_eq!(code(&Problem::new("not_unique", "x").about("items")), Some(json!(3009)));
        assert_eq!(code(&Problem::new("not_unique", "x").about("tenants")), Some(json!(3010)));
        let fault = |it: &str| Problem::faults("invalid_input", vec![Fault::new(it, "is wrong")]);
        assert_eq!(code(&fault("/type")), Some(json!(3003)));
        assert_eq!(code(&fault("/name")), Some(json!(3001)));
        assert_eq!(code(&Problem::new("stale", "x")), None);
    }

    #[test]
    fn each_fault_of_what_was_sent_is_an_entry_of_its_own() {
        let yaml = json!({
            "envelope": {"error": {"data": null, "errors": {"$each": {"code": "$code", "message": "$message", "field": "$field"}}}},
            "paths": {},
            "errors": {
                "invalid_input": {"status": 400, "code": "INVALID"},
                "invalid_input.type": {"status": 400, "code": "INVALID_TYPE"},
            },
        });
        let style = Style::declared(&serde_json::from_value(yaml).expect("routes"));
        let template = style.error.as_ref().expect("an envelope");
        let told = |problem: &Problem| -> Json {
            let mut out = Vec::new();
            template.write(&mut out, problem.all_faults(), |hole, fault, out| match hole {
                Hole::Code => write(out, &style.said_of(problem, fault).map(|it| &it.code)),
                Hole::Message => write(out, &message(problem, fault)),
                Hole::Field => write(out, &field(problem, fault)),
                _ => write(out, &()),
            });
            serde_json::from_slice(&out).expect("it is JSON")
        };
        let fault = |it: &str| Fault::new(it, "is missing");
        let two = Problem::faults("invalid_input", vec![fault("/type"), fault("/items/0/name")]);
        assert_eq!(
            told(&two),
            json!({"data": null, "errors": [
                {"code": "INVALID_TYPE", "message": "`type`: is missing.", "field": "type"},
                {"code": "INVALID", "message": "`items/0/name`: is missing.", "field": "items/0/name"},
            ]})
        );
        let none = Problem::new("stale", "It was changed.");
        let expected = json!([{"code": null, "message": "It was changed.", "field": null}]);
        assert_eq!(told(&none)["errors"], expected);
    }

    #[test]
    fn a_path_outside_the_prefix_has_the_plain_style() {
        let (declared, plain) = (Arc::new(style()), Arc::new(Style::plain()));
        let older = Arc::new(style());
        let sides = [("/v1".to_owned(), declared.clone()), ("/v1/old".to_owned(), older.clone())];
        let is_declared = |path| Arc::ptr_eq(of_path(path, &sides, &plain), &declared);
        assert!(Arc::ptr_eq(of_path("/v1/old/clients", &sides, &plain), &older));
        assert!(is_declared("/v1/older") && !is_declared("/v1/old"));
        assert!(is_declared("/v1/clients"));
        assert!(is_declared("/v1"));
        assert!(!is_declared("/v10/clients"));
        assert!(!is_declared("/api/me"));
    }
}
