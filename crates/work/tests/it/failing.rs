//! What happens to jobs that go wrong.

use std::{sync::Arc, time::Duration};

use base::{PageRequest, Timestamp};
use serde_json::{Value as Json, json};
use store::{Error, Tx, params};
use work::{Failure, Filter, Handler, Job, NewJob, RetryError, Running, State};

use crate::kitchen::{Kitchen, cook, done, quick};

/// Fails for now until its attempt number `good`.
fn stubborn(good: u32) -> Arc<dyn Handler> {
    cook(move |job| async move {
        if job.job().attempts < good {
            return Err(Failure::for_now("oven_cold", "the oven is cold"));
        }
        Ok(json!("done"))
    })
}

/// Enqueues in its last transaction, or fails to.
struct Waiter {
    falls: bool,
}

#[async_trait::async_trait]
impl Handler for Waiter {
    async fn run(&self, _: Running) -> Result<Json, Failure> {
        Ok(json!("done"))
    }

    fn ended(&self, tx: &Tx, job: &Job, _: Timestamp) -> Result<(), Error> {
        let sql = "INSERT INTO effects (job, word) VALUES ($1, $2)";
        tx.execute(sql, &params![job.id, job.state.name()])?;
        if self.falls { Err(Error::NoRow) } else { Ok(()) }
    }
}

testkit::on_both! {
    async fn a_job_is_tried_again_after_two_and_four_seconds(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("bread")).await;
        let workers = kitchen.hire(quick(), vec![("bread", stubborn(3))]);

        for (attempt, pause_s) in [(1, 2), (2, 4)] {
            let job = kitchen
                .until(id, |it| it.attempts == attempt && it.state == State::Pending)
                .await;
            let pause = job.due_at.duration_since(kitchen.now()).as_millis();
            assert!((pause_s * 1000..=pause_s * 1250).contains(&pause), "{pause} ms");
            assert_eq!(job.error.map(|it| it.code), Some("oven_cold".to_owned()));
            kitchen.passes(i64::try_from(pause_s).unwrap() * 5 / 4 + 1);
        }
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!((job.attempts, job.retry_count, job.error), (3, 2, None));
        drop(workers);
    }

    async fn a_job_whose_attempts_are_spent_is_a_dead_letter_until_retried(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(NewJob { attempts_max: 1, ..kitchen.job("bread") }).await;
        let workers = kitchen.hire(quick(), vec![("bread", stubborn(9))]);
        let job = kitchen.becomes(id, State::Failed).await;
        assert!(job.dead);
        workers.drain(Duration::from_secs(1)).await;

        let dead = Filter { dead: Some(true), ..Filter::default() };
        let letters = kitchen
            .store
            .read(move |db| work::list(db, &dead, &PageRequest::first(10)))
            .await
            .unwrap();
        assert_eq!(letters.items.iter().map(|it| it.id).collect::<Vec<_>>(), [id]);

        let job = kitchen.retry(id).await.unwrap();
        assert_eq!((job.state, job.attempts, job.dead), (State::Pending, 0, false));
        assert_eq!(kitchen.audited("job_retried").await, 1);
        let workers = kitchen.hire(quick(), vec![("bread", done())]);
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!((job.retry_count, job.error), (1, None));
        drop(workers);
    }

    async fn a_job_that_is_done_cannot_be_retried(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let workers = kitchen.hire(quick(), vec![("soup", done())]);
        kitchen.becomes(id, State::Completed).await;
        let refused = kitchen.retry(id).await;
        assert!(
            matches!(refused, Err(RetryError::NotFailed { state: State::Completed, .. })),
            "{refused:?}"
        );
        assert_eq!(kitchen.audited("job_retried").await, 0);
        drop(workers);
    }

    async fn a_job_that_cannot_succeed_fails_at_once(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("bread")).await;
        let cooks = cook(|_| async { Err(Failure::for_good("no_flour", "no flour\0 left")) });
        let workers = kitchen.hire(quick(), vec![("bread", cooks)]);
        let job = kitchen.becomes(id, State::Failed).await;
        assert_eq!((job.attempts, job.dead), (1, false));
        assert_eq!(job.error.map(|it| it.to_string()), Some("no_flour: no flour left".to_owned()));
        drop(workers);
    }

    async fn an_attempt_that_takes_too_long_ends(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let timeout = Duration::from_millis(100);
        let wish = NewJob { timeout, attempts_max: 1, ..kitchen.job("stew") };
        let id = kitchen.order(wish).await;
        let forever = cook(|_| async { std::future::pending().await });
        let workers = kitchen.hire(quick(), vec![("stew", forever)]);
        let job = kitchen.becomes(id, State::Failed).await;
        assert_eq!(job.error.map(|it| it.code), Some("timeout".to_owned()));
        assert!(job.dead, "its one attempt is spent");
        drop(workers);
    }

    async fn a_handler_that_panics_fails_its_job_and_nothing_else(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let one = work::Settings { workers: 1, ..quick() };
        let cooks = cook(|_| async { panic!("the pan is on fire") });
        let workers = kitchen.hire(one, vec![("flambe", cooks), ("soup", done())]);
        let burnt = kitchen.order(kitchen.job("flambe")).await;
        let job = kitchen.becomes(burnt, State::Failed).await;
        assert_eq!(job.error.map(|it| it.code), Some("panicked".to_owned()));
        let soup = kitchen.order(kitchen.job("soup")).await;
        kitchen.becomes(soup, State::Completed).await;
        drop(workers);
    }

    async fn what_follows_a_job_is_in_the_transaction_that_ends_it(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let workers = kitchen.hire(quick(), vec![("soup", Arc::new(Waiter { falls: false }))]);
        kitchen.becomes(id, State::Completed).await;
        assert_eq!(kitchen.effects(id).await, ["completed"]);
        drop(workers);
    }

    async fn a_job_ends_also_when_what_follows_fails(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let workers = kitchen.hire(quick(), vec![("soup", Arc::new(Waiter { falls: true }))]);
        kitchen.becomes(id, State::Completed).await;
        assert!(kitchen.effects(id).await.is_empty(), "its half-done work is rolled back");
        drop(workers);
    }
}
