//! What a request brings: its arguments, its page, its file and the headers that bear on a change.
//!
//! Start at [`bring`].

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
};
use serde_json::{Map, Value as Json};

use super::text_of;
use crate::{
    App,
    argument::Faults,
    idempotency,
    input::{self, Bounds, Input},
    operation::{FileOf, IfMatch, Kind, Operation, Upload},
    problem::{Fault, Problem},
    reach::{About, tenant_of},
    route::Route,
};

/// What a request brings, read and without faults.
pub(super) struct Brought {
    /// The arguments of the operation.
    pub(super) args: Map<String, Json>,
    /// The limit and the cursor asked for.
    pub(super) page: (u32, Option<String>),
    /// Whether the whole list is counted.
    pub(super) count: bool,
    /// The file that came along.
    pub(super) upload: Option<Upload>,
}

/// Reads a request; who may not speak of the tenant it names hears of that first.
pub(super) async fn bring(about: &About, request: Request) -> Result<Brought, Problem> {
    let About { app, route, .. } = about;
    let path = about.path.clone();
    let named = route.plan.iter().filter_map(|it| it.header.as_deref());
    let headers: Vec<(String, String)> =
        named.filter_map(|it| Some((it.to_owned(), text_of(request.headers(), it)?))).collect();
    let mut input = match *request.method() {
        Method::GET | Method::HEAD => Input::of_uri(request.uri(), path)?,
        _ => Input::read(request, path, bounds(app, &route.operation)).await?,
    };
    input.headers = headers;
    let mut faults = Faults::default();
    if let Some(body) = input.body.as_ref().filter(|_| !route.operation.takes_documents) {
        app.settings.security.texts.faults(body).into_iter().for_each(|it| faults.add(it));
    }
    let (page, count) = page(route, &input, &mut faults);
    let args = input.arguments(route, &mut faults);
    if let Some(tenant) = tenant_of(&args) {
        about.tenant(tenant).await?;
    }
    if !faults.list.is_empty() {
        return Err(Problem::faults(faults.code(), faults.list));
    }
    Ok(Brought { args, page, count, upload: input.upload.take() })
}

/// The limit and the cursor asked for, and whether to count.
fn page(route: &Route, input: &Input, faults: &mut Faults) -> ((u32, Option<String>), bool) {
    let lists = &route.style.lists;
    if route.operation.kind != Kind::Page {
        return ((lists.limit, None), false);
    }
    let usual = route.limit.unwrap_or(lists.limit);
    let limit = match input.in_query("limit") {
        None | Some("") => usual,
        Some(text) => match text.parse::<u32>() {
            Ok(limit) if (1..=lists.most).contains(&limit) => limit,
            _ => {
                let message = format!("must be a whole number from 1 to {}", lists.most);
                faults.add(Fault::new("/limit", message));
                usual
            }
        },
    };
    let cursor = input.in_query("cursor").filter(|it| !it.is_empty()).map(str::to_owned);
    let count = match input.in_query("count") {
        Some(text) => matches!(text, "true" | "1"),
        None => lists.count,
    };
    ((limit, cursor), count)
}

/// A letter of a text takes at most so many times its bytes in JSON, but for what no text is full of.
const ESCAPED: usize = 3;

fn bounds(app: &App, operation: &Operation) -> Bounds {
    let file_bytes = operation.takes_file.map(|of| match of {
        FileOf::List => app.largest_import(),
        FileOf::Document => app.largest_document(),
        FileOf::Picture => identity::profile::PICTURE_BYTES_MAX,
        FileOf::Bundle => apps::configuration::bundle::BYTES_MAX,
    });
    let of_settings = app.settings.body_bytes_max;
    let json_bytes = match (operation.takes_file, file_bytes) {
        // A text as large as a file may be, in which each letter may be escaped.
        (Some(FileOf::Document), Some(most)) => {
            of_settings.max(most.saturating_mul(ESCAPED)).saturating_add(of_settings)
        }
        (_, Some(most)) => of_settings.max(most).saturating_add(input::FORM_BYTES),
        (_, None) => of_settings,
    };
    Bounds { json_bytes, file_bytes }
}

/// The key under which the answer is kept for repetition.
pub(super) fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get("idempotency-key") else { return Ok(None) };
    match given.to_str().ok().filter(|it| idempotency::is_key(it)) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::faults(
            "invalid_input",
            vec![Fault::new("/Idempotency-Key", "must have 1 to 255 printable characters")],
        )),
    }
}

/// The revision that the caller has in mind.
pub(super) fn precondition(headers: &HeaderMap) -> IfMatch {
    let Some(given) = headers.get(header::IF_MATCH) else { return IfMatch::Any };
    let text = given.to_str().unwrap_or("?").trim();
    if text == "*" {
        return IfMatch::Any;
    }
    let bare = text.trim_start_matches("W/").trim_matches('"');
    let revision = bare.split('-').next().unwrap_or(bare);
    revision.parse().map_or(IfMatch::Foreign, IfMatch::Revision)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn if_match(value: &'static str) -> IfMatch {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_static(value));
        precondition(&headers)
    }

    #[test]
    fn an_etag_is_understood_however_it_is_quoted() {
        assert_eq!(if_match("W/\"12\""), IfMatch::Revision(12));
        assert_eq!(if_match("\"12\""), IfMatch::Revision(12));
        assert_eq!(if_match("W/\"12-0190\""), IfMatch::Revision(12));
        assert_eq!(if_match("*"), IfMatch::Any);
        assert_eq!(if_match("\"abc\""), IfMatch::Foreign);
    }
}
