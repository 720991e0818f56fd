//! A new version from a list of changes: records that are recognised are changed, others are added.
//!
//! Nothing is taken out by a list. Recognised is by the fields that the collection declares under
//! `match`, the first first.

use std::collections::{BTreeSet, HashMap, HashSet};

use base::VersionId;
use serde_json::{Value as Json, json};
use work::Failure;

use super::{
    embed_version, fill,
    import::{self, Payload},
    propose,
    steps::Steps,
};
use crate::{
    field::{self, Data},
    record::{Checked, CollectionKit, Invalid, Record},
    table::{Level, Line, Report},
    task::Draft,
    version::{self, NewVersion, Origin, Outcome},
};

/// What a list does to the records that are there.
#[derive(Debug, Default, PartialEq)]
struct Merged {
    /// All records of the new version: those that were there in their order, then the new ones.
    drafts: Vec<Draft>,
    /// Those that were there, before any row.
    before: Vec<Before>,
    /// Where the new ones begin.
    new_from: usize,
    changed: usize,
    unchanged: usize,
    /// Rows that change a record which an earlier row changed, and the field that tells so.
    repeated: Vec<(Option<u64>, String)>,
}

/// A record that was there.
#[derive(Debug, Default, PartialEq)]
struct Before {
    data: Data,
    /// The fields of which rows say something.
    named: BTreeSet<String>,
}

pub(crate) async fn run(steps: &Steps) -> Result<Json, Failure> {
    let plan: Payload = steps.payload()?;
    let record = steps.record(plan.record).await?;
    let children = steps.children(&record)?;
    let (done, result) = match import::finished(steps) {
        Some(done) => done,
        None => Box::pin(make(steps, &plan, &record, children)).await?,
    };
    let embedded = embed_version::run(steps, done, children, 90).await?;
    Ok(import::with(result, embedded))
}

async fn make(
    steps: &Steps,
    plan: &Payload,
    record: &Record,
    children: &CollectionKit,
) -> Result<(VersionId, Json), Failure> {
    steps.progress(5, "Reading the list").await?;
    steps.discard_unfinished().await?;
    let (incoming, mut report) = import::read(steps, plan, children).await?;
    let base = record.active_version.clone();
    let there = match &base {
        Some(active) => {
            let id = active.id;
            steps.read(move |db| Ok(version::records(db, id)?)).await?
        }
        None => Vec::new(),
    };
    let mut merged = merge(there, incoming, &children.spec.matched_by);
    note_repeated(&merged, &mut report);
    steps.progress(25, &format!("Read {} rows", report.rows_read)).await?;

    let mut said = fill::Filled::default();
    let mut inputs = json!({});
    let mut prompts = Vec::new();
    let tasks = steps.engine.folder().description().changes.tasks.clone();
    let fresh = &mut merged.drafts[merged.new_from..];
    if !fresh.is_empty() {
        for name in &tasks {
            let asker = steps.engine.asker(steps, name, record, &json!({}), fresh.len()).await?;
            said = fill::run(steps, &asker.asker, fresh, (30, 60)).await?;
            inputs = asker.inputs;
            prompts.extend(asker.prompt_version.filter(|_| said.is_by_model()));
        }
    }
    let renumbered = import::renumber(children, &mut merged.drafts, []);
    import::note_renumbered(children, &renumbered, &merged.drafts, &mut report);
    let added = merged.drafts.len() - merged.new_from;
    let (ids, ready) = import::checked_as(merged.drafts, &mut report, |at, data| {
        becomes(children, merged.before.get(at), data)
    });
    let count = ready.len();

    let label = plan.label.clone().unwrap_or_else(|| match (added, merged.changed) {
        (added, 0) => format!("{added} added"),
        (0, changed) => format!("{changed} changed"),
        (added, changed) => format!("{added} added, {changed} changed"),
    });
    let new = NewVersion {
        notes: plan.notes.clone(),
        job: Some(steps.job().id),
        inputs: Some(inputs),
        based_on: base.map(|it| it.id),
        ..NewVersion::new(record.id, Origin::Change, label)
    };
    let version = import::build(steps, new, ids, ready).await?;
    let outcome = Outcome {
        summary: Some(format!(
            "{added} added, {} changed, {} as before.",
            merged.changed, merged.unchanged
        )),
        warnings: Some(import::warnings(&report)),
        prompt_version: Some(prompts.join(", ")).filter(|it| !it.is_empty()),
        produced_by: said.produced_by.clone(),
        tokens_used: Some(said.tokens_used as i64).filter(|it| *it > 0),
        ..Outcome::default()
    };
    let result = json!({
        "record": record.id,
        "version": version,
        "record_count": count,
        "counts": {"added": added, "changed": merged.changed, "unchanged": merged.unchanged},
        "produced_by": said.produced_by,
        "rows": {"read": report.rows_read, "kept": report.kept, "skipped": report.skipped, "warned": report.warned},
        "report": report.lines,
        "report_left_out": report.lines_left_out,
    });
    import::activate(steps, version, outcome, propose::Proposed::default(), result.clone()).await?;
    Ok((version, result))
}

