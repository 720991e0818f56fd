//! Letting go of jobs in good order.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use work::{Drained, Handler, State, Workers};

use crate::kitchen::{Kitchen, cook, done, quick};

/// Keeps a checkpoint, then never ends; with a checkpoint it is done at once.
fn slow() -> Arc<dyn Handler> {
    cook(|job| async move {
        if let Some(chopped) = &job.job().checkpoint {
            return Ok(chopped.clone());
        }
        job.progress(30, "chopping").await;
        job.checkpoint(json!({"chopped": 3})).await?;
        std::future::pending().await
    })
}

testkit::on_both! {
    async fn a_drain_waits_for_what_can_be_done_in_time(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let cooks = cook(|_| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(json!("done"))
        });
        let workers = kitchen.hire(quick(), vec![("soup", cooks)]);
        kitchen.becomes(id, State::Running).await;
        let drained = workers.drain(Duration::from_secs(10)).await;
        assert_eq!(drained, Drained { handed_back: 0, abandoned: 0 });
        assert_eq!(kitchen.look(id).await.state, State::Completed);
    }

    async fn a_drain_hands_back_what_is_not_done_in_time(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("stew")).await;
        let workers = kitchen.hire(quick(), vec![("stew", slow())]);
        kitchen.until(id, |it| it.checkpoint.is_some()).await;
        let drained = workers.drain(Duration::from_millis(50)).await;
        assert_eq!(drained, Drained { handed_back: 1, abandoned: 0 });

        let job = kitchen.look(id).await;
        assert_eq!((job.state, job.attempts, job.retry_count), (State::Pending, 0, 0));
        assert_eq!((job.progress, job.checkpoint), (30, Some(json!({"chopped": 3}))));

        let workers = kitchen.hire(quick(), vec![("stew", slow())]);
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!((job.attempts, job.result), (1, Some(json!({"chopped": 3}))));
        drop(workers);
    }

    async fn workers_told_to_stop_claim_nothing_and_finish_what_they_have(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let stop = CancellationToken::new();
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let waits = gate.clone();
        let cooks = cook(move |_| {
            let gate = waits.clone();
            async move {
                let _ = gate.acquire().await;
                Ok(json!("done"))
            }
        });
        let handlers = [("soup".to_owned(), cooks)].into();
        let (store, clock) = (kitchen.store.clone(), kitchen.clock.clone());
        let workers = Workers::start(store, clock, quick(), handlers, &stop);
        let begun = kitchen.order(kitchen.job("soup")).await;
        kitchen.becomes(begun, State::Running).await;

        stop.cancel();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let late = kitchen.order(kitchen.job("soup")).await;
        gate.add_permits(10);
        kitchen.becomes(begun, State::Completed).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(kitchen.look(late).await.state, State::Pending);
        workers.drain(Duration::from_secs(1)).await;
    }

    async fn workers_that_are_dropped_hand_their_jobs_back(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("stew")).await;
        let workers = kitchen.hire(quick(), vec![("stew", slow())]);
        kitchen.until(id, |it| it.checkpoint.is_some()).await;
        drop(workers);
        let job = kitchen.becomes(id, State::Pending).await;
        assert_eq!(job.attempts, 0);
    }

    async fn idle_workers_drain_at_once(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let workers = kitchen.hire(quick(), vec![("soup", done())]);
        let drain = workers.drain(Duration::from_secs(60));
        let drained = tokio::time::timeout(Duration::from_secs(5), drain).await;
        assert_eq!(drained, Ok(Drained { handed_back: 0, abandoned: 0 }));
    }
}
