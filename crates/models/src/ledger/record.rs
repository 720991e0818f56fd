//! A line of the journal: sixteen digits that prove it, and what happened, as JSON.
//!
//! A line that is not whole or does not prove itself is no line. Fields may be added to it and are
//! then missing in older journals; none is ever given another meaning.

use std::borrow::Cow;

use base::{AppKeyId, JobId, TenantId, UsageId, clock};
use serde::{Deserialize, Serialize};

use super::checksum;
use crate::{
    Cost, Usage, limit,
    money::NanoUsd,
    usage::{Entry, Outcome},
};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    /// A request is about to be sent; this is the row if nothing more is ever heard of it.
    Begun(Box<Entry>),
    /// It is over; this is the row.
    Ended(Box<Entry>),
    /// It did not reach anybody: no row.
    Dismissed(UsageId),
}

/// Adds a line to `into`.
pub(super) fn begun(entry: &Entry, into: &mut Vec<u8>) {
    line(What::Begun, entry.id, Some(entry), into);
}

/// Adds a line to `into`.
pub(super) fn ended(entry: &Entry, into: &mut Vec<u8>) {
    line(What::Ended, entry.id, Some(entry), into);
}

/// Adds a line to `into`.
pub(super) fn dismissed(id: UsageId, into: &mut Vec<u8>) {
    line(What::Dismissed, id, None, into);
}

/// Reads a line without its end. None when it is no line.
pub(super) fn read(line: &[u8]) -> Option<Record> {
    let (proof, text) = line.split_at_checked(PROOF + 1)?;
    let expected = std::str::from_utf8(&proof[..PROOF]).ok()?;
    if proof[PROOF] != b' ' || u64::from_str_radix(expected, 16).ok()? != checksum(text) {
        return None;
    }
    let line: Line<'_> = serde_json::from_slice(text).ok()?;
    let entry = line.row.map(|row| Box::new(entry(line.id, row)));
    match line.what {
        What::Begun => entry.map(Record::Begun),
        What::Ended => entry.map(Record::Ended),
        What::Dismissed => Some(Record::Dismissed(line.id)),
    }
}

/// Digits of the proof.
const PROOF: usize = 16;

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Begun,
    Ended,
    Dismissed,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    what: What,
    id: UsageId,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    row: Option<Facts<'a>>,
}

/// The row without its id. Times are microseconds, money is billionths of a dollar.
#[derive(Serialize, Deserialize)]
struct Facts<'a> {
    at: i64,
    asked: UsageId,
    tenant: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<JobId>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    caller: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<AppKeyId>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    task: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    priority: Option<limit::Priority>,
    #[serde(borrow)]
    provider: Cow<'a, str>,
    #[serde(borrow)]
    model: Cow<'a, str>,
    tokens_in: u64,
    tokens_out: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    cached: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    cache_written: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    cache_written_1h: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    reasoning: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    audio_in: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    audio_out: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    web_searches: u64,
    #[serde(default, skip_serializing_if = "is_false")]
    estimated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    prices: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    from_cache: bool,
    latency_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttft_ms: Option<u64>,
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_false(it: &bool) -> bool {
    !*it
}

fn line(what: What, id: UsageId, entry: Option<&Entry>, into: &mut Vec<u8>) {
    let start = into.len();
    into.extend_from_slice(&[b' '; PROOF + 1]);
    let line = Line { what, id, row: entry.map(facts) };
    // It has no map with odd keys, and writing into memory does not fail.
    let _ = serde_json::to_writer(&mut *into, &line);
    let proof = checksum(&into[start + PROOF + 1..]);
    for (at, digit) in into[start..start + PROOF].iter_mut().enumerate() {
        let nibble = (proof >> (60 - 4 * at)) & 0xf;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
    into.push(b'\n');
}

fn facts(entry: &Entry) -> Facts<'_> {
    Facts {
        at: entry.at.as_microsecond(),
        asked: entry.asked,
        tenant: entry.tenant,
        job: entry.job,
        caller: entry.caller.as_deref().map(Cow::Borrowed),
        key: entry.key,
        operation: Cow::Borrowed(&entry.operation),
        task: entry.task.as_deref().map(Cow::Borrowed),
        priority: entry.priority,
        provider: Cow::Borrowed(&entry.provider),
        model: Cow::Borrowed(&entry.model),
        tokens_in: entry.usage.tokens_in,
        tokens_out: entry.usage.tokens_out,
        cached: entry.usage.cached,
        cache_written: entry.usage.cache_written,
        cache_written_1h: entry.usage.cache_written_1h,
        reasoning: entry.usage.reasoning,
        audio_in: entry.usage.audio_in,
        audio_out: entry.usage.audio_out,
        web_searches: entry.usage.web_searches,
        estimated: entry.usage.estimated,
        cost: entry.cost.nanos().map(|it| it.0),
        prices: entry.prices.as_deref().map(Cow::Borrowed),
        held: entry.held.map(|it| it.0),
        from_cache: entry.from_cache,
        latency_ms: entry.latency_ms,
        ttft_ms: entry.ttft_ms,
        outcome: entry.outcome,
        status: entry.status,
    }
}

