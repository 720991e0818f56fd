//! Completing: what the rules did not find is asked for, politely, once for each thing.
//!
//! What a record has already from an earlier answer is taken over while that on which the answer hangs
//! has not changed. Nobody is asked twice for the same within a week. When nobody answers, the record is
//! kept as it is, marked, and tried again by a later run. What is asked for anew in every run is held
//! as the source said it last wherever nobody answers now.

mod ask;
mod tally;

pub(crate) use ask::{IN_VAIN_MAX, in_vain_after, task_called};

use std::collections::HashMap;

use serde_json::Value as Json;
use store::{Db, Error};

use self::tally::Tally;
use crate::{
    decide::same,
    description::{Completion, TaskAsk},
    expression::{Bench, Data, Scope, Wrong, value_of},
    finding::{Code, Finding},
    harvest::{Item, is_empty, seen},
    item,
    program::PAGE,
    shelf::Kept,
    trip::{Stop, Trip},
};

/// What an item asks for.
struct Wish {
    /// Which item.
    at: usize,
    /// What is asked: equal ones are asked once.
    subject: Json,
}

/// What is to be asked for.
#[derive(Default)]
struct Wishes {
    all: Vec<Wish>,
    /// Items for which nobody knows what to ask, and why.
    unclear: Vec<(usize, String)>,
}

/// What came of asking.
enum Answered {
    /// This; null is an answer too.
    With(Json),
    /// Nothing, and why.
    Not(String),
}

/// What is there of an item already.
struct There {
    /// Its record.
    kept: Kept,
    /// What the source said of it last.
    written: Data,
}

impl Trip<'_> {
    /// Completes records, one kind of completion after the other. Hands back the places of those that
    /// nobody completed although they asked for it.
    pub(crate) async fn complete(&mut self, items: &mut [Item]) -> Result<Vec<usize>, Stop> {
        let program = self.program.clone();
        let completions = &program.source().complete;
        if completions.is_empty() || items.is_empty() || self.flags.validate {
            return Ok(Vec::new());
        }
        let there = self.there(items).await?;
        let mut lacking = Vec::new();
        for (number, completion) in completions.iter().enumerate() {
            let wishes = self.wishes(completion, items, &there)?;
            if wishes.all.is_empty() && wishes.unclear.is_empty() && !completion.anew {
                continue;
            }
            let answers = self.answers(number, completion, items, &wishes.all).await?;
            let tally = self.fill(completion, items, wishes, answers, &mut lacking)?;
            if completion.anew {
                for item in items.iter_mut() {
                    if let Some(there) = there.get(&item.key) {
                        hold(completion, item, there);
                    }
                }
            }
            self.counts.completed += tally.answered;
            let fields = completion.fields.join(", ");
            for (why, count) in tally.reasons() {
                let message = format!("{count} records without {fields}: {why}");
                self.tell(Finding::new(Code::NotCompleted, message));
            }
        }
        lacking.sort_unstable();
        lacking.dedup();
        Ok(lacking)
    }

    /// The records that are there already, by the key of their item.
    async fn there(&self, items: &[Item]) -> Result<HashMap<String, There>, Stop> {
        let keys: Vec<String> = items.iter().map(|it| it.key.clone()).collect();
        let (shelf, of) = (self.room.shelf().clone(), self.of.clone());
        let read = move |db: &Db| {
            let known = item::known(db, &of, &keys)?;
            let ids: Vec<_> = known.values().map(|it| it.record).collect();
            let mut kept = HashMap::new();
            for part in ids.chunks(200) {
                for it in shelf.by_ids(db, of.tenant, part)? {
                    kept.insert(it.id, it);
                }
            }
            let there = known.into_iter();
            let there = there.filter_map(|(key, it)| {
                let kept = kept.get(&it.record)?.clone();
                Some((key, There { kept, written: it.written.unwrap_or_default() }))
            });
            Ok::<_, Error>(there.collect())
        };
        Ok(self.room.store().read(read).await?)
    }

    /// What is to be asked for. Items whose record has it already take it over. One for which an expression fails
    /// costs the others nothing.
    fn wishes(
        &self,
        completion: &Completion,
        items: &mut [Item],
        there: &HashMap<String, There>,
    ) -> Result<Wishes, Stop> {
        let bench = self.program.bench()?;
        let mut wishes = Wishes::default();
        for (at, item) in items.iter_mut().enumerate() {
            if let Some(there) = there.get(&item.key).filter(|_| !completion.anew) {
                take_over(completion, item, &there.kept);
            }
            let scope = self.scope.with("it", seen(self.program.source(), &item.data));
            let subject = match subject(completion, item, &bench, &scope) {
                Ok(Some(subject)) => subject,
                Ok(None) => continue,
                Err(wrong) => {
                    wishes.unclear.push((at, wrong.0));
                    continue;
                }
            };
            let is_paged = completion.task.as_ref().is_some_and(|it| it.page.is_some());
            if is_paged && subject.get(PAGE).is_none_or(is_empty) {
                continue;
            }
            if !is_empty(&subject) {
                wishes.all.push(Wish { at, subject });
            }
        }
        Ok(wishes)
    }

    /// Fills what is empty with what was answered.
    fn fill(
        &self,
        completion: &Completion,
        items: &mut [Item],
        wishes: Wishes,
        answers: HashMap<String, Answered>,
        lacking: &mut Vec<usize>,
    ) -> Result<Tally, Stop> {
        let bench = self.program.bench()?;
        let mut tally = Tally::default();
        for (at, why) in wishes.unclear {
            tally.lacks(Some(why.as_str()));
            lacking.push(at);
            mark(completion.marks.as_deref(), &mut items[at], true);
        }
        for wish in wishes.all {
            let item = &mut items[wish.at];
            let answer = match answers.get(&wish.subject.to_string()) {
                Some(Answered::With(answer)) => answer,
                other => {
                    tally.lacks(match other {
                        Some(Answered::Not(why)) => Some(why.as_str()),
                        _ => None,
                    });
                    lacking.push(wish.at);
                    mark(completion.marks.as_deref(), item, true);
                    continue;
                }
            };
            let filled = match self.filled(completion, item, answer, &bench) {
                Ok(filled) => filled,
                Err(wrong) => {
                    tally.lacks(Some(wrong.0.as_str()));
                    lacking.push(wish.at);
                    mark(completion.marks.as_deref(), item, true);
                    continue;
                }
            };
            tally.answered += 1;
            for (name, value) in filled {
                let is_open = item.data.get(&name).is_none_or(is_empty);
                if is_open && !is_empty(&value) {
                    item.data.insert(name, value);
                }
            }
            mark(completion.attempted.as_deref(), item, true);
            mark(completion.marks.as_deref(), item, false);
        }
        Ok(tally)
    }

    /// What an answer fills of an item; or why it is nonsense.
    fn filled(
        &self,
        completion: &Completion,
        item: &Item,
        answer: &Json,
        bench: &Bench<'_>,
    ) -> Result<Data, Wrong> {
        let it = seen(self.program.source(), &item.data);
        let scope = self.scope.with("it", it).with("answer", value_of(answer));
        let value = |(name, text): (&String, &String)| {
            let value = bench.json(text, &scope);
            let value = value.map_err(|wrong| Wrong(format!("`{name}`: {wrong}")))?;
            Ok((name.clone(), value))
        };
        completion.fills.iter().map(value).collect()
    }

    /// Is an answer one that may be kept? Nonsense is asked for again.
    fn makes_sense(
        &self,
        completion: &Completion,
        item: &Item,
        answer: &Json,
    ) -> Result<bool, Wrong> {
        Ok(self.filled(completion, item, answer, &self.program.bench()?).is_ok())
    }
}

