//! The audit log: who did what, when, from where, before and after, why.

use base::{Cursor, Page, PageRequest, Permission, RecordId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use store::{Db, audit};

use crate::{
    App,
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation::new(
            "audit.list",
            Permission::ReadAudit,
            Kind::Page,
            "AuditEntry",
            "Lists the audit log, the newest first.",
            list,
        ),
        Operation::new(
            "audit.verify",
            Permission::ManageAudit,
            Kind::One,
            "AuditReport",
            "Reads every chain of the audit log and says whether each is whole.",
            verify,
        ),
    ]
}

/// Rows read at once when names that stand for several actions are looked for.
const BATCH: u32 = 200;

/// The most batches read for one page.
const BATCHES_MAX: usize = 25;

#[derive(Deserialize, JsonSchema)]
struct List {
    /// Of this tenant.
    tenant: Option<TenantId>,
    /// About this record.
    record: Option<RecordId>,
    /// With this action, by the application's name for it or the engine's.
    action: Option<String>,
    /// By this actor.
    actor: Option<String>,
    /// From then on.
    from: Option<Timestamp>,
    /// Until then.
    to: Option<Timestamp>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let is_own_name = args
        .action
        .as_ref()
        .is_some_and(|name| call.app.description().audit.names.values().any(|it| it == name));
    let filter = audit::Filter {
        tenant: call.narrowed(args.tenant),
        record: args.record,
        action: args.action.clone().filter(|_| !is_own_name),
        actor: args.actor,
        from: args.from,
        to: args.to,
    };
    let (app, request) = (call.app.clone(), call.page.clone());
    let page = call.app.store.read(move |db| match args.action.filter(|_| is_own_name) {
        None => Ok::<_, Problem>(audit::list(db, &filter, &request)?),
        Some(name) => named(&app, db, &filter, &request, &name),
    });
    Ok(Answer::page(page.await?.map(|it| view(&call.app, &it))))
}

/// A page of the rows that the application calls `wanted`. One name may stand for several actions,
/// so rows are read on until the page is full.
fn named(
    app: &App,
    db: &Db,
    filter: &audit::Filter,
    request: &PageRequest,
    wanted: &str,
) -> Result<Page<audit::Row>, Problem> {
    let backwards = request.is_backwards();
    let by_seq = filter.tenant.is_some() && filter.record.is_none();
    let key = |row: &audit::Row| -> Vec<Json> {
        match by_seq {
            true => vec![row.seq.into()],
            false => {
                vec![row.at.as_microsecond().into(), row.tenant.to_string().into(), row.seq.into()]
            }
        }
    };
    let mut rows = Vec::new();
    let mut next = PageRequest { limit: BATCH, cursor: request.cursor.clone() };
    for _ in 0..BATCHES_MAX {
        let mut page = audit::list(db, filter, &next)?;
        if backwards {
            page.items.reverse();
        }
        let last = page.items.last().map(&key);
        rows.extend(page.items.into_iter().filter(|it| name(app, it) == wanted));
        let is_full = rows.len() > request.limit as usize;
        let more = if backwards { page.prev.is_some() } else { page.next.is_some() };
        let Some(last) = last.filter(|_| more && !is_full) else { break };
        next.cursor = Some(Cursor { key: last, backwards });
    }
    Ok(Page::of(rows, request, key))
}

async fn verify(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let report = call.app.store.read(audit::verify).await?;
    let chains: Vec<Json> = report
        .chains
        .iter()
        .map(|it| {
            json!({
                "tenant": it.tenant,
                "rows": it.rows,
                "head": it.head,
                "broken": it.broken.map(|it| json!({"seq": it.seq, "fault": it.to_string()})),
            })
        })
        .collect();
    Ok(Answer::one(json!({"whole": report.is_whole(), "rows": report.rows, "chains": chains})))
}

fn view(app: &App, row: &audit::Row) -> Json {
    let details = json!({
        "subject": row.subject,
        "before": row.before,
        "after": row.after,
        "why": row.why,
        "address": row.address,
        "request_id": row.request_id,
    });
    json!({
        "id": format!("{}-{}", row.tenant, row.seq),
        "tenant": row.tenant,
        "seq": row.seq,
        "at": row.at,
        "actor": row.actor,
        "action": name(app, row),
        "engine_action": row.action,
        "subject": row.subject,
        "record": row.record,
        "version": row.version,
        "summary": row.summary,
        "details": details,
        "tokens_used": row.tokens_used,
    })
}

/// The application's name of an act: by the act and its detail first (`task_started.refactor`,
/// `record_created.rules`, `rules_created`), then by the act alone, else the engine's.
fn name<'a>(app: &'a App, row: &'a audit::Row) -> &'a str {
    let names = &app.description().audit.names;
    if names.is_empty() {
        return &row.action;
    }
    let (kind, rest) = row.subject.split_once('/').unwrap_or((&row.subject, ""));
    let task = row.after.as_ref().and_then(|it| it.get("task")?.as_str());
    let details = [task.unwrap_or_default(), kind, rest];
    let found = details
        .iter()
        .filter(|it| !it.is_empty())
        .find_map(|it| names.get(&format!("{}.{it}", row.action)))
        .or_else(|| names.get(&format!("{kind}_{}", row.action.strip_prefix("record_")?)))
        .or_else(|| names.get(&row.action));
    found.map_or(&row.action, |it| it)
}
