//! One attempt at one job, from the claim to the last row written.
//!
//! Two tasks: one runs the handler, the other keeps the lease alive and writes progress, so that a
//! handler that does not come up for air loses nothing. Whatever ends the handler (its result, a
//! panic, the clock, a person, other workers, a drain) ends in `decide`.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use base::JobId;
use futures::FutureExt;
use store::Error;
use tokio::{sync::broadcast::error::RecvError, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, warn};

use crate::{
    Handler, Job, Running, State,
    decide::Outcome,
    event,
    job::later,
    lease::{self, Kept},
    metric,
    worker::Shop,
};

/// At most four writes of progress a second.
const WRITE_PAUSE: Duration = Duration::from_millis(250);
/// How often an outcome that the database refuses is offered again.
const SAVES_MAX: u32 = 8;

/// Runs a claimed job to its end, and says so everywhere.
pub(crate) async fn run(shop: Arc<Shop>, job: Job) {
    let span = tracing::info_span!(
        "job",
        job.id = %job.id,
        job.kind = job.kind.as_str(),
        client_id = %job.tenant
    );
    attend(shop, job).instrument(span).await;
}

async fn attend(shop: Arc<Shop>, job: Job) {
    let (id, kind, began) = (job.id, job.kind.clone(), Instant::now());
    info!(job.id = %id, job.kind = kind.as_str(), job.attempt = job.attempts, "Claimed job {id}");
    event::changed(&job);

    let handler = shop.handlers.get(&kind).cloned().expect("only jobs with a handler are claimed");
    let running = Running::begin(job, shop.store.clone(), shop.clock.clone());
    let ended = CancellationToken::new();
    let keeper = shop.tasks.spawn(keep(shop.clone(), running.clone(), ended.clone()));
    // Lets the keeper begin. It was put next in line on this very thread, where no other thread
    // would take it over if the handler blocked the thread from its first line.
    tokio::task::yield_now().await;
    let outcome = outcome_of(&shop, &handler, &running).await;
    let saved = match &outcome {
        Some(outcome) => save(&shop, &handler, &running, outcome).await,
        None => None,
    };
    ended.cancel();
    // A keeper does not panic; and if it did, the job has ended all the same.
    let _ = keeper.await;

    metric::DURATION.observe(began.elapsed().as_secs_f64(), &[&kind]);
    tell(&kind, id, saved.as_ref(), outcome.as_ref(), began.elapsed());
    if let Some(job) = saved {
        event::changed(&job);
        if job.lock_key.is_some() {
            // Somebody may be waiting for the lock.
            event::wake();
        }
        if matches!(outcome, Some(Outcome::HandedBack)) {
            shop.handed_back();
        }
    }
}

/// How the attempt ends; none when it ends because the job is not ours any more.
async fn outcome_of(shop: &Shop, handler: &Arc<dyn Handler>, running: &Running) -> Option<Outcome> {
    let work = AssertUnwindSafe(handler.run(running.clone())).catch_unwind();
    tokio::select! {
        biased;
        () = running.lost().cancelled() => None,
        ended = work => Some(match ended {
            Ok(Ok(result)) => Outcome::Done(result),
            Ok(Err(failure)) => Outcome::Failed(failure),
            Err(_) => Outcome::Panicked,
        }),
        () = sleep(running.job().timeout) => Some(Outcome::TimedOut),
        () = stopped(running, shop.settings.cancel_grace) => Some(Outcome::Stopped),
        () = shop.halting.cancelled() => Some(Outcome::HandedBack),
    }
}

/// Returns when somebody cancelled the job and the handler had its time to stop.
async fn stopped(running: &Running, grace: Duration) {
    running.cancelled().await;
    sleep(grace).await;
}

