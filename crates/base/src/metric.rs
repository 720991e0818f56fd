//! Numbers that a room counts, and that `observe` publishes.
//!
//! A room declares a metric as a `static` and moves it; nothing has to be passed around. A metric
//! keeps at most [`SERIES_MAX`] combinations of label values: what comes after that is counted
//! under the label value `other`, so that a caller can never make the server remember without end.
//!
//! The text form is the Prometheus exposition format 0.0.4.

use std::{
    fmt::Write,
    sync::{
        Arc, Mutex, OnceLock, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use hashbrown::{Equivalent, HashMap};

/// The most series of one metric.
pub const SERIES_MAX: usize = 500;

/// The label value that takes what is over [`SERIES_MAX`].
pub const OTHER: &str = "other";

/// Upper bounds in seconds that suit requests, queries and model calls alike.
pub const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    120.0,
];

/// One measured series, for those who read metrics inside the process.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name with its suffix: `http_request_duration_seconds_bucket`.
    pub name: String,
    /// Labels and their values.
    pub labels: Vec<(String, String)>,
    /// The value now.
    pub value: f64,
}

/// A number that only grows.
pub struct Counter(Family<AtomicU64>);

/// A number that only grows and that someone else counts, such as the kernel: read, not moved.
pub struct Meter(Family<AtomicU64>);

/// A number that goes up and down.
pub struct Gauge(Family<AtomicU64>);

/// How a measured quantity is spread.
pub struct Histogram {
    family: Family<Buckets>,
    bounds: &'static [f64],
}

struct Buckets {
    counts: Vec<AtomicU64>,
    sum: AtomicU64,
}

impl Counter {
    /// Declares a counter. Its name ends in `_total`.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        Self(Family::new(name, help, labels))
    }

    /// Counts one.
    pub fn increment(&'static self, labels: &[&str]) {
        self.add(1, labels);
    }

    /// Counts `by`.
    pub fn add(&'static self, by: u64, labels: &[&str]) {
        register(self);
        self.0.series(labels, AtomicU64::default).fetch_add(by, Ordering::Relaxed);
    }

    /// The count of one series.
    pub fn value(&'static self, labels: &[&str]) -> u64 {
        register(self);
        self.0.series(labels, AtomicU64::default).load(Ordering::Relaxed)
    }
}

impl Meter {
    /// Declares a meter. Its name ends in `_total`.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        Self(Family::new(name, help, labels))
    }

    /// Says what the meter reads now.
    pub fn read(&'static self, value: f64, labels: &[&str]) {
        register(self);
        self.0.series(labels, AtomicU64::default).store(value.to_bits(), Ordering::Relaxed);
    }
}

impl Gauge {
    /// Declares a gauge.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        Self(Family::new(name, help, labels))
    }

    /// Says what the number is now.
    pub fn set(&'static self, value: f64, labels: &[&str]) {
        register(self);
        self.0.series(labels, AtomicU64::default).store(value.to_bits(), Ordering::Relaxed);
    }

    /// Moves the number by `by`, which may be negative.
    pub fn add(&'static self, by: f64, labels: &[&str]) {
        register(self);
        add_float(&self.0.series(labels, AtomicU64::default), by);
    }
}

impl Histogram {
    /// Declares a histogram over `bounds`, ascending, `+Inf` left out.
    pub const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        bounds: &'static [f64],
    ) -> Self {
        Self { family: Family::new(name, help, labels), bounds }
    }

    /// Takes one measurement in.
    pub fn observe(&'static self, value: f64, labels: &[&str]) {
        register(self);
        let series = self.family.series(labels, || Buckets {
            counts: (0..=self.bounds.len()).map(|_| AtomicU64::default()).collect(),
            sum: AtomicU64::new(0f64.to_bits()),
        });
        let at = self.bounds.iter().position(|it| value <= *it).unwrap_or(self.bounds.len());
        series.counts[at].fetch_add(1, Ordering::Relaxed);
        add_float(&series.sum, value);
    }
}

