//! Sources as people see and steer them: how they are, their runs, what they set aside, their caches,
//! and the fields that they leave alone.

use base::{JobId, Page, PageRequest, RecordId, TenantId};
use identity::{Caller, Reach};
use serde_json::{Value as Json, json};
use sources::{Run, SourceError, Wanted, WrittenFlags, aside::Aside, cache::look::Which};

use super::within;
use crate::{engine::Engine, error::EngineError, record};

/// A run that somebody wants.
#[derive(Debug, Clone, Default)]
pub struct SourceRun {
    /// Of which source.
    pub source: String,
    /// How.
    pub flags: WrittenFlags,
}

impl Engine {
    /// All sources, as they are for a tenant.
    ///
    /// # Errors
    /// A tenant out of reach.
    pub async fn source_list(
        &self,
        caller: &Caller,
        tenant: TenantId,
    ) -> Result<Vec<Json>, EngineError> {
        within(caller, tenant)?;
        let mut timetable = sources::Timetable::new();
        for schedule in self.folder().description().schedules.values() {
            if let Some(source) = &schedule.act.source {
                let times = format!("{} {}", schedule.every, schedule.timezone);
                timetable.entry(source.clone()).or_default().push(times);
            }
        }
        let all = self.sources().list(tenant, timetable).await?;
        Ok(all.into_iter().map(|it| json!(it)).collect())
    }

    /// Wants a run of a source.
    ///
    /// # Errors
    /// A source that is not there or switched off; one that is at it already; a tenant out of reach.
    pub async fn source_run(
        &self,
        caller: &Caller,
        tenant: TenantId,
        ask: SourceRun,
    ) -> Result<Json, EngineError> {
        within(caller, tenant)?;
        let wanted = Wanted { tenant, source: ask.source.clone(), flags: ask.flags.into() };
        let job = self.sources().start(&caller.actor, wanted).await?;
        let message = format!("The source {} is being read", ask.source);
        Ok(
            json!({"source": ask.source, "run": job, "job": job, "state": "pending", "message": message}),
        )
    }

    /// A page of the runs of a source, newest first.
    ///
    /// # Errors
    /// A source that is not there.
    pub async fn source_runs(
        &self,
        tenant: Option<TenantId>,
        source: &str,
        page: PageRequest,
        count: bool,
    ) -> Result<Page<Json>, EngineError> {
        Ok(self.sources().runs(tenant, source, page, count).await?.map(|it| run_view(&it)))
    }

    /// One run of a source.
    ///
    /// # Errors
    /// One that is not there for the caller.
    pub async fn source_run_get(
        &self,
        caller: &Caller,
        source: &str,
        job: JobId,
    ) -> Result<Json, EngineError> {
        let run = self.sources().run(caller.tenant(), job).await?;
        match run.source == source {
            true => Ok(run_view(&run)),
            false => Err(SourceError::NoSuchRun(job).into()),
        }
    }

    /// A page of what a source has set aside.
    ///
    /// # Errors
    /// A source that is not there; a tenant out of reach.
    pub async fn source_asides(
        &self,
        caller: &Caller,
        tenant: TenantId,
        source: &str,
        page: PageRequest,
    ) -> Result<Page<Json>, EngineError> {
        within(caller, tenant)?;
        Ok(self.sources().asides(tenant, source, page).await?.map(aside_view))
    }

    /// What the caches of sources hold.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn source_cache(&self, which: Which, limit: u32) -> Result<Json, EngineError> {
        let (kinds, entries) = self.sources().cache(which, limit).await?;
        Ok(json!({"kinds": kinds, "entries": entries}))
    }

    /// Clears the caches of sources, or some of them. They serve all tenants, so whoever reaches one of
    /// several may not.
    ///
    /// # Errors
    /// A caller who does not reach all.
    pub async fn source_cache_clear(
        &self,
        caller: &Caller,
        which: Which,
    ) -> Result<Json, EngineError> {
        let several = self.folder().description().tenants.is_some();
        if let (true, Reach::Tenant(_)) = (several, caller.reach) {
            return Err(EngineError::TenantForbidden(TenantId::DEFAULT));
        }
        let removed = self.sources().clear_cache(&caller.actor, which).await?;
        Ok(json!({"removed": removed}))
    }

    /// The sources that a record comes from, and the fields that they leave alone.
    ///
    /// # Errors
    /// A record that is not there for the caller.
    pub async fn source_origins(
        &self,
        caller: &Caller,
        record: RecordId,
    ) -> Result<Vec<Json>, EngineError> {
        let tenant = self.tenant_of(caller, record).await?;
        match self.sources().origins(tenant, record).await {
            Ok(origins) => Ok(origins.into_iter().map(|it| json!(it)).collect()),
            Err(SourceError::NotFromSource(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets sources change fields of a record again; all that they leave alone when none is named.
    ///
    /// # Errors
    /// A record that is not there for the caller, or that comes from no source.
    pub async fn source_unlock(
        &self,
        caller: &Caller,
        record: RecordId,
        fields: Vec<String>,
    ) -> Result<Vec<Json>, EngineError> {
        let tenant = self.tenant_of(caller, record).await?;
        let origins = self.sources().unlock(&caller.actor, tenant, record, fields).await?;
        Ok(origins.into_iter().map(|it| json!(it)).collect())
    }

    /// Whose a record is, when the caller may change it.
    async fn tenant_of(&self, caller: &Caller, record: RecordId) -> Result<TenantId, EngineError> {
        let reach = caller.reach;
        let found = self.store().read(move |db| record::get(db, reach, record, None)).await?;
        within(caller, found.tenant)?;
        self.sees(caller, &found)?;
        Ok(found.tenant)
    }
}

fn run_view(run: &Run) -> Json {
    let took = run.finished_at.zip(run.started_at).map(|(end, begin)| end.duration_since(begin));
    json!({
        "id": run.id,
        "job": run.id,
        "tenant": run.tenant,
        "source": run.source,
        "state": run.state,
        "flags": run.flags,
        "counts": run.counts,
        "findings": run.findings,
        "created_by": run.created_by,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "duration_ms": took.map(|it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX)),
    })
}

fn aside_view(it: Aside) -> Json {
    json!({
        "item": it.item,
        "step": it.step,
        "reason": it.reason,
        "fields": it.body,
        "attempts": it.attempts,
        "first_at": it.first_at,
        "last_at": it.last_at,
        "due_at": it.due_at,
    })
}
