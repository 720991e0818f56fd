//! JSON Schemas, compiled once and asked often: does this value fit, and if not, what are all its
//! faults, in words for people?
//!
//! Drafts up to 2020-12. `$ref` may name other files of the application folder and nothing else:
//! no schema is ever fetched. Formats are checked, and an unknown format does not compile. One keyword
//! is the house's own: `placeholders`. What nothing is said of is its `default`.
//!
//! Start at [`Schema::compile`], [`Schema::read`], [`Schema::complete`] and [`Schema::check`].

mod defaults;
mod kinds;
mod placeholders;
mod reference;
mod words;

use std::{fmt, path::Path, sync::Arc};

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::Serialize;
use serde_json::{Map, Value as Json};

pub use kinds::Kinds;
use reference::{Files, Inliner, SCHEME, read_json};
pub(crate) use words::metaschema_faults;
use words::{describe, list, unusable_in_words};

/// A compiled schema. Cheap to clone.
#[derive(Clone)]
pub struct Schema(Arc<Inner>);

struct Inner {
    validator: Validator,
    inlined: Json,
    has_defaults: bool,
}

/// What does not fit, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Fault {
    /// JSON pointer of the field; a missing field is pointed at as if it were there.
    #[serde(rename = "field")]
    pub pointer: String,
    /// What is wrong, as the rest of a sentence that begins with the field.
    pub message: String,
    /// The way out, when it can be guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A schema that is none.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A file cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// Its path below the folder.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is no JSON.
    #[error("`{file}` is not JSON: {source}")]
    NotJson {
        /// Its path below the folder.
        file: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It breaks the rules of JSON Schema.
    #[error("not a JSON Schema: {}", list(.faults))]
    NotASchema {
        /// Everything that is wrong, pointing into the schema.
        faults: Vec<Fault>,
    },
    /// A `$ref` leads nowhere.
    #[error("`$ref: {reference}` leads nowhere: {why}")]
    BrokenReference {
        /// What it says.
        reference: String,
        /// Why it leads nowhere.
        why: String,
    },
    /// It is a schema and cannot be compiled, for example for an unknown format.
    #[error("cannot be used: {message}")]
    Unusable {
        /// Why.
        message: String,
        /// Where in the schema.
        pointer: String,
    },
}

impl Schema {
    /// Compiles a schema that stands alone.
    pub fn compile(schema: &Json) -> Result<Self, SchemaError> {
        Self::build(schema, "schema.json", None)
    }

    /// Reads and compiles `file` of an application folder; its `$ref`s may name other files there.
    pub fn read(folder: &Path, file: &str) -> Result<Self, SchemaError> {
        let schema = read_json(folder, file)?;
        Self::build(&schema, file, Some(folder))
    }