/// Keeps the lease alive and writes progress until the attempt has ended.
async fn keep(shop: Arc<Shop>, running: Running, ended: CancellationToken) {
    let mut cancels = event::cancels();
    let id = running.job().id;
    let mut until = running.job().lease.as_ref().map(|it| it.until);
    let mut wait = shop.settings.heartbeat;
    loop {
        tokio::select! {
            () = ended.cancelled() => return,
            () = sleep(wait) => {}
            () = running.stirred() => {}
            () = asked_to_stop(&mut cancels, id) => {}
        }
        let report = running.report();
        let next = later(running.now(), shop.settings.lease);
        let (fence, written) = (running.job().fence, report.clone());
        let kept = running
            .store()
            .bookkeep("keep a job's lease", move |tx| lease::keep(tx, id, fence, &written, next))
            .await;
        match kept {
            Ok(Kept::Ours { cancel_requested }) => {
                if cancel_requested {
                    running.cancel();
                }
                until = Some(next);
                wait = shop.settings.heartbeat;
                event::progressed(running.job(), State::Running, report.progress);
            }
            // Also when the outcome was saved while we asked; then nobody listens any more.
            Ok(Kept::Lost) => return running.lost().cancel(),
            Err(error) => {
                warn!(job.id = %id, error = %error, "Could not keep the lease of job {id}");
                if until.is_none_or(|until| running.now() >= until) {
                    // Others may have it by now, and we cannot ask.
                    return running.lost().cancel();
                }
                wait = shop.settings.heartbeat.min(Duration::from_secs(1));
            }
        }
        tokio::select! {
            () = ended.cancelled() => return,
            () = sleep(WRITE_PAUSE) => {}
        }
    }
}

/// Returns when somebody in this process cancels this job, or when so many jobs were cancelled that
/// it may have been among them.
async fn asked_to_stop(cancels: &mut tokio::sync::broadcast::Receiver<JobId>, id: JobId) {
    loop {
        match cancels.recv().await {
            Ok(other) if other != id => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            // The sender is a static.
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

/// Saves the outcome, and tries again while the database is away: the keeper holds the lease
/// meanwhile. None when the job is not ours any more, or when it cannot be saved: then its lease
/// runs out, and it runs again.
async fn save(
    shop: &Shop,
    handler: &Arc<dyn Handler>,
    running: &Running,
    outcome: &Outcome,
) -> Option<Job> {
    let (id, fence) = (running.job().id, running.job().fence);
    let mut follow_up = Some(handler.clone());
    let mut pause = Duration::from_millis(100);
    let mut saves = 0;
    loop {
        let (report, outcome) = (running.report(), outcome.clone());
        let (now, random, handler) = (running.now(), rand::random::<f64>(), follow_up.clone());
        let saved = running.store().bookkeep("end an attempt at a job", move |tx| {
            let saved = lease::finish(tx, id, fence, &report, &outcome, now, random)?;
            if let (Some(job), Some(handler)) = (&saved, handler)
                && job.state.is_finished()
            {
                handler.ended(tx, job, now).map_err(SaveError::FollowUp)?;
            }
            Ok(saved)
        });
        match saved.await {
            Ok(saved) => return saved,
            Err(SaveError::FollowUp(error)) if !error.is_unavailable() => {
                error!(job.id = %id, error = %error, "What follows job {id} could not be done");
                follow_up = None;
            }
            Err(SaveError::FollowUp(error) | SaveError::Store(error)) => {
                saves += 1;
                let away = error.is_unavailable();
                let hopeless = saves >= SAVES_MAX && (!away || shop.halting.is_cancelled());
                if hopeless || running.lost().is_cancelled() {
                    error!(job.id = %id, error = %error, "The outcome of job {id} is not saved");
                    return None;
                }
                warn!(job.id = %id, error = %error, "Could not save the outcome of job {id} yet");
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
        }
    }
}

enum SaveError {
    FollowUp(Error),
    Store(Error),
}

impl From<Error> for SaveError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The log line and the counts of an ended attempt.
fn tell(kind: &str, id: JobId, saved: Option<&Job>, outcome: Option<&Outcome>, took: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let Some(job) = saved else {
        metric::JOBS.increment(&[kind, "lost"]);
        warn!(job.id = %id, job.kind = kind, duration_ms, "Lost job {id}; its outcome counts for nothing");
        return;
    };
    let word = match (job.state, outcome) {
        (State::Pending, Some(Outcome::HandedBack)) => "handed_back",
        (State::Pending, _) => "retried",
        (State::Failed, _) if job.dead => "dead",
        (state, _) => state.name(),
    };
    metric::JOBS.increment(&[kind, word]);
    if word == "retried" {
        metric::RETRIES.increment(&[kind]);
    }
    let code = job.error.as_ref().map_or("", |it| it.code.as_str());
    if matches!(outcome, Some(Outcome::Panicked)) {
        error!(job.id = %id, job.kind = kind, job.error = code, duration_ms, "Job {id} panicked");
    } else if code.is_empty() {
        info!(job.id = %id, job.kind = kind, job.outcome = word, duration_ms, "Job {id} is {word}");
    } else {
        warn!(
            job.id = %id, job.kind = kind, job.outcome = word, job.error = code, duration_ms,
            "Job {id} is {word}: {code}"
        );
    }
}
