//! A conversation on its way through the gateway: whole or in pieces, as it came or told anew, from
//! a provider or kept from before.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderValue};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::{
    Attempt, Call, Missed, NoWay, Reply, Wanted, Way,
    cache::{self, Form, Kept},
    client::{self, Received},
    manner::Manner,
    recast::{self, Gathered},
    reply::{Cached, Facts},
    route,
    single_flight::Boarded,
    stream::{Flow, Keeping, Running, Times},
    travel::{Errand, Leg, Parcel, Trip},
    wrong::Wrong,
};
use crate::{
    Cost, Models, Priority, Usage,
    chat::{Answer, Event, Part, Request},
    dialect::{self, Dialect, Wire, offline},
    face::{Face, FaceError, Inject, Pass, Peek},
    money::NanoUsd,
    settings::{Disconnect, RelaySettings},
    tokens,
    usage::Outcome,
};

/// What an answer costs that was kept.
const FREE: Cost = Cost::Known(NanoUsd::ZERO);

/// What identical requests that are under way share.
pub(crate) type Landed = Result<Arc<Kept>, Missed>;

/// A conversation that is asked for.
struct Chat<'a> {
    call: &'a Call,
    face: &'static dyn Face,
    peek: Peek,
    /// The most tokens that a policy gives to one answer.
    cap: Option<u64>,
    on_disconnect: Disconnect,
    relay: &'a RelaySettings,
    created: i64,
    /// Read when it has to be told anew.
    request: Option<Result<Request, FaceError>>,
}

/// What came of it.
enum Spoken {
    Whole(Bytes, Usage, Cost, Option<HeaderValue>),
    Stream(Running, Option<HeaderValue>),
}

/// How far a kept answer may serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// It is looked for, and kept.
    Both,
    /// It is kept, and not looked for.
    Only,
    Nothing,
}

impl Models {
    pub(super) async fn relay_chat(&self, call: Call) -> Reply {
        let face = call.asks.face();
        let peek = match face.peek(&call.body) {
            Ok(peek) => peek,
            Err(why) => return self.unreadable(&call, &why),
        };
        let tokens = peek.prompt_tokens.saturating_add(peek.max_tokens.unwrap_or(0));
        let wanted = Wanted {
            model: Some(&peek.model),
            priority: Priority::Balanced,
            tenant: call.account.tenant,
            caller: call.account.caller.as_deref(),
            operation: &call.account.operation,
            speaks: Some(face.wire()),
            tokens,
        };
        let settings = &self.0.settings;
        let way = match route::route(settings, wanted) {
            Ok(way) => way,
            Err(why) => {
                let trip = Trip::new(&call.account, 0, None);
                let facts = Facts::new(&trip, &call.request_id, Cached::Off);
                return facts.missed(&why.into(), face);
            }
        };
        let keeps = self.keeps(&call.headers, &way);
        let key = (keeps != Keeps::Nothing)
            .then(|| {
                let to = &way.candidates[0].to;
                cache::key(call.account.tenant, face.wire(), to, &call.body)
            })
            .flatten();
        let chat = Chat {
            call: &call,
            face,
            cap: way.rules.max_tokens,
            on_disconnect: way.rules.on_disconnect.unwrap_or(settings.relay.on_disconnect),
            relay: &settings.relay,
            created: self.0.clock.now().as_second(),
            request: None,
            peek,
        };
        match key {
            None => self.ask_anew(chat, &way, None, Cached::Off).await,
            Some(key) => self.ask_or_repeat(chat, &way, key, keeps).await,
        }
    }

    pub(super) fn unreadable(&self, call: &Call, why: &FaceError) -> Reply {
        let trip = Trip::new(&call.account, 0, None);
        let facts = Facts::new(&trip, &call.request_id, Cached::Off);
        facts.refused(&why.body(), call.asks.face())
    }

    /// Whether answers to this call may be kept.
    fn keeps(&self, headers: &HeaderMap, way: &Way) -> Keeps {
        let is_on = self.0.cache.is_on() && way.rules.cache != Some(false);
        let wish = headers.get(http::header::CACHE_CONTROL).and_then(|it| it.to_str().ok());
        let wishes = |name: &str| {
            wish.is_some_and(|it| it.split(',').any(|it| it.trim().eq_ignore_ascii_case(name)))
        };
        if !is_on || wishes("no-store") {
            Keeps::Nothing
        } else if wishes("no-cache") {
            Keeps::Only
        } else {
            Keeps::Both
        }
    }

