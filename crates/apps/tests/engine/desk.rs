//! A house for one test of assistants: `apps/knowledge-chat` on a database, with documents, a model
//! that a script plays, and people.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use apps::{
    ask::{AskPlace, AssistantAsk},
    assistant::{
        Follow,
        event::{Event, Name},
        web_search,
    },
    engine::{self, Engine},
    error::EngineError,
};
use base::{ChatId, Clock, DocumentId, PageRequest, Role, RunId, TenantId};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use identity::Caller;
use knowledge::{Act, Knowledge, Parts, Sight, document::State, extract::Program};
use models::Models;
use serde_json::{Value as Json, json};
use store::Store;
use tempfile::TempDir;
use testkit::{Database, model::Script};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use work::Workers;

pub(crate) use crate::ground::person;
use crate::{
    ground,
    house::{quick, scripted},
};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a manual says, page by page.
pub(crate) const MANUAL: [&str; 3] = [
    "The probe must be calibrated every four weeks with the reference fluid.",
    "The seal of the pump is changed once a year.",
    "When the light is red, call the laboratory.",
];

pub(crate) struct Desk {
    pub(crate) db: Database,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    pub(crate) knowledge: Knowledge,
    pub(crate) ann: Caller,
    _workers: Workers,
    app: PathBuf,
    _copy: Option<TempDir>,
}

/// What a test may have otherwise than usual.
#[derive(Default)]
pub(crate) struct Otherwise {
    /// Words of `app.yaml` and what stands in their place.
    pub(crate) app: Vec<(&'static str, &'static str)>,
    /// Files of the folder beside its own, and what stands in them; with a change of `app.yaml`.
    pub(crate) files: Vec<(&'static str, &'static str)>,
    /// The address of a search of the web.
    pub(crate) web: Option<String>,
}

/// The application's folder.
pub(crate) fn app() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../apps/knowledge-chat")
}

impl Desk {
    /// With the model that a script plays.
    pub(crate) async fn open(db: Database, script: &Script) -> Self {
        Self::with(db, scripted(script, true), Otherwise::default()).await
    }

    /// With the model that a script plays, and something otherwise in `app.yaml`.
    pub(crate) async fn changed(
        db: Database,
        script: &Script,
        app: &[(&'static str, &'static str)],
    ) -> Self {
        let otherwise = Otherwise { app: app.to_vec(), ..Otherwise::default() };
        Self::with(db, scripted(script, true), otherwise).await
    }

    pub(crate) async fn with(db: Database, models: models::Settings, otherwise: Otherwise) -> Self {
        let clock = testkit::clock();
        let store = ground::of_everybody(&db, &clock).await;
        let copy = (!otherwise.app.is_empty()).then(|| changed(&otherwise.app));
        if let Some(copy) = &copy {
            for (name, text) in &otherwise.files {
                fs::write(copy.path().join(name), text).expect("a file is written");
            }
        }
        let path = copy.as_ref().map_or_else(app, |it| it.path().to_owned());
        let (engine, knowledge) =
            rooms_on(&store, &clock, models, &path, otherwise.web.as_deref()).await;
        let mut handlers = engine.handlers();
        handlers.extend(knowledge.handlers());
        let stop = CancellationToken::new();
        let workers = Workers::start(store.clone(), clock.clone(), quick(), handlers, &stop);
        Self {
            db,
            store,
            clock,
            engine,
            knowledge,
            ann: person(Role::Editor),
            _workers: workers,
            app: path,
            _copy: copy,
        }
    }

    /// Another process on the same database, or as good as that.
    pub(crate) async fn elsewhere(&self, models: models::Settings) -> Engine {
        let store = self.db.open(store::Options::default()).await;
        rooms_on(&store, &self.clock, models, &self.app, None).await.0
    }

    /// Where such a process finds everything.
    pub(crate) fn place(&self) -> (Database, Clock, PathBuf) {
        (self.db.clone(), self.clock.clone(), self.app.clone())
    }

    /// Puts a document of these pages in and waits until it is found.
    pub(crate) async fn document(
        &self,
        whose: &Caller,
        title: &str,
        pages: &[&str],
        chat: Option<ChatId>,
    ) -> DocumentId {
        self.put(whose, title, pages, chat, false).await
    }

