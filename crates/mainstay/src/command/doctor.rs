//! `mainstay doctor`: what would keep the server from serving well, and the way out.

use std::process::ExitCode;

use apps::configuration::{Document, version::FILE};
use observe::Machine;
use serde_json::{Value as Json, json};
use store::{Store, audit, blob, migrate};
use tokio_util::task::TaskTracker;

use crate::{
    args::Doctor,
    environment::Environment,
    output::Output,
    wire::{self, Site},
};

/// Free space below which a disk is full soon.
const FREE_PERCENT_MIN: u64 = 10;

pub(crate) async fn run(
    args: Doctor,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let mut found = Findings::default();
    let site = match Site::find(&args.application, &environment) {
        Ok(site) => site,
        Err(error) => {
            found.bad("application", format!("{error:#}"));
            return Ok(found.show(output));
        }
    };
    match site.folder() {
        Ok(folder) => {
            found.good("application", format!("{} is fit", site.app.display()));
            match site.lacking(&folder).names() {
                None => found.good("environment", "nothing that is required is missing".into()),
                Some(names) => found.bad("environment", format!("set these variables: {names}")),
            }
        }
        Err(error) => found.bad("application", format!("{error:#}")),
    }
    match site.open().await {
        Ok(store) => {
            found.good("database", format!("{} answers", site.address));
            match migrate::check(&store, &wire::migrations()).await {
                Ok(()) => {
                    found.good("schema", "is of this version".into());
                    match store.read(audit::verify).await {
                        Ok(report) if report.is_whole() => {
                            found.good("audit", format!("{} entries, whole", report.rows));
                        }
                        Ok(_) => found
                            .bad("audit", "a chain is broken; see `mainstay audit verify`".into()),
                        Err(error) => found.bad("audit", error.to_string()),
                    }
                    look_at_configuration(&site, &store, &mut found).await;
                    look_at_blobs(&store, &mut found).await;
                    look_at_vectors(&site, &store, &mut found).await;
                }
                Err(mismatch) => found.bad("schema", mismatch.to_string()),
            }
            store.close().await;
        }
        Err(error) => found.bad("database", format!("{error:#}")),
    }
    match Machine::new(&site.data, env!("CARGO_PKG_VERSION")).disk_space() {
        Some(space) if space.free_bytes * 100 < space.size_bytes * FREE_PERCENT_MIN => {
            found.bad(
                "disk",
                format!("less than {FREE_PERCENT_MIN} % is free under {}", site.data.display()),
            );
        }
        Some(space) => found.good("disk", format!("{} GiB free", space.free_bytes >> 30)),
        None => found.good("disk", "cannot be measured here".into()),
    }
    match environment.get("OPENAI_API_KEY").or(environment.get("OPENAI_BASE_URL")) {
        Some(_) => found.good("models", "a provider is configured".into()),
        None => found.good("models", "none is configured: tasks answer by their rules".into()),
    }
    Ok(found.show(output))
}

/// Which documents were changed while the application ran, and do they fit?
async fn look_at_configuration(site: &Site, store: &Store, found: &mut Findings) {
    // A folder with faults is told already.
    if site.files().is_err() {
        return;
    }
    let documents = match site.settle(store).await {
        Ok(folder) => folder.configuration(),
        Err(error) => return found.bad("configuration", format!("{error:#}")),
    };
    let told = |it: &Document| match (it.version(), it.aside()) {
        (FILE, None) => None,
        (FILE, Some(aside)) => Some(format!("{} (version {aside} is set aside)", it.name)),
        (version, _) => Some(format!("{} (version {version})", it.name)),
    };
    let changed: Vec<String> = documents.documents().iter().filter_map(told).collect();
    match changed.is_empty() {
        true => found.good("configuration", "is as its files are".into()),
        false => found.good("configuration", format!("was changed: {}", changed.join(", "))),
    }
}

/// Is the place in order where files are put, and is it known where all of them lie?
async fn look_at_blobs(store: &Store, found: &mut Findings) {
    let status = match blob::status(store).await {
        Ok(status) => status,
        Err(error) => return found.bad("blobs", error.to_string()),
    };
    let mut amiss: Vec<String> = status
        .held
        .iter()
        .filter(|it| !it.is_set_up)
        .map(|it| format!("{} lie in {}, and nothing says where that is", it.count, it.place))
        .collect();
    amiss.extend(blob::look(store).await.err().map(|it| it.to_string()));
    let count: u64 = status.held.iter().map(|it| it.count).sum();
    match amiss.is_empty() {
        true => found.good("blobs", format!("{count}; new ones are put into: {}", status.chosen)),
        false => found.bad("blobs", format!("{}; see `mainstay blobs status`", amiss.join("; "))),
    }
}

/// Does the engine that searches vectors answer, and has it all of them?
async fn look_at_vectors(site: &Site, store: &Store, found: &mut Findings) {
    // A folder with faults is told already.
    let Ok(folder) = site.folder() else { return };
    let tasks = TaskTracker::new();
    let opened = site.models(store, &folder).and_then(|models| {
        let knowledge = site.knowledge(store, &folder, &models, &tasks)?;
        Ok((models, knowledge))
    });
    let (models, knowledge) = match opened {
        Ok(opened) => opened,
        Err(error) => return found.bad("vectors", format!("{error:#}")),
    };
    let health = knowledge.vectors().health().await;
    match (&health.degraded[..], &health.model) {
        ([], None) => found.good("vectors", format!("{}; nothing has vectors yet", health.engine)),
        ([], Some(model)) => {
            let behind = match health.behind {
                0 => "has all of them".to_owned(),
                count => format!("is behind by {count} documents"),
            };
            found.good("vectors", format!("of {model}; {} answers and {behind}", health.engine));
        }
        (amiss, _) => {
            let told = format!("{}; see `mainstay vectors status`", amiss.join("; "));
            found.bad("vectors", told);
        }
    }
    models.close().await;
    tasks.close();
    tasks.wait().await;
}

#[derive(Default)]
struct Findings(Vec<(bool, &'static str, String)>);

impl Findings {
    fn good(&mut self, what: &'static str, told: String) {
        self.0.push((true, what, told));
    }

    fn bad(&mut self, what: &'static str, told: String) {
        self.0.push((false, what, told));
    }

    fn show(self, output: Output) -> ExitCode {
        let is_well = self.0.iter().all(|it| it.0);
        let rows: Vec<Json> = self
            .0
            .iter()
            .map(|(good, what, told)| json!({"check": what, "good": good, "message": told}))
            .collect();
        output.show(&json!({"well": is_well, "checks": rows}), || {
            let lines = self.0.iter().map(|(good, what, told)| {
                format!("{} {what:<12} {told}\n", if *good { "ok " } else { "BAD" })
            });
            lines.collect()
        });
        if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
