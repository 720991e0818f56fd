//! Schedules as people see and steer them.

use base::{Actor, Timestamp};
use identity::Caller;
use serde_json::{Value as Json, json};
use store::Db;
use work::schedule::{self, Begun, Past, PauseError, RunError, Schedule, Status};

use crate::{
    description::{Schedule as Declared, ScheduledAct},
    engine::Engine,
    error::EngineError,
};

/// Runs to come that are shown.
const NEXT: usize = 5;
/// Past runs that are shown of one schedule.
const PAST: u32 = 20;

impl Engine {
    /// Every schedule, with its next runs and its last one, in the order of the description.
    ///
    /// # Errors
    /// The database's.
    pub async fn schedules(&self) -> Result<Vec<Json>, EngineError> {
        let this = self.clone();
        self.store()
            .read(move |db| {
                let now = this.now();
                let keeper = this.keeper();
                let rows = schedule::list(db)?;
                let mut all = Vec::with_capacity(rows.len());
                for name in this.schedule_names() {
                    let row = rows.iter().find(|it| it.name == name);
                    let (Some(row), Some(declared)) = (row, keeper.schedule(&name)) else {
                        continue;
                    };
                    let last = schedule::history(db, &name, 1)?;
                    all.push(this.schedule_view(db, row, declared, &last, now)?);
                }
                Ok::<_, EngineError>(all)
            })
            .await
    }

    /// One schedule, with its last runs.
    ///
    /// # Errors
    /// One that is not declared.
    pub async fn schedule(&self, name: &str) -> Result<Json, EngineError> {
        let (this, name) = (self.clone(), name.to_owned());
        self.store()
            .read(move |db| {
                let no_such = || EngineError::NoSuchSchedule(name.clone());
                let keeper = this.keeper();
                let declared = keeper.schedule(&name).ok_or_else(no_such)?;
                let row = schedule::get(db, &name)?.ok_or_else(no_such)?;
                let past = schedule::history(db, &name, PAST)?;
                let mut view = this.schedule_view(db, &row, declared, &past, this.now())?;
                let runs = past.iter().map(|it| past_view(db, it));
                view["runs"] = Json::Array(runs.collect::<Result<_, _>>()?);
                Ok::<_, EngineError>(view)
            })
            .await
    }

    /// Begins a run now.
    ///
    /// # Errors
    /// One that is not declared; one whose last run is at it; one with nothing to do.
    pub async fn schedule_run(&self, caller: &Caller, name: &str) -> Result<Begun, EngineError> {
        let (keeper, name, act) = (self.keeper(), name.to_owned(), self.act(caller));
        let (actor, now) = (act.actor.clone(), act.now);
        let run = move |tx: &store::Tx| {
            keeper.run(tx, &name, &actor, now).map_err(|error| match error {
                RunError::NoSuchSchedule(name) => EngineError::NoSuchSchedule(name),
                RunError::Busy(name) => EngineError::ScheduleBusy(name),
                RunError::Nothing(_) => EngineError::NothingToDo("there is nothing to do for it"),
                RunError::Store(error) => EngineError::Store(error),
            })
        };
        self.store().write(&act.actor, now, run).await
    }

    /// Stops a schedule for a while.
    ///
    /// # Errors
    /// One that is not declared.
    pub async fn schedule_pause(&self, caller: &Caller, name: &str) -> Result<(), EngineError> {
        let keeper = self.keeper();
        self.steer(caller, name, move |tx, name, actor, now| keeper.pause(tx, name, actor, now))
            .await
    }

    /// Lets a schedule go on.
    ///
    /// # Errors
    /// One that is not declared.
    pub async fn schedule_resume(&self, caller: &Caller, name: &str) -> Result<(), EngineError> {
        let keeper = self.keeper();
        self.steer(caller, name, move |tx, name, _, now| keeper.resume(tx, name, now)).await
    }

    async fn steer(
        &self,
        caller: &Caller,
        name: &str,
        act: impl FnOnce(&store::Tx, &str, &Actor, Timestamp) -> Result<Status, PauseError>
        + Send
        + 'static,
    ) -> Result<(), EngineError> {
        let (name, now, actor) = (name.to_owned(), self.now(), caller.actor.clone());
        let steer = move |tx: &store::Tx| match act(tx, &name, &actor, now) {
            Ok(_) => Ok(()),
            Err(PauseError::NoSuchSchedule(name)) => Err(EngineError::NoSuchSchedule(name)),
            Err(PauseError::Store(error)) => Err(EngineError::Store(error)),
        };
        self.store().write(&caller.actor, now, steer).await
    }

    /// The names of all schedules: those of the description first, in its order.
    fn schedule_names(&self) -> Vec<String> {
        self.declared_schedules().iter().map(|it| it.name.clone()).collect()
    }

    fn schedule_view(
        &self,
        db: &Db,
        row: &Status,
        declared: &Schedule,
        past: &[Past],
        now: Timestamp,
    ) -> Result<Json, store::Error> {
        let said = self.folder().description().schedules.get(&row.name);
        let next: Vec<Json> = match &row.paused {
            Some(_) => Vec::new(),
            None => {
                // What it waits for may be a moment ago; what comes after that is counted from it.
                let mut next = vec![row.waiting];
                next.extend(self.keeper().next_runs(declared, row.waiting.at, NEXT - 1));
                next.iter().map(|it| json!({"planned_at": it.at, "due_at": it.due})).collect()
            }
        };
        let act: ScheduledAct = serde_json::from_value(declared.act.clone()).unwrap_or_default();
        let does = act.target().map(|(kind, name)| json!({"kind": kind, "name": name}));
        let late = now.duration_since(row.waiting.due);
        Ok(json!({
            "name": row.name,
            "about": said.map_or("", |it| it.about.as_str()),
            "every": declared.times.expression(),
            "timezone": declared.times.zone_name(),
            "jitter_s": declared.jitter.as_secs(),
            "missed": missed(said),
            "off_peak": declared.off_peak.as_ref().map(ToString::to_string),
            "does": does,
            "paused_at": row.paused.as_ref().map(|it| it.at),
            "paused_by": row.paused.as_ref().map(|it| it.by.as_str()),
            "late_s": if row.paused.is_some() { 0 } else { late.as_secs().max(0) },
            "next_runs": next,
            "last_run": past.first().map(|it| past_view(db, it)).transpose()?,
        }))
    }
}

fn missed(said: Option<&Declared>) -> &'static str {
    match said.map(Declared::missed).unwrap_or_default() {
        schedule::Missed::Skip => "skip",
        schedule::Missed::Once => "once",
        schedule::Missed::All { .. } => "all",
    }
}

/// What came of a run, with how its jobs are doing.
fn past_view(db: &Db, past: &Past) -> Result<Json, store::Error> {
    let mut jobs = Vec::with_capacity(past.jobs.len());
    for id in &past.jobs {
        // Jobs are forgotten after a while; that they were there is not.
        let state = work::get(db, None, *id)?.map(|it| it.state);
        jobs.push(json!({"id": id, "state": state}));
    }
    Ok(json!({
        "planned_at": past.planned.at,
        "due_at": past.planned.due,
        "begun_at": past.begun_at,
        "late_s": past.begun_at.duration_since(past.planned.due).as_secs(),
        "outcome": past.outcome,
        "missed": past.missed,
        "jobs": jobs,
        "job_count": past.job_count,
        "asked_by": past.asked_by,
    }))
}
