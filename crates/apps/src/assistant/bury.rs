//! The end of a run whose process died: what it had told is kept as an interrupted answer, and
//! whoever comes back to listen hears that.

use base::{MessageId, RunId, Timestamp};
use serde_json::json;
use store::{Tx, audit};

use super::{
    cite::Checker,
    event::{self, Event, Name},
    message::{self, Message, Role},
    place,
    run::{self, End, Run},
};

/// The code of an answer that does not become whole because its process is gone.
pub const INTERRUPTED: &str = "interrupted";

/// Ends a run that nobody makes any more. False when somebody does after all, or it has ended.
pub fn bury(tx: &Tx, id: RunId, now: Timestamp) -> Result<bool, store::Error> {
    tx.hold(&format!("assistant_runs:{id}"))?;
    let Some(run) = run::find(tx, id)?.filter(|it| run::is_lost(it, now)) else { return Ok(false) };
    let told = run::told(tx, id)?;
    let placed = place::put(tx, &run, answer(&run, &told, now), now)?;
    let seq = told.last().map_or(0, |it| it.seq);
    let mut last: Vec<Event> = Vec::new();
    let mut tell = |name, data: serde_json::Value| {
        let seq = seq + 1 + last.len() as u64;
        last.push(Event { seq, name, data: data.to_string().into() });
    };
    if let Some(answer) = placed.answer() {
        tell(Name::Saved, json!({"answer_message_id": answer, "state": "interrupted"}));
    }
    let failed = json!({
        "code": INTERRUPTED,
        "message": format!("The server stopped while it answered.{}", placed.words(INTERRUPTED)),
        "request_id": run.request,
        "chat_id": run.chat,
        "answer_message_id": placed.found(),
    });
    tell(Name::Error, failed);
    run::insert(tx, id, &last, now)?;
    let (error, answer) = (Some(INTERRUPTED.to_owned()), placed.answer());
    run::end(tx, id, &End { state: run::State::Failed, answer, tokens_used: None, error }, now)?;
    let summary = "Ended an answer whose process was gone".to_owned();
    tx.audit(audit::Entry::new(run.tenant, "answer_interrupted", format!("runs/{id}"), summary));
    Ok(true)
}

/// What was told of an answer, as a message, when there is something of it.
fn answer(run: &Run, told: &[Event], now: Timestamp) -> Option<Message> {
    let content = event::words(told);
    // Of a question that was not kept nothing is answered in the chat.
    let chat = run.chat.filter(|_| !content.is_empty() && run.question.is_some())?;
    let mut checker = Checker::new(u32::try_from(run.sources.len()).unwrap_or_default());
    checker.push(&content);
    checker.finish();
    let started = told.iter().rev().find(|it| it.name == Name::Start).map(Event::json);
    let model_used = started.and_then(|it| it["model_used"].as_str().map(str::to_owned));
    Some(Message {
        id: MessageId::generate(),
        tenant: run.tenant,
        chat,
        seq: 0,
        role: Role::Assistant,
        content,
        state: message::State::Interrupted,
        model_used,
        tokens_used: None,
        metadata: run.metadata.clone(),
        sources: run.sources.clone(),
        cited: checker.cited().collect(),
        followups: Vec::new(),
        run: Some(run.id),
        created_at: now,
    })
}
