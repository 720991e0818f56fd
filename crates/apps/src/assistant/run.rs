//! Runs: answers in the making, and what was told of each.
//!
//! A run belongs to a process, which says every few seconds that it is still at it. What it tells is
//! kept before it is told, in groups; a process that lost its run to another can keep nothing more.
//! Start at [`begin`], [`keep`] and [`end`]; a run whose process died is ended by [`super::bury`].

use base::{ChatId, MessageId, RunId, TenantId, Timestamp};
use identity::Reach;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, params};

use super::{
    AssistantError,
    chat::Whose,
    cite::Source,
    event::{self, Event},
    message::{self, names},
    spoken::Spoken,
};
use crate::record::Bindings;

/// A run whose process was silent for this long has lost it.
pub const LEASE: SignedDuration = SignedDuration::from_secs(15);

/// How many groups of events are read at once.
const GROUPS_MAX: u32 = 200;

/// An answer in the making, or one that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Which one.
    pub id: RunId,
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose: as the audit log writes actors.
    pub owner: String,
    /// Who answers.
    pub assistant: String,
    /// In which chat; none for a question without one.
    pub chat: Option<ChatId>,
    /// What clients know it by: `req_` and twelve digits.
    pub request: String,
    /// How far it is.
    pub state: State,
    /// The question, once it is kept.
    pub question: Option<MessageId>,
    /// The answer, once it is kept.
    pub answer: Option<MessageId>,
    /// The answer that this one stands in for.
    pub replaces: Option<MessageId>,
    /// The sources that the model was given.
    pub sources: Vec<Source>,
    /// How the answer is made.
    pub metadata: Json,
    /// The answer, once all of it is spoken and its end is not kept yet.
    pub spoken: Option<Spoken>,
    /// The process that makes it.
    pub holder: String,
    /// How often vectors were searched for it.
    pub searches: u32,
    /// Tokens that it took.
    pub tokens_used: Option<u64>,
    /// The code of what went wrong.
    pub error: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When its process last said that it is at it.
    pub beat_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

names! {
    /// How far a run is.
    State {
        /// The answer is being made.
        Running = "running",
        /// It is whole.
        Done = "done",
        /// It does not become whole.
        Failed = "failed",
        /// Somebody stopped it, or nobody listened.
        Cancelled = "cancelled",
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// In which state.
    pub state: State,
    /// The answer, when something of it was kept.
    pub answer: Option<MessageId>,
    /// Tokens that it took.
    pub tokens_used: Option<u64>,
    /// The code of what went wrong.
    pub error: Option<String>,
}

/// Writes down that an answer is being made.
pub fn begin(tx: &Tx, run: &Run) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO assistant_runs
            (id, tenant, owner, assistant, chat, request, state, replaces, sources, metadata, holder,
             cancel_asked, searches, started_at, beat_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, '[]', $8, $9, 0, 0, $10, $10)",
        &params![
            run.id,
            run.tenant,
            &run.owner,
            &run.assistant,
            run.chat,
            &run.request,
            run.replaces,
            &run.metadata,
            &run.holder,
            run.started_at
        ],
    )?;
    Ok(())
}

/// Notes what was found for the question, and which message it is.
pub fn found(tx: &Tx, run: &Run) -> Result<(), store::Error> {
    tx.execute(
        "UPDATE assistant_runs
            SET sources = $2, metadata = $3, question_message = $4, searches = $5 WHERE id = $1",
        &params![run.id, json!(run.sources), &run.metadata, run.question, run.searches],
    )?;
    Ok(())
}

/// Keeps what is about to be told. False when the run is not this process's any more: then nothing
/// is kept, and nothing may be told.
pub fn keep(
    tx: &Tx,
    run: RunId,
    holder: &str,
    events: &[Event],
    now: Timestamp,
) -> Result<bool, store::Error> {
    let held = tx.execute(
        "UPDATE assistant_runs SET beat_at = $3
          WHERE id = $1 AND holder = $2 AND state = 'running'",
        &params![run, holder, now],
    )?;
    if held == 0 {
        return Ok(false);
    }
    insert(tx, run, events, now)?;
    Ok(true)
}

