//! A conversation over a WebSocket: questions in, answers out as they are written, one at a time.
//!
//! A connection that is lost leaves its answer going on for a while; whoever connects again says
//! `resume` with the last id it has heard, here or at another server of the house.

use std::time::Duration;

use apps::{
    ask::{AskPlace, AssistantAsk},
    assistant::{Follow, event},
    description::LimitPer,
};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use base::{
    Permission, TenantId,
    metric::{Counter, Gauge},
};
use bytes::Bytes;
use futures::SinkExt;
use identity::Caller;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::{
    breach,
    frames::{self, Question, Said, Telling, frame},
    heard,
};
use crate::{
    App,
    events::HEARTBEAT,
    limit::{self, Place},
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
    stay::Stay,
};

static OPENED: Counter =
    Counter::new("websocket_connections_total", "WebSockets that were opened.", &[]);
static OPEN: Gauge = Gauge::new("websocket_connections_open", "WebSockets that are open.", &[]);

/// What a browser offers beside its token, and what is agreed on.
const PROTOCOL: &str = "mainstay";
/// The largest frame that a client may send.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// A client that says nothing for this long, not even that it is there, is gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// After this long a connection is to be opened anew, so that who may no longer ask stops asking.
const TALKED_FOR: Duration = Duration::from_secs(15 * 60);
/// A client that does not take a frame for this long is gone.
const SENT_WITHIN: Duration = Duration::from_secs(10);
/// So long who broke a rule, or may not stay, may hear why. A connection that ends with something unread in it is reset,
/// and what the other side has not read by then may be lost.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

pub(super) fn operation() -> Operation {
    Operation::new(
        "ask.socket",
        Permission::UseAssistants,
        Kind::Socket,
        "",
        "Opens a WebSocket on which questions are asked and answers come as they are written.",
        open,
    )
}

#[derive(Deserialize, JsonSchema)]
struct Open {
    /// On whose account.
    tenant: Option<TenantId>,
    /// Which assistant, where a question names none.
    assistant: Option<String>,
}

async fn open(mut call: Call, args: Open) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let upgrade = call.socket.take().ok_or_else(|| {
        Problem::internal("a WebSocket was asked for without a request that could become one")
    })?;
    let Call { app, caller, last_event, .. } = call;
    let changes = app.changes.clone();
    let talk = Talk {
        stay: Stay::of(&app, &caller),
        app,
        caller,
        tenant,
        assistant: args.assistant,
        current: None,
        places: Vec::new(),
        terms: Terms::from(Instant::now()),
    };
    let response = upgrade
        .protocols([PROTOCOL])
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        // Stopping waits for it.
        .on_upgrade(move |socket| changes.track_future(talk.go_on(socket, last_event)));
    Ok(Answer::stream(response))
}

struct Talk {
    app: App,
    caller: Caller,
    stay: Stay,
    tenant: TenantId,
    assistant: Option<String>,
    current: Option<(Follow, Telling)>,
    /// What the answer that is being written takes up of limits on how many there may be at once.
    places: Vec<Place>,
    terms: Terms,
}

/// How long a connection is good for.
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// Nothing more is asked after this.
    until: Instant,
    /// When the client last said something.
    heard_at: Instant,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Its client is gone.
    Silent,
    /// It is to be opened anew.
    Renew,
}

impl Terms {
    fn from(now: Instant) -> Self {
        Self { until: now + TALKED_FOR, heard_at: now }
    }

    /// May something more be asked, or gone on with?
    fn take_more(&self, now: Instant) -> bool {
        now <= self.until
    }

    /// Does the connection end now? One on which an answer is being written waits for its end: there is
    /// no other after it.
    fn over(&self, now: Instant, is_answering: bool) -> Option<Over> {
        if now.duration_since(self.heard_at) > SILENCE_MAX {
            return Some(Over::Silent);
        }
        (!is_answering && !self.take_more(now)).then_some(Over::Renew)
    }
}

/// The client is gone.
struct Gone;

/// What comes next in a conversation.
enum Next {
    Heard(Option<Result<Message, axum::Error>>),
    Told(Option<event::Event>),
    Tick,
    Look,
    Stopping,
}

impl Talk {
    async fn go_on(mut self, mut socket: WebSocket, last_event: Option<String>) {
        OPENED.increment(&[]);
        OPEN.add(1.0, &[]);
        // Who is gone is told nothing more.
        let _ = self.talk(&mut socket, last_event).await;
        OPEN.add(-1.0, &[]);
    }

