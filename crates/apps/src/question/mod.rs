//! Questions over data: asked in words, answered from the records of one tenant.
//!
//! A model writes one query over the tables that `app.yaml` lists; the database runs it so that it sees
//! nothing else ([`store::guarded`]); a model puts what was found into words and proposes three questions
//! more. What a model writes is never trusted: not the query, and not a word of a transcript that asks for
//! one. Conversations are their owner's alone. No question, query, answer or row is in a log line.
//!
//! Start at [`crate::engine::Engine::question_ask`]; the way of a question is in `ask`.

mod ask;
pub mod cache;
pub mod conversation;
pub mod kit;
pub mod look;
mod meter;
pub mod performance;
pub mod say;
pub mod shape;
pub mod similar;
pub(crate) mod theirs;
pub mod view;
mod write;

use base::{ChatId, TenantId, Timestamp};
use store::{Tx, params};

pub(crate) use ask::{Asking, day};
pub use kit::QuestionsKit;
pub(crate) use write::{Scene, Writer};

use crate::record::{Invalid, store_code};

/// How many follow-up questions there are, always.
pub const FOLLOWUPS: usize = 3;

/// Days for which it is kept how questions fared.
pub const PERFORMANCE_DAYS: i64 = 365;

/// Removes conversations that were quiet for long enough, answers that count no longer, and what is
/// known of old questions.
pub fn sweep(tx: &Tx, now: Timestamp) -> Result<(), store::Error> {
    conversation::sweep(tx, now)?;
    cache::sweep(tx, now)?;
    performance::sweep(tx, now - jiff::SignedDuration::from_hours(24 * PERFORMANCE_DAYS))?;
    Ok(())
}

/// Forgets everything of a tenant: part of erasing it.
pub fn erase(tx: &Tx, tenant: TenantId) -> Result<(), store::Error> {
    for sql in [
        "DELETE FROM question_turns WHERE tenant = $1",
        "DELETE FROM question_conversations WHERE tenant = $1",
        "DELETE FROM question_answers WHERE tenant = $1",
        "DELETE FROM question_runs WHERE tenant = $1",
    ] {
        tx.execute(sql, &params![tenant])?;
    }
    Ok(())
}

/// A question over data.
#[derive(Clone)]
pub struct QuestionAsk {
    /// Of whose data.
    pub tenant: TenantId,
    /// Over which questions of the application; the only ones there are when left out.
    pub questions: Option<String>,
    /// What is asked.
    pub question: String,
    /// In this conversation; a new one when left out.
    pub conversation: Option<ChatId>,
    /// The language of the one who asks, for a question that does not tell.
    pub language: Option<String>,
}

/// Shows how long the question is, never what it asks.
impl std::fmt::Debug for QuestionAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuestionAsk")
            .field("tenant", &self.tenant)
            .field("questions", &self.questions)
            .field("question_bytes", &self.question.len())
            .finish_non_exhaustive()
    }
}

/// Why something about questions was refused.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// There are none of this name.
    #[error("there are no questions `{0}`")]
    NoSuchQuestions(String),
    /// There are none at all, or several and none was named.
    #[error("{0}")]
    NoQuestions(&'static str),
    /// There is none with this id, or it is somebody else's, or it has gone.
    #[error("conversation {0} does not exist")]
    NoSuchConversation(ChatId),
    /// There is none of this name or id, or it is somebody else's.
    #[error("there is no question with this id")]
    NoSuchQuestion,
    /// The record that a comment is about is not there.
    #[error("there is no {noun} `{key}`")]
    NoSuchSubject {
        /// What people call one.
        noun: String,
        /// What was asked for.
        key: String,
    },
    /// What was given does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl QuestionError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::NoSuchQuestions(_) | Self::NoQuestions(_) => "questions_not_found",
            Self::NoSuchConversation(_) => "conversation_not_found",
            Self::NoSuchQuestion => "question_not_found",
            Self::NoSuchSubject { .. } => "record_not_found",
            Self::Invalid(invalid) => &invalid.code,
            Self::Store(error) => store_code(error),
        }
    }
}
