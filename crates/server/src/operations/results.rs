//! Texts handed in and what comes of them: waited for, watched, listed; and debug mode.

use std::time::Duration;

use apps::acts::results::{ResultAsk, ResultOutcome, ResultsOf};
use axum::response::sse::Event;
use base::{AppKeyId, Permission, RecordId, TenantId, UserId};
use futures::stream;
use identity::Caller;
use models::Priority;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    sessions,
    vigil::{self, Vigil, Woken},
};
use crate::{
    App, events,
    operation::{Answer, Call, Kind, Operation},
    problem::{Fault, Problem},
};

pub(super) fn all() -> Vec<Operation> {
    let (ask, private) = (Permission::AskQuestions, Permission::ReadPrivate);
    vec![
        Operation::new(
            "results.submit",
            ask,
            Kind::Accepted,
            "ResultStanding",
            "Hands a text in: 200 with the result, or 202 with where it stands; one that takes longer than its deadline goes on being made, and the answer names it.",
            submit,
        )
        .patient(),
        Operation::new(
            "results.list",
            ask,
            Kind::Page,
            "Result",
            "Lists results, the newest first: one's own, or everybody's.",
            list,
        ),
        Operation::new(
            "results.latest",
            private,
            Kind::Page,
            "Result",
            "Lists the last result of each person.",
            latest,
        ),
        Operation::new(
            "results.get",
            ask,
            Kind::One,
            "Result",
            "Reads a result with its text; 425 while it is being made.",
            get,
        ),
        Operation::new(
            "results.status",
            ask,
            Kind::One,
            "ResultStanding",
            "Tells where a result stands.",
            status,
        ),
        Operation::new(
            "results.events",
            ask,
            Kind::Events,
            "ResultStanding",
            "Tells of a result as it is made (server-sent events `progress`, then `completed` or `failed`; `end` when the stream is to be opened anew).",
            watch,
        ),
        Operation::new(
            "results.raw",
            private,
            Kind::One,
            "ResultRaw",
            "Reads what a model was asked and said for a result that was made in debug mode.",
            raw,
        ),
        Operation::new(
            "debug.get",
            private,
            Kind::One,
            "DebugMode",
            "Tells whether debug mode is on: what goes over the wire for a result is kept then.",
            debug,
        ),
        Operation::new(
            "debug.set",
            private,
            Kind::One,
            "DebugMode",
            "Switches debug mode on or off.",
            set_debug,
        ),
    ]
}

/// A result whose job runs in another process is looked at this often.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// Whether somebody waits for a result.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// They wait for it.
    #[default]
    Now,
    /// They come back for it.
    Job,
}

#[derive(Deserialize, JsonSchema)]
struct Submit {
    /// On whose account.
    tenant: Option<TenantId>,
    /// The task; the only one that keeps results when left out.
    task: Option<String>,
    /// The text.
    #[schemars(length(max = 200_000))]
    text: String,
    /// The text that it is another version of, or a result of that.
    previous: Option<RecordId>,
    /// `now`: wait for the result, as long as the task says; `job`: come back for it.
    mode: Option<Mode>,
    /// What matters: `speed`, `balanced` or `accuracy`; the task's own when left out.
    priority: Option<Priority>,
    /// The language of who asks, for a text that does not tell.
    language: Option<String>,
}

async fn submit(call: Call, args: Submit) -> Result<Answer, Problem> {
    let ask = ResultAsk {
        tenant: call.tenant(args.tenant)?,
        task: args.task,
        text: args.text,
        previous: args.previous,
        priority: args.priority,
        language: args.language,
        waits: args.mode.unwrap_or_default() == Mode::Now,
    };
    Ok(match Box::pin(call.app.engine.result_submit(&call.caller, ask)).await? {
        ResultOutcome::Done(result) => Answer::one(result).with_status(200),
        ResultOutcome::Accepted(standing) => Answer::one(standing),
    })
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Of this task; the only one that keeps results when left out.
    task: Option<String>,
    /// `me`, `all`, or the id of a user, of a key, or of a session of a user; one's own when left out. Those of others are
    /// for those who may see what is private.
    of: Option<String>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let of = sessions::owner_of(&call, args.of).await?;
    let of = match of.as_deref().map(str::trim) {
        None | Some("" | "me") => ResultsOf::Me,
        Some("all") => ResultsOf::All,
        Some(id) if id.parse::<UserId>().is_ok() || id.parse::<AppKeyId>().is_ok() => {
            ResultsOf::One(id.to_owned())
        }
        Some(_) => {
            let what = "is neither `me`, `all` nor the id of a user, a key or a session";
            return Err(Problem::faults("invalid_input", vec![Fault::new("/of", what)]));
        }
    };
    page(&call, args.tenant, args.task.as_deref(), of).await
}

