//! One conversation at one candidate: what is packed for it, and what is read of its answer.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::{
    Cost, Usage,
    chat::{Answer, Part, Request},
    dialect::{Dialect, Wire, offline},
    face::{Face, FaceError, Inject, Limit, Limited, Pass, Peek},
    quirk::answers_by_tool,
    relay::{
        Attempt, Call, Missed, Ours,
        client::{self, Received},
        home,
        manner::{Begins, Manner},
        recast,
        stream::{Flow, Running, Times},
        travel::{Errand, Leg, Parcel, Trip},
        wrong::Wrong,
    },
    settings::{Disconnect, RelaySettings},
    tokens,
    usage::Outcome,
};

/// A conversation that is asked for.
pub(super) struct Chat<'a> {
    pub(super) call: &'a Call,
    pub(super) face: &'static dyn Face,
    /// When the call came.
    pub(super) begun: Instant,
    /// How long it waited for somebody who asked the same.
    pub(super) waited: Duration,
    pub(super) peek: Peek,
    /// The most tokens that a policy gives to one answer.
    pub(super) cap: Option<u64>,
    pub(super) on_disconnect: Disconnect,
    pub(super) relay: &'a RelaySettings,
    pub(super) created: i64,
    /// It holds proofs that a provider of the caller's own dialect would refuse.
    pub(super) is_foreign: bool,
    /// Read when it has to be told anew.
    pub(super) request: Option<Result<Request, FaceError>>,
    /// What was sent last were the caller's own bytes, and so is what comes back the provider's.
    pub(super) is_passing: bool,
    /// What was sent last is to be answered by a tool of ours.
    pub(super) is_by_tool: bool,
}

/// What came of it.
pub(super) enum Spoken {
    Whole(Bytes, Usage, Cost, Option<HeaderValue>),
    Stream(Running, Option<HeaderValue>),
}

