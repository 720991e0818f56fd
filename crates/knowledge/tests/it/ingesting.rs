//! Documents on a bad day: models that are over their limit, workers that are gone, files without
//! text, jobs that nobody does. Each ends ready, or failed with its reason.

use std::{collections::HashMap, time::Duration};

use base::Actor;
use jiff::SignedDuration;
use knowledge::{DocumentError, document::State, sniff::Kind};
use testkit::{
    Database, file,
    model::{Reply, Script},
};

use crate::house::{House, elsewhere, embedded, scripted, sentences, settings, without_model};

testkit::on_both! {
    // P8: a scanned or broken file gives empty text, and silence.
    async fn a_file_without_text_fails_with_its_verdict_and_no_index_over_nothing(db: Database) {
        let house = House::open(db, without_model()).await;
        for (name, bytes, expected) in [
            ("scan.pdf", file::pdf_of_pictures(3), "image_only"),
            ("locked.pdf", file::pdf_locked(), "encrypted"),
            ("blank.pdf", file::pdf(&[" "]), "empty"),
            ("broken.pdf", b"%PDF-1.7\n1 0 obj <<".to_vec(), "broken"),
        ] {
            let (code, message) = house.failed(house.file(name, bytes)).await;
            assert_eq!(code, expected, "{name}: {message}");
            let is_sentence = message.starts_with(char::is_uppercase) && message.ends_with('.');
            assert!(is_sentence, "{name}: {message}");
        }
        let scan = house.put(house.file("scan.pdf", file::pdf_of_pictures(3))).await.document.id;
        house.becomes_failed(scan).await;
        let verdict = house.look(scan).await.verdict.expect("a verdict is kept");
        assert_eq!((verdict.pages, verdict.chars), (3, 0));
        for sql in [
            "SELECT count(*) AS total FROM knowledge_chunks",
            "SELECT count(*) AS total FROM knowledge_parts",
        ] {
            assert_eq!(house.count(sql).await, 0, "{sql}");
        }
    }

    async fn a_file_without_text_does_not_go_on_and_it_is_said_why(db: Database) {
        let house = House::open(db, without_model()).await;
        for (name, bytes) in [
            ("scan.pdf", file::pdf_of_pictures(3)),
            ("locked.pdf", file::pdf_locked()),
            ("blank.pdf", file::pdf(&[" "])),
        ] {
            let id = house.put(house.file(name, bytes)).await.document.id;
            let (_, message) = house.becomes_failed(id).await;
            let refused = house.knowledge.go_on(&house.ann, id).await.unwrap_err();
            assert_eq!(refused.code(), "document_state", "{name}");
            assert!(refused.to_string().ends_with(&message), "{name}: {refused}");
            // Nor is it read once more when its job is done again by hand.
            let job = house.look(id).await.job;
            let retry = move |tx: &store::Tx| work::retry(tx, None, job, tx.now());
            house.store.write(&Actor::operator(), house.clock.now(), retry).await.unwrap();
            while !house.job(job).await.is_some_and(|it| it.state == work::State::Completed) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(house.becomes_failed(id).await.1, message, "{name}");
        }
        let broken = house.put(house.file("broken.pdf", b"%PDF-1.7\n1 0 obj <<".to_vec())).await.document.id;
        house.becomes_failed(broken).await;
        assert_eq!(house.knowledge.go_on(&house.ann, broken).await.unwrap().state, State::Pending);
        house.becomes_failed(broken).await;
    }

    // P7: a 429 from the embedder kills a whole document.
    async fn a_model_over_its_limit_is_waited_for_and_no_batch_is_asked_for_twice(db: Database) {
        let script = Script::start().await;
        script
            .answers_embeddings(batch(8))
            .answers_embeddings(Reply::status(429).retry_after(0))
            .answers_embeddings(Reply::status(503))
            .answers_embeddings(batch(8));
        let mut house = House::idle(db, scripted(&script), settings()).await;
        house.hire();
        let document = house.ready(house.text(&sentences(24))).await;
        assert_eq!((document.made.chunks, document.made.vectors_done), (24, 24));
        let asked: Vec<usize> = embedded(&script).iter().map(Vec::len).collect();
        assert_eq!(asked, [8, 8, 8, 8, 8], "one batch was refused twice, the others asked once");
        let mut times = HashMap::new();
        for (at, texts) in embedded(&script).into_iter().enumerate() {
            // The second and third request were refused.
            if at != 1 && at != 2 {
                texts.into_iter().for_each(|it| *times.entry(it).or_insert(0) += 1);
            }
        }
        assert!(times.len() == 24 && times.values().all(|it| *it == 1));
    }

    // P7: the wait is longer than anybody waits at once: the job is put off, and goes on behind the last batch.
    async fn a_long_wait_puts_the_job_off_and_it_goes_on_behind_the_last_batch(db: Database) {
        let script = Script::start().await;
        script
            .answers_embeddings(batch(8))
            .answers_embeddings(Reply::status(429).retry_after(1_800));
        let mut house = House::idle(db, scripted(&script), settings()).await;
        house.hire();
        let id = house.put(house.text(&sentences(20))).await.document.id;
        let waiting = house.until(id, |it| it.made.vectors_done == 8).await;
        assert_eq!(waiting.state, State::Embedding);
        let put_off = async |house: &House| {
            house.job(waiting.job).await.is_some_and(|it| it.error.is_some_and(|it| it.code == "model_rate_limited"))
        };
        while !put_off(&house).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        house.passes(SignedDuration::from_secs(3_600));
        let document = house.becomes_ready(id).await;
        assert_eq!(document.made.vectors_done, 20);
        let asked: Vec<usize> = embedded(&script).iter().map(Vec::len).collect();
        assert_eq!(asked, [8, 8, 8, 4]);
    }

    // P7: a batch that is too much for the model is asked for in smaller ones.
    async fn a_batch_that_is_too_much_is_made_smaller(db: Database) {
        let script = Script::start().await;
        script.answers_embeddings(Reply::status(413));
        let house = House::open(db, scripted(&script)).await;
        let document = house.ready(house.text(&sentences(8))).await;
        assert_eq!(document.made.vectors_done, 8);
        let asked: Vec<usize> = embedded(&script).iter().map(Vec::len).collect();
        assert_eq!(asked, [8, 4, 4]);
    }

    async fn a_piece_that_the_model_does_not_take_is_found_by_words_and_the_rest_by_meaning_too(db: Database) {
        let script = Script::start().await;
        script
            .answers_embeddings(Reply::status(400))
            .answers_embeddings(batch(2))
            .answers_embeddings(Reply::status(400))
            .answers_embeddings(Reply::status(400))
            .answers_embeddings(batch(1));
        let house = House::open(db, scripted(&script)).await;
        let document = house.ready(house.text(&sentences(4))).await;
        assert_eq!((document.made.chunks, document.made.vectors_done), (4, 4));
        let asked: Vec<usize> = embedded(&script).iter().map(Vec::len).collect();
        assert_eq!(asked, [4, 2, 2, 1, 1]);

        // A model that takes nothing at all has not refused a piece.
        script.answers_embeddings(Reply::status(400));
        let (code, _) = house.failed(house.text("A text that is new to it.")).await;
        assert_eq!(code, "embedding_refused");
    }

    async fn a_model_that_refuses_fails_the_document_which_goes_on_when_somebody_wants(db: Database) {
        let script = Script::start().await;
        script.answers_embeddings(batch(8)).answers_embeddings(Reply::status(401));
        let house = House::open(db, scripted(&script)).await;
        let id = house.put(house.text(&sentences(12))).await.document.id;
        let (code, message) = house.becomes_failed(id).await;
        assert_eq!(code, "embedding_refused");
        assert!(message.contains("401") && !message.contains("Sentence"), "{message}");
        assert_eq!(house.look(id).await.made.chunks, 12, "its chunks are kept");

        let resumed = house.knowledge.go_on(&house.ann, id).await.unwrap();
        assert_eq!(resumed.state, State::Embedding);
        let document = house.becomes_ready(id).await;
        assert_eq!(document.made.vectors_done, 12);
        let asked: Vec<usize> = embedded(&script).iter().map(Vec::len).collect();
        assert_eq!(asked, [8, 4, 4], "what was embedded is not embedded again");
        let again = house.knowledge.go_on(&house.ann, id).await.unwrap_err();
        assert!(matches!(again, DocumentError::State { state: "ready", .. }), "{again}");
    }

    async fn documents_found_by_words_get_vectors_when_a_model_comes(db: Database) {
        let mut house = House::open(db, without_model()).await;
        let id = house.ready(house.text(&sentences(5))).await.id;
        house.workers.take().expect("workers").drain(Duration::from_secs(5)).await;
        let script = Script::start().await;
        let (_store, knowledge) = elsewhere(&house.db, &house.clock, scripted(&script)).await;
        house.knowledge = knowledge;
        house.hire();
        house.knowledge.go_on(&house.ann, id).await.unwrap();
        let document = house.becomes_ready(id).await;
        assert_eq!((document.made.vectors_done, document.made.model.as_deref()), (5, Some("local/embed")));
    }

    // P6: stuck in «indexing» without an error.
    async fn a_document_whose_job_somebody_cancelled_fails_and_says_so(db: Database) {
        let house = House::idle(db, without_model(), settings()).await;
        let document = house.put(house.text("Words.")).await.document;
        let (job, now) = (document.job, house.clock.now());
        let cancel = move |tx: &store::Tx| work::cancel(tx, None, job, tx.now());
        house.store.write(&Actor::operator(), now, cancel).await.unwrap();
        house.tend().await;
        let (code, message) = house.becomes_failed(document.id).await;
        assert_eq!(code, "cancelled");
        assert!(message.contains("go on"), "{message}");
    }

    // P6: the queue lost it.
    async fn a_document_whose_job_is_gone_fails_and_goes_on_when_somebody_wants(db: Database) {
        let mut house = House::idle(db, without_model(), settings()).await;
        let document = house.put(house.text("Words.")).await.document;
        house.db.raw("DELETE FROM jobs").await;
        house.tend().await;
        let (code, _) = house.becomes_failed(document.id).await;
        assert_eq!(code, "job_lost");
        house.hire();
        house.knowledge.go_on(&house.ann, document.id).await.unwrap();
        house.becomes_ready(document.id).await;
    }

    // P6: nobody works.
    async fn a_document_that_is_not_ready_in_time_fails_and_its_job_is_stopped(db: Database) {
        let house = House::idle(db, without_model(), settings()).await;
        let document = house.put(house.text("Words.")).await.document;
        house.passes(SignedDuration::from_hours(23));
        house.tend().await;
        assert_eq!(house.look(document.id).await.state, State::Pending);
        house.passes(SignedDuration::from_hours(2));
        house.tend().await;
        let (code, _) = house.becomes_failed(document.id).await;
        assert_eq!(code, "deadline");
        assert_eq!(house.job(document.job).await.expect("a job").state, work::State::Cancelled);
    }

    async fn looking_after_many_documents_comes_to_each_of_them(db: Database) {
        let house = House::idle(db, without_model(), settings()).await;
        let mut last = None;
        for at in 0..230 {
            last = Some(house.put(house.text(&format!("Number {at}."))).await.document);
        }
        let last = last.expect("a document");
        let job = last.job.to_string();
        house.db.raw(&format!("DELETE FROM jobs WHERE id = '{job}'")).await;
        house.tend().await;
        assert!(house.look(last.id).await.state.is_open(), "it is not among the first");
        house.tend().await;
        let (code, _) = house.becomes_failed(last.id).await;
        assert_eq!(code, "job_lost");
    }

    async fn a_document_that_kills_whoever_is_at_it_is_given_up(db: Database) {
        let house = House::open(db.clone(), without_model()).await;
        let document = house.ready(house.text("Words.")).await;
        // As if eight workers had been lost over it.
        let id = document.id;
        db.raw(&format!(
            "UPDATE knowledge_documents SET state = 'pending', begun = 8, chunks = 0 WHERE id = '{id}'"
        )).await;
        let (job, owner, tenant, now) = (document.job, document.owner.clone(), house.tenant, house.clock.now());
        let again = house.store.bookkeep("want it again", move |tx| {
            let new = work::NewJob::new(tenant, "knowledge.ingest", serde_json::json!({"document": id}), owner, now);
            let made = work::enqueue(tx, new, now).map_err(|it| store::Error::Constraint { what: it.to_string() })?;
            let sql = "UPDATE knowledge_documents SET job = $1 WHERE job = $2";
            tx.execute(sql, &store::params![made.id, job])
        }).await;
        let again: Result<u64, store::Error> = again;
        assert_eq!(again.unwrap(), 1);
        work::wake();
        let (code, message) = house.becomes_failed(id).await;
        assert_eq!(code, "gave_up");
        assert!(message.contains("8 times"), "{message}");
    }

    async fn a_job_that_is_retried_by_hand_takes_its_document_along(db: Database) {
        let script = Script::start().await;
        script.answers_embeddings(Reply::status(401));
        let house = House::open(db, scripted(&script)).await;
        let document = house.put(house.text(&sentences(3))).await.document;
        house.becomes_failed(document.id).await;
        let (job, now) = (document.job, house.clock.now());
        let retry = move |tx: &store::Tx| work::retry(tx, None, job, tx.now());
        house.store.write(&Actor::operator(), now, retry).await.unwrap();
        let document = house.until(document.id, |it| it.state == State::Ready).await;
        assert_eq!((document.job, document.made.vectors_done), (job, 3));
    }

    async fn a_document_that_is_removed_while_somebody_is_at_it_stays_removed(db: Database) {
        let script = Script::start().await;
        script.answers_embeddings(batch(8).delayed(Duration::from_millis(600)));
        let house = House::open(db, scripted(&script)).await;
        let document = house.put(house.text(&sentences(8))).await.document;
        house.until(document.id, |it| it.state == State::Embedding).await;
        house.knowledge.remove(&house.ann, document.id).await.unwrap();
        let ended = async |house: &House| house.job(document.job).await.is_some_and(|it| it.state.is_finished());
        while !ended(&house).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let job = house.job(document.job).await.expect("a job");
        assert_eq!(job.state, work::State::Completed, "{job:?}");
        for sql in [
            "SELECT count(*) AS total FROM knowledge_documents",
            "SELECT count(*) AS total FROM knowledge_chunks",
            "SELECT count(*) AS total FROM knowledge_vectors",
        ] {
            assert_eq!(house.count(sql).await, 0, "{sql}");
        }
    }

    async fn a_provider_that_changes_the_length_of_its_vectors_gives_all_anew(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        house.ready(house.text(&sentences(3))).await;
        let longer = |count: usize| Reply::embeddings(vec![vec![0.5; 96]; count]);
        script.answers_embeddings(longer(1)).answers_embeddings(longer(3));
        let document = house.ready(house.text(&sentences(4))).await;
        assert_eq!((document.made.dimensions, document.made.vectors_done), (Some(96), 4));
    }
}

/// Vectors for a batch of so many texts.
fn batch(count: usize) -> Reply {
    let vector = |at: usize| (0..64).map(|it| if it == at % 64 { 1.0 } else { 0.0 }).collect();
    Reply::embeddings((0..count).map(vector).collect())
}

#[test]
fn every_kind_that_is_taken_can_be_named_in_settings() {
    for kind in Kind::DOCUMENTS {
        assert_eq!(serde_json::from_value::<Kind>(serde_json::json!(kind.name())).unwrap(), kind);
    }
}
