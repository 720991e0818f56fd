//! Another model, another engine: a generation is made beside the one that serves, and takes its place
//! in one moment when it is whole. Until then questions are answered as before.
//!
//! What is to be done is decided from what is there ([`decide`], a plain function), anew in each round
//! of [`Vectors::tend`]: whoever is killed in the middle goes on where it was. Processes that want
//! different things do not undo each other's work ([`super::wish`]). Chunks get their new vectors by a
//! job for each tenant ([`super::wants`], [`super::reembed`]), batch by batch.

use base::{Actor, TenantId, Timestamp};
use jiff::SignedDuration;
use store::{Error, audit};

use super::{
    Generation, State, Vectors, Wanted, builtin, changes,
    door::new_id,
    meter, rows, space,
    upkeep::Busy,
    wants::{Known, Look},
    wish,
};

pub use super::reembed::KIND;

/// How often it is looked whether chunks lack a vector although nothing is being made anew.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// And how often while something is.
const LOOK_SOON: SignedDuration = SignedDuration::from_secs(5);

/// How often the log is cleared of what everybody has read.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Documents that are followed in one round.
const IN_A_ROUND: usize = 500;

/// Rows of a model that serves nothing any more that are dropped in one round.
const PURGED_IN_A_ROUND: usize = 2_000;

/// What the rounds remember of each other. All of it may be lost.
#[derive(Default)]
pub(super) struct Chores {
    is_healed: bool,
    looked_at: Option<Timestamp>,
    known: Known,
    /// When the log was last swept, and up to where it was settled then.
    swept: Option<(Timestamp, i64)>,
}

/// What there is.
#[derive(Debug, Clone, Copy)]
struct Standing<'a> {
    serving: Option<&'a Generation>,
    building: Option<&'a Generation>,
    /// The engine that is set up.
    engine: &'a str,
    /// The model that is set up.
    model: Option<&'a str>,
    /// Numbers of its newest vectors, if it has made any.
    dimensions: Option<usize>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Nothing: there is nothing to make vectors of, or nobody to make them.
    Rest,
    /// Nobody knows yet how long vectors of this model are: the first ones will tell.
    Embed { model: String },
    /// Begin what is wanted.
    Begin(Wanted),
    /// What is built is not wanted any more.
    GiveUp { id: String },
    /// What serves is what is wanted. See to it that no chunk is left out.
    Keep(Wanted),
    /// What is built is what is wanted. When it is whole, let it serve.
    Finish { id: String, wanted: Wanted },
}

/// What is to be done. No I/O: this is what the tests pin down.
fn decide(standing: Standing<'_>) -> Step {
    let Standing { serving, building, engine, model, dimensions } = standing;
    // Without a model no vectors are made, but those that are there can still move house.
    let Some(model) = model.or_else(|| serving.map(|it| it.model.as_str())) else {
        return Step::Rest;
    };
    let of_model =
        |it: Option<&Generation>| it.filter(|it| it.model == model).map(|it| it.dimensions);
    let Some(dimensions) = of_model(building).or(of_model(serving)).or(dimensions) else {
        return Step::Embed { model: model.to_owned() };
    };
    let wanted = Wanted { engine: engine.to_owned(), model: model.to_owned(), dimensions };
    match (serving, building) {
        (_, Some(building)) if building.is(&wanted) => {
            Step::Finish { id: building.id.clone(), wanted }
        }
        (Some(serving), Some(building)) if serving.is(&wanted) => {
            Step::GiveUp { id: building.id.clone() }
        }
        (Some(serving), None) if serving.is(&wanted) => Step::Keep(wanted),
        _ => Step::Begin(wanted),
    }
}

impl Vectors {
    /// Looks after vectors: engines follow the log, what is wanted is made, what served its time goes.
    /// Call it every few seconds. A round that is still going on is not begun twice.
    pub async fn tend(&self, now: Timestamp) {
        let Ok(mut chores) = self.0.chores.try_lock() else { return };
        if let Err(error) = self.round(&mut chores, now).await {
            tracing::warn!(error = %error, "Vectors could not be looked after; that is made up for later");
        }
        drop(chores);
        self.0.builtin.tend().await;
        let holding = self.0.builtin.holding();
        meter::HELD.set(holding.points as f64, &["points"]);
        meter::HELD.set(holding.graphed as f64, &["in_graph"]);
        meter::HELD_BYTES.set(holding.bytes as f64, &[]);
    }