/// Writes a group of events.
pub(super) fn insert(
    tx: &Tx,
    run: RunId,
    events: &[Event],
    now: Timestamp,
) -> Result<(), store::Error> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
    tx.execute(
        "INSERT INTO assistant_events (run, first, last, events, at) VALUES ($1, $2, $3, $4, $5)",
        &params![run, first.seq, last.seq, event::pack(events), now],
    )?;
    Ok(())
}

/// Ends a run. False when it had ended before.
pub fn end(tx: &Tx, run: RunId, end: &End, now: Timestamp) -> Result<bool, store::Error> {
    let ended = tx.execute(
        "UPDATE assistant_runs
            SET state = $2, answer_message = $3, tokens_used = $4, error = $5, ended_at = $6,
                beat_at = $6, sources = '[]', spoken = NULL
          WHERE id = $1 AND state = 'running'",
        &params![run, end.state.name(), end.answer, end.tokens_used, &end.error, now],
    )?;
    Ok(ended == 1)
}

/// A run of this person.
///
/// # Errors
/// [`AssistantError::NoSuchRun`] also for somebody else's.
pub fn get(db: &Db, whose: &Whose, id: RunId) -> Result<Run, AssistantError> {
    let run = find(db, id)?.filter(|it| it.owner == whose.owner);
    run.filter(|it| whose.reach.includes(Reach::Tenant(it.tenant)))
        .ok_or(AssistantError::NoSuchRun(id))
}

/// A run, whoever's it is.
pub(super) fn find(db: &Db, id: RunId) -> Result<Option<Run>, store::Error> {
    let sql = "SELECT * FROM assistant_runs WHERE id = $1";
    db.first(sql, &params![id])?.as_ref().map(read).transpose()
}

/// The runs that are under way in a chat.
pub fn of_chat(db: &Db, chat: ChatId) -> Result<Vec<Run>, store::Error> {
    let sql = "SELECT * FROM assistant_runs WHERE chat = $1 AND state = 'running' ORDER BY id";
    db.query(sql, &params![chat])?.iter().map(read).collect()
}

/// What was told of a run after the event of this number, as far as it is read at once.
pub fn told_after(db: &Db, run: RunId, after: u64) -> Result<Vec<Event>, store::Error> {
    let rows = db.query(
        "SELECT first, events FROM assistant_events WHERE run = $1 AND last > $2
          ORDER BY first LIMIT $3",
        &params![run, after, GROUPS_MAX],
    )?;
    let mut told = Vec::new();
    for row in rows {
        let text: String = row.get("events")?;
        let events = event::unpack(&text, row.get("first")?);
        told.extend(events.into_iter().filter(|it| it.seq > after));
    }
    Ok(told)
}

