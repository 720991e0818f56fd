//! A collection made ready for use: its schema compiled, its place known, its words chosen.
//!
//! Kits are made once at start and only read afterwards. [`CollectionKit::check`] is the one door to
//! [`Checked`], and only what is [`Checked`] can be written: no record that breaks its schema is
//! ever kept, and the database thread never runs a schema.

mod change;

pub(crate) use change::made_and_judged;

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use indexmap::IndexMap;
use serde_json::Value as Json;
use store::Dialect;

use super::rules::{self, Changing, Rules};
use crate::{
    description::{Collection, Description, Routes},
    field::{self, Data},
    schema::{Fault, Schema},
    words,
};

/// Days in which a deleted record can be restored, where the application says nothing.
const RESTORE_DAYS: u32 = 30;

/// All collections of an application by name, in their order.
#[derive(Debug, Default)]
pub struct Kits(IndexMap<String, CollectionKit>);

/// A collection made ready for use.
#[derive(Debug)]
pub struct CollectionKit {
    /// Its name in `app.yaml`.
    pub name: String,
    /// What `app.yaml` says about it.
    pub spec: Collection,
    /// What its records lie in.
    pub place: Place,
    /// Days in which a deleted record can be restored.
    pub restore_days: u32,
    /// The schema of its data.
    pub schema: Schema,
    /// Answers are kept that end with a change of its records.
    pub is_watched: bool,
    /// What says whose a record is, where it is asked for the records of one: `created_by`, or a field.
    pub owners: BTreeSet<String>,
    documents: Vec<Document>,
    rules: Option<Rules>,
    embedder: RwLock<Option<Arc<str>>>,
}

/// What the records of a collection lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Their tenant, or the house when the collection is shared.
    Tenant,
    /// A record of this collection.
    Parent(String),
    /// A version of a record of this collection.
    Version(String),
}

#[derive(Debug)]
struct Document {
    field: String,
    code: String,
    schema: Schema,
}

/// Data that fits its collection. Made by [`CollectionKit::check`] alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    data: Data,
    words: Option<String>,
}

/// Why data does not fit: everything at once.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}", faults.iter().map(in_words).collect::<Vec<_>>().join("; "))]
pub struct Invalid {
    /// `invalid_input`, or the code of the document field that alone is at fault.
    pub code: String,
    /// Each fault; never empty.
    pub faults: Vec<Fault>,
}

/// A fault in a sentence.
fn in_words(fault: &Fault) -> String {
    match fault.pointer.trim_start_matches('/') {
        "" => fault.message.clone(),
        field => format!("{field} {}", fault.message),
    }
}

/// Why a collection could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A schema is not there.
    #[error(
        "collection `{collection}` names the schema `{schema}`, which the folder does not hold"
    )]
    SchemaMissing {
        /// The collection.
        collection: String,
        /// The file.
        schema: String,
    },
}

impl Kits {
    /// Makes all collections of a description ready. `schema` gives the schema of a file.
    ///
    /// # Errors
    /// [`KitError`] for the first schema that is missing.
    pub fn new(
        description: &Description,
        schema: impl Fn(&str) -> Option<Schema>,
    ) -> Result<Self, KitError> {
        let mut watched = description.routes.as_ref().map(Routes::watched).unwrap_or_default();
        watched.extend(description.progress.values().map(|it| it.of.clone()));
        let all = description.collections.iter().map(|(name, spec)| {
            Ok((name.clone(), CollectionKit::new(description, name, spec, &schema, &watched)?))
        });
        all.collect::<Result<_, _>>().map(Self)
    }

    /// The collection of this name.
    pub fn get(&self, name: &str) -> Option<&CollectionKit> {
        self.0.get(name)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &CollectionKit> {
        self.0.values()
    }

    /// Whoever serves these collections has this model, as `provider/model`, for embeddings, or none.
    pub(crate) fn embed_by(&self, model: Option<&str>) {
        for kit in self.iter().filter(|it| it.is_embedded_apart()) {
            let mut embedder = kit.embedder.write().unwrap_or_else(PoisonError::into_inner);
            *embedder = model.map(Arc::from);
        }
    }

    /// The collections whose records lie in records of `kit`, and `kit` itself.
    pub(crate) fn family<'a>(
        &'a self,
        kit: &'a CollectionKit,
    ) -> impl Iterator<Item = &'a CollectionKit> {
        self.iter().filter(move |own| {
            let mut above = Some(*own);
            // A collection lies in another at most as often as there are collections.
            for _ in self.iter() {
                match above {
                    Some(it) if it.name == kit.name => return true,
                    Some(it) => above = self.parent_of(it),
                    None => return false,
                }
            }
            false
        })
    }

    /// The collection whose records hold those of `kit`.
    pub fn parent_of(&self, kit: &CollectionKit) -> Option<&CollectionKit> {
        kit.parent().and_then(|it| self.get(it))
    }

    /// The collection kept in the versions of records of `kit`.
    pub fn children_of(&self, kit: &CollectionKit) -> Option<&CollectionKit> {
        kit.spec.versioned.as_ref().and_then(|it| self.get(&it.children))
    }
}