/// Takes over what the record has from an earlier answer, while that on which it hangs is as it was.
fn take_over(completion: &Completion, item: &mut Item, kept: &Kept) {
    let value = |data: &Data, name: &str| data.get(name).cloned().unwrap_or_default();
    let is_beside =
        completion.beside.iter().all(|it| same(&value(&item.data, it), &value(&kept.data, it)));
    if completion.beside.is_empty() || !is_beside {
        return;
    }
    let marks = completion.attempted.iter().chain(&completion.marks);
    for name in completion.fields.iter().chain(marks) {
        let is_open = item.data.get(name).is_none_or(is_empty);
        let there = value(&kept.data, name);
        if is_open && !is_empty(&there) {
            item.data.insert(name.clone(), there);
        }
    }
}

/// Leaves what the source said last where nobody said anything now: a night on which nobody answers must
/// not look like a correction by hand.
fn hold(completion: &Completion, item: &mut Item, there: &There) {
    for name in completion.fields.iter().chain(completion.fills.keys()) {
        let is_open = item.data.get(name).is_none_or(is_empty);
        let said = there.written.get(name).filter(|it| !is_empty(it));
        if let (true, Some(said)) = (is_open, said) {
            item.data.insert(name.clone(), said.clone());
        }
    }
}

/// What is asked about an item; nothing where there is nothing to be asked for.
fn subject(
    completion: &Completion,
    item: &Item,
    bench: &Bench<'_>,
    scope: &Scope,
) -> Result<Option<Json>, Wrong> {
    if !wants(completion, item, bench, scope)? {
        return Ok(None);
    }
    let subject = match (&completion.task, &completion.lookup) {
        (Some(task), _) => input(task, item, bench, scope)?,
        (None, Some(lookup)) => bench.json(&lookup.of, scope)?,
        (None, None) => Json::Null,
    };
    Ok(Some(subject))
}

