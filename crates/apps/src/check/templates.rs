//! Templates: syntax, filters and tests that exist, variables that are given.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    At, Checker,
    assistants::{ABOUT_VARIABLES, ASSISTANT_VARIABLES, NEXT_VARIABLES, TITLE_VARIABLES},
    questions::{ANSWER_VARIABLES, COMMENT_VARIABLES, FOLLOWUP_VARIABLES, QUERY_VARIABLES},
    tasks::FIXED_VARIABLES,
};
use crate::{
    description::{Description, Part},
    field::nearest,
    marked::Place,
    template::{
        self,
        names::{self, Kind},
    },
};

impl Checker<'_> {
    pub(super) fn templates(&mut self, description: &Description) {
        let mut given: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut every: BTreeSet<&str> = FIXED_VARIABLES.into();
        for task in description.tasks.values() {
            let names = task.context.keys().map(String::as_str).chain(FIXED_VARIABLES);
            let mut names: BTreeSet<&str> = names.collect();
            for (name, part) in &task.parts {
                // A part sees those before it.
                if let Part::Template(file) = part {
                    give(&mut given, file, &names);
                }
                names.insert(name);
            }
            every.extend(&names);
            for file in [Some(&task.prompt), task.fallback.as_ref()].into_iter().flatten() {
                give(&mut given, file, &names);
            }
        }
        for assistant in description.assistants.values() {
            let names = assistant.context.keys().map(String::as_str).chain(ASSISTANT_VARIABLES);
            let mut names: BTreeSet<&str> = names.collect();
            if assistant.on.is_some() {
                names.extend(ABOUT_VARIABLES);
            }
            every.extend(&names);
            give(&mut given, &assistant.prompt, &names);
            if let Some(title) = &assistant.titles.prompt {
                give(&mut given, title, &TITLE_VARIABLES.into());
            }
            let next = assistant.followups.as_ref().and_then(|it| it.prompt.as_ref());
            if let Some(next) = next {
                let context = assistant.context.keys().map(String::as_str);
                let names: BTreeSet<&str> = context.chain(NEXT_VARIABLES).collect();
                every.extend(&names);
                give(&mut given, next, &names);
            }
        }
        for questions in description.questions.values() {
            let comment = questions.comment.as_ref().map(|it| it.prompt.as_str());
            for (file, own) in [
                (Some(questions.query.prompt.as_str()), QUERY_VARIABLES.as_slice()),
                (Some(questions.answer.prompt.as_str()), ANSWER_VARIABLES.as_slice()),
                (Some(questions.followups.prompt.as_str()), FOLLOWUP_VARIABLES.as_slice()),
                (comment, COMMENT_VARIABLES.as_slice()),
            ] {
                let Some(file) = file else { continue };
                let context = questions.context.keys().map(String::as_str);
                let names: BTreeSet<&str> = context.chain(own.iter().copied()).collect();
                every.extend(&names);
                give(&mut given, file, &names);
            }
        }
        let files = self.files;
        let mut texts: BTreeMap<&str, &str> = files.templates().collect();
        texts.extend(given.keys().filter_map(|file| Some((*file, files.text(file)?))));
        let mut imported = BTreeSet::new();
        for (file, text) in &texts {
            if let Err((place, message)) = template::compile(file, text) {
                self.fault(At::File(file, place), "template_syntax", message);
                continue;
            }
            let names = names::of(text);
            for name in &names {
                self.template_name(file, name, &texts);
                if name.kind == Kind::Template {
                    imported.insert(name.text.clone());
                }
            }
            let known = given.get(file).unwrap_or(&every);
            for variable in template::undeclared(file, text) {
                if known.contains(variable.as_str()) {
                    continue;
                }
                let place = names
                    .iter()
                    .find(|it| it.kind == Kind::Variable && it.text == variable)
                    .map_or(Place::START, |it| it.place);
                let message = format!("`{variable}` is never given to this template");
                let hint = nearest(&variable, known.iter().copied()).map_or_else(
                    || {
                        format!(
                            "given are: {}",
                            known.iter().copied().collect::<Vec<_>>().join(", ")
                        )
                    },
                    |it| format!("did you mean `{it}`?"),
                );
                self.fault(At::File(file, place), "unknown_variable", message).hint = Some(hint);
            }
        }
        for file in texts.keys() {
            if !given.contains_key(file) && !imported.contains(*file) {
                let message =
                    "no task, no assistant and no other template uses this file".to_owned();
                self.fault(At::File(file, Place::START), "unused_file", message).warns();
            }
        }
    }

    fn template_name(&mut self, file: &str, name: &names::Name, texts: &BTreeMap<&str, &str>) {
        let (is_known, code, what, known): (bool, _, _, Vec<&str>) = match name.kind {
            Kind::Variable => return,
            Kind::Filter => (
                template::has_filter(&name.text),
                "unknown_filter",
                "filter",
                template::filter_names().collect(),
            ),
            Kind::Test => {
                (template::has_test(&name.text), "unknown_test", "test", template::TESTS.to_vec())
            }
            Kind::Template => (
                texts.contains_key(name.text.as_str()),
                "unknown_template",
                "template",
                texts.keys().copied().collect(),
            ),
        };
        if !is_known {
            let message = format!("there is no {what} `{}`", name.text);
            self.unknown(At::File(file, name.place), code, message, known, &name.text);
        }
    }
}

/// A template gets these names. One that serves twice must do with what it gets both times.
fn give<'a>(
    given: &mut BTreeMap<&'a str, BTreeSet<&'a str>>,
    file: &'a str,
    names: &BTreeSet<&'a str>,
) {
    given
        .entry(file)
        .and_modify(|it| it.retain(|name| names.contains(name)))
        .or_insert_with(|| names.clone());
}
