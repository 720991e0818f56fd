//! What a request brings: its path, query and body, read within bounds and made into arguments.
//!
//! [`Input::read`] takes the body in (JSON, or a form with one file); [`Input::arguments`] picks
//! what an operation takes, by the plan of its route, and reports every fault at once.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Query, Request},
    http::{HeaderMap, Uri, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde_json::{Map, Value as Json};

use crate::{
    argument::{self, Faults, Origin},
    operation::Upload,
    problem::{Fault, Problem},
    route::{Route, Source},
};

/// What a request brings.
#[derive(Debug, Default)]
pub struct Input {
    /// Values of the path's names.
    pub path: Vec<(String, String)>,
    /// The query, in order; a name may repeat.
    pub query: Vec<(String, String)>,
    /// The body's fields, if it is an object or a form; any other JSON.
    pub body: Option<Json>,
    /// Whether the body's values are all texts.
    pub is_form: bool,
    /// The file.
    pub upload: Option<Upload>,
    /// The headers that the route takes arguments from, and no others.
    pub headers: Vec<(String, String)>,
}

/// The largest bodies.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of JSON.
    pub json_bytes: usize,
    /// Of a file; none where no file is expected.
    pub file_bytes: Option<usize>,
}

/// What surrounds a file in a form: boundaries, names, other fields.
pub(crate) const FORM_BYTES: usize = 64 * 1024;

/// How much of a body that is too large is still taken in, so that the caller hears the answer
/// instead of a broken connection.
const DRAIN_BYTES: usize = 32 * 1024 * 1024;

impl Input {
    /// Path and query alone, for requests without a body.
    pub fn of_uri(uri: &Uri, path: Vec<(String, String)>) -> Result<Self, Problem> {
        let query = match uri.query() {
            None | Some("") => Vec::new(),
            Some(_) => {
                Query::<Vec<(String, String)>>::try_from_uri(uri)
                    .map_err(|_| {
                        Problem::faults(
                            "invalid_input",
                            vec![Fault::new("/", "the query cannot be read")],
                        )
                    })?
                    .0
            }
        };
        Ok(Self { path, query, ..Self::default() })
    }

