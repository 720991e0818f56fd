//! The API described for programs (OpenAPI 3.1), from the same tables that answer: Mainstay's own
//! routes and the application's, with the schemas of its collections in their places.
//!
//! The document is the same for the same binary and the same folder. Start at [`document`].

mod body;
mod thing;

use std::collections::BTreeSet;

use axum::http::Method;
use base::Permission;
use models::relay::Words;
use serde_json::{Map, Value as Json, json};

use crate::{
    App,
    operation::Kind,
    problem::CODES,
    route::{Route, Source, names_in},
};

/// The whole description.
pub fn document(app: &App) -> Json {
    let description = app.description();
    let mut paths: Map<String, Json> = Map::new();
    let mut tags: BTreeSet<&str> = BTreeSet::new();
    for route in &app.routes {
        tags.insert(tag(route));
        let path = route.path.replace("{*", "{");
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[route.method.as_str().to_lowercase()] = operation(app, route);
    }
    let mut schemas = thing::all();
    for (name, kit) in app.kits().iter().map(|it| (&it.name, it)) {
        schemas.insert(format!("data.{name}"), plain(kit.schema.inlined()));
    }
    if let Some(schema) = app.engine.folder().tenant_schema() {
        schemas.insert("data.tenants".into(), plain(schema.inlined()));
    }
    let mut responses = json!({
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
    if let Some(error) = description.routes.as_ref().and_then(|it| it.envelope.error.as_ref()) {
        responses["Refusal"] = json!({
            "description": "It did not work; the codes are the application's own.",
            "content": {"application/json": {"schema": thing::of_template(error, &json!({}))}},
        });
    }
    let errors: Vec<Json> = CODES
        .iter()
        .map(|it| json!({"code": it.code, "status": it.status, "title": it.title}))
        .collect();
    let own_errors: Vec<Json> = app
        .declared_style
        .catalogue()
        .iter()
        .map(|(code, it)| {
            json!({"code": it.code, "name": it.name, "status": it.status, "engine_code": code})
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": description.title,
            "version": app.settings.version,
            "description": description.about,
        },
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
            },
            "parameters": parameters(app),
            "responses": responses,
            "schemas": schemas,
        },
        "security": [{"bearer": []}, {"key": []}],
        "x-errors": errors,
        "x-application-errors": own_errors,
    })
}

