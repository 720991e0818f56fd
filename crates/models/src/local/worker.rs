//! The thread that the model works on: it loads the model when somebody asks, serves round after
//! round, and ends when nobody can ask any more.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::Receiver,
    thread,
    time::Instant,
};

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::info;

use super::{
    LocalError, Made,
    bert::{Bert, Config},
    metric,
    package::{CONFIG, Package, TOKENIZER, WEIGHTS},
    turns::{Line, Pick},
    wordpiece::{TOKENS_MAX, Tokens, Wordpiece},
};

/// What somebody wants.
pub(super) struct Order {
    pub(super) texts: Vec<String>,
    pub(super) answer: Answer,
}

/// Where it goes, and the place in the line that it takes until then.
pub(super) struct Answer {
    pub(super) to: oneshot::Sender<Result<Made, LocalError>>,
    pub(super) place: OwnedSemaphorePermit,
}

/// What the thread needs to know.
pub(super) struct Worker {
    pub(super) package: &'static Package,
    /// The folder of all models.
    pub(super) models: PathBuf,
    pub(super) threads: usize,
}

/// A model in memory.
struct Loaded {
    vocabulary: Wordpiece,
    network: Bert,
    /// Its own, so that no more processors are busy than it may use.
    pool: ThreadPool,
    name: &'static str,
}

impl Worker {
    /// Serves until nobody can ask any more and nobody waits.
    pub(super) fn run(&self, orders: &Receiver<Order>) {
        let name = self.package.model;
        let mut line = Line::default();
        let mut model = None;
        loop {
            if line.is_empty() {
                let Ok(order) = orders.recv() else { return };
                line.join(order.texts, order.answer);
            }
            for order in orders.try_iter() {
                line.join(order.texts, order.answer);
            }
            line.keep(|it| !it.to.is_closed());
            if line.is_empty() {
                continue;
            }
            metric::WAITING.set(line.len() as f64, &[name]);
            if let Err(why) = self.serve(&mut model, &mut line) {
                for answer in line.leave() {
                    answer.give(Err(why.clone()));
                }
            }
            metric::WAITING.set(line.len() as f64, &[name]);
        }
    }

    /// One round.
    fn serve(&self, model: &mut Option<Loaded>, line: &mut Line<Answer>) -> Result<(), LocalError> {
        let model = match model {
            Some(model) => model,
            empty => empty.insert(Loaded::load(self.package, &self.models, self.threads)?),
        };
        let round = line.round(|text| {
            let tokens = model.vocabulary.tokens(text)?;
            let count = tokens.ids.len();
            Ok::<_, tokenizers::Error>((tokens, count))
        });
        let round = round.map_err(|why| LocalError::Failed(why.to_string()))?;
        let vectors = model.vectors(&round)?;
        let served = round.into_iter().zip(vectors).map(|(pick, vector)| {
            let count = pick.tokens.ids.len() as u64;
            (pick, vector, count)
        });
        for done in line.served(served) {
            done.answer.give(Ok(Made { vectors: done.vectors, tokens: done.tokens }));
        }
        Ok(())
    }
}

impl Answer {
    fn give(self, made: Result<Made, LocalError>) {
        // Whoever asked may have left in the meantime. The place is free in any case.
        let Self { to, place } = self;
        drop(place);
        let _ = to.send(made);
    }
}

impl Loaded {
    fn load(package: &'static Package, models: &Path, threads: usize) -> Result<Self, LocalError> {
        let begun = Instant::now();
        let folder = package.folder(models);
        let failed = |why: &dyn std::fmt::Display| LocalError::Failed(why.to_string());
        let read = |name: &'static str| {
            let file = package.file(name).ok_or_else(|| failed(&"it has no such file"))?;
            let bytes = fs::read(folder.join(name)).map_err(|why| match why.kind() {
                io::ErrorKind::NotFound => LocalError::NotInstalled { package: package.name },
                _ => LocalError::Failed(format!("cannot read {name}: {why}")),
            })?;
            let damaged = |_| LocalError::Damaged { package: package.name, file: name };
            file.check(&bytes).map_err(damaged)?;
            Ok::<_, LocalError>(bytes)
        };
        let config = Config::read(&read(CONFIG)?, TOKENS_MAX).map_err(|why| failed(&why))?;
        let vocabulary = Wordpiece::read(&read(TOKENIZER)?).map_err(|why| failed(&why))?;
        let weights = read(WEIGHTS)?;
        let (size_bytes, name) = (weights.len(), package.model);
        let network = Bert::read(&config, weights).map_err(|why| failed(&why))?;
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|at| format!("{}-{at}", package.name))
            .build()
            .map_err(|why| failed(&why))?;
        metric::BYTES.set(size_bytes as f64, &[name]);
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(model.name = name, size_bytes, duration_ms, threads, "Loaded the model {name}");
        Ok(Self { vocabulary, network, pool, name })
    }

    fn vectors(&self, round: &[Pick<Tokens>]) -> Result<Vec<Vec<f32>>, LocalError> {
        if round.is_empty() {
            return Ok(Vec::new());
        }
        let begun = Instant::now();
        let texts: Vec<&[u32]> = round.iter().map(|it| it.tokens.ids.as_slice()).collect();
        let vectors = self.pool.install(|| self.network.vectors(&texts));
        let vectors = vectors.map_err(|why| LocalError::Failed(why.to_string()))?;
        let labels = &[self.name];
        metric::ROUND_SECONDS.observe(begun.elapsed().as_secs_f64(), labels);
        metric::TEXTS.add(texts.len() as u64, labels);
        metric::TOKENS.add(texts.iter().map(|it| it.len() as u64).sum(), labels);
        let cut = round.iter().filter(|it| it.tokens.is_cut).count();
        if cut > 0 {
            metric::CUT.add(cut as u64, labels);
        }
        Ok(vectors)
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        metric::BYTES.set(0.0, &[self.name]);
    }
}

/// How many processors it may use when nobody says: half of the machine's, so that those who ask for
/// something else are served meanwhile.
pub(super) fn threads() -> usize {
    let all = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (all / 2).max(1)
}
