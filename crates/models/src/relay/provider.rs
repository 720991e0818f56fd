//! One provider of this machine: its dialect, its connections, and what was last seen of it.
//!
//! A breaker stands before the provider and one before each of its models: a model that keeps
//! failing is left alone while the others serve.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::Timestamp;
use tracing::warn;

use super::{
    client::Client,
    wrong::{Says, Wrong},
};
use crate::{
    OpenError, ProviderHealth,
    breaker::{Breaker, Standing},
    dialect::Dialect,
    health::State,
    quirk::Quirks,
    settings::{BreakerSettings, ProviderSettings, std},
};

/// The most models of one provider that something is remembered of. Callers choose the names.
const MODELS_MAX: usize = 1024;

/// One provider.
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) settings: ProviderSettings,
    pub(crate) client: Client,
    breaker: BreakerSettings,
    seen: Mutex<Seen>,
}

struct Seen {
    breaker: Breaker,
    /// Only of models that fail.
    models: HashMap<String, Breaker>,
    state: State,
    quirks: HashMap<String, Quirks>,
}

impl Provider {
    pub(crate) fn open(
        name: &str,
        settings: &ProviderSettings,
        breaker: &BreakerSettings,
    ) -> Result<Self, OpenError> {
        let dialect = settings.dialect(name).ok_or_else(|| OpenError::Setting {
            path: format!("providers.{name}.kind"),
            message: "is of no known kind".into(),
        })?;
        Ok(Self {
            name: name.to_owned(),
            dialect,
            client: Client::open(name, settings, dialect)?,
            settings: settings.clone(),
            breaker: breaker.clone(),
            seen: Mutex::new(Seen {
                breaker: Breaker::new(breaker),
                models: HashMap::new(),
                state: State::NeverUsed,
                quirks: HashMap::new(),
            }),
        })
    }

    pub(crate) fn health(&self) -> ProviderHealth {
        ProviderHealth { provider: self.name.clone(), state: self.seen().state.clone() }
    }

    /// How its breaker stands, and those of its models that fail, by name.
    pub(crate) fn breakers(&self, now: Timestamp) -> (Standing, BTreeMap<String, Standing>) {
        let seen = self.seen();
        let of_models = seen.models.iter().map(|(model, it)| (model.clone(), it.standing(now)));
        (seen.breaker.standing(now), of_models.collect())
    }

    /// Is this provider, or this model of it, being left alone? If so, for how long still.
    pub(crate) fn admit(&self, model: &str, now: Timestamp) -> Result<(), Duration> {
        let mut seen = self.seen();
        seen.breaker.admit(now).map_err(std)?;
        if let Some(Err(wait)) = seen.models.get_mut(model).map(|it| it.admit(now)) {
            seen.breaker.abandoned(now);
            return Err(std(wait));
        }
        Ok(())
    }

    /// It answered, and well.
    pub(crate) fn answered(&self, model: &str, now: Timestamp) {
        let mut seen = self.seen();
        seen.breaker.answered();
        seen.state.answered(now);
        seen.models.remove(model);
    }

    /// It answered, but not to us or not now: its health suffers, the breaker does not.
    pub(crate) fn turned_away(&self, model: &str, now: Timestamp, why: String) {
        let mut seen = self.seen();
        seen.breaker.answered();
        seen.models.remove(model);
        seen.state.failed(now, why);
    }

    /// It failed. True when it, or the model, is left alone from now on.
    pub(crate) fn failed(&self, model: &str, now: Timestamp, why: String) -> bool {
        let mut seen = self.seen();
        seen.state.failed(now, why);
        let is_open = seen.breaker.failed(now);
        let has_room = seen.models.len() < MODELS_MAX;
        let of_model = match seen.models.get_mut(model) {
            Some(known) => known.failed(now),
            None if has_room => {
                let mut fresh = Breaker::new(&self.breaker);
                let is_open = fresh.failed(now);
                seen.models.insert(model.to_owned(), fresh);
                is_open
            }
            None => false,
        };
        is_open || of_model
    }

    /// An attempt went wrong: what that says about it.
    pub(crate) fn note(&self, model: &str, wrong: &Wrong, now: Timestamp) {
        let why = wrong.own_words();
        match wrong.says() {
            Says::Answering => self.answered(model, now),
            Says::TurnedAway => self.turned_away(model, now, why),
            Says::Failing => {
                if self.failed(model, now, why) {
                    let (name, why) = (&self.name, wrong.own_words());
                    warn!(
                        model.provider = name,
                        model.name = model,
                        "Leaving model provider {name} alone for a while: {why}",
                    );
                }
            }
        }
    }

    /// The attempt was given up by us, which says nothing about the provider.
    pub(crate) fn abandoned(&self, model: &str, now: Timestamp) {
        let mut seen = self.seen();
        seen.breaker.abandoned(now);
        if let Some(breaker) = seen.models.get_mut(model) {
            breaker.abandoned(now);
        }
    }

    pub(crate) fn quirks(&self, model: &str) -> Quirks {
        let known = self.seen().quirks.get(model).copied();
        known.unwrap_or_else(|| Quirks::new(self.settings.json))
    }

    /// This way of asking worked. It is kept beside what was learnt in the meantime.
    pub(crate) fn learn(&self, model: &str, quirks: Quirks) {
        let mut seen = self.seen();
        let has_room = seen.quirks.len() < MODELS_MAX;
        match seen.quirks.get_mut(model) {
            Some(known) => *known = known.and(quirks),
            None if has_room => {
                seen.quirks.insert(model.to_owned(), quirks);
            }
            // A call finds its own way without it.
            None => (),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Provider {
        testkit::install_tls();
        let settings = ProviderSettings {
            base_url: Some("http://127.0.0.1:1".into()),
            ..ProviderSettings::default()
        };
        let breaker = BreakerSettings { failures: 2, ..BreakerSettings::default() };
        Provider::open("mine", &settings, &breaker).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_model_that_keeps_failing_is_left_alone_while_others_serve() {
        let it = provider();
        it.failed("bad", at(0), "why".into());
        it.answered("good", at(0));
        assert!(it.failed("bad", at(0), "why".into()));
        assert!(it.admit("bad", at(1)).is_err());
        assert_eq!(it.admit("good", at(1)), Ok(()));
        // Half a minute later one attempt decides.
        it.answered("good", at(30));
        assert_eq!(it.admit("bad", at(31)), Ok(()));
        assert!(it.admit("bad", at(31)).is_err());
        it.answered("bad", at(32));
        assert_eq!(it.admit("bad", at(32)), Ok(()));
    }

    #[test]
    fn a_provider_that_keeps_failing_is_left_alone_with_all_its_models() {
        let it = provider();
        it.failed("a", at(0), "why".into());
        assert!(it.failed("b", at(0), "why".into()));
        assert_eq!(it.admit("c", at(1)), Err(Duration::from_secs(29)));
    }
}