    /// Path, query and body.
    pub async fn read(
        request: Request,
        path: Vec<(String, String)>,
        bounds: Bounds,
    ) -> Result<Self, Problem> {
        let mut input = Self::of_uri(request.uri(), path)?;
        let (parts, body) = request.into_parts();
        let kind = media_type(&parts.headers);
        let is_form = kind == "multipart/form-data";
        let most = match bounds.file_bytes.filter(|_| is_form) {
            Some(file) => file.max(bounds.json_bytes) + FORM_BYTES,
            None => bounds.json_bytes,
        };
        let too_large = || match bounds.file_bytes {
            Some(most) => file_too_large(most),
            None => {
                Problem::new("body_too_large", format!("The body is larger than {most} bytes."))
            }
        };
        let bytes = take(body, &parts.headers, most).await?.ok_or_else(too_large)?;
        if bytes.is_empty() {
            return Ok(input);
        }
        if is_form {
            let most = bounds.file_bytes.ok_or_else(|| {
                Problem::new("unsupported_media_type", "This path takes JSON, not a form.")
            })?;
            return input.read_form(parts, bytes, most).await;
        }
        let is_json = kind == "application/json" || kind.ends_with("+json");
        if !kind.is_empty() && !is_json {
            let expected = if bounds.file_bytes.is_some() {
                "send application/json, or multipart/form-data with a `file`"
            } else {
                "send application/json"
            };
            let detail = format!("A body of type {} is not understood here.", printable(&kind));
            return Err(Problem::new("unsupported_media_type", detail).hint(expected));
        }
        let body = serde_json::from_slice(&bytes).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            Problem::new("invalid_json", format!("The body is not JSON ({place})."))
                .hint(reason(&error).to_owned())
        })?;
        input.body = Some(body);
        Ok(input)
    }

    async fn read_form(
        mut self,
        parts: axum::http::request::Parts,
        bytes: Bytes,
        most: usize,
    ) -> Result<Self, Problem> {
        let request = Request::from_parts(parts, Body::from(bytes));
        let broken = |_| {
            Problem::new(
                "invalid_file",
                "The form cannot be read: it ends in the middle, or its parts are malformed.",
            )
        };
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
            Problem::new("invalid_file", "The form cannot be read: it names no boundary.")
        })?;
        let mut fields = Map::new();
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(plain_name);
            let is_file = file_name.is_some() || name == "file";
            let bytes = field.bytes().await.map_err(broken)?;
            if is_file {
                if name != "file" || self.upload.is_some() {
                    let fault =
                        Fault::new(format!("/{}", argument::escaped(&name)), "is a file too many");
                    return Err(Problem::faults(
                        "invalid_input",
                        vec![fault.hint("send one file, in the field `file`")],
                    ));
                }
                if bytes.len() > most {
                    return Err(file_too_large(most));
                }
                self.upload = Some(Upload { name: file_name.unwrap_or_default(), bytes });
                continue;
            }
            let Ok(text) = String::from_utf8(bytes.to_vec()) else {
                let fault =
                    Fault::new(format!("/{}", argument::escaped(&name)), "is not UTF-8 text");
                return Err(Problem::faults("invalid_input", vec![fault]));
            };
            match fields.get_mut(&name) {
                None => {
                    fields.insert(name, text.into());
                }
                Some(Json::Array(several)) => several.push(text.into()),
                Some(one) => *one = Json::Array(vec![one.take(), text.into()]),
            }
        }
        self.is_form = true;
        self.body = Some(Json::Object(fields));
        Ok(self)
    }

    /// The last value of a name in the query.
    pub fn in_query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    /// The arguments of the route's operation, by its plan.
    pub fn arguments(&mut self, route: &Route, faults: &mut Faults) -> Map<String, Json> {
        let mut args = Map::new();
        let mut claimed: Vec<&str> = Vec::new();
        let has_body = self.body.is_some();
        for take in &route.plan {
            let Some(field) = route.operation.arguments.field(&take.argument) else { continue };
            let found = match &take.source {
                Source::Fixed(value) => Some((value.clone(), Origin::Json)),
                Source::Body => self.whole_body(),
                Source::Header => None,
                Source::Named(name) => {
                    let not_in_body = route.takes_whole_body && !take.is_mapped;
                    let mut found = None;
                    for name in std::iter::once(name).chain(&take.also) {
                        if has_body {
                            claimed.push(name);
                        }
                        if found.is_none() {
                            found = self.named(name, not_in_body);
                        }
                    }
                    found
                }
            };
            let found = found.or_else(|| self.in_header(take.header.as_deref()?));
            let Some((value, origin)) = found else {
                if take.within.is_none() && field.is_required && !args.contains_key(&field.name) {
                    let missing =
                        field.name == "tenant" || Some(field.name.as_str()) == route.operation.rest;
                    if !missing {
                        faults.add(Fault::new(take.pointer(), "is missing"));
                    }
                }
                continue;
            };
            match &take.within {
                // `data.codebook_id`: one field inside an argument that is an object.
                Some(inner) => {
                    let outer =
                        args.entry(field.name.clone()).or_insert_with(|| Json::Object(Map::new()));
                    if let Some(outer) = outer.as_object_mut() {
                        outer.insert(inner.clone(), value);
                    }
                }
                None => {
                    let checked = field.check(value, origin, &take.pointer(), faults);
                    args.insert(field.name.clone(), checked);
                }
            }
        }
        if route.operation.arguments.field("filters").is_some() {
            self.filters(route, &mut args, &mut claimed, faults);
        }
        if !route.takes_whole_body {
            self.rest(route, &mut args, &claimed, faults);
        }
        args
    }

    /// A text of a header.
    fn in_header(&self, name: &str) -> Option<(Json, Origin)> {
        let found = self.headers.iter().find(|it| it.0 == name)?;
        Some((found.1.as_str().into(), Origin::Text))
    }

    fn whole_body(&mut self) -> Option<(Json, Origin)> {
        let origin = if self.is_form { Origin::Text } else { Origin::Json };
        self.body.take().map(|it| (it, origin)).or(Some((Json::Object(Map::new()), Origin::Json)))
    }

    fn named(&mut self, name: &str, not_in_body: bool) -> Option<(Json, Origin)> {
        if let Some((_, value)) = self.path.iter().find(|it| it.0 == name) {
            return Some((value.as_str().into(), Origin::Text));
        }
        let mut values = self.query.iter().filter(|it| it.0 == name).map(|it| it.1.as_str());
        if let Some(first) = values.next() {
            let rest: Vec<Json> = values.map(Json::from).collect();
            if rest.is_empty() {
                return Some((first.into(), Origin::Text));
            }
            let all = std::iter::once(first.into()).chain(rest).collect();
            return Some((Json::Array(all), Origin::Text));
        }
        if not_in_body {
            return None;
        }
        let value = self.body.as_mut()?.as_object_mut()?.get_mut(name)?.take();
        Some((value, if self.is_form { Origin::Text } else { Origin::Json }))
    }

    /// `filter.FIELD=value` of the query, and the names that the route maps to fields.
    fn filters<'a>(
        &mut self,
        route: &'a Route,
        args: &mut Map<String, Json>,
        claimed: &mut Vec<&'a str>,
        faults: &mut Faults,
    ) {
        let mut filters = match args.remove("filters") {
            Some(Json::Object(given)) => given,
            _ => Map::new(),
        };
        for (name, value) in &self.query {
            let Some(field) = name.strip_prefix("filter.") else { continue };
            match filters.get_mut(field) {
                None => {
                    filters.insert(field.to_owned(), value.as_str().into());
                }
                Some(Json::Array(several)) => several.push(value.as_str().into()),
                Some(one) => *one = Json::Array(vec![one.take(), value.as_str().into()]),
            }
        }
        for (field, name) in &route.filters {
            claimed.push(name);
            if let Some((value, _)) = self.named(name, route.takes_whole_body)
                && value.as_str() != Some("")
            {
                filters.insert(field.clone(), value);
            }
        }
        for (field, name) in &route.switches {
            claimed.push(name);
            if let Some((value, origin)) = self.named(name, route.takes_whole_body)
                && argument::truth(value, origin, &format!("/{}", argument::escaped(name)), faults)
            {
                filters.insert(field.clone(), true.into());
            }
        }
        for (field, name) in &route.hides {
            claimed.push(name);
            let given = self.named(name, route.takes_whole_body);
            let shows = given.is_some_and(|(value, origin)| {
                argument::truth(value, origin, &format!("/{}", argument::escaped(name)), faults)
            });
            // Who asks for just these is not kept from them.
            if !shows && !filters.contains_key(field) {
                filters.insert(format!("{field} not"), true.into());
            }
        }
        args.insert("filters".into(), Json::Object(filters));
    }

    /// What nobody claimed goes into the argument that takes the rest, or is a fault.
    fn rest(
        &mut self,
        route: &Route,
        args: &mut Map<String, Json>,
        claimed: &[&str],
        faults: &mut Faults,
    ) {
        let left = match self.body.take() {
            None => Map::new(),
            Some(Json::Object(fields)) => fields,
            Some(_) => {
                faults.add(Fault::new("", "must be a JSON object"));
                return;
            }
        };
        let left: Map<String, Json> =
            left.into_iter().filter(|it| !claimed.contains(&it.0.as_str())).collect();
        if let Some(rest) = route.operation.rest {
            if route.plan.iter().any(|it| it.argument == rest) {
                args.insert(rest.to_owned(), Json::Object(left));
            }
            return;
        }
        for name in left.keys() {
            let pointer = format!("/{}", argument::escaped(name));
            faults.add(argument::unknown(&pointer, name, route.names_outside_path()));
        }
    }
}

