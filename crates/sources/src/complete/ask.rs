//! Asking: each subject once, by what was answered a short while ago, else a task, else somebody outside.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};

use futures::{StreamExt, stream};
use serde_json::{Value as Json, json};

use super::{Answered, Wish};
use crate::{
    cache::{self, Entry, Kind},
    description::{Completion, Lookup, TaskAsk},
    fetch::{self, FetchError, Manner, lookup_question},
    finding::{Code, Finding},
    harvest::{Item, seen},
    program::PAGE,
    read::at as json_at,
    shelf::{TaskQuestion, Unanswered},
    trip::{Stop, Trip},
};

/// So many questions in a row to which nothing came back: whoever is asked is away for the others too.
pub(crate) const IN_VAIN_MAX: u32 = 3;

const NOT_ASKED: &str = "whoever is asked was away before in this run, and is not asked further";

impl Trip<'_> {
    /// An answer for each different subject, as far as one run asks.
    pub(super) async fn answers(
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
        let asked_for: HashMap<String, usize> =
            open.iter().map(|(name, index)| (name.clone(), wishes[*index].at)).collect();
        let found = match (&completion.task, &completion.lookup) {
            (Some(task), _) => self.ask_task(task, completion.at_once, wishes, open).await?,
            (None, Some(lookup)) => self.look_up(lookup, items, wishes, open).await?,
            (None, None) => Vec::new(),
        };
        for (name, answer) in found {
            let item = asked_for.get(&name).map(|at| &items[*at]);
            if let (Answered::With(body), Some(item)) = (&answer, item)
                && self.makes_sense(completion, item, body)?
            {
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

    /// How many questions in a row somebody has left unanswered in this run, whichever page they were of.
    pub(crate) fn in_vain_of(&self, whom: &str) -> u32 {
        self.in_vain.get(whom).copied().unwrap_or_default()
    }

    /// Asks a task; what asks about a page is given its words.
    async fn ask_task(
        &mut self,
        task: &TaskAsk,
        at_once: u32,
        wishes: &[Wish],
        open: Vec<(String, usize)>,
    ) -> Result<Vec<(String, Answered)>, Stop> {
        let whom = task_called(&task.name);
        if self.in_vain_of(&whom) >= IN_VAIN_MAX {
            return Ok(not_asked(open));
        }
        let mut found = Vec::new();
        let mut questions: Vec<(String, TaskQuestion)> = Vec::with_capacity(open.len());
        for (name, index) in open {
            let mut input = wishes[index].subject.clone();
            if task.page.is_some() {
                self.stopped()?;
                match self.first_words(&places(&input[PAGE])).await {
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
        found.extend(self.ask_all(whom, questions, at_once).await?);
        Ok(found)
    }

    /// Asks a task these questions: one after the other until somebody answers, then several at the same time.
    /// Whoever only just comes back is not asked much at once.
    async fn ask_all(
        &mut self,
        whom: String,
        questions: Vec<(String, TaskQuestion)>,
        at_once: u32,
    ) -> Result<Vec<(String, Answered)>, Stop> {
        let shelf = self.room.shelf().clone();
        let (mut found, mut questions) = (Vec::new(), questions.into_iter());
        let (mut in_vain, mut is_there) = (self.in_vain_of(&whom), false);
        while !is_there && in_vain < IN_VAIN_MAX {
            self.stopped()?;
            let Some((name, question)) = questions.next() else { break };
            let answer = shelf.ask(question).await;
            in_vain = in_vain_after(in_vain, &answer);
            is_there = in_vain == 0;
            found.push((name, answered(answer)));
        }
        if !is_there {
            self.in_vain.insert(whom, in_vain);
            return Ok(found);
        }
        let is_over = AtomicBool::new(false);
        let mut asked = stream::iter(questions.map(|(name, question)| {
            let (shelf, is_over) = (shelf.clone(), &is_over);
            // Those that are on their way when nobody is asked any more are waited for all the same.
            async move {
                match is_over.load(Ordering::Relaxed) {
                    true => None,
                    false => Some((name, shelf.ask(question).await)),
                }
            }
        }))
        .buffer_unordered(at_once.max(1) as usize);
        while let Some(one) = asked.next().await {
            self.stopped()?;
            let Some((name, answer)) = one else { continue };
            in_vain = in_vain_after(in_vain, &answer);
            is_over.fetch_or(in_vain >= IN_VAIN_MAX, Ordering::Relaxed);
            found.push((name, answered(answer)));
        }
        self.in_vain.insert(whom, in_vain);
        Ok(found)
    }

    /// The words of the first of these pages that has some.
    async fn first_words(&mut self, places: &[String]) -> Result<String, FetchError> {
        let mut reasons = Vec::new();
        for place in places {
            match self.words_of(place).await {
                Ok(words) => {
                    for why in reasons {
                        let message = format!("{why}; another page was read instead");
                        self.tell(Finding::new(Code::Note, message));
                    }
                    return Ok(words);
                }
                Err(
                    FetchError::Away { why, .. }
                    | FetchError::Refused { why, .. }
                    | FetchError::Unwelcome { why, .. }
                    | FetchError::Changed { why, .. },
                ) => reasons.push(why),
                Err(error) => return Err(error),
            }
        }
        reasons.dedup();
        Err(FetchError::Refused { step: PAGE.into(), why: reasons.join("; ") })
    }

    /// Asks somebody outside, one thing after the other. One that is refused, or that cannot be asked for, says
    /// nothing of the next.
    async fn look_up(
        &mut self,
        lookup: &Lookup,
        items: &[Item],
        wishes: &[Wish],
        open: Vec<(String, usize)>,
    ) -> Result<Vec<(String, Answered)>, Stop> {
        let whom = format!("lookup {}", lookup.url);
        let mut in_vain = self.in_vain_of(&whom);
        if in_vain >= IN_VAIN_MAX {
            return Ok(not_asked(open));
        }
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
            let scope = self.scope.with("it", seen(program.source(), &item.data));
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
                Err(why) => {
                    found.push((name, Answered::Not(why)));
                    continue;
                }
            };
            match self.ask("lookup", ask, manner).await {
                Ok(got) => {
                    in_vain = 0;
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
                Err(error) => {
                    in_vain = match error {
                        FetchError::Away { .. } => in_vain + 1,
                        // Not let in: the next one would not be either.
                        FetchError::Unwelcome { .. } => IN_VAIN_MAX,
                        _ => 0,
                    };
                    found.push((name, Answered::Not(error.to_string())));
                    if in_vain >= IN_VAIN_MAX {
                        break;
                    }
                }
            }
        }
        self.in_vain.insert(whom, in_vain);
        Ok(found)
    }
}

/// What a task is called among those that are asked.
pub(crate) fn task_called(name: &str) -> String {
    format!("task {name}")
}

fn not_asked(open: Vec<(String, usize)>) -> Vec<(String, Answered)> {
    open.into_iter().map(|(name, _)| (name, Answered::Not(NOT_ASKED.into()))).collect()
}

fn answered(answer: Result<Json, Unanswered>) -> Answered {
    match answer {
        Ok(answer) => Answered::With(answer),
        Err(unanswered) => Answered::Not(unanswered.to_string()),
    }
}

/// How many questions in a row a task has left unanswered, after one more.
pub(crate) fn in_vain_after(in_vain: u32, answer: &Result<Json, Unanswered>) -> u32 {
    match answer {
        Ok(_) | Err(Unanswered::This(_)) => 0,
        Err(Unanswered::Away(_)) => in_vain + 1,
        Err(Unanswered::Nobody(_)) => IN_VAIN_MAX,
    }
}

/// The addresses of a page, the one that is looked at first before the others.
fn places(said: &Json) -> Vec<String> {
    match said {
        Json::Array(all) => all.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_asked_no_more_once_it_is_away_for_three_in_a_row() {
        let away = || Err(Unanswered::Away("it takes too long".into()));
        let in_vain = |all: Vec<Result<Json, Unanswered>>| all.iter().fold(0, in_vain_after);
        assert!(in_vain(vec![away(), away()]) < IN_VAIN_MAX);
        assert!(in_vain(vec![away(), away(), away()]) >= IN_VAIN_MAX);
        assert_eq!(in_vain(vec![away(), away(), Ok(Json::Null)]), 0);
        assert_eq!(in_vain(vec![away(), Err(Unanswered::This("no JSON".into()))]), 0);
        assert!(in_vain(vec![Err(Unanswered::Nobody("no model".into()))]) >= IN_VAIN_MAX);
    }

    #[test]
    fn a_page_may_have_several_addresses() {
        assert_eq!(places(&json!("https://a.example")), ["https://a.example"]);
        assert_eq!(places(&json!(["https://a.example", "https://b.example"])).len(), 2);
        assert!(places(&Json::Null).is_empty());
    }
}
