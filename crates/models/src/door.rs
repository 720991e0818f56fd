//! The door: questions of the house itself, on the same way as those that come through the gateway.

mod speech;

use std::{sync::Arc, time::Duration};

use base::Clock;
use indexmap::IndexMap;
use serde_json::Value as Json;
use store::Store;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::{
    Answer, Ask, Cost, Message, ModelError, OpenError, Priority, Role, Settings, Usage,
    chat::{self, Finish, Format, Part, Request},
    ledger::Ledger,
    limit::Limits,
    local::{Local, package::MINILM},
    money::NanoUsd,
    relay::{
        Account, Alike, Attempt, Cache, Flights, Landed, Lists, Missed, Provider, Said, Say, Trip,
        Vectors, Wanted, Way, limits_of, route,
    },
    schema::Schemas,
    settings::ModelRef,
    tokens,
    usage::Outcome,
};

pub use speech::{BrokenOff, Speech, Spoken};

/// The models of this machine. Cheap to clone; all clones share connections, limits and breakers.
#[derive(Clone)]
pub struct Models(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) schemas: Schemas,
    pub(crate) ledger: Ledger,
    pub(crate) limits: Limits,
    pub(crate) cache: Arc<Cache>,
    pub(crate) flights: Flights<Alike, Landed>,
    pub(crate) lists: Lists,
    /// The model of this process, whoever of its providers is asked.
    pub(crate) local: Local,
    /// What goes on without its caller: answers that are read to their end.
    pub(crate) tasks: TaskTracker,
    pub(crate) providers: IndexMap<String, Arc<Provider>>,
}

/// What a model said, and what of it is still to be judged.
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) is_cut: bool,
    /// The model declined, in the words it has for that.
    pub(crate) is_declined: bool,
}

/// A question on its way, asked as often as it takes.
pub(crate) struct Asking {
    pub(crate) account: Account,
    pub(crate) way: Way,
    id: base::UsageId,
}

impl Models {
    /// Opens the door. Nothing is asked of any provider yet.
    ///
    /// # Errors
    /// When [`Settings::check`] has findings, the first of them.
    pub fn open(store: Store, clock: Clock, settings: Settings) -> Result<Self, OpenError> {
        if let Some(finding) = settings.check().into_iter().next() {
            return Err(OpenError::Setting { path: finding.path, message: finding.message });
        }
        let mut providers = IndexMap::new();
        for (name, provider) in &settings.providers {
            let opened = Provider::open(name, provider, &settings.breaker)?;
            if let Some(why) = &provider.held_back {
                warn!(model.provider = name, "Model provider {name} has no key: {why}");
            }
            providers.insert(name.clone(), Arc::new(opened));
        }
        let tasks = TaskTracker::new();
        let local = Local::new(&MINILM, &settings.local, tasks.clone());
        for provider in providers.values().filter(|it| !it.dialect.converses()) {
            if let Err(why) = local.check() {
                warn!(
                    model.provider = provider.name,
                    "Model provider {} is not ready: {why}", provider.name
                );
            }
        }
        Ok(Self(Arc::new(Inner {
            local,
            ledger: Ledger::open(store, clock.clone(), &settings),
            limits: Limits::new(clock.clone(), &limits_of(&settings), &settings.queue),
            cache: Arc::new(Cache::new(&settings.cache)),
            flights: Flights::default(),
            lists: Lists::default(),
            tasks,
            schemas: Schemas::default(),
            clock,
            settings,
            providers,
        })))
    }

    /// Asks and waits for the whole answer.
    pub async fn complete(&self, ask: Ask) -> Result<Answer, ModelError> {
        let asking = self.asking(&ask)?;
        let said = self.say(&asking, &ask, &ask.messages, None).await?;
        let (reply, answer) = taken(said);
        if reply.text.trim().is_empty() {
            answer.attempt.ended(Outcome::Invalid).await;
            return Err(ModelError::Unusable { errors: vec![empty(&reply).into()] });
        }
        answer.attempt.ended(Outcome::Ok).await;
        Ok(answer.facts.with(reply))
    }

    /// The model that a question of ordinary priority goes to, as `provider/model`.
    pub fn can_complete(&self) -> Option<String> {
        Some(self.0.settings.choose(Priority::Balanced, None)?.text())
    }

    /// The model that makes embeddings, as `provider/model`.
    pub fn can_embed(&self) -> Option<String> {
        self.0.settings.embedding().map(|it| it.text())
    }

    /// What one request may cost.
    pub fn request_limit(&self) -> Option<NanoUsd> {
        self.0.settings.request_limit_usd
    }

    /// The limits, and who waits at them.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Waits until everything used so far is in the ledger.
    pub async fn close(&self) {
        self.0.local.close();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.tasks.reopen();
        self.0.ledger.finish().await;
    }

