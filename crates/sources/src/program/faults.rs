//! What is wrong with a description, each fault at its place.

use std::collections::{HashMap, HashSet};

use regex::Regex;
use scraper::Selector;
use serde_json::Value as Json;

use super::{asked::Asked, mentions::pointer};
use crate::{
    description::{Field, FieldSpec, Format, Source, Step},
    expression::Language,
};

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The JSON pointer of its place in the document.
    pub pointer: String,
    /// What it is, in a word for programs.
    pub code: &'static str,
    /// What it is, in a sentence for people.
    pub message: String,
    /// The way out, when there is one to tell.
    pub hint: Option<String>,
}

/// What came of compiling.
pub(super) struct Compiled {
    pub(super) selectors: HashMap<String, Selector>,
    pub(super) patterns: HashMap<String, Regex>,
    pub(super) expressions: Vec<String>,
    pub(super) sees_raw: bool,
    pub(super) faults: Vec<Fault>,
}

/// Compiles a description, and collects what is wrong.
pub(super) struct Compiler<'a> {
    source: &'a Source,
    asked: Asked<'a>,
    selectors: HashMap<String, Selector>,
    patterns: HashMap<String, Regex>,
}

/// The name under which a task is given the words of a page.
pub(crate) const PAGE: &str = "page";

