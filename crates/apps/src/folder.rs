//! An application folder, read and compiled: what it says, its schemas, templates and documents.
//!
//! Read once at start; cheap to clone. A folder with a fault is refused with all of its faults
//! ([`crate::check`]), so whoever holds a [`Folder`] need not ask whether names, fields and files in it
//! exist. Nothing of it changes while it is held but the documents of `config/` that act at once, and
//! what is made of them: those are handed out as they are at that moment.
//!
//! Start at [`Folder::read`] and [`Folder::kits`], which holds the collections. What is here beside
//! them is how records come into a collection: the readers of lists, the seeds, the defaults.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use indexmap::IndexMap;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use sources::{Live as Lookup, Program, expression::Language};

use crate::{
    check::{self, Fault, Files, Level, Report, Told},
    configuration::{
        Configuration, Document, Kind,
        standing::{Overlay, Standing},
        version::Head,
    },
    description::{Assistant, Collection, Description, Import, Task},
    marked::{self, Place},
    question::QuestionsKit,
    record::{Checked, CollectionKit, Kits},
    schema::Schema,
    table::{self, Table, TableError},
    template::{self, Template, Templates},
};

/// An application.
#[derive(Clone)]
pub struct Folder(Arc<Inner>);

struct Inner {
    path: PathBuf,
    description: Description,
    kits: Kits,
    readers: IndexMap<String, table::Reader>,
    seeds: Vec<SeedRows>,
    defaults: Vec<(String, Checked)>,
    tasks: IndexMap<String, TaskKit>,
    assistants: IndexMap<String, AssistantKit>,
    sources: Vec<Program>,
    lookups: Vec<Lookup>,
    tenant_schema: Option<Schema>,
    templates: Templates,
    warnings: Vec<Fault>,
    kinds: Vec<Kind>,
    live: RwLock<Live>,
}

/// What may change while the application runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Live {
    configuration: Arc<Configuration>,
    questions: Arc<IndexMap<String, Arc<QuestionsKit>>>,
}

/// A task with all that belongs to it.
#[derive(Clone)]
pub struct TaskKit {
    /// Its name in the description.
    pub name: String,
    /// What the description says.
    pub description: Task,
    /// The question.
    pub prompt: Template,
    /// What the answer must fit.
    pub output: Schema,
    /// The rules that answer when no model does.
    pub fallback: Option<Template>,
    /// What the caller's input must fit.
    pub input: Option<Schema>,
    /// The templates that its question is composed of, by their files.
    pub parts: IndexMap<String, Template>,
}

/// An assistant with all that belongs to it.
#[derive(Clone)]
pub struct AssistantKit {
    /// Its name in the description.
    pub name: String,
    /// What the description says.
    pub description: Assistant,
    /// The question.
    pub prompt: Template,
    /// The question for a title, when it is the application's own.
    pub title: Option<Template>,
    /// The question for what could be asked next, when it is the application's own.
    pub followups: Option<Template>,
}

/// A folder that cannot be an application, with everything that is wrong.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the application folder has faults:\n{0}")]
pub struct Faults(pub Report);