/// Reads a body of at most `most` bytes; none when there is more.
pub(crate) async fn take(
    body: Body,
    headers: &HeaderMap,
    most: usize,
) -> Result<Option<Bytes>, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|it| it.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or(0);
    let mut stream = body.into_data_stream();
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new("invalid_json", "The body ended before it was complete.").caused_by(error)
        })?;
        seen += chunk.len();
        if seen > most {
            if announced.max(seen) > DRAIN_BYTES {
                return Ok(None);
            }
            continue;
        }
        // Most bodies come in one piece, which is then not copied.
        match first.take() {
            None if all.is_empty() => first = Some(chunk),
            None => all.extend_from_slice(&chunk),
            Some(one) => {
                all.reserve(announced.clamp(one.len() + chunk.len(), most.max(1)));
                all.extend_from_slice(&one);
                all.extend_from_slice(&chunk);
            }
        }
    }
    if seen > most {
        return Ok(None);
    }
    Ok(Some(first.unwrap_or_else(|| all.freeze())))
}

fn file_too_large(most: usize) -> Problem {
    Problem::new(
        "file_too_large",
        format!("The file is larger than {} MB.", most as f64 / 1_048_576.0),
    )
    .hint("split it, or leave out what is not needed")
}

fn media_type(headers: &HeaderMap) -> String {
    let given =
        headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The file's name without folders of either kind, and without what no name holds.
fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|it| !it.is_control()).take(200).collect()
}

fn printable(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(100).collect()
}

fn reason(error: &serde_json::Error) -> &'static str {
    use serde_json::error::Category;
    match error.classify() {
        Category::Eof => "it ends in the middle",
        Category::Data | Category::Io => "it cannot be read",
        Category::Syntax => "check the character before that place: a comma, a quote or a bracket",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_has_no_folders() {
        assert_eq!(plain_name(r"C:\work\items.csv"), "items.csv");
        assert_eq!(plain_name("../../etc/passwd"), "passwd");
        assert_eq!(plain_name("a\0b\n.csv"), "ab.csv");
    }
}
