//! The end of a run, whatever it is: the answer, the last events and the run's state are kept in one
//! transaction, then told.

use std::{sync::Arc, time::Duration};

use base::{MessageId, Timestamp};
use models::{ModelError, money::NanoUsd};
use serde_json::{Value as Json, json};
use store::{Tx, audit};
use tracing::{info, warn};

use super::{Runner, Said, Stop};
use crate::{
    assistant::{
        about::About,
        bury, cite,
        event::{Event, Name},
        live::Why,
        message::{self, Message, Role},
        place::{self, Placed},
        run::{self, End, Run, State},
        spoken::Spoken,
    },
    error::{EngineError, model_code},
};

/// How often the end is tried to be kept, and how long after the first time it is tried again.
const TRIES: u32 = 5;
const AGAIN: Duration = Duration::from_millis(200);

/// Why the end of a run was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    /// Another process has ended the run.
    #[error("the run was ended by another process")]
    Lost,
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is kept of a run at its end.
#[derive(Clone)]
pub(crate) struct Ending {
    pub(crate) run: Run,
    /// What was told up to now and not kept yet.
    pub(crate) told: Vec<Event>,
    /// How many events there are with these.
    pub(crate) count: u64,
    /// The answer, when something was said.
    pub(crate) answer: Option<Message>,
    pub(crate) state: State,
    pub(crate) error: Option<String>,
    pub(crate) tokens: Option<u64>,
    /// The last event; the id of the answer is put into it.
    pub(crate) last: (Name, Json),
    pub(crate) messages_max: u32,
}

impl Runner {
    /// Ends the run. True when its answer is whole and told.
    pub(super) async fn finish(&mut self, ended: Result<Said, Stop>) -> bool {
        let rest = self.checker.finish();
        self.show(&rest);
        let (state, error, last) = match ended {
            Ok(said) => (State::Done, None, (Name::Done, self.done(said))),
            Err(Stop::Lost) => {
                warn!(run.id = %self.id(), "Another process has ended this run");
                return false;
            }
            Err(stop) => {
                let state = match &stop {
                    Stop::GivenUp(Why::Asked | Why::Alone) => State::Cancelled,
                    _ => State::Failed,
                };
                let failed = self.failed(&stop);
                let code = failed["code"].as_str().unwrap_or("internal").to_owned();
                info!(run.id = %self.id(), run.state = state.name(), error.code = code, "An answer did not become whole");
                (state, Some(code), (Name::Error, failed))
            }
        };
        if let Some(told) = self.usage() {
            self.teller.add(Name::Usage, &told);
        }
        let is_whole = state == State::Done;
        let ending = Ending {
            answer: self.answer_message(is_whole),
            run: self.run.clone(),
            told: self.teller.take(),
            count: self.teller.count(),
            state,
            error,
            tokens: self.used.map(|it| it.0.total()),
            last,
            messages_max: self.kit.description.messages,
        };
        self.keep_ending(ending).await && is_whole
    }

    /// Keeps the end and tells it, however often that has to be tried.
    async fn keep_ending(&mut self, ending: Ending) -> bool {
        let mut tries = 0;
        loop {
            let (now, kept) = (self.engine.now(), ending.clone());
            let holder = self.engine.hub().holder().to_owned();
            let kept = self
                .engine
                .store()
                .write(&self.caller.actor, now, move |tx| keep(tx, kept, &holder, now));
            match kept.await {
                Ok(events) => {
                    self.teller.told(events);
                    return true;
                }
                Err(KeepError::Lost) => {
                    warn!(run.id = %self.id(), "Another process has ended this run");
                    return false;
                }
                Err(KeepError::Store(error)) if tries + 1 < TRIES => {
                    tries += 1;
                    warn!(run.id = %self.id(), error = %error, "Could not keep the end of an answer; trying again");
                    tokio::time::sleep(AGAIN * (1 << tries)).await;
                }
                Err(KeepError::Store(error)) => {
                    warn!(run.id = %self.id(), error = %error, "Could not keep the end of an answer");
                    // Whoever listens is told at least. As nobody says any more that the run goes on,
                    // it is ended when the database is back, with what was told until then.
                    let told = json!({
                        "code": EngineError::from(error).code(),
                        "message": "The answer could not be kept: the database does not answer.",
                        "request_id": self.run.request,
                    });
                    let data: Arc<str> = told.to_string().into();
                    let mut events = ending.told;
                    events.push(Event { seq: ending.count + 1, name: Name::Error, data });
                    self.teller.told(events);
                    return false;
                }
            }
        }
    }

