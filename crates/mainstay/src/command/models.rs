//! `mainstay models`: who answers, how well, at which price, and how much may be spent.

mod install;
mod limits;

use std::process::ExitCode;

use base::TenantId;
use models::{
    Models, Usage,
    overview::Overview,
    price::Price,
    settings::ModelRef,
    try_out::{Tester, TryOut},
    usage::{self, Sums},
};
use serde_json::{Value as Json, json};
use store::Store;

use crate::{
    args::{self, Application, models::ModelsAct},
    environment::Environment,
    output::{self, Output},
    wire::Site,
};

pub(crate) async fn run(
    args: args::models::Models,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match args.act {
        ModelsAct::List { application, remote } => {
            let (_, store, models) = open(&application, environment).await?;
            let listed = if remote { Some(models.remote_models().await) } else { None };
            list(&models, listed.as_deref(), output);
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        ModelsAct::Test { application, model } => {
            let (_, store, models) = open(&application, environment).await?;
            let tester = Tester {
                tenant: TenantId::DEFAULT,
                caller: base::Actor::operator().who.to_string(),
            };
            let tests = models.try_out(&tester, model.as_deref()).await;
            // What it used is in the ledger before this ends.
            models.close().await;
            store.close().await;
            anyhow::ensure!(!tests.is_empty(), models::ModelError::NotConfigured);
            output.show(&json!(tests), || told(&tests));
            let is_good = tests.iter().all(|it| it.ok);
            Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ModelsAct::Usage { application, by, from, to, tenant } => {
            let site = Site::find(&application, environment)?;
            let (store, now) = (site.open_checked().await?, site.clock.now());
            let tenant = super::audit::named(&store, tenant.as_deref()).await?;
            // What was used at this moment is used before the next.
            let to = to.unwrap_or(now + jiff::SignedDuration::from_micros(1));
            let from = from.unwrap_or(to - jiff::SignedDuration::from_hours(30 * 24));
            let read = move |db: &store::Db| usage::summary(db, tenant, from, to, by);
            let summed: Result<_, store::Error> = store.read(read).await;
            let summed = summed?;
            let mut rows: Vec<Json> =
                summed.breakdown.iter().map(|it| sums(&it.name, it.sums)).collect();
            let total = sums("total", summed.total);
            let value = json!({
                "from": from, "to": to, "group_by": by.name(), "summary": total, "breakdown": rows,
            });
            rows.push(total);
            output.show(&value, || {
                let columns = [
                    "name",
                    "operations_count",
                    "attempts_count",
                    "tokens_in",
                    "tokens_out",
                    "total_cost_usd",
                    "unknown_cost_count",
                ];
                output::table(&rows, &columns)
            });
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        ModelsAct::Prices { application, model, tokens_in, tokens_out } => {
            let (site, store, models) = open(&application, environment).await?;
            match model {
                None => prices(&models, output),
                Some(model) => {
                    let used = Usage { tokens_in, tokens_out, ..Usage::default() };
                    let cost = models.cost_of(&model, &used, site.clock.now()).nanos();
                    let value = json!({
                        "model": model, "tokens_in": tokens_in, "tokens_out": tokens_out,
                        "cost_usd": cost.map(models::money::NanoUsd::dollars),
                        "version": models.prices_version(),
                    });
                    output.show(&value, || match cost {
                        Some(cost) => cost.to_string(),
                        None => {
                            format!("unknown: `prices` of config/llm.yaml has none for {model}")
                        }
                    });
                }
            }
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        ModelsAct::Install(args) => install::run(args, environment, output).await,
        ModelsAct::Limits { application, act } => {
            limits::run(application, act, environment, output).await
        }
    }
}

/// The door to models over the application's database.
async fn open(
    application: &Application,
    environment: &Environment,
) -> anyhow::Result<(Site, Store, Models)> {
    let site = Site::find(application, environment)?;
    let store = site.open_settled().await?;
    let models = site.models(&store, &site.folder()?)?;
    Ok((site, store, models))
}

/// A provider, and the models it lists, when it answers.
type Listed = (String, Option<Vec<String>>);

fn list(models: &Models, remote: Option<&[Listed]>, output: Output) {
    let seen = models.overview();
    let (mut rows, mut silent) = (Vec::new(), Vec::new());
    for provider in &seen.providers {
        let named = provider.models.iter().map(|it| it.model.clone());
        let listed = remote.and_then(|it| it.iter().find(|it| it.0 == provider.name));
        if listed.is_some_and(|it| it.1.is_none()) {
            silent.push(provider.name.as_str());
        }
        let listed = listed.and_then(|it| it.1.as_ref()).into_iter().flatten();
        let mut all: Vec<String> = named.collect();
        for name in listed.map(|it| format!("{}/{it}", provider.name)) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        rows.extend(all.into_iter().map(|it| priced(models, it)));
    }
    let providers: Vec<Json> = seen
        .providers
        .iter()
        .map(|it| {
            json!({
                "name": it.name, "kind": it.kind, "base_url": it.base_url, "has_key": it.has_key,
                "concurrency": it.concurrency,
            })
        })
        .collect();
    let value = json!({
        "configured": seen.configured, "providers": providers, "models": rows,
        "priorities": seen.priorities, "embedding": seen.embedding, "aliases": seen.aliases,
        "fallbacks": seen.fallbacks, "prices": models.prices_version(), "silent": silent,
    });
    output.show(&value, || {
        if !seen.configured {
            return models::ModelError::NotConfigured.to_string();
        }
        let columns = ["name", "kind", "base_url", "has_key", "concurrency"];
        let mut text = format!("{}\n\n", output::table(&providers, &columns));
        text.push_str(&names(&seen));
        let columns = ["model", "input_per_million_usd", "output_per_million_usd"];
        text.push_str(&output::table(&rows, &columns));
        for name in silent {
            text.push_str(&format!("\n{name} gives no list of models"));
        }
        text
    });
}

/// The names that lead to models, one a line.
fn names(seen: &Overview) -> String {
    let priorities = &seen.priorities;
    let priorities = [
        ("speed", &priorities.speed),
        ("balanced", &priorities.balanced),
        ("accuracy", &priorities.accuracy),
        ("embedding", &seen.embedding),
    ];
    let mut lines: Vec<String> = priorities
        .into_iter()
        .filter_map(|(name, model)| Some(format!("{name} → {}", model.as_ref()?)))
        .collect();
    lines.extend(seen.aliases.iter().map(|it| format!("{} → {}", it.name, it.target)));
    let fallbacks = seen.fallbacks.iter();
    lines.extend(fallbacks.map(|it| format!("{} else {}", it.name, it.targets.join(", else "))));
    lines.join("\n") + "\n\n"
}

fn priced(models: &Models, model: String) -> Json {
    let price = ModelRef::parse(&model).and_then(|it| models.price_of(&it));
    json!({
        "model": model,
        "input_per_million_usd": price.map(|it| it.input_per_million_usd),
        "output_per_million_usd": price.map(|it| it.output_per_million_usd),
    })
}

fn prices(models: &Models, output: Output) {
    let rows: Vec<Json> = models.prices().iter().map(|it: &Price| json!(it)).collect();
    let version = models.prices_version();
    output.show(&json!({"version": version, "prices": rows}), || {
        let columns = [
            "model",
            "input_per_million_usd",
            "output_per_million_usd",
            "cached_per_million_usd",
            "per_request_usd",
            "since",
        ];
        format!("{}\n\nversion {version}", output::table(&rows, &columns))
    });
}

/// Each provider in a line, then what to do about those that gave no answer.
fn told(tests: &[TryOut]) -> String {
    let rows: Vec<Json> = tests
        .iter()
        .map(|it| {
            json!({
                "provider": it.provider, "model": it.model, "answers": if it.ok { "yes" } else { "NO" },
                "latency_ms": it.latency_ms, "first_ms": it.ttft_ms,
                "tokens_in": it.tokens_in, "tokens_out": it.tokens_out, "cost_usd": it.cost_usd,
            })
        })
        .collect();
    let columns = [
        "provider",
        "model",
        "answers",
        "latency_ms",
        "first_ms",
        "tokens_in",
        "tokens_out",
        "cost_usd",
    ];
    let mut text = output::table(&rows, &columns);
    for error in tests.iter().filter_map(|it| it.error.as_ref()) {
        text.push_str(&format!("\n\n{}", error.message));
        if let Some(hint) = &error.hint {
            text.push_str(&format!("\n  {hint}"));
        }
    }
    text
}

fn sums(name: &str, sums: Sums) -> Json {
    json!({
        "name": name,
        "operations_count": sums.operations_count, "attempts_count": sums.attempts_count,
        "total_tokens": sums.total_tokens, "tokens_in": sums.tokens_in, "tokens_out": sums.tokens_out,
        "total_cost_usd": sums.total_cost.dollars(), "unknown_cost_count": sums.unknown_cost_count,
    })
}
