//! Questions over data: asked, followed up, commented on; conversations read and deleted; how questions
//! fared.

use std::sync::Arc;

use base::{ChatId, MessageId, Page, PageRequest, RecordId, TenantId};
use identity::Caller;
use serde_json::{Value as Json, json};
use store::params;

use super::{is_seen, within};
use crate::{
    assistant::whose,
    description::question::Comment,
    engine::Engine,
    error::EngineError,
    field::{self, Data},
    indexes, language,
    question::{
        Asking, FOLLOWUPS, QuestionAsk, QuestionError, QuestionsKit, Scene, Writer, conversation,
        day, performance,
    },
    record::{self, Invalid, Record, RecordError},
};

/// The most questions and answers that follow-ups are made of.
const GIVEN_MAX: usize = 20;
/// The longest answer that is commented on, in characters.
const RESPONSE_CHARS_MAX: usize = 10_000;

/// What follow-ups are made of.
#[derive(Debug, Clone)]
pub struct FollowUps {
    /// On whose account.
    pub tenant: TenantId,
    /// Over which questions of the application.
    pub questions: Option<String>,
    /// The kind of conversation.
    pub kind: Option<String>,
    /// What was asked, the oldest first.
    pub asked: Vec<String>,
    /// What was answered to each.
    pub answered: Vec<String>,
    /// The language of the one who asks.
    pub language: Option<String>,
}

/// An answer to be commented on.
#[derive(Debug, Clone)]
pub struct CommentAsk {
    /// On whose account.
    pub tenant: TenantId,
    /// Over which questions of the application.
    pub questions: Option<String>,
    /// The record: its id, or what callers know it by.
    pub record: String,
    /// The question: a turn of one's own conversations, or `CATEGORY/NUMBER` of those to begin with.
    pub question: String,
    /// The answer.
    pub response: String,
    /// The language of the one who asks.
    pub language: Option<String>,
}

