//! Routes: which path leads to which operation, and where each argument is found.
//!
//! Routes are data: Mainstay's own under `/api` are the table in [`crate::routes`], an
//! application's come from `routes:` of its `app.yaml`; both are compiled here, once, at start,
//! against the table of operations. A route that cannot work is refused with its reason.

use std::sync::Arc;

use apps::{
    check::OperationHead,
    description::{RouteSpec, Routes},
};
use axum::http::Method;
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::{
    ageing::Ageing,
    argument,
    cache::Keeping,
    operation::Operation,
    shape::{self, Shape},
    style::Style,
};

/// A path and a method that lead to an operation.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The template: `/v1/clients/{client_id}`. Also what metrics and logs call it.
    pub path: Arc<str>,
    /// What it does.
    pub operation: Arc<Operation>,
    /// Where each argument is found.
    pub plan: Vec<Take>,
    /// Field ← the name that narrows by it.
    pub filters: Vec<(String, String)>,
    /// Field ← the name that, given as true, narrows to what is true in it.
    pub switches: Vec<(String, String)>,
    /// Field ← the name that, given as true, shows what is true in it; else it is left out.
    pub hides: Vec<(String, String)>,
    /// Rows of a list when the caller names no limit; that of its style when there is none.
    pub limit: Option<u32>,
    /// One argument takes the whole body.
    pub takes_whole_body: bool,
    /// How its answer is shaped.
    pub shape: Option<Arc<Shape>>,
    /// The name of the shape.
    pub shape_name: Option<String>,
    /// How its answer is wrapped.
    pub style: Arc<Style>,
    /// A status other than the operation's own.
    pub status: Option<u16>,
    /// One sentence for people.
    pub summary: String,
    /// Whether the application declared it.
    pub is_declared: bool,
    /// That it will go, and when.
    pub ageing: Option<Arc<Ageing>>,
    /// How its answers are kept.
    pub keeping: Option<Keeping>,
}

/// Where one argument comes from.
#[derive(Debug)]
pub struct Take {
    /// The argument.
    pub argument: String,
    /// The field inside of it that is set.
    pub within: Option<String>,
    /// Where the value is.
    pub source: Source,
    /// Other names under which it may be, in the order in which they are tried.
    pub also: Vec<String>,
    /// The header that has it when nothing else does.
    pub header: Option<String>,
    /// The route names the source; it is not merely the argument's own name.
    pub is_mapped: bool,
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// It is always this.
    Fixed(Json),
    /// Under this name in the path, else the query, else the body.
    Named(String),
    /// It is the whole body.
    Body,
    /// Only a header has it: neither path, query nor body are asked.
    Header,
}

/// A route that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("route `{route}`: {fault}")]
pub struct RouteFault {
    /// `METHOD /path`, as declared.
    pub route: String,
    /// What is wrong.
    pub fault: String,
    /// What would be right.
    pub hint: Option<String>,
}

/// The operations by name.
pub type Operations = IndexMap<&'static str, Arc<Operation>>;

/// Every operation by name.
pub fn operations() -> Operations {
    crate::operation::all().into_iter().map(|it| (it.name, Arc::new(it))).collect()
}

/// The operations as `mainstay check` wants to know them: names, arguments, whether answers may be kept.
pub fn heads() -> Vec<OperationHead> {
    let paths = |name: &str| {
        let own = crate::routes::FIXED.iter().filter(|it| it.1 == name);
        own.map(|it| it.0.to_owned()).collect()
    };
    let head = |it: &Arc<Operation>| OperationHead {
        name: it.name.to_owned(),
        args: it.arguments.fields.iter().map(|it| it.name.clone()).collect(),
        paths: paths(it.name),
        is_shareable: it.is_shareable,
    };
    operations().values().map(head).collect()
}

