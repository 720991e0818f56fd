//! Watches a stream whose bytes pass from provider to caller: what is used, whether it said
//! something, failed and ended is read beside, and the frames go on as they came.
//!
//! Only whole frames go on, so that an error can follow a stream that broke. Held back are: the
//! frame that tells the use when the caller did not ask for it, and everything after a failure.

#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};

use crate::{
    Usage,
    chat::Event,
    dialect::{Complaint, Decoder, Unreadable, Wire},
    sse::{Frame, Scanner},
};

const DONE: &[u8] = b"data: [DONE]\n\n";

/// One stream on its way.
pub struct Pass {
    scanner: Scanner,
    decoder: Box<dyn Decoder>,
    wire: Wire,
    hide_usage: bool,
    events: Vec<Event>,
    has_content: bool,
    said_bytes: usize,
    has_done: bool,
    failure: Option<Failure>,
}

/// Why a stream that passes cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The provider said so inside the stream. Its frame is held back: the face says it again,
    /// with what the gateway knows.
    Complaint(Complaint),
    /// What came is no stream of the dialect.
    Broken(&'static str),
    /// The bytes ended before the answer did.
    Cut,
}

impl Pass {
    /// Watches with `decoder`, which reads the dialect that `wire` names. `hide_usage`: the frame
    /// with the use alone is ours, not the caller's.
    pub fn new(wire: Wire, decoder: Box<dyn Decoder>, hide_usage: bool) -> Self {
        let scanner = if wire == Wire::Ollama { Scanner::ndjson() } else { Scanner::sse() };
        Self {
            scanner,
            decoder,
            wire,
            hide_usage,
            events: Vec::new(),
            has_content: false,
            said_bytes: 0,
            has_done: false,
            failure: None,
        }
    }

    /// Takes frames of up to this many bytes.
    pub fn with_frame_max(mut self, max: usize) -> Self {
        self.scanner = self.scanner.with_max(max);
        self
    }

    /// Takes bytes as they came, and gives what of them goes on now, in order.
    ///
    /// After a failure nothing goes on; [`Pass::failure`] says what it was.
    pub fn push(&mut self, bytes: &Bytes, out: &mut Vec<Bytes>) {
        if self.failure.is_some() {
            return;
        }
        self.scanner.push(bytes.clone());
        // Frames that lie side by side in what came go on as one piece.
        let mut run = Bytes::new();
        while let Some(frame) = self.scanner.next() {
            let Ok(frame) = frame else {
                self.failure = Some(Failure::Broken("a frame of its stream is too long"));
                break;
            };
            if !self.may_pass(&frame) {
                if self.failure.is_some() {
                    break;
                }
                continue;
            }
            match joined(bytes, &run, &frame.raw) {
                Some(longer) => run = longer,
                None => {
                    out.extend((!run.is_empty()).then(|| std::mem::take(&mut run)));
                    run = frame.raw;
                }
            }
        }
        out.extend((!run.is_empty()).then_some(run));
    }

    /// Nothing more comes: what still goes on, the mark of the end where the provider left it out.
    ///
    /// # Errors
    /// The stream failed, earlier or by ending too soon; the face has to say so.
    pub fn finish(&mut self, out: &mut Vec<Bytes>) -> Result<(), Failure> {
        if self.failure.is_none()
            && let Some(rest) = self.scanner.finish()
        {
            // A line without its end may still be whole; the decoder knows.
            let may_pass = self.may_pass(&rest.frame);
            if may_pass && !(rest.is_cut && rest.frame.data.is_empty()) {
                let mut raw = BytesMut::from(&rest.frame.raw[..]);
                let is_sse = self.wire != Wire::Ollama;
                raw.put_slice(if rest.is_cut && is_sse { b"\n\n" } else { b"\n" });
                out.push(raw.freeze());
            } else if rest.is_cut && matches!(self.failure, Some(Failure::Broken(_))) {
                self.failure = Some(Failure::Cut);
            }
        }
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None if !self.decoder.is_complete() => {
                self.failure = Some(Failure::Cut);
                Err(Failure::Cut)
            }
            None => {
                if self.wire == Wire::OpenaiChat && !self.has_done {
                    out.push(Bytes::from_static(DONE));
                }
                Ok(())
            }
        }
    }

    /// Did the answer say something: words, thoughts, a call, a refusal?
    pub fn has_content(&self) -> bool {
        self.has_content
    }

    /// How many bytes of words, thoughts and arguments it said.
    pub fn said_bytes(&self) -> usize {
        self.said_bytes
    }

    /// What is known of its use so far.
    pub fn usage(&self) -> Option<Usage> {
        self.decoder.usage()
    }

    /// Was the answer whole with the last frame?
    pub fn is_complete(&self) -> bool {
        self.failure.is_none() && self.decoder.is_complete()
    }

    /// Why nothing goes on any more.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Does this frame go on?
    fn may_pass(&mut self, frame: &Frame) -> bool {
        self.events.clear();
        if let Err(unreadable) = self.decoder.frame(frame, &mut self.events) {
            self.failure = Some(match unreadable {
                Unreadable::Complaint(complaint) => Failure::Complaint(complaint),
                Unreadable::Shape(why) => Failure::Broken(why),
            });
            return false;
        }
        for event in self.events.drain(..) {
            match event {
                Event::Failed(complaint) => self.failure = Some(Failure::Complaint(complaint)),
                Event::Text(text)
                | Event::Thinking(text)
                | Event::Refusal(text)
                | Event::ToolBegin { name: text, .. }
                | Event::ToolArguments { text, .. } => {
                    self.has_content = true;
                    self.said_bytes += text.len();
                }
                // Somebody who knows it may be waiting for it.
                Event::Other => self.has_content = true,
                Event::Begin { .. } | Event::Signature(_) | Event::Usage(_) | Event::End(_) => {}
            }
        }
        self.has_done |= frame.data.trim_ascii() == b"[DONE]";
        self.failure.is_none() && !(self.hide_usage && self.decoder.is_usage_only(frame))
    }
}

/// Both as one slice of `whole`, when they lie in it side by side.
fn joined(whole: &Bytes, left: &Bytes, right: &Bytes) -> Option<Bytes> {
    let place = |it: &Bytes| {
        let start = (it.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
        (start + it.len() <= whole.len()).then_some(start)
    };
    let (start, next) = (place(left)?, place(right)?);
    let is_beside = !left.is_empty() && start + left.len() == next;
    is_beside.then(|| whole.slice(start..next + right.len()))
}
