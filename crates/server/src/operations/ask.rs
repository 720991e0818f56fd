//! Asking an assistant: the answer in one piece, or as it is written (SSE, WebSocket), and going on
//! with one after a connection was lost.

mod breach;
mod frames;
mod socket;

use std::time::Duration;

use apps::{
    ask::{AskPlace, AssistantAsk},
    assistant::{
        Follow, Whole,
        event::{self, Event, Name},
    },
};
use axum::response::sse;
use base::{ChatId, DocumentId, MessageId, Permission, RecordId, RunId, TenantId};
use futures::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;

use super::vigil;
use crate::{
    events,
    operation::{Answer, Call, Kind, Operation},
    problem::{Fault, Problem, look_up},
    stay::Stay,
};

pub(super) fn all() -> Vec<Operation> {
    let ask = Permission::UseAssistants;
    let mut all = vec![
        Operation::new(
            "ask.once",
            ask,
            Kind::One,
            "OneAnswer",
            "Asks a question that belongs to no chat.",
            once,
        )
        .patient(),
        Operation::new(
            "ask.chat",
            ask,
            Kind::One,
            "ChatAnswer",
            "Asks a question in a chat, which it begins when none is named, and waits for the answer.",
            chat,
        )
        .patient(),
        Operation::new(
            "ask.stream",
            ask,
            Kind::Events,
            "AnswerEvent",
            "Asks a question in a chat and tells the answer as it is written; with `Last-Event-ID` it goes on with one that was cut off.",
            stream_chat,
        ),
        Operation::new(
            "ask.again",
            ask,
            Kind::One,
            "ChatAnswer",
            "Asks the last question of a chat again; the new answer replaces the old one.",
            again,
        )
        .patient(),
        Operation::new(
            "ask.again_stream",
            ask,
            Kind::Events,
            "AnswerEvent",
            "Asks the last question of a chat again and tells the answer as it is written.",
            stream_again,
        ),
        Operation::new("runs.get", ask, Kind::One, "Run", "Shows how far an answer is.", run),
        Operation::new(
            "runs.events",
            ask,
            Kind::Events,
            "AnswerEvent",
            "Tells what happened while an answer is made, from the beginning or after `Last-Event-ID`.",
            run_events,
        ),
        Operation::new(
            "runs.stop",
            ask,
            Kind::One,
            "Run",
            "Stops an answer; what was written is kept and marked.",
            stop,
        ),
    ];
    all.push(socket::operation());
    all
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Ask {
    /// On whose account.
    tenant: Option<TenantId>,
    /// Which assistant; the only one when left out.
    assistant: Option<String>,
    /// What is asked; cut at a word when it is too long.
    question: Option<String>,
    /// The chat; a new one when left out.
    chat: Option<ChatId>,
    /// The record it is about, for an assistant that is asked about records; in a chat about one, that one.
    record: Option<RecordId>,
    /// Rules for this answer; one's own when left out.
    system_prompt: Option<String>,
    /// Words that go along.
    context: Option<String>,
    /// The manner of the answer.
    personality: Option<String>,
    /// Whether the web is searched too.
    web: Option<bool>,
    /// How the web is searched: `max_results`.
    web_settings: Option<Map<String, Json>>,
    /// Only in these documents.
    documents: Option<Vec<DocumentId>>,
    /// Only in documents with one of these tags.
    tags: Option<Vec<String>>,
}

/// Where a question stands that is asked here.
#[derive(Clone, Copy)]
enum Place {
    Alone,
    InChat,
    Again,
}

async fn begin(call: &Call, ask: Ask, place: Place) -> Result<Follow, Problem> {
    let missing = |field: &str| {
        Problem::faults("invalid_input", vec![Fault::new(format!("/{field}"), "is missing")])
    };
    let place = match (place, ask.chat) {
        (Place::Alone, _) => AskPlace::Alone,
        (Place::InChat, None) => AskPlace::New,
        (Place::InChat, Some(chat)) => AskPlace::Chat(chat),
        (Place::Again, Some(chat)) => AskPlace::Again(chat),
        (Place::Again, None) => return Err(missing("chat")),
    };
    let question = match (place, ask.question) {
        (AskPlace::Again(_), _) => String::new(),
        (_, Some(question)) => question,
        (_, None) => return Err(missing("question")),
    };
    let most = ask.web_settings.as_ref().and_then(|it| it.get("max_results")?.as_u64());
    let ask = AssistantAsk {
        tenant: call.tenant(ask.tenant)?,
        assistant: ask.assistant,
        question,
        place,
        record: ask.record,
        system_prompt: ask.system_prompt,
        context: ask.context,
        personality: ask.personality,
        web: ask.web.unwrap_or_default(),
        web_results: most.and_then(|it| usize::try_from(it).ok()),
        documents: ask.documents,
        tags: ask.tags.unwrap_or_default(),
    };
    Ok(call.app.engine.ask_assistant(&call.caller, ask).await?)
}

async fn once(call: Call, args: Ask) -> Result<Answer, Problem> {
    let begun = Instant::now();
    let follow = begin(&call, args, Place::Alone).await?;
    let whole = whole(&call, follow).await?;
    let last = &whole.last;
    let cited = last["citations"].as_array().map_or(0, Vec::len);
    Ok(Answer::one(json!({
        "answer": whole.text,
        "confidence": last["confidence"],
        "sources_used": cited,
        "citations": last["citations"],
        "followups": last["followups"],
        "context_used": last["context_used"],
        "model_used": last["model_used"],
        "tokens_used": last["tokens_used"],
        "quoting": last["quoting"],
        "request_id": last["request_id"],
        "input_truncated": last["input_truncated"],
        "processing_time_s": (begun.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
    })))
}

async fn chat(call: Call, args: Ask) -> Result<Answer, Problem> {
    let follow = begin(&call, args, Place::InChat).await?;
    whole_answer(&call, follow).await
}

#[derive(Deserialize, JsonSchema)]
struct Again {
    /// The chat.
    chat: ChatId,
    /// Rules for this answer; one's own when left out.
    system_prompt: Option<String>,
    /// Whether the web is searched too.
    web: Option<bool>,
}

impl From<Again> for Ask {
    fn from(again: Again) -> Self {
        Self {
            tenant: None,
            assistant: None,
            question: None,
            chat: Some(again.chat),
            record: None,
            system_prompt: again.system_prompt,
            context: None,
            personality: None,
            web: again.web,
            web_settings: None,
            documents: None,
            tags: None,
        }
    }
}

/// The question is asked on the account of the chat's tenant.
async fn of_chat(call: &Call, again: Again) -> Result<Ask, Problem> {
    let chat = call.app.engine.chat_get(&call.caller, again.chat).await?;
    let tenant = chat["tenant"].as_str().and_then(|it| it.parse().ok());
    Ok(Ask { tenant, ..again.into() })
}

async fn again(call: Call, args: Again) -> Result<Answer, Problem> {
    let ask = of_chat(&call, args).await?;
    let follow = begin(&call, ask, Place::Again).await?;
    whole_answer(&call, follow).await
}

async fn stream_chat(call: Call, args: Ask) -> Result<Answer, Problem> {
    if let Some(last) = &call.last_event {
        return resumed(&call, last).await;
    }
    let follow = begin(&call, args, Place::InChat).await?;
    Ok(told(&call, follow))
}

async fn stream_again(call: Call, args: Again) -> Result<Answer, Problem> {
    if let Some(last) = &call.last_event {
        return resumed(&call, last).await;
    }
    let ask = of_chat(&call, args).await?;
    let follow = begin(&call, ask, Place::Again).await?;
    Ok(told(&call, follow))
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The answer in the making.
    run: RunId,
}

async fn run(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.run_get(&call.caller, args.run).await?))
}

