//! Progress and reports: do the collections, fields, documents and roles that they name exist, and do the
//! fields hold what is read from them?

use super::{At, Checker};
use crate::{
    description::{
        Description, Progress, Report, RunMode,
        report::{CriteriaSection, PassagesSection, ProgressSection, Section},
        task::ContextSource,
    },
    field,
    schema::Schema,
};

/// What is said of a role for which there is no name: all who may read records.
const EVERYBODY: &str = "everybody";

impl Checker<'_> {
    pub(super) fn progress(&mut self, name: &str, progress: &Progress, all: &Description) {
        let base = field::pointer_to("/progress", name);
        let at = |path: &str| format!("{base}/{path}");
        self.snake_name(At::Key(&base), "progress", name);
        if progress.kept_for().is_none() {
            let message = format!("`{}` is no length of time", progress.cache);
            let hint = Some("write it like `1h` or `10m`".to_owned());
            self.fault(At::Value(&at("cache")), "invalid_value", message).hint = hint;
        }
        for (index, document) in progress.rests_on.iter().enumerate() {
            self.config_path(&at(&format!("rests_on/{index}")), document, false, all);
        }
        for role in progress.others.keys() {
            self.known_role(At::Key(&field::pointer_to(&at("others"), role)), role, all);
        }
        if progress.criteria.is_some() && progress.criteria().is_none() {
            let message = "`criteria` is no path to numbers by criterion".to_owned();
            let hint = Some("write it like `scores.*.score`, or `scores.*`".to_owned());
            self.fault(At::Value(&at("criteria")), "invalid_value", message).hint = hint;
        }
        self.said_in_words(name, progress, &at("comment"), all);
        let of = &progress.of;
        if !self.known_collection(&at("of"), of) {
            return;
        }
        let collection = &all.collections[of];
        let is_in_versions = collection.parent.as_ref().is_some_and(|parent| {
            let parent = all.collections.get(parent);
            parent.and_then(|it| it.versioned.as_ref()).is_some_and(|it| it.children == *of)
        });
        if collection.shared || is_in_versions {
            let message = format!("records of `{of}` belong to nobody, so they have no progress");
            self.fault(At::Value(&at("of")), "invalid_value", message);
        }
        let Some(schema) = self.schema(&field::pointer_to("/collections", of), &collection.schema)
        else {
            return;
        };
        self.owner_field(&at("owner"), &progress.owner, &schema, of);
        if !["created_at", "updated_at"].contains(&progress.at.as_str()) {
            let is_text = |schema: &Schema, it: &str| schema.kinds(it).text;
            self.field_of(&at("at"), &progress.at, &schema, of, ("a day or a moment", is_text));
        }
        let is_number = |schema: &Schema, it: &str| schema.kinds(it).integer;
        self.field_of(&at("overall"), &progress.overall, &schema, of, ("a number", is_number));
        if let Some((object, _)) = progress.criteria() {
            let is_object = |schema: &Schema, it: &str| schema.kinds(it).object;
            self.field_of(&at("criteria"), object, &schema, of, ("an object", is_object));
        }
        for (index, list) in progress.recurring.iter().enumerate() {
            let is_list = |schema: &Schema, it: &str| schema.kinds(it).list;
            let pointer = at(&format!("recurring/{index}"));
            self.field_of(&pointer, list, &schema, of, ("a list", is_list));
        }
        for path in progress.only.keys() {
            let pointer = field::pointer_to(&at("only"), path);
            self.known_field(At::Key(&pointer), &schema, path, of);
        }
    }

    pub(super) fn report(&mut self, name: &str, report: &Report, all: &Description) {
        let base = field::pointer_to("/reports", name);
        let at = |path: &str| format!("{base}/{path}");
        self.snake_name(At::Key(&base), "report", name);
        if report.sections.is_empty() {
            let message = "a report without sections says nothing".to_owned();
            self.fault(At::Value(&at("sections")), "invalid_value", message);
        }
        for (index, role) in report.others.iter().enumerate() {
            if role != EVERYBODY {
                self.known_role(At::Value(&at(&format!("others/{index}"))), role, all);
            }
        }
        if !self.known_collection(&at("of"), &report.of) {
            return;
        }
        let file = &all.collections[&report.of].schema;
        let pointer = field::pointer_to("/collections", &report.of);
        let Some(schema) = self.schema(&pointer, file) else { return };
        self.owner_field(&at("owner"), &report.owner, &schema, &report.of);
        if let Some(language) = &report.language {
            self.known_field(At::Value(&at("language")), &schema, language, &report.of);
        }
        for path in report.only.keys() {
            let pointer = field::pointer_to(&at("only"), path);
            self.known_field(At::Key(&pointer), &schema, path, &report.of);
        }
        for (index, section) in report.sections.iter().enumerate() {
            self.section(section, report, &schema, all, &at(&format!("sections/{index}")));
        }
    }

    fn section(
        &mut self,
        section: &Section,
        report: &Report,
        schema: &Schema,
        all: &Description,
        base: &str,
    ) {
        // What another record is about: its collection, when it is known, and its schema.
        let other = section.from().map(|from| self.from(from, report, all, base));
        let (of, schema) = match other {
            None => (report.of.clone(), schema.clone()),
            Some(Some(found)) => found,
            Some(None) => return,
        };
        match section {
            Section::Facts(it) => {
                for (index, fact) in it.fields.iter().enumerate() {
                    let is_own = ["created_at", "updated_at"].contains(&fact.field.as_str());
                    if !is_own {
                        let pointer = format!("{base}/facts/fields/{index}/field");
                        self.known_field(At::Value(&pointer), &schema, &fact.field, &of);
                    }
                }
            }
            Section::Text(it) => {
                let pointer = format!("{base}/text/field");
                self.known_field(At::Value(&pointer), &schema, &it.field, &of);
            }
            Section::List(it) => {
                let is_list = |schema: &Schema, it: &str| schema.kinds(it).list;
                let pointer = format!("{base}/list/field");
                self.field_of(&pointer, &it.field, &schema, &of, ("a list", is_list));
            }
            Section::Criteria(it) => self.criteria_section(it, &schema, &of, all, base),
            Section::Passages(it) => self.passages_section(it, &schema, &of, base),
            Section::Progress(it) => self.progress_section(it, report, all, base),
        }
    }

    fn criteria_section(
        &mut self,
        section: &CriteriaSection,
        schema: &Schema,
        of: &str,
        all: &Description,
        base: &str,
    ) {
        let is_object = |schema: &Schema, it: &str| schema.kinds(it).object;
        let pointer = format!("{base}/criteria/field");
        self.field_of(&pointer, &section.field, schema, of, ("an object", is_object));
        if section.most <= section.least {
            let message = "a bar must have a length: `most` is more than `least`".to_owned();
            self.fault(At::Value(&format!("{base}/criteria/most")), "invalid_value", message);
        }
        if let Some(names) = &section.names {
            self.config_named(names, &format!("{base}/criteria/names"), all);
        }
    }

    fn passages_section(
        &mut self,
        section: &PassagesSection,
        schema: &Schema,
        of: &str,
        base: &str,
    ) {
        let is_list = |schema: &Schema, it: &str| schema.kinds(it).list;
        let pointer = format!("{base}/passages/field");
        self.field_of(&pointer, &section.field, schema, of, ("a list", is_list));
    }

    fn progress_section(
        &mut self,
        section: &ProgressSection,
        report: &Report,
        all: &Description,
        base: &str,
    ) {
        let pointer = format!("{base}/progress/of");
        self.known_progress(&pointer, &section.of, all);
        if let Some(progress) = all.progress.get(&section.of)
            && (progress.of != report.of || progress.owner != report.owner)
        {
            let message = format!(
                "`{}` is of other records, or of other owners, than this report",
                section.of
            );
            self.fault(At::Value(&pointer), "invalid_value", message);
        }
    }

    /// Checks that a name of a progress is one.
    pub(super) fn known_progress(&mut self, pointer: &str, name: &str, all: &Description) {
        if !all.progress.contains_key(name) {
            let message = format!("there is no progress `{name}`");
            let known = all.progress.keys().map(String::as_str);
            self.unknown(At::Value(pointer), "unknown_progress", message, known, name);
        }
    }

    /// The task that says a progress in words: does it see it, and is there nothing else that it needs?
    fn said_in_words(&mut self, name: &str, progress: &Progress, pointer: &str, all: &Description) {
        let Some(said_by) = &progress.comment else { return };
        if !self.known_task(pointer, said_by) {
            return;
        }
        let Some(task) = all.tasks.get(said_by) else { return };
        let is_it =
            |it: &ContextSource| matches!(it, ContextSource::Progress(of) if of.progress == name);
        if !task.context.values().any(is_it) {
            let message = format!("`{said_by}` does not see `{name}`");
            let hint = Some(format!("give it `context: {{{name}: {{progress: {name}}}}}`"));
            self.fault(At::Value(pointer), "invalid_value", message).hint = hint;
        }
        let needs_records = task.text.is_some()
            || task.each.is_some()
            || task.proposes.is_some()
            || task.makes.is_some()
            || task.run == Some(RunMode::Job);
        if needs_records {
            let message = format!("`{said_by}` is about records or a text, and here there is none");
            self.fault(At::Value(pointer), "invalid_value", message);
        }
        let output = format!("{}/output", field::pointer_to("/tasks", said_by));
        if let Some(schema) = self.schema(&output, &task.output) {
            self.answer_field(&schema, "comment", pointer, &task.output);
        }
    }

    /// The collection of another record, and its schema.
    fn from(
        &mut self,
        from: &str,
        report: &Report,
        all: &Description,
        base: &str,
    ) -> Option<(String, Schema)> {
        let own = &all.collections[&report.of];
        let of = match from {
            "parent" => own.parent.clone(),
            path => own.references.get(path).cloned(),
        };
        let Some(of) = of.filter(|it| all.collections.contains_key(it)) else {
            let message = format!("records of `{}` name no other under `{from}`", report.of);
            let known = own.references.keys().map(String::as_str).chain(["parent"]);
            self.unknown(At::Value(base), "unknown_field", message, known, from);
            return None;
        };
        let file = &all.collections[&of].schema;
        let schema = self.schema(&field::pointer_to("/collections", &of), file)?;
        Some((of, schema))
    }

    fn owner_field(&mut self, pointer: &str, owner: &str, schema: &Schema, of: &str) {
        if owner != "created_by" {
            let is_text = |schema: &Schema, it: &str| schema.kinds(it).text;
            self.field_of(pointer, owner, schema, of, ("the id of a user", is_text));
        }
    }

    /// Checks that a field is there, and that it may hold what is read from it.
    fn field_of(
        &mut self,
        pointer: &str,
        path: &str,
        schema: &Schema,
        of: &str,
        (what, is_it): (&str, fn(&Schema, &str) -> bool),
    ) {
        self.known_field(At::Value(pointer), schema, path, of);
        if schema.knows(path) && !is_it(schema, path) {
            let message = format!("`{path}` does not hold {what}");
            self.fault(At::Value(pointer), "invalid_value", message);
        }
    }

    /// Checks that a role is one of the application's or of the house's, and that it can be told from the
    /// others.
    fn known_role(&mut self, at: At<'_>, name: &str, all: &Description) {
        let Some(role) = all.roles.get(name) else {
            if name.parse::<base::Role>().is_err() {
                let message = format!("there is no role `{name}`");
                let house = base::Role::ALL.iter().map(|it| it.name());
                let known = all.roles.keys().map(String::as_str).chain(house);
                self.unknown(at, "unknown_role", message, known, name);
            }
            return;
        };
        let same = all.roles.iter().find(|(other, it)| {
            *other != name && it.role == role.role && it.tenants == role.tenants
        });
        if let Some((other, _)) = same {
            let message = format!(
                "`{name}` is the same role of the house as `{other}`, so both would see the same"
            );
            let hint = Some("name the other one too, or let one be another role".to_owned());
            self.fault(at, "invalid_value", message).warns().hint = hint;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::results::tests::told;

    #[test]
    fn words_and_templates_see_a_progress_that_is_there_and_show_it_to_nobody_else() {
        let progress = |comment: &str| {
            format!(
                "progress:\n  writing: {{of: grades, overall: overall_score{comment}}}\nassistants:\n"
            )
        };
        let own = "on: {records: grades, with: [parent], earlier: 2}";
        let aloud = "progress:\n  writing: {of: grades, overall: overall_score}\ntasks:\n  aloud: {title: Aloud, on: memos, run: job, prompt: prompts/grade.md, output: schemas/answer.json, context: {mine: {progress: writing}}}\n";
        for (old, new, expected) in [
            ("assistants:\n", progress(", comment: gradde"), "there is no task `gradde`"),
            ("assistants:\n", progress(", comment: grade"), "`grade` does not see `writing`"),
            ("assistants:\n", progress(", comment: grade"), "`grade` is about records or a text"),
            ("assistants:\n", progress(", comment: grade"), "has no field `comment`"),
            (
                "context: {rubric: config.rubric}",
                "context: {rubric: config.rubric, mine: {progress: writing}}".to_owned(),
                "there is no progress `writing`",
            ),
            (
                own,
                format!("{own}\n    context: {{mine: {{progress: writing}}}}"),
                "there is no progress `writing`",
            ),
            (
                "tasks:\n",
                aloud.to_owned(),
                "`grades` is private, and what this task makes of it is seen by everybody",
            ),
        ] {
            let report = told("app.yaml", old, &new);
            assert!(report.contains(expected), "`{expected}` is not told:\n{report}");
        }
        assert_eq!(told("app.yaml", "assistants:\n", &progress("")), "");
    }
}
