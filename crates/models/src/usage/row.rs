//! A row of the ledger: how it is written and read.

use std::{
    collections::HashSet,
    fmt::{self, Write},
    str::FromStr,
    sync::LazyLock,
};

use base::UsageId;
use store::{Error, Row, Tx, Value, params};

use super::Entry;
use crate::{Cost, Usage, money::NanoUsd};

const COLUMNS: [&str; 32] = [
    "id",
    "asked",
    "tenant",
    "job",
    "caller",
    "key",
    "operation",
    "task",
    "priority",
    "provider",
    "model",
    "tokens_in",
    "tokens_out",
    "tokens_total",
    "tokens_cached",
    "tokens_cache_written",
    "tokens_cache_written_1h",
    "tokens_reasoning",
    "tokens_audio_in",
    "tokens_audio_out",
    "web_searches",
    "estimated",
    "cost_nano_usd",
    "prices",
    "held_nano_usd",
    "from_cache",
    "latency_ms",
    "ttft_ms",
    "outcome",
    "status",
    "at",
    "replayed",
];

/// What a provider says beyond this is nonsense, and must not keep its row from being written.
pub(crate) const TOKENS_MAX: u64 = 1 << 40;

/// Rows of one statement: few sizes, so that few statements are prepared.
const SIZES: [usize; 4] = [64, 16, 4, 1];
/// Each is longer than what most requests are about, and written once.
static TEXTS: LazyLock<[String; SIZES.len()]> = LazyLock::new(|| SIZES.map(text));

/// Writes the rows that are not there yet; says which these were. `replayed` marks rows that were
/// found in the journal of a process that was killed.
pub(crate) fn insert_missing(
    tx: &Tx,
    entries: &[Entry],
    replayed: bool,
) -> Result<HashSet<UsageId>, Error> {
    let mut written = HashSet::with_capacity(entries.len());
    let mut rest = entries;
    while !rest.is_empty() {
        let at = SIZES.iter().position(|it| *it <= rest.len()).unwrap_or(SIZES.len() - 1);
        let (these, others) = rest.split_at(SIZES[at]);
        rest = others;
        let params: Vec<Value> = these.iter().flat_map(|it| values(it, replayed)).collect();
        for row in tx.query(&TEXTS[at], &params)? {
            written.insert(parsed(&row, "id")?);
        }
    }
    Ok(written)
}

fn text(rows: usize) -> String {
    let mut text = format!("INSERT INTO model_usage ({}) VALUES ", COLUMNS.join(", "));
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..COLUMNS.len() {
            let comma = if column == 0 { "" } else { ", " };
            // Writing into a text cannot fail.
            let _ = write!(text, "{comma}${}", row * COLUMNS.len() + column + 1);
        }
        text.push(')');
    }
    text.push_str(" ON CONFLICT (id) DO NOTHING RETURNING id");
    text
}

fn values(entry: &Entry, replayed: bool) -> [Value; COLUMNS.len()] {
    let usage = &entry.usage;
    let (tokens_in, tokens_out) =
        (usage.tokens_in.min(TOKENS_MAX), usage.tokens_out.min(TOKENS_MAX));
    params![
        entry.id.to_string(),
        entry.asked.to_string(),
        entry.tenant,
        entry.job,
        entry.caller.as_deref().map(storable),
        entry.key,
        storable(&entry.operation),
        entry.task.as_deref().map(storable),
        entry.priority.map(crate::limit::Priority::name),
        storable(&entry.provider),
        storable(&entry.model),
        tokens_in,
        tokens_out,
        tokens_in + tokens_out,
        usage.cached.min(TOKENS_MAX),
        usage.cache_written.min(TOKENS_MAX),
        usage.cache_written_1h.min(TOKENS_MAX),
        usage.reasoning.min(TOKENS_MAX),
        usage.audio_in.min(TOKENS_MAX),
        usage.audio_out.min(TOKENS_MAX),
        usage.web_searches.min(TOKENS_MAX),
        usage.estimated,
        entry.cost.nanos().map(|it| it.0),
        entry.prices.as_deref(),
        entry.held.map(|it| it.0),
        entry.from_cache,
        entry.latency_ms,
        entry.ttft_ms,
        entry.outcome.name(),
        entry.status.map(i64::from),
        entry.at,
        replayed,
    ]
}

/// A text from outside must not keep a row from being written, nor the rows beside it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn read(row: &Row) -> Result<Entry, Error> {
    let count = |column: &str| Ok::<_, Error>(u64::try_from(row.get::<i64>(column)?).unwrap_or(0));
    let nanos = |column: &str| Ok::<_, Error>(row.get::<Option<i64>>(column)?.map(NanoUsd));
    let priority: Option<String> = row.get("priority")?;
    Ok(Entry {
        id: parsed(row, "id")?,
        asked: parsed(row, "asked")?,
        tenant: row.get("tenant")?,
        job: row.get("job")?,
        caller: row.get("caller")?,
        key: row.get("key")?,
        operation: row.get("operation")?,
        task: row.get("task")?,
        priority: priority.and_then(|it| it.parse().ok()),
        provider: row.get("provider")?,
        model: row.get("model")?,
        usage: Usage {
            tokens_in: count("tokens_in")?,
            tokens_out: count("tokens_out")?,
            cached: count("tokens_cached")?,
            cache_written: count("tokens_cache_written")?,
            cache_written_1h: count("tokens_cache_written_1h")?,
            reasoning: count("tokens_reasoning")?,
            audio_in: count("tokens_audio_in")?,
            audio_out: count("tokens_audio_out")?,
            web_searches: count("web_searches")?,
            estimated: row.get("estimated")?,
            // The cost was made of it already.
            ..Usage::default()
        },
        cost: nanos("cost_nano_usd")?.map_or(Cost::Unknown, Cost::Known),
        prices: row.get("prices")?,
        held: nanos("held_nano_usd")?,
        from_cache: row.get("from_cache")?,
        latency_ms: count("latency_ms")?,
        ttft_ms: row.get("ttft_ms")?,
        outcome: parsed(row, "outcome")?,
        status: row.get::<Option<i64>>("status")?.and_then(|it| u16::try_from(it).ok()),
        at: row.get("at")?,
    })
}

/// A column whose text is parsed.
fn parsed<T: FromStr<Err: fmt::Display>>(row: &Row, column: &str) -> Result<T, Error> {
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|it: T::Err| Error::Column { column: column.to_owned(), what: it.to_string() })
}