/// Is there something to be asked for?
fn wants(
    completion: &Completion,
    item: &Item,
    bench: &Bench<'_>,
    scope: &Scope,
) -> Result<bool, Wrong> {
    let is_true = |name: &String| item.data.get(name).and_then(Json::as_bool).unwrap_or(false);
    if completion.anew {
        return when(completion, bench, scope);
    }
    if completion.attempted.as_ref().is_some_and(is_true) {
        return Ok(false);
    }
    if completion.fields.iter().all(|it| item.data.get(it).is_some_and(|it| !is_empty(it))) {
        return Ok(false);
    }
    when(completion, bench, scope)
}

fn when(completion: &Completion, bench: &Bench<'_>, scope: &Scope) -> Result<bool, Wrong> {
    match &completion.when {
        None => Ok(true),
        Some(when) => bench.is_true(when, scope),
    }
}

fn input(task: &TaskAsk, item: &Item, bench: &Bench<'_>, scope: &Scope) -> Result<Json, Wrong> {
    let raw = item.raw.clone().map_or(Json::Null, Json::String);
    let scope = scope.with("raw", value_of(&raw));
    let mut input = Data::new();
    for (name, text) in &task.input {
        input.insert(name.clone(), bench.json(text, &scope)?);
    }
    if let Some(page) = &task.page {
        let said: Json = match bench.json(page, &scope)? {
            Json::Array(all) => all.into_iter().filter(|it| !is_empty(it)).collect(),
            one => one,
        };
        input.insert(PAGE.to_owned(), said);
    }
    Ok(Json::Object(input))
}

fn mark(field: Option<&str>, item: &mut Item, is_so: bool) {
    if let Some(field) = field {
        item.data.insert(field.to_owned(), Json::Bool(is_so));
    }
}

#[cfg(test)]
mod tests {
    use base::RecordId;
    use serde_json::json;

    use super::*;

    fn completion() -> Completion {
        serde_json::from_value(json!({
            "fields": ["latitude", "longitude"], "beside": ["place"], "attempted": "looked_up",
            "lookup": {"of": "it.place", "url": "https://places.example"},
            "fills": {"latitude": "answer.lat", "longitude": "answer.lon"}
        }))
        .expect("a completion")
    }

    fn item(data: Json) -> Item {
        let data = data.as_object().cloned().expect("an object");
        Item { key: "A".into(), data, raw: None, place: None }
    }

    fn kept(data: Json) -> Kept {
        Kept { id: RecordId::generate(), data: item(data).data, is_deleted: false }
    }

    #[track_caller]
    fn check(there: Json, expected: Json) {
        let mut said = item(json!({"place": "Tarrow", "latitude": null}));
        take_over(&completion(), &mut said, &kept(there));
        assert_eq!(Json::Object(said.data), expected);
    }

    #[test]
    fn what_was_found_once_is_taken_over_while_the_place_is_the_same() {
        check(
            json!({"place": "Tarrow", "latitude": 1.5, "longitude": 2.5, "looked_up": true}),
            json!({"place": "Tarrow", "latitude": 1.5, "longitude": 2.5, "looked_up": true}),
        );
        check(
            json!({"place": "Elsewhere", "latitude": 1.5, "longitude": 2.5, "looked_up": true}),
            json!({"place": "Tarrow", "latitude": null}),
        );
        check(
            json!({"place": "Tarrow", "latitude": null, "looked_up": true}),
            json!({"place": "Tarrow", "latitude": null, "looked_up": true}),
        );
    }

    #[test]
    fn what_is_asked_for_anew_is_held_as_the_source_said_it_last() {
        let completion = Completion { anew: true, ..completion() };
        let there = There {
            kept: kept(json!({"latitude": 9.5, "longitude": 2.5})),
            written: item(json!({"latitude": 1.5, "longitude": 2.5})).data,
        };
        let mut silent = item(json!({"place": "Tarrow"}));
        hold(&completion, &mut silent, &there);
        let expected = json!({"place": "Tarrow", "latitude": 1.5, "longitude": 2.5});
        assert_eq!(Json::Object(silent.data), expected, "a correction by hand stays one");
        let mut answered = item(json!({"latitude": 3.5}));
        hold(&completion, &mut answered, &there);
        assert_eq!(Json::Object(answered.data), json!({"latitude": 3.5, "longitude": 2.5}));
    }

    #[test]
    fn nobody_is_asked_for_what_is_there_or_was_asked_for() {
        let language = minijinja::Environment::new();
        let bench = Bench::new(&language, []).expect("no expressions");
        let wants = |data: Json| {
            let item = item(data);
            wants(&completion(), &item, &bench, &Scope::default()).is_ok_and(|it| it)
        };
        assert!(wants(json!({"latitude": null})));
        assert!(wants(json!({"latitude": 1.0})), "one of the two is missing");
        assert!(!wants(json!({"latitude": 1.0, "longitude": 2.0})));
        assert!(!wants(json!({"latitude": null, "looked_up": true})));
    }
}
