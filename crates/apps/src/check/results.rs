//! Tasks whose results are kept: do parts, computed fields, passages, languages and the record of a result
//! speak of what there is?

use serde_json::{Value as Json, json};

use super::{At, Checker, tasks::FIXED_VARIABLES};
use crate::{
    configuration::{self, path},
    description::{
        Collection, Description, Part, QuotedAt, ResultOf, Segments, Task, Unfound,
        task::ContextSource,
    },
    field::pointer_to,
    language,
    result::{FIELDS, SHOWN},
    schema::Schema,
    task::{
        compute::{Star, Weights},
        segment::Quoted,
    },
    template,
};

impl Checker<'_> {
    /// All that a task says beyond what every task may say.
    pub(super) fn results(
        &mut self,
        name: &str,
        task: &Task,
        output: Option<&Schema>,
        all: &Description,
    ) {
        let base = pointer_to("/tasks", name);
        self.parts(task, all, &base);
        self.task_languages(task, &base);
        if let Some(output) = output {
            self.computed(task, output, all, &base);
            self.segments(task, output, &base);
        }
        match &task.result {
            Some(of) => self.result_of(name, task, of, output, all, &base),
            None if task.deadline_s.is_some() => {
                let message = "nobody waits for a task that keeps no result".to_owned();
                let hint = Some("add `result`, or leave `deadline_s` out".to_owned());
                let at = format!("{base}/deadline_s");
                self.fault(At::Key(&at), "missing_key", message).hint = hint;
            }
            None => {}
        }
        if task.deadline_s == Some(0) {
            let message = "`deadline_s` must be at least 1".to_owned();
            self.fault(At::Value(&format!("{base}/deadline_s")), "invalid_value", message);
        }
    }

    fn parts(&mut self, task: &Task, all: &Description, base: &str) {
        for (name, part) in &task.parts {
            let pointer = pointer_to(&format!("{base}/parts"), name);
            if FIXED_VARIABLES.contains(&name.as_str()) || task.context.contains_key(name) {
                let message = format!("`{name}` is given to the templates already");
                self.fault(At::Key(&pointer), "repeated_name", message);
            }
            match part {
                Part::Template(file) => {
                    self.exists(&pointer, file);
                }
                Part::Document(part) => {
                    let at = format!("{pointer}/config");
                    self.config_path(&at, &part.config, part.by_language, all);
                    if part.render {
                        self.rendered(&at, &part.config, part.by_language, all);
                    }
                }
            }
        }
    }

    /// Texts of a document that are templates.
    fn rendered(&mut self, pointer: &str, path: &str, by_language: bool, all: &Description) {
        let (name, part) = path::split(path);
        let Some(value) = self.in_force(name, all) else { return };
        let Some(value) = path::get(&value, part).cloned() else { return };
        let texts: Vec<Json> = match value {
            Json::Object(all) if by_language => all.into_iter().map(|it| it.1).collect(),
            value => vec![value],
        };
        for text in texts {
            let Some(text) = text.as_str() else {
                let message = format!("`{path}` is no text, so it is no template");
                self.fault(At::Value(pointer), "invalid_value", message);
                continue;
            };
            if let Err((place, why)) = template::compile(path, text) {
                let message = format!("`{path}` is no template: line {}: {why}", place.line);
                self.fault(At::Value(pointer), "template_syntax", message);
            }
        }
    }

    fn task_languages(&mut self, task: &Task, base: &str) {
        let Some(languages) = &task.languages else { return };
        let pointer = format!("{base}/languages");
        let Some((among, usual, threshold)) = languages.rules() else {
            let message = "at least one language must be named".to_owned();
            self.fault(At::Value(&pointer), "invalid_value", message);
            return;
        };
        for code in among.iter().filter(|it| !language::KNOWN.contains(&it.as_str())) {
            let message = format!("the language `{code}` cannot be told from others");
            let known = language::KNOWN;
            self.unknown(At::Value(&pointer), "unknown_language", message, known, code);
        }
        if !among.iter().any(|it| it == usual) {
            let message = format!("the usual language `{usual}` is not among them");
            self.fault(At::Value(&pointer), "invalid_value", message);
        }
        if !(0.0..=1.0).contains(&threshold) {
            let message = format!("a threshold is between 0 and 1, not {threshold}");
            self.fault(At::Value(&pointer), "invalid_value", message);
        }
    }

    fn computed(&mut self, task: &Task, output: &Schema, all: &Description, base: &str) {
        for (name, computed) in &task.computed {
            let pointer = pointer_to(&format!("{base}/computed"), name);
            self.answer_field(output, name, &pointer, &task.output);
            match Star::parse(&computed.weighted_mean) {
                Some(numbers) => {
                    let at = format!("{pointer}/weighted_mean");
                    self.answer_field(output, &numbers.object, &at, &task.output);
                }
                None => {
                    let message = format!("`{}` is no path to numbers", computed.weighted_mean);
                    let hint = Some("write it like `scores.*.score`".to_owned());
                    let at = format!("{pointer}/weighted_mean");
                    self.fault(At::Value(&at), "invalid_value", message).hint = hint;
                }
            }
            let at = format!("{pointer}/weights");
            match Weights::parse(&computed.weights) {
                Some(weights) => {
                    let known = configuration::names(self.files, &all.configuration, self.kinds);
                    if !known.contains(&weights.document) {
                        let message = format!("there is no document `{}`", weights.document);
                        let known = known.iter().map(String::as_str);
                        let name = &weights.document;
                        self.unknown(At::Value(&at), "unknown_config", message, known, name);
                        continue;
                    }
                    let read = weights.read(|it| self.in_force(it, all));
                    if let Err(why) = read {
                        self.fault(At::Value(&at), "invalid_value", why);
                    }
                }
                None => {
                    let message = format!("`{}` is no path to weights", computed.weights);
                    let hint = "write it like `config.rubric.criteria[key].weight`, or with `.*.` for an object";
                    self.fault(At::Value(&at), "invalid_value", message).hint = Some(hint.into());
                }
            }
        }
    }

    fn segments(&mut self, task: &Task, output: &Schema, base: &str) {
        let Some(segments) = &task.segments else { return };
        let base = format!("{base}/segments");
        self.quoted_text(task, segments, &base);
        for (at, path) in segments.at.each().iter().enumerate() {
            let pointer = match &segments.at {
                QuotedAt::One(_) => format!("{base}/at"),
                QuotedAt::Several(_) => format!("{base}/at/{at}"),
            };
            let is_list = |it: &Quoted| {
                let kinds = output.kinds(&it.list);
                kinds.list && !kinds.object
            };
            // A list without its brackets would never be looked at.
            let quoted = Quoted::parse(path).filter(|it| it.has_many || !is_list(it));
            match quoted {
                None => {
                    let message = format!("`{path}` is no path to passages");
                    let hint = "write it like `segment_feedback[].segment`, or `contact.words` of one object";
                    self.fault(At::Value(&pointer), "invalid_value", message).hint =
                        Some(hint.into());
                }
                Some(quoted) => self.quoted_at(task, segments, output, &quoted, &pointer),
            }
        }
    }

    /// The text that passages are looked for in.
    fn quoted_text(&mut self, task: &Task, segments: &Segments, base: &str) {
        let Some(within) = &segments.within else {
            if task.text.is_none() {
                let message = "passages are looked for in a text".to_owned();
                let hint = "add `text`, the field that the task looks at, or say `in: input.FIELD`";
                self.fault(At::Key(base), "missing_key", message).hint = Some(hint.to_owned());
            }
            return;
        };
        let pointer = format!("{base}/in");
        let is_field = within
            .strip_prefix("input.")
            .is_some_and(|it| !it.is_empty() && !it.contains(['.', '[', ']']));
        if !is_field {
            let message = format!("`{within}` is no field of what the task is given");
            let hint = Some("write it like `input.page`".to_owned());
            self.fault(At::Value(&pointer), "invalid_value", message).hint = hint;
            return;
        }
        let Some(file) = &task.input else { return };
        let task_base = base.strip_suffix("/segments").unwrap_or(base);
        if let Some(input) = self.schema(&format!("{task_base}/input"), file) {
            self.known_field(At::Value(&pointer), &input, segments.field(), "input");
        }
    }

    /// Passages at one place of the answer.
    fn quoted_at(
        &mut self,
        task: &Task,
        segments: &Segments,
        output: &Schema,
        quoted: &Quoted,
        pointer: &str,
    ) {
        let drops = segments.unfound == Unfound::Drop;
        if quoted.has_many {
            let entry = self.answer_list(output, &quoted.list, pointer, &task.output);
            if let Some(entry) = entry {
                self.entry_field(&entry, &quoted.field, pointer, &task.output);
            }
            let least = output.part(&quoted.list).and_then(|it| it.get("minItems")?.as_u64());
            if drops && least.is_some_and(|it| it > 0) {
                let message =
                    format!("`{}` may not be empty, and its entries may be dropped", quoted.list);
                let hint = Some(format!("take `minItems` out of {}", task.output));
                self.fault(At::Value(pointer), "invalid_value", message).hint = hint;
            }
            return;
        }
        let path = format!("{}.{}", quoted.list, quoted.field);
        if !self.answer_field(output, &path, pointer, &task.output) {
            return;
        }
        if drops && !output.kinds(&quoted.list).null {
            let message = format!("`{}` may not be null, and may be dropped", quoted.list);
            let hint = Some(format!("let it be null in {}", task.output));
            self.fault(At::Value(pointer), "invalid_value", message).hint = hint;
        }
    }

    /// The record of a result, and the one of its text.
    fn result_of(
        &mut self,
        name: &str,
        task: &Task,
        of: &ResultOf,
        output: Option<&Schema>,
        all: &Description,
        base: &str,
    ) {
        let pointer = format!("{base}/result");
        let within = format!("{pointer}/in");
        if task.text.is_none() {
            let message = "only what comes of a text is a result".to_owned();
            let hint = Some("add `text`, the field that the task looks at".to_owned());
            self.fault(At::Key(&pointer), "missing_key", message).hint = hint;
        }
        if task.context.values().any(|it| matches!(it, ContextSource::Refused { .. })) {
            let message = "a text has no refused proposals".to_owned();
            self.fault(At::Key(&format!("{base}/context")), "invalid_value", message);
        }
        let first = all
            .tasks
            .iter()
            .find(|(_, it)| it.result.as_ref().is_some_and(|it| it.collection == of.collection));
        if let Some((other, _)) = first.filter(|it| it.0 != name) {
            let message = format!("`{}` holds the results of `{other}`", of.collection);
            self.fault(At::Value(&within), "repeated_name", message);
        }
        if !self.known_collection(&within, &of.collection) {
            return;
        }
        let Some(results) = all.collections.get(&of.collection) else { return };
        if results.parent.as_deref() != Some(task.on.as_str()) {
            let message = format!("results lie in their texts, so in `{}`", task.on);
            let hint = Some(format!("give `{}` the `parent: {}`", of.collection, task.on));
            self.fault(At::Value(&within), "invalid_value", message).hint = hint;
        }
        if let Some(texts) = all.collections.get(&task.on) {
            self.texts(task, of, texts, &pointer);
        }
        let file = format!("{}/schema", pointer_to("/collections", &of.collection));
        let Some(schema) = self.schema(&file, &results.schema) else { return };
        let answered: Vec<String> = output.map(top_fields).unwrap_or_default();
        for taken in answered.iter().filter(|it| is_taken(it)) {
            let message = format!("the answer's field `{taken}` is one of the result's own");
            self.fault(At::Value(&format!("{base}/output")), "repeated_name", message);
        }
        let needed = FIELDS.iter().copied().chain(answered.iter().map(String::as_str));
        let missing: Vec<&str> = needed.filter(|it| !schema.knows(it)).collect();
        if !missing.is_empty() {
            let message = format!("`{}` has no place for {}", of.collection, missing.join(", "));
            let hint = Some(format!("add them to {}", results.schema));
            self.fault(At::Value(&within), "unknown_field", message).hint = hint;
        } else if let Err(faults) = schema.check(&json!({"status": "queued", "progress": 0})) {
            let why = faults.first().map(|it| format!("{} {}", it.pointer, it.message));
            let message = format!(
                "a result begins with its status and progress alone, and `{}` refuses that: {}",
                results.schema,
                why.unwrap_or_default()
            );
            self.fault(At::Value(&within), "invalid_value", message);
        }
        let placed = task.segments.as_ref().filter(|it| it.unfound == Unfound::Unplaced);
        let placed = placed.map(|it| it.at.each()).unwrap_or_default();
        let entry = |quoted: Quoted| {
            let part = schema.part(&quoted.list)?;
            if quoted.has_many { part.get("items").cloned() } else { Some(part.clone()) }
        };
        let lacks = |entry: &Json| {
            entry.get("additionalProperties") == Some(&Json::Bool(false))
                && ["start", "end"]
                    .iter()
                    .any(|it| entry.pointer(&format!("/properties/{it}")).is_none())
        };
        if placed.iter().filter_map(|it| entry(Quoted::parse(it)?)).any(|it| lacks(&it)) {
            let message = format!("passages in `{}` have no `start` and `end`", of.collection);
            let hint = Some(format!("add them to {}: integers, or null", results.schema));
            self.fault(At::Value(&within), "unknown_field", message).hint = hint;
        }
    }

    /// The collection of texts, and the fields that count them.
    fn texts(&mut self, task: &Task, of: &ResultOf, texts: &Collection, pointer: &str) {
        if texts.parent.is_some() || texts.versioned.is_some() || texts.shared {
            let message = format!(
                "texts are handed in by people, so `{}` has no parent, no versions and is not shared",
                task.on
            );
            self.fault(At::Key(pointer), "invalid_value", message);
        }
        let file = format!("{}/schema", pointer_to("/collections", &task.on));
        let Some(schema) = self.schema(&file, &texts.schema) else { return };
        for (key, path) in [("version", &of.version), ("previous", &of.previous)] {
            if let Some(path) = path {
                let at = format!("{pointer}/{key}");
                self.known_field(At::Value(&at), &schema, path, &task.on);
            }
        }
    }
}

