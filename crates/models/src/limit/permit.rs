//! Entering and leaving: where the line meets the clock and those who wait.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base::Clock;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

use super::{
    LimitSettings, Overloaded, Priority, QueueSettings, QueueStanding, Standing, Subject, Waiting,
    line::{Answer, Line, Taken, Ticket},
    metric,
};
use crate::{dialect::Rates, settings::std};

/// The longest that one who waits does not look at the clock, which somebody may set.
const NAP_MAX: Duration = Duration::from_secs(1);

/// All limits of this process. A clone is the same.
#[derive(Clone)]
pub struct Limits(Arc<Shared>);

struct Shared {
    clock: Clock,
    line: Mutex<Line>,
    wait: Duration,
    has_limits: AtomicBool,
}

/// A request that was let in. Dropped, its place is free again; what it reserved counts as used
/// unless [`Permit::settle`] or [`Permit::undo`] says otherwise.
#[must_use = "the place is free again when this is dropped"]
pub struct Permit {
    limits: Option<Limits>,
    taken: Taken,
    used: Option<u64>,
    is_undone: bool,
    waited: Duration,
    depth_of_tenant: usize,
}

impl Limits {
    /// The limits of the settings.
    pub fn new(clock: Clock, limits: &[LimitSettings], queue: &QueueSettings) -> Self {
        let line = Line::new(limits, queue);
        Self(Arc::new(Shared {
            clock,
            wait: std(queue.wait),
            has_limits: AtomicBool::new(!line.gates.is_empty()),
            line: Mutex::new(line),
        }))
    }

    /// Waits until a request fits that is about to use this many tokens, no longer than the settings
    /// say and not beyond the deadline.
    ///
    /// # Errors
    /// When the queue is full, the wait is hopeless, or it was over.
    pub async fn enter(
        &self,
        subject: &Subject<'_>,
        tokens: u64,
        priority: Priority,
        deadline: Option<Instant>,
    ) -> Result<Permit, Overloaded> {
        if !self.0.has_limits.load(Ordering::Relaxed) {
            return Ok(Permit::new(None, Taken::default(), Duration::ZERO, 0));
        }
        let begun;
        let (mut turn, depth_of_tenant) = {
            let mut line = self.line();
            let now = self.now();
            if let Some(taken) = line.enter(subject, tokens, now) {
                return Ok(Permit::new(Some(self.clone()), taken, Duration::ZERO, 0));
            }
            begun = Instant::now();
            let left = deadline.map(|it| it.saturating_duration_since(begun));
            let patience = left.unwrap_or(self.0.wait).min(self.0.wait);
            let micros = i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
            let (sender, answer) = oneshot::channel();
            let stood = line.wait(subject, tokens, priority, micros, now, sender);
            metric::DEPTH.set(line.depth() as f64, &[]);
            let depth_of_tenant = line.of_tenant(subject.tenant);
            let ticket = stood.map_err(refused)?;
            let until = begun + patience;
            (Turn { limits: self, ticket, answer, until, is_over: false }, depth_of_tenant)
        };
        let answer = turn.come().await;
        let waited = begun.elapsed();
        metric::WAIT.observe(waited.as_secs_f64(), &[priority.name()]);
        match answer {
            Ok(taken) => Ok(Permit::new(Some(self.clone()), taken, waited, depth_of_tenant)),
            Err(overloaded) => Err(refused(overloaded)),
        }
    }

    /// The provider said what is left of a model. Requests for it wait when that is not enough.
    pub fn learn(&self, provider: &str, model: &str, rates: &Rates) {
        let is_told =
            |left: Option<u64>, reset: Option<Duration>| left.is_some() && reset.is_some();
        if is_told(rates.requests_left, rates.requests_reset)
            || is_told(rates.tokens_left, rates.tokens_reset)
            || is_told(rates.input_left, rates.input_reset)
            || is_told(rates.output_left, rates.output_reset)
        {
            self.0.has_limits.store(true, Ordering::Relaxed);
            let mut line = self.line();
            let now = self.now();
            line.gates.learn(provider, model, rates, now);
        }
    }

    /// Who waits, by tenant and priority, those first whose turn comes first.
    pub fn queue(&self) -> Vec<Waiting> {
        let line = self.line();
        line.shown(self.now())
    }

