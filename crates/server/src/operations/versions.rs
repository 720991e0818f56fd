//! Versions of a record: list, read, compare, activate, go back, delete.

use apps::{
    ask::Revert,
    diff,
    record::{self, Within},
    version::{self, VersionError},
};
use base::{Permission, RecordId, VersionId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::records::{self, Narrow, act};
use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let (read, write) = (Permission::ReadRecords, Permission::WriteRecords);
    vec![
        Operation::new(
            "versions.list",
            read,
            Kind::Page,
            "Version",
            "Lists the versions of a record, the newest first.",
            list,
        ),
        Operation::new("versions.get", read, Kind::One, "Version", "Reads a version.", get)
            .shareable(),
        Operation::new(
            "versions.delete",
            write,
            Kind::Empty,
            "",
            "Deletes a version that is not the active one.",
            delete,
        ),
        Operation::new(
            "versions.records",
            read,
            Kind::Page,
            "Record",
            "Lists what is in a version.",
            contents,
        )
        .shareable(),
        Operation::new(
            "versions.diff",
            read,
            Kind::One,
            "Diff",
            "Compares two versions of a record.",
            compare,
        )
        .shareable(),
        Operation::new(
            "versions.activate",
            write,
            Kind::One,
            "Version",
            "Makes a version the active one.",
            activate,
        ),
        Operation::new(
            "versions.revert",
            write,
            Kind::Accepted,
            "Accepted",
            "Goes back to an older version: a copy of it becomes the newest and active one.",
            revert,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// The record.
    record: RecordId,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let (reach, count, request) = (call.caller.reach, call.count, call.page.clone());
    let page =
        call.app.store.read(move |db| version::list(db, reach, args.record, count, &request));
    Ok(Answer::page(page.await?.map(|it| version::view(&it))))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The version.
    version: VersionId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    let reach = call.caller.reach;
    let version = call.app.store.read(move |db| version::get(db, reach, args.version)).await?;
    Ok(Answer::one(version::view(&version)))
}

async fn delete(call: Call, args: One) -> Result<Answer, Problem> {
    let act = act(&call);
    let gone = call
        .app
        .store
        .write(&call.caller.actor, act.now, move |tx| version::delete(tx, &act, args.version));
    gone.await?;
    Ok(Answer::empty())
}

#[derive(Deserialize, JsonSchema)]
struct Contents {
    /// The version.
    version: VersionId,
    /// Words that must be in the records; the last may be the beginning of one.
    #[schemars(length(max = 500))]
    search: Option<String>,
    /// Field and value, for fields that the collection declares as filters.
    filters: Option<Map<String, Json>>,
    /// `-created_at`, `created_at` or `position`.
    sort: Option<String>,
}

async fn contents(call: Call, args: Contents) -> Result<Answer, Problem> {
    let (app, reach, id) = (call.app.clone(), call.caller.reach, args.version);
    let collection = call.app.store.read(move |db| {
        let version = version::get(db, reach, id)?;
        let parent = record::find(db, reach, version.record, None)?;
        let kit = app.kits().get(&parent.collection);
        let children = kit.and_then(|it| app.kits().children_of(it));
        let children = children.ok_or(VersionError::NotVersioned(parent.collection))?;
        Ok::<_, Problem>(children.name.clone())
    });
    let collection = collection.await?;
    let narrow = Narrow { search: args.search, filters: args.filters, sort: args.sort };
    records::page(call, collection, Within::Version(id), false, narrow).await
}

#[derive(Deserialize, JsonSchema)]
struct Compare {
    /// The first version.
    version: VersionId,
    /// The second.
    other: VersionId,
}

async fn compare(call: Call, args: Compare) -> Result<Answer, Problem> {
    let (app, reach) = (call.app.clone(), call.caller.reach);
    let compared =
        call.app.store.read(move |db| diff::load(db, app.kits(), reach, args.version, args.other));
    Ok(Answer::one(diff::view(&compared.await?)))
}

#[derive(Deserialize, JsonSchema)]
struct Activate {
    /// The version.
    version: VersionId,
    /// The record it must be a version of.
    record: Option<RecordId>,
    /// Why.
    #[schemars(length(max = 2000))]
    reason: Option<String>,
}

async fn activate(call: Call, args: Activate) -> Result<Answer, Problem> {
    let view =
        call.app.engine.activate(&call.caller, args.version, args.record, args.reason).await?;
    Ok(Answer::one(view))
}

#[derive(Deserialize, JsonSchema)]
struct RevertArgs {
    /// The record.
    record: RecordId,
    /// The collection it must be of.
    collection: Option<String>,
    /// The number of the version to go back to.
    #[schemars(range(min = 1))]
    number: i64,
    /// What the new version is called.
    #[schemars(length(max = 255))]
    label: Option<String>,
    /// Why.
    #[schemars(length(max = 2000))]
    reason: Option<String>,
}

async fn revert(call: Call, args: RevertArgs) -> Result<Answer, Problem> {
    let ask = Revert {
        record: args.record,
        collection: args.collection,
        number: args.number,
        label: args.label,
        reason: args.reason,
    };
    let accepted: Json = call.app.engine.revert(&call.caller, ask).await?;
    Ok(Answer::one(accepted))
}
