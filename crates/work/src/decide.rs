//! What may happen to a job, as plain functions: a job and an event go in, the job as it will be
//! comes out. No database, no clock, no dice.
//!
//! | from | event | to |
//! |---|---|---|
//! | running | done | completed |
//! | running | failed for good, panicked | failed |
//! | running | failed for now, timed out, worker lost; attempts left | pending, later |
//! | running | the same; no attempts left | failed, dead |
//! | running | handed back | pending, attempt not counted |
//! | running, cancel requested | anything but done | cancelled |
//! | pending | cancel | cancelled |
//! | running | cancel | running, cancel requested |
//! | failed, cancelled | retry by hand | pending, attempts from 0 |
//!
//! Claiming is the one step that is not here: it is a single statement in `lease`, because choosing
//! the job and taking it must be one act.

use std::time::Duration;

use base::Timestamp;
use serde_json::Value as Json;

use crate::{Failure, Job, JobError, State, backoff, job::later};

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// The handler returned a result.
    Done(Json),
    /// The handler returned a failure.
    Failed(Failure),
    /// The attempt took longer than the job may.
    TimedOut,
    /// The handler panicked.
    Panicked,
    /// The handler did not stop in the time it had after somebody cancelled the job.
    Stopped,
    /// The workers are going away and could not wait.
    HandedBack,
    /// The lease ran out: whoever had it is gone.
    WorkerLost,
}

/// What an ended attempt makes of a running job. `random` (0 to 1) spreads retries.
pub(crate) fn after(job: &Job, outcome: &Outcome, now: Timestamp, random: f64) -> Job {
    let pause = backoff::pause(job.attempts, random);
    match outcome {
        // Also when somebody wanted to cancel it: it is done, and saying otherwise would be a lie.
        Outcome::Done(result) => completed(job, result, now),
        Outcome::Stopped | Outcome::Failed(Failure::Cancelled) => cancelled(job, now),
        _ if job.cancel_requested => cancelled(job, now),
        Outcome::HandedBack => handed_back(job),
        Outcome::Failed(Failure::Final { code, message }) => {
            failed(job, JobError::new(code, message), false, now)
        }
        Outcome::Panicked => {
            let words = "the program failed at this job; its log says where";
            failed(job, JobError::new("panicked", words), false, now)
        }
        Outcome::Failed(Failure::Retry { code, message, after }) => {
            let pause = after.map_or(pause, backoff::asked);
            again(job, JobError::new(code, message), pause, now)
        }
        Outcome::TimedOut => {
            let words = format!("the attempt took longer than {} s", job.timeout.as_secs_f64());
            again(job, JobError::new("timeout", words), pause, now)
        }
        Outcome::WorkerLost => {
            // The lease was the pause.
            let words = "the worker stopped before it was done";
            again(job, JobError::new("worker_lost", words), Duration::ZERO, now)
        }
    }
}

/// What cancelling makes of a job.
pub(crate) fn cancel(job: &Job, now: Timestamp) -> Result<Job, State> {
    match job.state {
        State::Pending => Ok(cancelled(job, now)),
        State::Running => Ok(Job { cancel_requested: true, ..job.clone() }),
        ended => Err(ended),
    }
}

/// What retrying by hand makes of a job. Its checkpoint stays: the work goes on where it stopped.
pub(crate) fn retry(job: &Job, now: Timestamp) -> Result<Job, State> {
    match job.state {
        State::Failed | State::Cancelled => Ok(Job {
            state: State::Pending,
            dead: false,
            due_at: now,
            attempts: 0,
            retry_count: job.retry_count + 1,
            progress: 0,
            message: None,
            error: None,
            cancel_requested: false,
            started_at: None,
            completed_at: None,
            ..job.clone()
        }),
        other => Err(other),
    }
}

fn completed(job: &Job, result: &Json, now: Timestamp) -> Job {
    Job {
        state: State::Completed,
        progress: 100,
        result: Some(result.clone()),
        error: None,
        ..ended(job, now)
    }
}

