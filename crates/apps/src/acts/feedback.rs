//! Feedback given, listed, summed up, and written out as a test set for the next change of a prompt.

use base::{MessageId, Page, PageRequest, Permission, RecordId, TenantId};
use identity::Caller;
use serde_json::{Value as Json, json};
use store::Db;

use super::within;
use crate::{
    ask::Download,
    assistant::{chat, message, whose},
    engine::Engine,
    error::EngineError,
    feedback::{self, Feedback, Filter, Kind, Verdict},
    record::{Invalid, RecordError},
};

/// The longest words.
const WORDS_MAX: usize = 4_000;
/// The most judgements of one test set.
const EXPORTED_MAX: u32 = 5_000;

/// What somebody says about something.
#[derive(Clone)]
pub struct FeedbackAsk {
    /// The id of a result, or of an answer in a chat.
    pub subject: String,
    /// Good or not.
    pub verdict: Verdict,
    /// In words.
    pub words: Option<String>,
    /// Question and answer of the chat may be shown to those who see feedback.
    pub shares: bool,
}

/// Shows what it is about, never the words.
impl std::fmt::Debug for FeedbackAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeedbackAsk")
            .field("subject", &self.subject)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Writes down what the caller thinks of a result or an answer that they may see.
    ///
    /// # Errors
    /// [`RecordError::NotFound`] for a subject that is not there, or not for them to see.
    pub async fn feedback_give(
        &self,
        caller: &Caller,
        ask: FeedbackAsk,
    ) -> Result<Json, EngineError> {
        let words = ask.words.map(|it| it.replace('\0', "").trim().to_owned());
        let words = words.filter(|it| !it.is_empty());
        if words.as_ref().is_some_and(|it| it.chars().count() > WORDS_MAX) {
            let message = format!("is longer than {WORDS_MAX} characters");
            return Err(Invalid::input("/words", message).into());
        }
        let id: RecordId = ask.subject.parse().map_err(|_| {
            Invalid::input("/subject", "is no id").hint("name a result, or an answer in a chat")
        })?;
        let now = self.now();
        let about = match self.result_of(caller, id).await {
            Ok(found) => {
                let version = found.result.data.get("prompt_version").and_then(Json::as_str);
                Feedback {
                    subject: id.to_string(),
                    owner: caller.actor.to_string(),
                    tenant: found.result.tenant,
                    kind: Kind::Result,
                    task: found.kit.name,
                    prompt_version: version.map(str::to_owned),
                    verdict: ask.verdict,
                    words,
                    shared: None,
                    created_at: now,
                    updated_at: now,
                }
            }
            Err(EngineError::Record(RecordError::NotFound { .. })) => {
                let (answer, assistant, shared) = self.answer_of(caller, id, ask.shares).await?;
                Feedback {
                    subject: id.to_string(),
                    owner: caller.actor.to_string(),
                    tenant: answer.tenant,
                    kind: Kind::Message,
                    task: assistant,
                    prompt_version: None,
                    verdict: ask.verdict,
                    words,
                    shared,
                    created_at: now,
                    updated_at: now,
                }
            }
            Err(error) => return Err(error),
        };
        let shown = feedback::view(&about);
        let write = move |tx: &store::Tx| feedback::give(tx, &about);
        self.store().write(&caller.actor, now, write).await?;
        Ok(shown)
    }

    /// What was thought of results and answers, the newest first.
    ///
    /// # Errors
    /// Who may not see what is private.
    pub async fn feedback_list(
        &self,
        caller: &Caller,
        tenant: Option<TenantId>,
        filter: Filter,
        page: &PageRequest,
    ) -> Result<Page<Json>, EngineError> {
        Self::sees_feedback(caller, tenant)?;
        let tenant = tenant.or(caller.tenant());
        let page = page.clone();
        let read = move |db: &Db| feedback::list(db, tenant, &filter, &page);
        Ok(self.store().read(read).await?.map(|it| feedback::view(&it)))
    }

    /// How much was good and how much was not, by task and version of the prompt.
    ///
    /// # Errors
    /// Who may not see what is private.
    pub async fn feedback_summary(
        &self,
        caller: &Caller,
        tenant: Option<TenantId>,
        filter: Filter,
    ) -> Result<Json, EngineError> {
        Self::sees_feedback(caller, tenant)?;
        let tenant = tenant.or(caller.tenant());
        let read = move |db: &Db| feedback::summary(db, tenant, &filter);
        Ok(json!({"tasks": self.store().read(read).await?}))
    }

    /// Judged answers with what they answered, one JSON object in a line: what a changed prompt is tried
    /// against.
    ///
    /// # Errors
    /// Who may not see what is private.
    pub async fn feedback_export(
        &self,
        caller: &Caller,
        tenant: Option<TenantId>,
        filter: Filter,
    ) -> Result<Download, EngineError> {
        Self::sees_feedback(caller, tenant)?;
        let tenant = tenant.or(caller.tenant());
        let page = PageRequest::first(EXPORTED_MAX);
        let read = move |db: &Db| feedback::list(db, tenant, &filter, &page);
        let judged = self.store().read(read).await?.items;
        let mut lines = String::new();
        for it in judged {
            let mut line = feedback::view(&it);
            let (input, output) = match it.kind {
                Kind::Result => self.judged(caller, &it.subject).await?,
                Kind::Message => {
                    let shared = it.shared.unwrap_or_default();
                    (shared["question"].clone(), shared["answer"].clone())
                }
            };
            line["input"] = input;
            line["output"] = output;
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        Ok(Download {
            name: "feedback.jsonl".to_owned(),
            content_type: "application/x-ndjson".to_owned(),
            bytes: lines.into(),
        })
    }

    /// Feedback of one tenant, or, for who reaches all, of all.
    fn sees_feedback(caller: &Caller, tenant: Option<TenantId>) -> Result<(), EngineError> {
        if let Some(tenant) = tenant {
            within(caller, tenant)?;
        }
        caller.may(Permission::ReadPrivate).map_err(EngineError::NotAllowed)
    }

    /// The text and the answer of a result that was judged; nothing when it was deleted since.
    async fn judged(&self, caller: &Caller, id: &str) -> Result<(Json, Json), EngineError> {
        let Ok(id) = id.parse() else { return Ok((Json::Null, Json::Null)) };
        let found = match self.result_of(caller, id).await {
            Ok(found) => found,
            Err(EngineError::Record(
                RecordError::NotFound { .. } | RecordError::Deleted { .. },
            )) => return Ok((Json::Null, Json::Null)),
            Err(error) => return Err(error),
        };
        let shown = found.view();
        let language = &shown["language_detection"]["detected_language"];
        let input = json!({"text": shown["text"], "language": language});
        let answered = found.kit.output.fields();
        let output = answered.iter().filter(|it| !it.contains('.'));
        let output = output.map(|it| (it.clone(), shown[it.as_str()].clone())).collect();
        Ok((input, Json::Object(output)))
    }

    /// An answer in a chat of the caller's own, its assistant, and what was said when it may be shown.
    async fn answer_of(
        &self,
        caller: &Caller,
        id: RecordId,
        shares: bool,
    ) -> Result<(message::Message, String, Option<Json>), EngineError> {
        let whose = whose(caller);
        let message_id = MessageId::from_uuid(id.uuid());
        let read = move |db: &Db| {
            let missing = || EngineError::from(RecordError::NotFound { id, collection: None });
            let found = message::find(db, message_id)?;
            let found = found.filter(|it| it.role == message::Role::Assistant);
            let found = found.ok_or_else(missing)?;
            // Somebody else's chat is one that is not there.
            let chat = chat::get(db, &whose, found.chat).map_err(|_| missing())?;
            let shared = match shares {
                false => None,
                true => {
                    let question = message::question_of(db, &found)?.map(|it| it.content);
                    Some(json!({"question": question, "answer": found.content}))
                }
            };
            Ok::<_, EngineError>((found, chat.assistant, shared))
        };
        self.store().read(read).await
    }
}
