//! An application folder, read and compiled: what it says, its schemas, templates and documents.
//!
//! Read once at start and never changed; cheap to clone. A folder with a fault is refused with all
//! of its faults ([`crate::check`]), so whoever holds a [`Folder`] need not ask whether names,
//! fields and files in it exist.
//!
//! Start at [`Folder::read`] and [`Folder::collection`].

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use indexmap::IndexMap;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::{
    check::{self, Fault, Files, Level, Report},
    description::{self, Collection, Description, Import, Task},
    field::Data,
    marked::{self, Place},
    record::{Checked, Kits},
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
    collections: IndexMap<String, CollectionKit>,
    kits: Kits,
    seeds: Vec<SeedRows>,
    defaults: Vec<(String, Checked)>,
    tasks: IndexMap<String, TaskKit>,
    tenant_schema: Option<Schema>,
    configs: IndexMap<String, Json>,
    templates: Templates,
    warnings: Vec<Fault>,
}

/// A collection with all that belongs to it.
#[derive(Debug, Clone)]
pub struct CollectionKit {
    /// Its name in the description.
    pub name: String,
    /// What the description says.
    pub description: Collection,
    /// What people call several of its records.
    pub plural: String,
    /// What a record's data must fit.
    pub schema: Schema,
    /// Fields that hold a document with a schema of its own.
    pub documents: IndexMap<String, DocumentKit>,
    /// Reads lists, when lists can be imported.
    pub reader: Option<table::Reader>,
    /// What it starts with.
    pub seed: Option<Seed>,
    /// The record that every new tenant starts with.
    pub default: Option<Data>,
}

/// A document inside a record.
#[derive(Debug, Clone)]
pub struct DocumentKit {
    /// What it must fit.
    pub schema: Schema,
    /// The error code when it does not.
    pub code: String,
}

