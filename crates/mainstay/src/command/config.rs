//! `mainstay config`: the documents of the configuration, seen, checked and changed.
//!
//! A change is written into the database, never into the folder; a server that runs takes it over by itself
//! where it acts at once. Nothing here needs the documents to fit: going back must work when they do not.

use std::{collections::BTreeMap, fs, io::Read, path::Path, process::ExitCode};

use anyhow::{Context, bail};
use apps::{
    acts::configuration::report_view,
    check::{APP_FILE, Report},
    configuration::{
        Document,
        change::{Change, Outcome, Register, Wish},
        held_back, names_of,
        version::Origin,
    },
    folder::Folder,
    template,
};
use base::{Actor, PageRequest};
use serde_json::{Value as Json, json};
use store::Store;

use super::{check, whole_file};
use crate::{
    args::{
        Application,
        config::{Config, ConfigAct},
    },
    environment::Environment,
    output::{self, Output, table},
    wire::Site,
};

/// The columns of the list.
const COLUMNS: &[&str] = &["category", "name", "file", "is_given", "version", "acts", "about"];
/// The columns of a history.
const VERSIONS: &[&str] =
    &["version", "in_force", "is_valid", "origin", "reason", "created_by", "created_at"];

pub(crate) async fn run(
    args: Config,
    environment: Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let find = |application: &Application| Site::find(application, &environment);
    match args.act {
        ConfigAct::List { application, files } => {
            let folder = seen(&find(&application)?, files).await?;
            let lines: Vec<Json> =
                folder.configuration().documents().iter().map(Document::line).collect();
            output.show(&Json::Array(lines.clone()), || table(&lines, COLUMNS));
            Ok(ExitCode::SUCCESS)
        }
        ConfigAct::Show { application, document, given, files } => {
            let folder = seen(&find(&application)?, files).await?;
            let documents = folder.configuration();
            let Some(found) = documents.get(&document) else {
                bail!(
                    "there is no document `{document}`; those are: {}",
                    names_of(&folder).join(", ")
                );
            };
            let shown = if given { found.given() } else { found.shown() };
            let text = apps::configuration::written(&shown);
            output.show(&shown, || text);
            Ok(ExitCode::SUCCESS)
        }
        ConfigAct::Check { application, files } => {
            let site = find(&application)?;
            let mut report = found(&site, files).await?;
            report.faults.retain(|it| is_of_configuration(&it.file));
            Ok(check::show(&site.app, &report, output))
        }
        ConfigAct::Set { application, document, file, reason, upon } => {
            let content = read(&file)?;
            let wishes = BTreeMap::from([(document, Wish::Text(content))]);
            let change = Change { wishes, origin: Origin::Set, reason, upon };
            let (site, register, store) = open(&application, &environment).await?;
            let made = register.make(&Actor::operator(), site.clock.now(), change).await;
            store.close().await;
            Ok(told(&made?, output))
        }
        ConfigAct::History { application, document, limit } => {
            let (_, register, store) = open(&application, &environment).await?;
            let page = PageRequest::first(limit.clamp(1, 100));
            let found = register.history(&document, &page, false).await;
            store.close().await;
            output.table(&found?.items, VERSIONS);
            Ok(ExitCode::SUCCESS)
        }
        ConfigAct::Revert { application, document, to, reason } => {
            let (site, register, store) = open(&application, &environment).await?;
            let made = match register.back_to(&document, to, reason, None).await {
                Ok(change) => register.make(&Actor::operator(), site.clock.now(), change).await,
                Err(error) => Err(error),
            };
            store.close().await;
            Ok(told(&made?, output))
        }
        ConfigAct::Export { application, output: file } => {
            let (_, register, store) = open(&application, &environment).await?;
            let bytes = register.export().await;
            store.close().await;
            let bytes = bytes?;
            whole_file::write(&file, &bytes)
                .with_context(|| format!("cannot write {}", file.display()))?;
            let written = json!({"file": file.display().to_string(), "size_bytes": bytes.len()});
            output.show(&written, || format!("Wrote {}", file.display()));
            Ok(ExitCode::SUCCESS)
        }
        ConfigAct::Import { application, file, reason, validate_only } => {
            let bytes =
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (site, register, store) = open(&application, &environment).await?;
            let outcome = import(&site, &register, &bytes, reason, validate_only).await;
            store.close().await;
            Ok(told(&outcome?, output))
        }
    }
}

