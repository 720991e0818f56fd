//! The room's own state: the database, the clock, the key ring, and what was read a moment ago.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use base::{Clock, SessionId, Timestamp};
use jiff::SignedDuration;
use store::Store;
use tokio::sync::watch;
use tracing::warn;

use crate::{
    facts::{KeyFacts, SessionFacts, TokenFacts},
    google::Google,
    key_ring::KeyRing,
    limit::SignInLimit,
    password::Hasher,
    recent::Recent,
    settings::{InvalidSetting, Settings},
};

/// How long a key or a session that was found good counts as good without another look. A
/// revocation in this process is seen at once, one in another process after this time.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_secs(2);

/// How long what the database last said of a key or a session counts while it is away.
pub(crate) const TRUSTED_WHEN_AWAY: SignedDuration = SignedDuration::from_mins(5);

/// For so long after it did not answer the database counts as away.
const AWAY_FOR: SignedDuration = SignedDuration::from_secs(2);

/// How often the time of last use is written down.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Knows who is calling. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    settings: Settings,
    ring: KeyRing,
    hasher: Hasher,
    limit: SignInLimit,
    google: Option<Google>,
    keys: Recent<String, KeyFacts>,
    sessions: Recent<SessionId, SessionFacts>,
    tokens: Recent<String, TokenFacts>,
    noted: Recent<String, ()>,
    /// How often callers were forgotten.
    changes: watch::Sender<u64>,
    /// When the database did not answer, in microseconds.
    away_at: AtomicI64,
}

/// Why the room could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Settings that cannot be; all of them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<InvalidSetting>),
    /// The database did not answer.
    #[error("cannot read the signing keys")]
    Store(#[from] store::Error),
}

impl Identity {
    /// Opens the room on a migrated database. The first signing key is made here, if there is none.
    ///
    /// # Errors
    /// [`OpenError::Settings`] with everything that is wrong with the settings.
    pub async fn open(store: Store, clock: Clock, settings: Settings) -> Result<Self, OpenError> {
        let faults = settings.check();
        if !faults.is_empty() {
            return Err(OpenError::Settings(faults));
        }
        for held_back in &settings.google.held_back {
            warn!("A changed document does not act in full: {held_back}");
        }
        let ring = KeyRing::open(&store, settings.jwt_secret.clone(), clock.now()).await?;
        Ok(Self(Arc::new(Inner {
            hasher: Hasher::new(settings.password),
            limit: SignInLimit::new(settings.sign_ins_per_minute),
            google: Google::of(&settings.google),
            keys: Recent::new(TRUSTED_FOR),
            sessions: Recent::new(TRUSTED_FOR),
            tokens: Recent::new(TRUSTED_FOR),
            noted: Recent::new(NOTED_EVERY),
            changes: watch::Sender::new(0),
            away_at: AtomicI64::new(i64::MIN),
            store,
            clock,
            settings,
            ring,
        })))
    }

    /// What of a changed document does not act, since only the operator says whose word lets people in.
    pub fn held_back(&self) -> &[InvalidSetting] {
        &self.0.settings.google.held_back
    }

    /// The settings it was opened with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Looks everybody up again at their next call. Called by this room after every change that
    /// takes something away; call it after a tenant was deleted, restored or erased.
    pub fn forget_callers(&self) {
        self.0.keys.forget_all();
        self.0.sessions.forget_all();
        self.0.tokens.forget_all();
        self.0.changes.send_modify(|it| *it = it.wrapping_add(1));
    }

    /// Changes whenever this process has everybody looked up again: for whoever keeps a connection open, to ask
    /// [`Identity::is_still_in`] then. What another process takes away it does not tell.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// The database did not answer just now.
    pub(crate) fn went_away(&self) {
        self.0.away_at.store(self.now().as_microsecond(), Ordering::Relaxed);
    }

    /// Did the database not answer a moment ago?
    pub(crate) fn is_away(&self, now: Timestamp) -> bool {
        let since = now.as_microsecond().saturating_sub(self.0.away_at.load(Ordering::Relaxed));
        (0..AWAY_FOR.as_micros()).contains(&i128::from(since))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.0.ring
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn limit(&self) -> &SignInLimit {
        &self.0.limit
    }

    /// Google, where signing in with it is set up.
    pub(crate) fn google(&self) -> Option<&Google> {
        self.0.google.as_ref()
    }

    pub(crate) fn recent_keys(&self) -> &Recent<String, KeyFacts> {
        &self.0.keys
    }

    pub(crate) fn recent_sessions(&self) -> &Recent<SessionId, SessionFacts> {
        &self.0.sessions
    }

    pub(crate) fn recent_tokens(&self) -> &Recent<String, TokenFacts> {
        &self.0.tokens
    }

    pub(crate) fn noted(&self) -> &Recent<String, ()> {
        &self.0.noted
    }
}
