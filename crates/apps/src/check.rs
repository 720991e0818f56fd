//! Everything that is wrong with an application folder, at once, each fault where it stands.
//!
//! A check reads files and nothing else: no database, no model, no environment. What it cannot
//! know by itself, the operations that routes may name, it is told.
//!
//! Start at [`folder`]. The keys of `app.yaml` are known from the types of [`crate::description`]
//! and from nowhere else, those of the documents that Mainstay types from the kinds that are handed
//! down ([`Told::kinds`]).

mod archives;
mod assistants;
mod collections;
mod configuration;
mod crossing;
mod described;
mod embed;
mod files;
mod lookups;
mod names;
mod people;
mod private;
mod progress;
mod questions;
mod rest;
mod results;
mod routes;
mod rules;
mod schedules;
mod seeds;
mod shape;
mod sources;
mod tasks;
mod templates;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::Path,
};

use serde::Serialize;

pub(crate) use assistants::ABOUT_VARIABLES;
pub(crate) use files::Files;
pub use names::ERROR_CODES;
pub(crate) use shape::{prune, without_formats};

use crate::{
    configuration::Kind,
    description::Description,
    field::nearest,
    marked::{Marked, Place},
    schema::Schema,
};

/// What is wrong with a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Every fault, by file, line and column.
    pub faults: Vec<Fault>,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Path below the folder.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Whether the application can run with it.
    pub level: Level,
    /// What it is, in a word for programs: `unknown_key`, `missing_file`, …
    pub code: &'static str,
    /// What it is, in a sentence for people.
    pub message: String,
    /// The way out, when it can be guessed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The application cannot run.
    Error,
    /// It can, but this is probably not meant.
    Warning,
}

/// An operation of the engine, as far as a check needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationHead {
    /// `records.get`.
    pub name: String,
    /// The names of its arguments.
    pub args: Vec<String>,
    /// The house's own paths that lead to it: `GET /api/records/{record}`.
    pub paths: Vec<String>,
    /// What it answers is the same for all who reach the same tenants, so that it can be kept for them.
    pub is_shareable: bool,
}

impl Report {
    /// Can the application run?
    pub fn is_fit(&self) -> bool {
        self.faults.iter().all(|it| it.level == Level::Warning)
    }

    /// The same with these faults among them.
    #[must_use]
    pub fn with(mut self, more: Vec<Fault>) -> Self {
        self.faults.extend(more);
        self.faults.sort_by(|a, b| {
            (&a.file, a.line, a.column, a.code, &a.message)
                .cmp(&(&b.file, b.line, b.column, b.code, &b.message))
        });
        self.faults.dedup();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.level == Level::Warning { "warning: " } else { "" };
        write!(f, "{}:{}:{}: {level}{}", self.file, self.line, self.column, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.faults.iter().try_for_each(|it| writeln!(f, "{it}"))
    }
}

/// The file that describes an application.
pub const APP_FILE: &str = "app.yaml";

/// What a check cannot know by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told<'a> {
    /// The operations that routes may name; when there are none, the names are taken as they are.
    pub operations: &'a [OperationHead],
    /// The documents of `config/` that Mainstay types. Without its kind, nothing is said of what stands
    /// in one.
    pub kinds: &'a [Kind],
}

/// Checks the folder at `path`. `operations` are those that routes may name; when there are none,
/// the names are taken as they are.
pub fn folder(path: &Path, operations: &[OperationHead]) -> Report {
    whole(path, &Told { operations, ..Told::default() })
}

/// Checks the folder at `path` with all that can be told.
pub fn whole(path: &Path, told: &Told<'_>) -> Report {
    files(&Files::read(path), told).0
}

/// Checks the folder at `path` as it would be with other texts in these documents: name of a document →
/// its text. Nothing is written.
pub fn with_documents(path: &Path, told: &Told<'_>, texts: &BTreeMap<String, String>) -> Report {
    let files_there = Files::read(path);
    let spec = files(&files_there, told).1.map(|it| it.configuration).unwrap_or_default();
    let file = |name: &str| {
        let nothing = crate::description::DocumentSpec::default();
        let declared = spec.documents.get(name).unwrap_or(&nothing);
        crate::configuration::file_of(&files_there, name, declared)
    };
    let instead = texts.iter().map(|(name, text)| (file(name), text.clone())).collect();
    files(&Files::read_with(path, instead), told).0
}

/// Checks the folder at `path` as it would be with these texts in the place of files: path → text. Nothing is
/// written.
pub(crate) fn with_files(
    path: &Path,
    told: &Told<'_>,
    instead: BTreeMap<String, String>,
) -> Report {
    files(&Files::read_with(path, instead), told).0
}

/// Checks what was read of a folder, and gives its description when that could be made out.
pub(crate) fn files(files: &Files, told: &Told<'_>) -> (Report, Option<Description>) {
    let mut faults: Vec<Fault> = files.faults().to_vec();
    let mut description = None;
    if let Some(app) = files.document(APP_FILE) {
        let shaped = shape::read(app, &mut faults);
        if let Some(shaped) = shaped {
            let mut checker = Checker {
                files,
                app,
                operations: told.operations,
                kinds: told.kinds,
                names: names::Names::of(app),
                schemas: HashMap::new(),
                faults: Vec::new(),
            };
            checker.whole(&shaped);
            faults.append(&mut checker.faults);
            description = Some(shaped);
        }
    }
    // Without a description nobody says where a document lies, or what it adds.
    if description.is_none() {
        faults.extend(configuration::typed(files, told.kinds));
    }
    (Report::default().with(faults), description)
}