impl Folder {
    /// Reads the folder at `path`.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        Self::read_with(path, template::FUEL)
    }

    /// Reads the folder at `path`; its templates may take `fuel` steps each.
    pub fn read_with(path: &Path, fuel: u64) -> Result<Self, Faults> {
        Self::read_as(path, fuel, &[])
    }

    /// Reads the folder at `path`, of whose documents Mainstay types these.
    pub fn read_as(path: &Path, fuel: u64, kinds: &[Kind]) -> Result<Self, Faults> {
        Self::read_over(path, fuel, kinds, &[])
    }

    /// Reads the folder at `path`, with these versions over the files of documents.
    pub fn read_over(
        path: &Path,
        fuel: u64,
        kinds: &[Kind],
        heads: &[Head],
    ) -> Result<Self, Faults> {
        let told = Told { kinds, ..Told::default() };
        let (mut files, mut overlay) = (Files::read(path), Overlay::default());
        if !heads.is_empty() {
            let spec = check::files(&files, &told).1.map(|it| it.configuration).unwrap_or_default();
            overlay = Overlay::of(&files, &spec, kinds, heads);
            files = Files::read_with(path, overlay.texts());
        }
        let (report, description) = check::files(&files, &told);
        match description {
            Some(description) if report.is_fit() => {
                Self::build(&files, description, fuel, report.faults, kinds, &overlay)
                    .map_err(|fault| Faults(Report { faults: vec![*fault] }))
            }
            _ => Err(Faults(report)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What it says.
    pub fn description(&self) -> &Description {
        &self.0.description
    }

    /// What its check would warn about.
    pub fn warnings(&self) -> &[Fault] {
        &self.0.warnings
    }

    /// All collections, ready for records to be checked and kept.
    pub fn kits(&self) -> &Kits {
        &self.0.kits
    }

    /// What reads lists into a collection; none when it takes no lists.
    pub fn reader(&self, collection: &str) -> Option<&table::Reader> {
        self.0.readers.get(collection)
    }

    /// Shared collections with what they start with: name, hash of the file, rows.
    pub fn seeds(&self) -> &[SeedRows] {
        &self.0.seeds
    }

    /// The records that every new tenant starts with, by collection.
    pub fn defaults(&self) -> Vec<(String, Checked)> {
        self.0.defaults.clone()
    }

    /// A task by its name.
    pub fn task(&self, name: &str) -> Option<&TaskKit> {
        self.0.tasks.get(name)
    }

    /// All tasks, in the order of the description.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskKit> {
        self.0.tasks.values()
    }

    /// An assistant by its name.
    pub fn assistant(&self, name: &str) -> Option<&AssistantKit> {
        self.0.assistants.get(name)
    }

    /// All assistants, in the order of the description.
    pub fn assistants(&self) -> impl Iterator<Item = &AssistantKit> {
        self.0.assistants.values()
    }

    /// Questions over data by their name.
    pub fn question(&self, name: &str) -> Option<Arc<QuestionsKit>> {
        self.live().questions.get(name).cloned()
    }

    /// All questions over data, in the order of the description.
    pub fn questions(&self) -> Vec<Arc<QuestionsKit>> {
        self.live().questions.values().cloned().collect()
    }

    /// The sources, ready to be read, in the order of the description.
    pub fn sources(&self) -> &[Program] {
        &self.0.sources
    }

    /// What is looked up while somebody waits, ready to be asked, in the order of the description.
    pub fn lookups(&self) -> &[Lookup] {
        &self.0.lookups
    }

    /// What a document of `config/` says, secrets and all; none when it is not there.
    pub fn config(&self, name: &str) -> Option<Json> {
        self.live().configuration.get(name).and_then(Document::said).cloned()
    }

    /// The documents of `config/`, as they are at this moment. Whoever asks twice may see two states.
    pub fn configuration(&self) -> Arc<Configuration> {
        self.live().configuration
    }

    /// The documents that Mainstay types, as the folder was read with them.
    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.0.kinds
    }

    fn live(&self) -> Live {
        self.0.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other texts of documents in force, those that are named, for everybody who holds this folder.
    /// They must act at once, and be checked.
    pub(crate) fn take_over(&self, texts: &Standing, names: &[String]) -> Result<(), Box<Fault>> {
        let configuration = self.configuration();
        let mut others = Vec::new();
        for name in names {
            let (Some(document), Some(text)) = (configuration.get(name), texts.get(name)) else {
                continue;
            };
            let other = document.with_text(text.text.as_deref(), text.version);
            others.push(other.map_err(|error| unexpected(&document.file, &error))?);
        }
        let configuration = configuration.with(others);
        let template = |name: &str| {
            let found = self.0.templates.get(name);
            found.ok_or_else(|| unexpected(name, &"there is no such template"))
        };
        let live = Live::new(&self.0.description, configuration, template)?;
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        Ok(())
    }

    /// What a tenant must fit; none when nobody shares the server.
    pub fn tenant_schema(&self) -> Option<&Schema> {
        self.0.tenant_schema.as_ref()
    }

    /// A template by its path below the folder.
    pub fn template(&self, name: &str) -> Option<Template> {
        self.0.templates.get(name)
    }

    fn build(
        files: &Files,
        description: Description,
        fuel: u64,
        warnings: Vec<Fault>,
        kinds: &[Kind],
        overlay: &Overlay,
    ) -> Result<Self, Box<Fault>> {
        let mut templates: IndexMap<String, String> =
            files.templates().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        let of_tasks = description.tasks.values();
        let of_tasks = of_tasks.flat_map(|it| [Some(&it.prompt), it.fallback.as_ref()]);
        let of_assistants = description.assistants.values();
        let of_assistants = of_assistants.flat_map(|it| {
            let followups = it.followups.as_ref().and_then(|it| it.prompt.as_ref());
            [Some(&it.prompt), it.titles.prompt.as_ref(), followups]
        });
        let of_questions = description.questions.values().flat_map(|it| {
            let comment = it.comment.as_ref().map(|it| &it.prompt);
            [Some(&it.query.prompt), Some(&it.answer.prompt), Some(&it.followups.prompt), comment]
        });
        for name in description.tasks.values().flat_map(Task::part_files) {
            if let Some(text) = files.text(name) {
                templates.insert(name.to_owned(), text.to_owned());
            }
        }
        for name in of_tasks.chain(of_assistants).chain(of_questions).flatten() {
            if let Some(text) = files.text(name) {
                templates.insert(name.clone(), text.to_owned());
            }
        }
        let templates = Templates::read(templates, fuel)
            .map_err(|error| unexpected(check::APP_FILE, &error))?;
        let template = |name: &str| {
            templates.get(name).ok_or_else(|| unexpected(name, &"there is no such template"))
        };
        let mut tasks = IndexMap::new();
        for (name, task) in &description.tasks {
            let kit = TaskKit {
                name: name.clone(),
                description: task.clone(),
                prompt: template(&task.prompt)?,
                output: schema(files, &task.output)?,
                fallback: task.fallback.as_deref().map(template).transpose()?,
                input: task.input.as_deref().map(|it| schema(files, it)).transpose()?,
                parts: task
                    .part_files()
                    .map(|it| Ok((it.to_owned(), template(it)?)))
                    .collect::<Result<_, Box<Fault>>>()?,
            };
            tasks.insert(name.clone(), kit);
        }
        let mut assistants = IndexMap::new();
        for (name, assistant) in &description.assistants {
            let followups = assistant.followups.as_ref().and_then(|it| it.prompt.as_deref());
            let kit = AssistantKit {
                name: name.clone(),
                description: assistant.clone(),
                prompt: template(&assistant.prompt)?,
                title: assistant.titles.prompt.as_deref().map(template).transpose()?,
                followups: followups.map(template).transpose()?,
            };
            assistants.insert(name.clone(), kit);
        }
        let tenants = description.tenants.as_ref();
        let tenant_schema = tenants.map(|it| schema(files, &it.schema)).transpose()?;
        let configuration = Configuration::read(files, &description, kinds, overlay);
        let live = Live::new(&description, configuration, template)?;
        let sources = compiled(files, &description.sources, fuel, Program::compile)?;
        let lookups = compiled(files, &description.lookups, fuel, Lookup::compile)?;
        let path = files.folder().to_owned();
        let kits = Kits::new(&description, |file| Schema::read(files.folder(), file).ok())
            .map_err(|error| unexpected(check::APP_FILE, &error))?;
        let (mut readers, mut seeds, mut defaults) = (IndexMap::new(), Vec::new(), Vec::new());
        for kit in kits.iter() {
            readers.extend(reader(kit)?.map(|it| (kit.name.clone(), it)));
            seeds.extend(seed(files, kit)?);
            defaults.extend(default(files, kit)?.map(|it| (kit.name.clone(), it)));
        }
        Ok(Self(Arc::new(Inner {
            path,
            description,
            kits,
            readers,
            seeds,
            defaults,
            tasks,
            assistants,
            sources,
            lookups,
            tenant_schema,
            templates,
            warnings,
            kinds: kinds.to_vec(),
            live: RwLock::new(live),
        })))
    }
}

impl Live {
    /// What is made of these documents. `template` gives what is compiled, by file.
    fn new(
        description: &Description,
        configuration: Configuration,
        template: impl Fn(&str) -> Result<Template, Box<Fault>>,
    ) -> Result<Self, Box<Fault>> {
        let mut questions = IndexMap::new();
        for (name, asked) in &description.questions {
            let languages = &description.languages;
            let kit = QuestionsKit::read(name, asked, languages, &configuration, &template)?;
            questions.insert(name.clone(), Arc::new(kit));
        }
        Ok(Self { configuration: Arc::new(configuration), questions: Arc::new(questions) })
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Folder").field(&self.0.path).finish()
    }
}

impl fmt::Debug for TaskKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskKit").field(&self.name).finish()
    }
}

