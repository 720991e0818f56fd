//! The files of a folder, read once: documents with their marks, templates and data as text.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use super::{APP_FILE, Fault};
use crate::{
    field::pointer_to,
    marked::{self, Marked, Place},
    schema::{self, Schema, SchemaError},
};

/// What a folder holds.
pub(crate) struct Files {
    folder: PathBuf,
    /// Every file, by its path below the folder; `None` when it is no text.
    texts: BTreeMap<String, Option<String>>,
    /// YAML and JSON documents that could be read.
    documents: BTreeMap<String, Marked>,
    faults: Vec<Fault>,
}

/// Larger files are data, and not read here.
const TEXT_BYTES_MAX: u64 = 4 << 20;
const DEPTH_MAX: usize = 6;

impl Files {
    /// Reads everything in the folder that is text and of ordinary size.
    pub(crate) fn read(folder: &Path) -> Self {
        Self::read_with(folder, BTreeMap::new())
    }

    /// The same, as if these files had these texts.
    pub(crate) fn read_with(folder: &Path, instead: BTreeMap<String, String>) -> Self {
        let mut files = Self {
            folder: folder.to_owned(),
            texts: BTreeMap::new(),
            documents: BTreeMap::new(),
            faults: Vec::new(),
        };
        files.walk(folder, "", 0);
        files.texts.extend(instead.into_iter().map(|(name, text)| (name, Some(text))));
        if !files.texts.contains_key(APP_FILE) {
            let message = "there is no application here: the file is missing".to_owned();
            let mut fault = Fault::new(APP_FILE, Place::START, "missing_file", message);
            fault.hint = Some(format!("looked in `{}`", folder.display()));
            files.faults.push(fault);
        }
        let names: Vec<String> = files.texts.keys().cloned().collect();
        for name in names {
            files.parse(&name);
        }
        files
    }

    /// Faults of single files: syntax, keys that stand twice.
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A document that could be read.
    pub(crate) fn document(&self, name: &str) -> Option<&Marked> {
        self.documents.get(name)
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name)?.as_deref()
    }

    /// Is there such a file?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// The templates: everything in `prompts/` and `fallbacks/`.
    pub(crate) fn templates(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .filter(|(name, _)| name.starts_with("prompts/") || name.starts_with("fallbacks/"))
            .filter_map(|(name, text)| Some((name.as_str(), text.as_deref()?)))
    }

    /// The names of documents of `config/`, also of those with faults.
    pub(crate) fn config_names(&self) -> Vec<String> {
        self.names().filter_map(config_name).map(str::to_owned).collect()
    }

    /// The schema in a file; its faults are told.
    pub(crate) fn schema(&self, name: &str, faults: &mut Vec<Fault>) -> Option<Schema> {
        let document = self.documents.get(name)?;
        let broken = schema::metaschema_faults(&document.value);
        for it in &broken {
            let message = format!("not a JSON Schema: {} {}", shown(&it.pointer), it.message);
            let mut fault =
                Fault::new(name, document.place(&it.pointer), "invalid_schema", message);
            fault.hint.clone_from(&it.hint);
            faults.push(fault);
        }
        if !broken.is_empty() {
            return None;
        }
        match Schema::read(&self.folder, name) {
            Ok(schema) => {
                for it in schema.unfit_defaults() {
                    let message = format!("{} {}", shown(&it.pointer), it.message);
                    let place = document.place(&it.pointer);
                    let mut fault = Fault::new(name, place, "invalid_default", message);
                    fault.hint.clone_from(&it.hint);
                    faults.push(fault);
                }
                Some(schema)
            }
            Err(error) => {
                let (needle, keys): (String, &[&str]) = match &error {
                    SchemaError::BrokenReference { reference, .. } => {
                        (reference.clone(), &["$ref"])
                    }
                    other => (other.to_string(), &["format", "pattern", "$ref"]),
                };
                let place = find(&document.value, "", keys, &needle)
                    .map_or(Place::START, |pointer| document.place(&pointer));
                faults.push(Fault::new(name, place, "invalid_schema", error.to_string()));
                None
            }
        }
    }

    fn walk(&mut self, folder: &Path, prefix: &str, depth: usize) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let name = if prefix.is_empty() { APP_FILE } else { prefix };
                let message = format!("the folder cannot be read: {error}");
                self.faults.push(Fault::new(name, Place::START, "unreadable", message));
                return;
            }
        };
        for entry in entries.flatten() {
            let file_name = entry.file_name().to_string_lossy().into_owned();
            if file_name.starts_with('.') {
                continue;
            }
            let name = if prefix.is_empty() { file_name } else { format!("{prefix}/{file_name}") };
            let path = entry.path();
            if path.is_dir() {
                if depth < DEPTH_MAX {
                    self.walk(&path, &name, depth + 1);
                }
                continue;
            }
            let is_small = entry.metadata().is_ok_and(|it| it.len() <= TEXT_BYTES_MAX);
            let text = if is_small { fs::read_to_string(&path).ok() } else { None };
            self.texts.insert(name, text);
        }
    }

    fn parse(&mut self, name: &str) {
        let is_config = name.starts_with("config/");
        let ending = name.rsplit_once('.').map_or("", |it| it.1);
        let is_yaml = matches!(ending, "yaml" | "yml");
        let is_wanted = name == APP_FILE || is_config || ending == "json" || is_yaml;
        if !is_wanted || !(is_yaml || ending == "json") {
            return;
        }
        let Some(text) = self.text(name) else {
            let message = "the file cannot be read as text".to_owned();
            self.faults.push(Fault::new(name, Place::START, "unreadable", message));
            return;
        };
        let read = if is_yaml { marked::yaml(text) } else { marked::json(text) };
        match read {
            Ok(document) => {
                for (pointer, place) in &document.repeated {
                    let message =
                        format!("`{}` stands twice; only the later one counts", last(pointer));
                    self.faults.push(Fault::new(name, *place, "repeated_key", message));
                }
                self.documents.insert(name.to_owned(), document);
            }
            Err(fault) => {
                let language = if is_yaml { "YAML" } else { "JSON" };
                let message = format!("not {language}: {}", fault.message);
                self.faults.push(Fault::new(name, fault.place, "syntax", message));
            }
        }
    }
}

fn config_name(name: &str) -> Option<&str> {
    let name = name.strip_prefix("config/").filter(|it| !it.contains('/'))?;
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))
}

/// The last name of a pointer, as people write it.
pub(super) fn last(pointer: &str) -> String {
    pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

/// A pointer as people write it.
pub(super) fn shown(pointer: &str) -> String {
    if pointer.is_empty() { "it".into() } else { format!("`{pointer}`") }
}

/// The first place where one of `keys` has a text that stands in `needle`.
fn find(value: &Json, pointer: &str, keys: &[&str], needle: &str) -> Option<String> {
    match value {
        Json::Object(object) => object.iter().find_map(|(key, inner)| {
            let place = pointer_to(pointer, key);
            match inner.as_str() {
                Some(text) if keys.contains(&key.as_str()) && needle.contains(text) => Some(place),
                _ => find(inner, &place, keys, needle),
            }
        }),
        Json::Array(entries) => entries
            .iter()
            .enumerate()
            .find_map(|(at, inner)| find(inner, &format!("{pointer}/{at}"), keys, needle)),
        _ => None,
    }
}
