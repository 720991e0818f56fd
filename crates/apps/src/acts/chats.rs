//! Chats: listed, read, renamed, exported, deleted. Each is its owner's alone.

use base::{ChatId, Page, PageRequest, TenantId};
use identity::Caller;
use knowledge::document::remove::of_chat;
use serde_json::{Value as Json, json};
use store::{Tx, params};

use super::within;
use crate::{
    assistant::{
        AssistantError,
        chat::{self, Chat, Which, tidy_title},
        message::{self, Message, Role},
        title_by_model, title_by_words, whose,
    },
    engine::Engine,
    error::EngineError,
    record::Invalid,
};

/// How many messages an export reads at once.
const EXPORTED_AT_ONCE: u32 = 500;

/// Is a chat there, whosever it is? It stays so until the transaction ends.
pub(crate) fn hold(tx: &Tx, id: ChatId) -> Result<bool, store::Error> {
    message::hold(tx, id)?;
    Ok(tx.first("SELECT id FROM assistant_chats WHERE id = $1", &params![id])?.is_some())
}

impl Engine {
    /// The caller's chats in a tenant, the one in which something was last said first. `counted` says
    /// how many there are in all.
    ///
    /// # Errors
    /// A tenant that is not the caller's.
    pub async fn chats_list(
        &self,
        caller: &Caller,
        tenant: TenantId,
        which: Which,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, EngineError> {
        within(caller, tenant)?;
        let (owner, page) = (caller.actor.to_string(), page.clone());
        let found = self
            .store()
            .read(move |db| {
                let mut found = chat::list(db, &owner, tenant, &which, &page)?;
                if counted {
                    found.total = Some(chat::count(db, &owner, tenant, &which)?);
                }
                Ok::<_, store::Error>(found)
            })
            .await?;
        Ok(found.map(|it| chat::view(&it)))
    }

    /// A chat.
    ///
    /// # Errors
    /// One that is not there, or somebody else's.
    pub async fn chat_get(&self, caller: &Caller, id: ChatId) -> Result<Json, EngineError> {
        Ok(chat::view(&self.own_chat(caller, id).await?))
    }

    /// What was said in a chat, the oldest first.
    ///
    /// # Errors
    /// As [`Engine::chat_get`].
    pub async fn chat_messages(
        &self,
        caller: &Caller,
        id: ChatId,
        page: &PageRequest,
        counted: bool,
    ) -> Result<Page<Json>, EngineError> {
        let (whose, page) = (whose(caller), page.clone());
        let found = self
            .store()
            .read(move |db| {
                chat::get(db, &whose, id)?;
                let mut found = message::list(db, id, &page)?;
                if counted {
                    found.total = Some(message::count(db, id)?);
                }
                Ok::<_, EngineError>(found)
            })
            .await?;
        Ok(found.map(|it| message::view(&it)))
    }

    /// Two messages of a chat: a question and its answer, for who waited for both.
    ///
    /// # Errors
    /// As [`Engine::chat_get`].
    pub async fn chat_turn(
        &self,
        caller: &Caller,
        id: ChatId,
        ids: [Option<base::MessageId>; 2],
    ) -> Result<[Option<Json>; 2], EngineError> {
        let whose = whose(caller);
        self.store()
            .read(move |db| {
                chat::get(db, &whose, id)?;
                let one = |it: Option<base::MessageId>| match it {
                    Some(it) => message::get(db, id, it),
                    None => Ok(None),
                };
                let [question, answer] = ids;
                let (question, answer) = (one(question)?, one(answer)?);
                Ok([question, answer].map(|it| it.as_ref().map(message::view)))
            })
            .await
    }

    /// Gives a chat a title. None: one is made of its first question, by a model where there is one.
    ///
    /// # Errors
    /// An empty title; else as [`Engine::chat_get`].
    pub async fn chat_rename(
        &self,
        caller: &Caller,
        id: ChatId,
        title: Option<&str>,
    ) -> Result<Json, EngineError> {
        let found = self.own_chat(caller, id).await?;
        let (title, is_named) = match title {
            Some(given) => {
                let title = tidy_title(given);
                if title.is_empty() {
                    return Err(Invalid::input("/title", "must not be empty").into());
                }
                (title, true)
            }
            None => (self.title_for(caller, &found).await?, false),
        };
        let (whose, now) = (whose(caller), self.now());
        self.store()
            .write(&caller.actor, now, move |tx| {
                let found = chat::get(tx, &whose, id)?;
                Ok(chat::view(&chat::rename(tx, &found, &title, is_named)?))
            })
            .await
    }

    /// A chat with everything said in it.
    ///
    /// # Errors
    /// As [`Engine::chat_get`].
    pub async fn chat_export(&self, caller: &Caller, id: ChatId) -> Result<Json, EngineError> {
        let found = self.own_chat(caller, id).await?;
        let mut messages = Vec::new();
        let mut request = PageRequest::first(EXPORTED_AT_ONCE);
        loop {
            let page = self.chat_messages(caller, id, &request, false).await?;
            messages.extend(page.items);
            match page.next {
                Some(cursor) => request.cursor = Some(cursor),
                None => break,
            }
        }
        Ok(json!({
            "chat": chat::view(&found),
            "messages": messages,
            "exported_at": self.now(),
        }))
    }

    /// Deletes a chat with everything said in it, and its documents.
    ///
    /// # Errors
    /// As [`Engine::chat_get`].
    pub async fn chat_delete(&self, caller: &Caller, id: ChatId) -> Result<Json, EngineError> {
        let found = self.own_chat(caller, id).await?;
        self.stop_in(id).await?;
        let (whose, now, tenant) = (whose(caller), self.now(), found.tenant);
        let knowledge = self.knowledge().cloned();
        let has_documents = knowledge.is_some();
        let documents = self
            .store()
            .write(&caller.actor, now, move |tx| {
                message::hold(tx, id)?;
                let found = chat::get(tx, &whose, id)?;
                let documents =
                    if has_documents { of_chat(tx, found.tenant, id, now)? } else { Vec::new() };
                chat::remove(tx, &found)?;
                Ok::<_, EngineError>(documents)
            })
            .await?;
        if let (Some(knowledge), false) = (knowledge, documents.is_empty()) {
            knowledge.removed(tenant, &documents).await;
        }
        Ok(json!({"deleted": true, "chat_id": id, "documents_deleted": documents.len()}))
    }

    async fn own_chat(&self, caller: &Caller, id: ChatId) -> Result<Chat, EngineError> {
        let whose = whose(caller);
        Ok(self.store().read(move |db| chat::get(db, &whose, id)).await?)
    }

    /// A title for what a chat began with.
    async fn title_for(&self, caller: &Caller, found: &Chat) -> Result<String, EngineError> {
        let id = found.id;
        let first = self
            .store()
            .read(move |db| {
                let page = message::list(db, id, &PageRequest::first(5))?;
                let question = page.items.into_iter().find(|it: &Message| it.role == Role::User);
                Ok::<_, store::Error>(question)
            })
            .await?;
        let question = first.ok_or(AssistantError::NothingAsked(id))?.content;
        let no_such = || AssistantError::NoSuchAssistant(found.assistant.clone());
        let kit = self.folder().assistant(&found.assistant).ok_or_else(no_such)?;
        let user = caller.actor.to_string();
        let made = title_by_model(self.models(), kit, found.tenant, &user, &question).await;
        Ok(made.unwrap_or_else(|| title_by_words(&question, kit.description.titles.words)))
    }
}
