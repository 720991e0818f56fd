//! One attempt to use a model, from the moment it may have reached a provider until it is in the
//! ledger. An attempt that is dropped on the way is written down too, as abandoned.

use std::sync::{Arc, Mutex, PoisonError};

use base::{JobId, TenantId, UsageId};
use store::Store;
use tokio::{runtime::Handle, sync::oneshot, task::JoinSet, time::Instant};
use tracing::{error, info, warn};

use crate::{
    Ask, Cost, Usage,
    door::Inner,
    metric,
    provider::Provider,
    settings::ModelRef,
    usage::{self, Entry, Outcome},
};

/// On whose account attempts go.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The same for all attempts of one question.
    pub(crate) asked: UsageId,
    pub(crate) tenant: TenantId,
    pub(crate) operation: String,
    pub(crate) job: Option<JobId>,
    pub(crate) caller: Option<String>,
}

impl Account {
    pub(crate) fn of(ask: &Ask) -> Self {
        Self {
            asked: UsageId::generate(),
            tenant: ask.tenant,
            operation: ask.operation.clone(),
            job: ask.job,
            caller: ask.user.clone(),
        }
    }
}

/// The ledger writes under way. They go on when whoever asked is gone, and are waited for at the end.
#[derive(Default)]
pub(crate) struct Writes(Mutex<JoinSet<()>>);

impl Writes {
    fn spawn(&self, runtime: &Handle, write: impl Future<Output = ()> + Send + 'static) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while all.try_join_next().is_some() {}
        all.spawn_on(write, runtime);
    }

    pub(crate) async fn finish(&self) {
        loop {
            let mut all =
                std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            if all.is_empty() {
                return;
            }
            while all.join_next().await.is_some() {}
        }
    }
}

/// An attempt that is not in the ledger yet.
pub(crate) struct Attempt {
    inner: Arc<Inner>,
    provider: Arc<Provider>,
    runtime: Handle,
    started: Instant,
    /// None once it is written, or does not need to be.
    entry: Option<Entry>,
}

impl Attempt {
    /// Begins an attempt; until it has ended it counts as one whose question was sent.
    pub(crate) fn begin(
        inner: &Arc<Inner>,
        provider: &Arc<Provider>,
        to: &ModelRef,
        account: &Account,
        tokens_asked: u64,
    ) -> Self {
        let usage = Usage { tokens_in: tokens_asked, estimated: true, ..Usage::default() };
        Self {
            inner: inner.clone(),
            provider: provider.clone(),
            runtime: Handle::current(),
            started: Instant::now(),
            entry: Some(Entry {
                id: UsageId::generate(),
                asked: account.asked,
                tenant: account.tenant,
                job: account.job,
                caller: account.caller.clone(),
                operation: account.operation.clone(),
                provider: to.provider.clone(),
                model: to.model.clone(),
                usage,
                // Nobody knows what a provider bills for a question it did not answer.
                cost: Cost::Unknown,
                latency_ms: 0,
                outcome: Outcome::Abandoned,
                status: None,
                at: inner.clock.now(),
            }),
        }
    }

    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    /// The provider did the work: this is what it used and cost.
    pub(crate) fn answered(&mut self, status: u16, usage: Usage) -> Cost {
        let now = self.inner.clock.now();
        self.provider.answered(now);
        let elapsed = self.started.elapsed();
        let Some(entry) = &mut self.entry else { return Cost::Unknown };
        let prices = &self.inner.settings.prices;
        entry.usage = usage;
        entry.cost = crate::price::cost(prices, &entry.provider, &entry.model, &usage, now);
        entry.status = Some(status);
        entry.latency_ms = millis(elapsed);
        // If the answer's reader is dropped before it judged it, it was still an answer.
        entry.outcome = Outcome::Ok;
        entry.cost
    }

