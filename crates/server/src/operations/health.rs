//! Whether the server lives, is ready and well; what it counts. Open to all, because those who ask
//! are machines; nothing here says more than that something works or not. What was found, and what was
//! spent and by whom, is told to those who may read telemetry only.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use base::Permission;
use identity::Caller;
use models::health::{Health, ProviderHealth, State};
use observe::{Readiness, health::Report};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::{Fault, Problem},
};

pub(super) fn all() -> Vec<Operation> {
    let anyone = Permission::Anyone;
    vec![
        Operation::new(
            "health.get",
            anyone,
            Kind::One,
            "Health",
            "Tells whether everything is well: 200, or 503 when something that must work does not.",
            health,
        ),
        Operation::new(
            "health.detailed",
            Permission::ReadTelemetry,
            Kind::One,
            "Health",
            "Tells what each check found and how long it took, of all or of some: 200, or 503 when what must work does not.",
            detailed,
        ),
        Operation::new(
            "health.database",
            anyone,
            Kind::One,
            "Health",
            "Tells whether the database is well.",
            database,
        ),
        Operation::new(
            "health.models",
            anyone,
            Kind::One,
            "Health",
            "Tells whether models answered lately, and of each provider whether it is available. Asks none, so it costs nothing.",
            models,
        ),
        Operation::new(
            "health.live",
            anyone,
            Kind::One,
            "Liveness",
            "Tells that the process lives.",
            live,
        ),
        Operation::new(
            "health.ready",
            anyone,
            Kind::One,
            "Readiness",
            "Tells whether requests should be sent here: 200, or 503 while starting and stopping.",
            ready,
        ),
        Operation::new(
            "metrics.get",
            anyone,
            Kind::Text,
            "",
            "All metrics in the format of Prometheus.",
            metrics,
        ),
        Operation::new(
            "openapi.get",
            anyone,
            Kind::One,
            "OpenApi",
            "Describes this API (OpenAPI 3.1).",
            openapi,
        ),
    ]
}

async fn health(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let report = seen_by(&call.caller, call.app.health.report().await);
    let (services, metrics) = (services(&call, &report), metrics_of(&call));
    let status = if report.is_up() { 200 } else { 503 };
    let mut told = json!(report);
    told["services"] = services;
    told["metrics"] = metrics;
    Ok(Answer::one(told).with_status(status))
}

