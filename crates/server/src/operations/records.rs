//! Records of any collection: make, list, read, change, delete, restore.

use apps::{
    acts::is_seen,
    record::{
        self, Act, Change, CollectionKit, List, Lock, NewRecord, Record, RecordError, Sort, Within,
    },
};
use base::{PageRequest, Permission, RecordId, TenantId, VersionId};
use identity::Caller;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use store::Db;

use crate::{
    App,
    operation::{Answer, Call, Kind, Operation},
    problem::{Fault, Problem},
};

/// The most records of each collection that go along with the one they lie in.
const CHILDREN: u32 = 100;

pub(super) fn all() -> Vec<Operation> {
    let (read, write) = (Permission::ReadRecords, Permission::WriteRecords);
    vec![
        Operation::new(
            "records.list",
            read,
            Kind::Page,
            "Record",
            "Lists the records of a collection.",
            list,
        )
        .shareable(),
        Operation::new("records.create", write, Kind::Made, "Record", "Makes a record.", create),
        Operation::new("records.get", read, Kind::One, "Record", "Reads a record.", get)
            .shareable(),
        Operation::new(
            "records.find",
            read,
            Kind::One,
            "Record",
            "Reads the record that has a value in a field that is unique.",
            find,
        )
        .shareable(),
        Operation::new(
            "records.update",
            write,
            Kind::One,
            "Record",
            "Changes the fields that are given; null takes one out.",
            update,
        ),
        Operation::new(
            "records.delete",
            write,
            Kind::Empty,
            "",
            "Deletes a record, so that it can be restored; with `permanent`, for good.",
            delete,
        ),
        Operation::new(
            "records.restore",
            write,
            Kind::One,
            "Record",
            "Brings a deleted record back.",
            restore,
        ),
    ]
}

/// What narrows a list, wherever it lies.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Narrow {
    /// Words that must be in the records; the last may be the beginning of one.
    #[schemars(length(max = 500))]
    pub(super) search: Option<String>,
    /// Field and value, for fields that the collection declares as filters.
    pub(super) filters: Option<Map<String, Json>>,
    /// `-created_at`, `created_at` or `position`.
    pub(super) sort: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct ListArgs {
    /// The collection.
    collection: String,
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// In this record.
    parent: Option<RecordId>,
    /// In this version.
    version: Option<VersionId>,
    /// Deleted ones too.
    deleted: Option<bool>,
    /// Words that must be in the records; the last may be the beginning of one.
    #[schemars(length(max = 500))]
    search: Option<String>,
    /// Field and value, for fields that the collection declares as filters.
    filters: Option<Map<String, Json>>,
    /// `-created_at`, `created_at` or `position`.
    sort: Option<String>,
}

async fn list(call: Call, args: ListArgs) -> Result<Answer, Problem> {
    let within = match (args.version, args.parent, call.narrowed(args.tenant)) {
        (Some(version), _, _) => Within::Version(version),
        (None, Some(parent), _) => Within::Parent(parent),
        (None, None, Some(tenant)) => Within::Tenant(tenant),
        (None, None, None) => Within::Reach,
    };
    let narrow = Narrow { search: args.search, filters: args.filters, sort: args.sort };
    let deleted = args.deleted.unwrap_or(false);
    page(call, args.collection, within, deleted, narrow).await
}

