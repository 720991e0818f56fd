//! From one candidate to the next until one of them answers: budget, room, breaker, tab, request.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value as Json;
use tokio::time::Instant;
use tracing::warn;

use super::{
    Attempt, Candidate, Missed, Provider, Way,
    client::{Failure, Received, Sending},
    concede::{self, Ours},
    course::{Course, Step},
    home, route,
    wrong::Wrong,
};
use crate::{
    Cost, Models, Usage,
    dialect::{Complaint, Dialect, Wire},
    ledger::{BudgetError, Hold, OverBudget, Spend},
    local::Local,
    money::NanoUsd,
    price,
    quirk::{Concession, Quirks},
    retry,
    settings::{ModelRef, std},
};

pub(crate) use super::trip::Trip;

/// The longest refusal that is read.
const REFUSAL_BYTES_MAX: usize = 256 * 1024;
/// What is held for an answer of which nobody says how long it may become.
pub(super) const TOKENS_OUT_USUAL: u64 = 1_000;
/// When to come back to a ledger that is full.
pub(super) const LEDGER_WAIT: Duration = Duration::from_secs(5);

/// What is done at each candidate, until one answers.
pub(crate) trait Errand: Send {
    /// What it brings.
    type Out: Send;

    /// What is sent to this one.
    ///
    /// # Errors
    /// It cannot be asked this.
    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed>;

    /// Reads what came back with a status of success.
    ///
    /// # Errors
    /// The attempt, and how it went wrong.
    fn unpack(
        &mut self,
        leg: Leg<'_>,
        received: Received,
        attempt: Attempt,
        until: Instant,
    ) -> impl Future<Output = Result<Self::Out, (Attempt, Wrong)>> + Send;

    /// May this provider be asked, which answers in process? Looked at before anything is written
    /// down.
    ///
    /// # Errors
    /// It cannot be asked this.
    fn at_door(&mut self, leg: Leg<'_>) -> Result<(), Missed> {
        home::converses(leg)
    }

    /// May a cheaper model answer in place of the one that is asked? Not where it matters which it was.
    fn may_be_downgraded(&self) -> bool {
        true
    }

    /// Answers in process, for a provider that is built in.
    ///
    /// # Errors
    /// It cannot be asked this, or fails.
    fn at_home(
        &mut self,
        leg: Leg<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Self::Out, Missed>> + Send;
}

/// A candidate that is being asked.
#[derive(Clone, Copy)]
pub(crate) struct Leg<'a> {
    pub(crate) provider: &'a Arc<Provider>,
    pub(crate) to: &'a ModelRef,
    pub(crate) quirks: Quirks,
    /// The model of this process.
    pub(crate) local: &'a Local,
    /// When the answer has to have begun: the call has no more time.
    pub(crate) by: Instant,
    /// How long the call may take until then, all in all.
    deadline: Duration,
}

/// What is sent.
pub(crate) struct Parcel {
    pub(crate) path: String,
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
    pub(crate) is_stream: bool,
    /// The body, where it was made here and can be made in another way.
    pub(crate) made: Option<Json>,
    /// The caller brought no tools: those in there are ours.
    pub(crate) owns_tools: bool,
    /// What of it is no wish of the caller's.
    pub(crate) ours: Ours,
}

impl Parcel {
    /// Tells the provider how large the context is, if it wants to know.
    fn size(&mut self, dialect: &dyn Dialect, context: u64) {
        if let Some(made) = &mut self.made
            && dialect.size(made, context)
        {
            self.body = Bytes::from(made.to_string());
        }
    }
}

/// An answer, and who gave it.
pub(crate) struct Arrived<T> {
    pub(crate) out: T,
    pub(crate) by: ModelRef,
    /// It was not the first that was to be asked.
    pub(crate) is_fallback: bool,
}

