//! Configuration documents: what lies in `config/`, who says what may stand in it, and what of it is
//! never shown.
//!
//! Nine documents are typed by the rooms that act on them ([`Kind`]), with defaults for all of them; the
//! others are the application's own, each with a JSON Schema. Nothing here changes a document or keeps
//! its versions; whether all of them fit is [`crate::check`]'s.
//!
//! Start at [`Configuration`], which a [`Folder`] holds, and [`look`], by which templates see a part.

pub mod hide;
pub mod kind;
pub mod path;
pub mod range;

pub(crate) mod defaults;

use std::path::Path;

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

pub use crate::description::Category;
pub use kind::{Finding, Kind};

use crate::{
    check::{self, Files, Told},
    description::{ConfigurationSpec, Description, DocumentSpec},
    folder::Folder,
};

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

/// The documents of an application, as they are in force since its start.
#[derive(Debug, Clone, Default)]
pub struct Configuration(Vec<Document>);

/// One document.
#[derive(Clone)]
pub struct Document {
    /// Its name: `rubric`.
    pub name: String,
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    pub about: String,
    /// Where it belongs; none when the application does not say.
    pub category: Option<Category>,
    /// Where it lies below the folder.
    pub file: String,
    /// Mainstay says what may stand in it.
    pub is_typed: bool,
    /// What it must fit, when anybody says.
    pub schema: Option<Json>,
    /// The text of its file; none when there is none.
    text: Option<String>,
    /// What it says.
    given: Json,
    /// What is in force: with the defaults of what it leaves out.
    in_force: Json,
    /// Paths that the application never shows.
    sensitive: Vec<String>,
}

impl Configuration {
    pub(crate) fn read(files: &Files, description: &Description, kinds: &[Kind]) -> Self {
        let spec = &description.configuration;
        let mut documents: Vec<Document> = Vec::new();
        for name in names(files, spec, kinds) {
            documents.push(Document::read(files, spec, kinds, &name));
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
}

impl Document {
    fn read(files: &Files, spec: &ConfigurationSpec, kinds: &[Kind], name: &str) -> Self {
        let nothing = DocumentSpec::default();
        let declared = spec.documents.get(name).unwrap_or(&nothing);
        let kind = kinds.iter().find(|it| it.name() == name);
        let file = file_of(files, name, declared);
        let given = files.document(&file).map(|it| it.value.clone()).unwrap_or_default();
        let own = declared.schema.as_deref().and_then(|it| files.document(it));
        let own = own.map(|it| it.value.clone());
        let schema = match kind {
            Some(kind) => Some(with_own(kind.schema(), own)),
            None => own,
        };
        let about = match (declared.about.as_str(), kind) {
            ("", Some(kind)) => kind.about().to_owned(),
            (told, _) => told.to_owned(),
        };
        Self {
            title: declared.title.clone().unwrap_or_else(|| name.replace('_', " ")),
            about,
            category: category_of(name).or(declared.category),
            is_typed: category_of(name).is_some(),
            schema,
            text: files.text(&file).map(str::to_owned),
            in_force: kind.map_or_else(|| given.clone(), |it| it.in_force(&given)),
            sensitive: declared.sensitive.clone(),
            given,
            file,
            name: name.to_owned(),
        }
    }

    /// Is there a file of it?
    pub fn is_given(&self) -> bool {
        self.text.is_some()
    }

    /// What it says itself, secrets and all: for the rooms that act on it. None when it is not there.
    pub(crate) fn said(&self) -> Option<&Json> {
        self.is_given().then_some(&self.given)
    }

    /// What is in force, without what is never shown.
    pub fn shown(&self) -> Json {
        let places = hide::places(&self.in_force, &self.sensitive, self.has_secrets());
        hide::hidden(&self.in_force, &places)
    }

    /// What is in force, for templates. The names in a document of the application's own say nothing
    /// here: a sentence about a token is no token.
    pub(crate) fn seen(&self) -> Json {
        let by_name = self.is_typed && self.has_secrets();
        hide::hidden(&self.in_force, &hide::places(&self.in_force, &self.sensitive, by_name))
    }

    /// What it says itself, without what is never shown.
    pub fn given(&self) -> Json {
        hide::hidden(&self.given, &self.hidden())
    }

    /// The pointers of what is never shown.
    pub fn hidden(&self) -> Vec<String> {
        hide::places(&self.given, &self.sensitive, self.has_secrets())
    }

    /// May something in it be a secret that nobody has declared? What everybody is told holds none.
    fn has_secrets(&self) -> bool {
        self.name != "frontend"
    }

    /// Its text, for an editor. Where something in it is never shown, it is written anew without that,
    /// and without its comments.
    pub fn text(&self) -> Option<String> {
        let text = self.text.as_deref()?;
        if self.hidden().is_empty() {
            return Some(text.to_owned());
        }
        Some(written(&self.given()))
    }

    /// A checksum of its file.
    pub fn checksum(&self) -> Option<String> {
        Some(hex::encode(Sha256::digest(self.text.as_deref()?)))
    }

    /// It in a list.
    pub fn line(&self) -> Json {
        json!({
            "name": self.name,
            "title": self.title,
            "about": self.about,
            "category": self.category,
            "file": self.file,
            "is_given": self.is_given(),
            "is_typed": self.is_typed,
            "has_schema": self.schema.is_some(),
            "checksum": self.checksum(),
        })
    }

    /// The whole of it.
    pub fn view(&self) -> Json {
        let mut view = match self.line() {
            Json::Object(line) => line,
            _ => Map::new(),
        };
        view.insert("content".into(), self.text().into());
        view.insert("hidden".into(), self.hidden().into());
        view.insert("given".into(), self.given());
        view.insert("in_force".into(), self.shown());
        view.insert("schema".into(), self.schema.clone().unwrap_or_default());
        Json::Object(view)
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(&self.name).finish()
    }
}

/// A part of a document, as templates see it: a document and the path in it, `rubric.criteria`. With a
/// language, the entry of that language; of the application's first one when there is none.
pub fn look(folder: &Folder, path: &str, language: Option<&str>) -> Option<Json> {
    let (name, inner) = path::split(path);
    let seen = folder.configuration().get(name)?.seen();
    let found = path::get(&seen, inner)?;
    match language {
        None => Some(found.clone()),
        Some(language) => in_language(found, language, &folder.description().languages).cloned(),
    }
}

/// The entry of a language, else that of the first language that has one.
pub fn in_language<'a>(of_all: &'a Json, language: &str, languages: &[String]) -> Option<&'a Json> {
    of_all.get(language).or_else(|| languages.iter().find_map(|it| of_all.get(it.as_str())))
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

/// A schema with what the application says of its own part.
fn with_own(schema: &Json, own: Option<Json>) -> Json {
    let mut schema = schema.clone();
    if let (Some(own), Some(properties)) =
        (own, schema.get_mut("properties").and_then(Json::as_object_mut))
    {
        properties.insert(OWN.to_owned(), own);
    }
    schema
}

#[cfg(test)]
mod tests;
