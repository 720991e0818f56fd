//! Runs as jobs: begun under a lease, ended with a row that says how.

use async_trait::async_trait;
use base::Timestamp;
use serde_json::{Value as Json, json};
use store::{Error, Tx};
use tracing::{error, info, warn};
use work::{Failure, Handler, Job, Running, State};

use crate::{
    finding::{Code, Finding},
    metric,
    room::{Payload, Sources},
    run, state,
    trip::{Stop, Trip},
};

/// The kind of the jobs, before the name of the source: `source.calendar`.
pub const KIND: &str = "source";

/// The kind of the jobs of a source.
pub(crate) fn kind(source: &str) -> String {
    format!("{KIND}.{source}")
}

/// Does the jobs.
pub(crate) struct Doer {
    pub(crate) room: Sources,
}

#[async_trait]
impl Handler for Doer {
    async fn run(&self, job: Running) -> Result<Json, Failure> {
        let mut trip = Box::pin(Trip::begin(&self.room, job)).await?;
        let gone = Box::pin(trip.go()).await;
        end(trip, gone).await
    }

    fn ended(&self, tx: &Tx, job: &Job, now: Timestamp) -> Result<(), Error> {
        let state = match job.state {
            ended @ (State::Completed | State::Cancelled) => ended,
            _ => State::Failed,
        };
        // Most have said so themselves; not those that were killed once too often.
        if !run::finish(tx, job.id, state, now)? || state != State::Failed {
            return Ok(());
        }
        let Ok(payload) = serde_json::from_value::<Payload>(job.payload.clone()) else {
            return Ok(());
        };
        let memory = state::load(tx, job.tenant, &payload.source)?.failed(now);
        state::save(tx, job.tenant, &payload.source, &memory)?;
        let code = job.error.as_ref().map_or("failed", |it| it.code.as_str());
        metric::RUNS.increment(&[&payload.source, code]);
        error!(
            source = payload.source,
            run.id = %job.id,
            code,
            "A run of the source {} failed for good", payload.source
        );
        Ok(())
    }
}

/// Writes down how a run ended, and says so.
async fn end(mut trip: Trip<'_>, gone: Result<(), Stop>) -> Result<Json, Failure> {
    let name = trip.program.name().to_owned();
    trip.counts.cache_hits += trip.uses.hits();
    let (state, failure) = match gone {
        Ok(()) => (Some(State::Completed), None),
        Err(Stop::Refused(finding)) => {
            let failure = Failure::for_good(finding.code.name(), finding.message.clone());
            trip.findings.insert(0, finding);
            (Some(State::Failed), Some(failure))
        }
        Err(Stop::Away { message, retry_after }) => {
            let finding = Finding::new(Code::FetchFailed, message.clone());
            if !trip.findings.contains(&finding) {
                trip.findings.push(finding);
            }
            let code = "source_unreachable".to_owned();
            (None, Some(Failure::Retry { code, message, after: retry_after }))
        }
        Err(Stop::Job(Failure::Cancelled)) => (Some(State::Cancelled), Some(Failure::Cancelled)),
        Err(Stop::Job(failure @ Failure::Final { .. })) => (Some(State::Failed), Some(failure)),
        Err(Stop::Job(failure)) => (None, Some(failure)),
    };
    if let Some(state) = state {
        trip.memory = match state {
            State::Failed => trip.memory.failed(trip.room.now()),
            _ => trip.memory.clone(),
        };
    }
    save(&mut trip, state).await?;
    let counts = json!(trip.counts);
    if let Some(state) = state {
        let outcome = match (&failure, state) {
            (Some(Failure::Final { code, .. }), _) => code.as_str(),
            _ => state.name(),
        };
        metric::RUNS.increment(&[&name, outcome]);
        let took = trip.began.elapsed();
        metric::DURATION.observe(took.as_secs_f64(), &[&name]);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match state {
            State::Completed => {
                let at = trip.room.now().as_second();
                metric::LAST_GOOD.set(at as f64, &[&name]);
                info!(source = name, run.id = %trip.job.job().id, counts = %counts, duration_ms, "Ran the source {name}");
            }
            _ => {
                warn!(source = name, run.id = %trip.job.job().id, outcome, duration_ms, "The source {name} was not taken: {outcome}");
            }
        }
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(json!({"source": name, "counts": counts, "findings": trip.findings.len()})),
    }
}

/// Keeps the counts, the findings, what is remembered, and how it ended if it did.
async fn save(trip: &mut Trip<'_>, state: Option<State>) -> Result<(), Failure> {
    let (job, id, now) = (trip.job.clone(), trip.job.job().id, trip.room.now());
    let (counts, findings, memory) = (trip.counts, trip.kept_findings(), trip.memory.clone());
    let (of, mut uses) = (trip.of.clone(), std::mem::take(&mut trip.uses));
    let write = move |tx: &Tx| {
        job.fence(tx)?;
        run::save(tx, id, &counts, &findings)?;
        uses.save(tx)?;
        if let Some(state) = state {
            run::finish(tx, id, state, now)?;
            state::save(tx, of.tenant, &of.source, &memory)?;
        }
        Ok::<_, work::FenceError>(())
    };
    Ok(trip.room.store().bookkeep("say how a run of a source ended", write).await?)
}