fn operation(app: &App, route: &Route) -> Json {
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
    let parameters = parameters_of(route, takes_body);
    if !parameters.is_empty() {
        described["parameters"] = Json::Array(parameters);
    }
    if takes_body && let Some(body) = body::of(app, route) {
        described["requestBody"] = body;
    }
    described["responses"] = responses(app, route);
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

fn parameters_of(route: &Route, takes_body: bool) -> Vec<Json> {
    let operation = &*route.operation;
    let mut parameters = Vec::new();
    for name in names_in(&route.path) {
        let take = route.plan.iter().find(|it| it.source == Source::Named(name.to_owned()));
        let field = take.and_then(|it| operation.arguments.field(&it.argument));
        let schema = field.map_or_else(|| json!({"type": "string"}), |it| it.schema.clone());
        parameters.push(parameter(name, "path", true, schema));
    }
    for take in &route.plan {
        let Source::Named(name) = &take.source else { continue };
        let is_in_body = takes_body && (!route.takes_whole_body || take.is_mapped);
        if route.names_in_path(name) || is_in_body || take.within.is_some() {
            continue;
        }
        let Some(field) = operation.arguments.field(&take.argument) else { continue };
        if matches!(field.name.as_str(), "filters" | "data") {
            continue;
        }
        let is_required = field.is_required && field.name != "tenant";
        parameters.push(parameter(name, "query", is_required, field.schema.clone()));
    }
    for (_, name) in &route.filters {
        let schema = json!({"type": "string", "description": "Narrows the list."});
        parameters.push(parameter(name, "query", false, schema));
    }
    if operation.is_raw {
        parameters.push(json!({"$ref": "#/components/parameters/Tenant"}));
    }
    if operation.kind == Kind::Page {
        let limit = if route.is_declared { "DeclaredLimit" } else { "Limit" };
        for name in [limit, "Cursor", "Count"] {
            parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
        }
    }
    if takes_body && operation.permission != Permission::Anyone && !operation.is_raw {
        parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    if matches!(route.method, Method::PATCH | Method::DELETE) {
        parameters.push(json!({"$ref": "#/components/parameters/IfMatch"}));
    }
    parameters
}

fn parameter(name: &str, place: &str, is_required: bool, schema: Json) -> Json {
    let mut schema = not_null(schema);
    let description = schema.as_object_mut().and_then(|it| it.remove("description"));
    let mut parameter = json!({"name": name, "in": place});
    if let Some(description) = description {
        parameter["description"] = description;
    }
    if is_required {
        parameter["required"] = true.into();
    }
    parameter["schema"] = schema;
    parameter
}

/// A path or a query says nothing by leaving a name out, never by null.
fn not_null(mut schema: Json) -> Json {
    let null = Json::from("null");
    if let Some(kinds) = schema.get("type").and_then(Json::as_array) {
        let kinds: Vec<Json> = kinds.iter().filter(|it| **it != null).cloned().collect();
        schema["type"] = if kinds.len() == 1 { kinds[0].clone() } else { kinds.into() };
    }
    if let Some(kinds) = schema.get("anyOf").and_then(Json::as_array) {
        let real: Vec<&Json> = kinds.iter().filter(|it| it.get("type") != Some(&null)).collect();
        if let [one] = real.as_slice() {
            let mut one = (*one).clone();
            if let Some(text) = schema.get("description") {
                one["description"] = text.clone();
            }
            return one;
        }
    }
    schema
}

fn parameters(app: &App) -> Json {
    let limit = |most: u32, usual: u32| {
        json!({
            "name": "limit", "in": "query",
            "description": "The most rows of a page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": most, "default": usual},
        })
    };
    let (plain, own) = (&app.plain_style.lists, &app.declared_style.lists);
    json!({
        "Limit": limit(plain.most, plain.limit),
        "DeclaredLimit": limit(own.most, own.limit),
        "Cursor": {
            "name": "cursor", "in": "query",
            "description": "Where the page starts: `next_cursor` or `prev_cursor` of another page of the same list.",
            "schema": {"type": "string"},
        },
        "Count": {
            "name": "count", "in": "query",
            "description": "Whether to count the rows of the whole list.",
            "schema": {"type": "boolean"},
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "The same request under the same key is done once, and answered the same for 24 hours.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        },
        "Tenant": {
            "name": "X-Mainstay-Tenant", "in": "header",
            "description": "On whose account the call goes, for callers who reach all tenants.",
            "schema": {"type": "string"},
        },
        "IfMatch": {
            "name": "If-Match", "in": "header",
            "description": "The ETag that was read: the change is refused (412) when somebody else changed it meanwhile.",
            "schema": {"type": "string"},
        },
    })
}

fn responses(app: &App, route: &Route) -> Json {
    let operation = &*route.operation;
    let status = route.status.unwrap_or_else(|| operation.kind.status());
    let refusal = match route.style.words() {
        Some(Words::Openai) => "OpenaiError",
        Some(Words::Anthropic) => "AnthropicError",
        None if route.style.has_problem_json() => "Problem",
        None => "Refusal",
    };
    let refusal = json!({"$ref": format!("#/components/responses/{refusal}")});
    let mut responses = Map::new();
    responses.insert(status.to_string(), success(app, route));
    if operation.name == "tasks.run" {
        let mut at_once = success(app, route);
        at_once["description"] = "The answer, when the task answers at once.".into();
        responses.insert("200".into(), at_once);
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

fn success(app: &App, route: &Route) -> Json {
    let operation = &*route.operation;
    let description = match operation.kind {
        Kind::Made => "It was made.",
        Kind::Empty => "It was done.",
        Kind::Accepted => "It will be done; the job tells how far it is.",
        Kind::One | Kind::Page | Kind::File | Kind::Events | Kind::Text => "The answer.",
    };
    let content = match operation.kind {
        Kind::Empty => return json!({"description": description}),
        Kind::File => {
            json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
        }
        Kind::One if operation.is_raw && route.method == Method::POST => {
            let schema = json!({"schema": reference(operation.gives)});
            json!({"application/json": schema, "text/event-stream": schema})
        }
        Kind::Events => json!({"text/event-stream": {"schema": reference(operation.gives)}}),
        Kind::Text => json!({"text/plain": {"schema": {"type": "string"}}}),
        Kind::One | Kind::Made | Kind::Accepted | Kind::Page => {
            json!({"application/json": {"schema": body::answer(app, route)}})
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