    /// Repeats an answer that was kept, shares one that is under way, or asks.
    async fn ask_or_repeat(
        &self,
        chat: Chat<'_>,
        way: &Way,
        key: cache::Key,
        keeps: Keeps,
    ) -> Reply {
        if keeps == Keeps::Only {
            return self.ask_anew(chat, way, Some(key), Cached::Miss).await;
        }
        if let Some(kept) = self.0.cache.get(&key)
            && let Some(reply) = self.repeat(&chat, &kept)
        {
            return reply;
        }
        if chat.peek.stream {
            return self.ask_anew(chat, way, Some(key), Cached::Miss).await;
        }
        match self.0.flights.board(&key).await {
            Boarded::Shared(Ok(kept)) => match self.repeat(&chat, &kept) {
                Some(reply) => reply,
                None => self.ask_anew(chat, way, Some(key), Cached::Miss).await,
            },
            Boarded::Shared(Err(missed)) => {
                let trip = chat.trip();
                let facts = Facts::new(&trip, &chat.call.request_id, Cached::Miss);
                facts.missed(&missed, chat.face)
            }
            Boarded::Lead(flight) => {
                let (reply, landed) = self.asked(chat, way, Some(key), Cached::Miss).await;
                if let Some(landed) = landed {
                    flight.land(landed);
                }
                reply
            }
        }
    }

    async fn ask_anew(
        &self,
        chat: Chat<'_>,
        way: &Way,
        key: Option<cache::Key>,
        cached: Cached,
    ) -> Reply {
        self.asked(chat, way, key, cached).await.0
    }

    /// Asks the candidates. What others who wait for the same get comes with the reply.
    async fn asked(
        &self,
        mut chat: Chat<'_>,
        way: &Way,
        key: Option<cache::Key>,
        cached: Cached,
    ) -> (Reply, Option<Landed>) {
        let mut trip = chat.trip();
        let arrived = Box::pin(self.travel(&mut trip, way, &mut chat)).await;
        let facts = Facts::new(&trip, &chat.call.request_id, cached);
        let arrived = match arrived {
            Ok(arrived) => arrived,
            Err(missed) => {
                let reply = facts.missed(&missed, chat.face);
                return (reply, missed.is_about_providers().then_some(Err(missed)));
            }
        };
        let facts = facts.by(&arrived.by, arrived.is_fallback);
        match arrived.out {
            Spoken::Whole(bytes, usage, cost, upstream_id) => {
                let kept = key.map(|key| {
                    let (by, bytes) = (arrived.by.clone(), vec![bytes.clone()]);
                    let kept = Kept { form: Form::Whole, bytes, by, usage };
                    self.0.cache.keep(key, kept.clone());
                    Ok(Arc::new(kept))
                });
                (Facts { upstream_id, ..facts.cost(cost) }.whole(bytes), kept)
            }
            Spoken::Stream(mut running, upstream_id) => {
                if let Some(key) = key {
                    let (cache, by) = (self.0.cache.clone(), arrived.by.clone());
                    running.keep(Keeping::new(cache, key, by, chat.peek.include_usage));
                }
                (Facts { upstream_id, ..facts }.stream(running.pieces()), None)
            }
        }
    }

