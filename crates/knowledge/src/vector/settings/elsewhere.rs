//! Keys of the environment go only to the engines that the operator named.
//!
//! Whoever may change `config/knowledge.yaml` while the application runs can write any address into it. An engine
//! that such a change moved has the key that the document itself gives it, or none. Nothing here does I/O.

use base::Secret;
use reqwest::Url;

use super::{EngineKind, EnvValues, Settings};
use crate::{
    settings::Finding,
    vector::{milvus, qdrant},
};

/// Engines with an address and a key beside it. The address of PostgreSQL is its key.
const ENGINES: [EngineKind; 3] = [EngineKind::Qdrant, EngineKind::Milvus, EngineKind::Pinecone];

impl Settings {
    /// Lets the environment win over a document that was changed while the application ran, where `file` is what the
    /// operator wrote.
    ///
    /// # Errors
    /// An engine that is not known.
    pub fn take_over(&mut self, env: EnvValues, mut file: Self) -> Result<(), Finding> {
        let mut own = self.clone();
        file.take(env.clone())?;
        self.take(env.clone())?;
        for engine in ENGINES {
            let is_of_environment = match engine {
                EngineKind::Qdrant => env.qdrant_api_key.is_some(),
                EngineKind::Milvus => env.milvus_token.is_some(),
                _ => env.pinecone_api_key.is_some(),
            };
            if is_of_environment && !is_same(self.address(engine), file.address(engine)) {
                let key = own.key(engine).take();
                if key.is_none() {
                    self.held_back.push(engine);
                }
                *self.key(engine) = key;
            }
        }
        Ok(())
    }

    /// The engines that get no key of the environment, and the way out. Of one that is not set up nobody
    /// misses it.
    pub(crate) fn held_back(&self) -> Vec<Finding> {
        let finding = |it: &EngineKind| Finding {
            path: match it {
                EngineKind::Qdrant => "vectors.qdrant.url",
                EngineKind::Milvus => "vectors.milvus.url",
                _ => "vectors.pinecone.url",
            },
            message: format!("moves the engine, which has no key: {}", told(*it)),
        };
        self.held_back.iter().filter(|it| self.is_set_up(**it)).map(finding).collect()
    }

    fn address(&self, engine: EngineKind) -> &str {
        match engine {
            EngineKind::Qdrant => self.qdrant.url.as_deref().unwrap_or(qdrant::USUAL),
            EngineKind::Milvus => self.milvus.url.as_deref().unwrap_or(milvus::USUAL),
            _ => &self.pinecone.url,
        }
    }

    fn key(&mut self, engine: EngineKind) -> &mut Option<Secret<String>> {
        match engine {
            EngineKind::Qdrant => &mut self.qdrant.api_key,
            EngineKind::Milvus => &mut self.milvus.token,
            _ => &mut self.pinecone.api_key,
        }
    }
}

/// Is it the same server?
fn is_same(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one.has_host() && one.origin() == other.origin(),
        _ => false,
    }
}

