//! Whether the process lives, is ready, and what of it is well.
//!
//! Checks are registered by whoever wires the rooms; they run at once, each with a deadline, and
//! their findings are kept for a second, so that probes cannot be used to load the database.
//!
//! Start at [`Health::report`].

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use base::{Clock, Timestamp, metric::Gauge};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;
use tracing::warn;

use crate::round::{self, Answering};

static CHECKS: Gauge = Gauge::new(
    "health_check_up",
    "1 when a health check last found its thing healthy, else 0.",
    &["check"],
);

/// How long findings are kept when nobody says.
const KEPT: SignedDuration = SignedDuration::from_secs(1);

/// The state of health. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    version: String,
    clock: Clock,
    started_at: Timestamp,
    readiness: AtomicU8,
    checks: Mutex<Vec<Arc<Check>>>,
    /// How long findings are kept.
    kept: SignedDuration,
    /// Held while checks run: whoever comes meanwhile waits for the same findings.
    last: tokio::sync::Mutex<Option<Report>>,
}

/// One thing to look at.
pub struct Check {
    name: String,
    critical: bool,
    deadline: Duration,
    look: Box<dyn Fn() -> Answering<Found> + Send + Sync>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// All is well.
    Healthy,
    /// All is well, and this is worth saying.
    HealthyWith(String),
    /// It works, worse than it should.
    Degraded(String),
    /// It does not work.
    Unhealthy(String),
}

/// What all checks found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The worst of it: a check that is not critical only degrades.
    pub status: Status,
    /// When the checks ran.
    pub timestamp: Timestamp,
    /// The version that runs.
    pub version: String,
    /// Each check by its name.
    pub checks: BTreeMap<String, CheckReport>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// How it is.
    pub status: Status,
    /// How long the check took; a detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What is worth saying; a detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Without it nothing works.
    #[serde(skip)]
    pub critical: bool,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Well.
    Healthy,
    /// It works, worse than it should.
    Degraded,
    /// It does not work.
    Unhealthy,
}

/// Whether requests should be sent here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// Not yet.
    Starting,
    /// Yes.
    Ready,
    /// No more: what is under way is being finished.
    Draining,
}

/// A process that can say this is alive.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Liveness {
    /// Always `alive`.
    pub status: &'static str,
    /// How long it has been.
    pub uptime_seconds: i64,
}

impl Health {
    /// Nothing is checked yet, and the process is starting.
    pub fn new(version: impl Into<String>, clock: Clock) -> Self {
        Self::keeping(version, clock, KEPT)
    }

    /// The same; what checks found is told again for so long.
    pub fn keeping(version: impl Into<String>, clock: Clock, kept: SignedDuration) -> Self {
        Self(Arc::new(Inner {
            kept,
            version: version.into(),
            started_at: clock.now(),
            clock,
            readiness: AtomicU8::new(Readiness::Starting as u8),
            checks: Mutex::default(),
            last: tokio::sync::Mutex::default(),
        }))
    }

    /// Adds a check. One with the same name is replaced.
    pub fn register(&self, check: Check) {
        let mut checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.retain(|it| it.name != check.name);
        checks.push(Arc::new(check));
    }

    /// What the checks find, at most as old as findings are kept.
    pub async fn report(&self) -> Report {
        let mut last = self.0.last.lock().await;
        let now = self.0.clock.now();
        if let Some(report) = last.as_ref() {
            let age = now.duration_since(report.timestamp);
            if SignedDuration::ZERO <= age && age < self.0.kept {
                return report.clone();
            }
        }
        let report = self.look(now).await;
        if let Some(before) = last.as_ref().filter(|it| it.status != report.status) {
            warn!(
                status_before = ?before.status,
                status_now = ?report.status,
                "Health changed from {:?} to {:?}", before.status, report.status,
            );
        }
        *last = Some(report.clone());
        report
    }

    async fn look(&self, now: Timestamp) -> Report {
        let checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let questions = checks.iter().map(|it| (it.deadline, (it.look)())).collect();
        let answers = round::ask(questions).await;
        let mut found = BTreeMap::new();
        for (check, (answer, took)) in checks.iter().zip(answers) {
            let (status, message) = match answer {
                Ok(Found::Healthy) => (Status::Healthy, None),
                Ok(Found::HealthyWith(message)) => (Status::Healthy, Some(message)),
                Ok(Found::Degraded(message)) => (Status::Degraded, Some(message)),
                Ok(Found::Unhealthy(message)) => (Status::Unhealthy, Some(message)),
                Err(why) => (Status::Unhealthy, Some(why.to_string())),
            };
            CHECKS.set(if status == Status::Healthy { 1.0 } else { 0.0 }, &[&check.name]);
            let report = CheckReport {
                status,
                latency_ms: Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
                message: message.map(|it| base::redact::text(&it).into_owned()),
                critical: check.critical,
            };
            found.insert(check.name.clone(), report);
        }
        Report {
            status: worst(&found),
            timestamp: now,
            version: self.0.version.clone(),
            checks: found,
        }
    }

    /// Whether requests should be sent here.
    pub fn readiness(&self) -> Readiness {
        match self.0.readiness.load(Ordering::SeqCst) {
            it if it == Readiness::Ready as u8 => Readiness::Ready,
            it if it == Readiness::Draining as u8 => Readiness::Draining,
            _ => Readiness::Starting,
        }
    }

    /// Says whether requests should be sent here.
    pub fn set_readiness(&self, readiness: Readiness) {
        self.0.readiness.store(readiness as u8, Ordering::SeqCst);
    }

    /// The process lives: it could say so.
    pub fn liveness(&self) -> Liveness {
        let uptime = self.0.clock.now().duration_since(self.0.started_at);
        Liveness { status: "alive", uptime_seconds: uptime.as_secs() }
    }
}

impl Check {
    /// A check named `name` that calls `look` and waits for it at most `deadline`. When a `critical`
    /// one fails, the whole is unhealthy; when another fails, it is degraded.
    pub fn new<F, A>(name: impl Into<String>, critical: bool, deadline: Duration, look: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Found> + Send + 'static,
    {
        Self { name: name.into(), critical, deadline, look: Box::new(move || Box::pin(look())) }
    }
}

impl Report {
    /// The same report with only these checks in it, and their status.
    pub fn only(mut self, names: &[&str]) -> Self {
        self.checks.retain(|name, _| names.contains(&name.as_str()));
        self.status = worst(&self.checks);
        self
    }

    /// The same report without its details: how each check is, in one word. They name places, models and files,
    /// which is nothing for strangers.
    #[must_use]
    pub fn without_details(mut self) -> Self {
        for check in self.checks.values_mut() {
            check.latency_ms = None;
            check.message = None;
        }
        self
    }

    /// Does everything that must work?
    pub fn is_up(&self) -> bool {
        self.status != Status::Unhealthy
    }
}

fn worst(checks: &BTreeMap<String, CheckReport>) -> Status {
    let weighed = checks.values().map(|it| match it.status {
        Status::Unhealthy if !it.critical => Status::Degraded,
        status => status,
    });
    weighed.max().unwrap_or(Status::Healthy)
}
