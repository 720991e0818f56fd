//! What is removed is gone, whoever was at it; and what was left behind is cleared away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base::{ChatId, DocumentId};
use jiff::SignedDuration;
use knowledge::document::{change::Change, upload::NewDocument};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::house::{House, embedded, knowledge, scripted, sentences, settings, without_model};

const ROWS: [&str; 4] = [
    "SELECT count(*) AS total FROM knowledge_parts",
    "SELECT count(*) AS total FROM knowledge_chunks",
    "SELECT count(*) AS total FROM knowledge_vectors",
    "SELECT count(*) AS total FROM knowledge_tags",
];

async fn nothing_is_left(house: &House) {
    for sql in ROWS {
        assert_eq!(house.count(sql).await, 0, "{sql}");
    }
}

async fn until_nobody_works(house: &House) {
    let at_work = "SELECT count(*) AS total FROM jobs WHERE state IN ('pending', 'running')";
    while house.count(at_work).await > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

testkit::on_both! {
    async fn a_document_that_is_removed_while_a_model_makes_its_vectors_anew_gets_none(db: Database) {
        let script = Script::start().await;
        let mut house = House::open(db, without_model()).await;
        let document = house.ready(house.text(&sentences(5))).await;
        house.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        house.knowledge = knowledge(&house.store, &house.clock, scripted(&script), settings());
        let slow = Reply::embeddings(vec![vec![0.5; 64]; 5]).delayed(Duration::from_millis(600));
        script.answers_embeddings(slow);
        house.hire();
        house.tend().await;
        while embedded(&script).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        house.knowledge.remove(&house.ann, document.id).await.unwrap();
        until_nobody_works(&house).await;
        nothing_is_left(&house).await;
    }

    async fn documents_that_are_removed_while_somebody_is_at_them_leave_nothing(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        for at in 0..40_u64 {
            let new = NewDocument { tags: vec!["a".into()], ..house.text(&sentences(20)) };
            let id = house.put(new).await.document.id;
            // At another moment of its way each time.
            tokio::time::sleep(Duration::from_millis(at * 7 % 90)).await;
            house.knowledge.remove(&house.ann, id).await.unwrap();
        }
        until_nobody_works(&house).await;
        nothing_is_left(&house).await;
    }

    async fn two_changes_at_once_are_both_kept(db: Database) {
        let house = House::open(db, without_model()).await;
        let document = house.ready(house.text("Words.")).await;
        for round in 0..20 {
            let title = Change { title: Some(format!("Title {round}")), ..Change::default() };
            let summary = Change { summary: Some(format!("Summary {round}")), ..Change::default() };
            let (one, other) = tokio::join!(
                house.knowledge.change(&house.ann, document.id, title),
                house.knowledge.change(&house.ann, document.id, summary),
            );
            one.unwrap();
            other.unwrap();
            let now = house.look(document.id).await;
            assert_eq!(now.title, format!("Title {round}"));
            assert_eq!(now.summary, Some(format!("Summary {round}")));
        }
    }

    async fn what_is_left_of_documents_that_are_not_there_is_cleared_away(db: Database) {
        let house = House::open(db, without_model()).await;
        let kept = house.ready(NewDocument { tags: vec!["a".into()], ..house.text(&sentences(2)) }).await;
        let (gone, tenant) = (DocumentId::generate(), house.tenant);
        house.db.raw(&format!(
            "INSERT INTO knowledge_tags (document, tag, tenant) VALUES ('{gone}', 'a', '{tenant}');
             INSERT INTO knowledge_parts (document, position, tenant, start_char, text)
             VALUES ('{gone}', 0, '{tenant}', 0, 'Of nobody.');
             INSERT INTO knowledge_vectors (chunk, model, dimensions, tenant, document, hash, vector)
             SELECT '{gone}', 'local/embed', 1, '{tenant}', '{gone}', 'x', file FROM
                (SELECT CAST('abcd' AS {}) AS file) AS files;",
            if house.db.is_postgres() { "BYTEA" } else { "BLOB" }
        )).await;
        house.tend().await;
        let counts: Vec<i64> = [
            house.count(ROWS[0]).await,
            house.count(ROWS[1]).await,
            house.count(ROWS[2]).await,
            house.count(ROWS[3]).await,
        ].into();
        assert_eq!(counts, [1, kept.made.chunks as i64, 0, 1]);
    }

    async fn what_is_put_in_for_a_chat_is_there_as_long_as_the_chat_is(db: Database) {
        let house = House::open(db, without_model()).await;
        let is_there = Arc::new(AtomicBool::new(true));
        let look = is_there.clone();
        house.knowledge.keep_to_chats(move |_, _| Ok(look.load(Ordering::SeqCst)));
        let for_a_chat = || NewDocument { chat: Some(ChatId::generate()), ..house.text("Words.") };
        house.ready(for_a_chat()).await;
        let kept = house.ready(house.text("For every question.")).await;
        house.tend().await;
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 2);

        is_there.store(false, Ordering::SeqCst);
        let refused = house.knowledge.upload(&house.ann, for_a_chat()).await.unwrap_err();
        assert_eq!(refused.code(), "chat_not_found");
        house.passes(SignedDuration::from_mins(61));
        house.tend().await;
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 1);
        assert_eq!(house.look(kept.id).await.id, kept.id);
    }
}
