//! Health, readiness and numbers, with real closures and real deadlines.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use base::Clock;
use jiff::SignedDuration;
use observe::{
    Check, Found, Health, Readiness, Stats,
    health::{Report, Status},
};
use serde_json::json;

const SOON: Duration = Duration::from_millis(600);

fn clock() -> Clock {
    Clock::by_hand("2026-11-21T08:00:00Z".parse().unwrap())
}

fn always(name: &str, critical: bool, found: Found) -> Check {
    Check::new(name, critical, SOON, move || {
        let found = found.clone();
        async move { found }
    })
}

async fn report(checks: Vec<Check>) -> Report {
    let health = Health::new("1.2.3", clock());
    checks.into_iter().for_each(|it| health.register(it));
    health.report().await
}

#[tokio::test]
async fn the_report_has_the_promised_shape() {
    let message = "postgres://app:hunter2word@db is away; password=hunter2word";
    let report = report(vec![
        always("database", true, Found::Healthy),
        always("llm", false, Found::Unhealthy(message.into())),
    ])
    .await;
    let mut shown = serde_json::to_value(&report).unwrap();
    for check in ["database", "llm"] {
        assert!(shown["checks"][check]["latency_ms"].take().is_u64());
    }
    let said = shown["checks"]["llm"]["message"].take();
    assert!(!said.as_str().unwrap().contains("password=hunter2word"), "{said}");
    assert_eq!(
        shown,
        json!({
            "status": "degraded",
            "timestamp": "2026-11-21T08:00:00Z",
            "version": "1.2.3",
            "checks": {
                "database": {"status": "healthy", "latency_ms": null},
                "llm": {"status": "unhealthy", "latency_ms": null, "message": null},
            },
        })
    );
}

#[tokio::test]
async fn the_whole_is_as_bad_as_its_worst_critical_part() {
    let bad = || Found::Unhealthy("away".into());
    let slow = || Found::Degraded("slow".into());
    for (critical, found, expected) in [
        (true, Found::Healthy, Status::Healthy),
        (true, Found::HealthyWith("fine".into()), Status::Healthy),
        (true, slow(), Status::Degraded),
        (false, slow(), Status::Degraded),
        (false, bad(), Status::Degraded),
        (true, bad(), Status::Unhealthy),
    ] {
        let checks = vec![always("a", critical, found.clone()), always("b", true, Found::Healthy)];
        assert_eq!(report(checks).await.status, expected, "{critical} {found:?}");
    }
    assert_eq!(report(vec![]).await.status, Status::Healthy);
}

#[tokio::test]
async fn a_part_is_reported_with_its_own_status() {
    let checks = || {
        vec![
            always("database", true, Found::Healthy),
            always("vectors", true, Found::Unhealthy("away".into())),
        ]
    };
    let whole = report(checks()).await;
    assert!(!whole.is_up());
    let part = whole.only(&["database"]);
    assert!(part.is_up());
    assert_eq!(part.checks.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_run_at_once_and_nobody_is_waited_for_beyond_the_deadline() {
    let mut checks: Vec<Check> = (0..5)
        .map(|number| {
            Check::new(format!("slow {number}"), false, SOON, || async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                Found::Healthy
            })
        })
        .collect();
    checks.push(Check::new("hanging", true, SOON, std::future::pending));
    checks.push(Check::new("blocking", false, SOON, || async {
        std::thread::sleep(Duration::from_millis(2_500));
        Found::Healthy
    }));
    checks.push(Check::new("broken", false, SOON, || async { panic!("a check with a fault") }));
    let started = Instant::now();
    let report = report(checks).await;
    assert!(started.elapsed() < Duration::from_millis(2_000), "{:?}", started.elapsed());
    assert_eq!(report.checks["slow 3"].status, Status::Healthy);
    assert_eq!(report.checks["hanging"].message.as_deref(), Some("no answer within 600 ms"));
    assert_eq!(report.checks["blocking"].message.as_deref(), Some("no answer within 600 ms"));
    assert_eq!(report.checks["broken"].message.as_deref(), Some("the check itself failed"));
    assert_eq!(report.status, Status::Unhealthy);
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_share_findings_for_a_second() {
    let (clock, looks) = (clock(), Arc::new(AtomicUsize::new(0)));
    let health = Health::new("1", clock.clone());
    let counted = looks.clone();
    health.register(Check::new("database", true, SOON, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Found::Healthy
        }
    }));
    let many: Vec<_> = (0..20).map(|_| health.report()).collect();
    for report in many {
        report.await;
    }
    let (a, b) = tokio::join!(health.report(), health.report());
    assert_eq!(a, b);
    assert_eq!(looks.load(Ordering::SeqCst), 1);
    clock.advance(SignedDuration::from_millis(999));
    health.report().await;
    assert_eq!(looks.load(Ordering::SeqCst), 1);
    clock.advance(SignedDuration::from_millis(1));
    health.report().await;
    assert_eq!(looks.load(Ordering::SeqCst), 2);
    // A clock that was set back must not keep old findings for ever.
    clock.advance(SignedDuration::from_secs(-3600));
    health.report().await;
    assert_eq!(looks.load(Ordering::SeqCst), 3);
}

#[test]
fn readiness_is_a_switch() {
    let health = Health::new("1", clock());
    assert_eq!(health.readiness(), Readiness::Starting);
    for readiness in [Readiness::Ready, Readiness::Draining, Readiness::Starting] {
        health.clone().set_readiness(readiness);
        assert_eq!(health.readiness(), readiness);
    }
}

#[test]
fn a_live_process_says_for_how_long() {
    let clock = clock();
    let health = Health::new("1", clock.clone());
    clock.advance(SignedDuration::from_secs(90));
    assert_eq!(health.liveness().uptime_seconds, 90);
}

#[tokio::test]
async fn numbers_are_collected_and_a_missing_one_is_named() {
    let clock = clock();
    let stats = Stats::new("1.2.3", clock.clone());
    stats.register("queue", || async { Ok(json!({"pending": 3})) });
    stats.register("spend", || async { Err("password=hunter2word away".to_owned()) });
    clock.advance(SignedDuration::from_secs(5));
    assert_eq!(
        serde_json::Value::from(stats.collect().await),
        json!({
            "version": "1.2.3",
            "timestamp": "2026-11-21T08:00:05Z",
            "started_at": "2026-11-21T08:00:00Z",
            "uptime_seconds": 5,
            "queue": {"pending": 3},
            "spend": null,
            "unavailable": {"spend": "password=[redacted] away"},
        })
    );
}