fn add_float(cell: &AtomicU64, by: f64) {
    let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
        Some((f64::from_bits(bits) + by).to_bits())
    });
}

/// All metrics that have been moved at least once, as text.
pub fn exposition() -> String {
    let mut out = String::with_capacity(16 * 1024);
    for metric in registered() {
        let (name, help, kind) = metric.head();
        let _ = writeln!(out, "# HELP {name} {}\n# TYPE {name} {kind}", help.replace('\n', " "));
        for sample in metric.samples() {
            out.push_str(&sample.name);
            for (at, (label, value)) in sample.labels.iter().enumerate() {
                let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
                let _ = write!(out, "{}{label}=\"{value}\"", if at == 0 { '{' } else { ',' });
            }
            out.push_str(if sample.labels.is_empty() { " " } else { "} " });
            let _ = writeln!(out, "{}", number(sample.value));
        }
    }
    out
}

/// All series now, in the order of their names.
pub fn samples() -> Vec<Sample> {
    registered().iter().flat_map(|it| it.samples()).collect()
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        if value > 0.0 { "+Inf".into() } else { "-Inf".into() }
    } else {
        value.to_string()
    }
}

struct Family<T> {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    series: OnceLock<RwLock<HashMap<Vec<String>, Arc<T>>>>,
}

/// Label values as they are given. A series is found by them without copying them first: each
/// request moves a dozen metrics.
#[derive(Hash)]
struct Given<'a>(&'a [&'a str]);

impl Equivalent<Vec<String>> for Given<'_> {
    fn equivalent(&self, key: &Vec<String>) -> bool {
        self.0 == key
    }
}

impl<T> Family<T> {
    const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { name, help, labels, series: OnceLock::new() }
    }

    fn series(&self, values: &[&str], make: impl FnOnce() -> T) -> Arc<T> {
        assert_eq!(values.len(), self.labels.len(), "label values of {}", self.name);
        let all = self.series.get_or_init(RwLock::default);
        let given = Given(values);
        if let Some(found) =
            all.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&given)
        {
            return found.clone();
        }
        let key: Vec<String> = values.iter().map(|it| (*it).to_owned()).collect();
        let mut all = all.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = if all.len() < SERIES_MAX || all.contains_key(&key) {
            key
        } else {
            vec![OTHER.to_owned(); key.len()]
        };
        all.entry(key).or_insert_with(|| Arc::new(make())).clone()
    }

    fn each<R>(&self, mut shape: impl FnMut(Vec<(String, String)>, &T) -> R) -> Vec<R> {
        let Some(all) = self.series.get() else { return Vec::new() };
        let all = all.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut keys: Vec<_> = all.iter().collect();
        keys.sort_by(|a, b| a.0.cmp(b.0));
        keys.into_iter()
            .map(|(values, series)| {
                let names = self.labels.iter().map(|it| (*it).to_owned());
                shape(names.zip(values.iter().cloned()).collect(), series)
            })
            .collect()
    }
}

trait Metric: Sync {
    fn head(&self) -> (&'static str, &'static str, &'static str);
    fn samples(&self) -> Vec<Sample>;
}

impl Metric for Counter {
    fn head(&self) -> (&'static str, &'static str, &'static str) {
        (self.0.name, self.0.help, "counter")
    }

    fn samples(&self) -> Vec<Sample> {
        self.0.each(|labels, it| Sample {
            name: self.0.name.into(),
            labels,
            value: it.load(Ordering::Relaxed) as f64,
        })
    }
}

impl Metric for Meter {
    fn head(&self) -> (&'static str, &'static str, &'static str) {
        (self.0.name, self.0.help, "counter")
    }

    fn samples(&self) -> Vec<Sample> {
        self.0.each(|labels, it| Sample {
            name: self.0.name.into(),
            labels,
            value: f64::from_bits(it.load(Ordering::Relaxed)),
        })
    }
}

impl Metric for Gauge {
    fn head(&self) -> (&'static str, &'static str, &'static str) {
        (self.0.name, self.0.help, "gauge")
    }

