//! Chats about a record: what goes along with a question, who may begin one, and what becomes of them when
//! the record changes or goes.

use apps::{
    acts::results::ResultOutcome,
    ask::{AskPlace, AssistantAsk, ChatCreate},
    assistant::{chat::Which, event::Name},
    error::EngineError,
    record::{self, Act, Change, Kits, RecordError},
};
use base::{Actor, ChatId, PageRequest, RecordId, TenantId};
use identity::Caller;
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    desk::{self, Heard, asked, hear},
    house::code,
    panel::{MEMO, Panel, always, id_of},
};

const QUESTION: &str = "What would earn more?";

async fn begins(panel: &Panel, who: &Caller, record: RecordId) -> Result<Json, EngineError> {
    let ask = ChatCreate { tenant: TenantId::DEFAULT, assistant: None, record };
    panel.engine.chat_create(who, ask).await
}

/// A chat of somebody's about a record.
async fn chat(panel: &Panel, who: &Caller, record: RecordId) -> ChatId {
    let made = begins(panel, who, record).await.expect("a chat");
    made["id"].as_str().and_then(|it| it.parse().ok()).expect("a chat has an id")
}

fn about(question: &str, place: AskPlace, record: RecordId) -> AssistantAsk {
    AssistantAsk { record: Some(record), ..asked(question, place) }
}

/// Somebody asks and hears the whole answer.
async fn hears(panel: &Panel, who: &Caller, ask: AssistantAsk) -> Heard {
    hear(panel.engine.ask_assistant(who, ask).await.expect("the question is taken")).await
}

/// Why a question is not taken.
async fn refused(panel: &Panel, who: &Caller, ask: AssistantAsk) -> String {
    desk::refused(panel.engine.ask_assistant(who, ask).await)
}

/// A memo that is graded in its second version: both grades.
async fn graded_twice(panel: &Panel, script: &Script) -> (RecordId, RecordId) {
    always(script, [3, 3, 3, 3], "We propose");
    let first = id_of(&panel.graded(&panel.ann, MEMO).await);
    always(script, [5, 5, 5, 5], "We propose");
    let better = MEMO.replace("March", "May");
    let second = panel.hands_in(&panel.ann, &better, Some(first), true).await.expect("a result");
    let ResultOutcome::Done(second) = second else { panic!("it is waited for") };
    script.always(|_| Reply::text("Name two risks [1]."));
    (first, id_of(&second))
}

/// Something that the house does with records.
async fn does<T: Send + 'static>(
    panel: &Panel,
    what: impl FnOnce(&store::Tx, &Kits, &Act) -> Result<T, RecordError> + Send + 'static,
) -> T {
    let (engine, now) = (panel.engine.clone(), panel.clock.now());
    let write = move |tx: &store::Tx| what(tx, engine.folder().kits(), &Act::house(now));
    panel.store.write(&Actor::house(), now, write).await.expect("it is done")
}

/// The record that a grade lies in.
async fn memo_of(panel: &Panel, grade: RecordId) -> RecordId {
    let find = move |db: &store::Db| record::find(db, identity::Reach::All, grade, None);
    panel.store.read(find).await.expect("the grade").parent.expect("it lies in a memo")
}

/// What the model was asked last that is no title.
fn prompt(script: &Script) -> String {
    let mut all = script.requests().into_iter().rev().map(|it| it.prompt());
    all.find(|it| it.contains("<memo>")).expect("it was asked")
}

