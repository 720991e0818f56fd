//! What comes round: once in the house, whoever looks, whatever was missed, and not while it is paused.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use base::{Actor, JobId, TenantId, Timestamp};
use jiff::SignedDuration;
use serde_json::json;
use store::{Error, Store, Tx};
use work::{
    NewJob, State,
    schedule::{self, Begun, Keeper, Maker, Missed, PastOutcome, RunError, Schedule, Times},
};

use crate::kitchen::{Kitchen, done, quick};

/// Makes a job of the kind `bake` for each of its tenants.
struct Baker {
    tenants: Vec<TenantId>,
    /// The oven is cold: nothing can be made.
    is_cold: AtomicBool,
}

impl Maker for Baker {
    fn jobs(&self, _: &Tx, schedule: &Schedule, now: Timestamp) -> Result<Vec<NewJob>, Error> {
        if self.is_cold.load(Ordering::SeqCst) {
            return Err(Error::NoRow);
        }
        let job =
            |tenant: &TenantId| NewJob::new(*tenant, "bake", schedule.act.clone(), "mainstay", now);
        Ok(self.tenants.iter().map(job).collect())
    }
}

fn baker() -> Arc<Baker> {
    Arc::new(Baker { tenants: vec![TenantId::DEFAULT], is_cold: AtomicBool::new(false) })
}

/// Bread at the beginning of each hour. The clock of the kitchen begins at eight.
fn hourly() -> Schedule {
    Schedule {
        name: "bread".into(),
        times: Times::read("0 * * * *", "UTC").unwrap(),
        jitter: SignedDuration::ZERO,
        missed: Missed::Once,
        off_peak: None,
        act: json!({"dish": "bread"}),
    }
}

async fn keeper(kitchen: &Kitchen, schedule: Schedule) -> Keeper {
    let keeper = Keeper::new(vec![schedule], baker(), 7);
    keeper.settle(&kitchen.store, kitchen.now()).await.unwrap();
    keeper
}

async fn tick(kitchen: &Kitchen, keeper: &Keeper) -> Vec<Begun> {
    keeper.tick(&kitchen.store, kitchen.now()).await.unwrap()
}

async fn jobs(store: &Store) -> u64 {
    let counts = store.read(work::counts).await.unwrap();
    counts.pending + counts.running + counts.completed
}

async fn waits_for(kitchen: &Kitchen) -> String {
    let found = kitchen.store.read(|db| schedule::get(db, "bread")).await.unwrap();
    found.unwrap().waiting.at.to_string()
}

async fn run_now(kitchen: &Kitchen, keeper: &Keeper) -> Result<Begun, RunError> {
    let (keeper, now) = (keeper.clone(), kitchen.now());
    let run = move |tx: &Tx| keeper.run(tx, "bread", &Actor::operator(), now);
    kitchen.store.write(&Actor::operator(), now, run).await
}

async fn pause(kitchen: &Kitchen, keeper: &Keeper) {
    let (keeper, now) = (keeper.clone(), kitchen.now());
    let pause = move |tx: &Tx| keeper.pause(tx, "bread", &Actor::operator(), now);
    kitchen.store.write(&Actor::operator(), now, pause).await.unwrap();
}

async fn resume(kitchen: &Kitchen, keeper: &Keeper) {
    let (keeper, now) = (keeper.clone(), kitchen.now());
    let resume = move |tx: &Tx| keeper.resume(tx, "bread", now);
    kitchen.store.write(&Actor::operator(), now, resume).await.unwrap();
}

