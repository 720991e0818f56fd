//! Questions of an application with all that belongs to them: compiled once at start.

use std::fmt;

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::look::{self, Restricted};
use crate::{
    configuration::{self, Configuration, path},
    description::question::Questions,
    template::Template,
};

/// Questions with all that belongs to them.
#[derive(Clone)]
pub struct QuestionsKit {
    /// Their name in the description.
    pub name: String,
    /// What the description says.
    pub description: Questions,
    /// Asks for the query.
    pub query: Template,
    /// Asks for the answer.
    pub answer: Template,
    /// Asks for what could be asked next.
    pub followups: Template,
    /// Asks for a word about an answer.
    pub comment: Option<Template>,
    /// Tables that no query may name.
    pub restricted: Vec<Restricted>,
    /// Documents that the templates see, each whether it is by language.
    context: Vec<(String, Json, bool)>,
    /// The languages that questions come in and answers go out in, the usual one first.
    pub languages: Vec<String>,
    /// Questions to begin with.
    initial: Json,
    /// What answers rest on beside the data: a fingerprint of tables and prompts.
    made_by: String,
}

impl QuestionsKit {
    /// Puts questions together. `template` gives what is compiled, by file.
    ///
    /// # Errors
    /// What `template` fails with.
    pub fn read<E>(
        name: &str,
        description: &Questions,
        languages: &[String],
        documents: &Configuration,
        template: impl Fn(&str) -> Result<Template, E>,
    ) -> Result<Self, E> {
        let config = |it: &Option<String>| {
            let named = it.as_deref().and_then(|it| it.strip_prefix("config."))?;
            let (document, part) = path::split(named);
            path::get(&documents.get(document)?.seen(), part).cloned()
        };
        let context = description.context.iter().filter_map(|(name, source)| {
            let (document, part) = path::split(source.path()?);
            let seen = documents.get(document)?.seen();
            Some((name.clone(), path::get(&seen, part)?.clone(), source.is_by_language()))
        });
        let kit = Self {
            name: name.to_owned(),
            query: template(&description.query.prompt)?,
            answer: template(&description.answer.prompt)?,
            followups: template(&description.followups.prompt)?,
            comment: description.comment.as_ref().map(|it| template(&it.prompt)).transpose()?,
            restricted: config(&description.restricted)
                .map(|it| look::restricted(&it))
                .unwrap_or_default(),
            context: context.collect(),
            languages: languages.to_vec(),
            initial: config(&description.initial).unwrap_or_default(),
            made_by: String::new(),
            description: description.clone(),
        };
        let made_by = kit.fingerprint();
        Ok(Self { made_by, ..kit })
    }

    /// What answers rest on beside the data.
    pub fn made_by(&self) -> &str {
        &self.made_by
    }

    /// What the templates see of documents, in a language.
    pub fn context<'a>(&'a self, language: &'a str) -> impl Iterator<Item = (&'a str, &'a Json)> {
        self.context.iter().filter_map(move |(name, document, is_by_language)| {
            let seen = if *is_by_language {
                configuration::in_language(document, language, &self.languages)?
            } else {
                document
            };
            Some((name.as_str(), seen))
        })
    }

    /// The templates, by what they ask for.
    pub fn templates(&self) -> impl Iterator<Item = (&'static str, &Template)> {
        let all = [
            ("query", Some(&self.query)),
            ("answer", Some(&self.answer)),
            ("followups", Some(&self.followups)),
            ("comment", self.comment.as_ref()),
        ];
        all.into_iter().filter_map(|(name, template)| Some((name, template?)))
    }

    /// The language that is used when nothing else is known: the one given when questions come in it,
    /// else the first.
    pub fn language<'a>(&'a self, given: Option<&'a str>) -> &'a str {
        let languages = &self.languages;
        let given = given.and_then(|it| it.split(['-', ',', ';', '_']).next()).map(str::trim);
        let given =
            given.and_then(|given| languages.iter().find(|it| it.eq_ignore_ascii_case(given)));
        given.or(languages.first()).map_or("en", String::as_str)
    }

    /// Questions to begin with, in a language: name of a category → its description and questions.
    pub fn initial(&self, language: &str) -> Json {
        let categories = self.initial.get("categories").and_then(Json::as_object);
        let of_language = |(name, of_all): (&String, &Json)| {
            let texts = of_all
                .get(language)
                .or_else(|| self.languages.iter().find_map(|it| of_all.get(it.as_str())))?;
            let shown = json!({
                "title": texts.get("title").and_then(Json::as_str).unwrap_or(name),
                "description": texts.get("description").and_then(Json::as_str).unwrap_or_default(),
                "questions": texts.get("questions").cloned().unwrap_or_else(|| json!([])),
            });
            Some((name.clone(), shown))
        };
        let categories: Map<String, Json> =
            categories.into_iter().flatten().filter_map(of_language).collect();
        Json::Object(categories)
    }

    /// One of the questions to begin with: `CATEGORY/NUMBER`, counted from 1.
    pub fn initial_question(&self, id: &str, language: &str) -> Option<String> {
        let (category, number) = id.rsplit_once('/')?;
        let at = number.parse::<usize>().ok()?.checked_sub(1)?;
        Some(self.initial(language).get(category)?["questions"].get(at)?.as_str()?.to_owned())
    }

    /// The names of the categories: what a question may be about.
    pub fn categories(&self) -> Vec<String> {
        let categories = self.initial.get("categories").and_then(Json::as_object);
        categories.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        let tables = self.description.tables.iter().map(|(name, table)| {
            let columns = table.columns.iter().map(|(name, column)| {
                json!([name, column.field, format!("{:?}", column.kind), column.words])
            });
            json!([name, table.of, columns.collect::<Vec<_>>()])
        });
        digest.update(Json::Array(tables.collect()).to_string());
        digest.update(format!("{:?}", self.description.period));
        for (name, template) in self.templates() {
            digest.update(name);
            digest.update(template.source());
        }
        hex::encode(&digest.finalize()[..8])
    }
}

impl fmt::Debug for QuestionsKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QuestionsKit").field(&self.name).finish()
    }
}
