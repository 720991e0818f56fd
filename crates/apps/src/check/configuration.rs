//! Configuration documents: is each what it must be, do all of them fit together, and is there what
//! others name of them?

use serde_json::{Map, Value as Json};

use super::{At, Checker, Fault, Files, Level, files::last, shape::told};
use crate::{
    configuration::{self, Kind, OWN, kind::Blame, path, range::Range},
    description::{ConfigSource, Description, DocumentSpec},
    field,
    marked::{Marked, Place},
    schema,
};

/// A document that is being checked.
struct Subject<'a> {
    name: &'a str,
    /// Where it is declared.
    base: String,
    spec: &'a DocumentSpec,
    file: String,
    document: Option<&'a Marked>,
    kind: Option<&'a Kind>,
}

impl Checker<'_> {
    pub(super) fn configuration(&mut self, all: &Description) {
        let names = configuration::names(self.files, &all.configuration, self.kinds);
        let mut broken = Vec::new();
        for name in &names {
            let before = self.faults.len();
            self.config_document(name, all);
            let is_readable = {
                let file = self.config_file(name, all);
                !self.files.has(&file) || self.files.document(&file).is_some()
            };
            let is_sound = self.faults[before..].iter().all(|it| it.level == Level::Warning);
            if !is_readable || !is_sound {
                broken.push(name.clone());
            }
        }
        self.cross_checks(all, &names, &broken);
    }

    /// Checks what a template sees of the configuration.
    pub(super) fn config_source(
        &mut self,
        source: &ConfigSource,
        pointer: &str,
        all: &Description,
    ) {
        match source {
            ConfigSource::Named(text) => self.config_named(text, pointer, all),
            ConfigSource::Chosen(part) => {
                let at = format!("{pointer}/config");
                self.config_path(&at, &part.config, part.by_language, all);
            }
        }
    }

    /// Checks that `config.NAME` names a document, or a part of one.
    pub(super) fn config_named(&mut self, text: &str, pointer: &str, all: &Description) {
        match text.strip_prefix("config.") {
            Some(named) => self.config_path(pointer, named, false, all),
            None => {
                let message = format!("`{text}` is no document of `config/`");
                let hint = Some("write `config.NAME`".to_owned());
                self.fault(At::Value(pointer), "invalid_value", message).hint = hint;
            }
        }
    }

    /// Checks that what is named of a document is there: `rubric`, `rubric.criteria`.
    pub(super) fn config_path(
        &mut self,
        pointer: &str,
        named: &str,
        is_by_language: bool,
        all: &Description,
    ) {
        let (name, part) = path::split(named);
        let known = configuration::names(self.files, &all.configuration, self.kinds);
        if !known.iter().any(|it| it == name) {
            let message = format!("there is no document `config/{name}.yaml`");
            let known = known.iter().map(String::as_str);
            self.unknown(At::Value(pointer), "unknown_config", message, known, name);
            return;
        }
        let Some(value) = self.in_force(name, all) else { return };
        let Some(found) = path::get(&value, part) else {
            let message = format!("`{name}` holds nothing at `{part}`");
            self.fault(At::Value(pointer), "unknown_path", message);
            return;
        };
        if is_by_language && all.languages.iter().all(|it| found.get(it).is_none()) {
            let message = format!("`{named}` has an entry for none of the languages");
            let hint = format!("it needs: {}", all.languages.join(", "));
            self.fault(At::Value(pointer), "missing_language", message).hint = Some(hint);
        }
    }

    /// What is in force of a document; none when it is not there, or cannot be read.
    pub(super) fn in_force(&self, name: &str, all: &Description) -> Option<Json> {
        let file = self.config_file(name, all);
        let document = self.files.document(&file);
        match (self.kind(name), document) {
            (Some(kind), Some(document)) => Some(kind.in_force(&document.value)),
            (Some(kind), None) if !self.files.has(&file) => Some(kind.in_force(&Json::Null)),
            (None, Some(document)) => Some(document.value.clone()),
            _ => None,
        }
    }

    /// Where a document lies.
    pub(super) fn config_file(&self, name: &str, all: &Description) -> String {
        let nothing = DocumentSpec::default();
        let spec = all.configuration.documents.get(name).unwrap_or(&nothing);
        configuration::file_of(self.files, name, spec)
    }

    fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|it| it.name() == name)
    }

    fn config_document(&mut self, name: &str, all: &Description) {
        let (files, kinds) = (self.files, self.kinds);
        let nothing = DocumentSpec::default();
        let declared = all.configuration.documents.get(name);
        let file = self.config_file(name, all);
        let subject = Subject {
            name,
            base: field::pointer_to("/configuration/documents", name),
            spec: declared.unwrap_or(&nothing),
            document: files.document(&file),
            kind: kinds.iter().find(|it| it.name() == name),
            file,
        };
        let is_typed = configuration::category_of(name).is_some();
        if declared.is_some() {
            self.declaration(&subject, is_typed);
        } else if !is_typed && !all.configuration.documents.is_empty() {
            let message = format!("`{name}` is not declared, so nothing checks what it says");
            let hint = "name it under `configuration: {documents: …}` of app.yaml".to_owned();
            let at = At::File(&subject.file, Place::START);
            self.fault(at, "undeclared_document", message).warns().hint = Some(hint);
        }
        self.content(&subject, is_typed);
        self.ranges(&subject, all);
        self.shown(&subject);
        self.languages_of(&subject, all);
    }

    /// What `app.yaml` says of a document.
    fn declaration(&mut self, subject: &Subject<'_>, is_typed: bool) {
        let Subject { name, base, spec, file, .. } = subject;
        self.snake_name(At::Key(base), "document", name);
        let known = configuration::category_of(name);
        match (spec.category, known) {
            (None, None) => {
                let message = "`category` is missing: where it belongs".to_owned();
                self.fault(At::Key(base), "missing_key", message);
            }
            (Some(given), Some(known)) if given != known => {
                let message = format!("`{name}` is Mainstay's own, and has its category already");
                let at = format!("{base}/category");
                self.fault(At::Value(&at), "invalid_value", message).hint =
                    Some("leave it out".to_owned());
            }
            _ => {}
        }
        if spec.schema.is_none() && !is_typed {
            let message = "`schema` is missing: what may stand in it".to_owned();
            self.fault(At::Key(base), "missing_key", message);
        }
        if !spec.shown.paths().is_empty() && is_typed {
            let message = format!("`{name}` is Mainstay's own, and is not told to everybody");
            let at = format!("{base}/shown");
            self.fault(At::Value(&at), "invalid_value", message).hint =
                Some("what the interface needs belongs into `frontend`".to_owned());
        }
        let files = self.files;
        if !files.has(file) && !is_typed && !spec.optional {
            let message = format!("there is no document `{file}`");
            let known: Vec<&str> = files.names().filter(|it| it.starts_with("config/")).collect();
            self.unknown(At::Key(base), "missing_file", message, known, file);
        }
        let is_document = [".yaml", ".yml", ".json"].iter().any(|it| file.ends_with(it));
        if !is_document {
            let message = format!("`{file}` is no YAML and no JSON");
            self.fault(At::Value(&format!("{base}/file")), "invalid_value", message);
        }
    }

    /// What stands in a document.
    fn content(&mut self, subject: &Subject<'_>, is_typed: bool) {
        let Subject { base, spec, .. } = subject;
        let schema = spec.schema.as_ref().and_then(|it| {
            let pointer = format!("{base}/schema");
            self.schema(&pointer, it)
        });
        if let (Some(kind), Some(document)) = (subject.kind, subject.document) {
            self.faults.extend(of_kind(kind, &subject.file, document));
        }
        if is_typed {
            self.own_part(subject, schema.as_ref());
        } else if let (Some(schema), Some(document)) = (schema, subject.document) {
            for found in schema.check(&document.value).err().unwrap_or_default() {
                self.config_fault(subject, document, found);
            }
        }
    }

    /// What an application adds to a document that Mainstay types.
    fn own_part(&mut self, subject: &Subject<'_>, schema: Option<&schema::Schema>) {
        let nothing = Json::Object(Map::new());
        let own = subject.document.and_then(|it| it.value.get(OWN));
        if let (Some(_), Some(document), None) = (own, subject.document, &subject.spec.schema) {
            let name = subject.name;
            let message = format!("nothing acts upon `{OWN}`, and no schema says what it is for");
            let hint = format!(
                "declare it: `configuration: {{documents: {{{name}: {{schema: schemas/….json}}}}}}`"
            );
            let place = document.key_place(&field::pointer_to("", OWN));
            let at = At::File(&subject.file, place);
            self.fault(at, "undeclared_values", message).hint = Some(hint);
        }
        let Some(schema) = schema else { return };
        let found = schema.check(own.unwrap_or(&nothing)).err().unwrap_or_default();
        match subject.document {
            Some(document) => {
                for mut it in found {
                    it.pointer = format!("/{OWN}{}", it.pointer);
                    self.config_fault(subject, document, it);
                }
            }
            None if !found.is_empty() && !subject.spec.optional => {
                let message = format!("there is no document `{}`", subject.file);
                let hint = format!("the schema of its part `{OWN}` asks for something");
                self.fault(At::Key(&subject.base), "missing_file", message).hint = Some(hint);
            }
            None => {}
        }
    }

    /// A fault of what stands in a document.
    fn config_fault(&mut self, subject: &Subject<'_>, document: &Marked, found: schema::Fault) {
        self.faults.push(of_value(subject.name, &subject.file, document, found));
    }

    /// Numbers and lengths of time that have to be within bounds.
    fn ranges(&mut self, subject: &Subject<'_>, all: &Description) {
        if subject.spec.ranges.is_empty() {
            return;
        }
        let value = self.in_force(subject.name, all);
        for (path, text) in &subject.spec.ranges {
            let pointer = field::pointer_to(&format!("{}/ranges", subject.base), path);
            let range: Range = match text.parse() {
                Ok(range) => range,
                Err(why) => {
                    self.fault(At::Value(&pointer), "invalid_value", why);
                    continue;
                }
            };
            let Some(value) = &value else { continue };
            let places = path::places(value, path);
            for (there, found) in &places {
                let Some(why) = found.filter(|it| !it.is_null()).and_then(|it| range.fault(it))
                else {
                    continue;
                };
                let message = format!("`{}` {why}", last(there));
                let at = match subject.document {
                    Some(document) => At::File(&subject.file, document.place(there)),
                    None => At::Value(&pointer),
                };
                self.fault(at, "out_of_range", message);
            }
            if places.iter().all(|it| it.1.is_none()) {
                let message = format!("`{}` holds nothing at `{path}`", subject.name);
                self.fault(At::Key(&pointer), "unknown_path", message).warns();
            }
        }
    }

    /// Parts that everybody who is signed in is told.
    fn shown(&mut self, subject: &Subject<'_>) {
        let Some(document) = subject.document else { return };
        for part in subject.spec.shown.paths() {
            if path::get(&document.value, part).is_none() {
                let message = format!("`{}` holds nothing at `{part}`", subject.name);
                let pointer = format!("{}/shown", subject.base);
                self.fault(At::Value(&pointer), "unknown_path", message);
            }
        }
    }

    /// Parts that are there once for each language.
    fn languages_of(&mut self, subject: &Subject<'_>, all: &Description) {
        let Some(document) = subject.document else { return };
        for part in subject.spec.by_language.paths() {
            let pointer = path::pointer(part);
            let name = if part.is_empty() { subject.name } else { part };
            let Some(of_all) = path::get(&document.value, part).and_then(Json::as_object) else {
                let message = format!("`{name}` must hold one entry for each language");
                let hint = format!("it needs: {}", all.languages.join(", "));
                let at = At::File(&subject.file, document.place(&pointer));
                self.fault(at, "missing_language", message).hint = Some(hint);
                continue;
            };
            for language in all.languages.iter().filter(|it| !of_all.contains_key(*it)) {
                let message = format!("`{name}` is not there in `{language}`");
                let at = At::File(&subject.file, document.place(&pointer));
                self.fault(at, "missing_language", message);
            }
            for language in of_all.keys().filter(|it| !all.languages.contains(it)) {
                let message = format!("`{language}` is none of the application's languages");
                let there = field::pointer_to(&pointer, language);
                let hint = format!("those are: {}", all.languages.join(", "));
                let at = At::File(&subject.file, document.key_place(&there));
                self.fault(at, "unknown_language", message).hint = Some(hint);
            }
            let entries: Vec<(&str, &Json)> =
                of_all.iter().map(|(language, it)| (language.as_str(), it)).collect();
            for lack in lacks(&entries, "") {
                let there =
                    format!("{}{}", field::pointer_to(&pointer, lack.language), lack.pointer);
                let message = format!(
                    "`{}` is there in `{}`, and not so in `{}`",
                    last(&lack.pointer),
                    lack.like,
                    lack.language
                );
                let at = At::File(&subject.file, document.place(&there));
                self.fault(at, "missing_translation", message);
            }
        }
    }
}

