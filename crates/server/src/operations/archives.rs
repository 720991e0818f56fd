//! Archives: what was put away, putting away now, bringing back.

use apps::{
    archive::row::{self, Filter},
    error::EngineError,
};
use base::{ArchiveId, Permission, RecordId, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let (read, manage) = (Permission::ReadRecords, Permission::ManageArchives);
    vec![
        Operation::new(
            "archives.list",
            read,
            Kind::Page,
            "Archive",
            "Lists what was put away, the newest first.",
            list,
        ),
        Operation::new(
            "archives.get",
            read,
            Kind::One,
            "Archive",
            "Reads what is known of an archive.",
            get,
        ),
        Operation::new(
            "archives.create",
            manage,
            Kind::Accepted,
            "ArchiveAccepted",
            "Puts away the records of a collection that are due, without waiting for its schedule.",
            create,
        ),
        Operation::new(
            "archives.restore",
            manage,
            Kind::Accepted,
            "ArchiveAccepted",
            "Brings records back out of an archive: these, or all. The archive stays.",
            restore,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Of this collection.
    collection: Option<String>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let filter = Filter { tenant: call.narrowed(args.tenant), collection: args.collection };
    let request = call.page.clone();
    let page = call.app.store.read(move |db| {
        let page = row::list(db, &filter, &request)?;
        Ok::<_, EngineError>(page.map(|it| row::view(&it)))
    });
    Ok(Answer::page(page.await?))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The archive.
    archive: ArchiveId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    let reach = call.caller.reach;
    let found = call.app.store.read(move |db| {
        let archive = row::get(db, reach, args.archive)?;
        Ok::<_, EngineError>(row::view(&archive))
    });
    Ok(Answer::one(found.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// Whose records.
    tenant: TenantId,
    /// Of which collection.
    collection: String,
}

async fn create(call: Call, args: Create) -> Result<Answer, Problem> {
    let Create { tenant, collection } = args;
    let engine = &call.app.engine;
    Ok(Answer::one(engine.archive_make(&call.caller, tenant, &collection).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Restore {
    /// The archive.
    archive: ArchiveId,
    /// Only these records of it; all when left out.
    records: Option<Vec<RecordId>>,
}

async fn restore(call: Call, args: Restore) -> Result<Answer, Problem> {
    let records = args.records.unwrap_or_default();
    let engine = &call.app.engine;
    Ok(Answer::one(engine.archive_bring_back(&call.caller, args.archive, records).await?))
}
