//! Where an answer stands in its chat: at its end, or in the place of the one that it is given instead
//! of. An answer that is whole gives its place only to one that is whole as well.

use base::{MessageId, Timestamp};
use store::Tx;

use super::{
    bury, chat,
    message::{self, Message, State},
    run::Run,
};

/// What stands in the chat where the answer of a run belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// Nothing.
    Nothing,
    /// This answer.
    Answer(MessageId),
    /// The answer before it, which is better than what there is of this one.
    Earlier(MessageId),
}

impl Placed {
    /// The answer of this run, where it was kept.
    pub(super) fn answer(self) -> Option<MessageId> {
        match self {
            Self::Answer(id) => Some(id),
            Self::Nothing | Self::Earlier(_) => None,
        }
    }

    /// What is to be said of it beside why, by its code, an answer did not become whole.
    pub(super) fn words(self, code: &str) -> &'static str {
        match self {
            Self::Earlier(_) => " The answer before it stays.",
            Self::Answer(_) if code == bury::INTERRUPTED => " What was written is kept.",
            Self::Answer(_) | Self::Nothing => "",
        }
    }

    /// Whichever answer is there.
    pub(super) fn found(self) -> Option<MessageId> {
        match self {
            Self::Answer(id) | Self::Earlier(id) => Some(id),
            Self::Nothing => None,
        }
    }
}

/// Puts an answer into its chat, when something was said and the chat is still there.
pub(super) fn put(
    tx: &Tx,
    run: &Run,
    answer: Option<Message>,
    now: Timestamp,
) -> Result<Placed, store::Error> {
    let Some(chat) = run.chat else { return Ok(Placed::Nothing) };
    message::hold(tx, chat)?;
    let before = match (run.question, run.replaces) {
        // Which one it is may have changed since this run began.
        (Some(question), _) => message::answer_to(tx, chat, question)?,
        (None, Some(replaced)) => message::get(tx, chat, replaced)?,
        (None, None) => None,
    };
    let Some(answer) = answer else {
        return Ok(before.map_or(Placed::Nothing, |it| Placed::Earlier(it.id)));
    };
    let is_good = |it: &Message| it.state == State::Whole && !it.content.trim().is_empty();
    if let Some(before) = before.as_ref().filter(|it| is_good(it) && !is_good(&answer)) {
        return Ok(Placed::Earlier(before.id));
    }
    if !chat::touch(tx, chat, now)? {
        return Ok(Placed::Nothing);
    }
    let seq = match before {
        Some(before) => {
            message::remove(tx, chat, before.id)?;
            before.seq
        }
        None => message::next_seq(tx, chat)?,
    };
    let answer = Message { seq, created_at: now, ..answer };
    message::add(tx, &answer)?;
    Ok(Placed::Answer(answer.id))
}
