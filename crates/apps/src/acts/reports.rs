//! A record as a document that people keep.

use std::collections::HashMap;

use base::{RecordId, TenantId};
use identity::Caller;
use serde_json::Value as Json;

use super::within;
use crate::{
    description::{Report, report::Section},
    engine::Engine,
    error::EngineError,
    field,
    progress::who,
    record::{self, Record, RecordError},
    report::{
        ReportError, ReportFile,
        gather::{self, Dot, Matter},
    },
};

/// The role of all who may read records.
const EVERYBODY: &str = "everybody";

impl Engine {
    /// The report of a record.
    ///
    /// # Errors
    /// A report that is not declared; a record that is not there, is somebody else's, or is not reported
    /// on; more text than a document takes.
    pub async fn report(
        &self,
        caller: &Caller,
        name: &str,
        id: RecordId,
    ) -> Result<ReportFile, EngineError> {
        let no_such = || ReportError::NoSuch(name.to_owned());
        let reports = &self.folder().description().reports;
        let spec = reports.get(name).ok_or_else(no_such)?.clone();
        let (reach, asked) = (caller.reach, spec.clone());
        let (record, others) = self
            .store()
            .read(move |db| {
                let record = record::get(db, reach, id, Some(asked.of.as_str()))?;
                let others = others(db, &asked, &record)?;
                Ok::<_, RecordError>((record, others))
            })
            .await?;
        within(caller, record.tenant)?;
        let owner = owner(&spec, &record);
        self.may_have(caller, &spec, owner.as_deref(), id)?;
        if !self.is_reported_on(&spec, &record) {
            return Err(ReportError::NotReady(id).into());
        }
        let mut progress = HashMap::new();
        for section in &spec.sections {
            let Section::Progress(section) = section else { continue };
            if let Some(owner) = &owner {
                let points = self.results_of(record.tenant, &section.of, owner).await?;
                progress.insert(section.of.clone(), points);
            }
        }
        let file_name = gather::file_name(name, &spec, &record);
        let this = self.clone();
        let room = self.paper_room().acquire().await;
        let _permit = room.map_err(|_| super::progress::stopping())?;
        let work = move || {
            let documents = this.folder().configuration();
            let config = |name: &str| documents.get(name)?.said().cloned();
            let sheet = gather::sheet(&Matter {
                spec: &spec,
                record: &record,
                others: &others,
                progress: &progress,
                config: &config,
                languages: &this.folder().description().languages,
            });
            paper::pdf(&sheet)
        };
        let drawn = match tokio::task::spawn_blocking(work).await {
            Ok(drawn) => drawn.map_err(ReportError::from)?,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => return Err(super::progress::stopping().into()),
        };
        let content_type = "application/pdf".to_owned();
        Ok(ReportFile { name: file_name, content_type, bytes: drawn.into() })
    }

    fn may_have(
        &self,
        caller: &Caller,
        spec: &Report,
        owner: Option<&str>,
        id: RecordId,
    ) -> Result<(), ReportError> {
        let roles = &self.folder().description().roles;
        let is_own = owner == Some(caller.actor.to_string().as_str());
        let is_named =
            || spec.others.iter().any(|it| it == EVERYBODY || who::holds(caller, it, roles));
        match is_own || who::administers(caller) || is_named() {
            true => Ok(()),
            false => Err(ReportError::NotYours(id)),
        }
    }

    /// Has the record the values of those that are reported on?
    fn is_reported_on(&self, spec: &Report, record: &Record) -> bool {
        let has = |(path, value): (&String, &Json)| {
            field::get(&record.data, path).unwrap_or(&Json::Null) == value
        };
        spec.only.iter().all(has)
    }

    async fn results_of(
        &self,
        tenant: TenantId,
        progress: &str,
        owner: &str,
    ) -> Result<Vec<Dot>, EngineError> {
        let points = self.progress_points(tenant, progress, owner).await?;
        let point = |it: &Json| {
            Some(Dot {
                record: it["record"].as_str().and_then(|it| it.parse().ok()),
                at: it["at"].as_str()?.parse().ok()?,
                overall: it["overall"].as_f64()?,
            })
        };
        Ok(points.iter().filter_map(point).collect())
    }
}

/// Whose the record is.
fn owner(spec: &Report, record: &Record) -> Option<String> {
    match spec.owner.as_str() {
        "created_by" => Some(record.created_by.clone()),
        path => field::get(&record.data, path).and_then(Json::as_str).map(str::to_owned),
    }
}

/// The other records that sections are about, as far as they are there. They are of the same tenant, or
/// shared.
fn others(
    db: &store::Db,
    spec: &Report,
    record: &Record,
) -> Result<HashMap<String, Record>, RecordError> {
    let mut others = HashMap::new();
    for from in spec.sections.iter().filter_map(|it| it.from()) {
        let id = match from {
            "parent" => record.parent,
            path => {
                field::get(&record.data, path).and_then(Json::as_str).and_then(|it| it.parse().ok())
            }
        };
        let Some(id) = id.filter(|_| !others.contains_key(from)) else { continue };
        match record::get(db, identity::Reach::Tenant(record.tenant), id, None) {
            Ok(found) => {
                others.insert(from.to_owned(), found);
            }
            Err(RecordError::NotFound { .. } | RecordError::Deleted { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(others)
}
