//! How vectors are, for whoever looks after the house.

use super::{State, Vectors, door::not_set_up};

/// So many documents may be waiting for an engine before it is worth a word.
const BEHIND_MAX: u64 = 200;

/// How vectors are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The engine that serves, or would.
    pub engine: String,
    /// The model of the vectors that are searched, as `provider/model`.
    pub model: Option<String>,
    /// What does not work as it should, in sentences for people. Empty: all is well.
    pub degraded: Vec<String>,
    /// The model that vectors are being made anew by.
    pub building: Option<String>,
    /// Changed documents that the engine does not have yet.
    pub behind: u64,
}

impl Vectors {
    /// How vectors are. Asks the engine, unless it is known to be away.
    pub async fn health(&self) -> Health {
        let inner = &self.0;
        let mut health = Health {
            engine: inner.settings.engine.name().to_owned(),
            model: None,
            degraded: Vec::new(),
            building: None,
            behind: 0,
        };
        let generations = match self.generations().await {
            Ok(generations) => generations,
            Err(error) => {
                health.degraded.push(error.to_string());
                return health;
            }
        };
        health.degraded.extend(self.waits());
        let building = generations.iter().find(|it| it.state == State::Building);
        health.building = building.map(|it| it.model.clone());
        let Some(serving) = generations.iter().find(|it| it.state == State::Serving) else {
            return health;
        };
        (health.engine, health.model) = (serving.engine.clone(), Some(serving.model.clone()));
        match self.engine_of(serving) {
            None => health.degraded.push(not_set_up(&serving.engine)),
            Some(engine) => {
                let name = engine.name();
                let refused = match inner.watch.resting(name, inner.clock.now()) {
                    Some(_) => None,
                    None => {
                        let outcome = engine.health().await;
                        self.judge(name, &outcome);
                        outcome.err()
                    }
                };
                if let Some(error) = inner.watch.fault(name).or(refused) {
                    health.degraded.push(format!("{error}; answers come from the stored vectors"));
                }
            }
        }
        health.behind = self.behind(serving).await.unwrap_or_default();
        if health.behind > BEHIND_MAX {
            let (behind, engine) = (health.behind, &serving.engine);
            health.degraded.push(format!("{behind} documents are not in `{engine}` yet"));
        }
        health
    }
}
