//! The API described for programs (OpenAPI 3.1), from the same tables that answer: Mainstay's own
//! routes and the application's, with the schemas of its collections in their places.
//!
//! The document is the same for the same binary and the same folder. Start at [`document`].

mod body;
mod ids;
mod parameter;
mod security;
mod thing;

use std::collections::BTreeSet;

use apps::{
    description::{Routes, RunMode},
    folder::Folder,
};
use axum::http::Method;
use base::Permission;
use models::relay::Words;
use serde_json::{Map, Value as Json, json};

use crate::{
    App,
    operation::{Kind, has_body},
    problem::CODES,
    route::{self, Route},
};

/// The whole description of an application that is served.
pub fn document(app: &App) -> Json {
    let description = app.description();
    let info = json!({
        "title": description.title,
        "version": app.settings.version,
        "description": description.about,
    });
    let routes: Vec<&Route> = app.routes.iter().map(|it| &**it).collect();
    let mut document = described(&info, &routes, Some(app.engine.folder()));
    if let Some(cookies) = &app.cookies {
        security::add_cookies(&mut document, cookies);
    }
    document
}

/// The routes that every application has, without those that one declares: what the interface,
/// which serves any application, is built against.
pub fn built_in() -> Json {
    let info = json!({
        "title": "Mainstay",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "What every application answers, whatever its own routes are.",
    });
    let routes = route::fixed(&route::operations(), &crate::llm::Styles::default());
    described(&info, &routes.iter().collect::<Vec<_>>(), None)
}

/// `folder` is the application's; none where the document is to hold for all of them.
fn described(info: &Json, routes: &[&Route], folder: Option<&Folder>) -> Json {
    let mut paths: Map<String, Json> = Map::new();
    let mut tags: BTreeSet<&str> = BTreeSet::new();
    for route in routes {
        tags.insert(tag(route));
        let path = route.path.replace("{*", "{");
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[route.method.as_str().to_lowercase()] = operation(folder, route);
    }
    let errors: Vec<Json> = CODES
        .iter()
        .map(|it| json!({"code": it.code, "status": it.status, "title": it.title}))
        .collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": info,
        "tags": tags.iter().map(|it| json!({"name": it})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of POST /api/auth/login, or an application key.",
                },
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "session": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Session-Token",
                    "description": "An access token, in a header of its own.",
                },
            },
            "parameters": parameter::shared(folder),
            "responses": refusals(folder),
            "schemas": schemas(folder),
        },
        "security": [{"bearer": []}, {"key": []}, {"session": []}],
        "x-errors": errors,
    });
    if folder.is_some() {
        let mut own: Vec<Json> = Vec::new();
        for (_, side) in sides(folder) {
            for (code, it) in &side.errors {
                let line = json!({
                    "code": it.code, "name": it.name, "status": it.status, "engine_code": code,
                });
                if !own.contains(&line) {
                    own.push(line);
                }
            }
        }
        document["x-application-errors"] = own.into();
    }
    document
}

/// The things that operations give, and the data of the application's collections and tenants.
fn schemas(folder: Option<&Folder>) -> Map<String, Json> {
    let mut schemas = thing::all();
    let Some(folder) = folder else { return schemas };
    for kit in folder.kits().iter() {
        schemas.insert(format!("data.{}", kit.name), plain(kit.schema.inlined()));
    }
    if let Some(schema) = folder.tenant_schema() {
        schemas.insert("data.tenants".into(), plain(schema.inlined()));
    }
    schemas
}

fn refusals(folder: Option<&Folder>) -> Json {
    let mut refusals = json!({
        "Problem": {
            "description": "It did not work; `code` is stable, `hint` is the way out.",
            "content": {"application/problem+json": {"schema": reference("Problem")}},
        },
        "OpenaiError": {
            "description": "It did not work; said as OpenAI says it.",
            "content": {"application/json": {"schema": reference("OpenaiError")}},
        },
        "AnthropicError": {
            "description": "It did not work; said as Anthropic says it.",
            "content": {"application/json": {"schema": reference("AnthropicError")}},
        },
    });
    for (version, side) in sides(folder) {
        let Some(error) = &side.envelope.error else { continue };
        refusals[of_version("Refusal", version.as_deref())] = json!({
            "description": "It did not work; the codes are the application's own.",
            "content": {"application/json": {"schema": thing::of_template(error, &json!({}))}},
        });
    }
    refusals
}

/// The versions of an application's paths, the main one first: the prefix of each other one, and what
/// is declared for it.
fn sides(folder: Option<&Folder>) -> Vec<(Option<String>, Routes)> {
    let declared = folder.and_then(|it| it.description().routes.as_ref());
    let sides = declared.map(Routes::sides).unwrap_or_default();
    let named = sides.into_iter().enumerate();
    named.map(|(at, it)| ((at > 0).then(|| it.prefix.clone()), it)).collect()
}

/// What a component of a version is called: by its prefix, but for the main one.
fn of_version(name: &str, version: Option<&str>) -> String {
    version.map_or_else(|| name.to_owned(), |it| format!("{name}{}", it.replace('/', ".")))
}

