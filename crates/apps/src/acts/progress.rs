//! Somebody's results over time, calculated or as they are kept.

use std::{sync::Arc, time::Duration};

use base::{TenantId, Timestamp};
use identity::Caller;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use store::{Db, mark};
use tokio::runtime::Handle;
use tracing::warn;

use super::within;
use crate::{
    description::Progress,
    engine::Engine,
    error::EngineError,
    field::Data,
    progress::{
        ProgressAsk, ProgressError, Range, document_mark,
        kept::{self, Kept, Key, Metric},
        scan::{self, Results},
        who::{self, EVERYBODY, Sight, Whose},
    },
    record::{Invalid, mark_name},
};

/// The longest id of an owner.
const OWNER_CHARS: usize = 100;

/// What was calculated, and under which number it counts. Of each it is told whether it was kept already.
struct Found {
    mark: i64,
    metrics: Vec<(Metric, Kept, bool)>,
}

/// What is to be found.
struct Wanted {
    key: Key,
    spec: Progress,
    owner: Option<String>,
    metrics: Vec<Metric>,
    now: Timestamp,
    expires_at: Timestamp,
}

impl Wanted {
    /// All of it as it is kept; none when a part is not, or counts no longer.
    fn kept(&self, db: &Db, engine: &Engine) -> Result<Option<Found>, EngineError> {
        let found = self.find(db, engine, |_, _| Ok(None))?;
        Ok((found.metrics.len() == self.metrics.len()).then_some(found))
    }

    /// All of it; what is not kept is calculated.
    fn calculate(&self, db: &Db, engine: &Engine) -> Result<Found, EngineError> {
        self.find(db, engine, |metric, results| {
            let data = match metric {
                Metric::Overall => scan::overall(db, results)?,
                Metric::Criteria => scan::criteria(db, results)?,
                Metric::Recurring => scan::recurring(db, results)?,
            };
            Ok(Some(data))
        })
    }

    fn find(
        &self,
        db: &Db,
        engine: &Engine,
        calculate: impl Fn(Metric, &Results<'_>) -> Result<Option<Json>, store::Error>,
    ) -> Result<Found, EngineError> {
        let no_such = || EngineError::NoSuch { kind: "collection", name: self.spec.of.clone() };
        let kit = engine.folder().kits().get(&self.spec.of).ok_or_else(no_such)?;
        let (spec, tenant, owner) = (&self.spec, self.key.tenant, self.owner.as_deref());
        let results = Results { spec, kit, tenant, owner, range: self.key.range };
        // First the number, then the records: what is read is never older than the number says.
        let mark = mark::sum(db, &marks(spec), Some(tenant))?;
        let mut metrics = Vec::new();
        for metric in &self.metrics {
            match kept::get(db, &self.key, *metric, mark, self.now)? {
                Some(kept) => metrics.push((*metric, kept, true)),
                None => {
                    let Some(data) = calculate(*metric, &results)? else { continue };
                    let (calculated_at, expires_at) = (self.now, self.expires_at);
                    metrics.push((*metric, Kept { data, calculated_at, expires_at }, false));
                }
            }
        }
        Ok(Found { mark, metrics })
    }
}

impl Engine {
    /// What became of somebody's results, or of everybody's together.
    ///
    /// # Errors
    /// A progress that is not declared; results of others that the caller may not see.
    pub async fn progress(&self, caller: &Caller, ask: ProgressAsk) -> Result<Json, EngineError> {
        within(caller, ask.tenant)?;
        let (name, spec) = self.declared_progress(ask.progress.as_deref())?;
        let sight = self.progress_sight(caller, spec, ask.of.as_deref())?;
        let metrics = metrics(spec, sight.has_texts);
        let owner = sight.whose.owner().map(str::to_owned);
        let found = self.calculated(ask.tenant, name, spec, owner, ask.range, metrics).await?;
        let of = match sight.whose {
            Whose::One(owner) => owner,
            Whose::All => "all".to_owned(),
        };
        Ok(told(name, &of, ask.range, found))
    }

    /// Whose results somebody asks for with `of`, and what they see of them.
    pub(crate) fn progress_sight(
        &self,
        caller: &Caller,
        spec: &Progress,
        of: Option<&str>,
    ) -> Result<Sight, EngineError> {
        let of = of.map(str::trim).filter(|it| !it.is_empty());
        if of.is_some_and(|it| it.len() > OWNER_CHARS || it.contains('\0')) {
            let fault = Invalid::input("/of", "is neither `me`, `all` nor the id of a user");
            return Err(fault.into());
        }
        let roles = &self.folder().description().roles;
        Ok(who::sight(caller, of, &spec.others, roles)?)
    }