/// Why the key of the environment is not sent to an engine, and the way out.
pub(super) fn told(engine: EngineKind) -> String {
    let (key, address) = match engine {
        EngineKind::Qdrant => ("api_key", "the file or in QDRANT_URL"),
        EngineKind::Milvus => ("token", "the file or in MILVUS_HOST"),
        _ => ("api_key", "the file"),
    };
    format!(
        "the key of the environment is not sent to an address that a change of the document named: give `{}` \
         a `{key}` of its own there, or have the operator name the address in {address}",
        engine.name()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn env() -> EnvValues {
        let key = |it: &str| Some(Secret::new(it.to_owned()));
        EnvValues {
            qdrant_api_key: key("operators"),
            milvus_token: key("operators"),
            pinecone_api_key: key("operators"),
            ..EnvValues::default()
        }
    }

    fn read(given: Json) -> Settings {
        serde_json::from_value(given).expect("settings")
    }

    /// The keys that the engines have when the file says one thing and a change of it another.
    #[track_caller]
    fn check(file: Json, changed: Json, expected: [Option<&str>; 3]) {
        let told = format!("{file} {changed}");
        let mut settings = read(changed);
        settings.take_over(env(), read(file)).expect("known engines");
        let keys = ENGINES.map(|it| settings.key(it).as_ref().map(|it| it.reveal().clone()));
        assert_eq!(keys.each_ref().map(|it| it.as_deref()), expected, "{told}");
        let lacking = keys.iter().filter(|it| it.is_none()).count();
        assert_eq!(settings.held_back.len(), lacking, "{told}");
    }

    const OPERATORS: Option<&str> = Some("operators");

    #[test]
    fn a_key_goes_to_the_engine_that_the_operator_named() {
        check(json!({}), json!({"timeout": "5s"}), [OPERATORS; 3]);
        check(json!({}), json!({"qdrant": {"url": "http://LOCALHOST:6333/x"}}), [OPERATORS; 3]);
        let file = json!({"milvus": {"url": "https://house:1"}, "qdrant": {"url": "http://a:2"}});
        let changed = json!({
            "milvus": {"url": "https://house:1/", "database": "d"}, "qdrant": {"url": "http://a:2"},
        });
        check(file, changed, [OPERATORS; 3]);
    }

    #[test]
    fn a_key_goes_to_no_engine_that_a_change_named() {
        let evil = "https://evil.example";
        check(json!({}), json!({"qdrant": {"url": evil}}), [None, OPERATORS, OPERATORS]);
        check(json!({}), json!({"milvus": {"url": evil}}), [OPERATORS, None, OPERATORS]);
        check(json!({}), json!({"pinecone": {"url": evil}}), [OPERATORS, OPERATORS, None]);
        check(
            json!({"milvus": {"url": "https://house:1"}}),
            json!({"milvus": {"url": "http://house:1"}}),
            [OPERATORS, None, OPERATORS],
        );
        let house = json!({"qdrant": {"url": "https://house:1"}});
        check(house, json!({}), [None, OPERATORS, OPERATORS]);
    }

    #[test]
    fn a_key_of_the_documents_own_goes_to_where_it_says() {
        let changed = json!({"qdrant": {"url": "https://other.example", "api_key": "own"}});
        check(json!({}), changed, [Some("own"), OPERATORS, OPERATORS]);
    }

    #[test]
    fn an_address_of_the_environment_is_not_changed_by_a_document() {
        let mut settings = read(json!({"milvus": {"url": "https://evil.example"}}));
        let env = EnvValues { milvus_host: Some("house".into()), ..env() };
        settings.take_over(env, Settings::default()).expect("known engines");
        assert_eq!(settings.milvus.url.as_deref(), Some("http://house:19530"));
        assert!(settings.held_back.is_empty() && settings.milvus.token.is_some());
    }

    #[test]
    fn of_an_engine_that_nobody_uses_nothing_is_told() {
        let told = |changed: Json| -> Vec<&str> {
            let mut settings = read(changed);
            let file = read(json!({"qdrant": {"url": "https://house:1"}}));
            settings.take_over(env(), file).expect("known engines");
            settings.held_back().iter().map(|it| it.path).collect()
        };
        assert!(told(json!({"pinecone": {"url": "https://evil.example"}})).is_empty());
        assert_eq!(told(json!({"engine": "qdrant"})), ["vectors.qdrant.url"]);
    }

    #[test]
    fn an_engine_that_needs_the_key_says_why_it_has_none() {
        let changed = json!({"engine": "pinecone", "pinecone": {"url": "https://evil.example"}});
        let mut settings = read(changed);
        settings.take_over(env(), Settings::default()).expect("known engines");
        let found = settings.check();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.contains("the operator name the address"), "{found:?}");
    }
}