    /// The provider refused before it did any work: nothing was used.
    pub(crate) async fn refused(mut self, status: u16, outcome: Outcome) {
        if let Some(entry) = &mut self.entry {
            entry.usage = Usage::default();
            entry.status = Some(status);
            let prices = &self.inner.settings.prices;
            let (provider, model) = (&entry.provider, &entry.model);
            entry.cost = crate::price::cost(prices, provider, model, &entry.usage, entry.at);
        }
        self.end(outcome).await;
    }

    /// The attempt is over; writes it down and waits for that.
    pub(crate) async fn end(mut self, outcome: Outcome) {
        if let Some(done) = self.write(Some(outcome)) {
            // The other side always sends; when the runtime is going down there is nobody to wait.
            let _ = done.await;
        }
    }

    /// No provider was reached: there is nothing to write down.
    pub(crate) fn dismiss(mut self) {
        if let Some(entry) = self.entry.take() {
            metric::REQUESTS.increment(&[&entry.provider, &entry.model, "unreached"]);
            warn!(
                model.provider = entry.provider,
                model.name = entry.model,
                operation = entry.operation,
                "Could not connect to model provider {}",
                entry.provider,
            );
        }
    }

    fn write(&mut self, outcome: Option<Outcome>) -> Option<oneshot::Receiver<()>> {
        let mut entry = self.entry.take()?;
        entry.outcome = outcome.unwrap_or(entry.outcome);
        if entry.latency_ms == 0 {
            entry.latency_ms = millis(self.started.elapsed());
        }
        count(&entry);
        let (done, waiting) = oneshot::channel();
        // The write holds on to the room: the last clone of the door may be gone before it ends.
        let inner = self.inner.clone();
        self.inner.writes.spawn(&self.runtime, async move {
            write(&inner.store, entry).await;
            let _ = done.send(());
        });
        Some(waiting)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.entry.as_ref().is_some_and(|it| it.outcome == Outcome::Abandoned) {
            self.provider.abandoned(self.inner.clock.now());
        }
        drop(self.write(None));
    }
}

async fn write(store: &Store, entry: Entry) {
    let (provider, model, operation) =
        (entry.provider.clone(), entry.model.clone(), entry.operation.clone());
    let (tenant, usage, cost) = (entry.tenant, entry.usage, entry.cost);
    let written: Result<(), store::Error> =
        store.bookkeep("model_usage", move |tx| usage::insert(tx, &entry)).await;
    if let Err(why) = written {
        metric::LEDGER_FAILURES.increment(&[]);
        // Everything the lost row would have said, so that it can be entered by hand.
        error!(
            model.provider = provider,
            model.name = model,
            tenant.id = %tenant,
            operation,
            tokens_in = usage.tokens_in,
            tokens_out = usage.tokens_out,
            cost_micro_usd = cost.known().map(|it| it.0),
            error = &why as &dyn std::error::Error,
            "Could not write the use of model {model} into the usage ledger",
        );
    }
}

fn count(entry: &Entry) {
    let labels = [entry.provider.as_str(), entry.model.as_str()];
    metric::REQUESTS.increment(&[labels[0], labels[1], entry.outcome.name()]);
    metric::SECONDS_TAKEN.observe(entry.latency_ms as f64 / 1e3, &labels);
    for (direction, tokens) in [
        ("in", entry.usage.tokens_in),
        ("out", entry.usage.tokens_out),
        ("cached", entry.usage.cached),
    ] {
        if tokens > 0 {
            metric::TOKENS.add(tokens, &[labels[0], labels[1], direction]);
        }
    }
    if let Some(cost) = entry.cost.known() {
        metric::COST.add(cost.0.unsigned_abs(), &[labels[1]]);
    }
    info!(
        model.provider = entry.provider,
        model.name = entry.model,
        tenant.id = %entry.tenant,
        operation = entry.operation,
        outcome = entry.outcome.name(),
        status_code = entry.status,
        tokens_in = entry.usage.tokens_in,
        tokens_out = entry.usage.tokens_out,
        latency_ms = entry.latency_ms,
        "Used model {} for {}: {}", entry.model, entry.operation, entry.outcome,
    );
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
