//! Connections that stay open outlive neither the session nor the key that opened them.
//!
//! What ends in this process is noticed within half a second; what another process ends within [`LOOKED_EVERY`] and
//! the two seconds for which a session counts as it was found. A database that does not answer ends nothing.
//!
//! Start at [`Stay::due`], then [`Stay::is_over`]; whoever only waits for the end takes [`Stay::over`].

use std::time::Duration;

use identity::{Caller, Identity};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};

use crate::App;

/// How often is looked, whether or not something is known to have changed.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// However much changes, it is not looked more often than that.
const LOOKED_APART: Duration = Duration::from_millis(500);

/// How long somebody may stay.
#[derive(Clone)]
pub(crate) struct Stay {
    identity: Identity,
    caller: Caller,
    changes: Receiver<u64>,
    looked_at: Instant,
    look_at: Instant,
}

impl Stay {
    /// For as long as what they came in with is good.
    pub(crate) fn of(app: &App, caller: &Caller) -> Self {
        let stay = Self::from_now(app, caller.clone());
        // What ended between their coming in and this moment is seen at once.
        Self { look_at: stay.looked_at, ..stay }
    }

    /// The same for whoever came in at this moment. Most of them stay for so short that nobody ever looks.
    pub(crate) fn from_now(app: &App, caller: Caller) -> Self {
        let now = Instant::now();
        Self {
            identity: app.identity.clone(),
            caller,
            changes: app.identity.changes(),
            looked_at: now,
            look_at: now + LOOKED_EVERY,
        }
    }

    /// Comes back when it is time to look. Nothing is lost when it is not waited for to the end.
    pub(crate) async fn due(&mut self) {
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.look_at) => return,
                changed = self.changes.changed() => match changed {
                    Ok(()) => self.look_at = self.look_at.min(self.looked_at + LOOKED_APART),
                    // The room of those who call is gone, and this process with it.
                    Err(_) => return sleep_until(self.look_at).await,
                },
            }
        }
    }

    /// Comes back when they may not stay any longer.
    pub(crate) async fn over(mut self) {
        loop {
            self.due().await;
            if self.is_over().await {
                return;
            }
        }
    }

    /// Looks whether they may not stay any longer.
    pub(crate) async fn is_over(&mut self) -> bool {
        self.looked_at = Instant::now();
        self.look_at = self.looked_at + LOOKED_EVERY;
        match self.identity.is_still_in(&self.caller).await {
            Ok(is_in) => !is_in,
            Err(error) => {
                tracing::debug!(%error, "Could not tell whether a connection may stay");
                false
            }
        }
    }
}