/// Lays a list over the records that are there. No I/O: this is the part the tests pin down.
fn merge(there: Vec<Record>, incoming: Vec<Draft>, matched_by: &[String]) -> Merged {
    let mut merged = Merged::default();
    let mut index: Vec<HashMap<String, usize>> = vec![HashMap::new(); matched_by.len()];
    for record in there {
        let data = record.data;
        merged.before.push(Before { data: data.clone(), ..Before::default() });
        for (name, places) in matched_by.iter().zip(&mut index) {
            if let Some(key) = key(&data, name) {
                places.entry(key).or_insert(merged.drafts.len());
            }
        }
        merged.drafts.push(Draft {
            data,
            lineage: Some(record.lineage),
            id: Some(record.id),
            row: None,
        });
    }
    merged.new_from = merged.drafts.len();
    let mut touched: HashSet<usize> = HashSet::new();
    for draft in incoming {
        let mut places = matched_by.iter().zip(&index);
        let found =
            places.find_map(|(name, places)| Some((*places.get(&key(&draft.data, name)?)?, name)));
        let Some((at, name)) = found else {
            merged.drafts.push(draft);
            continue;
        };
        if !touched.insert(at) {
            merged.repeated.push((draft.row, name.clone()));
        }
        let before = merged.drafts[at].data.clone();
        let said = draft.data.iter().filter(|it| !it.1.is_null());
        merged.before[at].named.extend(said.map(|it| it.0.clone()));
        overlay(&mut merged.drafts[at].data, draft.data);
        merged.drafts[at].row = draft.row;
        if merged.drafts[at].data != before {
            merged.changed += 1;
        }
    }
    merged.unchanged = merged.new_from.saturating_sub(merged.changed);
    merged
}

/// What a record holds in the new version. Of one that was there no more is asked than hangs on what rows change:
/// what no row mentions is taken as it is.
fn becomes(
    children: &CollectionKit,
    before: Option<&Before>,
    data: Data,
) -> Result<Checked, Invalid> {
    let Some(before) = before else { return children.check(data) };
    let named: Vec<&str> = before.named.iter().map(String::as_str).collect();
    let changed = children.changed_to(&before.data, Json::Object(data), &named)?;
    Ok(changed.unwrap_or_else(|| Checked::stored(children, before.data.clone())))
}

/// What a row says replaces what was there; what it leaves out stays.
fn overlay(data: &mut Data, more: Data) {
    for (name, value) in more {
        match (data.get_mut(&name), value) {
            (_, Json::Null) => {}
            (Some(Json::Object(own)), Json::Object(more)) => overlay(own, more),
            (_, value) => {
                data.insert(name, value);
            }
        }
    }
}

fn key(data: &Data, name: &str) -> Option<String> {
    let text = field::display(field::get(data, name)?).trim().to_lowercase();
    (!text.is_empty()).then_some(text)
}

fn note_repeated(merged: &Merged, report: &mut Report) {
    for (row, field) in &merged.repeated {
        let line = Line {
            row: *row,
            column: None,
            level: Level::Warning,
            code: "repeated_row",
            message: "an earlier row changed the same record; this one was laid over it".into(),
        };
        report.settle(field, line);
    }
}

#[cfg(test)]
mod tests {
    use base::{RecordId, TenantId, Timestamp};

    use super::*;
    use crate::{description::Description, record::Kits, schema::Schema};

