//! One document: the text of its file, the text in force, what it says, and what of that may be shown.

use serde_json::{Map, Value as Json, json};

use super::{
    Kind, OWN, category_of, checksum, file_of,
    hide::{self, Lost, Names},
    path,
    standing::Overlay,
    version, written,
};
use crate::{
    check::Files,
    description::{Category, ConfigurationSpec, DocumentSpec},
    marked::{self, Marked, SyntaxFault},
};

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
    /// The paths of what everybody who is signed in is told of it; the empty one is the whole of it.
    told: Vec<String>,
    /// The text of its file; none when there is none.
    file_text: Option<String>,
    /// The version that is in force here; [`version::FILE`] when it is the file.
    version: i64,
    /// A version that was put in force, and is not: the file is another one since.
    aside: Option<i64>,
    /// The text in force; none when there is none.
    text: Option<String>,
    /// What it says.
    given: Json,
    /// What is in force: with the defaults of what it leaves out.
    in_force: Json,
    /// Paths that the application never shows.
    sensitive: Vec<String>,
}

impl Document {
    pub(super) fn read(
        files: &Files,
        spec: &ConfigurationSpec,
        kinds: &[Kind],
        overlay: &Overlay,
        name: &str,
    ) -> Self {
        let (nothing, over) = (DocumentSpec::default(), overlay.over(name));
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
            told: declared.shown.paths().into_iter().map(str::to_owned).collect(),
            file_text: match over {
                Some(over) => over.file_text.clone(),
                None => files.text(&file).map(str::to_owned),
            },
            version: over.map_or(version::FILE, |it| it.number),
            aside: overlay.aside(name),
            text: files.text(&file).map(str::to_owned),
            in_force: kind.map_or_else(|| given.clone(), |it| it.in_force(&given)),
            sensitive: declared.sensitive.clone(),
            given,
            file,
            name: name.to_owned(),
        }
    }

    /// The same with another text. For documents of the application's own: the types of the others are
    /// not at hand.
    pub(crate) fn with_text(&self, text: Option<&str>, version: i64) -> Result<Self, SyntaxFault> {
        let given = text.map(|it| self.parsed(it)).transpose()?.unwrap_or_default();
        Ok(Self {
            text: text.map(str::to_owned),
            in_force: given.clone(),
            given,
            version,
            ..self.clone()
        })
    }

    /// What a text says, by the kind of its file.
    fn parsed(&self, text: &str) -> Result<Json, SyntaxFault> {
        Ok(self.marked(text)?.value)
    }

    /// The same, with the place of every value.
    pub(super) fn marked(&self, text: &str) -> Result<Marked, SyntaxFault> {
        if self.file.ends_with(".json") { marked::json(text) } else { marked::yaml(text) }
    }

    /// Does anything say something in it: a file, or a version?
    pub fn is_given(&self) -> bool {
        self.text.is_some()
    }

    /// Which version is in force in this process; 0 when it is the file.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// A version that was put in force, and is not since its file is another one.
    pub fn aside(&self) -> Option<i64> {
        self.aside
    }

    /// A change of it acts while the application runs. Everything else is read at the start.
    pub fn acts_at_once(&self) -> bool {
        self.category == Some(Category::BusinessLogic) && !self.is_typed
    }

    /// The text in force here, secrets and all.
    pub(crate) fn text_in_force(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The text of the file, secrets and all.
    pub(crate) fn file_text(&self) -> Option<&str> {
        self.file_text.as_deref()
    }

    /// The checksum of the file: what a version is made upon.
    pub(crate) fn base(&self) -> Option<String> {
        self.file_text.as_deref().map(checksum)
    }

    /// Another text of it, as it may be shown: none when something in it may be a secret, and it cannot be
    /// read to tell where.
    pub fn shown_text(&self, text: &str) -> Option<String> {
        let value = self.parsed(text).ok()?;
        let places = hide::places(&value, &self.sensitive, self.names());
        if places.is_empty() {
            return Some(text.to_owned());
        }
        Some(written(&hide::hidden(&value, &places)))
    }

    /// Puts what is hidden back into a text that somebody was shown without it. A text in which nothing is
    /// hidden is given back as it is.
    ///
    /// # Errors
    /// The pointer of a value that is not put back, and why.
    pub(crate) fn unhidden(
        &self,
        text: &str,
        known: Option<&str>,
    ) -> Result<String, (String, Lost)> {
        // A text that cannot be read says so in its check.
        let Ok(mut value) = self.parsed(text) else { return Ok(text.to_owned()) };
        let hidden = hide::places(&value, &self.sensitive, self.names());
        let is_hidden =
            |it: &String| value.pointer(it).and_then(Json::as_str) == Some(hide::HIDDEN);
        let hidden: Vec<String> = hidden.into_iter().filter(is_hidden).collect();
        if hidden.is_empty() {
            return Ok(text.to_owned());
        }
        let known = known.and_then(|it| self.parsed(it).ok()).unwrap_or_default();
        let places = hide::places(&known, &self.sensitive, self.names());
        let (given, shown) = (value.clone(), hide::hidden(&known, &places));
        for pointer in hidden {
            let place = value.pointer_mut(&pointer).ok_or(Lost::Unknown);
            match (place, hide::behind(&given, &known, &shown, &pointer)) {
                (Ok(place), Ok(secret)) => *place = secret.clone(),
                (Err(lost), _) | (_, Err(lost)) => return Err((pointer, lost)),
            }
        }
        Ok(written(&value))
    }

    /// What it says itself, secrets and all: for the rooms that act on it. None when it is not there.
    pub(crate) fn said(&self) -> Option<&Json> {
        self.is_given().then_some(&self.given)
    }

    /// What is in force, without what is never shown.
    pub fn shown(&self) -> Json {
        let places = hide::places(&self.in_force, &self.sensitive, self.names());
        hide::hidden(&self.in_force, &places)
    }

    /// What everybody who is signed in is told: the parts that the application names, each where it lies.
    /// None when that is nothing.
    pub(super) fn told(&self) -> Option<Json> {
        if self.told.is_empty() || !self.is_given() {
            return None;
        }
        let shown = self.shown();
        if self.told.iter().any(String::is_empty) {
            return Some(shown);
        }
        let mut told = Map::new();
        for place in &self.told {
            let Some(found) = path::get(&shown, place) else { continue };
            let names: Vec<&str> = place.split('.').collect();
            put(&mut told, &names, found.clone());
        }
        Some(Json::Object(told))
    }

    /// What is in force, for templates. The names in a document of the application's own say nothing
    /// here: a sentence about a token is no token.
    pub(crate) fn seen(&self) -> Json {
        let names = if self.is_typed { self.names() } else { Names::SayNothing };
        hide::hidden(&self.in_force, &hide::places(&self.in_force, &self.sensitive, names))
    }

    /// What it says itself, without what is never shown.
    pub fn given(&self) -> Json {
        hide::hidden(&self.given, &self.hidden())
    }

    /// The pointers of what is never shown.
    pub fn hidden(&self) -> Vec<String> {
        hide::places(&self.given, &self.sensitive, self.names())
    }

    /// What its names say of secrets that nobody has declared. What everybody is told holds none.
    fn names(&self) -> Names {
        match self.is_typed {
            _ if self.name == "frontend" => Names::SayNothing,
            true => Names::OfMainstay,
            false => Names::OfTheApplication,
        }
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

    /// A checksum of the text in force.
    pub fn checksum(&self) -> Option<String> {
        self.text.as_deref().map(checksum)
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
            "version": self.version,
            "set_aside": self.aside,
            "acts": if self.acts_at_once() { "now" } else { "next_start" },
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

/// Puts a value where its path says.
fn put(into: &mut Map<String, Json>, names: &[&str], value: Json) {
    match names {
        [] => {}
        [last] => {
            into.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = into.entry(*first).or_insert_with(|| json!({}));
            if let Some(inner) = inner.as_object_mut() {
                put(inner, rest, value);
            }
        }
    }
}