impl<'a> Chat<'a> {
    pub(super) fn trip(&self) -> Trip<'a> {
        let tokens_out = match (self.peek.max_tokens, self.cap) {
            (Some(asked), Some(cap)) => Some(asked.min(cap)),
            (asked, cap) => asked.or(cap),
        };
        let answers = self.peek.answers.max(1);
        let tokens_out = tokens_out.map(|it| it.saturating_mul(answers));
        let (begun, elsewhere) = (self.begun, self.waited);
        let trip = Trip::new(&self.call.account, self.peek.prompt_tokens, tokens_out);
        Trip { answers, begun, elsewhere, ..trip }
    }

    /// The caller's own bytes, where they pass to this provider: with its name of the model, and
    /// what the house has to say in them. None when the request has to be told anew.
    fn passing(&self, leg: Leg<'_>) -> Option<(Bytes, Ours)> {
        let (dialect, model) = (leg.provider.dialect, leg.to.model.as_str());
        let speaks = self.face.wire();
        let responses = speaks == Wire::OpenaiResponses
            && dialect.takes_responses()
            && !leg.quirks.refuses_responses;
        if self.is_foreign || !(responses || dialect.wire() == speaks) {
            return None;
        }
        let of_completion = dialect.wants_completion_tokens(model, leg.quirks);
        let limited = match self.cap {
            Some(cap) if self.peek.max_tokens.is_none_or(|it| it > cap) => {
                self.face.limit(&self.call.body, Limit { tokens: cap, of_completion })?
            }
            _ => Limited { body: self.call.body.clone(), is_ours: false },
        };
        let is_chat = speaks == Wire::OpenaiChat;
        let stream_options = is_chat
            && self.peek.stream
            && !self.peek.include_usage
            && !leg.quirks.refuses_stream_options;
        let inject = if stream_options { Inject::Usage } else { Inject::Nothing };
        let body = self.face.rewrite(&limited.body, model, inject);
        let max_tokens = is_chat && limited.is_ours && !of_completion;
        Some((body, Ours { stream_options, max_tokens, responses }))
    }

    /// The request as it is told anew.
    fn request(&mut self) -> Result<&Request, Missed> {
        let (face, body, cap) = (self.face, &self.call.body, self.cap);
        let read = self.request.get_or_insert_with(|| {
            face.read(body).map(|mut request| {
                if let Some(cap) = cap {
                    request.max_tokens = Some(request.max_tokens.map_or(cap, |it| it.min(cap)));
                }
                request
            })
        });
        read.as_ref().map_err(|why| Missed::Unreadable(why.clone()))
    }

    /// How the pieces of an answer go on.
    fn manner(&self, leg: Leg<'_>) -> Manner {
        let (dialect, wire) = (leg.provider.dialect, self.face.wire());
        let of_responses = (wire == Wire::OpenaiResponses).then(|| dialect.responses_decoder());
        if self.is_passing {
            let decoder = of_responses.flatten().unwrap_or_else(|| dialect.decoder());
            // Where the caller's bytes could not be told to bring it, nothing is there to hide.
            let hides = wire == Wire::OpenaiChat && !self.peek.include_usage;
            let pass = Pass::new(wire, decoder, hides).with_frame_max(self.relay.answer_bytes_max);
            return Manner::Pass(wire, Box::new(pass));
        }
        let encoder = self.face.encoder(self.created, self.peek.include_usage);
        let decoder = if self.is_by_tool { dialect.decoder_by_tool() } else { dialect.decoder() };
        let frame_max = self.relay.answer_bytes_max;
        Manner::retell(dialect.wire(), decoder, encoder, self.begins(leg), frame_max)
    }

    /// A whole answer of a provider, as bytes for the caller, with what it used.
    fn read(&self, leg: Leg<'_>, body: Bytes) -> Result<(Bytes, Usage), Wrong> {
        let (dialect, asked) = (leg.provider.dialect, self.peek.prompt_tokens);
        if !self.is_passing {
            let (answer, usage) = self.read_anew(leg, &body)?;
            return Ok((self.face.answer(&answer, self.created), usage));
        }
        let counted = dialect.read_usage(&body);
        let said = match counted {
            // Where there are counts and no error there is an answer; anything else is looked at.
            Some(it) if it.total() > 0 && !speaks_of_error(&body) => 0,
            _ if self.face.wire() == Wire::OpenaiResponses => of_responses(dialect, &body)?,
            _ => said(&dialect.read_answer(&body)?),
        };
        Ok((body, tokens::completed(counted, asked, said)))
    }

    /// A whole answer, to be told anew.
    fn read_anew(&self, leg: Leg<'_>, body: &[u8]) -> Result<(Answer, Usage), Wrong> {
        let dialect = leg.provider.dialect;
        let mut answer = if self.is_by_tool {
            dialect.read_answer_by_tool(body)?
        } else {
            dialect.read_answer(body)?
        };
        let usage = tokens::completed(answer.usage, self.peek.prompt_tokens, said(&answer));
        answer.usage = Some(usage);
        self.begins(leg).fill(&mut answer.id, &mut answer.model);
        Ok((answer, usage))
    }

    /// How an answer begins whose provider does not say.
    fn begins(&self, leg: Leg<'_>) -> Begins {
        Begins::new(self.face.wire(), &leg.to.model)
    }

    /// What came in one piece although pieces were asked for: an error, or an answer all the same.
    fn in_one_piece(&self, leg: Leg<'_>, body: &Bytes) -> Result<(Bytes, Usage), Wrong> {
        let dialect = leg.provider.dialect;
        let whole = Wrong::Unreadable("it is in one piece, and pieces were asked for");
        if self.face.wire() == Wire::OpenaiResponses && self.is_passing {
            return of_responses(dialect, body).and(Err(whole));
        }
        let (answer, usage) = self.read_anew(leg, body)?;
        let events = recast::pieces(&answer).ok_or(whole)?;
        let mut encoder = self.face.encoder(self.created, self.peek.include_usage);
        let mut out = Vec::new();
        events.iter().for_each(|it| encoder.event(it, &mut out));
        encoder.finish(&mut out);
        Ok((out.into(), usage))
    }
}

