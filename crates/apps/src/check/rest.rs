//! Everything in `app.yaml` that is neither a collection nor a task nor a route.

use std::collections::HashSet;

use super::{At, Checker};
use crate::{
    description::{Description, Environment, Limit, RoleName, Tenants},
    field,
};

/// What models are used for beside tasks.
const MODEL_USES: [&str; 8] = [
    "embed",
    "search",
    "summary",
    "title",
    "question_query",
    "question_answer",
    "question_followups",
    "question_comment",
];
/// The kinds of jobs that are no task.
const JOB_KINDS: [&str; 14] = [
    "import",
    "change",
    "proposals",
    "revert",
    "export",
    "knowledge.ingest",
    "knowledge.site",
    "knowledge.reembed",
    "archive",
    "archive.restore",
    "analysis",
    "result",
    "source",
    "embed",
];

impl Checker<'_> {
    pub(super) fn rest(&mut self, description: &Description) {
        self.head(description);
        self.environment(description);
        if let Some(tenants) = &description.tenants {
            self.tenants(tenants);
        }
        for (at, task) in description.changes.tasks.iter().enumerate() {
            self.known_task(&format!("/changes/tasks/{at}"), task);
        }
        for name in description.roles.keys() {
            self.snake_name(At::Key(&field::pointer_to("/roles", name)), "role", name);
            self.without(name, description);
        }
        self.people(description);
        self.visitors(description);
        for (name, event) in &description.webhooks.events {
            let pointer = field::pointer_to("/webhooks/events", name);
            let is_good = name.bytes().all(|it| {
                it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'.' | b'_')
            });
            if !is_good || name.is_empty() {
                let message = format!(
                    "`{name}` is no name for an event: lower-case letters, digits, `.` and `_`"
                );
                self.fault(At::Key(&pointer), "invalid_name", message);
            }
            if let Some(task) = &event.task {
                self.known_task(&format!("{pointer}/task"), task);
            }
        }
        for (name, limit) in &description.limits {
            self.limit(limit, &field::pointer_to("/limits", name));
        }
        self.jobs(description);
        self.audit(description);
        self.usage(description);
        let mut shown = HashSet::new();
        for (at, page) in description.pages.iter().enumerate() {
            let pointer = format!("/pages/{at}/collection");
            self.known_collection(&pointer, &page.collection);
            if !shown.insert(&page.collection) {
                let message = format!("`{}` has a page already", page.collection);
                self.fault(At::Value(&pointer), "repeated_name", message);
            }
        }
        self.nouns(description);
    }

    fn head(&mut self, description: &Description) {
        let app = &description.app;
        let is_good = app.starts_with(|it: char| it.is_ascii_lowercase())
            && app.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-');
        if !is_good && self.app.value.get("app").is_some_and(|it| it.is_string()) {
            let message = format!("`{app}` is no short name: lower-case letters, digits and `-`");
            self.fault(At::Value("/app"), "invalid_name", message);
        }
        // What is no object is told already.
        let is_told = self.app.value.get("collections").is_some_and(|it| !it.is_object());
        if !is_told && self.names.collections.is_empty() && self.names.assistants.is_empty() {
            let message = "an application keeps a collection or has an assistant".to_owned();
            self.fault(At::Value("/collections"), "invalid_value", message);
        }
    }

    fn environment(&mut self, description: &Description) {
        self.environment_words(&description.environment);
        let required = description.environment.required.iter().map(|it| ("required", it));
        let optional = description.environment.optional.iter().map(|it| ("optional", it));
        let mut seen = HashSet::new();
        let (mut at, mut list) = (0, "");
        for (key, name) in required.chain(optional) {
            at = if key == list { at + 1 } else { 0 };
            list = key;
            let pointer = format!("/environment/{key}/{at}");
            let is_good = name.starts_with(|it: char| it.is_ascii_uppercase())
                && name
                    .bytes()
                    .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_');
            if !is_good {
                let message = format!(
                    "`{name}` is no name of an environment variable: capital letters, digits and `_`"
                );
                let better: String = name
                    .chars()
                    .map(
                        |it| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' },
                    )
                    .collect();
                let hint = Some(format!("did you mean `{better}`?"));
                self.fault(At::Value(&pointer), "invalid_name", message).hint = hint;
            }
            if !seen.insert(name) {
                let message = format!("`{name}` stands twice");
                self.fault(At::Value(&pointer), "repeated_name", message);
            }
        }
    }

    /// What variables are when they are not given, and what they are for.
    fn environment_words(&mut self, environment: &Environment) {
        for (name, value) in &environment.defaults {
            let pointer = field::pointer_to("/environment/defaults", name);
            if !environment.optional.contains(name) {
                let message = match environment.required.contains(name) {
                    true => format!("`{name}` is required, so it has no default"),
                    false => format!("`{name}` is not declared"),
                };
                let hint = Some(format!("name `{name}` under `optional`"));
                self.fault(At::Key(&pointer), "unknown_variable", message).hint = hint;
            }
            if value.is_object() || value.is_array() || value.is_null() {
                let message = "a variable is a text, a number, or true or false".to_owned();
                self.fault(At::Value(&pointer), "invalid_value", message);
            }
        }
        let known: Vec<&str> = environment.names().collect();
        for name in environment.about.keys().filter(|it| !known.contains(&it.as_str())) {
            let pointer = field::pointer_to("/environment/about", name);
            let message = format!("`{name}` is not declared");
            self.unknown(At::Key(&pointer), "unknown_variable", message, known.clone(), name);
        }
    }

    /// Visitors become what somebody chose for them, and reach no more than one tenant.
    /// What a role takes away: from roles that can do without, and the same from everybody who cannot be told apart.
    fn without(&mut self, name: &str, description: &Description) {
        use base::Permission as P;
        let role = &description.roles[name];
        let base = field::pointer_to("/roles", name);
        if role.role == base::Role::Owner && !role.without.is_empty() {
            let message = format!("`{name}` is an owner: somebody must be able to do everything");
            self.fault(At::Key(&format!("{base}/without")), "invalid_value", message);
        }
        for (at, permission) in role.without.iter().enumerate() {
            let pointer = format!("{base}/without/{at}");
            if matches!(permission, P::Anyone | P::OwnAccount) {
                let message =
                    format!("`{permission}` is everybody's: without it nobody could sign out");
                self.fault(At::Value(&pointer), "invalid_value", message);
            } else if !role.role.grants(*permission) {
                let message = format!("`{}` does not have `{permission}` anyway", role.role);
                let hint = Some("leave it out".to_owned());
                self.fault(At::Value(&pointer), "invalid_value", message).warns().hint = hint;
            } else if role.without[..at].contains(permission) {
                let message = format!("`{permission}` stands twice");
                self.fault(At::Value(&pointer), "repeated_name", message);
            }
        }
        // A user has a role of the house and a reach: names for the same two are the same people.
        let differs = |other: &RoleName| {
            role.without.iter().any(|it| !other.without.contains(it))
                || other.without.iter().any(|it| !role.without.contains(it))
        };
        let other = description
            .roles
            .iter()
            .take_while(|it| it.0 != name)
            .find(|(_, it)| it.role == role.role && it.tenants == role.tenants && differs(it));
        if let Some((other, _)) = other {
            let message = format!(
                "`{name}` is the same role of the house as `{other}`: they cannot be told apart, and so not do without different things"
            );
            let hint = Some("let one be another role, or take the same from both".to_owned());
            self.fault(At::Key(&base), "invalid_value", message).hint = hint;
        }
    }

    /// What those may do who have not signed in: look and ask, never change.
    fn visitors(&mut self, description: &Description) {
        use base::Permission as P;
        if !description.visitors.is_empty() && description.tenants.is_some() {
            let message = "visitors could not say which tenant they mean".to_owned();
            let hint = Some("leave out `visitors` or `tenants`".to_owned());
            self.fault(At::Key("/visitors"), "invalid_value", message).hint = hint;
        }
        let most = [P::ReadRecords, P::ReadJobs, P::RunTasks, P::UseAssistants];
        for (at, permission) in description.visitors.iter().enumerate() {
            if !most.contains(permission) {
                let message = format!("`{permission}` is more than a visitor should have");
                let hint = Some(format!("one of: {}", most.map(|it| it.name()).join(", ")));
                self.fault(At::Value(&format!("/visitors/{at}")), "invalid_value", message).hint =
                    hint;
            }
        }
    }

    fn tenants(&mut self, tenants: &Tenants) {
        if let Some(schema) = self.schema("/tenants/schema", &tenants.schema) {
            for (at, field) in tenants.unique.iter().enumerate() {
                let pointer = format!("/tenants/unique/{at}");
                self.known_field(At::Value(&pointer), &schema, field, &tenants.noun);
            }
        }
        let prefix = &tenants.key_prefix;
        if !(1..=8).contains(&prefix.len()) || !prefix.bytes().all(|it| it.is_ascii_lowercase()) {
            let message =
                format!("`{prefix}` is no prefix for keys: one to eight lower-case letters");
            self.fault(At::Value("/tenants/key_prefix"), "invalid_name", message);
        }
    }

    fn limit(&mut self, limit: &Limit, base: &str) {
        match (&limit.rate, limit.most) {
            (None, None) => {
                let message = "a limit needs `rate` (like `100/minute`) or `most`".to_owned();
                self.fault(At::Value(base), "invalid_limit", message);
            }
            (Some(_), Some(_)) => {
                let message = "a limit has either `rate` or `most`, not both".to_owned();
                self.fault(At::Value(base), "invalid_limit", message);
            }
            (Some(rate), None) => {
                let good = rate.split_once('/').is_some_and(|(count, unit)| {
                    count.parse::<u32>().is_ok_and(|it| it > 0)
                        && ["second", "minute", "hour", "day"].contains(&unit)
                });
                if !good {
                    let message = format!("`{rate}` is no rate");
                    let hint = "write it like `100/minute`; units are second, minute, hour, day";
                    self.fault(At::Value(&format!("{base}/rate")), "invalid_limit", message).hint =
                        Some(hint.into());
                }
            }
            (None, Some(0)) => {
                let message = "`most` must be at least 1".to_owned();
                self.fault(At::Value(&format!("{base}/most")), "invalid_limit", message);
            }
            (None, Some(_)) => {}
        }
        for (at, operation) in limit.operations.iter().enumerate() {
            self.known_operation(&format!("{base}/operations/{at}"), operation);
        }
        if let Some(code) = &limit.error {
            self.known_error(At::Value(&format!("{base}/error")), code);
        }
    }

    fn jobs(&mut self, description: &Description) {
        let jobs = &description.jobs;
        for (key, value) in [
            ("timeout_s", jobs.timeout_s),
            ("attempts", u64::from(jobs.attempts)),
            ("keep_days", u64::from(jobs.keep_days)),
        ] {
            if value == 0 {
                let message = format!("`{key}` must be at least 1");
                self.fault(At::Value(&format!("/jobs/{key}")), "invalid_limit", message);
            }
        }
        for kind in jobs.names.keys() {
            let pointer = field::pointer_to("/jobs/names", kind);
            match kind.strip_prefix("task.") {
                Some(task) if self.names.tasks.iter().any(|it| it == task) => {}
                Some(task) => {
                    let known = self.names.tasks.clone();
                    let message = format!("there is no task `{task}`");
                    self.unknown(
                        At::Key(&pointer),
                        "unknown_task",
                        message,
                        known.iter().map(String::as_str),
                        task,
                    );
                }
                None if JOB_KINDS.contains(&kind.as_str()) => {}
                None => {
                    let message = format!(
                        "there is no kind of job `{kind}`; one of: {}, task.NAME",
                        JOB_KINDS.join(", ")
                    );
                    self.unknown(At::Key(&pointer), "unknown_job", message, JOB_KINDS, kind);
                }
            }
        }
    }

    fn audit(&mut self, description: &Description) {
        for action in description.audit.names.keys() {
            let Some((act, task)) = action.split_once('.') else { continue };
            if act.starts_with("task_") && !self.names.tasks.iter().any(|it| it == task) {
                let pointer = field::pointer_to("/audit/names", action);
                let known = self.names.tasks.clone();
                let message = format!("there is no task `{task}`");
                self.unknown(
                    At::Key(&pointer),
                    "unknown_task",
                    message,
                    known.iter().map(String::as_str),
                    task,
                );
            }
        }
    }

    fn usage(&mut self, description: &Description) {
        let mut known = self.names.tasks.clone();
        known.extend(self.names.assistants.iter().cloned());
        for name in description.usage.names.keys() {
            if !known.contains(name) && !MODEL_USES.contains(&name.as_str()) {
                let pointer = field::pointer_to("/usage/names", name);
                let message = format!(
                    "there is no task or assistant `{name}`; also possible: {}",
                    MODEL_USES.join(", ")
                );
                let known = known.iter().map(String::as_str).chain(MODEL_USES);
                self.unknown(At::Key(&pointer), "unknown_task", message, known, name);
            }
        }
    }
}