/// Why a candidate gave no answer.
enum Stop {
    Wrong {
        wrong: Wrong,
        limit: Duration,
    },
    Stuck(Missed),
    /// It may be asked again, at once, unless it is enough.
    Again {
        is_fresh: bool,
        /// In another way.
        concession: Option<Concession>,
        wrong: Wrong,
        limit: Duration,
    },
}

impl Models {
    /// Asks one candidate after the other until one answers.
    pub(crate) async fn travel<E: Errand>(
        &self,
        trip: &mut Trip<'_>,
        way: &Way,
        errand: &mut E,
    ) -> Result<Arrived<E::Out>, Missed> {
        let settings = &self.0.settings;
        let deadline = std(settings.relay.deadline);
        let attempts_max = trip.attempts_max.unwrap_or(settings.relay.attempts_max);
        let before = trip.attempts;
        let course_of = |candidates: &[Candidate], spent: u32| {
            let left = attempts_max.saturating_sub(spent);
            Course::new(candidates.iter().map(|it| it.context), left, deadline)
        };
        let mut candidates = way.candidates.clone();
        let mut course = course_of(&candidates, 0);
        let (mut missed, mut again) = (None::<Missed>, None);
        loop {
            let (at, is_fresh) = match (again.take(), course.next(trip.begun.elapsed())) {
                (Some(again), _) => again,
                (None, Step::Ask(at)) => (at, false),
                (None, Step::Wait(wait)) => {
                    tokio::time::sleep(wait).await;
                    trip.elsewhere += wait;
                    continue;
                }
                (None, Step::Stop) => {
                    return Err(missed.unwrap_or(Missed::Late { after: deadline }));
                }
            };
            let hold = match self.hold(trip, &candidates[at]).await {
                Ok(hold) => hold,
                Err(BudgetError::Over(over))
                    if !trip.is_downgraded
                        && over.downgrade_to.is_some()
                        && errand.may_be_downgraded() =>
                {
                    trip.is_downgraded = true;
                    candidates.clear();
                    let other = |to| route::candidate(settings, to);
                    candidates.extend(over.downgrade_to.map(other));
                    course = course_of(&candidates, trip.attempts - before);
                    continue;
                }
                Err(why) => {
                    let retry_after = why.retry_after(self.0.clock.now());
                    let is_of_candidate =
                        matches!(&why, BudgetError::Over(it) if it.is_of_one_request);
                    let why = Missed::Budget { why, retry_after };
                    if !is_of_candidate {
                        return Err(why);
                    }
                    course.passed_over(at);
                    missed = Some(after(missed.take(), why));
                    continue;
                }
            };
            let is_last = course.is_last(at);
            let stop =
                match self.visit(trip, &candidates[at], hold, is_last, is_fresh, errand).await {
                    Ok(out) => {
                        let by = candidates.swap_remove(at).to;
                        return Ok(Arrived { out, by, is_fallback: at > 0 || trip.is_downgraded });
                    }
                    Err(stop) => stop,
                };
            let (wrong, limit) = match stop {
                Stop::Stuck(why) => {
                    course.passed_over(at);
                    missed = Some(after(missed.take(), why));
                    continue;
                }
                Stop::Again { is_fresh, concession, wrong, limit } => {
                    if let Some(concession) = concession {
                        trip.concede(&candidates[at].to, concession);
                    }
                    // Those count as well: nobody is asked without end. Where failures are not
                    // repeated, other ways of asking are still found.
                    let is_enough = trip.attempts - before >= settings.relay.attempts_max;
                    if !is_enough && trip.begun.elapsed() < deadline {
                        course.asked();
                        again = Some((at, is_fresh));
                        continue;
                    }
                    (wrong, limit)
                }
                Stop::Wrong { wrong, limit } => (wrong, limit),
            };
            course.asked();
            let (miss, now) = (wrong.miss(), trip.begun.elapsed());
            course.missed(at, miss, &settings.retry, rand::random(), now);
            let provider = candidates[at].to.provider.clone();
            warn!(
                model.provider = provider,
                model.name = candidates[at].to.model,
                status_code = miss.status,
                attempts = trip.attempts,
                "An attempt at model provider {provider} went wrong",
            );
            let wrong = Box::new(wrong);
            let why = Missed::Wrong { provider, wrong, retry_after: miss.retry_after, limit };
            missed = Some(after(missed.take(), why));
        }
    }

