//! Answers to the house itself as they are being said.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{
    Ask, Cost, ModelError, Models, Usage,
    chat::{Finish, Request},
    dialect::Wire,
    relay::{Ended, Missed, Running, Talk, Told, Trip},
    settings::{ModelRef, std},
    tokens,
};

/// An answer that is being said. Dropped before its end, the provider is hung up on, unless the
/// settings want the rest read; what was used is written down either way.
pub struct Speech {
    by: ModelRef,
    source: Source,
    finish: Arc<OnceLock<Finish>>,
    /// How long the longest silence may be, for the words about it.
    silence_max: Duration,
}

enum Source {
    Running(Running),
    Whole(Option<String>, Box<Ended>),
}

/// An answer that was said to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spoken {
    /// What was used.
    pub usage: Usage,
    /// What that cost.
    pub cost: Cost,
    /// It stops because `max_tokens` was reached.
    pub is_cut: bool,
}

/// Why an answer that had begun did not become whole, and what it used all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenOff {
    /// What was used.
    pub usage: Usage,
    /// What that cost.
    pub cost: Cost,
    /// Why.
    pub why: ModelError,
}

impl Models {
    /// Asks, and hands on the answer as it is being said. Until its first word another model may be
    /// asked; from then on it is this model's answer, whole or broken off.
    ///
    /// # Errors
    /// When no model begins to answer.
    pub async fn speak(&self, ask: Ask) -> Result<Speech, ModelError> {
        let asking = self.asking(&ask)?;
        let asked = tokens::estimate_messages(&ask.messages);
        let most = asking.most(&ask);
        let request = Request { stream: true, ..super::request(&ask, &ask.messages, most, None) };
        let settings = &self.0.settings;
        let finish: Arc<OnceLock<Finish>> = Arc::default();
        let mut talk = Talk {
            request: &request,
            asked,
            relay: &settings.relay,
            on_disconnect: asking.way.rules.on_disconnect.unwrap_or(settings.relay.on_disconnect),
            name: asking.id.to_string().into(),
            finish: Arc::clone(&finish),
        };
        let mut trip = Trip { id: asking.id, ..Trip::new(&asking.account, asked, most) };
        let arrived = Box::pin(self.travel(&mut trip, &asking.way, &mut talk)).await?;
        let provider = self.0.providers.get(&arrived.by.provider);
        Ok(Speech {
            silence_max: provider.map(|it| std(it.settings.stall_timeout)).unwrap_or_default(),
            by: arrived.by,
            source: match arrived.out {
                Told::Running(running) => Source::Running(running),
                Told::Whole(text, ended) => Source::Whole(Some(text), ended),
            },
            finish,
        })
    }

    /// The model that would be asked, as `provider/model`. None when none is configured, or only
    /// the provider that is built in, which asks nobody.
    pub fn would_ask(&self, ask: &Ask) -> Option<String> {
        let asking = self.asking(ask).ok()?;
        let to = &asking.way.candidates.first()?.to;
        let provider = self.0.providers.get(&to.provider)?;
        (provider.dialect.wire() != Wire::InProcess).then(|| to.text())
    }
}

impl Speech {
    /// Who says it, as `provider/model`.
    pub fn model(&self) -> String {
        self.by.text()
    }

    /// The next words; none at the end, whatever end that is.
    pub async fn next(&mut self) -> Option<String> {
        match &mut self.source {
            Source::Whole(text, _) => text.take().filter(|it| !it.is_empty()),
            Source::Running(running) => loop {
                let piece = running.next().await?;
                if !piece.is_empty() {
                    return Some(String::from_utf8_lossy(&piece).into_owned());
                }
            },
        }
    }

    /// How it ended, after the last words.
    ///
    /// # Errors
    /// It did not become whole.
    pub fn ended(self) -> Result<Spoken, Box<BrokenOff>> {
        let Self { by, source, finish, silence_max } = self;
        let ended = match source {
            Source::Running(running) => running.ended().cloned(),
            Source::Whole(_, ended) => Some(*ended),
        };
        let is_cut = finish.get() == Some(&Finish::Length);
        let Some(Ended { usage, cost, wrong }) = ended else {
            let why = ModelError::Unavailable {
                provider: by.provider,
                why: "the answer was not heard to its end".into(),
                retry_after: None,
            };
            return Err(Box::new(BrokenOff { usage: Usage::default(), cost: Cost::Unknown, why }));
        };
        match wrong {
            None => Ok(Spoken { usage, cost, is_cut }),
            Some(wrong) => {
                let retry_after = wrong.miss().retry_after;
                let why = Missed::Wrong {
                    provider: by.provider,
                    wrong: Box::new(wrong),
                    retry_after,
                    limit: silence_max,
                };
                let why = why.into();
                Err(Box::new(BrokenOff { usage, cost, why }))
            }
        }
    }
}

/// Shows who speaks, never what is said.
impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speech").field("by", &self.by.text()).finish_non_exhaustive()
    }
}