impl CollectionKit {
    fn new(
        description: &Description,
        name: &str,
        spec: &Collection,
        schema: &impl Fn(&str) -> Option<Schema>,
        watched: &BTreeSet<String>,
    ) -> Result<Self, KitError> {
        let named = |file: &str| {
            let missing =
                || KitError::SchemaMissing { collection: name.to_owned(), schema: file.to_owned() };
            schema(file).ok_or_else(missing)
        };
        let documents = spec.documents.iter().map(|(field, document)| {
            let (field, code) = (field.clone(), document.code.clone());
            Ok(Document { field, code, schema: named(&document.schema)? })
        });
        let place = match &spec.parent {
            None => Place::Tenant,
            Some(parent) => {
                let versioned =
                    description.collections.get(parent).and_then(|it| it.versioned.as_ref());
                match versioned.is_some_and(|it| it.children == name) {
                    true => Place::Version(parent.clone()),
                    false => Place::Parent(parent.clone()),
                }
            }
        };
        let schema = named(&spec.schema)?;
        Ok(Self {
            name: name.to_owned(),
            rules: Rules::of(spec, &schema),
            spec: spec.clone(),
            place,
            restore_days: description.tenants.as_ref().map_or(RESTORE_DAYS, |it| it.restore_days),
            schema,
            is_watched: watched.contains(name),
            owners: owners(description, name, spec),
            documents: documents.collect::<Result<_, _>>()?,
            embedder: RwLock::default(),
        })
    }

    /// The collection whose records hold these.
    pub fn parent(&self) -> Option<&str> {
        match &self.place {
            Place::Tenant => None,
            Place::Parent(parent) | Place::Version(parent) => Some(parent),
        }
    }

