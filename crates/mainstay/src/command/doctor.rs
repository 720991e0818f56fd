//! `mainstay doctor`: what would keep the server from serving well, and the way out.

use std::process::ExitCode;

use observe::Machine;
use serde_json::{Value as Json, json};
use store::{audit, migrate};

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