/// Compiles what an application declares: one version of its paths. At Mainstay's own paths it may only
/// add to what is answered there: those are answered in the plain style, because the interface lives on
/// them.
///
/// # Errors
/// Every route that cannot work, with its reason.
pub fn declared(
    routes: &Routes,
    operations: &Operations,
    style: &Arc<Style>,
) -> Result<Vec<Route>, Vec<RouteFault>> {
    let shapes = shape::all(&routes.shapes).map_err(|error| {
        vec![RouteFault { route: "shapes".into(), fault: error.to_string(), hint: None }]
    })?;
    let (mut compiled, mut faults) = (Vec::new(), Vec::new());
    let added = Arc::new(Style::added(routes, style));
    let side = Side { prefix: &routes.prefix, operations, shapes: &shapes, is_declared: true };
    for (key, spec) in &routes.paths {
        let own = own_at(key, &routes.prefix);
        if let Some((path, operation)) = own
            && operation != spec.operation
        {
            faults.push(RouteFault {
                route: key.clone(),
                fault: format!("`{path}` belongs to Mainstay, which answers with `{operation}`"),
                hint: Some("choose another path, or the same operation".into()),
            });
            continue;
        }
        let style = if own.is_some() { &added } else { style };
        match compile(key, spec, style, &side) {
            Ok(route) => compiled.push(route),
            Err(found) => faults.extend(found),
        }
    }
    faults.extend(collisions(compiled.iter()));
    if faults.is_empty() { Ok(compiled) } else { Err(faults) }
}

/// Compiles Mainstay's own routes.
///
/// # Panics
/// When the table names an operation or an argument that does not exist: a fault of the program,
/// found by the first test.
pub fn fixed(operations: &Operations, llm: &crate::llm::Styles) -> Vec<Route> {
    let plain = Arc::new(Style::plain());
    let shapes = IndexMap::new();
    let side = Side { prefix: "", operations, shapes: &shapes, is_declared: false };
    crate::routes::FIXED
        .iter()
        .map(|(key, operation, from)| {
            let from = from.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let spec = RouteSpec {
                operation: (*operation).to_owned(),
                set: IndexMap::new(),
                from,
                filters: IndexMap::new(),
                switches: IndexMap::new(),
                hides: IndexMap::new(),
                limit: None,
                shape: None,
                status: None,
                summary: None,
                deprecated: None,
                cache: None,
            };
            let path = key.split_once(' ').map_or("", |it| it.1);
            let style = llm.of_path(path).unwrap_or(&plain);
            let compiled = compile(key, &spec, style, &side);
            compiled.expect("the table of fixed routes fits the table of operations")
        })
        .collect()
}

/// Mainstay's own route that answers where a declared one would: its key and its operation.
fn own_at(key: &str, prefix: &str) -> Option<(&'static str, &'static str)> {
    let (method, path) = key.split_once(' ')?;
    let wanted = blank(&format!("{method} {prefix}{}", path.trim()));
    let own = crate::routes::FIXED.iter().find(|it| blank(it.0) == wanted)?;
    Some((own.0, own.1))
}

impl Route {
    /// Is there `{name}` in the path?
    pub fn names_in_path(&self, name: &str) -> bool {
        names_in(&self.path).any(|it| it == name)
    }

    /// The names that the query or the body may give, in the order of the arguments.
    pub fn names_outside_path(&self) -> impl Iterator<Item = &str> {
        let named = self.plan.iter().flat_map(|it| {
            let own = match &it.source {
                Source::Named(name) => Some(name.as_str()),
                Source::Fixed(_) | Source::Body | Source::Header => None,
            };
            own.into_iter().chain(it.also.iter().map(String::as_str))
        });
        let narrow =
            self.filters.iter().chain(&self.switches).chain(&self.hides).map(|it| it.1.as_str());
        named.chain(narrow).filter(|it| !self.names_in_path(it))
    }

    /// `GET /v1/clients`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What a name of the path, the query or the body is for.
    pub fn take(&self, argument: &str) -> Option<&Take> {
        self.plan.iter().find(|it| it.argument == argument && it.within.is_none())
    }
}

impl Take {
    /// How the caller knows the argument.
    pub fn pointer(&self) -> String {
        match &self.source {
            Source::Named(name) => format!("/{}", argument::escaped(name)),
            Source::Fixed(_) | Source::Header => {
                format!("/{}", argument::escaped(&self.argument))
            }
            Source::Body => String::new(),
        }
    }
}

/// The names of a template. One with a `*` takes the rest of the path, slashes and all.
pub fn names_in(path: &str) -> impl Iterator<Item = &str> {
    let names = path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
    names.map(|it| it.trim_start_matches('*'))
}

/// Routes that are compiled together.
struct Side<'a> {
    prefix: &'a str,
    operations: &'a Operations,
    shapes: &'a IndexMap<String, Arc<Shape>>,
    is_declared: bool,
}

