//! What of a changed document is held back, for whoever writes it: what the rooms make of it when they start, told
//! beforehand. Nothing here does I/O.

use apps::configuration::HeldBack;
use knowledge::vector;
use store::blob;

use super::finding;

/// What the environment says that documents are held against.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `GOOGLE_CLIENT_ID`.
    pub google_client_ids: Option<Vec<String>>,
    /// Of models.
    pub models: models::EnvValues,
    /// Of engines for vectors.
    pub vectors: vector::EnvValues,
    /// Of the places of files.
    pub blobs: blob::EnvValues,
}

impl Surroundings {
    pub(super) fn of_auth(
        &self,
    ) -> impl Fn(identity::Settings, identity::Settings) -> Vec<HeldBack> + use<> {
        let client_ids = self.google_client_ids.clone();
        move |changed, file| {
            let settings = identity::Settings::changed(changed, file, client_ids.clone());
            let held_back = settings.google.held_back.iter();
            let warned = |finding| HeldBack { finding, is_needed: false };
            held_back.map(|it| warned(finding(it.field, &it.fault))).collect()
        }
    }

    pub(super) fn of_llm(
        &self,
    ) -> impl Fn(models::Settings, models::Settings) -> Vec<HeldBack> + use<> {
        let env = self.models.clone();
        move |changed, file| {
            let settings = models::Settings::changed(Some(changed), Some(file), &env);
            let faults = settings.check();
            let held_back = settings.providers.iter().filter_map(|(name, it)| {
                let why = it.held_back.as_ref()?;
                let path = format!("providers.{name}");
                let is_needed = faults.iter().any(|it| it.path == format!("{path}.api_key"));
                Some(HeldBack { finding: finding(&path, &format!("has no key: {why}")), is_needed })
            });
            held_back.collect()
        }
    }

    pub(super) fn of_knowledge(
        &self,
    ) -> impl Fn(knowledge::Settings, knowledge::Settings) -> Vec<HeldBack> + use<> {
        let env = self.vectors.clone();
        move |changed, file| {
            // An engine that is not known is the environment's fault, and told at the start.
            let Ok(settings) = knowledge::Settings::changed(changed, file, env.clone()) else {
                return Vec::new();
            };
            let faults = settings.check();
            // The one engine that is nothing without a key.
            let lacks_key = faults.iter().any(|it| it.path == "vectors.pinecone.api_key");
            let held_back = settings.held_back().into_iter().map(|it| HeldBack {
                is_needed: lacks_key && it.path == "vectors.pinecone.url",
                finding: finding(it.path, &it.message),
            });
            held_back.collect()
        }
    }

