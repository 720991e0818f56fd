//! `mainstay audit`: the log of who did what, and whether it is whole.

use std::{
    io::{BufWriter, Write},
    process::ExitCode,
};

use base::{PageRequest, TenantId};
use identity::tenant;
use serde_json::{Value as Json, json};
use store::{
    Store,
    audit::{self, Filter, Row},
};

use crate::{
    args::{self, AuditAct},
    environment::Environment,
    output::Output,
    wire::Site,
};

pub(crate) async fn run(
    args: args::Audit,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    match args.act {
        AuditAct::Verify { application } => {
            let store = Site::find(&application, environment)?.open_checked().await?;
            let report = store.read(audit::verify).await?;
            let whole = report.is_whole();
            let broken: Vec<Json> = report
                .chains
                .iter()
                .filter_map(|it| {
                    let broken = it.broken.as_ref()?;
                    Some(json!({"tenant": it.tenant, "seq": broken.seq, "damage": broken.to_string()}))
                })
                .collect();
            let value = json!({"whole": whole, "chains": report.chains.len(), "rows": report.rows, "broken": broken});
            output.show(&value, || {
                let head = format!("{} entries in {} chains", report.rows, report.chains.len());
                let lines = broken
                    .iter()
                    .map(|it| format!("\n  tenant {}: {}", it["tenant"], it["damage"]));
                if whole {
                    format!("{head}: whole")
                } else {
                    format!("{head}: BROKEN{}", lines.collect::<String>())
                }
            });
            store.close().await;
            Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        AuditAct::List { application, tenant, limit } => {
            let store = Site::find(&application, environment)?.open_checked().await?;
            let filter =
                Filter { tenant: named(&store, tenant.as_deref()).await?, ..Filter::default() };
            let page = store
                .read(move |db| {
                    audit::list(db, &filter, &PageRequest::first(limit.clamp(1, 1_000)))
                })
                .await?;
            let rows: Vec<Json> = page.items.iter().map(row).collect();
            output.table(&rows, &["at", "actor", "action", "subject", "summary"]);
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
        AuditAct::Export { application, tenant } => {
            let store = Site::find(&application, environment)?.open_checked().await?;
            let filter =
                Filter { tenant: named(&store, tenant.as_deref()).await?, ..Filter::default() };
            let mut request = PageRequest::first(1_000);
            let mut out = BufWriter::new(std::io::stdout().lock());
            loop {
                let (filter, asked) = (filter.clone(), request.clone());
                let page = store.read(move |db| audit::list(db, &filter, &asked)).await?;
                for entry in &page.items {
                    writeln!(out, "{}", row(entry))?;
                }
                match page.next {
                    Some(next) => request.cursor = Some(next),
                    None => break,
                }
            }
            out.flush()?;
            drop(out);
            store.close().await;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The tenant that people mean by a name, a slug or an id.
pub(crate) async fn named(store: &Store, text: Option<&str>) -> anyhow::Result<Option<TenantId>> {
    let Some(text) = text.map(str::to_owned) else { return Ok(None) };
    let asked = text.clone();
    match store.read(move |db| tenant::find(db, &asked)).await? {
        Some(found) => Ok(Some(found.id)),
        None => anyhow::bail!("there is no tenant `{text}`"),
    }
}

fn row(entry: &Row) -> Json {
    json!({
        "tenant": entry.tenant, "seq": entry.seq, "at": entry.at, "actor": entry.actor, "address": entry.address,
        "request_id": entry.request_id, "action": entry.action, "subject": entry.subject, "record": entry.record,
        "version": entry.version, "summary": entry.summary, "before": entry.before, "after": entry.after,
        "why": entry.why, "tokens_used": entry.tokens_used, "hash": entry.hash,
    })
}
