//! An answer to the house itself, word by word: the same way as a stream of the gateway, read in
//! the provider's dialect and handed on as plain words.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;

use super::{
    Attempt, Ended, Missed, Ours, Running,
    chat::said,
    client::{self, Received},
    manner::{Begins, Manner},
    stream::{Flow, Times},
    travel::{Errand, Leg, Parcel},
    wrong::Wrong,
};
use crate::{
    chat::{Answer, Event, Finish, Part, Request},
    dialect::{Wire, offline},
    face::{Encoder, ErrorBody, openai_chat::OpenaiChat},
    settings::{Disconnect, RelaySettings},
    tokens,
    usage::Outcome,
};

/// A conversation whose answer is to come in words.
pub(crate) struct Talk<'a> {
    /// It asks for pieces.
    pub(crate) request: &'a Request,
    /// About how many tokens the question has.
    pub(crate) asked: u64,
    pub(crate) relay: &'a RelaySettings,
    pub(crate) on_disconnect: Disconnect,
    /// Names the question to whoever looks for it.
    pub(crate) name: Arc<str>,
    /// Where it is noted why the answer ended.
    pub(crate) finish: Arc<OnceLock<Finish>>,
}

/// What came of it.
pub(crate) enum Told {
    /// Word by word.
    Running(Running),
    /// In one piece, and settled.
    Whole(String, Box<Ended>),
}

impl Talk<'_> {
    fn whole(&self, answer: Answer, status: u16, mut attempt: Attempt) -> Told {
        let usage = tokens::completed(answer.usage, self.asked, said(&answer));
        attempt.speaks();
        let cost = attempt.answered(status, usage);
        attempt.end(Outcome::Ok);
        let _ = self.finish.set(answer.finish);
        let text = answer.parts.into_iter().filter_map(|it| match it {
            Part::Text { text, .. } | Part::Refusal(text) => Some(text),
            _ => None,
        });
        Told::Whole(text.collect(), Box::new(Ended { usage, cost, wrong: None }))
    }
}

impl Errand for Talk<'_> {
    type Out = Told;

    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed> {
        let dialect = leg.provider.dialect;
        let made = dialect.chat_body(self.request, &leg.to.model, leg.quirks);
        let mut made = made.map_err(Missed::Unsupported)?;
        if leg.quirks.refuses_stream_options
            && let Some(fields) = made.as_object_mut()
        {
            fields.remove("stream_options");
        }
        Ok(Parcel {
            path: dialect.chat_path(&leg.to.model, true),
            body: Bytes::from(made.to_string()),
            headers: client::passed_on(&HeaderMap::new(), dialect.wire(), true),
            is_stream: true,
            owns_tools: self.request.tools.is_empty(),
            ours: Ours { stream_options: made.get("stream_options").is_some(), ..Ours::default() },
            made: Some(made),
        })
    }

    async fn unpack(
        &mut self,
        leg: Leg<'_>,
        mut received: Received,
        attempt: Attempt,
        until: Instant,
    ) -> Result<Told, (Attempt, Wrong)> {
        let dialect = leg.provider.dialect;
        let times = Times::new(&leg.provider.settings, self.relay, leg.by);
        let times = times.without_comments();
        let mut is_whole = false;
        // A line that begins so says nothing in a stream of events; in one of lines it is the rule.
        if dialect.wire() != Wire::Ollama {
            match received.begins_with(times.first()).await {
                Ok(first) => is_whole = matches!(first, Some(b'{' | b'[' | b'<')),
                Err(failure) => return Err((attempt, Wrong::Failed(failure))),
            }
        }
        if !is_whole {
            let encoder = Box::new(Words { finish: self.finish.clone() });
            let begins = Begins::new(Wire::OpenaiChat, &leg.to.model);
            let frame_max = self.relay.answer_bytes_max;
            let manner =
                Manner::retell(dialect.wire(), dialect.decoder(), encoder, begins, frame_max);
            let name = self.name.clone();
            let flow = Flow::new(received, manner, &OpenaiChat, name, attempt, times);
            let mut flow = Box::new(flow);
            flow.on_disconnect = self.on_disconnect;
            return Ok(Told::Running(flow.opened().await?));
        }
        let status = received.status;
        let body = match received.whole(self.relay.answer_bytes_max, until).await {
            Ok(body) => body,
            Err(failure) => return Err((attempt, Wrong::Failed(failure))),
        };
        attempt.exchanged();
        match dialect.read_answer(&body) {
            Ok(answer) => Ok(self.whole(answer, status, attempt)),
            Err(why) => Err((attempt, why.into())),
        }
    }

    async fn at_home(&mut self, _: Leg<'_>, attempt: Attempt) -> Result<Told, Missed> {
        Ok(self.whole(offline::answer(self.request), 200, attempt))
    }
}

/// Says the words of an answer and nothing else: thoughts stay where they are.
struct Words {
    finish: Arc<OnceLock<Finish>>,
}

impl Encoder for Words {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Text(text) | Event::Refusal(text) => out.extend_from_slice(text.as_bytes()),
            Event::End(finish) => {
                let _ = self.finish.set(finish.clone());
            }
            _ => {}
        }
    }

    /// How it ended is told beside the words.
    fn fail(&mut self, _: &ErrorBody, _: &mut Vec<u8>) {}

    fn finish(&mut self, _: &mut Vec<u8>) {}
}