    pub(super) fn of_blobs(
        &self,
    ) -> impl Fn(blob::Settings, blob::Settings) -> Vec<HeldBack> + use<> {
        let env = self.blobs.clone();
        move |changed, file| {
            let mut settings = changed;
            if settings.take_over(env.clone(), file).is_err() {
                return Vec::new();
            }
            let held_back = settings.s3.as_ref().and_then(blob::S3::held_back);
            // Who cannot reach the files does not start.
            let needed = |why| HeldBack { finding: finding("s3.endpoint", why), is_needed: true };
            held_back.map(needed).into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use apps::{check::Level, configuration::held_back, folder::Folder, template};
    use base::Secret;

    use super::*;
    use crate::configuration::kinds_in;

    fn surroundings() -> Surroundings {
        let secret = |text: &str| Some(Secret::new(text.to_owned()));
        let keys = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"];
        let given = |name: &str| keys.contains(&name).then(|| "sk-operators".to_owned());
        Surroundings {
            models: models::EnvValues::read(given),
            vectors: vector::EnvValues {
                qdrant_api_key: secret("operators"),
                pinecone_api_key: secret("operators"),
                ..vector::EnvValues::default()
            },
            blobs: blob::EnvValues {
                key_id: secret("AKIA"),
                key_secret: secret("operators"),
                ..blob::EnvValues::default()
            },
            ..Surroundings::default()
        }
    }

    /// Says this of a document whose file says one thing and a change of it another: `level line:column: message`.
    #[track_caller]
    fn check(name: &str, file: &str, changed: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = "app: small\ntitle: Small\ncollections: {things: {noun: thing, schema: thing.json, title: name}}\n";
        fs::write(folder.path().join("app.yaml"), app).expect("a file in it");
        let thing = r#"{"type": "object", "properties": {"name": {"type": "string"}}}"#;
        fs::write(folder.path().join("thing.json"), thing).expect("a file in it");
        fs::create_dir(folder.path().join("config")).expect("a folder in it");
        fs::write(folder.path().join(format!("config/{name}.yaml")), file).expect("a file in it");
        let read = Folder::read_as(folder.path(), template::FUEL, &kinds_in(&surroundings()));
        let read = read.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(held_back::in_force(&read), [], "files are the operator's");
        let texts = BTreeMap::from([(name.to_owned(), changed.to_owned())]);
        let found = held_back::of_texts(&read, &texts).into_iter().map(|it| {
            let level = if it.level == Level::Error { "error" } else { "warning" };
            assert_eq!(it.code, "held_back");
            format!("{level} {}:{}: {}", it.line, it.column, it.message)
        });
        let found: Vec<String> = found.collect();
        assert_eq!(found.len(), expected.len(), "{changed}: {found:#?}");
        for (told, words) in found.iter().zip(expected) {
            assert!(told.starts_with(words), "{words}\n{told}");
        }
    }

    #[test]
    fn who_moves_a_provider_is_told_that_its_key_does_not_go_along() {
        let moved = "providers:\n  openai: {base_url: 'https://other.example/v1'}\n";
        let warned =
            "warning 2:3: `providers.openai` has no key: the key of the environment is not sent";
        check("llm", "", moved, &[warned]);
        check("llm", moved, moved, &[]);
        let there = "providers: {openai: {base_url: 'https://api.openai.com/v1', timeout: 5s}}\n";
        check("llm", "", there, &[]);
        let own = "providers: {openai: {base_url: 'https://other.example/v1', api_key: own}}\n";
        check("llm", "", own, &[]);
    }

    #[test]
    fn who_takes_away_a_key_that_the_start_needs_is_refused() {
        let through = "providers: {anthropic: {proxy: 'http://other.example:3128'}}\n";
        check("llm", "", through, &["error 1:13: `providers.anthropic` has no key"]);
        // What was meant for a place of the operator's does not go to the usual one either.
        let file = "providers: {openai: {base_url: 'https://house.example/v1'}}\n";
        let away = "error 1:1: `providers.openai` has no key";
        check("llm", file, "retry: {times: 1}\n", &[away]);
        let pinecone = "vectors: {engine: pinecone, pinecone: {url: 'https://other.example'}}\n";
        check("knowledge", "", pinecone, &["error 1:45: `vectors.pinecone.url` moves the engine"]);
        let bucket = "s3: {bucket: b, endpoint: 'https://other.example'}\n";
        check("blobs", "", bucket, &["error 1:27: `s3.endpoint` is one that a change"]);
        check("blobs", bucket, bucket, &[]);
    }

    #[test]
    fn who_moves_an_engine_is_told_that_its_key_does_not_go_along() {
        let qdrant = "vectors:\n  qdrant:\n    url: https://other.example\n";
        check("knowledge", "", qdrant, &["warning 3:10: `vectors.qdrant.url` moves the engine"]);
    }

    #[test]
    fn who_says_what_is_the_operators_to_say_is_told_so() {
        let auth = "google:\n  client_ids: [mine, theirs]\n  keys_url: https://other.example\n";
        let told = [
            "warning 3:13: `google.keys_url` decides who comes in as whom",
            "warning 2:3: `google.client_ids` decides who comes in as whom",
        ];
        check("auth", "google: {client_ids: [mine]}\n", auth, &told);
        let private = "web: {allow_private: true}\n";
        check("knowledge", "", private, &["warning 1:22: `web.allow_private` lets pages"]);
    }

    #[test]
    fn a_document_that_cannot_be_read_says_so_elsewhere() {
        check("llm", "", "providers: {openai: {base_url: [\n", &[]);
        check(
            "llm",
            "",
            "providers: {openai: {timeout: soon, base_url: 'https://x.example'}}\n",
            &[],
        );
    }
}
