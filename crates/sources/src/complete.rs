//! Completing: what the rules did not find is asked for, politely, once for each thing.
//!
//! What a record has already from an earlier answer is taken over while that on which the answer hangs
//! has not changed. Nobody is asked twice for the same within a week. When nobody answers, the record is
//! kept as it is, marked, and tried again by a later run. What is asked for anew in every run is held
//! as the source said it last wherever nobody answers now.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use serde_json::{Value as Json, json};
use store::{Db, Error};
use work::Failure;

use crate::{
    cache::{self, Entry, Kind},
    decide::same,
    description::{Completion, Lookup, TaskAsk},
    expression::{Bench, Data, Scope, value_of},
    fetch::{self, FetchError, Manner, lookup_question},
    finding::{Code, Finding},
    harvest::{Item, is_empty},
    item,
    program::PAGE,
    read::at as json_at,
    shelf::{Kept, TaskQuestion, Unanswered},
    trip::{Stop, Trip},
};

/// What an item asks for.
struct Wish {
    /// Which item.
    at: usize,
    /// What is asked: equal ones are asked once.
    subject: Json,
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

/// How many of a completion got an answer, and what is to be said of the others.
#[derive(Default)]
struct Tally {
    answered: u64,
    unanswered: u64,
    why: Option<String>,
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
            if wishes.is_empty() && !completion.anew {
                continue;
            }
            let answers = self.answers(number, completion, items, &wishes).await?;
            let tally = self.fill(completion, items, wishes, answers, &mut lacking)?;
            if completion.anew {
                for item in items.iter_mut() {
                    if let Some(there) = there.get(&item.key) {
                        hold(completion, item, there);
                    }
                }
            }
            self.counts.completed += tally.answered;
            if tally.unanswered > 0 {
                let why = tally.why.unwrap_or_default();
                let fields = completion.fields.join(", ");
                let message = format!("{} records without {fields}: {why}", tally.unanswered);
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

    /// What is to be asked for. Items whose record has it already take it over.
    fn wishes(
        &self,
        completion: &Completion,
        items: &mut [Item],
        there: &HashMap<String, There>,
    ) -> Result<Vec<Wish>, Stop> {
        let bench = self.program.bench()?;
        let mut wishes = Vec::new();
        for (at, item) in items.iter_mut().enumerate() {
            if let Some(there) = there.get(&item.key).filter(|_| !completion.anew) {
                take_over(completion, item, &there.kept);
            }
            let scope = self.scope.with("it", value_of(&Json::Object(item.data.clone())));
            if !wants(completion, item, &bench, &scope)? {
                continue;
            }
            let subject = match (&completion.task, &completion.lookup) {
                (Some(task), _) => input(task, item, &bench, &scope)?,
                (None, Some(lookup)) => bench.json(&lookup.of, &scope)?,
                (None, None) => Json::Null,
            };
            let is_paged = completion.task.as_ref().is_some_and(|it| it.page.is_some());
            if is_paged && subject.get(PAGE).is_none_or(is_empty) {
                continue;
            }
            if !is_empty(&subject) {
                wishes.push(Wish { at, subject });
            }
        }
        Ok(wishes)
    }

    /// An answer for each different subject, as far as one run asks.
    async fn answers(
        &mut self,
        number: usize,
        completion: &Completion,
        items: &[Item],
        wishes: &[Wish],
    ) -> Result<HashMap<String, Answered>, Stop> {
        let mut answers: HashMap<String, Answered> = HashMap::new();
        let mut open: Vec<(String, usize)> = Vec::new();
        let base = format!("{}/complete{number}", self.program.name());
        let tags = vec![self.program.name().to_owned(), format!("complete{number}")];
        // The same question to the same task or address, whatever else the description says.
        let of = match (&completion.task, &completion.lookup) {
            (Some(task), _) => json!(["task", task.name]),
            (None, Some(lookup)) => json!(["lookup", lookup.url, lookup.answer]),
            (None, None) => Json::Null,
        };
        for (index, wish) in wishes.iter().enumerate() {
            let name = cache::name(&base, &json!([self.tenant, of, wish.subject]));
            if answers.contains_key(&name) || open.iter().any(|it| it.0 == name) {
                continue;
            }
            match self.kept(Kind::Answer, &name, &tags, "").await? {
                Some(entry) => {
                    answers.insert(name, Answered::With(entry.body));
                }
                None if open.len() < completion.most as usize => open.push((name, index)),
                None => {
                    let why = "more were asked for than one run asks; the next one goes on";
                    answers.insert(name, Answered::Not(why.into()));
                }
            }
        }
        let found = match (&completion.task, &completion.lookup) {
            (Some(task), _) => self.ask_task(task, completion.at_once, wishes, open).await?,
            (None, Some(lookup)) => self.look_up(lookup, items, wishes, open).await?,
            (None, None) => Vec::new(),
        };
        for (name, answer) in found {
            if let Answered::With(body) = &answer {
                let entry = Entry {
                    kind: Kind::Answer,
                    name: name.clone(),
                    tags: tags.clone(),
                    body: body.clone(),
                    row_count: None,
                    shape: String::new(),
                };
                self.keep_entry(entry).await?;
            }
            answers.insert(name, answer);
        }
        // By the subject, which is what the wishes know.
        let named = wishes.iter().filter_map(|wish| {
            let name = cache::name(&base, &json!([self.tenant, of, wish.subject]));
            Some((wish.subject.to_string(), answers.remove(&name)?))
        });
        Ok(named.collect())
    }

    /// Asks a task, several at the same time.
    async fn ask_task(
        &mut self,
        task: &TaskAsk,
        at_once: u32,
        wishes: &[Wish],
        open: Vec<(String, usize)>,
    ) -> Result<Vec<(String, Answered)>, Stop> {
        let mut found = Vec::new();
        let mut questions: Vec<(String, TaskQuestion)> = Vec::with_capacity(open.len());
        for (name, index) in open {
            let mut input = wishes[index].subject.clone();
            if task.page.is_some() {
                self.stopped()?;
                let place = input[PAGE].as_str().unwrap_or_default().to_owned();
                match self.words_of(&place).await {
                    Ok(words) => input[PAGE] = Json::String(words),
                    Err(error @ (FetchError::Store(_) | FetchError::Stopped)) => {
                        return Err(error.into());
                    }
                    // Each page is somebody else's: one that is away says nothing of the next.
                    Err(error) => {
                        found.push((name, Answered::Not(error.to_string())));
                        continue;
                    }
                }
            }
            let (tenant, job) = (self.tenant, self.job.job().id);
            let question = TaskQuestion { tenant, job, task: task.name.clone(), input };
            questions.push((name, question));
        }
        let shelf = self.room.shelf().clone();
        let mut asked = stream::iter(questions.into_iter().map(|(name, question)| {
            let shelf = shelf.clone();
            async move { (name, shelf.ask(question).await) }
        }))
        .buffer_unordered(at_once.max(1) as usize);
        let mut is_nobody_there = false;
        while let Some((name, answer)) = asked.next().await {
            self.stopped()?;
            let answer = match answer {
                Ok(answer) => Answered::With(answer),
                Err(Unanswered::This(why)) => Answered::Not(why),
                Err(Unanswered::Nobody(why)) => {
                    is_nobody_there = true;
                    Answered::Not(why)
                }
            };
            found.push((name, answer));
            // Whoever is away now is away for the next one too.
            if is_nobody_there {
                break;
            }
        }
        Ok(found)
    }

    /// Asks somebody outside, one thing after the other.
    async fn look_up(
        &mut self,
        lookup: &Lookup,
        items: &[Item],
        wishes: &[Wish],
        open: Vec<(String, usize)>,
    ) -> Result<Vec<(String, Answered)>, Stop> {
        let program = self.program.clone();
        let manner = Manner {
            pace: lookup.pace,
            timeout: lookup.timeout,
            tries: lookup.tries,
            backoff: program.source().fetch.backoff,
            robots: false,
        };
        let total = open.len();
        let mut found = Vec::with_capacity(total);
        for (done, (name, index)) in open.into_iter().enumerate() {
            self.progress(30, &format!("Looked up {done} of {total}")).await?;
            let item = &items[wishes[index].at];
            let scope = self.scope.with("it", value_of(&Json::Object(item.data.clone())));
            let ask = lookup_question(
                program.language(),
                &lookup.url,
                lookup.query.iter(),
                lookup.headers.iter(),
                &scope,
                self.room.policy(),
            );
            let ask = match ask {
                Ok(ask) => ask,
                Err(why) => return Err(Stop::Job(Failure::for_good("misconfigured", why))),
            };
            match self.ask("lookup", ask, manner).await {
                Ok(got) => {
                    let text = fetch::decoded(&got.bytes, got.charset.as_deref(), &got.media_type);
                    let answer = serde_json::from_str::<Json>(&text).ok();
                    let answer =
                        answer.map(|it| json_at(&it, &lookup.answer).cloned().unwrap_or_default());
                    let why = || Answered::Not("the answer is no JSON".into());
                    found.push((name, answer.map_or_else(why, Answered::With)));
                }
                Err(error @ (FetchError::Store(_) | FetchError::Stopped)) => {
                    return Err(error.into());
                }
                // Whoever is away now, or refuses, does so for the next one too.
                Err(error) => {
                    found.push((name, Answered::Not(error.to_string())));
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Fills what is empty with what was answered.
    fn fill(
        &self,
        completion: &Completion,
        items: &mut [Item],
        wishes: Vec<Wish>,
        answers: HashMap<String, Answered>,
        lacking: &mut Vec<usize>,
    ) -> Result<Tally, Stop> {
        let bench = self.program.bench()?;
        let mut tally = Tally::default();
        for wish in wishes {
            let item = &mut items[wish.at];
            let answer = match answers.get(&wish.subject.to_string()) {
                Some(Answered::With(answer)) => answer,
                other => {
                    tally.unanswered += 1;
                    if let Some(Answered::Not(why)) = other {
                        tally.why.get_or_insert_with(|| why.clone());
                    }
                    lacking.push(wish.at);
                    mark(completion.marks.as_deref(), item, true);
                    continue;
                }
            };
            let it = value_of(&Json::Object(item.data.clone()));
            let scope = self.scope.with("it", it).with("answer", value_of(answer));
            let mut filled = Data::new();
            let mut failed = None;
            for (name, text) in &completion.fills {
                match bench.json(text, &scope) {
                    Ok(value) => {
                        filled.insert(name.clone(), value);
                    }
                    Err(wrong) => failed = Some(format!("`{name}`: {wrong}")),
                }
            }
            if let Some(why) = failed {
                tally.unanswered += 1;
                tally.why.get_or_insert(why);
                lacking.push(wish.at);
                mark(completion.marks.as_deref(), item, true);
                continue;
            }
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

/// Is there something to be asked for?
fn wants(
    completion: &Completion,
    item: &Item,
    bench: &Bench<'_>,
    scope: &Scope,
) -> Result<bool, Stop> {
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

fn when(completion: &Completion, bench: &Bench<'_>, scope: &Scope) -> Result<bool, Stop> {
    match &completion.when {
        None => Ok(true),
        Some(when) => Ok(bench.is_true(when, scope)?),
    }
}

fn input(task: &TaskAsk, item: &Item, bench: &Bench<'_>, scope: &Scope) -> Result<Json, Stop> {
    let raw = item.raw.clone().map_or(Json::Null, Json::String);
    let scope = scope.with("raw", value_of(&raw));
    let mut input = Data::new();
    for (name, text) in &task.input {
        input.insert(name.clone(), bench.json(text, &scope)?);
    }
    if let Some(page) = &task.page {
        input.insert(PAGE.to_owned(), bench.json(page, &scope)?);
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
