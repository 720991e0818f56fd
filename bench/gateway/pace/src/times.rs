//! Many durations, and what is to be said of them.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// Durations, in the order they were taken.
#[derive(Default)]
pub struct Times(Vec<u64>);

/// Steps of the histogram to a power of ten: each is ten percent wide.
const STEPS: f64 = 24.0;

impl Times {
    pub fn add(&mut self, nanos: u64) {
        self.0.push(nanos);
    }

    pub fn take(&mut self, duration: Duration) {
        self.add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Their count, mean, percentiles and histogram (from a bound on, how many), in microseconds.
    pub fn json(mut self) -> String {
        self.0.sort_unstable();
        let all = &self.0;
        let micros = |nanos: u64| nanos as f64 / 1e3;
        let at = |share: f64| {
            let last = all.len().saturating_sub(1);
            micros(all.get(((all.len() as f64 * share) as usize).min(last)).copied().unwrap_or(0))
        };
        let mean = micros(all.iter().sum::<u64>()) / all.len().max(1) as f64;
        let mut json = format!(
            r#"{{"count":{},"mean":{mean:.1},"p50":{:.1},"p90":{:.1},"p99":{:.1},"p999":{:.1},"max":{:.1},"from":["#,
            all.len(),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            at(1.0),
        );
        let mut steps: BTreeMap<i32, u64> = BTreeMap::new();
        for nanos in all {
            *steps.entry((micros((*nanos).max(1)).log10() * STEPS).floor() as i32).or_default() +=
                1;
        }
        for (at, (step, count)) in steps.into_iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            // Writing into a text cannot fail.
            let _ = write!(json, "{comma}[{:.1},{count}]", 10f64.powf(f64::from(step) / STEPS));
        }
        json.push_str("]}");
        json
    }
}