    async fn talk(
        &mut self,
        socket: &mut WebSocket,
        last_event: Option<String>,
    ) -> Result<(), Gone> {
        let mut ticks: Interval = tokio::time::interval(HEARTBEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        let hello = json!({"message": "Connected", "assistant": self.assistant});
        self.say(socket, "connected", &hello).await?;
        if let Some(last) = last_event {
            self.resume(socket, &last).await?;
        }
        loop {
            let stopping = self.app.stopping.clone();
            let next = tokio::select! {
                biased;
                () = stopping.cancelled(), if self.current.is_none() => Next::Stopping,
                () = self.stay.due() => Next::Look,
                told = told(&mut self.current) => Next::Told(told),
                heard = socket.recv() => Next::Heard(heard),
                _ = ticks.tick() => Next::Tick,
            };
            match next {
                Next::Stopping => return close(socket, 1001, "the server stops").await,
                Next::Look => {
                    if self.stay.is_over().await {
                        return dismiss(socket, 1008, "session_ended").await;
                    }
                }
                Next::Told(event) => self.tell(socket, event).await?,
                Next::Heard(Some(Ok(message))) => {
                    self.terms.heard_at = Instant::now();
                    match message {
                        Message::Text(text) => self.answer(socket, text.as_str()).await?,
                        Message::Binary(_) => self.refuse(socket, "Invalid JSON format").await?,
                        Message::Close(_) => return part(socket).await,
                        Message::Ping(_) | Message::Pong(_) => {}
                    }
                }
                Next::Heard(Some(Err(error))) => return break_off(socket, error).await,
                Next::Heard(None) => return Err(Gone),
                Next::Tick => send(socket, Message::Ping(Bytes::new())).await?,
            }
            match self.terms.over(Instant::now(), self.current.is_some()) {
                Some(Over::Silent) => return Err(Gone),
                Some(Over::Renew) => return close(socket, 1000, "renew").await,
                None => {}
            }
        }
    }

    /// Does what a client says.
    async fn answer(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), Gone> {
        match frames::read(text) {
            Err(why) => self.refuse(socket, &why).await,
            Ok(Said::Ping) => self.say(socket, "pong", &json!({})).await,
            Ok(Said::Resume(_) | Said::Question(_)) if !self.terms.take_more(Instant::now()) => {
                self.refuse(socket, "Connect anew, and say it again there").await
            }
            Ok(Said::Resume(last)) => self.resume(socket, &last).await,
            Ok(Said::Cancel) => match &self.current {
                None => self.refuse(socket, "There is nothing to cancel").await,
                Some((_, telling)) => {
                    let stopped = self.app.engine.run_stop(&self.caller, telling.run()).await;
                    match stopped {
                        // The answer itself tells that it was stopped.
                        Ok(_) => Ok(()),
                        Err(error) => self.fail(socket, error.into()).await,
                    }
                }
            },
            Ok(Said::Question(_)) if self.current.is_some() => {
                let why = "An answer is being written; wait for it, or send `cancel`";
                self.refuse(socket, why).await
            }
            Ok(Said::Question(question)) => self.ask(socket, *question).await,
        }
    }

    async fn ask(&mut self, socket: &mut WebSocket, question: Question) -> Result<(), Gone> {
        let ask = AssistantAsk {
            tenant: self.tenant,
            assistant: question.assistant.or_else(|| self.assistant.clone()),
            question: question.question,
            place: question.chat_id.map_or(AskPlace::New, AskPlace::Chat),
            record: question.record,
            system_prompt: question.system_prompt,
            context: question.context,
            personality: question.personality,
            web: question.web_search_enabled,
            web_results: None,
            documents: None,
            tags: Vec::new(),
        };
        let begun = match self.admitted() {
            Err(problem) => Err(problem),
            Ok(places) => match self.app.engine.ask_assistant(&self.caller, ask).await {
                Ok(follow) => Ok((follow, places)),
                Err(error) => Err(error.into()),
            },
        };
        match begun {
            Ok((follow, places)) => {
                let telling = Telling::new(follow.run(), 0);
                self.current = Some((follow, telling));
                self.places = places;
                Ok(())
            }
            Err(problem) => self.fail(socket, problem).await,
        }
    }

    /// A question counts as one that is asked by `ask.stream` does.
    fn admitted(&self) -> Result<Vec<Place>, Problem> {
        let ask = limit::Ask {
            operation: "ask.stream",
            is_declared: true,
            caller: &self.caller,
            tenant: Some(self.tenant),
        };
        let per = [LimitPer::Caller, LimitPer::Address, LimitPer::Tenant];
        Ok(self.app.limits.admit(ask, &per)?.0)
    }

    /// Goes on with an answer. It is read from its beginning, because the last frame holds the whole.
    async fn resume(&mut self, socket: &mut WebSocket, last: &str) -> Result<(), Gone> {
        let Some((run, known)) = event::read_id(last) else {
            return self.refuse(socket, "`last_event_id` is no id of an event").await;
        };
        match self.app.engine.follow(&self.caller, run, 0).await {
            Ok(follow) => {
                self.current = Some((follow, Telling::new(run, known)));
                Ok(())
            }
            Err(error) => self.fail(socket, error.into()).await,
        }
    }

    async fn tell(
        &mut self,
        socket: &mut WebSocket,
        event: Option<event::Event>,
    ) -> Result<(), Gone> {
        let now = self.app.clock.now();
        let Some(event) = event else {
            // It could not be read on: the client comes back with the last id it has.
            self.end();
            close(socket, 1011, "resume").await?;
            return Err(Gone);
        };
        let Some((_, telling)) = &mut self.current else { return Ok(()) };
        let frame = telling.frame(&event, now);
        if event.is_last() {
            self.end();
        }
        match frame {
            Some(frame) => send(socket, Message::text(frame)).await,
            None => Ok(()),
        }
    }

    /// Nothing is being written any more.
    fn end(&mut self) {
        self.current = None;
        self.places.clear();
    }

    async fn refuse(&self, socket: &mut WebSocket, why: &str) -> Result<(), Gone> {
        let told = json!({"message": why, "code": "invalid_input", "status_code": 422});
        self.say(socket, "error", &told).await
    }

    async fn fail(&self, socket: &mut WebSocket, problem: Problem) -> Result<(), Gone> {
        if let Some(cause) = problem.cause() {
            tracing::warn!(problem.code = problem.code(), problem.cause = %cause, "Could not ask over a WebSocket");
        }
        let told = json!({
            "message": problem.detail(),
            "code": problem.code(),
            "status_code": problem.status(),
            "retry_after_s": problem.comes_back_in().map(|it| it.as_secs_f64().ceil() as u64),
        });
        self.say(socket, "error", &told).await
    }

    async fn say(&self, socket: &mut WebSocket, kind: &str, fields: &Json) -> Result<(), Gone> {
        send(socket, Message::text(frame(kind, self.app.clock.now(), fields))).await
    }
}

/// The next event of the answer that is being written; never where there is none.
async fn told(current: &mut Option<(Follow, Telling)>) -> Option<event::Event> {
    match current {
        Some((follow, _)) => heard(follow).await,
        None => std::future::pending().await,
    }
}

/// Who does not read is not waited for: the answer is given up like that of anybody who is gone.
async fn send(socket: &mut WebSocket, message: Message) -> Result<(), Gone> {
    match tokio::time::timeout(SENT_WITHIN, socket.send(message)).await {
        Ok(sent) => sent.map_err(|_| Gone),
        Err(_) => Err(Gone),
    }
}

/// The answer to a client that leaves is made where it is heard; sent it is here.
async fn part(socket: &mut WebSocket) -> Result<(), Gone> {
    match tokio::time::timeout(SENT_WITHIN, SinkExt::flush(socket)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

/// Ends what cannot be gone on with, and says why where there is somebody to hear it.
async fn break_off(socket: &mut WebSocket, error: axum::Error) -> Result<(), Gone> {
    let Some((code, reason)) = breach::of(error) else { return Err(Gone) };
    dismiss(socket, code, reason).await
}

/// Ends a connection whose client may be saying something at this moment.
async fn dismiss(socket: &mut WebSocket, code: u16, reason: &'static str) -> Result<(), Gone> {
    close(socket, code, reason).await?;
    tokio::time::sleep(HEARD_WITHIN).await;
    Ok(())
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) -> Result<(), Gone> {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    send(socket, Message::Close(Some(frame))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_opened_anew_in_time_however_busy_it_is() {
        let begun = Instant::now();
        let mut terms = Terms::from(begun);
        let almost = begun + TALKED_FOR;
        terms.heard_at = almost;
        assert!(terms.take_more(almost));
        assert_eq!((terms.over(almost, false), terms.over(almost, true)), (None, None));
        let later = almost + Duration::from_secs(1);
        assert!(!terms.take_more(later), "nothing more is asked on it");
        assert_eq!(terms.over(later, true), None, "the last answer is written to its end");
        assert_eq!(terms.over(later, false), Some(Over::Renew));
    }

    #[test]
    fn who_says_nothing_is_gone_whatever_is_written() {
        let begun = Instant::now();
        let terms = Terms::from(begun);
        assert_eq!(terms.over(begun + SILENCE_MAX, true), None);
        let later = begun + SILENCE_MAX + Duration::from_secs(1);
        assert_eq!(
            (terms.over(later, true), terms.over(later, false)),
            (Some(Over::Silent), Some(Over::Silent))
        );
    }
}