fn compile(
    key: &str,
    spec: &RouteSpec,
    style: &Arc<Style>,
    side: &Side<'_>,
) -> Result<Route, Vec<RouteFault>> {
    let Side { prefix, operations, shapes, is_declared } = *side;
    let mut faults = Vec::new();
    let mut fault = |text: String, hint: Option<String>| {
        faults.push(RouteFault { route: key.to_owned(), fault: text, hint });
    };
    let (method, path) = key.split_once(' ').unwrap_or((key, ""));
    let path = format!("{prefix}{}", path.trim());
    let method = match method {
        "GET" => Some(Method::GET),
        "POST" => Some(Method::POST),
        "PUT" => Some(Method::PUT),
        "PATCH" => Some(Method::PATCH),
        "DELETE" => Some(Method::DELETE),
        _ => {
            fault(
                "does not begin with a method".into(),
                Some("GET, POST, PUT, PATCH or DELETE".into()),
            );
            None
        }
    };
    let steps = if is_declared { path.clone() } else { path.replace("{*", "{") };
    if !is_template(&steps) {
        fault(
            format!("`{path}` is not a path"),
            Some("for example /clients/{client_id}/rules".into()),
        );
    } else if is_declared && is_reserved(&path) {
        fault(
            format!("`{path}` belongs to Mainstay"),
            Some("give the application's routes a prefix such as /v1".into()),
        );
    }
    let Some(operation) = operations.get(spec.operation.as_str()) else {
        let known = operations.keys().copied();
        let meant =
            argument::nearest(&spec.operation, known).map(|it| format!("did you mean `{it}`?"));
        fault(format!("there is no operation `{}`", spec.operation), meant);
        return Err(faults);
    };
    let known = || operation.arguments.fields.iter().map(|it| it.name.as_str());
    for name in spec.set.keys().chain(spec.from.keys()) {
        let outer = name.split('.').next().unwrap_or(name);
        if operation.arguments.field(outer).is_none() {
            let meant = argument::nearest(outer, known()).map(|it| format!("did you mean `{it}`?"));
            fault(format!("`{}` takes no argument `{outer}`", spec.operation), meant);
        }
    }
    let narrows = !spec.filters.is_empty() || !spec.switches.is_empty() || !spec.hides.is_empty();
    if narrows && operation.arguments.field("filters").is_none() {
        fault(format!("`{}` takes no filters", spec.operation), None);
    }
    let shape = match &spec.shape {
        None => None,
        Some(name) => {
            let found = shapes.get(name).cloned();
            if found.is_none() {
                let meant = argument::nearest(name, shapes.keys().map(String::as_str));
                fault(
                    format!("there is no shape `{name}`"),
                    meant.map(|it| format!("did you mean `{it}`?")),
                );
            }
            found
        }
    };
    let plan = plan(spec, operation);
    for name in names_in(&path) {
        let is_used = plan.iter().any(|it| it.source == Source::Named(name.to_owned()))
            || spec.filters.values().chain(spec.switches.values()).any(|it| it == name);
        if !is_used {
            fault(
                format!("`{{{name}}}` of the path is used for no argument"),
                Some(format!(
                    "`{}` takes: {}",
                    spec.operation,
                    known().collect::<Vec<_>>().join(", ")
                )),
            );
        }
    }
    let ageing = match spec.deprecated.as_ref().map(Ageing::of).transpose() {
        Ok(ageing) => ageing.map(Arc::new),
        Err(why) => {
            fault(why, Some("write a day like 2027-06-01".into()));
            None
        }
    };
    let keeping = match keeping(spec, method.as_ref(), operation) {
        Ok(keeping) => keeping,
        Err(why) => {
            fault(why, None);
            None
        }
    };
    let (Some(method), true) = (method, faults.is_empty()) else { return Err(faults) };
    Ok(Route {
        method,
        path: path.into(),
        operation: operation.clone(),
        takes_whole_body: plan.iter().any(|it| it.source == Source::Body),
        plan,
        filters: pairs(&spec.filters),
        switches: pairs(&spec.switches),
        hides: pairs(&spec.hides),
        limit: spec.limit,
        shape,
        shape_name: spec.shape.clone(),
        style: style.clone(),
        status: spec.status,
        summary: spec.summary.clone().unwrap_or_else(|| operation.summary.to_owned()),
        is_declared,
        ageing,
        keeping,
    })
}

