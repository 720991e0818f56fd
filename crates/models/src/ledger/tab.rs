//! One attempt to use a model, from the moment before it is sent until it is written down. A tab
//! that is dropped on the way is written down too, as abandoned, with what was seen of it.

use base::{AppKeyId, JobId, TenantId, UsageId};
use tokio::{runtime::Handle, sync::oneshot, time::Instant};
use tracing::{Span, debug};

use super::{
    Ledger, LedgerFull,
    budget::{Hold, Settled},
    spent::Spend,
    writer::Item,
};
use crate::{
    Cost, Usage,
    limit::Priority,
    metric,
    money::NanoUsd,
    price,
    settings::ModelRef,
    usage::{Entry, Outcome},
};

/// What is said of an attempt when it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun<'a> {
    /// The same for all attempts of one question.
    pub(crate) asked: UsageId,
    pub(crate) tenant: TenantId,
    pub(crate) key: Option<AppKeyId>,
    pub(crate) caller: Option<&'a str>,
    pub(crate) operation: &'a str,
    pub(crate) task: Option<&'a str>,
    pub(crate) job: Option<JobId>,
    pub(crate) priority: Option<Priority>,
    pub(crate) to: &'a ModelRef,
    /// About how many tokens the question has.
    pub(crate) tokens_in: u64,
}

/// An attempt that is not over.
pub(crate) struct Tab {
    ledger: Ledger,
    runtime: Handle,
    /// Of the request, which may be over when the attempt is.
    span: Span,
    started: Instant,
    hold: Hold,
    /// None once it is written, or does not need to be.
    entry: Option<Entry>,
}

/// The longest name from outside that is kept.
const NAME_BYTES_MAX: usize = 200;

impl Ledger {
    /// Opens a tab, with what budgets hold for it. From now on the attempt counts as one whose
    /// question was sent. As long as nobody says how it ended it used what was held for it: what a
    /// provider bills for an answer that nobody waited for is not told, and a budget that took it
    /// for nothing could be passed by giving up.
    ///
    /// # Errors
    /// When it cannot be written down: then it must not be sent.
    pub(crate) fn open_tab(&self, begun: &Begun<'_>, hold: Hold) -> Result<Tab, LedgerFull> {
        let mut entry = self.draft(begun);
        entry.held = hold.noted();
        let tokens_in = begun.tokens_in;
        let tokens_out = hold.estimate().tokens.saturating_sub(tokens_in);
        let usage = Usage { tokens_in, tokens_out, estimated: true, ..Usage::default() };
        self.price(&mut entry, usage);
        if let Some(journal) = self.journal() {
            journal.begin(&entry)?;
        }
        Ok(Tab {
            ledger: self.clone(),
            runtime: Handle::current(),
            span: Span::current(),
            started: Instant::now(),
            hold,
            entry: Some(entry),
        })
    }

    /// Writes down an answer that came from the cache: it used nothing and cost nothing.
    ///
    /// # Errors
    /// When it cannot be written down: then it must not be given. While the database is away its
    /// rows wait in memory, and repeating an answer is quick.
    pub(crate) fn note_cached(&self, begun: &Begun<'_>, latency_ms: u64) -> Result<(), LedgerFull> {
        let mut entry = self.draft(begun);
        entry.usage = Usage::default();
        entry.cost = Cost::Known(NanoUsd::ZERO);
        entry.from_cache = true;
        entry.latency_ms = latency_ms;
        entry.outcome = Outcome::Ok;
        if let Some(journal) = self.journal() {
            journal.note(&entry)?;
        }
        count(&entry);
        let item = Item { entry, settled: Settled::default(), done: None };
        self.push(item, &Handle::current());
        Ok(())
    }

    fn draft(&self, begun: &Begun<'_>) -> Entry {
        Entry {
            id: UsageId::generate(),
            asked: begun.asked,
            tenant: begun.tenant,
            job: begun.job,
            caller: begun.caller.map(short),
            key: begun.key,
            operation: short(begun.operation),
            task: begun.task.map(short),
            priority: begun.priority,
            provider: short(&begun.to.provider),
            model: short(&begun.to.model),
            usage: Usage { tokens_in: begun.tokens_in, estimated: true, ..Usage::default() },
            cost: Cost::Unknown,
            prices: None,
            held: None,
            from_cache: false,
            latency_ms: 0,
            ttft_ms: None,
            outcome: Outcome::Abandoned,
            status: None,
            at: self.0.clock.now(),
        }
    }