fn operation(folder: Option<&Folder>, route: &Route) -> Json {
    let operation = &*route.operation;
    let takes_body = !matches!(route.method, Method::GET | Method::DELETE);
    let mut described = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [tag(route)],
        "x-operation": operation.name,
        "x-permission": operation.permission,
    });
    if operation.permission == Permission::Anyone {
        described["security"] = json!([]);
    }
    if let Some(ageing) = &route.ageing {
        described["deprecated"] = true.into();
        described["x-deprecated-since"] = json!(ageing.since);
        if let Some(sunset) = ageing.sunset {
            described["x-sunset"] = json!(sunset);
        }
        if let Some(instead) = &ageing.instead {
            described["x-successor"] = instead.as_str().into();
        }
    }
    if let Some(keeping) = &route.keeping {
        let tags = &keeping.tags;
        described["x-cache"] = json!({"ttl_s": keeping.ttl.as_secs(), "tags": tags});
    }
    let parameters = parameter::of(folder, route, takes_body);
    if !parameters.is_empty() {
        described["parameters"] = Json::Array(parameters);
    }
    if takes_body && let Some(body) = body::of(folder, route) {
        described["requestBody"] = body;
    }
    described["responses"] = responses(folder, route);
    described
}

/// Unique, and the operation's own name where it is Mainstay's own route.
fn operation_id(route: &Route) -> String {
    if !route.is_declared {
        return route.operation.name.to_owned();
    }
    let steps = route.path.split('/').filter(|it| !it.is_empty());
    let path: Vec<String> = steps.map(|it| it.trim_matches(['{', '}']).replace('-', "_")).collect();
    format!("{}_{}", route.method.as_str().to_lowercase(), path.join("_"))
}

fn tag(route: &Route) -> &str {
    let name = route.operation.name;
    name.split_once('.').map_or(name, |it| it.0)
}

fn responses(folder: Option<&Folder>, route: &Route) -> Json {
    let operation = &*route.operation;
    let refusal = match route.style.words() {
        Some(Words::Openai) => "OpenaiError".to_owned(),
        Some(Words::Anthropic) => "AnthropicError".to_owned(),
        None if route.style.has_problem_json() => "Problem".to_owned(),
        None => of_version("Refusal", route.style.version.as_deref()),
    };
    let refusal = json!({"$ref": format!("#/components/responses/{refusal}")});
    let mut responses = Map::new();
    for outcome in outcomes(folder, route) {
        responses.insert(outcome.status.to_string(), success(folder, route, &outcome));
    }
    let mut add = |status: &str| {
        responses.insert(status.to_owned(), refusal.clone());
    };
    if operation.permission != Permission::Anyone {
        add("401");
        add("403");
    }
    if route.path.contains('{') {
        add("404");
    }
    if route.ageing.as_ref().is_some_and(|it| it.sunset.is_some()) {
        add("410");
    }
    if matches!(route.method, Method::PATCH | Method::DELETE) {
        add("412");
    }
    if !operation.arguments.fields.is_empty() {
        add("422");
    }
    add("429");
    add("default");
    Json::Object(responses)
}

/// One way in which a route answers what was asked for.
struct Outcome {
    status: u16,
    /// The thing it gives.
    gives: &'static str,
    description: &'static str,
}

/// Mostly one. A task answers at once or with a job; health is told with the status too.
fn outcomes(folder: Option<&Folder>, route: &Route) -> Vec<Outcome> {
    let operation = &*route.operation;
    let description = match operation.kind {
        Kind::Made => "It was made.",
        Kind::Empty => "It was done.",
        Kind::Accepted => "It will be done; the job tells how far it is.",
        Kind::Socket => "The connection becomes a WebSocket.",
        Kind::One | Kind::Page | Kind::File | Kind::Events | Kind::Text => "The answer.",
    };
    let status = route.status.unwrap_or_else(|| operation.kind.status());
    let usual = Outcome { status, gives: operation.gives, description };
    match operation.name {
        "tasks.run" => {
            let description = "The answer, when the task answers at once.";
            let at_once = Outcome { status: 200, gives: "TaskAnswer", description };
            match body::task(folder, route).and_then(|it| it.description.run) {
                Some(RunMode::Now) => vec![at_once],
                Some(RunMode::Job) => vec![usual],
                None => vec![usual, at_once],
            }
        }
        "analyses.run" => {
            let description = "The answer, for one text.";
            vec![usual, Outcome { status: 200, gives: "Analysis", description }]
        }
        "results.submit" => {
            let description = "The result, when somebody waits for it.";
            vec![usual, Outcome { status: 200, gives: "Result", description }]
        }
        "users.erase" => {
            let description = "What was removed, or what would be.";
            vec![Outcome { status: 200, description, ..usual }, usual]
        }
        "health.get" | "health.database" | "health.models" | "health.ready" => {
            let description = "The answer, when it is not well.";
            vec![Outcome { status: 503, description, ..usual }, usual]
        }
        _ => vec![usual],
    }
}

fn success(folder: Option<&Folder>, route: &Route, outcome: &Outcome) -> Json {
    let Outcome { status, gives, description } = outcome;
    let content = match route.operation.kind {
        Kind::Empty if has_body(*status) => {
            json!({"application/json": {"schema": body::nothing(route)}})
        }
        Kind::Empty | Kind::Socket => return json!({"description": description}),
        Kind::File => {
            json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
        }
        Kind::One if route.operation.is_raw && route.method == Method::POST => {
            let schema = json!({"schema": reference(gives)});
            json!({"application/json": schema, "text/event-stream": schema})
        }
        Kind::Events => json!({"text/event-stream": {"schema": reference(gives)}}),
        Kind::Text => json!({"text/plain": {"schema": {"type": "string"}}}),
        Kind::One | Kind::Made | Kind::Accepted | Kind::Page => {
            json!({"application/json": {"schema": body::answer(folder, route, gives)}})
        }
    };
    json!({"description": description, "content": content})
}

fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A schema without what belongs to a file of its own.
fn plain(schema: &Json) -> Json {
    let mut schema = schema.clone();
    if let Some(schema) = schema.as_object_mut() {
        for key in ["$schema", "$id", "$defs", "definitions"] {
            schema.remove(key);
        }
    }
    schema
}
