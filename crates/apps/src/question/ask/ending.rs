//! The end of a question: what is kept of it, and what is told, whether there was an answer or not.

use base::{ChatId, MessageId, RunId};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::audit;
use tracing::info;

use super::{Answer, Asking, No, Scene, millis};
use crate::{
    error::EngineError,
    question::{
        QuestionError, cache,
        conversation::{self, Conversation, Turn},
        meter,
        performance::{self, Entry},
        say::Unanswered,
    },
};

impl Asking {
    /// Keeps an answer in its conversation, and tells it.
    pub(super) async fn keep(&self, answer: Answer, from_cache: bool) -> Result<Json, EngineError> {
        let (now, days) = (self.now, i64::from(self.kit.description.keep_days));
        let expires_at = now + SignedDuration::from_hours(24 * days);
        let cached_until =
            now + SignedDuration::from_hours(24 * i64::from(self.kit.description.cache_days));
        let begun = self.conversation.is_none().then(|| Conversation {
            id: ChatId::generate(),
            tenant: self.tenant,
            owner: self.caller.actor.to_string(),
            questions: self.kit.name.clone(),
            title: conversation::title(&self.question, self.kit.description.title_chars),
            created_at: now,
            updated_at: now,
            expires_at,
        });
        let id = begun.as_ref().or(self.conversation.as_ref()).map(|it| it.id);
        let id = id.unwrap_or_else(ChatId::generate);
        let turn = Turn {
            id: MessageId::generate(),
            tenant: self.tenant,
            conversation: id,
            seq: 1,
            hash: cache::hash(&self.question, &self.detected.language),
            question: self.question.clone(),
            answer: answer.text.clone(),
            followups: answer.followups.clone(),
            language: self.detected.language.clone(),
            result: answer.result.clone(),
            from_cache,
            created_at: now,
        };
        let entry = Entry { from_cache, ..self.entry(None) };
        let (kept, key, may_keep) =
            (answer.kept.clone(), self.key(), self.kit.description.cache_days > 0);
        let (kept_turn, name) = (turn.clone(), self.kit.name.clone());
        let write = move |tx: &store::Tx| {
            conversation::hold(tx, id)?;
            match &begun {
                Some(begun) => conversation::create(tx, begun)?,
                None if conversation::touch(tx, id, now, expires_at)? => {}
                None => return Err(QuestionError::NoSuchConversation(id).into()),
            }
            let seq = conversation::next_seq(tx, id)?;
            conversation::add(tx, &Turn { seq, ..kept_turn.clone() })?;
            performance::add(tx, &entry)?;
            if let (Some(kept), true) = (&kept, may_keep) {
                cache::put(tx, &key, kept, now, cached_until)?;
            }
            let summary = format!("Answered a question over {name}");
            let subject = format!("conversations/{id}");
            tx.audit(audit::Entry::new(entry.tenant, "data_question_answered", subject, summary));
            Ok::<_, EngineError>(seq)
        };
        self.engine.store().write(&self.caller.actor, now, write).await?;
        let mut told = self.told(&answer.followups);
        told["answered"] = true.into();
        told["answer"] = answer.text.into();
        told["is_phrased"] = answer.is_phrased.into();
        told["conversation"] = json!(id);
        told["turn"] = json!(turn.id);
        told["result"] = answer.result;
        told["from_cache"] = from_cache.into();
        Ok(told)
    }

    /// Tells that there is no answer, why, and what to ask instead.
    pub(super) async fn without_answer(&mut self, no: No) -> Result<Json, EngineError> {
        let language = self.detected.language.clone();
        // Nobody asks a model again where a conversation was too much for one.
        let scene = self.scene();
        let followups = match no.why {
            Unanswered::ContextExceeded => {
                let fresh = Scene { history: Vec::new(), ..scene };
                self.writer.followups(&fresh, None).await
            }
            _ => self.writer.followups(&scene, None).await,
        };
        self.note(Some(no.why.code().to_owned())).await;
        let mut told = self.told(&followups);
        told["error"] = no.why.sentence(&language).into();
        told["error_code"] = no.why.code().into();
        told["reformulated"] = json!(no.instead);
        told["context_exceeded"] = (no.why == Unanswered::ContextExceeded).into();
        told["conversation"] = json!(self.conversation.as_ref().map(|it| it.id));
        Ok(told)
    }

    /// What is told of every question.
    fn told(&self, followups: &[String]) -> Json {
        json!({
            "answered": false,
            "answer": null,
            "is_phrased": false,
            "error": null,
            "error_code": null,
            "reformulated": null,
            "context_exceeded": false,
            "followups": followups,
            "conversation": null,
            "turn": null,
            "language": self.detected.language,
            "language_detection": self.detected,
            "category": self.category,
            "result": null,
            "from_cache": false,
            "model_used": self.writer.model,
            "tokens_used": self.writer.tokens,
            "response_ms": millis(self.started.elapsed()),
        })
    }

    /// Notes how it fared. That it cannot be noted does not change what is told.
    pub(super) async fn note(&self, error: Option<String>) {
        let entry = self.entry(error);
        let add = move |tx: &store::Tx| performance::add(tx, &entry);
        if let Err(error) = self.engine.store().bookkeep("note a question", add).await {
            info!(questions = self.kit.name, error = %error, "A question could not be noted");
        }
    }

    fn entry(&self, error: Option<String>) -> Entry {
        Entry {
            id: RunId::generate(),
            tenant: self.tenant,
            questions: self.kit.name.clone(),
            owner: self.caller.actor.to_string(),
            question: self.question.clone(),
            error,
            category: self.category.clone(),
            language: self.detected.language.clone(),
            response_ms: millis(self.started.elapsed()),
            tokens_used: self.writer.tokens,
            from_cache: false,
            at: self.now,
        }
    }

    pub(super) fn count(&self, outcome: &str) {
        let name = self.kit.name.as_str();
        meter::QUESTIONS.increment(&[name, outcome]);
        meter::SECONDS_TAKEN.observe(self.started.elapsed().as_secs_f64(), &[name]);
    }
}
