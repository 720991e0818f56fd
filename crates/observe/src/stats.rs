//! The numbers of the overview: uptime and version, and what others register.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base::{Clock, Timestamp};
use serde_json::{Map, Value as Json, json};
use tracing::warn;

use crate::round::{self, Answering};

/// The longest that is waited for one number.
const DEADLINE: Duration = Duration::from_secs(2);

/// The numbers, each asked for when somebody looks. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Stats(Arc<Inner>);

struct Inner {
    version: String,
    clock: Clock,
    started_at: Timestamp,
    sources: Mutex<Vec<Arc<Source>>>,
}

struct Source {
    name: String,
    count: Box<dyn Fn() -> Answering<Result<Json, String>> + Send + Sync>,
}

impl Stats {
    /// No numbers but uptime and version yet.
    pub fn new(version: impl Into<String>, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            version: version.into(),
            started_at: clock.now(),
            clock,
            sources: Mutex::default(),
        }))
    }

    /// Adds what `count` gives, under `name`. One with the same name is replaced.
    pub fn register<F, A>(&self, name: impl Into<String>, count: F)
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<Json, String>> + Send + 'static,
    {
        let source = Source { name: name.into(), count: Box::new(move || Box::pin(count())) };
        let mut sources = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|it| it.name != source.name);
        sources.push(Arc::new(source));
    }

    /// All numbers: `version`, `timestamp`, `started_at`, `uptime_seconds`, and the registered ones in
    /// the order of their registration. One that fails or is late is `null`, and `unavailable` names it.
    pub async fn collect(&self) -> Map<String, Json> {
        let now = self.0.clock.now();
        let mut out = Map::new();
        out.insert("version".into(), self.0.version.clone().into());
        out.insert("timestamp".into(), now.to_string().into());
        out.insert("started_at".into(), self.0.started_at.to_string().into());
        let uptime = now.duration_since(self.0.started_at).as_secs();
        out.insert("uptime_seconds".into(), uptime.into());

        let sources = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let questions = sources.iter().map(|it| (DEADLINE, (it.count)())).collect();
        let answers = round::ask(questions).await;
        let mut unavailable = Map::new();
        for (source, (answer, _)) in sources.iter().zip(answers) {
            let why = match answer {
                Ok(Ok(value)) => {
                    out.insert(source.name.clone(), value);
                    continue;
                }
                Ok(Err(why)) => base::redact::text(&why).into_owned(),
                Err(why) => why.to_string(),
            };
            warn!(stats.name = source.name, why, "Could not count {}", source.name);
            out.insert(source.name.clone(), Json::Null);
            unavailable.insert(source.name.clone(), json!(why));
        }
        if !unavailable.is_empty() {
            out.insert("unavailable".into(), unavailable.into());
        }
        out
    }
}