impl fmt::Debug for AssistantKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AssistantKit").field(&self.name).finish()
    }
}

/// Reads the rows with which a collection starts: CSV whose headers are fields, or a list of
/// objects in JSON or YAML.
pub(crate) fn read_seed(
    text: &str,
    file: &str,
    collection: &Collection,
    schema: &Schema,
) -> Result<Table, TableError> {
    let required = schema.inlined().get("required").and_then(Json::as_array);
    let required = required.into_iter().flatten().filter_map(Json::as_str);
    // What is computed or completed need not stand in a seed.
    let is_made = |name: &str| collection.computed.contains_key(name) || schema.completes(name);
    let required = required.filter(|it| !is_made(it)).map(str::to_owned);
    let import = Import {
        formats: table::Format::ALL.map(|it| it.name().to_owned()).to_vec(),
        max_bytes: u64::MAX,
        max_rows: 1_000_000,
        columns: IndexMap::new(),
        rest: None,
        required: required.collect(),
        values: IndexMap::new(),
        tasks: Vec::new(),
        label: String::new(),
    };
    let damaged = |why: String| TableError::Damaged { why };
    let reader = table::Reader::new(&import, schema, &[]).map_err(|it| damaged(it.to_string()))?;
    if file.ends_with(".csv") {
        return reader.read(text.as_bytes(), Some("seed.csv"));
    }
    let document = marked::yaml(text).map_err(|it| damaged(it.to_string()))?;
    let items = match &document.value {
        Json::Array(items) => Some(items),
        Json::Object(object) => object.get("items").and_then(Json::as_array),
        _ => None,
    };
    match items {
        Some(items) => reader.read_items(items),
        None => Err(TableError::NotItems { why: "it is no list".into() }),
    }
}