/// The faults of the documents that Mainstay types, where they lie when nobody says so.
pub(super) fn typed(files: &Files, kinds: &[Kind]) -> Vec<Fault> {
    let nothing = DocumentSpec::default();
    let mut faults = Vec::new();
    for kind in kinds {
        let file = configuration::file_of(files, kind.name(), &nothing);
        if let Some(document) = files.document(&file) {
            faults.extend(of_kind(kind, &file, document));
        }
    }
    faults
}

/// What is wrong with a document that Mainstay types.
fn of_kind(kind: &Kind, file: &str, document: &Marked) -> Vec<Fault> {
    let faults = kind.faults(&document.value).into_iter().map(|it| match it {
        Blame::Shape(found) => of_value(kind.name(), file, document, found),
        Blame::Setting { pointer, finding } => {
            let name = if finding.path.is_empty() { kind.name() } else { finding.path.as_str() };
            let message = format!("`{name}` {}", finding.message);
            Fault::new(file, document.place(&pointer), "invalid_value", message)
        }
    });
    faults.collect()
}

/// A value of the document `name` that is not what it must be.
fn of_value(name: &str, file: &str, document: &Marked, found: schema::Fault) -> Fault {
    let is_there = document.value.pointer(&found.pointer).is_some();
    if !found.pointer.is_empty() && (is_there || found.message == "is missing") {
        return told(file, document, &found);
    }
    let name = match found.pointer.as_str() {
        "" => name.to_owned(),
        pointer => last(pointer),
    };
    let place = document.place(&found.pointer);
    let message = format!("`{name}` {}", found.message);
    let fault = Fault::new(file, place, "invalid_value", message);
    Fault { hint: found.hint, ..fault }
}

