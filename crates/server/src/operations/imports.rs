//! Lists read in: as a new record with its first version, or as a change to one that is there.

use apps::ask::{self, ImportChange, ImportCreate, Source};
use base::{Permission, RecordId, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::records::{fault, no_collection};
use crate::{
    App,
    operation::{Answer, Call, FileOf, Kind, Operation, Upload},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let write = Permission::WriteRecords;
    vec![
        Operation::new("imports.create", write, Kind::Accepted, "Accepted", "Reads a list in as a new record with its first version: a form with a `file`, or JSON with `items`. The other fields are the record's.", create)
            .takes_file(FileOf::List)
            .rest_into("data"),
        Operation::new("imports.change", write, Kind::Accepted, "Accepted", "Reads a list in as changes to the active version, which makes a new one: a form with a `file`, or JSON with `items`.", change)
            .takes_file(FileOf::List),
        Operation::new("imports.preview", write, Kind::One, "Preview", "Shows how a file would be understood, and keeps nothing.", preview)
            .takes_file(FileOf::List),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// The collection of the new record.
    collection: String,
    /// Whose it is.
    tenant: TenantId,
    /// The rows, when there is no file.
    items: Option<Vec<Map<String, Json>>>,
    /// The fields of the new record.
    data: Option<Map<String, Json>>,
}

async fn create(mut call: Call, args: Create) -> Result<Answer, Problem> {
    let upload = call.upload.take();
    let is_form = upload.is_some();
    let source = source(&call.app, &args.collection, upload, args.items)?;
    let mut data = args.data.unwrap_or_default();
    if is_form {
        loosen(&call.app, &args.collection, &mut data);
    }
    let ask = ImportCreate {
        tenant: args.tenant,
        collection: args.collection,
        data,
        label: None,
        notes: None,
        source,
    };
    Ok(Answer::one(call.app.engine.import_create(&call.caller, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Change {
    /// The record.
    record: RecordId,
    /// The collection it must be of.
    collection: Option<String>,
    /// The rows, when there is no file.
    items: Option<Vec<Map<String, Json>>>,
    /// What the new version is called.
    #[schemars(length(max = 255))]
    label: Option<String>,
    /// Words about it.
    #[schemars(length(max = 2000))]
    notes: Option<String>,
}

async fn change(mut call: Call, args: Change) -> Result<Answer, Problem> {
    let upload = call.upload.take();
    let collection = args.collection.clone().unwrap_or_default();
    let source = source(&call.app, &collection, upload, args.items)?;
    let ask = ImportChange {
        record: args.record,
        collection: args.collection,
        label: args.label,
        notes: args.notes,
        source,
    };
    Ok(Answer::one(call.app.engine.import_change(&call.caller, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Preview {
    /// The collection: that of the rows, or the one that holds them.
    collection: String,
}

async fn preview(mut call: Call, args: Preview) -> Result<Answer, Problem> {
    let Source::File(file) = source(&call.app, &args.collection, call.upload.take(), None)? else {
        return Err(fault("/file", "is missing"));
    };
    let view = call.app.engine.import_preview(&call.caller, &args.collection, file).await?;
    Ok(Answer::one(view))
}

/// The file or the rows: one of them.
fn source(
    app: &App,
    collection: &str,
    upload: Option<Upload>,
    items: Option<Vec<Map<String, Json>>>,
) -> Result<Source, Problem> {
    match (upload, items) {
        (Some(_), Some(_)) => Err(fault("/items", "comes beside a file; send one of them")),
        (None, None) => Err(fault("/file", "is missing: send a `file`, or `items` as JSON")),
        (None, Some(items)) => Ok(Source::Items(items.into_iter().map(Json::Object).collect())),
        (Some(upload), None) => {
            let most = largest(app, collection)?;
            if upload.bytes.len() as u64 > most {
                let detail = format!("The file is larger than {} MB.", most as f64 / 1_048_576.0);
                return Err(Problem::new("file_too_large", detail)
                    .hint("split it, or leave out what is not needed"));
            }
            Ok(Source::File(ask::Upload { name: upload.name, bytes: upload.bytes }))
        }
    }
}

/// The largest file of a collection, or of what lies in its versions.
fn largest(app: &App, name: &str) -> Result<u64, Problem> {
    let all = &app.description().collections;
    if name.is_empty() {
        return Ok(app.largest_import() as u64);
    }
    let spec = all.get(name).ok_or_else(|| no_collection(app, name))?;
    let children = spec.versioned.as_ref().and_then(|it| all.get(&it.children));
    let import = spec.import.as_ref().or_else(|| children?.import.as_ref());
    let missing = || fault("/collection", "reads no lists in; declare `import` for it in app.yaml");
    import.map(|it| it.max_bytes).ok_or_else(missing)
}

/// The fields of a form are texts; those whose schema takes no text are read as JSON.
fn loosen(app: &App, collection: &str, data: &mut Map<String, Json>) {
    let Some(kit) = app.kits().get(collection) else { return };
    for (name, value) in data.iter_mut() {
        let Json::String(text) = &*value else { continue };
        if !kit.schema.kinds(name).text
            && let Ok(read) = serde_json::from_str(text)
        {
            *value = read;
        }
    }
}
