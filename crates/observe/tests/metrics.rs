//! The metrics text, judged by Prometheus' own tool where it is installed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::{
    io::{ErrorKind, Write},
    process::{Command, Stdio},
};

use base::{
    Timestamp,
    metric::{Counter, SECONDS},
};
use observe::{Check, Found, Health, Machine};

static REQUESTS: Counter = Counter::new(
    "http_requests_total",
    "Requests answered.",
    &["method", "endpoint", "status_code"],
);
static DURATION: base::metric::Histogram = base::metric::Histogram::new(
    "http_request_duration_seconds",
    "How long requests took.",
    &["method", "endpoint"],
    SECONDS,
);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn value(text: &str, series: &str) -> f64 {
    let line =
        text.lines().find(|it| it.strip_prefix(series).is_some_and(|it| it.starts_with(' ')));
    let line = line.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    line[series.len() + 1..].parse().unwrap()
}

#[test]
fn the_process_shows_what_it_uses() {
    let dir = std::env::current_dir().unwrap();
    let machine = Machine::new(&dir, "1.2.3");
    let text = machine.exposition(at(0));
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    assert!(value(&text, "process_threads") >= 1.0);
    assert!(value(&text, "process_open_fds") >= 3.0);
    assert!(value(&text, "process_start_time_seconds") > 1.6e9);
    assert!(value(&text, "host_memory_size_bytes") > value(&text, "host_memory_available_bytes"));
    assert_eq!(value(&text, "mainstay_build_info{version=\"1.2.3\"}"), 1.0);
    assert!(text.contains("# TYPE process_cpu_seconds_total counter\n"));
}

#[test]
fn numbers_are_read_at_most_once_a_second() {
    let machine = Machine::new(std::env::current_dir().unwrap(), "1");
    let used = |second| value(&machine.exposition(at(second)), "process_cpu_seconds_total");
    let mut seen = Vec::new();
    // Whoever does not get the processor for a while uses none of it.
    let is_kept = (1..=10).map(|it| 10 * it).any(|now| {
        machine.refresh(at(now));
        let busy = std::time::Instant::now();
        while busy.elapsed().as_millis() < 60 {
            std::hint::black_box((0..1000).sum::<u64>());
        }
        let (first, second) = (used(now), used(now + 1));
        seen.push((first, second));
        second > first
    });
    assert!(is_kept, "{seen:?}");
}

#[test]
fn the_disk_is_the_one_that_holds_the_data_or_none() {
    let here = Machine::new(std::env::current_dir().unwrap(), "1").disk_space();
    if let Some(space) = here {
        assert!(space.free_bytes <= space.size_bytes && space.size_bytes > 0);
    }
    // A file system of the kernel is on no disk; the root's numbers would be wrong for it.
    if cfg!(target_os = "linux") {
        assert_eq!(Machine::new("/proc/self", "1").disk_space(), None);
    }
}

#[tokio::test]
async fn promtool_finds_nothing_to_complain_about() {
    REQUESTS.increment(&["GET", "/v1/clients/{id}", "200"]);
    REQUESTS.increment(&["GET", "odd \"quotes\" and \\ and \n", "200"]);
    DURATION.observe(0.012, &["GET", "/v1/clients/{id}"]);
    let health = Health::new("1", base::Clock::by_hand(at(0)));
    health.register(Check::new("database", true, std::time::Duration::from_secs(1), || async {
        Found::Healthy
    }));
    health.report().await;
    let text = Machine::new(std::env::current_dir().unwrap(), "1.2.3").exposition(at(20));
    assert!(text.contains("health_check_up{check=\"database\"} 1\n"), "{text}");

    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut tool = match tool {
        Ok(tool) => tool,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: promtool is not installed");
            return;
        }
        Err(error) => panic!("cannot run promtool: {error}"),
    };
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}
