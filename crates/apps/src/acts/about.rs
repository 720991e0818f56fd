//! Asking about a record: a chat that is begun about one, and what of it goes along with a question.

use base::{ChatId, Permission, RecordId, TenantId};
use identity::Caller;
use serde_json::Value as Json;

use super::within;
use crate::{
    ask::ChatCreate,
    assistant::{
        about::{self, About},
        chat::{self, Chat, tidy_title},
    },
    engine::Engine,
    error::EngineError,
    folder::AssistantKit,
    record::{self, Invalid, Record},
};

impl Engine {
    /// Begins a chat about a record. What it is about is kept as it is now.
    ///
    /// # Errors
    /// An assistant that is not there, or is not asked about records; a record that is not there, or that
    /// the caller does not see; [`EngineError::NotReady`] for a result that is being made.
    pub async fn chat_create(&self, caller: &Caller, ask: ChatCreate) -> Result<Json, EngineError> {
        within(caller, ask.tenant)?;
        let kit = self.assistant(ask.assistant.as_deref())?;
        let (tenant, about) = self.about(caller, kit, ask.record).await?;
        let (this, reach, now) = (self.clone(), caller.reach, self.now());
        let chat = Chat {
            id: ChatId::generate(),
            tenant: tenant.unwrap_or(ask.tenant),
            assistant: kit.name.clone(),
            owner: caller.actor.to_string(),
            record: Some(ask.record),
            title: String::new(),
            is_named: false,
            created_at: now,
            updated_at: now,
            run: None,
        };
        let write = move |tx: &store::Tx| {
            let record = record::get(tx, reach, ask.record, None)?;
            let chat = Chat { title: this.title_of(&record), ..chat };
            about::begin(tx, reach, &chat, Some(&about))?;
            Ok::<_, EngineError>(chat::view(&chat))
        };
        self.store().write(&caller.actor, now, write).await
    }

    /// What goes along with a question about a record, and on whose account it is: none is that of whoever
    /// asks.
    ///
    /// # Errors
    /// As [`Engine::chat_create`].
    pub(super) async fn about(
        &self,
        caller: &Caller,
        kit: &AssistantKit,
        id: RecordId,
    ) -> Result<(Option<TenantId>, About), EngineError> {
        let Some(asked) = kit.description.on.clone() else {
            let message = "is not what this assistant is asked about";
            let hint = "ask without a record, or declare `on` for the assistant";
            return Err(Invalid::input("/record", message).hint(hint).into());
        };
        caller.may(Permission::ReadRecords).map_err(EngineError::NotAllowed)?;
        let mut results = self.folder().tasks().filter_map(|it| it.description.result.as_ref());
        let are_results = results.any(|it| it.collection == asked.records);
        if are_results {
            // What is not there yet would be kept as nothing.
            let found = self.result_of(caller, id).await?;
            if !found.standing.status.is_final() {
                return Err(EngineError::NotReady(id));
            }
        }
        let (this, caller) = (self.clone(), caller.clone());
        let read = move |db: &store::Db| {
            let record = record::get(db, caller.reach, id, Some(&asked.records))?;
            this.sees(&caller, &record)?;
            let is_shared = this.collection(&asked.records)?.spec.shared;
            let about = about::take(db, this.folder(), &caller, &asked, &record)?;
            Ok::<_, EngineError>(((!is_shared).then_some(record.tenant), about))
        };
        self.store().read(read).await
    }

    /// What a chat is about, when the record is still there for its owner; of what went along with it, what
    /// is.
    ///
    /// # Errors
    /// A record that is not there any more, or that the caller does not see any more.
    pub(super) async fn about_of(
        &self,
        caller: &Caller,
        chat: &Chat,
    ) -> Result<Option<About>, EngineError> {
        let Some(record) = chat.record else { return Ok(None) };
        caller.may(Permission::ReadRecords).map_err(EngineError::NotAllowed)?;
        let (this, caller, chat) = (self.clone(), caller.clone(), chat.id);
        let read = move |db: &store::Db| {
            let record = record::get(db, caller.reach, record, None)?;
            this.sees(&caller, &record)?;
            let Some(about) = about::of(db, chat)? else { return Ok(None) };
            let kits = this.folder().kits();
            Ok::<_, EngineError>(Some(about.still(db, kits, &caller, record.tenant)?))
        };
        self.store().read(read).await
    }

    /// What a chat about a record is called until something is asked in it.
    fn title_of(&self, record: &Record) -> String {
        let Some(kit) = self.folder().kits().get(&record.collection) else { return "…".into() };
        let own = kit.title(&record.data).filter(|_| !kit.spec.private);
        let title = own.unwrap_or_else(|| {
            let mut letters = kit.spec.noun.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
        });
        tidy_title(&title)
    }
}
