//! A conversation on its way through the gateway: whole or in pieces, as it came or told anew, from
//! a provider or kept from before.

mod errand;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use http::HeaderMap;
use tokio::time::Instant;

use super::{
    Call, Missed, NoWay, Reply, Wanted, Way,
    cache::{self, Form, Kept},
    recast::{self, Gathered},
    reply::{Cached, Facts},
    route,
    single_flight::Boarded,
    stream::Keeping,
    travel::{LEDGER_WAIT, Trip},
};
use crate::{
    Cost, Models, Priority,
    chat::{Answer, Event},
    dialect::{self, Wire, proof},
    face::{FaceError, Peek},
    limit,
    money::NanoUsd,
    settings::ModelRef,
};

use errand::{Chat, Spoken};
pub(super) use errand::{said, speaks_of_error};

/// What an answer costs that was kept.
const FREE: Cost = Cost::Known(NanoUsd::ZERO);

/// What identical requests that are under way share: an answer, whoever gave it, or that nobody did.
/// While providers are down it is above all these that must not ask each by itself.
pub(crate) type Landed = Result<Arc<Kept>, Failed>;

/// Requests that share what comes of one of them: the same question, to the same models in the same
/// order, with the same turn among others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Alike {
    key: cache::Key,
    candidates: Vec<ModelRef>,
    priority: limit::Priority,
}

/// That nobody answered.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    missed: Missed,
    /// The attempts worth making were made.
    is_spent: bool,
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
        let begun = Instant::now();
        let face = call.asks.face();
        let peek = match face.peek(&call.body).and_then(Peek::named) {
            Ok(peek) => peek,
            Err(why) => return self.unreadable(&call, &why),
        };
        let tokens = peek.prompt_tokens.saturating_add(peek.max_tokens.unwrap_or(0));
        let wanted = Wanted {
            model: Some(&peek.model),
            priority: Priority::Balanced,
            tenant: call.account.tenant,
            caller: call.account.caller.as_deref(),
            operation: call.asks.operation(),
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
                let apart =
                    settings.policies.iter().any(|it| it.key.is_some() || it.operation.is_some());
                let caller = call.account.caller.as_deref().unwrap_or_default();
                let shared = cache::Shared {
                    tenant: call.account.tenant,
                    wire: face.wire(),
                    apart: apart.then_some((caller, call.asks.operation())),
                    cap: way.rules.max_tokens,
                    headers: &call.headers,
                };
                cache::key(&shared, to, &call.body)
            })
            .flatten();
        let chat = Box::new(Chat {
            call: &call,
            face,
            begun,
            waited: Duration::ZERO,
            cap: way.rules.max_tokens,
            on_disconnect: way.rules.on_disconnect.unwrap_or(settings.relay.on_disconnect),
            relay: &settings.relay,
            created: self.0.clock.now().as_second(),
            is_foreign: match face.wire() {
                Wire::AnthropicMessages => proof::is_foreign_to_anthropic(&call.body),
                Wire::OpenaiResponses => proof::is_foreign_to_openai(&call.body),
                _ => false,
            },
            request: None,
            is_passing: false,
            is_by_tool: false,
            peek,
        });
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
        mut chat: Box<Chat<'_>>,
        way: &Way,
        key: cache::Key,
        keeps: Keeps,
    ) -> Reply {
        if keeps == Keeps::Only {
            return self.ask_anew(chat, way, Some(key), Cached::Miss).await;
        }
        if let Some(kept) = self.0.cache.get(&key)
            && let Some(reply) = self.repeat(&chat, &kept, false)
        {
            return reply;
        }
        if chat.peek.stream {
            return self.ask_anew(chat, way, Some(key), Cached::Miss).await;
        }
        let alike = Alike {
            key,
            candidates: way.candidates.iter().map(|it| it.to.clone()).collect(),
            priority: chat.call.account.priority,
        };
        let before = Instant::now();
        let boarded = self.0.flights.board(&alike).await;
        chat.waited = before.elapsed();
        match boarded {
            Boarded::Shared(Ok(kept)) => {
                let is_fallback = kept.by != alike.candidates[0];
                match self.repeat(&chat, &kept, is_fallback) {
                    Some(reply) => reply,
                    None => self.ask_anew(chat, way, Some(key), Cached::Miss).await,
                }
            }
            Boarded::Shared(Err(failed)) => {
                let trip = chat.trip();
                let facts = Facts::new(&trip, &chat.call.request_id, Cached::Miss);
                facts.missed_by_all(&failed.missed, failed.is_spent, chat.face)
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
        chat: Box<Chat<'_>>,
        way: &Way,
        key: Option<cache::Key>,
        cached: Cached,
    ) -> Reply {
        self.asked(chat, way, key, cached).await.0
    }

    /// Asks the candidates. What others who wait for the same get comes with the reply.
    async fn asked(
        &self,
        mut chat: Box<Chat<'_>>,
        way: &Way,
        key: Option<cache::Key>,
        cached: Cached,
    ) -> (Reply, Option<Landed>) {
        let mut trip = chat.trip();
        let arrived = Box::pin(self.travel(&mut trip, way, &mut *chat)).await;
        let facts = Facts::new(&trip, &chat.call.request_id, cached);
        let arrived = match arrived {
            Ok(arrived) => arrived,
            Err(missed) => {
                let reply = facts.missed(&missed, chat.face);
                let is_spent = trip.attempts > 0;
                let is_for_all = !trip.is_downgraded && missed.is_for_all(trip.attempts);
                return (reply, is_for_all.then_some(Err(Failed { missed, is_spent })));
            }
        };
        // A cheaper model is asked for the sake of this caller's budget; others have their own.
        let is_for_all = !trip.is_downgraded;
        let facts = facts.by(&arrived.by, arrived.is_fallback);
        // What another model said in its place is not what will be asked for the next time.
        let is_kept = !arrived.is_fallback;
        match arrived.out {
            Spoken::Whole(bytes, usage, cost, upstream_id) => {
                let landed = key.map(|key| {
                    let (by, bytes) = (arrived.by.clone(), vec![bytes.clone()]);
                    let kept = Kept { form: Form::Whole, bytes, by, usage };
                    if is_kept {
                        self.0.cache.keep(key, kept.clone());
                    }
                    Ok(Arc::new(kept))
                });
                let landed = landed.filter(|_| is_for_all);
                (Facts { upstream_id, ..facts.cost(cost) }.whole(bytes), landed)
            }
            Spoken::Stream(mut running, upstream_id) => {
                if let Some(key) = key.filter(|_| is_kept) {
                    let (cache, by) = (self.0.cache.clone(), arrived.by.clone());
                    running.keep(Keeping::new(cache, key, by, chat.peek.include_usage));
                }
                let pieces = running.pieces(&chat.call.welcome);
                (Facts { upstream_id, ..facts }.stream(pieces), None)
            }
        }
    }

    /// An answer that was kept, in the form that is asked for. None when it cannot be had so.
    fn repeat(&self, chat: &Chat<'_>, kept: &Kept, is_fallback: bool) -> Option<Reply> {
        let trip = chat.trip();
        let facts = Facts::new(&trip, &chat.call.request_id, Cached::Hit);
        let facts = facts.by(&kept.by, is_fallback);
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
        let noted = self.0.ledger.note_cached(&trip.asked().begun(&kept.by), latency_ms);
        Some(noted.map_or_else(
            |_| {
                let facts = Facts::new(&trip, &chat.call.request_id, Cached::Miss);
                facts.missed(&Missed::LedgerFull { retry_after: LEDGER_WAIT }, chat.face)
            },
            |()| reply,
        ))
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
