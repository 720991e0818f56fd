//! The application being served: every room's door, and what the server itself keeps at hand.
//!
//! `wire.rs` of the binary fills in [`Wiring`]; [`App::new`] compiles the routes and refuses a
//! description whose routes or limits cannot work. An `App` is an `Arc`: cloning it is cheap.

use std::{ops::Deref, sync::Arc, time::Duration};

use apps::{
    description::{Description, Routes},
    engine::Engine,
    record::Kits,
};
use base::{Clock, CursorKey, TenantId, Timestamp};
use identity::Identity;
use knowledge::Knowledge;
use models::Models;
use observe::{Health, Machine, Stats, Tail};
use schemars::JsonSchema;
use serde::Deserialize;
use store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    ageing::{Ageing, calls::Calls},
    cache::Answers,
    configuration::{Performance, Security, performance::Room},
    cookie::Cookies,
    limit::{InvalidLimit, Limits},
    llm,
    route::{self, Operations, Route, RouteFault},
    style::Style,
    tenants::Tenants,
};

/// How the server serves.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The address to listen on.
    pub listen: std::net::SocketAddr,
    /// Web pages of these origins may call the API from a browser: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// The largest JSON body.
    pub body_bytes_max: usize,
    /// How long one request may take, in seconds; streams are exempt.
    pub time_limit_s: u64,
    /// How long open requests are waited for when the server stops, in seconds.
    pub drain_s: u64,
    /// How many proxies stand in front and add themselves to `X-Forwarded-For`. 0 believes nobody.
    pub trusted_proxies: usize,
    /// Whether the limits that the application declares are kept.
    pub limits: bool,
    /// Room for answers that are kept (`cache:` of a route), in bytes; 0 keeps none.
    pub cache_bytes_max: u64,
    /// Whether `/__debug/…` answers (to those who may see internals).
    pub debug: bool,
    /// What browsers are told to be careful with, and how long texts may be: `config/security.yaml`.
    #[serde(skip)]
    pub security: Security,
    /// How much is done at the same time: `config/performance.yaml`.
    #[serde(skip)]
    pub performance: Performance,
    /// The version told by `/health` and `/openapi.json`.
    #[serde(skip, default = "version")]
    pub version: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            allowed_origins: Vec::new(),
            body_bytes_max: 1024 * 1024,
            time_limit_s: 30,
            drain_s: 30,
            trusted_proxies: 0,
            limits: true,
            cache_bytes_max: 64 * 1024 * 1024,
            debug: false,
            security: Security::default(),
            performance: Performance::default(),
            version: version(),
        }
    }
}

fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// What an [`App`] is made of.
pub struct Wiring {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Who is calling.
    pub identity: Identity,
    /// The door to models.
    pub models: Models,
    /// Where documents are.
    pub knowledge: Knowledge,
    /// The application's engine.
    pub engine: Engine,
    /// What is healthy.
    pub health: Health,
    /// What is counted.
    pub stats: Stats,
    /// The key that signs cursors.
    pub cursor_key: CursorKey,
    /// How to serve.
    pub settings: Settings,
    /// The metrics of the process and its machine.
    pub machine: Machine,
    /// The last log lines.
    pub logs: Tail,
}

/// The application being served.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] leads to.
pub struct Parts {
    /// What it was made of.
    wiring: Wiring,
    /// When it began to serve.
    pub started_at: Timestamp,
    /// How much callers may use.
    pub limits: Limits,
    /// All operations.
    pub operations: Operations,
    /// Mainstay's own routes, then the application's, version by version.
    pub routes: Vec<Arc<Route>>,
    /// The versions of the application's own paths, the main one first: prefix and style.
    sides: Vec<(String, Arc<Style>)>,
    /// The style of all others.
    pub plain_style: Arc<Style>,
    /// The styles under `/llm`.
    pub llm_styles: llm::Styles,
    /// Room for requests that wait for the beginning of their answer.
    pub(crate) room: Room,
    /// Room in memory for requests to models that are being answered.
    pub llm_room: llm::Room,
    /// Which tenants there are.
    pub tenants: Tenants,
    /// Answers that are kept.
    pub answers: Answers,
    /// The cookies of sessions, where the application declares them.
    pub(crate) cookies: Option<Cookies>,
    /// Who still calls what will go.
    pub deprecated: Calls,
    /// Streams end when this is cancelled.
    pub stopping: CancellationToken,
    /// Changes under way, which are brought to their end, and what is told of answers that went out.
    pub changes: TaskTracker,
    /// The largest file that any collection takes.
    largest_import: usize,
    /// `/openapi.json`, written once.
    pub openapi: std::sync::OnceLock<bytes::Bytes>,
}

/// Why an application cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Its routes cannot work.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Routes(Vec<RouteFault>),
    /// Its limits cannot be kept.
    #[error(transparent)]
    Limits(#[from] InvalidLimit),
}

