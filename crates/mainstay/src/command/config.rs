//! `mainstay config`: the documents of the configuration, seen and checked. No database is opened.

use std::process::ExitCode;

use anyhow::bail;
use apps::{
    check::APP_FILE,
    configuration::{Document, names_of},
};
use serde_json::Value as Json;

use super::check;
use crate::{
    args::config::{Config, ConfigAct},
    environment::Environment,
    output::{Output, table},
    wire::Site,
};

/// The columns of the list.
const COLUMNS: &[&str] = &["category", "name", "file", "is_given", "is_typed", "about"];

pub(crate) fn run(
    args: &Config,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match &args.act {
        ConfigAct::List { application } => {
            let folder = Site::find(application, environment)?.folder()?;
            let lines: Vec<Json> =
                folder.configuration().documents().iter().map(Document::line).collect();
            output.show(&Json::Array(lines.clone()), || table(&lines, COLUMNS));
        }
        ConfigAct::Show { application, document, given } => {
            let folder = Site::find(application, environment)?.folder()?;
            let Some(found) = folder.configuration().get(document) else {
                bail!(
                    "there is no document `{document}`; those are: {}",
                    names_of(&folder).join(", ")
                );
            };
            let shown = if *given { found.given() } else { found.shown() };
            let text = apps::configuration::written(&shown);
            output.show(&shown, || text);
        }
        ConfigAct::Check { application } => {
            let app = Site::find(application, environment)?.app;
            let mut report = check::report(&app);
            report.faults.retain(|it| is_of_configuration(&it.file));
            return Ok(check::show(&app, &report, output));
        }
    }
    Ok(ExitCode::SUCCESS)
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
