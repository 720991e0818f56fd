//! Completing records by a task: batch by batch, each answer laid beside its records.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value as Json, json};
use work::Failure;

use super::{
    answers,
    steps::{Steps, failure},
};
use crate::{
    description::Counted,
    error::EngineError,
    field,
    task::{
        Asker, Draft,
        answer::{EachAnswered, RULES},
    },
};

/// Batches asked about at the same time; a provider's own limit is kept by `models`.
const AT_ONCE: usize = 2;

/// What a task said while it filled records.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filled {
    /// About the whole, in sentences.
    pub(crate) summary: Option<String>,
    /// About the whole, as data.
    pub(crate) details: Option<Json>,
    /// `rules`, a model, or both.
    pub(crate) produced_by: Option<String>,
    /// Tokens used.
    pub(crate) tokens_used: u64,
    /// Positions of the records for which nobody answered.
    pub(crate) lost: Vec<usize>,
    /// Records that a model left out and rules answered for.
    pub(crate) completed_by_rules: usize,
    /// Entries that named no record.
    pub(crate) stray: usize,
}

/// Asks the task about all drafts and fills them. Progress goes from `from` to `to` percent.
pub(crate) async fn run(
    steps: &Steps,
    asker: &Asker,
    drafts: &mut [Draft],
    (from, to): (u8, u8),
) -> Result<Filled, Failure> {
    let task = &asker.kit.description;
    let seen: Vec<Map<String, Json>> = drafts.iter().map(Draft::seen).collect();
    let mut filled = Filled::default();
    let mut place = 0;
    for answered in ask_all(steps, asker, &seen, (from, to)).await? {
        for entry in &answered.entries {
            match entry {
                Some(entry) => drafts[place].fill(task, entry),
                None => filled.lost.push(place),
            }
            place += 1;
        }
        filled.take(asker, &answered);
    }
    if let Some(fields) = &task.summary
        && !fields.counted.is_empty()
    {
        count(&fields.counted, drafts, filled.details.get_or_insert_with(|| json!({})));
    }
    Ok(filled)
}

/// Puts into the details what the records themselves say.
fn count(counted: &Counted, drafts: &[Draft], details: &mut Json) {
    let Some(details) = details.as_object_mut() else { return };
    let of = |name: &str| {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        let values = drafts.iter().filter_map(|it| field::get(&it.data, name));
        for value in values.map(field::display).filter(|it| !it.is_empty()) {
            *found.entry(value).or_default() += 1;
        }
        found
    };
    if let Some(total) = &counted.total {
        details.insert(total.clone(), drafts.len().into());
    }
    for (to, name) in &counted.values {
        details.insert(to.clone(), of(name).into_keys().collect());
    }
    for (to, name) in &counted.breakdown {
        details.insert(to.clone(), json!(of(name)));
    }
}

/// Asks the task about all records, each batch for itself, and hands back the whole answers in the
/// order of the records.
pub(crate) async fn ask_all(
    steps: &Steps,
    asker: &Asker,
    seen: &[Map<String, Json>],
    (from, to): (u8, u8),
) -> Result<Vec<EachAnswered>, Failure> {
    let task = &asker.kit.description;
    let size = match task.batch {
        Some(batch) if !(task.whole && asker.is_ruled()) => batch as usize,
        _ => seen.len().max(1),
    };
    let of = seen.len().div_ceil(size);
    let ask = |(at, batch): (usize, &[Map<String, Json>])| {
        let batch = batch.to_vec();
        async move {
            let answered = one(steps, asker, batch, at, of).await?;
            let percent = from + (usize::from(to - from) * (at + 1) / of) as u8;
            steps.progress(percent, &format!("{}: {} of {of}", task.title, at + 1)).await?;
            Ok::<_, Failure>(answered)
        }
    };
    let mut batches = seen.chunks(size).enumerate();
    let Some(batch) = batches.next() else { return Ok(Vec::new()) };
    let mut answers = vec![ask(batch).await?];
    if task.whole && of > 1 && answers[0].produced_by == RULES {
        // No model after all: rules that look at the whole must see the whole.
        return Ok(vec![one(steps, asker, seen.to_vec(), 0, 1).await?]);
    }
    let rest: Vec<_> = stream::iter(batches.map(ask)).buffered(AT_ONCE).try_collect().await?;
    answers.extend(rest);
    Ok(answers)
}