testkit::on_both! {
    async fn what_comes_round_becomes_a_job_and_waits_for_the_next_time(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let keeper = keeper(&kitchen, hourly()).await;
        assert!(tick(&kitchen, &keeper).await.is_empty());
        kitchen.passes(3600);
        let begun = tick(&kitchen, &keeper).await;
        assert_eq!((begun.len(), begun[0].outcome), (1, PastOutcome::Begun));
        let job = kitchen.look(begun[0].jobs[0]).await;
        assert_eq!((job.kind.as_str(), &job.payload), ("bake", &json!({"dish": "bread"})));
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T10:00:00Z");
        assert!(tick(&kitchen, &keeper).await.is_empty(), "it came round once");
    }

    async fn of_replicas_that_look_at_the_same_moment_one_begins(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let keepers: Vec<Keeper> =
            (0..4).map(|_| Keeper::new(vec![hourly()], baker(), 7)).collect();
        for keeper in &keepers {
            keeper.settle(&kitchen.store, kitchen.now()).await.unwrap();
        }
        for hour in 1..=12 {
            kitchen.passes(3600);
            let looks = keepers.iter().map(|it| it.tick(&kitchen.store, kitchen.now()));
            let begun: usize = futures::future::join_all(looks)
                .await
                .into_iter()
                .map(|it| it.unwrap().iter().map(|it| it.jobs.len()).sum::<usize>())
                .sum();
            // The job before waits, and has the lock: the first begins, the others find it busy.
            assert_eq!(begun, usize::from(hour == 1), "hour {hour}");
            let runs = kitchen.store.read(|db| schedule::history(db, "bread", 100)).await.unwrap();
            assert_eq!(runs.len(), hour, "one of them noted the run");
        }
        assert_eq!(jobs(&kitchen.store).await, 1);
    }

    async fn a_row_that_was_put_back_does_not_bring_a_run_again(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let keeper = keeper(&kitchen, hourly()).await;
        kitchen.passes(3600);
        assert_eq!(tick(&kitchen, &keeper).await.len(), 1);
        let workers = kitchen.hire(quick(), vec![("bake", done())]);
        let job = kitchen.store.read(|db| schedule::history(db, "bread", 1)).await.unwrap()[0].jobs[0];
        kitchen.becomes(job, State::Completed).await;
        drop(workers);
        let nine = kitchen.now().as_microsecond();
        db.raw(&format!("UPDATE schedules SET planned_at = {nine}, due_at = {nine}")).await;
        let again = tick(&kitchen, &keeper).await;
        assert!(again.iter().all(|it| it.jobs.is_empty()), "{again:?}");
        assert_eq!(jobs(&kitchen.store).await, 1);
    }

    async fn a_run_that_could_not_be_written_is_not_lost(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let baker = baker();
        let keeper = Keeper::new(vec![hourly()], baker.clone(), 7);
        keeper.settle(&kitchen.store, kitchen.now()).await.unwrap();
        kitchen.passes(3600);
        baker.is_cold.store(true, Ordering::SeqCst);
        assert!(keeper.tick(&kitchen.store, kitchen.now()).await.is_err());
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T09:00:00Z");
        baker.is_cold.store(false, Ordering::SeqCst);
        assert_eq!(tick(&kitchen, &keeper).await[0].jobs.len(), 1);
    }

    async fn after_a_night_away_it_is_made_up_for_as_declared(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let all = Schedule { missed: Missed::All { most: 3 }, ..hourly() };
        let keeper = keeper(&kitchen, all).await;
        kitchen.passes(9 * 3600 + 1800);
        let begun = tick(&kitchen, &keeper).await;
        assert_eq!(begun.iter().map(|it| it.jobs.len()).collect::<Vec<_>>(), [1, 1, 1]);
        assert_eq!(begun[0].missed, 6);
        let runs = kitchen.store.read(|db| schedule::history(db, "bread", 10)).await.unwrap();
        let planned: Vec<String> = runs.iter().map(|it| it.planned.at.to_string()).collect();
        assert_eq!(planned, ["2026-11-21T17:00:00Z", "2026-11-21T16:00:00Z", "2026-11-21T15:00:00Z"]);
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T18:00:00Z");
    }

    async fn runs_that_are_left_out_are_noted(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let keeper = keeper(&kitchen, Schedule { missed: Missed::Skip, ..hourly() }).await;
        kitchen.passes(3 * 3600 + 1800);
        let begun = tick(&kitchen, &keeper).await;
        assert_eq!((begun[0].outcome, begun[0].missed), (PastOutcome::Missed, 3));
        assert_eq!(jobs(&kitchen.store).await, 0);
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T12:00:00Z");
    }

    async fn what_is_at_it_still_is_not_begun_again(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let keeper = keeper(&kitchen, hourly()).await;
        kitchen.passes(3600);
        let first: JobId = tick(&kitchen, &keeper).await[0].jobs[0];
        kitchen.passes(3600);
        assert_eq!(tick(&kitchen, &keeper).await[0].outcome, PastOutcome::Busy);
        let refused = run_now(&kitchen, &keeper).await;
        assert!(matches!(refused, Err(RunError::Busy(_))), "{refused:?}");
        let workers = kitchen.hire(quick(), vec![("bake", done())]);
        kitchen.becomes(first, State::Completed).await;
        kitchen.passes(3600);
        assert_eq!(tick(&kitchen, &keeper).await[0].outcome, PastOutcome::Begun);
        drop(workers);
    }

    async fn it_is_run_by_hand_beside_its_times(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let keeper = keeper(&kitchen, hourly()).await;
        let begun = run_now(&kitchen, &keeper).await.unwrap();
        assert_eq!(begun.jobs.len(), 1);
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T09:00:00Z", "its plan stays");
        let runs = kitchen.store.read(|db| schedule::history(db, "bread", 10)).await.unwrap();
        assert_eq!((runs[0].asked_by.as_deref(), &runs[0].jobs), (Some("operator"), &begun.jobs));
        assert_eq!(kitchen.audited("schedule_run").await, 1);
        let (other, now) = (keeper.clone(), kitchen.now());
        let cake = move |tx: &Tx| other.run(tx, "cake", &Actor::operator(), now);
        let refused = kitchen.store.write(&Actor::operator(), now, cake).await;
        assert!(matches!(refused, Err(RunError::NoSuchSchedule(_))), "{refused:?}");
    }

    async fn what_is_paused_does_not_come_round_and_goes_on_with_its_next_time(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let keeper = keeper(&kitchen, hourly()).await;
        pause(&kitchen, &keeper).await;
        pause(&kitchen, &keeper).await;
        kitchen.passes(5 * 3600 + 1800);
        assert!(tick(&kitchen, &keeper).await.is_empty());
        resume(&kitchen, &keeper).await;
        assert!(tick(&kitchen, &keeper).await.is_empty(), "what came round meanwhile is not made up for");
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T14:00:00Z");
        kitchen.passes(1800);
        assert_eq!(tick(&kitchen, &keeper).await.len(), 1);
        assert_eq!((kitchen.audited("schedule_paused").await, kitchen.audited("schedule_resumed").await), (1, 1));
    }

    async fn a_schedule_that_is_declared_anew_is_left_alone_by_older_processes(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let old = keeper(&kitchen, hourly()).await;
        let nightly = Schedule { times: Times::read("0 3 * * *", "Europe/Berlin").unwrap(), ..hourly() };
        let new = keeper(&kitchen, nightly).await;
        assert_eq!(waits_for(&kitchen).await, "2026-11-22T02:00:00Z");
        kitchen.passes(24 * 3600);
        assert!(tick(&kitchen, &old).await.is_empty());
        assert_eq!(tick(&kitchen, &new).await.len(), 1);
    }

    async fn the_same_declaration_changes_nothing_and_one_that_is_gone_goes(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let first = keeper(&kitchen, hourly()).await;
        kitchen.passes(1800);
        assert_eq!(first.settle(&kitchen.store, kitchen.now()).await.unwrap(), 0);
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T09:00:00Z");
        let other = Schedule { act: json!({"dish": "cake"}), ..hourly() };
        let same_times = keeper(&kitchen, other).await;
        assert_eq!(waits_for(&kitchen).await, "2026-11-21T09:00:00Z", "its times are as before");
        kitchen.passes(1800);
        assert_eq!(tick(&kitchen, &same_times).await.len(), 1);
        let none = Keeper::new(Vec::new(), baker(), 7);
        none.settle(&kitchen.store, kitchen.now()).await.unwrap();
        assert!(kitchen.store.read(schedule::list).await.unwrap().is_empty());
    }

    async fn each_tenant_has_a_job_of_its_own(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let tenants: Vec<TenantId> = (0..3).map(|_| TenantId::generate()).collect();
        let baker = Baker { tenants: tenants.clone(), is_cold: AtomicBool::new(false) };
        let keeper = Keeper::new(vec![hourly()], Arc::new(baker), 7);
        keeper.settle(&kitchen.store, kitchen.now()).await.unwrap();
        kitchen.passes(3600);
        let begun = tick(&kitchen, &keeper).await;
        assert_eq!(begun[0].jobs.len(), 3);
        for (tenant, job) in tenants.iter().zip(&begun[0].jobs) {
            assert_eq!(kitchen.look(*job).await.tenant, *tenant);
        }
    }

    async fn what_comes_round_is_counted(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        // A name for each database: the counts are the whole process's.
        let name = format!("counted_{:?}", kitchen.store.dialect()).to_lowercase();
        let keeper = keeper(&kitchen, Schedule { name: name.clone(), ..hourly() }).await;
        kitchen.passes(3600 + 42);
        tick(&kitchen, &keeper).await;
        let text = base::metric::exposition();
        for line in [
            format!("work_schedule_runs_total{{schedule=\"{name}\",outcome=\"begun\"}} 1\n"),
            format!("work_schedule_late_seconds_sum{{schedule=\"{name}\"}} 42\n"),
            format!("work_schedule_drift_seconds{{schedule=\"{name}\"}} 42\n"),
        ] {
            assert!(text.contains(&line), "{line} is not in {text}");
        }
    }
}