/// The fields of an answer that are not within others.
fn top_fields(output: &Schema) -> Vec<String> {
    output.fields().into_iter().filter(|it| !it.contains('.')).collect()
}

fn is_taken(name: &str) -> bool {
    FIELDS.contains(&name) || SHOWN.contains(&name)
}

#[cfg(test)]
pub(super) mod tests {
    use std::{fs, path::Path};

    use crate::check;

    /// What is told of `tests/grader-app` with these words in place of others in a file.
    pub(in crate::check) fn told(file: &str, old: &str, new: &str) -> String {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grader-app");
        let copy = tempfile::tempdir().expect("a temporary folder can be made");
        for folder in ["", "config", "prompts", "schemas"] {
            fs::create_dir_all(copy.path().join(folder)).expect("the copy can be written");
            for entry in fs::read_dir(from.join(folder)).expect("the folder is there").flatten() {
                if entry.path().is_file() {
                    let to = copy.path().join(folder).join(entry.file_name());
                    fs::copy(entry.path(), to).expect("a file is copied");
                }
            }
        }
        let path = copy.path().join(file);
        let text = fs::read_to_string(&path).expect("the file can be read");
        assert!(text.contains(old), "`{old}` does not stand in {file}");
        fs::write(&path, text.replacen(old, new, 1)).expect("the file can be written");
        check::folder(copy.path(), &[]).to_string()
    }