    /// What is needed to end the answer, as far as it is made by now.
    pub(super) fn spoken(&mut self, said: Said) -> Spoken {
        let (done, usage) = (self.done(said), self.usage());
        Spoken {
            chat: self.run.chat,
            metadata: Json::Object(self.notes.clone()),
            cited: self.cited().into_iter().collect(),
            model_used: self.model.clone(),
            tokens_used: self.used.map(|it| it.0.total()),
            usage,
            done,
            messages_max: self.kit.description.messages,
        }
    }

    fn done(&mut self, said: Said) -> Json {
        let cited = self.cited();
        let confidence = cite::confidence(&self.text, &self.sources, &cited);
        self.note("confidence", json!(confidence));
        let citations: Vec<Json> = self
            .sources
            .iter()
            .filter(|it| cited.contains(&it.number))
            .map(cite::Source::citation)
            .collect();
        json!({
            "chat_id": self.run.chat,
            "request_id": self.run.request,
            "model_used": self.model,
            "tokens_used": self.used.map(|it| it.0.total()),
            "full_content_len": self.text.chars().count(),
            "input_truncated": self.question.is_cut(),
            "original_question_length": self.question.length_given,
            "used_question_length": self.question.length_used,
            "citations": citations,
            "followups": self.followups,
            "confidence": confidence,
            "context_used": self.scene.about.as_ref().map(About::used),
            "question_message_id": self.run.question,
            "finish": if said.is_cut { "length" } else { "stop" },
            "quoting": self.model.as_deref() == Some(super::QUOTES),
        })
    }

    /// What is told of what the answer used, when a model was asked.
    fn usage(&mut self) -> Option<Json> {
        let (usage, cost) = self.used?;
        let cost_usd = cost.nanos().map(NanoUsd::dollars);
        self.note("cost_usd", json!(cost_usd));
        Some(json!({
            "prompt_tokens": usage.tokens_in,
            "completion_tokens": usage.tokens_out,
            "total_tokens": usage.total(),
            "cost_usd": cost_usd,
            "estimated": usage.estimated,
        }))
    }

    /// What is told of a run that failed. In words of ours: those of a provider may quote the question.
    fn failed(&self, stop: &Stop) -> Json {
        let (code, message) = match stop {
            Stop::GivenUp(Why::Asked) => ("cancelled", "The answer was stopped.".to_owned()),
            Stop::GivenUp(Why::Alone) => {
                ("cancelled", "Nobody listened any more, so the answer was stopped.".to_owned())
            }
            Stop::GivenUp(Why::Closing) | Stop::Lost => {
                (bury::INTERRUPTED, "The server stopped while it answered.".to_owned())
            }
            Stop::Broke(broken) => (model_code(&broken.why), model_words(&broken.why)),
            Stop::Failed(error) => match &**error {
                EngineError::Model(error) => (model_code(error), model_words(error)),
                error => {
                    warn!(run.id = %self.id(), error = %error, "An answer failed");
                    (static_code(error), "The answer could not be made.".to_owned())
                }
            },
        };
        let retry_after_s = match stop {
            Stop::Broke(broken) => broken.why.retry_after(),
            Stop::Failed(error) => error.retry_after(),
            _ => None,
        };
        json!({
            "code": code,
            "message": message,
            "request_id": self.run.request,
            "chat_id": self.run.chat,
            "retry_after_s": retry_after_s.map(|it| it.as_secs_f64().ceil() as u64),
        })
    }

