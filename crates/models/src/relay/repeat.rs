//! Questions of the house itself that were asked before: their answers are kept beside those of the
//! gateway, under the same settings, and a repetition is in the ledger as one.
//!
//! Who asks says whether an older answer will do ([`Ask::may_repeat`]). Kept is what an answer means,
//! not how it came, so a repetition needs no mending. Never across tenants.

use base::metric::Counter;
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::{
    Trip,
    cache::{self, Form, Kept, Key},
};
use crate::{
    Answer, Ask, Cost, Models, Usage, dialect::Wire, door::Asking, money::NanoUsd,
    settings::ModelRef,
};

static REPEATED: Counter = Counter::new(
    "model_house_answers_repeated_total",
    "Questions of the application itself that were answered with what was kept.",
    &["operation"],
);

impl Models {
    /// What counts as the same question. None when no kept answer may serve.
    pub(crate) fn house_key(&self, asking: &Asking, ask: &Ask, schema: &Json) -> Option<Key> {
        let is_on = ask.may_repeat && self.0.cache.is_on() && asking.way.rules.cache != Some(false);
        if !is_on {
            return None;
        }
        let policies = &self.0.settings.policies;
        let apart = policies.iter().any(|it| it.key.is_some() || it.operation.is_some());
        let caller = asking.account.caller.as_deref().unwrap_or_default();
        let headers = http::HeaderMap::new();
        let shared = cache::Shared {
            tenant: asking.account.tenant,
            wire: Wire::OpenaiChat,
            apart: apart.then_some((caller, ask.operation.as_str())),
            cap: asking.way.rules.max_tokens,
            headers: &headers,
        };
        // No request of a caller has these fields, so none is ever taken for one of the house.
        let question = json!({
            "house": ask.operation,
            "talk": ask.messages,
            "schema": schema,
            "max_tokens": ask.max_tokens,
            "temperature": ask.temperature,
            "seed": ask.seed,
        });
        let to = &asking.way.candidates.first()?.to;
        cache::key(&shared, to, question.to_string().as_bytes())
    }

    /// The answer to a question that was asked before. The ledger hears of it.
    pub(crate) fn repeated(&self, key: &Key, asking: &Asking) -> Option<Answer> {
        let kept = self.0.cache.get(key)?;
        let text = String::from_utf8(kept.bytes.first()?.to_vec()).ok()?;
        let trip = Trip::new(&asking.account, 0, None);
        let latency_ms = u64::try_from(trip.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A ledger that takes nothing more lets nobody repeat: then the question is asked anew, and
        // waits like every other.
        self.0.ledger.note_cached(&trip.asked().begun(&kept.by), latency_ms).ok()?;
        REPEATED.increment(&[&asking.account.operation]);
        Some(Answer {
            text,
            model: kept.by.model,
            provider: kept.by.provider,
            usage: Usage::default(),
            cost: Cost::Known(NanoUsd::ZERO),
            latency: trip.begun.elapsed(),
            is_cut: false,
        })
    }

    /// Keeps a good answer. What another model said in place of the one that was asked for is not
    /// what will be asked for the next time.
    pub(crate) fn keep_for_house(&self, key: Key, asking: &Asking, value: &Json, answer: &Answer) {
        let by = ModelRef { provider: answer.provider.clone(), model: answer.model.clone() };
        if asking.way.candidates.first().is_none_or(|it| it.to != by) {
            return;
        }
        let bytes = vec![Bytes::from(value.to_string())];
        let kept = Kept { form: Form::Whole, bytes, by, usage: answer.usage };
        self.0.cache.keep(key, kept);
    }
}