impl Engine {
    /// Questions of the application by their name; the only ones there are when none is named.
    ///
    /// # Errors
    /// Questions that are not there; none named where there are several.
    pub fn questions(&self, named: Option<&str>) -> Result<Arc<QuestionsKit>, QuestionError> {
        if let Some(name) = named {
            let missing = || QuestionError::NoSuchQuestions(name.to_owned());
            return self.folder().question(name).ok_or_else(missing);
        }
        let mut all = self.folder().questions().into_iter();
        match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(QuestionError::NoQuestions(
                "this application answers no questions over data; declare them under `questions` in app.yaml",
            )),
            (Some(_), Some(_)) => {
                Err(QuestionError::NoQuestions("there are several kinds of questions; name one"))
            }
        }
    }

    /// Asks a question over data. That it has no answer is an answer too: it says why, and what could be
    /// asked instead.
    ///
    /// # Errors
    /// A question without words; a conversation that is not there, or somebody else's; no model that
    /// answers.
    pub async fn question_ask(
        &self,
        caller: &Caller,
        ask: QuestionAsk,
    ) -> Result<Json, EngineError> {
        within(caller, ask.tenant)?;
        let kit = (*self.questions(ask.questions.as_deref())?).clone();
        let question = ask.question.replace('\0', "").trim().to_owned();
        if question.is_empty() {
            return Err(Invalid::input("/question", "must not be empty").into());
        }
        let most = kit.description.question_chars;
        if question.chars().count() > most {
            let message = format!("must have at most {most} characters");
            return Err(Invalid::input("/question", message).into());
        }
        let asking = Asking::begin(self, caller, kit, ask, question).await?;
        Box::pin(asking.answer()).await
    }

    /// Questions to begin with, in a language.
    ///
    /// # Errors
    /// As [`Engine::questions`].
    pub fn question_initial(
        &self,
        named: Option<&str>,
        language: Option<&str>,
    ) -> Result<Json, EngineError> {
        let kit = self.questions(named)?;
        let language = kit.language(language);
        Ok(json!({"language": language, "categories": kit.initial(language)}))
    }

    /// Three questions that go on from others.
    ///
    /// # Errors
    /// Nothing that was asked; more than is taken.
    pub async fn question_followups(
        &self,
        caller: &Caller,
        given: FollowUps,
    ) -> Result<Json, EngineError> {
        within(caller, given.tenant)?;
        let kit = self.questions(given.questions.as_deref())?;
        if given.asked.iter().all(|it| it.trim().is_empty()) {
            return Err(Invalid::input("/questions", "must not be empty").into());
        }
        if given.asked.len() > GIVEN_MAX || given.answered.len() > GIVEN_MAX {
            let message = format!("must have at most {GIVEN_MAX} entries");
            return Err(Invalid::input("/questions", message).into());
        }
        let usual = kit.language(given.language.as_deref());
        let last = given.asked.last().cloned().unwrap_or_default();
        let found = language::detect(&last, &kit.languages, usual, language::THRESHOLD);
        let history =
            given.asked.iter().enumerate().map(
                |(at, question)| json!({"question": question, "answer": given.answered.get(at)}),
            );
        let scene = self.question_scene(last, found.language.clone(), history.collect());
        let mut writer = Writer::new(self, &kit, given.tenant, caller.actor.to_string());
        let followups = writer.followups(&scene, given.kind.as_deref()).await;
        debug_assert_eq!(followups.len(), FOLLOWUPS);
        Ok(json!({
            "followups": followups,
            "language": found.language,
            "model_used": writer.model,
            "tokens_used": writer.tokens,
        }))
    }

    /// A word about an answer that somebody got, beside a record.
    ///
    /// # Errors
    /// Something that is left out; a record or a question that is not there; questions that are not
    /// commented on; no model that answers.
    pub async fn question_comment(
        &self,
        caller: &Caller,
        ask: CommentAsk,
    ) -> Result<Json, EngineError> {
        within(caller, ask.tenant)?;
        let kit = self.questions(ask.questions.as_deref())?;
        let (Some(comment), Some(template)) = (&kit.description.comment, &kit.comment) else {
            return Err(EngineError::NothingToDo("answers are not commented on here"));
        };
        for (field, text) in
            [("/record", &ask.record), ("/question", &ask.question), ("/response", &ask.response)]
        {
            if text.trim().is_empty() {
                return Err(Invalid::input(field, "must not be empty").into());
            }
        }
        if ask.response.chars().count() > RESPONSE_CHARS_MAX {
            let message = format!("must have at most {RESPONSE_CHARS_MAX} characters");
            return Err(Invalid::input("/response", message).into());
        }
        let usual = kit.language(ask.language.as_deref()).to_owned();
        let question = self.question_text(caller, &kit, &ask.question, &usual).await?;
        let record = self.comment_subject(caller, comment, &ask).await?;
        let mut shown = Data::new();
        for name in &comment.fields {
            if let Some(value) = field::get(&record.data, name) {
                field::set(&mut shown, name, value.clone());
            }
        }
        let found = language::detect(&ask.response, &kit.languages, &usual, language::THRESHOLD);
        let scene = self.question_scene(question, found.language.clone(), Vec::new());
        let mut writer = Writer::new(self, &kit, ask.tenant, caller.actor.to_string());
        let extra = [("response", json!(ask.response)), ("record", Json::Object(shown))];
        let said = writer.comment(&scene, template, &comment.model, &extra).await?;
        Ok(json!({
            "comment": said,
            "record": record.id,
            "language": found.language,
            "model_used": writer.model,
            "tokens_used": writer.tokens,
        }))
    }

    /// The caller's conversations in a tenant, the newest first. `counted` says how many in all.
    ///
    /// # Errors
    /// A tenant that is not the caller's.
    pub async fn conversations_list(
        &self,
        caller: &Caller,
        tenant: TenantId,
        questions: Option<String>,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, EngineError> {
        within(caller, tenant)?;
        let (owner, page, now) = (caller.actor.to_string(), page.clone(), self.now());
        let read = move |db: &store::Db| {
            let named = questions.as_deref();
            let mut found = conversation::list(db, &owner, tenant, named, now, &page)?;
            if counted {
                found.total = Some(conversation::count(db, &owner, tenant, named, now)?);
            }
            Ok::<_, store::Error>(found)
        };
        Ok(self.store().read(read).await?.map(|it| conversation::view(&it)))
    }

    /// What was asked and answered in a conversation, the oldest first.
    ///
    /// # Errors
    /// One that is not there, or somebody else's.
    pub async fn conversation_turns(
        &self,
        caller: &Caller,
        id: ChatId,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, EngineError> {
        let (whose, page, now) = (whose(caller), page.clone(), self.now());
        let read = move |db: &store::Db| {
            conversation::get(db, &whose, id, now)?;
            let mut found = conversation::turns(db, id, &page)?;
            if counted {
                found.total = Some(conversation::count_turns(db, id)?);
            }
            Ok::<_, EngineError>(found)
        };
        Ok(self.store().read(read).await?.map(|it| conversation::turn_view(&it)))
    }

    /// Deletes a conversation with everything said in it.
    ///
    /// # Errors
    /// As [`Engine::conversation_turns`].
    pub async fn conversation_delete(
        &self,
        caller: &Caller,
        id: ChatId,
    ) -> Result<(), EngineError> {
        let (whose, now) = (whose(caller), self.now());
        let write = move |tx: &store::Tx| {
            conversation::hold(tx, id)?;
            let found = conversation::get(tx, &whose, id, now)?;
            conversation::remove(tx, &found)?;
            Ok::<_, EngineError>(())
        };
        self.store().write(&caller.actor, now, write).await
    }

    /// How questions fared, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn question_performance(
        &self,
        caller: &Caller,
        filter: performance::Filter,
        page: &PageRequest,
    ) -> Result<Page<Json>, EngineError> {
        if let Some(tenant) = filter.tenant {
            within(caller, tenant)?;
        }
        let (reach, page) = (caller.reach, page.clone());
        let read = move |db: &store::Db| performance::list(db, reach, &filter, &page);
        Ok(self.store().read(read).await?.map(|it| performance::view(&it)))
    }

    fn question_scene(&self, question: String, language: String, history: Vec<Json>) -> Scene {
        Scene { question, language, today: day(self.now()), history }
    }

    /// The words of a question that a caller names: one of their own, or one of those to begin with.
    async fn question_text(
        &self,
        caller: &Caller,
        kit: &QuestionsKit,
        id: &str,
        language: &str,
    ) -> Result<String, EngineError> {
        if let Some(found) = kit.initial_question(id, language) {
            return Ok(found);
        }
        let turn = id.parse::<MessageId>().map_err(|_| QuestionError::NoSuchQuestion)?;
        let (whose, now) = (whose(caller), self.now());
        let read = move |db: &store::Db| {
            let found = conversation::turn(db, turn)?.ok_or(QuestionError::NoSuchQuestion)?;
            // It is one's own when its conversation is.
            conversation::get(db, &whose, found.conversation, now)
                .map_err(|_| QuestionError::NoSuchQuestion)?;
            Ok::<_, EngineError>(found.question)
        };
        self.store().read(read).await
    }

    /// The record of a tenant that a comment is about, by its id or by what callers know it by.
    async fn comment_subject(
        &self,
        caller: &Caller,
        comment: &Comment,
        ask: &CommentAsk,
    ) -> Result<Record, EngineError> {
        let kit = self.collection(&comment.collection)?;
        let (tenant, collection) = (ask.tenant, kit.name.clone());
        let missing = QuestionError::NoSuchSubject {
            noun: kit.spec.noun.clone(),
            key: ask.record.chars().take(64).collect(),
        };
        let (given, key) = (ask.record.clone(), comment.key.clone());
        let read = move |db: &store::Db| {
            let id = given.parse::<RecordId>().ok();
            // What callers know a record by may be a number too, and is what they mean then.
            let is_uuid = id.is_some_and(|it| it.number().is_none());
            let by_key = match key.filter(|_| !is_uuid) {
                Some(field) => {
                    let sql = format!(
                        "SELECT id FROM records
                          WHERE tenant = $1 AND collection = $2 AND version IS NULL
                            AND deleted_at IS NULL AND {} = $3
                          ORDER BY created_at DESC, id DESC LIMIT 1",
                        indexes::expression(db.dialect(), "", &field)
                    );
                    let row = db.first(&sql, &params![tenant, &collection, given])?;
                    row.map(|it| it.get("id")).transpose()?
                }
                None => None,
            };
            let Some(id) = by_key.or(id) else { return Ok::<_, EngineError>(None) };
            match record::get(db, identity::Reach::Tenant(tenant), id, Some(&collection)) {
                Ok(found) if found.tenant == tenant => Ok(Some(found)),
                Ok(_) | Err(RecordError::NotFound { .. } | RecordError::Deleted { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        let found = self.store().read(read).await?;
        let found = found.filter(|it| is_seen(self.folder().kits(), caller, it));
        found.ok_or_else(|| missing.into())
    }
}