fn schema(files: &Files, name: &str) -> Result<Schema, Box<Fault>> {
    Schema::read(files.folder(), name).map_err(|error| unexpected(name, &error))
}

/// The documents of these files, compiled.
fn compiled<T>(
    files: &Files,
    named: &IndexMap<String, String>,
    fuel: u64,
    compile: impl Fn(&str, &Json, &Language) -> Result<T, Vec<sources::program::Fault>>,
) -> Result<Vec<T>, Box<Fault>> {
    let language = template::language(fuel);
    let compiled = named.iter().map(|(name, file)| {
        let missing = || unexpected(file, &"there is no such document");
        let document = files.document(file).ok_or_else(missing)?;
        compile(name, &document.value, &language).map_err(|faults| {
            let first = faults.first().map_or("", |it| it.message.as_str());
            unexpected(file, &first)
        })
    });
    compiled.collect()
}

/// A collection, the hash of its seed, and the rows of it.
pub type SeedRows = (String, String, Vec<Checked>);

/// What reads lists into a collection, where lists can be imported.
fn reader(kit: &CollectionKit) -> Result<Option<table::Reader>, Box<Fault>> {
    let Some(import) = &kit.spec.import else { return Ok(None) };
    let reader = table::Reader::new(import, &kit.schema, &kit.spec.matched_by);
    Ok(Some(reader.map_err(|error| unexpected(&kit.spec.schema, &error))?))
}

/// The rows of a collection's seed, checked.
fn seed(files: &Files, kit: &CollectionKit) -> Result<Option<SeedRows>, Box<Fault>> {
    let Some(file) = &kit.spec.seed else { return Ok(None) };
    let text = files.text(file).unwrap_or_default();
    let table =
        read_seed(text, file, &kit.spec, &kit.schema).map_err(|error| unexpected(file, &error))?;
    let rows = table.records.into_iter().map(|it| kit.check(Json::Object(it.data)));
    let rows = rows.collect::<Result<_, _>>().map_err(|error| unexpected(file, &error))?;
    Ok(Some((kit.name.clone(), hex::encode(Sha256::digest(text.as_bytes())), rows)))
}

