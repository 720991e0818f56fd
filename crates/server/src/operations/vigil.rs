//! Keeping watch over jobs for somebody whose stream is open: when there may be something new to tell, and
//! when the stream is over, with their session or key at the latest.

use std::time::Duration;

use axum::response::sse::Event;
use identity::Caller;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, Interval, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;
use work::JobChanged;

use crate::{App, stay::Stay};

/// A stream ends after this long, so that who may no longer look stops looking.
const WATCHED_FOR: Duration = Duration::from_secs(15 * 60);

/// Somebody's watch.
pub(super) struct Vigil {
    changes: Receiver<JobChanged>,
    look: Interval,
    until: Instant,
    stopping: CancellationToken,
    stay: Stay,
}

/// Why a watch was woken.
pub(super) enum Woken {
    /// This job changed.
    Changed(JobChanged),
    /// It is time to look: jobs of other processes change silently, and of many changes some are missed.
    Look,
    /// The stream is over, for this reason.
    Over(&'static str),
}

impl Vigil {
    /// Begins. What is not told is looked for this often.
    pub(super) fn begin(app: &App, caller: &Caller, looked_every: Duration) -> Self {
        let mut look = tokio::time::interval(looked_every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            changes: work::events(),
            look,
            until: Instant::now() + WATCHED_FOR,
            stopping: app.stopping.clone(),
            stay: Stay::of(app, caller),
        }
    }

    /// Waits for the next reason.
    pub(super) async fn wake(&mut self) -> Woken {
        loop {
            return tokio::select! {
                () = self.stopping.cancelled() => Woken::Over("stopping"),
                () = tokio::time::sleep_until(self.until) => Woken::Over("renew"),
                () = self.stay.due() => match self.stay.is_over().await {
                    true => Woken::Over("session_ended"),
                    false => continue,
                },
                _ = self.look.tick() => Woken::Look,
                changed = self.changes.recv() => match changed {
                    Ok(changed) => Woken::Changed(changed),
                    Err(RecvError::Lagged(_)) => Woken::Look,
                    Err(RecvError::Closed) => Woken::Over("stopping"),
                },
            };
        }
    }
}

/// The last event of a stream.
pub(super) fn end(reason: &str) -> Event {
    Event::default().event("end").data(format!("{{\"reason\":\"{reason}\"}}"))
}