    /// Does `value` fit? If not, every fault of it.
    pub fn check(&self, value: &Json) -> Result<(), Vec<Fault>> {
        if self.is_valid(value) {
            return Ok(());
        }
        let mut faults: Vec<Fault> = Vec::new();
        for error in self.0.validator.iter_errors(value) {
            self.describe(&error, &mut faults);
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Does `value` fit? Faster than [`Schema::check`] when the faults do not matter.
    pub fn is_valid(&self, value: &Json) -> bool {
        self.0.validator.is_valid(value)
    }

    /// Lays in each `default` of which `value` says nothing, at any depth of what is there; of a change only in the
    /// fields that it names.
    pub fn complete(&self, value: &mut Json, named: Option<&[&str]>) {
        if self.0.has_defaults {
            let is_meant = |name: &str| named.is_none_or(|it| it.contains(&name));
            defaults::lay(&self.0.inlined, value, &is_meant);
        }
    }

    /// Is a field completed of which nothing is said?
    pub(crate) fn completes(&self, path: &str) -> bool {
        defaults::completes(&self.0.inlined, path)
    }

    /// The defaults that break the schema at which they stand, pointing into the schema.
    pub(crate) fn unfit_defaults(&self) -> Vec<Fault> {
        let mut found = Vec::new();
        if self.0.has_defaults {
            defaults::unfit(&self.0.inlined, "", &mut found);
        }
        found
    }

    /// The schema with every `$ref` replaced by what it names. Where a schema holds itself, the
    /// inner one is left open (`{}`).
    pub fn inlined(&self) -> &Json {
        &self.0.inlined
    }

    /// The same, and nothing is required in it that the schema completes: what may be given.
    pub fn given(&self) -> Json {
        let mut schema = self.0.inlined.clone();
        defaults::unrequire(&mut schema);
        schema
    }

    /// The part of the schema that a dotted field has to fit, when one is declared.
    pub fn part(&self, path: &str) -> Option<&Json> {
        path.split('.').try_fold(&self.0.inlined, property)
    }

    /// May a record have a field of this name? At the top it must be declared; inside an object
    /// any name will do when the object is open.
    pub fn knows(&self, path: &str) -> bool {
        let mut place = &self.0.inlined;
        for (depth, name) in path.split('.').enumerate() {
            match property(place, name) {
                Some(inner) => place = inner,
                None => return depth > 0 && is_open_object(place),
            }
        }
        true
    }

    /// The declared fields, objects first and then what is in them, by their dotted names.
    pub fn fields(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect_fields(&self.0.inlined, "", &mut found, 0);
        found
    }

    /// What a field may hold; everything when the schema does not say.
    pub fn kinds(&self, path: &str) -> Kinds {
        self.part(path).map_or(Kinds::ANY, Kinds::of)
    }

    /// The same schema with nothing required at the top but `fields`, and within them nothing that it completes.
    pub(crate) fn requiring(&self, fields: &[String]) -> Result<Self, SchemaError> {
        let mut schema = self.given();
        if let Some(object) = schema.as_object_mut() {
            let required = fields.iter().filter(|it| !it.contains('.')).cloned().map(Json::from);
            object.insert("required".into(), Json::Array(required.collect()));
        }
        Self::compile(&schema)
    }

    fn build(schema: &Json, file: &str, folder: Option<&Path>) -> Result<Self, SchemaError> {
        let faults = metaschema_faults(schema);
        if !faults.is_empty() {
            return Err(SchemaError::NotASchema { faults });
        }
        let mut inlined = Inliner::new(folder, schema, file).inline(schema, file)?;
        if let Some(object) = inlined.as_object_mut() {
            for key in ["$defs", "definitions", "$id"] {
                object.shift_remove(key);
            }
        }
        let options = jsonschema::options()
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_keyword(placeholders::KEYWORD, |_, value, _| placeholders::keyword(value))
            .with_base_uri(format!("{SCHEME}:///{file}"))
            .with_retriever(Files { folder: folder.map(Path::to_owned) });
        let validator = options.build(schema).map_err(|error| SchemaError::Unusable {
            message: unusable_in_words(&error.to_string()),
            pointer: error.instance_path().to_string(),
        })?;
        let has_defaults = defaults::any(&inlined);
        Ok(Self(Arc::new(Inner { validator, inlined, has_defaults })))
    }

    fn describe(&self, error: &ValidationError<'_>, faults: &mut Vec<Fault>) {
        let before = faults.len();
        describe(error, &|error| self.known_names(error), faults);
        // A pattern means little to people; what its author says about the field means more.
        if matches!(error.kind(), ValidationErrorKind::Pattern { .. }) {
            let told =
                self.place_of(error).and_then(|it| it.get("description")).and_then(Json::as_str);
            for fault in &mut faults[before..] {
                fault.hint = fault.hint.take().or_else(|| told.map(str::to_owned));
            }
        }
    }

    /// The names known where an unknown one was found.
    fn known_names(&self, error: &ValidationError<'_>) -> Vec<String> {
        let known = self.place_of(error).and_then(properties);
        known.map(|it| it.keys().cloned().collect()).unwrap_or_default()
    }

    /// The part of the schema that speaks of the place where an error is.
    fn place_of(&self, error: &ValidationError<'_>) -> Option<&Json> {
        let mut place = &self.0.inlined;
        for segment in error.instance_path().as_str().split('/').skip(1) {
            let name = segment.replace("~1", "/").replace("~0", "~");
            place = property(place, &name)
                .or_else(|| place.get("items").filter(|_| name.parse::<usize>().is_ok()))
                .or_else(|| place.get("additionalProperties").filter(|it| it.is_object()))?;
        }
        Some(place)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.0.inlined).finish()
    }
}

fn properties(schema: &Json) -> Option<&Map<String, Json>> {
    schema.get("properties").and_then(Json::as_object).or_else(|| {
        ["allOf", "anyOf", "oneOf"]
            .iter()
            .find_map(|key| schema.get(key).and_then(Json::as_array)?.iter().find_map(properties))
    })
}

fn property<'a>(schema: &'a Json, name: &str) -> Option<&'a Json> {
    if let Some(found) = schema.get("properties").and_then(|it| it.get(name)) {
        return Some(found);
    }
    ["allOf", "anyOf", "oneOf"].iter().find_map(|key| {
        schema.get(key).and_then(Json::as_array)?.iter().find_map(|it| property(it, name))
    })
}