    /// An answer that was kept, in the form that is asked for. None when it cannot be had so.
    fn repeat(&self, chat: &Chat<'_>, kept: &Kept) -> Option<Reply> {
        let trip = chat.trip();
        let facts = Facts::new(&trip, &chat.call.request_id, Cached::Hit).by(&kept.by, false);
        let with_usage = chat.peek.include_usage;
        let reply = match (kept.form, chat.peek.stream) {
            (Form::Whole, false) => facts.cost(FREE).whole(kept.bytes.first()?.clone()),
            (Form::Frames { with_usage: it }, true) if it == with_usage => {
                facts.stream(futures::stream::iter(kept.bytes.clone()).boxed())
            }
            (_, is_stream) => {
                let answer = answer_of(chat.face.wire(), kept)?;
                if is_stream {
                    let mut encoder = chat.face.encoder(chat.created, with_usage);
                    let mut out = Vec::new();
                    recast::pieces(&answer)?.iter().for_each(|it| encoder.event(it, &mut out));
                    encoder.finish(&mut out);
                    facts.stream(futures::stream::iter([Bytes::from(out)]).boxed())
                } else {
                    facts.cost(FREE).whole(chat.face.answer(&answer, chat.created))
                }
            }
        };
        let latency_ms = u64::try_from(trip.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.ledger.note_cached(&trip.asked().begun(&kept.by), latency_ms);
        Some(reply)
    }
}

impl<'a> Chat<'a> {
    fn trip(&self) -> Trip<'a> {
        let tokens_out = match (self.peek.max_tokens, self.cap) {
            (Some(asked), Some(cap)) => Some(asked.min(cap)),
            (asked, cap) => asked.or(cap),
        };
        let tokens_out = tokens_out.map(|it| it.saturating_mul(self.peek.answers.max(1)));
        Trip::new(&self.call.account, self.peek.prompt_tokens, tokens_out)
    }

    /// Do the caller's bytes pass to this provider?
    fn passes(&self, dialect: &dyn Dialect) -> bool {
        let speaks = self.face.wire();
        let is_same = dialect.wire() == speaks
            || (speaks == Wire::OpenaiResponses && dialect.takes_responses());
        // A limit that is not the caller's own has to be written into the request.
        is_same && self.cap.is_none_or(|cap| self.peek.max_tokens.is_some_and(|it| it <= cap))
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

    fn decoder(&self, dialect: &dyn Dialect) -> Option<Box<dyn dialect::Decoder>> {
        match self.face.wire() {
            Wire::OpenaiResponses => dialect.responses_decoder(),
            _ => Some(dialect.decoder()),
        }
    }

    /// A whole answer of a provider, as bytes for the caller, with what it used.
    fn read(&self, dialect: &dyn Dialect, body: Bytes) -> Result<(Bytes, Usage), Wrong> {
        let asked = self.peek.prompt_tokens;
        if !self.passes(dialect) {
            let answer = dialect.read_answer(&body)?;
            let usage = tokens::completed(answer.usage, asked, said(&answer), true);
            let answer = Answer { usage: Some(usage), ..answer };
            return Ok((self.face.answer(&answer, self.created), usage));
        }
        let counted = dialect.read_usage(&body);
        let said = match counted {
            // Where there are counts there is an answer; anything else is looked at.
            Some(_) => 0,
            None if self.face.wire() == Wire::OpenaiResponses => of_responses(dialect, &body)?,
            None => said(&dialect.read_answer(&body)?),
        };
        Ok((body, tokens::completed(counted, asked, said, true)))
    }
}

impl Errand for Chat<'_> {
    type Out = Spoken;

    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed> {
        let (dialect, model) = (leg.provider.dialect, leg.to.model.as_str());
        let is_stream = self.peek.stream;
        let headers = client::passed_on(&self.call.headers, dialect.wire(), is_stream);
        if self.passes(dialect) {
            let injects = is_stream
                && self.face.wire() == Wire::OpenaiChat
                && !self.peek.include_usage
                && !leg.quirks.refuses_stream_options;
            let inject = if injects { Inject::Usage } else { Inject::Nothing };
            let path = match self.face.wire() {
                Wire::OpenaiResponses => "responses".into(),
                _ => dialect.chat_path(model, is_stream),
            };
            let body = self.face.rewrite(&self.call.body, model, inject);
            return Ok(Parcel { path, body, headers, is_stream, made: None, is_injected: injects });
        }
        let request = self.request()?;
        let mut made =
            dialect.chat_body(request, model, leg.quirks).map_err(Missed::Unsupported)?;
        if leg.quirks.refuses_stream_options
            && let Some(fields) = made.as_object_mut()
        {
            fields.remove("stream_options");
        }
        let is_injected = made.get("stream_options").is_some();
        let path = dialect.chat_path(model, is_stream);
        let body = Bytes::from(made.to_string());
        Ok(Parcel { path, body, headers, is_stream, made: Some(made), is_injected })
    }

