//! Jobs: list, read, watch, cancel, retry.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use axum::response::sse::Event;
use base::{JobId, PageRequest, Permission, RecordId, TenantId};
use futures::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use work::{Filter, Job, JobChanged, State};

use super::vigil::{self, Vigil, Woken};
use crate::{
    App, events,
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let (read, manage) = (Permission::ReadJobs, Permission::ManageJobs);
    vec![
        Operation::new("jobs.list", read, Kind::Page, "Job", "Lists jobs, the newest first.", list),
        Operation::new("jobs.get", read, Kind::One, "Job", "Reads a job.", get),
        Operation::new(
            "jobs.events",
            read,
            Kind::Events,
            "Job",
            "Tells of jobs as they change (server-sent events named `job`; `end` when the stream is to be opened anew).",
            watch,
        ),
        Operation::new(
            "jobs.cancel",
            manage,
            Kind::One,
            "Job",
            "Cancels a job; one that runs stops at its next step.",
            cancel,
        ),
        Operation::new(
            "jobs.retry",
            manage,
            Kind::One,
            "Job",
            "Runs a failed or cancelled job again.",
            retry,
        ),
    ]
}

/// Jobs of other processes are looked for this often.
const LOOKED_EVERY: Duration = Duration::from_secs(2);

/// How many of the newest jobs are watched.
const WATCHED: u32 = 50;

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// In this state.
    state: Option<JobState>,
    /// Of this kind, by the engine's name: `import`, `change`, `revert`, `proposals`, `task.NAME`.
    kind: Option<String>,
    /// About this record.
    record: Option<RecordId>,
    /// Only those that failed for good and wait for somebody to look.
    dead: Option<bool>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum JobState {
    Pending,
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl From<JobState> for State {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Pending => Self::Pending,
            JobState::Running => Self::Running,
            JobState::Completed => Self::Completed,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
        }
    }
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let filter = Filter {
        tenant: call.narrowed(args.tenant),
        state: args.state.map(State::from),
        kind: args.kind,
        subject: args.record,
        dead: args.dead,
    };
    let (count, request) = (call.count, call.page.clone());
    let page = call.app.store.read(move |db| {
        let mut page = work::list(db, &filter, &request)?;
        if count {
            page.total = Some(work::count(db, &filter)?);
        }
        Ok::<_, store::Error>(page)
    });
    Ok(Answer::page(page.await?.map(|it| call.app.engine.job_view(&it))))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The job.
    job: JobId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    let tenant = call.caller.tenant();
    let found = call.app.store.read(move |db| work::get(db, tenant, args.job)).await?;
    let job = found.ok_or_else(|| {
        Problem::new("job_not_found", format!("Job {} does not exist.", args.job))
    })?;
    Ok(Answer::one(call.app.engine.job_view(&job)))
}

async fn cancel(call: Call, args: One) -> Result<Answer, Problem> {
    let (tenant, now) = (call.caller.tenant(), call.now());
    let job = call
        .app
        .store
        .write(&call.caller.actor, now, move |tx| work::cancel(tx, tenant, args.job, now));
    Ok(Answer::one(call.app.engine.job_view(&job.await?)))
}

async fn retry(call: Call, args: One) -> Result<Answer, Problem> {
    let (tenant, now) = (call.caller.tenant(), call.now());
    let job = call
        .app
        .store
        .write(&call.caller.actor, now, move |tx| work::retry(tx, tenant, args.job, now));
    Ok(Answer::one(call.app.engine.job_view(&job.await?)))
}

#[derive(Deserialize, JsonSchema)]
struct Events {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Only this job.
    job: Option<JobId>,
}

async fn watch(call: Call, args: Events) -> Result<Answer, Problem> {
    let watch = Watch {
        tenant: call.narrowed(args.tenant),
        only: args.job,
        vigil: Vigil::begin(&call.app, &call.caller, LOOKED_EVERY),
        seen: HashMap::new(),
        waiting: VecDeque::new(),
        has_ended: false,
        app: call.app,
    };
    let stream = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((event, watch))
    });
    Ok(Answer::stream(events::response(stream)))
}

/// Somebody who watches jobs.
struct Watch {
    app: App,
    tenant: Option<TenantId>,
    only: Option<JobId>,
    vigil: Vigil,
    seen: HashMap<JobId, (State, u8, Option<String>)>,
    waiting: VecDeque<Event>,
    has_ended: bool,
}

impl Watch {
    /// The next event; none after the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.has_ended {
                return None;
            }
            match self.vigil.wake().await {
                Woken::Changed(job) => self.take(job).await,
                Woken::Look => self.take_newest().await,
                Woken::Over(reason) => {
                    self.has_ended = true;
                    return Some(vigil::end(reason));
                }
            }
        }
    }

    async fn take(&mut self, changed: JobChanged) {
        let is_wanted = self.tenant.is_none_or(|it| it == changed.tenant)
            && self.only.is_none_or(|it| it == changed.id);
        if !is_wanted {
            return;
        }
        let tenant = self.tenant;
        // A change is told a moment before it is committed; the next look finds what this one misses.
        let found = self.app.store.read(move |db| work::get(db, tenant, changed.id)).await;
        if let Ok(Some(job)) = found {
            self.tell(&job);
        }
    }

    async fn take_newest(&mut self) {
        let (tenant, only) = (self.tenant, self.only);
        let found = self.app.store.read(move |db| {
            if let Some(id) = only {
                return Ok::<_, store::Error>(work::get(db, tenant, id)?.into_iter().collect());
            }
            let filter = Filter { tenant, ..Filter::default() };
            Ok(work::list(db, &filter, &PageRequest::first(WATCHED))?.items)
        });
        let found: Vec<Job> = found.await.unwrap_or_default();
        self.seen.retain(|id, _| found.iter().any(|it| it.id == *id));
        for job in found.iter().rev() {
            self.tell(job);
        }
    }

    fn tell(&mut self, job: &Job) {
        let now = (job.state, job.progress, job.message.clone());
        if self.seen.get(&job.id) == Some(&now) {
            return;
        }
        self.seen.insert(job.id, now);
        let view = self.app.engine.job_view(job).to_string();
        self.waiting.push_back(Event::default().event("job").id(job.id.to_string()).data(view));
    }
}