    /// Holds what an attempt may cost.
    async fn hold(&self, trip: &Trip<'_>, candidate: &Candidate) -> Result<Hold, BudgetError> {
        let longest = self.max_output(candidate).unwrap_or(TOKENS_OUT_USUAL);
        let tokens_out = trip.tokens_out.unwrap_or(longest.saturating_mul(trip.answers));
        let usage = Usage { tokens_in: trip.tokens_in, tokens_out, ..Usage::default() };
        let (prices, now) = (&self.0.settings.prices, self.0.clock.now());
        let to = &candidate.to;
        let cost = match price::cost(prices, &to.provider, &to.model, &usage, now) {
            Cost::Known(cost) => cost,
            Cost::Unknown => NanoUsd::ZERO,
        };
        if let Some(limit) = self.0.settings.request_limit_usd.filter(|it| cost > *it) {
            return Err(Box::new(OverBudget::of_one_request(limit, cost, now)).into());
        }
        let (budgets, subject) = (self.0.ledger.budgets(), trip.subject());
        let estimate = Spend { cost, tokens: usage.total() };
        if trip.is_downgraded {
            budgets.hold_downgraded(&subject, estimate).await
        } else {
            budgets.hold(&subject, estimate).await
        }
    }

    /// The most tokens of one answer of a candidate: by the settings, else by its name.
    fn max_output(&self, candidate: &Candidate) -> Option<u64> {
        let to = &candidate.to;
        let by_name = || self.0.providers.get(&to.provider)?.dialect.max_output(&to.model);
        candidate.max_output.or_else(by_name)
    }

    /// Asks one candidate.
    async fn visit<E: Errand>(
        &self,
        trip: &mut Trip<'_>,
        candidate: &Candidate,
        hold: Hold,
        is_last: bool,
        is_fresh: bool,
        errand: &mut E,
    ) -> Result<E::Out, Stop> {
        let to = &candidate.to;
        let stuck = |why: Missed| Stop::Stuck(why);
        let provider = self.0.providers.get(&to.provider);
        let provider = provider.ok_or_else(|| stuck(Missed::NotConfigured))?;
        let known = trip.quirks(to, provider.quirks(&to.model));
        let quirks = Quirks { max_output: candidate.max_output, ..known };
        let deadline = std(self.0.settings.relay.deadline);
        let by = trip.begun + deadline;
        let leg = Leg { provider, to, quirks, local: &self.0.local, by, deadline };
        let is_home = provider.dialect.wire() == Wire::InProcess;
        let mut parcel = if is_home {
            self.at_door(errand, leg, self.0.clock.now()).map_err(stuck)?;
            None
        } else {
            Some(errand.pack(leg).map_err(stuck)?)
        };
        if let (Some(context), Some(parcel)) = (candidate.context, &mut parcel) {
            parcel.size(provider.dialect, context);
        }
        let room = self.enter(trip, provider, to, is_last).await.map_err(stuck)?;
        if Instant::now() >= by {
            room.undo();
            return Err(stuck(Missed::Late { after: deadline }));
        }
        if let Err(retry_after) = provider.admit(&to.model, self.0.clock.now()) {
            room.undo();
            return Err(stuck(Missed::LeftAlone { provider: to.provider.clone(), retry_after }));
        }
        let begun = Attempt::begin(&self.0, provider, to, trip.asked(), hold, room);
        let attempt = begun.map_err(|why| {
            provider.abandoned(&to.model, self.0.clock.now());
            warn!(error = &why as &dyn std::error::Error, "Could not begin an attempt");
            stuck(Missed::LedgerFull { retry_after: LEDGER_WAIT })
        })?;
        trip.attempts += 1;
        let left = Instant::now();
        let sent = match parcel {
            Some(parcel) => self.send(leg, parcel, is_fresh, attempt, errand).await,
            None => errand.at_home(leg, attempt).await.map_err(stuck),
        };
        trip.elsewhere += left.elapsed();
        if sent.is_ok()
            && let Some(quirks) = trip.lesson(to)
        {
            provider.learn(&to.model, quirks);
        }
        sent
    }