async fn run_events(call: Call, args: One) -> Result<Answer, Problem> {
    let after = match &call.last_event {
        None => 0,
        Some(last) => match event::read_id(last) {
            Some((run, after)) if run == args.run => after,
            _ => return Err(foreign_event()),
        },
    };
    let follow = call.app.engine.follow(&call.caller, args.run, after).await?;
    Ok(told(&call, follow))
}

async fn stop(call: Call, args: One) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.run_stop(&call.caller, args.run).await?))
}

/// Goes on with an answer after the last event that was heard.
async fn resumed(call: &Call, last: &str) -> Result<Answer, Problem> {
    let (run, after) = event::read_id(last).ok_or_else(foreign_event)?;
    let follow = call.app.engine.follow(&call.caller, run, after).await?;
    Ok(told(call, follow))
}

fn foreign_event() -> Problem {
    let fault = Fault::new("/Last-Event-ID", "is no id of an event of this answer");
    Problem::faults("invalid_input", vec![fault])
}

/// The question and its answer, as they were kept.
async fn whole_answer(call: &Call, follow: Follow) -> Result<Answer, Problem> {
    let chat = follow.chat();
    let whole = whole(call, follow).await?;
    let last = &whole.last;
    let id = |name: &str| -> Option<MessageId> { last[name].as_str()?.parse().ok() };
    let turn = [id("question_message_id"), id("answer_message_id")];
    let [question, answer] = match chat {
        Some(chat) => call.app.engine.chat_turn(&call.caller, chat, turn).await?,
        None => [None, None],
    };
    Ok(Answer::one(json!({
        "chat_id": chat,
        "run": whole.run,
        "request_id": last["request_id"],
        "question_message": question,
        "answer_message": answer,
        "model_used": last["model_used"],
        "tokens_used": last["tokens_used"],
        "input_truncated": last["input_truncated"],
        "original_question_length": last["original_question_length"],
        "used_question_length": last["used_question_length"],
        "citations": last["citations"],
        "followups": last["followups"],
        "context_used": last["context_used"],
        "confidence": last["confidence"],
        "quoting": last["quoting"],
    })))
}

