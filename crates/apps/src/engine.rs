//! The engine: one application at work. What callers ask for is checked, written down and, where it
//! takes longer, handed to a job.
//!
//! The server asks for a permission before it calls; whose tenant a thing is, is checked here, after
//! the thing was found. Nothing here knows HTTP.
//!
//! Start at [`Engine::start`]; the acts are in [`crate::acts`], the jobs in [`crate::job`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use base::{Actor, Clock, Secret, TenantId, Timestamp};
use identity::{Caller, Reach};
use knowledge::Knowledge;
use models::Models;
use serde_json::{Map, Value as Json, json};
use sources::Sources;
use store::{
    Store,
    blob::{self, Place},
};
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};
use work::{
    Failure, Handler, Job,
    schedule::{Keeper, Schedule},
};

use crate::{
    acts, archive,
    assistant::{
        self, Hub,
        web_search::{WebSearch, WebSearchError},
    },
    breaker::Breaker,
    description::{TaskLanguages, task::ContextSource},
    error::EngineError,
    folder::{AssistantKit, Folder, TaskKit},
    indexes,
    job::{
        self, JobHandler, Kind,
        steps::{Steps, failure},
    },
    language::{self, Languages},
    person, prompt, question,
    record::{self, Act, Record, RecordError},
    report, result, schedule,
    schema::Schema,
    seed, source,
    task::{Asker, compute, context, part, scene::Scene},
    webhook,
};

/// One application at work. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    folder: Folder,
    store: Store,
    models: Models,
    clock: Clock,
    settings: Settings,
    deliveries: reqwest::Client,
    web_search: Option<WebSearch>,
    schedules: Vec<Schedule>,
    hub: Hub,
    similar: Breaker,
    meaning: Breaker,
    queries: tokio::sync::Semaphore,
    papers: tokio::sync::Semaphore,
    sources: sources::Kit,
    /// How far changes of documents were followed here; whoever follows holds it.
    followed: tokio::sync::Mutex<Option<i64>>,
}

/// What an operator may choose, and where assistants look things up.
#[derive(Clone, Default)]
pub struct Settings {
    /// Webhooks may go to private addresses.
    pub allow_private_webhooks: bool,
    /// Where documents are; without it assistants know none.
    pub knowledge: Option<Knowledge>,
    /// The search of the web; without it nobody can ask for one.
    pub web_search: Option<assistant::web_search::Settings>,
    /// What spreads the jitter of schedules: of this installation alone, the same in all its replicas.
    pub seed: u64,
    /// The variables of the environment that the application names, those that have a value.
    pub environment: BTreeMap<String, Secret<String>>,
    /// Sources may be asked at private addresses.
    pub allow_private_sources: bool,
}

/// How often this process says, while it stops, that it is still at its answers.
const BEAT_WHILE_CLOSING: Duration = Duration::from_secs(3);

/// How long what was told of answers is kept, for those who were cut off.
const EVENTS_KEPT_HOURS: i64 = 24;

/// Queries that models wrote and that run at the same time: each may take all that it is allowed to.
const QUERIES_AT_ONCE: usize = 4;

