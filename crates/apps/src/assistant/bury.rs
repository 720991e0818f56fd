//! The end of a run whose process died: an answer that was spoken whole is kept as one, anything else
//! that was told as an interrupted answer, and whoever comes back to listen hears that.

use base::{MessageId, RunId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Tx, audit};

use super::{
    answer::ending::{self, Ending, KeepError},
    cite::Checker,
    event::{self, Event, Name},
    message::{self, Message, Role},
    place,
    run::{self, End, Run},
    spoken::Spoken,
};

/// The code of an answer that does not become whole because its process is gone.
pub const INTERRUPTED: &str = "interrupted";

/// Ends a run that nobody makes any more. False when somebody does after all, or it has ended.
pub fn bury(tx: &Tx, id: RunId, now: Timestamp) -> Result<bool, store::Error> {
    tx.hold(&format!("assistant_runs:{id}"))?;
    let Some(lost) = run::find(tx, id)?.filter(|it| run::is_lost(it, now)) else {
        return Ok(false);
    };
    // In the order in which whoever makes it takes them.
    if let Some(chat) = lost.chat {
        message::hold(tx, chat)?;
    }
    // Should its process be back after all, it has kept what it had, and can keep nothing more.
    if !run::keep(tx, id, &lost.holder, &[], now)? {
        return Ok(false);
    }
    let Some(run) = run::find(tx, id)? else { return Ok(false) };
    let told = run::told(tx, id)?;
    match run.spoken.clone() {
        Some(spoken) => complete(tx, run, spoken, &told, now)?,
        None => interrupt(tx, &run, &told, now)?,
    }
    Ok(true)
}

/// Ends an answer that was spoken whole as the good one that it is. What could be asked next is left out.
fn complete(
    tx: &Tx,
    run: Run,
    spoken: Spoken,
    told: &[Event],
    now: Timestamp,
) -> Result<(), store::Error> {
    let answer = message(&run, event::words(told), now).map(|said| Message {
        state: message::State::Whole,
        model_used: spoken.model_used,
        tokens_used: spoken.tokens_used,
        metadata: spoken.metadata,
        cited: spoken.cited,
        ..said
    });
    let mut rest: Vec<Event> = Vec::new();
    let followups = (Name::Followups, json!({"followups": []}));
    let usage = spoken.usage.map(|it| (Name::Usage, it));
    for (name, data) in [followups].into_iter().chain(usage) {
        tell(&mut rest, told, name, &data);
    }
    let holder = run.holder.clone();
    let ending = Ending {
        run,
        count: rest.last().or(told.last()).map_or(0, |it| it.seq),
        told: rest,
        answer,
        state: run::State::Done,
        error: None,
        tokens: spoken.tokens_used,
        last: (Name::Done, spoken.done),
        messages_max: spoken.messages_max,
    };
    match ending::keep(tx, ending, &holder, now) {
        Ok(_) => Ok(()),
        Err(KeepError::Store(error)) => Err(error),
        Err(lost @ KeepError::Lost) => Err(store::Error::Constraint { what: lost.to_string() }),
    }
}

/// Ends an answer in the middle of its words, or before there were any.
fn interrupt(tx: &Tx, run: &Run, told: &[Event], now: Timestamp) -> Result<(), store::Error> {
    let placed = place::put(tx, run, answer(run, told, now), now)?;
    let mut last: Vec<Event> = Vec::new();
    if let Some(answer) = placed.answer() {
        let saved = json!({"answer_message_id": answer, "state": "interrupted"});
        tell(&mut last, told, Name::Saved, &saved);
    }
    let failed = json!({
        "code": INTERRUPTED,
        "message": format!("The server stopped while it answered.{}", placed.words(INTERRUPTED)),
        "request_id": run.request,
        "chat_id": run.chat,
        "answer_message_id": placed.found(),
    });
    tell(&mut last, told, Name::Error, &failed);
    run::insert(tx, run.id, &last, now)?;
    let (error, answer) = (Some(INTERRUPTED.to_owned()), placed.answer());
    let end = End { state: run::State::Failed, answer, tokens_used: None, error };
    run::end(tx, run.id, &end, now)?;
    let (subject, summary) = (format!("runs/{}", run.id), "Ended an answer whose process was gone");
    tx.audit(audit::Entry::new(run.tenant, "answer_interrupted", subject, summary));
    Ok(())
}

/// Adds an event to `last`, which come behind those that were told.
fn tell(last: &mut Vec<Event>, told: &[Event], name: Name, data: &Json) {
    let seq = told.last().map_or(0, |it| it.seq) + 1 + last.len() as u64;
    last.push(Event { seq, name, data: data.to_string().into() });
}

/// What was told of an answer, as a message, when there is something of it.
fn answer(run: &Run, told: &[Event], now: Timestamp) -> Option<Message> {
    let content = Some(event::words(told)).filter(|it| !it.is_empty())?;
    let mut checker = Checker::new(u32::try_from(run.sources.len()).unwrap_or_default());
    checker.push(&content);
    checker.finish();
    let started = told.iter().rev().find(|it| it.name == Name::Start).map(Event::json);
    let model_used = started.and_then(|it| it["model_used"].as_str().map(str::to_owned));
    let cited = checker.cited().collect();
    Some(Message { model_used, cited, ..message(run, content, now)? })
}

/// These words as an interrupted answer of which nothing else is known, when there is a place for it.
fn message(run: &Run, content: String, now: Timestamp) -> Option<Message> {
    // Of a question that was not kept nothing is answered in the chat.
    let chat = run.chat.filter(|_| run.question.is_some())?;
    Some(Message {
        id: MessageId::generate(),
        tenant: run.tenant,
        chat,
        seq: 0,
        role: Role::Assistant,
        content,
        state: message::State::Interrupted,
        model_used: None,
        tokens_used: None,
        metadata: run.metadata.clone(),
        sources: run.sources.clone(),
        cited: Vec::new(),
        followups: Vec::new(),
        run: Some(run.id),
        created_at: now,
    })
}
