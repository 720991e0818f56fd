//! Assistants: questions answered from documents and records, in chats that are kept, with numbered
//! citations that are checked.
//!
//! An answer is made by a run. What a run tells is kept before it is told, so that whoever is cut off
//! hears the rest, also after the program was started anew; what was written of an answer is kept
//! however it ends. Nobody sees another's chat. No text of a question, a document or an answer is in
//! a log line or an error.
//!
//! Start at [`crate::engine::Engine::ask_assistant`], which gives a [`Follow`]; the way of an answer is
//! in `answer`.

pub(crate) mod about;
mod answer;
pub mod bury;
pub mod chat;
pub mod cite;
pub mod event;
mod follow;
mod gather;
mod live;
pub mod message;
pub mod own_prompt;
mod place;
pub mod question;
pub mod run;
mod say;
pub mod spoken;
mod teller;
pub(crate) mod theirs;
mod title;
pub mod web_search;

use base::{ChatId, RunId};
use identity::Caller;

use crate::record::{Invalid, store_code};

pub(crate) use answer::{Begins, Runner, Task};
pub use follow::{Follow, Whole};
pub(crate) use live::{Hub, Listener, Making, Why};
pub use say::QUOTES;
pub(crate) use say::Scene;
pub(crate) use title::{by_model as title_by_model, by_words as title_by_words};

/// Why something about an assistant was refused.
#[derive(Debug, thiserror::Error)]
pub enum AssistantError {
    /// There is none of this name.
    #[error("there is no assistant `{0}`")]
    NoSuchAssistant(String),
    /// There is none at all.
    #[error("this application has no assistant; declare one under `assistants` in app.yaml")]
    NoAssistant,
    /// There is none with this id, or it is somebody else's.
    #[error("chat {0} does not exist")]
    NoSuchChat(ChatId),
    /// There is none with this id, or it is somebody else's.
    #[error("run {0} does not exist")]
    NoSuchRun(RunId),
    /// The chat holds no question that could be asked again.
    #[error("chat {0} holds no question yet")]
    NothingAsked(ChatId),
    /// What was given does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl AssistantError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::NoSuchAssistant(_) | Self::NoAssistant => "assistant_not_found",
            Self::NoSuchChat(_) => "chat_not_found",
            Self::NoSuchRun(_) => "run_not_found",
            Self::NothingAsked(_) => "nothing_to_do",
            Self::Invalid(invalid) => &invalid.code,
            Self::Store(error) => store_code(error),
        }
    }
}

/// Whose chats a caller sees: their own, where they may act.
pub fn whose(caller: &Caller) -> chat::Whose {
    chat::Whose { owner: caller.actor.to_string(), reach: caller.reach }
}
