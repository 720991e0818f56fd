//! How an answer in pieces goes on to the caller: as it comes, or told anew in another dialect.

use std::collections::VecDeque;

use base::UsageId;
use bytes::Bytes;

use super::{client::Failure, wrong::Wrong};
use crate::{
    Usage,
    chat::Event,
    dialect::{Decoder, Wire},
    face::{Encoder, ErrorBody, Face, Pass, pass},
    sse::{Frame, Scanner},
};

const DONE: &[u8] = b"[DONE]";
/// The mark of the end, and nothing before it that is an answer.
const ENDED_EMPTY: Wrong = Wrong::Failed(Failure::BrokeOff);

/// How an answer goes on.
pub(crate) enum Manner {
    /// As it comes. The wire is that of both sides.
    Pass(Wire, Box<Pass>),
    /// Told anew.
    Retell(Box<Retell>),
}

/// Reads the pieces of one dialect and says them in another.
pub(crate) struct Retell {
    /// The dialect of the provider.
    wire: Wire,
    scanner: Scanner,
    decoder: Box<dyn Decoder>,
    encoder: Box<dyn Encoder>,
    /// None once it has begun.
    begins: Option<Begins>,
    events: Vec<Event>,
    has_content: bool,
    said_bytes: usize,
}

/// How an answer begins whose provider does not say.
pub(crate) struct Begins {
    id: String,
    model: String,
}

impl Begins {
    /// For a caller who speaks `wire`.
    pub(crate) fn new(wire: Wire, model: &str) -> Self {
        let kind = match wire {
            Wire::OpenaiResponses => "resp_",
            Wire::AnthropicMessages => "msg_",
            _ => "chatcmpl-",
        };
        let id = format!("{kind}{}", UsageId::generate().uuid().simple());
        Self { id, model: model.to_owned() }
    }

    /// Fills in what is empty.
    pub(crate) fn fill(self, id: &mut String, model: &mut String) {
        if id.is_empty() {
            *id = self.id;
        }
        if model.is_empty() {
            *model = self.model;
        }
    }
}

impl Manner {
    pub(crate) fn retell(
        wire: Wire,
        decoder: Box<dyn Decoder>,
        encoder: Box<dyn Encoder>,
        begins: Begins,
        frame_max: usize,
    ) -> Self {
        let scanner = if wire == Wire::Ollama { Scanner::ndjson() } else { Scanner::sse() };
        let scanner = scanner.with_max(frame_max);
        Self::Retell(Box::new(Retell {
            wire,
            scanner,
            decoder,
            encoder,
            begins: Some(begins),
            events: Vec::new(),
            has_content: false,
            said_bytes: 0,
        }))
    }

    /// Takes bytes as they came; what goes on is added to `ready`. True when they end the answer.
    pub(crate) fn push(
        &mut self,
        bytes: Bytes,
        ready: &mut VecDeque<Bytes>,
    ) -> Result<bool, Wrong> {
        match self {
            Self::Pass(wire, pass) => {
                let mut out = Vec::with_capacity(1);
                pass.push(&bytes, &mut out);
                let is_done = match wire {
                    Wire::OpenaiChat => {
                        out.last().is_some_and(|it| it.trim_ascii_end().ends_with(DONE))
                    }
                    _ => pass.is_complete(),
                };
                if is_done && pass.failure().is_none() && !pass.is_complete() {
                    return Err(ENDED_EMPTY);
                }
                ready.extend(out);
                match pass.failure() {
                    Some(failure) => Err(wrong(failure.clone())),
                    None => Ok(is_done),
                }
            }
            Self::Retell(retell) => {
                let mut out = Vec::with_capacity(bytes.len() * 2);
                retell.scanner.push(bytes);
                let pushed = retell.retell(&mut out);
                if let Ok(true) = pushed {
                    retell.encoder.finish(&mut out);
                }
                ready.extend((!out.is_empty()).then(|| Bytes::from(out)));
                pushed
            }
        }
    }

