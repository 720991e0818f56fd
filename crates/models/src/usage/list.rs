//! Attempts as a list, the newest first.

use base::{AppKeyId, JobId, Page, PageRequest, TenantId, Timestamp, UsageId};
use store::{Db, Error, Value, params};

use super::{Entry, Outcome, row};

/// Which attempts a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this tenant; none: of all.
    pub tenant: Option<TenantId>,
    /// Of this job.
    pub job: Option<JobId>,
    /// For this operation.
    pub operation: Option<String>,
    /// With this application key.
    pub key: Option<AppKeyId>,
    /// For this task.
    pub task: Option<String>,
    /// Of this model, by the provider's name for it.
    pub model: Option<String>,
    /// Those of one question.
    pub asked: Option<UsageId>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub to: Option<Timestamp>,
}

// What narrows every list, on $1 to $9.
macro_rules! narrowed {
    () => {
        "WHERE at >= $1 AND at < $2
                AND (CAST($3 AS TEXT) IS NULL OR job = CAST($3 AS TEXT))
                AND (CAST($4 AS TEXT) IS NULL OR operation = CAST($4 AS TEXT))
                AND (CAST($5 AS TEXT) IS NULL OR key = CAST($5 AS TEXT))
                AND (CAST($6 AS TEXT) IS NULL OR task = CAST($6 AS TEXT))
                AND (CAST($7 AS TEXT) IS NULL OR model = CAST($7 AS TEXT))
                AND (CAST($8 AS TEXT) IS NULL OR asked = CAST($8 AS TEXT))
                AND (CAST($9 AS TEXT) IS NULL OR outcome = CAST($9 AS TEXT))
                "
    };
}

// One text with two holes: whose rows, and which way. A tenant's list must be found by its index.
macro_rules! list_sql {
    ($whose:literal, $beyond:literal, $order:literal) => {
        concat!(
            "SELECT id, asked, tenant, job, caller, key, operation, task, priority, provider, model,
                    tokens_in, tokens_out, tokens_cached, tokens_cache_written,
                    tokens_cache_written_1h, tokens_reasoning, tokens_audio_in, tokens_audio_out,
                    web_searches, estimated, cost_nano_usd, prices, held_nano_usd, from_cache, latency_ms,
                    ttft_ms, outcome, status, at
               FROM model_usage
              ",
            narrowed!(),
            "AND (at, id) ",
            $beyond,
            " (CAST($10 AS BIGINT), CAST($11 AS TEXT))
                ",
            $whose,
            "
              ORDER BY at ",
            $order,
            ", id ",
            $order,
            "
              LIMIT $12"
        )
    };
}

const LIST_ALL: &str = list_sql!("", "<", "DESC");
const LIST_ALL_BACK: &str = list_sql!("", ">", "ASC");
const LIST_TENANT: &str = list_sql!("AND tenant = $13", "<", "DESC");
const LIST_TENANT_BACK: &str = list_sql!("AND tenant = $13", ">", "ASC");

macro_rules! count_sql {
    ($whose:literal) => {
        concat!(
            "SELECT count(*) AS total
               FROM model_usage
              ",
            narrowed!(),
            $whose
        )
    };
}

const COUNT_ALL: &str = count_sql!("");
const COUNT_TENANT: &str = count_sql!("AND tenant = $10");

/// Attempts, the newest first.
pub fn list(db: &Db, filter: &Filter, page: &PageRequest) -> Result<Page<Entry>, Error> {
    let is_back = page.is_backwards();
    let key = page.cursor.as_ref().map(|it| it.key.as_slice()).unwrap_or_default();
    let edge = match key {
        [at, id] => (at.as_i64().unwrap_or(0), id.as_str().unwrap_or_default().to_owned()),
        _ if is_back => (i64::MIN, String::new()),
        _ => (i64::MAX, String::new()),
    };
    let mut params = filter.params();
    params.extend(params![edge.0, edge.1, i64::from(page.limit) + 1]);
    let sql = match (filter.tenant, is_back) {
        (None, false) => LIST_ALL,
        (None, true) => LIST_ALL_BACK,
        (Some(_), false) => LIST_TENANT,
        (Some(_), true) => LIST_TENANT_BACK,
    };
    params.extend(filter.tenant.map(Value::from));
    let rows = db.query(sql, &params)?.iter().map(row::read).collect::<Result<Vec<_>, _>>()?;
    let key = |it: &Entry| vec![it.at.as_microsecond().into(), it.id.to_string().into()];
    Ok(Page::of(rows, page, key))
}

/// How many attempts the whole list has.
pub fn count(db: &Db, filter: &Filter) -> Result<u64, Error> {
    let mut params = filter.params();
    let sql = if filter.tenant.is_some() { COUNT_TENANT } else { COUNT_ALL };
    params.extend(filter.tenant.map(Value::from));
    db.one(sql, &params)?.get("total")
}

impl Filter {
    fn params(&self) -> Vec<Value> {
        params![
            self.from.map_or(i64::MIN, Timestamp::as_microsecond),
            self.to.map_or(i64::MAX, Timestamp::as_microsecond),
            self.job,
            self.operation.as_deref(),
            self.key,
            self.task.as_deref(),
            self.model.as_deref(),
            self.asked.map(|it| it.to_string()),
            self.outcome.map(Outcome::name),
        ]
        .into()
    }
}
