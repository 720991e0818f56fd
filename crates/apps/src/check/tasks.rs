//! Tasks: do the answer, the records and the templates speak of the same fields?

use serde_json::Value as Json;

use super::{At, Checker};
use crate::{
    acts::analyses::KEPT_FIELDS,
    description::{
        Description, ModelPolicy, Task,
        task::{Chosen, ContextSource},
    },
    field,
    schema::Schema,
};

/// More answers to one question than these are no patience any more.
const ANSWERS_MAX: u32 = 10;
/// Nor is a longer pause between them, in seconds.
const PAUSE_S_MAX: u32 = 60;

impl Checker<'_> {
    pub(super) fn task(&mut self, name: &str, task: &Task, all: &Description) {
        let base = field::pointer_to("/tasks", name);
        let at = |path: &str| format!("{base}/{path}");
        self.snake_name(At::Key(&base), "task", name);
        let on_known = self.known_collection(&at("on"), &task.on);
        let collection = if on_known { all.collections.get(&task.on) } else { None };
        self.exists(&at("prompt"), &task.prompt);
        if let Some(fallback) = &task.fallback {
            self.exists(&at("fallback"), fallback);
        }
        let output = self.schema(&at("output"), &task.output);
        if let Some(input) = &task.input {
            self.schema(&at("input"), input);
        }
        if task.batch == Some(0) {
            self.fault(
                At::Value(&at("batch")),
                "invalid_value",
                "`batch` must be at least 1".into(),
            );
        }
        self.policy(&task.model, &at("model"));
        self.context(task, all, &at("context"));
        self.versions(task, all, &base);
        let records = collection.and_then(|it| {
            let pointer = format!("{}/schema", field::pointer_to("/collections", &task.on));
            self.schema(&pointer, &it.schema)
        });
        if let Some(records) = &records {
            self.record_fields(task, records, &base);
        }
        self.text_of(task, records.as_ref(), all, &base);
        self.results(name, task, output.as_ref(), all);
        if let Some(output) = &output {
            self.answer_fields(task, output, &base);
        }
    }

    pub(super) fn policy(&mut self, model: &ModelPolicy, base: &str) {
        if !(0.0..=2.0).contains(&model.temperature) {
            let message = format!("a temperature is between 0 and 2, not {}", model.temperature);
            self.fault(At::Value(&format!("{base}/temperature")), "invalid_value", message);
        }
        if model.max_tokens == 0 {
            let message = "`max_tokens` must be at least 1".to_owned();
            self.fault(At::Value(&format!("{base}/max_tokens")), "invalid_value", message);
        }
        for (key, given, range) in [
            ("answers", model.answers, 1..=ANSWERS_MAX),
            ("pause_s", model.pause_s, 0..=PAUSE_S_MAX),
        ] {
            if !range.contains(&given) {
                let message =
                    format!("`{key}` must be between {} and {}", range.start(), range.end());
                self.fault(At::Value(&format!("{base}/{key}")), "invalid_value", message);
            }
        }
        if let Some(name) = &model.name
            && name
                .split_once('/')
                .is_none_or(|(provider, model)| provider.is_empty() || model.is_empty())
        {
            let message = format!("`{name}` is no model: it must be `provider/model`");
            self.fault(At::Value(&format!("{base}/name")), "invalid_name", message);
        }
    }

    fn context(&mut self, task: &Task, all: &Description, base: &str) {
        for (name, source) in &task.context {
            let pointer = field::pointer_to(base, name);
            if FIXED_VARIABLES.contains(&name.as_str()) {
                let message = format!("`{name}` is given to every template already");
                self.fault(At::Key(&pointer), "repeated_name", message);
            }
            match source {
                ContextSource::Named(text) => self.named_source(text, all, &pointer),
                ContextSource::Config(part) => {
                    let at = format!("{pointer}/config");
                    self.config_path(&at, &part.config, part.by_language, all);
                }
                ContextSource::Chosen(chosen) => self.chosen_source(chosen, all, &pointer),
                ContextSource::Refused { refused: 0 } => {
                    let message = "`refused` must be at least 1".to_owned();
                    self.fault(At::Value(&format!("{pointer}/refused")), "invalid_value", message);
                }
                ContextSource::Refused { .. } => {}
                ContextSource::Progress(of) => {
                    self.known_progress(&format!("{pointer}/progress"), &of.progress, all);
                }
            }
        }
    }

    /// A document of `config/`, or all of a shared collection.
    fn named_source(&mut self, text: &str, all: &Description, pointer: &str) {
        if let Some(config) = text.strip_prefix("config.") {
            self.config_path(pointer, config, false, all);
        } else if self.known_collection(pointer, text)
            && all.collections.get(text).is_some_and(|it| !it.shared)
        {
            let message = format!("`{text}` is not shared, so one of its records must be chosen");
            let hint = Some(format!("write `{{collection: {text}}}`"));
            self.fault(At::Value(pointer), "not_shared", message).hint = hint;
        }
    }

    /// One record of a collection, found by its fields.
    fn chosen_source(&mut self, chosen: &Chosen, all: &Description, pointer: &str) {
        let name = &chosen.collection;
        if !self.known_collection(&format!("{pointer}/collection"), name) {
            return;
        }
        if chosen.most == Some(0) {
            let message = "`most` must be at least 1".to_owned();
            self.fault(At::Value(&format!("{pointer}/most")), "invalid_value", message);
        }
        if chosen.most.is_some() && chosen.beside.is_some() {
            let message = "`beside` chooses one record, and `most` takes all".to_owned();
            self.fault(At::Value(&format!("{pointer}/most")), "invalid_value", message);
        }
        let Some(collection) = all.collections.get(name) else { return };
        let file = format!("{}/schema", field::pointer_to("/collections", name));
        let Some(schema) = self.schema(&file, &collection.schema) else { return };
        if let Some(field) = &chosen.beside {
            self.known_field(At::Value(&format!("{pointer}/beside")), &schema, field, name);
        }
        for field in chosen.only.keys() {
            let at = field::pointer_to(&format!("{pointer}/only"), field);
            self.known_field(At::Key(&at), &schema, field, name);
        }
    }

    fn versions(&mut self, task: &Task, all: &Description, base: &str) {
        if task.makes.is_none() {
            return;
        }
        let on = all.collections.get(&task.on);
        let is_versioned =
            |name: &str| all.collections.get(name).is_some_and(|it| it.versioned.is_some());
        let lies_in_versions = on.and_then(|it| it.parent.as_deref()).is_some_and(is_versioned);
        if on.is_some() && !lies_in_versions && !is_versioned(&task.on) {
            let message = format!("`{}` has no versions, so none can be made", task.on);
            self.fault(At::Value(&format!("{base}/makes")), "not_versioned", message);
        }
    }

    /// Fields of the records that a task reads and fills.
    fn record_fields(&mut self, task: &Task, records: &Schema, base: &str) {
        self.counted_fields(task, records, base);
        if let Some(each) = &task.each
            && each.of != "id"
        {
            self.known_field(At::Value(&format!("{base}/each/of")), records, &each.of, &task.on);
        }
        for (at, (field, _)) in task.fills.pairs().into_iter().enumerate() {
            let pointer = self.fill_pointer(base, at, field);
            self.known_field(At::Key(&pointer), records, field, &task.on);
        }
        for (at, field) in task.keeps.iter().enumerate() {
            let pointer = format!("{base}/keeps/{at}");
            self.known_field(At::Value(&pointer), records, field, &task.on);
            if !task.fills.pairs().iter().any(|(it, _)| it == field) {
                let message = format!("`{field}` is kept but never filled");
                self.fault(At::Value(&pointer), "never_filled", message).warns();
            }
        }
    }

    /// The text that a task looks at, and where its answers are kept.
    fn text_of(&mut self, task: &Task, records: Option<&Schema>, all: &Description, base: &str) {
        if let (Some(field), Some(records)) = (&task.text, records) {
            self.known_field(At::Value(&format!("{base}/text")), records, field, &task.on);
        }
        let Some(name) = &task.kept_in else { return };
        let pointer = format!("{base}/kept_in");
        if task.text.is_none() {
            let message = "only answers about a text are kept".to_owned();
            let hint = Some("add `text`, the field that the task looks at".to_owned());
            self.fault(At::Key(&pointer), "missing_key", message).hint = hint;
        }
        if !self.known_collection(&pointer, name) {
            return;
        }
        let Some(collection) = all.collections.get(name) else { return };
        let file = format!("{}/schema", field::pointer_to("/collections", name));
        let Some(schema) = self.schema(&file, &collection.schema) else { return };
        for field in KEPT_FIELDS.into_iter().filter(|it| !schema.knows(it)) {
            let message = format!("`{name}` has no field `{field}` for what is kept");
            let hint = Some(format!("its schema needs: {}", KEPT_FIELDS.join(", ")));
            self.fault(At::Value(&pointer), "unknown_field", message).hint = hint;
        }
    }

    /// Fields of the records that are counted for the details of a summary.
    fn counted_fields(&mut self, task: &Task, records: &Schema, base: &str) {
        let Some(summary) = &task.summary else { return };
        let counted = &summary.counted;
        let base = format!("{base}/summary/counted");
        if !counted.is_empty() && summary.details.is_none() {
            let message = "what is counted is put into the details".to_owned();
            let hint = Some("add `details`, the field of the answer that holds them".to_owned());
            self.fault(At::Value(&base), "missing_key", message).hint = hint;
        }
        for (key, fields) in [("values", &counted.values), ("breakdown", &counted.breakdown)] {
            for (to, field) in fields {
                let pointer = field::pointer_to(&format!("{base}/{key}"), to);
                self.known_field(At::Value(&pointer), records, field, &task.on);
            }
        }
    }

    /// Parts of the answer that a task relies on.
    fn answer_fields(&mut self, task: &Task, output: &Schema, base: &str) {
        let mut entry = None;
        if let Some(each) = &task.each {
            entry =
                self.answer_list(output, &each.list, &format!("{base}/each/list"), &task.output);
            if let Some(entry) = &entry {
                self.entry_field(entry, &each.key, &format!("{base}/each/key"), &task.output);
            }
        } else if !task.fills.pairs().is_empty() {
            let message = "`fills` needs `each`, which says where the entries are".to_owned();
            self.fault(At::Key(&format!("{base}/fills")), "missing_key", message);
        }
        if let Some(entry) = &entry {
            for (at, (field, from)) in task.fills.pairs().into_iter().enumerate() {
                let pointer = self.fill_pointer(base, at, field);
                self.entry_field(entry, from, &pointer, &task.output);
            }
        }
        if let Some(summary) = &task.summary {
            let details = summary.details.iter().map(|it| ("details", it));
            for (key, field) in [("text", &summary.text)].into_iter().chain(details) {
                self.answer_field(output, field, &format!("{base}/summary/{key}"), &task.output);
            }
        }
        if let Some(proposes) = &task.proposes {
            let pointer = format!("{base}/proposes");
            let entry =
                self.answer_list(output, &proposes.list, &format!("{pointer}/list"), &task.output);
            if let Some(entry) = &entry {
                for field in ["category", "suggestion"] {
                    self.entry_field(entry, field, &format!("{pointer}/list"), &task.output);
                }
                let allowed = entry.pointer("/properties/category/enum").and_then(Json::as_array);
                for (at, category) in proposes.categories.iter().enumerate() {
                    if allowed.is_some_and(|it| !it.iter().any(|it| it == category.as_str())) {
                        let message =
                            format!("`{}` does not allow the category `{category}`", task.output);
                        self.fault(
                            At::Value(&format!("{pointer}/categories/{at}")),
                            "invalid_value",
                            message,
                        );
                    }
                }
            }
            for (at, category) in proposes.categories.iter().enumerate() {
                if proposes.categories[..at].contains(category) {
                    let message = format!("the category `{category}` stands twice");
                    self.fault(
                        At::Value(&format!("{pointer}/categories/{at}")),
                        "repeated_name",
                        message,
                    );
                }
            }
        }
    }

    /// Where a filled field stands: an entry of a list, or a key.
    fn fill_pointer(&self, base: &str, at: usize, field: &str) -> String {
        match self.app.value.pointer(&format!("{base}/fills")) {
            Some(Json::Array(_)) => format!("{base}/fills/{at}"),
            _ => field::pointer_to(&format!("{base}/fills"), field),
        }
    }

    pub(super) fn answer_field(
        &mut self,
        output: &Schema,
        field: &str,
        pointer: &str,
        file: &str,
    ) -> bool {
        let is_there = output.part(field).is_some();
        if !is_there {
            let fields = output.fields();
            let message = format!("`{file}` has no field `{field}`");
            self.unknown(
                At::Value(pointer),
                "output_lacks",
                message,
                fields.iter().map(String::as_str),
                field,
            );
        }
        is_there
    }

    /// The schema of the entries of a list of the answer.
    pub(super) fn answer_list(
        &mut self,
        output: &Schema,
        list: &str,
        pointer: &str,
        file: &str,
    ) -> Option<Json> {
        if !self.answer_field(output, list, pointer, file) {
            return None;
        }
        let part = output.part(list)?;
        if !output.kinds(list).list {
            let message = format!("`{list}` of `{file}` must be a list");
            self.fault(At::Value(pointer), "output_lacks", message);
            return None;
        }
        part.get("items").cloned()
    }

    pub(super) fn entry_field(&mut self, entry: &Json, field: &str, pointer: &str, file: &str) {
        let Some(properties) = entry.get("properties").and_then(Json::as_object) else { return };
        let known = field.split('.').next().unwrap_or(field);
        if !properties.contains_key(known) {
            let message = format!("the entries of the answer have no field `{field}` (`{file}`)");
            let known: Vec<&str> = properties.keys().map(String::as_str).collect();
            self.unknown(At::Value(pointer), "output_lacks", message, known, field);
        }
    }
}

/// What every template of a task is given.
pub(crate) const FIXED_VARIABLES: [&str; 7] =
    ["items", "input", "record", "task", "schema", "total", "batch"];
