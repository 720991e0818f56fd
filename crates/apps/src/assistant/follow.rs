//! Listening to a run: each event once and in order, from wherever somebody was cut off, whether the
//! run is made here, elsewhere, or was made long ago.

use std::{collections::VecDeque, time::Duration};

use base::{Actor, ChatId, RunId};
use serde_json::Value as Json;
use tokio::sync::watch;

use super::{
    bury,
    event::{Event, Name},
    live::{Listener, Progress},
    run,
};
use crate::{engine::Engine, error::EngineError};

/// How often a run that is made elsewhere is looked at.
const LOOKED_EVERY: Duration = Duration::from_millis(300);

/// Somebody who listens to a run.
pub struct Follow {
    engine: Engine,
    run: RunId,
    chat: Option<ChatId>,
    request: String,
    after: u64,
    waiting: VecDeque<Event>,
    /// The last event was heard.
    has_ended: bool,
    source: Source,
}

enum Source {
    /// It is made by this process.
    Here(Listener, watch::Receiver<Progress>),
    /// Only what was kept of it is known here.
    Kept,
}

/// Everything that a run told, for who waits for the whole of it.
#[derive(Clone, PartialEq)]
pub struct Whole {
    /// The run.
    pub run: RunId,
    /// The words.
    pub text: String,
    /// What the last event told.
    pub last: Json,
    /// It ended well.
    pub is_done: bool,
}

/// Shows how it ended, never what was said.
impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whole")
            .field("run", &self.run)
            .field("is_done", &self.is_done)
            .finish_non_exhaustive()
    }
}

impl Follow {
    /// Listens after the event of this number. `listener`: the run is made here.
    pub(crate) fn new(
        engine: Engine,
        run: &run::Run,
        listener: Option<Listener>,
        after: u64,
    ) -> Self {
        let source = match listener {
            Some(listener) => {
                let progress = listener.live().progress();
                Source::Here(listener, progress)
            }
            None => Source::Kept,
        };
        Self {
            engine,
            run: run.id,
            chat: run.chat,
            request: run.request.clone(),
            after,
            waiting: VecDeque::new(),
            has_ended: false,
            source,
        }
    }

    /// Which run it is.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The chat it belongs to.
    pub fn chat(&self) -> Option<ChatId> {
        self.chat
    }

    /// What clients know it by.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// The next event; none after the last.
    ///
    /// # Errors
    /// When the database does not answer; asking again is safe.
    pub async fn next(&mut self) -> Result<Option<Event>, EngineError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.after = event.seq;
                self.has_ended |= event.is_last();
                return Ok(Some(event));
            }
            let is_over = match &mut self.source {
                Source::Here(listener, progress) => {
                    let seen = *progress.borrow_and_update();
                    let told = usize::try_from(self.after).unwrap_or(usize::MAX);
                    if seen.told > told {
                        self.waiting.extend(listener.live().told_after(told));
                        continue;
                    }
                    let is_over = seen.is_over || progress.changed().await.is_err();
                    if is_over && !self.has_ended {
                        // Nobody makes it any more, and nobody has said how it ends: whoever ends it
                        // in their place writes that down.
                        self.source = Source::Kept;
                        continue;
                    }
                    is_over
                }
                Source::Kept => self.look().await?,
            };
            if is_over {
                return Ok(None);
            }
        }
    }

    /// Listens to the end.
    ///
    /// # Errors
    /// When the database does not answer, or the run ended without a word about it.
    pub async fn whole(mut self) -> Result<Whole, EngineError> {
        let (mut text, mut last) = (String::new(), None);
        while let Some(event) = self.next().await? {
            match event.name {
                Name::Delta => {
                    text.push_str(event.json()["content"].as_str().unwrap_or_default());
                }
                Name::Done | Name::Error => last = Some(event),
                _ => {}
            }
        }
        let last = last.ok_or(EngineError::Lost(self.run))?;
        let is_done = last.name == Name::Done;
        Ok(Whole { run: self.run, text, last: last.json(), is_done })
    }

    /// Reads what was kept meanwhile. True when nothing more will come.
    async fn look(&mut self) -> Result<bool, EngineError> {
        let (id, after) = (self.run, self.after);
        let (run, told) = self
            .engine
            .store()
            .read(move |db| {
                Ok::<_, store::Error>((run::find(db, id)?, run::told_after(db, id, after)?))
            })
            .await?;
        if !told.is_empty() {
            self.waiting.extend(told);
            return Ok(false);
        }
        let now = self.engine.now();
        match run {
            Some(run) if run::is_lost(&run, now) => {
                let buried = move |tx: &store::Tx| bury::bury(tx, id, now);
                self.engine.store().write(&Actor::house(), now, buried).await?;
                Ok(false)
            }
            Some(run) if run.state == run::State::Running => {
                tokio::time::sleep(LOOKED_EVERY).await;
                Ok(false)
            }
            _ => Ok(true),
        }
    }
}
