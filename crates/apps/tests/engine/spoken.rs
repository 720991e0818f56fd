//! Answers that were spoken whole by a process that died before their end was written: they are whole.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use apps::{
    ask::AskPlace,
    assistant::event::{Event, Name},
    engine::Engine,
};
use base::RunId;
use identity::Caller;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    cutting::Dying,
    desk::{Desk, Heard, asked, hear},
    following::{ANSWER, PROPOSES, QUESTION, plays, told},
};

/// How long until the process of a run counts as gone.
const GONE: SignedDuration = SignedDuration::from_secs(16);

/// A run of Ann's whose process died while it asked what could be asked next.
async fn dies_over_proposals(desk: &Desk, script: &Script, place: AskPlace) -> RunId {
    let is_asked = Arc::new(AtomicBool::new(false));
    let asks = is_asked.clone();
    plays(script, move || {
        asks.store(true, Ordering::SeqCst);
        Reply::hang()
    });
    let dying = Dying::beside(desk, script);
    let lives = move || {
        dying.lives(async |engine: &Engine, ann: &Caller| {
            let question = if matches!(place, AskPlace::Again(_)) { "" } else { QUESTION };
            let follow = engine.ask_assistant(ann, asked(question, place)).await;
            let follow = follow.expect("the question is taken");
            let began = Instant::now();
            while !is_asked.load(Ordering::SeqCst) {
                assert!(began.elapsed() < Duration::from_secs(20), "no proposals are asked for");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            follow.run()
        })
    };
    let run = tokio::task::spawn_blocking(lives).await.expect("it begins");
    assert_eq!(desk.engine.run_get(&desk.ann, run).await.expect("her run")["state"], "running");
    run
}

/// What this process tells of a run whose process is gone.
async fn buried(desk: &Desk, run: RunId) -> Heard {
    desk.clock.advance(GONE);
    hear(desk.engine.follow(&desk.ann, run, 0).await.expect("her run")).await
}

/// The same without what is another's in every answer, and how near its sources were: processes may ask
/// another index of the same vectors.
fn like(mut it: Json) -> Json {
    let own = [
        "id",
        "chat_id",
        "run",
        "request_id",
        "created_at",
        "question_message_id",
        "answer_message_id",
        "sources",
        "confidence",
        "retrieval",
    ];
    let fields = it.as_object_mut().expect("an object");
    fields.retain(|name, _| !own.contains(&name.as_str()));
    if let Some(notes) = fields.get_mut("metadata").and_then(Json::as_object_mut) {
        notes.retain(|name, _| !own.contains(&name.as_str()));
    }
    for citation in fields.get_mut("citations").and_then(Json::as_array_mut).into_iter().flatten() {
        citation["score"] = Json::Null;
    }
    it
}

fn used(heard: &Heard) -> Json {
    let usage = heard.events.iter().find(|it| it.name == Name::Usage);
    usage.map(Event::json).expect("what it used is told")
}

const SPOKEN: &str = "SELECT count(*) AS total FROM assistant_runs WHERE spoken IS NOT NULL";

testkit::on_both! {
    async fn an_answer_whose_process_died_over_its_proposals_is_like_any_without_them(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        desk.manual().await;
        let run = dies_over_proposals(&desk, &script, AskPlace::New).await;
        let heard = buried(&desk, run).await;
        assert_eq!((heard.text().as_str(), told(&heard)), (ANSWER, json!([])));
        let numbers: Vec<u64> = heard.events.iter().map(|it| it.seq).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        let done = heard.ended(Name::Done);
        assert_eq!((&done["finish"], &done["citations"][0]["title"]), (&json!("stop"), &json!("Manual")), "{done}");
        let said = desk.said(heard.chat()).await;
        assert_eq!((said.len(), &said[1]["id"]), (2, &done["answer_message_id"]));
        assert!(done["confidence"].as_f64().is_some_and(|it| it > 0.0), "{done}");
        assert_eq!(said[1]["metadata"]["confidence"], done["confidence"]);
        assert_eq!(said[1]["sources"][0]["title"], "Manual", "{said:?}");
        let ended = desk.run_is(run, "done").await;
        assert_eq!((&ended["error"], &ended["tokens_used"]), (&Json::Null, &json!(212)), "{ended}");
        assert_eq!(ended["answer_message_id"], done["answer_message_id"]);
        assert_eq!(desk.count(SPOKEN).await, 0, "it is not needed any more");

        // One that lived, and had no proposals.
        plays(&script, || Reply::status(400));
        let lived = desk.hears(QUESTION, AskPlace::New).await;
        assert_eq!(lived.order(), heard.order());
        assert_eq!(like(lived.ended(Name::Done)), like(done));
        assert_eq!(used(&lived), used(&heard));
        let other = desk.said(lived.chat()).await;
        assert_eq!(like(other[1].clone()), like(said[1].clone()));

        // Looking after it once more changes nothing.
        desk.engine.tend(desk.clock.now()).await.expect("the house is looked after");
        assert_eq!(desk.said(heard.chat()).await, said);
        let again = hear(desk.engine.follow(&desk.ann, run, 0).await.expect("her run")).await;
        assert_eq!(again.events, heard.events);
    }

    async fn an_answer_whose_process_died_over_its_proposals_takes_the_place_of_the_one_before(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        script.answers(Reply::text("Monthly."));
        plays(&script, || Reply::status(400));
        let chat = desk.hears(QUESTION, AskPlace::New).await.chat();
        assert_eq!(desk.said(chat).await[1]["content"], "Monthly.");
        let run = dies_over_proposals(&desk, &script, AskPlace::Again(chat)).await;
        let done = buried(&desk, run).await.ended(Name::Done);
        let said = desk.said(chat).await;
        assert_eq!((said.len(), &said[1]["id"], &said[1]["state"]), (2, &done["answer_message_id"], &json!("whole")));
        assert_eq!(said[1]["content"], "Every four weeks.");
    }

    async fn an_answer_without_a_chat_is_whole_too(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        let run = dies_over_proposals(&desk, &script, AskPlace::Alone).await;
        let heard = buried(&desk, run).await;
        assert_eq!(heard.text(), "Every four weeks.");
        assert_eq!(heard.ended(Name::Done)["answer_message_id"], Json::Null);
    }

    async fn an_answer_that_nobody_ended_for_days_is_whole_all_the_same(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        let run = dies_over_proposals(&desk, &script, AskPlace::New).await;
        desk.clock.advance(SignedDuration::from_hours(48));
        desk.engine.sweep(desk.clock.now()).await.expect("the house is swept");
        let heard = buried(&desk, run).await;
        heard.ended(Name::Done);
        assert_eq!(desk.said(heard.chat()).await[1]["content"], "Every four weeks.");
        // Once it has ended, what was told goes as that of any other.
        desk.clock.advance(SignedDuration::from_hours(48));
        desk.engine.sweep(desk.clock.now()).await.expect("the house is swept");
        assert_eq!(desk.count("SELECT count(*) AS total FROM assistant_events").await, 0);
    }

    async fn a_chat_that_goes_takes_along_what_was_kept_of_an_answer(db: Database) {
        let script = Script::start().await;
        let desk = Desk::changed(db, &script, &[PROPOSES]).await;
        desk.manual().await;
        let run = dies_over_proposals(&desk, &script, AskPlace::New).await;
        let chat = desk.engine.run_get(&desk.ann, run).await.expect("her run")["chat_id"].clone();
        let chat = chat.as_str().and_then(|it| it.parse().ok()).expect("a chat");
        assert_eq!(desk.count(SPOKEN).await, 1);
        desk.engine.chat_delete(&desk.ann, chat).await.expect("her chat");
        assert_eq!(desk.count(SPOKEN).await, 0);
    }
}
