//! What a description says of others: the application's collections, fields, tasks and files, and the
//! variables of the environment. Those who have them check that they are there.

use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value as Json;

use crate::description::{Completion, LiveLookup, Source};

/// Something outside that a description speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The JSON pointer of its place in the document.
    pub pointer: String,
    /// What it is.
    pub thing: Thing,
}

/// What a description can speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// The collection that the records go into.
    Collection(String),
    /// A collection whose records are read.
    Records(String),
    /// The fields by which records of the collection are recognised.
    Key(Vec<String>),
    /// A field of the collection.
    Field(String),
    /// A task.
    Task(String),
    /// A file of the folder.
    File(String),
    /// An expression: its filters and tests are the language's.
    Expression(String),
    /// A text with `{{ … }}`.
    Text(String),
    /// A variable of the environment.
    Environment(String),
}

/// What a description says of others.
pub(super) fn of(source: &Source) -> Vec<Mention> {
    let mut all = Mentions(Vec::new());
    all.add("/into", Thing::Collection(source.into.clone()));
    all.add("/key", Thing::Key(source.key.clone()));
    for (base, fields) in [("/map", &source.map), ("/compute", &source.compute)] {
        for (name, text) in fields {
            let place = pointer(base, name);
            if !name.starts_with('_') {
                all.add(&place, Thing::Field(name.clone()));
            }
            all.add(&place, Thing::Expression(text.clone()));
        }
    }
    for (at, refusal) in source.refuse.iter().enumerate() {
        all.add(&format!("/refuse/{at}/when"), Thing::Expression(refusal.when.clone()));
    }
    for (at, completion) in source.complete.iter().enumerate() {
        all.completion(&format!("/complete/{at}"), completion);
    }
    if let Some(fallback) = &source.parse.fallback {
        all.add("/parse/fallback/task", Thing::Task(fallback.task.clone()));
        all.field("/parse/fallback/marks", fallback.marks.as_ref());
    }
    if let Some(gone) = &source.gone {
        all.field("/gone/field", gone.field.as_ref());
        if let Some(when) = &gone.when {
            all.add("/gone/when", Thing::Expression(when.clone()));
        }
    }
    for (key, text) in source.flags.each() {
        all.add(&pointer("/flags", key), Thing::Expression(text.to_owned()));
    }
    all.steps(source);
    if let Some(cursor) = &source.cursor {
        all.text("/cursor/start", &cursor.start);
        all.text("/cursor/limit", &cursor.limit);
    }
    all.0
}

/// What a look-up says of others.
pub(super) fn of_live(it: &LiveLookup) -> Vec<Mention> {
    let mut all = Mentions(Vec::new());
    all.add("/on", Thing::Records(it.on.clone()));
    for (place, text) in [("/when", &it.when), ("/otherwise", &it.otherwise)] {
        if let Some(text) = text {
            all.add(place, Thing::Expression(text.clone()));
        }
    }
    all.text("/url", &it.url);
    all.texts("/query", &it.query);
    for (name, text) in &it.headers {
        all.text(&pointer("/headers", name), text);
    }
    for (name, text) in &it.gives {
        all.add(&pointer("/gives", name), Thing::Expression(text.clone()));
    }
    all.0
}

struct Mentions(Vec<Mention>);

impl Mentions {
    fn add(&mut self, place: &str, thing: Thing) {
        if let Thing::Expression(text) | Thing::Text(text) = &thing {
            for name in environment(text) {
                let thing = Thing::Environment(name);
                self.0.push(Mention { pointer: place.to_owned(), thing });
            }
        }
        self.0.push(Mention { pointer: place.to_owned(), thing });
    }

    fn field(&mut self, place: &str, name: Option<&String>) {
        if let Some(name) = name {
            self.add(place, Thing::Field(name.clone()));
        }
    }

    fn text(&mut self, place: &str, text: &str) {
        self.add(place, Thing::Text(text.to_owned()));
    }

    fn texts(&mut self, base: &str, values: &IndexMap<String, Json>) {
        for (name, value) in values {
            self.within(&pointer(base, name), value);
        }
    }

    fn within(&mut self, place: &str, value: &Json) {
        match value {
            Json::String(text) => self.text(place, text),
            Json::Array(entries) => {
                for (at, it) in entries.iter().enumerate() {
                    self.within(&format!("{place}/{at}"), it);
                }
            }
            Json::Object(fields) => {
                for (name, it) in fields {
                    self.within(&pointer(place, name), it);
                }
            }
            _ => {}
        }
    }

    fn steps(&mut self, source: &Source) {
        for (name, text) in &source.fetch.headers {
            self.text(&pointer("/fetch/headers", name), text);
        }
        for (at, step) in source.fetch.steps.iter().enumerate() {
            let base = format!("/fetch/steps/{at}");
            if let Some(file) = &step.file {
                self.add(&format!("{base}/file"), Thing::File(file.clone()));
            }
            if let Some(records) = &step.records {
                let base = format!("{base}/records");
                self.add(&format!("{base}/of"), Thing::Records(records.of.clone()));
                if let Some(when) = &records.when {
                    self.add(&format!("{base}/when"), Thing::Expression(when.clone()));
                }
            }
            if let Some(url) = &step.url {
                self.text(&format!("{base}/url"), url);
            }
            self.texts(&format!("{base}/query"), &step.query);
            self.texts(&format!("{base}/form"), &step.form);
            if let Some(json) = &step.json {
                self.within(&format!("{base}/json"), json);
            }
            for (name, text) in &step.headers {
                self.text(&pointer(&format!("{base}/headers"), name), text);
            }
            for (name, text) in &step.values {
                let place = pointer(&format!("{base}/values"), name);
                self.add(&place, Thing::Expression(text.clone()));
            }
        }
    }

    fn completion(&mut self, base: &str, completion: &Completion) {
        for (at, name) in completion.fields.iter().enumerate() {
            self.add(&format!("{base}/fields/{at}"), Thing::Field(name.clone()));
        }
        self.field(&format!("{base}/attempted"), completion.attempted.as_ref());
        self.field(&format!("{base}/marks"), completion.marks.as_ref());
        if let Some(when) = &completion.when {
            self.add(&format!("{base}/when"), Thing::Expression(when.clone()));
        }
        for (name, text) in &completion.fills {
            let place = pointer(&format!("{base}/fills"), name);
            self.add(&place, Thing::Field(name.clone()));
            self.add(&place, Thing::Expression(text.clone()));
        }
        if let Some(task) = &completion.task {
            self.add(&format!("{base}/task/name"), Thing::Task(task.name.clone()));
            for (name, text) in &task.input {
                let place = pointer(&format!("{base}/task/input"), name);
                self.add(&place, Thing::Expression(text.clone()));
            }
            if let Some(page) = &task.page {
                self.add(&format!("{base}/task/page"), Thing::Expression(page.clone()));
            }
        }
        if let Some(lookup) = &completion.lookup {
            let base = format!("{base}/lookup");
            self.add(&format!("{base}/of"), Thing::Expression(lookup.of.clone()));
            self.text(&format!("{base}/url"), &lookup.url);
            self.texts(&format!("{base}/query"), &lookup.query);
        }
    }
}

/// The variables that a text names as `env.NAME`.
fn environment(text: &str) -> Vec<String> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\benv\.([A-Za-z_][A-Za-z0-9_]*)").expect("this is a regular expression")
    });
    NAME.captures_iter(text).map(|it| it[1].to_owned()).collect()
}

/// The pointer of `key` inside what `parent` points at.
pub(super) fn pointer(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}