/// How the answers of a route are kept; why they cannot be.
fn keeping(
    spec: &RouteSpec,
    method: Option<&Method>,
    operation: &Operation,
) -> Result<Option<Keeping>, String> {
    let Some(cache) = &spec.cache else { return Ok(None) };
    if method.is_some_and(|it| *it != Method::GET) {
        return Err("only answers to GET can be kept".to_owned());
    }
    if !operation.is_shareable {
        return Err(format!("what `{}` answers is not the same for everybody", operation.name));
    }
    Keeping::of(cache, spec).map(Some)
}

fn pairs(names: &IndexMap<String, String>) -> Vec<(String, String)> {
    names.iter().map(|(a, b)| (a.clone(), b.clone())).collect()
}

/// Whole arguments first, then the fields set inside of them.
fn plan(spec: &RouteSpec, operation: &Operation) -> Vec<Take> {
    let named = |it: &String| match first_of(it) {
        Some("body") => Source::Body,
        Some(name) => Source::Named(name.to_owned()),
        None => Source::Header,
    };
    let mut plan: Vec<Take> = operation
        .arguments
        .fields
        .iter()
        .map(|field| {
            let (source, is_mapped) = match (spec.set.get(&field.name), spec.from.get(&field.name))
            {
                (Some(value), _) => (Source::Fixed(value.clone()), true),
                (None, Some(from)) => (named(from), true),
                (None, None) => (Source::Named(field.name.clone()), false),
            };
            let also = spec.from.get(&field.name).map_or_else(Vec::new, |it| others_of(it));
            let header = spec.from.get(&field.name).and_then(|it| header_of(it));
            Take { argument: field.name.clone(), within: None, source, also, header, is_mapped }
        })
        .collect();
    let inside = |it: &String, source: Source, also: Vec<String>| {
        let (outer, inner) = it.split_once('.')?;
        let (argument, within) = (outer.into(), Some(inner.into()));
        Some(Take { argument, within, source, also, header: None, is_mapped: true })
    };
    let fixed = |value: &Json| Source::Fixed(value.clone());
    plan.extend(spec.set.iter().filter_map(|(it, value)| inside(it, fixed(value), Vec::new())));
    plan.extend(spec.from.iter().filter_map(|(it, from)| inside(it, named(from), others_of(from))));
    plan
}

/// `title | Title`: the name that is tried first. None where there is only a header.
fn first_of(from: &str) -> Option<&str> {
    names_of(from).next()
}

/// The names that are tried after it.
fn others_of(from: &str) -> Vec<String> {
    names_of(from).skip(1).map(str::to_owned).collect()
}

/// The names, without the header.
fn names_of(from: &str) -> impl Iterator<Item = &str> {
    from.split('|').map(str::trim).filter(|it| !it.starts_with(HEADER))
}

/// `language | header X-UI-Language`: the header that is looked at last.
fn header_of(from: &str) -> Option<String> {
    let header = from.split('|').find_map(|it| it.trim().strip_prefix(HEADER))?;
    Some(header.trim().to_lowercase())
}

/// What stands before the name of a header.
const HEADER: &str = "header ";

fn is_template(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains("//")
        && (path == "/" || !path.ends_with('/'))
        && path.split('/').all(|it| match it.strip_prefix('{') {
            Some(name) => name.strip_suffix('}').is_some_and(|it| {
                !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
            }),
            None => it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it)),
        })
}

fn is_reserved(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    matches!(
        first,
        "" | "llm" | "health" | "metrics" | "docs" | "openapi.json" | "assets" | "__debug" | "ws"
    )
}

/// A path with its parameters unnamed, so that two that meet are the same.
pub(crate) fn blank(path: &str) -> String {
    let steps = path.split('/').map(|it| match it.starts_with('{') {
        true if it.starts_with("{*") => "{*}",
        true => "{}",
        false => it,
    });
    steps.collect::<Vec<_>>().join("/")
}

/// Two routes of one method whose paths no request can tell apart.
pub(crate) fn collisions<'a>(routes: impl Iterator<Item = &'a Route>) -> Vec<RouteFault> {
    let mut seen: IndexMap<(Method, String), String> = IndexMap::new();
    let mut faults = Vec::new();
    for route in routes {
        if let Some(other) = seen.insert((route.method.clone(), blank(&route.path)), route.key()) {
            faults.push(RouteFault {
                route: route.key(),
                fault: format!("is the same path as `{other}`"),
                hint: None,
            });
        }
    }
    faults
}
