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
    usage::Outcome,
};

/// An attempt that is not over.
pub(crate) struct Attempt {
    inner: Arc<Inner>,
    provider: Arc<Provider>,
    model: String,
    tokens_asked: u64,
    /// None once it is closed.
    tab: Option<Tab>,
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
        let tab = inner.ledger.open_tab(&asked.begun(to), hold)?;
        Ok(Self {
            inner: inner.clone(),
            provider: provider.clone(),
            model: to.model.clone(),
            tokens_asked: asked.tokens_in,
            tab: Some(tab),
            room: Some(room),
        })
    }

    pub(crate) fn tokens_asked(&self) -> u64 {
        self.tokens_asked
    }

    pub(crate) fn provider(&self) -> Arc<Provider> {
        self.provider.clone()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.tab.as_ref().map(Tab::elapsed).unwrap_or_default()
    }

    /// Where what goes on without its caller runs; stopping waits for it.
    pub(crate) fn tasks(&self) -> TaskTracker {
        self.inner.tasks.clone()
    }

    /// The connection may serve again.
    pub(crate) fn exchanged(&self) {
        self.provider.client.exchanged();
    }

    /// The first piece of the answer is here: the provider answers.
    pub(crate) fn speaks(&mut self) {
        self.provider.answered(&self.model, self.inner.clock.now());
        if let Some(tab) = &mut self.tab {
            tab.first_piece();
        }
    }

    /// The provider did the work: this is what it used and cost.
    pub(crate) fn answered(&mut self, status: u16, usage: Usage) -> Cost {
        self.provider.answered(&self.model, self.inner.clock.now());
        self.room_used(usage.total());
        self.tab.as_mut().map_or(Cost::Unknown, |it| it.answered(status, usage))
    }

    fn room_used(&mut self, tokens: u64) {
        if let Some(room) = &mut self.room {
            room.used(tokens);
        }
    }

    /// It is over, and written down when this returns.
    pub(crate) fn end(mut self, outcome: Outcome) {
        if let Some(tab) = self.tab.take() {
            tab.close(outcome);
        }
    }

    /// It is over, and in the ledger when this returns, or in its journal.
    pub(crate) async fn ended(mut self, outcome: Outcome) {
        if let Some(tab) = self.tab.take() {
            tab.end(outcome).await;
        }
    }

    /// The answer broke off after something of it was said.
    pub(crate) fn broke_off(mut self, wrong: &Wrong, usage: Usage) -> Cost {
        self.room_used(usage.total());
        let cost = self.tab.as_mut().map_or(Cost::Unknown, |it| it.answered(200, usage));
        self.note(wrong);
        self.end(wrong.outcome());
        cost
    }

    /// There is no answer.
    pub(crate) fn went_wrong(mut self, wrong: &Wrong) {
        self.note(wrong);
        let Some(mut tab) = self.tab.take() else { return };
        match wrong {
            Wrong::Failed(Failure::Unreached) => {
                if let Some(room) = self.room.take() {
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
                tab.unanswered();
                tab.close(wrong.outcome());
            }
            // It may have made an answer all the same: that counts as what was held for it.
            Wrong::Failed(_) | Wrong::Unreadable(_) => tab.close(wrong.outcome()),
        }
    }

    /// It was sent on a connection that had died before: that says nothing about the provider.
    pub(crate) fn was_stale(mut self) {
        self.provider.abandoned(&self.model, self.inner.clock.now());
        if let Some(tab) = &mut self.tab {
            tab.unanswered();
        }
        self.end(Outcome::HungUp);
    }

    /// The provider wants to be asked in another way.
    pub(crate) fn conceded(mut self, status: u16) {
        self.provider.answered(&self.model, self.inner.clock.now());
        self.room_used(0);
        if let Some(tab) = &mut self.tab {
            tab.refused(status);
        }
        self.end(Outcome::Refused);
    }

    /// What it says about the provider.
    fn note(&self, wrong: &Wrong) {
        self.provider.note(&self.model, wrong, self.inner.clock.now());
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.tab.as_ref().is_some_and(Tab::is_open) {
            self.provider.abandoned(&self.model, self.inner.clock.now());
        }
    }
}
