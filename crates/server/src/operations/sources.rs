//! Sources: list and run them; look at their runs, at what they set aside and at their caches; let them
//! change again what somebody corrected.

use apps::acts::SourceRun;
use base::{JobId, Page, Permission, RecordId, TenantId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use sources::WrittenFlags;

use crate::{
    operation::{Answer, Call, Kind, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    let (read, manage) = (Permission::ReadJobs, Permission::ManageJobs);
    vec![
        Operation::new(
            "sources.list",
            read,
            Kind::Page,
            "SourceEntry",
            "Lists the sources of records, with their last runs.",
            list,
        ),
        Operation::new(
            "sources.run",
            manage,
            Kind::Accepted,
            "SourceAccepted",
            "Runs a source; one run at a time.",
            run,
        ),
        Operation::new(
            "sources.runs",
            read,
            Kind::Page,
            "SourceRun",
            "Lists the runs of a source, the newest first.",
            runs,
        ),
        Operation::new(
            "sources.get_run",
            read,
            Kind::One,
            "SourceRun",
            "Reads a run of a source.",
            get_run,
        ),
        Operation::new(
            "sources.aside",
            Permission::ReadRecords,
            Kind::Page,
            "SourceAside",
            "Lists what a source has set aside, with the reasons.",
            aside,
        ),
        Operation::new(
            "sources.cache",
            read,
            Kind::One,
            "SourceCache",
            "Shows what the caches of sources hold, and of what use they were.",
            cache,
        ),
        Operation::new(
            "sources.clear_cache",
            manage,
            Kind::One,
            "SourceCacheCleared",
            "Clears the caches of sources, or some of them.",
            clear_cache,
        ),
        Operation::new(
            "sources.origins",
            Permission::ReadRecords,
            Kind::Page,
            "SourceOrigin",
            "Shows the sources that a record comes from, and the fields that they leave alone.",
            origins,
        ),
        Operation::new(
            "sources.unlock",
            Permission::WriteRecords,
            Kind::Page,
            "SourceOrigin",
            "Lets sources change fields of a record again that somebody changed by hand.",
            unlock,
        ),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct List {
    /// As they are for this tenant.
    tenant: Option<TenantId>,
}

async fn list(call: Call, args: List) -> Result<Answer, Problem> {
    let tenant = call.narrowed(args.tenant).unwrap_or(TenantId::DEFAULT);
    let all = call.app.engine.source_list(&call.caller, tenant).await?;
    Ok(Answer::page(whole(all)))
}

#[derive(Deserialize, JsonSchema)]
struct Run {
    /// The source, by its name in the application.
    source: String,
    /// For this tenant.
    tenant: Option<TenantId>,
    /// Nothing that is kept is used: everything is fetched and made anew.
    refresh: Option<bool>,
    /// Only what is kept under such names is made anew: `*` is anything.
    refresh_pattern: Option<String>,
    /// Only what is kept with this tag (a source, a step, a host) is made anew.
    refresh_tag: Option<String>,
    /// Everything that may help to find a fault is told.
    debug: Option<bool>,
    /// Everything is done but writing.
    validate: Option<bool>,
    /// Everything is read from the beginning, where a source grows at its end.
    whole: Option<bool>,
}

async fn run(call: Call, args: Run) -> Result<Answer, Problem> {
    let tenant = call.tenant(args.tenant)?;
    let flags = WrittenFlags {
        refresh: args.refresh.unwrap_or(false),
        refresh_pattern: args.refresh_pattern,
        refresh_tag: args.refresh_tag,
        debug: args.debug.unwrap_or(false),
        validate: args.validate.unwrap_or(false),
        whole: args.whole.unwrap_or(false),
    };
    let ask = SourceRun { source: args.source, flags };
    Ok(Answer::one(call.app.engine.source_run(&call.caller, tenant, ask).await?))
}

#[derive(Deserialize, JsonSchema)]
struct Runs {
    /// The source.
    source: String,
    /// Of this tenant.
    tenant: Option<TenantId>,
}

async fn runs(call: Call, args: Runs) -> Result<Answer, Problem> {
    let (tenant, page) = (call.narrowed(args.tenant), call.page.clone());
    let found = call.app.engine.source_runs(tenant, &args.source, page, call.count).await?;
    Ok(Answer::page(found))
}

#[derive(Deserialize, JsonSchema)]
struct OneRun {
    /// The source.
    source: String,
    /// The run: the id of its job.
    job: JobId,
}

async fn get_run(call: Call, args: OneRun) -> Result<Answer, Problem> {
    let found = call.app.engine.source_run_get(&call.caller, &args.source, args.job).await?;
    Ok(Answer::one(found))
}

async fn aside(call: Call, args: Runs) -> Result<Answer, Problem> {
    let tenant = call.narrowed(args.tenant).unwrap_or(TenantId::DEFAULT);
    let page = call.page.clone();
    let found = call.app.engine.source_asides(&call.caller, tenant, &args.source, page).await?;
    Ok(Answer::page(found))
}

#[derive(Deserialize, JsonSchema)]
struct Cache {
    /// Of this kind.
    kind: Option<CacheKind>,
    /// Whose name fits: `*` is anything.
    pattern: Option<String>,
    /// With this tag: a source, a step, a host.
    tag: Option<String>,
    /// How many entries are shown.
    #[schemars(range(min = 1, max = 200))]
    entries: Option<u32>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CacheKind {
    Html,
    Structured,
    Comparison,
    Answer,
}

impl Cache {
    fn which(&self) -> apps::acts::CacheWhich {
        let kind = self.kind.map(|it| match it {
            CacheKind::Html => apps::acts::CacheKind::Html,
            CacheKind::Structured => apps::acts::CacheKind::Structured,
            CacheKind::Comparison => apps::acts::CacheKind::Comparison,
            CacheKind::Answer => apps::acts::CacheKind::Answer,
        });
        apps::acts::CacheWhich { kind, pattern: self.pattern.clone(), tag: self.tag.clone() }
    }
}

async fn cache(call: Call, args: Cache) -> Result<Answer, Problem> {
    let limit = args.entries.unwrap_or(50);
    Ok(Answer::one(call.app.engine.source_cache(args.which(), limit).await?))
}

async fn clear_cache(call: Call, args: Cache) -> Result<Answer, Problem> {
    Ok(Answer::one(call.app.engine.source_cache_clear(&call.caller, args.which()).await?))
}

#[derive(Deserialize, JsonSchema)]
struct OneRecord {
    /// The record.
    record: RecordId,
}

async fn origins(call: Call, args: OneRecord) -> Result<Answer, Problem> {
    let found = call.app.engine.source_origins(&call.caller, args.record).await?;
    Ok(Answer::page(whole(found)))
}

#[derive(Deserialize, JsonSchema)]
struct Unlock {
    /// The record.
    record: RecordId,
    /// The fields; all that are left alone when there are none.
    fields: Option<Vec<String>>,
}

async fn unlock(call: Call, args: Unlock) -> Result<Answer, Problem> {
    let fields = args.fields.unwrap_or_default();
    let found = call.app.engine.source_unlock(&call.caller, args.record, fields).await?;
    Ok(Answer::page(whole(found)))
}

/// A list that is always shown whole.
fn whole(items: Vec<Json>) -> Page<Json> {
    let total = Some(items.len() as u64);
    Page { items, next: None, prev: None, total }
}