#[derive(Deserialize, JsonSchema)]
struct Latest {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Of this task; the only one that keeps results when left out.
    task: Option<String>,
}

async fn latest(call: Call, args: Latest) -> Result<Answer, Problem> {
    page(&call, args.tenant, args.task.as_deref(), ResultsOf::LastOfEach).await
}

async fn page(
    call: &Call,
    tenant: Option<TenantId>,
    task: Option<&str>,
    of: ResultsOf,
) -> Result<Answer, Problem> {
    let tenant = call.tenant(tenant)?;
    let found = call.app.engine.result_list(&call.caller, tenant, task, of, &call.page).await?;
    Ok(Answer::page(found))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The result.
    result: RecordId,
}

async fn get(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.result_get(&call.caller, args.result).await?))
}

async fn status(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.result_status(&call.caller, args.result).await?))
}

async fn raw(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.result_raw(&call.caller, args.result).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Debug {
    /// Of this tenant.
    tenant: Option<TenantId>,
}

async fn debug(call: Call, args: Debug) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    Ok(Answer::one(call.app.engine.debug_mode(&call.caller, tenant).await?))
}

#[derive(Deserialize, JsonSchema)]
struct SetDebug {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// On or off.
    enabled: bool,
}

async fn set_debug(call: Call, args: SetDebug) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    Ok(Answer::one(call.app.engine.set_debug_mode(&call.caller, tenant, args.enabled).await?))
}

async fn watch(call: Call, args: One) -> Result<Answer, Problem> {
    // Somebody else's result is refused here, and not in the stream.
    let first = call.app.engine.result_status(&call.caller, args.result).await?;
    let watch = Watch {
        vigil: Vigil::begin(&call.app, &call.caller, LOOKED_EVERY),
        result: args.result,
        first: Some(first),
        told: Json::Null,
        has_ended: false,
        app: call.app,
        caller: call.caller,
    };
    let stream = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((event, watch))
    });
    Ok(Answer::stream(events::response(stream)))
}

/// Somebody who watches a result being made.
struct Watch {
    app: App,
    caller: Caller,
    vigil: Vigil,
    result: RecordId,
    first: Option<Json>,
    told: Json,
    has_ended: bool,
}

impl Watch {
    /// The next event; none after the end.
    async fn next(&mut self) -> Option<Event> {
        if self.has_ended {
            return None;
        }
        if let Some(first) = self.first.take() {
            return Some(self.tell(first));
        }
        loop {
            // Whichever job it was: the result knows its own, and a look is cheap.
            if let Woken::Over(reason) = self.vigil.wake().await {
                return Some(self.end(reason));
            }
            let now = match self.app.engine.result_status(&self.caller, self.result).await {
                Ok(now) => now,
                Err(error) if error.is_temporary() => continue,
                // It was deleted.
                Err(_) => return Some(self.end("gone")),
            };
            if now != self.told {
                return Some(self.tell(now));
            }
        }
    }

    fn tell(&mut self, standing: Json) -> Event {
        let name = match standing["status"].as_str() {
            Some("completed") => "completed",
            Some("failed") => "failed",
            _ => "progress",
        };
        self.has_ended = name != "progress";
        let event = Event::default().event(name).data(standing.to_string());
        self.told = standing;
        event
    }

    fn end(&mut self, reason: &str) -> Event {
        self.has_ended = true;
        vigil::end(reason)
    }
}
