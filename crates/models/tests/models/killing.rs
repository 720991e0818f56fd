//! A process is killed between the beginning of a request and its row, for real.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use base::{Clock, Timestamp};
use models::{
    Cost, Models,
    ledger::{Bounds, Recovered, spent},
};
use store::{Address, Options, Store};
use testkit::model::{Reply, Script};

use crate::house::{House, ask, millis, settings};

/// Where the process that will be killed finds the database, the provider, and the folder of its
/// journal.
const VICTIM: [&str; 3] =
    ["MODELS_TEST_VICTIM_DATABASE", "MODELS_TEST_VICTIM_PROVIDER", "MODELS_TEST_VICTIM_FOLDER"];

/// Not a test by itself: the other process of the test below. It asks twice; the second time nobody
/// answers.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the test that kills it"]
async fn victim() {
    #[expect(clippy::disallowed_methods, reason = "this process is given its part by its parent")]
    let parts = VICTIM.map(|it| std::env::var(it).ok());
    let [Some(address), Some(provider), Some(folder)] = parts else { return };
    testkit::install_tls();
    let address: Address = address.parse().unwrap();
    let store = Store::open(&address, Options::default()).await.unwrap();
    let models = Models::open(store, Clock::system(), settings(&provider)).unwrap();
    models.keep_journal(&PathBuf::from(folder), Bounds::default()).await.unwrap();
    models.complete(ask("first")).await.unwrap();
    models.complete(ask("second")).await.unwrap();
}

testkit::on_both! {
    async fn what_a_killed_process_had_asked_is_in_the_ledger_of_the_next(db: testkit::Database) {
        let script = Script::start().await;
        script.answers(Reply::text("Hello").tokens(30, 4)).answers(Reply::hang());
        let house = House::open(&db, settings(&script.base_url())).await;
        let folder = tempfile::tempdir().unwrap();
        let address = match db.address() {
            Address::Sqlite(path) => format!("sqlite:{}", path.display()),
            Address::Postgres(url) => url.reveal().clone(),
        };
        // The first answer is in the journal and cannot reach the database.
        db.raw("ALTER TABLE model_usage RENAME TO away").await;
        let given = [address, script.base_url(), folder.path().display().to_string()];
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "killing::victim"])
            .envs(VICTIM.iter().zip(given))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..1_000 {
            if script.requests().len() == 2 {
                break;
            }
            tokio::time::sleep(millis(10)).await;
        }
        assert_eq!(script.requests().len(), 2);
        // While it lives, its journal is its own.
        let other = Models::open(house.store.clone(), house.clock.clone(), settings("http://h:1")).unwrap();
        let found = other.keep_journal(folder.path(), Bounds::default()).await.unwrap();
        assert_eq!(found, Recovered { living: 1, ..Recovered::default() });
        // SIGKILL: nothing is cleaned up, nothing is written.
        victim.kill().unwrap();
        victim.wait().unwrap();
        db.raw("ALTER TABLE away RENAME TO model_usage").await;

        let found = other.tend_ledger().await.unwrap();
        assert_eq!(found, Recovered { journals: 1, written: 2, abandoned: 1, ..Recovered::default() });
        assert_eq!(other.tend_ledger().await.unwrap(), Recovered::default());
        let mut rows = house.ledger().await;
        rows.sort_by_key(|it| it.at);
        let shown: Vec<_> = rows.iter().map(|it| (it.outcome.name(), it.usage.tokens_out, it.usage.estimated)).collect();
        // The second counts as what was held for its answer.
        assert_eq!(shown, [("ok", 4, false), ("abandoned", 1_000, true)]);
        assert_eq!((rows[1].cost, rows[1].usage.tokens_in > 0), (Cost::Unknown, true));
        let drifts = house.store.read(|db| spent::verify(db, Timestamp::UNIX_EPOCH)).await.unwrap();
        assert_eq!(drifts, []);
        other.close().await;
        drop(other);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is empty again");
    }
}
