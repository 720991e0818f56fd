//! Lists: looked at, taken in as a new record, or laid over one that is there.

use identity::{Caller, tenant};
use serde_json::{Value as Json, json};
use store::audit;

use super::{accepted, within};
use crate::{
    ask::{ImportChange, ImportCreate, Source, Upload},
    engine::Engine,
    error::EngineError,
    job::{Kind, import::Payload},
    record::{self, CollectionKit, Invalid, NewRecord},
    table::{ColumnUse, Reader, Report},
};

impl Engine {
    /// Takes a list in as a new record with its first version.
    ///
    /// # Errors
    /// Whatever is wrong with the file, the fields or the tenant; nothing is kept then.
    pub async fn import_create(
        &self,
        caller: &Caller,
        ask: ImportCreate,
    ) -> Result<Json, EngineError> {
        within(caller, ask.tenant)?;
        let kit = self.versioned(&ask.collection)?;
        let data = kit.check(ask.data)?;
        let children = self.children(kit)?;
        let (file, bytes) = self.list(children, ask.source).await?;
        let (this, caller, act) = (self.clone(), caller.clone(), self.act(caller));
        let collection = ask.collection;
        let actor = act.actor.clone();
        let kept = store::blob::keep(self.store(), ask.tenant, bytes.clone(), act.now).await?;
        self.store()
            .write(&actor, act.now, move |tx| {
                if tenant::get(tx, ask.tenant)?.is_none_or(|it| it.deleted_at.is_some()) {
                    return Err(EngineError::NoSuchTenant(ask.tenant));
                }
                let kit = this.versioned(&collection)?;
                let made = record::create(
                    tx,
                    kit,
                    &act,
                    NewRecord { tenant: ask.tenant, parent: None, data },
                )?;
                let blob = store::blob::put(tx, &kept, act.now)?;
                let payload = Payload {
                    record: made.id,
                    blob: blob.to_string(),
                    file,
                    label: ask.label,
                    notes: ask.notes,
                };
                let job =
                    this.new_job(ask.tenant, Kind::Import.name(), made.id, json!(payload), &caller);
                let job = work::enqueue(tx, job, act.now).map_err(EngineError::enqueue(made.id))?;
                let summary = format!("Began to import a list of {} bytes", bytes.len());
                let entry =
                    audit::Entry::new(ask.tenant, "import_started", made.subject(), summary);
                tx.audit(entry.record(made.id).after(json!({"job": job.id, "file": payload.file})));
                Ok(accepted(job.id, made.id, None, "The list is being imported"))
            })
            .await
    }

    /// Lays a list over the active version of a record, as a new version.
    ///
    /// # Errors
    /// Whatever is wrong with the file or the record; a job that works on it already.
    pub async fn import_change(
        &self,
        caller: &Caller,
        ask: ImportChange,
    ) -> Result<Json, EngineError> {
        let (id, collection, reach) = (ask.record, ask.collection.clone(), caller.reach);
        let found =
            self.store().read(move |db| record::get(db, reach, id, collection.as_deref())).await?;
        within(caller, found.tenant)?;
        let children = self.children(self.versioned(&found.collection)?)?;
        let (file, bytes) = self.list(children, ask.source).await?;
        let (this, caller, act) = (self.clone(), caller.clone(), self.act(caller));
        let actor = act.actor.clone();
        let kept = store::blob::keep(self.store(), found.tenant, bytes.clone(), act.now).await?;
        self.store()
            .write(&actor, act.now, move |tx| {
                let found = record::get(tx, act.reach, id, None)?;
                let blob = store::blob::put(tx, &kept, act.now)?;
                let payload = Payload {
                    record: id,
                    blob: blob.to_string(),
                    file,
                    label: ask.label,
                    notes: ask.notes,
                };
                let job =
                    this.new_job(found.tenant, Kind::Change.name(), id, json!(payload), &caller);
                let job = work::enqueue(tx, job, act.now).map_err(EngineError::enqueue(id))?;
                let summary = format!("Began to change records by a list of {} bytes", bytes.len());
                let entry =
                    audit::Entry::new(found.tenant, "change_started", found.subject(), summary);
                tx.audit(entry.record(id).after(json!({"job": job.id, "file": payload.file})));
                Ok(accepted(job.id, id, None, "The changes are being made"))
            })
            .await
    }