/// Everything that was told of a run.
pub(super) fn told(db: &Db, run: RunId) -> Result<Vec<Event>, store::Error> {
    let mut all: Vec<Event> = Vec::new();
    loop {
        let more = told_after(db, run, all.last().map_or(0, |it| it.seq))?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

/// Asks whoever makes the answer to stop. False when nobody does.
pub fn ask_to_stop(tx: &Tx, id: RunId) -> Result<bool, store::Error> {
    let sql = "UPDATE assistant_runs SET cancel_asked = 1 WHERE id = $1 AND state = 'running'";
    Ok(tx.execute(sql, &params![id])? == 1)
}

/// Asks everybody to stop who makes an answer in this chat, and says which answers those are. Whoever
/// begins another one in the same transaction is the only one who goes on. Holds the chat.
pub fn stop_in(tx: &Tx, chat: ChatId) -> Result<Vec<Run>, store::Error> {
    message::hold(tx, chat)?;
    let running = of_chat(tx, chat)?;
    for run in &running {
        ask_to_stop(tx, run.id)?;
    }
    Ok(running)
}

/// Does nobody want this run stopped?
pub fn is_wanted(db: &Db, id: RunId) -> Result<bool, store::Error> {
    let row = db.first("SELECT cancel_asked FROM assistant_runs WHERE id = $1", &params![id])?;
    let asked = row.map(|it| it.get::<bool>("cancel_asked")).transpose()?;
    Ok(asked == Some(false))
}

/// How many runs one statement says to be alive.
const BEATEN_AT_ONCE: usize = 200;

/// This process is still at these runs, and at no others: one that it has lost sight of is not kept
/// alive by the rest. Returns those of them that somebody wants stopped.
pub fn beat(
    tx: &Tx,
    holder: &str,
    runs: &[RunId],
    now: Timestamp,
) -> Result<Vec<RunId>, store::Error> {
    let mut unwanted = Vec::new();
    for some in runs.chunks(BEATEN_AT_ONCE) {
        let mut bind = Bindings::default();
        let (at, holder) = (bind.put(now), bind.put(holder));
        let places: Vec<String> = some.iter().map(|it| bind.put(*it)).collect();
        let places = places.join(", ");
        let beat = format!(
            "UPDATE assistant_runs SET beat_at = {at}
              WHERE holder = {holder} AND state = 'running' AND id IN ({places})"
        );
        tx.execute(beat.as_str(), &bind.0)?;
        let mut bind = Bindings::default();
        let places: Vec<String> = some.iter().map(|it| bind.put(*it)).collect();
        let places = places.join(", ");
        let asked = format!(
            "SELECT id FROM assistant_runs
              WHERE state = 'running' AND cancel_asked = 1 AND id IN ({places})"
        );
        for row in tx.query(asked.as_str(), &bind.0)? {
            unwanted.push(row.get("id")?);
        }
    }
    Ok(unwanted)
}

/// Has the process of this run gone silent?
pub fn is_lost(run: &Run, now: Timestamp) -> bool {
    run.state == State::Running && now.duration_since(run.beat_at) > LEASE
}

/// Runs whose process has gone silent.
pub fn lost(db: &Db, now: Timestamp) -> Result<Vec<RunId>, store::Error> {
    let rows = db.query(
        "SELECT id FROM assistant_runs WHERE state = 'running' AND beat_at < $1
          ORDER BY beat_at LIMIT 100",
        &params![now - LEASE],
    )?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Forgets what was told before `before`; what was said stays in the chats. Of a run that nobody has ended
/// yet nothing is forgotten: its words are nowhere else.
pub fn sweep(tx: &Tx, before: Timestamp) -> Result<u64, store::Error> {
    tx.execute(
        "DELETE FROM assistant_events
          WHERE at < $1 AND run NOT IN (SELECT id FROM assistant_runs WHERE state = 'running')",
        &params![before],
    )
}

/// Forgets everything of a tenant: part of erasing it.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<(), store::Error> {
    for sql in [
        "DELETE FROM assistant_events WHERE run IN
            (SELECT id FROM assistant_runs WHERE tenant = $1)",
        "DELETE FROM assistant_runs WHERE tenant = $1",
        "DELETE FROM assistant_messages WHERE tenant = $1",
        "DELETE FROM assistant_abouts WHERE tenant = $1",
        "DELETE FROM assistant_earlier WHERE tenant = $1",
        "DELETE FROM assistant_chats WHERE tenant = $1",
        "DELETE FROM assistant_prompts WHERE tenant = $1",
    ] {
        tx.execute(sql, &params![tenant])?;
    }
    Ok(())
}

/// What callers see.
pub fn view(run: &Run) -> Json {
    json!({
        "id": run.id,
        "tenant": run.tenant,
        "assistant": run.assistant,
        "chat_id": run.chat,
        "request_id": run.request,
        "state": run.state.name(),
        "question_message_id": run.question,
        "answer_message_id": run.answer,
        "tokens_used": run.tokens_used,
        "error": run.error,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    })
}

fn read(row: &Row) -> Result<Run, store::Error> {
    let state: String = row.get("state")?;
    let unknown = || store::Error::Constraint { what: "an unknown state of a run".into() };
    let spoken: Option<Json> = row.get("spoken")?;
    Ok(Run {
        id: row.get("id")?,
        tenant: row.get("tenant")?,
        owner: row.get("owner")?,
        assistant: row.get("assistant")?,
        chat: row.get("chat")?,
        request: row.get("request")?,
        state: State::of_name(&state).ok_or_else(unknown)?,
        question: row.get("question_message")?,
        answer: row.get("answer_message")?,
        replaces: row.get("replaces")?,
        sources: serde_json::from_value(row.get("sources")?).unwrap_or_default(),
        metadata: row.get("metadata")?,
        spoken: spoken.and_then(|it| serde_json::from_value(it).ok()),
        holder: row.get("holder")?,
        searches: row.get("searches")?,
        tokens_used: row.get("tokens_used")?,
        error: row.get("error")?,
        started_at: row.get("started_at")?,
        beat_at: row.get("beat_at")?,
        ended_at: row.get("ended_at")?,
    })
}
