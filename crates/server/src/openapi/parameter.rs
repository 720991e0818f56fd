//! What a request may say outside of its body: in the path, the query and the headers.

use apps::folder::Folder;
use axum::http::Method;
use base::Permission;
use serde_json::{Value as Json, json};

use super::{ids, of_version, sides};
use crate::{
    operation::Kind,
    route::{Route, Source, names_in},
    style::Style,
};

/// The parameters of a route: what its path and its query may name, and the headers that mean something.
pub(super) fn of(folder: Option<&Folder>, route: &Route, takes_body: bool) -> Vec<Json> {
    let operation = &*route.operation;
    let mut parameters = Vec::new();
    for name in names_in(&route.path) {
        let take = route.plan.iter().find(|it| it.source == Source::Named(name.to_owned()));
        let field = take.and_then(|it| operation.arguments.field(&it.argument));
        let text = || json!({"type": "string"});
        let schema = field.map_or_else(text, |it| ids::argument(folder, route, it));
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
        let schema = ids::argument(folder, route, field);
        parameters.push(parameter(name, "query", is_required, schema));
    }
    for take in &route.plan {
        let (Some(header), Some(field)) = (&take.header, operation.arguments.field(&take.argument))
        else {
            continue;
        };
        let schema = ids::argument(folder, route, field);
        parameters.push(parameter(header, "header", false, schema));
    }
    if !route.is_declared && !takes_body && operation.arguments.field("filters").is_some() {
        parameters.push(json!({"$ref": "#/components/parameters/Filters"}));
    }
    for (_, name) in &route.filters {
        let schema = json!({"type": "string", "description": "Narrows the list."});
        parameters.push(parameter(name, "query", false, schema));
    }
    for (field, name) in &route.switches {
        let text =
            format!("When true, only what is true in `{field}`; otherwise it changes nothing.");
        let schema = json!({"type": "boolean", "default": false, "description": text});
        parameters.push(parameter(name, "query", false, schema));
    }
    for (field, name) in &route.hides {
        let text =
            format!("When true, also what is true in `{field}`; otherwise that is left out.");
        let schema = json!({"type": "boolean", "default": false, "description": text});
        parameters.push(parameter(name, "query", false, schema));
    }
    if operation.is_raw {
        parameters.push(json!({"$ref": "#/components/parameters/Tenant"}));
    }
    if operation.kind == Kind::Page {
        let shared = match route.is_declared {
            true => of_version("DeclaredLimit", route.style.version.as_deref()),
            false => "Limit".to_owned(),
        };
        parameters.push(match route.limit {
            Some(usual) => limit(&route.style, usual),
            None => json!({"$ref": format!("#/components/parameters/{shared}")}),
        });
        for name in ["Cursor", "Count"] {
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
    if let Some(texts) = schema.get_mut("enum").and_then(Json::as_array_mut) {
        texts.retain(|it| !it.is_null());
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

/// The most rows of a page, and how many there are when nobody says.
fn limit(style: &Style, usual: u32) -> Json {
    json!({
        "name": "limit", "in": "query",
        "description": "The most rows of a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": style.lists.most, "default": usual},
    })
}

/// Parameters that many routes have, as components.
pub(super) fn shared(folder: Option<&Folder>) -> Json {
    let usual = |style: &Style| limit(style, style.lists.limit);
    let mut parameters = json!({
        "Limit": usual(&Style::plain()),
        "Filters": {
            "name": "filters", "in": "query", "style": "form", "explode": true,
            "description": "`filter.FIELD=value` for each field that the collection declares as a filter.",
            "schema": {
                "type": "object",
                "propertyNames": {"pattern": "^filter\\."},
                "additionalProperties": {"type": "string"},
            },
        },
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
    });
    for (version, side) in sides(folder) {
        let name = of_version("DeclaredLimit", version.as_deref());
        parameters[name] = usual(&Style::declared(&side));
    }
    parameters
}
