//! The documents of `config/` that Mainstay types itself: which there are, and who reads each.
//!
//! Every type lives in the room that acts on it; those of the server are here. A value that nothing acts
//! upon has no place in them: what an application wants to say beside goes under `own`, with a schema.
//!
//! Start at [`kinds`]; [`kinds_in`] tells beside what of a changed document does not act.

pub mod frontend;
mod held_back;
pub mod performance;
pub mod security;

use apps::configuration::{Category, Finding, Kind};

pub use frontend::Frontend;
pub use held_back::Surroundings;
pub use performance::Performance;
pub use security::Security;

/// All of them, by category, where nothing is known of the environment.
pub fn kinds() -> Vec<Kind> {
    kinds_in(&Surroundings::default())
}

/// All of them, by category. Each knows what of it is the operator's to say beside what the environment says.
pub fn kinds_in(surroundings: &Surroundings) -> Vec<Kind> {
    use Category as C;
    vec![
        Kind::of(
            "auth",
            C::SystemSecurity,
            "How people sign in, and for how long.",
            |it: &identity::Settings| {
                it.check().iter().map(|it| finding(it.field, &it.fault)).collect()
            },
        )
        .holding_back(surroundings.of_auth()),
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
            |it: &models::Settings| it.check_alone().iter().map(of_models).collect(),
        )
        .holding_back(surroundings.of_llm()),
        Kind::of(
            "knowledge",
            C::Infrastructure,
            "How documents are taken in, cut and found.",
            |it: &knowledge::Settings| {
                let found = it.check().into_iter().filter(|it| !is_from_outside(it.path));
                found.map(|it| finding(it.path, &it.message)).collect()
            },
        )
        .holding_back(surroundings.of_knowledge()),
        Kind::of(
            "blobs",
            C::Infrastructure,
            "Where the bytes of files are put.",
            |it: &store::blob::Settings| {
                let found = it.check();
                let found = found.iter().filter_map(|it| it.split_once(": "));
                let found = found.filter(|(path, _)| !is_from_outside(path));
                found.map(|(path, message)| finding(path, message)).collect()
            },
        )
        .holding_back(surroundings.of_blobs()),
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

/// What is said of a setting of models, as the rest of a sentence that begins with it.
fn of_models(it: &models::settings::Finding) -> Finding {
    let is_rest = ["must ", "is "].iter().any(|word| it.message.starts_with(word));
    match is_rest {
        true => finding(&it.path, &it.message),
        false => finding(&it.path, &format!("cannot work: {}", it.message)),
    }
}

/// Is it for the environment to say, or for it too? A check does not look there, so it does not miss what
/// may still come.
fn is_from_outside(path: &str) -> bool {
    ["vectors.pinecone.api_key", "s3", "s3.bucket"].contains(&path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use apps::{
        check::{self, Told},
        configuration::TYPED,
    };
    use serde_json::json;

    use super::*;

    /// Says each of these, and nothing else, where it stands: `line:column` and its beginning.
    #[track_caller]
    fn check_told(name: &str, text: &str, expected: &[(&str, &str)]) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = format!("config/{name}.yaml");
        fs::create_dir(folder.path().join("config")).expect("a folder in it");
        fs::write(folder.path().join(&file), text).expect("a file in it");
        let told = |app: &str| -> Vec<String> {
            fs::write(folder.path().join("app.yaml"), app).expect("a file in it");
            let kinds = kinds();
            let report = check::whole(folder.path(), &Told { operations: &[], kinds: &kinds });
            let faults = report.faults.iter().map(ToString::to_string);
            faults.filter(|it| it.starts_with("config/")).collect()
        };
        let whole = told("app: small\ntitle: Small\ncollections: {}\n");
        assert_eq!(whole.len(), expected.len(), "{whole:#?}");
        for (place, words) in expected {
            let beginning = format!("{file}:{place}: {words}");
            assert!(whole.iter().any(|it| it.starts_with(&beginning)), "{beginning}\n{whole:#?}");
        }
        assert_eq!(told("app: [\n"), whole, "also where nobody can tell what the application is");
    }

    #[test]
    fn every_fault_of_the_settings_of_documents_is_told_where_it_stands() {
        let text = "uploads:\n  byte_max: 10\n  kinds: [pdf, png]\nchunks: {tokens: ten, overlap: 80}\n\
                    ingest:\n  pause: 5 apples\n  patience: 6 pears\nvectors:\n  engine: milvsu\n";
        let expected = [
            ("2:3", "`byte_max` is not known here (did you mean `bytes_max`?)"),
            ("3:3", "`uploads.kinds` names a kind that holds no text"),
            ("4:18", "`tokens` must be a whole number, not text"),
            ("6:10", "`pause` is no length of time"),
            ("7:13", "`patience` is no length of time"),
            ("9:11", "`engine` must be one of: builtin, pgvector, qdrant, milvus, pinecone"),
        ];
        check_told("knowledge", text, &expected);
        check_told(
            "knowledge",
            "chunks: {tokens: 100, overlap: 80}\n",
            &[("1:32", "`chunks.overlap` must be half of `chunks.tokens` at most")],
        );
        let engine = "vectors: {engine: qdrant, qdrant: {url: here}}\n";
        check_told("knowledge", engine, &[("1:41", "`vectors.qdrant.url` is no address")]);
        check_told("knowledge", "# nothing yet\n", &[]);
    }

    #[test]
    fn every_fault_of_the_settings_of_models_is_told_where_it_stands() {
        let text = "providers:\n  my.own: {base_url: 'ftp://x', concurrency: 0}\n  other: {}\n\
                    aliases: {fast: nowhere/tiny}\nfallbacks: {fast: [balanced, nope]}\nretires: {}\n";
        let expected = [
            ("2:22", "`providers.my.own.base_url` must begin with `http://` or `https://`"),
            ("2:46", "`providers.my.own.concurrency` must be at least 1"),
            ("3:3", "`providers.other.base_url` is missing"),
            ("3:3", "`providers.other.api_key` is missing"),
            ("4:17", "`aliases.fast` cannot work: there is no provider `nowhere`"),
            ("5:30", "`fallbacks.fast[1]` cannot work: `nope` is neither"),
            ("6:1", "`retires` is not known here"),
        ];
        check_told("llm", text, &expected);
    }

    #[test]
    fn what_the_environment_may_bring_is_not_missed() {
        let text = "providers: {openai: {}, groq: {}}\nembedding: openai/text-embedding-3-small\n\
                    priorities: {balanced: anthropic/claude-sonnet-4-5, speed: groq/small}\n\
                    fallbacks: {balanced: [gemini/gemini-2.5-flash]}\n";
        check_told("llm", text, &[]);
        check_told("knowledge", "vectors: {engine: pinecone}\n", &[]);
        check_told("blobs", "place: s3\n", &[]);
        check_told("blobs", "place: s3\ns3: {region: eu-west-1}\n", &[]);
    }

    #[test]
    fn every_fault_of_the_place_of_files_is_told_where_it_stands() {
        let text = "place: tape\ns3:\n  bukcet: files\n  endpoint: me:pw@host\n  timeout: 0s\n";
        let expected = [
            ("1:8", "`place` must be one of: database, directory, s3"),
            ("3:3", "`bukcet` is not known here (did you mean `bucket`?)"),
            ("4:13", "`s3.endpoint` must be an address like"),
            ("5:12", "`s3.timeout` must be more than 0"),
        ];
        check_told("blobs", text, &expected);
    }

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
        assert_eq!(in_force("security")["csrf"]["ttl"], "1h");
        assert_eq!(in_force("security")["texts"]["chars_max"], serde_json::Value::Null);
        assert_eq!(in_force("performance")["jobs_at_once"], 4);
        assert!(in_force("llm")["retry"]["times"].is_u64());
    }
}
