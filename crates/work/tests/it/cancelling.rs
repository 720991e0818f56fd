//! Stopping what is not wanted any more.

use std::sync::Arc;

use base::{Actor, TenantId};
use serde_json::json;
use store::params;
use work::{CancelError, Failure, Handler, State};

use crate::kitchen::{Kitchen, cook, done, quick, silent};

/// Works until somebody cancels it. Whoever sees its progress knows that a signal is heard.
fn obedient() -> Arc<dyn Handler> {
    cook(|job| async move {
        job.progress(10, "listening").await;
        job.cancelled().await;
        assert!(job.is_cancelled());
        Err(Failure::Cancelled)
    })
}

testkit::on_both! {
    async fn a_pending_job_is_cancelled_at_once_and_never_runs(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let job = kitchen.cancel(id).await.unwrap();
        assert_eq!((job.state, job.completed_at), (State::Cancelled, Some(kitchen.now())));
        assert_eq!(kitchen.audited("job_cancelled").await, 1);

        let workers = kitchen.hire(quick(), vec![("soup", done())]);
        let other = kitchen.order(kitchen.job("soup")).await;
        kitchen.becomes(other, State::Completed).await;
        assert_eq!(kitchen.look(id).await.attempts, 0);
        drop(workers);
    }

    async fn a_running_job_hears_in_the_same_process_at_once(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        // No heartbeat within the test: only the signal can tell.
        let workers = kitchen.hire(silent(), vec![("soup", obedient())]);
        kitchen.until(id, |it| it.progress == 10).await;
        let asked = kitchen.cancel(id).await.unwrap();
        assert_eq!((asked.state, asked.cancel_requested), (State::Running, true));
        let job = kitchen.becomes(id, State::Cancelled).await;
        assert_eq!((job.error, job.lease), (None, None));
        drop(workers);
    }

    async fn a_running_job_hears_of_another_process_at_its_heartbeat(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let workers = kitchen.hire(quick(), vec![("soup", obedient())]);
        kitchen.becomes(id, State::Running).await;
        // What another process leaves behind: the row, and no signal.
        let sql = "UPDATE jobs SET cancel_requested = 1 WHERE id = $1";
        kitchen.store.bookkeep("cancel elsewhere", move |tx| tx.execute(sql, &params![id]))
            .await
            .unwrap();
        kitchen.becomes(id, State::Cancelled).await;
        drop(workers);
    }

    async fn a_handler_that_does_not_listen_is_stopped(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let deaf = cook(|_| async { std::future::pending().await });
        let workers = kitchen.hire(quick(), vec![("soup", deaf)]);
        kitchen.becomes(id, State::Running).await;
        kitchen.cancel(id).await.unwrap();
        kitchen.becomes(id, State::Cancelled).await;
        drop(workers);
    }

    async fn a_job_that_was_done_all_the_same_is_completed(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let quick_wins = cook(|job| async move {
            job.cancelled().await;
            Ok(json!("served already"))
        });
        let workers = kitchen.hire(quick(), vec![("soup", quick_wins)]);
        kitchen.becomes(id, State::Running).await;
        kitchen.cancel(id).await.unwrap();
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!(job.result, Some(json!("served already")));
        drop(workers);
    }

    async fn what_has_ended_cannot_be_cancelled(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        kitchen.cancel(id).await.unwrap();
        let refused = kitchen.cancel(id).await;
        assert!(
            matches!(refused, Err(CancelError::Finished { state: State::Cancelled, .. })),
            "{refused:?}"
        );
    }

    async fn the_job_of_another_tenant_does_not_exist(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let other = Some(TenantId::from_uuid(id.uuid()));
        let cancel = move |tx: &store::Tx| work::cancel(tx, other, id, tx.now());
        let refused = kitchen.store.write(&Actor::operator(), kitchen.now(), cancel).await;
        assert!(matches!(refused, Err(CancelError::NoSuchJob(_))), "{refused:?}");
        let seen = kitchen.store.read(move |db| work::get(db, other, id)).await.unwrap();
        assert_eq!(seen, None);
        assert_eq!(kitchen.look(id).await.state, State::Pending);
    }
}