/// The whole of an answer, as long as somebody waits for it. Nobody listens any more when the caller
/// has hung up, and after a while the model is stopped.
async fn whole(call: &Call, follow: Follow) -> Result<Whole, Problem> {
    tokio::select! {
        biased;
        whole = follow.whole() => waited_for(whole?),
        () = call.visit.left.cancelled() => {
            Err(Problem::new("cancelled", "Nobody waits for the answer any more."))
        }
    }
}

/// The whole of an answer, or what went wrong with it.
fn waited_for(whole: Whole) -> Result<Whole, Problem> {
    if whole.is_done {
        return Ok(whole);
    }
    let last = &whole.last;
    let known = look_up(last["code"].as_str().unwrap_or_default());
    let message = last["message"].as_str().unwrap_or("The answer did not become whole.");
    let problem = Problem::new(known.code, message);
    Err(match last["retry_after_s"].as_u64() {
        Some(seconds) => problem.retry_after(Duration::from_secs(seconds)),
        None => problem,
    })
}

/// An answer as it is written: events with ids, by which a client goes on after it was cut off. It ends with the session
/// or the key of who listens; the answer goes on.
fn told(call: &Call, follow: Follow) -> Answer {
    let (run, stay) = (follow.run(), Stay::of(&call.app, &call.caller));
    let stream = stream::unfold(Some((follow, stay)), move |open| async move {
        let (mut follow, mut stay) = open?;
        loop {
            tokio::select! {
                biased;
                () = stay.due() => if stay.is_over().await {
                    return Some((vigil::end("session_ended"), None));
                },
                event = heard(&mut follow) => {
                    let event = event?;
                    let told = sse::Event::default()
                        .event(event.name.name())
                        .id(event.id(run))
                        .data(data(&event));
                    return Some((told, (!event.is_last()).then_some((follow, stay))));
                }
            }
        }
    });
    Answer::stream(events::response(stream))
}

/// The next event. A database that is away for a moment is waited for.
async fn heard(follow: &mut Follow) -> Option<Event> {
    const TRIES: u32 = 5;
    for tries in 0..TRIES {
        match follow.next().await {
            Ok(event) => return event,
            Err(error) if tries + 1 < TRIES && error.is_temporary() => {
                tokio::time::sleep(Duration::from_millis(200 << tries)).await;
            }
            Err(error) => {
                tracing::warn!(error = %error, "Could not read on in an answer");
                // The connection ends; the client comes back with the last id it has.
                return None;
            }
        }
    }
    None
}

/// What is told of an event; of an error its HTTP status too, which only this room knows.
fn data(event: &Event) -> String {
    if event.name != Name::Error {
        return event.data.to_string();
    }
    let mut told = event.json();
    let code = told["code"].as_str().unwrap_or_default().to_owned();
    told["status_code"] = look_up(&code).status.into();
    told.to_string()
}
