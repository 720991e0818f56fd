//! Assistants: can they look where they are told to, and do their numbers make sense?

use super::{At, Checker};
use crate::{
    description::{Assistant, Description},
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
        self.assistant_context(assistant, &at("context"), all);
        self.assistant_numbers(assistant, &base);
    }

    /// Documents of `config/`, and nothing else.
    fn assistant_context(&mut self, assistant: &Assistant, base: &str, all: &Description) {
        for (name, source) in &assistant.context {
            let pointer = field::pointer_to(base, name);
            if ASSISTANT_VARIABLES.contains(&name.as_str()) {
                let message = format!("`{name}` is given to the template of an assistant already");
                self.fault(At::Key(&pointer), "repeated_name", message);
            }
            self.config_source(source, &pointer, all);
        }
    }

    fn assistant_numbers(&mut self, assistant: &Assistant, base: &str) {
        let retrieval = &assistant.retrieval;
        let least_one = [
            ("question/chars", assistant.question.chars as u64),
            ("question/tokens", assistant.question.tokens),
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

/// The numbers of sources have at most three digits, which is also what a marker may have.
const SOURCES_MAX: usize = 100;

/// What every template of an assistant is given.
pub(crate) const ASSISTANT_VARIABLES: [&str; 7] =
    ["question", "sources", "context", "given", "own_prompt", "personality", "today"];

/// What a template for titles is given.
pub(crate) const TITLE_VARIABLES: [&str; 2] = ["question", "words"];
