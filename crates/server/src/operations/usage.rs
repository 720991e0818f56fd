//! What models used and cost.

use apps::description::UsageNames;
use base::{AppKeyId, JobId, Permission, TenantId, Timestamp, UsageId};
use models::usage::{self, Entry, Filter, GroupBy, Outcome, Sums};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use store::Db;

use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let read = Permission::ReadUsage;
    vec![
        Operation::new(
            "usage.list",
            read,
            Kind::Page,
            "Usage",
            "Lists every attempt to use a model, the newest first.",
            list,
        ),
        Operation::new(
            "usage.summary",
            read,
            Kind::One,
            "UsageSummary",
            "Sums up what models used and cost.",
            summary,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// Of this job.
    job: Option<JobId>,
    /// For this operation.
    operation: Option<String>,
    /// With this application key.
    key: Option<AppKeyId>,
    /// For this task.
    task: Option<String>,
    /// Of this model, by the provider's name for it.
    model: Option<String>,
    /// The attempts of one question.
    asked: Option<UsageId>,
    /// Those that ended so.
    outcome: Option<Outcome>,
    /// From then on.
    from: Option<Timestamp>,
    /// Until then.
    to: Option<Timestamp>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let filter = Filter {
        tenant: call.narrowed(args.tenant),
        job: args.job,
        operation: args.operation,
        key: args.key,
        task: args.task,
        model: args.model,
        asked: args.asked,
        outcome: args.outcome,
        from: args.from,
        to: args.to,
    };
    let (count, request) = (call.count, call.page.clone());
    let read = move |db: &Db| {
        let mut page = usage::list(db, &filter, &request)?;
        page.total = count.then(|| usage::count(db, &filter)).transpose()?;
        Ok::<_, store::Error>(page)
    };
    let page = call.app.store.read(read).await?;
    let names = &call.app.description().usage;
    Ok(Answer::page(page.map(|it| view(&it, names))))
}

#[derive(Deserialize, JsonSchema)]
struct Summary {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// From then on; the last 30 days when left out.
    from: Option<Timestamp>,
    /// Until then.
    to: Option<Timestamp>,
    /// What it is broken down by; `operation` when left out. An `operation_type` is the
    /// application's own name, which several operations may share.
    group_by: Option<By>,
}

/// What a summary is broken down by.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    Operation,
    OperationType,
    Model,
    ModelName,
    Provider,
    Day,
    Month,
    Tenant,
    Key,
    Task,
}

async fn summary(call: Call, args: Summary) -> Result<Answer, Problem> {
    let to = args.to.unwrap_or_else(|| call.now());
    let from = args.from.unwrap_or(to - jiff::SignedDuration::from_hours(30 * 24));
    let by = match args.group_by {
        None | Some(By::Operation | By::OperationType) => GroupBy::Operation,
        Some(By::Model | By::ModelName) => GroupBy::Model,
        Some(By::Day) => GroupBy::Day,
        Some(By::Month) => GroupBy::Month,
        Some(By::Provider) => GroupBy::Provider,
        Some(By::Tenant) => GroupBy::Tenant,
        Some(By::Key) => GroupBy::Key,
        Some(By::Task) => GroupBy::Task,
    };
    let tenant = call.narrowed(args.tenant);
    let mut summed =
        call.app.store.read(move |db| usage::summary(db, tenant, from, to, by)).await?;
    if matches!(args.group_by, Some(By::OperationType)) {
        let names = &call.app.description().usage;
        summed.breakdown = usage::renamed(summed.breakdown, |it| names.name(it).to_owned());
    }
    let breakdown: Vec<Json> = summed
        .breakdown
        .iter()
        .map(|it| {
            let mut part = Map::from_iter([("name".to_owned(), it.name.as_str().into())]);
            part.extend(sums(it.sums));
            Json::Object(part)
        })
        .collect();
    Ok(Answer::one(json!({
        "from": from,
        "to": to,
        "group_by": by.name(),
        "summary": sums(summed.total),
        "breakdown": breakdown,
    })))
}

fn sums(sums: Sums) -> Map<String, Json> {
    Map::from_iter([
        ("total_tokens".to_owned(), sums.total_tokens.into()),
        ("tokens_in".to_owned(), sums.tokens_in.into()),
        ("tokens_out".to_owned(), sums.tokens_out.into()),
        ("total_cost_usd".to_owned(), sums.total_cost.dollars().into()),
        ("unknown_cost_count".to_owned(), sums.unknown_cost_count.into()),
        ("operations_count".to_owned(), sums.operations_count.into()),
        ("attempts_count".to_owned(), sums.attempts_count.into()),
    ])
}

fn view(entry: &Entry, names: &UsageNames) -> Json {
    json!({
        "id": entry.id,
        "asked": entry.asked,
        "tenant": entry.tenant,
        "job": entry.job,
        "caller": entry.caller,
        "key": entry.key,
        "operation": entry.operation,
        "operation_type": names.name(&entry.operation),
        "task": entry.task,
        "provider": entry.provider,
        "model": entry.model,
        "tokens_in": entry.usage.tokens_in,
        "tokens_out": entry.usage.tokens_out,
        "tokens_total": entry.usage.total(),
        "tokens_cached": entry.usage.cached,
        "estimated": entry.usage.estimated,
        "cost_usd": entry.cost.nanos().map(models::money::NanoUsd::dollars),
        "prices": entry.prices,
        "from_cache": entry.from_cache,
        "latency_ms": entry.latency_ms,
        "ttft_ms": entry.ttft_ms,
        "outcome": entry.outcome,
        "status": entry.status,
        "at": entry.at,
    })
}
