//! Workers that fall silent, workers that do not, and what survives them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::sync::{Mutex, Semaphore, oneshot};
use work::{Failure, FenceError, NewJob, Settings, State};

use crate::kitchen::{Kitchen, cook, done, effect, quick, silent};

testkit::on_both! {
    async fn a_job_of_silent_workers_runs_again_and_they_can_do_no_more_harm(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let (woken, store) = (Arc::new(Semaphore::new(0)), kitchen.store.clone());
        let (told, telling) = oneshot::channel();
        let told = Arc::new(Mutex::new(Some(told)));
        let wakes = woken.clone();
        let sleeper = cook(move |job| {
            let (woken, store, told) = (wakes.clone(), store.clone(), told.clone());
            async move {
                let _ = woken.acquire().await;
                let late = effect(&store, &job, "late").await;
                let checkpoint = job.checkpoint(json!("late")).await;
                if let Some(told) = told.lock().await.take() {
                    let _ = told.send((late, checkpoint));
                }
                Ok(json!("late"))
            }
        });
        let silent = kitchen.hire(silent(), vec![("soup", sleeper)]);
        kitchen.becomes(id, State::Running).await;

        kitchen.passes(31);
        let store = kitchen.store.clone();
        let awake = cook(move |job| {
            let store = store.clone();
            async move {
                effect(&store, &job, "in time").await?;
                Ok(json!("in time"))
            }
        });
        let others = kitchen.hire(quick(), vec![("soup", awake)]);
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!((job.attempts, job.retry_count), (2, 1));

        woken.add_permits(10);
        let (late, checkpoint) = telling.await.unwrap();
        assert!(matches!(late, Err(FenceError::Lost(_))), "{late:?}");
        assert!(matches!(checkpoint, Err(FenceError::Lost(_))), "{checkpoint:?}");
        silent.drain(Duration::from_secs(5)).await;
        assert_eq!(kitchen.effects(id).await, ["in time"]);
        let job = kitchen.look(id).await;
        assert_eq!((job.result, job.checkpoint), (Some(json!("in time")), None));
        drop(others);
    }

    async fn a_job_that_loses_all_of_its_workers_is_a_dead_letter(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(NewJob { attempts_max: 1, ..kitchen.job("soup") }).await;
        let deaf = cook(|_| async { std::future::pending().await });
        let silent = kitchen.hire(silent(), vec![("soup", deaf)]);
        kitchen.becomes(id, State::Running).await;
        kitchen.passes(31);
        let others = kitchen.hire(quick(), vec![("soup", done())]);
        let job = kitchen.becomes(id, State::Failed).await;
        assert!(job.dead);
        assert_eq!(job.error.map(|it| it.code), Some("worker_lost".to_owned()));
        drop((silent, others));
    }

    /// The handler blocks its thread all the time: the lease must not depend on it.
    async fn a_heartbeat_keeps_a_job_that_takes_longer_than_its_lease(db: testkit::Database) {
        let mut kitchen = Kitchen::open(&db).await;
        kitchen.clock = base::Clock::system();
        let id = kitchen.order(kitchen.job("stew")).await;
        let begun = Arc::new(AtomicUsize::new(0));
        let short = Settings {
            lease: Duration::from_millis(1500),
            heartbeat: Duration::from_millis(100),
            ..quick()
        };
        let crews: Vec<_> = (0..2).map(|_| {
            let begun = begun.clone();
            let cooks = cook(move |_| {
                let begun = begun.clone();
                async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(3500));
                    Ok(json!("done"))
                }
            });
            kitchen.hire(short.clone(), vec![("stew", cooks)])
        }).collect();
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!((job.attempts, begun.load(Ordering::SeqCst)), (1, 1));
        drop(crews);
    }

    async fn an_erased_job_stops(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("soup")).await;
        let (dropped, drops) = oneshot::channel::<()>();
        let dropped = Arc::new(Mutex::new(Some(dropped)));
        let forever = cook(move |_| {
            let dropped = dropped.clone();
            async move {
                let _held_until_dropped = dropped.lock().await.take();
                std::future::pending().await
            }
        });
        let workers = kitchen.hire(quick(), vec![("soup", forever)]);
        kitchen.becomes(id, State::Running).await;
        let erase = |tx: &store::Tx| work::erase(tx, base::TenantId::DEFAULT);
        assert_eq!(kitchen.store.bookkeep("erase", erase).await.unwrap(), 1);
        let stopped = tokio::time::timeout(Duration::from_secs(5), drops).await;
        assert!(stopped.expect("the handler was dropped").is_err());
        drop(workers);
    }

    async fn progress_and_checkpoint_survive_for_the_next_attempt(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(kitchen.job("bread")).await;
        let cooks = cook(|job| async move {
            match &job.job().checkpoint {
                None => {
                    job.progress(40, "kneaded").await;
                    job.checkpoint(json!({"kneaded": true})).await?;
                    Err(Failure::for_now("oven_cold", "the oven is cold"))
                }
                Some(kept) => Ok(kept.clone()),
            }
        });
        let workers = kitchen.hire(quick(), vec![("bread", cooks)]);
        let job = kitchen.until(id, |it| it.error.is_some()).await;
        assert_eq!((job.state, job.progress), (State::Pending, 40));
        assert_eq!(job.message.as_deref(), Some("kneaded"));
        kitchen.passes(10);
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!(job.result, Some(json!({"kneaded": true})));
        drop(workers);
    }

    async fn an_effect_and_its_checkpoint_are_kept_together_or_not_at_all(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let id = kitchen.order(NewJob { attempts_max: 1, ..kitchen.job("bread") }).await;
        let store = kitchen.store.clone();
        let cooks = cook(move |job| {
            let store = store.clone();
            async move {
                let this = job.clone();
                let refused = store.bookkeep("bake and burn", move |tx| {
                    this.checkpoint_in(tx, &json!("baked"))?;
                    Err::<(), FenceError>(store::Error::NoRow.into())
                });
                let _ = refused.await;
                let this = job.clone();
                let kept = store.bookkeep("bake", move |tx| this.checkpoint_in(tx, &json!(2)));
                kept.await?;
                Ok(json!("done"))
            }
        });
        let workers = kitchen.hire(quick(), vec![("bread", cooks)]);
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!(job.checkpoint, Some(json!(2)));
        drop(workers);
    }

    async fn progress_is_written_a_few_times_a_second_and_the_last_word_always(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let mut events = work::events();
        let id = kitchen.order(kitchen.job("stew")).await;
        let cooks = cook(|job| async move {
            for percent in 0..=90 {
                job.progress(percent, "stirring").await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            job.progress(95, "tasting").await;
            Err(Failure::for_good("too_salty", "too salty"))
        });
        let began = Instant::now();
        let workers = kitchen.hire(silent(), vec![("stew", cooks)]);
        let is_write = |it: &work::JobChanged| {
            it.id == id && it.state == State::Running && it.progress > 0
        };
        let mut writes = 0;
        let mut ended = std::pin::pin!(kitchen.becomes(id, State::Failed));
        let job = loop {
            tokio::select! {
                // Heard at once: the jobs of all tests are told of here, and only so many are kept.
                event = events.recv() => writes += u128::from(event.is_ok_and(|it| is_write(&it))),
                job = &mut ended => break job,
            }
        };
        assert_eq!((job.progress, job.message.as_deref()), (95, Some("tasting")));
        workers.drain(Duration::from_secs(1)).await;

        while let Ok(event) = events.try_recv() {
            writes += u128::from(is_write(&event));
        }
        let (took, pause) = (began.elapsed(), Duration::from_millis(250));
        let most = 2 + took.as_millis() / pause.as_millis();
        assert!((2..=most).contains(&writes), "{writes} writes in {took:?}");
    }
}
