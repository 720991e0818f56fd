//! A panel that grades memos, for one test of results: `tests/grader-app` on a database, people who write,
//! one who may see what is private, and a model that a script plays.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use apps::{
    acts::results::{ResultAsk, ResultOutcome},
    engine::{self, Engine},
    error::EngineError,
};
use base::{Clock, RecordId, Role, TenantId};
use identity::Caller;
use serde_json::{Value as Json, json};
use store::{Options, Store};
use testkit::{
    Database,
    model::{Reply, Script},
};
use tokio_util::sync::CancellationToken;
use work::Workers;

use crate::{
    doomed::Doomed,
    ground::{self, folder, person},
    house::{quick, scripted},
};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A memo, with the quotes and dashes that word processors make.
pub(crate) const MEMO: &str = "We propose to open a clinic in the north \u{2014} it\u{2019}s cheaper than \
     the old one, because the lease there ends in March.";

pub(crate) struct Panel {
    pub(crate) db: Database,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    /// Two who write, and one who may see what they keep for themselves.
    pub(crate) ann: Caller,
    pub(crate) bob: Caller,
    pub(crate) eve: Caller,
    _workers: Option<Workers>,
}

/// The application's folder.
pub(crate) fn app() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/grader-app")
}

/// What a model answers that gives these scores, and has an opinion about the whole that counts for nothing.
pub(crate) fn grades(four: [u8; 4], segment: &str) -> Json {
    let [structure, evidence, strategy, risks] =
        four.map(|it| json!({"score": it, "reason": "It is so."}));
    json!({
        "overall_score": 5.0,
        "strengths": ["It says what it asks for."],
        "scores": {"structure": structure, "evidence": evidence, "strategy": strategy, "risks": risks},
        "passages": [{"segment": segment, "comment": "Why there?", "start": 9_999, "end": 1}],
    })
}

impl Panel {
    /// With workers, and the model that a script plays.
    pub(crate) async fn open(db: Database, script: &Script) -> Self {
        let mut panel = Self::idle(db, script).await;
        panel.hire();
        panel
    }

    /// A panel in which nobody works yet.
    pub(crate) async fn idle(db: Database, script: &Script) -> Self {
        let clock = testkit::clock();
        let store = ground::of_everybody(&db, &clock).await;
        let engine = engine_on(&store, &clock, scripted(script, false)).await;
        let (ann, bob, eve) = (person(Role::Editor), person(Role::Editor), person(Role::Admin));
        Self { db, store, clock, engine, ann, bob, eve, _workers: None }
    }

    /// Lets workers begin.
    pub(crate) fn hire(&mut self) {
        let stop = CancellationToken::new();
        let (store, clock) = (self.store.clone(), self.clock.clone());
        self._workers = Some(Workers::start(store, clock, quick(), self.engine.handlers(), &stop));
    }

    /// Workers of another process, which is going to be killed.
    pub(crate) async fn hire_elsewhere(&self, script: &Script) -> Doomed {
        let (db, clock, models) = (self.db.clone(), self.clock.clone(), scripted(script, false));
        let begin = move || async move {
            let store = db.open(Options::default()).await;
            let engine = engine_on(&store, &clock, models).await;
            let stop = CancellationToken::new();
            Workers::start(store, clock, quick(), engine.handlers(), &stop)
        };
        Doomed::begin(begin).await
    }

    /// Somebody hands a memo in.
    pub(crate) async fn hands_in(
        &self,
        who: &Caller,
        text: &str,
        previous: Option<RecordId>,
        waits: bool,
    ) -> Result<ResultOutcome, EngineError> {
        // So that what comes later is noted later.
        self.clock.advance(jiff::SignedDuration::from_millis(10));
        let ask = ResultAsk {
            tenant: TenantId::DEFAULT,
            task: None,
            text: text.into(),
            previous,
            priority: None,
            language: None,
            waits,
        };
        self.engine.result_submit(who, ask).await
    }

    /// Somebody hands a memo in and gets the result in time.
    pub(crate) async fn graded(&self, who: &Caller, text: &str) -> Json {
        match self.hands_in(who, text, None, true).await.expect("a result") {
            ResultOutcome::Done(result) => result,
            ResultOutcome::Accepted(standing) => panic!("no result, but {standing}"),
        }
    }

    /// Waits until a result stands where it should.
    pub(crate) async fn until(&self, who: &Caller, id: RecordId, status: &str) -> Json {
        let began = Instant::now();
        loop {
            let now = self.engine.result_status(who, id).await.expect("a result on its way");
            if now["status"] == status {
                return now;
            }
            assert!(began.elapsed() < PATIENCE, "it does not come that far: {now}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A number that a statement counts.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let read = move |db: &store::Db| db.one(sql, &[])?.get::<i64>("total");
        self.store.read(read).await.expect("it is counted")
    }
}

async fn engine_on(store: &Store, clock: &Clock, models: models::Settings) -> Engine {
    ground::engine(folder(&app()), store, clock, models, engine::Settings::default()).await
}

/// The id of a result, or of one on its way.
pub(crate) fn id_of(shown: &Json) -> RecordId {
    shown["id"].as_str().and_then(|it| it.parse().ok()).expect("a result has an id")
}

/// A model that always gives these scores.
pub(crate) fn always(script: &Script, four: [u8; 4], segment: &'static str) {
    script.always(move |_| Reply::json(&grades(four, segment)).tokens(100, 20));
}