    async fn unpack(
        &mut self,
        leg: Leg<'_>,
        received: Received,
        mut attempt: Attempt,
        until: Instant,
    ) -> Result<Spoken, (Attempt, Wrong)> {
        let dialect = leg.provider.dialect;
        let upstream_id = received.upstream_id();
        let status = received.status;
        if !self.peek.stream {
            let body = match received.whole(self.relay.answer_bytes_max, until).await {
                Ok(body) => body,
                Err(failure) => return Err((attempt, Wrong::Failed(failure))),
            };
            attempt.exchanged();
            return match self.read(dialect, body) {
                Ok((bytes, usage)) => {
                    let cost = attempt.answered(status, usage);
                    attempt.end(Outcome::Ok);
                    Ok(Spoken::Whole(bytes, usage, cost, upstream_id))
                }
                Err(wrong) => Err((attempt, wrong)),
            };
        }
        let manner = if self.passes(dialect) {
            let Some(decoder) = self.decoder(dialect) else {
                return Err((attempt, Wrong::Unreadable("its stream cannot be read")));
            };
            let wire = self.face.wire();
            // Where the caller's bytes could not be told to bring it, nothing is there to hide.
            let hides = wire == Wire::OpenaiChat && !self.peek.include_usage;
            Manner::Pass(wire, Box::new(Pass::new(wire, decoder, hides)))
        } else {
            let encoder = self.face.encoder(self.created, self.peek.include_usage);
            Manner::retell(dialect.wire(), dialect.decoder(), encoder)
        };
        let times = Times::new(&leg.provider.settings, self.relay, Instant::now());
        let id = self.call.request_id.clone();
        let mut flow = Flow::new(received, manner, self.face, id, attempt, times);
        flow.on_disconnect = self.on_disconnect;
        let running = Box::pin(flow.opened()).await?;
        Ok(Spoken::Stream(running, upstream_id))
    }

    fn at_home(&mut self, _: Leg<'_>, mut attempt: Attempt) -> Result<Spoken, Missed> {
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

impl From<NoWay> for Missed {
    fn from(why: NoWay) -> Self {
        match why {
            NoWay::NotConfigured => Self::NotConfigured,
            NoWay::NotAllowed(model) => Self::NotAllowed(model),
        }
    }
}

/// About how many tokens an answer has.
pub(super) fn said(answer: &Answer) -> u64 {
    let bytes = |part: &Part| match part {
        Part::Text { text, .. } | Part::Thinking { text, .. } | Part::Refusal(text) => text.len(),
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
        Part::Image(_) | Part::ToolResult { .. } => 0,
    };
    tokens::of_bytes(answer.parts.iter().map(bytes).sum())
}

/// A whole answer of `responses` that tells no use: about how many tokens it has.
fn of_responses(dialect: &dyn Dialect, body: &Bytes) -> Result<u64, Wrong> {
    let Ok(answer) = serde_json::from_slice::<Json>(body) else {
        return Err(Wrong::Unreadable("it is not JSON"));
    };
    if answer.get("error").is_some_and(|it| !it.is_null()) {
        return Err(Wrong::Complained(dialect.complaint(200, &HeaderMap::new(), body)));
    }
    match answer.get("output") {
        Some(output) => Ok(tokens::of_bytes(output.to_string().len())),
        None => Err(Wrong::Unreadable("it has no `output`")),
    }
}

/// What a kept answer says, for telling it in another form.
fn answer_of(wire: Wire, kept: &Kept) -> Option<Answer> {
    let dialect = dialect::REGISTRY.iter().find(|it| it.wire() == wire)?;
    match kept.form {
        Form::Whole => dialect.read_answer(kept.bytes.first()?).ok(),
        Form::Frames { .. } => {
            let mut scanner = crate::sse::Scanner::sse();
            let mut decoder = dialect.decoder();
            let (mut gathered, mut events) = (Gathered::default(), Vec::<Event>::new());
            kept.bytes.iter().for_each(|it| scanner.push(it.clone()));
            while let Some(Ok(frame)) = scanner.next() {
                decoder.frame(&frame, &mut events).ok()?;
            }
            events.into_iter().for_each(|it| gathered.take(it));
            let answer = gathered.whole()?;
            Some(Answer { usage: answer.usage.or(Some(kept.usage)), ..answer })
        }
    }
}