    /// Nothing more comes, and the answer was not ended before.
    pub(crate) fn finish(&mut self, ready: &mut VecDeque<Bytes>) -> Result<(), Wrong> {
        let mut out = Vec::new();
        match self {
            Self::Pass(_, pass) => {
                let finished = pass.finish(&mut out);
                ready.extend(out);
                finished.map_err(wrong)
            }
            Self::Retell(retell) => {
                let mut said = Vec::new();
                let finished = retell.finish(&mut said);
                ready.extend((!said.is_empty()).then(|| Bytes::from(said)));
                finished
            }
        }
    }

    /// The last piece of an answer that does not become whole.
    pub(crate) fn fail(&mut self, face: &dyn Face, error: &ErrorBody) -> Bytes {
        let mut out = Vec::new();
        match self {
            Self::Pass(..) => face.encoder(0, false).fail(error, &mut out),
            Self::Retell(retell) => retell.encoder.fail(error, &mut out),
        }
        out.into()
    }

    /// Did the answer say something: words, thoughts, a call, a refusal?
    pub(crate) fn has_content(&self) -> bool {
        match self {
            Self::Pass(_, pass) => pass.has_content(),
            Self::Retell(retell) => retell.has_content,
        }
    }

    /// How many bytes of words, thoughts and arguments it said.
    pub(crate) fn said_bytes(&self) -> usize {
        match self {
            Self::Pass(_, pass) => pass.said_bytes(),
            Self::Retell(retell) => retell.said_bytes,
        }
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        match self {
            Self::Pass(_, pass) => pass.usage(),
            Self::Retell(retell) => retell.decoder.usage(),
        }
    }
}

impl Retell {
    /// Says all frames that are there. True when one of them ends the answer.
    fn retell(&mut self, out: &mut Vec<u8>) -> Result<bool, Wrong> {
        while let Some(frame) = self.scanner.next() {
            let frame =
                frame.map_err(|_| Wrong::Unreadable("a frame of its stream is too long"))?;
            if self.say(&frame, out)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn say(&mut self, frame: &Frame, out: &mut Vec<u8>) -> Result<bool, Wrong> {
        self.events.clear();
        self.decoder.frame(frame, &mut self.events)?;
        for mut event in self.events.drain(..) {
            if let Event::Begin { id, model } = &mut event
                && let Some(begins) = self.begins.take()
            {
                begins.fill(id, model);
            }
            if let Event::Failed(complaint) = event {
                return Err(Wrong::Complained(complaint));
            }
            let said = said_bytes(&event);
            self.said_bytes += said;
            self.has_content |= said > 0 || matches!(event, Event::ToolBegin { .. });
            self.encoder.event(&event, out);
        }
        // These say themselves when they are done; of the others some tell their use after that.
        let ends = matches!(self.wire, Wire::AnthropicMessages | Wire::Ollama);
        let (is_done, is_complete) = (frame.data.trim_ascii() == DONE, self.decoder.is_complete());
        if is_done && !is_complete {
            return Err(ENDED_EMPTY);
        }
        Ok(is_done || (ends && is_complete))
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Wrong> {
        if let Some(rest) = self.scanner.finish() {
            let said = self.say(&rest.frame, out);
            // A line that was cut may still be whole; the decoder knows.
            match said {
                Err(wrong) if !rest.is_cut || matches!(wrong, Wrong::Complained(_)) => {
                    return Err(wrong);
                }
                Err(_) => return Err(Wrong::Failed(Failure::BrokeOff)),
                Ok(_) => {}
            }
        }
        if !self.decoder.is_complete() {
            return Err(Wrong::Failed(Failure::BrokeOff));
        }
        self.encoder.finish(out);
        Ok(())
    }
}

/// How many bytes of the answer's own an event says.
pub(crate) fn said_bytes(event: &Event) -> usize {
    match event {
        Event::Text(text)
        | Event::Thinking(text)
        | Event::Refusal(text)
        | Event::ToolArguments { text, .. } => text.len(),
        Event::ToolBegin { name, .. } => name.len(),
        _ => 0,
    }
}

fn wrong(failure: pass::Failure) -> Wrong {
    match failure {
        pass::Failure::Complaint(complaint) => Wrong::Complained(complaint),
        pass::Failure::Broken(what) => Wrong::Unreadable(what),
        pass::Failure::Cut => Wrong::Failed(Failure::BrokeOff),
    }
}
