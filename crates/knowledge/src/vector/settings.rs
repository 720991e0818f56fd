//! What an operator may choose about vectors: the section `vectors` of `config/knowledge.yaml`.
//!
//! Start at [`Settings`]. What is secret comes from the environment: [`Settings::take`].

mod elsewhere;

use base::Secret;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::settings::Finding;

/// Where vectors are found.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The engine that answers. Another one is filled beside it first, then takes its place.
    pub engine: EngineKind,
    /// The engine in the process.
    pub builtin: Builtin,
    /// PostgreSQL with the extension `vector`, 0.8 or newer.
    pub pgvector: Pgvector,
    /// Qdrant, by REST.
    pub qdrant: Qdrant,
    /// Milvus, by gRPC.
    pub milvus: Milvus,
    /// Pinecone, by REST.
    pub pinecone: Pinecone,
    /// The longest wait for an answer of an engine that is not in the process.
    pub timeout: SignedDuration,
    /// So long an engine that was away is not asked again, and the rows answer alone.
    pub rest_after_fault: SignedDuration,
    /// So long what another generation has taken the place of is kept, to be gone back to.
    pub keep_retired: SignedDuration,
    /// The engines that the environment has a key for, which is not sent there.
    #[serde(skip)]
    pub held_back: Vec<EngineKind>,
}

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// In the process.
    #[default]
    Builtin,
    /// PostgreSQL.
    Pgvector,
    /// Qdrant.
    Qdrant,
    /// Milvus.
    Milvus,
    /// Pinecone.
    Pinecone,
}

impl EngineKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Builtin, Self::Pgvector, Self::Qdrant, Self::Milvus, Self::Pinecone];

    /// As settings and rows write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Pgvector => "pgvector",
            Self::Qdrant => "qdrant",
            Self::Milvus => "milvus",
            Self::Pinecone => "pinecone",
        }
    }

    /// The engine of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// The engine in the process.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Builtin {
    /// Up to so many points of a tenant all of them are compared: exact, and quick enough. Above it
    /// a graph of them is kept.
    pub exact_up_to: usize,
    /// The most memory for vectors, in MB. What was not asked for the longest goes first.
    pub memory_mb_max: usize,
}

/// PostgreSQL with the extension `vector`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pgvector {
    /// Its address; the database of this application when left out. Also `PGVECTOR_URL`.
    #[schemars(with = "Option<String>")]
    pub url: Option<Secret<String>>,
    /// Up to so many points that pass a filter all of them are compared: exact, and some milliseconds.
    /// Above it the graph is walked.
    pub exact_up_to: u32,
}

/// Qdrant.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Qdrant {
    /// Its address: `http://localhost:6333` when left out. Also `QDRANT_URL`.
    pub url: Option<String>,
    /// Its key. Also `QDRANT_API_KEY`.
    #[schemars(with = "Option<String>")]
    pub api_key: Option<Secret<String>>,
}

/// Milvus.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Milvus {
    /// Its address: `http://localhost:19530` when left out; `https://` for an encrypted one. Also
    /// `MILVUS_HOST` and `MILVUS_PORT`.
    pub url: Option<String>,
    /// `user:password`, or a token. Also `MILVUS_TOKEN`.
    #[schemars(with = "Option<String>")]
    pub token: Option<Secret<String>>,
    /// Its database, when it has several.
    pub database: Option<String>,
}

/// Pinecone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pinecone {
    /// Its key. Also `PINECONE_API_KEY`.
    #[schemars(with = "Option<String>")]
    pub api_key: Option<Secret<String>>,
    /// Where indexes are made.
    pub url: String,
    /// At whose machines: `aws`, `gcp` or `azure`.
    pub cloud: String,
    /// Where these stand.
    pub region: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: EngineKind::Builtin,
            builtin: Builtin::default(),
            pgvector: Pgvector::default(),
            qdrant: Qdrant::default(),
            milvus: Milvus::default(),
            pinecone: Pinecone::default(),
            timeout: SignedDuration::from_secs(10),
            rest_after_fault: SignedDuration::from_secs(5),
            keep_retired: SignedDuration::from_hours(24),
            held_back: Vec::new(),
        }
    }
}

impl Default for Builtin {
    fn default() -> Self {
        Self { exact_up_to: 20_000, memory_mb_max: 2_048 }
    }
}

impl Default for Pgvector {
    fn default() -> Self {
        Self { url: None, exact_up_to: 10_000 }
    }
}

impl Default for Pinecone {
    fn default() -> Self {
        Self {
            api_key: None,
            url: "https://api.pinecone.io".into(),
            cloud: "aws".into(),
            region: "us-east-1".into(),
        }
    }
}

/// What the environment says about engines. Whoever reads it hands it over; this room does not.
#[derive(Debug, Clone, Default)]
pub struct EnvValues {
    /// `VECTOR_ENGINE`.
    pub vector_engine: Option<String>,
    /// `PGVECTOR_URL`.
    pub pgvector_url: Option<Secret<String>>,
    /// `QDRANT_URL`.
    pub qdrant_url: Option<String>,
    /// `QDRANT_API_KEY`.
    pub qdrant_api_key: Option<Secret<String>>,
    /// `MILVUS_HOST`.
    pub milvus_host: Option<String>,
    /// `MILVUS_PORT`.
    pub milvus_port: Option<String>,
    /// `MILVUS_TOKEN`.
    pub milvus_token: Option<Secret<String>>,
    /// `PINECONE_API_KEY`.
    pub pinecone_api_key: Option<Secret<String>>,
}