async fn one(
    steps: &Steps,
    asker: &Asker,
    batch: Vec<Map<String, Json>>,
    at: usize,
    of: usize,
) -> Result<EachAnswered, Failure> {
    let (job, tenant) = (steps.job().id, steps.job().tenant);
    let name = asker.kit.name.clone();
    // An attempt that was handed back is not counted, so this is asked in the first one too.
    let kept = steps.read(move |db| Ok(answers::get(db, tenant, job, &name, at)?)).await?;
    if let Some(kept) = kept.filter(|it| it.entries.len() == batch.len()) {
        return Ok(kept);
    }
    let answered =
        asker.each(&batch, at + 1, of).await.map_err(|it| failure(EngineError::from(it)))?;
    if answered.produced_by != RULES {
        let (name, kept) = (asker.kit.name.clone(), answered.clone());
        steps
            .build(move |tx, act| Ok(answers::keep(tx, tenant, job, &name, at, &kept, act.now)?))
            .await?;
    }
    Ok(answered)
}

impl Filled {
    /// Did a model say any of it?
    pub(crate) fn is_by_model(&self) -> bool {
        self.produced_by.as_deref().is_some_and(|it| it != RULES)
    }

    fn take(&mut self, asker: &Asker, answered: &EachAnswered) {
        self.tokens_used += answered.tokens_used;
        self.completed_by_rules += answered.completed_by_rules;
        self.stray += answered.stray;
        self.produced_by = Some(match self.produced_by.take() {
            Some(earlier) if earlier != answered.produced_by => {
                both(&earlier, &answered.produced_by)
            }
            _ => answered.produced_by.clone(),
        });
        let Some(fields) = &asker.kit.description.summary else { return };
        if let Some(text) = answered.value.get(&fields.text).and_then(Json::as_str) {
            let summary = self.summary.get_or_insert_default();
            if !summary.contains(text) {
                if !summary.is_empty() {
                    summary.push(' ');
                }
                summary.push_str(text);
            }
        }
        let details = fields.details.as_ref().and_then(|it| answered.value.get(it));
        if let Some(details) = details {
            match &mut self.details {
                Some(all) => merge(all, details),
                None => self.details = Some(details.clone()),
            }
        }
    }
}

fn both(one: &str, other: &str) -> String {
    if one.split(", ").any(|it| it == other) { one.to_owned() } else { format!("{one}, {other}") }
}

/// Lists grow by what they lack, objects go deeper, the first of everything else stays.
fn merge(all: &mut Json, more: &Json) {
    match (all, more) {
        (Json::Array(all), Json::Array(more)) => {
            for value in more {
                if !all.contains(value) {
                    all.push(value.clone());
                }
            }
        }
        (Json::Object(all), Json::Object(more)) => {
            for (name, value) in more {
                match all.get_mut(name) {
                    Some(there) => merge(there, value),
                    None => {
                        all.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_themselves_are_counted() {
        let drafts: Vec<Draft> = [
            json!({"use": "water"}),
            json!({"use": "storm"}),
            json!({"use": "water"}),
            json!({"use": null}),
        ]
        .iter()
        .map(|it| Draft::new(it.as_object().cloned().unwrap_or_default(), None))
        .collect();
        let counted = serde_json::from_value(json!({
            "total": "total", "values": {"found": "use"}, "breakdown": {"uses": "use"},
        }));
        let mut details = json!({"total": 2, "uses": {"made up": 9}, "kept": true});
        count(&counted.expect("what is counted"), &drafts, &mut details);
        assert_eq!(
            details,
            json!({"total": 4, "uses": {"storm": 1, "water": 2}, "kept": true, "found": ["storm", "water"]})
        );
    }

    #[test]
    fn what_batches_say_is_put_together() {
        let mut all = json!({"total": 4, "found": ["31"], "deep": {"a": 1}});
        merge(&mut all, &json!({"total": 4, "found": ["31", "33"], "deep": {"b": 2}}));
        assert_eq!(all, json!({"total": 4, "found": ["31", "33"], "deep": {"a": 1, "b": 2}}));
    }

    #[test]
    fn two_makers_are_named_once_each() {
        assert_eq!(both("rules", "openai/gpt-4o"), "rules, openai/gpt-4o");
        assert_eq!(both("rules, openai/gpt-4o", "rules"), "rules, openai/gpt-4o");
    }
}