fn cancelled(job: &Job, now: Timestamp) -> Job {
    Job { state: State::Cancelled, cancel_requested: true, ..ended(job, now) }
}

fn failed(job: &Job, error: JobError, dead: bool, now: Timestamp) -> Job {
    Job { state: State::Failed, dead, error: Some(error), ..ended(job, now) }
}

fn again(job: &Job, error: JobError, pause: Duration, now: Timestamp) -> Job {
    if job.attempts >= job.attempts_max {
        return failed(job, error, true, now);
    }
    Job {
        state: State::Pending,
        due_at: later(now, pause),
        retry_count: job.retry_count + 1,
        error: Some(error),
        lease: None,
        ..job.clone()
    }
}

/// Its place in the line stays too: `due_at` is what it was.
fn handed_back(job: &Job) -> Job {
    Job {
        state: State::Pending,
        attempts: job.attempts.saturating_sub(1),
        lease: None,
        ..job.clone()
    }
}

fn ended(job: &Job, now: Timestamp) -> Job {
    Job { completed_at: Some(now), lease: None, ..job.clone() }
}

#[cfg(test)]
mod tests {
    use base::{JobId, TenantId};
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::Lease;

    const NOW: i64 = 1_800_000_000_000_000;

    fn now() -> Timestamp {
        base::clock::from_micros(NOW)
    }

    fn job(state: State) -> Job {
        Job {
            id: JobId::generate(),
            tenant: TenantId::DEFAULT,
            kind: "bake".into(),
            subject: None,
            lock_key: None,
            idempotency_key: None,
            state,
            dead: false,
            priority: 0,
            due_at: base::clock::from_micros(NOW - 60_000_000),
            attempts: 1,
            attempts_max: 3,
            retry_count: 0,
            timeout: Duration::from_secs(300),
            progress: 40,
            message: Some("kneading".into()),
            payload: json!({}),
            checkpoint: Some(json!(12)),
            result: None,
            error: None,
            cancel_requested: false,
            created_by: "the baker".into(),
            created_at: base::clock::from_micros(NOW - 60_000_000),
            started_at: Some(base::clock::from_micros(NOW - 5_000_000)),
            completed_at: state.is_finished().then(now),
            lease: (state == State::Running).then(|| Lease { owner: "w".into(), until: now() }),
            fence: 7,
        }
    }

    fn retry_failure(after: Option<Duration>) -> Outcome {
        Outcome::Failed(Failure::Retry { code: "oven_cold".into(), message: "cold".into(), after })
    }

    fn final_failure() -> Outcome {
        Outcome::Failed(Failure::Final { code: "no_flour".into(), message: "none".into() })
    }

    /// What a running job on attempt `attempts` of 3 becomes: state, dead, error, wait in ms.
    fn check(
        attempts: u32,
        cancel_requested: bool,
        outcome: &Outcome,
        expected: (State, bool, Option<&str>, Option<i64>),
    ) {
        let job = Job { attempts, cancel_requested, ..job(State::Running) };
        let next = after(&job, outcome, now(), 0.0);
        let wait =
            (next.state == State::Pending).then(|| (next.due_at.as_microsecond() - NOW) / 1000);
        let code = next.error.as_ref().map(|it| it.code.as_str());
        assert_eq!((next.state, next.dead, code, wait), expected);
        assert_eq!(next.lease, None, "an ended attempt holds no lease");
        assert_eq!(next.completed_at.is_some(), next.state.is_finished());
        assert_eq!(next.checkpoint, job.checkpoint, "the checkpoint stays");
    }

