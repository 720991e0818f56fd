//! A worker process is killed in the middle of a job, for real.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use base::Clock;
use serde_json::json;
use store::{Address, Options, Store};
use work::{Settings, State};

use crate::kitchen::{Kitchen, cook, effect, quick};

/// Where the process that will be killed finds the database.
const VICTIM: &str = "WORK_TEST_VICTIM_DATABASE";

fn short() -> Settings {
    Settings {
        lease: Duration::from_millis(1500),
        heartbeat: Duration::from_millis(300),
        ..quick()
    }
}

/// Not a test by itself: the other process of the test below. It commits an effect with its
/// checkpoint, then works on for ever.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the test that kills it"]
async fn victim() {
    #[expect(clippy::disallowed_methods, reason = "this process is given its part by its parent")]
    let Ok(address) = std::env::var(VICTIM) else { return };
    let address: Address = address.parse().unwrap();
    let store = Store::open(&address, Options::default()).await.unwrap();
    let kitchen = Kitchen { store: store.clone(), clock: Clock::system() };
    let cooks = cook(move |job| {
        let store = store.clone();
        async move {
            effect(&store, &job, "chopped").await?;
            job.progress(40, "chopped").await;
            job.checkpoint(json!({"chopped": true})).await?;
            std::future::pending().await
        }
    });
    let _workers = kitchen.hire(short(), vec![("stew", cooks)]);
    tokio::time::sleep(Duration::from_secs(60)).await;
}

testkit::on_both! {
    async fn a_worker_killed_in_the_middle_of_a_job_leaves_a_job_that_runs_again(db: testkit::Database) {
        let mut kitchen = Kitchen::open(&db).await;
        kitchen.clock = Clock::system();
        let id = kitchen.order(kitchen.job("stew")).await;
        let address = match db.address() {
            Address::Sqlite(path) => format!("sqlite:{}", path.display()),
            Address::Postgres(url) => url.reveal().clone(),
        };
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "killing::victim"])
            .env(VICTIM, address)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let job = kitchen.until(id, |it| it.checkpoint.is_some() && it.progress == 40).await;
        assert_eq!((job.state, job.attempts), (State::Running, 1));
        // SIGKILL: nothing is cleaned up, nothing is handed back.
        victim.kill().unwrap();
        victim.wait().unwrap();

        let store = kitchen.store.clone();
        let cooks = cook(move |job| {
            let store = store.clone();
            async move {
                assert_eq!(job.job().checkpoint, Some(json!({"chopped": true})));
                effect(&store, &job, "served").await?;
                Ok(json!("served"))
            }
        });
        let workers = kitchen.hire(short(), vec![("stew", cooks)]);
        let job = kitchen.becomes(id, State::Completed).await;
        assert_eq!((job.attempts, job.retry_count), (2, 1));
        assert_eq!(kitchen.effects(id).await, ["chopped", "served"]);
        workers.drain(Duration::from_secs(1)).await;
    }
}