    /// The same, for everybody.
    pub(crate) async fn shared(&self, whose: &Caller, title: &str, pages: &[&str]) -> DocumentId {
        self.put(whose, title, pages, None, true).await
    }

    async fn put(
        &self,
        whose: &Caller,
        title: &str,
        pages: &[&str],
        chat: Option<ChatId>,
        shared: bool,
    ) -> DocumentId {
        let mut at = 0;
        let chunks: Vec<Json> = pages
            .iter()
            .zip(1..)
            .map(|(text, page)| {
                let (start, end) = (at, at + text.chars().count());
                at = end + 2;
                json!({"page": page, "start_char": start, "end_char": end})
            })
            .collect();
        let numbered: Vec<Json> =
            pages.iter().zip(1..).map(|(text, n)| json!({"number": n, "text": text})).collect();
        let carried = json!({
            "version": 1, "title": title, "summary": null, "metadata": {}, "tags": [],
            "shared": shared, "origin": "upload", "url": null, "file_name": "manual.txt",
            "file": STANDARD.encode(pages.join("\n\n")), "verdict": null, "pages": numbered,
            "chunks": chunks, "vectors": [],
        });
        let carried = serde_json::from_value(carried).expect("a document");
        let taken = self.knowledge.carry_in(&act(whose), TenantId::DEFAULT, chat, carried).await;
        let id = taken.expect("it is taken in").id;
        let began = std::time::Instant::now();
        loop {
            let found = self.knowledge.get(&Sight::everything(), id).await.expect("it is there");
            if found.state == State::Ready {
                return id;
            }
            assert!(began.elapsed() < PATIENCE, "it does not become ready: {found:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The manual, for everybody.
    pub(crate) async fn manual(&self) -> DocumentId {
        self.shared(&self.ann, "Manual", &MANUAL).await
    }

    /// Ann asks and hears the whole answer.
    pub(crate) async fn hears(&self, question: &str, place: AskPlace) -> Heard {
        hear(self.asks(asked(question, place)).await).await
    }

    /// Ann asks.
    pub(crate) async fn asks(&self, ask: AssistantAsk) -> Follow {
        self.engine.ask_assistant(&self.ann, ask).await.expect("the question is taken")
    }

    /// What was said in a chat of Ann's, the oldest first.
    pub(crate) async fn said(&self, chat: ChatId) -> Vec<Json> {
        let page = PageRequest::first(500);
        self.engine.chat_messages(&self.ann, chat, &page, false).await.expect("her chat").items
    }

    /// Waits until a run of Ann's is in this state.
    pub(crate) async fn run_is(&self, run: RunId, state: &str) -> Json {
        let began = std::time::Instant::now();
        loop {
            let found = self.engine.run_get(&self.ann, run).await.expect("her run");
            if found["state"] == state {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "it does not come that far: {found}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A number that a statement counts.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let counted = self.store.read(move |db| db.one(sql, &[])?.get::<i64>("total")).await;
        let counted: Result<i64, store::Error> = counted;
        counted.expect("what a test counts is there")
    }
}

/// The rooms of a process.
pub(crate) async fn rooms_on(
    store: &Store,
    clock: &Clock,
    settings: models::Settings,
    app: &Path,
    web: Option<&str>,
) -> (Engine, Knowledge) {
    testkit::install_tls();
    let models = Models::open(store.clone(), clock.clone(), settings).expect("the models open");
    let parts = Parts {
        store: store.clone(),
        clock: clock.clone(),
        models: models.clone(),
        settings: knowledge::Settings::default(),
        // Documents are carried in here; nobody reads a file.
        program: Program { path: "/bin/false".into(), arguments: Vec::new() },
        folder: None,
        tasks: TaskTracker::new(),
    };
    let knowledge = Knowledge::open(parts).expect("the room opens");
    let web_search = web.map(|address| web_search::Settings {
        kind: web_search::Engine::Searxng,
        address: Some(address.to_owned()),
        key: None,
    });
    let settings = engine::Settings {
        knowledge: Some(knowledge.clone()),
        web_search,
        ..engine::Settings::default()
    };
    let engine =
        Engine::start(ground::folder(app), store.clone(), models, clock.clone(), settings).await;
    (engine.expect("the engine starts"), knowledge)
}

/// A copy of the application with other words in it.
fn changed(words: &[(&str, &str)]) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder can be made");
    for folder in ["", "config", "prompts"] {
        let to = copy.path().join(folder);
        fs::create_dir_all(&to).expect("the copy can be written");
        for entry in fs::read_dir(app().join(folder)).expect("the application is there") {
            let entry = entry.expect("its files can be listed");
            if entry.file_type().is_ok_and(|it| it.is_file()) {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("a file is copied");
            }
        }
    }
    let file = copy.path().join("app.yaml");
    let mut text = fs::read_to_string(&file).expect("app.yaml can be read");
    for (old, new) in words {
        assert!(text.contains(old), "`{old}` does not stand in app.yaml");
        text = text.replace(old, new);
    }
    fs::write(&file, text).expect("app.yaml can be written");
    copy
}

/// What somebody does with documents.
pub(crate) fn act(caller: &Caller) -> Act {
    Act { sight: Sight::of(TenantId::DEFAULT, caller.actor.who), actor: caller.actor.clone() }
}

/// A question with nothing beside it.
pub(crate) fn asked(question: &str, place: AskPlace) -> AssistantAsk {
    AssistantAsk {
        tenant: TenantId::DEFAULT,
        assistant: None,
        question: question.into(),
        place,
        record: None,
        system_prompt: None,
        context: None,
        personality: None,
        web: false,
        web_results: None,
        documents: None,
        tags: Vec::new(),
    }
}

/// What somebody heard of an answer.
pub(crate) struct Heard {
    pub(crate) run: RunId,
    pub(crate) chat: Option<ChatId>,
    pub(crate) events: Vec<Event>,
}

/// Listens to the end.
pub(crate) async fn hear(mut follow: Follow) -> Heard {
    let (run, chat, mut events) = (follow.run(), follow.chat(), Vec::new());
    while let Some(event) = next(&mut follow).await {
        events.push(event);
    }
    Heard { run, chat, events }
}

/// The next event, which must come in time.
pub(crate) async fn next(follow: &mut Follow) -> Option<Event> {
    let next = tokio::time::timeout(PATIENCE, follow.next()).await;
    next.expect("an event comes in time").expect("the database answers")
}

/// Listens until so many pieces of the answer were told.
pub(crate) async fn hear_deltas(follow: &mut Follow, count: usize) -> Vec<Event> {
    let mut heard: Vec<Event> = Vec::new();
    while heard.iter().filter(|it| it.name == Name::Delta).count() < count {
        heard.push(next(follow).await.expect("the answer goes on"));
    }
    heard
}

/// The words that some events tell.
pub(crate) fn words(events: &[Event]) -> String {
    apps::assistant::event::words(events)
}

impl Heard {
    /// The words of the answer.
    pub(crate) fn text(&self) -> String {
        words(&self.events)
    }

    /// The last event, which must be of this kind.
    #[track_caller]
    pub(crate) fn ended(&self, name: Name) -> Json {
        let last = self.events.last().expect("something was told");
        assert_eq!(last.name, name, "{:?}: {}", self.events, last.data);
        last.json()
    }

    /// What was told at a stage.
    #[track_caller]
    pub(crate) fn stage(&self, stage: &str) -> Json {
        let mut told = self.events.iter().map(Event::json);
        told.find(|it| it["stage"] == stage).unwrap_or_else(|| panic!("no stage {stage}"))
    }

    /// The kinds of events in order, those of `meta` by their stage, pieces of the answer as one.
    pub(crate) fn order(&self) -> Vec<String> {
        let name = |event: &Event| match event.name {
            Name::Meta => event.json()["stage"].as_str().unwrap_or_default().to_owned(),
            name => name.name().to_owned(),
        };
        let mut order: Vec<String> = self.events.iter().map(name).collect();
        order.dedup();
        order
    }

    pub(crate) fn chat(&self) -> ChatId {
        self.chat.expect("it belongs to a chat")
    }
}

/// What a refused act says to programs.
#[track_caller]
pub(crate) fn refused<T>(outcome: Result<T, EngineError>) -> String {
    match outcome {
        Ok(_) => panic!("this must be refused"),
        Err(error) => error.code().to_owned(),
    }
}
