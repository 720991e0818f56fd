//! Tells what happens in a run: each group of events is kept first, then told.
//!
//! Words that come close together become one event, and events that come close together one row. The
//! more answers are made at once, the longer a group may grow, so that a thousand of them ask no more
//! of the database than it can give.

use std::{sync::Arc, time::Duration};

use serde_json::Value as Json;
use tokio::time::Instant;
use tracing::warn;

use super::{
    event::{self, Event, Name},
    live::Live,
    run,
    spoken::Spoken,
};
use crate::{assistant::answer::Stop, engine::Engine};

/// A group is not kept sooner than this after the one before.
const PACE_MIN: Duration = Duration::from_millis(40);
const PACE_MAX: Duration = Duration::from_secs(1);
/// How often a group is tried to be kept, and how long after the first time it is tried again.
const TRIES: u32 = 4;
const AGAIN: Duration = Duration::from_millis(200);

pub(crate) struct Teller {
    engine: Engine,
    live: Arc<Live>,
    /// How many events there are, told or not.
    count: u64,
    pending: Vec<Event>,
    words: String,
    kept_at: Option<Instant>,
}

impl Teller {
    pub(crate) fn new(engine: Engine, live: Arc<Live>) -> Self {
        let (pending, words) = (Vec::new(), String::new());
        Self { engine, live, count: 0, pending, words, kept_at: None }
    }

    /// How many events there are, told or not.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Adds an event to what is told next.
    pub(crate) fn add(&mut self, name: Name, data: &Json) {
        self.end_words();
        self.push(name, data);
    }

    /// Adds words of the answer.
    pub(crate) fn add_words(&mut self, words: &str) {
        self.words.push_str(words);
    }

    /// Adds an event and tells it at once.
    pub(crate) async fn tell(&mut self, name: Name, data: &Json) -> Result<(), Stop> {
        self.add(name, data);
        self.flush().await
    }

    /// When what is pending is to be told; none when nothing is.
    pub(crate) fn due(&self) -> Option<Instant> {
        if self.pending.is_empty() && self.words.is_empty() {
            return None;
        }
        let pace = Duration::from_millis(self.engine.hub().count() as u64 / 4);
        let pace = pace.clamp(PACE_MIN, PACE_MAX);
        Some(self.kept_at.map_or_else(Instant::now, |it| it + pace))
    }

    /// Keeps and tells what is pending.
    pub(crate) async fn flush(&mut self) -> Result<(), Stop> {
        if self.pending.is_empty() && self.words.is_empty() {
            return Ok(());
        }
        self.keep(None).await
    }

    /// The same when all words are told, with what is needed to end the answer.
    pub(crate) async fn flush_spoken(&mut self, spoken: Spoken) -> Result<(), Stop> {
        self.keep(Some(spoken)).await
    }

    async fn keep(&mut self, spoken: Option<Spoken>) -> Result<(), Stop> {
        let events = self.take();
        let mut tries = 0;
        loop {
            let (run, holder) = (self.live.run, self.engine.hub().holder().to_owned());
            let (group, spoken, now) = (events.clone(), spoken.clone(), self.engine.now());
            let kept = self.engine.store().bookkeep("keep what an assistant tells", move |tx| {
                let is_held = run::keep(tx, run, &holder, &group, now)?;
                if let Some(spoken) = spoken.as_ref().filter(|_| is_held) {
                    spoken.keep(tx, run)?;
                }
                Ok::<_, store::Error>(is_held)
            });
            match kept.await {
                Ok(true) => {
                    self.told(events);
                    return Ok(());
                }
                Ok(false) => return Err(Stop::Lost),
                Err(error) if tries + 1 < TRIES => {
                    tries += 1;
                    warn!(run.id = %run, error = %error, "Could not keep what is told; trying again");
                    tokio::time::sleep(AGAIN * (1 << tries)).await;
                }
                Err(error) => {
                    // Whoever keeps the end keeps these with it, so that no number is missing.
                    self.pending.splice(0..0, events);
                    return Err(Stop::Failed(Box::new(error.into())));
                }
            }
        }
    }

    /// Takes what is pending, for whoever keeps it together with something else.
    pub(crate) fn take(&mut self) -> Vec<Event> {
        self.end_words();
        std::mem::take(&mut self.pending)
    }

    /// Tells events that were kept.
    pub(crate) fn told(&mut self, events: Vec<Event>) {
        self.kept_at = Some(Instant::now());
        self.live.tell(events);
    }

    fn end_words(&mut self) {
        if !self.words.is_empty() {
            let words = std::mem::take(&mut self.words);
            self.push(Name::Delta, &event::delta(&words));
        }
    }

    fn push(&mut self, name: Name, data: &Json) {
        self.count += 1;
        self.pending.push(Event { seq: self.count, name, data: data.to_string().into() });
    }
}