    /// The fields that hold a document, and what it must fit.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.documents.iter().map(|it| (it.field.as_str(), &it.schema))
    }

    /// The fields that are made of others alone, whatever is said in them.
    pub(crate) fn made(&self) -> Vec<String> {
        let computed = &self.spec.computed;
        computed.keys().filter(|it| rules::is_made(computed, it)).cloned().collect()
    }

    /// Do these records live in versions only?
    pub fn is_in_versions(&self) -> bool {
        matches!(self.place, Place::Version(_))
    }

    /// Are its records found by meaning, by vectors that are made for each by itself? Those in versions
    /// get theirs with the version.
    pub(crate) fn is_embedded_apart(&self) -> bool {
        !self.is_in_versions() && !self.spec.embedded().is_empty()
    }

    /// The model that makes vectors of records outside of versions, as `provider/model`; none where
    /// nobody makes any.
    pub(crate) fn embedder(&self) -> Option<Arc<str>> {
        self.embedder.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What people call the record that holds this data.
    pub fn title(&self, data: &Data) -> Option<String> {
        field::get(data, &self.spec.title).map(field::display).filter(|it| !it.is_empty())
    }

    /// Completes and computes what data does not say, and checks it against the schema and the rules, the documents
    /// in it against theirs.
    ///
    /// # Errors
    /// [`Invalid`] with all faults at once.
    pub fn check(&self, data: impl Into<Json>) -> Result<Checked, Invalid> {
        self.check_as(data.into(), None)
    }

    /// The same of a record that is there, of which no more is asked than hangs on what changes.
    fn check_as(&self, mut data: Json, change: Option<Changing<'_>>) -> Result<Checked, Invalid> {
        let mut faults = self.made_and_judged(&mut data, change);
        hidden_characters(&data, "", &mut faults);
        let Json::Object(data) = data else {
            if faults.is_empty() {
                return Err(Invalid::input("", "must be an object"));
            }
            return Err(Invalid { code: "invalid_input".into(), faults });
        };
        // What is wrong with a document is the document's fault, whichever schema finds it.
        let code_of = |fault: &Fault| {
            let within = |it: &&Document| fault.pointer.starts_with(&field::pointer(&it.field));
            self.documents.iter().find(within).map_or("invalid_input", |it| &it.code)
        };
        let mut codes: Vec<&str> = faults.iter().map(code_of).collect();
        for document in &self.documents {
            let value = field::get(&data, &document.field).filter(|it| !it.is_null());
            let more = value.and_then(|it| document.schema.check(it).err()).unwrap_or_default();
            let at = field::pointer(&document.field);
            for fault in more {
                let fault = Fault { pointer: format!("{at}{}", fault.pointer), ..fault };
                if !faults.contains(&fault) {
                    codes.push(&document.code);
                    faults.push(fault);
                }
            }
        }
        let plain = codes.iter().find(|it| **it == "invalid_input");
        let code = plain.or(codes.first()).copied();
        match code {
            Some(code) => Err(Invalid { code: code.to_owned(), faults }),
            None => Ok(Checked { words: self.words(&data), data }),
        }
    }

    /// The words by which a record with this data is found; none when the collection is not
    /// searched.
    pub fn words(&self, data: &Data) -> Option<String> {
        if self.spec.search.is_empty() {
            return None;
        }
        let mut all = Vec::new();
        for path in &self.spec.search {
            if let Some(value) = field::get(data, path) {
                words::of_json(value, &mut all);
            }
        }
        Some(all.join(" "))
    }

    /// A value to narrow by, as the database keeps it in the text of a field; none is null.
    pub(crate) fn filter_text(
        &self,
        dialect: Dialect,
        field: &str,
        value: &Json,
    ) -> Option<String> {
        let truth = match value {
            Json::Bool(it) => Some(*it),
            Json::String(text)
                if self.schema.kinds(field).boolean && !self.schema.kinds(field).text =>
            {
                match text.as_str() {
                    "true" | "1" | "yes" => Some(true),
                    "false" | "0" | "no" => Some(false),
                    _ => None,
                }
            }
            _ => None,
        };
        match (truth, dialect, value) {
            (Some(truth), Dialect::Sqlite, _) => Some(if truth { "1" } else { "0" }.to_owned()),
            (Some(truth), Dialect::Postgres, _) => Some(truth.to_string()),
            (None, _, Json::Null) => None,
            (None, _, Json::String(text)) => Some(text.clone()),
            (None, _, other) => Some(other.to_string()),
        }
    }
}

fn owners(description: &Description, name: &str, spec: &Collection) -> BTreeSet<String> {
    let of_progress = description.progress.values().filter(|it| it.of == name);
    let mut owners: BTreeSet<String> = of_progress.map(|it| it.owner.clone()).collect();
    if spec.private {
        owners.insert("created_by".to_owned());
    }
    owners
}

impl Checked {
    /// The data.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The words it is found by.
    pub(crate) fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    /// Data read from a record of `kit`, which was checked when it was written.
    pub(crate) fn stored(kit: &CollectionKit, data: Data) -> Self {
        Self { words: kit.words(&data), data }
    }
}

impl Invalid {
    /// One fault of the caller's input.
    pub fn input(field: &str, message: impl Into<String>) -> Self {
        let fault = Fault { pointer: field.to_owned(), message: message.into(), hint: None };
        Self { code: "invalid_input".into(), faults: vec![fault] }
    }

    /// The same with the way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(fault) = self.faults.last_mut() {
            fault.hint = Some(hint.into());
        }
        self
    }

    /// The top-level field of the first fault, if it has one.
    pub fn first_field(&self) -> Option<&str> {
        let pointer = &self.faults.first()?.pointer;
        pointer.split('/').nth(1).filter(|it| !it.is_empty())
    }
}

/// PostgreSQL cannot keep a zero character, so neither database is given one.
fn hidden_characters(data: &Json, at: &str, faults: &mut Vec<Fault>) {
    let fault = |at: &str| Fault {
        pointer: at.to_owned(),
        message: "holds a zero character".to_owned(),
        hint: Some("take the character U+0000 out".to_owned()),
    };
    match data {
        Json::String(text) if text.contains('\0') => faults.push(fault(at)),
        Json::Array(list) => {
            for (index, it) in list.iter().enumerate() {
                hidden_characters(it, &field::pointer_to(at, &index.to_string()), faults);
            }
        }
        Json::Object(fields) => {
            for (name, value) in fields {
                if name.contains('\0') {
                    faults.push(fault(at));
                }
                hidden_characters(value, &field::pointer_to(at, name), faults);
            }
        }
        _ => {}
    }
}