/// Why an application cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its indexes cannot be made.
    #[error(transparent)]
    Indexes(#[from] indexes::IndexError),
    /// Its seeds cannot be taken in.
    #[error(transparent)]
    Seed(#[from] RecordError),
    /// The client for webhooks cannot be made.
    #[error("cannot make the HTTP client for webhooks")]
    Client(#[source] reqwest::Error),
    /// The search of the web cannot be asked.
    #[error(transparent)]
    WebSearch(#[from] WebSearchError),
    /// An archive would lie where the operator has no place for it.
    #[error(
        "archives of `{collection}` are put into {place}, and nothing says where that is; \
         see docs/guides/settings.md, or choose another `place` for them in app.yaml"
    )]
    NoPlace {
        /// The collection.
        collection: String,
        /// The place.
        place: Place,
    },
    /// The client for sources cannot be made.
    #[error("cannot make the HTTP client for sources")]
    Sources(#[source] reqwest::Error),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An asker with what is to be kept of its making.
pub(crate) struct Prepared {
    pub(crate) asker: Asker,
    /// What the version is made with: the chosen records and the caller's input.
    pub(crate) inputs: Json,
    /// Which text of the prompt, when a model will be asked.
    pub(crate) prompt_version: Option<String>,
}

impl Engine {
    /// Makes the database fit the application: declared indexes, seeds, prompts.
    ///
    /// # Errors
    /// [`StartError`] says what in the folder or the data stands in the way.
    pub async fn start(
        folder: Folder,
        store: Store,
        models: Models,
        clock: Clock,
        settings: Settings,
    ) -> Result<Self, StartError> {
        let deliveries = webhook::address::client(settings.allow_private_webhooks)
            .map_err(StartError::Client)?;
        let web_search = settings.web_search.as_ref().map(WebSearch::open).transpose()?;
        for kit in folder.kits().iter() {
            let place = kit.spec.archive.as_ref().and_then(|it| it.place);
            if let Some(place) = place.filter(|it| !blob::is_set_up(&store, *it)) {
                return Err(StartError::NoPlace { collection: kit.name.clone(), place });
            }
        }
        let schedules = schedule::declared(folder.description());
        let sources = source::kit(&folder, &settings).map_err(StartError::Sources)?;
        let engine = Self(Arc::new(Inner {
            folder,
            store,
            models,
            clock,
            settings,
            deliveries,
            web_search,
            schedules,
            hub: Hub::default(),
            similar: Breaker::default(),
            meaning: Breaker::default(),
            queries: tokio::sync::Semaphore::new(QUERIES_AT_ONCE),
            papers: tokio::sync::Semaphore::new(report::AT_ONCE),
            sources,
            followed: tokio::sync::Mutex::new(None),
        }));
        engine.folder().kits().embed_by(engine.models().can_embed().as_deref());
        if let Some(knowledge) = engine.knowledge() {
            knowledge.keep_to_chats(acts::chats::hold);
        }
        let this = engine.clone();
        engine
            .store()
            .write(&Actor::house(), engine.now(), move |tx| {
                indexes::reconcile(tx, this.folder().kits())?;
                record::catch_up(tx).map_err(StartError::from)
            })
            .await?;
        engine.seed().await?;
        engine.forget_vectors_of_other_fields().await?;
        engine.keeper().settle(engine.store(), engine.now()).await?;
        engine.record_prompts().await?;
        info!(app = engine.folder().description().app, "The application is ready");
        if !engine.folder().questions().is_empty() {
            engine.store().prepare_guard().await?;
        }
        Ok(engine)
    }

    /// The application's folder, compiled.
    pub fn folder(&self) -> &Folder {
        &self.0.folder
    }

    /// The door to models.
    pub fn models(&self) -> &Models {
        &self.0.models
    }

    /// How far changes of documents were followed in this process.
    pub(crate) fn followed(&self) -> &tokio::sync::Mutex<Option<i64>> {
        &self.0.followed
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Leaves the search for records like a question alone while it fails.
    pub(crate) fn similar_breaker(&self) -> &Breaker {
        &self.0.similar
    }

    /// Asks for no vector of what is looked for while that fails: it is found by words.
    pub(crate) fn meaning_breaker(&self) -> &Breaker {
        &self.0.meaning
    }

    /// Room for queries that models wrote.
    pub(crate) fn query_room(&self) -> &tokio::sync::Semaphore {
        &self.0.queries
    }

    /// Room for reports that are drawn.
    pub(crate) fn paper_room(&self) -> &tokio::sync::Semaphore {
        &self.0.papers
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Where documents are.
    pub(crate) fn knowledge(&self) -> Option<&Knowledge> {
        self.0.settings.knowledge.as_ref()
    }

    /// The search of the web.
    pub(crate) fn web_search(&self) -> Option<&WebSearch> {
        self.0.web_search.as_ref()
    }

    /// Is there a search of the web to ask?
    pub fn can_search_web(&self) -> bool {
        self.0.web_search.is_some()
    }

    /// Is there a model that answers for this assistant? Without one it quotes.
    pub fn has_model(&self, kit: &AssistantKit) -> bool {
        let policy = &kit.description.model;
        let ask = models::Ask {
            priority: policy.priority,
            model: policy.name.clone(),
            ..models::Ask::new(TenantId::DEFAULT, kit.name.clone(), Vec::new())
        };
        self.models().would_ask(&ask).is_some()
    }

    /// A variable of the environment that the application names; none when it has no value.
    pub fn variable(&self, name: &str) -> Option<&Secret<String>> {
        self.0.settings.environment.get(name)
    }

    /// The schedules of the application, ready to be kept.
    pub(crate) fn declared_schedules(&self) -> &[Schedule] {
        &self.0.schedules
    }

    /// Who keeps the schedules of the application.
    pub fn keeper(&self) -> Keeper {
        let maker = Arc::new(schedule::Jobs { engine: self.clone() });
        Keeper::new(self.0.schedules.clone(), maker, self.0.settings.seed)
    }

    /// Where records come from.
    pub(crate) fn sources(&self) -> Sources {
        let shelf = Arc::new(source::Records { engine: self.clone() });
        Sources::new(self.0.sources.clone(), self.store().clone(), self.0.clock.clone(), shelf)
    }

    /// The answers that this process makes.
    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Who does the engine's jobs, by kind.
    pub fn handlers(&self) -> HashMap<String, Arc<dyn Handler>> {
        let handler =
            |kind| -> Arc<dyn Handler> { Arc::new(JobHandler { engine: self.clone(), kind }) };
        let mut handlers: HashMap<String, Arc<dyn Handler>> = HashMap::new();
        for kind in Kind::ALL.into_iter().filter(|it| *it != Kind::Task) {
            handlers.insert(kind.name().to_owned(), handler(kind));
        }
        for task in self.folder().description().tasks.keys() {
            handlers.insert(format!("{}.{task}", Kind::Task.name()), handler(Kind::Task));
        }
        let deliverer = webhook::deliver::Deliverer {
            store: self.store().clone(),
            clock: self.0.clock.clone(),
            client: self.0.deliveries.clone(),
        };
        handlers.insert(webhook::delivery::JOB.to_owned(), Arc::new(deliverer));
        for kind in [archive::MAKE, archive::BACK] {
            let archivist = archive::Archivist { engine: self.clone(), kind };
            handlers.insert(kind.to_owned(), Arc::new(archivist));
        }
        let eraser = person::erase::Eraser { engine: self.clone() };
        handlers.insert(person::erase::KIND.to_owned(), Arc::new(eraser));
        handlers.extend(self.sources().handlers());
        handlers
    }

    /// The job as callers see it.
    pub fn job_view(&self, job: &Job) -> Json {
        job::view::view(self.folder().description(), job)
    }

    /// The events that webhooks can listen to.
    pub fn webhook_events(&self) -> Vec<String> {
        self.folder().description().webhooks.events.keys().cloned().collect()
    }

    /// Whoever calls, acting now.
    pub(crate) fn act(&self, caller: &Caller) -> Act {
        Act { reach: caller.reach, actor: caller.actor.clone(), now: self.now() }
    }

    /// An asker for a task of a job.
    pub(crate) async fn asker(
        &self,
        steps: &Steps,
        task: &str,
        record: &Record,
        input: &Json,
        total: usize,
    ) -> Result<Prepared, Failure> {
        let job = steps.job();
        let for_whom =
            For { tenant: job.tenant, job: Some(job.id), user: Some(job.created_by.clone()) };
        self.prepare(task, Some(record), input, total, for_whom).await.map_err(failure)
    }

    pub(crate) async fn prepare(
        &self,
        task: &str,
        record: Option<&Record>,
        input: &Json,
        total: usize,
        for_whom: For,
    ) -> Result<Prepared, EngineError> {
        let no_such = || EngineError::NoSuch { kind: "task", name: task.to_owned() };
        let kit = self.folder().task(task).ok_or_else(no_such)?.clone();
        let (this, asked, given, parent, tenant) =
            (self.clone(), kit.clone(), input.clone(), record.map(|it| it.id), for_whom.tenant);
        // All that is asked with, and all that is computed of the answer, is of the same documents.
        let configuration = self.folder().configuration();
        let documents = configuration.clone();
        let (mut context, prompt_version) = self
            .store()
            .read(move |db| {
                let folder = this.folder();
                let context =
                    context::gather(db, folder, &documents, &asked, tenant, parent, &given)?;
                let prompt_version = prompt::in_use(db, &asked.name)?;
                Ok::<_, EngineError>((context, prompt_version))
            })
            .await?;
        for (name, source) in &kit.description.context {
            let ContextSource::Progress(of) = source else { continue };
            // A source that asks by itself has no results of its own.
            let seen = match &for_whom.user {
                Some(owner) => Box::pin(self.progress_of(tenant, &of.progress, owner)).await?,
                None => Json::Null,
            };
            context.push((name.clone(), seen));
        }
        let chosen = |name: &str| {
            matches!(kit.description.context.get(name), Some(ContextSource::Chosen(_)))
        };
        let mut inputs: Map<String, Json> =
            context.iter().filter(|(name, _)| chosen(name)).cloned().collect();
        inputs.insert("input".into(), input.clone());
        let data = record.map(|it| {
            let mut data = it.data.clone();
            data.insert("id".into(), it.id.to_string().into());
            data
        });
        let scene = Scene::new(data.as_ref(), input, context, total);
        let misconfigured =
            |why: String| EngineError::Misconfigured(format!("task `{task}`: {why}"));
        let document = |name: &str| configuration.look(name, None, &[]);
        let plans = compute::plan(&kit.description, document).map_err(misconfigured)?;
        let asked = match plans.is_empty() {
            true => kit.output.clone(),
            false => Schema::compile(&compute::asked(kit.output.inlined(), &plans))
                .map_err(|error| misconfigured(error.to_string()))?,
        };
        let usual = self.languages_of(&kit).usual;
        let language = input.get("language").and_then(Json::as_str).unwrap_or(usual);
        let pieces = part::gather(&kit, language, usual, document)
            .map_err(|error| misconfigured(error.to_string()))?;
        let quoted = kit.description.segments.as_ref().map(|it| input.get(it.field()));
        let quotes = quoted.map(|it| it.and_then(Json::as_str).unwrap_or_default().to_owned());
        let asker = Asker {
            models: self.models().clone(),
            kit,
            scene,
            pieces,
            plans,
            asked,
            quotes,
            keeps_raw: false,
            tenant: for_whom.tenant,
            job: for_whom.job,
            user: for_whom.user,
            absent: false.into(),
        };
        let prompt_version = prompt_version.filter(|_| !asker.is_ruled());
        Ok(Prepared { asker, inputs: Json::Object(inputs), prompt_version })
    }

    /// The languages of a task's texts: its own, else those of the application.
    pub(crate) fn languages_of<'a>(&'a self, kit: &'a TaskKit) -> Languages<'a> {
        let own = kit.description.languages.as_ref().and_then(TaskLanguages::rules);
        let all = &self.folder().description().languages;
        let (among, usual, threshold) = own.unwrap_or_else(|| {
            (all.as_slice(), all.first().map_or("en", String::as_str), language::THRESHOLD)
        });
        Languages { among, usual, threshold }
    }

    async fn seed(&self) -> Result<(), StartError> {
        for (collection, hash, rows) in self.folder().seeds().iter().cloned() {
            let (this, act) = (self.clone(), Act::house(self.now()));
            self.store()
                .write(&Actor::house(), act.now, move |tx| {
                    let Some(kit) = this.folder().kits().get(&collection) else { return Ok(()) };
                    seed::apply(tx, kit, &act, &hash, rows).map(drop).map_err(StartError::from)
                })
                .await?;
        }
        Ok(())
    }

    /// Notes the prompts as they are now: of the files, and of the documents that they are composed of.
    pub(crate) async fn record_prompts(&self) -> Result<(), store::Error> {
        let now = self.now();
        let configuration = self.folder().configuration();
        let questions = self.folder().questions();
        let document = |name: &str| configuration.look(name, None, &[]);
        let of_tasks = self
            .folder()
            .tasks()
            .map(|kit| (kit.name.clone(), part::whole_text(kit, document), kit.prompt.variables()));
        let prompts: Vec<_> = self
            .folder()
            .assistants()
            .map(|kit| (kit.name.clone(), &kit.prompt))
            .chain(questions.iter().map(|it| &**it).flat_map(|kit| {
                kit.templates().map(|(what, prompt)| (format!("{}.{what}", kit.name), prompt))
            }))
            .map(|(name, prompt)| (name, prompt.source().to_owned(), prompt.variables()))
            .chain(of_tasks)
            .collect();
        self.store()
            .write(&Actor::house(), now, move |tx| {
                for (name, text, variables) in &prompts {
                    prompt::record(tx, name, text, variables, now)?;
                }
                Ok::<_, store::Error>(())
            })
            .await
    }

    /// The duty of every few seconds: says that this process is still at its answers, stops those
    /// that nobody wants, and ends those whose process is gone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tend(&self, now: Timestamp) -> Result<(), EngineError> {
        let (holder, here) = (self.hub().holder().to_owned(), self.hub().ids());
        let (unwanted, lost) = self
            .store()
            .bookkeep("look after the answers in the making", move |tx| {
                let unwanted = assistant::run::beat(tx, &holder, &here, now)?;
                Ok::<_, store::Error>((unwanted, assistant::run::lost(tx, now)?))
            })
            .await?;
        for live in unwanted.into_iter().filter_map(|it| self.hub().find(it)) {
            live.stop(assistant::Why::Asked);
        }
        for run in lost {
            let bury = move |tx: &store::Tx| assistant::bury::bury(tx, run, now);
            self.store().write(&Actor::house(), now, bury).await?;
        }
        Ok(())
    }

    /// Waits for the answers that are being made, at most so long; then stops them, and keeps what
    /// was written.
    pub async fn close(&self, within: Duration) {
        tokio::select! {
            () = self.hub().close(within) => {}
            () = self.beat_while_closing() => {}
        }
    }

    /// Without it somebody else would end, in the meantime, what is still being made here.
    async fn beat_while_closing(&self) {
        let mut ticks = tokio::time::interval(BEAT_WHILE_CLOSING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // A beat that is missed is made up for by the next.
            if let Err(error) = self.tend(self.now()).await {
                warn!(error = %error, "Could not look after the answers in the making");
            }
        }
    }

    /// Removes what is past its time: finished jobs, kept answers, old deliveries, records deleted
    /// longer ago than they can be restored, vectors that serve nobody. Returns what was removed.
    /// Tenants have their own sweep: [`Engine::sweep_tenants`].
    ///
    /// # Errors
    /// When the database, or a place of blobs, does not answer.
    pub async fn sweep(&self, now: Timestamp) -> Result<Json, EngineError> {
        let (this, days) = (self.clone(), i64::from(self.folder().description().jobs.keep_days));
        let before = now - jiff::SignedDuration::from_hours(24 * days);
        let told_before = now - jiff::SignedDuration::from_hours(EVENTS_KEPT_HOURS);
        let (jobs, answers, deliveries) = self
            .store()
            .bookkeep("remove finished jobs", move |tx| {
                // Before the jobs go: they say which lists and versions nobody comes back to.
                job::unfinished::sweep(tx, before, now)?;
                archive::row::sweep(tx, now)?;
                blob::sweep(tx, before, now)?;
                assistant::run::sweep(tx, told_before)?;
                question::sweep(tx, now)?;
                result::raw::sweep(tx, before)?;
                crate::progress::kept::sweep(tx, now)?;
                crate::feedback::sweep(tx)?;
                let mut jobs = 0;
                loop {
                    match work::sweep(tx, before)? {
                        0 => break,
                        swept => jobs += swept,
                    }
                }
                Ok::<_, EngineError>((
                    jobs,
                    job::answers::sweep(tx, before)?,
                    webhook::delivery::sweep(tx, before)?,
                ))
            })
            .await?;
        let records = self
            .store()
            .write(&Actor::house(), now, move |tx| {
                let act = Act { reach: Reach::All, actor: Actor::house(), now };
                Ok::<_, EngineError>(crate::record::sweep(tx, this.folder().kits(), &act, 500)?)
            })
            .await?;
        self.sources().sweep(now).await?;
        let vectors = self.sweep_vectors(now).await?;
        // Last, because a place outside of the database may be away.
        let objects = blob::clear(self.store(), now).await?;
        Ok(json!({
            "jobs": jobs, "answers": answers, "deliveries": deliveries, "records": records,
            "vectors": vectors, "blob_objects": objects,
        }))
    }
}

/// On whose account a task asks.
pub(crate) struct For {
    pub(crate) tenant: TenantId,
    pub(crate) job: Option<base::JobId>,
    pub(crate) user: Option<String>,
}
