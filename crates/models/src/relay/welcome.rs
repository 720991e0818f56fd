//! How long a caller is welcome: an answer in pieces does not outlast the session or the key that asked for it.
//!
//! Who calls is not known in this room, so whoever lets them in says when that is over. It is waited for beside an
//! answer that is under way, once its first words have gone, and by nobody before.

use std::{fmt, sync::Arc};

use futures::future::{BoxFuture, FutureExt};

/// How long a caller is welcome.
#[derive(Clone, Default)]
pub struct Welcome(Option<Arc<Over>>);

/// Makes what comes back when that is over.
type Over = dyn Fn() -> BoxFuture<'static, ()> + Send + Sync;

impl Welcome {
    /// For as long as the answer takes.
    pub fn without_end() -> Self {
        Self::default()
    }

    /// Until what `over` makes comes back. It is made for an answer in pieces alone.
    pub fn until<F>(over: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Some(Arc::new(move || over().boxed())))
    }

    /// Comes back when they are not welcome any longer.
    pub(crate) fn over(&self) -> BoxFuture<'static, ()> {
        match &self.0 {
            Some(over) => over(),
            None => futures::future::pending().boxed(),
        }
    }
}

impl fmt::Debug for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Welcome(until it is over)" } else { "Welcome" })
    }
}
