//! What rides along with a change: a note of somebody else's that is kept exactly when the change is.
//!
//! A request that must be done once only has to note that it was done. In a transaction of its own
//! the note could be lost, by a kill between the two, and the change be made again. So it rides
//! along: it is the last thing in the transaction of every [`crate::Store::write`] that the future
//! given to [`along`] makes itself and that says something to the audit log. Tasks which that
//! future spawns carry nothing, and neither does bookkeeping.

use std::{future::Future, sync::Arc};

use crate::{Error, Tx};

/// What is run last in the transaction of a change. When it fails, the change is undone.
pub type Rider = Arc<dyn Fn(&Tx) -> Result<(), Error> + Send + Sync>;

tokio::task_local! {
    static RIDER: Rider;
}

/// Does the work; each of its changes carries the rider.
pub async fn along<F: Future>(rider: Rider, work: F) -> F::Output {
    RIDER.scope(rider, work).await
}

/// The rider of the future that runs at this moment.
pub(crate) fn current() -> Option<Rider> {
    RIDER.try_with(Arc::clone).ok()
}
