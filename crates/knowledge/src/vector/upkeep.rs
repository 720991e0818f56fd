//! Keeping engines up with the rows: at once where that is quick, in rounds where it is much.
//!
//! Nothing here fails for its caller. What an engine did not get now it gets later: the log knows.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use base::{DocumentId, TenantId};
use store::Error;

use super::{
    Engine, EngineError, Generation, State, Vectors, Wanted, builtin,
    changes::{self, Following},
    door::new_id,
    follow::{self, FollowError, Followed},
    meter, space, wish,
};

/// Up to so many changed documents are followed before a caller goes on; more is left to `tend`.
const AT_ONCE: u64 = 20;

/// So long a caller's own documents are brought to an engine that much else is brought to right now.
const BRIEFLY: Duration = Duration::from_secs(2);

/// Does who follows wait for another who is at it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// Until the other is done, which may take minutes.
    Wait,
    /// No: the next round comes.
    Leave,
}

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

    /// Begins a generation, unless another process stands in the way.
    pub(super) async fn begin(&self, wanted: Wanted) -> Result<(), Error> {
        let (id, now, since) = (new_id(), self.0.clock.now(), self.0.opened_at);
        let begin = move |tx: &store::Tx| -> Result<(bool, Generation), Error> {
            // Held until the end: nobody else begins one in between.
            tx.hold("knowledge_spaces")?;
            let all = space::all(tx)?;
            match wish::hindrance(&all, &wanted, since, now) {
                Some(other) => Ok((false, other.clone())),
                None => Ok((true, space::begin(tx, &id, &wanted, now)?)),
            }
        };
        let begin = self.0.store.bookkeep("begin a generation of vectors", begin);
        let (is_begun, begun) = begin.await?;
        self.waits_for(Some(&begun).filter(|_| !is_begun));
        if !is_begun {
            return Ok(());
        }
        tracing::info!(
            vectors.generation = %begun.id,
            vectors.engine = %begun.engine,
            vectors.state = begun.state.name(),
            "A generation of vectors is {}", begun.state.name()
        );
        Ok(())
    }

    /// Notes for whose vectors ours have to wait, or that they need not.
    pub(super) fn waits_for(&self, other: Option<&Generation>) {
        let why = other.map(|it| {
            let Generation { model, engine, .. } = it;
            format!(
                "another process with other settings wants vectors of `{model}` in `{engine}`; those \
                 that are set up here wait until it has not been heard of for 10 minutes"
            )
        });
        let mut waits = self.0.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if why.is_some() && *waits != why {
            tracing::warn!(
                vectors.model = other.map_or("", |it| it.model.as_str()),
                "Another process with other settings looks after vectors; see that all have the same"
            );
        }
        *waits = why;
    }

    /// Why what is set up here is not begun.
    pub(super) fn waits(&self) -> Option<String> {
        self.0.waits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Brings every generation up with these documents, where that is quick.
    pub(super) async fn touched(&self, tenant: TenantId, documents: &[DocumentId]) {
        for generation in self.open_ones().await {
            if generation.engine == builtin::NAME {
                self.0.builtin.stirred(&generation, tenant);
                continue;
            }
            let behind = self.behind(&generation).await.unwrap_or(u64::MAX);
            let is_little = behind <= AT_ONCE;
            if is_little && self.follow(&generation, 2 * AT_ONCE as usize, Busy::Leave).await {
                continue;
            }
            // Much is being followed already: these go first, the others in their turn.
            let these = self.bring(&generation, tenant, documents);
            let _ = tokio::time::timeout(BRIEFLY, these).await;
        }
    }

    /// Brings some documents to the engine of a generation as they are now. Broken off, it does no
    /// harm: the log has them.
    async fn bring(&self, generation: &Generation, tenant: TenantId, documents: &[DocumentId]) {
        let Some(engine) = self.ready(generation).await else { return };
        for document in documents {
            let done = follow::one(&self.0.store, &**engine, generation, tenant, *document).await;
            if !self.followed(engine.name(), done) {
                return;
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
    pub(super) async fn follow(&self, generation: &Generation, most: usize, busy: Busy) -> bool {
        if generation.engine == builtin::NAME {
            return true;
        }
        let Some(engine) = self.ready(generation).await else { return false };
        let gate = {
            let mut all = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(tokio::sync::Mutex::new(Followed::at(generation.position)));
            all.entry(generation.id.clone()).or_insert_with(new).clone()
        };
        let mut followed = match (gate.try_lock(), busy) {
            (Ok(followed), _) => followed,
            (Err(_), Busy::Wait) => gate.lock().await,
            (Err(_), Busy::Leave) => return false,
        };
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
