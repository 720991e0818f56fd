//! A house for one test of sources: `apps/trailblaze` on a database, and on the network a calendar whose
//! pages the test decides.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use apps::{
    acts::SourceRun,
    engine::{self, Engine},
    record::{self, Act, Change, Record, RecordError},
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base::{Actor, Clock, JobId, PageRequest, RecordId, Secret, TenantId};
use identity::{Caller, Reach, tenant};
use serde_json::{Value as Json, json};
use sources::WrittenFlags;
use store::Store;
use tempfile::TempDir;
use testkit::Database;
use tokio_util::sync::CancellationToken;
use work::Workers;

use crate::{
    ground::{self, ROOMS},
    house::{job_of, quick, text},
};

/// How long a run of a test may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Trail {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    pub(crate) site: Site,
    _workers: Workers,
    _folder: TempDir,
}

/// What a house has beside the calendar.
#[derive(Default)]
pub(crate) struct Outfit {
    /// Somebody who knows where places are.
    pub(crate) places: bool,
    /// Somebody who knows the weather.
    pub(crate) weather: bool,
    /// Its models.
    pub(crate) models: models::Settings,
    /// Another description of the calendar.
    pub(crate) aerc: Option<String>,
}

/// The calendar on the network.
pub(crate) struct Site {
    url: String,
    calendar: Shared,
    server: tokio::task::JoinHandle<()>,
}

/// What whoever knows the weather does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sky {
    /// Tells it.
    #[default]
    Told,
    /// Talks of something else.
    Nonsense,
    /// Answers with an error.
    Away,
}

type Shared = Arc<Mutex<Calendar>>;

#[derive(Default)]
struct Calendar {
    /// The first page, which names the seasons.
    page: String,
    /// What the form answers with.
    list: String,
    is_wrapped: bool,
    delay: Duration,
    /// The words on the website of every ride; none while they are away.
    website: Option<String>,
    /// A file on the website of every ride, in the place of words.
    file: Option<Vec<u8>>,
    sky: Sky,
    /// Questions after places with these words in them are answered so.
    refused: Option<(String, StatusCode)>,
    asked: Vec<(&'static str, String)>,
}

/// A folder of an application, copied so that a test may change it.
pub(crate) fn copied(app: &str, change: impl Fn(&Path, String) -> String) -> TempDir {
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../apps").join(app);
    let to = tempfile::tempdir().expect("a folder for a while");
    copy(&from, to.path(), &change);
    to
}

fn copy(from: &Path, to: &Path, change: &impl Fn(&Path, String) -> String) {
    for entry in fs::read_dir(from).expect("the application is there") {
        let entry = entry.expect("an entry of a folder");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir(&target).expect("a folder is made");
            copy(&source, &target, change);
        } else if let Ok(text) = fs::read_to_string(&source) {
            fs::write(&target, change(&source, text)).expect("a file is written");
        }
    }
}

/// A file among the samples of the calendar.
pub(crate) fn sample(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../apps/trailblaze");
    fs::read_to_string(folder.join("data/samples").join(name)).expect("the sample is there")
}

