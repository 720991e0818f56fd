//! Who gets which job, and that nobody gets what another has.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use base::TenantId;
use serde_json::json;
use tokio::sync::Semaphore;
use work::{Busy, EnqueueError, Handler, Lock, NewJob, Settings, State};

use crate::kitchen::{Kitchen, cook, done, effect, quick};

fn lock(key: &str, busy: Busy) -> Option<Lock> {
    Some(Lock { key: key.to_owned(), busy })
}

/// Writes down the payload of each job that it begins, then waits for `gate`.
fn note_taker(notes: &Arc<Mutex<Vec<String>>>, gate: &Arc<Semaphore>) -> Arc<dyn Handler> {
    let (notes, gate) = (notes.clone(), gate.clone());
    cook(move |job| {
        let (notes, gate) = (notes.clone(), gate.clone());
        async move {
            notes.lock().unwrap().push(job.job().payload.as_str().unwrap_or_default().to_owned());
            let _ = gate.acquire().await;
            Ok(json!(null))
        }
    })
}

testkit::on_both! {
    async fn a_job_is_done_and_its_result_is_kept(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let cooks = cook(|job| async move { Ok(json!({"served": job.job().payload["dish"]})) });
        let workers = kitchen.hire(quick(), vec![("soup", cooks)]);

        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!(job.result, Some(json!({"served": "soup"})));
        assert_eq!((job.attempts, job.progress, job.lease), (1, 100, None));
        assert_eq!((job.started_at, job.completed_at), (Some(kitchen.now()), Some(kitchen.now())));
        workers.drain(Duration::from_secs(1)).await;
    }

    async fn workers_hear_of_a_new_job_at_once(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let never = Settings { poll: Duration::from_secs(3600), ..quick() };
        let workers = kitchen.hire(never, vec![("soup", done())]);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut is_heard = false;
        // On PostgreSQL nobody is heard whose commit a machine that stalls keeps back for too long:
        // then it is tried again.
        for _ in 0..3 {
            let soup = kitchen.wants_slowly(kitchen.job("soup")).await.unwrap();
            let served = kitchen.becomes(soup.id, State::Completed);
            is_heard = tokio::time::timeout(Duration::from_secs(3), served).await.is_ok();
            if is_heard { break; }
        }
        assert!(is_heard, "nobody hears of a new job");
        workers.drain(Duration::from_secs(1)).await;
    }

    async fn a_job_is_not_there_when_its_transaction_is_rolled_back(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let (job, now) = (kitchen.job("soup"), kitchen.now());
        let refused = kitchen.store.bookkeep("change our mind", move |tx| {
            work::enqueue(tx, job, now)?;
            Err::<(), EnqueueError>(store::Error::NoRow.into())
        });
        assert!(refused.await.is_err());
        let counts = kitchen.store.read(work::counts).await.unwrap();
        assert_eq!(counts, work::Counts::default());
    }

    async fn two_hundred_jobs_among_three_crews_have_each_effect_once(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let at_work = Arc::new(Mutex::new(HashSet::new()));
        let crews: Vec<_> = (0..3).map(|_| {
            let (at_work, store) = (at_work.clone(), kitchen.store.clone());
            let cooks = cook(move |job| {
                let (at_work, store) = (at_work.clone(), store.clone());
                async move {
                    let id = job.job().id;
                    assert!(at_work.lock().unwrap().insert(id), "{id} runs twice at once");
                    effect(&store, &job, "served").await?;
                    at_work.lock().unwrap().remove(&id);
                    Ok(json!(null))
                }
            });
            kitchen.hire(Settings { workers: 4, ..quick() }, vec![("soup", cooks)])
        }).collect();
        let mut ids = Vec::new();
        for _ in 0..200 {
            ids.push(kitchen.order(kitchen.job("soup")).await);
        }
        for id in ids {
            let job = kitchen.becomes(id, State::Completed).await;
            assert_eq!(job.attempts, 1);
            assert_eq!(kitchen.effects(id).await, ["served"]);
        }
        for crew in crews {
            assert_eq!(crew.drain(Duration::from_secs(2)).await.handed_back, 0);
        }
    }

    async fn jobs_with_one_lock_run_one_after_another(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut ids = Vec::new();
        for _ in 0..8 {
            let job = NewJob { lock: lock("oven", Busy::Wait), ..kitchen.job("bread") };
            ids.push(kitchen.order(job).await);
        }
        let crews: Vec<_> = (0..2).map(|_| {
            let (now, most) = (now.clone(), most.clone());
            let cooks = cook(move |_| {
                let (now, most) = (now.clone(), most.clone());
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(15)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(json!(null))
                }
            });
            kitchen.hire(quick(), vec![("bread", cooks)])
        }).collect();
        for id in ids {
            kitchen.becomes(id, State::Completed).await;
        }
        assert_eq!(most.load(Ordering::SeqCst), 1);
        drop(crews);
    }

    async fn a_second_job_is_refused_until_the_lock_is_free(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob { lock: lock("oven", Busy::Refuse), ..kitchen.job("bread") };
        let first = kitchen.order(wish()).await;
        let refused = kitchen.wants(wish()).await;
        assert!(matches!(refused, Err(EnqueueError::Busy { job }) if job == first), "{refused:?}");

        let other = NewJob { tenant: base::TenantId::from_uuid(first.uuid()), ..wish() };
        assert!(kitchen.wants(other).await.is_ok(), "another tenant has its own oven");

        let gate = Arc::new(Semaphore::new(0));
        let workers = kitchen.hire(quick(), vec![("bread", note_taker(&Arc::default(), &gate))]);
        kitchen.becomes(first, State::Running).await;
        let refused = kitchen.wants(wish()).await;
        assert!(matches!(refused, Err(EnqueueError::Busy { job }) if job == first), "{refused:?}");

        gate.add_permits(100);
        kitchen.becomes(first, State::Completed).await;
        assert!(kitchen.wants(wish()).await.is_ok());
        drop(workers);
    }

    async fn what_is_wanted_again_is_left_to_a_job_that_has_not_begun(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob { lock: lock("oven", Busy::Join), ..kitchen.job("bread") };
        let first = kitchen.wants(wish()).await.unwrap();
        let again = kitchen.wants(wish()).await.unwrap();
        assert_eq!((first.existed, again.existed, first.id == again.id), (false, true, true));

        let gate = Arc::new(Semaphore::new(0));
        let workers = kitchen.hire(quick(), vec![("bread", note_taker(&Arc::default(), &gate))]);
        kitchen.becomes(first.id, State::Running).await;
        let next = kitchen.wants(wish()).await.unwrap();
        assert!(!next.existed, "who has begun may have looked already");
        assert_eq!(kitchen.order(wish()).await, next.id);
        gate.add_permits(100);
        kitchen.becomes(next.id, State::Completed).await;
        drop(workers);
    }

    async fn who_would_leave_it_to_another_job_waits_for_nobody(db: testkit::Database) {
        // SQLite has one writer: there everybody waits.
        if !db.is_postgres() {
            return;
        }
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob { lock: lock("oven", Busy::Join), ..kitchen.job("bread") };
        let ((one_says, other_hears), (other_says, one_hears)) = (mpsc::channel(), mpsc::channel());
        let met = tokio::join!(
            kitchen.wants_beside(wish(), one_says, one_hears),
            kitchen.wants_beside(wish(), other_says, other_hears),
        );
        assert_eq!(met, (true, true), "each wrote its job while the other had not ended");
    }

    async fn what_is_left_to_a_job_at_the_same_moment_is_done(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob { lock: lock("oven", Busy::Join), ..kitchen.job("bread") };
        let answers = futures::future::join_all((0..4).map(|_| kitchen.wants_slowly(wish()))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        let ids: HashSet<_> = answers.iter().map(|it| it.as_ref().unwrap().id).collect();
        let workers = kitchen.hire(quick(), vec![("bread", done())]);
        for id in ids {
            kitchen.becomes(id, State::Completed).await;
        }
        drop(workers);
    }

    async fn of_callers_at_the_same_moment_one_gets_the_lock(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob { lock: lock("oven", Busy::Refuse), ..kitchen.job("bread") };
        let answers = futures::future::join_all((0..8).map(|_| kitchen.wants_slowly(wish()))).await;
        assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1, "{answers:?}");
    }

    async fn the_same_wish_is_the_same_job_within_a_tenant(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob { idempotency_key: Some("table 7".into()), ..kitchen.job("soup") };
        let first = kitchen.wants(wish()).await.unwrap();
        let again = kitchen.wants(wish()).await.unwrap();
        assert_eq!((first.existed, again.existed, first.id == again.id), (false, true, true));

        let other = NewJob { tenant: TenantId::from_uuid(first.id.uuid()), ..wish() };
        assert!(!kitchen.wants(other).await.unwrap().existed);
    }

    async fn the_same_wish_at_the_same_moment_is_one_job(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob { idempotency_key: Some("table 7".into()), ..kitchen.job("soup") };
        let answers = futures::future::join_all((0..8).map(|_| kitchen.wants_slowly(wish()))).await;
        let ids: HashSet<_> = answers.iter().map(|it| it.as_ref().unwrap().id).collect();
        let fresh = answers.iter().filter(|it| !it.as_ref().unwrap().existed).count();
        assert_eq!((ids.len(), fresh), (1, 1));
    }

    async fn a_repeated_wish_is_not_refused_for_its_own_lock(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let wish = || NewJob {
            idempotency_key: Some("table 7".into()),
            lock: lock("oven", Busy::Refuse),
            ..kitchen.job("bread")
        };
        let first = kitchen.order(wish()).await;
        assert_eq!(kitchen.order(wish()).await, first);
    }

    async fn the_urgent_and_the_long_awaited_go_first(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let ago = |seconds| kitchen.now() - jiff::SignedDuration::from_secs(seconds);
        for (name, priority, due_at) in
            [("late", 0, ago(1)), ("early", 0, ago(9)), ("urgent", 5, ago(0))]
        {
            let job = NewJob { payload: json!(name), priority, due_at, ..kitchen.job("soup") };
            kitchen.order(job).await;
        }
        let (notes, gate) = (Arc::default(), Arc::new(Semaphore::new(10)));
        let one = Settings { workers: 1, ..quick() };
        let workers = kitchen.hire(one, vec![("soup", note_taker(&notes, &gate))]);
        while notes.lock().unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(*notes.lock().unwrap(), ["urgent", "early", "late"]);
        drop(workers);
    }

    async fn a_tenant_with_a_long_line_does_not_keep_another_waiting(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        for _ in 0..20 {
            kitchen.order(NewJob { payload: json!("many"), ..kitchen.job("soup") }).await;
        }
        kitchen.passes(1);
        let other = TenantId::from_uuid(base::JobId::generate().uuid());
        kitchen.order(NewJob { payload: json!("one"), tenant: other, ..kitchen.job("soup") }).await;

        let (notes, gate) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let workers = kitchen.hire(quick(), vec![("soup", note_taker(&notes, &gate))]);
        while notes.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut begun = notes.lock().unwrap().clone();
        begun.sort();
        assert_eq!(begun, ["many", "one"]);
        drop(workers);
    }

    async fn a_job_waits_for_its_time(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let due_at = kitchen.now() + jiff::SignedDuration::from_secs(60);
        let id = kitchen.order(NewJob { due_at, ..kitchen.job("soup") }).await;
        let workers = kitchen.hire(quick(), vec![("soup", done())]);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(kitchen.look(id).await.state, State::Pending);

        kitchen.passes(60);
        kitchen.becomes(id, State::Completed).await;
        drop(workers);
    }

    async fn a_job_that_nobody_here_can_do_is_left_to_others(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let sushi = kitchen.order(kitchen.job("sushi")).await;
        let soup = kitchen.order(kitchen.job("soup")).await;
        let workers = kitchen.hire(quick(), vec![("soup", done())]);
        kitchen.becomes(soup, State::Completed).await;
        assert_eq!(kitchen.look(sushi).await.state, State::Pending);
        drop(workers);
    }

    async fn what_workers_do_is_counted(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        // A kind for each database: the counts are the whole process's.
        let kind = format!("counted_{:?}", kitchen.store.dialect()).to_lowercase();
        let workers = kitchen.hire(quick(), vec![(kind.as_str(), done())]);
        let id = kitchen.order(kitchen.job(&kind)).await;
        kitchen.becomes(id, State::Completed).await;
        workers.drain(Duration::from_secs(2)).await;
        let text = base::metric::exposition();
        for line in [
            format!("work_jobs_total{{kind=\"{kind}\",outcome=\"completed\"}} 1\n"),
            format!("work_job_duration_seconds_count{{kind=\"{kind}\"}} 1\n"),
            "work_queue_depth{state=\"pending\"} ".to_owned(),
        ] {
            assert!(text.contains(&line), "{line} is not in {text}");
        }
    }
}