    /// What a list would become: its columns, its first rows, and what there is to say about them.
    ///
    /// # Errors
    /// Whatever is wrong with the file.
    pub async fn import_preview(
        &self,
        _caller: &Caller,
        collection: &str,
        file: Upload,
    ) -> Result<Json, EngineError> {
        let kit = self.collection(collection)?;
        let children = if kit.spec.versioned.is_some() { self.children(kit)? } else { kit };
        let reader = self.reader(children)?.clone();
        let table = read(reader, file).await?;
        let Report { rows_read, kept, skipped, warned, .. } = table.report;
        let columns: Vec<ColumnUse> = table.columns;
        let rows =
            table.records.iter().take(20).map(|it| json!({"row": it.row_number, "data": it.data}));
        Ok(json!({
            "format": table.format,
            "columns": columns,
            "rows": rows.collect::<Vec<_>>(),
            "counts": {"read": rows_read, "kept": kept, "skipped": skipped, "warned": warned},
            "report": table.report.lines,
            "report_left_out": table.report.lines_left_out,
        }))
    }

    pub(crate) fn collection(&self, name: &str) -> Result<&CollectionKit, EngineError> {
        let no_such = || EngineError::NoSuch { kind: "collection", name: name.to_owned() };
        self.folder().kits().get(name).ok_or_else(no_such)
    }

    pub(super) fn versioned(&self, name: &str) -> Result<&CollectionKit, EngineError> {
        let kit = self.collection(name)?;
        match kit.spec.versioned {
            Some(_) => Ok(kit),
            None => {
                let fault = Invalid::input(
                    "/collection",
                    format!("`{name}` has no versions to read a list into"),
                );
                Err(fault.hint("name the collection that is declared as `versioned`").into())
            }
        }
    }

    pub(super) fn children(&self, kit: &CollectionKit) -> Result<&CollectionKit, EngineError> {
        let children = self.folder().kits().children_of(kit);
        children
            .ok_or_else(|| EngineError::Misconfigured(format!("`{}` has no children", kit.name)))
    }

    fn reader(&self, children: &CollectionKit) -> Result<&Reader, EngineError> {
        self.folder().reader(&children.name).ok_or_else(|| {
            Invalid::input("/collection", format!("`{}` reads no lists", children.name))
                .hint("declare `import` in app.yaml")
                .into()
        })
    }

    /// The bytes of a list, which was read once to see that it can be.
    async fn list(
        &self,
        children: &CollectionKit,
        source: Source,
    ) -> Result<(String, bytes::Bytes), EngineError> {
        let reader = self.reader(children)?.clone();
        let upload = match source {
            Source::File(upload) => upload,
            Source::Items(items) => {
                Upload { name: "items.json".into(), bytes: Json::Array(items).to_string().into() }
            }
        };
        let (name, bytes) = (upload.name.clone(), upload.bytes.clone());
        let table = read(reader, upload).await?;
        if table.records.is_empty() {
            return Err(EngineError::NothingToDo("the list has no row that can be read in"));
        }
        Ok((name, bytes))
    }
}

/// Reads a list away from the runtime's threads.
async fn read(reader: Reader, file: Upload) -> Result<crate::table::Table, EngineError> {
    let read =
        tokio::task::spawn_blocking(move || reader.read(&file.bytes, Some(&file.name))).await;
    Ok(read.map_err(|_| EngineError::Misconfigured("reading the list broke off".into()))??)
}