impl Site {
    async fn start() -> Self {
        let calendar = Shared::default();
        let routes = Router::new()
            .route("/calendar", get(page))
            .route("/list", post(list))
            .route("/places", get(places))
            .route("/forecast", get(forecast))
            .route("/rides/{*rest}", get(website))
            .with_state(calendar.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        let site = Self { url, calendar, server };
        site.lock().page = sample("ride-calendar-page.html");
        site.shows(sample("ride-calendar.html"));
        site
    }

    /// What the first page is from now on.
    pub(crate) fn begins_with(&self, page: impl Into<String>) {
        self.lock().page = page.into();
    }

    /// What the list is from now on.
    pub(crate) fn shows(&self, list: impl Into<String>) {
        self.lock().list = list.into();
    }

    /// A list in which every ride has its website here.
    pub(crate) fn hosting(&self, list: &str) -> String {
        list.replace("https://www.", &format!("{}/rides/", self.url))
    }

    /// What the website of every ride says from now on; nothing takes them away.
    pub(crate) fn says(&self, words: Option<&str>) {
        self.lock().website = words.map(str::to_owned);
    }

    /// What lies at the website of every ride from now on.
    pub(crate) fn hands_out(&self, file: Vec<u8>) {
        self.lock().file = Some(file);
    }

    /// The list comes within JSON from now on.
    pub(crate) fn wraps(&self) {
        self.lock().is_wrapped = true;
    }

    /// What whoever knows the weather does from now on.
    pub(crate) fn weather_is(&self, sky: Sky) {
        self.lock().sky = sky;
    }

    /// The list and the weather take so long from now on.
    pub(crate) fn dawdles(&self, delay: Duration) {
        self.lock().delay = delay;
    }

    /// Whoever knows places refuses questions with these words in them from now on.
    pub(crate) fn refuses(&self, words: &str, status: StatusCode) {
        self.lock().refused = Some((words.to_owned(), status));
    }

    /// Whoever knows places refuses nothing any more.
    pub(crate) fn refuses_nothing(&self) {
        self.lock().refused = None;
    }

    /// What was asked for at a path.
    pub(crate) fn asked(&self, path: &str) -> Vec<String> {
        let all = self.lock();
        all.asked.iter().filter(|it| it.0 == path).map(|it| it.1.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Calendar> {
        lock(&self.calendar)
    }
}

fn lock(calendar: &Shared) -> MutexGuard<'_, Calendar> {
    calendar.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn page(State(calendar): State<Shared>) -> Response {
    let mut calendar = lock(&calendar);
    calendar.asked.push(("/calendar", String::new()));
    html(calendar.page.clone())
}

async fn list(State(calendar): State<Shared>, form: String) -> Response {
    let (list, is_wrapped, delay) = {
        let mut calendar = lock(&calendar);
        calendar.asked.push(("/list", form));
        (calendar.list.clone(), calendar.is_wrapped, calendar.delay)
    };
    tokio::time::sleep(delay).await;
    match is_wrapped {
        true => axum::Json(json!({"html": list, "total": 60})).into_response(),
        false => html(list),
    }
}

/// Knows where every place is, but for one that is to be announced.
async fn places(State(calendar): State<Shared>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default().to_owned();
    let found = match query.contains("announced") {
        true => json!([]),
        false => json!([{"lat": "45.25", "lon": "-121.5", "display_name": "Somewhere"}]),
    };
    let mut calendar = lock(&calendar);
    let refused = calendar.refused.as_ref().filter(|it| query.contains(&it.0)).map(|it| it.1);
    calendar.asked.push(("/places", query));
    if let Some(status) = refused {
        return (status, axum::Json(json!({"error": "not now"}))).into_response();
    }
    axum::Json(found).into_response()
}

/// Knows the weather of one day everywhere.
async fn forecast(State(calendar): State<Shared>, uri: Uri) -> Response {
    let (sky, delay) = {
        let mut calendar = lock(&calendar);
        calendar.asked.push(("/forecast", uri.query().unwrap_or_default().to_owned()));
        (calendar.sky, calendar.delay)
    };
    tokio::time::sleep(delay).await;
    match sky {
        Sky::Told => {}
        Sky::Nonsense => return html("<p>Closed for the season</p>".to_owned()),
        Sky::Away => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    let daily = json!({
        "time": ["2027-02-13"], "weather_code": [61], "temperature_2m_max": [10.0],
        "temperature_2m_min": [-5.0], "precipitation_probability_max": [80],
        "wind_speed_10m_max": [16.09344], "relative_humidity_2m_mean": [72],
    });
    axum::Json(json!({"daily": daily})).into_response()
}

/// The website of a ride.
async fn website(State(calendar): State<Shared>, uri: Uri) -> Response {
    let mut calendar = lock(&calendar);
    calendar.asked.push(("/rides", uri.path().to_owned()));
    if let Some(file) = &calendar.file {
        // As careless sites do: what it is must be seen in it.
        return html_of(file.clone());
    }
    match &calendar.website {
        Some(words) => html(format!(
            "<html><head><title>A ride</title><script>let x = 1;</script></head><body><p>{words}</p></body></html>"
        )),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn html(text: String) -> Response {
    html_of(text.into_bytes())
}

/// These bytes, said to be a page.
fn html_of(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], bytes).into_response()
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Trail {
    /// With a calendar, and nobody who knows where places are.
    pub(crate) async fn open(db: Database) -> Self {
        Self::fitted(db, Outfit::default()).await
    }

    /// With somebody who knows where places are.
    pub(crate) async fn that_looks_up(db: Database) -> Self {
        Self::fitted(db, Outfit { places: true, ..Outfit::default() }).await
    }

    pub(crate) async fn fitted(db: Database, outfit: Outfit) -> Self {
        let site = Site::start().await;
        let store = db.migrated(&ROOMS).await;
        let clock = testkit::clock();
        // As the product is, but for its patience, and for what the test has adapted.
        let copied = copied("trailblaze", |path, text| {
            let adapted = outfit.aerc.clone().filter(|_| path.ends_with("sources/aerc.yaml"));
            adapted.unwrap_or(text).replace("pace: 1s", "pace: 1ms")
        });
        let actor = Actor::house();
        let made = store.write(&actor, clock.now(), |tx| {
            tenant::ensure_default(tx, "Trails", "default").expect("the only tenant");
            Ok::<_, store::Error>(())
        });
        made.await.expect("a tenant");
        let mut environment = BTreeMap::new();
        let mut set = |name: &str, path: &str| {
            environment.insert(name.to_owned(), Secret::new(format!("{}{path}", site.url)));
        };
        set("AERC_CALENDAR_URL", "/calendar");
        set("AERC_LIST_URL", "/list");
        if outfit.places {
            set("GEOCODING_URL", "/places");
        }
        if outfit.weather {
            set("WEATHER_URL", "/forecast");
        }
        let settings = engine::Settings {
            environment,
            allow_private_sources: true,
            ..engine::Settings::default()
        };
        let folder = ground::folder(copied.path());
        let engine = ground::engine(folder, &store, &clock, outfit.models, settings).await;
        let (stop, handlers) = (CancellationToken::new(), engine.handlers());
        let workers = Workers::start(store.clone(), clock.clone(), quick(), handlers, &stop);
        Self { store, clock, engine, site, _workers: workers, _folder: copied }
    }

    /// Has a source read, in no particular way.
    pub(crate) async fn reads(&self, source: &str) -> Json {
        self.runs(SourceRun { source: source.into(), ..SourceRun::default() }).await
    }

    /// Has the calendar read, whatever is kept of it.
    pub(crate) async fn reads_anew(&self) -> Json {
        self.runs(calendar_with(WrittenFlags { refresh: true, ..WrittenFlags::default() })).await
    }

    /// Runs a source and waits for the end: how it went.
    pub(crate) async fn runs(&self, ask: SourceRun) -> Json {
        let source = ask.source.clone();
        let accepted = self.engine.source_run(&Caller::operator(), TenantId::DEFAULT, ask).await;
        let accepted = accepted.expect("the run is taken");
        self.ended(&source, job_of(&accepted)).await
    }

    /// How a run went, once its job is over.
    pub(crate) async fn ended(&self, source: &str, job: JobId) -> Json {
        let began = Instant::now();
        loop {
            let found = self.store.read(move |db| work::get(db, None, job)).await;
            let found = found.expect("the database answers").expect("the job is there");
            if found.state.is_finished() {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "the run does not end: {found:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let run = self.engine.source_run_get(&Caller::operator(), source, job).await;
        run.expect("the run is there")
    }

    /// The living events, by the number that the calendar gives them.
    pub(crate) async fn events(&self) -> BTreeMap<String, Record> {
        let read = |db: &store::Db| {
            let sql = "SELECT id FROM records WHERE collection = 'events' AND deleted_at IS NULL";
            let mut events = BTreeMap::new();
            for row in db.query(sql, &[])? {
                let id: RecordId = row.get("id")?;
                let event = record::get(db, Reach::All, id, None)?;
                events.insert(text(&event, "ride_id"), event);
            }
            Ok::<_, RecordError>(events)
        };
        self.store.read(read).await.expect("the events are there")
    }

    pub(crate) async fn event(&self, ride: &str) -> Record {
        let event = self.events().await.remove(ride);
        event.unwrap_or_else(|| panic!("there is no ride {ride}"))
    }

    /// Somebody changes a record by hand.
    pub(crate) async fn corrects(&self, id: RecordId, patch: Json) {
        let (engine, now) = (self.engine.clone(), self.clock.now());
        let write = move |tx: &store::Tx| {
            let change = Change { id, collection: None, patch, revision: None };
            record::update(tx, engine.folder().kits(), &Act::house(now), &change)
        };
        self.store.write(&Actor::house(), now, write).await.expect("it is corrected");
    }

    /// What the calendar has set aside.
    pub(crate) async fn asides(&self) -> Vec<Json> {
        let (operator, page) = (Caller::operator(), PageRequest::first(100));
        let found = self.engine.source_asides(&operator, TenantId::DEFAULT, "aerc", page).await;
        found.expect("what is aside is shown").items
    }
}

/// A run of the calendar.
pub(crate) fn calendar() -> SourceRun {
    calendar_with(WrittenFlags::default())
}

/// A run of the calendar in a particular way.
pub(crate) fn calendar_with(flags: WrittenFlags) -> SourceRun {
    SourceRun { source: "aerc".into(), flags }
}

/// Counts of a run, in the order of these names.
pub(crate) fn counts<const N: usize>(run: &Json, names: [&str; N]) -> [u64; N] {
    names.map(|it| run["counts"][it].as_u64().unwrap_or_else(|| panic!("no {it} in {run}")))
}

/// The codes of what a run found.
pub(crate) fn codes(run: &Json) -> Vec<&str> {
    let findings = run["findings"].as_array().expect("a list of findings");
    findings.iter().filter_map(|it| it["code"].as_str()).collect()
}