    /// What `usage` cost, and by which prices.
    fn price(&self, entry: &mut Entry, usage: Usage) {
        let now = self.0.clock.now();
        entry.usage = usage;
        entry.cost = price::cost(&self.0.prices, &entry.provider, &entry.model, &usage, now);
        entry.prices = entry.cost.nanos().map(|_| self.0.version.clone());
        // Of what has no price, the rest may have one: a budget is charged no less than that.
        if let (Cost::Unknown, Some(held)) = (entry.cost, entry.held) {
            let plain = usage.plain();
            let least = price::cost(&self.0.prices, &entry.provider, &entry.model, &plain, now);
            entry.held = Some(least.nanos().map_or(held, |it| held.max(it)));
        }
    }
}

impl Tab {
    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    /// Is the outcome still open?
    pub(crate) fn is_open(&self) -> bool {
        self.entry.as_ref().is_some_and(|it| it.outcome == Outcome::Abandoned)
    }

    /// The first piece of the answer is here.
    pub(crate) fn first_piece(&mut self) {
        let elapsed = millis(self.started.elapsed());
        if let Some(entry) = &mut self.entry {
            entry.ttft_ms.get_or_insert(elapsed);
        }
    }

    /// The provider did the work: this is what it used and cost. Of an answer that was given up on
    /// the way, what was seen of it; end it as abandoned then.
    pub(crate) fn answered(&mut self, status: u16, usage: Usage) -> Cost {
        let elapsed = millis(self.started.elapsed());
        let Some(entry) = &mut self.entry else { return Cost::Unknown };
        self.ledger.price(entry, usage);
        entry.status = Some(status);
        entry.latency_ms = elapsed;
        // If the answer's reader is dropped before it judged it, it was still an answer.
        entry.outcome = Outcome::Ok;
        entry.cost
    }

    /// The provider refused before it did any work: nothing was used.
    pub(crate) fn refused(&mut self, status: u16) {
        if let Some(entry) = &mut self.entry {
            entry.status = Some(status);
            self.ledger.price(entry, Usage::default());
            // What a request costs by itself is not billed for one that was refused.
            if entry.cost.nanos().is_some() {
                entry.cost = Cost::Known(NanoUsd::ZERO);
            }
        }
    }

    /// There is no answer, and none was being made: at most the question was read.
    pub(crate) fn unanswered(&mut self) {
        if let Some(entry) = &mut self.entry {
            let usage = Usage { tokens_out: 0, ..entry.usage };
            self.ledger.price(entry, usage);
        }
    }

    /// The attempt is over and in the journal when this returns. Without a journal it is on its way
    /// into the database.
    pub(crate) fn close(mut self, outcome: Outcome) {
        drop(self.write(Some(outcome)));
    }

    /// The attempt is over. Without a journal this waits until it is in the database.
    pub(crate) async fn end(mut self, outcome: Outcome) {
        let is_journaled = self.ledger.journal().is_some();
        if let Some(done) = self.write(Some(outcome)).filter(|_| !is_journaled) {
            // The other side always sends; when the runtime is going down there is nobody to wait.
            let _ = done.await;
        }
    }

    /// No provider was reached: there is nothing to write down.
    pub(crate) fn dismiss(mut self) -> Option<ModelRef> {
        let entry = self.entry.take()?;
        metric::REQUESTS.increment(&[&entry.provider, &entry.model, "unreached"]);
        if let Some(journal) = self.ledger.journal() {
            journal.dismiss(entry.id);
        }
        Some(ModelRef { provider: entry.provider, model: entry.model })
    }

    fn write(&mut self, outcome: Option<Outcome>) -> Option<oneshot::Receiver<()>> {
        let mut entry = self.entry.take()?;
        entry.outcome = outcome.unwrap_or(entry.outcome);
        if entry.latency_ms == 0 {
            entry.latency_ms = millis(self.started.elapsed());
        }
        self.span.in_scope(|| count(&entry));
        if let Some(journal) = self.ledger.journal() {
            journal.end(&entry);
        }
        let settled = std::mem::take(&mut self.hold).settle(Spend::of(&entry));
        let (done, waiting) = oneshot::channel();
        self.ledger.push(Item { entry, settled, done: Some(done) }, &self.runtime);
        Some(waiting)
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        drop(self.write(None));
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
        ("cache_written", entry.usage.cache_written),
        ("cache_written_1h", entry.usage.cache_written_1h),
        ("reasoning", entry.usage.reasoning),
        ("audio_in", entry.usage.audio_in),
        ("audio_out", entry.usage.audio_out),
    ] {
        if tokens > 0 {
            metric::TOKENS.add(tokens, &[labels[0], labels[1], direction]);
        }
    }
    if entry.usage.web_searches > 0 {
        metric::SEARCHES.add(entry.usage.web_searches, &labels);
    }
    if let Some(cost) = entry.cost.nanos() {
        metric::COST.add(cost.0.unsigned_abs(), &[labels[1]]);
    }
    // The request has its own line, and the ledger all of this.
    debug!(
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

fn short(name: &str) -> String {
    name[..name.floor_char_boundary(NAME_BYTES_MAX)].to_owned()
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
