//! The documents of the configuration, and what the interface is told of them.

use std::collections::BTreeMap;

use apps::{
    check::{self, Level, Report, Told},
    configuration::{Document, names_of},
};
use base::Permission;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    configuration::kinds,
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::{Fault, Problem},
    route,
};

pub(super) fn all() -> Vec<Operation> {
    let manage = Permission::ManageConfiguration;
    vec![
        Operation::new(
            "configuration.list",
            manage,
            Kind::One,
            "Configuration",
            "Lists the documents of the configuration, by category.",
            list,
        ),
        Operation::new(
            "configuration.get",
            manage,
            Kind::One,
            "ConfigurationDocument",
            "Reads a document of the configuration: what it says, and what is in force. Secrets are never shown.",
            get,
        ),
        Operation::new(
            "configuration.check",
            manage,
            Kind::One,
            "ConfigurationReport",
            "Checks the application's folder as it is, or as it would be with other documents. Nothing is changed.",
            check,
        )
        .takes_documents(),
        Operation::new(
            "frontend.get",
            Permission::Anyone,
            Kind::One,
            "Frontend",
            "Reads what the interface is told: texts, lengths, intervals, what is switched on.",
            frontend,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let documents = call.app.engine.folder().configuration().documents();
    let lines: Vec<Json> = documents.iter().map(Document::line).collect();
    Ok(Answer::one(json!({"documents": lines})))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The name of the document.
    #[schemars(length(max = 200))]
    config: String,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    match call.app.engine.folder().configuration().get(&args.config) {
        Some(document) => Ok(Answer::one(document.view())),
        None => Err(Problem::new("configuration_not_found", "There is no such document.")
            .hint("GET /api/configuration lists all of them")),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Check {
    /// Texts that documents would have: name → YAML. Those that are left out are taken as they are.
    contents: Option<BTreeMap<String, String>>,
}

async fn check(call: Call, args: Check) -> Result<Answer, Problem> {
    let folder = call.app.engine.folder().clone();
    let texts = args.contents.unwrap_or_default();
    let known = names_of(&folder);
    let unknown = texts.keys().filter(|it| !known.contains(it));
    let faults: Vec<Fault> = unknown
        .map(|it| {
            let field = format!("/contents/{}", crate::argument::escaped(it));
            Fault::new(field, "is no document of the configuration")
                .hint(format!("those are: {}", known.join(", ")))
        })
        .collect();
    if !faults.is_empty() {
        return Err(Problem::faults("invalid_input", faults));
    }
    // Files are read and schemas compiled: not on a thread that answers others.
    let looked = tokio::task::spawn_blocking(move || {
        let (operations, kinds) = (route::heads(), kinds());
        let told = Told { operations: &operations, kinds: &kinds };
        check::with_documents(folder.path(), &told, &texts)
    });
    let report = looked.await.map_err(Problem::internal)?;
    Ok(Answer::one(view(&report)))
}

async fn frontend(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let document = call.app.engine.folder().configuration().get("frontend");
    Ok(Answer::one(document.map_or_else(|| json!({}), Document::shown)))
}

fn view(report: &Report) -> Json {
    let errors = report.faults.iter().filter(|it| it.level == Level::Error).count();
    json!({
        "is_valid": report.is_fit(),
        "errors": errors,
        "warnings": report.faults.len() - errors,
        "faults": report.faults,
    })
}