/// One page of the records that lie there.
pub(super) async fn page(
    call: Call,
    collection: String,
    within: Within,
    with_deleted: bool,
    narrow: Narrow,
) -> Result<Answer, Problem> {
    let filters = narrow.filters.unwrap_or_default().into_iter().collect();
    let sort =
        narrow.sort.as_deref().map(str::parse::<Sort>).transpose().map_err(RecordError::from)?;
    let (search, made_by) = (narrow.search, None);
    let list = List { within, filters, search, made_by, with_deleted, sort, count: call.count };
    let (app, reach, request) = (call.app.clone(), call.caller.reach, call.page.clone());
    let sees_private = call.caller.may(Permission::ReadPrivate);
    let page = call.app.store.read(move |db| {
        let kit = app.kits().get(&collection);
        let kit = kit.ok_or_else(|| no_collection(&app, &collection))?;
        if kit.spec.private {
            sees_private?;
        }
        let page = record::list(db, kit, reach, &list, &request)?;
        let locked = kit.spec.versioned.is_some();
        let (next, prev, total) = (page.next, page.prev, page.total);
        let items = page.items.iter().map(|it| match locked {
            true => view(&app, db, it),
            false => Ok(record::view(it, None)),
        });
        let items = items.collect::<Result<Vec<_>, Problem>>()?;
        Ok::<_, Problem>(base::Page { items, next, prev, total })
    });
    Ok(Answer::page(page.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// The collection.
    collection: String,
    /// Whose it is.
    tenant: Option<TenantId>,
    /// The record it lies in, where its collection has a parent.
    parent: Option<RecordId>,
    /// A record of the same tenant, instead of naming the tenant.
    beside: Option<RecordId>,
    /// Its fields.
    data: Map<String, Json>,
}

async fn create(call: Call, args: Create) -> Result<Answer, Problem> {
    let kit = call.app.kits().get(&args.collection);
    let kit = kit.ok_or_else(|| no_collection(&call.app, &args.collection))?;
    if kit.spec.shared {
        call.caller.may(Permission::ManageReference)?;
    }
    let data = kit.check(args.data).map_err(RecordError::from)?;
    let given = match (kit.spec.shared, args.tenant, args.beside.or(args.parent)) {
        (true, _, _) => Some(TenantId::DEFAULT),
        (false, Some(tenant), _) => Some(tenant),
        (false, None, None) => Some(call.tenant(None)?),
        (false, None, Some(_)) => None,
    };
    let (app, reach, now) = (call.app.clone(), call.caller.reach, call.now());
    let act = Act { reach, actor: call.caller.actor.clone(), now };
    let hidden = Hidden::of(&call);
    let made = call.app.store.write(&call.caller.actor, now, move |tx| {
        let kit = app.kits().get(&args.collection);
        let kit = kit.ok_or_else(|| no_collection(&app, &args.collection))?;
        for id in [args.parent, args.beside].into_iter().flatten() {
            // Whatever else is wrong with it is told by those who need it.
            if let Ok(record) = record::get(tx, reach, id, None) {
                hidden.check(&record)?;
            }
        }
        let tenant = match (given, args.beside.or(args.parent)) {
            (Some(tenant), _) => tenant,
            (None, Some(beside)) => record::get(tx, reach, beside, None)?.tenant,
            (None, None) => TenantId::DEFAULT,
        };
        let new = NewRecord { tenant, parent: args.parent, data };
        let record = record::create(tx, kit, &act, new)?;
        Ok::<_, Problem>(record::view(&record, None))
    });
    Ok(Answer::revised(made.await?))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The record.
    record: RecordId,
    /// The collection it must be of.
    collection: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    /// The record.
    record: RecordId,
    /// The collection it must be of.
    collection: Option<String>,
    /// Collections that lie in it: their records go along under `children`, the first hundred of each.
    with: Option<Vec<String>>,
}

async fn get(call: Call, args: Get) -> Result<Answer, Problem> {
    let (app, reach, hidden) = (call.app.clone(), call.caller.reach, Hidden::of(&call));
    let with = args.with.unwrap_or_default();
    let found = call.app.store.read(move |db| {
        let seen = record::see(db, reach, args.record, args.collection.as_deref())?;
        hidden.check(seen.record())?;
        let lock = lock_of(&app, db, seen.record())?;
        let children = children(&app, db, &hidden, seen.record(), &with)?;
        Ok::<_, Problem>((seen.locked(lock), children))
    });
    Ok(match found.await? {
        (seen, None) => Answer::seen(seen),
        (seen, Some(children)) => Answer::seen_with(&seen, children),
    })
}

/// The records that lie in one, by their collection; none when they are not asked for.
fn children<D>(
    app: &App,
    db: &Db,
    hidden: &Hidden,
    record: &Record<D>,
    with: &[String],
) -> Result<Option<Map<String, Json>>, Problem> {
    if with.is_empty() {
        return Ok(None);
    }
    let first = PageRequest::first(CHILDREN);
    let mut children = Map::new();
    for name in with {
        let kit = app.kits().get(name).ok_or_else(|| no_collection(app, name))?;
        if kit.parent() != Some(record.collection.as_str()) {
            let message = format!("`{name}` does not lie in `{}`", record.collection);
            return Err(fault("/with", &message));
        }
        // What is not seen takes no place among the first hundred.
        let list = List { made_by: hidden.only(kit), ..List::within(Within::Parent(record.id)) };
        let mut found = record::list(db, kit, hidden.caller.reach, &list, &first)?.items;
        found.retain(|it| hidden.shows(it));
        let shown = found.iter().map(|it| record::view(it, None)).collect();
        children.insert(name.clone(), shown);
    }
    Ok(Some(children))
}

#[derive(Deserialize, JsonSchema)]
struct Find {
    /// The collection.
    collection: String,
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// A field that is unique by itself.
    field: String,
    /// The value it has.
    #[schemars(length(max = 500))]
    value: String,
}

async fn find(call: Call, args: Find) -> Result<Answer, Problem> {
    let kit = call.app.kits().get(&args.collection);
    let kit = kit.ok_or_else(|| no_collection(&call.app, &args.collection))?;
    let tenant = match kit.spec.shared {
        true => TenantId::DEFAULT,
        false => call.tenant(args.tenant)?,
    };
    let (app, reach, hidden) = (call.app.clone(), call.caller.reach, Hidden::of(&call));
    let found = call.app.store.read(move |db| {
        let Find { collection, field, value, .. } = args;
        let kit = app.kits().get(&collection).ok_or_else(|| no_collection(&app, &collection))?;
        let id = record::by_value(db, kit, tenant, &field, &Json::String(value))?;
        let seen = record::see(db, reach, id, Some(&collection))?;
        if !hidden.shows(seen.record()) {
            return Err(RecordError::NoneWith { collection, field }.into());
        }
        let lock = lock_of(&app, db, seen.record())?;
        Ok::<_, Problem>(seen.locked(lock))
    });
    Ok(Answer::seen(found.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Update {
    /// The record.
    record: RecordId,
    /// The collection it must be of.
    collection: Option<String>,
    /// The fields that change; null takes one out.
    data: Map<String, Json>,
}

async fn update(call: Call, args: Update) -> Result<Answer, Problem> {
    let change = Change {
        id: args.record,
        collection: args.collection,
        patch: Json::Object(args.data),
        revision: call.expected_revision()?,
    };
    let (app, act, hidden) = (call.app.clone(), act(&call), Hidden::of(&call));
    let may_shared = call.caller.may(Permission::ManageReference);
    let changed = call.app.store.write(&call.caller.actor, act.now, move |tx| {
        let before = record::get(tx, act.reach, change.id, change.collection.as_deref())?;
        hidden.check(&before)?;
        if is_shared(&app, &before) {
            may_shared?;
        }
        let record = record::update(tx, app.kits(), &act, &change)?;
        view(&app, tx, &record)
    });
    Ok(Answer::revised(changed.await?))
}

#[derive(Deserialize, JsonSchema)]
struct Delete {
    /// The record.
    record: RecordId,
    /// The collection it must be of.
    collection: Option<String>,
    /// For good, with everything in it.
    permanent: Option<bool>,
}

async fn delete(call: Call, args: Delete) -> Result<Answer, Problem> {
    let is_permanent = args.permanent.unwrap_or(false);
    if is_permanent {
        call.caller.may(Permission::EraseRecords)?;
    }
    let revision = call.expected_revision()?;
    let (app, act, hidden) = (call.app.clone(), act(&call), Hidden::of(&call));
    let may_shared = call.caller.may(Permission::ManageReference);
    let gone = call.app.store.write(&call.caller.actor, act.now, move |tx| {
        let collection = args.collection.as_deref();
        let before = record::find(tx, act.reach, args.record, collection)?;
        hidden.check(&before)?;
        if is_shared(&app, &before) {
            may_shared?;
        }
        if is_permanent {
            record::erase(tx, app.kits(), &act, args.record, collection)?;
        } else {
            record::delete(tx, app.kits(), &act, args.record, collection, revision)?;
        }
        Ok::<_, Problem>(())
    });
    gone.await?;
    Ok(Answer::empty())
}

async fn restore(call: Call, args: One) -> Result<Answer, Problem> {
    let (app, act, hidden) = (call.app.clone(), act(&call), Hidden::of(&call));
    let may_shared = call.caller.may(Permission::ManageReference);
    let back = call.app.store.write(&call.caller.actor, act.now, move |tx| {
        let collection = args.collection.as_deref();
        let before = record::find(tx, act.reach, args.record, collection)?;
        hidden.check(&before)?;
        if is_shared(&app, &before) {
            may_shared?;
        }
        let record = record::restore(tx, app.kits(), &act, args.record, collection)?;
        view(&app, tx, &record)
    });
    Ok(Answer::revised(back.await?))
}

/// What somebody does not see of private collections: the records of others.
struct Hidden {
    app: App,
    caller: Caller,
}

impl Hidden {
    fn of(call: &Call) -> Self {
        Self { app: call.app.clone(), caller: call.caller.clone() }
    }

    fn shows<D>(&self, record: &Record<D>) -> bool {
        is_seen(self.app.kits(), &self.caller, record)
    }

    /// Whose records of a collection are all that they see of it; none when they see those of everybody.
    fn only(&self, kit: &CollectionKit) -> Option<String> {
        let is_narrow = kit.spec.private && self.caller.may(Permission::ReadPrivate).is_err();
        is_narrow.then(|| self.caller.actor.to_string())
    }

    /// A record that they do not see is one that is not there.
    fn check<D>(&self, record: &Record<D>) -> Result<(), RecordError> {
        match self.shows(record) {
            true => Ok(()),
            false => Err(RecordError::NotFound { id: record.id, collection: None }),
        }
    }
}

/// Who acts, where and when.
pub(super) fn act(call: &Call) -> Act {
    Act { reach: call.caller.reach, actor: call.caller.actor.clone(), now: call.now() }
}

/// The problem of a collection that the application does not have.
pub(super) fn no_collection(app: &App, name: &str) -> Problem {
    let known = app.description().collections.keys().map(String::as_str);
    let problem = Problem::new("collection_not_found", format!("There is no collection `{name}`."));
    match crate::argument::nearest(name, known) {
        Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

/// A fault of one argument.
pub(super) fn fault(field: &str, message: &str) -> Problem {
    Problem::faults("invalid_input", vec![Fault::new(field, message)])
}

/// The record as callers see it, with the job that holds it.
fn view(app: &App, db: &Db, record: &Record) -> Result<Json, Problem> {
    Ok(record::view(record, lock_of(app, db, record)?.as_ref()))
}

/// The job that holds a record, where records of its kind can be held.
fn lock_of<D>(app: &App, db: &Db, record: &Record<D>) -> Result<Option<Lock>, Problem> {
    let kit = app.kits().get(&record.collection);
    let may_be_locked = kit.is_some_and(|it| it.spec.versioned.is_some());
    Ok(if may_be_locked { app.engine.lock_of(db, record)? } else { None })
}

fn is_shared(app: &App, record: &Record) -> bool {
    app.kits().get(&record.collection).is_some_and(|it| it.spec.shared)
}
