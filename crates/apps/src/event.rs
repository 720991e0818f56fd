//! What happened becomes events for webhooks, in the transaction that makes it true.

use base::Timestamp;
use serde_json::{Value as Json, json};
use store::Tx;
use work::{Job, State};

use crate::{
    description::{EngineEvent, EventSource},
    engine::Engine,
    job,
    version::Version,
    webhook,
};

/// A job ended for good.
pub(crate) fn job_ended(
    engine: &Engine,
    tx: &Tx,
    ended: &Job,
    now: Timestamp,
) -> Result<(), store::Error> {
    let on = match ended.state {
        State::Completed => EngineEvent::JobCompleted,
        State::Failed => EngineEvent::JobFailed,
        State::Pending | State::Running | State::Cancelled => return Ok(()),
    };
    let task = ended.kind.strip_prefix("task.");
    let description = engine.folder().description();
    let mut data = job::view::view(description, ended);
    // The report of an import is long and is read from the job.
    if let Some(result) = data.get_mut("result").and_then(Json::as_object_mut) {
        result.remove("report");
    }
    for (name, source) in &description.webhooks.events {
        if source.on == on && source.task.as_deref().is_none_or(|it| Some(it) == task) {
            webhook::raise(tx, ended.tenant, name, &ended.id.to_string(), &data, now)?;
        }
    }
    Ok(())
}

/// A version became the active one.
pub(crate) fn version_activated(
    engine: &Engine,
    tx: &Tx,
    version: &Version,
    now: Timestamp,
) -> Result<(), store::Error> {
    let events = &engine.folder().description().webhooks.events;
    let data = json!({"record": version.record, "version": version.id, "number": version.number, "label": version.label});
    let named = |it: &&EventSource| it.on == EngineEvent::VersionActivated;
    for (name, _) in events.iter().filter(|(_, source)| named(source)) {
        let key = format!("{}:{}", version.id, now.as_microsecond());
        webhook::raise(tx, version.tenant, name, &key, &data, now)?;
    }
    Ok(())
}
