//! Keeping engines up with the rows: at once where that is quick, in rounds where it is much.
//!
//! Nothing here fails for its caller. What an engine did not get now it gets later: the log knows.

use std::sync::{Arc, PoisonError};

use base::{DocumentId, TenantId};
use store::Error;

use super::{
    Engine, EngineError, Generation, State, Vectors, Wanted, builtin,
    changes::{self, Following},
    door::new_id,
    follow::{self, FollowError, Followed},
    meter, space,
};

/// Up to so many changed documents are followed before a caller goes on; more is left to `tend`.
const AT_ONCE: u64 = 200;

impl Vectors {
    /// Sees to it that there is a generation of this model, in the engine that is set up.
    pub(super) async fn begin_for(&self, model: &str, dimensions: usize) -> Result<(), Error> {
        let wanted = Wanted {
            engine: self.0.settings.engine.name().to_owned(),
            model: model.to_owned(),
            dimensions,
        };
        let there = self.generations().await?;
        if there.iter().any(|it| it.state != State::Retired && it.is(&wanted)) {
            return Ok(());
        }
        // The same vectors in another engine: `tend` sees to that.
        let serves = |it: &Generation| it.state == State::Serving && it.model == model;
        if there.iter().any(|it| serves(it) && it.dimensions == dimensions) {
            return Ok(());
        }
        self.begin(wanted).await
    }

    pub(super) async fn begin(&self, wanted: Wanted) -> Result<(), Error> {
        let (id, now) = (new_id(), self.0.clock.now());
        let begin = move |tx: &store::Tx| space::begin(tx, &id, &wanted, now);
        let begun = self.0.store.bookkeep("begin a generation of vectors", begin).await?;
        tracing::info!(
            vectors.generation = %begun.id,
            vectors.engine = %begun.engine,
            vectors.state = begun.state.name(),
            "A generation of vectors is {}", begun.state.name()
        );
        Ok(())
    }

    /// Brings every generation up with these documents.
    pub(super) async fn touched(&self, tenant: TenantId, documents: &[DocumentId]) {
        for generation in self.open_ones().await {
            if generation.engine == builtin::NAME {
                self.0.builtin.stirred(&generation, tenant);
                continue;
            }
            let behind = self.behind(&generation).await.unwrap_or(u64::MAX);
            if behind <= AT_ONCE {
                self.follow(&generation, 2 * AT_ONCE as usize).await;
                continue;
            }
            // Much is being followed already: these go first, the others in their turn.
            let Some(engine) = self.ready(&generation).await else { continue };
            for document in documents {
                let done =
                    follow::one(&self.0.store, &**engine, &generation, tenant, *document).await;
                if !self.followed(engine.name(), done) {
                    break;
                }
            }
        }
    }

    /// Those that serve or are built; none when the database does not say.
    pub(super) async fn open_ones(&self) -> Vec<Generation> {
        match self.generations().await {
            Ok(all) => all.into_iter().filter(|it| it.state != State::Retired).collect(),
            Err(error) => {
                tracing::warn!(error = %error, "Vectors could not be followed; that is made up for later");
                Vec::new()
            }
        }
    }

    /// How many changed documents the engine of a generation does not have yet.
    pub(super) async fn behind(&self, generation: &Generation) -> Result<u64, Error> {
        if generation.engine == builtin::NAME {
            return Ok(0);
        }
        let following = Following {
            model: generation.model.clone(),
            dimensions: generation.dimensions,
            tenant: None,
            position: generation.position,
        };
        let behind = self.0.store.read(move |db| -> Result<u64, Error> {
            // What is not settled was followed all the same, mostly.
            let horizon = changes::horizon(db)?;
            Ok(if following.position >= horizon { 0 } else { changes::behind(db, &following)? })
        });
        let behind = behind.await?;
        meter::BEHIND.set(behind as f64, &[&generation.engine]);
        Ok(behind)
    }

    /// Brings the engine of a generation up with the log, as far as one round goes. Says whether it
    /// got to the end.
    pub(super) async fn follow(&self, generation: &Generation, most: usize) -> bool {
        if generation.engine == builtin::NAME {
            return true;
        }
        let Some(engine) = self.ready(generation).await else { return false };
        let gate = {
            let mut all = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(tokio::sync::Mutex::new(Followed::at(generation.position)));
            all.entry(generation.id.clone()).or_insert_with(new).clone()
        };
        let mut followed = gate.lock().await;
        let done =
            follow::catch_up(&self.0.store, &**engine, generation, &mut followed, most).await;
        let is_over = matches!(done, Ok(true));
        self.followed(engine.name(), done.map(drop)) && is_over
    }

    fn followed(&self, engine: &'static str, done: Result<(), FollowError>) -> bool {
        match done {
            Ok(()) => {
                self.0.watch.well(engine);
                true
            }
            Err(FollowError::Engine(error)) => {
                self.0.watch.failed(engine, error, self.0.clock.now());
                false
            }
            Err(FollowError::Store(error)) => {
                tracing::warn!(error = %error, "Vectors could not be followed; that is made up for later");
                false
            }
        }
    }

    /// The engine of a generation, with its spaces made; none when it is away.
    async fn ready(&self, generation: &Generation) -> Option<&Arc<dyn Engine>> {
        let engine = self.engine_of(generation)?;
        let inner = &self.0;
        if inner.watch.resting(engine.name(), inner.clock.now()).is_some() {
            return None;
        }
        let is_there =
            inner.created.lock().unwrap_or_else(PoisonError::into_inner).contains(&generation.id);
        if !is_there {
            for space in generation.spaces() {
                let made = engine.create(&space).await;
                self.judge(engine.name(), &made);
                made.ok()?;
            }
            let mut created = inner.created.lock().unwrap_or_else(PoisonError::into_inner);
            created.insert(generation.id.clone());
        }
        Some(engine)
    }

    /// Takes a generation's spaces away.
    pub(super) async fn erase(&self, generation: &Generation) -> Result<(), EngineError> {
        if let Some(engine) = self.engine_of(generation) {
            for space in generation.spaces() {
                engine.erase(&space).await?;
            }
        }
        self.0.following.lock().unwrap_or_else(PoisonError::into_inner).remove(&generation.id);
        self.0.created.lock().unwrap_or_else(PoisonError::into_inner).remove(&generation.id);
        Ok(())
    }
}