    /// The progress of this name, or the only one.
    pub(crate) fn declared_progress(
        &self,
        name: Option<&str>,
    ) -> Result<(&str, &Progress), ProgressError> {
        let all = &self.folder().description().progress;
        match name {
            Some(name) => {
                let no_such = || ProgressError::NoSuch(name.to_owned());
                let (name, spec) = all.get_key_value(name).ok_or_else(no_such)?;
                Ok((name.as_str(), spec))
            }
            None if all.len() > 1 => {
                Err(ProgressError::Unnamed("there are several; say which with `progress`"))
            }
            None => {
                let none = ProgressError::Unnamed("this application tells of no progress");
                all.iter().next().map(|(name, spec)| (name.as_str(), spec)).ok_or(none)
            }
        }
    }

    /// What became of the results of one owner, as they themselves are told.
    pub(crate) async fn progress_of(
        &self,
        tenant: TenantId,
        name: &str,
        owner: &str,
    ) -> Result<Json, EngineError> {
        let (name, spec) = self.declared_progress(Some(name))?;
        let (metrics, own) = (metrics(spec, true), Some(owner.to_owned()));
        let found = self.calculated(tenant, name, spec, own, Range::default(), metrics).await?;
        Ok(told(name, owner, Range::default(), found))
    }

    /// The newest results of one owner, the oldest of them first: `{record, at, overall}`.
    pub(crate) async fn progress_points(
        &self,
        tenant: TenantId,
        name: &str,
        owner: &str,
    ) -> Result<Vec<Json>, EngineError> {
        let (name, spec) = self.declared_progress(Some(name))?;
        let owner = Some(owner.to_owned());
        let (all, metrics) = (Range::default(), vec![Metric::Overall]);
        let found = self.calculated(tenant, name, spec, owner, all, metrics).await?;
        let mut data = found.metrics.into_iter().next().map(|it| it.1.data).unwrap_or_default();
        match data["points"].take() {
            Json::Array(points) => Ok(points),
            _ => Ok(Vec::new()),
        }
    }

    /// What is kept and counts; the rest is calculated, and kept.
    async fn calculated(
        &self,
        tenant: TenantId,
        name: &str,
        spec: &Progress,
        owner: Option<String>,
        range: Range,
        metrics: Vec<Metric>,
    ) -> Result<Found, EngineError> {
        let key = Key {
            tenant,
            progress: name.to_owned(),
            owner: owner.clone().unwrap_or_else(|| EVERYBODY.to_owned()),
            range,
            made_by: self.progress_made_by(spec),
        };
        let now = self.now();
        let expires_at = now.checked_add(spec.kept_for().unwrap_or_default()).unwrap_or(now);
        let wanted = Wanted { key, spec: spec.clone(), owner, metrics, now, expires_at };
        let wanted = Arc::new(wanted);
        let (this, asked) = (self.clone(), wanted.clone());
        if let Some(found) = self.store().read(move |db| asked.kept(db, &this)).await? {
            return Ok(found);
        }
        // A read that was quick so far runs where it is called, and one over ten thousand results is not
        // quick: it goes to a thread that may be kept.
        let (this, asked, runtime) = (self.clone(), wanted.clone(), Handle::current());
        let work = move || {
            let engine = this.clone();
            runtime.block_on(this.store().read(move |db| asked.calculate(db, &engine)))
        };
        let found = match tokio::task::spawn_blocking(work).await {
            Ok(found) => found?,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => return Err(stopping().into()),
        };
        self.keep_progress(&wanted.key, &found).await;
        Ok(found)
    }

