//! Questions over data: do the tables, the columns and the documents they name exist, and can a name be
//! one of a table?

use serde_json::Value as Json;

use super::{At, Checker};
use crate::{
    description::{
        Description, Questions,
        question::{ColumnKind, QuestionColumn, QuestionTable},
    },
    field,
    language::KNOWN,
    marked::Place,
};

impl Checker<'_> {
    pub(super) fn languages(&mut self, description: &Description) {
        if description.languages.is_empty() {
            let message = "an application speaks a language".to_owned();
            self.fault(At::Value("/languages"), "invalid_value", message);
        }
        for (at, language) in description.languages.iter().enumerate() {
            let pointer = format!("/languages/{at}");
            if !KNOWN.contains(&language.as_str()) {
                let message = format!("the language `{language}` cannot be told from others");
                self.unknown(At::Value(&pointer), "unknown_language", message, KNOWN, language);
            }
            if description.languages[..at].contains(language) {
                let message = format!("`{language}` stands twice");
                self.fault(At::Value(&pointer), "repeated_name", message);
            }
        }
    }

    pub(super) fn questions(&mut self, name: &str, questions: &Questions, all: &Description) {
        let base = field::pointer_to("/questions", name);
        let at = |path: &str| format!("{base}/{path}");
        self.snake_name(At::Key(&base), "kind of questions", name);
        if questions.tables.is_empty() {
            let message = "there must be a table that can be asked about".to_owned();
            self.fault(At::Value(&at("tables")), "invalid_value", message);
        }
        for (table_name, table) in &questions.tables {
            let pointer = field::pointer_to(&at("tables"), table_name);
            self.table(table_name, table, all, &pointer);
        }
        for (key, asked) in [
            ("query", &questions.query),
            ("answer", &questions.answer),
            ("followups", &questions.followups),
        ] {
            self.exists(&at(&format!("{key}/prompt")), &asked.prompt);
            self.policy(&asked.model, &at(&format!("{key}/model")));
        }
        self.comment(questions, all, &base);
        self.period(questions, &base);
        if let Some(similar) = &questions.similar {
            let pointer = at("similar/collection");
            if self.known_collection(&pointer, &similar.collection)
                && let Some(collection) = all.collections.get(&similar.collection)
            {
                if collection.search.is_empty() {
                    let message = format!("`{}` is not searched by words", similar.collection);
                    let hint = Some("declare its fields under `search`".to_owned());
                    self.fault(At::Value(&pointer), "not_searched", message).hint = hint;
                }
                self.question_field(&at("similar/field"), &similar.collection, &similar.field, all);
                if let Some(recent) = &similar.recent {
                    let of = &similar.collection;
                    self.question_field(&at("similar/recent/field"), of, &recent.field, all);
                }
            }
        }
        for (key, source) in &questions.context {
            let pointer = field::pointer_to(&at("context"), key);
            if QUERY_VARIABLES.contains(&key.as_str()) || OTHER_VARIABLES.contains(&key.as_str()) {
                let message = format!("`{key}` is given to the templates of questions already");
                self.fault(At::Key(&pointer), "repeated_name", message);
            }
            self.config_source(source, &pointer, all);
        }
        if let Some(source) = &questions.restricted {
            self.config_named(source, &at("restricted"), all);
        }
        if let Some(source) = &questions.initial {
            self.config_named(source, &at("initial"), all);
            self.initial(source, all);
        }
        self.question_numbers(questions, &base);
    }

    fn table(&mut self, name: &str, table: &QuestionTable, all: &Description, base: &str) {
        if !is_plain(name) || RESERVED.contains(&name) || name.starts_with("mainstay_") {
            let message = format!("`{name}` cannot be the name of a table that is asked about");
            let hint = "small letters, digits and `_`, and no name of the server's own tables";
            self.fault(At::Key(base), "invalid_name", message).hint = Some(hint.to_owned());
        }
        if table.columns.is_empty() {
            let message = format!("`{name}` needs a column");
            self.fault(At::Value(base), "invalid_value", message);
        }
        let is_known = self.known_collection(&format!("{base}/of"), &table.of);
        for (column_name, column) in &table.columns {
            let pointer = field::pointer_to(&format!("{base}/columns"), column_name);
            if !is_plain(column_name) {
                let message = format!("`{column_name}` cannot be the name of a column");
                let hint = Some("small letters, digits and `_`".to_owned());
                self.fault(At::Key(&pointer), "invalid_name", message).hint = hint;
            }
            if is_known {
                self.column(column_name, column, table, all, &pointer);
            }
        }
    }

    fn column(
        &mut self,
        name: &str,
        column: &QuestionColumn,
        table: &QuestionTable,
        all: &Description,
        pointer: &str,
    ) {
        match &column.field {
            Some(given) => {
                self.question_field(&format!("{pointer}/field"), &table.of, given, all);
            }
            None => self.question_field(pointer, &table.of, name, all),
        }
        if !column.words.is_empty() && !matches!(column.kind, ColumnKind::Text | ColumnKind::Word) {
            let message = "only text has words that mean a value".to_owned();
            self.fault(At::Value(&format!("{pointer}/words")), "invalid_value", message);
        }
    }

    fn question_field(&mut self, pointer: &str, collection: &str, name: &str, all: &Description) {
        let Some(spec) = all.collections.get(collection) else { return };
        let file = format!("{}/schema", field::pointer_to("/collections", collection));
        let Some(schema) = self.schema(&file, &spec.schema) else { return };
        self.known_field(At::Value(pointer), &schema, name, collection);
    }

    fn comment(&mut self, questions: &Questions, all: &Description, base: &str) {
        let Some(comment) = &questions.comment else { return };
        let at = |path: &str| format!("{base}/comment/{path}");
        self.exists(&at("prompt"), &comment.prompt);
        self.policy(&comment.model, &at("model"));
        if !self.known_collection(&at("collection"), &comment.collection) {
            return;
        }
        if let Some(key) = &comment.key {
            self.question_field(&at("key"), &comment.collection, key, all);
        }
        for (index, name) in comment.fields.iter().enumerate() {
            self.question_field(&at(&format!("fields/{index}")), &comment.collection, name, all);
        }
    }

    /// The time of a question: a column that has one, in some table.
    fn period(&mut self, questions: &Questions, base: &str) {
        let Some(period) = &questions.period else { return };
        let pointer = format!("{base}/period/column");
        let mut columns = questions.tables.values().filter_map(|it| it.columns.get(&period.column));
        match columns.next() {
            None => {
                let message = format!("no table has a column `{}`", period.column);
                let known: Vec<&str> = questions
                    .tables
                    .values()
                    .flat_map(|it| it.columns.keys().map(String::as_str))
                    .collect();
                self.unknown(At::Value(&pointer), "unknown_field", message, known, &period.column);
            }
            Some(column) if !matches!(column.kind, ColumnKind::Timestamp | ColumnKind::Date) => {
                let message = format!("`{}` holds no time", period.column);
                let hint = Some("write `as: timestamp` or `as: date`".to_owned());
                self.fault(At::Value(&pointer), "invalid_value", message).hint = hint;
            }
            Some(_) => {}
        }
        if !(1..=MONTHS_MAX).contains(&period.months) {
            let message = format!("`months` must be between 1 and {MONTHS_MAX}");
            self.fault(At::Value(&format!("{base}/period/months")), "invalid_value", message);
        }
        if period.reach_days.is_some_and(|it| !(1..=DAYS_MAX).contains(&it)) {
            let message = format!("`reach_days` must be between 1 and {DAYS_MAX}");
            self.fault(At::Value(&format!("{base}/period/reach_days")), "invalid_value", message);
        }
    }

    /// Questions to begin with: in each category, in each language, some questions.
    fn initial(&mut self, source: &str, all: &Description) {
        let Some(name) = source.strip_prefix("config.") else { return };
        let (files, file) = (self.files, self.config_file(name, all));
        let Some(document) = files.document(&file) else { return };
        let Some(categories) = document.value.get("categories").and_then(Json::as_object) else {
            let message = "`categories` is missing: name → language → description, questions";
            let at = At::File(&file, Place::START);
            self.fault(at, "missing_key", message.to_owned());
            return;
        };
        for (category, texts) in categories {
            for language in &all.languages {
                let pointer =
                    field::pointer_to(&field::pointer_to("/categories", category), language);
                let questions = texts.get(language).and_then(|it| it.get("questions"));
                let is_good = questions
                    .and_then(Json::as_array)
                    .is_some_and(|it| !it.is_empty() && it.iter().all(Json::is_string));
                if !is_good {
                    let place = document.place(&pointer);
                    let message = format!("`{category}` has no questions in `{language}`");
                    self.fault(At::File(&file, place), "missing_key", message);
                }
            }
        }
    }

    fn question_numbers(&mut self, questions: &Questions, base: &str) {
        let limits = &questions.limits;
        let recent = questions.similar.as_ref().and_then(|it| it.recent.as_ref());
        for (path, value) in [
            ("turns", u64::from(questions.turns)),
            ("context_tokens", questions.context_tokens),
            ("question_chars", questions.question_chars as u64),
            ("keep_days", u64::from(questions.keep_days)),
            ("title_chars", questions.title_chars as u64),
            ("similar/recent/months", recent.map_or(1, |it| it.months.into())),
            ("limits/rows", limits.rows as u64),
            ("limits/cell_chars", limits.cell_chars as u64),
            ("limits/bytes", limits.bytes as u64),
            ("limits/time_ms", limits.time_ms),
        ] {
            if value == 0 {
                let message = format!("`{}` must be at least 1", path.replace('/', "."));
                self.fault(At::Value(&format!("{base}/{path}")), "invalid_value", message);
            }
        }
        if questions.repairs > REPAIRS_MAX {
            let message = format!("a query is written anew at most {REPAIRS_MAX} times");
            self.fault(At::Value(&format!("{base}/repairs")), "invalid_value", message);
        }
        if limits.cost <= 0.0 {
            let message = "`cost` must be more than 0".to_owned();
            self.fault(At::Value(&format!("{base}/limits/cost")), "invalid_value", message);
        }
    }
}

