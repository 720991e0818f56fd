//! Configuration documents: what lies in `config/`, who says what may stand in it, and what of it is
//! never shown.
//!
//! Nine documents are typed by the rooms that act on them ([`Kind`]), with defaults for all of them; the
//! others are the application's own, each with a JSON Schema. The file is the base; what a document was
//! changed to while the application ran is a [`version`] over it, in force as long as the file is the one
//! that it was made upon. Whether all of them fit is [`crate::check`]'s.
//!
//! Start at [`Configuration`], which a [`Folder`] holds, [`look`], by which templates see a part, and
//! [`change::Register`], by which documents are changed.

pub mod bundle;
pub mod change;
mod document;
mod error;
pub mod held_back;
pub mod hide;
pub mod kind;
pub mod path;
pub mod range;
pub mod version;

pub(crate) mod defaults;
pub(crate) mod standing;

use std::path::Path;

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

pub use crate::description::Category;
pub use document::Document;
pub use error::ConfigurationError;
pub use held_back::HeldBack;
pub use kind::{Finding, Kind};

use crate::{
    check::{self, Files, Told},
    description::{ConfigurationSpec, Description, DocumentSpec},
    folder::Folder,
};
use standing::Overlay;

/// The key of a document that Mainstay types, under which an application puts what is its own.
pub const OWN: &str = "own";

/// The documents that Mainstay types, whether or not their types are at hand.
pub const TYPED: [(&str, Category); 11] = [
    ("auth", Category::SystemSecurity),
    ("security", Category::SystemSecurity),
    ("frontend", Category::Components),
    ("backend", Category::Components),
    ("database", Category::Infrastructure),
    ("llm", Category::Infrastructure),
    ("knowledge", Category::Infrastructure),
    ("blobs", Category::Infrastructure),
    ("logging", Category::Operations),
    ("monitoring", Category::Operations),
    ("performance", Category::Operations),
];

/// The documents of an application, as they are in force in this process.
#[derive(Debug, Clone, Default)]
pub struct Configuration(Vec<Document>);

impl Configuration {
    pub(crate) fn read(
        files: &Files,
        description: &Description,
        kinds: &[Kind],
        overlay: &Overlay,
    ) -> Self {
        let spec = &description.configuration;
        let mut documents: Vec<Document> = Vec::new();
        for name in names(files, spec, kinds) {
            documents.push(Document::read(files, spec, kinds, overlay, &name));
        }
        // By category, and within one as they are declared.
        documents.sort_by_key(|it| (it.category.is_none(), it.category));
        Self(documents)
    }

    /// All documents, by category.
    pub fn documents(&self) -> &[Document] {
        &self.0
    }

    /// A document by its name.
    pub fn get(&self, name: &str) -> Option<&Document> {
        self.0.iter().find(|it| it.name == name)
    }

    /// The same with other documents in the place of those of the same names.
    #[must_use]
    pub(crate) fn with(&self, others: Vec<Document>) -> Self {
        let mut documents = self.0.clone();
        for other in others {
            if let Some(it) = documents.iter_mut().find(|it| it.name == other.name) {
                *it = other;
            }
        }
        Self(documents)
    }

    /// A part of a document, as templates see it: [`look`].
    pub fn look(&self, path: &str, language: Option<&str>, languages: &[String]) -> Option<Json> {
        let (name, inner) = path::split(path);
        let seen = self.get(name)?.seen();
        let found = path::get(&seen, inner)?;
        match language {
            None => Some(found.clone()),
            Some(language) => in_language(found, language, languages).cloned(),
        }
    }

    /// What those who are signed in are told beside the interface's own document, by name.
    pub fn shown(&self) -> Map<String, Json> {
        self.0.iter().filter_map(|it| Some((it.name.clone(), it.told()?))).collect()
    }
}

/// A part of a document, as templates see it: a document and the path in it, `rubric.criteria`. With a
/// language, the entry of that language; of the application's first one when there is none.
pub fn look(folder: &Folder, path: &str, language: Option<&str>) -> Option<Json> {
    folder.configuration().look(path, language, &folder.description().languages)
}

/// The entry of a language, else that of the first language that has one.
pub fn in_language<'a>(of_all: &'a Json, language: &str, languages: &[String]) -> Option<&'a Json> {
    of_all.get(language).or_else(|| languages.iter().find_map(|it| of_all.get(it.as_str())))
}

/// The checksum of a text.
pub(crate) fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// A document as YAML.
pub fn written(value: &Json) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// Where a document lies below the folder at `path`, also when that has faults.
pub fn file_in(path: &Path, name: &str) -> String {
    let files = Files::read(path);
    let spec = check::files(&files, &Told::default()).1.map(|it| it.configuration);
    let mut spec = spec.unwrap_or_default();
    file_of(&files, name, &spec.documents.shift_remove(name).unwrap_or_default())
}

/// The names of all documents of an application.
pub fn names_of(folder: &Folder) -> Vec<String> {
    folder.configuration().documents().iter().map(|it| it.name.clone()).collect()
}

/// Where a typed document belongs; none for one that Mainstay does not type.
pub(crate) fn category_of(name: &str) -> Option<Category> {
    TYPED.iter().find(|it| it.0 == name).map(|it| it.1)
}

/// Where a document lies.
pub(crate) fn file_of(files: &Files, name: &str, declared: &DocumentSpec) -> String {
    if let Some(file) = &declared.file {
        return file.clone();
    }
    let short = format!("config/{name}.yml");
    if files.has(&short) { short } else { format!("config/{name}.yaml") }
}

/// All documents there are: those declared, those typed, and what else lies in `config/`.
pub(crate) fn names(files: &Files, spec: &ConfigurationSpec, kinds: &[Kind]) -> Vec<String> {
    let declared = spec.documents.keys().cloned();
    let typed = kinds.iter().map(|it| it.name().to_owned());
    let mut names: Vec<String> = Vec::new();
    for name in declared.chain(typed).chain(files.config_names()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests;
