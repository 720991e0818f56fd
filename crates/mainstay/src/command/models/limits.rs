//! `mainstay models limits`: how much may be asked and spent, seen and set.

use std::process::ExitCode;

use anyhow::{Context, bail};
use base::Actor;
use models::{
    ledger::{
        Budget,
        budget::{AtLimit, Standing},
        spent::Scope,
    },
    money::NanoUsd,
};
use serde_json::{Value as Json, json};

use super::open;
use crate::{
    args::{
        Application,
        models::{LimitsAct, SetBudget},
    },
    environment::Environment,
    output::{self, Output},
};

pub(super) async fn run(
    application: Application,
    act: Option<LimitsAct>,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match act {
        None => list(&application, environment, output).await?,
        Some(LimitsAct::Set(it)) => set(*it, environment, output).await?,
        Some(LimitsAct::Remove { application, name }) => {
            let (_, store, models) = open(&application, environment).await?;
            models.budgets().remove(&Actor::operator(), &name).await?;
            output.show(&json!({"name": name}), || format!("budget {name} is removed"));
            store.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(
    application: &Application,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<()> {
    let (site, store, models) = open(application, environment).await?;
    models.budgets().reload().await?;
    let standings = models.budgets().standings(site.clock.now()).await?;
    let budgets: Vec<Json> = standings.iter().map(Standing::shown).collect();
    // Who asks at this moment is known to the process that serves: GET /api/models/limits.
    let limits: Vec<Json> = models.limits().standings().iter().map(|it| json!(it.limit)).collect();
    let queue = models.limits().queue_standing();
    let value = json!({
        "limits": limits, "budgets": budgets,
        "queue": {"depth_max": queue.depth_max, "wait_max_s": queue.wait_max_s},
        "request_limit_usd": models.request_limit(),
    });
    output.show(&value, || {
        let columns = ["per", "match", "requests_per_minute", "tokens_per_minute", "concurrency"];
        let limits = output::table(&limits, &columns);
        let rows: Vec<Json> = standings.iter().map(row).collect();
        let columns =
            ["name", "scope", "id", "period", "spent", "limit", "used", "at_limit", "resets_at"];
        let budgets = output::table(&rows, &columns);
        let (depth, wait) = (queue.depth_max, queue.wait_max_s);
        let each = models
            .request_limit()
            .map_or(String::new(), |it| format!("\none request costs at most {it}"));
        format!(
            "limits\n{limits}\nat most {depth} wait, at most {wait} s{each}\n\nbudgets\n{budgets}"
        )
    });
    store.close().await;
    Ok(())
}

fn row(standing: &Standing) -> Json {
    let budget = &standing.budget;
    json!({
        "name": budget.name, "scope": budget.scope, "period": budget.period,
        "id": if standing.id.is_empty() { Json::Null } else { standing.id.as_str().into() },
        "spent": standing.spent.to_string(), "limit": standing.limit.to_string(),
        "used": format!("{:.0} %", standing.used_ratio * 100.0),
        "at_limit": match (&budget.at_limit, &budget.downgrade_to) {
            (AtLimit::Downgrade, Some(to)) => format!("ask {to}"),
            _ => "refuse".to_owned(),
        },
        "resets_at": format!("{:.0}", standing.resets_at),
    })
}

async fn set(args: SetBudget, environment: &Environment, output: Output) -> anyhow::Result<()> {
    let (_, store, models) = open(&args.application, environment).await?;
    let limit_usd = args.usd.map(|it| {
        NanoUsd::from_dollars(it).with_context(|| format!("{it} is no number of dollars to spend"))
    });
    let matches = match (args.scope, args.matches) {
        (Scope::Tenant, Some(text)) => {
            let named = crate::command::audit::named(&store, Some(&text)).await?;
            named.map(|it| it.to_string())
        }
        (_, matches) => matches,
    };
    if let Some(model) = &args.downgrade_to
        && !models.has_provider_of(model)
    {
        bail!("{model} names a provider that is not there; `mainstay models list` shows them");
    }
    let budget = Budget {
        name: args.name,
        scope: args.scope,
        matches,
        period: args.period,
        limit_usd: limit_usd.transpose()?,
        limit_tokens: args.tokens,
        warn_at: args.warn_at,
        at_limit: if args.at_limit == "downgrade" { AtLimit::Downgrade } else { AtLimit::Refuse },
        downgrade_to: args.downgrade_to,
    };
    models.budgets().set(&Actor::operator(), budget.clone()).await?;
    output.show(&budget.shown(), || {
        format!("budget {} is set; a running server takes it in seconds", budget.name)
    });
    store.close().await;
    Ok(())
}