/// Something that one language has and another lacks, or has in another shape.
struct Lack<'a> {
    language: &'a str,
    like: &'a str,
    pointer: String,
}

/// What is not there in every language in the same shape. Lists may differ.
fn lacks<'a>(entries: &[(&'a str, &'a Json)], pointer: &str) -> Vec<Lack<'a>> {
    let objects: Vec<(&str, &Map<String, Json>)> =
        entries.iter().filter_map(|(name, it)| Some((*name, it.as_object()?))).collect();
    let Some((like, _)) = objects.first().copied() else { return Vec::new() };
    let mut found: Vec<Lack<'a>> = entries
        .iter()
        .filter(|it| !it.1.is_object())
        .map(|it| Lack { language: it.0, like, pointer: pointer.to_owned() })
        .collect();
    let mut keys: Vec<&str> = Vec::new();
    for key in objects.iter().flat_map(|it| it.1.keys()) {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    for key in keys {
        let pointer = field::pointer_to(pointer, key);
        let with: Vec<(&str, &Json)> =
            objects.iter().filter_map(|(name, it)| Some((*name, it.get(key)?))).collect();
        let like = with.first().map_or("", |it| it.0);
        let without = objects.iter().filter(|it| !it.1.contains_key(key));
        found.extend(without.map(|it| Lack { language: it.0, like, pointer: pointer.clone() }));
        found.extend(lacks(&with, &pointer));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(en: Json, es: Json, expected: &[&str]) {
        let found: Vec<String> = lacks(&[("en", &en), ("es", &es)], "")
            .iter()
            .map(|it| format!("{}{}", it.language, it.pointer))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_language_has_what_another_has() {
        check(json!({"a": "x", "b": {"c": 1}}), json!({"a": "y", "b": {"c": 2}}), &[]);
        check(json!({"a": "x", "b": {"c": 1}}), json!({"b": {}}), &["es/a", "es/b/c"]);
        check(json!({"b": {}}), json!({"b": "text", "d": []}), &["es/b", "en/d"]);
        check(json!("one text"), json!("un texto"), &[]);
        check(json!(["a", "b"]), json!(["c"]), &[]);
    }
}