    /// The answer as a message, when it belongs to a chat and something of it was said.
    fn answer_message(&self, is_whole: bool) -> Option<Message> {
        let chat = self.run.chat.filter(|_| self.run.question.is_some())?;
        if self.text.is_empty() && !is_whole {
            return None;
        }
        let state = if is_whole { message::State::Whole } else { message::State::Interrupted };
        Some(Message {
            id: MessageId::generate(),
            tenant: self.run.tenant,
            chat,
            seq: 0,
            role: Role::Assistant,
            content: self.text.clone(),
            state,
            model_used: self.model.clone(),
            tokens_used: self.used.map(|it| it.0.total()),
            metadata: Json::Object(self.notes.clone()),
            sources: self.sources.clone(),
            cited: self.cited().into_iter().collect(),
            followups: self.followups.clone(),
            run: Some(self.run.id),
            created_at: self.run.started_at,
        })
    }
}

/// Keeps the end of a run, and gives what is to be told of it.
pub(crate) fn keep(
    tx: &Tx,
    ending: Ending,
    holder: &str,
    now: Timestamp,
) -> Result<Vec<Event>, KeepError> {
    let Ending { run, mut told, mut count, answer, state, error, tokens, last, messages_max } =
        ending;
    let placed = place::put(tx, &run, answer, now)?;
    if let (Placed::Answer(_), Some(chat)) = (placed, run.chat) {
        message::trim(tx, chat, messages_max)?;
    }
    let (name, mut data) = last;
    data["answer_message_id"] = json!(placed.found());
    if name == Name::Error {
        let words = placed.words(data["code"].as_str().unwrap_or_default());
        let why = data["message"].as_str().unwrap_or_default();
        data["message"] = format!("{why}{words}").into();
    }
    let saved = placed.answer().map(|id| {
        let is_whole = state == State::Done;
        let state = if is_whole { message::State::Whole } else { message::State::Interrupted };
        (Name::Saved, json!({"answer_message_id": id, "state": state.name()}))
    });
    for (name, data) in saved.into_iter().chain([(name, data)]) {
        count += 1;
        told.push(Event { seq: count, name, data: data.to_string().into() });
    }
    if !run::keep(tx, run.id, holder, &told, now)? {
        return Err(KeepError::Lost);
    }
    let answer = placed.answer();
    run::end(tx, run.id, &End { state, answer, tokens_used: tokens, error }, now)?;
    let action = if state == State::Done { "question_answered" } else { "answer_interrupted" };
    let summary = format!("The assistant {} answered: {}", run.assistant, state.name());
    let entry = audit::Entry::new(run.tenant, action, format!("runs/{}", run.id), summary);
    tx.audit(match tokens {
        Some(tokens) => entry.tokens(i64::try_from(tokens).unwrap_or(i64::MAX)),
        None => entry,
    });
    Ok(told)
}

/// What a caller is told of a model that did not answer.
fn model_words(error: &ModelError) -> String {
    match error {
        ModelError::Refused { provider, status, .. } => {
            format!("The model provider `{provider}` refused with status {status}.")
        }
        ModelError::Unavailable { provider, .. } => {
            format!("The model provider `{provider}` is not available.")
        }
        ModelError::Unusable { .. } | ModelError::InvalidSchema { .. } => {
            "The answer of the model cannot be used.".to_owned()
        }
        other => format!("{}.", capital(&other.to_string())),
    }
}

/// The code of an error, as one of those that last.
fn static_code(error: &EngineError) -> &'static str {
    let code = error.code();
    crate::check::ERROR_CODES.iter().find(|it| **it == code).copied().unwrap_or("internal")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}