/// The file with which a collection starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Its path below the folder: its name in tables and messages.
    pub file: String,
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub text: Arc<str>,
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
        let files = Files::read(path);
        let (report, description) = check::files(&files, &[]);
        match description {
            Some(description) if report.is_fit() => {
                Self::build(&files, description, fuel, report.faults)
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

    /// A collection by its name.
    pub fn collection(&self, name: &str) -> Option<&CollectionKit> {
        self.0.collections.get(name)
    }

    /// All collections, in the order of the description.
    pub fn collections(&self) -> impl Iterator<Item = &CollectionKit> {
        self.0.collections.values()
    }

    /// The collection whose records hold those of `name`.
    pub fn parent_of(&self, name: &str) -> Option<&CollectionKit> {
        self.collection(self.collection(name)?.description.parent.as_deref()?)
    }

    /// The collections whose records lie in those of `name`.
    pub fn children_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a CollectionKit> {
        self.collections().filter(move |it| it.description.parent.as_deref() == Some(name))
    }

    /// The collection whose records lie in versions of those of `name`.
    pub fn versioned_children_of(&self, name: &str) -> Option<&CollectionKit> {
        self.collection(&self.collection(name)?.description.versioned.as_ref()?.children)
    }

    /// The parent whose versions hold the records of `name`; none when they lie in no version.
    pub fn versioned_parent_of(&self, name: &str) -> Option<&CollectionKit> {
        self.parent_of(name).filter(|parent| {
            parent.description.versioned.as_ref().is_some_and(|it| it.children == name)
        })
    }

    /// All collections, ready for records to be checked and kept.
    pub fn kits(&self) -> &Kits {
        &self.0.kits
    }

    /// What reads lists into a collection; none when it takes no lists.
    pub fn reader(&self, collection: &str) -> Option<&table::Reader> {
        self.collection(collection)?.reader.as_ref()
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

    /// A document of `config/` by its file's name without ending.
    pub fn config(&self, name: &str) -> Option<&Json> {
        self.0.configs.get(name)
    }

    /// All documents of `config/`, by name.
    pub fn configs(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.configs.iter().map(|(name, it)| (name.as_str(), it))
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
    ) -> Result<Self, Box<Fault>> {
        let mut templates: IndexMap<String, String> =
            files.templates().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        for task in description.tasks.values() {
            for name in [Some(&task.prompt), task.fallback.as_ref()].into_iter().flatten() {
                if let Some(text) = files.text(name) {
                    templates.insert(name.clone(), text.to_owned());
                }
            }
        }
        let templates = Templates::read(templates, fuel)
            .map_err(|error| unexpected(check::APP_FILE, &error))?;
        let template = |name: &str| {
            templates.get(name).ok_or_else(|| unexpected(name, &"there is no such template"))
        };
        let mut collections = IndexMap::new();
        for (name, collection) in &description.collections {
            collections.insert(name.clone(), collection_kit(files, name, collection)?);
        }
        let mut tasks = IndexMap::new();
        for (name, task) in &description.tasks {
            let kit = TaskKit {
                name: name.clone(),
                description: task.clone(),
                prompt: template(&task.prompt)?,
                output: schema(files, &task.output)?,
                fallback: task.fallback.as_deref().map(template).transpose()?,
                input: task.input.as_deref().map(|it| schema(files, it)).transpose()?,
            };
            tasks.insert(name.clone(), kit);
        }
        let tenants = description.tenants.as_ref();
        let tenant_schema = tenants.map(|it| schema(files, &it.schema)).transpose()?;
        let configs =
            files.configs().map(|(name, it)| (name.to_owned(), it.value.clone())).collect();
        let path = files.folder().to_owned();
        let kits = Kits::new(&description, |file| Schema::read(files.folder(), file).ok())
            .map_err(|error| unexpected(check::APP_FILE, &error))?;
        let seeds = seeds(&collections, &kits)?;
        let defaults = defaults(&collections, &kits)?;
        Ok(Self(Arc::new(Inner {
            path,
            description,
            collections,
            kits,
            seeds,
            defaults,
            tasks,
            tenant_schema,
            configs,
            templates,
            warnings,
        })))
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

impl CollectionKit {
    /// The rows of its seed that fit, in order; none when it starts empty.
    pub fn seed_records(&self) -> Result<Vec<Data>, TableError> {
        let Some(seed) = &self.seed else { return Ok(Vec::new()) };
        let table = read_seed(&seed.text, &seed.file, &self.schema)?;
        Ok(table.records.into_iter().map(|it| it.data).collect())
    }
}

/// Reads the rows with which a collection starts: CSV whose headers are fields, or a list of
/// objects in JSON or YAML.
pub fn read_seed(text: &str, file: &str, schema: &Schema) -> Result<Table, TableError> {
    let required = schema.inlined().get("required").and_then(Json::as_array);
    let required = required.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
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

fn collection_kit(
    files: &Files,
    name: &str,
    collection: &Collection,
) -> Result<CollectionKit, Box<Fault>> {
    let own = schema(files, &collection.schema)?;
    let mut documents = IndexMap::new();
    for (field, document) in &collection.documents {
        let kit =
            DocumentKit { schema: schema(files, &document.schema)?, code: document.code.clone() };
        documents.insert(field.clone(), kit);
    }
    let reader = match &collection.import {
        Some(import) => Some(
            table::Reader::new(import, &own, &collection.matched_by)
                .map_err(|error| unexpected(&collection.schema, &error))?,
        ),
        None => None,
    };
    let seed = collection.seed.as_ref().map(|file| Seed {
        file: file.clone(),
        path: files.folder().join(file),
        text: files.text(file).unwrap_or_default().into(),
    });
    let default =
        collection.default.as_ref().and_then(|it| files.document(it)?.value.as_object().cloned());
    Ok(CollectionKit {
        name: name.to_owned(),
        description: collection.clone(),
        plural: description::plural(&collection.noun, collection.plural.as_deref()),
        schema: own,
        documents,
        reader,
        seed,
        default,
    })
}

fn schema(files: &Files, name: &str) -> Result<Schema, Box<Fault>> {
    Schema::read(files.folder(), name).map_err(|error| unexpected(name, &error))
}

/// A collection, the hash of its seed, and the rows of it.
pub type SeedRows = (String, String, Vec<Checked>);

/// The rows of all seeds, checked.
fn seeds(
    collections: &IndexMap<String, CollectionKit>,
    kits: &Kits,
) -> Result<Vec<SeedRows>, Box<Fault>> {
    let mut seeds = Vec::new();
    for (name, collection) in collections {
        let (Some(seed), Some(kit)) = (&collection.seed, kits.get(name)) else { continue };
        let rows = collection.seed_records().map_err(|error| unexpected(&seed.file, &error))?;
        let checked: Result<Vec<_>, _> =
            rows.into_iter().map(|it| kit.check(Json::Object(it))).collect();
        let checked = checked.map_err(|error| unexpected(&seed.file, &error))?;
        let hash = hex::encode(Sha256::digest(seed.text.as_bytes()));
        seeds.push((name.clone(), hash, checked));
    }
    Ok(seeds)
}

/// The records that new tenants start with, checked.
fn defaults(
    collections: &IndexMap<String, CollectionKit>,
    kits: &Kits,
) -> Result<Vec<(String, Checked)>, Box<Fault>> {
    let mut defaults = Vec::new();
    for (name, collection) in collections {
        let (Some(data), Some(kit)) = (&collection.default, kits.get(name)) else { continue };
        let file = collection.description.default.as_deref().unwrap_or_default();
        let checked =
            kit.check(Json::Object(data.clone())).map_err(|error| unexpected(file, &error))?;
        defaults.push((name.clone(), checked));
    }
    Ok(defaults)
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
        let items = folder.collection("items").expect("items");
        assert_eq!((items.plural.as_str(), items.description.noun.as_str()), ("items", "item"));
        assert!(items.schema.check(&json!({"code": "A", "label": "cap"})).is_ok());
        assert!(items.schema.check(&json!({"code": 1})).is_err());
        assert_eq!(
            folder.collection("rules").and_then(|it| it.default.clone()).map(Json::Object),
            Some(json!({"name": "Usual", "document": {"order": "size"}}))
        );
        assert!(
            folder
                .collection("rules")
                .is_some_and(|it| it.documents["document"].code == "invalid_document")
        );
        assert_eq!(folder.config("words").map(|it| &it["sizes"][1]), Some(&json!("large")));
        assert!(folder.tenant_schema().is_some());
        assert_eq!(folder.warnings(), []);
    }

    #[test]
    fn parents_and_children_find_each_other() {
        let folder = folder();
        let name = |it: Option<&CollectionKit>| it.map(|it| it.name.clone());
        assert_eq!(name(folder.parent_of("items")).as_deref(), Some("lists"));
        assert_eq!(name(folder.parent_of("lists")), None);
        assert_eq!(name(folder.versioned_children_of("lists")).as_deref(), Some("items"));
        assert_eq!(name(folder.versioned_parent_of("items")).as_deref(), Some("lists"));
        assert_eq!(name(folder.versioned_parent_of("notes")), None);
        let children: Vec<&str> = folder.children_of("lists").map(|it| it.name.as_str()).collect();
        assert_eq!(children, ["items", "notes"]);
    }

    #[test]
    fn a_seed_becomes_records() {
        let folder = folder();
        let sizes = folder.collection("sizes").expect("sizes").seed_records().expect("rows");
        assert_eq!(
            Json::Array(sizes.into_iter().map(Json::Object).collect()),
            json!([{"name": "08", "inches": 8}, {"name": "12", "inches": 12}])
        );
        let shades = folder.collection("shades").expect("shades").seed_records().expect("rows");
        assert_eq!(shades.len(), 2);
    }

    #[test]
    fn a_task_asks_and_answers() {
        let folder = folder();
        let task = folder.task("coding").expect("the task");
        let vars = template::Vars::new()
            .with("items", &json!([{"id": "1", "label": "Large cap"}]))
            .with("record", &json!({"name": "Pipes"}))
            .with("words", folder.config("words").expect("words"));
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