/// What somebody is told of what was found.
fn seen_by(caller: &Caller, report: Report) -> Report {
    match caller.may(Permission::ReadTelemetry) {
        Ok(()) => report,
        Err(_) => report.without_details(),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Detailed {
    /// Only these checks, by name; all when left out.
    checks: Option<Vec<String>>,
}

async fn detailed(call: Call, args: Detailed) -> Result<Answer, Problem> {
    let report = call.app.health.report().await;
    let Some(names) = args.checks else { return Ok(told(report)) };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(unknown) = names.iter().find(|it| !report.checks.contains_key(**it)) {
        let known: Vec<&str> = report.checks.keys().map(String::as_str).collect();
        let fault = Fault::new("/checks", format!("nothing is checked under `{unknown}`"));
        let hint = format!("there are {}", known.join(", "));
        return Err(Problem::faults("invalid_input", vec![fault.hint(hint)]));
    }
    Ok(told(report.only(&names)))
}

/// How the parts of the server are, by the names that callers know. What has a check is as that found
/// it; the rest works when this is answered, or is being stopped.
fn services(call: &Call, report: &Report) -> Json {
    let found = |name: &str| json!(report.checks.get(name).map(|it| it.status));
    let own = match call.app.health.readiness() {
        Readiness::Ready => "healthy",
        Readiness::Starting | Readiness::Draining => "degraded",
    };
    json!({
        "api": own,
        "websocket": own,
        "database": found("database"),
        "vector_engine": found("vector_index"),
        "models": found("llm"),
        "cache": if call.app.models.overview().cache.is_on { "on" } else { "off" },
    })
}

/// Each provider in a word, from what was last seen of it: no more is told to strangers.
fn providers(health: &Health) -> Map<String, Json> {
    let all: &[ProviderHealth] = match health {
        Health::NotConfigured => &[],
        Health::Providers(all) => all,
    };
    let word = |state: &State| match state {
        State::Failing { .. } => "unavailable",
        State::NeverUsed | State::Ok { .. } => "available",
    };
    all.iter().map(|it| (it.provider.clone(), json!(word(&it.state)))).collect()
}

/// A few numbers of this process; all of them are in `/metrics`.
fn metrics_of(call: &Call) -> Json {
    let seen = base::metric::samples();
    let sum =
        |name: &str| -> f64 { seen.iter().filter(|it| it.name == name).map(|it| it.value).sum() };
    json!({
        "uptime_seconds": call.app.health.liveness().uptime_seconds,
        "requests": sum("http_requests_total") as u64,
        "websockets_open": sum("websocket_connections_open") as u64,
        "answers_running": sum("assistant_answers_running") as u64,
    })
}

async fn database(call: Call, _: Nothing) -> Result<Answer, Problem> {
    Ok(told(seen_by(&call.caller, call.app.health.report().await.only(&["database"]))))
}

async fn models(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let report = call.app.health.report().await.only(&["llm", "models", "embeddings"]);
    let status = if report.is_up() { 200 } else { 503 };
    let mut told = json!(seen_by(&call.caller, report));
    told["providers"] = Json::Object(providers(&call.app.models.health()));
    Ok(Answer::one(told).with_status(status))
}

async fn live(call: Call, _: Nothing) -> Result<Answer, Problem> {
    Ok(Answer::one(json!(call.app.health.liveness())))
}

async fn ready(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let readiness = call.app.health.readiness();
    let status = if readiness == Readiness::Ready { 200 } else { 503 };
    Ok(Answer::one(json!({"status": readiness})).with_status(status))
}

async fn metrics(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let mut text = call.app.machine.exposition(call.now());
    if call.caller.may(Permission::ReadTelemetry).is_err() {
        text = without_money(&text);
    }
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(Answer::stream(response))
}

/// The families of metrics that tell what was spent.
const OF_MONEY: [&str; 2] = ["budget_", "model_cost_"];

fn without_money(exposition: &str) -> String {
    let is_told = |line: &&str| {
        let name = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        let name = name.unwrap_or(line);
        !OF_MONEY.iter().any(|it| name.starts_with(it))
    };
    exposition.split_inclusive('\n').filter(is_told).collect()
}

async fn openapi(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let app = &call.app;
    let document = app.openapi.get_or_init(|| crate::openapi::document(app).to_string().into());
    let mut response = Response::new(Body::from(document.clone()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(Answer::stream(response))
}

fn told(report: Report) -> Answer {
    let status = if report.is_up() { 200 } else { 503 };
    Answer::one(json!(report)).with_status(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_is_told_in_a_word() {
        let at = base::Timestamp::UNIX_EPOCH;
        let of = |provider: &str, state| ProviderHealth { provider: provider.into(), state };
        let health = Health::Providers(vec![
            of("openai", State::Ok { at }),
            of("groq", State::Failing { since: at, why: "no such key: sk-secret".into() }),
            of("ollama", State::NeverUsed),
        ]);
        let told = json!({"openai": "available", "groq": "unavailable", "ollama": "available"});
        assert_eq!(Json::Object(providers(&health)), told);
        assert_eq!(providers(&Health::NotConfigured), Map::new());
    }

    #[test]
    fn strangers_are_not_told_what_was_spent() {
        let all = "# HELP up Is up.\n# TYPE up gauge\nup 1\n# HELP budget_used_ratio Share.\n\
                   # TYPE budget_used_ratio gauge\nbudget_used_ratio{id=\"x\"} 0.5\n\
                   model_cost_nano_usd_total{model=\"m\"} 3\n";
        assert_eq!(without_money(all), "# HELP up Is up.\n# TYPE up gauge\nup 1\n");
    }
}
