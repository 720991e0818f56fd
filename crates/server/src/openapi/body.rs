//! Bodies that go in and come out: arguments, data of collections, shapes and envelopes.

use apps::{
    folder::{Folder, TaskKit},
    schema::Schema,
};
use serde_json::{Map, Value as Json, json};

use super::{ids, plain, reference, thing};
use crate::{
    operation::Kind,
    route::{Route, Source},
    shape::Shape,
};

/// The body that a route takes; none when it takes none.
pub(super) fn of(folder: Option<&Folder>, route: &Route) -> Option<Json> {
    let operation = &*route.operation;
    if operation.is_raw {
        let schema = json!({"schema": open()});
        return Some(json!({"required": true, "content": {"application/json": schema}}));
    }
    if route.takes_whole_body {
        let whole = route.plan.iter().find(|it| it.source == Source::Body)?;
        let mut schema = data(folder, route, &whole.argument, Schema::given);
        if operation.name.ends_with(".update") {
            schema = partial(schema);
        }
        let is_required = operation.name != "tasks.run";
        return Some(json!({
            "required": is_required,
            "content": {"application/json": {"schema": schema}},
        }));
    }
    let (mut fields, mut required, mut is_open) = (Map::new(), Vec::new(), false);
    for take in &route.plan {
        let Source::Named(name) = &take.source else { continue };
        if route.names_in_path(name) || take.within.is_some() {
            continue;
        }
        let Some(field) = operation.arguments.field(&take.argument) else { continue };
        if Some(field.name.as_str()) == operation.rest {
            continue;
        }
        if field.is_required && field.name != "tenant" {
            required.push(name.clone());
        }
        fields.insert(name.clone(), ids::argument(folder, route, field));
    }
    if let Some(rest) = operation.rest {
        let data = data(folder, route, rest, Schema::given);
        match data.get("properties").and_then(Json::as_object) {
            Some(own) => fields.extend(own.clone()),
            // Whose fields they are is known only when it is called.
            None => is_open = true,
        }
    }
    if fields.is_empty() && operation.takes_file.is_none() {
        return None;
    }
    let object = |fields: &Map<String, Json>| {
        let mut schema = json!({"type": "object", "properties": fields});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if is_open {
            schema["additionalProperties"] = true.into();
        }
        schema
    };
    let mut content = json!({"application/json": {"schema": object(&fields)}});
    if operation.takes_file.is_some() {
        let mut form = fields.clone();
        form.remove("items");
        form.insert("file".into(), json!({"type": "string", "format": "binary"}));
        let mut schema = object(&form);
        schema["required"] = json!(["file"]);
        content["multipart/form-data"] = json!({"schema": schema});
        // A list, or a document, may also come as JSON.
        if matches!(operation.name, "imports.preview" | "me.set_picture") {
            content.as_object_mut()?.remove("application/json");
        }
    }
    Some(
        json!({"required": !required.is_empty() || operation.takes_file.is_some(), "content": content}),
    )
}

/// What a route answers when it gives this thing, in its shape and envelope.
pub(super) fn answer(folder: Option<&Folder>, route: &Route, gives: &str) -> Json {
    let one = match &route.shape {
        Some(shape) => shaped(folder, route, shape, gives),
        None => reference(gives),
    };
    let envelope = &route.style.envelope;
    if route.operation.kind == Kind::Page {
        let items = json!({"type": "array", "items": one});
        return match &envelope.list {
            Some(template) => thing::of_template(template, &items),
            None => {
                let text = json!({"type": ["string", "null"]});
                let total = json!({"type": "integer"});
                let fields = [
                    ("items", items),
                    ("next_cursor", text.clone()),
                    ("prev_cursor", text),
                    ("total~", total),
                ];
                thing::object(fields.into_iter())
            }
        };
    }
    match &envelope.one {
        Some(template) => thing::of_template(template, &one),
        None => one,
    }
}

/// What a route answers that gives nothing and says so with a body.
pub(super) fn nothing(route: &Route) -> Json {
    let null = json!({"type": "null"});
    match &route.style.envelope.one {
        Some(template) => thing::of_template(template, &null),
        None => null,
    }
}

fn shaped(folder: Option<&Folder>, route: &Route, shape: &Shape, gives: &str) -> Json {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in &shape.fields {
        let Some(name) = &field.name else {
            let inside = match field.path == ["data"] {
                true => data(folder, route, "data", |it| it.inlined().clone()),
                false => json!({}),
            };
            if let Some(own) = inside.get("properties").and_then(Json::as_object) {
                for (name, schema) in own {
                    properties.entry(name.clone()).or_insert_with(|| schema.clone());
                }
            }
            continue;
        };
        if let Some(fixed) = &field.fixed {
            properties.insert(name.clone(), json!({"const": fixed}));
            required.push(name.clone());
            continue;
        }
        // A shape inside of a shape is not followed: its fields are those of the thing.
        let schema = match (&field.inner, field.is_number) {
            (Some(_), _) => json!({}),
            (None, false) => thing::at(gives, &field.path),
            (None, true) => {
                ids::answered(folder, route, &field.path, thing::at(gives, &field.path))
            }
        };
        properties.insert(name.clone(), schema);
        if thing::always_has(gives, &field.path) {
            required.push(name.clone());
        }
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": true})
}

/// The schema of an argument (or an answer) that holds the fields of a record, a tenant or a task; those of a
/// record are completed, so what comes in is another schema than what goes out.
fn data(
    folder: Option<&Folder>,
    route: &Route,
    argument: &str,
    of_record: impl Fn(&Schema) -> Json,
) -> Json {
    let Some(folder) = folder else { return open() };
    let operation = route.operation.name;
    if operation.starts_with("tenants.") {
        return folder.tenant_schema().map_or_else(open, |it| plain(it.inlined()));
    }
    if argument == "input" {
        let input = task(Some(folder), route).and_then(|it| it.input.as_ref());
        return input.map_or_else(open, |it| plain(it.inlined()));
    }
    let collection = fixed(route, "collection").or_else(|| {
        // What lies in versions is told when only one collection has them.
        let mut versioned = folder.kits().iter().filter_map(|it| it.spec.versioned.as_ref());
        let only = versioned.next().filter(|_| versioned.next().is_none());
        (operation == "versions.records").then_some(&only?.children)
    });
    let kit = collection.and_then(|it| folder.kits().get(it));
    kit.map_or_else(open, |it| plain(&of_record(&it.schema)))
}

/// The task that a route runs, when it names one.
pub(super) fn task<'a>(folder: Option<&'a Folder>, route: &Route) -> Option<&'a TaskKit> {
    folder?.task(fixed(route, "task")?)
}

/// The text that a route sets an argument to.
pub(super) fn fixed<'a>(route: &'a Route, argument: &str) -> Option<&'a String> {
    match &route.take(argument)?.source {
        Source::Fixed(Json::String(value)) => Some(value),
        _ => None,
    }
}

/// The same schema with nothing required: what a change may hold.
fn partial(mut schema: Json) -> Json {
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("required");
    }
    schema
}

fn open() -> Json {
    json!({"type": "object", "additionalProperties": true})
}