testkit::on_both! {
    async fn a_chat_about_a_record_knows_it_and_what_came_before(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let (first, second) = graded_twice(&panel, &script).await;
        let made = begins(&panel, &panel.ann, second).await.expect("a chat");
        assert_eq!((&made["record"], &made["title"]), (&json!(second), &json!("Grade")), "{made}");
        let chat = made["id"].as_str().and_then(|it| it.parse().ok()).expect("a chat");
        let heard = hears(&panel, &panel.ann, asked(QUESTION, AskPlace::Chat(chat))).await;
        let done = heard.ended(Name::Done);
        let memo = memo_of(&panel, second).await;
        assert_eq!(done["context_used"], json!({"record": second, "parent": memo, "earlier": 1}));
        assert_eq!(done["citations"][0]["record_id"], json!(second), "{done}");
        let asked_of_it = prompt(&script);
        for words in ["ends in May.</memo>", "<grade>5.0</grade>", "ends in March. 3.0</earlier>", "overall_score: 5.0"] {
            assert!(asked_of_it.contains(words), "{words} is not in {asked_of_it}");
        }
        assert!(!asked_of_it.contains("strengths"), "what is not shown is no source: {asked_of_it}");
        // It has its first question by now, and is called by that.
        let named = panel.engine.chat_get(&panel.ann, chat).await.expect("her chat");
        assert_ne!(named["title"], "Grade");
        let page = PageRequest::first(10);
        for (record, count) in [(second, 1), (first, 0)] {
            let which = Which { record: Some(record), ..Which::default() };
            let listed = panel.engine.chats_list(&panel.ann, TenantId::DEFAULT, which, &page, true).await;
            assert_eq!(listed.expect("her chats").total, Some(count));
        }
    }

    async fn it_stays_what_it_was_when_the_chat_began(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let (_, grade) = graded_twice(&panel, &script).await;
        let begun = hears(&panel, &panel.ann, about(QUESTION, AskPlace::New, grade)).await;
        let chat = begun.chat();
        let patch = json!({"overall_score": 1.5});
        does(&panel, move |tx, kits, act| {
            record::update(tx, kits, act, &Change { id: grade, collection: None, patch, revision: None })
        }).await;
        let heard = hears(&panel, &panel.ann, about("And now?", AskPlace::Chat(chat), grade)).await;
        assert_eq!(heard.ended(Name::Done)["context_used"]["record"], json!(grade));
        assert!(prompt(&script).contains("<grade>5.0</grade>"), "{}", prompt(&script));
        hears(&panel, &panel.ann, asked("", AskPlace::Again(chat))).await.ended(Name::Done);
        assert!(prompt(&script).contains("<grade>5.0</grade>"), "{}", prompt(&script));
        let anew = hears(&panel, &panel.ann, about(QUESTION, AskPlace::Alone, grade)).await;
        anew.ended(Name::Done);
        assert!(prompt(&script).contains("<grade>1.5</grade>"), "{}", prompt(&script));
    }

    async fn what_came_before_goes_along_only_while_it_is_there(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let (first, second) = graded_twice(&panel, &script).await;
        let hers = chat(&panel, &panel.ann, second).await;
        let memo = memo_of(&panel, first).await;
        does(&panel, move |tx, kits, act| record::delete(tx, kits, act, memo, None, None)).await;
        let heard = hears(&panel, &panel.ann, asked(QUESTION, AskPlace::Chat(hers))).await;
        assert_eq!(heard.ended(Name::Done)["context_used"]["earlier"], json!(0));
        assert!(!prompt(&script).contains("ends in March."), "{}", prompt(&script));
    }

    async fn what_came_before_and_is_erased_is_kept_with_no_chat(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let (first, second) = graded_twice(&panel, &script).await;
        let hers = chat(&panel, &panel.ann, second).await;
        let kept = "SELECT count(*) AS total FROM assistant_abouts WHERE about LIKE '%ends in March.%'";
        assert_eq!(panel.count(kept).await, 1);
        let memo = memo_of(&panel, first).await;
        does(&panel, move |tx, kits, act| record::erase(tx, kits, act, memo, None)).await;
        assert_eq!(panel.count(kept).await, 0, "its words went with it");
        assert_eq!(panel.count("SELECT count(*) AS total FROM assistant_earlier").await, 0);
        let heard = hears(&panel, &panel.ann, asked(QUESTION, AskPlace::Chat(hers))).await;
        assert_eq!(heard.ended(Name::Done)["context_used"]["earlier"], json!(0));
        assert!(prompt(&script).contains("ends in May.</memo>"), "{}", prompt(&script));
    }

    async fn nobody_talks_about_what_they_do_not_see(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let (_, grade) = graded_twice(&panel, &script).await;
        let asked_before = script.requests().len();
        assert_eq!(code(begins(&panel, &panel.bob, grade).await), "record_not_found");
        for place in [AskPlace::Alone, AskPlace::New] {
            assert_eq!(refused(&panel, &panel.bob, about(QUESTION, place, grade)).await, "record_not_found");
        }
        let hers = chat(&panel, &panel.ann, grade).await;
        let in_hers = about(QUESTION, AskPlace::Chat(hers), grade);
        assert_eq!(refused(&panel, &panel.bob, in_hers).await, "chat_not_found");
        assert_eq!(script.requests().len(), asked_before, "no model was asked");
        // Who may see what is private begins a chat of their own.
        let others = chat(&panel, &panel.eve, grade).await;
        hears(&panel, &panel.eve, asked(QUESTION, AskPlace::Chat(others))).await.ended(Name::Done);
        assert_eq!(code(panel.engine.chat_get(&panel.ann, others).await), "chat_not_found");
        let words = "SELECT count(*) AS total FROM audit_log WHERE CAST(after AS TEXT) LIKE '%clinic%' OR summary LIKE '%clinic%'";
        assert_eq!(panel.count(words).await, 0, "the audit log holds no word of it");
    }

    async fn a_chat_goes_with_its_record(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let (_, grade) = graded_twice(&panel, &script).await;
        let (hers, others) = (chat(&panel, &panel.ann, grade).await, chat(&panel, &panel.eve, grade).await);
        hears(&panel, &panel.ann, asked(QUESTION, AskPlace::Chat(hers))).await.ended(Name::Done);
        let memo = memo_of(&panel, grade).await;

        does(&panel, move |tx, kits, act| record::delete(tx, kits, act, memo, None, None)).await;
        assert_eq!(refused(&panel, &panel.ann, asked(QUESTION, AskPlace::Chat(hers))).await, "deleted");
        panel.engine.chat_get(&panel.ann, hers).await.expect("what was said is there");
        does(&panel, move |tx, kits, act| record::restore(tx, kits, act, memo, None)).await;
        hears(&panel, &panel.ann, asked(QUESTION, AskPlace::Chat(hers))).await.ended(Name::Done);

        does(&panel, move |tx, kits, act| record::erase(tx, kits, act, memo, None)).await;
        assert_eq!(code(panel.engine.chat_get(&panel.ann, hers).await), "chat_not_found");
        assert_eq!(code(panel.engine.chat_get(&panel.eve, others).await), "chat_not_found");
        for sql in [
            "SELECT count(*) AS total FROM assistant_chats",
            "SELECT count(*) AS total FROM assistant_abouts",
            "SELECT count(*) AS total FROM assistant_messages",
        ] {
            assert_eq!(panel.count(sql).await, 0, "{sql}");
        }
    }

    async fn a_result_in_the_making_is_not_talked_about(db: Database) {
        let script = Script::start().await;
        let panel = Panel::idle(db, &script).await;
        let standing = panel.hands_in(&panel.ann, MEMO, None, false).await.expect("it is taken");
        let ResultOutcome::Accepted(standing) = standing else { panic!("nobody works yet") };
        assert_eq!(code(begins(&panel, &panel.ann, id_of(&standing)).await), "not_ready");
    }

    async fn what_does_not_fit_is_refused(db: Database) {
        let script = Script::start().await;
        let panel = Panel::open(db, &script).await;
        let (first, second) = graded_twice(&panel, &script).await;
        let memo = memo_of(&panel, second).await;
        assert_eq!(code(begins(&panel, &panel.ann, memo).await), "record_not_found", "it is asked about grades");
        assert_eq!(code(begins(&panel, &panel.ann, RecordId::generate()).await), "record_not_found");
        let hers = chat(&panel, &panel.ann, second).await;
        let another = about(QUESTION, AskPlace::Chat(hers), first);
        assert_eq!(refused(&panel, &panel.ann, another).await, "invalid_input");
        assert_eq!(refused(&panel, &panel.ann, about("?", AskPlace::Alone, second)).await, "invalid_input", "it is too short");
        let alone = hears(&panel, &panel.ann, asked(QUESTION, AskPlace::New)).await;
        assert_eq!(alone.ended(Name::Done)["context_used"], Json::Null);
        let plain = about(QUESTION, AskPlace::Chat(alone.chat()), second);
        assert_eq!(refused(&panel, &panel.ann, plain).await, "invalid_input", "that chat is about nothing");
    }
}
