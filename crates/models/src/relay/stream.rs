//! An answer in pieces, on its way to the caller: bytes that pass, or pieces told anew.
//!
//! Nothing goes to the caller before the provider has said something ([`Running::opened`]): until
//! then another candidate may be asked. After that a stream that is cut, stalls or breaks ends with
//! an error inside of it and without the mark of a clean end. What was used is in the ledger before
//! the last bytes go out; when the caller goes first, what is known by then, or, if the settings say
//! so, what the rest of the answer tells. How it is handed over is [`telling`].

mod telling;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Attempt, Cache, Provider,
    cache::{self, Form, Kept},
    client::{Failure, Received},
    manner::Manner,
    wrong::Wrong,
};
use crate::{
    Cost, Usage,
    face::{ErrorBody, Face},
    settings::{Disconnect, ModelRef, ProviderSettings, RelaySettings, std},
    tokens,
    usage::Outcome,
};

const HEARTBEAT: &[u8] = b": still here\n\n";
/// Longer than any answer takes.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);
/// After the mark of the end nothing more is waited for, but for the connection to be free again.
const AFTER_END: Duration = Duration::from_millis(250);

/// An answer in pieces. Dropped before its end, it is settled, or read to its end first.
pub(crate) struct Running(Source);

enum Source {
    /// From a provider.
    Flow(Box<Flow>),
    /// There already, and settled.
    Pieces(VecDeque<Bytes>),
}

/// What a stream is made of.
pub(crate) struct Flow {
    pub(crate) received: Received,
    pub(crate) manner: Manner,
    pub(crate) face: &'static dyn Face,
    pub(crate) request_id: Arc<str>,
    provider: Arc<Provider>,
    /// None once it is settled.
    pub(crate) attempt: Option<Attempt>,
    /// About how many tokens the question has.
    pub(crate) asked: u64,
    pub(crate) times: Times,
    pub(crate) on_disconnect: Disconnect,
    /// What goes out next.
    ready: VecDeque<Bytes>,
    heard_at: Instant,
    /// Something went out since the provider was last waited for.
    has_given: bool,
    /// The mark of the end was there.
    has_ended: bool,
    is_over: bool,
    /// The caller is gone.
    is_alone: bool,
    keeping: Option<Keeping>,
    /// Known once it is settled.
    ended: Option<Ended>,
}

/// How a stream ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// What was used.
    pub(crate) usage: Usage,
    /// What that cost.
    pub(crate) cost: Cost,
    /// What kept it from becoming whole.
    pub(crate) wrong: Option<Wrong>,
}

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// Until the first word.
    first: Instant,
    /// Between two pieces.
    stall: Duration,
    /// Until the end.
    end: Instant,
    /// Until a silent stream gets a comment.
    heartbeat: Duration,
    /// Until a caller who takes nothing counts as gone.
    caller: Duration,
    /// The longest that the rest of an answer without a caller is read.
    drain: Duration,
}

/// Keeps an answer for repetition while it passes.
pub(crate) struct Keeping {
    pub(crate) cache: Arc<Cache>,
    pub(crate) key: cache::Key,
    pub(crate) by: ModelRef,
    pub(crate) with_usage: bool,
    frames: Vec<Bytes>,
    bytes: usize,
}

impl Times {
    /// Until when the first word is waited for.
    pub(crate) fn first(&self) -> Instant {
        self.first.min(self.end)
    }

    /// The same for who wants no comments.
    pub(crate) fn without_comments(self) -> Self {
        Self { heartbeat: NEVER, ..self }
    }

    /// Of an answer whose head came now, and that has to have begun `by` then.
    pub(crate) fn new(provider: &ProviderSettings, relay: &RelaySettings, by: Instant) -> Self {
        let begun = Instant::now();
        Self {
            first: by.min(begun + std(provider.first_token_timeout)),
            stall: std(provider.stall_timeout),
            end: begun + std(provider.stream_timeout),
            heartbeat: std(relay.heartbeat),
            caller: std(relay.caller_patience),
            drain: std(relay.drain_max),
        }
    }
}