    pub(crate) fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.0.providers.values().map(Arc::as_ref)
    }

    /// Who a question goes to.
    pub(crate) fn asking(&self, ask: &Ask) -> Result<Asking, ModelError> {
        let account = self.account_of(ask);
        let wanted = Wanted {
            model: ask.model.as_deref(),
            priority: ask.priority,
            tenant: ask.tenant,
            caller: ask.user.as_deref(),
            operation: &ask.operation,
            speaks: None,
            tokens: tokens::estimate_messages(&ask.messages)
                + u64::from(ask.max_tokens.unwrap_or(0)),
        };
        let way = route(&self.0.settings, wanted).map_err(Missed::from)?;
        Ok(Asking { account, way, id: base::UsageId::generate() })
    }

    /// One answer of a conversation.
    pub(crate) async fn say(
        &self,
        asking: &Asking,
        ask: &Ask,
        talk: &[Message],
        schema: Option<&Json>,
    ) -> Result<Said<chat::Answer>, ModelError> {
        let asked = tokens::estimate_messages(talk);
        let most = asking.most(ask);
        let request = request(ask, talk, most, schema);
        let mut trip = Trip { id: asking.id, ..Trip::new(&asking.account, asked, most) };
        let mut say = Say::new(&request, asked);
        let arrived = Box::pin(self.travel(&mut trip, &asking.way, &mut say)).await?;
        Ok(arrived.out)
    }

    /// Vectors of some texts.
    pub(crate) async fn vectors(
        &self,
        to: &ModelRef,
        account: &Account,
        id: base::UsageId,
        texts: &[String],
    ) -> Result<Said<Vec<Vec<f32>>>, ModelError> {
        let asked = texts.iter().map(|it| tokens::estimate(it)).sum();
        let mut trip = Trip { id, ..Trip::new(account, asked, Some(0)) };
        let mut vectors = Vectors { texts, asked };
        let way = Way::to(to.clone());
        let arrived = Box::pin(self.travel(&mut trip, &way, &mut vectors)).await?;
        Ok(arrived.out)
    }
}

/// An answer without its text, and the attempt that is still to be ended.
pub(crate) struct Taken {
    pub(crate) facts: Facts,
    pub(crate) attempt: Attempt,
}

/// What an answer was made with.
pub(crate) struct Facts {
    by: ModelRef,
    pub(crate) usage: Usage,
    pub(crate) cost: Cost,
    latency: Duration,
}

impl Facts {
    pub(crate) fn with(self, reply: Reply) -> Answer {
        Answer {
            text: reply.text,
            model: self.by.model,
            provider: self.by.provider,
            usage: self.usage,
            cost: self.cost,
            latency: self.latency,
            is_cut: reply.is_cut,
        }
    }
}

/// The text of what was said, and the rest.
pub(crate) fn taken(said: Said<chat::Answer>) -> (Reply, Taken) {
    let mut reply = Reply {
        text: String::new(),
        is_cut: said.value.finish == Finish::Length,
        is_declined: said.value.finish == Finish::Filtered,
    };
    for part in said.value.parts {
        match part {
            Part::Text { text, .. } => reply.text.push_str(&text),
            Part::Refusal(_) => reply.is_declined = true,
            _ => {}
        }
    }
    let Said { by, usage, cost, latency, attempt, .. } = said;
    (reply, Taken { facts: Facts { by, usage, cost, latency }, attempt })
}

/// What to say about an answer without text.
pub(crate) fn empty(reply: &Reply) -> &'static str {
    if reply.is_declined {
        "the model declined to answer"
    } else if reply.is_cut {
        "the answer is empty: max_tokens was used up before it began"
    } else {
        "the answer is empty"
    }
}

impl Asking {
    /// The most tokens of the answer: as asked, and no more than a policy gives.
    fn most(&self, ask: &Ask) -> Option<u64> {
        match (ask.max_tokens.map(u64::from), self.way.rules.max_tokens) {
            (Some(asked), Some(cap)) => Some(asked.min(cap)),
            (asked, cap) => asked.or(cap),
        }
    }
}

/// What is asked of a model.
fn request(ask: &Ask, talk: &[Message], most: Option<u64>, schema: Option<&Json>) -> Request {
    Request {
        messages: talk.iter().map(message).collect(),
        max_tokens: most,
        temperature: ask.temperature,
        seed: ask.seed,
        // Not strict: that would forbid optional properties, which schemas of applications have.
        format: schema.map(|it| Format::JsonSchema {
            name: "answer".into(),
            schema: it.clone(),
            strict: Some(false),
        }),
        ..Request::default()
    }
}

fn message(message: &Message) -> chat::Message {
    chat::Message {
        role: match message.role {
            Role::System => chat::Role::System,
            Role::User => chat::Role::User,
            Role::Assistant => chat::Role::Assistant,
        },
        parts: vec![Part::Text { text: message.content.clone(), cache: false }],
        name: None,
    }
}