    async fn send<E: Errand>(
        &self,
        leg: Leg<'_>,
        parcel: Parcel,
        is_fresh: bool,
        attempt: Attempt,
        errand: &mut E,
    ) -> Result<E::Out, Stop> {
        let settings = &leg.provider.settings;
        let own =
            std(if parcel.is_stream { settings.first_byte_timeout } else { settings.timeout });
        let (sent_at, left) = (Instant::now(), leg.by.saturating_duration_since(Instant::now()));
        let limit = own.min(left);
        // Others had more than half of the time that it would have had by itself.
        let is_hurried = left < own.min(leg.deadline) / 2;
        let wrong = |attempt: Attempt, wrong: Wrong| {
            match &wrong {
                Wrong::Failed(Failure::Timeout) if is_hurried => attempt.ran_out(),
                wrong => attempt.went_wrong(wrong),
            }
            Stop::Wrong { wrong, limit }
        };
        let Parcel { path, body, headers, made, owns_tools, ours, .. } = parcel;
        let sending = Sending { path: &path, body, headers, is_fresh, until: sent_at + limit };
        let received = match leg.provider.client.send(sending).await {
            Ok(received) => received,
            // It was a connection from before that the other side had closed: that says nothing
            // about the provider, and a new one may be tried, once.
            Err(failure @ Failure::HungUp { was_kept: true }) if !is_fresh => {
                attempt.was_stale();
                let (concession, wrong) = (None, Wrong::Failed(failure));
                return Err(Stop::Again { is_fresh: true, concession, wrong, limit });
            }
            Err(failure) => return Err(wrong(attempt, Wrong::Failed(failure))),
        };
        let rates = leg.provider.dialect.rates(&received.headers);
        self.0.limits.learn(&leg.to.provider, &leg.to.model, &rates);
        if (200..300).contains(&received.status) {
            // It has begun, and takes as long as it may.
            let unpacked = errand.unpack(leg, received, attempt, sent_at + own).await;
            return unpacked.map_err(|(attempt, why)| wrong(attempt, why));
        }
        let status = received.status;
        let complaint = self.complaint(leg, received, sent_at + limit).await;
        attempt.exchanged();
        let made = made.as_ref().map(|it| (it, owns_tools));
        let concession = concede::conceding(leg.quirks, made, ours, status, &complaint);
        let refused = Wrong::Refused { status, complaint };
        if concession.is_some() {
            attempt.conceded(status);
            return Err(Stop::Again { is_fresh: false, concession, wrong: refused, limit });
        }
        Err(wrong(attempt, refused))
    }

    /// Reads a refusal.
    async fn complaint(&self, leg: Leg<'_>, received: Received, until: Instant) -> Complaint {
        let (status, headers) = (received.status, received.headers.clone());
        let now = self.0.clock.now();
        let (millis, wait) = (received.text("retry-after-ms"), received.text("retry-after"));
        let wanted = retry::wanted(millis, wait, now);
        let body = received.whole(REFUSAL_BYTES_MAX, until).await.unwrap_or_default();
        let mut complaint = leg.provider.dialect.complaint(status, &headers, &body);
        complaint.retry_after = wanted.or(complaint.retry_after);
        complaint
    }
}

/// What is told after one more candidate gave no answer.
fn after(before: Option<Missed>, why: Missed) -> Missed {
    match before {
        Some(before) => before.or(why),
        None => why,
    }
}
