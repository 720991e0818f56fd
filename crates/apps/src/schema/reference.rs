//! Other files that a schema names by `$ref`: read below the folder, never outside, never fetched.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use jsonschema::{Retrieve, Uri};
use serde_json::{Map, Value as Json};

use super::{SchemaError, defaults::DATA};

/// The scheme of a schema's own address, in which the folder is the root.
pub(super) const SCHEME: &str = "folder";

/// Reads `file`, a path below `folder` that does not leave it.
pub(crate) fn read_json(folder: &Path, file: &str) -> Result<Json, SchemaError> {
    let path = inside(folder, file).ok_or_else(|| SchemaError::BrokenReference {
        reference: file.to_owned(),
        why: "it leaves the application folder".into(),
    })?;
    let text = fs::read_to_string(path)
        .map_err(|source| SchemaError::Unreadable { file: file.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|source| SchemaError::NotJson { file: file.to_owned(), source })
}

/// The path of `file` below `folder`; none when it would leave it.
pub(crate) fn inside(folder: &Path, file: &str) -> Option<PathBuf> {
    let file = Path::new(file);
    let stays = file.components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
    stays.then(|| folder.join(file))
}

/// Where the validator finds other files: below the folder, and nowhere else.
pub(super) struct Files {
    pub(super) folder: Option<PathBuf>,
}

impl Retrieve for Files {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        let file = uri.as_str().strip_prefix(SCHEME).and_then(|it| it.strip_prefix(":///"));
        match (&self.folder, file) {
            (Some(folder), Some(file)) => Ok(read_json(folder, file)?),
            _ => Err("a schema may only name files of its own folder".into()),
        }
    }
}

/// Puts what each `$ref` names in its place.
pub(super) struct Inliner<'a> {
    folder: Option<&'a Path>,
    root: &'a Json,
    file: &'a str,
    stack: Vec<String>,
}

impl<'a> Inliner<'a> {
    /// For the schema `root`, which stands in `file`.
    pub(super) fn new(folder: Option<&'a Path>, root: &'a Json, file: &'a str) -> Self {
        Self { folder, root, file, stack: Vec::new() }
    }

    /// The schema with everything in place.
    pub(super) fn inline(&mut self, schema: &Json, file: &str) -> Result<Json, SchemaError> {
        match schema {
            Json::Array(entries) => entries
                .iter()
                .map(|it| self.inline(it, file))
                .collect::<Result<_, _>>()
                .map(Json::Array),
            Json::Object(object) => {
                let mut out = Map::new();
                if let Some(Json::String(reference)) = object.get("$ref")
                    && let Json::Object(target) = self.resolve(reference, file)?
                {
                    out = target;
                }
                for (key, value) in object.iter().filter(|(key, _)| *key != "$ref") {
                    // Examples and defaults are data, in which `$ref` would mean nothing.
                    let value = match DATA.contains(&key.as_str()) {
                        true => value.clone(),
                        false => self.inline(value, file)?,
                    };
                    out.insert(key.clone(), value);
                }
                Ok(Json::Object(out))
            }
            other => Ok(other.clone()),
        }
    }

    fn resolve(&mut self, reference: &str, file: &str) -> Result<Json, SchemaError> {
        let broken = |why: &str| SchemaError::BrokenReference {
            reference: reference.to_owned(),
            why: why.to_owned(),
        };
        let (named, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if named.contains(':') {
            return Err(broken("only files of the application folder can be named"));
        }
        let target_file = if named.is_empty() { file.to_owned() } else { beside(file, named) };
        let place = format!("{target_file}#{fragment}");
        if self.stack.contains(&place) {
            return Ok(Json::Object(Map::new()));
        }
        let read;
        let document = if target_file == self.file {
            self.root
        } else {
            let folder = self.folder.ok_or_else(|| broken("this schema stands alone"))?;
            read = read_json(folder, &target_file)?;
            &read
        };
        let target = document.pointer(fragment).ok_or_else(|| broken("there is no such part"))?;
        self.stack.push(place);
        let inlined = self.inline(target, &target_file);
        self.stack.pop();
        let mut inlined = inlined?;
        if let Some(object) = inlined.as_object_mut() {
            for key in ["$schema", "$id", "$defs", "definitions"] {
                object.shift_remove(key);
            }
        }
        Ok(inlined)
    }
}

/// The path of `named` as seen from `file`.
fn beside(file: &str, named: &str) -> String {
    let mut parts: Vec<&str> = match named.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => file.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect(),
    };
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." if !parts.is_empty() => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}