impl App {
    /// Compiles the routes and limits of the application.
    ///
    /// # Errors
    /// Everything in its description that cannot be served.
    pub fn new(wiring: Wiring) -> Result<Self, AppError> {
        let operations = route::operations();
        let plain_style = Arc::new(Style::plain());
        let llm_styles = llm::Styles::default();
        let llm_room = llm::Room::new(wiring.models.request_bytes_max());
        let mut routes: Vec<_> = route::fixed(&operations, &llm_styles);
        let engine = wiring.engine.clone();
        let description = engine.folder().description();
        let mut sides: Vec<(String, Arc<Style>)> = Vec::new();
        for side in description.routes.iter().flat_map(Routes::sides) {
            let style =
                if sides.is_empty() { Style::declared(&side) } else { Style::of_version(&side) };
            let style = Arc::new(style);
            for mut route in
                route::declared(&side, &operations, &style).map_err(AppError::Routes)?
            {
                // One at a path of Mainstay's own stands in for it: it only adds to it.
                let (method, path) = (&route.method, route::blank(&route.path));
                routes.retain(|it| {
                    it.is_declared || it.method != *method || route::blank(&it.path) != path
                });
                if let Some(keeping) = &mut route.keeping {
                    keeping.follow(engine.folder().kits());
                }
                routes.push(route);
            }
            sides.push((side.prefix, style));
        }
        // Two versions may not answer at one path.
        let faults = route::collisions(routes.iter().filter(|it| it.is_declared));
        if !faults.is_empty() {
            return Err(AppError::Routes(faults));
        }
        let limits = if wiring.settings.limits {
            Limits::declared(&description.limits, &wiring.clock)?
        } else {
            Limits::none()
        };
        let csrf_ttl = wiring.settings.security.csrf.ttl;
        let declared = wiring.identity.settings().cookie;
        let cookies = declared.map(|it| Cookies::of(&description.app, it, csrf_ttl, routes.iter()));
        let tenants = Tenants::default();
        let answers = Answers::new(wiring.settings.cache_bytes_max);
        Ok(Self(Arc::new(Parts {
            started_at: wiring.clock.now(),
            limits,
            operations,
            routes: routes.into_iter().map(Arc::new).collect(),
            sides,
            plain_style,
            llm_styles,
            room: Room::of(&wiring.settings.performance),
            llm_room,
            tenants,
            answers,
            cookies,
            deprecated: Calls::default(),
            stopping: CancellationToken::new(),
            changes: TaskTracker::new(),
            largest_import: largest_import(description),
            openapi: std::sync::OnceLock::new(),
            wiring,
        })))
    }

    /// What the application's folder says.
    pub fn description(&self) -> &Description {
        self.engine.folder().description()
    }

    /// The application's collections, ready for use.
    pub fn kits(&self) -> &Kits {
        self.engine.folder().kits()
    }

    /// The one tenant of an application that has only one.
    pub fn only_tenant(&self) -> Option<TenantId> {
        self.description().tenants.is_none().then_some(TenantId::DEFAULT)
    }

    /// The prefix of the main version of the application's own paths.
    pub fn prefix(&self) -> &str {
        self.description().routes.as_ref().map_or("", |it| &it.prefix)
    }

    /// The style of a path.
    pub fn style_of(&self, path: &str) -> &Arc<Style> {
        if let Some(style) = self.llm_styles.of_path(path) {
            return style;
        }
        crate::style::of_path(path, &self.sides, &self.plain_style)
    }

    /// Does a path begin as the application's own do, in any version?
    pub fn is_declared(&self, path: &str) -> bool {
        self.sides.iter().any(|it| !it.0.is_empty() && path.starts_with(&it.0))
    }

    /// The routes that will go.
    pub fn ageing(&self) -> impl Iterator<Item = (&Route, &Ageing)> {
        self.routes.iter().filter_map(|it| Some((&**it, &**it.ageing.as_ref()?)))
    }

    /// The largest file that any collection takes, in bytes.
    pub fn largest_import(&self) -> usize {
        self.largest_import
    }

    /// The largest document that is taken, in bytes.
    pub fn largest_document(&self) -> usize {
        usize::try_from(self.knowledge.settings().uploads.bytes_max).unwrap_or(usize::MAX)
    }

    /// How long one request may take.
    pub fn time_limit(&self) -> Duration {
        Duration::from_secs(self.settings.time_limit_s.max(1))
    }

    /// The duty of every few seconds: writes down who called what will go, and shows how many answers
    /// are kept. Call it once more before the end.
    ///
    /// # Errors
    /// When the database does not take it; nothing is lost then.
    pub async fn tend(&self) -> Result<(), store::Error> {
        self.answers.show();
        self.deprecated.flush(&self.store).await
    }

    /// The recurring duty of the server: forgets kept answers and idle callers. Call it every hour
    /// or so.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, store::Error> {
        self.limits.forget_idle();
        let calls = crate::ageing::calls::sweep(&self.store, now).await?;
        Ok(calls + crate::idempotency::sweep(&self.store, now).await?)
    }
}

fn largest_import(description: &Description) -> usize {
    let sizes = description.collections.values().filter_map(|it| it.import.as_ref());
    let largest = sizes.map(|it| it.max_bytes).max().unwrap_or(0);
    usize::try_from(largest).unwrap_or(usize::MAX)
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Deref for Parts {
    type Target = Wiring;

    fn deref(&self) -> &Wiring {
        &self.wiring
    }
}
