//! The documents of `config/` that Mainstay types itself: which there are, and who reads each.
//!
//! Every type lives in the room that acts on it; those of the server are here. A value that nothing acts
//! upon has no place in them: what an application wants to say beside goes under `own`, with a schema.
//!
//! Start at [`kinds`].

pub mod frontend;
pub mod performance;
pub mod security;

use apps::configuration::{Category, Finding, Kind};

pub use frontend::Frontend;
pub use performance::Performance;
pub use security::Security;

/// All of them, by category.
pub fn kinds() -> Vec<Kind> {
    use Category as C;
    vec![
        Kind::of(
            "auth",
            C::SystemSecurity,
            "How people sign in, and for how long.",
            |it: &identity::Settings| {
                it.check().iter().map(|it| finding(it.field, &it.fault)).collect()
            },
        ),
        Kind::of(
            "security",
            C::SystemSecurity,
            "What browsers are told to be careful with, and how long a text may be.",
            Security::check,
        ),
        Kind::of(
            "frontend",
            C::Components,
            "What the interface is told: texts, lengths, intervals, what is switched on.",
            Frontend::check,
        ),
        Kind::of("backend", C::Components, "How requests are served.", |_: &crate::Settings| {
            Vec::new()
        }),
        Kind::of(
            "database",
            C::Infrastructure,
            "How the database is used.",
            |it: &store::Settings| {
                it.check().iter().map(|it| finding(it.path, it.message)).collect()
            },
        ),
        Kind::of(
            "llm",
            C::Infrastructure,
            "Which models there are, what they cost, and how they are asked.",
            |it: &models::Settings| {
                it.check_alone().iter().map(|it| finding(&it.path, &it.message)).collect()
            },
        ),
        Kind::of(
            "knowledge",
            C::Infrastructure,
            "How documents are taken in, cut and found.",
            |it: &knowledge::Settings| {
                // Where an engine of vectors is may be said by the environment.
                let all = it.check().into_iter().filter(|it| !it.path.starts_with("vectors"));
                all.map(|it| finding(it.path, &it.message)).collect()
            },
        ),
        Kind::of(
            "blobs",
            C::Infrastructure,
            "Where the bytes of files are put.",
            // What is needed for a bucket, the environment says.
            |_: &store::blob::Settings| Vec::new(),
        ),
        Kind::of(
            "logging",
            C::Operations,
            "Which log lines are written, and how.",
            |it: &observe::Logging| {
                it.check().iter().map(|it| finding(it.path, &it.message)).collect()
            },
        ),
        Kind::of(
            "monitoring",
            C::Operations,
            "How the process looks after itself.",
            |it: &observe::Monitoring| {
                it.check().iter().map(|it| finding(it.path, &it.message)).collect()
            },
        ),
        Kind::of(
            "performance",
            C::Operations,
            "How much is done at the same time.",
            Performance::check,
        ),
    ]
}

fn finding(path: &str, message: &str) -> Finding {
    Finding { path: path.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use apps::configuration::TYPED;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_document_that_has_a_category_has_a_type() {
        let typed: Vec<(&str, Category)> =
            kinds().iter().map(|it| (it.name(), it.category())).collect();
        assert_eq!(typed, TYPED);
    }

    #[test]
    fn every_default_is_told() {
        let in_force = |name: &str| {
            let kinds = kinds();
            let kind = kinds.iter().find(|it| it.name() == name).expect("a kind");
            kind.in_force(&json!({}))
        };
        assert_eq!(in_force("backend")["time_limit_s"], 30);
        assert_eq!(in_force("database")["pool_size"], 16);
        assert_eq!(in_force("database")["synchronous"], "full");
        assert_eq!(in_force("logging")["level"], "info");
        assert_eq!(in_force("frontend")["autosave"], "30s");
        assert_eq!(in_force("security")["headers"]["frame"], "deny");
        assert_eq!(in_force("security")["texts"]["chars_max"], serde_json::Value::Null);
        assert_eq!(in_force("performance")["jobs_at_once"], 4);
        assert!(in_force("llm")["retry"]["times"].is_u64());
    }
}
