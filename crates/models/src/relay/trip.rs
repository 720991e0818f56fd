//! A call on its way from candidate to candidate.

use std::time::Duration;

use base::UsageId;
use tokio::time::Instant;

use super::{Account, attempt::Asked, room::Ours, travel::TOKENS_OUT_USUAL};
use crate::{
    ledger::Subject,
    quirk::{Concession, Quirks},
    settings::ModelRef,
};

/// A call on its way: what is asked on whose account, and what happened so far.
pub(crate) struct Trip<'a> {
    pub(crate) account: &'a Account,
    pub(crate) id: UsageId,
    pub(crate) begun: Instant,
    /// About how many tokens the question has.
    pub(crate) tokens_in: u64,
    /// How many the answer may have, when the caller says.
    pub(crate) tokens_out: Option<u64>,
    /// How many answers are asked for.
    pub(crate) answers: u64,
    /// How many attempts were made.
    pub(crate) attempts: u32,
    /// How long the providers took, and the waits between attempts.
    pub(crate) elsewhere: Duration,
    /// How long it waited for its turn.
    pub(crate) queued: Duration,
    /// How many of its tenant waited when it came, itself included.
    pub(crate) depth_of_tenant: usize,
    /// Its room within the limits of its caller.
    pub(crate) room: Option<Ours>,
    /// How long it waits for its turn, when not as long as the settings say.
    pub(crate) patience: Option<Duration>,
    /// How many attempts it may take, when not as many as the settings say.
    pub(crate) attempts_max: Option<u32>,
    /// A budget of its caller is used up, and a cheaper model is asked instead.
    pub(crate) is_downgraded: bool,
    /// How models turned out to want to be asked in this call.
    pub(crate) conceded: Vec<Conceded>,
}

/// How a model turned out to want to be asked.
pub(crate) struct Conceded {
    to: ModelRef,
    concession: Concession,
}

impl<'a> Trip<'a> {
    pub(crate) fn new(account: &'a Account, tokens_in: u64, tokens_out: Option<u64>) -> Self {
        Self {
            account,
            id: UsageId::generate(),
            begun: Instant::now(),
            tokens_in,
            tokens_out,
            answers: 1,
            attempts: 0,
            elsewhere: Duration::ZERO,
            queued: Duration::ZERO,
            depth_of_tenant: 0,
            room: None,
            patience: None,
            attempts_max: None,
            is_downgraded: false,
            conceded: Vec::new(),
        }
    }

    /// How many tokens are held for the answer.
    pub(crate) fn tokens_held(&self) -> u64 {
        self.tokens_out.unwrap_or(TOKENS_OUT_USUAL.saturating_mul(self.answers))
    }

    pub(crate) fn asked(&self) -> Asked<'a> {
        Asked { account: self.account, id: self.id, tokens_in: self.tokens_in }
    }

    pub(super) fn subject(&self) -> Subject<'a> {
        let account = self.account;
        Subject { tenant: account.tenant, key: account.key, task: account.task.as_deref() }
    }

    /// How to ask this one, of whom others know this much.
    pub(super) fn quirks(&self, to: &ModelRef, known: Quirks) -> Quirks {
        let own = self.conceded.iter().find(|it| it.to == *to);
        own.map_or(known, |it| known.and(it.concession.quirks))
    }

    /// This one wants to be asked in another way.
    pub(super) fn concede(&mut self, to: &ModelRef, concession: Concession) {
        match self.conceded.iter_mut().find(|it| it.to == *to) {
            Some(before) => {
                let is_of_model = before.concession.is_of_model && concession.is_of_model;
                before.concession = Concession { is_of_model, ..concession };
            }
            None => self.conceded.push(Conceded { to: to.clone(), concession }),
        }
    }

    /// What others may learn from an answer of this one. A value of this caller's that it did not
    /// take is nothing to learn from.
    pub(super) fn lesson(&self, to: &ModelRef) -> Option<Quirks> {
        let own = self.conceded.iter().find(|it| it.to == *to && it.concession.is_of_model);
        own.map(|it| it.concession.quirks)
    }
}