fn entry(id: UsageId, row: Facts<'_>) -> Entry {
    Entry {
        id,
        asked: row.asked,
        tenant: row.tenant,
        job: row.job,
        caller: row.caller.map(Cow::into_owned),
        key: row.key,
        operation: row.operation.into_owned(),
        task: row.task.map(Cow::into_owned),
        priority: row.priority,
        provider: row.provider.into_owned(),
        model: row.model.into_owned(),
        usage: Usage {
            tokens_in: row.tokens_in,
            tokens_out: row.tokens_out,
            cached: row.cached,
            cache_written: row.cache_written,
            cache_written_1h: row.cache_written_1h,
            reasoning: row.reasoning,
            audio_in: row.audio_in,
            audio_out: row.audio_out,
            web_searches: row.web_searches,
            estimated: row.estimated,
            // The cost was made of it already.
            ..Usage::default()
        },
        cost: row.cost.map_or(Cost::Unknown, |it| Cost::Known(NanoUsd(it))),
        prices: row.prices.map(Cow::into_owned),
        held: row.held.map(NanoUsd),
        from_cache: row.from_cache,
        latency_ms: row.latency_ms,
        ttft_ms: row.ttft_ms,
        outcome: row.outcome,
        status: row.status,
        at: clock::from_micros(row.at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    fn written(write: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut line = Vec::new();
        write(&mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        assert!(!line.contains(&b'\n'), "{}", String::from_utf8_lossy(&line));
        line
    }

    #[test]
    fn what_is_written_is_read_whole() {
        let mut full = sample::entry();
        full.caller = Some("a \"caller\"\nof two lines\u{0}".into());
        full.key = Some(AppKeyId::generate());
        full.job = Some(JobId::generate());
        full.task = Some("sort".into());
        full.priority = Some(limit::Priority::Low);
        full.usage = Usage {
            tokens_in: u64::MAX,
            tokens_out: 2,
            cached: 3,
            cache_written: 4,
            cache_written_1h: 2,
            reasoning: 1,
            audio_in: 5,
            audio_out: 6,
            web_searches: 7,
            estimated: true,
            ..Usage::default()
        };
        full.prices = Some("0123".into());
        full.held = Some(NanoUsd(7));
        full.from_cache = true;
        full.ttft_ms = Some(12);
        full.status = Some(200);
        for entry in [sample::entry(), full] {
            let begun = read(&written(|it| begun(&entry, it)));
            assert_eq!(begun, Some(Record::Begun(Box::new(entry.clone()))));
            let ended = read(&written(|it| ended(&entry, it)));
            assert_eq!(ended, Some(Record::Ended(Box::new(entry.clone()))));
            let dismissed = read(&written(|it| dismissed(entry.id, it)));
            assert_eq!(dismissed, Some(Record::Dismissed(entry.id)));
        }
    }

    #[test]
    fn a_line_that_was_cut_or_changed_anywhere_is_no_line() {
        let line = written(|it| ended(&sample::entry(), it));
        for at in 0..line.len() {
            assert_eq!(read(&line[..at]), None, "cut at {at}");
            let mut changed = line.clone();
            changed[at] ^= 1;
            assert_eq!(read(&changed), None, "changed at {at}");
        }
    }
}