impl Errand for Chat<'_> {
    type Out = Spoken;

    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed> {
        let (dialect, model) = (leg.provider.dialect, leg.to.model.as_str());
        let is_stream = self.peek.stream;
        let headers = client::passed_on(&self.call.headers, dialect.wire(), is_stream);
        self.is_by_tool = false;
        let passing = self.passing(leg);
        self.is_passing = passing.is_some();
        if let Some((body, ours)) = passing {
            let path = match self.face.wire() {
                Wire::OpenaiResponses => "responses".into(),
                _ => dialect.chat_path(model, is_stream),
            };
            let (made, owns_tools) = (None, false);
            return Ok(Parcel { path, body, headers, is_stream, made, owns_tools, ours });
        }
        let request = self.request()?;
        let mut made =
            dialect.chat_body(request, model, leg.quirks).map_err(Missed::Unsupported)?;
        let owns_tools = request.tools.is_empty();
        if leg.quirks.refuses_stream_options
            && let Some(fields) = made.as_object_mut()
        {
            fields.remove("stream_options");
        }
        let stream_options = made.get("stream_options").is_some();
        let ours = Ours { stream_options, ..Ours::default() };
        self.is_by_tool = owns_tools && answers_by_tool(&made);
        let path = dialect.chat_path(model, is_stream);
        let body = Bytes::from(made.to_string());
        let made = Some(made);
        Ok(Parcel { path, body, headers, is_stream, made, owns_tools, ours })
    }

    async fn unpack(
        &mut self,
        leg: Leg<'_>,
        mut received: Received,
        mut attempt: Attempt,
        until: Instant,
    ) -> Result<Spoken, (Attempt, Wrong)> {
        let dialect = leg.provider.dialect;
        let (status, upstream_id) = (received.status, received.upstream_id());
        let times = Times::new(&leg.provider.settings, self.relay, leg.by);
        let mut is_whole = !self.peek.stream;
        // A line that begins so says nothing in a stream of events; in one of lines it is the rule.
        if !is_whole && dialect.wire() != Wire::Ollama {
            match received.begins_with(times.first()).await {
                Ok(first) => is_whole = matches!(first, Some(b'{' | b'[' | b'<')),
                Err(failure) => return Err((attempt, Wrong::Failed(failure))),
            }
        }
        if !is_whole {
            let manner = self.manner(leg);
            let id = self.call.request_id.clone();
            let flow = Flow::new(received, manner, self.face, id, attempt, times);
            let mut flow = Box::new(flow);
            flow.on_disconnect = self.on_disconnect;
            let running = flow.opened().await?;
            return Ok(Spoken::Stream(running, upstream_id));
        }
        let body = match received.whole(self.relay.answer_bytes_max, until).await {
            Ok(body) => body,
            Err(failure) => return Err((attempt, Wrong::Failed(failure))),
        };
        attempt.exchanged();
        let read = if self.peek.stream {
            self.in_one_piece(leg, &body)
        } else {
            self.read(leg, body.clone())
        };
        let (bytes, usage) = match read {
            Ok(read) => read,
            Err(wrong) => {
                attempt.counted(status, dialect.read_usage(&body), self.peek.prompt_tokens);
                return Err((attempt, wrong));
            }
        };
        if self.peek.stream {
            attempt.speaks();
        }
        let cost = attempt.answered(status, usage);
        attempt.end(Outcome::Ok);
        Ok(if self.peek.stream {
            Spoken::Stream(Running::of_pieces(vec![bytes]), upstream_id)
        } else {
            Spoken::Whole(bytes, usage, cost, upstream_id)
        })
    }

    fn at_door(&mut self, leg: Leg<'_>) -> Result<(), Missed> {
        home::converses(leg)?;
        self.request().map(drop)
    }

    async fn at_home(&mut self, _: Leg<'_>, mut attempt: Attempt) -> Result<Spoken, Missed> {
        let is_stream = self.peek.stream;
        let (created, with_usage, face) = (self.created, self.peek.include_usage, self.face);
        let request = self.request()?;
        let answer = offline::answer(request);
        let usage = answer.usage.unwrap_or_default();
        if !is_stream {
            let cost = attempt.answered(200, usage);
            attempt.end(Outcome::Ok);
            return Ok(Spoken::Whole(face.answer(&answer, created), usage, cost, None));
        }
        let mut encoder = face.encoder(created, with_usage);
        let mut pieces: Vec<Bytes> = Vec::new();
        for event in offline::events(request) {
            let mut out = Vec::new();
            encoder.event(&event, &mut out);
            pieces.extend((!out.is_empty()).then(|| Bytes::from(out)));
        }
        let mut out = Vec::new();
        encoder.finish(&mut out);
        pieces.push(out.into());
        attempt.speaks();
        attempt.answered(200, usage);
        attempt.end(Outcome::Ok);
        Ok(Spoken::Stream(Running::of_pieces(pieces), None))
    }
}

/// About how many tokens an answer has.
pub(in crate::relay) fn said(answer: &Answer) -> u64 {
    let bytes = |part: &Part| match part {
        Part::Text { text, .. } | Part::Thinking { text, .. } | Part::Refusal(text) => text.len(),
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
        Part::Image(_) | Part::ToolResult { .. } => 0,
    };
    tokens::of_bytes(answer.parts.iter().map(bytes).sum())
}

/// May a body with a status of success be an error? Most have no such field, which is seen sooner than read.
pub(in crate::relay) fn speaks_of_error(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|it| it.contains("\"error\""))
}

/// A whole answer of `responses` that tells no use: about how many tokens it has.
fn of_responses(dialect: &dyn Dialect, body: &Bytes) -> Result<u64, Wrong> {
    let Ok(answer) = serde_json::from_slice::<Json>(body) else {
        return Err(Wrong::Unreadable("it is not JSON"));
    };
    let is_nothing = |it: &Json| match it {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    };
    if answer.get("error").is_some_and(|it| !is_nothing(it)) {
        return Err(Wrong::Complained(dialect.complaint(200, &HeaderMap::new(), body)));
    }
    match answer.get("output") {
        Some(output) => Ok(tokens::of_bytes(output.to_string().len())),
        None => Err(Wrong::Unreadable("it has no `output`")),
    }
}