/// The application's folder with the versions of its documents; only its files when that is wanted, or when
/// there is no database yet.
async fn seen(site: &Site, only_files: bool) -> anyhow::Result<Folder> {
    if only_files || !site.has_database() {
        return site.files();
    }
    let store = site.open_checked().await?;
    let settled = site.settle(&store).await;
    store.close().await;
    settled
}

/// What is wrong with the files; with the versions over them, when nothing is.
async fn found(site: &Site, only_files: bool) -> anyhow::Result<Report> {
    let report = check::report(&site.app);
    if only_files || !report.is_fit() || !site.has_database() {
        return Ok(report);
    }
    let store = site.open_checked().await?;
    let heads = Register::new(site.files()?, store.clone()).heads().await;
    store.close().await;
    let heads = heads?.1;
    let read = Folder::read_over(&site.app, template::FUEL, &site.kinds(), &heads);
    let faults = match read {
        Ok(folder) => return Ok(report.with(held_back::in_force(&folder))),
        Err(faults) => faults,
    };
    let names: Vec<&str> = heads.iter().map(|it| it.config.as_str()).collect();
    output::note(&format!(
        "the files are fit; these were changed while the application ran, and lines are those of their new texts: {}",
        names.join(", ")
    ));
    Ok(faults.0)
}

/// Where documents are changed.
async fn open(
    application: &Application,
    environment: &Environment,
) -> anyhow::Result<(Site, Register, Store)> {
    let site = Site::find(application, environment)?;
    let files = site.files()?;
    let store = site.open_checked().await?;
    let register = Register::new(files, store.clone());
    Ok((site, register, store))
}

async fn import(
    site: &Site,
    register: &Register,
    bytes: &[u8],
    reason: String,
    only_checks: bool,
) -> anyhow::Result<Outcome> {
    let (wishes, unknown) = register.unpack(bytes)?;
    if !unknown.is_empty() {
        bail!("these are no documents of the configuration: {}", unknown.join(", "));
    }
    let change = Change { wishes, origin: Origin::Import, reason, upon: None };
    Ok(match only_checks {
        true => register.check(change).await?,
        false => register.make(&Actor::operator(), site.clock.now(), change).await?,
    })
}

/// Tells what came of a change; the exit code says whether it is in force.
fn told(outcome: &Outcome, output: Output) -> ExitCode {
    let mut view = report_view(&outcome.report);
    view["versions"] = json!(outcome.made);
    view["unchanged"] = json!(outcome.unchanged);
    output.show(&view, || {
        let mut lines: Vec<String> = outcome.report.faults.iter().map(ToString::to_string).collect();
        let kept = outcome.made.iter().map(|(document, version)| match outcome.report.is_fit() {
            true => format!("{document}: version {version} is in force"),
            false => format!("{document}: version {version} is kept in the history, and not in force"),
        });
        lines.extend(kept);
        lines.extend(outcome.unchanged.iter().map(|it| format!("{it}: says that already")));
        if outcome.report.is_fit() && !outcome.made.is_empty() {
            lines.push(
                "servers that run take over at once what is business logic, the rest when they start".into(),
            );
        }
        if outcome.made.is_empty() && outcome.report.is_fit() {
            lines.push("nothing is wrong, and nothing was changed".into());
        }
        lines.join("\n")
    });
    if outcome.report.is_fit() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The text of a file, or of standard input.
fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Does a file say something of the configuration: where it is declared, what may stand in it, what does?
fn is_of_configuration(file: &str) -> bool {
    file == APP_FILE || file.starts_with("config/") || file.starts_with("schemas/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_data_are_no_configuration() {
        assert!(is_of_configuration("app.yaml") && is_of_configuration("config/llm.yaml"));
        assert!(!is_of_configuration("prompts/a.md") && !is_of_configuration("data/a.csv"));
    }
}