    fn record(position: i64, data: Json) -> Record {
        let id = RecordId::generate();
        Record {
            id,
            tenant: TenantId::DEFAULT,
            collection: "items".into(),
            parent: None,
            version: None,
            lineage: id,
            position,
            data: data.as_object().cloned().unwrap_or_default(),
            revision: 1,
            active_version: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
            created_by: "mainstay".into(),
        }
    }

    #[track_caller]
    fn check(there: &[Json], incoming: &[Json], expected: &[Json], counts: (usize, usize)) {
        let there =
            there.iter().enumerate().map(|(at, it)| record(at as i64, it.clone())).collect();
        let incoming = incoming
            .iter()
            .map(|it| Draft::new(it.as_object().cloned().unwrap_or_default(), None))
            .collect();
        let merged = merge(there, incoming, &["code".to_owned(), "label".to_owned()]);
        let data: Vec<_> = merged.drafts.iter().map(|it| Json::Object(it.data.clone())).collect();
        assert_eq!(data, expected);
        assert_eq!((merged.changed, merged.unchanged), counts);
    }

    #[test]
    fn a_record_is_recognised_by_its_code_first() {
        check(
            &[json!({"code": "A", "label": "x"}), json!({"code": "B", "label": "y"})],
            &[json!({"code": "a", "label": "y"})],
            &[json!({"code": "a", "label": "y"}), json!({"code": "B", "label": "y"})],
            (1, 1),
        );
    }

    #[test]
    fn a_record_is_recognised_by_its_label_when_no_code_is_given() {
        check(
            &[json!({"code": "A", "label": "Pipe", "more": {"a": 1}})],
            &[json!({"label": "pipe", "more": {"b": 2}})],
            &[json!({"code": "A", "label": "pipe", "more": {"a": 1, "b": 2}})],
            (1, 0),
        );
    }

    #[test]
    fn what_a_row_leaves_out_stays() {
        check(
            &[json!({"code": "A", "label": "x"})],
            &[json!({"code": "A", "label": null})],
            &[json!({"code": "A", "label": "x"})],
            (0, 1),
        );
    }

    #[test]
    fn what_is_not_recognised_is_added_at_the_end() {
        check(
            &[json!({"code": "A"})],
            &[json!({"code": "C"})],
            &[json!({"code": "A"}), json!({"code": "C"})],
            (0, 1),
        );
    }

    #[test]
    fn what_no_row_mentions_is_taken_as_it_is_whatever_is_asked_of_records_now() {
        let description: Description = serde_json::from_value(json!({
            "app": "pipes", "title": "Pipes",
            "collections": {"items": {
                "noun": "item", "schema": "item", "title": "label",
                "rules": [{"must": "it.use != 'storm' or it.size", "field": "size", "says": "must be given"}]
            }}
        }))
        .expect("it is a description");
        let schema = json!({"type": "object", "properties": {
            "code": {"type": "string"}, "label": {"type": "string"}, "size": {"type": "integer"},
            "use": {"type": "string", "default": "storm"}
        }});
        let kits = Kits::new(&description, |_| Schema::compile(&schema).ok()).expect("it is whole");
        let children = kits.get("items").expect("declared");
        let there = [json!({"code": "A", "label": "x"}), json!({"code": "B", "label": "y"})];
        let there = there.into_iter().enumerate().map(|(at, it)| record(at as i64, it)).collect();
        let rows = [json!({"code": "B", "label": "z"}), json!({"code": "C", "size": 3})];
        let rows = rows.iter().map(|it| it.as_object().cloned().unwrap_or_default());
        let rows = rows.map(|it| Draft::new(it, None)).collect();

        let merged = merge(there, rows, &["code".to_owned()]);
        let mut report = Report::default();
        let (_, ready) = import::checked_as(merged.drafts, &mut report, |at, data| {
            becomes(children, merged.before.get(at), data)
        });
        let made: Vec<_> = ready.iter().map(|it| Json::Object(it.data().clone())).collect();
        let added = json!({"code": "C", "size": 3, "use": "storm"});
        let expected =
            [json!({"code": "A", "label": "x"}), json!({"code": "B", "label": "z"}), added];
        assert_eq!(made, expected);
        assert_eq!(report.skipped, 0);
    }
}
