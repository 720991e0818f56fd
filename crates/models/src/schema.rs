//! Schemas, compiled once, and what does not follow them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::Validator;
use serde_json::Value as Json;

use crate::ModelError;

/// The schemas in use. An application has a handful; the bound is against one that makes them up.
#[derive(Default)]
pub(crate) struct Schemas(Mutex<HashMap<String, Arc<Validator>>>);

const SCHEMAS_MAX: usize = 256;
const FINDINGS_MAX: usize = 20;

impl Schemas {
    pub(crate) fn compiled(&self, schema: &Json) -> Result<Arc<Validator>, ModelError> {
        let text = schema.to_string();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = all.get(&text) {
            return Ok(found.clone());
        }
        let compiled = jsonschema::validator_for(schema)
            .map_err(|why| ModelError::InvalidSchema { why: why.to_string() })?;
        if all.len() >= SCHEMAS_MAX {
            all.clear();
        }
        let compiled = Arc::new(compiled);
        all.insert(text, compiled.clone());
        Ok(compiled)
    }
}

/// What in `value` does not follow the schema, each with its place as a JSON pointer. Values are
/// masked: these lines go into errors and logs, and a value may be text of a document.
pub(crate) fn findings(schema: &Validator, value: &Json) -> Vec<String> {
    let mut findings: Vec<String> = schema
        .iter_errors(value)
        .take(FINDINGS_MAX + 1)
        .map(|it| format!("at {}: {}", place(it.instance_path().as_str()), it.masked()))
        .collect();
    if findings.len() > FINDINGS_MAX {
        findings[FINDINGS_MAX] = "and more".into();
    }
    findings
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_finding_names_its_place_and_keeps_the_value_to_itself() {
        let schemas = Schemas::default();
        let schema = json!({"properties": {"items": {"items": {"type": "integer"}}}});
        let compiled = schemas.compiled(&schema).unwrap();
        let findings = findings(&compiled, &json!({"items": [1, "private words"]}));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("at /items/1: "), "{findings:?}");
        assert!(!findings[0].contains("private"), "{findings:?}");
    }

    #[test]
    fn a_schema_is_compiled_once() {
        let schemas = Schemas::default();
        let first = schemas.compiled(&json!({"type": "object"})).unwrap();
        assert!(Arc::ptr_eq(&first, &schemas.compiled(&json!({"type": "object"})).unwrap()));
    }

    #[test]
    fn a_schema_that_is_none_is_refused_and_nothing_is_fetched() {
        let schemas = Schemas::default();
        assert!(schemas.compiled(&json!({"type": "banana"})).is_err());
        assert!(schemas.compiled(&json!({"$ref": "http://127.0.0.1:1/schema.json"})).is_err());
    }
}
