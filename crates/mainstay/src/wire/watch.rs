//! What the house says about itself: what is checked for `/health`, what is counted for the overview.

use std::{sync::Arc, time::Duration};

use base::Timestamp;
use identity::key_ring;
use observe::{
    Check, Found, Health, Machine, Monitoring, Stats, health::Status, machine::DiskSpace,
};
use serde_json::{Value as Json, json};

use super::{House, document};

/// How long the overview waits for what is checked.
const LOOKED_FOR: Duration = Duration::from_millis(1_500);

impl House {
    /// What is checked for `/health`.
    pub(crate) fn health(&self, version: &str) -> anyhow::Result<Health> {
        let settings: Monitoring = document(&self.folder, "monitoring")?.unwrap_or_default();
        let health = Health::keeping(version, self.site.clock.clone(), settings.findings_kept);
        let store = self.store.clone();
        let within = Duration::try_from(settings.database_within).unwrap_or_default();
        health.register(Check::new("database", true, within, move || {
            let store = store.clone();
            async move {
                match store.ping().await {
                    Ok(()) => Found::Healthy,
                    Err(error) => Found::Unhealthy(error.to_string()),
                }
            }
        }));
        let store = self.store.clone();
        health.register(Check::new("blobs", false, Duration::from_secs(5), move || {
            let store = store.clone();
            async move {
                match store::blob::look(&store).await {
                    Ok(place) => Found::HealthyWith(format!("files are put into: {place}")),
                    Err(error) => Found::Degraded(error.to_string()),
                }
            }
        }));
        let (store, identity) = (self.store.clone(), self.identity.clone());
        health.register(Check::new("sign_in", false, Duration::from_secs(2), move || {
            let (store, identity) = (store.clone(), identity.clone());
            async move {
                match store.read(key_ring::signing_since).await {
                    Ok(Some(_)) if !identity.held_back().is_empty() => {
                        let held_back = identity.held_back().iter().map(ToString::to_string);
                        Found::Degraded(held_back.collect::<Vec<_>>().join("; "))
                    }
                    Ok(Some(since)) => {
                        Found::HealthyWith(format!("tokens are signed by a key of {since}"))
                    }
                    Ok(None) => {
                        Found::Degraded("no key signs tokens, so nobody can sign in".into())
                    }
                    Err(error) => Found::Degraded(error.to_string()),
                }
            }
        }));
        let models = self.models.clone();
        health.register(Check::new("llm", false, Duration::from_secs(1), move || {
            let health = models.health();
            async move {
                match &health {
                    models::Health::NotConfigured => {
                        Found::HealthyWith("no model is configured; rules answer".into())
                    }
                    _ if health.is_good() => Found::HealthyWith(health.summary()),
                    _ => Found::Degraded(health.summary()),
                }
            }
        }));
        let knowledge = self.knowledge.clone();
        health.register(Check::new("vector_index", false, Duration::from_secs(5), move || {
            let knowledge = knowledge.clone();
            async move {
                let found = knowledge.vectors().health().await;
                if !found.degraded.is_empty() {
                    return Found::Degraded(found.degraded.join("; "));
                }
                let told = match (&found.model, &found.building) {
                    (Some(model), None) => format!("{}; vectors of {model}", found.engine),
                    (Some(model), Some(next)) => format!(
                        "{}; vectors of {model}, those of {next} are being made beside them",
                        found.engine
                    ),
                    (None, _) => format!("{}; nothing has vectors yet", found.engine),
                };
                Found::HealthyWith(told)
            }
        }));
        if let Some(most) = settings.disk_used_max {
            let machine = Arc::new(Machine::new(&self.site.data, version));
            health.register(Check::new("disk", false, Duration::from_secs(2), move || {
                let used = machine.disk_space().map(share_used);
                async move { disk(used, most) }
            }));
        }
        Ok(health)
    }

