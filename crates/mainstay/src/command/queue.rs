//! Working on the queue for as long as a command waits for what it has put there. The jobs are done by
//! whoever comes first: a running server, or the command itself.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use work::{Handler, Settings, Workers};

use crate::wire::House;

/// How long a job may take to its end when the command has what it waited for.
const DRAIN: Duration = Duration::from_secs(5);

/// The workers of a command. Dropping them hands their jobs back without waiting.
pub(super) struct Hands {
    workers: Workers,
    stop: CancellationToken,
}

/// All kinds of jobs: whoever looks after the queue has to know what follows a job that was lost.
pub(super) fn handlers(house: &House) -> HashMap<String, Arc<dyn Handler>> {
    let mut handlers = house.engine.handlers();
    handlers.extend(house.knowledge.handlers());
    handlers
}

impl Hands {
    /// Sets them to work.
    pub(super) fn start(house: &House) -> Self {
        let stop = CancellationToken::new();
        let settings =
            Settings { workers: 2, poll: Duration::from_millis(100), ..Settings::default() };
        let (store, clock) = (house.store.clone(), house.site.clock.clone());
        let workers = Workers::start(store, clock, settings, handlers(house), &stop);
        Self { workers, stop }
    }

    /// Lets them end what they are at, or hand it back.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.workers.drain(DRAIN).await;
    }
}