    /// Keeps what was calculated. Whoever asked has their answer also where it cannot be kept.
    async fn keep_progress(&self, key: &Key, found: &Found) {
        let fresh = found
            .metrics
            .iter()
            .filter(|(_, kept, was_kept)| !was_kept && kept.expires_at > kept.calculated_at);
        let fresh: Vec<(Metric, Kept)> = fresh.map(|it| (it.0, it.1.clone())).collect();
        if fresh.is_empty() {
            return;
        }
        let (key, mark, progress) = (key.clone(), found.mark, key.progress.clone());
        let put = move |tx: &store::Tx| {
            for (metric, kept) in &fresh {
                kept::put(tx, &key, *metric, mark, kept)?;
            }
            if key.range != Range::default() {
                kept::trim(tx, &key)?;
            }
            Ok::<_, store::Error>(())
        };
        if let Err(error) = self.store().bookkeep("keep progress", put).await {
            warn!(progress.name = progress, error = %error, "Could not keep progress {progress}");
        }
    }

    /// What numbers rest on beside the records: what the application says of them, and the documents as
    /// they are in force here. A change while it runs moves their mark too.
    fn progress_made_by(&self, spec: &Progress) -> String {
        let mut digest = Sha256::new();
        digest.update(format!("{spec:?}"));
        for document in &spec.rests_on {
            digest.update(document);
            let said = self.folder().config(document);
            digest.update(said.map(|it| it.to_string()).unwrap_or_default());
        }
        hex::encode(&digest.finalize()[..8])
    }
}

/// What is told of a progress, with its texts or without.
fn metrics(spec: &Progress, has_texts: bool) -> Vec<Metric> {
    let mut metrics = vec![Metric::Overall];
    if spec.criteria.is_some() {
        metrics.push(Metric::Criteria);
    }
    if has_texts && !spec.recurring.is_empty() {
        metrics.push(Metric::Recurring);
    }
    metrics
}

/// Why nothing came of work on a thread of its own.
pub(super) fn stopping() -> store::Error {
    let why = "the process is stopping".to_owned();
    store::Error::Unavailable { retry_after: Duration::from_secs(1), why }
}

/// The names under which it is told that something has changed that the numbers rest on.
fn marks(spec: &Progress) -> Vec<String> {
    let documents = spec.rests_on.iter().map(|it| document_mark(it));
    std::iter::once(mark_name(&spec.of)).chain(documents).collect()
}

/// All that was found, as one answer.
fn told(progress: &str, of: &str, range: Range, found: Found) -> Json {
    let mut answer = Data::new();
    answer.insert("progress".into(), json!(progress));
    answer.insert("of".into(), json!(of));
    answer.insert("from".into(), json!(range.from()));
    answer.insert("to".into(), json!(range.to()));
    let is_cached = found.metrics.iter().all(|it| it.2);
    let calculated_at = found.metrics.iter().map(|it| it.1.calculated_at).min();
    let expires_at = found.metrics.iter().map(|it| it.1.expires_at).min();
    let mut criteria = json!({});
    let mut recurring = json!({});
    for (metric, kept, _) in found.metrics {
        match (metric, kept.data) {
            (Metric::Overall, Json::Object(data)) => answer.extend(data),
            (Metric::Criteria, data) => criteria = data,
            (Metric::Recurring, data) => recurring = data,
            (Metric::Overall, _) => {}
        }
    }
    if let Some(periods) = answer.get_mut("periods") {
        lay_beside(periods, &criteria["periods"]);
    }
    answer
        .insert("criteria".into(), criteria.get("criteria").cloned().unwrap_or_else(|| json!({})));
    answer.insert("recurring".into(), recurring);
    answer.insert("cached".into(), json!(is_cached));
    answer.insert("calculated_at".into(), json!(calculated_at));
    answer.insert("expires_at".into(), json!(expires_at));
    Json::Object(answer)
}

/// Gives each period the means of its criteria.
fn lay_beside(periods: &mut Json, means: &Json) {
    for (name, buckets) in periods.as_object_mut().into_iter().flatten() {
        for bucket in buckets.as_array_mut().into_iter().flatten() {
            let from = bucket["from"].as_str().unwrap_or_default();
            let of_period = means.get(name).and_then(|it| it.get(from)).cloned();
            bucket["criteria"] = of_period.unwrap_or_else(|| Json::Object(Map::new()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_period_has_the_means_of_its_criteria() {
        let mut periods = json!({"month": [{"from": "2026-10-01", "count": 1}, {"from": "2026-11-01", "count": 0}]});
        lay_beside(&mut periods, &json!({"month": {"2026-10-01": {"structure": 4.0}}}));
        assert_eq!(periods["month"][0]["criteria"], json!({"structure": 4.0}));
        assert_eq!(periods["month"][1]["criteria"], json!({}));
    }
}
