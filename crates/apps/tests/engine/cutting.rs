//! Answers that are cut off: by connections that are lost, by people who go, by processes that die.
//! Every word is heard exactly once, and what was written is kept.

use std::{path::PathBuf, time::Duration};

use apps::{
    ask::AskPlace,
    assistant::event::{Event, Name},
    engine::Engine,
};
use base::{Clock, RunId};
use futures::future::join_all;
use identity::Caller;
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    desk::{Desk, asked, hear, hear_deltas, next, person, refused, rooms_on, words},
    house::scripted,
};

/// An answer of so many words, one after the other.
fn long(words: usize) -> String {
    (0..words).map(|at| format!("word{at} ")).collect()
}

fn paced(words: usize) -> Reply {
    Reply::text(long(words)).paced(Duration::from_millis(12))
}

testkit::on_both! {
    async fn whoever_is_cut_off_hears_the_rest_and_no_word_twice(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(120));
        script.always(|_| Reply::text("Words"));
        let mut follow = desk.asks(asked("Count.", AskPlace::New)).await;
        let run = follow.run();
        let mut heard = hear_deltas(&mut follow, 10).await;
        drop(follow);
        tokio::time::sleep(Duration::from_millis(150)).await;
        let last = heard.last().expect("something was heard").seq;
        let follow = desk.engine.follow(&desk.ann, run, last).await.expect("her run");
        let rest = hear(follow).await;
        heard.extend(rest.events.iter().cloned());
        assert_eq!(words(&heard), long(120));
        let numbers: Vec<u64> = heard.iter().map(|it| it.seq).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        rest.ended(Name::Done);
    }

    async fn many_readers_are_cut_at_many_places_and_all_hear_the_same(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(150));
        script.always(|_| Reply::text("Words"));
        let first = desk.asks(asked("Count.", AskPlace::New)).await;
        let run = first.run();
        let reader = |at: usize| {
            let (engine, ann) = (desk.engine.clone(), desk.ann.clone());
            async move {
                let mut heard: Vec<Event> = Vec::new();
                // Each is cut after another number of events, again and again.
                loop {
                    let after = heard.last().map_or(0, |it| it.seq);
                    let mut follow = engine.follow(&ann, run, after).await.expect("her run");
                    for _ in 0..=at {
                        match next(&mut follow).await {
                            Some(event) => heard.push(event),
                            None => return heard,
                        }
                    }
                    if heard.last().is_some_and(Event::is_last) {
                        return heard;
                    }
                }
            }
        };
        let (whole, all) = tokio::join!(hear(first), join_all((0..40).map(reader)));
        assert_eq!(whole.text(), long(150));
        for heard in all {
            assert_eq!(heard, whole.events);
        }
    }

    async fn a_run_is_heard_where_it_is_not_made(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let other = desk.elsewhere(scripted(&script, true)).await;
        script.answers(paced(60));
        script.always(|_| Reply::text("Words"));
        let here = desk.asks(asked("Count.", AskPlace::New)).await;
        let there = other.follow(&desk.ann, here.run(), 0).await.expect("her run");
        let (here, there) = tokio::join!(hear(here), hear(there));
        assert_eq!(here.events, there.events);
        assert_eq!(here.text(), long(60));
        let later = other.follow(&desk.ann, here.run, 3).await.expect("her run");
        assert_eq!(hear(later).await.events, here.events[3..]);
    }

    async fn what_a_process_told_before_it_died_is_kept_and_its_readers_are_told(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(400));
        let dying = Dying::beside(&desk, &script);
        let (run, mut heard) = tokio::task::spawn_blocking(move || dying.answers_for_a_while())
            .await.expect("it begins");
        let chat = desk.engine.run_get(&desk.ann, run).await.expect("her run")["chat_id"].clone();
        let chat = chat.as_str().and_then(|it| it.parse().ok()).expect("a chat");

        // It may be alive as far as anybody knows: its readers wait.
        let last = heard.last().expect("something was heard").seq;
        let mut follow = desk.engine.follow(&desk.ann, run, last).await.expect("her run");
        let waits = async {
            let mut more = Vec::new();
            while let Some(event) = next(&mut follow).await { more.push(event); }
            more
        };
        let dies = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert_eq!(desk.engine.run_get(&desk.ann, run).await.expect("her run")["state"], "running");
            desk.clock.advance(jiff::SignedDuration::from_secs(16));
        };
        let (more, ()) = tokio::join!(waits, dies);
        heard.extend(more);
        let failed = heard.last().expect("the end").json();
        assert_eq!((heard.last().map(|it| it.name), &failed["code"]), (Some(Name::Error), &json!("interrupted")));
        let numbers: Vec<u64> = heard.iter().map(|it| it.seq).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        assert!(long(400).starts_with(words(&heard).as_str()), "every word once, in order");
        let said = desk.said(chat).await;
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!((&said[1]["state"], &said[1]["content"]), (&json!("interrupted"), &json!(words(&heard))));
        // Looking after it once more changes nothing.
        desk.engine.tend(desk.clock.now()).await.expect("the house is looked after");
        assert_eq!(desk.said(chat).await, said);
        let again = desk.engine.follow(&desk.ann, run, 0).await.expect("her run");
        assert_eq!(hear(again).await.events, heard);
    }

    async fn a_dead_run_that_nobody_listens_to_is_ended_too(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(400));
        let dying = Dying::beside(&desk, &script);
        let (run, heard) = tokio::task::spawn_blocking(move || dying.answers_for_a_while())
            .await.expect("it begins");
        desk.engine.tend(desk.clock.now()).await.expect("the house is looked after");
        assert_eq!(desk.engine.run_get(&desk.ann, run).await.expect("her run")["state"], "running");
        desk.clock.advance(jiff::SignedDuration::from_secs(16));
        desk.engine.tend(desk.clock.now()).await.expect("the house is looked after");
        let run = desk.run_is(run, "failed").await;
        assert_eq!(run["error"], "interrupted");
        let chat = run["chat_id"].as_str().and_then(|it| it.parse().ok()).expect("a chat");
        let said = desk.said(chat).await;
        assert!(said[1]["content"].as_str().is_some_and(|it| it.starts_with(&words(&heard))), "{said:?}");
    }

    async fn when_nobody_listens_any_more_the_model_stops_and_what_it_said_is_kept(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[("linger_s: 20", "linger_s: 1")]).await;
        script.answers(paced(2_000));
        let mut follow = desk.asks(asked("Count.", AskPlace::New)).await;
        let (run, chat) = (follow.run(), follow.chat().expect("a chat"));
        let heard = words(&hear_deltas(&mut follow, 3).await);
        drop(follow);
        let run = desk.run_is(run, "cancelled").await;
        assert_eq!(run["error"], "cancelled");
        let said = desk.said(chat).await;
        assert_eq!(said[1]["state"], "interrupted");
        assert!(said[1]["content"].as_str().is_some_and(|it| it.starts_with(&heard)), "{said:?}");
        // The model is not left talking.
        script.until_hung_up(1).await;
    }

    async fn who_asks_for_it_stops_an_answer_at_once(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(2_000));
        let mut follow = desk.asks(asked("Count.", AskPlace::New)).await;
        hear_deltas(&mut follow, 2).await;
        let stopped = desk.engine.run_stop(&desk.ann, follow.run()).await.expect("her run");
        assert_eq!(stopped["state"], "cancelled", "{stopped}");
        let rest = hear(follow).await;
        let failed = rest.ended(Name::Error);
        assert_eq!(failed["code"], "cancelled");
        let said = desk.said(rest.chat()).await;
        assert_eq!((&said[1]["state"], &said[1]["id"]), (&json!("interrupted"), &failed["answer_message_id"]));
        // It stays as it is.
        let again = desk.engine.run_stop(&desk.ann, rest.run).await.expect("her run");
        assert_eq!(again, stopped);
    }

    async fn a_run_is_stopped_from_where_it_is_not_made(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let other = desk.elsewhere(scripted(&script, true)).await;
        script.answers(paced(2_000));
        let mut follow = desk.asks(asked("Count.", AskPlace::New)).await;
        hear_deltas(&mut follow, 2).await;
        other.run_stop(&desk.ann, follow.run()).await.expect("her run");
        desk.engine.tend(desk.clock.now()).await.expect("the house is looked after");
        assert_eq!(hear(follow).await.ended(Name::Error)["code"], "cancelled");
    }

    async fn another_question_in_the_chat_stops_the_answer_before_it(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(2_000));
        script.always(|_| Reply::text("Three."));
        let mut first = desk.asks(asked("Count.", AskPlace::New)).await;
        hear_deltas(&mut first, 2).await;
        let chat = first.chat().expect("a chat");
        let second = desk.hears("How many?", AskPlace::Chat(chat)).await;
        assert_eq!(hear(first).await.ended(Name::Error)["code"], "cancelled");
        second.ended(Name::Done);
        let said = desk.said(chat).await;
        let roles: Vec<&Json> = said.iter().map(|it| &it["role"]).collect();
        assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
        assert_eq!((&said[1]["state"], &said[3]["state"]), (&json!("interrupted"), &json!("whole")));
    }

    async fn a_process_that_stops_waits_a_while_and_keeps_what_was_written(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(2_000));
        let mut follow = desk.asks(asked("Count.", AskPlace::New)).await;
        hear_deltas(&mut follow, 2).await;
        desk.engine.close(Duration::from_millis(200)).await;
        let rest = hear(follow).await;
        assert_eq!(rest.ended(Name::Error)["code"], "interrupted");
        let said = desk.said(rest.chat()).await;
        assert_eq!(said[1]["state"], "interrupted");
    }

    async fn nobody_hears_or_stops_somebody_elses_answer(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(30));
        script.always(|_| Reply::text("Words"));
        let follow = desk.asks(asked("Count.", AskPlace::New)).await;
        let (run, bob) = (follow.run(), person(base::Role::Admin));
        assert_eq!(refused(desk.engine.follow(&bob, run, 0).await), "run_not_found");
        assert_eq!(refused(desk.engine.run_get(&bob, run).await), "run_not_found");
        assert_eq!(refused(desk.engine.run_stop(&bob, run).await), "run_not_found");
        hear(follow).await.ended(Name::Done);
    }
}

