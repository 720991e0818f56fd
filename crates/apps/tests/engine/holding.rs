//! What holds of chats when something goes wrong at the same time: a database that is away for a
//! moment, two questions at once, an answer that is asked for again and does not come, a server that
//! stops.

use std::{future::Future, time::Duration};

use apps::{
    ask::{AskPlace, AssistantAsk},
    assistant::{
        bury,
        event::{Event, Name},
        run::{self, Run},
    },
};
use base::{Actor, ChatId, RunId, TenantId};
use identity::{Caller, Reach};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use store::params;
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    desk::{Desk, asked, hear, hear_deltas, words},
    house::scripted,
};

/// An answer of so many words, one after the other.
fn long(words: usize) -> String {
    (0..words).map(|at| format!("word{at} ")).collect()
}

fn paced(words: usize) -> Reply {
    Reply::text(long(words)).paced(Duration::from_millis(12))
}

/// Does something while a table is away.
async fn without<T>(desk: &Desk, table: &str, work: impl Future<Output = T>) -> T {
    rename(desk, format!("ALTER TABLE {table} RENAME TO away")).await;
    let done = work.await;
    rename(desk, format!("ALTER TABLE away RENAME TO {table}")).await;
    done
}

async fn rename(desk: &Desk, sql: String) {
    let renamed = desk.store.bookkeep("a test", move |tx| tx.execute(sql.as_str(), &[]));
    let renamed: Result<u64, store::Error> = renamed.await;
    renamed.expect("a table has another name");
}

/// A chat of a question and its answer, which has its title.
async fn begun(desk: &Desk, script: &Script) -> ChatId {
    script.answers(Reply::text("Every four weeks."));
    script.always(|_| Reply::text("Words"));
    let chat = desk.hears("How often?", AskPlace::New).await.chat();
    titled(script).await;
    chat
}