    #[test]
    fn a_task_that_grades_has_no_faults() {
        assert_eq!(told("app.yaml", "app: grader", "app: other-grader"), "");
    }

    #[test]
    fn every_fault_of_a_result_is_told() {
        for (file, old, new, expected) in [
            ("app.yaml", "parent: memos", "parent: notes", "there is no collection `notes`"),
            ("app.yaml", "in: grades", "in: memos", "results lie in their texts, so in `memos`"),
            (
                "app.yaml",
                "version: version,",
                "version: versoin,",
                "`memos` has no field `versoin`",
            ),
            ("app.yaml", "    text: text\n", "", "only what comes of a text is a result"),
            ("app.yaml", "deadline_s: 3", "deadline_s: 0", "`deadline_s` must be at least 1"),
            ("app.yaml", "scores.*.score", "scores.score", "`scores.score` is no path to numbers"),
            ("app.yaml", "criteria[key].weight", "criteria[kee].weight", "has no `kee`"),
            (
                "app.yaml",
                "overall_score: {",
                "total: {",
                "`schemas/answer.json` has no field `total`",
            ),
            ("app.yaml", "passages[].segment", "passages.segment", "is no path to passages"),
            ("app.yaml", "passages[].segment", "passages[].words", "have no field `words`"),
            (
                "app.yaml",
                "segments: {at: \"passages[].segment\"}",
                "segments: {at: [\"passages[].segment\", \"strengths[]\"]}",
                "`strengths[]` is no path to passages",
            ),
            (
                "app.yaml",
                "segments: {at: \"passages[].segment\"}",
                "segments: {at: \"passages[].segment\", in: page}",
                "`page` is no field of what the task is given",
            ),
            ("app.yaml", "default: en", "default: fr", "the usual language `fr` is not among them"),
            ("app.yaml", "threshold: 0.7", "threshold: 7", "between 0 and 1, not 7"),
            ("app.yaml", "context.coach", "context.couch", "holds nothing at `couch`"),
            ("app.yaml", "prompts/criteria.md", "prompts/criterai.md", "there is no file"),
            (
                "app.yaml",
                "criteria: prompts",
                "schema: prompts",
                "`schema` is given to the templates already",
            ),
            ("config/prompt.yaml", "criteria|length }}", "criteria|length", "is no template"),
            (
                "prompts/criteria.md",
                "rubric.criteria",
                "coach",
                "`coach` is never given to this template",
            ),
            (
                "schemas/grade.json",
                "\"tokens_in\"",
                "\"tokens\"",
                "`grades` has no place for tokens_in",
            ),
            (
                "schemas/grade.json",
                "\"status\"\n",
                "\"status\", \"overall_score\"\n",
                "begins with its status and progress alone",
            ),
            (
                "schemas/answer.json",
                "\"strengths\": {",
                "\"model\": {",
                "`model` is one of the result's own",
            ),
        ] {
            let told = told(file, old, new);
            assert!(told.contains(expected), "`{expected}` is not told of `{new}`:\n{told}");
        }
    }
}