    /// Makes the generation that serves anew, beside it, from the rows: for an engine that lost what
    /// it had. The rounds that follow fill it and let it take its place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rebuild(&self) -> Result<(), Error> {
        let Some(serving) = self.serving().await? else { return Ok(()) };
        let wanted = Wanted {
            engine: self.0.settings.engine.name().to_owned(),
            model: serving.model,
            dimensions: serving.dimensions,
        };
        let (id, now) = (new_id(), self.now());
        let renew = move |tx: &store::Tx| space::renew(tx, &id, &wanted, now);
        self.0.store.bookkeep("make a generation of vectors anew", renew).await
    }

    async fn round(&self, chores: &mut Chores, now: Timestamp) -> Result<(), Error> {
        if !chores.is_healed {
            let healed = self.0.store.bookkeep("make sense of the log of vectors", changes::heal);
            if healed.await? {
                tracing::info!(
                    "The log of vectors came from another server: engines follow it anew"
                );
            }
            chores.is_healed = true;
        }
        for generation in self.open_ones().await {
            self.follow(&generation, IN_A_ROUND, Busy::Wait).await;
        }
        // None of them waits for another to go well.
        let renewed = self.renew(chores, now).await;
        let buried = self.bury(now).await;
        let swept = self.sweep(chores, now).await;
        renewed.and(buried).and(swept)
    }

    async fn renew(&self, chores: &mut Chores, now: Timestamp) -> Result<(), Error> {
        let all = self.generations().await?;
        let find = |state| all.iter().find(|it| it.state == state);
        let (serving, building) = (find(State::Serving), find(State::Building));
        let model = self.0.models.can_embed();
        let asked = model.clone();
        let dimensions = match asked {
            Some(model) => self.0.store.read(move |db| rows::dimensions(db, &model)).await?,
            None => None,
        };
        let standing = Standing {
            serving,
            building,
            engine: self.0.settings.engine.name(),
            model: model.as_deref(),
            dimensions,
        };
        let step = decide(standing);
        let is_wanted = |it: &&Generation| match &step {
            Step::Keep(_) => it.state == State::Serving,
            Step::Finish { id, .. } => it.id == *id,
            _ => false,
        };
        let mine = all.iter().find(is_wanted).filter(|_| model.is_some());
        if let Some(id) = mine.filter(|it| wish::is_due(it, now)).map(|it| it.id.clone()) {
            let want = move |tx: &store::Tx| space::want(tx, &id, now);
            self.0.store.bookkeep("say which vectors are wanted", want).await?;
        }
        if !matches!(step, Step::Begin(_) | Step::GiveUp { .. }) {
            self.waits_for(None);
        }
        let pause = if matches!(step, Step::Finish { .. }) { LOOK_SOON } else { LOOK_EVERY };
        let may_look = chores.looked_at.is_none_or(|it| now.duration_since(it) >= pause);
        match step {
            Step::Rest => Ok(()),
            Step::Begin(wanted) => self.begin(wanted).await,
            Step::GiveUp { id } => {
                let theirs = building.filter(|it| wish::is_heard(it, now));
                self.waits_for(theirs);
                if theirs.is_some() {
                    return Ok(());
                }
                let heard = now - wish::HEARD_FOR;
                let give_up = move |tx: &store::Tx| space::give_up(tx, &id, heard, now);
                self.0.store.bookkeep("give up a generation of vectors", give_up).await
            }
            Step::Embed { .. } | Step::Keep(_) | Step::Finish { .. } if !may_look => Ok(()),
            Step::Embed { model } => {
                chores.looked_at = Some(now);
                let look = Look::AtChanges;
                self.have_embedded(&mut chores.known, look, &model, None, now).await.map(drop)
            }
            Step::Keep(wanted) => {
                chores.looked_at = Some(now);
                let (look, dimensions) = (Look::AtChanges, Some(wanted.dimensions));
                let known = &mut chores.known;
                self.have_embedded(known, look, &wanted.model, dimensions, now).await.map(drop)
            }
            Step::Finish { id, wanted } => {
                chores.looked_at = Some(now);
                let (look, dimensions) = (Look::AtAll, Some(wanted.dimensions));
                let known = &mut chores.known;
                let is_lacking =
                    self.have_embedded(known, look, &wanted.model, dimensions, now).await?;
                match building {
                    Some(building) if !is_lacking && self.is_followed(building).await? => {
                        self.switch(id, &wanted, now).await
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Has the engine of a generation all there is?
    async fn is_followed(&self, generation: &Generation) -> Result<bool, Error> {
        if generation.engine == builtin::NAME {
            return Ok(true);
        }
        // A round of its own: what was written since the last one counts too.
        Ok(self.follow(generation, IN_A_ROUND, Busy::Wait).await)
    }

    async fn switch(&self, id: String, wanted: &Wanted, now: Timestamp) -> Result<(), Error> {
        let Wanted { engine, model, dimensions } = wanted.clone();
        let switch = move |tx: &store::Tx| {
            if !space::switch(tx, &id, now)? {
                return Ok(false);
            }
            tx.execute(
                "UPDATE knowledge_documents SET model = $1, dimensions = $2
                  WHERE id IN (SELECT document FROM knowledge_vectors
                                WHERE model = $1 AND dimensions = $2)",
                &store::params![&model, dimensions],
            )?;
            let summary = format!("Vectors of `{model}` in `{engine}` serve from now on");
            tx.audit(audit::Entry::new(TenantId::DEFAULT, "vectors_switched", "vectors", summary));
            Ok::<bool, Error>(true)
        };
        if self.0.store.write(&Actor::house(), now, switch).await? {
            let Wanted { engine, model, .. } = wanted;
            meter::SWITCHES.increment(&[engine]);
            tracing::info!(vectors.engine = %engine, vectors.model = %model, "Vectors of {model} in {engine} serve from now on");
        }
        Ok(())
    }

    /// Takes away what has been retired for long enough, or never served anybody: its spaces, then the
    /// rows that nobody needs.
    async fn bury(&self, now: Timestamp) -> Result<(), Error> {
        let all = self.generations().await?;
        let keep = self.0.settings.keep_retired;
        let is_other = |it: &Generation, one: &Generation| {
            it.id != one.id && it.model == one.model && it.dimensions == one.dimensions
        };
        let is_needed = |one: &Generation| all.iter().any(|it| is_other(it, one));
        let is_due = |it: &&Generation| {
            let is_old = it.switched_at.is_none_or(|at| now.duration_since(at) >= keep);
            // Its vectors are another one's too: nothing that cost anything goes with it.
            let is_idle = !it.has_served && is_needed(it);
            it.state == State::Retired && (is_old || is_idle)
        };
        for retired in all.iter().filter(is_due) {
            if let Err(error) = self.erase(retired).await {
                tracing::debug!(error = %error, "A retired generation of vectors could not be taken away yet");
                continue;
            }
            let is_needed = is_needed(retired);
            let model = rows::Model { name: retired.model.clone(), dimensions: retired.dimensions };
            let id = retired.id.clone();
            let bury = move |tx: &store::Tx| {
                if !is_needed && rows::purge(tx, &model, PURGED_IN_A_ROUND)? > 0 {
                    return Ok(());
                }
                if !is_needed {
                    changes::forget(tx, &model.name, model.dimensions)?;
                }
                space::forget(tx, &id)
            };
            // One in a round: another may need what this one is said not to.
            return self.0.store.bookkeep("take away retired vectors", bury).await;
        }
        Ok(())
    }

    /// Clears the log of documents that are gone, an hour after everybody could read of it.
    async fn sweep(&self, chores: &mut Chores, now: Timestamp) -> Result<(), Error> {
        if chores.swept.is_some_and(|(at, _)| now.duration_since(at) < SWEEP_EVERY) {
            return Ok(());
        }
        let settled = chores.swept.map(|it| it.1);
        let sweep = move |tx: &store::Tx| {
            if let Some(settled) = settled {
                changes::sweep(tx, settled)?;
            }
            changes::horizon(tx)
        };
        let horizon = self.0.store.bookkeep("clear the log of vectors", sweep).await?;
        chores.swept = Some((now, horizon));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