impl Keeping {
    pub(crate) fn new(cache: Arc<Cache>, key: cache::Key, by: ModelRef, with_usage: bool) -> Self {
        Self { cache, key, by, with_usage, frames: Vec::new(), bytes: 0 }
    }
}

impl Running {
    /// An answer that is there already and settled.
    pub(crate) fn of_pieces(pieces: Vec<Bytes>) -> Self {
        Self(Source::Pieces(pieces.into()))
    }

    /// Keeps the answer, should it become whole.
    pub(crate) fn keep(&mut self, keeping: Keeping) {
        if let Source::Flow(flow) = &mut self.0 {
            flow.keeping = Some(keeping);
        }
    }

    /// The next piece; none after the last.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        match &mut self.0 {
            Source::Flow(flow) => flow.next().await,
            Source::Pieces(pieces) => pieces.pop_front(),
        }
    }

    /// How it ended, after its last piece.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        match &self.0 {
            Source::Flow(flow) => flow.ended.as_ref(),
            Source::Pieces(_) => None,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Source::Flow(flow) = std::mem::replace(&mut self.0, Source::Pieces(VecDeque::new()))
        else {
            return;
        };
        let Some(attempt) = &flow.attempt else { return };
        if flow.on_disconnect == Disconnect::Drain && !flow.is_over {
            let tasks = attempt.tasks();
            tasks.spawn(flow.drained());
        } else {
            flow.gone();
        }
    }
}

impl Flow {
    pub(crate) fn new(
        received: Received,
        manner: Manner,
        face: &'static dyn Face,
        request_id: Arc<str>,
        attempt: Attempt,
        times: Times,
    ) -> Self {
        Self {
            received,
            manner,
            face,
            request_id,
            provider: attempt.provider(),
            asked: attempt.tokens_asked(),
            attempt: Some(attempt),
            times,
            on_disconnect: Disconnect::default(),
            ready: VecDeque::new(),
            heard_at: Instant::now(),
            has_given: false,
            has_ended: false,
            is_over: false,
            is_alone: false,
            keeping: None,
            ended: None,
        }
    }

    /// Waits until the provider has said something. From then on it is this provider's answer.
    ///
    /// # Errors
    /// The attempt, and how it went wrong before anything was said.
    pub(crate) async fn opened(mut self: Box<Self>) -> Result<Running, (Attempt, Wrong)> {
        let until = self.times.first();
        while !self.manner.has_content() && !self.has_ended && !self.is_over {
            let step = match self.received.chunk(until).await {
                Ok(Some(chunk)) => self.take(chunk),
                Ok(None) => self.finish(),
                Err(failure) => Err(Wrong::Failed(failure)),
            };
            match (step, self.attempt.take()) {
                (Err(wrong), Some(attempt)) if !self.manner.has_content() => {
                    return Err((attempt, wrong));
                }
                (step, attempt) => {
                    self.attempt = attempt;
                    if let Err(wrong) = step {
                        self.break_off(&wrong);
                    }
                }
            }
        }
        if let Some(attempt) = &mut self.attempt {
            attempt.speaks();
        }
        self.heard_at = Instant::now();
        Ok(Running(Source::Flow(self)))
    }

