//! What is private: does anything show what people keep for themselves to everybody?
//!
//! Whoever asks about a record of theirs sees it; whatever looks into a whole collection, is kept for all, or
//! goes on by itself does not ask who looks, so none of it may look into a private one.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{At, Checker};
use crate::{
    description::{Description, RunMode, task::ContextSource},
    field::pointer_to,
};

impl Checker<'_> {
    pub(super) fn private(&mut self, all: &Description) {
        let is_private = |name: &str| all.collections.get(name).is_some_and(|it| it.private);
        let given = looked_into(all).into_iter().chain(kept_for_all(all));
        for (pointer, name) in given.filter(|it| is_private(it.1)) {
            let message = format!("`{name}` is private, and this shows it to everybody");
            self.fault(At::Value(&pointer), "private", message);
        }
        for (name, task) in all.tasks.iter().filter(|it| is_private(&it.1.on)) {
            if let Some(kept_in) = task.kept_in.as_deref().filter(|it| !is_private(it)) {
                let pointer = format!("{}/kept_in", pointer_to("/tasks", name));
                let on = &task.on;
                let message = format!(
                    "`{on}` is private, and what is said of it is seen by everybody in `{kept_in}`"
                );
                self.fault(At::Value(&pointer), "private", message);
            }
        }
        self.private_progress(all);
        self.private_collections(all);
    }

    /// What a task makes of somebody's own results is theirs too.
    fn private_progress(&mut self, all: &Description) {
        let is_private = |name: &str| all.collections.get(name).is_some_and(|it| it.private);
        for (name, task) in &all.tasks {
            let kept = task.kept_in.as_ref().or(task.result.as_ref().map(|it| &it.collection));
            let is_seen = task.run == Some(RunMode::Job) || kept.is_some_and(|it| !is_private(it));
            let base = format!("{}/context", pointer_to("/tasks", name));
            for (key, source) in task.context.iter().filter(|_| is_seen) {
                let ContextSource::Progress(of) = source else { continue };
                let progress = all.progress.get(&of.progress);
                if let Some(progress) = progress.filter(|it| is_private(&it.of)) {
                    let message = format!(
                        "`{}` is private, and what this task makes of it is seen by everybody",
                        progress.of
                    );
                    self.fault(At::Value(&pointer_to(&base, key)), "private", message);
                }
            }
        }
    }

    fn private_collections(&mut self, all: &Description) {
        for (name, collection) in &all.collections {
            let base = pointer_to("/collections", name);
            let holder =
                collection.parent.as_ref().and_then(|it| all.collections.get_key_value(it));
            if let Some((holder, _)) = holder.filter(|it| it.1.private && !collection.private) {
                let message = format!(
                    "`{name}` lies in `{holder}`, which is private, and is seen by everybody"
                );
                let hint = Some(format!("say `private: true` for `{name}` too"));
                self.fault(At::Value(&format!("{base}/parent")), "private", message).hint = hint;
            }
            if !collection.private {
                continue;
            }
            if collection.shared {
                let message = format!("`{name}` is private, so it is not shared by all tenants");
                self.fault(At::Value(&format!("{base}/shared")), "private", message);
            }
            let is_version_of = holder.and_then(|it| it.1.versioned.as_ref());
            if collection.versioned.is_some()
                || is_version_of.is_some_and(|it| it.children == *name)
            {
                let message = format!(
                    "`{name}` is private, and versions with their exports and proposals are seen by everybody"
                );
                self.fault(At::Value(&format!("{base}/private")), "private", message);
            }
        }
    }
}

/// What is searched, asked about, or given to templates as a whole: where that stands, and the collection.
fn looked_into(all: &Description) -> Vec<(String, &str)> {
    let mut given: Vec<(String, &str)> = Vec::new();
    for (name, assistant) in &all.assistants {
        let base = pointer_to("/assistants", name);
        let each = assistant.collections.iter().enumerate();
        given.extend(each.map(|(at, it)| (format!("{base}/collections/{at}"), it.as_str())));
    }
    for (name, questions) in &all.questions {
        let base = pointer_to("/questions", name);
        for (table, it) in &questions.tables {
            let pointer = pointer_to(&format!("{base}/tables"), table);
            given.push((format!("{pointer}/of"), it.of.as_str()));
        }
        let similar = questions.similar.as_ref();
        given.extend(
            similar.map(|it| (format!("{base}/similar/collection"), it.collection.as_str())),
        );
    }
    for (name, task) in &all.tasks {
        let base = format!("{}/context", pointer_to("/tasks", name));
        for (key, source) in &task.context {
            if let ContextSource::Chosen(chosen) = source {
                let pointer = format!("{}/collection", pointer_to(&base, key));
                given.push((pointer, chosen.collection.as_str()));
            }
        }
    }
    given
}

