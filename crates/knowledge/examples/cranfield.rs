//! How good searches are, on a collection whose good answers are known: puts every text of a file in as
//! a document, asks every question of another, by words, by meaning and by both, and prints what came
//! first. `bench/knowledge/run` makes nDCG of it, beside other libraries.
//!
//! `cargo run --release -p knowledge --example cranfield DOCUMENTS QUESTIONS [MODEL ADDRESS-OR-FOLDER]`: two
//! files of JSON lines with `id` and `text`; MODEL is `minilm/all-MiniLM-L6-v2` with the folder of
//! models, or the name of a model at an address such as `http://127.0.0.1:8080/v1`.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use base::{Actor, Clock, DocumentId, TenantId};
use knowledge::{
    Act, Knowledge, Parts, Settings, Sight,
    document::upload::NewDocument,
    extract::Program,
    search::{Ask, Mode},
};
use models::{Models, settings::ProviderSettings};
use serde::Deserialize;
use serde_json::json;
use store::{Address, Options, Store, migrate};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use work::Workers;

/// So many results of each question are told.
const DEPTH: usize = 100;

#[derive(Deserialize)]
struct Line {
    id: String,
    text: String,
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program is for a person at a terminal"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (documents, questions) = match &arguments[..] {
        [documents, questions, ..] => (lines(documents)?, lines(questions)?),
        _ => return Err("DOCUMENTS QUESTIONS [MODEL ADDRESS-OR-FOLDER]".into()),
    };
    let model = (arguments.len() == 4).then(|| (arguments[2].clone(), arguments[3].clone()));
    testkit::install_tls();

    let folder = tempfile::tempdir()?;
    let address = Address::Sqlite(folder.path().join("bench.db"));
    let store = Store::open(&address, Options::default()).await?;
    let rooms = [store::MIGRATIONS, work::MIGRATIONS, models::MIGRATIONS, knowledge::MIGRATIONS];
    let mut migrations = rooms.concat();
    migrations.sort_by_key(|it| it.name);
    migrate::up(&store, &migrations, Clock::system().now()).await?;
    let has_model = model.is_some();
    let knowledge = Knowledge::open(Parts {
        models: Models::open(store.clone(), Clock::system(), settings_of(model))?,
        store: store.clone(),
        clock: Clock::system(),
        settings: Settings::default(),
        program: Program { path: beside("knowledge-extract")?, arguments: Vec::new() },
        folder: None,
        tasks: TaskTracker::new(),
    })?;
    let stop = CancellationToken::new();
    let workers = Workers::start(
        store.clone(),
        Clock::system(),
        work::Settings { poll: Duration::from_millis(50), ..work::Settings::default() },
        knowledge.handlers(),
        &stop,
    );

    let tenant = TenantId::generate();
    let act = Act { sight: Sight::everything(), actor: Actor::operator() };
    let begun = Instant::now();
    let mut known: Vec<(DocumentId, String)> = Vec::with_capacity(documents.len());
    for line in documents.into_iter().filter(|it| !it.text.trim().is_empty()) {
        let name = format!("{}.txt", line.id);
        let new = NewDocument {
            file_name: Some(name),
            ..NewDocument::new(tenant, line.text.into_bytes())
        };
        known.push((knowledge.upload(&act, new).await?.document.id, line.id));
    }
    loop {
        let totals = knowledge.totals(Some(tenant)).await?;
        if totals.ready + totals.failed >= totals.documents {
            eprintln!("{totals:?} after {:.1} s", begun.elapsed().as_secs_f64());
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let modes: &[Mode] =
        if has_model { &[Mode::Lexical, Mode::Semantic, Mode::Hybrid] } else { &[Mode::Lexical] };
    for mode in modes {
        for line in &questions {
            let ask = Ask {
                mode: *mode,
                limit: DEPTH,
                ..Ask::new(tenant, act.sight.clone(), line.text.clone())
            };
            let begun = Instant::now();
            let found = knowledge.search(ask).await?;
            let took = begun.elapsed();
            if found.mode != *mode || found.degraded.is_some() {
                return Err(
                    format!("{:?} instead of {mode:?}: {:?}", found.mode, found.degraded).into()
                );
            }
            let mut ranked: Vec<&str> = Vec::with_capacity(DEPTH);
            for hit in &found.hits {
                let id = known.iter().find(|it| it.0 == hit.document).map(|it| it.1.as_str());
                ranked.extend(id.filter(|it| !ranked.contains(it)));
            }
            let took_ms = took.as_secs_f64() * 1e3;
            println!(
                "{}",
                json!({"mode": mode.name(), "id": line.id, "found": ranked, "ms": took_ms})
            );
        }
    }
    workers.drain(Duration::from_secs(5)).await;
    Ok(())
}

fn lines(path: &str) -> Result<Vec<Line>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn settings_of(model: Option<(String, String)>) -> models::Settings {
    let mut settings = models::Settings::default();
    let Some((model, place)) = model else { return settings };
    if place.starts_with("http") {
        let provider = ProviderSettings { base_url: Some(place), ..ProviderSettings::default() };
        settings.providers.insert("bench".into(), provider);
        settings.embedding = Some(format!("bench/{model}"));
    } else {
        settings.providers.insert("minilm".into(), ProviderSettings::default());
        settings.local.folder = Some(PathBuf::from(place));
        settings.embedding = Some(model);
    }
    settings
}

/// A program that lies where this one was built.
fn beside(name: &str) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let here = std::env::current_exe()?;
    let folder = here.ancestors().nth(2).ok_or("built nowhere")?;
    let path = folder.join(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is not built", path.display()).into()) }
}
