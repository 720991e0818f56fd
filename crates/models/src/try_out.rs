//! Trying a provider out: one short question, asked once, answered in pieces, on somebody's account.
//!
//! It goes the way of every question (budget, limits, breaker, ledger) but to one model and no other:
//! a fallback that answered would hide what is wrong.

use std::time::Duration;

use base::TenantId;
use bytes::Bytes;
use futures::future::join_all;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::{
    Cost, ModelError, Models, Usage,
    chat::{Event, Message, Part, Request, Role},
    dialect::{Decoder, Wire, offline},
    limit::Priority,
    relay::{
        Account, Attempt, Errand, Leg, Missed, Ours, Parcel, Trip, Way, Wrong,
        client::{self, Failure, Received},
        home, named,
    },
    settings::ModelRef,
    sse::{Frame, Scanner},
    tokens,
    usage::Outcome,
};

/// What it is counted for.
pub const OPERATION: &str = "test";

const QUESTION: &str = "Say OK.";
/// Models that think first need some tokens for that.
const TOKENS_MAX: u64 = 64;
/// The longest that one provider is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const DONE: &[u8] = b"[DONE]";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TryOut {
    /// Who was asked, as `provider/model`; none when nobody knows a model of this provider.
    pub model: Option<String>,
    /// The provider.
    pub provider: String,
    /// Did it answer, to the end?
    pub ok: bool,
    /// How long it took.
    pub latency_ms: u64,
    /// How long until it said something.
    pub ttft_ms: Option<u64>,
    /// Tokens of the question.
    pub tokens_in: u64,
    /// Tokens of the answer.
    pub tokens_out: u64,
    /// What it cost, in dollars, when that is known.
    pub cost_usd: Option<f64>,
    /// Why there is no answer.
    pub error: Option<TryOutError>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TryOutError {
    /// A word for programs: `refused`, `unavailable`, `timeout`, `rate_limited`, `over_budget`,
    /// `not_ready`, `no_model`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The way out, when one is known.
    pub hint: Option<String>,
}

/// On whose account something is tried out.
#[derive(Debug, Clone)]
pub struct Tester {
    /// Whose usage it is.
    pub tenant: TenantId,
    /// Who asks, as the audit log writes actors.
    pub caller: String,
}

impl Models {
    /// Tries this model out, by any name it has; or each provider, with the first of its models that
    /// the settings name, or that it lists itself. What it used is in the ledger, or on its way there
    /// ([`Models::close`]).
    pub async fn try_out(&self, tester: &Tester, model: Option<&str>) -> Vec<TryOut> {
        if let Some(name) = model {
            return match named(&self.0.settings, name) {
                Some(to) => vec![self.try_one(tester, to).await],
                None => vec![unknown(
                    "not_configured",
                    "",
                    &ModelError::NotConfigured.to_string(),
                    None,
                )],
            };
        }
        let tried = self.0.providers.values().map(|provider| async move {
            let own = self.named_of(&provider.name).into_iter().find(|it| self.talks(provider, it));
            let model = match own {
                Some(model) => Some(model),
                None => {
                    let listed = self.list_of(provider).await;
                    listed.iter().find(|it| self.talks(provider, it)).cloned()
                }
            };
            match model {
                Some(model) => {
                    let to = ModelRef { provider: provider.name.clone(), model };
                    self.try_one(tester, to).await
                }
                None => unknown(
                    "no_model",
                    &provider.name,
                    "no model of this provider is known, and it lists none",
                    Some("name one: `provider/model`"),
                ),
            }
        });
        join_all(tried).await
    }

    /// Is this model there for conversations? Those for embeddings mostly say so in their names.
    /// Of a provider that makes nothing but embeddings any is tried.
    fn talks(&self, provider: &crate::relay::Provider, model: &str) -> bool {
        let whole = format!("{}/{model}", provider.name);
        !provider.dialect.converses()
            || (!model.contains("embed") && self.0.settings.embedding.as_ref() != Some(&whole))
    }