    /// What is counted for `/api/v1/stats`.
    pub(crate) fn stats(&self, version: &str, health: &Health) -> Stats {
        let stats = Stats::new(version, self.site.clock.clone());
        let health = health.clone();
        stats.register("health", move || {
            let health = health.clone();
            async move { Ok(in_short(&health).await) }
        });
        let store = self.store.clone();
        stats.register("queue", move || {
            let store = store.clone();
            async move {
                let counts = store.read(work::counts).await;
                let counts = counts.map_err(|it: store::Error| it.to_string())?;
                Ok(json!({
                    "pending": counts.pending, "running": counts.running,
                    "completed": counts.completed, "failed": counts.failed,
                    "cancelled": counts.cancelled, "dead": counts.dead,
                }))
            }
        });
        let (store, folder) = (self.store.clone(), self.folder.clone());
        stats.register("counts", move || {
            let (store, folder) = (store.clone(), folder.clone());
            async move {
                let counts =
                    store.read(move |db| apps::tenant::counts(db, folder.kits(), None)).await;
                let counts = counts.map_err(|it: store::Error| it.to_string())?;
                Ok(counts.into_iter().map(|it| (it.collection, Json::from(it.count))).collect())
            }
        });
        let (store, clock) = (self.store.clone(), self.site.clock.clone());
        stats.register("models", move || {
            let (store, now) = (store.clone(), clock.now());
            async move {
                let (day, month) = beginnings(now);
                let sums = store.read(move |db| {
                    let group = models::usage::GroupBy::Model;
                    let today = models::usage::summary(db, None, day, now, group)?.total;
                    let this_month = models::usage::summary(db, None, month, now, group)?.total;
                    Ok::<_, store::Error>((today, this_month))
                });
                let (today, this_month) = sums.await.map_err(|it| it.to_string())?;
                Ok(json!({
                    "spent_today_usd": today.total_cost.dollars(),
                    "spent_month_usd": this_month.total_cost.dollars(),
                    "unknown_cost_count": this_month.unknown_cost_count,
                    "tokens_today": today.total_tokens,
                }))
            }
        });
        let knowledge = self.knowledge.clone();
        stats.register("documents", move || {
            let knowledge = knowledge.clone();
            async move {
                let totals = knowledge.totals(None).await.map_err(|it| it.to_string())?;
                Ok(json!({
                    "documents": totals.documents, "ready": totals.ready, "failed": totals.failed,
                    "size_bytes": totals.size_bytes, "chunks": totals.chunks,
                }))
            }
        });
        let (engine, clock) = (self.engine.clone(), self.site.clock.clone());
        stats.register("assistants", move || {
            let (engine, now) = (engine.clone(), clock.now());
            async move { engine.assistant_stats(now).await.map_err(|it| it.to_string()) }
        });
        let models = self.models.clone();
        stats.register("cache", move || {
            let cache = models.overview().cache;
            let asked = cache.hits + cache.misses;
            async move {
                Ok(json!({
                    "hits": cache.hits, "misses": cache.misses, "entries": cache.entries,
                    "hit_rate": if asked == 0 { 0.0 } else { cache.hits as f64 / asked as f64 },
                }))
            }
        });
        stats.register("sockets", || async {
            let seen = base::metric::samples();
            let of = |name: &str| -> f64 {
                seen.iter().filter(|it| it.name == name).map(|it| it.value).sum()
            };
            Ok(json!({
                "open": of("websocket_connections_open") as u64,
                "total": of("websocket_connections_total") as u64,
            }))
        });
        stats.register("requests", || async {
            let answered = base::metric::samples();
            let requests = answered.iter().filter(|it| it.name == "http_requests_total");
            let failed = |it: &&base::metric::Sample| {
                it.labels
                    .iter()
                    .any(|(name, value)| name == "status_code" && value.starts_with('5'))
            };
            let total: f64 = requests.clone().map(|it| it.value).sum();
            let errors: f64 = requests.filter(failed).map(|it| it.value).sum();
            Ok(json!({"total": total as u64, "errors": errors as u64}))
        });
        stats
    }
}

/// How much of a disk is used, from 0 to 1.
fn share_used(space: DiskSpace) -> f64 {
    if space.size_bytes == 0 {
        return 0.0;
    }
    1.0 - space.free_bytes as f64 / space.size_bytes as f64
}

/// How the disk of the data is.
fn disk(used: Option<f64>, most: f64) -> Found {
    match used {
        None => Found::HealthyWith("the system does not tell how full it is".into()),
        Some(used) if used > most => Found::Degraded(format!(
            "{:.0} % are used, more than {:.0} %",
            used * 100.0,
            most * 100.0
        )),
        Some(used) => Found::HealthyWith(format!("{:.0} % are used", used * 100.0)),
    }
}

/// How the house is, in short. Checks that take long are not waited for: then that is what is told.
async fn in_short(health: &Health) -> Json {
    let uptime_hours = health.liveness().uptime_seconds as f64 / 3600.0;
    let uptime_hours = (uptime_hours * 100.0).round() / 100.0;
    let Ok(report) = tokio::time::timeout(LOOKED_FOR, health.report()).await else {
        let message = "Not everything answers; /health says what.";
        return json!({
            "status": Status::Degraded, "message": message, "vector_engine_available": null,
            "uptime_hours": uptime_hours,
        });
    };
    let vectors = report.checks.get("vector_index").map(|it| it.status == Status::Healthy);
    let faults: Vec<String> = report
        .checks
        .iter()
        .filter(|(_, it)| it.status != Status::Healthy)
        .map(|(name, it)| {
            format!("{name}: {}", it.message.as_deref().unwrap_or("it does not work"))
        })
        .collect();
    let message = if faults.is_empty() { "All is well.".to_owned() } else { faults.join("; ") };
    json!({
        "status": report.status, "message": message, "vector_engine_available": vectors,
        "uptime_hours": uptime_hours,
    })
}

/// When this day and this month began, in UTC.
fn beginnings(now: Timestamp) -> (Timestamp, Timestamp) {
    let here = now.to_zoned(jiff::tz::TimeZone::UTC);
    let day = here.start_of_day().unwrap_or_else(|_| here.clone());
    let month = day.first_of_month().unwrap_or_else(|_| day.clone());
    (day.timestamp(), month.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_too_full_is_said() {
        let used = share_used(DiskSpace { size_bytes: 100, free_bytes: 10 });
        assert_eq!(disk(Some(used), 0.85), Found::Degraded("90 % are used, more than 85 %".into()));
        assert_eq!(disk(Some(used), 0.95), Found::HealthyWith("90 % are used".into()));
        assert!(matches!(disk(None, 0.5), Found::HealthyWith(_)));
    }
}
