//! Chats: whose they are, what is kept of them, and what becomes of them.

use apps::{
    ask::AskPlace,
    assistant::{chat::Which, event::Name, message},
};
use base::{ChatId, PageRequest, Role, TenantId};
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::desk::{Desk, MANUAL, asked, person, refused};

/// A script that answers whatever it is asked, with its number.
async fn counting() -> Script {
    let script = Script::start().await;
    let mut count = 0;
    script.always(move |_| {
        count += 1;
        Reply::text(format!("Answer {count}."))
    });
    script
}

async fn titles(desk: &Desk) -> Vec<String> {
    let page = PageRequest::first(50);
    let found =
        desk.engine.chats_list(&desk.ann, TenantId::DEFAULT, Which::default(), &page, true).await;
    let found = found.expect("her chats");
    assert_eq!(found.total, Some(found.items.len() as u64));
    found.items.iter().map(|it| it["title"].as_str().unwrap_or_default().to_owned()).collect()
}

testkit::on_both! {
    async fn chats_are_listed_renamed_read_exported_and_deleted(db: Database) {
        let script = counting().await;
        let desk = Desk::open(db, &script).await;
        let first = desk.hears("What is a probe?", AskPlace::New).await.chat();
        let second = desk.hears("What is a seal?", AskPlace::New).await.chat();
        let (engine, ann) = (&desk.engine, &desk.ann);
        let renamed = engine.chat_rename(ann, first, Some("  Probes \n and more ")).await;
        let renamed = renamed.expect("it is renamed");
        assert_eq!((&renamed["title"], &renamed["is_named"]), (&json!("Probes and more"), &json!(true)));
        engine.chat_rename(ann, second, Some("Seals")).await.expect("it is renamed");
        assert_eq!(titles(&desk).await.len(), 2);
        assert_eq!(refused(engine.chat_rename(ann, first, Some(" \n")).await), "invalid_input");
        desk.clock.advance(jiff::SignedDuration::from_secs(1));
        desk.hears("And of what is it made?", AskPlace::Chat(first)).await.ended(Name::Done);
        assert_eq!(titles(&desk).await, ["Probes and more", "Seals"], "where something was last said comes first");
        // Three answers, and the titles of two chats.
        while script.requests().iter().filter(|it| it.path.ends_with("/chat/completions")).count() < 5 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        script.answers(Reply::text("\"What a probe is.\""));
        let titled = engine.chat_rename(ann, first, None).await.expect("a model names it");
        assert_eq!(titled["title"], "What a probe is");

        let page = PageRequest::first(3);
        let begin = engine.chat_messages(ann, first, &page, true).await.expect("her chat");
        assert_eq!((begin.items.len(), begin.total), (3, Some(4)));
        let page = PageRequest { cursor: begin.next, ..page };
        let rest = engine.chat_messages(ann, first, &page, false).await.expect("her chat");
        assert_eq!((rest.items.len(), &rest.items[0]["role"]), (1, &json!("assistant")));

        let export = engine.chat_export(ann, first).await.expect("her chat");
        assert_eq!(export["chat"]["id"], json!(first));
        assert_eq!(export["messages"], json!(desk.said(first).await));
        assert!(export["exported_at"].is_string());

        let notes = desk.document(ann, "Notes", &MANUAL, Some(first)).await;
        let gone = engine.chat_delete(ann, first).await.expect("her chat");
        assert_eq!(gone, json!({"deleted": true, "chat_id": first, "documents_deleted": 1}));
        assert_eq!(refused(engine.chat_get(ann, first).await), "chat_not_found");
        assert_eq!(refused(engine.chat_delete(ann, first).await), "chat_not_found");
        assert!(desk.knowledge.get(&knowledge::Sight::everything(), notes).await.is_err());
        assert_eq!(desk.count("SELECT count(*) AS total FROM assistant_messages").await, 2);
        assert_eq!(titles(&desk).await, ["Seals"]);
    }

    async fn a_chat_is_read_from_its_end_backwards(db: Database) {
        let script = counting().await;
        let desk = Desk::open(db, &script).await;
        let chat = desk.hears("Question 1?", AskPlace::New).await.chat();
        for at in 2..=3 {
            desk.hears(&format!("Question {at}?"), AskPlace::Chat(chat)).await.ended(Name::Done);
        }
        let all = desk.said(chat).await;
        let (engine, ann) = (&desk.engine, &desk.ann);
        let last = engine.chat_messages(ann, chat, &message::from_end(4), true).await.expect("her chat");
        assert_eq!((&last.items[..], last.next, last.total), (&all[2..], None, Some(6)));
        let page = PageRequest { limit: 4, cursor: last.prev };
        let before = engine.chat_messages(ann, chat, &page, false).await.expect("her chat");
        assert_eq!((&before.items[..], &before.prev), (&all[..2], &None));
        let page = PageRequest { limit: 4, cursor: before.next };
        let on = engine.chat_messages(ann, chat, &page, false).await.expect("her chat");
        assert_eq!(on.items, all[2..]);
        let whole = engine.chat_messages(ann, chat, &message::from_end(50), false).await.expect("her chat");
        assert_eq!((whole.items, whole.next, whole.prev), (all, None, None));
    }

    async fn a_chat_names_the_answer_that_is_being_made_in_it(db: Database) {
        let script = counting().await;
        let desk = Desk::open(db, &script).await;
        let chat = desk.hears("What is a probe?", AskPlace::New).await.chat();
        let (engine, ann) = (&desk.engine, &desk.ann);
        assert_eq!(engine.chat_get(ann, chat).await.expect("her chat")["run"], Json::Null);
        // The title of the chat, which a model finds about now, is none of it.
        script.always(|_| Reply::text("Slowly.").delayed(std::time::Duration::from_millis(1_500)));
        let follow = desk.asks(asked("And a seal?", AskPlace::Chat(chat))).await;
        let running = engine.chat_get(ann, chat).await.expect("her chat");
        assert_eq!(running["run"], json!(follow.run()));
        let listed = engine.chats_list(ann, TenantId::DEFAULT, Which::default(), &PageRequest::first(5), false).await;
        assert_eq!(listed.expect("her chats").items[0]["run"], running["run"]);
        desk.hears("And once more?", AskPlace::Chat(chat)).await.ended(Name::Done);
        assert_eq!(engine.chat_get(ann, chat).await.expect("her chat")["run"], Json::Null);
    }

    async fn nobody_reads_or_writes_another_ones_chat_whatever_their_role(db: Database) {
        let script = counting().await;
        let desk = Desk::open(db, &script).await;
        let chat = desk.hears("What is a probe?", AskPlace::New).await.chat();
        for role in [Role::Viewer, Role::Editor, Role::Admin, Role::Owner] {
            let bob = person(role);
            let (engine, page) = (&desk.engine, PageRequest::first(10));
            assert_eq!(refused(engine.chat_get(&bob, chat).await), "chat_not_found", "{role:?}");
            assert_eq!(refused(engine.chat_messages(&bob, chat, &page, true).await), "chat_not_found");
            assert_eq!(refused(engine.chat_rename(&bob, chat, Some("Mine")).await), "chat_not_found");
            assert_eq!(refused(engine.chat_export(&bob, chat).await), "chat_not_found");
            assert_eq!(refused(engine.chat_delete(&bob, chat).await), "chat_not_found");
            for place in [AskPlace::Chat(chat), AskPlace::Again(chat)] {
                let asked = engine.ask_assistant(&bob, asked("What did she ask?", place)).await;
                assert_eq!(refused(asked), "chat_not_found", "{role:?}");
            }
            let listed = engine.chats_list(&bob, TenantId::DEFAULT, Which::default(), &page, true).await;
            assert_eq!(listed.expect("his own").total, Some(0));
        }
        let nowhere = desk.engine.ask_assistant(&desk.ann, asked("x", AskPlace::Chat(ChatId::generate())));
        assert_eq!(refused(nowhere.await), "chat_not_found");
        assert_eq!(desk.said(chat).await.len(), 2);
    }

    async fn the_last_answer_is_replaced_when_it_is_asked_again(db: Database) {
        let script = counting().await;
        let desk = Desk::open(db, &script).await;
        let chat = desk.hears("What is a probe?", AskPlace::New).await.chat();
        desk.hears("And a seal?", AskPlace::Chat(chat)).await.ended(Name::Done);
        let before = desk.said(chat).await;
        let again = desk.hears("", AskPlace::Again(chat)).await;
        let done = again.ended(Name::Done);
        let after = desk.said(chat).await;
        assert_eq!(after.len(), 4);
        assert_eq!(after[..3], before[..3], "what was said before stays");
        assert_eq!(after[2]["id"], done["question_message_id"], "the question is asked, not said, again");
        assert_eq!(after[3]["id"], done["answer_message_id"]);
        assert_ne!((&after[3]["id"], &after[3]["content"]), (&before[3]["id"], &before[3]["content"]));
        let is_answer = |it: &testkit::model::Request| {
            it.path.ends_with("/chat/completions") && !it.prompt().contains("You give a chat a title")
        };
        let request = script.requests().into_iter().rev().find(is_answer).expect("an answer").body;
        let told: Vec<&Json> = request["messages"].as_array().expect("messages").iter().map(|it| &it["content"]).collect();
        assert!(!told.iter().any(|it| it == &&before[3]["content"]), "the old answer is not told: {told:?}");
        let nothing = desk.engine.ask_assistant(&desk.ann, asked("", AskPlace::New)).await;
        assert_eq!(refused(nothing), "invalid_input");
    }

    async fn the_oldest_messages_go_when_there_are_too_many(db: Database) {
        let script = counting().await;
        let desk = Desk::changed(db, &script, &[("messages: 200", "messages: 6")]).await;
        let chat = desk.hears("Question 1?", AskPlace::New).await.chat();
        for at in 2..=5 {
            desk.hears(&format!("Question {at}?"), AskPlace::Chat(chat)).await.ended(Name::Done);
        }
        let said = desk.said(chat).await;
        let questions: Vec<&Json> = said.iter().filter(|it| it["role"] == "user").map(|it| &it["content"]).collect();
        assert_eq!((said.len(), questions), (6, vec![&json!("Question 3?"), &json!("Question 4?"), &json!("Question 5?")]));
    }

    async fn the_documents_of_a_chat_are_sources_in_it_alone(db: Database) {
        let script = counting().await;
        let desk = Desk::open(db, &script).await;
        let chat = desk.hears("Hello.", AskPlace::New).await.chat();
        desk.document(&desk.ann, "Manual", &MANUAL, Some(chat)).await;
        let inside = desk.hears("How often must the probe be calibrated?", AskPlace::Chat(chat)).await;
        assert_eq!(inside.stage("rag_gate")["documents_attached"], true);
        assert_eq!(inside.stage("citations")["list"][0]["title"], "Manual");
        let outside = desk.hears("How often must the probe be calibrated?", AskPlace::New).await;
        assert_eq!(outside.stage("rag_gate")["rag_enabled"], false);
    }

    async fn a_tenant_that_is_erased_takes_its_chats_along(db: Database) {
        let script = counting().await;
        let desk = Desk::open(db, &script).await;
        desk.hears("What is a probe?", AskPlace::New).await.ended(Name::Done);
        let (house, now) = (base::Actor::house(), desk.clock.now());
        let erased = desk.store.write(&house, now, |tx| {
            apps::assistant::run::erase(tx, TenantId::DEFAULT)?;
            tx.audit(store::audit::Entry::new(TenantId::DEFAULT, "erased", "all", "Erased"));
            Ok::<_, store::Error>(())
        });
        erased.await.expect("it is erased");
        for sql in [
            "SELECT count(*) AS total FROM assistant_chats",
            "SELECT count(*) AS total FROM assistant_messages",
            "SELECT count(*) AS total FROM assistant_runs",
            "SELECT count(*) AS total FROM assistant_events",
        ] {
            assert_eq!(desk.count(sql).await, 0, "{sql}");
        }
    }
}