/// Where a fault is: a value of `app.yaml`, its key, or a place in another file.
enum At<'a> {
    Value(&'a str),
    Key(&'a str),
    File(&'a str, Place),
}

/// Checks what a description says against everything else.
struct Checker<'a> {
    files: &'a Files,
    app: &'a Marked,
    operations: &'a [OperationHead],
    kinds: &'a [Kind],
    names: names::Names,
    /// Schemas by file; none when it has faults, which are then already told.
    schemas: HashMap<String, Option<Schema>>,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn whole(&mut self, description: &Description) {
        self.rest(description);
        for (name, collection) in &description.collections {
            self.collection(name, collection, description);
        }
        for (name, task) in &description.tasks {
            self.task(name, task, description);
        }
        for (name, assistant) in &description.assistants {
            self.assistant(name, assistant, description);
        }
        self.private(description);
        self.languages(description);
        for (name, questions) in &description.questions {
            self.questions(name, questions, description);
        }
        for (name, progress) in &description.progress {
            self.progress(name, progress, description);
        }
        for (name, report) in &description.reports {
            self.report(name, report, description);
        }
        for (name, file) in &description.sources {
            self.source(name, file, description);
        }
        for (name, file) in &description.lookups {
            self.lookup(name, file, description);
        }
        for (name, schedule) in &description.schedules {
            self.schedule(name, schedule, description);
        }
        self.unscheduled(description);
        self.templates(description);
        if let Some(routes) = &description.routes {
            self.routes(routes, description);
        }
        self.configuration(description);
    }

    /// Adds a fault; its hint may still be given.
    fn fault(&mut self, at: At<'_>, code: &'static str, message: String) -> &mut Fault {
        let (file, place) = match at {
            At::Value(pointer) => (APP_FILE, self.app.place(pointer)),
            At::Key(pointer) => (APP_FILE, self.app.key_place(pointer)),
            At::File(file, place) => (file, place),
        };
        self.faults.push(Fault::new(file, place, code, message));
        self.faults.last_mut().expect("it was just added")
    }

    /// A name that is not known, with the one that was probably meant.
    fn unknown<'n>(
        &mut self,
        at: At<'_>,
        code: &'static str,
        message: String,
        known: impl IntoIterator<Item = &'n str>,
        given: &str,
    ) {
        let hint = nearest(given, known).map(|it| format!("did you mean `{it}`?"));
        self.fault(at, code, message).hint = hint;
    }

    /// Checks that a name of a collection is one; `pointer` is where it stands.
    fn known_collection(&mut self, pointer: &str, name: &str) -> bool {
        let known = self.names.collections.clone();
        let is_known = known.iter().any(|it| it == name);
        if !is_known {
            let message = format!("there is no collection `{name}`");
            self.unknown(
                At::Value(pointer),
                "unknown_collection",
                message,
                known.iter().map(String::as_str),
                name,
            );
        }
        is_known
    }

    /// Checks that a name of a task is one.
    fn known_task(&mut self, pointer: &str, name: &str) -> bool {
        let known = self.names.tasks.clone();
        let is_known = known.iter().any(|it| it == name);
        if !is_known {
            let message = format!("there is no task `{name}`");
            self.unknown(
                At::Value(pointer),
                "unknown_task",
                message,
                known.iter().map(String::as_str),
                name,
            );
        }
        is_known
    }

    /// Checks that a name of an assistant is one.
    fn known_assistant(&mut self, pointer: &str, name: &str) {
        let known = self.names.assistants.clone();
        if !known.iter().any(|it| it == name) {
            let message = format!("there is no assistant `{name}`");
            let known = known.iter().map(String::as_str);
            self.unknown(At::Value(pointer), "unknown_assistant", message, known, name);
        }
    }

    /// Checks that a field is one that records of a schema may have.
    fn known_field(&mut self, at: At<'_>, schema: &Schema, field: &str, what: &str) {
        if !schema.knows(field) {
            let message = format!("`{what}` has no field `{field}`");
            let fields = schema.fields();
            self.unknown(at, "unknown_field", message, fields.iter().map(String::as_str), field);
        }
    }

    /// Checks that an error code is one of the engine's.
    fn known_error(&mut self, at: At<'_>, code: &str) {
        let bare = code.split('.').next().unwrap_or(code);
        if !ERROR_CODES.contains(&bare) {
            let message = format!("the engine has no error `{bare}`");
            self.unknown(at, "unknown_error_code", message, ERROR_CODES.iter().copied(), bare);
        }
    }

    /// The schema in a file that `app.yaml` names at `pointer`.
    fn schema(&mut self, pointer: &str, file: &str) -> Option<Schema> {
        if let Some(known) = self.schemas.get(file) {
            return known.clone();
        }
        let schema =
            self.exists(pointer, file).then(|| self.files.schema(file, &mut self.faults)).flatten();
        self.schemas.insert(file.to_owned(), schema.clone());
        schema
    }

    /// Checks that a file named in `app.yaml` is there.
    fn exists(&mut self, pointer: &str, file: &str) -> bool {
        let is_there = self.files.has(file);
        if !is_there {
            let message = format!("there is no file `{file}`");
            let known: Vec<String> = self.files.names().map(str::to_owned).collect();
            self.unknown(
                At::Value(pointer),
                "missing_file",
                message,
                known.iter().map(String::as_str),
                file,
            );
        }
        is_there
    }
}

impl Fault {
    pub(crate) fn new(file: &str, place: Place, code: &'static str, message: String) -> Self {
        let Place { line, column } = place;
        Self { file: file.to_owned(), line, column, level: Level::Error, code, message, hint: None }
    }

    fn warns(&mut self) -> &mut Self {
        self.level = Level::Warning;
        self
    }
}

#[cfg(test)]
#[path = "check/tests.rs"]
mod tests;
