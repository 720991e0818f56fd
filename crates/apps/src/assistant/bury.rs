//! The end of a run whose process died: what it had told is kept as an interrupted answer, and
//! whoever comes back to listen hears that.

use base::{MessageId, RunId, Timestamp};
use serde_json::json;
use store::{Tx, audit};

use super::{
    chat,
    cite::Checker,
    event::{self, Event, Name},
    message::{self, Message, Role},
    run::{self, End, Run},
};

/// The code of an answer that does not become whole because its process is gone.
pub const INTERRUPTED: &str = "interrupted";

/// Ends a run that nobody makes any more. False when somebody does after all, or it has ended.
pub fn bury(tx: &Tx, id: RunId, now: Timestamp) -> Result<bool, store::Error> {
    tx.hold(&format!("assistant_runs:{id}"))?;
    let Some(run) = run::find(tx, id)?.filter(|it| run::is_lost(it, now)) else { return Ok(false) };
    let told = run::told(tx, id)?;
    let answer = keep_answer(tx, &run, &told, now)?;
    let seq = told.last().map_or(0, |it| it.seq);
    let mut last: Vec<Event> = Vec::new();
    let mut tell = |name, data: serde_json::Value| {
        let seq = seq + 1 + last.len() as u64;
        last.push(Event { seq, name, data: data.to_string().into() });
    };
    if let Some(answer) = answer {
        tell(Name::Saved, json!({"answer_message_id": answer, "state": "interrupted"}));
    }
    let words = "The server stopped while it answered. What was written until then is kept.";
    tell(Name::Error, json!({"code": INTERRUPTED, "message": words, "request_id": run.request}));
    run::insert(tx, id, &last, now)?;
    let error = Some(INTERRUPTED.to_owned());
    run::end(tx, id, &End { state: run::State::Failed, answer, tokens_used: None, error }, now)?;
    let summary = "Ended an answer whose process was gone".to_owned();
    tx.audit(audit::Entry::new(run.tenant, "answer_interrupted", format!("runs/{id}"), summary));
    Ok(true)
}

/// Keeps what was told of an answer, when there is something and its chat is still there.
fn keep_answer(
    tx: &Tx,
    run: &Run,
    told: &[Event],
    now: Timestamp,
) -> Result<Option<MessageId>, store::Error> {
    let content = event::words(told);
    let (Some(chat), false) = (run.chat, content.is_empty()) else { return Ok(None) };
    message::hold(tx, chat)?;
    if run.question.is_none() || !chat::touch(tx, chat, now)? {
        return Ok(None);
    }
    if let Some(replaced) = run.replaces {
        message::remove(tx, chat, replaced)?;
    }
    let mut checker = Checker::new(run.sources.len() as u32);
    checker.push(&content);
    checker.finish();
    let started = told.iter().rev().find(|it| it.name == Name::Start).map(Event::json);
    let model_used = started.and_then(|it| it["model_used"].as_str().map(str::to_owned));
    let answer = Message {
        id: MessageId::generate(),
        tenant: run.tenant,
        chat,
        seq: message::next_seq(tx, chat)?,
        role: Role::Assistant,
        content,
        state: message::State::Interrupted,
        model_used,
        tokens_used: None,
        metadata: run.metadata.clone(),
        sources: run.sources.clone(),
        cited: checker.cited().collect(),
        run: Some(run.id),
        created_at: now,
    };
    message::add(tx, &answer)?;
    Ok(Some(answer.id))
}
