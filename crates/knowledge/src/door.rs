//! The door: everything that is asked of this room goes through [`Knowledge`].

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use base::{ChatId, Clock, DocumentId, TenantId, Timestamp};
use jiff::SignedDuration;
use models::Models;
use store::{Error, Store, Tx};
use tokio_util::task::TaskTracker;
use tracing::warn;
use work::Handler;

use crate::{
    Settings, document,
    extract::{Extractor, Program},
    ingest::{self, Ingest},
    settings::Finding,
    vector::{self, Vectors},
    web::{self, Fetcher, crawl::Crawl},
};

/// The documents of this house. Cheap to clone.
#[derive(Clone)]
pub struct Knowledge(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    models: Models,
    settings: Settings,
    extractor: Extractor,
    fetcher: Fetcher,
    vectors: Vectors,
    /// The open document that was looked at last; see `ingest::tend`.
    last_tended: Mutex<Option<DocumentId>>,
    /// When strays were last cleared away, and which chat was looked at last; see `document::stray`.
    cleared: Mutex<(Option<Timestamp>, Option<ChatId>)>,
    chats: OnceLock<Box<HoldChat>>,
}

/// Says whether a chat is there, and keeps it from being removed until the transaction ends.
type HoldChat = dyn Fn(&Tx, ChatId) -> Result<bool, Error> + Send + Sync;

/// What the room is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Store,
    /// What the time is.
    pub clock: Clock,
    /// Who makes vectors.
    pub models: Models,
    /// What the operator chose.
    pub settings: Settings,
    /// The program that reads files.
    pub program: Program,
    /// Where indexes are saved; none: they are made anew at each start.
    pub folder: Option<PathBuf>,
    /// Whoever stops waits for these.
    pub tasks: TaskTracker,
}

/// Why the room cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting cannot work.
    #[error("knowledge setting `{path}` {message}")]
    Setting {
        /// Which.
        path: &'static str,
        /// Why, and the way out.
        message: String,
    },
    /// The client that fetches pages cannot be made.
    #[error("cannot make the HTTP client that fetches pages")]
    Client(#[source] reqwest::Error),
    /// The vector engine cannot be opened.
    #[error(transparent)]
    Vectors(#[from] vector::OpenError),
}

impl Knowledge {
    /// Opens the room. Nothing is read, fetched or asked of any engine yet.
    ///
    /// # Errors
    /// [`OpenError`] says which setting stands in the way.
    pub fn open(parts: Parts) -> Result<Self, OpenError> {
        let Parts { store, clock, models, settings, program, folder, tasks } = parts;
        for Finding { path, message } in settings.held_back() {
            warn!("A changed document does not act in full: `{path}` {message}");
        }
        if let Some(finding) = settings.check().into_iter().next() {
            return Err(OpenError::Setting { path: finding.path, message: finding.message });
        }
        let place = vector::Place { folder, tasks };
        let vectors = Vectors::open(
            store.clone(),
            clock.clone(),
            models.clone(),
            settings.vectors.clone(),
            place,
        )?;
        Ok(Self(Arc::new(Inner {
            extractor: Extractor::new(program, &settings.extraction),
            fetcher: Fetcher::new(&settings.web).map_err(OpenError::Client)?,
            last_tended: Mutex::new(None),
            cleared: Mutex::default(),
            chats: OnceLock::new(),
            store,
            clock,
            models,
            settings,
            vectors,
        })))
    }

    /// Who does the room's jobs, by kind.
    pub fn handlers(&self) -> HashMap<String, Arc<dyn Handler>> {
        let mut handlers: HashMap<String, Arc<dyn Handler>> = HashMap::new();
        let ingest = Ingest { knowledge: self.clone() };
        handlers.insert(ingest::KIND.to_owned(), Arc::new(ingest));
        let crawl = Crawl { knowledge: self.clone() };
        handlers.insert(web::crawl::KIND.to_owned(), Arc::new(crawl));
        handlers.insert(vector::shadow::KIND.to_owned(), self.vectors().handler());
        handlers
    }

    /// Has documents taken in for chats only as long as those are there, and taken away when they are
    /// not: this room does not know chats. `hold` says whether one is, and keeps it from being removed
    /// until the transaction ends. Whoever says it first is believed.
    pub fn keep_to_chats(
        &self,
        hold: impl Fn(&Tx, ChatId) -> Result<bool, Error> + Send + Sync + 'static,
    ) {
        // Another engine on the same room says the same.
        let _ = self.0.chats.set(Box::new(hold));
    }

    /// Looks after what nobody else does: documents that nobody is at, indexes that are behind, what is
    /// left of what is gone. Call it every few seconds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tend(&self, now: Timestamp) -> Result<(), Error> {
        self.tend_documents(now).await?;
        self.vectors().tend(now).await;
        self.clear_strays(now).await
    }

    /// Forgets a tenant that was erased: call it after the commit of [`Knowledge::erase`].
    pub async fn forget(&self, tenant: TenantId) {
        self.vectors().forget(tenant).await;
    }

    /// Takes everything of a tenant away, within the caller's transaction.
    ///
    /// # Errors
    /// The database's.
    pub fn erase(tx: &Tx, tenant: TenantId) -> Result<(), Error> {
        document::remove::erase(tx, tenant)
    }

    /// Saves what is quicker to load than to make anew.
    pub async fn close(&self) {
        self.vectors().close().await;
    }

    /// What the operator chose.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The vectors and the engine that searches them.
    pub fn vectors(&self) -> &Vectors {
        &self.0.vectors
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn models(&self) -> &Models {
        &self.0.models
    }

    pub(crate) fn extractor(&self) -> &Extractor {
        &self.0.extractor
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.0.fetcher
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Is a chat there? It stays so until the transaction ends. True where nobody knows of chats.
    pub(crate) fn hold_chat(&self, tx: &Tx, chat: ChatId) -> Result<bool, Error> {
        self.0.chats.get().map_or(Ok(true), |hold| hold(tx, chat))
    }

    /// Is it time to clear strays away? Then it is noted, and the chat that was looked at last handed
    /// back.
    pub(crate) fn begins_clearing(
        &self,
        now: Timestamp,
        every: SignedDuration,
    ) -> Option<Option<ChatId>> {
        let mut cleared = self.0.cleared.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = cleared.0.is_none_or(|at| now.duration_since(at) >= every);
        is_due.then(|| {
            cleared.0 = Some(now);
            cleared.1
        })
    }

    pub(crate) fn cleared_up_to(&self, chat: Option<ChatId>) {
        self.0.cleared.lock().unwrap_or_else(PoisonError::into_inner).1 = chat;
    }

    pub(crate) fn last_tended(&self) -> Option<DocumentId> {
        *self.0.last_tended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_last_tended(&self, last: Option<DocumentId>) {
        *self.0.last_tended.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }
}
