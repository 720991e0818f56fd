//! A process beside the house that is going to be killed: a thread, with a runtime and connections of its own.

use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

pub(crate) struct Doomed {
    thread: JoinHandle<()>,
    /// It lives as long as this does.
    life: oneshot::Sender<()>,
}

impl Doomed {
    /// Lets it begin. What `begin` makes is held until it is dead.
    pub(crate) async fn begin<T, Begun>(begin: impl FnOnce() -> Begun + Send + 'static) -> Self
    where
        T: 'static,
        Begun: Future<Output = T> + 'static,
    {
        let (told, begun) = oneshot::channel();
        let (life, killed) = oneshot::channel();
        let thread = thread::spawn(move || {
            // On one thread nothing goes on once it is left: with workers of its own some parts would still
            // see that others are gone, and say so.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let held = runtime.block_on(async {
                let held = begin().await;
                // Who asked may be gone already; so may who kills.
                let _ = told.send(());
                let _ = killed.await;
                held
            });
            runtime.shutdown_background();
            // Its tasks are gone; dropping what they belonged to reaches nobody.
            drop(held);
        });
        begun.await.expect("it begins");
        Self { thread, life }
    }

    /// Kills it: nothing it was at goes on.
    pub(crate) fn kill(self) {
        drop(self.life);
        self.thread.join().expect("it is dead");
    }
}