    async fn try_one(&self, tester: &Tester, to: ModelRef) -> TryOut {
        let account = Account {
            tenant: tester.tenant,
            key: None,
            caller: Some(tester.caller.clone()),
            operation: OPERATION.into(),
            task: None,
            job: None,
            priority: Priority::High,
        };
        let request = Request {
            messages: vec![Message {
                role: Role::User,
                parts: vec![Part::Text { text: QUESTION.into(), cache: false }],
                name: None,
            }],
            max_tokens: Some(TOKENS_MAX),
            stream: true,
            ..Request::default()
        };
        let begun = Instant::now();
        let until = begun + PATIENCE;
        let asked = tokens::estimate(QUESTION);
        let mut trip =
            Trip { attempts_max: Some(1), ..Trip::new(&account, asked, Some(TOKENS_MAX)) };
        let mut listen = Listen { request: &request, asked, until };
        let way = Way::to(to.clone());
        let travelling = Box::pin(self.travel(&mut trip, &way, &mut listen));
        let arrived = timeout_at(until, travelling).await;
        let arrived = arrived.unwrap_or(Err(Missed::Late { after: PATIENCE }));
        let (by, heard) = match arrived {
            Ok(arrived) => (arrived.by, arrived.out),
            Err(missed) => {
                let error = self.explained(&to, missed);
                let latency_ms = millis(begun.elapsed());
                return TryOut { latency_ms, error: Some(error), ..nothing(&to) };
            }
        };
        TryOut {
            ok: true,
            latency_ms: millis(heard.latency),
            ttft_ms: heard.ttft.map(millis),
            tokens_in: heard.usage.tokens_in,
            tokens_out: heard.usage.tokens_out,
            cost_usd: heard.cost.nanos().map(crate::money::NanoUsd::dollars),
            ..nothing(&by)
        }
    }

    fn explained(&self, to: &ModelRef, missed: Missed) -> TryOutError {
        let is_left_alone = matches!(missed, Missed::LeftAlone { .. });
        let why = ModelError::from(missed);
        let code = match &why {
            ModelError::NotConfigured => "not_configured",
            ModelError::NotReady { .. } => "not_ready",
            ModelError::Unavailable { .. } => "unavailable",
            ModelError::Timeout { .. } => "timeout",
            ModelError::RateLimited { .. } => "rate_limited",
            ModelError::Refused { .. } => "refused",
            ModelError::NotAllowed { .. } => "not_allowed",
            ModelError::OverBudget { .. } => "over_budget",
            ModelError::Unusable { .. } | ModelError::InvalidSchema { .. } => "unusable",
        };
        let mut message = why.to_string();
        let provider = self.0.providers.get(&to.provider);
        let held_back = provider.and_then(|it| it.settings.held_back.clone());
        let hint = match &why {
            ModelError::Refused { status: 401 | 403, .. } if held_back.is_some() => held_back,
            _ => hint(&why, &to.provider),
        };
        if is_left_alone
            && let Some(provider) = provider
            && let crate::health::State::Failing { why, .. } = provider.health().state
        {
            message = format!("{message}; its last failure: {why}");
        }
        TryOutError { code: code.into(), message, hint }
    }
}

fn hint(why: &ModelError, provider: &str) -> Option<String> {
    let wait = why.retry_after().map(|it| format!("try again in {} s", it.as_secs().max(1)));
    Some(match why {
        ModelError::Refused { status: 401 | 403, .. } => {
            let name = provider.to_ascii_uppercase().replace('-', "_");
            format!("check the key: `providers.{provider}.api_key` or {name}_API_KEY")
        }
        ModelError::Refused { status: 404, .. } => format!(
            "check the model's name (`mainstay models list --remote`) and `providers.{provider}.base_url`"
        ),
        ModelError::Unavailable { .. } if wait.is_none() => {
            format!(
                "is it running there? See `providers.{provider}.base_url`, and `proxy` if it needs one"
            )
        }
        ModelError::Timeout { .. } => {
            "it may be loading the model; try again, or ask a smaller one".into()
        }
        ModelError::OverBudget { retry_after: None, .. } => {
            "no new period helps: set a higher budget (`mainstay models limits set`), or test a model \
             that costs less"
                .into()
        }
        ModelError::OverBudget { .. } => {
            "wait for the new period, or set a higher budget: `mainstay models limits set`".into()
        }
        _ => return wait,
    })
}

fn nothing(to: &ModelRef) -> TryOut {
    TryOut {
        model: Some(to.text()),
        provider: to.provider.clone(),
        ok: false,
        latency_ms: 0,
        ttft_ms: None,
        tokens_in: 0,
        tokens_out: 0,
        cost_usd: None,
        error: None,
    }
}