impl Fault {
    pub(crate) fn new(
        pointer: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), code, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl<'a> Compiler<'a> {
    pub(super) fn new(source: &'a Source, language: &'a Language) -> Self {
        let mut asked = Asked::new(language);
        asked.sees_raw = source.parse.fallback.is_some();
        Self { source, asked, selectors: HashMap::new(), patterns: HashMap::new() }
    }

    pub(super) fn finish(self) -> Compiled {
        let Asked { expressions, sees_raw, faults, .. } = self.asked;
        let (selectors, patterns) = (self.selectors, self.patterns);
        Compiled { selectors, patterns, expressions, sees_raw, faults }
    }

    pub(super) fn whole(&mut self) {
        let source = self.source;
        self.fetch();
        self.parse();
        self.map();
        self.completions();
        self.numbers();
        if let Some(cursor) = &source.cursor {
            if source.parse.kind != Format::Json {
                self.invalid("/cursor", "only a source of JSON has a cursor");
            }
            self.text("/cursor/start", &cursor.start, &[]);
            self.text("/cursor/limit", &cursor.limit, &[]);
            if !source.parse.fields.contains_key(&cursor.field) {
                self.unknown_field("/cursor/field", &cursor.field);
            }
            if source.gone.is_some() {
                self.invalid("/gone", "a source with a cursor never says that a record is gone");
            }
        }
        for (key, text) in source.flags.each() {
            self.expression(&pointer("/flags", key), text, &[]);
        }
        if let Some(when) = source.gone.as_ref().and_then(|it| it.when.as_ref()) {
            self.expression("/gone/when", when, &["it"]);
        }
    }

    fn fetch(&mut self) {
        let source = self.source;
        let fetch = &source.fetch;
        if fetch.steps.is_empty() {
            self.invalid("/fetch/steps", "at least one step is needed");
        }
        for (name, text) in &fetch.headers {
            self.text(&pointer("/fetch/headers", name), text, &[]);
        }
        // What the steps before have taken.
        let mut names: Vec<&'a str> = Vec::new();
        if source.cursor.is_some() {
            names.push("cursor");
        }
        let mut seen = HashSet::new();
        for (at, step) in fetch.steps.iter().enumerate() {
            let base = format!("/fetch/steps/{at}");
            if !seen.insert(&step.name) {
                let message = format!("there is a step `{}` already", step.name);
                self.fault(Fault::new(format!("{base}/name"), "repeated_name", message));
            }
            self.step(&base, step, &names);
            let is_last = at + 1 == fetch.steps.len();
            if is_last && !(step.take.is_empty() && step.values.is_empty()) {
                let message = "the answer of the last step is what is read: nothing follows that \
                               could use what is taken here";
                self.invalid(&base, message);
            }
            let by_path = step.take.values().any(Field::is_by_path);
            let kind = if by_path { Format::Json } else { Format::Html };
            for (name, field) in &step.take {
                self.field(&pointer(&format!("{base}/take"), name), field, kind);
                names.push(name);
            }
            for (name, text) in &step.values {
                self.expression(&pointer(&format!("{base}/values"), name), text, &names);
                names.push(name);
            }
            for name in step.need.keys() {
                if !names.contains(&name.as_str()) {
                    let message = format!("`{name}` is not taken by this step or one before it");
                    let place = pointer(&format!("{base}/need"), name);
                    self.fault(Fault::new(place, "unknown_variable", message));
                }
            }
        }
    }

    fn step(&mut self, base: &str, step: &Step, given: &[&str]) {
        let given_by = [step.url.is_some(), step.file.is_some(), step.records.is_some()];
        if given_by.into_iter().filter(|it| *it).count() != 1 {
            self.invalid(base, "a step has either `url`, `file` or `records`");
        }
        if let Some(when) = step.records.as_ref().and_then(|it| it.when.as_ref()) {
            self.expression(&format!("{base}/records/when"), when, &["it"]);
        }
        if step.json.is_some() && !step.form.is_empty() {
            self.invalid(base, "a step posts either `form` or `json`");
        }
        for (key, text) in [("url", &step.url), ("file", &step.file)] {
            if let Some(text) = text {
                self.text(&format!("{base}/{key}"), text, given);
            }
        }
        for (key, values) in [("query", &step.query), ("form", &step.form)] {
            for (name, value) in values {
                self.texts(&pointer(&format!("{base}/{key}"), name), value, given);
            }
        }
        if let Some(json) = &step.json {
            self.texts(&format!("{base}/json"), json, given);
        }
        for (name, text) in &step.headers {
            self.text(&pointer(&format!("{base}/headers"), name), text, given);
        }
    }

    fn parse(&mut self) {
        let source = self.source;
        let parse = &source.parse;
        if parse.kind == Format::Html {
            self.selector("/parse/rows", &parse.rows);
        }
        let patterns = [("count", &parse.count), ("whole", &parse.whole), ("empty", &parse.empty)];
        for (key, text) in patterns {
            if let Some(text) = text {
                self.pattern(&format!("/parse/{key}"), text);
            }
        }
        if parse.kind == Format::Csv && !parse.delimiter.is_ascii() {
            self.invalid("/parse/delimiter", "must be a letter of ASCII");
        }
        if !parse.present.is_empty() && parse.kind != Format::Json {
            let message = "only rows of JSON have keys; name `required` fields instead";
            self.invalid("/parse/present", message);
        }
        for (name, field) in &parse.fields {
            self.field(&pointer("/parse/fields", name), field, parse.kind);
        }
        for (at, name) in parse.required.iter().enumerate() {
            if !parse.fields.contains_key(name) {
                self.unknown_field(&format!("/parse/required/{at}"), name);
            }
        }
    }

    fn field(&mut self, base: &str, field: &Field, kind: Format) {
        let spec = field.full(kind);
        let strange = match kind {
            Format::Html => [("path", spec.path.is_some()), ("column", spec.column.is_some())],
            Format::Json => [("css", spec.css.is_some()), ("column", spec.column.is_some())],
            Format::Csv => [("css", spec.css.is_some()), ("path", spec.path.is_some())],
        };
        for (key, is_given) in strange {
            if is_given {
                self.invalid(&format!("{base}/{key}"), &format!("`{key}` means nothing here"));
            }
        }
        if kind == Format::Csv && spec.column.is_none() {
            let message = "a field of a table names its `column`";
            self.fault(Fault::new(base, "missing_key", message));
        }
        if let Some(css) = &spec.css {
            match field {
                Field::Short(_) => self.selector(base, css),
                Field::Full(_) => self.selector(&format!("{base}/css"), css),
            }
        }
        if let Some(find) = &spec.find {
            self.pattern(&format!("{base}/find"), find);
        }
        self.entries(base, &spec, kind);
    }

    fn entries(&mut self, base: &str, spec: &FieldSpec, kind: Format) {
        let is_list = spec.each.is_some() || spec.split.is_some();
        if spec.map.is_some() && !is_list {
            let message = "only the entries of a list are mapped: `each` or `split` makes one";
            self.invalid(&format!("{base}/map"), message);
        }
        for (name, field) in spec.each.iter().flatten() {
            self.field(&pointer(&format!("{base}/each"), name), field, kind);
        }
        for (at, name) in spec.keep.iter().enumerate() {
            if !spec.each.as_ref().is_some_and(|it| it.contains_key(name)) {
                self.unknown_field(&format!("{base}/keep/{at}"), name);
            }
        }
        for (name, text) in spec.map.iter().flatten() {
            self.expression(&pointer(&format!("{base}/map"), name), text, &["entry"]);
        }
    }

    fn map(&mut self) {
        let source = self.source;
        for (at, refusal) in source.refuse.iter().enumerate() {
            self.expression(&format!("/refuse/{at}/when"), &refusal.when, &["row"]);
        }
        for (name, text) in &source.map {
            self.expression(&pointer("/map", name), text, &["row", "it"]);
        }
        for (name, text) in &source.compute {
            self.expression(&pointer("/compute", name), text, &["it"]);
        }
        for name in source.merge.keys() {
            if !source.map.contains_key(name) {
                self.unknown_field(&pointer("/merge", name), name);
            }
        }
        if source.key.is_empty() {
            self.invalid("/key", "name at least one field");
        }
        for (at, name) in source.key.iter().enumerate() {
            if !source.map.contains_key(name) {
                self.unknown_field(&format!("/key/{at}"), name);
            }
        }
    }

    fn completions(&mut self) {
        let source = self.source;
        for (at, completion) in source.complete.iter().enumerate() {
            let base = format!("/complete/{at}");
            if completion.task.is_some() == completion.lookup.is_some() {
                self.invalid(&base, "somebody is asked: either a `task` or a `lookup`");
            }
            if let Some(when) = &completion.when {
                self.expression(&format!("{base}/when"), when, &["it"]);
            }
            for (name, text) in &completion.fills {
                let place = pointer(&format!("{base}/fills"), name);
                self.expression(&place, text, &["it", "answer"]);
            }
            if let Some(task) = &completion.task {
                for (name, text) in &task.input {
                    let place = pointer(&format!("{base}/task/input"), name);
                    self.expression(&place, text, &["it", "raw"]);
                }
                if let Some(page) = &task.page {
                    self.expression(&format!("{base}/task/page"), page, &["it", "raw"]);
                    if task.input.contains_key(PAGE) {
                        let place = format!("{base}/task/input/{PAGE}");
                        self.invalid(&place, "`page` is given to the task already");
                    }
                }
                if task.input.is_empty() && task.page.is_none() {
                    self.invalid(&format!("{base}/task"), "the task is given nothing");
                }
            }
            if let Some(lookup) = &completion.lookup {
                let base = format!("{base}/lookup");
                self.expression(&format!("{base}/of"), &lookup.of, &["it"]);
                self.text(&format!("{base}/url"), &lookup.url, &["it"]);
                for (name, value) in &lookup.query {
                    self.texts(&pointer(&format!("{base}/query"), name), value, &["it"]);
                }
                for (name, text) in &lookup.headers {
                    self.text(&pointer(&format!("{base}/headers"), name), text, &["it"]);
                }
            }
        }
    }

    fn numbers(&mut self) {
        let source = self.source;
        let shares = [
            ("keep_least", source.checks.keep_least),
            ("missing_most", source.checks.missing_most),
            ("invalid_most", source.checks.invalid_most),
        ];
        for (key, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                let message = format!("`{key}` is a share, from 0 to 1");
                self.fault(Fault::new(format!("/checks/{key}"), "invalid_limit", message));
            }
        }
        let spans = [
            ("/fetch/timeout", source.fetch.timeout),
            ("/fetch/pace", source.fetch.pace),
            ("/fetch/backoff", source.fetch.backoff),
            ("/cache/html", source.cache.html),
            ("/cache/structured", source.cache.structured),
            ("/cache/comparison", source.cache.comparison),
            ("/cache/answer", source.cache.answer),
        ];
        for (place, span) in spans {
            if span.is_negative() || (span.is_zero() && place == "/fetch/timeout") {
                self.fault(Fault::new(place, "invalid_limit", "must be a time, such as `30s`"));
            }
        }
        if source.fetch.tries == 0 {
            self.fault(Fault::new("/fetch/tries", "invalid_limit", "must be at least 1"));
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.asked.faults.push(fault);
    }

    fn invalid(&mut self, place: &str, message: &str) {
        self.asked.invalid(place, message);
    }

    fn unknown_field(&mut self, place: &str, name: &str) {
        self.asked.unknown_field(place, name);
    }

    fn selector(&mut self, place: &str, text: &str) {
        if self.selectors.contains_key(text) {
            return;
        }
        match Selector::parse(text) {
            Ok(selector) => {
                self.selectors.insert(text.to_owned(), selector);
            }
            Err(error) => {
                let message = format!("`{text}` is no CSS selector: {error}");
                self.fault(Fault::new(place, "invalid_selector", message));
            }
        }
    }

    fn pattern(&mut self, place: &str, text: &str) {
        if self.patterns.contains_key(text) {
            return;
        }
        match Regex::new(text) {
            Ok(pattern) => {
                self.patterns.insert(text.to_owned(), pattern);
            }
            Err(error) => {
                let error = error.to_string();
                let why = error.lines().last().unwrap_or_default().trim();
                let message = format!("`{text}` is no regular expression: {why}");
                self.fault(Fault::new(place, "invalid_pattern", message));
            }
        }
    }

    fn expression(&mut self, place: &str, text: &str, given: &[&str]) {
        self.asked.expression(place, text, given);
    }

    fn text(&mut self, place: &str, text: &str, given: &[&str]) {
        self.asked.text(place, text, given);
    }

    fn texts(&mut self, place: &str, value: &Json, given: &[&str]) {
        self.asked.texts(place, value, given);
    }
}
