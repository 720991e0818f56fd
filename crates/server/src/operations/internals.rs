//! For operators: statistics, log lines, and what is under the floor (in debug mode).

use base::{Page, Permission};
use observe::tail::Query;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use store::Dialect;

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "stats.get",
            Permission::ReadTelemetry,
            Kind::One,
            "Stats",
            "The numbers of the overview.",
            stats,
        ),
        Operation::new(
            "logs.list",
            Permission::ReadTelemetry,
            Kind::Page,
            "LogLine",
            "The last log lines of this process, the oldest first.",
            logs,
        ),
        Operation::new(
            "debug.routes",
            Permission::ReadInternals,
            Kind::Page,
            "RouteLine",
            "Every route, its operation and its permission (in debug mode).",
            routes,
        ),
        Operation::new(
            "debug.database",
            Permission::ReadInternals,
            Kind::One,
            "DatabaseFacts",
            "What the database says about itself (in debug mode).",
            database,
        ),
    ]
}

async fn stats(call: Call, _: Nothing) -> Result<Answer, Problem> {
    Ok(Answer::one(Json::Object(call.app.stats.collect().await)))
}

#[derive(Deserialize, JsonSchema)]
struct Logs {
    /// Lines of this level and graver ones.
    level: Option<Level>,
    /// Lines with this text in them.
    search: Option<String>,
    /// Lines after the one with this number: to go on watching.
    after: Option<u64>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

async fn logs(call: Call, args: Logs) -> Result<Answer, Problem> {
    use tracing::Level as Traced;
    let level = match args.level {
        Some(Level::Error) => Traced::ERROR,
        Some(Level::Warn) => Traced::WARN,
        Some(Level::Info) => Traced::INFO,
        Some(Level::Debug) => Traced::DEBUG,
        Some(Level::Trace) | None => Traced::TRACE,
    };
    let limit = call.page.limit as usize;
    let query = Query { level, text: args.search, after: args.after, limit };
    let items = call.app.logs.find(&query).iter().map(|it| json!(it)).collect();
    Ok(Answer::page(Page { items, next: None, prev: None, total: None }))
}

async fn routes(call: Call, _: Nothing) -> Result<Answer, Problem> {
    debugging(&call)?;
    let view = |it: &std::sync::Arc<crate::route::Route>| {
        json!({
            "method": it.method.as_str(),
            "path": &*it.path,
            "operation": it.operation.name,
            "permission": it.operation.permission,
            "declared": it.is_declared,
        })
    };
    let items = call.app.routes.iter().map(view).collect();
    Ok(Answer::page(Page { items, next: None, prev: None, total: None }))
}

async fn database(call: Call, _: Nothing) -> Result<Answer, Problem> {
    debugging(&call)?;
    call.app.store.ping().await?;
    let dialect = match call.app.store.dialect() {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
    };
    Ok(Answer::one(json!({"dialect": dialect, "answers": true})))
}

fn debugging(call: &Call) -> Result<(), Problem> {
    if call.app.settings.debug {
        return Ok(());
    }
    Err(Problem::new("not_found", "Nothing answers at this path.")
        .hint("start the server with DEBUG=true to look under the floor"))
}