/// The record that every new tenant starts with, checked.
fn default(files: &Files, kit: &CollectionKit) -> Result<Option<Checked>, Box<Fault>> {
    let Some(file) = &kit.spec.default else { return Ok(None) };
    let Some(document) = files.document(file) else { return Ok(None) };
    let checked = kit.check(document.value.clone()).map_err(|error| unexpected(file, &error))?;
    Ok(Some(checked))
}

/// A fault that the check has not seen, as when a file goes away meanwhile.
fn unexpected(file: &str, error: &impl fmt::Display) -> Box<Fault> {
    let Place { line, column } = Place::START;
    Box::new(Fault {
        file: file.to_owned(),
        line,
        column,
        level: Level::Error,
        code: "unreadable",
        message: error.to_string(),
        hint: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn folder() -> Folder {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/small-app");
        Folder::read(&path).expect("a folder without faults")
    }

    #[test]
    fn everything_a_description_names_is_there_and_compiled() {
        let folder = folder();
        let items = folder.kits().get("items").expect("items");
        assert_eq!(items.spec.noun, "item");
        assert!(items.schema.check(&json!({"code": "A", "label": "cap"})).is_ok());
        assert!(items.schema.check(&json!({"code": 1})).is_err());
        assert_eq!(folder.reader("items").is_some(), items.spec.import.is_some());
        assert!(folder.reader("lists").is_none(), "nothing is declared for them");
        let defaults = folder.defaults();
        assert_eq!(defaults.len(), 1);
        assert_eq!(
            (defaults[0].0.as_str(), Json::Object(defaults[0].1.data().clone())),
            ("rules", json!({"name": "Usual", "document": {"order": "size"}}))
        );
        let rules = folder.kits().get("rules").expect("rules");
        let refused = rules.check(json!({"name": "Odd", "document": {"order": 1}}));
        assert_eq!(refused.expect_err("no such order").code, "invalid_document");
        assert_eq!(folder.config("words").map(|it| it["sizes"][1].clone()), Some(json!("large")));
        assert!(folder.tenant_schema().is_some());
        assert_eq!(folder.warnings(), []);
    }

    #[test]
    fn parents_and_children_find_each_other() {
        let folder = folder();
        let kits = folder.kits();
        let kit = |name: &str| kits.get(name).expect("a collection");
        let name = |it: Option<&CollectionKit>| it.map(|it| it.name.clone());
        assert_eq!(name(kits.parent_of(kit("items"))).as_deref(), Some("lists"));
        assert_eq!(name(kits.parent_of(kit("lists"))), None);
        assert_eq!(name(kits.children_of(kit("lists"))).as_deref(), Some("items"));
        assert!(kit("items").is_in_versions() && !kit("notes").is_in_versions());
    }

    #[test]
    fn a_seed_becomes_records() {
        let folder = folder();
        let rows = |name: &str| -> Vec<Json> {
            let seed = folder.seeds().iter().find(|it| it.0 == name).expect("a seed");
            seed.2.iter().map(|it| Json::Object(it.data().clone())).collect()
        };
        assert_eq!(
            rows("sizes"),
            [json!({"name": "08", "inches": 8}), json!({"name": "12", "inches": 12})]
        );
        assert_eq!(rows("shades").len(), 2);
    }

    #[test]
    fn a_task_asks_and_answers() {
        let folder = folder();
        let task = folder.task("coding").expect("the task");
        let vars = template::Vars::new()
            .with("items", &json!([{"id": "1", "label": "Large cap"}]))
            .with("record", &json!({"name": "Pipes"}))
            .with("words", &folder.config("words").expect("words"));
        let prompt = task.prompt.prompt(&vars).expect("a prompt");
        assert_eq!(prompt.user, "Code the items of Pipes:\n- Large cap");
        let answer = task.fallback.as_ref().expect("a fallback").answer(&vars).expect("an answer");
        assert_eq!(answer, json!({"items": [{"id": "1", "code": "LARGE"}], "summary": "1 coded"}));
        assert!(task.output.check(&answer).is_ok());
    }

    #[test]
    fn a_folder_with_faults_is_refused_with_all_of_them() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken-app");
        let Err(Faults(report)) = Folder::read(&path) else { panic!("it was read") };
        assert!(report.faults.len() > 20);
        let nowhere = Folder::read(Path::new("/nowhere/at/all")).map(|_| ());
        assert!(nowhere.is_err_and(|it| it.0.faults[0].file == "app.yaml"));
    }
}