    /// What is there already.
    fn first(&mut self) -> VecDeque<Bytes> {
        let first = std::mem::take(&mut self.ready);
        first.iter().for_each(|it| self.keep(it));
        self.has_given |= !first.is_empty();
        first
    }

    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.has_given) {
            // However long the caller took for it, the provider was not waited for.
            self.heard_at = Instant::now();
        }
        loop {
            if let Some(piece) = self.ready.pop_front() {
                self.keep(&piece);
                self.has_given = true;
                return Some(piece);
            }
            if self.is_over {
                self.kept();
                return None;
            }
            let now = Instant::now();
            let end =
                if self.has_ended { now + AFTER_END } else { self.heard_at + self.times.stall };
            let end = end.min(self.times.end);
            let until = end.min(now + self.times.heartbeat);
            let step = match self.received.chunk(until).await {
                Ok(Some(chunk)) => {
                    self.heard_at = Instant::now();
                    self.take(chunk)
                }
                Ok(None) => self.finish(),
                Err(_) if self.has_ended => self.finish(),
                Err(Failure::Timeout) if until < end => {
                    return Some(Bytes::from_static(HEARTBEAT));
                }
                Err(failure) => Err(Wrong::Failed(failure)),
            };
            if let Err(wrong) = step {
                self.break_off(&wrong);
            }
        }
    }

    /// Takes bytes as they came.
    fn take(&mut self, chunk: Bytes) -> Result<(), Wrong> {
        if self.has_ended {
            return Ok(());
        }
        if self.manner.push(chunk, &mut self.ready)? {
            // The last bytes are about to go: what was used is written down before.
            self.has_ended = true;
            self.settle();
        }
        Ok(())
    }

    /// Nothing more comes.
    fn finish(&mut self) -> Result<(), Wrong> {
        self.is_over = true;
        self.provider.client.exchanged();
        if !self.has_ended {
            self.manner.finish(&mut self.ready)?;
            self.settle();
        }
        Ok(())
    }

    /// The answer does not become whole: the caller is told so in its midst.
    fn break_off(&mut self, wrong: &Wrong) {
        self.is_over = true;
        self.keeping = None;
        let mut error = super::refusal::of_wrong(wrong, self.face);
        error.request_id = Some(self.request_id.to_string());
        self.fail(&error);
        let usage = self.usage();
        if let Some(attempt) = self.attempt.take() {
            let cost = attempt.broke_off(wrong, usage);
            self.ended = Some(Ended { usage, cost, wrong: Some(wrong.clone()) });
        }
    }

    /// The caller may not be answered any longer, and is told so in the midst of the answer. The provider did what
    /// it did so far, and nothing is wrong with it. What has ended already goes out whole.
    fn turn_out(&mut self) {
        self.is_over = true;
        self.keeping = None;
        if self.attempt.is_none() {
            return;
        }
        let mut error = super::refusal::turned_out();
        error.request_id = Some(self.request_id.to_string());
        self.fail(&error);
        self.is_alone = true;
        self.settle();
    }

    fn fail(&mut self, error: &ErrorBody) {
        let out = self.manner.fail(self.face, error);
        self.ready.push_back(out);
    }

    /// Writes down what was used, once.
    fn settle(&mut self) {
        let outcome = if self.is_alone { Outcome::Abandoned } else { Outcome::Ok };
        let usage = self.usage();
        if let Some(mut attempt) = self.attempt.take() {
            let cost = attempt.answered(self.received.status, usage);
            attempt.end(outcome);
            self.ended = Some(Ended { usage, cost, wrong: None });
        }
    }

    /// What was used so far: what the provider counted, and an estimate of what it did not.
    fn usage(&self) -> Usage {
        let said = tokens::of_bytes(self.manner.said_bytes());
        tokens::completed(self.manner.usage(), self.asked, said)
    }

    fn keep(&mut self, piece: &Bytes) {
        if let Some(keeping) = &mut self.keeping {
            keeping.bytes += piece.len();
            keeping.frames.push(piece.clone());
            if keeping.bytes > cache::ANSWER_BYTES_MAX {
                self.keeping = None;
            }
        }
    }

    fn kept(&mut self) {
        let usage = self.usage();
        if let Some(keeping) = self.keeping.take() {
            let kept = Kept {
                form: Form::Frames { with_usage: keeping.with_usage },
                bytes: keeping.frames,
                by: keeping.by,
                usage,
            };
            keeping.cache.keep(keeping.key, kept);
        }
    }

    /// Reads the rest for what it says about its use.
    async fn drained(mut self: Box<Self>) {
        self.is_alone = true;
        let longest = (Instant::now() + self.times.drain).min(self.times.end);
        while !self.is_over {
            let until = if self.has_ended { Instant::now() + AFTER_END } else { longest };
            let step = match self.received.chunk(until).await {
                Ok(Some(chunk)) => self.take(chunk),
                Ok(None) => self.finish(),
                Err(failure) => Err(Wrong::Failed(failure)),
            };
            self.ready.clear();
            self.is_over |= step.is_err();
        }
        self.gone();
    }

    /// The caller is gone: writes down what is known.
    fn gone(mut self: Box<Self>) {
        self.is_alone = true;
        self.settle();
    }
}