    fn samples(&self) -> Vec<Sample> {
        self.0.each(|labels, it| Sample {
            name: self.0.name.into(),
            labels,
            value: f64::from_bits(it.load(Ordering::Relaxed)),
        })
    }
}

impl Metric for Histogram {
    fn head(&self) -> (&'static str, &'static str, &'static str) {
        (self.family.name, self.family.help, "histogram")
    }

    fn samples(&self) -> Vec<Sample> {
        let name = self.family.name;
        let series = self.family.each(|labels, it| {
            let mut out = Vec::with_capacity(it.counts.len() + 2);
            let mut total = 0;
            let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
            for (bound, count) in bounds.zip(&it.counts) {
                total += count.load(Ordering::Relaxed);
                let mut labels = labels.clone();
                labels.push(("le".into(), number(bound)));
                out.push(Sample { name: format!("{name}_bucket"), labels, value: total as f64 });
            }
            let sum = f64::from_bits(it.sum.load(Ordering::Relaxed));
            out.push(Sample { name: format!("{name}_sum"), labels: labels.clone(), value: sum });
            out.push(Sample { name: format!("{name}_count"), labels, value: total as f64 });
            out
        });
        series.into_iter().flatten().collect()
    }
}

static REGISTERED: Mutex<Vec<&'static dyn Metric>> = Mutex::new(Vec::new());

fn register(metric: &'static (impl Metric + Registrable)) {
    // The family's own cell tells whether this is its first use; the list is only locked then.
    if metric.is_fresh() {
        let mut all = REGISTERED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let name = metric.head().0;
        if !all.iter().any(|it| it.head().0 == name) {
            all.push(metric);
        }
    }
}

fn registered() -> Vec<&'static dyn Metric> {
    let mut all = REGISTERED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    all.sort_by_key(|it| it.head().0);
    all
}

trait Registrable {
    fn is_fresh(&self) -> bool;
}

impl Registrable for Counter {
    fn is_fresh(&self) -> bool {
        self.0.series.get().is_none()
    }
}

impl Registrable for Meter {
    fn is_fresh(&self) -> bool {
        self.0.series.get().is_none()
    }
}

impl Registrable for Gauge {
    fn is_fresh(&self) -> bool {
        self.0.series.get().is_none()
    }
}

impl Registrable for Histogram {
    fn is_fresh(&self) -> bool {
        self.family.series.get().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_published_with_its_labels() {
        static MEALS: Counter = Counter::new("meals_total", "Meals eaten.", &["kind"]);
        MEALS.increment(&["lunch \"late\""]);
        MEALS.add(2, &["dinner"]);
        let text = exposition();
        assert!(
            text.contains("# TYPE meals_total counter\nmeals_total{kind=\"dinner\"} 2\n"),
            "{text}"
        );
        assert!(text.contains("meals_total{kind=\"lunch \\\"late\\\"\"} 1\n"), "{text}");
    }

    #[test]
    fn a_histogram_counts_upwards_to_infinity() {
        static WAITS: Histogram = Histogram::new("waits_seconds", "Waits.", &[], &[0.1, 1.0]);
        for wait in [0.05, 0.5, 9.0] {
            WAITS.observe(wait, &[]);
        }
        let text = exposition();
        assert!(text.contains("waits_seconds_bucket{le=\"0.1\"} 1\nwaits_seconds_bucket{le=\"1\"} 2\nwaits_seconds_bucket{le=\"+Inf\"} 3\n"), "{text}");
        assert!(text.contains("waits_seconds_count 3\n"), "{text}");
    }

    #[test]
    fn series_over_the_cap_are_counted_as_other() {
        static VISITS: Counter = Counter::new("visits_total", "Visits.", &["path"]);
        for path in 0..SERIES_MAX + 50 {
            VISITS.increment(&[&path.to_string()]);
        }
        assert_eq!(VISITS.value(&[OTHER]), 50);
    }
}