/// A process that does something and dies in the middle of it.
pub(crate) struct Dying {
    db: Database,
    clock: Clock,
    app: PathBuf,
    models: models::Settings,
    ann: Caller,
}

impl Dying {
    pub(crate) fn beside(desk: &Desk, script: &Script) -> Self {
        let (db, clock, app) = desk.place();
        Self { db, clock, app, models: scripted(script, true), ann: desk.ann.clone() }
    }

    /// What is left of its life: it is over when this is. Blocks; not for a thread that others need.
    pub(crate) fn lives<T>(self, life: impl AsyncFnOnce(&Engine, &Caller) -> T) -> T {
        // On one thread nothing goes on once it is left: with workers of its own some parts would still
        // see that others are gone, and say so.
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let left = runtime.block_on(async {
            let store = self.db.open(store::Options::default()).await;
            let rooms = rooms_on(&store, &self.clock, self.models.clone(), &self.app, None);
            let engine = rooms.await.0;
            life(&engine, &self.ann).await
        });
        runtime.shutdown_background();
        left
    }

    /// What was heard of the answer until then.
    fn answers_for_a_while(self) -> (RunId, Vec<Event>) {
        self.lives(async |engine: &Engine, ann: &Caller| {
            let asked = engine.ask_assistant(ann, asked("Count.", AskPlace::New));
            let mut follow = asked.await.expect("the question is taken");
            let heard = hear_deltas(&mut follow, 10).await;
            (follow.run(), heard)
        })
    }
}