/// Waits until the title of the only chat was asked for.
async fn titled(script: &Script) {
    let asked =
        || script.requests().iter().filter(|it| it.path.ends_with("/chat/completions")).count();
    while asked() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[track_caller]
fn are_in_a_row(events: &[Event]) {
    let numbers: Vec<u64> = events.iter().map(|it| it.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

testkit::on_both! {
    async fn a_run_whose_end_was_not_kept_is_ended_when_the_database_is_back(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(140));
        let mut follow = desk.asks(asked("Count.", AskPlace::New)).await;
        let heard = words(&hear_deltas(&mut follow, 3).await);
        let rest = without(&desk, "assistant_messages", hear(follow)).await;
        rest.ended(Name::Error);
        let found = desk.engine.run_get(&desk.ann, rest.run).await.expect("her run");
        assert_eq!(found["state"], "running", "nobody could write down that it ended");

        desk.clock.advance(SignedDuration::from_secs(16));
        desk.engine.tend(desk.clock.now()).await.expect("the house is looked after");
        let found = desk.run_is(rest.run, "failed").await;
        assert_eq!(found["error"], "interrupted");
        let said = desk.said(rest.chat()).await;
        let kept = said[1]["content"].as_str().expect("words");
        assert_eq!((said.len(), &said[1]["state"]), (2, &json!("interrupted")));
        assert!(kept.starts_with(&heard) && long(140).starts_with(kept), "{kept}");
        let again = desk.engine.follow(&desk.ann, rest.run, 0).await.expect("her run");
        let again = hear(again).await;
        are_in_a_row(&again.events);
        assert_eq!(again.ended(Name::Error)["code"], "interrupted");
    }

    async fn what_could_not_be_told_at_first_is_told_with_the_end(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(paced(600));
        let mut follow = desk.asks(asked("Count.", AskPlace::New)).await;
        let mut heard = hear_deltas(&mut follow, 3).await;
        // Longer than a group is tried to be kept, not as long as the end is.
        without(&desk, "assistant_events", tokio::time::sleep(Duration::from_millis(4_500))).await;
        let rest = hear(follow).await;
        rest.ended(Name::Error);
        heard.extend(rest.events.iter().cloned());
        are_in_a_row(&heard);
        let said = desk.said(rest.chat()).await;
        assert_eq!(said[1]["content"], words(&heard), "no word of it is missing");
        let kept = desk.engine.follow(&desk.ann, rest.run, 0).await.expect("her run");
        assert_eq!(hear(kept).await.events, heard);
    }

    async fn an_answer_that_does_not_become_whole_leaves_the_good_one_in_its_place(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let chat = begun(&desk, &script).await;
        let before = desk.said(chat).await;

        script.answers(paced(2_000));
        let mut follow = desk.asks(asked("", AskPlace::Again(chat))).await;
        hear_deltas(&mut follow, 2).await;
        let stopped = desk.engine.run_stop(&desk.ann, follow.run()).await.expect("her run");
        assert_eq!(stopped["answer_message_id"], Json::Null, "nothing of it was kept: {stopped}");
        let failed = hear(follow).await.ended(Name::Error);
        assert_eq!((&failed["code"], &failed["answer_message_id"]), (&json!("cancelled"), &before[1]["id"]));
        assert!(failed["message"].as_str().is_some_and(|it| it.contains("stays")), "{failed}");
        assert_eq!(desk.said(chat).await, before);

        script.answers(Reply::text("Each four weeks or so").cut_after(4));
        desk.hears("", AskPlace::Again(chat)).await.ended(Name::Error);
        assert_eq!(desk.said(chat).await, before);

        script.answers(Reply::text("Monthly."));
        let done = desk.hears("", AskPlace::Again(chat)).await.ended(Name::Done);
        let after = desk.said(chat).await;
        assert_eq!((after.len(), &after[1]["id"], &after[1]["content"]), (2, &done["answer_message_id"], &json!("Monthly.")));
    }

    async fn an_answer_whose_process_died_leaves_the_good_one_in_its_place(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let chat = begun(&desk, &script).await;
        let before = desk.said(chat).await;
        let id = |it: &Json| it["id"].as_str().and_then(|it| it.parse().ok());
        let now = desk.clock.now();
        let again = Run {
            id: RunId::generate(),
            tenant: TenantId::DEFAULT,
            owner: desk.ann.actor.to_string(),
            assistant: "chat".into(),
            chat: Some(chat),
            request: "req_000000000000".into(),
            state: run::State::Running,
            question: id(&before[0]),
            answer: None,
            replaces: id(&before[1]),
            sources: Vec::new(),
            metadata: json!({}),
            spoken: None,
            holder: "gone".into(),
            searches: 0,
            tokens_used: None,
            error: None,
            started_at: now,
            beat_at: now,
            ended_at: None,
        };
        let run = again.id;
        let word = Event { seq: 1, name: Name::Delta, data: json!({"content": "Eve"}).to_string().into() };
        let told = desk.store.bookkeep("a test", move |tx| {
            run::begin(tx, &again)?;
            run::found(tx, &again)?;
            run::keep(tx, run, "gone", &[word], now)
        });
        assert!(told.await.expect("it told something"));
        desk.clock.advance(SignedDuration::from_secs(16));
        let now = desk.clock.now();
        let house = Actor::house();
        let ended = desk.store.write(&house, now, move |tx| bury::bury(tx, run, now));
        assert!(ended.await.expect("it is ended"));
        assert_eq!(desk.said(chat).await, before);
        let heard = hear(desk.engine.follow(&desk.ann, run, 0).await.expect("her run")).await;
        let failed = heard.ended(Name::Error);
        assert_eq!((&failed["code"], &failed["answer_message_id"]), (&json!("interrupted"), &before[1]["id"]));
    }

    async fn of_two_questions_at_once_in_a_chat_one_is_answered(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let chat = begun(&desk, &script).await;
        script.always(|_| paced(100));
        let (one, other) = tokio::join!(
            desk.asks(asked("One?", AskPlace::Chat(chat))),
            desk.asks(asked("Two?", AskPlace::Chat(chat))),
        );
        let (one, other) = tokio::join!(hear(one), hear(other));
        let (done, stopped): (Vec<_>, Vec<_>) = [one, other]
            .into_iter()
            .partition(|it| it.events.last().is_some_and(|it| it.name == Name::Done));
        assert_eq!((done.len(), stopped.len()), (1, 1));
        assert_eq!(stopped[0].ended(Name::Error)["code"], "cancelled");
        let said = desk.said(chat).await;
        let last = said.last().expect("an answer");
        assert_eq!((&last["id"], &last["state"]), (&done[0].ended(Name::Done)["answer_message_id"], &json!("whole")));

        // The chat goes on.
        script.always(|_| Reply::text("So."));
        let again = desk.hears("", AskPlace::Again(chat)).await.ended(Name::Done);
        let after = desk.said(chat).await;
        assert_eq!((after.len(), &after.last().expect("an answer")["id"]), (said.len(), &again["answer_message_id"]));
    }

    async fn the_last_question_is_asked_again_also_when_an_older_answer_came_behind_it(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let chat = begun(&desk, &script).await;
        desk.hears("And the seal?", AskPlace::Chat(chat)).await.ended(Name::Done);
        let late = desk.store.bookkeep("a test", move |tx| {
            let sql = "UPDATE assistant_messages SET seq = 9 WHERE chat = $1 AND seq = 2";
            tx.execute(sql, &params![chat])
        });
        let late: Result<u64, store::Error> = late.await;
        assert_eq!(late.expect("the first answer comes last"), 1);
        let before = desk.said(chat).await;
        let roles: Vec<&Json> = before.iter().map(|it| &it["role"]).collect();
        assert_eq!(roles, ["user", "user", "assistant", "assistant"]);
        script.answers(Reply::text("Once a year."));
        let done = desk.hears("", AskPlace::Again(chat)).await.ended(Name::Done);
        let after = desk.said(chat).await;
        assert_eq!((&done["question_message_id"], &done["answer_message_id"]), (&before[1]["id"], &after[2]["id"]));
        assert_eq!((&after[2]["content"], &after[3]), (&json!("Once a year."), &before[3]));
        assert_eq!(after.len(), 4);
    }

    async fn a_question_in_a_chat_is_on_the_account_of_the_chats_tenant(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let chat = begun(&desk, &script).await;
        let everywhere = Caller { reach: Reach::All, ..desk.ann.clone() };
        let elsewhere = AssistantAsk { tenant: TenantId::generate(), ..asked("And?", AskPlace::Chat(chat)) };
        let follow = desk.engine.ask_assistant(&everywhere, elsewhere).await.expect("it is taken");
        let heard = hear(follow).await;
        heard.ended(Name::Done);
        let found = desk.engine.run_get(&everywhere, heard.run).await.expect("her run");
        assert_eq!(found["tenant"], json!(TenantId::DEFAULT));
        assert_eq!(desk.said(chat).await.len(), 4);
    }

    async fn a_process_that_stops_says_that_it_is_still_at_its_answers(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        let other = desk.elsewhere(scripted(&script, true)).await;
        script.answers(Reply::text("Slowly.").delayed(Duration::from_secs(6)));
        script.always(|_| Reply::text("Words"));
        let follow = desk.asks(asked("Think.", AskPlace::New)).await;
        let looks = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            desk.clock.advance(SignedDuration::from_secs(16));
            tokio::time::sleep(Duration::from_millis(3_500)).await;
            other.tend(desk.clock.now()).await.expect("the house is looked after");
        };
        let closes = desk.engine.close(Duration::from_secs(20));
        let (heard, (), ()) = tokio::join!(hear(follow), closes, looks);
        heard.ended(Name::Done);
        assert_eq!(heard.text(), "Slowly.");
    }

    async fn a_title_does_not_hold_a_process_that_stops(db: Database) {
        let script = Script::start().await;
        let desk = Desk::open(db, &script).await;
        script.answers(Reply::text("Seldom."));
        script.always(|_| Reply::text("Words").delayed(Duration::from_secs(60)));
        desk.hears("How often?", AskPlace::New).await.ended(Name::Done);
        titled(&script).await;
        let closes = desk.engine.close(Duration::from_millis(200));
        tokio::time::timeout(Duration::from_secs(5), closes).await.expect("nobody waits for it");
    }
}
