//! What the server says about itself is true: every answer that any test gets is held against the
//! API's description. Nothing that is promised is missing, and nothing is there that is not written.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value as Json, json};
use server::App;

/// Things that say less than they hold: a JSON Schema, and what a model wrote or its provider says.
const OPEN: [&str; 7] = [
    "Schema",
    "SuggestedChange",
    "ChatCompletion",
    "ModelResponse",
    "EmbeddingList",
    "AnthropicMessage",
    // With the fields of its answer, which are the application's.
    "Result",
];

/// The description of an application, ready to be held against its answers.
pub(crate) struct Contract {
    document: Json,
    checks: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    pub(crate) fn of(app: &App) -> Self {
        let mut document = server::openapi::document(app);
        close(&mut document);
        for name in OPEN {
            document["components"]["schemas"][name]["additionalProperties"] = true.into();
        }
        Self { document, checks: Mutex::default() }
    }

    /// Fails the test when this is none of the answers that are described.
    #[track_caller]
    pub(crate) fn hold(&self, method: &Method, path: &str, status: u16, kind: &str, text: &str) {
        let Some((template, operation)) = self.operation(method, path) else { return };
        let place = format!("{method} {template} {status}");
        let responses = &operation["responses"];
        let found = responses.get(status.to_string());
        let Some(response) = found.or_else(|| responses.get("default").filter(|_| status >= 400))
        else {
            assert_eq!(status, 304, "{place} is not described: {text}");
            return;
        };
        let content = self.followed(response).get("content");
        let media = kind.split(';').next().unwrap_or_default();
        if !media.ends_with("json") || content.is_some_and(is_file) {
            return;
        }
        let schema = content.and_then(|it| it.get(media)).map(|it| &it["schema"]);
        let schema =
            schema.unwrap_or_else(|| panic!("{place} as {media} is not described: {text}"));
        let value: Json =
            serde_json::from_str(text).expect("an answer that says it is JSON is JSON");
        let check = self.check(&place, schema);
        let faults: Vec<String> =
            check.iter_errors(&value).map(|it| format!("{}: {it}", it.instance_path())).collect();
        assert!(faults.is_empty(), "{place} is not as described: {}\n{text}", faults.join("\n"));
    }

    fn operation(&self, method: &Method, path: &str) -> Option<(&str, &Json)> {
        let steps: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let fits = |template: &str| {
            let own: Vec<&str> = template.split('/').collect();
            own.len() == steps.len()
                && own.iter().zip(&steps).all(|(own, it)| own.starts_with('{') || own == it)
        };
        let paths = self.document["paths"].as_object()?;
        let found = paths.iter().filter(|it| fits(it.0));
        let (template, methods) = found.min_by_key(|it| it.0.matches('{').count())?;
        Some((template, methods.get(method.as_str().to_lowercase())?))
    }

    fn followed<'a>(&'a self, response: &'a Json) -> &'a Json {
        let pointer = response.get("$ref").and_then(Json::as_str);
        pointer.and_then(|it| self.document.pointer(&it[1..])).unwrap_or(response)
    }

    fn check(&self, place: &str, schema: &Json) -> Arc<Validator> {
        let mut checks = self.checks.lock().expect("no test failed while it held this");
        let made = checks.entry(place.to_owned()).or_insert_with(|| {
            let root = json!({"components": self.document["components"], "allOf": [schema]});
            let options = jsonschema::options().should_validate_formats(true);
            Arc::new(options.build(&root).expect("schemas that can be used"))
        });
        made.clone()
    }
}

/// Nothing may be in an object that its schema does not name.
fn close(value: &mut Json) {
    match value {
        Json::Object(fields) => {
            fields.values_mut().for_each(close);
            if is_whole_object(fields) {
                fields.insert("additionalProperties".into(), false.into());
            }
        }
        Json::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn is_whole_object(schema: &Map<String, Json>) -> bool {
    schema.get("type").is_some_and(|it| it == "object")
        && schema.get("properties").is_some_and(Json::is_object)
        && !schema.contains_key("additionalProperties")
}

fn is_file(content: &Json) -> bool {
    content.get("application/octet-stream").is_some()
}