fn is_open_object(schema: &Json) -> bool {
    Kinds::of(schema).object
        && schema.get("additionalProperties") != Some(&Json::Bool(false))
        && schema.get("unevaluatedProperties") != Some(&Json::Bool(false))
}

fn collect_fields(schema: &Json, prefix: &str, found: &mut Vec<String>, depth: usize) {
    for (name, inner) in properties(schema).into_iter().flatten() {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        found.push(path.clone());
        if depth < 4 {
            collect_fields(inner, &path, found, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn item() -> Schema {
        Schema::compile(&json!({
            "type": "object",
            "required": ["code", "label"],
            "additionalProperties": false,
            "properties": {
                "code": {"type": "string", "maxLength": 5},
                "label": {"type": "string", "minLength": 1},
                "use": {"enum": ["water", "storm", null]},
                "owner": {"type": "string", "format": "uuid"},
                "mail": {"type": "string", "format": "email"},
                "seen": {"type": "string", "format": "date-time"},
                "page": {"type": "string", "format": "uri"},
                "size": {"type": ["number", "null"], "minimum": 0},
                "metadata": {"type": "object", "properties": {"unit": {"type": "string"}}},
                "parts": {"type": "array", "items": {"type": "object", "additionalProperties": false,
                    "properties": {"name": {"type": "string"}}}}
            }
        }))
        .expect("a schema")
    }

    fn faults(value: &Json) -> Vec<String> {
        let faults = item().check(value).err().unwrap_or_default();
        let mut said: Vec<String> = faults
            .iter()
            .map(|it| {
                let hint = it.hint.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
                format!("{} {}{hint}", it.pointer, it.message)
            })
            .collect();
        said.sort();
        said
    }

    #[test]
    fn a_value_that_fits_has_no_faults() {
        let fitting = json!({"code": "A-1", "label": "cap", "use": null, "metadata": {"any": 1},
            "owner": "018f6a3e-5b1c-7def-8000-000000000001", "mail": "ann@example.com",
            "seen": "2026-11-21T08:00:00Z", "page": "https://example.com/"});
        assert_eq!(item().check(&fitting), Ok(()));
    }

    #[test]
    fn all_faults_are_told_at_once_in_words() {
        let found = faults(&json!({
            "code": "ABCDEFG", "use": "watr", "size": -1, "descripton": 1, "lable": 2,
            "metadata": {"unit": 5}, "parts": [{"nam": "x"}]
        }));
        assert_eq!(
            found,
            [
                "/code is longer than 5 characters (it has 7)",
                "/descripton is not known here (known here: code, label, use, owner, mail, seen, page, size, metadata, parts)",
                "/label is missing",
                "/lable is not known here (did you mean `label`?)",
                "/metadata/unit must be text, not a number",
                "/parts/0/nam is not known here (did you mean `name`?)",
                "/size must be at least 0",
                "/use must be one of: water, storm, nothing (did you mean `water`?)",
            ]
        );
    }

    #[test]
    fn what_is_completed_need_not_be_given() {
        let schema = Schema::compile(&json!({
            "type": "object", "required": ["open", "name"],
            "properties": {"open": {"type": "boolean", "default": true}, "name": {"type": "string"}}
        }));
        let schema = schema.expect("a schema");
        assert_eq!(schema.given()["required"], json!(["name"]));
        assert_eq!(schema.inlined()["required"], json!(["open", "name"]), "an answer has it");
    }

    #[test]
    fn formats_are_checked() {
        for (name, wrong) in [
            ("owner", "12"),
            ("mail", "ann at example"),
            ("seen", "21.11.2026"),
            ("page", "not an address"),
        ] {
            let mut value = json!({"code": "A", "label": "cap"});
            value[name] = wrong.into();
            assert_eq!(faults(&value).len(), 1, "{name}");
        }
    }

    #[test]
    fn an_unknown_format_does_not_compile() {
        let schema = json!({"properties": {"a": {"type": "string", "format": "colour"}}});
        assert!(matches!(Schema::compile(&schema), Err(SchemaError::Unusable { .. })));
    }

    #[test]
    fn what_is_no_schema_says_all_that_is_wrong() {
        let schema = json!({"type": "objekt", "properties": {"a": {"minLength": "x"}}});
        let Err(SchemaError::NotASchema { faults }) = Schema::compile(&schema) else {
            panic!("it compiled");
        };
        let pointers: Vec<&str> = faults.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(pointers, ["/properties/a/minLength", "/type"]);
    }

    #[test]
    fn references_are_put_in_place_and_those_to_itself_left_open() {
        let schema = Schema::compile(&json!({
            "properties": {"unit": {"$ref": "#/$defs/unit", "title": "Unit"}, "tree": {"$ref": "#/$defs/tree"}},
            "$defs": {
                "unit": {"type": "string", "maxLength": 3},
                "tree": {"type": "object", "properties": {"child": {"$ref": "#/$defs/tree"}}}
            }
        }))
        .expect("a schema");
        assert_eq!(
            schema.inlined(),
            &json!({"properties": {
                "unit": {"type": "string", "maxLength": 3, "title": "Unit"},
                "tree": {"type": "object", "properties": {"child": {}}}
            }})
        );
        assert!(schema.check(&json!({"unit": "LONG"})).is_err());
        assert!(schema.check(&json!({"tree": {"child": {"child": 3}}})).is_err());
    }

    #[test]
    fn a_reference_may_name_a_file_of_the_folder_and_none_outside() {
        let folder = std::env::temp_dir().join(format!("schema-test-{}", std::process::id()));
        fs::create_dir_all(folder.join("schemas")).expect("a folder");
        let write = |name: &str, value: Json| {
            fs::write(folder.join("schemas").join(name), value.to_string()).expect("a file");
        };
        write("unit.json", json!({"$defs": {"unit": {"type": "string", "maxLength": 3}}}));
        write("item.json", json!({"properties": {"unit": {"$ref": "unit.json#/$defs/unit"}}}));
        write("out.json", json!({"$ref": "../../../etc/passwd"}));
        write("far.json", json!({"$ref": "https://example.com/schema.json"}));

        let item = Schema::read(&folder, "schemas/item.json").expect("a schema");
        assert_eq!(item.inlined()["properties"]["unit"], json!({"type": "string", "maxLength": 3}));
        assert!(item.check(&json!({"unit": "LONG"})).is_err());
        for file in ["schemas/out.json", "schemas/far.json", "../item.json", "schemas/none.json"] {
            assert!(Schema::read(&folder, file).is_err(), "{file}");
        }
        fs::remove_dir_all(folder).expect("the folder goes");
    }

    #[test]
    fn fields_are_known_by_their_dotted_names() {
        let schema = item();
        for (path, known) in [
            ("code", true),
            ("metadata.unit", true),
            ("metadata.anything", true),
            ("colour", false),
            ("code.part", false),
            ("metadata.unit.part", false),
        ] {
            assert_eq!(schema.knows(path), known, "{path}");
        }
        assert!(schema.kinds("size").number && schema.kinds("size").null);
        assert!(!schema.kinds("code").number);
        assert!(schema.kinds("use").text && schema.kinds("use").null);
    }
}