fn unknown(code: &str, provider: &str, message: &str, hint: Option<&str>) -> TryOut {
    let error =
        TryOutError { code: code.into(), message: message.into(), hint: hint.map(str::to_owned) };
    let to = ModelRef { provider: provider.into(), model: String::new() };
    TryOut { model: None, error: Some(error), ..nothing(&to) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What was heard.
struct Heard {
    usage: Usage,
    cost: Cost,
    latency: Duration,
    ttft: Option<Duration>,
}

/// Asks, and listens to the pieces of the answer.
struct Listen<'a> {
    request: &'a Request,
    /// About how many tokens the question has.
    asked: u64,
    until: Instant,
}

impl Errand for Listen<'_> {
    type Out = Heard;

    fn pack(&mut self, leg: Leg<'_>) -> Result<Parcel, Missed> {
        let (dialect, model) = (leg.provider.dialect, &leg.to.model);
        let made = dialect.chat_body(self.request, model, leg.quirks);
        let mut made = made.map_err(Missed::Unsupported)?;
        if leg.quirks.refuses_stream_options
            && let Some(fields) = made.as_object_mut()
        {
            fields.remove("stream_options");
        }
        Ok(Parcel {
            path: dialect.chat_path(model, true),
            body: Bytes::from(made.to_string()),
            headers: client::passed_on(&HeaderMap::new(), dialect.wire(), true),
            is_stream: true,
            ours: Ours { stream_options: made.get("stream_options").is_some(), ..Ours::default() },
            made: Some(made),
            owns_tools: self.request.tools.is_empty(),
        })
    }

    async fn unpack(
        &mut self,
        leg: Leg<'_>,
        mut received: Received,
        mut attempt: Attempt,
        _: Instant,
    ) -> Result<Heard, (Attempt, Wrong)> {
        let mut hearing = Hearing::new(leg.provider.dialect.wire(), leg.provider.dialect.decoder());
        let mut ttft = None;
        loop {
            let step = match received.chunk(self.until).await {
                Ok(Some(bytes)) => hearing.take(bytes),
                Ok(None) => {
                    attempt.exchanged();
                    hearing.finish().map(|()| true)
                }
                Err(failure) => Err(Wrong::Failed(failure)),
            };
            if hearing.said > 0 && ttft.is_none() {
                attempt.speaks();
                ttft = Some(attempt.elapsed());
            }
            match step {
                Ok(false) => {}
                Ok(true) => break,
                Err(wrong) => return Err((attempt, wrong)),
            }
        }
        let said = tokens::of_bytes(hearing.said);
        let usage = tokens::completed(hearing.decoder.usage(), self.asked, said);
        Ok(heard(attempt, received.status, usage, ttft))
    }

    /// It is this one that is tried.
    fn may_be_downgraded(&self) -> bool {
        false
    }

    /// Who makes embeddings only is asked for one.
    fn at_door(&mut self, leg: Leg<'_>) -> Result<(), Missed> {
        home::embeds(leg, None)
    }

    async fn at_home(&mut self, leg: Leg<'_>, mut attempt: Attempt) -> Result<Heard, Missed> {
        if !leg.provider.dialect.converses() {
            let made = home::vectors(leg, attempt, &[QUESTION.to_owned()], None).await?;
            return Ok(heard(made.attempt, 200, made.usage, None));
        }
        let answer = offline::answer(self.request);
        attempt.speaks();
        let ttft = Some(attempt.elapsed());
        Ok(heard(attempt, 200, answer.usage.unwrap_or_default(), ttft))
    }
}

fn heard(mut attempt: Attempt, status: u16, usage: Usage, ttft: Option<Duration>) -> Heard {
    let cost = attempt.answered(status, usage);
    let latency = attempt.elapsed();
    attempt.end(Outcome::Ok);
    Heard { usage, cost, latency, ttft }
}

/// The pieces of an answer, as far as they came.
struct Hearing {
    wire: Wire,
    scanner: Scanner,
    decoder: Box<dyn Decoder>,
    events: Vec<Event>,
    /// How many bytes of words and thoughts were said.
    said: usize,
}

impl Hearing {
    fn new(wire: Wire, decoder: Box<dyn Decoder>) -> Self {
        let scanner = if wire == Wire::Ollama { Scanner::ndjson() } else { Scanner::sse() };
        Self { wire, scanner, decoder, events: Vec::new(), said: 0 }
    }

    /// True when these bytes end the answer.
    fn take(&mut self, bytes: Bytes) -> Result<bool, Wrong> {
        self.scanner.push(bytes);
        while let Some(frame) = self.scanner.next() {
            let frame =
                frame.map_err(|_| Wrong::Unreadable("a frame of its stream is too long"))?;
            if self.hear(&frame)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn hear(&mut self, frame: &Frame) -> Result<bool, Wrong> {
        self.events.clear();
        self.decoder.frame(frame, &mut self.events)?;
        for event in self.events.drain(..) {
            match event {
                Event::Failed(complaint) => return Err(Wrong::Complained(complaint)),
                Event::Text(text) | Event::Thinking(text) | Event::Refusal(text) => {
                    self.said += text.len();
                }
                _ => {}
            }
        }
        // These say themselves when they are done; of the others some tell their use after that.
        let ends = matches!(self.wire, Wire::AnthropicMessages | Wire::Ollama);
        let (is_done, is_complete) = (frame.data.trim_ascii() == DONE, self.decoder.is_complete());
        if is_done && !is_complete {
            return Err(Wrong::Failed(Failure::BrokeOff));
        }
        Ok(is_done || (ends && is_complete))
    }

    fn finish(&mut self) -> Result<(), Wrong> {
        if let Some(rest) = self.scanner.finish() {
            self.hear(&rest.frame)?;
        }
        if self.decoder.is_complete() { Ok(()) } else { Err(Wrong::Failed(Failure::BrokeOff)) }
    }
}