    /// The limits, and who has used how much of each in this process.
    pub fn standings(&self) -> Vec<Standing> {
        let mut line = self.line();
        let now = self.now();
        line.gates.standings(now)
    }

    /// The queue, with those who wait in it.
    pub fn queue_standing(&self) -> QueueStanding {
        let line = self.line();
        QueueStanding {
            depth: line.depth(),
            depth_max: line.depth_max(),
            wait_max_s: self.0.wait.as_secs_f64(),
            waiting: line.shown(self.now()),
        }
    }

    /// How many requests are with a provider.
    pub fn in_flight(&self, provider: &str) -> u32 {
        self.line().gates.in_flight(provider)
    }

    /// How many wait.
    pub fn depth(&self) -> usize {
        self.line().depth()
    }

    /// In microseconds. Read while the line is held, so that it does not run backwards there.
    fn now(&self) -> i64 {
        self.0.clock.now().as_microsecond()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(overloaded: Overloaded) -> Overloaded {
    let limit = &overloaded.limit;
    metric::REFUSED.increment(&[limit.per.name(), limit.kind.name()]);
    overloaded
}

impl Permit {
    fn new(limits: Option<Limits>, taken: Taken, waited: Duration, depth_of_tenant: usize) -> Self {
        Self { limits, taken, used: None, is_undone: false, waited, depth_of_tenant }
    }

    /// How long its turn was waited for.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// How many of its tenant waited when it came, itself included. 0: it went straight in.
    pub fn depth_of_tenant(&self) -> usize {
        self.depth_of_tenant
    }

    /// The request used this many tokens. When it is over, what it reserved beyond them is free
    /// again, and what it used beyond what it reserved counts from then on.
    pub fn used(&mut self, tokens: u64) {
        self.used = Some(tokens);
    }

    /// The request is over and used this many tokens, as [`Permit::used`] says.
    pub fn settle(mut self, tokens: u64) {
        self.used(tokens);
    }

    /// The request was never sent: it is as if it had not come.
    pub fn undo(mut self) {
        self.is_undone = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(limits) = &self.limits else { return };
        let mut line = limits.line();
        let now = limits.now();
        let depth = line.depth();
        if self.is_undone {
            line.undo(&self.taken, now);
        } else {
            line.over(&self.taken, self.used, now);
        }
        if line.depth() != depth {
            metric::DEPTH.set(line.depth() as f64, &[]);
        }
    }
}

/// Somebody who waits.
struct Turn<'a> {
    limits: &'a Limits,
    ticket: Ticket,
    answer: oneshot::Receiver<Answer>,
    until: Instant,
    is_over: bool,
}

impl Turn<'_> {
    async fn come(&mut self) -> Answer {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            let look_again = {
                let mut line = self.limits.line();
                let now = self.limits.now();
                line.turn(now);
                if left.is_zero()
                    && let Some(overloaded) = line.leave(self.ticket, now)
                {
                    self.is_over = true;
                    metric::DEPTH.set(line.depth() as f64, &[]);
                    return Err(overloaded);
                }
                metric::DEPTH.set(line.depth() as f64, &[]);
                line.look_again(self.ticket)
            };
            let nap = match look_again {
                Some(micros) => Duration::from_micros(u64::try_from(micros).unwrap_or(0)),
                // The answer is there.
                None => NAP_MAX,
            };
            let nap = nap.clamp(Duration::from_millis(1), NAP_MAX);
            let nap = if left.is_zero() { nap } else { nap.min(left) };
            tokio::select! {
                biased;
                answer = &mut self.answer => {
                    self.is_over = true;
                    // The other side is the line, which does not go before its limits do.
                    return answer.unwrap_or_else(|_| Ok(Taken::default()));
                }
                () = sleep(nap) => {}
            }
        }
    }
}

/// Whoever stops waiting leaves the line, and gives back what they were just let in with.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut line = self.limits.line();
        let now = self.limits.now();
        line.leave(self.ticket, now);
        if let Ok(Ok(taken)) = self.answer.try_recv() {
            line.undo(&taken, now);
        }
        metric::DEPTH.set(line.depth() as f64, &[]);
    }
}

#[cfg(test)]
mod tests;
