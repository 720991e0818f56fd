//! The door: one question goes to one provider, and is repeated as the rules allow.

use std::{sync::Arc, time::Duration};

use base::Clock;
use indexmap::IndexMap;
use serde_json::Value as Json;
use store::Store;
use tracing::warn;

use crate::{
    Answer, Ask, Cost, Message, ModelError, OpenError, Settings, Usage,
    attempt::{Account, Attempt, Writes},
    provider::{Failure, Provider, Response},
    quirk::Quirks,
    retry::{self, Next},
    schema::Schemas,
    settings::ModelRef,
    tokens,
    usage::Outcome,
    wire::{self, Complaint, Reply, Unreadable},
};

/// The models of this machine. Cheap to clone; all clones share connections, limits and breakers.
#[derive(Clone)]
pub struct Models(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) schemas: Schemas,
    pub(crate) writes: Writes,
    providers: IndexMap<String, Arc<Provider>>,
}

/// What an exchange brought: what was read, what it used, and the attempt, still to be ended.
pub(crate) struct Exchanged<T> {
    pub(crate) value: T,
    pub(crate) usage: Usage,
    pub(crate) cost: Cost,
    pub(crate) latency: Duration,
    pub(crate) attempt: Attempt,
}

/// How the body of an answer is read, with the tokens it says were used.
type Reading<'a, T> = dyn Fn(&[u8]) -> Result<(T, Usage), Unreadable> + Sync + 'a;

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
            providers.insert(name.clone(), Arc::new(opened));
        }
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            settings,
            schemas: Schemas::default(),
            writes: Writes::default(),
            providers,
        })))
    }

    /// Asks and waits for the whole answer.
    pub async fn complete(&self, ask: Ask) -> Result<Answer, ModelError> {
        let to = self.choose(&ask)?;
        let account = Account::of(&ask);
        let said = self.say(&to, &account, &ask, &ask.messages, None).await?;
        let (reply, attempt) = (said.value, said.attempt);
        if reply.text.trim().is_empty() {
            attempt.end(Outcome::Invalid).await;
            return Err(ModelError::Unusable { errors: vec![empty(&reply).into()] });
        }
        attempt.end(Outcome::Ok).await;
        Ok(answer(&to, reply, said.usage, said.cost, said.latency))
    }

    /// The model that a question of ordinary priority goes to, as `provider/model`.
    pub fn can_complete(&self) -> Option<String> {
        let to = self.0.settings.choose(crate::Priority::Balanced, None)?;
        Some(format!("{}/{}", to.provider, to.model))
    }

    /// The model that makes embeddings, as `provider/model`.
    pub fn can_embed(&self) -> Option<String> {
        self.0.settings.embedding().map(|it| format!("{}/{}", it.provider, it.model))
    }

    /// Waits until everything used so far is in the ledger.
    pub async fn close(&self) {
        self.0.writes.finish().await;
    }

    pub(crate) fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.0.providers.values().map(Arc::as_ref)
    }

    pub(crate) fn choose(&self, ask: &Ask) -> Result<ModelRef, ModelError> {
        self.0.settings.choose(ask.priority, ask.model.as_deref()).ok_or(ModelError::NotConfigured)
    }

    /// One answer of a conversation.
    pub(crate) async fn say(
        &self,
        to: &ModelRef,
        account: &Account,
        ask: &Ask,
        talk: &[Message],
        schema: Option<&Json>,
    ) -> Result<Exchanged<Reply>, ModelError> {
        let asked = tokens::estimate_messages(talk);
        let body = |quirks: Quirks| wire::chat(&to.model, ask, talk, schema, quirks);
        self.exchange(to, account, "chat/completions", asked, &body, &|it| {
            wire::read_chat(it, asked)
        })
        .await
    }

    /// One exchange, repeated as the retry rules allow. Every attempt that may have reached the
    /// provider is in the ledger when this returns, but for the one it returns.
    pub(crate) async fn exchange<T>(
        &self,
        to: &ModelRef,
        account: &Account,
        path: &str,
        tokens_asked: u64,
        body: &(dyn Fn(Quirks) -> Json + Sync),
        read: &Reading<'_, T>,
    ) -> Result<Exchanged<T>, ModelError> {
        let provider = self.0.providers.get(&to.provider).ok_or(ModelError::NotConfigured)?;
        let (mut failed, mut is_fresh) = (0, false);
        loop {
            let turn = provider.turn().await?;
            let now = self.0.clock.now();
            provider.admit(now)?;
            let quirks = provider.quirks(&to.model);
            let sent = body(quirks);
            let mut attempt = Attempt::begin(&self.0, provider, to, account, tokens_asked);
            let response = provider.post(path, &sent, is_fresh, now).await;
            drop(turn);

            let response = match response {
                Ok(response) => response,
                // It was a connection from before that the other side had closed: that says nothing
                // about the provider, and a new one may be tried, once.
                Err(Failure::HungUp { was_kept: true }) if !is_fresh => {
                    provider.abandoned(now);
                    attempt.end(Outcome::HungUp).await;
                    is_fresh = true;
                    continue;
                }
                Err(failure) => return Err(self.broken(provider, attempt, failure).await),
            };
            if (200..300).contains(&response.status) {
                match read(&response.body) {
                    Ok((value, usage)) => {
                        let cost = attempt.answered(response.status, usage);
                        let latency = attempt.elapsed();
                        return Ok(Exchanged { value, usage, cost, latency, attempt });
                    }
                    Err(why) => return Err(self.unreadable(provider, attempt, why).await),
                }
            }

            let complaint = Complaint::read(&response.body);
            if let Some(other) = quirks.conceding(&sent, response.status, &complaint) {
                provider.answered(now);
                provider.learn(&to.model, other);
                attempt.refused(response.status, Outcome::Refused).await;
                continue;
            }
            failed += 1;
            let next = if response.forbids_retry || complaint.is_out_of_quota() {
                Next::GiveUp
            } else {
                let retry = &self.0.settings.retry;
                retry::next(retry, response.status, failed, response.retry_after, rand::random())
            };
            let error = self.turned_away(provider, attempt, &response, complaint).await;
            let Next::After(wait) = next else { return Err(error) };
            warn!(
                model.provider = to.provider,
                model.name = to.model,
                status_code = response.status,
                wait_ms = wait.as_millis(),
                "Asking model provider {} again after status {}",
                to.provider,
                response.status,
            );
            tokio::time::sleep(wait).await;
        }
    }

    async fn broken(&self, provider: &Provider, attempt: Attempt, failure: Failure) -> ModelError {
        let name = provider.name().to_owned();
        self.note_failure(provider, failure.words());
        let outcome = match failure {
            Failure::Unreached => {
                attempt.dismiss();
                let why = failure.words().into();
                return ModelError::Unavailable { provider: name, why, retry_after: None };
            }
            Failure::Timeout => Outcome::Timeout,
            Failure::HungUp { .. } | Failure::BrokeOff => Outcome::HungUp,
            Failure::TooLarge => Outcome::Unreadable,
        };
        attempt.end(outcome).await;
        match failure {
            Failure::Timeout => ModelError::Timeout { provider: name, after: provider.timeout() },
            _ => ModelError::Unavailable {
                provider: name,
                why: failure.words().into(),
                retry_after: None,
            },
        }
    }

    async fn unreadable(
        &self,
        provider: &Provider,
        attempt: Attempt,
        why: Unreadable,
    ) -> ModelError {
        let why = match why {
            Unreadable::Complaint(it) => format!("it sent an error as its answer: {}", it.message),
            Unreadable::Shape(what) => {
                format!("its answer does not follow the OpenAI dialect: {what}")
            }
        };
        self.note_failure(provider, &why);
        attempt.end(Outcome::Unreadable).await;
        ModelError::Unavailable { provider: provider.name().to_owned(), why, retry_after: None }
    }

    /// A status that is not success.
    async fn turned_away(
        &self,
        provider: &Provider,
        attempt: Attempt,
        response: &Response,
        complaint: Complaint,
    ) -> ModelError {
        let now = self.0.clock.now();
        let (status, retry_after) = (response.status, response.retry_after);
        let name = provider.name().to_owned();
        let said = if complaint.message.is_empty() {
            String::new()
        } else {
            format!(": {}", complaint.message)
        };
        let why = format!("status {status}{said}");
        match status {
            429 if !complaint.is_out_of_quota() => {
                provider.turned_away(now, why);
                attempt.refused(status, Outcome::RateLimited).await;
                ModelError::RateLimited { provider: name, retry_after }
            }
            500.. => {
                self.note_failure(provider, &why);
                attempt.refused(status, Outcome::Unavailable).await;
                ModelError::Unavailable { provider: name, why, retry_after }
            }
            _ => {
                // A wrong key or an empty account fails everything; a bad question only itself.
                if matches!(status, 401 | 402 | 403 | 429) || (300..400).contains(&status) {
                    provider.turned_away(now, why);
                } else {
                    provider.answered(now);
                }
                attempt.refused(status, Outcome::Refused).await;
                let message = if complaint.message.is_empty() {
                    "no reason given".into()
                } else {
                    complaint.message
                };
                ModelError::Refused { provider: name, status, message }
            }
        }
    }

    fn note_failure(&self, provider: &Provider, why: &str) {
        if provider.failed(self.0.clock.now(), why.to_owned()) {
            warn!(
                model.provider = provider.name(),
                "Leaving model provider {} alone for a while: {why}",
                provider.name(),
            );
        }
    }
}

pub(crate) fn answer(
    to: &ModelRef,
    reply: Reply,
    usage: Usage,
    cost: Cost,
    latency: Duration,
) -> Answer {
    Answer {
        text: reply.text,
        model: to.model.clone(),
        provider: to.provider.clone(),
        usage,
        cost,
        latency,
        is_cut: reply.is_cut,
    }
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
