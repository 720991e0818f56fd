//! What must be true of all configuration documents together: expressions over them, checked.

use ::sources::expression::{self, Language, Scope, Wrong, json_of, value_of};
use serde_json::Value as Json;

use super::{APP_FILE, At, Checker};
use crate::{
    configuration::{
        self,
        hide::{self, Names},
        path,
    },
    description::{CrossCheck, Description},
    field::{self, display},
    template,
};

/// What every expression sees beside the documents.
const ALWAYS: [&str; 5] = ["languages", "app", "schemas", "templates", "seeds"];

/// What an expression sees for each entry.
const OF_EACH: [&str; 2] = ["it", "key"];

/// Where expressions are run: with what they see, and with what people may see of that.
struct Bench<'a> {
    language: Language,
    names: &'a [String],
    broken: &'a [String],
    real: Scope,
    shown: Scope,
}

impl Checker<'_> {
    /// Checks all documents together. A check that asks for one that is `broken` is left out: what is
    /// wrong with that was told already.
    pub(super) fn cross_checks(&mut self, all: &Description, names: &[String], broken: &[String]) {
        if all.configuration.checks.is_empty() {
            return;
        }
        let (mut real, mut shown) = (self.surroundings(all), self.surroundings(all));
        for name in names {
            let Some(value) = self.in_force(name, all) else { continue };
            let spec = all.configuration.documents.get(name);
            let sensitive = spec.map(|it| it.sensitive.as_slice()).unwrap_or_default();
            let said = match configuration::category_of(name) {
                Some(_) => Names::OfMainstay,
                None => Names::OfTheApplication,
            };
            let places = hide::places(&value, sensitive, said);
            shown.set(name, value_of(&hide::hidden(&value, &places)));
            real.set(name, value_of(&value));
        }
        let language = template::language(template::FUEL);
        let bench = Bench { language, names, broken, real, shown };
        for (name, check) in &all.configuration.checks {
            if let Err((pointer, wrong)) = self.cross_check(name, check, &bench, all) {
                let message = format!("cannot be told: {wrong}");
                self.fault(At::Value(&pointer), "invalid_expression", message);
            }
        }
    }

    /// The languages, the description, the schemas, the templates, and what the folder brings as data.
    fn surroundings(&self, all: &Description) -> Scope {
        let files = self.files;
        let documents = |folder: &str| {
            let names = files.names().filter(|it| it.starts_with(folder));
            let values =
                names.filter_map(|it| Some((it.to_owned(), files.document(it)?.value.clone())));
            Json::Object(values.collect())
        };
        let templates = files.templates().map(|(name, text)| (name.to_owned(), Json::from(text)));
        let mut scope = Scope::default();
        scope
            .set("languages", value_of(&all.languages.iter().cloned().map(Json::from).collect()))
            .set("app", value_of(&self.app.value))
            .set("schemas", value_of(&documents("schemas/")))
            .set("templates", value_of(&Json::Object(templates.collect())))
            .set("seeds", value_of(&documents("data/")));
        scope
    }

    fn cross_check(
        &mut self,
        name: &str,
        check: &CrossCheck,
        bench: &Bench<'_>,
        all: &Description,
    ) -> Result<(), (String, Wrong)> {
        let base = field::pointer_to("/configuration/checks", name);
        let before = self.faults.len();
        self.snake_name(At::Key(&base), "check", name);
        let asked = self.asked(check, bench, &base);
        if self.faults.len() > before || asked.iter().any(|it| bench.broken.contains(it)) {
            return Ok(());
        }
        let language = &bench.language;
        let at = |key: &str| format!("{base}/{key}");
        let entries = |scope: &Scope| match &check.each {
            None => Ok(vec![scope.clone()]),
            Some(each) => entries(language, each, scope).map_err(|it| (at("for"), it)),
        };
        let (real, shown) = (entries(&bench.real)?, entries(&bench.shown)?);
        for (real, shown) in real.iter().zip(&shown) {
            if let Some(when) = &check.when {
                let is_so =
                    expression::eval(language, when, real).map_err(|it| (at("when"), it))?;
                if !is_so.is_true() {
                    continue;
                }
            }
            let holds = expression::eval(language, &check.that, real);
            if holds.map_err(|it| (at("that"), it))?.is_true() {
                continue;
            }
            // Words are made of what people may see.
            let words = |text: &str, key: &str| {
                let made = expression::filled(language, text, shown);
                made.map(|it| display(&it)).map_err(|it| (at(key), it))
            };
            let place = words(&check.at, "at")?;
            let message = match &check.message {
                Some(text) => words(text, "message")?,
                None => format!("`{name}` does not hold: {}", check.that),
            };
            let hint = check.hint.as_deref().map(|it| words(it, "hint")).transpose()?;
            let fault = self.broken_check(&place, &at("at"), message, all);
            fault.hint = hint;
            if check.warns {
                fault.warns();
            }
        }
        Ok(())
    }

    /// A check that does not hold, where it says that it is to be shown.
    fn broken_check(
        &mut self,
        place: &str,
        pointer: &str,
        message: String,
        all: &Description,
    ) -> &mut super::Fault {
        let (name, part) = path::split(place);
        let file = self.config_file(name, all);
        let there = self.files.document(&file).map(|it| it.place(&path::pointer(part)));
        match there {
            Some(place) => self.fault(At::File(&file, place), "check_failed", message),
            None => self.fault(At::Value(pointer), "check_failed", message),
        }
    }

    /// The documents that a check asks for. What cannot be understood of it is told.
    fn asked(&mut self, check: &CrossCheck, bench: &Bench<'_>, base: &str) -> Vec<String> {
        let expressions = [
            ("that", Some(&check.that)),
            ("for", check.each.as_ref()),
            ("when", check.when.as_ref()),
        ];
        let texts = [
            ("at", Some(&check.at)),
            ("message", check.message.as_ref()),
            ("hint", check.hint.as_ref()),
        ];
        let all = expressions.map(|it| (it, false)).into_iter().chain(texts.map(|it| (it, true)));
        let mut asked = Vec::new();
        for ((key, text), is_text) in all {
            let Some(text) = text else { continue };
            let pointer = format!("{base}/{key}");
            let read = if is_text {
                expression::asked_by_text(&bench.language, text)
            } else {
                expression::asked_by(&bench.language, text)
            };
            let names = match read {
                Ok(names) => names,
                Err(wrong) => {
                    self.fault(At::Value(&pointer), "template_syntax", wrong.to_string());
                    continue;
                }
            };
            let whole = if is_text { text.clone() } else { format!("{{{{ {text} }}}}") };
            let place = self.app.place(&pointer);
            self.filters_and_tests(APP_FILE, place, &whole);
            for name in names {
                self.given_to_check(&name, check.each.is_some() && key != "for", &pointer, bench);
                asked.push(name);
            }
        }
        let (document, _) = path::split(&check.at);
        if !document.contains("{{") && !bench.names.iter().any(|it| it == document) {
            let message = format!("there is no document `{document}`");
            let known = bench.names.iter().map(String::as_str);
            let pointer = format!("{base}/at");
            self.unknown(At::Value(&pointer), "unknown_config", message, known, document);
        }
        asked
    }

    /// Is this name one that the expression is given?
    fn given_to_check(&mut self, name: &str, is_each: bool, pointer: &str, bench: &Bench<'_>) {
        let of_each: &[&str] = if is_each { &OF_EACH } else { &[] };
        let documents = bench.names.iter().map(String::as_str);
        let known: Vec<&str> = documents.chain(ALWAYS).chain(of_each.iter().copied()).collect();
        if !known.contains(&name) {
            let message = format!("`{name}` is never given to a check");
            self.unknown(At::Value(pointer), "unknown_variable", message, known, name);
        }
    }
}

/// What is seen for each entry of what an expression gives.
fn entries(language: &Language, each: &str, scope: &Scope) -> Result<Vec<Scope>, Wrong> {
    let with = |key: Json, it: &Json| {
        let mut scope = scope.with("it", value_of(it));
        scope.set("key", value_of(&key));
        scope
    };
    match json_of(&expression::eval(language, each, scope)?) {
        Json::Array(entries) => {
            Ok(entries.iter().enumerate().map(|(at, it)| with(at.into(), it)).collect())
        }
        Json::Object(object) => {
            Ok(object.iter().map(|(key, it)| with(key.as_str().into(), it)).collect())
        }
        _ => Err(Wrong("it gives neither a list nor an object".to_owned())),
    }
}
