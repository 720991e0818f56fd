//! One attempt at one candidate: its tab in the ledger, its room among others, and what it says
//! about the provider. Dropped on the way it is written down as abandoned, at what was held for it.

use std::{sync::Arc, time::Duration};

use base::UsageId;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::{Account, Provider, client::Failure, room::Room, wrong::Wrong};
use crate::{
    Cost, Usage,
    door::Inner,
    ledger::{Begun, Hold, LedgerFull, Tab},
    settings::ModelRef,
    tokens,
    usage::Outcome,
};

/// An attempt that is not over. It goes through many hands, and what is known of it stays where it is.
pub(crate) struct Attempt(Box<Known>);

/// What is known of an attempt.
struct Known {
    inner: Arc<Inner>,
    provider: Arc<Provider>,
    model: String,
    tokens_asked: u64,
    /// None once it is closed.
    tab: Option<Tab>,
    /// The provider counted what it used.
    is_counted: bool,
    /// Given back with the attempt.
    room: Option<Room>,
}

/// Of which call an attempt is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) account: &'a Account,
    /// The same for all attempts of a call.
    pub(crate) id: UsageId,
    /// About how many tokens the question has.
    pub(crate) tokens_in: u64,
}

impl Asked<'_> {
    pub(crate) fn begun<'a>(&'a self, to: &'a ModelRef) -> Begun<'a> {
        let account = self.account;
        Begun {
            asked: self.id,
            tenant: account.tenant,
            key: account.key,
            caller: account.caller.as_deref(),
            operation: &account.operation,
            task: account.task.as_deref(),
            job: account.job,
            priority: Some(account.priority),
            to,
            tokens_in: self.tokens_in,
        }
    }
}

impl Attempt {
    /// Begins an attempt; until it has ended it counts as one whose question was sent.
    ///
    /// # Errors
    /// When it cannot be written down: then nothing may be sent.
    pub(crate) fn begin(
        inner: &Arc<Inner>,
        provider: &Arc<Provider>,
        to: &ModelRef,
        asked: Asked<'_>,
        hold: Hold,
        room: Room,
    ) -> Result<Self, LedgerFull> {
        let tab = match inner.ledger.open_tab(&asked.begun(to), hold) {
            Ok(tab) => tab,
            Err(full) => {
                room.undo();
                return Err(full);
            }
        };
        Ok(Self(Box::new(Known {
            inner: inner.clone(),
            provider: provider.clone(),
            model: to.model.clone(),
            tokens_asked: asked.tokens_in,
            tab: Some(tab),
            is_counted: false,
            room: Some(room),
        })))
    }

    pub(crate) fn tokens_asked(&self) -> u64 {
        self.0.tokens_asked
    }

    pub(crate) fn provider(&self) -> Arc<Provider> {
        self.0.provider.clone()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.tab.as_ref().map(Tab::elapsed).unwrap_or_default()
    }

    /// Where what goes on without its caller runs; stopping waits for it.
    pub(crate) fn tasks(&self) -> TaskTracker {
        self.0.inner.tasks.clone()
    }

    /// The connection may serve again.
    pub(crate) fn exchanged(&self) {
        self.0.provider.client.exchanged();
    }

    /// The first piece of the answer is here: the provider answers.
    pub(crate) fn speaks(&mut self) {
        self.0.provider.answered(&self.0.model, self.0.inner.clock.now());
        if let Some(tab) = &mut self.0.tab {
            tab.first_piece();
        }
    }

    /// The provider did the work: this is what it used and cost.
    pub(crate) fn answered(&mut self, status: u16, usage: Usage) -> Cost {
        self.0.provider.answered(&self.0.model, self.0.inner.clock.now());
        self.room_used(usage.total());
        self.0.tab.as_mut().map_or(Cost::Unknown, |it| it.answered(status, usage))
    }

    /// What the provider counted beside something that is no answer: it is paid for.
    pub(crate) fn counted(&mut self, status: u16, counted: Option<Usage>, asked: u64) {
        let Some(counted) = counted.filter(|it| it.total() > 0) else { return };
        let usage = tokens::completed(Some(counted), asked, 0);
        self.room_used(usage.total());
        if let Some(tab) = &mut self.0.tab {
            let _ = tab.answered(status, usage);
            self.0.is_counted = true;
        }
    }

    fn room_used(&mut self, tokens: u64) {
        if let Some(room) = &mut self.0.room {
            room.used(tokens);
        }
    }

    /// It is over, and written down when this returns.
    pub(crate) fn end(mut self, outcome: Outcome) {
        if let Some(tab) = self.0.tab.take() {
            tab.close(outcome);
        }
    }

    /// It is over, and in the ledger when this returns, or in its journal.
    pub(crate) async fn ended(mut self, outcome: Outcome) {
        if let Some(tab) = self.0.tab.take() {
            tab.end(outcome).await;
        }
    }

    /// The answer broke off after something of it was said.
    pub(crate) fn broke_off(mut self, wrong: &Wrong, usage: Usage) -> Cost {
        self.room_used(usage.total());
        let cost = self.0.tab.as_mut().map_or(Cost::Unknown, |it| it.answered(200, usage));
        self.note(wrong);
        self.end(wrong.outcome());
        cost
    }

    /// There is no answer.
    pub(crate) fn went_wrong(mut self, wrong: &Wrong) {
        self.note(wrong);
        let Some(mut tab) = self.0.tab.take() else { return };
        match wrong {
            Wrong::Failed(Failure::Unreached) => {
                if let Some(room) = self.0.room.take() {
                    room.undo();
                }
                if let Some(to) = tab.dismiss() {
                    warn!(
                        model.provider = to.provider,
                        model.name = to.model,
                        "Could not connect to model provider {}",
                        to.provider,
                    );
                }
            }
            Wrong::Refused { status, .. } => {
                self.room_used(0);
                tab.refused(*status);
                tab.close(wrong.outcome());
            }
            Wrong::Complained(_) => {
                if !self.0.is_counted {
                    tab.unanswered();
                }
                tab.close(wrong.outcome());
            }
            // It may have made an answer all the same: that counts as what was held for it.
            Wrong::Failed(_) | Wrong::Unreadable(_) => tab.close(wrong.outcome()),
        }
    }

    /// The call had no time left for it: that says nothing about the provider.
    pub(crate) fn ran_out(mut self) {
        self.0.provider.abandoned(&self.0.model, self.0.inner.clock.now());
        if let Some(tab) = self.0.tab.take() {
            tab.close(Outcome::Timeout);
        }
    }

    /// It was sent on a connection that had died before: that says nothing about the provider.
    pub(crate) fn was_stale(mut self) {
        self.0.provider.abandoned(&self.0.model, self.0.inner.clock.now());
        if let Some(tab) = &mut self.0.tab {
            tab.unanswered();
        }
        self.end(Outcome::HungUp);
    }

    /// The provider wants to be asked in another way.
    pub(crate) fn conceded(mut self, status: u16) {
        self.0.provider.answered(&self.0.model, self.0.inner.clock.now());
        self.room_used(0);
        if let Some(tab) = &mut self.0.tab {
            tab.refused(status);
        }
        self.end(Outcome::Refused);
    }

    /// What it says about the provider.
    fn note(&self, wrong: &Wrong) {
        self.0.provider.note(&self.0.model, wrong, self.0.inner.clock.now());
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.0.tab.as_ref().is_some_and(Tab::is_open) {
            self.0.provider.abandoned(&self.0.model, self.0.inner.clock.now());
        }
    }
}
