//! Assistants: can they look where they are told to, and do their numbers make sense?

use super::{At, Checker};
use crate::{
    description::{Assistant, AssistantSource, Description, assistant::Followups},
    field,
};

impl Checker<'_> {
    pub(super) fn assistant(&mut self, name: &str, assistant: &Assistant, all: &Description) {
        let base = field::pointer_to("/assistants", name);
        let at = |path: &str| format!("{base}/{path}");
        self.snake_name(At::Key(&base), "assistant", name);
        if self.names.tasks.iter().any(|it| it == name) {
            // Both are what a model is used for, and usage is counted by that name.
            let message = format!("`{name}` is the name of a task already");
            self.fault(At::Key(&base), "repeated_name", message);
        }
        self.exists(&at("prompt"), &assistant.prompt);
        if let Some(prompt) = &assistant.titles.prompt {
            self.exists(&at("titles/prompt"), prompt);
        }
        if let Some(followups) = &assistant.followups {
            self.followups(followups, &at("followups"));
        }
        self.policy(&assistant.model, &at("model"));
        self.policy(&assistant.titles.model, &at("titles/model"));
        for (index, collection) in assistant.collections.iter().enumerate() {
            let pointer = at(&format!("collections/{index}"));
            if self.known_collection(&pointer, collection)
                && all.collections.get(collection).is_some_and(|it| it.search.is_empty())
            {
                let message = format!("`{collection}` is not searched by words");
                let hint = Some("declare its fields under `search`".to_owned());
                self.fault(At::Value(&pointer), "not_searched", message).hint = hint;
            }
        }
        self.asked_about(assistant, &base, all);
        self.shown_fields(assistant, &at("shows"), all);
        self.assistant_context(assistant, &at("context"), all);
        self.assistant_numbers(assistant, &base);
    }

    /// What is proposed to be asked next.
    fn followups(&mut self, followups: &Followups, base: &str) {
        if let Some(prompt) = &followups.prompt {
            self.exists(&format!("{base}/prompt"), prompt);
        }
        self.policy(&followups.model, &format!("{base}/model"));
        if !(1..=FOLLOWUPS_MAX).contains(&followups.count) {
            let message = format!("`followups.count` must be between 1 and {FOLLOWUPS_MAX}");
            self.fault(At::Value(&format!("{base}/count")), "invalid_value", message);
        }
    }

    /// The records that it is asked about, and what goes along with one.
    fn asked_about(&mut self, assistant: &Assistant, base: &str, all: &Description) {
        let Some(asked) = &assistant.on else { return };
        let (name, at) = (asked.records.as_str(), |path: &str| format!("{base}/on/{path}"));
        if asked.chars == 0 {
            let message = "`on.chars` must be at least 1".to_owned();
            self.fault(At::Value(&at("chars")), "invalid_value", message);
        }
        if !self.known_collection(&at("records"), name) {
            return;
        }
        let Some(collection) = all.collections.get(name) else { return };
        let holder = collection.parent.as_ref().and_then(|it| all.collections.get(it));
        let in_versions =
            holder.and_then(|it| it.versioned.as_ref()).is_some_and(|it| it.children == name);
        if in_versions {
            let message = format!("records of `{name}` are others in each version");
            let hint = Some("ask about the record that holds the versions".to_owned());
            self.fault(At::Value(&at("records")), "in_versions", message).hint = hint;
        }
        if holder.is_none() && !asked.with.is_empty() {
            let message = format!("records of `{name}` lie in no other, so none goes along");
            self.fault(At::Value(&at("with")), "invalid_value", message);
        }
        let mut results = all.tasks.values().filter_map(|it| it.result.as_ref());
        let knows_earlier = results.any(|it| it.collection == name && it.previous.is_some());
        if asked.earlier > 0 && !knows_earlier {
            let message = format!("nothing says which records of `{name}` came before one");
            let hint = Some("name a field under `result.previous` of the task".to_owned());
            self.fault(At::Value(&at("earlier")), "invalid_value", message).hint = hint;
        }
        if asked.earlier > EARLIER_MAX {
            let message = format!("at most {EARLIER_MAX} earlier versions go along");
            self.fault(At::Value(&at("earlier")), "invalid_value", message);
        }
    }

    /// The fields that are shown of records that it can come by.
    fn shown_fields(&mut self, assistant: &Assistant, base: &str, all: &Description) {
        let about = assistant.on.as_ref().map(|it| &it.records);
        for (name, fields) in &assistant.shows {
            let pointer = field::pointer_to(base, name);
            if about != Some(name) && !assistant.collections.contains(name) {
                let message = format!("it never comes by a record of `{name}`");
                let hint = Some("name it under `collections`, or `on`".to_owned());
                self.fault(At::Key(&pointer), "unknown_collection", message).hint = hint;
            }
            let Some(collection) = all.collections.get(name) else { continue };
            let file = format!("{}/schema", field::pointer_to("/collections", name));
            let Some(schema) = self.schema(&file, &collection.schema) else { continue };
            for (at, path) in fields.iter().enumerate() {
                self.known_field(At::Value(&format!("{pointer}/{at}")), &schema, path, name);
            }
        }
    }

    /// Documents of `config/`, and progress.
    fn assistant_context(&mut self, assistant: &Assistant, base: &str, all: &Description) {
        for (name, source) in &assistant.context {
            let pointer = field::pointer_to(base, name);
            let is_about = assistant.on.is_some() && ABOUT_VARIABLES.contains(&name.as_str());
            let is_next = assistant.followups.is_some() && NEXT_VARIABLES.contains(&name.as_str());
            if is_about || is_next || ASSISTANT_VARIABLES.contains(&name.as_str()) {
                let message = format!("`{name}` is given to the template of an assistant already");
                self.fault(At::Key(&pointer), "repeated_name", message);
            }
            match source {
                AssistantSource::Config(source) => self.config_source(source, &pointer, all),
                AssistantSource::Progress(of) => {
                    self.known_progress(&format!("{pointer}/progress"), &of.progress, all);
                }
            }
        }
    }

    fn assistant_numbers(&mut self, assistant: &Assistant, base: &str) {
        let retrieval = &assistant.retrieval;
        let least_one = [
            ("question/chars", assistant.question.chars as u64),
            ("question/tokens", assistant.question.tokens),
            ("question/least", assistant.question.least as u64),
            ("retrieval/top_k", retrieval.top_k as u64),
            ("retrieval/chunk_chars", retrieval.chunk_chars as u64),
            ("retrieval/context_chars", retrieval.context_chars as u64),
            ("titles/words", assistant.titles.words as u64),
            ("messages", u64::from(assistant.messages)),
        ];
        for (path, value) in least_one {
            if value == 0 {
                let message = format!("`{}` must be at least 1", path.replace('/', "."));
                self.fault(At::Value(&format!("{base}/{path}")), "invalid_value", message);
            }
        }
        if retrieval.top_k > SOURCES_MAX || assistant.web.results > SOURCES_MAX {
            let message = format!("an answer has at most {SOURCES_MAX} sources of each kind");
            self.fault(At::Value(&format!("{base}/retrieval/top_k")), "invalid_value", message);
        }
        if !(0.0..=1.0).contains(&retrieval.min_score) {
            let message = format!("a score is between 0 and 1, not {}", retrieval.min_score);
            self.fault(At::Value(&format!("{base}/retrieval/min_score")), "invalid_value", message);
        }
    }
}

/// Each is two records more to be read, kept and told.
const EARLIER_MAX: usize = 10;

/// Nobody reads more of them.
const FOLLOWUPS_MAX: usize = 10;

/// The numbers of sources have at most three digits, which is also what a marker may have.
const SOURCES_MAX: usize = 100;

/// What every template of an assistant is given.
pub(crate) const ASSISTANT_VARIABLES: [&str; 7] =
    ["question", "sources", "context", "given", "own_prompt", "personality", "today"];

/// What it is given beside them when it is asked about records; null where a question is about none.
pub(crate) const ABOUT_VARIABLES: [&str; 3] = ["record", "parent", "earlier"];

/// What a template for what could be asked next is given, beside what `context` names.
pub(crate) const NEXT_VARIABLES: [&str; 9] = [
    "question",
    "answer",
    "asked",
    "sources",
    "context",
    "language",
    "language_name",
    "count",
    "today",
];

/// What a template for titles is given.
pub(crate) const TITLE_VARIABLES: [&str; 2] = ["question", "words"];