/// Routes whose answers are kept for whoever asks next.
fn kept_for_all(all: &Description) -> Vec<(String, &str)> {
    let mut kept = Vec::new();
    let Some(routes) = &all.routes else { return kept };
    let main = ("/routes/paths".to_owned(), &routes.paths);
    let others = routes.versions.iter().map(|(prefix, it)| {
        (format!("{}/paths", pointer_to("/routes/versions", prefix)), &it.paths)
    });
    for (base, paths) in [main].into_iter().chain(others) {
        for (path, route) in paths {
            let Some(cache) = &route.cache else { continue };
            let own = route.set.get("collection").and_then(Json::as_str);
            let pointer = format!("{}/cache", pointer_to(&base, path));
            // What is watched may go along: callers name it in `with` themselves.
            let watched = cache.tags.iter().map(String::as_str);
            let mut shown: BTreeSet<&str> =
                own.into_iter().chain(route.with()).chain(watched).collect();
            if own.is_none() && route.operation.starts_with("records.") {
                // It answers with a record of whatever collection.
                shown.extend(all.collections.keys().map(String::as_str));
            }
            kept.extend(shown.into_iter().map(|it| (pointer.clone(), it)));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use crate::check::results::tests::told;

    #[test]
    fn nothing_shows_to_everybody_what_people_keep_for_themselves() {
        let shown = "is private, and this shows it to everybody";
        let task = "context: {rubric: config.rubric}";
        let given = "context: {rubric: config.rubric, others: {collection: memos, most: 5}}";
        let one = "context: {rubric: config.rubric, other: {collection: memos}}";
        let searched =
            "on: {records: grades, with: [parent], earlier: 2}\n    collections: [grades]";
        let kept = "routes:\n  paths:\n    GET /grades/{record}: {do: records.get, set: {collection: grades}, cache: {ttl: 5m}}\nassistants:\n";
        let any = "routes:\n  paths:\n    GET /things/{record}: {do: records.get, cache: {ttl: 5m, tags: [notes]}}\nassistants:\n";
        let watched = "routes:\n  paths:\n    GET /notes/{record}: {do: records.get, set: {collection: notes}, cache: {ttl: 5m, tags: [notes, memos]}}\nassistants:\n";
        let along = "routes:\n  paths:\n    GET /memos/{record}: {do: records.get, set: {with: [grades]}, cache: {ttl: 5m}}\nassistants:\n";
        for (old, new, expected) in [
            (task, given, shown),
            (task, one, shown),
            ("on: {records: grades, with: [parent], earlier: 2}", searched, shown),
            ("assistants:\n", kept, shown),
            ("assistants:\n", along, shown),
            ("assistants:\n", any, shown),
            ("assistants:\n", watched, shown),
            ("text: text\n", "text: text\n    kept_in: notes\n", "is seen by everybody in `notes`"),
            (
                "title: status\n    private: true",
                "title: status",
                "`grades` lies in `memos`, which is private",
            ),
            (
                "    private: true",
                "    private: true\n    shared: true",
                "is not shared by all tenants",
            ),
            (
                "    private: true",
                "    private: true\n    versioned: {children: grades}",
                "with their exports and proposals",
            ),
        ] {
            let told = told("app.yaml", old, new);
            assert!(told.contains(expected), "`{expected}` is not told:\n{told}");
        }
    }

    #[test]
    fn an_assistant_may_be_asked_about_what_is_private() {
        let plain = "on: {records: grades, with: [parent], earlier: 2}";
        assert_eq!(told("app.yaml", plain, "on: {records: grades}"), "");
    }
}
