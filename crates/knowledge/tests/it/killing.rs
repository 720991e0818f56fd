//! Workers that are killed at any moment, for real: every document that was acknowledged ends ready, or
//! failed with its reason, no chunk is there twice, and nothing that was kept is embedded again.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use base::{Clock, DocumentId};
use knowledge::document::State;
use store::{Address, Options, Store};
use testkit::{Database, file, model::Script};
use tokio_util::sync::CancellationToken;
use work::Workers;

use crate::house::{House, embedded, knowledge, scripted, sentences, settings};

/// Where the process that will be killed finds the database, and the model.
const DATABASE: &str = "KNOWLEDGE_TEST_DATABASE";
const MODEL: &str = "KNOWLEDGE_TEST_MODEL";
/// How many documents are put in; the real measure takes 1,000.
const DOCUMENTS: &str = "KNOWLEDGE_TEST_DOCUMENTS";
/// Milliseconds after which the workers are killed, round by round.
const DELAYS: [u64; 10] = [60, 150, 90, 300, 40, 210, 120, 500, 75, 260];

fn short() -> work::Settings {
    work::Settings {
        poll: Duration::from_millis(20),
        lease: Duration::from_millis(600),
        heartbeat: Duration::from_millis(150),
        ..work::Settings::default()
    }
}

/// A model at this address.
fn model(address: &str) -> models::Settings {
    let provider = models::settings::ProviderSettings {
        base_url: Some(address.to_owned()),
        ..models::settings::ProviderSettings::default()
    };
    let mut settings =
        models::Settings { embedding: Some("local/embed".into()), ..models::Settings::default() };
    settings.providers.insert("local".into(), provider);
    settings
}

/// Not a test by itself: the workers of the test below, in a process that is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the test that kills it"]
async fn victim() {
    #[expect(clippy::disallowed_methods, reason = "this process is given its part by its parent")]
    let (Ok(address), Ok(at)) = (std::env::var(DATABASE), std::env::var(MODEL)) else { return };
    let address: Address = address.parse().unwrap();
    testkit::install_tls();
    let store = Store::open(&address, Options::default()).await.unwrap();
    let knowledge = knowledge(&store, &Clock::system(), model(&at), settings());
    let stop = CancellationToken::new();
    let _workers = Workers::start(store, Clock::system(), short(), knowledge.handlers(), &stop);
    tokio::time::sleep(Duration::from_secs(120)).await;
}

fn start(db: &Database, script: &Script) -> Child {
    let address = match db.address() {
        Address::Sqlite(path) => format!("sqlite:{}", path.display()),
        Address::Postgres(url) => url.reveal().clone(),
    };
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "killing::victim"])
        .env(DATABASE, address)
        .env(MODEL, script.base_url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn count() -> usize {
    #[expect(clippy::disallowed_methods, reason = "how long a test takes is its caller's choice")]
    let asked = std::env::var(DOCUMENTS);
    asked.ok().and_then(|it| it.parse().ok()).unwrap_or(40)
}

testkit::on_both! {
    async fn every_acknowledged_document_ends_whatever_is_killed(db: Database) {
        let script = Script::start().await;
        let mut house = House::idle(db.clone(), scripted(&script), settings()).await;
        house.clock = Clock::system();
        house.knowledge = knowledge(&house.store, &house.clock, scripted(&script), settings());
        let mut ids: Vec<DocumentId> = Vec::new();
        let mut left = count();
        let mut rounds = DELAYS.into_iter().cycle();
        while left > 0 {
            let mut victim = start(&db, &script);
            for at in 0..left.min(count().div_ceil(DELAYS.len())) {
                // Most are texts of their own; some are pages without text, some the same again.
                let new = match at % 4 {
                    3 => house.file("scan.pdf", file::pdf_of_pictures(1)),
                    2 => house.text(&sentences(30)),
                    _ => house.text(&sentences(12).replace("Sentence", &format!("D{}", ids.len()))),
                };
                ids.push(house.put(new).await.document.id);
                left -= 1;
            }
            tokio::time::sleep(Duration::from_millis(rounds.next().expect("a delay"))).await;
            // SIGKILL: nothing is cleaned up, nothing is handed back.
            victim.kill().unwrap();
            victim.wait().unwrap();
        }
        let stop = CancellationToken::new();
        let handlers = house.knowledge.handlers();
        let workers = Workers::start(house.store.clone(), Clock::system(), short(), handlers, &stop);
        let (mut ready, mut failed) = (0, 0);
        for id in &ids {
            house.knowledge.tend(house.clock.now()).await.unwrap();
            let document = house.until(*id, |it| !it.state.is_open()).await;
            match document.state {
                State::Ready => {
                    ready += 1;
                    assert!(document.made.chunks > 0, "{document:?}");
                    assert_eq!(document.made.vectors_done, document.made.chunks, "{document:?}");
                }
                State::Failed(reason) => {
                    failed += 1;
                    assert!(!reason.message.is_empty());
                    assert!(matches!(reason.code.as_str(), "image_only" | "gave_up"), "{reason}");
                }
                open => panic!("{open:?}"),
            }
        }
        workers.drain(Duration::from_secs(5)).await;
        assert!(ready > 0 && failed > 0, "{ready} ready, {failed} failed");

        let twice = "SELECT count(*) AS total FROM (
            SELECT document, start_char, end_char FROM knowledge_chunks
             GROUP BY document, start_char, end_char HAVING count(*) > 1) t";
        assert_eq!(house.count(twice).await, 0, "a chunk is there twice");
        let stray = "SELECT count(*) AS total FROM knowledge_vectors v
            WHERE NOT EXISTS (SELECT 1 FROM knowledge_chunks c WHERE c.id = v.chunk)";
        assert_eq!(house.count(stray).await, 0, "a vector of no chunk");
        let bare = "SELECT count(*) AS total FROM knowledge_documents d
            WHERE d.state = 'ready'
              AND d.chunks <> (SELECT count(*) FROM knowledge_chunks c WHERE c.document = d.id)";
        assert_eq!(house.count(bare).await, 0, "a document counts other chunks than it has");
        // What is asked for again is at most what was under way at each kill, in each worker.
        let asked: usize = embedded(&script).iter().map(Vec::len).sum();
        let kept = house.count("SELECT count(DISTINCT hash) AS total FROM knowledge_vectors").await;
        let rounds = count().div_ceil(count().div_ceil(DELAYS.len()));
        let most = usize::try_from(kept).unwrap() + (rounds + 1) * 2 * 4 * settings().ingest.batch;
        assert!(asked <= most, "{asked} texts were embedded for {kept} that are different");
    }
}