    #[rstest]
    #[case::done(1, Outcome::Done(json!(1)), (State::Completed, false, None, None))]
    #[case::wrong_for_good(1, final_failure(), (State::Failed, false, Some("no_flour"), None))]
    #[case::panicked(1, Outcome::Panicked, (State::Failed, false, Some("panicked"), None))]
    #[case::first_retry(1, retry_failure(None), (State::Pending, false, Some("oven_cold"), Some(2_000)))]
    #[case::second_retry(2, retry_failure(None), (State::Pending, false, Some("oven_cold"), Some(4_000)))]
    #[case::spent(3, retry_failure(None), (State::Failed, true, Some("oven_cold"), None))]
    #[case::asked_to_wait(1, retry_failure(Some(Duration::from_secs(30))), (State::Pending, false, Some("oven_cold"), Some(30_000)))]
    #[case::late(1, Outcome::TimedOut, (State::Pending, false, Some("timeout"), Some(2_000)))]
    #[case::late_and_spent(3, Outcome::TimedOut, (State::Failed, true, Some("timeout"), None))]
    #[case::lost(1, Outcome::WorkerLost, (State::Pending, false, Some("worker_lost"), Some(0)))]
    #[case::lost_and_spent(3, Outcome::WorkerLost, (State::Failed, true, Some("worker_lost"), None))]
    #[case::handed_back(1, Outcome::HandedBack, (State::Pending, false, None, Some(-60_000)))]
    #[case::gave_up(1, Outcome::Failed(Failure::Cancelled), (State::Cancelled, false, None, None))]
    fn an_ended_attempt(
        #[case] attempts: u32,
        #[case] outcome: Outcome,
        #[case] expected: (State, bool, Option<&str>, Option<i64>),
    ) {
        check(attempts, false, &outcome, expected);
    }

    #[test]
    fn a_job_that_somebody_cancelled_ends_cancelled_unless_it_is_done() {
        let cancelled = (State::Cancelled, false, None, None);
        for outcome in [
            final_failure(),
            retry_failure(None),
            Outcome::TimedOut,
            Outcome::Panicked,
            Outcome::Stopped,
            Outcome::HandedBack,
            Outcome::WorkerLost,
        ] {
            check(1, true, &outcome, cancelled);
        }
        check(1, true, &Outcome::Done(json!(1)), (State::Completed, false, None, None));
    }

    #[test]
    fn an_attempt_that_is_handed_back_is_not_counted() {
        let next = after(&job(State::Running), &Outcome::HandedBack, now(), 0.0);
        assert_eq!((next.attempts, next.retry_count, next.progress), (0, 0, 40));
    }

    #[test]
    fn a_retry_is_counted() {
        let next = after(&job(State::Running), &Outcome::TimedOut, now(), 0.0);
        assert_eq!((next.attempts, next.retry_count), (1, 1));
    }

    #[test]
    fn a_done_job_shows_all_of_its_progress_and_no_old_error() {
        let late = Job { error: Some(JobError::new("timeout", "late")), ..job(State::Running) };
        let next = after(&late, &Outcome::Done(json!({"loaves": 2})), now(), 0.0);
        assert_eq!((next.progress, next.error), (100, None));
        assert_eq!(next.result, Some(json!({"loaves": 2})));
    }

    #[test]
    fn cancelling_stops_what_waits_and_asks_what_runs() {
        let pending = cancel(&job(State::Pending), now()).unwrap();
        assert_eq!((pending.state, pending.completed_at), (State::Cancelled, Some(now())));
        let running = cancel(&job(State::Running), now()).unwrap();
        assert_eq!((running.state, running.cancel_requested), (State::Running, true));
        assert!(running.lease.is_some(), "who runs it keeps it until it has stopped");
        for ended in [State::Completed, State::Failed, State::Cancelled] {
            assert_eq!(cancel(&job(ended), now()), Err(ended));
        }
    }

    #[test]
    fn retrying_by_hand_begins_to_count_anew_and_keeps_the_checkpoint() {
        for state in [State::Failed, State::Cancelled] {
            let spent = Job { attempts: 3, dead: true, cancel_requested: true, ..job(state) };
            let next = retry(&spent, now()).unwrap();
            assert_eq!((next.state, next.attempts, next.retry_count), (State::Pending, 0, 1));
            assert_eq!((next.dead, next.cancel_requested, next.due_at), (false, false, now()));
            assert_eq!((next.completed_at, next.checkpoint), (None, Some(json!(12))));
        }
        for state in [State::Pending, State::Running, State::Completed] {
            assert_eq!(retry(&job(state), now()), Err(state));
        }
    }
}