impl Settings {
    /// Lets the environment win over the file. An engine that is not known is a finding.
    pub fn take(&mut self, env: EnvValues) -> Result<(), Finding> {
        let set = |it: Option<String>| it.filter(|it| !it.trim().is_empty());
        self.pgvector.url = env.pgvector_url.or(self.pgvector.url.take());
        self.qdrant.url = set(env.qdrant_url).or(self.qdrant.url.take());
        self.qdrant.api_key = env.qdrant_api_key.or(self.qdrant.api_key.take());
        let port = set(env.milvus_port);
        if let Some(host) = set(env.milvus_host) {
            let port = port.as_deref().unwrap_or("19530");
            let with_scheme = if host.contains("://") { host } else { format!("http://{host}") };
            self.milvus.url = Some(format!("{}:{port}", with_scheme.trim_end_matches('/')));
        } else if let (Some(port), None) = (port, &self.milvus.url) {
            self.milvus.url = Some(format!("http://localhost:{port}"));
        }
        self.milvus.token = env.milvus_token.or(self.milvus.token.take());
        self.pinecone.api_key = env.pinecone_api_key.or(self.pinecone.api_key.take());
        if let Some(name) = set(env.vector_engine) {
            self.engine = EngineKind::of_name(name.trim()).ok_or_else(|| Finding {
                path: "vectors.engine",
                message: format!(
                    "VECTOR_ENGINE names no engine; one of {}",
                    EngineKind::ALL.map(EngineKind::name).join(", ")
                ),
            })?;
        }
        Ok(())
    }

    /// Is this engine there to be asked, whether or not it is the one that answers?
    pub(super) fn is_set_up(&self, engine: EngineKind) -> bool {
        let has_place = match engine {
            EngineKind::Builtin => true,
            EngineKind::Pgvector => self.pgvector.url.is_some(),
            EngineKind::Qdrant => self.qdrant.url.is_some(),
            EngineKind::Milvus => self.milvus.url.is_some(),
            EngineKind::Pinecone => self.pinecone.api_key.is_some(),
        };
        has_place || self.engine == engine
    }

    /// What cannot work in them; empty when all can.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut expect = |is_so: bool, path, message: &str| {
            if !is_so {
                found.push(Finding { path, message: message.to_owned() });
            }
        };
        let is_fine = |it: &Option<String>| it.as_deref().is_none_or(is_address);
        expect(self.timeout > SignedDuration::ZERO, "vectors.timeout", "must be more than 0");
        expect(
            self.rest_after_fault >= SignedDuration::ZERO,
            "vectors.rest_after_fault",
            "must not be negative",
        );
        expect(
            self.keep_retired >= SignedDuration::ZERO,
            "vectors.keep_retired",
            "must not be negative",
        );
        expect(
            self.builtin.memory_mb_max >= 16,
            "vectors.builtin.memory_mb_max",
            "must be 16 at least",
        );
        let http = "is no address; give one such as http://localhost:6333";
        expect(is_fine(&self.qdrant.url), "vectors.qdrant.url", http);
        expect(is_fine(&self.milvus.url), "vectors.milvus.url", http);
        expect(is_address(&self.pinecone.url), "vectors.pinecone.url", http);
        let missing = match self.held_back.contains(&EngineKind::Pinecone) {
            true => format!("is missing: {}", elsewhere::told(EngineKind::Pinecone)),
            false => "is missing; set PINECONE_API_KEY".to_owned(),
        };
        expect(
            self.engine != EngineKind::Pinecone || self.pinecone.api_key.is_some(),
            "vectors.pinecone.api_key",
            &missing,
        );
        found
    }
}

fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|it| matches!(it.scheme(), "http" | "https") && it.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_works() {
        assert_eq!(Settings::default().check(), []);
        let read: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!((read.engine, read.builtin.exact_up_to), (EngineKind::Builtin, 20_000));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let mut settings: Settings = serde_json::from_str(
            r#"{"engine": "qdrant", "qdrant": {"url": "http://a:1"}, "milvus": {"url": "http://b:2"}}"#,
        )
        .unwrap();
        let env = EnvValues {
            vector_engine: Some("milvus".into()),
            milvus_host: Some("c".into()),
            qdrant_url: Some(" ".into()),
            ..EnvValues::default()
        };
        settings.take(env).unwrap();
        assert_eq!(settings.engine, EngineKind::Milvus);
        assert_eq!(settings.milvus.url.as_deref(), Some("http://c:19530"));
        assert_eq!(
            settings.qdrant.url.as_deref(),
            Some("http://a:1"),
            "nothing said, nothing changed"
        );
    }

    #[test]
    fn an_engine_that_is_not_known_is_named_with_those_that_are() {
        let env = EnvValues { vector_engine: Some("weaviate".into()), ..EnvValues::default() };
        let refused = Settings::default().take(env).unwrap_err();
        assert!(refused.message.contains("builtin, pgvector, qdrant"), "{}", refused.message);
    }

    #[test]
    fn what_cannot_work_is_named_with_its_place() {
        let mut settings = Settings { engine: EngineKind::Pinecone, ..Settings::default() };
        settings.qdrant.url = Some("localhost".into());
        settings.builtin.memory_mb_max = 0;
        let found: Vec<_> = settings.check().into_iter().map(|it| it.path).collect();
        let expected =
            ["vectors.builtin.memory_mb_max", "vectors.qdrant.url", "vectors.pinecone.api_key"];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_key_is_never_shown() {
        let mut settings = Settings::default();
        let key = Some(Secret::new("pc-secret-key".to_owned()));
        settings.take(EnvValues { pinecone_api_key: key, ..EnvValues::default() }).unwrap();
        assert!(!format!("{settings:?}").contains("pc-secret"));
    }
}