const MONTHS_MAX: u32 = 120;
const DAYS_MAX: u32 = 36_500;
const REPAIRS_MAX: u32 = 5;

/// Tables of the server that questions are never about; a view of theirs would stand before them.
const RESERVED: [&str; 8] =
    ["records", "versions", "users", "sessions", "tenants", "audit_log", "blobs", "jobs"];

/// What the template for a query is given.
pub(crate) const QUERY_VARIABLES: [&str; 13] = [
    "question",
    "language",
    "language_name",
    "today",
    "history",
    "dialect",
    "tables",
    "period",
    "rows",
    "categories",
    "similar",
    "last_query",
    "fault",
];

/// What the template for an answer is given.
pub(crate) const ANSWER_VARIABLES: [&str; 8] = [
    "question",
    "language",
    "language_name",
    "today",
    "history",
    "result",
    "result_count",
    "avoid",
];

/// What the template for follow-ups is given.
pub(crate) const FOLLOWUP_VARIABLES: [&str; 7] =
    ["question", "language", "language_name", "today", "history", "count", "kind"];

/// What the template for a comment is given.
pub(crate) const COMMENT_VARIABLES: [&str; 7] =
    ["question", "language", "language_name", "today", "history", "response", "record"];

const OTHER_VARIABLES: [&str; 7] =
    ["result", "result_count", "avoid", "count", "kind", "response", "record"];

/// Small letters, digits and `_`, and short.
fn is_plain(name: &str) -> bool {
    name.len() <= 60
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
}
