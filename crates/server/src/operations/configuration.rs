//! The documents of the configuration: seen, checked, changed, gone back to, carried out and in; and what
//! the interface is told of them.

use std::collections::BTreeMap;

use apps::{
    acts::configuration::{ConfigurationRevert, ConfigurationSet, report_view},
    check::{self, Told},
    configuration::{Document, bundle, held_back, names_of},
};
use base::Permission;
use identity::caller::Grant;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    configuration::kinds,
    operation::{Answer, Call, Download, FileOf, Kind, Nothing, Operation},
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
            "configuration.set",
            manage,
            Kind::One,
            "ConfigurationChange",
            "Changes a document: checked with all others, kept in its history, and in force only when nothing is wrong. What is hidden in the text stays as it was.",
            set,
        )
        .takes_documents(),
        Operation::new(
            "configuration.history",
            manage,
            Kind::Page,
            "ConfigurationVersion",
            "Lists what a document was changed to, the newest first: old and new text, why, by whom, when, and whether it was valid.",
            history,
        ),
        Operation::new(
            "configuration.revert",
            manage,
            Kind::One,
            "ConfigurationChange",
            "Goes back to a version of a document, which becomes its newest; version 0 is the file.",
            revert,
        ),
        Operation::new(
            "configuration.export",
            manage,
            Kind::File,
            "",
            "Writes all documents out as one zip, without secrets.",
            export,
        ),
        Operation::new(
            "configuration.import",
            manage,
            Kind::One,
            "ConfigurationImport",
            "Changes all documents that a zip holds, all or none: a form with a `file` of 10 MB at most. With `validate_only` nothing is changed.",
            import,
        )
        .takes_file(FileOf::Bundle),
        Operation::new(
            "frontend.get",
            Permission::Anyone,
            Kind::One,
            "Frontend",
            "Reads what the interface is told: texts, lengths, intervals, what is switched on; and, signed in, the documents that the application shows.",
            frontend,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let lines = call.app.engine.configuration_list().await?;
    Ok(Answer::one(json!({"documents": lines})))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The name of the document.
    #[schemars(length(max = 200))]
    config: String,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.configuration_get(&args.config).await?))
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
    let texts = call.app.engine.configuration_texts(texts).await?;
    // Files are read and schemas compiled: not on a thread that answers others.
    let looked = tokio::task::spawn_blocking(move || {
        let (operations, kinds) = (route::heads(), kinds());
        let told = Told { operations: &operations, kinds: &kinds };
        let report = check::with_documents(folder.path(), &told, &texts);
        report.with(held_back::of_texts(&folder, &texts))
    });
    let report = looked.await.map_err(Problem::internal)?;
    Ok(Answer::one(report_view(&report)))
}

#[derive(Deserialize, JsonSchema)]
struct Set {
    /// The name of the document.
    #[schemars(length(max = 200))]
    config: String,
    /// What it is to say, as YAML; 1 MB at most.
    content: String,
    /// Why, for those who read the history.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
    /// The version that the text was written upon; 0 is the file. Refused when another one is in force.
    version: Option<i64>,
}

async fn set(call: Call, args: Set) -> Result<Answer, Problem> {
    let Set { config, content, reason, version } = args;
    let ask = ConfigurationSet { config, content, reason, version };
    Ok(Answer::one(call.app.engine.configuration_set(&call.caller, ask).await?))
}

async fn history(call: Call, args: One) -> Result<Answer, Problem> {
    let engine = &call.app.engine;
    let found = engine.configuration_history(&args.config, &call.page, call.count).await?;
    Ok(Answer::page(found))
}

#[derive(Deserialize, JsonSchema)]
struct Revert {
    /// The name of the document.
    #[schemars(length(max = 200))]
    config: String,
    /// The version to go back to; 0 is the file.
    #[schemars(range(min = 0))]
    version: i64,
    /// Why, for those who read the history.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
    /// The version in force, as far as the caller knows. Refused when another one is.
    from: Option<i64>,
}

async fn revert(call: Call, args: Revert) -> Result<Answer, Problem> {
    let Revert { config, version: to, reason, from: version } = args;
    let ask = ConfigurationRevert { config, to, reason, version };
    Ok(Answer::one(call.app.engine.configuration_revert(&call.caller, ask).await?))
}

async fn export(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let file = call.app.engine.configuration_export().await?;
    Ok(Answer::file(Download {
        name: file.name,
        content_type: file.content_type,
        bytes: file.bytes,
    }))
}

#[derive(Deserialize, JsonSchema)]
struct Import {
    /// Why, for those who read the history; "Imported" when left out.
    #[schemars(length(min = 1, max = 500))]
    reason: Option<String>,
    /// Only check what the file holds.
    validate_only: Option<bool>,
}

async fn import(mut call: Call, args: Import) -> Result<Answer, Problem> {
    let Some(upload) = call.upload.take() else {
        let fault = Fault::new("/file", "is missing").hint("send a form with a `file`, a zip");
        return Err(Problem::faults("invalid_input", vec![fault]));
    };
    if upload.bytes.len() > bundle::BYTES_MAX {
        return Err(Problem::new("file_too_large", "The file is larger than 10 MB."));
    }
    let reason = args.reason.unwrap_or_else(|| "Imported".to_owned());
    let only_checks = args.validate_only.unwrap_or_default();
    let engine = &call.app.engine;
    let come =
        engine.configuration_import(&call.caller, &upload.bytes, reason, only_checks).await?;
    Ok(Answer::one(come))
}

async fn frontend(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let documents = call.app.engine.folder().configuration();
    let mut told = documents.get("frontend").map_or_else(|| json!({}), Document::shown);
    let is_signed_in = !matches!(call.caller.grant, Grant::Nobody | Grant::Visitor(_));
    let shown = documents.shown();
    if is_signed_in && !shown.is_empty() {
        told["documents"] = Json::Object(shown);
    }
    Ok(Answer::one(told))
}
